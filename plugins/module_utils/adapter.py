# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one place in module_utils that knows Ansible: a verb as an AnsibleModule, for an explicit ``clusters`` list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .model.errors import FederationError
from .options import Spec

#: Ansible blanks every text of a result that contains a secret; a shorter one would blank parts of common words
_LONG = 8
#: what users may write values of Secrets into
_OPEN = ("kubeconfig", "definition", "overrides")


def _told(value: Any, spec: Spec) -> dict[str, Any]:
    """The options of a task as a log may hold them: secrets by their names, not by their values."""
    told: dict[str, Any] = {}
    for key, given in value.items():
        entry = spec.get(key, {})
        if given is None:
            continue
        if entry.get("no_log") or key in _OPEN:
            told[key] = "(not shown)"
        elif "options" in entry:
            parts = given if isinstance(given, list) else [given]
            shown = [_told(part, entry["options"]) for part in parts]
            told[key] = shown if isinstance(given, list) else shown[0]
        else:
            told[key] = given
    return told


def run_module(spec: Spec, verb: Callable[[AnsibleModule], dict[str, Any]]) -> None:
    """Run ``verb`` and exit as a module does; every error of ours is one message, never a traceback. No result holds a secret."""
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    module.no_log_values = {text for text in module.no_log_values if len(text) >= _LONG}
    invocation = {"module_args": _told(module.params, spec)}
    try:
        result = verb(module)
    except FederationError as error:
        module.fail_json(msg=str(error), invocation=invocation)
        raise  # fail_json does not return
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(invocation=invocation, **result)
    module.exit_json(invocation=invocation, **result)
