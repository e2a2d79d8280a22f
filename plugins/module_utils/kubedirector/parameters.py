# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parameters of a catalog's apps: what people may choose about an instance besides its size. Each value is checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..model.errors import ConfigError
from ..model.quantity import parse_quantity
from .faults import Fault, refuse
from .schema import Anything, Fields, ListOf, OneOf, Text, Whole, kind_of_value

STRING, INTEGER, BOOLEAN, QUANTITY = "string", "integer", "boolean", "quantity"
TYPES = (STRING, INTEGER, BOOLEAN, QUANTITY)

# More digits than any setting has, and fewer than Python refuses to read.
_WHOLE = re.compile(r"-?[0-9]{1,30}")

Value: TypeAlias = "str | int | bool"

#: the shape of one entry of ``parameters`` in an AppRuntime
PARAMETER = Fields(
    {
        "name": Text(r"[a-z][a-z0-9_]*", "lower-case letters, digits and '_'", longest=40),
        "type": OneOf(TYPES),
        "default": Anything(),
        "choices": ListOf(Anything()),
        "pattern": Text(shortest=1),
        "minimum": Whole(),
        "maximum": Whole(),
        "description": Text(),
    },
    required=("name", "default"),
)


@dataclass(frozen=True)
class Parameter:
    """One parameter. ``pattern`` is a regular expression that the whole text matches; "" allows any text of one line."""

    name: str
    type: str
    default: Value
    description: str = ""
    choices: tuple[Value, ...] = ()
    pattern: str = ""
    minimum: int | None = None
    maximum: int | None = None

    def faults(self, path: str) -> Iterator[Fault]:
        """What is wrong with the parameter itself: a rule that nothing can be judged by, or a default that its own rules refuse."""
        if self.pattern:
            if self.type != STRING:
                yield Fault(f"{path}.pattern", f"is for text only, and parameter {self.name} is {_ARTICLES[self.type]}")
            elif not _is_pattern(self.pattern):
                yield Fault(f"{path}.pattern", f"{self.pattern!r} is not a regular expression")
                return
        for key, bound in (("minimum", self.minimum), ("maximum", self.maximum)):
            if bound is not None and self.type != INTEGER:
                yield Fault(
                    f"{path}.{key}", f"is for whole numbers, and parameter {self.name} is {_ARTICLES[self.type]}"
                )
        for position, choice in enumerate(self.choices):
            fault = self.fault(choice)
            if fault:
                yield Fault(f"{path}.choices[{position}]", fault)
        fault = self.fault(self.default)
        if fault:
            yield Fault(f"{path}.default", f"the default of parameter {self.name} {fault}")

    def fault(self, value: Any) -> str:
        """What is wrong with a value, "" for a good one."""
        if not _is(self.type, value):
            return f"must be {_ARTICLES[self.type]}, not {kind_of_value(value)}"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(map(str, self.choices))}, not {value!r}"
        if isinstance(value, str) and self.type == STRING:
            return self._text_fault(value)
        if isinstance(value, int) and not isinstance(value, bool):
            if self.minimum is not None and value < self.minimum:
                return f"must be {self.minimum} or more, not {value}"
            if self.maximum is not None and value > self.maximum:
                return f"must be {self.maximum} or less, not {value}"
        return ""

    def _text_fault(self, value: str) -> str:
        if any(ord(letter) < 32 for letter in value):
            return "must be one line of text"  # a second line would be a setting of its own in a file
        return (
            f"must match {self.pattern}, not {value!r}"
            if self.pattern and not re.fullmatch(self.pattern, value)
            else ""
        )


_ARTICLES = {STRING: "text", INTEGER: "a whole number", BOOLEAN: "true or false", QUANTITY: "a quantity, such as 512Mi"}


def _is(kind: str, value: Any) -> bool:
    if kind == BOOLEAN:
        return isinstance(value, bool)
    if kind == INTEGER:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == QUANTITY:
        try:
            return isinstance(value, str) and parse_quantity(value) >= 0
        except ConfigError:
            return False
    return isinstance(value, str)


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def parse_parameter(raw: Mapping[str, Any]) -> Parameter:
    """One entry of an AppRuntime, whose shape is right; `Parameter.faults` says what else is wrong with it."""
    return Parameter(
        raw["name"],
        raw.get("type", STRING),
        raw["default"],
        raw.get("description", ""),
        tuple(raw.get("choices", [])),
        raw.get("pattern", ""),
        raw.get("minimum"),
        raw.get("maximum"),
    )


def choose(parameters: Sequence[Parameter], given: Mapping[str, Any], subject: str) -> dict[str, Value]:
    """The value of each parameter: what is given, else its default. `faults.Faulty` names each that is unknown or wrong.

    Texts that mean a number or a truth are taken as such: surveys of AWX and ``-e name=value`` know nothing else.
    """
    known = {parameter.name: parameter for parameter in parameters}
    meant = {name: _meant(known[name].type, value) if name in known else value for name, value in given.items()}
    refuse(subject, _faults(known, meant))
    return {name: meant.get(name, parameter.default) for name, parameter in known.items()}


def _meant(kind: str, value: Any) -> Any:
    if kind == INTEGER and isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if kind == BOOLEAN and isinstance(value, str) and value.lower() in ("true", "yes", "on", "false", "no", "off"):
        return value.lower() in ("true", "yes", "on")
    if kind in (STRING, QUANTITY) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def _faults(known: Mapping[str, Parameter], given: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in given.items():
        if name not in known:
            yield Fault(f"parameters.{name}", f"is unknown; there are {', '.join(known) or 'none'}")
            continue
        fault = known[name].fault(value)
        if fault:
            yield Fault(f"parameters.{name}", fault)
