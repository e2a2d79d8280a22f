# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The short form that articles show: it names an app of the catalog and asks for an instance of it.

    apiVersion: director.kubedirector.io/v1
    kind: KubeDirectorApp
    metadata: {name: redis-app}
    spec: {app: redis, appCatalog: local, roles: [{id: redis-server, count: 1, resources: {cpu: "0.5", memory: 1Gi}}]}

In spite of its kind it is no app. What it does not say comes from the app: roles that every instance needs, the least of resources
and, where a role cannot do without, of storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias

from .app import App, Role
from .app_rules import ids, twins
from .cluster_rules import ROLE_FIELDS, SPEC_FIELDS
from .envelope import (
    API_VERSION,
    APP_KIND,
    CLUSTER_KIND,
    OBJECT_NAME,
    ROLE_ID,
    envelope_faults,
    shape_of_manifest,
    subject_of,
)
from .faults import Fault, Faulty, refuse
from .schema import Anything, Fields, ListOf, OneOf, Quantity, Whole, mapping, mappings, without_nulls

SHORT_API_VERSION = "director.kubedirector.io/v1"

#: name of an app -> the app, or None where there is none
Find = Callable[[str], Any]
#: where apps are found by name
Catalog: TypeAlias = "Mapping[str, App] | Find"

# Numbers too: people do not quote `cpu: 0.5`, and no API server is asked here.
_AMOUNTS = Fields({}, others=Quantity(numbers=True))
_NEEDED = ("cpu", "memory")
_ROLE = Fields(
    {
        "id": ROLE_ID,
        "count": Whole(0),
        "resources": Anything(),
        # The rest is that of the long form, and judged there.
        **{name: Anything() for name in ROLE_FIELDS if name not in ("id", "members", "resources")},
    },
    required=("id",),
)
_SPEC = Fields(
    {
        "app": OBJECT_NAME,
        "appCatalog": OneOf(("local", "system")),
        "roles": ListOf(_ROLE),
        **{name: Anything() for name in SPEC_FIELDS if name not in ("app", "appCatalog")},
    },
    required=("app",),
)


def is_short(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest is in the short form."""
    return manifest.get("apiVersion") == SHORT_API_VERSION and manifest.get("kind") == APP_KIND


def from_short(manifest: Mapping[str, Any], apps: Catalog, subject: str = "") -> dict[str, Any]:
    """The KubeDirectorCluster that a manifest in the short form asks for; `faults.Faulty` (a ConfigError) names all that is wrong.

    ``subject`` is what messages call it. What it holds beyond the short form itself is judged by `cluster.parse_cluster`, as anything else.
    """
    refuse(APP_KIND, shape_of_manifest(manifest, "manifest"))
    subject = subject or f"{subject_of(manifest, 'instance')} (short form)"
    refuse(subject, _shape_faults(manifest))
    spec = without_nulls(manifest["spec"])
    app = _find(spec["app"], apps, subject)
    roles = [*spec.get("roles", []), *_left_out(spec.get("roles", []), app)]
    refuse(subject, _role_faults(roles, app))
    known = {role.id: role for role in app.roles}
    return {
        "apiVersion": API_VERSION,
        "kind": CLUSTER_KIND,
        "metadata": without_nulls(manifest["metadata"]),
        "spec": {**spec, "app": app.name, "roles": [_long(role, known[role["id"]]) for role in roles]},
    }


def _shape_faults(manifest: Mapping[str, Any]) -> Iterator[Fault]:
    yield from envelope_faults(manifest, APP_KIND, ("spec",), SHORT_API_VERSION)
    if manifest.get("spec") is None:
        yield Fault("spec", "is missing, and is required")
        return
    yield from _SPEC.faults(manifest["spec"], "spec")
    roles = mapping(manifest["spec"]).get("roles")
    yield from twins(ids(roles), "spec.roles", ".id", "role")
    for position, role in mappings(roles):
        resources = role.get("resources")
        if resources is not None:
            yield from _resources_shape(resources).faults(resources, f"spec.roles[{position}].resources")


def _find(name: str, apps: Catalog, subject: str) -> App:
    app = apps(name) if callable(apps) else apps.get(name)
    if app is None:
        known: Iterable[str] = () if callable(apps) else sorted(apps)
        close = get_close_matches(name, known, 1)
        advice = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known) or 'none like it'}"
        raise Faulty(subject, [Fault("spec.app", f"the catalog has no app {name!r}: {advice}")])
    return app


def _left_out(roles: list[dict[str, Any]], app: App) -> list[dict[str, Any]]:
    """Entries for roles that every instance needs and nobody named."""
    named = {role["id"] for role in roles}
    return [{"id": name} for name in app.required_roles() if name not in named]


def _is_long(resources: Any) -> bool:
    """Whether resources are written as in the long form."""
    return bool(mapping(resources)) and not set(resources) - {"limits", "requests"}


def _resources_shape(resources: Any) -> Fields:
    return Fields({"limits": _AMOUNTS, "requests": _AMOUNTS}) if _is_long(resources) else _AMOUNTS


def _role_faults(roles: list[dict[str, Any]], app: App) -> Iterator[Fault]:
    known = {role.id: role for role in app.roles}
    for position, role in enumerate(roles):
        path, found = f"spec.roles[{position}]", known.get(role["id"])
        if found is None:
            yield Fault(f"{path}.id", f"app {app.name} has no role {role['id']!r}; there are {', '.join(known)}")
            continue
        count = role.get("count")
        if count is not None and not found.cardinality.allows(count):
            wanted = f"{found.cardinality.least} or more" if found.cardinality.open else f"{found.cardinality.least}"
            yield Fault(
                f"{path}.count",
                f"role {found.id} cannot have {count} (its cardinality is {found.cardinality}): ask for {wanted}",
            )
        for name in _NEEDED:
            if name not in _limits(role, found):
                yield Fault(
                    f"{path}.resources.{name}",
                    f"is missing: app {app.name} does not say how much role {found.id} needs at least",
                )


def _limits(role: Mapping[str, Any], known: Role) -> dict[str, str]:
    resources = mapping(role.get("resources"))
    given = resources.get("limits", resources.get("requests", {})) if _is_long(resources) else resources
    return {**known.min_resources, **{name: str(amount) for name, amount in given.items()}}


def _long(role: Mapping[str, Any], known: Role) -> dict[str, Any]:
    """An entry of the short form as the long form has it."""
    limits, resources = _limits(role, known), mapping(role.get("resources"))
    asked = {name: str(amount) for name, amount in resources["requests"].items()} if "requests" in resources else limits
    entry = {"id": role["id"], "members": role.get("count", known.cardinality.least)}
    entry["resources"] = {"limits": limits, "requests": {**known.min_resources, **asked}}
    if known.min_storage is not None and not known.min_storage.ephemeral:
        entry["storage"] = {"size": known.min_storage.size}
    return {**entry, **{name: value for name, value in role.items() if name not in ("id", "count", "resources")}}
