# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a KubeDirectorCluster must look like: the shape that its CRD gives it, and the rules that its app adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..model.errors import ConfigError
from ..model.quantity import parse_quantity, whole
from .app import App, Role
from .app_rules import AMOUNTS, NAMED_RESOURCES, ids, twins
from .envelope import CLUSTER_KIND, OBJECT_NAME, ROLE_ID, annotation_faults, envelope_faults, label_faults
from .faults import Fault
from .schema import Anything, Fields, Flag, ListOf, MapOf, OneOf, Quantity, Text, Whole, mapping, mappings
from .settings import NAMING_SCHEMES, SERVICE_TYPES

#: members of all roles together
MOST_MEMBERS = 1000

_TEXTS = MapOf(Text())
_PATH = Text("/.*", "an absolute path", shortest=1)
_SECRET = Fields(
    {"name": OBJECT_NAME, "mountPath": _PATH, "defaultMode": Whole(0, 0o777), "readOnly": Flag()},
    required=("name", "mountPath"),
)
_LIMITS = Fields(
    {name: Quantity() for name in NAMED_RESOURCES}, required=("memory", "cpu"), others=Quantity(numbers=True)
)
_ROLE = Fields(
    {
        "id": ROLE_ID,
        "members": Whole(),  # the cardinality judges it
        "resources": Fields({"limits": _LIMITS, "requests": AMOUNTS}, required=("limits",)),
        "storage": Fields({"size": Quantity(), "storageClassName": OBJECT_NAME}, required=("size",)),
        "blockStorage": Fields(
            {"storageClassName": OBJECT_NAME, "pathPrefix": _PATH, "numDevices": Whole(1), "size": Quantity()},
            required=("storageClassName", "pathPrefix", "numDevices"),
        ),
        "env": ListOf(Fields({"name": OBJECT_NAME, "value": Text(secret=True)}, required=("name", "value"))),
        "podLabels": _TEXTS,
        "podAnnotations": _TEXTS,
        "serviceLabels": _TEXTS,
        "serviceAnnotations": _TEXTS,
        "affinity": Fields({"nodeAffinity": Anything(), "podAffinity": Anything(), "podAntiAffinity": Anything()}),
        "sharedMemory": Quantity(),
        "secret": _SECRET,
        "secretKeys": ListOf(
            Fields(
                {"name": OBJECT_NAME, "value": Text(secret=True), "encryptedValue": Text(secret=True, shortest=1)},
                required=("name",),
            )
        ),
        "fileInjections": ListOf(
            Fields(
                {
                    "srcURL": Text(r"https?://.+", "an http:// or https:// address"),
                    "destDir": _PATH,
                    "permissions": Fields({"fileMode": Whole(0), "fileOwner": Text(), "fileGroup": Text()}),
                },
                required=("srcURL", "destDir"),
            )
        ),
        "serviceAccountName": OBJECT_NAME,
        "volumeProjections": ListOf(
            Fields({"pvcName": OBJECT_NAME, "mountPath": _PATH, "readOnly": Flag()}, required=("pvcName", "mountPath"))
        ),
    },
    required=("id", "resources"),
)
_NAMES = ListOf(OBJECT_NAME)
_SPEC = Fields(
    {
        "app": OBJECT_NAME,
        "appCatalog": OneOf(("local", "system")),
        "serviceType": OneOf(SERVICE_TYPES),
        "namingScheme": OneOf(NAMING_SCHEMES),
        "defaultSecret": _SECRET,
        "connections": Fields({"clusters": _NAMES, "configmaps": _NAMES, "secrets": _NAMES}),
        "roles": ListOf(_ROLE),
    },
    required=("app", "roles"),
)
#: fields of a role, and those of the spec besides roles
ROLE_FIELDS = tuple(_ROLE.known)
SPEC_FIELDS = tuple(name for name in _SPEC.known if name != "roles")


def shape_faults(manifest: Mapping[str, Any], stored: bool = False) -> tuple[Fault, ...]:
    """What any API server would refuse in a KubeDirectorCluster. One that is ``stored`` in a cluster may have a status."""
    found = list(envelope_faults(manifest, CLUSTER_KIND, ("spec", "status")))
    if manifest.get("status") is not None and not stored:
        found.append(Fault("status", "is read-only: leave it out"))
    if manifest.get("spec") is None:
        return (*found, Fault("spec", "is missing, and is required"))
    return (*found, *_SPEC.faults(manifest["spec"], "spec"))


def members_of(role: Mapping[str, Any], known: Role) -> int:
    """How many members a role asks for, or gets for saying nothing; 0 where it says nonsense."""
    members = role.get("members")
    if members is None:
        return known.cardinality.least
    return members if isinstance(members, int) and not isinstance(members, bool) else 0


def rule_faults(spec: Mapping[str, Any], app: App, stored: bool = False) -> Iterator[Fault]:
    """What is wrong with the spec of an instance of ``app``, whatever the member has; what has a bad shape is passed over."""
    if isinstance(spec.get("app"), str) and spec["app"] != app.name:
        yield Fault("spec.app", f"there is no app {spec['app']!r} here: this is judged by {app.name!r}")
    roles = mappings(spec.get("roles"))
    yield from twins(ids(spec.get("roles")), "spec.roles", ".id", "role")
    yield from _coverage(roles, app)
    total = 0
    for position, role in roles:
        path = f"spec.roles[{position}]"
        known = app.role(role["id"]) if isinstance(role.get("id"), str) else None
        if known is not None:
            total += members_of(role, known)
            yield from _cardinality(role, known, path)
            yield from _least_resources(role, known, path)
            yield from _least_storage(role, known, path)
            yield from _mounts(role, known, path)
        yield from _role_rules(role, path, stored)
    if total > MOST_MEMBERS:
        yield Fault(
            "spec.roles", f"{total} members are too many: {MOST_MEMBERS} are the most that one instance may have"
        )


def _coverage(roles: list[tuple[int, Mapping[str, Any]]], app: App) -> Iterator[Fault]:
    known = [role.id for role in app.roles]
    for position, role in roles:
        name = role.get("id")
        if isinstance(name, str) and name and name not in known:
            yield Fault(
                f"spec.roles[{position}].id", f"app {app.name} has no role {name!r}; there are {', '.join(known)}"
            )
    given = {role.get("id") for _position, role in roles if isinstance(role.get("id"), str)}
    for name in app.required_roles():
        if name not in given:
            yield Fault(
                "spec.roles",
                f"role {name} of app {app.name} is missing: every instance needs it, so add an entry for it",
            )


def _cardinality(role: Mapping[str, Any], known: Role, path: str) -> Iterator[Fault]:
    members = role.get("members")
    if isinstance(members, int) and not isinstance(members, bool) and not known.cardinality.allows(members):
        wanted = (
            f"{known.cardinality.least} or more" if known.cardinality.open else f"exactly {known.cardinality.least}"
        )
        yield Fault(
            f"{path}.members",
            f"role {known.id} has {members}, but its cardinality is {known.cardinality}: give it {wanted}",
        )


def _amount(raw: Any) -> int | None:
    """A quantity in whole units, rounded up as the operator does it: 999m of CPU are enough where 1 is the least."""
    try:
        return whole(raw)
    except ConfigError:
        return None


def _least_resources(role: Mapping[str, Any], known: Role, path: str) -> Iterator[Fault]:
    requests = mapping(mapping(role.get("resources")).get("requests"))
    for name, least in known.min_resources.items():
        asked = requests.get(name)
        amount = _amount(0 if asked is None else asked)
        if amount is not None and amount < whole(least):
            shown = "nothing" if asked is None else str(asked)
            yield Fault(
                f"{path}.resources.requests.{name}",
                f"role {known.id} asks for {shown}, but its app needs at least {least}: raise it (limits do not count)",
            )


def _least_storage(role: Mapping[str, Any], known: Role, path: str) -> Iterator[Fault]:
    if known.min_storage is None:
        return
    storage, least = role.get("storage"), known.min_storage
    if storage is None:
        if not least.ephemeral:
            yield Fault(
                f"{path}.storage", f"role {known.id} cannot do without storage: give it a size of at least {least.size}"
            )
        return
    size = _amount(mapping(storage).get("size"))
    # A size of zero is a fault of its own.
    if size and size < whole(least.size):
        yield Fault(
            f"{path}.storage.size",
            f"role {known.id} asks for {storage['size']}, but its app needs at least {least.size}: raise it",
        )


def _mounts(role: Mapping[str, Any], known: Role, path: str) -> Iterator[Fault]:
    """Two volumes in one place: the second would hide the first, and Kubernetes refuses such pods."""
    taken: dict[str, str] = {}
    if role.get("storage") is not None:
        taken = dict.fromkeys(known.persist_dirs, "a directory that the app keeps in its storage")
    secret = mapping(role.get("secret")).get("mountPath")
    if isinstance(secret, str):
        taken[secret.rstrip("/")] = "the role's secret"
    for position, projection in mappings(role.get("volumeProjections")):
        place = projection.get("mountPath")
        if not isinstance(place, str):
            continue
        bare = place.rstrip("/")
        if bare in taken:
            yield Fault(
                f"{path}.volumeProjections[{position}].mountPath",
                f"{place} is taken by {taken[bare]}: choose another path",
            )
        taken.setdefault(bare, "another volume projection")


def _role_rules(role: Mapping[str, Any], path: str, stored: bool) -> Iterator[Fault]:
    """What holds for a role whatever its app says."""
    for key, where in (("sharedMemory", role), ("size", mapping(role.get("storage")))):
        if isinstance(where.get(key), str) and _is_zero(where[key]):
            tail = key if where is role else f"storage.{key}"
            yield Fault(f"{path}.{tail}", f"must be greater than zero, not {where[key]}")
    for key in ("podLabels", "serviceLabels"):
        yield from label_faults(role.get(key), f"{path}.{key}")
    for key in ("podAnnotations", "serviceAnnotations"):
        yield from annotation_faults(role.get(key), f"{path}.{key}")
    for position, entry in mappings(role.get("secretKeys")):
        here = f"{path}.secretKeys[{position}]"
        # Only an operator writes those, and only it could read them.
        if entry.get("encryptedValue") is not None and not stored:
            yield Fault(
                f"{here}.encryptedValue", f"of secret key {entry.get('name')!r} cannot be set by hand: give its value"
            )


def _is_zero(text: str) -> bool:
    try:
        return parse_quantity(text) == 0
    except ConfigError:
        return False
