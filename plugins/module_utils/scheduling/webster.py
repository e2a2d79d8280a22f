# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Seats by Webster's method (Sainte-Laguë), with a floor and a ceiling for each party.

The next seat goes to the party with the largest ``weight / (2 * seats + 1)``; among equals to the one with fewer seats, then to the
one that stands first. So rounding favours neither the large nor the small, and one more seat never takes one away from anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

_GUESSES = 8
#: a guess is near enough when fewer seats than this share of the parties are missing: those are handed out one by one sooner than
#: all are guessed again
_NEAR = 4
_BITS = 40
_HALF = 1 << (_BITS - 1)


class Party(NamedTuple):
    """Who takes part. A ``weight`` of 0 gets no more than its ``floor``; ``ceiling`` is never below it."""

    weight: int
    floor: int
    ceiling: int


def seats(total: int, parties: Sequence[Party]) -> list[int]:
    """How many of ``total`` seats each party gets, in their order. The sum is smaller where the ceilings leave no other way, and
    larger where the floors alone are more."""
    counts = _guess(total, parties)
    missing = total - sum(counts)
    if missing > 0:
        gains = [_gain(p, counts[i], i) for i, p in enumerate(parties) if p.weight and counts[i] < p.ceiling]
        _step(counts, parties, gains, missing, 1)
    elif missing < 0:
        losses = [_loss(p, counts[i], i) for i, p in enumerate(parties) if p.weight and counts[i] > p.floor]
        _step(counts, parties, losses, -missing, -1)
    return counts


def _gain(party: Party, count: int, index: int) -> tuple[float, int, int]:
    """Sorts the next seats of all parties, the one to be given first in front."""
    return (-party.weight / (2 * count + 1), count, index)


def _loss(party: Party, count: int, index: int) -> tuple[float, int, int]:
    """Sorts the last seats of all parties, the one that was given last in front."""
    return (party.weight / (2 * count - 1), 1 - count, -index)


def _step(counts: list[int], parties: Sequence[Party], heap: list[tuple[float, int, int]], steps: int, by: int) -> None:
    """Give (``by`` 1) or take (-1) one seat after the other."""
    heapify(heap)
    for _number in range(steps):
        if not heap:
            return
        index = abs(heap[0][2])
        party = parties[index]
        counts[index] += by
        if counts[index] == (party.ceiling if by > 0 else party.floor):
            heappop(heap)
        else:
            heapreplace(heap, (_gain if by > 0 else _loss)(party, counts[index], index))


def _guess(total: int, parties: Sequence[Party]) -> list[int]:
    """Seats that are nearly right: exactly those above one common price, so that none of them comes after one that is missing.

    A party buys ``weight * factor``, rounded; the factor is corrected by what is missing, shared by those that can still change.
    It is a fraction of integers, since a rounding error would favour one of two equals.
    """
    factor, near = 0, len(parties) // _NEAR
    counts = [p.floor for p in parties]
    for _number in range(_GUESSES):
        missing = total - sum(counts)
        if missing > 0:
            weight = sum(p.weight for p, count in zip(parties, counts, strict=True) if count < p.ceiling)
        else:
            weight = sum(p.weight for p, count in zip(parties, counts, strict=True) if count > p.floor)
        if abs(missing) <= near or not weight:
            break
        factor = max(0, factor + (missing << _BITS) // weight)
        counts = [min(max((p.weight * factor + _HALF) >> _BITS, p.floor), p.ceiling) for p in parties]
    return counts
