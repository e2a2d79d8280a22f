# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which members get a resource, and why the others do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster
from ansible_collections.multicluster.federation.plugins.module_utils.model.placement import parse_placement
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.select import Decision, select
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY, member

FLEET = [
    member("ams", region="eu", labels={"tier": "prod"}),
    member("bom", region="in", labels={"tier": "prod"}, taints=["gpu=yes:NoSchedule"]),
    member("cdg", region="eu", labels={"tier": "dev"}, taints=["dead:NoExecute"]),
    member("del", region="in", taints=["a:NoSchedule", "b:NoSchedule"]),
]


def reasons(spec: Any, placed: tuple[str, ...] = ()) -> dict[str, str]:
    """Reason of each member that was not chosen."""
    found = select(parse_placement(spec, "placement"), FLEET, placed)
    assert list(found) == ["ams", "bom", "cdg", "del"]
    assert all(decision.member == name for name, decision in found.items())
    assert all(bool(decision.reason) is not decision.selected for decision in found.values())
    return {name: decision.reason for name, decision in found.items() if not decision.selected}


def test_every_member_has_its_reason() -> None:
    assert reasons({"selector": {"matchLabels": {"tier": "prod"}}}) == {
        "bom": "taint gpu=yes:NoSchedule is not tolerated",
        "cdg": "labels do not match tier=prod",
        "del": "labels do not match tier=prod",
    }


def test_taints_keep_away() -> None:
    assert reasons({}) == {
        "bom": "taint gpu=yes:NoSchedule is not tolerated",
        "cdg": "taint dead:NoExecute is not tolerated",
        "del": "taint a:NoSchedule is not tolerated",
    }


def test_no_schedule_keeps_what_is_placed_and_no_execute_does_not() -> None:
    assert reasons({}, placed=("ams", "bom", "cdg", "del")) == {"cdg": "taint dead:NoExecute is not tolerated"}


def test_what_is_placed_goes_when_it_is_not_wanted_any_more() -> None:
    assert set(reasons({"members": ["ams"]}, placed=("bom", "cdg"))) == {"bom", "cdg", "del"}


@pytest.mark.parametrize(
    ("toleration", "kept_away"),
    [
        ({"key": "gpu", "value": "yes"}, {"cdg", "del"}),
        ({"key": "gpu", "value": "no"}, {"bom", "cdg", "del"}),
        ({"key": "gpu", "operator": "Exists"}, {"cdg", "del"}),
        ({"key": "dead"}, {"bom", "del"}),
        ({"key": "dead", "effect": "NoSchedule"}, {"bom", "cdg", "del"}),
        # every taint of a member has to be tolerated
        ({"key": "a"}, {"bom", "cdg", "del"}),
        ({"operator": "Exists"}, set()),
        ({"operator": "Exists", "effect": "NoSchedule"}, {"cdg"}),
    ],
)
def test_tolerations(toleration: dict[str, str], kept_away: set[str]) -> None:
    assert set(reasons({"tolerations": [toleration]})) == kept_away


def test_naming_a_member_does_not_tolerate_its_taints() -> None:
    assert reasons({"members": ["bom"]})["bom"] == "taint gpu=yes:NoSchedule is not tolerated"


def test_an_empty_list_places_nothing_anywhere() -> None:
    assert len(reasons({"members": []}, placed=("ams", "bom"))) == 4


PLACEMENTS: list[Any] = [
    None,
    {"members": ["cdg", "ams"]},
    {"region": "in", "tolerations": [{"operator": "Exists"}]},
    {"selector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, "exclude": ["ams"]},
]


@STEADY
@given(st.permutations(FLEET), st.sampled_from(PLACEMENTS), st.permutations(["bom", "del"]))
def test_the_order_of_the_fleet_changes_nothing(fleet: list[Cluster], spec: Any, placed: list[str]) -> None:
    placement = parse_placement(spec, "placement")
    expected = select(placement, FLEET, ["bom", "del"])
    found = select(placement, fleet, placed)
    assert list(found.items()) == list(expected.items())


def test_an_empty_fleet() -> None:
    assert select(parse_placement(None, "placement"), [], []) == {}


def test_a_decision_without_remark() -> None:
    assert select(parse_placement(None, "placement"), FLEET[:1], []) == {"ams": Decision("ams", True)}
