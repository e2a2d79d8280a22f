# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One call for the whole fleet, inside Ansible: what every keyword, strategy and option of ansible-playbook makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.recording import play, say, task
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation

pytestmark = pytest.mark.integration

DONE = "3 members: nothing to do"


def config_map(name: str, **data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"a": "b"}}


def holders(federation: Federation, name: str) -> list[str]:
    """The members that have this ConfigMap in the test's namespace."""
    found = {m: k.get("v1", "ConfigMap", name, federation.namespace) for m, k in federation.kube.items()}
    return sorted(member for member, body in found.items() if body is not None)


def test_who_sees_the_result_and_how_often_the_task_runs(federation: Federation) -> None:
    """register, when, loop, delegate_to, throttle, retries, other names of the module, module_defaults: all in one run."""
    app = {"name": "app", "definition": config_map("settings")}
    short = task(federation, "Short name", **app)
    short["federated_resource"] = short.pop("multicluster.federation.federated_resource")
    defaults = task(federation, "Defaults", name="app")
    del defaults["multicluster.federation.federated_resource"]["namespace"]
    seen = play(
        federation,
        [
            {
                "tasks": [
                    task(federation, "Once", {"register": "once"}, **app),
                    say("Once, by host", "[once.members[inventory_hostname].status, once.changed]"),
                    task(federation, "Without run_once", {"register": "bare", "run_once": False}, **app),
                    say("Without run_once, by host", "bare is defined"),
                    task(federation, "When true for the first", {"when": "inventory_hostname == 'eu-1'"}, **app),
                    task(federation, "When false for the first", {"when": "inventory_hostname == 'us-1'"}, **app),
                    task(federation, "Loop", {"loop": ["blue", "green"]}, name="{{ item }}", definition=config_map("{{ item }}")),
                    task(federation, "Delegated", {"delegate_to": "localhost", "register": "delegated"}, **app),
                    say("Delegated, by host", "delegated.msg"),
                    task(federation, "Throttled", {"throttle": 1, "become": True}, **app),
                    task(federation, "Retried", {"register": "again", "until": "again is success", "retries": 2, "delay": 0}, **app),
                ]
            },
            {"collections": ["multicluster.federation"], "tasks": [short]},
            {
                "module_defaults": {
                    "group/multicluster.federation.all": {"fleet_group": "clusters", "federation": federation.name},
                    "multicluster.federation.federated_resource": {
                        "namespace": federation.namespace,
                        "definition": config_map("settings"),
                    },
                },
                "vars": {"federation_name": "never-read"},
                "tasks": [defaults],
            },
        ],
    )
    assert seen.rc == 0, seen.output
    assert seen.one("Once").message == "3 members: 6 created"
    told = {host: event.result["msg"] for host, event in seen.hosts("Once, by host").items()}
    assert told == dict.fromkeys(MEMBERS, ["changed", True])
    # one call all the same, but only the host it ran for learns of it
    assert seen.one("Without run_once").message == DONE
    told = {host: event.result["msg"] for host, event in seen.hosts("Without run_once, by host").items()}
    assert told == {"eu-1": True, "eu-2": False, "us-1": False}
    # "when" is asked for the first host, and holds for the fleet
    assert seen.one("When true for the first").message == DONE
    assert seen.one("When false for the first").status == "skipped"
    looped = seen.one("Loop").result["results"]
    assert [each["msg"] for each in looped] == ["3 members: 3 created"] * 2
    assert {host: e.message for host, e in seen.hosts("Delegated, by host").items()} == dict.fromkeys(MEMBERS, DONE)
    for name in ("Delegated", "Throttled", "Retried", "Short name", "Defaults"):
        assert seen.one(name).message == DONE, name
    assert holders(federation, "blue") == holders(federation, "green") == list(MEMBERS)
