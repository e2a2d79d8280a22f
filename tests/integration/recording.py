# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole playbooks of a test's own, and what every task in them did on every host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.multicluster.federation.tests.integration.stage import Federation

_CALLBACKS = Path(__file__).parent / "callbacks"


@dataclass(frozen=True)
class Event:
    """What one task did on one host. ``status``: ok, failed, ignored (failed, and the play went on), skipped or unreachable."""

    host: str
    task: str
    status: str
    result: dict[str, Any]

    @property
    def message(self) -> str:
        return str(self.result.get("msg"))

    def member(self, name: str) -> dict[str, Any]:
        return dict(self.result["members"][name])


@dataclass(frozen=True)
class Recording:
    """One finished run of ansible-playbook, task by task."""

    rc: int
    output: str
    events: list[Event]

    def all(self, task: str) -> list[Event]:
        """What the task did, in the order it did it; [] when it did not run."""
        return [event for event in self.events if event.task == task]

    def one(self, task: str) -> Event:
        """What the task did, which ran once."""
        found = self.all(task)
        assert len(found) == 1, f"{task} ran {len(found)} times\n{self.output}"
        return found[0]

    def hosts(self, task: str) -> dict[str, Event]:
        """What the task did, by host."""
        return {event.host: event for event in self.all(task)}


def play(
    federation: Federation,
    plays: list[dict[str, Any]],
    *arguments: str,
    inventory: Path | None = None,
    **environment: str,
) -> Recording:
    """Run these plays as one playbook; ``hosts: clusters`` and no facts where a play does not say."""
    number = next(federation.player.runs)
    book = federation.player.folder / f"book-{number}.yml"
    body = [{"name": "Test", "hosts": "clusters", "gather_facts": False, **each} for each in plays]
    book.write_text(yaml.safe_dump(body, sort_keys=False))
    return run(federation, str(book), *arguments, inventory=inventory, **environment)


def run(federation: Federation, *arguments: str, inventory: Path | None = None, **environment: str) -> Recording:
    """Run ansible-playbook with these arguments."""
    record = federation.player.folder / f"record-{next(federation.player.runs)}.jsonl"
    done = federation.player.run(
        *arguments,
        inventory=inventory or federation.inventory,
        FEDERATION_TEST_RECORD=str(record),
        ANSIBLE_CALLBACK_PLUGINS=str(_CALLBACKS),
        ANSIBLE_CALLBACKS_ENABLED="record_results",
        **environment,
    )
    lines = record.read_text().splitlines() if record.exists() else []
    return Recording(done.returncode, done.stdout, [Event(**json.loads(line)) for line in lines])


def task(stage: Federation, title: str, /, keywords: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """A task with `federated_resource`, in the test's namespace and run once; ``keywords`` are those of the task."""
    options = {"namespace": stage.namespace, **options}
    body = {"name": title, "multicluster.federation.federated_resource": options, "run_once": True}
    return {**body, **(keywords or {})}


def say(name: str, expression: str, **keywords: Any) -> dict[str, Any]:
    """A task that tells the value of an expression, on every host."""
    return {"name": name, "ansible.builtin.debug": {"msg": "{{ " + expression + " }}"}, **keywords}
