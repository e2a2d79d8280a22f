# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run over 500 members, on ten servers.

500 API servers do not fit on a machine, and one cluster cannot join a federation under fifty names: it has one kube-system
namespace, and one fleet record with one name in it. So ten members join as they should, and then

* the fleet record on the ten is filled up to 500 members, with identities of their own, so that it is as large as it would be;
* the inventory has 500 hosts, fifty for each server, each with a kubeconfig file of its own;
* the workload is propagated to the ten that did join, by a run with ``--limit`` that plans for all 500, so that the record of the
  resource names 500 members as well;
* when all 500 are run, the answers of the servers get the name of the member that was asked (see
  ``callbacks/many_members_per_server.py``). That is the only thing that is not as in reality.

Each member is connected to over TLS, discovered, read and planned on its own; the audit logs of the servers prove it. What flatters
the run: fifty members of one server share its caches, and loopback has no latency. What burdens it: ten real servers answer all
that on the same cores; in reality they would be elsewhere.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.tests.benchmarks.bench import NOTHING, Bench
from ansible_collections.multicluster.federation.tests.benchmarks.harness import (
    Figure,
    Target,
    median,
    ratio,
    subject,
)
from ansible_collections.multicluster.federation.tests.benchmarks.processes import Ended, WrongResult, seconds
from ansible_collections.multicluster.federation.tests.benchmarks.raw import KINDS
from ansible_collections.multicluster.federation.tests.benchmarks.ten import SIZE, Request

MEMBERS = 500
RESOURCE, BIG = "shop", "shop-big"
FEDERATION = "bench-big"
ALIASED = ("many_members_per_server",)
#: seconds for one member: with 500 at once on a busy machine the default would tell of the machine
_PATIENT = {"request_timeout": 120, "member_timeout": 120}


def _inventory(bench: Bench, count: int) -> Path:
    """An inventory of the first ``count`` members, who go round the servers; each has a kubeconfig file of its own."""
    hosts = {}
    for number in range(count):
        server = bench.ten.names[number % SIZE]
        kubeconfig = bench.folder / "kubeconfigs" / f"m-{number:03d}"
        kubeconfig.parent.mkdir(exist_ok=True)
        shutil.copyfile(bench.ten.kubeconfig(server), kubeconfig)
        kubeconfig.chmod(0o600)
        hosts[f"m-{number:03d}"] = {
            "cluster_kubeconfig": str(kubeconfig),
            "cluster_context": server,
            "cluster_labels": {"tier": "prod" if number % 2 else "test"},
        }
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "federation_name": FEDERATION,
    }
    path = bench.folder / f"inventory-{count}.yml"
    path.write_text(yaml.safe_dump({"clusters": {"hosts": hosts, "vars": variables}}), "utf-8")
    return path


def _fill_fleet_record(bench: Bench) -> None:
    """Let the fleet record of the ten name all 500 members, in the next epoch."""
    path = f"{KINDS['ConfigMap'].format(names.federation_namespace(FEDERATION))}/{names.RECORD_FLEET}"
    servers = bench.ten.servers
    record = json.loads(servers[bench.ten.names[0]].done("GET", path)["data"]["record"])
    pattern = record["members"]["m-000"]
    for number in range(MEMBERS):
        record["members"].setdefault(f"m-{number:03d}", {**pattern, "uid": str(uuid.uuid4())})
    record["epoch"] += 1
    for server in servers.values():
        server.merge(path, {"data": {"record": json.dumps(record, sort_keys=True)}})


def _asked(requests: Iterable[Request]) -> int:
    """How many times the records of the federation were read: once for each member that was looked at."""
    place = f"/namespaces/{names.federation_namespace(FEDERATION)}/configmaps?"
    return sum(1 for request in requests if request.verb == "list" and place in request.uri)


@subject("scale", f"{MEMBERS} members on {SIZE} servers, 41 objects each, nothing to do")
def measure(bench: Bench) -> Iterable[Figure]:
    """Ten members and 500, in turn."""
    ten = bench.ten
    few, many = _inventory(bench, SIZE), _inventory(bench, MEMBERS)
    small = bench.settled(RESOURCE)
    bench.join(few)
    _fill_fleet_record(bench)
    big = bench.propagation(BIG, **_PATIENT)
    joined = ",".join(f"m-{number:03d}" for number in range(SIZE))
    bench.play(big, "--limit", joined, inventory=many).expect("failed=0")
    ten.require(BIG)

    def over_all() -> Ended:
        mark = ten.mark()
        done = bench.play(big, inventory=many, callbacks=ALIASED).expect(NOTHING, "failed=0")
        asked = _asked(ten.requests(mark))
        if asked < MEMBERS:
            raise WrongResult(f"only {asked} members were looked at")
        return done

    over_all()
    some: list[Ended] = []
    all_of_them: list[Ended] = []
    for _round in bench.rounds(f"{SIZE} members, {MEMBERS} members"):
        some.append(bench.play(small).expect("ok=1", NOTHING))
        all_of_them.append(over_all())
    ten.empty(BIG, FEDERATION, BIG)
    ten.empty(RESOURCE, ten.federation, RESOURCE)
    _forget(bench)
    return [
        median(f"{SIZE} members", seconds(some)),
        median(f"{MEMBERS} members", seconds(all_of_them)),
        ratio(f"{MEMBERS} members / {SIZE} members", seconds(all_of_them), seconds(some), Target(9.0)),
        median(f"{SIZE} members, processor", [run.processor for run in some]),
        median(f"{MEMBERS} members, processor", [run.processor for run in all_of_them]),
        median(f"{SIZE} members, largest process", [run.memory for run in some], "MB"),
        median(f"{MEMBERS} members, largest process", [run.memory for run in all_of_them], "MB", Target(200.0)),
    ]


def _forget(bench: Bench) -> None:
    """Take the second federation away, made-up members and all."""
    bench.ten.empty(names.federation_namespace(FEDERATION))
    for server in bench.ten.servers.values():
        for kind in ("clusterroles", "clusterrolebindings"):
            selector = f"{names.LABEL_FEDERATION}={FEDERATION}"
            server.done("DELETE", f"/apis/rbac.authorization.k8s.io/v1/{kind}?labelSelector={selector}")
