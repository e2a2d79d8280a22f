# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Detached processes that a later run finds again, and never takes for others.

A process is known by its pid and the time it started: a pid alone may belong to somebody else by now. Its record is
written as soon as it runs; should a run be killed before that, the process is still found by its command line, since
that names a path in the folder of its sandbox.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..model.errors import FederationError
from . import files
from .layout import ALL_COMPONENTS

RUNNING = "running"
PAUSED = "paused"
DEAD = "dead"

_PROC = "/proc"
#: seconds that the kernel may need to take down a process after SIGKILL
_KILL_SECONDS = 20.0
_POLL = 0.02


@dataclass(frozen=True)
class Process:
    """``started``: when, in words that only have to be the same whenever this machine is asked about this process."""

    pid: int
    started: str


@dataclass(frozen=True)
class _Seen:
    process: Process
    state: str
    command: tuple[str, ...]


def start(name: str, binary: str, arguments: Sequence[str], cwd: str, log: str, record: str) -> Process:
    """Start ``binary`` detached from this run, shown as ``name`` in lists of processes; its output goes to ``log``."""
    os.makedirs(os.path.dirname(log), mode=0o700, exist_ok=True)
    os.makedirs(os.path.dirname(record), mode=0o700, exist_ok=True)
    if os.path.exists(log):
        os.replace(log, f"{log}.1")
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as output:
        child = subprocess.Popen(
            [name, *arguments],
            executable=binary,
            cwd=cwd,
            env=_environment(os.environ, cwd),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    # It outlives us on purpose: keeps Popen from waiting for it, or warning that nobody did.
    child.returncode = 0
    seen = _look(child.pid)
    process = seen.process if seen else Process(child.pid, "ended at once")
    files.write_json(record, {"pid": process.pid, "started": process.started})
    return process


def _environment(environment: Mapping[str, str], home: str) -> dict[str, str]:
    """What a component needs. No proxy, kubeconfig or settings of the user: they would change what it does."""
    kept = {name: environment[name] for name in ("PATH", "TMPDIR", "LANG", "SSL_CERT_FILE") if name in environment}
    return {**kept, "HOME": home}


def recorded(record: str) -> Process | None:
    """The process of a record, running or not."""
    data = files.read_json(record)
    if isinstance(data, dict) and isinstance(data.get("pid"), int) and isinstance(data.get("started"), str):
        return Process(data["pid"], data["started"])
    return None


def state(process: Process | None) -> str:
    """``running``, ``paused`` or ``dead``; a process of the same pid that started at another time is not this one."""
    seen = _look(process.pid) if process else None
    return seen.state if seen and seen.process == process else DEAD


def of_folder(folder: str) -> list[Process]:
    """All running components of the sandbox or member in ``folder``, with or without a record.

    A process counts if it is shown as one of our components and its command line names a path in the folder: so an
    editor or a kubectl that has a file of the sandbox open is left alone.
    """
    inside = folder.rstrip(os.sep) + os.sep
    return [seen.process for seen in _all() if seen.state != DEAD and _is_component(seen.command, inside)]


def _is_component(command: Sequence[str], inside: str) -> bool:
    return bool(command) and os.path.basename(command[0]) in ALL_COMPONENTS and inside in " ".join(command[1:])


def send(process: Process, number: int) -> bool:
    """Signal this very process. Returns whether it was there."""
    if not hasattr(os, "pidfd_open"):
        return _send_by_pid(process, number)
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    except OSError:  # a kernel without it
        return _send_by_pid(process, number)
    try:
        # the handle cannot come to mean another process between this look and the signal
        if state(process) == DEAD:
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def _send_by_pid(process: Process, number: int) -> bool:
    if state(process) == DEAD:
        return False
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def pause(process: Process) -> None:
    send(process, signal.SIGSTOP)


def resume(process: Process) -> None:
    send(process, signal.SIGCONT)


def stop(processes: Iterable[Process], seconds: float) -> None:
    """Ask all to end, and kill those that have not after ``seconds``."""
    asked = list(processes)
    for process in asked:
        send(process, signal.SIGTERM)
        send(process, signal.SIGCONT)  # a paused process hears the first only now
    _wait(asked, seconds)
    kill(asked)


def kill(processes: Iterable[Process]) -> None:
    """Kill all, and return when they are gone. ``FederationError`` names those that the kernel would not end."""
    killed = list(processes)
    for process in killed:
        send(process, signal.SIGKILL)
    left = _wait(killed, _KILL_SECONDS)
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise FederationError(f"processes {pids} did not end after SIGKILL", "the kernel holds them; try again later")


def _wait(processes: Iterable[Process], seconds: float) -> list[Process]:
    """Those that still run after ``seconds``."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if state(process) != DEAD]
    while left and time.monotonic() < deadline:
        time.sleep(_POLL)
        left = [process for process in left if state(process) != DEAD]
    return left


def _look(pid: int) -> _Seen | None:
    _reap(pid)
    if os.path.isdir(f"{_PROC}/self"):
        return _look_in_proc(pid)
    return next(_ask_ps("-p", str(pid)), None)


def _all() -> Iterator[_Seen]:
    if not os.path.isdir(f"{_PROC}/self"):
        yield from _ask_ps("-ax")
        return
    for entry in os.listdir(_PROC):
        seen = _look_in_proc(int(entry)) if entry.isdigit() else None
        if seen:
            yield seen


def _reap(pid: int) -> None:
    """Let go of a child that ended; it may be one, if this very run started it."""
    with suppress(OSError):
        os.waitpid(pid, os.WNOHANG)


def _look_in_proc(pid: int) -> _Seen | None:
    try:
        with open(f"{_PROC}/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # the name in brackets may hold spaces and brackets itself
            fields = file.read().rpartition(")")[2].split()
        with open(f"{_PROC}/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            command = tuple(file.read().rstrip("\0").split("\0"))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # fields 3 and 22 of proc(5); ticks count from the start of the machine, so name that too
    return _Seen(Process(pid, f"{_boot()}:{fields[19]}"), _state(fields[0]), command)


def _boot() -> str:
    try:
        with open(f"{_PROC}/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "boot"


def _state(letter: str) -> str:
    """Of the first letter that the kernel or ps gives. A zombie is dead: only its parent has not looked yet."""
    if letter in ("Z", "X", "x"):
        return DEAD
    return PAUSED if letter in ("T", "t") else RUNNING


def _ask_ps(*which: str) -> Iterator[_Seen]:
    """macOS and the BSDs have no /proc."""
    command = ["ps", *which, "-ww", "-o", "pid=,state=,lstart=,command="]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    yield from parse_ps(run.stdout)


def parse_ps(text: str) -> Iterator[_Seen]:
    """Lines of ``pid state lstart command``, where ``lstart`` is five words such as ``Mon Nov 23 05:55:03 2026``."""
    for line in text.splitlines():
        words = line.split(None, 7)
        if len(words) == 8 and words[0].isdigit():
            process = Process(int(words[0]), " ".join(words[2:7]))
            yield _Seen(process, _state(words[1][:1]), tuple(words[7].split(" ")))
