# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sandbox, for real: it comes up, stays as it is, breaks and heals as told, and leaves nothing behind."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import (
    ENVIRONMENT,
    Box,
    apps,
    audited,
    batch,
    core,
    pids,
    until,
)

pytestmark = pytest.mark.integration

ZONE = "topology.kubernetes.io/zone"


@pytest.fixture
def new_box(tmp_path: Path) -> Iterator[Callable[[], Box]]:
    """Makes sandboxes that are gone after the test, whatever became of it."""
    boxes: list[Box] = []

    def make() -> Box:
        boxes.append(Box(tmp_path / "state", f"t-{secrets.token_hex(4)}"))
        return boxes[-1]

    yield make
    left = {}
    for box in boxes:
        box.task(state="absent")
        left[box.name] = box.leftovers()
    assert not any(left.values()), left


@pytest.fixture
def box(new_box: Callable[[], Box]) -> Box:
    return new_box()


def answers(kubeconfig: str) -> bool:
    """Whether the API server answers a read of its store within two seconds."""
    try:
        core(kubeconfig).list_namespace(_request_timeout=2)
    except Exception:  # whatever the client makes of a server that is gone or hangs
        return False
    return True


def test_up_twice_and_down(box: Box) -> None:
    began = time.monotonic()
    first = box.play("sandbox_up")
    print(f"up: {time.monotonic() - began:.1f} s")
    assert str(box.folder / "inventory.yml") in first

    began = time.monotonic()
    second = box.play("sandbox_up")
    print(f"up again: {time.monotonic() - began:.1f} s")
    assert "changed=0" in second
    assert "nothing to do" in second

    hosts = yaml.safe_load((box.folder / "inventory.yml").read_text("utf-8"))["clusters"]["hosts"]
    assert {name: len(core(host["cluster_kubeconfig"]).list_node().items) for name, host in hosts.items()} == {
        "eu-1": 3,
        "eu-2": 2,
        "us-1": 4,
    }
    node = core(box.folder / "kubeconfig", "us-1").read_node("us-1-2")
    assert node.spec.provider_id == "aws:///us-b/us-1-2"
    assert node.metadata.labels[ZONE] == "us-b"
    assert (node.status.allocatable["cpu"], node.status.allocatable["memory"]) == ("8", "32Gi")
    assert not [path for path in box.folder.rglob("*.kubeconfig") if path.stat().st_mode & 0o077]

    began = time.monotonic()
    down = box.play("sandbox_down")
    print(f"down: {time.monotonic() - began:.1f} s")
    assert "changed=1" in down
    assert box.leftovers() == []
    assert "changed=0" in box.play("sandbox_down")


@pytest.mark.long
def test_more_members_on_request_and_fewer_again(box: Box) -> None:
    box.play("sandbox_up", sandbox_count=4)
    inventory = box.folder / "inventory.yml"
    assert list(yaml.safe_load(inventory.read_text("utf-8"))["clusters"]["hosts"]) == ["eu-1", "eu-2", "us-1", "us-2"]
    box.play("sandbox_up", sandbox_members=[{"name": "eu-2"}])
    assert list(yaml.safe_load(inventory.read_text("utf-8"))["clusters"]["hosts"]) == ["eu-2"]
    assert len(box.processes()) == 5


def test_ordinary_users_may_nothing_and_all_is_audited(box: Box) -> None:
    from kubernetes.client import ApiException

    member = box.task(name="a", node_count=1)["members"]["a"]
    assert audited(member["audit_log"]) == [], "what the sandbox itself does is left out"
    with pytest.raises(ApiException) as caught:
        core(member["user_kubeconfig"]).list_namespaced_pod("default")
    assert caught.value.status == 403
    core(member["kubeconfig"]).create_namespace({"metadata": {"name": "seen"}})
    core(member["kubeconfig"]).read_namespace("seen")
    assert audited(member["audit_log"]) == [
        ("ordinary", "list", "/api/v1/namespaces/default/pods"),
        ("admin", "create", "/api/v1/namespaces"),
        ("admin", "get", "/api/v1/namespaces/seen"),
    ]


def pod(restart: str = "Always", **more: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example/any:1", "resources": {"requests": {"cpu": "100m"}}}
    labels = {"app": "any"}
    return {"metadata": {"labels": labels}, "spec": {"restartPolicy": restart, "containers": [container], **more}}


def test_workloads_become_ready(box: Box) -> None:
    member = box.task(name="a", zones=["x", "y"], node_count=2)["members"]["a"]
    app, kube = apps(member["kubeconfig"]), core(member["kubeconfig"])
    meta, selector = {"name": "any"}, {"matchLabels": {"app": "any"}}
    init = [{"name": "first", "image": "registry.example/init:1"}]
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    app.create_namespaced_deployment(
        "default",
        {"metadata": meta, "spec": {"replicas": 5, "selector": selector, "template": pod(initContainers=init)}},
    )
    app.create_namespaced_daemon_set("default", {"metadata": meta, "spec": {"selector": selector, "template": pod()}})
    sets = {
        "replicas": 2,
        "serviceName": "any",
        "selector": selector,
        "template": pod(),
        "volumeClaimTemplates": [claim],
    }
    app.create_namespaced_stateful_set("default", {"metadata": meta, "spec": sets})
    jobs = batch(member["kubeconfig"])
    jobs.create_namespaced_job("default", {"metadata": meta, "spec": {"completions": 2, "template": pod("OnFailure")}})

    until(lambda: app.read_namespaced_deployment("any", "default").status.available_replicas == 5, "the Deployment")
    until(lambda: app.read_namespaced_daemon_set("any", "default").status.number_available == 2, "the DaemonSet")
    until(lambda: app.read_namespaced_stateful_set("any", "default").status.available_replicas == 2, "the StatefulSet")
    until(lambda: jobs.read_namespaced_job("any", "default").status.succeeded == 2, "the Job")
    assert len(kube.list_persistent_volume().items) == 2

    app.delete_namespaced_stateful_set("any", "default")
    for number in range(2):
        kube.delete_namespaced_persistent_volume_claim(f"data-any-{number}", "default")
    app.delete_namespaced_deployment("any", "default")
    until(lambda: not kube.list_persistent_volume().items, "volumes to go with their claims")
    until(lambda: len(kube.list_namespaced_pod("default").items) == 4, "pods to go with their owners")


#: they start again with the API server that they watch
WATCHERS = ("kube-controller-manager", "kube-scheduler", "kwok")


def test_a_crashed_api_server_is_healed_with_those_that_watch_it(box: Box) -> None:
    members = [{"name": "a", "node_count": 1}, {"name": "b", "node_count": 1}]
    before = box.task(members=members)
    kubeconfig = before["members"]["a"]["kubeconfig"]
    text = Path(kubeconfig).read_text("utf-8")
    os.kill(pids(before, "a")["kube-apiserver"], signal.SIGKILL)
    until(lambda: not answers(kubeconfig), "the API server to be gone")

    after = box.task(members=members)
    assert set(after["members"]["a"]["actions"]) == {
        "started kube-apiserver",
        *(f"restarted {part}" for part in WATCHERS),
    }
    assert after["members"]["b"]["actions"] == []
    assert pids(after, "b") == pids(before, "b")
    assert {name for name, pid in pids(after, "a").items() if pid == pids(before, "a")[name]} == {"etcd"}
    assert Path(kubeconfig).read_text("utf-8") == text
    assert answers(kubeconfig)

    app, selector = apps(kubeconfig), {"matchLabels": {"app": "any"}}
    body = {"metadata": {"name": "any"}, "spec": {"replicas": 3, "selector": selector, "template": pod()}}
    app.create_namespaced_deployment("default", body)
    status = app.read_namespaced_deployment_status
    until(lambda: status("any", "default").status.ready_replicas == 3, "pods to be taken care of at once", 15)
    assert not box.task(members=members)["changed"]


@pytest.mark.long
def test_pause_and_resume(box: Box) -> None:
    before = box.task(name="a", node_count=1)
    kubeconfig = before["members"]["a"]["kubeconfig"]
    paused = box.task(name="a", component="kube-apiserver", state="paused")
    assert (paused["changed"], paused["members"]["a"]["state"]) == (True, "degraded")
    assert not answers(kubeconfig)
    assert not box.task(name="a", component="kube-apiserver", state="paused")["changed"]
    assert box.task(name="a", state="paused")["members"]["a"]["state"] == "paused"

    after = box.task(name="a")
    assert (after["changed"], after["members"]["a"]["state"]) == (True, "running")
    assert pids(after, "a") == pids(before, "a")
    assert answers(kubeconfig)


def test_etcd_alone_is_killed_and_healed_with_its_data(box: Box) -> None:
    before = box.task(name="a", node_count=1)
    kubeconfig = before["members"]["a"]["kubeconfig"]
    core(kubeconfig).create_namespace({"metadata": {"name": "kept"}})
    killed = box.task(name="a", component="etcd", state="killed")
    assert killed["members"]["a"]["actions"] == ["killed etcd"]
    until(lambda: not answers(kubeconfig), "the API server to miss its etcd")

    healed = box.task(name="a", component="etcd")
    assert healed["members"]["a"]["state"] == "running"
    assert pids(healed, "a")["kube-apiserver"] == pids(before, "a")["kube-apiserver"]
    assert core(kubeconfig).read_namespace("kept")


@pytest.mark.long
def test_stop_and_start_keep_address_and_data(box: Box) -> None:
    kubeconfig = box.task(name="a", node_count=1)["members"]["a"]["kubeconfig"]
    core(kubeconfig).create_namespace({"metadata": {"name": "kept"}})
    assert box.task(state="stopped")["members"]["a"]["state"] == "stopped"
    assert box.processes() == []
    assert not box.task(state="stopped")["changed"]
    failed = box.task(state="paused")
    assert failed["failed"]
    assert "does not run" in failed["msg"]
    assert box.task()["members"]["a"]["state"] == "running"
    assert core(kubeconfig).read_namespace("kept")


@pytest.mark.long
def test_a_port_that_was_taken_meanwhile_is_named(box: Box) -> None:
    server = box.task(name="a", node_count=1)["members"]["a"]["server"]
    box.task(name="a", state="stopped")
    port = int(server.rpartition(":")[2])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        failed = box.task(name="a")
    assert failed["failed"]
    assert f"port {port} of a/kube-apiserver is taken" in failed["msg"]
    assert box.task(name="a")["members"]["a"]["server"] == server


@pytest.mark.long
def test_nodes_come_to_what_is_asked_for(box: Box) -> None:
    kubeconfig = box.task(name="a", node_count=2, node_cpu="4")["members"]["a"]["kubeconfig"]
    plan = box.task("--check", name="a", node_count=1, node_cpu="8")
    assert plan["changed"]
    assert len(core(kubeconfig).list_node().items) == 2

    changed = box.task(name="a", node_count=1, node_cpu="8", labels={"tier": "prod"})
    assert changed["members"]["a"]["actions"] == ["changed settings", "changed node a-1", "deleted node a-2"]
    (node,) = core(kubeconfig).list_node().items
    assert node.status.allocatable["cpu"] == "8"
    hosts = yaml.safe_load((box.folder / "inventory.yml").read_text("utf-8"))["clusters"]["hosts"]
    assert hosts["a"]["cluster_labels"] == {"tier": "prod"}
    assert not box.task(name="a", node_count=1, node_cpu="8")["changed"]

    core(kubeconfig).delete_node("a-1")
    assert box.task(name="a")["members"]["a"]["actions"] == ["created node a-1"]


@pytest.mark.long
def test_check_mode_writes_nothing(box: Box) -> None:
    plan = box.task("--check", name="a")
    assert plan["changed"]
    assert "created" in plan["members"]["a"]["actions"]
    assert box.leftovers() == []
    before = box.task(name="a", node_count=1)
    for state in ("stopped", "killed", "paused", "absent"):
        assert box.task("--check", name="a", state=state)["changed"]
    assert not box.task("--check", name="a")["changed"]
    assert pids(box.task(), "a") == pids(before, "a")


@pytest.mark.long
def test_two_sandboxes_side_by_side(new_box: Callable[[], Box]) -> None:
    one, two = new_box(), new_box()
    first = one.task(name="a", node_count=1)["members"]["a"]
    second = two.task(name="a", node_count=1)["members"]["a"]
    assert first["server"] != second["server"]
    uids = {core(member["kubeconfig"]).read_namespace("kube-system").metadata.uid for member in (first, second)}
    assert len(uids) == 2
    one.task(state="absent")
    assert one.leftovers() == []
    assert len(two.processes()) == 5
    assert answers(second["kubeconfig"])


def kill_midway(box: Box, enough: int) -> None:
    """Start a sandbox, and kill the run with all that it has not detached as soon as ``enough`` components are there."""
    run = subprocess.Popen(
        box.play_command("sandbox_up"),
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: len(box.processes()) >= enough, "components to come", 1500)
    finally:
        group = int(subprocess.check_output(["ps", "-o", "pgid=", "-p", str(run.pid)]))
        members = subprocess.check_output(["ps", "-ax", "-o", "pid=,ppid=,pgid="], text=True).splitlines()
        # Ansible's workers may have groups of their own: find them as children
        rows = [tuple(map(int, line.split())) for line in members]
        doomed = {run.pid} | {pid for pid, _parent, of in rows if of == group}
        for pid, parent, _of in rows:
            if parent in doomed:
                doomed.add(pid)
        for pid in doomed - set(box.processes()):
            os.kill(pid, signal.SIGKILL)
        run.wait()


@pytest.mark.parametrize(
    "enough", [4, pytest.param(1, marks=pytest.mark.long), pytest.param(9, marks=pytest.mark.long)]
)
def test_a_run_killed_midway_leaves_nothing_that_down_does_not_find(box: Box, enough: int) -> None:
    kill_midway(box, enough)
    assert box.processes()
    box.play("sandbox_down")
    assert box.leftovers() == []


def test_a_run_killed_midway_is_completed_by_the_next(box: Box) -> None:
    kill_midway(box, 2)
    # the worst moment: a component runs, but its record was not written yet
    for record in box.folder.glob("members/*/run/*.json"):
        record.unlink()
    orphans = set(box.processes())
    box.play("sandbox_up")
    assert not orphans & set(box.processes()), "what nobody knows of is replaced"
    assert len(box.processes()) == 15
    assert "changed=0" in box.play("sandbox_up")


def test_a_folder_that_is_no_sandbox_is_left_alone(box: Box) -> None:
    box.folder.mkdir(parents=True)
    (box.folder / "thesis.tex").write_text("mine", "utf-8")
    for state in ("started", "absent"):
        failed = box.task(state=state, **({"name": "a"} if state == "started" else {}))
        assert failed["failed"]
        assert "not a sandbox" in failed["msg"]
    assert (box.folder / "thesis.tex").read_text("utf-8") == "mine"
    (box.folder / "thesis.tex").unlink()
