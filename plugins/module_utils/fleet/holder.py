# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who holds a lock: this process, in words for people and in a form that another run on this machine can check."""

from __future__ import annotations

import getpass
import os
import re
import socket
import uuid

#: states of a process that has ended, which its parent may not have noted yet
_ENDED = ("Z", "X")


def describe_self() -> str:
    """Whom to ask about this run, for example ``alice@bastion, pid 4711, run 3fa9c2d1``; no two runs are called the same."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container often runs as a number that no user has
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}, pid {os.getpid()}, run {uuid.uuid4().hex[:8]}"


def _look(pid: int) -> tuple[str, str]:
    """The state of a process, and when it started. OSError where the system does not tell."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()  # the name in brackets may hold spaces and brackets itself
    return fields[0], fields[19]  # fields 3 and 22 of proc(5)


def identify(pid: int | None = None) -> str:
    """A process as ``boot:pid namespace:pid:start``, which no other process ever has; "" where the system does not tell."""
    number = os.getpid() if pid is None else pid
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        state, started = _look(number)
        space = os.stat("/proc/self/ns/pid").st_ino
    except (OSError, ValueError, IndexError):
        return ""
    return "" if state in _ENDED else f"{boot}:{space}:{number}:{started}"


def is_dead(process: str) -> bool:
    """Whether a process (as `identify` gave it) ran on this very machine, in this pid namespace, and is no more.

    False also when that cannot be told: then only time shows.
    """
    mine, parts = identify().split(":"), process.split(":")
    if len(mine) != 4 or len(parts) != 4 or mine[:2] != parts[:2] or not re.fullmatch("[0-9]{1,9}", parts[2]):
        return False
    try:
        state, started = _look(int(parts[2]))
    except (OSError, ValueError, IndexError):
        return not _exists(int(parts[2]))  # /proc may hide what others run (hidepid)
    return state in _ENDED or started != parts[3]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and somebody else's
        return True
    return True
