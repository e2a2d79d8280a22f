# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may change in an instance, and when."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.cluster import default_cluster
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Faulty
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.settings import Settings
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.update import (
    OPERATOR,
    UpdateRules,
    check_update,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    AROUND,
    VA,
    cluster_manifest,
    role,
)


def roles(**fields: Any) -> list[dict[str, Any]]:
    """The roles of an instance; ``fields`` are those of r2."""
    return [role("r1"), role("r2", **{"storage": {"size": "5Gi"}, **fields})]


def stored(alive: tuple[str, ...] = ("r1", "r2"), pending: tuple[str, ...] = (), **spec: Any) -> dict[str, Any]:
    """An instance that runs, with members of the roles ``alive``; those of ``pending`` wait for a notice."""
    manifest = cluster_manifest(**spec)
    manifest["spec"] = default_cluster(manifest["spec"], VA, around=AROUND)
    members = [
        {
            "id": name,
            "members": [{"pod": f"{name}-0", "stateDetail": {"pendingNotifyCmds": [{}] if name in pending else []}}],
        }
        for name in alive
    ]
    return {**manifest, "status": {"state": "configured", "roles": members}}


def faults(old: dict[str, Any], new: dict[str, Any], rules: UpdateRules = OPERATOR) -> list[str]:
    before = copy.deepcopy((old, new))
    try:
        check_update(old, new, VA, Settings(), AROUND, rules)
    except Faulty as error:
        return [fault.path for fault in error.faults]
    finally:
        assert (old, new) == before
    return []


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        ({}, []),
        ({"roles": roles(members=4)}, []),
        ({"serviceType": "ClusterIP"}, []),
        ({"namingScheme": "CrNameRole"}, []),
        ({"connections": {"secrets": ["s"]}}, []),
        ({"roles": [*roles(), role("r3", members=2)]}, []),
        ({"app": "other"}, ["spec.app"]),
        ({"appCatalog": "system"}, ["spec.appCatalog"]),
        ({"roles": roles(env=[{"name": "A", "value": "1"}])}, ["spec.roles[1].env"]),
        ({"roles": roles(storage={"size": "6Gi"}, members=4)}, ["spec.roles[1].storage"]),
        ({"roles": roles(storage={"size": "5Gi", "storageClassName": "local-path"})}, ["spec.roles[1].storage"]),
        ({"roles": roles(members=0)}, ["spec.roles[1].members"]),
        ({"roles": roles()[1:]}, ["spec.roles"]),
        # What cannot change is told alone; of several such things, each.
        ({"app": "other", "roles": roles(podLabels={"a": "b"}, members=0)}, ["spec.app", "spec.roles[1].podLabels"]),
    ],
)  # fmt: skip
def test_changes_of_a_running_instance(spec: dict[str, Any], paths: list[str]) -> None:
    assert faults(stored(), cluster_manifest(**spec)) == paths


def test_another_name_is_another_instance() -> None:
    new = cluster_manifest(serviceType="ClusterIP")
    new["metadata"]["name"] = "other"
    assert faults(stored(), new) == ["metadata.name"]


def test_a_role_without_members_changes_freely() -> None:
    old = stored(alive=("r1", "r2"), roles=[*roles(), role("r3", members=0)])
    new = cluster_manifest(roles=[*roles(), role("r3", members=1, podLabels={"a": "b"})])
    assert faults(old, new) == []


def test_a_role_on_its_way_out_does_not_come_back() -> None:
    old = stored(alive=("r1", "r2", "r3"))
    assert faults(old, cluster_manifest(roles=[*roles(), role("r3", members=1)])) == ["spec.roles[2]"]


def test_an_engine_may_allow_more() -> None:
    more = UpdateRules(frozenset({"app"}), frozenset({"members", "env"}))
    changed = roles(env=[{"name": "A", "value": "1"}])
    assert faults(stored(), cluster_manifest(appCatalog="system", roles=changed), more) == []


@pytest.mark.parametrize(
    "old",
    [
        {**stored(), "status": None},
        {**stored(), "status": {**stored()["status"], "state": "spec modified"}},
        stored(pending=("r1",)),
    ],
)
def test_one_change_at_a_time(old: dict[str, Any]) -> None:
    assert faults(old, cluster_manifest(roles=roles(members=2))) == ["spec"]
    assert faults(old, cluster_manifest()) == [], "a spec that stays as it is waits for nothing"
    assert faults(old, {**cluster_manifest(), "spec": dict(old["spec"])}) == []


def test_who_waits_is_named() -> None:
    with pytest.raises(Faulty, match=r"\(r2-0\)"):
        check_update(stored(pending=("r2",)), cluster_manifest(roles=roles(members=2)), VA)


def test_new_defaults_are_for_new_instances() -> None:
    """The stored storage class and service type stay, although the settings have others by now."""
    settings = Settings("local-path", default_service_type="NodePort", default_naming_scheme="CrNameRole")
    check_update(stored(), cluster_manifest(roles=roles(members=3)), VA, settings, AROUND)


def test_a_bad_shape_is_refused_before_anything_is_compared() -> None:
    assert faults(stored(), cluster_manifest(roles=["r1"])) == ["spec.roles[0]"]
    assert faults(stored(), {**cluster_manifest(), "spec": None}) == ["spec"]


def test_encrypted_values_are_kept_and_not_forged() -> None:
    def with_key(value: str, members: int) -> dict[str, Any]:
        return cluster_manifest(
            roles=[*roles(members=members), role("r3", secretKeys=[{"name": "k", "encryptedValue": value}])]
        )

    old = stored(alive=("r1", "r2"), roles=with_key("00", 1)["spec"]["roles"])
    assert faults(old, with_key("00", 2)) == []
    assert faults(old, with_key("11", 2)) == ["spec.roles[2].secretKeys[0].encryptedValue"]
