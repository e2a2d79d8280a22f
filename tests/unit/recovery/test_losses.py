# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of copied data, from lines that a writer would have written."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.recovery.losses import (
    flows,
    home_at,
    lines_of,
    loss_of,
    writes,
)

FAULT = 10.0


def tick(t: float, member: str, acked: int, count: int) -> dict[str, Any]:
    return {"t": t, "store": "db", "member": member, "acked": acked, "writes": count}


def copy(t: float, number: int, member: str = "us-1") -> dict[str, Any]:
    return {"t": t, "store": "db", "member": member, "role": "copy", "epoch": 1, "copied": number}


def begin(t: float, member: str, found: int, acked: int, lost: int = 0, behind: float = 0.0) -> dict[str, Any]:
    return {"t": t, "store": "db", "member": member, "found": found, "acked": acked, "lost": lost, "behind": behind}


def claim(t: float, member: str) -> dict[str, Any]:
    return {"t": t, "store": "db", "member": member, "role": "home", "epoch": 1}


def lost(found: int, missing: int, behind: float) -> list[dict[str, Any]]:
    """eu-1 takes ten writes a second until 10; us-1 takes over at 15."""
    before = [begin(0.5, "eu-1", 0, 0), *(tick(float(t), "eu-1", 10 * t, 10) for t in range(1, 11))]
    return [
        *before,
        copy(9.5, 90),
        tick(11.0, "", 100, 0),
        tick(14.0, "", 100, 0),
        begin(15.0, "us-1", found, 100, missing, behind),
        *(tick(float(t), "us-1", 100 + t, 1) for t in range(16, 20)),
    ]


@pytest.mark.parametrize(
    ("found", "missing", "text"),
    [
        (100, 0, "nothing lost of 100 acknowledged writes"),
        (101, 0, "nothing lost of 100 acknowledged writes"),  # copied, and never acknowledged
        (95, 5, "5 of 100 acknowledged writes lost, those of the last 0.50 s"),
    ],
)
def test_what_is_lost_is_what_was_acknowledged_and_is_not_there(found: int, missing: int, text: str) -> None:
    loss = loss_of(lost(found, missing, missing / 10), FAULT)
    assert (loss.taken, loss.home, loss.acknowledged, loss.copied, loss.found) == (True, "us-1", 100, 90, found)
    assert loss.text() == text
    assert loss.problem() == ""


def test_what_had_been_copied_must_be_there() -> None:
    loss = loss_of(lost(80, 20, 2.0), FAULT)
    assert loss.problem() == "writes up to 90 had been copied, and only those up to 80 are there"


def test_two_members_that_take_writes_at_once() -> None:
    lines = [*lost(100, 0, 0.0)[:-2], claim(17.5, "eu-1"), tick(18.0, "us-1", 118, 1)]
    assert loss_of(lines, FAULT).problem() == "eu-1 took writes beside us-1"
    # who says so before the other one begins is just what it was before
    early = [*lost(100, 0, 0.0)[:-4], claim(15.5, "eu-1"), tick(16.0, "us-1", 118, 1)]
    assert loss_of(early, FAULT).problem() == ""


def test_nobody_takes_over() -> None:
    lines = [begin(0.5, "eu-1", 0, 0), *(tick(float(t), "eu-1", 10 * t, 10) for t in range(1, 20))]
    loss = loss_of(lines, FAULT)
    assert not loss.taken
    assert loss.text() == "no other member took over; 190 writes acknowledged"
    assert loss_of([], None).text() == "no other member took over; 0 writes acknowledged"


def test_when_data_could_be_written_and_where() -> None:
    lines = lost(100, 0, 0.0)
    seen = {moment.t: (moment.ready, moment.wanted) for moment in writes(lines)}
    assert seen[10.0] == (1, 1)
    assert seen[11.0] == seen[14.0] == (0, 0)
    assert seen[16.0] == (1, 1)
    assert home_at(lines, 12.0) == "eu-1"
    assert home_at(lines, None) == "us-1"
    # a tick without a write between two that have some is a matter of timing
    assert [m.ready for m in writes([tick(1, "eu-1", 5, 5), tick(2, "eu-1", 5, 0), tick(3, "eu-1", 5, 0)])] == [1, 1, 0]


def test_data_flow_once_they_are_seen_on_a_copy() -> None:
    assert not flows([tick(1, "eu-1", 5, 5)])
    assert not flows([copy(1, 0), tick(1, "eu-1", 5, 5)])
    assert flows([copy(1, 3), tick(1, "eu-1", 5, 5)])
    assert lines_of([{"t": 1, "member": "eu-1", "ready": {}}, copy(1, 3)], "db") == [copy(1, 3)]
