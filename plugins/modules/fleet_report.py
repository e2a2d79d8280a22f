#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in plugin_utils/fleet_report.py, and runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Write how a fleet and its resources stand as one HTML page
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Reads the members in play as M(multicluster.federation.cluster_info) and M(multicluster.federation.federated_resource_info) do,
    both at once, and writes one HTML page. Nothing is written to any member.
  - The page needs no other file, no script and no network. It can be mailed, kept as an artifact of a job, and printed.
  - It shows members with their health, capacity, credentials and clocks; resources on members; drift, members that are behind,
    orphans, the last plan, and addresses. It shows no values of Secrets, and no credential.
  - A member that cannot be read is part of the page, not a failure.
  - This verb always runs on the controller, with O(clusters), too, and C(delegate_to) does not change that. O(dest) is a path there.
extends_documentation_fragment:
  - multicluster.federation.fleet
options:
  dest:
    description:
      - Path of the file on the controller; relative paths begin where ansible-playbook was started. Its directory has to be there.
      - The file is replaced as a whole. Whoever reads it meanwhile sees the old page or the new one.
    type: path
    required: true
  mode:
    description:
      - Permissions of the file, as octal digits in quotes.
      - The page names clusters, versions and addresses, so only its owner may read it by default. V(0644) suits a web server.
    type: str
    default: "0600"
  title:
    description: Title of the page. By default it names the federation.
    type: str
  name:
    description: Names of resources. Without it, all that the members remember.
    type: list
    elements: str
  search:
    description: Where to look for orphans, as in M(multicluster.federation.federated_resource_info).
    type: str
    choices: [recorded, everything]
    default: recorded
  credential_warn_days:
    description: A credential that ends in fewer days is marked.
    type: float
    default: 7.0
attributes:
  action:
    description: Always runs on the controller, without a connection to any host.
    support: full
  check_mode:
    description: Reads the members, and writes no file.
    support: full
  diff_mode:
    description: The page is not shown.
    support: none
seealso:
  - module: multicluster.federation.cluster_info
  - module: multicluster.federation.federated_resource_info
"""

EXAMPLES = r"""
- name: Write a page about the fleet
  hosts: clusters
  gather_facts: false
  tasks:
    - name: Write it
      multicluster.federation.fleet_report:
        federation: production
        dest: /var/www/fleet/index.html
        mode: "0644"
        title: Production
      run_once: true
"""

RETURN = r"""
changed:
  description:
    - Whether the page says something else than the one before. Its time, clocks, and how long credentials still last do not count.
    - The file is written in any case, so that its time is that of the last look.
  returned: always
  type: bool
msg:
  description: The state in one line.
  returned: always
  type: str
  sample: "/var/www/fleet/index.html written: 3 members, 1 of 1 resources healthy"
dest:
  description: Absolute path of the file.
  returned: success
  type: str
  sample: /var/www/fleet/index.html
size:
  description: Size of the page in bytes.
  returned: success
  type: int
  sample: 31415
summary:
  description:
    - Members by status, as in M(multicluster.federation.cluster_info); resources, and how many of them are healthy; drifted objects,
      orphans, members that are behind, and lines under "Needs attention".
  returned: success
  type: dict
  sample: {members: 3, ready: 3, resources: 1, healthy: 1, drift: 0, orphans: 0, behind: 0, attention: 0}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options


def main() -> None:
    """Arguments only: the action of this name does the work."""
    module = AnsibleModule(argument_spec=options.FLEET_REPORT, supports_check_mode=True)
    module.fail_json(msg="fleet_report runs on the controller: use it as a task of a playbook")


if __name__ == "__main__":
    main()
