# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects that others made or scale: conflicts, adoption, overwriting, fields left to the member, autoscalers, stubborn finalizers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.tests.integration.manifests import config_map, workload
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Kube

pytestmark = pytest.mark.integration

APPLY = "application/apply-patch+yaml"


def deployment(replicas: int = 2, image: str = "registry.example.com/web:1") -> dict[str, Any]:
    return workload("web", {"containers": [{"name": "web", "image": image}]}, replicas=replicas)


def autoscaler(least: int) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": least + 4},
    }


def make_namespace(federation: Federation) -> None:
    for client in federation.kube.values():
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": federation.namespace}})


def by_kubectl(client: Kube, manifest: dict[str, Any], namespace: str) -> None:
    """As ``kubectl apply`` made it: its manager's name, and the annotation in which it keeps what it applied."""
    body = json.loads(json.dumps(manifest))
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(manifest)}
    api = client.api(manifest["apiVersion"], manifest["kind"])
    api.create(body=body, namespace=namespace, field_manager="kubectl-client-side-apply")


def web(federation: Federation, member: str = "eu-1") -> dict[str, Any]:
    found = federation.kube[member].get("apps/v1", "Deployment", "web", federation.namespace)
    assert found is not None
    return found


def replicas(federation: Federation, member: str = "eu-1") -> int:
    return int(web(federation, member)["spec"]["replicas"])


def data(federation: Federation, member: str) -> dict[str, str]:
    found = federation.kube[member].get("v1", "ConfigMap", "settings", federation.namespace)
    assert found is not None
    return dict(found["data"])


def test_conflicts_abort_adopt_overwrite(federation: Federation) -> None:
    make_namespace(federation)
    theirs = config_map("settings", color="red", size="small")
    for client in federation.kube.values():
        by_kubectl(client, theirs, federation.namespace)
    ours = config_map("settings", color="blue")

    refused = federation.propagate(name="app", definition=ours)
    assert refused.result["failed"]
    assert "belongs to something else (kubectl-client-side-apply)" in refused.message
    assert "conflict: adopt" in refused.message
    assert data(federation, "eu-1") == {"color": "red", "size": "small"}

    predicted = federation.propagate("--check", "--diff", name="app", definition=ours, conflict="adopt")
    assert predicted.message == "check mode, nothing was written; 3 members: 3 changed (3 adopted)"
    before, after = (json.loads(predicted.result["diff"][0][side])["data"] for side in ("before", "after"))
    assert (before, after) == ({"color": "red", "size": "small"}, {"color": "blue"}), "what goes is shown"
    kept = federation.propagate("--check", "--diff", name="app", definition=ours, conflict="overwrite")
    assert kept.message.endswith("3 changed (3 overwritten)")
    assert json.loads(kept.result["diff"][0]["before"])["data"] == {"color": "red"}, "what stays theirs is not"
    assert data(federation, "eu-1") == {"color": "red", "size": "small"}

    overwritten = federation.propagate("--limit", "us-1", name="app", definition=ours, conflict="overwrite")
    assert not overwritten.result["failed"], overwritten.message
    assert data(federation, "us-1") == {"color": "blue", "size": "small"}, "what we do not name stays theirs"

    adopted = federation.propagate(name="app", definition=ours, conflict="adopt")
    assert not adopted.result["failed"], adopted.message
    assert {o["msg"] for o in adopted.result["objects"]} == {"adopted (of kubectl-client-side-apply)"}
    for member in ("eu-1", "eu-2"):
        assert data(federation, member) == {"color": "blue"}, "what the earlier applier wanted is gone with it"
        found = federation.kube[member].get("v1", "ConfigMap", "settings", federation.namespace)
        assert found is not None
        assert "kubectl.kubernetes.io/last-applied-configuration" not in found["metadata"]["annotations"]
        assert {entry["manager"] for entry in found["metadata"]["managedFields"]} == {
            names.field_manager(federation.name)
        }
    assert federation.propagate(name="app", definition=ours).message.endswith("nothing to do")
    # what is dropped later goes; what somebody else holds as well stays, and is told
    more = federation.propagate(name="app", definition=config_map("settings", color="blue", size="small", extra="x"))
    assert not more.result["failed"]
    fewer = federation.propagate("--diff", name="app", definition=config_map("settings", color="blue"))
    shown = {d["before_header"].split()[0]: json.loads(d["before"])["data"] for d in fewer.result["diff"]}
    assert shown["eu-1"] == {"color": "blue", "extra": "x", "size": "small"}
    assert shown["us-1"] == {"color": "blue", "extra": "x"}
    assert data(federation, "eu-1") == {"color": "blue"}
    assert data(federation, "us-1") == {"color": "blue", "size": "small"}
    told = {o["member"]: o["msg"] for o in fewer.result["objects"]}
    assert "still there: .data.size (held by kubectl-client-side-apply)" in told["us-1"]
    assert "still there" not in told["eu-1"]


@pytest.mark.long
def test_the_plan_of_an_adoption_has_no_false_alarm(federation: Federation) -> None:
    """Whoever creates without server-side apply holds every default as well; those come back by themselves."""
    make_namespace(federation)
    port = {"port": 80, "nodePort": 30080}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": [port]},
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "data": {"a": "c3dvcmRmaXNo"}}
    theirs = deployment()
    theirs["spec"]["minReadySeconds"] = 5
    theirs["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "OLD", "value": "1"}]
    for client in federation.kube.values():
        by_kubectl(client, service, federation.namespace)
        by_kubectl(client, {**secret, "data": {**secret["data"], "old": "aGVycmluZw=="}}, federation.namespace)
        by_kubectl(client, theirs, federation.namespace)
    wish = {"name": "app", "definition": [service, secret, deployment()], "conflict": "adopt"}
    planned = federation.propagate("--check", "--diff", **wish)
    assert planned.message.endswith("9 changed (9 adopted)")
    assert not [value for value in ("c3dvcmRmaXNo", "aGVycmluZw") if value in planned.output]
    for shown in planned.result["diff"]:
        before, after = json.loads(shown["before"]), json.loads(shown["after"])
        if before["kind"] == "Deployment":
            assert before["spec"].pop("minReadySeconds") == 5
            container = before["spec"]["template"]["spec"]["containers"][0]
            assert container.pop("env") == [{"name": "OLD", "value": "1"}]
        if before["kind"] == "Secret":
            assert before["data"].pop("old") == "(hidden)"
        assert before == after
    done = federation.propagate("--diff", **wish)
    assert done.result["diff"] == planned.result["diff"]
    spec = web(federation)["spec"]
    assert "minReadySeconds" not in spec
    assert "env" not in spec["template"]["spec"]["containers"][0]
    leave = deployment()
    leave["spec"]["template"]["spec"]["nodeSelector"] = {"a": "b"}
    assert not federation.propagate(name="app", definition=[service, secret, leave]).result["failed"]
    dropped = federation.propagate("--check", "--diff", **wish)
    pod = json.loads(dropped.result["diff"][0]["before"])["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"a": "b"}, "what we give up ourselves is shown as well"


def test_no_policy_takes_from_another_federation_or_resource(federation: Federation) -> None:
    assert not federation.propagate(name="first", definition=config_map("settings", color="red")).result["failed"]
    for policy in ("adopt", "overwrite"):
        refused = federation.propagate(name="second", definition=config_map("settings", color="blue"), conflict=policy)
        assert refused.result["failed"]
        assert "belongs to resource first of this federation" in refused.message
        assert "never takes from a federation" in refused.message
    assert data(federation, "eu-1") == {"color": "red"}


def test_an_exported_manifest_runs_elsewhere_as_it_is(federation: Federation) -> None:
    """A Service read from a cluster carries that cluster's addresses, owners and revisions."""
    exported = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "web",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "shop"},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "name": "gone",
                    "uid": "8a0c6f2e-0000-4000-8000-000000000000",
                }
            ],
        },
        "spec": {
            "clusterIP": "10.96.255.254",
            "clusterIPs": ["10.96.255.254"],
            "selector": {"app": "web"},
            "ports": [{"port": 80}],
        },
        "status": {"loadBalancer": {}},
    }
    assert not federation.propagate(name="app", definition=exported).result["failed"]
    for member in MEMBERS:
        found = federation.kube[member].get("v1", "Service", "web", federation.namespace)
        assert found is not None
        assert found["spec"]["clusterIP"] != "10.96.255.254"
        assert "ownerReferences" not in found["metadata"]
        assert found["metadata"]["annotations"]["team"] == "shop"
    assert federation.propagate(name="app", definition=exported).message.endswith("nothing to do")


def test_replicas_under_an_autoscaler_of_the_resource_are_never_set_back(federation: Federation) -> None:
    wish = {"name": "app", "definition": [deployment(replicas=3), autoscaler(least=2)]}
    first = federation.propagate(**wish)
    assert not first.result["failed"], first.message
    assert replicas(federation) == 3, "a start with as many as the template says"
    for member in MEMBERS:
        federation.kube[member].scale("web", federation.namespace, 5, "kube-controller-manager")
    assert federation.propagate(**wish).message.endswith("nothing to do")
    changed = federation.propagate(
        name="app", definition=[deployment(replicas=1, image="registry.example.com/web:2"), autoscaler(least=2)]
    )
    assert not changed.result["failed"], changed.message
    assert {replicas(federation, member) for member in MEMBERS} == {5}
    assert web(federation)["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.com/web:2"


@pytest.mark.long
def test_a_live_autoscaler_that_somebody_else_made_gets_the_replicas(federation: Federation) -> None:
    """The real controller scales to its minimum; from then on its number stands, until it is gone."""
    assert not federation.propagate(name="app", definition=deployment(replicas=2)).result["failed"]
    federation.kube["eu-1"].create(autoscaler(least=4), federation.namespace)
    until(lambda: replicas(federation) == 4, "the autoscaler scales to its minimum", 90)
    handed = federation.propagate(name="app", definition=deployment(replicas=2))
    assert not handed.result["failed"], handed.message
    assert (replicas(federation), replicas(federation, "us-1")) == (4, 2)
    assert federation.propagate(name="app", definition=deployment(replicas=2)).message.endswith("nothing to do")
    # a change of something else, while we still hold nothing of the replicas
    changed = federation.propagate(name="app", definition=deployment(replicas=3, image="registry.example.com/web:2"))
    assert not changed.result["failed"], changed.message
    assert (replicas(federation), replicas(federation, "us-1")) == (4, 3)
    federation.kube["eu-1"].delete("autoscaling/v2", "HorizontalPodAutoscaler", "web", federation.namespace)
    back = federation.propagate(name="app", definition=deployment(replicas=3, image="registry.example.com/web:2"))
    assert not back.result["failed"], back.message
    assert replicas(federation) == 3, "without its autoscaler the template counts again"


def test_giving_up_replicas_never_sets_them_to_one(federation: Federation) -> None:
    """An autoscaler comes that agrees with the present number: we hold it alone, and have to let go of it without a drop."""
    assert not federation.propagate(name="app", definition=deployment(replicas=6)).result["failed"]
    kept = federation.propagate(name="app", definition=deployment(replicas=6), retain_replicas=True)
    assert not kept.result["failed"], kept.message
    assert {replicas(federation, member) for member in MEMBERS} == {6}
    entries = {
        e["manager"]: e["fieldsV1"]["f:spec"]
        for e in web(federation)["metadata"]["managedFields"]
        if "f:spec" in e["fieldsV1"]
    }
    assert "f:replicas" not in entries[names.field_manager(federation.name)]
    again = federation.propagate(name="app", definition=deployment(replicas=1), retain_replicas=True)
    assert {replicas(federation, member) for member in MEMBERS} == {6}, again.message


def test_scaled_by_hand_is_drift_and_says_by_whom(federation: Federation) -> None:
    assert not federation.propagate(name="app", definition=deployment(replicas=2)).result["failed"]
    federation.kube["eu-1"].scale("web", federation.namespace, 5, "kubectl")
    repaired = federation.propagate(name="app", definition=deployment(replicas=2))
    assert [o["msg"] for o in repaired.result["objects"]] == ["drift: .spec.replicas (by kubectl (scale))"]
    assert replicas(federation) == 2


@pytest.mark.long
def test_a_finalizer_that_never_goes_is_reported_and_not_waited_for(federation: Federation) -> None:
    stubborn = config_map("settings", color="blue")
    stubborn["metadata"]["finalizers"] = ["example.com/never"]
    assert not federation.propagate(name="app", definition=stubborn).result["failed"]
    gone = federation.propagate(name="app", state="absent")
    assert not gone.result["failed"], gone.message
    assert {o["msg"] for o in gone.result["objects"] if o["action"] == "deleted"} == {
        "no longer wanted; it stays until its finalizer example.com/never lets go of it"
    }
    still = federation.propagate(name="app", state="absent")
    assert not still.result["failed"]
    assert not still.result["changed"]
    assert (
        "held by the finalizer example.com/never" in {o["action"]: o["msg"] for o in still.result["objects"]}["going"]
    )
    wanted = federation.propagate(name="app", definition=config_map("settings", color="blue"), member_timeout=4)
    assert wanted.result["failed"]
    assert "held by example.com/never" in wanted.message
    for client in federation.kube.values():
        client.merge("v1", "ConfigMap", "settings", federation.namespace, {"metadata": {"finalizers": None}})
    last = federation.propagate(name="app", state="absent")
    assert not last.result["failed"]
    space = names.federation_namespace(federation.name)
    assert not federation.kube["eu-1"].get("v1", "ConfigMap", "resource-app", space)
