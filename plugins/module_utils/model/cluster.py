# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members of a fleet as the inventory and the fleet record describe them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .access import AS_GIVEN, Access
from .errors import ConfigError
from .names import check_federation_name, check_member_name
from .reading import as_count, as_list, as_mapping, as_text, as_text_map, as_texts, given, only_keys, optional_text

NO_SCHEDULE = "NoSchedule"
NO_EXECUTE = "NoExecute"
EFFECTS = (NO_SCHEDULE, NO_EXECUTE)


@dataclass(frozen=True)
class Taint:
    """A mark on a member that keeps resources away unless they tolerate it. ``since`` says when it was put there, in RFC 3339;
    "" for one of the inventory, which was there always."""

    key: str
    value: str
    effect: str
    since: str = ""

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


def moment(text: str) -> float:
    """Seconds since 1970 of a time as records have it (RFC 3339, UTC)."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()


@dataclass(frozen=True)
class Toleration:
    """What a resource puts up with; the fields have the meaning they have for pods. ``seconds``: for so long after the taint came,
    None for ever."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""
    seconds: int | None = None

    def tolerates(self, taint: Taint, now: float = 0.0) -> bool:
        """Whether the resource puts up with the taint at a moment (seconds since 1970), if only for a while."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        if self.operator != "Exists" and not (self.key and self.value == taint.value):
            return False
        return self.seconds is None or not taint.since or now < moment(taint.since) + self.seconds


@dataclass(frozen=True)
class Cluster:
    """One member. ``cordoned``: what is there stays, and nothing new comes. ``weight`` is its share of replicas
    that are divided by weight, None where nobody says. ``lost``: since when it is declared lost, and ``fenced``
    that somebody made sure that it neither writes nor serves. ``renamed_from`` is the name under which it joined, if
    that was another. ``connection`` holds references and credentials for the fleet room, and ``access`` says which credential of
    the member is used; nothing else reads or prints them."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    zones: tuple[str, ...] = ()
    provider: str = ""
    taints: tuple[Taint, ...] = ()
    cordoned: bool = False
    weight: int | None = None
    lost: str = ""
    fenced: bool = False
    renamed_from: str = ""
    connection: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    access: Access = field(default=AS_GIVEN, repr=False, compare=False)


#: larger weights would not be told apart by every rule of division
MAX_WEIGHT = 1_000_000


def as_weight(raw: Any, where: str) -> int:
    """A weight by which replicas are divided."""
    weight = as_count(raw, where)
    if weight > MAX_WEIGHT:
        raise ConfigError(f"{where} is more than {MAX_WEIGHT}")
    return weight


def parse_taint(raw: Any, where: str) -> Taint:
    """Read ``{key, value, effect}`` or kubectl's ``key=value:Effect``."""
    if isinstance(raw, str):
        pair, colon, effect = raw.rpartition(":")
        key, _equals, value = pair.partition("=")
        if not colon or not key:
            raise ConfigError(f"{where} {raw!r} is not of the form key=value:Effect")
    else:
        spec = as_mapping(raw, where)
        only_keys(spec, ("key", "value", "effect"), where)
        key, value, effect = (optional_text(spec, k, where) for k in ("key", "value", "effect"))
    if not key:
        raise ConfigError(f"{where} has no key")
    if effect not in EFFECTS:
        raise ConfigError(f"{where}: effect {effect!r} is not one of {', '.join(EFFECTS)}")
    return Taint(key, value, effect)


def parse_toleration(raw: Any, where: str) -> Toleration:
    """Read ``{key, operator, value, effect}``; an empty key with operator Exists tolerates everything."""
    spec = as_mapping(raw, where)
    only_keys(spec, ("key", "operator", "value", "effect", "tolerationSeconds"), where)
    key, operator, value, effect = (optional_text(spec, k, where) for k in ("key", "operator", "value", "effect"))
    operator = operator or "Equal"
    if operator not in ("Equal", "Exists"):
        raise ConfigError(f"{where}: operator {operator!r} is not one of Equal, Exists")
    if operator == "Equal" and not key:
        raise ConfigError(f"{where} has no key; operator Exists without a key tolerates every taint")
    if operator == "Exists" and value:
        raise ConfigError(f"{where}: operator Exists takes no value")
    if effect and effect not in EFFECTS:
        raise ConfigError(f"{where}: effect {effect!r} is not one of {', '.join(EFFECTS)}")
    seconds = spec.get("tolerationSeconds")
    return Toleration(
        key, operator, value, effect, None if seconds is None else as_count(seconds, f"{where}.tolerationSeconds")
    )


def parse_cluster(
    name: str, raw: Mapping[str, Any], connection: Mapping[str, Any], access: Access = AS_GIVEN
) -> Cluster:
    """Build a member from ``labels, region, zone, provider, taints, weight`` (each optional) and its connection options."""

    def text(key: str) -> str:
        value: Any | None = raw.get(key)
        return "" if value is None else as_text(value, f"{name}: {key}")

    zone = raw.get("zone")
    taints = as_list(given(raw.get("taints"), []), f"{name}: taints")
    return Cluster(
        name=check_member_name(name),
        labels=as_text_map(given(raw.get("labels"), {}), f"{name}: labels"),
        region=text("region"),
        zones=() if zone is None else as_texts(zone, f"{name}: zone"),
        provider=text("provider"),
        taints=tuple(parse_taint(item, f"{name}: taints[{i}]") for i, item in enumerate(taints)),
        weight=None if raw.get("weight") is None else as_weight(raw["weight"], f"{name}: weight"),
        renamed_from=text("renamed_from"),
        connection=dict(connection),
        access=access,
    )


@dataclass(frozen=True)
class Fleet:
    """All members of one federation, and which of them this run may write to (the hosts in play). ``federation`` is "" for clusters
    that are only looked at."""

    federation: str
    members: Mapping[str, Cluster]
    in_play: frozenset[str]


def build_fleet(federation: str | None, members: Iterable[Cluster], in_play: Iterable[str] | None = None) -> Fleet:
    """A fleet out of members with distinct names; ``in_play`` None means all of them, ``federation`` None that they belong to none.
    ConfigError when there are no members."""
    by_name: dict[str, Cluster] = {}
    for cluster in members:
        if cluster.name in by_name:
            raise ConfigError(f"the member {cluster.name} is given twice")
        by_name[cluster.name] = cluster
    if not by_name:
        raise ConfigError("the fleet has no members", "check fleet_group, or the clusters list")
    chosen = frozenset(by_name if in_play is None else in_play)
    name = "" if federation is None else check_federation_name(federation)
    return Fleet(name, dict(sorted(by_name.items())), chosen & frozenset(by_name))
