# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What kubefed and kubeadmiral share: who comes first, and the loop that rounds every share up.

Since shares are rounded up, those that come early take the remainder and those that come late may get nothing: 150 over 100 equals
is 2 for 75 of them and 0 for 25.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .fnv import fnv1


@dataclass(frozen=True)
class Entry:
    """A member in the loop. ``maximum`` and ``limit`` cut; what ``capacity`` cuts off is counted as overflow."""

    name: str
    weight: int
    minimum: int = 0
    maximum: int | None = None
    capacity: int | None = None
    limit: int | None = None


@dataclass
class Plan:
    """What has been given so far: ``counts`` by name, what lay beyond a capacity, and how many are ``left``."""

    counts: dict[str, int]
    left: int
    overflow: dict[str, int] = field(default_factory=dict)

    def give(self, name: str, many: int) -> None:
        self.counts[name] += many
        self.left -= many

    def overflows(self, name: str, many: int) -> None:
        self.overflow[name] = self.overflow.get(name, 0) + many

    def overflow_within_left(self) -> dict[str, int]:
        """The overflow of each member, no more than what found no place anywhere."""
        return {name: min(many, self.left) for name, many in self.overflow.items()} if self.left > 0 else {}


def in_order(entries: Iterable[Entry], key: str) -> list[Entry]:
    """By weight, the heaviest first; equals by the hash of their name with the ``key`` of the workload behind it."""
    return sorted(entries, key=lambda entry: (-entry.weight, fnv1(entry.name + key)))


def least(first: int, *others: int | None) -> int:
    """The smallest; None bounds nothing."""
    return min([first, *(other for other in others if other is not None)])


def pour(plan: Plan, entries: Sequence[Entry], reserved: dict[str, int] | None = None) -> None:
    """Give what is left by weight, each share rounded up, over and over to those that are not full, until nothing moves.

    ``reserved`` is what a member has been given ahead of its share: its share takes that off first, and gives only the rest.
    """
    ahead = {} if reserved is None else reserved
    open_ones, moved = list(entries), True
    while moved and plan.left > 0:
        moved = False
        weights, round_total = sum(entry.weight for entry in open_ones), plan.left
        if not weights:
            return
        full = set()
        for entry in open_ones:
            share = min(-(-round_total * entry.weight // weights), plan.left)
            used = min(share, ahead.get(entry.name, 0))
            if used:
                ahead[entry.name] -= used
            had = plan.counts[entry.name]
            wanted = had + share - used
            fits = least(wanted, entry.maximum, entry.limit)
            placed = least(fits, entry.capacity)
            if placed < fits:
                plan.overflows(entry.name, fits - placed)
            if placed < wanted:
                full.add(entry.name)
            plan.give(entry.name, placed - had)
            moved = moved or used > 0 or placed > had
        open_ones = [entry for entry in open_ones if entry.name not in full]
