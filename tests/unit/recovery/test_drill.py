# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A drill on paper: its journal, the clock of each app, the verdict, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.recovery import journal
from ansible_collections.multicluster.federation.plugins.module_utils.recovery.measure import (
    App,
    apps_of,
    measured,
    moments,
    outages,
)
from ansible_collections.multicluster.federation.plugins.module_utils.recovery.report import junit, report_of
from ansible_collections.multicluster.federation.plugins.plugin_utils.drill_view import build
from ansible_collections.multicluster.federation.plugins.plugin_utils.report_page import render_page

APP = App("shop", "Deployment shop/web", "divided", 4, {"eu-1": 2, "us-1": 2})
TIMES = {"T0": 100.0, "T2": 102.0, "T3": 103.0, "T7": 120.0}


def probe(t: float, member: str, ready: int | None, wanted: int = 2) -> dict[str, Any]:
    found: dict[str, Any] = {"t": t, "member": member, "took": 0.01}
    if ready is None:
        return {**found, "error": "refused"}
    return {**found, "ready": {APP.workload: [ready, wanted]}}


def lost_and_found() -> list[dict[str, Any]]:
    """us-1 is gone from 100 on; eu-1 is told to run four at 104, and runs them at 105."""
    found = [probe(t, "eu-1", 2) for t in range(90, 104)] + [probe(104, "eu-1", 2, 4)]
    found += [probe(t, "eu-1", 4, 4) for t in range(105, 121)]
    found += [probe(t + 0.5, "us-1", 2 if t < 100 else None) for t in range(90, 120)]
    return sorted(found, key=lambda one: one["t"])


def app_report(probes: list[dict[str, Any]], target: float | None = 10.0) -> dict[str, Any]:
    return measured(APP, moments(APP, probes), TIMES, 0.25, target, ({"eu-1": 4}, {"eu-1": 2, "us-1": 2}))


def test_the_clock_of_an_app() -> None:
    found = app_report(lost_and_found())
    times = found["times"]
    assert times["T1"] == 100.5
    assert times["T4"] == 104.01
    assert times["T5"] == 105.01
    assert times["T6"] == 106.01, "the third look that found it well"
    assert found["rto"] == pytest.approx(6.01)
    assert found["ok"]
    assert found["outages"] == [[100.5, 105.01]]
    late = app_report(lost_and_found(), 5.0)
    assert not late["ok"]
    assert late["msg"] == "its recovery took 6.0 s, the target is 5 s"


def test_an_app_that_is_not_hurt_and_one_that_never_recovers() -> None:
    well = [p for p in lost_and_found() if p["member"] == "eu-1" and p["t"] >= 105]
    unhurt = measured(APP, moments(APP, [{**p, "t": p["t"] - 10} for p in well]), TIMES, 0.25, 10.0, ({}, {}))
    assert unhurt["rto"] == 0.0
    assert unhurt["ok"]
    never = app_report([p for p in lost_and_found() if p["t"] < 104])
    assert never["rto"] is None
    assert never["msg"] == "it did not recover"


def test_nobody_is_missed_before_everybody_was_asked() -> None:
    probes = lost_and_found()
    assert moments(APP, probes)[0].t >= 90.5, "us-1 was asked half a second later"
    assert outages(APP, moments(APP, probes), 0.0)[0][0] == 100.5


def test_what_is_watched() -> None:
    def body(**where: int) -> dict[str, Any]:
        members = {
            m.replace("_", "-"): {
                "workloads": [{"object": "Deployment a/x", "desired": n}, {"object": "Service a/x", "desired": 0}]
            }
            for m, n in where.items()
        }
        return {"members": members, "plan": {"divided": {}}}

    snapshot = {"resources": {"copies": body(eu_1=2, us_1=2), "one": body(us_1=1), "none": body(us_1=0)}}
    snapshot["resources"]["shop"] = {
        **body(eu_1=2, us_1=3),
        "plan": {"divided": {"Deployment a/x": {"eu-1": 2, "us-1": 3}}},
    }
    found = {app.resource: (app.sort, app.needed) for app in apps_of(snapshot)}
    assert found == {"copies": ("duplicated", 2), "one": ("singleton", 1), "shop": ("divided", 5)}


def begun(root: Path) -> journal.Journal:
    scenario = {"name": "loss of us-1", "members": ["us-1"], "fault": "stop_api", "mode": "live", "federation": "demo"}
    return journal.begin(str(root), scenario, "alice")


def test_a_journal_survives_a_crash_in_the_middle_of_a_line(tmp_path: Path) -> None:
    found = begun(tmp_path)
    journal.append(found.folder, {"event": journal.STARTED, "phase": "inject", "data": {"injecting": "stop_api"}})
    with (Path(found.folder) / journal.NAME).open("a") as file:
        file.write('{"at": 1, "event": "en')
    again = journal.latest(str(tmp_path))
    assert again is not None
    assert again.open
    assert again.done() == []
    assert [phase["ended"] for phase in again.phases()] == [None]
    after = journal.append(found.folder, {"event": journal.ENDED, "phase": "inject", "ok": True, "msg": "gone"})
    assert after.done() == ["inject"]
    assert after.when("injecting") is not None
    with pytest.raises(ConfigError, match="has not ended"):
        begun(tmp_path)
    journal.append(found.folder, {"event": journal.CLOSED})
    assert begun(tmp_path).drill != found.drill


def whole(tmp_path: Path, **last: Any) -> dict[str, Any]:
    found = begun(tmp_path)
    snapshot = {
        "resources": {
            "shop": {
                "plan": {"divided": {APP.workload: APP.before}},
                "members": {m: {"workloads": [{"object": APP.workload, "desired": n}]} for m, n in APP.before.items()},
            }
        }
    }
    at = 90.0
    for phase in journal.PHASES[:-1]:
        data = {
            "preflight": {"before": snapshot, "interval": 0.25},
            "inject": {"injected": True},
            "verify again": {"after": snapshot},
        }
        journal.append(found.folder, {"event": journal.STARTED, "phase": phase}, at)
        at = {"inject": 100.0, "detect": 102.0, "decide": 103.0, "fail back": 120.0}.get(phase, at + 0.5)
        found = journal.append(
            found.folder,
            {"event": journal.ENDED, "phase": phase, "ok": True, "msg": "", "data": data.get(phase, {})},
            at,
        )
    if last:
        found = journal.append(found.folder, {"event": journal.NOTE, "phase": "", "data": last}, at)
    return report_of(found, lost_and_found(), {"*": 10.0}, {"ansible-core": "2.18"}, [], [], at + 1)


def page(report: dict[str, Any]) -> str:
    return render_page("drill_report.html.j2", build(report))


def test_a_drill_that_passed(tmp_path: Path) -> None:
    report = whole(tmp_path)
    assert (report["verdict"], report["why"]) == ("PASSED", [])
    text = page(report)
    assert "6.0 s" in text
    assert "<script" not in text
    assert page(json.loads(json.dumps(report))) == text, "the same data, the same page"
    suite = ET.fromstring(junit(report))
    assert suite.get("failures") == "0"
    assert suite.get("tests") == str(1 + len(journal.PHASES) - 1)


def test_what_went_wrong_is_the_first_thing_on_the_page(tmp_path: Path) -> None:
    report = whole(tmp_path, failures=["<script>alert(1)</script> broke"])
    assert report["verdict"] == "FAILED"
    text = page(report)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; broke" in text
    assert "<script" not in text


def test_a_drill_that_was_undone(tmp_path: Path) -> None:
    assert whole(tmp_path, aborted=True)["verdict"] == "ABORTED"
