#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/recovery."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reconcile
short_description: Bring the fleet to what its members remember
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Propagates all resources once more, from O(resources) or from the templates that members keep - drift is put back, members that were
    away are brought up to date, and replicas are divided anew where members came or went.
  - What neither the play nor any member has the definition of is listed, and the task fails.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.fleet.run
  - multicluster.federation.resource.moved
  - multicluster.federation.resource.propagate
  - multicluster.federation.resource.changes
attributes:
  check_mode:
    description: Shows what would be done, from the real members. Nothing is written.
    support: full
"""

EXAMPLES = r"""
- name: Put everything back, every hour
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Reconcile
      multicluster.federation.reconcile:
        wait: true
      run_once: true
"""

RETURN = r"""
msg:
  description: What happened, in one line.
  returned: always
  type: str
  sample: "3 members: 4 changed"
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
    return recovery_verbs.over_clusters(recovery_verbs.reconcile, module.params, module.check_mode, module._diff)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.RECONCILE, _run)


if __name__ == "__main__":
    main()
