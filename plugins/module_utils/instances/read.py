# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a member has of instances: a few lists by label, whatever the number of instances."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.discovery import ApiKind
from ..kubedirector.native.naming import LABEL_CLUSTER, PART_CREDENTIALS, PART_INSTANCE
from ..kubedirector.native.pods import CONTAINER
from ..model import names
from ..model.errors import FederationError
from ..model.manifest import GroupKind
from .status import READY, Body, Heard, Objects, by_instance, status_of

SETS = ApiKind(GroupKind("apps", "StatefulSet"), "v1", "statefulsets", True)
PODS = ApiKind(GroupKind("", "Pod"), "v1", "pods", True)
SERVICES = ApiKind(GroupKind("", "Service"), "v1", "services", True)
CLAIMS = ApiKind(GroupKind("", "PersistentVolumeClaim"), "v1", "persistentvolumeclaims", True)
CONFIGMAPS = ApiKind(GroupKind("", "ConfigMap"), "v1", "configmaps", True)
SECRETS = ApiKind(GroupKind("", "Secret"), "v1", "secrets", True)
EVENTS = ApiKind(GroupKind("", "Event"), "v1", "events", True)

#: lines of a log that are shown of a pod that is not ready, and pods whose logs are read
LINES, _PODS = 6, 5


def read_objects(api: MemberApi, namespace: str = "", name: str = "") -> dict[tuple[str, str], Objects]:
    """All instances of a member, or those of one namespace, or one of them, by (namespace, name). Of Secrets only metadata is read."""
    chosen = f"{LABEL_CLUSTER}={name}" if name else LABEL_CLUSTER
    kinds: dict[str, Sequence[Body]] = {
        key: api.objects(kind, namespace, chosen, metadata_only=False)
        for key, kind in (("sets", SETS), ("pods", PODS), ("services", SERVICES), ("claims", CLAIMS))
    }
    kinds["secrets"] = api.objects(SECRETS, namespace, f"{chosen},{names.LABEL_PART}={PART_CREDENTIALS}")
    stored = f"{chosen},{names.LABEL_PART}={PART_INSTANCE}"
    kinds["stored"] = api.objects(CONFIGMAPS, namespace, stored, metadata_only=False)
    return by_instance(kinds)


def read_state(api: MemberApi, objects: Objects, roles: Sequence[str]) -> dict[str, Any]:
    """The state of an instance as `status_of` tells it, with what is heard of pods that are not well."""
    state = status_of(objects, roles)
    if state["state"] == READY:
        return state
    unwell = {pod["name"] for role in state["roles"].values() for pod in role["pods"] if pod["problem"]}
    pods = [pod["metadata"] for pod in objects.pods if pod["metadata"]["name"] in unwell]
    return status_of(objects, roles, {pod["name"]: _hear(api, pod) for pod in pods[:_PODS]})


def _hear(api: MemberApi, pod: Body) -> Heard:
    """The last lines of a pod, best effort, of the container's run before where it was started again; and the newest warning."""
    space, name = pod["namespace"], pod["name"]
    lines = _log(api, space, name, "false") or _log(api, space, name, "true")
    return Heard(tuple(lines), _warning(api, space, str(pod.get("uid"))))


def _log(api: MemberApi, namespace: str, pod: str, previous: str) -> list[str]:
    query = {"container": CONTAINER, "tailLines": str(LINES), "previous": previous}
    try:
        answer = api.call("GET", f"{PODS.path(namespace, pod)}/log", query, accept="*/*")
    except FederationError:
        return []
    if answer.code != 200:
        return []
    return [line[:300] for line in _text(answer.body).splitlines()[-LINES:] if line.strip()]


def _warning(api: MemberApi, namespace: str, uid: str) -> str:
    """The newest warning about a pod: a volume that cannot be mounted, or what a probe was answered."""
    query = {"fieldSelector": f"involvedObject.uid={uid},type=Warning", "limit": "50"}
    try:
        items = api.decoded(api.call("GET", EVENTS.path(namespace), query)).get("items") or []
    except FederationError:
        return ""
    newest: Body = max(
        items, key=lambda item: str(item.get("lastTimestamp") or item.get("eventTime") or ""), default={}
    )
    return " ".join(str(newest.get("message") or "").split())[:300]


def _text(body: Any) -> str:
    """A log is text; one line of JSON was decoded on its way."""
    if body is None:
        return ""
    return body if isinstance(body, str) else json.dumps(body)
