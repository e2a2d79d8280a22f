# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two cooperating runs never interleave: real runs at the same time, and locks left behind by holders of every sort."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.holder import identify
from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Played

pytestmark = pytest.mark.integration

SOMEBODY = "alice@bastion, pid 4711, run 0badcafe"


def settings(value: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"from": value}}


def only(value: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"only-{value}"}, "data": {"from": value}}


#: two wishes that share one member, one object and nothing else
WISHES: dict[str, dict[str, Any]] = {
    "a": {"definition": [settings("a"), only("a")], "placement": {"members": ["eu-1", "us-1"]}},
    "b": {"definition": [settings("b"), only("b")], "placement": {"members": ["eu-2", "us-1"]}},
}


def state(federation: Federation) -> dict[str, dict[str, str]]:
    """What every member has in the test's namespace: name -> whose."""
    found: dict[str, dict[str, str]] = {}
    for member in MEMBERS:
        client = federation.kube[member]
        maps = client.api("v1", "ConfigMap").get(namespace=federation.namespace).to_dict()["items"]
        found[member] = {m["metadata"]["name"]: m["data"]["from"] for m in maps if "from" in (m.get("data") or {})}
    return found


def meant(wish: str) -> dict[str, dict[str, str]]:
    there = {"settings": wish, f"only-{wish}": wish}
    return {member: there if member in WISHES[wish]["placement"]["members"] else {} for member in MEMBERS}


def together(federation: Federation, **options: Any) -> dict[str, Played]:
    """Both wishes at the same moment, each by an ansible-playbook of its own."""

    def ask(wish: str) -> Played:
        return federation.propagate(name="settings", max_deletions="100%", **WISHES[wish], **options)

    with ThreadPoolExecutor(len(WISHES)) as pool:
        return dict(zip(WISHES, pool.map(ask, WISHES), strict=True))


def race(federation: Federation, rounds: int) -> int:
    """Runs that wait for each other and runs that do not, in turn; returns how often one of them was told of the other."""
    told = 0
    for number in range(rounds):
        patient = number % 2 == 0
        done = together(federation, lock_timeout=60 if patient else 0)
        won = [wish for wish, played in done.items() if not played.result["failed"]]
        assert won, {wish: played.message for wish, played in done.items()}
        assert state(federation) in [meant(wish) for wish in won]
        if patient:
            assert len(won) == len(WISHES), {wish: played.message for wish, played in done.items()}
        for wish, played in done.items():
            if wish not in won:
                assert "another run works on this federation" in played.message
            told += wish not in won or "waited for another run" in str(played.result.get("warnings"))
        # whoever came last, one more run of a wish finds its own state or brings it about, whole
        last = federation.propagate(name="settings", max_deletions="100%", **WISHES["a"])
        assert not last.result["failed"], last.message
        assert state(federation) == meant("a")
        again = federation.propagate(name="settings", max_deletions="100%", **WISHES["a"])
        assert again.message.endswith("nothing to do")
    return told


def test_two_runs_at_once_never_make_a_mixture(federation: Federation) -> None:
    race(federation, 3)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_runs_at_once_fifty_times(federation: Federation) -> None:
    assert race(federation, 50), "no two runs ever met: this shows nothing"


@pytest.fixture(autouse=True)
def freed(federation: Federation) -> Iterator[None]:
    """Whatever lock a test leaves behind is gone before the members leave their federation."""
    yield
    for client in federation.kube.values():
        space = names.federation_namespace(federation.name)
        if client.get("coordination.k8s.io/v1", "Lease", names.LEASE, space):
            client.delete("coordination.k8s.io/v1", "Lease", names.LEASE, space)


def put_lease(federation: Federation, member: str, holder: str, seconds: int, process: str = "") -> None:
    """A lock as another run leaves it: ``process`` says which."""
    client, space = federation.kube[member], names.federation_namespace(federation.name)
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, "renewTime": now, "leaseTransitions": 7}
    metadata = {"name": names.LEASE, "annotations": {names.ANNOTATION_PROCESS: process}}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
    if client.get("coordination.k8s.io/v1", "Lease", names.LEASE, space):
        client.delete("coordination.k8s.io/v1", "Lease", names.LEASE, space)
    client.create(body, space)


def lease(federation: Federation, member: str) -> dict[str, Any]:
    space = names.federation_namespace(federation.name)
    return dict(federation.kube[member].get("coordination.k8s.io/v1", "Lease", names.LEASE, space) or {})


def test_a_lock_that_is_held_stops_the_run_with_its_holder_and_without_a_write(federation: Federation) -> None:
    put_lease(federation, "eu-2", SOMEBODY, 3600)
    before = {member: federation.sandbox.writes(member) for member in MEMBERS}
    refused = federation.propagate(name="settings", definition=settings("x"), lock_timeout=0)
    assert refused.result["failed"]
    assert SOMEBODY in refused.message
    assert "lock_timeout" in refused.message
    for member in MEMBERS:
        new = federation.sandbox.writes(member)[len(before[member]) :]
        assert [write for write in new if "/leases/" not in write] == []
        assert member == "eu-2" or not lease(federation, member)["spec"].get("holderIdentity"), "all or none"
    # reading and predicting need no lock
    assert not federation.propagate("--check", name="settings", definition=settings("x"), lock_timeout=0).result[
        "failed"
    ]


def test_a_lock_that_ran_out_is_taken_over_by_the_clock_of_the_api_server(federation: Federation) -> None:
    put_lease(federation, "us-1", SOMEBODY, 4, process="another machine")
    begun = time.monotonic()
    done = federation.propagate(name="settings", definition=settings("x"))
    assert not done.result["failed"], done.message
    assert time.monotonic() - begun > 4
    assert any(SOMEBODY in warning for warning in done.result["warnings"])
    assert f"waiting for the lock: us-1 ({SOMEBODY})" in done.output
    assert lease(federation, "us-1")["spec"]["leaseTransitions"] == 8
    assert not lease(federation, "us-1")["spec"].get("holderIdentity")


def test_a_crashed_holder_of_this_machine_holds_up_nobody(federation: Federation) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        alive = identify(process.pid)
        put_lease(federation, "eu-1", SOMEBODY, 3600, alive)
        refused = federation.propagate(name="settings", definition=settings("x"), lock_timeout=0)
        assert SOMEBODY in refused.message
        process.kill()
    done = federation.propagate(name="settings", definition=settings("x"), lock_timeout=0)
    assert not done.result["failed"], done.message


def test_a_run_with_nothing_to_write_asks_for_no_lock(federation: Federation) -> None:
    assert not federation.propagate(name="settings", definition=settings("x")).result["failed"]
    put_lease(federation, "eu-1", SOMEBODY, 3600)
    done = federation.propagate(name="settings", definition=settings("x"), lock_timeout=0)
    assert done.message.endswith("nothing to do")
