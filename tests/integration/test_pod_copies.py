# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A redis whose data are copied to a second member: handed over, cut off, lost and back, in real pods that replicate for real."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.node_main import node_address
from ansible_collections.multicluster.federation.plugins.plugin_utils.drill_action import stop_prober
from ansible_collections.multicluster.federation.tests.integration.pods_stage import (
    MEMBERS,
    SPACE,
    Stage,
    said,
    standing,
)
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import CACHE, in_real_pods, until

pytestmark = in_real_pods("redis")

EU, US = MEMBERS
POD = "cache-redis-server-0"
#: room for commands that are run beside the server
SIZE = {"limits": {"cpu": "1", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}}
COPIED: dict[str, Any] = {
    "app": "redis",
    "members": [EU, US],
    "data": "redis-replication",
    "service_type": "NodePort",
    "roles": [{"id": "redis-server", "storage": {"size": "1Gi"}, "resources": SIZE}],
    "parameters": {"min_replicas_to_write": 0},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with standing(Stage(tmp_path_factory.mktemp("copies"), us=["redis"])) as found:
        yield found


@pytest.fixture
def cache(stage: Stage) -> Iterator[Stage]:
    """An instance with its home in eu-1 and its copy in us-1, and with one key."""
    done = stage.made("cache", **COPIED)
    assert done.result["instance"]["replication"]["home"] == EU
    assert put(stage, EU, "first", "1") == "OK"
    until(lambda: got(stage, US, "first") == "1", "the copy has it")
    yield stage
    stage.gone("cache", retain=False)
    for member in MEMBERS:
        until(lambda member=member: not stage.claims(member), "its volumes went with it")


def put(stage: Stage, member: str, key: str, value: str) -> str:
    return said(stage, member, POD, f"redis-cli set {key} {value}")


def got(stage: Stage, member: str, key: str) -> str:
    return said(stage, member, POD, f"redis-cli get {key}")


def roles(done: Any) -> dict[str, str]:
    members = done.result["instance"]["replication"]["members"]
    return {name: body["role"] for name, body in members.items()}


def within(stage: Stage, member: str, *command: str) -> None:
    """Run a command in the network of a member's node."""
    run = stage.sandbox.folder / "members" / member / "run" / "holder.json"
    holder = str(json.loads(run.read_text())["pid"])
    subprocess.run(["nsenter", "--target", holder, "--net", *command], check=True, capture_output=True, timeout=20)


@contextmanager
def cut(stage: Stage) -> Iterator[None]:
    """Nothing gets from the pods of us-1 to the node of eu-1, nor back."""
    link = json.loads((stage.sandbox.folder / "members" / EU / "node" / "link.json").read_text())["name"]
    home = node_address(int(link.removeprefix("fed")))
    rules = [["FORWARD", "--destination", home, "-j", "DROP"], ["FORWARD", "--source", home, "-j", "DROP"]]
    for rule in rules:
        within(stage, US, "iptables", "--insert", *rule)
    try:
        yield
    finally:
        for rule in rules:
            within(stage, US, "iptables", "--delete", *rule)


def test_a_home_hands_over_and_nothing_is_lost(cache: Stage) -> None:
    again = cache.cluster("cache")
    assert not again.result["changed"], again.message
    assert roles(again) == {EU: "home", US: "copy"}
    assert "READONLY" in put(cache, US, "second", "2")

    done = cache.made("cache", home=US)
    assert roles(done) == {EU: "copy", US: "home"}
    assert "us-1 takes over from eu-1" in done.message
    assert got(cache, US, "first") == "1"
    assert put(cache, US, "second", "2") == "OK"
    assert "READONLY" in put(cache, EU, "third", "3")
    until(lambda: got(cache, EU, "second") == "2", "the old home has what the new one was told")

    # a change of configuration and another home at once: the one after the other, no pod of a home goes before its copy is well
    done = cache.made("cache", home=EU, parameters={"maxmemory_policy": "allkeys-lru"})
    assert roles(done) == {EU: "home", US: "copy"}
    assert got(cache, EU, "second") == "2"
    for member in MEMBERS:
        assert "allkeys-lru" in said(cache, member, POD, "redis-cli config get maxmemory-policy")

    # both pods are replaced, and each becomes again what it was
    for member in MEMBERS:
        cache.replaced(member, POD)
    until(lambda: put(cache, EU, "fourth", "4") == "OK", "the home takes writes again")
    until(lambda: got(cache, US, "fourth") == "4", "the copy follows")


def test_what_cannot_be_is_refused_with_the_reason(cache: Stage) -> None:
    for options, message in (
        ({"home": "eu-9"}, "home: eu-9 does not get the instance; it is for eu-1, us-1"),
        ({"data": "none"}, "has a copy of its data: with another value of data"),
        ({"instances": "each"}, "is for one instance with a copy"),
    ):
        done = cache.cluster("cache", **options)
        assert done.result["failed"]
        assert message in done.message
    alone = cache.cluster("inside", **{**COPIED, "service_type": "ClusterIP"})
    assert "nobody outside of eu-1 reaches inside there" in alone.message
    assert "NodePort" in alone.message
    cache.gone("inside")


def test_a_network_cut_between_home_and_copy(cache: Stage) -> None:
    with cut(cache):
        assert put(cache, EU, "during", "5") == "OK", "the home goes on"
        until(lambda: "link down" in position(cache, US).replace(":", ""), "the copy notices", 90)
        told = cache.cluster("cache", wait=False)
        assert any("the copy in us-1 is cut off from eu-1 since" in text for text in told.result["warnings"])
        refused = cache.cluster("cache", home=US, wait_timeout=20)
        assert "eu-1 could not hand over to us-1" in refused.message
        assert "nothing was changed, eu-1 goes on" in refused.message
        until(lambda: put(cache, EU, "after", "6") == "OK", "the home takes writes after it was refused", 30)
    until(lambda: got(cache, US, "after") == "6", "the copy catches up", 90)
    assert got(cache, US, "during") == "5"
    assert not cache.made("cache").result["changed"]

    # with a copy asked for, a home that has lost it takes no writes: nothing that is acknowledged can be lost with it for long
    cache.made("cache", parameters={"min_replicas_to_write": 1})
    until(lambda: put(cache, EU, "guarded", "7") == "OK", "its copy is there")
    with cut(cache):
        until(lambda: "NOREPLICAS" in put(cache, EU, "lonely", "8"), "it takes no writes", 60)
        assert got(cache, EU, "guarded") == "7"
    until(lambda: put(cache, EU, "lonely", "9") == "OK", "it takes writes again", 90)


def position(stage: Stage, member: str) -> str:
    return said(stage, member, POD, "sh /etc/redis-app/position")


def test_a_home_that_comes_back_empty_does_not_empty_its_copy(cache: Stage) -> None:
    core = cache.kube[EU]
    before = cache.uid(EU, POD)
    core.delete("v1", "PersistentVolumeClaim", f"p-{POD}", SPACE)
    core.delete("v1", "Pod", POD, SPACE)
    until(lambda: cache.uid(EU, POD) not in ("", before), "another pod", 120)
    why = "its volume is new, and the other member may have data: make that one the home"
    until(lambda: why in position(cache, EU), "it notices", 120)
    assert "keys=1" in said(cache, US, POD, "redis-cli info keyspace")
    assert put(cache, EU, "first", "0") != "OK"
    told = cache.cluster("cache", wait_timeout=15)
    assert told.result["failed"]
    assert why in json.dumps(told.result)
    done = cache.made("cache", home=US)
    assert roles(done) == {EU: "copy", US: "home"}
    assert got(cache, US, "first") == "1"
    until(lambda: got(cache, EU, "first") == "1", "the one that was empty gets it all")


def test_a_drill_measures_what_a_lost_home_takes_along(cache: Stage) -> None:
    """The home's member loses its power: its API server, its node, its pods. The copy takes over; the old home comes back as a copy."""
    folder = cache.folder / "drills"
    # not fenced: nothing takes over, and that is said at once
    fence = cache.folder / "fence.yml"
    fence.write_text("- name: Its power is off\n  ansible.builtin.debug:\n    msg: its power is off\n")
    values = {
        "federation_name": "pods",
        "disaster_recovery_scenario": {"members": [EU], "fault": "power_off"},
        "disaster_recovery_dir": str(folder),
        "disaster_recovery_sandbox": {"name": cache.sandbox.name, "root": str(cache.sandbox.root)},
        "disaster_recovery_fence_tasks": str(fence),
        "disaster_recovery_over": 1,
        "disaster_recovery_wait_timeout": 120,
        "disaster_recovery_targets": {"*": 90},
        "disaster_recovery_write": True,
    }
    try:
        done = cache.player.run("multicluster.federation.drill", "-e", json.dumps(values), **CACHE)
    finally:
        stop_prober(str((folder / "latest").resolve()))
    assert done.returncode == 0, done.stdout
    report = json.loads((folder / "latest" / "report.json").read_text())
    assert report["verdict"] == "PASSED", report["why"]
    app = next(app for app in report["apps"] if app["sort"] == "copied")
    assert (app["before"], app["during"]) == ({EU: 1}, {US: 1})
    assert 0 < app["rto"] < 90
    data = app["data"]
    assert data["taken"]
    assert data["home"] == US
    assert data["twice"] == []
    assert 0 < data["copied"] <= data["found"]
    assert data["lost"] == 0 or data["seconds"] < 5, data
    assert app["rpo"] in (folder / "latest" / "report.html").read_text()

    # who is back follows, and does not serve
    told = cache.made("cache")
    assert roles(told) == {EU: "copy", US: "home"}
    assert "READONLY" in put(cache, EU, "late", "1")
    assert got(cache, US, "first") == "1"
    assert said(cache, US, POD, "redis-cli exists multicluster.federation:drill") == "0", "what it wrote was taken away"


def test_without_a_fence_nobody_takes_over_from_a_home_that_keeps_state(cache: Stage) -> None:
    cache.component(EU, "all", "killed")
    try:
        assert not cache.task("cluster", only=[EU], lost=True, request_timeout=5).result["failed"]
        done = cache.task("failover", wait=True, request_timeout=5)
        assert done.result["failed"]
        assert "eu-1, which took writes, is lost; us-1 takes over as soon as it may: it keeps state" in done.message
        assert put(cache, US, "first", "0") != "OK"
        assert not cache.task("cluster", only=[EU], fenced=True, request_timeout=5).result["failed"]
        moved = cache.task("failover", wait=True, request_timeout=5)
        assert not moved.result["failed"], moved.message
        assert "us-1 takes over from eu-1" in moved.message
        assert put(cache, US, "first", "2") == "OK"
    finally:
        cache.component(EU, "all", "started")
        back = cache.task("failback", wait=True, wait_timeout=120)
    assert not back.result["failed"], back.message
    assert roles(cache.made("cache")) == {EU: "copy", US: "home"}
    assert got(cache, EU, "first") == "2"
