# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a KubeDirectorApp must look like: the shape that its CRD gives it, and the rules between its fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .envelope import APP_KIND, ROLE_ID, envelope_faults
from .faults import Fault
from .schema import Anything, Fields, Flag, ListOf, MapOf, OneOf, Quantity, Text, Whole, mapping, mappings

EVENTS = ("configure", "addnodes", "delnodes")
#: resources that the schemas name; their quantities are text
NAMED_RESOURCES = ("memory", "cpu", "ephemeral-storage", "nvidia.com/gpu", "amd.com/gpu")
#: the least that may be asked of each resource, and how much is asked for
AMOUNTS = Fields({name: Quantity() for name in NAMED_RESOURCES}, others=Quantity(numbers=True))

_SOME = Text(shortest=1)
_DNS_WORD = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SERVICE_ID = Text(
    _DNS_WORD, "lower-case letters, digits and '-', starting and ending with a letter or digit", longest=15, shortest=1
)
_PERSIST_DIRS = ListOf(Text(r"/.*[^/]", "an absolute path without '/' at its end", shortest=1))
_EVENT_LIST = ListOf(OneOf(EVENTS))
_PACKAGE = Fields(
    {
        "packageURL": Text(r"(file|https?)://.+\.tgz", "a file://, http:// or https:// address that ends in .tgz"),
        "useNewSetupLayout": Flag(),
    },
    required=("packageURL",),
)
_LABEL = {"name": _SOME, "description": Text()}
_ENDPOINT = Fields(
    {
        "port": Whole(1, 65535),
        "urlScheme": _SERVICE_ID,
        "path": Text(),
        "isDashboard": Flag(),
        "hasAuthToken": Flag(),
    },
    required=("port",),
)
_SERVICE = Fields(
    {
        "id": _SERVICE_ID,
        "label": Fields(_LABEL, required=("name",)),
        "endpoint": _ENDPOINT,
        "exported_service": Text(),
    },
    required=("id",),
    others=Anything(),
)
_ROLE = Fields(
    {
        "id": ROLE_ID,
        "cardinality": Text(r"[0-9]+\+?", 'a number of members ("3"), or the least of them ("1+")', longest=9),
        "imageRepoTag": _SOME,
        "configPackage": _PACKAGE,
        "persistDirs": _PERSIST_DIRS,
        "eventList": _EVENT_LIST,
        "minResources": AMOUNTS,
        "minStorage": Fields({"size": Quantity(), "ephemeralModeSupported": Flag()}, required=("size",)),
        "containerSpec": Fields({"stdin": Flag(), "tty": Flag()}),
        "maxLogSizeDump": Whole(0),
    },
    required=("id", "cardinality"),
)
_CONFIG = Fields(
    {
        "selectedRoles": ListOf(_SOME),
        "roleServices": ListOf(
            Fields({"roleID": ROLE_ID, "serviceIDs": ListOf(_SERVICE_ID)}, required=("roleID", "serviceIDs"))
        ),
        "configMeta": MapOf(Text()),
    },
    required=("selectedRoles", "roleServices"),
)
_SPEC = Fields(
    {
        "label": Fields(_LABEL, required=("name",), others=Anything()),
        "distroID": _SOME,
        "version": _SOME,
        "configSchemaVersion": Whole(7),
        "defaultImageRepoTag": _SOME,
        "defaultConfigPackage": _PACKAGE,
        "defaultPersistDirs": _PERSIST_DIRS,
        "defaultEventList": _EVENT_LIST,
        "defaultMaxLogSizeDump": Whole(0),
        "services": ListOf(_SERVICE),
        "roles": ListOf(_ROLE),
        "config": _CONFIG,
        "capabilities": ListOf(_SOME),
        "systemdRequired": Flag(),
        "logoURL": Text(
            r"(file|https|http?)://.+\.(jpeg|png)", "a file://, http:// or https:// address of a .jpeg or .png"
        ),
    },
    required=("label", "distroID", "version", "configSchemaVersion", "roles", "config"),
    others=Anything(),
)


def app_faults(manifest: Mapping[str, Any]) -> tuple[Fault, ...]:
    """All that is wrong with a KubeDirectorApp as it was written, before the defaults."""
    found = list(envelope_faults(manifest, APP_KIND, ("spec",)))
    if manifest.get("spec") is None:
        return (*found, Fault("spec", "is missing, and is required"))
    spec = manifest["spec"]
    found += _SPEC.faults(spec, "spec")
    if isinstance(spec, Mapping):
        found += _rules(spec)
    return tuple(found)


def _rules(spec: Mapping[str, Any]) -> Iterator[Fault]:
    config = mapping(spec.get("config"))
    yield from twins(ids(spec.get("roles")), "spec.roles", ".id", "role")
    yield from twins(ids(spec.get("services")), "spec.services", ".id", "service")
    roles = [name for _position, name in ids(spec.get("roles"))]
    services = [name for _position, name in ids(spec.get("services"))]
    yield from _selected(config.get("selectedRoles"), roles)
    yield from _role_services(config.get("roleServices"), roles, services)
    for position, role in mappings(spec.get("roles")):
        yield from _role_rules(role, f"spec.roles[{position}]", spec)
    for position, service in mappings(spec.get("services")):
        endpoint = mapping(service.get("endpoint"))
        if endpoint.get("isDashboard") is True and endpoint.get("urlScheme") is None:
            yield Fault(
                f"spec.services[{position}].endpoint.urlScheme",
                f"service {service.get('id')} is a dashboard (isDashboard), so it needs a urlScheme, such as http",
            )


def ids(items: Any) -> list[tuple[int, Any]]:
    """The ids in a list of mappings, with their positions."""
    return [(position, item.get("id")) for position, item in mappings(items)]


def twins(names: Iterable[tuple[int, Any]], path: str, tail: str, what: str) -> Iterator[Fault]:
    """Each name that stands there a second time."""
    seen: Counter[str] = Counter()
    for position, name in names:
        if not isinstance(name, str):
            continue
        seen[name] += 1
        if seen[name] == 2:
            yield Fault(f"{path}[{position}]{tail}", f"{what} {name!r} is there twice: each must be unique")


def _unknown(path: str, what: str, name: Any, known: Iterable[Any]) -> Iterator[Fault]:
    names = [item for item in known if isinstance(item, str)]
    if isinstance(name, str) and name not in names:
        yield Fault(path, f"there is no {what} {name!r}; there are {', '.join(names) or 'none'}")


def _selected(selected: Any, roles: list[Any]) -> Iterator[Fault]:
    path = "spec.config.selectedRoles"
    names = selected if isinstance(selected, list) else []
    yield from twins(enumerate(names), path, "", "role")
    for position, name in enumerate(names):
        yield from _unknown(f"{path}[{position}]", "role", name, roles)


def _role_services(pairs: Any, roles: list[Any], services: list[Any]) -> Iterator[Fault]:
    path = "spec.config.roleServices"
    entries = mappings(pairs)
    yield from twins(((position, pair.get("roleID")) for position, pair in entries), path, ".roleID", "role")
    for position, pair in entries:
        here = f"{path}[{position}]"
        yield from _unknown(f"{here}.roleID", "role", pair.get("roleID"), roles)
        names = pair.get("serviceIDs")
        for number, name in enumerate(names if isinstance(names, list) else []):
            yield from _unknown(f"{here}.serviceIDs[{number}]", "service", name, services)


def _role_rules(role: Mapping[str, Any], path: str, spec: Mapping[str, Any]) -> Iterator[Fault]:
    if role.get("imageRepoTag") is None and spec.get("defaultImageRepoTag") is None:
        yield Fault(
            f"{path}.imageRepoTag",
            f"role {role.get('id')} has no image: give it one here, or all in spec.defaultImageRepoTag",
        )
    container = mapping(role.get("containerSpec"))
    if container.get("tty") is True and container.get("stdin") is not True:
        yield Fault(
            f"{path}.containerSpec.tty", f"role {role.get('id')} asks for a tty, which needs stdin: true as well"
        )
