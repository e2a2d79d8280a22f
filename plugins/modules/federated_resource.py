#!/usr/bin/python
# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation and arguments of the verb; the work is in module_utils/propagation."""

from __future__ import annotations

DOCUMENTATION = r"""
module: federated_resource
short_description: Propagate resources to the members of a federation
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Brings named resources (one or more manifests with one placement) to the chosen members of a fleet, with the differences that
    each member needs, all members at once.
  - What needs no write is decided from metadata; only what differs is written, by server-side apply with a field manager of its
    own. Objects that are wanted no longer are deleted, provided that this federation made them.
  - An object of the same name that belongs to somebody else is never touched; the member reports a conflict.
  - A member that is down, slow or refuses something does not hold up the others.
extends_documentation_fragment:
  - multicluster.federation.fleet
  - multicluster.federation.fleet.run
options:
  name:
    description:
      - Name of the resource, of lower-case letters, digits and C(-).
      - Either this, or O(resources).
    type: str
  resources:
    description: Several resources in one call, each with the options of the single form. All are read and planned together.
    type: list
    elements: dict
    suboptions: &resource
      name:
        description: Name of the resource, of lower-case letters, digits and C(-).
        type: str
        required: true
      state: &state
        description: V(absent) removes the resource from every member in play.
        type: str
        choices: [present, absent]
        default: present
      src: &src
        description:
          - Files or directories with manifests, any number of YAML documents each.
          - Looked for as the C(copy) module does, in C(files). Vault-encrypted files are decrypted.
        type: list
        elements: str
      template: &template
        description: As O(src), but rendered with Jinja first, and looked for in C(templates).
        type: list
        elements: str
      definition: &definition
        description: Manifests inline, as a mapping, a list of mappings, or YAML text.
        type: raw
      overrides_data: &overrides_data
        description: O(overrides) as text, which is never shown.
        type: str
      definition_data: &definition_data
        description:
          - As O(resources[].definition), as YAML or JSON text that is never shown in results or logs.
          - With O(clusters), manifests from files and definitions are handed over in this form.
        type: str
      namespace: &namespace
        description:
          - Where namespaced manifests go that name no namespace.
          - Namespaces that manifests need follow them, and are made where they are missing.
        type: str
        default: default
      placement: &placement
        description:
          - Which members get the resource. Without it, all of the fleet.
          - C(members) is a list of names, and beats the other conditions. C(selector) has C(matchLabels) and C(matchExpressions),
            over the labels of members. C(region), C(zone) and C(provider) take a name or a list. All that are given must hold.
          - C(exclude) is a list of names, or conditions like these; it always wins.
          - C(tolerations) lists the taints of members that the resource puts up with, in the form that pods use.
        type: dict
      overrides: &overrides
        description:
          - Differences for some members. Each entry has C(where) (conditions as in O(placement); without it, all members), an
            optional C(target) (C(kind) and C(name), one or a list), and what to change.
          - C(image) sets C(registry), C(repository) or C(tag) of images, of all containers or of those named by C(container).
          - C(env) sets environment variables, C(replicas) a number, C(labels) and C(annotations) entries of the metadata.
          - C(patch) is a JSON patch; a resource of several objects needs a C(target) with it.
          - The most specific entry is applied last, one with names after one with conditions, and otherwise in the order given.
        type: list
        elements: dict
      strict: &strict
        description: A patch that does not fit blocks its object on that member. With V(false) it is skipped, with a warning.
        type: bool
        default: true
      allow_empty: &allow_empty
        description: Allow a placement that selects no member.
        type: bool
        default: false
      delete_namespaces: &delete_namespaces
        description:
          - With the resource, also delete namespaces that the federation made for it, once nothing is left in them.
          - CRDs are never deleted, because every object of their kind would go with them.
        type: bool
        default: false
      conflict: &conflict
        description:
          - What to do with an object that is wanted and that somebody else made.
          - V(abort) leaves it alone and reports a conflict.
          - V(adopt) takes it over from the tool that applied it (kubectl, kubernetes.core, Helm, KubeFed, Karmada, OCM). What that tool
            had set and O(resources[].definition) does not name is removed.
          - V(overwrite) sets our fields and leaves all others as they are.
          - Nothing is ever taken from another federation, or from another resource of this one.
        type: str
        choices: [abort, adopt, overwrite]
        default: abort
      renamed_from: &renamed_from
        description: The former name of the resource. Its objects and records are taken over in place.
        type: str
      retain_replicas: &retain_replicas
        description:
          - Set C(replicas) only when an object is created, and leave them to whoever scales it on a member afterwards.
          - Objects that a HorizontalPodAutoscaler scales are treated like this anyway.
        type: bool
        default: false
      keep_template: &keep_template
        description:
          - Store the manifests with the record on each member, compressed, and the version before. Values of Secrets are left out.
          - So the resource can be moved to other members where its playbook is not at hand.
        type: bool
        default: false
  state: *state
  src: *src
  template: *template
  definition: *definition
  definition_data: *definition_data
  overrides_data: *overrides_data
  namespace: *namespace
  placement: *placement
  overrides: *overrides
  strict: *strict
  allow_empty: *allow_empty
  delete_namespaces: *delete_namespaces
  conflict: *conflict
  renamed_from: *renamed_from
  retain_replicas: *retain_replicas
  keep_template: *keep_template
  wait:
    description:
      - Wait until all workloads are healthy on all members - Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, Pods, CRDs.
      - Nothing is taken from a member before its replacement elsewhere is done, and healthy if this is set.
    type: bool
    default: false
  wait_timeout:
    description: Seconds for the workloads of one member to become healthy.
    type: float
    default: 300.0
  concurrency:
    description: How many objects are written at once, over all members.
    type: int
    default: 16
  max_deletions:
    description:
      - How many objects of one resource a run may delete, as a number or as a share of those that there are (V(50%)).
      - Beyond it nothing of the resource is changed and the task fails - an empty folder or a lost label would delete much at once.
      - A share never forbids up to 10 deletions. O(state=absent) says plainly that all is to go, and is not counted.
    type: str
    default: 50%
  partial_fleet:
    description:
      - The inventory is meant to have only a part of the members that joined.
      - Without it, a run that misses members of the fleet record (half of an inventory, a slice of AWX, a typing error in a group) adds
        and changes, and takes nothing away from any member.
    type: bool
    default: false
attributes:
  check_mode:
    description: Makes the real plan from the real members and has their API servers check each write; nothing is written.
    support: full
  diff_mode:
    description: Shows the fields of changed objects that the federation owns; never a value of a Secret.
    support: full
"""

EXAMPLES = r"""
- name: Propagate a shop
  hosts: clusters
  gather_facts: false
  vars:
    federation_name: production
  tasks:
    - name: Bring the shop to production, with its images from a mirror in one region
      multicluster.federation.federated_resource:
        name: shop
        src: shop.yaml
        namespace: shop
        placement:
          selector: {matchLabels: {tier: prod}}
        overrides:
          - where: {region: cn}
            image: {registry: registry.cn.example.com}
          - where: {members: [eu-1]}
            target: {kind: Deployment, name: web}
            replicas: 6
        wait: true
      run_once: true
      register: shop

    - name: Several resources in one call
      multicluster.federation.federated_resource:
        resources:
          - name: limits
            definition:
              apiVersion: v1
              kind: LimitRange
              metadata: {name: defaults, namespace: shop}
              spec: {limits: [{type: Container, default: {memory: 256Mi}}]}
          - name: batch
            src: batch/
            placement:
              provider: gcp
              tolerations: [{key: tier, operator: Equal, value: batch}]
      run_once: true

    - name: Take the shop away everywhere, with the namespace that was made for it
      multicluster.federation.federated_resource:
        name: shop
        state: absent
        delete_namespaces: true
      run_once: true
"""

RETURN = r"""
msg:
  description: What happened, in one line.
  returned: always
  type: str
  sample: "3 members: 24 created, 1 repaired"
members:
  description: The members in play, by name. C(status) is one of ok, changed, failed and skipped; C(reason) classifies a failure.
  returned: always
  type: dict
  sample:
    eu-1:
      status: changed
      reason: ""
      changed: true
      msg: 8 created
      objects: {total: 8, created: 8, changed: 0, repaired: 0, deleted: 0, predicted: 0, deferred: 0, going: 0, kept: 0, failed: 0,
                unchanged: 0}
      notes: []
      seconds: 0.31
resources:
  description: Where each resource is placed, and why not elsewhere.
  returned: always
  type: dict
  sample:
    shop:
      members: [eu-1, us-1]
      not_placed: {eu-2: "taint tier=batch:NoSchedule is not tolerated"}
      msg: ""
objects:
  description: Every object that was not left as it is, up to 200 of them.
  returned: always
  type: list
  elements: dict
  sample:
    - {member: eu-1, resource: shop, object: Deployment shop/web, action: repaired, msg: "drift: .spec.replicas (by kubectl)"}
summary:
  description: Counts.
  returned: always
  type: dict
  sample: {members: 3, failed: 0, changed: 1, objects_not_listed: 0}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import options, verbs
from ..module_utils.adapter import run_module


def _run(module: AnsibleModule) -> dict[str, object]:
    resources = [verbs.read_resource(entry) for entry in verbs.resource_entries(module.params)]
    return verbs.federated_resource(
        verbs.fleet_of(module.params), resources, module.params, module.check_mode, module._diff
    )


def main() -> None:
    """Run over the explicit list of clusters; over the inventory, the action of this name does."""
    run_module(options.FEDERATED_RESOURCE, _run)


if __name__ == "__main__":
    main()
