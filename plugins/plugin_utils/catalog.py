# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""App definitions in files: the catalog that is shipped, and folders or checkouts of the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.dialects.documents import read_text
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import LOCAL, SYSTEM
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import (
    Definition,
    parse_definition,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.envelope import APP_KIND
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.runtime import KIND as RUNTIME_KIND
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError

#: the catalog of the collection: a folder for each app, with app.yaml and runtime.yaml
SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "catalog")
_ENDINGS = (".yaml", ".yml", ".json")


@dataclass
class Catalog:
    """The apps in some folders, found when they are asked for. An earlier folder wins, and the shipped catalog comes last."""

    folders: Sequence[str] = ()
    _found: dict[str, list[tuple[Any, str]]] | None = field(default=None, repr=False)
    _unreadable: list[str] = field(default_factory=list, repr=False)

    def find(self, name: str) -> Definition | None:
        """The app of this name, or None. ConfigError when its definition is wrong, or may be in a file that cannot be read."""
        documents = self._index().get(name)
        if not documents:
            if self._unreadable:
                raise ConfigError(f"there is no app {name!r}, and not everything could be read: {self._unreadable[0]}")
            return None
        source = documents[0][1]
        catalog = SYSTEM if source.startswith(os.path.normpath(SHIPPED)) else LOCAL
        return parse_definition([document for document, _source in documents], _shown(source), catalog)

    def all(self) -> list[Definition]:
        """Every app that can be read, by name."""
        found = (self.find(name) for name in sorted(self._index()))
        return [definition for definition in found if definition is not None]

    def _index(self) -> dict[str, list[tuple[Any, str]]]:
        if self._found is None:
            self._found = {}
            for folder in (*self.folders, os.path.normpath(SHIPPED)):
                for name, documents in self._of_folder(folder).items():
                    self._found.setdefault(name, documents)
        return self._found

    def _of_folder(self, folder: str) -> dict[str, list[tuple[Any, str]]]:
        """The documents of each app of a folder: the app itself, and its runtime where there is one."""
        if not os.path.exists(folder):
            raise ConfigError(f"the catalog {folder} does not exist", "give a folder with app definitions, or a file")
        apps: dict[str, list[tuple[Any, str]]] = {}
        runtimes: dict[str, tuple[Any, str]] = {}
        for path in _files(folder):
            for document in self._documents(path):
                kind = document.get("kind") if isinstance(document, dict) else None
                if kind not in (APP_KIND, RUNTIME_KIND) or not isinstance(document.get("metadata"), dict):
                    continue
                name = str(document["metadata"].get("name"))
                if kind == RUNTIME_KIND:
                    runtimes[name] = (document, path)
                elif "app" not in (document.get("spec") or {}):  # the short form asks for an instance
                    if name in apps:
                        raise ConfigError(f"app {name!r} is twice in {folder}: in {apps[name][0][1]} and in {path}")
                    apps[name] = [(document, path)]
        for name, found in runtimes.items():
            if name in apps:
                apps[name].append(found)
        return apps

    def _documents(self, path: str) -> list[Any]:
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            return read_text(text, _shown(path)) if APP_KIND in text or RUNTIME_KIND in text else []
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            self._unreadable.append(str(error))
            return []


def _files(folder: str) -> Iterator[str]:
    """The files that may hold definitions, in the order of their names."""
    if os.path.isfile(folder):
        yield folder
        return
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(place, name) for name in sorted(files) if name.endswith(_ENDINGS))


def _shown(path: str) -> str:
    """A path for people."""
    shipped = os.path.normpath(SHIPPED)
    if path.startswith(shipped):
        return f"the shipped catalog ({os.path.relpath(path, os.path.dirname(shipped))})"
    return os.path.relpath(path)
