# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a call of the verb ``control_plane`` returns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..model.errors import FederationError
from . import kubeconfigs, processes
from .call import PAST, Call, Outcome, planned
from .layout import API_SERVER, ETCD, MemberFolder
from .member import Member, component_states, components_of, running, summary


def shape(folder: MemberFolder) -> dict[str, Any]:
    """A member for the diff: the states of its components and the names of its nodes; empty if it is not there."""
    try:
        member = Member.load(folder)
    except FederationError:  # it can still be removed
        return {**component_states(folder), "nodes": []}
    if member is None:
        return {}
    return {**component_states(folder), "nodes": [node.name for node in member.settings.nodes]}


def build(call: Call, outcome: Outcome, before: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The result of the module; ``before`` has the ``shape`` of each member that the call is about."""
    after = {name: _after(call, outcome, name) for name in before}
    members = {name: _member(call, name, outcome.actions.get(name, []), after[name]) for name in before}
    result: dict[str, Any] = {
        "changed": bool(any(outcome.actions.values()) or outcome.sandbox or outcome.failures),
        "msg": message(call, outcome, list(members)),
        "sandbox": call.sandbox.name,
        "folder": call.sandbox.path,
        "inventory": call.sandbox.inventory,
        "kubeconfig": call.sandbox.kubeconfig,
        "members": members,
        "warnings": outcome.notes,
        "diff": {"before": {name: dict(was) for name, was in before.items()}, "after": after},
    }
    if outcome.failures:
        result["failed"] = True
        result["failures"] = outcome.failures
    return result


def _member(call: Call, name: str, actions: list[str], after: Mapping[str, Any]) -> dict[str, Any]:
    folder = call.sandbox.member(name)
    states = component_states(folder)
    member = Member.load(folder)
    state = summary({part: after[part] for part in states if part in after}) if after else "absent"
    entry: dict[str, Any] = {"state": state, "changed": bool(actions), "actions": actions}
    if member is None or API_SERVER not in member.ports:
        return entry
    live = running(folder, states)
    components = {part: {"state": states[part], "pid": live[part].pid if part in live else None} for part in states}
    return {
        **entry,
        "components": components,
        "server": kubeconfigs.server(member.ports[API_SERVER]),
        "context": name,
        "kubeconfig": folder.kubeconfig,
        "user_kubeconfig": folder.user_kubeconfig,
        "region": member.settings.region,
        "zones": member.settings.zones,
        "provider": member.settings.provider,
        "nodes": [node.name for node in member.settings.nodes],
        "kubernetes_version": member.settings.kubernetes_version,
        "audit_log": folder.audit_log,
        "logs": os.path.dirname(folder.log(ETCD)),
    }


def _after(call: Call, outcome: Outcome, name: str) -> dict[str, Any]:
    """The shape of a member after the call; in check mode, the one that it would have."""
    folder = call.sandbox.member(name)
    if not call.check:
        return shape(folder)
    if "removed" in outcome.actions.get(name, []) or call.state == "absent":
        return {}
    becomes = {"start": processes.RUNNING, "resume": processes.RUNNING, "pause": processes.PAUSED}
    after: dict[str, Any] = dict(component_states(folder))
    for part in call.parts(components_of(folder)):
        what = planned(call.state, after.get(part, processes.DEAD))
        if what:
            after[part] = becomes.get(what, processes.DEAD)
    wanted = outcome.wanted.get(name)
    nodes = [node.name for node in wanted.nodes] if wanted else shape(folder).get("nodes", [])
    return {**after, "nodes": nodes}


def message(call: Call, outcome: Outcome, members: list[str]) -> str:
    """The result in one line; failures follow, one a line."""
    title = f"sandbox {call.sandbox.name}"
    if outcome.failures:
        return "\n".join(
            [f"{title}: {len(outcome.failures)} of {len(members)} members failed", *outcome.failures.values()]
        )
    if outcome.sandbox == ["removed"]:
        return f"{title}: {'would be ' if call.check else ''}removed"
    by_word: dict[str, list[str]] = {}
    for name in members:
        word = _word(call, outcome.actions.get(name, []))
        if word:
            by_word.setdefault(word, []).append(name)
    parts = [f"{', '.join(names)} {word}" for word, names in by_word.items()] + outcome.sandbox[: not by_word]
    if not parts:
        return f"{title}: nothing to do" + (f" ({', '.join(members)}: {call.state})" if members else "")
    return f"{title}: {'it would be: ' if call.check else ''}{'; '.join(parts)}"


def _word(call: Call, actions: list[str]) -> str:
    """One word for what was done to a member; empty for nothing."""
    if not actions or actions == ["removed"]:
        return "removed" if actions else ""
    moved = any(action.partition(" ")[0] in PAST.values() for action in actions)
    return call.state if moved or call.state != "started" else "changed"
