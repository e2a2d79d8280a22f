# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many pods fit: node by node, as the scheduler of the member will see it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.capacity import (
    Amounts,
    NodeCapacity,
    NodeTaint,
)
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.fit import (
    Fit,
    fit,
    place,
    quota_room,
    tolerates,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

GIB = 2**30


def node(name: str = "n", cpu: int = 4000, memory: int = 16 * GIB, pods: int = 110, **more: Any) -> NodeCapacity:
    return NodeCapacity(name, Amounts(cpu, memory, pods), **more)


def pod(cpu: str = "", memory: str = "", labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    container = {"name": "main", "resources": {"requests": requests}}
    return {"metadata": {"labels": labels or {"app": "web"}}, "spec": {"containers": [container], **spec}}


def test_a_large_pod_does_not_fit_two_small_nodes() -> None:
    assert fit(pod("4"), [node("a", 2000), node("b", 2000)]) == Fit(0, "no node has enough free cpu")
    assert fit(pod("4"), [node("a", 4000), node("b", 2000)]).replicas == 1


@pytest.mark.parametrize(
    ("template", "replicas", "limit"),
    [
        (pod("500m"), 8, "free cpu"),
        (pod("500m", "8Gi"), 2, "free memory"),
        (pod(), 110, "free pods"),
        (pod("100m", hostNetwork=True), 40, "free cpu"),
    ],
)
def test_what_runs_out_first(template: dict[str, Any], replicas: int, limit: str) -> None:
    assert fit(template, [node()]) == Fit(replicas, limit)


def test_what_is_there_already_is_taken_off() -> None:
    assert fit(pod("1"), [node(requested=Amounts(2500, 0, 3))]).replicas == 1
    assert fit(pod("1"), [node(requested=Amounts(9000, 0, 3))]).replicas == 0  # overcommitted


ZONED = [node("a", labels={"zone": "z1", "disk": "ssd"}), node("b", labels={"zone": "z2"})]


def _affinity(*expressions: dict[str, Any], **term: Any) -> dict[str, Any]:
    terms = [{"matchExpressions": list(expressions), **term}] if expressions or term else [{}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"nodeAffinity": required}


@pytest.mark.parametrize(
    ("spec", "replicas"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, 4),
        ({"nodeSelector": {"disk": "hdd"}}, 0),
        ({"nodeName": "b"}, 4),
        ({"affinity": _affinity({"key": "zone", "operator": "In", "values": ["z1", "z2"]})}, 8),
        ({"affinity": _affinity({"key": "zone", "operator": "NotIn", "values": ["z1"]})}, 4),
        ({"affinity": _affinity({"key": "disk", "operator": "Exists"})}, 4),
        ({"affinity": _affinity({"key": "disk", "operator": "DoesNotExist"})}, 4),
        ({"affinity": _affinity({"key": "zone", "operator": "Gt", "values": ["1"]})}, 0),
        ({"affinity": _affinity(matchFields=[{"key": "metadata.name", "operator": "In", "values": ["a"]}])}, 4),
        ({"affinity": _affinity()}, 0),
    ],
)
def test_which_nodes_a_pod_asks_for(spec: dict[str, Any], replicas: int) -> None:
    found = fit(pod("1", **spec), ZONED)
    assert found.replicas == replicas
    assert replicas or found.limit == "no node takes it: not selected"


@pytest.mark.parametrize(
    ("toleration", "taint", "good"),
    [
        ({"key": "a", "value": "1"}, NodeTaint("a", "1", "NoSchedule"), True),
        ({"key": "a", "value": "2"}, NodeTaint("a", "1", "NoSchedule"), False),
        ({"key": "a", "operator": "Exists"}, NodeTaint("a", "1", "NoExecute"), True),
        ({"operator": "Exists"}, NodeTaint("a", "1", "NoExecute"), True),
        ({"operator": "Equal"}, NodeTaint("a", "", "NoExecute"), False),
        ({"key": "a", "operator": "Exists", "effect": "NoSchedule"}, NodeTaint("a", "", "NoExecute"), False),
    ],
)
def test_tolerations(toleration: dict[str, str], taint: NodeTaint, good: bool) -> None:
    assert tolerates({"tolerations": [toleration]}, taint) is good


def test_nodes_that_take_nothing() -> None:
    nodes = [
        node("a", ready=False),
        node("b", cordoned=True),
        node("c", taints=(NodeTaint("gpu", "", "NoSchedule"),)),
        node("d", taints=(NodeTaint("soft", "", "PreferNoSchedule"),)),
    ]
    assert fit(pod("1"), nodes).replicas == 4
    assert fit(pod("1"), nodes[:1]) == Fit(0, "no node takes it: not ready")
    assert fit(pod("1"), nodes[1:2]) == Fit(0, "no node takes it: cordoned")
    assert fit(pod("1"), nodes[2:3]) == Fit(0, "no node takes it: tainted gpu")
    assert fit(pod("1"), []) == Fit(0, "it has no nodes")
    gpu = pod("1", tolerations=[{"key": "gpu", "operator": "Exists"}])
    assert fit(gpu, nodes).replicas == 8


def _anti(key: str, **labels: str) -> dict[str, Any]:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": labels}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def test_pods_that_keep_apart() -> None:
    nodes = [*ZONED, node("c", labels={"zone": "z2"})]
    apart = fit(pod("1", affinity=_anti("kubernetes.io/hostname", app="web")), nodes)
    assert apart == Fit(3, "one in each hostname")
    assert fit(pod("1", affinity=_anti("zone", app="web")), nodes) == Fit(2, "one in each zone")
    assert fit(pod("1", affinity=_anti("zone", app="other")), nodes).replicas == 12
    ported = pod("1")
    ported["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 80}]
    assert fit(ported, nodes).replicas == 3


def quota(hard: dict[str, str], **used: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "q"},
        "spec": {"hard": hard},
        "status": {"used": {k.replace("_", "."): v for k, v in used.items()}},
    }


def test_quotas() -> None:
    assert fit(pod("500m"), [node()], [quota({"requests.cpu": "2"}, requests_cpu="500m")]) == Fit(
        3, "quota q: requests.cpu"
    )
    assert fit(pod("500m"), [node()], [quota({"pods": "5"}, pods="3")]) == Fit(2, "quota q: pods")
    assert fit(pod("500m"), [node()], [quota({"pods": "5"}, pods="9")]).replicas == 0
    limited = pod("500m")
    limited["spec"]["containers"][0]["resources"]["limits"] = {"cpu": "2"}
    assert quota_room(quota({"limits.cpu": "7"}), limited["spec"]) == (3, "limits.cpu")
    assert fit(pod("500m"), [node()], [quota({"services": "1"})]).replicas == 8


NODES = st.lists(
    st.builds(
        lambda name, cpu, memory, pods, used: node(name, cpu, memory, pods, requested=Amounts(used, 0, 0)),
        st.sampled_from("abcdef"),
        st.integers(0, 8000),
        st.integers(0, 8 * GIB),
        st.integers(0, 12),
        st.integers(0, 9000),
    ),
    max_size=5,
    unique_by=lambda one: one.name,
)


@STEADY
@given(NODES, st.integers(0, 3000), st.integers(0, 2 * GIB))
def test_as_many_as_fit_find_a_place_and_not_one_more(nodes: list[NodeCapacity], cpu: int, memory: int) -> None:
    template = pod(f"{cpu}m", str(memory))
    most = fit(template, nodes).replicas
    after, left = place(template, most + 1, nodes)
    assert left == 1
    assert fit(template, after).replicas == 0
    for one in after:
        grown = one.requested.cpu - next(n for n in nodes if n.name == one.name).requested.cpu
        assert grown == 0 or one.requested.cpu <= one.allocatable.cpu


@STEADY
@given(NODES, st.integers(1, 3000))
def test_another_node_never_makes_it_fewer(nodes: list[NodeCapacity], cpu: int) -> None:
    template = pod(f"{cpu}m")
    assert fit(template, [*nodes, node("z")]).replicas >= fit(template, nodes).replicas
