# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which members get a resource: a pure filter that gives a reason for every member, chosen or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..model.cluster import NO_EXECUTE, Cluster
from ..model.placement import Placement


@dataclass(frozen=True)
class Decision:
    """The outcome for one member. ``reason`` is "" for a member that was chosen without anything to remark."""

    member: str
    selected: bool
    reason: str = ""


def decide(placement: Placement, cluster: Cluster, placed: bool, now: float = 0.0) -> Decision:
    """Whether ``cluster`` gets the resource; ``placed`` says that it has it now, which neither NoSchedule nor a cordon takes away;
    ``now`` is the moment, in seconds since 1970, for tolerations that end."""
    reason = placement.where.why_not(cluster)
    if not reason and cluster.cordoned and not placed:
        reason = "cordoned"
    if reason:
        return Decision(cluster.name, False, reason)
    for taint in cluster.taints:
        if any(toleration.tolerates(taint, now) for toleration in placement.tolerations):
            continue
        if placed and taint.effect != NO_EXECUTE:
            continue
        return Decision(cluster.name, False, f"taint {taint} is not tolerated")
    return Decision(cluster.name, True)


def select(
    placement: Placement, fleet: Sequence[Cluster], placed: Collection[str], now: float = 0.0
) -> Mapping[str, Decision]:
    """Decide for every member; the answer is ordered by name, whatever the order of the fleet."""
    return {c.name: decide(placement, c, c.name in placed, now) for c in sorted(fleet, key=lambda c: c.name)}


class Selection:
    """The decisions of one run over one fleet. Resources of the same placement that are placed on the same members share them, with
    every reason: a large fleet has as many decisions as it has members, not times as many as it has resources."""

    def __init__(self, fleet: Iterable[Cluster], now: float = 0.0) -> None:
        self._now = now
        self._fleet = sorted(fleet, key=lambda c: c.name)
        self._known: dict[tuple[Placement, frozenset[str]], Mapping[str, Decision]] = {}

    def of(self, placement: Placement, placed: Collection[str]) -> Mapping[str, Decision]:
        """`select`, once for each distinct question."""
        question = (placement, frozenset(placed))
        if question not in self._known:
            self._known[question] = select(placement, self._fleet, question[1], self._now)
        return self._known[question]
