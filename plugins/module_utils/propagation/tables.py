# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables for people: workloads down, members across. Pure text, as wide as a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .health import Health

WIDTH = 110


@dataclass(frozen=True)
class Column:
    """One member. ``trouble`` says why it could not be read, "" when it could."""

    name: str
    region: str = ""
    taints: str = ""
    trouble: str = ""


def _cell(health: Health | None, column: Column) -> str:
    if column.trouble:
        return "?"
    if health is None:
        return "-"
    return f"{health.ready}/{health.desired}" + ("" if health.healthy else " !")


def _blocks(widths: Sequence[int], first: int) -> list[list[int]]:
    """Column numbers in groups that fit beside the first column."""
    blocks: list[list[int]] = [[]]
    used = first
    for number, width in enumerate(widths):
        if blocks[-1] and used + width + 2 > WIDTH:
            blocks.append([])
            used = first
        blocks[-1].append(number)
        used += width + 2
    return blocks


def workload_table(columns: Sequence[Column], cells: Mapping[tuple[str, str, str], Health]) -> list[str]:
    """Lines of a table. ``cells`` maps (resource, workload, member) to its health; a member without an entry shows "-"."""
    rows = sorted({(resource, workload) for resource, workload, _member in cells})
    heads = [("member", [c.name for c in columns]), ("region", [c.region or "-" for c in columns])]
    if any(c.taints for c in columns):
        heads.append(("taints", [c.taints or "-" for c in columns]))
    heads.append(("state", [c.trouble or "ready" for c in columns]))
    body = [
        (f"{resource}: {workload}", [_cell(cells.get((resource, workload, c.name)), c) for c in columns])
        for resource, workload in rows
    ]
    first = max(len(label) for label, _values in heads + body)
    widths = [max(len(values[i]) for _label, values in heads + body) for i in range(len(columns))]
    lines: list[str] = []
    for block in _blocks(widths, first):
        if lines:
            lines.append("")
        rule = "-" * first + "".join("  " + "-" * widths[i] for i in block)
        for number, (label, values) in enumerate(heads + body):
            if number == len(heads):
                lines.append(rule)
            lines.append((label.ljust(first) + "".join("  " + values[i].ljust(widths[i]) for i in block)).rstrip())
    problems = sorted(
        f"! {member}: {workload}: {health.problem}"
        for (_r, workload, member), health in cells.items()
        if not health.healthy
    )
    return lines + ([""] + problems if problems else [])
