# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kubeconfigs of users, as kubectl takes them, and of components."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any

from . import files, layout
from .certificates import (
    ADMIN,
    AUTHORITY,
    CONTROLLER_MANAGER,
    KWOK,
    OPERATOR,
    ORDINARY,
    SCHEDULER,
    Identity,
    kubelet_of,
)

#: which identity a component uses; its kubeconfig lies beside the certificates
_OF_COMPONENTS = {layout.CONTROLLER_MANAGER: CONTROLLER_MANAGER, layout.SCHEDULER: SCHEDULER, layout.KWOK: KWOK}


def of_component(folder: layout.MemberFolder, component: str) -> str:
    """The path of the kubeconfig that a component uses."""
    return folder.file("pki", f"{component}.kubeconfig")


def write_all(folder: layout.MemberFolder, port: int, real: bool = False) -> bool:
    """Write the kubeconfigs of one member, whose API server listens on ``port``, those of a ``real`` node too. Returns whether any
    changed."""
    wanted = {folder.kubeconfig: ADMIN, folder.user_kubeconfig: ORDINARY}
    wanted.update({of_component(folder, component): identity for component, identity in _OF_COMPONENTS.items()})
    if real:
        wanted[of_component(folder, layout.KUBELET)] = kubelet_of(folder.name)
        wanted[of_component(folder, layout.NODE)] = OPERATOR
    texts = {path: files.yaml_text(_config(_data(folder, port, identity))) for path, identity in wanted.items()}
    written = [files.write(path, text) for path, text in texts.items()]
    return any(written)


def write_merged(sandbox: layout.SandboxFolder, ports: Mapping[str, int]) -> bool:
    """One kubeconfig with a context for each member, as its admin; ``ports`` by member. Returns whether it changed."""
    parts = [_data(sandbox.member(name), port, ADMIN) for name, port in ports.items()]
    return files.write(sandbox.kubeconfig, files.yaml_text(_config(*parts)))


def server(port: int) -> str:
    return f"https://{layout.LOOPBACK}:{port}"


def _data(folder: layout.MemberFolder, port: int, identity: Identity) -> dict[str, Any]:
    user = f"{folder.name}-{identity.file}"
    return {
        "cluster": {
            "name": folder.name,
            "cluster": {"server": server(port), "certificate-authority-data": _inline(folder, f"{AUTHORITY}.crt")},
        },
        "context": {"name": folder.name, "context": {"cluster": folder.name, "user": user}},
        "user": {
            "name": user,
            "user": {
                "client-certificate-data": _inline(folder, f"{identity.file}.crt"),
                "client-key-data": _inline(folder, f"{identity.file}.key"),
            },
        },
    }


def _config(*parts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [part["cluster"] for part in parts],
        "contexts": [part["context"] for part in parts],
        "users": [part["user"] for part in parts],
        "current-context": parts[0]["context"]["name"] if parts else "",
    }


def _inline(folder: layout.MemberFolder, file: str) -> str:
    with open(os.path.join(folder.pki, file), "rb") as handle:
        return base64.b64encode(handle.read()).decode("ascii")
