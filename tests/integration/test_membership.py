# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Joining and leaving on real API servers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Played

pytestmark = pytest.mark.integration

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}


def join(stage: Federation, *arguments: str, inventory: Any = None, **options: Any) -> Played:
    return stage.player.task("cluster", options, *arguments, inventory=inventory or stage.inventory)


def record(federation: Federation, member: str) -> dict[str, Any] | None:
    found = federation.kube[member].get("v1", "ConfigMap", "fleet", f"federation-{federation.name}")
    return None if found is None else dict(json.loads(found["data"]["record"]))


def test_join_records_who_the_members_are_and_is_idempotent(unjoined: Federation) -> None:
    predicted = join(unjoined, "--check")
    assert predicted.result["changed"]
    assert not unjoined.kube["eu-1"].get("v1", "Namespace", f"federation-{unjoined.name}")
    first = join(unjoined)
    assert first.message == "3 members: 18 created"
    facts = first.member("eu-1")["cluster"]
    assert facts["version"] == "v1.34.4"
    assert (facts["region"], facts["zones"], facts["nodes"]) == ("eu", ["eu-a", "eu-b"], 3)
    system = unjoined.kube["eu-1"].get("v1", "Namespace", "kube-system")
    assert system is not None
    assert facts["uid"] == system["metadata"]["uid"]
    records = [record(unjoined, member) for member in MEMBERS]
    assert records[0] == records[1] == records[2]
    assert records[0] is not None
    assert sorted(records[0]["members"]) == sorted(MEMBERS)
    before = {member: unjoined.sandbox.writes(member) for member in MEMBERS}
    second = join(unjoined)
    assert not second.result["changed"]
    assert {member: unjoined.sandbox.writes(member) for member in MEMBERS} == before


def test_the_rights_of_a_join_are_not_those_of_an_administrator(federation: Federation) -> None:
    role = federation.kube["eu-1"].get("rbac.authorization.k8s.io/v1", "ClusterRole", f"federation-{federation.name}")
    assert role is not None
    for rule in role["rules"]:
        assert "*" not in rule["apiGroups"] + rule["resources"] + rule["verbs"]


def test_one_cluster_under_two_names_is_refused_and_the_others_join(unjoined: Federation) -> None:
    twice = unjoined.inventory_with(
        eu_2={"cluster_kubeconfig": str(unjoined.sandbox.kubeconfig("eu-1")), "cluster_context": "eu-1"}
    )
    run = join(unjoined, inventory=twice)
    assert run.result["failed"]
    assert run.member("us-1")["status"] == "changed"
    for member, other in (("eu-1", "eu-2"), ("eu-2", "eu-1")):
        assert run.member(member)["reason"] == "refused"
        assert f"the same cluster as {other}" in run.member(member)["msg"]


def test_a_renamed_host_is_refused_with_what_to_do(federation: Federation) -> None:
    variables = federation.sandbox.hosts()["eu-2"]
    renamed = federation.inventory_with(eu_2=None, eu_9=variables)
    run = join(federation, inventory=renamed)
    assert "joined as eu-2, which is not in the inventory any more" in run.member("eu-9")["msg"]
    assert "name the host eu-2 again" in run.member("eu-9")["msg"]
    propagated = federation.propagate(name="app", definition=[CONFIG], inventory=renamed)
    assert "joined federation" in propagated.member("eu-9")["msg"]
    assert propagated.member("eu-1")["status"] == "changed"


def test_swapped_kubeconfigs_are_noticed_before_anything_is_written(federation: Federation) -> None:
    kubeconfig = federation.sandbox.kubeconfig
    swapped = federation.inventory_with(
        eu_1={"cluster_kubeconfig": str(kubeconfig("us-1")), "cluster_context": "us-1"},
        us_1={"cluster_kubeconfig": str(kubeconfig("eu-1")), "cluster_context": "eu-1"},
    )
    run = federation.propagate(name="app", definition=[CONFIG], inventory=swapped)
    assert {m: run.member(m)["status"] for m in MEMBERS} == {"eu-1": "failed", "eu-2": "changed", "us-1": "failed"}
    assert "this cluster joined federation" in run.member("eu-1")["msg"]


@pytest.mark.long
def test_a_member_of_another_federation_is_refused_unless_shared(federation: Federation) -> None:
    other = f"{federation.name}-x"
    options = {"federation": other}
    refused = join(federation, **options)
    assert all(refused.member(m)["reason"] == "refused" for m in MEMBERS)
    assert f"a member of federation {federation.name} already" in refused.member("eu-1")["msg"]
    assert federation.kube["eu-1"].get("v1", "Namespace", f"federation-{other}") is None
    try:
        assert not join(federation, **options, share=True).result["failed"]
        federation.propagate(name="app", definition=[CONFIG])
        rival = federation.propagate(name="app", definition=[CONFIG], federation=other)
        assert rival.member("eu-1")["reason"] == "conflict"
        assert f"belongs to federation {federation.name}" in rival.member("eu-1")["msg"]
    finally:
        left = join(federation, **options, state="absent", workloads="delete")
    assert not left.result["failed"], left.message


@pytest.mark.long
def test_another_federation_of_the_same_name_is_refused(unjoined: Federation) -> None:
    join(unjoined, "--limit", "eu-1,eu-2")
    space = f"federation-{unjoined.name}"
    stranger = unjoined.inventory_with(eu_1=None, eu_2=None)
    join(unjoined, inventory=stranger)  # founds a second federation of the same name
    assert unjoined.kube["us-1"].get("v1", "Namespace", space) is not None
    run = join(unjoined)
    assert run.member("us-1")["reason"] == "refused"
    assert "another federation named" in run.member("us-1")["msg"]
    assert run.member("eu-1")["status"] == "ok"
    assert not join(unjoined, inventory=stranger, state="absent").result["failed"]
    assert not join(unjoined).result["failed"]


def test_leaving_keeps_workloads_by_default_and_tells_the_others(federation: Federation) -> None:
    federation.propagate(name="app", definition=[CONFIG])
    left = join(federation, "--limit", "eu-2", state="absent")
    assert not left.result["failed"], left.message
    assert record(federation, "eu-2") is None
    assert federation.kube["eu-2"].names("v1", "ConfigMap", federation.namespace) == ["kube-root-ca.crt", "settings"]
    for member in ("eu-1", "us-1"):
        found = record(federation, member)
        assert found is not None
        assert sorted(found["members"]) == ["eu-1", "us-1"]
    stays = federation.propagate(name="app", definition=[CONFIG])
    assert stays.member("eu-2")["reason"] == "not_joined"
    assert not join(federation).result["failed"]
    again = federation.propagate(name="app", definition=[CONFIG])
    assert not again.result["failed"], again.message
    assert again.member("eu-2")["objects"]["created"] == 0  # what stayed behind is ours again


def test_leaving_can_take_the_workloads_along(federation: Federation) -> None:
    federation.propagate(name="app", definition=[CONFIG], keep_template=True)
    federation.kube["us-1"].create({**CONFIG, "metadata": {"name": "theirs"}}, federation.namespace)
    # one member has lost its record
    federation.kube["eu-1"].delete("v1", "ConfigMap", "resource-app", f"federation-{federation.name}")
    left = join(federation, state="absent", workloads="delete")
    assert not left.result["failed"], left.message
    assert federation.kube["eu-1"].names("v1", "ConfigMap", federation.namespace) == ["kube-root-ca.crt"]
    assert federation.kube["us-1"].names("v1", "ConfigMap", federation.namespace) == ["kube-root-ca.crt", "theirs"]
    for client in federation.kube.values():
        space = client.get("v1", "Namespace", f"federation-{federation.name}")
        assert space is None or space["metadata"].get("deletionTimestamp")
        assert client.get("rbac.authorization.k8s.io/v1", "ClusterRole", f"federation-{federation.name}") is None
    assert not join(federation, state="absent").result["changed"]
    back = join(federation)  # waits until the old namespace is gone
    assert back.message == "3 members: 18 created"


def test_a_member_that_was_never_joined_is_told_how(unjoined: Federation) -> None:
    run = unjoined.propagate(name="app", definition=[CONFIG])
    assert run.result["failed"]
    assert run.member("eu-1")["reason"] == "not_joined"
    assert "join it first: the module multicluster.federation.cluster" in run.message
    assert run.message.count("not a member") == 1  # said once for all three
