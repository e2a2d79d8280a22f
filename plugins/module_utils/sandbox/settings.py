# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a member should be: read from the options of the user, remembered in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..model.errors import ConfigError
from .layout import (
    COMPONENTS,
    KUBERNETES_VERSION,
    KWOK_NODES,
    NODE_COMPONENTS,
    REAL_NODES,
    checked_name,
)

_REGION = "local"
_PROVIDER = "sandbox"
_NODE_COUNT = 3
_NODE_SIZE = {"cpu": "4", "memory": "16Gi", "pods": 110}
_REAL_PODS = 100
_NODE_KEYS = ("name", "zone", "cpu", "memory", "pods", "labels", "taints")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


@dataclass(frozen=True)
class Node:
    """A node: quantities as Kubernetes writes them; taints as ``{key, value, effect}``."""

    name: str
    zone: str
    cpu: str
    memory: str
    pods: int
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class MemberSettings:
    """A member. ``labels`` and ``taints`` are for placement, and go to the inventory, not to the nodes."""

    name: str
    region: str
    zones: list[str]
    provider: str
    nodes: list[Node]
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[dict[str, str]] = field(default_factory=list)
    kubernetes_version: str = KUBERNETES_VERSION
    node_kind: str = KWOK_NODES
    images: list[str] = field(default_factory=list)

    @property
    def components(self) -> tuple[str, ...]:
        """What the member consists of, in the order in which it starts."""
        return NODE_COMPONENTS if self.node_kind == REAL_NODES else COMPONENTS

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> MemberSettings:
        """The opposite of ``as_data``."""
        return cls(**{**data, "nodes": [Node(**node) for node in data["nodes"]]})


def read(options: Mapping[str, Any], before: MemberSettings | None) -> MemberSettings:
    """The settings that ``options`` ask for. What they leave out stays as it was ``before``, or gets its default.

    ``options``: name, and region, zones, provider, nodes or node_count with node_cpu, node_memory and node_pods,
    labels, taints, kubernetes_version, node_kind, images; None means "not said". Raises ``ConfigError``.
    """
    name = checked_name("member", str(options["name"]))
    said = {key: value for key, value in options.items() if value is not None}
    old = before.as_data() if before else {}
    region = str(said.get("region", old.get("region", _REGION)))
    same_region = before is not None and before.region == region
    zones = [str(zone) for zone in said.get("zones", old["zones"] if same_region else [])] or [f"{region}-a"]
    kind = str(said.get("node_kind", old.get("node_kind", KWOK_NODES)))
    if before is not None and before.node_kind != kind:
        raise ConfigError(f"member {name} has nodes of the kind {before.node_kind}", "remove it first: state: absent")
    if kind == REAL_NODES:
        idle = [key for key in ("nodes", "node_count", "node_cpu", "node_memory") if key in said]
        if idle:
            raise ConfigError(
                f"member {name}: {idle[0]} does not go with node_kind: kubelet", "it has one node, this machine"
            )
        said = {**said, "nodes": [{"pods": said.get("node_pods", before.nodes[0].pods if before else _REAL_PODS)}]}
    elif said.get("images"):
        raise ConfigError(f"member {name}: images are for node_kind: kubelet", "pretended nodes run nothing")
    if len(set(zones)) != len(zones):
        raise ConfigError(f"member {name}: a zone is named twice", "name each zone once")
    member = MemberSettings(
        name=name,
        region=region,
        zones=zones,
        provider=str(said.get("provider", old.get("provider", _PROVIDER))),
        nodes=_nodes(name, zones, said, before),
        labels={str(key): str(value) for key, value in said.get("labels", old.get("labels", {})).items()},
        taints=[_taint(name, taint) for taint in said.get("taints", old.get("taints", []))],
        kubernetes_version=str(
            said.get("kubernetes_version", old.get("kubernetes_version", KUBERNETES_VERSION)),
        ),
        node_kind=kind,
        images=[str(image) for image in said.get("images", old.get("images", []))],
    )
    if kind == REAL_NODES and before is not None and _place(before) != _place(member):
        # it registers itself once, and says then where it is
        raise ConfigError(f"member {name} has a real node, which stays where it is", "remove it first: state: absent")
    return member


def _place(member: MemberSettings) -> tuple[Any, ...]:
    return member.region, member.provider, member.nodes


def _nodes(member: str, zones: list[str], said: Mapping[str, Any], before: MemberSettings | None) -> list[Node]:
    if "nodes" in said:
        wanted = [{**_NODE_SIZE, **_said(node)} for node in said["nodes"]]
    else:
        wanted = _counted(said, [asdict(node) for node in before.nodes] if before else [])
        for node in wanted:
            if node.get("zone") not in zones:
                node.pop("zone", None)
    nodes = [_node(member, zones, index, node) for index, node in enumerate(wanted)]
    names = [node.name for node in nodes]
    if len(set(names)) != len(names):
        raise ConfigError(f"member {member}: two nodes have the same name", "name each node differently")
    return nodes


def _counted(said: Mapping[str, Any], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many nodes as asked for: those of ``before`` come first, more are of the size of the last of them."""
    size = {key: said[f"node_{key}"] for key in _NODE_SIZE if f"node_{key}" in said}
    last = {key: before[-1][key] for key in _NODE_SIZE} if before else {}
    count = int(said.get("node_count", len(before) if before else _NODE_COUNT))
    if count < 0:
        raise ConfigError(f"node_count is {count}", "it has to be 0 or more")
    more = [{**_NODE_SIZE, **last} for _index in range(count - len(before))]
    return [{**node, **size} for node in (before + more)[:count]]


def _said(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: node[key] for key in _NODE_KEYS if node.get(key) is not None}


def _node(member: str, zones: list[str], index: int, data: Mapping[str, Any]) -> Node:
    name = checked_name("node", str(data.get("name", f"{member}-{index + 1}")))
    zone = str(data.get("zone", zones[index % len(zones)]))
    if zone not in zones:
        raise ConfigError(f"member {member}: node {name} is in zone {zone}, which zones does not name", "add it there")
    return Node(
        name=name,
        zone=zone,
        cpu=str(data["cpu"]),
        memory=str(data["memory"]),
        pods=int(data["pods"]),
        labels={str(key): str(value) for key, value in data.get("labels", {}).items()},
        taints=[_taint(name, taint) for taint in data.get("taints", [])],
    )


def _taint(owner: str, data: Mapping[str, Any]) -> dict[str, str]:
    taint = {key: str(data[key]) for key in ("key", "value", "effect") if data.get(key) not in (None, "")}
    if "key" not in taint or taint.get("effect") not in _EFFECTS:
        raise ConfigError(
            f"{owner}: a taint has no key or no known effect", f"an effect is one of {', '.join(_EFFECTS)}"
        )
    return taint
