# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work on many things at once, where one that hangs holds up nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet import concurrency
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.concurrency import (
    each,
    in_good_time,
    on_each,
    start_all,
    until_enough,
)
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import (
    FederationError,
    Kind,
    MemberError,
)
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


# each member at once, all waited for


def test_what_goes_wrong_is_told_of_the_one_where_it_did() -> None:
    refused = MemberError(Kind.FORBIDDEN, "no")

    def work(name: str) -> None:
        if name == "refuses":
            raise refused
        if name == "defect":
            raise ValueError("a defect")

    found = on_each(["fine", "refuses", "defect"], work, 20)
    assert found.keys() == {"refuses", "defect"}
    assert found["refuses"] is refused
    assert isinstance(found["defect"], FederationError)
    assert "internal error: ValueError: a defect" in str(found["defect"])


def test_all_are_at_work_together() -> None:
    together = threading.Barrier(5)
    assert on_each("abcde", lambda _name: together.wait(10) and None, 20) == {}
    assert on_each([], lambda _name: None, 20) == {}


def test_one_that_is_not_done_in_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "SLACK", 0.0)
    over = threading.Event()
    try:
        with at_most(8, at_least=0.2):
            found = on_each(["a", "hangs", "b"], lambda name: name == "hangs" and over.wait(30) and None, 0.2)
    finally:
        over.set()
    assert found.keys() == {"hangs"}
    assert isinstance(found["hangs"], MemberError)
    assert found["hangs"].kind == Kind.TIMEOUT
    assert "not done in 0.2 s" in str(found["hangs"])


# in good time


class Late:
    """Who was late."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, name: str) -> None:
        with self._changed:
            self.names.append(name)
            self._changed.notify_all()

    def wait_for(self, *names: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.names) >= len(names), 10)
        assert sorted(self.names) == sorted(names)


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once half are done, nobody is waited for."""
    monkeypatch.setattr(concurrency, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(concurrency, "GRACE_FACTOR", 1.0)


@contextmanager
def held() -> Iterator[Callable[[], None]]:
    """A call that returns only once the block is over."""
    over = threading.Event()

    def wait() -> None:
        over.wait(30)

    try:
        yield wait
    finally:
        over.set()


def outlive(name: str) -> None:
    """Return when the thread of this name has given its answer."""
    for thread in threading.enumerate():
        if thread.name == f"federation-{name}":
            thread.join(10)


def test_all_in_good_time() -> None:
    late, together = Late(), threading.Barrier(4)
    done = in_good_time("abcd", lambda _name: together.wait(10) and None, late, Deadline(20))
    assert (sorted(done), late.names) == (["a", "b", "c", "d"], [])
    with at_most(5):
        assert in_good_time([], lambda _name: None, late, Deadline(20)) == []


@pytest.mark.usefixtures("no_grace")
def test_one_that_is_late_goes_on_by_itself() -> None:
    late = Late()
    with held() as wait:
        with at_most(10):  # far below the limit
            done = in_good_time(["a", "b", "slow"], lambda n: wait() if n == "slow" else None, late, Deadline(60))
        assert set(done) <= {"a", "b"}
        assert done
        assert "slow" not in late.names
    late.wait_for(*({"a", "b", "slow"} - set(done)))


def test_once_half_are_done_the_others_get_a_little_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(concurrency, "GRACE_FACTOR", 1.0)
    late = Late()
    with held() as wait, at_most(10, at_least=0.5):
        done = in_good_time(["a", "slow"], lambda n: wait() if n == "slow" else None, late, Deadline(60))
    assert done == ["a"]
    late.wait_for("slow")


def test_the_longer_the_first_half_takes_the_longer_the_others_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(concurrency, "GRACE_FACTOR", 1000.0)
    late, both = Late(), threading.Barrier(2)

    def work(name: str) -> None:
        both.wait(10)
        if name == "first":
            threading.Event().wait(0.05)  # so the others get 50 s
        else:
            outlive("first")

    assert in_good_time(["first", "other"], work, late, Deadline(60)) == ["first", "other"]
    assert late.names == []


@pytest.mark.usefixtures("no_grace")
def test_fewer_than_half_hurry_nobody() -> None:
    late = Late()
    with held() as wait, at_most(10, at_least=0.5):  # until the limit
        done = in_good_time("abc", lambda n: wait() if n != "a" else None, late, Deadline(0.5))
    assert done == ["a"]
    late.wait_for("b", "c")


@pytest.mark.parametrize("seconds", [-1.0, 0.2])
def test_nobody_is_waited_for_beyond_the_limit(seconds: float) -> None:
    late = Late()
    with held() as wait, at_most(8):
        assert in_good_time("ab", lambda _name: wait(), late, Deadline(seconds)) == []
    late.wait_for("a", "b")


def test_grace_never_goes_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "GRACE_SECONDS", 60.0)
    late = Late()
    with held() as wait, at_most(10):
        work = in_good_time("ab", lambda n: wait() if n == "b" else None, late, Deadline(0.5))
    assert work == ["a"]
    late.wait_for("b")


def test_everybody_is_either_in_time_or_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that come while the door closes are lost to nobody."""
    monkeypatch.setattr(concurrency, "GRACE_SECONDS", 0.005)
    monkeypatch.setattr(concurrency, "GRACE_FACTOR", 1.0)
    names = [f"m-{n}" for n in range(40)]
    for _round in range(5):
        late = Late()
        done = in_good_time(names, lambda n: threading.Event().wait(int(n[2:]) / 2000) and None, late, Deadline(20))
        late.wait_for(*(set(names) - set(done)))
        assert len(done) == len(set(done))
        assert len(done) * 2 >= len(names)


def test_nobody_waits_for_answers_that_nobody_needs() -> None:
    release, asked = threading.Event(), list[set[str]]()

    def work(name: str) -> None:
        if name == "slow":
            release.wait(30)

    def enough(left: Collection[str]) -> bool:
        asked.append(set(left))
        return set(left) == {"slow"}

    until_enough(["a", "b", "slow"], work, enough, Deadline(20))
    assert asked[-1] == {"slow"}
    release.set()
    until_enough(["a", "slow"], work, lambda _left: False, Deadline(20))
    release.clear()
    with at_most(10):
        until_enough(["slow"], work, lambda _left: True, Deadline(0.2))
    release.set()
