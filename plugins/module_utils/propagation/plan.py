# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be done on one member, decided without I/O: the same observation gives the same plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..fleet.discovery import ApiKind
from ..model import names
from ..model.cluster import Cluster
from ..model.errors import FederationError, Kind, MemberError
from ..model.manifest import GroupKind, Manifest, ObjectName, kind_of
from ..model.records import ResourceRecord
from ..model.resource import Resource
from ..rendering.overrides import overrides_for, render
from ..rendering.ownership import applied_entry, fingerprint, holders, is_marked, is_owned, lost, mark, normalise
from ..rendering.patch import PatchError
from .observe import NAMESPACE, Observation

CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")


class Action:
    """What a step does to one object."""

    CREATE = "create"
    CHANGE = "change"
    REPAIR = "repair"
    NONE = "none"
    DELETE = "delete"
    KEEP = "keep"
    BLOCKED = "blocked"

    WRITES = (CREATE, CHANGE, REPAIR)


#: kinds that others need to be there first; everything else is written in stage 2
_STAGES = {
    **dict.fromkeys(("Namespace", "CustomResourceDefinition"), 0),
    **dict.fromkeys(
        ("PriorityClass", "StorageClass", "IngressClass", "RuntimeClass", "ResourceQuota", "LimitRange"), 1
    ),
    **dict.fromkeys(("ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"), 1),
    **dict.fromkeys(("ConfigMap", "Secret", "PersistentVolume", "PersistentVolumeClaim", "NetworkPolicy"), 1),
    **dict.fromkeys(("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService"), 3),
}
LAST_STAGE = 3


@dataclass(frozen=True)
class Step:
    """One object of one resource on one member. ``reason`` says why; ``seen`` is its metadata as observed, or None."""

    resource: str
    name: ObjectName
    action: str
    reason: str = ""
    api: ApiKind | None = None
    want: Manifest | None = field(default=None, repr=False)
    seen: Mapping[str, Any] | None = field(default=None, repr=False)
    error: FederationError | None = None
    needs: ObjectName | None = None

    @property
    def served(self) -> ApiKind:
        """How the member serves the kind; every step has it but a blocked one, which nobody carries out."""
        if self.api is None:
            raise MemberError(Kind.NOT_FOUND, f"this member does not serve the kind {self.name.kind}")
        return self.api

    @property
    def manifest(self) -> Manifest:
        """What is wanted; {} for a step that wants nothing."""
        return self.want if self.want is not None else {}

    @property
    def stage(self) -> int:
        """When it is written: 0 before everything else, `LAST_STAGE` after; deletions go the other way round."""
        return _STAGES.get(self.name.kind.kind, 2)


@dataclass(frozen=True)
class MemberPlan:
    """All steps of one resource on one member. ``leaving`` says that the member is to give up the whole resource."""

    resource: Resource
    steps: tuple[Step, ...]
    record: ResourceRecord | None
    leaving: bool = False
    notes: tuple[str, ...] = ()

    def of(self, *actions: str) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action in actions)


@dataclass(frozen=True)
class Template:
    """A resource with what is the same on every member worked out once; rendering is kept per distinct set of overrides."""

    resource: Resource
    hash: str
    kinds: frozenset[GroupKind]
    namespaces: frozenset[str]
    defined: Mapping[GroupKind, tuple[ApiKind, ObjectName]]
    rendered: dict[Any, list[Any]] = field(default_factory=dict)


def prepare(resource: Resource) -> Template:
    """Work out what every member needs of a resource: its kinds, its namespaces, the kinds that its own CRDs define."""
    overrides = [repr(override) for override in resource.overrides]
    return Template(
        resource,
        fingerprint([list(resource.manifests), overrides]),
        frozenset(kind_of(m) for m in resource.manifests),
        frozenset(m["metadata"].get("namespace") or resource.namespace for m in resource.manifests),
        {kind: served for m in resource.manifests if kind_of(m) == CRD for kind, served in _defined_by(m)},
    )


def _defined_by(crd: Manifest) -> list[tuple[GroupKind, tuple[ApiKind, ObjectName]]]:
    """The kind that a CRD manifest defines, in its storage version, as the API will serve it."""
    try:
        spec = crd["spec"]
        kind = GroupKind(spec["group"], spec["names"]["kind"])
        version = next(v["name"] for v in spec["versions"] if v.get("served"))
        served = ApiKind(kind, version, spec["names"]["plural"], spec["scope"] == "Namespaced")
    except (KeyError, TypeError, StopIteration):
        return []  # the API server says what is wrong with the CRD itself
    return [(kind, (served, ObjectName(CRD, "", crd["metadata"]["name"])))]


def _render_all(template: Template, cluster: Cluster) -> list[Any]:
    """Each manifest for this member, normalised and without marks, or the PatchError that stands in its way."""
    resource = template.resource
    overrides = overrides_for(resource, cluster)
    key = tuple(override.position for override in overrides)
    if key not in template.rendered:
        done: list[Any] = []
        for manifest in resource.manifests:
            try:
                result, skipped = render(manifest, overrides, resource.strict)
                done.append((normalise(result), skipped))
            except PatchError as error:
                done.append(error)
        template.rendered[key] = done
    return template.rendered[key]


def _with_marks(want: Manifest, name: ObjectName, federation: str, resource: str) -> Manifest:
    """A marked copy; the rest is shared, since many members hold the same manifest."""
    metadata = dict(want["metadata"])
    for key in ("labels", "annotations"):
        metadata[key] = dict(metadata.get(key) or {})
    return mark({**want, "metadata": metadata}, name, federation, resource)


def compare(want: Manifest, seen: Mapping[str, Any] | None, federation: str) -> tuple[str, str]:
    """What a wanted object needs and why: an Action, and the reason as a person reads it."""
    if seen is None:
        return Action.CREATE, "missing"
    manager = names.field_manager(federation)
    entry = applied_entry(seen, manager, want["apiVersion"])
    annotations, wanted = seen.get("annotations") or {}, want["metadata"]["annotations"]
    if entry is None:
        return Action.CHANGE, "our fields are not marked as ours any more" if annotations.get(
            names.ANNOTATION_HASH
        ) else "not applied yet"
    if annotations.get(names.ANNOTATION_HASH) != wanted[names.ANNOTATION_HASH]:
        return Action.CHANGE, "the wanted state changed"
    paths = lost(want, entry.get("fieldsV1") or {})
    if not paths:
        return Action.NONE, ""
    by = sorted({holder for path in paths for holder in holders(seen, path, manager)[:1]})
    shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    return Action.REPAIR, f"drift: {shown}" + (f" (by {', '.join(by)})" if by else "")


def wanted_step(
    want: Manifest,
    name: ObjectName,
    served: ApiKind,
    objects: Mapping[ObjectName, Mapping[str, Any]],
    federation: str,
    resource: str,
) -> Step:
    """The step for one wanted object (normalised, without marks), given the metadata of what is there."""
    marked = _with_marks(want, name, federation, resource)
    seen = objects.get(name)
    if seen is not None and (seen.get("deletionTimestamp") or not is_marked(seen, name, federation, resource)):
        seen = None  # on its way out, a copy with our labels, or another resource's: that shows when we create ours
    action, reason = compare(marked, seen, federation)
    return Step(resource, name, action, reason, served, marked, seen)


def _wanted_steps(template: Template, cluster: Cluster, seen: Observation, federation: str) -> list[Step]:
    """A step for each manifest of the resource."""
    resource = template.resource
    steps = []
    for manifest, rendered in zip(resource.manifests, _render_all(template, cluster), strict=True):
        kind = kind_of(manifest)
        bare = ObjectName(kind, manifest["metadata"].get("namespace") or "", manifest["metadata"]["name"])
        version = manifest["apiVersion"].rpartition("/")[2]
        needs = None
        try:
            defined = template.defined.get(kind)
            if defined is not None and seen.discovery.find(kind, version) is None:
                served, needs = replace(defined[0], version=version), defined[1]
            else:
                served = seen.discovery.require(kind, version)
            if isinstance(rendered, PatchError):
                raise rendered
        except FederationError as error:
            steps.append(Step(resource.name, bare, Action.BLOCKED, str(error), error=error))
            continue
        space = (bare.namespace or resource.namespace) if served.namespaced else ""
        step = wanted_step(rendered[0], replace(bare, namespace=space), served, seen.objects, federation, resource.name)
        steps.append(replace(step, needs=needs))
    return steps


def _namespace_steps(steps: Sequence[Step], seen: Observation, federation: str) -> list[Step]:
    """Namespaces that objects need and no manifest gives. They belong to the federation, not to one resource.

    A namespace that is not ours is found by trying to create it only where an object in it is missing, so that a run with nothing
    to do asks for no namespace.
    """
    given = {step.name.name for step in steps if step.name.kind == NAMESPACE}
    wanted = {step.name.namespace for step in steps if step.action == Action.CREATE and step.name.namespace} - given
    result = []
    for namespace in sorted(wanted):
        name = ObjectName(NAMESPACE, "", namespace)
        if name in seen.objects and not seen.objects[name].get("deletionTimestamp"):
            continue
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        step = wanted_step(manifest, name, seen.discovery.require(NAMESPACE), {}, federation, names.RESOURCE_NAMESPACES)
        result.append(replace(step, reason="needed by what goes there"))
    return result


def _unwanted_steps(resource: Resource, kept: Sequence[Step], seen: Observation, federation: str) -> list[Step]:
    """A step for each object of the resource that is there and no longer wanted; only what is provably ours is deleted."""
    wanted = {step.name for step in kept}
    # a manifest that cannot be rendered here still stands for its object: nothing of that name is pruned
    blocked = {(step.name.kind, step.name.name) for step in kept if step.action == Action.BLOCKED}
    steps = []
    for name, metadata in sorted(seen.objects.items()):
        if (metadata.get("labels") or {}).get(names.LABEL_RESOURCE) != resource.name:
            continue
        if name in wanted or (name.kind, name.name) in blocked or metadata.get("deletionTimestamp"):
            continue
        step = Step(
            resource.name, name, Action.DELETE, "no longer wanted", seen.discovery.find(name.kind), seen=metadata
        )
        if not is_owned(metadata, name, federation, resource.name):
            step = replace(step, action=Action.KEEP, reason="carries our labels but was not made by us: left alone")
        elif name.kind == NAMESPACE and not resource.delete_namespaces:
            step = replace(step, action=Action.KEEP, reason="namespaces are kept unless delete_namespaces is set")
        elif name.kind == CRD:
            step = replace(
                step, action=Action.KEEP, reason="CRDs are kept: deleting one deletes every object of its kind"
            )
        steps.append(step)
    return steps


def _emptied_namespace_steps(
    resource: Resource, left: Collection[str], seen: Observation, federation: str
) -> list[Step]:
    """A step for each namespace that the federation made for this resource and that the resource leaves behind."""
    steps = []
    for namespace in sorted(left):
        name = ObjectName(NAMESPACE, "", namespace)
        metadata = seen.objects.get(name)
        if metadata is None or metadata.get("deletionTimestamp"):
            continue
        if not is_owned(metadata, name, federation, names.RESOURCE_NAMESPACES):
            continue
        step = Step(
            names.RESOURCE_NAMESPACES,
            name,
            Action.DELETE,
            "nothing is left in it",
            seen.discovery.find(NAMESPACE),
            seen=metadata,
        )
        if not resource.delete_namespaces:
            step = replace(step, action=Action.KEEP, reason="namespaces are kept unless delete_namespaces is set")
        steps.append(step)
    return steps


def plan_member(
    template: Template,
    cluster: Cluster,
    selected: bool,
    seen: Observation,
    federation: str,
    placement: Mapping[str, int | None],
    epoch: int,
) -> MemberPlan:
    """The plan for one resource on one member. ``placement`` and ``epoch`` go into the record of a member that keeps it."""
    resource = template.resource
    stored = seen.memory.resources.get(resource.name)
    before = stored.record.namespaces if stored is not None else frozenset()
    if not selected:
        steps = _unwanted_steps(resource, (), seen, federation)
        steps += _emptied_namespace_steps(resource, before, seen, federation)
        return MemberPlan(resource, tuple(steps), None, leaving=stored is not None or bool(steps))
    wanted = _wanted_steps(template, cluster, seen, federation)
    notes = [
        note
        for rendered in _render_all(template, cluster)
        if not isinstance(rendered, PatchError)
        for note in rendered[1]
    ]
    steps = _namespace_steps(wanted, seen, federation) + wanted + _unwanted_steps(resource, wanted, seen, federation)
    steps += _emptied_namespace_steps(resource, before - template.namespaces, seen, federation)
    record = ResourceRecord(resource.name, template.kinds, template.namespaces, placement, template.hash, epoch)
    if stored is not None and stored.record.same_as(record):
        record = stored.record
    return MemberPlan(resource, tuple(steps), record, notes=tuple(notes))
