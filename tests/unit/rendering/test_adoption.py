# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking over what another tool applied."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import ObjectName
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.adoption import (
    claimed_by_another,
    earlier_appliers,
    given_up,
    is_applier,
    migrated,
    migration,
    not_restored,
)
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.ownership import mark
from ansible_collections.multicluster.federation.tests.unit.helpers import (
    CONFIG_MAP,
    FEDERATION,
    MANAGER,
    STEADY,
    applied_by_us,
    config_map,
)

SETTINGS = ObjectName(CONFIG_MAP, "default", "settings")
UPDATE, APPLY = "Update", "Apply"


def entry(manager: str, operation: str = UPDATE, version: str = "v1", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": version, "fieldsType": "FieldsV1", **more}


def fields(*keys: str) -> dict[str, Any]:
    return {"f:data": {f"f:{key}": {} for key in keys}}


def metadata(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"name": "settings", "uid": "u-1", "resourceVersion": "7", "managedFields": list(entries)}


@pytest.mark.parametrize(
    "manager",
    [
        *("kubectl", "kubectl-client-side-apply", "kubectl-create", "kubectl-edit", "kubectl-last-applied"),
        *("OpenAPI-Generator", "kubefed", "karmada", "karmada-agent", "work", "work-agent", "helm", "Helm"),
    ],
)
def test_tools_by_which_people_write_manifests(manager: str) -> None:
    assert is_applier(entry(manager))
    assert not is_applier(entry(manager, subresource="status"))
    assert not is_applier(entry(manager, subresource="scale"))


@pytest.mark.parametrize(
    "manager",
    ["kube-controller-manager", "kubelet", "kube-scheduler", "vpa", "network", "helm-controller-x", "mykubectl", ""],
)
def test_controllers_are_no_appliers_unless_they_apply(manager: str) -> None:
    assert not is_applier(entry(manager))
    assert is_applier(entry(manager, APPLY))
    assert not is_applier(entry(manager, APPLY, subresource="status"))


def test_entries_that_say_little() -> None:
    assert not is_applier({})
    assert earlier_appliers({}, MANAGER) == []
    assert earlier_appliers({"managedFields": None}, MANAGER) == []
    assert len(migrated({}, MANAGER, "v1")) == 1


def test_whose_fields_become_ours() -> None:
    found = metadata(
        entry("kubectl-edit"),
        entry("alice", APPLY),
        entry(MANAGER, APPLY),
        entry("kubectl-edit"),
        entry("kube-controller-manager"),
        entry("kubectl", subresource="scale"),
    )
    assert earlier_appliers(found, MANAGER) == ["alice", "kubectl-edit"]


def test_what_they_applied_is_one_entry_of_ours() -> None:
    controller = entry("kube-controller-manager", fieldsV1={"f:metadata": {"f:annotations": {"f:revision": {}}}})
    status = entry("kubectl-edit", subresource="status", fieldsV1={"f:status": {}})
    scale = entry("kubectl", subresource="scale", fieldsV1={"f:spec": {"f:replicas": {}}})
    older = entry("kubectl-create", version="v1beta1", fieldsV1=fields("z"))
    found = metadata(
        controller,
        entry("kubectl-client-side-apply", fieldsV1=fields("a", "b"), time="2026-01-01T00:00:00Z"),
        status,
        entry("argocd", APPLY, fieldsV1=fields("b", "c")),
        scale,
        entry(MANAGER, APPLY, fieldsV1=fields("d")),
        older,
    )
    before = copy.deepcopy(found)
    assert migrated(found, MANAGER, "v1") == [
        entry(MANAGER, APPLY, fieldsV1=fields("a", "b", "c", "d")),
        controller,
        status,
        scale,
        older,
    ]
    assert found == before


def test_an_update_under_our_own_name_stays_what_it_is() -> None:
    update = entry(MANAGER, UPDATE, fieldsV1=fields("a"))
    ours = entry(MANAGER, APPLY, fieldsV1=fields("b"))
    assert migrated(metadata(update, ours), MANAGER, "v1") == [ours, update]
    assert migration(metadata(ours), MANAGER, "v1") == []


def test_the_patch_is_for_the_very_object_that_was_read() -> None:
    found = metadata(entry("kubectl-create", fieldsV1=fields("a")))
    assert migration(found, MANAGER, "v1") == [
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {
            "op": "replace",
            "path": "/metadata/managedFields",
            "value": [entry(MANAGER, APPLY, fieldsV1=fields("a"))],
        },
    ]


def test_what_nobody_applied_is_not_migrated() -> None:
    for found in (metadata(), metadata(entry("kube-controller-manager")), {}):
        assert migration(found, MANAGER, "v1") == []


# laws

NODES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.just({}),
    lambda inner: st.dictionaries(
        st.sampled_from([".", "f:a", "f:b", 'k:{"name":"x"}', 'v:"y"']), inner, min_size=1, max_size=3
    ),
    max_leaves=10,
)
ENTRIES = st.builds(
    lambda manager, operation, version, more, node: entry(manager, operation, version, **more, fieldsV1=node),
    st.sampled_from([MANAGER, "kubectl", "kubectl-edit", "alice", "kube-controller-manager"]),
    st.sampled_from([APPLY, UPDATE]),
    st.sampled_from(["v1", "v1", "v1", "v1beta1"]),
    st.sampled_from([{}, {}, {}, {"subresource": "status"}, {"subresource": "scale"}]),
    NODES,
)
OBJECTS = st.lists(ENTRIES, max_size=5).map(lambda entries: metadata(*entries))


def paths(node: dict[str, Any], at: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    return {at}.union(*(paths(below, (*at, key)) for key, below in node.items()))


def goes(found: dict[str, Any]) -> bool:
    """Whether an entry is taken over (or is ours already)."""
    return found["apiVersion"] == "v1" and is_applier(found)


@STEADY
@given(OBJECTS)
def test_our_entry_is_the_union_and_the_others_stay(found: dict[str, Any]) -> None:
    before = copy.deepcopy(found)
    first, *rest = migrated(found, MANAGER, "v1")
    assert found == before
    assert (first["manager"], first["operation"], first["apiVersion"]) == (MANAGER, APPLY, "v1")
    assert rest == [e for e in found["managedFields"] if not goes(e)]
    taken = [paths(e["fieldsV1"]) for e in found["managedFields"] if goes(e)]
    assert paths(first["fieldsV1"]) == {()}.union(*taken)


@STEADY
@given(OBJECTS)
def test_nothing_is_left_to_take_over_afterwards(found: dict[str, Any]) -> None:
    after = migrated(found, MANAGER, "v1")
    assert migrated(metadata(*after), MANAGER, "v1") == after
    assert not [e for e in after[1:] if e["apiVersion"] == "v1" and e["manager"] != MANAGER and is_applier(e)]


def leaves(node: dict[str, Any], at: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    below = {key: inner for key, inner in node.items() if key != "."}
    return {at}.union(*(leaves(inner, (*at, key)) for key, inner in below.items())) - (
        {at} if below or not at else set()
    )


@STEADY
@given(OBJECTS, st.booleans())
def test_what_goes_is_what_we_take_over_and_nobody_else_holds(found: dict[str, Any], adopting: bool) -> None:
    ours = [
        e
        for e in found["managedFields"]
        if e["manager"] == MANAGER and e["operation"] == APPLY and "subresource" not in e
    ]
    mine = [e for e in found["managedFields"] if goes(e)] if adopting else ours[:1]
    others = [e for e in found["managedFields"] if not any(e is m for m in mine)]
    held = set().union(*(paths(e["fieldsV1"]) for e in others))
    taken = given_up({}, MANAGER, "v1", adopting) if not mine else {}
    assert taken == {}
    for path in (wanted := set().union(*(leaves(e["fieldsV1"]) for e in mine))) - held:
        if not any(path == other[: len(path)] for other in wanted - {path}):
            assert path in leaves(given_up(found, MANAGER, "v1", adopting))
    assert not leaves(given_up(found, MANAGER, "v1", adopting)) & held


def test_what_goes_with_an_adoption() -> None:
    found = metadata(
        entry("kubectl-client-side-apply", fieldsV1=fields("a", "b", "c")),
        entry(MANAGER, APPLY, fieldsV1=fields("d")),
        entry("kube-controller-manager", fieldsV1=fields("b")),
        entry("kubectl", subresource="scale", fieldsV1={"f:spec": {"f:replicas": {}}}),
    )
    assert given_up(found, MANAGER, "v1", adopting=True) == fields("a", "c", "d")
    assert given_up(found, MANAGER, "v1", adopting=False) == fields("d")
    found["managedFields"][1]["fieldsV1"]["f:spec"] = {"f:replicas": {}, "f:paused": {}}
    assert "f:replicas" not in given_up(found, MANAGER, "v1", adopting=True)["f:spec"]
    del found["managedFields"][3]
    gone = given_up(found, MANAGER, "v1", adopting=False, replicas_stay=True)
    assert gone == {**fields("d"), "f:spec": {"f:paused": {}}}
    assert given_up({}, MANAGER, "v1", adopting=True) == {}


def test_defaults_that_come_back_do_not_go() -> None:
    live = {
        "spec": {
            "type": "ClusterIP",
            "paused": True,
            "ports": [{"port": 80, "protocol": "TCP", "name": "a"}, {"port": 81, "protocol": "TCP"}],
            "args": ["-a", "-b"],
        }
    }
    completed = {"spec": {"type": "ClusterIP", "ports": [{"port": 80, "protocol": "TCP"}], "args": ["-a"]}}
    first, second = ('k:{"port":80,"protocol":"TCP"}', 'k:{"port":81,"protocol":"TCP"}')
    item = {".": {}, "f:port": {}, "f:protocol": {}}
    held = {
        "f:spec": {
            ".": {},
            "f:type": {},
            "f:paused": {},
            "f:ports": {".": {}, first: {**item, "f:name": {}}, second: item},
            "f:args": {'v:"-a"': {}, 'v:"-b"': {}},
        }
    }
    gone = {first: {"f:name": {}}, second: {"f:port": {}, "f:protocol": {}}}
    expected = {"f:spec": {"f:paused": {}, "f:ports": gone, "f:args": {'v:"-b"': {}}}}
    assert not_restored(held, live, completed) == expected
    assert not_restored(held, live, live) == {}
    assert not_restored(held, {}, {}) == {}


# whose it is


def claimed(federation: str, resource: str = "shop", **change: Any) -> str:
    """Whose an object is that was made for this federation, asked by ours."""
    seen = applied_by_us(mark(config_map(), SETTINGS, federation, resource))
    seen["managedFields"][0]["manager"] = names.field_manager(federation)
    return claimed_by_another({**seen, **change}, SETTINGS, FEDERATION)


def test_what_another_resource_or_federation_made() -> None:
    assert claimed("beta") == "federation beta"
    assert claimed(FEDERATION, "other") == "resource other of this federation"


@pytest.mark.parametrize(
    "change", [{"labels": {}}, {"labels": None}, {"annotations": {}}, {"managedFields": []}, {"managedFields": None}]
)
def test_a_copy_is_nobodys(change: dict[str, Any]) -> None:
    assert claimed("beta", **change) == ""
    assert claimed_by_another({}, SETTINGS, FEDERATION) == ""
