# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Progress of a run in a few lines."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.propagation import progress as progress_module
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.progress import (
    FACTOR,
    FIRST,
    MOST,
    Progress,
    Stage,
    line,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

STAGES = [
    *(Stage.READING, Stage.LOCKING, Stage.WAITING, Stage.WRITING, Stage.HEALTH, Stage.PRUNING, Stage.DONE),
    Stage.FAILED,
]


def members(stage: str, count: int, prefix: str = "m") -> dict[str, str]:
    return {f"{prefix}-{n}": stage for n in range(count)}


def test_a_line() -> None:
    stages = {"ams": Stage.DONE, "bom": Stage.READING, "cdg": Stage.HEALTH, "del": Stage.READING}
    assert line(3.4, stages, {}) == "3 s: 1 of 4 members done; 2 reading: bom, del; 1 waiting for health: cdg"


def test_failures_come_first_with_what_went_wrong() -> None:
    stages = {"ams": Stage.DONE, "bom": Stage.PRUNING, "cdg": Stage.FAILED}
    details = {"cdg": "unreachable", "bom": ""}
    assert line(10, stages, details) == "10 s: 1 of 3 members done; 1 failing: cdg (unreachable); 1 deleting: bom"


def test_what_is_waited_for_is_told_of_the_first_that_says_so() -> None:
    details = {"m-1": "Deployment shop/web: 1 of 3 ready", "m-2": "another"}
    text = line(2, members(Stage.HEALTH, 3), details)
    assert text == "2 s: 0 of 3 members done; 3 waiting for health: m-0, m-1, m-2 (Deployment shop/web: 1 of 3 ready)"


def test_many_members_are_counted_and_few_are_named() -> None:
    text = line(2, members(Stage.READING, 500), {})
    assert text == "2 s: 0 of 500 members done; 500 reading: m-0, m-1, m-2, m-3 and 496 more"
    assert line(2, members(Stage.READING, 4), {}).endswith("4 reading: m-0, m-1, m-2, m-3")


def test_details_are_cut() -> None:
    text = line(2, {"ams": Stage.FAILED}, {"ams": "x" * 5000})
    assert text.endswith("x...)")
    assert len(text) < 150


def test_all_done() -> None:
    assert line(2, members(Stage.DONE, 3), {}) == "2 s: 3 of 3 members done"
    assert line(2, {}, {}) == "2 s: 0 of 0 members done"


@STEADY
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=4), st.sampled_from(STAGES), max_size=40),
    st.text(max_size=300),
)
def test_a_line_is_short_and_counts_everybody(stages: dict[str, str], detail: str) -> None:
    text = line(7, stages, dict.fromkeys(stages, detail))
    assert text.startswith(f"7 s: {list(stages.values()).count(Stage.DONE)} of {len(stages)} members done")
    assert len(text) < 40 + (len(STAGES) - 1) * (60 + 95)
    for stage in set(stages.values()) - {Stage.DONE}:
        assert f"; {list(stages.values()).count(stage)} {stage}: " in text


# the thread that tells


class Run:
    """A run that is watched: what it was at each time when it was looked at, and the lines that were told."""

    def __init__(self, same: bool = False) -> None:
        self.looks = 0
        self.lines: list[str] = []
        self._same = same
        self._changed = threading.Condition()

    def look(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        with self._changed:
            self.looks += 1
            self._changed.notify_all()
            return {"ams": Stage.READING}, {} if self._same else {"ams": f"look {self.looks}"}

    def tell(self, text: str) -> None:
        with self._changed:
            self.lines.append(text)
            self._changed.notify_all()

    def wait_for(self, looks: int = 0, lines: int = 0) -> None:
        """Until it was looked at, and told of, so often; fails if that never happens."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.looks >= looks and len(self.lines) >= lines, 10)


def tellers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "federation-progress"]


@contextmanager
def watching(run: Run) -> Iterator[Progress]:
    """The progress of a run; its thread is gone afterwards."""
    progress = Progress(run.tell, run.look)
    threads = tellers()
    try:
        yield progress
    finally:
        progress.close()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines come as fast as they can."""
    monkeypatch.setattr(progress_module, "FIRST", 0.0)


@pytest.mark.usefixtures("quick")
def test_lines_come_while_the_run_goes_on_and_never_more_than_most() -> None:
    run = Run()
    with watching(run):
        run.wait_for(looks=MOST, lines=MOST)
        for thread in tellers():  # it ends by itself
            thread.join(10)
        assert tellers() == []
    assert (run.looks, len(run.lines)) == (MOST, MOST)
    assert run.lines[1].endswith("s: 0 of 1 members done; 1 reading: ams (look 2)")


@pytest.mark.usefixtures("quick")
def test_a_line_that_says_nothing_new_is_not_told() -> None:
    run = Run(same=True)
    with watching(run):
        run.wait_for(looks=MOST, lines=1)
        for thread in tellers():
            thread.join(10)
    assert len(run.lines) == 1


def test_a_short_run_is_silent() -> None:
    run = Run()
    with watching(run):
        assert len(tellers()) == 1
    assert (run.lines, run.looks) == ([], 0)


def test_nobody_listens() -> None:
    run = Run()
    Progress(None, run.look).close()
    assert (tellers(), run.looks) == ([], 0)


@pytest.mark.usefixtures("quick")
def test_a_run_that_ends_while_it_is_looked_at_is_told_no_more() -> None:
    """Otherwise the line would stand below the result."""
    told: list[str] = []
    started, closed = threading.Event(), threading.Event()

    def look() -> tuple[Mapping[str, str], Mapping[str, str]]:
        started.set()
        assert closed.wait(10)
        return {"ams": Stage.READING}, {}

    progress = Progress(told.append, look)
    assert started.wait(10)
    threads = tellers()
    progress.close()
    closed.set()
    for thread in threads:
        thread.join(10)
    assert (tellers(), told) == ([], [])


def test_lines_become_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock and the waiting are those of the test: how long each wait is, is what counts."""
    now, waits = 100.0, []

    class Over(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            nonlocal now
            waits.append(timeout)
            now += timeout or 0.0
            return False

    monkeypatch.setattr(progress_module, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(progress_module, "threading", SimpleNamespace(Event=Over, Thread=threading.Thread))
    run = Run()
    with watching(run):
        run.wait_for(lines=MOST)
    assert waits == pytest.approx([FIRST] + [FIRST * FACTOR**n * (FACTOR - 1) for n in range(MOST - 1)])
    assert sum(wait for wait in waits if wait) > 3600  # they last for an hour
    assert run.lines[0].startswith("2 s: ")
