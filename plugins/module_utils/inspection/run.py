# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All members in play, looked at together, and put into words and data."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..fleet.concurrency import SLACK, on_each
from ..fleet.expiry import CERTIFICATE, Identity
from ..fleet.probe import READ, READY, Answer, clock_skew
from ..fleet.tokens import account_name, rfc3339
from ..fleet.verdict import READY_STATUS, STATUSES
from ..model.access import DAY
from ..model.cluster import Cluster, Fleet
from ..model.errors import FederationError
from ..model.policy import NONE, FailOn
from ..model.records import FleetRecord, newest_fleet_record, with_recorded_facts
from ..scheduling.capacity import Amounts, NodeCapacity, total_capacity
from . import read
from .read import Found
from .table import health_table

#: Clusters that are probed and that are read at once. A probe has to measure the cluster, not how busy we are; and what is read is
#: decoded by one processor anyway.
_PROBED, _READ = 32, 8
#: seconds from which on a difference between clocks is worth a word: tokens and leases begin to suffer
_SKEW = 5
_REGION, _ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"


@dataclass(frozen=True)
class Options:
    """``looked_at``: how each member is looked at. ``warn_days``: a credential with less life left is warned of. ``held_back``: the
    canary was asked for, but this is a check."""

    looked_at: read.Options = field(default_factory=read.Options)
    fail_on: FailOn = NONE
    warn_days: float = 7.0
    held_back: bool = False


def run(fleet: Fleet, options: Options) -> dict[str, Any]:
    """The state of every member in play; returns the result of a module. ``fleet.federation`` may be "": nothing is joined then."""
    found = _inspect_all(fleet, options.looked_at)
    warnings: list[str] = []
    record = _record(found, warnings)
    now = time.time()
    members = {name: _member(fleet.members[name], found[name], record, now) for name in sorted(found)}
    if options.held_back:
        for data in members.values():
            data["notes"].append("no write was tried: check mode writes nothing")
    warnings += _ending(found, now, options.warn_days * DAY, account_name(fleet.federation))
    counts = {status: sum(data["status"] == status for data in members.values()) for status in STATUSES}
    failing = len(members) - counts[READY_STATUS]
    return {
        "changed": False,
        "failed": options.fail_on.too_many(failing, len(members)),
        "msg": _message(members, counts),
        "summary": {"members": len(members), **{status: count for status, count in counts.items() if count}},
        "members": members,
        "table": health_table(members, bool(fleet.federation), options.warn_days * DAY),
        "warnings": warnings,
    }


def _inspect_all(fleet: Fleet, options: read.Options) -> dict[str, Found]:
    """Look at all members in play at once, as far as that tells the truth about each."""
    found: dict[str, Found] = {}
    probing, reading = threading.BoundedSemaphore(_PROBED), threading.BoundedSemaphore(_READ)

    def work(name: str) -> None:
        found[name] = read.inspect(fleet.members[name], fleet.federation, options, probing, reading)

    chosen = sorted(fleet.in_play)
    # each has deadlines of its own; this one is for what no deadline reaches
    turns = 1 + len(chosen) // _PROBED, 1 + len(chosen) // _READ
    seconds = turns[0] * (options.probe_timeout + SLACK) + turns[1] * options.member_timeout
    errors = on_each(chosen, work, seconds)
    return {name: read.unknown(errors[name]) if name in errors else found[name] for name in chosen}


def _record(found: Mapping[str, Found], warnings: list[str]) -> FleetRecord | None:
    """The newest fleet record of those that were read."""
    records = {n: f.memory.fleet for n, f in found.items() if f.memory is not None and f.memory.fleet is not None}
    try:
        return newest_fleet_record(records)
    except FederationError as error:
        warnings.append(str(error))
        return None


def _member(cluster: Cluster, found: Found, record: FleetRecord | None, now: float) -> dict[str, Any]:
    """One member as data, in the shape that the module documents."""
    home = _home(cluster, found, record)
    facts = with_recorded_facts(cluster, record if home else None)
    labels = [node.labels for node in found.nodes or []]
    regions = sorted({found_labels[_REGION] for found_labels in labels if found_labels.get(_REGION)})
    zones = sorted({found_labels[_ZONE] for found_labels in labels if found_labels.get(_ZONE)})
    skew = clock_skew(found.answers)
    return {
        "status": found.verdict.status,
        "writes": found.verdict.writes,
        "msg": found.verdict.msg,
        "hint": found.verdict.hint,
        "joined": bool(home),
        "federation": home,
        "uid": found.uid,
        "version": found.version,
        "region": facts.region or (regions[0] if len(regions) == 1 else ""),
        "zones": list(facts.zones) or zones,
        "provider": facts.provider or found.provider,
        "labels": dict(facts.labels),
        "taints": [str(taint) for taint in facts.taints],
        "cordoned": facts.cordoned,
        "nodes": _nodes(found.nodes),
        "capacity": _capacity(found),
        "resources": found.resources,
        "credential": _credential(found.identity, now),
        "clock_skew": skew,
        "checks": [_check(name, answer) for name, answer in found.answers.items()],
        "notes": [*found.notes, *_notes(cluster, found, record, skew)],
        "seconds": round(found.seconds, 3),
    }


def _home(cluster: Cluster, found: Found, record: FleetRecord | None) -> str:
    """The federation that a cluster belongs to, by its own word; by that of the others where it could not be asked."""
    if found.memory is not None:
        return found.memory.fleet.federation if found.memory.fleet is not None else ""
    return record.federation if record is not None and cluster.name in record.members else ""


def _notes(cluster: Cluster, found: Found, record: FleetRecord | None, skew: int | None) -> list[str]:
    """What somebody should look at although the member works."""
    notes = []
    memory, entry = found.memory, record.members.get(cluster.name) if record is not None else None
    if memory is not None and memory.fleet is not None and memory.member != cluster.name:
        notes.append(
            f"this cluster joined as {memory.member}, not as {cluster.name}: correct the kubeconfig or context of this host"
        )
    elif entry is not None and found.uid and entry.uid != found.uid:
        notes.append(
            f"another cluster joined as {cluster.name} (kube-system UID {entry.uid}, this one has {found.uid})"
        )
    elif entry is not None and memory is not None and memory.fleet is None:
        notes.append("the other members know it as a member, but it has no record of that: join it again")
    if skew is not None and abs(skew) >= _SKEW:
        notes.append(f"its clock is {abs(skew)} s {'ahead of' if skew > 0 else 'behind'} ours")
    return notes


def _nodes(nodes: list[NodeCapacity] | None) -> dict[str, int]:
    if nodes is None:
        return {}
    return {
        "total": len(nodes),
        "ready": sum(node.ready for node in nodes),
        "schedulable": sum(node.schedulable for node in nodes),
    }


def _capacity(found: Found) -> dict[str, dict[str, int]]:
    """CPU in millicores, memory in bytes, pods; {} where pods were not read, since half of it would mislead."""
    if not found.counted or found.nodes is None:
        return {}
    total = total_capacity(found.nodes)

    def three(amount: str) -> dict[str, int]:
        parts: dict[str, Amounts] = {
            "allocatable": total.allocatable,
            "requested": total.requested,
            "free": total.free,
        }
        return {part: getattr(amounts, amount) for part, amounts in parts.items()}

    return {amount: three(amount) for amount in ("cpu", "memory", "pods")}


def _credential(identity: Identity, now: float) -> dict[str, Any]:
    return {
        "kind": identity.kind,
        "user": identity.user,
        "expires": None if identity.expires is None else rfc3339(identity.expires),
        "seconds_left": identity.left(now),
    }


def _check(name: str, answer: Answer) -> dict[str, Any]:
    absent = name == READ and answer.code == 404  # even that is an answer of etcd
    good = answer.error is None and not answer.void
    message = answer.void or ("" if answer.error is None else answer.error.message)
    if name == READY and answer.code >= 500 and isinstance(answer.body, str):
        message = ", ".join(line for line in answer.body.splitlines() if line.startswith("[-]")) or message
    return {"name": name, "ok": good or absent, "msg": message, "seconds": round(answer.seconds, 3)}


def _ending(found: Mapping[str, Found], now: float, seconds: float, ours: str) -> list[str]:
    """A warning for each credential that ends soon, so that no drill finds it dead. ``ours``: the federation's own account."""
    lines = []
    for name, one in found.items():
        if not one.identity.ends_soon(now, seconds) or one.identity.expires is None:
            continue
        left = one.identity.expires - now
        day = rfc3339(one.identity.expires)[:16].replace("T", " ") + " UTC"
        what = "client certificate" if one.identity.kind == CERTIFICATE else one.identity.kind
        whose = f" of {one.identity.user}" if one.identity.user else ""
        renew = "run rotate_credentials" if one.identity.user == ours else "renew it"
        when = f"ends on {day}, in {left / DAY:.1f} days" if left > 0 else f"ended on {day}"
        lines.append(f"{name}: its credential, the {what}{whose}, {when}: {renew}")
    return lines


def _message(members: Mapping[str, Mapping[str, Any]], counts: Mapping[str, int]) -> str:
    word = "member" if len(members) == 1 else "members"
    parts = [f"{count} {status}" for status, count in counts.items() if count]
    sick = [f"{name}: {data['msg']}" for name, data in members.items() if data["status"] != READY_STATUS]
    more = f"; and {len(sick) - 5} more" if len(sick) > 5 else ""
    return f"{len(members)} {word}: {', '.join(parts)}" + (f" ({'; '.join(sick[:5])}{more})" if sick else "")
