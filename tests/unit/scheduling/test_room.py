# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a member can run while others wait for the same nodes."""

from __future__ import annotations

from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.capacity import (
    PodRequest,
    account,
    read_amounts,
    read_node,
)
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.room import (
    Bound,
    Capacity,
    Occupied,
    Room,
    Waiting,
    Wish,
)

LABELS = {"app": "web"}


def node(name: str, cpu: str, **metadata: Any) -> dict[str, Any]:
    size = {"cpu": cpu, "memory": "64Gi", "pods": "110"}
    ready = [{"type": "Ready", "status": "True"}]
    return {"metadata": {"name": name, **metadata}, "status": {"allocatable": size, "conditions": ready}}


def template(cpu: str, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    return {"metadata": {"labels": labels or LABELS}, "spec": {"containers": [container], **spec}}


def request(name: str, cpu: str) -> PodRequest:
    return PodRequest(name, read_amounts({"cpu": cpu, "pods": 1}))


def room(*nodes: dict[str, Any], bound: list[PodRequest] | None = None, **more: Any) -> Room:
    pods = bound or []
    own = {"shop": [Bound(LABELS, pod) for pod in pods]}
    return Room(tuple(account([read_node(body) for body in nodes], pods)), bound=own, **more)


def capacity(found: Room, wish: Wish) -> Capacity:
    return Occupied(found, {"web": wish}).capacity("web")


WISH = Wish("shop", template("1"), LABELS)


def test_what_runs_counts_and_what_is_free_is_added() -> None:
    assert capacity(room(node("a", "4"), bound=[request("a", "1")] * 2), WISH) == Capacity(4, "free cpu")


def test_a_node_that_got_smaller_keeps_its_pods() -> None:
    assert capacity(room(node("a", "1"), bound=[request("a", "1")] * 3), WISH).replicas == 3


def test_a_large_pod_does_not_fit_on_two_small_nodes() -> None:
    found = capacity(room(node("a", "2"), node("b", "2")), Wish("shop", template("4"), LABELS))
    assert found == Capacity(0, "no node has enough free cpu")


def test_pods_of_an_older_template_make_room() -> None:
    found = room(node("a", "4"), bound=[request("a", "1")] * 4)
    assert capacity(found, Wish("shop", template("2"), LABELS)).replicas == 2


def test_pods_of_others_that_wait_come_first() -> None:
    other = Waiting("else", template("3", {"app": "other"}))
    assert capacity(room(node("a", "4"), waiting=(other,)), WISH).replicas == 1
    own = Waiting("shop", template("3"))
    assert capacity(room(node("a", "4"), waiting=(own,)), WISH).replicas == 4


def test_what_another_workload_was_granted_is_gone() -> None:
    other = Wish("shop", template("1", {"app": "api"}), {"app": "api"})
    occupied = Occupied(room(node("a", "4")), {"web": WISH, "api": other})
    assert occupied.capacity("web").replicas == 4
    occupied.grant("api", 3)
    assert occupied.capacity("web").replicas == 1
    assert occupied.capacity("api").replicas == 4, "its own grant is no obstacle to it"


def test_a_quota_of_the_namespace() -> None:
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "3"}}, "status": {"used": {"pods": "1"}}}
    found = room(node("a", "9"), bound=[request("a", "1")], quotas={"shop": (quota,), "else": ({},)})
    assert capacity(found, WISH) == Capacity(3, "quota few: pods")


def test_one_in_each_place_counts_those_that_run() -> None:
    term = {"labelSelector": {"matchLabels": LABELS}, "topologyKey": "kubernetes.io/hostname"}
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    wish = Wish("shop", template("1", affinity=affinity), LABELS)
    found = room(node("a", "4"), node("b", "4"), bound=[request("a", "1")])
    assert capacity(found, wish) == Capacity(2, "one in each hostname")


def test_a_workload_without_labels_owns_no_pods() -> None:
    assert not Wish("shop", {}, {}).owns("shop", {})
