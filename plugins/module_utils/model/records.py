# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the federation remembers on its members, as plain data: the fleet record, and one record per resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

from .cluster import Cluster, Taint
from .errors import Kind, MemberError
from .manifest import SECRET, GroupKind

T = TypeVar("T")

#: the form of the JSON; a record of a newer form stops the run instead of being misread
FORM = 1
#: different texts of records that are remembered as read
_TEXTS = 64


@dataclass(frozen=True)
class MemberEntry:
    """What the fleet record knows of one member.

    ``uid`` is that of its kube-system namespace, which never changes; ``formerly`` are the names it had before its host was renamed.
    What operators said of it: ``labels``, ``taints``, and since when it is ``cordoned``, declared ``lost``,
    and ``fenced`` ("": it is not).
    """

    uid: str
    version: str = ""
    region: str = ""
    zones: tuple[str, ...] = ()
    provider: str = ""
    formerly: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    cordoned: str = ""
    lost: str = ""
    fenced: str = ""

    def dump(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "uid": self.uid,
            "version": self.version,
            "region": self.region,
            "zones": list(self.zones),
            "provider": self.provider,
        }
        said: dict[str, Any] = {
            "formerly": list(self.formerly),
            "labels": dict(self.labels),
            "taints": [asdict(taint) for taint in self.taints],
            "cordoned": self.cordoned,
            "lost": self.lost,
            "fenced": self.fenced,
        }
        return {**body, **{key: value for key, value in said.items() if value}}


@dataclass(frozen=True)
class FleetRecord:
    """The same on every member. ``epoch`` grows with each change; the highest epoch is the truth."""

    federation: str
    uid: str
    epoch: int = 0
    members: Mapping[str, MemberEntry] = field(default_factory=dict)

    def dump(self) -> str:
        members = {name: member.dump() for name, member in self.members.items()}
        body = {"form": FORM, "federation": self.federation, "uid": self.uid, "epoch": self.epoch, "members": members}
        return json.dumps(body, sort_keys=True)


@dataclass(frozen=True)
class Divided:
    """How the replicas of one workload were divided over the fleet: member -> replicas, and the question that this answered (a
    fingerprint of the rule, the members and their weights and bounds)."""

    question: str
    shares: Mapping[str, int]


@dataclass(frozen=True)
class ResourceRecord:
    """What one member may hold of one resource, and where else the resource is.

    ``kinds`` and ``namespaces`` are grown before anything of theirs is written, and shrunk only after a complete prune.
    ``placement`` is that of the whole fleet: member -> replicas, None where replicas are not divided; ``divided`` says the
    same of each workload. ``template`` is a hash; ``kept`` says that the template itself is stored beside the record.
    A ``witness`` has nothing of the resource: it remembers where it is, since the few members that have it could be lost. ``asked`` is
    a hash of the options, where they are kept with the template.
    """

    resource: str
    kinds: frozenset[GroupKind] = frozenset()
    namespaces: frozenset[str] = frozenset()
    placement: Mapping[str, int | None] = field(default_factory=dict)
    template: str = ""
    epoch: int = 0
    kept: bool = False
    divided: Mapping[str, Divided] = field(default_factory=dict)
    witness: bool = False
    asked: str = ""

    @property
    def secret_spaces(self) -> frozenset[str]:
        """Where Secrets of the resource may be: they are listed by namespace, so that nobody has to see them all."""
        return self.namespaces if SECRET in self.kinds else frozenset()

    def same_as(self, other: ResourceRecord) -> bool:
        """Whether both say the same; the epoch only orders them."""
        return replace(self, epoch=0) == replace(other, epoch=0)

    def supersedes(self, other: ResourceRecord) -> bool:
        """Whether this has to be written over the other one."""
        return not self.same_as(other) or self.epoch > other.epoch

    def agrees_with(self, other: ResourceRecord) -> bool:
        """Whether both say the same of the fleet; what may be on one member is that member's own."""
        own = replace(self, kinds=other.kinds, namespaces=other.namespaces, witness=other.witness)
        return own.same_as(other)

    def dump(self) -> str:
        body = {
            "form": FORM,
            "resource": self.resource,
            "kinds": sorted([k.group, k.kind] for k in self.kinds),
            "namespaces": sorted(self.namespaces),
            "placement": dict(self.placement),
            "template": self.template,
            "epoch": self.epoch,
            **({"kept": True} if self.kept else {}),
            **({"witness": True} if self.witness else {}),
            **({"asked": self.asked} if self.asked else {}),
            **({"divided": {key: asdict(found) for key, found in self.divided.items()}} if self.divided else {}),
        }
        return json.dumps(body, sort_keys=True)


def with_members(record: FleetRecord, joined: Mapping[str, MemberEntry]) -> FleetRecord:
    """The record with these members added or brought up to date, at the next epoch if that changes anything.

    A cluster that is there under another name is renamed; its former names are remembered, since placements name it so. What
    operators said of a member stays.
    """
    members = dict(record.members)
    for name, entry in joined.items():
        known = members.get(name, entry)
        formerly = known.formerly
        for old in [n for n, other in members.items() if other.uid == entry.uid and n != name]:
            known = members.pop(old)
            formerly = (*known.formerly, old)
        members[name] = replace(
            entry,
            formerly=formerly,
            labels=known.labels,
            taints=known.taints,
            cordoned=known.cordoned,
            lost=known.lost,
            fenced=known.fenced,
        )
    return with_entries(record, members)


def with_entries(record: FleetRecord, members: Mapping[str, MemberEntry]) -> FleetRecord:
    """The record with exactly these members, at the next epoch if that changes anything."""
    after = replace(record, members=dict(members))
    return after if after == record else replace(after, epoch=record.epoch + 1)


def _load(text: str, what: str, read: Callable[[dict[str, Any]], T]) -> T:
    """What ``read`` makes of the JSON; anything that is missing or of another shape means that the record is damaged."""
    damaged = MemberError(Kind.FAILED, f"{what} is damaged", "restore it from another member, or leave and join again")
    try:
        body = json.loads(text)
        form = body["form"]
    except (ValueError, KeyError, TypeError):
        raise damaged from None
    if form != FORM:
        raise MemberError(Kind.FAILED, f"{what} was written by a newer release (form {form})", "update the collection")
    try:
        return read(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise damaged from None


def _fleet_record(body: dict[str, Any]) -> FleetRecord:
    members = {
        name: MemberEntry(
            m["uid"],
            m["version"],
            m["region"],
            tuple(m["zones"]),
            m["provider"],
            tuple(m.get("formerly") or ()),
            dict(m.get("labels") or {}),
            tuple(Taint(**taint) for taint in m.get("taints") or ()),
            m.get("cordoned") or "",
            m.get("lost") or "",
            m.get("fenced") or "",
        )
        for name, m in body["members"].items()
    }
    return FleetRecord(body["federation"], body["uid"], int(body["epoch"]), members)


def _resource_record(body: dict[str, Any]) -> ResourceRecord:
    return ResourceRecord(
        resource=body["resource"],
        kinds=frozenset(GroupKind(group, kind) for group, kind in body["kinds"]),
        namespaces=frozenset(body["namespaces"]),
        placement=dict(body["placement"]),
        template=body["template"],
        epoch=int(body["epoch"]),
        kept=bool(body.get("kept")),
        witness=bool(body.get("witness")),
        asked=body.get("asked") or "",
        divided={k: Divided(d["question"], dict(d["shares"])) for k, d in (body.get("divided") or {}).items()},
    )


@lru_cache(maxsize=_TEXTS)
def load_fleet_record(text: str) -> FleetRecord:
    """Read a fleet record. MemberError when it is damaged or of a newer form.

    Members with the same text share one record: 500 members hold 500 copies of a list of 500 members.
    """
    return _load(text, "the fleet record", _fleet_record)


@lru_cache(maxsize=16 * _TEXTS)
def load_resource_record(text: str, name: str) -> ResourceRecord:
    """Read the record of a resource. MemberError when it is damaged or of a newer form."""
    return _load(text, f"the record of resource {name}", _resource_record)


def newest_fleet_record(records: Mapping[str, FleetRecord]) -> FleetRecord | None:
    """The record with the highest epoch among those of the members, or None. Two different ones of one epoch are an error."""
    epoch = max((record.epoch for record in records.values()), default=None)
    newest = [(member, record) for member, record in sorted(records.items()) if record.epoch == epoch]
    for member, record in newest[1:]:
        if record != newest[0][1]:
            raise MemberError(
                Kind.CONFLICT,
                f"{newest[0][0]} and {member} hold different fleet records of the same epoch {epoch}",
                "two runs from different inventories wrote at once: look at both ConfigMaps and delete the wrong one",
            )
    return newest[0][1] if newest else None


def merged_records(records: Iterable[ResourceRecord]) -> dict[str, ResourceRecord]:
    """What all members together remember of each resource: every kind and every namespace that any of them names."""
    merged: dict[str, ResourceRecord] = {}
    for record in records:
        known = merged.setdefault(record.resource, record)
        merged[record.resource] = replace(
            known, kinds=known.kinds | record.kinds, namespaces=known.namespaces | record.namespaces
        )
    return merged


def newest_records(records: Sequence[ResourceRecord]) -> tuple[ResourceRecord, ...]:
    """Those of the highest epoch, of one resource."""
    epoch = max((record.epoch for record in records), default=0)
    return tuple(record for record in records if record.epoch == epoch)


def newest_placement(records: Iterable[ResourceRecord]) -> Mapping[str, int | None]:
    """The last placement of a resource that any member remembers."""
    best = max(records, key=lambda record: record.epoch, default=None)
    return best.placement if best else {}


def newest_division(records: Iterable[ResourceRecord]) -> Mapping[str, Divided]:
    """The last division of each workload of a resource that any member remembers."""
    best = max(records, key=lambda record: record.epoch, default=None)
    return best.divided if best else {}


def with_present_names(placement: Mapping[str, int | None], record: FleetRecord | None) -> Mapping[str, int | None]:
    """A recorded placement under the names that its members have today."""
    members = record.members if record else {}
    today = {old: name for name, entry in members.items() for old in entry.formerly if old not in members}
    return {today.get(name, name): replicas for name, replicas in placement.items()}


def with_recorded_facts(cluster: Cluster, record: FleetRecord | None) -> Cluster:
    """The member with what the fleet record knows of it: region, zones and provider where the inventory does not say; labels over
    those of the inventory; taints besides those of the inventory."""
    members = record.members if record else {}
    entry = members.get(cluster.name) or members.get(cluster.renamed_from)
    if entry is None:
        return cluster
    return replace(
        cluster,
        labels={**cluster.labels, **entry.labels} if entry.labels else cluster.labels,
        region=cluster.region or entry.region,
        zones=cluster.zones or entry.zones,
        provider=cluster.provider or entry.provider,
        taints=cluster.taints + tuple(t for t in entry.taints if not _has(cluster.taints, t)),
        cordoned=bool(entry.cordoned),
        lost=entry.lost or cluster.lost,
        fenced=bool(entry.fenced),
    )


def _has(taints: Iterable[Taint], one: Taint) -> bool:
    return any(replace(taint, since=one.since) == one for taint in taints)
