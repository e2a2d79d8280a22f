# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A page of the documentation as something to follow: its files, its commands, and what it says they print.

A fenced block ``yaml`` whose first line is a comment with nothing but a path is a file. ``console`` and ``sh`` are commands for the
shell, and a ``text`` block after them is what they print, line by line: ``...`` alone stands for any lines, within a line for any text.
Fenced blocks of any other kind are refused, so that nothing on the page goes unread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<kind>.*)$")
_FILE = re.compile(r"^# (?P<path>[A-Za-z0-9._/-]+)$")
_ANY = "..."


@dataclass(frozen=True)
class File:
    """A file to write."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A script for the shell, and the lines that it prints; None if the page does not say."""

    line: int
    script: str
    printed: tuple[str, ...] | None


def steps(page: str) -> list[File | Command]:
    """What a page tells to do, in order. ValueError with the line of the page where it cannot be followed."""
    found: list[File | Command] = []
    follows_command = False
    for line, kind, body in _blocks(page):
        if kind == "yaml":
            name = _FILE.match(body[0]) if body else None
            if not name:
                raise ValueError(
                    f"line {line}: the first line of a yaml block has to be a comment with the path of the file"
                )
            found.append(File(line, name["path"], "\n".join([*body, ""])))
        elif kind in ("console", "sh"):
            found.append(Command(line, "\n".join(body), None))
        elif kind == "text" and follows_command:
            last = found.pop()
            found.append(Command(last.line, last.script, tuple(body)))
        else:
            raise ValueError(f"line {line}: a block {kind or 'of no kind'} that nothing here could check")
        follows_command = kind in ("console", "sh")
    return found


def _blocks(page: str) -> list[tuple[int, str, list[str]]]:
    """Line of the opening fence, kind, and lines of each fenced block."""
    found: list[tuple[int, str, list[str]]] = []
    inside = False
    for number, text in enumerate(page.splitlines(), 1):
        fence = _FENCE.match(text)
        if fence and not inside:
            found.append((number, fence["kind"].strip(), []))
        elif inside and not fence:
            found[-1][2].append(text)
        inside = inside != bool(fence)
    if inside:
        raise ValueError(f"line {found[-1][0]}: the block has no end")
    return found


def difference(expected: Sequence[str], printed: str) -> str:
    """What a page says and a command did not print, in words; empty if it is as it says. Spaces at the end of lines do not count."""
    got = [line.rstrip() for line in printed.strip("\n").splitlines()]
    reached = {0}  # how many of the lines may have been used up by the lines of the page so far
    for number, line in enumerate(expected):
        if line.strip() == _ANY:
            reached = set(range(min(reached), len(got) + 1))
            continue
        after = {at + 1 for at in reached if at < len(got) and _alike(line, got[at])}
        if not after:
            where = "\n".join(f"  {text}" for text in got) or "  (nothing)"
            return f"line {number + 1} of the block is not (or not there) in what was printed:\n  {line}\nprinted was:\n{where}"
        reached = after
    if len(got) in reached:
        return ""
    return "more was printed than the page says:\n" + "\n".join(f"  {text}" for text in got[max(reached) :])


def _alike(expected: str, line: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.rstrip().split(_ANY))
    return re.fullmatch(pattern, line) is not None


def write(folder: Path, file: File) -> None:
    """Write a file of the page below a folder."""
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(file.text)
