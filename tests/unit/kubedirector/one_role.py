# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances with one role, for tests that look at one thing of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    NATIVE_SETTINGS,
    Instance,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.settings import Settings
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import RUNTIME_KIND, Sample
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    app_manifest,
    cluster_manifest,
    role,
)

PACKAGE = {"packageURL": "file:///x.tgz"}
AMOUNTS = {"memory": "1Gi", "cpu": "1"}


def built(
    asked: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    runtime: dict[str, Any] | None = None,
    known: dict[str, Any] | None = None,
    settings: Settings = NATIVE_SETTINGS,
    **options: Any,
) -> Instance:
    """An instance with one role, r1: fields of the role in the instance, of the app, of its runtime, and of the role in the app.

    The role has all services of the app, and each is named twice.
    """
    spec = {**endpoints(a=80, b=81), **(spec or {})}
    services = [service["id"] for service in spec["services"]]
    app = app_manifest(
        roles=[{"id": "r1", "cardinality": "0+", **(known or {})}],
        config={"selectedRoles": ["r1"], "roleServices": [{"roleID": "r1", "serviceIDs": services * 2}]},
        **spec,
    )
    documents = [app, *([{**RUNTIME_KIND, "metadata": {"name": "va"}, "spec": runtime}] if runtime else [])]
    manifest = cluster_manifest(roles=[role("r1", **{"members": 2, **(asked or {})})])
    return replace(Sample(documents, manifest, options).instance(), settings=settings)


def resources(requests: dict[str, str], **limits: str) -> dict[str, Any]:
    return {"resources": {"requests": requests, "limits": {**AMOUNTS, **limits}}}


def endpoints(**ports: int) -> dict[str, Any]:
    return {"services": [{"id": name, "endpoint": {"port": port}} for name, port in ports.items()]}


def of_runtime(**fields: Any) -> dict[str, Any]:
    return {
        "parameters": [{"name": "p", "default": "x"}],
        "secrets": [{"id": "auth", "values": {"user": "@{param:p}"}}],
        "roles": [{"id": "r1", **fields}],
    }
