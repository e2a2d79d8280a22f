# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands that an app runs in its pods when something is about to change: before a pod goes for good, and to make one the first.

What was run is written down at the pod itself, before and after, in an annotation that goes with the pod: a run that is killed in between
is followed by one that knows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.command import Ran, run_command
from ..fleet.concurrency import SLACK, in_good_time
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..kubedirector.instance import Instance
from ..kubedirector.native import naming
from ..kubedirector.native.blanks import filled
from ..kubedirector.native.pods import CONTAINER
from ..kubedirector.runtime import Hook
from ..model import names
from ..model.cluster import Fleet
from ..model.errors import FederationError
from ..model.manifest import Manifest
from ..propagation.member import Options
from .read import PODS, SETS

LEAVE, PROMOTE = "leave", "promote"
_STARTED, _DONE, _FAILED = "started", "done", "failed"
_MERGE = "application/merge-patch+json"
#: how often a hook is tried that cannot be started, or fails
_TRIES = 2
_PAUSE = 2.0


@dataclass(frozen=True)
class Call:
    """One hook in one pod."""

    pod: str
    role: str
    name: str
    hook: Hook


def leaving(instance: Instance, live: Mapping[str, int], manifests: Sequence[Manifest]) -> list[Call]:
    """The hooks of pods that go when ``manifests`` are applied, the last pod of a role first. ``live``: pods of each role now."""
    wanted = {
        manifest["metadata"]["labels"][naming.LABEL_ROLE]: int(manifest["spec"]["replicas"])
        for manifest in manifests
        if manifest["kind"] == "StatefulSet"
    }
    calls = []
    for role, count in sorted(live.items()):
        hook = instance.definition.runtime.role(role).hooks.get(LEAVE)
        stays = wanted.get(role, 0)
        if hook is None or not stays:
            continue  # where nobody stays, nobody is left to be told
        calls += [
            Call(f"{naming.set_name(instance, role)}-{number}", role, LEAVE, hook)
            for number in range(count - 1, stays - 1, -1)
        ]
    return calls


def drain(
    fleet: Fleet, members: Sequence[str], instance: Instance, manifests: Sequence[Manifest], options: Options
) -> dict[str, str]:
    """Run the leave hooks of pods that are about to go, one after the other on each member. Returns, per member, what went wrong: there
    the pods must stay."""
    if options.check or not any(role.hooks.get(LEAVE) for role in instance.definition.runtime.roles):
        return {}
    wrong: dict[str, str] = {}

    def work(name: str) -> None:
        try:
            limit = Deadline(options.wait_timeout + options.member_timeout)
            api = connect(fleet.members[name], options.request_timeout, limit)
            for call in leaving(instance, _live(api, instance), manifests):
                if options.tell is not None:
                    options.tell(f"{name}: {call.name} in {call.pod}")
                problem = run_hook(api, instance, call, limit)
                if problem:
                    wrong[name] = problem
                    return
        except FederationError as error:
            wrong[name] = str(error)

    done = in_good_time(
        list(members), work, lambda _name: None, Deadline(options.wait_timeout + options.member_timeout + SLACK)
    )
    for name in members:
        if name not in done:
            wrong.setdefault(name, "its pods were not drained in time")
    return dict(sorted(wrong.items()))


def _live(api: MemberApi, instance: Instance) -> dict[str, int]:
    """How many pods each role has on a member now."""
    chosen = f"{naming.LABEL_CLUSTER}={instance.name}"
    items = api.objects(SETS, instance.namespace, chosen, metadata_only=False)
    return {item["metadata"]["labels"][naming.LABEL_ROLE]: int(item["spec"].get("replicas") or 0) for item in items}


def run_hook(api: MemberApi, instance: Instance, call: Call, limit: Deadline) -> str:
    """Run one hook, unless this very pod has it behind it; returns what went wrong, "" for nothing."""
    space = instance.namespace
    pod = api.get(PODS, space, call.pod, metadata_only=False)
    if pod is None or (pod.get("status") or {}).get("phase") != "Running":
        return (
            "" if call.name == LEAVE else f"{call.pod} does not run"
        )  # what does not run has nothing to take leave of
    journal = _journal(pod)
    identity = str(pod["metadata"].get("uid"))
    if journal.get(call.name, {}).get("state") == _DONE and journal[call.name].get("pod") == identity:
        return ""
    command = [str(word) for word in filled(instance, list(call.hook.command))]
    problem = ""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(min(_PAUSE, limit.remaining()))
        _write(api, space, call, {"state": _STARTED, "pod": identity, "at": _now()})
        try:
            ran = run_command(api, space, call.pod, CONTAINER, command, limit.within(call.hook.timeout))
        except FederationError as error:
            problem = f"{call.name} in {call.pod}: {error}"
            continue
        if ran.code == 0:
            _write(api, space, call, {"state": _DONE, "pod": identity, "at": _now()})
            return ""
        problem = _told(call, ran)
    _write(api, space, call, {"state": _FAILED, "pod": identity, "at": _now(), "msg": problem[:1000]})
    return problem


def _told(call: Call, ran: Ran) -> str:
    said = " | ".join(ran.last())
    return f"{call.name} in {call.pod} ended with exit code {ran.code}" + (f": {said}" if said else "")


def _journal(pod: Mapping[str, Any]) -> dict[str, Any]:
    text = (pod["metadata"].get("annotations") or {}).get(names.ANNOTATION_HOOKS)
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _write(api: MemberApi, namespace: str, call: Call, entry: Mapping[str, Any]) -> None:
    """Remember at the pod what is done to it; one that went meanwhile needs no memory."""
    pod = api.get(PODS, namespace, call.pod)
    if pod is None:
        return
    body = {**_journal(pod), call.name: entry}
    patch = {"metadata": {"annotations": {names.ANNOTATION_HOOKS: json.dumps(body, sort_keys=True)}}}
    api.patch(PODS, namespace, call.pod, patch, _MERGE, f"{names.PREFIX}/hooks")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
