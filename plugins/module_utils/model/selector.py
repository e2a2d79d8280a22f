# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Label selectors with the meaning Kubernetes gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ConfigError
from .reading import as_list, as_mapping, as_text, given, only_keys

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


@dataclass(frozen=True)
class Requirement:
    """One line of matchExpressions."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self.operator == "Exists":
            return self.key in labels
        if self.operator == "DoesNotExist":
            return self.key not in labels
        found = labels.get(self.key) in self.values if self.key in labels else False
        return found if self.operator == "In" else not found


@dataclass(frozen=True)
class Selector:
    """matchLabels and matchExpressions, all of which must hold; the empty selector matches everything."""

    requirements: tuple[Requirement, ...] = field(default=())

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        def one(r: Requirement) -> str:
            if r.operator == "Exists":
                return r.key
            if r.operator == "DoesNotExist":
                return f"!{r.key}"
            if r.operator == "In" and len(r.values) == 1:
                return f"{r.key}={r.values[0]}"
            return f"{r.key} {'in' if r.operator == 'In' else 'notin'} ({','.join(r.values)})"

        return ",".join(one(r) for r in self.requirements) or "{}"


#: the empty selector
EVERYTHING = Selector()


def parse_selector(raw: Any, where: str) -> Selector:
    """Read ``{matchLabels: {..}, matchExpressions: [..]}``; ``where`` names the place in error messages."""
    spec = as_mapping(raw, where)
    only_keys(spec, ("matchLabels", "matchExpressions"), where)
    requirements = [
        Requirement(key, "In", (as_text(value, f"{where}.matchLabels.{key}"),))
        for key, value in as_mapping(given(spec.get("matchLabels"), {}), f"{where}.matchLabels").items()
    ]
    for position, item in enumerate(as_list(given(spec.get("matchExpressions"), []), f"{where}.matchExpressions")):
        place = f"{where}.matchExpressions[{position}]"
        entry = as_mapping(item, place)
        only_keys(entry, ("key", "operator", "values"), place)
        operator = entry.get("operator")
        values = tuple(
            as_text(v, f"{place}.values") for v in as_list(given(entry.get("values"), []), f"{place}.values")
        )
        if operator not in OPERATORS:
            raise ConfigError(f"{place}.operator {operator!r} is not one of {', '.join(OPERATORS)}")
        if (operator in ("In", "NotIn")) != bool(values):
            raise ConfigError(f"{place}: operator {operator} {'needs' if not values else 'takes no'} values")
        requirements.append(Requirement(as_text(entry.get("key"), f"{place}.key"), operator, values))
    return Selector(tuple(requirements))
