# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes under the clock: how long they took, when they began and ended, and how much memory the largest of them had."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: seconds after which a process that should take a few counts as hung
HUNG = 300.0


class WrongResult(Exception):
    """What was measured did not do what it was measured for, so its time means nothing."""


@dataclass(frozen=True)
class Ended:
    """A process that ended. ``began`` and ``ended`` are by the clock on the wall; ``memory`` in MB.

    ``processor``: seconds of it that the process and its descendants used. It hardly depends on what else the machine does.
    """

    code: int
    output: str
    seconds: float
    began: float
    ended: float
    memory: float
    processor: float

    def expect(self, *texts: str, code: int = 0) -> Ended:
        """Itself, if it ended with this code and said all of this; else WrongResult."""
        missing = [text for text in texts if text not in self.output]
        if self.code != code or missing:
            raise WrongResult(f"ended with {self.code} and did not say {missing}:\n{self.output[-3000:]}")
        return self


def seconds(runs: Iterable[Ended]) -> list[float]:
    """What the clock says of each run."""
    return [run.seconds for run in runs]


def _environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """That of the caller without what would change how the programs behave, and with a home of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("K8S_AUTH_", "KUBECONFIG", "ANSIBLE_"))}
    return {
        **kept,
        "HOME": str(home),
        "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        **more,
    }


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Run one process to its end in ``folder``.

    The memory is the peak of the process, or of the largest of its descendants that it waited for, as the kernel counts it. It is
    never less than that of this process, which is small.
    """
    home = folder / "home"
    home.mkdir(exist_ok=True)
    with open(folder / "output.txt", "w+", encoding="utf-8", errors="replace") as output:
        began, clock = time.time(), time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(home, environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        watch = threading.Timer(HUNG, child.kill)
        watch.daemon = True
        watch.start()
        try:
            _pid, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.terminate()
            child.wait()
            raise
        finally:
            watch.cancel()
        taken, ended = time.perf_counter() - clock, time.time()
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        used = usage.ru_utime + usage.ru_stime
        return Ended(child.returncode, output.read(), taken, began, ended, peak, used)


def run_all(commands: Sequence[Sequence[str]], folder: Path) -> float:
    """Run all of these at once; returns the seconds until the last ended. WrongResult if one failed."""
    environment = _environment(folder / "home", {})
    begun = time.perf_counter()
    children = [
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    try:
        said = [child.communicate(timeout=HUNG)[1] for child in children]
    except BaseException:
        for child in children:
            child.kill()
            child.wait()
        raise
    taken = time.perf_counter() - begun
    failed = [text for child, text in zip(children, said, strict=True) if child.returncode]
    if failed:
        raise WrongResult(failed[0][-3000:])
    return taken
