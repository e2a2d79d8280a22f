# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a write changes, for people: only fields that we own, or give up, and no value of any Secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..model.manifest import Manifest
from .adoption import LAST_APPLIED

HIDDEN = "(hidden)"


def _project(live: Any, want: Any, fields: Mapping[str, Any]) -> Any:
    """The part of ``live`` that ``want`` speaks of, in the shape of ``want``, and what ``fields`` (as in fieldsV1) holds besides."""
    if isinstance(want, dict) and isinstance(live, dict):
        part = {key: _project(live[key], item, fields.get(f"f:{key}", {})) for key, item in want.items() if key in live}
        return {**part, **{key: item for key, item in _held_fields(live, fields).items() if key not in want}}
    if isinstance(want, list) and isinstance(live, list):
        by_name = {item["name"]: item for item in live if isinstance(item, dict) and "name" in item}
        if by_name and all(isinstance(item, dict) and "name" in item for item in want):
            held = {item["name"]: node for item, node in _held_items(live, fields) if "name" in item}
            items = [_project(by_name[i["name"]], i, held.pop(i["name"], {})) for i in want if i["name"] in by_name]
            return items + [_held(by_name[name], node) for name, node in held.items()]
        if len(live) == len(want):
            return [_project(there, item, {}) for there, item in zip(live, want, strict=True)]
    return live


def _held(live: Any, fields: Mapping[str, Any]) -> Any:
    """The part of ``live`` that ``fields`` holds; all of it where they go no deeper."""
    if isinstance(live, dict) and any(key.startswith("f:") for key in fields):
        return _held_fields(live, fields)
    if isinstance(live, list) and any(key.startswith("k:") for key in fields):
        return [_held(item, node) for item, node in _held_items(live, fields)]
    return live


def _held_fields(live: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _held(item, fields[f"f:{key}"]) for key, item in live.items() if f"f:{key}" in fields}


def _held_items(live: list[Any], fields: Mapping[str, Any]) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The items of a live list that ``fields`` names by their keys, each with what it holds of them."""
    keyed = [(json.loads(key[2:]), node) for key, node in fields.items() if key.startswith("k:")]
    return [
        (item, node)
        for item in live
        for keys, node in keyed
        if isinstance(item, dict) and all(item.get(k) == v for k, v in keys.items())
    ]


def _shown(manifest: Manifest) -> Manifest:
    """Without the marks that only we need; Secret values hidden."""
    result = {key: value for key, value in manifest.items() if key != "metadata"}
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in ("uid", "resourceVersion")}
    for key in ("labels", "annotations"):
        found = (metadata.get(key) or {}).items()
        kept = {k: v for k, v in found if not k.startswith("multicluster.federation/") and k != LAST_APPLIED}
        metadata.pop(key, None)
        if kept:
            metadata[key] = kept
    result["metadata"] = metadata
    if manifest["kind"] == "Secret":
        for key in ("data", "stringData"):
            if key in result:
                result[key] = dict.fromkeys(result[key], HIDDEN) if isinstance(result[key], dict) else HIDDEN
    return result


def keys_of_secret(metadata: Mapping[str, Any], want: Manifest) -> dict[str, Any]:
    """A live Secret as far as it is known without reading it: who manages its fields tells their names."""
    held = [entry.get("fieldsV1") or {} for entry in metadata.get("managedFields") or []]
    keys = {key[2:] for fields in held for key in fields.get("f:data") or {} if key.startswith("f:")}
    # the type of a live Secret cannot change, so it is the wanted one or the write is refused
    known: dict[str, Any] = {key: want[key] for key in ("apiVersion", "kind", "type") if key in want}
    return {**known, "metadata": metadata, **({"data": dict.fromkeys(keys, HIDDEN)} if keys else {})}


def difference(
    header: str, want: Manifest | None, live: Mapping[str, Any] | None, given_up: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """One entry of a diff as Ansible prints it. ``want`` None: it is deleted; ``live`` None: there is nothing yet, or nothing to
    show. ``given_up`` are the fields that go with the write (`adoption.given_up`)."""
    both = live is not None and want is not None
    before = _shown(_project(dict(live or {}), want, given_up or {})) if both else None
    after = _shown(want) if want is not None else None

    def text(value: Any) -> str:
        return json.dumps(value, indent=2, sort_keys=True) + "\n" if value is not None else ""

    return {"before_header": header, "after_header": header, "before": text(before), "after": text(after)}
