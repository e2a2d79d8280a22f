# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fleet report as a whole: what was read -> the page in its place, and what the task registers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

import yaml
from ansible.release import __version__ as ansible_version

from . import report_file
from .report_page import content_of, render_page
from .report_view import Facts, build

TEMPLATE = "fleet_report.html.j2"
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def collection_version() -> str:
    """The version of this collection: of its archive where it is installed, of its sources in a checkout; "" if it does not tell."""
    for name, keys in (("MANIFEST.json", ("collection_info", "version")), ("galaxy.yml", ("version",))):
        try:
            with open(os.path.join(_ROOT, name), encoding="utf-8") as stream:
                found: Any = yaml.safe_load(stream)  # JSON is YAML
            for key in keys:
                found = found[key]
            return str(found)
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
            continue
    return ""


def write(
    params: Mapping[str, Any], read: Callable[[], tuple[dict[str, Any], dict[str, Any]]], check: bool
) -> dict[str, Any]:
    """Read the fleet and write its page; returns the result of the task. ConfigError, before anything is read, when the page could
    not be put there.

    The page is always written anew, with its new time. ``changed`` is whether it says anything else than the one before.
    """
    place, mode = report_file.check_place(params["dest"]), report_file.parse_mode(params["mode"])
    clusters, resources = read()
    at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    versions = {"multicluster.federation": collection_version(), "ansible-core": ansible_version}
    view = build(clusters, resources, Facts(params["title"] or "", at, versions, params["credential_warn_days"]))
    page = render_page(TEMPLATE, view)
    before = report_file.read(place)
    if not check:
        report_file.write(place, page, mode)
    held = resources["resources"].values()
    summary = {
        **clusters["summary"],
        "resources": len(held),
        "healthy": sum(bool(data["healthy"]) for data in held),
        "drift": sum(len(data["drift"] or ()) for data in held),
        "orphans": len(view["orphans"]),
        "behind": len({entry["member"] for entry in view["behind"] if list(entry["reasons"]) != ["unhealthy"]}),
        "attention": len(view["attention"]),
    }
    would = "would be written" if check else "written"
    return {
        "changed": not before or content_of(before) != content_of(page),
        "failed": False,
        "msg": f"{place} {would}: {resources['msg']}",
        "dest": place,
        "size": len(page.encode()),
        "summary": summary,
        "warnings": view["warnings"],
    }
