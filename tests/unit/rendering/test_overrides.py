# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Template + overrides -> the manifest of one member."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.dialects.documents import (
    read_manifests,
    read_text,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.override import Override, parse_override
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import Resource, parse_resource
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.overrides import (
    is_scalable,
    overrides_for,
    refuse_idle,
    render,
)
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.patch import PatchError
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY, config_map, deployment, member

AMS = member("ams", region="eu", labels={"tier": "prod"})


def override(position: int = 0, **raw: Any) -> Override:
    return parse_override(raw, position, 1)


def rendered(manifest: dict[str, Any], *raw: dict[str, Any], strict: bool = True) -> dict[str, Any]:
    """The manifest with these overrides; the template must not change, and nothing is skipped."""
    before = copy.deepcopy(manifest)
    result, skipped = render(manifest, [override(i, **o) for i, o in enumerate(raw)], strict)
    assert manifest == before
    assert skipped == []
    return result


def resource(*overrides: dict[str, Any], manifests: list[dict[str, Any]] | None = None) -> Resource:
    return parse_resource({"name": "shop", "overrides": list(overrides)}, manifests or [deployment()])


def container(manifest: dict[str, Any], position: int = 0, sort: str = "containers") -> dict[str, Any]:
    found: dict[str, Any] = manifest["spec"]["template"]["spec"][sort][position]
    return found


def test_the_most_specific_comes_last_and_the_list_breaks_ties() -> None:
    wheres: list[dict[str, Any]] = [
        {"members": ["ams"]},
        {"region": "eu"},
        {},
        {"selector": {"matchLabels": {"tier": "prod"}}},
        {"members": ["ams", "bom"]},
        {"selector": {}},
        {"members": ["bom"]},
        {"region": "us"},
    ]
    found = overrides_for(resource(*({"where": where, "replicas": 1} for where in wheres)), AMS)
    assert [o.position for o in found] == [2, 5, 1, 3, 0, 4]


@STEADY
@given(st.permutations([({}, 1), ({"region": "eu"}, 2), ({"members": ["ams"]}, 3)]))
def test_what_is_said_of_a_name_wins_wherever_it_stands(said: list[tuple[dict[str, Any], int]]) -> None:
    wanted = resource(*({"where": where, "replicas": count} for where, count in said))
    assert render(deployment(), overrides_for(wanted, AMS), True)[0]["spec"]["replicas"] == 3


def test_images_of_containers_and_init_containers() -> None:
    template = deployment()
    spec = template["spec"]["template"]["spec"]
    spec["containers"].append({"name": "side", "image": "envoy:1"})
    spec["initContainers"] = [{"name": "init", "image": "busybox:1"}, {"name": "odd"}]
    result = rendered(template, {"image": {"registry": "reg.cn"}}, {"image": {"tag": "9", "container": ["side"]}})
    assert [c.get("image") for c in result["spec"]["template"]["spec"]["containers"]] == [
        "reg.cn/nginx:1.25",
        "reg.cn/envoy:9",
    ]
    assert container(result, 0, "initContainers")["image"] == "reg.cn/busybox:1"
    assert container(result, 1, "initContainers") == {"name": "odd"}


@pytest.mark.parametrize("kind", ["CronJob", "Pod"])
def test_workloads_of_other_shapes(kind: str) -> None:
    pod = {"containers": [{"name": "web", "image": "a:1"}]}
    shapes = {"CronJob": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}, "Pod": pod}
    manifest = {
        "apiVersion": {"CronJob": "batch/v1", "Pod": "v1"}[kind],
        "kind": kind,
        "metadata": {"name": "web"},
        "spec": shapes[kind],
    }
    result = rendered(manifest, {"image": {"tag": "2"}, "env": {"A": "1"}})
    assert "a:2" in str(result)
    assert "{'name': 'A', 'value': '1'}" in str(result)


def test_env_is_added_replaced_and_takes_the_place_of_value_from() -> None:
    template = deployment()
    container(template)["env"] = [
        {"name": "OLD", "value": "1"},
        {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}},
        {"name": "KEPT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    result = rendered(template, {"env": {"OLD": "2", "FROM": "3", "NEW": "4"}})
    assert container(result)["env"] == [
        {"name": "OLD", "value": "2"},
        {"name": "FROM", "value": "3"},
        {"name": "KEPT", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "NEW", "value": "4"},
    ]


@pytest.mark.parametrize("env", [[], None])
def test_env_where_there_is_none(env: Any) -> None:
    template = deployment()
    container(template)["env"] = env
    assert container(rendered(template, {"env": {"A": "1"}}))["env"] == [{"name": "A", "value": "1"}]
    assert container(rendered(deployment(), {"env": {"A": "1"}}))["env"] == [{"name": "A", "value": "1"}]


def test_labels_and_annotations_of_the_object_only() -> None:
    result = rendered(deployment(), {"labels": {"tier": "gold"}, "annotations": {"note": "x"}})
    assert result["metadata"] == {"name": "web", "labels": {"tier": "gold"}, "annotations": {"note": "x"}}
    assert result["spec"] == deployment()["spec"]


def test_labels_where_yaml_left_a_null() -> None:
    template = {**config_map(), "metadata": {"name": "settings", "labels": None}}
    assert rendered(template, {"labels": {"a": "b"}})["metadata"]["labels"] == {"a": "b"}


def test_anchors_of_yaml_do_not_tie_the_result_together() -> None:
    """`labels: &l {..}` and `matchLabels: *l` are one object in Python; a change of one must not reach the other."""
    text = """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web, labels: &labels {app: web}}
      spec:
        selector: {matchLabels: *labels}
        template:
          metadata: {labels: *labels}
          spec: {containers: [{name: web, image: nginx}]}
    """
    template = read_manifests(read_text(text, "x"), "x")[0]
    result = rendered(template, {"labels": {"tier": "gold"}})
    assert result["metadata"]["labels"] == {"app": "web", "tier": "gold"}
    assert result["spec"]["selector"]["matchLabels"] == {"app": "web"}
    patch = [{"op": "add", "path": "/spec/template/metadata/labels/x", "value": "y"}]
    assert rendered(template, {"patch": patch})["spec"]["selector"]["matchLabels"] == {"app": "web"}


@pytest.mark.parametrize(
    ("manifest", "scalable"),
    [
        (deployment(), True),
        ({**deployment(), "kind": "StatefulSet"}, True),
        ({**deployment(), "kind": "DaemonSet"}, False),
        ({**deployment(), "apiVersion": "acme.io/v1", "kind": "Fleet", "spec": {"replicas": 1}}, True),
        ({**deployment(), "apiVersion": "acme.io/v1", "kind": "Fleet", "spec": {}}, False),
        (config_map(), False),
        ({**deployment(), "spec": None}, False),
    ],
)
def test_replicas_go_where_they_mean_something(manifest: dict[str, Any], scalable: bool) -> None:
    assert is_scalable(manifest) is scalable
    result = rendered(manifest, {"replicas": 4})
    assert ((result.get("spec") or {}).get("replicas") == 4) is scalable


def test_zero_replicas_are_meant() -> None:
    assert rendered(deployment(replicas=3), {"replicas": 0})["spec"]["replicas"] == 0


def test_a_target_leaves_other_objects_alone() -> None:
    raw = {"target": {"kind": "Deployment", "name": "api"}, "labels": {"a": "b"}, "replicas": 9}
    assert rendered(deployment("web"), raw) == deployment("web")
    assert rendered(deployment("api"), raw)["spec"]["replicas"] == 9


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"patch": [{"op": "replace", "path": path, "value": value}]}


def test_patches_come_after_the_short_forms_of_their_override() -> None:
    assert rendered(deployment(), {"replicas": 1, **replace("/spec/replicas", 5)})["spec"]["replicas"] == 5


def test_a_patch_that_does_not_fit_blocks_when_strict() -> None:
    with pytest.raises(PatchError) as caught:
        render(deployment(), [override(2, **replace("/spec/nothing", 1))], True)
    assert str(caught.value).startswith("overrides[2] does not fit: replace /spec/nothing: there is no 'nothing'")
    assert "strict: false" in caught.value.hint


def test_a_patch_that_does_not_fit_is_skipped_and_told_when_not_strict() -> None:
    overrides = [override(0, **replace("/spec/nothing", 1)), override(1, replicas=2)]
    result, skipped = render(deployment(), overrides, False)
    assert result["spec"]["replicas"] == 2
    assert len(skipped) == 1
    assert skipped[0].startswith("overrides[0] skipped: replace /spec/nothing")


def test_half_a_patch_is_no_patch() -> None:
    raw = {"patch": [{"op": "add", "path": "/spec/paused", "value": True}, {"op": "remove", "path": "/spec/nothing"}]}
    assert render(deployment(), [override(**raw)], False)[0] == deployment()


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    "raw",
    [
        replace("/metadata/name", "other"),
        replace("/kind", "StatefulSet"),
        replace("/apiVersion", "v2"),
        replace("/metadata", {}),
        replace("/metadata", None),
        replace("/metadata", "web"),
        replace("", {}),
        replace("", None),
        {"patch": [{"op": "add", "path": "/metadata/namespace", "value": "elsewhere"}]},
        {"patch": [{"op": "remove", "path": "/metadata/name"}]},
    ],
)
def test_what_an_object_is_called_is_fixed(raw: dict[str, Any], strict: bool) -> None:
    with pytest.raises(PatchError, match="changes what the object is called"):
        render(deployment(), [override(**raw)], strict)


@pytest.mark.parametrize("value", ["text", ["a"]])
def test_labels_that_a_patch_broke_are_told_and_not_a_crash(value: Any) -> None:
    overrides = [override(0, **replace("/metadata", {"name": "web", "labels": value})), override(1, labels={"a": "b"})]
    with pytest.raises(PatchError):
        render(deployment(), overrides, True)


@pytest.mark.parametrize(
    ("raw", "manifests"),
    [
        ({"image": {"tag": "2"}}, [config_map()]),
        ({"env": {"A": "1"}}, [config_map()]),
        ({"replicas": 1}, [config_map()]),
        ({"replicas": 1, "target": {"kind": "StatefulSet"}}, [deployment()]),
        ({"labels": {"a": "b"}, "target": {"name": "wbe"}}, [deployment(), config_map()]),
        ({**replace("/data/x", "1"), "target": {"kind": "Configmap"}}, [config_map()]),
    ],
)
def test_an_override_that_fits_nothing_is_refused(raw: dict[str, Any], manifests: list[dict[str, Any]]) -> None:
    with pytest.raises(ConfigError, match=r"resource shop: overrides\[0\] fits none of its objects") as caught:
        refuse_idle(resource(raw, manifests=manifests))
    assert manifests[0]["metadata"]["name"] in caught.value.hint


def test_an_override_that_fits_one_object_is_fine() -> None:
    refuse_idle(resource({"image": {"tag": "2"}}, {"replicas": 1}, manifests=[config_map(), deployment()]))
