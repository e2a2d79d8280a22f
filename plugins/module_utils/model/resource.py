# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A resource: manifests with one placement, as the user asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import names
from .errors import ConfigError
from .failover import BY_STATE, NONE, PLAN, has_state
from .manifest import Manifest, ObjectName
from .override import Override, parse_override
from .placement import ANYWHERE, Placement, parse_placement
from .reading import as_list, given

if TYPE_CHECKING:
    from .replicas import ReplicaPolicy

#: what to do with an object that is wanted and belongs to somebody else
ABORT, ADOPT, OVERWRITE = "abort", "adopt", "overwrite"
CONFLICTS = (ABORT, ADOPT, OVERWRITE)

#: the options that say where manifests come from, which are kept as manifests
_SOURCES = ("src", "template", "definition", "definition_data", "overrides_data")


@dataclass(frozen=True)
class Resource:
    """What one entry of ``resources`` asks for.

    ``manifests`` are normal (see `dialects.documents`); ``namespace`` is where namespaced manifests go that name none;
    ``present`` False removes the resource from every member; ``strict`` False skips patches that do not fit; ``renamed_from`` is
    the name whose objects and records it takes over; ``conflict`` is one of `CONFLICTS`; ``retain_replicas`` leaves replicas to
    whoever sets them on a member, after the creation; ``keep_template`` stores the template with the records;
    ``replicas`` says how replicas are divided, None that each member has those of its manifest;
    ``dependencies``: what its workloads name in other resources of the run follows them; ``failover``
    is one of `failover.FAILOVERS`; ``fence`` one of `failover.FENCES`; a ``singleton`` runs on one member only; ``withheld`` are
    Secrets whose values are not at hand, which stay as they are; ``unfit`` are members that it must not come to, with the reason
    (one that has it keeps it); ``known_as`` is the hash of the template where that is recorded;
    ``asked`` are the
    options as they were given, without the manifests.
    """

    name: str
    manifests: tuple[Manifest, ...] = ()
    placement: Placement = ANYWHERE
    overrides: tuple[Override, ...] = field(default=())
    namespace: str = "default"
    present: bool = True
    strict: bool = True
    allow_empty: bool = False
    delete_namespaces: bool = False
    renamed_from: str = ""
    conflict: str = ABORT
    retain_replicas: bool = False
    keep_template: bool = False
    replicas: ReplicaPolicy | None = None
    dependencies: bool = False
    failover: str = PLAN
    fence: str = BY_STATE
    singleton: bool = False
    withheld: frozenset[ObjectName] = frozenset()
    unfit: Mapping[str, str] = field(default_factory=dict, compare=False)
    known_as: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def needs_fence(self) -> bool:
        """Whether a lost member has to be fenced before the resource runs elsewhere."""
        return self.fence != NONE and (self.singleton or has_state(self.manifests))


def _replicas(raw: Any) -> ReplicaPolicy | None:
    if raw is None:
        return None
    from .replicas import parse_replicas  # Ansible compiles what is imported in every run, and most divide nothing

    return parse_replicas(raw, "replicas")


def _on_one(placement: Placement) -> Placement:
    """The placement of a singleton: one member at most."""
    from .spread import MEMBER, SpreadRule

    if any(rule.by == MEMBER for rule in placement.spread):
        return placement
    return replace(placement, spread=(*placement.spread, SpreadRule(MEMBER, maximum=1)))


def _check_generated(name: str, manifests: Sequence[Manifest]) -> None:
    asked = [m for m in manifests if names.ANNOTATION_GENERATE in (m["metadata"].get("annotations") or {})]
    if asked:
        from .generated import wanted_values

        try:
            for manifest in asked:
                wanted_values(manifest)
        except ConfigError as error:
            raise ConfigError(f"resource {name}: {error.message}", error.hint) from None


def parse_resource(raw: Mapping[str, Any], manifests: Sequence[Manifest]) -> Resource:
    """Build a resource from the options of `federated_resource` and its manifests. ConfigError names what is wrong."""
    name = names.check_resource_name(raw.get("name"))
    present = (raw.get("state") or "present") == "present"
    if present and not manifests:
        raise ConfigError(f"resource {name} has no manifests", "give src, template or definition")
    _check_generated(name, manifests)
    former = raw.get("renamed_from") or ""
    if former and names.check_resource_name(former) == name:
        raise ConfigError(f"resource {name}: renamed_from is its own name")
    try:
        overrides = tuple(
            parse_override(item, i, len(manifests))
            for i, item in enumerate(as_list(given(raw.get("overrides"), []), "overrides"))
        )
        placement = parse_placement(raw.get("placement"), "placement")
        replicas = _replicas(raw.get("replicas"))
    except ConfigError as error:
        raise ConfigError(f"resource {name}: {error.message}", error.hint) from None
    singleton = bool(raw.get("singleton", False))
    if singleton:
        placement = _on_one(placement)
    return Resource(
        name=name,
        manifests=tuple(manifests) if present else (),
        placement=placement,
        overrides=overrides if present else (),
        namespace=raw.get("namespace") or "default",
        present=present,
        strict=bool(raw.get("strict", True)),
        allow_empty=bool(raw.get("allow_empty", False)),
        delete_namespaces=bool(raw.get("delete_namespaces", False)),
        renamed_from=former,
        conflict=raw.get("conflict") or ABORT,
        retain_replicas=bool(raw.get("retain_replicas", False)),
        keep_template=bool(raw.get("keep_template", False)),
        replicas=replicas if present else None,
        dependencies=bool(raw.get("dependencies", False)) and present,
        failover=raw.get("failover") or PLAN,
        fence=raw.get("fence") or BY_STATE,
        singleton=singleton,
        asked={key: value for key, value in raw.items() if value is not None and key not in _SOURCES},
    )
