# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who gets what, decided once for the whole fleet: pure functions over the inventory and what the members remember."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..model.budget import Budget
from ..model.cluster import Cluster
from ..model.errors import ConfigError
from ..model.failover import DEFAULT_MAX_LOST, NEVER, PLAN, MaxLost
from ..model.manifest import ObjectName
from ..model.records import (
    Divided,
    FleetRecord,
    ResourceRecord,
    newest_division,
    newest_fleet_record,
    newest_placement,
    newest_records,
    with_present_names,
    with_recorded_facts,
)
from ..model.replicas import DUPLICATED
from ..model.resource import Resource
from ..scheduling.select import Selection
from .plan import Action, MemberPlan
from .result import ResourceReport
from .store import Memory

if TYPE_CHECKING:
    from ..model.placement import Where
    from .shares import Divider, WorkloadShares


@dataclass(frozen=True)
class Decisions:
    """Per resource its report, its placement for the records, the epoch of these records, and the ``newest`` of those that there are;
    ``clusters`` with recorded facts.

    ``missing`` are members that the fleet record has and the inventory has not: what is there stays as it is. ``incomplete`` says so
    where that is not meant: then nothing is taken away anywhere. ``forgotten`` are members that answer and that the newest fleet
    record has no more, with its epoch: the federation let them go while they were away. ``shares`` are, per resource, the divisions
    of its workloads. ``without`` are members that are taken for gone, ``lost`` those that are declared lost, with the time.
    ``following`` are, per resource and member, the objects that follow workloads of others there; ``witnesses``, per resource,
    members that only remember where it is. ``leaves`` are, per singleton that moves, the members
    that have it still: it must end there before it starts elsewhere.
    """

    reports: Mapping[str, ResourceReport] = field(default_factory=dict)
    placements: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    epochs: Mapping[str, int] = field(default_factory=dict)
    newest: Mapping[str, Sequence[ResourceRecord]] = field(default_factory=dict)
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    incomplete: str = ""
    forgotten: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, Sequence[WorkloadShares]] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    following: Mapping[str, Mapping[str, frozenset[ObjectName]]] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    witnesses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    leaves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


#: members that remember a resource, so that the loss of one or two of them does not lose it
_COPIES = 3


@dataclass(frozen=True)
class Losses:
    """What may be done about members that are declared lost. ``approved``: somebody said so, whatever the resources say."""

    approved: bool = False
    most: MaxLost = DEFAULT_MAX_LOST

    def too_many(self, lost: int, members: int) -> str:
        """Why nothing may be moved at all: so many losses at once are more likely ours. "" if they are not too many."""
        if self.most.allows(lost, members):
            return ""
        return f"{lost} of {members} members are lost, more than max_lost ({self.most}): is it this controller that is cut off?"

    def why_wait(self, resource: Resource, cluster: Cluster, too_many: str) -> str:
        """Why a resource stays on a lost member; "" if others take it over."""
        if too_many:
            return too_many
        if resource.failover == NEVER:
            return "failover: never"
        if resource.failover == PLAN and not self.approved:
            return "failover: plan, and nobody approved it (run failover)"
        if resource.needs_fence and not cluster.fenced:
            what = "a singleton" if resource.singleton else "it keeps state"
            return f"{what}, so the member has to be fenced first (or fence: none)"
        return ""


#: nobody approved anything
NO_FAILOVER = Losses()


def records_of(resource: Resource, memories: Iterable[Memory]) -> list[ResourceRecord]:
    """What the members remember of a resource; what they remember of its former name, where that is all."""
    found = list(memories)
    own = [m.resources[resource.name].record for m in found if resource.name in m.resources]
    former = [m.resources[resource.renamed_from].record for m in found if resource.renamed_from in m.resources]
    return own or former


def _place(
    resource: Resource,
    clusters: Mapping[str, Cluster],
    before: Mapping[str, int | None],
    missing: Sequence[str],
    gone: Collection[str],
    divider: Divider | None,
    selection: Selection,
) -> ResourceReport:
    report = ResourceReport(resource.name)
    report.stays = [name for name in missing if name in before]
    if not resource.present:
        report.reasons = dict.fromkeys(clusters, "state is absent")
        return report
    for name, decision in selection.of(resource.placement, before).items():
        if name in gone:
            report.reasons[name] = "left out of this plan"
        elif clusters[name].lost:
            report.reasons[name] = _since(clusters[name].lost)
        elif decision.selected and (name in before or name not in resource.unfit):
            report.selected.append(name)
        else:
            report.reasons[name] = decision.reason or resource.unfit[name]
    if resource.singleton and report.stays:
        report.reasons.update(dict.fromkeys(report.selected, f"a singleton, which {report.stays[0]} has still"))
        report.selected = []
        return report
    if resource.placement.spread and report.selected:
        _spread(resource, report, clusters, before, divider)
    if not report.selected and not report.error and not resource.allow_empty:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(report.reasons.items())[:10])
        report.error = ConfigError(
            f"its placement selects no member ({reasons})",
            "correct the placement, or set allow_empty if this is meant",
        )
    return report


def _spread(
    resource: Resource,
    report: ResourceReport,
    clusters: Mapping[str, Cluster],
    before: Mapping[str, int | None],
    divider: Divider | None,
) -> None:
    """Of the members that were selected, keep those that are used to spread the resource."""
    from ..scheduling.spread import choose

    divided = divider is not None and resource.replicas is not None and resource.replicas.divide != DUPLICATED
    needed, rooms = divider.rooms(resource, report.selected) if divider is not None and divided else (None, {})
    # a lost member that holds it still counts: it is used, and nobody takes its place yet
    waiting = [name for name in report.stays if name in clusters]
    options = [clusters[name] for name in (*report.selected, *waiting)]
    chosen = choose(resource.placement.spread, options, needed, rooms, set(before))
    report.selected = [name for name in chosen.members if name not in waiting]
    report.reasons.update(chosen.reasons)
    report.note = chosen.note
    if chosen.error:
        report.error = ConfigError(chosen.error, "correct placement.spread, or bring such members in")


def _since(lost: str) -> str:
    """Since when a member is lost; or that a plan supposes so."""
    return f"lost since {lost}" if lost[:1].isdigit() else lost


def _witnesses(
    resource: Resource, placement: Collection[str], joined: Collection[str], memories: Mapping[str, Memory]
) -> frozenset[str]:
    """Who remembers a resource without having it: where few members have one that must not be forgotten, or run twice."""
    lacking = _COPIES - len(placement)
    if lacking <= 0 or not placement or not (resource.needs_fence or resource.keep_template):
        return frozenset()
    others = sorted(set(joined) - set(placement))
    others.sort(key=lambda name: name not in memories or resource.name not in memories[name].resources)
    return frozenset(others[:lacking])


def _follow(
    resources: Sequence[Resource], reports: Mapping[str, ResourceReport]
) -> tuple[Mapping[str, Mapping[str, frozenset[ObjectName]]], tuple[str, ...]]:
    """What follows workloads, per resource and member; and what is to be said of it."""
    if not any(resource.dependencies for resource in resources):
        return {}, ()
    from .following import following

    found = following(resources, {name: report.selected for name, report in reports.items()})
    return found.objects, found.warnings


def decide(
    members: Mapping[str, Cluster],
    resources: Iterable[Resource],
    memories: Mapping[str, Memory],
    partial: bool = False,
    divider: Divider | None = None,
    without: Where | None = None,
    losses: Losses = NO_FAILOVER,
    now: float = 0.0,
) -> Decisions:
    """Placement of every resource over the whole fleet. ``memories`` are those of the members that answered; ``partial`` says that
    the inventory is meant to have only a part of the fleet; ``divider`` divides replicas where there are any to
    divide; members that are meant by ``without`` are taken for gone; ``losses`` says what may be done
    about lost members, ``now`` is the moment in seconds since 1970.

    MemberError when two members hold different fleet records of one epoch.
    """
    fleet_records: dict[str, FleetRecord] = {n: m.fleet for n, m in memories.items() if m.fleet is not None}
    newest = newest_fleet_record(fleet_records)
    clusters = {name: with_recorded_facts(cluster, newest) for name, cluster in members.items()}
    gone = frozenset(n for n, c in clusters.items() if without is not None and not without.why_not(c))
    missing = tuple(sorted(set(newest.members if newest else ()) - set(members)))
    reports: dict[str, ResourceReport] = {}
    placements: dict[str, Mapping[str, int | None]] = {}
    epochs: dict[str, int] = {}
    latest: dict[str, tuple[ResourceRecord, ...]] = {}
    divisions: dict[str, list[WorkloadShares]] = {}
    leaves: dict[str, tuple[str, ...]] = {}
    selection = Selection(clusters.values(), now)
    lost = {name: cluster.lost for name, cluster in clusters.items() if cluster.lost}
    too_many = losses.too_many(len(lost), len(clusters)) if lost else ""
    asked = list(resources)
    for resource in asked:
        records = records_of(resource, memories.values())
        before = with_present_names(newest_placement(records), newest)
        waits = {n: w for n in lost if n in before and (w := losses.why_wait(resource, clusters[n], too_many))}
        report = _place(resource, clusters, before, [*missing, *waits], gone, divider, selection)
        report.waits = waits
        reports[resource.name] = report
        if resource.singleton and report.selected:
            leaves[resource.name] = tuple(sorted(set(before) - {*report.selected, *report.stays, *lost, *gone}))
        stays = {name: before[name] for name in report.stays}
        placements[resource.name] = {**stays, **dict.fromkeys(report.selected)}
        latest[resource.name] = newest_records(records)
        epochs[resource.name] = max((record.epoch for record in latest[resource.name]), default=0) + 1
        if divider is not None and report.selected:
            divided = {key: _with_present_names(d, newest) for key, d in newest_division(records).items()}
            chosen = [clusters[name] for name in report.selected]
            divisions[resource.name] = report.shares = divider.divide(resource, chosen, divided, report.stays)
    joined = set(newest.members if newest else ()) & set(clusters) - set(lost) - gone
    witnesses = {r.name: _witnesses(r, placements[r.name], joined, memories) for r in asked if r.present}
    follows, warnings = _follow(asked, reports)
    for name, followed in follows.items():
        placements[name] = {**placements[name], **dict.fromkeys(followed)}
        reports[name].follows = {m: sorted(map(str, names)) for m, names in sorted(followed.items())}
    known = newest.members if newest else {}
    renamed = {old for entry in known.values() for old in entry.formerly}
    forgotten = {name: newest.epoch for name in fleet_records if newest and name not in known and name not in renamed}
    incomplete = "" if partial or not missing else _incomplete(missing)
    return Decisions(
        reports=reports,
        placements=placements,
        epochs=epochs,
        newest=latest,
        clusters=clusters,
        missing=missing,
        incomplete=incomplete,
        forgotten=forgotten,
        shares=divisions,
        without=gone,
        following=follows,
        lost=lost,
        witnesses=witnesses,
        warnings=warnings,
        leaves={name: members for name, members in leaves.items() if members},
    )


def _with_present_names(divided: Divided, record: FleetRecord | None) -> Divided:
    shares = with_present_names(divided.shares, record)
    return replace(divided, shares={name: count or 0 for name, count in shares.items()})


def _incomplete(missing: Sequence[str]) -> str:
    more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
    return f"the inventory does not have {', '.join(missing[:4])}{more}, which joined this federation"


def over_budget(resource: Resource, plans: Iterable[MemberPlan], budget: Budget) -> ConfigError | None:
    """Why the deletions of a resource on all members are too many for one run; None if they are not.

    Taking a resource away as a whole is said plainly by ``state: absent``, and has no budget.
    """
    if not resource.present:
        return None
    deletions = objects = 0
    for plan in plans:
        counted = [step for step in plan.steps if step.action not in (Action.KEEP, Action.GOING, Action.BLOCKED)]
        objects += len(counted)
        deletions += sum(1 for step in counted if step.action == Action.DELETE)
    if budget.allows(deletions, objects):
        return None
    return ConfigError(
        f"this run would delete {deletions} of its {objects} objects, more than max_deletions ({budget.text}): "
        "nothing of it was changed",
        "look at the plan with --check --diff; raise max_deletions if it is meant",
    )
