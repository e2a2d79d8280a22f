# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run tells: one line to read, the state of each member as data. No manifest and no secret is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ..model.errors import FederationError, MemberError
from ..model.policy import FailOn
from .hand import Done, Outcome
from .health import Health

if TYPE_CHECKING:
    from .shares import WorkloadShares

#: more objects than this are counted, not listed: a result has to fit into an event of AWX
LISTED = 200

_ORDER = (
    Done.CREATED,
    Done.CHANGED,
    Done.REPAIRED,
    Done.DELETED,
    Done.PREDICTED,
    Done.DEFERRED,
    Done.GOING,
    Done.KEPT,
    Done.FAILED,
)


_HEADLINE = tuple(done for done in _ORDER if done not in (Done.KEPT, Done.FAILED))


class Status:
    """The state of a member after a run."""

    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass
class MemberReport:
    """What one member did. ``skipped`` says why nothing was to be done; ``said`` is what changed that is not an object, ``attended``
    what was done beside (see `attend`)."""

    name: str
    outcomes: list[Outcome] = field(default_factory=list)
    error: FederationError | None = None
    unhealthy: dict[str, Health] = field(default_factory=dict)
    recorded: bool = False
    skipped: str = ""
    notes: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    attended: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failures(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.done == Done.FAILED]

    @property
    def changed(self) -> bool:
        counts = count(self.outcomes)
        return self.recorded or bool(self.attended) or any(counts.get(done) for done in Done.WRITTEN)

    @property
    def status(self) -> str:
        if self.error is not None or self.failures or self.unhealthy:
            return Status.FAILED
        if self.changed:
            return Status.CHANGED
        return Status.SKIPPED if self.skipped and not self.outcomes else Status.OK

    @property
    def reason(self) -> str:
        """The class of the failure (`Kind`), or "unhealthy", or ""."""
        if self.error is not None:
            return self.error.kind if isinstance(self.error, MemberError) else "failed"
        if self.failures:
            return self.failures[0].kind
        return "unhealthy" if self.unhealthy else ""

    def message(self) -> str:
        """One line: what went wrong if anything did, otherwise what was done."""
        if self.error is not None:
            return str(self.error)
        if self.failures:
            first = self.failures[0]
            more = f" (and {len(self.failures) - 1} more)" if len(self.failures) > 1 else ""
            return f"{first.name}: {first.message}{more}"
        if self.unhealthy:
            name, health = next(iter(self.unhealthy.items()))
            more = f" (and {len(self.unhealthy) - 1} more)" if len(self.unhealthy) > 1 else ""
            return f"{name}: {health.problem}{more}"
        counted = _counted(count(self.outcomes), _ORDER)
        return ", ".join([*([counted] if counted else []), *self.said]) or self.skipped or "nothing to do"

    def data(self) -> dict[str, Any]:
        counts = count(self.outcomes)
        return {
            "status": self.status,
            "reason": self.reason,
            "changed": self.changed,
            "msg": self.message(),
            "objects": {"total": len(self.outcomes), **{key: counts.get(key, 0) for key in (*_ORDER, Done.UNCHANGED)}},
            "notes": self.notes,
            "seconds": round(self.seconds, 2),
        }


def _counted(counts: Mapping[str, int], kinds: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    """The counts in words; ``more`` is said of a kind, in brackets."""
    said = {kind: f" ({text})" for kind, text in (more or {}).items() if text}
    return ", ".join(f"{counts[kind]} {kind}{said.get(kind, '')}" for kind in kinds if counts.get(kind))


def count(outcomes: list[Outcome]) -> dict[str, int]:
    """How many outcomes there are of each sort."""
    return Counter(map(attrgetter("done"), outcomes))


@dataclass
class ResourceReport:
    """Where a resource was placed, and why not elsewhere. ``stays`` are members that hold it and that the inventory does not have;
    ``error`` says why nothing was done for it at all; ``shares`` are the divisions of its workloads;
    ``follows`` are objects of it that follow workloads of others to members where it is not placed; ``waits`` are lost members
    that hold it still, with the reason."""

    name: str
    selected: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)
    error: FederationError | None = None
    shares: Sequence[WorkloadShares] = ()
    follows: Mapping[str, Sequence[str]] = field(default_factory=dict)
    note: str = ""
    waits: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "members": self.selected,
            "not_placed": self.reasons,
            "msg": str(self.error) if self.error else "",
        }
        if self.waits:
            body["waits"] = dict(self.waits)
        if self.follows:
            body["follows"] = dict(self.follows)
        if self.shares:
            body["replicas"] = {found.workload.key: found.data() for found in self.shares}
        return body

    def unplaced(self) -> list[str]:
        """What is to be said of a placement that could not be as it was asked for."""
        said = [f"{self.name}: {self.note}"] if self.note else []
        said += [f"{self.name} stays on {member}, which is lost: {why}" for member, why in self.waits.items()]
        return said + [f"{self.name}: {text}" for text in (found.unplaced() for found in self.shares) if text]


def _together(said: Iterable[tuple[str, str]], more: str) -> str:
    """What is said of members (name, text), once where it is the same of several; ``more`` names what is left out."""
    members: dict[str, list[str]] = {}
    for name, text in said:
        members.setdefault(text, []).append(name)
    lines = [
        f"{', '.join(who[:8])}{f' and {len(who) - 8} more' if len(who) > 8 else ''}: {what}"
        for what, who in members.items()
    ]
    return "; ".join(lines[:5]) + (f"; and {len(lines) - 5} more {more}" if len(lines) > 5 else "")


def _headline(
    resources: Mapping[str, ResourceReport],
    members: Mapping[str, MemberReport],
    taking_part: list[MemberReport],
    failing: list[MemberReport],
    check: bool,
) -> str:
    broken = [f"resource {r.name}: {r.error}" for r in resources.values() if r.error]
    if broken:
        return "; ".join(broken)
    outcomes = [outcome for member in members.values() for outcome in member.outcomes]
    taken = Counter(outcome.taken for outcome in outcomes if outcome.taken)
    changed = {Done.CHANGED: _counted(taken, sorted(taken))}
    said = _together(((m.name, ", ".join(m.said)) for m in taking_part if m.said), "members")
    parts = [part for part in (_counted(count(outcomes), _HEADLINE, changed), said) if part]
    if not parts and not (failing and len(failing) == len(taking_part)):
        parts = ["nothing to do"]  # unless nobody knows
    if failing:
        causes = _together(((m.name, m.message()) for m in failing), "causes")
        parts.append(f"failed on {len(failing)}: {causes}")
    head = f"{len(taking_part)} member{'s' if len(taking_part) != 1 else ''}: {'; '.join(parts)}"
    return f"check mode, nothing was written; {head}" if check else head


def build(
    resources: Mapping[str, ResourceReport],
    members: Mapping[str, MemberReport],
    fail_on: FailOn,
    check: bool,
    diff: bool,
    warnings: list[str],
) -> dict[str, Any]:
    """The result of a module, ordered by name so that two runs can be compared line by line."""
    statuses = {name: member.status for name, member in members.items()}
    taking_part = [m for name, m in members.items() if statuses[name] != Status.SKIPPED]
    failing = [m for name, m in members.items() if statuses[name] == Status.FAILED]
    ordered = [
        (m.name, o)
        for _name, m in sorted(members.items())
        for o in sorted((o for o in m.outcomes if o.done != Done.UNCHANGED), key=lambda o: (o.resource, o.name))
    ]
    listed = [
        {"member": member, "resource": o.resource, "object": str(o.name), "action": o.done, "msg": o.message}
        for member, o in ordered
    ]
    result: dict[str, Any] = {
        "changed": any(m.changed for m in members.values()),
        "failed": any(r.error for r in resources.values()) or fail_on.too_many(len(failing), len(taking_part)),
        "msg": _headline(resources, members, taking_part, failing, check),
        "members": {name: member.data() for name, member in sorted(members.items())},
        "resources": {name: resource.data() for name, resource in sorted(resources.items())},
        "objects": listed[:LISTED],
        "summary": {
            "members": len(taking_part),
            "failed": len(failing),
            "changed": sum(1 for m in taking_part if m.changed),
            "objects_not_listed": max(0, len(listed) - LISTED),
        },
    }
    notes = warnings + [text for r in resources.values() for text in r.unplaced()]
    notes += [f"{m.name}: {note}" for m in members.values() for note in m.notes]
    if failing and not result["failed"]:
        notes += [f"{m.name}: {m.message()}" for m in failing]
    if notes:
        result["warnings"] = notes
    if diff:
        result["diff"] = [o.diff for _member, o in ordered if o.diff is not None]
    return result
