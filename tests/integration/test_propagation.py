# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Propagation on real API servers: what is written, what is left alone, what is put back, what is taken away."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.manifests import (
    config_map,
    custom_kind,
    manifest,
    workload,
)
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation

pytestmark = pytest.mark.integration


def deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "registry.example.com/app:1",
        "ports": [{"containerPort": 80}],
        "env": [{"name": "A", "value": "1"}],
    }
    return workload(name, {"containers": [container]}, replicas=replicas)


def service(name: str) -> dict[str, Any]:
    return manifest("v1", "Service", name, spec={"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 80}]})


APP = [config_map("settings", color="blue"), deployment("web", 2), service("web")]


def test_first_run_makes_everything_and_the_second_writes_nothing(federation: Federation) -> None:
    first = federation.propagate(name="app", definition=APP, wait=True)
    assert first.result["changed"]
    assert first.message == "3 members: 12 created"  # three objects and their namespace on each
    for client in federation.kube.values():
        web = client.get("apps/v1", "Deployment", "web", federation.namespace)
        assert web is not None
        assert web["status"]["readyReplicas"] == 2

    before = {member: federation.sandbox.writes(member) for member in MEMBERS}
    versions = federation.versions()
    second = federation.propagate(name="app", definition=APP, wait=True)
    assert not second.result["changed"]
    assert second.message == "3 members: nothing to do"
    assert {member: federation.sandbox.writes(member) for member in MEMBERS} == before
    assert federation.versions() == versions


def test_a_run_with_nothing_to_do_needs_few_requests(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP)
    before = len(federation.sandbox.audit("eu-1"))
    federation.propagate(name="app", definition=APP)
    requests = [
        e["requestURI"].split("?")[0]
        for e in federation.sandbox.audit("eu-1")[before:]
        if e["user"]["username"] == "admin"
    ]
    # two of discovery, the records, one list for each kind and for namespaces
    assert sorted(requests) == sorted(
        [
            "/api",
            "/apis",
            f"/api/v1/namespaces/federation-{federation.name}/configmaps",
            "/api/v1/namespaces",
            "/api/v1/configmaps",
            "/api/v1/services",
            "/apis/apps/v1/deployments",
        ]
    )


def test_drift_is_named_and_put_back(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP, wait=True)
    eu, us = federation.kube["eu-1"], federation.kube["us-1"]
    eu.merge("v1", "Service", "web", federation.namespace, {"spec": {"selector": {"app": "other"}}})
    eu.merge("v1", "ConfigMap", "settings", federation.namespace, {"data": {"extra": "theirs"}})
    us.delete("apps/v1", "Deployment", "web", federation.namespace)

    back = federation.propagate(name="app", definition=APP, wait=True)
    assert back.member("eu-1")["objects"]["repaired"] == 1
    assert back.member("us-1")["objects"]["created"] == 1
    assert back.member("eu-2")["status"] == "ok"
    drift = next(o for o in back.result["objects"] if o["action"] == "repaired")
    assert drift["object"] == f"Service {federation.namespace}/web"
    assert ".spec.selector" in drift["msg"]
    assert "by " in drift["msg"]
    restored = eu.get("v1", "Service", "web", federation.namespace)
    assert restored is not None
    assert restored["spec"]["selector"] == {"app": "web"}
    kept = eu.get("v1", "ConfigMap", "settings", federation.namespace)
    assert kept is not None
    assert kept["data"] == {"color": "blue", "extra": "theirs"}  # a field that nobody of us wants is not ours to remove
    assert us.get("apps/v1", "Deployment", "web", federation.namespace) is not None


@pytest.mark.long
def test_a_list_that_was_rewritten_is_put_back_without_a_trace(federation: Federation) -> None:
    """Its port edited, the item of a Service is another one: ours cannot be merged in beside it, as both have one name."""
    named = {
        **service("web"),
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 80}]},
    }
    federation.propagate(name="app", definition=[named])
    client = federation.kube["eu-2"]
    client.merge("v1", "Service", "web", federation.namespace, {"spec": {"ports": [{"name": "http", "port": 9999}]}})
    back = federation.propagate(name="app", definition=[named])
    assert back.member("eu-2")["objects"]["repaired"] == 1, back.message
    found = client.get("v1", "Service", "web", federation.namespace)
    assert found is not None
    assert [(p["name"], p["port"], p["targetPort"]) for p in found["spec"]["ports"]] == [("http", 80, 80)]
    assert not [e for e in found["metadata"]["managedFields"] if e["manager"].endswith("/repair")]
    assert not federation.propagate(name="app", definition=[named]).result["changed"]
    renamed = {
        **named,
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "web", "port": 8080, "targetPort": 80}]},
    }
    assert federation.propagate(name="app", definition=[renamed]).member("eu-2")["objects"]["changed"] == 1
    found = client.get("v1", "Service", "web", federation.namespace)
    assert found is not None
    assert [p["port"] for p in found["spec"]["ports"]] == [8080]  # nothing of the repair holds the old item


def test_overrides_differ_by_member(federation: Federation) -> None:
    overrides = [
        {"where": {"members": ["us-1"]}, "target": {"kind": "Deployment"}, "replicas": 4},
        {"where": {"region": "eu"}, "image": {"registry": "mirror.example.com", "tag": "2"}, "env": {"A": "eu"}},
        {
            "where": {"selector": {"matchExpressions": [{"key": "no-such", "operator": "Exists"}]}},
            "labels": {"never": "here"},
        },
        {"target": {"kind": "ConfigMap"}, "patch": [{"op": "add", "path": "/data/where", "value": "everywhere"}]},
    ]
    federation.propagate(name="app", definition=APP, overrides=overrides)
    seen = {m: k.get("apps/v1", "Deployment", "web", federation.namespace) for m, k in federation.kube.items()}
    assert {m: d["spec"]["replicas"] for m, d in seen.items() if d} == {"eu-1": 2, "eu-2": 2, "us-1": 4}
    containers = {m: d["spec"]["template"]["spec"]["containers"][0] for m, d in seen.items() if d}
    assert containers["eu-1"]["image"] == "mirror.example.com/app:2"
    assert containers["us-1"]["image"] == "registry.example.com/app:1"
    assert containers["eu-2"]["env"] == [{"name": "A", "value": "eu"}]
    settings = federation.kube["us-1"].get("v1", "ConfigMap", "settings", federation.namespace)
    assert settings is not None
    assert settings["data"] == {"color": "blue", "where": "everywhere"}


def test_a_member_that_is_no_longer_selected_loses_exactly_what_was_put_there(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP)
    stranger = federation.kube["us-1"]
    stranger.create(config_map("theirs", a="b"), federation.namespace)
    moved = federation.propagate(name="app", definition=APP, placement={"region": "eu"})
    assert moved.member("us-1")["objects"]["deleted"] == 3
    assert moved.result["resources"]["app"]["not_placed"] == {"us-1": "region is us, not eu"}
    assert stranger.names("v1", "ConfigMap", federation.namespace, "multicluster.federation/federation") == []
    assert "theirs" in stranger.names("v1", "ConfigMap", federation.namespace)
    assert stranger.names("v1", "Service", federation.namespace) == []
    assert federation.kube["eu-1"].names("v1", "Service", federation.namespace) == ["web"]
    again = federation.propagate(name="app", definition=APP, placement={"region": "eu"})
    assert not again.result["changed"]


def test_nothing_is_taken_away_before_its_replacement_is_in_place(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP, placement={"members": ["eu-1"]})
    broken = federation.inventory_with(us_1={"cluster_kubeconfig": "/nonexistent/kubeconfig"})
    moved = federation.propagate(name="app", definition=APP, placement={"members": ["us-1"]}, inventory=broken)
    assert moved.result["failed"]
    assert moved.member("eu-1")["objects"]["deferred"] == 3
    assert "us-1" in next(o["msg"] for o in moved.result["objects"] if o["action"] == "deferred")
    assert federation.kube["eu-1"].names("v1", "Service", federation.namespace) == ["web"]
    limited = federation.propagate("--limit", "eu-1", name="app", definition=APP, placement={"members": ["us-1"]})
    assert limited.member("eu-1")["objects"]["deferred"] == 3
    whole = federation.propagate(name="app", definition=APP, placement={"members": ["us-1"]})
    assert not whole.result["failed"], whole.message
    assert federation.kube["eu-1"].names("v1", "Service", federation.namespace) == []


def test_an_object_that_left_the_template_is_deleted_even_if_its_kind_left_too(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP)
    smaller = federation.propagate(name="app", definition=APP[:2])
    assert smaller.message == "3 members: 3 deleted"
    assert federation.kube["eu-2"].names("v1", "Service", federation.namespace) == []


def test_absent_leaves_nothing(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP)
    gone = federation.propagate(name="app", state="absent", delete_namespaces=True)
    assert not gone.result["failed"], gone.message
    for client in federation.kube.values():
        assert (
            client.names("v1", "ConfigMap", f"federation-{federation.name}", "multicluster.federation/record=resource")
            == []
        )
        space = client.get("v1", "Namespace", federation.namespace)
        assert space is None or space["metadata"].get("deletionTimestamp")
    again = federation.propagate(name="app", state="absent", delete_namespaces=True)
    assert not again.result["changed"]
    back = federation.propagate(name="app", definition=APP)  # waits until the old namespace is gone
    assert back.message == "3 members: 12 created"


@pytest.mark.long
def test_a_namespace_with_something_of_others_in_it_stays(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP)
    federation.kube["eu-1"].create(config_map("theirs", a="b"), federation.namespace)
    gone = federation.propagate(name="app", state="absent", delete_namespaces=True)
    kept = [o for o in gone.result["objects"] if o["action"] == "kept"]
    assert [(o["member"], o["object"]) for o in kept] == [("eu-1", f"Namespace {federation.namespace}")]
    assert "theirs" in kept[0]["msg"]
    assert federation.kube["eu-1"].names("v1", "ConfigMap", federation.namespace) == ["kube-root-ca.crt", "theirs"]


def test_what_belongs_to_somebody_else_is_a_conflict_and_stays_as_it_is(federation: Federation) -> None:
    federation.propagate(name="first", definition=[config_map("one")])
    theirs = federation.kube["eu-2"]
    theirs.create(config_map("settings", color="red"), federation.namespace)
    run = federation.propagate(name="app", definition=APP)
    assert run.result["failed"]
    assert run.member("eu-2")["reason"] == "conflict"
    assert "belongs to something else" in run.member("eu-2")["msg"]
    assert run.member("eu-1")["status"] == "changed"
    found = theirs.get("v1", "ConfigMap", "settings", federation.namespace)
    assert found is not None
    assert found["data"] == {"color": "red"}


def test_a_copy_of_our_object_is_not_ours_to_delete(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP)
    client = federation.kube["eu-1"]
    original = client.get("v1", "ConfigMap", "settings", federation.namespace)
    assert original is not None
    metadata = {k: original["metadata"][k] for k in ("labels", "annotations")}
    client.create({**original, "metadata": {**metadata, "name": "copied"}}, federation.namespace)
    run = federation.propagate(name="app", definition=APP)
    assert not run.result["changed"]
    federation.propagate(name="app", state="absent")
    assert "copied" in client.names("v1", "ConfigMap", federation.namespace)
    assert "settings" not in client.names("v1", "ConfigMap", federation.namespace)


def test_check_mode_and_diff_are_true_and_write_nothing(federation: Federation) -> None:
    before = {member: federation.sandbox.writes(member) for member in MEMBERS}
    predicted = federation.propagate("--check", "--diff", name="app", definition=APP)
    assert predicted.result["changed"]
    assert predicted.message == "check mode, nothing was written; 3 members: 3 created, 9 predicted"
    assert {member: federation.sandbox.writes(member) for member in MEMBERS} == before
    federation.propagate(name="app", definition=APP)
    changed = [config_map("settings", color="green"), *APP[1:]]
    shown = federation.propagate("--check", "--diff", name="app", definition=changed)
    assert [d["before_header"] for d in shown.result["diff"]] == [
        f"{m} ConfigMap {federation.namespace}/settings" for m in MEMBERS
    ]
    assert '-    "color": "blue"' in shown.output
    assert '+    "color": "green"' in shown.output
    assert not federation.propagate("--check", name="app", definition=APP).result["changed"]


def test_secrets_are_applied_and_never_shown(federation: Federation) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key"},
        "stringData": {"password": "swordfish-4711"},
    }
    run = federation.propagate("-vvvv", "--diff", name="app", definition=[secret])
    assert run.result["changed"], run.message
    found = federation.kube["eu-1"].get("v1", "Secret", "key", federation.namespace)
    assert found is not None
    assert found["data"] == {"password": "c3dvcmRmaXNoLTQ3MTE="}
    assert "c3dvcmRmaXNoLTQ3MTE" not in run.output
    assert not federation.propagate(name="app", definition=[secret]).result["changed"]


def widgets(group: str) -> list[dict[str, Any]]:
    """A custom resource, and after it the CRD that it needs."""
    return [manifest(f"{group}/v1", "Widget", "one", spec={"size": 3}), custom_kind(group, "Widget", "widgets")]


def test_custom_resources_arrive_with_their_definition(federation: Federation, group: str) -> None:
    predicted = federation.propagate("--check", name="app", definition=widgets(group))
    assert not predicted.result["failed"], predicted.message
    foreseen = {o["object"]: o["action"] for o in predicted.result["objects"]}
    assert foreseen[f"Widget {federation.namespace}/one"] == "predicted"
    made = federation.propagate(name="app", definition=widgets(group), wait=True)
    assert not made.result["failed"], made.message
    assert not federation.propagate(name="app", definition=widgets(group)).result["changed"]
    gone = federation.propagate(name="app", state="absent")
    kept = {o["object"] for o in gone.result["objects"] if o["action"] == "kept"}
    assert kept == {f"CustomResourceDefinition widgets.{group}", f"Namespace {federation.namespace}"}


@pytest.mark.long
def test_a_definition_that_one_member_refuses_blocks_its_objects_there_only(federation: Federation, group: str) -> None:
    patch = [{"op": "replace", "path": "/spec/scope", "value": "Sideways"}]
    target = {"kind": "CustomResourceDefinition"}
    overrides = [{"where": {"members": ["eu-2"]}, "target": target, "patch": patch}]
    everything = [*widgets(group), config_map("beside", a="b")]
    for arguments in (["--check"], []):
        done = federation.propagate(*arguments, name="app", definition=everything, overrides=overrides)
        assert done.result["failed"]
        assert [m for m, found in done.result["members"].items() if found["status"] == "failed"] == ["eu-2"]
        there = {o["object"]: (o["action"], o["msg"]) for o in done.result["objects"] if o["member"] == "eu-2"}
        assert "Sideways" in there[f"CustomResourceDefinition widgets.{group}"][1]
        refused = f"its CustomResourceDefinition widgets.{group} was refused here"
        assert there[f"Widget {federation.namespace}/one"] == ("failed", refused)
        assert there[f"ConfigMap {federation.namespace}/beside"][0] in ("created", "predicted")
    for member in ("eu-1", "us-1"):
        assert federation.kube[member].get(f"{group}/v1", "Widget", "one", federation.namespace)


def test_files_directories_and_templates(federation: Federation) -> None:
    folder = federation.player.folder
    (folder / "app").mkdir()
    (folder / "app" / "a.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
    )
    (folder / "app" / "notes.txt").write_text("not a manifest")
    (folder / "c.yaml.j2").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {size: '{{ 2 * 21 }}'}\n"
    )
    run = federation.propagate(name="app", src=["app"], template=["c.yaml.j2"])
    assert not run.result["failed"], run.message
    client = federation.kube["eu-1"]
    assert set(client.names("v1", "ConfigMap", federation.namespace)) == {"a", "b", "c", "kube-root-ca.crt"}
    rendered = client.get("v1", "ConfigMap", "c", federation.namespace)
    assert rendered is not None
    assert rendered["data"] == {"size": "42"}


def test_several_resources_share_one_look_and_one_namespace(federation: Federation) -> None:
    entries = [
        {"name": "one", "namespace": federation.namespace, "definition": [config_map("one")]},
        {
            "name": "two",
            "namespace": federation.namespace,
            "definition": [config_map("two")],
            "placement": {"members": ["eu-1"]},
        },
        {
            "name": "three",
            "namespace": federation.namespace,
            "definition": [config_map("three")],
            "placement": {"region": "mars"},
        },
    ]
    run = federation.player.task("federated_resource", {"resources": entries}, inventory=federation.inventory)
    assert run.result["failed"]
    assert "resource three: its placement selects no member" in run.message
    assert {"one", "two"} <= set(federation.kube["eu-1"].names("v1", "ConfigMap", federation.namespace))
    assert "two" not in federation.kube["us-1"].names("v1", "ConfigMap", federation.namespace)


@pytest.mark.long
def test_taints_keep_away_and_take_away(federation: Federation) -> None:
    federation.propagate(name="app", definition=APP)
    soft = federation.inventory_with(eu_2={"cluster_taints": ["maintenance=soon:NoSchedule"]})
    stays = federation.propagate(name="app", definition=APP, inventory=soft)
    assert not stays.result["changed"]
    fresh = federation.propagate(name="new", definition=[config_map("new")], inventory=soft)
    assert fresh.result["resources"]["new"]["not_placed"] == {
        "eu-2": "taint maintenance=soon:NoSchedule is not tolerated"
    }
    hard = federation.inventory_with(eu_2={"cluster_taints": [{"key": "broken", "effect": "NoExecute"}]})
    leaves = federation.propagate(name="app", definition=APP, inventory=hard)
    assert leaves.member("eu-2")["objects"]["deleted"] == 3
    tolerated = federation.propagate(
        name="app", definition=APP, inventory=hard, placement={"tolerations": [{"key": "broken", "operator": "Exists"}]}
    )
    assert tolerated.member("eu-2")["objects"]["created"] == 3


def test_a_module_with_an_explicit_list_of_clusters(federation: Federation) -> None:
    clusters = [{"name": m, "kubeconfig": str(federation.sandbox.kubeconfig(m))} for m in MEMBERS]
    options = {
        "federation": federation.name,
        "clusters": clusters,
        "name": "app",
        "namespace": federation.namespace,
        "definition": APP,
    }
    run = federation.player.task("federated_resource", options, hosts="localhost", play={"connection": "local"})
    assert not run.result["failed"], run.message
    assert run.message == "3 members: 12 created"
    again = federation.player.task("federated_resource", options, hosts="localhost", play={"connection": "local"})
    assert not again.result["changed"]


def test_an_inline_kubeconfig_works_and_is_never_shown(federation: Federation) -> None:
    inline = yaml.safe_load(federation.sandbox.kubeconfig("eu-1").read_text())
    options = {
        "federation": federation.name,
        "clusters": [{"name": "eu-1", "kubeconfig": inline}],
        "name": "app",
        "namespace": federation.namespace,
        "definition": APP,
    }
    run = federation.player.task(
        "federated_resource", options, "-vvvv", hosts="localhost", play={"connection": "local"}
    )
    assert run.message == "1 member: 4 created"
    user = inline["users"][0]["user"]
    assert user["client-key-data"][:60] not in run.output
    hosted = federation.inventory_with(eu_2={"cluster_kubeconfig": inline, "cluster_context": None})
    refused = federation.propagate("-vvvv", name="app", definition=APP, inventory=hosted)
    assert "joined federation" in refused.member("eu-2")["msg"]
    assert user["client-key-data"][:60] not in refused.output


def test_results_are_registered_on_all_hosts(federation: Federation) -> None:
    book = federation.player.folder / "all.yml"
    book.write_text(
        "- hosts: clusters\n  gather_facts: false\n  tasks:\n"
        "    - multicluster.federation.federated_resource: {name: app, allow_empty: true, placement: {members: []},"
        " definition: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}}\n      run_once: true\n      register: r\n"
        "    - ansible.builtin.assert:\n        that: r.members[inventory_hostname].status == 'skipped'\n"
    )
    done = federation.player.run(str(book), inventory=federation.inventory)
    assert done.returncode == 0, done.stdout
