# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ports on loopback: chosen once, remembered by the member, so that kubeconfigs stay valid over restarts."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterable

from ..model.errors import FederationError
from .layout import LOOPBACK, PORTS


class Reservation:
    """Ports that were free when they were taken, and are held until the program they are for is about to start."""

    def __init__(self, taken: Iterable[int] = ()) -> None:
        """``taken``: ports that stopped members will want back."""
        self._taken = set(taken)
        self._held: dict[int, socket.socket] = {}

    def choose(self) -> int:
        """A free port, held from now on. ``FederationError`` if there is none."""
        candidates = [port for port in PORTS if port not in self._taken]
        random.shuffle(candidates)
        for port in candidates:
            held = _bound(port)
            if held is not None:
                self._held[port] = held
                self._taken.add(port)
                return port
        raise FederationError(f"no port from {PORTS.start} to {PORTS.stop} is free on {LOOPBACK}", "stop some programs")

    def release(self, port: int) -> None:
        """Let go of a port; nothing happens if it is not held."""
        held = self._held.pop(port, None)
        if held is not None:
            held.close()

    def release_all(self) -> None:
        for port in list(self._held):
            self.release(port)


def is_free(port: int) -> bool:
    """Whether a program could listen on this port.

    Asks for up to a second: a process that another thread is just starting has our released sockets for a moment.
    """
    deadline = time.monotonic() + 1
    while (held := _bound(port)) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    held.close()
    return True


def is_open(port: int) -> bool:
    """Whether a program listens on this port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def _bound(port: int) -> socket.socket | None:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # as servers do it: connections of a killed predecessor that time out must not count as taken
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((LOOPBACK, port))
        held.listen(1)  # Linux shares a port that is bound so until somebody listens
    except OSError:
        held.close()
        return None
    return held
