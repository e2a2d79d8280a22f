# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a resource moves away from a member that is lost."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import ConfigError
from .manifest import Manifest, kind_of, pod_template

#: what a run does of itself when a member is lost: nothing without being told, what is right, or nothing ever
PLAN, AUTOMATIC, NEVER = "plan", "automatic", "never"
FAILOVERS = (PLAN, AUTOMATIC, NEVER)

#: whether moving needs proof that the lost member neither writes nor serves: where the resource has state, or never
BY_STATE, NONE = "by_state", "none"
FENCES = (BY_STATE, NONE)


@dataclass(frozen=True)
class MaxLost:
    """How many members may be lost at once: a number, a percentage, or the larger of both. Beyond it, whoever looks is more likely to be
    cut off than the fleet to be gone."""

    number: int = 1
    percent: int = 25

    def allows(self, lost: int, members: int) -> bool:
        """Whether ``lost`` of so many members may be lost."""
        return lost <= max(self.number, members * self.percent // 100)

    def __str__(self) -> str:
        return f"{self.number} or {self.percent}%"


DEFAULT_MAX_LOST = MaxLost()


def parse_max_lost(raw: object) -> MaxLost:
    """Read ``2``, ``30%`` or ``1 or 25%``."""
    text = "" if raw is None else str(raw).strip()
    found = re.fullmatch(r"(?:(\d{1,6})(?: or (\d{1,3})%)?|(\d{1,3})%)", text)
    if not found:
        raise ConfigError(f"max_lost {raw!r} is neither a number (2), a share (30%), nor both (1 or 25%)")
    number, both, share = found.groups()
    return MaxLost(int(number or 0), int(both or share or 0))


def has_state(manifests: tuple[Manifest, ...]) -> bool:
    """Whether pods of these manifests keep something that a second copy would spoil: a StatefulSet, or a claim of a volume."""
    for manifest in manifests:
        kind = kind_of(manifest)
        if kind.kind in ("StatefulSet", "PersistentVolumeClaim") and kind.group in ("apps", ""):
            return True
        template = pod_template(manifest)
        volumes = (template or {}).get("spec", {}).get("volumes") if template else None
        if any(isinstance(v, dict) and v.get("persistentVolumeClaim") for v in volumes or []):
            return True
    return False
