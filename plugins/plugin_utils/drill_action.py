# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a drill that happen on the controller: its journal, the prober beside it, and its report."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ansible.release import __version__ as ansible_version

from ansible_collections.multicluster.federation.plugins.module_utils.instances.stores import stores as list_stores
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Fleet
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.placement import parse_members
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.recall import recall
from ansible_collections.multicluster.federation.plugins.module_utils.recovery import journal, losses, prober, report
from ansible_collections.multicluster.federation.plugins.plugin_utils import report_file
from ansible_collections.multicluster.federation.plugins.plugin_utils.drill_view import build
from ansible_collections.multicluster.federation.plugins.plugin_utils.fleet_report import collection_version
from ansible_collections.multicluster.federation.plugins.plugin_utils.report_page import render_page

Params = Mapping[str, Any]

_HERE = os.path.abspath(__file__)
#: the folder in which ansible_collections is
_ROOT = os.path.abspath(os.path.join(os.path.dirname(_HERE), *[os.pardir] * 5))
_MODULE = "ansible_collections.multicluster.federation.plugins.module_utils.recovery.prober"
_PROGRAM = f"import sys; sys.path.insert(0, {_ROOT!r}); from {_MODULE} import main; main()"
#: the prober takes away what it wrote before it ends
_STOP_SECONDS = 15.0
#: how long it may take until what is written is seen on a copy
_WRITTEN_SECONDS, _POLL = 20.0, 0.25


#: what a result says where there is no drill
_NOTHING: dict[str, Any] = {"changed": False, "failed": False, "open": False, "drill": "", "done": [], "scenario": {}}


def run(params: Params, fleet: Fleet, task_vars: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """One step; returns the result of the task, with the state of the drill after it."""
    root = os.path.abspath(os.path.expanduser(params["dir"]))
    if check and params["step"] != "state":
        return {**_NOTHING, "msg": "check mode: no drill is begun"}
    if params["step"] == "begin":
        return _begin(params, fleet, task_vars, root)
    found = journal.latest(root)
    if found is None:
        if params["step"] == "state":
            return {**_NOTHING, "msg": "no drill was ever begun"}
        raise ConfigError(f"there is no drill in {root}", "begin one with the playbook drill")
    if params["step"] in ("start", "end", "note", "close"):
        found = _write(params, found)
    elif params["step"] == "probe":
        _start_prober(params, fleet, found)
    elif params["step"] == "unprobe":
        stop_prober(found.folder)
    elif params["step"] == "report":
        return _report(params, found, root)
    return _state(found, params["step"] != "state")


def _state(found: journal.Journal, changed: bool, msg: str = "") -> dict[str, Any]:
    return {
        "changed": changed,
        "failed": False,
        "msg": msg or f"drill {found.drill}",
        "drill": found.drill,
        "folder": found.folder,
        "open": found.open,
        "scenario": dict(found.scenario),
        "done": found.done(),
        "started": [phase["name"] for phase in found.phases()],
        "injected": found.when("injecting") is not None and not found.last("healed"),
        "aborted": bool(found.last("aborted")),
    }


def _begin(params: Params, fleet: Fleet, task_vars: Mapping[str, Any], root: str) -> dict[str, Any]:
    if params["resume"]:
        before = journal.latest(root)
        if before is not None and before.open:
            return _state(
                before, False, f"going on with drill {before.drill}; done: {', '.join(before.done()) or 'nothing'}"
            )
        raise ConfigError(f"there is no open drill in {root} to go on with")
    scenario = dict(params["scenario"] or {})
    fault, mode = scenario.get("fault") or "taint", scenario.get("mode") or "live"
    if fault not in FAULTS:
        raise ConfigError(f"scenario.fault {fault!r} is not one of {', '.join(FAULTS)}")
    if mode not in ("live", "simulate"):
        raise ConfigError(f"scenario.mode {mode!r} is neither live nor simulate")
    if fault == "tasks" and not (scenario.get("tasks") and scenario.get("undo_tasks")):
        raise ConfigError(
            "a fault of your own needs scenario.tasks and scenario.undo_tasks: files of tasks that break and mend"
        )
    conditions = {key: scenario[key] for key in ("region", "provider", "zone", "selector") if scenario.get(key)}
    raw = scenario.get("members") or conditions
    if not raw:
        raise ConfigError("scenario says no members: give members, or region, provider, zone or selector")
    clusters = recall(fleet, params["request_timeout"], params["member_timeout"]).clusters
    where = parse_members(raw, "scenario")
    unknown = sorted(where.names() - set(clusters))
    if unknown:
        raise ConfigError(f"scenario names {', '.join(unknown)}, which the fleet does not have")
    members = sorted(name for name, cluster in clusters.items() if not where.why_not(cluster))
    if not members:
        raise ConfigError("scenario means no member of the fleet")
    if len(members) == len(clusters):
        raise ConfigError("scenario means every member of the fleet: nothing could take over")
    whole = {
        **scenario,
        "name": scenario.get("name") or f"loss of {', '.join(members)}",
        "members": members,
        "fault": fault,
        "mode": mode,
        "federation": fleet.federation,
    }
    user = task_vars.get("awx_user_name") or task_vars.get("tower_user_name")
    job = task_vars.get("awx_job_id") or task_vars.get("tower_job_id")
    who = f"{user or getpass.getuser()}{f' (job {job})' if job else ''}"
    return _state(journal.begin(root, whole, who), True)


#: what can be done to a member; ``tasks`` is whatever the user's own files do
FAULTS = ("taint", "stop_api", "pause_api", "etcd_down", "power_off", "tasks")


def _write(params: Params, found: journal.Journal) -> journal.Journal:
    step, data = params["step"], dict(params["data"] or {})
    if step == "close":
        return journal.append(found.folder, {"event": journal.CLOSED, "data": data})
    if step == "note":
        return journal.append(found.folder, {"event": journal.NOTE, "phase": params["phase"] or "", "data": data})
    if params["phase"] not in journal.PHASES:
        raise ConfigError(f"phase {params['phase']!r} is not one of {', '.join(journal.PHASES)}")
    event: dict[str, Any] = {
        "event": journal.STARTED if step == "start" else journal.ENDED,
        "phase": params["phase"],
        "data": data,
    }
    if step == "end":
        event.update(ok=params["ok"], msg=params["msg"] or "")
    return journal.append(found.folder, event)


def _start_prober(params: Params, fleet: Fleet, found: journal.Journal) -> None:
    """Start the prober, unless it runs. How members are reached goes through a pipe, never into arguments or files."""
    if _prober_of(found.folder) is not None:
        return
    stores = found.last("stores")
    if stores is None:
        times = {"request_timeout": params["request_timeout"], "member_timeout": params["member_timeout"]}
        stores = list_stores(fleet, times) if params["write"] else []
    members = {
        name: {"connection": dict(cluster.connection), "access": asdict(cluster.access)}
        for name, cluster in fleet.members.items()
    }
    config = {
        "folder": found.folder,
        "federation": fleet.federation,
        "interval": params["interval"],
        # a member that hangs is found out after a few probes, not after a request of the usual length
        "timeout": max(1.0, 4 * params["interval"]),
        "members": members,
        "stores": stores,
    }
    with open(os.path.join(found.folder, "prober.log"), "ab") as log:
        process = subprocess.Popen(
            # with the folder as an argument that it does not read: so ps tells whose it is
            [sys.executable, "-c", _PROGRAM, os.path.realpath(found.folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=found.folder,
        )
    if process.stdin is not None:
        process.stdin.write(json.dumps(config).encode())
        process.stdin.close()
    with open(os.path.join(found.folder, prober.PID), "w", encoding="utf-8") as file:
        json.dump({"pid": process.pid}, file)
    journal.append(
        found.folder, {"event": journal.NOTE, "phase": "", "data": {"interval": params["interval"], "stores": stores}}
    )
    _wait_for_writes(found.folder, [store["resource"] for store in stores])


def _wait_for_writes(folder: str, stores: Sequence[str]) -> None:
    """Wait until data are written and copied: what is not copied before the fault could not be missed after it."""
    limit = time.monotonic() + _WRITTEN_SECONDS
    left = list(stores)
    while left:
        probes = prober.load(folder)
        left = [name for name in stores if not losses.flows(losses.lines_of(probes, name))]
        if left and time.monotonic() > limit:
            said = next((p["cut"] for p in reversed(probes) if p.get("store") == left[0] and "cut" in p), "no home")
            raise ConfigError(f"{left[0]}: no write reached the copy within {_WRITTEN_SECONDS:g} s: {said}")
        time.sleep(_POLL)


def _prober_of(folder: str) -> int | None:
    """The pid of the prober of a drill, if it runs and is what was started."""
    try:
        with open(os.path.join(folder, prober.PID), encoding="utf-8") as file:
            pid = int(json.load(file)["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    shown = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False
    ).stdout
    return pid if _MODULE in shown and os.path.realpath(folder) in shown else None


def stop_prober(folder: str) -> None:
    """End the prober of a drill, if it runs."""
    pid = _prober_of(folder)
    limit = time.monotonic() + _STOP_SECONDS
    number = signal.SIGTERM
    while pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        time.sleep(0.05)
        if time.monotonic() > limit:
            number = signal.SIGKILL
        pid = _prober_of(folder)


def _report(params: Params, found: journal.Journal, root: str) -> dict[str, Any]:
    """Write report.json, junit.xml and report.html into the folder of the drill; returns the verdict."""
    targets = {str(name): float(value) for name, value in (params["targets"] or {}).items()}
    versions = {
        "multicluster.federation": collection_version(),
        "ansible-core": ansible_version,
        "python": platform.python_version(),
    }
    evidence = []
    for name in (journal.NAME, prober.FILE):
        path = os.path.join(found.folder, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                evidence.append({"file": name, "sha256": hashlib.sha256(file.read()).hexdigest()})
    body = report.report_of(
        found, prober.load(found.folder), targets, versions, journal.history(root), evidence, time.time()
    )
    page = render_page("drill_report.html.j2", build(body))
    for name, text in (
        ("report.json", json.dumps(body, sort_keys=True, indent=1) + "\n"),
        ("junit.xml", report.junit(body)),
        ("report.html", page),
    ):
        report_file.write(os.path.join(found.folder, name), text, 0o600)
    times = [f"{app['name']} {app['rto']:.1f} s" for app in body["apps"] if app["rto"]]
    msg = f"{body['verdict']}: {'; '.join(body['why'][:3]) or ', '.join(times) or 'nothing was hurt'}"
    return {
        **_state(found, True, msg),
        "verdict": body["verdict"],
        "why": body["why"],
        "report": os.path.join(found.folder, "report.html"),
        "apps": [{key: app[key] for key in ("name", "workload", "rto", "target", "ok")} for app in body["apps"]],
    }
