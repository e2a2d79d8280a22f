# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the integration tests stand on: playbooks run as a user runs them, the sandbox, and the official client as witness."""

from __future__ import annotations

import itertools
import json
import os
import signal
import ssl
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kubernetes
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.multicluster.federation.plugins.module_utils import fleet_verbs, inputs
from ansible_collections.multicluster.federation.plugins.module_utils.options import CLUSTER
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import processes
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.layout import MemberFolder, SandboxFolder
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import TELL

MEMBERS = ("eu-1", "eu-2", "us-1")
NAMESPACED_MARK = "multicluster.federation/federation"


@dataclass(frozen=True)
class Played:
    """One finished run of ansible-playbook. ``result`` is what the task of interest registered."""

    rc: int
    output: str
    result: dict[str, Any]

    @property
    def message(self) -> str:
        return str(self.result["msg"])

    def member(self, name: str) -> dict[str, Any]:
        return dict(self.result["members"][name])


@dataclass
class Player:
    """Runs playbooks as a user would, in a folder and a HOME of their own."""

    folder: Path
    inventory: Path
    #: goes before each command: another place for the run, with another view of the system
    within: tuple[str, ...] = ()
    runs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def _settings(self, environment: Mapping[str, str]) -> dict[str, Any]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        clean = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("K8S_AUTH_", "KUBECONFIG", "ANSIBLE_")) or k == "ANSIBLE_COLLECTIONS_PATH"
        }
        own = {"HOME": str(home), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false", **TELL}
        return {
            "cwd": self.folder,
            "env": {**clean, **own, **environment},
            "stdin": subprocess.DEVNULL,
            "stderr": subprocess.STDOUT,
            "text": True,
        }

    def _command(self, inventory: Path | None, *arguments: str) -> list[str]:
        return [*self.within, "ansible-playbook", "-i", str(inventory or self.inventory), *arguments]

    def run(
        self, *arguments: str, inventory: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        settings = self._settings(environment)
        return subprocess.run(
            self._command(inventory, *arguments), **settings, stdout=subprocess.PIPE, timeout=240, check=False
        )

    def command(self, *command: str, **environment: str) -> str:
        """What another command of Ansible printed."""
        settings = self._settings(environment)
        return subprocess.run(command, **settings, stdout=subprocess.PIPE, timeout=240, check=False).stdout

    def shell(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script as somebody would type it; it ends with the first command that fails."""
        settings = self._settings(environment)
        return subprocess.run(["sh", "-ec", script], **settings, stdout=subprocess.PIPE, timeout=240, check=False)

    def start(self, *arguments: str, inventory: Path | None = None, **environment: str) -> Started:
        """As `run`, but in the background and in a session of its own. Whoever starts it ends it."""
        log = self.folder / f"started-{next(self.runs)}.log"
        settings = self._settings(environment)
        with log.open("w") as output:
            command = self._command(inventory, *arguments)
            return Started(subprocess.Popen(command, **settings, stdout=output, start_new_session=True), log)

    def task(
        self,
        module: str,
        options: dict[str, Any],
        *arguments: str,
        inventory: Path | None = None,
        hosts: str = "clusters",
        play: dict[str, Any] | None = None,
        task: dict[str, Any] | None = None,
    ) -> Played:
        """Run one task of the collection and return what it registered, whether it failed or not."""
        book, target = self.book(module, options, hosts, play, task)
        done = self.run(str(book), *arguments, inventory=inventory)
        return self._played(done, target)

    def tasks(self, module: str, several: Sequence[dict[str, Any]], inventory: Path | None = None) -> list[Played]:
        """As `task`, for several sets of options in one run of ansible-playbook, which is most of what a task takes."""
        number = next(self.runs)
        targets = [self.folder / f"result-{number}-{count}.json" for count in range(len(several))]
        steps = [
            step
            for options, target in zip(several, targets, strict=True)
            for step in self._steps(module, options, target)
        ]
        done = self.run(str(self._write(number, "clusters", {}, steps)), inventory=inventory)
        return [self._played(done, target) for target in targets]

    @staticmethod
    def _played(done: subprocess.CompletedProcess[str], target: Path) -> Played:
        assert target.exists(), done.stdout
        return Played(done.returncode, done.stdout, json.loads(target.read_text()))

    def book(
        self,
        module: str,
        options: dict[str, Any],
        hosts: str = "clusters",
        play: dict[str, Any] | None = None,
        task: dict[str, Any] | None = None,
    ) -> tuple[Path, Path]:
        """A playbook with one task of the collection, and the file that will hold what it registered."""
        number = next(self.runs)
        target = self.folder / f"result-{number}.json"
        return self._write(number, hosts, play or {}, self._steps(module, options, target, task)), target

    def _steps(
        self, module: str, options: dict[str, Any], target: Path, task: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """One task of the collection, and one that writes what it registered to the file ``target``."""
        return [
            {
                "name": "Do it",
                f"multicluster.federation.{module}": options,
                "register": "registered",
                "run_once": True,
                "ignore_errors": True,
                **(task or {}),
            },
            {
                "name": "Tell",
                "tell": {"registered": "{{ registered | to_json }}", "dest": str(target)},
                "delegate_to": "localhost",
                "run_once": True,
            },
        ]

    def _write(self, number: int, hosts: str, play: dict[str, Any], steps: list[dict[str, Any]]) -> Path:
        book = self.folder / f"play-{number}.yml"
        text = yaml.safe_dump([{"name": "Test", "hosts": hosts, "gather_facts": False, **play, "tasks": steps}])
        book.write_text(text)
        return book


@dataclass(frozen=True)
class Started:
    """A run of ansible-playbook that goes on in the background."""

    process: subprocess.Popen[str]
    log: Path

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL to it and all that it started, whatever session that is in by now."""
        stopped: set[int] = set()
        while new := _descendants(self.process.pid) - stopped:
            for pid in new:  # stopped first, so that nothing is started while we look
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            stopped |= new
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)


def _descendants(root: int) -> set[int]:
    """The pids of a process and of everything that descends from it."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in table.splitlines():
        pid, parent = (int(number) for number in line.split())
        children.setdefault(parent, []).append(pid)
    found, waiting = {root}, [root]
    while waiting:
        fresh = children.get(waiting.pop(), [])
        found.update(fresh)
        waiting += fresh
    return found


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its inventory, and a kubeconfig and an audit log per member."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        return self.root / self.name

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.yml"

    def hosts(self) -> dict[str, dict[str, Any]]:
        """The host variables of each member, as the sandbox wrote them."""
        return dict(yaml.safe_load(self.inventory.read_text())["clusters"]["hosts"])

    def kubeconfig(self, member: str) -> Path:
        return Path(self.hosts()[member]["cluster_kubeconfig"])

    def audit(self, member: str) -> list[dict[str, Any]]:
        """Every finished request in the audit log of a member, oldest first."""
        found = next(self.kubeconfig(member).parent.rglob("audit.log"))
        events = [json.loads(line) for line in found.read_text().splitlines() if line.endswith("}")]
        return [event for event in events if event["stage"] == "ResponseComplete"]

    def writes(self, member: str) -> list[str]:
        """Requests of people (not of the control plane) that were meant to change something."""
        return [
            f"{event['verb']} {event['requestURI']}"
            for event in self.audit(member)
            if event["verb"] not in ("get", "list", "watch")
            and "dryRun=All" not in event["requestURI"]
            and not event["user"]["username"].startswith("system:")
        ]

    def _folder(self, member: str) -> MemberFolder:
        return SandboxFolder.of(self.name, str(self.root)).member(member)

    def kill(self, member: str, component: str) -> None:
        """End one process of a member as a power cut would (SIGKILL); `mend` starts it again."""
        process = processes.recorded(self._folder(member).process(component))
        assert process is not None
        processes.kill([process])

    def mend(self) -> None:
        """Start what does not run, and wait until every member is ready."""
        variables = json.dumps({"sandbox_name": self.name, "sandbox_root": str(self.root)})
        command = ["ansible-playbook", "multicluster.federation.sandbox_up", "-e", variables]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout

    @contextmanager
    def paused(self, member: str, component: str) -> Iterator[None]:
        """One process of a member hangs (SIGSTOP) for as long as the context lasts."""
        process = processes.recorded(self._folder(member).process(component))
        assert process is not None
        processes.pause(process)
        try:
            yield
        finally:
            processes.resume(process)

    @contextmanager
    def full_etcd(self, member: str) -> Iterator[None]:
        """The etcd of a member refuses writes for want of space: the alarm that it raises itself at its quota is raised by hand."""
        etcd = self._etcd(member)
        status = etcd("/v3/maintenance/status", {})
        alarm = {"memberID": status["header"]["member_id"], "alarm": "NOSPACE"}
        etcd("/v3/maintenance/alarm", {"action": "ACTIVATE", **alarm})
        try:
            yield
        finally:
            etcd("/v3/maintenance/alarm", {"action": "DEACTIVATE", **alarm})

    def _etcd(self, member: str) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
        """Calls to the etcd of a member, as its API server makes them."""
        folder = self._folder(member)
        context = ssl.create_default_context(cafile=f"{folder.pki}/ca.crt")
        context.load_cert_chain(f"{folder.pki}/etcd-client.crt", f"{folder.pki}/etcd-client.key")
        port = json.loads(Path(folder.settings).read_text())["ports"]["etcd"]

        def call(path: str, body: dict[str, Any]) -> dict[str, Any]:
            request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", json.dumps(body).encode())
            with urllib.request.urlopen(request, context=context, timeout=20) as answer:
                return dict(json.loads(answer.read()))

        return call


class Kube:
    """The official client for one member: what the tests believe."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = str(kubeconfig)
        self.client = kubernetes.dynamic.DynamicClient(kubernetes.config.new_client_from_config(str(kubeconfig)))

    @property
    def core(self) -> Any:
        """The client for core objects: the only one that can run commands in pods."""
        return kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config(self.kubeconfig))

    def read(self, path: str, accept: str = "application/json") -> dict[str, Any]:
        """What the API server answers to a GET, as it is."""
        response = self.client.request("get", path, header_params={"Accept": accept}, serialize=False)
        return dict(json.loads(response.data))

    def api(self, api_version: str, kind: str) -> Any:
        return self.client.resources.get(api_version=api_version, kind=kind)

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        try:
            return dict(self.api(api_version, kind).get(name=name, namespace=namespace).to_dict())
        except kubernetes.dynamic.exceptions.NotFoundError:
            return None

    def names(self, api_version: str, kind: str, namespace: str | None = None, selector: str = "") -> list[str]:
        found = self.api(api_version, kind).get(namespace=namespace, label_selector=selector).to_dict()
        return sorted(item["metadata"]["name"] for item in found["items"] or [])

    def create(self, manifest: dict[str, Any], namespace: str | None = None) -> None:
        self.api(manifest["apiVersion"], manifest["kind"]).create(body=manifest, namespace=namespace)

    def merge(self, api_version: str, kind: str, name: str, namespace: str | None, body: dict[str, Any]) -> None:
        api = self.api(api_version, kind)
        api.patch(name=name, namespace=namespace, body=body, content_type="application/merge-patch+json")

    def scale(self, name: str, namespace: str, replicas: int, manager: str) -> None:
        """Scale a Deployment as ``kubectl scale`` and autoscalers do, under the name of ``manager``."""
        self.api("apps/v1", "Deployment").subresources["scale"].patch(
            name=name,
            namespace=namespace,
            body={"spec": {"replicas": replicas}},
            content_type="application/merge-patch+json",
            field_manager=manager,
        )

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> None:
        self.api(api_version, kind).delete(name=name, namespace=namespace)


@contextmanager
def user_of(client: Kube, name: str, rules: list[dict[str, Any]]) -> Iterator[str]:
    """The token of a ServiceAccount that may do everywhere what ``rules`` say (as in a ClusterRole), for as long as the context lasts."""
    account = f"test-{name}"
    rbac = "rbac.authorization.k8s.io"
    user: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": account, "namespace": "default"},
    }
    role: dict[str, Any] = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": account},
        "rules": rules,
    }
    binding: dict[str, Any] = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": account},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": account},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "default"}],
    }
    made: list[dict[str, Any]] = []
    try:
        for manifest in (user, role, binding):
            client.create(manifest, manifest["metadata"].get("namespace"))
            made.append(manifest)
        core = kubernetes.client.CoreV1Api(client.client.client)
        wanted = {"spec": {"expirationSeconds": 7200}}
        yield str(core.create_namespaced_service_account_token(account, "default", wanted).status.token)
    finally:
        for manifest in made:
            client.delete(manifest["apiVersion"], manifest["kind"], account, manifest["metadata"].get("namespace"))


def membership(federation: str, sandbox: Sandbox, **options: Any) -> None:
    """Join all members of a sandbox to a federation, or let them leave it: what the task `cluster` does, without a run of
    ansible-playbook, for tests of something else."""
    clusters = [
        {"name": host, **{key.removeprefix("cluster_"): value for key, value in variables.items()}}
        for host, variables in sandbox.hosts().items()
    ]
    wish = ArgumentSpecValidator(CLUSTER).validate({"federation": federation, "clusters": clusters, **options})
    assert not wish.error_messages, wish.error_messages
    params = wish.validated_parameters
    done = fleet_verbs.cluster(inputs.fleet_of(params), params, check=False, diff=False)
    assert not done.get("failed"), done["msg"]


@dataclass(frozen=True)
class Federation:
    """A federation of the test's own: three joined members, and a namespace that is empty."""

    name: str
    namespace: str
    inventory: Path
    player: Player
    sandbox: Sandbox
    kube: dict[str, Kube]

    def inventory_with(self, **hosts: dict[str, Any] | None) -> Path:
        """The inventory with host variables changed or added (``eu_1={"cluster_region": "x"}``), or hosts left out (None)."""
        body = yaml.safe_load(self.inventory.read_text())
        for key, variables in hosts.items():
            host = key.replace("_", "-")
            if variables is None:
                del body["clusters"]["hosts"][host]
            else:
                body["clusters"]["hosts"].setdefault(host, {}).update(variables)
        path = self.player.folder / f"inventory-{len(list(self.player.folder.glob('inventory-*')))}.yml"
        path.write_text(yaml.safe_dump(body))
        return path

    def propagate(
        self, *arguments: str, inventory: Path | None = None, play: dict[str, Any] | None = None, **options: Any
    ) -> Played:
        """`federated_resource` with the test's namespace as default."""
        return self.player.task(
            "federated_resource", self._placed(options), *arguments, inventory=inventory or self.inventory, play=play
        )

    def propagate_each(self, several: Sequence[dict[str, Any]], inventory: Path | None = None) -> list[Played]:
        """As `propagate`, for several sets of options in one run."""
        options = [self._placed(one) for one in several]
        return self.player.tasks("federated_resource", options, inventory=inventory or self.inventory)

    def _placed(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"namespace": self.namespace, "wait_timeout": 60, **options}

    def versions(self) -> dict[str, dict[str, str]]:
        """The resourceVersion of every labelled object of this federation on every member: two equal answers, no write between."""
        kinds = [("v1", k) for k in ("Namespace", "ConfigMap", "Secret", "Service", "ServiceAccount")]
        kinds += [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("networking.k8s.io/v1", "Ingress")]
        return {
            member: {
                f"{kind} {item['metadata'].get('namespace')}/{item['metadata']['name']}": item["metadata"][
                    "resourceVersion"
                ]
                for api_version, kind in kinds
                for item in client.api(api_version, kind)
                .get(label_selector=f"{NAMESPACED_MARK}={self.name}")
                .to_dict()["items"]
            }
            for member, client in self.kube.items()
        }
