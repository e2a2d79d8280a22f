# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The native engine: a virtual cluster as plain Kubernetes objects, which need no operator. Same instance, same objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ...model import names
from ...model.manifest import Manifest
from .. import lead
from ..app import Role
from ..cluster import ClusterRole
from ..envelope import CLUSTER_KIND
from ..faults import Fault, refuse
from ..instance import Instance, dump_instance
from ..runtime import file_key, start_order
from . import naming
from .blanks import filled
from .checks import render_faults
from .pods import stateful_set
from .services import headless_service, role_services


def render(instance: Instance) -> list[Manifest]:
    """All objects of an instance, those that others need first. `faults.Faulty` names what cannot be rendered."""
    subject = f"{CLUSTER_KIND} {instance.name}"
    refuse(subject, [*naming.name_faults(instance), *render_faults(instance)])
    made: list[Manifest] = [*_secrets(instance), headless_service(instance)]
    for asked, role in roles_in_order(instance):
        made += _of_role(instance, asked, role)
    made.append(stored(instance))
    refuse(subject, _one_name_twice(made))
    return made


def _one_name_twice(made: list[Manifest]) -> Iterator[Fault]:
    """Two objects of one name, of which the second would replace the first: the keys of role x, and a secret of the runtime, x-keys."""
    seen: dict[tuple[str, str], Manifest] = {}
    for manifest in made:
        key = (manifest["kind"], manifest["metadata"]["name"])
        if key in seen:
            owners = " and ".join(_owner(owner) for owner in (seen[key], manifest))
            yield Fault("spec.roles", f"{owners} would both have a {key[0]} {key[1]}: rename one of them")
        seen[key] = manifest


def _owner(manifest: Manifest) -> str:
    return f"role {role_of(manifest)}" if role_of(manifest) else "the instance"


def roles_in_order(instance: Instance) -> list[tuple[ClusterRole, Role]]:
    """The roles that have members, those that others wait for first."""
    app = instance.definition.app
    pairs = [(instance.cluster.role(name), app.role(name)) for name in start_order(app, instance.definition.runtime)]
    return [(asked, role) for asked, role in pairs if asked is not None and role is not None and asked.members]


def role_of(manifest: Manifest) -> str:
    """The role that an object belongs to, "" for those of the whole instance."""
    return str((manifest["metadata"].get("labels") or {}).get(naming.LABEL_ROLE) or "")


def _of_role(instance: Instance, asked: ClusterRole, role: Role) -> list[Manifest]:
    runtime = instance.definition.runtime.role(role.id)
    made = []
    if runtime.files:
        data = {file_key(file.path): filled(instance, file.content, text=True) for file in runtime.files}
        made.append(_object(instance, "ConfigMap", naming.files_name(instance, role.id), role.id, data=data))
    replication = instance.replication
    if replication is not None and replication.role == role.id:
        name = naming.replication_name(instance, role.id)
        made.append(_object(instance, "ConfigMap", name, role.id, data={lead.KEY: lead.state_text(instance.lead)}))
    if asked.secret_keys:
        values = {key.name: key.value for key in asked.secret_keys if key.value}
        name = naming.keys_name(instance, role.id)
        made.append(
            _object(instance, "Secret", name, role.id, type="Opaque", **({"stringData": values} if values else {}))
        )
    made += role_services(instance, asked)
    made.append(stateful_set(instance, asked, role))
    if runtime.max_unavailable is not None and asked.members > 1:
        made.append(_budget(instance, role.id, runtime.max_unavailable))
    return made


def _object(instance: Instance, kind: str, name: str, role: str = "", **body: Any) -> Manifest:
    labels = naming.role_labels(instance, role) if role else naming.cluster_labels(instance)
    metadata = {"name": name, "namespace": instance.namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body}


def _secrets(instance: Instance) -> Iterator[Manifest]:
    """Secrets whose random values are made with the object, on the member, and never again."""
    for secret in instance.definition.runtime.secrets:
        made = _object(instance, "Secret", naming.secret_name(instance, secret.id), type="Opaque")
        made["metadata"]["labels"][names.LABEL_PART] = naming.PART_CREDENTIALS
        asked = [f"{key}:{length}" for key, length in sorted(secret.generate.items())]
        asked += [f"{key}={filled(instance, value)}" for key, value in sorted(secret.values.items())]
        made["metadata"]["annotations"] = {names.ANNOTATION_GENERATE: ",".join(asked)}
        yield made


def _budget(instance: Instance, role: str, unavailable: int) -> Manifest:
    labels = naming.role_labels(instance, role)
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": naming.set_name(instance, role), "namespace": instance.namespace, "labels": labels},
        "spec": {"maxUnavailable": unavailable, "selector": {"matchLabels": naming.pod_labels(instance, role)}},
    }


def stored(instance: Instance) -> Manifest:
    """What was asked for, kept beside the instance: whoever changes or looks at it later needs no file."""
    body = json.dumps(dump_instance(instance), sort_keys=True, separators=(",", ":"))
    made = _object(instance, "ConfigMap", naming.stored_name(instance.name), data={"instance": body})
    made["metadata"]["labels"][names.LABEL_PART] = naming.PART_INSTANCE
    return made
