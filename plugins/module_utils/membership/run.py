# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Joining and leaving: all members are read, the hosts in play are changed, and every member that answers learns of it.

The fleet record is the federation's own memory, so it is kept equal on all members, in play or not.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.concurrency import on_each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..model import names
from ..model.cluster import Cluster, Fleet
from ..model.errors import Kind, MemberError
from ..model.manifest import ObjectName, kind_of, name_of
from ..model.policy import ANY, FailOn
from ..model.records import FleetRecord, newest_fleet_record, with_members
from ..propagation.apply import write
from ..propagation.hand import Done, Hand, Outcome
from ..propagation.lock import Held, Lock, take_all
from ..propagation.observe import list_owned
from ..propagation.plan import Action, Step, marked_copy, wanted_step
from ..propagation.remove import delete
from ..propagation.result import MemberReport, build
from ..propagation.store import CONFIG_MAPS, delete_resource_record, write_fleet_record
from ..rendering.ownership import is_owned, normalise
from .identity import federation_uid, refusal
from .manifests import membership_manifests
from .survey import Survey, survey

_WIDTH = 4


@dataclass(frozen=True)
class Options:
    """How to join or leave; times in seconds. ``share``: other federations may be on the same cluster."""

    present: bool = True
    check: bool = False
    diff: bool = False
    share: bool = False
    delete_workloads: bool = False
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
        self.manifests = [normalise(manifest) for manifest in membership_manifests(fleet.federation)]
        self.kinds = frozenset(kind_of(manifest) for manifest in self.manifests)
        self.reports = {name: MemberReport(name) for name in fleet.members}
        self.surveys: dict[str, Survey] = {}
        self.lock = Lock(fleet.federation)

    def go(self) -> dict[str, Any]:
        try:
            before, uid = self._look()
            if not self.options.check and before is not None and self._changes(before, uid):
                before, uid = self._look_locked()
            after = self._join(before, uid) if self.options.present else self._leave(before)
            self._tell(after)
        finally:
            self.lock.release()
        result = build({}, self._shown(), self.options.fail_on, self.options.check, self.options.diff, self._warnings())
        for name, data in result["members"].items():
            if name in self.surveys:
                data["cluster"] = self._facts(self.surveys[name])
        if after is not None:
            result["federation"] = {
                "name": after.federation,
                "uid": after.uid,
                "epoch": after.epoch,
                "members": sorted(after.members),
            }
        return result

    def _look(self) -> tuple[FleetRecord | None, str]:
        """Read every member; returns the newest fleet record of the federation, and its UID."""
        self._everywhere(list(self.fleet.members), self._survey)
        records = {n: s.seen.fleet for n, s in self.surveys.items() if s.seen.fleet is not None}
        uid = federation_uid(records.values())
        return newest_fleet_record({name: record for name, record in records.items() if record.uid == uid}), uid

    def _changes(self, before: FleetRecord, uid: str) -> bool:
        """Whether there is anything to write, so that the lock is needed."""
        if not self.options.present:
            return any(self.surveys[name].seen.fleet is not None for name in self.fleet.in_play & set(self.surveys))
        joining = [name for name, error in self._refusals(before, uid).items() if error is None]
        if any(step.action in Action.WRITES for name in joining for step in self._steps(name)):
            return True
        after = with_members(before, {name: self.surveys[name].entry for name in joining})
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
        self.surveys = {}
        return self._look()

    def _everywhere(self, members: list[str], work: Callable[[str], None]) -> None:
        """Do ``work`` for each member at once; what goes wrong becomes the error of that member."""
        for name, error in on_each(members, work, self.options.member_timeout).items():
            self.reports[name].error = error

    def _survey(self, name: str) -> None:
        cluster: Cluster = self.fleet.members[name]
        api = connect(cluster, self.options.request_timeout, Deadline(self.options.member_timeout))
        self.surveys[name] = survey(api, cluster, self.fleet.federation, self.kinds)

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

    def _facts(self, found: Survey) -> dict[str, Any]:
        entry = found.entry
        return {
            "uid": entry.uid,
            "version": entry.version,
            "region": entry.region,
            "zones": list(entry.zones),
            "provider": entry.provider,
            "nodes": found.nodes,
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

    def _join(self, before: FleetRecord | None, uid: str) -> FleetRecord | None:
        """Make what a member needs on each host in play that may join; returns the fleet record that follows."""
        joining = []
        for name, error in self._refusals(before, uid).items():
            if error is not None:
                self.reports[name].error = error
            else:
                joining.append(name)
        if not joining:
            return before
        self._everywhere(joining, self._make)
        joined = {
            name: self.surveys[name].entry
            for name in joining
            if not self.reports[name].failures and not self.reports[name].error
        }
        if not joined:
            return before
        return with_members(before or FleetRecord(self.fleet.federation, str(uuid.uuid4())), joined)

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

    def _in_play(self) -> list[str]:
        """The hosts in play that answer, and whose lock we have if it takes one."""
        return [name for name in sorted(self.fleet.in_play & set(self.surveys)) if self.reports[name].error is None]

    def _steps(self, name: str) -> list[Step]:
        found = self.surveys[name]
        return [
            wanted_step(
                marked_copy(manifest, name_of(manifest), self.fleet.federation, names.RESOURCE_MEMBERSHIP),
                name_of(manifest),
                found.observation.discovery.require(kind_of(manifest)),
                found.owned,
                self.fleet.federation,
                names.RESOURCE_MEMBERSHIP,
            )
            for manifest in self.manifests
        ]

    def _make(self, name: str) -> None:
        write(self._hand(name), self._steps(name))

    def _tell(self, after: FleetRecord | None) -> None:
        """Write the fleet record to every member of it that answers and holds another one."""
        if after is None:
            return

        def work(name: str) -> None:
            found = self.surveys[name]
            if found.seen.fleet == after and found.seen.member == name:
                return
            self.reports[name].recorded = True
            if not self.options.check:
                write_fleet_record(self._hand(name).api, name, after, found.observation.memory.fleet_metadata)

        self._everywhere([n for n in after.members if n in self.surveys and self.reports[n].error is None], work)

    def _leave(self, before: FleetRecord | None) -> FleetRecord | None:
        """Take what a join made from each host in play; returns the fleet record of those that stay."""
        leaving = self._in_play()
        self._everywhere(leaving, self._unmake)
        if before is None:
            return None
        gone = {name for name in leaving if self.reports[name].error is None and not self.reports[name].failures}
        stay = {name: entry for name, entry in before.members.items() if name not in gone}
        if not stay:
            return None
        after = replace(before, members=stay)
        return after if after == before else replace(after, epoch=before.epoch + 1)

    def _unmake(self, name: str) -> None:
        found, report = self.surveys[name], self.reports[name]
        memory = found.observation.memory
        if memory.fleet is None and not self._membership_steps(found):
            report.skipped = "it is not a member"
            return
        if memory.member and memory.member != name:
            raise MemberError(
                Kind.REFUSED,
                f"this cluster joined as {memory.member}, not as {name}",
                "correct the kubeconfig or context of this host",
            )
        hand = self._hand(name)
        if self.options.delete_workloads:
            delete(hand, self._workload_steps(hand, found))
        elif memory.resources:
            report.notes.append(
                f"the workloads of {', '.join(sorted(memory.resources))} stay there (workloads: delete removes them)"
            )
        if hand.failed():
            return  # the records must outlive what they record
        if not self.options.check:
            for stored in memory.resources.values():
                delete_resource_record(hand.api, self.fleet.federation, stored)
            if memory.fleet is not None:
                space = names.federation_namespace(self.fleet.federation)
                hand.api.delete(CONFIG_MAPS, space, names.RECORD_FLEET, memory.fleet_metadata)
        report.recorded = memory.fleet is not None
        delete(hand, self._membership_steps(found))

    def _deletion(
        self, found: Survey, resource: str, name: ObjectName, metadata: Mapping[str, Any], reason: str
    ) -> Step:
        owned = is_owned(metadata, name, self.fleet.federation, resource)
        action = Action.DELETE if owned else Action.KEEP
        return Step(
            resource,
            name,
            action,
            reason if owned else "carries our labels but was not made by us: left alone",
            found.observation.discovery.find(name.kind),
            seen=metadata,
        )

    def _membership_steps(self, found: Survey) -> list[Step]:
        return [
            self._deletion(found, names.RESOURCE_MEMBERSHIP, name, metadata, "made by the join")
            for name, metadata in sorted(found.owned.items())
            if not metadata.get("deletionTimestamp")
        ]

    def _workload_steps(self, hand: Hand, found: Survey) -> list[Step]:
        """A deletion for every object of every resource that the member remembers; CRDs and namespaces stay."""
        steps = []
        for resource, stored in sorted(found.observation.memory.resources.items()):
            record = stored.record
            objects = list_owned(
                hand.api,
                found.observation.discovery,
                self.fleet.federation,
                [resource],
                record.kinds,
                record.namespaces,
            )
            for name, metadata in sorted(objects.items()):
                step = self._deletion(found, resource, name, metadata, "the member leaves")
                if name.kind.kind in ("Namespace", "CustomResourceDefinition"):
                    step = replace(step, action=Action.KEEP, reason="namespaces and CRDs are kept")
                steps.append(step)
        for step in steps:
            if step.action == Action.KEEP:
                hand.note(Outcome(step.resource, step.name, Done.KEPT, step.reason))
        return steps
