# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a dead node has outside of its namespaces is found by its path, and removed; what others have stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import FederationError
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import layout, leftovers


def tree(root: Path, *groups: str) -> None:
    for controller in ("memory", "pids"):
        for group in groups:
            (root / controller / group).mkdir(parents=True)


def test_control_groups_are_known_by_the_path_of_the_sandbox() -> None:
    box = layout.SandboxFolder("/srv/boxes/demo")
    assert box.member("a").group == f"{box.group}/a"
    assert box.group != layout.SandboxFolder("/srv/boxes/other").group


def test_a_group_goes_with_all_in_it_and_the_last_takes_the_sandboxs_along(tmp_path: Path) -> None:
    tree(tmp_path, "box/a/kubepods/pod1/c1", "box/b/kubepods", "kubepods/of-others")
    leftovers.remove_groups("box/a", str(tmp_path))
    assert leftovers.groups("box/a", str(tmp_path)) == []
    assert len(leftovers.groups("box/b/kubepods", str(tmp_path))) == 2
    leftovers.remove_groups("box/b", str(tmp_path))
    assert leftovers.groups("box", str(tmp_path)) == []
    assert len(leftovers.groups("kubepods/of-others", str(tmp_path))) == 2


def test_where_there_is_one_tree_its_groups_are_found_as_well(tmp_path: Path) -> None:
    (tmp_path / "box" / "a").mkdir(parents=True)
    assert leftovers.groups("box/a", str(tmp_path)) == [str(tmp_path / "box" / "a")]
    leftovers.remove_groups("box/a", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_group_that_is_still_in_use_is_named(tmp_path: Path) -> None:
    tree(tmp_path, "box/a/kubepods")
    (tmp_path / "pids" / "box" / "a" / "kubepods" / "held").touch()
    with pytest.raises(FederationError, match="control group box/a could not be removed") as caught:
        leftovers.remove_groups("box/a", str(tmp_path), seconds=0.1)
    assert str(tmp_path / "pids" / "box" / "a") in str(caught.value)


@pytest.mark.parametrize(("index", "removed"), [(7, [("link", "delete", "fed3")]), (8, [])])
def test_a_cable_goes_unless_its_name_is_anothers_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: int, removed: list[tuple[str, ...]]
) -> None:
    folder = layout.MemberFolder(str(tmp_path / "box" / "members" / "a"))
    link = Path(folder.file("node", "link.json"))
    link.parent.mkdir(parents=True)
    link.write_text(json.dumps({"name": "fed3", "index": 7}))
    (tmp_path / "net" / "fed3").mkdir(parents=True)
    (tmp_path / "net" / "fed3" / "ifindex").write_text(f"{index}\n")
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(leftovers, "_NETWORKS", str(tmp_path / "net"))
    monkeypatch.setattr(leftovers, "_CGROUPS", str(tmp_path / "groups"))
    monkeypatch.setattr(leftovers, "_ip", lambda *arguments: calls.append(arguments))
    leftovers.sweep(folder)
    assert calls == removed


@pytest.mark.parametrize(("ports", "removed"), [([], [("link", "delete", "fed0")]), (["fed1"], [])])
def test_the_bridge_goes_with_the_last_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ports: list[str], removed: list[tuple[str, ...]]
) -> None:
    place = tmp_path / "fed0" / "brif"
    place.mkdir(parents=True)
    for port in ports:
        (place / port).touch()
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(leftovers, "_NETWORKS", str(tmp_path))
    monkeypatch.setattr(leftovers, "_ip", lambda *arguments: calls.append(arguments))
    leftovers.remove_bridge()
    assert calls == removed
