#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/inspection."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Look at clusters, their health, capacity and credentials
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Looks at the clusters of the hosts in play, all in one call, also at those that have not joined a federation.
  - A cluster is V(ready) when its API server calls itself ready and a read has reached its etcd. An API server whose etcd is
    dead goes on answering lists from its cache, and one whose etcd is full calls itself ready; the first shows here always, the
    second with O(probe=write).
  - Nothing is written without O(probe=write), and no credential is made or renewed. A cluster that cannot be read is part of
    the answer; what the credential may not read is a note.
  - Needs no federation. Where none is named, nothing is said of membership.
extends_documentation_fragment:
  - multicluster.federation.fleet
options:
  probe:
    description:
      - V(read) writes nothing. Then a member that works is C(ready (writes unproven)).
      - V(write) also writes a Lease called C(federation-canary) in the namespace C(federation-NAME) of each member. It is not the
        lock of the federation. Clusters that have not joined are not written to.
    type: str
    choices: [read, write]
    default: read
  probe_timeout:
    description: Seconds for the questions that tell how a cluster is. They are asked together, and each of them once.
    type: float
    default: 3.0
  capacity:
    description: Whether to read all pods, to tell what is requested and what is free. Nodes are read in any case.
    type: bool
    default: true
  credential_warn_days:
    description:
      - A credential that ends in fewer days gives a warning. What plugins and other programs renew by themselves (an exec plugin, a
        token file) does not.
    type: float
    default: 7.0
  fail_on:
    description:
      - How many members may be anything but V(ready) before the task fails. V(any), V(all), V(none), a number (V(2)), or a share
        (V(25%)).
    type: str
    default: none
  show:
    description: Also print the table to the output of the run.
    type: bool
    default: false
attributes:
  check_mode:
    description: Reads only; the write of O(probe=write) is left out.
    support: full
  diff_mode:
    description: Reads only.
    support: none
"""

EXAMPLES = r"""
- name: How are the clusters?
  hosts: clusters
  gather_facts: false
  tasks:
    - name: Look at them
      multicluster.federation.cluster_info:
        show: true
      run_once: true

- name: Go on only if every member can be written to
  hosts: clusters
  gather_facts: false
  tasks:
    - name: Insist on healthy members
      multicluster.federation.cluster_info:
        federation: production
        probe: write
        fail_on: any
      run_once: true
      register: fleet

    - name: Insist on credentials that live for two weeks
      ansible.builtin.assert:
        that: item.value.credential.seconds_left is none or item.value.credential.seconds_left > 14 * 86400
      loop: "{{ fleet.members | dict2items }}"
      loop_control: {label: "{{ item.key }}"}
      run_once: true
"""

RETURN = r"""
msg:
  description: The state in one line.
  returned: always
  type: str
  sample: "3 members: 2 ready, 1 unreachable (us-1: 10.0.0.3:6443 refuses connections)"
summary:
  description: How many members there are, and how many of each status; a status that nobody has is left out.
  returned: always
  type: dict
  sample: {members: 3, ready: 2, unreachable: 1}
table:
  description: Lines of a table, and below it what is wrong and what to do.
  returned: always
  type: list
  elements: str
members:
  description: The members in play, by name.
  returned: always
  type: dict
  contains:
    status:
      description:
        - V(ready), or V(degraded) if it answers but does not work, for example because its etcd does not answer or is full.
        - V(unreachable) if nobody answers, V(untrusted) if its certificate is not trusted.
        - V(unauthorized) if it does not accept the credential, or there is none. V(forbidden) if the credential may not read what
          would prove that etcd answers.
      type: str
      sample: ready
    writes:
      description: V(proven), V(unproven) if no write was tried or possible, or V(failed).
      type: str
      sample: unproven
    msg:
      description: Why it is not ready; empty if it is.
      type: str
      sample: ""
    hint:
      description: What to do about it.
      type: str
      sample: ""
    joined:
      description: Whether it is a member of the federation. For one that cannot be read, whether the other members know it.
      type: bool
      sample: true
    federation:
      description: The federation that it is a member of, or empty.
      type: str
      sample: production
    uid:
      description: UID of its namespace C(kube-system), which tells clusters apart.
      type: str
      sample: 6f0c1a6e-9f5e-4a3c-8c39-0d0e8d3f5b1a
    version:
      description: Version of the API server.
      type: str
      sample: v1.34.4
    region:
      description: Region, from the inventory, the fleet record or the labels of the nodes.
      type: str
      sample: eu
    zones:
      description: Zones, from the same places.
      type: list
      elements: str
      sample: [eu-a, eu-b]
    provider:
      description: Provider, from the same places.
      type: str
      sample: aws
    labels:
      description: Labels of the inventory and of the fleet record.
      type: dict
      sample: {tier: prod}
    taints:
      description: Taints of the inventory and of the fleet record.
      type: list
      elements: str
      sample: ["maintenance=true:NoSchedule"]
    cordoned:
      description: Whether nothing new is placed there.
      type: bool
      sample: false
    nodes:
      description:
        - How many nodes there are, how many are ready, and how many of these take pods without tolerations (not cordoned, no taint
          V(NoSchedule) or V(NoExecute)). Empty if they could not be read.
      type: dict
      sample: {total: 3, ready: 3, schedulable: 3}
    capacity:
      description:
        - What the schedulable nodes offer, what pods on them request by the rules of the scheduler, and what is free. CPU is in
          millicores, memory in bytes. What is free is summed node by node; no pod can have the free part of two nodes.
        - Empty if pods were not read.
      type: dict
      sample:
        cpu: {allocatable: 12000, requested: 3500, free: 8500}
        memory: {allocatable: 51539607552, requested: 1073741824, free: 50465865728}
        pods: {allocatable: 330, requested: 14, free: 316}
    resources:
      description: What each resource of the federation owns there, by kind.
      type: dict
      sample: {shop: {ConfigMap: 1, Deployment: 2, Service: 2}}
    credential:
      description:
        - The credential in use. C(kind) is V(token), V(token_file), V(certificate), V(exec), V(basic) or V(none).
        - C(user) is whose it is, as far as it tells; C(expires) and C(seconds_left) are null if it does not end or does not tell.
        - Where every run makes a token of its own (O(credentials=per_run)), it is the one that makes them.
      type: dict
      sample:
        kind: token
        user: "system:serviceaccount:federation-production:federation"
        expires: "2026-12-24T08:00:00Z"
        seconds_left: 2592000
    clock_skew:
      description: Seconds by which its clock is ahead of the controller's; below 1 s it counts as 0. Null if it does not tell.
      type: int
      sample: 0
    checks:
      description: The questions that were asked, with the seconds that each answer took.
      type: list
      elements: dict
      sample:
        - {name: api, ok: true, msg: "", seconds: 0.011}
        - {name: readyz, ok: true, msg: "", seconds: 0.012}
        - {name: etcd, ok: true, msg: "", seconds: 0.013}
    notes:
      description: What else there is to know, for example what the credential may not read.
      type: list
      elements: str
      sample: []
    seconds:
      description: Seconds that looking at this member took.
      type: float
      sample: 0.058
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import fleet_verbs, inputs, options
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    fleet = inputs.fleet_of(module.params, module.check_mode, nameless=True)
    return fleet_verbs.cluster_info(fleet, module.params, module.check_mode)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.CLUSTER_INFO, _run)


if __name__ == "__main__":
    main()
