# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credentials that have to be fetched: token files and exec plugins, under the deadline of the member."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..model.errors import Kind, MemberError
from .deadline import Deadline
from .kubeconfig import Endpoint, ExecPlugin


@dataclass(frozen=True)
class Credential:
    """What a request carries: a header, or a client certificate with its key (PEM). ``expires``: when a plugin says that it ends,
    in seconds since 1970."""

    authorization: str = field(default="", repr=False)
    client_cert: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    expires: float | None = None


#: hosts often share one plugin call (the same command, arguments and environment); it is made once
_cache: dict[Any, tuple[float, Credential]] = {}
_locks: dict[Any, threading.Lock] = {}
_registry = threading.Lock()


def _problem(message: str, hint: str = "") -> MemberError:
    return MemberError(Kind.CREDENTIALS, message, hint)


def credential_for(endpoint: Endpoint, deadline: Deadline) -> Credential:
    """The credential of an endpoint. MemberError of kind ``credentials`` when it cannot be had in time."""
    cert, key = endpoint.client_cert, endpoint.client_key
    if endpoint.token:
        return Credential(f"Bearer {endpoint.token}", cert, key)
    if endpoint.token_file:
        try:
            with open(endpoint.token_file, encoding="utf-8") as stream:
                return Credential(f"Bearer {stream.read().strip()}", cert, key)
        except OSError as error:
            raise _problem(f"the token file {endpoint.token_file} cannot be read: {error.strerror}") from None
    if endpoint.username:
        pair = base64.b64encode(f"{endpoint.username}:{endpoint.password}".encode()).decode()
        return Credential(f"Basic {pair}", cert, key)
    if endpoint.exec_plugin is not None:
        return _from_plugin(endpoint, endpoint.exec_plugin, deadline)
    if endpoint.auth_provider and not cert:
        raise _problem(
            f"the kubeconfig uses the auth-provider {endpoint.auth_provider!r}, which Kubernetes removed in 1.26",
            "write the kubeconfig again with its exec plugin",
        )
    return Credential("", cert, key)


def _from_plugin(endpoint: Endpoint, plugin: ExecPlugin, deadline: Deadline) -> Credential:
    cache_key = (plugin, endpoint.server if plugin.provide_cluster_info else "")
    with _registry:
        lock = _locks.setdefault(cache_key, threading.Lock())
    if not lock.acquire(timeout=max(0.01, deadline.remaining())):
        raise _problem(f"the credential plugin {plugin.command} did not answer in time")
    try:
        expires, credential = _cache.get(cache_key, (0.0, None))
        if credential is None or expires <= time.time() + 60:
            if deadline.expired():  # the call that was waited for took all the time there was
                raise _problem(f"the credential plugin {plugin.command} did not answer in time")
            expires, credential = _run(endpoint, plugin, deadline)
            _cache[cache_key] = (expires, credential)
        return credential
    finally:
        lock.release()


def _request(endpoint: Endpoint, plugin: ExecPlugin) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.provide_cluster_info:
        cluster: dict[str, Any] = {"server": endpoint.server}
        if endpoint.ca:
            cluster["certificate-authority-data"] = base64.b64encode(endpoint.ca.encode()).decode()
        spec["cluster"] = cluster
    return json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})


def _run(endpoint: Endpoint, plugin: ExecPlugin, deadline: Deadline) -> tuple[float, Credential]:
    env = {**os.environ, **dict(plugin.env), "KUBERNETES_EXEC_INFO": _request(endpoint, plugin)}
    try:
        # its own session: at the deadline the plugin ends with everything that it started
        process = subprocess.Popen(
            [plugin.command, *plugin.args],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise _problem(
            f"the credential plugin {plugin.command} cannot be started: {error.strerror}", plugin.install_hint
        ) from None
    try:
        output, complaint = process.communicate(timeout=max(0.01, deadline.remaining()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise _problem(f"the credential plugin {plugin.command} did not answer in time") from None
    if process.returncode != 0:
        said = complaint.decode(errors="replace").strip().splitlines()
        raise _problem(
            f"the credential plugin {plugin.command} ended with status {process.returncode}"
            + (f": {said[-1][:200]}" if said else "")
        )
    return _parse(plugin, output)


def _parse(plugin: ExecPlugin, output: bytes) -> tuple[float, Credential]:
    try:
        status = json.loads(output)["status"]
        token: str | None = status.get("token")
        cert, key = status.get("clientCertificateData") or "", status.get("clientKeyData") or ""
        stamp = status.get("expirationTimestamp")
        said = datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() if stamp else None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _problem(f"the credential plugin {plugin.command} did not print an ExecCredential") from None
    if not token and not cert:
        raise _problem(f"the credential plugin {plugin.command} printed no credential")
    credential = Credential(f"Bearer {token}" if token else "", cert, key, said)
    return said if said is not None else time.time() + 3600, credential
