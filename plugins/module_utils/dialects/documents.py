# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML text and Ansible data -> plain manifests. What comes out has a kind, an apiVersion and a name, and is JSON."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..model.errors import ConfigError, missing
from ..model.manifest import Manifest, name_of
from ..model.reading import as_text, as_text_map

try:
    import yaml
except ImportError:  # the loader says so when it is needed, as one clear failure
    yaml = None  # type: ignore[assignment]


@functools.cache
def _manifest_loader() -> Any:
    """A safe YAML loader that keeps dates as text, as Kubernetes does, and refuses a key given twice."""
    if yaml is None:
        raise missing("PyYAML")
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        def flatten_mapping(self, node: Any) -> None:
            # before merged keys (<<) are put in place: those may be given again on purpose
            if node not in self.checked:
                self.checked.add(node)
                refuse_twice(node)
            super().flatten_mapping(node)

        def __init__(self, stream: Any) -> None:
            super().__init__(stream)
            self.checked: set[Any] = set()

    def refuse_twice(node: Any) -> None:
        seen = set()
        for key_node, _value in node.value:
            if key_node.tag != "tag:yaml.org,2002:merge" and isinstance(key_node, yaml.ScalarNode):
                if key_node.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key_node.value!r} is given twice", key_node.start_mark
                    )
                seen.add(key_node.value)

    # dates stay text, as in Kubernetes, and so does "=", which YAML 1.1 gives a meaning that nobody uses
    unwanted = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
    Loader.yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag not in unwanted]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    return Loader


def read_text(text: str, source: str) -> list[Any]:
    """All YAML documents of ``text`` (JSON is YAML too); ``source`` names it in errors. Empty documents are left out."""
    loader = _manifest_loader()
    try:
        return [document for document in yaml.load_all(text, Loader=loader) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{source}, line {mark.line + 1}, column {mark.column + 1}" if mark else source
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigError(f"{place}: not valid YAML: {problem}") from None


def _not_json(value: Any, path: str) -> Iterator[str]:
    """Paths of what JSON cannot hold: keys that are not text, numbers that are not finite, foreign types."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"{path or '.'}: the key {key!r} is not text; quote it"
            else:
                yield from _not_json(item, f"{path}.{key}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _not_json(item, f"{path}[{position}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{path}: {value} is not a number that JSON can hold"
    elif value is not None and not isinstance(value, (str, bool, int, float)):
        yield f"{path}: {type(value).__name__} is not a value that JSON can hold"


def _flatten(document: Any, source: str) -> Iterator[Manifest]:
    """One document as single manifests: lists are opened (a YAML list, or kind List)."""
    if isinstance(document, (list, tuple)):
        for item in document:
            yield from _flatten(item, source)
    elif not isinstance(document, dict):
        raise ConfigError(
            f"{source}: a manifest must be a mapping, but this is {type(document).__name__} {str(document)[:60]!r}"
        )
    elif (
        isinstance(document.get("kind"), str)
        and document["kind"].endswith("List")
        and isinstance(document.get("items"), list)
    ):
        yield from _flatten(document["items"], source)
    else:
        yield document


def _check(manifest: Manifest, source: str) -> None:
    """ConfigError unless the manifest can be applied under a fixed name; the errors here are those of every member alike."""
    for key in ("apiVersion", "kind"):
        if not isinstance(manifest.get(key), str) or not manifest[key]:
            raise ConfigError(
                f"{source}: a manifest has no {key} (it has {', '.join(map(str, manifest)) or 'nothing'})"
            )
    metadata = manifest.get("metadata")
    what = f"{source}: {manifest['kind']}"
    if not isinstance(metadata, dict) or not metadata.get("name"):
        if isinstance(metadata, dict) and metadata.get("generateName"):
            raise ConfigError(
                f"{what} has generateName: each run would make one more object, and none could ever be found again",
                "give metadata.name",
            )
        raise ConfigError(f"{what} has no metadata.name")
    what = f"{what} {as_text(metadata['name'], f'{what}: metadata.name')}"
    for problem in _not_json(manifest, ""):
        raise ConfigError(f"{what}: {problem}")
    for key in ("labels", "annotations"):
        if metadata.get(key) is not None:
            as_text_map(metadata[key], f"{what}: metadata.{key}")
    if metadata.get("namespace") is not None:
        as_text(metadata["namespace"], f"{what}: metadata.namespace")
    if manifest["apiVersion"] == "v1" and manifest["kind"] in ("ConfigMap", "Secret"):
        _check_data(manifest, what)


def _check_data(manifest: Manifest, what: str) -> None:
    """ConfigError for data that is not text; a value of a Secret is never quoted."""
    for key in ("data", "stringData"):
        entries = manifest.get(key)
        if entries is not None and not isinstance(entries, dict):
            raise ConfigError(f"{what}: {key} must be a mapping")
        for name, value in (entries or {}).items():
            if value is not None and not isinstance(value, str):
                secret = manifest["kind"] == "Secret"
                shown = "a value that is not text" if secret else f"{value!r}, which is not text"
                raise ConfigError(f"{what}: {key}.{name} is {shown}: quote it, or use `| string` in a template")


def read_manifests(documents: Iterable[Any], source: str) -> list[Manifest]:
    """Plain manifests out of documents of any nesting, each checked; values are copied."""
    found = []
    for document in documents:
        for manifest in _flatten(document, source):
            _check(manifest, source)
            # through JSON: what YAML anchors tie together must not change together
            found.append(json.loads(json.dumps(manifest)))
    return found


def refuse_twins(manifests: Sequence[Manifest], namespace: str) -> None:
    """ConfigError when two manifests are one object; ``namespace`` stands for those that name none."""
    seen = set()
    for manifest in manifests:
        name = name_of(manifest)
        key = (name.kind, name.namespace or namespace, name.name)
        if key in seen:
            raise ConfigError(
                f"{name} is given twice", "one object can have only one manifest; use overrides for differences"
            )
        seen.add(key)
