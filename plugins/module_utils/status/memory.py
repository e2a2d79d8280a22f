# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the records of all members together say of each resource: the last plan, and who was told of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.records import FleetRecord, ResourceRecord, with_present_names
from ..propagation.store import Memory


@dataclass(frozen=True)
class Recorded:
    """One resource as the members that answered remember it.

    ``newest`` is the record of the highest epoch and ``at`` when it was written (RFC 3339, "" if unknown); ``placement`` is that
    of the newest record, under the names that members have today; ``records`` are all records, by member, but those
    of members that only remember where it is.
    """

    resource: str
    newest: ResourceRecord
    at: str
    placement: Mapping[str, int | None]
    records: Mapping[str, ResourceRecord]

    def is_behind(self, member: str) -> str:
        """What the record of a member lacks of the newest; "" when it lacks nothing."""
        mine = self.records.get(member)
        if mine is None:
            return "it has no record of the resource"
        if mine.template != self.newest.template:
            return f"it holds an older template (epoch {mine.epoch}, the newest is {self.newest.epoch})"
        if dict(mine.placement) != dict(self.newest.placement):
            return f"its record has an older placement (epoch {mine.epoch}, the newest is {self.newest.epoch})"
        return ""


def _written(metadata: Mapping[str, Any]) -> str:
    """When a record was written last."""
    times = [str(entry.get("time") or "") for entry in metadata.get("managedFields") or []]
    return max([*times, str(metadata.get("creationTimestamp") or "")])


def gather(
    memories: Mapping[str, Memory], fleet: FleetRecord | None, chosen: Collection[str] | None
) -> dict[str, Recorded]:
    """Every resource (of the chosen ones) that a member remembers, by name."""
    found = sorted({name for memory in memories.values() for name in memory.resources})
    return {name: _gathered(name, memories, fleet) for name in found if chosen is None or name in chosen}


def _gathered(resource: str, memories: Mapping[str, Memory], fleet: FleetRecord | None) -> Recorded:
    stored = {name: m.resources[resource] for name, m in sorted(memories.items()) if resource in m.resources}
    best = max(stored.values(), key=lambda entry: (entry.record.epoch, _written(entry.metadata)))
    return Recorded(
        resource,
        best.record,
        _written(best.metadata),
        with_present_names(best.record.placement, fleet),
        {name: entry.record for name, entry in stored.items() if not entry.record.witness},
    )
