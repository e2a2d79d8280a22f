#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/sandbox/run.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: control_plane
short_description: Run real Kubernetes control planes as local processes
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Starts members of a sandbox on loopback, for trying, testing and breaking things. Each has an etcd, a kube-apiserver,
    a kube-controller-manager and a kube-scheduler of its own. Its nodes are simulated by kwok, so that pods become
    ready, but nothing runs in them. Neither root nor a container engine is needed.
  - A sandbox is a folder. It holds an inventory, a kubeconfig with a context for each member, and the state of the
    members, so that any later task finds them again.
  - Programs are taken from O(assets), from the folder that E(KUBEBUILDER_ASSETS) names, from E(PATH), from a cache, or
    else built from their published Go modules into the cache. That takes some minutes, once.
requirements:
  - cryptography, which ansible-core brings along
  - PyYAML, which ansible-core brings along
  - Go 1.26 or later, or pip, unless all programs are there
options:
  sandbox:
    description: Name of the sandbox.
    type: str
    default: default
  root:
    description:
      - Folder in which sandboxes have their folders.
      - Without it, C(multicluster.federation/sandboxes) in E(XDG_STATE_HOME), which is C(~/.local/state) if not set.
    type: path
  state:
    description:
      - V(started) creates members that are not there, starts what does not run, resumes what is paused, brings the nodes
        to what is asked for, and waits until members are ready. What runs is left running; but with an API server or an etcd that is
        started, whatever watches it is started anew, as on a real control plane, where it ends when it loses its lease.
      - V(stopped) ends processes in order, V(killed) ends them as a crash would, V(paused) makes them hang.
      - V(absent) ends processes as a crash would, and removes all files.
    type: str
    choices: [started, stopped, killed, paused, absent]
    default: started
  name:
    description:
      - Name of one member, described by the options beside this one.
      - Without O(name) and O(members), all members of the sandbox are meant; and with O(state=absent), the sandbox.
    type: str
  component:
    description:
      - The part of the members that is meant, to break or heal just that.
      - V(sandbox-node) is a real node as a whole, as by its power switch; the last four are what runs on it. Of these, what is ended stays
        down until it, or the member, is started; what ends by itself is started again.
    type: str
    choices:
      - all
      - etcd
      - kube-apiserver
      - kube-controller-manager
      - kube-scheduler
      - kwok
      - sandbox-node
      - containerd
      - coredns
      - kube-proxy
      - kubelet
    default: all
  members:
    description: Several members, brought to O(state) all at once. Cannot be used with O(name).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the member.
        type: str
        required: true
      region:
        description: As O(region).
        type: str
      zones:
        description: As O(zones).
        type: list
        elements: str
      provider:
        description: As O(provider).
        type: str
      nodes:
        description: As O(nodes).
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the node. Without it, the name of the member and a number.
            type: str
          zone:
            description: One of the member's zones. Without it, nodes go to the zones in turn.
            type: str
          cpu:
            description: How many CPUs it has, as Kubernetes writes quantities. V(4) if not given.
            type: str
          memory:
            description: How much memory it has. V(16Gi) if not given.
            type: str
          pods:
            description: How many pods fit on it. V(110) if not given.
            type: int
          labels:
            description: Labels of the node, beside those for region, zone, instance type, host name, system and architecture.
            type: dict
          taints:
            description: Taints of the node.
            type: list
            elements: dict
            suboptions:
              key:
                description: Key of the taint.
                type: str
                required: true
              value:
                description: Value of the taint.
                type: str
              effect:
                description: Effect of the taint.
                type: str
                required: true
                choices: [NoSchedule, PreferNoSchedule, NoExecute]
      node_count:
        description: As O(node_count).
        type: int
      node_cpu:
        description: As O(node_cpu).
        type: str
      node_memory:
        description: As O(node_memory).
        type: str
      node_pods:
        description: As O(node_pods).
        type: int
      labels:
        description: As O(labels).
        type: dict
      taints:
        description: As O(taints).
        type: list
        elements: dict
        suboptions:
          key:
            description: Key of the taint.
            type: str
            required: true
          value:
            description: Value of the taint.
            type: str
          effect:
            description: Effect of the taint.
            type: str
            required: true
            choices: [NoSchedule, PreferNoSchedule, NoExecute]
      kubernetes_version:
        description: As O(kubernetes_version).
        type: str
      node_kind:
        description: As O(node_kind).
        type: str
        choices: [kwok, kubelet]
      images:
        description: As O(images).
        type: list
        elements: str
  exclusive:
    description: Remove members of the sandbox that are not in O(members).
    type: bool
    default: false
  region:
    description: Region of the member. V(local) for a new one, as long as it is not given.
    type: str
  zones:
    description: Zones of the member. For a new one, one zone named after the region.
    type: list
    elements: str
  provider:
    description: Provider of the member, which begins the C(providerID) of its nodes. V(sandbox) for a new one.
    type: str
  nodes:
    description: Nodes of the member. Takes the place of O(node_count) and the sizes beside it.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the node. Without it, the name of the member and a number.
        type: str
      zone:
        description: One of the member's zones. Without it, nodes go to the zones in turn.
        type: str
      cpu:
        description: How many CPUs it has, as Kubernetes writes quantities. V(4) if not given.
        type: str
      memory:
        description: How much memory it has. V(16Gi) if not given.
        type: str
      pods:
        description: How many pods fit on it. V(110) if not given.
        type: int
      labels:
        description: Labels of the node, beside those for region, zone, instance type, host name, system and architecture.
        type: dict
      taints:
        description: Taints of the node.
        type: list
        elements: dict
        suboptions:
          key:
            description: Key of the taint.
            type: str
            required: true
          value:
            description: Value of the taint.
            type: str
          effect:
            description: Effect of the taint.
            type: str
            required: true
            choices: [NoSchedule, PreferNoSchedule, NoExecute]
  node_count:
    description: How many nodes of equal size the member has. V(3) for a new one.
    type: int
  node_cpu:
    description: How many CPUs each of these nodes has, as Kubernetes writes quantities. V(4) for a new member.
    type: str
  node_memory:
    description: How much memory each of these nodes has. V(16Gi) for a new member.
    type: str
  node_pods:
    description: How many pods fit on each of these nodes. V(110) for a new member.
    type: int
  labels:
    description: Labels of the member for placement. They go to the inventory, not to the nodes.
    type: dict
  taints:
    description: Taints of the member for placement. They go to the inventory, not to the nodes.
    type: list
    elements: dict
    suboptions:
      key:
        description: Key of the taint.
        type: str
        required: true
      value:
        description: Value of the taint.
        type: str
      effect:
        description: Effect of the taint.
        type: str
        required: true
        choices: [NoSchedule, PreferNoSchedule, NoExecute]
  kubernetes_version:
    description:
      - Version of Kubernetes. V(1.34.4) for a new member. Another version for a member that runs restarts it.
      - Beside O(members), the version of those that name none.
    type: str
  node_kind:
    description:
      - V(kwok), for a new member that says nothing, pretends to run pods on as many nodes of any size as asked for.
      - V(kubelet) is one node, this machine, that really runs them - containerd, kubelet, kube-proxy, cluster DNS, volumes on disk. Pods of
        all members on this machine reach each other. It needs root on Linux, and a message says which programs are missing.
      - It cannot be changed for a member that exists, nor can the place of a real node.
    type: str
    choices: [kwok, kubelet]
  images:
    description:
      - Images that a real node has before anything starts, since there is no registry - V(tools), V(redis), V(mysql) (MariaDB) and
        V(rabbitmq) are made of Debian packages and are called C(sandbox.local/NAME:debian) in pods; or paths of archives (C(docker save)).
    type: list
    elements: str
  assets:
    description:
      - Folder in which to look for programs first. Those that are missing there are looked for elsewhere.
      - Programs of Kubernetes of another minor version than asked for are passed over, with a warning.
    type: path
  wait_timeout:
    description: Seconds that members have to become ready, builds not counted; and that another run is waited for.
    type: int
    default: 120
  show:
    description: Also print what was done, and what to try next, to the output of the run.
    type: bool
    default: false
notes:
  - The task runs where its connection leads. On a local connection it tells about builds and ready members while it runs.
  - What is not said of a member that exists stays as it is.
  - Only processes of the sandbox are ever signalled. They are known by process id and start time, or by a command line
    that names the folder of the sandbox.
attributes:
  check_mode:
    description: Says what would be done. Programs are not built, nodes are compared with those of members that run.
    support: full
  diff_mode:
    description: Shows the states of all components before and after.
    support: full
"""

EXAMPLES = r"""
- name: Start a member in two zones
  multicluster.federation.control_plane:
    sandbox: demo
    name: eu-1
    region: eu
    zones: [eu-a, eu-b]
    provider: aws
    node_count: 4
    labels: {tier: prod}

- name: Start three members at once, and no others
  multicluster.federation.control_plane:
    sandbox: demo
    exclusive: true
    members:
      - {name: eu-1, region: eu}
      - {name: eu-2, region: eu, node_cpu: "2", node_memory: 8Gi}
      - name: us-1
        region: us
        zones: [us-a, us-b]
        nodes:
          - {zone: us-a, cpu: "8", memory: 32Gi}
          - {zone: us-b, cpu: "64", memory: 256Gi, taints: [{key: big, effect: NoSchedule}]}

- name: Let the etcd of one member crash
  multicluster.federation.control_plane:
    sandbox: demo
    name: eu-1
    component: etcd
    state: killed

- name: Heal whatever is broken
  multicluster.federation.control_plane:
    sandbox: demo

- name: Remove the sandbox, whatever state it is in
  multicluster.federation.control_plane:
    sandbox: demo
    state: absent
"""

RETURN = r"""
msg:
  description: The result in one line. If members failed, one line more for each.
  returned: always
  type: str
  sample: "sandbox demo: eu-1 started"
sandbox:
  description: Name of the sandbox.
  returned: when the options are right
  type: str
  sample: demo
folder:
  description: Folder of the sandbox.
  returned: when the options are right
  type: str
  sample: /home/ada/.local/state/multicluster.federation/sandboxes/demo
inventory:
  description: Path of the inventory, with the members that are or were ready in the group C(clusters).
  returned: when the options are right
  type: str
  sample: /home/ada/.local/state/multicluster.federation/sandboxes/demo/inventory.yml
kubeconfig:
  description: Path of a kubeconfig with a context for each member, named after it. Its users are administrators.
  returned: when the options are right
  type: str
  sample: /home/ada/.local/state/multicluster.federation/sandboxes/demo/kubeconfig
failures:
  description: What went wrong, by member.
  returned: when a member failed
  type: dict
  sample: {eu-1: "eu-1: waited in vain for its nodes to be Ready"}
members:
  description: The members that the task was about, by name.
  returned: when the options are right
  type: dict
  contains:
    state:
      description:
        - V(running), V(paused), V(stopped) or V(absent); V(degraded) if the components differ.
        - In check mode, what it would be.
      returned: always
      type: str
      sample: running
    changed:
      description: Whether anything was done.
      returned: always
      type: bool
    actions:
      description: What was done.
      returned: always
      type: list
      elements: str
      sample: [started etcd]
    components:
      description: State and process id of each component, by name. The state is V(running), V(paused) or V(dead).
      returned: unless the member is absent
      type: dict
      sample: {etcd: {state: running, pid: 4711}}
    server:
      description: URL of the API server.
      returned: unless the member is absent
      type: str
      sample: https://127.0.0.1:21234
    context:
      description: Name of the member's context in all kubeconfigs.
      returned: unless the member is absent
      type: str
      sample: eu-1
    kubeconfig:
      description: Path of the kubeconfig of the member's administrator.
      returned: unless the member is absent
      type: str
    user_kubeconfig:
      description: Path of the kubeconfig of a user who is known but may do nothing.
      returned: unless the member is absent
      type: str
    region:
      description: Region of the member.
      returned: unless the member is absent
      type: str
    zones:
      description: Zones of the member.
      returned: unless the member is absent
      type: list
      elements: str
    provider:
      description: Provider of the member.
      returned: unless the member is absent
      type: str
    nodes:
      description: Names of the member's nodes.
      returned: unless the member is absent
      type: list
      elements: str
    kubernetes_version:
      description: Version of Kubernetes.
      returned: unless the member is absent
      type: str
      sample: 1.34.4
    audit_log:
      description:
        - Path of the API server's audit log. It has one line of metadata for each request that was answered, reads too,
          but for those of the control plane itself and of the sandbox.
      returned: unless the member is absent
      type: str
    logs:
      description: Folder of the logs of the components.
      returned: unless the member is absent
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.adapter import run_module
from ..module_utils.sandbox import run
from ..module_utils.sandbox.options import CONTROL_PLANE


def _run(module: AnsibleModule) -> dict[str, object]:
    return run.run(module.params, module.check_mode)


def main() -> None:
    """Run where the connection leads; on a local connection, the action of this name runs the same and shows progress."""
    run_module(CONTROL_PLANE, _run)


if __name__ == "__main__":
    main()
