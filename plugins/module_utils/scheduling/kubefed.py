# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""KubeFed's answers, for people who come from there: its planner's rules, rounding and oddities included.

Shares are rounded up in the order of a hash, so the first members get the rest and the last may get none. Without ``keep`` (KubeFed:
rebalance), what a capacity cuts off is placed there all the same, besides what others get instead (`Outcome.overflow`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model.replicas import WEIGHTED
from .division import Candidate, Division, Outcome, unchanged
from .rounds import Round, Seat, in_order, overflows, plans


def divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as KubeFed's planner does; its only strategy is by weight."""
    if division.strategy != WEIGHTED:
        return unchanged(candidates, f"kubefed divides by weight only, not {division.strategy}")
    current = {c.name: c.current for c in candidates}
    seats = in_order((Seat(c.name, c.weight, c.minimum, c.maximum, c.capacity) for c in candidates), division.key)
    remaining = division.total
    for seat in seats:
        seat.plan = min(seat.minimum, remaining)
        if seat.capacity is not None:
            seat.plan = min(seat.plan, seat.capacity)
        remaining -= seat.plan
    if division.keep:
        for seat in seats:
            if current[seat.name] > seat.plan:
                bounds = [b for b in (current[seat.name], seat.maximum, seat.capacity) if b is not None]
                more = max(0, min(min(bounds) - seat.plan, remaining))
                seat.plan, seat.reserved = seat.plan + more, more
                remaining -= more
    done = Round(seats, remaining)
    done.fill()
    overflow = overflows(seats, done.remaining if division.keep else None)
    return Outcome(plans(seats), max(0, done.remaining), overflow)
