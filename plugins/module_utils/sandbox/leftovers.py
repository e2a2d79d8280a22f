# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a real node has outside of its namespaces, and how it goes: one cable, a share of a bridge, and a tree of control groups.

All else ends with the first process in the namespaces, the holder. None of this needs what the node has written: where a
folder was removed by hand, the control groups are known by the folder's path, and the cable ends with the namespace.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from ..model.errors import FederationError
from . import files, processes
from .layout import HOLDER, MemberFolder, SandboxFolder
from .node_main import BRIDGE

_CGROUPS = "/sys/fs/cgroup"
_NETWORKS = "/sys/class/net"
#: the kernel needs a moment to take apart what killed processes had
_SECONDS = 10.0
_POLL = 0.05


def sweep(folder: MemberFolder) -> None:
    """Wait until nothing of a dead node of this member runs, and take away what it had. FederationError if that does not end."""
    holder = processes.recorded(folder.process(HOLDER))
    if holder is not None:
        # ended by its parent's end; it has ended when everything in the namespaces has
        processes.kill([holder])
    _unplug(folder)
    remove_groups(folder.group)
    remove_bridge()
    with suppress(FileNotFoundError):
        os.unlink(folder.process(HOLDER))


def sweep_all(sandbox: SandboxFolder) -> None:
    """The same for members that nobody knows of any more: their folders were removed by hand."""
    if groups(sandbox.group):
        remove_groups(sandbox.group)
        _until(remove_bridge, _SECONDS / 2)


def _unplug(folder: MemberFolder) -> None:
    """Remove the cable of a node; unless another node has that number by now."""
    link = files.read_json(folder.file("node", "link.json"))
    if not isinstance(link, dict):
        return
    name = str(link.get("name"))
    with suppress(OSError, ValueError), open(os.path.join(_NETWORKS, name, "ifindex"), encoding="ascii") as file:
        if int(file.read()) == link.get("index"):
            _ip("link", "delete", name)


def remove_bridge() -> bool:
    """Remove the bridge if no node is connected to it; whether it is gone."""
    place = os.path.join(_NETWORKS, BRIDGE, "brif")
    if os.path.isdir(place) and not os.listdir(place):
        _ip("link", "delete", BRIDGE)
    return not os.path.isdir(place)


def _ip(*arguments: str) -> None:
    with suppress(FileNotFoundError):
        subprocess.run(["ip", *arguments], capture_output=True, check=False)


def groups(group: str, root: str = _CGROUPS) -> list[str]:
    """The directories of a control group, which are one for each controller where controllers have trees of their own."""
    trees = [root, *(os.path.join(root, name) for name in _listed(root))]
    return [path for tree in trees if os.path.isdir(path := os.path.join(tree, group))]


def remove_groups(group: str, root: str = _CGROUPS, seconds: float = _SECONDS) -> None:
    """Remove a control group with all that are in it, and the one that it is in if it was the last."""
    found = groups(group, root)
    if not _until(lambda: all(_remove(path) for path in found), seconds):
        raise FederationError(
            f"control group {group} could not be removed",
            f"see which processes are in {next(filter(os.path.isdir, found))}",
        )
    parent = os.path.dirname(group)
    for path in groups(parent, root) if parent else []:
        with suppress(OSError):  # other members have theirs in it
            os.rmdir(path)


def _remove(path: str) -> bool:
    for place, folders, _files in os.walk(path, topdown=False):
        for name in folders:
            with suppress(OSError):
                os.rmdir(os.path.join(place, name))
    with suppress(OSError):
        os.rmdir(path)
    return not os.path.isdir(path)


def _listed(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def _until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True
