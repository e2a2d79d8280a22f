# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of `cluster_info`: a line for each member, and below it what is to be done. Pure text."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ..fleet.verdict import PROVEN, READY_STATUS
from ..model.access import DAY
from ..model.quantity import decimal

Member = Mapping[str, Any]

_HOUR, _MINUTE = 3600, 60
_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")
#: credentials that somebody else renews in time
_RENEWED = ("token_file", "exec")


def cores(used: int, of: int) -> str:
    """Millicores for people: ``12.5/48 cores``."""
    return f"{decimal(Fraction(used, 1000))}/{decimal(Fraction(of, 1000))} cores"


def memory(used: int, of: int) -> str:
    """Bytes for people, both in the unit that suits the larger: ``96/192 GiB``."""
    power = 1
    while power < len(_UNITS) and of >= 1024 ** (power + 1):
        power += 1
    return f"{decimal(Fraction(used, 1024**power))}/{decimal(Fraction(of, 1024**power))} {_UNITS[power - 1]}"


def life(seconds: int) -> str:
    """How long something lives, in days, hours or minutes; always rounded down."""
    if seconds < 0:
        return "expired"
    for size, unit in ((DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size * (2 if unit == "d" else 1):
            return f"{int(seconds // size)} {unit}"
    return f"{seconds} s"


def _status(member: Member) -> str:
    if member["status"] != READY_STATUS or member["writes"] == PROVEN:
        return str(member["status"])
    return f"{member['status']} (writes {member['writes']})"


def _nodes(member: Member) -> str:
    """Ready of all nodes, and how many take no pods although they are ready."""
    nodes = member["nodes"]
    if not nodes:
        return "-"
    closed = nodes["ready"] - nodes["schedulable"]
    return f"{nodes['ready']}/{nodes['total']}" + (f" ({closed} closed)" if closed else "")


def _credential(member: Member, warn: float) -> str:
    found = member["credential"]
    left = found["seconds_left"]
    if left is None:
        return str(found["kind"])
    mark = "!" if left < warn and found["kind"] not in _RENEWED else ""
    return f"{found['kind']} {life(left)}{mark}"


def _kept_away(member: Member) -> str:
    """What keeps resources away from a member, which may be long."""
    parts = ["cordoned"] if member["cordoned"] else []
    parts += [f"tainted {', '.join(member['taints'])}"] if member["taints"] else []
    return " and ".join(parts)


def _row(name: str, member: Member, federated: bool, warn: float) -> dict[str, str]:
    amounts = member["capacity"]

    def used(amount: str) -> tuple[int, int]:
        return amounts[amount]["requested"], amounts[amount]["allocatable"]

    row = {"member": name, "status": _status(member)}
    if federated:
        row["joined"] = "yes" if member["joined"] else "no"
    row.update(
        version=member["version"] or "-",
        region=member["region"] or "-",
        nodes=_nodes(member),
        cpu=cores(*used("cpu")) if amounts else "-",
        memory=memory(*used("memory")) if amounts else "-",
        pods="{}/{} pods".format(*used("pods")) if amounts else "-",
        credential=_credential(member, warn),
    )
    return row


def _lines(rows: list[dict[str, str]]) -> list[str]:
    """Rows under their headings, without columns in which nobody has anything to say."""
    heads = [head for head in rows[0] if head in ("member", "status") or any(row[head] != "-" for row in rows)]
    widths = {head: max(len(head), *(len(row[head]) for row in rows)) for head in heads}
    body = [{head: head for head in heads}, {head: "-" * widths[head] for head in heads}, *rows]
    return ["  ".join(row[head].ljust(widths[head]) for head in heads).rstrip() for row in body]


def health_table(members: Mapping[str, Member], federated: bool, warn: float) -> list[str]:
    """Lines of a table, and below it what is wrong and what to do. ``members`` as in the result of `cluster_info`; ``warn``: seconds
    of life under which a credential is marked."""
    if not members:
        return []
    lines = _lines([_row(name, member, federated, warn) for name, member in members.items()])
    below = []
    for name, member in members.items():
        if member["status"] != READY_STATUS:
            hint = f" ({member['hint']})" if member["hint"] else ""
            below.append(f"! {name} is {member['status']}: {member['msg']}{hint}")
        if _kept_away(member):
            below.append(f"- {name} is {_kept_away(member)}")
        below += [f"- {name}: {note}" for note in member["notes"]]
    return lines + (["", *below] if below else [])
