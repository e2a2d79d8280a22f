# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of an instance, put together from what is said now and what was said before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..kubedirector.definition import Definition
from ..kubedirector.envelope import API_VERSION, CLUSTER_KIND
from ..kubedirector.faults import Fault, refuse
from ..kubedirector.instance import Instance, Remembered, build_instance
from ..kubedirector.schema import mapping, mappings
from ..kubedirector.short import SHORT_API_VERSION, from_short, is_short
from ..model.errors import ConfigError

#: options that an instance keeps until they are said anew
_KEPT = ("parameters", "images", "retain", "expose", "data", "connect")
#: fields of a role that say what its volumes are, which no StatefulSet changes
_VOLUMES = ("storage", "blockStorage")


@dataclass(frozen=True)
class Asked:
    """What one task says of an instance. ``manifest`` is a KubeDirectorCluster or the short form, instead of ``spec``; ``spec`` has
    fields of a KubeDirectorCluster (``roles`` in the short form, with ``count`` or ``members``); ``options`` are those of an
    `Instance`, None where nothing is said."""

    name: str
    namespace: str
    manifest: Mapping[str, Any] | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def app_of(asked: Asked, before: Remembered | None) -> str:
    """The name of the app; ConfigError when nobody says it."""
    spec = mapping(asked.manifest.get("spec")) if asked.manifest is not None else asked.spec
    known = mapping(before.manifest.get("spec")).get("app") if before is not None else None
    name = spec.get("app") or known
    if not isinstance(name, str) or not name:
        raise ConfigError(
            f"instance {asked.name} does not exist yet: say which app it is to run", "give the option app"
        )
    return name


def wished_instance(asked: Asked, definition: Definition, before: Remembered | None) -> Instance:
    """The instance that is wanted. What is not said stays as it was; `faults.Faulty` names all that is wrong."""
    subject = f"{CLUSTER_KIND} {asked.name}"
    refuse(subject, [*_another_app(definition, before), *_unknown_roles(asked, definition)])
    manifest = _manifest(asked, definition, before)
    old = before.options if before is not None else {}
    options: dict[str, Any] = {
        key: asked.options[key] if asked.options.get(key) is not None else old.get(key) for key in _KEPT
    }
    for key in ("parameters", "images"):
        options[key] = {**mapping(old.get(key)), **mapping(asked.options.get(key))}
    if before is not None:  # a parameter that the new version of an app has no more is forgotten
        known = {parameter.name for parameter in definition.runtime.parameters}
        said = asked.options.get("parameters") or {}
        options["parameters"] = {k: v for k, v in options["parameters"].items() if k in known or k in said}
    instance = build_instance(manifest, definition, options)
    if before is not None:
        refuse(subject, _forbidden(before, instance))
    return instance


def _manifest(asked: Asked, definition: Definition, before: Remembered | None) -> dict[str, Any]:
    metadata = {"name": asked.name, "namespace": asked.namespace}
    if asked.manifest is not None:
        given = dict(asked.manifest)
        long = from_short(given, {definition.app.name: definition.app}) if is_short(given) else given
        return {**long, "metadata": {**mapping(long.get("metadata")), **metadata}}
    old = mapping(before.manifest.get("spec")) if before is not None else {}
    said = {key: value for key, value in asked.spec.items() if value is not None and key != "roles"}
    roles = [_counted(role) for role in asked.spec.get("roles") or []]
    spec = {"app": definition.app.name, **said, "roles": _joined(old.get("roles") or [], roles)}
    short = {"apiVersion": SHORT_API_VERSION, "kind": "KubeDirectorApp", "metadata": metadata, "spec": spec}
    long = from_short(short, {definition.app.name: definition.app}, f"{CLUSTER_KIND} {asked.name}")
    kept = {key: value for key, value in old.items() if key not in ("roles", "app")}
    return {"apiVersion": API_VERSION, "kind": CLUSTER_KIND, "metadata": metadata, "spec": {**kept, **long["spec"]}}


def _counted(role: Any) -> Any:
    """A role with ``count`` for ``members``: either word is understood."""
    if not isinstance(role, Mapping) or "members" not in role:
        return role
    return {**{key: value for key, value in role.items() if key != "members"}, "count": role["members"]}


def _joined(old: Sequence[Mapping[str, Any]], new: Sequence[Any]) -> list[Any]:
    """The roles of before with what is said of them now, in the order of before, then new ones."""
    said = {role.get("id"): role for _position, role in mappings(list(new))}
    joined: list[Any] = []
    for role in old:
        entry = _counted(role)
        joined.append({**entry, **said[role["id"]]} if role["id"] in said else entry)
    known = {role["id"] for role in old}
    return [*joined, *(role for role in new if not isinstance(role, Mapping) or role.get("id") not in known)]


def _another_app(definition: Definition, before: Remembered | None) -> Iterator[Fault]:
    """An instance runs one app for its life."""
    runs = mapping(before.manifest.get("spec")).get("app") if before is not None else None
    if runs not in (None, definition.app.name):
        yield Fault(
            "app", f"is read-only: it runs {runs!r} and cannot become {definition.app.name!r}; create another instance"
        )


def _unknown_roles(asked: Asked, definition: Definition) -> Iterator[Fault]:
    """Roles by their position in what was said, before they are joined with those of before."""
    known = [role.id for role in definition.app.roles]
    for position, role in mappings(list(asked.spec.get("roles") or [])):
        if role.get("id") not in known:
            yield Fault(
                f"roles[{position}].id",
                f"app {definition.app.name} has no role {role.get('id')!r}; there are {', '.join(known)}",
            )


def _forbidden(before: Remembered, instance: Instance) -> Iterator[Fault]:
    """Changes that would lose data."""
    old = mapping(before.manifest.get("spec"))
    roles = {role.get("id"): role for _position, role in mappings(old.get("roles"))}
    for position, role in mappings(list(instance.cluster.spec["roles"])):
        was = roles.get(role["id"])
        if was is None or not was.get("members"):
            continue
        for key in _VOLUMES:
            if role.get("members") and was.get(key) != role.get(key):
                yield Fault(
                    f"spec.roles[{position}].{key}",
                    f"of role {role['id']} cannot change while it has members (it is {_shown(was.get(key))}): a volume keeps its size "
                    "and class; make another instance and move the data, or scale the role to 0 where its app allows that",
                )


def _shown(storage: Any) -> str:
    found = mapping(storage)
    return ", ".join(str(found[key]) for key in ("size", "storageClassName") if key in found) or "none"
