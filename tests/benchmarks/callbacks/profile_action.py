# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Profiles the actions of a run: what the process that runs them does with its time, all its threads together.

Writes one file for pstats per task to the folder BENCH_PROFILE. Times are of the processor, not of the clock: what waits, for a
server or for its turn among the threads, costs nothing. Being watched costs something, so shares tell more than seconds. Threads that
have not ended with the task are left out.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import threading
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: profile_action
type: aggregate
short_description: Profiles the actions of a run
description:
  - Used by the benchmark only.
"""


class CallbackModule(CallbackBase):
    """Loaded in the process from which those that run the tasks are forked."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "profile_action"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: Any) -> None:
        from ansible.executor.task_executor import TaskExecutor

        run = TaskExecutor.run

        def profiled(executor: Any) -> Any:
            profiles: list[cProfile.Profile] = []
            _profile_threads(profiles)
            own = cProfile.Profile(time.thread_time)
            try:
                return own.runcall(run, executor)
            finally:
                stats = pstats.Stats(own, *profiles)
                stats.dump_stats(os.path.join(os.environ["BENCH_PROFILE"], f"{os.getpid()}.prof"))

        TaskExecutor.run = profiled


def _profile_threads(profiles: list[cProfile.Profile]) -> None:
    """Give each thread that starts from now on a profile of its own."""
    run = threading.Thread.run

    def profiled(thread: threading.Thread) -> None:
        profile = cProfile.Profile(time.thread_time)
        profile.runcall(run, thread)
        profiles.append(profile)

    threading.Thread.run = profiled  # type: ignore[method-assign]
