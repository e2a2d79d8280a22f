# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Label selectors mean what they mean in Kubernetes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.selector import EVERYTHING, parse_selector


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"key": key, "operator": operator}
    return {"matchExpressions": [{**entry, "values": list(values)} if values else entry]}


@pytest.mark.parametrize(
    ("spec", "labels", "matches"),
    [
        ({}, {}, True),
        ({}, {"tier": "prod"}, True),
        ({"matchLabels": None, "matchExpressions": None}, {"tier": "prod"}, True),
        ({"matchLabels": {"tier": "prod"}}, {"tier": "prod", "x": "y"}, True),
        ({"matchLabels": {"tier": "prod"}}, {"tier": "dev"}, False),
        ({"matchLabels": {"tier": "prod"}}, {}, False),
        ({"matchLabels": {"tier": ""}}, {"tier": ""}, True),
        ({"matchLabels": {"tier": ""}}, {}, False),
        ({"matchLabels": {"tier": "prod", "gpu": "yes"}}, {"tier": "prod"}, False),
        (expression("tier", "In", "prod", "stage"), {"tier": "stage"}, True),
        (expression("tier", "In", "prod", "stage"), {"tier": "dev"}, False),
        (expression("tier", "In", "prod"), {}, False),
        (expression("tier", "NotIn", "prod"), {"tier": "dev"}, True),
        (expression("tier", "NotIn", "prod"), {"tier": "prod"}, False),
        # Kubernetes: a label that is not there is not in any list
        (expression("tier", "NotIn", "prod"), {}, True),
        (expression("tier", "Exists"), {"tier": ""}, True),
        (expression("tier", "Exists"), {"other": "x"}, False),
        (expression("tier", "DoesNotExist"), {}, True),
        (expression("tier", "DoesNotExist"), {"tier": ""}, False),
        ({"matchLabels": {"a": "1"}, **expression("b", "Exists")}, {"a": "1"}, False),
        ({"matchLabels": {"a": "1"}, **expression("b", "Exists")}, {"a": "1", "b": "2"}, True),
    ],
)
def test_what_a_selector_matches(spec: dict[str, Any], labels: dict[str, str], matches: bool) -> None:
    assert parse_selector(spec, "selector").matches(labels) is matches


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (None, "selector must be a mapping, not nothing"),
        ([], "selector must be a mapping, not a list"),
        ("tier=prod", "selector must be a mapping, not text"),
        ({"tier": "prod"}, "selector has no option 'tier'; there are matchLabels, matchExpressions"),
        ({"matchLabels": {"tier": 5}}, "selector.matchLabels.tier must be text"),
        ({"matchLabels": {"tier": True}}, "selector.matchLabels.tier must be text"),
        ({"matchLabels": {"tier": None}}, "selector.matchLabels.tier must be text"),
        ({"matchLabels": {5: "x"}}, "the key 5 is a number"),
        ({"matchLabels": ["tier"]}, "selector.matchLabels must be a mapping"),
        ({"matchExpressions": {"key": "x"}}, "selector.matchExpressions must be a list"),
        ({"matchExpressions": ["x"]}, r"selector.matchExpressions\[0\] must be a mapping"),
        (expression("tier", "Is", "prod"), "operator 'Is' is not one of In, NotIn, Exists, DoesNotExist"),
        (expression("tier", "in", "prod"), "operator 'in' is not one of"),
        ({"matchExpressions": [{"key": "tier"}]}, "operator None is not one of"),
        (expression("tier", "In"), "operator In needs values"),
        (expression("tier", "NotIn"), "operator NotIn needs values"),
        (expression("tier", "Exists", "x"), "operator Exists takes no values"),
        (expression("tier", "DoesNotExist", "x"), "operator DoesNotExist takes no values"),
        ({"matchExpressions": [{"operator": "Exists"}]}, "key must be text"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": [1]}]}, "quote it, or use `| string`"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": "x"}]}, "values must be a list"),
        ({"matchExpressions": [{"key": "a", "op": "In"}]}, "has no option 'op'"),
    ],
)
def test_a_bad_selector_is_refused_with_its_place(spec: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_selector(spec, "selector")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, "{}"),
        ({"matchLabels": {"tier": "prod"}}, "tier=prod"),
        (expression("tier", "In", "a", "b"), "tier in (a,b)"),
        (expression("tier", "NotIn", "a"), "tier notin (a)"),
        ({"matchExpressions": [{"key": "x", "operator": "Exists"}, {"key": "y", "operator": "DoesNotExist"}]}, "x,!y"),
    ],
)
def test_a_selector_reads_like_one_of_kubectl(spec: dict[str, Any], text: str) -> None:
    assert str(parse_selector(spec, "selector")) == text


def test_the_empty_selector_is_everything() -> None:
    assert parse_selector({}, "selector") == EVERYTHING
