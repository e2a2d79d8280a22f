# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Seats by Webster's method: against the method as it is written down, and against all other divisions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.webster import Party, seats
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

MORE = settings(STEADY, max_examples=300)


def one_by_one(total: int, parties: Sequence[Party]) -> list[int]:
    """The method as it is written down: seat after seat, in exact fractions."""
    counts = [party.floor for party in parties]
    while sum(counts) < total:
        wanting = [
            (-Fraction(p.weight, 2 * count + 1), count, i)
            for i, (p, count) in enumerate(zip(parties, counts, strict=True))
            if p.weight and count < p.ceiling
        ]
        if not wanting:
            break
        counts[min(wanting)[2]] += 1
    return counts


def party(weight: int, floor: int, more: int) -> Party:
    return Party(weight, floor, floor + more)


#: few different ones, so that there are ties; large ones that are nearly equal; and any
WEIGHTS = st.one_of(st.integers(0, 3), st.integers(999_990, 1_000_000), st.integers(0, 1_000_000))
PARTY = st.builds(party, WEIGHTS, st.integers(0, 4), st.one_of(st.integers(0, 9), st.just(999)))
FEW = st.lists(PARTY, max_size=6)
#: so many that seats are guessed first and corrected then
MANY = st.lists(PARTY, min_size=20, max_size=40)


@MORE
@given(FEW | MANY, st.integers(0, 120))
def test_seats_are_those_of_the_method(parties: list[Party], total: int) -> None:
    assert seats(total, parties) == one_by_one(total, parties)


@MORE
@given(FEW | MANY, st.integers(0, 120))
def test_all_seats_are_given_where_there_is_room_and_no_bound_is_broken(parties: list[Party], total: int) -> None:
    found = seats(total, parties)
    assert all(
        p.floor <= count <= (p.ceiling if p.weight else p.floor) for p, count in zip(parties, found, strict=True)
    )
    least = sum(p.floor for p in parties)
    most = sum(p.ceiling if p.weight else p.floor for p in parties)
    assert sum(found) == min(max(total, least), most)


@MORE
@given(FEW | MANY, st.integers(0, 120))
def test_one_more_seat_takes_none_away(parties: list[Party], total: int) -> None:
    before, after = seats(total, parties), seats(total + 1, parties)
    assert all(more >= less for less, more in zip(before, after, strict=True))


@MORE
@given(st.lists(PARTY, min_size=1, max_size=12), PARTY, st.integers(0, 60))
def test_one_more_party_gives_none_to_the_others(parties: list[Party], newest: Party, total: int) -> None:
    before, after = seats(total, parties), seats(total, [*parties, newest])[:-1]
    assert all(less <= more for less, more in zip(after, before, strict=True))


def all_divisions(total: int, parties: Sequence[Party]) -> Iterator[tuple[int, ...]]:
    """Every way to give exactly ``total`` seats within the bounds."""
    for counts in itertools.product(*(range(p.floor, p.ceiling + 1) for p in parties)):
        if sum(counts) == total:
            yield counts


def distance(counts: Sequence[int], parties: Sequence[Party]) -> Fraction:
    """How far the seats are from equal representation: the squares of what seats per weight are off, by weight.

    Webster's method is known to make the least of this sum (Sainte-Laguë 1910). All divisions have the same total, so only the squares of
    the seats over the weights tell them apart.
    """
    return sum((Fraction(count * count, p.weight) for p, count in zip(parties, counts, strict=True)), Fraction(0))


SMALL = st.lists(st.builds(party, st.integers(1, 12), st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=4)


@MORE
@given(SMALL, st.integers(0, 6))
def test_no_other_division_within_the_bounds_is_fairer(parties: list[Party], total: int) -> None:
    others = list(all_divisions(total, parties))
    found = seats(total, parties)
    if others:
        assert distance(found, parties) == min(distance(counts, parties) for counts in others)


@MORE
@given(SMALL, st.integers(0, 6))
def test_no_seat_is_better_elsewhere(parties: list[Party], total: int) -> None:
    """Webster's criterion: who could give a seat has no weaker claim to it than anybody who could take it."""
    found = seats(total, parties)
    if sum(found) != total:
        return
    claims = list(zip(parties, found, strict=True))
    for (giver, has), (taker, gets) in itertools.permutations(claims, 2):
        if has > giver.floor and gets < taker.ceiling:
            assert Fraction(taker.weight, 2 * gets + 1) <= Fraction(giver.weight, 2 * has - 1)


@pytest.mark.parametrize(
    ("total", "parties", "found"),
    [
        (150, [Party(1, 0, 150)] * 100, [2] * 50 + [1] * 50),
        (1500, [Party(1, 0, 1500)] * 1000, [2] * 500 + [1] * 500),
        (100, [Party(1_000_000, 0, 100)] * 3, [34, 33, 33]),
        (7, [Party(1_000_000, 0, 9), Party(999_999, 0, 9)], [4, 3]),
        (8, [Party(999_999, 0, 9), Party(1_000_000, 0, 9)], [4, 4]),
        (1_000_001, [Party(1_000_000, 0, 2_000_000), Party(1, 0, 9)], [1_000_000, 1]),
        (2, [Party(3, 0, 9), Party(1, 0, 9)], [1, 1]),  # the same claim to the second: it goes to who has fewer,
        (2, [Party(1, 0, 9), Party(3, 0, 9)], [1, 1]),  # wherever that one stands,
        (1, [Party(1, 0, 9), Party(1, 0, 9)], [1, 0]),  # and then to who stands first
        (0, [Party(1, 0, 9)], [0]),
        (5, [], []),
        (5, [Party(0, 0, 9)], [0]),
        (1, [Party(1, 2, 3), Party(1, 1, 3)], [2, 1]),
        # the first guesses give too many, and what is taken back stops at the floors
        (
            307,
            [*[Party(1, 0, 999)] * 34, Party(35, 71, 999), Party(182, 105, 999), Party(82, 98, 999)],
            [1] * 33 + [0, 71, 105, 98],
        ),
    ],
)
def test_named_cases(total: int, parties: list[Party], found: list[int]) -> None:
    assert seats(total, parties) == found
