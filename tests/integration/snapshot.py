# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything of one federation on one member, in a form that is equal for two histories that led to the same state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ansible_collections.multicluster.federation.tests.integration.stage import NAMESPACED_MARK, Kube

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#: made by controllers out of what is there, under names that nobody chooses
_DERIVED = {"Event", "Endpoints", "EndpointSlice", "Pod", "ReplicaSet", "ControllerRevision", "ComponentStatus"}
#: made by Kubernetes in every namespace
_FURNITURE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
_PASSING = ("uid", "resourceVersion", "creationTimestamp", "selfLink")
_REVISION = "deployment.kubernetes.io/revision"


def _lists(client: Kube) -> Iterator[tuple[str, str]]:
    """Kind and path of everything that can be listed."""
    seen = set()
    for root in ("/api", "/apis"):
        for group in client.read(root, _DISCOVERY)["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                assert version.get("freshness") != "Stale", f"{name} does not answer: the witness sees half"
                base = f"/apis/{name}" if name else "/api"
                for resource in version.get("resources") or []:
                    kind = resource.get("responseKind", {}).get("kind", "")
                    if "list" in resource["verbs"] and kind not in _DERIVED and (name, kind) not in seen:
                        seen.add((name, kind))
                        yield kind, f"{base}/{version['version']}/{resource['resource']}"


def _belongs(item: dict[str, Any], federation: str) -> bool:
    metadata = item["metadata"]
    place = metadata.get("namespace") or metadata["name"]
    own = place == f"federation-{federation}" or place.startswith(f"{federation}-")
    return own or (metadata.get("labels") or {}).get(NAMESPACED_MARK) == federation


def _settled(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    """The object without identity, time, status, and what controllers write in their own time."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _PASSING}
    metadata["managedFields"] = sorted(
        (
            {key: value for key, value in entry.items() if key != "time"}
            for entry in metadata.get("managedFields", [])
            if not entry.get("subresource") and not entry["manager"].startswith("kube-")
        ),
        key=json.dumps,
    )
    if metadata.pop("deletionTimestamp", None):
        metadata["going"] = True
    annotations = metadata.get("annotations") or {}
    annotations.pop(_REVISION, None)
    rest = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    if kind == "Lease":  # who held it when, and how often: not what the lock protects
        rest["spec"] = {"holderIdentity": (rest.get("spec") or {}).get("holderIdentity")}
        metadata = {"labels": metadata.get("labels")}
    if kind == "ConfigMap" and "record" in (rest.get("data") or {}):
        # epochs only order records: a run that was killed has used one up
        record = json.loads(rest["data"]["record"])
        record.pop("epoch", None)
        rest["data"] = {**rest["data"], "record": record}
    return {**rest, "metadata": metadata}


#: what every cluster does all the time, and what is made anew when an API server starts
_RESTLESS = {"Lease", "APIService", "FlowSchema", "PriorityLevelConfiguration", "Node", "ServiceCIDR", "IPAddress"}


def strangers(client: Kube, federation: str) -> dict[str, dict[str, Any]]:
    """Every object that is not the federation's, without what is restless by itself, or is going: namespaces of tests before."""
    going = {n["metadata"]["name"] for n in client.read("/api/v1/namespaces")["items"] if _goes(n)}
    found = {}
    for kind, path in _lists(client):
        for item in [] if kind in _RESTLESS else client.read(path).get("items") or []:
            name, space = item["metadata"]["name"], item["metadata"].get("namespace", "")
            if (kind, name) in _FURNITURE or _goes(item) or space in going or _belongs(item, federation):
                continue
            found[f"{kind} {space}/{name}"] = _settled(kind, item)
    return found


def _goes(item: dict[str, Any]) -> bool:
    return "deletionTimestamp" in item["metadata"]


def snapshot(client: Kube, federation: str) -> dict[str, dict[str, Any]]:
    """Every object in the namespaces of the federation (``federation-NAME``, ``NAME-...``), and every one with its label."""
    found = {}
    for kind, path in _lists(client):
        for item in client.read(path).get("items") or []:
            name = item["metadata"]["name"]
            if (kind, name) not in _FURNITURE and _belongs(item, federation):
                found[f"{kind} {item['metadata'].get('namespace', '')}/{name}"] = _settled(kind, item)
    return found
