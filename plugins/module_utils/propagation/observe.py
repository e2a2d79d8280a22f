# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a member has now: its kinds, the federation's memory on it, and the metadata of every object of the resources in question."""

from __future__ import annotations

import marshal
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..fleet.api import MemberApi
from ..fleet.discovery import Discovery
from ..model import names
from ..model.errors import Kind, MemberError
from ..model.manifest import SECRET, GroupKind, ObjectName
from ..rendering.replicas import AUTOSCALER, scaled_object
from .store import Memory, read_memory

if TYPE_CHECKING:
    from ..scheduling.room import Room

NAMESPACE = GroupKind("", "Namespace")


@dataclass(frozen=True)
class Observation:
    """One member at one moment. ``objects`` holds metadata only: no value of any Secret is read.

    ``kinds`` are those that were listed; ``autoscaled`` are the objects that a HorizontalPodAutoscaler scales, None before anybody
    had to know; ``room`` is what the nodes have for pods, None where nobody asked.
    """

    api: MemberApi
    discovery: Discovery
    memory: Memory
    objects: Mapping[ObjectName, Mapping[str, Any]] = field(default_factory=dict)
    kinds: frozenset[GroupKind] = frozenset()
    autoscaled: frozenset[ObjectName] | None = None
    room: Room | None = None


class Shared:
    """Parts of metadata that are equal on many members, kept once: most of the memory of a large fleet would be copies."""

    #: what plans are made from
    _KEPT = ("name", "namespace", "uid", "resourceVersion", "deletionTimestamp", "finalizers")

    def __init__(self) -> None:
        self._parts: dict[bytes, Any] = {}

    def _part(self, value: Any) -> Any:
        # the oldest form of marshal: quick, and the same bytes for the same contents
        return self._parts.setdefault(marshal.dumps(value, 0), value)

    def slim(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The metadata without what no plan needs. Nobody wishes for a status, so who wrote one does not matter."""
        kept = {key: metadata[key] for key in self._KEPT if key in metadata}
        for key in ("labels", "annotations"):
            if key in metadata:
                kept[key] = self._part(metadata[key])
        kept["managedFields"] = [
            {**entry, "fieldsV1": self._part(entry.get("fieldsV1") or {})}
            for entry in metadata.get("managedFields") or []
            if entry.get("subresource") != "status"
        ]
        return kept


@dataclass(frozen=True)
class Interest:
    """What to look for: the resources, the kinds in their templates, the namespaces where there may be Secrets of theirs, and
    ``pod_spaces``: those whose pods count for a division by capacity."""

    federation: str
    resources: frozenset[str]
    kinds: frozenset[GroupKind]
    secret_spaces: frozenset[str]
    pod_spaces: frozenset[str] = frozenset()
    shared: Shared = field(default_factory=Shared)


def look(api: MemberApi, federation: str) -> Observation:
    """The first look: discovery and memory. MemberError when the member cannot be read."""
    discovery = api.discover()
    return Observation(api, discovery, read_memory(api, federation))


def require_joined(name: str, federation: str, memory: Memory) -> None:
    """MemberError unless the member joined this federation, under this very name."""
    if memory.fleet is None:
        raise MemberError(
            Kind.NOT_JOINED,
            f"not a member of federation {federation}",
            "join it first: the module multicluster.federation.cluster, or the playbook multicluster.federation.site",
        )
    if memory.member != name:
        raise MemberError(
            Kind.REFUSED,
            f"this cluster joined federation {federation} as {memory.member}, not as {name}",
            "correct the kubeconfig or context of this host; if the host was renamed, say "
            f"cluster_renamed_from: {memory.member} and join it again",
        )


def selector_for(federation: str, resources: Iterable[str]) -> str:
    """The label selector of everything that these resources may own; their records carry their names, too, but are ours."""
    chosen = ",".join(sorted(resources))
    return f"{names.LABEL_FEDERATION}={federation},{names.LABEL_RESOURCE} in ({chosen}),!{names.LABEL_RECORD}"


def list_owned(
    api: MemberApi,
    discovery: Discovery,
    federation: str,
    resources: Collection[str],
    kinds: Iterable[GroupKind],
    secret_spaces: Iterable[str],
    shared: Shared | None = None,
) -> dict[ObjectName, Mapping[str, Any]]:
    """Metadata of all objects that carry the labels of these resources, one LIST a kind; ``shared`` holds what members share.

    Kinds that the member does not serve have no objects; kinds whose group does not answer are an error, because what is in them
    is unknown. Secrets are listed by namespace, so that nobody has to be allowed to list them everywhere.
    """
    selector = selector_for(federation, resources)
    found: dict[ObjectName, Mapping[str, Any]] = {}
    for kind in sorted(kinds):
        served = discovery.find(kind)
        if served is None:
            if kind.group in discovery.stale:
                discovery.require(kind)
            continue
        for namespace in sorted(set(secret_spaces)) if kind == SECRET else ("",):
            for item in api.objects(served, namespace, selector):
                metadata = (shared or Shared()).slim(item["metadata"])
                found[ObjectName(kind, metadata.get("namespace") or "", metadata["name"])] = metadata
    return found


def observe(api: MemberApi, name: str, interest: Interest, new: bool = False) -> Observation:
    """Everything the plan needs to know of one member. MemberError when anything of it cannot be read completely.

    ``new``: a cluster that is no member yet is observed as one that remembers nothing, for a prediction.
    """
    first = look(api, interest.federation)
    if not new or first.memory.fleet is not None:
        require_joined(name, interest.federation, first.memory)
    kinds, spaces = set(interest.kinds), set(interest.secret_spaces)
    for resource in interest.resources:
        stored = first.memory.resources.get(resource)
        if stored is not None:
            kinds |= stored.record.kinds
            spaces |= stored.record.secret_spaces
    resources = interest.resources | {names.RESOURCE_NAMESPACES}
    kinds.add(NAMESPACE)
    objects = list_owned(api, first.discovery, interest.federation, resources, kinds, spaces, interest.shared)
    room = None
    if interest.pod_spaces:
        from .capacity import read_room

        room = read_room(api, interest.pod_spaces)
    return replace(first, objects=objects, kinds=frozenset(kinds), room=room)


def with_autoscalers(seen: Observation, spaces: Iterable[str]) -> Observation:
    """The observation with what autoscalers in these namespaces scale. They are read in full: metadata do not name the target."""
    served = seen.discovery.find(AUTOSCALER)
    found: set[ObjectName] = set()
    if served is None:
        return replace(seen, autoscaled=frozenset())
    for space in sorted(set(spaces)):
        for item in seen.api.objects(served, space, metadata_only=False):
            target = scaled_object(item, space)
            if target is not None:
                found.add(target)
    return replace(seen, autoscaled=frozenset(found))
