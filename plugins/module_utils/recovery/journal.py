# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The journal of a drill: what is about to be done is on disk before it is done, so that whoever comes after a crash can go on or undo.

One JSON object a line, in ``journal.jsonl`` of the drill's folder. A line that a crash cut off is the last one, and is passed over.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..model.errors import ConfigError

FORM = 1
NAME = "journal.jsonl"
#: the phases in their order
PHASES = ("preflight", "inject", "detect", "decide", "fail over", "verify", "fail back", "verify again", "report")
BEGIN, STARTED, ENDED, NOTE, CLOSED = "begin", "started", "ended", "note", "closed"


@dataclass(frozen=True)
class Journal:
    """A drill as its journal tells it. ``events`` are in the order in which they were written."""

    folder: str
    events: tuple[Mapping[str, Any], ...]

    @property
    def drill(self) -> str:
        """The id of the drill."""
        return str(self.events[0]["drill"]) if self.events else ""

    @property
    def scenario(self) -> Mapping[str, Any]:
        return dict(self.events[0]["scenario"]) if self.events else {}

    @property
    def open(self) -> bool:
        """Whether the drill was begun and neither ended nor was undone."""
        return bool(self.events) and not any(event["event"] == CLOSED for event in self.events)

    def phases(self) -> Iterator[dict[str, Any]]:
        """Each phase that was begun, in its order: name, started, ended (None: it was cut off), ok, msg."""
        found: dict[str, dict[str, Any]] = {}
        for event in self.events:
            if event["event"] == STARTED:
                before = found.get(event["phase"], {})
                begun = before.get("started", event["at"])
                found[event["phase"]] = {
                    "name": event["phase"],
                    "started": begun,
                    "ended": None,
                    "ok": False,
                    "msg": "",
                }
            elif event["event"] == ENDED and event["phase"] in found:
                found[event["phase"]].update(
                    ended=event["at"], ok=bool(event.get("ok")), msg=str(event.get("msg") or "")
                )
        yield from (found[name] for name in PHASES if name in found)

    def done(self) -> list[str]:
        """The phases that ended well."""
        return [phase["name"] for phase in self.phases() if phase["ended"] is not None and phase["ok"]]

    def last(self, key: str) -> Any:
        """The last value that was noted under a key; None if there is none."""
        found = [event["data"][key] for event in self.events if key in (event.get("data") or {})]
        return found[-1] if found else None

    def when(self, key: str) -> float | None:
        """When something was noted under a key for the first time, in seconds since 1970."""
        return next((float(e["at"]) for e in self.events if key in (e.get("data") or {})), None)


def load(folder: str) -> Journal:
    """The journal in a folder; an empty one where there is none."""
    path = os.path.join(folder, NAME)
    if not os.path.exists(path):
        return Journal(folder, ())
    events = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                events.append(json.loads(line))
            except ValueError:
                break  # cut off by a crash: nothing was done after it
    if events and events[0].get("form") != FORM:
        raise ConfigError(f"the journal in {folder} was written by another release")
    return Journal(folder, tuple(events))


def append(folder: str, event: Mapping[str, Any], at: float | None = None) -> Journal:
    """Write an event and wait until it is on disk; returns the journal with it."""
    line = json.dumps({"at": time.time() if at is None else at, **event}, sort_keys=True)
    path = os.path.join(folder, NAME)
    _drop_cut_line(path)
    with open(path, "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    return load(folder)


def _drop_cut_line(path: str) -> None:
    """Take away a last line that a crash cut off, so that what follows can be read."""
    if not os.path.exists(path):
        return
    with open(path, "rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)


def begin(root: str, scenario: Mapping[str, Any], who: str) -> Journal:
    """Start a drill in a folder of its own below ``root``; ``latest`` there leads to it. ConfigError when another one is open."""
    os.makedirs(root, mode=0o700, exist_ok=True)
    before = latest(root)
    if before is not None and before.open:
        raise ConfigError(
            f"the drill {before.drill} in {before.folder} has not ended",
            "go on with it (drill_resume: true), or undo it with the playbook drill_restore",
        )
    stamp = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime())
    drill = f"{stamp}-{secrets.token_hex(2)}"
    folder = os.path.join(root, drill)
    os.mkdir(folder, mode=0o700)
    found = append(folder, {"event": BEGIN, "form": FORM, "drill": drill, "scenario": dict(scenario), "who": who})
    link, draft = os.path.join(root, "latest"), os.path.join(root, f".latest-{drill}")
    os.symlink(drill, draft)
    os.replace(draft, link)
    return found


def latest(root: str) -> Journal | None:
    """The newest drill below ``root``; None if there is none."""
    folder = os.path.join(root, "latest")
    return load(os.path.realpath(folder)) if os.path.isdir(folder) else None


def history(root: str) -> list[dict[str, Any]]:
    """What earlier drills below ``root`` came to, the oldest first: drill, verdict, and the recovery time of each app."""
    found = []
    for entry in sorted(os.listdir(root)) if os.path.isdir(root) else []:
        path = os.path.join(root, entry, "report.json")
        if entry == "latest" or not os.path.exists(path):
            continue
        try:
            with open(path, encoding="utf-8") as file:
                body = json.load(file)
            found.append(
                {"drill": body["drill"], "verdict": body["verdict"], "rto": {a["name"]: a["rto"] for a in body["apps"]}}
            )
        except (ValueError, KeyError, TypeError):
            continue  # a report that somebody changed is no history
    return found[-20:]
