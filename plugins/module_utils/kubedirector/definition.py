# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An app as a catalog holds it: its KubeDirectorApp, and how the native engine runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.errors import ConfigError
from .app import LOCAL, App, parse_app
from .envelope import API_VERSION, APP_KIND
from .runtime import API_VERSION as RUNTIME_VERSION
from .runtime import KIND as RUNTIME_KIND
from .runtime import PLAIN, Runtime, parse_runtime


@dataclass(frozen=True)
class Definition:
    """An app and its runtime. ``source`` says for people where it was found."""

    app: App
    runtime: Runtime = PLAIN
    source: str = field(default="", compare=False)

    def dump(self) -> dict[str, Any]:
        """As plain data, for `load_definition`."""
        body: dict[str, Any] = {"app": app_manifest(self.app)}
        if self.runtime.name:
            body["runtime"] = runtime_manifest(self.runtime)
        return body


def app_manifest(app: App) -> dict[str, Any]:
    """The KubeDirectorApp with its defaults filled in, without a namespace."""
    return {"apiVersion": API_VERSION, "kind": APP_KIND, "metadata": {"name": app.name}, "spec": dict(app.spec)}


def runtime_manifest(runtime: Runtime) -> dict[str, Any]:
    """The AppRuntime as it was written."""
    metadata = {"name": runtime.name}
    return {"apiVersion": RUNTIME_VERSION, "kind": RUNTIME_KIND, "metadata": metadata, "spec": dict(runtime.spec)}


def parse_definition(documents: list[Any], source: str, catalog: str = LOCAL) -> Definition:
    """The definition in the documents of one place: a KubeDirectorApp, and at most one AppRuntime. ConfigError for anything else."""
    found: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        kind = document.get("kind") if isinstance(document, Mapping) else None
        if kind not in (APP_KIND, RUNTIME_KIND) or kind in found:
            what = f"a second {kind}" if kind in list(found) else f"something of the kind {kind!r}"
            raise ConfigError(
                f"{source} holds {what}: it takes one {APP_KIND}, and at most one {RUNTIME_KIND} beside it"
            )
        found[str(kind)] = document
    if APP_KIND not in found:
        raise ConfigError(f"{source} holds no {APP_KIND}")
    try:
        app = parse_app(found[APP_KIND], catalog)
        runtime = parse_runtime(found[RUNTIME_KIND], app) if RUNTIME_KIND in found else PLAIN
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.message}", error.hint) from None
    return Definition(app, runtime, source)


def load_definition(body: Mapping[str, Any], source: str, catalog: str = LOCAL) -> Definition:
    """What `Definition.dump` gave."""
    return parse_definition(
        [document for document in (body.get("app"), body.get("runtime")) if document], source, catalog
    )
