# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What kwok pretends: how nodes, pods and volumes behave where no kubelet runs.

Stage documents (kwok.x-k8s.io/v1alpha1): which objects each is for, and the patch that moves them on. Templates are
Go templates over the object; ``Now``, ``Quote``, ``YAML``, ``NodeConditions``, ``NodeIPsWith`` and ``PodIPsWith`` are kwok's.
"""

from __future__ import annotations

from typing import Any

#: The class that claims get by default; kwok makes their volumes.
STORAGE_CLASS = "standard"
PROVISIONER = "sandbox.multicluster.federation/kwok"

#: milliseconds: a node whose status is older than 50 s is no longer taken for Ready by the controllers
_HEARTBEAT = 10_000

# jq: CEL knows no type of the items in a node's status
_READY = 'any(.status.conditions[]?; .type == "Ready" and .status == "True")'
_STAYS = "(.metadata.deletionTimestamp | not)"
_LEAVES = "(.metadata.deletionTimestamp != null)"
_PHASE = '(.status.phase // "Pending")'
_OF_JOB = 'any(.metadata.ownerReferences[]?; .kind == "Job")'
_OURS = f'.spec.storageClassName == "{STORAGE_CLASS}"'

_CONDITIONS = """\
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ or $.metadata.creationTimestamp Now | Quote }}
{{ end }}
"""

_RUNNING = """\
phase: Running
startTime: {{ Now | Quote }}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
{{ end }}
{{ with PodIPsWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") (or .metadata.namespace "") }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ Now | Quote }}}
- {type: ContainersReady, status: "True", lastTransitionTime: {{ Now | Quote }}}
- {type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }}}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ Now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  started: true
  ready: true
  state: {running: {startedAt: {{ Now | Quote }}}}
{{ end }}
{{ if .spec.initContainers }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  ready: true
  {{ if eq (or .restartPolicy "") "Always" }}
  started: true
  state: {running: {startedAt: {{ Now | Quote }}}}
  {{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}
  {{ end }}
{{ end }}
{{ end }}
"""

_SUCCEEDED = """\
phase: Succeeded
conditions:
- {type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{ Now | Quote }}}
- {type: ContainersReady, status: "False", reason: PodCompleted, lastTransitionTime: {{ Now | Quote }}}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  started: false
  ready: false
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}
{{ end }}
"""

_VOLUME = (
    """\
apiVersion: v1
kind: PersistentVolume
metadata:
  name: claim-{{ .metadata.uid }}
  annotations: {pv.kubernetes.io/provisioned-by: """
    + PROVISIONER
    + """}
spec:
  accessModes: {{ .spec.accessModes | toJson }}
  capacity: {{ .spec.resources.requests | toJson }}
  persistentVolumeReclaimPolicy: Delete
  storageClassName: """
    + STORAGE_CLASS
    + """
  volumeMode: {{ or .spec.volumeMode "Filesystem" }}
  hostPath: {path: /nowhere}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    namespace: {{ .metadata.namespace | Quote }}
    name: {{ .metadata.name | Quote }}
    uid: {{ .metadata.uid | Quote }}
"""
)


def documents() -> list[dict[str, Any]]:
    """All stages. Nodes become and stay Ready, pods become Ready, pods of Jobs succeed, claims get a volume."""
    return [
        _stage("node-ready", "Node", f"{_READY} | not", _status(f"phase: Running\n{_CONDITIONS}")),
        _stage("node-heartbeat", "Node", _READY, _status(_CONDITIONS), delay=_HEARTBEAT),
        _stage("pod-ready", "Pod", f'{_STAYS} and {_PHASE} == "Pending"', _status(_RUNNING)),
        _stage(
            "pod-succeeded",
            "Pod",
            f'{_STAYS} and {_PHASE} == "Running" and .spec.restartPolicy != "Always" and {_OF_JOB}',
            _status(_SUCCEEDED),
        ),
        _stage("pod-gone", "Pod", _LEAVES, {"delete": True}),
        _stage(
            "claim-volume",
            "PersistentVolumeClaim",
            f'{_STAYS} and {_OURS} and {_PHASE} == "Pending" and (.spec.volumeName | not)',
            {"apply": {"template": _VOLUME}},
        ),
        _stage(
            "volume-gone",
            "PersistentVolume",
            f'{_STAYS} and {_OURS} and ({_PHASE} == "Released" or {_PHASE} == "Failed")',
            {"delete": True},
        ),
    ]


def storage_class(provisioner: str = PROVISIONER, binding: str = "Immediate") -> dict[str, Any]:
    """The class that claims get by default. ``binding``: when they get a volume."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": provisioner,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": binding,
    }


def _status(template: str) -> dict[str, Any]:
    return {"patch": {"subresource": "status", "root": "status", "template": template, "type": "strategic"}}


def _stage(name: str, kind: str, when: str, step: dict[str, Any], delay: int = 0) -> dict[str, Any]:
    """A stage for objects for which ``when`` is true. At most one stage may match an object: kwok 0.8 ends at two."""
    spec: dict[str, Any] = {
        "resourceRef": {"apiGroup": "v1", "kind": kind},
        "selector": {"matchExpressions": [{"jq": {"key": when, "operator": "In", "values": ["true"]}}]},
        "steps": [step],
    }
    if delay:
        # spread, so that many nodes are not patched in the same moment
        spec["delay"] = {"durationMilliseconds": delay, "jitterDurationMilliseconds": delay + delay // 10}
    return {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": {"name": name}, "spec": spec}
