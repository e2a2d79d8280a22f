# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of other planners: worked examples, what each of them is known for, and what it gives no answer to."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.divide import divide
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.division import Candidate, Division
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.fnv import fnv1, fnv1a
from ansible_collections.multicluster.federation.tests.unit.scheduling.questions import ask, equal, having, weighing

EVEN, ODD = "11111111-aaaa-4bbb-8ccc-000000000000", "11111111-aaaa-4bbb-8ccc-000000000001"


@pytest.mark.parametrize(
    ("text", "one", "one_a"),
    [("", 0x811C9DC5, 0x811C9DC5), ("a", 0x050C5D7E, 0xE40C292C), ("foobar", 0x31F0B262, 0xBF9CF968)],
)
def test_published_values_of_the_hashes(text: str, one: int, one_a: int) -> None:
    assert (fnv1(text), fnv1a(text)) == (one, one_a)


def test_hashes_that_break_the_ties_of_the_examples() -> None:
    assert [fnv1(name + "shop/web") for name in ("eu-1", "eu-2", "us-1")] == [2797664934, 1944770265, 843313172]
    assert (fnv1a(ODD), fnv1a(EVEN) % 2) == (2852512753, 0)


FLEET = equal(("eu-1", "eu-2", "us-1"))
FULL = having(FLEET, "capacity", {"us-1": 1})
#: algorithm, replicas, members, other options, (eu-1, eu-2, us-1), overflow
EXAMPLES: list[tuple[str, int, Any, dict[str, Any], tuple[int, int, int], dict[str, int]]] = [
    ("kubefed", 10, FLEET, {}, (2, 4, 4), {}),
    (
        "kubefed",
        12,
        {"eu-1": {"weight": 3, "max": 4}, "eu-2": {"weight": 1}, "us-1": {"weight": 1, "min": 2}},
        {},
        (4, 3, 5),
        {},
    ),
    ("kubefed", 9, having(FLEET, "current", {"eu-1": 7, "eu-2": 1}), {}, (7, 1, 1), {}),
    ("kubefed", 9, having(FLEET, "current", {"eu-1": 7, "eu-2": 1}), {"rebalance": True}, (3, 3, 3), {}),
    (
        "kubefed",
        9,
        having(FULL, "current", {"eu-1": 3, "eu-2": 3, "us-1": 1}),
        {"rebalance": True},
        (4, 4, 1),
        {"us-1": 2},
    ),
    ("kubefed", 9, having(FULL, "current", {"eu-1": 3, "eu-2": 3, "us-1": 1}), {}, (4, 4, 1), {}),
    ("kubefed", 12, equal(("eu-1", "eu-2", "us-1"), min=5, weight=0), {}, (2, 5, 5), {}),
    ("kubeadmiral", 9, having(FLEET, "current", {"eu-1": 7, "eu-2": 1}), {}, (7, 1, 1), {}),
    ("kubeadmiral", 9, having(FLEET, "current", {"eu-1": 7, "eu-2": 1}), {"rebalance": True}, (3, 3, 3), {}),
    ("kubeadmiral", 9, having(FULL, "current", {"eu-1": 3, "eu-2": 3, "us-1": 3}), {}, (4, 4, 1), {}),
    (
        "kubeadmiral",
        9,
        having(FULL, "current", {"eu-1": 3, "eu-2": 3, "us-1": 3}),
        {"probe": True},
        (4, 4, 1),
        {"us-1": 2},
    ),
]


@pytest.mark.parametrize(("algorithm", "total", "members", "more", "replicas", "overflow"), EXAMPLES)
def test_examples(
    algorithm: str, total: int, members: Any, more: dict[str, Any], replicas: tuple[int, ...], overflow: dict[str, int]
) -> None:
    answer = ask(algorithm, total, members, key="shop/web", **more)
    assert tuple(answer["replicas"][name] for name in ("eu-1", "eu-2", "us-1")) == replicas
    assert answer["overflow"] == overflow


@pytest.mark.parametrize(
    ("total", "weights", "uid", "replicas"),
    [
        (4, (1, 1, 1), "", (2, 1, 1)),
        (4, (1, 1, 1), EVEN, (2, 1, 1)),
        (4, (1, 1, 1), ODD, (1, 1, 2)),
        (2, (2, 1, 0), "", (1, 1, 0)),
        (3, (1, 2, 3), "", (1, 1, 1)),
        (5, (170, 110, 60), "", (2, 2, 1)),
        (6, (170, 110, 60), "", (3, 2, 1)),
        (7, (0, 0, 0), "", (3, 2, 2)),
    ],
)
def test_seats_of_karmada(total: int, weights: tuple[int, ...], uid: str, replicas: tuple[int, ...]) -> None:
    answer = ask("karmada", total, weighing(**dict(zip("abc", weights, strict=True))), uid=uid)
    assert tuple(answer["replicas"].values()) == replicas


@pytest.mark.parametrize(
    ("total", "weights", "current", "replicas"),
    [
        (3, (1, 2, 3), (0, 0, 0), (0, 1, 2)),
        (14, (3, 2, 1), (0, 0, 0), (8, 4, 2)),
        (13, (1, 2, 3), (0, 0, 0), (2, 4, 7)),
        (2, (2, 1, 0), (0, 0, 0), (2, 0, 0)),
        (10, (1, 1, 1), (0, 0, 0), (4, 3, 3)),
        (10, (1, 1, 1), (1, 1, 5), (3, 3, 4)),  # among equals, who runs more keeps more
        (7, (0, 0, 0), (0, 1, 0), (2, 3, 2)),
    ],
)
def test_remainders_of_old_karmada(
    total: int, weights: tuple[int, ...], current: tuple[int, ...], replicas: tuple[int, ...]
) -> None:
    members = having(
        weighing(**dict(zip("abc", weights, strict=True))), "current", dict(zip("abc", current, strict=True))
    )
    assert tuple(ask("karmada_legacy", total, members)["replicas"].values()) == replicas


def test_how_often_the_two_karmadas_differ() -> None:
    """Three different weights from 1 to 5 in every order, 1 to 30 replicas: 1800 questions."""
    questions = [(total, weighing(a=a, b=b, c=c)) for a, b, c in permutations(range(1, 6), 3) for total in range(1, 31)]
    answers = [[ask(name, *question)["replicas"] for name in ("karmada", "karmada_legacy")] for question in questions]
    assert (len(answers), sum(new != old for new, old in answers)) == (1800, 1110)


@pytest.mark.parametrize(
    ("algorithm", "counts"),
    [
        ("kubefed", {2: 75, 0: 25}),
        ("kubeadmiral", {2: 75, 0: 25}),
        ("karmada", {2: 50, 1: 50}),
        ("karmada_legacy", {2: 50, 1: 50}),
    ],
)
def test_150_over_100_equals(algorithm: str, counts: dict[int, int]) -> None:
    replicas = list(ask(algorithm, 150, equal(f"c{number}" for number in range(100)))["replicas"].values())
    assert {many: replicas.count(many) for many in set(replicas)} == counts


@pytest.mark.parametrize("algorithm", ["kubefed", "kubeadmiral"])
def test_150_over_100_equals_is_never_evened_out(algorithm: str) -> None:
    """Whoever comes early by hash takes two, whatever the workload; another key only starves others."""
    members = equal(f"c{number}" for number in range(100))
    starved = [
        {name for name, many in ask(algorithm, 150, members, key=key)["replicas"].items() if not many}
        for key in ("shop/web", "shop/db")
    ]
    assert [len(names) for names in starved] == [25, 25]
    assert starved[0] != starved[1]


#: what has room, what runs, what is asked for -> what each Karmada answers; by name
ROOM: list[tuple[str, str, int, tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = [
    ("first time", "available", 12, (18, 12, 6), (0, 0, 0), (6, 4, 2), (6, 4, 2)),
    ("old rounds for the large", "available", 12, (20, 12, 6), (0, 0, 0), (6, 4, 2), (7, 4, 1)),
    ("a tie in the old", "available", 12, (8, 8, 10), (0, 0, 0), (4, 4, 4), (4, 3, 5)),
    ("fewer", "available", 6, (1, 1, 1), (2, 4, 6), (1, 2, 3), (1, 2, 3)),
    ("more, added to what runs", "available", 24, (10, 10, 10), (2, 4, 6), (6, 8, 10), (6, 8, 10)),
    ("as many: nothing moves", "available", 12, (0, 90, 90), (12, 0, 0), (12, 0, 0), (12, 0, 0)),
    ("largest first", "aggregated", 12, (6, 8, 10), (0, 0, 0), (0, 5, 7), (0, 5, 7)),
    ("one is enough", "aggregated", 12, (12, 8, 10), (0, 0, 0), (12, 0, 0), (12, 0, 0)),
    ("among equals by name", "aggregated", 12, (6, 6, 6), (0, 0, 0), (6, 6, 0), (6, 6, 0)),
    ("fewer, the larger stays", "aggregated", 6, (1, 1, 1), (4, 8, 0), (0, 6, 0), (0, 6, 0)),
    ("more than in use", "aggregated", 24, (4, 6, 8), (4, 8, 0), (7, 12, 5), (6, 12, 6)),
    ("those in use are enough", "aggregated", 24, (6, 6, 20), (4, 8, 0), (10, 14, 0), (10, 14, 0)),
    ("a new one is needed", "aggregated", 24, (4, 8, 12), (4, 0, 0), (7, 7, 10), (7, 6, 11)),
]


@pytest.mark.parametrize(
    ("strategy", "total", "room", "current", "new", "old"), [row[1:] for row in ROOM], ids=[row[0] for row in ROOM]
)
def test_free_capacity_in_karmada(
    strategy: str,
    total: int,
    room: tuple[int, ...],
    current: tuple[int, ...],
    new: tuple[int, ...],
    old: tuple[int, ...],
) -> None:
    members = {
        name: {"capacity": free + has, "current": has} for name, free, has in zip("abc", room, current, strict=True)
    }
    for algorithm, expected in (("karmada", new), ("karmada_legacy", old)):
        answer = ask(algorithm, total, members, divide=strategy)
        assert (tuple(answer["replicas"].values()), answer["error"]) == (expected, "")


@pytest.mark.parametrize(
    ("strategy", "room", "current", "replicas"),
    [
        ("available", (10, 10, 10), (2, 4, 6), (7, 8, 9)),
        ("available", (0, 0, 90), (12, 12, 0), (3, 2, 19)),
        ("aggregated", (0, 0, 90), (12, 12, 0), (0, 0, 24)),
    ],
)
def test_a_rebalance_in_karmada_counts_what_runs_as_free(
    strategy: str, room: tuple[int, ...], current: tuple[int, ...], replicas: tuple[int, ...]
) -> None:
    members = {
        name: {"capacity": free + has, "current": has} for name, free, has in zip("abc", room, current, strict=True)
    }
    assert tuple(ask("karmada", 24, members, divide=strategy, rebalance=True)["replicas"].values()) == replicas


def test_unknown_capacity_in_karmada_is_as_much_as_is_asked_for() -> None:
    members: dict[str, dict[str, Any]] = {"a": {"current": 2}, "b": {"capacity": 6}}
    assert ask("karmada", 6, members, divide="available", rebalance=True)["replicas"] == {"a": 3, "b": 3}
    assert ask("karmada", 6, members, divide="aggregated")["replicas"] == {"a": 6, "b": 0}


def test_karmada_knows_no_bounds() -> None:
    members = {"a": {"min": 5, "max": 5, "capacity": 5}, "b": {"max": 1, "current": 9}}
    assert ask("karmada", 8, members)["replicas"] == {"a": 4, "b": 4}
    assert ask("karmada_legacy", 8, members)["replicas"] == {"a": 4, "b": 4}


@pytest.mark.parametrize(
    ("capacities", "replicas"),
    [
        ({"a": 200, "b": 300, "c": 500}, (2, 3, 5)),
        ({"b": 400, "c": 100}, (0, 8, 2)),  # of one nothing is known
        ({}, (2, 4, 4)),  # of none; a comes last by its hash
    ],
)
def test_free_capacity_in_kubeadmiral(capacities: dict[str, int], replicas: tuple[int, ...]) -> None:
    answer = ask("kubeadmiral", 10, having(equal("abc"), "capacity", capacities), divide="available")
    assert tuple(answer["replicas"].values()) == replicas


@pytest.mark.parametrize("rebalance", [False, True])
def test_a_limit_in_kubeadmiral_cuts_without_overflow(rebalance: bool) -> None:
    """With both, the limit cuts first: what lies beyond it would never have been tried."""
    members = {"a": {"limit": 3, "capacity": 5}, "b": {"limit": 4, "capacity": 2}, "c": {}}
    answer = ask("kubeadmiral", 30, members, rebalance=rebalance, probe=True)
    assert answer["replicas"] == {"a": 3, "b": 2, "c": 25}
    assert answer["overflow"] == {"b": 2}
    members = {"a": {"min": 6, "limit": 2, "weight": 0}, "b": {}}
    assert ask("kubeadmiral", 6, members, rebalance=rebalance)["replicas"] == {"a": 2, "b": 4}


@pytest.mark.parametrize("algorithm", ["kubeadmiral", "karmada", "karmada_legacy"])
def test_duplicated(algorithm: str) -> None:
    members: dict[str, dict[str, Any]] = {
        "a": {},
        "b": {"current": 7},
        "c": {"held": True, "current": 2},
        "d": {"frozen": "cordoned", "current": 1},
    }
    answer = ask(algorithm, 3, members, divide="duplicated")
    assert (answer["replicas"], answer["unplaced"]) == ({"a": 3, "b": 3, "c": 2, "d": 1}, 3)


SHORT = having(equal("abc", capacity=3), "current", {"a": 1})
NO_ANSWER: list[tuple[str, str, str]] = [
    ("kubefed", "duplicated", "kubefed divides by weight only"),
    ("kubefed", "available", "kubefed divides by weight only"),
    ("kubefed", "aggregated", "kubefed divides by weight only"),
    ("kubeadmiral", "aggregated", "kubeadmiral's binpack is not offered"),
    ("karmada", "available", "Clusters available replicas 8 are not enough to schedule."),
    ("karmada", "aggregated", "Clusters available replicas 8 are not enough to schedule."),
    ("karmada_legacy", "available", "Clusters available replicas 8 are not enough to schedule."),
    ("karmada_legacy", "aggregated", "Clusters available replicas 8 are not enough to schedule."),
]


@pytest.mark.parametrize(("algorithm", "strategy", "error"), NO_ANSWER)
def test_no_answer_is_data_and_everybody_keeps_what_it_has(algorithm: str, strategy: str, error: str) -> None:
    answer = ask(algorithm, 12, {**SHORT, "d": {"held": True, "current": 2}}, divide=strategy)
    assert answer["error"] == error
    assert answer["replicas"] == {"a": 1, "b": 0, "c": 0, "d": 2}
    assert answer["overflow"] == {}
    # the total is that of each member where it is duplicated
    assert answer["unplaced"] == (11 + 12 + 12 + 10 if strategy == "duplicated" else 9)


@pytest.mark.parametrize("algorithm", ["kubefed", "kubeadmiral", "karmada", "karmada_legacy"])
def test_frozen_and_held_members_are_as_they_are_everywhere(algorithm: str) -> None:
    members: dict[str, dict[str, Any]] = {
        "a": {},
        "b": {"frozen": "cordoned", "current": 1, "min": 2},
        "c": {"held": True, "current": 4},
        "d": {"weight": 2},
    }
    answer = ask(algorithm, 14, members, rebalance=True)
    assert answer["replicas"] == {"a": 3, "b": 1, "c": 4, "d": 6}
    assert answer["unplaced"] == 0
    assert answer["reasons"]["c"] == "does not answer: keeps what it has"
    assert ask(algorithm, 3, members)["replicas"]["c"] == 4


@pytest.mark.parametrize("algorithm", ["kubefed", "kubeadmiral"])
@pytest.mark.parametrize(("weights", "minimum"), [((2, 1, 2), 0), ((1, 2, 1), 2)])
def test_frozen_is_a_maximum_where_there_are_maximums(algorithm: str, weights: tuple[int, ...], minimum: int) -> None:
    """All take part, and what the frozen one may not have goes to whoever is next in the same round."""
    members = weighing(**dict(zip("abc", weights, strict=True)))
    members["a"] = {**members["a"], "frozen": "cordoned", "min": minimum}
    assert ask(algorithm, 2, members)["replicas"] == {"a": 0, "b": 1, "c": 1}


def test_frozen_has_no_room_in_karmada() -> None:
    members: dict[str, dict[str, Any]] = {
        "a": {"capacity": 20, "current": 2, "frozen": "cordoned"},
        "b": {"capacity": 20},
    }
    assert ask("karmada", 4, members, divide="available", rebalance=True)["replicas"] == {"a": 0, "b": 4}
    error = "Clusters available replicas 20 are not enough to schedule."
    assert ask("karmada", 30, members, divide="available")["error"] == error


@pytest.mark.parametrize("algorithm", ["kubefed", "kubeadmiral", "karmada", "karmada_legacy"])
def test_what_runs_and_what_is_pinned_is_respected(algorithm: str) -> None:
    candidates = [
        Candidate("a", current=9),
        Candidate("b"),
        Candidate("c", current=2, held=True),
        Candidate("d", current=1, frozen="cordoned"),
    ]
    by_rule = divide(Division(13, algorithm=algorithm, keep=False), candidates).replicas
    assert by_rule == {"a": 5, "b": 5, "c": 2, "d": 1}
    expected = {"a": 9, "b": 1, "c": 2, "d": 1} if algorithm in ("kubefed", "kubeadmiral") else by_rule
    assert divide(Division(13, algorithm=algorithm), candidates).replicas == expected
