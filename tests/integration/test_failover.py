# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A member is killed for real: what was there moves, comes back, and is never there twice where that would hurt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration import manifests
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Played

SURVIVORS = ("eu-1", "eu-2")
#: host variables of a member that nobody reaches
NOWHERE = {"cluster_kubeconfig": None, "cluster_context": None, "cluster_host": "https://127.0.0.1:9"}


@contextmanager
def killed(federation: Federation, member: str = "us-1") -> Iterator[None]:
    """The control plane of a member is gone (SIGKILL), and comes back as it was when the context ends. Its nodes and etcd stay."""
    for component in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        federation.sandbox.kill(member, component)
    try:
        yield
    finally:
        federation.sandbox.mend()


def workload(name: str, kind: str = "Deployment") -> dict[str, Any]:
    pod = {"containers": [{"name": "c", "image": "registry.example.com/c:1"}]}
    service = {"serviceName": name} if kind == "StatefulSet" else {}
    return manifests.workload(name, pod, kind, replicas=1, **service)


def four(federation: Federation) -> list[dict[str, Any]]:
    """A divided Deployment, a duplicated one, a StatefulSet on two members, and a singleton."""
    kept = {"namespace": federation.namespace, "keep_template": True}
    return [
        {"name": "divided", "definition": workload("divided"), "replicas": {"total": 9}, **kept},
        {"name": "copies", "definition": workload("copies"), "placement": {"members": ["eu-1", "us-1"]}, **kept},
        {
            "name": "state",
            "definition": workload("state", "StatefulSet"),
            "placement": {"spread": [{"by": "member", "max": 2}]},
            **kept,
        },
        {"name": "single", "definition": workload("single"), "singleton": True, **kept},
    ]


def run(federation: Federation, module: str, *arguments: str, limit: str = "", **options: Any) -> Played:
    more = ["--limit", limit] if limit else []
    return federation.player.task(module, options, *arguments, *more, inventory=federation.inventory)


def live(
    federation: Federation, name: str, members: tuple[str, ...] = MEMBERS, kind: str = "Deployment"
) -> dict[str, int]:
    found = {m: federation.kube[m].get("apps/v1", kind, name, federation.namespace) for m in members}
    return {member: body["spec"]["replicas"] for member, body in found.items() if body}


def put(federation: Federation, resources: list[dict[str, Any]]) -> Played:
    done = run(federation, "federated_resource", resources=resources, wait=True, wait_timeout=60)
    assert not done.result["failed"], done.message
    return done


def test_a_killed_member_is_detected_declared_failed_over_and_comes_back(federation: Federation) -> None:
    resources = four(federation)
    # the two that choose are made to choose the member that will be lost
    for name in ("state", "single"):
        chosen = next(r for r in resources if r["name"] == name)
        chosen["placement"] = {
            **chosen.get("placement", {}),
            "exclude": ["eu-1", "eu-2"] if name == "single" else ["eu-2"],
        }
    put(federation, resources)
    for resource in resources[2:]:
        resource["placement"] = {k: v for k, v in resource.get("placement", {}).items() if k != "exclude"}
    put(federation, resources)
    assert live(federation, "single") == {"us-1": 1}
    assert live(federation, "state", kind="StatefulSet") == {"eu-1": 1, "us-1": 1}
    early = run(federation, "cluster", limit="us-1", lost=True)
    assert "it answers, so it is not lost" in early.message
    with killed(federation):
        seen = run(federation, "detect", probes=3, over=1, interval=0.5, timeout=20)
        assert seen.result["lost"] == ["us-1"]
        assert seen.result["ready"] == ["eu-1", "eu-2"]
        # before anybody said so, nothing moves: a member that is only silent keeps its share
        silent = run(federation, "federated_resource", resources=resources, fail_on="none", request_timeout=3)
        assert live(federation, "divided", SURVIVORS) == {"eu-1": 3, "eu-2": 3}
        assert silent.member("us-1")["status"] == "failed"
        declared = run(federation, "cluster", limit="us-1", lost=True)
        assert not declared.result["failed"], declared.message
        assert "declared lost" in declared.message
        # failover: plan is the default: an ordinary run waits, says so, and does not wait for the dead
        waits = run(federation, "federated_resource", resources=resources)
        assert not waits.result["failed"], waits.message
        assert "nobody approved it" in waits.result["resources"]["divided"]["waits"]["us-1"]
        assert waits.member("us-1")["msg"].startswith("lost since")
        assert live(federation, "divided", SURVIVORS) == {"eu-1": 3, "eu-2": 3}
        planned = run(federation, "failover", "--check", wait=True)
        assert "change" in " ".join(planned.result["text"])
        assert live(federation, "divided", SURVIVORS) == {"eu-1": 3, "eu-2": 3}
        # without the playbook: the definitions come from the records
        moved = run(federation, "failover", wait=True, wait_timeout=60)
        assert not moved.result["failed"], moved.message
        assert moved.result["left"] == ["us-1"]
        assert live(federation, "divided", SURVIVORS) == {"eu-1": 5, "eu-2": 4}
        waiting = moved.result["resources"]["single"]["waits"]["us-1"]
        assert "a singleton, so the member has to be fenced first" in waiting
        assert "it keeps state" in moved.result["resources"]["state"]["waits"]["us-1"]
        assert live(federation, "single", SURVIVORS) == {}
        assert live(federation, "state", SURVIVORS, "StatefulSet") == {"eu-1": 1}
        fenced = run(federation, "cluster", limit="us-1", fenced=True)
        assert not fenced.result["failed"], fenced.message
        moved = run(federation, "failover", wait=True, wait_timeout=60)
        assert not moved.result["failed"], moved.message
        assert sum(live(federation, "single", SURVIVORS).values()) == 1
        assert live(federation, "state", SURVIVORS, "StatefulSet") == {"eu-1": 1, "eu-2": 1}
        assert "nothing to do" in run(federation, "failover", wait=True).message
        refused = run(federation, "failback", limit="us-1")
        assert "us-1 does not answer, so nothing can come back" in refused.message
    # it is back, with everything it had: nothing of that is touched until somebody says so
    again = run(federation, "federated_resource", resources=resources)
    assert any("us-1 is declared lost" in text and "answers" in text for text in again.result["warnings"])
    assert live(federation, "single")["us-1"] == 1
    well = run(federation, "detect", limit="us-1", want="ready", probes=2, over=0.5, interval=0.3, timeout=20)
    assert not well.result["failed"], well.message
    looked = run(federation, "failback", "--check", limit="us-1")
    assert set(looked.result["stale"]["us-1"]) == {"copies", "divided", "single", "state"}
    assert live(federation, "single")["us-1"] == 1, "a check changes nothing"
    back = run(federation, "failback", limit="us-1", wait=True, wait_timeout=60)
    assert not back.result["failed"], back.message
    assert set(back.result["stale"]["us-1"]) == {"copies", "divided", "single", "state"}
    assert live(federation, "divided") == {"eu-1": 3, "eu-2": 3, "us-1": 3}
    assert "us-1" not in live(federation, "single")
    assert "us-1" not in live(federation, "state", kind="StatefulSet")
    assert live(federation, "copies") == {"eu-1": 1, "us-1": 1}
    assert run(federation, "federated_resource", resources=resources).message.endswith("nothing to do")


def test_everything_unreachable_is_taken_for_our_own_fault(federation: Federation) -> None:
    resources = [four(federation)[0]]
    put(federation, resources)
    nobody = federation.inventory_with(**dict.fromkeys((m.replace("-", "_") for m in MEMBERS), NOWHERE))
    options = {"probes": 2, "over": 0.2, "interval": 0.2, "timeout": 10}
    seen = federation.player.task("detect", options, inventory=nobody)
    assert seen.result["suspects_itself"]
    assert seen.result["lost"] == []
    assert "is it this controller that is cut off?" in seen.message
    two = federation.inventory_with(eu_2=NOWHERE, us_1=NOWHERE)
    declared = federation.player.task("cluster", {"lost": True}, "--limit", "eu-2,us-1", inventory=two)
    assert declared.result["failed"]
    assert "2 of 3 members would be lost, more than max_lost (1 or 25%)" in declared.message


def test_a_credential_that_is_refused_is_no_loss(federation: Federation) -> None:
    wrong = federation.inventory_with(
        us_1={"cluster_kubeconfig": None, "cluster_context": None, **_address(federation, "us-1")}
    )
    seen = federation.player.task("detect", {"probes": 2, "over": 0.2, "interval": 0.2, "timeout": 3}, inventory=wrong)
    assert seen.result["lost"] == []
    assert "us-1" not in seen.result["ready"]
    declared = federation.player.task("cluster", {"lost": True}, "--limit", "us-1", inventory=wrong)
    assert declared.result["failed"]
    assert "this is no loss" in declared.message


def _address(federation: Federation, member: str) -> dict[str, Any]:
    config = yaml.safe_load(federation.sandbox.kubeconfig(member).read_text())
    cluster = config["clusters"][0]["cluster"]
    return {"cluster_host": cluster["server"], "cluster_api_key": "wrong", "cluster_validate_certs": False}


def test_automatic_failover_and_never(federation: Federation) -> None:
    kept = {"namespace": federation.namespace, "replicas": {"total": 6}}
    resources = [
        {"name": "auto", "definition": workload("auto"), "failover": "automatic", **kept},
        {"name": "stays", "definition": workload("stays"), "failover": "never", **kept},
    ]
    put(federation, resources)
    with killed(federation):
        assert not run(federation, "cluster", limit="us-1", lost=True).result["failed"]
        done = run(federation, "federated_resource", resources=resources)
        assert not done.result["failed"], done.message
        assert live(federation, "auto", SURVIVORS) == {"eu-1": 3, "eu-2": 3}
        assert live(federation, "stays", SURVIVORS) == {"eu-1": 2, "eu-2": 2}
        # nobody keeps the template: that is told, and fails
        moved = run(federation, "failover")
        assert moved.result["failed"]
        assert "definition not at hand" in moved.result["not_at_hand"]["stays"]
        moved = run(federation, "failover", resources=resources)
        assert not moved.result["failed"], moved.message
        assert moved.result["resources"]["stays"]["waits"]["us-1"] == "failover: never"
    assert not run(federation, "failback", limit="us-1", resources=resources).result["failed"]
    assert live(federation, "auto") == {"eu-1": 2, "eu-2": 2, "us-1": 2}
    assert live(federation, "stays") == {"eu-1": 2, "eu-2": 2, "us-1": 2}


@pytest.mark.long
def test_a_toleration_for_a_while_ends(federation: Federation) -> None:
    resource = {
        "name": "web",
        "definition": workload("web"),
        "namespace": federation.namespace,
        "replicas": {"total": 3},
        "placement": {"tolerations": [{"key": "drill", "operator": "Exists", "tolerationSeconds": 2}]},
    }
    put(federation, [resource])
    assert not run(federation, "cluster", limit="us-1", taints=["drill=x:NoExecute"]).result["failed"]

    def gone() -> bool:
        done = run(federation, "federated_resource", resources=[resource])
        assert not done.result["failed"], done.message
        return "us-1" not in live(federation, "web")

    until(gone, "the toleration to end", 30)
    assert sum(live(federation, "web").values()) == 3


@pytest.mark.long
def test_a_secret_whose_value_is_not_kept_stays_where_it_is(federation: Federation) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key"},
        "stringData": {"password": "hunter2hunter2"},
    }
    resource = {
        "name": "web",
        "definition": [secret, workload("web")],
        "namespace": federation.namespace,
        "replicas": {"total": 4},
        "placement": {"members": ["eu-1", "us-1"]},
        "keep_template": True,
    }
    put(federation, [resource])
    before = federation.kube["eu-1"].get("v1", "Secret", "key", federation.namespace)
    with killed(federation):
        assert not run(federation, "cluster", limit="us-1", lost=True).result["failed"]
        moved = run(federation, "failover")
        assert not moved.result["failed"], moved.message
        assert live(federation, "web", SURVIVORS) == {"eu-1": 4}
        after = federation.kube["eu-1"].get("v1", "Secret", "key", federation.namespace)
        assert before
        assert after
        assert before["data"] == after["data"]
    assert not run(federation, "failback", limit="us-1").result["failed"]
    assert live(federation, "web") == {"eu-1": 2, "us-1": 2}


def test_a_live_singleton_ends_before_it_starts_elsewhere(federation: Federation) -> None:
    one = {
        "name": "one",
        "namespace": federation.namespace,
        "definition": workload("one"),
        "singleton": True,
        "keep_template": True,
        "fence": "none",
    }
    put(federation, [one])
    (home,) = live(federation, "one")
    marks = {member: len(federation.sandbox.audit(member)) for member in MEMBERS}
    tainted = run(federation, "cluster", limit=home, taints=[{"key": "gone", "effect": "NoExecute"}])
    assert not tainted.result["failed"], tainted.message
    moved = run(federation, "failover", wait=True, wait_timeout=60)
    assert not moved.result["failed"], moved.message
    (now,) = live(federation, "one")
    assert now != home

    def moment(member: str, verb: str, edge: str) -> str:
        path = f"/apis/apps/v1/namespaces/{federation.namespace}/deployments/"
        events = federation.sandbox.audit(member)[marks[member] :]
        return next(
            str(e[edge])
            for e in events
            if e["verb"] == verb and path in e["requestURI"] and "dryRun" not in e["requestURI"]
        )

    assert moment(home, "delete", "stageTimestamp") < moment(now, "patch", "requestReceivedTimestamp")
    assert not run(federation, "failover").result["changed"]
