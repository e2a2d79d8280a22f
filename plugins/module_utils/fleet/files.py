# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kubeconfigs that hold the federation's own credential of a member, kept on the controller: one file a member, for its owner only."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from contextlib import suppress
from typing import Any

from ..model.access import Access
from ..model.errors import Kind, MemberError
from .kubeconfig import Endpoint, resolve

_MODE, _FOLDER_MODE = 0o600, 0o700


def path_of(access: Access, member: str) -> str:
    """Where the file of a member is kept."""
    return os.path.join(access.folder, access.federation, f"{member}.kubeconfig")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _body(member: str, endpoint: Endpoint, token: str) -> dict[str, Any]:
    cluster: dict[str, Any] = {"server": endpoint.server}
    if endpoint.ca:
        cluster["certificate-authority-data"] = _base64(endpoint.ca)
    if not endpoint.verify:
        cluster["insecure-skip-tls-verify"] = True
    if endpoint.tls_server_name:
        cluster["tls-server-name"] = endpoint.tls_server_name
    if endpoint.proxy:
        cluster["proxy-url"] = endpoint.proxy
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": member, "cluster": cluster}],
        "users": [{"name": "federation", "user": {"token": token}}],
        "contexts": [{"name": member, "context": {"cluster": member, "user": "federation"}}],
        "current-context": member,
    }


def write(access: Access, member: str, endpoint: Endpoint, token: str) -> str:
    """Store a credential, in place of the one before; returns the path. MemberError when that cannot be done."""
    path = path_of(access, member)
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=_FOLDER_MODE, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(_body(member, endpoint, token), stream, indent=1)  # JSON is YAML, and needs no library
            os.chmod(temporary, _MODE)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise MemberError(
            Kind.CREDENTIALS, f"its credential cannot be kept in {path}: {error.strerror}", "set credentials_dir"
        ) from None
    return path


def read(access: Access, member: str) -> Endpoint | None:
    """The stored endpoint and token of a member; None when there is no file. MemberError when it is not what we wrote."""
    path = path_of(access, member)
    if not os.path.exists(path):
        return None
    return resolve(member, {"kubeconfig": path}, {})


def forget(access: Access, member: str) -> bool:
    """Delete the file of a member that left. Returns whether there was one."""
    try:
        os.unlink(path_of(access, member))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise MemberError(
            Kind.CREDENTIALS, f"its credential file {path_of(access, member)} cannot be deleted: {error.strerror}"
        ) from None
    with suppress(OSError):  # others are in it, or somebody made it for himself
        os.rmdir(os.path.dirname(path_of(access, member)))
    return True
