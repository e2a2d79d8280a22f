#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/status."""

from __future__ import annotations

DOCUMENTATION = r"""
module: federated_resource_info
short_description: Read how resources stand on the members of a federation
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Reads how propagated resources stand on the members in play. It tells desired and ready pods, the health of what has one, drift,
    orphans, which member is behind and why, the last plan, and addresses.
  - Nothing is written. A member that cannot be read is part of the answer, not a failure, and so is a kind that may not be read.
  - Each member is asked for its records, and then for one list of each kind that any record of the fleet names. Only kinds with a
    health are read in full; of all others, metadata. No value of a Secret is read.
  - Drift is known where the template is kept with the records (O(multicluster.federation.federated_resource#module:keep_template)).
    An object drifted if a run would write it, because a field is not ours any more, or the object is missing. Of Secrets, whose
    values are not kept, it is known which fields are ours.
extends_documentation_fragment:
  - multicluster.federation.fleet
options:
  name:
    description: Names of resources. Without it, all that the members remember.
    type: list
    elements: str
  search:
    description:
      - Where to look for orphans. V(recorded) looks among the kinds that any record names, V(everything) among all that a member
        serves, with a list of each. Kinds that may not be listed are passed over.
    type: str
    choices: [recorded, everything]
    default: recorded
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

    - name: Insist that nobody changed it by hand
      ansible.builtin.assert:
        that: state.resources.shop.drift == []
      run_once: true
"""

RETURN = r"""
msg:
  description: The state in one line.
  returned: always
  type: str
  sample: "3 members, 0 of 1 resources healthy; 2 drifted; behind: us-1"
federation:
  description: Name of the federation; UID and epoch of the newest fleet record.
  returned: always
  type: dict
  sample: {name: production, uid: 3f0c9a52-6d0f-4a3c-8c39-0d0e8d3f5b1a, epoch: 4}
members:
  description:
    - The members in play, by name. What they remember, and counts over all their resources. C(drift) is null if nothing there could
      be compared.
  returned: always
  type: dict
  sample:
    eu-1:
      {status: ok, reason: "", msg: "", resources: [shop], desired: 4, ready: 4, objects: 5, drift: 1, orphans: 0}
resources:
  description: State per resource, per member and in total.
  returned: always
  type: dict
  contains:
    desired:
      description: Pods that are wanted; for Jobs, completions.
      type: int
      sample: 4
    ready:
      description: Pods that are ready; for Jobs, completions.
      type: int
      sample: 4
    healthy:
      description:
        - Whether every member that is to have it could be read, has all of it, and all of it is healthy.
        - Healthy are workloads whose pods are ready, completed Jobs, bound claims, load balancers with an address, and custom
          resources by their conditions (C(Ready), C(Available), C(Succeeded) and the like, C(Failed), C(Stalled)). What has no such
          thing is healthy when it is there.
      type: bool
      sample: true
    kinds:
      description: Objects by kind, and how many of them are healthy.
      type: dict
      sample: {Deployment: {total: 3, healthy: 3}, Service: {total: 3, healthy: 2}}
    members:
      description:
        - The same per member that has it or is to have it, and could be read. C(workloads) are objects with a health; C(epoch) and
          C(template) are those of its record.
      type: dict
      sample:
        eu-1:
          desired: 4
          ready: 4
          healthy: true
          kinds: {Deployment: {total: 1, healthy: 1}}
          drift: 0
          orphans: 0
          epoch: 3
          template: "1:0f3a5c7d9e1b2a4c"
          workloads:
            - {object: Deployment shop/web, desired: 4, ready: 4, healthy: true, msg: ""}
    drift:
      description: Objects that are not as they were applied, or null if that is unknown.
      type: list
      elements: dict
      sample:
        - {member: eu-1, object: ConfigMap shop/settings, msg: "changed: .data.color (by kubectl-edit)"}
    drift_msg:
      description: Why drift is unknown; empty if it is known.
      type: str
      sample: unknown (keep_template is off)
    orphans:
      description: Objects that are ours, and are not placed there any more or not in the template any more.
      type: list
      elements: dict
      sample: []
    behind:
      description:
        - Members that are not where the newest record says, and why. C(reasons) are C(unread), C(not_in_inventory), C(outdated),
          C(missing), C(blocked), C(unhealthy), and, where there is no template, C(drifted).
      type: list
      elements: dict
      sample:
        - {member: us-1, reasons: [outdated], msg: "it holds an older template (epoch 2, the newest is 3)"}
    plan:
      description:
        - The last plan, from the newest record. C(placement) has the members; C(divided) has the replicas per workload and member, where
          they are divided.
      type: dict
      sample: {epoch: 3, template: "1:0f3a5c7d9e1b2a4c", placement: {eu-1: null, us-1: null}, divided: {}, at: "2026-11-23T13:00:09Z"}
    addresses:
      description: Where Services and Ingresses are reached from outside.
      type: list
      elements: dict
      sample:
        - {member: eu-1, service: Service shop/web, address: 203.0.113.7}
orphans:
  description: Objects that are ours, of resources that no member records.
  returned: always
  type: list
  elements: dict
  sample:
    - {member: eu-1, resource: old, object: ConfigMap old/settings, msg: no member records the resource old}
table:
  description: Lines of a table of workloads and members, and below it what is wrong.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import inputs, options, resource_verbs
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    return resource_verbs.federated_resource_info(inputs.fleet_of(module.params), module.params)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.FEDERATED_RESOURCE_INFO, _run)


if __name__ == "__main__":
    main()
