# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may change in an instance that exists, and when it may not because something is still going on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .app import App
from .cluster import SETTINGS, UNKNOWN, cluster_faults, default_cluster
from .cluster_rules import shape_faults
from .envelope import CLUSTER_KIND, shape_of_manifest, subject_of
from .faults import Fault, refuse
from .schema import mapping, mappings, without_nulls
from .settings import Settings, Surroundings

#: the state of an instance whose last change nobody has begun to carry out
SPEC_MODIFIED = "spec modified"

# What a definition need not repeat once it has been filled in: a new default of the settings is for new instances.
_KEPT = ("appCatalog", "serviceType", "namingScheme")


@dataclass(frozen=True)
class UpdateRules:
    """``read_only``: fields of the spec that never change; ``role_may_change``: fields of a role that has members."""

    read_only: frozenset[str]
    role_may_change: frozenset[str]


#: what the operator allows
OPERATOR = UpdateRules(frozenset({"app", "appCatalog"}), frozenset({"members"}))


def check_update(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    app: App,
    settings: Settings = SETTINGS,
    around: Surroundings = UNKNOWN,
    rules: UpdateRules = OPERATOR,
) -> None:
    """`faults.Faulty` (a ConfigError) when ``new`` must not replace ``old``, which is the instance as stored, with its status.

    Who changes what cannot change hears of that alone, as from the operator; a spec that stays as it is is never refused.
    """
    refuse(CLUSTER_KIND, [*shape_of_manifest(old, "stored manifest"), *shape_of_manifest(new, "manifest")])
    before = without_nulls(mapping(old.get("spec")))
    if without_nulls(new.get("spec")) == before:
        return
    subject = subject_of(new, CLUSTER_KIND)
    refuse(subject, shape_faults(new, stored=True))
    after = default_cluster(inherited(before, new["spec"]), app, settings, around)
    if after == before:
        return
    status = mapping(old.get("status"))
    refuse(subject, _changes(old, new, before, after, status, rules))
    whole = {**new, "spec": after}
    refuse(subject, [*_going_on(status), *_forged(before, after), *cluster_faults(whole, app, settings, around, True)])


def inherited(before: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """A new spec with what was filled into the stored one and is not said anew: the storage class of a role cannot change by itself."""
    after: dict[str, Any] = without_nulls(spec)
    for key in _KEPT:
        if key in before:
            after.setdefault(key, before[key])
    roles = {role.get("id"): role for _position, role in mappings(before.get("roles"))}
    for _position, role in mappings(after.get("roles")):
        storage, stored = role.get("storage"), mapping(mapping(roles.get(role.get("id"))).get("storage"))
        if isinstance(storage, dict) and "storageClassName" in stored:
            storage.setdefault("storageClassName", stored["storageClassName"])
    return after


def _changes(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    status: Mapping[str, Any],
    rules: UpdateRules,
) -> Iterator[Fault]:
    """What differs and must not."""
    for key in ("name", "namespace"):
        was, wanted = (mapping(manifest.get("metadata")).get(key) or "" for manifest in (old, new))
        if was and wanted and was != wanted:
            yield Fault(f"metadata.{key}", f"is read-only: {wanted!r} is another instance than {was!r}")
    for key in sorted(rules.read_only):
        if before.get(key) != after.get(key):
            yield Fault(
                f"spec.{key}",
                f"is read-only: it is {before.get(key)!r} and cannot become {after.get(key)!r}; create another instance",
            )
    alive = {role.get("id") for _position, role in mappings(status.get("roles"))}
    roles = {role.get("id"): role for _position, role in mappings(before.get("roles"))}
    for position, role in mappings(after.get("roles")):
        if role["id"] not in alive:
            continue
        path = f"spec.roles[{position}]"
        if role["id"] not in roles:
            yield Fault(
                path, f"role {role['id']} was removed, and members of it are still there: wait until they are gone"
            )
        else:
            yield from _role_changes(roles[role["id"]], role, path, rules)


def _role_changes(was: Mapping[str, Any], role: Mapping[str, Any], path: str, rules: UpdateRules) -> Iterator[Fault]:
    fixed = sorted({*was, *role} - rules.role_may_change)
    for key in fixed:
        if was.get(key) != role.get(key):
            yield Fault(
                f"{path}.{key}",
                f"cannot change while role {role['id']} has members (only {', '.join(sorted(rules.role_may_change))} can): "
                "keep it, or scale the role to 0 first where its app allows that",
            )


def _going_on(status: Mapping[str, Any]) -> Iterator[Fault]:
    """One fault while the previous change is still on its way."""
    if not status or status.get("state") == SPEC_MODIFIED:
        yield Fault("spec", "the previous change has not been taken up yet: wait for it and try again")
        return
    waiting = [
        str(member.get("pod"))
        for _position, role in mappings(status.get("roles"))
        for _number, member in mappings(role.get("members"))
        if mapping(member.get("stateDetail")).get("pendingNotifyCmds")
    ]
    if waiting:
        yield Fault(
            "spec",
            f"members have not been told of the previous change yet ({', '.join(waiting)}): wait for it and try again",
        )


def _encrypted(spec: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for position, role in mappings(spec.get("roles")):
        for number, key in mappings(role.get("secretKeys")):
            if "encryptedValue" in key:
                where = f"spec.roles[{position}].secretKeys[{number}].encryptedValue"
                yield where, (role.get("id"), key.get("name"), key["encryptedValue"])


def _forged(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Fault]:
    """Encrypted values that the operator did not write."""
    written = {key for _where, key in _encrypted(before)}
    for where, key in _encrypted(after):
        if key not in written:
            yield Fault(where, f"of secret key {key[1]!r} cannot be set by hand: give its value")
