# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import (
    ConfigError,
    FederationError,
    Kind,
    MemberError,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind, ObjectName
from ansible_collections.multicluster.federation.plugins.module_utils.model.policy import parse_fail_on
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.apply import Done, Outcome
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.health import Health
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.result import (
    LISTED,
    MemberReport,
    ResourceReport,
    Status,
    build,
)


def name(text: str = "settings") -> ObjectName:
    return ObjectName(GroupKind("", "ConfigMap"), "shop", text)


def outcome(done: str, text: str = "settings", message: str = "", kind: str = "", diff: Any = None) -> Outcome:
    return Outcome("shop", name(text), done, message, kind, diff)


def report(member: str, *done: str, **more: Any) -> MemberReport:
    return MemberReport(member, [outcome(d, f"o{n}") for n, d in enumerate(done)], **more)


def result(*reports: MemberReport, fail_on: str = "any", check: bool = False, diff: bool = False) -> dict[str, Any]:
    resources = {"shop": ResourceReport("shop", ["ams"], {"bom": "excluded"})}
    return build(resources, {r.name: r for r in reports}, parse_fail_on(fail_on), check, diff, [])


DOWN = MemberError(Kind.TIMEOUT, "no answer")
FAILURE = Outcome("shop", name(), Done.FAILED, "it is broken", Kind.INVALID)
SICK = {"Deployment shop/web": Health(3, 1, "1 of 3 pods are ready")}


@pytest.mark.parametrize(
    ("member", "status", "reason", "message", "changed"),
    [
        (report("ams"), Status.OK, "", "nothing to do", False),
        (report("ams", Done.UNCHANGED), Status.OK, "", "nothing to do", False),
        (report("ams", Done.KEPT), Status.OK, "", "1 kept", False),
        (report("ams", Done.DEFERRED), Status.OK, "", "1 deferred", False),
        (report("ams", Done.CREATED, Done.CREATED, Done.DELETED), Status.CHANGED, "", "2 created, 1 deleted", True),
        (report("ams", Done.REPAIRED), Status.CHANGED, "", "1 repaired", True),
        (report("ams", Done.PREDICTED), Status.CHANGED, "", "1 predicted", True),
        (report("ams", recorded=True), Status.CHANGED, "", "nothing to do", True),
        (report("ams", skipped="nothing is placed here"), Status.SKIPPED, "", "nothing is placed here", False),
        (report("ams", error=DOWN), Status.FAILED, Kind.TIMEOUT, "no answer", False),
        (report("ams", error=FederationError("odd", "tell us")), Status.FAILED, "failed", "odd (tell us)", False),
        (
            MemberReport("ams", [FAILURE, outcome(Done.CREATED, "b")]),
            Status.FAILED,
            Kind.INVALID,
            "ConfigMap shop/settings: it is broken",
            True,
        ),
        (
            MemberReport("ams", [FAILURE, FAILURE, FAILURE]),
            Status.FAILED,
            Kind.INVALID,
            "ConfigMap shop/settings: it is broken (and 2 more)",
            False,
        ),
        (
            report("ams", Done.CREATED, unhealthy=SICK),
            Status.FAILED,
            "unhealthy",
            "Deployment shop/web: 1 of 3 pods are ready",
            True,
        ),
    ],
)
def test_one_member(member: MemberReport, status: str, reason: str, message: str, changed: bool) -> None:
    data = member.data()
    assert (data["status"], data["reason"], data["msg"], data["changed"]) == (status, reason, message, changed)
    assert data["objects"]["total"] == len(member.outcomes)


def test_the_headline_of_a_good_run() -> None:
    found = result(report("ams", Done.CREATED, Done.KEPT), report("bom", Done.CREATED, Done.UNCHANGED))
    assert found["msg"] == "2 members: 2 created"
    assert (found["changed"], found["failed"]) == (True, False)
    assert found["summary"] == {"members": 2, "failed": 0, "changed": 2, "objects_not_listed": 0}
    assert found["resources"] == {"shop": {"members": ["ams"], "not_placed": {"bom": "excluded"}, "msg": ""}}


def test_the_headline_of_nothing() -> None:
    found = result(report("ams", Done.UNCHANGED), report("bom", skipped="nothing is placed here"))
    assert found["msg"] == "1 member: nothing to do"
    assert not found["changed"]
    assert "warnings" not in found


def test_check_mode_says_so() -> None:
    assert result(report("ams", Done.CREATED), check=True)["msg"].startswith(
        "check mode, nothing was written; 1 member"
    )


def test_one_cause_on_many_members_is_told_once() -> None:
    found = result(*(report(f"m{n:02}", error=DOWN) for n in range(12)), report("x", Done.CREATED))
    assert found["msg"] == (
        "13 members: 1 created; failed on 12: m00, m01, m02, m03, m04, m05, m06, m07 and 4 more: no answer"
    )


def test_many_causes_are_cut() -> None:
    found = result(*(report(f"m{n}", error=FederationError(f"cause {n}")) for n in range(7)))
    assert found["msg"].endswith("m4: cause 4; and 2 more causes")


@pytest.mark.parametrize(
    ("fail_on", "failing", "failed"),
    [
        ("any", 0, False),
        ("any", 1, True),
        ("none", 4, False),
        ("all", 3, False),
        ("all", 4, True),
        ("2", 1, False),
        ("2", 2, True),
        ("50%", 1, False),
        ("50%", 2, True),
    ],
)
def test_fail_on(fail_on: str, failing: int, failed: bool) -> None:
    """Of four members that take part; one more is skipped and does not count."""
    members = [report(f"m{n}", error=DOWN if n < failing else None) for n in range(4)]
    found = result(*members, report("skipped", skipped="nothing is placed here"), fail_on=fail_on)
    assert found["failed"] is failed
    assert found["summary"]["members"] == 4
    if failing and not failed:
        assert found["warnings"] == [f"m{n}: no answer" for n in range(failing)]


def test_an_error_of_a_resource_fails_whatever_the_policy_says() -> None:
    broken = {"shop": ResourceReport("shop", error=ConfigError("selects no member", "correct it"))}
    found = build(broken, {"ams": report("ams")}, parse_fail_on("none"), False, False, [])
    assert found["failed"]
    assert found["msg"] == "resource shop: selects no member (correct it)"


def test_objects_are_listed_in_order_without_the_unchanged_ones() -> None:
    found = result(
        MemberReport("bom", [outcome(Done.CREATED, "b", "missing"), outcome(Done.CREATED, "a")]),
        MemberReport("ams", [outcome(Done.UNCHANGED, "x"), outcome(Done.KEPT, "c", "a copy")]),
    )
    assert found["objects"] == [
        {"member": "ams", "resource": "shop", "object": "ConfigMap shop/c", "action": "kept", "msg": "a copy"},
        {"member": "bom", "resource": "shop", "object": "ConfigMap shop/a", "action": "created", "msg": ""},
        {"member": "bom", "resource": "shop", "object": "ConfigMap shop/b", "action": "created", "msg": "missing"},
    ]


def test_a_long_list_is_cut_and_counted() -> None:
    found = result(MemberReport("ams", [outcome(Done.CREATED, f"o{n:04}") for n in range(LISTED + 30)]))
    assert len(found["objects"]) == LISTED
    assert found["summary"]["objects_not_listed"] == 30
    assert found["members"]["ams"]["objects"]["created"] == LISTED + 30


def test_two_runs_can_be_compared_line_by_line() -> None:
    members = [report("b", Done.CREATED), report("a", Done.DELETED), report("c", error=DOWN)]
    assert json.dumps(result(*members)["members"]) == json.dumps(result(*reversed(members))["members"])


def test_diffs_only_when_asked_for() -> None:
    entry = {"before_header": "x", "after_header": "x", "before": "", "after": "1"}
    member = MemberReport("ams", [outcome(Done.CREATED, diff=entry), outcome(Done.UNCHANGED)])
    assert result(member, diff=True)["diff"] == [entry]
    assert "diff" not in result(member)


def test_notes_become_warnings_with_the_name_of_the_member() -> None:
    assert result(report("ams", notes=["overrides[0] skipped"]))["warnings"] == ["ams: overrides[0] skipped"]
