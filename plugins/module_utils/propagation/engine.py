# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine: many resources on many members in one run.

Each member has a thread that observes it, waits for the decision, then plans, writes, waits and prunes on its own. The decision
(which members get what) is made once, from the inventory and the records of the members that answered in good time; a member that
answers late gets its share of that same decision, and one that never answers holds nobody up.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.concurrency import SLACK, on_each, start_all
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..model import names
from ..model.cluster import Cluster, Fleet
from ..model.errors import ConfigError, FederationError, Kind, MemberError, internal_error
from ..model.policy import ANY, FailOn
from ..model.records import (
    FleetRecord,
    ResourceRecord,
    newest_fleet_record,
    newest_placement,
    with_recorded_facts,
)
from ..model.resource import Resource
from ..rendering.overrides import refuse_idle
from ..scheduling.select import select
from . import result
from .apply import Hand, deferred, delete, write
from .health import WAITED
from .observe import Interest, Observation, observe, selector_for
from .plan import Action, MemberPlan, Step, plan_member, prepare
from .store import delete_resource_record, write_resource_record
from .wait import wait_healthy

#: once half of the members have answered, the others get this many times as long, and at least this many seconds
_GRACE_FACTOR, _GRACE_SECONDS = 3.0, 1.0
#: objects written to one member at once, at most; its API server queues what is more
_WIDTH = 8


@dataclass(frozen=True)
class Options:
    """How to run. Times are in seconds: ``request_timeout`` for one request, ``member_timeout`` for all reads and writes of one
    member, ``wait_timeout`` for its workloads to become healthy. ``concurrency`` is how many writes run at once in all."""

    check: bool = False
    diff: bool = False
    request_timeout: float = 15.0
    member_timeout: float = 60.0
    wait: bool = False
    wait_timeout: float = 300.0
    concurrency: int = 16
    fail_on: FailOn = ANY


@dataclass(frozen=True)
class Decisions:
    """Who gets what: per resource its report, its placement for the records, and the epoch of these records."""

    reports: Mapping[str, result.ResourceReport]
    placements: Mapping[str, Mapping[str, int | None]]
    epochs: Mapping[str, int]
    clusters: Mapping[str, Cluster]


class _Member:
    """One member in one run: its thread's state, and what it reports."""

    def __init__(self, name: str, cluster: Cluster) -> None:
        self.name = name
        self.cluster = cluster
        self.report = result.MemberReport(name)
        self.observation: Observation | None = None
        self.leaving: list[MemberPlan] = []
        self.finished = threading.Event()


def check_resources(fleet: Fleet, resources: Sequence[Resource]) -> None:
    """ConfigError for what no fleet could make right: names given twice, members that do not exist, overrides that fit nothing."""
    seen = set()
    for resource in resources:
        if resource.name in seen:
            raise ConfigError(f"resource {resource.name} is given twice in one run")
        seen.add(resource.name)
        for where, what in [(resource.placement.where, "placement")] + [(o.where, str(o)) for o in resource.overrides]:
            unknown = sorted(where.names() - set(fleet.members))
            if unknown:
                raise ConfigError(
                    f"resource {resource.name}: {what} names {', '.join(unknown)}, which the fleet does not have",
                    "members are " + ", ".join(list(fleet.members)[:20]),
                )
        refuse_idle(resource)


def run(fleet: Fleet, resources: Sequence[Resource], options: Options) -> dict[str, Any]:
    """Bring the members in play to what the resources ask for; returns the result of a module (see `result.build`).

    ConfigError when the request itself is wrong: nothing was sent. Whatever goes wrong on a member is in the result.
    """
    check_resources(fleet, resources)
    return _Run(fleet, resources, options).go()


class _Run:
    def __init__(self, fleet: Fleet, resources: Sequence[Resource], options: Options) -> None:
        self.fleet = fleet
        self.options = options
        self.templates = {resource.name: prepare(resource) for resource in resources}
        self.members = {name: _Member(name, fleet.members[name]) for name in sorted(fleet.in_play)}
        self.decisions: Decisions | None = None
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._decided = threading.Event()
        self._width = max(1, min(_WIDTH, options.concurrency // max(1, len(self.members))))
        self._interest = Interest(
            fleet.federation,
            frozenset(self.templates),
            frozenset(kind for template in self.templates.values() for kind in template.kinds),
            frozenset(space for template in self.templates.values() for space in template.namespaces),
        )

    def go(self) -> dict[str, Any]:
        start_all(self.members, self._work)
        limit = Deadline(self.options.member_timeout + SLACK)
        self._gather(limit)
        try:
            self.decisions = decisions = self._decide()
        finally:
            self._decided.set()  # without a decision the threads end without a write
        self._finish(limit if not self.options.wait else Deadline(limit.remaining() + self.options.wait_timeout))
        self._leave(decisions)
        return result.build(
            decisions.reports,
            {name: member.report for name, member in self.members.items()},
            self.options.fail_on,
            self.options.check,
            self.options.diff,
            [],
        )

    def _gather(self, limit: Deadline) -> None:
        """Wait for the observations: for all of them, or until those that are late have had their grace."""
        begun, answered = time.monotonic(), 0
        while answered < len(self.members) and not limit.expired():
            try:
                self._answers.get(timeout=max(0.001, limit.remaining()))
            except queue.Empty:
                return
            answered += 1
            if answered * 2 >= len(self.members):
                taken = time.monotonic() - begun
                limit = limit.within(max(_GRACE_SECONDS, (_GRACE_FACTOR - 1) * taken))

    def _decide(self) -> Decisions:
        """Placement of every resource over the whole fleet, from the inventory and what the members remember."""
        seen = {name: m.observation for name, m in self.members.items() if m.observation is not None}
        fleet_records: dict[str, FleetRecord] = {
            n: o.memory.fleet for n, o in seen.items() if o.memory.fleet is not None
        }
        newest = newest_fleet_record(fleet_records)
        clusters = {name: with_recorded_facts(cluster, newest) for name, cluster in self.fleet.members.items()}
        reports: dict[str, result.ResourceReport] = {}
        placements: dict[str, Mapping[str, int | None]] = {}
        epochs: dict[str, int] = {}
        for name, template in self.templates.items():
            records = [o.memory.resources[name].record for o in seen.values() if name in o.memory.resources]
            report = self._place(template.resource, clusters, records)
            reports[name] = report
            placements[name] = dict.fromkeys(report.selected)
            epochs[name] = max((record.epoch for record in records), default=0) + 1
        return Decisions(reports, placements, epochs, clusters)

    def _place(
        self, resource: Resource, clusters: Mapping[str, Cluster], records: Iterable[ResourceRecord]
    ) -> result.ResourceReport:
        report = result.ResourceReport(resource.name)
        if not resource.present:
            report.reasons = dict.fromkeys(clusters, "state is absent")
            return report
        for name, decision in select(resource.placement, list(clusters.values()), newest_placement(records)).items():
            if decision.selected:
                report.selected.append(name)
            else:
                report.reasons[name] = decision.reason
        if not report.selected and not resource.allow_empty:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in list(report.reasons.items())[:10])
            report.error = ConfigError(
                f"its placement selects no member ({reasons})",
                "correct the placement, or set allow_empty if this is meant",
            )
        return report

    def _work(self, name: str) -> None:
        """The thread of one member, from the first look to the last write."""
        member, begun = self.members[name], time.monotonic()
        deadline = Deadline(self.options.member_timeout)
        try:
            try:
                api = connect(member.cluster, self.options.request_timeout, deadline)
                member.observation = observe(api, name, self._interest, new=self.options.check)
                if member.observation.memory.fleet is None:
                    member.report.notes.append("not a member yet; this is what would happen once it is")
            except FederationError as error:
                member.report.error = error
            finally:
                self._answers.put(name)
            self._decided.wait()
            if member.observation is not None and self.decisions is not None:
                self._bring(member, member.observation, self.decisions)
        except FederationError as error:
            member.report.error = error
        except Exception as error:  # a defect of ours on one member must not take the others with it
            member.report.error = internal_error(error)
        finally:
            member.report.seconds = time.monotonic() - begun
            member.finished.set()

    def _hand(self, seen: Observation) -> Hand:
        return Hand(seen.api, seen.discovery, self.fleet.federation, self.options.check, self.options.diff, self._width)

    def _bring(self, member: _Member, seen: Observation, decisions: Decisions) -> None:
        """Bring one member to the plan: records grow, writes, health, prune, records shrink."""
        plans = []
        for name, template in self.templates.items():
            report = decisions.reports[name]
            if report.error is not None:
                continue
            cluster = decisions.clusters[member.name]
            selected = member.name in report.selected
            plan = plan_member(
                template,
                cluster,
                selected,
                seen,
                self.fleet.federation,
                decisions.placements[name],
                decisions.epochs[name],
            )
            member.report.notes += plan.notes
            if selected or not template.resource.present:
                plans.append(plan)
            elif plan.leaving:
                member.leaving.append(plan)
        hand = self._hand(seen)
        hand.outcomes = member.report.outcomes
        if not plans and not member.leaving:
            member.report.skipped = "nothing is placed here"
            return
        self._grow_records(member, seen, plans)
        write(hand, _once([step for plan in plans for step in plan.steps]))
        if self.options.wait and not self.options.check and not hand.failed():
            self._wait(member, seen, plans)
        prunable = [p for p in plans if not self._in_trouble(member, p)]
        doomed = [step for plan in prunable for step in plan.steps]
        delete(hand, doomed)
        for plan in plans:
            if plan not in prunable:
                member.report.outcomes += deferred(plan.steps, "what replaces it is not in place on this member")
        self._shrink_records(member, seen, prunable)

    def _in_trouble(self, member: _Member, plan: MemberPlan) -> bool:
        """Whether anything of the resource failed or is not healthy here: then nothing of it is deleted."""
        failed = any(o.resource == plan.resource.name for o in member.report.failures)
        return plan.resource.present and (failed or bool(member.report.unhealthy))

    def _grow_records(self, member: _Member, seen: Observation, plans: Sequence[MemberPlan]) -> None:
        """Before the first write: the record names every kind and namespace that there may be something in from now on."""
        for plan in plans:
            if plan.record is None:
                continue
            stored = seen.memory.resources.get(plan.resource.name)
            if stored is None and not plan.of(*Action.WRITES, Action.NONE):
                continue  # every object is blocked: there is nothing to remember
            grown = plan.record
            if stored is not None:
                grown = replace(
                    grown,
                    kinds=grown.kinds | stored.record.kinds,
                    namespaces=grown.namespaces | stored.record.namespaces,
                )
                if grown.same_as(stored.record):
                    continue
            self._store(member, seen, grown)

    def _store(self, member: _Member, seen: Observation, record: ResourceRecord) -> None:
        known = dict(seen.memory.resources)
        stored = known.get(record.resource)
        member.report.recorded = True
        if self.options.check:
            return
        metadata = stored.metadata if stored is not None else {}
        known[record.resource] = write_resource_record(seen.api, self.fleet.federation, record, metadata)
        member.observation = replace(seen, memory=replace(seen.memory, resources=known))

    def _shrink_records(self, member: _Member, seen: Observation, plans: Sequence[MemberPlan]) -> None:
        """After a complete prune: the record forgets what is not there any more."""
        failed = {outcome.resource for outcome in member.report.failures}
        for plan in plans:
            current = (member.observation or seen).memory.resources.get(plan.resource.name)
            if current is None or plan.resource.name in failed or self.options.check:
                continue
            if plan.record is None:
                delete_resource_record(seen.api, self.fleet.federation, current)
                member.report.recorded = True
            elif not plan.record.same_as(current.record):
                self._store(member, member.observation or seen, plan.record)

    def _wait(self, member: _Member, seen: Observation, plans: Sequence[MemberPlan]) -> None:
        """Wait for every workload of the resources on this member."""
        wanted = [
            s.name for p in plans if p.resource.present for s in p.steps if s.want is not None and s.name.kind in WAITED
        ]
        if not wanted:
            return
        deadline = Deadline(self.options.wait_timeout)
        api = MemberApi(member.name, seen.api.transport, deadline)
        selector = selector_for(self.fleet.federation, [p.resource.name for p in plans if p.resource.present])
        state = wait_healthy(api, seen.discovery, selector, wanted, deadline)
        member.report.unhealthy = {str(name): health for name, health in sorted(state.items()) if not health.healthy}

    def _finish(self, limit: Deadline) -> None:
        """Wait for the threads; those that do not come back in time are left behind with what they have."""
        for member in self.members.values():
            if not member.finished.wait(limit.remaining()) and member.report.error is None:
                member.report.error = MemberError(
                    Kind.TIMEOUT, f"it was not done in {self.options.member_timeout:g} s", "see member_timeout"
                )

    def _leave(self, decisions: Decisions) -> None:
        """Take resources from members that are no longer selected, once they are proven to be in place where they are selected."""
        leaving = {
            name: (member, member.observation)
            for name, member in self.members.items()
            if member.leaving and member.observation is not None and member.report.error is None
        }
        if not leaving:
            return
        reasons = {name: self._not_proven(report) for name, report in decisions.reports.items()}

        def work(name: str) -> None:
            self._leave_one(*leaving[name], reasons)

        for name, error in on_each(leaving, work, self.options.member_timeout).items():
            leaving[name][0].report.error = error

    def _leave_one(self, member: _Member, seen: Observation, reasons: Mapping[str, str]) -> None:
        seen = replace(seen, api=MemberApi(member.name, seen.api.transport, Deadline(self.options.member_timeout)))
        for plan in member.leaving:
            reason = reasons[plan.resource.name]
            if reason:
                member.report.outcomes += deferred(plan.steps, reason)
                continue
            hand = self._hand(seen)
            write(hand, plan.steps)
            delete(hand, plan.steps)
            member.report.outcomes += hand.outcomes
            self._shrink_records(member, seen, [plan])

    def _not_proven(self, report: result.ResourceReport) -> str:
        """Why the resource must not be taken from anywhere yet; "" when every selected member has it."""
        for name in report.selected:
            member = self.members.get(name)
            if member is None:
                return f"deferred: {name}, which is to have it, is not part of this run"
            if member.report.error is not None or member.report.failures or member.report.unhealthy:
                return f"deferred: {name}, which is to have it, is not done"
        return ""


def _once(steps: Sequence[Step]) -> list[Step]:
    """Without the second wish for one and the same namespace, which two resources may share."""
    shared: dict[Any, Step] = {step.name: step for step in steps if step.resource == names.RESOURCE_NAMESPACES}
    return list(shared.values()) + [step for step in steps if step.resource != names.RESOURCE_NAMESPACES]
