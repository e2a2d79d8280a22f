# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a drill as plain data, put together from its journal and its probes; and as JUnit XML. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from .journal import Journal
from .losses import home_at, lines_of, loss_of, writes
from .measure import COPIED, SINGLETON, STATEFUL, App, apps_of, measured, moments, placement

FORM = 1
PASSED, FAILED, ABORTED = "PASSED", "FAILED", "ABORTED"


def report_of(
    journal: Journal,
    probes: Sequence[Mapping[str, Any]],
    targets: Mapping[str, float],
    versions: Mapping[str, str],
    history: Sequence[Mapping[str, Any]],
    evidence: Sequence[Mapping[str, str]],
    now: float,
) -> dict[str, Any]:
    """The whole report. ``targets`` are recovery times in seconds by resource, "*" for all others; ``now`` in seconds since 1970."""
    scenario, interval = journal.scenario, float(journal.last("interval") or 0.25)
    before, during, after = (journal.last(key) for key in ("before", "during", "after"))
    phases = [{**phase, "ended": phase["ended"] or now} for phase in journal.phases()]
    ended = {phase["name"]: phase["ended"] for phase in phases if phase["ok"]}
    times = {
        "T0": journal.when("injected"),
        "T2": ended.get("detect"),
        "T3": ended.get("decide"),
        "T7": ended.get("fail back"),
    }
    stores = {store["workload"]: store["resource"] for store in journal.last("stores") or []}

    def judged(app: App) -> dict[str, Any]:
        target = targets.get(app.resource, targets.get("*"))
        if app.workload in stores:
            return _copied(app, lines_of(probes, stores[app.workload]), times, ended, interval, target)
        seen = moments(app, [probe for probe in probes if "store" not in probe])
        return measured(app, seen, times, interval, target, (placement(during, app), placement(after, app)))

    apps = [judged(app) for app in apps_of(before or {})]
    why = _why(journal, phases, apps, scenario.get("mode") == "simulate")
    verdict = _verdict(journal, phases, why)
    return {
        "form": FORM,
        "drill": journal.drill,
        "federation": str(scenario.get("federation") or ""),
        "scenario": dict(scenario),
        "verdict": verdict,
        "why": why,
        "started": journal.events[0]["at"],
        "ended": now,
        "who": str(journal.events[0].get("who") or ""),
        "versions": dict(versions),
        "preflight": journal.last("preflight") or [],
        "phases": phases,
        "apps": apps,
        "deviations": [
            *(text for event in journal.events for text in (event.get("data") or {}).get("deviations") or []),
            *(_moved(app) for app in apps if _moved(app) and _may_stay(app)),
        ],
        "steps": [
            {
                "at": event["at"],
                "phase": event.get("phase") or "",
                "what": event["data"]["step"],
                "ok": bool(event["data"].get("ok", True)),
                "detail": str(event["data"].get("detail") or ""),
            }
            for event in journal.events
            if "step" in (event.get("data") or {})
        ],
        "survivors": journal.last("survivors") or [],
        "resolution": interval,
        "evidence": list(evidence),
        "history": list(history),
    }


def _copied(
    app: App,
    lines: Sequence[Mapping[str, Any]],
    times: Mapping[str, float | None],
    ended: Mapping[str, float],
    interval: float,
    target: float | None,
) -> dict[str, Any]:
    """An app whose data are copied: it is well while somebody takes writes, and is where that is."""

    def home(moment: float | None) -> dict[str, int]:
        name = home_at(lines, moment)
        return {name: 1} if name else {}

    loss = loss_of(lines, times["T0"])
    watched = replace(app, sort=COPIED, needed=1, before=home(times["T0"]))
    placements = (home(ended.get("verify")), home(None))
    found = measured(watched, writes(lines), times, interval, target, placements, loss.text(), loss.problem())
    return {**found, "data": loss.data()}


def _why(
    journal: Journal, phases: Sequence[Mapping[str, Any]], apps: Sequence[Mapping[str, Any]], simulated: bool
) -> list[str]:
    why = [str(text) for event in journal.events for text in (event.get("data") or {}).get("failures") or []]
    why += [f"{p['name']}: {p['msg'] or 'it did not end'}" for p in phases if not p["ok"] and p["name"] != "report"]
    if simulated:
        return why
    why += [f"{app['name']} ({app['workload']}): {app['msg']}" for app in apps if not app["ok"]]
    if "verify again" in [p["name"] for p in phases if p["ok"]]:
        why += [_moved(app) for app in apps if _moved(app) and not _may_stay(app)]
    return list(dict.fromkeys(why))


def _moved(app: Mapping[str, Any]) -> str:
    """That an app is elsewhere after the drill than before; "" if it is not."""
    if app["before"] == app["after"] or not app["after"]:
        return ""
    return f"{app['name']} ({app['workload']}): placed on {_told(app['after'])} now, on {_told(app['before'])} before"


def _may_stay(app: Mapping[str, Any]) -> bool:
    """Whether an app is right where it moved to: one that runs once, or keeps state, is not moved again without need."""
    return app["sort"] in (STATEFUL, SINGLETON, COPIED) and sum(app["before"].values()) == sum(app["after"].values())


def _told(placed: Mapping[str, int]) -> str:
    return ", ".join(f"{member} {count}" for member, count in sorted(placed.items())) or "no member"


def _verdict(journal: Journal, phases: Sequence[Mapping[str, Any]], why: Sequence[str]) -> str:
    if journal.last("aborted"):
        return ABORTED
    return FAILED if why or not phases else PASSED


def junit(report: Mapping[str, Any]) -> str:
    """The report as JUnit XML: a test case for each app, and one for each phase."""
    cases = [
        (f"{app['name']} recovers", app["workload"], app["rto"] or 0.0, "" if app["ok"] else app["msg"])
        for app in report["apps"]
    ]
    for phase in report["phases"]:
        seconds = phase["ended"] - phase["started"]
        cases.append((phase["name"], "phase", seconds, "" if phase["ok"] else phase["msg"] or "it did not end"))
    failures = sum(1 for case in cases if case[3])
    suite = ET.Element(
        "testsuite",
        name=f"drill {report['scenario'].get('name') or report['drill']}",
        tests=str(len(cases)),
        failures=str(failures),
        time=f"{report['ended'] - report['started']:.3f}",
    )
    for name, group, seconds, problem in cases:
        case = ET.SubElement(suite, "testcase", name=name, classname=group, time=f"{seconds:.3f}")
        if problem:
            ET.SubElement(case, "failure", message=problem)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"
