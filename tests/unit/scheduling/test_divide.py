# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our own division: seats, bounds, what runs stays, and the words that explain it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.divide import divide_data
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.webster import Party, seats
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY


def one_by_one(total: int, parties: list[Party]) -> list[int]:
    """The method as it is written down: seat after seat."""
    counts = [party.floor for party in parties]
    while sum(counts) < total:
        wanting = [
            (-p.weight / (2 * count + 1), count, i)
            for i, (p, count) in enumerate(zip(parties, counts, strict=True))
            if p.weight and count < p.ceiling
        ]
        if not wanting:
            break
        counts[min(wanting)[2]] += 1
    return counts


def party(weight: int, floor: int, more: int) -> Party:
    return Party(weight, floor, floor + more)


WEIGHTS = st.one_of(st.integers(0, 9), st.integers(0, 1_000_000))
PARTIES = st.lists(st.builds(party, WEIGHTS, st.integers(0, 4), st.one_of(st.integers(0, 9), st.just(999))), max_size=8)


@STEADY
@given(PARTIES, st.integers(0, 80))
def test_seats_are_those_of_the_method(parties: list[Party], total: int) -> None:
    assert seats(total, parties) == one_by_one(total, parties)


@STEADY
@given(PARTIES, st.integers(0, 80))
def test_one_more_seat_takes_none_away(parties: list[Party], total: int) -> None:
    before, after = seats(total, parties), seats(total + 1, parties)
    assert all(more >= less for less, more in zip(before, after, strict=True))


@STEADY
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 6))
def test_no_other_division_is_fairer(weights: list[int], total: int) -> None:
    """Webster's criterion: no seat handed from one to another brings both nearer to their quotas."""
    found = seats(total, [Party(weight, 0, total) for weight in weights])
    for giver, taker in itertools.permutations(range(len(weights)), 2):
        if found[giver]:
            assert weights[taker] / (2 * found[taker] + 1) <= weights[giver] / (2 * found[giver] - 1)


def test_a_thousand_equal_members() -> None:
    found = seats(1500, [Party(1, 0, 1500)] * 1000)
    assert (found.count(2), found.count(1)) == (500, 500)


def ask(replicas: int, divide: str = "weighted", rebalance: bool = False, **members: dict[str, Any]) -> dict[str, Any]:
    return divide_data({"replicas": replicas, "divide": divide, "rebalance": rebalance, "members": members})


def runs(*numbers: int) -> dict[str, dict[str, Any]]:
    return {name: {"current": number} for name, number in zip("abcdef", numbers, strict=False)}


SCENARIOS: list[tuple[str, dict[str, Any], list[int], int]] = [
    ("equal shares", ask(9, a={}, b={}, c={}), [3, 3, 3], 0),
    ("the rest goes by name", ask(10, a={}, b={}, c={}), [4, 3, 3], 0),
    ("by weight", ask(9, a={"weight": 1}, b={"weight": 2}), [3, 6], 0),
    ("a small weight is not starved by rounding", ask(2, a={"weight": 2}, b={"weight": 1}), [1, 1], 0),
    ("weight 0 gets its minimum only", ask(9, a={"weight": 0, "min": 1}, b={}), [1, 8], 0),
    ("all weights 0", ask(3, a={"weight": 0}, b={"weight": 0}), [0, 0], 3),
    ("a maximum", ask(9, a={"max": 1}, b={}, c={}), [1, 4, 4], 0),
    ("a minimum", ask(4, a={"min": 3}, b={}, c={}), [3, 1, 0], 0),
    ("minimums that are too many", ask(4, a={"min": 3}, b={"min": 3}, c={}), [2, 2, 0], 0),
    ("a capacity", ask(9, a={"capacity": 2}, b={}, c={}), [2, 4, 3], 0),
    ("capacities that are too few", ask(9, a={"capacity": 2}, b={"capacity": 3}), [2, 3], 4),
    ("a minimum beyond the capacity", ask(9, a={"min": 5, "capacity": 2}, b={}), [2, 7], 0),
    ("nobody", ask(3), [], 3),
    ("nothing", ask(0, **runs(3, 1)), [0, 0], 0),
    ("what runs stays", ask(9, **runs(7, 1, 1)), [7, 1, 1], 0),
    ("unless it is asked for", ask(9, rebalance=True, **runs(7, 1, 1)), [3, 3, 3], 0),
    ("more goes to who has too few", ask(11, **runs(7, 1, 1)), [7, 2, 2], 0),
    ("less comes from who has too many", ask(7, **runs(7, 1, 1)), [5, 1, 1], 0),
    ("a member that is new", ask(9, **runs(5, 4, 0)), [5, 4, 0], 0),
    ("a member that may not grow", ask(12, a={"current": 2, "frozen": "cordoned"}, b={}, c={}), [2, 5, 5], 0),
    ("it may shrink", ask(3, a={"current": 5, "frozen": "cordoned"}, b={}, c={}), [3, 0, 0], 0),
    ("a member that does not answer", ask(9, a={"current": 4, "held": True}, b={}, c={}), [4, 3, 2], 0),
    ("it has more than there are", ask(3, a={"current": 4, "held": True}, b={"current": 1}), [4, 0], 0),
    ("by free capacity", ask(6, "available", a={"capacity": 10}, b={"capacity": 20}), [2, 4], 0),
    ("a capacity that nobody knows", ask(6, "available", a={"current": 1}, b={"capacity": 20}), [1, 5], 0),
    ("a member that got smaller", ask(9, "available", a={"current": 5, "capacity": 2}, b={"capacity": 9}), [2, 7], 0),
    ("on the fewest", ask(6, "aggregated", a={"capacity": 5}, b={"capacity": 9}, c={"capacity": 8}), [0, 6, 0], 0),
    ("where some run first", ask(6, "aggregated", a={"capacity": 7, "current": 1}, b={"capacity": 9}), [6, 0], 0),
    (
        "as many as it takes",
        ask(12, "aggregated", a={"capacity": 7}, b={"capacity": 9}, c={"capacity": 1}),
        [5, 7, 0],
        0,
    ),
    ("with a minimum everywhere", ask(6, "aggregated", a={"capacity": 5, "min": 1}, b={"capacity": 9}), [1, 5], 0),
    ("the same everywhere", ask(3, "duplicated", a={}, b={"max": 2}, c={"capacity": 1}), [3, 2, 1], 3),
]


@pytest.mark.parametrize(("found", "answer", "unplaced"), [s[1:] for s in SCENARIOS], ids=[s[0] for s in SCENARIOS])
def test_scenarios(found: dict[str, Any], answer: list[int], unplaced: int) -> None:
    assert list(found["replicas"].values()) == answer
    assert found["unplaced"] == unplaced


def test_what_fits_nowhere_stays_where_it_is() -> None:
    """Taking away replicas that nobody else can run helps nobody: they wait where they are."""
    found = ask(5, "available", a={"current": 4, "capacity": 1}, b={"current": 1, "capacity": 1})
    assert found["replicas"] == {"a": 1, "b": 1}
    assert found["overflow"] == {"a": 3}
    assert found["unplaced"] == 3
    assert found["reasons"]["a"] == "its capacity is 1; 3 more fit nowhere and stay here"
    assert ask(5, "available", a={"current": 4, "capacity": 1, "max": 2}, b={"capacity": 1})["overflow"] == {"a": 1}
    assert ask(3, "duplicated", a={"current": 3, "capacity": 1})["overflow"] == {"a": 2}


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (ask(9, a={"max": 1}, b={}), "its maximum is 1"),
        (ask(9, a={"capacity": 1}, b={}), "its capacity is 1"),
        (ask(9, a={"current": 1, "frozen": "cordoned"}, b={}), "cordoned: no more than it has"),
        (ask(9, a={"current": 1, "held": True}, b={}), "does not answer: keeps what it has"),
        (ask(9, **runs(7, 2)), "7 run already, its share is 5"),
        (ask(9, **runs(3, 6)), "its share is 5, the others run already"),
        (ask(4, a={"min": 3}, b={}), "its minimum is 3"),
        (ask(9, a={"weight": 0}, b={}), "weight 0"),
        (ask(1, a={}, A={}), "too few replicas for a share"),
        (ask(6, "aggregated", a={"capacity": 5}, b={"capacity": 9}), "fewer members hold all"),
    ],
)
def test_every_answer_that_is_no_plain_share_is_explained(found: dict[str, Any], text: str) -> None:
    assert found["reasons"]["a"] == text


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"members": {}}, "division.replicas is None, not a whole number from 0"),
        ({"replicas": True, "members": {}}, "division.replicas is True"),
        ({"replicas": -1, "members": {}}, "division.replicas is -1"),
        ({"replicas": 1, "members": []}, "division.members"),
        ({"replicas": 1, "divide": "evenly", "members": {}}, "division.divide 'evenly' is not one of duplicated"),
        ({"replicas": 1, "algorithm": "x", "members": {}}, "division.algorithm 'x' is not one of webster"),
        ({"replicas": 1, "members": {"a": {"min": 3, "max": 2}}}, "division.members.a: min 3 is more than max 2"),
        ({"replicas": 1, "members": {"a": {"size": 3}}}, "size"),
        ({"replicas": 1, "members": {"a": {"weight": 1.5}}}, "division.members.a.weight is 1.5"),
        ({"replicas": 1, "membres": {}}, "membres"),
    ],
)
def test_a_bad_question_is_refused_with_its_place(question: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        divide_data(question)


def member() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"weight": st.integers(0, 9), "current": st.integers(0, 9)},
        optional={
            "min": st.integers(0, 3),
            "max": st.integers(3, 12),
            "capacity": st.integers(0, 12),
            "frozen": st.sampled_from(["", "cordoned"]),
            "held": st.booleans(),
        },
    )


MEMBERS = st.dictionaries(st.sampled_from("abcdef"), member(), min_size=1)
STRATEGY = st.sampled_from(["weighted", "available", "aggregated"])


def question(members: dict[str, Any], replicas: int, divide: str, rebalance: bool) -> dict[str, Any]:
    return {"replicas": replicas, "divide": divide, "rebalance": rebalance, "members": members}


def with_answer(members: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The members as they are once the answer was carried out."""
    return {
        name: {**said, "current": found["replicas"][name] + found["overflow"].get(name, 0)}
        for name, said in members.items()
    }


def most(said: dict[str, Any]) -> int:
    bounds = [said.get("max", 99), said.get("capacity", 99)]
    return min(bounds + ([said["current"]] if said.get("frozen") else []))


@STEADY
@given(MEMBERS, st.integers(0, 60), STRATEGY, st.booleans(), st.randoms())
def test_sums_bounds_and_order(
    members: dict[str, Any], replicas: int, divide: str, rebalance: bool, random: Any
) -> None:
    asked = question(members, replicas, divide, rebalance)
    found = divide_data(asked)
    held = sum(said["current"] for said in members.values() if said.get("held"))
    assert sum(found["replicas"].values()) + found["unplaced"] == max(replicas, held)
    for name, said in members.items():
        if said.get("held"):
            assert found["replicas"][name] == said["current"]
        else:
            assert found["replicas"][name] <= most(said)
            assert found["overflow"].get(name, 0) + found["replicas"][name] <= max(said["current"], most(said))
    shuffled = list(members.items())
    random.shuffle(shuffled)
    assert divide_data({**asked, "members": dict(shuffled)}) == found


@STEADY
@given(MEMBERS, st.integers(0, 60), STRATEGY, st.booleans())
def test_the_same_question_again_moves_nothing(
    members: dict[str, Any], replicas: int, divide: str, rebalance: bool
) -> None:
    first = divide_data(question(members, replicas, divide, rebalance))
    after = with_answer(members, first)
    second = divide_data(question(after, replicas, divide, False))
    assert with_answer(after, second) == after


@STEADY
@given(MEMBERS, st.integers(0, 60), STRATEGY, st.data())
def test_capacities_that_come_and_go_do_not_make_it_flap(
    members: dict[str, Any], replicas: int, divide: str, data: st.DataObject
) -> None:
    """Between two states of the fleet it settles within three steps: from then on each state has its one answer."""
    low = {name: {**said, "capacity": data.draw(st.integers(0, 12))} for name, said in members.items()}
    high = {name: {**said, "capacity": low[name]["capacity"] + 6} for name, said in members.items()}
    seen: list[dict[str, int]] = []
    now = members
    for step in range(8):
        state = low if step % 2 == 0 else high
        asked = {name: {**state[name], "current": now[name]["current"]} for name in members}
        now = with_answer(asked, divide_data(question(asked, replicas, divide, False)))
        seen.append({name: said["current"] for name, said in now.items()})
    assert seen[4] == seen[6]
    assert seen[5] == seen[7]
    assert seen[3] == seen[5]


@STEADY
@given(MEMBERS, st.integers(0, 60), STRATEGY, st.booleans(), st.sampled_from("abcdef"))
def test_more_capacity_never_places_less(
    members: dict[str, Any], replicas: int, divide: str, rebalance: bool, name: str
) -> None:
    if "capacity" not in members.get(name, {}):
        return
    more = {**members, name: {**members[name], "capacity": members[name]["capacity"] + 3}}
    before, after = (divide_data(question(m, replicas, divide, rebalance)) for m in (members, more))
    assert after["unplaced"] <= before["unplaced"]


@STEADY
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9), min_size=1), st.integers(0, 60))
def test_only_the_difference_moves(current: dict[str, int], replicas: int) -> None:
    found = divide_data(question({n: {"current": c} for n, c in current.items()}, replicas, "weighted", False))
    moves = [found["replicas"][name] - count for name, count in current.items()]
    assert all(move >= 0 for move in moves) or all(move <= 0 for move in moves)
    assert sum(moves) == replicas - sum(current.values())


@STEADY
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), min_size=2), st.integers(0, 60))
def test_a_new_member_takes_and_nothing_moves_between_the_old(weights: dict[str, int], replicas: int) -> None:
    members = {name: {"weight": weight} for name, weight in weights.items()}
    everybody = divide_data(question(members, replicas, "weighted", True))["replicas"]
    newest = max(weights)
    before = {name: said for name, said in members.items() if name != newest}
    without = divide_data(question(before, replicas, "weighted", True))["replicas"]
    assert all(everybody[name] <= without[name] for name in before)
