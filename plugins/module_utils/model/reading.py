# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading loosely typed input (YAML, survey answers) into exact shapes, with errors that name the place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import ConfigError


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, (list, tuple)) else "a mapping"


def as_mapping(value: Any, where: str) -> dict[str, Any]:
    """``value`` as a mapping with text keys; ConfigError otherwise."""
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a mapping, not {_kind(value)}")
    for key in value:
        if not isinstance(key, str):
            raise ConfigError(f"{where}: the key {key!r} is {_kind(key)}, where text is wanted: quote it")
    return dict(value)


def as_list(value: Any, where: str) -> list[Any]:
    """``value`` as a list; ConfigError otherwise."""
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{where} must be a list, not {_kind(value)}")
    return list(value)


def as_text(value: Any, where: str) -> str:
    """``value`` as text; numbers and booleans are refused, since Kubernetes would refuse them too."""
    if not isinstance(value, str):
        advice = ": quote it, or use `| string` in a template" if isinstance(value, (bool, int, float)) else ""
        raise ConfigError(f"{where} must be text, but it is {_kind(value)} ({value!r}){advice}")
    return value


def optional_text(spec: Mapping[str, Any], key: str, where: str) -> str:
    """The text under ``key``, or "" when it is not given."""
    value = spec.get(key)
    return "" if value is None else as_text(value, f"{where}.{key}")


def given(value: Any, default: Any) -> Any:
    """``value``, or ``default`` when it is not given; 0, false and empty things are given."""
    return default if value is None else value


def as_text_map(value: Any, where: str) -> dict[str, str]:
    """``value`` as a mapping from text to text."""
    return {key: as_text(item, f"{where}.{key}") for key, item in as_mapping(value, where).items()}


def as_texts(value: Any, where: str) -> tuple[str, ...]:
    """``value``, one text or a list of them, as a tuple."""
    items = as_list(value, where) if isinstance(value, (list, tuple, Mapping)) else [value]
    return tuple(as_text(item, where) for item in items)


def as_count(value: Any, where: str) -> int:
    """``value`` as a whole number >= 0; digits in text are taken too (survey answers are text)."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]+\s*", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"{where} must be a whole number, 0 or more, not {value!r}")
    return value


def as_flag(value: Any, where: str) -> bool:
    """``value`` as a boolean."""
    if not isinstance(value, bool):
        raise ConfigError(f"{where} must be true or false, not {value!r}")
    return value


def only_keys(value: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    """ConfigError for the first key that nobody would read: a typing error must not be taken for a wish."""
    known = tuple(allowed)
    for key in value:
        if key not in known:
            raise ConfigError(f"{where} has no option {key!r}; there are {', '.join(known)}")
