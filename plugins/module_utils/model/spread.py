# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Over how many regions, zones, providers or members a resource is spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .cluster import Cluster
from .errors import ConfigError
from .reading import as_count, as_list, as_mapping, given, only_keys, optional_text

#: what members are grouped by
MEMBER, ZONE, REGION, PROVIDER, LABEL = "member", "zone", "region", "provider", "label"
BY = (MEMBER, ZONE, REGION, PROVIDER, LABEL)
SPREAD_KEYS = ("by", "key", "min", "max", "max_skew")


@dataclass(frozen=True)
class SpreadRule:
    """At least ``minimum`` and at most ``maximum`` groups get the resource (None: as many as there are), and the fullest of them has
    at most ``max_skew`` more than the emptiest. ``key`` is the label, "" for every other ``by``."""

    by: str
    key: str = ""
    minimum: int = 1
    maximum: int | None = None
    max_skew: int | None = None

    def __str__(self) -> str:
        return f"{self.by} {self.key}" if self.key else self.by

    def groups(self, cluster: Cluster) -> tuple[str, ...]:
        """The groups that a member is in: one, or all its zones; none where it does not say."""
        if self.by == ZONE:
            return tuple(sorted(set(cluster.zones) - {""}))
        facts = {MEMBER: cluster.name, REGION: cluster.region, PROVIDER: cluster.provider}
        value = cluster.labels.get(self.key, "") if self.by == LABEL else facts[self.by]
        return (value,) if value else ()


def _number(spec: dict[str, Any], key: str, where: str) -> int | None:
    """A bound of which 0 would make no sense."""
    value = spec.get(key)
    number = None if value is None else as_count(value, f"{where}.{key}")
    if number == 0:
        raise ConfigError(f"{where}.{key} must be 1 or more, not 0")
    return number


def _parse_rule(raw: Any, where: str) -> SpreadRule:
    spec = as_mapping(raw, where)
    only_keys(spec, SPREAD_KEYS, where)
    by, key = optional_text(spec, "by", where), optional_text(spec, "key", where)
    if by not in BY:
        raise ConfigError(f"{where}.by {by!r} is not one of {', '.join(BY)}" if by else f"{where} has no by")
    if by == LABEL and not key:
        raise ConfigError(f"{where} has no key; by label needs the key of the label")
    if by != LABEL and key:
        raise ConfigError(f"{where}.key is for by label only, not for by {by}")
    minimum = as_count(given(spec.get("min"), 1), f"{where}.min")
    maximum = _number(spec, "max", where)
    if maximum is not None and minimum > maximum:
        raise ConfigError(f"{where}.min is {minimum}, more than max, which is {maximum}")
    return SpreadRule(by, key, minimum, maximum, _number(spec, "max_skew", where))


def parse_spread(raw: Any, where: str) -> tuple[SpreadRule, ...]:
    """Read a list of ``{by, key, min, max, max_skew}``; None is no rule. A ``min`` of 0 is fulfilled by no member at all."""
    rules: list[SpreadRule] = []
    for i, item in enumerate(as_list(given(raw, []), where)):
        rule = _parse_rule(item, f"{where}[{i}]")
        if any(str(rule) == str(other) for other in rules):
            raise ConfigError(f"{where}[{i}]: there is a rule by {rule} already")
        rules.append(rule)
    return tuple(rules)
