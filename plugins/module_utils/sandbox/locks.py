# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time: a lock on a file, which the kernel lets go of when the run that holds it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ..model.errors import FederationError


@contextmanager
def locked(path: str, what: str, seconds: float, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock file at ``path``. After ``seconds`` of waiting: ``FederationError`` that names ``what`` is busy.

    ``waiting`` is called once if another run holds it. The file is removed in the end, so nothing is left behind.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle = _acquire(path, what, time.monotonic() + seconds, waiting)
    try:
        yield
    finally:
        # removed while it is held: a run that waited for this very file sees that it is gone and makes a new one
        _remove(path)
        os.close(handle)


def _acquire(path: str, what: str, deadline: float, waiting: Callable[[], None]) -> int:
    told = False
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(handle, path):
                return handle
            os.close(handle)
        except BlockingIOError:
            os.close(handle)
            if time.monotonic() > deadline:
                raise FederationError(
                    f"another run is busy with {what}", f"wait for it to end; it holds the lock {path}"
                ) from None
            if not told:
                waiting()
                told = True
            time.sleep(0.05)


def _is_still(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
