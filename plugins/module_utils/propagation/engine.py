# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine: many resources on many members in one run.

All members are observed at once. The decision (which members get what) is made once, from the inventory and the records of the
members that answered in good time; if it leaves anything to write, the lock of all these members is taken, and what another run
changed meanwhile is observed again. Then each member is brought to its plan by a thread of its own. A member that answers late gets
its share of that same decision, and one that never answers holds nobody up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..fleet.concurrency import SLACK, in_good_time, on_each, start_all
from ..fleet.deadline import Deadline
from ..model.cluster import Fleet
from ..model.errors import ConfigError, FederationError, Kind, MemberError, internal_error
from ..model.manifest import GroupKind
from ..model.records import ResourceRecord
from ..model.resource import Resource
from ..rendering.overrides import refuse_idle
from . import result
from .decide import Decisions, decide, over_budget
from .member import Member, Options
from .observe import Interest
from .plan import prepare
from .progress import Progress, Stage

#: objects written to one member at once, at most; its API server queues what is more
_WIDTH = 8
#: lines of a plan that a result shows
_LINES = 500

if TYPE_CHECKING:
    from ..model.placement import Where
    from .lock import Held, Lock
    from .planfile import Plan
    from .shares import Divider


def check_resources(fleet: Fleet, resources: Sequence[Resource], without: Where | None = None) -> None:
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
        if resource.replicas is not None and resource.replicas.names() - set(fleet.members):
            unknown = sorted(resource.replicas.names() - set(fleet.members))
            raise ConfigError(
                f"resource {resource.name}: replicas names {', '.join(unknown)}, which the fleet does not have"
            )
        refuse_idle(resource)
    if without is not None and without.names() - set(fleet.members):
        raise ConfigError(
            f"without names {', '.join(sorted(without.names() - set(fleet.members)))}, which the fleet does not have"
        )
    for resource in resources:
        if resource.renamed_from in seen:
            raise ConfigError(
                f"resource {resource.name} is renamed from {resource.renamed_from}, which is given, too",
                "drop renamed_from, or the resource of the former name",
            )


def run(fleet: Fleet, resources: Sequence[Resource], options: Options) -> dict[str, Any]:
    """Bring the members in play to what the resources ask for; returns the result of a module (see `result.build`).

    ConfigError when the request itself is wrong: nothing was sent. Whatever goes wrong on a member is in the result.
    """
    check_resources(fleet, resources, options.without)
    engine = _Run(fleet, resources, options)
    progress = Progress(options.tell, engine.stages)
    try:
        return engine.go()
    finally:
        engine.close()
        progress.close()


class _Run:
    def __init__(self, fleet: Fleet, resources: Sequence[Resource], options: Options) -> None:
        self.fleet = fleet
        self.options = options
        self._lock: Lock | None = None
        self.templates = {resource.name: prepare(resource) for resource in resources}
        self.decisions = Decisions()
        self.warnings: list[str] = []
        width = max(1, min(_WIDTH, options.concurrency // max(1, len(fleet.in_play))))
        self.members = {
            name: Member(fleet.members[name], fleet.federation, options, width, self.lock)
            for name in sorted(fleet.in_play)
            if options.without is None or options.without.why_not(fleet.members[name])
        }
        self._begun = time.monotonic()
        self._decided, self._settled = threading.Event(), False
        self._held_back: dict[str, str] = {}
        formers = {resource.renamed_from for resource in resources} - {""}
        self._interest = Interest(
            fleet.federation,
            frozenset(self.templates) | formers,
            frozenset(kind for template in self.templates.values() for kind in template.kinds),
            frozenset(space for template in self.templates.values() for space in template.secret_spaces),
            frozenset(space for template in self.templates.values() for space in template.pod_spaces),
        )

    def lock(self) -> Lock:
        """The locks of this run; made, and its code imported, when the first one is needed."""
        if self._lock is None:
            from .lock import Lock

            self._lock = Lock(self.fleet.federation)
        return self._lock

    def close(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def stages(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """What each member is at, for the progress of the run."""
        members = self.members.items()
        return {name: m.stage for name, m in members}, {name: m.detail for name, m in members}

    def go(self) -> dict[str, Any]:
        limit = Deadline(self.options.member_timeout + SLACK)
        present = self._in_time(list(self.members), lambda member: member.look(self._interest), limit)
        try:
            present = self._settle(present)
            self._vacate(present)
            self._settled = True
        finally:
            self._decided.set()  # those that are late end without a write if nothing was settled
        busy = [name for name in present if self.options.wait or self.members[name].writes]
        start_all(busy, lambda name: self._carry_out(self.members[name]))
        for name in sorted(set(present) - set(busy)):  # nothing to send: no thread is needed
            self._carry_out(self.members[name])
        self._finish()
        self._leave()
        self.warnings += self.decisions.warnings
        if self.decisions.incomplete:
            self.warnings.append(
                f"{self.decisions.incomplete}: what is there stays as it is, and nothing is taken away from other members (put them "
                "back into the inventory, let them leave, or say partial_fleet: true)"
            )
        built = result.build(
            self.decisions.reports,
            {name: member.report for name, member in self.members.items()},
            self.options.fail_on,
            self.options.check,
            self.options.diff,
            self.warnings,
        )
        if self.options.check:
            from .plantext import plan_text

            plan = self._plan_now()
            reports = self.decisions.reports
            problems = {n: str(m.report.error) for n, m in self.members.items() if m.report.error is not None}
            not_placed = {name: report.reasons for name, report in reports.items() if not report.error}
            built["text"] = plan_text(plan, self.decisions.shares, not_placed, problems)[:_LINES]
            if self.options.planning:
                built["plan"] = plan.dump()
        return built

    # the members that are in good time, together

    def _in_time(self, names: Iterable[str], work: Callable[[Member], None], limit: Deadline) -> list[str]:
        """Do ``work`` for the members at once; returns those that did it without an error and in good time, by name."""

        def guarded(name: str) -> None:
            self._guarded(self.members[name], work)

        done = in_good_time(names, guarded, self._late, limit)
        return sorted(name for name in done if not self.members[name].finished.is_set())

    def _some_in_time(self, present: list[str], some: list[str], work: Callable[[Member], None]) -> list[str]:
        """Do ``work`` for some of the members that are present; returns those that still are."""
        if not some:
            return present
        time_left = max(self.members[name].time_left() for name in some)
        return sorted({*present} - {*some} | {*self._in_time(some, work, Deadline(time_left + SLACK))})

    def _guarded(self, member: Member, work: Callable[[Member], None]) -> None:
        """Do some work; what goes wrong is reported of the member, which is finished then."""
        try:
            work(member)
            return
        except FederationError as error:
            failure = error
        except Exception as error:  # a defect of ours on one member must not take the others with it
            failure = internal_error(error)
        if member.report.skipped and member.finished.is_set():
            return  # it is lost, and nobody waited for it
        member.fail(failure)
        self._end(member)

    def _end(self, member: Member) -> None:
        member.report.seconds = time.monotonic() - self._begun
        if member.stage != Stage.FAILED:
            member.stage, member.detail = Stage.DONE, ""
            if member.report.status == result.Status.FAILED:
                member.stage, member.detail = Stage.FAILED, member.report.reason
        member.finished.set()

    def _settle(self, present: list[str]) -> list[str]:
        """Decide and plan; lock and look again if there is anything to write. Returns the members that are to be brought on."""
        present = self._plan(present)
        self._keep_to_plan(present)
        if self.options.check or not any(self.members[name].writes for name in present):
            return present
        present = self._take_locks(present)
        outdated = [name for name in present if self.members[name].outdated]
        if outdated:
            present = self._plan(self._some_in_time(present, outdated, self._look_again))
            self._keep_to_plan(present)
        return present

    def _vacate(self, present: list[str]) -> None:
        """A singleton that moves ends where it is before it starts elsewhere; where that cannot be proven, it does not start."""
        if self.options.check:
            return
        for name, holders in self.decisions.leaves.items():
            for holder in holders:
                reason = self._vacated(name, holder, holder in present)
                if reason:
                    self._held_back[name] = f"deferred: a singleton, which {holder} has still: {reason}"
        if self.decisions.leaves:
            for member in present:  # they waited for it
                self.members[member].restart_clock(self.options.member_timeout)
        for name, reason in self._held_back.items():
            self.warnings.append(f"{name} was not moved: {reason}")
            for member in present:
                self.members[member].hold_back(name, reason)

    def _vacated(self, name: str, holder: str, here: bool) -> str:
        """End a resource on a member; returns why it may run there still, "" when it does not."""
        member = self.members.get(holder)
        if member is None:
            return "it is not part of this run"
        if not here:
            return "it did not answer in good time"
        try:
            member.vacate(name, self.templates[name])
        except FederationError as error:
            return str(error)
        return ""

    def _plan_now(self) -> Plan:
        """What this run would do, as a document."""
        from .planfile import Plan, planned_steps

        resources = {
            name: {
                "template": template.hash,
                "members": sorted(self.decisions.reports[name].selected),
                "replicas": {w.workload.key: dict(w.replicas) for w in self.decisions.shares.get(name, ())},
            }
            for name, template in self.templates.items()
        }
        steps = [step for name, m in self.members.items() for step in planned_steps(name, [*m.plans, *m.leaving])]
        return Plan(self.fleet.federation, resources, tuple(steps), tuple(sorted(self.decisions.without)))

    def _keep_to_plan(self, present: list[str]) -> None:
        """Refuse to go on where a plan is to be carried out and this run would do anything else."""
        if self.options.plan is None:
            return
        from .planfile import refuse_if_moved_on

        silent = {step.member for step in self.options.plan.steps} - set(present)
        refuse_if_moved_on(self.options.plan, self._plan_now(), silent)

    def _look_again(self, member: Member) -> None:
        member.look_again(self._interest)

    def _plan(self, present: list[str]) -> list[str]:
        """Decide from what these members remember, and plan each; look up what turns out to be needed for it."""
        memories = {name: self.members[name].seen.memory for name in present}
        resources = [template.resource for template in self.templates.values()]
        self.decisions = decide(
            self.fleet.members,
            resources,
            memories,
            self.options.partial_fleet,
            self._divider(present),
            self.options.without,
            self.options.losses,
            time.time(),
        )
        present = self._without_lost(present)
        present = self._some_in_time(present, self._behind(present), self._look_again)
        self._plan_each(present)
        undecided = [name for name in present if self.members[name].undecided]
        present = self._some_in_time(present, undecided, Member.look_for_autoscalers)
        self._plan_each(name for name in undecided if name in present)
        present = [name for name in present if not self.members[name].finished.is_set()]
        self._keep_to_budget(present)
        return present

    def _without_lost(self, present: list[str]) -> list[str]:
        """Those that are not declared lost. A lost member is neither waited for nor written to, unless it is to be reclaimed."""
        for name, since in self.decisions.lost.items():
            member = self.members.get(name)
            if member is None or name in self.options.reclaim:
                continue
            member.report.error = None  # that it does not answer is known
            member.report.skipped = f"lost since {since}"
            if name in present:
                member.report.skipped += ", and it answers: see failback"
                self.warnings.append(f"{name} is declared lost since {since}, and answers: fail back, or fence it")
            member.stage = Stage.DONE
            self._end(member)
        return [name for name in present if not self.members[name].finished.is_set()]

    def _divider(self, present: list[str]) -> Divider | None:
        """Whoever divides replicas; the code is imported when there is something to divide."""
        workloads = {name: template.workloads for name, template in self.templates.items()}
        if not any(workloads.values()):
            return None
        from .shares import Divider

        return Divider({name: self.members[name].seen for name in present}, workloads)

    def _plan_each(self, names: Iterable[str]) -> None:
        for name in names:
            member = self.members[name]
            self._guarded(member, lambda found: found.plan(self.templates, self.decisions))

    def _behind(self, present: list[str]) -> list[str]:
        """Members whose record of a resource does not name all kinds that those of others do, for example since it was restored from
        a backup: there may be objects of these kinds. From now on all recorded kinds are looked for."""
        records: dict[str, list[tuple[str, ResourceRecord]]] = {}
        for name in present:
            for resource, stored in self.members[name].seen.memory.resources.items():
                if resource in self._interest.resources:
                    records.setdefault(resource, []).append((name, stored.record))
        behind = set()
        for resource, found in records.items():
            kinds = frozenset[GroupKind]().union(*(record.kinds for _name, record in found))
            spaces = frozenset[str]().union(*(record.secret_spaces for _name, record in found))
            holders = {name for name, _record in found} | set(self.decisions.placements.get(resource, ()))
            behind |= {name for name in holders & set(present) if kinds - self.members[name].seen.kinds}
            self._interest = replace(
                self._interest, kinds=self._interest.kinds | kinds, secret_spaces=self._interest.secret_spaces | spaces
            )
        return sorted(behind)

    def _keep_to_budget(self, present: list[str]) -> None:
        for name, template in self.templates.items():
            plans = [p for n in present for p in [*self.members[n].plans, *self.members[n].leaving]]
            error = over_budget(
                template.resource, [p for p in plans if p.resource.name == name], self.options.max_deletions
            )
            if error is not None:
                self.decisions.reports[name].error = error
                for member in present:
                    self.members[member].drop([name])

    def _take_locks(self, present: list[str]) -> list[str]:
        """Take the lock of all these members or of none; returns those that have it. MemberError `Held` when another run works."""
        from .lock import Held, take_all

        left = {name: self.members[name].time_left() for name in present}
        answering = present

        def attempt() -> Mapping[str, Held]:
            nonlocal answering
            held: dict[str, Held] = {}

            def take(member: Member) -> None:
                try:
                    member.restart_clock(left[member.name])
                    member.take_lock()
                    member.stage, member.detail = Stage.WAITING, ""
                except Held as error:
                    held[member.name] = error
                    member.stage, member.detail = Stage.LOCKING, error.holder

            answering = self._some_in_time(answering, answering, take)
            return held

        waited = take_all(self.lock(), present, attempt, self.options.lock_timeout)
        if waited:
            self.warnings.append(f"waited for another run: {waited}")
        return answering

    # each member on its own

    def _carry_out(self, member: Member) -> None:
        self._guarded(member, Member.carry_out)
        if not member.finished.is_set():
            self._end(member)

    def _late(self, name: str) -> None:
        """A member that answered late: it gets its share of the decision that the others made."""
        member = self.members[name]
        self._decided.wait()
        if member.finished.is_set() or not self._settled:
            return

        def plan(late: Member) -> None:
            late.plan(self.templates, self.decisions)
            for held, reason in self._held_back.items():
                late.hold_back(held, reason)
            if late.undecided:
                late.look_for_autoscalers()
                late.plan(self.templates, self.decisions)

        def catch_up(late: Member) -> None:
            plan(late)
            if late.writes and not self.options.check:
                if not self.lock().holds(late.name):
                    late.take_lock()
                if late.outdated:
                    late.look_again(self._interest)
                    plan(late)
            late.carry_out()

        self._guarded(member, catch_up)
        if not member.finished.is_set():
            self._end(member)

    def _finish(self) -> None:
        """Wait for the members; those that are not done in time are left behind with what they have."""
        wait = self.options.wait_timeout + self.options.request_timeout if self.options.wait else 0.0
        for member in self.members.values():
            more = max(0.0, member.time_left() + SLACK + wait)
            if not member.finished.wait(more) and not self._attended(member, more):
                seconds = f"{self.options.member_timeout:g} s"
                member.fail(MemberError(Kind.TIMEOUT, f"it was not done in {seconds}", "see member_timeout"))

    def _attended(self, member: Member, more: float) -> bool:
        """Wait for a member as long as somebody attends to it, and for what comes after; returns whether it is done."""
        while (found := member.attendance) is not None and found.work_until.at + more > time.monotonic():
            if member.finished.wait(found.work_until.remaining() + more):
                return True
        return member.finished.is_set()

    def _leave(self) -> None:
        """Take resources from members that are no longer selected, and replicas from those that get fewer, once they are proven to be
        in place elsewhere."""
        leaving = [name for name, member in self.members.items() if member.gives_up and member.report.error is None]
        if not leaving:
            return
        reasons = {name: self._not_proven(report) for name, report in self.decisions.reports.items()}

        def work(name: str) -> None:
            member = self.members[name]
            member.restart_clock(self.options.member_timeout)
            member.reduce(self._not_done)
            member.give_up(reasons)
            self._end(member)

        for name, error in on_each(leaving, work, self.options.member_timeout).items():
            self.members[name].fail(error)

    def _not_proven(self, report: result.ResourceReport) -> str:
        """Why the resource must not be taken from anywhere yet; "" when every selected member has it."""
        if self.decisions.incomplete and report.selected:
            return f"deferred: {self.decisions.incomplete}"
        return self._not_done(report.selected, "it")

    def _not_done(self, names: Iterable[str], what: str = "more replicas") -> str:
        """Why something must stay where it is that these members are to have; "" when all of them have it."""
        for name in names:
            member = self.members.get(name)
            if member is None:
                return f"deferred: {name}, which is to have {what}, is not part of this run"
            if member.report.error is not None or member.report.failures or member.report.unhealthy:
                return f"deferred: {name}, which is to have {what}, is not done"
        return ""
