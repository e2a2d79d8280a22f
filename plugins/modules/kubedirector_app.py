#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the verb, which runs on the controller only; the work is in module_utils/instances."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubedirector_app
short_description: Register KubeDirector app definitions on members
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Puts the definition of an app on members, so that instances can be made of it where its file is not at hand - from another playbook, in
    AWX, by another team. M(multicluster.federation.kubedirector_info) lists what is registered.
  - A definition is checked as the KubeDirector operator would check it, and more. All that is wrong with it is said at once.
  - While instances use an app it can neither be changed nor removed; the message names them. Register a new version under another name.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.fleet.run
  - multicluster.federation.kubedirector
options:
  name:
    description: Name of the app. With O(src) or O(definition) it has to be theirs; without them the app is taken from a catalog.
    type: str
  src:
    description:
      - A file with a C(KubeDirectorApp) (C(kubedirector.hpe.com/v1beta1)), and an C(AppRuntime) (C(multicluster.federation/v1)) if the app
        needs more than a C(KubeDirectorApp) can say.
  namespace:
    description: Where definitions are kept on the members.
    type: str
    default: kubedirector
seealso:
  - module: multicluster.federation.kubedirector_cluster
  - module: multicluster.federation.kubedirector_info
"""

EXAMPLES = r"""
- name: Apps of our own
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Register an app on all members
      multicluster.federation.kubedirector_app:
        src: apps/orders-queue.yaml
      run_once: true

    - name: Register one of a checkout on some
      multicluster.federation.kubedirector_app:
        name: cassandra311
        catalog: [kubedirector/deploy/example_catalog]
        placement:
          region: eu
      run_once: true

    - name: Remove one that nobody uses
      multicluster.federation.kubedirector_app:
        name: cassandra311
        state: absent
      run_once: true
"""

RETURN = r"""
msg:
  description: What happened, in one line.
  returned: always
  type: str
  sample: "3 members: 3 created"
app:
  description: The app - C(name), C(label), C(version), C(roles), C(parameters), C(used_by).
  returned: always
  type: dict
  sample: {name: orders-queue, version: "1.2", used_by: []}
members:
  description: The members, by name, as M(multicluster.federation.federated_resource) returns them.
  returned: always
  type: dict
  sample: {}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options


def main() -> None:
    """Arguments only: the action of this name does the work."""
    module = AnsibleModule(argument_spec=options.KUBEDIRECTOR_APP, supports_check_mode=True)
    module.fail_json(msg="kubedirector_app runs on the controller: use it as a task of a playbook")


if __name__ == "__main__":
    main()
