# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a drill measured: the clock of each app, from what the prober saw. Pure.

T0 the fault, T1 the first probe that missed replicas, T2 the loss is detected, T3 it is decided what to do, T4 the survivors are told to
run what is needed, T5 they run it, T6 probes were green so many times in a row, T7 everything is back. The recovery time is T6 - T0; its
resolution is the interval of the probes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: green probes in a row that count as recovered
GREEN = 3
DIVIDED, DUPLICATED, STATEFUL, SINGLETON, COPIED = "divided", "duplicated", "stateful", "singleton", "copied"


@dataclass(frozen=True)
class App:
    """A workload that is watched. ``needed`` ready replicas make it green; ``before`` is where it ran, member -> replicas."""

    resource: str
    workload: str
    sort: str
    needed: int
    before: Mapping[str, int]


@dataclass(frozen=True)
class Moment:
    """All members at one probe: ready and wanted replicas of one app on those that answered last."""

    t: float
    ready: int
    wanted: int


def apps_of(snapshot: Mapping[str, Any]) -> list[App]:
    """The workloads in a result of `federated_resource_info`, with what each needs: all of a divided one, one copy of another."""
    found = []
    for resource, body in sorted(snapshot.get("resources", {}).items()):
        divided = (body.get("plan") or {}).get("divided") or {}
        where: dict[str, dict[str, int]] = {}
        for member, data in body["members"].items():
            for workload in data["workloads"]:
                if workload["object"].startswith(("Deployment ", "StatefulSet ")):
                    where.setdefault(workload["object"], {})[member] = int(workload["desired"])
        for name, members in sorted(where.items()):
            running = {m: n for m, n in members.items() if n}
            if not running:
                continue
            if name in divided:
                sort, needed = DIVIDED, sum(running.values())
            else:
                sort, needed = (DUPLICATED if len(running) > 1 else SINGLETON), max(running.values())
            found.append(App(resource, name, STATEFUL if name.startswith("StatefulSet") else sort, needed, running))
    return found


def moments(app: App, probes: Sequence[Mapping[str, Any]]) -> list[Moment]:
    """The app after each probe, once every member was asked. What a member said last counts until its next probe; one that does not
    answer serves nobody, from the moment on when it was asked."""
    last: dict[str, tuple[int, int]] = {}
    everybody = len({probe["member"] for probe in probes})
    found = []
    for probe in probes:
        failed = "ready" not in probe
        ready, wanted = (probe.get("ready") or {}).get(app.workload, (0, 0))
        last[probe["member"]] = (ready, wanted)
        if len(last) == everybody:
            ended = probe["t"] if failed else probe["t"] + probe.get("took", 0.0)
            found.append(
                Moment(ended, sum(entry[0] for entry in last.values()), sum(entry[1] for entry in last.values()))
            )
    return sorted(found, key=lambda moment: moment.t)


def first(found: Iterable[float]) -> float | None:
    return next(iter(found), None)


def clock(
    app: App, seen: Sequence[Moment], t0: float, t2: float | None, t3: float | None, t7: float | None
) -> dict[str, float | None]:
    """T0 to T7 of an app; None for what was not reached."""
    after = seen[bisect_right([moment.t for moment in seen], t0) :]
    t1 = first(moment.t for moment in after if moment.ready < app.needed)
    if t1 is None:  # nobody noticed
        return {"T0": t0, "T1": None, "T2": t2, "T3": t3, "T4": None, "T5": None, "T6": None, "T7": t7}
    later = [moment for moment in after if moment.t >= t1]
    t4 = first(moment.t for moment in later if moment.wanted >= app.needed)
    t5 = first(moment.t for moment in later if moment.ready >= app.needed)
    t6, row = None, 0
    for moment in later:
        row = row + 1 if moment.ready >= app.needed else 0
        if row >= GREEN:
            t6 = moment.t
            break
    return {"T0": t0, "T1": t1, "T2": t2, "T3": t3, "T4": t4, "T5": t5, "T6": t6, "T7": t7}


def outages(app: App, seen: Sequence[Moment], start: float) -> list[list[float]]:
    """When the app had too few ready replicas, as [from, to] in seconds since 1970."""
    found: list[list[float]] = []
    for moment in seen:
        if moment.t < start:
            continue
        if moment.ready >= app.needed:
            if found and found[-1][1] == 0.0:
                found[-1][1] = moment.t
        elif not found or found[-1][1] != 0.0:
            found.append([moment.t, 0.0])
    if found and found[-1][1] == 0.0:
        found[-1][1] = seen[-1].t
    return found


def measured(
    app: App,
    seen: Sequence[Moment],
    times: Mapping[str, float | None],
    interval: float,
    target: float | None,
    placements: tuple[Mapping[str, int], Mapping[str, int]],
    rpo: str = "",
    problem: str = "",
) -> dict[str, Any]:
    """One app in the report. ``times`` has T0, T2, T3 and T7 of the drill; ``placements`` are during and after the loss; ``rpo`` and
    ``problem`` are what became of its data, where that was measured."""
    t0 = times.get("T0")
    if t0 is None:
        reached: dict[str, float | None] = dict.fromkeys([f"T{n}" for n in range(8)])
    else:
        reached = clock(app, seen, t0, times.get("T2"), times.get("T3"), times.get("T7"))
    hurt = reached["T1"] is not None
    rto = reached["T6"] - reached["T0"] if hurt and reached["T6"] is not None and reached["T0"] is not None else None
    if t0 is not None and not hurt:
        rto = 0.0
    late = rto is not None and target is not None and rto > target
    ok = rto is not None and not late
    msg = "" if ok else f"its recovery took {rto:.1f} s, the target is {target:g} s" if late else "it did not recover"
    if problem:
        ok, msg = False, "; ".join(text for text in (msg, problem) if text)
    if t0 is None:
        ok, msg = True, "no fault was injected"
    return {
        "name": app.resource,
        "workload": app.workload,
        "sort": app.sort,
        "needed": app.needed,
        "times": reached,
        "rto": rto,
        "target": target,
        "rpo": rpo or ("not measured: its data are its own affair" if app.sort == STATEFUL else "n/a, stateless"),
        "ok": ok,
        "msg": msg,
        "before": dict(app.before),
        "during": dict(placements[0]),
        "after": dict(placements[1]),
        "outages": outages(app, seen, t0) if t0 is not None else [],
        "probes": _thinned([[moment.t, moment.ready >= app.needed] for moment in seen]),
        "interval": interval,
    }


def _thinned(probes: list[list[Any]], most: int = 400) -> list[list[Any]]:
    """Few enough to draw: of rows with the same outcome the ends, and some between."""
    if len(probes) <= most:
        return probes
    step = len(probes) // most + 1
    return [
        probe
        for i, probe in enumerate(probes)
        if i % step == 0 or probes[i - 1][1] != probe[1] or (i + 1 < len(probes) and probes[i + 1][1] != probe[1])
    ]


def placement(snapshot: Mapping[str, Any] | None, app: App) -> dict[str, int]:
    """Where an app runs in a result of `federated_resource_info`: member -> replicas."""
    body = (snapshot or {}).get("resources", {}).get(app.resource) or {"members": {}}
    found = {
        member: int(workload["desired"])
        for member, data in body["members"].items()
        for workload in data["workloads"]
        if workload["object"] == app.workload
    }
    return {member: count for member, count in found.items() if count}
