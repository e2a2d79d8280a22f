#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/propagation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: federated_resource
short_description: Propagate resources to the members of a federation
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Brings named resources (one or more manifests with one placement) to the chosen members of a fleet, with the differences that
    each member needs, all members at once.
  - What needs no write is decided from metadata; only what differs is written, by server-side apply with a field manager of its
    own. Objects that are wanted no longer are deleted, provided that this federation made them.
  - An object of the same name that belongs to somebody else is never touched; the member reports a conflict.
  - A member that is down, slow or refuses something does not hold up the others.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.fleet.run
  - multicluster.federation.resource
  - multicluster.federation.resource.propagate
  - multicluster.federation.resource.changes
options:
  waves:
    description:
      - Brings members to the change one after the other instead of all at once, and only those that it changes.
      - C(canary) (a list of names, or conditions as in O(resources[].placement)) come first, then batches of C(batch) members, a number
        or a share (V(25%)). Each wave has to become healthy, and to stay so for C(soak) seconds.
      - When more than C(max_failures) members failed (V(0) by default), the rest is not begun, and with C(rollback) (on by default) the
        failed wave goes back to the template before, which members have to keep (O(resources[].keep_template)).
    type: dict
  plan:
    description:
      - A plan that M(multicluster.federation.plan) made, as a path on the controller or as the data itself (a variable, or an artifact
        of AWX). Give the same resources as when it was made.
      - Exactly what it says is done. If anything else would be done by now, nothing is written and the task says what moved.
      - What was done already is no difference, so that a plan can be carried on after a failure.
    type: raw
attributes:
  check_mode:
    description: Makes the real plan from the real members and has their API servers check each write; nothing is written.
    support: full
"""

EXAMPLES = r"""
- name: Propagate a shop
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Bring the shop to production, with its images from a mirror in one region
      multicluster.federation.federated_resource:
        name: shop
        src: shop.yaml
        namespace: shop
        placement:
          selector: {matchLabels: {tier: prod}}
        overrides:
          - where: {region: cn}
            image: {registry: registry.cn.example.com}
          - where: {members: [eu-1]}
            target: {kind: Deployment, name: web}
            replicas: 6
        wait: true
      run_once: true
      register: shop

    - name: Several resources in one call
      multicluster.federation.federated_resource:
        resources:
          - name: limits
            definition:
              apiVersion: v1
              kind: LimitRange
              metadata: {name: defaults, namespace: shop}
              spec: {limits: [{type: Container, default: {memory: 256Mi}}]}
          - name: batch
            src: batch/
            placement:
              provider: gcp
              tolerations: [{key: tier, operator: Equal, value: batch}]
      run_once: true

    - name: Take the shop away everywhere, with the namespace that was made for it
      multicluster.federation.federated_resource:
        name: shop
        state: absent
        delete_namespaces: true
      run_once: true
"""

RETURN = r"""
msg:
  description: What happened, in one line.
  returned: always
  type: str
  sample: "3 members: 24 created, 1 repaired"
members:
  description: The members in play, by name. C(status) is one of ok, changed, failed and skipped; C(reason) classifies a failure.
  returned: always
  type: dict
  sample:
    eu-1:
      status: changed
      reason: ""
      changed: true
      msg: 8 created
      objects: {total: 8, created: 8, changed: 0, repaired: 0, deleted: 0, predicted: 0, deferred: 0, going: 0, kept: 0, failed: 0,
                unchanged: 0}
      notes: []
      seconds: 0.31
resources:
  description: Where each resource is placed, and why not elsewhere.
  returned: always
  type: dict
  sample:
    shop:
      members: [eu-1, us-1]
      not_placed: {eu-2: "taint tier=batch:NoSchedule is not tolerated"}
      msg: ""
objects:
  description: Every object that was not left as it is, up to 200 of them.
  returned: always
  type: list
  elements: dict
  sample:
    - {member: eu-1, resource: shop, object: Deployment shop/web, action: repaired, msg: "drift: .spec.replicas (by kubectl)"}
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
    return resource_verbs.federated_resource(
        inputs.fleet_of(module.params), resources, module.params, module.check_mode, module._diff
    )


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.FEDERATED_RESOURCE, _run)


if __name__ == "__main__":
    main()
