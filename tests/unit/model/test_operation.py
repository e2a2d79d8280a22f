# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What operators say of members."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster, Taint
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.operation import Operation, parse_operation
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import MemberEntry

NOW, THEN = "2026-11-23T12:00:00Z", "2026-11-01T00:00:00Z"
OLD = MemberEntry(
    "k", labels={"tier": "prod"}, taints=(Taint("a", "1", "NoSchedule", THEN), Taint("a", "1", "NoExecute", THEN))
)


def on(**options: Any) -> MemberEntry:
    return parse_operation(options).on(OLD, NOW)


def shown(entry: MemberEntry) -> list[str]:
    return [f"{taint} {taint.since}" for taint in entry.taints]


def test_nothing_said_changes_nothing() -> None:
    assert not parse_operation({}).asks
    assert on() == OLD
    assert Operation().words(OLD, OLD) == []


def test_a_taint_that_is_there_keeps_its_time_and_a_new_value_takes_its_place() -> None:
    assert on(taints=["a=1:NoExecute"]) == OLD
    changed = on(taints=[{"key": "a", "value": "2", "effect": "NoExecute"}, "b:NoSchedule"])
    assert shown(changed) == [f"a=1:NoSchedule {THEN}", f"a=2:NoExecute {NOW}", f"b:NoSchedule {NOW}"]
    assert Operation().words(OLD, changed) == ["taint a=2:NoExecute", "taint b:NoSchedule"]


@pytest.mark.parametrize(
    ("untaint", "left"),
    [
        ("a", []),
        ("a:NoExecute", ["a=1:NoSchedule"]),
        ("a=1", []),
        ("a=2", ["a=1:NoSchedule", "a=1:NoExecute"]),
        ({"key": "a", "value": "1", "effect": "NoSchedule"}, ["a=1:NoExecute"]),
        ("b", ["a=1:NoSchedule", "a=1:NoExecute"]),
    ],
)
def test_taints_go_by_what_is_named_of_them(untaint: Any, left: list[str]) -> None:
    after = on(remove_taints=[untaint])
    assert [str(taint) for taint in after.taints] == left
    assert len(Operation().words(OLD, after)) == 2 - len(left)


def test_labels_and_cordons() -> None:
    after = on(labels={"tier": None, "team": "a", "none": None}, cordon=True)
    assert (after.labels, after.cordoned) == ({"team": "a"}, NOW)
    assert Operation().words(OLD, after) == ["label team=a", "label tier removed", "cordoned"]
    later = parse_operation({"cordon": True}).on(after, "later")
    assert later == after
    open_again = parse_operation({"cordon": False}).on(after, "later")
    assert open_again.cordoned == ""
    assert Operation().words(after, open_again) == ["uncordoned"]


def test_what_the_inventory_says_is_out_of_reach() -> None:
    cluster = Cluster("m", {"tier": "prod"}, taints=(Taint("a", "", "NoSchedule"),))
    operation = parse_operation({"remove_taints": ["a"], "labels": {"tier": None, "other": None}})
    assert operation.out_of_reach(cluster) == ["taint a:NoSchedule", "label tier"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"taints": ["a"]}, r"taints\[0\] 'a' is not of the form"),
        ({"remove_taints": ["=x"]}, r"remove_taints\[0\] '=x' is not of the form"),
        ({"remove_taints": ["a:Never"]}, "effect 'Never' is not one of"),
        ({"cordon": "yes"}, "cordon must be true or false"),
        ({"labels": {"a": ["b"]}}, "labels.a must be"),
    ],
)
def test_wishes_that_cannot_be_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_operation(options)
