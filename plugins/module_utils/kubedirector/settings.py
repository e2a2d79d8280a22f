# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What definitions are judged by besides themselves: the settings of a KubeDirectorConfig, and what the member has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .envelope import (
    CONFIG_KIND,
    annotation_faults,
    envelope_faults,
    label_faults,
    shape_of_manifest,
    subject_of,
)
from .faults import Fault, refuse
from .schema import Fields, Flag, MapOf, OneOf, Text, mapping, without_nulls

SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer")
UID_NAMES, ROLE_NAMES = "UID", "CrNameRole"
NAMING_SCHEMES = (UID_NAMES, ROLE_NAMES)

#: the only name that a KubeDirectorConfig may have
CONFIG_NAME = "kd-global-config"

_TEXTS = MapOf(Text())
_SPEC = Fields(
    {
        "defaultStorageClassName": Text(shortest=1),
        "defaultServiceType": OneOf(SERVICE_TYPES),
        "nativeSystemdSupport": Flag(),
        "requiredSecretPrefix": Text(shortest=1),
        "clusterSvcDomainBase": Text(shortest=1),
        "defaultNamingScheme": OneOf(NAMING_SCHEMES),
        "masterEncryptionKey": Text(secret=True),
        "podLabels": _TEXTS,
        "podAnnotations": _TEXTS,
        "serviceLabels": _TEXTS,
        "serviceAnnotations": _TEXTS,
        "backupClusterStatus": Flag(),
        "allowRestoreWithoutConnections": Flag(),
        "forceSharedMemorySizeSupport": Flag(),
    }
)


@dataclass(frozen=True)
class Settings:
    """What a KubeDirectorConfig says, as far as it concerns instances. Its labels and annotations win over those of roles."""

    default_storage_class: str = ""
    default_service_type: str = "LoadBalancer"
    default_naming_scheme: str = UID_NAMES
    native_systemd_support: bool = False
    required_secret_prefix: str = ""
    service_domain: str = ".svc.cluster.local"
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    service_labels: Mapping[str, str] = field(default_factory=dict)
    service_annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A PersistentVolumeClaim: its access modes, and whether it is a file system or a block device."""

    access_modes: tuple[str, ...] = ("ReadWriteOnce",)
    volume_mode: str = "Filesystem"


@dataclass(frozen=True)
class Surroundings:
    """What the member has where an instance shall live. What is None is not known, and nothing is judged by it.

    ``default_storage_class`` is "" where the member has none; ``unreachable`` maps addresses that could not be fetched to the reason.
    """

    storage_classes: frozenset[str] | None = None
    default_storage_class: str = ""
    secrets: frozenset[str] | None = None
    service_accounts: frozenset[str] | None = None
    claims: Mapping[str, Claim] | None = None
    unreachable: Mapping[str, str] = field(default_factory=dict)


def parse_settings(manifest: Mapping[str, Any]) -> Settings:
    """Read a KubeDirectorConfig; `faults.Faulty` (a ConfigError) names all that is wrong with it."""
    refuse(CONFIG_KIND, shape_of_manifest(manifest, "manifest"))
    refuse(subject_of(manifest, CONFIG_KIND), _config_faults(manifest))
    spec = without_nulls(manifest.get("spec") or {})
    default = Settings()
    return Settings(
        default_storage_class=spec.get("defaultStorageClassName", ""),
        default_service_type=spec.get("defaultServiceType", default.default_service_type),
        default_naming_scheme=spec.get("defaultNamingScheme", default.default_naming_scheme),
        native_systemd_support=spec.get("nativeSystemdSupport", False),
        required_secret_prefix=spec.get("requiredSecretPrefix", ""),
        service_domain=spec.get("clusterSvcDomainBase", default.service_domain),
        pod_labels=spec.get("podLabels", {}),
        pod_annotations=spec.get("podAnnotations", {}),
        service_labels=spec.get("serviceLabels", {}),
        service_annotations=spec.get("serviceAnnotations", {}),
    )


def _config_faults(manifest: Mapping[str, Any]) -> Iterator[Fault]:
    yield from envelope_faults(manifest, CONFIG_KIND, ("spec", "status"))
    name = mapping(manifest.get("metadata")).get("name")
    if isinstance(name, str) and name != CONFIG_NAME:
        yield Fault("metadata.name", f"must be {CONFIG_NAME}: there is one per member")
    spec = manifest.get("spec")
    if spec is not None:
        yield from _SPEC.faults(spec, "spec")
    for key in ("podLabels", "serviceLabels"):
        yield from label_faults(mapping(spec).get(key), f"spec.{key}")
    for key in ("podAnnotations", "serviceAnnotations"):
        yield from annotation_faults(mapping(spec).get(key), f"spec.{key}")
