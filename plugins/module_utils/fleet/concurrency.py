# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work on many members at once, where one that hangs holds up nobody else.

Threads are daemons and are never waited for without a limit: a thread that hangs in a name lookup cannot be stopped, only left.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ..model.errors import FederationError, Kind, MemberError, internal_error
from .deadline import Deadline

T = TypeVar("T")

#: seconds that a thread may take beyond its deadline to notice it
SLACK = 1.0


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
