# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The instances whose data are copied, as a drill needs them: where their pods are, and how one writes to them and reads there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kubedirector.instance import Instance
from ..kubedirector.native import naming as objects
from ..kubedirector.native.blanks import filled
from ..kubedirector.native.pods import CONTAINER
from ..kubedirector.runtime import Hook
from ..model.cluster import Fleet
from .memory import remember
from .wish import Asked, wished_instance


def stores(fleet: Fleet, times: Mapping[str, float]) -> list[dict[str, Any]]:
    """All instances with a copy of their data that can be written to by a drill, as `writer.Store` takes them."""
    memory = remember(fleet, times, everything=True)
    found = []
    for resource in memory.instances():
        before = memory.instance(resource)
        if before is None or not before.options.get("lead"):
            continue
        metadata = before.manifest["metadata"]
        instance = wished_instance(Asked(metadata["name"], metadata["namespace"]), before.definition, before)
        store = _store(instance, resource, memory.placed(resource))
        if store is not None:
            found.append(store)
    return found


def _store(instance: Instance, resource: str, members: list[str]) -> dict[str, Any] | None:
    replication = instance.replication
    if replication is None or replication.write is None or replication.read is None:
        return None
    name = objects.set_name(instance, replication.role)

    def command(hook: Hook | None) -> list[str]:
        return [str(word) for word in filled(instance, list(hook.command))] if hook is not None else []

    return {
        "resource": resource,
        "workload": f"StatefulSet {instance.namespace}/{name}",
        "namespace": instance.namespace,
        "pod": f"{name}-0",
        "container": CONTAINER,
        "members": members,
        "position": command(replication.position),
        "write": command(replication.write),
        "read": command(replication.read),
        "clear": command(replication.clear),
    }
