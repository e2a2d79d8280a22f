# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a member become its settings: defaults, what is kept, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import settings


def read(before: settings.MemberSettings | None = None, **options: Any) -> settings.MemberSettings:
    return settings.read({"name": "eu-1", **options}, before)


def test_a_new_member_gets_defaults() -> None:
    member = read()
    assert (member.region, member.zones, member.provider) == ("local", ["local-a"], "sandbox")
    assert [(node.name, node.zone, node.cpu) for node in member.nodes] == [
        ("eu-1-1", "local-a", "4"),
        ("eu-1-2", "local-a", "4"),
        ("eu-1-3", "local-a", "4"),
    ]


def test_nodes_go_to_the_zones_in_turn() -> None:
    member = read(zones=["a", "b"], node_count=3)
    assert [node.zone for node in member.nodes] == ["a", "b", "a"]


def test_what_is_not_said_stays() -> None:
    before = read(
        region="eu", zones=["eu-a", "eu-b"], provider="aws", node_count=2, node_cpu="8", labels={"tier": "prod"}
    )
    assert read(before) == before
    assert read(before, labels={}).labels == {}
    assert read(before, labels={}).nodes == before.nodes


def test_more_nodes_are_like_the_last_and_fewer_drop_the_last() -> None:
    before = read(node_count=2, node_cpu="8", node_memory="32Gi")
    assert [(node.cpu, node.memory) for node in read(before, node_count=3).nodes] == [("8", "32Gi")] * 3
    assert read(before, node_count=1).nodes == before.nodes[:1]
    assert read(before, node_count=0).nodes == []


def test_another_region_brings_its_own_zone() -> None:
    before = read(region="eu", zones=["eu-a", "eu-b"])
    member = read(before, region="us")
    assert member.zones == ["us-a"]
    assert {node.zone for node in member.nodes} == {"us-a"}


def test_listed_nodes_may_differ() -> None:
    big = {"name": "big", "cpu": "64", "taints": [{"key": "big", "value": None, "effect": "NoSchedule"}]}
    member = read(zones=["a"], nodes=[{"labels": {"disk": "ssd"}}, big])
    assert [(node.name, node.cpu, node.memory) for node in member.nodes] == [
        ("eu-1-1", "4", "16Gi"),
        ("big", "64", "16Gi"),
    ]
    assert member.nodes[0].labels == {"disk": "ssd"}
    assert member.nodes[1].taints == [{"key": "big", "effect": "NoSchedule"}]


def test_settings_survive_their_file() -> None:
    member = read(taints=[{"key": "k", "value": "v", "effect": "NoExecute"}], nodes=[{"labels": {"a": "b"}}])
    assert settings.MemberSettings.from_data(member.as_data()) == member


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"name": "Not A Name"}, "cannot be the name"),
        ({"name": "../up"}, "cannot be the name"),
        ({"zones": ["a", "a"]}, "twice"),
        ({"zones": ["a"], "nodes": [{"zone": "b"}]}, "zone b"),
        ({"nodes": [{"name": "n"}, {"name": "n"}]}, "same name"),
        ({"node_count": -1}, "node_count"),
        ({"taints": [{"key": "k", "effect": "Sometimes"}]}, "effect"),
    ],
)
def test_nonsense_is_refused(options: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        read(**options)
