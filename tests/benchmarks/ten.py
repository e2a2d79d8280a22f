# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ten real API servers, each with an etcd of its own: everything that a run is measured on, and nothing that would disturb it.

They are members of a sandbox without nodes, and their controllers, schedulers and node simulators are stopped once the members are
ready: in reality these do not run on the machine that Ansible runs on, here they would take the two cores from what is measured.
Without a namespace controller, a namespace that is deleted stays until it is finalized; `Ten.empty` does what that controller does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import layout, processes
from ansible_collections.multicluster.federation.tests.benchmarks import workload
from ansible_collections.multicluster.federation.tests.benchmarks.raw import KINDS, Server

SIZE = 10
MEMBERS = tuple(f"c-{number}" for number in range(SIZE))
_IDLE = (layout.KWOK, layout.SCHEDULER, layout.CONTROLLER_MANAGER)
#: what a join puts into the namespace of a federation, beside records
_ALSO = (
    "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
)
_PATIENCE = 60.0
_AGENT = "multicluster.federation"


def start_play(folder: Path) -> list[dict[str, Any]]:
    """The play that brings the sandbox in ``folder`` to what it should be, from any state."""
    where = {"sandbox": folder.name, "root": str(folder.parent)}
    members = [{"name": name, "node_count": 0} for name in MEMBERS]
    up = {**where, "members": members, "exclusive": True, "wait_timeout": 600}
    tasks: list[dict[str, Any]] = [{"name": "Start", "multicluster.federation.control_plane": up}]
    for component in _IDLE:
        stop = {**where, "state": "stopped", "component": component}
        tasks.append({"name": f"Stop {component}", "multicluster.federation.control_plane": stop})
    return [{"name": "Start ten members", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]


def until(done: Callable[[], Any], what: str) -> None:
    """Return as soon as ``done`` says so; RuntimeError when it does not in a minute."""
    limit = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > limit:
            raise RuntimeError(f"waited {_PATIENCE:.0f} s in vain: {what}")
        time.sleep(0.02)


@dataclass(frozen=True)
class Request:
    """One request of the collection, from the audit log of a member; times by the clock on the wall."""

    member: str
    verb: str
    uri: str
    resource: str
    received: float
    answered: float

    @property
    def is_write(self) -> bool:
        """Whether it was meant to change what users have; the lock of a run is not that."""
        return self.verb in ("create", "patch", "update", "delete") and self.resource != "leases"


def _moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Ten:
    """The ten members in the folder of a sandbox that runs."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = layout.SandboxFolder(str(folder.resolve()))
        self.inventory = Path(self.sandbox.inventory)
        self.names = self.sandbox.member_names()[:SIZE]
        if len(self.names) < SIZE:
            raise RuntimeError(
                f"{folder} is not a sandbox of {SIZE} members; BENCH_KEEP=1 make bench leaves one running"
            )

    @property
    def federation(self) -> str:
        """The federation that the sandbox's own inventory names."""
        return str(yaml.safe_load(self.inventory.read_text("utf-8"))["clusters"]["vars"]["federation_name"])

    def kubeconfig(self, member: str) -> Path:
        return Path(self.sandbox.member(member).kubeconfig)

    @cached_property
    def servers(self) -> Mapping[str, Server]:
        return {name: Server(self.kubeconfig(name)) for name in self.names}

    def _everywhere(self, work: Callable[[str], None]) -> None:
        with ThreadPoolExecutor(SIZE) as threads:
            list(threads.map(work, self.names))

    def empty(self, namespace: str, federation: str = "", resource: str = "") -> None:
        """Remove ``namespace`` with all that is in it from all members, and the record of ``resource``, and wait until they are gone."""

        def one(name: str) -> None:
            server = self.servers[name]
            if server.call("GET", f"/api/v1/namespaces/{namespace}")[0] == 200:
                self._remove(server, name, namespace)
            if resource:
                records = KINDS["ConfigMap"].format(names.federation_namespace(federation))
                selector = f"{names.LABEL_RESOURCE}={resource},{names.LABEL_RECORD}"
                server.done("DELETE", f"{records}?labelSelector={selector}")

        self._everywhere(one)

    def _remove(self, server: Server, name: str, namespace: str) -> None:
        path = f"/api/v1/namespaces/{namespace}"
        server.done("DELETE", path)
        if processes.state(self._process(name, layout.CONTROLLER_MANAGER)) != processes.RUNNING:
            for kind in (*KINDS.values(), *_ALSO):
                server.done("DELETE", kind.format(namespace))
            body = {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": namespace},
                "spec": {"finalizers": []},
            }
            server.done("PUT", f"{path}/finalize", body)
        until(lambda: server.call("GET", path)[0] == 404, f"{name}: namespace {namespace} to go")

    def require(self, namespace: str, members: Iterable[str] | None = None) -> None:
        """RuntimeError unless every member (or these) has the whole workload."""
        for name in self.names if members is None else members:
            found = [self.servers[name].done("GET", kind.format(namespace))["items"] for kind in KINDS.values()]
            if sum(map(len, found)) + 1 != workload.OBJECTS:
                raise RuntimeError(f"{name} has {[len(items) for items in found]} objects in {namespace}")

    def _process(self, name: str, component: str) -> processes.Process | None:
        return processes.recorded(self.sandbox.member(name).process(component))

    def pause(self, name: str) -> None:
        """Let the API server of a member hang: it accepts connections and says nothing."""
        process = self._process(name, layout.API_SERVER)
        if process is None:
            raise RuntimeError(f"the API server of {name} does not run")
        processes.pause(process)
        until(lambda: processes.state(process) == processes.PAUSED, f"{name} to hang")

    def resume(self, name: str) -> None:
        """Let it go on, and wait until it serves again."""
        process = self._process(name, layout.API_SERVER)
        if process is not None:
            processes.resume(process)
            until(self.servers[name].ready, f"{name} to be ready")

    def mark(self) -> Mapping[str, int]:
        """Where the audit logs end now."""
        return {name: Path(self.sandbox.member(name).audit_log).stat().st_size for name in self.names}

    def requests(self, mark: Mapping[str, int]) -> list[Request]:
        """What the collection asked of all members since ``mark``, oldest first."""
        found = [request for name in self.names for request in self._requests(name, mark[name])]
        return sorted(found, key=lambda request: request.received)

    def _requests(self, name: str, offset: int) -> Iterable[Request]:
        path = Path(self.sandbox.member(name).audit_log)
        with path.open("rb") as log:
            if path.stat().st_size >= offset:  # else the log was begun anew
                log.seek(offset)
            for line in log:
                event = json.loads(line)
                if str(event.get("userAgent")).startswith(_AGENT):
                    yield Request(
                        name,
                        event["verb"],
                        event["requestURI"],
                        (event.get("objectRef") or {}).get("resource") or "",
                        _moment(event["requestReceivedTimestamp"]),
                        _moment(event["stageTimestamp"]),
                    )
