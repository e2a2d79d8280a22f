# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resources as the members remember them, for when the playbook that made them is not at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..fleet.api import MemberApi
from ..fleet.concurrency import SLACK, each, until_enough
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..model.cluster import Cluster, Fleet
from ..model.errors import FederationError
from ..model.keepsake import Keepsake
from ..model.manifest import SECRET, kind_of, name_of
from ..model.records import FleetRecord, ResourceRecord, newest_fleet_record, newest_placement, with_recorded_facts
from ..model.resource import Resource
from .store import Memory, read_memory, read_template

#: members that are asked for one template; the next one when the one before fails
_TRIES = 3
#: templates that are read at once
_WIDTH = 8


@dataclass(frozen=True)
class Recalled:
    """``resources`` as they were last propagated; ``missing`` are those of which nobody has the definition, with the reason.
    ``clusters`` are the members with what the newest fleet record says of them; ``placements`` where each resource is,
    and ``held`` what each member that answered remembers itself."""

    resources: tuple[Resource, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    placements: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    held: Mapping[str, Mapping[str, ResourceRecord]] = field(default_factory=dict)

    def on(self, members: Iterable[str]) -> list[str]:
        """The resources that are placed on any of these members, by name."""
        wanted = set(members)
        return sorted(name for name, placement in self.placements.items() if wanted & set(placement))


def recall(
    fleet: Fleet,
    request_timeout: float,
    member_timeout: float,
    wanted: Callable[[str], bool] = lambda _name: True,
    lost_too: bool = False,
) -> Recalled:
    """What the members remember of all resources. Nothing is written, and no value of a Secret is read.

    ``wanted`` chooses by name the resources whose definition is read; where resources are is known of all. Every member has until its
    deadline, but those that others know to be lost (and these with ``lost_too``): a slow one may be the only one that knows the newest.
    """
    found: dict[str, tuple[MemberApi, Memory]] = {}

    def look(name: str) -> None:
        try:
            api = connect(fleet.members[name], request_timeout, Deadline(member_timeout))
            found[name] = (api, read_memory(api, fleet.federation))
        except FederationError:
            return  # whoever propagates afterwards says what is wrong with it

    def enough(left: Iterable[str]) -> bool:
        newest = _newest(found)
        return (
            not lost_too
            and newest is not None
            and all(name in newest.members and newest.members[name].lost for name in left)
        )

    until_enough(list(fleet.members), look, enough, Deadline(member_timeout + SLACK))
    known = dict(found)
    newest = _newest(known)
    clusters = {name: with_recorded_facts(cluster, newest) for name, cluster in fleet.members.items()}
    records: dict[str, dict[str, ResourceRecord]] = {}
    for name, (_api, memory) in known.items():
        for resource, stored in memory.resources.items():
            records.setdefault(resource, {})[name] = stored.record
    found_resources: dict[str, Resource] = {}
    missing: dict[str, str] = {}
    apis = {m: api for m, (api, _memory) in known.items()}

    def define(name: str) -> None:
        try:
            found_resources[name] = _recalled(name, records[name], apis, fleet.federation)
        except FederationError as error:
            missing[name] = error.message

    for name in each(sorted(filter(wanted, records)), define, _WIDTH, Deadline(member_timeout)):
        missing[name] = "definition not at hand: its template was not read in time"
    resources = [resource for _name, resource in sorted(found_resources.items())]
    placements = {name: newest_placement(of_members.values()) for name, of_members in records.items()}
    held = {
        m: {n: s.record for n, s in memory.resources.items() if not s.record.witness}
        for m, (_api, memory) in known.items()
    }
    return Recalled(tuple(resources), missing, clusters, placements, held)


def _newest(found: Mapping[str, tuple[MemberApi, Memory]]) -> FleetRecord | None:
    known = dict(found)
    return newest_fleet_record({n: memory.fleet for n, (_api, memory) in known.items() if memory.fleet is not None})


def _recalled(
    name: str, records: Mapping[str, ResourceRecord], apis: Mapping[str, MemberApi], federation: str
) -> Resource:
    epoch = max(record.epoch for record in records.values())
    newest = {member: record for member, record in sorted(records.items()) if record.epoch == epoch}
    template = next(iter(newest.values())).template
    holders = [member for member, record in newest.items() if record.kept]
    if not holders:
        raise FederationError("definition not at hand: nobody keeps its template (keep_template: true would)")
    problem = ""
    for member in holders[:_TRIES]:
        try:
            kept = next((k for k in read_template(apis[member], federation, name) if k and k.hash == template), None)
        except FederationError as error:
            problem = str(error)
            continue
        if kept is not None:
            return _resource(kept)
        problem = f"{member} keeps another version of it"
    raise FederationError(f"definition not at hand: {problem}")


def _resource(kept: Keepsake) -> Resource:
    """The resource of a keepsake. Secrets whose values were withheld are left out of the manifests, and left alone on the members."""
    overrides = [text for text in kept.withheld if not text.startswith("Secret ")]
    if overrides:
        raise FederationError(f"definition not at hand: {overrides[0]} could hold a secret and was not stored")
    resource = replace(kept.resource(), keep_template=True, known_as=kept.hash)
    hidden = {str(name_of(m)) for m in resource.manifests if kind_of(m) == SECRET} & set(kept.withheld)
    withheld = {name_of(m) for m in resource.manifests if kind_of(m) == SECRET and str(name_of(m)) in hidden}
    return replace(
        resource,
        manifests=tuple(m for m in resource.manifests if kind_of(m) != SECRET or name_of(m) not in withheld),
        withheld=frozenset(n.within(resource.namespace) for n in withheld),
    )
