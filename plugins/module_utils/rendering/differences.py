# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a write changes, for people: only fields that we own, and no value of any Secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..model.manifest import Manifest

HIDDEN = "(hidden)"


def _project(live: Any, want: Any) -> Any:
    """The part of ``live`` that ``want`` speaks of, in the shape of ``want``."""
    if isinstance(want, dict) and isinstance(live, dict):
        return {key: _project(live[key], item) for key, item in want.items() if key in live}
    if isinstance(want, list) and isinstance(live, list):
        by_name = {item["name"]: item for item in live if isinstance(item, dict) and "name" in item}
        if by_name and all(isinstance(item, dict) and "name" in item for item in want):
            return [_project(by_name[item["name"]], item) for item in want if item["name"] in by_name]
        if len(live) == len(want):
            return [_project(there, item) for there, item in zip(live, want, strict=True)]
    return live


def _shown(manifest: Manifest) -> Manifest:
    """Without the marks that only we need; Secret values hidden."""
    result = {key: value for key, value in manifest.items() if key != "metadata"}
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in ("uid", "resourceVersion")}
    for key in ("labels", "annotations"):
        kept = {k: v for k, v in (metadata.get(key) or {}).items() if not k.startswith("multicluster.federation/")}
        metadata.pop(key, None)
        if kept:
            metadata[key] = kept
    result["metadata"] = metadata
    if manifest["kind"] == "Secret":
        for key in ("data", "stringData"):
            if key in result:
                result[key] = dict.fromkeys(result[key], HIDDEN) if isinstance(result[key], dict) else HIDDEN
    return result


def difference(header: str, want: Manifest | None, live: Mapping[str, Any] | None) -> dict[str, str]:
    """One entry of a diff as Ansible prints it. ``want`` None: it is deleted; ``live`` None: there is nothing yet, or nothing to show."""
    before = _shown(_project(dict(live), want)) if live is not None and want is not None else None
    after = _shown(want) if want is not None else None

    def text(value: Any) -> str:
        return json.dumps(value, indent=2, sort_keys=True) + "\n" if value is not None else ""

    return {"before_header": header, "after_header": header, "before": text(before), "after": text(after)}
