# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The examples of docs/scheduling.md are what the code answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.divide import divide_data

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scheduling.md"


def member(text: str) -> tuple[str, dict[str, Any]]:
    """``eu-1 weight=2 held=true`` as a name and what is said of it."""
    name, *said = text.split()
    pairs = [one.split("=") for one in said]
    return name, {key: int(value) if value.isdigit() else {"true": True}.get(value, value) for key, value in pairs}


def examples() -> list[tuple[str, int, str, list[tuple[str, dict[str, Any]]], list[int]]]:
    found = []
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and cells[1].isdigit():
            members = [member(text) for text in cells[3].split(",")]
            found.append((cells[0], int(cells[1]), cells[2], members, [int(n) for n in cells[4].split(",")]))
    return found


def test_there_are_examples() -> None:
    assert len(examples()) >= 21


@pytest.mark.parametrize(("what", "total", "divide", "members", "answer"), examples())
def test_the_page_is_true(
    what: str, total: int, divide: str, members: list[tuple[str, dict[str, Any]]], answer: list[int]
) -> None:
    found = divide_data({"replicas": total, "divide": divide, "members": dict(members)})
    assert list(found["replicas"].values()) == answer, what
