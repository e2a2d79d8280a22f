# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a member has what an instance refers to. Everything here is known or not asked: nothing in this room talks to a cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .faults import Fault
from .schema import mapping, mappings
from .settings import Settings, Surroundings

_SHARED = ("ReadWriteMany", "ReadOnlyMany")


def surroundings_faults(
    spec: Mapping[str, Any], settings: Settings, around: Surroundings, namespace: str
) -> Iterator[Fault]:
    """Faults of a spec with its defaults: what it names is not there. ``namespace`` is only for the messages."""
    where = f"in namespace {namespace}" if namespace else "in the namespace of the instance"
    secret = mapping(spec.get("defaultSecret"))
    if secret:
        yield from _secret(secret, "spec.defaultSecret", settings, around, where)
    for position, role in mappings(spec.get("roles")):
        path = f"spec.roles[{position}]"
        if role.get("secret") and role["secret"] != secret:
            yield from _secret(role["secret"], f"{path}.secret", settings, around, where)
        account = role.get("serviceAccountName")
        if account is not None:
            yield from _there(account, around.service_accounts, f"{path}.serviceAccountName", "service account", where)
        yield from _storage(role, path, around)
        yield from _claims(role, path, around, where)
        for number, injection in enumerate(role.get("fileInjections", [])):
            reason = around.unreachable.get(injection["srcURL"])
            if reason is not None:
                yield Fault(f"{path}.fileInjections[{number}].srcURL", f"cannot fetch {injection['srcURL']}: {reason}")


def _there(name: str, known: Collection[str] | None, path: str, what: str, where: str) -> Iterator[Fault]:
    if known is not None and name not in known:
        yield Fault(path, f"there is no {what} {name!r} {where}: create it first")


def _secret(
    secret: Mapping[str, Any], path: str, settings: Settings, around: Surroundings, where: str
) -> Iterator[Fault]:
    name, prefix = secret["name"], settings.required_secret_prefix
    if not name.startswith(prefix):
        yield Fault(
            f"{path}.name", f"{name!r} must start with {prefix!r}, as requiredSecretPrefix of the settings says"
        )
        return
    yield from _there(name, around.secrets, f"{path}.name", "Secret", where)


def _storage(role: Mapping[str, Any], path: str, around: Surroundings) -> Iterator[Fault]:
    known = around.storage_classes
    if known is None:
        return
    for key in ("storage", "blockStorage"):
        storage = role.get(key)
        if storage is None:
            continue
        name, here = storage.get("storageClassName"), f"{path}.{key}.storageClassName"
        if name is None:
            yield Fault(here, "is not given, and the member has no default StorageClass: name one of " + _listed(known))
        elif name not in known:
            yield Fault(here, f"there is no StorageClass {name!r} on the member; there are {_listed(known)}")


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _claims(role: Mapping[str, Any], path: str, around: Surroundings, where: str) -> Iterator[Fault]:
    if around.claims is None:
        return
    members = role.get("members", 0)
    for position, projection in enumerate(role.get("volumeProjections", [])):
        here, name = f"{path}.volumeProjections[{position}].pvcName", projection["pvcName"]
        claim = around.claims.get(name)
        if claim is None:
            yield from _there(name, around.claims, here, "PersistentVolumeClaim", where)
        elif claim.volume_mode != "Filesystem":
            yield Fault(here, f"{name!r} has volumeMode {claim.volume_mode}, where Filesystem is needed")
        elif members > 1 and not set(claim.access_modes) & set(_SHARED):
            yield Fault(
                here,
                f"{name!r} can be mounted by one node only ({', '.join(claim.access_modes)}), but role {role['id']} has "
                f"{members} members: it needs {' or '.join(_SHARED)}",
            )
