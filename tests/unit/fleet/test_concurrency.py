# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work on many things at once, where one that hangs holds up nobody else."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.concurrency import each, start_all
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.tests.unit.helpers import at_most

ITEMS = [f"item {n}" for n in range(50)]


@pytest.mark.parametrize("width", [1, 4, 1000])
def test_everything_is_done_once(width: int) -> None:
    done: list[str] = []
    assert each(ITEMS, done.append, width, Deadline(20)) == []
    assert sorted(done) == sorted(ITEMS)


def test_nothing_is_done_at_once() -> None:
    with at_most(1):
        assert each([], lambda _item: None, 4, Deadline(20)) == []


def test_never_more_at_once_than_asked_for() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def work(_item: str) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.002)
        with lock:
            now -= 1

    each(ITEMS, work, 3, Deadline(20))
    assert 1 <= most <= 3


def test_as_many_at_once_as_asked_for() -> None:
    together = threading.Barrier(4)
    assert each(ITEMS[:4], lambda _item: together.wait(10) and None, 4, Deadline(20)) == []


def test_a_width_of_one_starts_no_thread() -> None:
    threads = set()
    each(ITEMS, lambda _item: threads.add(threading.current_thread()), 1, Deadline(20))
    assert threads == {threading.current_thread()}


def test_what_hangs_is_left_behind_at_the_deadline() -> None:
    stuck, stuck_now, done = threading.Event(), threading.Event(), []

    def guarded(item: str) -> None:
        if item == "hangs":
            assert threading.current_thread() is not threading.main_thread()
            stuck_now.set()
            stuck.wait(30)
        else:
            if threading.current_thread() is threading.main_thread():
                stuck_now.wait(10)  # so that it is the other thread that gets the item that hangs
            done.append(item)

    with at_most(6, at_least=0.9):
        left = each([ITEMS[0], ITEMS[1], "hangs", *ITEMS[2:]], guarded, 2, Deadline(1.0))
    stuck.set()
    assert left == ["hangs"]
    assert sorted(done) == sorted(ITEMS)


def test_nothing_is_started_after_the_deadline() -> None:
    done: list[str] = []
    assert each(ITEMS, done.append, 4, Deadline(-1)) == ITEMS
    assert done == []


def test_an_error_of_the_work_itself_is_not_swallowed() -> None:
    def work(_item: str) -> None:
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        each(["one"], work, 1, Deadline(5))


def test_a_thread_for_each_name() -> None:
    seen: list[str] = []
    threads = start_all(["a", "b"], seen.append)
    for thread in threads.values():
        thread.join(10)
    assert sorted(seen) == ["a", "b"]
    assert all(thread.daemon for thread in threads.values())
    assert threads["a"].name == "federation-a"
