# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Things that are really broken inside a member, for as long as a context lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kubernetes.dynamic.exceptions import InternalServerError

from ansible_collections.multicluster.federation.tests.integration.manifests import config_map, manifest
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import Kube


@contextmanager
def dead_webhook(client: Kube, name: str, namespace: str) -> Iterator[None]:
    """A validating webhook for the ConfigMaps of a namespace, with nobody behind it."""
    webhook = {
        "name": name,
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
    }
    api_version, kind = "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"
    client.create(manifest(api_version, kind, name, webhooks=[webhook]))
    try:  # the API server needs a moment to learn of it, and to forget it
        until(lambda: _refuses(client, name, namespace), f"{name} is in force", 30)
        yield
    finally:
        client.delete(api_version, kind, name)
        until(lambda: not _refuses(client, name, namespace), f"{name} is forgotten", 30)


def _refuses(client: Kube, webhook: str, namespace: str) -> bool:
    """Whether the webhook stands in the way of a write by somebody else."""
    try:
        client.create(config_map("probe"), namespace)
    except InternalServerError as error:
        return webhook in str(error)
    client.delete("v1", "ConfigMap", "probe", namespace)
    return False


@contextmanager
def dead_apiservice(client: Kube, group: str) -> Iterator[None]:
    """The group is said to be served by a Service that does not exist, as after half an uninstallation."""
    api_version, name = "apiregistration.k8s.io/v1", f"v1.{group}"
    body = {
        "metadata": {"labels": {"kube-aggregator.kubernetes.io/automanaged": None}},
        "spec": {"service": {"namespace": "default", "name": "missing", "port": 443}, "insecureSkipTLSVerify": True},
    }

    def freshness() -> str | None:
        accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        groups = {item["metadata"].get("name"): item for item in client.read("/apis", accept)["items"]}
        return str(groups[group]["versions"][0].get("freshness")) if group in groups else None

    client.merge(api_version, "APIService", name, None, body)
    try:
        until(lambda: freshness() == "Stale", f"{group} is stale")
        yield
    finally:
        client.delete(api_version, "APIService", name)  # the API server makes its own again
        until(lambda: freshness() == "Current", f"{group} is served again")
