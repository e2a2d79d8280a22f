# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report of a drill in a real browser: it can be read on a phone and on paper, and nothing in it is taken for code."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.plugin_utils.drill_view import build
from ansible_collections.multicluster.federation.plugins.plugin_utils.report_page import render_page
from ansible_collections.multicluster.federation.tests.integration.browser import Browser, find_browser
from ansible_collections.multicluster.federation.tests.unit.recovery.test_drill import whole

pytestmark = pytest.mark.integration

HOSTILE = ('<script>alert("name")</script>', '"><img src=x onerror=alert(2)>', "a" * 120, "x'; DROP TABLE apps; --")
MEMBERS = [f"{region}-production-{number}" for region in ("eu", "us", "ap") for number in range(1, 5)]

MEASURE = """({
  page: page.documentElement.scrollWidth,
  view: view.innerWidth,
  sideways: [...page.querySelectorAll('body *')].filter(
    found => !found.closest('.box') && found.getBoundingClientRect().right > view.innerWidth + 0.5).map(f => f.outerHTML.slice(0, 200)),
  drawings: [...page.querySelectorAll('svg')].map(svg => {
    const box = svg.getBoundingClientRect(); return [box.width, box.height];
  }),
  narrow: [...page.querySelectorAll('tbody th[scope=row]')].filter(
    head => head.getBoundingClientRect().width < 90).map(head => head.outerHTML.slice(0, 120)),
  verdict: [...page.querySelectorAll('body *')].find(
    found => /FAILED|PASSED/i.test(found.innerText || '') && found.children.length < 3).getBoundingClientRect().top,
  shown: page.body.innerText,
  images: page.images.length,
  scripts: page.scripts.length,
  asked: view.performance.getEntriesByType('resource').map(entry => entry.name),
})"""


def large(folder: Path) -> dict[str, Any]:
    """A drill with forty apps on twelve members, some of which have names that want to be more than names."""
    report = whole(folder, failures=[f"{text} broke" for text in HOSTILE])
    (pattern,) = report["apps"]
    apps = []
    for number in range(40):
        app = copy.deepcopy(pattern)
        hostile = HOSTILE[number] if number < len(HOSTILE) else ""
        app["name"] = hostile or f"application-{number:02}"
        app["workload"] = f"Deployment team-{number % 7}/{hostile or f'application-{number:02}'}"
        app["before"] = {name: 1 + (number + i) % 3 for i, name in enumerate(MEMBERS)}
        app["during"] = {name: count + 1 for name, count in app["before"].items() if name != MEMBERS[0]}
        app["after"] = dict(app["before"])
        apps.append(app)
    return {**report, "apps": apps}


@pytest.mark.parametrize("width", [400, 1280])
def test_the_report_in_a_real_browser(width: int, tmp_path: Path) -> None:
    path = find_browser()
    (tmp_path / "drill").mkdir()
    page = render_page("drill_report.html.j2", build(large(tmp_path / "drill")))
    browser = Browser(path, tmp_path)
    found = browser.measure(page, width, MEASURE)
    assert "error" not in found, found
    assert found["view"] == width
    assert found["page"] <= width, "the page scrolls sideways"
    assert found["sideways"] == []
    assert found["drawings"]
    assert all(wide > 0 and high > 0 for wide, high in found["drawings"])
    assert found["narrow"] == [], "names break after a few letters"
    assert found["verdict"] < 300, "the verdict is seen first"
    assert (found["scripts"], found["images"], found["asked"]) == (0, 0, [])
    assert set(browser.asked) <= {"/", "/page.html", "/favicon.ico"}
    for text in HOSTILE[:2]:
        assert text in found["shown"]
    for words in ("FAILED", "application-39", "T0", "6.0 s"):
        assert words in found["shown"]


def test_the_report_on_paper(tmp_path: Path) -> None:
    path = find_browser()
    (tmp_path / "drill").mkdir()
    page = render_page("drill_report.html.j2", build(large(tmp_path / "drill")))
    target = tmp_path / "report.pdf"
    Browser(path, tmp_path).paper(page, target)
    data = target.read_bytes()
    assert data.startswith(b"%PDF")
    assert data.count(b"/Type /Page") - data.count(b"/Type /Pages") > 1
