# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What real nodes have on a machine, seen from outside: noted while they run, looked for when they should be gone.

Everything is attributed to one sandbox, so that others may come and go on the same machine meanwhile.
"""

from __future__ import annotations

import json
import os
import subprocess
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.layout import SandboxFolder
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.node_main import BRIDGE

#: namespaces that every process of a node is in, and that can be kept: one that ends gives its number to the next one
_KINDS = ("pid", "ipc", "uts")
#: where programs of nodes write when nobody tells them otherwise
_PLACES = (
    "/opt",
    "/var/lib",
    "/var/lib/cni",
    "/var/lib/kubelet",
    "/var/log",
    "/run",
    "/run/netns",
    "/etc",
    "/usr/libexec",
)
_NETWORKS = Path("/sys/class/net")


class Traces:
    """The traces of the nodes of one sandbox; to be made before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.group = SandboxFolder(str(folder.resolve())).group
        self._spaces: set[str] = set()
        self._tree = f"/{self.group}/"
        self._links: dict[str, int] = {}
        self._entries, self._rules = _entries(), _rules()

    def note(self, member: str = "*") -> None:
        """Remember what can only be asked while nodes run: their namespaces and cables. AssertionError if there are none.

        With a member, the processes that are looked for are those of its node alone.
        """
        if member != "*":
            self._tree = f"/{self.group}/{member}/"
        for path in self.folder.glob(f"members/{member}/run/holder.json"):
            pid = json.loads(path.read_text())["pid"]
            for kind in _KINDS:
                kept = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
                weakref.finalize(self, os.close, kept)
                self._spaces.add(os.readlink(f"/proc/self/fd/{kept}"))
        for path in self.folder.glob(f"members/{member}/node/link.json"):
            link = json.loads(path.read_text())
            self._links[link["name"]] = link["index"]
        assert self._spaces, "there is no node"
        assert self._links, "there is no cable"
        assert self.groups(), "there is no control group"

    def groups(self) -> list[str]:
        return [
            str(path) for pattern in (self.group, f"*/{self.group}") for path in Path("/sys/fs/cgroup").glob(pattern)
        ]

    def inhabitants(self) -> list[str]:
        """Processes in the namespaces of the nodes, and of their pods, which have namespaces of their own."""
        return [
            f"process {pid} {command}"
            for pid, command, spaces, groups in _processes()
            if spaces & self._spaces or self._tree in groups
        ]

    def processes(self) -> list[str]:
        """Processes in the namespaces of the nodes, and those with the folder of the sandbox in their command line."""
        named = [
            f"process {pid} {command}"
            for pid, command, _spaces, _groups in _processes()
            if f"{self.folder}/" in command
        ]
        return sorted({*named, *self.inhabitants()})

    def left(self) -> list[str]:
        """What is still there, in words; empty after the sandbox was taken down."""
        links = [f"link {name}" for name, index in self._links.items() if _index(name) == index]
        if (_NETWORKS / BRIDGE).is_dir() and not list((_NETWORKS / BRIDGE / "brif").iterdir()):
            links.append(f"link {BRIDGE}, with no node on it")
        mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(self.folder) in line]
        files = [str(self.folder)] if self.folder.exists() else []
        news = sorted(_entries() - self._entries) + sorted(_rules() - self._rules)
        return [*files, *self.processes(), *links, *mounts, *(f"group {path}" for path in self.groups()), *news]


def _processes() -> Iterator[tuple[int, str, set[str], str]]:
    """Pid, command line, namespaces and control groups of all others."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):  # it has just ended
                command = (entry / "cmdline").read_text().replace("\0", " ")[:300]
                spaces = {os.readlink(entry / "ns" / kind) for kind in _KINDS}
                yield int(entry.name), command, spaces, (entry / "cgroup").read_text()


def _index(link: str) -> int:
    with suppress(OSError):
        return int((_NETWORKS / link / "ifindex").read_text())
    return 0


def _entries() -> set[str]:
    return {str(path) for place in _PLACES if os.path.isdir(place) for path in Path(place).iterdir()}


def _rules() -> set[str]:
    """Rules of this machine's own network namespace; counters change by themselves."""
    found = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout.splitlines()
    spaces = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=False).stdout.splitlines()
    return {f"rule {line}" for line in found if line.startswith("-A")} | {f"netns {line}" for line in spaces}
