# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The questions that are asked of a member: each once, together, none beyond its time; and what clocks say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.api import MemberApi
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.probe import (
    ALIVE,
    READ,
    READY,
    WRITE,
    Answer,
    ask,
    clock_skew,
)
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.transport import Response
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

HOME = "/api/v1/namespaces/federation-f/configmaps/fleet"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/federation-f/leases/federation-canary"
LABELS = {"multicluster.federation/record": "fleet", "multicluster.federation/federation": "f"}
RECORD = Response(200, {"kind": "ConfigMap", "metadata": {"labels": LABELS}}, None)

Reply = Response | MemberError | Callable[[], Response]


class Server:
    """Stands for a transport: replies by path, and remembers what was asked."""

    def __init__(self, **replies: Reply) -> None:
        self.replies: dict[str, Reply] = {
            "version": Response(200, {"gitVersion": "v1"}, None),
            "readyz": Response(200, "ok", None),
            "kube-system": Response(200, {"kind": "Namespace"}, None),
            "fleet": RECORD,
            "federation-canary": Response(200, {}, None),
            **{name.replace("_", "-"): reply for name, reply in replies.items()},
        }
        self.asked: list[tuple[str, str, Any]] = []
        self.lock = threading.Lock()

    def request(self, method: str, path: str, _deadline: Deadline, body: Any = None, *_rest: str) -> Response:
        with self.lock:
            self.asked.append((method, path, body))
        reply = self.replies[path.partition("?")[0].rpartition("/")[2]]
        if isinstance(reply, MemberError):
            raise reply
        return reply() if callable(reply) else reply


def asked(server: Server, **options: Any) -> dict[str, Answer]:
    api = MemberApi("a", server, Deadline(10))  # type: ignore[arg-type]
    return ask(api, options.pop("seconds", 5.0), **options)


def paths(server: Server) -> list[str]:
    return sorted(f"{method} {path.partition('?')[0]}" for method, path, _body in server.asked)


def test_reading_asks_three_questions_and_writes_nothing() -> None:
    server = Server()
    answers = asked(server, federation="f")
    assert list(answers) == [ALIVE, READY, READ]
    assert paths(server) == ["GET /api/v1/namespaces/kube-system", "GET /readyz", "GET /version"]
    assert all(answer.code == 200 and answer.error is None for answer in answers.values())


def test_the_read_cannot_come_from_a_cache() -> None:
    server = Server()
    asked(server)
    assert not [path for _method, path, _body in server.asked if "resourceVersion" in path or "limit" in path]


@pytest.mark.parametrize("code", [401, 429, 500, 503])
def test_no_question_is_asked_twice(code: int) -> None:
    bad = Response(code, {"kind": "Status", "message": "no"}, 0.0)
    server = Server(version=bad, readyz=bad, kube_system=bad)
    answers = asked(server, federation="f")
    assert len(server.asked) == 3
    assert {answer.code for answer in answers.values()} == {code}
    assert all(isinstance(answer.error, MemberError) for answer in answers.values())


def test_the_canary_is_written_where_the_federation_is_at_home() -> None:
    server = Server()
    assert asked(server, federation="f", write=True)[WRITE].error is None
    ((_method, path, body),) = [one for one in server.asked if one[0] == "PATCH"]
    assert path.startswith(f"{LEASE}?")
    assert "fieldManager=multicluster.federation" in path
    assert set(body["spec"]) == {"renewTime"}  # nobody holds it


@pytest.mark.parametrize(
    ("home", "void"),
    [
        (Response(404, {"kind": "Status", "message": "not found"}, None), "it is not a member of federation f"),
        (Response(200, {"kind": "ConfigMap", "metadata": {"labels": {}}}, None), "it is not a member of federation f"),
        (Response(200, {"kind": "ConfigMap", "metadata": {}}, None), "it is not a member of federation f"),
        (Response(500, {"kind": "Status", "message": "no leader"}, None), ""),
        (MemberError(Kind.TIMEOUT, "no answer"), ""),
    ],
)
def test_nothing_is_written_where_it_is_not_or_that_is_not_known(home: Reply, void: str) -> None:
    server = Server(fleet=home)
    answer = asked(server, federation="f", write=True)[WRITE]
    assert answer.void == void
    assert (answer.error is None) == bool(void)
    assert {method for method, _path, _body in server.asked} == {"GET"}


def test_without_a_federation_there_is_no_place_for_a_canary() -> None:
    server = Server()
    assert asked(server, write=True)[WRITE].void == "no federation is named"
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("record", "code"), [(RECORD, 200), (Response(404, {"kind": "Status"}, None), 404), (Response(403, {}, None), 403)]
)
def test_who_may_not_see_kube_system_asks_for_the_record(record: Response, code: int) -> None:
    refusal = Response(403, {"kind": "Status", "message": "kube-system"}, None)
    answer = asked(Server(kube_system=refusal, fleet=record), federation="f")[READ]
    assert answer.code == code
    if code == 403:  # the first refusal says what is missing
        assert answer.body == refusal.body


def test_what_hangs_where_no_deadline_reaches_is_left_behind() -> None:
    release = threading.Event()

    def hang() -> Response:
        release.wait(30)
        return Response(200, {}, None)

    start = time.monotonic()
    answers = asked(Server(version=hang), seconds=0.1)
    took = time.monotonic() - start
    release.set()
    assert took < 3
    error = answers[ALIVE].error
    assert isinstance(error, MemberError)
    assert error.kind == Kind.TIMEOUT
    assert "no connection came about in 0.1 s" in error.message
    assert answers[READ].error is None


def told(date: float, began: float, ended: float) -> Answer:
    return Answer(200, date=date, began=began, ended=ended)


@pytest.mark.parametrize(
    ("answers", "skew"),
    [
        ([], None),
        ([Answer(error=MemberError(Kind.TIMEOUT, "no"))], None),
        ([told(100, 100.2, 100.3)], 0),
        ([told(100, 100.95, 101.05)], 0),
        ([told(101, 100.2, 100.3)], 1),  # 0.7 to 1.8 s ahead
        ([told(101, 100.6, 100.7)], 0),  # 0.3 to 1.4 s ahead
        ([told(160, 100.2, 100.3)], 60),
        ([told(40, 100.2, 100.3)], -60),
        ([told(100, 90.0, 110.0)], 0),  # a slow answer says little
        ([told(100, 90.0, 110.0), told(160, 100.2, 100.3)], 60),
    ],
)
def test_clocks(answers: list[Answer], skew: int | None) -> None:
    found = clock_skew({str(i): answer for i, answer in enumerate(answers)})
    assert found == skew


@STEADY
@given(st.floats(10**9, 2 * 10**9), st.floats(0, 2), st.floats(0, 1), st.integers(-3600, 3600))
def test_the_skew_that_is_told_is_near_the_true_one(began: float, took: float, share: float, true: int) -> None:
    written = began + share * took + true
    found = clock_skew({"a": told(float(int(written)), began, began + took)})
    assert found is not None
    assert abs(found - true) <= 2 + took / 2
    if true == 0:
        assert found == 0
