# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How resources stand on their members: workloads with desired and ready pods, as data and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..fleet.concurrency import on_each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..model import names
from ..model.cluster import Fleet
from ..model.errors import FederationError, MemberError
from ..model.manifest import ObjectName
from .health import WAITED, Health, health_of
from .observe import look, require_joined, selector_for
from .tables import Column, workload_table


@dataclass(frozen=True)
class Options:
    """Times in seconds, as in `engine.Options`."""

    request_timeout: float = 15.0
    member_timeout: float = 60.0


@dataclass
class MemberStatus:
    """What one member has: resource -> workload -> health. ``recorded`` are the resources that it remembers."""

    name: str
    error: FederationError | None = None
    recorded: list[str] = field(default_factory=list)
    workloads: dict[str, dict[ObjectName, Health]] = field(default_factory=dict)


def _read(fleet: Fleet, name: str, chosen: Sequence[str] | None, options: Options, status: MemberStatus) -> None:
    api = connect(fleet.members[name], options.request_timeout, Deadline(options.member_timeout))
    seen = look(api, fleet.federation)
    require_joined(name, fleet.federation, seen.memory)
    records = {n: s.record for n, s in seen.memory.resources.items() if chosen is None or n in chosen}
    status.recorded = sorted(records)
    if not records:
        return
    for kind in sorted({kind for record in records.values() for kind in record.kinds} & WAITED):
        served = seen.discovery.find(kind)
        if served is None:
            continue
        for item in api.objects(served, "", selector_for(fleet.federation, records), metadata_only=False):
            resource = item["metadata"]["labels"][names.LABEL_RESOURCE]
            found = ObjectName(kind, item["metadata"].get("namespace") or "", item["metadata"]["name"])
            status.workloads.setdefault(resource, {})[found] = health_of(kind, item)


def _statuses(fleet: Fleet, chosen: Sequence[str] | None, options: Options) -> dict[str, MemberStatus]:
    statuses = {name: MemberStatus(name) for name in sorted(fleet.in_play)}

    def work(name: str) -> None:
        _read(fleet, name, chosen, options, statuses[name])

    for name, error in on_each(statuses, work, options.member_timeout).items():
        statuses[name].error = error
    return statuses


def _member_data(status: MemberStatus) -> dict[str, Any]:
    reason = status.error.kind if isinstance(status.error, MemberError) else "failed" if status.error else ""
    return {
        "status": "failed" if status.error else "ok",
        "reason": reason,
        "msg": str(status.error) if status.error else "",
        "resources": status.recorded,
    }


def _resource_data(resource: str, statuses: Mapping[str, MemberStatus]) -> dict[str, Any]:
    members = {}
    for name, status in statuses.items():
        if resource not in status.recorded:
            continue
        workloads = status.workloads.get(resource, {})
        members[name] = {
            "desired": sum(h.desired for h in workloads.values()),
            "ready": sum(h.ready for h in workloads.values()),
            "healthy": all(h.healthy for h in workloads.values()),
            "workloads": [
                {"object": str(w), "desired": h.desired, "ready": h.ready, "healthy": h.healthy, "msg": h.problem}
                for w, h in sorted(workloads.items())
            ],
        }
    return {
        "members": members,
        "desired": sum(m["desired"] for m in members.values()),
        "ready": sum(m["ready"] for m in members.values()),
        "healthy": all(m["healthy"] for m in members.values()),
    }


def run(fleet: Fleet, chosen: Sequence[str] | None, options: Options) -> dict[str, Any]:
    """The state of the chosen resources (None: all that the members remember) on the members in play. Nothing is written."""
    statuses = _statuses(fleet, chosen, options)
    known = sorted({resource for status in statuses.values() for resource in status.recorded} | set(chosen or ()))
    resources = {resource: _resource_data(resource, statuses) for resource in known}
    columns = [
        Column(
            name,
            fleet.members[name].region,
            ", ".join(str(taint) for taint in fleet.members[name].taints),
            status.error.kind if isinstance(status.error, MemberError) else "failed" if status.error else "",
        )
        for name, status in statuses.items()
    ]
    cells = {
        (resource, workload, name): health
        for name, status in statuses.items()
        for resource, workloads in status.workloads.items()
        for workload, health in workloads.items()
    }
    failing = [name for name, status in statuses.items() if status.error]
    healthy = sum(1 for data in resources.values() if data["healthy"])
    message = f"{len(statuses)} members, {healthy} of {len(resources)} resources healthy"
    if failing:
        message += "; not read: " + "; ".join(f"{name}: {statuses[name].error}" for name in failing[:5])
    return {
        "changed": False,
        "failed": False,
        "msg": message,
        "members": {name: _member_data(status) for name, status in statuses.items()},
        "resources": resources,
        "table": workload_table(columns, cells),
    }
