# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Join clusters to a federation, or let them leave it, all in one call."""

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
        from ansible_collections.multicluster.federation.plugins.module_utils import fleet_verbs, inputs, options
        from ansible_collections.multicluster.federation.plugins.plugin_utils import fleet_action

        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}

        def manifests(params: dict[str, Any]) -> Any:
            rights = params.get("rights") or {}
            return inputs.read_rights(rights, fleet_action.sources_of(self, {**rights, "name": "rights"}, task_vars))

        def in_process(params: dict[str, Any], fleet: Any) -> dict[str, Any]:
            return fleet_verbs.cluster(fleet, params, self._task.check_mode, self._task.diff, manifests(params))

        def for_module(params: dict[str, Any]) -> dict[str, Any]:
            """The module cannot read the controller's files: it gets their contents, as one text that is never shown."""
            if params.get("rights"):
                data = json.dumps(manifests(params)) if manifests(params) else None
                rights = {
                    **params["rights"],
                    "src": None,
                    "template": None,
                    "definition": None,
                    "definition_data": data,
                }
                params["rights"] = {key: value for key, value in rights.items() if value is not None}
            return params

        result.update(fleet_action.run_verb(self, task_vars, options.CLUSTER, in_process, for_module))
        return result
