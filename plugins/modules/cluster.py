#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/membership."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster
short_description: Join clusters to a federation, or let them leave it
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Joins the clusters of the hosts in play to a federation, all in one call, or lets them leave it.
  - A join proves that the API server answers and is Kubernetes, creates the namespace C(federation-NAME) with a service account
    and the rights that applications need, and writes the fleet record, which every member holds.
  - A cluster is known by the UID of its C(kube-system) namespace. One cluster under two names, a member of another federation and
    a host that was renamed are refused, with what to do about it.
  - The fleet record is kept equal on all members that answer, also on those that are not in play.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.fleet.run
options:
  state:
    description:
      - V(present) joins, V(absent) leaves.
      - Leaving removes what the join made, and the federation's records.
    type: str
    choices: [present, absent]
    default: present
  share:
    description: Allow a cluster to be a member of another federation at the same time.
    type: bool
    default: false
  workloads:
    description:
      - What becomes of the propagated objects when a cluster leaves.
      - V(delete) deletes what is provably ours; namespaces and CRDs stay in any case.
    type: str
    choices: [keep, delete]
    default: keep
attributes:
  check_mode:
    description: Reads every cluster, has its API server check each write, and changes nothing.
    support: full
  diff_mode:
    description: Shows the fields of changed objects that the federation owns.
    support: full
"""

EXAMPLES = r"""
- name: Join all clusters of the inventory
  hosts: clusters
  gather_facts: false
  tasks:
    - name: Join the federation
      multicluster.federation.cluster:
        federation: production
      run_once: true

    - name: Let the hosts of the play leave, and keep their applications (use with --limit eu-2)
      multicluster.federation.cluster:
        federation: production
        state: absent
      run_once: true
      when: leaving | default(false) | bool

- name: Join clusters that are reached from a bastion only
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Join the federation
      multicluster.federation.cluster:
        federation: production
        clusters:
          - name: eu-1
            kubeconfig: /etc/federation/eu-1.kubeconfig
            region: eu
          - name: us-1
            kubeconfig: /etc/federation/us-1.kubeconfig
            region: us
      delegate_to: bastion.example.com
"""

RETURN = r"""
msg:
  description: What happened, in one line.
  returned: always
  type: str
  sample: "3 members: 18 created"
federation:
  description: The fleet record after the run.
  returned: when the federation has members
  type: dict
  contains:
    name:
      description: Name of the federation.
      type: str
    uid:
      description: UID of the federation.
      type: str
    epoch:
      description: Counts the changes of the membership.
      type: int
    members:
      description: Names of the members.
      type: list
      elements: str
members:
  description: The clusters in play, by name.
  returned: always
  type: dict
  sample:
    eu-1:
      status: changed
      reason: ""
      changed: true
      msg: 6 created
      cluster:
        uid: 6a0d3c8e-52bd-4b5f-8a5f-0d9a1d7a4f5e
        version: v1.34.4
        region: eu
        zones: [eu-a, eu-b]
        provider: aws
        nodes: 3
objects:
  description: The objects that were written, or could not be.
  returned: always
  type: list
  elements: dict
  sample:
    - {member: eu-1, resource: federation.membership, object: Namespace federation-production, action: created, msg: missing}
resources:
  description: Empty; the verbs share the form of their results.
  returned: always
  type: dict
summary:
  description: Counts.
  returned: always
  type: dict
  sample: {members: 3, failed: 0, changed: 3, objects_not_listed: 0}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options, verbs
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    params = module.params
    manifests = verbs.read_rights(params.get("rights") or {})
    return verbs.cluster(verbs.fleet_of(params, module.check_mode), params, module.check_mode, module._diff, manifests)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.CLUSTER, _run)


if __name__ == "__main__":
    main()
