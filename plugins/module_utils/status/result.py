# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of resources as the data that a task registers, and in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..model.cluster import Cluster
from ..model.errors import FederationError, MemberError
from ..model.records import FleetRecord
from ..propagation.health import Health
from .findings import Findings
from .memory import Recorded
from .orphans import Orphan
from .reading import Reading
from .tables import Column, is_late, resource_notes, workload_table


def _reason(error: FederationError | None) -> str:
    if error is None:
        return ""
    return error.kind if isinstance(error, MemberError) else "failed"


def _kinds(reading: Reading, resource: str) -> dict[str, dict[str, int]]:
    """Objects of a resource by kind; what is not known to be ill is healthy."""
    kinds: dict[str, dict[str, int]] = {}
    for name in sorted(reading.of(resource)):
        entry = kinds.setdefault(name.kind.kind, {"total": 0, "healthy": 0})
        health = reading.standing.get(name)
        entry["total"] += 1
        entry["healthy"] += int(health is None or health.healthy)
    return kinds


def _added(parts: Sequence[Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    every = sorted({kind for part in parts for kind in part})
    return {
        kind: {key: sum(part.get(kind, {}).get(key, 0) for part in parts) for key in ("total", "healthy")}
        for kind in every
    }


def _pods(standing: Mapping[Any, Health], what: str) -> int:
    return sum(getattr(health, what) for health in standing.values() if health.counts)


def _on_member(reading: Reading, resource: str, findings: Findings, recorded: Recorded) -> dict[str, Any]:
    standing, record = reading.standing_of(resource), recorded.records.get(reading.name)
    drift = findings.drift
    return {
        "desired": _pods(standing, "desired"),
        "ready": _pods(standing, "ready"),
        "healthy": all(health.healthy for health in standing.values()),
        "workloads": [
            {"object": str(name), "desired": h.desired, "ready": h.ready, "healthy": h.healthy, "msg": h.problem}
            for name, h in standing.items()
        ],
        "kinds": _kinds(reading, resource),
        "drift": None if drift is None else sum(1 for member, _object, _msg in drift if member == reading.name),
        "orphans": sum(1 for orphan in findings.orphans if orphan.member == reading.name),
        "epoch": record.epoch if record is not None else 0,
        "template": record.template if record is not None else "",
    }


def _plan(recorded: Recorded | None) -> dict[str, Any]:
    if recorded is None:
        return {"epoch": 0, "template": "", "placement": {}, "divided": {}, "at": ""}
    return {
        "epoch": recorded.newest.epoch,
        "template": recorded.newest.template,
        "placement": dict(sorted(recorded.placement.items())),
        "divided": {key: dict(sorted(found.shares.items())) for key, found in sorted(recorded.newest.divided.items())},
        "at": recorded.at,
    }


def _orphan(orphan: Orphan) -> dict[str, str]:
    return {
        "member": orphan.member,
        "resource": orphan.resource,
        "object": str(orphan.object),
        "msg": orphan.msg,
    }


def _resource(name: str, readings: Mapping[str, Reading], findings: Findings) -> dict[str, Any]:
    recorded = findings.recorded
    having = {*recorded.placement, *recorded.records} if recorded is not None else set()
    holders = [reading for name, reading in readings.items() if name in having and reading.error is None]
    members = {r.name: _on_member(r, name, findings, recorded) for r in holders if recorded is not None}
    drift = findings.drift
    return {
        "desired": sum(entry["desired"] for entry in members.values()),
        "ready": sum(entry["ready"] for entry in members.values()),
        "healthy": findings.complete and all(entry["healthy"] for entry in members.values()),
        "members": members,
        "kinds": _added([entry["kinds"] for entry in members.values()]),
        "drift": None if drift is None else [{"member": m, "object": str(o), "msg": msg} for m, o, msg in drift],
        "drift_msg": findings.unknown,
        "orphans": [_orphan(orphan) for orphan in findings.orphans],
        "behind": [
            {"member": member, "reasons": list(lag.reasons), "msg": lag.msg}
            for member, lag in sorted(findings.behind.items())
        ],
        "plan": _plan(recorded),
        "addresses": [
            {"member": reading.name, "service": str(served), "address": address}
            for reading in holders
            for served in sorted(reading.of(name))
            for address in reading.addresses.get(served, ())
        ],
    }


def _member(reading: Reading, resources: Mapping[str, Any], loose: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    mine = {name: data["members"][reading.name] for name, data in resources.items() if reading.name in data["members"]}
    orphans = [*loose, *(orphan for data in resources.values() for orphan in data["orphans"])]
    known = [entry["drift"] for entry in mine.values() if entry["drift"] is not None]
    return {
        "status": "failed" if reading.error else "ok",
        "reason": _reason(reading.error),
        "msg": str(reading.error) if reading.error else "",
        "resources": sorted(set(reading.seen.memory.resources) & set(resources)) if reading.seen is not None else [],
        "desired": sum(entry["desired"] for entry in mine.values()),
        "ready": sum(entry["ready"] for entry in mine.values()),
        "objects": sum(kind["total"] for entry in mine.values() for kind in entry["kinds"].values()),
        "drift": sum(known) if known else None,
        "orphans": sum(1 for orphan in orphans if orphan["member"] == reading.name),
    }


def _sentence(resources: Mapping[str, Any], members: Mapping[str, Any], loose: Sequence[Any]) -> str:
    healthy = sum(1 for data in resources.values() if data["healthy"])
    parts = [f"{len(members)} members, {healthy} of {len(resources)} resources healthy"]
    drifted = sum(len(data["drift"] or ()) for data in resources.values())
    orphans = len(loose) + sum(len(data["orphans"]) for data in resources.values())
    behind = sorted({entry["member"] for data in resources.values() for entry in data["behind"] if is_late(entry)})
    if drifted:
        parts.append(f"{drifted} drifted")
    if orphans:
        parts.append(f"{orphans} orphan{'s' if orphans > 1 else ''}")
    if behind:
        parts.append("behind: " + ", ".join(behind[:5]) + (f" and {len(behind) - 5} more" if len(behind) > 5 else ""))
    text = ", ".join(parts[:1]) + "".join(f"; {part}" for part in parts[1:])
    failing = [name for name, data in members.items() if data["status"] == "failed"]
    if failing:
        text += "; not read: " + "; ".join(f"{name}: {members[name]['msg']}" for name in failing[:5])
    return text


def build(
    clusters: Mapping[str, Cluster],
    readings: Mapping[str, Reading],
    findings: Mapping[str, Findings],
    loose: Sequence[Orphan],
    warnings: Sequence[str],
    federation: str,
    record: FleetRecord | None,
) -> dict[str, Any]:
    """The result of the module. ``clusters`` are the members in play with their recorded facts; ``loose`` are orphans of resources
    that nobody records; ``record`` is the newest fleet record."""
    resources = {name: _resource(name, readings, findings[name]) for name in sorted(findings)}
    orphans = [_orphan(orphan) for orphan in loose]
    members = {name: _member(reading, resources, orphans) for name, reading in sorted(readings.items())}
    columns = [
        Column(name, clusters[name].region, ", ".join(map(str, clusters[name].taints)), members[name]["reason"])
        for name in members
    ]
    cells = {
        (resource, workload, reading.name): health
        for reading in readings.values()
        for resource in resources
        for workload, health in reading.standing_of(resource).items()
    }
    return {
        "changed": False,
        "failed": False,
        "msg": _sentence(resources, members, loose),
        "members": members,
        "resources": resources,
        "orphans": orphans,
        "federation": {
            "name": federation,
            "uid": record.uid if record is not None else "",
            "epoch": record.epoch if record is not None else 0,
        },
        "table": workload_table(columns, cells) + resource_notes(resources, orphans),
        **({"warnings": list(warnings)} if warnings else {}),
    }
