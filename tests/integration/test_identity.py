# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps its identity on real members: renamed resources and hosts, shrunk fleets, budgets, restored records, stored templates."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.model.keepsake import unpack
from ansible_collections.multicluster.federation.tests.integration.manifests import config_map, manifest
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation

pytestmark = pytest.mark.integration


def uids(federation: Federation, name: str) -> dict[str, str]:
    found = {m: federation.kube[m].get("v1", "ConfigMap", name, federation.namespace) for m in MEMBERS}
    return {member: body["metadata"]["uid"] for member, body in found.items() if body is not None}


def record(federation: Federation, member: str, name: str) -> dict[str, Any] | None:
    space = names.federation_namespace(federation.name)
    found = federation.kube[member].get("v1", "ConfigMap", name, space)
    return json.loads(found["data"]["record"]) if found is not None else None


def test_a_renamed_resource_keeps_its_objects(federation: Federation) -> None:
    old = [config_map("settings"), manifest("v1", "ServiceAccount", "left-behind")]
    assert not federation.propagate(name="before", definition=old).result["failed"]
    there = uids(federation, "settings")

    refused = federation.propagate(name="after", definition=config_map("settings"))
    assert refused.result["failed"]
    assert "belongs to resource before of this federation" in refused.message
    assert "renamed_from: before" in refused.message

    predicted = federation.propagate("--check", name="after", renamed_from="before", definition=config_map("settings"))
    assert not predicted.result["failed"], predicted.message
    done = federation.propagate(name="after", renamed_from="before", definition=config_map("settings"))
    assert not done.result["failed"], done.message
    assert uids(federation, "settings") == there, "the same objects"
    for member in MEMBERS:
        client = federation.kube[member]
        found = client.get("v1", "ConfigMap", "settings", federation.namespace)
        assert found is not None
        assert found["metadata"]["labels"][names.LABEL_RESOURCE] == "after"
        assert not client.get("v1", "ServiceAccount", "left-behind", federation.namespace), "no orphan"
        assert record(federation, member, "resource-before") is None
        assert record(federation, member, "resource-after") is not None
    assert federation.propagate(
        name="after", renamed_from="before", definition=config_map("settings")
    ).message.endswith("nothing to do")


def test_a_renamed_host_keeps_its_place(federation: Federation) -> None:
    only_there = {"name": "app", "definition": config_map("settings"), "placement": {"members": ["us-1"]}}
    assert not federation.propagate(**only_there).result["failed"]
    host = federation.sandbox.hosts()["us-1"]
    renamed = federation.inventory_with(us_1=None, us_west={**host})
    moved = {**only_there, "placement": {"members": ["us-west"]}}

    stranger = federation.propagate(inventory=renamed, **moved)
    assert "joined federation" in stranger.message
    assert "cluster_renamed_from: us-1" in stranger.message
    assert "cluster_renamed_from: us-1" in federation.player.task("cluster", {}, inventory=renamed).message

    renamed = federation.inventory_with(us_1=None, us_west={**host, "cluster_renamed_from": "us-1"})
    joined = federation.player.task("cluster", {}, inventory=renamed)
    assert not joined.result["failed"], joined.message
    assert joined.result["federation"]["members"] == ["eu-1", "eu-2", "us-west"]
    again = federation.player.task("cluster", {}, inventory=renamed)
    assert not again.result["changed"], again.result

    before = uids(federation, "settings")
    done = federation.propagate(inventory=renamed, **moved)
    assert not done.result["failed"], done.message
    assert "warnings" not in done.result
    assert uids(federation, "settings") == before
    assert federation.propagate(inventory=renamed, **moved).message.endswith("nothing to do")
    back = federation.inventory_with(us_1={"cluster_renamed_from": "us-west"})
    assert not federation.player.task("cluster", {}, inventory=back).result["failed"]


def test_an_inventory_that_lacks_members_takes_nothing_away(federation: Federation) -> None:
    both = {"name": "app", "definition": config_map("settings"), "placement": {"members": ["eu-1", "us-1"]}}
    assert not federation.propagate(**both).result["failed"]
    smaller = federation.inventory_with(us_1=None)
    moved = federation.propagate(
        inventory=smaller, name="app", definition=config_map("settings"), placement={"members": ["eu-2"]}
    )
    assert not moved.result["failed"], moved.message
    assert sorted(uids(federation, "settings")) == ["eu-1", "eu-2", "us-1"]
    assert any("the inventory does not have us-1" in warning for warning in moved.result["warnings"])
    assert [o["action"] for o in moved.result["objects"] if o["member"] == "eu-1"] == ["deferred"]
    placed = record(federation, "eu-2", "resource-app")
    assert placed is not None
    assert sorted(placed["placement"]) == ["eu-2", "us-1"], "the share of the missing member is not forgotten"
    # neither does what is gone from the manifests go, unless this part of the fleet is all that is meant
    wish = {"name": "app", "placement": {"members": ["eu-1", "eu-2"]}}
    assert not federation.propagate(definition=[config_map("settings"), config_map("more")], **wish).result["failed"]
    pruned = federation.propagate(inventory=smaller, definition=config_map("settings"), **wish)
    assert sorted(uids(federation, "more")) == ["eu-1", "eu-2"]
    assert [o["action"] for o in pruned.result["objects"]] == ["deferred", "deferred"]
    pruned = federation.propagate(inventory=smaller, definition=config_map("settings"), partial_fleet=True, **wish)
    assert uids(federation, "more") == {}
    assert "warnings" not in pruned.result
    # with the whole inventory the same wish is carried out whole
    whole = federation.propagate(name="app", definition=config_map("settings"), placement={"members": ["eu-2"]})
    assert not whole.result["failed"], whole.message
    assert sorted(uids(federation, "settings")) == ["eu-2"]


def test_too_many_deletions_are_a_mistake_until_they_are_allowed(federation: Federation) -> None:
    many = [config_map(f"part-{number}") for number in range(8)]
    assert not federation.propagate(name="app", definition=many).result["failed"]
    before = federation.versions()
    for arguments in (["--check"], []):
        refused = federation.propagate(*arguments, name="app", definition=many[:2])
        assert refused.result["failed"]
        assert "this run would delete 18 of its 24 objects, more than max_deletions (50%)" in refused.message
        assert federation.versions() == before
    lost_labels = federation.propagate(name="app", definition=many, placement={"members": ["eu-1"]})
    assert "would delete 16 of its 24 objects" in lost_labels.message
    assert federation.versions() == before

    allowed = federation.propagate(name="app", definition=many[:2], max_deletions="18")
    assert allowed.message == "3 members: 18 deleted"
    gone = federation.propagate(name="app", state="absent")
    assert gone.message.startswith("3 members: 6 deleted"), "what is said plainly needs no budget"


def test_a_record_restored_from_an_old_backup_leaves_no_orphan(federation: Federation) -> None:
    """The record of one member forgets a kind; its epoch is older than that of the others, which still know."""
    space = names.federation_namespace(federation.name)
    assert not federation.propagate(name="app", definition=config_map("settings")).result["failed"]
    old = federation.kube["us-1"].get("v1", "ConfigMap", "resource-app", space)
    assert old is not None
    both = [config_map("settings"), manifest("v1", "ServiceAccount", "worker")]
    assert not federation.propagate(name="app", definition=both).result["failed"]
    federation.kube["us-1"].merge("v1", "ConfigMap", "resource-app", space, {"data": old["data"]})
    pruned = federation.propagate(name="app", definition=config_map("settings"))
    assert not pruned.result["failed"], pruned.message
    for member in MEMBERS:
        assert not federation.kube[member].get("v1", "ServiceAccount", "worker", federation.namespace), member
    assert federation.propagate(name="app", definition=config_map("settings")).message.endswith("nothing to do")


@pytest.mark.long
def test_a_fleet_record_restored_from_an_old_backup_is_brought_up_to_date(federation: Federation) -> None:
    space = names.federation_namespace(federation.name)
    newest = federation.kube["us-1"].get("v1", "ConfigMap", "fleet", space)
    assert newest is not None
    body = json.loads(newest["data"]["record"])
    stale = {**body, "epoch": body["epoch"] - 1, "members": {"us-1": body["members"]["us-1"]}}
    federation.kube["us-1"].merge("v1", "ConfigMap", "fleet", space, {"data": {"record": json.dumps(stale)}})
    done = federation.propagate(name="app", definition=config_map("settings"))
    assert not done.result["failed"], done.message
    assert "warnings" not in done.result
    joined = federation.player.task("cluster", {}, inventory=federation.inventory)
    assert joined.result["changed"]
    assert record(federation, "us-1", "fleet") == body


@pytest.mark.long
def test_a_stored_template_and_the_one_before_without_secrets(federation: Federation) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"key": "hunter2"}}
    first = federation.propagate(name="app", keep_template=True, definition=[config_map("settings", v="1"), secret])
    assert not first.result["failed"], first.message
    second = federation.propagate(name="app", keep_template=True, definition=[config_map("settings", v="2"), secret])
    assert not second.result["failed"], second.message
    space = names.federation_namespace(federation.name)
    for member in MEMBERS:
        found = federation.kube[member].get("v1", "ConfigMap", "template-app", space)
        assert found is not None
        current, before = unpack(found["data"]["record"], "app")
        assert current is not None
        assert before is not None
        assert [kept.manifests[0]["data"]["v"] for kept in (current, before)] == ["2", "1"]
        assert current.withheld == ("Secret key",)
        assert "hunter2" not in json.dumps(current.manifests)
        assert current.resource().name == "app"
    unchanged = federation.propagate(name="app", keep_template=True, definition=[config_map("settings", v="2"), secret])
    assert unchanged.message.endswith("nothing to do")
    assert not federation.propagate(name="app", state="absent").result["failed"]
    assert not federation.kube["eu-1"].get("v1", "ConfigMap", "template-app", space)
