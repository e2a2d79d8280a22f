# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How to reach an instance, on other members than its own: addresses in a ConfigMap, credentials in Secrets.

Only on request, since the credentials leave the member that made them. They are read there, held in memory, and written where they were
asked for; no record and no result has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..kubedirector.instance import Instance
from ..kubedirector.native import naming as objects
from ..model import names
from ..model.cluster import Fleet
from ..model.errors import FederationError
from ..model.manifest import Manifest
from ..model.resource import Resource, parse_resource
from ..propagation import engine
from ..propagation.member import Options
from . import naming
from .read import SECRETS


def follow(
    fleet: Fleet, instance: Instance, home: str, members: Sequence[str], state: Mapping[str, Any], options: Options
) -> dict[str, Any]:
    """Bring the connection details of an instance to ``members``; returns the result of a run. ``state`` is that of the instance at home.
    None of the members has the instance itself."""
    resource = _resource(instance, members, _manifests(fleet, instance, home, state, options))
    done = engine.run(fleet, [resource], options)
    unreachable = [end for end in state.get("endpoints", []) if not end["external"]]
    if unreachable:
        said = f"the address of {unreachable[0]['service']} is known inside of {home} only: service_type LoadBalancer gives it another"
        done["warnings"] = [*done.get("warnings", []), said]
    return done


def forget(fleet: Fleet, namespace: str, name: str, options: Options) -> dict[str, Any]:
    """Take the connection details away; returns the result of a run."""
    return engine.run(fleet, [Resource(naming.connection_resource(namespace, name), present=False)], options)


def _resource(instance: Instance, members: Sequence[str], manifests: Sequence[Manifest]) -> Resource:
    raw = {
        "name": naming.connection_resource(instance.namespace, instance.name),
        "namespace": instance.namespace,
        "placement": {"members": list(members)},
        "failover": "never",
    }
    return parse_resource(raw, manifests)


def _manifests(
    fleet: Fleet, instance: Instance, home: str, state: Mapping[str, Any], options: Options
) -> list[Manifest]:
    labels = {**objects.cluster_labels(instance), names.LABEL_PART: objects.PART_CONNECTION}
    data = {"instance": instance.name, "app": instance.definition.app.name, "member": home}
    for end in state.get("endpoints", []):
        host = (
            end["external"][0] if end["external"] else f"{end['host']}{instance.settings.service_domain[len('.svc') :]}"
        )
        data[f"{end['role'] or end['service']}.{end['name']}"] = f"{host}:{end['port']}"
    data["endpoints"] = json.dumps(state.get("endpoints", []), sort_keys=True)
    made: list[Manifest] = [_object(instance, "ConfigMap", f"{instance.name}-connection", labels, data=data)]
    for name, data in credentials(fleet, instance, home, options).items():
        made.append(_object(instance, "Secret", name, labels, type="Opaque", data=data))
    return made


def credentials(fleet: Fleet, instance: Instance, home: str, options: Options) -> dict[str, dict[str, str]]:
    """The values (base64) of the Secrets that were made with an instance, by the name of the Secret. FederationError if one is missing."""
    if not instance.definition.runtime.secrets:
        return {}
    api = connect(fleet.members[home], options.request_timeout, Deadline(options.member_timeout))
    values = {}
    for secret in instance.definition.runtime.secrets:
        name = objects.secret_name(instance, secret.id)
        found = api.get(SECRETS, instance.namespace, name, metadata_only=False)
        if found is None:
            raise FederationError(
                f"{home} has no Secret {name} to be taken elsewhere", "run again when the instance is there"
            )
        values[name] = dict(found.get("data") or {})
    return values


def _object(instance: Instance, kind: str, name: str, labels: Mapping[str, str], **body: Any) -> Manifest:
    metadata = {"name": name, "namespace": instance.namespace, "labels": dict(labels)}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body}
