# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In what order members get a change, as the user asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .errors import ConfigError
from .placement import Where, parse_members
from .reading import as_count, as_flag, as_mapping, only_keys


@dataclass(frozen=True)
class Waves:
    """``canary`` members come first, then batches of ``batch`` members (or of ``percent`` of those that change); each wave is watched
    for ``soak`` seconds; more than ``max_failures`` failed members stop all; ``rollback`` brings the failed wave back."""

    canary: Where | None = None
    batch: int = 0
    percent: int = 0
    soak: float = 0.0
    max_failures: int = 0
    rollback: bool = True

    def size(self, members: int) -> int:
        """How many members a batch has: a share is rounded down, and is one at least; without either, all."""
        if self.batch:
            return self.batch
        return max(1, members * self.percent // 100) if self.percent else max(1, members)


def parse_waves(raw: Any, where: str) -> Waves | None:
    """Read the option ``waves``; None when it is not given."""
    if raw is None:
        return None
    spec = as_mapping(raw, where)
    only_keys(spec, ("canary", "batch", "soak", "max_failures", "rollback"), where)
    text = str(spec.get("batch", "")).strip()
    found = re.fullmatch(r"([1-9]\d{0,5})(%?)", text)
    if text and not found:
        raise ConfigError(
            f"{where}.batch {spec['batch']!r} is neither a number of members (5) nor a share of them (20%)"
        )
    number, share = (int(found[1]), bool(found[2])) if found else (0, False)
    if share and number > 100:
        raise ConfigError(f"{where}.batch {text} is more than all")
    soak = spec.get("soak", 0)
    if isinstance(soak, bool) or not isinstance(soak, (int, float)) or soak < 0:
        raise ConfigError(f"{where}.soak {soak!r} is not a number of seconds")
    if spec.get("canary") is None and not text:
        raise ConfigError(f"{where} says nothing: give canary, batch, or both")
    return Waves(
        None if spec.get("canary") is None else parse_members(spec["canary"], f"{where}.canary"),
        0 if share else number,
        number if share else 0,
        float(soak),
        as_count(spec.get("max_failures", 0), f"{where}.max_failures"),
        as_flag(spec.get("rollback", True), f"{where}.rollback"),
    )
