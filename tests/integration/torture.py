# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects that a naive comparison takes for drifted: defaults, quantities, nulls, atomic lists, sets, maps, and what the API rewrites."""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.multicluster.federation.tests.integration.manifests import Manifest, custom_kind, manifest

_LABELS = {"app": "torture"}


def _pod(**spec: Any) -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "registry.example.com/app:1",
        "args": ["--a", "--b", "--a"],
        "command": ["sh", "-c"],
        "env": [
            {"name": "PLAIN", "value": "1"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "NOTHING", "value": None},
        ],
        "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}],
        "resources": {"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"cpu": "1000m", "memory": "1Gi"}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
        "securityContext": {},
    }
    return {
        "metadata": {"labels": _LABELS, "creationTimestamp": None},
        "spec": {
            "containers": [container],
            "volumes": [{"name": "scratch", "emptyDir": {}}],
            "tolerations": [{"key": "a", "operator": "Exists"}],
            "nodeSelector": None,
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": _LABELS},
                }
            ],
            **spec,
        },
    }


def _workloads() -> list[Manifest]:
    selector = {"matchLabels": _LABELS}
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
    }
    job = {"template": _pod(restartPolicy="Never"), "backoffLimit": 2}
    return [
        manifest("apps/v1", "Deployment", "web", spec={"replicas": 1, "selector": selector, "template": _pod()}),
        manifest(
            "apps/v1",
            "StatefulSet",
            "store",
            spec={
                "replicas": 0,
                "serviceName": "store",
                "selector": selector,
                "template": _pod(),
                "volumeClaimTemplates": [claim],
            },
        ),
        manifest(
            "batch/v1",
            "CronJob",
            "nightly",
            spec={"schedule": "0 3 * * *", "suspend": True, "jobTemplate": {"spec": job}},
        ),
        manifest(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "store",
            spec={
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "other"},
                "maxReplicas": 5,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
                    }
                ],
            },
        ),
    ]


def _network() -> list[Manifest]:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53},
        {"name": "http", "port": 80, "targetPort": "http"},
    ]
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [
        {"path": "/a", "pathType": "Prefix", "backend": backend},
        {"path": "/b", "pathType": "Exact", "backend": backend},
    ]
    return [
        manifest("v1", "Service", "web", spec={"selector": _LABELS, "ports": ports}, status=None),
        manifest("v1", "Service", "plain", spec={"selector": _LABELS, "ports": [{"port": 8080}]}),
        manifest("v1", "Service", "store", spec={"clusterIP": "None", "selector": _LABELS, "ports": [{"port": 1}]}),
        manifest(
            "networking.k8s.io/v1",
            "Ingress",
            "web",
            spec={"rules": [{"host": "a.example.com", "http": {"paths": paths}}]},
        ),
        manifest(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "deny",
            spec={
                "podSelector": {},
                "policyTypes": ["Ingress"],
                "ingress": [{"ports": [{"port": 80}], "from": [{"podSelector": {}}]}],
            },
        ),
        manifest(
            "policy/v1",
            "PodDisruptionBudget",
            "web",
            spec={"maxUnavailable": "25%", "selector": {"matchLabels": _LABELS}},
        ),
    ]


def _plain() -> list[Manifest]:
    rules = [{"apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": ["get", "list"]}]
    return [
        manifest("v1", "ConfigMap", "settings", data={"number": "1", "text": "a\nb\n", "empty": ""}, binaryData=None),
        manifest("v1", "ConfigMap", "bare"),
        manifest("v1", "Secret", "text", stringData={"password": "hunter2", "user": "a"}),
        manifest("v1", "Secret", "both", data={"a": "YQ=="}, stringData={"b": "b"}, type="Opaque"),
        manifest("v1", "ServiceAccount", "worker", automountServiceAccountToken=False),
        manifest("rbac.authorization.k8s.io/v1", "Role", "reader", rules=rules),
        manifest(
            "v1",
            "LimitRange",
            "limits",
            spec={"limits": [{"type": "Container", "default": {"cpu": 0.5, "memory": "1024Mi"}}]},
        ),
        manifest("v1", "ResourceQuota", "quota", spec={"hard": {"cpu": "4000m", "memory": "8192Mi", "pods": 1000}}),
        manifest(
            "v1",
            "PersistentVolumeClaim",
            "data",
            spec={
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "resources": {"requests": {"storage": "0.5Gi"}},
            },
        ),
    ]


def crd(group: str) -> Manifest:
    """A kind with every sort of list and map that a schema can declare."""
    text = {"type": "string"}
    item = {
        "type": "object",
        "required": ["port"],
        "properties": {"port": {"type": "integer"}, "protocol": {**text, "default": "TCP"}, "note": text},
    }
    keyed = {
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port", "protocol"],
    }
    fields = {
        "keyed": keyed,
        "set": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
        "atomic": {"type": "array", "items": text, "x-kubernetes-list-type": "atomic"},
        "unsaid": {"type": "array", "items": {"type": "integer"}},
        "whole": {"type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic"},
        "granular": {"type": "object", "additionalProperties": text},
        "either": {"x-kubernetes-int-or-string": True},
        "filled": {**text, "default": "by the server"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "number": {"type": "number"},
    }
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    return custom_kind(group, "Torture", "tortures", schema)


def custom(group: str) -> list[Manifest]:
    """Two objects of that kind: one with everything in it, one with nothing."""
    spec = {
        "keyed": [{"port": 80}, {"port": 80, "protocol": "UDP", "note": "x"}, {"port": 443, "note": None}],
        "set": ["b", "a"],
        "atomic": ["b", "a", "b"],
        "unsaid": [3, 1, 2],
        "whole": {"b": "2", "a": "1"},
        "granular": {"b": "2", "a": "1"},
        "either": "25%",
        "free": {"deep": {"list": [{"a": None, "b": 1}], "empty": {}}},
        "number": 1.0,
    }
    return [manifest(f"{group}/v1", "Torture", "full", spec=spec), manifest(f"{group}/v1", "Torture", "empty", spec={})]


def everything(group: str) -> list[Manifest]:
    """All of it; a fresh copy, to be changed at will."""
    return copy.deepcopy([*_plain(), *_network(), *_workloads(), *custom(group), crd(group)])
