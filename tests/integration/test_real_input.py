# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people really hand over: rendered charts, huge definitions, hundreds of objects, injected sidecars, and what cannot work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.manifests import (
    config_map,
    custom_kind,
    manifest,
    workload,
)
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation
from ansible_collections.multicluster.federation.tests.integration.webhook import Patch, mutating

pytestmark = pytest.mark.integration

#: as ``helm template`` prints a chart: comments that name the source, empty documents, hooks, quoted and unquoted text
CHART = """---
# Source: shop/templates/serviceaccount.yaml
apiVersion: v1
kind: ServiceAccount
metadata:
  name: release-shop
  labels:
    helm.sh/chart: shop-1.2.3
    app.kubernetes.io/version: "1.10"
automountServiceAccountToken: true
---
# Source: shop/templates/empty.yaml
---
# Source: shop/templates/configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: release-shop
  annotations:
    # hooks of helm mean nothing to anybody else
    "helm.sh/hook": pre-install
data:
  nginx.conf: |-
    server {
      listen 80;
    }
  enabled: "yes"
---
# Source: shop/templates/rbac.yaml
apiVersion: v1
kind: List
items:
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata:
      name: release-shop
    rules:
      - {apiGroups: [""], resources: [configmaps], verbs: [get]}
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata:
      name: release-shop
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: release-shop}
    subjects:
      - {kind: ServiceAccount, name: release-shop}
---
# Source: shop/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: release-shop
spec:
  type: ClusterIP
  ports:
    - port: 80
      targetPort: http
      protocol: TCP
      name: http
  selector:
    app: shop
---
# Source: shop/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: release-shop
spec:
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      securityContext:
        {}
      containers:
        - name: shop
          securityContext:
            {}
          image: "registry.example.com/shop:1.10"
          ports:
            - name: http
              containerPort: 80
              protocol: TCP
          resources:
            {}
---
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["unix", "dos"])
def test_a_rendered_chart_as_it_was_printed(federation: Federation, tmp_path: Path, ends: str) -> None:
    chart = tmp_path / "chart.yaml"
    chart.write_bytes(CHART.replace("\n", ends).encode())
    first = federation.propagate(name="shop", src=[str(chart)])
    assert first.message == "3 members: 21 created", first.message
    again = federation.propagate(name="shop", src=[str(chart)])
    assert again.message == "3 members: nothing to do"
    settings = federation.kube["us-1"].get("v1", "ConfigMap", "release-shop", federation.namespace)
    assert settings is not None
    assert settings["data"] == {"nginx.conf": "server {\n  listen 80;\n}", "enabled": "yes"}


def test_texts_of_all_letters_arrive_as_they_are(federation: Federation) -> None:
    """An apply is YAML to the API server, which reads some of JSON's escapes in another way."""
    data = {"a": "\U0001f600 \U00010000", "b": "\x7f\x85\u2028\ufeff", "c": "\\ud83d\\ude00", "d": "gr\u00fcn"}
    texts = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "texts"}, "data": data}
    first = federation.propagate(name="texts", definition=[texts])
    assert not first.result["failed"], first.message
    found = federation.kube["us-1"].get("v1", "ConfigMap", "texts", federation.namespace)
    assert found is not None
    assert found["data"] == data
    assert federation.propagate(name="texts", definition=[texts]).message == "3 members: nothing to do"


def test_a_definition_of_more_than_256_kib(federation: Federation, group: str) -> None:
    """Too large for the annotation of client-side apply; server-side apply takes it, and the second run has nothing to do."""
    text = {"type": "string", "description": "d" * 200}
    fields = {f"field{number:04d}": text for number in range(1300)}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    crd = custom_kind(group, "Large", "larges", schema)
    assert len(str(crd)) > 256 * 1024
    large = manifest(f"{group}/v1", "Large", "one", spec={"field0001": "a"})
    first = federation.propagate(name="app", definition=[crd, large])
    assert not first.result["failed"], first.message
    assert federation.propagate(name="app", definition=[crd, large]).message == "3 members: nothing to do"


def test_an_object_too_large_for_the_api_is_named_and_the_rest_arrives(federation: Federation) -> None:
    huge = config_map("huge", text="x" * (1 << 20) + "x")
    done = federation.propagate(name="app", definition=[huge, config_map("small", a="b")])
    assert done.result["failed"]
    assert f"ConfigMap {federation.namespace}/huge" in done.message
    assert "Too long" in done.message or "too large" in done.message
    assert "xxxxxxxx" not in done.message
    assert len(done.message) < 600
    assert {o["object"] for o in done.result["objects"] if o["action"] == "created"} == {
        f"Namespace {federation.namespace}",
        f"ConfigMap {federation.namespace}/small",
    }


def test_five_hundred_objects_in_one_call(federation: Federation) -> None:
    many = [config_map(f"part-{number:03d}", number=str(number)) for number in range(500)]
    first = federation.propagate(name="app", definition=many)
    assert first.message == "3 members: 1503 created"
    assert len(first.result["objects"]) == 200, "a result has to fit into an event"
    assert first.result["summary"]["objects_not_listed"] == 1303
    assert federation.propagate(name="app", definition=many).message == "3 members: nothing to do"
    gone = federation.propagate(name="app", state="absent", delete_namespaces=True)
    assert gone.message == "3 members: 1503 deleted"


def test_a_name_that_the_server_makes_up_is_refused_with_the_reason(federation: Federation) -> None:
    nameless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "job-"}, "data": {}}
    refused = federation.propagate(name="app", definition=[config_map("small", a="b"), nameless])
    assert refused.result["failed"]
    assert "generateName" in refused.message
    assert not federation.kube["eu-1"].get("v1", "ConfigMap", "small", federation.namespace), "nothing was sent"


def shop(name: str) -> list[dict[str, Any]]:
    container = {"name": name, "image": f"registry.example.com/{name}:1", "ports": [{"containerPort": 8080}]}
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return [
        workload(name, {"containers": [container]}),
        manifest("v1", "Service", name, spec={"selector": {"app": name}, "ports": ports}),
        manifest("v1", "ServiceAccount", name),
    ]


def inject(body: dict[str, Any]) -> Patch:
    """A sidecar, as service meshes put it there, and our own image taken from a mirror: at every write."""
    containers = body["spec"]["template"]["spec"]["containers"]
    patch: Patch = []
    if not any(container["name"] == "proxy" for container in containers):
        sidecar = {"name": "proxy", "image": "registry.example.com/proxy:1"}
        patch.append({"op": "add", "path": "/spec/template/spec/containers/-", "value": sidecar})
    if not containers[0]["image"].startswith("mirror/"):
        mirrored = f"mirror/{containers[0]['image']}"
        patch.append({"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": mirrored})
    return patch


def test_a_webhook_that_injects_and_rewrites_is_not_fought(federation: Federation, tmp_path: Path) -> None:
    definition = [part for name in ("frontend", "cart", "checkout", "email") for part in shop(name)]
    assert not federation.propagate(name="boutique", definition=config_map("first", a="b")).result["failed"]
    with mutating(federation.kube["us-1"], federation.name, federation.namespace, tmp_path, inject) as asked:
        probe = shop("probe")[0]

        def works() -> bool:
            """A new webhook takes a moment to reach the API server's memory."""
            api = federation.kube["us-1"].api("apps/v1", "Deployment")
            made = api.create(body=probe, namespace=federation.namespace, dry_run="All").to_dict()
            return len(made["spec"]["template"]["spec"]["containers"]) == 2

        until(works, "the webhook is called", 30)
        first = federation.propagate(name="boutique", definition=definition, max_deletions="100%")
        assert not first.result["failed"], first.message
        written = federation.kube["us-1"].get("apps/v1", "Deployment", "cart", federation.namespace)
        assert written is not None
        assert [c["image"] for c in written["spec"]["template"]["spec"]["containers"]] == [
            "mirror/registry.example.com/cart:1",
            "registry.example.com/proxy:1",
        ]
        before = {member: federation.sandbox.writes(member) for member in MEMBERS}
        calls = len(asked)
        for arguments in ([], ["--check"]):
            again = federation.propagate(*arguments, name="boutique", definition=definition)
            assert again.message.endswith("nothing to do"), again.result["objects"]
        assert {member: federation.sandbox.writes(member) for member in MEMBERS} == before
        assert len(asked) == calls or set(asked[calls:]) <= {"cart", "checkout", "email", "frontend", "probe"}
