# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The StatefulSet of a role: what its app, the runtime of the app and the instance say, in one pod template."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ...model import names
from ...model.quantity import parse_quantity
from ..app import Role, Service
from ..cluster import ClusterRole
from ..instance import Instance
from ..runtime import CONFIGURE, RoleRuntime
from . import naming
from .blanks import filled
from .volumes import VOLUME, Volumes, volumes_of

CONTAINER = "app"
_SEED = "seed"
_GPU = "nvidia.com/gpu"
# A service's id with a letter in it, and no '--'.
_PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--).+")


def stateful_set(instance: Instance, asked: ClusterRole, role: Role) -> dict[str, Any]:
    """The StatefulSet of a role that has members."""
    runtime = instance.definition.runtime.role(role.id)
    volumes = volumes_of(instance, asked, role, runtime)
    labels = naming.pod_labels(instance, role.id)
    keep = "Retain" if instance.retain else "Delete"
    body: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": _metadata(instance, naming.set_name(instance, role.id), labels),
        "spec": {
            "replicas": asked.members,
            "serviceName": naming.headless_name(instance),
            "podManagementPolicy": "OrderedReady" if runtime.ordered else "Parallel",
            "selector": {"matchLabels": labels},
            "template": _template(instance, asked, role, runtime, volumes),
        },
    }
    if role.package is not None or CONFIGURE in runtime.hooks:
        # whoever looks at the instance sees by this that its pods are not done when they are ready
        body["metadata"]["annotations"][names.ANNOTATION_SETUP] = CONFIGURE
    if volumes.claims:
        body["spec"]["persistentVolumeClaimRetentionPolicy"] = {"whenDeleted": keep, "whenScaled": keep}
        body["spec"]["volumeClaimTemplates"] = volumes.claims
    return body


def _metadata(instance: Instance, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": instance.namespace,
        "labels": dict(labels),
        "annotations": {naming.ANNOTATION_PRETTY_NAME: instance.definition.app.label.name},
    }


def _template(
    instance: Instance, asked: ClusterRole, role: Role, runtime: RoleRuntime, volumes: Volumes
) -> dict[str, Any]:
    settings = instance.settings
    annotations = {
        **asked.pod_annotations,
        **settings.pod_annotations,
        naming.ANNOTATION_PRETTY_NAME: instance.definition.app.label.name,
    }
    fresh = [[file.path, filled(instance, file.content, text=True)] for file in runtime.files if file.restart]
    if fresh:
        annotations[names.ANNOTATION_FILES] = sha256(json.dumps(fresh).encode()).hexdigest()[:16]
    spec: dict[str, Any] = {
        "automountServiceAccountToken": bool(asked.service_account),
        "containers": [_container(instance, asked, role, runtime, volumes)],
    }
    if asked.service_account:
        spec["serviceAccountName"] = asked.service_account
    if asked.affinity:
        spec["affinity"] = dict(asked.affinity)
    else:
        spec["affinity"] = _apart(instance, role.id)
    if volumes.volumes:
        spec["volumes"] = volumes.volumes
    if volumes.seed:
        spec["initContainers"] = [_seeding(instance, asked, role, volumes)]
    spec.update(filled(instance, runtime.pod))
    labels = {**asked.pod_labels, **settings.pod_labels, **naming.pod_labels(instance, role.id)}
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}


def _apart(instance: Instance, role: str) -> dict[str, Any]:
    """Pods of one role on different nodes where there are several: one node that dies must not take all of them."""
    term = {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": naming.pod_labels(instance, role)},
    }
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def _resources(asked: ClusterRole) -> dict[str, Any]:
    resources: dict[str, Any] = {"limits": dict(asked.limits)}
    if asked.requests:
        resources["requests"] = dict(asked.requests)
    return resources


def _container(
    instance: Instance, asked: ClusterRole, role: Role, runtime: RoleRuntime, volumes: Volumes
) -> dict[str, Any]:
    app = instance.definition.app
    services = [service for service in app.services_of(role.id) if service.endpoint is not None]
    own = filled(instance, runtime.container)
    body: dict[str, Any] = {
        "name": CONTAINER,
        "image": instance.image(role.id),
        "resources": _resources(asked),
        "env": _environment(asked, role, own.pop("env", [])),
    }
    ports = _ports(services)
    if ports:
        body["ports"] = ports
        if not {"readinessProbe", "startupProbe"} & set(own):
            # the operator has no probes: there a pod counts as ready before its application answers
            port = ports[0].get("name", ports[0]["containerPort"])
            body["readinessProbe"] = {"tcpSocket": {"port": port}, "periodSeconds": 5}
    if role.stdin:
        body["stdin"] = True
    if role.tty:
        body["tty"] = True
    if volumes.mounts:
        body["volumeMounts"] = volumes.mounts
    if volumes.devices:
        body["volumeDevices"] = volumes.devices
    security = own.pop("securityContext", {})
    if app.capabilities:
        capabilities = dict(security.get("capabilities") or {})
        capabilities["add"] = [*capabilities.get("add", []), *app.capabilities]
        security = {**security, "capabilities": capabilities}
    if security:
        body["securityContext"] = security
    return {**body, **own}


def _ports(services: list[Service]) -> list[dict[str, Any]]:
    ports = []
    for service in services:
        if service.endpoint is not None:
            # what Kubernetes does not take as the name of a port is left out: nothing needs it
            name = {"name": service.id} if _PORT_NAME.fullmatch(service.id) else {}
            ports.append({**name, "containerPort": service.endpoint.port, "protocol": "TCP"})
    return ports


def _environment(asked: ClusterRole, role: Role, own: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the runtime sets, the instance's own in its place, and what setup packages find in every pod."""
    found = {entry["name"]: entry for entry in own}
    found.update({name: {"name": name, "value": value} for name, value in asked.env})
    if role.package is not None and role.package.new_layout:
        found["PYTHONUSERBASE"] = {"name": "PYTHONUSERBASE", "value": "/usr/local"}
    gpus = asked.requests.get(_GPU) or asked.limits.get(_GPU) or "0"
    if parse_quantity(gpus) == 0:
        # the NVIDIA container runtime gives all GPUs of a node to containers that say nothing
        found["NVIDIA_VISIBLE_DEVICES"] = {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}
    return list(found.values())


def _seeding(instance: Instance, asked: ClusterRole, role: Role, volumes: Volumes) -> dict[str, Any]:
    return {
        "name": _SEED,
        "image": instance.image(role.id),
        "command": ["/bin/sh", "-c", volumes.seed],
        "resources": _resources(asked),
        "securityContext": {"runAsUser": 0},
        "volumeMounts": [{"name": VOLUME, "mountPath": "/mnt"}],
    }
