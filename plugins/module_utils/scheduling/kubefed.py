# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of KubeFed (v0.8.1), by the rules of its ReplicaSchedulingPreference.

Known oddities are kept: shares are rounded up, so early members starve late ones; what runs already is kept in the order of the
members, so A 10 and B 70 become A 0 and B 50; minimums that are too many together starve the light ones.
A member that stands in no preference, and loses all it has there, is one with ``maximum`` 0 here.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model.replicas import WEIGHTED
from .around import around
from .ceil_loop import Entry, Plan, in_order, least, pour
from .division import Candidate, Division, Outcome


def divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as KubeFed does; ``keep`` is its ``rebalance: false``.

    ``overflow`` is what it places beyond the capacity of a member, in the hope that there is room by now; its members would get that
    besides ``replicas``.
    """
    return around(_divide, division, candidates)


def _divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    if division.strategy != WEIGHTED:
        return Outcome({}, error="kubefed divides by weight only")
    entries = in_order((Entry(c.name, c.weight, c.minimum, c.maximum, c.capacity) for c in candidates), division.key)
    balanced = _plan(division.total, entries, {})
    if not division.keep:
        return Outcome(balanced.counts, overflow=balanced.overflow)
    plan = _plan(division.total, entries, {c.name: c.current for c in candidates})
    return Outcome(plan.counts, overflow=plan.overflow_within_left())


def _plan(total: int, entries: Sequence[Entry], current: dict[str, int]) -> Plan:
    """The minimums, then what runs already, then the rest by weight."""
    plan = Plan({entry.name: 0 for entry in entries}, total)
    for entry in entries:
        plan.give(entry.name, least(entry.minimum, plan.left, entry.capacity))
    reserved = {}
    for entry in entries:
        stays = least(current.get(entry.name, 0), entry.maximum, entry.capacity)
        more = max(0, min(stays - plan.counts[entry.name], plan.left))
        plan.give(entry.name, more)
        reserved[entry.name] = more
    pour(plan, entries, reserved)
    return plan
