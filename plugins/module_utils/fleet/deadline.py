# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Absolute deadlines, and the watchdog that enforces them.

A socket timeout is not a deadline: a server that sends one byte now and then keeps a request alive for ever. The watchdog shuts
the socket of a request down at an absolute time, whatever the thread that waits on it is doing.
"""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Deadline:
    """A point in time, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.at - time.monotonic())

    def expired(self) -> bool:
        return time.monotonic() >= self.at

    def within(self, seconds: float) -> Deadline:
        """The earlier of this deadline and ``seconds`` from now."""
        return min(self, Deadline(seconds), key=lambda deadline: deadline.at)

    def most(self, seconds: float) -> Deadline:
        """``seconds`` from now, but early enough before this deadline to do something about what did not happen."""
        return Deadline(min(seconds, self.remaining() * 0.8))


class Guard:
    """One request under watch. ``expired`` tells whether the watchdog ended it, ``seconds`` how long it was allowed to take."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.seconds = deadline.remaining()
        self.expired = False
        self.done = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def attach(self, sock: socket.socket | None) -> None:
        """Name the socket that serves the request; it is shut down at once if the deadline has passed."""
        with self._lock:
            self._socket = sock
            if self.expired:
                self._shut()

    def expire(self) -> None:
        with self._lock:
            if not self.done:
                self.expired = True
                self._shut()

    def finish(self) -> None:
        with self._lock:
            self.done = True
            self._socket = None

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it is closed already, which is what we want
                self._socket.shutdown(socket.SHUT_RDWR)


class Watchdog:
    """One daemon thread that ends requests at their deadlines; started with the first request."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Guard]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._here = threading.local()

    @contextmanager
    def guard(self, deadline: Deadline) -> Iterator[Guard]:
        """Watch the request that the calling thread makes inside the block."""
        guard = Guard(deadline)
        with self._wake:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="federation-watchdog", daemon=True)
                self._thread.start()
            heapq.heappush(self._heap, (deadline.at, next(self._order), guard))
            if self._heap[0][2] is guard:
                self._wake.notify()
        self._here.guard = guard
        try:
            yield guard
        finally:
            self._here.guard = None
            guard.finish()

    def attach(self, sock: socket.socket | None) -> None:
        """Called by connections: the calling thread's request now uses this socket."""
        guard = getattr(self._here, "guard", None)
        if guard is not None:
            guard.attach(sock)

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._heap and self._heap[0][2].done:
                    heapq.heappop(self._heap)
                if not self._heap:
                    self._wake.wait()
                    continue
                left = self._heap[0][0] - time.monotonic()
                if left > 0:
                    self._wake.wait(left)
                    continue
                guard = heapq.heappop(self._heap)[2]
            guard.expire()


WATCHDOG = Watchdog()
