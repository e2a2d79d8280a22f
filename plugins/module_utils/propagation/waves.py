# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Propagation in waves: some members first, a look at how they are, then the next; back to the template before when one goes wrong.

A wave is an ordinary run that writes to some of the members only. The engine plans over the whole fleet each time, so nothing is given
away before its replacement is in place, whatever wave that is in.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..model.cluster import Fleet
from ..model.errors import ConfigError
from ..model.resource import Resource
from ..model.waves import Waves
from . import engine
from .member import Options
from .recall import recall
from .result import LISTED, Status

#: seconds between two looks while a wave soaks
_LOOK = 2.0


def wave_members(waves: Waves, members: Sequence[str], canaries: Sequence[str]) -> list[list[str]]:
    """The members of each wave: the canaries, then the others in batches, by name."""
    rest = [name for name in sorted(members) if name not in canaries]
    first = [[name for name in sorted(members) if name in canaries]]
    size = waves.size(len(members))
    return [wave for wave in first + [rest[i : i + size] for i in range(0, len(rest), size)] if wave]


def run(fleet: Fleet, resources: Sequence[Resource], waves: Waves, options: Options) -> dict[str, Any]:
    """Propagate in waves; returns the result of a module, with what each wave did."""
    tell = options.tell or _silent
    planned = engine.run(fleet, resources, replace(options, check=True, tell=None))
    busy = sorted(name for name, data in planned["members"].items() if data["changed"])
    if options.check or not busy or planned["failed"]:
        waves_planned = wave_members(waves, busy, _canaries(fleet, waves))
        return {**planned, "waves": [{"members": wave, "msg": "planned"} for wave in waves_planned]}
    before = recall(fleet, options.request_timeout, options.member_timeout) if waves.rollback else None
    previous = {resource.name: resource for resource in before.resources} if before is not None else {}
    done: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    gated = replace(options, wait=True)
    failures = 0
    order = wave_members(waves, busy, _canaries(fleet, waves))
    for number, wave in enumerate(order):
        tell(f"wave {number + 1} of {len(order)}: {', '.join(wave)}")
        result = _wave(fleet, resources, wave, gated, waves.soak)
        results.append(result)
        bad = sorted(name for name, data in result["members"].items() if data["status"] == Status.FAILED)
        failures += len(bad)
        done.append({"members": wave, "msg": result["msg"], "failed": bad})
        if result["failed"] or failures > waves.max_failures:
            rest = [name for later in order[number + 1 :] for name in later]
            back = _back(fleet, resources, previous, wave, gated, done) if waves.rollback else ""
            return _stopped(results, done, rest, back)
    # what was put off until all have it, is done now
    results.append(engine.run(fleet, resources, gated))
    return {**_together(results), "waves": done}


def _silent(_line: str) -> None:
    """Nobody waits for a line."""


def _canaries(fleet: Fleet, waves: Waves) -> list[str]:
    return [n for n, c in fleet.members.items() if waves.canary is not None and not waves.canary.why_not(c)]


def _wave(
    fleet: Fleet, resources: Sequence[Resource], wave: Sequence[str], options: Options, soak: float
) -> dict[str, Any]:
    """One wave, and a look at it until it has been well for ``soak`` seconds."""
    chosen = replace(fleet, in_play=frozenset(wave))
    result = engine.run(chosen, resources, options)
    until = time.monotonic() + soak
    while not result["failed"] and time.monotonic() < until:
        time.sleep(min(_LOOK, max(0.0, until - time.monotonic())))
        looked = engine.run(
            chosen, resources, replace(options, tell=None, wait_timeout=min(options.wait_timeout, _LOOK))
        )
        if looked["failed"]:
            return {**looked, "changed": True}
    return result


def _back(
    fleet: Fleet,
    resources: Sequence[Resource],
    previous: Mapping[str, Resource],
    wave: Sequence[str],
    options: Options,
    done: list[dict[str, Any]],
) -> str:
    """Bring the members of a failed wave back to the templates before; returns what came of it, in words."""
    lacking = sorted(resource.name for resource in resources if resource.name not in previous)
    found = [previous[resource.name] for resource in resources if resource.name in previous]
    if not found:
        return (
            f"not rolled back: no member keeps the template before of {', '.join(lacking)} (keep_template: true would)"
        )
    result = engine.run(replace(fleet, in_play=frozenset(wave)), found, options)
    done.append({"members": list(wave), "msg": result["msg"], "failed": [], "rolled_back": True})
    said = "rolled back" if not result["failed"] else f"the rollback failed: {result['msg']}"
    return said + (f"; not {', '.join(lacking)}: no template before" if lacking else "")


def _stopped(
    results: Sequence[Mapping[str, Any]], done: list[dict[str, Any]], rest: Sequence[str], back: str
) -> dict[str, Any]:
    last = results[-1]
    left = f"; not begun: {', '.join(rest)}" if rest else ""
    msg = f"stopped at wave {sum('rolled_back' not in wave for wave in done)}: {last['msg']}{left}"
    return {
        **_together(results),
        "failed": True,
        "msg": f"{msg}; {back}" if back else msg,
        "waves": done,
        "not_begun": list(rest),
    }


def _together(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The results of all waves as one: of each member the last that it did anything in."""
    members: dict[str, Any] = {}
    for result in results:
        for name, data in result["members"].items():
            if name not in members or data["changed"] or data["status"] == Status.FAILED:
                members[name] = data
    objects = [entry for result in results for entry in result["objects"]]
    last = results[-1]
    changed = sum(1 for data in members.values() if data["changed"])
    return {
        **last,
        "changed": any(result["changed"] for result in results),
        "members": dict(sorted(members.items())),
        "objects": objects[:LISTED],
        "msg": f"{len(members)} members in waves: {changed} changed; at last {last['msg']}",
        "summary": {**last["summary"], "members": len(members), "changed": changed},
    }


def check_waves(waves: Waves, fleet: Fleet) -> None:
    """ConfigError for canaries that the fleet does not have."""
    unknown = sorted((waves.canary.names() if waves.canary is not None else set()) - set(fleet.members))
    if unknown:
        raise ConfigError(f"waves.canary names {', '.join(unknown)}, which the fleet does not have")
