# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""KubeDirectorApp: how an application is built. An expert writes it once; instances of it (cluster.py) say only how many and how large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..model.errors import ConfigError
from .app_rules import app_faults
from .envelope import APP_KIND, shape_of_manifest, subject_of
from .faults import refuse
from .schema import without_nulls

LOCAL, SYSTEM = "local", "system"

#: how many bytes of a failed setup script's output are kept
MAX_LOG_SIZE_DUMP = 256

# (default of the app, field of a role): what the webhook moves into the roles that do not say it themselves
_MOVED = (
    ("defaultImageRepoTag", "imageRepoTag"),
    ("defaultPersistDirs", "persistDirs"),
    ("defaultEventList", "eventList"),
    ("defaultMaxLogSizeDump", "maxLogSizeDump"),
    ("defaultConfigPackage", "configPackage"),
)
#: null means "no package" there, which is not the same as "not said"
_NULL_MEANS = ("configPackage", "defaultConfigPackage")


@dataclass(frozen=True)
class Label:
    """How people call something."""

    name: str
    description: str = ""


@dataclass(frozen=True)
class Endpoint:
    """Where a service listens."""

    port: int
    url_scheme: str = ""
    path: str = ""
    is_dashboard: bool = False
    has_auth_token: bool = False


@dataclass(frozen=True)
class Service:
    """Something that members offer. Without an endpoint it is logical only: nothing is exposed for it."""

    id: str
    label: Label | None = None
    endpoint: Endpoint | None = None
    exported: str = ""


@dataclass(frozen=True)
class Package:
    """What sets a member up: a .tgz with a start script."""

    url: str
    new_layout: bool = False


@dataclass(frozen=True)
class Cardinality:
    """How many members a role may have: exactly ``least``, or that many and more (``open``)."""

    least: int
    open: bool = False

    def allows(self, members: int) -> bool:
        return members >= self.least if self.open else members == self.least

    def __str__(self) -> str:
        return f"{self.least}+" if self.open else str(self.least)


@dataclass(frozen=True)
class MinStorage:
    """The least that a role may ask for; ``ephemeral`` allows that it asks for none."""

    size: str
    ephemeral: bool = False


@dataclass(frozen=True)
class Role:
    """One kind of member. ``events`` None stands for all; ``package`` None for an image that needs no setup."""

    id: str
    cardinality: Cardinality
    image: str
    package: Package | None = None
    persist_dirs: tuple[str, ...] = ()
    events: tuple[str, ...] | None = None
    min_resources: Mapping[str, str] = field(default_factory=dict)
    min_storage: MinStorage | None = None
    stdin: bool = False
    tty: bool = False
    max_log_size_dump: int = MAX_LOG_SIZE_DUMP


@dataclass(frozen=True)
class App:
    """A valid KubeDirectorApp with all defaults. ``catalog`` is where it was found; ``spec`` is what an API server would store.

    ``role_services`` maps the id of a role to the ids of its services.
    """

    name: str
    namespace: str
    label: Label
    distro_id: str
    version: str
    config_schema_version: int
    roles: tuple[Role, ...]
    services: tuple[Service, ...]
    selected_roles: tuple[str, ...]
    role_services: Mapping[str, tuple[str, ...]]
    config_meta: Mapping[str, str]
    capabilities: tuple[str, ...]
    systemd_required: bool
    logo_url: str
    catalog: str
    spec: Mapping[str, Any] = field(repr=False)

    def role(self, name: str) -> Role | None:
        """The role with this id, or None."""
        return next((role for role in self.roles if role.id == name), None)

    def services_of(self, role: str) -> tuple[Service, ...]:
        """The services of a role, in the order in which its entry names them; each once, however often it is named."""
        known = {service.id: service for service in self.services}
        return tuple(known[name] for name in dict.fromkeys(self.role_services.get(role, ())))

    def required_roles(self) -> tuple[str, ...]:
        """The selected roles that cannot have zero members: every instance has them."""
        return tuple(role.id for role in self.roles if role.id in self.selected_roles and role.cardinality.least)


def parse_app(manifest: Mapping[str, Any], catalog: str = LOCAL) -> App:
    """Read a KubeDirectorApp, as written or as stored; `faults.Faulty` (a ConfigError) names all that is wrong with it."""
    refuse(APP_KIND, shape_of_manifest(manifest, "manifest"))
    refuse(subject_of(manifest, APP_KIND), app_faults(manifest))
    spec, metadata = default_app(manifest["spec"]), manifest["metadata"]
    config = spec["config"]
    return App(
        name=metadata["name"],
        namespace=metadata.get("namespace") or "",
        label=_label(spec["label"]),
        distro_id=spec["distroID"],
        version=spec["version"],
        config_schema_version=spec["configSchemaVersion"],
        roles=tuple(_role(role) for role in spec["roles"]),
        services=tuple(_service(service) for service in spec.get("services", [])),
        selected_roles=tuple(config["selectedRoles"]),
        role_services={pair["roleID"]: tuple(pair["serviceIDs"]) for pair in config["roleServices"]},
        config_meta=dict(config.get("configMeta", {})),
        capabilities=tuple(spec.get("capabilities", [])),
        systemd_required=spec.get("systemdRequired", False),
        logo_url=spec.get("logoURL", ""),
        catalog=catalog,
        spec=spec,
    )


def default_app(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of a valid app as it would be stored: the defaults of the app have moved into its roles."""
    stored: dict[str, Any] = without_nulls(spec, _NULL_MEANS)
    defaults = {"maxLogSizeDump": MAX_LOG_SIZE_DUMP, "configPackage": None}
    for key, target in _MOVED:
        if key in stored:
            defaults[target] = stored.pop(key)
    stored["roles"] = [{**without_nulls(defaults, _NULL_MEANS), **role} for role in stored["roles"]]
    return stored


def check_app_change(old: App, new: Mapping[str, Any] | None, used_by: Sequence[str]) -> None:
    """ConfigError when a change of a registered app would change what instances run. ``new`` is a manifest, or None to remove the app.

    ``used_by`` names the instances, as people read them. Labels and annotations of the app may change, and so may nothing at all.
    """
    if not used_by or (new is not None and parse_app(new, old.catalog).spec == old.spec):
        return
    verb = "removed" if new is None else "changed"
    raise ConfigError(
        f"{APP_KIND} {old.name} cannot be {verb} while instances use it: {', '.join(sorted(used_by))}",
        "delete them first, or register the new version under another name",
    )


def _label(raw: Mapping[str, Any]) -> Label:
    return Label(raw["name"], raw.get("description", ""))


def _service(raw: Mapping[str, Any]) -> Service:
    label, endpoint = raw.get("label"), raw.get("endpoint")
    return Service(
        id=raw["id"],
        label=_label(label) if label is not None else None,
        endpoint=_endpoint(endpoint) if endpoint is not None else None,
        exported=raw.get("exported_service", ""),
    )


def _endpoint(raw: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        port=raw["port"],
        url_scheme=raw.get("urlScheme", ""),
        path=raw.get("path", ""),
        is_dashboard=raw.get("isDashboard", False),
        has_auth_token=raw.get("hasAuthToken", False),
    )


def _role(raw: Mapping[str, Any]) -> Role:
    package, storage, container = raw["configPackage"], raw.get("minStorage"), raw.get("containerSpec", {})
    return Role(
        id=raw["id"],
        cardinality=_cardinality(raw["cardinality"]),
        image=raw["imageRepoTag"],
        package=Package(package["packageURL"], package.get("useNewSetupLayout", False))
        if package is not None
        else None,
        persist_dirs=tuple(raw.get("persistDirs", [])),
        events=tuple(raw["eventList"]) if "eventList" in raw else None,
        min_resources={name: str(amount) for name, amount in raw.get("minResources", {}).items()},
        min_storage=MinStorage(storage["size"], storage.get("ephemeralModeSupported", False)) if storage else None,
        stdin=container.get("stdin", False),
        tty=container.get("tty", False),
        max_log_size_dump=raw["maxLogSizeDump"],
    )


def _cardinality(text: str) -> Cardinality:
    return Cardinality(int(text.rstrip("+")), text.endswith("+"))
