#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/inspection."""

from __future__ import annotations

DOCUMENTATION = r"""
module: detect
short_description: Find out whether members are lost
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Probes the members of the play again and again, each with deadlines of its own, until it is sure - so many probes in a row with the same
    outcome, over so long.
  - A probe fails when the member does not answer, or when its etcd does not. A certificate that is not trusted, a credential that is
    refused and a server that turns requests away are no loss, whatever else they are.
  - It changes nothing. Give O(ignore:lost) of the result to M(multicluster.federation.cluster).
extends_documentation_fragment:
  - multicluster.federation.fleet
options:
  want:
    description: With V(ready), the task fails unless all members of the play have been well for long enough.
    type: str
    choices: [lost, ready]
    default: lost
  probes:
    description: How many probes in a row have to have the same outcome.
    type: int
    default: 3
  over:
    description: Over how many seconds, from the first to the last of them.
    type: float
    default: 10.0
  interval:
    description: Seconds between two probes.
    type: float
    default: 2.0
  probe_timeout:
    description: Seconds after which a probe has failed.
    type: float
    default: 3.0
  timeout:
    description: Seconds after which to stop looking.
    type: float
    default: 60.0
  max_lost:
    description: When more members than that do not answer, it is more likely this controller that is cut off. Then none is called lost.
    type: str
    default: 1 or 25%
  observations:
    description: What other observers saw, each as a list of members that did not answer (their C(failing)).
    type: list
    elements: list
  quorum:
    description: How many observers have to agree, this one included.
    type: int
    default: 1
attributes:
  check_mode:
    description: It changes nothing in any mode.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
"""

EXAMPLES = r"""
- name: Watch the fleet
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Look for members that are gone
      multicluster.federation.detect:
        probes: 5
        over: 20
      run_once: true
      register: seen

    - name: Collect them
      ansible.builtin.group_by:
        key: "{{ 'lost_clusters' if inventory_hostname in seen.lost else 'other_clusters' }}"

- name: Tell the fleet
  hosts: lost_clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Declare them lost
      multicluster.federation.cluster:
        lost: true
      run_once: true
"""

RETURN = r"""
msg:
  description: What was found, in one line.
  returned: always
  type: str
  sample: "lost: us-1 (nobody answers at 127.0.0.1:6443); ready: eu-1, eu-2"
lost:
  description: Members that are lost by the rules given.
  returned: always
  type: list
  elements: str
  sample: [us-1]
failing:
  description: Members that this observer saw failing for long enough.
  returned: always
  type: list
  elements: str
  sample: [us-1]
ready:
  description: Members that have been well for long enough.
  returned: always
  type: list
  elements: str
  sample: [eu-1, eu-2]
suspects_itself:
  description: So many members do not answer that it is more likely this controller that is cut off.
  returned: always
  type: bool
  sample: false
members:
  description: The last row of probes of each member.
  returned: always
  type: dict
  sample: {us-1: {state: failing, probes: 5, seconds: 20.1, msg: "nobody answers", votes: 1}}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import fleet_verbs, inputs, options
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    return fleet_verbs.detect(inputs.fleet_of(module.params, module.check_mode), module.params)


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.DETECT, _run)


if __name__ == "__main__":
    main()
