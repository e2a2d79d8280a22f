# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Absolute deadlines, and the watchdog that enforces them on real sockets."""

from __future__ import annotations

import socket
import threading
import time

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline, Watchdog
from ansible_collections.multicluster.federation.tests.unit.helpers import at_most


def test_a_deadline_counts_down_and_never_below_zero() -> None:
    assert 9 < Deadline(10).remaining() <= 10
    assert not Deadline(10).expired()
    assert Deadline(-1).expired()
    assert Deadline(-1).remaining() == 0.0


def test_the_earlier_of_two() -> None:
    long, short = Deadline(100), Deadline(1)
    assert long.within(2).remaining() <= 2
    assert short.within(50) is short


def test_a_socket_is_shut_down_at_the_deadline() -> None:
    watchdog = Watchdog()
    ours, theirs = socket.socketpair()
    with ours, theirs, at_most(4, at_least=0.25), watchdog.guard(Deadline(0.3)) as guard:
        watchdog.attach(ours)
        assert ours.recv(1) == b""
        assert guard.expired


def test_a_socket_that_comes_too_late_is_shut_down_at_once() -> None:
    watchdog = Watchdog()
    ours, theirs = socket.socketpair()
    with ours, theirs, watchdog.guard(Deadline(0.05)) as guard:
        limit = Deadline(5)
        while not guard.expired and not limit.expired():
            time.sleep(0.01)
        assert guard.expired
        watchdog.attach(ours)
        assert ours.recv(1) == b""


def test_a_request_that_is_done_is_left_alone() -> None:
    watchdog = Watchdog()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with watchdog.guard(Deadline(0.1)) as guard:
            watchdog.attach(ours)
        with watchdog.guard(Deadline(0.3)) as later:
            limit = Deadline(5)
            while not later.expired and not limit.expired():
                time.sleep(0.01)
        assert later.expired
        assert not guard.expired
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"


def test_many_requests_end_each_at_its_own_time() -> None:
    """Put in from late to early, so that the watchdog has to be woken for an earlier one."""
    watchdog = Watchdog()
    ended: dict[float, float] = {}
    begun = time.monotonic()
    entered = threading.Barrier(3)

    def work(seconds: float) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs, watchdog.guard(Deadline(seconds)):
            watchdog.attach(ours)
            entered.wait(10)
            ours.recv(1)
            ended[seconds] = time.monotonic() - begun

    threads = []
    for seconds in (1.0, 0.6, 0.2):
        threads.append(threading.Thread(target=work, args=(seconds,)))
        threads[-1].start()
        time.sleep(0.02)
    for thread in threads:
        thread.join(10)
    assert sorted(ended) == [0.2, 0.6, 1.0]
    assert ended[0.2] < ended[0.6] < ended[1.0]
    assert all(seconds - 0.05 <= taken < seconds + 3 for seconds, taken in ended.items())


def test_one_thread_watches_all_and_holds_up_no_exit() -> None:
    watchdog = Watchdog()
    for _number in range(3):
        with watchdog.guard(Deadline(10)):
            watchdog.attach(None)
    mine = [thread for thread in threading.enumerate() if thread is watchdog._thread]
    assert len(mine) == 1
    assert mine[0].daemon


def test_attaching_without_a_request_does_nothing() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Watchdog().attach(ours)
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
