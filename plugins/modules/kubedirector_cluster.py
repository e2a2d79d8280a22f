#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the verb, which runs on the controller only; the work is in module_utils/instances."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubedirector_cluster
short_description: Create, scale, upgrade and remove instances of KubeDirector apps
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - An app (redis, mysql, rabbitmq, or one of your own) is described once. This makes instances of it on members of the fleet - virtual
    clusters, in KubeDirector's words - and changes them. No operator is needed in the members.
  - What is not said of an instance that exists stays as it was, so that O(roles) with one role and a number scales it.
  - An instance is a resource of the federation as any other - a second run finds nothing to do, drift is repaired, what is no longer wanted
    is pruned, and nothing is taken that somebody else made.
  - Passwords are made on the member when the instance is, and nowhere else. They are never changed by a later run, and never shown.
  - With O(wait), roles are brought up one after the other, those that others need first. It stops at the first that fails, and says what
    its pods say.
  - Runs the hooks of an app and its setup package in the pods. It takes O(wait) for those that run once pods are there.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.fleet.run
  - multicluster.federation.kubedirector
  - multicluster.federation.resource.propagate
options:
  name:
    description: Name of the instance. Its objects begin with it.
    type: str
    required: true
  namespace:
    description: Namespace of the instance, which is made where it is not there.
    type: str
    default: default
  src:
    description:
      - A file with a C(KubeDirectorCluster) (C(kubedirector.hpe.com/v1beta1)), or with the short form (C(director.kubedirector.io/v1),
        which names an app and its roles). Instead of O(app) and O(roles).
  app:
    description: Name of the app. Needed when the instance is made, and read-only afterwards.
    type: str
  app_catalog:
    description: What to write into C(spec.appCatalog). An app is looked for among those that are registered, then in the catalogs.
    type: str
    choices: [local, system]
  roles:
    description:
      - The roles of which something is to be said. A role that the app needs and that is not named gets the least that it allows.
      - The fields are those of a C(KubeDirectorCluster).
    type: list
    elements: dict
    suboptions:
      id:
        description: Name of the role in its app.
        type: str
        required: true
      members:
        description: How many pods it has.
        type: int
        aliases: [count]
      resources:
        description: Requests and limits (C(cpu) and C(memory) for both, or C(limits) and C(requests)). Without it, the least of its app.
        type: dict
      storage:
        description: C(size), and C(storageClassName) if it is not the default of the member. It cannot change while the role has pods.
        type: dict
      blockStorage:
        description: Raw devices - C(storageClassName), C(pathPrefix), C(numDevices), C(size).
        type: dict
      env:
        description: Environment variables, each with C(name) and C(value). They replace those of the app.
        type: list
        elements: dict
      podLabels:
        description: More labels of its pods.
        type: dict
      podAnnotations:
        description: More annotations of its pods.
        type: dict
      serviceLabels:
        description: More labels of its Services.
        type: dict
      serviceAnnotations:
        description: More annotations of its Services.
        type: dict
      affinity:
        description: Affinity of its pods. Without it, they keep apart from each other where there are several nodes.
        type: dict
      sharedMemory:
        description: Size of C(/dev/shm).
        type: str
      secret:
        description: A Secret of the namespace that is mounted - C(name), C(mountPath), C(defaultMode), C(readOnly).
        type: dict
      secretKeys:
        description: Secrets for setup packages, each with C(name) and C(value). They go into a Secret.
        type: list
        elements: dict
      serviceAccountName:
        description: ServiceAccount of its pods.
        type: str
      volumeProjections:
        description: PersistentVolumeClaims that are there already - C(pvcName), C(mountPath), C(readOnly).
        type: list
        elements: dict
  service_type:
    description: Type of the Services. V(ClusterIP) if nobody says.
    type: str
    choices: [ClusterIP, NodePort, LoadBalancer]
  expose:
    description: A Service for each role (the default), for each pod as the operator makes them, or both.
    type: str
    choices: [role, pod, both]
  parameters:
    description: Values for the parameters of the app. The page of an app lists them.
    type: dict
  images:
    description: Images by role, in the place of those of the app. For a registry of your own.
    type: dict
  retain:
    description:
      - Volumes outlive their pods and the instance, and generated Secrets outlive it with them. An instance of the same name takes them
        up again.
      - Without it, a volume is deleted with the pod that is scaled away, and with the instance. With O(state=absent) it decides about
        what is there now, whatever was said before.
    type: bool
  instances:
    description:
      - V(one) (the default) is one instance with one home, which the scheduler chooses among the members of O(placement).
      - V(each) is an instance of its own on each of them. They know nothing of each other.
    type: str
    choices: [one, each]
  data:
    description:
      - What becomes of data when the home is lost. V(none) says that the instance may start elsewhere without any.
      - V(redis-replication), for redis, keeps a copy in a second member. The first member that is chosen is the home, which takes
        writes; the copy takes over when the home is lost and M(multicluster.federation.failover) is run, or by O(home). An old home that
        comes back follows its successor.
      - Without it, the instance never moves by itself.
    type: str
  home:
    description:
      - The member that is to take writes, where data are copied to a second one. The home until now hands over without losing a write if it
        is alive.
    type: str
  connect:
    description:
      - Members that are told how to reach the instance - a ConfigMap C(NAME-connection) with its addresses, and copies of its
        Secrets. An empty list takes them back.
      - Addresses that other members can reach take O(service_type=LoadBalancer).
    type: list
    elements: str
  failover:
    description: As in M(multicluster.federation.federated_resource). Only together with O(data).
    type: str
    choices: [plan, automatic, never]
  upgrade:
    description:
      - Take the definition of the app as its catalog has it now. An instance runs the one that it was made from until somebody says this.
    type: bool
    default: false
  rollback:
    description: Put everything back as it was when a role does not become healthy.
    type: bool
    default: false
  wait:
    description: Wait until every pod of every role is ready, or until all of them are gone.
    type: bool
    default: true
seealso:
  - module: multicluster.federation.kubedirector_app
  - module: multicluster.federation.kubedirector_info
"""

EXAMPLES = r"""
- name: A cache on one member
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Redis, with a replica and a volume for each
      multicluster.federation.kubedirector_cluster:
        name: cache
        namespace: shop
        app: redis
        members: [eu-1]
        parameters:
          persistence: aof
        roles:
          - id: redis-server
            resources: {cpu: "0.5", memory: 1Gi}
            storage: {size: 10Gi}
          - id: redis-replica
            members: 1
            storage: {size: 10Gi}
      run_once: true

    - name: Two replicas, everything else as it is
      multicluster.federation.kubedirector_cluster:
        name: cache
        namespace: shop
        roles:
          - id: redis-replica
            members: 2
      run_once: true

    - name: The short form of a manifest
      multicluster.federation.kubedirector_cluster:
        name: redis-app
        definition:
          apiVersion: director.kubedirector.io/v1
          kind: KubeDirectorApp
          metadata: {name: redis-app}
          spec:
            app: redis
            appCatalog: local
            roles:
              - id: redis-server
                count: 1
                resources: {cpu: "0.5", memory: 1Gi}
      run_once: true

    - name: Remove the cache, and keep its volumes
      multicluster.federation.kubedirector_cluster:
        name: cache
        namespace: shop
        state: absent
        retain: true
      run_once: true
"""

RETURN = r"""
msg:
  description: What happened, in one line. After a wait in vain, with the reasons of the pods and the last lines of their logs.
  returned: always
  type: str
  sample: "shop/cache on eu-1 (ready): 3 members: 6 created"
instance:
  description:
    - The instance - C(name), C(namespace), C(app), C(version), C(resource) (its name among the resources of the federation), C(placed) (its
      members), C(roles) with the number of pods, C(addresses) (DNS names of roles inside of the member), C(secrets) (names of the Secrets
      that hold credentials), and C(members), the state on each member as M(multicluster.federation.kubedirector_info) returns it.
    - Where data are copied to a second member, C(replication) has the C(home), its C(epoch), and of each member its C(role), C(offset), and
      how far a copy is C(behind), whether it is C(linked) and how many seconds ago it heard of its home (C(age)).
  returned: always
  type: dict
  sample: {name: cache, namespace: shop, placed: [eu-1], roles: {redis-server: 1}, secrets: [cache-auth]}
hooks:
  description: What was run in pods, in order for each member; in check mode, what would be run.
  returned: when anything was run
  type: list
  elements: str
  sample: ["eu-1: configure in cache-redis-server-0"]
stages:
  description: What was done role by role, in words.
  returned: with O(state=present)
  type: list
  elements: str
  sample: ["redis-server: 1 member: 5 created"]
members:
  description: The members, by name, as M(multicluster.federation.federated_resource) returns them.
  returned: always
  type: dict
  sample: {}
resources:
  description: Where the instance is, and why not elsewhere, as M(multicluster.federation.federated_resource) returns it.
  returned: always
  type: dict
  sample: {}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options


def main() -> None:
    """Arguments only: the action of this name does the work."""
    module = AnsibleModule(argument_spec=options.KUBEDIRECTOR_CLUSTER, supports_check_mode=True)
    module.fail_json(msg="kubedirector_cluster runs on the controller: use it as a task of a playbook")


if __name__ == "__main__":
    main()
