# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An instance whose data are copied to a second member: one member takes writes, the home; the other has a copy of them.

Both have the same objects. What differs is one file in the pods, which says who the home is, and since which epoch; the pods do the rest
by themselves, so that a home that was given up follows its successor as soon as it hears of it, whether a run reaches it or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.command import Ran, run_command, words_of
from ..fleet.concurrency import on_each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..kubedirector.instance import Instance
from ..kubedirector.lead import Lead
from ..kubedirector.native import naming
from ..kubedirector.native.pods import CONTAINER
from ..kubedirector.runtime import Hook, Replication
from ..model.cluster import Fleet
from ..model.errors import ConfigError, FederationError
from ..model.manifest import SECRET, ObjectName
from ..propagation.member import Options
from .addresses import address
from .connection import credentials

#: asks the engine for an instance with this lead on these members (None: as its placement says); returns the result of a module
Apply = Callable[[Lead, "Sequence[str] | None", Options], dict[str, Any]]

#: runs until everybody knows the addresses of all others: the home, then its copy, then what the home has to know of it
_ROUNDS = 3
#: how long a home that handed over may take to follow its successor, which it looks for every second or so
_FOLLOW_SECONDS, _POLL = 20.0, 0.5


@dataclass(frozen=True)
class Position:
    """How far the data of a member are. ``epoch`` is the newest that it knows, ``offset`` counts what was written, ``age`` is how many
    seconds ago a copy last heard of its home, -1 where that is not known; ``why`` is what the app says of itself; ``problem`` says why
    nothing is known."""

    role: str = ""
    epoch: int = 0
    offset: int = -1
    linked: bool = False
    age: int = -1
    copies: int = 0
    why: str = ""
    problem: str = ""

    def data(self) -> dict[str, Any]:
        if self.problem:
            return {"role": "unknown", "problem": self.problem}
        body: dict[str, Any] = {"role": self.role, "offset": self.offset}
        more = {"copies": self.copies} if self.role == "home" else {"linked": self.linked, "age": self.age}
        return {**body, **more}


def read_position(text: str) -> Position:
    """What the command ``position`` of an app printed: lines of a word and its value. ConfigError for anything else."""
    said = words_of(text)
    try:
        return Position(
            said["role"],
            int(said["epoch"]),
            int(said["offset"]),
            said.get("link") == "up",
            int(said.get("age", -1)),
            int(said.get("copies", 0)),
            said.get("why", ""),
        )
    except (KeyError, ValueError):
        raise ConfigError(f"position is not told as it should be: {text.strip()[:200]!r}") from None


@dataclass
class Mirror:
    """One instance with a copy, and what became of it in this run."""

    fleet: Fleet
    instance: Instance
    replication: Replication
    options: Options
    notes: list[str] = field(default_factory=list)

    @property
    def pod(self) -> str:
        return f"{naming.set_name(self.instance, self.replication.role)}-0"

    def _api(self, member: str, limit: Deadline) -> MemberApi:
        return connect(self.fleet.members[member], self.options.request_timeout, limit)

    def command(self, member: str, hook: Hook, *arguments: str) -> Ran:
        """Run a command of the app in its pod on a member; FederationError when that cannot be."""
        limit = Deadline(hook.timeout + self.options.request_timeout)
        words = [*hook.command, *arguments]
        return run_command(
            self._api(member, limit), self.instance.namespace, self.pod, CONTAINER, words, limit.within(hook.timeout)
        )

    def positions(self, members: Sequence[str]) -> dict[str, Position]:
        """How far each member is."""
        found: dict[str, Position] = {}

        def ask(name: str) -> None:
            ran = self.command(name, self.replication.position)
            found[name] = read_position(ran.output) if ran.code == 0 else Position(problem=ran.reason())

        # each has all of its time: who leads must not hang on who answers first
        wrong = on_each(members, ask, self.replication.position.timeout + self.options.request_timeout)
        return {name: Position(problem=wrong[name].message) if name in wrong else found[name] for name in members}

    # who leads

    def as_pods_say(self, before: Lead, had: Sequence[str]) -> Lead:
        """Who leads: what is remembered may be older than what the pods agreed on, since some of them heard of it and others did not."""
        found = self.positions([name for name in had if name in self.fleet.in_play])
        homes = {name: said.epoch for name, said in found.items() if said.role == "home" and said.epoch > before.epoch}
        if not before.home or not homes:
            return before
        home = max(sorted(homes), key=lambda name: homes[name])
        self.notes.append(f"{home} is the home since epoch {homes[home]}, which was not remembered")
        return replace(before, home=home, epoch=homes[home])

    def choose_home(self, members: Sequence[str], before: Lead, wanted: str, had: Sequence[str]) -> str:
        """The home among the members that are to have the instance. ConfigError where nobody has data to lead with.

        ``had`` are those that have it already, ``wanted`` is the one that was asked for, "" for none.
        """
        if wanted and wanted not in members:
            raise ConfigError(f"home: {wanted} does not get the instance; it is for {', '.join(members)}")
        if not before.home:
            if len(had) > 1 or (had and (had[0] not in members or wanted not in ("", had[0]))):
                raise ConfigError(
                    f"{self.instance.name} has data in {', '.join(had)}, and would become a copy of another member there",
                    f"let {had[0]} be the home, or make another instance",
                )
            return wanted or (had[0] if had else members[0])
        if before.home in members and (not wanted or wanted == before.home):
            return before.home
        copies = [name for name in members if name in had and name != before.home]
        if wanted:
            copies = [name for name in copies if name == wanted]
        if not copies:
            raise ConfigError(
                f"{before.home} is given up, and no other member has a copy: {wanted or 'nobody'} could lead with its data",
                "wait until a copy is there, or restore a backup",
            )
        found = self.positions(copies)
        able = {name: position for name, position in found.items() if position.offset >= 0}
        if not able:
            told = "; ".join(f"{name}: {position.problem}" for name, position in found.items())
            raise ConfigError(f"{before.home} is given up, and no copy answers ({told})")
        home = max(sorted(able), key=lambda name: able[name].offset)
        age = able[home].age
        heard = f", which last heard of {before.home} {age} s ago" if age >= 0 else ""
        self.notes.append(f"{home} takes over from {before.home}{heard}, at offset {able[home].offset}")
        return home

    def hand_over(self, old: str, lead: Lead) -> None:
        """End writes at a home that is alive, once its copy has all of them. FederationError where that is not so."""
        asked = self.positions([old, lead.home])
        said, copy = asked[old], asked[lead.home]
        if said.problem:
            raise FederationError(
                f"{old} cannot hand over to {lead.home}, since it does not say how far it is: {said.problem}",
                "wait until it does; or declare the member lost and fence it (cluster), and run failover",
            )
        if said.role != "home":
            return  # it takes no writes that could be missed
        if not copy.linked:
            raise FederationError(
                f"{old} could not hand over to {lead.home}: the copy there is cut off",
                f"nothing was changed, {old} goes on",
            )
        ran = self.command(old, self.replication.demote, str(lead.epoch), lead.home)
        if ran.code:
            raise FederationError(
                f"{old} could not hand over to {lead.home}: {ran.reason()}",
                f"nothing was changed, {old} goes on",
            )

    def promote(self, lead: Lead) -> None:
        """Make the home what it is to be at once: by itself it would within a minute. FederationError where it refuses."""
        ran = self.command(lead.home, self.replication.promote, str(lead.epoch), lead.home)
        if ran.code:
            raise FederationError(
                f"{lead.home} could not be promoted: {ran.reason()}",
                "run it again: the next run goes on from here",
            )

    # the way there

    def bring(
        self, members: Sequence[str], had: Sequence[str], before: Lead, wanted: str, apply: Apply
    ) -> dict[str, Any]:
        """Make the instance what it is to be on ``members``; returns the result of the last run. ``before`` is who led until now."""
        before = self.as_pods_say(before, had)
        home = self.choose_home(members, before, wanted, had)
        moved = bool(before.home) and home != before.home
        lead = Lead(home, before.epoch + 1 if moved or not before.epoch else before.epoch, self._peers(members, before))
        if self.options.check:
            return apply(lead, None, self.options)
        alive = moved and before.home in self.fleet.in_play and before.home in had
        if alive:
            # a copy that does not find its home could not catch up with it
            known = replace(before, peers=self._peers(had, before))
            if known != before:
                fresh = apply(known, had, self.options)
                if fresh["failed"]:
                    return fresh
            self.hand_over(before.home, lead)
        first = self._first(lead, members, had, apply)
        if first is not None and first["failed"]:
            return first
        changed = first is not None and first["changed"]
        if moved:
            # written down everywhere first: a run that is killed here is followed by pods that know
            told = apply(lead, None, replace(self.options, wait=False))
            changed = changed or told["changed"]
            if told["failed"]:
                return told
            self.promote(lead)
            if alive and before.home in members:
                self._wait_for_role(before.home, "copy", _FOLLOW_SECONDS)
        lead, result = self._settle(lead, members, apply)
        changed = changed or result["changed"]
        self.instance = replace(self.instance, lead=lead)
        if not result["failed"] and self.options.wait:
            result = self._proven(lead, result)
        return {**result, "changed": changed}

    def _settle(self, lead: Lead, members: Sequence[str], apply: Apply) -> tuple[Lead, dict[str, Any]]:
        """Apply until everybody knows the addresses of all others; returns the last result, changed if any was."""
        changed, result = False, dict[str, Any]()
        for number in range(_ROUNDS):
            lead = replace(lead, peers=self._peers(members, lead))
            result = apply(lead, None, self.options)
            changed = changed or result["changed"]
            if result["failed"] or number == _ROUNDS - 1 or self._peers(members, lead) == lead.peers:
                break
        return lead, {**result, "changed": changed}

    def _proven(self, lead: Lead, result: dict[str, Any]) -> dict[str, Any]:
        """The result of a run, failed unless the home says that it takes writes."""
        said = self._wait_for_role(lead.home, "home", self.options.wait_timeout)
        if said.role == "home":
            return result
        more = said.problem or said.why or f"it says that it is a {said.role or 'member without a role'}"
        return {
            **result,
            "failed": True,
            "msg": f"{result['msg']}; {lead.home} is to take writes, and does not: {more}",
        }

    def _wait_for_role(self, member: str, role: str, seconds: float) -> Position:
        """Ask a member until it says that it has a role, or time is up; returns what it said last."""
        limit = Deadline(seconds)
        while True:
            said = self.positions([member])[member]
            if said.role == role or limit.expired():
                return said
            time.sleep(_POLL)

    def _first(self, lead: Lead, members: Sequence[str], had: Sequence[str], apply: Apply) -> dict[str, Any] | None:
        """The home before its copy: the copy needs its address and its passwords. None where both are known."""
        others = [name for name in members if name != lead.home and name in self.fleet.in_play]
        result = None
        if lead.home not in had or lead.home not in lead.peers:
            result = apply(lead, [lead.home], self.options)
            if result["failed"]:
                return result
            if lead.home not in self._peers([lead.home], Lead()):
                raise ConfigError(
                    f"nobody outside of {lead.home} reaches {self.instance.name} there, so no other member can copy it",
                    "say service_type: LoadBalancer or NodePort",
                )
        fresh = [name for name in others if name not in had]
        if fresh:
            found = credentials(self.fleet, self.instance, lead.home, self.options)
            space = self.instance.namespace
            seeds = {ObjectName(SECRET, space, name): values for name, values in found.items()}
            self.options = replace(self.options, seeds=seeds)
        return result

    def _peers(self, members: Sequence[str], before: Lead) -> dict[str, tuple[str, int]]:
        """Where members reach the pod on each other; what cannot be asked stays as it is known."""
        found: dict[str, tuple[str, int]] = {}

        def look(name: str) -> None:
            place = address(self._api(name, Deadline(self.options.member_timeout)), self.instance, self.replication)
            if place is not None:
                found[name] = place

        on_each([name for name in members if name in self.fleet.in_play], look, self.options.member_timeout)
        kept = {name: place for name, place in before.peers.items() if name in members and name not in found}
        return {**kept, **found}


def told(lead: Lead, positions: Mapping[str, Position]) -> dict[str, Any]:
    """Who leads and how far the copies are, for a result."""
    home = positions.get(lead.home)
    body: dict[str, Any] = {"home": lead.home, "epoch": lead.epoch, "members": {}}
    for name, position in sorted(positions.items()):
        entry = position.data()
        if name != lead.home and home is not None and home.offset >= 0 and position.offset >= 0:
            entry["behind"] = max(0, home.offset - position.offset)
        body["members"][name] = entry
    return body


def problems(lead: Lead, positions: Mapping[str, Position]) -> list[str]:
    """What is wrong with the copies, as a person would say it."""
    found = []
    for name, position in sorted(positions.items()):
        if position.problem:
            found.append(f"{name} does not say how far it is: {position.problem}")
        elif name == lead.home and position.role != "home":
            found.append(f"{name} is to take writes, and does not yet{': ' if position.why else ''}{position.why}")
        elif name != lead.home and position.role == "home":
            found.append(f"{name} takes writes although {lead.home} is the home: it has not heard of it yet")
        elif name != lead.home and not position.linked:
            since = f" since {position.age} s" if position.age >= 0 else ""
            found.append(
                f"the copy in {name} is cut off from {lead.home}{since}: writes since then are in {lead.home} only"
            )
    return found
