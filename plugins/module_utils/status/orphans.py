# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects that are provably ours and that nothing accounts for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..model import names
from ..model.manifest import GroupKind, ObjectName
from ..propagation.observe import NAMESPACE
from ..propagation.plan import CRD
from ..rendering.ownership import is_owned
from .memory import Recorded

#: kept on purpose when a resource goes
_KEPT: tuple[GroupKind, ...] = (NAMESPACE, CRD)


class Orphan(NamedTuple):
    """One object, and why nothing accounts for it."""

    member: str
    resource: str
    object: ObjectName
    msg: str


def find_orphans(
    objects: Mapping[str, Mapping[ObjectName, Mapping[str, Any]]],
    recorded: Mapping[str, Recorded],
    extra: Mapping[tuple[str, str], Sequence[ObjectName]],
    federation: str,
    silent: Sequence[str],
) -> list[Orphan]:
    """Orphans on all members, in order. ``objects``: metadata by member; ``extra``: by (resource, member) what is ours and not in its
    known template; ``silent``: members that did not answer, whose records may name more."""
    found = []
    for member, seen in sorted(objects.items()):
        for name, metadata in sorted(seen.items()):
            resource = str((metadata.get("labels") or {}).get(names.LABEL_RESOURCE) or "")
            if name.kind in _KEPT or metadata.get("deletionTimestamp"):
                continue
            reason = _unaccounted(member, resource, name, recorded.get(resource), extra, silent)
            if reason and is_owned(metadata, name, federation, resource):
                found.append(Orphan(member, resource, name, reason))
    return sorted(found)


def _unaccounted(
    member: str,
    resource: str,
    name: ObjectName,
    recorded: Recorded | None,
    extra: Mapping[tuple[str, str], Sequence[ObjectName]],
    silent: Sequence[str],
) -> str:
    if recorded is None:
        but = f" (not read: {', '.join(silent[:4])})" if silent else ""
        return f"no member records the resource {resource}{but}"
    if member not in recorded.placement:
        return f"{resource} is not placed on this member any more; a run over the whole fleet takes it away"
    if name in extra.get((resource, member), ()):
        return f"{resource} has it no more in its template; the next run takes it away"
    return ""
