# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables for people, as wide as a terminal."""

from __future__ import annotations

from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind, ObjectName
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.health import Health, single
from ansible_collections.multicluster.federation.plugins.module_utils.status.tables import (
    PROBLEMS,
    WIDTH,
    Column,
    resource_notes,
    workload_table,
)

DEPLOYMENT = GroupKind("apps", "Deployment")
WEB, API = ObjectName(DEPLOYMENT, "shop", "web"), ObjectName(DEPLOYMENT, "shop", "api")


def test_a_table() -> None:
    columns = [Column("ams", "eu"), Column("bom", "in", "gpu:NoSchedule"), Column("cdg", "", trouble="timeout")]
    cells = {
        ("shop", WEB, "ams"): Health(3, 3),
        ("shop", WEB, "bom"): Health(3, 1, "1 of 3 pods are ready"),
        ("shop", API, "ams"): Health(0, 0),
    }
    assert workload_table(columns, cells) == [
        "member                 ams    bom             cdg",
        "region                 eu     in              -",
        "taints                 -      gpu:NoSchedule  -",
        "state                  ready  ready           timeout",
        "---------------------  -----  --------------  -------",
        "shop (namespace shop)",
        "  Deployment api       0/0    -               ?",
        "  Deployment web       3/3    1/3 !           ?",
        "",
        "! bom: Deployment shop/web: 1 of 3 pods are ready",
    ]


def test_taints_are_a_line_only_where_there_are_some() -> None:
    assert not [line for line in workload_table([Column("ams")], {}) if line.startswith("taints")]


def test_namespaces_are_told_where_they_differ() -> None:
    other = ObjectName(DEPLOYMENT, "other", "web")
    lines = workload_table([Column("ams")], {("shop", WEB, "ams"): Health(1, 1), ("shop", other, "ams"): Health(1, 1)})
    assert "shop" in [line.rstrip() for line in lines]
    assert any(line.startswith("  Deployment other/web") for line in lines)


def test_no_members_and_no_workloads() -> None:
    assert workload_table([Column("ams")], {})[0] == "member  ams"
    workload_table([], {})


def test_many_members_are_continued_below() -> None:
    columns = [Column(f"member-{n:03}", "region") for n in range(40)]
    cells = {("shop", WEB, column.name): Health(1, 1) for column in columns}
    lines = workload_table(columns, cells)
    assert max(len(line) for line in lines) <= WIDTH
    heads = [line for line in lines if line.startswith("member ")]
    assert len(heads) > 1
    assert [word for head in heads for word in head.split()[1:]] == [column.name for column in columns]
    assert sum(line.count("1/1") for line in lines) == 40
    assert all(line == line.rstrip() for line in lines)


def test_one_member_that_is_too_wide_still_has_its_column() -> None:
    lines = workload_table([Column("x" * 200), Column("ams")], {})
    assert any("x" * 200 in line for line in lines)
    assert any(line.split()[1:] == ["ams"] for line in lines)


def test_few_problems_are_told() -> None:
    columns = [Column(f"m{n:02}") for n in range(15)]
    cells = {("shop", WEB, column.name): Health(1, 0, "0 of 1 pods are ready") for column in columns}
    problems = [line for line in workload_table(columns, cells) if line.startswith("!")]
    assert len(problems) == PROBLEMS + 1
    assert problems[0] == "! m00: Deployment shop/web: 0 of 1 pods are ready"
    assert problems[-1] == "! and 5 more"


def test_what_is_one_thing_is_there_or_not() -> None:
    claim = ObjectName(GroupKind("", "PersistentVolumeClaim"), "shop", "data")
    cells = {("shop", claim, "ams"): single(""), ("shop", claim, "bom"): single("it is Pending")}
    lines = workload_table([Column("ams"), Column("bom")], cells)
    assert next(line.split() for line in lines if "data" in line) == ["PersistentVolumeClaim", "data", "ok", "no", "!"]


def behind(member: str, *reasons: str) -> dict[str, Any]:
    return {"member": member, "reasons": list(reasons), "msg": f"because of {reasons[0]}"}


def told(**changed: Any) -> dict[str, Any]:
    return {"shop": {"drift": [], "orphans": [], "behind": [], **changed}}


def test_a_line_for_each_sort_of_trouble() -> None:
    drift = [
        {"member": member, "object": "ConfigMap shop/settings", "msg": "changed: .data"}
        for member in ("bom", "ams", "ams", "cdg", "dub", "eze")
    ]
    orphan = {"member": "ams", "resource": "shop", "object": "Secret shop/old", "msg": "not placed"}
    resources = told(
        drift=drift, orphans=[orphan], behind=[behind("ams", "unhealthy"), behind("bom", "missing", "unhealthy")]
    )
    assert resource_notes(resources, [orphan]) == [
        "",
        "~ shop: 6 drifted objects on 5 members, e.g. ConfigMap shop/settings: changed: .data",
        "~ shop: 1 orphan on ams, e.g. Secret shop/old: not placed",
        "< shop: bom is behind: because of missing",
        "~ 1 object of no recorded resource on ams, e.g. Secret shop/old",
    ]


def test_no_trouble_no_lines() -> None:
    assert resource_notes(told(), []) == []
    assert resource_notes(told(drift=None, behind=[behind("ams", "unhealthy")]), []) == []


def test_lines_of_trouble_are_few_and_short() -> None:
    lines = resource_notes(told(behind=[behind(f"m{n:02}", "unread" * 40) for n in range(15)]), [])
    assert len(lines) == PROBLEMS + 2
    assert lines[-1] == "< shop: and 5 more members are behind"
    assert max(len(line) for line in lines) <= WIDTH
