# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the unit tests of several rooms share: manifests, members, discovery, and managedFields as an API server writes them."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from hypothesis import HealthCheck, settings

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.discovery import ApiKind, Discovery
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster, parse_cluster
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind
from ansible_collections.multicluster.federation.plugins.module_utils.model.names import field_manager

#: for property tests: the same examples in every run, nothing kept on disk, no opinion on slow machines
STEADY = settings(
    derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)

FEDERATION = "acme"
MANAGER = field_manager(FEDERATION)

DEPLOYMENT = GroupKind("apps", "Deployment")
CONFIG_MAP = GroupKind("", "ConfigMap")
NAMESPACE = GroupKind("", "Namespace")
CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")


def member(name: str, **facts: Any) -> Cluster:
    """A member with these facts (labels, region, zone, provider, taints), read as the inventory is."""
    return parse_cluster(name, facts, {})


def config_map(name: str = "settings", namespace: str = "", **data: str) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


def deployment(name: str = "web", image: str = "nginx:1.25", **spec: Any) -> dict[str, Any]:
    """A small Deployment; ``spec`` adds to its spec."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": image}]},
            },
            **spec,
        },
    }


def autoscaler(name: str = "web", **spec: Any) -> dict[str, Any]:
    """A HorizontalPodAutoscaler of the Deployment of its name; ``spec`` changes its spec."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9, **spec},
    }


def served(kind: GroupKind, version: str, plural: str, namespaced: bool = True) -> ApiKind:
    return ApiKind(kind, version, plural, namespaced, frozenset(("list", "get", "patch", "delete")))


def usual_discovery(*more: ApiKind, stale: Sequence[str] = ()) -> Discovery:
    """What every member serves, and ``more``."""
    kinds = [
        served(CONFIG_MAP, "v1", "configmaps"),
        served(GroupKind("", "Secret"), "v1", "secrets"),
        served(GroupKind("", "Service"), "v1", "services"),
        served(NAMESPACE, "v1", "namespaces", namespaced=False),
        served(DEPLOYMENT, "v1", "deployments"),
        served(CRD, "v1", "customresourcedefinitions", namespaced=False),
        *more,
    ]
    return Discovery({kind.kind: (kind,) for kind in kinds}, frozenset(stale))


#: how Kubernetes merges lists: the last two steps of a path -> the keys of its items; "set" for sets; all others are atomic
LIST_TYPES: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "finalizers": ("set",),
}
DEFAULTS = {"protocol": "TCP"}


def fields_of(value: Any, key: str = "") -> dict[str, Any]:
    """fieldsV1 of an apply of ``value``, as an API server computes it; ``key`` is the name of the field that holds it.

    Nodes of items carry ".", those of granular maps do not when they are applied; empty maps and lists are leaves.
    """
    if isinstance(value, Mapping):
        return {f"f:{name}": fields_of(item, name) for name, item in value.items()}
    if not isinstance(value, list):
        return {}
    keys = LIST_TYPES.get(key)
    if keys == ("set",):
        return {"v:" + json.dumps(item, separators=(",", ":")): {} for item in value}
    if keys and all(isinstance(item, Mapping) for item in value):
        return {_item_key(item, keys): {".": {}, **fields_of(item)} for item in value}
    return {}


def _item_key(item: Mapping[str, Any], keys: Sequence[str]) -> str:
    found = {name: item.get(name, DEFAULTS.get(name)) for name in keys if name in item or name in DEFAULTS}
    return "k:" + json.dumps(found, separators=(",", ":"), sort_keys=True)


def applied_by_us(want: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The metadata of an object right after our apply of ``want``, as a metadata-only list shows it."""
    body = {k: v for k, v in want.items() if k not in ("apiVersion", "kind", "metadata")}
    marks = {k: v for k, v in want["metadata"].items() if k not in ("name", "namespace")}
    entry = {
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": want["apiVersion"],
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields_of({**body, "metadata": marks}),
    }
    return {
        **json.loads(json.dumps(want["metadata"])),
        "uid": "11111111-1111-1111-1111-111111111111",
        "resourceVersion": "7",
        "managedFields": [entry],
        **more,
    }


class Server:
    """A real server on loopback: ``serve(connection, stop)`` answers each connection in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket, threading.Event], None]) -> None:
        self._serve = serve
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            thread = threading.Thread(target=self._one, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _one(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            self._serve(connection, self._stop)
        with suppress(OSError):
            connection.close()

    def close(self) -> None:
        self._stop.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in self._threads)


@contextmanager
def serving(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[Server]:
    server = Server(serve)
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket) -> bytes:
    """One request with its body; b"" when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _end, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(code: int = 200, body: Any = None, **headers: str) -> bytes:
    """A whole HTTP answer; ``body`` is text as it is, or data as JSON."""
    raw = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {code} Status", f"Content-Length: {len(raw)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def answering(*answers: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """A server for `serving` that gives these answers one after the other, over all connections; the last one for ever."""
    left = list(answers)
    lock = threading.Lock()

    def serve(connection: socket.socket, _stop: threading.Event) -> None:
        while read_request(connection):
            with lock:
                given = left.pop(0) if len(left) > 1 else left[0]
            if not given:  # an empty answer: the connection is reset
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
                return
            connection.sendall(given)

    return serve


def trickling(head: bytes, drop: bytes = b" ", pause: float = 0.05) -> Callable[[socket.socket, threading.Event], None]:
    """A server for `serving` that sends ``head`` and then one byte now and then, for ever."""

    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(head)
        while not stop.wait(pause):
            connection.sendall(drop)

    return serve


@contextmanager
def at_most(seconds: float, at_least: float = 0.0) -> Iterator[None]:
    """The block takes this long; bounds are generous, since machines that test are busy."""
    begun = time.monotonic()
    yield
    taken = time.monotonic() - begun
    assert at_least <= taken <= seconds, f"{taken:.2f} s"
