# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nodes have and what pods ask of them. The rules were compared with PodRequests of k8s.io/component-helpers 0.34 on random pods."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.capacity import (
    Amounts,
    NodeCapacity,
    PodRequest,
    account,
    pod_requests,
    read_amounts,
    read_node,
    read_pod,
    total_capacity,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY


def container(cpu: str = "", memory: str = "", name: str = "c", **more: Any) -> dict[str, Any]:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": name, "resources": {"requests": requests}, **more}


def sidecar(cpu: str, name: str = "s") -> dict[str, Any]:
    return container(cpu, name=name, restartPolicy="Always")


CASES: list[tuple[str, dict[str, Any], int]] = [
    ("nothing asked for", {"containers": [{"name": "c"}]}, 0),
    ("containers add up", {"containers": [container("100m"), container("1")]}, 1100),
    ("a small init container hides", {"initContainers": [container("50m")], "containers": [container("100m")]}, 100),
    (
        "the largest init container counts, not their sum",
        {"initContainers": [container("300m"), container("400m")], "containers": [container("100m")]},
        400,
    ),
    ("a sidecar runs beside", {"initContainers": [sidecar("200m")], "containers": [container("100m")]}, 300),
    (
        "a sidecar runs beside the init containers after it",
        {"initContainers": [sidecar("200m"), container("1")], "containers": [container("100m")]},
        1200,
    ),
    (
        "but not beside those before it",
        {"initContainers": [container("1"), sidecar("200m")], "containers": [container("100m")]},
        1000,
    ),
    (
        "sidecars start one after another",
        {"initContainers": [sidecar("200m", "s1"), sidecar("300m", "s2")], "containers": [container("100m")]},
        600,
    ),
    ("overhead comes on top", {"containers": [container("100m")], "overhead": {"cpu": "50m"}}, 150),
    (
        "the pod as a whole wins over its containers",
        {"containers": [container("100m")], "resources": {"requests": {"cpu": "2"}}, "overhead": {"cpu": "1m"}},
        2001,
    ),
    (
        "but only for what it names",
        {"containers": [container("100m")], "resources": {"requests": {"memory": "1Gi"}}},
        100,
    ),
]


@pytest.mark.parametrize(("case", "spec", "cpu"), CASES, ids=[case for case, _spec, _cpu in CASES])
def test_requests_of_a_pod(case: str, spec: dict[str, Any], cpu: int) -> None:
    assert pod_requests(spec).cpu == cpu


def resized(reason: str, actual: str, allocated: str) -> dict[str, Any]:
    status: dict[str, Any] = {
        "containerStatuses": [
            {"name": "c", "resources": {"requests": {"cpu": actual}}, "allocatedResources": {"cpu": allocated}}
        ]
    }
    if reason:
        status["conditions"] = [{"type": "PodResizePending", "reason": reason}]
    return status


@pytest.mark.parametrize(
    ("status", "cpu"),
    [
        ({}, 500),
        (resized("", "800m", "500m"), 800),  # shrinks, and holds the old amount still
        (resized("", "100m", "100m"), 500),  # grows
        (resized("Deferred", "100m", "200m"), 500),
        (resized("Infeasible", "100m", "200m"), 200),  # will never get what it asks for
        ({"containerStatuses": [{"name": "c", "allocatedResources": {"cpu": "9"}}]}, 500),  # not known to be held
    ],
)
def test_a_resize_under_way_holds_the_larger_amount(status: dict[str, Any], cpu: int) -> None:
    assert pod_requests({"containers": [container("500m")]}, status).cpu == cpu


@pytest.mark.parametrize(
    ("node", "phase", "counts"),
    [
        ("n1", "Running", True),
        ("n1", "Pending", True),
        ("", "Pending", False),
        ("n1", "Succeeded", False),
        ("n1", "Failed", False),
    ],
)
def test_only_what_is_bound_and_not_over_takes_of_a_node(node: str, phase: str, counts: bool) -> None:
    spec: dict[str, Any] = {"containers": [container("1", "1Gi")]}
    if node:
        spec["nodeName"] = node
    found = read_pod({"metadata": {"name": "p"}, "spec": spec, "status": {"phase": phase}})
    assert found == (PodRequest("n1", Amounts(1000, 2**30, 1)) if counts else None)


def node(name: str = "n1", ready: str = "True", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"zone": "a"}},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110", "nvidia.com/gpu": "2"},
            "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}],
        },
    }


@pytest.mark.parametrize(
    ("body", "ready", "schedulable"),
    [
        (node(), True, True),
        (node(ready="False"), False, False),
        (node(ready="Unknown"), False, False),
        (node(unschedulable=True), True, False),
        (node(taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]), True, False),
        (node(taints=[{"key": "out", "effect": "NoExecute"}]), True, False),
        (node(taints=[{"key": "soft", "effect": "PreferNoSchedule"}]), True, True),
        ({"metadata": {"name": "new"}}, False, False),
    ],
)
def test_which_nodes_take_pods(body: dict[str, Any], ready: bool, schedulable: bool) -> None:
    found = read_node(body)
    assert (found.ready, found.schedulable) == (ready, schedulable)


def test_a_node_is_read_with_all_that_it_offers() -> None:
    found = read_node(node(taints=[{"key": "soft", "effect": "PreferNoSchedule"}]))
    assert found.allocatable == Amounts(4000, 16 * 2**30, 110, {"nvidia.com/gpu": 2})
    assert (found.name, found.labels, found.taints[0].key) == ("n1", {"zone": "a"}, "soft")


def test_nodes_are_kept_apart() -> None:
    nodes = [read_node(node("n1")), read_node(node("n2")), read_node(node("shut", unschedulable=True))]
    pods = [
        PodRequest("n1", read_amounts({"cpu": "5", "pods": "1"})),  # more than there is, as a static pod may
        PodRequest("n2", read_amounts({"cpu": "1", "nvidia.com/gpu": "1", "pods": "1"})),
        PodRequest("shut", read_amounts({"cpu": "1", "pods": "1"})),
        PodRequest("gone", read_amounts({"cpu": "1", "pods": "1"})),
    ]
    found = account(nodes, pods)
    assert [one.requested.cpu for one in found] == [5000, 1000, 1000]
    assert [one.free.cpu for one in found] == [0, 3000, 3000]
    assert found[1].free.others == {"nvidia.com/gpu": 1}
    total = total_capacity(found)
    assert (total.allocatable.cpu, total.requested.cpu, total.free.cpu) == (8000, 6000, 3000)
    assert (total.allocatable.pods, total.requested.pods, total.free.pods) == (220, 2, 218)


def test_no_nodes_offer_nothing() -> None:
    assert total_capacity([]).allocatable == Amounts()


AMOUNTS = st.builds(
    Amounts,
    st.integers(0, 10**6),
    st.integers(0, 10**12),
    st.integers(0, 500),
    st.dictionaries(st.sampled_from(["gpu", "disk"]), st.integers(1, 9), max_size=2),
)


@STEADY
@given(st.lists(AMOUNTS, max_size=4), st.lists(st.tuples(st.integers(0, 3), AMOUNTS), max_size=8))
def test_what_is_free_and_what_is_requested_never_exceed_what_is_there_by_more_than_what_is_requested(
    offered: list[Amounts], asked: list[tuple[int, Amounts]]
) -> None:
    nodes = account(
        [NodeCapacity(f"n{i}", amounts) for i, amounts in enumerate(offered)],
        [PodRequest(f"n{i}", amounts) for i, amounts in asked],
    )
    total = total_capacity(nodes)
    assert total.free.cpu >= total.allocatable.cpu - total.requested.cpu
    assert total.free.cpu == sum(max(0, one.allocatable.cpu - one.requested.cpu) for one in nodes)
    assert total.requested.memory == sum(amounts.memory for i, amounts in asked if i < len(offered))
    assert all(amount >= 0 for one in nodes for amount in (one.free.cpu, one.free.memory, *one.free.others.values()))


@STEADY
@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_amounts_add_up_in_any_order(one: Amounts, two: Amounts, three: Amounts) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one.largest(two) == two.largest(one)
    assert (one + two).less(two) == one + Amounts(others=dict.fromkeys(two.others, 0))
