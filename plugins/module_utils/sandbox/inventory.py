# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory that makes a sandbox a fleet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import files, layout
from .settings import MemberSettings


def write(sandbox: layout.SandboxFolder, members: Iterable[MemberSettings]) -> bool:
    """Write the inventory file of a sandbox. Returns whether it changed."""
    return files.write(sandbox.inventory, files.yaml_text(content(sandbox, members)))


def content(sandbox: layout.SandboxFolder, members: Iterable[MemberSettings]) -> dict[str, Any]:
    """The group ``clusters``, one host for each member."""
    return {
        "clusters": {
            "hosts": {member.name: _variables(sandbox, member) for member in members},
            "vars": {
                "ansible_connection": "local",
                # the Python that runs Ansible has its libraries; which one that is, the next run knows
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "federation_name": sandbox.name,
            },
        }
    }


def _variables(sandbox: layout.SandboxFolder, member: MemberSettings) -> dict[str, Any]:
    variables: dict[str, Any] = {
        "cluster_kubeconfig": sandbox.member(member.name).kubeconfig,
        "cluster_context": member.name,
        "cluster_region": member.region,
        "cluster_provider": member.provider,
        "cluster_labels": member.labels,
        "cluster_taints": member.taints,
    }
    if len(member.zones) == 1:
        # of several, the collection learns from the nodes
        variables["cluster_zone"] = member.zones[0]
    return {key: value for key, value in variables.items() if value}
