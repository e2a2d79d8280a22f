# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One member of ten hangs: its API server accepts connections and never says anything.

The others must not notice, beyond the grace that a run gives to members that are late with their first answer, and the run must end
when that member's own time is over.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.concurrency import GRACE_SECONDS
from ansible_collections.multicluster.federation.tests.benchmarks.bench import Bench
from ansible_collections.multicluster.federation.tests.benchmarks.harness import (
    Figure,
    Target,
    median,
    ratio,
    subject,
)
from ansible_collections.multicluster.federation.tests.benchmarks.processes import Ended
from ansible_collections.multicluster.federation.tests.benchmarks.ten import SIZE, Request

RESOURCE = "shop"
MEMBER_SECONDS = 5


def _run(bench: Bench, play: Path, hangs: str = "") -> tuple[Ended, list[Request]]:
    """A first run, and what it asked of the members other than ``hangs``."""
    ten = bench.ten
    ten.empty(RESOURCE, ten.federation, RESOURCE)
    mark = ten.mark()
    try:
        if hangs:
            ten.pause(hangs)
        done = bench.play(play)
        found = [request for request in ten.requests(mark) if request.member != hangs]
    finally:
        if hangs:
            ten.resume(hangs)
    # on a machine that is too busy for MEMBER_SECONDS others fail, too, and this measures nothing
    done.expect(f"failed on 1: {hangs}" if hangs else "failed=0", code=2 if hangs else 0)
    ten.require(RESOURCE, [name for name in ten.names if name != hangs])
    return done, found


def _last_write(done: Ended, requests: Iterable[Request], members: Iterable[str]) -> float:
    """Seconds from the start of the playbook until the last of ``members`` had its last write answered."""
    wanted = set(members)
    return max(r.answered for r in requests if r.is_write and r.member in wanted) - done.began


@subject("hanging", f"a first run on {SIZE} members, one of which hangs; member_timeout {MEMBER_SECONDS} s")
def measure(bench: Bench) -> Iterable[Figure]:
    """With all members, and with one that hangs, in turn."""
    ten = bench.ten
    bench.join()
    play = bench.propagation(RESOURCE, member_timeout=MEMBER_SECONDS)
    hangs, others = ten.names[-1], ten.names[:-1]
    without: list[float] = []
    beside: list[float] = []
    late: list[float] = []
    for _round in bench.rounds("all members, one that hangs"):
        done, requests = _run(bench, play)
        without.append(_last_write(done, requests, others))
        done, requests = _run(bench, play, hangs)
        beside.append(_last_write(done, requests, others))
        # the clock of all members starts when the first of them is asked something
        late.append(done.ended - (requests[0].received + MEMBER_SECONDS))
    ten.empty(RESOURCE, ten.federation, RESOURCE)
    allowed = GRACE_SECONDS + 0.2 * statistics.median(without)
    return [
        median("nine others done, all well", without),
        median("nine others done, one hangs", beside),
        ratio("nine others done, one hangs / all well", beside, without),
        Figure(
            "nine others done, later by",
            statistics.median(beside) - statistics.median(without),
            "s",
            Target(round(allowed, 2)),
            note=f"the target is the grace of {GRACE_SECONDS:g} s for late members, and 20 %",
        ),
        median("run end - deadline of the member", late, target=Target(1.0)),
    ]
