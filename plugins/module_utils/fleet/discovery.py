# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which kinds a member serves, in two requests (aggregated discovery, Kubernetes 1.27 and later)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.errors import Kind, MemberError
from ..model.manifest import GroupKind

_FORM = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
ACCEPT = ",".join(_FORM.format(version=v) for v in ("v2", "v2beta1"))


@dataclass(frozen=True)
class ApiKind:
    """One kind in one version, as the API serves it."""

    kind: GroupKind
    version: str
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()

    @property
    def api_version(self) -> str:
        return f"{self.kind.group}/{self.version}" if self.kind.group else self.version

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL path of one object, or of the list without ``name`` (of all namespaces without ``namespace``)."""
        root = f"/apis/{self.kind.group}/{self.version}" if self.kind.group else f"/api/{self.version}"
        where = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{where}/{self.plural}" + (f"/{name}" if name else "")


@dataclass(frozen=True)
class Discovery:
    """All kinds of a member. ``stale`` groups did not answer the member's own API server: what is in them is unknown."""

    kinds: Mapping[GroupKind, tuple[ApiKind, ...]] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()

    def find(self, kind: GroupKind, version: str = "") -> ApiKind | None:
        """The kind in this version, or in the version the member prefers; None when it is not served."""
        for served in self.kinds.get(kind, ()):
            if not version or served.version == version:
                return served
        return None

    def require(self, kind: GroupKind, version: str = "") -> ApiKind:
        """As `find`, with a MemberError that says what there is instead."""
        served = self.find(kind, version)
        if served is not None:
            return served
        if kind.group in self.stale:
            raise MemberError(
                Kind.NOT_FOUND, f"the API group {kind.group} does not answer on this member (its APIService is down)"
            )
        others = sorted(a.api_version for a in self.kinds.get(kind, ()))
        same_name = sorted({str(k) for k in self.kinds if k.kind == kind.kind})
        wanted = f"{kind.group}/{version}" if kind.group else version
        hint = (
            f"it serves {', '.join(others)}"
            if others
            else f"did you mean {', '.join(same_name)}?"
            if same_name
            else ("is its CRD installed there?")
        )
        raise MemberError(Kind.NOT_FOUND, f"this member does not know the kind {kind.kind} of {wanted}", hint)

    def all(self) -> Iterator[ApiKind]:
        """Every kind once, in its preferred version."""
        for served in self.kinds.values():
            yield served[0]


def parse_discovery(documents: list[Any]) -> Discovery:
    """Discovery out of the answers of /api and /apis. MemberError when they are not those of a Kubernetes API."""
    kinds: dict[GroupKind, list[ApiKind]] = {}
    stale = set()
    for document in documents:
        if not isinstance(document, dict) or document.get("kind") != "APIGroupDiscoveryList":
            raise MemberError(
                Kind.FAILED,
                "the server answers, but not as a Kubernetes API of version 1.27 or later",
                "check the address of this member",
            )
        for group in document.get("items") or []:
            group_name = (group.get("metadata") or {}).get("name") or ""
            for version in group.get("versions") or []:
                if version.get("freshness") == "Stale":
                    stale.add(group_name)
                for resource in version.get("resources") or []:
                    kind = GroupKind(group_name, (resource.get("responseKind") or {}).get("kind") or "")
                    kinds.setdefault(kind, []).append(
                        ApiKind(
                            kind,
                            version["version"],
                            resource["resource"],
                            resource.get("scope") == "Namespaced",
                            frozenset(resource.get("verbs") or ()),
                        )
                    )
    return Discovery({kind: tuple(served) for kind, served in kinds.items()}, frozenset(stale))
