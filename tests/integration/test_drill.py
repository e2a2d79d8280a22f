# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drills on real control planes: members are really killed, paused or emptied, and the drill itself is killed in the middle."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import CACHE, until
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation

PHASES = ("preflight", "inject", "detect", "decide", "fail over", "verify", "fail back", "verify again")


def workload(name: str, kind: str = "Deployment", cpu: str = "100m") -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "c", "image": "registry.example.com/c:1", "resources": {"requests": {"cpu": cpu}}}
    spec: dict[str, Any] = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def put(federation: Federation, *resources: dict[str, Any]) -> None:
    options = {
        "resources": [{"namespace": federation.namespace, "keep_template": True, **r} for r in resources],
        "wait": True,
    }
    done = federation.player.task("federated_resource", {**options, "wait_timeout": 60}, inventory=federation.inventory)
    assert not done.result["failed"], done.message


def four(federation: Federation) -> None:
    """A divided Deployment, one on two members, a StatefulSet and a singleton; the last two live on the member that will be lost."""
    own = {"placement": {"members": ["us-1"]}}
    put(
        federation,
        {"name": "shop", "definition": workload("shop"), "replicas": {"total": 9}},
        {"name": "catalog", "definition": workload("catalog"), "placement": {"members": ["eu-1", "us-1"]}},
        {"name": "ledger", "definition": workload("ledger", "StatefulSet"), **own},
        {"name": "cron", "definition": workload("cron"), "singleton": True, **own},
    )
    put(
        federation,
        {
            "name": "ledger",
            "definition": workload("ledger", "StatefulSet"),
            "placement": {"spread": [{"by": "member", "max": 1}]},
        },
        {"name": "cron", "definition": workload("cron"), "singleton": True},
    )


def variables(federation: Federation, folder: Path, **scenario: Any) -> dict[str, Any]:
    fence = folder.parent / "fence.yml"
    fence.write_text("- name: Prove it\n  ansible.builtin.debug:\n    msg: fenced\n")
    return {
        "disaster_recovery_scenario": {"members": ["us-1"], "fault": "stop_api", **scenario},
        "disaster_recovery_dir": str(folder),
        "disaster_recovery_sandbox": {"name": federation.sandbox.name, "root": str(federation.sandbox.root)},
        "disaster_recovery_fence_tasks": str(fence),
        "disaster_recovery_over": 1,
        "disaster_recovery_wait_timeout": 60,
        "disaster_recovery_targets": {"*": 60},
    }


def arguments(values: dict[str, Any], playbook: str = "drill") -> list[str]:
    return [f"multicluster.federation.{playbook}", "-e", json.dumps(values)]


def drill(
    federation: Federation, folder: Path, **scenario: Any
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    values = variables(federation, folder, **scenario)
    done = federation.player.run(*arguments(values), inventory=federation.inventory, **CACHE)
    path = folder / "latest" / "report.json"
    assert path.exists(), done.stdout
    return done, json.loads(path.read_text())


def state(federation: Federation) -> dict[str, dict[str, int]]:
    """Every workload on every member, with its replicas."""
    return {
        member: {
            f"{kind} {name}": (client.get("apps/v1", kind, name, federation.namespace) or {})["spec"]["replicas"]
            for kind in ("Deployment", "StatefulSet")
            for name in client.names("apps/v1", kind, federation.namespace)
        }
        for member, client in federation.kube.items()
    }


def no_prober(folder: Path) -> bool:
    shown = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return not any("recovery.prober" in line and str(folder.resolve()) in line for line in shown.splitlines())


def test_a_killed_api_server_with_four_kinds_of_applications(federation: Federation, tmp_path: Path) -> None:
    four(federation)
    folder = tmp_path / "drills"
    done, report = drill(federation, folder)
    assert done.returncode == 0, done.stdout
    assert report["verdict"] == "PASSED", report["why"]
    assert [phase["name"] for phase in report["phases"]] == [*PHASES, "report"]
    apps = {app["name"]: app for app in report["apps"]}
    assert {name: app["sort"] for name, app in apps.items()} == {
        "shop": "divided",
        "catalog": "duplicated",
        "ledger": "stateful",
        "cron": "singleton",
    }
    assert apps["shop"]["during"] == {"eu-1": 5, "eu-2": 4}
    assert apps["shop"]["after"] == apps["shop"]["before"] == {"eu-1": 3, "eu-2": 3, "us-1": 3}
    assert apps["catalog"]["rto"] == 0.0, "its copy on the other member went on"
    for name in ("shop", "ledger", "cron"):
        times = apps[name]["times"]
        assert 0 < apps[name]["rto"] < 60
        ordered = [times[key] for key in ("T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7")]
        assert ordered == sorted(ordered)
    assert set(state(federation)["us-1"]) == {"Deployment shop", "Deployment catalog"}, "what moved is not there twice"
    # the clock of the report agrees with that of the API servers
    made = federation.kube["eu-1"].get("apps/v1", "StatefulSet", "ledger", federation.namespace)
    made = made or federation.kube["eu-2"].get("apps/v1", "StatefulSet", "ledger", federation.namespace)
    assert made
    created = made["metadata"]["creationTimestamp"]
    moment = datetime.fromisoformat(created.replace("Z", "+00:00")).timestamp()
    assert -1.0 <= apps["ledger"]["times"]["T4"] - moment <= 1.0 + 2 * report["resolution"], "their clocks have seconds"
    page = (folder / "latest" / "report.html").read_text()
    assert "PASSED" in page
    assert "<script" not in page
    junit = (folder / "latest" / "junit.xml").read_text()
    assert 'failures="0"' in junit
    assert no_prober(folder)
    assert oct((folder / "latest").resolve().stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param({"fault": "taint"}, marks=pytest.mark.long),
        pytest.param({"fault": "pause_api"}, marks=pytest.mark.long),
        pytest.param({"fault": "etcd_down"}, marks=pytest.mark.long),
        pytest.param({"members": None, "region": "us", "fault": "stop_api"}, marks=pytest.mark.long),
    ],
    ids=lambda scenario: str(scenario.get("region") or scenario["fault"]),
)
def test_other_faults(federation: Federation, tmp_path: Path, scenario: dict[str, Any]) -> None:
    put(federation, {"name": "shop", "definition": workload("shop"), "replicas": {"total": 9}})
    before = state(federation)
    chosen = {key: value for key, value in scenario.items() if value} | (
        {"members": []} if "region" in scenario else {}
    )
    done, report = drill(federation, tmp_path / "drills", **chosen)
    assert done.returncode == 0, done.stdout
    assert report["verdict"] == "PASSED", report["why"]
    assert report["apps"][0]["during"] == {"eu-1": 5, "eu-2": 4}
    assert state(federation) == before


def test_a_survivor_that_is_too_small_and_a_simulation(federation: Federation, tmp_path: Path) -> None:
    # eu-1 and eu-2 cannot take what us-1 has: pods of three CPUs
    put(
        federation,
        {"name": "large", "definition": workload("large", cpu="3"), "replicas": {"total": 8, "divide": "available"}},
    )
    before = state(federation)
    folder = tmp_path / "drills"
    done, report = drill(federation, folder, mode="simulate")
    assert done.returncode != 0
    assert report["verdict"] == "FAILED"
    assert any("find no place" in text for text in report["why"])
    assert any("UNPLACED" in line for line in report["survivors"])
    assert state(federation) == before, "nothing was broken"
    put(
        federation,
        {"name": "large", "definition": workload("large", cpu="100m"), "replicas": {"total": 3, "divide": "available"}},
    )
    done, report = drill(federation, folder, mode="simulate")
    assert done.returncode == 0, done.stdout
    assert report["verdict"] == "PASSED"
    assert [phase["name"] for phase in report["phases"]] == ["preflight", "report"]
    assert len(report["history"]) == 1


def test_everything_unreachable_is_taken_for_our_own_fault(federation: Federation, tmp_path: Path) -> None:
    """The fault takes more than the scenario says: nobody is reached any more. The drill moves nothing, says so, and mends what it did."""
    put(federation, {"name": "shop", "definition": workload("shop"), "replicas": {"total": 9}})
    before = state(federation)
    where = {"sandbox": federation.sandbox.name, "root": str(federation.sandbox.root)}
    files = {}
    for name, options in (("break", {"component": "kube-apiserver", "state": "killed"}), ("mend", {})):
        files[name] = tmp_path / f"{name}.yml"
        task = {"name": name, "multicluster.federation.control_plane": {**where, **options}, "run_once": True}
        files[name].write_text(yaml.safe_dump([task]))
    try:
        done, report = drill(
            federation, tmp_path / "drills", fault="tasks", tasks=str(files["break"]), undo_tasks=str(files["mend"])
        )
    finally:
        federation.sandbox.mend()
    assert done.returncode != 0
    assert report["verdict"] != "PASSED"
    assert any("cut off" in text or "ourselves" in text for text in report["why"]), report["why"]
    assert state(federation) == before
    assert no_prober(tmp_path / "drills")


def test_bad_scenarios_are_refused_before_anything_is_begun(federation: Federation, tmp_path: Path) -> None:
    folder = tmp_path / "drills"
    for scenario, message in (
        ({"members": ["eu-9"]}, "scenario names eu-9, which the fleet does not have"),
        ({"fault": "earthquake"}, "scenario.fault 'earthquake' is not one of taint"),
        ({"members": list(MEMBERS)}, "means every member of the fleet: nothing could take over"),
        ({"mode": "dry"}, "scenario.mode 'dry' is neither live nor simulate"),
        ({"fault": "tasks"}, "needs scenario.tasks and scenario.undo_tasks"),
    ):
        values = variables(federation, folder, **scenario)
        done = federation.player.run(*arguments(values), inventory=federation.inventory, **CACHE)
        assert done.returncode != 0
        assert message in done.stdout
    assert not (folder / "latest").exists()


def kill_in(federation: Federation, folder: Path, phase: str) -> None:
    """Start a drill, and kill it (SIGKILL, with all that it started but the prober) as soon as a phase has begun."""
    started = federation.player.start(
        *arguments(variables(federation, folder)), inventory=federation.inventory, **CACHE
    )

    def begun() -> bool:
        journal = folder / "latest" / "journal.jsonl"
        return journal.exists() and f'"phase": "{phase}"' in journal.read_text()

    try:
        until(begun, f"the phase {phase} to begin", 120)
    finally:
        started.kill()


@pytest.mark.parametrize(
    ("phase", "then"),
    [
        ("fail back", "undo"),
        *[pytest.param(phase, then, marks=pytest.mark.long) for phase in PHASES for then in ("resume", "undo")],
    ],
)
def test_a_drill_that_is_killed_is_gone_on_with_or_undone(
    federation: Federation, tmp_path: Path, phase: str, then: str
) -> None:
    put(federation, {"name": "shop", "definition": workload("shop"), "replicas": {"total": 9}})
    before = state(federation)
    folder = tmp_path / "drills"
    kill_in(federation, folder, phase)
    values = variables(federation, folder)
    again = federation.player.run(*arguments(values), inventory=federation.inventory, **CACHE)
    assert again.returncode != 0
    assert "has not ended" in again.stdout, "a second drill does not begin"
    if then == "resume":
        done = federation.player.run(
            *arguments({**values, "disaster_recovery_resume": True}), inventory=federation.inventory, **CACHE
        )
        verdict = "PASSED"
    else:
        done = federation.player.run(*arguments(values, "drill_restore"), inventory=federation.inventory, **CACHE)
        verdict = "ABORTED"
    assert done.returncode == 0, done.stdout
    report = json.loads((folder / "latest" / "report.json").read_text())
    assert report["verdict"] == verdict, report["why"]
    assert state(federation) == before
    assert no_prober(folder)
    twice = federation.player.run(*arguments(values, "drill_restore"), inventory=federation.inventory, **CACHE)
    assert twice.returncode == 0, twice.stdout
    assert state(federation) == before
