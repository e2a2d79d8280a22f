# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was run in a pod, and what the pod knows by it: an annotation that goes with the pod. No I/O in here, and nothing secret.

It is written before something is run and after it, so that a run that is killed in between is followed by one that knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..kubedirector.runtime import CONFIGURE, LEAVE
from ..model import names

STARTED, DONE, FAILED = "started", "done", "failed"
#: how much of what a command printed is kept
LINES, LETTERS = 6, 300


@dataclass(frozen=True)
class Entry:
    """The last run of one event: ``number`` counts all that was run in the pod, ``container`` is where. ``told`` is what the pod knows
    of its instance when it is done: pods of roles, see `Journal`."""

    state: str
    number: int
    container: str
    at: str = ""
    code: int | None = None
    output: tuple[str, ...] = ()
    problem: str = ""
    told: Mapping[str, int] = field(default_factory=dict)
    connections: str | None = None

    def dump(self) -> dict[str, Any]:
        body: dict[str, Any] = {"state": self.state, "number": self.number, "container": self.container, "at": self.at}
        more = {"code": self.code, "output": list(self.output), "problem": self.problem, "told": dict(self.told)}
        more["connections"] = self.connections
        return body | {key: value for key, value in more.items() if value not in (None, [], {}, "")}


@dataclass(frozen=True)
class Journal:
    """``told`` has, for each role, how many pods of it this pod knows of, None while it was told nothing; ``connections`` is the
    fingerprint of what it knows the instance to be connected to; ``meta`` that of the configmeta.json that was written into it."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    told: Mapping[str, int] | None = None
    connections: str = ""
    meta: str = ""
    number: int = 0

    def entry(self, event: str, container: str) -> Entry | None:
        """The last run of an event in this very container."""
        found = self.entries.get(event)
        return found if found is not None and found.container == container else None

    def is_done(self, event: str, container: str) -> bool:
        found = self.entry(event, container)
        return found is not None and found.state == DONE

    def running(self, container: str) -> dict[str, Entry]:
        """What was started in this container, and has no end that anybody knows of."""
        return {
            event: entry
            for event, entry in self.entries.items()
            if entry.container == container and entry.state == STARTED
        }

    @property
    def configured(self) -> bool:
        """Whether the pod was ever configured."""
        return self.told is not None

    def with_entry(self, event: str, entry: Entry) -> Journal:
        """After a run of an event was started or ended; when it is done, the pod knows what it was told."""
        after = replace(self, entries={**self.entries, event: entry}, number=max(self.number, entry.number))
        if entry.state != DONE:
            return after
        if entry.told:
            after = replace(after, told={**(self.told or {}), **entry.told})
        elif event == CONFIGURE and self.told is None:
            after = replace(after, told={})
        return replace(after, connections=entry.connections) if entry.connections is not None else after

    def without(self, event: str) -> Journal:
        """Before a run that turned out not to have begun."""
        return replace(self, entries={name: entry for name, entry in self.entries.items() if name != event})

    def dump(self) -> str:
        body: dict[str, Any] = {event: entry.dump() for event, entry in self.entries.items()}
        knows = {"told": self.told, "connections": self.connections, "meta": self.meta, "number": self.number}
        return json.dumps({**body, "knows": knows}, sort_keys=True, separators=(",", ":"))


def read_journal(pod: Mapping[str, Any]) -> Journal:
    """The journal of a pod; one that somebody damaged counts as none."""
    text = (pod["metadata"].get("annotations") or {}).get(names.ANNOTATION_HOOKS)
    if not text:
        return Journal()
    try:
        body = json.loads(text)
        knows = body.pop("knows", None) or {}
        told = knows.get("told")
        return Journal(
            {event: _entry(raw) for event, raw in body.items()},
            {str(role): int(count) for role, count in told.items()} if told is not None else None,
            str(knows.get("connections") or ""),
            str(knows.get("meta") or ""),
            int(knows.get("number") or 0),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Journal()


def _entry(raw: Mapping[str, Any]) -> Entry:
    return Entry(
        str(raw["state"]),
        int(raw.get("number") or 0),
        str(raw.get("container") or ""),
        str(raw.get("at") or ""),
        raw.get("code"),
        tuple(str(line) for line in raw.get("output") or ()),
        str(raw.get("problem") or ""),
        {str(role): int(count) for role, count in (raw.get("told") or {}).items()},
        raw.get("connections"),
    )


def container_of(pod: Mapping[str, Any], name: str) -> str:
    """The identity of a pod's container of this name while it runs, "" while it does not."""
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        if status.get("name") == name and (status.get("state") or {}).get("running") is not None:
            return str(status.get("containerID") or "").rpartition("//")[2]
    return ""


def problem_of(pod: Mapping[str, Any], name: str, configures: bool) -> tuple[str, bool]:
    """What is wrong with a pod by its journal, in words, and whether that is for good. ``configures``: it is to be configured."""
    journal, container = read_journal(pod), container_of(pod, name)
    if not container:
        return "", False
    for event, entry in sorted(journal.entries.items()):
        # one that did not take its leave stays, and is what it was
        if entry.container == container and entry.state == FAILED and event != LEAVE:
            said = f" ({' | '.join(entry.output)})" if entry.output else ""
            return f"{event} {entry.problem or 'failed'}{said}", event == CONFIGURE
    for event, entry in journal.running(container).items():
        return f"{event} {entry.problem or f'runs since {entry.at}'}", False
    if configures and not journal.is_done(CONFIGURE, container):
        return "it was not configured yet", False
    return "", False
