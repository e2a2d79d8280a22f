# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a runtime, an instance and settings make of the pods of a role, where no operator shows how it should be."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    BOTH,
    POD,
    ROLE,
    Instance,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.volumes import (
    persistent_directories,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.settings import Settings
from ansible_collections.multicluster.federation.plugins.module_utils.model.generated import wanted_values
from ansible_collections.multicluster.federation.tests.unit.kubedirector.one_role import (
    PACKAGE,
    built,
    endpoints,
    of_runtime,
)


def objects(instance: Instance, kind: str) -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: m for m in render(instance) if m["kind"] == kind}


def pod_of(instance: Instance) -> dict[str, Any]:
    return objects(instance, "StatefulSet")["vc-r1"]["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def container_of(instance: Instance) -> dict[str, Any]:
    return pod_of(instance)["containers"][0]  # type: ignore[no-any-return]


def mounts(instance: Instance) -> dict[str, str]:
    return {mount["mountPath"]: mount["name"] for mount in container_of(instance).get("volumeMounts", [])}


def volume(instance: Instance, name: str) -> dict[str, Any]:
    return next(entry for entry in pod_of(instance)["volumes"] if entry["name"] == name)


def environment(instance: Instance) -> dict[str, Any]:
    found = container_of(instance)["env"]
    assert len({entry["name"] for entry in found}) == len(found)
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in found}


def test_the_runtime_says_what_runs_and_the_app_what_it_is() -> None:
    own = {
        "command": ["serve"],
        "args": ["--port", "@{param:p}"],
        "workingDir": "/srv",
        "livenessProbe": {"tcpSocket": {"port": "a"}},
        "securityContext": {"runAsUser": 5, "capabilities": {"add": ["X"], "drop": ["ALL"]}},
    }
    pod = {"nodeSelector": {"disk": "@{param:p}"}, "terminationGracePeriodSeconds": 7}
    instance = built(spec={"capabilities": ["Y"]}, runtime=of_runtime(container=own, pod=pod))
    container = container_of(instance)
    assert container["command"] == ["serve"]
    assert container["args"] == ["--port", "x"]
    assert container["image"] == "example.com/va:1"
    assert container["securityContext"] == {"runAsUser": 5, "capabilities": {"add": ["X", "Y"], "drop": ["ALL"]}}
    assert {"workingDir", "livenessProbe", "readinessProbe", "ports"} <= set(container)
    assert pod_of(instance)["nodeSelector"] == {"disk": "x"}
    assert pod_of(instance)["terminationGracePeriodSeconds"] == 7
    assert instance.definition.runtime.role("r1").container == own


@pytest.mark.parametrize(
    ("own", "probe"),
    [
        ({}, {"tcpSocket": {"port": "a"}, "periodSeconds": 5}),
        ({"livenessProbe": {"exec": {"command": ["x"]}}}, {"tcpSocket": {"port": "a"}, "periodSeconds": 5}),
        ({"readinessProbe": {"exec": {"command": ["x"]}}}, {"exec": {"command": ["x"]}}),
        ({"startupProbe": {"exec": {"command": ["x"]}}}, None),
    ],
)
def test_a_pod_is_ready_when_its_first_port_is_unless_the_runtime_knows_better(own: Any, probe: Any) -> None:
    instance = built(runtime=of_runtime(container=own))
    assert container_of(instance).get("readinessProbe") == probe


def test_ports_have_names_where_kubernetes_takes_them() -> None:
    instance = built(spec=endpoints(**{"8080": 80, "a--b": 81, "web": 82}))
    container = container_of(instance)
    assert container["ports"] == [
        {"containerPort": 80, "protocol": "TCP"},
        {"containerPort": 81, "protocol": "TCP"},
        {"containerPort": 82, "protocol": "TCP", "name": "web"},
    ]
    assert container["readinessProbe"]["tcpSocket"] == {"port": 80}
    ports = objects(instance, "Service")["vc-r1"]["spec"]["ports"]
    assert [port["name"] for port in ports] == ["generic-8080", "generic-a--b", "generic-web"]


def test_the_instance_has_the_last_word_on_the_environment_but_for_what_packages_need() -> None:
    own = {"env": [{"name": "A", "value": "runtime"}, {"name": "B", "value": "@{param:p}"}]}
    asked = {"env": [{"name": n, "value": "mine"} for n in ("A", "C", "PYTHONUSERBASE", "NVIDIA_VISIBLE_DEVICES")]}
    mine = {"A": "mine", "B": "x", "C": "mine", "NVIDIA_VISIBLE_DEVICES": "void"}
    plain = built(asked, runtime=of_runtime(container=own))
    assert environment(plain) == {**mine, "PYTHONUSERBASE": "mine"}
    old = built(asked, runtime=of_runtime(container=own), known={"configPackage": PACKAGE})
    assert environment(old) == {**mine, "PYTHONUSERBASE": "mine"}
    new = built(
        asked, runtime=of_runtime(container=own), known={"configPackage": {**PACKAGE, "useNewSetupLayout": True}}
    )
    assert environment(new) == {**mine, "PYTHONUSERBASE": "/usr/local"}


@pytest.mark.parametrize(
    ("requested", "limited", "hidden"), [("", "", True), ("1", "1", False), ("", "1", False), ("0", "0", True)]
)
def test_gpus_are_hidden_from_those_who_ask_for_none(requested: str, limited: str, hidden: bool) -> None:
    amounts = {"memory": "1Gi", "cpu": "1"}
    asked = {
        kind: {**amounts, "nvidia.com/gpu": number} if number else amounts
        for kind, number in (("requests", requested), ("limits", limited))
    }
    assert ("NVIDIA_VISIBLE_DEVICES" in environment(built({"resources": asked}))) is hidden


def test_files_lie_together_by_their_directory_and_change_pods_where_they_say_so() -> None:
    files: list[dict[str, Any]] = [
        {"path": "/etc/x/b.conf", "content": "@{param:p}"},
        {"path": "/etc/x/a.conf", "content": "fix", "restart": False},
        {"path": "/opt/y/c", "content": "@{count:r1}"},
    ]
    instance = built(runtime=of_runtime(files=files))
    assert objects(instance, "ConfigMap")["vc-r1-files"]["data"] == {
        "etc_x_b.conf": "x",
        "etc_x_a.conf": "fix",
        "opt_y_c": "2",
    }
    assert mounts(instance) == {"/etc/x": "files-0", "/opt/y": "files-1"}
    assert volume(instance, "files-0")["configMap"] == {
        "name": "vc-r1-files",
        "items": [{"key": "etc_x_a.conf", "path": "a.conf"}, {"key": "etc_x_b.conf", "path": "b.conf"}],
    }

    def stamp(content: str, **changes: Any) -> str:
        changed = [{**files[0], "content": content, **changes}, *files[1:]]
        made = objects(built(runtime=of_runtime(files=changed)), "StatefulSet")["vc-r1"]
        return str(made["spec"]["template"]["metadata"]["annotations"]["multicluster.federation/files"])

    assert stamp("a") == stamp("a")
    assert stamp("a") != stamp("b")
    assert stamp("a", restart=False) == stamp("b", restart=False)
    assert stamp("x", path="/etc/x/d.conf") != stamp("x")


def test_secrets_are_made_on_the_member_and_mounted_where_the_runtime_says() -> None:
    instance = built(
        runtime={
            **of_runtime(secrets={"auth": "/run/auth"}),
            "secrets": [{"id": "auth", "generate": {"password": 24, "b.key": 8}, "values": {"user": "@{param:p}"}}],
        }
    )
    secret = objects(instance, "Secret")["vc-auth"]
    assert wanted_values(secret) == {"password": 24, "b.key": 8, "user": "x"}
    assert not {"data", "stringData"} & set(secret)
    assert mounts(instance) == {"/run/auth": "secret-auth"}
    assert volume(instance, "secret-auth")["secret"] == {"secretName": "vc-auth", "defaultMode": 0o440}


def test_what_an_instance_mounts() -> None:
    asked = {
        "secret": {"name": "a.b", "mountPath": "/s", "defaultMode": 256, "readOnly": True},
        "volumeProjections": [
            {"pvcName": "c", "mountPath": "/p", "readOnly": True},
            {"pvcName": "d", "mountPath": "/q"},
        ],
        "sharedMemory": "1Gi",
    }
    instance = built(asked, runtime=of_runtime(scratch=["/x", "/y"]))
    assert mounts(instance) == {
        "/x": "scratch-0",
        "/y": "scratch-1",
        "/s": "role-secret",
        "/p": "projected-vol-0",
        "/q": "projected-vol-1",
        "/dev/shm": "shmem",
    }
    assert volume(instance, "role-secret")["secret"] == {"secretName": "a.b", "defaultMode": 256}
    assert volume(instance, "projected-vol-0")["persistentVolumeClaim"] == {"claimName": "c", "readOnly": True}
    assert volume(instance, "projected-vol-1")["persistentVolumeClaim"] == {"claimName": "d"}
    assert volume(instance, "shmem")["emptyDir"] == {"medium": "Memory", "sizeLimit": "1Gi"}
    read_only = [mount["mountPath"] for mount in container_of(instance)["volumeMounts"] if mount.get("readOnly")]
    assert read_only == ["/s", "/p"]


def test_block_devices() -> None:
    asked = {"blockStorage": {"storageClassName": "fast", "pathPrefix": "/dev/x", "numDevices": 2, "size": "3Gi"}}
    instance = built(asked)
    spec = objects(instance, "StatefulSet")["vc-r1"]["spec"]
    assert [claim["metadata"] for claim in spec["volumeClaimTemplates"]] == [{"name": "b0"}, {"name": "b1"}]
    for claim in spec["volumeClaimTemplates"]:
        assert claim["spec"] == {
            "accessModes": ["ReadWriteOnce"],
            "volumeMode": "Block",
            "resources": {"requests": {"storage": "3Gi"}},
            "storageClassName": "fast",
        }
    assert container_of(instance)["volumeDevices"] == [
        {"name": "b0", "devicePath": "/dev/x0"},
        {"name": "b1", "devicePath": "/dev/x1"},
    ]
    assert "persistentVolumeClaimRetentionPolicy" in spec


def test_a_storage_class_that_nobody_names_is_the_members_own() -> None:
    claims = objects(built({"storage": {"size": "1Gi"}}), "StatefulSet")["vc-r1"]["spec"]["volumeClaimTemplates"]
    assert "storageClassName" not in claims[0]["spec"]


def test_systemd_gets_what_it_needs_of_nodes_that_do_not_give_it() -> None:
    spec = {"systemdRequired": True}
    assert set(mounts(built(spec=spec))) == {"/tmp", "/run", "/run/lock", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd"}
    native = built(spec=spec, settings=Settings(native_systemd_support=True))
    assert set(mounts(native)) == {"/tmp", "/run", "/run/lock"}
    assert mounts(built(spec={"systemdRequired": False})) == {}


def test_labels_and_annotations_of_settings_win_over_those_of_roles_and_ours_over_both() -> None:
    mark = "kubedirector.hpe.com/role"
    texts = {"a": "role", "b": "role", mark: "zz"}
    asked = dict.fromkeys(("podLabels", "podAnnotations", "serviceLabels", "serviceAnnotations"), texts)
    won = {"b": "all", "c": "all", mark: "zz"}
    settings = Settings(pod_labels=won, pod_annotations=won, service_labels=won, service_annotations=won)
    instance = built(asked, settings=settings)
    stateful = objects(instance, "StatefulSet")["vc-r1"]
    pod, service = stateful["spec"]["template"]["metadata"], objects(instance, "Service")["vc-r1"]["metadata"]
    wanted = {"a": "role", "b": "all", "c": "all"}
    for found in (pod, service):
        assert wanted.items() <= found["labels"].items()
        assert found["labels"][mark] == "r1"
        assert wanted.items() <= found["annotations"].items()
        assert found["annotations"]["kubedirector.hpe.com/kdapp-prettyName"] == "VA"
    # a selector cannot be changed later, so that nothing of what may change is in it
    assert not wanted.keys() & stateful["spec"]["selector"]["matchLabels"].keys()
    assert not wanted.keys() & stateful["metadata"]["labels"].keys()


@pytest.mark.parametrize(
    ("expose", "names"),
    [
        (ROLE, {"vc-pods", "vc-r1"}),
        (POD, {"vc-pods", "s-vc-r1-0", "s-vc-r1-1"}),
        (BOTH, {"vc-pods", "vc-r1", "s-vc-r1-0", "s-vc-r1-1"}),
    ],
)
def test_services(expose: str, names: set[str]) -> None:
    services = objects(built(expose=expose), "Service")
    assert set(services) == names
    for name, service in services.items():
        # clients of a role get pods that are ready; pods find each other, and people a certain pod, before
        assert bool(service["spec"].get("publishNotReadyAddresses")) is (name != "vc-r1")
    assert set(objects(built(spec={"services": [{"id": "a"}]}, expose=expose), "Service")) == {"vc-pods"}


@pytest.mark.parametrize(("members", "most", "there"), [(2, 1, True), (2, 0, True), (1, 1, False), (2, None, False)])
def test_disruption_budgets(members: int, most: int | None, there: bool) -> None:
    runtime = of_runtime(**({} if most is None else {"maxUnavailable": most}))
    instance = built({"members": members}, runtime=runtime)
    found = objects(instance, "PodDisruptionBudget")
    assert bool(found) is there
    if there:
        assert found["vc-r1"]["spec"]["maxUnavailable"] == most
        selector = objects(instance, "StatefulSet")["vc-r1"]["spec"]["selector"]
        assert found["vc-r1"]["spec"]["selector"] == selector


def test_pods_start_together_or_one_by_one() -> None:
    found = [
        objects(built(runtime=of_runtime(start=start)), "StatefulSet")["vc-r1"]["spec"]["podManagementPolicy"]
        for start in ("together", "one-by-one")
    ]
    assert found == ["Parallel", "OrderedReady"]


def test_pods_may_have_an_account_and_a_terminal_and_places_of_their_own() -> None:
    plain, own = (
        built(),
        built(
            {"serviceAccountName": "me", "affinity": {"nodeAffinity": {}}},
            known={"containerSpec": {"stdin": True, "tty": True}},
        ),
    )
    assert pod_of(plain)["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in pod_of(plain)
    assert not {"stdin", "tty"} & set(container_of(plain))
    assert (pod_of(own)["automountServiceAccountToken"], pod_of(own)["serviceAccountName"]) == (True, "me")
    assert (container_of(own)["stdin"], container_of(own)["tty"]) == (True, True)
    assert pod_of(own)["affinity"] == {"nodeAffinity": {}}


@pytest.mark.parametrize(
    ("package", "named", "kept"),
    [
        (None, ["/a", "/b"], ("/a", "/b")),
        (None, ["/a/b", "/a", "/ab", "/a"], ("/a", "/ab")),
        (None, [], ()),
        (PACKAGE, ["/usr/local", "/data"], ("/etc", "/opt", "/usr", "/data")),
        (
            {**PACKAGE, "useNewSetupLayout": True},
            ["/data", "/opt"],
            ("/etc", "/var/log/guestconfig", "/usr/local/bin", "/usr/local/lib", "/data", "/opt"),
        ),
    ],
)
def test_directories_that_persist(package: Any, named: list[str], kept: tuple[str, ...]) -> None:
    instance = built({"storage": {"size": "1Gi"}}, known={"persistDirs": named, "configPackage": package})
    role = instance.definition.app.role("r1")
    assert role is not None
    assert persistent_directories(role) == kept
    found = [(m["mountPath"], m["subPath"]) for m in container_of(instance).get("volumeMounts", []) if m["name"] == "p"]
    assert found == [(path, path[1:]) for path in kept]
    without = built(known={"persistDirs": named, "configPackage": package})
    assert "p" not in mounts(without).values()
    assert "initContainers" not in pod_of(without)


@pytest.mark.parametrize(("seed", "dirs", "there"), [(True, ["/a"], True), (False, ["/a"], False), (True, [], False)])
def test_a_new_volume_is_filled_unless_the_runtime_says_that_it_need_not(
    seed: bool, dirs: list[str], there: bool
) -> None:
    asked = {"storage": {"size": "1Gi"}}
    instance = built(asked, known={"persistDirs": dirs}, runtime=of_runtime(seed=seed), images={"r1": "mirror/x:1"})
    seeds = pod_of(instance).get("initContainers", [])
    assert [container["image"] for container in seeds] == (["mirror/x:1"] if there else [])


def seed_script(*dirs: str) -> str:
    instance = built({"storage": {"size": "1Gi"}}, known={"persistDirs": list(dirs)})
    return str(pod_of(instance)["initContainers"][0]["command"][2])


def test_the_seeding_script_copies_once_and_never_half(tmp_path: Path) -> None:
    image, volume = tmp_path / "image", tmp_path / "volume"
    (image / "it's here" / "deep").mkdir(parents=True)
    (image / "it's here" / "deep" / "x").write_text("first")
    (image / "it's here" / ".hidden").symlink_to("deep/x")
    volume.mkdir()
    (volume / ".seed").mkdir()
    (volume / ".seed" / "half").write_text("left by one that was killed")
    script = seed_script("/it's here", "/var/lib/none").replace("cd /\n", f"cd {image}\n").replace("/mnt", str(volume))

    def seed() -> None:
        subprocess.run(["/bin/sh", "-c", script], check=True, timeout=20)

    seed()
    made = volume / "it's here"
    assert (made / "deep" / "x").read_text() == "first"
    assert (made / ".hidden").is_symlink()
    assert sorted(path.name for path in made.iterdir()) == [".hidden", "deep"]
    assert list((volume / "var" / "lib" / "none").iterdir()) == []
    assert not (volume / ".seed").exists()
    (image / "it's here" / "deep" / "x").write_text("second")
    (made / "own").write_text("of the app")
    seed()
    assert (made / "deep" / "x").read_text() == "first"
    assert sorted(path.name for path in made.iterdir()) == [".hidden", "deep", "own"]


def test_what_is_remembered_is_one_line_that_does_not_depend_on_order() -> None:
    text = objects(built(), "ConfigMap")["vc-kubedirector"]["data"]["instance"]
    assert re.fullmatch(r"[^\n]+", text)
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def test_keys_that_setup_scripts_read_are_a_secret_of_their_role() -> None:
    instance = built({"secretKeys": [{"name": "k", "value": "v"}, {"name": "forgotten"}]})
    made = objects(instance, "Secret")["vc-r1-keys"]
    assert (made["type"], made["stringData"]) == ("Opaque", {"k": "v"})
    assert made["metadata"]["labels"]["kubedirector.hpe.com/role"] == "r1"


def test_a_role_that_is_not_in_the_instance_is_not_rendered() -> None:
    instance = built()
    bare = replace(instance, cluster=replace(instance.cluster, roles=()))
    assert [manifest["metadata"]["name"] for manifest in render(bare)] == ["vc-pods", "vc-kubedirector"]
