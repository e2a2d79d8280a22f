# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Services of an instance: one without an address that names every pod, and those that clients use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cluster import ClusterRole
from ..instance import BOTH, POD, ROLE, Instance
from . import naming

_POD = "statefulset.kubernetes.io/pod-name"
# A Service needs a port; nobody asks this one for it.
_DUMMY = [{"name": "port", "port": 8888, "protocol": "TCP", "targetPort": 8888}]


def headless_service(instance: Instance) -> dict[str, Any]:
    """Gives every pod of the instance a DNS name, ready or not: pods find each other before they are ready."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(instance, naming.headless_name(instance), naming.cluster_labels(instance), {}),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {naming.LABEL_HEADLESS: instance.name},
            "ports": _DUMMY,
        },
    }


def role_services(instance: Instance, asked: ClusterRole) -> list[dict[str, Any]]:
    """The Services of a role that has ports: one for all its ready pods, or one for each pod, as the instance is exposed."""
    ports = _ports(instance, asked.id)
    if not ports:
        return []
    labels = {**asked.service_labels, **instance.settings.service_labels, **naming.role_labels(instance, asked.id)}
    notes = {**asked.service_annotations, **instance.settings.service_annotations}
    made = []
    if instance.expose in (ROLE, BOTH):
        selector = naming.role_labels(instance, asked.id)
        name = naming.set_name(instance, asked.id)
        # one that comes back asks the other member before it serves: an answer must not hang on that one being ready
        asks = instance.replication is not None and instance.replication.role == asked.id
        made.append(_service(instance, name, labels, notes, selector, ports, asks))
    if instance.expose in (POD, BOTH):
        pods = naming.pod_names(instance, asked.id)
        made += [_service(instance, f"s-{pod}", labels, notes, {_POD: pod}, ports, True) for pod in pods]
    return made


def has_ports(instance: Instance, role: str) -> bool:
    """Whether there is anything that a Service of a role could lead to."""
    return bool(_ports(instance, role))


def _ports(instance: Instance, role: str) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{service.endpoint.url_scheme or 'generic'}-{service.id}",
            "port": service.endpoint.port,
            "protocol": "TCP",
            "targetPort": service.endpoint.port,
        }
        for service in instance.definition.app.services_of(role)
        if service.endpoint is not None
    ]


def _service(
    instance: Instance,
    name: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    selector: Mapping[str, str],
    ports: list[dict[str, Any]],
    unready: bool,
) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": instance.cluster.service_type, "selector": dict(selector), "ports": ports}
    if unready:
        spec["publishNotReadyAddresses"] = True
    metadata = _metadata(instance, name, labels, annotations)
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _metadata(
    instance: Instance, name: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    pretty = {naming.ANNOTATION_PRETTY_NAME: instance.definition.app.label.name}
    return {
        "name": name,
        "namespace": instance.namespace,
        "labels": dict(labels),
        "annotations": {**annotations, **pretty},
    }
