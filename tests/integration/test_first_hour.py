# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/first-hour.md, followed as it is written, on real clusters with a real application that was there before."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.dynamic.exceptions import NotFoundError

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.tests.integration import page
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import (
    NAMESPACED_MARK,
    Kube,
    Player,
    Sandbox,
)

pytestmark = pytest.mark.integration

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-hour.md"
STEPS = page.steps(PAGE.read_text())
# the members of the sandbox, as they are called in the kubeconfig of somebody with many clusters
CONTEXTS = {
    "eu-1": "arn:aws:eks:eu-west-1:123456789012:cluster/shop",
    "eu-2": "gke_acme_europe-west1_shop",
    "us-1": "admin@shop-us",
}
APP = "shop"
FEDERATION = "shops"
SPACE = names.federation_namespace(FEDERATION)
RBAC = "rbac.authorization.k8s.io/v1"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def kubeconfig(sandbox: Sandbox) -> dict[str, Any]:
    """A kubeconfig as it grows over the years: three clusters, one of them twice, and one that is long gone."""
    clusters, users, contexts = [], [], []
    for member, name in CONTEXTS.items():
        found = yaml.safe_load(sandbox.kubeconfig(member).read_text())
        clusters.append({"name": name, "cluster": found["clusters"][0]["cluster"]})
        users.append({"name": name, "user": found["users"][0]["user"]})
        contexts.append({"name": name, "context": {"cluster": name, "user": name}})
    us = CONTEXTS["us-1"]
    contexts.append({"name": "shop-us-system", "context": {"cluster": us, "user": us, "namespace": "kube-system"}})
    clusters.append({"name": "old-lab", "cluster": {"server": "https://127.0.0.1:9"}})
    contexts.append({"name": "old-lab", "context": {"cluster": "old-lab", "user": us}})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "users": users,
        "contexts": contexts,
        "current-context": us,
    }


def by_kubectl(client: Kube, manifest: dict[str, Any]) -> None:
    """As ``kubectl apply`` leaves it: its manager's name, and the annotation in which it keeps what it applied."""
    body = json.loads(json.dumps(manifest))
    applied = json.dumps(manifest, separators=(",", ":")) + "\n"
    body["metadata"]["annotations"] = {LAST_APPLIED: applied}
    api = client.api(manifest["apiVersion"], manifest["kind"])
    api.create(body=body, namespace=APP, field_manager="kubectl-client-side-apply")


def items(client: Kube, api_version: str, kind: str, namespace: str | None = APP) -> list[dict[str, Any]]:
    return client.api(api_version, kind).get(namespace=namespace).to_dict()["items"] or []


def pods(client: Kube) -> dict[str, Any]:
    """What tells the pods of the application from others, by name: one that was restarted or replaced makes a difference."""
    return {
        pod["metadata"]["name"]: (
            pod["metadata"]["uid"],
            pod["metadata"]["labels"]["pod-template-hash"],
            pod["status"]["phase"],
            [status["restartCount"] for status in pod["status"].get("containerStatuses") or []],
        )
        for pod in items(client, "v1", "Pod")
    }


def settled(client: Kube, replicas: int) -> bool:
    """Whether the Deployment's controller has seen its last change, and all pods run, none more."""
    found = client.get("apps/v1", "Deployment", "web", APP)
    assert found is not None
    status = found.get("status") or {}
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    return (
        seen
        and status.get("readyReplicas") == replicas
        and [p[2] for p in pods(client).values()] == ["Running"] * replicas
    )


def idle(client: Kube) -> bool:
    return not items(client, "v1", "Pod", None)


@dataclass(frozen=True)
class Clusters:
    """The clusters of the page, and what of them must not change."""

    sandbox: Sandbox
    kube: dict[str, Kube]
    replicas: dict[str, int]

    def settle(self) -> None:
        for member, count in self.replicas.items():
            until(partial(settled, self.kube[member], count), f"the {count} pods of {member} run", 60)

    def state(self) -> dict[str, Any]:
        """Pods and ReplicaSets, by member."""
        return {
            member: (pods(self.kube[member]), self.kube[member].names("apps/v1", "ReplicaSet", APP))
            for member in self.replicas
        }

    def writes(self) -> dict[str, int]:
        return {member: len(self.sandbox.writes(member)) for member in CONTEXTS}

    def roles(self, member: str) -> list[tuple[str, str]]:
        """What the join made that is in no namespace."""
        mark = f"{NAMESPACED_MARK}={FEDERATION}"
        client = self.kube[member]
        return [(k, n) for k in ("ClusterRoleBinding", "ClusterRole") for n in client.names(RBAC, k, selector=mark)]

    def absent(self, member: str, *namespaces: str) -> bool:
        return not set(namespaces) & set(self.kube[member].names("v1", "Namespace"))

    def clear(self) -> None:
        """Take away what the page made and found, also where it was given up half way."""
        for member, client in self.kube.items():
            for name in (APP, SPACE):
                with suppress(NotFoundError):
                    client.delete("v1", "Namespace", name)
            for kind, name in self.roles(member):
                client.delete(RBAC, kind, name)
        for member in self.kube:
            until(partial(self.absent, member, APP, SPACE), f"the namespaces are gone from {member}", 60)


@pytest.fixture
def clusters(sandbox: Sandbox, kube: dict[str, Kube], player: Player) -> Iterator[Clusters]:
    """Two of three clusters have the application of the page, as ``kubectl apply`` left it; on one it was scaled since."""
    config = player.folder / "home" / ".kube" / "config"
    config.parent.mkdir(parents=True)
    config.write_text(yaml.safe_dump(kubeconfig(sandbox)))
    config.chmod(0o600)
    found = Clusters(sandbox, kube, {"eu-1": 2, "eu-2": 3})
    manifests = [yaml.safe_load(s.text) for s in STEPS if isinstance(s, page.File) and s.path.startswith(f"{APP}/")]
    assert {m["kind"] for m in manifests} == {"Deployment", "Service"}
    for member, client in kube.items():  # the page says how many pods there are and what they request
        until(partial(idle, client), f"no pods of earlier tests on {member}", 60)
    try:
        for member in found.replicas:
            kube[member].create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": APP}})
            for manifest in manifests:
                by_kubectl(kube[member], manifest)
        kube["eu-2"].scale("web", APP, found.replicas["eu-2"], "kubectl")
        found.settle()
        yield found
    finally:
        found.clear()


def run(player: Player, step: page.Command) -> float:
    """Run a command of the page and compare what it prints. Returns the seconds it took."""
    started = time.monotonic()
    done = player.shell(step.script)
    seconds = time.monotonic() - started
    where = f"{PAGE.name}, line {step.line}: {step.script}"
    assert done.returncode == 0, f"{where}\n{done.stdout}"
    assert step.printed is not None, f"{where}: the page has to say what it prints"
    different = page.difference(step.printed, done.stdout)
    assert not different, f"{where}\n{different}"
    return seconds


def sort_of(step: page.Command, folder: Path, done: list[str]) -> str:
    """What a command is for: it decides what may change."""
    if "--check" in step.script:
        return "plan"
    for word in ("join", "leave"):
        if f"multicluster.federation.{word}" in step.script:
            return word
    if "shop.yml" not in step.script:
        return "look"
    if "LOG_LEVEL" in (folder / "shop.yml").read_text():
        return "change"
    return "again" if "adopt" in done else "adopt"


def test_the_page_is_true(clusters: Clusters, player: Player) -> None:
    untouched, done = clusters.writes()["us-1"], []
    for step in STEPS:
        if isinstance(step, page.File):
            page.write(player.folder, step)
            continue
        state, writes = clusters.state(), clusters.writes()
        seconds = run(player, step)
        done.append(sort := sort_of(step, player.folder, done))
        clusters.settle()
        if sort in ("look", "plan", "again"):
            assert clusters.writes() == writes, f"{step.script} wrote"
            assert seconds < 60, step.script
        if sort == "change":
            old, new = state["eu-1"], clusters.state()["eu-1"]
            assert not set(old[0]) & set(new[0]), "where the change is all pods are new"
            assert len(new[1]) == len(old[1]) + 1
            assert clusters.state()["eu-2"] == state["eu-2"]
        else:
            assert clusters.state() == state, f"{step.script} replaced pods"
        if sort == "adopt":
            is_ours(clusters)
    assert done == ["look", "look", "plan", "join", "plan", "plan", "adopt", "again", "change", "look", "leave"]
    assert clusters.writes()["us-1"] == untouched, "the cluster that was not chosen"
    is_left(clusters)


def is_ours(clusters: Clusters) -> None:
    for member in clusters.replicas:
        for api_version, kind in (("apps/v1", "Deployment"), ("v1", "Service")):
            metadata = (clusters.kube[member].get(api_version, kind, "web", APP) or {})["metadata"]
            assert metadata["labels"][NAMESPACED_MARK] == FEDERATION
            assert LAST_APPLIED not in metadata["annotations"]
            wishes = {e["manager"] for e in metadata["managedFields"] if not e.get("subresource")}
            assert wishes - {"kube-controller-manager"} == {names.field_manager(FEDERATION)}


def is_left(clusters: Clusters) -> None:
    for member in clusters.replicas:
        until(partial(clusters.absent, member, SPACE), f"{SPACE} is gone from {member}", 60)
        assert clusters.roles(member) == []
        assert clusters.kube[member].get("v1", "Service", "web", APP)


FENCES = """
```yaml
# a/b.yml
x: 1
```
text
```console
one
two
```

```text
out ...
```
```sh
three
```
"""


def test_what_a_page_tells_to_do() -> None:
    file, first, second = page.steps(FENCES)
    assert file == page.File(2, "a/b.yml", "# a/b.yml\nx: 1\n")
    assert first == page.Command(7, "one\ntwo", ("out ...",))
    assert second == page.Command(15, "three", None)
    for wrong in ("```yaml\nx: 1\n```", "```\nx\n```", "```text\nx\n```", "```sh\nx", "```yaml\n```"):
        with pytest.raises(ValueError, match=r"^line 1: "):
            page.steps(wrong)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["a", "b"], "\na  \nb\n\n", True),
        (["a"], "a\nb", False),
        (["b"], "a\nb", False),
        (["a", "b"], "a", False),
        ([], "", True),
        ([], "a", False),
        (["..."], "", True),
        (["...", "b"], "a\nb\nb", True),
        (["...", "b"], "a\nb\nc", False),
        (["...", "b", "..."], "a\nb\nc", True),
        (["a", "...", "c", "d"], "a\nc\nx\nc\nd", True),
        (["...", "b", "a", "..."], "a\nb", False),
        (["a ... c"], "a b c", True),
        (["a ..."], "ab", False),
        (["a.c"], "abc", False),
        (["  a"], "a", False),
    ],
)
def test_what_is_printed_is_compared_line_by_line(expected: list[str], printed: str, same: bool) -> None:
    assert (page.difference(expected, printed) == "") is same
