# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replicas moved between groups after a division, until no group has more than ``max_skew`` more than another.

Groups are those of the chosen members, also where they have no replica. A replica counts for every group of its member, so that one
on a member in two zones counts for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from ..model.cluster import Cluster
from ..model.spread import SpreadRule

_TRIED = 100

_Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Levelled:
    """``replicas`` with the sum that they had. ``note`` names the skews that could not be held, "" if there is none."""

    replicas: Mapping[str, int]
    note: str = ""


class _Cell:
    """Members of the same groups: the next to give a replica is the one with most, the next to take one the one with fewest."""

    def __init__(self, groups: _Groups) -> None:
        self.groups = groups
        self.givers: list[tuple[int, str]] = []
        self.takers: list[tuple[int, str]] = []


class _Floor:
    """Where the replicas are, and what may be moved."""

    def __init__(
        self,
        rules: Sequence[SpreadRule],
        clusters: Sequence[Cluster],
        replicas: Mapping[str, int],
        ceilings: Mapping[str, int],
        floors: Mapping[str, int],
    ) -> None:
        self.limits = [rule.max_skew or 0 for rule in rules]
        self.replicas = {name: replicas[name] for name in sorted(replicas)}
        self.ceilings, self.floors = ceilings, floors
        self.totals: list[dict[str, int]] = [{} for _rule in rules]
        cells: dict[_Groups, _Cell] = {}
        for cluster in clusters:
            if cluster.name in replicas:
                groups = tuple(rule.groups(cluster) for rule in rules)
                cell = cells.setdefault(groups, _Cell(groups))
                self._offer(cell, cluster.name)
                self._count(groups, replicas[cluster.name])
        self.cells = [cells[groups] for groups in sorted(cells)]
        for cell in self.cells:
            heapify(cell.givers)
            heapify(cell.takers)

    def _count(self, groups: _Groups, by: int) -> None:
        for totals, mine in zip(self.totals, groups, strict=True):
            for group in mine:
                totals[group] = totals.get(group, 0) + by

    def _offer(self, cell: _Cell, name: str) -> None:
        count = self.replicas[name]
        if count > self.floors.get(name, 0):
            heappush(cell.givers, (-count, name))
        if count < self.ceilings.get(name, count + 1):
            heappush(cell.takers, (count, name))

    def giver(self, cell: _Cell) -> str:
        """Who gives a replica next; "" for nobody. What a heap says of a member that has changed since is thrown away."""
        while cell.givers and -cell.givers[0][0] != self.replicas[cell.givers[0][1]]:
            heappop(cell.givers)
        return cell.givers[0][1] if cell.givers else ""

    def taker(self, cell: _Cell) -> str:
        while cell.takers and cell.takers[0][0] != self.replicas[cell.takers[0][1]]:
            heappop(cell.takers)
        return cell.takers[0][1] if cell.takers else ""

    def gaps(self) -> list[int]:
        """By rule, what the fullest group has more than the emptiest."""
        return [max(totals.values()) - min(totals.values()) if totals else 0 for totals in self.totals]

    def wrong(self) -> tuple[int, int]:
        """How far all skews are exceeded, and by how many groups; smaller is better."""
        excess = groups = 0
        for totals, limit in zip(self.totals, self.limits, strict=True):
            values = list(totals.values())
            most, least = max(values, default=0), min(values, default=0)
            if most - least > limit:
                excess += most - least - limit
                groups += values.count(most) + values.count(least)
        return excess, groups

    def move(self) -> bool:
        """Move one replica so that it gets better; False where there is none. No skew that is exceeded gets larger by it, and none
        that is held is broken."""
        bounds = [max(gap, limit) for gap, limit in zip(self.gaps(), self.limits, strict=True)]
        for index, (bound, limit) in enumerate(zip(bounds, self.limits, strict=True)):
            pair = self._best_pair(index, bounds) if bound > limit else None
            if pair is not None:
                source, target = pair
                giver, taker = self.giver(source), self.taker(target)
                self._shift(source, target)
                self.replicas[giver] -= 1
                self.replicas[taker] += 1
                self._offer(source, giver)
                self._offer(target, taker)
                return True
        return False

    def _best_pair(self, index: int, bounds: Sequence[int]) -> tuple[_Cell, _Cell] | None:
        """The move for one rule that helps all rules most, among the first `_TRIED`; with one rule, each is as good as another."""
        best, wrong = None, self.wrong()
        for tried, (source, target) in enumerate(self._pairs(index)):
            if best is not None and (tried >= _TRIED or len(self.limits) == 1):
                break
            self._shift(source, target)
            now = self.wrong()
            if now < wrong and all(gap <= bound for gap, bound in zip(self.gaps(), bounds, strict=True)):
                best, wrong = (source, target), now
            self._shift(source=target, target=source)
        return best

    def _shift(self, source: _Cell, target: _Cell) -> None:
        self._count(source.groups, -1)
        self._count(target.groups, 1)

    def _pairs(self, index: int) -> Iterator[tuple[_Cell, _Cell]]:
        """From where to where a replica can be moved: from the fullest group to the emptiest, or else from the one or to the other."""
        totals = self.totals[index]
        high, low = max(totals.values()), min(totals.values())
        givers = [(max((totals[g] for g in c.groups[index]), default=low), c) for c in self.cells if self.giver(c)]
        takers = [(min((totals[g] for g in c.groups[index]), default=high), c) for c in self.cells if self.taker(c)]
        givers.sort(key=lambda pair: -pair[0])
        takers.sort(key=lambda pair: pair[0])
        for source_total, source in givers:
            for target_total, target in takers:
                if target_total > low:
                    break
                if source_total == high and source is not target:
                    yield source, target
        for source_total, source in givers:
            for target_total, target in takers:
                if source is not target and (source_total == high) != (target_total == low):
                    yield source, target


def level(
    rules: Sequence[SpreadRule],
    clusters: Sequence[Cluster],
    replicas: Mapping[str, int],
    ceilings: Mapping[str, int],
    floors: Mapping[str, int],
) -> Levelled:
    """Move as few replicas as needed so that the rules with a ``max_skew`` hold among the members in ``replicas``.

    No member gets more than its ceiling or less than its floor; without a number there is none, and 0. Where a skew cannot be held,
    it is made as small as single moves can make it.
    """
    skewed = sorted((rule for rule in rules if rule.max_skew is not None), key=lambda rule: (rule.by, rule.key))
    floor = _Floor(skewed, clusters, replicas, ceilings, floors)
    best, (excess, _groups) = dict(floor.replicas), floor.wrong()
    gaps = floor.gaps()
    while excess and floor.move():
        now, _groups = floor.wrong()
        if now < excess:  # what brings no skew down in the end is not done
            best, excess, gaps = dict(floor.replicas), now, floor.gaps()
    notes = [
        f"spread by {rule}: max_skew is {rule.max_skew}, the replicas allow {gap}"
        for rule, gap in zip(skewed, gaps, strict=True)
        if gap > (rule.max_skew or 0)
    ]
    return Levelled(best, "; ".join(notes))
