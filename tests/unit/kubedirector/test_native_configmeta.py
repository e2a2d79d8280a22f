# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""configmeta.json of the native engine against the one that the real operator wrote into pods."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import parse_definition
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    Instance,
    build_instance,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native import naming
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.configmeta import (
    CONFIGMAPS,
    HIDDEN,
    SECRETS,
    configmeta,
    connected,
    connected_objects,
    with_secret_keys,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    DATA,
    app_manifest,
    cluster_manifest,
)

# Fields that differ on purpose, and why.
# - authToken: made by the operator at random; the native engine refuses apps that ask for one.
DELIBERATE = ("authToken",)

# What the operator's instance was connected to, as an API server has it, and what is not told of: objects without the label.
MODEL = {
    "metadata": {"name": "cm1", "uid": "1", "labels": {"kubedirector.hpe.com/cmType": "model"}},
    "data": {"k": "v"},
}
DATABASE = {
    "metadata": {"name": "sec1", "labels": {"kubedirector.hpe.com/secretType": "db"}, "annotations": {}},
    "data": {"pw": "aHVudGVyMg=="},
}
OTHER = {"metadata": {"name": "other"}, "data": {"x": "y"}}

# In the operator's names are random letters, and a '.' in the cluster's name, which the native engine refuses.
NAMES = {
    "t-one-ctrl-wkr7r": "t-one-ctrl",
    "t-one-worker-jd8tx": "t-one-worker",
    "t-one4dkbm": "t-one-pods",
    "t.one": "t-one",
    "4c9fa57a-d59b-4020-be59-5ec267f72833": "UID",
}

APP = app_manifest(
    distroID="x/t1",
    version="1.0",
    configSchemaVersion=8,
    defaultConfigPackage={"packageURL": "file:///opt/t1.tgz", "useNewSetupLayout": True},
    services=[
        {"id": "internal", "label": {"name": "Internal"}},
        {"id": "rpc", "label": {"name": "RPC"}, "endpoint": {"port": 7000}},
        {
            "id": "web",
            "label": {"name": "Web"},
            "exported_service": "web-exp",
            "endpoint": {"port": 8080, "urlScheme": "http", "path": "/ui", "isDashboard": True},
        },
    ],
    roles=[{"id": "ctrl", "cardinality": "1"}, {"id": "worker", "cardinality": "0+"}],
    config={
        "selectedRoles": ["ctrl", "worker"],
        "roleServices": [
            {"roleID": "ctrl", "serviceIDs": ["internal", "rpc", "web"]},
            {"roleID": "worker", "serviceIDs": ["internal"]},
        ],
        "configMeta": {"a": "b"},
    },
)


def instance(workers: int) -> Instance:
    limits = {"ctrl": {"memory": "2Gi", "cpu": "1500m"}, "worker": {"memory": "1Gi", "cpu": "1"}}
    roles: list[dict[str, Any]] = [
        {"id": name, "resources": {"limits": limits[name]}, "members": members}
        for name, members in (("ctrl", 1), ("worker", workers))
    ]
    roles[0]["secretKeys"] = [{"name": "sk", "value": "topsecret"}]
    manifest = cluster_manifest(roles=roles)
    manifest["metadata"] = {"name": "t-one", "namespace": "default"}
    return build_instance(manifest, parse_definition([APP], "here"), {})


def documents(found: Instance) -> dict[str, Any]:
    """configmeta.json of each pod, as it is written into it."""
    connections = {
        CONFIGMAPS: connected_objects(CONFIGMAPS, [MODEL, OTHER]),
        SECRETS: connected_objects(SECRETS, [OTHER, DATABASE]),
    }
    return {
        naming.pod_name(found, role.id, number): configmeta(found, role.id, number, connections)
        for role in found.cluster.roles
        for number in range(role.members)
    }


def replaced(value: Any, words: dict[str, str]) -> Any:
    """A document with words replaced in all its texts and keys, and without what differs on purpose."""
    if isinstance(value, dict):
        return {replaced(k, words): replaced(v, words) for k, v in value.items() if k not in DELIBERATE}
    if isinstance(value, list):
        return [replaced(item, words) for item in value]
    if isinstance(value, str):
        for word, other in words.items():
            value = value.replace(word, other)
    return value


def operators(name: str) -> Any:
    return replaced(json.loads((DATA / "configmeta" / f"{name}.json").read_text("utf-8")), NAMES)


def ours(found: Any) -> Any:
    """A document of ours: its ids of pods counted as the operator counts them, over all roles."""
    identity = found["cluster"]["id"]
    assert str(UUID(identity)) == identity
    roles = found["nodegroups"]["1"]["roles"].values()
    numbers = {number: str(n) for n, number in enumerate((i for role in roles for i in role["node_ids"]), 1)}
    body = replaced(found, {identity: "UID"})
    for role in body["nodegroups"]["1"]["roles"].values():
        role["node_ids"] = [numbers[number] for number in role["node_ids"]]
        role["fqdn_mappings"] = {fqdn: numbers[number] for fqdn, number in role["fqdn_mappings"].items()}
    body["node"]["id"] = numbers[body["node"]["id"]]
    return body


@pytest.mark.parametrize(
    ("file", "pod", "workers"),
    [("ctrl-0-alone", "t-one-ctrl-0", 0), ("worker-0", "t-one-worker-0", 2), ("worker-1", "t-one-worker-1", 2)],
)
def test_a_pod_reads_what_the_operator_would_have_told_it(file: str, pod: str, workers: int) -> None:
    assert ours(documents(instance(workers))[pod]) == operators(file)


def test_every_pod_has_its_own() -> None:
    found = documents(instance(2))
    assert set(found) == {"t-one-ctrl-0", "t-one-worker-0", "t-one-worker-1"}
    nodes = {pod: body.pop("node") for pod, body in found.items()}
    assert {pod: node["fqdn"].split(".")[0] for pod, node in nodes.items()} == {pod: pod for pod in nodes}
    assert len({node["id"] for node in nodes.values()}) == 3
    assert all(body == found["t-one-ctrl-0"] for body in found.values())


def test_ids_of_pods_never_change() -> None:
    small, large = documents(instance(1)), documents(instance(5))
    assert all(large[pod]["node"]["id"] == body["node"]["id"] for pod, body in small.items())
    assert len({body["node"]["id"] for body in large.values()}) == 6


def test_what_differs_on_purpose_is_there_and_empty() -> None:
    found = instance(1)
    assert configmeta(found, "ctrl", 0)["connections"] == {"clusters": {}, "configmaps": {}, "secrets": {}}
    body = documents(found)["t-one-ctrl-0"]
    services = body["nodegroups"]["1"]["roles"]["ctrl"]["services"]
    assert {service["authToken"] for service in services.values()} == {""}


def test_another_instance_is_told_of_under_its_name_and_without_secrets() -> None:
    body = connected(instance(1))
    assert "topsecret" not in json.dumps(body)
    assert "sk" not in json.dumps(body)
    assert set(body) == {"version", "services", "nodegroups", "distros", "cluster"}
    place = body["services"]["rpc"]["1"]["ctrl"]["bdvlibrefkey"]
    assert place == ["connections", "clusters", "t-one", "nodegroups", "1", "roles", "ctrl", "services", "rpc"]
    assert body["nodegroups"]["1"]["roles"]["worker"]["fqdns"] == [
        "t-one-worker-0.t-one-pods.default.svc.cluster.local"
    ]


def test_secret_keys_are_hidden_or_come_from_the_member() -> None:
    whole = configmeta(instance(1), "ctrl", 0)
    keys = whole["nodegroups"]["1"]["roles"]["ctrl"]["secret_keys"]
    assert keys == {"sk": "topsecret"}
    hidden = with_secret_keys(whole, HIDDEN)
    assert hidden["nodegroups"]["1"]["roles"]["ctrl"]["secret_keys"] == {"sk": ""}
    assert keys == {"sk": "topsecret"}
    again = with_secret_keys(hidden, {"ctrl": {"sk": "known"}})
    assert again["nodegroups"]["1"]["roles"]["ctrl"]["secret_keys"] == {"sk": "known"}
    assert with_secret_keys(whole, {"ctrl": {"sk": "known"}}) == whole
