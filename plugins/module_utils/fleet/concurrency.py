# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work on many members at once, where one that hangs holds up nobody else.

Threads are daemons and are never waited for without a limit: a thread that hangs in a name lookup cannot be stopped, only left.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from ..model.errors import FederationError, Kind, MemberError, internal_error
from .deadline import Deadline

T = TypeVar("T")

#: seconds that a thread may take beyond its deadline to notice it
SLACK = 1.0
#: once half of a fleet has answered, the others get this many times as long, and at least this many seconds
GRACE_FACTOR, GRACE_SECONDS = 3.0, 0.5


def start_all(names: Iterable[str], work: Callable[[str], None]) -> dict[str, threading.Thread]:
    """Start ``work(name)`` in a daemon thread for each name."""
    threads = {}
    for name in names:
        threads[name] = threading.Thread(target=work, args=(name,), name=f"federation-{name}", daemon=True)
        threads[name].start()
    return threads


def on_each(names: Iterable[str], work: Callable[[str], None], seconds: float) -> dict[str, FederationError]:
    """Call ``work(name)`` for each name at once, and wait for all, at most ``seconds`` and a little.

    Returns the error of each that failed or was not done in time; a defect of ours on one of them does not take the others along.
    """
    names = list(names)
    done = {name: threading.Event() for name in names}
    errors: dict[str, FederationError] = {}

    def guarded(name: str) -> None:
        try:
            work(name)
        except FederationError as error:
            errors[name] = error
        except Exception as error:
            errors[name] = internal_error(error)
        finally:
            done[name].set()

    start_all(names, guarded)
    limit = Deadline(seconds + SLACK)
    for name in names:
        if not done[name].wait(limit.remaining()):
            errors[name] = MemberError(Kind.TIMEOUT, f"it was not done in {seconds:g} s", "see member_timeout")
    return dict(errors)


def in_good_time(
    names: Iterable[str], work: Callable[[str], None], late: Callable[[str], None], limit: Deadline
) -> list[str]:
    """Call ``work(name)`` for each name at once, and wait for those that are done in good time; returns these, in any order.

    Once half of them are done, the others get `GRACE_FACTOR` times as long, and at least `GRACE_SECONDS`; nobody is waited for
    beyond ``limit``. One that is done later goes on with ``late(name)`` in its own thread. Both handle their own errors.
    """
    names = list(names)
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    gate, closed = threading.Lock(), threading.Event()

    def guarded(name: str) -> None:
        work(name)
        with gate:
            in_time = not closed.is_set()
            if in_time:
                answers.put(name)
        if not in_time:
            late(name)

    start_all(names, guarded)
    done: list[str] = []
    begun = time.monotonic()
    while len(done) < len(names) and not limit.expired():
        try:
            done.append(answers.get(timeout=max(0.001, limit.remaining())))
        except queue.Empty:
            break
        if len(done) * 2 >= len(names):
            taken = time.monotonic() - begun
            limit = limit.within(max(GRACE_SECONDS, (GRACE_FACTOR - 1) * taken))
    with gate:
        closed.set()
    while True:  # what was answered between the last look and the end
        try:
            done.append(answers.get_nowait())
        except queue.Empty:
            return done


def until_enough(
    names: Sequence[str], work: Callable[[str], None], enough: Callable[[Collection[str]], bool], limit: Deadline
) -> None:
    """Call ``work(name)`` for each name at once, and wait for all but those whose answers nobody needs.

    ``enough`` is asked, each time that one is done, whether the others (their names) need not be waited for. ``work`` handles its own
    errors; who is left goes on in a thread that nobody looks at any more.
    """
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()

    def told(name: str) -> None:
        try:
            work(name)
        finally:
            answers.put(name)

    start_all(names, told)
    left = set(names)
    while left and not limit.expired():
        try:
            left.discard(answers.get(timeout=max(0.001, limit.remaining())))
        except queue.Empty:
            return
        if enough(left):
            return


def each(items: Sequence[T], work: Callable[[T], None], width: int, deadline: Deadline) -> list[T]:
    """Call ``work`` for each item in up to ``width`` threads; returns the items not finished by the deadline.

    ``work`` handles its own errors. The calling thread works too, so that a width of 1 starts no thread.
    """
    waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    lock, done = threading.Lock(), threading.Event()
    finished: list[int] = []

    def drain() -> None:
        while not deadline.expired():
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            work(item)
            with lock:
                finished.append(id(item))
                if len(finished) == len(items):
                    done.set()

    for number in range(1, min(width, len(items))):
        threading.Thread(target=drain, name=f"federation-worker-{number}", daemon=True).start()
    drain()
    if items:
        done.wait(deadline.remaining())
    with lock:
        ended = set(finished)
    return [item for item in items if id(item) not in ended]
