# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""KubeDirectorCluster: one instance of an application, a virtual cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .app import App
from .cluster_rules import rule_faults, shape_faults
from .envelope import CLUSTER_KIND, shape_of_manifest, subject_of
from .faults import Fault, refuse
from .member_rules import surroundings_faults
from .schema import mapping, without_nulls
from .settings import Settings, Surroundings

#: of one block device
BLOCK_DEVICE_SIZE = "1Gi"

SETTINGS = Settings()
UNKNOWN = Surroundings()


@dataclass(frozen=True)
class SecretMount:
    """A Secret of the namespace, mounted into all members of a role."""

    name: str
    mount_path: str
    default_mode: int | None = None
    read_only: bool = False


@dataclass(frozen=True)
class Storage:
    """One file system per member; ``storage_class`` "" leaves the choice to the member's default."""

    size: str
    storage_class: str = ""


@dataclass(frozen=True)
class BlockStorage:
    """Raw devices per member."""

    storage_class: str
    path_prefix: str
    devices: int
    size: str = BLOCK_DEVICE_SIZE


@dataclass(frozen=True)
class SecretKey:
    """A secret that setup scripts read by name. ``encrypted`` is only in what an operator stored."""

    name: str
    value: str = field(default="", repr=False)
    encrypted: str = field(default="", repr=False)


@dataclass(frozen=True)
class FileInjection:
    """A file that is fetched into each member before its setup."""

    source: str
    directory: str
    mode: int | None = None
    owner: str = ""
    group: str = ""


@dataclass(frozen=True)
class VolumeProjection:
    """An existing PersistentVolumeClaim, mounted into all members of a role."""

    claim: str
    mount_path: str
    read_only: bool = False


@dataclass(frozen=True)
class Connections:
    """Names in the same namespace whose contents the members are told."""

    clusters: tuple[str, ...] = ()
    configmaps: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterRole:
    """How many members of one role, and how large. ``env`` keeps its order: (name, value)."""

    id: str
    members: int
    limits: Mapping[str, str]
    requests: Mapping[str, str]
    storage: Storage | None = None
    block_storage: BlockStorage | None = None
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    service_labels: Mapping[str, str] = field(default_factory=dict)
    service_annotations: Mapping[str, str] = field(default_factory=dict)
    affinity: Mapping[str, Any] = field(default_factory=dict)
    shared_memory: str = ""
    secret: SecretMount | None = None
    secret_keys: tuple[SecretKey, ...] = ()
    file_injections: tuple[FileInjection, ...] = ()
    service_account: str = ""
    volume_projections: tuple[VolumeProjection, ...] = ()


@dataclass(frozen=True)
class VirtualCluster:
    """A valid KubeDirectorCluster with all defaults; ``spec`` is what an API server would store (secret values included: never show it)."""

    name: str
    namespace: str
    app: str
    app_catalog: str
    service_type: str
    naming_scheme: str
    roles: tuple[ClusterRole, ...]
    connections: Connections
    default_secret: SecretMount | None
    spec: Mapping[str, Any] = field(repr=False)

    def role(self, name: str) -> ClusterRole | None:
        """The role with this id, or None."""
        return next((role for role in self.roles if role.id == name), None)

    @property
    def members(self) -> int:
        """Members of all roles."""
        return sum(role.members for role in self.roles)


def parse_cluster(
    manifest: Mapping[str, Any],
    app: App,
    settings: Settings = SETTINGS,
    around: Surroundings = UNKNOWN,
    stored: bool = False,
) -> VirtualCluster:
    """Read a KubeDirectorCluster of ``app``; `faults.Faulty` (a ConfigError) names all that is wrong with it.

    One that is ``stored`` in a cluster may have a status. What is not known of the member (``around``) is not judged.
    """
    refuse(CLUSTER_KIND, shape_of_manifest(manifest, "manifest"))
    refuse(subject_of(manifest, CLUSTER_KIND), cluster_faults(manifest, app, settings, around, stored))
    spec, metadata = default_cluster(manifest["spec"], app, settings, around), manifest["metadata"]
    secret = spec.get("defaultSecret")
    return VirtualCluster(
        name=metadata["name"],
        namespace=metadata.get("namespace") or "",
        app=spec["app"],
        app_catalog=spec["appCatalog"],
        service_type=spec["serviceType"],
        naming_scheme=spec["namingScheme"],
        roles=tuple(_role(role) for role in spec["roles"]),
        connections=Connections(**{key: tuple(names) for key, names in spec.get("connections", {}).items()}),
        default_secret=_secret(secret) if secret is not None else None,
        spec=spec,
    )


def cluster_faults(
    manifest: Mapping[str, Any],
    app: App,
    settings: Settings = SETTINGS,
    around: Surroundings = UNKNOWN,
    stored: bool = False,
) -> tuple[Fault, ...]:
    """All that is wrong with a KubeDirectorCluster. What it names on the member is looked up only once its shape is right."""
    shape, spec = shape_faults(manifest, stored), mapping(manifest.get("spec"))
    faults = (*shape, *rule_faults(spec, app, stored)) if spec else shape
    if shape:
        return faults
    namespace = manifest["metadata"].get("namespace") or ""
    return (*faults, *surroundings_faults(default_cluster(spec, app, settings, around), settings, around, namespace))


def default_cluster(
    spec: Mapping[str, Any], app: App, settings: Settings = SETTINGS, around: Surroundings = UNKNOWN
) -> dict[str, Any]:
    """The spec of a valid instance as it would be stored. A storage class is filled in only where it is known which one it would be."""
    stored: dict[str, Any] = without_nulls(spec)
    stored.setdefault("appCatalog", app.catalog)
    stored.setdefault("serviceType", settings.default_service_type)
    stored.setdefault("namingScheme", settings.default_naming_scheme)
    if "connections" in stored:
        stored["connections"] = {key: names for key, names in stored["connections"].items() if names}
    storage_class = settings.default_storage_class or around.default_storage_class
    for role in stored["roles"]:
        known = app.role(role["id"])
        if known is not None:
            role.setdefault("members", known.cardinality.least)
        if storage_class and "storage" in role:
            role["storage"].setdefault("storageClassName", storage_class)
        if "blockStorage" in role:
            role["blockStorage"].setdefault("size", BLOCK_DEVICE_SIZE)
        if "defaultSecret" in stored:
            role.setdefault("secret", dict(stored["defaultSecret"]))
    return stored


def _secret(raw: Mapping[str, Any]) -> SecretMount:
    return SecretMount(raw["name"], raw["mountPath"], raw.get("defaultMode"), raw.get("readOnly", False))


def _amounts(raw: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(amount) for name, amount in raw.items()}


def _injection(raw: Mapping[str, Any]) -> FileInjection:
    rights = raw.get("permissions", {})
    return FileInjection(
        raw["srcURL"],
        raw["destDir"],
        rights.get("fileMode"),
        rights.get("fileOwner", ""),
        rights.get("fileGroup", ""),
    )


def _role(raw: Mapping[str, Any]) -> ClusterRole:
    storage, block, secret = raw.get("storage"), raw.get("blockStorage"), raw.get("secret")
    return ClusterRole(
        id=raw["id"],
        members=raw["members"],
        limits=_amounts(raw["resources"]["limits"]),
        requests=_amounts(raw["resources"].get("requests", {})),
        storage=Storage(storage["size"], storage.get("storageClassName", "")) if storage is not None else None,
        block_storage=BlockStorage(block["storageClassName"], block["pathPrefix"], block["numDevices"], block["size"])
        if block is not None
        else None,
        env=tuple((entry["name"], entry["value"]) for entry in raw.get("env", [])),
        pod_labels=raw.get("podLabels", {}),
        pod_annotations=raw.get("podAnnotations", {}),
        service_labels=raw.get("serviceLabels", {}),
        service_annotations=raw.get("serviceAnnotations", {}),
        affinity=raw.get("affinity", {}),
        shared_memory=raw.get("sharedMemory", ""),
        secret=_secret(secret) if secret is not None else None,
        secret_keys=tuple(
            SecretKey(key["name"], key.get("value", ""), key.get("encryptedValue", ""))
            for key in raw.get("secretKeys", [])
        ),
        file_injections=tuple(_injection(entry) for entry in raw.get("fileInjections", [])),
        service_account=raw.get("serviceAccountName", ""),
        volume_projections=tuple(
            VolumeProjection(entry["pvcName"], entry["mountPath"], entry.get("readOnly", False))
            for entry in raw.get("volumeProjections", [])
        ),
    )
