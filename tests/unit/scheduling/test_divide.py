# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our own division: seats, bounds, what runs stays, and the words that explain it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.divide import divide_data
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

MORE = settings(STEADY, max_examples=300)
Members = dict[str, dict[str, Any]]


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
    (
        "where all can run, if one is enough",
        ask(9, "aggregated", a={"capacity": 3, "current": 1}, b={"capacity": 3, "current": 1}, c={"capacity": 10}),
        [1, 1, 7],
        0,
    ),
    (
        "a member that has no more than its minimum does not come first",
        ask(6, "aggregated", True, a={"capacity": 99, "current": 1, "min": 1}, b={"capacity": 5, "current": 5}),
        [1, 5],
        0,
    ),
    ("what runs gives way to a minimum", ask(6, a={"min": 2, "current": 1}, b={"current": 5}), [2, 4], 0),
    ("of two that can hold all, the larger", ask(6, "aggregated", a={"capacity": 7}, b={"capacity": 9}), [0, 6], 0),
    (
        "room is what a maximum leaves of it",
        ask(6, "aggregated", a={"capacity": 99, "max": 2}, b={"capacity": 5}, c={"capacity": 4}),
        [0, 3, 3],
        0,
    ),
    (
        "a cordon, worked out anew",
        ask(6, "available", True, a={"current": 4, "capacity": 8, "frozen": "cordoned"}, b={"capacity": 8}),
        [3, 3],
        0,
    ),
    ("who has far too few gets most", ask(24, **runs(0, 7, 13)), [4, 7, 13], 0),
    ("who has far too many gives most", ask(24, **runs(20, 9, 1)), [14, 9, 1], 0),
    (
        "a maximum is room, too",
        ask(6, "aggregated", a={"capacity": 99, "max": 2}, b={"capacity": 9}, c={"capacity": 8}),
        [0, 6, 0],
        0,
    ),
    (
        "a capacity that nobody knows, worked out anew",
        ask(6, "available", True, a={"current": 4}, b={"capacity": 8}),
        [4, 2],
        0,
    ),
    ("it gives way to a minimum", ask(6, "available", True, a={"current": 6}, b={"capacity": 8, "min": 2}), [4, 2], 0),
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
    assert found["reasons"]["a"] == "its capacity is 1; 3 more fit nowhere else and stay here"
    assert ask(5, "available", a={"current": 4, "capacity": 1, "max": 2}, b={"capacity": 1})["overflow"] == {"a": 1}
    assert ask(3, "duplicated", a={"current": 3, "capacity": 1})["overflow"] == {"a": 2}


EXPLAINED: list[tuple[str, dict[str, Any]]] = [
    ("its maximum is 1", ask(9, a={"max": 1}, b={})),
    ("its capacity is 1", ask(9, a={"capacity": 1}, b={})),
    ("its capacity is 0", ask(9, "available", a={"capacity": 0}, b={"capacity": 9})),
    ("its maximum is 1", ask(9, a={"max": 1, "capacity": 2}, b={})),
    ("its capacity is 1", ask(9, a={"max": 2, "capacity": 1}, b={})),
    ("its capacity is 2", ask(9, a={"min": 5, "capacity": 2}, b={})),
    ("its maximum is 2", ask(3, "duplicated", a={"max": 2}, b={})),
    ("cordoned: no more than it has", ask(9, a={"current": 1, "frozen": "cordoned"}, b={})),
    ("cordoned: no more than it has", ask(9, a={"current": 1, "frozen": "cordoned", "max": 2, "capacity": 3}, b={})),
    ("its capacity is not known: no more than it has", ask(9, "available", a={"current": 1}, b={"capacity": 9})),
    ("its capacity is not known: no more than it has", ask(9, "aggregated", a={}, b={"capacity": 9})),
    ("does not answer: keeps what it has", ask(9, a={"current": 1, "held": True}, b={})),
    ("7 run here already, its share would be 5", ask(9, **runs(7, 2))),
    ("4 run here already, its share would be 0", ask(9, a={"current": 4, "weight": 0}, b={"current": 5})),
    ("its share would be 5, the others run elsewhere already", ask(9, **runs(3, 6))),
    ("its minimum is 3", ask(4, a={"min": 3}, b={})),
    ("its minimum is 3, but all minimums together are too many", ask(4, a={"min": 3}, b={"min": 3})),
    (
        "its minimum is 1, but all minimums together are too many",
        ask(1, a={"min": 1, "weight": 1}, b={"min": 1, "weight": 2}),
    ),
    ("its weight is 0", ask(9, a={"weight": 0}, b={})),
    ("its minimum is 1", ask(9, a={"weight": 0, "min": 1}, b={})),
    ("its share is too small for a replica", ask(1, a={}, A={})),
    ("its share is too small for a replica", ask(1, "available", a={"weight": 0, "capacity": 1}, b={"capacity": 9})),
    ("not needed: fewer members hold all", ask(6, "aggregated", a={"capacity": 5}, b={"capacity": 9})),
    ("its capacity is 1; 3 more fit nowhere else and stay here", ask(5, "available", a={"current": 4, "capacity": 1})),
    ("its weight is 0; 4 more fit nowhere else and stay here", ask(9, rebalance=True, a={"current": 4, "weight": 0})),
]


@pytest.mark.parametrize(("text", "found"), EXPLAINED)
def test_every_answer_that_is_no_plain_share_is_explained(text: str, found: dict[str, Any]) -> None:
    assert found["reasons"]["a"] == text


def test_what_an_original_does_with_unknown_capacity_is_not_told_as_ours() -> None:
    asked = {"divide": "available", "algorithm": "kubeadmiral", "members": {"a": {}, "b": {"capacity": 8}}}
    assert divide_data({"replicas": 4, **asked})["reasons"] == {"a": "its share is too small for a replica"}


@pytest.mark.parametrize(
    "found",
    [
        ask(9, a={}, b={}),
        ask(9, a={"max": 9, "capacity": 20}),
        ask(9, **runs(5, 4)),
        ask(3, "duplicated", a={}, b={}),
        ask(0, a={"min": 1}, b={}),
    ],
)
def test_a_plain_share_needs_no_words(found: dict[str, Any]) -> None:
    assert found["reasons"] == {}


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
        ({"replicas": 1, "rebalance": "never", "members": {}}, "division.rebalance must be true or false, not 'never'"),
        ({"replicas": 1, "members": {"a": {"held": "false"}}}, "division.members.a.held must be true or false"),
    ],
)
def test_a_bad_question_is_refused_with_its_place(question: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        divide_data(question)


def member(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """All that can be said of a member that answers; ``more`` changes it."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "weight": st.integers(0, 9),
        "min": st.integers(0, 3),
        "max": st.integers(3, 12),
        "capacity": st.integers(0, 12),
        "frozen": st.sampled_from(["", "cordoned"]),
        **more,
    }
    return st.fixed_dictionaries({"current": st.integers(0, 9)}, optional=optional)


def fleet(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[Members]:
    return st.dictionaries(st.sampled_from("abcdef"), member(**more), min_size=1)


MEMBERS = fleet()
ALL_SORTS = fleet(held=st.booleans())
TOTAL = st.integers(0, 40)
STRATEGY = st.sampled_from(["weighted", "available", "aggregated"])
ANY_STRATEGY = st.sampled_from(["weighted", "available", "aggregated", "duplicated"])


def question(members: Members, replicas: int, divide: str, rebalance: bool = False) -> dict[str, Any]:
    return {"replicas": replicas, "divide": divide, "rebalance": rebalance, "members": members}


def with_answer(members: Members, found: dict[str, Any]) -> Members:
    """The members as they are once the answer was carried out."""
    return {
        name: {**said, "current": found["replicas"][name] + found["overflow"].get(name, 0)}
        for name, said in members.items()
    }


def most(said: dict[str, Any], divide: str) -> int:
    """The most that a member may get."""
    blind = divide in ("available", "aggregated") and "capacity" not in said
    stuck = [said["current"]] if said.get("frozen") or blind else []
    return min([99, *stuck, *(said[key] for key in ("max", "capacity") if key in said)])


def least(said: dict[str, Any], divide: str) -> int:
    return min(said.get("min", 0), most(said, divide))


def clipped(members: Members, divide: str) -> dict[str, int]:
    """What runs, as far as the bounds let it stay."""
    return {name: min(max(said["current"], least(said, divide)), most(said, divide)) for name, said in members.items()}


@MORE
@given(ALL_SORTS, TOTAL, ANY_STRATEGY, st.booleans())
def test_nothing_is_dropped_and_every_bound_holds(
    members: Members, replicas: int, divide: str, rebalance: bool
) -> None:
    found = divide_data(question(members, replicas, divide, rebalance))
    answer = found["replicas"]
    held = {name: said["current"] for name, said in members.items() if said.get("held")}
    open_ones = {name: said for name, said in members.items() if name not in held}
    assert list(answer) == sorted(members)
    assert {name: answer[name] for name in held} == held
    assert all(answer[name] <= most(said, divide) for name, said in open_ones.items())
    assert all(answer[name] + more <= members[name]["current"] for name, more in found["overflow"].items())
    assert sum(found["overflow"].values()) <= found["unplaced"]
    if divide == "duplicated":
        assert found["unplaced"] == sum(max(0, replicas - count) for count in answer.values())
        return
    assert sum(answer.values()) + found["unplaced"] == max(replicas, sum(held.values()))
    left = max(0, replicas - sum(held.values()))
    floors = {name: least(said, divide) for name, said in open_ones.items()}
    if sum(floors.values()) <= left:
        assert all(answer[name] >= floor for name, floor in floors.items())
    else:
        assert all(answer[name] <= floor for name, floor in floors.items())


@MORE
@given(MEMBERS, TOTAL, STRATEGY)
def test_what_is_unplaced_has_no_room_anywhere(members: Members, replicas: int, divide: str) -> None:
    found = divide_data(question(members, replicas, divide))
    if found["unplaced"]:
        wanted = {n: s for n, s in members.items() if divide != "weighted" or s.get("weight", 1)}
        assert all(found["replicas"][name] == most(said, divide) for name, said in wanted.items())


@STEADY
@given(ALL_SORTS, TOTAL, ANY_STRATEGY, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_the_members_does_not_matter(
    members: Members, replicas: int, divide: str, rebalance: bool, chance: Any
) -> None:
    shuffled = list(members.items())
    chance.shuffle(shuffled)
    asked = question(members, replicas, divide, rebalance)
    assert divide_data({**asked, "members": dict(shuffled)}) == divide_data(asked)


@MORE
@given(ALL_SORTS, TOTAL, ANY_STRATEGY, st.sampled_from([(False, False), (True, False), (True, True)]))
def test_the_same_question_again_moves_nothing(
    members: Members, replicas: int, divide: str, rebalance: tuple[bool, bool]
) -> None:
    """The answer stays when it runs; and one that was worked out anew is the same when it is worked out anew again."""
    first, then = rebalance
    after = with_answer(members, divide_data(question(members, replicas, divide, first)))
    assert with_answer(after, divide_data(question(after, replicas, divide, then))) == after


def settled(members: Members, states: tuple[Members, Members], replicas: int, divide: str, steps: int) -> bool:
    """Whether each of two states that come by turns has its one answer after so many steps."""
    now, seen = members, []
    for step in range(steps + 4):
        asked = {name: {**said, "current": now[name]["current"]} for name, said in states[step % 2].items()}
        now = with_answer(asked, divide_data(question(asked, replicas, divide)))
        seen.append({name: said["current"] for name, said in now.items()})
    return seen[steps - 1] == seen[steps + 1] and seen[steps] == seen[steps + 2]


def with_capacity(members: Members, capacity: dict[str, int]) -> Members:
    return {name: {**said, "capacity": capacity[name]} for name, said in members.items()}


ROOM = st.fixed_dictionaries({name: st.integers(0, 12) for name in "abcdef"})


@MORE
@given(fleet(min=st.just(0)), TOTAL, STRATEGY, ROOM, ROOM)
def test_capacities_that_come_and_go_settle_in_three_steps(
    members: Members, replicas: int, divide: str, low: dict[str, int], more: dict[str, int]
) -> None:
    high = {name: low[name] + more[name] for name in low}
    states = with_capacity(members, low), with_capacity(members, high)
    assert settled(members, states, replicas, divide, 3)


@STEADY
@given(MEMBERS, st.integers(0, 20), STRATEGY, ROOM, ROOM)
def test_any_two_capacities_settle(
    members: Members, replicas: int, divide: str, one: dict[str, int], other: dict[str, int]
) -> None:
    """Where members are full by turns, each turn moves what it must, and that towards the rule: so it may take more steps."""
    states = with_capacity(members, one), with_capacity(members, other)
    assert settled(members, states, replicas, divide, 60)


@MORE
@given(ALL_SORTS, TOTAL, ANY_STRATEGY, st.booleans(), st.integers(1, 6), st.data())
def test_more_capacity_never_places_less(
    members: Members, replicas: int, divide: str, rebalance: bool, more: int, data: st.DataObject
) -> None:
    known = sorted(name for name, said in members.items() if "capacity" in said)
    if not known:
        return
    name = data.draw(st.sampled_from(known))
    larger = {**members, name: {**members[name], "capacity": members[name]["capacity"] + more}}
    before, after = (divide_data(question(m, replicas, divide, rebalance)) for m in (members, larger))
    assert after["unplaced"] <= before["unplaced"]


@MORE
@given(MEMBERS, st.integers(-6, 6), STRATEGY)
def test_only_the_difference_moves(members: Members, change: int, divide: str) -> None:
    """However many replicas are added or taken away: nobody gives any to make room for others, and nobody gets any on the way down."""
    stay = clipped(members, divide)
    replicas = max(0, sum(stay.values()) + change)
    answer = divide_data(question(members, replicas, divide))["replicas"]
    moves = [answer[name] - count for name, count in stay.items()]
    if change >= 0:
        assert all(move >= 0 for move in moves)
    elif sum(least(said, divide) for said in members.values()) <= replicas:
        assert all(move <= 0 for move in moves)
    if change == 0:
        assert not any(moves)


@MORE
@given(MEMBERS, TOTAL, STRATEGY, st.data())
def test_a_member_that_goes_takes_nothing_from_the_others(
    members: Members, replicas: int, divide: str, data: st.DataObject
) -> None:
    after = with_answer(members, divide_data(question(members, replicas, divide)))
    gone = data.draw(st.sampled_from(sorted(after)))
    rest = {name: said for name, said in after.items() if name != gone}
    found = with_answer(rest, divide_data(question(rest, replicas, divide)))
    assert all(found[name]["current"] >= said["current"] for name, said in rest.items())


@MORE
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9), min_size=2), TOTAL, st.data())
def test_a_new_member_takes_and_nothing_moves_between_the_old(
    weights: dict[str, int], replicas: int, data: st.DataObject
) -> None:
    members = {name: {"weight": weight} for name, weight in weights.items()}
    everybody = divide_data(question(members, replicas, "weighted", True))["replicas"]
    newest = data.draw(st.sampled_from(sorted(weights)))
    before = {name: said for name, said in members.items() if name != newest}
    without = divide_data(question(before, replicas, "weighted", True))["replicas"]
    assert all(everybody[name] <= without[name] for name in before)


@MORE
@given(ROOM, st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9), min_size=1), st.integers(1, 40))
def test_aggregated_takes_no_more_members_than_needed(
    room: dict[str, int], current: dict[str, int], replicas: int
) -> None:
    fresh = {name: {"capacity": room[name]} for name in current}
    answer = divide_data(question(fresh, replicas, "aggregated", True))["replicas"]
    used = [room[name] for name, count in answer.items() if count]
    largest = sorted((room[name] for name in current if room[name]), reverse=True)
    if sum(largest) < replicas:
        assert sorted(used) == sorted(largest)
        return
    assert len(used) == 1 + sum(enough < replicas for enough in itertools.accumulate(largest))
    # where some run already, others may be used than the largest, but none of them for nothing
    running = {name: {"capacity": room[name], "current": count} for name, count in current.items()}
    answer = divide_data(question(running, replicas, "aggregated", True))["replicas"]
    used = [room[name] for name, count in answer.items() if count]
    assert sum(used) - min(used) < replicas <= sum(used)
