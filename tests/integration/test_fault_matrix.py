# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fault matrix: each fault on one member of a running federation, what the others notice of it, and how it heals.

What is believed comes from audit logs and from dumps of objects. FEDERATION_SEED=7 plays the sick member and the act of that seed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration import matrix
from ansible_collections.multicluster.federation.tests.integration.conftest import running_proxy, unjoined_federation
from ansible_collections.multicluster.federation.tests.integration.matrix import MOVE, REMOVE, UPDATE, Fault, Ground
from ansible_collections.multicluster.federation.tests.integration.proxy import Proxy
from ansible_collections.multicluster.federation.tests.integration.snapshot import snapshot, strangers
from ansible_collections.multicluster.federation.tests.integration.stage import (
    MEMBERS,
    Federation,
    Kube,
    Played,
    Player,
    Sandbox,
    membership,
)

pytestmark = pytest.mark.integration

#: of one request, while a fault is there: what waits for the sick member waits longer than this
REQUEST_SECONDS = 7.0
#: the grace that others give a late member, and the noise of a busy machine
MARGIN_SECONDS = 4.0
SAMPLE = {("killed-api-server", 1), ("paused-api-server", 2), ("reset-in-a-list", 3)}
SEEDS = [int(os.environ["FEDERATION_SEED"])] if "FEDERATION_SEED" in os.environ else [1, 2, 3]


@pytest.fixture(scope="module")
def ground(
    sandbox: Sandbox, kube: dict[str, Kube], proxy_certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Federation, Proxy]]:
    """One joined federation for all faults of the session."""
    player = Player(tmp_path_factory.mktemp("matrix"), sandbox.inventory)
    with unjoined_federation(sandbox, kube, player) as federation, running_proxy(sandbox, proxy_certificate) as proxy:
        membership(federation.name, sandbox)
        try:
            yield federation, proxy
        finally:
            for client in kube.values():
                for name in client.names("apiextensions.k8s.io/v1", "CustomResourceDefinition"):
                    if name.endswith(matrix.group_of(federation)):
                        client.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)


class Round:
    """One fault, one member, one act."""

    def __init__(self, ground: Ground, fault: Fault, act: str) -> None:
        self.ground, self.fault, self.act = ground, fault, act
        self.federation = ground.federation
        self.others = [member for member in MEMBERS if member != ground.sick]

    def run(self, version: int, inventory: Path | None = None, act: str = UPDATE, **options: Any) -> Played:
        wish: dict[str, Any] = {"definition": [*matrix.app(self.ground.group, version)]}
        if version == 2:
            wish["definition"] += self.ground.more
        if act == MOVE:
            wish["placement"] = {"exclude": [self.ground.sick]}
        if act == REMOVE:
            wish = {"state": "absent"}
        options = {"name": self.ground.resource, "namespace": self.ground.space, "max_deletions": "100%", **options}
        return self.federation.propagate(inventory=inventory, **options, **wish)

    def settle(self) -> Played:
        """The wish of the act, on a healthy fleet."""
        return self.run(1 if self.act == MOVE else 2, act=self.act)

    def writes(self, member: str, since: int = 0) -> list[tuple[float, str]]:
        """What changed the application or the federation on a member: when (seconds since 1970), and what; not the lock."""
        spaces = (f"/namespaces/{self.ground.space}", f"/namespaces/federation-{self.federation.name}/")
        return [
            (_moment(event), f"{event['verb']} {event['requestURI']}")
            for event in self.federation.sandbox.audit(member)[since:]
            if event["verb"] not in ("get", "list", "watch")
            and event["requestURI"].split("?")[0].startswith(("/api/v1", "/apis"))
            and any(space in event["requestURI"] for space in spaces)
            and "/leases/" not in event["requestURI"]
            and "/serviceaccounts/" not in event["requestURI"]
            and not event["user"]["username"].startswith(("system:kube", "system:node", "system:serviceaccount:kube"))
        ]

    def marks(self) -> dict[str, int]:
        return {member: len(self.federation.sandbox.audit(member)) for member in MEMBERS}

    def objects(self, member: str) -> dict[str, Any]:
        """The application on a member, without what each member decides itself."""
        found = snapshot(self.federation.kube[member], self.federation.name)
        inside = {name: body for name, body in found.items() if f" {self.ground.space}/" in name}
        for body in inside.values():
            body["metadata"].pop("managedFields", None)
            for key in ("clusterIP", "clusterIPs"):
                (body.get("spec") or {}).pop(key, None)
        return inside


def _moment(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["stageTimestamp"].replace("Z", "+00:00")).timestamp()


def _last(writes: list[tuple[float, str]], started: float) -> float:
    return max((moment - started for moment, _what in writes), default=0.0)


def _check_the_others(play: Round, sick_run: Played, marks: dict[str, int], started: float, usual: float) -> None:
    for member in play.others:
        report = sick_run.member(member)
        assert report["status"] in ({"ok", "changed"} if play.act == MOVE else {"changed"}), report
        if play.act == MOVE:  # only the records change
            assert {key for key, count in report["objects"].items() if count} <= {"total", "unchanged", "kept"}, report
        took = _last(play.writes(member, marks[member]), started)
        assert took <= usual + MARGIN_SECONDS, f"{member} was done after {took:.1f} s, usually after {usual:.1f} s"


def _check_the_sick(play: Round, sick_run: Played, marks: dict[str, int]) -> None:
    fault, report = play.fault, sick_run.member(play.ground.sick)
    if report["status"] != "failed":
        assert not fault.reasons or "" in fault.reasons, report
        return
    assert report["reason"] in fault.reasons, report
    assert fault.message in report["msg"], report
    assert play.ground.sick in sick_run.message
    if not fault.written:
        assert play.writes(play.ground.sick, marks[play.ground.sick]) == []


@pytest.mark.parametrize(
    ("fault", "seed"),
    [
        pytest.param(
            fault,
            seed,
            id=f"{fault.name}-{seed}",
            marks=[] if (fault.name, seed) in SAMPLE else [pytest.mark.long],
        )
        for fault in matrix.FAULTS
        for seed in SEEDS
    ],
)
def test_a_fault_stays_where_it_is_and_heals(fault: Fault, seed: int, ground: tuple[Federation, Proxy]) -> None:
    why_not = fault.unavailable()
    if why_not:
        pytest.skip(why_not)
    federation, proxy = ground
    sick, act = matrix.chosen(fault, seed, MEMBERS)
    print(f"FEDERATION_SEED={seed}: {fault.name} on {sick}, the run: {act}")
    resource = f"{fault.name}-{seed}"
    place = Ground(federation, proxy, sick, resource, f"{federation.name}-{resource}", federation.player.folder)
    play = Round(place, fault, act)
    with ExitStack() as after:
        after.callback(lambda: play.run(1, act=REMOVE, delete_namespaces=True))
        marks, started = play.marks(), time.time()
        first = play.run(1)
        assert not first.result["failed"], first.message
        usual = max(_last(play.writes(member, marks[member]), started) for member in MEMBERS)
        foreign = {member: strangers(federation.kube[member], federation.name) for member in MEMBERS}

        with fault.inject(place) as variables:
            inventory = federation.inventory_with(**{sick.replace("-", "_"): dict(variables)})
            limits = {"request_timeout": REQUEST_SECONDS, "member_timeout": 20.0}
            marks, started = play.marks(), time.time()
            sick_run = play.run(1 if act == MOVE else 2, inventory, act, **limits)
            if fault.health:
                health = federation.player.task("cluster_info", {"request_timeout": 4.0}, inventory=inventory)
                assert health.member(sick)["status"] == fault.health, health.member(sick)
                assert {health.member(member)["status"] for member in play.others} == {"ready"}
        _check_the_others(play, sick_run, marks, started, usual)
        _check_the_sick(play, sick_run, marks)

        healed = play.settle()
        assert not healed.result["failed"], healed.message
        if act == UPDATE:
            assert play.objects(sick) == play.objects(play.others[0])
            assert play.objects(sick)
        elif act == MOVE:
            assert not play.objects(sick)
            assert play.objects(play.others[0])
        else:
            assert [play.objects(member) for member in MEMBERS] == [{}] * len(MEMBERS)
        marks = play.marks()
        again = play.settle()
        assert (again.result["failed"], again.result["changed"]) == (False, False), again.message
        assert [play.writes(member, marks[member]) for member in MEMBERS] == [[]] * len(MEMBERS)
        assert {m: strangers(federation.kube[m], federation.name) for m in MEMBERS} == foreign
