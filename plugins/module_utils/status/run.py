# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How resources stand on their members: everything is read at once, then compared.

All members are looked at together: first their records, which say what to look for, then one LIST a kind. A member that is late reads
what the others were asked for; one that never answers is told of, and holds up nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ..fleet.concurrency import SLACK, in_good_time, on_each, start_all
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..model.cluster import Fleet
from ..model.errors import FederationError, Kind, MemberError, internal_error
from ..model.manifest import GroupKind
from ..model.records import FleetRecord, newest_fleet_record, with_recorded_facts
from ..propagation.observe import look, require_joined, with_autoscalers
from ..propagation.plan import MemberPlan, plan_member
from ..propagation.shares import recorded_shares
from ..propagation.store import Memory, read_template
from .drift import Compared, compared
from .findings import Findings, find
from .memory import Recorded, gather
from .orphans import find_orphans
from .reading import Reading, Wish, read_objects
from .result import build
from .templates import TRIES, Kept, Version, asked_of, prepared, versions_in_use


@dataclass(frozen=True)
class Options:
    """Times in seconds, as in `engine.Options`. ``everything``: look for orphans among all kinds that members serve."""

    request_timeout: float = 15.0
    member_timeout: float = 60.0
    everything: bool = False


def run(fleet: Fleet, chosen: Sequence[str] | None, options: Options) -> dict[str, Any]:
    """The state of the chosen resources (None: all that the members remember) on the members in play. Nothing is written."""
    return _Run(fleet, chosen, options).go()


class _Run:
    def __init__(self, fleet: Fleet, chosen: Sequence[str] | None, options: Options) -> None:
        self.fleet = fleet
        self.chosen = frozenset(chosen) if chosen is not None else None
        self.options = options
        self.readings = {name: Reading(name) for name in sorted(fleet.in_play)}
        self.warnings: list[str] = []
        self._wish = Wish(fleet.federation, self.chosen, frozenset(), frozenset(), options.everything)
        self._decided = threading.Event()
        self._done = {name: threading.Event() for name in self.readings}
        self._limit = Deadline(options.member_timeout + SLACK)

    def go(self) -> dict[str, Any]:
        self._read()
        record = self._fleet_record()
        memories = {name: r.seen.memory for name, r in self.readings.items() if r.seen is not None}
        recorded = gather(memories, record, self.chosen)
        for name, reading in self.readings.items():
            entry = record.members.get(name) if record is not None else None
            reading.version = entry.version if entry is not None else ""
        comparisons = self._compare(recorded, self._templates(recorded), record)
        everything = gather(memories, record, None)  # an object of a resource that was not asked for is no orphan
        silent = [name for name, reading in self.readings.items() if reading.error is not None]
        orphans = find_orphans(
            {name: reading.objects for name, reading in self.readings.items()},
            everything,
            {key: found.extra for key, found in comparisons.items()},
            self.fleet.federation,
            silent,
        )
        findings = {
            name: find(
                entry,
                self.readings,
                {member: found for (resource, member), found in comparisons.items() if resource == name},
                [orphan for orphan in orphans if orphan.resource == name],
                self.fleet.members,
                self.fleet.federation,
            )
            for name, entry in recorded.items()
        }
        for name in self.chosen or ():
            findings.setdefault(name, Findings())
        loose = [orphan for orphan in orphans if orphan.resource not in everything]
        clusters = {name: with_recorded_facts(self.fleet.members[name], record) for name in self.readings}
        return build(clusters, self.readings, findings, loose, self.warnings, self.fleet.federation, record)

    # reading

    def _guarded(self, name: str, work: Callable[[Reading], None]) -> None:
        """Do some work for a member; what goes wrong is told of it, and ends it."""
        reading = self.readings[name]
        try:
            work(reading)
            return
        except FederationError as error:
            reading.error, reading.seen = error, None
        except Exception as error:  # a defect of ours on one member must not take the others with it
            reading.error, reading.seen = internal_error(error), None
        self._done[name].set()

    def _look(self, name: str) -> None:
        def work(reading: Reading) -> None:
            budget = Deadline(self.options.member_timeout)
            api = connect(self.fleet.members[name], self.options.request_timeout, budget)
            seen = look(api, self.fleet.federation)
            require_joined(name, self.fleet.federation, seen.memory)
            reading.seen = seen

        self._guarded(name, work)

    def _list(self, name: str) -> None:
        def work(reading: Reading) -> None:
            if reading.seen is not None:
                read_objects(reading, self._wish_with([reading.seen.memory]))

        if not self._done[name].is_set():
            self._guarded(name, work)
            self._done[name].set()

    def _late(self, name: str) -> None:
        self._decided.wait()
        self._list(name)

    def _decide(self, memories: Sequence[Memory]) -> None:
        """What to look for on all members. A resource that nobody records may have left anything behind that others have."""
        records = {name: stored.record for memory in memories for name, stored in memory.resources.items()}
        self._wish = self._wish_with(memories, everything=bool((self.chosen or frozenset()) - set(records)))

    def _wish_with(self, memories: Sequence[Memory], everything: bool = False) -> Wish:
        """What to look for where these records are known, too."""
        stored = [s for m in memories for name, s in m.resources.items() if everything or self._asked(name)]
        kinds = self._wish.kinds.union(*(entry.record.kinds for entry in stored))
        spaces = self._wish.secret_spaces.union(*(entry.record.secret_spaces for entry in stored))
        return replace(self._wish, kinds=kinds, secret_spaces=spaces)

    def _asked(self, resource: str) -> bool:
        return self.chosen is None or resource in self.chosen

    def _read(self) -> None:
        """Read all members; in the end each one has an error or all that was read."""
        try:
            present = in_good_time(list(self.readings), self._look, self._late, self._limit)
            seen = [self.readings[name].seen for name in sorted(present)]
            self._decide([found.memory for found in seen if found is not None])
        finally:
            self._decided.set()
        start_all(present, self._list)
        for name, done in self._done.items():
            if not done.wait(self._limit.remaining()):
                # a new one: its thread may still be writing to the old one
                seconds = f"{self.options.member_timeout:g} s"
                error = MemberError(Kind.TIMEOUT, f"it was not done in {seconds}", "see member_timeout")
                self.readings[name] = Reading(name, error)

    def _fleet_record(self) -> FleetRecord | None:
        records = {n: r.seen.memory.fleet for n, r in self.readings.items() if r.seen is not None}
        try:
            return newest_fleet_record({name: record for name, record in records.items() if record is not None})
        except MemberError as error:
            self.warnings.append(str(error))
            return None

    # comparing

    def _templates(self, recorded: Mapping[str, Recorded]) -> dict[Version, Kept]:
        """The kept templates in use, each from one of its holders, or from the next one if that does not work."""
        left = versions_in_use(recorded)
        found: dict[Version, Kept] = {}
        for attempt in range(TRIES):
            asked = asked_of(left, attempt)
            if asked:
                on_each(asked, partial(self._ask, asked, found), self.options.request_timeout)
            left = {version: members for version, members in left.items() if version not in found}
        return found

    def _ask(self, asked: Mapping[str, list[Version]], found: dict[Version, Kept], member: str) -> None:
        """Read the templates that a member is asked for; those that it does not have are asked of others."""
        seen = self.readings[member].seen
        if seen is None:
            return
        api = seen.api.until(Deadline(self.options.request_timeout))
        for version in asked[member]:
            kept = prepared(version, lambda resource: read_template(api, self.fleet.federation, resource))
            if kept is not None:
                found[version] = kept

    def _compare(
        self, recorded: Mapping[str, Recorded], kept: Mapping[Version, Kept], record: FleetRecord | None
    ) -> dict[tuple[str, str], Compared]:
        """Every placed resource with a known template, on every member that answered: by (resource, member)."""
        pairs: dict[tuple[str, str], tuple[Recorded, Kept]] = {}
        for name, entry in recorded.items():
            for member in sorted(set(entry.placement) & set(self.readings)):
                template = kept.get((name, entry.records.get(member, entry.newest).template))
                if template is not None and self.readings[member].seen is not None:
                    pairs[name, member] = (entry, template)
        plans = {key: self._plan(key[1], *pair, record) for key, pair in pairs.items()}
        again = self._look_for_autoscalers(plans)
        plans |= {key: self._plan(key[1], *pairs[key], record) for key in plans if key[1] in again}
        return {
            key: compared(
                plan,
                self.readings[key[1]].objects,
                self._unread(key[1], plan),
                self.fleet.federation,
                pairs[key][1].partial,
            )
            for key, plan in plans.items()
            if plan is not None
        }

    def _unread(self, member: str, plan: MemberPlan) -> set[GroupKind]:
        """Kinds of which it is unknown what there is."""
        reading = self.readings[member]
        listed = reading.seen.kinds if reading.seen is not None else frozenset()
        return {*reading.unread, *({step.name.kind for step in plan.steps} - listed)}

    def _plan(self, member: str, entry: Recorded, kept: Kept, record: FleetRecord | None) -> MemberPlan | None:
        seen = self.readings[member].seen
        cluster = with_recorded_facts(self.fleet.members[member], record)
        if seen is None:
            return None
        try:
            return plan_member(
                kept.template,
                cluster,
                True,
                seen,
                self.fleet.federation,
                entry.placement,
                entry.newest.epoch,
                recorded_shares(kept.template, entry.newest.divided),
            )
        except Exception as error:  # a template that somebody tampered with must not hide the members
            self.warnings.append(f"{entry.resource} on {member} cannot be compared: {internal_error(error)}")
            return None

    def _look_for_autoscalers(self, plans: Mapping[tuple[str, str], MemberPlan | None]) -> set[str]:
        """Learn what autoscalers scale on members where a difference may be theirs; returns the members where that was learned."""
        spaces: dict[str, set[str]] = {}
        for (_resource, member), plan in plans.items():
            if plan is not None and plan.undecided:
                spaces.setdefault(member, set()).update(step.name.namespace for step in plan.steps)
        learned = set()

        def work(name: str) -> None:
            reading = self.readings[name]
            if reading.seen is not None:
                reading.seen = with_autoscalers(reading.seen, spaces[name] - {""})
                learned.add(name)

        on_each(spaces, work, self.options.request_timeout)
        return learned
