# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules that the operator's cases do not show, and what parsing makes of definitions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import (
    Cardinality,
    Endpoint,
    MinStorage,
    Package,
    check_app_change,
    parse_app,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app_rules import app_faults
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.cluster import (
    BlockStorage,
    SecretMount,
    Storage,
    cluster_faults,
    parse_cluster,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Faulty
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.settings import (
    Claim,
    Settings,
    parse_settings,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    AROUND,
    VA,
    app_manifest,
    cluster_manifest,
    role,
)


def app_role(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "cardinality": "1", **fields}


def one_role_app(**fields: Any) -> dict[str, Any]:
    config = {"selectedRoles": ["r"], "roleServices": []}
    return app_manifest(roles=[app_role("r", **fields)], config=config)


@pytest.mark.parametrize(
    ("manifest", "path", "words"),
    [
        (one_role_app(containerSpec={"tty": True}), "spec.roles[0].containerSpec.tty", "stdin: true"),
        (one_role_app(containerSpec={"tty": True, "stdin": False}), "spec.roles[0].containerSpec.tty", "stdin: true"),
        (one_role_app(minStorage={"size": "1.2.3"}), "spec.roles[0].minStorage.size", "quantity"),
        (one_role_app(minResources={"cpu": 1}), "spec.roles[0].minResources.cpu", "quote it"),
        (one_role_app(eventList=["reconnect"]), "spec.roles[0].eventList[0]", "configure, addnodes, delnodes"),
        (one_role_app(cardinality=1), "spec.roles[0].cardinality", "quote it"),
        (one_role_app(persistDirs=["/"]), "spec.roles[0].persistDirs[0]", "absolute path"),
        (one_role_app(cardinality="1\n"), "spec.roles[0].cardinality", "number of members"),
        (one_role_app(imageRepoTagg="x"), "spec.roles[0].imageRepoTagg", "did you mean 'imageRepoTag'"),
        (app_manifest(roles=[app_role("")], config={"selectedRoles": [], "roleServices": []}), "spec.roles[0].id", "empty"),
        (app_manifest(roles=[app_role("r"), app_role("r")], config={"selectedRoles": [], "roleServices": []}), "spec.roles[1].id", "'r'"),
        (app_manifest(config={"selectedRoles": ["r1", "r1"], "roleServices": []}), "spec.config.selectedRoles[1]", "'r1'"),
        (
            app_manifest(config={"selectedRoles": [], "roleServices": [{"roleID": "r1", "serviceIDs": ["b", "zz"]}]}),
            "spec.config.roleServices[0].serviceIDs[1]",
            "there are a, b",
        ),
        (app_manifest(services=[{"id": "a" * 16}], config={"selectedRoles": [], "roleServices": []}), "spec.services[0].id", "15"),
        (app_manifest(version=1.0), "spec.version", "quote it"),
        (app_manifest(configSchemaVersion=True), "spec.configSchemaVersion", "a boolean"),
        (app_manifest(label={"name": ""}), "spec.label.name", "empty"),
        ({**app_manifest(), "metadata": {"name": "a" * 64}}, "metadata.name", "63"),
        ({**app_manifest(), "metadata": {"name": "Big"}}, "metadata.name", "lower-case"),
        ({**app_manifest(), "metadata": None}, "metadata.name", "missing"),
        ({**app_manifest(), "spec": None}, "spec", "missing"),
        ({**app_manifest(), "apiVersion": "kubedirector.hpe.com/v1alpha1"}, "apiVersion", "v1beta1"),
        ({**app_manifest(), "status": {}}, "status", "unknown field"),
    ],
)  # fmt: skip
def test_bad_apps(manifest: dict[str, Any], path: str, words: str) -> None:
    faults = app_faults(manifest)
    assert [fault.path for fault in faults] == [path]
    assert words in faults[0].text


@pytest.mark.parametrize("raw", [None, "text", ["a list"]])
def test_what_is_no_manifest(raw: Any) -> None:
    with pytest.raises(ConfigError, match="must be a mapping"):
        parse_app(raw)
    with pytest.raises(ConfigError, match="must be a mapping"):
        parse_cluster(raw, VA)


def test_faults_of_shape_and_of_rules_come_together() -> None:
    manifest = app_manifest(version=1, defaultImageRepoTag=None)
    assert [fault.path for fault in app_faults(manifest)] == [
        "spec.version",
        *(f"spec.roles[{i}].imageRepoTag" for i in range(3)),
    ]


def test_an_app_as_types() -> None:
    app = parse_app(
        app_manifest(
            defaultConfigPackage={"packageURL": "file:///p.tgz", "useNewSetupLayout": True},
            defaultPersistDirs=["/all"],
            defaultEventList=["configure"],
            defaultMaxLogSizeDump=5,
            capabilities=["SYS_PTRACE"],
            roles=[
                {"id": "r1", "cardinality": "2", "configPackage": None, "persistDirs": [], "imageRepoTag": "own:1"},
                {"id": "r2", "cardinality": "1+", "minStorage": {"size": "5Gi"}, "eventList": []},
                {"id": "r3", "cardinality": "0+", "maxLogSizeDump": 0},
            ],
        ),
        "system",
    )
    first, second, third = app.roles
    assert (first.image, first.package, first.persist_dirs, first.events) == ("own:1", None, (), ("configure",))
    assert (second.image, second.package) == ("example.com/va:1", Package("file:///p.tgz", True))
    assert (second.persist_dirs, second.events, second.min_storage) == (("/all",), (), MinStorage("5Gi"))
    assert [role.max_log_size_dump for role in app.roles] == [5, 5, 0]
    assert [role.cardinality for role in app.roles] == [Cardinality(2), Cardinality(1, True), Cardinality(0, True)]
    assert third.events == ("configure",)
    assert app.required_roles() == ("r1", "r2")
    assert app.services[0].endpoint == Endpoint(80, "http", is_dashboard=True)
    assert app.services[1].endpoint is None
    assert app.services_of("r3") == ()
    assert (app.catalog, app.capabilities, app.systemd_required) == ("system", ("SYS_PTRACE",), False)
    assert parse_app(one_role_app()).roles[0].events is None


def test_a_role_that_is_not_selected_is_not_required() -> None:
    config = {"selectedRoles": ["r2"], "roleServices": []}
    assert parse_app(app_manifest(config=config)).required_roles() == ("r2",)


def test_a_used_app_stays_as_it_is() -> None:
    same = {**app_manifest(), "metadata": {"name": "va", "labels": {"new": "label"}}}
    other = app_manifest(version="2")
    check_app_change(VA, same, ["eu-1/vc"])
    check_app_change(VA, other, [])
    check_app_change(VA, None, [])
    with pytest.raises(ConfigError, match="cannot be changed while instances use it: eu-1/a, eu-1/b"):
        check_app_change(VA, other, ["eu-1/b", "eu-1/a"])
    with pytest.raises(ConfigError, match="cannot be removed"):
        check_app_change(VA, None, ["eu-1/vc"])


def of_r2(**fields: Any) -> dict[str, Any]:
    return cluster_manifest(roles=[role("r1"), role("r2", **{"storage": {"size": "5Gi"}, **fields})])


@pytest.mark.parametrize(
    ("manifest", "path", "words"),
    [
        (cluster_manifest(app="other"), "spec.app", "'other'"),
        (cluster_manifest(appCatalog="remote"), "spec.appCatalog", "local, system"),
        (cluster_manifest(roles=[role("r1"), role("r2", storage={"size": "5Gi"}), role("zz")]), "spec.roles[2].id", "r1, r2, r3"),
        (of_r2(members=999), "spec.roles", "1001 members"),
        (of_r2(storage=None), "spec.roles[1].storage", "5Gi"),
        (of_r2(storage={"size": "0"}), "spec.roles[1].storage.size", "greater than zero"),
        (of_r2(resources={"limits": {"cpu": 1, "memory": "1Gi"}}), "spec.roles[1].resources.limits.cpu", "quote it"),
        (of_r2(resources={"limits": {"cpu": "1"}}), "spec.roles[1].resources.limits.memory", "missing"),
        (of_r2(resources={"limits": {"cpu": "-1", "memory": "1"}}), "spec.roles[1].resources.limits.cpu", "quantity"),
        (of_r2(env=[{"name": "A"}]), "spec.roles[1].env[0].value", "missing"),
        (of_r2(secret={"name": "sec1", "mountPath": "/s", "defaultMode": 512}), "spec.roles[1].secret.defaultMode", "511"),
        (of_r2(fileInjections=[{"srcURL": "ftp://x/y", "destDir": "/d"}]), "spec.roles[1].fileInjections[0].srcURL", "http://"),
        (of_r2(podLabels={"a/b/c": "v"}), "spec.roles[1].podLabels", "'a/b/c'"),
        (of_r2(podLabels={"a": "v" * 64}), "spec.roles[1].podLabels.a", "63"),
        (of_r2(serviceAnnotations={"A B": ""}), "spec.roles[1].serviceAnnotations", "'A B'"),
        (of_r2(serviceAccountName="none"), "spec.roles[1].serviceAccountName", "'none'"),
        (
            of_r2(blockStorage={"storageClassName": "no", "pathPrefix": "/b", "numDevices": 1}),
            "spec.roles[1].blockStorage.storageClassName",
            "'no'",
        ),
        (of_r2(volumeProjections=[{"pvcName": "block", "mountPath": "/v"}]), "spec.roles[1].volumeProjections[0].pvcName", "Block"),
        (
            of_r2(members=2, volumeProjections=[{"pvcName": "single", "mountPath": "/v"}]),
            "spec.roles[1].volumeProjections[0].pvcName",
            "ReadWriteMany",
        ),
        (
            of_r2(volumeProjections=[{"pvcName": "single", "mountPath": "/v"}, {"pvcName": "single", "mountPath": "/v/"}]),
            "spec.roles[1].volumeProjections[1].mountPath",
            "another volume projection",
        ),
        (
            of_r2(secret={"name": "sec1", "mountPath": "/v"}, volumeProjections=[{"pvcName": "single", "mountPath": "/v"}]),
            "spec.roles[1].volumeProjections[0].mountPath",
            "secret",
        ),
    ],
)  # fmt: skip
def test_bad_instances(manifest: dict[str, Any], path: str, words: str) -> None:
    around = replace(AROUND, claims={"block": Claim(volume_mode="Block"), "single": Claim()})
    faults = cluster_faults(manifest, VA, around=around)
    assert [fault.path for fault in faults] == [path]
    assert words in faults[0].text


def test_requests_count_and_limits_do_not() -> None:
    """As with the operator: what is not requested counts as 0."""
    limits = {"limits": {"memory": "9Gi", "cpu": "9"}}
    manifest = cluster_manifest(roles=[role("r1", resources=limits), role("r2", storage={"size": "5Gi"})])
    assert [fault.path for fault in cluster_faults(manifest, VA)] == [
        "spec.roles[0].resources.requests.memory",
        "spec.roles[0].resources.requests.cpu",
    ]


def test_what_is_not_known_of_the_member_is_not_judged() -> None:
    manifest = of_r2(
        storage={"size": "5Gi", "storageClassName": "any"},
        serviceAccountName="any",
        secret={"name": "any", "mountPath": "/s"},
        volumeProjections=[{"pvcName": "any", "mountPath": "/v"}],
    )
    assert cluster_faults(manifest, VA) == ()
    assert len(cluster_faults(manifest, VA, around=AROUND)) == 4


def test_storage_classes() -> None:
    manifest = of_r2()
    bare = replace(AROUND, default_storage_class="")
    assert parse_cluster(manifest, VA).roles[1].storage == Storage("5Gi")
    assert parse_cluster(manifest, VA, around=AROUND).roles[1].storage == Storage("5Gi", "standard")
    assert parse_cluster(manifest, VA, Settings("local-path"), bare).roles[1].storage == Storage("5Gi", "local-path")
    with pytest.raises(Faulty, match="no default StorageClass: name one of local-path, standard"):
        parse_cluster(manifest, VA, around=bare)
    with pytest.raises(Faulty, match="no StorageClass 'gone' on the member; there are local-path, standard"):
        parse_cluster(manifest, VA, Settings("gone"), bare)


def test_a_default_secret_goes_to_roles_without_one_and_is_judged_once() -> None:
    own = {"name": "own", "mountPath": "/own"}
    manifest = cluster_manifest(
        defaultSecret={"name": "all", "mountPath": "/all", "readOnly": True},
        roles=[role("r1", secret=own), role("r2", storage={"size": "5Gi"})],
    )
    cluster = parse_cluster(manifest, VA)
    assert [found.secret for found in cluster.roles] == [
        SecretMount("own", "/own"),
        SecretMount("all", "/all", None, True),
    ]
    assert [fault.path for fault in cluster_faults(manifest, VA, around=AROUND)] == [
        "spec.defaultSecret.name",
        "spec.roles[0].secret.name",
    ]
    prefixed = cluster_faults(manifest, VA, Settings(required_secret_prefix="ow"))
    assert [fault.path for fault in prefixed] == ["spec.defaultSecret.name"]


def test_an_instance_as_types() -> None:
    block = {"storageClassName": "raw", "pathPrefix": "/dev/x", "numDevices": 2}
    manifest = of_r2(members=3, blockStorage=block, env=[{"name": "B", "value": ""}, {"name": "A", "value": "1"}])
    cluster = parse_cluster(manifest, VA)
    second = cluster.role("r2")
    assert second is not None
    assert (cluster.members, second.members) == (5, 3)
    assert second.block_storage == BlockStorage("raw", "/dev/x", 2, "1Gi")
    assert second.env == (("B", ""), ("A", "1"))
    assert (cluster.app_catalog, cluster.service_type, cluster.naming_scheme) == ("local", "LoadBalancer", "UID")
    assert cluster.role("r3") is None
    settings = Settings(default_service_type="ClusterIP", default_naming_scheme="CrNameRole")
    other = parse_cluster(manifest, parse_app(app_manifest(), "system"), settings)
    assert (other.app_catalog, other.service_type, other.naming_scheme) == ("system", "ClusterIP", "CrNameRole")


def test_numbers_are_fine_for_resources_that_the_schema_does_not_name() -> None:
    amounts = {"memory": "1Gi", "cpu": "1", "example.com/unit": 2}
    found = parse_cluster(of_r2(resources={"limits": amounts}), VA).roles[1]
    assert found.limits == {"memory": "1Gi", "cpu": "1", "example.com/unit": "2"}
    assert found.requests == {}


def test_a_stored_instance_may_have_a_status_and_encrypted_keys() -> None:
    manifest = {**of_r2(secretKeys=[{"name": "k", "encryptedValue": "00"}]), "status": {"state": "configured"}}
    assert [fault.path for fault in cluster_faults(manifest, VA)] == [
        "status",
        "spec.roles[1].secretKeys[0].encryptedValue",
    ]
    assert cluster_faults(manifest, VA, stored=True) == ()


def config(name: str = "kd-global-config", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorConfig",
        "metadata": {"name": name},
        "spec": spec,
    }


def test_settings() -> None:
    assert parse_settings(config()) == Settings()
    found = parse_settings(
        config(
            defaultServiceType="ClusterIP", requiredSecretPrefix="kd-", podLabels={"a": "b"}, backupClusterStatus=True
        )
    )
    assert found == Settings(default_service_type="ClusterIP", required_secret_prefix="kd-", pod_labels={"a": "b"})


@pytest.mark.parametrize(
    ("manifest", "path"),
    [
        (config("other"), "metadata.name"),
        (config(defaultServiceType="x"), "spec.defaultServiceType"),
        (config(podLabels={"a b": "c"}), "spec.podLabels"),
        (config(serviceAnnotations={"a b": "c"}), "spec.serviceAnnotations"),
        (config(unheard="of"), "spec.unheard"),
    ],
)
def test_bad_settings(manifest: dict[str, Any], path: str) -> None:
    with pytest.raises(Faulty) as caught:
        parse_settings(manifest)
    assert [fault.path for fault in caught.value.faults] == [path]


def test_the_key_of_the_settings_is_never_shown() -> None:
    with pytest.raises(Faulty) as caught:
        parse_settings(config(masterEncryptionKey=12345678))
    assert "12345678" not in str(caught.value)
