# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page itself: complete, harmless, the same for the same facts, and put in its place as a whole."""

from __future__ import annotations

import os
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.plugin_utils import fleet_report, report_file
from ansible_collections.multicluster.federation.plugins.plugin_utils.report_page import content_of, render_page
from ansible_collections.multicluster.federation.plugins.plugin_utils.report_view import Facts, build
from ansible_collections.multicluster.federation.tests.unit.samples import (
    NASTY,
    cluster,
    cluster_info,
    large_fleet,
    on_member,
    resource,
    resource_info,
)

VOID = ("meta", "rect", "br")


class Page(HTMLParser):
    """A page taken apart: its tags, attributes and text. Fails on tags that are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == tag]


def page_of(clusters: dict[str, Any], resources: dict[str, Any], at: str = "2026-11-23T12:00:00Z", **facts: Any) -> str:
    found = Facts(facts.get("title", ""), at, facts.get("versions", {"ansible-core": "2.19.0"}))
    return render_page(fleet_report.TEMPLATE, build(clusters, resources, found))


def small(**changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    clusters = cluster_info({"ams": cluster("ams", **changed)})
    return clusters, resource_info({"shop": resource({"ams": on_member()})}, ["ams"])


def test_nothing_from_elsewhere_and_no_script() -> None:
    page = Page(page_of(*large_fleet()))
    assert {"html", "head", "body", "table", "svg"} <= {tag for tag, _attributes in page.tags}
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _attributes in page.tags}
    for tag, attributes in page.tags:
        assert not {"src", "srcset", "onclick", "onload"} & set(attributes), tag
        assert (attributes.get("href") or "#").startswith("#")
    policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    style = page_of(*large_fleet()).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_what_clusters_say_stays_text() -> None:
    """Every text of both results is replaced by markup in turn: none of it becomes a tag or an attribute."""
    plain = Page(page_of(*large_fleet()))
    clusters, resources = large_fleet()

    def spoil(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: spoil(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [spoil(item, key) for item in value]
        kept = ("status", "kind", "writes", "expires", "at", "member", "reasons")
        return value + NASTY if isinstance(value, str) and value and key not in kept else value

    spoilt = Page(page_of(spoil(clusters), spoil(resources), title=NASTY, versions={"x": NASTY}))
    assert [tag for tag, _attributes in spoilt.tags] == [tag for tag, _attributes in plain.tags]
    assert [sorted(found) for _tag, found in spoilt.tags] == [sorted(found) for _tag, found in plain.tags]
    assert spoilt.text.count(NASTY) > 50


def test_every_section_says_what_there_is() -> None:
    clusters, resources = large_fleet()
    page = Page(page_of(clusters, resources, title="The fleet"))
    for text in (
        "The fleet",
        "10.0.0.3:6443 refuses connections",
        "is its API server running?",
        "45/48 GiB",
        "3.5/12 cores",
        "token, 2 d left",
        "certificate, expired",
        "-42 s",
        "cordoned",
        "maintenance=true:NoSchedule",
        "metrics: unknown (keep_template is off)",
        "nobody records it",
        "not read",
        "2 drifted",
        "2001:db8::",
        "2026-11-23 10:00 UTC",
        "UID f-1",
        "epoch 7",
        "ansible-core 2.19.0",
    ):
        assert text in " ".join(page.text.split()), text


def test_a_fleet_without_anything() -> None:
    page = Page(page_of(cluster_info({}), resource_info({}, [])))
    assert "No member records a resource." in page.text
    assert "Nothing needs attention" in page.text


def test_the_same_facts_give_the_same_page() -> None:
    assert page_of(*large_fleet()) == page_of(*large_fleet())


def test_time_alone_is_no_change() -> None:
    before = content_of(page_of(*small()))
    assert len(before) == 64
    assert content_of(page_of(*small(), at="2027-01-01T00:00:00Z", versions={"ansible-core": "3"})) == before
    later = {"kind": "token", "user": "sa", "expires": "2026-12-24T08:00:00Z", "seconds_left": 30 * 86400}
    assert content_of(page_of(*small(credential=later, clock_skew=1))) == before
    assert content_of(page_of(*small(cordoned=True))) != before
    assert content_of("something else") == ""


@pytest.mark.parametrize(("text", "mode"), [("0600", 0o600), ("644", 0o644), ("0o640", 0o640)])
def test_modes(text: str, mode: int) -> None:
    assert report_file.parse_mode(text) == mode


@pytest.mark.parametrize("text", ["", "u=rw", "888", "00644", "-1", "6 4"])
def test_what_is_no_mode(text: str) -> None:
    with pytest.raises(ConfigError, match="octal"):
        report_file.parse_mode(text)


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert report_file.check_place("fleet.html") == str(tmp_path / "fleet.html")
    with pytest.raises(ConfigError, match="is a directory"):
        report_file.check_place(str(tmp_path))
    with pytest.raises(ConfigError, match="there is no directory"):
        report_file.check_place("none/fleet.html")


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "fleet.html"
    report_file.write(str(target), "one", 0o644)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    inode = target.stat().st_ino
    report_file.write(str(target), "two", 0o600)
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("two", 0o600)
    assert target.stat().st_ino != inode

    def full(_source: str, _target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ConfigError, match="No space left"):
        report_file.write(str(target), "three", 0o600)
    assert target.read_text() == "two"
    assert os.listdir(tmp_path) == ["fleet.html"]


def options(target: Path, **more: Any) -> dict[str, Any]:
    return {"dest": str(target), "mode": "0600", "title": None, "credential_warn_days": 7.0, **more}


def test_changed_is_what_the_page_says(tmp_path: Path) -> None:
    target = tmp_path / "fleet.html"
    checked = fleet_report.write(options(target), small, True)
    assert (checked["changed"], target.exists()) == (True, False)
    assert "would be written" in checked["msg"]
    assert fleet_report.write(options(target), small, False)["changed"]
    again = fleet_report.write(options(target), small, False)
    assert not again["changed"]
    assert again["size"] == target.stat().st_size
    assert fleet_report.write(options(target), large_fleet, True)["changed"]
    assert fleet_report.collection_version() in target.read_text()


def test_a_place_that_cannot_be_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    def read() -> tuple[dict[str, Any], dict[str, Any]]:
        raise AssertionError("it was read")

    with pytest.raises(ConfigError):
        fleet_report.write(options(tmp_path / "none" / "fleet.html"), read, False)


def test_the_version_is_that_of_the_sources() -> None:
    assert fleet_report.collection_version().count(".") == 2
