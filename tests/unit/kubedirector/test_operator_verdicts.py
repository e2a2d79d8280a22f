# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdicts of the real operator, one by one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import (
    default_app,
    parse_app,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.cluster import (
    SETTINGS,
    default_cluster,
    parse_cluster,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Faulty
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    AROUND,
    CASES,
    DEFINITIONS,
    STORED,
    VA,
)

ACCEPTED = [case for case in CASES if case["accepted"]]
REFUSED = [case for case in CASES if not case["accepted"]]

# Case -> each of its faults: the path, and words that the operator's message and ours both have to contain.
FAULTS: dict[str, dict[str, tuple[str, ...]]] = {
    "cardinality ''": {"spec.roles[0].cardinality": ("cardinality", "must|should")},
    "cardinality '+'": {"spec.roles[0].cardinality": ("cardinality", "+")},
    "cardinality '1++'": {"spec.roles[0].cardinality": ("cardinality", "1++")},
    "cardinality '1-3'": {"spec.roles[0].cardinality": ("cardinality", "1-3")},
    "configSchemaVersion 6": {"spec.configSchemaVersion": ("configSchemaVersion", "6", "7")},
    "dup roleServices role": {"spec.config.roleServices[2].roleID": ("roleServices", "roleID", "must be unique")},
    "dup service id": {"spec.services[2].id": ("services", "id", "must be unique")},
    "endpoint without port": {
        "spec.services[0].endpoint.port": ("spec.services[0].endpoint.port", "required|Required")
    },
    "logoURL svg": {"spec.logoURL": ("logoURL", "https://x/y.svg", "png")},
    "multiple errors": {
        "spec.config.selectedRoles[3]": ("zz", "selectedRoles", "r1", "r2", "r3"),
        "spec.services[0].endpoint.urlScheme": ("isDashboard", "urlScheme", "endpoint", "service"),
    },
    "no default, one role has image": {
        "spec.roles[1].imageRepoTag": ("r2", "has no", "image"),
        "spec.roles[2].imageRepoTag": ("r3", "has no", "image"),
    },
    "no image at all": {f"spec.roles[{i}].imageRepoTag": (f"r{i + 1}", "has no", "image") for i in range(3)},
    # Ours is found where it was written, before it is copied to three roles.
    "persistDirs relative": {"spec.defaultPersistDirs[0]": ("ersistDirs[0]", "a")},
    "persistDirs trailing slash": {"spec.defaultPersistDirs[0]": ("ersistDirs[0]", "/a/")},
    "pkg not tgz": {"spec.defaultConfigPackage.packageURL": ("onfigPackage.packageURL", "https://x/y.zip", "tgz")},
    "roleServices unknown role": {"spec.config.roleServices[2].roleID": ("zz", "roleServices", "r1", "r2", "r3")},
    "default secret missing": {"spec.defaultSecret.name": ("defaultSecret", "zz", "default")},
    "dup role": {"spec.roles[2].id": ("roles", "id", "must be unique")},
    "env valueFrom + value (pruned)": {"spec.roles[0].env[0].valueFrom": ("unknown field", "valueFrom")},
    "file injection unreachable": {
        "spec.roles[0].fileInjections[0].srcURL": ("http://127.0.0.1:1/x", "connection refused", "URL")
    },
    "members -1": {"spec.roles[1].members": ("r2", "-1", "1+", "cardinality")},
    "memory below min": {"spec.roles[0].resources.requests.memory": ("memory", "512Mi", "r1", "1Gi")},
    "missing r1": {"spec.roles": ("r1", "va", "roles")},
    "podLabels bad": {"spec.roles[0].podLabels": ("spec.roles[0].podLabels", "a b")},
    "r1 members 3": {"spec.roles[0].members": ("r1", "3", "2", "cardinality")},
    "r2 members 0": {"spec.roles[1].members": ("r2", "0", "1+", "cardinality")},
    "role secret missing": {"spec.roles[0].secret.name": ("secret", "zz")},
    "secretKeys manual encryptedValue": {
        "spec.roles[0].secretKeys[0].encryptedValue": ("secret key", "a", "encrypted")
    },
    "serviceLabels bad value": {"spec.roles[0].serviceLabels.a": ("spec.roles[0].serviceLabels", "c d", "label")},
    "serviceType bad": {"spec.serviceType": ("ExternalName", "ClusterIP", "NodePort", "LoadBalancer")},
    "shm 0": {"spec.roles[0].sharedMemory": ("greater than zero",)},
    "status given on create": {"status": ("status", "read-only")},
    "storage bad": {"spec.roles[0].storage.size": ("storage", "size")},
    "storage class missing": {"spec.roles[0].storage.storageClassName": ("storageClass", "zz")},
    "storage too small": {"spec.roles[1].storage.size": ("storage", "size", "4Gi", "r2", "5Gi")},
    "volproj pvc missing": {"spec.roles[0].volumeProjections[0].pvcName": ("persistentvolumeclaim", "zz", "default")},
}


def parsed_spec(case: dict[str, Any]) -> Any:
    manifest = case["object"]
    if case["kind"] == "app":
        return parse_app(manifest).spec
    return parse_cluster(manifest, VA, around=AROUND).spec


def test_no_case_is_left_out() -> None:
    assert len(CASES) == 52
    assert sorted(FAULTS) == sorted(case["case"] for case in REFUSED)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["case"])
def test_accepted_and_stored_alike(case: dict[str, Any]) -> None:
    before = copy.deepcopy(case["object"])
    assert parsed_spec(case) == case["spec_after"]
    assert case["object"] == before, "a definition that is read is not changed"


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_refused_for_the_same_fault(case: dict[str, Any]) -> None:
    with pytest.raises(Faulty) as caught:
        parsed_spec(case)
    wanted = FAULTS[case["case"]]
    assert sorted(fault.path for fault in caught.value.faults) == sorted(wanted)
    assert case["object"]["metadata"]["name"] in str(caught.value)
    for fault in caught.value.faults:
        assert str(fault) in str(caught.value)
        for word in wanted[fault.path]:
            for text in (str(fault), case["message"]):
                assert any(choice.lower() in text.lower() for choice in word.split("|")), (word, text)


APPS = {name: manifest for name, manifest in DEFINITIONS.items() if manifest["kind"] == "KubeDirectorApp"}
CLUSTERS = {name: manifest for name, manifest in DEFINITIONS.items() if manifest["kind"] == "KubeDirectorCluster"}


def app_of(cluster: dict[str, Any]) -> Any:
    return next(app for app in map(parse_app, APPS.values()) if app.name == cluster["spec"]["app"])


@pytest.mark.parametrize("name", APPS)
def test_real_apps(name: str) -> None:
    spec = APPS[name]["spec"]
    app = parse_app(APPS[name])
    assert [role.id for role in app.roles] == [role["id"] for role in spec["roles"]]
    assert [str(role.cardinality) for role in app.roles] == [role["cardinality"] for role in spec["roles"]]
    for pair in spec["config"]["roleServices"]:
        assert [service.id for service in app.services_of(pair["roleID"])] == pair["serviceIDs"]
    assert default_app(app.spec) == app.spec


@pytest.mark.parametrize("name", CLUSTERS)
def test_real_instances(name: str) -> None:
    app = app_of(CLUSTERS[name])
    cluster = parse_cluster(CLUSTERS[name], app)
    assert [(role.id, role.members) for role in cluster.roles] == [
        (role["id"], role["members"]) for role in CLUSTERS[name]["spec"]["roles"]
    ]
    assert default_cluster(cluster.spec, app) == cluster.spec


@pytest.mark.parametrize("name", STORED)
def test_instances_as_the_operator_stored_them(name: str) -> None:
    manifest = CLUSTERS[name]
    stored = default_cluster(manifest["spec"], app_of(manifest), SETTINGS, AROUND)
    # The operator, not the webhook, adds the empty mapping when it writes its finalizer.
    assert {"connections": {}, **stored} == STORED[name]
