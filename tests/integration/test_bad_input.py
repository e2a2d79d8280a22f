# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bad input and sick members: the message says which member, which object, what happened and what to do; the others are done."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.stage import Federation

pytestmark = pytest.mark.integration

GOOD = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "good"}, "data": {"a": "b"}}


def config_map(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


#: options of the resource -> what the message has to say; nothing may be written for any of them
REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "malformed YAML": ({"definition": "a: b\n  c: d\n"}, ["line 2, column 4", "not valid YAML"]),
    "a key given twice": ({"definition": "apiVersion: v1\nkind: A\nkind: B\n"}, ["line 3", "'kind' is given twice"]),
    "not a manifest": ({"definition": "just text"}, ["a manifest must be a mapping"]),
    "no kind": ({"definition": {"apiVersion": "v1", "metadata": {"name": "x"}}}, ["has no kind"]),
    "no name": ({"definition": config_map()}, ["ConfigMap has no metadata.name"]),
    "generateName": ({"definition": config_map(generateName="x-")}, ["generateName", "give metadata.name"]),
    "two objects of one name": ({"definition": [GOOD, GOOD]}, ["ConfigMap good is given twice"]),
    "a file that is not there": (
        {"src": ["nowhere.yaml"]},
        ["resource bad", "nowhere.yaml is neither beside the playbook nor in"],
    ),
    "no manifests": ({}, ["resource bad has no manifests", "give src, template or definition"]),
    "a number in data": (
        {"definition": {**config_map(name="x"), "data": {"port": 80}}},
        ["ConfigMap x", "data.port", "quote it, or use `| string`"],
    ),
    "a number in a Secret": (
        {
            "definition": {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "s"},
                "stringData": {"pin": 987654},
            }
        },
        ["Secret s", "stringData.pin", "quote it"],
    ),
    "a number in a label": ({"definition": config_map(name="x", labels={"v": 1})}, ["metadata.labels.v", "quote it"]),
    "a typing error in placement": (
        {"definition": GOOD, "placement": {"selectr": {}}},
        ["placement has no option 'selectr'", "selector"],
    ),
    "a member that does not exist": (
        {"definition": GOOD, "placement": {"members": ["mars-1"]}},
        ["placement names mars-1", "eu-1"],
    ),
    "an override for nobody": (
        {"definition": GOOD, "overrides": [{"where": {"members": ["mars-1"]}, "labels": {"a": "b"}}]},
        ["overrides[0] names mars-1", "members are eu-1, eu-2, us-1"],
    ),
    "an override that fits nothing": (
        {"definition": GOOD, "overrides": [{"target": {"kind": "Deployment"}, "replicas": 2}]},
        ["overrides[0] fits none of its objects", "ConfigMap good"],
    ),
    "an override that changes nothing": (
        {"definition": GOOD, "overrides": [{"where": {"region": "eu"}}]},
        ["overrides[0] changes nothing"],
    ),
    "a selector that selects nobody": (
        {"definition": GOOD, "placement": {"region": "mars"}},
        ["its placement selects no member", "eu-1: region is eu, not mars", "allow_empty"],
    ),
    "a bad fail_on": ({"definition": GOOD, "fail_on": "often"}, ["fail_on 'often'", "25%"]),
    "a bad name": ({"definition": GOOD, "name": "Not Good"}, ["resource name 'Not Good' is not valid"]),
}


def test_bad_input_gets_one_clear_message_and_nothing_is_written(unjoined: Federation) -> None:
    before = unjoined.sandbox.writes("eu-1")
    runs = unjoined.propagate_each([{"name": "bad", **options} for options, _expected in REFUSED.values()])
    for (case, (_options, expected)), run in zip(REFUSED.items(), runs, strict=True):
        assert run.result["failed"], case
        for text in expected:
            assert text in run.message, case
    assert "Traceback" not in runs[0].output
    assert "987654" not in runs[0].output
    assert unjoined.sandbox.writes("eu-1") == before


def test_an_unknown_option_is_refused_by_name(unjoined: Federation) -> None:
    run = unjoined.propagate(name="bad", definition=GOOD, placment={})
    assert "placment" in run.message
    assert "Traceback" not in run.output


def test_an_object_that_one_api_refuses_does_not_stop_the_rest(federation: Federation) -> None:
    container = {"name": "main", "image": "x", "env": [{"name": "PORT", "value": 80}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    number = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "number"}, "spec": spec}
    unknown = {"apiVersion": "example.com/v1", "kind": "Confgmap", "metadata": {"name": "typo"}}
    run = federation.propagate(name="bad", definition=[GOOD, number, unknown])
    assert run.result["failed"]
    messages = {o["object"]: o["msg"] for o in run.result["objects"] if o["member"] == "us-1"}
    assert "quote it, or use `| string`" in messages[f"Deployment {federation.namespace}/number"]
    assert "does not know the kind Confgmap of example.com/v1" in messages["Confgmap typo"]
    for client in federation.kube.values():
        assert "good" in client.names("v1", "ConfigMap", federation.namespace)
    assert run.message.count("Confgmap typo") == 1  # three members, one cause, said once


def test_a_patch_that_does_not_fit_blocks_its_object_on_its_member_only(federation: Federation) -> None:
    patch = [{"op": "replace", "path": "/data/missing", "value": "x"}]
    overrides = [{"where": {"members": ["eu-2"]}, "patch": patch}]
    run = federation.propagate(name="bad", definition=GOOD, overrides=overrides)
    assert run.member("eu-2")["reason"] == "invalid"
    assert "overrides[0] does not fit: replace /data/missing: there is no 'missing' (there is a)" in run.message
    assert run.member("eu-1")["status"] == "changed"
    lenient = federation.propagate(name="bad", definition=GOOD, overrides=overrides, strict=False)
    assert not lenient.result["failed"], lenient.message
    assert "overrides[0] skipped" in str(lenient.result["warnings"])


@pytest.fixture
def silence() -> Iterator[int]:
    """The port of a server that accepts connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield int(server.getsockname()[1])


def sick(federation: Federation, change: str, port: int = 0) -> dict[str, Any]:
    """Host variables for eu-2 with one thing wrong."""
    body = yaml.safe_load(federation.sandbox.kubeconfig("eu-2").read_text())
    cluster, user = body["clusters"][0]["cluster"], body["users"][0]["user"]
    other = yaml.safe_load(federation.sandbox.kubeconfig("us-1").read_text())
    if change == "refuses connections":
        cluster["server"] = "https://127.0.0.1:1"
    elif change == "wrong CA":
        cluster["certificate-authority-data"] = other["clusters"][0]["cluster"]["certificate-authority-data"]
    elif change == "bad token":
        body["users"][0]["user"] = {"token": "eyJhbGciOiJSUzI1NiJ9.c3dvcmRmaXNo.bm90LWEtc2lnbmF0dXJl"}
    elif change == "wrong key":
        user["client-key-data"] = other["users"][0]["user"]["client-key-data"]
    elif change == "hangs":
        cluster["server"] = f"https://127.0.0.1:{port}"
    elif change == "unknown name":
        cluster["server"] = "https://does-not-exist.invalid"
    path = federation.player.folder / "sick.kubeconfig"
    path.write_text(yaml.safe_dump(body))
    path.chmod(0o600)
    return {"cluster_kubeconfig": str(path)}


#: what is wrong with eu-2, the reason that the result gives, and words of its message
SICK = [
    ("refuses connections", "unreachable", "127.0.0.1:1 refuses connections"),
    ("unknown name", "unreachable", "the name in does-not-exist.invalid cannot be resolved"),
    ("wrong CA", "untrusted", "is not trusted"),
    ("bad token", "unauthorized", "does not accept the credentials"),
    ("wrong key", "credentials", "not a valid pair"),
    ("hangs", "timeout", "gave no answer in 3 s"),
]


def test_a_sick_member_is_told_apart_and_the_others_are_done(federation: Federation, silence: int) -> None:
    for change, reason, text in SICK:
        inventory = federation.inventory_with(eu_2=sick(federation, change, silence))
        options = {"name": "app", "request_timeout": 3, "definition": {**GOOD, "data": {"sick": change}}}
        begun = time.monotonic()
        run, tolerated = federation.propagate_each([options, {**options, "fail_on": "2"}], inventory)
        assert time.monotonic() - begun < 15, change
        assert run.result["failed"], change
        assert run.member("eu-2")["reason"] == reason
        assert text in run.member("eu-2")["msg"]
        assert "eyJhbGciOi" not in run.output
        assert run.member("eu-1")["status"] == run.member("us-1")["status"] == "changed"
        assert not tolerated.result["failed"], change
        assert tolerated.member("eu-2")["status"] == "failed"
        assert text in str(tolerated.result["warnings"])
    healed = federation.propagate(name="app", definition=GOOD)
    assert healed.member("eu-2")["objects"]["created"] == 2
    assert not federation.propagate(name="app", definition=GOOD).result["changed"]


def test_a_kubeconfig_that_is_missing(federation: Federation) -> None:
    inventory = federation.inventory_with(eu_2={"cluster_kubeconfig": "/nonexistent/kubeconfig"})
    run = federation.propagate(name="app", definition=GOOD, inventory=inventory)
    assert run.member("eu-2")["reason"] == "credentials"
    assert "the kubeconfig /nonexistent/kubeconfig cannot be read" in run.message
    assert "cluster_kubeconfig" in run.message
    assert run.member("eu-1")["status"] == "changed"


def test_a_kind_that_the_credential_may_not_write(federation: Federation) -> None:
    """An ordinary user may handle ConfigMaps, and Services not at all."""
    client, role = federation.kube["eu-2"], f"{federation.name}-ordinary"
    rbac = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["configmaps", "namespaces", "nodes"], "verbs": ["*"]}]
    rules += [{"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]}]
    rules += [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "patch"]}]
    subject = {"kind": "User", "name": "ordinary", "apiGroup": rbac}
    reference = {"kind": "ClusterRole", "name": role, "apiGroup": rbac}
    client.create({"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": role}, "rules": rules})
    client.create(
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": role},
            "roleRef": reference,
            "subjects": [subject],
        }
    )
    try:
        user = next(federation.sandbox.kubeconfig("eu-2").parent.rglob("user.kubeconfig"))
        inventory = federation.inventory_with(eu_2={"cluster_kubeconfig": str(user), "cluster_context": None})
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"ports": [{"port": 80}]},
        }
        run = federation.propagate(name="app", definition=[GOOD, service], inventory=inventory)
        assert run.member("eu-2")["reason"] == "forbidden"
        assert f"Service {federation.namespace}/web" in run.member("eu-2")["msg"]
        assert "lacks this right" in run.member("eu-2")["msg"]
        assert "good" in client.names("v1", "ConfigMap", federation.namespace)
        assert run.member("us-1")["status"] == "changed"
    finally:
        client.delete(f"{rbac}/v1", "ClusterRoleBinding", role)
        client.delete(f"{rbac}/v1", "ClusterRole", role)


def test_a_play_without_members_says_so(federation: Federation) -> None:
    run = federation.player.task(
        "federated_resource", {"name": "app", "definition": GOOD}, hosts="localhost", inventory=federation.inventory
    )
    assert "no host of this play is in the group 'clusters' (use hosts: clusters for the play)" in run.message


def test_a_federation_without_a_name_says_so(federation: Federation, tmp_path: Path) -> None:
    body = yaml.safe_load(federation.inventory.read_text())
    del body["clusters"]["vars"]["federation_name"]
    inventory = tmp_path / "nameless.yml"
    inventory.write_text(yaml.safe_dump(body))
    run = federation.propagate(name="app", definition=GOOD, inventory=inventory)
    assert "set the variable federation_name" in run.message
