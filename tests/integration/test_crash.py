# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that is killed converges when it is started again: same end state, no orphan, no duplicate.

A proxy before the members kills the run, with SIGKILL, at an exact write: right after its answer, or when the API server has done it
and nobody knows yet. What the next runs make of that is compared with what an uninterrupted run makes: every object on every member.

Three acts lead around in a circle, so that each act begins where the one before was proven to end:
a first propagation, a change of nearly everything, and the removal.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.killing import Springs, killed_run
from ansible_collections.multicluster.federation.tests.integration.manifests import CRD, custom_kind, manifest, workload
from ansible_collections.multicluster.federation.tests.integration.proxy import Proxy, Request
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.snapshot import snapshot
from ansible_collections.multicluster.federation.tests.integration.stage import Federation, Played

pytestmark = pytest.mark.integration

#: runs that a removal may need while what is in its namespaces goes: the killed one may have begun to delete them
RUNS = 3
#: an act that needs more writes than this has a fault of another sort
MOST = 120

State = dict[str, dict[str, dict[str, Any]]]


def _crd(group: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
    }
    return custom_kind(group, "Widget", "widgets", schema)


def _deployment(image: str) -> dict[str, Any]:
    pod = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", "image": image}]}
    return workload("web", pod, replicas=1)


def _first(name: str) -> dict[str, Any]:
    """Everything that can be made: on all members a CRD, one of its objects, a Secret; on two of them an application."""
    group = f"{name}.example.com"
    base = [_crd(group), manifest(f"{group}/v1", "Widget", "one", spec={"size": 1})]
    base.append(manifest("v1", "Secret", "token", stringData={"token": "first"}))
    service = manifest("v1", "Service", "web", spec={"clusterIP": "None", "selector": {"app": "web"}})
    app = [_deployment("registry.example.com/web:1"), service]
    return {
        "resources": [
            {"name": "base", "namespace": f"{name}-base", "definition": base},
            {
                "name": "app",
                "namespace": f"{name}-app",
                "definition": app,
                "placement": {"members": ["eu-1", "eu-2"]},
            },
        ]
    }


def _second(name: str) -> dict[str, Any]:
    """The application loses a kind, gains another, changes an object, leaves eu-1 and comes to us-1; a Secret changes."""
    options = _first(name)
    base, app = options["resources"]
    base["definition"][-1]["stringData"] = {"token": "second"}
    app["definition"] = [_deployment("registry.example.com/web:2"), manifest("v1", "ServiceAccount", "web")]
    app["placement"] = {"members": ["eu-2", "us-1"]}
    return options


def _third(name: str) -> dict[str, Any]:
    """Everything goes."""
    return {
        "resources": [{"name": name, "state": "absent", "delete_namespaces": True} for name in ("base", "app")],
    }


ACTS = {"first": _first, "change": _second, "removal": _third}


@dataclass
class Theatre:
    """Plays the acts on a federation behind the proxy."""

    federation: Federation
    proxy: Proxy

    def options(self, act: str) -> dict[str, Any]:
        # the lock of a run that was killed must be free at once, not when it has run out
        return {"max_deletions": "100%", "lock_timeout": 10, **ACTS[act](self.federation.name)}

    def state(self) -> State:
        return {member: snapshot(client, self.federation.name) for member, client in self.federation.kube.items()}

    def run(self, act: str) -> Played:
        """The act, uninterrupted. A removal that finds a namespace still going says so, and is run again when it is gone."""
        for _run in range(RUNS):
            played = self.federation.propagate(**self.options(act))
            assert not played.result["failed"], played.message
            if not any(member["objects"]["going"] for member in played.result["members"].values()):
                return played
            self.settled()
        raise AssertionError(f"{act} does not come to an end in {RUNS} runs")

    def settled(self) -> State:
        """The state once everything that is being deleted is gone."""

        def look() -> State | None:
            state = self.state()
            going = any(item["metadata"].get("going") for found in state.values() for item in found.values())
            return None if going else state

        found: State = until(look, "what is being deleted is gone", 120)
        return found

    def killed(self, act: str, springs: Springs, lose_answer: bool) -> Request | None:
        """The act, killed at the write for which ``springs``; returns that write, None if the run came to its end before."""
        options = {"namespace": self.federation.namespace, **self.options(act)}
        return killed_run(self.federation, self.proxy, "federated_resource", options, springs, lose_answer)

    def check(self, act: str, wanted: State, after: str) -> None:
        """The act has led to the state ``wanted``, and once more it finds nothing to do and writes nothing."""
        assert self.settled() == wanted, after
        before = len(self.proxy.writes())
        again = self.federation.propagate(**self.options(act))
        assert not again.result["changed"], f"{after}: {again.message}"
        assert "nothing to do" in again.message, after
        assert [str(write.request) for write in self.proxy.writes()[before:]] == [], after

    def forget_crds(self) -> None:
        """CRDs outlive a removal; for the next first propagation they are taken away as an administrator would."""
        name = f"widgets.{self.federation.name}.example.com"
        for client in self.federation.kube.values():
            if client.get(*CRD, name):
                client.delete(*CRD, name)
        for client in self.federation.kube.values():
            until(lambda client=client: not client.get(*CRD, name), "the CRD is gone")  # type: ignore[misc]

    def rehearse(self) -> tuple[dict[str, State], dict[str, int]]:
        """One circle without a kill: the state after each act, and how many writes it took beside those of the lock."""
        states, writes = {}, {}
        for act in ACTS:
            before = len(self.proxy.writes())
            self.run(act)
            done = [write.request.path for write in self.proxy.writes()[before:]]
            writes[act] = sum(1 for path in done if "/leases/" not in path)
            states[act] = self.settled()
        self.forget_crds()
        return states, writes


@pytest.fixture
def theatre(proxied: Federation, proxy: Proxy) -> Iterator[Theatre]:
    found = Theatre(proxied, proxy)
    yield found
    found.forget_crds()


def _kinds(state: dict[str, dict[str, Any]]) -> set[str]:
    return {name.split(" ")[0] for name in state}


def _is(method: str, part: str, status: int | None = None) -> Springs:
    return lambda _number, request, code: request.method == method and part in request.target and status in (None, code)


def _number(wanted: int) -> Springs:
    return lambda number, _request, _status: number == wanted


#: the sample: for each act the kills one after the other, each in the run after the one before; "lost" is without an answer
SAMPLE: dict[str, list[tuple[str, Springs, bool]]] = {
    "first": [
        ("a record is made", _is("PATCH", "/configmaps/resource-", 201), False),
        ("an object is made", _is("PATCH", "/deployments/", 201), True),
    ],
    "change": [
        ("an object is changed", _is("PATCH", "/deployments/", 200), True),
        ("an object is pruned", _is("DELETE", "/services/", 200), False),
    ],
    "removal": [
        ("a namespace is deleted", _is("DELETE", "/namespaces/", 200), True),
        ("a record is deleted", _is("DELETE", "/configmaps/resource-", 200), False),
    ],
}


def test_killed_at_a_write_of_each_sort(theatre: Theatre) -> None:
    states, _writes = theatre.rehearse()
    assert {"Widget", "Secret", "Deployment", "Service", "Lease"} <= _kinds(states["first"]["eu-1"])
    assert "Deployment" not in _kinds(states["change"]["eu-1"])
    assert {"Deployment", "ServiceAccount", "Lease"} <= _kinds(states["change"]["us-1"])
    for act, kills in SAMPLE.items():
        for what, springs, lose_answer in kills:
            assert theatre.killed(act, springs, lose_answer), f"{act}: no write where {what}"
        theatre.run(act)
        theatre.check(act, states[act], f"{act}, killed where " + " and where ".join(what for what, _s, _l in kills))


def _kept(state: State) -> State:
    """The state without what a removal does not take back: CRDs, and the Lease that the first run with writes makes."""
    outlives = (CRD[1], "Lease")
    return {m: {n: o for n, o in found.items() if n.split(" ")[0] not in outlives} for m, found in state.items()}


def _check_removed(theatre: Theatre, empty: State, after: str) -> None:
    """Another wish than that of the killed run, which only its records can make come true: nothing of it is left."""
    theatre.run("removal")
    assert _kept(theatre.settled()) == _kept(empty), after
    theatre.forget_crds()


@pytest.mark.long
def test_killed_and_then_removed(theatre: Theatre) -> None:
    empty = theatre.settled()
    assert theatre.killed("first", _is("PATCH", "/deployments/", 201), True)
    _check_removed(theatre, empty, "killed where an object is made")


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
def test_killed_at_every_write_and_then_removed(theatre: Theatre) -> None:
    empty = theatre.settled()
    for number in itertools.count(1):
        assert number < MOST
        killed = theatre.killed("first", _number(number), True)
        print(f"killed at write {number}: {killed}")
        _check_removed(theatre, empty, f"killed at write {number}: {killed}")
        if killed is None:
            break
    assert number > 20  # three locks, records, and everything that the first act makes


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize("lose_answer", [False, True], ids=["answered", "answer-lost"])
def test_killed_at_every_write(theatre: Theatre, lose_answer: bool) -> None:
    """The i-th write of each act, for every i that there is. Each round goes through all acts, so none has to be set up."""
    states, writes = theatre.rehearse()
    kills = dict.fromkeys(ACTS, 0)
    for number in itertools.count(1):
        assert number < MOST, kills
        ended = 0
        for act in ACTS:
            killed = theatre.killed(act, _number(number), lose_answer)
            if killed is None:
                ended += 1
            else:
                kills[act] += 1
                theatre.run(act)
            after = f"{act}, killed at write {number}: {killed}"
            print(after)
            theatre.check(act, states[act], after)
        theatre.forget_crds()
        if ended == len(ACTS):
            break
    print(f"kills: {kills}")
    # the writes of the lock are killed, too; how often it is renewed depends on the machine
    assert all(kills[act] > writes[act] for act in ACTS), (kills, writes)
