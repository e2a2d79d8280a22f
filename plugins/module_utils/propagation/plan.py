# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be done on one member, decided without I/O: the same observation gives the same plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..fleet.discovery import ApiKind, Discovery
from ..model import names
from ..model.cluster import Cluster
from ..model.errors import FederationError, Kind, MemberError
from ..model.manifest import SECRET, GroupKind, Manifest, ObjectName, copy_of, kind_of
from ..model.records import ResourceRecord
from ..model.resource import ABORT, Resource
from ..rendering.overrides import overrides_for, render
from ..rendering.ownership import applied_entry, fingerprint, holders, holds, is_marked, is_owned, lost, mark, normalise
from ..rendering.patch import PatchError
from ..rendering.replicas import has_replicas, leaves_replicas, scaled_objects, without_replicas
from ..rendering.retained import leave_to_member
from .observe import NAMESPACE, Observation
from .store import Stored

if TYPE_CHECKING:
    from ..rendering.workload import Workload
    from .shares import RecordedShares, WorkloadShares

CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")


class Action:
    """What a step does to one object."""

    CREATE = "create"
    CHANGE = "change"
    REPAIR = "repair"
    NONE = "none"
    DELETE = "delete"
    KEEP = "keep"
    GOING = "going"
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
    """One object of one resource on one member. ``reason`` says why; ``seen`` is its metadata as observed, or None.

    ``needs`` is the CRD that has to be there first; ``conflict`` says what to do with an object that is not ours;
    ``replicas``: they belong to an autoscaler, and this many are wanted until it takes over (``want`` does not name them).
    """

    resource: str
    name: ObjectName
    action: str
    reason: str = ""
    api: ApiKind | None = None
    want: Manifest | None = field(default=None, repr=False)
    seen: Mapping[str, Any] | None = field(default=None, repr=False)
    error: FederationError | None = None
    needs: ObjectName | None = None
    conflict: str = ABORT
    replicas: int | None = None

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
class Reduction:
    """A step that takes replicas away here, and the members that must have more of them before."""

    step: Step
    growing: tuple[str, ...]


@dataclass(frozen=True)
class Allotment:
    """What one member gets of a workload: the number to write now, and the one to write once those in ``growing`` have theirs."""

    workload: Workload
    now: int
    then: int
    growing: tuple[str, ...] = ()


@dataclass(frozen=True)
class MemberPlan:
    """All steps of one resource on one member.

    ``record`` is what the member is to remember afterwards (None: nothing), ``stored`` what it remembers now, ``former`` what it
    remembers under the resource's former name. ``leaving``: the member is to give up the whole resource. ``undecided``: whether
    replicas belong to an autoscaler has to be looked up before the plan is final. ``reductions`` are written after everything else,
    once others have what is given away here.
    """

    resource: Resource
    steps: tuple[Step, ...]
    record: ResourceRecord | None
    stored: Stored | None = None
    former: Stored | None = None
    leaving: bool = False
    undecided: bool = False
    notes: tuple[str, ...] = ()
    reductions: tuple[Reduction, ...] = ()

    def of(self, *actions: str) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action in actions)

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes anything, be it only a record."""
        if self.former is not None or self.reductions or self.of(*Action.WRITES, Action.DELETE):
            return True
        if self.record is None:
            return self.stored is not None and not self.of(Action.GOING)
        if self.stored is None:
            return self.record.witness or bool(self.of(Action.NONE))
        return not self.record.same_as(self.stored.record)


@dataclass(frozen=True)
class Template:
    """A resource with what is the same on every member worked out once.

    ``manifests`` are without what each member decides itself; ``autoscaled`` are the objects that an autoscaler of the resource
    itself scales; ``workloads`` are those whose replicas are divided; ``asked`` tells the options
    apart where they are kept with the template. Rendering is kept per distinct set of overrides, since most
    members share one.
    """

    resource: Resource
    manifests: tuple[Manifest, ...]
    hash: str
    kinds: frozenset[GroupKind]
    namespaces: frozenset[str]
    defined: Mapping[GroupKind, tuple[ApiKind, ObjectName]]
    autoscaled: frozenset[ObjectName] = frozenset()
    rendered: dict[Any, list[Any]] = field(default_factory=dict)
    marked: dict[Any, Manifest] = field(default_factory=dict)
    proven: Proven = field(default_factory=dict)
    workloads: tuple[Workload, ...] = ()
    asked: str = ""

    @property
    def secret_spaces(self) -> frozenset[str]:
        """Where Secrets of the resource may be: they are listed by namespace."""
        return self.namespaces if SECRET in self.kinds else frozenset()

    @property
    def pod_spaces(self) -> frozenset[str]:
        """Where pods run whose number depends on free capacity."""
        return frozenset(w.name.namespace for w in self.workloads) if _counts_pods(self.resource) else frozenset()


def _counts_pods(resource: Resource) -> bool:
    return resource.replicas is not None and resource.replicas.capacity


def _workloads(resource: Resource, scaled: Collection[ObjectName]) -> tuple[Workload, ...]:
    """What is divided, but for what an autoscaler scales."""
    if resource.replicas is None:
        return ()
    from ..rendering.workload import workloads_of

    return tuple(w for w in workloads_of(resource) if w.name not in scaled)


def prepare(resource: Resource) -> Template:
    """Work out what every member needs of a resource: its kinds, its namespaces, the kinds that its own CRDs define."""
    overrides = [repr(override) for override in resource.overrides]
    scaled = scaled_objects(resource.manifests, resource.namespace)
    return Template(
        resource,
        tuple(leave_to_member(copy_of(m)) for m in resource.manifests),
        resource.known_as or fingerprint([list(resource.manifests), overrides]),
        frozenset(kind_of(m) for m in resource.manifests) | {name.kind for name in resource.withheld},
        frozenset(m["metadata"].get("namespace") or resource.namespace for m in resource.manifests),
        {kind: served for m in resource.manifests if kind_of(m) == CRD for kind, served in _defined_by(m)},
        scaled,
        workloads=_workloads(resource, scaled),
        asked=fingerprint([dict(resource.asked)]) if resource.keep_template else "",
    )


def _defined_by(crd: Manifest) -> list[tuple[GroupKind, tuple[ApiKind, ObjectName]]]:
    """The kind that a CRD manifest defines, in its storage version, as the API will serve it."""
    try:
        spec = crd["spec"]
        version = next(v["name"] for v in spec["versions"] if v.get("served"))
        texts = (spec["group"], spec["names"]["kind"], version, spec["names"]["plural"])
        namespaced = spec["scope"] == "Namespaced"
    except (KeyError, TypeError, AttributeError, StopIteration):
        return []  # the API server says what is wrong with the CRD itself
    if not all(isinstance(text, str) for text in texts):
        return []
    kind = GroupKind(*texts[:2])
    served = ApiKind(kind, *texts[2:], namespaced)
    return [(kind, (served, ObjectName(CRD, "", crd["metadata"]["name"])))]


def _render_all(template: Template, cluster: Cluster) -> tuple[Any, list[Any]]:
    """What tells the member's set of overrides apart, and each manifest with them, normalised and without marks, or the PatchError
    that stands in its way."""
    resource = template.resource
    overrides = overrides_for(resource, cluster)
    key = tuple(override.position for override in overrides)
    if key not in template.rendered:
        done: list[Any] = []
        for manifest in template.manifests:
            try:
                result, skipped = render(manifest, overrides, resource.strict)
                done.append((normalise(result), skipped))
            except PatchError as error:
                done.append(error)
        template.rendered[key] = done
    return key, template.rendered[key]


def marked_copy(want: Manifest, name: ObjectName, federation: str, resource: str) -> Manifest:
    """A copy with our marks; the rest is shared, since many members hold the same manifest."""
    metadata = dict(want["metadata"])
    for key in ("labels", "annotations"):
        metadata[key] = dict(metadata.get(key) or {})
    return mark({**want, "metadata": metadata}, name, federation, resource)


#: manifests with the fields that were found to hold all of them. Members share both (`observe.Shared`), and walking them side by
#: side is the dearest part of a run with nothing to do
Proven = dict[int, Any]


def compare(
    want: Manifest, seen: Mapping[str, Any] | None, federation: str, proven: Proven | None = None
) -> tuple[str, str]:
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
    fields = entry.get("fieldsV1") or {}
    if proven is not None and proven.get(id(want)) is fields:
        return Action.NONE, ""
    paths = lost(want, fields)
    if not paths:
        if proven is not None:
            proven[id(want)] = fields
        return Action.NONE, ""
    by = sorted({holder for path in paths for holder in holders(seen, path, manager)[:1]})
    shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    return Action.REPAIR, f"drift: {shown}" + (f" (by {', '.join(by)})" if by else "")


def wanted_step(
    marked: Manifest,
    name: ObjectName,
    served: ApiKind,
    objects: Mapping[ObjectName, Mapping[str, Any]],
    federation: str,
    resource: str,
    former: str = "",
    proven: Proven | None = None,
) -> Step:
    """The step for one wanted object (with our marks), given the metadata of what is there. ``former``: the resource's old name;
    ``proven``: what `compare` found out about other members, where ``marked`` lives as long as that does."""
    seen = objects.get(name)
    renamed = bool(former and seen is not None and is_marked(seen, name, federation, former))
    if seen is not None and (
        seen.get("deletionTimestamp") or not (renamed or is_marked(seen, name, federation, resource))
    ):
        seen = None  # on its way out, a copy with our labels, or another resource's: that shows when we create ours
    action, reason = compare(marked, seen, federation, proven)
    if renamed and seen is not None:
        reason = f"renamed from {former}"
    return Step(resource, name, action, reason, served, marked, seen)


@dataclass(frozen=True)
class _Planner:
    """What the steps of one resource on one member are made from."""

    template: Template
    cluster: Cluster
    seen: Observation
    federation: str
    allotments: Mapping[int, Allotment] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        """A step for each manifest of the resource."""
        return [self._at(position) for position in range(len(self.template.manifests))]

    def reductions(self, steps: Sequence[Step]) -> list[Reduction]:
        """What comes after these steps: the replicas that members may only give away once others have them."""
        return [
            Reduction(self._at(position, final=True), found.growing)
            for position, found in self.allotments.items()
            if found.then != found.now and steps[position].action != Action.BLOCKED and steps[position].replicas is None
        ]

    def _at(self, position: int, final: bool = False) -> Step:
        key, rendered = _render_all(self.template, self.cluster)
        found = self.allotments.get(position)
        share = None if found is None else (found.workload, found.then if final else found.now)
        return self._step((position, key), self.template.manifests[position], rendered[position], share)

    def _step(self, place: Any, manifest: Manifest, rendered: Any, share: tuple[Workload, int] | None) -> Step:
        resource, kind = self.template.resource, kind_of(manifest)
        bare = ObjectName(kind, manifest["metadata"].get("namespace") or "", manifest["metadata"]["name"])
        try:
            served, needs = self._served(kind, manifest["apiVersion"].rpartition("/")[2])
            if isinstance(rendered, PatchError):
                raise rendered
        except FederationError as error:
            return Step(resource.name, bare, Action.BLOCKED, str(error), error=error)
        name = ObjectName(kind, (bare.namespace or resource.namespace) if served.namespaced else "", bare.name)
        want = rendered[0]
        autoscaled = has_replicas(want) and self._autoscaled(want, name)
        if autoscaled:
            share = None
        marked = self._marked((*place, name.namespace, share[1] if share else None, autoscaled), want, name, share)
        step = wanted_step(
            marked,
            name,
            served,
            self.seen.objects,
            self.federation,
            resource.name,
            resource.renamed_from,
            self.template.proven,
        )
        if share is not None and step.action == Action.CHANGE:
            step = replace(step, reason=_with_shares(step, share[1]))
        if autoscaled and (step.action == Action.CREATE or self._holds_replicas(step)):
            step = replace(step, replicas=want["spec"]["replicas"])
            if step.action == Action.NONE:  # a run ended between the two writes of a hand-over
                step = replace(step, action=Action.CHANGE, reason="its replicas belong to its autoscaler")
        if step.action == Action.NONE:
            return step
        return replace(step, needs=needs, conflict=resource.conflict)

    def _served(self, kind: GroupKind, version: str) -> tuple[ApiKind, ObjectName | None]:
        """How the member serves a kind, or will once the CRD that is named has been made."""
        defined = self.template.defined.get(kind)
        if defined is not None and self.seen.discovery.find(kind, version) is None:
            return replace(defined[0], version=version), defined[1]
        return self.seen.discovery.require(kind, version), None

    def _autoscaled(self, want: Manifest, name: ObjectName) -> bool:
        return (
            self.template.resource.retain_replicas
            or leaves_replicas(want)
            or name in self.template.autoscaled
            or name in (self.seen.autoscaled or ())
        )

    def _marked(self, key: Any, want: Manifest, name: ObjectName, share: tuple[Workload, int] | None) -> Manifest:
        if key not in self.template.marked:
            bare = without_replicas(want) if key[-1] else want
            if share is not None:
                from ..rendering.workload import with_share

                bare = with_share(bare, *share)
            self.template.marked[key] = marked_copy(bare, name, self.federation, self.template.resource.name)
        return self.template.marked[key]

    def _holds_replicas(self, step: Step) -> bool:
        return holds(step.seen or {}, names.field_manager(self.federation), "f:spec", "f:replicas")


def _with_shares(step: Step, replicas: int) -> str:
    """Why an object is changed, with the replicas it had and gets where that is part of it."""
    from ..rendering.workload import share_of

    before = share_of(step.seen or {})
    return step.reason if before in (None, replicas) else f"{step.reason}: {before} -> {replicas} replicas"


def _undecided(steps: Sequence[Step], seen: Observation) -> bool:
    """Whether a write would touch replicas, and nobody has looked yet whether an autoscaler holds them."""
    return seen.autoscaled is None and any(
        step.action in (Action.CHANGE, Action.REPAIR) and has_replicas(step.manifest) for step in steps
    )


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
        result.append(namespace_step(namespace, seen.discovery, federation, "needed by what goes there"))
    return result


def namespace_step(namespace: str, discovery: Discovery, federation: str, reason: str) -> Step:
    """The step that makes a namespace which no manifest gives; it is the federation's, not a resource's."""
    name = ObjectName(NAMESPACE, "", namespace)
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    want = marked_copy(manifest, name, federation, names.RESOURCE_NAMESPACES)
    return Step(names.RESOURCE_NAMESPACES, name, Action.CREATE, reason, discovery.require(NAMESPACE), want)


def going(metadata: Mapping[str, Any]) -> str:
    """Why an object that was deleted is still there."""
    held = ", ".join(metadata.get("finalizers") or [])
    return f"is being deleted since {metadata['deletionTimestamp']}, " + (
        f"held by the finalizer {held}" if held else "and shuts down"
    )


def _unwanted_steps(resource: Resource, kept: Sequence[Step], seen: Observation, federation: str) -> list[Step]:
    """A step for each object of the resource that is there and no longer wanted; only what is provably ours is deleted."""
    wanted = {step.name for step in kept}
    # a manifest that cannot be rendered here still stands for its object: nothing of that name is pruned
    blocked = {(step.name.kind, step.name.name) for step in kept if step.action == Action.BLOCKED}
    steps = []
    for name, metadata in sorted(seen.objects.items()):
        owner = (metadata.get("labels") or {}).get(names.LABEL_RESOURCE)
        if not owner or owner not in (resource.name, resource.renamed_from):
            continue
        if name in wanted or (name.kind, name.name) in blocked or name in resource.withheld:
            continue
        steps.append(_unwanted_step(resource, name, metadata, seen, is_owned(metadata, name, federation, owner)))
    return steps


def _unwanted_step(
    resource: Resource, name: ObjectName, metadata: Mapping[str, Any], seen: Observation, owned: bool
) -> Step:
    action, reason = Action.DELETE, "no longer wanted"
    if not owned:
        action, reason = Action.KEEP, "carries our labels but was not made by us: left alone"
    elif metadata.get("deletionTimestamp"):
        action, reason = Action.GOING, going(metadata)
    elif name.kind == NAMESPACE and not resource.delete_namespaces:
        action, reason = Action.KEEP, "namespaces are kept unless delete_namespaces is set"
    elif name.kind == CRD:
        action, reason = Action.KEEP, "CRDs are kept: deleting one deletes every object of its kind"
    return Step(resource.name, name, action, reason, seen.discovery.find(name.kind), seen=metadata)


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
    shares: Sequence[WorkloadShares | RecordedShares] = (),
    only: Collection[ObjectName] = (),
) -> MemberPlan:
    """The plan for one resource on one member. ``placement``, ``epoch`` and ``shares`` go into the record of a member that keeps it.
    ``only``: not all of it is wanted there, but these objects, which a workload of another resource names."""
    resource = template.resource
    memory = seen.memory.resources
    stored = memory.get(resource.name)
    former = memory.get(resource.renamed_from) if resource.renamed_from else None
    before = {space for found in (stored, former) if found is not None for space in found.record.namespaces}
    if not selected:
        steps = _unwanted_steps(resource, (), seen, federation)
        steps += _emptied_namespace_steps(resource, before, seen, federation)
        leaving = stored is not None or former is not None or bool(steps)
        return MemberPlan(resource, tuple(steps), None, stored, former, leaving)
    absent = [name for name in sorted(resource.withheld) if name not in seen.objects]
    planner = _Planner(template, cluster, seen, federation, _allotments(shares, cluster.name))
    wanted = [step for step in planner.steps() if not only or step.name in only]
    rendered = _render_all(template, cluster)[1]
    notes = tuple(note for done in rendered if not isinstance(done, PatchError) for note in done[1])
    wanted += [_without_values(resource, name) for name in absent]
    steps = _namespace_steps(wanted, seen, federation) + wanted + _unwanted_steps(resource, wanted, seen, federation)
    steps += _emptied_namespace_steps(resource, before - template.namespaces, seen, federation)
    record = _record(template, placement, epoch, shares, stored)
    undecided = _undecided(wanted, seen)
    reductions = tuple(planner.reductions(wanted)) if not only else ()
    return MemberPlan(resource, tuple(steps), record, stored, former, False, undecided, notes, reductions)


def _record(
    template: Template,
    placement: Mapping[str, int | None],
    epoch: int,
    shares: Sequence[WorkloadShares | RecordedShares],
    stored: Stored | None,
    witness: bool = False,
) -> ResourceRecord:
    """What a member is to remember of a resource: the record that it has, where that says the same."""
    resource = template.resource
    record = ResourceRecord(
        resource.name,
        template.kinds,
        template.namespaces,
        placement,
        template.hash,
        epoch,
        resource.keep_template,
        {found.workload.key: found.record for found in shares},
        witness,
        template.asked,
    )
    return stored.record if stored is not None and stored.record.same_as(record) else record


def at_agreed_epoch(plan: MemberPlan, newest: Sequence[ResourceRecord]) -> MemberPlan:
    """The plan with its record at the epoch of the ``newest`` ones, where these say the same already.

    A member that was left out of a run, and has caught up, must not look newer than the others, nor older: what one of them does alone
    later would else be of an epoch that another one has for something else.
    """
    record = plan.record
    if record is None or not newest or not all(record.agrees_with(other) for other in newest):
        return plan
    return replace(plan, record=replace(record, epoch=newest[0].epoch))


def _without_values(resource: Resource, name: ObjectName) -> Step:
    """A Secret that a recorded template does not have the values of, and that is not there yet."""
    error = MemberError(
        Kind.NOT_FOUND, "its values are not kept with the template", "propagate the resource from its playbook"
    )
    return Step(resource.name, name, Action.BLOCKED, str(error), error=error)


def as_witness(
    plan: MemberPlan,
    template: Template,
    placement: Mapping[str, int | None],
    epoch: int,
    shares: Sequence[WorkloadShares],
) -> MemberPlan:
    """The plan of a member that has nothing of a resource, or gives it up, and goes on to remember where it is."""
    record = _record(template, placement, epoch, shares, plan.stored, witness=True)
    gone = plan.of(Action.DELETE, Action.GOING)
    return replace(plan, steps=plan.steps if gone else (), record=record, leaving=False)


def without_deletions(plan: MemberPlan) -> tuple[MemberPlan, list[MemberPlan]]:
    """The plan without what it deletes, and that as a plan of its own, for when the resource is proven to be in place elsewhere."""
    gone = plan.of(Action.DELETE, Action.KEEP, Action.GOING)
    rest = [replace(plan, steps=gone, leaving=True)] if plan.of(Action.DELETE) else []
    return replace(plan, steps=tuple(step for step in plan.steps if step not in gone)), rest


def _allotments(shares: Sequence[WorkloadShares | RecordedShares], member: str) -> dict[int, Allotment]:
    """What a member gets of each workload, by the position of its manifest."""
    result = {}
    for found in shares:
        if member not in found.replicas:
            continue
        has, gets = found.now[member], found.replicas[member]
        growing = found.growing if gets < has else ()
        result[found.workload.position] = Allotment(found.workload, has if growing else gets, gets, growing)
    return result
