# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the pods of an instance are reached from other members."""

from __future__ import annotations

from ..fleet.api import MemberApi
from ..fleet.discovery import ApiKind
from ..kubedirector.instance import Instance
from ..kubedirector.native import naming
from ..kubedirector.runtime import Replication
from ..model.manifest import GroupKind
from .read import PODS, SERVICES

_NODES = ApiKind(GroupKind("", "Node"), "v1", "nodes", False)
_KINDS = ("ExternalIP", "InternalIP")


def address(api: MemberApi, instance: Instance, replication: Replication) -> tuple[str, int] | None:
    """Host and port of the role that copies its data, as its Service is seen from outside of a member; None while nobody reaches it."""
    name, space = naming.set_name(instance, replication.role), instance.namespace
    service = api.get(SERVICES, space, name, metadata_only=False)
    if service is None:
        return None
    port = next((p for p in service["spec"].get("ports") or [] if p["name"].endswith(f"-{replication.service}")), None)
    if port is None:
        return None
    for entrance in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []:
        host = entrance.get("ip") or entrance.get("hostname")
        if host:
            return str(host), int(port["port"])
    if service["spec"].get("type") != "NodePort" or not port.get("nodePort"):
        return None
    host = _node_address(api, space, f"{name}-0")
    return (host, int(port["nodePort"])) if host else None


def _node_address(api: MemberApi, namespace: str, pod: str) -> str:
    """The address of the node that a pod runs on, else of any: every node leads to a NodePort."""
    found = api.get(PODS, namespace, pod, metadata_only=False)
    chosen = ((found or {}).get("spec") or {}).get("nodeName")
    nodes = sorted(api.objects(_NODES, metadata_only=False), key=lambda node: node["metadata"]["name"] != chosen)
    for node in nodes:
        known = {entry["type"]: entry["address"] for entry in (node.get("status") or {}).get("addresses") or []}
        for kind in _KINDS:
            if kind in known:
                return str(known[kind])
    return ""
