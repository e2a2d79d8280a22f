#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/propagation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Show what propagating resources would do, now or with members gone
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Works out who gets what, what moves, and what finds no place and why, from the real members; and every creation, change and
    deletion that M(multicluster.federation.federated_resource) would make. Nothing is written to any member, and their API servers
    check each write.
  - The plan is text to read, data, and on request a file. O(multicluster.federation.federated_resource#module:plan) carries out
    exactly that plan, or refuses because the world moved on.
  - With O(without), it tells what would happen if members were gone.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.resource
  - multicluster.federation.resource.changes
options:
  without:
    description:
      - Members that are taken for gone, as a list of names or as conditions (C(region), C(zone), C(provider), C(selector)). They are not
        asked for anything.
      - Such a plan answers a question. It cannot be carried out.
    type: raw
  dest:
    description: Where to write the plan, on the controller.
    type: path
  show:
    description: Print the plan as text, besides returning it.
    type: bool
    default: true
  fail_on:
    description: As in M(multicluster.federation.federated_resource).
    type: str
    default: any
  max_deletions:
    description: As in M(multicluster.federation.federated_resource).
    type: str
    default: 50%
  partial_fleet:
    description: As in M(multicluster.federation.federated_resource).
    type: bool
    default: false
  max_lost:
    description: As in M(multicluster.federation.federated_resource).
    type: str
    default: 1 or 25%
attributes:
  check_mode:
    description: The same as without; a plan is never carried out by this verb.
    support: full
"""

EXAMPLES = r"""
- name: Plan in one job, approve it, carry it out in the next
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
    shop:
      - name: shop
        src: shop.yaml
        replicas: {total: 12, divide: available, min: 1}
  tasks:
    - name: Plan
      multicluster.federation.plan:
        resources: "{{ shop }}"
        dest: /tmp/shop.plan
      run_once: true
      register: planned

    - name: Hand the plan to the next job of the workflow
      ansible.builtin.set_stats:
        data:
          shop_plan: "{{ planned.plan }}"
      run_once: true

    - name: Carry out exactly that plan (in the next job)
      multicluster.federation.federated_resource:
        resources: "{{ shop }}"
        plan: "{{ shop_plan | default('/tmp/shop.plan') }}"
        wait: true
      run_once: true

    - name: Would the shop survive the loss of a region?
      multicluster.federation.plan:
        resources: "{{ shop }}"
        without: {region: eu}
      run_once: true
      register: lost
      failed_when: lost.resources.shop.replicas.values() | map(attribute='unplaced') | sum > 0
"""

RETURN = r"""
msg:
  description: What would happen, in one line.
  returned: always
  type: str
  sample: "check mode, nothing was written; 3 members: 24 created"
text:
  description: The plan to read, line by line.
  returned: always
  type: list
  elements: str
  sample:
    - "Plan of federation production: 2 to change"
    - "resource shop: eu-1, us-1"
    - "    Deployment shop/web: 12 replicas, weighted"
    - "        eu-1: 8 (+2)"
plan:
  description: The plan as data, to be handed to M(multicluster.federation.federated_resource). It holds no manifests and no secrets.
  returned: always
  type: dict
  sample: {form: 1, federation: production, resources: {}, steps: [], without: [], digest: 8c6f}
dest:
  description: The file that was written.
  returned: with O(dest)
  type: str
  sample: /tmp/shop.plan
resources:
  description: Where each resource would be placed, why not elsewhere, and how its replicas would be divided.
  returned: always
  type: dict
  sample:
    shop:
      members: [eu-1, us-1]
      not_placed: {eu-2: cordoned}
      msg: ""
      replicas:
        Deployment shop/web:
          total: 12
          members: {eu-1: 8, us-1: 4}
          moved: {eu-1: 2}
          unplaced: 0
          reasons: {us-1: "its capacity is 4 (free cpu)"}
          msg: ""
members:
  description: The members, by name, as M(multicluster.federation.federated_resource) returns them.
  returned: always
  type: dict
  sample: {}
objects:
  description: Every object that would not be left as it is, up to 200 of them.
  returned: always
  type: list
  elements: dict
  sample: []
summary:
  description: Counts.
  returned: always
  type: dict
  sample: {members: 3, failed: 0, changed: 1, objects_not_listed: 0}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import inputs, options, resource_verbs
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    resources = [inputs.read_resource(entry) for entry in inputs.resource_entries(module.params)]
    return resource_verbs.plan(inputs.fleet_of(module.params, check=True), resources, module.params, module._diff)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.PLAN, _run)


if __name__ == "__main__":
    main()
