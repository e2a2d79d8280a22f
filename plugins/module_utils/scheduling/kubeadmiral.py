# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""KubeAdmiral's answers, for people who come from there. It rounds as KubeFed does, and moves only the difference.

``keep`` is its avoidDisruption, ``probe`` its keepUnschedulable, a capacity its estimated and a limit its limited capacity. Its
dynamic weights are percentages of free CPU, worked out elsewhere from what a cluster reports; here they are the capacities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..model.replicas import AGGREGATED, AVAILABLE, DUPLICATED
from .division import Candidate, Division, Outcome, unchanged
from .rounds import Round, Seat, in_order, overflows, plans


def divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as KubeAdmiral's planner does."""
    if division.strategy == DUPLICATED:
        return Outcome({c.name: division.total for c in candidates})
    if division.strategy == AGGREGATED:
        return unchanged(candidates, "kubeadmiral divides weighted, available or duplicated here, not aggregated")
    desired, overflow = _desired(division, candidates)
    placed = sum(desired.values())
    if not division.keep:
        return Outcome(desired, max(0, division.total - placed), overflow)
    now = {c.name: _clipped(c) for c in candidates}
    missing = placed - sum(now.values())
    if missing > 0:
        seats = [Seat(name, desired[name] - count) for name, count in now.items() if desired[name] > count]
        replicas = _moved(now, seats, missing, division.key, 1)
    elif missing < 0:
        seats = [Seat(n, c - desired[n], maximum=c) for n, c in now.items() if c > desired[n]]
        replicas = _moved(now, seats, -missing, division.key, -1)
    else:
        replicas = now
    return Outcome(replicas, max(0, division.total - sum(replicas.values())), overflow)


def _desired(division: Division, candidates: Sequence[Candidate]) -> tuple[Mapping[str, int], dict[str, int]]:
    """The division as if nothing ran yet."""
    dynamic = division.strategy == AVAILABLE
    seats = in_order(
        (
            Seat(c.name, (c.capacity or 0) if dynamic else c.weight, c.minimum, c.maximum, c.capacity, c.limit)
            for c in candidates
        ),
        division.key,
    )
    remaining = division.total
    for seat in seats:
        seat.plan, _full = seat.cut(min(seat.minimum, remaining), accumulate=True)
        remaining -= seat.plan
    done = Round(seats, remaining, accumulate=True)
    done.fill()
    # without disruption to avoid, the original keeps what is unschedulable in any case
    keep_all = division.probe or not division.keep
    return plans(seats), overflows(seats, None if keep_all else done.remaining)


def _clipped(candidate: Candidate) -> int:
    return min(b for b in (candidate.current, candidate.capacity, candidate.limit) if b is not None)


def _moved(now: Mapping[str, int], seats: list[Seat], count: int, key: str, by: int) -> dict[str, int]:
    ordered = in_order(seats, key)
    Round(ordered, count).fill()
    moves = plans(ordered)
    return {name: replicas + by * moves.get(name, 0) for name, replicas in now.items()}
