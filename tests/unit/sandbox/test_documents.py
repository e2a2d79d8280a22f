# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the sandbox writes for others: nodes, stages, inventory, and lines for a person."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import (
    call,
    files,
    inventory,
    layout,
    nodes,
    report,
    result,
    settings,
    stages,
)
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.member import summary

MEMBER = settings.read(
    {
        "name": "eu-1",
        "region": "eu",
        "zones": ["eu-a", "eu-b"],
        "provider": "aws",
        "labels": {"tier": "prod"},
        "nodes": [{"labels": {"disk": "ssd"}}, {"taints": [{"key": "k", "effect": "NoSchedule"}]}],
    },
    None,
)
SMALL = settings.read({"name": "north", "node_count": 0}, None)


def test_a_node_says_where_and_how_large_it_is() -> None:
    node = nodes.manifest(MEMBER, MEMBER.nodes[1], 1)
    labels = node["metadata"]["labels"]
    assert (labels[nodes.REGION], labels[nodes.ZONE], labels[nodes.INSTANCE_TYPE]) == ("eu", "eu-b", "4cpu-16Gi")
    assert node["spec"] == {"providerID": "aws:///eu-b/eu-1-2", "taints": [{"key": "k", "effect": "NoSchedule"}]}
    assert node["status"]["allocatable"]["cpu"] == "4"


def test_a_node_is_patched_only_for_what_it_misses() -> None:
    wanted = nodes.manifest(MEMBER, MEMBER.nodes[1], 1)
    live: dict[str, Any] = {
        "metadata": {"labels": {**wanted["metadata"]["labels"], "of": "others"}},
        "spec": {
            "taints": [{"key": "k", "effect": "NoSchedule", "timeAdded": "t"}, {"key": "cordon", "effect": "NoExecute"}]
        },
    }
    assert nodes.object_patch(wanted, live) == {}
    live["spec"]["taints"].pop(0)
    del live["metadata"]["labels"][nodes.ZONE]
    assert nodes.object_patch(wanted, live) == {
        "metadata": {"labels": {nodes.ZONE: "eu-b"}},
        "spec": {"taints": [{"key": "cordon", "effect": "NoExecute"}, {"key": "k", "effect": "NoSchedule"}]},
    }


def test_stages_are_documents_that_yaml_reads_back() -> None:
    documents = stages.documents()
    assert list(yaml.safe_load_all(files.yaml_text(*documents))) == documents
    assert len({document["metadata"]["name"] for document in documents}) == len(documents)


def test_the_inventory_makes_a_fleet(tmp_path: Path) -> None:
    sandbox = layout.SandboxFolder.of("demo", str(tmp_path))
    assert inventory.write(sandbox, [MEMBER, SMALL])
    assert not inventory.write(sandbox, [MEMBER, SMALL])
    clusters = yaml.safe_load(Path(sandbox.inventory).read_text("utf-8"))["clusters"]
    assert clusters["hosts"]["eu-1"] == {
        "cluster_kubeconfig": sandbox.member("eu-1").kubeconfig,
        "cluster_context": "eu-1",
        "cluster_region": "eu",
        "cluster_provider": "aws",
        "cluster_labels": {"tier": "prod"},
    }
    assert clusters["hosts"]["north"]["cluster_zone"] == "local-a"
    assert clusters["vars"]["federation_name"] == "demo"


def outcome_message(tmp_path: Path, check: bool = False, **done: Any) -> str:
    asked = call.Call(
        sandbox=layout.SandboxFolder.of("demo", str(tmp_path)),
        state=done.pop("state", "started"),
        component="all",
        members={},
        whole=True,
        exclusive=False,
        assets=None,
        seconds=1,
        check=check,
        progress=lambda _line: None,
    )
    return result.message(asked, call.Outcome(**done), ["a", "b"])


@pytest.mark.parametrize(
    ("done", "text"),
    [
        ({}, "sandbox demo: nothing to do (a, b: started)"),
        ({"actions": {"a": ["started etcd"], "b": ["removed"]}}, "sandbox demo: a started; b removed"),
        ({"actions": {"a": ["changed settings"]}}, "sandbox demo: a changed"),
        ({"actions": {"a": ["started etcd"]}, "check": True}, "sandbox demo: it would be: a started"),
        ({"sandbox": ["inventory written"]}, "sandbox demo: inventory written"),
        ({"actions": {"a": ["removed"]}, "sandbox": ["removed"], "state": "absent"}, "sandbox demo: removed"),
        ({"failures": {"a": "a: no"}}, "sandbox demo: 1 of 2 members failed\na: no"),
        ({"actions": {"a": ["killed etcd"]}, "state": "killed"}, "sandbox demo: a killed"),
    ],
)
def test_the_result_in_one_line(tmp_path: Path, done: dict[str, Any], text: str) -> None:
    assert outcome_message(tmp_path, **done) == text


def test_a_person_is_told_what_to_try_next(tmp_path: Path) -> None:
    folder = tmp_path / "root" / "demo"
    entry = {
        "state": "running",
        "region": "eu",
        "zones": ["eu-a", "eu-b"],
        "provider": "aws",
        "nodes": ["n"],
        "server": "https://s",
    }
    shown = {
        "msg": "done",
        "sandbox": "demo",
        "folder": str(folder),
        "inventory": str(folder / "inventory.yml"),
        "kubeconfig": str(folder / "kubeconfig"),
        "members": {"eu-1": entry, "gone": {"state": "absent"}},
    }
    lines = report.lines(shown, str(tmp_path))
    text = "\n".join(lines)
    assert "eu-a,eu-b" in text
    assert "gone" not in text
    assert "Inventory:  ~/root/demo/inventory.yml" in lines
    assert "-e sandbox_name=demo -e sandbox_root=~/root" in text
    assert report.lines({**shown, "members": {}}, str(tmp_path)) == ["done"]


@pytest.mark.parametrize(
    ("states", "word"),
    [({"running"}, "running"), ({"paused"}, "paused"), ({"dead"}, "stopped"), ({"dead", "running"}, "degraded")],
)
def test_one_word_for_a_member(states: set[str], word: str) -> None:
    assert summary(dict(enumerate(states))) == word  # type: ignore[arg-type]


def test_folders_of_sandboxes(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    assert layout.SandboxFolder.of("demo", str(link)).path == os.path.realpath(tmp_path / "real" / "demo")
    assert layout.default_root({"XDG_STATE_HOME": "/s"}) == "/s/multicluster.federation/sandboxes"
    assert layout.cache_folder({"XDG_CACHE_HOME": "/c"}) == "/c/multicluster.federation"
