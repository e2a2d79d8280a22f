# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests of the sorts that many tests need."""

from __future__ import annotations

from typing import Any

Manifest = dict[str, Any]

#: apiVersion and kind of a CustomResourceDefinition
CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def manifest(api_version: str, kind: str, name: str, **content: Any) -> Manifest:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **content}


def config_map(name: str, **data: Any) -> Manifest:
    return manifest("v1", "ConfigMap", name, data=data or {"a": "b"})


def workload(name: str, pod: dict[str, Any], kind: str = "Deployment", **spec: Any) -> Manifest:
    """Something of ``apps/v1`` that makes pods of the spec ``pod``, with a label ``app``; ``spec`` is the rest of its own."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return manifest("apps/v1", kind, name, spec={"selector": {"matchLabels": labels}, "template": template, **spec})


def custom_kind(group: str, kind: str, plural: str, schema: Manifest | None = None, **version: Any) -> Manifest:
    """A CRD with one version, v1; without a ``schema`` it takes anything. ``version`` is what the version has more."""
    schema = schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"plural": plural, "singular": plural[:-1], "kind": kind, "listKind": f"{kind}List"}
    only = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
    return manifest(
        *CRD,
        f"{plural}.{group}",
        spec={"group": group, "scope": "Namespaced", "names": names, "versions": [only]},
    )
