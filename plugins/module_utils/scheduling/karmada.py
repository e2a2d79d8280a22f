# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Karmada's answers, for people who come from there: those of 1.16 and later, and those before.

Since 1.16 shares by weight are Webster's; before, they were rounded down and the rest was handed out one by one. What a member may
have is not bounded, and capacities count for the dynamic divisions only. The uid of the resource breaks ties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..model.replicas import AGGREGATED, DUPLICATED, WEIGHTED
from .division import Candidate, Division, Outcome, unchanged
from .rounds import fnv1a
from .webster import Party, seats

#: divides a number by weights: (total, weights, replicas of now) -> shares, for the names that have a weight
_ByWeight = Callable[[int, Mapping[str, int], Mapping[str, int]], dict[str, int]]


def divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as Karmada 1.16 does."""
    backwards = bool(division.uid) and fnv1a(division.uid.encode()) % 2 == 1

    def by_weight(total: int, weights: Mapping[str, int], _now: Mapping[str, int]) -> dict[str, int]:
        names = sorted((name for name, weight in weights.items() if weight), reverse=backwards)
        found = seats(total, [Party(weights[name], 0, total) for name in names])
        return dict(zip(names, found, strict=True))

    return _divide(division, candidates, by_weight)


def divide_legacy(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as Karmada up to 1.15 did, but for its last tie: it drew lots, and here the name decides."""
    return _divide(division, candidates, _rounded_down)


def _rounded_down(total: int, weights: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    whole = sum(weights.values())
    shares = {name: weight * total // whole for name, weight in weights.items() if weight} if whole else {}
    rest = total - sum(shares.values())
    for name in sorted(shares, key=lambda name: (-weights[name], -now.get(name, 0), name))[:rest]:
        shares[name] += 1
    return shares


def _divide(division: Division, candidates: Sequence[Candidate], by_weight: _ByWeight) -> Outcome:
    if division.strategy == DUPLICATED:
        return Outcome({c.name: division.total for c in candidates})
    now = {c.name: c.current for c in candidates if c.current}
    if division.strategy == WEIGHTED:
        weights = {c.name: c.weight for c in candidates}
        if not any(weights.values()):
            weights = dict.fromkeys(weights, 1)
        found = by_weight(division.total, weights, now)
    else:
        available = {
            c.name: division.total if c.capacity is None else max(0, c.capacity - c.current) for c in candidates
        }
        error, found = _dynamic(division, available, now, by_weight)
        if error:
            return unchanged(candidates, error)
    return Outcome({c.name: found.get(c.name, 0) for c in candidates})


def _dynamic(
    division: Division, available: Mapping[str, int], now: Mapping[str, int], by_weight: _ByWeight
) -> tuple[str, dict[str, int]]:
    """The divisions by free capacity: all anew, or only the difference to what there is. The first text is an error."""
    assigned = sum(now.values())
    if not division.keep:
        weights = {name: count + now.get(name, 0) for name, count in available.items()}
        return _taken(division, division.total, weights, {}, by_weight)
    if assigned > division.total:
        return _taken(division, division.total, now, {}, by_weight)
    if assigned < division.total:
        error, more = _taken(division, division.total - assigned, available, now, by_weight)
        return error, {name: now.get(name, 0) + more.get(name, 0) for name in {*now, *more}}
    return "", dict(now)


def _taken(
    division: Division, target: int, weights: Mapping[str, int], used: Mapping[str, int], by_weight: _ByWeight
) -> tuple[str, dict[str, int]]:
    there = sum(weights.values())
    if there < target:
        return f"Clusters available replicas {there} are not enough to schedule.", {}
    chosen = dict(weights)
    if division.strategy == AGGREGATED:
        chosen, held = {}, 0
        for name in sorted(weights, key=lambda name: (name not in used, -weights[name], name)):
            if held >= target:
                break
            chosen[name] = weights[name]
            held += weights[name]
    return "", by_weight(target, chosen, used)
