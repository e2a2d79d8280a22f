# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nodes have and what pods ask of them, by the rules of the Kubernetes scheduler. Each node is kept apart: what is free on
two nodes does not fit one pod."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from ..model.quantity import milli, whole

CPU, MEMORY, PODS = "cpu", "memory", "pods"
_POD_LEVEL = (CPU, MEMORY)  # and huge pages: the resources that a pod may ask for as a whole
_KEEPS_PODS_AWAY = ("NoSchedule", "NoExecute")


@dataclass(frozen=True)
class Amounts:
    """CPU in millicores, memory in bytes, pods; everything else (``nvidia.com/gpu``, ``ephemeral-storage``) in whole units."""

    cpu: int = 0
    memory: int = 0
    pods: int = 0
    others: Mapping[str, int] = field(default_factory=dict)

    def _names(self, other: Amounts) -> set[str]:
        return set(self.others) | set(other.others)

    def __add__(self, other: Amounts) -> Amounts:
        others = {name: self.others.get(name, 0) + other.others.get(name, 0) for name in self._names(other)}
        return Amounts(self.cpu + other.cpu, self.memory + other.memory, self.pods + other.pods, others)

    def largest(self, other: Amounts) -> Amounts:
        """The larger of each."""
        others = {name: max(self.others.get(name, 0), other.others.get(name, 0)) for name in self._names(other)}
        return Amounts(max(self.cpu, other.cpu), max(self.memory, other.memory), max(self.pods, other.pods), others)

    def without(self, other: Amounts) -> Amounts:
        """What is left when a part of it goes."""
        names = self._names(other)
        others = {name: self.others.get(name, 0) - other.others.get(name, 0) for name in names}
        return Amounts(self.cpu - other.cpu, self.memory - other.memory, self.pods - other.pods, others)

    def less(self, other: Amounts) -> Amounts:
        """What is left of this, never below 0; what this does not have at all stays away."""
        others = {name: max(0, amount - other.others.get(name, 0)) for name, amount in self.others.items()}
        left = (max(0, self.cpu - other.cpu), max(0, self.memory - other.memory), max(0, self.pods - other.pods))
        return Amounts(*left, others)


def read_amounts(raw: Mapping[str, Any] | None) -> Amounts:
    """A list of resources (``{cpu: 500m, memory: 1Gi}``) as amounts. ConfigError for what is no quantity."""
    given = dict(raw or {})
    cpu, memory, pods = given.pop(CPU, 0), given.pop(MEMORY, 0), given.pop(PODS, 0)
    return Amounts(milli(cpu), whole(memory), whole(pods), {name: whole(value) for name, value in given.items()})


@dataclass(frozen=True)
class NodeTaint:
    """A taint of a node, with the meaning that Kubernetes gives it."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True)
class NodeCapacity:
    """One node: what it offers to pods, and what those that are bound to it ask for."""

    name: str
    allocatable: Amounts
    requested: Amounts = Amounts()
    ready: bool = True
    cordoned: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[NodeTaint, ...] = ()

    @property
    def schedulable(self) -> bool:
        """Whether a pod without tolerations may be bound to it."""
        kept_away = any(taint.effect in _KEEPS_PODS_AWAY for taint in self.taints)
        return self.ready and not self.cordoned and not kept_away

    @property
    def free(self) -> Amounts:
        return self.allocatable.less(self.requested)


@dataclass(frozen=True)
class PodRequest:
    """What one pod asks of the node that it is bound to. ``amounts`` count it as one pod."""

    node: str
    amounts: Amounts


@dataclass(frozen=True)
class ClusterCapacity:
    """Sums over the schedulable nodes. ``free`` is summed node by node, so one that is overcommitted takes nothing from others."""

    allocatable: Amounts = Amounts()
    requested: Amounts = Amounts()
    free: Amounts = Amounts()


def read_node(body: Mapping[str, Any]) -> NodeCapacity:
    """A Node as the API shows it; nothing is requested of it yet."""
    metadata, spec, status = (body.get(key) or {} for key in ("metadata", "spec", "status"))
    conditions = status.get("conditions") or []
    taints = spec.get("taints") or []
    return NodeCapacity(
        name=metadata["name"],
        allocatable=read_amounts(status.get("allocatable")),
        ready=any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions),
        cordoned=bool(spec.get("unschedulable")),
        labels=metadata.get("labels") or {},
        taints=tuple(NodeTaint(t.get("key") or "", t.get("value") or "", t.get("effect") or "") for t in taints),
    )


def read_pod(body: Mapping[str, Any]) -> PodRequest | None:
    """A Pod as the API shows it; None when it takes nothing of any node: not bound, or over."""
    spec, status = body.get("spec") or {}, body.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
        return None
    return PodRequest(spec["nodeName"], replace(pod_requests(spec, status), pods=1))


def pod_requests(spec: Mapping[str, Any], status: Mapping[str, Any] | None = None) -> Amounts:
    """What a pod asks for, as the scheduler counts it (PodRequests in k8s.io/component-helpers/resource).

    Init containers run one after another, so only the largest counts, and only beyond what the containers ask for later; those
    that are restarted go on beside everything after them. ``status`` tells of a resize that is under way.
    """
    held, stuck = _held(status or {}), _resize_is_infeasible(status or {})

    def of(container: Mapping[str, Any]) -> Amounts:
        wanted = read_amounts((container.get("resources") or {}).get("requests"))
        holds = held.get(container.get("name") or "")
        if holds is None:
            return wanted
        return holds if stuck else wanted.largest(holds)

    total = reduce(Amounts.__add__, map(of, spec.get("containers") or []), Amounts())
    beside, peak = Amounts(), Amounts()
    for container in spec.get("initContainers") or []:
        if container.get("restartPolicy") == "Always":
            total, beside = total + of(container), beside + of(container)
            peak = peak.largest(beside)
        else:
            asked = read_amounts((container.get("resources") or {}).get("requests"))
            peak = peak.largest(asked + beside)
    return _with_pod_level(total.largest(peak), spec) + read_amounts(spec.get("overhead"))


def _with_pod_level(total: Amounts, spec: Mapping[str, Any]) -> Amounts:
    """What a pod asks for as a whole takes the place of what its containers ask for."""
    given = (spec.get("resources") or {}).get("requests") or {}
    chosen = {k: v for k, v in given.items() if k in _POD_LEVEL or k.startswith("hugepages-")}
    asked = read_amounts(chosen)
    return Amounts(
        asked.cpu if CPU in chosen else total.cpu,
        asked.memory if MEMORY in chosen else total.memory,
        total.pods,
        {**total.others, **asked.others},
    )


def _held(status: Mapping[str, Any]) -> dict[str, Amounts]:
    """What containers hold on their node already, by name: while a pod shrinks, that is more than it asks for."""
    return {
        container["name"]: read_amounts(container["resources"].get("requests")).largest(
            read_amounts(container.get("allocatedResources"))
        )
        for key in ("containerStatuses", "initContainerStatuses")
        for container in status.get(key) or []
        if container.get("resources") is not None
    }


def _resize_is_infeasible(status: Mapping[str, Any]) -> bool:
    pending = [c for c in status.get("conditions") or [] if c.get("type") == "PodResizePending"]
    return bool(pending) and pending[0].get("reason") == "Infeasible"


def account(nodes: Iterable[NodeCapacity], pods: Iterable[PodRequest]) -> list[NodeCapacity]:
    """The nodes with what pods ask of them; a pod on a node that is not there any more asks nothing."""
    asked: dict[str, Amounts] = {}
    for pod in pods:
        asked[pod.node] = asked.get(pod.node, Amounts()) + pod.amounts
    return [replace(node, requested=node.requested + asked.get(node.name, Amounts())) for node in nodes]


def total_capacity(nodes: Iterable[NodeCapacity]) -> ClusterCapacity:
    """What a whole cluster has for pods without tolerations."""
    chosen = [node for node in nodes if node.schedulable]
    return ClusterCapacity(
        *(
            reduce(Amounts.__add__, amounts, Amounts())
            for amounts in (
                [node.allocatable for node in chosen],
                [node.requested for node in chosen],
                [node.free for node in chosen],
            )
        )
    )
