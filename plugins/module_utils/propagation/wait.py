# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for health by watches, and for deletions to be over."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.deadline import Deadline
from ..fleet.discovery import ApiKind, Discovery
from ..model.errors import Kind, MemberError
from ..model.manifest import GroupKind, ObjectName
from .health import WAITED, Health, health_of

#: a pause before a list that follows a broken watch, so that a sick server is not asked in a tight loop
_BREATH = 0.2
#: what a member says, or does not, while its API server is restarted
_PASSING = (Kind.UNREACHABLE, Kind.TIMEOUT, Kind.BUSY)

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
    """Wait for the objects of one kind. A member that is away for a moment, as when its API server restarts, is waited for too;
    MemberError when it has not come back by the deadline."""
    state = _missing(wanted, {})
    while True:
        try:
            for found in _states(api, kind, selector, state, deadline):
                state = found
                if _healthy(state, tell):
                    return state
        except MemberError as error:
            if error.kind not in _PASSING or deadline.expired():
                raise
            tell(str(error))
        if deadline.expired():
            return state
        time.sleep(min(_BREATH, deadline.remaining()))


def _states(
    api: MemberApi, kind: ApiKind, selector: str, wanted: Collection[ObjectName], deadline: Deadline
) -> Iterator[dict[ObjectName, Health]]:
    """The health of the wanted objects now, and after each change, until the watch ends."""
    items, version = api.objects_at(kind, "", selector, metadata_only=False)
    state = _missing(wanted, {_name(kind.kind, item): health_of(kind.kind, item) for item in items})
    yield state
    if deadline.expired():
        return
    for event in api.watch(kind, "", selector, version, deadline):
        item = event.get("object") or {}
        if event.get("type") == "ERROR" or "metadata" not in item:
            return  # for example 410: the version is too old, list again
        name = _name(kind.kind, item)
        if name in state:
            gone = event["type"] == "DELETED"
            state[name] = Health(0, 0, "it was deleted") if gone else health_of(kind.kind, item)
            yield state


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
