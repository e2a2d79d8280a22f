# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""configmeta.json: what the setup package of an app reads about the instance that it sets up, in the operator's form."""

from __future__ import annotations

import copy
from base64 import b64encode
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from ...model.quantity import parse_quantity
from ..app import Service
from ..cluster import ClusterRole
from ..envelope import GROUP
from ..instance import Instance
from . import naming

#: what the operator calls the only group that there is
_GROUP = "1"
_MIB = 1024 * 1024
#: ids of pods of one role; more members than that no instance may have
_PODS = 1000
_UNKNOWN = "n/a"

#: what an instance can be connected to, beside other instances, and the labels that say what these are
CONFIGMAPS, SECRETS = "configmaps", "secrets"
TYPE_LABELS = {CONFIGMAPS: f"{GROUP}/cmType", SECRETS: f"{GROUP}/secretType"}
#: for `with_secret_keys`
HIDDEN: Mapping[str, Mapping[str, str]] = {"": {}}


def configmeta(
    instance: Instance, role: str, number: int, connections: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The document for pod ``number`` of a role. Ids of pods follow from the role and the number, so that they never change.

    ``connections`` has what the instance is connected to: ``clusters`` (see `connected`), ``configmaps`` and ``secrets`` by their types.
    """
    app = instance.definition.app
    pod = naming.pod_address(instance, naming.pod_name(instance, role, number))
    return {
        **_of_cluster(instance, ()),
        "node": {
            "role_id": role,
            "nodegroup_id": _GROUP,
            "id": _id(instance, role, number),
            "hostname": pod,
            "fqdn": pod,
            "domain": naming.headless_address(instance),
            "distro_id": app.distro_id,
            "depends_on": {},
        },
        "connections": {"clusters": {}, "configmaps": {}, "secrets": {}, **(connections or {})},
    }


def connected(instance: Instance) -> dict[str, Any]:
    """What the pods of another instance are told of this one, which they are connected to: without secret keys."""
    body = _of_cluster(instance, ("connections", "clusters", instance.name))
    for role in body["nodegroups"][_GROUP]["roles"].values():
        role.pop("secret_keys", None)
    return body


def connected_objects(kind: str, items: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """ConfigMaps or Secrets (`CONFIGMAPS`, `SECRETS`) as pods are told of them, by the type that their labels name. Others are left out.

    Of Secrets everything is base64, even what is no secret: that is how the operator writes it.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for item in sorted(items, key=lambda item: str(item["metadata"]["name"])):
        metadata = item["metadata"]
        labels, annotations = dict(metadata.get("labels") or {}), dict(metadata.get("annotations") or {})
        if TYPE_LABELS[kind] not in labels:
            continue
        body: dict[str, Any] = {"metadata": {"name": metadata["name"]}, "data": dict(item.get("data") or {})}
        body |= {"labels": labels, "annotations": annotations or None}
        if kind == SECRETS:
            body |= {"metadata": _encoded(body["metadata"]), "labels": _encoded(labels)}
            body["annotations"] = _encoded(annotations)
        found.setdefault(labels[TYPE_LABELS[kind]], []).append(body)
    return found


def with_secret_keys(document: Mapping[str, Any], values: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """A copy of a document with values (by role and name) of secret keys that it does not have; `HIDDEN` hides those that it has."""
    made: dict[str, Any] = copy.deepcopy(dict(document))
    for name, role in made["nodegroups"][_GROUP]["roles"].items():
        for key, value in (role.get("secret_keys") or {}).items():
            found = "" if values is HIDDEN else value or values.get(name, {}).get(key, "")
            role["secret_keys"][key] = found
    return made


def _encoded(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: b64encode(text.encode()).decode() for key, text in texts.items()}


def _of_cluster(instance: Instance, place: tuple[str, ...]) -> dict[str, Any]:
    """What is the same for all pods. ``place``: where it stands in the document of another instance."""
    app, roles = instance.definition.app, _roles(instance)
    return {
        "version": str(app.config_schema_version),
        "services": _services(instance, roles, place),
        "nodegroups": {
            _GROUP: {
                "roles": {asked.id: _role(instance, asked) for asked in roles},
                "distro_id": app.distro_id,
                "catalog_entry_version": app.version,
                "config_metadata": dict(app.config_meta),
            }
        },
        "distros": {app.distro_id: {_GROUP: _reference(*place, "nodegroups", _GROUP)}},
        "cluster": {
            "name": instance.name,
            "isolated": False,
            "id": str(uuid5(NAMESPACE_DNS, naming.headless_address(instance))),
            "config_metadata": {_GROUP: _reference("nodegroups", _GROUP, "config_metadata")},
        },
    }


def _roles(instance: Instance) -> list[ClusterRole]:
    return [role for role in instance.cluster.roles if role.members]


def _id(instance: Instance, role: str, number: int) -> str:
    known = [entry.id for entry in instance.definition.app.roles]
    return str(known.index(role) * _PODS + number + 1)


def _reference(*path: str) -> dict[str, Any]:
    """Where else in the document something stands."""
    return {"bdvlibrefkey": list(path)}


def _services(instance: Instance, roles: list[ClusterRole], before: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for asked in roles:
        for service in instance.definition.app.services_of(asked.id):
            place = _reference(*before, "nodegroups", _GROUP, "roles", asked.id, "services", service.id)
            found.setdefault(service.id, {_GROUP: {}})[_GROUP][asked.id] = place
    return found


def _role(instance: Instance, asked: ClusterRole) -> dict[str, Any]:
    addresses = [naming.pod_address(instance, pod) for pod in naming.pod_names(instance, asked.id)]
    numbers = [_id(instance, asked.id, number) for number in range(asked.members)]
    services = instance.definition.app.services_of(asked.id)
    body: dict[str, Any] = {
        "services": {service.id: _service(asked.id, service, addresses) for service in services},
        "node_ids": numbers,
        "hostnames": addresses,
        "fqdns": addresses,
        "fqdn_mappings": dict(zip(addresses, numbers, strict=True)),
        "flavor": _flavor(asked.limits),
    }
    if asked.secret_keys:
        body["secret_keys"] = {key.name: key.value for key in asked.secret_keys}
    return body


def _service(role: str, service: Service, addresses: list[str]) -> dict[str, Any]:
    endpoint = service.endpoint
    urls = None
    if endpoint is not None:
        urls = [f"{endpoint.url_scheme}://{address}:{endpoint.port}" for address in addresses]
    return {
        "qualifiers": [],
        "name": service.label.name if service.label is not None else "",
        "id": service.id,
        "hostnames": _reference("nodegroups", _GROUP, "roles", role, "hostnames"),
        "global_id": f"{_GROUP}_{role}_{service.id}",
        "fqdns": _reference("nodegroups", _GROUP, "roles", role, "fqdns"),
        "exported_service": service.exported,
        "endpoints": urls,
        "authToken": "",
    }


def _flavor(limits: Mapping[str, str]) -> dict[str, str]:
    return {
        "storage": _UNKNOWN,
        "name": _UNKNOWN,
        "memory": str(int(parse_quantity(limits["memory"]) // _MIB)),
        "description": _UNKNOWN,
        "cores": str(ceil(parse_quantity(limits["cpu"]))),
    }
