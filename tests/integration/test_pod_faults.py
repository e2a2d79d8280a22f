# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stateful applications in real pods when something breaks: it is said clearly, nothing that was acknowledged is lost, and one run
converges afterwards.

One member with a real node. Skipped, with the reason, where a machine cannot have it.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import images
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.layout import SandboxFolder
from ansible_collections.multicluster.federation.tests.integration.pods_stage import (
    SPACE,
    Stage,
    control,
    said,
    standing,
)
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import in_real_pods, until
from ansible_collections.multicluster.federation.tests.integration.stage import Kube, Player

pytestmark = in_real_pods("redis", "mysql")

HOME = "us-1"
SMALL = {"storage": {"size": "1Gi"}}


class OneNode(Stage):
    """A federation of one member with a real node."""

    def up(self) -> None:
        members = [{"name": HOME, "region": "us", "node_kind": "kubelet", "images": ["redis", "mysql"]}]
        control(self.folder, **self.where, members=members, wait_timeout=600)
        self.kube = {HOME: Kube(self.sandbox.kubeconfig(HOME))}
        self.player = Player(self.folder, self.sandbox.inventory)
        assert not self.task("cluster").result["failed"]

    def state(self, name: str) -> dict[str, Any]:
        """What `kubedirector_info` tells of one instance."""
        (found,) = self.task("kubedirector_info", name=name, namespace=SPACE).result["instances"]
        return dict(found)

    def replicas(self, name: str) -> int:
        found = self.kube[HOME].get("apps/v1", "StatefulSet", name, SPACE)
        assert found is not None
        return int(found["spec"]["replicas"])


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneNode]:
    with standing(OneNode(tmp_path_factory.mktemp("faults"))) as found:
        yield found


def test_what_never_becomes_ready_says_why(stage: Stage) -> None:
    broken = stage.cluster(
        "broken", app="redis", members=["us-1"], images={"redis-server": "sandbox.local/nothing:1"}, wait_timeout=15
    )
    assert broken.result["failed"]
    assert "role redis-server, broken-redis-server-0: " in broken.message
    assert "sandbox.local/nothing:1" in broken.message
    stage.gone("broken")
    crashing = stage.cluster(
        "crash", app="redis", members=["us-1"], images={"redis-server": images.name_of("mysql")}, wait_timeout=20
    )
    assert crashing.result["failed"]
    assert "last lines: " in crashing.message
    assert "redis-server: not found" in crashing.message
    stage.gone("crash")


def _app(leave: str, version: str, timeout: int) -> str:
    """An app whose pods do nothing but wait, with a hook that runs before one of them goes."""
    app = {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorApp",
        "metadata": {"name": "team"},
        "spec": {
            "label": {"name": "Team", "description": "Pods that wait."},
            "distroID": "tests/team",
            "version": version,
            "configSchemaVersion": 8,
            "defaultImageRepoTag": images.name_of("redis"),
            "defaultPersistDirs": ["/data"],
            "systemdRequired": False,
            "services": [],
            "roles": [{"id": "worker", "cardinality": "1+", "minResources": {"cpu": "50m", "memory": "32Mi"}}],
            "config": {"selectedRoles": ["worker"], "roleServices": []},
        },
    }
    wait = "trap 'exit 0' TERM; while :; do sleep 1 & wait; done"
    worker = {
        "id": "worker",
        "seed": False,
        "container": {"command": ["sh", "-c", wait]},
        "pod": {"terminationGracePeriodSeconds": 5},
        "hooks": {"leave": {"command": ["sh", "-c", leave], "timeout": timeout}},
    }
    runtime = {
        "apiVersion": "multicluster.federation/v1",
        "kind": "AppRuntime",
        "metadata": {"name": "team"},
        "spec": {"roles": [worker]},
    }
    return f"{json.dumps(app)}\n---\n{json.dumps(runtime)}\n"


def test_a_pod_goes_only_when_it_has_taken_its_leave(stage: OneNode, tmp_path: Path) -> None:
    def catalog(version: str, leave: str, timeout: int = 3) -> list[str]:
        folder = tmp_path / version
        folder.mkdir()
        (folder / "team.yaml").write_text(_app(leave, version, timeout))
        return [str(folder)]

    def scaled(members: int, **options: Any) -> Any:
        return stage.cluster("team", roles=[{"id": "worker", "members": members}], **options)

    storage = [{"id": "worker", "members": 3, **SMALL}]
    hangs = catalog("1", "sleep 600")
    stage.made("team", app="team", images={}, catalog=hangs, members=[HOME], roles=storage)
    workers, (first, second, third) = "team-worker", [f"team-worker-{number}" for number in range(3)]
    for pod in (first, second, third):
        stage.run(HOME, pod, f"echo {pod} > /data/kept")

    # it hangs
    began = time.monotonic()
    hung = scaled(2, catalog=hangs)
    assert hung.result["failed"]
    about = ("no pod was taken away, since ", f"{HOME}: leave in {third}")
    assert [text for text in about if text not in hung.message] == []
    assert "was not done in" in hung.message
    assert time.monotonic() - began < 60
    assert stage.replicas(workers) == 3
    assert stage.state("team")["state"] == "ready"

    # it fails, and says why; the definition is another one by now
    fails = catalog("2", "echo the ledger is open >&2; exit 3")
    failed = scaled(2, catalog=fails, upgrade=True)
    assert failed.result["failed"]
    assert [text for text in about if text not in failed.message] == []
    assert "ended with exit code 3: the ledger is open" in failed.message
    assert stage.replicas(workers) == 3

    # it works, slowly, and the node loses its power meanwhile
    waits = (
        "touch /data/leaving; for second in $(seq 60); do [ ! -e /data/go ] || exit 0; sleep 0.25; done; "
        "echo nobody let it go >&2; exit 1"
    )
    good = catalog("3", waits, 20)
    options = {
        "name": "team",
        "namespace": SPACE,
        "catalog": good,
        "upgrade": True,
        "roles": [{"id": "worker", "members": 2}],
        "wait_timeout": 120,
    }
    book, target = stage.player.book("kubedirector_cluster", options, play={"vars": {"federation_name": "pods"}})
    running = stage.player.start(str(book))
    try:
        until(lambda: said(stage, HOME, third, "ls /data/leaving"), "the hook to begin")
        began = time.monotonic()
        stage.component(HOME, "sandbox-node", "killed")
        running.process.wait(200)
    finally:
        running.kill()
    cut = json.loads(target.read_text())
    assert cut["failed"]
    assert [text for text in about if text not in cut["msg"]] == []
    assert time.monotonic() - began < 150
    assert stage.replicas(workers) == 3
    stage.component(HOME, "sandbox-node", "started")
    until(lambda: said(stage, HOME, third, "touch /data/go && echo done"), "the pod is back", 120)
    done = scaled(2, catalog=good, upgrade=True)
    assert not done.result["failed"], done.message
    assert f"leave in {third}" in done.output
    assert stage.replicas(workers) == 2
    assert [stage.run(HOME, pod, "cat /data/kept") for pod in (first, second)] == [first, second]
    assert stage.claims(HOME) == [f"p-{first}", f"p-{second}"]
    stage.gone("team")


def test_a_kubelet_restarts_while_a_run_waits(stage: OneNode) -> None:
    options = {
        "name": "steady",
        "namespace": SPACE,
        "app": "redis",
        "members": [HOME],
        "images": {"redis-server": images.name_of("redis"), "redis-replica": images.name_of("redis")},
        "roles": [{"id": "redis-server", **SMALL}, {"id": "redis-replica", "members": 1, **SMALL}],
        "wait_timeout": 120,
    }
    book, target = stage.player.book("kubedirector_cluster", options, play={"vars": {"federation_name": "pods"}})
    running = stage.player.start(str(book))
    try:
        until(lambda: stage.uid(HOME, "steady-redis-server-0"), "the first pod")
        stage.component(HOME, "kubelet", "killed")
        assert running.process.poll() is None, "the run waits"
        stage.component(HOME, "kubelet", "started")
        running.process.wait(120)
    finally:
        running.kill()
    done = json.loads(target.read_text())
    assert not done["failed"], done["msg"]
    assert stage.run(HOME, "steady-redis-replica-0", "redis-cli info replication | grep master_link_status") == (
        "master_link_status:up"
    )
    assert not stage.cluster("steady").result["changed"]
    stage.gone("steady")


class Disk:
    """The volume of a pod to come: a disk of its own with little room, on the node where pods see it."""

    def __init__(self, stage: Stage, pod: str, size: str, megabytes: int) -> None:
        kube, claim = stage.kube[HOME], f"p-{pod}"
        if kube.get("v1", "Namespace", SPACE) is None:
            kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "standard",
            "resources": {"requests": {"storage": size}},
        }
        # as a scheduler would say it for a pod
        chosen = {"volume.kubernetes.io/selected-node": f"{HOME}-1"}
        metadata = {"name": claim, "namespace": SPACE, "annotations": chosen}
        kube.create({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}, SPACE)

        def volume() -> str:
            found = kube.get("v1", "PersistentVolumeClaim", claim, SPACE)
            return str((found or {"spec": {}})["spec"].get("volumeName") or "")

        found = kube.get("v1", "PersistentVolume", until(volume, "a volume"))
        assert found is not None
        self.place = found["spec"]["local"]["path"]
        member = SandboxFolder.of(stage.sandbox.name, str(stage.sandbox.root)).member(HOME)
        holder = json.loads(Path(member.process("holder")).read_text())["pid"]
        self.node = ["nsenter", "--target", str(holder), "--mount", "--"]
        self.file = stage.folder / f"{claim}.img"
        with self.file.open("wb") as image:
            image.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(self.file)], check=True)
        self._within("mount", "-o", "loop", str(self.file), self.place)
        self._within("chmod", "777", self.place)

    def _within(self, *command: str) -> str:
        return subprocess.run([*self.node, *command], check=True, capture_output=True, text=True).stdout

    def fill(self, leave: int) -> None:
        """Take all room but so many megabytes."""
        free = int(self._within("df", "--output=avail", "-BM", self.place).split()[-1].rstrip("M"))
        self._within("fallocate", "-l", f"{free - leave}M", f"{self.place}/ballast")

    def make_room(self) -> None:
        self._within("rm", f"{self.place}/ballast")


@pytest.mark.skipif(not Path("/dev/loop-control").exists(), reason="disks with little room need loop devices")
def test_redis_on_a_full_volume_says_so_and_goes_on_when_there_is_room(stage: OneNode) -> None:
    pod = "full-redis-server-0"
    disk = Disk(stage, pod, "1Gi", 48)
    stage.made("full", app="redis", members=[HOME], roles=[{"id": "redis-server", **SMALL}])
    disk.fill(leave=8)
    write = (
        "value=$(head -c 200000 /dev/zero | tr '\\0' x); number=0; while :; do number=$((number + 1)); "
        'said=$(echo "$value" | redis-cli -x set key$number); [ "$said" = OK ] || break; done; echo "$number $said"'
    )
    number, _space, refused = stage.run(HOME, pod, write).partition(" ")
    assert refused == "MISCONF Errors writing to the AOF file: No space left on device"
    acknowledged = int(number) - 1
    assert acknowledged > 10

    def keys() -> int:
        return int(stage.run(HOME, pod, "redis-cli --raw keys 'key*' | wc -l"))

    assert keys() == acknowledged, "what is there can be read"
    why = f"role redis-server: {pod}: it runs, and is no longer ready: Readiness probe failed: {refused}"
    until(lambda: why in stage.state("full")["problems"], "the reason", 60)
    assert stage.state("full")["state"] == "degraded"
    told = stage.cluster("full", wait_timeout=5)
    assert told.result["failed"]
    assert refused in told.message

    disk.make_room()
    stage.made("full")
    assert keys() == acknowledged
    assert stage.run(HOME, pod, "redis-cli set more 1") == "OK"
    # and it is on the volume, not only in memory
    until(lambda: "aof_last_write_status:ok" in stage.run(HOME, pod, "redis-cli info persistence"), "the disk again")
    stage.replaced(HOME, pod)
    assert keys() == acknowledged
    stage.gone("full")


@pytest.mark.skipif(not Path("/dev/loop-control").exists(), reason="disks with little room need loop devices")
def test_mysql_on_a_full_volume_says_so_and_goes_on_when_there_is_room(stage: OneNode) -> None:
    pod = "room-mysql-server-0"
    disk = Disk(stage, pod, "2Gi", 400)
    stage.made("room", app="mysql", members=[HOME], roles=[{"id": "mysql-server", "storage": {"size": "2Gi"}}])
    client = 'mariadb --host=127.0.0.1 --user=app --password="$(cat /run/secrets/mysql-user/password)" --skip-column-names app'
    stage.run(HOME, pod, f"{client} -e 'create table t (n int primary key auto_increment, v varchar(8000))'")
    disk.fill(leave=12)
    insert = "insert into t (v) values (repeat(0, 6000)); select last_insert_id();"
    last, _space, refused = stage.run(
        HOME,
        pod,
        f"(yes '{insert}' | head -n 20000 | {client} --unbuffered 2>/tmp/said | tail -n 1; tail -n 1 /tmp/said)",
    ).partition("\n")
    assert "ERROR 1114" in refused
    assert "is full" in refused
    count = f"{client} -e 'select count(*) from t'"
    assert stage.run(HOME, pod, count) == last, "each row that was acknowledged, and no other"

    why = f"{pod}: it runs, and is no longer ready: Readiness probe failed: its volume is full: "
    until(lambda: [text for text in stage.state("room")["problems"] if why in text], "the reason", 60)
    assert stage.state("room")["state"] == "degraded"
    told = stage.cluster("room", wait_timeout=5)
    assert told.result["failed"]
    assert f"{HOME}, role mysql-server, {why}" in told.message
    assert stage.run(HOME, pod, count) == last, "it can be read"

    disk.make_room()
    stage.made("room")
    assert stage.run(HOME, pod, f"{client} -e 'insert into t (v) values (1)'; {count}") == str(int(last) + 1)
    stage.replaced(HOME, pod)
    assert stage.run(HOME, pod, count) == str(int(last) + 1)
    stage.gone("room")
