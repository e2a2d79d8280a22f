# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading overrides: what they may say, and how mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.override import (
    ImageChange,
    PatchOperation,
    Target,
    parse_override,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import config_map, deployment


def test_every_part_of_an_override() -> None:
    found = parse_override(
        {
            "where": {"region": "cn"},
            "target": {"kind": "Deployment", "name": ["web", "api"]},
            "image": {"registry": "registry.cn", "tag": "2", "container": "web"},
            "env": {"LANG": "zh"},
            "replicas": 3,
            "labels": {"a": "b"},
            "annotations": {"c": "d"},
            "patch": [{"op": "remove", "path": "/spec/paused"}, {"path": "/spec/replicas", "value": 1}],
        },
        4,
        2,
    )
    assert str(found) == "overrides[4]"
    assert found.where.region == ("cn",)
    assert found.target == Target(("Deployment",), ("web", "api"))
    assert found.image == ImageChange("registry.cn", None, "2", ("web",))
    assert (found.env, found.replicas, found.labels, found.annotations) == ({"LANG": "zh"}, 3, {"a": "b"}, {"c": "d"})
    assert found.patch == (PatchOperation("remove", "/spec/paused"), PatchOperation("replace", "/spec/replicas", 1))


def patched(**operation: Any) -> dict[str, Any]:
    return {"patch": [operation]}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, r"overrides\[1\] changes nothing: give one of image, env"),
        ({"where": {"region": "eu"}}, "changes nothing"),
        ({"patch": None}, "changes nothing"),
        ({"imgae": {}}, "has no option 'imgae'; there are where, target, image"),
        ([], "must be a mapping, not a list"),
        ({"image": {}}, "overrides.*image changes nothing: give registry, repository or tag"),
        ({"image": {"container": "web"}}, "image changes nothing"),
        ({"image": "nginx:2"}, "image must be a mapping, not text"),
        ({"image": {"tag": 1.25}}, "image.tag must be text.*1.25.*quote it, or use `| string`"),
        ({"image": {"name": "x"}}, "image has no option 'name'"),
        ({"env": {"A": 1}}, r"overrides\[1\].env.A must be text.*quote it"),
        ({"env": {"A": True}}, "env.A must be text.*quote it"),
        ({"env": [{"name": "A", "value": "1"}]}, "env must be a mapping, not a list"),
        ({"labels": {"a": 1}}, "labels.a must be text.*quote it"),
        ({"annotations": {"a": None}}, "annotations.a must be text"),
        ({"replicas": -1}, "replicas must be a whole number, 0 or more"),
        ({"replicas": 1.5}, "replicas must be a whole number"),
        ({"replicas": True}, "replicas must be a whole number"),
        ({"replicas": "many"}, "replicas must be a whole number"),
        ({"patch": {"op": "add"}}, "patch must be a list, not a mapping"),
        (patched(op="merge", path="/a", value=1), r"overrides\[1\].patch\[0\].op 'merge' is not one of add"),
        (patched(op="add", value=1), "path must be text"),
        (patched(op="add", path="spec/replicas", value=1), "'spec/replicas' is not a JSON pointer; it starts with '/'"),
        (patched(op="move", path="/a", **{"from": "b"}), "'b' is not a JSON pointer"),
        (patched(op="add", path="/a"), "op add needs a value"),
        (patched(op="replace", path="/a"), "op replace needs a value"),
        (patched(op="test", path="/a"), "op test needs a value"),
        (patched(op="move", path="/a"), "op move needs 'from'"),
        (patched(op="copy", path="/a"), "op copy needs 'from'"),
        (patched(op="add", path="/a", value=1, form="/b"), "has no option 'form'"),
        ({"replicas": 1, "target": {"kinds": "Deployment"}}, "target has no option 'kinds'"),
        ({"replicas": 1, "target": {"kind": 5}}, "target.kind must be"),
        ({"replicas": 1, "where": {"cluster": "a"}}, r"overrides\[1\].where has no option 'cluster'"),
        # [] is "none" elsewhere: it must not become "everybody" here
        ({"replicas": 1, "where": []}, r"overrides\[1\].where must be a mapping, not a list"),
        ({"replicas": 1, "target": []}, r"overrides\[1\].target must be a mapping, not a list"),
    ],
)
def test_a_bad_override_is_refused_with_its_place(raw: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_override(raw, 1, 1)


def test_a_patch_without_a_target_is_refused_when_there_are_several_objects() -> None:
    raw = patched(op="add", path="/a", value=1)
    assert parse_override(raw, 0, 1).patch
    with pytest.raises(ConfigError, match="a patch needs a target, since the resource has 2 objects") as caught:
        parse_override(raw, 0, 2)
    assert "target: {kind: Deployment" in caught.value.hint
    assert parse_override({**raw, "target": {}}, 0, 2).target == Target()


def test_a_null_value_is_a_value() -> None:
    assert parse_override(patched(op="add", path="/a", value=None), 0, 1).patch == (PatchOperation("add", "/a", None),)


def test_replicas_out_of_a_survey_are_text() -> None:
    assert parse_override({"replicas": "3"}, 0, 1).replicas == 3
    assert parse_override({"replicas": 0}, 0, 1).replicas == 0


@pytest.mark.parametrize(
    ("target", "matches"),
    [
        (Target(), True),
        (Target(kinds=("Deployment",)), True),
        (Target(kinds=("ConfigMap",)), False),
        (Target(names=("web",)), True),
        (Target(names=("api",)), False),
        (Target(("Deployment",), ("api",)), False),
        (Target(kinds=()), False),
    ],
)
def test_targets(target: Target, matches: bool) -> None:
    assert target.matches(deployment("web")) is matches
    assert Target(kinds=("ConfigMap",)).matches(config_map("web"))
