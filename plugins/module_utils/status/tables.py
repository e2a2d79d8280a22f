# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables for people: workloads down, members across. Pure text, as wide as a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.manifest import ObjectName
from ..propagation.health import Health
from .findings import UNHEALTHY

#: columns of text before a table is continued below, and how many problems are told of
WIDTH, PROBLEMS = 110, 10
#: how many members one line names; more are counted
MEMBERS = 3

Cell = tuple[str, ObjectName, str]
Row = tuple[str, list[str]]


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
    if not health.counts:
        return "ok" if health.healthy else "no !"
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


def _body(columns: Sequence[Column], cells: Mapping[Cell, Health]) -> list[Row]:
    """A heading for each resource, and a row for each of its workloads; the namespace is said once if it is the same for all."""
    rows: list[Row] = []
    for resource in sorted({resource for resource, _workload, _member in cells}):
        workloads = sorted({workload for owner, workload, _member in cells if owner == resource})
        spaces = {workload.namespace for workload in workloads}
        one = len(spaces) == 1
        rows.append((f"{resource} (namespace {spaces.pop()})" if one else resource, [""] * len(columns)))
        for workload in workloads:
            label = f"{workload.kind.kind} {workload.name}" if one else str(workload)
            values = [_cell(cells.get((resource, workload, column.name)), column) for column in columns]
            rows.append((f"  {label}", values))
    return rows


def _problems(cells: Mapping[Cell, Health]) -> list[str]:
    """What is not healthy, and why; a few of them, since one cause often has many victims."""
    lines = [
        f"! {member}: {workload}: {health.problem}"
        for (_resource, workload, member), health in sorted(cells.items(), key=lambda item: (item[0][2], item[0]))
        if not health.healthy
    ]
    return lines[:PROBLEMS] + ([f"! and {len(lines) - PROBLEMS} more"] if len(lines) > PROBLEMS else [])


def workload_table(columns: Sequence[Column], cells: Mapping[Cell, Health]) -> list[str]:
    """Lines of a table. ``cells`` has the health of each (resource, workload, member); a member without an entry shows "-"."""
    heads: list[Row] = [("member", [c.name for c in columns]), ("region", [c.region or "-" for c in columns])]
    if any(c.taints for c in columns):
        heads.append(("taints", [c.taints or "-" for c in columns]))
    heads.append(("state", [c.trouble or "ready" for c in columns]))
    body = _body(columns, cells)
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
    problems = _problems(cells)
    return lines + ([""] + problems if problems else [])


def _where(entries: Sequence[Mapping[str, str]]) -> str:
    found = sorted({entry["member"] for entry in entries})
    return ", ".join(found) if len(found) <= MEMBERS else f"{len(found)} members"


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."


def is_late(entry: Mapping[str, Any]) -> bool:
    """Whether a member lacks more than the health of what it has, which is told elsewhere."""
    return list(entry["reasons"]) != [UNHEALTHY]


def resource_notes(resources: Mapping[str, Any], orphans: Sequence[Mapping[str, str]]) -> list[str]:
    """A line for each resource that is not as it should be, beyond health, and one for what belongs to no resource; both as in the
    result of the module."""
    lines = []
    for name, data in resources.items():
        for key, one, many in (("drift", "drifted object", "drifted objects"), ("orphans", "orphan", "orphans")):
            found = data[key] or []
            if found:
                what = one if len(found) == 1 else many
                first = f"{found[0]['object']}: {found[0]['msg']}"
                lines.append(_cut(f"~ {name}: {len(found)} {what} on {_where(found)}, e.g. {first}"))
        late = [entry for entry in data["behind"] if is_late(entry)]
        lines += [_cut(f"< {name}: {entry['member']} is behind: {entry['msg']}") for entry in late[:PROBLEMS]]
        if len(late) > PROBLEMS:
            lines.append(f"< {name}: and {len(late) - PROBLEMS} more members are behind")
    if orphans:
        count = "1 object" if len(orphans) == 1 else f"{len(orphans)} objects"
        lines.append(_cut(f"~ {count} of no recorded resource on {_where(orphans)}, e.g. {orphans[0]['object']}"))
    return ["", *lines] if lines else []
