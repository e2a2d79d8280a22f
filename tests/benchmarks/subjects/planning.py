# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Planning alone, without a single cluster: which members, and how many replicas on each.

Everything that a run works out between reading and rendering: eligibility by labels, the division by weight within capacities, and
the fingerprint for the records. It runs in a process of its own, whose memory is its own, too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from ansible_collections.multicluster.federation.tests.benchmarks.bench import Bench
from ansible_collections.multicluster.federation.tests.benchmarks.harness import Figure, Target, median, ratio, subject

MEMBERS, WORKLOADS = 1000, 1000
_ROOM = "ansible_collections.multicluster.federation.plugins.module_utils"
_PROGRAM = f"""
import gc, json, random, resource, sys, time
from {_ROOM}.model.cluster import Cluster
from {_ROOM}.model.placement import parse_placement
from {_ROOM}.model.replicas import parse_replicas
from {_ROOM}.scheduling.divide import divide
from {_ROOM}.scheduling.division import Candidate, Division
from {_ROOM}.scheduling.select import Selection
from {_ROOM}.scheduling.share import Standing, candidate, share

members, workloads = int(sys.argv[1]), int(sys.argv[2])
random.seed(1)
fleet = [
    Cluster(f"member-{{n:04}}", {{"tier": "prod" if n % 10 else "test"}}, f"region-{{n % 20}}", weight=random.randint(1, 9))
    for n in range(members)
]
placement = parse_placement({{"selector": {{"matchLabels": {{"tier": "prod"}}}}}}, "placement")
policy = parse_replicas({{"total": 2 * members, "divide": "weighted", "capacity": True}}, "replicas")
selection = Selection(fleet)
room = {{cluster.name: random.randint(0, 20) for cluster in fleet}}


def plan(number, before):
    chosen = selection.of(placement, before)
    now = before or {{}}
    candidates = [
        candidate(policy, placement, c, Standing(now.get(c.name, 0), room[c.name])) for c in fleet if chosen[c.name].selected
    ]
    return share(policy, 2 * members, f"apps/workload-{{number}}", candidates, "")


def timed(before):
    begun = time.perf_counter()
    found = [plan(number, before[number] if before else ()) for number in range(workloads)]
    return [shares.outcome.replicas for shares in found], time.perf_counter() - begun


def division(strategy):
    # milliseconds for one call with nothing running, and for one that has nothing to do; the least of some
    asked = Division(2 * members, strategy)
    candidates = [Candidate(c.name, c.weight or 1, 0, room[c.name]) for c in fleet]
    found = divide(asked, candidates)
    placed = [c._replace(current=found.replicas[c.name]) for c in candidates]
    assert divide(asked, placed) == found and found.unplaced == 0
    taken = []
    for given in (candidates, placed):
        samples = []
        for _number in range(7):
            begun = time.perf_counter()
            divide(asked, given)
            samples.append(time.perf_counter() - begun)
        taken.append(1000 * min(samples))
    return taken


gc.disable()  # as the verbs do, in a process that ends with the task
alone = {{strategy: division(strategy) for strategy in ("weighted", "available", "aggregated")}}
first, fresh = timed(None)
second, again = timed(first)
assert first == second and all(sum(replicas.values()) == 2 * members for replicas in first)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"first": fresh, "again": again, "peak": peak / (1024 if sys.platform == "darwin" else 1), **alone}}))
"""


def _plan(members: int, workloads: int) -> dict[str, Any]:
    """Plan once, and once more with nothing to do; seconds, the largest memory in MB, and milliseconds of the division alone."""
    command = [sys.executable, "-c", _PROGRAM, str(members), str(workloads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return dict(json.loads(done.stdout))


@subject(
    "planning",
    f"who gets what on {MEMBERS} members, for one workload and for {WORKLOADS}; no cluster takes part",
    members=False,
)
def measure(bench: Bench) -> Iterable[Figure]:
    """One workload, then all of them."""
    single = [_plan(MEMBERS, 1) for _number in range(bench.repeat)]
    many = [_plan(MEMBERS, WORKLOADS) for _number in range(min(3, bench.repeat))]
    for strategy in ("weighted", "available", "aggregated"):
        fresh, placed = ([s[strategy][which] for s in single] for which in (0, 1))
        yield median(f"division alone, {strategy}", fresh, "ms", Target(4))
        yield ratio(f"division alone, {strategy}, again / first", placed, fresh, Target(0.5))
    yield median("1,000 members x 1 workload", [1000 * s["first"] for s in single], "ms", Target(10))
    yield median("1,000 members x 1,000 workloads", [m["first"] for m in many], "s", Target(8))
    yield median("the same with nothing to do", [m["again"] for m in many], "s", Target(4))
    yield ratio("nothing to do / first", [m["again"] for m in many], [m["first"] for m in many])
    yield median("largest memory of the process", [m["peak"] for m in many], "MB", Target(300))
