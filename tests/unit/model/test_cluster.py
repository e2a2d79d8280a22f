# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members, taints and tolerations."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import (
    Cluster,
    Taint,
    Toleration,
    build_fleet,
    parse_cluster,
    parse_taint,
    parse_toleration,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError


@pytest.mark.parametrize(
    ("raw", "taint"),
    [
        ("gpu=yes:NoSchedule", Taint("gpu", "yes", "NoSchedule")),
        ("gpu:NoExecute", Taint("gpu", "", "NoExecute")),
        ("gpu=:NoExecute", Taint("gpu", "", "NoExecute")),
        ("example.com/gpu=a100:NoSchedule", Taint("example.com/gpu", "a100", "NoSchedule")),
        ({"key": "gpu", "value": "yes", "effect": "NoSchedule"}, Taint("gpu", "yes", "NoSchedule")),
        ({"key": "gpu", "value": None, "effect": "NoExecute"}, Taint("gpu", "", "NoExecute")),
    ],
)
def test_taints_in_both_forms(raw: Any, taint: Taint) -> None:
    assert parse_taint(raw, "taint") == taint


@pytest.mark.parametrize("text", ["gpu=yes:NoSchedule", "gpu:NoExecute"])
def test_a_taint_reads_as_kubectl_writes_it(text: str) -> None:
    assert str(parse_taint(text, "taint")) == text


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("gpu", "not of the form key=value:Effect"),
        ("", "not of the form key=value:Effect"),
        (":NoSchedule", "not of the form key=value:Effect"),
        ("=yes:NoSchedule", "no"),
        ("gpu=yes:PreferNoSchedule", "effect 'PreferNoSchedule' is not one of NoSchedule, NoExecute"),
        ("gpu=yes:", "effect '' is not one of"),
        ({"key": "gpu"}, "effect '' is not one of"),
        ({"value": "x", "effect": "NoSchedule"}, "has no key"),
        ({"key": "gpu", "efect": "NoSchedule"}, "has no option 'efect'"),
        ({"key": "gpu", "value": 1, "effect": "NoSchedule"}, "quote it, or use `| string`"),
        ({"key": "gpu", "value": 0, "effect": "NoSchedule"}, "quote it, or use `| string`"),
        ({"key": "gpu", "value": False, "effect": "NoSchedule"}, "quote it, or use `| string`"),
        (5, "must be a mapping, not a number"),
    ],
)
def test_a_bad_taint_is_refused(raw: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_taint(raw, "taint")


GPU = Taint("gpu", "yes", "NoSchedule")


@pytest.mark.parametrize(
    ("toleration", "taint", "tolerated"),
    [
        (Toleration("gpu", "Equal", "yes", "NoSchedule"), GPU, True),
        (Toleration("gpu", "Equal", "yes"), GPU, True),
        (Toleration("gpu", "Equal", "yes", "NoExecute"), GPU, False),
        (Toleration("gpu", "Equal", "no"), GPU, False),
        (Toleration("gpu", "Equal", ""), GPU, False),
        (Toleration("gpu", "Equal", ""), Taint("gpu", "", "NoSchedule"), True),
        (Toleration("cpu", "Equal", "yes"), GPU, False),
        (Toleration("gpu", "Exists"), GPU, True),
        (Toleration("gpu", "Exists", "", "NoExecute"), GPU, False),
        (Toleration("cpu", "Exists"), GPU, False),
        (Toleration("", "Exists"), GPU, True),
        (Toleration("", "Exists", "", "NoSchedule"), GPU, True),
        (Toleration("", "Exists", "", "NoExecute"), GPU, False),
        (Toleration(), Taint("gpu", "", "NoSchedule"), False),
    ],
)
def test_tolerations_mean_what_they_mean_for_pods(toleration: Toleration, taint: Taint, tolerated: bool) -> None:
    assert toleration.tolerates(taint) is tolerated


@pytest.mark.parametrize(
    ("raw", "toleration"),
    [
        ({"operator": "Exists"}, Toleration("", "Exists")),
        ({"key": "gpu", "value": "yes"}, Toleration("gpu", "Equal", "yes")),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, Toleration("gpu", "Exists", "", "NoExecute")),
    ],
)
def test_a_toleration_is_read(raw: Any, toleration: Toleration) -> None:
    assert parse_toleration(raw, "toleration") == toleration


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "has no key"),
        ({"value": "yes"}, "has no key"),
        ({"key": "gpu", "operator": "Exists", "value": "yes"}, "takes no value"),
        ({"key": "gpu", "operator": "exists"}, "operator 'exists' is not one of Equal, Exists"),
        ({"key": "gpu", "effect": "Never"}, "effect 'Never' is not one of"),
        ({"key": "gpu", "tolerationSeconds": -5}, "tolerationSeconds"),
        ({"key": "gpu", "seconds": 5}, "has no option .seconds."),
        ({"key": "gpu", "value": 5}, "quote it"),
        ({"key": "gpu", "value": 0}, "quote it"),
        ("gpu", "must be a mapping, not text"),
    ],
)
def test_a_bad_toleration_is_refused(raw: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_toleration(raw, "toleration")


def test_a_member_is_read_from_its_facts() -> None:
    facts = {"labels": {"tier": "prod"}, "region": "eu", "zone": ["a", "b"], "taints": ["gpu:NoSchedule"]}
    found = parse_cluster("one", facts, {"host": "https://x"})
    assert found == Cluster("one", {"tier": "prod"}, "eu", ("a", "b"), "", (Taint("gpu", "", "NoSchedule"),))
    assert parse_cluster("one", {"zone": "a"}, {}).zones == ("a",)
    assert parse_cluster("one", {}, {}) == Cluster("one")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"labels": {"tier": 1}}, "one: labels.tier must be text.*quote it"),
        ({"labels": ["tier"]}, "one: labels must be a mapping, not a list"),
        ({"region": 1}, "one: region must be text.*quote it"),
        ({"region": 0}, "one: region must be text.*quote it"),
        ({"provider": ["aws"]}, "one: provider must be text"),
        ({"zone": [1]}, "one: zone must be text.*quote it"),
        # zones of Azure are numbers: this is the mistake that people make
        ({"zone": 1}, "one: zone must be text.*quote it"),
        ({"taints": "gpu:NoSchedule"}, "one: taints must be a list, not text"),
        ({"taints": ["gpu"]}, r"one: taints\[0\] 'gpu' is not of the form"),
    ],
)
def test_bad_facts_are_refused_with_the_name_of_the_member(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_cluster("one", facts, {})


def test_a_member_never_shows_its_connection() -> None:
    found = parse_cluster("one", {}, {"api_key": "hunter2", "password": "hunter2"})
    assert "hunter2" not in repr(found)
    assert "hunter2" not in repr(build_fleet("acme", [found]))


def test_a_fleet_is_ordered_by_name() -> None:
    fleet = build_fleet("acme", [Cluster("b"), Cluster("a")])
    assert list(fleet.members) == ["a", "b"]
    assert fleet.in_play == {"a", "b"}


def test_only_members_are_in_play() -> None:
    members = [Cluster("a"), Cluster("b")]
    assert build_fleet("acme", members, ["b", "stranger"]).in_play == {"b"}
    assert build_fleet("acme", members, []).in_play == set()


@pytest.mark.parametrize(
    ("federation", "members", "message"),
    [
        ("acme", [], "the fleet has no members"),
        ("acme", [Cluster("a"), Cluster("a")], "the member a is given twice"),
        ("Acme", [Cluster("a")], "federation name 'Acme' is not valid"),
    ],
)
def test_a_fleet_that_cannot_be(federation: str, members: list[Cluster], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_fleet(federation, members)
