#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the verb, which runs on the controller only; the work is in plugin_utils/drill_action.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drill
short_description: The journal, the prober and the report of a disaster-recovery drill
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - The steps of a drill that happen on the controller. The role P(multicluster.federation.disaster_recovery#role) puts them around faults,
    detection, failover and failback; use that.
  - The journal is written before anything is done, so that a drill that was killed can be gone on with, or undone.
extends_documentation_fragment:
  - multicluster.federation.fleet
options:
  step:
    description:
      - V(begin) makes the folder of a new drill, or finds the open one (O(resume)). V(start) and V(end) a phase. V(note) something.
      - V(probe) starts the prober beside the drill, a process that looks at all workloads several times a second; V(unprobe) ends it.
      - V(report) writes C(report.html), C(report.json) and C(junit.xml). V(close) says that the drill is over. V(state) only tells.
    type: str
    required: true
    choices: [begin, start, end, note, probe, unprobe, report, close, state]
  dir:
    description: Folder in which drills have their folders; C(latest) in it leads to the newest.
    type: path
    required: true
  scenario:
    description:
      - What happens. C(members) (a list), or C(region), C(provider), C(zone), C(selector), say to whom. C(fault) is V(taint), V(stop_api),
        V(pause_api), V(etcd_down), V(power_off) or V(tasks) (with C(tasks) and C(undo_tasks), files of tasks). C(mode) is V(live) or
        V(simulate). C(name) is its title.
    type: dict
  resume:
    description: Go on with the drill that is open.
    type: bool
    default: false
  phase:
    description: The phase that starts or ends.
    type: str
  ok:
    description: Whether the phase ended well.
    type: bool
    default: true
  msg:
    description: What came of the phase.
    type: str
  data:
    description: What to write into the journal.
    type: dict
  interval:
    description: Seconds between two probes of one member.
    type: float
    default: 0.25
  write:
    description:
      - With V(true), the prober writes numbers into instances of stateful applications whose data are copied to another member (see
        O(multicluster.federation.kubedirector_cluster#module:data)), and measures what is lost of what was acknowledged. It takes them away
        in the end.
    type: bool
    default: false
  targets:
    description: Recovery times in seconds, by resource; C("*") for all others.
    type: dict
attributes:
  check_mode:
    description: Begins no drill.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Which drill is open
  hosts: clusters
  gather_facts: false
  tasks:
    - name: Look
      multicluster.federation.drill:
        step: state
        dir: .drill
      run_once: true
      register: drill
"""

RETURN = r"""
msg:
  description: What happened, in one line.
  returned: always
  type: str
  sample: "PASSED: shop 4.3 s"
drill:
  description: The id of the drill.
  returned: always
  type: str
  sample: 2026-11-23T15-04-05Z-ab12
folder:
  description: Its folder.
  returned: always
  type: str
  sample: .drill/2026-11-23T15-04-05Z-ab12
open:
  description: Whether it neither ended nor was undone.
  returned: always
  type: bool
  sample: true
scenario:
  description: The scenario, with its members as names.
  returned: always
  type: dict
  sample: {name: loss of us-1, members: [us-1], fault: stop_api, mode: live}
done:
  description: The phases that ended well.
  returned: always
  type: list
  elements: str
  sample: [preflight, inject]
verdict:
  description: V(PASSED), V(FAILED) or V(ABORTED).
  returned: with O(step=report)
  type: str
  sample: PASSED
report:
  description: The page.
  returned: with O(step=report)
  type: str
  sample: .drill/2026-11-23T15-04-05Z-ab12/report.html
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options


def main() -> None:
    """Arguments only: the action of this name does the work."""
    module = AnsibleModule(argument_spec=options.DRILL, supports_check_mode=True)
    module.fail_json(msg="drill runs on the controller: use it as a task of a playbook")


if __name__ == "__main__":
    main()
