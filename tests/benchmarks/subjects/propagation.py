# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One ordinary playbook that propagates 41 objects to ten members, against the least that any such run has to do."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from ansible_collections.multicluster.federation.tests.benchmarks.bench import NOTHING, Bench
from ansible_collections.multicluster.federation.tests.benchmarks.harness import (
    Figure,
    Target,
    median,
    ratio,
    subject,
)
from ansible_collections.multicluster.federation.tests.benchmarks.processes import Ended, seconds

RESOURCE = "shop"
RAW = "shop-raw"


@subject("propagation", "ten members, 41 objects each: first run, nothing to do, check mode")
def measure(bench: Bench) -> Iterable[Figure]:
    """Two floors, and ours between them: whatever else the machine does meets all alike."""
    ten = bench.ten
    bench.join()
    play = bench.propagation(RESOURCE)
    ping: list[Ended] = []
    raw: list[float] = []
    first: list[Ended] = []
    again: list[Ended] = []
    check: list[Ended] = []
    bench.play(play).expect("failed=0")  # files and servers are warm from here on
    for _round in bench.rounds("ping, raw applies, first run, ping, nothing to do, check mode"):
        ping.append(bench.ping())
        ten.empty(RAW)
        raw.append(bench.raw_applies(RAW))
        ten.require(RAW)
        ten.empty(RAW)
        ten.empty(RESOURCE, ten.federation, RESOURCE)
        first.append(bench.play(play).expect("changed=1", "failed=0"))
        ten.require(RESOURCE)
        ping.append(bench.ping())
        again.append(bench.play(play).expect("ok=1", NOTHING, "failed=0"))
        check.append(bench.play(play, "--check").expect("ok=1", NOTHING, "failed=0"))
    ten.empty(RESOURCE, ten.federation, RESOURCE)
    pings, firsts, agains, checks = (seconds(runs) for runs in (ping, first, again, check))
    floor = statistics.median(pings) + statistics.median(raw)
    return [
        median("ping playbook", pings),
        median("raw applies", raw),
        median("first run", firsts),
        Figure("first run / (ping + raw)", statistics.median(firsts) / floor, "x", Target(1.5)),
        median("nothing to do", agains),
        ratio("nothing to do / ping", agains, pings, Target(1.0)),
        median("check mode, nothing to do", checks),
        ratio("check mode / ping", checks, pings),
        median("ping playbook, processor", [run.processor for run in ping]),
        median("first run, processor", [run.processor for run in first]),
        median("nothing to do, processor", [run.processor for run in again]),
    ]
