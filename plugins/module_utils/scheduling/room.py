# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many replicas of a workload a member can run, when others wait for a place on the same nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .capacity import Amounts, NodeCapacity, PodRequest, pod_requests
from .fit import exclusive_places, fit, place, quota_room


@dataclass(frozen=True)
class Waiting:
    """A pod that is bound to no node yet; ``template`` is what it asks for, in the shape of a pod template."""

    namespace: str
    template: Mapping[str, Any]


@dataclass(frozen=True)
class Bound:
    """A pod that has a node: its labels, and what it asks for there."""

    labels: Mapping[str, str]
    request: PodRequest


@dataclass(frozen=True)
class Room:
    """What a member has for pods.

    ``nodes`` know what all bound pods ask for; ``waiting`` are pods without a node; ``bound`` are those with one, and ``quotas`` the
    ResourceQuotas, both by namespace, of the namespaces in question. ``problem`` says why nothing is known.
    """

    nodes: tuple[NodeCapacity, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    bound: Mapping[str, Sequence[Bound]] = field(default_factory=dict)
    quotas: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class Wish:
    """Pods of one workload: their template, where they go, the labels that all of them carry, and how many are ``granted`` to the
    member already, be they there or not."""

    namespace: str
    template: Mapping[str, Any]
    labels: Mapping[str, str]
    granted: int = 0

    def owns(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether a pod is one of these."""
        if namespace != self.namespace or not self.labels:
            return False
        return all(labels.get(key) == value for key, value in self.labels.items())


@dataclass(frozen=True)
class Capacity:
    """How many replicas fit altogether, and what keeps it from being more."""

    replicas: int
    limit: str


def _freed(nodes: Sequence[NodeCapacity], pods: Sequence[PodRequest]) -> Sequence[NodeCapacity]:
    """The nodes without some pods."""
    if not pods:
        return nodes
    gone: dict[str, Amounts] = {}
    for pod in pods:
        gone[pod.node] = gone.get(pod.node, Amounts()) + pod.amounts
    return [replace(n, requested=n.requested.without(gone[n.name])) if n.name in gone else n for n in nodes]


class Occupied:
    """The nodes of one member while workloads are divided one after the other: what one was granted is gone for the next."""

    def __init__(self, room: Room, wishes: Mapping[str, Wish]) -> None:
        self._room = room
        self._wishes = dict(wishes)
        foreign = [w for w in room.waiting if not any(self._is_own(wish, w) for wish in wishes.values())]
        nodes: Sequence[NodeCapacity] = room.nodes
        for waiting in foreign:
            nodes = place(waiting.template, 1, nodes)[0]
        self._nodes = nodes

    @staticmethod
    def _is_own(wish: Wish, waiting: Waiting) -> bool:
        labels = (waiting.template.get("metadata") or {}).get("labels") or {}
        return wish.owns(waiting.namespace, labels)

    def _bound(self, wish: Wish) -> list[PodRequest]:
        found = self._room.bound.get(wish.namespace, ())
        return [pod.request for pod in found if wish.owns(wish.namespace, pod.labels)]

    def capacity(self, key: str) -> Capacity:
        """What the workload ``key`` can have, with what all others were granted in place."""
        wish = self._wishes[key]
        nodes = self._nodes
        for other, granted in self._wishes.items():
            lacking = granted.granted - len(self._bound(granted)) if other != key else 0
            if lacking > 0:
                nodes = place(granted.template, lacking, nodes)[0]
        asked = replace(pod_requests(wish.template.get("spec") or {}), pods=1)
        bound = self._bound(wish)
        here = sum(1 for pod in bound if pod.amounts == asked)
        # pods of another size belong to an older template: new ones take their places
        found = fit(wish.template, _freed(nodes, [pod for pod in bound if pod.amounts != asked]))
        more, limit = found.replicas, found.limit
        older = len(bound) - here
        unbound = older + sum(1 for waiting in self._room.waiting if self._is_own(wish, waiting))
        for quota in self._room.quotas.get(wish.namespace, ()):
            left, what = quota_room(quota, wish.template.get("spec") or {})
            if left + unbound < more:  # pods without a node are in the quota's count already
                more, limit = left + unbound, f"quota {(quota.get('metadata') or {}).get('name')}: {what}"
        for domain, places in exclusive_places(wish.template, nodes).items():
            if places < here + more:  # those that run have their places already
                more, limit = max(0, places - here), f"one in each {domain}"
        return Capacity(here + more, limit)

    def grant(self, key: str, replicas: int) -> None:
        """Note that a workload has this many from now on."""
        wish = self._wishes[key]
        self._wishes[key] = Wish(wish.namespace, wish.template, wish.labels, replicas)
