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
from .status import Body, Objects, by_instance

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


def read_logs(api: MemberApi, namespace: str, pods: Sequence[str]) -> dict[str, list[str]]:
    """The last lines of pods that are not well, best effort: of the container's run before, where it was started again."""
    found: dict[str, list[str]] = {}
    for pod in list(pods)[:_PODS]:
        lines = _log(api, namespace, pod, "false") or _log(api, namespace, pod, "true") or _event(api, namespace, pod)
        if lines:
            found[pod] = lines
    return found


def _log(api: MemberApi, namespace: str, pod: str, previous: str) -> list[str]:
    query = {"container": CONTAINER, "tailLines": str(LINES), "previous": previous}
    try:
        answer = api.call("GET", f"{PODS.path(namespace, pod)}/log", query, accept="*/*")
    except FederationError:
        return []
    if answer.code != 200:
        return []
    return [line[:300] for line in _text(answer.body).splitlines()[-LINES:] if line.strip()]


def _event(api: MemberApi, namespace: str, pod: str) -> list[str]:
    """The newest warning about a pod that has no log: a volume that cannot be mounted, for example."""
    query = {"fieldSelector": f"involvedObject.name={pod},type=Warning", "limit": "50"}
    try:
        items = api.decoded(api.call("GET", EVENTS.path(namespace), query)).get("items") or []
    except FederationError:
        return []
    newest = sorted(items, key=lambda item: str(item.get("lastTimestamp") or item.get("eventTime") or ""))[-1:]
    return [f"event {item.get('reason')}: {str(item.get('message'))[:300]}" for item in newest]


def _text(body: Any) -> str:
    """A log is text; one line of JSON was decoded on its way."""
    if body is None:
        return ""
    return body if isinstance(body, str) else json.dumps(body)
