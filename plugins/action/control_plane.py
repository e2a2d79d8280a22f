# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run control planes of a sandbox, telling what happens while it happens."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # the strategy loads this class in the parent process, where a failing import would end the whole run
        from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import FederationError
        from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import report
        from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.options import CONTROL_PLANE

        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            _validation, params = self.validate_argument_spec(argument_spec=CONTROL_PLANE)
            # plain types: Ansible hands over tagged subclasses, which other libraries do not know
            result.update(self._work(json.loads(json.dumps(params)), task_vars))
            if params["show"] and not result.get("failed"):
                for line in report.lines(result):
                    Display().display(f"  {line}" if line else "")
        except FederationError as error:
            result.update(failed=True, changed=False, msg=str(error))
        if not self._task.diff:
            result.pop("diff", None)
        return result

    def _work(self, params: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Here, if here is where the task should run: a module could tell nothing before its end."""
        from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import run

        if self._connection.transport != "local" or self._play_context.become:
            arguments = {key: value for key, value in params.items() if value is not None and key != "show"}
            return dict(self._execute_module("multicluster.federation.control_plane", arguments, task_vars=task_vars))
        result = run.run(params, self._task.check_mode, lambda line: Display().display(f"  {line}"))
        for warning in result.pop("warnings", []):
            Display().warning(warning)
        return result
