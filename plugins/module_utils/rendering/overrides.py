# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Template + overrides -> the manifest for one member."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.cluster import Cluster
from ..model.errors import ConfigError
from ..model.manifest import Manifest, containers, copy_of, name_of
from ..model.override import Override
from ..model.resource import Resource
from .images import change_image
from .patch import PatchError, apply_patch


def overrides_for(resource: Resource, cluster: Cluster) -> tuple[Override, ...]:
    """The overrides that apply to a member, in the order in which they are applied: the most specific last."""
    matching = [o for o in resource.overrides if not o.where.why_not(cluster)]
    return tuple(sorted(matching, key=lambda o: (o.where.specificity(), o.position)))


def _set_env(container: dict[str, object], name: str, value: str) -> None:
    if container.get("env") is None:
        container["env"] = []
    entries = container["env"]
    if not isinstance(entries, list):
        raise PatchError("env is not a list")
    for entry in entries:
        if isinstance(entry, dict) and entry.get("name") == name:
            entry.pop("valueFrom", None)
            entry["value"] = value
            return
    entries.append({"name": name, "value": value})


def _metadata_map(manifest: Manifest, key: str) -> dict[str, str]:
    found = manifest["metadata"].get(key)
    if found is None:
        found = manifest["metadata"][key] = {}
    if not isinstance(found, dict):
        raise PatchError(f"metadata.{key} is not a mapping any more")
    return found


def _apply_short_forms(manifest: Manifest, override: Override) -> None:
    for container in containers(manifest):
        image = override.image
        if image and isinstance(container.get("image"), str) and image.concerns(container.get("name")):
            container["image"] = change_image(container["image"], image)
        for name, value in override.env.items():
            _set_env(container, name, value)
    if override.replicas is not None and is_scalable(manifest):
        manifest["spec"]["replicas"] = override.replicas
    for key, wanted in (("labels", override.labels), ("annotations", override.annotations)):
        if wanted:
            _metadata_map(manifest, key).update(wanted)


def is_scalable(manifest: Manifest) -> bool:
    """Whether ``replicas`` means something for it: it says so itself, or it is one of the kinds that always have them."""
    spec = manifest.get("spec")
    if not isinstance(spec, dict):
        return False
    return "replicas" in spec or manifest["kind"] in ("Deployment", "StatefulSet", "ReplicaSet")


def _concerns(override: Override, manifest: Manifest) -> bool:
    """Whether the override can do anything to this object."""
    if not override.target.matches(manifest):
        return False
    if override.patch or override.labels or override.annotations:
        return True
    if (override.image or override.env) and any(True for c in containers(manifest)):
        return True
    return override.replicas is not None and is_scalable(manifest)


def refuse_idle(resource: Resource) -> None:
    """ConfigError for an override that no object of the resource can take: a typing error, or a forgotten object."""
    for override in resource.overrides:
        if not any(_concerns(override, manifest) for manifest in resource.manifests):
            raise ConfigError(
                f"resource {resource.name}: {override} fits none of its objects",
                "check its target; there are " + ", ".join(str(name_of(m)) for m in resource.manifests[:10]),
            )


def render(manifest: Manifest, overrides: Sequence[Override], strict: bool) -> tuple[Manifest, list[str]]:
    """A copy of the manifest with the overrides applied (the manifest itself if there are none), and what was skipped (always empty
    when ``strict``).

    PatchError when a patch does not fit and ``strict`` is set, or when it would change what the object is called.
    """
    if not overrides:
        return manifest, []
    result: Manifest = copy_of(manifest)
    skipped: list[str] = []
    for override in overrides:
        if not override.target.matches(result):
            continue
        _apply_short_forms(result, override)
        if not override.patch:
            continue
        try:
            patched = apply_patch(result, override.patch)
        except PatchError as error:
            if strict:
                raise PatchError(
                    f"{override} does not fit: {error.message}", "correct the path, or set strict: false"
                ) from None
            skipped.append(f"{override} skipped: {error.message}")
            continue
        if not isinstance(patched, dict) or _identity(patched) != _identity(manifest):
            raise PatchError(
                f"{override} changes what the object is called; name, namespace, kind and apiVersion are fixed"
            )
        result = patched
    return result, skipped


def _identity(manifest: Manifest) -> tuple[object, ...]:
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return manifest.get("apiVersion"), manifest.get("kind"), metadata.get("namespace"), metadata.get("name")
