# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command in a container, through the API server: a websocket, with one absolute deadline for all of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ..model.errors import Kind, MemberError, missing
from .api import MemberApi, explain
from .deadline import Deadline
from .transport import Response

try:
    import websocket
except ImportError:  # reported by run_command, as one clear failure
    websocket = None  # type: ignore[assignment]

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_IN, _OUT, _ERR, _STATUS = 0, 1, 2, 3
#: bytes of a command's input in one message
_CHUNK = 32768

#: bytes that are kept of what a command prints, from its end
KEPT = 65536


@dataclass(frozen=True)
class Ran:
    """What became of a command: its exit code, and what it printed to both streams, in the order in which it came."""

    code: int
    output: str

    def last(self, lines: int = 6) -> list[str]:
        """The last lines that say something."""
        return [line[:300] for line in self.output.splitlines() if line.strip()][-lines:]

    def reason(self) -> str:
        """Why it failed, in a line: what it said last, else its exit code."""
        return " | ".join(self.last()) or f"exit code {self.code}"


def words_of(text: str) -> dict[str, str]:
    """What a command printed in lines of a word and its value; other lines are passed over."""
    lines = [line.split(None, 1) for line in text.splitlines()]
    return {line[0]: line[1].strip() for line in lines if len(line) == 2}


def run_command(
    api: MemberApi,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    deadline: Deadline,
    data: bytes = b"",
) -> Ran:
    """Run a command to its end. MemberError when it cannot be started, or is not done by the deadline: then it may go on there.

    ``data`` goes to its standard input, which stays open: the command has to know how much it reads. What is secret belongs there, since
    API servers write the words of commands into their logs.
    """
    limit = deadline.within(api.deadline.remaining())
    socket = _open(api, namespace, pod, container, command, limit, bool(data))
    try:
        _send(socket, data, limit, pod, command)
        return _read(socket, limit, pod, command)
    finally:
        socket.close(timeout=1)


class Conversation:
    """A command that answers lines with lines. It has to end with its input, since nothing else ends it: one that only prints goes on
    in its pod, whoever is there to read it.

    MemberError when it cannot be started.
    """

    def __init__(
        self, api: MemberApi, namespace: str, pod: str, container: str, command: Sequence[str], deadline: Deadline
    ) -> None:
        self._pod, self._command = pod, command
        self._rest = b""
        limit = deadline.within(api.deadline.remaining())
        self._socket = _open(api, namespace, pod, container, command, limit, listens=True)

    def ask(self, line: str, deadline: Deadline) -> str:
        """Give it a line, and wait for the next line that it prints. MemberError when it ended, or says nothing by the deadline."""
        _send(self._socket, f"{line}\n".encode(), deadline, self._pod, self._command)
        while b"\n" not in self._rest:
            channel, data = _frame(self._socket, deadline, self._pod, self._command)
            if channel == _STATUS:
                code = _code(data, self._pod)
                raise MemberError(Kind.FAILED, f"{self._command[0]} in pod {self._pod} ended with exit code {code}")
            if channel == _OUT:
                self._rest += data
        answer, _end, self._rest = self._rest.partition(b"\n")
        return answer.decode("utf-8", "replace")

    def close(self) -> None:
        """End its input, and with that the command."""
        self._socket.close(timeout=1)


def _open(
    api: MemberApi,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    limit: Deadline,
    listens: bool = False,
) -> websocket.WebSocket:
    """A connection to a command that was started; ``listens``: it has a standard input."""
    if websocket is None:
        raise missing("websocket-client")
    query = [("container", container), ("stdout", "true"), ("stderr", "true"), *(("command", word) for word in command)]
    if listens:
        query.insert(0, ("stdin", "true"))
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/exec?{urlencode(query)}"
    try:
        socket: websocket.WebSocket = api.transport.websocket(path, _PROTOCOLS, limit)
    except websocket.WebSocketBadStatusException as error:
        raise _refused(error) from None
    except (websocket.WebSocketException, OSError) as error:
        raise MemberError(Kind.UNREACHABLE, f"no command could be run in pod {pod}: {error}") from None
    return socket


def _send(socket: websocket.WebSocket, data: bytes, limit: Deadline, pod: str, command: Sequence[str]) -> None:
    for start in range(0, len(data), _CHUNK):
        socket.settimeout(max(0.01, limit.remaining()))
        try:
            socket.send_binary(bytes([_IN]) + data[start : start + _CHUNK])
        except websocket.WebSocketTimeoutException:
            raise _late(pod, command) from None
        except (websocket.WebSocketException, OSError):
            raise _cut(pod, command) from None


def _read(socket: websocket.WebSocket, limit: Deadline, pod: str, command: Sequence[str]) -> Ran:
    kept = b""
    while True:
        channel, data = _frame(socket, limit, pod, command)
        if channel in (_OUT, _ERR):
            kept = (kept + data)[-KEPT:]
        elif channel == _STATUS:
            return Ran(_code(data, pod), kept.decode("utf-8", "replace"))


def _frame(socket: websocket.WebSocket, limit: Deadline, pod: str, command: Sequence[str]) -> tuple[int, bytes]:
    """The next message: its channel and what is in it."""
    if limit.expired():
        raise _late(pod, command)
    socket.settimeout(max(0.01, limit.remaining()))
    try:
        frame = socket.recv()
    except websocket.WebSocketTimeoutException:
        raise _late(pod, command) from None
    except (websocket.WebSocketException, OSError):
        raise _cut(pod, command) from None
    data = frame.encode() if isinstance(frame, str) else frame
    if not data:
        raise MemberError(Kind.UNREACHABLE, f"pod {pod} ended the connection before {command[0]} was done")
    return data[0], data[1:]


def _code(status: bytes, pod: str) -> int:
    """The exit code in the Status object that ends a command."""
    try:
        body = json.loads(status)
    except ValueError:
        raise MemberError(Kind.FAILED, f"pod {pod} did not say how the command ended") from None
    if body.get("status") == "Success":
        return 0
    for cause in (body.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode" and str(cause.get("message")).isdigit():
            return int(cause["message"])
    raise MemberError(
        Kind.FAILED, f"no command could be run in pod {pod}: {body.get('message') or 'no reason is given'}"
    )


def _late(pod: str, command: Sequence[str]) -> MemberError:
    return MemberError(Kind.TIMEOUT, f"{command[0]} in pod {pod} was not done in time; it may go on there")


def _cut(pod: str, command: Sequence[str]) -> MemberError:
    return MemberError(Kind.UNREACHABLE, f"the connection to pod {pod} was cut while it ran {command[0]}")


def _refused(error: websocket.WebSocketBadStatusException) -> MemberError:
    """The answer of an API server that did not open a connection, as any other refusal."""
    body = getattr(error, "resp_body", None)
    try:
        decoded = json.loads(body) if body else None
    except ValueError:
        decoded = None
    return explain(Response(error.status_code, decoded, None))
