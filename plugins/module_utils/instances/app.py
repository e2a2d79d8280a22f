# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`kubedirector_app`: apps are registered on members, changed while nobody uses them, and removed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..kubedirector.app import check_app_change
from ..kubedirector.definition import Definition, app_manifest
from ..kubedirector.native import naming as objects
from ..model import names
from ..model.cluster import Fleet
from ..model.errors import ConfigError
from ..model.manifest import Manifest
from ..model.resource import Resource, parse_resource
from ..propagation import engine
from ..propagation.member import Options
from . import naming
from .memory import Memory, remember


def register(
    fleet: Fleet,
    definition: Definition,
    namespace: str,
    placement: Mapping[str, Any] | None,
    conflict: str,
    options: Options,
) -> dict[str, Any]:
    """Put an app on members, or change it there; returns the result of the module. ConfigError while instances use it."""
    name = definition.app.name
    memory = _remember(fleet, name, options)
    before = memory.app(name)
    users = used_by(memory, name)
    if before is not None and before.dump() != definition.dump():
        check_app_change(before.app, app_manifest(definition.app), users)
        if users and before.runtime != definition.runtime:
            raise ConfigError(
                f"app {name}: its runtime cannot be changed while instances use it: {', '.join(users)}",
                "register the new version under another name, or delete them first",
            )
    old = memory.resource(naming.app_resource(name))
    chosen = placement if placement is not None else (old.asked.get("placement") if old is not None else None)
    raw = {
        "name": naming.app_resource(name),
        "namespace": namespace,
        "placement": chosen,
        "keep_template": True,
        "conflict": conflict,
        "failover": "never",
    }
    done = engine.run(fleet, [parse_resource(raw, [_stored(definition, namespace)])], options)
    placed = (done.get("resources", {}).get(naming.app_resource(name)) or {}).get("members", [])
    return {**done, "app": described(definition, placed, users)}


def remove(fleet: Fleet, name: str, options: Options) -> dict[str, Any]:
    """Take an app from the members; returns the result of the module. ConfigError while instances use it."""
    memory = _remember(fleet, name, options)
    before, users = memory.app(name), used_by(memory, name)
    if before is not None:
        check_app_change(before.app, None, users)
    done = engine.run(fleet, [Resource(naming.app_resource(name), present=False)], options)
    return {**done, "app": {"name": name, "used_by": users}}


def used_by(memory: Memory, app: str) -> list[str]:
    """The instances of an app, as people read them: with the members that have them."""
    found = []
    for resource in memory.instances():
        instance = memory.instance(resource)
        if instance is None or instance.manifest["spec"]["app"] != app:
            continue
        metadata = instance.manifest["metadata"]
        found.append(f"{metadata['namespace']}/{metadata['name']} (on {', '.join(memory.placed(resource))})")
    return found


def described(definition: Definition, placed: Sequence[str] = (), users: Sequence[str] = ()) -> dict[str, Any]:
    """An app as data, for a result. ``placed`` are the members that hold it, ``users`` the instances of it."""
    app, runtime = definition.app, definition.runtime
    return {
        "name": app.name,
        "label": app.label.name,
        "version": app.version,
        "source": definition.source,
        "members": list(placed),
        "used_by": list(users),
        "roles": {role.id: {"cardinality": str(role.cardinality), "image": role.image} for role in app.roles},
        "parameters": {parameter.name: parameter.default for parameter in runtime.parameters},
    }


def _remember(fleet: Fleet, name: str, options: Options) -> Memory:
    times = {"request_timeout": options.request_timeout, "member_timeout": options.member_timeout}
    return remember(fleet, times, naming.app_resource(name), everything=True)


def _stored(definition: Definition, namespace: str) -> Manifest:
    """The ConfigMap that holds an app on a member."""
    labels = {names.LABEL_PART: objects.PART_APP, objects.LABEL_APP: definition.app.name}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"kdapp-{definition.app.name}", "namespace": namespace, "labels": labels},
        "data": {"definition": json.dumps(definition.dump(), sort_keys=True, separators=(",", ":"))},
    }
