# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members that fail in the ways that real ones do: what is reported, what is left alone, and what it costs the others.

The servers are real; where they have to misbehave, a proxy before them does it, or something real is broken on them.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import stat
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.dynamic.exceptions import InternalServerError

from ansible_collections.multicluster.federation.tests.integration.proxy import (
    Answer,
    Fault,
    Forward,
    Proxy,
    Request,
    Reset,
    refusal,
)
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import (
    MEMBERS,
    Federation,
    Kube,
    Played,
    Sandbox,
    user_of,
)

pytestmark = pytest.mark.integration

EU, US = ("eu-1", "eu-2"), "us-1"
LABELS = {"app": "web"}


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(image: str = "registry.example.com/web:1") -> dict[str, Any]:
    pod = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", "image": image}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": pod},
        },
    }


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": LABELS, "ports": [{"port": 80}]},
}
APP = [config_map("settings", color="blue"), deployment(), SERVICE]
SMALLER = [config_map("settings", color="green"), deployment()]


def done(played: Played) -> str:
    assert not played.result["failed"], played.message
    return played.message


def objects(played: Played, member: str) -> dict[str, int]:
    """How many objects had each outcome on a member, without those that had none."""
    return {key: count for key, count in played.member(member)["objects"].items() if count and key != "total"}


def services(federation: Federation, member: str) -> list[str]:
    return federation.kube[member].names("v1", "Service", federation.namespace)


def settings(federation: Federation, member: str) -> dict[str, str] | None:
    found = federation.kube[member].get("v1", "ConfigMap", "settings", federation.namespace)
    return dict(found["data"]) if found else None


def wrote(proxy: Proxy, member: str, since: int = 0) -> list[str]:
    """The writes to a member that are more than taking and giving back its lock."""
    found = [str(seen.request) for seen in proxy.writes()[since:] if seen.request.member == member]
    return [request for request in found if "/leases/" not in request]


# what becomes of requests that are answered badly once


async def _reset_before(_request: Request, _forward: Forward) -> Answer:
    raise Reset


async def _reset_after(_request: Request, forward: Forward) -> Answer:
    await forward()
    raise Reset


async def _error_after(_request: Request, forward: Forward) -> Answer:
    await forward()
    return refusal(500, "etcdserver: request timed out")


def once_each(fault: Fault, chosen: Callable[[Request], bool], hit: list[Request]) -> Fault:
    """The fault for the first request of each method and path that is ``chosen``; all others pass."""

    async def work(request: Request, forward: Forward) -> Answer:
        key = (request.member, request.method, request.path, request.watches)
        if not chosen(request) or key in {(r.member, r.method, r.path, r.watches) for r in hit}:
            return await forward()
        hit.append(request)
        return await fault(request, forward)

    return work


@pytest.mark.parametrize("fault", [_reset_before, _reset_after, _error_after])
def test_every_request_may_be_lost_once(proxied: Federation, proxy: Proxy, fault: Fault) -> None:
    """Each request of each act, reads and writes and deletions, is answered badly the first time, and nobody notices."""
    acts: list[tuple[dict[str, Any], dict[str, int]]] = [
        ({"definition": APP, "wait": True}, {"created": 4}),
        ({"definition": SMALLER}, {"changed": 1, "deleted": 1, "unchanged": 1}),
        ({"state": "absent", "delete_namespaces": True}, {"deleted": 3}),
    ]
    for options, wanted in acts:
        hit: list[Request] = []
        proxy.faults = dict.fromkeys(MEMBERS, once_each(fault, lambda _request: True, hit))
        played = proxied.propagate(name="app", **options)
        proxy.faults = {}
        done(played)
        assert {r.method for r in hit} >= ({"GET", "PATCH", "DELETE"} if "deleted" in wanted else {"GET", "PATCH"})
        assert {member: objects(played, member) for member in MEMBERS} == dict.fromkeys(MEMBERS, wanted)
        again = proxied.propagate(name="app", **options)
        assert not again.result["changed"], again.message
    for client in proxied.kube.values():
        assert not client.names("v1", "ConfigMap", selector="multicluster.federation/resource=app")
        lease = client.get("coordination.k8s.io/v1", "Lease", "federation", f"federation-{proxied.name}")
        assert lease
        assert not lease["spec"].get("holderIdentity")


def test_a_server_that_asks_to_wait_is_given_the_time(proxied: Federation, proxy: Proxy) -> None:
    ends = ("/apis", "/services", "/deployments/web")

    async def busy(request: Request, _forward: Forward) -> Answer:
        return refusal(429, "too many requests", retry_after=1)

    hit: list[Request] = []
    proxy.faults[US] = once_each(busy, lambda request: request.path.endswith(ends), hit)
    played = proxied.propagate(name="app", definition=APP)
    assert done(played) == "3 members: 12 created"
    assert len(hit) == len(ends)
    for refused in hit:
        same = [s for s in proxy.seen if (s.request.method, s.request.path) == (refused.method, refused.path)]
        first, second = [s for s in same if s.request.member == US][:2]
        assert (first.status, second.served < 400) == (429, True)  # 304 where another member gave the same answer
        assert second.request.at - first.at >= 1


def test_a_server_that_is_down_for_a_moment_is_asked_again(proxied: Federation, proxy: Proxy) -> None:
    asked: dict[str, int] = {}

    async def stumble(request: Request, forward: Forward) -> Answer:
        if request.method != "GET" or request.watches:
            return await forward()
        asked[request.path] = asked.get(request.path, 0) + 1
        first = {1: refusal(503, "the server is currently unable to handle the request"), 2: refusal(500, "no leader")}
        return first.get(asked[request.path]) or await forward()

    proxy.faults[US] = stumble
    assert done(proxied.propagate(name="app", definition=APP)) == "3 members: 12 created"
    assert min(asked.values()) >= 3  # every path was refused twice and asked again


def test_a_server_that_stays_broken_fails_alone_and_loses_nothing(proxied: Federation, proxy: Proxy) -> None:
    """Nothing is written to, and nothing pruned from, a member of which a part cannot be read."""
    done(proxied.propagate(name="app", definition=APP))

    async def broken(request: Request, forward: Forward) -> Answer:
        return refusal(500, "no leader") if request.path.endswith("/services") else await forward()

    async def empty_half(request: Request, forward: Forward) -> Answer:
        """A whole JSON document of an empty list, and a length that says that there is more."""
        if not request.path.endswith("/services"):
            return await forward()
        body = b'{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":[]}'
        return Answer(200, (("Content-Type", "application/json"),), body, announced=len(body) + 64)

    async def half(request: Request, forward: Forward) -> Answer:
        answer = await forward()
        if request.path.endswith("/services"):
            answer.upto = len(answer.body) // 2
        return answer

    for fault, reason in ((broken, "failed"), (empty_half, "unreachable"), (half, "unreachable")):
        proxy.faults[US] = fault
        before = len(proxy.writes())
        played = proxied.propagate(name="app", definition=SMALLER)
        assert played.result["failed"]
        assert (played.member(US)["status"], played.member(US)["reason"]) == ("failed", reason), played.message
        assert wrote(proxy, US, before) == []
        assert services(proxied, US) == ["web"]
        assert settings(proxied, US) == {"color": "blue"}
        assert {services(proxied, member) == [] for member in EU} == {True}
        assert {played.member(member)["status"] for member in EU} <= {"ok", "changed"}
    # once is nothing
    hit: list[Request] = []
    proxy.faults[US] = once_each(half, lambda request: request.path.endswith("/services"), hit)
    played = proxied.propagate(name="app", definition=SMALLER)
    done(played)
    assert len(hit) == 1
    assert objects(played, US) == {"changed": 1, "deleted": 1, "unchanged": 1}


@pytest.mark.long
def test_a_trickling_server_ends_at_the_deadline_of_the_request(proxied: Federation, proxy: Proxy) -> None:
    async def trickle(request: Request, forward: Forward) -> Answer:
        answer = await forward()
        if request.path.endswith("/namespaces"):
            answer.pace = 0.25
        return answer

    proxy.faults[US] = trickle
    played = proxied.propagate(name="app", definition=APP, request_timeout=4)
    report = played.member(US)
    assert (report["status"], report["reason"]) == ("failed", "timeout"), report
    assert "gave no answer in 4 s" in report["msg"]
    assert 4 <= report["seconds"] < 7
    trickled = next(s for s in proxy.seen if s.request.member == US and s.request.path.endswith("/namespaces"))
    assert trickled.at - trickled.request.at < 6
    assert {objects(played, member)["created"] for member in EU} == {4}


@contextmanager
def _listener_that_never_speaks() -> Iterator[str]:
    """Takes connections, and says nothing, not even TLS."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.long
@pytest.mark.parametrize("after_tls", [False, True], ids=["before-tls", "after-tls"])
def test_a_member_that_swallows_requests_does_not_slow_the_others(
    proxied: Federation, proxy: Proxy, after_tls: bool
) -> None:
    async def swallow(_request: Request, _forward: Forward) -> Answer:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    seconds = 8
    with _listener_that_never_speaks() as address:
        inventory = proxied.inventory
        if after_tls:
            proxy.faults[US] = swallow
        else:
            inventory = proxied.inventory_with(us_1={"cluster_host": address})
        played = proxied.propagate(name="app", definition=APP, request_timeout=seconds, inventory=inventory)
    report = played.member(US)
    assert (report["status"], report["reason"]) == ("failed", "timeout"), report
    assert seconds <= report["seconds"] < seconds + 3
    for member in EU:
        assert objects(played, member) == {"created": 4}
        assert played.member(member)["seconds"] < seconds - 1


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def test_a_credential_plugin_that_hangs_ends_with_all_that_it_started(federation: Federation, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    plugin = tmp_path / "hanging-plugin"
    plugin.write_text(f'#!/bin/sh\nsleep 900 &\necho "$$ $!" > {pids}\nwait\n')
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    config = yaml.safe_load(federation.sandbox.kubeconfig(US).read_text())
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(plugin),
        "interactiveMode": "Never",
    }
    config["users"][0]["user"] = {"exec": command}
    kubeconfig = tmp_path / "hanging.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    inventory = federation.inventory_with(us_1={"cluster_kubeconfig": str(kubeconfig)})
    # the shorter of the two limits counts: here that of the whole member
    played = federation.propagate(name="app", definition=APP, inventory=inventory, member_timeout=6, request_timeout=60)
    report = played.member(US)
    assert (report["status"], report["reason"]) == ("failed", "credentials"), report
    assert "hanging-plugin did not answer in time" in report["msg"]
    assert 6 <= report["seconds"] < 9
    assert {played.member(member)["status"] for member in EU} == {"changed"}
    started = [int(pid) for pid in pids.read_text().split()]
    assert len(started) == 2
    until(lambda: not any(_alive(pid) for pid in started), "the plugin and its child are gone", 5)


# what is really broken on a member


@contextmanager
def _dead_webhook(client: Kube, name: str) -> Iterator[str]:
    """A validating webhook for ConfigMaps in one namespace, with nobody behind it; what it is called."""
    called = f"dead.{name}.example.com"
    webhook = {
        "name": called,
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": f"{name}-apps"}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
    }
    api_version, kind = "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"
    client.create({"apiVersion": api_version, "kind": kind, "metadata": {"name": called}, "webhooks": [webhook]})
    try:
        yield called
    finally:
        client.delete(api_version, kind, called)


def test_a_dead_webhook_blocks_its_objects_only_and_is_named(proxied: Federation, proxy: Proxy) -> None:
    done(proxied.propagate(name="app", definition=APP))
    with _dead_webhook(proxied.kube[US], proxied.name) as webhook:
        # it is in force a moment after it was made
        until(lambda: _refused(proxied, webhook), f"{webhook} is in force", 30)
        before = len(proxy.writes())
        played = proxied.propagate(
            name="app", definition=[config_map("settings", color="green"), deployment("registry.example.com/web:2")]
        )
    report = played.member(US)
    assert report["status"] == "failed"
    assert webhook in report["msg"], report["msg"]
    assert "ConfigMap" in report["msg"]
    tried = [path for path in wrote(proxy, US, before) if path.endswith("/configmaps/settings")]
    assert 1 <= len(tried) <= 2
    assert report["seconds"] < 15
    live = proxied.kube[US].get("apps/v1", "Deployment", "web", proxied.namespace)
    assert live
    assert live["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":2")  # what it does not block goes on
    assert services(proxied, US) == ["web"]  # nothing is pruned where something failed
    assert [services(proxied, member) for member in EU] == [[], []]


def _refused(federation: Federation, webhook: str) -> bool:
    """Whether the webhook stands in the way of a write by somebody else."""
    client, probe = federation.kube[US], config_map("probe")
    try:
        client.create(probe, federation.namespace)
    except InternalServerError as error:
        return webhook in str(error)
    client.delete("v1", "ConfigMap", "probe", federation.namespace)
    return False


class Etcd:
    """The etcd of a member, through its HTTP gateway."""

    def __init__(self, sandbox: Sandbox, member: str) -> None:
        folder = sandbox.folder / "members" / member
        self._context = ssl.create_default_context(cafile=folder / "pki" / "ca.crt")
        self._context.load_cert_chain(folder / "pki" / "etcd-client.crt", folder / "pki" / "etcd-client.key")
        self._url = f"https://127.0.0.1:{json.loads((folder / 'member.json').read_text())['ports']['etcd']}"

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(f"{self._url}{path}", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, context=self._context, timeout=20) as answer:
            return dict(json.loads(answer.read()))

    def alarm(self, action: str) -> None:
        """ACTIVATE or DEACTIVATE the alarm that etcd raises, and obeys, when its quota is used up."""
        member = self._post("/v3/maintenance/status", {})["header"]["member_id"]
        self._post("/v3/maintenance/alarm", {"action": action, "memberID": member, "alarm": "NOSPACE"})


@pytest.mark.long
def test_a_full_etcd_is_told_and_the_others_go_on(proxied: Federation, proxy: Proxy) -> None:
    done(proxied.propagate(name="app", definition=APP))
    etcd = Etcd(proxied.sandbox, US)
    etcd.alarm("ACTIVATE")
    try:
        before = len(proxy.writes())
        played = proxied.propagate(name="app", definition=SMALLER)
        tried = [seen for seen in proxy.writes()[before:] if seen.request.member == US]
    finally:
        etcd.alarm("DEACTIVATE")
    report = played.member(US)
    assert report["status"] == "failed"
    assert "etcd of this member is full" in report["msg"], report["msg"]
    assert report["seconds"] < 15
    assert 1 <= len(tried) <= 8
    assert services(proxied, US) == ["web"]
    assert {objects(played, member)["deleted"] for member in EU} == {1}
    healed = proxied.propagate(name="app", definition=SMALLER)
    done(healed)
    assert objects(healed, US) == {"changed": 1, "deleted": 1, "unchanged": 1}


@pytest.mark.long
def test_a_credential_that_may_not_list_a_kind_prunes_nothing(federation: Federation) -> None:
    done(federation.propagate(name="app", definition=APP))
    everything = {"verbs": ["*"], "apiGroups": ["apps", "coordination.k8s.io"], "resources": ["*"]}
    core = {"verbs": ["*"], "apiGroups": [""], "resources": ["namespaces", "configmaps", "secrets"]}
    with user_of(federation.kube[US], federation.name, [everything, core]) as token:
        inventory = federation.inventory_with(us_1={"cluster_api_key": token})
        played = federation.propagate(name="app", definition=SMALLER, inventory=inventory)
    report = played.member(US)
    assert (report["status"], report["reason"]) == ("failed", "forbidden"), report
    assert "services" in report["msg"]
    assert "lacks this right" in report["msg"]
    assert services(federation, US) == ["web"]
    assert settings(federation, US) == {"color": "blue"}
    assert {objects(played, member)["deleted"] for member in EU} == {1}


def _widgets(name: str) -> list[dict[str, Any]]:
    group = f"{name}.example.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"size": 1}}
    return [crd, widget]


@contextmanager
def _dead_apiservice(client: Kube, group: str) -> Iterator[None]:
    """The group is said to be served by a Service that does not exist, as after half an uninstallation."""
    api_version, name = "apiregistration.k8s.io/v1", f"v1.{group}"
    body = {
        "metadata": {"labels": {"kube-aggregator.kubernetes.io/automanaged": None}},
        "spec": {"service": {"namespace": "default", "name": "missing", "port": 443}, "insecureSkipTLSVerify": True},
    }

    def freshness() -> str | None:
        accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        groups = {item["metadata"].get("name"): item for item in client.read("/apis", accept)["items"]}
        return str(groups[group]["versions"][0].get("freshness")) if group in groups else None

    client.merge(api_version, "APIService", name, None, body)
    try:
        until(lambda: freshness() == "Stale", f"{group} is stale")
        yield
    finally:
        client.delete(api_version, "APIService", name)  # the API server makes its own again
        until(lambda: freshness() == "Current", f"{group} is served again")


@pytest.mark.long
def test_nothing_is_pruned_that_a_stale_discovery_hides(federation: Federation) -> None:
    crd, widget = _widgets(federation.name)
    group = f"{federation.name}.example.com"
    settled = config_map("settings", color="blue")
    try:
        done(federation.propagate(name="app", definition=[crd, widget, settled]))
        with _dead_apiservice(federation.kube[US], group):
            played = federation.propagate(name="app", definition=[crd, settled])
            report = played.member(US)
            assert report["status"] == "failed"
            assert group in report["msg"]
            assert "does not answer" in report["msg"]
            assert {objects(played, member)["deleted"] for member in EU} == {1}
        path = f"/apis/{group}/v1/namespaces/{federation.namespace}/widgets"
        found = until(lambda: federation.kube[US].read(path)["items"], "the object is still there")
        assert [item["metadata"]["name"] for item in found] == ["one"]
        assert federation.kube["eu-1"].read(path)["items"] == []
        healed = federation.propagate(name="app", definition=[crd, settled])
        done(healed)
        assert objects(healed, US)["deleted"] == 1  # it was not forgotten either
    finally:
        for client in federation.kube.values():
            client.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}")
