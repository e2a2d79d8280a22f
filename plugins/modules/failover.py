#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/recovery."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failover
short_description: Move what is on lost members to healthy ones
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Finds what is placed on members that are declared lost, or that have a C(NoExecute) taint, and brings it to other members by the same
    constraints as ever - placement, spread, capacity, bounds.
  - It approves what resources with C(failover) V(plan) wait for. V(never) stays, and what keeps state waits for the fence.
  - Nothing is taken from a member that answers before its replacement is in place; a lost member is not touched at all.
  - The definitions come from O(resources), or from the templates that members keep. What nobody has is listed, and the task fails.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.fleet.run
  - multicluster.federation.resource.moved
  - multicluster.federation.resource.propagate
  - multicluster.federation.resource.changes
options:
  suppose_lost:
    description: In check mode, plan as if these members were declared lost.
    type: list
    elements: str
  suppose_tainted:
    description: In check mode, plan as if these members had a C(NoExecute) taint.
    type: list
    elements: str
attributes:
  check_mode:
    description: Shows what would move, from the real members. Nothing is written.
    support: full
"""

EXAMPLES = r"""
- name: A member burns
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Say so (with --limit us-1)
      multicluster.federation.cluster:
        lost: true
      run_once: true
      tags: [declare]

    - name: Move what was there, and wait until it is healthy
      multicluster.federation.failover:
        wait: true
      run_once: true
"""

RETURN = r"""
msg:
  description: What happened, in one line.
  returned: always
  type: str
  sample: "3 members: 4 changed"
left:
  description: Members that are lost or tainted.
  returned: always
  type: list
  elements: str
  sample: [us-1]
not_at_hand:
  description: Resources that could not be moved because neither the play nor any member has their definition, with the reason.
  returned: always
  type: dict
  sample: {}
members:
  description: The members, by name, as M(multicluster.federation.federated_resource) returns them.
  returned: when anything was to be done
  type: dict
  sample: {}
resources:
  description: Where each resource is now, as M(multicluster.federation.federated_resource) returns it. C(waits) are lost members that hold
    it still, with the reason.
  returned: when anything was to be done
  type: dict
  sample: {}
instances:
  description: Instances of stateful applications whose data are copied to a second member, by resource, as C(instance) of
    M(multicluster.federation.kubedirector_cluster). C(replication) says who takes writes, and how far each is.
  returned: when there are such instances
  type: dict
  sample: {}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options, recovery_verbs
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    return recovery_verbs.over_clusters(recovery_verbs.failover, module.params, module.check_mode, module._diff)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.FAILOVER, _run)


if __name__ == "__main__":
    main()
