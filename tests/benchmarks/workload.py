# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is propagated: one namespace and ten ordinary applications in it, 41 objects, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

APPS = 10
OBJECTS = 4 * APPS + 1

Manifest = dict[str, Any]


def _labels(app: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop", "tier": "web"}


def _probe(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "http"}, "initialDelaySeconds": 3, "periodSeconds": 10}


def _container(app: str) -> dict[str, Any]:
    return {
        "name": app,
        "image": f"registry.example.com/shop/{app}:1.4.2",
        "imagePullPolicy": "IfNotPresent",
        "args": ["serve", "--config=/etc/shop/app.properties"],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
        "env": [
            {"name": "APP", "value": app},
            {"name": "LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": app, "key": "log.level"}}},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": _probe("/ready"),
        "livenessProbe": _probe("/healthz"),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/shop", "readOnly": True}],
    }


def _deployment(app: str, metadata: dict[str, Any]) -> Manifest:
    pod = {
        "metadata": {"labels": _labels(app), "annotations": {"prometheus.io/scrape": "true"}},
        "spec": {
            "serviceAccountName": app,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [_container(app)],
            "volumes": [{"name": "config", "configMap": {"name": app}}],
        },
    }
    spec = {
        "replicas": 3,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": {"app.kubernetes.io/name": app}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": pod,
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def _app(app: str, namespace: str) -> list[Manifest]:
    metadata = {"name": app, "namespace": namespace, "labels": _labels(app)}
    properties = "".join(f"shop.{app}.setting.{n}={n * 17}\n" for n in range(20))
    ports = [
        {"name": "http", "port": 80, "targetPort": "http"},
        {"name": "metrics", "port": 9090, "targetPort": "metrics"},
    ]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": False},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"log.level": "info", "app.properties": properties},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": {"app.kubernetes.io/name": app}, "ports": ports},
        },
        _deployment(app, metadata),
    ]


def manifests(namespace: str) -> list[Manifest]:
    """The namespace, then everything in it."""
    found = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"team": "shop"}}}]
    for number in range(APPS):
        found += _app(f"app-{number}", namespace)
    return found


def write(folder: Path, namespace: str) -> Path:
    """The manifests as a file ``NAMESPACE.yaml`` of the folder."""
    path = folder / f"{namespace}.yaml"
    path.write_text(yaml.safe_dump_all(manifests(namespace), sort_keys=False), "utf-8")
    return path
