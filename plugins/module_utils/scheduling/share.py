# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what a user asks for and what the members are like, to the question that `divide` answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..model.cluster import NO_SCHEDULE, Cluster
from ..model.placement import Placement
from ..model.replicas import ALWAYS, ON_CHANGE, ReplicaPolicy
from .divide import divide
from .division import Candidate, Division, Outcome

_LENGTH = 12


class Standing(NamedTuple):
    """How a member stands to one workload: the replicas it has ``now``, its ``capacity`` (those of now included; None: not known, or
    not to be looked at), whether it ``answers``, and what limits its capacity, in words."""

    now: int = 0
    capacity: int | None = None
    answers: bool = True
    limit: str = ""


@dataclass(frozen=True)
class Shares:
    """The division of one workload. ``question`` is the fingerprint of what was asked, for the records; ``problem`` is a wish that it
    cannot fulfil."""

    division: Division
    candidates: tuple[Candidate, ...]
    outcome: Outcome
    question: str
    problem: str = ""

    @property
    def now(self) -> dict[str, int]:
        """What was there."""
        return {c.name: c.current for c in self.candidates}


def frozen(cluster: Cluster, placement: Placement) -> str:
    """Why a member may keep replicas of a resource and gets no more of them; "" if it may."""
    if cluster.cordoned:
        return "cordoned"
    for taint in cluster.taints:
        if taint.effect == NO_SCHEDULE and not any(t.tolerates(taint) for t in placement.tolerations):
            return f"taint {taint} is not tolerated"
    return ""


def candidate(policy: ReplicaPolicy, placement: Placement, cluster: Cluster, standing: Standing) -> Candidate:
    """A member as `divide` sees it."""
    said = policy.members.get(cluster.name)
    weight = said.weight if said is not None else None
    if weight is None:
        rules = [found for where, found in policy.weights if not where.why_not(cluster)]
        weight = rules[-1] if rules else cluster.weight
    minimum = said.minimum if said is not None and said.minimum is not None else policy.minimum
    maximum = said.maximum if said is not None and said.maximum is not None else policy.maximum
    return Candidate(
        cluster.name,
        1 if weight is None else weight,
        standing.now,
        standing.capacity,
        minimum,
        maximum,
        frozen=frozen(cluster, placement),
        held=not standing.answers,
        short_of=standing.limit,
    )


def question_of(policy: ReplicaPolicy, candidates: Iterable[Candidate]) -> str:
    """What tells one question from another: the rule, and the members with their weights and bounds.

    How many replicas there are, what runs where and what is free are no part of it. A member that does not answer and has nothing
    takes part once it answers.
    """
    taking_part = sorted((c for c in candidates if not c.held or c.current), key=lambda c: c.name)
    members = ";".join([f"{c.name} {c.weight} {c.minimum} {c.maximum}" for c in taking_part])
    text = f"{policy.divide} {policy.algorithm};{members}"
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def share(
    policy: ReplicaPolicy, total: int, key: str, candidates: Iterable[Candidate], before: str, rebalance: bool = False
) -> Shares:
    """Divide ``total`` replicas of the workload ``key`` (``namespace/name``). ``before`` is the question that the last division
    answered, "" if there was none; ``rebalance`` says once what `ALWAYS` says for ever."""
    taking_part = tuple(candidates)
    question = question_of(policy, taking_part)
    changed = policy.rebalance == ON_CHANGE and bool(before) and question != before
    keep = not (rebalance or changed or policy.rebalance == ALWAYS)
    division = Division(total, policy.divide, policy.algorithm, keep, key, policy.uid)
    outcome = divide(division, taking_part)
    return Shares(division, taking_part, outcome, question)
