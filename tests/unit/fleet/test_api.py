# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls to the Kubernetes API: what failures mean, and what is repeated."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet import api as api_module
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.api import (
    JSON_PATCH,
    TRIES,
    MemberApi,
    explain,
)
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.discovery import ApiKind
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import Endpoint
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.transport import Response, Transport
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind
from ansible_collections.multicluster.federation.tests.unit.helpers import (
    answer,
    answering,
    config_map,
    read_request,
    serving,
)

CONFIG_MAPS = ApiKind(GroupKind("", "ConfigMap"), "v1", "configmaps", True)
RESET = b""


def status(code: int, message: str, reason: str = "") -> Response:
    return Response(code, {"kind": "Status", "message": message, "reason": reason, "code": code}, None)


@pytest.mark.parametrize(
    ("response", "kind", "message", "hint"),
    [
        (status(400, "bad"), Kind.INVALID, "bad", ""),
        (status(401, "Unauthorized"), Kind.UNAUTHORIZED, "does not accept the credentials (401)", "has expired"),
        (
            status(403, 'configmaps is forbidden: User "system:anonymous" cannot list'),
            Kind.UNAUTHORIZED,
            "does not accept the credentials (403)",
            "has expired",
        ),
        (status(403, 'User "bob" cannot list'), Kind.FORBIDDEN, 'User "bob" cannot list', "lacks this right"),
        (status(404, "not found"), Kind.NOT_FOUND, "not found", ""),
        (status(409, "conflict"), Kind.CONFLICT, "conflict", ""),
        (status(410, "too old"), Kind.CONFLICT, "too old", ""),
        (status(422, "spec.replicas: Invalid value: -1"), Kind.INVALID, "Invalid value: -1", ""),
        (status(429, "slow down"), Kind.BUSY, "slow down", ""),
        (status(504, "timed out"), Kind.TIMEOUT, "timed out", ""),
        (
            status(500, 'Internal error occurred: failed calling webhook "x.io": connection refused'),
            Kind.FAILED,
            "failed calling webhook",
            "an admission webhook of this member does not work",
        ),
        (
            status(500, "etcdserver: mvcc: database space exceeded"),
            Kind.FAILED,
            "the etcd of this member is full",
            "compact and defragment it, then disarm its alarm",
        ),
        (Response(502, "<html>Bad Gateway</html>", None), Kind.FAILED, "<html>Bad Gateway</html>", ""),
        (Response(500, None, None), Kind.FAILED, "no message", ""),
        (Response(500, [1], None), Kind.FAILED, "[1]", ""),
        (
            status(500, "failed to create typed patch object: .data.port: expected string, got &value{Value:80}"),
            Kind.INVALID,
            "expected string",
            "quote it, or use `| string`",
        ),
        (
            status(400, "json: cannot unmarshal number into Go struct field EnvVar.value of type string"),
            Kind.INVALID,
            "cannot unmarshal",
            "quote it, or use `| string`",
        ),
        (
            status(400, "json: cannot unmarshal string into Go struct field Spec.replicas of type int32"),
            Kind.INVALID,
            "cannot unmarshal",
            "",
        ),
    ],
)
def test_what_an_answer_means(response: Response, kind: str, message: str, hint: str) -> None:
    found = explain(response)
    assert (found.kind, found.code) == (kind, response.code)
    assert message in found.message
    assert hint in found.hint
    assert bool(hint) is bool(found.hint)


def test_a_message_is_cut() -> None:
    assert len(str(explain(status(422, "x" * 100000)))) < 2000


SECRETS = [
    ".data.password: expected string, got &value.valueUnstructured{Value:424242}",
    '.data.password: expected string, got &value.valueUnstructured{Value:"hunter2"}',
    '.data.password: expected string, got &value.valueUnstructured{Value:"a, hunter2}"}',
    '.data.password: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":"hunter2"}}',
    '.data.password: expected string, got &value.valueUnstructured{Value:[]interface {}{"a", "hunter2"}}',
    'Secret "s" is invalid: data[password]: Invalid value: "hunter2": too long',
    'Secret "s" is invalid: [data[a]: Invalid value: "x, hunter2": bad, type: Invalid value: "hunter2": bad]',
]


@pytest.mark.parametrize("message", SECRETS)
def test_a_secret_value_is_never_in_an_error(message: str) -> None:
    found = str(explain(status(422, message), secret=True))
    assert "hunter2" not in found
    assert "424242" not in found
    assert "password" in found or "is invalid" in found


def test_other_values_are_told() -> None:
    assert "424242" in str(explain(status(422, SECRETS[0])))


# what is repeated


@contextmanager
def member(
    *answers: bytes, seconds: float = 20.0, request_timeout: float = 10.0
) -> Iterator[tuple[MemberApi, list[str]]]:
    """A member that gives these answers, and the requests that it has seen."""
    seen: list[str] = []
    give = answering(*answers)

    class Noting:
        """A socket that notes the first line of each request."""

        def __init__(self, connection: socket.socket) -> None:
            self._connection = connection

        def recv(self, size: int) -> bytes:
            data = self._connection.recv(size)
            if data[:1].isalpha() and b" HTTP/1.1" in data:
                seen.append(data.split(b" HTTP/1.1")[0].decode())
            return data

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    def serve(connection: socket.socket, stop: threading.Event) -> None:
        give(Noting(connection), stop)  # type: ignore[arg-type]

    with serving(serve) as server:
        transport = Transport(Endpoint(server.url), request_timeout)
        try:
            yield MemberApi("ams", transport, Deadline(seconds)), seen
        finally:
            transport.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the API would have slept; it does not."""
    slept: list[float] = []
    monkeypatch.setattr(api_module.time, "sleep", slept.append)
    return slept


OK, BUSY = answer(200, {"ok": 1}), answer(429, {"message": "slow down"})


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_busy_is_repeated_for_every_verb(method: str, pauses: list[float]) -> None:
    with member(BUSY, BUSY, OK) as (api, seen):
        assert api.call(method, "/x").body == {"ok": 1}
    assert seen == [f"{method} /x"] * 3
    assert len(pauses) == 2
    assert 0 < pauses[0] < pauses[1] < 2


def test_the_time_that_the_server_asks_for_is_given(pauses: list[float]) -> None:
    with member(answer(429, {}, Retry_After="7"), OK) as (api, _seen):
        assert api.call("PATCH", "/x").code == 200
    assert len(pauses) == 1
    assert 7 <= pauses[0] <= 9


def test_a_pause_beyond_the_deadline_is_not_made(pauses: list[float]) -> None:
    with member(answer(429, {"message": "slow"}, Retry_After="60")) as (api, seen):
        assert api.call("GET", "/x").code == 429
    assert (pauses, len(seen)) == ([], 1)


def test_busy_is_not_repeated_for_ever(pauses: list[float]) -> None:
    with member(BUSY) as (api, seen), pytest.raises(MemberError) as caught:
        api.decoded(api.call("GET", "/x"))
    assert caught.value.kind == Kind.BUSY
    assert len(seen) == TRIES


@pytest.mark.parametrize("code", [500, 502, 503])
def test_trouble_is_repeated_where_it_does_no_harm(code: int, pauses: list[float]) -> None:
    trouble = answer(code, {"message": "x"})
    for method, again in [("GET", None), ("PATCH", True), ("DELETE", True)]:
        with member(trouble, OK) as (api, seen):
            assert api.call(method, "/x", again=again).code == 200
            assert len(seen) == 2
    for method, again in [("PATCH", None), ("DELETE", None), ("POST", None), ("GET", False)]:
        with member(trouble, OK) as (api, seen):
            assert api.call(method, "/x", again=again).code == code
            assert len(seen) == 1


def test_trouble_is_not_repeated_for_ever(pauses: list[float]) -> None:
    with member(answer(503, {"message": "starting"})) as (api, seen):
        assert api.call("GET", "/x").code == 503
    assert (len(seen), len(pauses)) == (TRIES, TRIES - 1)
    assert pauses == sorted(pauses)


def test_the_time_that_a_server_in_trouble_asks_for_is_given(pauses: list[float]) -> None:
    with member(answer(503, {"message": "starting"}, Retry_After="3"), OK) as (api, _seen):
        assert api.apply(CONFIG_MAPS, "n", config_map("a"), "m", force=False).created is False
    assert len(pauses) == 1
    assert 3 <= pauses[0] <= 4


LASTING = [
    'Internal error occurred: failed calling webhook "x.io": failed to call webhook: connection refused',
    "etcdserver: mvcc: database space exceeded",
]


@pytest.mark.parametrize("message", LASTING, ids=["webhook", "full"])
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_trouble_that_stays_is_told_at_once(message: str, method: str, pauses: list[float]) -> None:
    with member(answer(500, {"message": message}), OK) as (api, seen):
        assert api.call(method, "/x", again=True).code == 500
    assert (len(seen), pauses) == (1, [])


@pytest.mark.parametrize("body", ["failed calling webhook", None, [1], {"message": None}])
def test_an_answer_in_trouble_may_have_any_form(body: Any, pauses: list[float]) -> None:
    with member(answer(500, body), OK) as (api, _seen):
        assert api.call("GET", "/x").code == 200


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 410, 422, 504])
def test_other_answers_are_final(code: int, pauses: list[float]) -> None:
    with member(answer(code, {}), OK) as (api, seen):
        assert api.call("GET", "/x").code == code
    assert (len(seen), pauses) == (1, [])


def test_a_read_is_repeated_after_a_reset(pauses: list[float]) -> None:
    with member(RESET, OK) as (api, seen):
        assert api.call("GET", "/x").code == 200
    assert len(seen) == 2


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "POST"])
def test_a_write_is_not_repeated_after_a_reset(method: str, pauses: list[float]) -> None:
    """Nobody knows whether it was done."""
    with member(RESET, OK) as (api, seen), pytest.raises(MemberError, match="was cut"):
        api.call(method, "/x", body={"a": 1})
    assert (len(seen), pauses) == (1, [])


def test_a_write_that_does_nothing_the_second_time_is_repeated_after_a_reset(pauses: list[float]) -> None:
    with member(RESET, RESET, answer(201, {"metadata": {"resourceVersion": "8"}})) as (api, seen):
        done = api.apply(CONFIG_MAPS, "n", config_map("a"), "m", force=False)
    assert (done.created, done.metadata) == (True, {"resourceVersion": "8"})
    assert len(seen) == 3
    assert seen == [seen[0]] * 3
    with member(RESET, answer(404, {})) as (api, seen):
        assert api.delete(CONFIG_MAPS, "n", "a", {"uid": "u"}) == []
    assert len(seen) == 2


def test_a_patch_is_never_sent_twice(pauses: list[float]) -> None:
    with member(RESET, OK) as (api, seen), pytest.raises(MemberError, match="was cut"):
        api.patch(CONFIG_MAPS, "n", "a", [{"op": "remove", "path": "/x"}], JSON_PATCH, "m")
    assert (len(seen), pauses) == (1, [])


def test_a_server_that_resets_for_ever_is_given_up(pauses: list[float]) -> None:
    with member(RESET) as (api, seen), pytest.raises(MemberError, match="was cut") as caught:
        api.apply(CONFIG_MAPS, "n", config_map("a"), "m", force=False)
    assert caught.value.kind == Kind.UNREACHABLE
    assert len(seen) == TRIES


def test_a_refused_connection_is_not_tried_again(pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(MemberError, match="refuses connections"):
        MemberApi("ams", Transport(Endpoint(f"http://127.0.0.1:{port}"), 5), Deadline(5)).call("GET", "/x")
    assert pauses == []


# lists


def page(*names: str, more: str = "", version: str = "5") -> bytes:
    items = [{"metadata": {"name": name}} for name in names]
    return answer(
        200, {"items": items, "metadata": {"resourceVersion": version, **({"continue": more} if more else {})}}
    )


def test_a_list_in_pages() -> None:
    with member(page("a", more="t1"), page("b", more="t2"), page("c", version="9")) as (api, seen):
        items, version = api.objects_at(CONFIG_MAPS, "n", "app=web")
    assert [item["metadata"]["name"] for item in items] == ["a", "b", "c"]
    assert version == "9"
    assert seen[0] == "GET /api/v1/namespaces/n/configmaps?limit=500&labelSelector=app%3Dweb"
    assert seen[2].endswith("&continue=t2")


def test_a_list_that_expires_half_way_is_read_again_as_a_whole() -> None:
    with member(page("a", more="t1"), answer(410, {"message": "expired"}), page("a", "b")) as (api, seen):
        assert len(api.objects(CONFIG_MAPS)) == 2
    assert seen[2] == "GET /api/v1/configmaps"


def test_extracts_keep_what_is_wanted_of_each_page() -> None:
    with member(page("a", "b", more="t1"), page("c")) as (api, seen):
        found = api.extracts(
            CONFIG_MAPS, lambda item: None if item["metadata"]["name"] == "b" else item["metadata"]["name"], "x!=,y=z"
        )
    assert found == ["a", "c"]
    assert seen[0] == "GET /api/v1/configmaps?limit=250&fieldSelector=x!%3D,y%3Dz"
    assert seen[1].endswith("&continue=t1")


def test_extracts_of_a_list_that_expires_half_way_are_not_kept_twice() -> None:
    with member(page("a", more="t1"), answer(410, {"message": "expired"}), page("a", "b")) as (api, seen):
        assert api.extracts(CONFIG_MAPS, lambda item: item["metadata"]["name"], "x=y") == ["a", "b"]
    assert seen[2] == "GET /api/v1/configmaps?fieldSelector=x%3Dy"


@pytest.mark.parametrize("body", [{"items": None, "metadata": None}, {"metadata": {}}, {"items": []}])
def test_empty_lists(body: dict[str, Any]) -> None:
    with member(answer(200, body)) as (api, _seen):
        assert api.objects(CONFIG_MAPS) == []


def test_a_list_that_is_none() -> None:
    with member(answer(200, "<html>")) as (api, _seen), pytest.raises(MemberError, match="is not readable"):
        api.objects(CONFIG_MAPS)


@pytest.mark.parametrize(
    ("given", "kind"),
    [(answer(410, {}), Kind.CONFLICT), (answer(403, {}), Kind.FORBIDDEN)],
)
def test_a_list_that_cannot_be_read_is_an_error_and_not_empty(given: bytes, kind: str) -> None:
    with member(given) as (api, _seen), pytest.raises(MemberError) as caught:
        api.objects(CONFIG_MAPS)
    assert caught.value.kind == kind


MISSING = answer(404, "404 page not found\n")


def test_a_kind_whose_crd_was_deleted_meanwhile_has_no_objects(pauses: list[float]) -> None:
    there = [kinds("ConfigMap", etag="there"), kinds(etag="none")]
    with member(page("a", more="t1"), MISSING, *there, GROUPS, GROUPS) as (api, seen):
        assert api.objects_at(CONFIG_MAPS) == ([], "")
    assert seen[2:] == ["GET /api", "GET /apis"] * 2, "it may still be discovered for a moment"
    assert len(pauses) == 1


def test_a_list_that_is_missing_of_a_kind_that_is_served_is_an_error(pauses: list[float]) -> None:
    looks = [kinds("ConfigMap", etag="there"), kinds(etag="none")] * TRIES
    with member(MISSING, *looks) as (api, seen), pytest.raises(MemberError, match=r"page not found$") as caught:
        api.objects(CONFIG_MAPS)
    assert caught.value.kind == Kind.NOT_FOUND
    assert seen[1:] == ["GET /api", "GET /apis"] * TRIES
    assert len(pauses) == TRIES - 1, "after each pause it looks again"


def test_a_list_that_is_missing_where_no_kubernetes_answers_is_an_error() -> None:
    with member(*[MISSING] * 3) as (api, _seen), pytest.raises(MemberError, match="not as a Kubernetes API"):
        api.objects(CONFIG_MAPS)


def test_nothing_is_known_of_a_group_that_does_not_answer_the_member() -> None:
    stale = {"metadata": {"name": "x.io"}, "versions": [{"version": "v1", "freshness": "Stale"}]}
    groups = answer(200, {"kind": "APIGroupDiscoveryList", "items": [stale]})
    widgets = ApiKind(GroupKind("x.io", "Widget"), "v1", "widgets", True)
    with member(MISSING, GROUPS, groups) as (api, _seen), pytest.raises(MemberError) as caught:
        api.objects(widgets)
    assert caught.value.kind == Kind.NOT_FOUND


# single objects


def test_one_object_or_none() -> None:
    with member(answer(200, {"metadata": {"name": "a"}}), answer(404, {})) as (api, seen):
        assert api.get(CONFIG_MAPS, "n", "a") == {"metadata": {"name": "a"}}
        assert api.get(CONFIG_MAPS, "n", "system:x/y") is None
    assert seen[1] == "GET /api/v1/namespaces/n/configmaps/system%3Ax/y"


@contextmanager
def noting(given: bytes) -> Iterator[tuple[MemberApi, list[bytes]]]:
    """A member that keeps whole requests."""
    seen: list[bytes] = []

    def serve(connection: socket.socket, _stop: threading.Event) -> None:
        while data := read_request(connection):
            seen.append(data)
            connection.sendall(given)

    with serving(serve) as server:
        transport = Transport(Endpoint(server.url), 10)
        try:
            yield MemberApi("ams", transport, Deadline(20)), seen
        finally:
            transport.close()


@pytest.mark.parametrize(("code", "created"), [(201, True), (200, False)])
def test_server_side_apply(code: int, created: bool) -> None:
    with noting(answer(code, {"metadata": {"resourceVersion": "8"}})) as (api, seen):
        done = api.apply(CONFIG_MAPS, "n", config_map("a", x="1"), "multicluster.federation/acme", force=True)
    assert (done.created, done.metadata) == (created, {"resourceVersion": "8"})
    line = "PATCH /api/v1/namespaces/n/configmaps/a?fieldManager=multicluster.federation/acme&force=true HTTP/1.1"
    assert seen[0].decode().startswith(line)
    assert b"application/apply-patch+yaml" in seen[0]


def test_a_dry_run_says_so() -> None:
    with noting(answer(200, {"metadata": {}})) as (api, seen):
        api.apply(CONFIG_MAPS, "n", config_map("a"), "m", force=False, dry_run=True)
        api.delete(CONFIG_MAPS, "n", "a", {"uid": "u"}, dry_run=True)
    assert b"force=false&dryRun=All" in seen[0]
    assert b'"dryRun":["All"]' in seen[1]


def test_an_apply_that_is_refused_hides_what_a_secret_holds() -> None:
    refused = answer(422, {"message": SECRETS[1]})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    with noting(refused) as (api, _seen):
        with pytest.raises(MemberError) as caught:
            api.apply(CONFIG_MAPS, "n", secret, "m", force=False)
        assert "hunter2" not in str(caught.value)
        with pytest.raises(MemberError, match="hunter2"):
            api.apply(CONFIG_MAPS, "n", config_map("a"), "m", force=False)


def test_an_answer_to_an_apply_that_is_no_object_is_an_error_of_this_member() -> None:
    """A proxy in between that answers 200 with a page of its own."""
    with noting(answer(200, "<html>welcome</html>")) as (api, _seen), pytest.raises(MemberError):
        api.apply(CONFIG_MAPS, "n", config_map("a"), "m", force=False)


def test_a_deletion_is_of_exactly_what_was_seen() -> None:
    with noting(answer(200, {"kind": "Status", "status": "Success"})) as (api, seen):
        assert api.delete(CONFIG_MAPS, "n", "a", {"uid": "u", "resourceVersion": "5", "name": "a"}) == []
    body = json.loads(seen[0].partition(b"\r\n\r\n")[2])
    assert body["preconditions"] == {"uid": "u", "resourceVersion": "5"}
    assert body["propagationPolicy"] == "Background"


def test_a_deletion_of_what_is_gone_or_changed() -> None:
    with member(answer(404, {}), answer(409, {"message": "precondition failed"})) as (api, _seen):
        assert api.delete(CONFIG_MAPS, "n", "a", {}) == []
        with pytest.raises(MemberError) as caught:
            api.delete(CONFIG_MAPS, "n", "a", {})
    assert caught.value.kind == Kind.CONFLICT


@pytest.mark.parametrize(
    ("metadata", "left"),
    [
        ({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["acme.io/guard"]}, ["acme.io/guard"]),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": None}, []),
        # as it was, in the answer to a deletion that took place
        ({"finalizers": ["acme.io/guard"]}, []),
        (None, []),
    ],
)
def test_a_deletion_tells_what_holds_the_object_still(metadata: Any, left: list[str]) -> None:
    with member(answer(200, {"metadata": metadata})) as (api, _seen):
        assert api.delete(CONFIG_MAPS, "n", "a", {"uid": "u"}) == left


# discovery

GROUPS = answer(200, {"kind": "APIGroupDiscoveryList", "items": []})


def test_discovery_costs_two_requests() -> None:
    with member(GROUPS, GROUPS) as (api, seen):
        assert api.discover().kinds == {}
    assert seen == ["GET /api", "GET /apis"]


def kinds(*names: str, etag: str) -> bytes:
    items = [{"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": [described(n) for n in names]}]}]
    return answer(200, {"kind": "APIGroupDiscoveryList", "items": items}, ETag=f'"{etag}"')


def described(kind: str) -> dict[str, Any]:
    plural = kind.lower() + "s"
    group = {"group": "", "version": "v1", "kind": kind}
    return {"resource": plural, "responseKind": group, "scope": "Namespaced", "verbs": ["list", "get"]}


def test_equal_members_are_discovered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "_DISCOVERED", {})
    monkeypatch.setattr(api_module, "_PARSED", {})
    none, same = kinds(etag="none"), answer(304)
    with member(kinds("Pod", etag="one"), none) as (api, _seen):
        first = api.discover()
    with noting(same) as (api, seen):
        assert api.discover() is first
    assert [b'If-None-Match: "one"' in seen[0], b'If-None-Match: "none"' in seen[1]] == [True, True]
    with member(kinds("Node", etag="two"), none) as (api, _requests):
        other = api.discover()
    assert [kind.kind for kind in first.kinds] == ["Pod"]
    assert [kind.kind for kind in other.kinds] == ["Node"]
    # what is remembered is that of the last member that said something new, and never mixed
    with member(kinds("Pod", etag="one"), same) as (api, _requests):
        assert api.discover() is first


@pytest.mark.parametrize("code", [401, 403, 500])
def test_a_member_that_refuses_discovery_is_not_given_that_of_another(
    code: int, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr(api_module, "_DISCOVERED", {"/api": ('"one"', {}), "/apis": ('"one"', {})})
    with member(answer(code, {"message": "no"})) as (api, _seen), pytest.raises(MemberError):
        api.discover()


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer(401, {"message": "Unauthorized"}), Kind.UNAUTHORIZED),
        (answer(403, {"message": 'User "bob" cannot'}), Kind.FORBIDDEN),
        (answer(500, {"message": "x"}), Kind.FAILED),
        (answer(504, {"message": "x"}), Kind.TIMEOUT),
        (answer(404, {"kind": "Status"}), Kind.FAILED),
        (answer(200, "<html>"), Kind.FAILED),
        (answer(429, {"message": "slow"}), Kind.BUSY),
    ],
)
def test_discovery_that_fails(given: bytes, kind: str, pauses: list[float]) -> None:
    with member(given) as (api, _seen), pytest.raises(MemberError) as caught:
        api.discover()
    assert caught.value.kind == kind


@pytest.mark.parametrize(("body", "version"), [({"gitVersion": "v1.34.4"}, "v1.34.4"), ({}, "")])
def test_versions(body: Any, version: str) -> None:
    with member(answer(200, body)) as (api, _seen):
        assert api.version() == version


def test_a_page_instead_of_a_version_is_an_error_of_this_member() -> None:
    with member(answer(200, "<html>welcome</html>")) as (api, _seen), pytest.raises(MemberError, match="not readable"):
        api.version()
