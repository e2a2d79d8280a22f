#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the verb, which runs on the controller only; the work is in module_utils/instances."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubedirector_info
short_description: Show how instances of KubeDirector apps stand
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Reads the instances of the members in play - their state, each role and pod, where clients reach them, which Secrets hold their
    credentials, and what is wrong, with the reason and the last lines of the logs.
  - C(ready) means that every pod of every role is ready, of the newest version, and that there are as many as were asked for.
  - It writes nothing and reads no value of a Secret. Instances that a KubeDirector operator made are shown as well.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.kubedirector.info
options:
  name:
    description: Name of one instance. By default all of them.
    type: str
  namespace:
    description: Namespace of the instances. By default all of them.
    type: str
  apps:
    description: Return the apps as well - those of the catalogs, and those that members hold, with the instances that use them.
    type: bool
    default: false
  catalog:
    description: Folders or files with app definitions, as in M(multicluster.federation.kubedirector_cluster).
    type: list
    elements: path
  show:
    description: Print a table.
    type: bool
    default: false
seealso:
  - module: multicluster.federation.kubedirector_cluster
"""

EXAMPLES = r"""
- name: How are the databases
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Show all instances
      multicluster.federation.kubedirector_info:
        show: true
      run_once: true

    - name: Fail unless the cache is ready
      multicluster.federation.kubedirector_info:
        name: cache
        namespace: shop
      register: cache
      failed_when: cache.instances | rejectattr('state', 'equalto', 'ready') | length > 0 or cache.instances | length == 0
      run_once: true
"""

RETURN = r"""
msg:
  description: How many instances are in which state.
  returned: always
  type: str
  sample: "1 creating, 4 ready"
instances:
  description:
    - Each instance on each member - C(name), C(namespace), C(member), C(app), C(version), C(federation), C(state), C(problems), C(roles)
      with C(desired), C(ready), C(image) and C(pods), C(endpoints), C(secrets) (names of those that hold credentials), C(volumes).
    - Where data are copied to a second member, C(data) is V(home) on the one that takes writes, and V(copy) on the other.
    - The state is V(ready), V(creating), V(updating), V(degraded), V(failed), V(going), or V(retained) for volumes without their instance.
    - A pod has a C(problem) also when a hook of its app failed in it, runs, or is still to run. An instance is ready when its pods are
      configured.
  returned: always
  type: list
  elements: dict
  sample: [{name: cache, namespace: shop, member: eu-1, app: redis, state: ready}]
unreachable:
  description: Members that could not be read, with the reason.
  returned: always
  type: dict
  sample: {}
apps:
  description: The apps - C(name), C(label), C(version), C(source), C(members), C(used_by), C(roles), C(parameters).
  returned: with O(apps)
  type: list
  elements: dict
  sample: [{name: redis, version: "7.4", used_by: ["shop/cache (on eu-1)"]}]
table:
  description: The same as lines for people.
  returned: always
  type: list
  elements: str
  sample: ["INSTANCE    MEMBER  APP        STATE  ROLES             ENDPOINTS"]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options


def main() -> None:
    """Arguments only: the action of this name does the work."""
    module = AnsibleModule(argument_spec=options.KUBEDIRECTOR_INFO, supports_check_mode=True)
    module.fail_json(msg="kubedirector_info runs on the controller: use it as a task of a playbook")


if __name__ == "__main__":
    main()
