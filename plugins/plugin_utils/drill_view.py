# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the page of a drill shows, worked out of its report. Pure: times as text, and where everything stands in the drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

DASH = "\u2013"
SYMBOLS = {"ok": "✓", "warn": "!", "bad": "✕", "unknown": "?", "none": DASH}
_TONES = {"PASSED": "ok", "FAILED": "bad", "ABORTED": "warn"}
#: what T0 to T7 stand for, in a word
MARKS = {
    "T0": "fault",
    "T1": "first failed probe",
    "T2": "detected",
    "T3": "decided",
    "T4": "told to survivors",
    "T5": "ready",
    "T6": "proven green",
    "T7": "all back",
}


def clock_time(moment: float | None) -> str:
    """A moment as UTC, to the tenth of a second."""
    if moment is None:
        return DASH
    found = datetime.fromtimestamp(moment, timezone.utc)
    return found.strftime("%H:%M:%S") + f".{found.microsecond // 100000}"


def seconds(value: float | None) -> str:
    return DASH if value is None else f"{value:.1f} s"


def build(report: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the template needs."""
    begin, end = report["started"], max(report["ended"], report["started"] + 0.001)

    def x(moment: float) -> float:
        """Where a moment stands, in percent of the drawing."""
        return float(round(min(100.0, max(0.0, 100 * (moment - begin) / (end - begin))), 2))

    def span(start: float, stop: float) -> dict[str, float]:
        return {"x": x(start), "width": max(0.25, round(x(stop) - x(start), 2))}

    apps = [_app(app, x, span) for app in report["apps"]]
    members = sorted({m for app in report["apps"] for key in ("before", "during", "after") for m in app[key]})
    scenario = report["scenario"]
    simulated = scenario.get("mode") == "simulate"
    targets = [app["target"] or 0.0 for app in report["apps"]]
    longest = max([1.0, *(app["rto"] or 0.0 for app in report["apps"]), *targets])
    hurt = [app["rto"] for app in report["apps"] if app["rto"]]
    return {
        "title": f"Drill: {scenario.get('name') or ', '.join(scenario.get('members', []))}",
        "verdict": report["verdict"],
        "tone": _TONES.get(report["verdict"], "unknown"),
        "symbols": SYMBOLS,
        "why": report["why"],
        "tiles": [
            {"tone": "none", "value": len(report["apps"]), "label": "apps watched", "more": ""},
            {
                "tone": "ok" if hurt or not report["apps"] else "none",
                "value": seconds(max(hurt)) if hurt else "none",
                "label": "longest recovery",
                "more": f"± {report['resolution']:g} s" if hurt else "",
            },
            {
                "tone": "none",
                "value": ", ".join(scenario.get("members", [])) or DASH,
                "label": "taken away",
                "more": "",
            },
            {
                "tone": "none",
                "value": seconds(end - begin),
                "label": "whole drill",
                "more": "simulated" if simulated else "",
            },
        ],
        "facts": [
            ("Drill", report["drill"]),
            ("Federation", report["federation"]),
            ("Fault", str(scenario.get("fault") or "")),
            ("Mode", str(scenario.get("mode") or "")),
            ("Started by", report["who"]),
            ("From", f"{datetime.fromtimestamp(begin, timezone.utc):%Y-%m-%d} {clock_time(begin)} UTC"),
            ("To", f"{datetime.fromtimestamp(end, timezone.utc):%Y-%m-%d} {clock_time(end)} UTC"),
        ],
        "preflight": [
            {"check": c["check"], "result": "ok" if c["ok"] else "failed", "detail": c["detail"]}
            for c in report["preflight"]
        ],
        "phases": [
            {
                **span(p["started"], p["ended"]),
                "name": p["name"],
                "tone": "ok" if p["ok"] else "bad",
                "from": clock_time(p["started"]),
                "took": seconds(p["ended"] - p["started"]),
                "msg": p["msg"],
            }
            for p in report["phases"]
        ],
        "apps": apps,
        "marks": MARKS,
        "recovery": [_recovery(app, longest, report["resolution"]) for app in report["apps"] if app["times"]["T0"]],
        "members": members,
        "placement": [_placement(app, members) for app in report["apps"]],
        "survivors": report["survivors"],
        "deviations": report["deviations"],
        "steps": [_step(step) for step in report["steps"]],
        "history": _history(report),
        "evidence": report["evidence"],
        "versions": [f"{name} {version}" for name, version in sorted(report["versions"].items())],
        "resolution": f"{report['resolution']:g} s",
        "height": 26 + 24 * (len(report["apps"]) + 1),
    }


def _step(step: Mapping[str, Any]) -> dict[str, str]:
    told = {key: str(step[key]) for key in ("phase", "what", "detail")}
    return {**told, "at": clock_time(step["at"]), "result": "ok" if step["ok"] else "failed"}


def _app(app: Mapping[str, Any], x: Any, span: Any) -> dict[str, Any]:
    times = app["times"]
    return {
        "name": app["name"],
        "workload": app["workload"],
        "sort": app["sort"],
        "tone": "ok" if app["ok"] else "bad",
        "outages": [span(start, stop) for start, stop in app["outages"]],
        "points": [{"x": x(t), "name": name} for name, t in times.items() if t is not None],
        "times": {name: clock_time(t) for name, t in times.items()},
        "rto": "not recovered" if app["rto"] is None else "no outage" if not app["rto"] else seconds(app["rto"]),
        "target": seconds(app["target"]) if app["target"] else "none",
        "rpo": app["rpo"],
        "msg": app["msg"],
        "strip": _strip(app["probes"], x),
    }


def _strip(probes: Sequence[Sequence[Any]], x: Any) -> list[dict[str, Any]]:
    """Probes as rows with the same outcome."""
    found: list[dict[str, Any]] = []
    for number, (moment, green) in enumerate(probes):
        stop = probes[number + 1][0] if number + 1 < len(probes) else moment
        if found and found[-1]["tone"] == ("ok" if green else "bad"):
            found[-1]["stop"] = x(stop)
        else:
            found.append({"x": x(moment), "stop": x(stop), "tone": "ok" if green else "bad"})
    return [{**row, "width": max(0.15, round(row["stop"] - row["x"], 2))} for row in found]


def _recovery(app: Mapping[str, Any], longest: float, resolution: float) -> dict[str, Any]:
    scale = 92.0 / longest
    rto = app["rto"]
    return {
        "name": app["name"],
        "workload": app["workload"],
        "tone": "ok" if app["ok"] else "bad",
        "width": 100.0 if rto is None else round(rto * scale, 2),
        "error": round(resolution * scale, 2),
        "target": round(app["target"] * scale, 2) if app["target"] else None,
        "text": "not recovered" if rto is None else "no outage" if not rto else seconds(rto),
        "target_text": f"target {app['target']:g} s" if app["target"] else "no target",
    }


def _placement(app: Mapping[str, Any], members: Sequence[str]) -> dict[str, Any]:
    rows = []
    for label, key in (("before", "before"), ("during", "during"), ("after", "after")):
        cells = []
        for member in members:
            count = app[key].get(member, 0)
            change = count - app["before"].get(member, 0)
            cells.append(
                {"text": str(count) if count else DASH, "change": f"{change:+d}" if change and app[key] else ""}
            )
        rows.append({"label": label, "cells": cells})
    return {"name": app["name"], "workload": app["workload"], "rows": rows}


def _history(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    runs = [*report["history"]]
    found = []
    for run in runs[-12:]:
        worst = max([value for value in run["rto"].values() if value is not None], default=None)
        found.append({"drill": run["drill"], "verdict": run["verdict"], "rto": seconds(worst), "value": worst or 0.0})
    most = max([entry["value"] for entry in found], default=0.0) or 1.0
    return [{**entry, "width": round(92 * entry["value"] / most, 2)} for entry in found]
