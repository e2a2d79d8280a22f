# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fifty workloads on a member that is killed: from "declared lost" until every replacement is Available.

The survivors have controllers, a scheduler and nodes that pretend to run pods, all on this machine. What they need for fifty
Deployments is measured in the same run, by plain requests; the rest is ours.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import layout, processes
from ansible_collections.multicluster.federation.tests.benchmarks.bench import Bench
from ansible_collections.multicluster.federation.tests.benchmarks.harness import Figure, Target, median, subject
from ansible_collections.multicluster.federation.tests.benchmarks.processes import Ended, run
from ansible_collections.multicluster.federation.tests.benchmarks.raw import Server
from ansible_collections.multicluster.federation.tests.benchmarks.ten import Ten

WORKLOADS, REPLICAS = 50, 2
VICTIM, SURVIVORS = "eu-1", ("eu-2", "us-1")
MEMBERS = (VICTIM, *SURVIVORS)
SPACE = "fifty"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"
_HALVES = 2
#: the aim: this much beyond what the members' controllers need
_OURS = 3.0


def deployment(name: str, namespace: str) -> dict[str, Any]:
    """One workload, in a namespace that is there."""
    labels = {"app": name}
    container = {"name": "main", "image": "registry.example.com/app:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": REPLICAS,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def names() -> list[str]:
    """The workloads."""
    return [f"app-{number:02}" for number in range(WORKLOADS)]


class Trio(Ten):
    """Three members with everything that real ones have, read as the ten are."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = layout.SandboxFolder(str(folder.resolve()))
        self.inventory = Path(self.sandbox.inventory)
        self.names = list(MEMBERS)

    def kill(self) -> None:
        """End the API server of the victim as a power cut would."""
        process = self._process(VICTIM, layout.API_SERVER)
        if process is None:
            raise RuntimeError(f"the API server of {VICTIM} does not run")
        processes.kill([process])


def _control_plane(bench: Bench, name: str, folder: Path, **options: Any) -> None:
    where = {"sandbox": folder.name, "root": str(folder.parent), **options}
    task = {"name": "Do it", "multicluster.federation.control_plane": where}
    path = bench.folder / f"{name}.yml"
    path.write_text(yaml.safe_dump([{"name": name, "hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    own = {"HOME": str(Path.home())}  # the programs of the members are in the cache there
    run(["ansible-playbook", str(path)], bench.folder, own).expect("failed=0")


def _resources(state: str = "present") -> list[dict[str, Any]]:
    """Each workload has one home: a member that goes takes all of it with it."""
    return [
        {
            "name": name,
            "namespace": SPACE,
            "state": state,
            "placement": {"spread": [{"by": "member", "max": 1}]},
            "keep_template": True,
            **({"definition": deployment(name, SPACE)} if state == "present" else {}),
        }
        for name in names()
    ]


def _plays(bench: Bench) -> dict[str, Path]:
    def play(name: str, module: str, **options: Any) -> Path:
        return bench.playbook(name, "clusters", f"multicluster.federation.{module}", options, run_once=True)

    patience = {"request_timeout": 3, "member_timeout": 5}
    return {
        "join": play("join", "cluster"),
        "aside": play("aside", "cluster", cordon=True, only=list(SURVIVORS)),
        "open": play("open", "cluster", cordon=False, only=list(SURVIVORS)),
        "place": play("place", "federated_resource", resources=_resources(), wait=True),
        "lost": play("lost", "cluster", lost=True, only=[VICTIM], **patience),
        "failover": play("failover", "failover", wait=True),
        "back": play("back", "failback", wait=True),
        "clear": play("clear", "federated_resource", resources=_resources("absent"), fail_on="none"),
    }


def _floor(trio: Trio, number: int) -> float:
    """Seconds that the controllers of the survivors need for the workloads, a half on each, after plain requests."""
    space = f"floor-{number}"
    for member in SURVIVORS:
        trio.servers[member].done("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    begun = time.monotonic()
    for position, name in enumerate(names()):
        server = trio.servers[SURVIVORS[position % _HALVES]]
        server.done("POST", _DEPLOYMENTS.format(space), deployment(name, space))
    while any(not _available(trio.servers[member], space) for member in SURVIVORS):
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    for member in SURVIVORS:
        trio.servers[member].done("DELETE", f"/api/v1/namespaces/{space}")
    return seconds


def _available(server: Server, namespace: str) -> bool:
    """Whether every Deployment of a namespace has all its replicas."""
    found = server.done("GET", _DEPLOYMENTS.format(namespace))["items"]
    return all((item.get("status") or {}).get("availableReplicas") == REPLICAS for item in found)


def _moved(trio: Trio) -> None:
    """RuntimeError unless every workload is Available on a survivor."""
    there = 0
    for member in SURVIVORS:
        items = trio.servers[member].done("GET", _DEPLOYMENTS.format(SPACE))["items"]
        there += sum((item.get("status") or {}).get("availableReplicas") == REPLICAS for item in items)
    if there != WORKLOADS:
        raise RuntimeError(f"{there} of {WORKLOADS} workloads are Available on the survivors")


@subject(
    "failover", f"{WORKLOADS} workloads on a killed member: declared lost -> every replacement Available", members=False
)
def measure(bench: Bench) -> Iterable[Figure]:
    """Kill, declare, fail over, bring back; the floor in between."""
    home = bench.folder / "sandboxes" / "failover"
    sizes = {"node_count": 3, "node_cpu": "32", "node_memory": "64Gi"}
    members = [{"name": name, "region": name[:2], **sizes} for name in MEMBERS]
    bench.tell("starting three members")
    _control_plane(bench, "up", home, members=members, wait_timeout=600)
    try:
        trio, plays = Trio(home), _plays(bench)
        return _figures(bench, trio, plays, home)
    finally:
        _control_plane(bench, "down", home, state="absent")


def _figures(bench: Bench, trio: Trio, plays: dict[str, Path], home: Path) -> list[Figure]:
    def play(name: str) -> Ended:
        return bench.play(plays[name], inventory=trio.inventory).expect("failed=0")

    play("join")
    walls, plans, writes, readies, floors, ours, busy = ([] for _part in range(7))
    counter = itertools.count(1)
    for _round in bench.rounds("place, kill, declare, fail over, fail back"):
        play("aside")
        play("place")
        play("open")
        floors.append(_floor(trio, next(counter)))
        trio.kill()
        play("lost")
        mark = {name: Path(trio.sandbox.member(name).audit_log).stat().st_size for name in SURVIVORS}
        done = play("failover")
        _moved(trio)
        asked = [r for name in SURVIVORS for r in trio._requests(name, mark[name]) if r.is_write]
        first, last = min(r.received for r in asked), max(r.answered for r in asked)
        walls.append(done.seconds)
        plans.append(first - done.began)
        writes.append(last - first)
        readies.append(done.ended - last)
        ours.append(done.seconds - floors[-1])
        busy.append(done.processor)
        _control_plane(bench, "mend", home)
        play("back")
        play("clear")
    rate = WORKLOADS / statistics.median(walls)
    return [
        median("declared lost -> all Available", walls, note=f"{rate:.1f} workloads a second"),
        median("start, observe, decide, plan", plans),
        median("write, first to last", writes),
        median("last write -> end", readies),
        median("controllers alone, plain requests", floors),
        median("ours: the whole - controllers", ours, target=Target(_OURS)),
        median("processor", busy),
    ]
