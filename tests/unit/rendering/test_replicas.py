# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who says how many replicas there are."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind, ObjectName
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.replicas import (
    AUTOSCALER,
    has_replicas,
    leaves_replicas,
    scaled_object,
    scaled_objects,
    without_replicas,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import (
    DEPLOYMENT,
    STEADY,
    autoscaler,
    config_map,
    deployment,
)


def test_what_an_autoscaler_scales() -> None:
    assert scaled_object(autoscaler(), "shop") == ObjectName(DEPLOYMENT, "shop", "web")
    core = autoscaler(scaleTargetRef={"apiVersion": "v1", "kind": "ReplicationController", "name": "web"})
    assert scaled_object(core, "shop") == ObjectName(GroupKind("", "ReplicationController"), "shop", "web")
    bare = autoscaler(scaleTargetRef={"kind": "ReplicationController", "name": "web"})
    assert scaled_object(bare, "shop") == scaled_object(core, "shop")


def test_the_version_of_a_target_does_not_matter() -> None:
    old = autoscaler(scaleTargetRef={"apiVersion": "apps/v1beta1", "kind": "Deployment", "name": "web"})
    assert scaled_object(old, "shop") == scaled_object(autoscaler(), "shop")


@pytest.mark.parametrize(
    "spec",
    [
        None,
        {},
        [],
        "x",
        5,
        ["x"],
        {"scaleTargetRef": None},
        {"scaleTargetRef": "x"},
        {"scaleTargetRef": ["x"]},
        {"scaleTargetRef": {"kind": "Deployment"}},
        {"scaleTargetRef": {"name": "web"}},
        {"scaleTargetRef": {"kind": "", "name": "web"}},
        {"scaleTargetRef": {"kind": ["x"], "name": {"a": "b"}}},
        {"scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": 5}},
    ],
)
def test_an_autoscaler_that_does_not_say(spec: Any) -> None:
    odd = {**autoscaler(), "spec": spec}
    assert scaled_object(odd, "shop") is None
    assert scaled_objects([odd, autoscaler("other")], "shop") == {ObjectName(DEPLOYMENT, "shop", "other")}


def test_autoscalers_among_manifests() -> None:
    elsewhere = autoscaler("far")
    elsewhere["metadata"]["namespace"] = "far"
    stranger = {**autoscaler("stranger"), "apiVersion": "acme.io/v1"}
    found = scaled_objects([deployment(), autoscaler(), config_map(), elsewhere, stranger], "shop")
    assert found == {ObjectName(DEPLOYMENT, "shop", "web"), ObjectName(DEPLOYMENT, "far", "far")}
    assert scaled_objects([], "shop") == frozenset()


@pytest.mark.parametrize("version", ["v1", "v2", "v2beta2"])
def test_every_version_of_an_autoscaler_is_one(version: str) -> None:
    older = {**autoscaler(), "apiVersion": f"{AUTOSCALER.group}/{version}"}
    assert scaled_objects([older], "shop")


LABEL = "resourcetemplate.karmada.io/retain-replicas"


@pytest.mark.parametrize(
    ("labels", "left"),
    [({LABEL: "true"}, True), ({LABEL: "false"}, False), ({LABEL: True}, False), ({}, False), (None, False)],
)
def test_karmadas_way_to_leave_them(labels: Any, left: bool) -> None:
    assert leaves_replicas({**deployment(), "metadata": {"name": "web", "labels": labels}}) is left
    assert not leaves_replicas(deployment())


@pytest.mark.parametrize(
    ("spec", "has"),
    [({"replicas": 0}, True), ({"replicas": 3}, True), ({"replicas": None}, False), ({}, False), (None, False)],
)
def test_a_number_of_replicas(spec: Any, has: bool) -> None:
    assert has_replicas({**deployment(), "spec": spec}) is has
    assert not has_replicas(config_map())
    assert not has_replicas({**deployment(), "spec": ["replicas"]})


@STEADY
@given(st.dictionaries(st.sampled_from(["replicas", "selector", "paused"]), st.integers(0, 9)))
def test_a_copy_without_them_shares_the_rest(spec: dict[str, int]) -> None:
    want = {**deployment(), "spec": spec}
    before = copy.deepcopy(want)
    found = without_replicas(want)
    assert not has_replicas(found)
    assert found == {**want, "spec": {key: value for key, value in spec.items() if key != "replicas"}}
    assert want == before
    assert found["metadata"] is want["metadata"]
