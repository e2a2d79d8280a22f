# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of the verb: what they mean together, and what is to be done with each component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import call, layout
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.options import CONTROL_PLANE, STATES


def read(root: Path, **options: Any) -> call.Call:
    params = {key: spec.get("default") for key, spec in CONTROL_PLANE.items()}
    return call.read({**params, "root": str(root), **options}, check=True, progress=lambda _line: None)


def test_no_member_means_the_whole_sandbox(tmp_path: Path) -> None:
    assert read(tmp_path).whole
    assert not read(tmp_path, name="a").whole
    assert not read(tmp_path, members=[]).whole


def test_one_version_serves_the_members_that_name_none(tmp_path: Path) -> None:
    members = [{"name": "a"}, {"name": "b", "kubernetes_version": "1.33.1"}]
    found = read(tmp_path, members=members, kubernetes_version="1.34.2").members
    assert {name: entry["kubernetes_version"] for name, entry in found.items()} == {"a": "1.34.2", "b": "1.33.1"}


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"name": "a", "members": [{"name": "b"}]}, "both name and members"),
        ({"region": "eu"}, "region without a name"),
        ({"members": [{"name": "a"}], "region": "eu"}, "region without a name"),
        ({"exclusive": True}, "exclusive without members"),
        ({"members": [{"name": "a"}, {"name": "a"}]}, "listed twice"),
        ({"name": "a", "state": "absent", "component": "etcd"}, "cannot be absent"),
        ({"sandbox": "../../etc"}, "cannot be the name of a sandbox"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, options: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        read(tmp_path, **options)


@pytest.mark.parametrize(
    ("state", "running", "paused", "dead"),
    [
        ("started", "", "resume", "start"),
        ("stopped", "stop", "stop", ""),
        ("killed", "kill", "kill", ""),
        ("paused", "pause", "", ""),
    ],
)
def test_what_is_done_with_a_component(state: str, running: str, paused: str, dead: str) -> None:
    assert [call.planned(state, current) for current in ("running", "paused", "dead")] == [running, paused, dead]


def test_the_documentation_names_the_same_states_and_components() -> None:
    assert CONTROL_PLANE["state"]["choices"] == list(STATES)
    assert CONTROL_PLANE["component"]["choices"] == ["all", *layout.COMPONENTS, layout.NODE, *layout.NODE_PARTS]
