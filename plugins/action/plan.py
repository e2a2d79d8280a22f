# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What propagating resources would do, now or with members gone."""

from __future__ import annotations

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
        from ansible_collections.multicluster.federation.plugins.module_utils import options, resource_verbs
        from ansible_collections.multicluster.federation.plugins.plugin_utils import fleet_action, resource_action

        result: dict[str, Any] = super().run(tmp, task_vars)
        task_vars = task_vars or {}

        def in_process(params: dict[str, Any], fleet: Any) -> dict[str, Any]:
            found = resource_action.resources(self, params, task_vars)
            return resource_verbs.plan(fleet, found, params, self._task.diff, fleet_action.teller(self))

        def for_module(params: dict[str, Any]) -> dict[str, Any]:
            own = {key: value for key, value in params.items() if key not in ("dest", "show")}
            return resource_action.for_module(self, own, task_vars)

        done = fleet_action.run_verb(self, task_vars, options.PLAN, in_process, for_module)
        result.update(resource_action.deliver(self, done))
        return result
