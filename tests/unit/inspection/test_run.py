# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is made of what was found of each member. The looking itself is done by tests/integration/test_cluster_info.py."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.expiry import Identity
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.probe import (
    ALIVE,
    READ,
    READY,
    Answer,
)
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.verdict import Verdict
from ansible_collections.multicluster.federation.plugins.module_utils.inspection import read, run
from ansible_collections.multicluster.federation.plugins.module_utils.inspection.read import Found
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster, Fleet, Taint
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import (
    FederationError,
    Kind,
    MemberError,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.policy import FailOn
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import FleetRecord, MemberEntry
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.store import Memory
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.capacity import (
    Amounts,
    NodeCapacity,
)

Inspect = Callable[..., Found]
DAY = 86400

RECORD = FleetRecord(
    "prod",
    "f-1",
    3,
    {
        "a": MemberEntry("uid-a", "v1.34.4", "eu", ("eu-a",), "aws", taints=(Taint("drain", "", "NoExecute", "now"),)),
        "b": MemberEntry("uid-b", "v1.34.4", "us", cordoned="2026-01-01T00:00:00Z"),
    },
)


def answers(uid: str, date: float | None = None) -> dict[str, Answer]:
    now = time.time()
    body = {"kind": "Namespace", "metadata": {"uid": uid}}
    return {
        ALIVE: Answer(200, {"gitVersion": "v1.34.4"}, began=now, ended=now, date=date),
        READY: Answer(200, "ok"),
        READ: Answer(200, body),
    }


def well(uid: str, member: str, record: FleetRecord | None = RECORD, **more: Any) -> Found:
    return Found(Verdict("ready"), answers(uid), memory=Memory(member, record), **more)


DEAD = read.unknown(MemberError(Kind.UNREACHABLE, "10.0.0.3 refuses connections"))


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Runs over members of whom this was found."""

    def look(found: Mapping[str, Found], federation: str = "prod", **options: Any) -> dict[str, Any]:
        members = {name: Cluster(name, labels={"tier": "x"}) for name in found}
        monkeypatch.setattr(read, "inspect", lambda cluster, *_rest: found[cluster.name])
        return run.run(Fleet(federation, members, frozenset(members)), run.Options(**options))

    return look


Look = Callable[..., dict[str, Any]]


def test_one_line_tells_it_all(look: Look) -> None:
    result = look({"a": well("uid-a", "a"), "b": DEAD})
    assert result["msg"] == "2 members: 1 ready, 1 unreachable (b: 10.0.0.3 refuses connections)"
    assert result["summary"] == {"members": 2, "ready": 1, "unreachable": 1}
    assert not result["changed"]
    many = look({f"m{number}": DEAD for number in range(7)})
    assert many["msg"].endswith("and 2 more)")
    assert look({"a": well("uid-a", "a")})["msg"] == "1 member: 1 ready"


@pytest.mark.parametrize(
    ("fail_on", "failed"), [("none", False), ("any", True), ("2", False), ("50%", True), ("all", False)]
)
def test_a_play_can_insist(look: Look, fail_on: str, failed: bool) -> None:
    assert look({"a": well("uid-a", "a"), "b": DEAD}, fail_on=FailOn(fail_on))["failed"] is failed


def test_what_the_record_knows_is_told_also_of_a_member_that_is_dead(look: Look) -> None:
    members = look({"a": well("uid-a", "a"), "b": DEAD, "c": DEAD})["members"]
    assert (members["a"]["joined"], members["a"]["federation"], members["a"]["uid"]) == (True, "prod", "uid-a")
    assert (members["a"]["region"], members["a"]["zones"], members["a"]["provider"]) == ("eu", ["eu-a"], "aws")
    assert members["a"]["taints"] == ["drain:NoExecute"]
    assert (members["b"]["joined"], members["b"]["region"], members["b"]["cordoned"]) == (True, "us", True)
    assert (members["c"]["joined"], members["c"]["federation"], members["c"]["region"]) == (False, "", "")
    assert members["b"]["uid"] == ""  # not what it was: what it is


def test_nothing_is_said_of_membership_without_a_federation(look: Look) -> None:
    result = look({"a": Found(Verdict("ready"), answers("uid-a"))}, federation="")
    assert (result["members"]["a"]["joined"], result["members"]["a"]["federation"]) == (False, "")
    assert "joined" not in result["table"][0]


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (well("uid-a", "b"), "this cluster joined as b, not as a"),
        (well("uid-x", "a"), "another cluster joined as a (kube-system UID uid-a, this one has uid-x)"),
        (well("uid-a", "", None), "the other members know it as a member, but it has no record"),
        (well("", "a"), ""),  # the credential may not see the UID
        (well("uid-a", "a"), ""),
    ],
)
def test_who_is_who(look: Look, found: Found, note: str) -> None:
    notes = look({"a": found, "b": well("uid-b", "b")})["members"]["a"]["notes"]
    assert [note in told for told in notes] == ([True] if note else [])


def test_two_records_of_one_epoch_are_told_of_and_stop_nothing(look: Look) -> None:
    other = replace(RECORD, members={"a": RECORD.members["a"]})
    result = look({"a": well("uid-a", "a"), "b": well("uid-b", "b", other)})
    assert "different fleet records" in result["warnings"][0]
    assert result["summary"] == {"members": 2, "ready": 2}
    assert {data["joined"] for data in result["members"].values()} == {True}


def test_where_a_cluster_stands_is_read_from_its_nodes_where_nobody_says(look: Look) -> None:
    region, zone = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
    nodes = [NodeCapacity(f"n{i}", Amounts(), labels={region: "r1", zone: f"z{i}"}) for i in (2, 1)]
    data = look({"a": well("x", "", None, nodes=nodes, provider="gcp")})["members"]["a"]
    assert (data["region"], data["zones"], data["provider"]) == ("r1", ["z1", "z2"], "gcp")
    nodes.append(NodeCapacity("n3", Amounts(), labels={region: "r2"}))
    assert look({"a": well("x", "", None, nodes=nodes)})["members"]["a"]["region"] == ""


def test_capacity_is_told_only_when_pods_were_counted(look: Look) -> None:
    nodes = [
        NodeCapacity("n1", Amounts(4000, 100, 10), Amounts(1000, 30, 2)),
        NodeCapacity("n2", Amounts(4000, 100, 10), Amounts(1000, 30, 2), cordoned=True),
        NodeCapacity("n3", Amounts(4000, 100, 10), ready=False),
    ]
    members = look({"a": well("x", "a", nodes=nodes, counted=True), "b": well("y", "b", nodes=nodes), "c": DEAD})[
        "members"
    ]
    assert members["a"]["nodes"] == {"total": 3, "ready": 2, "schedulable": 1}
    assert members["a"]["capacity"] == {
        "cpu": {"allocatable": 4000, "requested": 1000, "free": 3000},
        "memory": {"allocatable": 100, "requested": 30, "free": 70},
        "pods": {"allocatable": 10, "requested": 2, "free": 8},
    }
    assert (members["b"]["nodes"]["total"], members["b"]["capacity"]) == (3, {})
    assert (members["c"]["nodes"], members["c"]["capacity"]) == ({}, {})


def test_credentials_that_end_soon_are_warned_of_days_before(look: Look) -> None:
    now = time.time()
    kinds = {
        "a": Identity("token", "robot", now + 3 * DAY + 60),
        "b": Identity("certificate", "", now - 60),
        "c": Identity("token", "robot", now + 8 * DAY),
        "d": Identity("exec", "", now + 60),
        "e": Identity("token"),
        "f": Identity("token", "system:serviceaccount:federation-prod:federation", now + DAY),
    }
    found = {name: well(f"uid-{name}", name, None, identity=identity) for name, identity in kinds.items()}
    result = look(found, warn_days=7)
    first, second, third = result["warnings"]
    assert first.startswith("a: its credential, the token of robot, ends on 20")
    assert first.endswith(" UTC, in 3.0 days: renew it")
    assert second.startswith("b: its credential, the client certificate, ended on 20")
    assert third.endswith(" UTC, in 1.0 days: run rotate_credentials")
    credentials = {name: data["credential"] for name, data in result["members"].items()}
    assert credentials["b"]["seconds_left"] < 0
    assert credentials["e"] == {"kind": "token", "user": "", "expires": None, "seconds_left": None}
    assert len(look(found, warn_days=9)["warnings"]) == 4
    assert len(look(found, warn_days=0)["warnings"]) == 1


def test_a_clock_that_is_far_off_is_noted(look: Look) -> None:
    found = replace(well("uid-a", "a"), answers=answers("uid-a", time.time() - 90))
    data = look({"a": found})["members"]["a"]
    assert -92 < data["clock_skew"] < -88
    assert data["notes"] == [f"its clock is {-data['clock_skew']} s behind ours"]


def test_checks_are_told_with_what_failed(look: Look) -> None:
    ready = Answer(500, "[+]ping ok\n[-]informer-sync failed: reason withheld\n", FederationError("long"), 0.25)
    missing = Answer(404, {"kind": "Status"}, MemberError(Kind.NOT_FOUND, "no such namespace"))
    found = Found(Verdict("degraded", "not ready"), {**answers("x"), READY: ready, READ: missing})
    checks = look({"a": found})["members"]["a"]["checks"]
    assert [check["name"] for check in checks] == [ALIVE, READY, READ]
    assert checks[1] == {"name": READY, "ok": False, "msg": "[-]informer-sync failed: reason withheld", "seconds": 0.25}
    assert checks[2]["ok"]


def test_a_defect_on_one_member_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def inspect(cluster: Cluster, *_rest: Any) -> Found:
        if cluster.name == "a":
            raise KeyError("ours")
        return well("uid-b", "b")

    monkeypatch.setattr(read, "inspect", inspect)
    members = {name: Cluster(name) for name in ("a", "b")}
    result = run.run(Fleet("prod", members, frozenset(members)), run.Options())
    assert (result["members"]["a"]["status"], result["members"]["b"]["status"]) == ("degraded", "ready")
    assert "internal error" in result["members"]["a"]["msg"]


def test_not_all_of_a_large_fleet_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, inside, most = threading.Lock(), [0, 0], [0, 0]

    def stay(number: int, gate: AbstractContextManager[Any]) -> None:
        with gate:
            with lock:
                inside[number] += 1
                most[number] = max(most[number], inside[number])
            time.sleep(0.01)
            with lock:
                inside[number] -= 1

    def inspect(_cluster: Cluster, _federation: str, _options: Any, probing: Any, reading: Any) -> Found:
        stay(0, probing)
        stay(1, reading)
        return DEAD

    monkeypatch.setattr(read, "inspect", inspect)
    members = {f"m{number}": Cluster(f"m{number}") for number in range(100)}
    run.run(Fleet("", members, frozenset(members)), run.Options())
    assert 1 < most[0] <= 32
    assert 1 < most[1] <= 8
