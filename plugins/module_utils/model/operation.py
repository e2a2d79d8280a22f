# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What operators say of a member while the fleet runs: labels, taints, cordons. It is kept in the fleet record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .cluster import EFFECTS, Cluster, Taint, parse_taint
from .errors import ConfigError
from .reading import as_flag, as_list, as_mapping, as_text, given
from .records import MemberEntry


@dataclass(frozen=True)
class Untaint:
    """Which taints to take away: those with the key, and with the value and the effect where these are not ""."""

    key: str
    value: str = ""
    effect: str = ""

    def fits(self, taint: Taint) -> bool:
        return self.key == taint.key and self.value in ("", taint.value) and self.effect in ("", taint.effect)


@dataclass(frozen=True)
class Operation:
    """A change of what is said of members. ``labels``: None takes a label away; ``cordon``, ``lost`` and
    ``fenced``: None leaves it as it is."""

    labels: Mapping[str, str | None] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    untaint: tuple[Untaint, ...] = ()
    cordon: bool | None = None
    lost: bool | None = None
    fenced: bool | None = None

    @property
    def asks(self) -> bool:
        """Whether it changes anything of any member."""
        return bool(self.labels or self.taints or self.untaint) or self._flags != (None, None, None)

    @property
    def _flags(self) -> tuple[bool | None, bool | None, bool | None]:
        return self.cordon, self.lost, self.fenced

    def on(self, entry: MemberEntry, now: str) -> MemberEntry:
        """What the fleet record says of a member afterwards; ``now`` in RFC 3339. A taint that is there keeps its time."""
        labels = {key: value for key, value in {**entry.labels, **self.labels}.items() if value is not None}
        taints = [taint for taint in entry.taints if not any(untaint.fits(taint) for untaint in self.untaint)]
        for new in self.taints:
            same = [t for t in taints if replace(t, since="") == new]
            if not same:
                taints = [t for t in taints if (t.key, t.effect) != (new.key, new.effect)]
                taints.append(replace(new, since=now))

        def since(before: str, wanted: bool | None) -> str:
            return before if wanted is None else (before or now) if wanted else ""

        return replace(
            entry,
            labels=labels,
            taints=tuple(taints),
            cordoned=since(entry.cordoned, self.cordon),
            lost=since(entry.lost, self.lost),
            fenced=since(entry.fenced, self.fenced),
        )

    def words(self, before: MemberEntry, after: MemberEntry) -> list[str]:
        """What the operation changed of a member, as a person says it."""
        said = [f"label {key}={value}" for key, value in after.labels.items() if before.labels.get(key) != value]
        said += [f"label {key} removed" for key in before.labels if key not in after.labels]
        said += [f"taint {taint}" for taint in after.taints if taint not in before.taints]
        kept = {(taint.key, taint.effect) for taint in after.taints}
        said += [f"taint {taint} removed" for taint in before.taints if (taint.key, taint.effect) not in kept]
        if bool(before.cordoned) != bool(after.cordoned):
            said.append("cordoned" if after.cordoned else "uncordoned")
        if bool(before.lost) != bool(after.lost):
            said.append("declared lost" if after.lost else "no longer lost")
        if bool(before.fenced) != bool(after.fenced):
            said.append("fenced" if after.fenced else "no longer fenced")
        return said

    def out_of_reach(self, cluster: Cluster) -> list[str]:
        """What was asked to go and is said by the inventory, which nothing here can change; in words."""
        taints = [str(t) for t in cluster.taints if any(untaint.fits(t) for untaint in self.untaint)]
        labels = [key for key, value in self.labels.items() if value is None and key in cluster.labels]
        return [f"taint {text}" for text in taints] + [f"label {key}" for key in labels]


def _untaint(raw: Any, where: str) -> Untaint:
    """Read ``key``, ``key:Effect``, ``key=value:Effect`` or ``{key, value, effect}``."""
    if not isinstance(raw, str):
        taint = parse_taint(raw, where)
        return Untaint(taint.key, taint.value, taint.effect)
    pair, _colon, effect = raw.partition(":")
    key, _equals, value = pair.partition("=")
    if not key:
        raise ConfigError(f"{where} {raw!r} is not of the form key, key:Effect or key=value:Effect")
    if effect and effect not in EFFECTS:
        raise ConfigError(f"{where}: effect {effect!r} is not one of {', '.join(EFFECTS)}")
    return Untaint(key, value, effect)


def parse_operation(raw: Mapping[str, Any]) -> Operation:
    """Read the options ``labels, taints, remove_taints, cordon, lost, fenced`` of `cluster`, each optional."""
    taints = as_list(given(raw.get("taints"), []), "taints")
    untaints = as_list(given(raw.get("remove_taints"), []), "remove_taints")

    def flag(key: str) -> bool | None:
        return None if raw.get(key) is None else as_flag(raw[key], key)

    return Operation(
        {
            key: None if value is None else as_text(value, f"labels.{key}")
            for key, value in as_mapping(given(raw.get("labels"), {}), "labels").items()
        },
        tuple(parse_taint(item, f"taints[{i}]") for i, item in enumerate(taints)),
        tuple(_untaint(item, f"remove_taints[{i}]") for i, item in enumerate(untaints)),
        flag("cordon"),
        flag("lost"),
        flag("fenced"),
    )
