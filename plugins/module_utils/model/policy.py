# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a run counts as failed: some members failing is data, and the user says how many are too many."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import ConfigError


@dataclass(frozen=True)
class FailOn:
    """``any``, ``all``, ``none``, a number of members, or a percentage of those that took part."""

    text: str

    def too_many(self, failing: int, taking_part: int) -> bool:
        """Whether ``failing`` members of ``taking_part`` make the run a failure."""
        if self.text == "none" or not failing:
            return False
        if self.text == "any":
            return True
        if self.text == "all":
            return failing >= taking_part
        if self.text.endswith("%"):
            return failing * 100 >= int(self.text[:-1]) * taking_part
        return failing >= int(self.text)


#: the default: one failing member fails the run
ANY = FailOn("any")
#: for what only looks: however many are ill, it has done its work
NONE = FailOn("none")


def parse_fail_on(raw: object) -> FailOn:
    """Read ``fail_on``; ConfigError says what it may be."""
    text = "" if raw is None else str(raw).strip().lower()
    number = re.fullmatch(r"([1-9]\d*)%?", text)
    if text not in ("any", "all", "none") and (not number or (text.endswith("%") and int(text[:-1]) > 100)):
        raise ConfigError(f"fail_on {raw!r} is not any, all, none, a number of members (2), or a share of them (25%)")
    return FailOn(text)
