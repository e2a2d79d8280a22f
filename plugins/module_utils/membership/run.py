# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Join or leave: survey all members, refuse what must not be, write, then tell every member that answers.

The fleet record is the federation's own memory, so it is kept equal on all members, in play or not.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..fleet import files
from ..fleet.api import MemberApi
from ..fleet.concurrency import on_each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..fleet.own import keep_credential
from ..fleet.tokens import life_of, rfc3339
from ..model.access import FILE
from ..model.cluster import Cluster, Fleet
from ..model.errors import Kind, MemberError
from ..model.failover import DEFAULT_MAX_LOST, MaxLost
from ..model.operation import Operation
from ..model.policy import ANY, FailOn
from ..model.records import FleetRecord, merged_records, newest_fleet_record, with_entries, with_members
from ..propagation.hand import Hand
from ..propagation.lock import Held, Lock, take_all
from ..propagation.result import MemberReport, build
from ..propagation.store import write_fleet_record
from .identity import federation_uid, refusal
from .join import Joining, make, plan_join
from .leave import leave
from .rights import Asked
from .survey import Survey, survey

_WIDTH = 4
#: failures that say nothing of whether a member runs
_NO_LOSS = (Kind.UNTRUSTED, Kind.UNAUTHORIZED, Kind.FORBIDDEN, Kind.CREDENTIALS, Kind.NOT_JOINED, Kind.REFUSED)


@dataclass(frozen=True)
class Options:
    """How to join or leave; times in seconds. ``share``: other federations may be on the same cluster; ``force``: a member that does
    not answer may leave, too; ``rotate``: credentials of before end; ``max_lost``: how many members may be lost at once."""

    present: bool = True
    check: bool = False
    diff: bool = False
    share: bool = False
    delete_workloads: bool = False
    force: bool = False
    rotate: bool = False
    rights: Asked = field(default_factory=Asked)
    operation: Operation = field(default_factory=Operation)
    max_lost: MaxLost = DEFAULT_MAX_LOST
    request_timeout: float = 15.0
    member_timeout: float = 60.0
    fail_on: FailOn = ANY
    lock_timeout: float = 60.0


def run(fleet: Fleet, options: Options) -> dict[str, Any]:
    """Join the hosts in play to the federation, or let them leave it; returns the result of a module."""
    return _Run(fleet, options).go()


class _Run:
    def __init__(self, fleet: Fleet, options: Options) -> None:
        self.fleet = fleet
        self.options = options
        self.now = rfc3339(time.time())
        self.reports = {name: MemberReport(name) for name in fleet.members}
        self.surveys: dict[str, Survey] = {}
        self.joinings: dict[str, Joining] = {}
        self.kept: dict[str, str] = {}
        self._refused: set[str] = set()
        self.lock = Lock(fleet.federation)

    def go(self) -> dict[str, Any]:
        try:
            before, uid = self._look()
            if not self.options.check and before is not None and self._changes(before, uid):
                before, uid = self._look_locked()
            if self.options.operation.lost and before is not None:
                self._refuse_losses(before)
            after = self._join(before, uid) if self.options.present else self._leave(before)
            self._tell(after)
        finally:
            self.lock.release()
        result = build({}, self._shown(), self.options.fail_on, self.options.check, self.options.diff, self._warnings())
        for name, data in result["members"].items():
            if name in self.surveys:
                data["cluster"] = self._facts(name, after)
            if name in self.kept:
                data["credential"] = _credential(self.fleet.members[name], self.kept[name])
        if after is not None:
            result["federation"] = {
                "name": after.federation,
                "uid": after.uid,
                "epoch": after.epoch,
                "members": sorted(after.members),
            }
        return result

    # reading

    def _look(self) -> tuple[FleetRecord | None, str]:
        """Read every member; returns the newest fleet record of the federation, and its UID."""
        self._everywhere(list(self.fleet.members), self._survey)
        records = {n: s.seen.fleet for n, s in self.surveys.items() if s.seen.fleet is not None}
        uid = federation_uid(records.values())
        return newest_fleet_record({name: record for name, record in records.items() if record.uid == uid}), uid

    def _survey(self, name: str) -> None:
        cluster: Cluster = self.fleet.members[name]
        # what a join makes, only administrators may make
        api = connect(cluster, self.options.request_timeout, Deadline(self.options.member_timeout), as_given=True)
        self.surveys[name] = found = survey(api, cluster, self.fleet.federation)
        if self.options.present and name in self.fleet.in_play:
            renewable, rotate = cluster.access.mode == FILE, self.options.rotate
            self.joinings[name] = plan_join(api, found, self.fleet.federation, self.options.rights, renewable, rotate)

    def _changes(self, before: FleetRecord, uid: str) -> bool:
        """Whether there is anything to write, so that the lock is needed."""
        if not self.options.present:
            there = self.fleet.in_play & set(self.surveys)
            return any(self.surveys[name].seen.fleet is not None for name in there) or bool(self._forgotten(before))
        joining = [name for name, error in self._refusals(before, uid).items() if error is None]
        if any(self.joinings[name].writes for name in joining):
            return True
        after = self._with(before, joining)
        told = [name for name in after.members if name in self.surveys]
        return any(self.surveys[name].seen.fleet != after or self.surveys[name].seen.member != name for name in told)

    def _look_locked(self) -> tuple[FleetRecord | None, str]:
        """Take the lock of all members that answer, then read them once more: another run may have written meanwhile."""
        joined = [name for name, found in self.surveys.items() if found.seen.fleet is not None]

        def attempt() -> Mapping[str, Held]:
            held: dict[str, Held] = {}

            def take(name: str) -> None:
                try:
                    self.lock.take(self._hand(name).api, 0.0)
                except Held as error:
                    held[name] = error

            self._everywhere(joined, take)
            return held

        take_all(self.lock, joined, attempt, self.options.lock_timeout)
        self.surveys, self.joinings = {}, {}
        return self._look()

    def _everywhere(self, members: list[str], work: Callable[[str], None]) -> None:
        """Do ``work`` for each member at once; what goes wrong becomes the error of that member."""
        for name, error in on_each(members, work, self.options.member_timeout).items():
            self.reports[name].error = error

    def _in_play(self) -> list[str]:
        """The hosts in play that answer, and whose lock we have if it takes one."""
        return [name for name in sorted(self.fleet.in_play & set(self.surveys)) if self.reports[name].error is None]

    def _silent(self, before: FleetRecord | None) -> list[str]:
        """Members in play that joined once and cannot be reached now."""
        known = before.members if before is not None else {}
        return sorted(n for n in self.fleet.in_play & set(known) if n not in self.surveys and n not in self._refused)

    def _refusals(self, before: FleetRecord | None, uid: str) -> dict[str, MemberError | None]:
        """Why each host in play that answers must not join; None for those that may."""
        seen = {name: found.seen for name, found in self.surveys.items()}
        return {
            name: refusal(
                name,
                seen,
                before,
                uid,
                self.fleet.members,
                self.options.share,
                self.fleet.members[name].renamed_from,
            )
            for name in self._in_play()
        }

    def _refuse_losses(self, before: FleetRecord) -> None:
        """Members that must not be declared lost become errors: those that answer, those that only do not trust us or whom we do not
        trust, and all of them when they are so many that it is more likely we who are cut off."""
        asked = sorted(self.fleet.in_play & set(before.members))
        lost = {name for name, entry in before.members.items() if entry.lost} | set(asked)
        too_many = not self.options.max_lost.allows(len(lost), len(before.members))
        for name in asked:
            report, error = self.reports[name], self.reports[name].error
            if before.members[name].lost or (self.options.force and not too_many):
                continue
            if too_many:
                what = f"{len(lost)} of {len(before.members)} members would be lost, more than max_lost ({self.options.max_lost})"
                hint = "is it this controller that is cut off? look from elsewhere; raise max_lost if it is true"
            elif name in self.surveys:
                what, hint = "it answers, so it is not lost", "taint it to move what is on it, or say force: true"
            elif isinstance(error, MemberError) and error.kind in _NO_LOSS:
                what, hint = f"this is no loss: {error.message}", error.hint
            else:
                continue
            report.error = MemberError(Kind.REFUSED, what, hint)
            self.surveys.pop(name, None)
            self._refused.add(name)

    # joining

    def _join(self, before: FleetRecord | None, uid: str) -> FleetRecord | None:
        """Make what a member needs on each host in play that may join; returns the fleet record that follows."""
        joining = []
        for name, error in self._refusals(before, uid).items():
            if error is not None:
                self.reports[name].error = error
            else:
                joining.append(name)
                self.reports[name].notes += self.joinings[name].notes
        self._everywhere(joining, self._make)
        joined = [n for n in joining if not self.reports[n].failures and not self.reports[n].error]
        if before is None:
            if not joined:
                return None
            before = FleetRecord(self.fleet.federation, str(uuid.uuid4()))
        self._note_operation(before, joined)
        return self._with(before, joined)

    def _with(self, before: FleetRecord, joined: list[str]) -> FleetRecord:
        """The fleet record with the members that joined, and with what operators said of those in play."""
        after = with_members(before, {name: self.surveys[name].entry for name in joined})
        operation = self.options.operation
        spoken = [*joined, *self._silent(before)] if operation.asks else []
        entries = {name: operation.on(after.members[name], self.now) for name in spoken if name in after.members}
        # one step, so one epoch
        return with_entries(before, {**after.members, **entries})

    def _note_operation(self, before: FleetRecord, joined: list[str]) -> None:
        """Say what operators changed. A member that is down is no failure where the fleet record is all that is to change."""
        operation = self.options.operation
        if not operation.asks or not self.surveys:
            return
        after = self._with(before, joined)
        for name in self._silent(before):
            report = self.reports[name]
            report.notes.append(f"kept in the fleet record; the member itself cannot be reached: {report.error}")
            report.error, report.recorded = None, before.members[name] != after.members[name]
        for name in sorted(self.fleet.in_play):
            report = self.reports[name]
            if name in after.members and report.error is None:
                known = before.members.get(name) or self.surveys[name].entry
                report.said += operation.words(known, after.members[name])
            for what in operation.out_of_reach(self.fleet.members[name]):
                report.notes.append(f"{what} is in the inventory, which has to be changed for it to go")

    def _make(self, name: str) -> None:
        make(self._hand(name), self.joinings[name], self.options.rotate)
        cluster, report = self.fleet.members[name], self.reports[name]
        if cluster.access.mode != FILE or report.failures or self.options.check:
            return
        stored = files.read(cluster.access, name)
        life = life_of(stored.token) if stored is not None else None
        if self.options.rotate or life is None or life.in_last_third(time.time()):
            keep_credential(cluster, self._hand(name).api)
            report.notes.append(f"its credential is kept in {files.path_of(cluster.access, name)}")
        self.kept[name] = files.path_of(cluster.access, name)

    def _tell(self, after: FleetRecord | None) -> None:
        """Write the fleet record to every member of it that answers and holds another one."""
        if after is None:
            return

        def work(name: str) -> None:
            found = self.surveys[name]
            if found.seen.fleet == after and found.seen.member == name:
                return
            self.reports[name].recorded = True
            if name not in self.fleet.in_play:
                self.reports[name].said.append("fleet record brought up to date")
            if not self.options.check:
                write_fleet_record(self._hand(name).api, name, after, found.observation.memory.fleet_metadata)

        self._everywhere([n for n in after.members if n in self.surveys and self.reports[n].error is None], work)

    # leaving

    def _leave(self, before: FleetRecord | None) -> FleetRecord | None:
        """Take what a join made from each host in play; returns the fleet record of those that stay."""
        leaving = self._in_play()
        self._everywhere(leaving, self._unmake)
        if before is None:
            return None
        if not self.options.force:
            for name in self._silent(before):
                error = self.reports[name].error
                if isinstance(error, MemberError):
                    hint = "force: true lets it leave all the same, and leaves what is on it"
                    self.reports[name].error = MemberError(error.kind, error.message, hint, error.code)
        gone = {name for name in leaving if self.reports[name].error is None and not self.reports[name].failures}
        for name in self._forgotten(before):
            report = self.reports[name]
            report.notes.append(f"forgotten; what is on it runs on, since it cannot be reached: {report.error}")
            report.error, report.recorded = None, True
            gone.add(name)
        if not self.options.check:
            for name in gone:
                files.forget(self.fleet.members[name].access, name)
        stay = {name: entry for name, entry in before.members.items() if name not in gone}
        return with_entries(before, stay) if stay else None

    def _forgotten(self, before: FleetRecord) -> list[str]:
        return self._silent(before) if self.options.force else []

    def _unmake(self, name: str) -> None:
        memories = [found.observation.memory for found in self.surveys.values()]
        known = merged_records(stored.record for memory in memories for stored in memory.resources.values())
        leave(self._hand(name), self.surveys[name], name, self.reports[name], self.options.delete_workloads, known)

    # telling

    def _shown(self) -> Mapping[str, MemberReport]:
        """The hosts in play, and others only where something happened to them."""
        return {n: r for n, r in self.reports.items() if n in self.fleet.in_play or (r.recorded and r.error is None)}

    def _warnings(self) -> list[str]:
        """Members out of play that could not be told: their record is brought up to date by the next run that reaches them."""
        return [
            f"{name} could not be told of the change ({report.error}); the next run that reaches it will"
            for name, report in self.reports.items()
            if name not in self.fleet.in_play and report.error is not None
        ]

    def _facts(self, name: str, after: FleetRecord | None) -> dict[str, Any]:
        found = self.surveys[name]
        entry = (after.members.get(name) if after is not None else None) or found.entry
        return {
            "uid": entry.uid,
            "version": entry.version,
            "region": entry.region,
            "zones": list(entry.zones),
            "provider": entry.provider,
            "nodes": found.nodes,
            "labels": dict(entry.labels),
            "taints": [{"taint": str(taint), "since": taint.since} for taint in entry.taints],
            "cordoned": entry.cordoned,
            "lost": entry.lost,
            "fenced": entry.fenced,
        }

    def _hand(self, name: str) -> Hand:
        found = self.surveys[name].observation
        api = MemberApi(name, found.api.transport, Deadline(self.options.member_timeout))
        return Hand(
            api,
            found.discovery,
            self.fleet.federation,
            self.options.check,
            self.options.diff,
            _WIDTH,
            self.reports[name].outcomes,
        )


def _credential(cluster: Cluster, path: str) -> dict[str, Any]:
    """What a person may know of a stored credential."""
    stored = files.read(cluster.access, cluster.name)
    life = life_of(stored.token) if stored is not None else None
    if life is None:
        return {"file": path}
    return {"file": path, "expires": rfc3339(life.expires), "seconds_left": int(life.left(time.time()))}
