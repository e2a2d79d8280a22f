# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of Karmada: from 1.16 on, and up to 1.15, which rounded in another way.

It knows neither minimums nor maximums, so those of the candidates are ignored. Weights given by the user rule alone: capacity and
what runs now are ignored too. Where free capacity decides, ``capacity`` counts what runs now, while its "available replicas" do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ..model.replicas import AGGREGATED, DUPLICATED, WEIGHTED
from .around import around
from .division import Candidate, Division, Outcome
from .fnv import fnv1a
from .webster import Party, seats

#: shares a number of replicas by the weights of members
_Share = Callable[[int, Sequence[tuple[Candidate, int]]], dict[str, int]]


def divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as Karmada 1.16 and later.

    Shares are seats by Webster's method. Among equals the one with fewer seats comes first, then the first by name, or the last if the
    hash of the ``uid`` of the resource is odd. Without ``keep``, a rebalance is asked for (its Fresh mode).
    """
    return around(partial(_divide, partial(_by_webster, division.uid)), division, candidates)


def divide_legacy(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as Karmada up to 1.15: shares are rounded down, and the remainder goes one by one to the heaviest.

    Among equals those that run more come first; the original then takes one by chance, here it is the first by name.
    """
    return around(partial(_divide, _by_remainder), division, candidates)


def _divide(share: _Share, division: Division, candidates: Sequence[Candidate]) -> Outcome:
    if division.strategy == DUPLICATED:
        replicas = {c.name: division.total for c in candidates}
        return Outcome(replicas)
    if division.strategy == WEIGHTED:
        weighing = [(c, c.weight) for c in candidates if c.weight] or [(c, 1) for c in candidates]
        replicas = _of_all(candidates, share(division.total, weighing))
        return Outcome(replicas)
    return _by_room(share, division, candidates)


def _by_room(share: _Share, division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """By free capacity. What runs stays: more are added to it, and fewer are taken from it in its own proportion."""
    running = {c.name: c.current for c in candidates}
    assigned = sum(running.values())
    total, base = division.total, dict[str, int]()
    if not division.keep:
        room = {c.name: _available(c, division.total) + c.current for c in candidates}
    elif assigned > division.total:
        room = running
    elif assigned < division.total:
        total, base = division.total - assigned, running
        room = {c.name: _available(c, division.total) for c in candidates}
    else:
        return Outcome(running)
    if sum(room.values()) < total:
        return Outcome({}, error=f"Clusters available replicas {sum(room.values())} are not enough to schedule.")
    weighing = [(c, room[c.name]) for c in candidates]
    if division.strategy == AGGREGATED:
        weighing = _fewest(total, weighing, base)
    return Outcome(_of_all(candidates, share(total, weighing), base))


def _available(candidate: Candidate, many: int) -> int:
    """How many more a member can run; where nobody knows, as many as are asked for."""
    if candidate.frozen:
        return 0
    return many if candidate.capacity is None else max(0, candidate.capacity - candidate.current)


def _fewest(
    total: int, weighing: Sequence[tuple[Candidate, int]], base: Mapping[str, int]
) -> list[tuple[Candidate, int]]:
    """The first that have room for all: those that run some and keep it, then the others; each with the most room first."""
    order = sorted(weighing, key=lambda pair: (not base.get(pair[0].name), -pair[1], pair[0].name))
    found, missing = [], total
    for candidate, room in order:
        if missing <= 0:
            break
        found.append((candidate, room))
        missing -= room
    return found


def _of_all(
    candidates: Sequence[Candidate], given: Mapping[str, int], base: Mapping[str, int] | None = None
) -> dict[str, int]:
    return {c.name: given.get(c.name, 0) + (base or {}).get(c.name, 0) for c in candidates}


def _by_webster(uid: str, total: int, weighing: Sequence[tuple[Candidate, int]]) -> dict[str, int]:
    last_first = bool(uid) and fnv1a(uid) % 2 == 1
    order = sorted(weighing, key=lambda pair: pair[0].name, reverse=last_first)
    counts = seats(total, [Party(weight, 0, total) for _candidate, weight in order])
    return {candidate.name: count for (candidate, _weight), count in zip(order, counts, strict=True)}


def _by_remainder(total: int, weighing: Sequence[tuple[Candidate, int]]) -> dict[str, int]:
    whole = sum(weight for _candidate, weight in weighing)
    if not whole:
        return {}
    counts = {candidate.name: weight * total // whole for candidate, weight in weighing}
    order = sorted(weighing, key=lambda pair: (-pair[1], -pair[0].current, pair[0].name))
    for candidate, _weight in order[: total - sum(counts.values())]:
        counts[candidate.name] += 1
    return counts
