# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change that goes out in waves: canaries first, nobody else when they fail, and back to what was there."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.manifests import workload
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation


def deployment(image: str, **pod: Any) -> dict[str, Any]:
    return workload("web", {"containers": [{"name": "c", "image": image}], **pod}, progressDeadlineSeconds=60)


def images(federation: Federation) -> dict[str, str]:
    found = {m: c.get("apps/v1", "Deployment", "web", federation.namespace) or {} for m, c in federation.kube.items()}
    return {
        m: body["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2] for m, body in found.items()
    }


def test_waves_canary_first_and_back_when_it_fails(federation: Federation) -> None:
    wish: dict[str, Any] = {
        "name": "web",
        "definition": deployment("registry.example.com/web:1"),
        "keep_template": True,
    }
    assert not federation.propagate(**wish, wait=True).result["failed"]
    waves = {"canary": ["us-1"], "batch": 1, "soak": 1}
    wish["definition"] = deployment("registry.example.com/web:2")
    planned = federation.propagate("--check", **wish, waves=waves)
    assert [wave["members"] for wave in planned.result["waves"]] == [["us-1"], ["eu-1"], ["eu-2"]]
    marks = {member: len(federation.sandbox.writes(member)) for member in MEMBERS}
    done = federation.propagate(**wish, waves=waves)
    assert not done.result["failed"], done.message
    assert images(federation) == dict.fromkeys(MEMBERS, "2")
    assert [wave["members"] for wave in done.result["waves"]] == [["us-1"], ["eu-1"], ["eu-2"]]
    assert "wave 1 of 3: us-1" in done.output
    assert all(len(federation.sandbox.writes(member)) > marks[member] for member in MEMBERS)
    assert federation.propagate(**wish, waves=waves).message.endswith("nothing to do")
    # a node that there is not: the canary never becomes healthy
    wish["definition"] = deployment("registry.example.com/web:3", nodeSelector={"disk": "none"})
    bad = federation.propagate(**wish, waves=waves, wait_timeout=5)
    assert bad.result["failed"]
    assert bad.message.startswith("stopped at wave 1")
    assert "not begun: eu-1, eu-2; rolled back" in bad.message
    assert bad.result["not_begun"] == ["eu-1", "eu-2"]
    assert images(federation) == dict.fromkeys(MEMBERS, "2")


@pytest.mark.long
def test_waves_by_share_and_bad_input(federation: Federation) -> None:
    wish: dict[str, Any] = {"name": "web", "definition": deployment("registry.example.com/web:1")}
    done = federation.propagate(**wish, waves={"batch": "67%"})
    assert [wave["members"] for wave in done.result["waves"]] == [["eu-1", "eu-2"], ["us-1"]]
    assert images(federation) == dict.fromkeys(MEMBERS, "1")
    for waves, message in (
        ({}, "waves says nothing"),
        ({"batch": "many"}, "neither a number of members (5) nor a share"),
        ({"batch": "120%"}, "is more than all"),
        ({"canary": ["eu-9"]}, "waves.canary names eu-9, which the fleet does not have"),
        ({"batch": 1, "soak": -1}, "waves.soak -1 is not a number of seconds"),
    ):
        refused = federation.propagate(**wish, waves=waves)
        assert refused.result["failed"]
        assert message in refused.message
