# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands around the spec of every definition: apiVersion, kind, name. And what Kubernetes asks of labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .faults import Fault
from .schema import Anything, Fields, MapOf, Text, kind_of_value, mapping

GROUP = "kubedirector.hpe.com"
API_VERSION = f"{GROUP}/v1beta1"
APP_KIND = "KubeDirectorApp"
CLUSTER_KIND = "KubeDirectorCluster"
CONFIG_KIND = "KubeDirectorConfig"

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_LABEL_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ALPHANUMERIC = "letters, digits, '-', '_' and '.', starting and ending with a letter or digit"

#: ids of roles stand in labels
ROLE_ID = Text(_LABEL_NAME, f"a name of {_ALPHANUMERIC}", longest=63, shortest=1)
#: names of objects in the cluster that a definition refers to
OBJECT_NAME = Text(shortest=1)

# Names stand in labels too, hence 63 and not 253.
_NAME = Text(_SUBDOMAIN, "a name of lower-case letters, digits, '-' and '.'", longest=63, shortest=1)
_METADATA = Fields(
    {"name": _NAME, "namespace": Text(), "labels": MapOf(Text()), "annotations": MapOf(Text())},
    required=("name",),
    others=Anything(),
)


def subject_of(manifest: Mapping[str, Any], kind: str) -> str:
    """A definition as messages call it, whatever state it is in."""
    name = mapping(manifest.get("metadata")).get("name")
    return f"{kind} {name}" if isinstance(name, str) and name else f"a {kind} without a name"


def envelope_faults(
    manifest: Mapping[str, Any], kind: str, fields: tuple[str, ...], api_version: str = API_VERSION
) -> Iterator[Fault]:
    """Faults of apiVersion, kind, metadata, and of further ``fields`` at the top, which are all there may be."""
    for key, wanted in (("apiVersion", api_version), ("kind", kind)):
        if manifest.get(key) != wanted:
            yield Fault(key, f"must be {wanted}, not {manifest.get(key)!r}")
    if manifest.get("metadata") is None:
        yield Fault("metadata.name", "is missing, and is required")
    else:
        yield from _METADATA.faults(manifest["metadata"], "metadata")
    for key in manifest:
        if key not in ("apiVersion", "kind", "metadata", *fields):
            yield Fault(str(key), f"unknown field: remove it; there are {', '.join(fields)}")


def label_faults(labels: Any, path: str) -> Iterator[Fault]:
    """Faults of keys and values of labels."""
    yield from annotation_faults(labels, path)
    for key, value in mapping(labels).items():
        if isinstance(value, str) and (len(value) > 63 or (value and not re.fullmatch(_LABEL_NAME, value))):
            yield Fault(f"{path}.{key}", f"the label's value {value!r} must be empty or at most 63 {_ALPHANUMERIC}")


def annotation_faults(annotations: Any, path: str) -> Iterator[Fault]:
    """Faults of keys of annotations: those of labels."""
    for key in mapping(annotations):
        if not _is_qualified(key):
            yield Fault(
                path, f"the key {key!r} must be at most 63 {_ALPHANUMERIC}, with a DNS name and '/' before it if wanted"
            )


def _is_qualified(key: object) -> bool:
    if not isinstance(key, str):
        return True  # a fault of the shape, and named there
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= 253 and re.fullmatch(_SUBDOMAIN, prefix)):
        return False
    return len(name) <= 63 and re.fullmatch(_LABEL_NAME, name) is not None


def shape_of_manifest(manifest: Any, kind: str) -> Iterator[Fault]:
    """One fault if a manifest is no mapping at all."""
    if not isinstance(manifest, Mapping):
        yield Fault(kind, f"must be a mapping, not {kind_of_value(manifest)}")
