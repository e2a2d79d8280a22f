# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`kubedirector_info`: how all instances stand on all members, and which apps there are. Nothing is written, no secret is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..fleet.concurrency import on_each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..kubedirector.definition import Definition
from ..kubedirector.lead import load_lead
from ..model import names
from ..model.cluster import Fleet
from ..model.errors import FederationError
from . import app as apps
from .memory import remember
from .naming import app_resource
from .read import read_objects, read_state
from .status import Objects


def info(fleet: Fleet, namespace: str, name: str, times: Mapping[str, float]) -> dict[str, Any]:
    """The instances of the members in play; "" for all namespaces, or all names. Returns the result of the module."""
    chosen = sorted(fleet.in_play)
    found: dict[str, list[dict[str, Any]]] = {}

    def look(member: str) -> None:
        api = connect(fleet.members[member], times["request_timeout"], Deadline(times["member_timeout"]))
        told = []
        for (space, instance), objects in sorted(read_objects(api, namespace, name).items()):
            entry = _entry(objects)
            roles = [role["id"] for role in entry["spec"].get("roles", []) if role.get("members")]
            state = read_state(api, objects, roles)
            known = {key: entry[key] for key in ("app", "version", "federation")}
            known["data"] = ("home" if entry["home"] == member else "copy") if entry["home"] else ""
            told.append({"name": instance, "namespace": space, **known, **state})
        found[member] = told

    errors = on_each(chosen, look, times["member_timeout"])
    instances = [{**entry, "member": member} for member in chosen for entry in found.get(member, [])]
    problems = {member: str(error) for member, error in errors.items()}
    return {
        "changed": False,
        "failed": bool(chosen) and len(problems) == len(chosen),
        "msg": _headline(instances, problems),
        "instances": instances,
        "unreachable": problems,
        "table": table(instances, problems),
    }


def registered(fleet: Fleet, shipped: Sequence[Definition], times: Mapping[str, float]) -> list[dict[str, Any]]:
    """The apps of the catalogs, and those that members hold, which win over others of their name."""
    memory = remember(fleet, times, everything=True)
    held = {}
    for definition in memory.apps():
        held[definition.app.name] = definition
    known = {**{definition.app.name: definition for definition in shipped}, **held}
    return [
        apps.described(known[name], memory.placed(app_resource(name)), apps.used_by(memory, name))
        for name in sorted(known)
    ]


def _entry(objects: Objects) -> dict[str, Any]:
    """What the member remembers of an instance; of one that somebody else made, what its objects show."""
    entry: dict[str, Any] = {"app": "", "version": "", "federation": "", "spec": {}, "home": ""}
    if objects.stored is None:
        return entry
    entry["federation"] = (objects.stored["metadata"].get("labels") or {}).get(names.LABEL_FEDERATION, "")
    try:
        body = json.loads(objects.stored["data"]["instance"])
        entry["spec"] = body["cluster"]["spec"]
        entry["app"] = entry["spec"]["app"]
        entry["version"] = body["definition"]["app"]["spec"]["version"]
        entry["home"] = load_lead(body["options"].get("lead")).home
    except (KeyError, TypeError, ValueError, FederationError):
        entry["app"] = "(damaged)"
    return entry


def _headline(instances: Sequence[Mapping[str, Any]], problems: Mapping[str, str]) -> str:
    states = [entry["state"] for entry in instances]
    counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "no instances"
    silent = "; ".join(f"{member}: {text}" for member, text in sorted(problems.items()))
    return f"{counted}{f'; not known: {silent}' if silent else ''}"


def table(instances: Sequence[Mapping[str, Any]], problems: Mapping[str, str]) -> list[str]:
    """A line for each instance on each member, and below it what is wrong with it."""
    heads = ("INSTANCE", "MEMBER", "APP", "STATE", "ROLES", "ENDPOINTS")
    rows = [heads]
    notes: dict[int, list[str]] = {}
    for entry in instances:
        roles = ", ".join(f"{name} {role['ready']}/{role['desired']}" for name, role in entry["roles"].items())
        ends = ", ".join(_endpoint(end) for end in entry["endpoints"][:3])
        version = f" {entry['version']}" if entry["version"] else ""
        full = f"{entry['namespace']}/{entry['name']}"
        state = f"{entry['state']}, {entry['data']}" if entry["data"] else entry["state"]
        rows.append((full, entry["member"], f"{entry['app']}{version}", state, roles or "-", ends or "-"))
        notes[len(rows) - 1] = list(entry["problems"])
        for role in entry["roles"].values():
            notes[len(rows) - 1] += [f"log of {p['name']}: {line}" for p in role["pods"] for line in p.get("log", [])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    lines = []
    for number, row in enumerate(rows):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
        lines += [f"    {note}" for note in notes.get(number, [])]
    return lines + [f"{member}: not known: {text}" for member, text in sorted(problems.items())]


def _endpoint(end: Mapping[str, Any]) -> str:
    outside = end["external"][0] if end["external"] else end["host"]
    node = f" (node port {end['node_port']})" if end["node_port"] else ""
    return f"{outside}:{end['port']}{node}"
