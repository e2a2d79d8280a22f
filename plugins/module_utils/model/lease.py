# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lock between cooperating runs, as plain data: one Lease of coordination.k8s.io/v1 on each member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from . import names

#: seconds after its last renewal until a lock counts as left behind, and how often its holder renews it
LEASE_SECONDS, RENEW_SECONDS = 45, 15
#: both sides read the clock of the API server, which tells whole seconds
_ROUNDING = 2.0


@dataclass(frozen=True)
class Lease:
    """What a member says of its lock.

    ``holder`` is text for people, "" when it is free; ``process`` lets another run on the holder's machine see whether it still
    lives. ``renewed`` is the API server's time (seconds since 1970) of the last write; ``turns`` counts the holders so far.
    """

    holder: str = ""
    process: str = ""
    seconds: int = LEASE_SECONDS
    renewed: float = 0.0
    turns: int = 0
    version: str = ""

    def expired(self, now: float) -> bool:
        """Whether its holder let it run out; ``now`` is the API server's time."""
        return now > self.renewed + self.seconds + _ROUNDING

    def used_since(self, moment: float) -> bool:
        """Whether somebody wrote it at or after a moment by the API server's clock; true also where whole seconds cannot tell."""
        return bool(self.turns) and self.renewed + _ROUNDING >= moment


def _seconds(stamp: object) -> float:
    try:
        return datetime.fromisoformat(str(stamp).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def read_lease(body: Mapping[str, Any]) -> Lease:
    """A Lease as the API shows it. When it was renewed is taken from managedFields, which the API server dates itself."""
    spec, metadata = body.get("spec") or {}, body.get("metadata") or {}
    stamps = [_seconds(entry.get("time")) for entry in metadata.get("managedFields") or []]
    return Lease(
        holder=str(spec.get("holderIdentity") or ""),
        process=str((metadata.get("annotations") or {}).get(names.ANNOTATION_PROCESS) or ""),
        seconds=int(spec.get("leaseDurationSeconds") or LEASE_SECONDS),
        renewed=max(stamps, default=0.0),
        turns=int(spec.get("leaseTransitions") or 0),
        version=str(metadata.get("resourceVersion") or ""),
    )


def micro_time(now: float) -> str:
    """Seconds since 1970 as the API writes a MicroTime."""
    return datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lease_manifest(federation: str, holder: str, process: str, turns: int, now: float, version: str) -> dict[str, Any]:
    """The Lease to apply over the one with ``version``; without a ``holder`` it is free."""
    metadata: dict[str, Any] = {
        "name": names.LEASE,
        "namespace": names.federation_namespace(federation),
        "resourceVersion": version,
        "labels": {names.LABEL_FEDERATION: federation},
    }
    spec: dict[str, Any] = {"leaseTransitions": turns, "renewTime": micro_time(now)}
    if holder:
        metadata["annotations"] = {names.ANNOTATION_PROCESS: process}
        spec.update(holderIdentity=holder, leaseDurationSeconds=LEASE_SECONDS)
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def canary_manifest(federation: str, now: float) -> dict[str, Any]:
    """A Lease that proves that writes reach the store; it is not the lock, and nobody holds it."""
    metadata = {
        "name": names.CANARY,
        "namespace": names.federation_namespace(federation),
        "labels": {names.LABEL_FEDERATION: federation},
    }
    spec = {"renewTime": micro_time(now)}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
