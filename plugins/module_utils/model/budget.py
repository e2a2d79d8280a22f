# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much a run may delete: many deletions at once are more often a mistake (an empty folder, lost labels) than a wish."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import ConfigError

#: a share never stands in the way of so few deletions: a small resource may change as a whole
ALWAYS = 10


@dataclass(frozen=True)
class Budget:
    """A number of objects, or a percentage of all that a resource has on the members of the run."""

    text: str

    def allows(self, deletions: int, objects: int) -> bool:
        """Whether ``deletions`` of the ``objects`` that there are, those that the run creates included, may go."""
        if self.text.endswith("%"):
            return deletions <= ALWAYS or deletions * 100 <= int(self.text[:-1]) * objects
        return deletions <= int(self.text)


DEFAULT_BUDGET = Budget("50%")


def parse_budget(raw: object) -> Budget:
    """Read ``max_deletions``; ConfigError says what it may be."""
    text = "" if raw is None else str(raw).strip()
    number = re.fullmatch(r"(\d{1,9})%?", text)
    if not number or (text.endswith("%") and int(text[:-1]) > 100):
        raise ConfigError(f"max_deletions {raw!r} is neither a number of objects (20) nor a share of them (50%)")
    return Budget(text)
