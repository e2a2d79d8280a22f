# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The replicas of every workload, divided once for the whole fleet from what is known of all members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..model.cluster import Cluster
from ..model.manifest import ObjectName
from ..model.records import Divided
from ..model.replicas import DUPLICATED, ReplicaPolicy
from ..model.resource import Resource
from ..rendering.workload import Workload, share_of
from ..scheduling.divide import explained
from ..scheduling.division import Candidate, ceiling
from ..scheduling.levelling import level
from ..scheduling.room import Occupied, Wish
from ..scheduling.share import Shares, Standing, candidate, share
from .observe import Observation
from .plan import Template


@dataclass(frozen=True)
class WorkloadShares:
    """What was decided for one workload: the division, and which members get more than they have."""

    workload: Workload
    shares: Shares

    @cached_property
    def now(self) -> Mapping[str, int]:
        """Member -> replicas that it has."""
        return self.shares.now

    @cached_property
    def replicas(self) -> Mapping[str, int]:
        """Member -> replicas; what an original's rule places beyond a capacity is part of it."""
        outcome = self.shares.outcome
        return {name: count + outcome.overflow.get(name, 0) for name, count in outcome.replicas.items()}

    @cached_property
    def growing(self) -> tuple[str, ...]:
        """Members that get more than they have; nobody gives any away before they have it."""
        return tuple(name for name, count in self.replicas.items() if count > self.now[name])

    @cached_property
    def record(self) -> Divided:
        """As the members remember it."""
        return Divided(self.shares.question, dict(self.replicas))

    def data(self) -> dict[str, Any]:
        """As results show it."""
        outcome = self.shares.outcome
        return {
            "total": self.shares.division.total,
            "members": dict(self.replicas),
            "moved": {n: count - self.now[n] for n, count in self.replicas.items() if count != self.now[n]},
            "unplaced": outcome.unplaced,
            "reasons": dict(self.reasons()),
            "msg": outcome.error or self.shares.problem,
        }

    def unplaced(self) -> str:
        """How many replicas found no place, and why; "" if all did."""
        outcome = self.shares.outcome
        if outcome.error:
            return f"{self.workload.key}: {outcome.error}; its replicas stay as they are"
        if not outcome.unplaced:
            return f"{self.workload.key}: {self.shares.problem}" if self.shares.problem else ""
        total = self.shares.division.total
        why = _together(self.reasons())
        return f"{self.workload.key}: {outcome.unplaced} of {total} replicas find no place" + (
            f" ({why})" if why else ""
        )

    def reasons(self) -> Mapping[str, str]:
        """Why members have what they have, where there is something to say."""
        return explained(self.shares.division, self.shares.candidates, self.shares.outcome)


@dataclass(frozen=True)
class RecordedShares:
    """A division as the records tell it, for looking at what is there: nothing moves."""

    workload: Workload
    record: Divided

    @property
    def replicas(self) -> Mapping[str, int]:
        """Member -> replicas."""
        return self.record.shares

    now = replicas
    growing: tuple[str, ...] = ()


def recorded_shares(template: Template, divided: Mapping[str, Divided]) -> list[RecordedShares]:
    """The recorded divisions of the workloads of a template."""
    return [RecordedShares(w, divided[w.key]) for w in template.workloads if w.key in divided]


def _levelled(resource: Resource, clusters: Sequence[Cluster], divided: Shares) -> Shares:
    """The division with the skew between groups that the placement allows."""
    rules = [rule for rule in resource.placement.spread if rule.max_skew is not None]
    policy = resource.replicas
    if not rules or policy is None or policy.divide == DUPLICATED or divided.outcome.error:
        return divided
    total = divided.division.total
    ceilings = {c.name: c.current if c.held else ceiling(c, total) for c in divided.candidates}
    floors = {c.name: c.current if c.held else min(c.minimum, ceilings[c.name]) for c in divided.candidates}
    levelled = level(rules, clusters, divided.outcome.replicas, ceilings, floors)
    outcome = replace(divided.outcome, replicas=levelled.replicas)
    return replace(divided, outcome=outcome, problem=levelled.note)


def _together(reasons: Mapping[str, str]) -> str:
    """Reasons of members, once where several have the same."""
    members: dict[str, list[str]] = {}
    for name, text in reasons.items():
        members.setdefault(text, []).append(name)
    lines = [f"{', '.join(who[:4])}{' and more' if len(who) > 4 else ''}: {text}" for text, who in members.items()]
    return "; ".join(lines[:5])


def running(workload: Workload, seen: Observation) -> int:
    """The share that a member was given of a workload, as the object itself tells."""
    bare = ObjectName(workload.name.kind, "", workload.name.name)
    for name in (workload.name, bare):  # of a kind that has no namespace, the member knows it
        if name in seen.objects and not seen.objects[name].get("deletionTimestamp"):
            return share_of(seen.objects[name]) or 0
    return 0


class Divider:
    """Divides the workloads of all resources, one after the other: what one was granted is not free for the next."""

    def __init__(self, seen: Mapping[str, Observation], workloads: Mapping[str, Sequence[Workload]]) -> None:
        self._seen, self._workloads = seen, workloads
        self._now = {
            (resource, w.key): {member: running(w, found) for member, found in seen.items()}
            for resource, found_workloads in workloads.items()
            for w in found_workloads
        }
        every = [(resource, w) for resource, found in workloads.items() for w in found]
        self._occupied: dict[str, Occupied] = {}
        self._problems: dict[str, str] = {}
        for member, found in seen.items():
            if found.room is None:
                continue
            if found.room.problem:
                self._problems[member] = found.room.problem
                continue
            wishes = {
                f"{resource}/{w.key}": Wish(w.name.namespace, w.template, w.labels, self._now[resource, w.key][member])
                for resource, w in every
            }
            self._occupied[member] = Occupied(found.room, wishes)

    def divide(
        self, resource: Resource, clusters: Sequence[Cluster], before: Mapping[str, Divided], stays: Sequence[str]
    ) -> list[WorkloadShares]:
        """The shares of the workloads of a resource over the members that it is placed on; ``before`` is what the records say, and
        ``stays`` are members that hold it and cannot be reached."""
        policy = resource.replicas
        if policy is None:
            return []
        return [
            self._divide(resource, policy, workload, clusters, before.get(workload.key), stays)
            for workload in self._workloads[resource.name]
        ]

    def rooms(self, resource: Resource, members: Sequence[str]) -> tuple[int | None, Mapping[str, int]]:
        """How many replicas of the first workload there are, and how many each member can run, where that is known."""
        workloads = self._workloads[resource.name]
        if not workloads:
            return None, {}
        key = f"{resource.name}/{workloads[0].key}"
        found = {m: self._occupied[m].capacity(key).replicas for m in members if m in self._occupied}
        return workloads[0].replicas, found

    def _divide(
        self,
        resource: Resource,
        policy: ReplicaPolicy,
        workload: Workload,
        clusters: Sequence[Cluster],
        before: Divided | None,
        stays: Sequence[str],
    ) -> WorkloadShares:
        key = f"{resource.name}/{workload.key}"
        standings = {c.name: self._standing(resource.name, workload, key, c.name, before) for c in clusters}
        candidates = [candidate(policy, resource.placement, c, standings[c.name]) for c in clusters]
        shares = before.shares if before is not None else {}
        candidates += [Candidate(member, current=shares.get(member, 0), held=True) for member in stays]
        name = f"{workload.name.namespace}/{workload.name.name}"
        question = before.question if before is not None else ""
        divided = share(policy, workload.replicas, name, candidates, question)
        found = WorkloadShares(workload, _levelled(resource, clusters, divided))
        for member, count in found.replicas.items():
            if member in self._occupied:
                self._occupied[member].grant(key, max(count, found.now[member]))
        return found

    def _standing(self, resource: str, workload: Workload, key: str, member: str, before: Divided | None) -> Standing:
        if member not in self._seen:
            return Standing(before.shares.get(member, 0) if before is not None else 0, None, False)
        now = self._now[resource, workload.key][member]
        if member not in self._occupied:
            return Standing(now, None, True, self._problems.get(member, ""))
        found = self._occupied[member].capacity(key)
        return Standing(now, found.replicas, True, found.limit)
