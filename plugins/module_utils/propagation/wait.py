# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for health by watches, and for deletions to be over."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.deadline import Deadline
from ..fleet.discovery import ApiKind, Discovery
from ..model.manifest import GroupKind, ObjectName
from .health import WAITED, Health, health_of

#: a pause before a list that follows a broken watch, so that a sick server is not asked in a tight loop
_BREATH = 0.2

Tell = Callable[[str], None]


def _name(kind: GroupKind, item: Mapping[str, Any]) -> ObjectName:
    return ObjectName(kind, item["metadata"].get("namespace") or "", item["metadata"]["name"])


def _missing(wanted: Collection[ObjectName], found: Mapping[ObjectName, Health]) -> dict[ObjectName, Health]:
    return {name: found.get(name, Health(0, 0, "it is not there")) for name in wanted}


def _healthy(state: Mapping[ObjectName, Health], tell: Tell) -> bool:
    """Whether all are healthy; tells of the first that is not."""
    waiting = next(((name, health) for name, health in sorted(state.items()) if not health.healthy), None)
    if waiting is not None:
        tell(f"{waiting[0]}: {waiting[1].problem}")
    return waiting is None


def _wait_kind(
    api: MemberApi, kind: ApiKind, selector: str, wanted: Collection[ObjectName], deadline: Deadline, tell: Tell
) -> dict[ObjectName, Health]:
    while True:
        items, version = api.objects_at(kind, "", selector, metadata_only=False)
        found = {_name(kind.kind, item): health_of(kind.kind, item) for item in items}
        state = _missing(wanted, found)
        if _healthy(state, tell) or deadline.expired():
            return state
        for event in api.watch(kind, "", selector, version, deadline):
            item = event.get("object") or {}
            if event.get("type") == "ERROR" or "metadata" not in item:
                break  # for example 410: the version is too old, list again
            name = _name(kind.kind, item)
            if name not in state:
                continue
            gone = event["type"] == "DELETED"
            state[name] = Health(0, 0, "it was deleted") if gone else health_of(kind.kind, item)
            if _healthy(state, tell):
                return state
        if deadline.expired():
            return state
        time.sleep(min(_BREATH, deadline.remaining()))


def wait_healthy(
    api: MemberApi,
    discovery: Discovery,
    selector: str,
    wanted: Collection[ObjectName],
    deadline: Deadline,
    tell: Tell = lambda _problem: None,
) -> dict[ObjectName, Health]:
    """Wait until every wanted object of a kind in `WAITED` is healthy, or until the deadline; returns the health of each.

    ``tell`` hears what is waited for. One kind after the other: the time until all are healthy is the same, and one watch at a
    time is open on a member.
    """
    result: dict[ObjectName, Health] = {}
    for kind in sorted({name.kind for name in wanted} & WAITED):
        served = discovery.find(kind)
        if served is not None:
            result.update(_wait_kind(api, served, selector, [n for n in wanted if n.kind == kind], deadline, tell))
    return result


def wait_gone(
    api: MemberApi, targets: Collection[tuple[ApiKind, ObjectName, str]], deadline: Deadline
) -> list[ObjectName]:
    """Wait until the objects (with these uids) are gone; returns those that are still there at the deadline."""
    left = list(targets)
    pause = 0.05
    while left:
        left = [
            t
            for t in left
            if ((api.get(t[0], t[1].namespace, t[1].name) or {}).get("metadata") or {}).get("uid") == t[2]
        ]
        if not left or deadline.expired():
            break
        time.sleep(min(pause, deadline.remaining()))
        pause = min(1.0, pause * 1.5)
    return [name for _kind, name, _uid in left]
