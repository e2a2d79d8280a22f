# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Random apps with runtimes, and random instances of them: all that the native engine accepts, and API servers must accept, too."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import (
    Definition,
    parse_definition,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    EXPOSED,
    Instance,
    build_instance,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import HUSH, app_manifest, manifest

#: samples are large: fewer of them say as much
FEW = settings(STEADY, max_examples=40)

RUNTIME_KIND = {"apiVersion": "multicluster.federation/v1", "kind": "AppRuntime"}
PARAMETERS: list[dict[str, Any]] = [
    {"name": "word", "default": "some words", "pattern": "[a-z ]*"},
    {"name": "port", "type": "integer", "default": 8080, "minimum": 1, "maximum": 65535},
    {"name": "debug", "type": "boolean", "default": False},
    {"name": "heap", "type": "quantity", "default": "256Mi", "choices": ["256Mi", "1Gi"]},
]
SECRETS: list[dict[str, Any]] = [
    {
        "id": "auth",
        "generate": {"password": 24, "b.key": 8},
        "values": {"user": "@{param:word}", "host": "@{headless}"},
    },
    {"id": "9-tls", "values": {"pods": "@{pods:ROLE}"}},
]


@dataclass(frozen=True)
class Sample:
    """What people write of an app and of an instance of it."""

    documents: list[dict[str, Any]]
    manifest: dict[str, Any]
    options: dict[str, Any]

    def definition(self) -> Definition:
        return parse_definition(copy.deepcopy(self.documents), "a sample")

    def instance(self) -> Instance:
        return build_instance(copy.deepcopy(self.manifest), self.definition(), copy.deepcopy(self.options))


def _some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


_ROLE_IDS = ["main", "x", "Vanilla_centos", "a.b", "a--b", "0", "x-files", "UPPER.lower_9", "long-role-id"]
_role_ids = st.lists(st.sampled_from(_ROLE_IDS), min_size=1, max_size=3, unique=True)
# Such as Kubernetes does not take as names of ports, too.
_service_ids = st.lists(
    st.sampled_from(["web", "a--b", "8080", "x", "long-service-id", "admin-1"]), max_size=4, unique=True
)
_texts = st.dictionaries(st.sampled_from(["a", "example.com/b", "c.d"]), st.sampled_from(["", "v", "W-1"]), max_size=2)
_dirs = st.lists(st.sampled_from(["/data", "/var/lib/x", "/data/deep", "/etc", "/it's here"]), max_size=3)
_packages = st.none() | _some(
    {"packageURL": st.sampled_from(["file:///a/b.tgz", "https://example.com/p.tgz"])},
    {"useNewSetupLayout": st.booleans()},
)


@st.composite
def app_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Valid apps that need no operator."""
    roles, services = draw(_role_ids), draw(_service_ids)
    endpoints = [
        draw(st.none() | _some({"port": st.just(8000 + n)}, {"urlScheme": st.just("http"), "path": st.just("/x")}))
        for n, _name in enumerate(services)
    ]
    spec = {
        "label": {"name": draw(st.text(min_size=1, max_size=8))},
        "distroID": "example/app",
        "version": draw(st.sampled_from(["1.0", "2", "latest"])),
        "defaultConfigPackage": draw(_packages),
        "services": [
            {"id": name, **({"endpoint": endpoint} if endpoint else {})}
            for name, endpoint in zip(services, endpoints, strict=True)
        ],
        "roles": [draw(_app_role(name)) for name in roles],
        "config": {
            "selectedRoles": roles,
            "roleServices": [
                {
                    "roleID": name,
                    "serviceIDs": draw(st.lists(st.sampled_from(services), max_size=4) if services else st.just([])),
                }
                for name in roles
            ],
            "configMeta": draw(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)),
        },
        "capabilities": draw(st.lists(st.sampled_from(["SYS_RESOURCE", "IPC_LOCK"]), max_size=2)),
        "systemdRequired": draw(st.booleans()),
    }
    return app_manifest(**spec)


def _app_role(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return _some(
        {"id": st.just(name), "cardinality": st.sampled_from(["1", "3", "0+", "1+", "2+"])},
        {
            "imageRepoTag": st.just("registry.example.com/own:2"),
            "configPackage": _packages,
            "persistDirs": _dirs,
            "minResources": st.just({"memory": "1Gi"}),
            "containerSpec": st.sampled_from([{}, {"stdin": True}, {"stdin": True, "tty": True}]),
        },
    )


@st.composite
def runtime_documents(draw: st.DrawFn, app: Mapping[str, Any], counting: bool) -> dict[str, Any]:
    """Valid runtimes of an app; ``counting``: their texts name pods, and so change with their number."""
    roles = [role["id"] for role in app["spec"]["roles"]]
    counted = roles if counting else []
    secrets = copy.deepcopy(SECRETS)
    secrets[1]["values"]["pods"] = f"@{{pods:{roles[0]}}}" if counting else "none"
    spec = {
        "parameters": PARAMETERS,
        "secrets": secrets,
        "roles": [draw(_role_runtime(name, roles[:n], counted)) for n, name in enumerate(roles) if draw(st.booleans())],
    }
    return {**RUNTIME_KIND, "metadata": {"name": app["metadata"]["name"]}, "spec": spec}


def _role_runtime(name: str, earlier: list[str], counted: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    words = [
        "plain",
        "@{instance}.@{namespace}",
        "x=@{param:word}",
        "@{param:port}",
        "@{param:debug}",
        "@{secret:auth}",
    ]
    words += [f"@{{{word}:{role}}}" for role in counted for word in ("count", "pods", "pod")]
    text = st.sampled_from(words)
    probe = st.just({"tcpSocket": {"port": "@{param:port}"}, "timeoutSeconds": 2})
    env = st.lists(
        st.fixed_dictionaries({"name": st.sampled_from(["A", "POD_NAME", "c.d"]), "value": text}), max_size=2
    )
    container = _some(
        {},
        {
            "args": st.lists(text, max_size=2),
            "command": st.lists(text, min_size=1, max_size=2),
            "env": env,
            "readinessProbe": probe,
            "securityContext": st.just({"capabilities": {"add": ["NET_ADMIN"]}, "runAsUser": 999}),
        },
    )
    pod = _some(
        {},
        {
            "nodeSelector": st.just({"debug": "@{param:debug}"}),
            "securityContext": st.just({"fsGroup": 999}),
            "terminationGracePeriodSeconds": st.just("@{param:port}"),
            "tolerations": st.just(
                [{"key": "k", "operator": "Equal", "value": "@{param:port}", "effect": "NoSchedule"}]
            ),
        },
    )
    paths = ["/opt/x/x.conf", "/opt/x/y.conf", "/opt/z_1/x.conf"]
    files = st.lists(
        st.fixed_dictionaries({"path": st.sampled_from(paths), "content": text, "restart": st.booleans()}),
        max_size=3,
        unique_by=lambda file: str(file["path"]),
    )
    return _some(
        {"id": st.just(name), "after": st.lists(st.sampled_from(earlier), unique=True) if earlier else st.just([])},
        {
            "start": st.sampled_from(["together", "one-by-one"]),
            "container": container,
            "pod": pod,
            "files": files,
            "secrets": st.dictionaries(st.sampled_from(["auth", "9-tls"]), st.none()).map(
                lambda found: {key: f"/secrets/{key}" for key in found}
            ),
            "scratch": st.lists(st.sampled_from(["/scratch", "/var/cache"]), max_size=2, unique=True),
            "seed": st.booleans(),
            "maxUnavailable": st.integers(0, 1),
            "hooks": st.just({"leave": {"command": ["sh", "-c", "@{instance}"]}}),
        },
    )


@st.composite
def samples(draw: st.DrawFn, counting: bool = True) -> Sample:
    """Apps and instances that the native engine accepts."""
    app = draw(app_documents())
    runtime = draw(st.booleans())
    documents = [app, *([draw(runtime_documents(app, counting))] if runtime else [])]
    roles = [draw(_asked(role)) for role in app["spec"]["roles"] if _needed(role) or draw(st.booleans())]
    spec: dict[str, Any] = {"app": app["metadata"]["name"], "roles": roles}
    if draw(st.booleans()):
        spec["serviceType"] = draw(st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]))
    options: dict[str, Any] = draw(
        _some(
            {},
            {
                "retain": st.booleans(),
                "expose": st.sampled_from(EXPOSED),
                "images": st.sampled_from([{}, {app["spec"]["roles"][0]["id"]: "mirror.example.com/own:3"}]),
                "parameters": _some({}, {"port": st.sampled_from([9, "9"]), "debug": st.sampled_from([True, "no"])})
                if runtime
                else st.just({}),
            },
        )
    )
    asked = manifest("KubeDirectorCluster", draw(st.sampled_from(["i", "s", "vc-1", "a--b"])), spec)
    return Sample(documents, asked, options)


def _needed(role: Mapping[str, Any]) -> bool:
    return not role["cardinality"].startswith("0")


def _asked(known: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    least, more = int(known["cardinality"].rstrip("+")), known["cardinality"].endswith("+")
    amounts = {"memory": "2Gi", "cpu": "500m", "nvidia.com/gpu": "1"}
    requests = st.just(dict(amounts)) | st.just({"memory": "1Gi"})
    secret = _some(
        {"name": st.just(f"a.{'long' * 20}.name"), "mountPath": st.just("/mnt/secret")},
        {"defaultMode": st.integers(0, 511), "readOnly": st.booleans()},
    )
    block = _some(
        {"storageClassName": st.just("standard"), "pathPrefix": st.just("/dev/x"), "numDevices": st.integers(1, 3)},
        {"size": st.just("2Gi")},
    )
    keys = st.lists(
        st.fixed_dictionaries({"name": st.sampled_from(["k", "K_2", "a.b-c"]), "value": st.just(HUSH)}), max_size=2
    )
    env = st.fixed_dictionaries({"name": st.sampled_from(["A", "B_2", "c.d-e"]), "value": st.text(max_size=3)})
    return _some(
        {
            "id": st.just(known["id"]),
            "resources": st.fixed_dictionaries({"limits": st.just(amounts), "requests": requests}),
        },
        {
            "members": st.integers(least, least + 3) if more else st.just(least),
            "storage": _some({"size": st.sampled_from(["5Gi", "1.5Ti"])}, {"storageClassName": st.just("standard")}),
            "blockStorage": block,
            "env": st.lists(env, max_size=3),
            "podLabels": _texts,
            "podAnnotations": _texts,
            "serviceLabels": _texts,
            "serviceAnnotations": _texts,
            "affinity": st.just({"podAntiAffinity": {}}),
            "sharedMemory": st.just("1Gi"),
            "secret": secret,
            "secretKeys": keys,
            "serviceAccountName": st.just("default"),
            "volumeProjections": st.just([{"pvcName": "claim", "mountPath": "/claim", "readOnly": True}]),
        },
    )
