# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Progress of a run in a few lines, for people who wait for it: aggregated, rarer the longer it takes, silent when it is short."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

#: seconds before the first line; each next line comes this many times later; never more lines than this
FIRST, FACTOR, MOST = 2.0, 1.5, 20
#: members and words that one line names
_NAMED, _WORDS = 4, 90

Tell = Callable[[str], None]


class Stage:
    """What a member is at."""

    READING = "reading"
    LOCKING = "waiting for the lock"
    WAITING = "waiting for the others"
    WRITING = "writing"
    HEALTH = "waiting for health"
    PRUNING = "deleting"
    DONE = "done"
    FAILED = "failing"


def _some(members: list[str]) -> str:
    more = f" and {len(members) - _NAMED} more" if len(members) > _NAMED else ""
    return ", ".join(members[:_NAMED]) + more


def line(seconds: float, stages: Mapping[str, str], details: Mapping[str, str]) -> str:
    """One line of progress: ``stages`` of all members, ``details`` of some (what went wrong, what is waited for)."""
    by_stage: dict[str, list[str]] = {}
    for member, stage in stages.items():
        by_stage.setdefault(stage, []).append(member)
    done = len(by_stage.pop(Stage.DONE, []))
    parts = [f"{done} of {len(stages)} members done"]
    for stage, members in sorted(by_stage.items(), key=lambda item: (item[0] != Stage.FAILED, item[0])):
        detail = next((f" ({details[m]})" for m in members if details.get(m)), "")
        if len(detail) > _WORDS:
            detail = detail[: _WORDS - 4] + "...)"
        parts.append(f"{len(members)} {stage}: {_some(members)}{detail}")
    return f"{seconds:.0f} s: " + "; ".join(parts)


class Progress:
    """Tells a line now and then until it is closed. ``look`` gives stages and details at the moment."""

    def __init__(self, tell: Tell | None, look: Callable[[], tuple[Mapping[str, str], Mapping[str, str]]]) -> None:
        self._tell = tell
        self._look = look
        self._over = threading.Event()
        self._begun = time.monotonic()
        if tell is not None:
            threading.Thread(target=self._run, args=(tell,), name="federation-progress", daemon=True).start()

    def _run(self, tell: Tell) -> None:
        due, last = FIRST, ""
        for _number in range(MOST):
            if self._over.wait(max(0.0, self._begun + due - time.monotonic())):
                return
            stages, details = self._look()
            text = line(time.monotonic() - self._begun, stages, details)
            if self._over.is_set():
                return  # a line below the result would be of no use
            if text.partition(": ")[2] != last:
                tell(text)
                last = text.partition(": ")[2]
            due *= FACTOR

    def close(self) -> None:
        self._over.set()
