# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One member in one run: what is read from it, planned for it, written to it, and reported of it.

What only a write needs is imported when there is one: Ansible compiles the modules of a collection in every run, and most runs find
nothing to do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..fleet.concurrency import each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..model import names
from ..model.budget import DEFAULT_BUDGET, Budget
from ..model.cluster import Cluster
from ..model.errors import FederationError, Kind, MemberError, internal_error
from ..model.keepsake import keepsake_of
from ..model.manifest import Manifest, ObjectName
from ..model.policy import ANY, FailOn
from ..model.records import ResourceRecord
from .decide import NO_FAILOVER, Decisions, Losses
from .hand import Done, Hand, Outcome, deferred, note_settled
from .observe import Interest, Observation, observe, selector_for, with_autoscalers
from .plan import Action, MemberPlan, Step, Template, as_witness, at_agreed_epoch, plan_member, without_deletions
from .progress import Stage, Tell
from .result import MemberReport
from .store import (
    Stored,
    delete_resource_record,
    delete_template,
    write_resource_record,
    write_template,
)

if TYPE_CHECKING:
    from ..model.placement import Where
    from .attend import Attend, Attendance
    from .lock import Lock
    from .planfile import Plan

#: how much of what was done beside is named
_SAID = 4


@dataclass(frozen=True)
class Options:
    """How to run. Times are in seconds: ``request_timeout`` for one request, ``member_timeout`` for all reads and writes of one
    member, ``wait_timeout`` for its workloads to become healthy, ``lock_timeout`` for another run to end. ``concurrency`` is how
    many writes run at once in all; ``max_deletions`` how much of a resource may go in one run; ``tell`` shows a line of progress;
    ``partial_fleet``: the inventory is meant to have only a part of the fleet. ``plan`` is to be carried out exactly or not at all;
    ``planning``: this run makes one, as if the members in ``without`` were gone. ``losses``: what may be done about lost members;
    ``reclaim`` are lost ones that answer again, from which what runs elsewhere by now and must not run twice is taken away.
    ``attend`` is called for each member once its objects are written, before they are waited for.
    ``unawaited`` are objects whose health is not waited for.
    ``seeds`` are values (base64) for Secrets that would be made with random ones: they are as they are elsewhere already.
    """

    check: bool = False
    diff: bool = False
    request_timeout: float = 15.0
    member_timeout: float = 60.0
    wait: bool = False
    wait_timeout: float = 300.0
    lock_timeout: float = 60.0
    concurrency: int = 16
    fail_on: FailOn = ANY
    max_deletions: Budget = DEFAULT_BUDGET
    tell: Tell | None = None
    partial_fleet: bool = False
    plan: Plan | None = None
    without: Where | None = None
    planning: bool = False
    losses: Losses = NO_FAILOVER
    reclaim: frozenset[str] = frozenset()
    seeds: Mapping[ObjectName, Mapping[str, str]] = field(default_factory=dict, repr=False)
    attend: Attend | None = field(default=None, repr=False)
    unawaited: frozenset[ObjectName] = frozenset()


class Member:
    """The state of one member. Its methods are called by one thread at a time; only the report is read meanwhile."""

    def __init__(
        self, cluster: Cluster, federation: str, options: Options, width: int, lock: Callable[[], Lock]
    ) -> None:
        self.cluster = cluster
        self.name = cluster.name
        self.report = MemberReport(cluster.name)
        self.observation: Observation | None = None
        self.plans: list[MemberPlan] = []
        self.leaving: list[MemberPlan] = []
        self.stage = Stage.READING
        self.detail = ""
        self.finished = threading.Event()
        self.outdated = False
        self.attendance: Attendance | None = None
        self._looked = 0.0
        self._memory = threading.Lock()  # records are written several at once
        self._incomplete = ""
        self._federation = federation
        self._options = options
        self._width = width
        self._lock = lock
        self._budget = Deadline(options.member_timeout)

    @property
    def seen(self) -> Observation:
        """What was observed; only asked for once it was."""
        if self.observation is None:
            raise internal_error(RuntimeError(f"{self.name} was not observed"))
        return self.observation

    def fail(self, error: FederationError) -> None:
        """Report an error of the member as a whole; the first one is the one that counts."""
        if self.report.error is None:
            self.report.error = error
        self.stage, self.detail = Stage.FAILED, self.report.reason

    # reading

    def look(self, interest: Interest) -> None:
        """Connect and observe."""
        self._looked = time.monotonic()
        api = connect(self.cluster, self._options.request_timeout, self._budget)
        self.observation = observe(api, self.name, interest, new=self._options.check)
        self.stage = Stage.WAITING

    def look_again(self, interest: Interest) -> None:
        """Observe once more, over the same connections."""
        self._looked, self.outdated = time.monotonic(), False
        self.observation = observe(self.seen.api, self.name, interest, new=self._options.check)

    def look_for_autoscalers(self) -> None:
        """Learn what autoscalers scale where replicas are about to be written."""
        spaces = {step.name.namespace for plan in self.plans if plan.undecided for step in plan.steps}
        self.observation = with_autoscalers(self.seen, spaces - {""})

    def take_lock(self) -> None:
        """Take the lock of the member; notes whether what was observed is out of date since."""
        self.outdated = self._lock().take(self.seen.api, time.monotonic() - self._looked)

    def restart_clock(self, left: float) -> None:
        """Go on with ``left`` seconds for reads and writes: waiting for the lock does not count."""
        self._budget = Deadline(left)
        self.observation = replace(self.seen, api=self.seen.api.until(self._budget))

    def time_left(self) -> float:
        return self._budget.remaining()

    # planning

    def plan(self, templates: Mapping[str, Template], decisions: Decisions) -> None:
        """Work out what is to be done here, for every resource that can be placed."""
        self.plans, self.leaving, self.report.notes = [], [], []
        self._incomplete = decisions.incomplete
        if self.name in decisions.forgotten:
            raise MemberError(
                Kind.NOT_JOINED,
                f"the federation let this member go while it was away (epoch {decisions.forgotten[self.name]} of the fleet record)",
                "join it again; or let it leave, which removes what it remembers",
            )
        if self.seen.memory.fleet is None:
            self.report.notes.append("not a member yet; this is what would happen once it is")
        if self.name in decisions.without:
            return
        if self.name in decisions.lost:
            self._plan_reclaim(templates, decisions)
            return
        for name, template in templates.items():
            report = decisions.reports[name]
            if report.error is not None:
                continue
            followed = decisions.following.get(name, {}).get(self.name, frozenset())
            selected = self.name in report.selected
            plan = plan_member(
                template,
                decisions.clusters[self.name],
                selected or bool(followed),
                self.seen,
                self._federation,
                decisions.placements[name],
                decisions.epochs[name],
                decisions.shares.get(name, ()) if selected else (),
                followed,
            )
            plan = at_agreed_epoch(plan, decisions.newest[name])
            self.report.notes += plan.notes
            if followed:
                plan, rest = without_deletions(plan)
                self.plans.append(plan)
                self.leaving += rest
            elif selected or not template.resource.present:
                self.plans.append(plan)
            elif self.name in decisions.witnesses.get(name, frozenset()):
                shares = decisions.shares.get(name, ())
                plan = as_witness(plan, template, decisions.placements[name], decisions.epochs[name], shares)
                plan = at_agreed_epoch(plan, decisions.newest[name])
                (self.leaving if plan.of(Action.DELETE, Action.GOING) else self.plans).append(plan)
            elif plan.leaving:
                self.leaving.append(plan)

    def _plan_reclaim(self, templates: Mapping[str, Template], decisions: Decisions) -> None:
        """A lost member that answers again: only what would be there twice goes, and was proven to run elsewhere."""
        for name, template in templates.items():
            report = decisions.reports[name]
            if report.error is not None or not template.resource.needs_fence or self.name in decisions.placements[name]:
                continue
            cluster, placement = decisions.clusters[self.name], decisions.placements[name]
            plan = plan_member(template, cluster, False, self.seen, self._federation, placement, decisions.epochs[name])
            if plan.leaving and report.selected:
                self.leaving.append(plan)

    def drop(self, resources: Iterable[str]) -> None:
        """Forget the plans of resources that are not to be touched after all."""
        refused = set(resources)
        self.plans = [plan for plan in self.plans if plan.resource.name not in refused]
        self.leaving = [plan for plan in self.leaving if plan.resource.name not in refused]

    @property
    def undecided(self) -> bool:
        return any(plan.undecided for plan in self.plans)

    @property
    def writes(self) -> bool:
        return any(plan.writes for plan in [*self.plans, *self.leaving])

    # writing

    def _hand(self, outcomes: bool = True) -> Hand:
        options = self._options
        hand = Hand(self.seen.api, self.seen.discovery, self._federation, options.check, options.diff, self._width)
        hand.may_write = self._may_write
        hand.seeds = options.seeds
        if outcomes:
            hand.outcomes = self.report.outcomes
        return hand

    def _may_write(self) -> bool:
        return self._options.check or self._lock().holds(self.name)

    def carry_out(self) -> None:
        """Bring the member to the plan: records grow, writes, health, prune, records shrink."""
        if not self.plans and not self.leaving:
            self.report.skipped = "nothing is placed here"
            return
        self.stage = Stage.WRITING
        hand = self._hand()
        self._grow_records()
        _write(hand, _once([step for plan in self.plans for step in plan.steps]))
        if self._options.wait and not self._options.check and not hand.failed():
            self.stage = Stage.HEALTH
            self._wait()
            hand.api = self.seen.api  # what is left of the time before the wait is not what prunes
        self.stage = Stage.PRUNING
        prunable = [plan for plan in self.plans if not self._why_not_prune(plan)]
        _delete(hand, [step for plan in prunable for step in plan.steps])
        for plan in self.plans:
            if plan not in prunable:
                self.report.outcomes += deferred(plan.steps, self._why_not_prune(plan))
        self._shrink_records(prunable)

    def give_up(self, reasons: Mapping[str, str]) -> None:
        """Take away the resources that are placed elsewhere now, unless a reason speaks against it."""
        self.stage = Stage.PRUNING
        for plan in self.leaving:
            reason = reasons[plan.resource.name]
            if reason:
                self.report.outcomes += deferred(plan.steps, reason)
                continue
            hand = self._hand(outcomes=False)
            _write(hand, plan.steps)
            _delete(hand, plan.steps)
            self.report.outcomes += hand.outcomes
            self._shrink_records([plan])

    def vacate(self, name: str, template: Template) -> None:
        """End the workloads of a resource here, before they start elsewhere. MemberError when that cannot be proven."""
        from .vacate import vacate

        hand = self._hand(outcomes=False)
        for plan in [plan for plan in self.leaving if plan.resource.name == name]:
            vacate(hand, plan.steps, template.manifests, template.resource.namespace)
        self.report.outcomes += hand.outcomes
        done = {(outcome.resource, outcome.name) for outcome in hand.outcomes}
        self.leaving = [
            replace(plan, steps=tuple(s for s in plan.steps if (s.resource, s.name) not in done))
            for plan in self.leaving
        ]

    def hold_back(self, name: str, reason: str) -> None:
        """Do nothing for a resource after all, and say why."""
        held = [plan for plan in [*self.plans, *self.leaving] if plan.resource.name == name]
        steps = [step for plan in held for step in plan.of(*Action.WRITES)]
        self.report.outcomes += [Outcome(s.resource, s.name, Done.DEFERRED, reason) for s in steps]
        self.drop([name])

    @property
    def gives_up(self) -> bool:
        """Whether anything may only go once others have it."""
        return bool(self.leaving) or any(plan.reductions for plan in self.plans)

    def reduce(self, not_done: Callable[[Iterable[str]], str]) -> None:
        """Give away the replicas that others have by now; ``not_done`` says why they have not."""
        failed = {(o.resource, o.name) for o in self.report.failures}
        steps: list[Step] = []
        for step, growing in [(r.step, r.growing) for plan in self.plans for r in plan.reductions]:
            reason = not_done(growing)
            if reason:
                self.report.outcomes.append(Outcome(step.resource, step.name, Done.DEFERRED, reason))
            elif (step.resource, step.name) not in failed:
                steps.append(step)
        if not steps:
            return
        self.stage = Stage.WRITING
        hand = self._hand(outcomes=False)
        _write(hand, steps)
        written = {(o.resource, o.name) for o in hand.outcomes}
        kept = [o for o in self.report.outcomes if (o.resource, o.name) not in written]
        self.report.outcomes[:] = kept + hand.outcomes

    def _why_not_prune(self, plan: MemberPlan) -> str:
        """Why nothing of the resource may be deleted here; "" when it may."""
        if not plan.resource.present:
            return ""
        if any(o.resource == plan.resource.name for o in self.report.failures) or self.report.unhealthy:
            return "what replaces it is not in place on this member"
        return f"deferred: {self._incomplete}" if self._incomplete else ""

    def _wait(self) -> None:
        """Wait for every workload of the resources on this member."""
        from .health import WAITED
        from .wait import wait_healthy

        present = [plan for plan in self.plans if plan.resource.present]
        wanted = [s.name for plan in present for s in plan.steps if s.want is not None and s.name.kind in WAITED]
        wanted = [name for name in wanted if name not in self._options.unawaited]
        if not wanted:
            return
        deadline = self._attend()
        selector = selector_for(self._federation, [plan.resource.name for plan in present])

        def tell(problem: str) -> None:
            self.detail = problem

        state = wait_healthy(self.seen.api.until(deadline), self.seen.discovery, selector, wanted, deadline, tell)
        self.report.unhealthy = {str(name): health for name, health in sorted(state.items()) if not health.healthy}
        self.detail = ""
        self.restart_clock(max(self.time_left(), self._options.request_timeout))

    def _attend(self) -> Deadline:
        """Let somebody do what its workloads need to become healthy; returns when they have to be."""
        limit = Deadline(self._options.wait_timeout)
        if self._options.attend is None:
            return limit
        from .attend import Attendance

        def tell(text: str) -> None:
            self.detail = text

        self.attendance = Attendance(self.name, self.seen.api, limit, tell)
        try:
            self._options.attend(self.attendance)
        finally:
            done = self.attendance.done
            self.report.attended += done
            more = f" and {len(done) - _SAID} more" if len(done) > _SAID else ""
            self.report.said += [f"{', '.join(done[:_SAID])}{more}"] if done else []
        return self.attendance.limit

    # records

    def _grow_records(self) -> None:
        """Before the first write: the record names every kind and namespace that there may be something in from now on."""
        grown = [(plan, record) for plan in self.plans if (record := _grown(plan)) is not None]
        errors: list[FederationError] = []

        def grow(one: tuple[MemberPlan, ResourceRecord]) -> None:
            plan, record = one
            try:
                if _template_is_new(plan):
                    self._keep_template(plan)
                self._store(record)
            except FederationError as error:
                errors.append(error)

        late = each(grown, grow, self._width, self.seen.api.deadline)
        if errors:
            raise errors[0]
        if late:
            raise MemberError(Kind.TIMEOUT, "its records were not written before its deadline", "see member_timeout")

    def _keep_template(self, plan: MemberPlan) -> None:
        if plan.resource.known_as:
            self._copy_template(plan)
        elif plan.resource.keep_template and plan.record is not None and not self._options.check:
            kept = keepsake_of(plan.resource, plan.record.template)
            problem = write_template(self.seen.api, self._federation, kept, plan.resource.name)
            if problem:
                self.report.notes.append(problem)

    def _copy_template(self, plan: MemberPlan) -> None:
        """A resource that comes from the records: its template is stored as it was kept, without what was withheld."""
        if plan.record is not None and not self._options.check:
            secrets = tuple(_bare_secret(name) for name in sorted(plan.resource.withheld))
            whole = replace(plan.resource, manifests=plan.resource.manifests + secrets)
            kept = replace(
                keepsake_of(whole, plan.record.template), withheld=tuple(str(n) for n in sorted(plan.resource.withheld))
            )
            problem = write_template(self.seen.api, self._federation, kept, plan.resource.name)
            if problem:
                self.report.notes.append(problem)

    def _stored(self, resource: str) -> Stored | None:
        return self.seen.memory.resources.get(resource)

    def _remember(self, resource: str, stored: Stored | None) -> None:
        with self._memory:
            self._remember_one(resource, stored)

    def _remember_one(self, resource: str, stored: Stored | None) -> None:
        known = {name: found for name, found in self.seen.memory.resources.items() if name != resource}
        if stored is not None:
            known[resource] = stored
        self.observation = replace(self.seen, memory=replace(self.seen.memory, resources=known))

    def _store(self, record: ResourceRecord) -> None:
        self.report.recorded = True
        if not self._options.check:
            stored = self._stored(record.resource)
            metadata: Mapping[str, Any] = stored.metadata if stored is not None else {}
            written = write_resource_record(self.seen.api, self._federation, record, metadata)
            self._remember(record.resource, written)

    def _forget(self, stored: Stored) -> None:
        self.report.recorded = True
        if not self._options.check:
            delete_resource_record(self.seen.api, self._federation, stored)
            self._remember(stored.record.resource, None)

    def _shrink_records(self, plans: Sequence[MemberPlan]) -> None:
        """After a complete prune: the record forgets what is not there any more. What is still going is remembered."""
        failed = {outcome.resource for outcome in self.report.failures}
        for plan in plans:
            if plan.resource.name in failed:
                continue
            stored = self._stored(plan.resource.name)
            staying = {step.name for step in plan.of(Action.GOING)}
            staying |= {o.name for o in self.report.outcomes if o.stays and o.resource == plan.resource.name}
            if plan.former is not None and not staying:
                self._forget(plan.former)
            if plan.record is None:
                if stored is not None and not staying:
                    self._forget(stored)
            elif stored is not None:
                self._shrink(plan, plan.record, stored, staying)

    def _shrink(
        self, plan: MemberPlan, record: ResourceRecord, stored: Stored, staying: Collection[ObjectName]
    ) -> None:
        record = replace(
            record,
            kinds=record.kinds | {name.kind for name in staying},
            namespaces=record.namespaces | {name.namespace for name in staying if name.namespace},
        )
        if stored.record.kept and not record.kept and not self._options.check:
            delete_template(self.seen.api, self._federation, record.resource)
        if record.supersedes(stored.record):
            if record.kept:
                self._keep_template(plan)
            self._store(record)


def _grown(plan: MemberPlan) -> ResourceRecord | None:
    """The record that names all that there may be something of from now on; None where it does so already, or nothing is written."""
    if plan.record is None:
        return None
    if plan.stored is None and not plan.record.witness and not plan.of(*Action.WRITES, Action.NONE):
        return None  # every object is blocked: there is nothing to remember
    known = [stored.record for stored in (plan.stored, plan.former) if stored is not None]
    grown = replace(
        plan.record,
        kinds=plan.record.kinds.union(*(record.kinds for record in known)),
        namespaces=plan.record.namespaces.union(*(record.namespaces for record in known)),
        kept=plan.record.kept or any(record.kept for record in known),  # a template goes after its record said so
    )
    return grown if plan.stored is None or grown.supersedes(plan.stored.record) else None


def _template_is_new(plan: MemberPlan) -> bool:
    """Whether the stored template, if there is one, may be another than the one that is recorded from now on."""
    if plan.stored is None or plan.record is None:
        return True
    before = plan.stored.record
    return not before.kept or (before.template, before.asked) != (plan.record.template, plan.record.asked)


def _bare_secret(name: ObjectName) -> Manifest:
    """A Secret as a kept template has it: without its values."""
    metadata = {"name": name.name, "namespace": name.namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def _write(hand: Hand, steps: Sequence[Step]) -> None:
    if any(step.action in Action.WRITES for step in steps):
        from .apply import write

        write(hand, steps)
    else:
        note_settled(hand, steps)


def _delete(hand: Hand, steps: Sequence[Step]) -> None:
    if any(step.action == Action.DELETE for step in steps):
        from .remove import delete

        delete(hand, steps)


def _once(steps: Sequence[Step]) -> list[Step]:
    """Without the second wish for one and the same namespace, which two resources may share."""
    shared: dict[Any, Step] = {step.name: step for step in steps if step.resource == names.RESOURCE_NAMESPACES}
    return list(shared.values()) + [step for step in steps if step.resource != names.RESOURCE_NAMESPACES]
