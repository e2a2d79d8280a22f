# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the KubeDirector actions share: manifests out of options and files, and catalogs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.multicluster.federation.plugins.module_utils import kubedirector_verbs
from ansible_collections.multicluster.federation.plugins.module_utils.dialects.documents import read_text
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import (
    Definition,
    parse_definition,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Fleet
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.plugin_utils import fleet_action
from ansible_collections.multicluster.federation.plugins.plugin_utils.catalog import Catalog

Params = Mapping[str, Any]


def catalog_of(action: ActionBase, params: Params) -> Catalog:
    """The catalogs that a task names, as the playbook or the user's folder has them."""
    return Catalog([_folder(action, path) for path in params.get("catalog") or []])


def documents(action: ActionBase, params: Params, task_vars: Params) -> list[Any]:
    """What ``src`` and ``definition`` hold, document by document."""
    found = []
    if params.get("src"):
        entry = {"name": params.get("name"), "src": [params["src"]]}
        for source, text in fleet_action.sources_of(action, entry, task_vars):
            found += read_text(text, source)
    definition = params.get("definition")
    if isinstance(definition, str):
        found += read_text(definition, "the definition")
    elif isinstance(definition, list):
        found += definition
    elif definition is not None:
        found.append(definition)
    return [document for document in found if document is not None]


def cluster(action: ActionBase, params: Params, fleet: Fleet, task_vars: Params) -> dict[str, Any]:
    """Run `kubedirector_cluster`; returns its result."""
    task = action._task
    manifests = documents(action, params, task_vars)
    find = catalog_of(action, params).find
    return kubedirector_verbs.kubedirector_cluster(
        fleet, params, manifests, find, task.check_mode, task.diff, fleet_action.teller(action)
    )


def app(action: ActionBase, params: Params, fleet: Fleet, task_vars: Params) -> dict[str, Any]:
    """Run `kubedirector_app`; returns its result."""
    task = action._task
    definition = _definition(action, params, task_vars) if params["state"] == "present" else None
    if definition is None and not params.get("name"):
        raise ConfigError("name is missing", "say which app is to be removed")
    return kubedirector_verbs.kubedirector_app(
        fleet, params, definition, task.check_mode, task.diff, fleet_action.teller(action)
    )


def info(action: ActionBase, params: Params, fleet: Fleet) -> dict[str, Any]:
    """Run `kubedirector_info`; returns its result."""
    shipped = catalog_of(action, params).all() if params["apps"] else []
    found = kubedirector_verbs.kubedirector_info(fleet, params, shipped)
    if params["show"]:
        Display().display("\n" + "\n".join(found["table"]) + "\n")
    return found


def _definition(action: ActionBase, params: Params, task_vars: Params) -> Definition:
    """The app of a task: written there, or found in a catalog by its name."""
    given = documents(action, params, task_vars)
    if given:
        definition = parse_definition(given, params.get("src") or "the definition")
        if params.get("name") not in (None, definition.app.name):
            raise ConfigError(f"name is {params['name']!r}, and the definition is that of {definition.app.name!r}")
        return definition
    if not params.get("name"):
        raise ConfigError("give src or definition, or the name of an app in a catalog")
    found = catalog_of(action, params).find(params["name"])
    if found is None:
        raise ConfigError(
            f"no catalog has an app {params['name']!r}", "give src or definition, or name its folder with catalog"
        )
    return found


def _folder(action: ActionBase, path: str) -> str:
    """A folder beside the playbook, or where the user stands."""
    beside = action._loader.path_dwim(path)
    return beside if os.path.exists(beside) else os.path.abspath(os.path.expanduser(path))
