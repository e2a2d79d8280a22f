# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Figures, the registry of what is measured, and how a run is told: a table for people, JSON lines for programs.

A *subject* is a function that measures something on the fleet and returns its figures. It lives in a file of ``subjects/`` and is
registered by its decorator; nothing else has to know of it.
"""

from __future__ import annotations

import fnmatch
import importlib
import json
import os
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Target:
    """The bound that a figure has to keep; ``least``: it is a lower one."""

    bound: float
    least: bool = False

    def kept_by(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.least else '<='} {self.bound:g}"


@dataclass(frozen=True)
class Figure:
    """One number. ``value`` None: it could not be had, and ``note`` says why. ``spread``: the least and the most of the samples."""

    name: str
    value: float | None
    unit: str
    target: Target | None = None
    spread: tuple[float, float] | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the target is kept; what has none cannot miss it, and what could not be had does not keep it."""
        return self.target is None or (self.value is not None and self.target.kept_by(self.value))

    def line(self) -> str:
        bound = self.target.bound if self.target else None
        value = None if self.value is None else round(self.value, 4)
        return json.dumps(
            {"name": self.name, "value": value, "unit": self.unit, "target": bound, "ok": self.ok}, sort_keys=False
        )


def median(
    name: str, samples: Sequence[float], unit: str = "s", target: Target | None = None, note: str = ""
) -> Figure:
    """The median of the samples as a figure."""
    return Figure(name, statistics.median(samples), unit, target, (min(samples), max(samples)), note)


def ratio(name: str, over: Sequence[float], under: Sequence[float], target: Target | None = None) -> Figure:
    """How many times the median of ``under`` the median of ``over`` is."""
    return Figure(name, statistics.median(over) / statistics.median(under), "x", target)


#: measures on the bench (see `bench.Bench`) that it is given
Measure = Callable[[Any], Iterable[Figure]]


@dataclass(frozen=True)
class Subject:
    """Something that is measured as a whole. ``about``: one line for the table; ``members``: whether it needs the ten."""

    name: str
    about: str
    measure: Measure
    members: bool = True


_SUBJECTS: dict[str, Subject] = {}


def subject(name: str, about: str, members: bool = True) -> Callable[[Measure], Measure]:
    """Register a function as a subject; its figures are named ``name/...``."""

    def register(measure: Measure) -> Measure:
        if name in _SUBJECTS:
            raise ValueError(f"there are two subjects {name}")
        _SUBJECTS[name] = Subject(name, about, measure, members)
        return measure

    return register


def subjects(pattern: str = "") -> list[Subject]:
    """The subjects that ``pattern`` means: a name, a part of one, or a shell pattern; several with commas; all without one."""
    for file in sorted((HERE / "subjects").glob("[!_]*.py")):
        importlib.import_module(f"{__name__.rpartition('.')[0]}.subjects.{file.stem}")
    wanted = [part.strip() for part in pattern.split(",") if part.strip()] or ["*"]
    return [
        found
        for name, found in sorted(_SUBJECTS.items())
        if any(part in name or fnmatch.fnmatch(name, part) for part in wanted)
    ]


def named(found: Subject, figures: Iterable[Figure]) -> list[Figure]:
    """The figures under the name of their subject."""
    return [replace(figure, name=f"{found.name}/{figure.name}") for figure in figures]


def _digits(value: float, unit: str) -> str:
    return f"{value:.0f}" if unit == "MB" else f"{value:.2f}"


def table(found: Subject, figures: Sequence[Figure]) -> str:
    """The figures of one subject, to read."""
    lines = [f"{found.name}: {found.about}"]
    for figure in figures:
        name = figure.name.partition("/")[2]
        value = "-" if figure.value is None else f"{_digits(figure.value, figure.unit)} {figure.unit}"
        spread = "" if figure.spread is None else " .. ".join(_digits(bound, figure.unit) for bound in figure.spread)
        verdict = "" if figure.target is None else f"{figure.target!s:<9} {'ok' if figure.ok else 'MISSED'}"
        lines.append(f"  {name:<38} {value:>10}  {spread:<18} {verdict}".rstrip())
        if figure.note:
            lines.append(f"    {figure.note}")
    return "\n".join(lines)


def store(path: Path, figures: Iterable[Figure]) -> None:
    """Write the figures as JSON lines, all or nothing."""
    path.parent.mkdir(exist_ok=True)
    scratch = path.with_suffix(".tmp")
    scratch.write_text("".join(f"{figure.line()}\n" for figure in figures), "utf-8")
    os.replace(scratch, path)
