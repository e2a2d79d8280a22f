# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members with a real node: what is asked of them, what their node program is told, and what it does on its own."""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import (
    binaries,
    images,
    layout,
    node_main,
    nodes,
    processes,
    realnode,
    run,
    settings,
)
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.options import CONTROL_PLANE

ROOT = Path(__file__).resolve().parents[3]


def read(before: settings.MemberSettings | None = None, **options: Any) -> settings.MemberSettings:
    return settings.read({"name": "eu-1", "node_kind": "kubelet", **options}, before)


# --- settings --------------------------------------------------------------------------------------------------------


def test_a_member_has_one_real_node() -> None:
    member = read(zones=["x", "y"], provider="aws")
    assert [(node.name, node.zone, node.pods) for node in member.nodes] == [("eu-1-1", "x", 100)]
    assert member.components == layout.NODE_COMPONENTS
    assert nodes.provider_id(member, member.nodes[0]) == "aws:///x/eu-1-1"
    assert settings.MemberSettings.from_data(member.as_data()) == member


def test_what_is_not_said_of_a_real_node_stays() -> None:
    before = read(node_pods=30, images=["tools"])
    assert settings.read({"name": "eu-1"}, before) == before
    assert read(before, images=["tools", "redis"]).images == ["tools", "redis"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"node_count": 2}, "node_count does not go with node_kind: kubelet"),
        ({"node_cpu": "4"}, "node_cpu does not go with"),
        ({"nodes": [{}]}, "nodes does not go with"),
        ({"node_kind": "kwok", "images": ["tools"]}, "images are for node_kind: kubelet"),
    ],
)
def test_what_does_not_go_with_the_kind_of_nodes_is_refused(options: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        read(**options)


@pytest.mark.parametrize("options", [{"region": "us"}, {"zones": ["z"]}, {"provider": "aws"}, {"node_pods": 5}])
def test_a_real_node_stays_where_it_is(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="stays where it is"):
        read(read(), **options)


@pytest.mark.parametrize(("first", "then"), [("kwok", "kubelet"), ("kubelet", "kwok")])
def test_the_kind_of_nodes_is_for_good(first: str, then: str) -> None:
    with pytest.raises(ConfigError, match=f"nodes of the kind {first}"):
        read(read(node_kind=first), node_kind=then)


# --- what the machine lacks ------------------------------------------------------------------------------------------


def bare_machine(monkeypatch: pytest.MonkeyPatch, folder: Path, programs: Sequence[str] = ()) -> None:
    """Linux and root, with only these programs."""
    for name in programs:
        (folder / name).touch(0o755)
    monkeypatch.setattr(node_main.sys, "platform", "linux")
    monkeypatch.setattr(node_main.os, "geteuid", lambda: 0)
    monkeypatch.setattr(node_main, "CNI_FOLDERS", (str(folder),))
    monkeypatch.setenv("PATH", str(folder))


def test_what_is_missing_is_said_by_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare_machine(monkeypatch, tmp_path)
    assert node_main.lacking() == [*sorted(set(node_main.REQUIRED.values())), "containernetworking-plugins"]
    bare_machine(monkeypatch, tmp_path, [name for name in node_main.REQUIRED if name not in ("runc", "ctr")])
    assert node_main.lacking() == ["containerd", "runc", "containernetworking-plugins"]
    bare_machine(monkeypatch, tmp_path, [*node_main.REQUIRED, *node_main.CNI_PLUGINS])
    assert node_main.lacking() == []
    monkeypatch.setattr(node_main.os, "geteuid", lambda: 1000)
    assert node_main.lacking() == ["root"]
    monkeypatch.setattr(node_main.sys, "platform", "darwin")
    assert node_main.lacking() == ["Linux"]


@pytest.mark.parametrize(
    ("lacking", "what", "hint"),
    [
        (["root"], "it needs root", "use node_kind: kwok"),
        (
            ["root", "containerd", "runc"],
            "it needs root; programs of the Debian packages containerd, runc are missing",
            "apt-get install containerd runc",
        ),
    ],
)
def test_one_message_says_all_before_anything_is_built_or_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: list[str], what: str, hint: str
) -> None:
    def built(*_arguments: object) -> None:
        pytest.fail("something was built")

    monkeypatch.setattr(node_main, "lacking", lambda: lacking)
    monkeypatch.setattr(binaries, "provide", built)
    defaults = {key: spec.get("default") for key, spec in CONTROL_PLANE.items()}
    members = [{"name": name, "node_kind": "kubelet"} for name in ("a", "b")]
    with pytest.raises(ConfigError) as caught:
        run.run({**defaults, "root": str(tmp_path), "members": members}, check=False)
    assert str(caught.value) == f"member a cannot have a real node here: {what} ({hint})"
    assert list(tmp_path.iterdir()) == []


def test_the_documentation_names_all_packages() -> None:
    text = (ROOT / "docs" / "sandbox.md").read_text("utf-8")
    for package in {*node_main.REQUIRED.values(), "containernetworking-plugins", "debootstrap"}:
        assert package in text


# --- what is down on purpose -----------------------------------------------------------------------------------------


def test_what_is_held_down_stays_down_until_a_node_starts(tmp_path: Path) -> None:
    folder = layout.MemberFolder(str(tmp_path / "box" / "members" / "a"))
    assert not realnode.hampered(folder)
    realnode.hold_down(folder, [layout.KUBELET, layout.DNS])
    assert realnode.held_down(folder) == [layout.DNS, layout.KUBELET]
    assert realnode.hampered(folder)
    realnode.let_all_up(folder)
    assert realnode.held_down(folder) == []


def test_a_node_works_when_all_its_parts_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = layout.MemberFolder(str(tmp_path))
    states = dict.fromkeys(layout.NODE_PARTS, processes.RUNNING)
    monkeypatch.setattr(processes, "recorded", os.path.basename)
    monkeypatch.setattr(processes, "state", lambda record: states[record.removesuffix(".json")])
    assert (realnode.works(folder), realnode.hampered(folder)) == (True, False)
    states[layout.PROXY] = processes.DEAD  # it is about to be started again
    assert (realnode.works(folder), realnode.hampered(folder)) == (False, False)
    states[layout.PROXY] = processes.PAUSED
    assert (realnode.works(folder), realnode.hampered(folder)) == (False, True)


# --- the node program ------------------------------------------------------------------------------------------------


def test_every_node_has_addresses_of_its_own() -> None:
    numbers = range(1, 500)
    addresses = [ipaddress.ip_address(node_main.node_address(number)) for number in numbers]
    assert len({*addresses, ipaddress.ip_address(node_main.HOST)}) == len(numbers) + 1
    assert all(address in ipaddress.ip_network(node_main.NODES) for address in addresses)
    subnets = [ipaddress.ip_network(node_main.pod_subnet(number)) for number in numbers]
    assert len(set(subnets)) == len(numbers)
    assert all(subnet.subnet_of(ipaddress.ip_network(node_main.PODS)) for subnet in subnets)  # type: ignore[arg-type]


def test_a_control_group_has_what_the_kernel_does_not_inherit(tmp_path: Path) -> None:
    for controller in ("cpuset", "memory"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "cgroup.procs").touch()
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1")
    (tmp_path / "cpuset" / "cpuset.mems").write_text("0")
    (tmp_path / "not-a-group").mkdir()
    node_main.make_groups("box/a", str(tmp_path))
    node_main.make_groups("box/b", str(tmp_path))
    for name in ("a", "b"):
        assert (tmp_path / "cpuset" / "box" / name / "cpuset.cpus").read_text() == "0-1"
        assert (tmp_path / "cpuset" / "box" / name / "cpuset.mems").read_text() == "0"
        assert list((tmp_path / "memory" / "box" / name).iterdir()) == []
    assert list((tmp_path / "not-a-group").iterdir()) == []


def test_where_there_is_one_tree_groups_get_its_controllers(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("pids\n")
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "cgroup.controllers").write_text("pids\n")
    node_main.make_groups("box/a", str(tmp_path))
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+pids"
    assert (tmp_path / "box" / "cgroup.subtree_control").read_text() == "+pids"
    assert (tmp_path / "box" / "a").is_dir()


def test_service_kubernetes_leads_to_the_node() -> None:
    endpoints = node_main.endpoints_of_api("10.213.0.3")
    assert endpoints["endpoints"][0]["addresses"] == ["10.213.0.3"]
    assert endpoints["ports"][0]["port"] == node_main.API_PORT


class MadeUpApi:
    """Answers reads from lists, and remembers writes; ``refuse``: the code that the next write gets."""

    def __init__(self, claims: Sequence[dict[str, Any]] = (), volumes: Sequence[dict[str, Any]] = ()) -> None:
        self.lists = {"persistentvolumeclaims": claims, "persistentvolumes": volumes}
        self.writes: list[tuple[str, str, Any]] = []
        self.refuse = 0

    def call(self, method: str, path: str, body: Any = None) -> Any:
        if method == "GET":
            return {"items": self.lists[path.rpartition("/")[2]]}
        self.writes.append((method, path, body))
        if self.refuse:
            raise node_main.Refused(self.refuse)
        return {}


def claim(uid: str, **spec: Any) -> dict[str, Any]:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return {
        "metadata": {
            "name": f"data-{uid}",
            "namespace": "shop",
            "uid": uid,
            "annotations": {"volume.kubernetes.io/selected-node": "a-1"},
        },
        "spec": {**wanted, "storageClassName": "standard", **spec},
        "status": {"phase": "Pending"},
    }


def volumes_of(api: MadeUpApi, folder: Path) -> node_main.Volumes:
    return node_main.Volumes(api, "a-1", str(folder))  # type: ignore[arg-type]


def test_a_claim_of_our_class_gets_a_directory_and_a_volume_on_this_node(tmp_path: Path) -> None:
    gone = {**claim("gone"), "metadata": {**claim("gone")["metadata"], "deletionTimestamp": "now"}}
    bound = {**claim("bound"), "status": {"phase": "Bound"}}
    unused = {**claim("unused"), "metadata": {**claim("unused")["metadata"], "annotations": {}}}
    others = [claim("other", storageClassName="fast"), claim("has", volumeName="mine"), gone, bound, unused]
    api = MadeUpApi([claim("u1"), *others])
    volumes_of(api, tmp_path).provide()
    ((method, path, volume),) = api.writes
    assert (method, path) == ("POST", "/api/v1/persistentvolumes")
    spec = volume["spec"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["claim-u1"]
    assert spec["local"] == {"path": str(tmp_path / "claim-u1")}
    assert (spec["claimRef"]["namespace"], spec["claimRef"]["name"], spec["claimRef"]["uid"]) == (
        "shop",
        "data-u1",
        "u1",
    )
    terms = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"][0]["values"] == ["a-1"]
    assert (spec["capacity"], spec["persistentVolumeReclaimPolicy"]) == ({"storage": "1Gi"}, "Delete")


def test_a_volume_that_is_there_already_is_no_error_and_another_refusal_is(tmp_path: Path) -> None:
    api = MadeUpApi([claim("u1")])
    api.refuse = 409
    volumes_of(api, tmp_path).provide()
    api.refuse = 403
    with pytest.raises(node_main.Refused):
        volumes_of(api, tmp_path).provide()


@pytest.mark.parametrize(
    ("phase", "policy", "owner", "goes"),
    [
        ("Released", "Delete", node_main.Volumes.PROVISIONER, True),
        ("Failed", "Delete", node_main.Volumes.PROVISIONER, True),
        ("Bound", "Delete", node_main.Volumes.PROVISIONER, False),
        ("Released", "Retain", node_main.Volumes.PROVISIONER, False),
        ("Released", "Delete", "someone.else", False),
    ],
)
def test_only_our_released_volumes_go_with_their_data(
    tmp_path: Path, phase: str, policy: str, owner: str, goes: bool
) -> None:
    volume = {
        "metadata": {"name": "claim-u1", "annotations": {"pv.kubernetes.io/provisioned-by": owner}},
        "spec": {"persistentVolumeReclaimPolicy": policy},
        "status": {"phase": phase},
    }
    (tmp_path / "claim-u1").mkdir()
    (tmp_path / "claim-u1" / "file").touch()
    api = MadeUpApi(volumes=[volume])
    volumes_of(api, tmp_path).reclaim()
    assert (tmp_path / "claim-u1").exists() is not goes
    assert api.writes == ([("DELETE", "/api/v1/persistentvolumes/claim-u1", None)] if goes else [])


def test_the_program_is_one_file_that_runs_by_itself(tmp_path: Path) -> None:
    path = Path(realnode.program(layout.MemberFolder(str(tmp_path))))
    assert path.read_text("utf-8") == Path(node_main.__file__).read_text("utf-8")
    assert "from .." not in path.read_text("utf-8")
    plan = {"name": "a-1", "images": []}
    (tmp_path / "node.json").write_text(json.dumps(plan))
    assert node_main.Node(str(tmp_path)).name == "a-1"


def test_what_is_missing_comes_from_packages_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_main, "lacking", lambda: ["root", "runc"])
    monkeypatch.setattr(images, "lacking", list)
    assert realnode.lacking(["debootstrap"]) == (["root"], ["runc", "debootstrap"])


def test_the_script_says_what_is_missing_here() -> None:
    others, packages = realnode.lacking(list(images.PACKAGES))
    done = subprocess.run([ROOT / "tools" / "nodes.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == (1 if others or packages else 0), done.stderr
    assert [name for name in [*others, *packages] if name not in done.stderr] == []
    assert done.stdout == ""
