# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which members a placement or an override speaks of."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.placement import (
    ANYWHERE,
    parse_placement,
    parse_where,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import member

FLEET = [
    member("ams", labels={"tier": "prod"}, region="eu", zone=["eu-1", "eu-2"], provider="aws"),
    member("bom", labels={"tier": "prod"}, region="in", zone="in-1", provider="gcp"),
    member("cdg", labels={"tier": "dev"}, region="eu", provider="aws"),
    member("dev"),
]


def chosen(spec: Any) -> str:
    """The first letters of the members that are meant."""
    where = parse_placement(spec, "placement").where
    return "".join(cluster.name[0] for cluster in FLEET if not where.why_not(cluster))


@pytest.mark.parametrize(
    ("spec", "members"),
    [
        (None, "abcd"),
        ({}, "abcd"),
        ({"selector": {}}, "abcd"),
        ({"selector": None, "members": None, "region": None}, "abcd"),
        ({"members": ["ams", "dev"]}, "ad"),
        ({"members": "ams"}, "a"),
        ({"members": []}, ""),
        ({"region": []}, ""),
        # names beat every condition, even one that says the opposite
        ({"members": ["dev"], "selector": {"matchLabels": {"tier": "prod"}}}, "d"),
        ({"members": [], "selector": {}}, ""),
        ({"members": ["dev"], "region": "eu"}, "d"),
        ({"selector": {"matchLabels": {"tier": "prod"}}}, "ab"),
        ({"region": "eu"}, "ac"),
        ({"region": ["eu", "in"]}, "abc"),
        ({"zone": "eu-2"}, "a"),
        ({"zone": ["in-1", "eu-1"]}, "ab"),
        ({"provider": "aws"}, "ac"),
        ({"provider": "aws", "selector": {"matchLabels": {"tier": "prod"}}}, "a"),
        # exclusions win over everything
        ({"exclude": ["ams"]}, "bcd"),
        ({"exclude": "ams"}, "bcd"),
        ({"exclude": []}, "abcd"),
        ({"members": ["ams", "bom"], "exclude": ["bom"]}, "a"),
        ({"members": ["ams"], "exclude": {"region": "eu"}}, ""),
        ({"exclude": {"selector": {"matchLabels": {"tier": "prod"}}}}, "cd"),
        ({"exclude": {"region": "eu", "exclude": ["cdg"]}}, "bcd"),
        ({"exclude": {"members": []}}, "abcd"),
    ],
)
def test_who_is_meant(spec: Any, members: str) -> None:
    assert chosen(spec) == members


@pytest.mark.parametrize(
    ("spec", "name", "reason"),
    [
        ({"members": ["bom"]}, "ams", "not in the list of members"),
        ({"exclude": ["ams"]}, "ams", "excluded"),
        ({"selector": {"matchLabels": {"tier": "dev"}}}, "ams", "labels do not match tier=dev"),
        ({"region": ["us", "in"]}, "ams", "region is eu, not us or in"),
        ({"region": "us"}, "dev", "region is none, not us"),
        ({"zone": "us-1"}, "ams", "zone is eu-1,eu-2, not us-1"),
        ({"provider": "gcp"}, "ams", "provider is aws, not gcp"),
        ({}, "ams", ""),
    ],
)
def test_the_reason_is_one_that_a_person_understands(spec: Any, name: str, reason: str) -> None:
    cluster = next(cluster for cluster in FLEET if cluster.name == name)
    assert parse_where(spec, "where").why_not(cluster) == reason


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"cluster": ["ams"]}, "placement has no option 'cluster'; there are members, selector"),
        ({"Members": ["ams"]}, "placement has no option 'Members'"),
        ([], "placement must be a mapping, not a list"),
        ("ams", "placement must be a mapping, not text"),
        ({"members": [1]}, "placement.members must be text.*quote it"),
        ({"members": {"ams": {}}}, "placement.members must be a list"),
        ({"region": 5}, "placement.region must be"),
        ({"exclude": {}}, "exclude says nothing, which would mean every member"),
        ({"exclude": {"selector": {}}}, "exclude says nothing"),
        ({"exclude": {"cluster": "x"}}, "placement.exclude has no option 'cluster'"),
        ({"exclude": {"tolerations": []}}, "placement.exclude has no option 'tolerations'"),
        ({"exclude": 5}, "placement.exclude must be a mapping"),
        ({"selector": "tier=prod"}, "placement.selector must be a mapping"),
        ({"tolerations": {"key": "x"}}, "placement.tolerations must be a list"),
        ({"tolerations": [{"key": "x", "operator": "Is"}]}, r"placement.tolerations\[0\]: operator 'Is'"),
    ],
)
def test_a_bad_placement_is_refused_with_its_place(spec: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_placement(spec, "placement")


def test_a_condition_takes_no_tolerations() -> None:
    with pytest.raises(ConfigError, match="where has no option 'tolerations'"):
        parse_where({"tolerations": []}, "where")


def test_nothing_said_is_anywhere() -> None:
    assert parse_placement(None, "placement") == parse_placement({}, "placement") == ANYWHERE


def test_reading_leaves_the_input_as_it_was() -> None:
    spec = {"members": ["ams"], "tolerations": [{"operator": "Exists"}]}
    parse_placement(spec, "placement")
    assert spec == {"members": ["ams"], "tolerations": [{"operator": "Exists"}]}


@pytest.mark.parametrize(
    ("spec", "specificity"),
    [
        ({}, 0),
        ({"selector": {}}, 0),
        ({"selector": {"matchLabels": {"a": "b"}}}, 1),
        ({"region": "eu"}, 1),
        ({"zone": "eu-1"}, 1),
        ({"provider": "aws"}, 1),
        ({"exclude": ["ams"]}, 1),
        ({"members": ["ams"]}, 2),
        ({"members": []}, 2),
        ({"members": ["ams"], "region": "eu"}, 2),
    ],
)
def test_specificity(spec: Any, specificity: int) -> None:
    assert parse_where(spec, "where").specificity() == specificity


def test_every_name_in_a_condition_is_found() -> None:
    where = parse_where({"members": ["a", "b"], "exclude": {"members": ["c"], "exclude": ["d"]}}, "where")
    assert where.names() == {"a", "b", "c", "d"}
