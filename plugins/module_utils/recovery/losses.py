# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of data that are copied, from what a `writer.Writer` saw: when they could be written, and what was lost. Pure.

Copies follow their home a little later, so a home that is lost may take acknowledged writes along. The rule is: what a copy was seen to
have is there afterwards. What was acknowledged beyond that is the recovery point, in writes and in seconds; it is measured and told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .measure import Moment

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Loss:
    """``writes`` were acknowledged before another member took over, the last with the number ``acknowledged``; ``copied`` is the last
    that was seen on a copy, ``found`` the last that is there. ``lost`` writes are missing, those of the last ``seconds``. ``twice`` are
    members that said they were home while another one took writes. ``taken``: another member took over; without that nothing can be
    lost."""

    taken: bool = False
    home: str = ""
    writes: int = 0
    acknowledged: int = 0
    copied: int = 0
    found: int = 0
    lost: int = 0
    seconds: float = 0.0
    twice: tuple[str, ...] = field(default=())

    def data(self) -> dict[str, Any]:
        return {**asdict(self), "twice": list(self.twice)}

    def text(self) -> str:
        """The recovery point in words."""
        if not self.taken:
            return f"no other member took over; {self.writes} writes acknowledged"
        if not self.lost:
            return f"nothing lost of {self.writes} acknowledged writes"
        return f"{self.lost} of {self.writes} acknowledged writes lost, those of the last {self.seconds:.2f} s"

    def problem(self) -> str:
        """Which rule was broken; "" for none."""
        if self.taken and self.found < self.copied:
            return f"writes up to {self.copied} had been copied, and only those up to {self.found} are there"
        if self.twice:
            return f"{', '.join(self.twice)} took writes beside {self.home}"
        return ""


def lines_of(probes: Sequence[Line], resource: str) -> list[Line]:
    """What was seen of one store."""
    return [probe for probe in probes if probe.get("store") == resource]


def flows(lines: Sequence[Line]) -> bool:
    """Whether writes are acknowledged, and were seen on a copy."""
    return any(line.get("copied") for line in lines) and any(line.get("writes") for line in lines)


def writes(lines: Sequence[Line]) -> list[Moment]:
    """Whether data could be written, at each tick; one without a write between two that have some is a matter of timing."""
    ticks = [line for line in lines if "writes" in line]
    found = []
    for position, tick in enumerate(ticks):
        recent = ticks[max(0, position - 1) : position + 1]
        ready = int(any(t["writes"] for t in recent) and bool(tick["member"]))
        found.append(Moment(tick["t"], ready, int(bool(tick["member"]))))
    return found


def home_at(lines: Sequence[Line], moment: float | None) -> str:
    """Who took writes last, until a moment (None: until the end)."""
    homes = [
        line["member"]
        for line in lines
        if line.get("writes") and line["member"] and (moment is None or line["t"] <= moment)
    ]
    return homes[-1] if homes else ""


def loss_of(lines: Sequence[Line], fault: float | None) -> Loss:
    """What was lost since the fault."""
    before = home_at(lines, fault)
    found = [line for line in lines if "found" in line and fault is not None and line["t"] > fault]
    taken = next((line for line in found if line["member"] != before), None)
    if taken is None:
        acked = max((line["acked"] for line in lines if "acked" in line), default=0)
        return Loss(home=before, writes=_count(lines), acknowledged=acked, twice=_twice(lines))
    copied = [line["copied"] for line in lines if "copied" in line and line["t"] <= taken["t"]]
    return Loss(
        True,
        taken["member"],
        _count([line for line in lines if line["t"] <= taken["t"]]),
        taken["acked"],
        max(copied, default=0),
        taken["found"],
        taken["lost"],
        taken["behind"],
        _twice(lines),
    )


def _count(lines: Sequence[Line]) -> int:
    return sum(line.get("writes") or 0 for line in lines)


def _twice(lines: Sequence[Line]) -> tuple[str, ...]:
    """Who said to be home, between two ticks in which another one took writes."""
    found, writer, claims = dict[str, None](), "", list[str]()
    for line in lines:
        if line.get("role") == "home" and writer:
            claims.append(line["member"])
        elif line.get("writes") and line["member"]:
            if line["member"] == writer:
                found.update(dict.fromkeys(name for name in claims if name != writer))
            writer, claims = line["member"], []
    return tuple(sorted(found))
