# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real API server takes whatever the native engine makes of an instance that it accepts."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import kubernetes
import pytest
import yaml
from hypothesis import given

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import BOTH, EXPOSED
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Kube
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import FEW, Sample, samples
from ansible_collections.multicluster.federation.tests.unit.kubedirector.operators import OF_OPERATOR, built
from ansible_collections.multicluster.federation.tests.unit.kubedirector.shipped import SHIPPED, shipped

pytestmark = pytest.mark.integration

Manifest = dict[str, Any]


def made_of(manifest: Manifest) -> Iterator[Manifest]:
    """An object, and what the StatefulSet controller makes of one: a server looks more closely at these than at templates."""
    yield manifest
    if manifest["kind"] != "StatefulSet":
        return
    name, namespace, spec = manifest["metadata"]["name"], manifest["metadata"]["namespace"], manifest["spec"]
    pod: Manifest = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(spec["template"])}
    pod["metadata"].update(name=f"{name}-0", namespace=namespace)
    for claim in spec.get("volumeClaimTemplates", []):
        full = {"name": f"{claim['metadata']['name']}-{name}-0", "namespace": namespace}
        yield {**claim, "metadata": full}
        volume = {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": full["name"]}}
        pod["spec"].setdefault("volumes", []).append(volume)
    yield pod


def complaint(client: Kube, manifest: Manifest) -> str:
    """What an API server has to say against an object, applied as the federation applies it, but for a dry run; "" for nothing."""
    api = client.api(manifest["apiVersion"], manifest["kind"])
    name, namespace = manifest["metadata"]["name"], manifest["metadata"]["namespace"]
    try:
        client.client.server_side_apply(
            api,
            body=yaml.safe_dump(manifest, allow_unicode=True),
            name=name,
            namespace=namespace,
            field_manager="tests",
            force_conflicts=True,
            dry_run="All",
            query_params=[("fieldValidation", "Strict")],
        )
    except kubernetes.dynamic.exceptions.DynamicApiError as error:
        return f"{manifest['kind']} {name}: {json.loads(error.body)['message']}"
    return ""


def complaints(client: Kube, manifests: list[Manifest]) -> list[str]:
    found = [complaint(client, part) for manifest in manifests for part in made_of(manifest)]
    return [text for text in found if text]


def test_random_instances_are_taken(kube: dict[str, Kube]) -> None:
    client, kinds = kube[MEMBERS[0]], set[str]()

    @FEW
    @given(samples())
    def check(sample: Sample) -> None:
        made = render(sample.instance())
        kinds.update(manifest["kind"] for manifest in made)
        assert complaints(client, made) == []

    check()
    assert kinds == {"ConfigMap", "PodDisruptionBudget", "Secret", "Service", "StatefulSet"}


@pytest.mark.parametrize("expose", EXPOSED)
@pytest.mark.parametrize("name", OF_OPERATOR)
def test_instances_of_the_operator_are_taken(kube: dict[str, Kube], name: str, expose: str) -> None:
    assert complaints(kube[MEMBERS[0]], render(built(name, expose=expose))) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_instances_of_what_is_shipped_are_taken(kube: dict[str, Kube], name: str) -> None:
    assert complaints(kube[MEMBERS[0]], render(shipped(name, 2, expose=BOTH).instance())) == []


def test_what_is_wrong_is_seen(kube: dict[str, Kube]) -> None:
    client = kube[MEMBERS[0]]
    made = render(built("cr-cluster-qwen2-test"))
    assert complaints(client, made) == []
    broken = copy.deepcopy(made)
    for manifest in broken:
        if manifest["kind"] == "StatefulSet":
            manifest["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": 5}]
        if manifest["kind"] == "Service":
            manifest["spec"]["sort"] = "none"
    found = complaints(client, broken)
    assert len([text for text in found if ".spec.sort" in text]) == 2
    assert len([text for text in found if text.startswith(("StatefulSet ", "Pod "))]) == 2
    assert not client.get("apps/v1", "StatefulSet", "qwen2-test-cluster-inference-server", "default")
