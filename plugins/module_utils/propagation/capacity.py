# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the nodes of a member have, and what its pods ask for: read for the division of replicas."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.discovery import ApiKind
from ..model.errors import FederationError, Kind, MemberError
from ..model.manifest import GroupKind
from ..scheduling.capacity import NodeCapacity, PodRequest, account, read_node, read_pod
from ..scheduling.room import Bound, Room, Waiting

_NODES = ApiKind(GroupKind("", "Node"), "v1", "nodes", False)
_PODS = ApiKind(GroupKind("", "Pod"), "v1", "pods", True)
_QUOTAS = ApiKind(GroupKind("", "ResourceQuota"), "v1", "resourcequotas", True)
#: pods that take something of a node, or will
_ALIVE = "status.phase!=Succeeded,status.phase!=Failed"


@dataclass
class _Reading:
    """Pods as they are read, page by page: only what counts of each is kept."""

    namespaces: Collection[str]
    requests: list[PodRequest] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    bound: dict[str, list[Bound]] = field(default_factory=dict)

    def take(self, body: dict[str, Any]) -> None:
        metadata, spec = body.get("metadata") or {}, body.get("spec") or {}
        if metadata.get("deletionTimestamp") and not spec.get("nodeName"):
            return
        request = read_pod(body)
        namespace, labels = metadata.get("namespace") or "", metadata.get("labels") or {}
        if request is None:
            template = {"metadata": {"labels": labels}, "spec": spec}
            self.waiting.append(Waiting(namespace, template))
            return
        self.requests.append(request)
        if namespace in self.namespaces and not metadata.get("deletionTimestamp"):
            self.bound.setdefault(namespace, []).append(Bound(labels, request))


def read_room(api: MemberApi, namespaces: Collection[str]) -> Room:
    """What a member has for pods: three lists, that of quotas once for each of the ``namespaces`` in question.

    A credential that may not read them is no failure of the member: then its room is not known, and says why.
    """
    reading = _Reading(frozenset(namespaces))
    try:
        nodes: list[NodeCapacity] = api.extracts(_NODES, read_node)
        api.extracts(_PODS, reading.take, _ALIVE)
        quotas = {space: tuple(api.objects(_QUOTAS, space, metadata_only=False)) for space in sorted(namespaces)}
    except MemberError as error:
        if error.kind != Kind.FORBIDDEN:
            raise
        return Room(problem=f"what it can run is not known: {_told(error)}")
    return Room(
        tuple(account(nodes, reading.requests)),
        tuple(reading.waiting),
        {space: tuple(pods) for space, pods in reading.bound.items()},
        quotas,
    )


def _told(error: FederationError) -> str:
    return error.hint or error.message
