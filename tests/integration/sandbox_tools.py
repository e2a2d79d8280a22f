# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A sandbox of a single test, driven by real Ansible runs; what it did is seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import processes, realnode

#: lets playbooks of tests use the task `tell`
TELL = {"ANSIBLE_ACTION_PLUGINS": str(Path(__file__).parent / "actions")}
ENVIRONMENT = {
    **os.environ,
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    "ANSIBLE_NOCOWS": "1",
    **TELL,
}
#: the ansible-playbook of this Python, whatever PATH says
PLAYBOOK = (sys.executable, "-m", "ansible", "playbook")
RUN_SECONDS = 1800
#: the programs of the sandbox are there, whatever HOME a run has
CACHE = {"XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")}


def in_real_pods(*images: str) -> list[pytest.MarkDecorator]:
    """The marks of tests on real nodes with these images: they are skipped, with the reason, where a machine cannot have them."""
    lacking = " ".join(name for names in realnode.lacking(images) for name in names)
    return [
        pytest.mark.integration,
        pytest.mark.pods,
        # the first of them builds what is not in the cache
        pytest.mark.timeout(1800),
        pytest.mark.skipif(bool(lacking), reason=f"real nodes need {lacking} (tools/nodes.sh --install)"),
    ]


def until(done: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """What ``done`` returns as soon as that is true; AssertionError if it is not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)
    return found


@dataclass
class Box:
    """A sandbox by its root folder and name."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        return self.root / self.name

    def task(self, *flags: str, **options: Any) -> dict[str, Any]:
        """Run the module as a task on localhost; its result, failed or not."""
        folder = self.root.parent
        options = {"sandbox": self.name, "root": str(self.root), **options}
        store = {"registered": "{{ done | to_json }}", "dest": str(folder / "result.json")}
        tasks = [
            {"multicluster.federation.control_plane": options, "register": "done", "ignore_errors": True},
            {"tell": store},
        ]
        play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
        (folder / "task.yml").write_text(json.dumps([play]), "utf-8")
        run = self._run([*PLAYBOOK, str(folder / "task.yml"), *flags])
        assert run.returncode == 0, run.stdout
        result: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
        return result

    def play(self, playbook: str, **variables: Any) -> str:
        """Run a playbook of the collection; what it printed. AssertionError if it failed."""
        run = self._run(self.play_command(playbook, **variables))
        assert run.returncode == 0, run.stdout
        return run.stdout

    def play_command(self, playbook: str, **variables: Any) -> list[str]:
        values = json.dumps({"sandbox_name": self.name, "sandbox_root": str(self.root), **variables})
        return [*PLAYBOOK, f"multicluster.federation.{playbook}", "-e", values]

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )

    def processes(self) -> list[int]:
        """The pids of everything that runs for this sandbox."""
        return sorted(process.pid for process in processes.of_folder(str(self.folder)))

    def leftovers(self) -> list[str]:
        """What is still there of the sandbox, in words; empty after it was taken down."""
        files = [str(path) for path in self.root.glob(f"*{self.name}*")] if self.root.exists() else []
        return files + [f"process {pid}" for pid in self.processes()]


def pids(result: dict[str, Any], member: str) -> dict[str, int]:
    """The pids of a member's components by name, from a result of the module."""
    return {name: entry["pid"] for name, entry in result["members"][member]["components"].items()}


def core(kubeconfig: str | Path, context: str | None = None) -> Any:
    """The official client's core API for a kubeconfig."""
    return _api("CoreV1Api", kubeconfig, context)


def apps(kubeconfig: str | Path, context: str | None = None) -> Any:
    return _api("AppsV1Api", kubeconfig, context)


def batch(kubeconfig: str | Path, context: str | None = None) -> Any:
    return _api("BatchV1Api", kubeconfig, context)


def _api(kind: str, kubeconfig: str | Path, context: str | None) -> Any:
    from kubernetes import client, config

    return getattr(client, kind)(config.new_client_from_config(str(kubeconfig), context))


def audited(log: str | Path) -> list[tuple[str, str, str]]:
    """User, verb and path of each request in an audit log."""
    entries = [json.loads(line) for line in Path(log).read_text("utf-8").splitlines()]
    return [(entry["user"]["username"], entry["verb"], entry["requestURI"]) for entry in entries]
