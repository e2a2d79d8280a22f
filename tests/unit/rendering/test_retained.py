# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left to each member, and that nothing else is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.rendering.retained import leave_to_member
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY, config_map, deployment

REMEMBERED = "kubectl.kubernetes.io/last-applied-configuration"
VERSIONS = {"Job": "batch/v1", "CronJob": "batch/v1", "Deployment": "apps/v1", "StatefulSet": "apps/v1"}


def manifest(kind: str, spec: Any = None, annotations: Any = None, **more: Any) -> dict[str, Any]:
    metadata = {"name": "web", **({"annotations": annotations} if annotations is not None else {})}
    body = {"apiVersion": VERSIONS.get(kind, "v1"), "kind": kind, "metadata": metadata, **more}
    return body if spec is None else {**body, "spec": spec}


def left(given_: dict[str, Any]) -> dict[str, Any]:
    return leave_to_member(copy.deepcopy(given_))


CHOSEN_BY_NODE = {"name": "kube-api-access-x7k2p", "projected": {}}
MOUNTED = {"name": "kube-api-access-x7k2p", "mountPath": "/var/run/secrets"}

LEFT = [
    ("the address of a Service", "Service", {"clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "type": "ClusterIP"}),
    ("the port for health checks", "Service", {"healthCheckNodePort": 30100, "type": "ClusterIP"}),
    ("the selector of a Job", "Job", {"selector": {"matchLabels": {"controller-uid": "u"}}, "type": "ClusterIP"}),
    ("the node of a Pod", "Pod", {"nodeName": "node-7", "type": "ClusterIP"}),
    ("the token volume of a Pod", "Pod", {"volumes": [CHOSEN_BY_NODE], "type": "ClusterIP"}),
]


@pytest.mark.parametrize(("kind", "spec"), [case[1:] for case in LEFT], ids=[case[0] for case in LEFT])
def test_what_is_left_to_the_member(kind: str, spec: dict[str, Any]) -> None:
    assert left(manifest(kind, spec))["spec"] == {"type": "ClusterIP"}


KEPT: list[tuple[str, str, Any]] = [
    ("a headless Service", "Service", {"clusterIP": "None", "clusterIPs": ["None"]}),
    ("a fixed node port", "Service", {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}),
    ("a Job that is selected by hand", "Job", {"manualSelector": True, "selector": {"matchLabels": {"job-name": "x"}}}),
    ("the selector of something else", "Deployment", {"selector": {"matchLabels": {"job-name": "x"}}}),
    ("the node that a template names", "Deployment", {"template": {"spec": {"nodeName": "node-7"}}}),
    ("volumes that were asked for", "Pod", {"volumes": [{"name": "data"}], "containers": [{"name": "a"}]}),
    ("the volume that a claim asks for", "PersistentVolumeClaim", {"volumeName": "disk-7"}),
    ("a Service of another group", "Thing", {"clusterIP": "10.0.0.7", "nodeName": "x", "claimRef": {"uid": "u"}}),
]


@pytest.mark.parametrize(("kind", "spec"), [case[1:] for case in KEPT], ids=[case[0] for case in KEPT])
def test_what_is_a_wish(kind: str, spec: dict[str, Any]) -> None:
    given_ = manifest(kind, spec, annotations={"team": "shop", "kubectl.kubernetes.io/restartedAt": "now"})
    assert left(given_) == given_


def test_a_knative_service_is_not_a_service() -> None:
    given_ = {**manifest("Service", {"clusterIP": "10.0.0.7"}), "apiVersion": "serving.knative.dev/v1"}
    assert left(given_) == given_


def test_the_labels_by_which_a_job_finds_its_pods() -> None:
    labels = {
        "app": "x",
        "controller-uid": "u",
        "job-name": "web",
        "batch.kubernetes.io/controller-uid": "u",
        "batch.kubernetes.io/job-name": "web",
    }
    given_ = manifest("Job", {"template": {"metadata": {"labels": labels}, "spec": {}}})
    assert left(given_)["spec"]["template"] == {"metadata": {"labels": {"app": "x"}}, "spec": {}}
    by_hand = manifest("Job", {"manualSelector": True, "template": {"metadata": {"labels": labels}, "spec": {}}})
    assert left(by_hand) == by_hand


def test_a_pod_that_was_read_from_a_cluster() -> None:
    containers = [{"name": "a", "volumeMounts": [MOUNTED]}, {"name": "b", "volumeMounts": [MOUNTED, {"name": "data"}]}]
    spec = {
        "nodeName": "node-7",
        "volumes": [{"name": "data"}, CHOSEN_BY_NODE],
        "containers": containers,
        "initContainers": containers[:1],
    }
    assert left(manifest("Pod", spec))["spec"] == {
        "volumes": [{"name": "data"}],
        "containers": [{"name": "a"}, {"name": "b", "volumeMounts": [{"name": "data"}]}],
        "initContainers": [{"name": "a"}],
    }


def test_a_claim_that_was_bound_there_is_bound_anew() -> None:
    bound = {"pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/selected-node": "node-7", "team": "shop"}
    found = left(manifest("PersistentVolumeClaim", {"volumeName": "pvc-u", "storageClassName": "fast"}, bound))
    assert found["spec"] == {"storageClassName": "fast"}
    assert found["metadata"]["annotations"] == {"team": "shop"}


def test_a_volume_keeps_the_name_of_its_claim_only() -> None:
    claim = {"name": "data", "namespace": "shop", "uid": "u", "resourceVersion": "7"}
    assert left(manifest("PersistentVolume", {"claimRef": claim}))["spec"] == {
        "claimRef": {"name": "data", "namespace": "shop"}
    }


def test_what_a_member_makes_for_service_accounts() -> None:
    account = manifest("ServiceAccount", secrets=[{"name": "web-token-x7k2p"}, {"name": "registry"}])
    assert left(account)["secrets"] == [{"name": "registry"}]
    assert "secrets" not in left(manifest("ServiceAccount", secrets=[{"name": "web-token-x7k2p"}]))
    token = manifest("Secret", type="kubernetes.io/service-account-token", data={"token": "eA=="})
    assert "data" not in left(token)
    other = manifest("Secret", type="Opaque", data={"token": "eA=="})
    assert left(other) == other


@pytest.mark.parametrize(
    "annotation",
    [
        "deployment.kubernetes.io/revision",
        REMEMBERED,
        "pv.kubernetes.io/provisioned-by",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
        "volume.beta.kubernetes.io/storage-provisioner",
    ],
)
def test_annotations_about_another_cluster(annotation: str) -> None:
    assert left({**config_map(), "metadata": {"name": "a", "annotations": {annotation: "x", "team": "shop"}}}) == {
        **config_map(),
        "metadata": {"name": "a", "annotations": {"team": "shop"}},
    }
    template = {"metadata": {"labels": {"app": "web"}, "annotations": {annotation: "x"}}, "spec": {}}
    assert left(deployment(template=template))["spec"]["template"]["metadata"] == {"labels": {"app": "web"}}
    job = {"jobTemplate": {"spec": {"template": copy.deepcopy(template)}}}
    found = left(manifest("CronJob", job))["spec"]["jobTemplate"]["spec"]["template"]
    assert found["metadata"] == {"labels": {"app": "web"}}


def test_owners_live_in_another_cluster() -> None:
    owned = {**config_map(), "metadata": {"name": "a", "ownerReferences": [{"uid": "u"}], "finalizers": ["x"]}}
    assert left(owned)["metadata"] == {"name": "a", "finalizers": ["x"]}


# laws

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "None", "x", "kube-api-access-x"])
KEYS = st.sampled_from(
    [
        *("name", "spec", "template", "jobTemplate", "metadata", "labels", "annotations", "selector", "manualSelector"),
        *("clusterIP", "clusterIPs", "healthCheckNodePort", "nodeName", "volumes", "volumeMounts", "containers"),
        *("initContainers", "volumeName", "claimRef", "uid", "resourceVersion", "ports", "replicas", "job-name"),
        *("pv.kubernetes.io/bind-completed", REMEMBERED, "team"),
    ]
)
ODD = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
#: of the right keys and the wrong values: most mistakes are like that
NESTED = st.sampled_from(["spec", "template", "metadata", "labels", "annotations"])
SPECS = ODD | st.dictionaries(
    st.sampled_from(["template", "jobTemplate", "containers", "initContainers", "volumes", "claimRef", "volumeName"]),
    SCALARS
    | st.lists(st.dictionaries(KEYS, SCALARS | st.lists(SCALARS), max_size=3), max_size=2)
    | ODD
    | st.dictionaries(NESTED, SCALARS | st.dictionaries(NESTED, ODD | st.dictionaries(KEYS, ODD), max_size=3)),
)
KINDS = ["Service", "Job", "CronJob", "Pod", "PersistentVolumeClaim", "PersistentVolume", "ServiceAccount", "Secret"]
KINDS += ["Deployment", "StatefulSet", "ConfigMap"]
#: whatever `dialects.documents` lets through: only the annotations and labels of the object itself are known to be text
ODD_MANIFESTS = st.builds(
    lambda kind, spec, annotations, more: manifest(kind, spec, annotations, **more),
    st.sampled_from(KINDS),
    SPECS,
    st.none() | st.dictionaries(KEYS, st.text(max_size=3), max_size=3),
    st.dictionaries(st.sampled_from(["secrets", "data", "type", "status"]), ODD, max_size=3),
)


@STEADY
@given(ODD_MANIFESTS)
def test_it_never_stumbles_over_odd_shapes_and_is_done_once(given_: dict[str, Any]) -> None:
    once = left(given_)
    assert left(once) == once
    assert {key: once[key] for key in ("apiVersion", "kind")} == {key: given_[key] for key in ("apiVersion", "kind")}
    assert once["metadata"]["name"] == "web"


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Job", {"template": "x"}),
        ("Job", {"template": ["x"]}),
        ("Job", {"template": {"metadata": "x"}}),
        ("Job", {"template": {"metadata": {"labels": ["job-name"]}}}),
        ("Pod", {"containers": 5, "initContainers": True, "volumes": "x"}),
        ("Pod", {"containers": ["x", {"volumeMounts": 5}], "volumes": ["kube-api-access-x", {"name": None}]}),
        ("PersistentVolume", {"claimRef": "x"}),
        ("PersistentVolumeClaim", {"volumeName": ["x"]}),
        ("Deployment", {"template": {"metadata": {"annotations": {"a": 5}}, "spec": {}}}),
        ("Service", "x"),
        ("Service", ["x"]),
    ],
)
def test_odd_shapes_are_for_the_api_server_to_refuse(kind: str, spec: Any) -> None:
    given_ = manifest(kind, spec)
    found = left(given_)
    if not (kind == "Job" and isinstance(spec["template"], dict)):
        assert found == given_


def paths(value: Any, at: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    """Paths of all that is in a value, with the leaves at their end."""
    if isinstance(value, dict):
        return {at}.union(*(paths(item, (*at, key)) for key, item in value.items()))
    if isinstance(value, list):
        return {at}.union(*(paths(item, (*at, "[]")) for item in value))
    return {(*at, repr(value))}


LISTED = ("clusterIP", "clusterIPs", "healthCheckNodePort", "selector", "nodeName", "volumeName", "ownerReferences")
LISTED += ("uid", "resourceVersion", "job-name", "pv.kubernetes.io/bind-completed", REMEMBERED, "volumes")
LISTED += ("volumeMounts", "annotations", "secrets", "data")


@pytest.mark.parametrize("kind", KINDS)
def test_fields_of_other_names_stay_in_every_kind(kind: str) -> None:
    item = {"name": "data", "value": "x", "hostPath": {"path": "/"}}
    others = (
        "replicas ports type claimName nodeSelector serviceName externalIPs containers initContainers env backoffLimit"
    )
    spec = {key: [copy.deepcopy(item)] for key in others.split()} | {"claimRef": {"name": "data", "namespace": "x"}}
    spec |= {"template": {"metadata": {"labels": {"app": "web"}, "annotations": {"team": "x"}}, "spec": dict(spec)}}
    given_ = manifest(
        kind, spec, {"team": "shop"}, status={"phase": "x"}, secrets=[{"name": "registry"}], data={"a": "b"}
    )
    given_["metadata"] |= {"labels": {"job-name": "x"}, "finalizers": ["x"], "uid": "u", "resourceVersion": "7"}
    assert left(given_) == given_


@STEADY
@given(ODD_MANIFESTS)
def test_nothing_that_is_not_listed_is_touched(given_: dict[str, Any]) -> None:
    found = left(given_)
    assert paths(found) <= paths(given_)
    for path in paths(given_) - paths(found):
        assert set(path) & set(LISTED), path


@STEADY
@given(SPECS, st.sampled_from(["Deployment", "StatefulSet", "ConfigMap"]))
def test_the_spec_of_a_kind_without_rules_stays(spec: Any, kind: str) -> None:
    def without_annotations(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_annotations(item) for key, item in value.items() if key != "annotations"}
        return [without_annotations(item) for item in value] if isinstance(value, list) else value

    given_ = manifest(kind, spec)
    assert without_annotations(left(given_)) == without_annotations(given_)
