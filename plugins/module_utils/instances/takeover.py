# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances with a copy of their data, after a member was lost or came back: a copy takes over, and a new copy is made.

The engine alone would only move objects. Here each such instance is asked for once more as it is: whoever is gone by now leads no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model.cluster import Fleet
from ..model.errors import FederationError
from ..model.resource import Resource
from ..propagation.member import Options
from . import cluster
from .demand import Wish
from .memory import parse_instance
from .wish import Asked


def is_copied(resource: Resource) -> bool:
    """Whether the data of an instance (its resource) are copied to a second member."""
    return bool(parse_instance(resource).options.get("lead"))


def settle(fleet: Fleet, resources: Iterable[Resource], result: dict[str, Any], options: Options) -> dict[str, Any]:
    """Bring instances with a copy to what they are to be, and put what became of them into the ``result`` of a module."""
    told: dict[str, str] = {}
    for resource in resources:
        metadata = parse_instance(resource).manifest["metadata"]
        asked = Asked(metadata["name"], metadata["namespace"])
        try:
            done = cluster.present(fleet, Wish(asked, lambda _name: None), options)
        except FederationError as error:
            done = {"changed": False, "failed": True, "msg": f"{asked.namespace}/{asked.name}: {error}"}
        told[resource.name] = done["msg"]
        result["changed"] = result["changed"] or done["changed"]
        result["failed"] = result["failed"] or done["failed"]
        result.setdefault("resources", {}).update(done.get("resources", {}))
        result.setdefault("instances", {})[resource.name] = done.get("instance", {})
        result["warnings"] = [*result.get("warnings", []), *done.get("warnings", [])]
    if told:
        # who had nothing else to do said so
        before = [] if result["msg"].startswith("nothing to do") else [result["msg"]]
        result["msg"] = "; ".join([*before, *told.values()])
    return result
