# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members that fail in the ways that real ones do: what is reported, what is left alone, and what it costs the others.

The servers are real; where they have to misbehave, a proxy before them does it, or something real is broken on them.
"""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.breakage import dead_apiservice, dead_webhook
from ansible_collections.multicluster.federation.tests.integration.manifests import (
    config_map,
    custom_kind,
    manifest,
    workload,
)
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
    Played,
    user_of,
)

pytestmark = pytest.mark.integration

EU, US = ("eu-1", "eu-2"), "us-1"


def deployment(image: str = "registry.example.com/web:1") -> dict[str, Any]:
    pod = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", "image": image}]}
    return workload("web", pod, replicas=1)


SERVICE = manifest("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
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


@pytest.mark.parametrize(
    "fault",
    [
        _reset_after,
        pytest.param(_reset_before, marks=pytest.mark.long),
        pytest.param(_error_after, marks=pytest.mark.long),
    ],
)
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


@pytest.mark.long
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


def test_a_dead_webhook_blocks_its_objects_only_and_is_named(proxied: Federation, proxy: Proxy) -> None:
    done(proxied.propagate(name="app", definition=APP))
    webhook = f"dead.{proxied.name}.example.com"
    with dead_webhook(proxied.kube[US], webhook, proxied.namespace):
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


@pytest.mark.long
def test_a_full_etcd_is_told_and_the_others_go_on(proxied: Federation, proxy: Proxy) -> None:
    done(proxied.propagate(name="app", definition=APP))
    with proxied.sandbox.full_etcd(US):
        before = len(proxy.writes())
        played = proxied.propagate(name="app", definition=SMALLER)
        tried = [seen for seen in proxy.writes()[before:] if seen.request.member == US]
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


@pytest.mark.long
def test_nothing_is_pruned_that_a_stale_discovery_hides(federation: Federation, group: str) -> None:
    crd = custom_kind(group, "Widget", "widgets")
    widget = manifest(f"{group}/v1", "Widget", "one", spec={"size": 1})
    settled = config_map("settings", color="blue")
    done(federation.propagate(name="app", definition=[crd, widget, settled]))
    with dead_apiservice(federation.kube[US], group):
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
