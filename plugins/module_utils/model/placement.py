# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a resource goes: which members a placement or an override speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .cluster import Cluster, Toleration, parse_toleration
from .errors import ConfigError
from .reading import as_list, as_mapping, as_texts, given, only_keys
from .selector import EVERYTHING, Selector, parse_selector

if TYPE_CHECKING:
    from .spread import SpreadRule

WHERE_KEYS = ("members", "selector", "region", "zone", "provider", "exclude")
PLACEMENT_KEYS = WHERE_KEYS + ("tolerations", "spread")


@dataclass(frozen=True)
class Where:
    """A condition on members.

    ``members`` given (even empty) means exactly those names, and every other condition but ``exclude`` is not looked at;
    otherwise all given conditions must hold; nothing given means every member. ``None`` is "not said", ``()`` is "none".
    """

    members: tuple[str, ...] | None = None
    selector: Selector = EVERYTHING
    region: tuple[str, ...] | None = None
    zone: tuple[str, ...] | None = None
    provider: tuple[str, ...] | None = None
    exclude: Where | None = None

    def why_not(self, cluster: Cluster) -> str:
        """Why this member is not meant, as a person would say it; "" when it is."""
        if self.exclude is not None and not self.exclude.why_not(cluster):
            return "excluded"
        if self.members is not None:
            return "" if cluster.name in self.members else "not in the list of members"
        if not self.selector.matches(cluster.labels):
            return f"labels do not match {self.selector}"
        for what, wanted, found in (
            ("region", self.region, (cluster.region,)),
            ("zone", self.zone, cluster.zones),
            ("provider", self.provider, (cluster.provider,)),
        ):
            if wanted is not None and not set(wanted) & set(found):
                has = ",".join(filter(None, found)) or "none"
                return f"{what} is {has}, not {' or '.join(wanted) or 'any'}"
        return ""

    def names(self) -> set[str]:
        """Every member named in it, to find names that do not exist."""
        return set(self.members or ()) | (self.exclude.names() if self.exclude else set())

    def specificity(self) -> int:
        """0 = says nothing, 1 = conditions, 2 = names: overrides are applied in this order, the most specific last."""
        if self.members is not None:
            return 2
        conditions = (self.region, self.zone, self.provider, self.exclude, self.selector.requirements or None)
        return 1 if any(c is not None for c in conditions) else 0


#: says nothing, so it means every member
EVERYWHERE = Where()


@dataclass(frozen=True)
class Placement:
    """Which members get a resource, which taints it puts up with, and how it is spread over them."""

    where: Where = EVERYWHERE
    tolerations: tuple[Toleration, ...] = ()
    spread: tuple[SpreadRule, ...] = ()


#: every member, no taint tolerated
ANYWHERE = Placement()


def parse_members(raw: Any, where: str) -> Where:
    """Read a list of names, or conditions; it must say something, since nothing would mean every member."""
    if isinstance(raw, (str, list, tuple)):
        return Where(members=as_texts(raw, where))
    found = parse_where(raw, where)
    if not found.specificity():
        raise ConfigError(f"{where} says nothing, which would mean every member")
    return found


def parse_where(raw: Any, where: str, allowed: Iterable[str] = WHERE_KEYS) -> Where:
    """Read a condition; ``exclude`` may be a list of names or a condition of its own."""
    spec = as_mapping(raw, where)
    only_keys(spec, allowed, where)

    def texts(key: str) -> tuple[str, ...] | None:
        value = spec.get(key)
        return None if value is None else as_texts(value, f"{where}.{key}")

    exclude = spec.get("exclude")
    excluded = None if exclude is None else parse_members(exclude, f"{where}.exclude")
    selector = spec.get("selector")
    return Where(
        members=texts("members"),
        selector=EVERYTHING if selector is None else parse_selector(selector, f"{where}.selector"),
        region=texts("region"),
        zone=texts("zone"),
        provider=texts("provider"),
        exclude=excluded,
    )


def _spread(raw: Any, where: str) -> tuple[SpreadRule, ...]:
    if raw is None:
        return ()
    from .spread import parse_spread  # Ansible compiles what is imported in every run, and most runs spread nothing

    return parse_spread(raw, where)


def parse_placement(raw: Any, where: str) -> Placement:
    """Read the ``placement`` option; None or {} selects every member of the fleet."""
    spec = as_mapping(raw if raw is not None else {}, where)
    only_keys(spec, PLACEMENT_KEYS, where)
    spread = _spread(spec.pop("spread", None), f"{where}.spread")
    tolerations = as_list(given(spec.pop("tolerations", None), []), f"{where}.tolerations")
    return Placement(
        parse_where(spec, where),
        tuple(parse_toleration(item, f"{where}.tolerations[{i}]") for i, item in enumerate(tolerations)),
        spread,
    )
