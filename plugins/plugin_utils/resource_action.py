# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the actions share that propagate resources, or plan it: manifests out of files, and plans in and out of files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.multicluster.federation.plugins.module_utils import inputs, options
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Fleet
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import Resource
from ansible_collections.multicluster.federation.plugins.plugin_utils import fleet_action, whole_file


def resources(action: ActionBase, params: Mapping[str, Any], task_vars: Mapping[str, Any]) -> list[Resource]:
    """The resources that the options name, with the manifests of their files."""
    entries = inputs.resource_entries(params)
    return [inputs.read_resource(entry, fleet_action.sources_of(action, entry, task_vars)) for entry in entries]


def moved_verb(
    action: ActionBase, task_vars: Mapping[str, Any], spec: options.Spec, verb: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """Run a verb that moves resources, of which the play may give some (``resources``), and the members remember the others."""

    def given(params: Mapping[str, Any]) -> list[Resource]:
        return resources(action, {"resources": params["resources"]}, task_vars) if params.get("resources") else []

    def in_process(params: dict[str, Any], fleet: Fleet) -> dict[str, Any]:
        task = action._task
        return verb(fleet, given(params), params, task.check_mode, task.diff, fleet_action.teller(action))

    def handed_over(params: dict[str, Any]) -> dict[str, Any]:
        if not params.get("resources"):
            return params
        entries = for_module(action, {"resources": params["resources"]}, task_vars)["resources"]
        return {**params, "resources": entries}

    return fleet_action.run_verb(action, task_vars, spec, in_process, handed_over)


def for_module(action: ActionBase, params: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """The options for the module, which cannot read the controller's files: it gets their contents, as one text that is never
    shown."""
    entries = inputs.resource_entries(params)
    for entry, resource in zip(entries, resources(action, params, task_vars), strict=True):
        data = json.dumps(resource.manifests) if resource.manifests else None
        entry.update(src=None, template=None, definition=None, definition_data=data)
        if entry.get("overrides"):  # one may hold the value of a Secret
            entry.update(overrides=None, overrides_data=json.dumps(entry["overrides"]))
    own = {key: value for key, value in params.items() if key not in options.RESOURCE_OPTIONS}
    return {**own, "resources": [{k: v for k, v in entry.items() if v is not None} for entry in entries]}


def with_plan(action: ActionBase, params: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the plan itself in the place of its path."""
    plan = params.get("plan")
    if not isinstance(plan, str):
        return dict(params)
    path = os.path.expanduser(action._loader.path_dwim(plan))
    if not os.path.exists(path):
        path = os.path.abspath(os.path.expanduser(plan))
    try:
        with open(path, encoding="utf-8") as file:
            return {**params, "plan": json.load(file)}
    except OSError as error:
        raise ConfigError(f"the plan {plan} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{plan} is no plan", "make one with the module multicluster.federation.plan") from None


def deliver(action: ActionBase, result: Mapping[str, Any]) -> dict[str, Any]:
    """Show a plan, and write it where the task says."""
    done = dict(result)
    if "plan" not in done:
        return done
    if boolean(action._task.args.get("show", True), strict=False):
        for line in done["text"]:
            Display().display(line)
    dest = action._task.args.get("dest")
    if dest:
        path = os.path.abspath(os.path.expanduser(dest))
        try:
            whole_file.put(path, json.dumps(done["plan"], sort_keys=True, indent=1) + "\n", 0o600)
        except OSError as error:
            return {**done, "failed": True, "msg": f"the plan could not be written to {dest}: {error.strerror}"}
        done["dest"] = path
    return done
