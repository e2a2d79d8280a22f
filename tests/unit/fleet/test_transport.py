# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTP(S) against real sockets: servers that trickle, hang, reset, refuse, and certificates of the wrong kind."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import Endpoint
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.transport import Response, Transport
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.tests.unit.helpers import (
    Server,
    answer,
    answering,
    at_most,
    read_request,
    serving,
    trickling,
)

Serve = Callable[[socket.socket, threading.Event], None]
DOWN = {Kind.UNREACHABLE, Kind.TIMEOUT}


@contextmanager
def transport(server: str | Server, timeout: float = 10.0, **options: Any) -> Iterator[Transport]:
    made = Transport(Endpoint(server if isinstance(server, str) else server.url, **options), timeout)
    try:
        yield made
    finally:
        made.close()


def get(made: Transport, seconds: float = 10.0) -> Response:
    return made.request("GET", "/x", Deadline(seconds))


def failure(made: Transport, seconds: float = 10.0) -> MemberError:
    with pytest.raises(MemberError) as caught:
        get(made, seconds)
    return caught.value


# answers


def test_an_answer() -> None:
    with serving(answering(answer(200, {"a": 1}))) as server, transport(server) as made:
        assert get(made) == Response(200, {"a": 1}, None)


def test_what_is_sent() -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket, _stop: threading.Event) -> None:
        while data := read_request(connection):
            seen.append(data)
            connection.sendall(answer())

    identity: dict[str, Any] = {"token": "t", "impersonate_user": "admin", "impersonate_groups": ("a", "b")}
    with serving(serve) as server, transport(server.url + "/proxied/", **identity) as made:
        made.request("PATCH", "/api?x=1", Deadline(10), {"a": "\u00e9"}, "application/x", "application/y")
    head, _end, body = seen[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "PATCH /proxied/api?x=1 HTTP/1.1"
    for line in ("Authorization: Bearer t", "Accept: application/x", "Content-Type: application/y"):
        assert line in lines
    assert [line for line in lines if line.startswith("Impersonate")] == [
        "Impersonate-User: admin",
        "Impersonate-Group: a",
        "Impersonate-Group: b",
    ]
    assert json.loads(body) == {"a": "\u00e9"}


def test_what_is_sent_means_the_same_as_json_and_as_yaml() -> None:
    seen: list[bytes] = []

    def serve(connection: socket.socket, _stop: threading.Event) -> None:
        while data := read_request(connection):
            seen.append(data)
            connection.sendall(answer())

    # emoji, a letter beyond 16 bits, control characters, separators of lines, a mark of byte order, what looks like an escape
    texts = ["\U0001f600", "\U00010000", "\x7f\x80\x85\x00\t", "a\u2028b\u2029c", "\ufeff", "\\ud83d\\ude00", "\u00e9"]
    with serving(serve) as server, transport(server) as made:
        made.request("PATCH", "/", Deadline(10), {text: text for text in texts})
    body = seen[0].partition(b"\r\n\r\n")[2]
    assert json.loads(body) == {text: text for text in texts}
    assert yaml.safe_load(body) == {text: text for text in texts}


@pytest.mark.parametrize(
    ("given", "response"),
    [
        (answer(404, {"kind": "Status"}), Response(404, {"kind": "Status"}, None)),
        (answer(500, "<html>"), Response(500, "<html>", None)),
        (answer(204), Response(204, None, None)),
        (answer(429, {}, Retry_After="3"), Response(429, {}, 3.0)),
        (answer(429, {}, Retry_After="soon"), Response(429, {}, None)),
        (answer(429, {}, Retry_After="-1"), Response(429, {}, None)),
        (answer(200, "[1"), Response(200, "[1", None)),
        (answer(302, {}, Location="http://127.0.0.1:1/elsewhere"), Response(302, {}, None)),
    ],
)
def test_errors_of_http_are_answers(given: bytes, response: Response) -> None:
    with serving(answering(given)) as server, transport(server) as made:
        assert get(made) == response


def test_connections_are_kept() -> None:
    with serving(answering(answer(200, {}))) as server, transport(server) as made:
        for _number in range(5):
            get(made)
        assert len(server.connections) == 1


def test_a_connection_that_the_server_closed_meanwhile_is_no_failure() -> None:
    def once(connection: socket.socket, _stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(answer(200, {}))

    with serving(once) as server, transport(server) as made:
        get(made)
        deadline = Deadline(5)
        while server.connections[0].fileno() != -1 and not deadline.expired():
            threading.Event().wait(0.01)
        assert get(made).code == 200


# deadlines

TRICKLES = [
    pytest.param(b"", id="status line"),
    pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="header"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[", id="body"),
    pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", id="body without length"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n[", id="chunk"),
]


@pytest.mark.parametrize("head", TRICKLES)
def test_a_server_that_trickles_is_ended_at_the_deadline(head: bytes) -> None:
    with (
        serving(trickling(head, b"H" if not head else b" ")) as server,
        transport(server) as made,
        at_most(5, at_least=0.5),
    ):
        assert failure(made, 0.6).kind == Kind.TIMEOUT


@pytest.mark.parametrize("seconds", [(0.4, 30.0), (30.0, 0.4)], ids=["request timeout", "deadline"])
def test_the_earlier_of_request_timeout_and_deadline(seconds: tuple[float, float]) -> None:
    with (
        serving(lambda _c, stop: stop.wait(60) and None) as server,
        transport(server, seconds[0]) as made,
        at_most(5, at_least=0.3),
    ):
        found = failure(made, seconds[1])
    assert found.kind == Kind.TIMEOUT
    assert f"127.0.0.1:{server.port} gave no answer in 0.4 s" in found.message


def test_a_deadline_in_the_past_sends_nothing_for_long() -> None:
    with serving(lambda _c, stop: stop.wait(60) and None) as server, transport(server) as made, at_most(3):
        assert failure(made, -1).kind == Kind.TIMEOUT


def test_a_full_backlog_is_a_timeout() -> None:
    """A host that drops packets: the connection itself never comes to be."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = []
        for _number in range(4):
            extra = socket.socket()
            extra.setblocking(False)
            with suppress(BlockingIOError):
                extra.connect(listener.getsockname())
            waiting.append(extra)
        with transport(f"http://127.0.0.1:{listener.getsockname()[1]}") as made, at_most(5, at_least=0.3):
            assert failure(made, 0.4).kind == Kind.TIMEOUT
        for extra in waiting:
            extra.close()


def test_one_that_hangs_does_not_hold_up_another() -> None:
    with (
        serving(lambda _c, stop: stop.wait(60) and None) as dead,
        serving(answering(answer(200, {}))) as alive,
        transport(dead) as hanging,
        transport(alive) as made,
    ):
        thread = threading.Thread(target=failure, args=(hanging, 30.0))
        thread.start()
        assert get(made).code == 200
        assert thread.is_alive()
        dead.close()
        thread.join(10)
        assert not thread.is_alive()


def test_a_proxy_that_trickles_is_ended_at_the_deadline() -> None:
    found: list[MemberError] = []
    with serving(trickling(b"HTTP/1.1 200 ", b"x")) as proxy:
        made = Transport(Endpoint("https://member.invalid:6443", proxy=proxy.url), 10)
        thread = threading.Thread(target=lambda: found.append(failure(made, 0.6)), daemon=True)
        thread.start()
        thread.join(4)
        in_time = not thread.is_alive()
    thread.join(5)  # with the proxy gone it ends in any case
    made.close()
    assert in_time
    assert found[0].kind == Kind.TIMEOUT


# no answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_refused() -> None:
    port = free_port()
    with transport(f"http://127.0.0.1:{port}") as made:
        found = failure(made)
    assert (found.kind, found.message) == (Kind.UNREACHABLE, f"127.0.0.1:{port} refuses connections")


def test_a_name_that_does_not_exist() -> None:
    with transport("https://member.invalid:6443") as made:
        found = failure(made)
    assert found.kind == Kind.UNREACHABLE
    assert "the name in member.invalid:6443 cannot be resolved" in found.message


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,"])
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_cut_in_the_middle(head: bytes, reset: bool) -> None:
    def serve(connection: socket.socket, _stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(head)
        if reset:
            threading.Event().wait(0.05)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    with serving(serve) as server, transport(server) as made:
        found = failure(made)
    assert (found.kind, found.message) == (Kind.UNREACHABLE, f"the connection to 127.0.0.1:{server.port} was cut")


def test_a_server_that_speaks_something_else() -> None:
    with serving(lambda c, _stop: c.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")) as server, transport(server) as made:
        assert failure(made).kind in (*DOWN, Kind.FAILED)


def test_a_proxy_that_does_not_work() -> None:
    with transport("https://member.invalid:6443", proxy=f"http://u:hunter2@127.0.0.1:{free_port()}") as made:
        found = failure(made)
    assert (found.kind, found.message) == (Kind.UNREACHABLE, "the proxy to member.invalid:6443 does not work")


def test_a_proxy_of_another_sort() -> None:
    with transport("https://member.invalid:6443", proxy="socks5://127.0.0.1:1") as made:
        assert failure(made).kind == Kind.CREDENTIALS


def test_a_password_in_the_address_is_never_told() -> None:
    with transport(f"http://admin:hunter2@127.0.0.1:{free_port()}") as made:
        found = failure(made)
        assert "hunter2" not in str(found)
        assert "hunter2" not in repr(made.endpoint)


# watches


def test_lines_of_a_watch() -> None:
    def serve(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in (b'{"n": 1}\n{"n"', b": 2}\n\n", b'{"n": 3}\n{"cut'):
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        stop.wait(60)

    with serving(serve) as server, transport(server) as made, at_most(5, at_least=0.5):
        assert list(made.lines("/watch", Deadline(0.6))) == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_a_watch_that_is_cut_or_talks_rubbish_just_ends() -> None:
    for given in (answer(200, '{"n": 1}\nrubbish\n{"n": 2}\n'), answer(200, '{"n": 1}\n')[:-1] + b"\n"):
        with serving(answering(given)) as server, transport(server) as made:
            assert list(made.lines("/watch", Deadline(5)))[:1] == [{"n": 1}]


def test_a_watch_that_never_starts() -> None:
    with transport(f"http://127.0.0.1:{free_port()}") as made, pytest.raises(MemberError, match="refuses"):
        list(made.lines("/watch", Deadline(5)))


# TLS

Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def certificate(name: str, issuer: Pair | None = None, days: int = 1, host: str = "127.0.0.1") -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.timezone.utc)
    end = now + dt.timedelta(days=days)
    alternative = x509.DNSName(host) if host[0].isalpha() else x509.IPAddress(ipaddress.ip_address(host))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - dt.timedelta(days=1))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    return made, key


def pem(pair: Pair) -> tuple[str, str]:
    key = pair[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pair[0].public_bytes(serialization.Encoding.PEM).decode(), key.decode()


CA, OTHER_CA = certificate("ca"), certificate("other ca")
CA_PEM, OTHER_CA_PEM = pem(CA)[0], pem(OTHER_CA)[0]


@contextmanager
def tls(folder: Path, serve: Serve, days: int = 1, host: str = "127.0.0.1", client_ca: str = "") -> Iterator[str]:
    """A TLS server with a certificate of CA; yields its URL."""
    chain, key = pem(certificate("server", CA, days, host))
    (folder / "server.pem").write_text(chain + key, "utf-8")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    if client_ca:
        context.load_verify_locations(cadata=client_ca)
        context.verify_mode = ssl.CERT_REQUIRED

    def wrapped(connection: socket.socket, stop: threading.Event) -> None:
        connection.settimeout(10)
        with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secured:
            serve(secured, stop)

    with serving(wrapped) as server:
        yield f"https://127.0.0.1:{server.port}"


OK = answering(answer(200, {"ok": True}))


def test_a_trusted_server(tmp_path: Path) -> None:
    with tls(tmp_path, OK) as url, transport(url, ca=CA_PEM) as made:
        assert get(made).body == {"ok": True}


@pytest.mark.parametrize(
    ("ca", "days", "host", "reason"),
    [
        (OTHER_CA_PEM, 1, "127.0.0.1", "unable to get local issuer certificate"),
        (CA_PEM, -1, "127.0.0.1", "certificate has expired"),
        (CA_PEM, 1, "10.9.9.9", "not valid for '127.0.0.1'"),
        ("", 1, "127.0.0.1", "certificate"),
    ],
    ids=["wrong CA", "expired", "wrong address", "CA of the system"],
)
def test_a_server_that_is_not_trusted_is_not_down(tmp_path: Path, ca: str, days: int, host: str, reason: str) -> None:
    with tls(tmp_path, OK, days, host) as url, transport(url, ca=ca) as made:
        found = failure(made)
    assert found.kind == Kind.UNTRUSTED
    assert reason in found.message
    assert found.hint


def test_without_verification(tmp_path: Path) -> None:
    with tls(tmp_path, OK, host="10.9.9.9") as url, transport(url, verify=False) as made:
        assert get(made).code == 200


def test_another_name_for_the_certificate(tmp_path: Path) -> None:
    with tls(tmp_path, OK, host="kubernetes.default") as url:
        with transport(url, ca=CA_PEM, tls_server_name="kubernetes.default") as made:
            assert get(made).code == 200
        with transport(url, ca=CA_PEM, tls_server_name="other.default") as made:
            assert failure(made).kind == Kind.UNTRUSTED


def test_a_client_certificate_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    def serve(connection: Any, stop: threading.Event) -> None:
        seen.append(connection.getpeercert()["subject"])
        OK(connection, stop)

    chain, key = pem(certificate("client", CA))
    with (
        tls(tmp_path, serve, client_ca=CA_PEM) as url,
        transport(url, ca=CA_PEM, client_cert=chain, client_key=key) as made,
    ):
        assert get(made).code == 200
    assert seen == [((("commonName", "client"),),)]
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        {"ca": "no PEM"},
        {"ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"client_cert": "no PEM", "client_key": "no PEM"},
        {"client_cert": CA_PEM, "client_key": ""},
        {"client_cert": CA_PEM, "client_key": pem(OTHER_CA)[1]},
    ],
)
def test_certificates_that_are_none(options: dict[str, str]) -> None:
    with transport("https://127.0.0.1:1", **options) as made:
        found = failure(made)
    assert found.kind == Kind.CREDENTIALS
    assert "BEGIN" not in str(found)


def test_tls_to_a_server_without_tls_is_not_down() -> None:
    """Kind: "TLS failures are never down: they must not move anything"."""

    def plain(connection: socket.socket, _stop: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(answer(400, "Client sent an HTTP request to an HTTPS server."))

    with serving(plain) as server, transport(server.url.replace("http", "https"), ca=CA_PEM) as made:
        assert failure(made).kind not in DOWN


def test_a_handshake_that_trickles_is_ended_at_the_deadline() -> None:
    with (
        serving(trickling(b"\x16\x03\x03\x40\x00", b"\x02")) as server,
        transport(server.url.replace("http", "https"), ca=CA_PEM) as made,
        at_most(5, at_least=0.4),
    ):
        assert failure(made, 0.5).kind == Kind.TIMEOUT


def test_a_trusted_server_that_trickles_is_ended_at_the_deadline(tmp_path: Path) -> None:
    trickle = trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n[")
    with tls(tmp_path, trickle) as url, transport(url, ca=CA_PEM) as made, at_most(5, at_least=0.5):
        assert failure(made, 0.6).kind == Kind.TIMEOUT
