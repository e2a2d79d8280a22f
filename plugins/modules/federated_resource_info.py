#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/propagation/status.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: federated_resource_info
short_description: Read how resources stand on the members of a federation
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Reads the workloads of propagated resources on the members in play, and how many of their pods are ready.
  - Nothing is written. A member that cannot be read is part of the answer, not a failure.
extends_documentation_fragment:
  - multicluster.federation.fleet
options:
  name:
    description: Names of resources. Without it, all that the members remember.
    type: list
    elements: str
  show:
    description: Also print the table to the output of the run.
    type: bool
    default: false
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: Reads only.
    support: none
"""

EXAMPLES = r"""
- name: How is the shop?
  hosts: clusters
  gather_facts: false
  tasks:
    - name: Read the state of the shop
      multicluster.federation.federated_resource_info:
        federation: production
        name: shop
        show: true
      run_once: true
      register: state

    - name: Insist on a healthy shop
      ansible.builtin.assert:
        that: state.resources.shop.healthy
      run_once: true
"""

RETURN = r"""
msg:
  description: The state in one line.
  returned: always
  type: str
  sample: "3 members, 1 of 1 resources healthy"
members:
  description: The members in play, by name, and what they remember.
  returned: always
  type: dict
  sample:
    eu-1: {status: ok, reason: "", msg: "", resources: [shop]}
resources:
  description: State per resource, per member and in total. C(desired) and C(ready) count pods.
  returned: always
  type: dict
  sample:
    shop:
      desired: 4
      ready: 4
      healthy: true
      members:
        eu-1:
          desired: 4
          ready: 4
          healthy: true
          workloads:
            - {object: Deployment shop/web, desired: 4, ready: 4, healthy: true, msg: ""}
table:
  description: Lines of a table of workloads and members.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options, verbs
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    return verbs.federated_resource_info(verbs.fleet_of(module.params), module.params)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.FEDERATED_RESOURCE_INFO, _run)


if __name__ == "__main__":
    main()
