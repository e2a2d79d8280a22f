# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading one member: its records first, then one LIST a kind. Nothing is written, and no value of any Secret is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..fleet.discovery import ApiKind
from ..model import names
from ..model.errors import FederationError, Kind, MemberError
from ..model.manifest import SECRET, GroupKind, ObjectName
from ..propagation.health import Health
from ..propagation.observe import Observation, Shared, selector_for
from .standing import addresses, is_judged, judge

#: failures of the member as a whole; with anything else, one kind may fail while all others can be read
_OF_THE_MEMBER = (Kind.UNREACHABLE, Kind.TIMEOUT, Kind.UNTRUSTED, Kind.UNAUTHORIZED, Kind.CREDENTIALS)

#: what the federation itself needs on a member: no resource accounts for it
_OUR_OWN = (names.RESOURCE_MEMBERSHIP, names.RESOURCE_NAMESPACES)


@dataclass(frozen=True)
class Wish:
    """What to read on every member: these kinds, Secrets in these namespaces only. ``resources`` None is all of them;
    ``everything`` reads every kind that a member serves."""

    federation: str
    resources: frozenset[str] | None
    kinds: frozenset[GroupKind]
    secret_spaces: frozenset[str]
    everything: bool = False
    shared: Shared = field(default_factory=Shared)

    @property
    def selector(self) -> str:
        if self.resources is not None:
            return selector_for(self.federation, self.resources)
        return (
            f"{names.LABEL_FEDERATION}={self.federation},{names.LABEL_RESOURCE},"
            f"{names.LABEL_RESOURCE} notin ({','.join(_OUR_OWN)}),!{names.LABEL_RECORD}"
        )


@dataclass
class Reading:
    """What was read of one member. ``error``: why it could not be read, then nothing else counts. ``unread`` are kinds that it does
    not let us see; what there is of them is unknown. ``groups`` are the objects by resource; ``version`` is that of the API server, as
    it was when the member joined."""

    name: str
    error: FederationError | None = None
    seen: Observation | None = None
    standing: dict[ObjectName, Health] = field(default_factory=dict)
    addresses: dict[ObjectName, list[str]] = field(default_factory=dict)
    unread: dict[GroupKind, FederationError] = field(default_factory=dict)

    groups: dict[str, dict[ObjectName, Mapping[str, Any]]] = field(default_factory=dict)
    version: str = ""

    @property
    def objects(self) -> Mapping[ObjectName, Mapping[str, Any]]:
        """The metadata of everything that was read."""
        return self.seen.objects if self.seen is not None else {}

    def of(self, resource: str) -> Mapping[ObjectName, Mapping[str, Any]]:
        """The metadata of what says that it belongs to a resource."""
        return self.groups.get(resource, {})

    def standing_of(self, resource: str) -> dict[ObjectName, Health]:
        """The health of what belongs to a resource, where there is more to tell than that it is there."""
        return {name: self.standing[name] for name in sorted(self.of(resource)) if name in self.standing}


def read_objects(reading: Reading, wish: Wish) -> None:
    """Read everything with our labels on a member of which the records are known. MemberError when it does not go on answering;
    a kind that cannot be read is noted and left out."""
    seen = reading.seen
    if seen is None:
        return
    kinds = set(wish.kinds)
    if wish.everything:
        kinds |= {served.kind for served in seen.discovery.all() if "list" in served.verbs}
    objects: dict[ObjectName, Mapping[str, Any]] = {}
    for kind in sorted(kinds):
        served = seen.discovery.find(kind)
        try:
            if served is not None:
                _read_kind(reading, objects, served, wish)
            elif kind.group in seen.discovery.stale:
                seen.discovery.require(kind)
        except MemberError as error:
            if error.kind in _OF_THE_MEMBER:
                raise
            if kind in wish.kinds:  # of a kind that nobody records, nothing is missing
                reading.unread[kind] = error
    reading.seen = replace(seen, objects=objects, kinds=frozenset(kinds))


def _read_kind(reading: Reading, objects: dict[ObjectName, Mapping[str, Any]], served: ApiKind, wish: Wish) -> None:
    if reading.seen is None:
        return
    kind = served.kind
    spaces: Collection[str] = sorted(wish.secret_spaces) if kind == SECRET else ("",)
    for space in spaces:
        for item in reading.seen.api.objects(served, space, wish.selector, metadata_only=not is_judged(kind)):
            metadata = wish.shared.slim(item["metadata"])
            name = ObjectName(kind, metadata.get("namespace") or "", metadata["name"])
            objects[name] = metadata
            reading.groups.setdefault(str(metadata["labels"][names.LABEL_RESOURCE]), {})[name] = metadata
            health = judge(kind, item)
            if health is not None:
                reading.standing[name] = health
            found = addresses(kind, item)
            if found:
                reading.addresses[name] = found
