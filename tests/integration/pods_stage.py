# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two members with real nodes that form a federation: what the tests with real pods stand on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import images
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import Kube, Played, Player, Sandbox
from ansible_collections.multicluster.federation.tests.integration.traces import Traces

CATALOG = Path(__file__).parents[2] / "catalog"

MEMBERS = ("eu-1", "us-1")
SPACE = "data"
IMAGES = {
    "redis-server": images.name_of("redis"),
    "redis-replica": images.name_of("redis"),
    "mysql-server": images.name_of("mysql"),
    "rabbitmq-node": images.name_of("rabbitmq"),
}


def control(folder: Path, **options: Any) -> None:
    """One task of `control_plane`, over the sandbox of these tests."""
    task = {"name": "Do it", "multicluster.federation.control_plane": options}
    book = folder / "control.yml"
    book.write_text(yaml.safe_dump([{"name": "Nodes", "hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    done = subprocess.run(
        ["ansible-playbook", str(book)],
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout


class Stage:
    """Two members with real nodes that form a federation."""

    def __init__(
        self, folder: Path, eu: Sequence[str] = ("redis",), us: Sequence[str] = ("redis", "mysql", "rabbitmq")
    ) -> None:
        self.folder = folder
        self.images = {"eu-1": list(eu), "us-1": list(us)}
        self.sandbox = Sandbox(folder / "sandboxes", f"pods-{os.getpid()}")
        self.where = {"sandbox": self.sandbox.name, "root": str(self.sandbox.root)}

    def up(self) -> None:
        members = [
            {"name": name, "region": name[:2], "node_kind": "kubelet", "images": names}
            for name, names in self.images.items()
        ]
        control(self.folder, **self.where, members=members, wait_timeout=600)
        self.kube = {name: Kube(self.sandbox.kubeconfig(name)) for name in MEMBERS}
        self.player = Player(self.folder, self.sandbox.inventory)
        assert not self.task("cluster").result["failed"]

    def component(self, member: str, component: str, state: str) -> None:
        control(self.folder, **self.where, name=member, component=component, state=state)

    def task(self, module: str, *arguments: str, **options: Any) -> Played:
        return self.player.task(module, options, *arguments, play={"vars": {"federation_name": "pods"}})

    def cluster(self, name: str, **options: Any) -> Played:
        app = options.get("app")
        chosen = {role: image for role, image in IMAGES.items() if app and role.startswith(app)}
        images_of = {"images": chosen} if chosen else {}
        wish = {"name": name, "namespace": SPACE, "wait_timeout": 240, **images_of, **options}
        return self.task("kubedirector_cluster", **wish)

    def made(self, name: str, **options: Any) -> Played:
        done = self.cluster(name, **options)
        assert not done.result["failed"], done.message
        return done

    def run(self, member: str, pod: str, command: str) -> str:
        """What a command in a pod prints, by the API server's own exec."""
        from kubernetes.stream import stream

        core = self.kube[member].core
        return str(
            stream(
                core.connect_get_namespaced_pod_exec,
                pod,
                SPACE,
                container="app",
                command=["sh", "-c", command],
                stderr=True,
                stdin=False,
                stdout=True,
                tty=False,
            )
        ).strip()

    def uid(self, member: str, pod: str) -> str:
        found = self.kube[member].get("v1", "Pod", pod, SPACE)
        return str(found["metadata"]["uid"]) if found is not None else ""

    def ready(self, member: str, pod: str, other_than: str = "") -> bool:
        found = self.kube[member].get("v1", "Pod", pod, SPACE)
        if found is None or found["metadata"]["uid"] == other_than or found["metadata"].get("deletionTimestamp"):
            return False
        return any(c["type"] == "Ready" and c["status"] == "True" for c in found["status"].get("conditions") or [])

    def replaced(self, member: str, pod: str) -> None:
        """Delete a pod, and wait until another one of its name is ready."""
        before = self.uid(member, pod)
        self.kube[member].delete("v1", "Pod", pod, SPACE)
        until(lambda: self.ready(member, pod, before), f"{pod} is there again", 120)

    def claims(self, member: str) -> list[str]:
        return self.kube[member].names("v1", "PersistentVolumeClaim", SPACE)

    def gone(self, name: str, **options: Any) -> None:
        done = self.cluster(name, state="absent", **options)
        assert not done.result["failed"], done.message


@contextmanager
def standing(stage: Stage) -> Iterator[Stage]:
    """A stage for as long as the context lasts; nothing is left of its nodes."""
    traces = Traces(stage.sandbox.folder)
    try:
        stage.up()
        traces.note()
        yield stage
    finally:
        control(stage.folder, **stage.where, state="absent")
    with suppress(AssertionError):
        until(lambda: not traces.left(), "nothing is left of the nodes", 20)
    left = traces.left()
    assert not left, left


def said(stage: Stage, member: str, pod: str, command: str) -> str:
    """As `Stage.run`; "" while no command can be run there."""
    from kubernetes.client import ApiException

    with suppress(ApiException):
        return stage.run(member, pod, command)
    return ""


def without_power(stage: Stage, member: str, pods: Mapping[str, str]) -> None:
    """Pull the plug of a node and start it again; returns when each pod answers its command."""
    stage.component(member, "sandbox-node", "killed")
    stage.component(member, "sandbox-node", "started")
    for pod, command in pods.items():
        until(lambda pod=pod, command=command: said(stage, member, pod, command), f"{pod} is back", 180)


def without_kubelet(stage: Stage, member: str, pods: Mapping[str, str]) -> None:
    """Let the kubelet of a node die and come back: its pods go on, each answers its command in the end."""
    before = {pod: stage.uid(member, pod) for pod in pods}
    stage.component(member, "kubelet", "killed")
    stage.component(member, "kubelet", "started")
    for pod, command in pods.items():
        until(lambda pod=pod, command=command: said(stage, member, pod, command), f"{pod} can be reached")
    assert {pod: stage.uid(member, pod) for pod in pods} == before


def edition(folder: Path, app: str, *changes: tuple[str, str]) -> str:
    """A catalog of its own with one app, as the shipped one has it but for some texts."""
    target = folder / app
    target.mkdir(parents=True)
    texts = {path.name: path.read_text() for path in (CATALOG / app).iterdir()}
    for old, new in changes:
        assert any(old in text for text in texts.values()), old
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    for name, text in texts.items():
        (target / name).write_text(text)
    return str(folder)
