# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of other planners, against vectors that were computed with the originals."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.divide import divide_data
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.rounds import fnv1, fnv1a
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

KEY = "shop/web"
ODD_UID = "11111111-aaaa-4bbb-8ccc-000000000001"


@pytest.mark.parametrize(("name", "value"), [("eu-1", 2797664934), ("eu-2", 1944770265), ("us-1", 843313172)])
def test_the_hash_that_orders_members(name: str, value: int) -> None:
    assert fnv1((name + KEY).encode()) == value


def test_the_hash_that_breaks_ties() -> None:
    assert fnv1a(ODD_UID.encode()) == 2852512753


def three(**said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: said.get(name.replace("-", "_"), {}) for name in ("eu-1", "eu-2", "us-1")}


def plain(*numbers: int) -> dict[str, dict[str, Any]]:
    return {name: {"weight": number} for name, number in zip("abcdefgh", numbers, strict=False)}


UNEVEN = three(eu_1={"current": 7}, eu_2={"current": 1})
TIGHT = three(eu_1={"current": 3}, eu_2={"current": 3}, us_1={"current": 1, "capacity": 1})
FULL = three(eu_1={"current": 3}, eu_2={"current": 3}, us_1={"current": 3, "capacity": 1})

#: algorithm, what else is asked, members, answer (eu-1, eu-2, us-1), overflow
VECTORS: list[tuple[str, dict[str, Any], dict[str, Any], tuple[int, int, int], dict[str, int]]] = [
    ("kubefed", {"replicas": 10}, three(), (2, 4, 4), {}),
    ("kubefed", {"replicas": 12}, three(eu_1={"weight": 3, "max": 4}, us_1={"min": 2}), (4, 3, 5), {}),
    ("kubefed", {"replicas": 9}, UNEVEN, (7, 1, 1), {}),
    ("kubefed", {"replicas": 9, "rebalance": True}, UNEVEN, (3, 3, 3), {}),
    ("kubefed", {"replicas": 9, "rebalance": True}, TIGHT, (4, 4, 1), {"us-1": 2}),
    ("kubefed", {"replicas": 9}, TIGHT, (4, 4, 1), {}),
    (
        "kubefed",
        {"replicas": 12},
        {name: {"min": 5, "weight": 0} for name in three()},
        (2, 5, 5),
        {},
    ),
    ("kubeadmiral", {"replicas": 9}, UNEVEN, (7, 1, 1), {}),
    ("kubeadmiral", {"replicas": 9, "rebalance": True}, UNEVEN, (3, 3, 3), {}),
    ("kubeadmiral", {"replicas": 9}, FULL, (4, 4, 1), {}),
    ("kubeadmiral", {"replicas": 9, "probe": True}, FULL, (4, 4, 1), {"us-1": 2}),
]


@pytest.mark.parametrize(("algorithm", "asked", "members", "answer", "overflow"), VECTORS)
def test_vectors_of_kubefed_and_kubeadmiral(
    algorithm: str, asked: dict[str, Any], members: dict[str, Any], answer: tuple[int, ...], overflow: dict[str, int]
) -> None:
    found = divide_data({"algorithm": algorithm, "key": KEY, "members": members, **asked})
    assert tuple(found["replicas"].values()) == answer
    assert found["overflow"] == overflow


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ({"algorithm": "kubefed", "replicas": 50, "members": {"A": {}, "B": {}, "C": {}}}, [16, 17, 17]),
        ({"algorithm": "kubefed", "replicas": 1, "members": {"A": {}, "B": {}, "C": {}, "D": {}}}, [0, 0, 0, 1]),
        # frozen in the original's own tests: what runs is kept in the order of the hash, until nothing is left
        (
            {"algorithm": "kubefed", "replicas": 50, "members": {"A": {"current": 10}, "B": {"current": 70}}},
            [0, 50],
        ),
        ({"algorithm": "karmada", "replicas": 4, "members": plain(1, 1, 1)}, [2, 1, 1]),
        ({"algorithm": "karmada", "replicas": 4, "members": plain(1, 1, 1), "uid": ODD_UID}, [1, 1, 2]),
        ({"algorithm": "karmada", "replicas": 2, "members": plain(2, 1)}, [1, 1]),
        ({"algorithm": "karmada", "replicas": 3, "members": plain(1, 2, 3)}, [1, 1, 1]),
        ({"algorithm": "karmada_legacy", "replicas": 3, "members": plain(1, 2, 3)}, [0, 1, 2]),
        ({"algorithm": "karmada", "replicas": 6, "members": plain(0, 0, 0)}, [2, 2, 2]),
        ({"algorithm": "karmada", "replicas": 6, "members": plain(0, 2, 1)}, [0, 4, 2]),
        # the remainder goes to the heaviest, then to who had more
        (
            {
                "algorithm": "karmada_legacy",
                "replicas": 4,
                "members": {"a": {}, "b": {"current": 2}, "c": {"current": 1}},
            },
            [1, 2, 1],
        ),
    ],
)
def test_numbers_that_are_published(question: dict[str, Any], answer: list[int]) -> None:
    assert list(divide_data(question)["replicas"].values()) == answer


def test_rounding_up_starves_the_last_members() -> None:
    members: dict[str, Any] = {f"c{number}": {} for number in range(100)}
    starved = list(divide_data({"algorithm": "kubefed", "replicas": 150, "members": members})["replicas"].values())
    assert (starved.count(2), starved.count(0)) == (75, 25)
    ours = list(divide_data({"replicas": 150, "members": members})["replicas"].values())
    assert (ours.count(2), ours.count(1)) == (50, 50)


def test_an_upgrade_of_karmada_changes_most_divisions() -> None:
    """Three clusters of distinct weights up to 5, 1 to 30 replicas: 1,110 of 1,800 cases."""
    different = 0
    for weights in itertools.permutations(range(1, 6), 3):
        for replicas in range(1, 31):
            question = {"replicas": replicas, "members": plain(*weights)}
            old, new = (divide_data({**question, "algorithm": a}) for a in ("karmada_legacy", "karmada"))
            different += old["replicas"] != new["replicas"]
    assert different == 1110


def dynamic(divide: str, replicas: int, **more: Any) -> dict[str, Any]:
    """a runs 2 of at most 6, b 1 of at most 3, c none of at most 9."""
    members = {
        "a": {"current": 2, "capacity": 6},
        "b": {"current": 1, "capacity": 3},
        "c": {"capacity": 9},
    }
    return divide_data({"algorithm": "karmada", "divide": divide, "replicas": replicas, "members": members, **more})


def test_karmada_by_free_capacity_moves_only_the_difference() -> None:
    assert list(dynamic("available", 3)["replicas"].values()) == [2, 1, 0]
    assert list(dynamic("available", 18)["replicas"].values()) == [6, 3, 9]
    assert list(dynamic("available", 2)["replicas"].values()) == [1, 1, 0]
    assert list(dynamic("available", 9, rebalance=True)["replicas"].values()) == [3, 2, 4]
    refused = dynamic("available", 19)
    assert refused["error"] == "Clusters available replicas 15 are not enough to schedule."
    assert list(refused["replicas"].values()) == [2, 1, 0]


def test_karmada_aggregated_uses_the_shortest_row_of_members() -> None:
    assert list(dynamic("aggregated", 6)["replicas"].values()) == [5, 1, 0]
    assert list(dynamic("aggregated", 8)["replicas"].values()) == [5, 3, 0]
    assert list(dynamic("aggregated", 9, rebalance=True)["replicas"].values()) == [0, 0, 9]
    assert dynamic("aggregated", 10)["replicas"]["c"] > 0


@pytest.mark.parametrize(
    ("algorithm", "divide"), [("kubefed", "available"), ("kubefed", "duplicated"), ("kubeadmiral", "aggregated")]
)
def test_what_an_original_does_not_know_is_told_and_changes_nothing(algorithm: str, divide: str) -> None:
    members = {"a": {"current": 3}, "b": {}}
    found = divide_data({"algorithm": algorithm, "divide": divide, "replicas": 9, "members": members})
    assert found["replicas"] == {"a": 3, "b": 0}
    assert algorithm in found["error"]


@pytest.mark.parametrize("algorithm", ["kubeadmiral", "karmada", "karmada_legacy"])
def test_duplicated_is_the_same_for_all(algorithm: str) -> None:
    found = divide_data({"algorithm": algorithm, "divide": "duplicated", "replicas": 4, "members": plain(1, 5)})
    assert found["replicas"] == {"a": 4, "b": 4}


MEMBERS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.fixed_dictionaries(
        {"weight": st.integers(0, 9), "current": st.integers(0, 9), "min": st.integers(0, 3)},
        optional={"max": st.integers(3, 12), "capacity": st.integers(0, 12), "held": st.booleans()},
    ),
    min_size=1,
)


@STEADY
@given(MEMBERS, st.integers(0, 40), st.booleans(), st.sampled_from(["kubefed", "kubeadmiral"]), st.randoms())
def test_laws_of_the_bounded_ones(
    members: dict[str, Any], replicas: int, rebalance: bool, algorithm: str, random: Any
) -> None:
    question = {"algorithm": algorithm, "replicas": replicas, "rebalance": rebalance, "members": members}
    found = divide_data(question)
    for name, said in members.items():
        if said.get("held"):
            assert found["replicas"][name] == said["current"]
            continue
        if algorithm == "kubefed" or rebalance:
            assert found["replicas"][name] <= said.get("max", 99)
        assert found["replicas"][name] <= said.get("capacity", 99)
    held = sum(said["current"] for said in members.values() if said.get("held"))
    placed = sum(found["replicas"].values())
    assert placed + found["unplaced"] == max(replicas, held)
    shuffled = list(members.items())
    random.shuffle(shuffled)
    assert divide_data({**question, "members": dict(shuffled)}) == found


@STEADY
@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(0, 60))
def test_both_karmadas_place_all(weights: list[int], replicas: int) -> None:
    for algorithm in ("karmada", "karmada_legacy"):
        found = divide_data({"algorithm": algorithm, "replicas": replicas, "members": plain(*weights)})
        assert sum(found["replicas"].values()) == replicas
