# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be read of a cluster before and after it joins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.discovery import ApiKind
from ..model import names
from ..model.cluster import Cluster
from ..model.errors import Kind, MemberError
from ..model.manifest import GroupKind, ObjectName
from ..model.records import MemberEntry
from ..propagation.observe import NAMESPACE, Observation, list_owned, look
from .identity import Seen
from .manifests import KINDS

NAMESPACES = ApiKind(NAMESPACE, "v1", "namespaces", False)
_NODES = ApiKind(GroupKind("", "Node"), "v1", "nodes", False)
_REGION, _ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"


@dataclass(frozen=True)
class Survey:
    """One cluster: who it is, what the federation has on it, and what its nodes say of where it stands."""

    seen: Seen
    entry: MemberEntry
    nodes: int
    observation: Observation
    owned: Mapping[ObjectName, Mapping[str, Any]] = field(default_factory=dict)


def _provider(api: MemberApi, node: str) -> str:
    """The cloud that a node belongs to, from the scheme of its providerID ("aws:///..." is aws)."""
    found = api.get(_NODES, "", node, metadata_only=False)
    scheme, colon, _rest = str(((found or {}).get("spec") or {}).get("providerID") or "").partition("://")
    return scheme if colon else ""


@dataclass(frozen=True)
class Description:
    """What a cluster says of itself. ``labels`` are those that all its nodes have alike."""

    entry: MemberEntry
    nodes: int
    labels: Mapping[str, str]


def describe(api: MemberApi, cluster: Cluster) -> Description:
    """Read who a cluster is and where it stands; what the inventory says of that comes first. MemberError when it does not answer,
    or is not a Kubernetes API."""
    system = api.get(NAMESPACES, "", "kube-system")
    if system is None:
        raise MemberError(Kind.FAILED, "it has no namespace kube-system, so it is not a usual Kubernetes cluster")
    nodes = [item["metadata"] for item in api.objects(_NODES)]
    labels = [node.get("labels") or {} for node in nodes]
    regions = sorted({found[_REGION] for found in labels if found.get(_REGION)})
    zones = sorted({found[_ZONE] for found in labels if found.get(_ZONE)})
    entry = MemberEntry(
        uid=system["metadata"]["uid"],
        version=api.version(),
        region=cluster.region or (regions[0] if len(regions) == 1 else ""),
        zones=cluster.zones or tuple(zones),
        provider=cluster.provider or (_provider(api, nodes[0]["name"]) if nodes else ""),
    )
    common = set.intersection(*(set(found.items()) for found in labels)) if labels else set()
    return Description(entry, len(nodes), dict(sorted(common)))


def survey(api: MemberApi, cluster: Cluster, federation: str) -> Survey:
    """Read one cluster. MemberError when it does not answer, or is not a Kubernetes API."""
    observation = look(api, federation)
    described = describe(api, cluster)
    homes = api.objects(NAMESPACES, selector=f"{names.LABEL_RESOURCE}={names.RESOURCE_MEMBERSHIP}")
    # a namespace that is on its way out is that of a federation that has just been left
    there = [home["metadata"] for home in homes if not home["metadata"].get("deletionTimestamp")]
    federations = {(metadata.get("labels") or {}).get(names.LABEL_FEDERATION) or "?" for metadata in there}
    owned = list_owned(api, observation.discovery, federation, [names.RESOURCE_MEMBERSHIP], KINDS, [])
    memory = observation.memory
    seen = Seen(described.entry.uid, memory.fleet, memory.member, tuple(sorted(federations - {federation})))
    return Survey(seen, described.entry, described.nodes, observation, owned)
