# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/first-hour.md, followed as it is written, on real clusters with a real application that was there before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.multicluster.federation.tests.integration.stage import Kube, Sandbox

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-hour.md"
# the members of the sandbox, as they are called in the kubeconfig of somebody with many clusters
CONTEXTS = {
    "eu-1": "arn:aws:eks:eu-west-1:123456789012:cluster/shop",
    "eu-2": "gke_acme_europe-west1_shop",
    "us-1": "admin@shop-us",
}
APP = "shop"
FEDERATION = "federation-shops"


def kubeconfig(sandbox: Sandbox) -> dict[str, Any]:
    """A kubeconfig as it grows over the years: three clusters, one of them twice, and one that is long gone."""
    clusters, users, contexts = [], [], []
    for member, name in CONTEXTS.items():
        found = yaml.safe_load(sandbox.kubeconfig(member).read_text())
        clusters.append({"name": name, "cluster": found["clusters"][0]["cluster"]})
        users.append({"name": name, "user": found["users"][0]["user"]})
        contexts.append({"name": name, "context": {"cluster": name, "user": name}})
    us = CONTEXTS["us-1"]
    contexts.append({"name": "shop-us-system", "context": {"cluster": us, "user": us, "namespace": "kube-system"}})
    clusters.append({"name": "old-lab", "cluster": {"server": "https://127.0.0.1:9"}})
    contexts.append({"name": "old-lab", "context": {"cluster": "old-lab", "user": us}})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "users": users,
        "contexts": contexts,
        "current-context": us,
    }


def by_kubectl(client: Kube, manifest: dict[str, Any]) -> None:
    """As ``kubectl apply`` leaves it: its manager's name, and the annotation in which it keeps what it applied."""
    body = json.loads(json.dumps(manifest))
    applied = json.dumps(manifest, separators=(",", ":")) + "\n"
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    api = client.api(manifest["apiVersion"], manifest["kind"])
    api.create(body=body, namespace=APP, field_manager="kubectl-client-side-apply")


def running(client: Kube, count: int) -> Callable[[], bool]:
    return lambda: [pod["phase"] for pod in pods(client).values()] == ["Running"] * count


def pods(client: Kube) -> dict[str, dict[str, Any]]:
    """What tells one pod from another, and whether it runs, by name."""
    found = client.api("v1", "Pod").get(namespace=APP).to_dict()["items"] or []
    return {
        item["metadata"]["name"]: {
            "uid": item["metadata"]["uid"],
            "hash": item["metadata"]["labels"]["pod-template-hash"],
            "phase": item["status"]["phase"],
            "restarts": [s["restartCount"] for s in item["status"].get("containerStatuses") or []],
        }
        for item in found
    }
