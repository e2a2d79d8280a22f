# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What always holds for the answers of the other planners."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.fnv import fnv1a
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY
from ansible_collections.multicluster.federation.tests.unit.scheduling.questions import ask

FEW = st.integers(0, 12)
MAYBE = st.none() | FEW
TOTALS = st.integers(0, 40)
NAMES = [f"c{number}" for number in range(7)]
ORIGINALS = st.sampled_from(["kubefed", "kubeadmiral", "karmada", "karmada_legacy"])
KARMADAS = st.sampled_from(["karmada", "karmada_legacy"])
STRATEGIES = st.sampled_from(["duplicated", "weighted", "available", "aggregated"])
ROOM_DECIDES = st.sampled_from(["available", "aggregated"])
OPEN = {"weight": FEW, "current": FEW, "capacity": MAYBE, "limit": MAYBE, "min": st.integers(0, 4)}


def members(**more: Any) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    body = st.fixed_dictionaries({**OPEN, "max": st.none() | st.integers(4, 15), **more})
    return st.dictionaries(st.sampled_from(NAMES), body, max_size=len(NAMES))


#: also those that may get no more, and those that do not answer
ALL_SORTS = members(frozen=st.sampled_from(["", "", "cordoned"]), held=st.sampled_from([False, False, True]))
ROOMY = members(capacity=FEW)


@STEADY
@given(ORIGINALS, STRATEGIES, TOTALS, ALL_SORTS, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_the_members_does_not_matter(
    algorithm: str, strategy: str, total: int, fleet: dict[str, Any], rebalance: bool, chance: Any
) -> None:
    names = list(fleet)
    chance.shuffle(names)
    one, other = (
        ask(algorithm, total, {name: fleet[name] for name in order}, divide=strategy, rebalance=rebalance)
        for order in (sorted(fleet), names)
    )
    assert one == other


@STEADY
@given(ORIGINALS, STRATEGIES, TOTALS, ALL_SORTS, st.booleans())
def test_everybody_is_in_the_answer_and_the_held_and_frozen_are_safe(
    algorithm: str, strategy: str, total: int, fleet: dict[str, Any], rebalance: bool
) -> None:
    answer = ask(algorithm, total, fleet, divide=strategy, rebalance=rebalance)
    assert sorted(answer["replicas"]) == sorted(fleet)
    for name, body in fleet.items():
        if body["held"] or answer["error"]:
            assert answer["replicas"][name] == body["current"]
        elif body["frozen"]:
            assert 0 <= answer["replicas"][name] <= body["current"]
    if strategy != "duplicated":
        assert answer["unplaced"] == max(0, total - sum(answer["replicas"].values()))


@STEADY
@given(TOTALS, members(), st.booleans())
def test_kubefed_places_no_more_than_all_and_within_bounds(total: int, fleet: dict[str, Any], rebalance: bool) -> None:
    answer = ask("kubefed", total, fleet, rebalance=rebalance)
    assert sum(answer["replicas"].values()) + answer["unplaced"] == total
    most = {
        name: min(x for x in (body["max"], body["capacity"], total) if x is not None) for name, body in fleet.items()
    }
    assert all(many <= most[name] for name, many in answer["replicas"].items())
    if sum(body["min"] for body in fleet.values()) <= total:
        assert all(many >= min(fleet[name]["min"], most[name]) for name, many in answer["replicas"].items())
    if not rebalance:
        assert all(0 < many <= answer["unplaced"] for many in answer["overflow"].values())
    if answer["unplaced"]:  # then nobody with a weight has room left
        assert all(many == most[name] for name, many in answer["replicas"].items() if fleet[name]["weight"])


@STEADY
@given(TOTALS, members(), st.booleans())
def test_kubeadmiral_moves_towards_its_balance_and_never_beyond(total: int, fleet: dict[str, Any], probe: bool) -> None:
    balanced = ask("kubeadmiral", total, fleet, rebalance=True, probe=probe)
    kept = ask("kubeadmiral", total, fleet, probe=probe)
    assert sum(balanced["replicas"].values()) + balanced["unplaced"] == total
    assert kept["unplaced"] == balanced["unplaced"]
    for name, body in fleet.items():
        share, fits = balanced["replicas"][name], [x for x in (body["capacity"], body["limit"]) if x is not None]
        assert share <= min([total, *fits, *([] if body["max"] is None else [body["max"]])])
        now = min([body["current"], *fits])
        assert min(now, share) <= kept["replicas"][name] <= max(now, share)
    changes = [
        kept["replicas"][name] - min(x for x in (b["current"], b["capacity"], b["limit"]) if x is not None)
        for name, b in fleet.items()
    ]
    assert all(change >= 0 for change in changes) or all(change <= 0 for change in changes)
    assert probe or all(many <= kept["unplaced"] for many in kept["overflow"].values())


@STEADY
@given(st.integers(0, 60), members(), st.text("0123456789abcdef", max_size=3))
def test_karmada_gives_one_seat_after_the_other(total: int, fleet: dict[str, Any], uid: str) -> None:
    weights = {name: body["weight"] for name, body in fleet.items() if body["weight"]} or dict.fromkeys(fleet, 1)
    order = sorted(weights, reverse=bool(uid) and fnv1a(uid) % 2 == 1)
    counts = dict.fromkeys(fleet, 0)
    for _seat in range(total if weights else 0):
        best = max(order, key=lambda name: (weights[name] / (2 * counts[name] + 1), -counts[name], -order.index(name)))
        counts[best] += 1
    assert ask("karmada", total, fleet, uid=uid)["replicas"] == counts


@STEADY
@given(st.integers(0, 60), members())
def test_old_karmada_rounds_down_or_up(total: int, fleet: dict[str, Any]) -> None:
    weights = {name: body["weight"] for name, body in fleet.items()}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    replicas = ask("karmada_legacy", total, fleet)["replicas"]
    assert sum(replicas.values()) == (total if fleet else 0)
    for name, many in replicas.items():
        assert many in (
            total * weights[name] // sum(weights.values()) + more for more in ((0, 1) if weights[name] else (0,))
        )


@STEADY
@given(KARMADAS, ROOM_DECIDES, TOTALS, ROOMY, st.booleans())
def test_karmada_places_all_or_nothing_and_no_more_than_there_is_room(
    algorithm: str, strategy: str, total: int, fleet: dict[str, Any], rebalance: bool
) -> None:
    answer = ask(algorithm, total, fleet, divide=strategy, rebalance=rebalance)
    now = {name: body["current"] for name, body in fleet.items()}
    if answer["error"]:
        room = sum(max(body["capacity"] - body["current"], 0) for body in fleet.values())
        assert room + sum(now.values()) < total
        return
    assert answer["unplaced"] == 0
    assert sum(answer["replicas"].values()) == total
    assert all(many <= max(now[name], fleet[name]["capacity"]) for name, many in answer["replicas"].items())
    if not rebalance:  # nobody loses while others grow
        changes = [many - now[name] for name, many in answer["replicas"].items()]
        assert all(change >= 0 for change in changes) or all(change <= 0 for change in changes)


@STEADY
@given(KARMADAS, TOTALS, ROOMY)
def test_karmada_aggregates_on_as_few_as_possible(algorithm: str, total: int, fleet: dict[str, Any]) -> None:
    answer = ask(algorithm, total, fleet, divide="aggregated", rebalance=True)
    if answer["error"]:
        return
    room = sorted((max(body["capacity"], body["current"]) for body in fleet.values()), reverse=True)
    fewest = next(count for count, held in enumerate(accumulate(room, initial=0)) if held >= total)
    assert sum(many > 0 for many in answer["replicas"].values()) == fewest


@STEADY
@given(KARMADAS, TOTALS, ROOMY)
def test_karmada_aggregates_where_something_runs_before_anywhere_else(
    algorithm: str, total: int, fleet: dict[str, Any]
) -> None:
    answer = ask(algorithm, total, fleet, divide="aggregated")
    now = {name: body["current"] for name, body in fleet.items()}
    room = sum(max(0, fleet[name]["capacity"] - many) for name, many in now.items() if many)
    entered = [name for name, many in answer["replicas"].items() if many and not now[name]]
    if not answer["error"]:
        assert bool(entered) == (room < total - sum(now.values()))
