# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verb ``control_plane``: bring members of a sandbox, all at once, to the state that is asked for."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..model.errors import ConfigError, FederationError
from . import binaries, files, inventory, kubeconfigs, layout, leftovers, processes, realnode, result, settings
from .call import ALL, PAST, Call, Outcome, Progress, concerned, planned, read
from .client import Refused
from .layout import (
    ALL_COMPONENTS,
    API_SERVER,
    CONTROL_PLANE,
    ETCD,
    NODE,
    NODE_PARTS,
    WATCHERS,
    MemberFolder,
    SandboxFolder,
)
from .member import Member, component_states, components_of, forget, running, summary
from .ports import Reservation

Work = Callable[[str], list[str]]

_THREADS = 16
#: groups of components that end together, in this order: an API server without its etcd ends slowly
_END_ORDER = (tuple(name for name in ALL_COMPONENTS if name not in (API_SERVER, ETCD)), (API_SERVER,), (ETCD,))
_KUBERNETES = tuple(name for name in CONTROL_PLANE if name.startswith("kube-"))


def run(params: Mapping[str, Any], check: bool, progress: Progress = lambda _line: None) -> dict[str, Any]:
    """Do what the options say (see the module's documentation, which also tells the result); tell ``progress`` live.

    Raises ``FederationError``; failures of single members are in the result, which then has ``failed``.
    """
    call = read(params, check, progress)
    before = {name: result.shape(call.sandbox.member(name)) for name in concerned(call)}
    outcome = Outcome()
    verb = {"started": _started, "absent": _absent}.get(call.state, _signalled)
    verb(call, outcome)
    return result.build(call, outcome, before)


# --- started ---------------------------------------------------------------------------------------------------------


def _started(call: Call, outcome: Outcome) -> None:
    names = call.sandbox.member_names() if call.whole else list(call.members)
    if not names:
        raise ConfigError(f"sandbox {call.sandbox.name} has no members to start", "name some: set name or members")
    start = _Start(call, names, outcome.notes)
    start.check_machine()
    start.get_programs()
    with call.lock():
        if not call.check:
            _claim(call.sandbox)
            _kill_strays(call.sandbox, names)
        # again: much may have happened while this run built, or waited for another
        start.look()
        start.get_programs()
        outcome.wanted = start.wanted
        _each(names, start.one, outcome)
        start.reservation.release_all()
        extra = [name for name in call.sandbox.member_names() if call.exclusive and name not in names]
        outcome.actions.update({name: _remove_member(call, name) for name in extra})
        if not call.check and _write_fleet_files(call.sandbox):
            outcome.sandbox.append("inventory written")


class _Start:
    """Starting members: what all of them share."""

    def __init__(self, call: Call, names: list[str], notes: list[str]) -> None:
        self.call, self.names, self.notes = call, names, notes
        self.deadline = 0.0
        self.programs: dict[str, dict[str, str]] = {}
        self.look()

    def look(self) -> None:
        """See what is there, and so what is to be."""
        self.before = {name: Member.load(self.call.sandbox.member(name)) for name in self.names}
        self.wanted = {name: self._settings(name, old) for name, old in self.before.items()}
        self.reservation = Reservation(_remembered_ports(self.call.sandbox))

    def _settings(self, name: str, old: Member | None) -> settings.MemberSettings:
        if old is None and self.call.component != ALL:
            raise ConfigError(
                f"sandbox {self.call.sandbox.name} has no member {name}", "start it with component: all first"
            )
        if old is not None:
            _check_component(self.call, name, list(component_states(old.folder)))
        return settings.read(self.call.members.get(name, {"name": name}), old.settings if old else None)

    def todo(self, name: str) -> dict[str, str]:
        """What is to be done with each component of a member: start, resume or restart; nothing for most."""
        states = component_states(self.call.sandbox.member(name))
        components = self.wanted[name].components
        todo = {
            part: what
            for part in self.call.parts(components)
            if (what := planned("started", states.get(part, processes.DEAD)))
        }
        if "start" in (todo.get(ETCD), todo.get(API_SERVER)):
            todo.update({part: "restart" for part in WATCHERS if states.get(part) == processes.RUNNING})
        if self.call.component == ALL and NODE in components:
            todo.update(dict.fromkeys(realnode.held_down(self.call.sandbox.member(name)), "start"))
        if NODE in self.call.parts(components):
            todo.update({part: "resume" for part in NODE_PARTS if states.get(part) == processes.PAUSED})
        old = self.before[name]
        if old and old.settings.kubernetes_version != self.wanted[name].kubernetes_version:
            todo.update({part: "restart" for part in (*_KUBERNETES, NODE) if states.get(part) == processes.RUNNING})
        return todo

    def check_machine(self) -> None:
        """ConfigError if a real node is to start and cannot, before anything is built."""
        for name, wanted in self.wanted.items():
            if NODE in wanted.components and self.todo(name).get(NODE) in ("start", "restart"):
                realnode.check(name, wanted.images)

    def get_programs(self) -> None:
        """Have the programs at hand for all that has to be started, by version. Check mode does not build them."""
        for name, wanted in self.wanted.items():
            version = wanted.kubernetes_version
            if not set(self.todo(name).values()) & {"start", "restart"}:
                continue
            needed = [
                part for part in realnode.programs(wanted.components) if part not in self.programs.get(version, {})
            ]
            if not needed:
                continue
            if self.call.check:
                found, missing = binaries.find(needed, version, self.call.assets)
                found.notes += [f"{program} would be built from source" for program in missing]
            else:
                found = binaries.provide(needed, version, self.call.assets, self.call.progress)
            self.programs.setdefault(version, {}).update(found.paths)
            self.notes += [note for note in found.notes if note not in self.notes]
        # a build may have taken minutes: the time to start counts from here
        self.deadline = time.monotonic() + self.call.seconds

    def one(self, name: str) -> list[str]:
        began = time.monotonic()
        folder, wanted, old = self.call.sandbox.member(name), self.wanted[name], self.before[name]
        todo = self.todo(name)
        done = [PAST[what] + " " + part for part, what in todo.items()]
        if old is None:
            done.insert(0, "created")
        elif old.settings != wanted:
            done.insert(0, "changed settings")
        if self.call.check:
            return done + self._nodes_in_check_mode(old, wanted, todo)
        member = old or Member(folder, wanted, {})
        last, member.settings = member.settings if old else None, wanted
        if member.prepare(self.reservation) and not done:
            done.append("restored files")
        fresh = todo.get(NODE) in ("start", "restart")
        if fresh:
            realnode.prepare(member, self.programs[wanted.kubernetes_version], self.call.progress)
        self._bring_up(member, todo)
        states = component_states(folder)
        if states.get(NODE) == processes.RUNNING and not fresh:
            realnode.add_images(member, self.call.progress, self.deadline)
        whole = {states[part] for part in wanted.components} == {processes.RUNNING}
        if whole and not realnode.hampered(folder):
            done += member.wait_ready(last, self.deadline)
            member.was_ready = True
        member.save()
        if done:
            self.call.progress(
                f"{name}: {_ready_line(component_states(folder), wanted)} after {time.monotonic() - began:.1f} s"
            )
        return done

    def _nodes_in_check_mode(self, old: Member | None, wanted: settings.MemberSettings, todo: object) -> list[str]:
        if old is None or todo:
            return []
        client = Member(old.folder, wanted, old.ports).client(dry=True)
        try:
            return Member(old.folder, wanted, old.ports).converge(client, old.settings)
        except (OSError, http.client.HTTPException, Refused) as error:
            raise FederationError(f"{wanted.name}: {error}") from None
        finally:
            client.close()

    def _bring_up(self, member: Member, todo: Mapping[str, str]) -> None:
        processes.stop(
            [running(member.folder, [part])[part] for part, what in todo.items() if what == "restart"],
            layout.STOP_SECONDS,
        )
        # A dead record means "it ended by itself" to those who wait; of components that are not to run now, it is old.
        states = component_states(member.folder)
        forget(member.folder, [part for part, found in states.items() if found == processes.DEAD])
        programs = self.programs.get(member.settings.kubernetes_version, {})
        for part in [part for part in ALL_COMPONENTS if part in todo]:
            if todo[part] == "resume":
                processes.resume(running(member.folder, [part])[part])
                continue
            if part in NODE_PARTS:
                realnode.let_up(member.folder, part, self.deadline)
                continue
            if part == NODE:
                realnode.let_all_up(member.folder)
                realnode.sweep(member.folder)
                member.start(part, sys.executable, self.reservation)
                continue
            member.start(part, programs[part], self.reservation)
            if part == ETCD or ETCD in running(member.folder):
                member.wait_for(part, self.deadline)


def _ready_line(states: Mapping[str, str], wanted: settings.MemberSettings) -> str:
    kind = summary(states)
    count = len(wanted.nodes)
    return f"ready with {count} {'node' if count == 1 else 'nodes'}" if kind == "running" else kind


def _check_component(call: Call, name: str, there: list[str]) -> None:
    if call.component not in (ALL, *there):
        raise ConfigError(f"member {name} has no {call.component}", f"it has {', '.join(there)}")


def _claim(sandbox: SandboxFolder) -> None:
    os.makedirs(sandbox.path, mode=0o700, exist_ok=True)
    if not _is_ours(sandbox):
        raise ConfigError(f"{sandbox.path} exists and is not a sandbox", "choose another name or root")
    files.write_json(sandbox.marker, {"sandbox": sandbox.name})


def _is_ours(sandbox: SandboxFolder) -> bool:
    """Whether a run made this folder: it has our mark, or is what is left of a run killed before it could set it."""
    entries = os.listdir(sandbox.path)
    return os.path.basename(sandbox.marker) in entries or all(re.fullmatch(r"\..+\.tmp", entry) for entry in entries)


def _kill_strays(sandbox: SandboxFolder, names: Iterable[str]) -> None:
    """Kill components of these members that have no record: the run that started them was killed before it wrote one."""
    known = {
        process for name in sandbox.member_names() for process in running(sandbox.member(name), ALL_COMPONENTS).values()
    }
    inside = tuple(sandbox.member(name).path for name in names)
    strays = [process for folder in inside for process in processes.of_folder(folder) if process not in known]
    processes.kill(strays)


def _remembered_ports(sandbox: SandboxFolder) -> set[int]:
    """The ports of all members of all sandboxes beside this one, running or not."""
    root = os.path.dirname(sandbox.path)
    ports: set[int] = set()
    for entry in os.listdir(root) if os.path.isdir(root) else []:
        other = SandboxFolder(os.path.join(root, entry))
        for name in other.member_names():
            try:
                member = Member.load(other.member(name))
            except FederationError:  # of another version: not our concern here
                continue
            ports.update(member.ports.values() if member else ())
    return ports


def _write_fleet_files(sandbox: SandboxFolder) -> bool:
    """Write the inventory and the kubeconfig of all members that were ever ready. Returns whether they changed."""
    members = [Member.load(sandbox.member(name)) for name in sandbox.member_names()]
    ready = [member for member in members if member and member.was_ready]
    changed = inventory.write(sandbox, [member.settings for member in ready])
    ports = {member.settings.name: member.ports[API_SERVER] for member in ready}
    return kubeconfigs.write_merged(sandbox, ports) or changed


# --- stopped, killed, paused -----------------------------------------------------------------------------------------


def _signalled(call: Call, outcome: Outcome) -> None:
    there = call.sandbox.member_names()
    unknown = [name for name in call.members if name not in there]
    if unknown:
        raise ConfigError(
            f"sandbox {call.sandbox.name} has no member {', '.join(unknown)}", f"it has {', '.join(there) or 'none'}"
        )
    with call.lock():
        _each(there if call.whole else call.members, lambda name: _signal(call, call.sandbox.member(name)), outcome)


def _signal(call: Call, folder: MemberFolder) -> list[str]:
    states = component_states(folder)
    _check_component(call, folder.name, list(states))
    parts = call.parts(components_of(folder))
    todo = [part for part in parts if planned(call.state, states.get(part, processes.DEAD))]
    if call.state == "paused" and all(states.get(part, processes.DEAD) == processes.DEAD for part in parts):
        what = folder.name if call.component == ALL else f"{folder.name}/{call.component}"
        raise FederationError(f"{what} does not run, so it cannot be paused", "start it first")
    if not call.check:
        live = running(folder, todo)
        if call.state != "paused":
            realnode.hold_down(folder, [part for part in parts if part in NODE_PARTS])
        if call.state == "paused":
            for process in live.values():
                processes.pause(process)
        elif call.state == "killed":
            processes.kill(live.values())
        else:
            _stop(folder, live)
        if call.state != "paused":
            # only what ends by itself leaves a record of the dead
            forget(folder, parts)
            realnode.sweep(folder)
    return [f"{call.state} {part}" for part in todo]


def _stop(folder: MemberFolder, live: Mapping[str, processes.Process]) -> None:
    for group in _END_ORDER:
        ending = [live[part] for part in group if part in live]
        # no use in asking an API server that waits for an etcd that is gone
        patient = group != (API_SERVER,) or component_states(folder)[ETCD] == processes.RUNNING
        processes.stop(ending, layout.STOP_SECONDS if patient else 0)


# --- absent ----------------------------------------------------------------------------------------------------------


def _absent(call: Call, outcome: Outcome) -> None:
    with call.lock():
        there = call.sandbox.member_names()
        if call.whole:
            outcome.actions = {name: ["removed"] for name in there}
            outcome.sandbox = _remove_sandbox(call)
            return
        outcome.actions = {name: _remove_member(call, name) for name in call.members}
        left = [name for name in there if name not in call.members]
        if left and not call.check:
            _write_fleet_files(call.sandbox)
        elif there and not left:
            outcome.sandbox = _remove_sandbox(call)


def _remove_member(call: Call, name: str) -> list[str]:
    folder = call.sandbox.member(name)
    if not call.check:
        _kill_all_of(folder.path)
        realnode.sweep(folder)
        if os.path.isdir(folder.path):
            shutil.rmtree(folder.path)
            return ["removed"]
    return ["removed"] if os.path.isdir(folder.path) else []


def _remove_sandbox(call: Call) -> list[str]:
    """Remove everything of a sandbox. Its processes go even where its folder was removed by hand."""
    sandbox = call.sandbox
    found = processes.of_folder(sandbox.path)
    if os.path.isdir(sandbox.path) and not _is_ours(sandbox):
        raise ConfigError(f"{sandbox.path} is not a sandbox and is left alone", "choose another name or root")
    exists = os.path.isdir(sandbox.path)
    if not call.check:
        _kill_all_of(sandbox.path)
        for name in sandbox.member_names():
            realnode.sweep(sandbox.member(name))
        leftovers.sweep_all(sandbox)
        if exists:
            for entry in os.listdir(sandbox.path):
                # the mark goes last: a run that is killed here can be repeated
                if entry != os.path.basename(sandbox.marker):
                    _delete(os.path.join(sandbox.path, entry))
            shutil.rmtree(sandbox.path)
    return ["removed"] if exists or found else []


def _delete(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _kill_all_of(path: str) -> None:
    """Kill every component in a folder; again until none is found, as one may have been starting."""
    while found := processes.of_folder(path):
        processes.kill(found)


# --- all members ----------------------------------------------------------------------------------------------------


def _each(names: Iterable[str], work: Work, outcome: Outcome) -> None:
    """Do the work for all members at once; one that fails does not stop the others."""
    todo = list(names)

    def one(name: str) -> None:
        try:
            outcome.actions[name] = work(name)
        except FederationError as error:
            outcome.failures[name] = str(error)

    with ThreadPoolExecutor(max_workers=max(1, min(len(todo), _THREADS))) as pool:
        for future in [pool.submit(one, name) for name in todo]:
            future.result()
