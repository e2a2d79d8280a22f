# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Putting back a list that somebody rewrote in a way that our fields cannot be merged into any more.

Lists of maps are merged by their keys. If the port number of a Service is edited, the item is another one for the API server: our
own item would come back beside it, and both have one name, which is invalid. Then the list as a whole is set back, in three writes
that leave no trace in managedFields: our list under a helper manager, our apply, and the helper's entry removed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..fleet.api import JSON_PATCH, Applied, MemberApi
from ..fleet.discovery import ApiKind
from ..model.manifest import Manifest

Operation = dict[str, Any]

_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def _find(items: Sequence[Any], wanted: Any) -> int | None:
    """Where in a live list the item stands that carries the name of a wanted one."""
    if not isinstance(wanted, dict) or "name" not in wanted:
        return None
    return next(
        (i for i, item in enumerate(items) if isinstance(item, dict) and item.get("name") == wanted["name"]), None
    )


def _innermost_list(path: str, want: Any, live: Any) -> tuple[str, Any] | None:
    """JSON pointer and wanted value of the innermost list on ``path`` (as `ownership.lost` writes paths) that is found live."""
    pointer = ""
    found: tuple[str, Any] | None = None
    for match in _STEP.finditer(path):
        key, position = match.groups()
        if key is not None:
            if not isinstance(want, dict) or not isinstance(live, dict) or key not in want or key not in live:
                break
            step, want, live = key.replace("~", "~0").replace("/", "~1"), want[key], live[key]
        else:
            place = _find(live, want[int(position)]) if isinstance(live, list) else None
            if place is None:
                break
            step, want, live = str(place), want[int(position)], live[place]
        pointer = f"{pointer}/{step}"
        if isinstance(want, list) and isinstance(live, list):
            found = pointer, want
    return found


def list_operations(paths: Sequence[str], want: Manifest, live: Mapping[str, Any]) -> list[Operation]:
    """A JSON patch that sets every list with a lost item to what is wanted; [] if no list is concerned."""
    lists = dict(found for path in paths if (found := _innermost_list(path, want, live)) is not None)
    outermost = [p for p in lists if not any(p.startswith(f"{other}/") for other in lists)]
    return [{"op": "replace", "path": pointer, "value": lists[pointer]} for pointer in outermost]


def set_lists_back(
    api: MemberApi,
    kind: ApiKind,
    namespace: str,
    name: str,
    operations: list[Operation],
    uid: str,
    manager: str,
    dry_run: bool = False,
) -> Applied:
    """Set the lists under the helper manager, only on the object with this uid."""
    guard = [{"op": "test", "path": "/metadata/uid", "value": uid}]
    return api.patch(kind, namespace, name, guard + operations, JSON_PATCH, helper_of(manager), dry_run)


def helper_of(manager: str) -> str:
    """The manager that holds a list for the moment between two writes."""
    return f"{manager}/repair"


def forget_helper(api: MemberApi, kind: ApiKind, namespace: str, name: str, manager: str) -> None:
    """Take the helper's entry out of managedFields, so that what we give up later is really given up."""
    found = api.get(kind, namespace, name)
    entries = ((found or {}).get("metadata") or {}).get("managedFields") or []
    helper = helper_of(manager)
    for position, entry in enumerate(entries):
        if entry.get("manager") == helper:
            path = f"/metadata/managedFields/{position}"
            operations = [{"op": "test", "path": f"{path}/manager", "value": helper}, {"op": "remove", "path": path}]
            api.patch(kind, namespace, name, operations, JSON_PATCH, manager)
            return
