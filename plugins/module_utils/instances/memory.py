# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances and apps as the members remember them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..kubedirector.definition import Definition, load_definition
from ..kubedirector.instance import Remembered, load_instance
from ..kubedirector.native.naming import PART_APP, PART_INSTANCE
from ..model import names
from ..model.cluster import Fleet
from ..model.errors import ConfigError
from ..model.manifest import Manifest
from ..model.resource import Resource
from ..propagation.recall import Recalled, recall
from . import naming


@dataclass(frozen=True)
class Memory:
    """What a fleet remembers. ``recalled`` has where everything is, and the resources that were asked for."""

    recalled: Recalled

    def resource(self, name: str) -> Resource | None:
        """A resource with its manifests; ConfigError when it exists and nobody has its definition."""
        found = next((resource for resource in self.recalled.resources if resource.name == name), None)
        if found is None and name in self.recalled.missing:
            raise ConfigError(f"{name}: {self.recalled.missing[name]}")
        return found

    def placed(self, resource: str) -> list[str]:
        """The members that have it."""
        return sorted(self.recalled.placements.get(resource, {}))

    def instance(self, resource: str) -> Remembered | None:
        """What an instance was asked to be, or None when there is none."""
        found = self.resource(resource)
        return parse_instance(found) if found is not None else None

    def app(self, name: str) -> Definition | None:
        """A registered app, or None."""
        return self._app(naming.app_resource(name))

    def _app(self, resource: str) -> Definition | None:
        found = self.resource(resource)
        body = _part(found, PART_APP, "definition") if found is not None else None
        return load_definition(body, f"resource {resource}") if body is not None else None

    def apps(self) -> list[Definition]:
        """All registered apps."""
        found = [name for name in sorted(self.recalled.placements) if naming.is_app(name) and self.placed(name)]
        return [definition for definition in map(self._app, found) if definition is not None]

    def instances(self) -> list[str]:
        """The resources of all instances that run somewhere."""
        return sorted(name for name in self.recalled.placements if naming.is_instance(name) and self.placed(name))


def parse_instance(resource: Resource) -> Remembered:
    """What an instance was asked to be; ConfigError when that is damaged."""
    return load_instance(_part(resource, PART_INSTANCE, "instance"), f"resource {resource.name}")


def living(fleet: Fleet, memory: Memory) -> Fleet:
    """The fleet without what is declared lost: nobody has to wait for those."""
    known = memory.recalled.clusters
    there = frozenset(name for name in fleet.in_play if not known.get(name, fleet.members[name]).lost)
    return replace(fleet, members={**fleet.members, **known}, in_play=there)


def remember(fleet: Fleet, times: Mapping[str, float], *wanted: str, everything: bool = False) -> Memory:
    """Ask the members; ``wanted`` are the resources whose definitions are needed, or those of all instances and apps."""

    def chosen(name: str) -> bool:
        return name in wanted or (everything and (naming.is_instance(name) or naming.is_app(name)))

    return Memory(recall(fleet, times["request_timeout"], times["member_timeout"], chosen))


def _part(resource: Resource, part: str, key: str) -> Any:
    for manifest in resource.manifests:
        if _is(manifest, part):
            try:
                return json.loads(manifest["data"][key])
            except (KeyError, TypeError, ValueError):
                raise ConfigError(
                    f"resource {resource.name}: what it remembers is damaged", "give it as a whole again"
                ) from None
    return None


def _is(manifest: Manifest, part: str) -> bool:
    return manifest["kind"] == "ConfigMap" and (manifest["metadata"].get("labels") or {}).get(names.LABEL_PART) == part
