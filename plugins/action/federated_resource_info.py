# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read how resources stand on the members of a federation, all in one call."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # the strategy loads this class in the parent process, where a failing import would end the whole run
        from ansible_collections.multicluster.federation.plugins.module_utils import options, resource_verbs
        from ansible_collections.multicluster.federation.plugins.plugin_utils import fleet_action

        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}

        def in_process(params: dict[str, Any], fleet: Any) -> dict[str, Any]:
            found = resource_verbs.federated_resource_info(fleet, params)
            if params["show"]:
                Display().display("\n" + "\n".join(found["table"]) + "\n")
            return found

        def for_module(params: dict[str, Any]) -> dict[str, Any]:
            return params

        result.update(fleet_action.run_verb(self, task_vars, options.FEDERATED_RESOURCE_INFO, in_process, for_module))
        return result
