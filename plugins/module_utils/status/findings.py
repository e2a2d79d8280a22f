# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was read of all members, put together: drift, orphans, who is behind and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..model.manifest import ObjectName
from .drift import Compared, peers, unmarked
from .memory import Recorded
from .orphans import Orphan
from .reading import Reading

#: how many objects of a sort one sentence names
_NAMED = 3

OFF = "unknown (keep_template is off)"
UNREADABLE = "unknown (the kept template could not be read from any member)"
NOBODY = "unknown (no member that has it could be read)"


#: why a member is behind; a member can be so for several reasons
UNREAD, NOT_IN_INVENTORY, OUTDATED, MISSING, BLOCKED, UNHEALTHY, DRIFTED = (
    "unread",
    "not_in_inventory",
    "outdated",
    "missing",
    "blocked",
    "unhealthy",
    "drifted",
)


@dataclass(frozen=True)
class Lag:
    """Why one member is behind: reasons for programs, and a sentence for people."""

    reasons: tuple[str, ...]
    msg: str


@dataclass(frozen=True)
class Findings:
    """One resource on all members that were looked at. ``drift`` has (member, object, sentence) and is None when nothing can be
    compared; ``unknown`` says why. ``behind`` has each member that is. ``complete``: every member that is to have the
    resource was read, remembers it, and misses nothing of it."""

    recorded: Recorded | None = None
    drift: tuple[tuple[str, ObjectName, str], ...] | None = None
    unknown: str = ""
    behind: Mapping[str, Lag] = field(default_factory=dict)
    orphans: tuple[Orphan, ...] = ()
    complete: bool = False


def _listed(items: Sequence[object]) -> str:
    named = ", ".join(str(item) for item in items[:_NAMED])
    return named + (f" and {len(items) - _NAMED} more" if len(items) > _NAMED else "")


def _objects(number: int, sentence: str) -> str:
    return f"{number} objects are {sentence}" if number > 1 else f"1 object is {sentence}"


def find(
    recorded: Recorded,
    readings: Mapping[str, Reading],
    compared: Mapping[str, Compared],
    orphans: Sequence[Orphan],
    inventory: Mapping[str, object],
    federation: str,
) -> Findings:
    """What there is to tell of one resource. ``compared``: by member, where a template is known; ``inventory`` has all members of the
    fleet, ``readings`` those in play."""
    unknown = _unknown(recorded, readings, compared)
    odd = _odd(recorded, readings, federation, only_secrets=not unknown)
    changes = {(member, name): msg for member, name, msg in odd}
    changes |= {(member, name): msg for member, found in compared.items() for name, msg in found.drift}
    drift = tuple((member, name, msg) for (member, name), msg in sorted(changes.items()))
    behind, complete = {}, True
    for name in sorted({*recorded.placement, *recorded.records}):
        reading = readings.get(name)
        found = compared.get(name, Compared())
        if reading is not None:
            odd_here = [(changed, msg) for member, changed, msg in drift if member == name] if unknown else []
            reasons = [*_reasons(recorded, reading, found), *_drifted(odd_here)]
            complete = complete and _complete(recorded, reading, found)
        else:
            reasons = [] if name in inventory else [(NOT_IN_INVENTORY, "it is not in the inventory")]
        if reasons:
            codes = tuple(dict.fromkeys(code for code, _msg in reasons))
            behind[name] = Lag(codes, "; ".join(msg for _code, msg in reasons))
    return Findings(recorded, None if unknown else drift, unknown, behind, tuple(orphans), complete)


def _complete(recorded: Recorded, reading: Reading, found: Compared) -> bool:
    """Whether all that a member is to have was seen there."""
    unseen = found.missing or recorded.newest.kinds & set(reading.unread)
    return reading.error is None and reading.name in recorded.records and not unseen


def _unknown(recorded: Recorded, readings: Mapping[str, Reading], compared: Mapping[str, Compared]) -> str:
    """Why drift is unknown; "" when it is known."""
    if not recorded.newest.kept:
        return OFF
    if compared or not recorded.placement:
        return ""
    read = [name for name in recorded.placement if name in readings and readings[name].error is None]
    return UNREADABLE if read else NOBODY


def _odd(
    recorded: Recorded, readings: Mapping[str, Reading], federation: str, only_secrets: bool
) -> list[tuple[str, ObjectName, str]]:
    """What managedFields alone tell, of Secrets or of all objects."""
    resource = recorded.resource
    placed = {name: readings[name] for name in sorted(recorded.placement) if name in readings}
    owned = {name: reading.of(resource) for name, reading in placed.items()}
    versions = {name: reading.version for name, reading in placed.items()}
    found = [
        (m, o, msg)
        for m, entries in peers(owned, versions, federation, resource, only_secrets).items()
        for o, msg in entries
    ]
    for member, objects in owned.items():
        found += [(member, name, msg) for name, msg in unmarked(objects, federation, resource)]
    return found


def _drifted(changes: Sequence[tuple[ObjectName, str]]) -> Iterator[tuple[str, str]]:
    """Changes that show although there is no template to compare with."""
    for name, msg in changes[:_NAMED]:
        yield DRIFTED, f"{name}: {msg}"


def _reasons(recorded: Recorded, reading: Reading, found: Compared) -> Iterator[tuple[str, str]]:
    if reading.error is not None:
        yield UNREAD, str(reading.error)
        return
    if reading.name not in recorded.placement:
        yield OUTDATED, "it still records the resource, which is not placed there any more"
        return
    outdated = recorded.is_behind(reading.name)
    if outdated:
        yield OUTDATED, outdated
    if found.missing:
        yield MISSING, _objects(len(found.missing), f"missing: {_listed(found.missing)}")
    for name, msg in found.blocked[:_NAMED]:
        yield BLOCKED, f"{name}: {msg}"
    standing = reading.standing_of(recorded.resource)
    ill = [f"{name} ({health.problem})" for name, health in sorted(standing.items()) if not health.healthy]
    if ill:
        yield UNHEALTHY, _objects(len(ill), f"not healthy: {_listed(ill)}")
    for kind, error in sorted(reading.unread.items()):
        if kind in recorded.newest.kinds:
            yield UNREAD, f"{kind.kind} cannot be read: {error}"
