# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Definitions for the tests of this room: those of the real operator, small ones to change, and random valid ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import App, parse_app
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.envelope import API_VERSION
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.settings import Surroundings

DATA = Path(__file__).resolve().parent / "data"

CASES: list[dict[str, Any]] = json.loads((DATA / "validation-cases.json").read_text("utf-8"))
STORED: dict[str, dict[str, Any]] = json.loads((DATA / "stored-specs.json").read_text("utf-8"))
# JSON is YAML too.
DEFINITIONS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((DATA / "definitions").iterdir())
}

#: the only StorageClass, Secret and so on of the cluster where the operator judged the cases
AROUND = Surroundings(
    storage_classes=frozenset({"standard", "local-path"}),
    default_storage_class="standard",
    secrets=frozenset({"sec1"}),
    service_accounts=frozenset({"default"}),
    claims={},
    unreachable={"http://127.0.0.1:1/x": "connection refused"},
)


def app_manifest(**spec: Any) -> dict[str, Any]:
    """An app as the cases have it; ``spec`` replaces fields of its spec, and None removes one."""
    body = {
        "label": {"name": "VA"},
        "distroID": "x/va",
        "version": "1",
        "configSchemaVersion": 7,
        "defaultImageRepoTag": "example.com/va:1",
        "services": [
            {"id": "a", "label": {"name": "A"}, "endpoint": {"port": 80, "urlScheme": "http", "isDashboard": True}},
            {"id": "b"},
        ],
        "roles": [
            {"id": "r1", "cardinality": "2", "minResources": {"memory": "1Gi", "cpu": "1"}},
            {"id": "r2", "cardinality": "1+", "minStorage": {"size": "5Gi"}},
            {"id": "r3", "cardinality": "0+", "minStorage": {"size": "5Gi", "ephemeralModeSupported": True}},
        ],
        "config": {
            "selectedRoles": ["r1", "r2", "r3"],
            "roleServices": [{"roleID": "r1", "serviceIDs": ["a"]}, {"roleID": "r2", "serviceIDs": ["b"]}],
        },
        **spec,
    }
    return manifest("KubeDirectorApp", "va", {key: value for key, value in body.items() if value is not None})


def cluster_manifest(**spec: Any) -> dict[str, Any]:
    """An instance of `app_manifest`; ``spec`` as there."""
    body = {
        "app": "va",
        "roles": [role("r1"), role("r2", storage={"size": "5Gi"})],
        **spec,
    }
    return manifest("KubeDirectorCluster", "vc", {key: value for key, value in body.items() if value is not None})


def role(name: str, **fields: Any) -> dict[str, Any]:
    amounts = {"memory": "1Gi", "cpu": "1"}
    return {"id": name, "resources": {"requests": dict(amounts), "limits": dict(amounts)}, **fields}


def manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


VA: App = parse_app(app_manifest())


def _some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


_ids = st.lists(
    st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True), min_size=1, max_size=4, unique=True
)
_words = st.text("abc xyz-", min_size=1, max_size=8)
_texts = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "v", "W-1"]), max_size=2)
_dirs = st.lists(st.sampled_from(["/data", "/var/lib/x", "/a"]), max_size=2)
_events = st.lists(st.sampled_from(["configure", "addnodes", "delnodes"]), max_size=3)
_packages = st.none() | _some(
    {"packageURL": st.sampled_from(["file:///a/b.tgz", "https://example.com/p.tgz"])},
    {"useNewSetupLayout": st.booleans()},
)
_least = st.dictionaries(st.sampled_from(["memory", "cpu", "example.com/unit"]), st.sampled_from(["0", "1", "500m"]))


@st.composite
def app_manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Valid apps."""
    services, roles = draw(_ids), draw(_ids)
    dashboard = st.just({"port": 80, "urlScheme": "http", "isDashboard": True})
    endpoint = dashboard | _some({"port": st.integers(1, 65535)}, {"path": st.just("/"), "hasAuthToken": st.booleans()})
    label = _some({"name": _words}, {"description": st.text(max_size=5)})
    spec = _some(
        {
            "label": label,
            "distroID": _words,
            "version": _words,
            "configSchemaVersion": st.integers(7, 9),
            "defaultImageRepoTag": st.just("example.com/all:1"),
            "services": st.tuples(
                *[_some({"id": st.just(name)}, {"label": label, "endpoint": endpoint}) for name in services]
            ).map(list),
            "roles": st.tuples(*[_app_role(name) for name in roles]).map(list),
            "config": _some(
                {
                    "selectedRoles": st.just(roles),
                    "roleServices": st.lists(st.sampled_from(roles), unique=True).map(
                        lambda names: [{"roleID": name, "serviceIDs": services[:2]} for name in names]
                    ),
                },
                {"configMeta": _texts},
            ),
        },
        {
            "defaultConfigPackage": _packages,
            "defaultPersistDirs": _dirs,
            "defaultEventList": _events,
            "defaultMaxLogSizeDump": st.integers(0, 999),
            "capabilities": st.lists(_words, max_size=2),
            "systemdRequired": st.booleans(),
            "logoURL": st.just("https://example.com/x.png"),
        },
    )
    return manifest("KubeDirectorApp", "va", draw(spec))


def _app_role(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return _some(
        {"id": st.just(name), "cardinality": st.sampled_from(["0", "1", "3", "0+", "1+", "2+"])},
        {
            "imageRepoTag": _words,
            "configPackage": _packages,
            "persistDirs": _dirs,
            "eventList": _events,
            "minResources": _least,
            "minStorage": _some({"size": st.sampled_from(["1Gi", "5Gi"])}, {"ephemeralModeSupported": st.booleans()}),
            "containerSpec": st.sampled_from([{}, {"stdin": True}, {"stdin": True, "tty": True}]),
            "maxLogSizeDump": st.integers(0, 999),
        },
    )


_paths = st.sampled_from(["/m", "/mnt/x"])
_secrets = _some(
    {"name": st.just("sec1"), "mountPath": _paths}, {"defaultMode": st.integers(0, 511), "readOnly": st.booleans()}
)
_names = st.lists(_words, max_size=2)


@st.composite
def cluster_manifests(draw: st.DrawFn, app: App) -> dict[str, Any]:
    """Valid instances of an app, wherever they live."""
    needed = app.required_roles()
    roles = [known.id for known in app.roles if known.id in needed or draw(st.booleans())]
    spec = _some(
        {"app": st.just(app.name), "roles": st.tuples(*[_cluster_role(app, name) for name in roles]).map(list)},
        {
            "appCatalog": st.sampled_from(["local", "system"]),
            "serviceType": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
            "namingScheme": st.sampled_from(["UID", "CrNameRole"]),
            "defaultSecret": _secrets,
            "connections": _some({}, {"clusters": _names, "configmaps": _names, "secrets": _names}),
        },
    )
    return manifest("KubeDirectorCluster", "vc", draw(spec))


def _cluster_role(app: App, name: str) -> st.SearchStrategy[dict[str, Any]]:
    known = next(found for found in app.roles if found.id == name)
    least = known.cardinality.least
    members = st.integers(least, least + 4) if known.cardinality.open else st.just(least)
    amounts = {"memory": "2Gi", "cpu": "2", **dict.fromkeys(known.min_resources, "2Gi")}
    storage = _some({"size": st.sampled_from(["5Gi", "6Gi"])}, {"storageClassName": st.just("standard")})
    required = {
        "id": st.just(name),
        "resources": st.just({"limits": amounts, "requests": amounts}),
    }
    if known.min_storage is not None and not known.min_storage.ephemeral:
        required["storage"] = storage
    return _some(
        required,
        {
            "members": members,
            **({} if "storage" in required else {"storage": storage}),
            "blockStorage": _some(
                {"storageClassName": st.just("standard"), "pathPrefix": _paths, "numDevices": st.integers(1, 3)},
                {"size": st.just("2Gi")},
            ),
            "env": st.lists(st.fixed_dictionaries({"name": _words, "value": st.just(HUSH)}), max_size=2),
            "podLabels": _texts,
            "podAnnotations": _texts,
            "serviceLabels": _texts,
            "serviceAnnotations": _texts,
            "affinity": st.just({"nodeAffinity": {}}),
            "sharedMemory": st.just("1Gi"),
            "secret": _secrets,
            "secretKeys": st.lists(st.fixed_dictionaries({"name": _words, "value": st.just(HUSH)}), max_size=2),
            "fileInjections": st.just(
                [
                    {
                        "srcURL": "http://example.com/f",
                        "destDir": "/etc",
                        "permissions": {"fileMode": 420, "fileOwner": "root"},
                    }
                ]
            ),
            "serviceAccountName": st.just("default"),
            "volumeProjections": st.just([{"pvcName": "claim", "mountPath": "/claim", "readOnly": True}]),
        },
    )


#: the value of all secrets in random instances
HUSH = "s3cr3t-v4lue"
