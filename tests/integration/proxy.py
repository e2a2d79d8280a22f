# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A proxy before each member that ends TLS, sees every request, and can break things at an exact point.

It stands between the real client and the real API servers. A *fault* decides what becomes of a request; a *trap* ends the run that
is going on at an exact write. Everything happens in one thread with one event loop, so what was seen has one order over all members.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

T = TypeVar("T")

HOST = "127.0.0.1"
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_HEAD_LIMIT = 1 << 20
#: headers that describe how a body was carried, not what it is
_CARRIAGE = ("content-length", "transfer-encoding", "connection")


class Reset(Exception):
    """Break the client's connection in place of an answer (RST, so that nobody takes it for an end)."""


@dataclass(frozen=True)
class Request:
    """One request as the client sent it. ``at`` is monotonic time."""

    member: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: float

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    @property
    def dry_run(self) -> bool:
        in_body = self.method == "DELETE" and b'"dryRun"' in self.body
        return self.query.get("dryRun") == ["All"] or in_body

    @property
    def writes(self) -> bool:
        return self.method in _WRITES and not self.dry_run

    @property
    def watches(self) -> bool:
        return self.query.get("watch") == ["true"]

    def __str__(self) -> str:
        return f"{self.member} {self.method} {self.path}"


@dataclass
class Answer:
    """One answer. ``stream`` replaces the body of a watch. A fault may have it sent badly: ``pace`` seconds between two bytes of the
    body, or the connection broken after the first ``upto`` bytes of a body that was announced as ``announced`` bytes: by a clean end,
    or by a reset (``abrupt``)."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    pace: float = 0.0
    upto: int | None = None
    announced: int | None = None
    abrupt: bool = False


def refusal(code: int, message: str, retry_after: float | None = None) -> Answer:
    """A failure as an API server words it."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    headers = [("Content-Type", "application/json")]
    if retry_after is not None:
        headers.append(("Retry-After", f"{retry_after:g}"))
    return Answer(code, tuple(headers), json.dumps(status).encode())


Forward = Callable[[], Awaitable[Answer]]
#: given a request and a way to have it answered by the API server, returns the answer for the client, or raises `Reset`
Fault = Callable[[Request, Forward], Awaitable[Answer]]


@dataclass(frozen=True)
class Seen:
    """One finished exchange: the request, the status that the client got (0: none), the status that the API server gave (0: it was
    not asked), and when the client had its answer (monotonic)."""

    request: Request
    status: int
    served: int
    at: float


@dataclass(frozen=True)
class Trap:
    """Ends the run at the first write for which ``springs(number, request, status)``: ``number`` counts the writes of the run from 1,
    ``status`` is what the API server said. ``lose_answer``: before the client has the answer, otherwise right after that."""

    springs: Callable[[int, Request, int], bool]
    kill: Callable[[], None]
    lose_answer: bool


@dataclass(frozen=True)
class Backend:
    """An API server: its address, and the CA that it is known by."""

    host: str
    port: int
    ca: str


def certificate(folder: Path, name: str = "proxy") -> Path:
    """Make a certificate for loopback, its own authority, and its key; returns the path of the certificate (key: ``.key``)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"test {name}")])
    now = dt.datetime.now(dt.timezone.utc)
    found = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(True, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.crt"
    path.write_bytes(found.public_bytes(serialization.Encoding.PEM))
    secret = path.with_suffix(".key")
    secret.touch(mode=0o600)
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return path


@dataclass
class Proxy:
    """One listener per member; ``faults`` and `arm` may be changed while it runs."""

    backends: Mapping[str, Backend]
    certificate: Path
    faults: dict[str, Fault] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _trap: Trap | None = None
    _sprung: Request | None = None
    _numbered: int = 0
    _closed: bool = False

    def start(self) -> None:
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._call(self._listen())

    def stop(self) -> None:
        self._call(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._loop.close()

    def address(self, member: str) -> str:
        return f"https://{HOST}:{self.ports[member]}"

    def writes(self) -> list[Seen]:
        """The writes that reached an API server, in the order of its answers."""
        return [seen for seen in self.seen if seen.request.writes and seen.served]

    def arm(self, trap: Trap) -> None:
        """Count writes from 1 and set a trap. While it is set, writes are carried out one after the other, so that what was done when
        it springs is exact. Once it has sprung, nothing is forwarded any more until `disarm`."""

        async def work() -> None:
            self._turn = asyncio.Lock()
            self._trap, self._sprung, self._numbered, self._closed = trap, None, 0, False

        self._call(work())

    def disarm(self) -> Request | None:
        """Take the trap away and forward again; returns the write at which it sprang. Every connection of before is broken."""

        async def work() -> Request | None:
            await self._break_connections()
            sprung, self._trap, self._closed = self._sprung, None, False
            return sprung

        return self._call(work())

    # in the thread of the loop

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.certificate.with_suffix(".key"))
        for member in self.backends:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, member: str = member) -> None:
                await self._serve(member, reader, writer)

            server = await asyncio.start_server(serve, HOST, 0, ssl=context, limit=_HEAD_LIMIT)
            self.ports[member] = server.sockets[0].getsockname()[1]
            self._servers.append(server)

    async def _shut(self) -> None:
        for server in self._servers:
            server.close()
        await self._break_connections()

    async def _break_connections(self) -> None:
        for task in (mine := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    async def _serve(self, member: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        upstream = _Upstream(self.backends[member])
        gone = asyncio.ensure_future(_gone(writer))
        try:
            while not self._closed and (request := await _read_request(member, reader)) is not None:
                work = asyncio.ensure_future(self._exchange(request, upstream, writer))
                try:
                    # a client that gives up takes its request with it
                    await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if not work.done():
                        work.cancel()
                    await asyncio.wait([work])
                if work.cancelled():
                    return
                work.result()
        except Reset:
            _reset(writer)
        except (OSError, asyncio.IncompleteReadError):  # either side is gone
            pass
        except asyncio.CancelledError:
            _reset(writer)
        finally:
            self._tasks.discard(task)
            gone.cancel()
            upstream.close()
            writer.transport.abort()

    async def _exchange(self, request: Request, upstream: _Upstream, writer: asyncio.StreamWriter) -> None:
        in_turn = request.writes and self._trap is not None
        async with self._turn if in_turn else nullcontext():
            if self._closed:
                raise Reset
            served = 0

            async def forward() -> Answer:
                nonlocal served
                answer = await upstream.ask(request)
                served = answer.status
                return answer

            status = 0
            try:
                fault = self.faults.get(request.member)
                answer = await (fault(request, forward) if fault else forward())
                trap = self._trap if in_turn and served else None
                if trap is not None:
                    self._numbered += 1
                    if trap.springs(self._numbered, request, served):
                        self._closed, self._sprung = True, request
                if trap is not None and self._closed and trap.lose_answer:
                    trap.kill()
                    raise Reset
                await _send(writer, answer)
                status = answer.status
                if trap is not None and self._closed:
                    trap.kill()
                    raise Reset
            finally:
                self.seen.append(Seen(request, status, served, time.monotonic()))


class _Upstream:
    """One kept connection to an API server."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and not self._streams[0].at_eof():
            return self._streams
        self.close()
        context = ssl.create_default_context(cadata=self._backend.ca)
        self._streams = await asyncio.open_connection(
            self._backend.host, self._backend.port, ssl=context, limit=_HEAD_LIMIT
        )
        return self._streams

    async def ask(self, request: Request) -> Answer:
        reader, writer = await self._connect()
        carried = [(k, v) for k, v in request.headers if k.lower() not in (*_CARRIAGE, "host")]
        carried += [("Host", f"{self._backend.host}:{self._backend.port}"), ("Content-Length", str(len(request.body)))]
        writer.write(_head(f"{request.method} {request.target} HTTP/1.1", carried) + request.body)
        await writer.drain()
        line, headers = await _read_head(reader)
        status = int(line.split(" ", 2)[1])
        kept = tuple((k, v) for k, v in headers if k.lower() not in _CARRIAGE)
        if request.watches and status == HTTPStatus.OK:
            return Answer(status, kept, stream=_chunks(reader))
        empty = status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        return Answer(status, kept, b"" if empty else await _read_body(reader, headers))


def _head(first: str, headers: list[tuple[str, str]]) -> bytes:
    return "".join(f"{line}\r\n" for line in (first, *(f"{k}: {v}" for k, v in headers), "")).encode("latin-1")


async def _gone(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        await writer.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    with suppress(OSError):
        if connection is not None:  # None: the client was faster
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, list[tuple[str, str]]]:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = text[:-4].split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return first, [(key, value.strip()) for key, _colon, value in pairs]


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")


async def _read_body(reader: asyncio.StreamReader, headers: list[tuple[str, str]]) -> bytes:
    described = {key.lower(): value for key, value in headers}
    if "chunked" in described.get("transfer-encoding", ""):
        return b"".join([chunk async for chunk in _chunks(reader)])
    return await reader.readexactly(int(described.get("content-length", "0")))


async def _read_request(member: str, reader: asyncio.StreamReader) -> Request | None:
    try:
        line, headers = await _read_head(reader)
    except asyncio.IncompleteReadError:
        return None
    method, target, _version = line.split(" ", 2)
    return Request(member, method, target, tuple(headers), await _read_body(reader, headers), time.monotonic())


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    first = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
    if answer.stream is not None:
        writer.write(_head(first, [*answer.headers, ("Transfer-Encoding", "chunked")]))
        async for chunk in answer.stream:
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return
    announced = len(answer.body) if answer.announced is None else answer.announced
    writer.write(_head(first, [*answer.headers, ("Content-Length", str(announced))]))
    body = answer.body if answer.upto is None else answer.body[: answer.upto]
    if answer.pace:
        for position in range(len(body)):
            writer.write(body[position : position + 1])
            await writer.drain()
            await asyncio.sleep(answer.pace)
    else:
        writer.write(body)
    await writer.drain()
    if answer.abrupt:
        raise Reset
    if answer.upto is not None or answer.announced is not None:
        # a clean end of the connection, so that only the length tells that something is missing
        writer.close()
        await _gone(writer)
        raise ConnectionAbortedError
