# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the fleet report shows, worked out of the results of `cluster_info` and `federated_resource_info`. Pure.

Everything is plain text and numbers in here; the template decides how it looks, and escapes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.inspection.table import cores, life, memory
from ansible_collections.multicluster.federation.plugins.module_utils.model.access import DAY

Data = Mapping[str, Any]

#: how a thing stands: a colour and a symbol of the page
OK, WARN, BAD, UNKNOWN, NONE = "ok", "warn", "bad", "unknown", "none"
SYMBOLS = {OK: "✓", WARN: "!", BAD: "✕", UNKNOWN: "?", NONE: "\u2013"}

#: shares of what a member offers from which on a bar is marked
_TIGHT, _FULL = 0.85, 1.0
#: seconds of difference between clocks that are worth a mark
_SKEW = 5
#: how many members one line names
_NAMED = 6
#: credentials that somebody else renews in time
_RENEWED = ("token_file", "exec")
#: what is not ready, and yet answers
_ANSWERS = ("degraded", "forbidden")


@dataclass(frozen=True)
class Facts:
    """What frames a report. ``at`` is the time in RFC 3339; ``versions`` are those of what made it, by name."""

    title: str
    at: str
    versions: Mapping[str, str]
    warn_days: float = 7.0


def moment(text: str) -> str:
    """An RFC 3339 time in UTC for people: ``2026-11-23 13:00 UTC``."""
    return f"{text[:10]} {text[11:16]} UTC" if len(text) >= 16 and text[10] == "T" else text


def plural(number: int, one: str, many: str = "") -> str:
    """``1 member``, ``2 members``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def some(names: Sequence[str]) -> str:
    """Names in a row; only the first few of many."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


# members


def _bar(label: str, amounts: Data | None, text: str) -> dict[str, Any] | None:
    if not amounts:
        return None
    share = amounts["requested"] / amounts["allocatable"] if amounts["allocatable"] > 0 else 1.0
    tone = BAD if share >= _FULL else WARN if share >= _TIGHT else OK
    return {"label": label, "text": text, "percent": round(100 * share), "tone": tone}


def _bars(capacity: Data) -> list[dict[str, Any] | None]:
    def used(amount: str) -> tuple[int, int]:
        return capacity[amount]["requested"], capacity[amount]["allocatable"]

    if not capacity:
        return [None, None, None]
    pods = "{}/{}".format(*used("pods"))
    return [
        _bar("CPU", capacity["cpu"], cores(*used("cpu"))),
        _bar("Memory", capacity["memory"], memory(*used("memory"))),
        _bar("Pods", capacity["pods"], pods),
    ]


def ends_soon(credential: Data, warn_days: float) -> bool:
    """Whether somebody has to renew a credential."""
    left = credential.get("seconds_left")
    return left is not None and left < warn_days * DAY and credential.get("kind") not in _RENEWED


def _credential(credential: Data, warn_days: float) -> dict[str, str]:
    left = credential.get("seconds_left")
    if left is None:
        return {"text": str(credential.get("kind") or ""), "tone": NONE, "more": "does not end, or does not tell"}
    tone = BAD if left <= 0 else WARN if ends_soon(credential, warn_days) else OK
    return {
        "text": f"{credential['kind']}, {life(left)}" + ("" if left < 0 else " left"),
        "tone": tone,
        "more": f"until {moment(str(credential.get('expires') or ''))}",
    }


def _clock(skew: int | None) -> dict[str, str]:
    if skew is None:
        return {"text": "", "tone": NONE}
    return {"text": f"{skew:+d} s" if skew else "in step", "tone": WARN if abs(skew) >= _SKEW else OK}


def _member_tone(status: str) -> str:
    return OK if status == "ready" else WARN if status in _ANSWERS else BAD


def _member(name: str, data: Data, state: Data, facts: Facts) -> dict[str, Any]:
    nodes = data["nodes"]
    return {
        "name": name,
        "tone": _member_tone(data["status"]),
        "status": data["status"],
        "writes": "" if data["status"] != "ready" else f"writes {data['writes']}",
        "msg": data["msg"],
        "hint": data["hint"],
        "place": [text for text in (data["region"], ", ".join(data["zones"]), data["provider"]) if text],
        "version": data["version"],
        "nodes": f"{nodes['ready']}/{nodes['total']}" if nodes else "",
        "nodes_tone": (OK if nodes["ready"] == nodes["total"] else WARN) if nodes else NONE,
        "bars": _bars(data["capacity"]),
        "credential": _credential(data["credential"], facts.warn_days),
        "clock": _clock(data["clock_skew"]),
        "marks": [*(["cordoned"] if data["cordoned"] else []), *data["taints"]],
        "labels": [f"{key}={value}" for key, value in sorted(data["labels"].items())],
        "notes": list(data["notes"]),
        "joined": data["joined"],
        "trouble": state.get("msg", "") if data["status"] == "ready" else "",
    }


# resources


def _pods_or_objects(entry: Data) -> str:
    if entry["desired"] or entry["ready"]:
        return f"{entry['ready']}/{entry['desired']}"
    return plural(sum(kind["total"] for kind in entry["kinds"].values()), "object")


def _flags(entry: Data) -> list[str]:
    flags = []
    if entry["drift"]:
        flags.append(f"{entry['drift']} drifted")
    if entry["orphans"]:
        flags.append(plural(entry["orphans"], "orphan"))
    return flags


def _cell(member: str, state: Data, resource: Data) -> dict[str, Any]:
    """One resource on one member: a tone, a short text, what else there is to say in a word or two, and why."""
    entry, lag = resource["members"].get(member), _lag(resource, member)
    placed = member in resource["plan"]["placement"]
    why = lag["msg"] if lag else ""
    if entry is None:
        strays = sum(1 for orphan in resource["orphans"] if orphan["member"] == member)
        if state["status"] == "failed" and placed:
            return {"tone": UNKNOWN, "text": "not read", "flags": [], "why": why}
        if placed:
            return {"tone": BAD, "text": "not there", "flags": [], "why": why}
        if strays:
            return {"tone": WARN, "text": "not placed", "flags": [plural(strays, "orphan")], "why": why}
        return {"tone": NONE, "text": "", "flags": [], "why": "not placed here"}
    flags = _flags(entry)
    if lag and "outdated" in lag["reasons"]:
        flags.append("behind")
    if lag and "missing" in lag["reasons"]:
        flags.append("incomplete")
    tone = OK
    if not entry["healthy"]:
        tone = BAD if entry["desired"] and not entry["ready"] else WARN
    elif flags or lag:
        tone = WARN
    return {"tone": tone, "text": _pods_or_objects(entry), "flags": flags, "why": why}


def _lag(resource: Data, member: str) -> Data | None:
    return next((entry for entry in resource["behind"] if entry["member"] == member), None)


def _resource(name: str, data: Data, states: Mapping[str, Data]) -> dict[str, Any]:
    kinds = [
        {"text": plural(kind["total"], title, title), "tone": OK if kind["healthy"] == kind["total"] else WARN}
        for title, kind in sorted(data["kinds"].items())
    ]
    return {
        "name": name,
        "tone": OK if data["healthy"] else WARN,
        "pods": f"{data['ready']}/{data['desired']}" if data["desired"] else "",
        "kinds": kinds,
        "cells": [{"member": member, **_cell(member, state, data)} for member, state in states.items()],
    }


def _plan(name: str, data: Data) -> dict[str, Any]:
    plan = data["plan"]
    placement = [
        {"member": member, "replicas": "" if replicas is None else str(replicas)}
        for member, replicas in sorted(plan["placement"].items())
    ]
    return {
        "resource": name,
        "epoch": plan["epoch"],
        "template": plan["template"],
        "at": moment(plan["at"]),
        "placement": placement,
        "drift_msg": data["drift_msg"],
    }


# what needs attention


def _attention(clusters: Data, resources: Data, facts: Facts) -> list[dict[str, str]]:
    """One line each, the worst first; ``link`` is the part of the page that says more."""
    found = []
    for name, data in clusters["members"].items():
        if data["status"] != "ready":
            what = f"is {data['status']}: {data['msg']}" if data["msg"] else f"is {data['status']}"
            found.append((_member_tone(data["status"]), name, what, data["hint"], "members"))
    for name, state in resources["members"].items():
        status = clusters["members"].get(name, {}).get("status")
        if state["status"] == "failed" and status == "ready":
            found.append((BAD, name, f"could not be read: {state['msg']}", "", "resources"))
    for name, data in clusters["members"].items():
        if ends_soon(data["credential"], facts.warn_days):
            left = data["credential"]["seconds_left"]
            text = "has expired" if left <= 0 else f"ends in {life(left)}"
            found.append((BAD if left <= 0 else WARN, name, f"its credential {text}", "renew it", "members"))
    for name, data in resources["resources"].items():
        found += _resource_attention(name, data)
    if resources["orphans"]:
        where = some(sorted({orphan["member"] for orphan in resources["orphans"]}))
        what = f"{plural(len(resources['orphans']), 'object')} of no recorded resource on {where}"
        found.append((WARN, "orphans", what, "", "orphans"))
    keys = ("tone", "who", "what", "hint", "link")
    order = {BAD: 0, WARN: 1}
    return [dict(zip(keys, entry, strict=True)) for entry in sorted(found, key=lambda entry: order.get(entry[0], 2))]


def _resource_attention(name: str, data: Data) -> list[tuple[str, str, str, str, str]]:
    found = []
    ill = sorted(member for member, entry in data["members"].items() if not entry["healthy"])
    if ill:
        dead = any(data["members"][m]["desired"] and not data["members"][m]["ready"] for m in ill)
        found.append((BAD if dead else WARN, name, f"is not healthy on {some(ill)}", "", "behind"))
    late = [entry["member"] for entry in data["behind"] if list(entry["reasons"]) != ["unhealthy"]]
    if late:
        found.append((WARN, name, f"is behind on {some(late)}", "", "behind"))
    if data["drift"]:
        where = some(sorted({entry["member"] for entry in data["drift"]}))
        found.append((WARN, name, f"{plural(len(data['drift']), 'object')} drifted on {where}", "", "drift"))
    if data["orphans"]:
        where = some(sorted({entry["member"] for entry in data["orphans"]}))
        found.append((WARN, name, f"{plural(len(data['orphans']), 'orphan')} on {where}", "", "orphans"))
    return found


def _tiles(clusters: Data, resources: Data, facts: Facts) -> list[dict[str, str]]:
    members, held = clusters["members"], resources["resources"]
    ready = sum(data["status"] == "ready" for data in members.values())
    healthy = sum(bool(data["healthy"]) for data in held.values())
    pods = [sum(data[key] for data in held.values()) for key in ("ready", "desired")]
    drifted = sum(len(data["drift"] or ()) for data in held.values())
    blind = sum(data["drift"] is None for data in held.values())
    orphans = len(resources["orphans"]) + sum(len(data["orphans"]) for data in held.values())
    short = sum(ends_soon(data["credential"], facts.warn_days) for data in members.values())

    def tile(label: str, value: str, tone: str, more: str = "") -> dict[str, str]:
        return {"label": label, "value": value, "tone": tone, "more": more}

    return [
        tile("Members ready", f"{ready}/{len(members)}", OK if ready == len(members) else BAD),
        tile("Resources healthy", f"{healthy}/{len(held)}", OK if healthy == len(held) else WARN),
        tile("Pods ready", f"{pods[0]}/{pods[1]}", OK if pods[0] >= pods[1] else WARN),
        tile("Drifted objects", str(drifted), WARN if drifted else OK, f"unknown for {blind}" if blind else ""),
        tile("Orphans", str(orphans), WARN if orphans else OK),
        tile("Credentials ending", str(short), WARN if short else OK, f"within {facts.warn_days:g} days"),
    ]


def build(clusters: Data, resources: Data, facts: Facts) -> dict[str, Any]:
    """Everything the page shows. ``clusters`` and ``resources`` are the results of the two verbs for the same members."""
    held = resources["resources"]
    states = {name: resources["members"][name] for name in sorted(resources["members"])}
    attention = _attention(clusters, resources, facts)
    federation = resources["federation"]
    return {
        "title": facts.title or f"Federation {federation['name']}",
        "federation": federation,
        "at": moment(facts.at),
        "versions": dict(facts.versions),
        "symbols": SYMBOLS,
        "tone": BAD if any(entry["tone"] == BAD for entry in attention) else WARN if attention else OK,
        "tiles": _tiles(clusters, resources, facts),
        "attention": attention,
        "attention_words": plural(len(attention), "thing"),
        "members": [
            _member(name, data, states.get(name, {}), facts) for name, data in sorted(clusters["members"].items())
        ],
        "columns": list(states),
        "resources": [_resource(name, data, states) for name, data in sorted(held.items())],
        "behind": [{"resource": name, **entry} for name, data in sorted(held.items()) for entry in data["behind"]],
        "drift": [{"resource": name, **entry} for name, data in sorted(held.items()) for entry in data["drift"] or ()],
        "blind": [{"resource": name, "msg": d["drift_msg"]} for name, d in sorted(held.items()) if d["drift"] is None],
        "orphans": [orphan for _name, data in sorted(held.items()) for orphan in data["orphans"]]
        + list(resources["orphans"]),
        "plans": [_plan(name, data) for name, data in sorted(held.items())],
        "addresses": [
            {"resource": name, **entry} for name, data in sorted(held.items()) for entry in data["addresses"]
        ],
        "warnings": [*clusters.get("warnings", ()), *resources.get("warnings", ())],
    }
