# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an app has run in its pods: hooks of an AppRuntime, and setup packages, in one member with a real node.

The apps of these tests write down what they are told, in a file on their volume.
"""

from __future__ import annotations

import base64
import functools
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import images, node_main
from ansible_collections.multicluster.federation.tests.integration.pods_stage import (
    SPACE,
    Stage,
    control,
    said,
    standing,
)
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import in_real_pods, until
from ansible_collections.multicluster.federation.tests.integration.stage import Kube, Played, Player, Started

pytestmark = in_real_pods("tools")

HOME = "eu-1"
ANNOTATION = "multicluster.federation/hooks"
#: nothing of it is told to end, so that a container starts again when its first process does
IDLE = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
SIZE = {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "10m", "memory": "32Mi"}}

CONFIGURE = """
echo "configure begins" >>/data/log
case "$1" in
  fail) echo looking for a licence; echo "there is none" >&2; exit 3 ;;
  hang) sleep 600 ;;
  slow) sleep 6 ;;
  wait) until [ -e /data/go ]; do sleep 0.1; done ;;
esac
echo "configure ends" >>/data/log
"""
TOLD = 'echo "$0 $*" >>/data/log'
# what it reads is one line, without an end
RECONNECT = """
told=$(cat)
find() { printf %s "$told" | grep -o "$1" | cut -d'"' -f4; }
pods=$(printf %s "$told" | grep -o '"base-node-[0-9].base-pods[^"]*": "' | wc -l)
echo "reconnect $(find '"host": "[a-z]*"') $(find '"password": "[^"]*"' | base64 -d) $pods" >>/data/log
"""
STARTSCRIPT = """#!/bin/bash
there=$(grep -o '"fqdn_mappings": {[^}]*}' /etc/guestconfig/configmeta.json | grep -o svc.cluster.local | wc -l)
echo "$* (of $there)" >>/data/log
echo "done with $1"
"""


def app(name: str, role: str, **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorApp",
        "metadata": {"name": name},
        "spec": {
            "label": {"name": name},
            "distroID": f"test/{name}",
            "version": "1.0",
            "configSchemaVersion": 8,
            "defaultConfigPackage": None,
            "services": [],
            "roles": [
                {"id": role, "cardinality": "1+", "imageRepoTag": images.name_of("tools"), "persistDirs": ["/data"]}
            ],
            "config": {"selectedRoles": [role], "roleServices": []},
            **more,
        },
    }


def runtime(name: str, role: str, hooks: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {"id": role, "container": {"command": IDLE}, "hooks": hooks}
    spec = {"roles": [entry], **more}
    return {
        "apiVersion": "multicluster.federation/v1",
        "kind": "AppRuntime",
        "metadata": {"name": name},
        "spec": spec,
    }


def with_hooks(name: str, seconds: int) -> list[dict[str, Any]]:
    """An app with all hooks; ``seconds`` is how long configure may take."""
    hooks = {
        "configure": {"command": ["sh", "-c", CONFIGURE, "configure", "@{param:behave}"], "timeout": seconds},
        "addnodes": {"command": ["sh", "-c", TOLD, "addnodes"]},
        "delnodes": {"command": ["sh", "-c", TOLD, "delnodes"]},
        "reconnect": {"command": ["sh", "-c", RECONNECT]},
        "leave": {"command": ["sh", "-c", TOLD, "leave"]},
    }
    behave = {"name": "behave", "type": "string", "default": "", "description": "What configure does."}
    return [app(name, "node"), runtime(name, "node", hooks, parameters=[behave])]


class HookStage(Stage):
    """One member with a real node, a catalog with two apps, and a server of setup packages that pods reach."""

    def up(self) -> None:
        members = [{"name": HOME, "region": "eu", "node_kind": "kubelet", "images": ["tools"]}]
        control(self.folder, **self.where, members=members, wait_timeout=600)
        self.kube = {HOME: Kube(self.sandbox.kubeconfig(HOME))}
        self.player = Player(self.folder, self.sandbox.inventory)
        assert not self.task("cluster").result["failed"]
        self.catalog = self.folder / "catalog"
        self.catalog.mkdir()
        documents = [*with_hooks("hooked", 10), *with_hooks("patient", 120)]
        (self.catalog / "hooked.yml").write_text(yaml.safe_dump_all(documents))

    def offer(self, address: str) -> None:
        """Put the app with a setup package into the catalog."""
        url = {"packageURL": f"http://{address}/setup.tgz", "useNewSetupLayout": True}
        packaged = app("packaged", "member", defaultConfigPackage=url)
        documents = [packaged, runtime("packaged", "member", {"leave": {"command": ["sh", "-c", TOLD, "leave"]}})]
        (self.catalog / "packaged.yml").write_text(yaml.safe_dump_all(documents))

    def hooked(
        self, name: str, members: int, *, app: str = "hooked", role: str = "node", check: bool = False, **options: Any
    ) -> Played:
        roles = [{"id": role, "members": members, "resources": SIZE, "storage": {"size": "1Gi"}}]
        wish = {"app": app, "catalog": [str(self.catalog)], "members": [HOME], "roles": roles, **options}
        wish = {"name": name, "namespace": SPACE, "wait_timeout": 60, **wish}
        return self.task("kubedirector_cluster", *(["--check"] if check else []), **wish)

    def log(self, pod: str) -> list[str]:
        """What a pod was told."""
        return self.run(HOME, pod, "cat /data/log").splitlines()

    def pods(self, name: str) -> list[str]:
        return self.kube[HOME].names("v1", "Pod", SPACE, f"kubedirector.hpe.com/kdcluster={name}")

    def journal(self, pod: str) -> dict[str, Any]:
        found = self.kube[HOME].get("v1", "Pod", pod, SPACE)
        return dict(json.loads((found or {"metadata": {}})["metadata"].get("annotations", {}).get(ANNOTATION, "{}")))

    def container(self, pod: str) -> str:
        """The identity of the container that runs in a pod, "" while none does."""
        found = self.kube[HOME].get("v1", "Pod", pod, SPACE) or {"status": {}}
        statuses = found["status"].get("containerStatuses") or [{"state": {}}]
        return str(statuses[0]["containerID"]) if statuses[0]["state"].get("running") else ""

    def restart(self, pod: str) -> None:
        """Let the first process of a pod end, and wait for the next container."""
        before = self.container(pod)
        self.run(HOME, pod, "kill 1")
        until(lambda: self.container(pod) not in ("", before), f"{pod} has another container", 60)

    def info(self, name: str) -> dict[str, Any]:
        (found,) = self.task("kubedirector_info", name=name, namespace=SPACE).result["instances"]
        return dict(found)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HookStage]:
    with standing(HookStage(tmp_path_factory.mktemp("hooks"))) as found:
        yield found


@pytest.fixture
def packages(stage: HookStage, tmp_path: Path) -> Iterator[None]:
    """A web server on the machine, at the address that pods reach."""
    script = STARTSCRIPT.encode()
    with tarfile.open(tmp_path / "setup.tgz", "w:gz") as archive:
        entry = tarfile.TarInfo("setup-1.0/startscript")
        entry.size = len(script)
        archive.addfile(entry, io.BytesIO(script))
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer((node_main.HOST, 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        stage.offer(f"{node_main.HOST}:{server.server_port}")
        yield
    finally:
        server.shutdown()
        server.server_close()


def address(name: str, pod: str) -> str:
    return f"{pod}.{name}-pods.{SPACE}.svc.cluster.local"


def test_pods_are_told_of_each_other_in_order(stage: HookStage) -> None:
    first, second = "one-node-0", "one-node-1"
    made = stage.hooked("one", 2)
    assert not made.result["failed"], made.message
    assert sorted(made.result["hooks"]) == [f"{HOME}: configure in {first}", f"{HOME}: configure in {second}"]
    assert stage.log(first) == stage.log(second) == ["configure begins", "configure ends"]
    assert stage.info("one")["state"] == "ready"

    # nothing to do: nothing is run, and nothing is written
    before = len(stage.sandbox.writes(HOME))
    assert not stage.hooked("one", 2).result["changed"]
    assert stage.sandbox.writes(HOME)[before:] == []

    foreseen = stage.hooked("one", 3, check=True)
    assert stage.sandbox.writes(HOME)[before:] == []
    grown = stage.hooked("one", 3)
    assert not grown.result["failed"], grown.message
    third = "one-node-2"
    assert grown.result["hooks"] == [
        f"{HOME}: configure in {third}",
        f"{HOME}: addnodes in {first}",
        f"{HOME}: addnodes in {second}",
    ]
    assert foreseen.result["hooks"] == grown.result["hooks"]
    told = f"addnodes node {address('one', third)}"
    assert stage.log(first)[2:] == stage.log(second)[2:] == [told]
    assert stage.log(third) == ["configure begins", "configure ends"]

    foreseen = stage.hooked("one", 1, check=True)
    shrunk = stage.hooked("one", 1)
    assert not shrunk.result["failed"], shrunk.message
    assert shrunk.result["hooks"] == [
        f"{HOME}: leave in {third}",
        f"{HOME}: leave in {second}",
        f"{HOME}: delnodes in {first}",
    ]
    assert foreseen.result["hooks"] == shrunk.result["hooks"]
    assert stage.log(first)[3:] == [f"delnodes node {address('one', second)} {address('one', third)}"]
    assert stage.pods("one") == [first]

    # another container is another one to be configured
    stage.restart(first)
    state = stage.info("one")
    assert (state["state"], state["problems"]) == ("degraded", [f"role node: {first}: it was not configured yet"])
    again = stage.hooked("one", 1)
    assert again.result["hooks"] == [f"{HOME}: configure in {first}"]
    assert stage.log(first)[4:] == ["configure begins", "configure ends"]
    stage.gone("one")


def test_a_changed_connection_is_told_of(stage: HookStage) -> None:
    group, kube = "kubedirector.hpe.com", stage.kube[HOME]
    hush = "correct-horse"
    assert not stage.hooked("base", 1).result["failed"]
    database = {"name": "database", "labels": {f"{group}/cmType": "db"}}
    kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": database, "data": {"host": "first"}}, SPACE)
    login = {"name": "login", "labels": {f"{group}/secretType": "db"}}
    kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": login, "stringData": {"password": hush}}, SPACE)
    connections = {"configmaps": ["database", "not-there"], "secrets": ["login"], "clusters": ["base", "not-there"]}
    wish = {
        "apiVersion": f"{group}/v1beta1",
        "kind": "KubeDirectorCluster",
        "metadata": {"name": "two"},
        "spec": {
            "app": "hooked",
            "connections": connections,
            "roles": [{"id": "node", "members": 1, "resources": SIZE, "storage": {"size": "1Gi"}}],
        },
    }

    def made() -> list[str]:
        options = {"catalog": [str(stage.catalog)], "members": [HOME], "definition": wish, "wait_timeout": 60}
        done = stage.cluster("two", **options)
        assert not done.result["failed"], done.message
        assert done.result["changed"] is ("hooks" in done.result)
        return list(done.result.get("hooks", []))

    assert made() == [f"{HOME}: configure in two-node-0"]
    assert made() == []
    kube.merge("v1", "ConfigMap", "database", SPACE, {"data": {"host": "second"}})
    assert made() == [f"{HOME}: reconnect in two-node-0"]
    assert not stage.hooked("base", 2).result["failed"]
    assert made() == [f"{HOME}: reconnect in two-node-0"]
    assert stage.log("two-node-0")[2:] == [f"reconnect second {hush} 1", f"reconnect second {hush} 2"]
    journal = json.dumps(stage.journal("two-node-0"))
    encoded = base64.b64encode(hush.encode()).decode()
    for kept in (journal, *(event["requestURI"] for event in stage.sandbox.audit(HOME))):
        assert hush not in kept
        assert encoded not in kept
    stage.gone("two")
    stage.gone("base")


def test_a_failed_hook_is_shown_and_run_again(stage: HookStage) -> None:
    pod = "three-node-0"
    failed = stage.hooked("three", 1, parameters={"behave": "fail"})
    assert failed.result["failed"]
    said = f"configure in {pod} ended with exit code 3: looking for a licence | there is none"
    assert f"{HOME}: {said}" in failed.message
    state = stage.info("three")
    assert state["state"] == "failed"
    assert state["roles"]["node"]["pods"][0]["problem"] == (
        "configure ended with exit code 3 (looking for a licence | there is none)"
    )
    assert stage.journal(pod)["configure"]["code"] == 3

    hanging = stage.hooked("three", 1, parameters={"behave": "hang"})
    assert hanging.result["failed"]
    assert f"configure in {pod} was not done in 10 s, and was ended" in hanging.message
    assert "sleep 600" not in stage.run(HOME, pod, "ps -A -o args=")

    fixed = stage.hooked("three", 1, parameters={"behave": ""})
    assert not fixed.result["failed"], fixed.message
    assert stage.info("three")["state"] == "ready"
    assert stage.log(pod) == [*["configure begins"] * 3, "configure ends"]

    # a change that fails is taken back: the pods that stay were told of nothing
    refused = stage.hooked("three", 2, parameters={"behave": "fail"}, rollback=True)
    assert refused.result["failed"]
    assert "everything is as it was before" in refused.message
    until(lambda: stage.pods("three") == [pod], "the new pod is gone")
    assert "addnodes" not in " ".join(stage.log(pod))
    stage.gone("three")


@contextmanager
def begun(stage: HookStage, name: str, app: str, behave: str) -> Iterator[tuple[Started, Path]]:
    """A run that makes an instance with one pod, where configure has begun; and where its result will be."""
    pod = f"{name}-node-0"
    roles = [{"id": "node", "members": 1, "resources": SIZE, "storage": {"size": "1Gi"}}]
    wish = {"name": name, "namespace": SPACE, "app": app, "members": [HOME], "roles": roles, "wait_timeout": 60}
    wish |= {"catalog": [str(stage.catalog)], "parameters": {"behave": behave}}
    book, target = stage.player.book("kubedirector_cluster", wish, play={"vars": {"federation_name": "pods"}})
    run = stage.player.start(str(book))
    try:
        until(lambda: bool(stage.container(pod)), "the container runs", 60)
        until(lambda: said(stage, HOME, pod, "cat /data/log") == "configure begins", "configure has begun", 60)
        yield run, target
    finally:
        if run.process.poll() is None:
            run.kill()


def test_a_killed_run_does_not_run_a_hook_twice(stage: HookStage) -> None:
    pod = "four-node-0"
    with begun(stage, "four", "hooked", "slow") as (run, _target):
        run.kill()
    assert stage.journal(pod)["configure"]["state"] == "started"
    assert "configure runs since" in stage.info("four")["problems"][0]
    done = stage.hooked("four", 1, parameters={"behave": "slow"})
    assert not done.result["failed"], done.message
    assert "configure in four-node-0 was started before" in done.output
    assert stage.log(pod) == ["configure begins", "configure ends"]
    assert stage.info("four")["state"] == "ready"
    stage.gone("four")


def test_a_hook_goes_on_when_its_connection_is_cut(stage: HookStage) -> None:
    pod = "six-node-0"
    with begun(stage, "six", "patient", "wait") as (run, target):
        stage.component(HOME, "kube-apiserver", "killed")
        stage.component(HOME, "kube-apiserver", "started")
        until(lambda: said(stage, HOME, pod, "touch /data/go; echo gone") == "gone", "commands can be run again")
        run.process.wait(120)
    assert not json.loads(target.read_text())["failed"], run.log.read_text()
    assert stage.log(pod) == ["configure begins", "configure ends"]
    stage.gone("six")


@pytest.mark.usefixtures("packages")
def test_a_setup_package_is_called_as_by_the_operator(stage: HookStage) -> None:
    first, second = "five-member-0", "five-member-1"

    def made(members: int, **options: Any) -> Played:
        done = stage.hooked("five", members, app="packaged", role="member", **options)
        assert not done.result["failed"], done.message
        return done

    made(1)
    assert stage.log(first) == ["--configure (of 1)"]
    assert stage.run(HOME, first, "stat -c %a /etc/guestconfig /etc/guestconfig/configmeta.json").split() == [
        "700",
        "600",
    ]
    grown = made(2)
    assert grown.result["hooks"] == [f"{HOME}: configure in {second}", f"{HOME}: addnodes in {first}"]
    assert stage.log(first)[1:] == [f"--addnodes --nodegroup 1 --role member --fqdns {address('five', second)} (of 2)"]
    assert stage.log(second) == ["--configure (of 2)"]
    assert not made(2).result["changed"]
    shrunk = made(1)
    assert shrunk.result["hooks"] == [f"{HOME}: leave in {second}", f"{HOME}: delnodes in {first}"]
    assert stage.log(first)[2:] == [f"--delnodes --nodegroup 1 --role member --fqdns {address('five', second)} (of 1)"]
    # what is on its volume was set up: nothing of it is set up once more
    stage.restart(first)
    made(1)
    assert len(stage.log(first)) == 3
    stage.gone("five")
