# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody else does on a member between the writes of a run and its health: workloads that need a hand to become healthy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..fleet.api import MemberApi
from ..fleet.deadline import Deadline


@dataclass
class Attendance:
    """One member, while it is attended to.

    ``limit`` is when it has to be healthy; whoever attends moves it on by the time that his own work takes. ``work_until`` is when
    that work is over at the latest. ``done`` says what was done, as people read it.
    """

    member: str
    api: MemberApi
    limit: Deadline
    tell: Callable[[str], None]
    work_until: Deadline = field(default_factory=lambda: Deadline(0))
    done: list[str] = field(default_factory=list)

    def busy(self, seconds: float) -> None:
        """Some work takes so long from now, at most."""
        self.work_until = max(self.work_until, Deadline(seconds), key=lambda deadline: deadline.at)


#: attends to a member; a FederationError is what is wrong with it
Attend = Callable[[Attendance], None]
