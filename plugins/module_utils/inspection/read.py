# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One cluster as it is: its health first, then what its credential lets us read, part by part. Only the canary writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..fleet.discovery import ApiKind
from ..fleet.expiry import Identity, identity_of
from ..fleet.probe import ALIVE, READ, READY, Answer, ask
from ..fleet.verdict import Verdict, judge
from ..model import names
from ..model.access import PER_RUN
from ..model.cluster import Cluster
from ..model.errors import FederationError, Kind, MemberError
from ..model.manifest import GroupKind
from ..propagation.observe import list_owned
from ..propagation.store import Memory, read_memory
from ..rendering.ownership import is_owned
from ..scheduling.capacity import NodeCapacity, account, read_node, read_pod

Gate = AbstractContextManager[Any]

_NODES = ApiKind(GroupKind("", "Node"), "v1", "nodes", False)
_PODS = ApiKind(GroupKind("", "Pod"), "v1", "pods", True)
#: pods that take something of a node; `read_pod` has the last word
_BOUND = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"


@dataclass(frozen=True)
class Options:
    """What to look at; times in seconds. ``write`` sends the canary, ``capacity`` reads all pods."""

    write: bool = False
    probe_timeout: float = 3.0
    capacity: bool = True
    request_timeout: float = 15.0
    member_timeout: float = 60.0


@dataclass
class Found:
    """What was found of one cluster. None stands for what is not known; ``notes`` say why. ``counted``: pods were read, too.
    ``seconds`` are those of the work, without waiting for its turn."""

    verdict: Verdict
    answers: Mapping[str, Answer] = field(default_factory=dict)
    identity: Identity = field(default_factory=Identity)
    memory: Memory | None = None
    nodes: list[NodeCapacity] | None = None
    counted: bool = False
    provider: str = ""
    resources: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def uid(self) -> str:
        """The UID of its kube-system namespace; "" where that could not be read."""
        return str(_metadata(self.answers.get(READ), "Namespace").get("uid") or "")

    @property
    def version(self) -> str:
        body = self.answers[ALIVE].body if ALIVE in self.answers else None
        return str(body.get("gitVersion") or "") if isinstance(body, dict) else ""


def _metadata(answer: Answer | None, kind: str) -> Mapping[str, Any]:
    body = answer.body if answer is not None and isinstance(answer.body, dict) else {}
    return body.get("metadata") or {} if body.get("kind") == kind else {}


def unknown(error: FederationError) -> Found:
    """A cluster of which nothing could be found out."""
    nothing = Answer(error=error)
    answers = {ALIVE: nothing, READY: nothing, READ: nothing}
    return Found(judge(answers), answers)


def inspect(cluster: Cluster, federation: str, options: Options, probing: Gate, reading: Gate) -> Found:
    """Look at one cluster. Errors become part of what was found. It is probed and read when the gates let it."""
    with probing:
        start = time.monotonic()
        try:
            api = _open(cluster, options)
        except FederationError as error:
            return unknown(error)
        answers = ask(api, options.probe_timeout, federation, options.write)
    identity = identity_of(api.transport.endpoint, api.transport.credential)
    found = Found(judge(answers), answers, identity)
    found.notes += found.verdict.notes
    found.seconds = time.monotonic() - start
    if _came_from_etcd(answers[READ]):
        with reading:
            start = time.monotonic()
            _read_on(api.until(Deadline(options.member_timeout)), cluster, federation, options, found)
            found.seconds += time.monotonic() - start
    api.transport.close()
    return found


def _came_from_etcd(read: Answer) -> bool:
    """Whether a read reached etcd, so that lists can be believed as well; "there is no such thing" is an answer of etcd, too."""
    return isinstance(read.body, dict) and (read.error is None or read.code == 404)


def _open(cluster: Cluster, options: Options) -> MemberApi:
    """The API of a cluster, over a credential that is there already: nothing is made or renewed to look at it.

    Where each run makes a token of its own, it is the credential given for that which has to live.
    """
    access = replace(cluster.access, check=True)
    looked_at = replace(cluster, access=access)
    return connect(looked_at, options.request_timeout, Deadline(options.probe_timeout), access.mode == PER_RUN)


def _read_on(api: MemberApi, cluster: Cluster, federation: str, options: Options, found: Found) -> None:
    """What can be read of a cluster that answers; each part by itself, since a credential may be allowed only some."""

    def part(what: str, work: Callable[[], None]) -> None:
        try:
            work()
        except FederationError as error:
            found.notes.append(f"{what}: {_told(error)}")

    def memory() -> None:
        found.memory = read_memory(api, federation)

    def nodes() -> None:
        found.nodes = api.extracts(_NODES, read_node)
        if found.nodes and not cluster.provider:
            found.provider = _provider(api, found.nodes[0].name)

    def pods() -> None:
        asked = api.extracts(_PODS, read_pod, _BOUND)
        found.nodes = account(found.nodes or [], asked)
        found.counted = True

    if federation:
        part("what the federation has here is not known", memory)
    part("its nodes are not known", nodes)
    if options.capacity and found.nodes is not None:
        part("what its pods request is not known", pods)
    if found.memory is not None and found.memory.resources:
        part("what its resources own is not known", lambda: _count(api, federation, found))


def _told(error: FederationError) -> str:
    """An error in a note: what the server said is long, what to do about it is what counts."""
    if isinstance(error, MemberError) and error.kind == Kind.FORBIDDEN and error.hint:
        return error.hint
    return str(error)


def _provider(api: MemberApi, node: str) -> str:
    """The cloud that a node belongs to, from the scheme of its providerID ("aws:///..." is aws)."""
    body = api.get(_NODES, "", node, metadata_only=False) or {}
    scheme, colon, _rest = str((body.get("spec") or {}).get("providerID") or "").partition("://")
    return scheme if colon else ""


def _count(api: MemberApi, federation: str, found: Found) -> None:
    """How many objects of each kind each resource owns; a kind that may not be listed is a note."""
    records = {n: s.record for n, s in found.memory.resources.items()} if found.memory else {}
    found.resources = {resource: {} for resource in sorted(records)}
    spaces = {space for record in records.values() for space in record.secret_spaces}
    discovery = api.discover()
    kinds = sorted({kind for record in records.values() for kind in record.kinds}, key=lambda k: (k.kind, k.group))
    for kind in kinds:
        shown = kind.kind if sum(k.kind == kind.kind for k in kinds) == 1 else str(kind)
        try:
            objects = list_owned(api, discovery, federation, records, [kind], spaces)
        except FederationError as error:
            found.notes.append(f"its objects of kind {kind.kind} are not known: {_told(error)}")
            continue
        for name, metadata in objects.items():
            resource = metadata["labels"][names.LABEL_RESOURCE]
            if is_owned(metadata, name, federation, resource):
                counts = found.resources[resource]
                counts[shown] = counts.get(shown, 0) + 1
