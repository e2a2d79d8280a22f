# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What KubeFed and KubeAdmiral share: an order that a hash decides, and rounds of shares that are rounded up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_OFFSET, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF


def fnv1(data: bytes) -> int:
    """The 32 bit FNV-1 hash, which multiplies before it mixes."""
    value = _OFFSET
    for byte in data:
        value = (value * _PRIME & _MASK) ^ byte
    return value


def fnv1a(data: bytes) -> int:
    """The 32 bit FNV-1a hash, which mixes before it multiplies."""
    value = _OFFSET
    for byte in data:
        value = (value ^ byte) * _PRIME & _MASK
    return value


@dataclass
class Seat:
    """A member in a round. ``plan`` is what it has so far; ``reserved`` of what it gets later is there already; ``limit`` closes it
    silently, ``capacity`` counts what goes beyond it as ``overflow``."""

    name: str
    weight: int
    minimum: int = 0
    maximum: int | None = None
    capacity: int | None = None
    limit: int | None = None
    plan: int = 0
    reserved: int = 0
    overflow: int = 0

    def cut(self, total: int, accumulate: bool) -> tuple[int, bool]:
        """What of ``total`` it takes, and whether it is full then."""
        full = False
        for bound in (self.maximum, self.limit):
            if bound is not None and total > bound:
                total, full = bound, True
        if self.capacity is not None and total > self.capacity:
            more = total - self.capacity
            self.overflow = self.overflow + more if accumulate else more
            total, full = self.capacity, True
        return total, full


@dataclass
class Round:
    """A division under way: the members in their order, and how many replicas are left."""

    seats: Sequence[Seat]
    remaining: int
    accumulate: bool = False
    open: list[Seat] = field(default_factory=list)

    def fill(self) -> None:
        """Hand out what remains in proportion to the weights, each share rounded up, until nothing changes any more."""
        self.open = list(self.seats)
        changed = True
        while changed and self.remaining > 0:
            changed = self._go_round()

    def _go_round(self) -> bool:
        weights, remaining = sum(seat.weight for seat in self.open), self.remaining
        if weights == 0:
            return False
        changed, still = False, []
        for seat in self.open:
            share = min(-(-remaining * seat.weight // weights), self.remaining)
            used = min(share, seat.reserved)
            seat.reserved -= used
            total, full = seat.cut(seat.plan + share - used, self.accumulate)
            changed = changed or used > 0 or total > seat.plan
            self.remaining -= total - seat.plan
            seat.plan = total
            if not full:
                still.append(seat)
        self.open = still
        return changed


def in_order(seats: Iterable[Seat], key: str) -> list[Seat]:
    """The heaviest first, then by the hash of the name of the member and of the workload."""
    return sorted(seats, key=lambda seat: (-seat.weight, fnv1((seat.name + key).encode())))


def plans(seats: Iterable[Seat]) -> Mapping[str, int]:
    return {seat.name: seat.plan for seat in sorted(seats, key=lambda seat: seat.name)}


def overflows(seats: Iterable[Seat], most: int | None = None) -> dict[str, int]:
    """What goes beyond the capacities, each at most ``most``."""
    cut = {seat.name: seat.overflow if most is None else min(seat.overflow, most) for seat in seats}
    return {name: count for name, count in sorted(cut.items()) if count > 0}
