# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records on a member: ConfigMaps in the federation's namespace, read in one LIST, written only over the version that was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..fleet.api import CREATE_ONLY, MemberApi
from ..fleet.discovery import ApiKind
from ..model import names
from ..model.errors import Kind, MemberError
from ..model.keepsake import Keepsake, pack, unpack
from ..model.manifest import GroupKind
from ..model.records import FleetRecord, ResourceRecord, load_fleet_record, load_resource_record

CONFIG_MAPS = ApiKind(GroupKind("", "ConfigMap"), "v1", "configmaps", True)
_KEY = "record"
#: characters of a stored template; etcd refuses objects a little above 1 MiB, managedFields included
_LARGEST = 900_000


@dataclass(frozen=True)
class Stored:
    """A record of a resource as it was read, with the metadata that guards the next write."""

    record: ResourceRecord
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Memory:
    """Everything one member remembers of one federation. ``member`` is the name under which it joined."""

    member: str = ""
    fleet: FleetRecord | None = None
    fleet_metadata: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Stored] = field(default_factory=dict)


def read_memory(api: MemberApi, federation: str) -> Memory:
    """All records of the federation on a member; an empty Memory where there is none."""
    wanted = f"{names.RECORD_FLEET},{names.RECORD_RESOURCE}"
    selector = f"{names.LABEL_FEDERATION}={federation},{names.LABEL_RECORD} in ({wanted})"
    fleet: FleetRecord | None = None
    fleet_metadata: Mapping[str, Any] = {}
    member = ""
    resources = {}
    for item in api.objects(CONFIG_MAPS, names.federation_namespace(federation), selector, metadata_only=False):
        metadata, text = item["metadata"], (item.get("data") or {}).get(_KEY) or ""
        labels = metadata["labels"]
        if labels[names.LABEL_RECORD] == names.RECORD_FLEET:
            fleet, fleet_metadata, member = load_fleet_record(text), metadata, labels.get(names.LABEL_MEMBER, "")
        elif labels[names.LABEL_RECORD] == names.RECORD_RESOURCE:
            resource = labels[names.LABEL_RESOURCE]
            resources[resource] = Stored(load_resource_record(text, resource), metadata)
    return Memory(member, fleet, fleet_metadata, resources)


def _write(
    api: MemberApi,
    federation: str,
    name: str,
    labels: Mapping[str, str],
    text: str,
    metadata: Mapping[str, Any],
    dry_run: bool,
) -> Mapping[str, Any]:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": names.federation_namespace(federation),
            "resourceVersion": metadata.get("resourceVersion") or CREATE_ONLY,
            "labels": {names.LABEL_FEDERATION: federation, **labels},
        },
        "data": {_KEY: text},
    }
    try:
        applied = api.apply(
            CONFIG_MAPS, names.federation_namespace(federation), body, names.field_manager(federation), True, dry_run
        )
    except MemberError as error:
        if error.kind != Kind.CONFLICT:
            raise
        found = api.get(CONFIG_MAPS, names.federation_namespace(federation), name, metadata_only=False) or {}
        if found.get("data") == body["data"]:
            return dict(found["metadata"])  # our own write, of which only the answer was lost
        raise MemberError(
            Kind.CONFLICT, f"another run changed the record {name} at the same time", "let it finish, then run again"
        ) from None
    return applied.metadata


def write_fleet_record(
    api: MemberApi, member: str, record: FleetRecord, metadata: Mapping[str, Any], dry_run: bool = False
) -> None:
    """Store the fleet record under the member's own name. MemberError of kind ``conflict`` when another run wrote meanwhile."""
    labels = {names.LABEL_RECORD: names.RECORD_FLEET, names.LABEL_MEMBER: member}
    _write(api, record.federation, names.RECORD_FLEET, labels, record.dump(), metadata, dry_run)


def write_resource_record(
    api: MemberApi, federation: str, record: ResourceRecord, metadata: Mapping[str, Any], dry_run: bool = False
) -> Stored:
    """Store the record of a resource; as `write_fleet_record`."""
    labels = {names.LABEL_RECORD: names.RECORD_RESOURCE, names.LABEL_RESOURCE: record.resource}
    written = _write(api, federation, names.resource_record(record.resource), labels, record.dump(), metadata, dry_run)
    return Stored(record, written)


def delete_resource_record(api: MemberApi, federation: str, stored: Stored) -> None:
    """Forget a resource on a member, and its template first."""
    namespace = names.federation_namespace(federation)
    if stored.record.kept:
        delete_template(api, federation, stored.record.resource)
    api.delete(CONFIG_MAPS, namespace, names.resource_record(stored.record.resource), stored.metadata)


def read_template(api: MemberApi, federation: str, resource: str) -> tuple[Keepsake | None, Keepsake | None]:
    """The stored template of a resource and the one before; None for what is not there."""
    space, name = names.federation_namespace(federation), names.template_record(resource)
    found = api.get(CONFIG_MAPS, space, name, metadata_only=False)
    return unpack((found.get("data") or {}).get(_KEY) or "", resource) if found is not None else (None, None)


def write_template(api: MemberApi, federation: str, kept: Keepsake, resource: str) -> str:
    """Store a template, and keep the one that it replaces. Returns why that could not be done, "" if it was."""
    try:
        current, before = read_template(api, federation, resource)
    except MemberError as error:
        if error.code:
            raise
        current, before = None, None  # damaged: it is written anew
    if current is not None and (current.hash, dict(current.asked)) == (kept.hash, dict(kept.asked)):
        return ""
    # the same manifests with other options are no new version: there is one before already
    if current is not None and current.hash == kept.hash:
        current = before
    text = pack(kept, current or before)
    if len(text) > _LARGEST:
        text = pack(kept, None)
    if len(text) > _LARGEST:
        return f"the template of resource {resource} is too large to be kept ({len(text) >> 10} KiB compressed)"
    space, name = names.federation_namespace(federation), names.template_record(resource)
    metadata = (api.get(CONFIG_MAPS, space, name) or {}).get("metadata") or {}
    labels = {names.LABEL_RECORD: names.RECORD_TEMPLATE, names.LABEL_RESOURCE: resource}
    _write(api, federation, name, labels, text, metadata, False)
    return ""


def forget_templates(api: MemberApi, federation: str) -> None:
    """Delete every stored template, also one that no record speaks of."""
    space = names.federation_namespace(federation)
    selector = f"{names.LABEL_FEDERATION}={federation},{names.LABEL_RECORD}={names.RECORD_TEMPLATE}"
    for item in api.objects(CONFIG_MAPS, space, selector):
        api.delete(CONFIG_MAPS, space, item["metadata"]["name"], item["metadata"])


def delete_template(api: MemberApi, federation: str, resource: str) -> None:
    """Forget the template of a resource."""
    space, name = names.federation_namespace(federation), names.template_record(resource)
    found = api.get(CONFIG_MAPS, space, name)
    if found is not None:
        api.delete(CONFIG_MAPS, space, name, found["metadata"])
