# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small language for the shapes of definitions: what a CRD's schema says, with answers that people can use.

Each shape has ``faults(value, path)``. A field that is null counts as not given, as the API server takes it; fields that nobody would
read are faults, as they are for kubectl.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol

from ..model.errors import ConfigError
from ..model.quantity import parse_quantity
from .faults import Fault

#: how alike two names must be for one to be a slip of the other: "value" is not meant by "valueFrom"
_CLOSE = 0.75
_QUANTITY = re.compile(r"[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*")


class Shape(Protocol):
    """What a value has to look like."""

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        """All that is wrong with ``value``, which stands at ``path``."""


def kind_of_value(value: Any) -> str:
    """What a value is, in words; the value itself may be a secret."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a mapping" if isinstance(value, Mapping) else "nothing" if value is None else type(value).__name__


@dataclass(frozen=True)
class Text:
    """Text that matches ``pattern`` as a whole; ``means`` says in words what that is. A ``secret`` is never shown."""

    pattern: str = ""
    means: str = ""
    longest: int = 0
    shortest: int = 0
    secret: bool = False

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        shown = "" if self.secret or not isinstance(value, (str, int, float)) else f" ({value!r})"
        if not isinstance(value, str):
            advice = ": quote it" if isinstance(value, (bool, int, float)) else ""
            yield Fault(path, f"must be text, not {kind_of_value(value)}{shown}{advice}")
        elif len(value) < self.shortest:
            yield Fault(path, "must not be empty")
        elif self.longest and len(value) > self.longest:
            yield Fault(path, f"must have at most {self.longest} characters, not {len(value)}{shown}")
        elif self.pattern and not re.fullmatch(self.pattern, value):
            yield Fault(path, f"must be {self.means}" + ("" if self.secret else f", not {value!r}"))


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if value not in self.words:
            yield Fault(path, f"must be one of {', '.join(self.words)}, not {value!r}")


@dataclass(frozen=True)
class Whole:
    """A whole number in a range."""

    least: int | None = None
    most: int | None = None

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield Fault(path, f"must be a whole number, not {kind_of_value(value)} ({value!r})")
        elif self.least is not None and value < self.least:
            yield Fault(path, f"must be {self.least} or more, not {value}")
        elif self.most is not None and value > self.most:
            yield Fault(path, f"must be {self.most} or less, not {value}")


@dataclass(frozen=True)
class Flag:
    """true or false."""

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, bool):
            yield Fault(path, f"must be true or false, not {kind_of_value(value)} ({value!r})")


@dataclass(frozen=True)
class Quantity:
    """A quantity without a sign, as text; plain ``numbers`` only where the schema does not name the resource."""

    numbers: bool = False

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if self.numbers and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            advice = ": quote it" if isinstance(value, (int, float)) else ""
            yield Fault(path, f"must be a quantity as text, not {kind_of_value(value)} ({value!r}){advice}")
            return
        try:
            fine = _QUANTITY.fullmatch(value) is not None and parse_quantity(value) >= 0
        except ConfigError:
            fine = False
        if not fine:
            yield Fault(path, f"{value!r} is not a quantity: write it as Kubernetes does: 500m, 2, 1.5Gi")


@dataclass(frozen=True)
class ListOf:
    """A list of one shape."""

    item: Shape

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, (list, tuple)):
            yield Fault(path, f"must be a list, not {kind_of_value(value)}")
            return
        for position, item in enumerate(value):
            yield from self.item.faults(item, f"{path}[{position}]")


@dataclass(frozen=True)
class MapOf:
    """A mapping from any text to one shape."""

    item: Shape

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, Mapping):
            yield Fault(path, f"must be a mapping, not {kind_of_value(value)}")
            return
        for key, item in value.items():
            if not isinstance(key, str):
                yield Fault(path, f"the key {key!r} must be text, not {kind_of_value(key)}: quote it")
            else:
                yield from self.item.faults(item, f"{path}.{key}")


@dataclass(frozen=True)
class Anything:
    """What is kept as it is."""

    def faults(self, value: Any, path: str) -> Iterator[Fault]:  # noqa: ARG002 - the protocol's signature
        yield from ()


@dataclass(frozen=True)
class Fields:
    """A mapping with known fields. ``others`` is the shape of further ones; None refuses them."""

    known: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    others: Shape | None = None

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, Mapping):
            yield Fault(path, f"must be a mapping, not {kind_of_value(value)}")
            return
        for key in self.required:
            if value.get(key) is None:
                yield Fault(_below(path, key), "is missing, and is required")
        for key, item in value.items():
            shape = self.known.get(key, self.others) if isinstance(key, str) else None
            if shape is None:
                yield Fault(_below(path, key), f"unknown field {key!r}: {self._instead(key)}")
            elif item is not None:
                yield from shape.faults(item, _below(path, key))

    def _instead(self, key: Any) -> str:
        close = get_close_matches(key, self.known, 1, _CLOSE) if isinstance(key, str) else []
        return f"did you mean {close[0]!r}?" if close else f"remove it; there are {', '.join(self.known)}"


def _below(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def mappings(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    """The mappings in a list with their positions; what is none is a fault of the shape, and no rule has to look at it."""
    return [(i, item) for i, item in enumerate(value) if isinstance(item, Mapping)] if isinstance(value, list) else []


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}


def without_nulls(value: Any, keep: tuple[str, ...] = ()) -> Any:
    """A copy without the fields that are null, but for those named in ``keep``, which mean something there."""
    if isinstance(value, Mapping):
        return {k: without_nulls(v, keep) for k, v in value.items() if v is not None or k in keep}
    if isinstance(value, (list, tuple)):
        return [without_nulls(item, keep) for item in value]
    return value
