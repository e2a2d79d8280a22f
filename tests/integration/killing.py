# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs that end with SIGKILL at an exact write."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ansible_collections.multicluster.federation.tests.integration.proxy import Proxy, Request, Trap
from ansible_collections.multicluster.federation.tests.integration.stage import Federation, Started

#: whether a write is the one: its number in the run, the request, and what the API server answered
Springs = Callable[[int, Request, int], bool]


def killed_run(
    federation: Federation, proxy: Proxy, module: str, options: dict[str, Any], springs: Springs, lose_answer: bool
) -> Request | None:
    """One task, killed at the write for which ``springs``; returns that write, None if the run came to its end before."""
    book, _target = federation.player.book(module, options)
    running: Future[Started] = Future()
    proxy.arm(Trap(springs, lambda: running.result(30).kill(), lose_answer))
    started = federation.player.start(str(book), inventory=federation.inventory)
    running.set_result(started)
    try:
        started.process.wait(240)
    finally:
        if started.process.poll() is None:
            started.kill()
        sprung = proxy.disarm()
    assert started.process.returncode == (-9 if sprung else 0), started.log.read_text()
    return sprung
