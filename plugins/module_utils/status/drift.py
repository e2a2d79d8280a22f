# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What differs on a member from what was applied there, told from metadata alone. Pure.

With the kept template, the planner of a run says what that run would do. Values of Secrets are in no template: of them it is known
which fields we hold, and that two members with one hash hold the same fields.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..model import names
from ..model.manifest import SECRET, GroupKind, ObjectName
from ..propagation.plan import Action, MemberPlan, Step, going
from ..rendering.ownership import applied_entry, is_marked, lost

Objects = Mapping[ObjectName, Mapping[str, Any]]

#: given back to an autoscaler between two writes: whether we hold it says nothing
_PASSING = ("f:spec", "f:replicas")


@dataclass(frozen=True)
class Compared:
    """One resource on one member against its template. Each entry is an object and a sentence: ``drift`` (changed or missing),
    ``missing`` (those of it that are not there), ``blocked`` (what cannot be rendered or is not served), ``extra`` (ours, and not
    in the template)."""

    drift: tuple[tuple[ObjectName, str], ...] = ()
    missing: tuple[ObjectName, ...] = ()
    blocked: tuple[tuple[ObjectName, str], ...] = ()
    extra: tuple[ObjectName, ...] = ()


def compared(
    plan: MemberPlan, objects: Objects, unread: Collection[GroupKind], federation: str, partial: bool = False
) -> Compared:
    """What a run would find to do. Kinds that could not be read are left out; ``partial``: the template lacks an override."""
    drift, missing, blocked, extra = [], [], [], []
    for step in sorted(plan.steps, key=lambda found: found.name):
        if step.resource != plan.resource.name or step.name.kind in unread:
            continue
        if step.action == Action.BLOCKED:
            blocked.append((step.name, step.reason))
        elif step.action == Action.DELETE:
            extra.append(step.name)
        elif step.action == Action.CREATE:
            missing.append(step.name)
            drift.append((step.name, _absent(objects.get(step.name))))
        elif step.action in (*Action.WRITES, Action.NONE):
            problem = _changed(step, federation, partial)
            if problem:
                drift.append((step.name, problem))
    return Compared(tuple(drift), tuple(missing), tuple(blocked), tuple(extra))


def _absent(metadata: Mapping[str, Any] | None) -> str:
    if metadata is None:
        return "missing: deleted, or without our labels"
    if metadata.get("deletionTimestamp"):
        return going(metadata)
    return "missing: what is there does not carry our marks"


def _changed(step: Step, federation: str, partial: bool) -> str:
    if step.action in (Action.REPAIR, Action.NONE):
        return step.reason.replace("drift: ", "changed: ", 1)
    entry = applied_entry(step.seen or {}, names.field_manager(federation))
    if entry is None:
        return "our fields are not marked as ours any more"
    if step.name.kind == SECRET:  # the hash of a template without values says nothing
        paths = lost(step.manifest, entry.get("fieldsV1") or {})
        return f"changed: {', '.join(paths[:3])}" if paths else ""
    wanted_hash = step.manifest["metadata"]["annotations"][names.ANNOTATION_HASH]
    differs = ((step.seen or {}).get("annotations") or {}).get(names.ANNOTATION_HASH) != wanted_hash
    return "" if partial and differs else step.reason


def unmarked(objects: Objects, federation: str, resource: str) -> list[tuple[ObjectName, str]]:
    """Objects that carry our marks and that nobody applied as us: what can be told of them without a template."""
    manager = names.field_manager(federation)
    return [
        (name, "our fields are not marked as ours any more")
        for name, metadata in sorted(objects.items())
        if is_marked(metadata, name, federation, resource) and applied_entry(metadata, manager) is None
    ]


def peers(
    members: Mapping[str, Objects], versions: Mapping[str, str], federation: str, resource: str, only_secrets: bool
) -> dict[str, list[tuple[ObjectName, str]]]:
    """Objects of which we hold fewer fields on one member than on another, although the same was applied to both: same hash, same
    apiVersion, and API servers of one minor version (``versions``, by member)."""
    held: dict[Any, dict[str, set[tuple[str, ...]]]] = {}
    for member, objects in members.items():
        minor = ".".join(versions.get(member, "").split(".")[:2])
        for name, metadata in objects.items():
            entry = applied_entry(metadata, names.field_manager(federation))
            if entry is None or (only_secrets and name.kind != SECRET):
                continue
            if not is_marked(metadata, name, federation, resource):
                continue
            mark = metadata["annotations"].get(names.ANNOTATION_HASH)
            fields = set(_leaves(entry.get("fieldsV1") or {}, ())) - {_PASSING}
            held.setdefault((name, mark, entry.get("apiVersion"), minor), {})[member] = fields
    found: dict[str, list[tuple[ObjectName, str]]] = {}
    for (name, *_rest), fields_by_member in sorted(held.items(), key=lambda item: item[0][0]):
        every = set().union(*fields_by_member.values())
        for member, fields in fields_by_member.items():
            gone = sorted(every - fields)
            if gone:
                found.setdefault(member, []).append(
                    (name, f"changed: {_worded(gone[0])} is not ours any more, as it is elsewhere")
                )
    return found


def _leaves(fields: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    below = [key for key in fields if key != "."]
    if not below:
        yield path
    for key in below:
        yield from _leaves(fields[key], (*path, key))


def _worded(path: tuple[str, ...]) -> str:
    return "".join(f".{step[2:]}" if step.startswith("f:") else f"[{step[2:]}]" for step in path)
