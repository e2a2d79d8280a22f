# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`cluster_info` on real API servers: the numbers of healthy clusters, and every way to be ill told apart in time."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.manifests import workload
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import Box, until
from ansible_collections.multicluster.federation.tests.integration.stage import (
    MEMBERS,
    Federation,
    Kube,
    Played,
    Player,
    user_of,
)

pytestmark = pytest.mark.integration

#: what the verb promises for ill members, beyond the time of a run in which all are well
PROMISED_SECONDS = 5.0
MIB = 2**20


@dataclass(frozen=True)
class Timed:
    """A run, and the seconds that all of ansible-playbook took."""

    played: Played
    seconds: float


def info(stage: Federation, inventory: Path | None = None, *arguments: str, **options: Any) -> Timed:
    start = time.monotonic()
    played = stage.player.task("cluster_info", options, *arguments, inventory=inventory or stage.inventory)
    return Timed(played, time.monotonic() - start)


def statuses(timed: Timed) -> dict[str, str]:
    return {name: data["status"] for name, data in timed.played.result["members"].items()}


def container(name: str, cpu: str, memory: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "app:1", "resources": {"requests": {"cpu": cpu, "memory": memory}}, **more}


SHOP: list[dict[str, Any]] = [
    workload("plain", {"containers": [container("app", "250m", "64Mi")]}, replicas=2),
    # the init container asks for more than everything after it; the sidecar runs beside both
    workload(
        "sidecar",
        {
            "initContainers": [
                container("proxy", "100m", "32Mi", restartPolicy="Always"),
                container("migrate", "1", "16Mi"),
            ],
            "containers": [container("app", "200m", "128Mi")],
        },
        replicas=1,
    ),
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}},
    # over, so that it takes nothing of its node any more
    {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container("app", "300m", "1Gi")]}}},
    },
]
#: what they request on each member, by hand: 2 x 250m + (100m + 1), and 2 x 64Mi + (32Mi + 128Mi)
SHOP_CPU, SHOP_MEMORY, SHOP_PODS = 1600, 288 * MIB, 3

UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "": 1}


def plain_bytes(text: str) -> int:
    number = text.rstrip("KMGi")
    return int(Decimal(number) * UNITS[text.removeprefix(number)])


def witnessed(client: Kube) -> dict[str, Any]:
    """Nodes of a member as the official client shows them: what all of them offer, and the one that is closed."""
    nodes = client.api("v1", "Node").get().to_dict()["items"]
    open_nodes = [node for node in nodes if not node["spec"].get("unschedulable") and not node["spec"].get("taints")]
    offered = [node["status"]["allocatable"] for node in open_nodes]
    return {
        "total": len(nodes),
        "schedulable": len(open_nodes),
        "cpu": sum(int(Decimal(one["cpu"]) * 1000) for one in offered),
        "memory": sum(plain_bytes(one["memory"]) for one in offered),
        "pods": sum(int(one["pods"]) for one in offered),
    }


@contextmanager
def closed_node(client: Kube) -> Iterator[str]:
    """A node of the member that takes no new pods, as `kubectl cordon` makes it."""
    name = client.names("v1", "Node")[0]
    client.merge("v1", "Node", name, None, {"spec": {"unschedulable": True}})
    try:
        yield name
    finally:
        client.merge("v1", "Node", name, None, {"spec": {"unschedulable": None}})


def test_numbers_of_healthy_members_and_nothing_is_written(federation: Federation) -> None:
    with closed_node(federation.kube["eu-1"]) as closed:
        shop = federation.propagate(name="shop", definition=SHOP, wait=True)
        assert not shop.result["failed"], shop.message
        job = ("batch/v1", "Job", "once", federation.namespace)
        for client in federation.kube.values():
            until(lambda c=client: (c.get(*job) or {}).get("status", {}).get("succeeded"), "the Job is over")
        before = {member: federation.sandbox.writes(member) for member in MEMBERS}
        result = info(federation).played.result
        per_run = info(federation, None, "-e", "federation_credentials=per_run", capacity=False).played
        # not even a token is made; the credential that is told of is the one that would make it
        assert {member: federation.sandbox.writes(member) for member in MEMBERS} == before
        pods = federation.kube["eu-1"].api("v1", "Pod").get(namespace=federation.namespace).to_dict()["items"]
        assert closed not in {pod["spec"]["nodeName"] for pod in pods}
        seen = {member: witnessed(client) for member, client in federation.kube.items()}
    assert per_run.member("eu-1")["credential"]["user"] == "admin"
    assert (per_run.member("eu-1")["nodes"], per_run.member("eu-1")["capacity"]) == (
        result["members"]["eu-1"]["nodes"],
        {},
    )
    assert (result["changed"], result["failed"], result["msg"]) == (False, False, "3 members: 3 ready")
    assert result["summary"] == {"members": 3, "ready": 3}
    for member, client in federation.kube.items():
        data, saw = result["members"][member], seen[member]
        assert (data["status"], data["writes"], data["msg"], data["notes"]) == ("ready", "unproven", "", [])
        assert (data["joined"], data["federation"]) == (True, federation.name)
        assert data["uid"] == client.read("/api/v1/namespaces/kube-system")["metadata"]["uid"]
        assert data["version"] == client.read("/version")["gitVersion"]
        assert data["nodes"] == {
            "total": saw["total"],
            "ready": saw["total"],
            "schedulable": saw["total"] - (member == "eu-1"),
        }
        for amount, requested in (("cpu", SHOP_CPU), ("memory", SHOP_MEMORY), ("pods", SHOP_PODS)):
            assert data["capacity"][amount] == {
                "allocatable": saw[amount],
                "requested": requested,
                "free": saw[amount] - requested,
            }, (member, amount)
        assert data["resources"] == {"shop": {"ConfigMap": 1, "Deployment": 2, "Job": 1}}
        assert data["clock_skew"] == 0
        assert [check["name"] for check in data["checks"] if check["ok"]] == ["api", "readyz", "etcd"]
        assert (data["credential"]["kind"], data["credential"]["user"]) == ("certificate", "admin")
        assert data["credential"]["seconds_left"] > 0
    eu = result["members"]["eu-1"]
    assert (eu["region"], eu["zones"], eu["provider"]) == ("eu", ["eu-a", "eu-b"], "aws")
    assert eu["labels"] == {"size": "medium", "tier": "prod"}
    table = "\n".join(result["table"])
    assert "ready (writes unproven)" in table
    assert "3/3 (1 closed)" in table
    assert "1.6/8 cores" in table


@pytest.mark.long
def test_a_canary_proves_writes_and_touches_nothing_else(federation: Federation) -> None:
    home = f"federation-{federation.name}"
    before = {member: federation.sandbox.writes(member) for member in MEMBERS}
    checked = info(federation, None, "--check", probe="write").played
    assert {member: federation.sandbox.writes(member) for member in MEMBERS} == before
    assert checked.member("eu-1")["writes"] == "unproven"
    assert checked.member("eu-1")["notes"] == ["no write was tried: check mode writes nothing"]

    first = info(federation, probe="write", fail_on="any").played
    assert {data["writes"] for data in first.result["members"].values()} == {"proven"}
    for member, client in federation.kube.items():
        written = federation.sandbox.writes(member)[len(before[member]) :]
        assert len(written) == 1, written
        assert written[0].startswith(f"patch /apis/coordination.k8s.io/v1/namespaces/{home}/leases/federation-canary?")
        canary = client.get("coordination.k8s.io/v1", "Lease", "federation-canary", home)
        assert canary is not None
        assert "holderIdentity" not in canary["spec"]
    # it is no lock: a run that writes goes on at once beside it
    done = federation.propagate(name="one", definition=SHOP[2], lock_timeout=0)
    assert not done.result["failed"], done.message

    # a cluster that has not joined is left alone, even where somebody has a namespace of that name
    left = federation.player.task(
        "cluster", {"state": "absent", "workloads": "delete"}, "--limit", "us-1", inventory=federation.inventory
    )
    assert not left.result["failed"], left.message
    us = federation.kube["us-1"]
    until(lambda: us.get("v1", "Namespace", home) is None, "the namespace is gone, and the canary with it")
    us.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}})
    try:
        writes = federation.sandbox.writes("us-1")
        played = info(federation, probe="write").played
        assert federation.sandbox.writes("us-1") == writes
    finally:
        us.delete("v1", "Namespace", home)
    data = played.member("us-1")
    assert (data["status"], data["writes"], data["joined"], data["federation"]) == ("ready", "unproven", False, "")
    assert data["notes"] == [f"no write was tried: it is not a member of federation {federation.name}"]
    assert {played.member(name)["writes"] for name in ("eu-1", "eu-2")} == {"proven"}


def test_an_etcd_that_hangs_a_full_one_and_an_api_server_that_hangs(federation: Federation) -> None:
    well = info(federation, probe="write")
    assert set(statuses(well).values()) == {"ready"}
    with ExitStack() as faults:
        faults.enter_context(federation.sandbox.paused("eu-1", "etcd"))
        faults.enter_context(federation.sandbox.full_etcd("eu-2"))
        faults.enter_context(federation.sandbox.paused("us-1", "kube-apiserver"))
        ill = info(federation, probe="write", fail_on=3)
    eu_1, eu_2, us_1 = (ill.played.member(name) for name in MEMBERS)
    assert ill.seconds - well.seconds < PROMISED_SECONDS
    assert statuses(ill) == {"eu-1": "degraded", "eu-2": "degraded", "us-1": "unreachable"}
    assert ill.played.result["failed"]
    assert ill.played.result["summary"] == {"members": 3, "degraded": 2, "unreachable": 1}
    assert "its etcd does not answer" in eu_1["msg"]
    assert eu_1["writes"] == "failed"
    assert (eu_1["version"], eu_1["joined"], eu_1["capacity"]) == (eu_2["version"], True, {})
    assert eu_2["msg"] == "the etcd of this member is full: nothing can be written"
    assert eu_2["writes"] == "failed"
    assert eu_2["capacity"]["cpu"]["allocatable"] > 0  # what can be read is read
    assert "gave no answer in 3 s" in us_1["msg"]
    assert us_1["version"] == ""
    healed = until(
        lambda: (again := info(federation, probe="write")) and set(statuses(again).values()) == {"ready"} and again,
        "all are well again",
    )
    assert healed.played.message == "3 members: 3 ready"


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_tls_and_credentials_are_never_taken_for_a_cluster_that_is_down(
    federation: Federation, proxy_certificate: Path
) -> None:
    secret = f"not-a-token-{secrets.token_hex(12)}"
    broken = federation.inventory_with(
        eu_1={"cluster_ca_cert": str(proxy_certificate)},
        eu_2={"cluster_api_key": secret},
        us_1={"cluster_host": f"https://127.0.0.1:{closed_port()}"},
    )
    played = info(federation, broken, "-vvvv").played
    assert {name: data["status"] for name, data in played.result["members"].items()} == {
        "eu-1": "untrusted",
        "eu-2": "unauthorized",
        "us-1": "unreachable",
    }
    assert "is not trusted" in played.member("eu-1")["msg"]
    assert "does not accept the credentials" in played.member("eu-2")["msg"]
    assert "refuses connections" in played.member("us-1")["msg"]
    assert secret not in played.output
    # without anybody to ask nobody knows who has joined
    assert {data["joined"] for data in played.result["members"].values()} == {False}

    spaces = [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}]
    records = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    with ExitStack() as users:
        tokens = {
            member: users.enter_context(user_of(federation.kube[member], f"{federation.name}-{member}", rules))
            for member, rules in (("eu-1", spaces), ("eu-2", []), ("us-1", records))
        }
        narrow = federation.inventory_with(
            **{member.replace("-", "_"): {"cluster_api_key": token} for member, token in tokens.items()}
        )
        played = info(federation, narrow, "-vvvv", credential_warn_days=1).played
    eu_1, eu_2, us_1 = (played.member(name) for name in MEMBERS)
    assert (eu_1["status"], eu_2["status"], us_1["status"]) == ("ready", "forbidden", "ready")
    assert (eu_1["uid"], eu_1["nodes"], eu_1["capacity"]) == (well_known_uid(federation.kube["eu-1"]), {}, {})
    assert any("its nodes are not known" in note for note in eu_1["notes"])
    assert "namespace kube-system" in eu_2["msg"]
    assert "namespaces" in eu_2["hint"]
    # it may not see kube-system, but what the federation keeps there came out of etcd as well
    assert (us_1["uid"], us_1["joined"]) == ("", True)
    for member, token in tokens.items():
        assert token not in played.output
        credential = played.member(member)["credential"]
        assert credential["kind"] == "token"
        assert credential["user"] == f"system:serviceaccount:default:test-{federation.name}-{member}"
        assert 6000 < credential["seconds_left"] <= 7200
        assert f"{member}: its credential, the token of {credential['user']}, ends on " in played.output


def well_known_uid(client: Kube) -> str:
    return str(client.read("/api/v1/namespaces/kube-system")["metadata"]["uid"])


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Box]:
    """A sandbox of one member that may be broken for good."""
    box = Box(tmp_path / "state", f"t-{secrets.token_hex(4)}")
    up = box.task(name="lone", node_count=1)
    assert not up.get("failed"), up
    yield box
    box.task(state="absent")
    assert box.leftovers() == []


@pytest.mark.long
def test_a_first_look_at_clusters_of_no_federation_and_processes_that_are_killed(lone: Box, tmp_path: Path) -> None:
    player = Player(tmp_path, tmp_path / "inventory.yml")
    kubeconfig = str(lone.folder / "members" / "lone" / "admin.kubeconfig")
    hosts = {"lone": {"cluster_kubeconfig": kubeconfig}}
    player.inventory.write_text(yaml.safe_dump({"clusters": {"hosts": hosts}}))
    start = time.monotonic()
    well = player.task("cluster_info", {"probe": "write", "show": True})
    floor = time.monotonic() - start
    data = well.member("lone")
    assert (data["status"], data["joined"], data["federation"], data["resources"]) == ("ready", False, "", {})
    assert (data["writes"], data["notes"]) == ("unproven", ["no write was tried: no federation is named"])
    assert "joined" not in well.result["table"][0]
    assert well.result["table"][2] in well.output

    # the same as a module, for an explicit list; an address where nothing is does not hold up the other
    clusters = [{"name": "lone", "kubeconfig": kubeconfig}, {"name": "nowhere", "kubeconfig": str(tmp_path / "none")}]
    module = player.task("cluster_info", {"clusters": clusters, "fail_on": "any"}, hosts="localhost")
    assert {name: found["status"] for name, found in module.result["members"].items()} == {
        "lone": "ready",
        "nowhere": "unauthorized",
    }
    assert module.result["failed"]
    assert "cannot be read" in module.member("nowhere")["msg"]

    def look() -> tuple[dict[str, Any], float]:
        begun = time.monotonic()
        played = player.task("cluster_info", {})
        return played.member("lone"), time.monotonic() - begun

    lone.task(name="lone", component="etcd", state="killed")
    found, seconds = look()
    assert found["status"] == "degraded"
    assert "its etcd" in found["msg"]
    assert seconds - floor < PROMISED_SECONDS
    lone.task(name="lone", component="kube-apiserver", state="killed")
    found, seconds = look()
    assert (found["status"], found["uid"]) == ("unreachable", "")
    assert "refuses connections" in found["msg"]
    assert seconds - floor < PROMISED_SECONDS
    healed = lone.task(name="lone", state="started")
    assert not healed.get("failed"), healed
    found, _seconds = look()
    assert (found["status"], found["uid"]) == ("ready", data["uid"])
