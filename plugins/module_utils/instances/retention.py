# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether volumes outlive an instance. The StatefulSet controller carries it out: it makes claims belong to their StatefulSet, or not.

Generated passwords stay with the volumes: what is on them may know nothing else, as a database with its users.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..fleet.api import MERGE_PATCH, MemberApi
from ..fleet.concurrency import SLACK, in_good_time, on_each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..kubedirector.instance import Remembered
from ..kubedirector.native.naming import LABEL_CLUSTER, PART_CREDENTIALS
from ..model import names
from ..model.cluster import Fleet
from ..model.errors import FederationError
from ..model.manifest import SECRET, Manifest, ObjectName, kind_of, name_of
from ..model.resource import Resource
from ..propagation import engine
from ..propagation.member import Options
from .read import CLAIMS, PODS, SECRETS

_PAUSE = 0.2


def settle(
    fleet: Fleet, old: Resource, before: Remembered, retain: bool, placed: Sequence[str], options: Options
) -> dict[str, Any]:
    """Tell the StatefulSets of an instance what to do with its volumes, and wait until each volume shows it."""
    word = "Retain" if retain else "Delete"
    changed = replace(old, manifests=tuple(_with_policy(manifest, word) for manifest in old.manifests))
    done = engine.run(fleet, [changed], replace(options, wait=False))
    if done["failed"] or options.check:
        return done
    members = [name for name in placed if name in fleet.in_play]
    name, space = before.manifest["metadata"]["name"], before.manifest["metadata"]["namespace"]

    def settled(api: MemberApi) -> str:
        claims = api.objects(CLAIMS, space, f"{LABEL_CLUSTER}={name}")
        waiting = [c["metadata"]["name"] for c in claims if _belongs(c) == retain]
        return f"volume {waiting[0]} is not {'free of' if retain else 'tied to'} its StatefulSet yet" if waiting else ""

    left = _until(fleet, members, settled, options)
    if left:
        return {**done, "failed": True, "msg": left}
    return done


def credentials(old: Resource) -> frozenset[ObjectName]:
    """The generated Secrets of an instance that has volumes: what its volumes need when they are taken up again."""
    if not any((m.get("spec") or {}).get("volumeClaimTemplates") for m in old.manifests if m["kind"] == "StatefulSet"):
        return frozenset()
    return frozenset(
        name_of(m).within(old.namespace)
        for m in old.manifests
        if kind_of(m) == SECRET and (m["metadata"].get("labels") or {}).get(names.LABEL_PART) == PART_CREDENTIALS
    )


def let_go(fleet: Fleet, secrets: Sequence[ObjectName], placed: Sequence[str], options: Options) -> str:
    """Take our labels from Secrets that stay, so that nobody finds orphans in them; an instance of the same name knows them by their
    annotation. Returns what went wrong, in words."""
    patch = {"metadata": {"labels": {names.LABEL_FEDERATION: None, names.LABEL_RESOURCE: None}}}

    def work(member: str) -> None:
        api = connect(fleet.members[member], options.request_timeout, Deadline(options.member_timeout))
        for name in secrets:
            if api.get(SECRETS, name.namespace, name.name) is not None:
                api.patch(SECRETS, name.namespace, name.name, patch, MERGE_PATCH, f"{names.PREFIX}/retained")

    wrong = on_each([name for name in placed if name in fleet.in_play], work, options.member_timeout)
    return "; ".join(f"{member}: {error}" for member, error in sorted(wrong.items()))


def wait_gone(fleet: Fleet, members: Sequence[str], namespace: str, name: str, options: Options, retain: bool) -> str:
    """Wait until the pods of an instance are gone, and its volumes where they are not kept; returns what is still there, in words."""

    def gone(api: MemberApi) -> str:
        chosen = f"{LABEL_CLUSTER}={name}"
        left = api.objects(PODS, namespace, chosen)
        if left:
            return f"pod {left[0]['metadata']['name']}"
        claims = [c for c in api.objects(CLAIMS, namespace, chosen) if not retain and (_belongs(c) or _going(c))]
        return f"volume {claims[0]['metadata']['name']}" if claims else ""

    return _until(fleet, members, gone, options)


def _with_policy(manifest: Manifest, word: str) -> Manifest:
    spec = manifest.get("spec") or {}
    if manifest["kind"] != "StatefulSet" or "persistentVolumeClaimRetentionPolicy" not in spec:
        return manifest
    policy = {"whenDeleted": word, "whenScaled": word}
    return {**manifest, "spec": {**spec, "persistentVolumeClaimRetentionPolicy": policy}}


def _belongs(claim: dict[str, Any]) -> bool:
    """Whether a claim goes when its StatefulSet does."""
    return any(owner.get("kind") == "StatefulSet" for owner in claim["metadata"].get("ownerReferences") or [])


def _going(claim: dict[str, Any]) -> bool:
    return bool(claim["metadata"].get("deletionTimestamp"))


def _until(fleet: Fleet, members: Sequence[str], what: Callable[[MemberApi], str], options: Options) -> str:
    """Ask each member until ``what`` has nothing left to say, or time is up; returns what it said last."""
    left: dict[str, str] = dict.fromkeys(members, "it did not answer in time")
    seconds = options.wait_timeout

    def watch(name: str) -> None:
        limit = Deadline(seconds)
        try:
            api = connect(fleet.members[name], options.request_timeout, limit)
            while True:
                left[name] = what(api)
                if not left[name] or limit.remaining() < _PAUSE:
                    return
                time.sleep(_PAUSE)
        except FederationError as error:
            left[name] = str(error)

    in_good_time(list(members), watch, lambda _name: None, Deadline(seconds + SLACK))
    return "; ".join(f"{name}: {text}" for name, text in sorted(left.items()) if text)
