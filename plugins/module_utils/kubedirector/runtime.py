# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the native engine runs an app: what a KubeDirectorApp cannot say. It stands beside the app in a catalog, as an AppRuntime.

Raw Kubernetes structures (``container``, ``pod``, hooks' commands) keep their own spelling; texts in them may hold ``@{...}``, see `fill`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .app import App
from .app_rules import EVENTS as FILTERED
from .app_rules import ids, twins
from .envelope import ROLE_ID, envelope_faults, shape_of_manifest, subject_of
from .faults import Fault, refuse
from .fill import blanks
from .parameters import INTEGER, PARAMETER, Parameter, parse_parameter
from .schema import Anything, Fields, Flag, ListOf, MapOf, OneOf, Shape, Text, Whole, mapping, mappings, without_nulls

API_VERSION = "multicluster.federation/v1"
KIND = "AppRuntime"

#: what pods are told of the life of their instance: that they are to set themselves up, that others came or are about to go, and that
#: what the instance is connected to changed. A setup package hears the same.
CONFIGURE, ADDNODES, DELNODES = FILTERED
RECONNECT = "reconnect"
EVENTS = (*FILTERED, RECONNECT)
#: what is called in a pod before it goes for good, and to make it the first one
LEAVE, PROMOTE = "leave", "promote"
HOOKS = (*EVENTS, LEAVE, PROMOTE)
HOOK_SECONDS = 120

#: what an instance says whose data do not follow it to another member
DATA_NONE = "none"

_ID = Text(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", "lower-case letters, digits and '-'", longest=30, shortest=1)
# Kubernetes takes no path with ':', and keys of a ConfigMap are made of these.
_PATH = Text(
    r"(/(?!\.\.?(/|$))[-._a-zA-Z0-9]+)+",
    "an absolute path of letters, digits, '-', '_' and '.', without '..' or '/' at its end",
    longest=255,
)
_KEY = Text(
    r"(?!\.\.|\.$)[-._a-zA-Z0-9]+", "letters, digits, '-', '_' and '.', not starting with '..'", longest=253, shortest=1
)

#: fields of a container that a runtime may set; the rest comes from the app and the instance
CONTAINER = (
    "args",
    "command",
    "env",
    "envFrom",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "securityContext",
    "startupProbe",
    "workingDir",
)
#: fields of a pod that a runtime may set
POD = (
    "dnsConfig",
    "hostAliases",
    "nodeSelector",
    "priorityClassName",
    "runtimeClassName",
    "securityContext",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
)
#: those that are read here, so that their shape is judged here
_CONTAINER_SHAPES: dict[str, Shape] = {
    "args": ListOf(Text()),
    "command": ListOf(Text()),
    "env": ListOf(Fields({"name": Text(shortest=1), "value": Text()}, required=("name",), others=Anything())),
    "securityContext": Fields({"capabilities": Fields({"add": ListOf(Text())}, others=Anything())}, others=Anything()),
}
_HOOK = Fields({"command": ListOf(Text()), "timeout": Whole(1, 86400)}, required=("command",))
_FILE = Fields({"path": _PATH, "content": Text(), "restart": Flag()}, required=("path", "content"))
_ROLE = Fields(
    {
        "id": ROLE_ID,
        "description": Text(),
        "after": ListOf(ROLE_ID),
        "start": OneOf(("together", "one-by-one")),
        "container": Fields({name: _CONTAINER_SHAPES.get(name, Anything()) for name in CONTAINER}),
        "pod": Fields({name: Anything() for name in POD}),
        "files": ListOf(_FILE),
        "secrets": MapOf(_PATH),
        "scratch": ListOf(_PATH),
        "seed": Flag(),
        "maxUnavailable": Whole(0),
        "hooks": Fields(dict.fromkeys(HOOKS, _HOOK)),
    },
    required=("id",),
)
_SECRET = Fields(
    {
        "id": _ID,
        "description": Text(),
        "generate": MapOf(Whole(8, 256)),
        "values": MapOf(Text(r"[^,\n]*", "one line of text without a comma")),
    },
    required=("id",),
)
_REPLICATION = Fields(
    {
        "name": _ID,
        "role": ROLE_ID,
        "service": Text(shortest=1),
        "path": _PATH,
        "fencedBy": Text(shortest=1),
        "position": _HOOK,
        "promote": _HOOK,
        "demote": _HOOK,
        "write": _HOOK,
        "read": _HOOK,
        "clear": _HOOK,
    },
    required=("name", "role", "service", "path", "position", "promote", "demote"),
)
_SPEC = Fields(
    {
        "description": Text(),
        "parameters": ListOf(PARAMETER),
        "secrets": ListOf(_SECRET),
        "roles": ListOf(_ROLE),
        "replication": _REPLICATION,
    }
)


@dataclass(frozen=True)
class SecretPlan:
    """A Secret that every instance has. ``generate`` maps keys to the length of their random text, ``values`` to plain text."""

    id: str
    description: str = ""
    generate: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """A file in the containers of a role. ``restart``: pods are replaced when its content changes."""

    path: str
    content: str
    restart: bool = True


@dataclass(frozen=True)
class Hook:
    """A command in a pod; it may take ``timeout`` seconds."""

    command: tuple[str, ...]
    timeout: int = HOOK_SECONDS


@dataclass(frozen=True)
class RoleRuntime:
    """How the pods of one role run.

    ``after`` are the roles that must be ready before; ``ordered``: its pods start one by one; ``container`` and ``pod`` are merged into
    what the app gives; ``secrets`` maps ids of secrets to the path where they are mounted; ``scratch`` are directories in memory;
    ``seed``: what the image has in the persistent directories is copied into a new volume; ``max_unavailable`` None asks for no
    PodDisruptionBudget.
    """

    id: str
    description: str = ""
    after: tuple[str, ...] = ()
    ordered: bool = False
    container: Mapping[str, Any] = field(default_factory=dict)
    pod: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    scratch: tuple[str, ...] = ()
    seed: bool = True
    max_unavailable: int | None = None
    hooks: Mapping[str, Hook] = field(default_factory=dict)


@dataclass(frozen=True)
class Replication:
    """How an app copies its data to a second member. Instances ask for it with ``data: NAME``.

    The first pod of ``role`` is found by its copy at the port of ``service``. Its pods have a file ``state`` in the directory ``path``,
    and do what it says (see `lead`). ``position`` prints how far a copy is, ``promote`` makes it the one that takes writes,
    ``demote`` ends writes where they were taken, and returns when the copies have all of them. ``write`` reads
    numbers, one a line, writes each, prints it when it was acknowledged, and ends with its input or the first write that fails; ``read``
    prints the last number that is there; ``clear`` takes it away: a drill measures with them.
    ``fenced_by`` is a parameter: above 0, a home that has lost its copy takes no writes, "" for none.
    """

    name: str
    role: str
    service: str
    path: str
    position: Hook
    promote: Hook
    demote: Hook
    write: Hook | None = None
    read: Hook | None = None
    clear: Hook | None = None
    fenced_by: str = ""


@dataclass(frozen=True)
class Runtime:
    """A valid AppRuntime; `PLAIN` for an app that has none. ``spec`` is what was written."""

    name: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    secrets: tuple[SecretPlan, ...] = ()
    roles: tuple[RoleRuntime, ...] = ()
    replication: Replication | None = None
    spec: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def role(self, name: str) -> RoleRuntime:
        """How a role runs; one of which nothing is said runs as its image does."""
        return next((role for role in self.roles if role.id == name), RoleRuntime(name))

    def secret(self, name: str) -> SecretPlan | None:
        """The secret with this id, or None."""
        return next((secret for secret in self.secrets if secret.id == name), None)


PLAIN = Runtime()


def parse_runtime(manifest: Mapping[str, Any], app: App) -> Runtime:
    """Read the AppRuntime of an app; `faults.Faulty` (a ConfigError) names all that is wrong with it."""
    refuse(KIND, shape_of_manifest(manifest, "manifest"))
    refuse(subject_of(manifest, KIND), _shape_faults(manifest))
    spec = without_nulls(manifest.get("spec") or {})
    runtime = Runtime(
        manifest["metadata"]["name"],
        spec.get("description", ""),
        tuple(parse_parameter(entry) for entry in spec.get("parameters", [])),
        tuple(
            SecretPlan(s["id"], s.get("description", ""), s.get("generate", {}), s.get("values", {}))
            for s in spec.get("secrets", [])
        ),
        tuple(_role(role) for role in spec.get("roles", [])),
        _replication(spec["replication"]) if "replication" in spec else None,
        spec,
    )
    refuse(subject_of(manifest, KIND), _rule_faults(runtime, app))
    return runtime


def file_key(path: str) -> str:
    """The key of a file in the ConfigMap of its role."""
    return path.lstrip("/").replace("/", "_")


def start_order(app: App, runtime: Runtime) -> tuple[str, ...]:
    """The roles of an app so that each comes after those it waits for; of equals, the order in which the app names them."""
    left, order = [role.id for role in app.roles], list[str]()
    while left:
        ready = [name for name in left if not set(runtime.role(name).after) & set(left)]
        order.append((ready or left)[0])
        left.remove(order[-1])
    return tuple(order)


def _role(raw: Mapping[str, Any]) -> RoleRuntime:
    return RoleRuntime(
        id=raw["id"],
        description=raw.get("description", ""),
        after=tuple(raw.get("after", [])),
        ordered=raw.get("start") == "one-by-one",
        container=raw.get("container", {}),
        pod=raw.get("pod", {}),
        files=tuple(File(f["path"], f["content"], f.get("restart", True)) for f in raw.get("files", [])),
        secrets=raw.get("secrets", {}),
        scratch=tuple(raw.get("scratch", [])),
        seed=raw.get("seed", True),
        max_unavailable=raw.get("maxUnavailable"),
        hooks={name: _hook(hook) for name, hook in raw.get("hooks", {}).items()},
    )


def _hook(raw: Mapping[str, Any]) -> Hook:
    return Hook(tuple(raw["command"]), raw.get("timeout", HOOK_SECONDS))


def _replication(raw: Mapping[str, Any]) -> Replication:
    return Replication(
        name=raw["name"],
        role=raw["role"],
        service=raw["service"],
        path=raw["path"],
        position=_hook(raw["position"]),
        promote=_hook(raw["promote"]),
        demote=_hook(raw["demote"]),
        write=_hook(raw["write"]) if "write" in raw else None,
        read=_hook(raw["read"]) if "read" in raw else None,
        clear=_hook(raw["clear"]) if "clear" in raw else None,
        fenced_by=raw.get("fencedBy", ""),
    )


def _shape_faults(manifest: Mapping[str, Any]) -> Iterator[Fault]:
    yield from envelope_faults(manifest, KIND, ("spec",), API_VERSION)
    spec = manifest.get("spec")
    if spec is None:
        return
    yield from _SPEC.faults(spec, "spec")
    for key, what in (("roles", "role"), ("secrets", "secret")):
        yield from twins(ids(mapping(spec).get(key)), f"spec.{key}", ".id", what)
    names = [(i, p.get("name")) for i, p in mappings(mapping(spec).get("parameters"))]
    yield from twins([(i, n) for i, n in names if isinstance(n, str)], "spec.parameters", ".name", "parameter")
    for position, secret in mappings(mapping(spec).get("secrets")):
        path = f"spec.secrets[{position}]"
        for key in ("generate", "values"):
            for name in mapping(secret.get(key)):
                yield from _KEY.faults(name, f"{path}.{key}")
        for name in sorted(set(mapping(secret.get("generate"))) & set(mapping(secret.get("values"))), key=str):
            yield Fault(f"{path}.values.{name}", "is generated, too: remove one of both")
        if not secret.get("generate") and not secret.get("values"):
            yield Fault(path, f"secret {secret.get('id')} has neither generate nor values: it would be empty")


def _rule_faults(runtime: Runtime, app: App) -> Iterator[Fault]:
    if runtime.name != app.name:
        yield Fault("metadata.name", f"must be that of its app, {app.name}")
    for position, role in enumerate(runtime.roles):
        path = f"spec.roles[{position}]"
        if app.role(role.id) is None:
            yield Fault(f"{path}.id", f"the app has no role {role.id!r}; there are {_names(app)}")
        for name in role.after:
            if app.role(name) is None:
                yield Fault(f"{path}.after", f"the app has no role {name!r}; there are {_names(app)}")
        if _waits_for_itself(role.id, runtime):
            yield Fault(f"{path}.after", f"role {role.id} waits for itself")
        for name in role.secrets:
            if runtime.secret(name) is None:
                yield Fault(f"{path}.secrets.{name}", "is not one of spec.secrets")
        yield from _file_faults(role, f"{path}.files")
        yield from _hook_faults(role, app, f"{path}.hooks")
        yield from blanks(runtime.spec["roles"][position], path, app, runtime)
    if runtime.replication is not None:
        yield from _replication_faults(runtime.replication, runtime, app)
    for position, parameter in enumerate(runtime.parameters):
        yield from parameter.faults(f"spec.parameters[{position}]")
    for position, secret in enumerate(runtime.secrets):
        yield from blanks(secret.values, f"spec.secrets[{position}].values", app, runtime)


def _replication_faults(found: Replication, runtime: Runtime, app: App) -> Iterator[Fault]:
    path = "spec.replication"
    if found.name == DATA_NONE:
        yield Fault(f"{path}.name", f"cannot be {DATA_NONE!r}, which says that data do not follow")
    if app.role(found.role) is None:
        yield Fault(f"{path}.role", f"the app has no role {found.role!r}; there are {_names(app)}")
    elif not any(s.id == found.service and s.endpoint is not None for s in app.services_of(found.role)):
        yield Fault(f"{path}.service", f"role {found.role} has no service {found.service!r} with a port")
    parameter = next((p for p in runtime.parameters if p.name == found.fenced_by), None)
    if found.fenced_by and (parameter is None or parameter.type != INTEGER):
        yield Fault(f"{path}.fencedBy", f"there is no parameter {found.fenced_by!r} that is a whole number")
    yield from blanks(runtime.spec["replication"], path, app, runtime)


def _hook_faults(role: RoleRuntime, app: App, path: str) -> Iterator[Fault]:
    """Commands that cannot be run, and events that a setup package hears already."""
    known = app.role(role.id)
    for name, hook in role.hooks.items():
        if not hook.command:
            yield Fault(f"{path}.{name}.command", "is empty: name a program")
        if name in EVENTS and known is not None and known.package is not None:
            yield Fault(f"{path}.{name}", "is what the setup package of this role is called for: remove one of both")


def _file_faults(role: RoleRuntime, path: str) -> Iterator[Fault]:
    """Files that cannot be mounted, or that one object cannot hold both."""
    seen: dict[str, str] = {}
    for position, file in enumerate(role.files):
        here, key = f"{path}[{position}].path", file_key(file.path)
        if not file.path.rpartition("/")[0]:
            yield Fault(here, f"{file.path} lies in /, which cannot be replaced: use a directory of its own")
        if key in seen:
            yield Fault(here, f"{file.path} cannot stand beside {seen[key]}: both are {key} in a ConfigMap")
        seen.setdefault(key, file.path)


def _waits_for_itself(name: str, runtime: Runtime) -> bool:
    seen: set[str] = set()
    waiting = list(runtime.role(name).after)
    while waiting:
        other = waiting.pop()
        if other == name:
            return True
        if other not in seen:
            seen.add(other)
            waiting += runtime.role(other).after
    return False


def _names(app: App) -> str:
    return ", ".join(role.id for role in app.roles)
