#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/recovery."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failback
short_description: Bring members back that were lost
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - For members of the play that are declared lost and answer again. In this order - stale copies are told; what keeps state or is a
    singleton, and runs elsewhere by now, is removed from them, once it is proven to run there; they are no longer lost; everything is
    divided anew, and replicas move back without a moment with fewer ready ones than asked for.
  - Run M(multicluster.federation.detect) with C(want) V(ready) before, so that a member that comes and goes does not take the load with
    it.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.fleet.run
  - multicluster.federation.resource.moved
  - multicluster.federation.resource.propagate
  - multicluster.federation.resource.changes
attributes:
  check_mode:
    description: Tells the stale copies and what would be removed. Nothing is written.
    support: full
"""

EXAMPLES = r"""
- name: The member was repaired
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Wait until it has been well for a minute (with --limit us-1)
      multicluster.federation.detect:
        want: ready
        over: 60
        timeout: 600
      run_once: true

    - name: Take it back
      multicluster.federation.failback:
        wait: true
      run_once: true
"""

RETURN = r"""
msg:
  description: What happened, in one line.
  returned: always
  type: str
  sample: "us-1 back; 3 members: 4 changed"
back:
  description: The members that came back.
  returned: always
  type: list
  elements: str
  sample: [us-1]
stale:
  description: What these members have still of resources that run elsewhere by now.
  returned: always
  type: dict
  sample: {us-1: {database: "placed on eu-1 by now; the copy here is removed before anything else"}}
steps:
  description: What each step said.
  returned: when anything was to be done
  type: dict
  sample: {reclaim: "1 member: 3 deleted", return: "3 members: us-1: no longer lost", propagate: "3 members: 4 changed"}
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
    return recovery_verbs.over_clusters(recovery_verbs.failback, module.params, module.check_mode, module._diff)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.FAILBACK, _run)


if __name__ == "__main__":
    main()
