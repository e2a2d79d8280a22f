# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quantities as Kubernetes writes them ("100m", "1.5Gi", "3e2"), exact: no float is involved."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil

from .errors import ConfigError

_QUANTITY = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]{1,3}|)")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
#: what the API caps quantities at
_LARGEST = Fraction(2**63 - 1)
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


def _factor(suffix: str) -> Fraction:
    if suffix in _DECIMAL:  # before the exponents: "1E" is exa, "1E3" is a thousand
        return Fraction(1000) ** _DECIMAL[suffix]
    if suffix in _BINARY:
        return Fraction(1024) ** _BINARY.index(suffix)
    return Fraction(10) ** int(suffix[1:])


@lru_cache(maxsize=4096)
def _parse(text: str) -> Fraction:
    found = _QUANTITY.fullmatch(text)
    if not found:
        raise ConfigError(f"{text!r} is not a quantity", "write it as Kubernetes does: 500m, 2, 1.5Gi")
    sign, number, suffix = found.groups()
    value = Fraction(number.rstrip(".")) * _factor(suffix)
    return min(value, _LARGEST) * (-1 if sign == "-" else 1)


def _text(raw: object) -> str:
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise ConfigError(f"{raw!r} is not a quantity", "write it as Kubernetes does: 500m, 2, 1.5Gi")
    return str(raw)


@lru_cache(maxsize=4096)
def _rounded(text: str, factor: int) -> int:
    """A multiple of a quantity, rounded away from zero, as the API does."""
    value = _parse(text) * factor
    return ceil(value) if value >= 0 else -ceil(-value)


def parse_quantity(raw: object) -> Fraction:
    """The exact value of a quantity; numbers are taken as well as text, as the API does. ConfigError for anything else."""
    return _parse(_text(raw))


def milli(raw: object) -> int:
    """A quantity in thousandths, rounded up: what the API calls MilliValue. "1.5" of CPU is 1500 millicores."""
    return _rounded(_text(raw), 1000)


def whole(raw: object) -> int:
    """A quantity in whole units, rounded up: what the API calls Value. "1Ki" of memory is 1024 bytes."""
    return _rounded(_text(raw), 1)


def decimal(value: Fraction, digits: int = 1) -> str:
    """A number for people: at most ``digits`` after the point, and no zeros at its end."""
    text = f"{float(round(value, digits)):.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
