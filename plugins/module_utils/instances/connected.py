# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an instance is connected to, as its member has it, and configmeta.json with it."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.discovery import ApiKind
from ..kubedirector.instance import Instance
from ..kubedirector.native import naming
from ..kubedirector.native.configmeta import (
    CONFIGMAPS,
    HIDDEN,
    SECRETS,
    TYPE_LABELS,
    configmeta,
    connected_objects,
    with_secret_keys,
)
from .read import CONFIGMAPS as CONFIGMAP_KIND
from .read import SECRETS as SECRET_KIND

_KINDS: Mapping[str, ApiKind] = {CONFIGMAPS: CONFIGMAP_KIND, SECRETS: SECRET_KIND}
#: letters of a fingerprint
_SHORT = 16


def digest(value: Any) -> str:
    """A short fingerprint of plain data."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_SHORT]


@dataclass
class Connected:
    """Reads what an instance is connected to. ``clusters``: what its pods are told of other instances, by their names.

    Whether anything changed is seen by versions; contents are read when somebody has to be told of them, and are not kept longer.
    """

    api: MemberApi
    instance: Instance
    clusters: Mapping[str, Any] = field(default_factory=dict)
    _values: dict[str, dict[str, str]] | None = field(default=None, repr=False)

    def fingerprint(self) -> str:
        """What the instance is connected to now, "" for nothing. It has no content of a Secret."""
        found = {kind: {n: _version(item) for n, item in self._named(kind)} for kind in _KINDS}
        body = {**found, "clusters": self.clusters}
        return digest(body) if any(body.values()) else ""

    def mark(self, role: str, number: int, connections: str) -> str:
        """The fingerprint of a pod's configmeta.json, where what it is connected to has that fingerprint."""
        public = with_secret_keys(configmeta(self.instance, role, number), HIDDEN)
        return digest([public, connections])

    def document(self, role: str, number: int) -> bytes:
        """The configmeta.json of a pod."""
        connections: dict[str, Any] = {"clusters": dict(self.clusters)}
        for kind in _KINDS:
            connections[kind] = connected_objects(kind, [item for _name, item in self._named(kind, whole=True)])
        body = with_secret_keys(configmeta(self.instance, role, number, connections), self._secret_keys())
        return json.dumps(body, sort_keys=True).encode()

    def _named(self, kind: str, whole: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
        """The objects that the instance names, and that say what they are; others are left out, as by the operator."""
        for name in getattr(self.instance.cluster.connections, kind):
            item = self.api.get(_KINDS[kind], self.instance.namespace, name, metadata_only=not whole)
            if item is not None and TYPE_LABELS[kind] in (item["metadata"].get("labels") or {}):
                yield name, item

    def _secret_keys(self) -> dict[str, dict[str, str]]:
        """Values of secret keys that only the member knows, by role and name."""
        if self._values is None:
            self._values = {}
            for role in self.instance.cluster.roles:
                if any(not key.value for key in role.secret_keys):
                    name = naming.keys_name(self.instance, role.id)
                    found = self.api.get(SECRET_KIND, self.instance.namespace, name, metadata_only=False) or {}
                    data = found.get("data") or {}
                    self._values[role.id] = {key: b64decode(text).decode() for key, text in data.items()}
        return self._values


def _version(item: Mapping[str, Any]) -> list[str]:
    return [str(item["metadata"].get("uid")), str(item["metadata"].get("resourceVersion"))]
