# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a resource is spread over groups of members, as the user asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .cluster import Cluster
from .errors import ConfigError
from .reading import as_count, as_list, as_mapping, as_text, only_keys

MEMBER, ZONE, REGION, PROVIDER, LABEL = "member", "zone", "region", "provider", "label"
BY = (MEMBER, ZONE, REGION, PROVIDER, LABEL)


@dataclass(frozen=True)
class SpreadRule:
    """One entry of ``placement.spread``. Members with the same value of what ``by`` names are a group (``key`` is that of a label).

    At least ``minimum`` groups are used, and at most ``maximum``; ``max_skew`` is how much fuller one used group may be than another:
    in replicas where these are divided, else in members.
    """

    by: str
    key: str = ""
    minimum: int = 1
    maximum: int | None = None
    max_skew: int | None = None

    @property
    def what(self) -> str:
        """What its groups are, in words."""
        return f"label {self.key}" if self.by == LABEL else self.by

    def groups(self, cluster: Cluster) -> tuple[str, ...]:
        """The groups that a member belongs to; () where it does not say. A member in several zones is in a group for each."""
        if self.by == MEMBER:
            return (cluster.name,)
        if self.by == ZONE:
            return cluster.zones
        value = {REGION: cluster.region, PROVIDER: cluster.provider}.get(self.by, cluster.labels.get(self.key, ""))
        return (value,) if value else ()


def parse_spread(raw: Any, where: str) -> tuple[SpreadRule, ...]:
    """Read ``placement.spread``; None is no rule."""
    rules = tuple(_parse_rule(item, f"{where}[{i}]") for i, item in enumerate(as_list(raw or [], where)))
    _refuse_twins(rules, where)
    return rules


def _refuse_twins(rules: Iterable[SpreadRule], where: str) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.what in seen:
            raise ConfigError(f"{where} has two rules by {rule.what}", "put min, max and max_skew into one")
        seen.add(rule.what)


def _parse_rule(raw: Any, where: str) -> SpreadRule:
    spec = as_mapping(raw, where)
    only_keys(spec, ("by", "key", "min", "max", "max_skew"), where)
    by = spec.get("by")
    if by not in BY:
        raise ConfigError(f"{where}.by {by!r} is not one of {', '.join(BY)}")
    if (by == LABEL) != (spec.get("key") is not None):
        raise ConfigError(f"{where}: by: label needs a key, and nothing else takes one")

    def number(key: str, least: int) -> int | None:
        if spec.get(key) is None:
            return None
        found = as_count(spec[key], f"{where}.{key}")
        if found < least:
            raise ConfigError(f"{where}.{key} must be {least} or more")
        return found

    minimum, maximum, skew = number("min", 1) or 1, number("max", 1), number("max_skew", 1)
    if maximum is not None and minimum > maximum:
        raise ConfigError(f"{where}: min {minimum} is more than max {maximum}")
    if by == MEMBER and skew is not None:
        raise ConfigError(f"{where}: max_skew is between groups of members; use replicas.min and max for single ones")
    return SpreadRule(by, as_text(spec["key"], f"{where}.key") if by == LABEL else "", minimum, maximum, skew)
