# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The planners of KubeFed and KubeAdmiral on the numbers of their own unit tests (planner_test.go of both): only the numbers are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.unit.scheduling.questions import (
    Members,
    ask,
    equal,
    having,
    weighing,
)

ABSENT = {"weight": 0, "max": 0}  #: a member that stands in no preference
HEAVY = {
    "A": {"weight": 10000, "max": 10},
    "B": {"weight": 1},
    "C": {"weight": 1, "max": 21},
    "D": {"weight": 1, "max": 10},
}

#: total, members -> replicas, where nothing runs yet and nothing is full: the same for both
FROM_NOTHING: list[tuple[int, Members, dict[str, int]]] = [
    (50, equal("ABC"), {"A": 16, "B": 17, "C": 17}),
    (50, equal("AB"), {"A": 25, "B": 25}),
    (1, equal("AB"), {"A": 0, "B": 1}),
    (1, equal("ABCD"), {"A": 0, "B": 0, "C": 0, "D": 1}),
    (1, equal("A"), {"A": 1}),
    (1, {}, {}),
    (50, equal("ABC", min=2, weight=0), {"A": 2, "B": 2, "C": 2}),
    (50, equal("ABC", min=20, weight=0), {"A": 10, "B": 20, "C": 20}),
    (50, {"A": {"min": 100}, **equal("BC", min=20, weight=0)}, {"A": 50, "B": 0, "C": 0}),
    (50, {"A": {"min": 10}, "B": {}}, {"A": 30, "B": 20}),
    (10, {n: {"min": 3, "weight": w} for n, w in zip("ABC", (2, 3, 5), strict=True)}, {"A": 3, "B": 3, "C": 4}),
    (50, equal("ABC", min=10, max=12), {"A": 12, "B": 12, "C": 12}),
    (50, equal("ABC", max=2), {"A": 2, "B": 2, "C": 2}),
    (50, equal("ABC", weight=0, max=2), {"A": 0, "B": 0, "C": 0}),
    (60, {**weighing(A=1, B=2), "C": ABSENT}, {"A": 20, "B": 40, "C": 0}),
    (50, {**weighing(A=10000, B=1), "C": ABSENT}, {"A": 50, "B": 0, "C": 0}),
    (50, {"B": {"weight": 1}, "C": ABSENT}, {"B": 50, "C": 0}),
    (50, {"A": HEAVY["A"], "B": {}, "C": {}}, {"A": 10, "B": 20, "C": 20}),
    (50, {"A": HEAVY["A"], "B": {}, "C": {"max": 10}}, {"A": 10, "B": 30, "C": 10}),
    (71, HEAVY, {"A": 10, "B": 30, "C": 21, "D": 10}),
    (91, {**HEAVY, "E": {}}, {"A": 10, "B": 25, "C": 21, "D": 10, "E": 25}),
    (10, weighing(a=2, b=3, c=5), {"a": 2, "b": 3, "c": 5}),
]


@pytest.mark.parametrize("rebalance", [False, True])
@pytest.mark.parametrize("algorithm", ["kubefed", "kubeadmiral"])
@pytest.mark.parametrize(("total", "members", "replicas"), FROM_NOTHING)
def test_nothing_runs_yet(
    total: int, members: Members, replicas: dict[str, int], algorithm: str, rebalance: bool
) -> None:
    answer = ask(algorithm, total, members, rebalance=rebalance)
    assert (answer["replicas"], answer["overflow"]) == (replicas, {})
    assert answer["unplaced"] == total - sum(replicas.values())


#: total, what runs -> what KubeFed answers without a rebalance; the members are equal
KUBEFED_KEEPS: list[tuple[int, dict[str, int], dict[str, int]]] = [
    (50, {"A": 0, "B": 0, "C": 30}, {"A": 10, "B": 10, "C": 30}),
    (50, {"A": 30, "B": 0}, {"A": 30, "B": 20}),
    *[(15, {"A": has, "B": 8}, {"A": 7, "B": 8}) for has in (0, 1, 4, 5, 6, 7)],
    (500000, {"A": 300000, "B": 0}, {"A": 300000, "B": 200000}),
    (50, {"A": 10, "B": 0}, {"A": 25, "B": 25}),
    (50, {"A": 10, "B": 70}, {"A": 0, "B": 50}),  # a known oddity: A 10, B 40 would be right
    (1, {"A": 30, "B": 0}, {"A": 1, "B": 0}),
    (50, {"A": 10, "B": 20}, {"A": 25, "B": 25}),
]


@pytest.mark.parametrize(("total", "current", "replicas"), KUBEFED_KEEPS)
def test_kubefed_keeps_what_runs(total: int, current: dict[str, int], replicas: dict[str, int]) -> None:
    answer = ask("kubefed", total, having(equal(current), "current", current))
    assert (answer["replicas"], answer["overflow"]) == (replicas, {})


#: rebalance, total, members -> replicas, overflow
KUBEFED_FULL: list[tuple[bool, int, Members, dict[str, int], dict[str, int]]] = [
    (True, 50, having(equal("ABC"), "capacity", {"C": 10}), {"A": 20, "B": 20, "C": 10}, {"C": 7}),
    (True, 50, {"B": {"capacity": 10}, "C": ABSENT}, {"B": 10, "C": 0}, {"B": 40}),
    (
        True,
        60,
        {"A": {"weight": 1}, "B": {"weight": 2, "capacity": 10}, "C": ABSENT},
        {"A": 50, "B": 10, "C": 0},
        {"B": 30},
    ),
    (True, 71, having(HEAVY, "capacity", {"C": 10}), {"A": 10, "B": 41, "C": 10, "D": 10}, {"C": 11}),
    (False, 60, {**equal("AB", capacity=10), "C": ABSENT}, {"A": 10, "B": 10, "C": 0}, {"A": 20, "B": 20}),
    (
        False,
        60,
        {"A": {"weight": 1}, "B": {"weight": 5, "capacity": 10}, "C": ABSENT},
        {"A": 50, "B": 10, "C": 0},
        {},
    ),
    (False, 50, having(equal("ABC", min=20, weight=0), "capacity", {"B": 10}), {"A": 20, "B": 10, "C": 20}, {}),
    (True, 60, having(equal("AB", min=20), "capacity", {"B": 10}), {"A": 50, "B": 10}, {"B": 15}),
]


@pytest.mark.parametrize(("rebalance", "total", "members", "replicas", "overflow"), KUBEFED_FULL)
def test_kubefed_where_a_member_is_full(
    rebalance: bool, total: int, members: Members, replicas: dict[str, int], overflow: dict[str, int]
) -> None:
    answer = ask("kubefed", total, members, rebalance=rebalance)
    assert (answer["replicas"], answer["overflow"]) == (replicas, overflow)


def settled(total: int, members: Members, current: Mapping[str, int], real: Mapping[str, int], **more: Any) -> Any:
    """What KubeAdmiral answers once its own answer runs: a full member (``real``) is seen only when more run there than fit."""
    last: dict[str, Any] = {}
    for _round in range(4):
        full = {name: most for name, most in real.items() if current.get(name, 0) > most}
        seen = having(having(members, "current", current), "capacity", full)
        answer = ask("kubeadmiral", total, seen, **more)
        if answer == last:
            return answer["replicas"], answer["overflow"]
        current = {name: many + answer["overflow"].get(name, 0) for name, many in answer["replicas"].items()}
        last = answer
    raise AssertionError(f"does not settle: {last}")


#: total, members, what runs, replicas with a rebalance, replicas without
ADMIRAL_KEEPS: list[tuple[int, Members, dict[str, int], tuple[int, ...], tuple[int, ...]]] = [
    (50, equal("ABC"), {"C": 30}, (16, 17, 17), (9, 11, 30)),
    (50, equal("AB"), {"A": 30}, (25, 25), (30, 20)),
    (50, having(equal("AB"), "limit", {"A": 0}), {"A": 30}, (0, 50), (0, 50)),
    (50, having(equal("AB"), "limit", {"A": 10}), {"A": 30}, (10, 40), (10, 40)),
    *[(15, equal("AB"), {"A": has, "B": 8}, (7, 8), (7, 8)) for has in (0, 1, 4, 7)],
    (15, equal("AB"), {"A": 15}, (7, 8), (15, 0)),
    (15, equal("AB"), {"A": 5, "B": 10}, (7, 8), (5, 10)),
    (50, equal("AB"), {"A": 10}, (25, 25), (25, 25)),
    (50, equal("AB"), {"A": 10, "B": 20}, (25, 25), (25, 25)),
    (50, equal("AB"), {"A": 10, "B": 70}, (25, 25), (10, 40)),
    (1, equal("AB"), {"A": 30}, (0, 1), (1, 0)),
    (10, equal("AB"), {"A": 50, "B": 30}, (5, 5), (5, 5)),
    (15, weighing(A=499, B=499, C=1), {"A": 15, "B": 15}, (7, 8, 0), (7, 8, 0)),
    (18, equal("ABC"), {"A": 10, "B": 1, "C": 1}, (6, 6, 6), (10, 4, 4)),
    (18, weighing(A=0, B=1, C=1), {"A": 10, "B": 1, "C": 7}, (0, 9, 9), (10, 1, 7)),
]


@pytest.mark.parametrize("probe", [False, True])
@pytest.mark.parametrize(("total", "members", "current", "balanced", "kept"), ADMIRAL_KEEPS)
def test_kubeadmiral_keeps_what_runs(
    total: int,
    members: Members,
    current: dict[str, int],
    balanced: tuple[int, ...],
    kept: tuple[int, ...],
    probe: bool,
) -> None:
    for rebalance, expected in ((True, balanced), (False, kept)):
        replicas, overflow = settled(total, members, current, {}, rebalance=rebalance, probe=probe)
        assert (tuple(replicas.values()), overflow) == (expected, {})


#: total, members, what runs, what fits, then (replicas, overflow) with a rebalance, without, and without but probing
ADMIRAL_FULL: list[
    tuple[int, Members, dict[str, int], dict[str, int], list[tuple[tuple[int, ...], dict[str, int]]]]
] = [
    (
        50,
        equal("ABC"),
        {"A": 30, "B": 20},
        {"C": 10},
        [((20, 20, 10), {"C": 7}), ((30, 20, 0), {}), ((30, 20, 0), {})],
    ),
    (
        50,
        equal("ABC"),
        {"A": 30, "C": 20},
        {"C": 10},
        [((20, 20, 10), {"C": 7}), ((30, 10, 10), {}), ((30, 10, 10), {"C": 7})],
    ),
    (
        50,
        {"B": {}},
        {"B": 50},
        {"B": 10},
        [((10,), {"B": 40}), ((10,), {"B": 40}), ((10,), {"B": 40})],
    ),
    (
        60,
        weighing(A=1, B=5),
        {"A": 20, "B": 40},
        {"B": 10},
        [((50, 10), {"B": 40}), ((50, 10), {}), ((50, 10), {"B": 40})],
    ),
    (
        60,
        weighing(A=1, B=2),
        {"A": 60},
        {"B": 10},
        [((50, 10), {"B": 30}), ((60, 0), {}), ((60, 0), {})],
    ),
    (
        60,
        equal("AB"),
        {"A": 30, "B": 30},
        {"A": 10, "B": 10},
        [((10, 10), {"A": 20, "B": 20}), ((10, 10), {"A": 20, "B": 20}), ((10, 10), {"A": 20, "B": 20})],
    ),
    (
        60,
        weighing(A=1, B=2),
        {"A": 30, "B": 40},
        {"A": 25, "B": 10},
        [((25, 10), {"A": 25, "B": 30}), ((25, 10), {"A": 25, "B": 25}), ((25, 10), {"A": 25, "B": 30})],
    ),
    (
        71,
        HEAVY,
        {"A": 20},
        {"C": 10},
        [((10, 41, 10, 10), {"C": 11}), ((20, 33, 10, 8), {}), ((20, 33, 10, 8), {"C": 11})],
    ),
    (
        50,
        equal("ABC", min=20, weight=0),
        {"A": 24},
        {"B": 10},
        [((20, 10, 20), {"B": 10}), ((24, 10, 16), {}), ((24, 10, 16), {"B": 10})],
    ),
    (
        60,
        equal("AB", min=20),
        {},
        {"B": 10},
        [((50, 10), {"B": 25}), ((50, 10), {}), ((50, 10), {"B": 25})],
    ),
]


@pytest.mark.parametrize(("total", "members", "current", "real", "expected"), ADMIRAL_FULL)
def test_kubeadmiral_where_a_member_is_full(
    total: int,
    members: Members,
    current: dict[str, int],
    real: dict[str, int],
    expected: list[tuple[tuple[int, ...], dict[str, int]]],
) -> None:
    balanced, kept, probing = expected
    for rebalance, probe, wanted in (
        (True, False, balanced),
        (True, True, balanced),
        (False, False, kept),
        (False, True, probing),
    ):
        replicas, overflow = settled(total, members, current, real, rebalance=rebalance, probe=probe)
        assert (tuple(replicas.values()), overflow) == wanted
