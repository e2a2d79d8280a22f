# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One member: its files, the command lines of its five components, and when it counts as ready."""

from __future__ import annotations

import http.client
import os
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..model.errors import FederationError
from . import certificates, files, kubeconfigs, nodes, processes, realnode, stages
from .client import Client, Refused
from .layout import (
    API_SERVER,
    COMPONENTS,
    CONTROLLER_MANAGER,
    ETCD,
    LOOPBACK,
    NODE,
    NODE_COMPONENTS,
    NODE_PARTS,
    REAL_NODES,
    SCHEDULER,
    MemberFolder,
)
from .ports import Reservation, is_free, is_open
from .settings import MemberSettings

PEER = "etcd-peer"
_PORT_USERS = (ETCD, PEER, API_SERVER)
_POLL = 0.05
_LOG_LINES = 4
_TELLING = re.compile(r"\bpanic\b|\bfatal\b|\bERROR\b|^[EF]\d{4} |^Error|in use", re.IGNORECASE)
_SERVICES = "10.96.0.0/16"
_STORAGE_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"

# Every request of users, once, when it is answered: tests prove from it that nothing was written. What the parts of the
# control plane say to each other is left out.
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted", "Panic"],
    "rules": [
        {
            "level": "None",
            "users": [
                "system:apiserver",
                certificates.CONTROLLER_MANAGER.user,
                certificates.SCHEDULER.user,
                certificates.KWOK.user,
                certificates.OPERATOR.user,
            ],
        },
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        {"level": "Metadata"},
    ],
}


@dataclass
class Member:
    """A member that has a folder. ``ports`` by user of the port; ``was_ready``: kubeconfigs have been handed out."""

    folder: MemberFolder
    settings: MemberSettings
    ports: dict[str, int]
    was_ready: bool = False

    @classmethod
    def load(cls, folder: MemberFolder) -> Member | None:
        """The member of a folder; None if none was made there, or a run was killed before it was."""
        data = files.read_json(folder.settings)
        if not isinstance(data, dict):
            return None
        try:
            return cls(folder, MemberSettings.from_data(data["settings"]), data["ports"], data["was_ready"])
        except (KeyError, TypeError):
            raise FederationError(
                f"{folder.settings} was written by another version of this collection",
                "remove the sandbox: state: absent",
            ) from None

    def save(self) -> bool:
        """Remember the member. Returns whether that changed anything."""
        data = {"settings": self.settings.as_data(), "ports": self.ports, "was_ready": self.was_ready}
        return files.write_json(self.folder.settings, data)

    def prepare(self, reservation: Reservation) -> bool:
        """Give the member its ports and all files that its components read. Returns whether any file was written."""
        fixed = self.was_ready or any(state != processes.DEAD for state in component_states(self.folder).values())
        for user in _PORT_USERS:
            port = self.ports.get(user)
            # Until the member was ready once, nobody knows its address: then another port is as good.
            if port is None or not (fixed or is_free(port)):
                self.ports[user] = reservation.choose()
        written = [
            certificates.ensure(self.folder.pki, self.folder.name),
            self.save(),
            kubeconfigs.write_all(self.folder, self.ports[API_SERVER], self.real),
            files.write(self.folder.file("audit-policy.yaml"), files.yaml_text(_AUDIT_POLICY)),
            files.write(self.folder.file("stages.yaml"), files.yaml_text(*stages.documents())),
        ]
        return any(written)

    @property
    def real(self) -> bool:
        """Whether its node runs pods."""
        return self.settings.node_kind == REAL_NODES

    def client(self, dry: bool = False) -> Client:
        return Client(self.folder.pki, self.ports[API_SERVER], dry=dry)

    def start(self, component: str, binary: str, reservation: Reservation) -> None:
        """Start one component that does not run. ``FederationError`` if its port is taken."""
        users = {ETCD: (ETCD, PEER), API_SERVER: (API_SERVER,)}.get(component, ())
        for user in users:
            reservation.release(self.ports[user])
            if not is_free(self.ports[user]):
                raise FederationError(
                    f"port {self.ports[user]} of {self.folder.name}/{component} is taken by another program",
                    "end that program; or remove the member (state: absent) and start it again, with new kubeconfigs",
                )
        folder = self.folder
        processes.start(
            component, binary, self.arguments(component), folder.path, folder.log(component), folder.process(component)
        )

    def arguments(self, component: str) -> list[str]:
        """The command line of a component. Each names a path in the folder of the member: processes are found by it."""
        if component == ETCD:
            return self._etcd()
        if component == API_SERVER:
            return self._api_server()
        if component == NODE:
            return [realnode.program(self.folder), self.folder.path]
        kubeconfig = kubeconfigs.of_component(self.folder, component)
        if component == CONTROLLER_MANAGER:
            return self._controller_manager(kubeconfig)
        if component == SCHEDULER:
            return [
                f"--kubeconfig={kubeconfig}",
                "--leader-elect=false",
                "--secure-port=0",
                "--kube-api-qps=500",
                "--kube-api-burst=1000",
            ]
        return [
            f"--kubeconfig={kubeconfig}",
            f"--config={self.folder.file('stages.yaml')}",
            "--manage-all-nodes=true",
            # With leases a kwok that is started again would wait until that of the one before is over, and may miss pods then.
            "--node-lease-duration-seconds=0",
            "--server-address=",
            "--cidr=10.0.0.0/16",
        ]

    def _pki(self, file: str) -> str:
        return os.path.join(self.folder.pki, file)

    def _etcd(self) -> list[str]:
        client, peer = (f"https://{LOOPBACK}:{self.ports[user]}" for user in (ETCD, PEER))
        name = certificates.ETCD_SERVER
        flags = [
            f"--data-dir={self.folder.file('etcd')}",
            f"--name={self.folder.name}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={self.folder.name}={peer}",
            # a sandbox may lose its last writes when the machine does; it starts several times faster
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]
        for prefix in ("", "peer-"):
            flags += [
                f"--{prefix}client-cert-auth",
                f"--{prefix}trusted-ca-file={self._pki(f'{certificates.AUTHORITY}.crt')}",
                f"--{prefix}cert-file={self._pki(f'{name}.crt')}",
                f"--{prefix}key-file={self._pki(f'{name}.key')}",
            ]
        return flags

    def _api_server(self) -> list[str]:
        accounts = certificates.SERVICE_ACCOUNTS
        return [
            f"--etcd-servers=https://{LOOPBACK}:{self.ports[ETCD]}",
            f"--etcd-cafile={self._pki(f'{certificates.AUTHORITY}.crt')}",
            f"--etcd-certfile={self._pki(f'{certificates.ETCD_CLIENT}.crt')}",
            f"--etcd-keyfile={self._pki(f'{certificates.ETCD_CLIENT}.key')}",
            f"--secure-port={self.ports[API_SERVER]}",
            f"--bind-address={LOOPBACK}",
            # Else it looks for an address of this machine, and ends where there is no network. Nothing is advertised:
            # the endpoints of Service kubernetes could only name an address where nobody listens.
            f"--advertise-address={LOOPBACK}",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={self._pki(f'{certificates.SERVER}.crt')}",
            f"--tls-private-key-file={self._pki(f'{certificates.SERVER}.key')}",
            f"--client-ca-file={self._pki(f'{certificates.AUTHORITY}.crt')}",
            "--authorization-mode=Node,RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._pki(f'{accounts}.pub')}",
            f"--service-account-signing-key-file={self._pki(f'{accounts}.key')}",
            f"--service-cluster-ip-range={_SERVICES}",
            "--allow-privileged=true",
            "--profiling=false",
            f"--audit-policy-file={self.folder.file('audit-policy.yaml')}",
            f"--audit-log-path={self.folder.audit_log}",
            "--audit-log-maxsize=100",
            "--audit-log-maxbackup=1",
            *(self._to_kubelet() if self.real else ()),
        ]

    def _to_kubelet(self) -> list[str]:
        """How the API server reaches a kubelet, for logs and commands in pods."""
        operator = certificates.OPERATOR.file
        return [
            f"--kubelet-client-certificate={self._pki(f'{operator}.crt')}",
            f"--kubelet-client-key={self._pki(f'{operator}.key')}",
            "--kubelet-preferred-address-types=InternalIP",
        ]

    def _controller_manager(self, kubeconfig: str) -> list[str]:
        authority = certificates.AUTHORITY
        return [
            f"--kubeconfig={kubeconfig}",
            f"--service-account-private-key-file={self._pki(f'{certificates.SERVICE_ACCOUNTS}.key')}",
            f"--root-ca-file={self._pki(f'{authority}.crt')}",
            f"--cluster-signing-cert-file={self._pki(f'{authority}.crt')}",
            f"--cluster-signing-key-file={self._pki(f'{authority}.key')}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--secure-port=0",
            # the defaults are for large clusters that share a machine with nobody; here they would only delay
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
        ]

    def wait_for(self, component: str, deadline: float) -> None:
        """Wait until a component that was started can serve those that start after it."""
        if component == ETCD:
            self._wait(lambda: is_open(self.ports[ETCD]), "etcd to listen", deadline)
        elif component == API_SERVER:
            client = self.client()
            self._wait(client.ready, "its API server to be ready", deadline)
            client.close()

    def wait_ready(self, before: MemberSettings | None, deadline: float) -> list[str]:
        """Wait until the API server answers, nodes are Ready and pods can be made. Returns what was done to nodes."""
        client = self.client()
        done: list[str] = []
        try:
            while True:
                self._wait(client.ready, "its API server to be ready", deadline)
                if self.real:
                    # its Node may still be called Ready from before it was started again
                    self._wait(lambda: realnode.works(self.folder), "its node to run", deadline)
                try:
                    done += self.converge(client, before)
                    self._wait(lambda: not nodes.unready(client, self.settings), "its nodes to be Ready", deadline)
                    self._wait(lambda: client.get(_DEFAULT_ACCOUNT), "the default ServiceAccount", deadline)
                    return done
                except (OSError, http.client.HTTPException, Refused) as error:
                    # an API server whose etcd has just come back calls itself ready before it is
                    lasting = isinstance(error, Refused) and error.code < 500
                    if lasting or time.monotonic() > deadline:
                        raise FederationError(
                            f"{self.folder.name}: {error}", f"see {self.folder.log(API_SERVER)}"
                        ) from None
                    time.sleep(_POLL)
        finally:
            client.close()

    def converge(self, client: Client, before: MemberSettings | None) -> list[str]:
        """Bring nodes and the storage class to what they should be. Returns what was done."""
        done = [] if self.real else nodes.apply(client, self.settings, before)
        if client.get(f"{_STORAGE_CLASSES}/{stages.STORAGE_CLASS}") is None:
            # a scheduler that finds a claim without a volume may miss that it gets one, and looks again after five minutes: on a real node
            # it waits for the volume itself
            real = stages.storage_class(realnode.PROVISIONER, "WaitForFirstConsumer")
            client.request("POST", _STORAGE_CLASSES, real if self.real else stages.storage_class())
            done.append(f"created storage class {stages.STORAGE_CLASS}")
        return done

    def _wait(self, done: Any, what: str, deadline: float) -> None:
        while not done():
            states = component_states(self.folder)
            dead = [n for n in self.settings.components if states[n] == processes.DEAD and self._was_started(n)]
            if dead:
                raise FederationError(f"{self.folder.name}/{dead[0]} ended:\n{self.last_words(dead[0])}\n")
            if time.monotonic() > deadline:
                raise FederationError(
                    f"{self.folder.name}: waited in vain for {what}",
                    f"raise wait_timeout, or see the logs in {os.path.dirname(self.folder.log(ETCD))}",
                )
            time.sleep(_POLL)

    def _was_started(self, component: str) -> bool:
        return os.path.exists(self.folder.process(component))

    def last_words(self, component: str) -> str:
        """What the log of a component gives as the reason of its end: lines that say so, or else the last ones."""
        try:
            with open(self.folder.log(component), encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            lines = []
        telling = [line for line in lines if _TELLING.search(line)] or lines
        said = "\n".join(line[:400] for line in telling[-_LOG_LINES:]) or "it said nothing"
        return f"{said}\nall of it: {self.folder.log(component)}"


def components_of(folder: MemberFolder) -> tuple[str, ...]:
    """What the member of a folder consists of, as its settings say; one that is not there yet would have pretended nodes."""
    data = files.read_json(folder.settings)
    said = data.get("settings") if isinstance(data, dict) else None
    real = isinstance(said, dict) and said.get("node_kind") == REAL_NODES
    return NODE_COMPONENTS if real else COMPONENTS


def component_states(folder: MemberFolder) -> dict[str, str]:
    """``running``, ``paused`` or ``dead`` of each component, and of what a real node runs."""
    names = components_of(folder)
    parts = NODE_PARTS if NODE in names else ()
    return {name: processes.state(processes.recorded(folder.process(name))) for name in (*names, *parts)}


def running(folder: MemberFolder, components: Iterable[str] | None = None) -> dict[str, processes.Process]:
    """The live processes of these components (all, if none are named), paused ones too."""
    names = components_of(folder) if components is None else components
    found = {name: processes.recorded(folder.process(name)) for name in names}
    return {name: process for name, process in found.items() if process and processes.state(process) != processes.DEAD}


def forget(folder: MemberFolder, components: Iterable[str]) -> None:
    """Remove the records of processes that were ended on purpose: they are not missed."""
    for name in components:
        with suppress(FileNotFoundError):
            os.unlink(folder.process(name))


def summary(states: Mapping[str, str]) -> str:
    """One word for a member: ``running``, ``paused``, ``stopped``, or ``degraded`` if its components differ."""
    kinds = set(states.values())
    if len(kinds) > 1:
        return "degraded"
    return {processes.RUNNING: "running", processes.PAUSED: "paused"}.get(kinds.pop(), "stopped")
