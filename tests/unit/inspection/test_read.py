# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking at one cluster with a credential that may see only some of it, and at one whose etcd is gone."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.api import MemberApi
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import Endpoint
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.transport import Response
from ansible_collections.multicluster.federation.plugins.module_utils.inspection import read
from ansible_collections.multicluster.federation.plugins.module_utils.inspection.read import Options, inspect
from ansible_collections.multicluster.federation.plugins.module_utils.model.access import FILE, GIVEN, PER_RUN, Access
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import FleetRecord, ResourceRecord
from ansible_collections.multicluster.federation.tests.unit.helpers import FEDERATION, MANAGER

MARK = "multicluster.federation"
HOME = f"/api/v1/namespaces/federation-{FEDERATION}/configmaps"


def record(kind: str, name: str, text: str, **labels: str) -> dict[str, Any]:
    labels = {f"{MARK}/record": kind, **{f"{MARK}/{key}": value for key, value in labels.items()}}
    return {"metadata": {"name": name, "labels": labels}, "data": {"record": text}}


def owned(name: str, kind: str, resource: str = "shop", ours: bool = True) -> dict[str, Any]:
    """Metadata of an object with our labels; ``ours`` says whether we applied it as well."""
    manager = {"manager": MANAGER if ours else "kubectl", "operation": "Apply", "fieldsV1": {}}
    return {
        "metadata": {
            "name": name,
            "namespace": "n",
            "labels": {f"{MARK}/federation": FEDERATION, f"{MARK}/resource": resource},
            "annotations": {f"{MARK}/object": f"{kind} n/{name}"},
            "managedFields": [manager],
        }
    }


def listed(*items: dict[str, Any]) -> Response:
    return Response(200, {"items": list(items), "metadata": {}}, None)


def discovered(group: str, *kinds: tuple[str, str]) -> Response:
    resources = [{"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced"} for kind, plural in kinds]
    item = {"metadata": {"name": group} if group else {}, "versions": [{"version": "v1", "resources": resources}]}
    return Response(200, {"kind": "APIGroupDiscoveryList", "items": [item]}, None)


SHOP = ResourceRecord(
    "shop",
    frozenset({GroupKind("", "ConfigMap"), GroupKind("", "Secret"), GroupKind("apps", "Deployment")}),
    frozenset({"n"}),
)
NODE = {
    "metadata": {"name": "n1"},
    "spec": {"providerID": "aws:///i-1"},
    "status": {"allocatable": {"cpu": "4"}, "conditions": [{"type": "Ready", "status": "True"}]},
}
POD = {
    "metadata": {"name": "p"},
    "spec": {"nodeName": "n1", "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
}
WELL: dict[str, Response] = {
    "/version": Response(200, {"gitVersion": "v1.34.4"}, None),
    "/readyz": Response(200, "ok", None),
    "/api/v1/namespaces/kube-system": Response(200, {"kind": "Namespace", "metadata": {"uid": "u"}}, None),
    HOME: listed(
        record("fleet", "fleet", FleetRecord(FEDERATION, "f-1").dump(), member="a"),
        record("resource", "resource-shop", SHOP.dump(), resource="shop"),
    ),
    "/api/v1/nodes": listed(NODE),
    "/api/v1/nodes/n1": Response(200, NODE, None),
    "/api/v1/pods": listed(POD),
    "/api": discovered("", ("ConfigMap", "configmaps"), ("Secret", "secrets")),
    "/apis": discovered("apps", ("Deployment", "deployments")),
    "/api/v1/configmaps": listed(owned("one", "ConfigMap"), owned("copied", "ConfigMap", ours=False)),
    "/api/v1/namespaces/n/secrets": listed(owned("key", "Secret")),
    "/apis/apps/v1/deployments": listed(owned("web", "apps/Deployment"), owned("db", "apps/Deployment")),
}


def refused(what: str) -> Response:
    message = f'{what} is forbidden: User "u" cannot list resource "{what}" in API group "" at the cluster scope'
    return Response(403, {"kind": "Status", "message": message}, None)


class Server:
    """Stands for the transport to a member that replies by path."""

    endpoint, credential = Endpoint("https://a:6443", token="t"), None

    def __init__(self, replies: dict[str, Response | MemberError]) -> None:
        self.replies: dict[str, Response | MemberError] = {**WELL, **replies}
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def request(self, method: str, path: str, *_rest: Any) -> Response:
        with self.lock:
            self.asked.append(f"{method} {path}")
        reply = self.replies[path.partition("?")[0]]
        if isinstance(reply, MemberError):
            raise reply
        return reply

    def close(self) -> None:
        pass


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Looks at a member with these replies; returns what was found, and what was asked."""

    def look(replies: dict[str, Any], federation: str = FEDERATION, **options: Any) -> tuple[read.Found, list[str]]:
        server = Server(replies)
        monkeypatch.setattr(read, "connect", lambda *_all: MemberApi("a", server, Deadline(9)))  # type: ignore[arg-type]
        found = inspect(Cluster("a"), federation, Options(**options), nullcontext(), nullcontext())
        return found, server.asked

    return look


def test_everything_of_a_member_that_is_well(look: Any) -> None:
    found, asked = look({})
    assert found.notes == []
    assert found.resources == {"shop": {"ConfigMap": 1, "Deployment": 2, "Secret": 1}}  # a copy is not ours
    assert (found.uid, found.version, found.provider, found.counted) == ("u", "v1.34.4", "aws", True)
    assert [(node.name, node.free.cpu) for node in found.nodes or []] == [("n1", 3000)]
    assert {line.partition(" ")[0] for line in asked} == {"GET"}
    pods = next(line for line in asked if "/pods" in line)
    assert "fieldSelector=spec.nodeName!%3D,status.phase!%3DSucceeded,status.phase!%3DFailed" in pods
    assert not [line for line in asked if line.startswith("GET /api/v1/secrets")]


@pytest.mark.parametrize(
    "broken", [MemberError(Kind.TIMEOUT, "no answer"), Response(500, {"kind": "Status", "message": "no leader"}, None)]
)
def test_nothing_more_is_asked_of_a_member_without_etcd(look: Any, broken: Response | MemberError) -> None:
    found, asked = look({"/api/v1/namespaces/kube-system": broken})
    assert (found.verdict.status, found.memory, found.nodes) == ("degraded", None, None)
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("path", "note"),
    [
        (HOME, "what the federation has here is not known: the credential of this member lacks this right"),
        ("/api/v1/nodes", "its nodes are not known: the credential of this member lacks this right"),
        ("/api/v1/pods", "what its pods request is not known: the credential"),
        ("/api/v1/configmaps", "its objects of kind ConfigMap are not known: the credential"),
        ("/api", "what its resources own is not known: the credential"),
    ],
)
def test_what_may_not_be_read_is_a_note(look: Any, path: str, note: str) -> None:
    found, _asked = look({path: refused("things")})
    assert found.verdict.status == "ready"
    (told,) = found.notes
    assert told.startswith(note)
    assert (found.nodes is None) == (path == "/api/v1/nodes")
    assert found.counted == (path not in ("/api/v1/nodes", "/api/v1/pods"))
    if path == "/api/v1/configmaps":
        assert found.resources == {"shop": {"Deployment": 2, "Secret": 1}}


def test_only_what_is_wanted_is_read(look: Any) -> None:
    found, asked = look({}, federation="", capacity=False)
    assert not [line for line in asked if "pods" in line or "configmaps" in line]
    assert (found.memory, found.counted, found.resources) == (None, False, {})
    assert len(found.nodes or []) == 1


@pytest.mark.parametrize(("mode", "as_given"), [(GIVEN, False), (FILE, False), (PER_RUN, True)])
def test_no_credential_is_made_to_look_at_a_member(monkeypatch: pytest.MonkeyPatch, mode: str, as_given: bool) -> None:
    seen: list[tuple[Access, bool]] = []

    def connect(cluster: Cluster, _timeout: float, _deadline: Deadline, given: bool) -> MemberApi:
        seen.append((cluster.access, given))
        raise MemberError(Kind.CREDENTIALS, "the kubeconfig x cannot be read", "correct it")

    monkeypatch.setattr(read, "connect", connect)
    cluster = replace(Cluster("a"), access=Access(mode))
    found = inspect(cluster, FEDERATION, Options(), nullcontext(), nullcontext())
    assert seen == [(Access(mode, check=True), as_given)]
    assert (found.verdict.status, found.verdict.msg) == ("unauthorized", "the kubeconfig x cannot be read")
