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

RESOURCE = "shop"
RAW = "shop-raw"


@subject("propagation", "ten members, 41 objects each: first run, nothing to do, check mode")
def measure(bench: Bench) -> Iterable[Figure]:
    """Two floors, and ours between them: whatever else the machine does meets all alike."""
    ten = bench.ten
    bench.join()
    play = bench.propagation(RESOURCE)
    ping: list[float] = []
    raw: list[float] = []
    first: list[float] = []
    again: list[float] = []
    check: list[float] = []
    bench.play(play).expect("failed=0")  # files and servers are warm from here on
    for _round in bench.rounds("ping, raw applies, first run, ping, nothing to do, check mode"):
        ping.append(bench.ping().seconds)
        ten.empty(RAW)
        raw.append(bench.raw_applies(RAW))
        ten.require(RAW)
        ten.empty(RAW)
        ten.empty(RESOURCE, ten.federation, RESOURCE)
        first.append(bench.play(play).expect("changed=1", "failed=0").seconds)
        ten.require(RESOURCE)
        ping.append(bench.ping().seconds)
        again.append(bench.play(play).expect("ok=1", NOTHING, "failed=0").seconds)
        check.append(bench.play(play, "--check").expect("ok=1", NOTHING, "failed=0").seconds)
    floor = statistics.median(ping) + statistics.median(raw)
    ten.empty(RESOURCE, ten.federation, RESOURCE)
    return [
        median("ping playbook", ping),
        median("raw applies", raw),
        median("first run", first),
        Figure("first run / (ping + raw)", statistics.median(first) / floor, "x", Target(1.5)),
        median("nothing to do", again),
        ratio("nothing to do / ping", again, ping, Target(1.0)),
        median("check mode, nothing to do", check),
        ratio("check mode / ping", check, ping),
    ]
