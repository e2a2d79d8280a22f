# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of KubeAdmiral (v1.0.0), by the rules of its replica planner.

It rounds shares up as KubeFed does, but leaves what runs where it is: only the difference moves, and only towards the division that
weights alone would give. That goes before minimums and maximums: a member above its maximum loses nothing while the sum is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..model.replicas import AGGREGATED, AVAILABLE, DUPLICATED
from .around import around
from .ceil_loop import Entry, Plan, in_order, least, pour
from .division import Candidate, Division, Outcome


def divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as KubeAdmiral does; ``keep`` is its avoidDisruption, ``probe`` its keepUnschedulable.

    ``capacity`` is its estimatedCapacity: what is cut off there goes to ``overflow``, and with ``probe`` that stays even when others
    took it. ``limit`` is its limitedCapacity, which cuts without overflow. With `AVAILABLE` the weights are the capacities; the
    original takes its weights from CPU or GPU that is free, in thousandths of the fleet, which this question does not carry. As there,
    a member of which nothing is known weighs nothing, and all weigh the same when nothing is known of any. What its Binpack does
    (`AGGREGATED`) is not known here.
    """
    return around(_divide, division, candidates)


def _divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    if division.strategy == AGGREGATED:
        return Outcome({}, error="kubeadmiral's binpack is not offered")
    if division.strategy == DUPLICATED:
        everywhere = {c.name: division.total for c in candidates}
        return Outcome(everywhere)
    entries = [Entry(c.name, c.weight, c.minimum, c.maximum, c.capacity, c.limit) for c in candidates]
    if division.strategy == AVAILABLE:
        entries = _weighing_capacity(entries)
    desired = _desired(division.total, in_order(entries, division.key))
    if not division.keep:
        return Outcome(desired.counts, overflow=desired.overflow)
    now = {c.name: least(c.current, c.capacity, c.limit) for c in candidates}
    overflow = desired.overflow if division.probe else desired.overflow_within_left()
    return Outcome(_moved(now, desired.counts, division.key), overflow=overflow)


def _weighing_capacity(entries: Sequence[Entry]) -> list[Entry]:
    known = any(entry.capacity for entry in entries)
    return [replace(entry, weight=entry.capacity or 0 if known else 1) for entry in entries]


def _desired(total: int, entries: Sequence[Entry]) -> Plan:
    """The minimums, then the rest by weight, whatever runs now."""
    plan = Plan({entry.name: 0 for entry in entries}, total)
    for entry in entries:
        wanted = least(entry.minimum, plan.left, entry.limit)
        placed = least(wanted, entry.capacity)
        if placed < wanted:
            plan.overflows(entry.name, wanted - placed)
        plan.give(entry.name, placed)
    pour(plan, entries)
    return plan


def _moved(now: dict[str, int], desired: dict[str, int], key: str) -> dict[str, int]:
    """What runs now, changed by as many as the sums differ: those far from what is desired move most, nobody goes beyond it."""
    missing = sum(desired.values()) - sum(now.values())
    sign = 1 if missing > 0 else -1
    gaps = {name: (desired[name] - count) * sign for name, count in now.items()}
    entries = in_order((Entry(name, gap) for name, gap in gaps.items() if gap > 0), key)
    steps = Plan(dict.fromkeys(now, 0), missing * sign)
    pour(steps, entries)
    return {name: count + sign * steps.counts[name] for name, count in now.items()}
