# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that is wrong with one definition, collected: who has five mistakes wants to hear of five."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..model.errors import ConfigError


@dataclass(frozen=True)
class Fault:
    """One mistake: the path of its field, such as ``spec.roles[0].cardinality``, and what is wrong there and what to do."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


class Faulty(ConfigError):
    """A definition that has faults; ``faults`` holds each of them for callers that show them one by one."""

    def __init__(self, subject: str, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        if len(self.faults) == 1:
            message = f"{subject}: {self.faults[0]}"
        else:
            message = f"{subject} has {len(self.faults)} faults:" + "".join(f"\n- {fault}" for fault in self.faults)
        super().__init__(message)


def refuse(subject: str, faults: Iterable[Fault]) -> None:
    """Raise `Faulty` if there is any fault."""
    found = tuple(faults)
    if found:
        raise Faulty(subject, found)
