# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTPS to one API server: pooled connections, one absolute deadline a request, failures told apart.

urllib3 rather than the generated Kubernetes client: the client costs a third of a run to import and hides the socket, which the
watchdog has to reach.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..model.errors import Kind, MemberError, missing
from .credentials import Credential, credential_for
from .deadline import WATCHDOG, Deadline, Guard
from .kubeconfig import Endpoint

# All that lies between plain ASCII and the letters that would need two escapes.
_ESCAPED = re.compile("[\x7f-\uffff]")

try:
    import urllib3
    from urllib3 import exceptions as failures
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
except ImportError:  # reported by Transport, as one clear failure
    urllib3 = None  # type: ignore[assignment]
else:

    class _Watched:
        """Tells the watchdog which socket serves the request of this thread; goes before a connection class of urllib3."""

        sock: Any

        def _new_conn(self) -> Any:
            # before the handshakes with a proxy and of TLS, which have to end in time as well
            sock = super()._new_conn()  # type: ignore[misc]
            WATCHDOG.attach(sock)
            return sock

        def connect(self) -> None:
            super().connect()  # type: ignore[misc]
            WATCHDOG.attach(self.sock)

        def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
            if self.sock is not None:
                WATCHDOG.attach(self.sock)
            super().putrequest(method, getattr(_HERE, "target", "") or url, *args, **kwargs)  # type: ignore[misc]

    class _GuardedHTTP(_Watched, HTTPConnection):
        pass

    class _GuardedHTTPS(_Watched, HTTPSConnection):
        pass

    class _HTTPPool(HTTPConnectionPool):
        ConnectionCls = _GuardedHTTP

    class _HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = _GuardedHTTPS


#: the path of this thread's request. urllib3 walks each character of an address that it is given, although ours are encoded already:
#: a tenth of the time of a large fleet. So it is given "/", and the connection asks for the path itself
_HERE = threading.local()

#: connections kept open to one member; more requests at once open more, which are closed after use
POOL_SIZE = 8

#: bytes that are kept of an answer that is not JSON: the page of a proxy, or the list of checks of an API server
TEXT = 8192


def require_libraries() -> None:
    """MissingLibrary for what every connection needs; to be asked once, before many members are tried."""
    if urllib3 is None:
        raise missing("urllib3")


class Cut(MemberError):
    """The connection broke during a request: nobody knows whether the server carried it out."""


class Response(NamedTuple):
    """A status code, the decoded JSON (None if there is none), the seconds the server asks us to wait, if it does, its clock
    (seconds since 1970), if it tells, and what it calls this version of the answer."""

    code: int
    body: Any
    retry_after: float | None
    date: float | None = None
    etag: str = ""


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Give the context a client certificate. OpenSSL wants files: memory where there is such a thing, else a short-lived 0600 file."""
    data = (certificate.rstrip() + "\n" + key).encode()
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("client", os.MFD_CLOEXEC)
        path = f"/proc/self/fd/{handle}"
    else:
        handle, path = tempfile.mkstemp(prefix="federation-")
    try:
        os.write(handle, data)
        context.load_cert_chain(path)
    except (ssl.SSLError, OSError):
        raise MemberError(Kind.CREDENTIALS, "the client certificate and key are not a valid pair in PEM form") from None
    finally:
        os.close(handle)
        if not path.startswith("/proc/"):
            os.unlink(path)


def _tls(endpoint: Endpoint, credential: Credential) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not endpoint.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif endpoint.ca:
        try:
            context.load_verify_locations(cadata=endpoint.ca)
        except (ssl.SSLError, ValueError):
            raise MemberError(Kind.CREDENTIALS, "the CA certificate is not valid PEM") from None
    else:
        context.load_default_certs()
    if credential.client_cert:
        _load_client_certificate(context, credential.client_cert, credential.client_key)
    return context


class Transport:
    """Requests to one member. Threads may share it."""

    def __init__(self, endpoint: Endpoint, request_timeout: float) -> None:
        require_libraries()
        self.endpoint = endpoint
        self.request_timeout = request_timeout
        self._base = urlsplit(endpoint.server).path.rstrip("/")
        #: then a request names the whole address, not only a path
        self._by_plain_proxy = bool(endpoint.proxy) and endpoint.server.startswith("http://")
        self._lock = threading.Lock()
        self._pool: Any = None
        self._headers: Any = None
        self._context: ssl.SSLContext | None = None
        #: the credential in use; None before the first request
        self.credential: Credential | None = None

    def _connect(self, deadline: Deadline) -> Any:
        with self._lock:
            if self._pool is None:
                credential = credential_for(self.endpoint, deadline)
                self._headers = self._identity(credential)
                self._pool = self._open(credential)
                self.credential = credential
            return self._pool

    def _identity(self, credential: Credential) -> Any:
        """The headers of every request. Impersonated groups are one header each."""
        headers = urllib3.HTTPHeaderDict({"User-Agent": "multicluster.federation"})
        if credential.authorization:
            headers["Authorization"] = credential.authorization
        if self.endpoint.impersonate_user:
            headers["Impersonate-User"] = self.endpoint.impersonate_user
        for group in self.endpoint.impersonate_groups:
            headers.add("Impersonate-Group", group)
        return headers

    def _open(self, credential: Credential) -> Any:
        url = urlsplit(self.endpoint.server)
        options: dict[str, Any] = {"maxsize": POOL_SIZE, "block": False}
        if url.scheme == "https":
            if not self.endpoint.verify:
                urllib3.disable_warnings(failures.InsecureRequestWarning)
                options["cert_reqs"] = "CERT_NONE"
            self._context = options["ssl_context"] = _tls(self.endpoint, credential)
            if self.endpoint.tls_server_name:
                options["server_hostname"] = self.endpoint.tls_server_name
                options["assert_hostname"] = self.endpoint.tls_server_name if self.endpoint.verify else False
        port = url.port or (443 if url.scheme == "https" else 80)
        if self.endpoint.proxy:
            if not self.endpoint.proxy.startswith(("http://", "https://")):
                raise MemberError(Kind.CREDENTIALS, "only http:// and https:// proxies are supported")
            manager = urllib3.ProxyManager(self.endpoint.proxy, **options)
            manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
            return manager.connection_from_host(url.hostname, port, url.scheme)
        pool = _HTTPSPool if url.scheme == "https" else _HTTPPool
        return pool(url.hostname or "", port, **options)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()

    def request(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        body: Any = None,
        accept: str = "application/json",
        content_type: str = "application/json",
        etag: str = "",
    ) -> Response:
        """One request, ended at the earlier of ``deadline`` and the request timeout. HTTP errors are answers, not exceptions;
        MemberError says that there was no answer. With the ``etag`` of an answer that is known, the same answer comes as 304."""
        limit = deadline.within(self.request_timeout)
        data = None if body is None else _encoded(body)
        headers = {"Accept": accept, "Content-Type": content_type} if data else {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        with WATCHDOG.guard(limit) as guard:
            answer = self._send(method, path, limit, guard, data, headers, stream=False)
            raw = answer.data
            if guard.expired:
                raise self._timeout(guard)  # what was read until the end of its time is not the whole answer
        if answer.status not in (204, 304) and not {"content-length", "transfer-encoding"} & {
            key.lower() for key in answer.headers
        }:
            raise self._cut()  # without its headers, half an answer would look like a whole one
        try:
            decoded = json.loads(raw) if raw else None
        except ValueError:
            decoded = raw[:TEXT].decode(errors="replace")
        headers = answer.headers
        return Response(
            answer.status,
            decoded,
            _seconds(headers.get("Retry-After")),
            _clock(headers.get("Date")),
            headers.get("ETag") or "",
        )

    def lines(self, path: str, deadline: Deadline) -> Iterator[Any]:
        """The JSON documents of a watch, one a line, until the server or the deadline ends it (which is not an error)."""
        with WATCHDOG.guard(deadline) as guard:
            answer = self._send("GET", path, deadline, guard, None, {"Accept": "application/json"}, stream=True)
            try:
                rest = b""
                for chunk in answer.stream(65536):
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in filter(None, whole):
                        yield json.loads(line)
            except (failures.HTTPError, OSError, ValueError):
                return  # cut off: the caller lists again and goes on
            finally:
                answer.close()

    def websocket(self, path: str, protocols: Sequence[str], deadline: Deadline) -> Any:
        """A websocket to a path, connected in good time. What goes wrong is for the caller, who knows the library."""
        import websocket

        self._connect(deadline)
        url, proxy = urlsplit(self.endpoint.server), urlsplit(self.endpoint.proxy)
        options: dict[str, Any] = {}
        if url.scheme == "https":
            options["sslopt"] = {"context": self._context}
            if self.endpoint.tls_server_name:
                options["sslopt"]["server_hostname"] = self.endpoint.tls_server_name
        if self.endpoint.proxy:
            auth = (proxy.username, proxy.password) if proxy.username else None
            options |= {"http_proxy_host": proxy.hostname, "http_proxy_port": proxy.port, "proxy_type": "http"}
            options |= {"http_proxy_auth": auth} if auth else {}
        else:
            options["http_no_proxy"] = ["*"]
        scheme = "wss" if url.scheme == "https" else "ws"
        return websocket.create_connection(
            f"{scheme}://{url.netloc.rpartition('@')[2]}{self._base}{path}",
            timeout=max(0.01, deadline.within(self.request_timeout).remaining()),
            header=[f"{key}: {value}" for key, value in self._headers.items()],
            subprotocols=list(protocols),
            suppress_origin=True,
            **options,
        )

    def _send(
        self,
        method: str,
        path: str,
        limit: Deadline,
        guard: Guard,
        data: bytes | None,
        headers: Mapping[str, str],
        stream: bool,
    ) -> Any:
        try:
            pool = self._connect(limit)
            carried = self._headers.copy()
            carried.update(headers)
            left = max(0.01, limit.remaining())
            target = self._base + path
            _HERE.target = "" if self._by_plain_proxy else target
            return pool.request(
                method,
                target if self._by_plain_proxy else "/",
                body=data,
                headers=carried,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=left, read=left),
                preload_content=not stream,
            )
        except (failures.HTTPError, OSError) as error:
            raise self._explain(error, guard) from None

    def _explain(self, error: Exception, guard: Guard) -> MemberError:
        """Which failure it was. TLS is told apart from "down": a wrong CA must never move applications."""
        where = self._where()
        text = str(error)
        if isinstance(error, failures.ProxyError):
            return MemberError(Kind.UNREACHABLE, f"the proxy to {where} does not work")
        if (
            "CERTIFICATE_VERIFY_FAILED" in text
            or "doesn't match" in text
            or ("certificate" in text.lower() and isinstance(error, failures.SSLError))
        ):
            reason = text.rsplit("certificate verify failed: ", maxsplit=1)[-1].split(" (_ssl", maxsplit=1)[0][:120]
            return MemberError(
                Kind.UNTRUSTED,
                f"the certificate of {where} is not trusted: {reason}",
                "check the CA of this member's kubeconfig",
            )
        if guard.expired or (
            isinstance(error, (failures.TimeoutError, TimeoutError))
            and not isinstance(error, failures.NewConnectionError)
        ):
            return self._timeout(guard)
        if isinstance(error, failures.SSLError):
            reason = text.rsplit("] ", maxsplit=1)[-1].split(" (_ssl", maxsplit=1)[0][:120]
            kind = Kind.UNREACHABLE if "EOF" in text or "reset" in text else Kind.UNTRUSTED
            return MemberError(kind, f"no TLS connection to {where}: {reason}")
        if "refused" in text:
            return MemberError(Kind.UNREACHABLE, f"{where} refuses connections")
        if "resolve" in text or "Name or service" in text or "nodename" in text:
            return MemberError(Kind.UNREACHABLE, f"the name in {where} cannot be resolved")
        if isinstance(error, failures.NewConnectionError):
            return MemberError(Kind.UNREACHABLE, f"no connection to {where}: {text.rsplit(': ', maxsplit=1)[-1][:120]}")
        return self._cut()

    def _where(self) -> str:
        """Host and port for messages; a password in the address is left out."""
        return urlsplit(self.endpoint.server).netloc.rpartition("@")[2]

    def _timeout(self, guard: Guard) -> MemberError:
        return MemberError(Kind.TIMEOUT, f"{self._where()} gave no answer in {round(guard.seconds, 1):g} s")

    def _cut(self) -> MemberError:
        return Cut(Kind.UNREACHABLE, f"the connection to {self._where()} was cut")


def _clock(value: str | None) -> float | None:
    """The seconds since 1970 in a Date header."""
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except ValueError:
        return None


def _encoded(body: Any) -> bytes:
    """A body as JSON that is YAML as well, which is what API servers take an apply for.

    YAML knows no pairs of escapes for one letter (emoji are such), and no bare control characters or separators of lines.
    """
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", text).encode()


def _seconds(value: str | None) -> float | None:
    return float(value) if value and value.isdigit() else None
