# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Differences for some members: what is changed in which objects, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ConfigError
from .manifest import Manifest
from .placement import Where, parse_where
from .reading import as_count, as_list, as_mapping, as_text, as_text_map, as_texts, given, only_keys

PATCH_OPERATIONS = ("add", "remove", "replace", "test", "move", "copy")
CHANGES = ("image", "env", "replicas", "labels", "annotations", "patch")


@dataclass(frozen=True)
class PatchOperation:
    """One operation of a JSON patch (RFC 6902)."""

    op: str
    path: str
    value: Any = None
    source: str = ""

    def __str__(self) -> str:
        return f"{self.op} {self.path}"


@dataclass(frozen=True)
class Target:
    """Which objects of a resource an override changes; nothing said means all that the change can apply to."""

    kinds: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None

    def matches(self, manifest: Manifest) -> bool:
        return (self.kinds is None or manifest["kind"] in self.kinds) and (
            self.names is None or manifest["metadata"]["name"] in self.names
        )


ALL_OBJECTS = Target()


@dataclass(frozen=True)
class ImageChange:
    """New parts of image references; None leaves a part as it is. ``container`` limits it to containers of these names."""

    registry: str | None = None
    repository: str | None = None
    tag: str | None = None
    container: tuple[str, ...] | None = None

    def concerns(self, name: object) -> bool:
        """Whether the image of a container of this name changes."""
        return self.container is None or name in self.container


@dataclass(frozen=True)
class Override:
    """One entry of ``overrides``. ``position`` is its place in the list, which breaks ties of specificity."""

    position: int
    where: Where
    target: Target = ALL_OBJECTS
    image: ImageChange | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    replicas: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    patch: tuple[PatchOperation, ...] = ()

    def __str__(self) -> str:
        return f"overrides[{self.position}]"


def _parse_operation(raw: Any, where: str) -> PatchOperation:
    spec = as_mapping(raw, where)
    only_keys(spec, ("op", "path", "value", "from"), where)
    op, path = spec.get("op", "replace"), as_text(spec.get("path"), f"{where}.path")
    if op not in PATCH_OPERATIONS:
        raise ConfigError(f"{where}.op {op!r} is not one of {', '.join(PATCH_OPERATIONS)}")
    for pointer in (path, spec.get("from") or ""):
        if pointer and not pointer.startswith("/"):
            raise ConfigError(f"{where}: {pointer!r} is not a JSON pointer; it starts with '/', as in /spec/replicas")
    if op in ("add", "replace", "test") and "value" not in spec:
        raise ConfigError(f"{where}: op {op} needs a value")
    if op in ("move", "copy") and "from" not in spec:
        raise ConfigError(f"{where}: op {op} needs 'from'")
    return PatchOperation(op, path, spec.get("value"), spec.get("from") or "")


def parse_target(raw: Any, where: str) -> Target:
    """Read ``{kind, name}``, each one or a list."""
    spec = as_mapping(raw, where)
    only_keys(spec, ("kind", "name"), where)
    return Target(
        as_texts(spec["kind"], f"{where}.kind") if spec.get("kind") is not None else None,
        as_texts(spec["name"], f"{where}.name") if spec.get("name") is not None else None,
    )


def _parse_image(raw: Any, where: str) -> ImageChange:
    spec = as_mapping(raw, where)
    only_keys(spec, ("registry", "repository", "tag", "container"), where)
    parts = {k: as_text(spec[k], f"{where}.{k}") for k in ("registry", "repository", "tag") if spec.get(k) is not None}
    if not parts:
        raise ConfigError(f"{where} changes nothing: give registry, repository or tag")
    container = spec.get("container")
    return ImageChange(
        parts.get("registry"),
        parts.get("repository"),
        parts.get("tag"),
        as_texts(container, f"{where}.container") if container is not None else None,
    )


def parse_override(raw: Any, position: int, manifests: int) -> Override:
    """Read one entry of ``overrides``; ``manifests`` is how many objects the resource has."""
    where = f"overrides[{position}]"
    spec = as_mapping(raw, where)
    only_keys(spec, ("where", "target") + CHANGES, where)
    spec = {key: value for key, value in spec.items() if value is not None}
    if not any(key in spec for key in CHANGES):
        raise ConfigError(f"{where} changes nothing: give one of {', '.join(CHANGES)}")
    if "patch" in spec and "target" not in spec and manifests > 1:
        raise ConfigError(
            f"{where}: a patch needs a target, since the resource has {manifests} objects",
            "for example target: {kind: Deployment, name: web}; target: {} means all of them",
        )
    operations = as_list(given(spec.get("patch"), []), f"{where}.patch")
    return Override(
        position=position,
        where=parse_where(given(spec.get("where"), {}), f"{where}.where"),
        target=parse_target(given(spec.get("target"), {}), f"{where}.target"),
        image=_parse_image(spec["image"], f"{where}.image") if "image" in spec else None,
        env=as_text_map(given(spec.get("env"), {}), f"{where}.env"),
        replicas=as_count(spec["replicas"], f"{where}.replicas") if "replicas" in spec else None,
        labels=as_text_map(given(spec.get("labels"), {}), f"{where}.labels"),
        annotations=as_text_map(given(spec.get("annotations"), {}), f"{where}.annotations"),
        patch=tuple(_parse_operation(item, f"{where}.patch[{i}]") for i, item in enumerate(operations)),
    )
