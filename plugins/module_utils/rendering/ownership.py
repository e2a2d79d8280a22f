# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is ours: the marks we set, and the exact rule for "nothing to do", decided from metadata alone.

An object needs no write when our hash is on it and our manager still holds every field that we want. The fieldsV1 format of
managedFields is documented in the API reference of meta/v1; its keys say how a list is merged, so no schema is needed:
``{}`` is a leaf, ``f:<name>`` a field, ``k:{..}`` an item of a list of maps, ``v:<json>`` an item of a set, ``.`` the node itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..model import names
from ..model.manifest import Manifest, ObjectName

#: changes whenever the canonical form changes, which costs one harmless write per object
HASH_FORM = "1"

#: set by the API server: never part of what we want
_SERVER_METADATA = (
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value]
    return value


def normalise(manifest: Manifest) -> Manifest:
    """A copy with only what a user can want: no nulls, no server fields, no status, Secret text as base64 data."""
    want: Manifest = _without_nulls(manifest)
    want.pop("status", None)
    for key in _SERVER_METADATA:
        want["metadata"].pop(key, None)
    template = want.get("spec", {}).get("template") if isinstance(want.get("spec"), dict) else None
    if isinstance(template, dict) and isinstance(template.get("metadata"), dict):
        template["metadata"].pop("creationTimestamp", None)
    if want["kind"] == "Secret" and want["apiVersion"] == "v1" and "stringData" in want:
        text = want.pop("stringData")
        want["data"] = {**want.get("data", {}), **{k: base64.b64encode(v.encode()).decode() for k, v in text.items()}}
    return want


def mark(want: Manifest, name: ObjectName, federation: str, resource: str) -> Manifest:
    """Set the namespace, our labels and our annotations (the hash among them) on a normalised manifest, in place."""
    metadata = want["metadata"]
    if name.namespace:
        metadata["namespace"] = name.namespace
    else:
        metadata.pop("namespace", None)
    labels = metadata.setdefault("labels", {})
    labels[names.LABEL_FEDERATION] = federation
    labels[names.LABEL_RESOURCE] = resource
    annotations = metadata.setdefault("annotations", {})
    annotations.pop(names.ANNOTATION_HASH, None)
    annotations[names.ANNOTATION_OBJECT] = name.annotation()
    annotations[names.ANNOTATION_HASH] = fingerprint(want)
    return want


def fingerprint(want: Any) -> str:
    """A short hash of the canonical JSON of any plain data, with the form it was made in."""
    text = json.dumps(want, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{HASH_FORM}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def applied_entry(
    metadata: Mapping[str, Any], manager: str, api_version: str | None = None
) -> Mapping[str, Any] | None:
    """The managedFields entry of our server-side apply (in this apiVersion, if given), or None."""
    for entry in metadata.get("managedFields") or []:
        if (
            entry.get("manager") == manager
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
            and (api_version is None or entry.get("apiVersion") == api_version)
        ):
            found: Mapping[str, Any] = entry
            return found
    return None


def is_owned(metadata: Mapping[str, Any], name: ObjectName, federation: str, resource: str | None) -> bool:
    """Whether this federation made the object, for this resource if one is named: label, annotation naming it, applied fields.

    A copy made with ``kubectl get -o yaml | kubectl create`` carries our labels and annotations, but not our applied fields.
    """
    return (
        is_marked(metadata, name, federation, resource)
        and applied_entry(metadata, names.field_manager(federation)) is not None
    )


def is_marked(metadata: Mapping[str, Any], name: ObjectName, federation: str, resource: str | None) -> bool:
    """Whether labels and annotation claim the object for this federation: enough to write to it where it is wanted anyway,
    never enough to delete it."""
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    return (
        labels.get(names.LABEL_FEDERATION) == federation
        and (resource is None or labels.get(names.LABEL_RESOURCE) == resource)
        and annotations.get(names.ANNOTATION_OBJECT) == name.annotation()
    )


class FieldPath(str):
    """A path for people, as in ``.spec.ports[0]``, that also knows its steps as fieldsV1 writes them."""

    __slots__ = ("steps",)
    steps: tuple[str, ...]


def _path(text: str, steps: tuple[str, ...]) -> FieldPath:
    path = FieldPath(text)
    path.steps = steps
    return path


def lost(want: Manifest, fields: Mapping[str, Any]) -> list[FieldPath]:
    """Paths that ``want`` has and our managedFields entry no longer holds; [] when all is held."""
    body = {key: value for key, value in want.items() if key not in ("apiVersion", "kind", "metadata")}
    body["metadata"] = {k: v for k, v in want["metadata"].items() if k not in ("name", "namespace")}
    top = _path("", ())
    return [
        path
        for key in sorted(body)
        for path in _lost_field(key, body[key], fields, top)
        if body[key] != {} or key != "metadata"
    ]


def _lost_field(key: str, want: Any, fields: Mapping[str, Any], parent: FieldPath) -> Iterator[FieldPath]:
    path = _path(f"{parent}.{key}", (*parent.steps, f"f:{key}"))
    node = fields.get(f"f:{key}")
    if node is None:
        yield path
    else:
        yield from _lost(want, node, path)


def _lost(want: Any, fields: Mapping[str, Any], path: FieldPath) -> Iterator[FieldPath]:
    if not fields:
        return
    if isinstance(want, dict):
        for key in sorted(want):
            yield from _lost_field(key, want[key], fields, path)
    elif isinstance(want, list):
        yield from _lost_items(want, fields, path)


def _is_element(value: Any, elements: Sequence[Any]) -> bool:
    """Whether a value is one of a set: as JSON, where 1 is 1.0 and true is neither."""
    return any(value == e and isinstance(value, bool) == isinstance(e, bool) for e in elements)


def _lost_items(want: list[Any], fields: Mapping[str, Any], path: FieldPath) -> Iterator[FieldPath]:
    elements = [json.loads(key[2:]) for key in fields if key.startswith("v:")]
    keyed = [(key, json.loads(key[2:]), node) for key, node in fields.items() if key.startswith("k:")]
    unmatched = []
    for position, item in enumerate(want):
        if isinstance(item, dict) and keyed:
            exact = next((entry for entry in keyed if all(item.get(k) == v for k, v in entry[1].items())), None)
            if exact is None:
                unmatched.append((position, item))
            else:
                keyed.remove(exact)
                yield from _lost(item, exact[2], _path(f"{path}[{position}]", (*path.steps, exact[0])))
        elif not _is_element(item, elements):
            yield _path(f"{path}[{position}]", (*path.steps, f"v:{json.dumps(item)}"))
    # a key that the item leaves out was filled in with its default by the server: the keys that are there decide
    for position, item in unmatched:
        near = next((entry for entry in keyed if all(item[k] == v for k, v in entry[1].items() if k in item)), None)
        if near is None:
            yield _path(f"{path}[{position}]", path.steps)
        else:
            keyed.remove(near)
            yield from _lost(item, near[2], _path(f"{path}[{position}]", (*path.steps, near[0])))


def _holder(entry: Mapping[str, Any], ours: str) -> str:
    """Who an entry stands for, as a person reads it; "" for our own apply, and for a status, which nobody wishes for."""
    manager, subresource = str(entry.get("manager")), entry.get("subresource")
    if subresource == "status" or (manager == ours and entry.get("operation") == "Apply" and not subresource):
        return ""
    if manager == ours:
        return f"an update under our name {manager}"
    return f"{manager} ({subresource})" if subresource else manager


def holders(metadata: Mapping[str, Any], path: str, ours: str) -> list[str]:
    """Who else holds the field at ``path`` (from `lost`) now, newest first; one who scaled it as ``manager (scale)``."""
    steps = path.steps if isinstance(path, FieldPath) else tuple(f"f:{step}" for step in path.split(".") if step)
    entries = sorted(metadata.get("managedFields") or [], key=lambda e: str(e.get("time")), reverse=True)
    found = [_holder(entry, ours) for entry in entries if _holds(entry.get("fieldsV1") or {}, steps)]
    return [holder for holder in found if holder]


def _leaves(fields: Mapping[str, Any], path: FieldPath) -> Iterator[FieldPath]:
    below = {key: node for key, node in fields.items() if key != "."}
    if not below and path.steps:
        yield path
    for key, node in below.items():
        text = f"{path}.{key[2:]}" if key.startswith("f:") else f"{path}[{key[2:]}]"
        yield from _leaves(node, _path(text, (*path.steps, key)))


def _holds(fields: Mapping[str, Any], steps: Sequence[str]) -> bool:
    node: Any = fields
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else None
        if node is None:
            return False
    return True


def holds(metadata: Mapping[str, Any], manager: str, *steps: str) -> bool:
    """Whether our entry holds a field, given by the steps of fieldsV1."""
    entry = applied_entry(metadata, manager)
    return entry is not None and _holds(entry.get("fieldsV1") or {}, steps)


def survivors(before: Mapping[str, Any], after: Mapping[str, Any], manager: str) -> list[tuple[FieldPath, str]]:
    """Fields that we held before a write, gave up with it, and that are still there: each with who holds it.

    ``before`` and ``after`` are the object's metadata on both sides of the write. Our own marks are left out.
    """
    old, new = (((applied_entry(m, manager) or {}).get("fieldsV1")) or {} for m in (before, after))
    dropped = [path for path in _leaves(old, _path("", ())) if not _holds(new, path.steps)]
    found = [(path, holders(after, path, manager)) for path in dropped if names.PREFIX not in path]
    return [(path, managers[0]) for path, managers in found if managers]
