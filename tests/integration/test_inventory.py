# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin on real kubeconfigs and real clusters."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.stage import Player, Sandbox

pytestmark = pytest.mark.integration

CONTEXTS = {
    "eu-1": "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
    "eu-2": "gke_shop_europe-west1_prod",
    "us-1": "admin@us-prod",
}
HOSTS = {"eu-1": "prod-eu-west-1", "eu-2": "prod-europe-west1", "us-1": "us-prod"}
SLY = "{{ lookup('ansible.builtin.pipe', 'touch sly') }}"


def kubeconfig_of(sandbox: Sandbox, path: Path) -> list[str]:
    """One kubeconfig with a context for each member, and some that real ones have; returns its secrets."""
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}

    def context(name: str, cluster: str, user: str, **more: str) -> None:
        body["contexts"].append({"name": name, "context": {"cluster": cluster, "user": user, **more}})

    secrets = []
    for member, name in CONTEXTS.items():
        found = yaml.safe_load(sandbox.kubeconfig(member).read_text())
        body["clusters"].append({"name": member, "cluster": found["clusters"][0]["cluster"]})
        body["users"].append({"name": member, "user": found["users"][0]["user"]})
        secrets += [value for key, value in found["users"][0]["user"].items() if key in ("client-key-data", "token")]
        context(name, member, member)
    context("us-prod-system", "us-1", "us-1", namespace="kube-system")
    body["clusters"].append({"name": "gone", "cluster": {"server": "https://127.0.0.1:9"}})
    context("old-lab", "gone", "us-1")
    context("nowhere", "no-such-cluster", "us-1")
    path.write_text(yaml.safe_dump(body))
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert secrets
    return secrets


class Source:
    """A source file beside the kubeconfig, read as a user would."""

    def __init__(self, player: Player, folder: Path) -> None:
        self.player, self.folder = player, folder
        self.output = ""

    def run(self, *arguments: str, command: str = "ansible-inventory", text: str = "", **options: Any) -> str:
        path = self.folder / "clusters.kubeconfig.yml"
        body = {"plugin": "multicluster.federation.kubeconfig", "kubeconfigs": ["config"], **options}
        path.write_text(text or yaml.safe_dump(body))
        self.output = self.player.command(command, "-i", str(path), *arguments)
        return self.output

    def hosts(self, **options: Any) -> dict[str, dict[str, Any]]:
        """The variables of each host; what core marks as no template is shown plain."""
        text = self.run("--list", **options)
        data = json.loads(
            text[text.index("{") : text.rindex("}") + 1], object_hook=lambda o: o.get("__ansible_unsafe", o)
        )
        return dict(data["_meta"]["hostvars"])


@pytest.fixture
def source(player: Player, sandbox: Sandbox, tmp_path: Path) -> Source:
    kubeconfig_of(sandbox, tmp_path / "config")
    return Source(player, tmp_path)


def test_contexts_are_hosts_without_asking_anybody(source: Source, sandbox: Sandbox) -> None:
    before = [len(sandbox.audit(member)) for member in CONTEXTS]
    hosts = source.hosts()
    assert sorted(hosts) == sorted([*HOSTS.values(), "old-lab"])
    for member, host in HOSTS.items():
        assert hosts[host]["cluster_context"] == CONTEXTS[member]
        assert hosts[host]["cluster_kubeconfig"] == str(source.folder / "config")
    assert (hosts["prod-eu-west-1"]["cluster_provider"], hosts["prod-eu-west-1"]["cluster_region"]) == (
        "aws",
        "eu-west-1",
    )
    assert "cluster_region" not in hosts["us-prod"]
    assert "context nowhere of" in source.output
    assert "names no cluster with a server: left out" in source.output
    secrets = kubeconfig_of(sandbox, source.folder / "config")
    assert not [secret for secret in secrets if secret in source.output]
    assert [len(sandbox.audit(member)) for member in CONTEXTS] == before

    shown = source.run("--graph", "-v", duplicates="first", exclude=["old-*"])
    assert "us-prod-system is the same cluster as admin@us-prod: left out" in shown
    assert "old-lab" not in shown
    assert "us-prod-system" in source.hosts(duplicates="all", contexts=["*us-prod*"])
    assert list(source.hosts(contexts=["gke_*"], rename={CONTEXTS["eu-2"]: "main"})) == ["main"]


def test_what_clusters_say_of_themselves(source: Source, sandbox: Sandbox) -> None:
    options: dict[str, Any] = {
        "facts": True,
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(source.folder / "kept"),
        "keyed_groups": [{"prefix": "region", "key": "cluster_region"}],
        "groups": {"big": "cluster_nodes | default(0) > 2"},
    }
    hosts = source.hosts(**options)
    eu = hosts["prod-eu-west-1"]
    assert (eu["cluster_region"], eu["cluster_zone"], eu["cluster_version"]) == ("eu", ["eu-a", "eu-b"], "v1.34.4")
    assert (eu["cluster_readable"], eu["cluster_nodes"], eu["cluster_labels"]["kubernetes.io/os"]) == (True, 3, "linux")
    assert (hosts["old-lab"]["cluster_readable"], "refuses connections" in hosts["old-lab"]["cluster_problem"]) == (
        False,
        True,
    )
    assert "[WARNING]: old-lab: 127.0.0.1:9 refuses connections" in source.output
    before = [len(sandbox.audit(member)) for member in CONTEXTS]
    graph = source.run("--graph", **options)
    assert "@region_eu" in graph
    assert graph.count("prod-europe-west1") == 2
    assert [len(sandbox.audit(member)) for member in CONTEXTS] == before
    kept = "".join(path.read_text() for path in (source.folder / "kept").iterdir())
    assert "eu-a" in kept
    assert not [s for s in kubeconfig_of(sandbox, source.folder / "config") if s in kept]
    for path in (source.folder / "kept").iterdir():
        path.write_text("{broken")
    assert "prod-eu-west-1" in source.hosts(**options)


def test_a_label_is_never_a_template(source: Source, sandbox: Sandbox, kube: dict[str, Any]) -> None:
    """Names in a kubeconfig may come from anybody."""
    body = yaml.safe_load((source.folder / "config").read_text())
    body["contexts"][0]["name"] = SLY
    (source.folder / "config").write_text(yaml.safe_dump(body))
    hosts = source.hosts()
    assert SLY in [host["cluster_context"] for host in hosts.values()]
    book = source.folder / "say.yml"
    debug = {"ansible.builtin.debug": {"msg": "{{ cluster_context }}"}}
    book.write_text(yaml.safe_dump([{"hosts": "clusters", "gather_facts": False, "tasks": [debug]}]))
    assert "lookup(" in source.run(str(book), command="ansible-playbook")
    assert not (source.folder / "sly").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kubeconfigs": ["none"]}, "none cannot be read: No such file or directory"),
        ({"kubeconfigs": ["*.nothing"]}, "no file is of the form *.nothing"),
        ({"contexts": ["x-*"]}, "contexts and exclude leave none of arn:aws:eks"),
        ({"kubeconfigs": ["broken", "config"], "contexts": ["gke*"]}, "broken is not valid YAML: left out"),
    ],
)
def test_what_is_wrong_is_said(source: Source, options: dict[str, Any], message: str) -> None:
    (source.folder / "broken").write_text("a: [")
    assert message in " ".join(source.run("--graph", **options).split())
