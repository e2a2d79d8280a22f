# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Node objects of a member, and bringing an API server to them."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from . import layout
from .client import Client, Refused
from .settings import MemberSettings, Node

REGION = "topology.kubernetes.io/region"
ZONE = "topology.kubernetes.io/zone"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
HOSTNAME = "kubernetes.io/hostname"
_PATH = "/api/v1/nodes"
_MERGE = "application/merge-patch+json"


def manifest(member: MemberSettings, node: Node, index: int) -> dict[str, Any]:
    """The Node object as it is created, status included; ``index`` gives it an address of its own."""
    size = {"cpu": node.cpu, "memory": node.memory, "pods": str(node.pods), "ephemeral-storage": "100Gi"}
    architecture = layout.host_platform().split("-")[1]
    labels = {
        REGION: member.region,
        ZONE: node.zone,
        INSTANCE_TYPE: f"{node.cpu}cpu-{node.memory}",
        HOSTNAME: node.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        **node.labels,
    }
    number = index + 1
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": labels},
        "spec": {"providerID": provider_id(member, node), "taints": node.taints},
        "status": {
            "capacity": size,
            "allocatable": size,
            "addresses": [
                {"type": "InternalIP", "address": f"10.255.{number // 250}.{number % 250 + 1}"},
                {"type": "Hostname", "address": node.name},
            ],
            "nodeInfo": {
                "architecture": architecture,
                "bootID": "",
                "containerRuntimeVersion": f"kwok://{layout.KWOK_VERSION}",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": f"v{member.kubernetes_version}",
                "kubeletVersion": f"v{member.kubernetes_version}",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "kwok",
                "systemUUID": "",
            },
        },
    }


def provider_id(member: MemberSettings, node: Node) -> str:
    """What says of which provider a node is."""
    return f"{member.provider}:///{node.zone}/{node.name}"


def apply(client: Client, member: MemberSettings, before: MemberSettings | None) -> list[str]:
    """Create and correct the nodes of a member, and delete those that it had ``before``. Returns what was done.

    Labels and taints that others have put on a node stay there.
    """
    items = client.request("GET", _PATH)["items"]
    live = {item["metadata"]["name"]: item for item in items}
    done = []
    for index, node in enumerate(member.nodes):
        wanted = manifest(member, node, index)
        did = _bring(client, wanted, live.get(node.name))
        if did:
            done.append(f"{did} node {node.name}")
    kept = {node.name for node in member.nodes}
    for name in [node.name for node in (before.nodes if before else []) if node.name not in kept]:
        if name in live:
            client.request("DELETE", f"{_PATH}/{name}")
            done.append(f"deleted node {name}")
    return done


def _bring(client: Client, wanted: dict[str, Any], live: Mapping[str, Any] | None) -> str:
    name = wanted["metadata"]["name"]
    did = "created"
    if live is not None and live["spec"].get("providerID") != wanted["spec"]["providerID"]:
        # it can be set but once: another provider or zone is another node
        client.request("DELETE", f"{_PATH}/{name}")
        live, did = None, "replaced"
    if live is None:
        _create(client, wanted)
        return did
    did = ""
    patch = object_patch(wanted, live)
    if patch:
        client.request("PATCH", f"{_PATH}/{name}", patch, _MERGE)
        did = "changed"
    size = {key: wanted["status"][key] for key in ("capacity", "allocatable")}
    if any(live["status"].get(key) != value for key, value in size.items()):
        client.request("PATCH", f"{_PATH}/{name}/status", {"status": size}, _MERGE)
        did = "changed"
    return did


def _create(client: Client, wanted: dict[str, Any]) -> None:
    try:
        client.request("POST", _PATH, wanted)
    except Refused as refused:
        if refused.code != 409:
            raise


def object_patch(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that gives a node the labels and taints it misses; empty if it has them."""
    patch: dict[str, Any] = {}
    labels = live["metadata"].get("labels", {})
    missing = {key: value for key, value in wanted["metadata"]["labels"].items() if labels.get(key) != value}
    if missing:
        patch["metadata"] = {"labels": missing}
    # the server adds timeAdded to some taints
    taints = live["spec"].get("taints", [])
    have = [{key: taint[key] for key in ("key", "value", "effect") if key in taint} for taint in taints]
    absent = [taint for taint in wanted["spec"]["taints"] if taint not in have]
    if absent:
        same = {(taint["key"], taint["effect"]) for taint in absent}
        patch["spec"] = {"taints": [t for t in taints if (t["key"], t["effect"]) not in same] + absent}
    return patch


def unready(client: Client, member: MemberSettings) -> list[str]:
    """The names of the member's nodes that are not Ready yet."""
    items = client.request("GET", _PATH)["items"]
    ready = {item["metadata"]["name"] for item in items if is_ready(item)}
    return [node.name for node in member.nodes if node.name not in ready]


def is_ready(node: Mapping[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
