# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every subject is given: the ten members, a folder, playbooks under the clock, and how often to repeat."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.multicluster.federation.tests.benchmarks import processes, workload
from ansible_collections.multicluster.federation.tests.benchmarks.processes import Ended
from ansible_collections.multicluster.federation.tests.benchmarks.ten import Ten

CALLBACKS = Path(__file__).resolve().parent / "callbacks"
NOTHING = "changed=0"
#: a folder for profiles of all runs; figures are of no use then
PROFILE = os.environ.get("BENCH_PROFILE", "")


def _with_callbacks(names: Sequence[str]) -> dict[str, str]:
    """The environment that makes ansible-playbook load these callbacks of this folder."""
    names = [*names, "profile_action"] if PROFILE else list(names)
    if not names:
        return {}
    profile = {"BENCH_PROFILE": os.path.abspath(PROFILE)} if PROFILE else {}
    return {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": ",".join(names), **profile}


@dataclass(frozen=True)
class Bench:
    """``repeat``: how many samples there are of everything; ``fleet`` None: what is measured needs no members, and none are up."""

    fleet: Ten | None
    folder: Path
    repeat: int

    @property
    def ten(self) -> Ten:
        """The ten members; RuntimeError where a subject asks for them that was registered without."""
        if self.fleet is None:
            raise RuntimeError("this subject is registered as one that needs no members")
        return self.fleet

    def tell(self, text: str) -> None:
        """Say what is going on, on standard error: the table alone goes to standard output."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def rounds(self, what: str) -> range:
        self.tell(f"{what}, {self.repeat} times")
        return range(self.repeat)

    def playbook(self, name: str, hosts: str, module: str, options: Mapping[str, Any], **task: Any) -> Path:
        """An ordinary playbook of one task, written where the runs take place."""
        body = {"name": f"Do {name}", module: dict(options), **task}
        play = {"name": name, "hosts": hosts, "gather_facts": False, "tasks": [body]}
        path = self.folder / f"{name}.yml"
        path.write_text(yaml.safe_dump([play], sort_keys=False), "utf-8")
        return path

    def play(
        self,
        playbook: Path,
        *arguments: str,
        inventory: Path | None = None,
        environment: Mapping[str, str] | None = None,
        callbacks: Sequence[str] = (),
    ) -> Ended:
        """Run ansible-playbook as a user does; over the ten members where no inventory is given."""
        where = ["-i", str(inventory or self.ten.inventory)]
        more = {**(environment or {}), **_with_callbacks(callbacks)}
        return processes.run(["ansible-playbook", *where, str(playbook), *arguments], self.folder, more)

    def ping(self) -> Ended:
        """The least that a playbook does: one ping on the implicit localhost, without an inventory."""
        playbook = self.playbook("ping", "localhost", "ansible.builtin.ping", {})
        return processes.run(["ansible-playbook", str(playbook)], self.folder).expect("ok=1")

    def raw_applies(self, namespace: str) -> float:
        """Seconds for as many server-side applies as a first run makes, by a plain script; its own start is not counted."""
        program = f"{__name__.rpartition('.')[0]}.raw"
        paths = [str(self.ten.kubeconfig(name)) for name in self.ten.names]
        source = str(workload.write(self.folder, namespace))
        return float(processes.run([sys.executable, "-m", program, source, *paths], self.folder).expect().output)

    def propagation(self, namespace: str, **options: Any) -> Path:
        """The ordinary playbook that propagates the workload, as a resource of the namespace's name."""
        source = workload.write(self.folder, namespace)
        wanted = {"name": namespace, "src": str(source), **options}
        return self.playbook(
            f"propagate-{namespace}", "clusters", "multicluster.federation.federated_resource", wanted, run_once=True
        )

    def join(self, inventory: Path | None = None) -> None:
        """Join the hosts of an inventory to its federation, if they have not. The servers serve more than one."""
        play = self.playbook("join", "clusters", "multicluster.federation.cluster", {"share": True}, run_once=True)
        self.play(play, inventory=inventory).expect("failed=0")

    def settled(self, namespace: str) -> Path:
        """The playbook of `propagation`, after a run of it that left nothing to do."""
        self.join()
        play = self.propagation(namespace)
        self.play(play).expect("failed=0")
        self.ten.require(namespace)
        return play
