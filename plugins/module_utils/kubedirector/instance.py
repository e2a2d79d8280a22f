# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An instance as a whole: the virtual cluster, the definition that it is made from, and what the collection adds to both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.errors import ConfigError
from .cluster import VirtualCluster, parse_cluster
from .definition import Definition, load_definition
from .envelope import API_VERSION, CLUSTER_KIND, subject_of
from .faults import Fault, refuse
from .lead import NOBODY, Lead
from .parameters import Value, choose
from .runtime import DATA_NONE, Replication
from .schema import Anything, Fields, Flag, ListOf, MapOf, OneOf, Text, mapping
from .settings import Settings, Surroundings

#: which Services an instance gets beside the headless one: one for each role, one for each pod as the operator makes them, or both
ROLE, POD, BOTH = "role", "pod", "both"
EXPOSED = (ROLE, POD, BOTH)

#: what an operator would decide by a KubeDirectorConfig, for instances that need none
NATIVE_SETTINGS = Settings(default_service_type="ClusterIP", default_naming_scheme="CrNameRole")


_OPTIONS = Fields(
    {
        "parameters": MapOf(Anything()),
        "images": MapOf(Text(shortest=1)),
        "retain": Flag(),
        "expose": OneOf(EXPOSED),
        "data": Text(),
        "connect": ListOf(Text(shortest=1)),
    }
)


@dataclass(frozen=True)
class Instance:
    """``parameters`` has a value for each parameter of the runtime; ``images`` replaces those of roles; ``retain`` keeps volumes when the
    instance or pods of it are removed; ``expose`` is one of `EXPOSED`; ``data`` says how data follow a failover, "" that they do not;
    ``connect`` are the members that are told how to reach it; ``lead`` says which member takes writes, where data are copied to a
    second one."""

    cluster: VirtualCluster
    definition: Definition
    parameters: Mapping[str, Value] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    retain: bool = False
    expose: str = ROLE
    data: str = ""
    connect: tuple[str, ...] = ()
    settings: Settings = NATIVE_SETTINGS
    lead: Lead = NOBODY

    @property
    def replication(self) -> Replication | None:
        """How its data are copied to a second member; None where they are not."""
        found = self.definition.runtime.replication
        return found if found is not None and found.name == self.data else None

    @property
    def name(self) -> str:
        return self.cluster.name

    @property
    def namespace(self) -> str:
        return self.cluster.namespace or "default"

    def image(self, role: str) -> str:
        """The image of a role: the one asked for, else the one of its app."""
        known = self.definition.app.role(role)
        return self.images.get(role) or (known.image if known is not None else "")


def build_instance(
    manifest: Mapping[str, Any],
    definition: Definition,
    options: Mapping[str, Any],
    around: Surroundings | None = None,
    settings: Settings = NATIVE_SETTINGS,
) -> Instance:
    """The instance that a KubeDirectorCluster and options (see `Instance`) ask for; `faults.Faulty` names all that is wrong."""
    subject = subject_of(manifest, CLUSTER_KIND)
    cluster = parse_cluster(manifest, definition.app, settings, around or Surroundings())
    refuse(
        subject,
        [
            *_OPTIONS.faults(options, ""),
            *_unknown_images(options, definition),
            *_data_faults(options, definition, cluster),
        ],
    )
    images = dict(options.get("images") or {})
    return Instance(
        cluster,
        definition,
        choose(definition.runtime.parameters, options.get("parameters") or {}, subject),
        images,
        bool(options.get("retain")),
        options.get("expose") or ROLE,
        options.get("data") or "",
        tuple(options.get("connect") or ()),
        settings,
    )


def _unknown_images(options: Mapping[str, Any], definition: Definition) -> Iterator[Fault]:
    known = [role.id for role in definition.app.roles]
    for role in mapping(options.get("images")):
        if role not in known:
            yield Fault(f"images.{role}", f"the app has no such role; there are {', '.join(known)}")


def _data_faults(options: Mapping[str, Any], definition: Definition, cluster: VirtualCluster) -> Iterator[Fault]:
    data, replication = options.get("data"), definition.runtime.replication
    known = [DATA_NONE, *([replication.name] if replication is not None else [])]
    if not isinstance(data, str) or not data:
        return
    if data not in known:
        yield Fault("data", f"{data!r} is not what {definition.app.name} can do; there are {', '.join(known)}")
    elif data != DATA_NONE and replication is not None:
        role = cluster.role(replication.role)
        if role is None or role.storage is None:
            yield Fault(
                "data",
                f"{data} needs a volume: a home that comes back empty would empty its copy (storage of role {replication.role})",
            )


def dump_instance(instance: Instance) -> dict[str, Any]:
    """What has to be remembered of an instance to change it later, as plain data: no value of a secret is in it."""
    return {
        "cluster": {
            "apiVersion": API_VERSION,
            "kind": CLUSTER_KIND,
            "metadata": {"name": instance.name, "namespace": instance.namespace},
            "spec": _without_values(instance.cluster.spec),
        },
        "definition": instance.definition.dump(),
        "options": {
            "parameters": dict(instance.parameters),
            "images": dict(instance.images),
            "retain": instance.retain,
            "expose": instance.expose,
            "data": instance.data,
            "connect": list(instance.connect),
            **({"lead": instance.lead.dump()} if instance.lead.epoch else {}),
        },
    }


@dataclass(frozen=True)
class Remembered:
    """What `dump_instance` gave: ``manifest`` is the KubeDirectorCluster, in which values of secret keys are missing."""

    manifest: Mapping[str, Any]
    definition: Definition
    options: Mapping[str, Any]


def load_instance(body: Any, source: str) -> Remembered:
    """What `dump_instance` gave. ConfigError when it is damaged; ``source`` says for people where it was read."""
    try:
        definition = load_definition(body["definition"], source, body["cluster"]["spec"]["appCatalog"])
        return Remembered(body["cluster"], definition, dict(body["options"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ConfigError(f"what {source} remembers of the instance is damaged", "give it as a whole again") from None


def _without_values(spec: Mapping[str, Any]) -> dict[str, Any]:
    roles = []
    for role in spec.get("roles", []):
        entry = dict(role)
        if "secretKeys" in entry:
            entry["secretKeys"] = [{"name": key["name"]} for key in entry["secretKeys"]]
        roles.append(entry)
    return {**spec, "roles": roles}
