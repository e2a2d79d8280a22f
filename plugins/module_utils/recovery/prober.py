# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at the workloads of all members several times a second, beside a drill, and writes down what it saw.

It also writes into data that are copied to another member, where it is asked to (see `writer`).

It runs in a process of its own, so that neither the drill nor its end disturb it. Its configuration comes on standard input, since it
holds how members are reached. It ends when it is told to (SIGTERM), when its time is over, or when its folder is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..fleet.discovery import ApiKind
from ..model import names
from ..model.access import Access
from ..model.cluster import Cluster
from ..model.errors import FederationError
from ..model.manifest import GroupKind
from .writer import Writer, load_store

FILE, PID = "probes.jsonl", "prober.json"
#: no drill takes longer
LONGEST = 4 * 3600.0
_KINDS = (
    ApiKind(GroupKind("apps", "Deployment"), "v1", "deployments", True),
    ApiKind(GroupKind("apps", "StatefulSet"), "v1", "statefulsets", True),
)


def read_workloads(api: MemberApi, federation: str) -> dict[str, list[int]]:
    """What a member has of the federation's workloads: object -> [ready, wanted]."""
    found: dict[str, list[int]] = {}
    for kind in _KINDS:
        selector = f"{names.LABEL_FEDERATION}={federation}"
        for body in api.objects(kind, "", selector, metadata_only=False):
            metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
            ready = status.get("readyReplicas") or 0
            found[f"{kind.kind.kind} {metadata['namespace']}/{metadata['name']}"] = [ready, spec.get("replicas") or 0]
    return found


class _Prober:
    def __init__(self, config: Mapping[str, Any]) -> None:
        self.folder = str(config["folder"])
        self.federation = str(config["federation"])
        self.interval = float(config["interval"])
        self.timeout = float(config["timeout"])
        self.members = {
            name: Cluster(name, connection=raw["connection"], access=Access(**raw["access"]))
            for name, raw in config["members"].items()
        }
        self.over = threading.Event()
        self.writers = [
            Writer(load_store(body), self.members, self.interval, self.timeout, self.over, self._tell, LONGEST)
            for body in config.get("stores") or []
        ]
        self._lock = threading.Lock()
        self._file = open(os.path.join(self.folder, FILE), "a", encoding="utf-8")  # noqa: SIM115 - open until the process ends

    def go(self) -> None:
        for name in self.members:
            threading.Thread(target=self._watch, args=(name,), daemon=True).start()
        for writer in self.writers:
            writer.start()
        limit = Deadline(LONGEST)
        while not self.over.wait(1.0):
            if limit.expired() or not os.path.isdir(self.folder):
                break
        self.over.set()
        for writer in self.writers:
            writer.clear()

    def _tell(self, line: Mapping[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def _watch(self, name: str) -> None:
        api: MemberApi | None = None
        while not self.over.is_set():
            began = time.time()
            line: dict[str, Any] = {"t": began, "member": name}
            try:
                api = api or connect(self.members[name], self.timeout, Deadline(LONGEST))
                line["ready"] = read_workloads(api.until(Deadline(self.timeout)), self.federation)
            except FederationError as error:
                line["error"] = error.message
                api = None
            line["took"] = round(time.time() - began, 4)
            self._tell(line)
            self.over.wait(max(0.0, self.interval - (time.time() - began)))


def main() -> None:
    """Run until told to stop; the configuration is JSON on standard input."""
    prober = _Prober(json.load(sys.stdin))
    signal.signal(signal.SIGTERM, lambda _number, _frame: prober.over.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prober.go()


def load(folder: str) -> list[dict[str, Any]]:
    """The probes in a folder, by time; a line that a crash cut off is passed over."""
    path = os.path.join(folder, FILE)
    found = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
    return sorted(found, key=lambda probe: probe["t"])
