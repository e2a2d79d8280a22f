# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One call of the verb ``control_plane``: what it asks for, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from ..model.errors import ConfigError
from . import layout, processes
from .layout import NODE, NODE_PARTS, SandboxFolder
from .locks import locked
from .options import MEMBER_KEYS
from .settings import MemberSettings

Progress = Callable[[str], None]

#: the component that stands for all of them
ALL = "all"

PAST = {"start": "started", "resume": "resumed", "restart": "restarted"}


@dataclass(frozen=True)
class Call:
    """One call of the verb, as understood. ``members``: options by name; ``component``: the one that is meant, or `ALL`; ``whole``: no
    member was named."""

    sandbox: SandboxFolder
    state: str
    component: str
    members: dict[str, dict[str, Any]]
    whole: bool
    exclusive: bool
    assets: str | None
    seconds: float
    check: bool
    progress: Progress

    def parts(self, components: tuple[str, ...]) -> tuple[str, ...]:
        """Which of the components of a member are meant."""
        chosen = components if self.component == ALL else (self.component,)
        # what ends with a node ends by itself, but a node that hangs hangs with all that it runs
        return (*chosen, *NODE_PARTS) if self.state == "paused" and NODE in chosen else chosen

    def lock(self) -> Any:
        if self.check:
            return nullcontext()
        return locked(self.sandbox.lock, f"sandbox {self.sandbox.name}", self.seconds)


@dataclass
class Outcome:
    """What came of a call.

    What was done and what failed, by member; what members are to be; what was done to the sandbox; what to warn of.
    """

    actions: dict[str, list[str]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, MemberSettings] = field(default_factory=dict)
    sandbox: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(params: Mapping[str, Any], check: bool, progress: Progress) -> Call:
    """The options as a call; ``ConfigError`` for those that contradict each other."""
    sandbox = SandboxFolder.of(str(params["sandbox"]), params.get("root") or None)
    own = {key: params[key] for key in MEMBER_KEYS if params.get(key) is not None}
    listed = params.get("members")
    if params.get("name") and listed is not None:
        raise ConfigError("both name and members are given", "use name for one member, members for several")
    version = own.pop("kubernetes_version", None) if listed is not None else None
    if own and not params.get("name"):
        raise ConfigError(f"{', '.join(own)} without a name", "say of which member: set name, or put it into members")
    if params.get("exclusive") and listed is None:
        raise ConfigError("exclusive without members", "say which members are to stay")
    entries = [{"name": params["name"], **own}] if params.get("name") else list(listed or [])
    if version:
        entries = [{**entry, "kubernetes_version": entry.get("kubernetes_version") or version} for entry in entries]
    members = {layout.checked_name("member", str(entry["name"])): dict(entry) for entry in entries}
    if len(members) != len(entries):
        raise ConfigError("a member is listed twice", "name each member once")
    if params["state"] == "absent" and params["component"] != "all":
        raise ConfigError("a component cannot be absent", "use state: killed or stopped for one component")
    return Call(
        sandbox=sandbox,
        state=str(params["state"]),
        component=str(params["component"]),
        members=members,
        whole=not params.get("name") and listed is None,
        exclusive=bool(params.get("exclusive")),
        assets=params.get("assets") or None,
        seconds=float(params["wait_timeout"]),
        check=check,
        progress=progress,
    )


def concerned(call: Call) -> list[str]:
    """The members that the call is about: those named, or all there are; with exclusive also those to be removed."""
    there = call.sandbox.member_names()
    if call.whole:
        return there
    return [*call.members, *(name for name in there if call.exclusive and name not in call.members)]


def planned(state: str, current: str) -> str:
    """What is to be done with one component to bring it from ``current`` to the ``state`` of the option; empty: nothing."""
    if state == "started":
        return {processes.DEAD: "start", processes.PAUSED: "resume"}.get(current, "")
    if current == processes.DEAD or (state == "paused" and current == processes.PAUSED):
        return ""
    return {"stopped": "stop", "killed": "kill", "paused": "pause"}[state]
