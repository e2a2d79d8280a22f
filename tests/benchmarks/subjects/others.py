# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ours against the usual ways to bring the same file to the same ten clusters, when there is nothing to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from ansible_collections.multicluster.federation.tests.benchmarks import others, workload
from ansible_collections.multicluster.federation.tests.benchmarks.bench import NOTHING, Bench
from ansible_collections.multicluster.federation.tests.benchmarks.harness import (
    Figure,
    Target,
    median,
    ratio,
    subject,
)
from ansible_collections.multicluster.federation.tests.benchmarks.processes import run_all
from ansible_collections.multicluster.federation.tests.benchmarks.ten import SIZE

RESOURCE, BY_KUBECTL, BY_CORE = "shop", "shop-kubectl", "shop-core"
_TARGET = Target(8.0, least=True)

Way = Callable[[], float]


def _kubectl(bench: Bench) -> Way:
    """Ten of ``kubectl apply --server-side`` at once."""
    program = others.kubectl(bench.tell)
    source = str(workload.write(bench.folder, BY_KUBECTL))
    commands = [
        [program, "apply", "--server-side", "-f", source, "--kubeconfig", str(bench.ten.kubeconfig(name))]
        for name in bench.ten.names
    ]

    def once() -> float:
        return run_all(commands, bench.folder)

    once()
    bench.ten.require(BY_KUBECTL)
    return once


def _core(bench: Bench) -> Way:
    """``kubernetes.core.k8s`` with the file as ``src``, all ten hosts at once, seen from the whole run of the playbook."""
    folder = others.kubernetes_core(bench.tell)
    options = {
        "src": str(workload.write(bench.folder, BY_CORE)),
        "kubeconfig": "{{ cluster_kubeconfig }}",
        "context": "{{ cluster_context }}",
    }
    play = bench.playbook("core", "clusters", "kubernetes.core.k8s", options)
    path = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(Path(folder))])

    def once(*expected: str) -> float:
        done = bench.play(play, "--forks", str(SIZE), environment={"ANSIBLE_COLLECTIONS_PATH": path})
        return done.expect("failed=0", *expected).seconds

    once()
    bench.ten.require(BY_CORE)
    return lambda: once(NOTHING)


@subject("others", "nothing to do on ten members, by ours and by others")
def measure(bench: Bench) -> Iterable[Figure]:
    """Each tool has a namespace of its own and has brought it about itself, so each truly has nothing to do."""
    ways: dict[str, Way] = {}
    notes: dict[str, str] = {}
    for name, prepare in (("kubectl apply --server-side", _kubectl), ("kubernetes.core.k8s", _core)):
        try:
            ways[name] = prepare(bench)
        except others.NotToBeHad as error:
            notes[name] = str(error)
    play = bench.settled(RESOURCE)
    ours: list[float] = []
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for _round in bench.rounds("ours, " + ", ours, ".join(ways)):
        for name, once in ways.items():
            ours.append(bench.play(play).expect("ok=1", NOTHING).seconds)
            samples[name].append(once())
    for namespace in (BY_KUBECTL, BY_CORE):
        bench.ten.empty(namespace)
    bench.ten.empty(RESOURCE, bench.ten.federation, RESOURCE)
    figures = [median("ours", ours)] if ours else []
    for name, taken in samples.items():
        figures += [median(name, taken), ratio(f"{name} / ours", taken, ours, _TARGET)]
    figures += [Figure(f"{name} / ours", None, "x", _TARGET, note=note) for name, note in notes.items()]
    return figures
