# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an instance cannot have without an operator, and what no API server would take: known before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...model.quantity import parse_quantity
from ..app import Role
from ..cluster import ClusterRole
from ..faults import Fault
from ..fill import used
from ..instance import POD, Instance
from .blanks import filled
from .services import has_ports
from .volumes import volumes_of

_KEY = re.compile(r"(?!\.\.|\.$)[-._a-zA-Z0-9]{1,253}")
_VARIABLE = re.compile(r"[ -<>-~]+")
#: resources of which a container may use more than it asks for
_SHARED = ("cpu", "memory", "ephemeral-storage")


def render_faults(instance: Instance) -> Iterator[Fault]:
    """All that stands against making objects of a valid instance, but for their names."""
    yield from _of_operator(instance)
    yield from _services(instance)
    yield from _secrets(instance)
    for position, asked in enumerate(instance.cluster.roles):
        role = instance.definition.app.role(asked.id)
        if role is not None:
            yield from _of_role(instance, asked, role, f"spec.roles[{position}]")


def _of_operator(instance: Instance) -> Iterator[Fault]:
    """What an operator would do inside of the pods, and nobody does here."""
    for service in instance.definition.app.services:
        if service.endpoint is not None and service.endpoint.has_auth_token:
            yield Fault(
                f"app.services.{service.id}.endpoint.hasAuthToken",
                "is made by an operator; the native engine cannot tell it to the app: use a secret of an AppRuntime",
            )
    for position, role in enumerate(instance.cluster.roles):
        if role.file_injections:
            yield Fault(
                f"spec.roles[{position}].fileInjections",
                "is not done by the native engine: put files into an AppRuntime, or into the image",
            )


def _services(instance: Instance) -> Iterator[Fault]:
    """Addresses that the runtime tells its pods, and that would lead nowhere."""
    runtime = instance.definition.runtime
    for name in used([runtime.spec.get("roles"), runtime.spec.get("secrets")], "service"):
        if not has_ports(instance, name):
            yield Fault(
                f"app.roles.{name}",
                f"has no service with a port, but the runtime names its address (@{{service:{name}}})",
            )
        elif instance.expose == POD:
            yield Fault(
                "expose",
                f"{POD} leaves role {name} without a Service, but its runtime names its address: use role or both",
            )


def _secrets(instance: Instance) -> Iterator[Fault]:
    """Values that go into an annotation, with commas between them."""
    for secret in instance.definition.runtime.secrets:
        for key, value in secret.values.items():
            text = filled(instance, value, text=True)
            if "," in text or text != text.strip():
                yield Fault(
                    f"app.secrets.{secret.id}.values.{key}", f"cannot be {text!r}: no comma, and no space at its ends"
                )


def _of_role(instance: Instance, asked: ClusterRole, role: Role, path: str) -> Iterator[Fault]:
    image = instance.image(role.id)
    if image != image.strip():
        yield Fault(f"app.roles.{role.id}.imageRepoTag", f"{image!r} has space at its ends")
    for position, (name, _value) in enumerate(asked.env):
        if not _VARIABLE.fullmatch(name):
            yield Fault(f"{path}.env[{position}].name", f"{name!r} has '=' or a letter that is not ASCII")
    yield from _keys(asked, path)
    yield from _resources(asked.requests, asked.limits, f"{path}.resources.requests")
    yield from _ports(instance, role)
    yield from _mounts(instance, asked, role, path)


def _keys(asked: ClusterRole, path: str) -> Iterator[Fault]:
    for number, key in enumerate(asked.secret_keys):
        here = f"{path}.secretKeys[{number}]"
        if not _KEY.fullmatch(key.name):
            yield Fault(
                f"{here}.name", f"{key.name!r} cannot be a key of a Secret: use letters, digits, '-', '_' and '.'"
            )
        if key.encrypted:
            yield Fault(
                f"{here}.encryptedValue", "was encrypted by an operator, whose key is not at hand: give its value"
            )


def _resources(requests: Mapping[str, str], limits: Mapping[str, str], path: str) -> Iterator[Fault]:
    for name, amount in requests.items():
        limit = limits.get(name)
        if name not in _SHARED:
            if limit is None or parse_quantity(amount) != parse_quantity(limit):
                yield Fault(
                    f"{path}.{name}", f"must be the limit, which is {limit or 'not given'}: {name} is not shared"
                )
        elif limit is not None and parse_quantity(amount) > parse_quantity(limit):
            yield Fault(f"{path}.{name}", f"{amount} is more than the limit, {limit}: lower it, or raise the limit")


def _ports(instance: Instance, role: Role) -> Iterator[Fault]:
    seen: dict[int, str] = {}
    for service in instance.definition.app.services_of(role.id):
        if service.endpoint is None:
            continue
        port = service.endpoint.port
        if port in seen:
            yield Fault(
                f"app.services.{service.id}.endpoint.port",
                f"is {port}, as that of service {seen[port]}: two services of role {role.id} cannot have one port",
            )
        seen.setdefault(port, service.id)


def _mounts(instance: Instance, asked: ClusterRole, role: Role, path: str) -> Iterator[Fault]:
    made = volumes_of(instance, asked, role, instance.definition.runtime.role(role.id))
    seen: dict[str, str] = {}
    for mount in [*made.mounts, *({"name": d["name"], "mountPath": d["devicePath"]} for d in made.devices)]:
        place, name = mount["mountPath"], mount["name"]
        if ":" in place or ".." in place.split("/"):
            yield Fault(path, f"role {role.id} cannot have {place} as a mount ({name}): no ':' and no '..'")
        bare = place.rstrip("/")
        if bare in seen:
            yield Fault(
                path, f"role {role.id} has two mounts at {place} ({seen[bare]} and {name}): choose another path for one"
            )
        seen.setdefault(bare, name)
