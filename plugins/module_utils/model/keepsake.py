# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A template as it is stored on the members: compressed, and without what is secret. Pure data."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .errors import Kind, MemberError
from .manifest import SECRET, Manifest, kind_of, name_of
from .resource import Resource, parse_resource

FORM = 1
_VALUES = ("data", "stringData")
#: the annotation in which kubectl apply remembers a whole manifest, values included
_REMEMBERED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Keepsake:
    """One version of a resource: its ``hash``, its options and manifests, and the names of what was ``withheld``."""

    hash: str
    asked: Mapping[str, Any]
    manifests: tuple[Manifest, ...]
    withheld: tuple[str, ...] = ()

    def resource(self) -> Resource:
        """The resource as it was asked for, in the same words; what was withheld is missing in it."""
        return replace(parse_resource({**self.asked, "state": "present"}, self.manifests), asked=self.asked)


def _without_values(secret: Manifest) -> Manifest:
    """A copy of a Secret that shows none of its values."""
    shown = {key: value for key, value in secret.items() if key not in _VALUES}
    annotations = secret["metadata"].get("annotations") or {}
    if _REMEMBERED in annotations:
        left = {key: value for key, value in annotations.items() if key != _REMEMBERED}
        shown["metadata"] = {**secret["metadata"], "annotations": left}
    return shown


def keepsake_of(resource: Resource, template: str) -> Keepsake:
    """What may be stored of a resource: Secrets without values, and no patch that could write one. ``template`` is its hash."""
    manifests, withheld = [], []
    secrets = [manifest for manifest in resource.manifests if kind_of(manifest) == SECRET]
    for manifest in resource.manifests:
        if manifest in secrets:
            if any(key in manifest for key in _VALUES):
                withheld.append(str(name_of(manifest)))
            manifest = _without_values(manifest)
        manifests.append(manifest)
    asked = dict(resource.asked)
    overrides = []
    for raw, override in zip(asked.get("overrides") or [], resource.overrides, strict=True):
        if override.patch and any(override.target.matches(secret) for secret in secrets):
            withheld.append(str(override))
        else:
            overrides.append(raw)
    if overrides or "overrides" in asked:
        asked["overrides"] = overrides
    return Keepsake(template, asked, tuple(manifests), tuple(withheld))


def _plain(kept: Keepsake | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    return {
        "hash": kept.hash,
        "asked": dict(kept.asked),
        "manifests": list(kept.manifests),
        "withheld": list(kept.withheld),
    }


def pack(current: Keepsake, before: Keepsake | None) -> str:
    """Both versions as compressed text."""
    body = json.dumps({"form": FORM, "current": _plain(current), "before": _plain(before)}, sort_keys=True)
    return base64.b64encode(zlib.compress(body.encode(), 9)).decode()


def _read(body: Mapping[str, Any] | None) -> Keepsake | None:
    if body is None:
        return None
    return Keepsake(body["hash"], body["asked"], tuple(body["manifests"]), tuple(body["withheld"]))


def unpack(text: str, resource: str) -> tuple[Keepsake | None, Keepsake | None]:
    """The current version and the one before. MemberError when the text is damaged or of a newer form."""
    try:
        body = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
        if body["form"] != FORM:
            raise MemberError(Kind.FAILED, f"the stored template of {resource} was written by a newer release")
        return _read(body["current"]), _read(body["before"])
    except (ValueError, KeyError, TypeError, zlib.error):
        raise MemberError(
            Kind.FAILED, f"the stored template of resource {resource} is damaged", "propagate the resource again"
        ) from None
