# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lock between runs, against a server that keeps one Lease as an API server does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet import api as api_module
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.api import MemberApi
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.holder import identify
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import Endpoint
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.transport import Transport
from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.lease import (
    lease_manifest,
    micro_time,
    read_lease,
)
from ansible_collections.multicluster.federation.plugins.module_utils.propagation import lock as lock_module
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.lock import Held, Lock, take_all
from ansible_collections.multicluster.federation.tests.unit.helpers import answer, read_request, serving

#: the time by the clock of the server, which is not ours
NOW = 1_000_000_000
#: what is done instead of an answer: the connection is reset, before or after the write was done
RESET_BEFORE, RESET_AFTER = "reset before", "reset after"


class Leases:
    """One Lease and its versions. ``spoil`` is what becomes of the next writes; ``before_write`` runs before the next one."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.now = NOW
        self.writes = 0
        self.spoil: list[bytes | str] = []
        self.before_write: Callable[[], None] | None = None
        self.changed = threading.Condition()
        self._version = 100

    def put(self, holder: str, renewed: float, process: str = "") -> None:
        """A Lease as another run has left it."""
        self.keep(lease_manifest("acme", holder, process, 1, renewed, "1"), renewed)

    def keep(self, body: dict[str, Any], renewed: float) -> None:
        self._version += 1
        time = micro_time(renewed)[:19] + "Z"  # whole seconds, as in all managedFields
        entry = {"manager": names.field_manager("acme"), "operation": "Apply", "time": time}
        metadata = {**body["metadata"], "resourceVersion": str(self._version), "managedFields": [entry]}
        self.lease = {**body, "metadata": metadata}

    @property
    def holder(self) -> str:
        return read_lease(self.lease or {}).holder

    def serve(self, connection: socket.socket, _stop: threading.Event) -> None:
        while data := read_request(connection):
            head, _end, body = data.partition(b"\r\n\r\n")
            with self.changed:
                given = self._answer(head.split(b" ")[0], body)
                self.changed.notify_all()
            if not given:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
                return
            connection.sendall(given)

    def _answer(self, method: bytes, raw: bytes) -> bytes:
        date = formatdate(self.now, usegmt=True)
        if method == b"GET":
            return answer(200, self.lease, Date=date) if self.lease else answer(404, {"message": "none"}, Date=date)
        if self.before_write:
            meanwhile, self.before_write = self.before_write, None
            meanwhile()
        spoil = self.spoil.pop(0) if self.spoil else None
        if spoil == RESET_BEFORE:
            return b""
        if isinstance(spoil, bytes):
            return spoil
        body = json.loads(raw)
        current = self.lease["metadata"]["resourceVersion"] if self.lease else "1"
        if body["metadata"]["resourceVersion"] != current:
            return answer(409, {"message": "the object has been modified"}, Date=date)
        self.keep(body, self.now)
        self.writes += 1
        return b"" if spoil == RESET_AFTER else answer(200, {"metadata": (self.lease or {})["metadata"]}, Date=date)


@contextmanager
def member(name: str = "ams") -> Iterator[tuple[MemberApi, Leases]]:
    leases = Leases()
    with serving(leases.serve) as server:
        transport = Transport(Endpoint(server.url), 10)
        try:
            yield MemberApi(name, transport, Deadline(30)), leases
        finally:
            transport.close()


@contextmanager
def lock() -> Iterator[Lock]:
    """The lock of a run; its thread is gone afterwards."""
    found = Lock("acme")
    try:
        yield found
    finally:
        found.release()
        if found._renewer is not None:
            found._renewer.join(10)
            assert not found._renewer.is_alive()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause before a repetition."""
    monkeypatch.setattr(api_module, "time", SimpleNamespace(sleep=lambda _seconds: None))


def test_a_free_lock_is_taken_and_given_back() -> None:
    with member() as (api, leases), lock() as ours:
        assert not ours.holds("ams")
        ours.take(api, 0)
        assert ours.holds("ams")
        assert leases.holder == ours.holder
        assert read_lease(leases.lease or {}).process == identify()
        ours.release()
        assert not ours.holds("ams")
        assert leases.holder == ""
        assert read_lease(leases.lease or {}).turns == 1


def test_the_next_run_takes_it() -> None:
    with member() as (api, leases), lock() as first, lock() as second:
        first.take(api, 0)
        with pytest.raises(Held) as caught:
            second.take(api, 0)
        assert (caught.value.holder, caught.value.kind) == (first.holder, Kind.LOCKED)
        assert first.holder in str(caught.value)
        assert not second.holds("ams")
        first.release()
        second.take(api, 0)
        assert leases.holder == second.holder
        assert read_lease(leases.lease or {}).turns == 2


@pytest.mark.parametrize(
    ("holder", "ago", "seconds", "again"),
    [
        ("", 3600, 10, False),
        ("", 5, 10, True),
        ("", 1, 0, True),  # the server tells whole seconds
        ("alice", 3600, 10, True),  # she was interrupted: who knows when
    ],
)
def test_what_was_read_while_another_run_worked_is_read_again(holder: str, ago: int, seconds: int, again: bool) -> None:
    with member() as (api, leases), lock() as ours:
        leases.put(holder, NOW - ago)
        assert ours.take(api, seconds) is again


def test_a_lock_that_nobody_ever_had_hides_nothing() -> None:
    with member() as (api, _leases), lock() as ours:
        assert ours.take(api, 3600) is False


def test_only_what_is_chosen_is_given_back() -> None:
    with member("ams") as (ams, one), member("bom") as (bom, other), lock() as ours:
        ours.take(ams, 0)
        ours.take(bom, 0)
        ours.release(["ams", "unknown"])
        assert (ours.holds("ams"), ours.holds("bom")) == (False, True)
        assert (one.holder, other.holder) == ("", ours.holder)


@pytest.mark.parametrize(("ago", "free"), [(0, False), (40, False), (48, True), (3600, True)])
def test_a_lock_runs_out_by_the_clock_of_the_server(ago: int, free: bool) -> None:
    with member() as (api, leases), lock() as ours:
        leases.put("alice@elsewhere, pid 7", NOW - ago, "another-boot:1:2:3")
        if free:
            ours.take(api, 0)
            assert leases.holder == ours.holder
        else:
            with pytest.raises(Held, match="another run works on this federation: alice@elsewhere, pid 7"):
                ours.take(api, 0)
            assert leases.writes == 0


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="this system has no /proc")
def test_a_crashed_holder_of_this_machine_holds_up_nobody() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        crashed = identify(process.pid)
        with member() as (api, leases), lock() as ours:
            leases.put("bob", NOW, crashed)
            with pytest.raises(Held):
                ours.take(api, 0)
            process.kill()
            process.wait(10)
            ours.take(api, 0)
            assert leases.holder == ours.holder


def test_who_was_faster_has_it() -> None:
    with member() as (api, leases), lock() as ours:
        leases.before_write = lambda: leases.put("carol", NOW)
        with pytest.raises(Held) as caught:
            ours.take(api, 0)
        assert caught.value.holder == "carol"
        assert leases.writes == 0


def test_many_that_were_faster() -> None:
    with member() as (api, leases), lock() as ours:

        def again() -> None:
            leases.put("", NOW)
            leases.before_write = again

        leases.before_write = again
        with pytest.raises(Held, match="several at once"):
            ours.take(api, 0)


@pytest.mark.parametrize("spoil", [RESET_BEFORE, RESET_AFTER, answer(503, {"message": "starting"})])
def test_a_lost_answer_does_not_lose_the_lock(spoil: bytes | str) -> None:
    """After a lost answer the second try is a conflict with ourselves."""
    with member() as (api, leases), lock() as ours:
        leases.spoil = [spoil]
        ours.take(api, 0)
        assert ours.holds("ams")
        assert leases.holder == ours.holder
        leases.spoil = [spoil]
        ours.release()
        assert leases.holder == ""


def test_a_lock_is_given_back_also_when_a_renewal_was_under_way() -> None:
    with member() as (api, leases), lock() as ours:
        ours.take(api, 0)
        assert leases.lease is not None
        leases.keep(leases.lease, NOW)  # a version that the run has not heard of yet
        ours.release()
        assert leases.holder == ""


def test_a_member_that_does_not_play_is_not_held() -> None:
    with member() as (api, leases), lock() as ours:
        leases.spoil = [answer(403, {"message": "leases is forbidden"})]
        with pytest.raises(MemberError) as caught:
            ours.take(api, 0)
        assert (caught.value.kind, isinstance(caught.value, Held)) == (Kind.FORBIDDEN, False)
        assert not ours.holds("ams")


def test_what_was_not_renewed_in_time_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "LEASE_SECONDS", 0)
    with member() as (api, leases), lock() as ours:
        ours.take(api, 0)
        assert not ours.holds("ams")
        # nor given back: it may be another's by now
        writes = leases.writes
        ours.release()
        assert leases.writes == writes


# renewals


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is renewed all the time."""
    monkeypatch.setattr(lock_module, "RENEW_SECONDS", 0.01)


def renewals(leases: Leases, count: int) -> bool:
    with leases.changed:
        target = leases.writes + count
        return leases.changed.wait_for(lambda: leases.writes >= target, 5)


@pytest.mark.usefixtures("busy")
def test_a_lock_is_renewed_while_the_run_works_and_not_afterwards() -> None:
    with member() as (api, leases), lock() as ours:
        ours.take(api, 0)
        assert renewals(leases, 3)
        assert leases.holder == ours.holder
        assert read_lease(leases.lease or {}).turns == 1
        ours.release()
        assert ours._renewer is not None
        ours._renewer.join(10)
        assert leases.holder == ""


@pytest.mark.usefixtures("busy")
def test_a_member_that_does_not_answer_holds_up_no_other_renewal() -> None:
    with member("ams") as (ams, one), member("bom") as (bom, other), lock() as ours:
        ours.take(ams, 0)
        ours.take(bom, 0)
        with one.changed:
            one.spoil = [answer(403, {"message": "forbidden"})] * 1000
        assert renewals(other, 3)
        assert ours.holds("bom")


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("spoil", [RESET_BEFORE, RESET_AFTER, answer(503, {"message": "starting"})])
def test_a_renewal_whose_answer_was_lost_is_not_the_last(spoil: bytes | str) -> None:
    with member() as (api, leases), lock() as ours:
        ours.take(api, 0)
        assert renewals(leases, 1)
        with leases.changed:
            leases.spoil = [spoil]
        assert renewals(leases, 3)
        assert leases.holder == ours.holder


@pytest.mark.usefixtures("busy")
def test_a_lock_that_another_run_took_is_not_taken_back() -> None:
    with member() as (api, leases), lock() as ours:
        ours.take(api, 0)
        assert renewals(leases, 1)
        with leases.changed:
            leases.put("dave", NOW)
            writes = leases.writes
        ours.release()
        assert ours._renewer is not None
        ours._renewer.join(10)
        assert (leases.holder, leases.writes) == ("dave", writes)


# all or none


class Taking:
    """Attempts to take several locks: who holds what, attempt by attempt; the last for ever."""

    def __init__(self, *attempts: Mapping[str, str]) -> None:
        self.left = list(attempts)
        self.released: list[Any] = []

    def __call__(self) -> Mapping[str, Held]:
        held = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return {name: Held(holder) for name, holder in held.items()}

    def release(self, chosen: Any = None) -> None:
        self.released.append(chosen)


def take(taking: Taking, seconds: float) -> str:
    return take_all(taking, ["ams", "bom"], taking, seconds)  # type: ignore[arg-type]


def test_all_at_once() -> None:
    taking = Taking({})
    assert (take(taking, 0), taking.released) == ("", [])


def test_none_is_kept_while_another_run_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "_FIRST_PAUSE", 0.001)
    taking = Taking({"bom": "alice"}, {"ams": "alice", "bom": "alice"}, {})
    assert take(taking, 20) == "alice"
    assert taking.released == [["ams", "bom"]] * 2


@pytest.mark.parametrize("seconds", [0, 0.05])
def test_who_stood_in_the_way_is_told(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(lock_module, "_FIRST_PAUSE", 0.01)
    taking = Taking({"bom": "bob", "ams": "alice"})
    with pytest.raises(Held) as caught:
        take(taking, seconds)
    assert caught.value.holder == "alice"
    assert set(map(str, taking.released)) == {"['ams', 'bom']"}
