# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a member can take a new instance: what it refers to is there, and its pods find room on the nodes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..fleet.api import MemberApi
from ..fleet.concurrency import SLACK, in_good_time
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..fleet.discovery import ApiKind
from ..kubedirector.cluster import default_cluster
from ..kubedirector.instance import Instance
from ..kubedirector.member_rules import surroundings_faults
from ..kubedirector.native.naming import LABEL_ROLE
from ..kubedirector.settings import Claim, Surroundings
from ..model.cluster import Fleet
from ..model.errors import FederationError
from ..model.manifest import GroupKind, Manifest
from ..propagation.capacity import read_room
from ..scheduling.fit import fit, place
from ..scheduling.room import Room
from .read import CLAIMS, SECRETS

_CLASSES = ApiKind(GroupKind("storage.k8s.io", "StorageClass"), "v1", "storageclasses", False)
_ACCOUNTS = ApiKind(GroupKind("", "ServiceAccount"), "v1", "serviceaccounts", True)
_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def unfit(
    fleet: Fleet,
    members: Collection[str],
    instance: Instance,
    manifests: Sequence[Manifest],
    times: Mapping[str, float],
) -> dict[str, str]:
    """Those of ``members`` that cannot take the instance, with the reason. One that does not answer is none of them: who propagates
    says what is wrong with it."""
    found: dict[str, str] = {}

    def look(name: str) -> None:
        try:
            api = connect(fleet.members[name], times["request_timeout"], Deadline(times["member_timeout"]))
            reason = _lacking(api, instance) or _too_small(read_room(api, [instance.namespace]), manifests, instance)
        except FederationError:
            return
        if reason:
            found[name] = reason

    in_good_time(list(members), look, lambda _name: None, Deadline(times["member_timeout"] + SLACK))
    return dict(sorted(found.items()))


def _lacking(api: MemberApi, instance: Instance) -> str:
    around = surroundings(api, instance)
    settings, app = instance.settings, instance.definition.app
    spec = default_cluster(instance.cluster.spec, app, settings, around)
    return "; ".join(str(fault) for fault in surroundings_faults(spec, settings, around, instance.namespace))


def surroundings(api: MemberApi, instance: Instance) -> Surroundings:
    """What a member has of that which an instance refers to. Only what it refers to is asked for."""
    cluster, space = instance.cluster, instance.namespace
    secrets = {role.secret.name for role in cluster.roles if role.secret is not None}
    secrets |= {cluster.default_secret.name} if cluster.default_secret is not None else set()
    accounts = {role.service_account for role in cluster.roles if role.service_account}
    claims = {projection.claim for role in cluster.roles for projection in role.volume_projections}
    stores = any(role.storage or role.block_storage for role in cluster.roles)
    classes = api.objects(_CLASSES) if stores else None
    names = [item["metadata"]["name"] for item in classes or [] if _is_default(item)]
    return Surroundings(
        storage_classes=None if classes is None else frozenset(item["metadata"]["name"] for item in classes),
        default_storage_class=names[0] if names else "",
        secrets=frozenset(name for name in secrets if api.get(SECRETS, space, name)) if secrets else None,
        service_accounts=frozenset(n for n in accounts if api.get(_ACCOUNTS, space, n)) if accounts else None,
        claims=_claims(api, space, claims) if claims else None,
    )


def _is_default(item: Mapping[str, Mapping[str, Mapping[str, str]]]) -> bool:
    annotations = item["metadata"].get("annotations") or {}
    return any(annotations.get(key) == "true" for key in _DEFAULT)


def _claims(api: MemberApi, namespace: str, names: Collection[str]) -> dict[str, Claim]:
    found = {}
    for name in sorted(names):
        body = api.get(CLAIMS, namespace, name, metadata_only=False)
        if body is not None:
            spec = body.get("spec") or {}
            found[name] = Claim(tuple(spec.get("accessModes") or ()), spec.get("volumeMode") or "Filesystem")
    return found


def _too_small(room: Room, manifests: Sequence[Manifest], instance: Instance) -> str:
    """Why the pods of the instance do not all fit, the roles one after the other; "" if they do, or if nobody knows."""
    if room.problem:
        return ""
    nodes, quotas = list(room.nodes), room.quotas.get(instance.namespace, ())
    for waiting in room.waiting:
        nodes = place(waiting.template, 1, nodes)[0]
    for manifest in manifests:
        if manifest["kind"] != "StatefulSet":
            continue
        template, wanted = manifest["spec"]["template"], manifest["spec"]["replicas"]
        found = fit(template, nodes, quotas)
        if found.replicas < wanted:
            role = manifest["metadata"]["labels"][LABEL_ROLE]
            return f"too small: role {role} needs {wanted} pods, and {found.replicas} fit ({found.limit})"
        nodes = place(template, wanted, nodes)[0]
    return ""
