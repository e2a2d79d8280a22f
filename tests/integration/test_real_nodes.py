# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real nodes do what nodes do: pods, commands, logs, Services, DNS, volumes, faults; and nothing is left of them.

What applications make of it is in test_pods.py. Skipped, with the reason, where a machine cannot have real nodes.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import images, processes
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import (
    ENVIRONMENT,
    Box,
    apps,
    core,
    in_real_pods,
    pids,
    until,
)
from ansible_collections.multicluster.federation.tests.integration.stage import Started
from ansible_collections.multicluster.federation.tests.integration.traces import Traces

pytestmark = in_real_pods("tools")

TOOLS = images.name_of("tools")
SPACE = "default"
PORT = 8080
#: tells everybody who calls which pod he got
_SERVER = (
    f"$s = IO::Socket::INET->new(LocalPort => {PORT}, Listen => 9, ReuseAddr => 1) or die $!; "
    'print STDERR "serving\\n"; while ($c = $s->accept) { print $c "$ENV{HOSTNAME}\\n"; close $c }'
)
SERVER = ["perl", "-MIO::Socket::INET", "-e", _SERVER]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """Two members with real nodes, for all tests that leave them as they are."""
    box = Box(tmp_path_factory.mktemp("nodes") / "state", f"n-{secrets.token_hex(4)}")
    traces = Traces(box.folder)
    members = [{"name": name, "node_kind": "kubelet", "images": ["tools"]} for name in ("a", "b")]
    try:
        done = box.task(members=members, wait_timeout=600)
        assert not done.get("failed"), done["msg"]
        traces.note()
        yield box
    finally:
        down = box.task(state="absent")
    assert not down.get("failed"), down["msg"]
    assert traces.left() == []
    assert not box.task(state="absent")["changed"]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[tuple[Box, Traces]]:
    """A sandbox of one test, gone after it, and its traces."""
    box = Box(tmp_path / "state", f"n-{secrets.token_hex(4)}")
    traces = Traces(box.folder)
    yield box, traces
    box.task(state="absent")
    assert traces.left() == []


class Member:
    """One member as its users see it."""

    def __init__(self, box: Box, name: str) -> None:
        self.box, self.name = box, name
        kubeconfig = box.folder / "kubeconfig"
        self.core, self.apps = core(kubeconfig, name), apps(kubeconfig, name)

    def act(self, component: str, state: str) -> dict[str, Any]:
        return self.box.task(name=self.name, component=component, state=state)

    def pid(self, part: str) -> int:
        """The pid of what the node runs, whether it lives or not; 0 while its record is being written."""
        record = processes.recorded(str(self.box.folder / "members" / self.name / "run" / f"{part}.json"))
        return record.pid if record else 0

    def run(self, pod: str, script: str) -> str:
        """What a script in a pod prints, errors too."""
        from kubernetes.stream import stream

        said = stream(
            self.core.connect_get_namespaced_pod_exec,
            pod,
            SPACE,
            command=["bash", "-c", script],
            stderr=True,
            stdin=False,
            stdout=True,
            tty=False,
        )
        return str(said).strip()

    def call(self, pod: str, host: str) -> str:
        """Who answers a pod that calls the server at this host."""
        return self.run(pod, f"exec 3<>/dev/tcp/{host}/{PORT} && cat <&3")

    def pods(self, app: str) -> dict[str, Any]:
        """The ready pods of an app by name; those that are on their way out are left out."""
        found = self.core.list_namespaced_pod(SPACE, label_selector=f"app={app}").items
        return {
            pod.metadata.name: pod
            for pod in found
            if not pod.metadata.deletion_timestamp
            and any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])
        }

    def ready(self, app: str, count: int) -> dict[str, Any]:
        def all_of_them() -> dict[str, Any] | None:
            found = self.pods(app)
            return found if len(found) == count else None

        return dict(until(all_of_them, f"{count} pods of {app} to be ready", 120))

    def deployment(self, app: str, replicas: int = 1) -> dict[str, Any]:
        self.apps.create_namespaced_deployment(SPACE, {"metadata": {"name": app}, "spec": _spec(app, replicas)})
        return self.ready(app, replicas)

    def stateful(self, app: str, replicas: int, claims: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        self.service(app, clusterIP="None")
        spec = {"serviceName": app, "podManagementPolicy": "Parallel", **_spec(app, replicas, bool(claims))}
        body = {"metadata": {"name": app}, "spec": {**spec, "volumeClaimTemplates": claims or []}}
        self.apps.create_namespaced_stateful_set(SPACE, body)
        return self.ready(app, replicas)

    def service(self, app: str, **spec: Any) -> Any:
        body = {"selector": {"app": app}, "ports": [{"port": PORT}], **spec}
        return self.core.create_namespaced_service(SPACE, {"metadata": {"name": app}, "spec": body})


def _spec(app: str, replicas: int, volume: bool = False) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": TOOLS,
        "imagePullPolicy": "IfNotPresent",
        "command": SERVER,
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}] if volume else [],
    }
    labels = {"app": app}
    return {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
        },
    }


CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


@pytest.fixture(scope="module")
def a(up: Box) -> Member:
    return Member(up, "a")


@pytest.fixture(scope="module")
def b(up: Box) -> Member:
    return Member(up, "b")


def test_pods_run_with_commands_and_logs(a: Member) -> None:
    pods = a.deployment("web", 2)
    for name in pods:
        assert a.run(name, "hostname; bash --version | head -1; nl --version | head -1").splitlines()[0] == name
        assert a.core.read_namespaced_pod_log(name, SPACE) == "serving\n"
    (node,) = a.core.list_node().items
    assert (node.metadata.name, node.spec.provider_id) == ("a-1", "sandbox:///local-a/a-1")
    assert node.metadata.labels["topology.kubernetes.io/zone"] == "local-a"


def test_a_service_is_found_by_name_and_spreads_over_its_pods(a: Member) -> None:
    pods = a.deployment("back", 2)
    (client,) = a.deployment("front")
    address = a.service("back").spec.cluster_ip
    assert until(lambda: a.run(client, "getent hosts back | cut -d' ' -f1"), "the name") == address
    # rules for a Service are written a moment after it
    until(lambda: a.call(client, "back") in pods, "somebody to answer")
    assert {a.call(client, address) for _time in range(30)} == set(pods)
    assert a.call(client, f"back.{SPACE}.svc.cluster.local") in pods


def test_pods_of_a_headless_service_have_names(a: Member) -> None:
    pods = a.stateful("ring", 2)
    addresses = {name: pod.status.pod_ip for name, pod in pods.items()}
    found = until(lambda: a.run("ring-0", "getent ahostsv4 ring-1.ring | head -1 | cut -d' ' -f1"), "the name of a pod")
    assert found == addresses["ring-1"]
    everybody = a.run("ring-0", "getent ahostsv4 ring | cut -d' ' -f1 | sort -u").split()
    assert everybody == sorted(addresses.values())
    assert a.call("ring-0", "ring-1.ring") == "ring-1"


def test_pods_of_two_members_reach_each_other_and_the_machine_reaches_them(a: Member, b: Member) -> None:
    ((here, near),), ((there, far),) = a.deployment("near").items(), b.deployment("far").items()
    address = {here: near.status.pod_ip, there: far.status.pod_ip}
    assert a.call(here, address[there]) == there
    assert b.call(there, address[here]) == here
    from_here = subprocess.run(
        ["bash", "-c", f"cat < /dev/tcp/{address[there]}/{PORT}"],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert from_here.stdout.strip() == there


def test_pods_reach_the_api_server_of_their_member(a: Member) -> None:
    (pod,) = a.deployment("inside")
    place = "/var/run/secrets/kubernetes.io/serviceaccount"
    asked = (
        f'curl --silent --max-time 10 --cacert {place}/ca.crt --header "Authorization: Bearer $(cat {place}/token)" '
        f"https://kubernetes.default.svc/api/v1/namespaces/{SPACE}/pods"
    )
    assert f"system:serviceaccount:{SPACE}:default" in a.run(pod, asked), "the API server knows who it is"


def test_what_is_on_a_volume_stays_until_its_claim_goes(a: Member, up: Box) -> None:
    before = a.stateful("store", 1, [CLAIM])["store-0"].metadata.uid
    a.run("store-0", "echo kept > /data/file")
    a.core.delete_namespaced_pod("store-0", SPACE)
    until(lambda: "store-0" in a.pods("store") and a.pods("store")["store-0"].metadata.uid != before, "another pod")
    assert a.run("store-0", "cat /data/file") == "kept"

    volume = a.core.read_namespaced_persistent_volume_claim("data-store-0", SPACE).spec.volume_name
    folder = Path(a.core.read_persistent_volume(volume).spec.local.path)
    assert (folder / "file").read_text() == "kept\n"
    assert up.folder in folder.parents
    a.apps.delete_namespaced_stateful_set("store", SPACE)
    a.core.delete_namespaced_persistent_volume_claim("data-store-0", SPACE)
    until(lambda: not folder.exists(), "the data to go with the claim")
    until(lambda: volume not in [v.metadata.name for v in a.core.list_persistent_volume().items], "the volume to go")


def test_a_kubelet_dies_and_comes_back_and_pods_go_on(b: Member) -> None:
    ((name, pod),) = b.deployment("steady").items()
    state = pod.status.container_statuses[0]
    killed = b.act("kubelet", "killed")
    assert killed["members"]["b"]["actions"] == ["killed kubelet"]
    assert killed["members"]["b"]["state"] == "degraded"
    assert _said(lambda: b.run(name, "echo yes")) != "yes"
    # others who are started meanwhile do not wait for what is down on purpose
    assert not b.act("etcd", "started").get("failed")
    started = b.box.task(name="b")
    assert started["members"]["b"]["actions"] == ["started kubelet"]
    assert started["members"]["b"]["state"] == "running"
    until(lambda: _said(lambda: b.run(name, "echo yes")) == "yes", "commands again")
    # a kubelet that starts calls its pods unready until it has looked at them
    after = b.ready("steady", 1)[name].status.container_statuses[0]
    assert (after.container_id, after.restart_count) == (state.container_id, 0)
    assert not b.box.task(name="b")["changed"]


def _said(work: Callable[[], str]) -> str:
    from kubernetes.client import ApiException

    try:
        return work()
    except ApiException:
        return ""


@pytest.mark.parametrize("part", ["containerd", "coredns", "kube-proxy"])
def test_other_parts_come_back_by_themselves_unless_they_are_held_down(b: Member, part: str) -> None:
    before = b.pid(part)
    os.kill(before, signal.SIGKILL)
    until(lambda: b.pid(part) not in (0, before), f"{part} to run again")
    killed = b.act(part, "killed")["members"]["b"]
    assert killed["actions"] == [f"killed {part}"]
    assert (killed["state"], killed["components"][part]["state"]) == ("degraded", "dead")
    assert b.act(part, "started")["members"]["b"]["state"] == "running"


def test_a_paused_node_hangs_as_a_whole(b: Member) -> None:
    paused = b.act("sandbox-node", "paused")["members"]["b"]
    parts = ("sandbox-node", "containerd", "coredns", "kube-proxy", "kubelet")
    assert {paused["components"][part]["state"] for part in parts} == {"paused"}
    resumed = b.box.task(name="b")["members"]["b"]
    assert resumed["state"] == "running"
    assert {part: entry["pid"] for part, entry in resumed["components"].items()} == {
        part: entry["pid"] for part, entry in paused["components"].items()
    }


def test_a_node_without_power_keeps_what_is_on_its_disk(b: Member) -> None:
    b.stateful("disk", 1, [CLAIM])
    b.run("disk-0", "echo kept > /data/file; sync")
    traces = Traces(b.box.folder)
    traces.note("b")
    assert [line for line in traces.inhabitants() if SERVER[0] in line]
    b.act("sandbox-node", "killed")
    assert traces.inhabitants() == []
    assert b.act("sandbox-node", "started")["members"]["b"]["state"] == "running"
    until(lambda: _said(lambda: b.run("disk-0", "cat /data/file")) == "kept", "the pod and its file", 120)


def test_images_come_to_a_node_that_runs(b: Member, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(images.pause(print).program, root / "stay")
    archive = tmp_path / "own.tar"
    images._archive(f"{images.REGISTRY}/own:1", str(root), str(archive), {"Entrypoint": ["/stay"]})
    done = b.box.task(name="b", images=["tools", str(archive)])
    assert done["members"]["b"]["actions"] == ["changed settings"]
    container = {"name": "main", "image": f"{images.REGISTRY}/own:1"}
    b.core.create_namespaced_pod(SPACE, {"metadata": {"name": "own"}, "spec": {"containers": [container]}})
    until(lambda: b.core.read_namespaced_pod("own", SPACE).status.phase == "Running", "the pod")


def test_a_component_that_a_member_has_not_is_named(b: Member) -> None:
    refused = b.act("kwok", "killed")
    assert refused["failed"]
    assert "member b has no kwok" in refused["msg"]


def test_what_fails_on_the_way_up_is_told_and_leaves_nothing(alone: tuple[Box, Traces], tmp_path: Path) -> None:
    box, traces = alone
    archive = tmp_path / "broken.tar"
    manifest = [{"Config": "config.json", "RepoTags": [f"{images.REGISTRY}/broken:1"], "Layers": ["layer.tar"]}]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(archive, "w") as file:  # the layer is missing
        file.add(tmp_path / "manifest.json", "manifest.json")
    failed = box.task(name="a", node_kind="kubelet", images=[str(archive)])
    assert failed["failed"]
    assert "a/sandbox-node ended" in failed["msg"]
    assert f"{images.REGISTRY}/broken:1" in failed["msg"]
    assert box.task(state="absent")["changed"]
    assert traces.left() == []


def test_nothing_is_left_after_kills_by_hand(alone: tuple[Box, Traces]) -> None:
    box, traces = alone
    done = box.task(name="a", node_kind="kubelet", images=["tools"])
    assert not done.get("failed"), done["msg"]
    Member(box, "a").deployment("web", 2)
    traces.note()
    for part in ("containerd", "sandbox-node", "etcd"):
        os.kill(pids(done, "a")[part], signal.SIGKILL)
    assert box.task(state="absent")["changed"]
    assert traces.left() == []


def test_nothing_is_left_where_the_folder_was_removed_by_hand(alone: tuple[Box, Traces]) -> None:
    box, traces = alone
    done = box.task(name="a", node_kind="kubelet", images=["tools"])
    assert not done.get("failed"), done["msg"]
    Member(box, "a").deployment("web", 1)
    traces.note()
    shutil.rmtree(box.folder / "members" / "a" / "run")
    os.unlink(box.folder / "members" / "a" / "node" / "link.json")
    os.unlink(box.folder / "members" / "a" / "node.json")
    assert box.task(state="absent")["changed"]
    assert traces.left() == []


def test_nothing_is_left_of_a_run_that_was_killed_midway(alone: tuple[Box, Traces], tmp_path: Path) -> None:
    box, traces = alone
    command = box.play_command("sandbox_up", sandbox_count=2, sandbox_node_kind="kubelet", sandbox_images=["tools"])
    log = tmp_path / "up.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
        )
    until(lambda: [line for line in traces.processes() if "containerd" in line], "containerd to come", 600)
    Started(process, log).kill()
    until(lambda: list(box.folder.glob("members/*/node/link.json")), "a cable")
    assert box.task(state="absent")["changed"]
    assert traces.left() == []
