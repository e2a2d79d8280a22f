# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation that the KubeDirector verbs share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of verbs that put apps, or instances of them, on members."""

    DOCUMENTATION = r"""
options:
  state:
    description: Whether it is to be there.
    type: str
    choices: [present, absent]
    default: present
  src:
    description: A file with the definition, beside the playbook or where the user stands.
    type: str
  definition:
    description: The definition itself, as data or as YAML text.
    type: raw
  catalog:
    description:
      - Folders (a checkout of a Git repository, for example) or files with app definitions. Earlier ones win.
      - Every C(KubeDirectorApp) in them counts, with the C(AppRuntime) of its name. The catalog of the collection comes last.
    type: list
    elements: path
  members:
    description: The names of the members that may have it. Short for O(placement) with C(members).
    type: list
    elements: str
  placement:
    description:
      - Which members may have it, as in M(multicluster.federation.federated_resource). Without it, all of the fleet, or those of before.
    type: dict
  conflict:
    description: What to do with an object that is wanted and that somebody else made, as in M(multicluster.federation.federated_resource).
    type: str
    choices: [abort, adopt, overwrite]
    default: abort
attributes:
  check_mode:
    description: Computes everything from the real members, and writes nothing.
    support: full
  diff_mode:
    description: Shows the fields of changed objects that the federation owns; never a value of a Secret.
    support: full
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: It never writes.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""
