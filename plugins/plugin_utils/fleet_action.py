# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the fleet-wide actions share: options, the fleet out of the inventory, files, and the hand-over to a module."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.multicluster.federation.plugins.module_utils import inputs
from ansible_collections.multicluster.federation.plugins.module_utils.model.access import GIVEN, PER_RUN, Access
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Fleet, build_fleet
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError, FederationError
from ansible_collections.multicluster.federation.plugins.module_utils.options import (
    CONNECTION,
    FACTS,
    FLEET_VARIABLES,
    Spec,
)

#: what belongs to a fleet in the inventory and not in a module that runs elsewhere
_ACTION_ONLY = ("fleet_group",)


def plain(value: Any) -> Any:
    """A copy in plain types: Ansible hands over tagged subclasses, which other libraries do not know."""
    return json.loads(json.dumps(value, default=str))


def _host_options(found: Mapping[str, Any], host: str) -> dict[str, Any]:
    """The ``cluster_*`` variables of one host. Each is read by name, so that no other variable of the host is templated."""
    try:
        options = {key: found.get(f"cluster_{key}") for key in (*FACTS, *CONNECTION)}
        return {key: plain(value) for key, value in options.items() if value is not None}
    except AnsibleError as error:
        raise ConfigError(f"a cluster_ variable of host {host} cannot be read: {error}") from None


def fleet_from_inventory(
    task_vars: Mapping[str, Any], group: str, federation: str | None, access: Access, nameless: bool = False
) -> Fleet:
    """The fleet of an inventory group. Only the hosts in play are written to; the plan sees all of them, even under --limit.
    ``nameless``: clusters may be looked at before they belong to a federation."""
    hosts = list(task_vars.get("groups", {}).get(group, ()))
    if not hosts:
        raise ConfigError(
            f"the inventory has no hosts in the group {group!r}", "put the clusters there, or set fleet_group"
        )
    hostvars = task_vars["hostvars"]
    in_play = set(task_vars.get("ansible_play_batch") or ()) & set(hosts)
    if not in_play:
        raise ConfigError(f"no host of this play is in the group {group!r}", f"use hosts: {group} for the play")
    if not federation and not nameless:
        raise ConfigError(
            "the federation has no name", "set the variable federation_name for the fleet, or the option federation"
        )
    members = []
    named: dict[str, str] = {}
    for host in hosts:
        found = hostvars[host]  # each time this is asked for, Ansible puts the variables of the host together
        name = found.get("federation_name")
        if name is not None:
            named.setdefault(str(name), host)
        members.append(inputs.read_cluster(host, _host_options(found, host), access))
    _refuse_several_names(named)
    return build_fleet(federation or None, members, in_play)


def _refuse_several_names(named: Mapping[str, str]) -> None:
    """The task is read once, as its first host sees it: a federation of their own would be lost for all other hosts."""
    if len(named) > 1:
        shown = ", ".join(f"{name} ({host}, for one)" for name, host in sorted(named.items())[:4])
        raise ConfigError(
            f"the hosts of one fleet have different federation_name: {shown}",
            "one group is one federation; put them into groups of their own, and set fleet_group",
        )


def _fleet_variables(action: ActionBase, spec: Spec, task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the inventory gives to every task on the fleet, as ``federation_...``."""
    found = {key: task_vars.get(f"federation_{key}") for key in FLEET_VARIABLES if key in spec}
    return {key: action._templar.template(value) for key, value in found.items() if value not in (None, "")}


def _default_access(task_vars: Mapping[str, Any]) -> str:
    """In a job of AWX, whose container is thrown away, a token for the run; else what the inventory gives."""
    return PER_RUN if {"awx_job_id", "tower_job_id"} & set(task_vars) else GIVEN


def federation_name(action: ActionBase, params: Mapping[str, Any], task_vars: Mapping[str, Any]) -> str | None:
    """The option ``federation``, or the variable ``federation_name``."""
    if params.get("federation"):
        return str(params["federation"])
    name = task_vars.get("federation_name")
    return None if name is None else str(action._templar.template(name))


def _files(action: ActionBase, folder: str, path: str, suffixes: tuple[str, ...]) -> list[str]:
    """The file at ``path``, or the manifests in it if it is a directory, in the order of their names.

    Looked for where Ansible looks; then where the user stands, since a playbook of a collection has no folder of the user's.
    """
    if not path:
        raise ConfigError("a path of src or template is empty", "it would mean every manifest beside the playbook")
    try:
        found = action._find_needle(folder, path)
    except AnsibleError:
        found = os.path.abspath(os.path.expanduser(path))
        if not os.path.exists(found):
            raise ConfigError(f"{path} is neither beside the playbook nor in {os.getcwd()}") from None
    if not os.path.isdir(found):
        return [found]
    entries = sorted(os.listdir(found))
    files = [os.path.join(found, e) for e in entries if e.endswith(suffixes) and not e.startswith(".")]
    if not files:
        raise ConfigError(f"there is no manifest in {found}", f"manifests are files that end in {', '.join(suffixes)}")
    return files


def _text(action: ActionBase, path: str) -> str:
    """The text of a file, decrypted if it is a vault, without a temporary file."""
    loader = action._loader
    if hasattr(loader, "get_text_file_contents"):
        return str(loader.get_text_file_contents(path))
    return str(loader._get_file_contents(path)[0].decode("utf-8"))


def sources_of(action: ActionBase, entry: Mapping[str, Any], task_vars: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, YAML text) of everything that ``src`` and ``template`` name."""
    sources = []
    try:
        for path in entry.get("src") or []:
            files = _files(action, "files", path, (".yaml", ".yml", ".json"))
            sources += [(os.path.relpath(file), _text(action, file)) for file in files]
        for path in entry.get("template") or []:
            files = _files(action, "templates", path, (".j2", ".yaml", ".yml", ".json"))
            sources += [(os.path.relpath(file), _render(action, file, task_vars)) for file in files]
    except UnicodeDecodeError:
        raise ConfigError(f"resource {entry.get('name')}: a file of src is not UTF-8 text") from None
    except ConfigError as error:
        raise ConfigError(f"resource {entry.get('name')}: {error.message}", error.hint) from None
    except AnsibleError as error:
        raise ConfigError(f"resource {entry.get('name')}: {error}") from None
    return sources


def _render(action: ActionBase, file: str, task_vars: Mapping[str, Any]) -> str:
    text = _text(action, file)
    try:
        from ansible.template import trust_as_template  # ansible-core 2.19 and later render only what is trusted
    except ImportError:
        return str(action._templar.copy_with_new_env(available_variables=task_vars).template(text, convert_data=False))
    return str(action._templar.copy_with_new_env(available_variables=task_vars).template(trust_as_template(text)))


def teller(action: ActionBase) -> Callable[[str], None]:
    """Shows lines of progress as they come, in the output of ansible-playbook and of AWX."""
    display, name = Display(), str(action._task.action).rpartition(".")[2]
    return lambda line: display.display(f"{name}, {line}")


@contextmanager
def _no_collector() -> Iterator[None]:
    """Without the search for reference cycles, which walks all that was read of a large fleet again and again. The process was
    forked for this task and ends with it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def run_verb(
    action: ActionBase,
    task_vars: Mapping[str, Any],
    spec: Spec,
    in_process: Callable[[dict[str, Any], Fleet], dict[str, Any]],
    for_module: Callable[[dict[str, Any]], dict[str, Any]],
    nameless: bool = False,
    here: bool = False,
) -> dict[str, Any]:
    """Validate the options, then run the verb here over the inventory, or as a module where ``clusters`` is given.

    ``in_process(params, fleet)`` returns the result; ``for_module(params)`` returns the arguments of the module. ``nameless``: the
    verb also looks at clusters of no federation. ``here``: it runs on the controller with ``clusters``, too.
    """
    # an unanswered question of a survey arrives as "": nothing is asked for by it
    action._task.args = {key: value for key, value in action._task.args.items() if value != ""}
    try:
        action._task.args = {**_fleet_variables(action, spec, task_vars), **action._task.args}
        _validation, params = action.validate_argument_spec(argument_spec=spec)
        params = plain(params)
        federation = federation_name(action, params, task_vars)
        if params.get("clusters") is not None and here:
            fleet = inputs.fleet_of({**params, "federation": federation}, bool(action._task.check_mode))
            return in_process(params, fleet)
        if params.get("clusters") is not None:
            params["federation"] = federation
            for entry in params["clusters"]:
                if isinstance(entry.get("kubeconfig"), Mapping):
                    # as one secret text, so that neither it nor each word in it has to be blanked in the result
                    entry["kubeconfig_data"] = json.dumps(entry.pop("kubeconfig"))
            arguments = {k: v for k, v in for_module(params).items() if v is not None and k not in _ACTION_ONLY}
            return dict(action._execute_module(module_args=arguments, task_vars=task_vars))
        with _no_collector():
            access = inputs.read_access(
                {**params, "federation": federation}, bool(action._task.check_mode), _default_access(task_vars)
            )
            group = params["fleet_group"]
            fleet = fleet_from_inventory(task_vars, group, federation, access, nameless)
            return in_process(params, inputs.limited(fleet, params))
    except FederationError as error:
        return {"failed": True, "changed": False, "msg": str(error)}
