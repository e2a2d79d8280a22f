# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must not run twice ends on one member before it starts on another: its workloads are deleted, and their pods waited for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from ..fleet.discovery import ApiKind
from ..model.errors import Kind, MemberError
from ..model.manifest import GroupKind, Manifest, pod_template
from .hand import Hand
from .health import WAITED
from .plan import Action, Step
from .remove import delete

_PODS = ApiKind(GroupKind("", "Pod"), "v1", "pods", True)
_PAUSE = 0.1


def vacate(hand: Hand, steps: Sequence[Step], manifests: Iterable[Manifest], namespace: str) -> None:
    """Delete the workloads among ``steps``, and return when no pod of them is left. MemberError when that cannot be said.

    ``manifests`` are those of the resource, which tell the labels of its pods; ``namespace`` is where those go that name none.
    """
    delete(hand, [step for step in steps if step.action == Action.DELETE and step.name.kind in WAITED])
    failed = hand.failed()
    if failed:
        raise MemberError(Kind.FAILED, f"{failed[0].name} could not be deleted: {failed[0].message}", "run again")
    left = list(_selectors(manifests, namespace))
    while left:
        left = [(space, labels) for space, labels in left if hand.api.objects(_PODS, space, labels)]
        if left and hand.api.deadline.expired():
            raise MemberError(
                Kind.TIMEOUT,
                f"pods in {left[0][0]} ({left[0][1]}) have not ended",
                "run again, or raise member_timeout",
            )
        if left:
            time.sleep(min(_PAUSE, hand.api.deadline.remaining()))


def _selectors(manifests: Iterable[Manifest], namespace: str) -> Iterator[tuple[str, str]]:
    """Where the pods of each workload are, and the labels that they have."""
    for manifest in manifests:
        spec = manifest.get("spec")
        labels = (spec.get("selector") or {}).get("matchLabels") if isinstance(spec, dict) else None
        if labels and pod_template(manifest) is not None:
            yield (
                manifest["metadata"].get("namespace") or namespace,
                ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
            )
