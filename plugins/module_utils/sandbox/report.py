# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of the verb as lines for a person."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from . import layout


def lines(result: Mapping[str, Any], home: str | None = None) -> list[str]:
    """A table of the members, and what to try next; ``home`` is shown as ``~``."""
    home = os.path.expanduser("~") if home is None else home
    members = {name: entry for name, entry in result["members"].items() if entry["state"] != "absent"}
    if not members:
        return [str(result["msg"])]
    rows: list[tuple[str, ...]] = [("MEMBER", "STATE", "REGION", "ZONES", "PROVIDER", "NODES", "API SERVER")]
    rows += [_row(name, entry) for name, entry in members.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [str(result["msg"]), "", *table, "", *_next_steps(result, next(iter(members)), home)]


def _row(name: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    zones = ",".join(entry.get("zones", []))
    nodes = str(len(entry.get("nodes", [])))
    return (
        name,
        entry["state"],
        entry.get("region", ""),
        zones,
        entry.get("provider", ""),
        nodes,
        entry.get("server", ""),
    )


def _next_steps(result: Mapping[str, Any], member: str, home: str) -> list[str]:
    inventory, kubeconfig = (_short(str(result[key]), home) for key in ("inventory", "kubeconfig"))
    root = os.path.dirname(str(result["folder"]))
    down = f"ansible-playbook multicluster.federation.sandbox_down -e sandbox_name={result['sandbox']}"
    if root != os.path.realpath(layout.default_root()):
        down += f" -e sandbox_root={_short(root, home)}"
    return [
        f"Inventory:  {inventory}",
        f"Kubeconfig: {kubeconfig}",
        "Try next:",
        f"  kubectl --kubeconfig {kubeconfig} --context {member} get nodes",
        f"  ansible-playbook -i {inventory} multicluster.federation.site",
        f"  {down}",
    ]


def _short(path: str, home: str) -> str:
    """The path as a person types it; as it is where a shell would read it otherwise."""
    inside = home not in ("", os.sep) and path.startswith(home.rstrip(os.sep) + os.sep)
    short = "~" + path[len(home.rstrip(os.sep)) :] if inside else path
    return short if " " not in short else f"'{path}'"
