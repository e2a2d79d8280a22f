# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances: what is refused, what is remembered of them, and that nothing is lost by it but the values of secrets."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import (
    Definition,
    parse_definition,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Faulty
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    Remembered,
    build_instance,
    dump_instance,
    load_instance,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import (
    FEW,
    RUNTIME_KIND,
    Sample,
    samples,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    HUSH,
    app_manifest,
    cluster_manifest,
    role,
)

RUNTIME = {
    **RUNTIME_KIND,
    "metadata": {"name": "va"},
    "spec": {"parameters": [{"name": "depth", "type": "integer", "default": 3}]},
}
PLAIN: Definition = parse_definition([app_manifest(), RUNTIME], "here")
PACKAGE = {"packageURL": "file:///opt/va.tgz"}


def keyed(*keys: Mapping[str, Any]) -> dict[str, Any]:
    """An instance with these secret keys in one role."""
    return cluster_manifest(
        roles=[role("r1", secretKeys=[dict(key) for key in keys]), role("r2", storage={"size": "5Gi"})]
    )


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"images": {"zz": "x"}}, "images.zz: the app has no such role; there are r1, r2, r3"),
        ({"images": {"r1": ""}}, "images.r1: must not be empty"),
        ({"images": {"r1": 5}}, "images.r1: must be text, not a number (5): quote it"),
        ({"images": "x"}, "images: must be a mapping, not text"),
        ({"retain": "yes"}, "retain: must be true or false, not text ('yes')"),
        ({"expose": "node"}, "expose: must be one of role, pod, both, not 'node'"),
        ({"data": 1}, "data: must be text, not a number (1): quote it"),
        ({"parameters": ["depth"]}, "parameters: must be a mapping, not a list"),
        ({"parameters": {"width": 1}}, "parameters.width: is unknown; there are depth"),
        ({"parameters": {"depth": "deep"}}, "parameters.depth: must be a whole number, not text"),
        ({"exposed": "pod"}, "exposed: unknown field 'exposed': did you mean 'expose'?"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(Faulty) as caught:
        build_instance(cluster_manifest(), PLAIN, options)
    assert caught.value.message == f"KubeDirectorCluster vc: {fault}"


def test_all_faults_of_options_are_told_together() -> None:
    with pytest.raises(Faulty) as caught:
        build_instance(cluster_manifest(), PLAIN, {"images": {"zz": ""}, "expose": "x"})
    assert {fault.path for fault in caught.value.faults} == {"images.zz", "expose"}
    assert len(caught.value.faults) == 3


def test_an_instance_has_all_options() -> None:
    bare = build_instance(cluster_manifest(), PLAIN, {})
    assert (bare.images, bare.retain, bare.expose, bare.data, bare.parameters) == ({}, False, "role", "", {"depth": 3})
    assert bare.image("r1") == "example.com/va:1"
    assert bare.image("zz") == ""
    given_all = {
        "images": {"r1": "m/va:2"},
        "retain": True,
        "expose": "both",
        "data": "none",
        "parameters": {"depth": "7"},
    }
    full = build_instance(cluster_manifest(), PLAIN, given_all)
    assert (full.image("r1"), full.image("r2")) == ("m/va:2", "example.com/va:1")
    assert (full.retain, full.expose, full.data, full.parameters) == (True, "both", "none", {"depth": 7})
    nulls = dict.fromkeys(given_all)
    assert build_instance(cluster_manifest(), PLAIN, nulls) == bare


def test_the_namespace_of_an_instance_that_names_none() -> None:
    manifest = cluster_manifest()
    del manifest["metadata"]["namespace"]
    assert build_instance(manifest, PLAIN, {}).namespace == "default"


def test_instances_get_no_public_address_unless_they_ask_for_one() -> None:
    assert build_instance(cluster_manifest(), PLAIN, {}).cluster.service_type == "ClusterIP"
    asked = build_instance(cluster_manifest(serviceType="NodePort"), PLAIN, {})
    assert asked.cluster.service_type == "NodePort"


def told_again(found: Remembered, written: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered, with the values of secret keys as they were written."""
    manifest: dict[str, Any] = copy.deepcopy(dict(found.manifest))
    for entry, first in zip(manifest["spec"]["roles"], written["spec"]["roles"], strict=True):
        assert [key["name"] for key in entry.get("secretKeys", [])] == [k["name"] for k in first.get("secretKeys", [])]
        if "secretKeys" in entry:
            entry["secretKeys"] = first["secretKeys"]
    return manifest


@FEW
@given(samples())
def test_what_is_remembered_makes_the_same_objects(sample: Sample) -> None:
    instance = sample.instance()
    text = json.dumps(dump_instance(instance), sort_keys=True)
    assert HUSH not in text
    found = load_instance(json.loads(text), "here")
    again = build_instance(told_again(found, sample.manifest), found.definition, found.options)
    made = render(instance)
    assert render(again) == made
    assert dump_instance(again) == dump_instance(instance) == json.loads(text)
    assert json.loads(made[-1]["data"]["instance"]) == json.loads(text)
    assert [m for m in made if HUSH in json.dumps(m) and m["kind"] != "Secret"] == []


def test_values_of_secret_keys_are_in_secrets_and_nowhere_else() -> None:
    instance = build_instance(keyed({"name": "k", "value": HUSH}), PLAIN, {})
    assert [m["metadata"]["name"] for m in render(instance) if HUSH in json.dumps(m)] == ["vc-r1-keys"]
    assert HUSH not in repr(instance)
    found = load_instance(dump_instance(instance), "here")
    assert found.manifest["spec"]["roles"][0]["secretKeys"] == [{"name": "k"}]


def test_what_is_remembered_renders_without_the_values() -> None:
    full = build_instance(keyed({"name": "k", "value": HUSH}), PLAIN, {})
    found = load_instance(dump_instance(full), "here")
    again = render(build_instance(found.manifest, found.definition, found.options))
    wanted = render(full)
    for manifest in wanted:
        if manifest["metadata"]["name"] == "vc-r1-keys":
            del manifest["stringData"]
    assert again == wanted


WHOLE: dict[str, Any] = dump_instance(build_instance(cluster_manifest(), PLAIN, {}))


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {**WHOLE, "definition": None},
        {**WHOLE, "definition": []},
        {**WHOLE, "cluster": None},
        {**WHOLE, "cluster": {"spec": {}}},
        {**WHOLE, "options": None},
        {**WHOLE, "options": "text"},
        {**WHOLE, "options": ["text"]},
        {key: value for key, value in WHOLE.items() if key != "options"},
    ],
)
def test_damaged_memory_is_named(body: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        load_instance(body, "resource x")
    assert str(caught.value) == "what resource x remembers of the instance is damaged (give it as a whole again)"


def test_a_damaged_definition_in_memory_is_named() -> None:
    app = {**WHOLE["definition"]["app"], "spec": {}}
    with pytest.raises(ConfigError, match=r"^resource x: KubeDirectorApp va has \d+ faults:\n- spec.label: is missing"):
        load_instance({**WHOLE, "definition": {"app": app}}, "resource x")
