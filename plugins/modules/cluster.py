#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/membership."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster
short_description: Join clusters to a federation, operate them, or let them leave it
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Joins the clusters of the hosts in play to a federation, all in one call, or lets them leave it.
  - A join proves that the API server answers and is Kubernetes, creates the namespace C(federation-NAME) with a service account
    and the rights that are needed, and writes the fleet record, which every member holds.
  - Labels, taints and cordons are kept in the fleet record, so they can be set for a member that is down, too.
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
  force:
    description:
      - Also let members leave that cannot be reached, with O(state=absent). The others forget them; what is on them runs on.
      - When such a member comes back, it is treated as one that has to join again.
    type: bool
    default: false
  rotate:
    description:
      - Make the service account of the members anew. Every token of before ends, also a stolen one; an API server may accept it for
        ten more seconds.
      - With O(credentials=file), new kubeconfigs are written.
    type: bool
    default: false
  rights:
    description:
      - What the members' own credential may do, in addition to what it may already. What propagated resources take is always
        included. The rights are remembered on the member.
    type: dict
    suboptions:
      profile:
        description:
          - V(minimal) is what the federation itself needs. V(applications) adds the usual kinds of applications, without Secrets.
            V(cluster_admin) is everything.
          - Without it, what was said before, and V(applications) at first.
        type: str
        choices: [minimal, applications, cluster_admin]
      rules:
        description: RBAC rules that hold in the whole cluster, as they stand in a ClusterRole.
        type: list
        elements: dict
      secret_namespaces:
        description:
          - Namespaces in which Secrets may be read and written; they are made where they are missing.
          - Nothing else than this and Secrets in manifests gives rights on Secrets, and never on those of all namespaces.
        type: list
        elements: str
      exact:
        description: Take rights away that were given before and are neither given now nor taken by propagated resources.
        type: bool
        default: false
      src:
        description:
          - Manifests that are going to be propagated. The rights to write them are given, and those that roles among them give, since
            nobody may make a role that gives more than he may do himself.
        type: list
        elements: str
      template:
        description: As O(rights.src), rendered as Jinja templates first.
        type: list
        elements: str
      definition:
        description: As O(rights.src), inline.
        type: raw
      definition_data:
        description: As O(rights.definition), as text that is never shown.
        type: str
      namespace:
        description: Where namespaced manifests go that name no namespace.
        type: str
        default: default
  labels:
    description: Labels to set on the members, over those of the inventory. A label with the value null is removed.
    type: dict
  taints:
    description:
      - Taints to set on the members, besides those of the inventory, as C({key, value, effect}) or C(key=value:Effect). The time is kept.
    type: list
    elements: raw
  remove_taints:
    description: Taints to remove, as C(key), C(key:Effect) or C(key=value:Effect). Those of the inventory stay.
    type: list
    elements: raw
  lost:
    description:
      - Declares members lost, or takes that back. What is on them counts as there until it is moved (M(multicluster.federation.failover),
        or any run where a resource says C(failover) V(automatic)). Nothing is sent to a lost member.
      - Refused for a member that answers (unless O(force=true)), for one that is only not trusted or does not accept the credential, and
        beyond O(max_lost).
      - M(multicluster.federation.failback) takes it back in the right order.
    type: bool
  fenced:
    description: Says that somebody made sure that the members neither write nor serve, so that what keeps state may run elsewhere.
    type: bool
  max_lost:
    description: How many members may be lost at once, as a number (V(2)), a share (V(30%)), or the larger of both (V(1 or 25%)).
    type: str
    default: 1 or 25%
  cordon:
    description: Whether anything new may come to the members; what is there stays. Without it, that is left as it is.
    type: bool
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

- name: Operate a member (use with --limit eu-2)
  hosts: clusters
  gather_facts: false
  tasks:
    - name: Give its credential what the shop takes
      multicluster.federation.cluster:
        rights:
          profile: minimal
          src: shop.yaml
          secret_namespaces: [shop]
      run_once: true

    - name: Keep new applications away, and name the reason
      multicluster.federation.cluster:
        cordon: true
        labels: {maintenance: kernel}
      run_once: true

    - name: Open it again
      multicluster.federation.cluster:
        cordon: false
        labels: {maintenance: null}
      run_once: true

    - name: Forget a member that will not come back
      multicluster.federation.cluster:
        state: absent
        force: true
      run_once: true
      when: gone | default(false) | bool

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
        labels: {maintenance: kernel}
        taints: [{taint: "drill:NoExecute", since: "2026-11-23T12:00:00Z"}]
        cordoned: "2026-11-23T12:00:00Z"
      credential:
        file: /home/ops/.local/state/multicluster.federation/credentials/production/eu-1.kubeconfig
        expires: "2026-12-23T12:00:00Z"
        seconds_left: 2592000
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

from ..module_utils import fleet_verbs, inputs, options
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    params = module.params
    manifests = inputs.read_rights(params.get("rights") or {})
    return fleet_verbs.cluster(
        inputs.fleet_of(params, module.check_mode), params, module.check_mode, module._diff, manifests
    )


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.CLUSTER, _run)


if __name__ == "__main__":
    main()
