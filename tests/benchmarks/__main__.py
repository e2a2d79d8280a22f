# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what BENCH names on ten real API servers; see docs/performance.md.

BENCH          subjects: names, parts of names or shell patterns, with commas; all without it
BENCH_REPEAT   samples of each figure, 5 without it
BENCH_SANDBOX  folder of a sandbox of ten members that runs; it is used, and left running
BENCH_PROFILE  folder for profiles of every run; figures are shown, but not kept
BENCH_KEEP     set: the sandbox that was started is left running, to be used again
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import yaml

from ansible_collections.multicluster.federation.tests.benchmarks import harness, processes, ten
from ansible_collections.multicluster.federation.tests.benchmarks.bench import PROFILE, Bench

ROOT = Path(__file__).resolve().parents[2]


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _fleet(folder: Path, needed: bool) -> Iterator[ten.Ten | None]:
    """The sandbox that was given, or one that goes when the run ends, however it ends; none is started if nobody needs it."""
    if not needed:
        yield None
        return
    given = os.environ.get("BENCH_SANDBOX")
    if given:
        yield ten.Ten(Path(given))
        return
    home = ROOT / ".build" / "sandboxes" / "bench"
    own = {"HOME": str(Path.home())}  # the programs of the members are in the cache there
    up, down = folder / "up.yml", folder / "down.yml"
    up.write_text(yaml.safe_dump(ten.start_play(home)), "utf-8")
    absent = {"sandbox": home.name, "root": str(home.parent), "state": "absent"}
    task = {"name": "Remove", "multicluster.federation.control_plane": absent}
    down.write_text(yaml.safe_dump([{"name": "Down", "hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    try:
        print("Starting ten members, which takes about a minute", file=sys.stderr, flush=True)
        processes.run(["ansible-playbook", str(up)], folder, own).expect("failed=0")
        yield ten.Ten(home)
    finally:
        if os.environ.get("BENCH_KEEP"):
            print(f"The members stay up: BENCH_SANDBOX={home}", file=sys.stderr)
        else:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # whoever is impatient now would leave ten members running
            processes.run(["ansible-playbook", str(down)], folder, own).expect("failed=0")


def _conditions(repeat: int) -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"Python {platform.python_version()}, {cores} cores, load {os.getloadavg()[0]:.1f} before, "
        f"{repeat} samples of each: median, least .. most"
    )


def main() -> int:
    """Run the chosen subjects; 1 when one of them could not be measured. A target that is missed is told, and no failure."""
    chosen = harness.subjects(os.environ.get("BENCH", ""))
    if not chosen:
        print("no subject fits BENCH; there are: " + ", ".join(found.name for found in harness.subjects()))
        return 2
    repeat = int(os.environ.get("BENCH_REPEAT") or 5)
    signal.signal(signal.SIGTERM, _stop)
    figures: list[harness.Figure] = []
    failed = False
    scratch = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        print(_conditions(repeat))
        with _fleet(scratch, any(found.members for found in chosen)) as fleet:
            for found in chosen:
                print(f"Measuring {found.name}", file=sys.stderr, flush=True)
                folder = scratch / found.name
                folder.mkdir()
                try:
                    measured = harness.named(found, found.measure(Bench(fleet, folder, repeat)))
                except Exception:  # the other subjects can be measured still
                    traceback.print_exc()
                    failed = True
                    continue
                figures += measured
                print(f"\n{harness.table(found, measured)}", flush=True)
                if not PROFILE:
                    harness.store(ROOT / ".bench" / "latest.jsonl", figures)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        code = main()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
