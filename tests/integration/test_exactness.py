# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing to do is exact: objects that a naive comparison stumbles over are left alone, and every real drift is seen and put back.

The drifts are made as others make them: by a PUT, through a subresource, by a forced apply, under our own name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.tests.integration import torture
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Kube

pytestmark = pytest.mark.integration

MERGE, APPLY, JSON = (
    "application/merge-patch+json",
    "application/apply-patch+yaml",
    "application/json-patch+json",
)


class Vandal:
    """Somebody else on one member, with the means that everybody has."""

    def __init__(self, client: Kube, federation: Federation, group: str) -> None:
        self.client = client
        self.space = federation.namespace
        self.ours = names.field_manager(federation.name)
        self.custom = f"{group}/v1"

    def replace(
        self, api_version: str, kind: str, name: str, change: Callable[[dict[str, Any]], object], by: str
    ) -> None:
        body = self.client.get(api_version, kind, name, self.space)
        assert body is not None
        change(body)
        self.client.api(api_version, kind).replace(body=body, namespace=self.space, field_manager=by)

    def patch(self, api_version: str, kind: str, name: str, body: Any, form: str, by: str, **more: Any) -> None:
        api = self.client.api(api_version, kind)
        api.patch(name=name, namespace=self.space, body=body, content_type=form, field_manager=by, **more)

    def apply(self, api_version: str, kind: str, name: str, body: dict[str, Any], by: str) -> None:
        whole = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **body}
        self.patch(api_version, kind, name, whole, APPLY, by, force_conflicts=True)


def containers(body: dict[str, Any]) -> Any:
    return body["spec"]["template"]["spec"]["containers"]


def scale(v: Vandal) -> None:
    v.client.scale("web", v.space, 4, "kubectl")


def ports(body: dict[str, Any]) -> Any:
    return body["spec"]["ports"]


#: what somebody does, and what a run has to say of it: the path, and who it was
DRIFTS: dict[str, tuple[Callable[[Vandal], object], str, str]] = {
    "an image, by PUT": (
        lambda v: v.replace(
            "apps/v1", "StatefulSet", "store", lambda b: containers(b)[0].update(image="evil:1"), "helm"
        ),
        ".spec.template.spec.containers[0].image",
        "helm",
    ),
    "an env item removed": (
        lambda v: v.replace(
            "batch/v1",
            "CronJob",
            "nightly",
            lambda b: b["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"].pop(0),
            "kubectl-edit",
        ),
        ".env[0]",
        "",
    ),
    "an atomic list appended to": (
        lambda v: v.replace(
            "rbac.authorization.k8s.io/v1",
            "Role",
            "reader",
            lambda b: b["rules"][0]["verbs"].append("watch"),
            "kubectl-edit",
        ),
        ".rules",
        "kubectl-edit",
    ),
    "replicas, by kubectl scale": (scale, ".spec.replicas", "kubectl (scale)"),
    "a forced apply": (
        lambda v: v.apply("v1", "ConfigMap", "settings", {"data": {"number": "2"}}, "argocd"),
        ".data.number",
        "argocd",
    ),
    "an update under our own name": (
        lambda v: v.patch("v1", "Secret", "both", {"data": {"a": "Yg=="}}, MERGE, v.ours),
        ".data.a",
        "an update under our name",
    ),
    "managedFields emptied": (
        lambda v: v.patch(
            "v1",
            "ServiceAccount",
            "worker",
            [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}],
            JSON,
            "x",
        ),
        "our fields are not marked as ours any more",
        "",
    ),
    "an object deleted": (lambda v: v.client.delete("v1", "ConfigMap", "bare", v.space), "missing", ""),
    "a key of a keyed list": (
        lambda v: v.replace("v1", "Service", "plain", lambda b: ports(b)[0].update(port=9), "kubectl-edit"),
        ".spec.ports",
        "kubectl-edit",
    ),
    "a set item removed": (
        lambda v: v.patch(v.custom, "Torture", "full", {"spec": {"set": ["b"]}}, MERGE, "kubectl-patch"),
        ".spec.set",
        "",
    ),
    "an atomic map": (
        lambda v: v.patch(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "deny",
            {"spec": {"podSelector": {"matchLabels": {"a": "b"}}}},
            MERGE,
            "kubectl-patch",
        ),
        ".spec.podSelector",
        "kubectl-patch",
    ),
    "a label of ours removed": (
        lambda v: v.patch(
            "policy/v1", "PodDisruptionBudget", "web", {"metadata": {"labels": None}}, MERGE, "kubectl-label"
        ),
        "its labels were removed",
        "",
    ),
}


def told(result: dict[str, Any], member: str) -> dict[str, str]:
    return {o["object"]: o["msg"] for o in result["objects"] if o["member"] == member}


def test_torture_objects_need_nothing_and_their_drift_is_named_and_put_back(federation: Federation, group: str) -> None:
    wish = {"name": "torture", "definition": torture.everything(group)}
    first = federation.propagate(**wish)
    assert not first.result["failed"], first.message
    before = {member: federation.sandbox.writes(member) for member in MEMBERS}
    for arguments in ([], ["--check"], ["--check", "--diff"]):
        again = federation.propagate(*arguments, **wish)
        assert not again.result["changed"], again.result["objects"]
        assert again.message.endswith("nothing to do")
    assert {member: federation.sandbox.writes(member) for member in MEMBERS} == before

    vandal = Vandal(federation.kube["us-1"], federation, group)
    for drift, _said, _by in DRIFTS.values():
        drift(vandal)
    foreseen = federation.propagate("--check", **wish)
    repaired = federation.propagate(**wish)
    assert not repaired.result["failed"], repaired.message
    for result in (foreseen.result, repaired.result):
        assert {o["member"] for o in result["objects"]} == {"us-1"}, "no false alarm"
        seen = told(result, "us-1")
        assert len(seen) == len(DRIFTS), seen
        for what, (_drift, said, by) in DRIFTS.items():
            assert any(said in message and by in message for message in seen.values()), (what, seen)
    before = {member: federation.sandbox.writes(member) for member in MEMBERS}
    again = federation.propagate(**wish)
    assert not again.result["changed"], again.result["objects"]
    assert {member: federation.sandbox.writes(member) for member in MEMBERS} == before
    restored = federation.kube["us-1"].get("v1", "Service", "plain", federation.namespace)
    assert restored is not None
    assert [port["port"] for port in restored["spec"]["ports"]] == [8080]
    full = federation.kube["us-1"].get(f"{group}/v1", "Torture", "full", federation.namespace)
    assert full is not None
    assert sorted(full["spec"]["set"]) == ["a", "b"]


def add_sidecar(body: dict[str, Any]) -> None:
    containers(body).append({"name": "proxy", "image": "registry.example.com/proxy:1"})


def test_what_others_add_is_no_drift(federation: Federation, group: str) -> None:
    wish = {"name": "torture", "definition": torture.everything(group)}
    assert not federation.propagate(**wish).result["failed"]
    vandal = Vandal(federation.kube["us-1"], federation, group)
    vandal.replace("apps/v1", "Deployment", "web", add_sidecar, "injector")
    vandal.replace("apps/v1", "StatefulSet", "store", lambda _body: None, "kubectl-replace")
    added = {"labels": {"team": "shop"}, "annotations": {"note": "x"}, "finalizers": ["example.com/hold"]}
    vandal.patch("v1", "ConfigMap", "settings", {"metadata": added}, MERGE, "kubectl-annotate")
    vandal.patch("v1", "ConfigMap", "settings", {"data": {"theirs": "1"}}, MERGE, "kubectl-edit")
    vandal.patch(vandal.custom, "Torture", "full", {"spec": {"granular": {"c": "3"}}}, MERGE, "operator")
    vandal.client.api("v1", "ResourceQuota").subresources["status"].patch(
        name="quota",
        namespace=vandal.space,
        body={"status": {"hard": {"pods": "7"}}},
        content_type=MERGE,
        field_manager="x",
    )
    again = federation.propagate(**wish)
    assert not again.result["changed"], again.result["objects"]
    vandal.patch("v1", "ConfigMap", "settings", {"metadata": {"finalizers": None}}, MERGE, "kubectl-edit")
