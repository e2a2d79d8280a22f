# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Propagate resources to the members of a federation, all in one call."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # the strategy loads this class in the parent process, where a failing import would end the whole run
        from ansible_collections.multicluster.federation.plugins.module_utils import options, verbs
        from ansible_collections.multicluster.federation.plugins.plugin_utils import fleet_action

        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}

        def resources(params: dict[str, Any]) -> list[Any]:
            entries = verbs.resource_entries(params)
            return [verbs.read_resource(entry, fleet_action.sources_of(self, entry, task_vars)) for entry in entries]

        def in_process(params: dict[str, Any], fleet: Any) -> dict[str, Any]:
            task = self._task
            tell = fleet_action.teller(self)
            return verbs.federated_resource(fleet, resources(params), params, task.check_mode, task.diff, tell)

        def for_module(params: dict[str, Any]) -> dict[str, Any]:
            """The module cannot read the controller's files: it gets their contents, as one text that is never shown."""
            entries = verbs.resource_entries(params)
            for entry, resource in zip(entries, resources(params), strict=True):
                data = json.dumps(resource.manifests) if resource.manifests else None
                entry.update(src=None, template=None, definition=None, definition_data=data)
                if entry.get("overrides"):  # one may hold the value of a Secret
                    entry.update(overrides=None, overrides_data=json.dumps(entry["overrides"]))
            own = {key: value for key, value in params.items() if key not in options.RESOURCE_OPTIONS}
            return {**own, "resources": [{k: v for k, v in entry.items() if v is not None} for entry in entries]}

        result.update(fleet_action.run_verb(self, task_vars, options.FEDERATED_RESOURCE, in_process, for_module))
        return result
