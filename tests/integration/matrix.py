# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ways in which a member can fail, as data: how each is put in place on a real cluster and taken away, and what it looks like.

In the shape of etcd's robustness tests: a fault says whether it is available here, injects itself into one member, and heals.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kubernetes.dynamic.exceptions import ApiException

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.layout import API_SERVER, ETCD
from ansible_collections.multicluster.federation.tests.integration.breakage import dead_apiservice, dead_webhook
from ansible_collections.multicluster.federation.tests.integration.manifests import (
    CRD,
    config_map,
    custom_kind,
    manifest,
    workload,
)
from ansible_collections.multicluster.federation.tests.integration.proxy import (
    Answer,
    Forward,
    Proxy,
    Request,
    refusal,
)
from ansible_collections.multicluster.federation.tests.integration.proxy import (
    Fault as Broken,
)
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import Federation, Kube, user_of

#: what a run may do when the fault is there: change, create and prune; leave the sick member; take the resource away
UPDATE, MOVE, REMOVE = "update", "move", "remove"

EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


@dataclass
class Ground:
    """Where a fault is put: one member of a joined federation, which holds ``resource`` in ``space``."""

    federation: Federation
    proxy: Proxy
    sick: str
    resource: str
    space: str
    folder: Path
    #: manifests that a fault adds to the update
    more: list[dict[str, Any]] = field(default_factory=list)

    @property
    def client(self) -> Kube:
        return self.federation.kube[self.sick]

    @property
    def group(self) -> str:
        return f"{self.resource}.{group_of(self.federation)}"  # a CRD stays with the resource that made it

    def through_proxy(self, token: str) -> dict[str, Any]:
        """Host variables that reach the sick member through the proxy, as an ordinary user."""
        return as_user(token) | {
            "cluster_host": self.proxy.address(self.sick),
            "cluster_ca_cert": str(self.proxy.certificate),
            "cluster_kubeconfig": None,
            "cluster_context": None,
        }


def as_user(token: str) -> dict[str, Any]:
    return {"cluster_api_key": token}


#: yields the host variables with which the sick member is reached while the fault is there
Inject = Callable[[Ground], AbstractContextManager[Mapping[str, Any]]]


@dataclass(frozen=True)
class Fault:
    """``reasons``: the classes of failure that the run may report of the sick member, none of them if it has to succeed; ``message``
    is part of what it says; ``health``: what `cluster_info` calls the member, "" where the fault is not one of the member.
    ``written``: something may reach the member. ``acts`` are the runs that meet the fault."""

    name: str
    inject: Inject
    reasons: tuple[str, ...] = ()
    message: str = ""
    health: str = ""
    written: bool = False
    acts: tuple[str, ...] = (UPDATE, MOVE, REMOVE)
    unavailable: Callable[[], str] = lambda: ""


def group_of(federation: Federation) -> str:
    return f"{federation.name}.example.com"


def app(group: str, version: int) -> list[dict[str, Any]]:
    """The application of before (1), or of the update (2): one thing changed in most objects, one new, two gone."""
    pod = {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": f"registry.example.com/web:{version}"}],
    }
    always = [
        custom_kind(group, "Widget", "widgets"),
        workload("web", pod, replicas=1),
        config_map("settings", version=str(version)),
        manifest("v1", "Secret", "key", stringData={"word": f"open-{version}"}),
        manifest(f"{group}/v1", "Widget", "one", spec={"size": version}),
    ]
    if version == 1:
        service = manifest("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
        return [*always, service, manifest(f"{group}/v1", "Widget", "two", spec={"size": 2})]
    return [*always, config_map("new")]


# processes


@contextmanager
def _killed_api(ground: Ground) -> Iterator[Mapping[str, Any]]:
    ground.federation.sandbox.kill(ground.sick, API_SERVER)
    try:
        yield {}
    finally:
        ground.federation.sandbox.mend()


@contextmanager
def _paused_api(ground: Ground) -> Iterator[Mapping[str, Any]]:
    with ground.federation.sandbox.paused(ground.sick, API_SERVER):
        yield {}


@contextmanager
def _dead_etcd(ground: Ground) -> Iterator[Mapping[str, Any]]:
    ground.federation.sandbox.kill(ground.sick, ETCD)
    try:
        yield {}
    finally:
        ground.federation.sandbox.mend()
        until(lambda: _answers(ground.client), "the member is back", 90)


def _answers(client: Kube) -> bool:
    try:
        client.read("/api/v1/namespaces/kube-system")
    except ApiException:
        return False
    return True


@contextmanager
def _full_etcd(ground: Ground) -> Iterator[Mapping[str, Any]]:
    with ground.federation.sandbox.full_etcd(ground.sick):
        yield {}


# credentials


@contextmanager
def _wrong_ca(ground: Ground) -> Iterator[Mapping[str, Any]]:
    yield {"cluster_ca_cert": str(ground.proxy.certificate)}


def _part(data: Any) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(federation: Federation, member: str, token: str, issued: float, expires: float) -> str:
    """A token as the API server would have made it at another time: signed with its own key."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    pki = federation.sandbox.kubeconfig(member).parent / "pki"
    key: Any = serialization.load_pem_private_key((pki / "service-accounts.key").read_bytes(), None)
    head, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    body.update(iat=int(issued), nbf=int(issued), exp=int(expires))
    text = f"{_part(head)}.{_part(body)}"
    pair = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{_part(b''.join(number.to_bytes(32, 'big') for number in pair))}"


@contextmanager
def _expired_token(ground: Ground) -> Iterator[Mapping[str, Any]]:
    with user_of(ground.client, ground.federation.name, EVERYTHING) as token:
        now = time.time()
        yield as_user(forged(ground.federation, ground.sick, token, now - 7200, now - 60))


@contextmanager
def _deleted_account(ground: Ground) -> Iterator[Mapping[str, Any]]:
    with user_of(ground.client, ground.federation.name, EVERYTHING) as token:
        pass
    # an API server remembers for ten seconds whom it let in
    until(lambda: not _lets_in(ground, token), "the token has ended", 60)
    yield as_user(token)


def _lets_in(ground: Ground, token: str) -> bool:
    cluster = yaml.safe_load(ground.federation.sandbox.kubeconfig(ground.sick).read_text())["clusters"][0]["cluster"]
    command = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "-H", "@-", f"{cluster['server']}/api/v1/nodes"]
    header = f"Authorization: Bearer {token}"
    found = subprocess.run(command, input=header, capture_output=True, text=True, check=True, timeout=30)
    return found.stdout != "401"


@contextmanager
def _forbidden_kind(ground: Ground) -> Iterator[Mapping[str, Any]]:
    groups = ["apps", "coordination.k8s.io", "apiextensions.k8s.io", ground.group, "autoscaling"]
    rules = [
        {"apiGroups": groups, "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["namespaces", "configmaps", "secrets"], "verbs": ["*"]},
    ]
    with user_of(ground.client, ground.federation.name, rules) as token:
        yield as_user(token)


@contextmanager
def _hanging_plugin(ground: Ground) -> Iterator[Mapping[str, Any]]:
    plugin = ground.folder / f"plugin-{ground.resource}"
    plugin.write_text("#!/bin/sh\nexec sleep 900\n")
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    body = yaml.safe_load(ground.federation.sandbox.kubeconfig(ground.sick).read_text())
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    body["users"][0]["user"] = {"exec": command}
    path = ground.folder / f"{ground.resource}.kubeconfig"
    path.write_text(yaml.safe_dump(body))
    yield {"cluster_kubeconfig": str(path)}


# what is broken inside a member


@contextmanager
def _dead_webhook(ground: Ground) -> Iterator[Mapping[str, Any]]:
    with dead_webhook(ground.client, f"dead.{ground.resource}.example.com", ground.space):
        yield {}


@contextmanager
def _storm(ground: Ground) -> Iterator[Mapping[str, Any]]:
    """The user has no seat of its own, and others of his kind keep asking: the API server turns requests away (429)."""
    api_version, name = "flowcontrol.apiserver.k8s.io/v1", f"storm-{ground.resource}"
    limited = {
        "nominalConcurrencyShares": 0,
        "lendablePercent": 0,
        "borrowingLimitPercent": 0,
        "limitResponse": {"type": "Reject"},
    }
    level = manifest(api_version, "PriorityLevelConfiguration", name, spec={"type": "Limited", "limited": limited})
    with user_of(ground.client, ground.federation.name, EVERYTHING) as token:
        account = {"name": f"test-{ground.federation.name}", "namespace": "default"}
        subject = {"kind": "ServiceAccount", "serviceAccount": account}
        rules = [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True},
        ]
        schema = manifest(
            api_version,
            "FlowSchema",
            name,
            spec={
                "matchingPrecedence": 2,
                "priorityLevelConfiguration": {"name": name},
                "rules": [{"subjects": [subject], "resourceRules": rules}],
            },
        )
        ground.client.create(level)
        ground.client.create(schema)
        over = threading.Event()
        askers = [threading.Thread(target=_ask_until, args=(ground, token, over), daemon=True) for _asker in range(4)]
        try:
            for asker in askers:
                asker.start()
            until(lambda: _turned_away(ground), "requests are turned away", 30)
            yield as_user(token)
        finally:
            over.set()
            for asker in askers:
                asker.join(30)
            ground.client.delete(api_version, "FlowSchema", name)
            ground.client.delete(api_version, "PriorityLevelConfiguration", name)


def _ask_until(ground: Ground, token: str, over: threading.Event) -> None:
    """Lists that take their time, at most a thousand."""
    import urllib3

    cluster = yaml.safe_load(ground.federation.sandbox.kubeconfig(ground.sick).read_text())["clusters"][0]["cluster"]
    pool = urllib3.PoolManager(cert_reqs="CERT_NONE", assert_hostname=False)
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    for _number in range(1000):
        if over.wait(0.02):
            return
        headers = {"Authorization": f"Bearer {token}"}
        with suppress(urllib3.exceptions.HTTPError):
            pool.request("GET", f"{cluster['server']}/api/v1/pods?resourceVersion=", headers=headers, retries=False)


def _turned_away(ground: Ground) -> bool:
    name = f"system:serviceaccount:default:test-{ground.federation.name}"
    return any(
        event["responseStatus"]["code"] == 429 and event["user"]["username"] == name
        for event in ground.federation.sandbox.audit(ground.sick)[-200:]
    )


@contextmanager
def _stale_api(ground: Ground) -> Iterator[Mapping[str, Any]]:
    with dead_apiservice(ground.client, ground.group):
        yield {}


@contextmanager
def _refused_crd(ground: Ground) -> Iterator[Mapping[str, Any]]:
    """Another CRD of the group has the names of ours: ours is never established."""
    ours, theirs = custom_kind(ground.group, "Gadget", "gadgets"), custom_kind(ground.group, "Other", "others")
    theirs["spec"]["names"]["singular"] = "gadget"
    ground.more = [ours, manifest(f"{ground.group}/v1", "Gadget", "one", spec={})]
    api_version, kind = CRD
    ground.client.create(theirs)
    name = theirs["metadata"]["name"]
    try:
        until(lambda: _established(ground.client, name), f"{name} is established", 30)
        yield {}
    finally:
        ground.client.delete(api_version, kind, name)
        until(lambda: ground.client.get(api_version, kind, name) is None, f"{name} is gone", 30)
        own = ours["metadata"]["name"]
        if ground.client.get(api_version, kind, own) is not None:
            until(lambda: _established(ground.client, own), f"{own} is established", 30)


def _established(client: Kube, name: str) -> bool:
    found = client.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name) or {}
    conditions = (found.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


# the network


def _lists(request: Request) -> bool:
    return (
        request.method == "GET"
        and not request.watches
        and request.path.endswith(("/services", "/configmaps", "/secrets"))
    )


async def _reset_half_way(request: Request, forward: Forward) -> Answer:
    answer = await forward()
    if _lists(request):
        answer.upto, answer.abrupt = len(answer.body) // 2, True
    return answer


async def _half(request: Request, forward: Forward) -> Answer:
    answer = await forward()
    if _lists(request):
        answer.upto = len(answer.body) // 2
    return answer


async def _trickle(request: Request, forward: Forward) -> Answer:
    answer = await forward()
    if _lists(request):
        answer.pace = 0.25
    return answer


async def _swallow(_request: Request, _forward: Forward) -> Answer:
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]


async def _slow(_request: Request, forward: Forward) -> Answer:
    await asyncio.sleep(0.15)
    return await forward()


async def _expired_list(request: Request, forward: Forward) -> Answer:
    """The first page of each list says that there is more, and then its continue token has expired."""
    if not _lists(request):
        return await forward()
    if "continue" in request.query:
        message = "The provided continue parameter is too old to display a consistent list result."
        return refusal(410, message)
    answer = await forward()
    if "limit" in request.query and answer.status == 200:
        body = json.loads(answer.body)
        body["items"] = (body["items"] or [])[:1]
        body["metadata"]["continue"] = "expired"
        answer.body = json.dumps(body).encode()
    return answer


def _network(broken: Broken) -> Inject:
    @contextmanager
    def inject(ground: Ground) -> Iterator[Mapping[str, Any]]:
        with user_of(ground.client, ground.federation.name, EVERYTHING) as token:
            ground.proxy.faults[ground.sick] = broken
            try:
                yield ground.through_proxy(token)
            finally:
                del ground.proxy.faults[ground.sick]

    return inject


def _no_namespaces() -> str:
    if shutil.which("unshare") is None or os.geteuid() != 0:
        return "another /etc/resolv.conf for one run takes root and unshare"
    probe = ["unshare", "-m", "mount", "--bind", "/dev/null", "/etc/resolv.conf"]
    done = subprocess.run(probe, capture_output=True, check=False, timeout=30)
    return "" if done.returncode == 0 else "mount namespaces are not to be had here"


@contextmanager
def _hanging_dns(ground: Ground) -> Iterator[Mapping[str, Any]]:
    """The name of the member is asked of a server that takes questions and never answers."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.53.53.53", 53))
        config = ground.folder / "resolv.conf"
        config.write_text("nameserver 127.53.53.53\noptions timeout:30 attempts:1\n")
        script = f'mount --bind {config} /etc/resolv.conf && exec "$@"'
        ground.federation.player.within = ("unshare", "-m", "sh", "-c", script, "sh")
        cluster = yaml.safe_load(ground.federation.sandbox.kubeconfig(ground.sick).read_text())["clusters"][0]
        port = cluster["cluster"]["server"].rpartition(":")[2]
        try:
            yield {"cluster_host": f"https://member.example.com:{port}"}
        finally:
            ground.federation.player.within = ()


FAULTS = (
    Fault("killed-api-server", _killed_api, ("unreachable",), "refuses connections", "unreachable"),
    Fault("paused-api-server", _paused_api, ("timeout",), "gave no answer in", "unreachable"),
    Fault("dead-etcd", _dead_etcd, ("timeout", "failed", "unauthorized", "forbidden"), "", "degraded"),
    Fault(
        "full-etcd",
        _full_etcd,
        ("failed",),
        "etcd of this member is full",
        "ready",
        written=True,
        acts=(UPDATE,),
    ),
    Fault("wrong-ca", _wrong_ca, ("untrusted",), "is not trusted", "untrusted"),
    Fault("expired-token", _expired_token, ("unauthorized",), "does not accept the credentials", "unauthorized"),
    Fault("deleted-account", _deleted_account, ("unauthorized",), "does not accept the credentials", "unauthorized"),
    Fault("forbidden-kind", _forbidden_kind, ("forbidden",), "lacks this right"),
    Fault("dead-webhook", _dead_webhook, ("failed",), "dead.", "ready", written=True, acts=(UPDATE,)),
    Fault("storm", _storm, ("", "busy"), written=True),
    Fault("reset-in-a-list", _network(_reset_half_way), ("unreachable",), "was cut"),
    Fault("truncated-body", _network(_half), ("unreachable",), "was cut"),
    Fault("trickling-body", _network(_trickle), ("timeout",), "gave no answer in"),
    Fault("expired-list", _network(_expired_list), written=True),
    Fault("stale-api", _stale_api, ("not_found",), "does not answer", "ready"),
    Fault("refused-crd", _refused_crd, ("failed",), "names are not accepted", "ready", written=True, acts=(UPDATE,)),
    Fault("slow-network", _network(_slow), written=True, health="ready"),
    Fault("black-hole", _network(_swallow), ("timeout",), "gave no answer in", "unreachable"),
    Fault("hanging-dns", _hanging_dns, ("timeout", "unreachable"), "", "unreachable", unavailable=_no_namespaces),
    Fault("hanging-plugin", _hanging_plugin, ("credentials",), "did not answer in time", "unauthorized"),
)


def chosen(fault: Fault, seed: int, members: tuple[str, ...]) -> tuple[str, str]:
    """The member that is sick, and what the run does, by a seed."""
    dice = random.Random(f"{fault.name} {seed}")
    return dice.choice(members), dice.choice(fault.acts)
