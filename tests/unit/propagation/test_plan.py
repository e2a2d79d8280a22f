# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be done on one member, decided without I/O."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.discovery import Discovery
from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import (
    GroupKind,
    ObjectName,
    name_of,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import ResourceRecord
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import Resource, parse_resource
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.observe import Observation
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.plan import (
    Action,
    MemberPlan,
    Step,
    at_agreed_epoch,
    compare,
    plan_member,
    prepare,
)
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.store import Memory, Stored
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.ownership import mark, normalise
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.replicas import AUTOSCALER
from ansible_collections.multicluster.federation.tests.unit.helpers import (
    CONFIG_MAP,
    CRD,
    DEPLOYMENT,
    FEDERATION,
    MANAGER,
    NAMESPACE,
    STEADY,
    applied_by_us,
    autoscaler,
    config_map,
    deployment,
    member,
    served,
    usual_discovery,
)

AMS = member("ams", region="eu")
WEB = ObjectName(DEPLOYMENT, "default", "web")
SETTINGS = ObjectName(CONFIG_MAP, "default", "settings")

Objects = dict[ObjectName, dict[str, Any]]


def resource(*manifests: dict[str, Any], **raw: Any) -> Resource:
    return parse_resource({"name": "shop", **raw}, list(manifests))


def wanted(manifest: dict[str, Any], namespace: str = "default", owner: str = "shop") -> dict[str, Any]:
    name = replace(name_of(manifest), namespace=namespace)
    return mark(normalise(manifest), name, FEDERATION, owner)


def there(manifest: dict[str, Any], namespace: str = "default", owner: str = "shop", **more: Any) -> Objects:
    """An object as we applied it, and as a member shows its metadata."""
    want = wanted(manifest, namespace, owner)
    return {replace(name_of(manifest), namespace=namespace): applied_by_us(want, **more)}


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def plan(
    asked: Resource,
    objects: Objects | None = None,
    selected: bool = True,
    discovery: Discovery | None = None,
    record: ResourceRecord | None = None,
    former: ResourceRecord | None = None,
    autoscaled: frozenset[ObjectName] | None = None,
) -> MemberPlan:
    memory = Memory(resources={found.resource: Stored(found, {}) for found in (record, former) if found})
    seen = Observation(
        None,  # type: ignore[arg-type]
        discovery or usual_discovery(),
        memory,
        objects or {},
        autoscaled=autoscaled,
    )
    return plan_member(prepare(asked), AMS, selected, seen, FEDERATION, {"ams": None}, 5)


def actions(found: MemberPlan) -> dict[str, str]:
    return {str(step.name): step.action for step in found.steps}


def step_of(found: MemberPlan, name: str) -> Step:
    return next(step for step in found.steps if str(step.name) == name)


# compare


def test_missing() -> None:
    assert compare(wanted(config_map()), None, FEDERATION) == (Action.CREATE, "missing")


def test_nothing_to_do() -> None:
    for manifest in (config_map(a="b"), deployment(replicas=2), {**config_map(), "data": {}}):
        want = wanted(manifest)
        assert compare(want, applied_by_us(want), FEDERATION) == (Action.NONE, "")


def test_another_hash_is_another_wish() -> None:
    seen = applied_by_us(wanted(config_map(a="old")))
    assert compare(wanted(config_map(a="new")), seen, FEDERATION) == (Action.CHANGE, "the wanted state changed")


def test_drift_names_the_fields_and_their_holder() -> None:
    want = wanted(deployment(replicas=2))
    seen = applied_by_us(want)
    del seen["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"]
    assert compare(want, seen, FEDERATION) == (Action.REPAIR, "drift: .spec.replicas")
    taken = {"f:spec": {"f:replicas": {}}}
    seen["managedFields"].append({"manager": "kubectl-scale", "operation": "Update", "time": "z", "fieldsV1": taken})
    assert compare(want, seen, FEDERATION) == (Action.REPAIR, "drift: .spec.replicas (by kubectl-scale)")


def test_much_drift_is_told_in_short() -> None:
    want = wanted(config_map(a="1", b="2", c="3", d="4", e="5"))
    seen = applied_by_us(want)
    fields = seen["managedFields"][0]["fieldsV1"]["f:data"]
    for key in "abcde":
        del fields[f"f:{key}"]
    fields["f:kept"] = {}
    assert compare(want, seen, FEDERATION)[1] == "drift: .data.a, .data.b, .data.c and 2 more"


@pytest.mark.parametrize("change", [{"managedFields": []}, {"managedFields": None}])
def test_fields_that_are_not_marked_as_ours_any_more(change: dict[str, Any]) -> None:
    want = wanted(config_map())
    seen = {**applied_by_us(want), **change}
    assert compare(want, seen, FEDERATION) == (Action.CHANGE, "our fields are not marked as ours any more")
    del seen["annotations"][names.ANNOTATION_HASH]
    assert compare(want, seen, FEDERATION) == (Action.CHANGE, "not applied yet")


def test_an_entry_of_another_version_is_not_this_one() -> None:
    want = wanted(deployment())
    seen = applied_by_us(want)
    seen["managedFields"][0]["apiVersion"] = "apps/v1beta1"
    assert compare(want, seen, FEDERATION)[0] == Action.CHANGE


def test_what_is_added_by_others_is_no_drift() -> None:
    want = wanted(config_map(a="b"))
    seen = applied_by_us(want)
    seen["labels"]["team"] = "x"
    seen["managedFields"].append({"manager": "x", "operation": "Update", "fieldsV1": {"f:data": {"f:more": {}}}})
    assert compare(want, seen, FEDERATION) == (Action.NONE, "")


def test_what_was_compared_for_another_member_is_compared_once() -> None:
    want = wanted(config_map(a="b"))
    proven: dict[int, Any] = {}
    seen = applied_by_us(want)
    for _member in range(2):
        assert compare(want, seen, FEDERATION, proven) == (Action.NONE, "")
    assert proven
    # fields that are not the very same are looked at anew, and a hash always is
    drifted = copy.deepcopy(seen)
    drifted["managedFields"][0]["fieldsV1"]["f:data"] = {"f:other": {}}
    assert compare(want, drifted, FEDERATION, proven) == (Action.REPAIR, "drift: .data.a")
    assert compare(want, {**seen, "annotations": {}}, FEDERATION, proven)[0] == Action.CHANGE
    assert compare(want, seen, FEDERATION, proven) == (Action.NONE, "")


# wanted objects


def test_a_first_run_creates_everything_and_the_namespace_they_need() -> None:
    found = plan(resource(config_map(), deployment(), namespace="shop"))
    assert actions(found) == {
        "Namespace shop": Action.CREATE,
        "ConfigMap shop/settings": Action.CREATE,
        "Deployment shop/web": Action.CREATE,
    }
    space = step_of(found, "Namespace shop")
    assert space.resource == names.RESOURCE_NAMESPACES
    assert space.reason == "needed by what goes there"
    assert [step.stage for step in found.steps] == [0, 1, 2]


def test_a_run_with_nothing_to_do_asks_for_nothing() -> None:
    found = plan(resource(config_map(), deployment()), {**there(config_map()), **there(deployment())})
    assert set(actions(found).values()) == {Action.NONE}
    assert len(found.steps) == 2


def test_the_same_observation_gives_the_same_plan() -> None:
    asked = resource(deployment(), config_map(), overrides=[{"where": {"region": "eu"}, "labels": {"a": "b"}}])
    objects = {**there(config_map("old")), **there(deployment("older"))}
    backwards = dict(reversed(list(objects.items())))
    assert plan(asked, objects) == plan(asked, backwards)


def test_a_namespace_that_a_manifest_gives_is_not_made_twice() -> None:
    found = plan(resource(namespace("shop"), config_map(), namespace="shop"))
    assert [str(step.name) for step in found.steps].count("Namespace shop") == 1
    assert step_of(found, "Namespace shop").resource == "shop"


def test_a_namespace_that_is_there_is_not_asked_for() -> None:
    ours = there(namespace("shop"), "", names.RESOURCE_NAMESPACES)
    assert "Namespace shop" not in actions(plan(resource(config_map(), namespace="shop"), ours))
    going = there(namespace("shop"), "", names.RESOURCE_NAMESPACES, deletionTimestamp="2026-01-01T00:00:00Z")
    assert actions(plan(resource(config_map(), namespace="shop"), going))["Namespace shop"] == Action.CREATE


def test_namespaces_written_in_manifests_win() -> None:
    found = plan(resource(config_map("a", "one"), config_map("b"), namespace="two"))
    assert {str(step.name) for step in found.steps} == {
        "Namespace one",
        "Namespace two",
        "ConfigMap one/a",
        "ConfigMap two/b",
    }


def test_cluster_scoped_objects_stay_out_of_namespaces() -> None:
    odd = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "namespace": "y"}}
    found = plan(resource(odd))
    assert actions(found) == {"Namespace x": Action.CREATE}
    assert "namespace" not in found.steps[0].manifest["metadata"]


@pytest.mark.parametrize("going", [True, False])
def test_objects_that_are_not_ours_or_on_their_way_out_are_created_anew(going: bool) -> None:
    seen = there(config_map())
    if going:
        seen[SETTINGS]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    else:
        seen[SETTINGS]["annotations"] = {}
    step = step_of(plan(resource(config_map()), seen), "ConfigMap default/settings")
    assert (step.action, step.seen) == (Action.CREATE, None)


def test_overrides_of_this_member() -> None:
    overrides = [{"where": {"region": "eu"}, "replicas": 7}, {"where": {"region": "us"}, "replicas": 9}]
    found = plan(resource(deployment(), overrides=overrides))
    assert step_of(found, "Deployment default/web").manifest["spec"]["replicas"] == 7


def test_what_is_skipped_is_noted() -> None:
    overrides = [{"patch": [{"op": "remove", "path": "/spec/nothing"}]}]
    found = plan(resource(deployment(), overrides=overrides, strict=False))
    assert found.notes == (
        "overrides[0] skipped: remove /spec/nothing: there is no 'nothing' (there is selector, template)",
    )
    assert step_of(found, "Deployment default/web").action == Action.CREATE


def test_members_do_not_share_what_is_marked() -> None:
    template = prepare(resource(config_map()))
    seen = Observation(None, usual_discovery(), Memory())  # type: ignore[arg-type]
    first = plan_member(template, AMS, True, seen, FEDERATION, {}, 1)
    before = copy.deepcopy(first)
    plan_member(template, AMS, True, seen, "other", {}, 1)
    assert first == before


# blocked


def test_a_kind_that_is_not_served_blocks_only_its_object() -> None:
    thing = {"apiVersion": "acme.io/v1", "kind": "Thing", "metadata": {"name": "a"}}
    found = plan(resource(thing, config_map()))
    assert actions(found)["ConfigMap default/settings"] == Action.CREATE
    step = step_of(found, "Thing a")
    assert step.action == Action.BLOCKED
    assert "does not know the kind Thing of acme.io/v1" in step.reason
    with pytest.raises(MemberError):
        _served = step.served


def test_a_group_that_does_not_answer_blocks_its_objects() -> None:
    thing = {"apiVersion": "acme.io/v1", "kind": "Thing", "metadata": {"name": "a"}}
    found = plan(resource(thing), discovery=usual_discovery(stale=["acme.io"]))
    assert "the API group acme.io does not answer" in found.steps[0].reason


def test_a_patch_that_does_not_fit_blocks_its_object_and_never_prunes_it() -> None:
    overrides = [{"target": {"kind": "Deployment"}, "patch": [{"op": "remove", "path": "/spec/nothing"}]}]
    objects = {**there(deployment()), **there(config_map("old"))}
    found = plan(resource(deployment(), config_map(), overrides=overrides), objects)
    assert actions(found) == {
        "Namespace default": Action.CREATE,
        "Deployment web": Action.BLOCKED,
        "ConfigMap default/settings": Action.CREATE,
        "ConfigMap default/old": Action.DELETE,
    }
    assert "overrides[0] does not fit" in step_of(found, "Deployment web").reason


def test_a_kind_that_is_not_served_any_more_never_prunes_its_namesakes() -> None:
    thing = {"apiVersion": "apps/v9", "kind": "Deployment", "metadata": {"name": "web"}}
    found = plan(resource(thing), there(deployment()))
    assert actions(found) == {"Deployment web": Action.BLOCKED}


# kinds that the resource defines itself


def crd(**changed: Any) -> dict[str, Any]:
    spec = {
        "group": "acme.io",
        "scope": "Namespaced",
        "names": {"kind": "Shop", "plural": "shops"},
        "versions": [{"name": "v1alpha1", "served": False}, {"name": "v1", "served": True, "storage": True}],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "shops.acme.io"},
        "spec": {**spec, **changed},
    }


SHOP = {"apiVersion": "acme.io/v1", "kind": "Shop", "metadata": {"name": "main"}}


def test_objects_of_a_kind_that_comes_along() -> None:
    found = plan(resource(SHOP, crd()))
    step = step_of(found, "Shop default/main")
    assert step.action == Action.CREATE
    assert step.needs == ObjectName(CRD, "", "shops.acme.io")
    assert step.served.path("default", "main") == "/apis/acme.io/v1/namespaces/default/shops/main"
    assert step_of(found, "CustomResourceDefinition shops.acme.io").stage < step.stage


def test_a_kind_that_is_served_already_needs_nothing() -> None:
    kind = served(GroupKind("acme.io", "Shop"), "v1", "shops")
    assert step_of(plan(resource(SHOP, crd()), discovery=usual_discovery(kind)), "Shop default/main").needs is None


def test_a_cluster_scoped_kind_that_comes_along() -> None:
    assert "Shop main" in actions(plan(resource(SHOP, crd(scope="Cluster"))))


@pytest.mark.parametrize(
    "changed",
    [
        {"versions": []},
        {"versions": 5},
        {"versions": ["v1"]},
        {"versions": [{}]},
        {"versions": [{"served": True, "name": ["v1"]}]},
        {"names": {}},
        {"names": None},
        {"names": ["Shop"]},
        {"names": {"kind": ["Shop"], "plural": "shops"}},
        {"group": {"name": "acme.io"}},
    ],
)
def test_a_broken_crd_defines_nothing_and_is_left_to_the_api_server(changed: dict[str, Any]) -> None:
    found = plan(resource(SHOP, crd(**changed)))
    assert step_of(found, "CustomResourceDefinition shops.acme.io").action == Action.CREATE
    assert step_of(found, "Shop main").action == Action.BLOCKED


# unwanted objects


def test_what_is_ours_and_not_wanted_any_more_is_deleted() -> None:
    found = plan(resource(config_map()), {**there(config_map()), **there(config_map("old"))})
    step = step_of(found, "ConfigMap default/old")
    assert (step.action, step.reason) == (Action.DELETE, "no longer wanted")
    assert step.seen


@pytest.mark.parametrize(
    "change",
    [
        {"managedFields": []},
        {"managedFields": [{"manager": "kubectl-create", "operation": "Update", "fieldsV1": {}}]},
        {"annotations": {}},
        {"annotations": {names.ANNOTATION_OBJECT: "ConfigMap default/original"}},
    ],
)
def test_a_copy_with_our_labels_is_kept(change: dict[str, Any]) -> None:
    found = plan(resource(config_map()), {**there(config_map()), **there(config_map("copy"), **change)})
    step = step_of(found, "ConfigMap default/copy")
    assert (step.action, step.reason) == (Action.KEEP, "carries our labels but was not made by us: left alone")


def test_crds_are_kept() -> None:
    found = plan(resource(config_map()), there(crd(), ""))
    assert step_of(found, "CustomResourceDefinition shops.acme.io").action == Action.KEEP


@pytest.mark.parametrize(("allowed", "action"), [(False, Action.KEEP), (True, Action.DELETE)])
def test_namespaces_are_kept_unless_told_otherwise(allowed: bool, action: str) -> None:
    asked = resource(config_map(), delete_namespaces=allowed)
    assert actions(plan(asked, there(namespace("old"), "")))["Namespace old"] == action


@pytest.mark.parametrize(
    ("finalizers", "why"),
    [
        (["acme.io/guard", "x/y"], "held by the finalizer acme.io/guard, x/y"),
        ([], "and shuts down"),
        (None, "and shuts down"),
    ],
)
def test_what_is_on_its_way_out_is_reported_and_not_deleted_again(finalizers: list[str] | None, why: str) -> None:
    since = "2026-01-01T00:00:00Z"
    found = plan(resource(config_map()), there(config_map("old"), deletionTimestamp=since, finalizers=finalizers))
    assert actions(found) == {
        "ConfigMap default/settings": Action.CREATE,
        "Namespace default": Action.CREATE,
        "ConfigMap default/old": Action.GOING,
    }
    assert step_of(found, "ConfigMap default/old").reason == f"is being deleted since {since}, {why}"


def test_a_copy_on_its_way_out_is_nobodys_affair() -> None:
    copied = there(config_map("copy"), deletionTimestamp="2026-01-01T00:00:00Z", managedFields=[])
    assert actions(plan(resource(config_map()), copied))["ConfigMap default/copy"] == Action.KEEP


def test_objects_of_other_resources_are_left_alone() -> None:
    others = {**there(config_map("x"), owner="other"), **there(namespace("n"), "", names.RESOURCE_NAMESPACES)}
    assert "x" not in str(actions(plan(resource(config_map()), {**there(config_map()), **others})))


def test_an_object_that_moved_to_another_namespace_is_deleted_where_it_was() -> None:
    found = plan(resource(config_map(), namespace="new"), there(config_map(), "old"))
    assert actions(found)["ConfigMap old/settings"] == Action.DELETE
    assert actions(found)["ConfigMap new/settings"] == Action.CREATE


# leaving a member


def record(*namespaces: str, **more: Any) -> ResourceRecord:
    return ResourceRecord("shop", frozenset({CONFIG_MAP}), frozenset(namespaces), **more)


def test_a_member_that_is_not_selected_gives_everything_up() -> None:
    found = plan(resource(config_map()), there(config_map()), selected=False, record=record("default"))
    assert actions(found) == {"ConfigMap default/settings": Action.DELETE}
    assert found.leaving
    assert found.record is None


def test_a_member_that_never_had_it_has_nothing_to_give() -> None:
    found = plan(resource(config_map()), selected=False)
    assert (found.steps, found.leaving) == ((), False)


def test_a_member_that_only_remembers_it_forgets() -> None:
    assert plan(resource(config_map()), selected=False, record=record("default")).leaving


@pytest.mark.parametrize(("allowed", "action"), [(False, Action.KEEP), (True, Action.DELETE)])
def test_the_namespace_that_we_made_for_it(allowed: bool, action: str) -> None:
    spaces = there(namespace("shop"), "", names.RESOURCE_NAMESPACES)
    asked = resource(config_map(), namespace="shop", delete_namespaces=allowed)
    found = plan(asked, {**there(config_map(), "shop"), **spaces}, selected=False, record=record("shop"))
    assert actions(found)["Namespace shop"] == action


def test_a_namespace_that_was_there_before_is_not_ours_to_delete() -> None:
    asked = resource(config_map(), namespace="shop", delete_namespaces=True)
    strange = there(namespace("shop"), "", names.RESOURCE_NAMESPACES, managedFields=[])
    assert plan(asked, strange, selected=False, record=record("shop")).steps == ()


def test_only_the_namespaces_that_are_left_behind_are_looked_at() -> None:
    spaces = {
        **there(namespace("old"), "", names.RESOURCE_NAMESPACES),
        **there(namespace("new"), "", names.RESOURCE_NAMESPACES),
    }
    asked = resource(config_map(), namespace="new", delete_namespaces=True)
    found = plan(asked, {**there(config_map(), "new"), **spaces}, record=record("old", "new"))
    assert actions(found) == {"ConfigMap new/settings": Action.NONE, "Namespace old": Action.DELETE}


# records


def test_the_record_says_what_may_be_there() -> None:
    found = plan(resource(config_map(), deployment(), namespace="shop"))
    assert found.record is not None
    assert found.record.kinds == {CONFIG_MAP, DEPLOYMENT}
    assert found.record.namespaces == {"shop"}
    assert (found.record.placement, found.record.epoch) == ({"ams": None}, 5)


def test_a_record_that_says_the_same_is_not_made_new() -> None:
    asked = resource(config_map())
    old = plan(asked).record
    assert old is not None
    old = replace(old, epoch=2)
    assert plan(asked, there(config_map()), record=old).record == old


def test_the_record_changes_with_the_template_and_with_its_overrides() -> None:
    hashes = {
        plan(asked).record.template  # type: ignore[union-attr]
        for asked in (
            resource(config_map()),
            resource(config_map(a="b")),
            resource(config_map(), overrides=[{"labels": {"a": "b"}}]),
        )
    }
    assert len(hashes) == 3


def test_stages() -> None:
    def stage(kind: str) -> int:
        return Step("shop", ObjectName(GroupKind("x", kind), "", "a"), Action.CREATE).stage

    assert stage("Namespace") < stage("ConfigMap") < stage("Deployment") < stage("ValidatingWebhookConfiguration")
    assert stage("CustomResourceDefinition") < stage("Shop")
    assert stage("Secret") < stage("Pod")


def test_blocked_steps_have_no_kind_to_write_to() -> None:
    with pytest.raises(MemberError) as caught:
        _served = Step("shop", WEB, Action.BLOCKED).served
    assert caught.value.kind == Kind.NOT_FOUND


def test_steps_by_action() -> None:
    found = plan(resource(config_map()))
    assert {step.name for step in found.of(Action.CREATE)} == {SETTINGS, ObjectName(NAMESPACE, "", "default")}
    assert found.of(Action.DELETE, Action.KEEP) == ()


def test_our_manager_is_the_one_of_the_federation() -> None:
    assert MANAGER == "multicluster.federation/acme"


# a resource that was renamed


OLD = ResourceRecord("stall", frozenset({CONFIG_MAP}), frozenset({"default"}))


def renamed(*manifests: dict[str, Any], **raw: Any) -> Resource:
    return resource(*(manifests or (config_map(),)), renamed_from="stall", **raw)


def test_objects_of_the_former_name_are_taken_over_and_not_made_anew() -> None:
    found = plan(renamed(), there(config_map(), owner="stall"), former=OLD)
    assert actions(found) == {"ConfigMap default/settings": Action.CHANGE}
    step = found.steps[0]
    assert (step.reason, step.resource) == ("renamed from stall", "shop")
    assert step.seen is not None
    assert step.manifest["metadata"]["labels"][names.LABEL_RESOURCE] == "shop"
    assert found.former == Stored(OLD, {})
    assert found.writes


def test_what_the_former_name_has_and_nobody_wants_goes() -> None:
    objects = {**there(config_map(), owner="stall"), **there(config_map("old"), owner="stall")}
    assert actions(plan(renamed(), objects, former=OLD)) == {
        "ConfigMap default/settings": Action.CHANGE,
        "ConfigMap default/old": Action.DELETE,
    }


def test_objects_of_the_former_name_are_another_resources_when_nothing_was_renamed() -> None:
    found = plan(resource(config_map()), there(config_map(), owner="stall"), former=OLD)
    step = step_of(found, "ConfigMap default/settings")
    assert (step.action, step.seen, found.former) == (Action.CREATE, None, None)


def test_a_copy_of_the_former_name_is_not_taken_over() -> None:
    copied = there(config_map("copy"), owner="stall", managedFields=[])
    assert actions(plan(renamed(), copied, former=OLD))["ConfigMap default/copy"] == Action.KEEP
    marked = there(config_map(), owner="stall", annotations={})
    step = step_of(plan(renamed(), marked, former=OLD), "ConfigMap default/settings")
    assert (step.action, step.seen) == (Action.CREATE, None)


def test_a_renamed_object_on_its_way_out_is_created_anew() -> None:
    going = there(config_map(), owner="stall", deletionTimestamp="2026-01-01T00:00:00Z")
    step = step_of(plan(renamed(), going, former=OLD), "ConfigMap default/settings")
    assert (step.action, step.reason) == (Action.CREATE, "missing")


def test_a_rename_that_is_done_is_nothing_to_do() -> None:
    asked = renamed()
    first = plan(asked, there(config_map(), owner="stall"), former=OLD)
    done = plan(asked, there(config_map()), record=first.record)
    assert set(actions(done).values()) == {Action.NONE}
    assert not done.writes


def test_a_rename_that_was_interrupted_is_finished() -> None:
    asked = renamed(config_map(), config_map("more"))
    objects = {**there(config_map()), **there(config_map("more"), owner="stall")}
    found = plan(asked, objects, record=plan(asked).record, former=OLD)
    assert actions(found) == {
        "ConfigMap default/settings": Action.NONE,
        "ConfigMap default/more": Action.CHANGE,
    }
    # and when only the former record is left, that is written away
    assert plan(asked, {**there(config_map()), **there(config_map("more"))}, former=OLD).writes


def test_a_member_that_is_not_selected_gives_the_former_name_up_too() -> None:
    found = plan(renamed(), there(config_map(), owner="stall"), selected=False, former=OLD)
    assert actions(found) == {"ConfigMap default/settings": Action.DELETE}
    assert found.leaving
    assert found.writes
    assert plan(renamed(), selected=False, former=OLD).leaving


def test_the_namespace_of_the_former_name_is_left_behind() -> None:
    spaces = there(namespace("old"), "", names.RESOURCE_NAMESPACES)
    former = replace(OLD, namespaces=frozenset({"old"}))
    found = plan(renamed(delete_namespaces=True), {**there(config_map()), **spaces}, former=former)
    assert actions(found)["Namespace old"] == Action.DELETE


# replicas that belong to an autoscaler


def scaled(**raw: Any) -> Resource:
    return resource(deployment(replicas=3), **raw)


def without_replicas() -> Objects:
    """The Deployment as it is once its autoscaler has the replicas."""
    return there(deployment())


@pytest.mark.parametrize(
    ("asked", "autoscaled"),
    [
        (scaled(), frozenset({WEB})),
        (scaled(retain_replicas=True), None),
        (resource(deployment(replicas=3), autoscaler()), None),
    ],
    ids=["on the member", "said so", "in the resource"],
)
def test_replicas_are_given_once_and_then_left_alone(asked: Resource, autoscaled: frozenset[ObjectName] | None) -> None:
    kind = served(AUTOSCALER, "v2", "horizontalpodautoscalers")
    found = plan(asked, discovery=usual_discovery(kind), autoscaled=autoscaled)
    step = step_of(found, "Deployment default/web")
    assert (step.action, step.replicas) == (Action.CREATE, 3)
    assert "replicas" not in step.manifest["spec"]
    objects = {**without_replicas(), **there(autoscaler())}
    found = plan(asked, objects, discovery=usual_discovery(kind), autoscaled=autoscaled)
    step = step_of(found, "Deployment default/web")
    assert (step.action, step.replicas) == (Action.NONE, None)
    assert not found.undecided


def test_karmadas_label_leaves_replicas() -> None:
    labelled = deployment(replicas=3)
    labelled["metadata"]["labels"] = {"resourcetemplate.karmada.io/retain-replicas": "true"}
    step = step_of(plan(resource(labelled)), "Deployment default/web")
    assert (step.replicas, "replicas" in step.manifest["spec"]) == (3, False)


def test_an_autoscaler_of_something_else_changes_nothing() -> None:
    for other in (replace(WEB, name="other"), replace(WEB, namespace="other"), replace(WEB, kind=CONFIG_MAP)):
        step = step_of(plan(scaled(), autoscaled=frozenset({other})), "Deployment default/web")
        assert (step.replicas, step.manifest["spec"]["replicas"]) == (None, 3)


def test_what_names_no_replicas_leaves_them_anyway() -> None:
    found = plan(resource(deployment(), config_map(), retain_replicas=True))
    assert [step.replicas for step in found.steps] == [None] * 3


def test_replicas_that_we_hold_are_handed_over() -> None:
    found = plan(scaled(), there(deployment(replicas=3)), autoscaled=frozenset({WEB}))
    step = step_of(found, "Deployment default/web")
    assert (step.action, step.replicas) == (Action.CHANGE, 3)
    assert "replicas" not in step.manifest["spec"]


def test_a_hand_over_that_was_interrupted_is_finished() -> None:
    """The hash is that of the end already, and the replicas are ours still."""
    seen = without_replicas()
    seen[WEB]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"] = {}
    step = step_of(plan(scaled(), seen, autoscaled=frozenset({WEB})), "Deployment default/web")
    assert (step.action, step.replicas) == (Action.CHANGE, 3)
    assert step.reason == "its replicas belong to its autoscaler"


def test_replicas_of_an_override_are_given_once_as_well() -> None:
    asked = scaled(overrides=[{"where": {"region": "eu"}, "replicas": 7}], retain_replicas=True)
    assert step_of(plan(asked), "Deployment default/web").replicas == 7


def test_an_autoscaler_that_went_gives_replicas_back() -> None:
    step = step_of(plan(scaled(), without_replicas(), autoscaled=frozenset()), "Deployment default/web")
    assert (step.action, step.replicas, step.manifest["spec"]["replicas"]) == (Action.CHANGE, None, 3)


def test_members_with_and_without_an_autoscaler_share_a_template() -> None:
    template = prepare(scaled())
    found = []
    for autoscaled in (frozenset({WEB}), frozenset(), frozenset({WEB})):
        seen = Observation(None, usual_discovery(), Memory(), autoscaled=autoscaled)  # type: ignore[arg-type]
        made = plan_member(template, AMS, True, seen, FEDERATION, {}, 1)
        found.append("replicas" in step_of(made, "Deployment default/web").manifest["spec"])
    assert found == [False, True, False]


@pytest.mark.parametrize(
    ("objects", "autoscaled", "undecided"),
    [
        ({}, None, False),  # what is created has no autoscaler that minds
        (there(deployment(replicas=3)), None, False),
        (there(deployment(replicas=2)), None, True),
        (there(deployment(replicas=2)), frozenset(), False),
        (there(deployment(replicas=2)), frozenset({WEB}), False),
    ],
    ids=["missing", "nothing to do", "changed", "looked up", "looked up and found"],
)
def test_a_look_at_the_autoscalers_is_needed_only_for_a_change(
    objects: Objects, autoscaled: frozenset[ObjectName] | None, undecided: bool
) -> None:
    assert plan(scaled(), objects, autoscaled=autoscaled).undecided is undecided


def test_replicas_that_somebody_took_are_looked_up() -> None:
    seen = there(deployment(replicas=3))
    del seen[WEB]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"]
    found = plan(scaled(), seen)
    assert (actions(found)["Deployment default/web"], found.undecided) == (Action.REPAIR, True)


def test_changes_without_replicas_need_no_look() -> None:
    objects = {**there(deployment(image="old")), **there(config_map(a="old"))}
    assert not plan(resource(deployment(), config_map()), objects).undecided
    assert not plan(scaled(retain_replicas=True), there(deployment("web", "old"))).undecided


# whether there is anything to write


def test_what_is_written() -> None:
    asked = resource(config_map())
    kept = plan(asked).record
    assert kept is not None
    assert plan(asked, record=kept).writes  # the object is missing
    assert plan(asked, there(config_map())).writes  # the record is missing
    assert plan(asked, there(config_map()), record=replace(kept, template="1:other")).writes
    assert not plan(asked, there(config_map()), record=kept).writes
    assert not plan(asked, there(config_map()), record=replace(kept, epoch=1)).writes
    assert plan(asked, {**there(config_map()), **there(config_map("old"))}, record=kept).writes
    copied = there(config_map("copy"), managedFields=[])
    assert not plan(asked, {**there(config_map()), **copied}, record=kept).writes


def test_a_member_where_everything_is_blocked_remembers_nothing_new() -> None:
    thing = {"apiVersion": "acme.io/v1", "kind": "Thing", "metadata": {"name": "a"}}
    assert not plan(resource(thing)).writes


def test_what_a_member_that_gives_up_writes() -> None:
    asked = resource(config_map())
    assert not plan(asked, selected=False).writes
    assert plan(asked, selected=False, record=record("default")).writes
    assert plan(asked, there(config_map()), selected=False).writes


def test_what_is_being_deleted_is_waited_for_and_not_written() -> None:
    """The record stays until the object is gone, so that it is found again."""
    going = there(config_map(), deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["acme.io/guard"])
    found = plan(resource(config_map()), going, selected=False, record=record("default"))
    assert actions(found) == {"ConfigMap default/settings": Action.GOING}
    assert found.leaving
    assert not found.writes


def test_a_template_is_kept_where_it_is_asked_for() -> None:
    asked = resource(config_map(), keep_template=True)
    found = plan(asked).record
    assert found is not None
    assert found.kept
    assert plan(asked, there(config_map()), record=replace(found, kept=False)).writes


# whatever `dialects.documents` lets through


KEYS = "template jobTemplate spec metadata containers initContainers labels replicas annotations volumes"
KEYS += " scaleTargetRef kind name apiVersion group names versions scope served plural"
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x", "web"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=6),
    max_leaves=25,
)
KINDS = ["v1/Pod", "apps/v1/Deployment", "batch/v1/Job", "autoscaling/v2/HorizontalPodAutoscaler"]
KINDS += ["apiextensions.k8s.io/v1/CustomResourceDefinition", "v1/Secret", "v1/Service"]


@STEADY
@given(st.sampled_from(KINDS), ODD, st.booleans())
def test_a_manifest_of_any_shape_is_planned(kind: str, spec: Any, retain: bool) -> None:
    """What is wrong with it, the API server says: only its own object fails then."""
    version, _slash, name = kind.rpartition("/")
    odd = {"apiVersion": version, "kind": name, "metadata": {"name": "odd"}, "spec": spec}
    found = plan(resource(odd, config_map(), retain_replicas=retain))
    assert actions(found)["ConfigMap default/settings"] == Action.CREATE
    assert len({str(step.name) for step in found.steps} - {"Namespace default"}) == 2


def test_a_record_that_says_what_the_newest_ones_say_is_of_their_epoch() -> None:
    """What one member does alone later must be newer than what any other has: else a member that comes back could win."""
    made = plan(resource(deployment()))
    assert made.record is not None
    wanted, wider = made.record, replace(made.record, epoch=9, kinds=frozenset(), witness=True)
    assert at_agreed_epoch(made, [wider]).record == replace(wanted, epoch=9)
    assert at_agreed_epoch(made, []).record == wanted
    other = replace(wider, placement={"bom": None})
    assert at_agreed_epoch(made, [other]).record == wanted
    assert at_agreed_epoch(made, [wider, other]).record == wanted
    # one that had the same before, and was left out of a run, catches up
    behind = plan(resource(deployment()), record=replace(wanted, epoch=3))
    assert behind.record == replace(wanted, epoch=3)
    lifted = at_agreed_epoch(behind, [replace(wanted, epoch=4)]).record
    assert lifted is not None
    assert lifted.supersedes(replace(wanted, epoch=3))
    assert not lifted.supersedes(replace(wanted, epoch=4))
