# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task for the tests: writes what a task registered to a file. It runs in Ansible itself; copy would run modules for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Ansible finds it by this name. Options: ``registered``, the result as JSON, and ``dest``, the file."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        dest = Path(self._task.args["dest"])
        dest.touch(0o600)
        dest.write_text(self._task.args["registered"], "utf-8")
        return {"changed": False}
