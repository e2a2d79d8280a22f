# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replicas over real members: divided, moved, planned, and agreed with by the scheduler of each member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kubernetes
import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.conftest import unjoined_federation
from ansible_collections.multicluster.federation.tests.integration.manifests import custom_kind, workload
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import Box, until
from ansible_collections.multicluster.federation.tests.integration.stage import (
    Federation,
    Kube,
    Played,
    Player,
    Sandbox,
)

FOUR = ("ap-1", "eu-1", "eu-2", "us-1")
THREE = FOUR[1:]
#: four CPUs on each member, on two nodes
NODES = [{"cpu": "2", "memory": "8Gi"}, {"cpu": "2", "memory": "8Gi"}]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Four members of a known size, of which tests change nodes."""
    box = Box(tmp_path_factory.mktemp("scheduling"), "scheduling")
    members = [
        {"name": "eu-1", "region": "eu", "nodes": NODES},
        {"name": "eu-2", "region": "eu", "nodes": NODES},
        {"name": "us-1", "region": "us", "nodes": NODES},
        {"name": "ap-1", "region": "ap", "nodes": NODES},
    ]
    try:
        box.play("sandbox_up", sandbox_members=members)
        yield Sandbox(box.root, box.name)
    finally:
        box.play("sandbox_down")


@pytest.fixture(scope="module")
def clients(fleet: Sandbox) -> dict[str, Kube]:
    return {member: Kube(fleet.kubeconfig(member)) for member in FOUR}


@pytest.fixture
def joined(fleet: Sandbox, clients: dict[str, Kube], tmp_path: Path) -> Iterator[Federation]:
    """A federation of the first three; the fourth is there, and not in its inventory."""
    with unjoined_federation(fleet, clients, Player(tmp_path, fleet.inventory)) as found:
        everybody = found.inventory.read_text()
        _inventory(found, everybody, THREE)
        done = found.player.task("cluster", {}, inventory=found.inventory)
        assert not done.result["failed"], done.message
        try:
            yield found
        finally:
            found.inventory.write_text(everybody)


def _inventory(federation: Federation, everybody: str, members: tuple[str, ...]) -> None:
    body = yaml.safe_load(everybody)
    body["clusters"]["hosts"] = {name: body["clusters"]["hosts"][name] for name in members}
    federation.inventory.write_text(yaml.safe_dump(body))


def web(cpu: str = "500m", **pod: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "registry.example.com/web:1", "resources": {"requests": {"cpu": cpu}}}
    return workload("web", {"containers": [container], **pod}, replicas=9)


def divide(federation: Federation, *arguments: str, manifest: dict[str, Any] | None = None, **options: Any) -> Played:
    """Propagate the workload with the option ``replicas``; what else is given goes into the task."""
    given = {"name": "web", "definition": manifest or web(), "wait": True, "placement": {"members": list(THREE)}}
    return federation.propagate(*arguments, **{**given, **options})


def shares(played: Played) -> dict[str, int]:
    assert not played.result["failed"], played.message
    return dict(division(played)["members"])


def division(played: Played) -> dict[str, Any]:
    found = played.result["resources"]["web"]["replicas"]
    assert len(found) == 1
    return dict(next(iter(found.values())))


def live(federation: Federation) -> dict[str, int]:
    """The replicas that the members themselves have of the workload, where they have any."""
    found = {m: c.get("apps/v1", "Deployment", "web", federation.namespace) for m, c in federation.kube.items()}
    return {member: body["spec"]["replicas"] for member, body in found.items() if body and body["spec"]["replicas"]}


def unbound(federation: Federation) -> dict[str, list[str]]:
    """Pods that the scheduler of a member found no node for."""
    found: dict[str, list[str]] = {}
    for member, client in federation.kube.items():
        pods = client.read(f"/api/v1/namespaces/{federation.namespace}/pods")["items"]
        waiting = [pod["metadata"]["name"] for pod in pods if not pod["spec"].get("nodeName")]
        if waiting:
            found[member] = waiting
    return found


def settled(federation: Federation) -> None:
    """The members run what the Deployments ask for, and every pod has a node."""
    for member, replicas in live(federation).items():
        client = federation.kube[member]

        def ready(client: Kube = client, replicas: int = replicas) -> bool:
            status = (client.get("apps/v1", "Deployment", "web", federation.namespace) or {}).get("status") or {}
            return bool(status.get("readyReplicas", 0) == replicas == status.get("replicas", 0))

        until(ready, f"{replicas} replicas on {member}")
    assert not unbound(federation)


@contextmanager
def smaller(client: Kube, cpu: str) -> Iterator[None]:
    """Every node of a member has only this many CPUs for as long as the context lasts."""
    nodes = client.names("v1", "Node")
    core = kubernetes.client.CoreV1Api(client.client.client)

    def size(value: str) -> None:
        for node in nodes:
            core.patch_node_status(node, {"status": {"allocatable": {"cpu": value}, "capacity": {"cpu": value}}})

    try:
        size(cpu)
        yield
    finally:
        size("2")


def test_nine_replicas_by_weight_then_by_free_capacity_then_on_the_fewest(joined: Federation) -> None:
    weights = {"weights": [{"where": {"region": "eu"}, "weight": 1}, {"where": {"region": "us"}, "weight": 4}]}
    first = divide(joined, replicas={**weights, "max": 6})
    assert shares(first) == {"eu-1": 2, "eu-2": 1, "us-1": 6}
    settled(joined)
    again = divide(joined, replicas={**weights, "max": 6})
    assert again.message.endswith("nothing to do")
    assert shares(again) == shares(first)

    free = divide(joined, replicas={"divide": "available"})
    assert sorted(shares(free).values()) == [3, 3, 3]
    assert live(joined) == shares(free)
    settled(joined)

    few = divide(joined, replicas={"divide": "aggregated"})
    assert sorted(shares(few).values()) == [0, 1, 8] or sorted(shares(few).values()) == [0, 4, 5]
    assert len(live(joined)) == 2
    assert sum(live(joined).values()) == 9
    settled(joined)
    assert divide(joined, replicas={"divide": "aggregated"}).message.endswith("nothing to do")
    # less is taken from where it is, more goes to where there is some
    assert sum(shares(divide(joined, replicas={"divide": "aggregated", "total": 7})).values()) == 7
    assert len(live(joined)) == 2


@pytest.mark.long
def test_a_member_that_gets_smaller_then_is_cordoned_then_tainted(joined: Federation, clients: dict[str, Kube]) -> None:
    policy = {"divide": "available", "total": 12}
    assert shares(divide(joined, replicas=policy)) == {"eu-1": 4, "eu-2": 4, "us-1": 4}
    with smaller(clients["us-1"], "500m"):
        # what runs there runs on: a smaller node keeps its pods, and takes no more
        grown = divide(joined, replicas={**policy, "total": 16})
        assert shares(grown) == {"eu-1": 6, "eu-2": 6, "us-1": 4}
        assert "us-1" in division(grown)["reasons"]
        settled(joined)
    cordon = joined.player.task("cluster", {"cordon": True}, "--limit", "eu-1", inventory=joined.inventory)
    assert not cordon.result["failed"], cordon.message
    more = divide(joined, replicas={**policy, "total": 20})
    assert shares(more)["eu-1"] == 6
    assert division(more)["reasons"]["eu-1"] == "cordoned: no more than it has"
    assert sum(shares(more).values()) == 20
    settled(joined)
    taint = {"cordon": False, "taints": ["drill=fenced:NoExecute"]}
    tainted = joined.player.task("cluster", taint, "--limit", "eu-1", inventory=joined.inventory)
    assert not tainted.result["failed"], tainted.message
    away = divide(joined, replicas={**policy, "total": 14})
    assert away.result["resources"]["web"]["not_placed"]["eu-1"] == "taint drill=fenced:NoExecute is not tolerated"
    assert sum(shares(away).values()) == 14
    assert "eu-1" not in live(joined)
    settled(joined)


def test_what_finds_no_place_is_told_and_the_rest_is_placed(joined: Federation) -> None:
    policy = {"divide": "available", "total": 40, "min": 2, "max": 10, "members": {"us-1": {"max": 3}}}
    found = divide(joined, replicas=policy)
    placed = shares(found)
    assert placed["us-1"] == 3
    assert placed["eu-1"] <= 8 >= placed["eu-2"]
    assert division(found)["unplaced"] == 40 - sum(placed.values()) > 0
    assert [text for text in found.result["warnings"] if "find no place" in text and "free cpu" in text]
    settled(joined)
    assert divide(joined, replicas=policy).message.endswith("nothing to do")


@pytest.mark.long
def test_a_fourth_member_takes_its_share_and_gives_it_back(joined: Federation, fleet: Sandbox) -> None:
    everybody = fleet.inventory.read_text()
    name = yaml.safe_load(joined.inventory.read_text())["clusters"]["vars"]["federation_name"]
    body = yaml.safe_load(everybody)
    body["clusters"]["vars"]["federation_name"] = name
    everywhere: dict[str, Any] = {"placement": {}, "replicas": {"total": 9}}
    assert shares(divide(joined, **everywhere)) == {"eu-1": 3, "eu-2": 3, "us-1": 3}
    three = joined.inventory.read_text()
    joined.inventory.write_text(yaml.safe_dump(body))
    join = joined.player.task("cluster", {}, inventory=joined.inventory)
    assert not join.result["failed"], join.message
    # with rebalance: never, nothing that runs is moved
    still = divide(joined, placement={}, replicas={"total": 9, "rebalance": "never"})
    assert shares(still) == {"ap-1": 0, "eu-1": 3, "eu-2": 3, "us-1": 3}
    moved = divide(joined, placement={}, replicas={"total": 9, "rebalance": "always"})
    after = shares(moved)
    assert sorted(after.values()) == [2, 2, 2, 3]
    assert all(after[member] <= 3 for member in THREE), "nothing moves between the old ones"
    assert live(joined) == after
    settled(joined)
    leave = joined.player.task(
        "cluster", {"state": "absent", "workloads": "delete"}, "--limit", "ap-1", inventory=joined.inventory
    )
    assert not leave.result["failed"], leave.message
    joined.inventory.write_text(three)
    assert shares(divide(joined, **everywhere)) == {"eu-1": 3, "eu-2": 3, "us-1": 3}
    settled(joined)


def test_a_member_that_joins_is_used_at_once_by_default(joined: Federation) -> None:
    assert shares(divide(joined, placement={"members": ["eu-1", "eu-2"]}, replicas={"total": 9})) == {
        "eu-1": 5,
        "eu-2": 4,
    }
    grown = divide(joined, replicas={"total": 9})
    assert shares(grown) == {"eu-1": 3, "eu-2": 3, "us-1": 3}
    assert live(joined) == shares(grown)


@pytest.mark.long
def test_nobody_gives_replicas_away_before_others_have_them(joined: Federation, clients: dict[str, Kube]) -> None:
    start = {"total": 6, "members": {"us-1": {"max": 0}}}
    assert shares(divide(joined, replicas=start)) == {"eu-1": 3, "eu-2": 3, "us-1": 0}
    for node in clients["us-1"].names("v1", "Node"):
        clients["us-1"].merge("v1", "Node", node, None, {"spec": {"unschedulable": True}})
    try:
        stuck = divide(joined, replicas={"total": 6}, wait_timeout=5)
        assert stuck.result["failed"]
        assert stuck.member("us-1")["reason"] == "unhealthy"
        put_off = [o for o in stuck.result["objects"] if o["action"] == "deferred"]
        assert {o["member"] for o in put_off} == {"eu-1", "eu-2"}
        assert all("us-1, which is to have more replicas, is not done" in o["msg"] for o in put_off)
        assert live(joined) == {"eu-1": 3, "eu-2": 3, "us-1": 2}
    finally:
        for node in clients["us-1"].names("v1", "Node"):
            clients["us-1"].merge("v1", "Node", node, None, {"spec": {"unschedulable": None}})
    done = divide(joined, replicas={"total": 6})
    assert shares(done) == {"eu-1": 2, "eu-2": 2, "us-1": 2}
    assert live(joined) == shares(done)


def test_the_scheduler_of_each_member_agrees(joined: Federation, clients: dict[str, Kube]) -> None:
    """Pods of a size that fits nodes badly, node selectors, pods of others in the way, a quota: what is placed runs."""
    other = web("1200m")
    other["metadata"]["name"] = "other"
    other["spec"].update(replicas=1, selector={"matchLabels": {"app": "other"}})
    other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few"},
        "spec": {"hard": {"pods": "1"}},
    }
    limits = {
        "name": "limits",
        "definition": [quota],
        "placement": {"members": ["eu-2"]},
    }
    assert not joined.propagate(**limits).result["failed"]
    node = clients["us-1"].names("v1", "Node")[0]
    clients["us-1"].merge("v1", "Node", node, None, {"metadata": {"labels": {"disk": "slow"}}})
    try:
        crowd = joined.propagate(name="crowd", definition=other, placement={"members": ["eu-1"]}, wait=True)
        assert not crowd.result["failed"], crowd.message
        until(lambda: _quota_counts(clients["eu-2"], joined.namespace), "the quota to count")
        affinity = {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["slow"]}]}
                    ]
                }
            }
        }
        found = divide(joined, manifest=web("1500m", affinity=affinity), replicas={"divide": "available", "total": 9})
        # eu-1: one node has 0.8 CPU left; eu-2: two nodes, a quota of one pod; us-1: one node is ruled out
        assert shares(found) == {"eu-1": 1, "eu-2": 1, "us-1": 1}
        assert division(found)["unplaced"] == 6
        assert "quota few: pods" in division(found)["reasons"]["eu-2"]
        settled(joined)
        # a pod that needs more than any node has fits nowhere, however much there is in all
        large = divide(joined, manifest=web("3"), replicas={"divide": "available", "total": 2}, wait=False)
        assert division(large)["unplaced"] == 2
        assert live(joined) == {"eu-1": 1, "eu-2": 1}, "what runs is not taken away for nothing"
    finally:
        clients["us-1"].merge("v1", "Node", node, None, {"metadata": {"labels": {"disk": None}}})


def _quota_counts(client: Kube, namespace: str) -> bool:
    found = client.get("v1", "ResourceQuota", "few", namespace)
    return bool(found and (found.get("status") or {}).get("hard"))


@pytest.mark.long
def test_two_workloads_do_not_get_the_same_room(joined: Federation) -> None:
    second = json.loads(json.dumps(web()).replace('"web"', '"api"'))
    resource = {"divide": "available", "total": 16}
    both = {
        "resources": [
            {"name": "web", "definition": web(), "namespace": joined.namespace, "replicas": resource},
            {"name": "api", "definition": second, "namespace": joined.namespace, "replicas": resource},
        ],
        "wait": True,
        "wait_timeout": 60,
    }
    done = joined.player.task("federated_resource", both, inventory=joined.inventory)
    assert not done.result["failed"], done.message
    found = [next(iter(body["replicas"].values())) for body in done.result["resources"].values()]
    placed = sum(sum(body["members"].values()) for body in found)
    assert placed + sum(body["unplaced"] for body in found) == 32
    assert placed == 24, "8 pods of half a CPU on each member"
    assert not unbound(joined)


def test_jobs_and_kinds_of_ones_own_are_divided(joined: Federation) -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "crunch"},
        "spec": {
            "parallelism": 7,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "c", "image": "registry.example.com/c:1"}],
                }
            },
        },
    }
    crd = custom_kind("example.com", "Cache", "caches")
    cache = {"apiVersion": "example.com/v1", "kind": "Cache", "metadata": {"name": "c"}, "spec": {"size": 5}}
    done = joined.propagate(
        name="jobs",
        definition=[job, crd, cache],
        replicas={"paths": [{"kind": "Cache", "path": "/spec/size"}], "members": {"us-1": {"max": 1}}},
    )
    assert not done.result["failed"], done.message
    found = done.result["resources"]["jobs"]["replicas"]
    assert sorted(found) == [f"Cache {joined.namespace}/c", f"Job {joined.namespace}/crunch"]
    for member in THREE:
        client, wanted = joined.kube[member], 1 if member == "us-1" else None
        parallelism = (client.get("batch/v1", "Job", "crunch", joined.namespace) or {})["spec"]["parallelism"]
        size = (client.get("example.com/v1", "Cache", "c", joined.namespace) or {})["spec"]["size"]
        assert parallelism == (wanted or 3)
        assert size == (wanted or 2)
    for member in THREE:
        joined.kube[member].delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", "caches.example.com")


def test_a_plan_is_carried_out_exactly_or_not_at_all(joined: Federation, tmp_path: Path) -> None:
    wish = {
        "name": "web",
        "namespace": joined.namespace,
        "definition": web(),
        "replicas": {"divide": "weighted", "total": 9},
    }
    path = tmp_path / "shop.plan"
    planned = joined.player.task("plan", {**wish, "dest": str(path)}, inventory=joined.inventory)
    assert not planned.result["failed"], planned.message
    assert not planned.result["changed"]
    assert not live(joined), "a plan writes nothing"
    assert "eu-1: 3 (+3)" in planned.output
    assert json.loads(path.read_text()) == planned.result["plan"]
    # the world moves on: somebody else is faster
    joined.kube["eu-2"].create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": joined.namespace}})
    joined.kube["eu-2"].create(web(), joined.namespace)
    cordon = joined.player.task("cluster", {"cordon": True}, "--limit", "us-1", inventory=joined.inventory)
    assert not cordon.result["failed"], cordon.message
    refused = joined.propagate(**wish, plan=str(path))
    assert refused.result["failed"]
    assert "the world moved on since the plan was made, and nothing was written" in refused.message
    assert "resource web is no longer placed on us-1" in refused.message
    assert not live(joined).get("eu-1")
    joined.player.task("cluster", {"cordon": False}, "--limit", "us-1", inventory=joined.inventory)
    joined.kube["eu-2"].delete("apps/v1", "Deployment", "web", joined.namespace)
    until(lambda: not joined.kube["eu-2"].get("apps/v1", "Deployment", "web", joined.namespace), "the other to be gone")
    # as an artifact of the job before: the data itself
    again = joined.player.task("plan", wish, inventory=joined.inventory).result["plan"]
    done = joined.propagate(**wish, plan=again, wait=True)
    assert not done.result["failed"], done.message
    assert live(joined) == {"eu-1": 3, "eu-2": 3, "us-1": 3}
    # carried on, there is nothing left to do
    assert joined.propagate(**wish, plan=again).message.endswith("nothing to do")
    changed = dict(wish, definition=web("250m"))
    refused = joined.propagate(**changed, plan=again)
    assert "the manifests or overrides of resource web changed" in refused.message
    broken = {**again, "federation": "other"}
    assert "was changed after it was made" in joined.propagate(**wish, plan=broken).message
    assert len(json.dumps(again)) < 4096, "small enough for an artifact"


@pytest.mark.long
def test_what_if_a_member_or_a_region_were_gone(joined: Federation) -> None:
    wish = {"name": "web", "namespace": joined.namespace, "definition": web(), "replicas": {"divide": "available"}}
    assert not joined.propagate(**wish, wait=True).result["failed"]
    before = joined.versions()
    one = joined.player.task("plan", {**wish, "without": ["eu-1"]}, inventory=joined.inventory)
    assert shares(one) == {"eu-2": 5, "us-1": 4} or shares(one) == {"eu-2": 4, "us-1": 5}
    assert one.result["resources"]["web"]["not_placed"] == {"eu-1": "left out of this plan"}
    region = joined.player.task("plan", {**wish, "without": {"region": "eu"}}, inventory=joined.inventory)
    assert shares(region) == {"us-1": 8}
    assert division(region)["unplaced"] == 1
    assert "UNPLACED: 1" in region.output
    assert joined.versions() == before
    refused = joined.propagate(**wish, plan=one.result["plan"])
    assert "what if eu-1 were gone" in refused.message
    unknown = joined.player.task("plan", {**wish, "without": ["eu-9"]}, inventory=joined.inventory)
    assert "without names eu-9, which the fleet does not have" in unknown.message
    check = joined.propagate("--check", **{**wish, "definition": web("600m")})
    assert any("Deployment" in line and "change" in line for line in check.result["text"])


def test_spread_over_regions(joined: Federation) -> None:
    two = {"placement": {"members": list(THREE), "spread": [{"by": "region", "min": 2, "max_skew": 1}]}}
    found = divide(joined, **two, replicas={"divide": "weighted", "total": 9})
    assert shares(found)["us-1"] in (4, 5)
    assert sum(live(joined).values()) == 9
    settled(joined)
    assert divide(joined, **two, replicas={"divide": "weighted", "total": 9}).message.endswith("nothing to do")
    three = {"placement": {"members": list(THREE), "spread": [{"by": "region", "min": 3}]}}
    refused = divide(joined, **three, replicas={"total": 9})
    assert refused.result["failed"]
    assert "spread by region needs 3 regions, the eligible members are in 2: eu, us" in refused.message
    assert sum(live(joined).values()) == 9, "what runs is left alone"
    # one member of each region, those that run it already first; what is given up is taken away once the others have it
    few = {
        "placement": {
            "members": list(THREE),
            "spread": [{"by": "region", "min": 2}, {"by": "member", "max": 2}],
        }
    }
    found = divide(joined, **few, replicas={"divide": "available", "total": 9})
    assert sorted(shares(found)) == ["eu-1", "us-1"]
    assert found.result["resources"]["web"]["not_placed"]["eu-2"].startswith("2 members at most")
    assert sorted(live(joined)) == ["eu-1", "us-1"]
    settled(joined)


def test_what_a_workload_names_follows_it(joined: Federation) -> None:
    """The settings are placed in one region; where the workload goes beyond it, those that it names go along, and no others."""
    settings = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "b"}}
        for name in ("used", "unused")
    ]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"a": "b"}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner"}}
    workload = web(serviceAccountName="runner", volumes=[{"name": "v", "configMap": {"name": "used"}}])
    container = workload["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [{"secretRef": {"name": "key"}}, {"configMapRef": {"name": "nowhere"}}]
    both: dict[str, Any] = {
        "resources": [
            {
                "name": "settings",
                "definition": [*settings, secret, account],
                "namespace": joined.namespace,
                "placement": {"region": "eu"},
            },
            {
                "name": "web",
                "definition": workload,
                "namespace": joined.namespace,
                "placement": {"members": ["us-1"]},
                "replicas": {"total": 2},
                "dependencies": True,
            },
        ]
    }

    def there() -> set[str]:
        client = joined.kube["us-1"]
        kinds = ("ConfigMap", "Secret", "ServiceAccount")
        return {n for kind in kinds for n in client.names("v1", kind, joined.namespace)} - {
            "default",
            "kube-root-ca.crt",
        }

    done = joined.player.task("federated_resource", both, inventory=joined.inventory)
    assert not done.result["failed"], done.message
    assert there() == {"used", "key", "runner"}
    assert [
        text for text in done.result["warnings"] if f"ConfigMap {joined.namespace}/nowhere, which no resource" in text
    ]
    again = joined.player.task("federated_resource", both, inventory=joined.inventory)
    assert again.message.endswith("nothing to do")
    assert again.result["resources"]["settings"]["members"] == ["eu-1", "eu-2"]
    assert list(again.result["resources"]["settings"]["follows"]) == ["us-1"]
    both["resources"][1]["placement"] = {"members": ["eu-1"]}
    moved = joined.player.task("federated_resource", both, inventory=joined.inventory)
    assert not moved.result["failed"], moved.message
    assert there() == set()
    assert live(joined) == {"eu-1": 2}
