# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place in module_utils that knows Ansible: a verb as an AnsibleModule, for an explicit ``clusters`` list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .model.errors import FederationError
from .options import Spec


def run_module(spec: Spec, verb: Callable[[AnsibleModule], dict[str, Any]]) -> None:
    """Run ``verb`` and exit as a module does; every error of ours is one message, never a traceback."""
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        result = verb(module)
    except FederationError as error:
        module.fail_json(msg=str(error))
        raise  # fail_json does not return
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
