# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The documentation of options that say what is propagated."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that describe resources, and attributes of the verbs that bring them about."""

    # What a list of resources takes for each of them; the anchors are for the form with a single resource.
    _ENTRY = r"""    suboptions:
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
        description: As C(src), but rendered with Jinja first, and looked for in C(templates).
        type: list
        elements: str
      definition: &definition
        description: Manifests inline, as a mapping, a list of mappings, or YAML text.
        type: raw
      overrides_data: &overrides_data
        description: C(overrides) as text, which is never shown.
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
      replicas: &replicas
        description:
          - How the replicas of Deployments, StatefulSets, ReplicaSets and Jobs (C(parallelism)) are divided over the members that
            C(placement) chooses. Without it, each member has those of its manifest.
          - C(total) is the number over all members; without it, each workload's own. C(divide) is V(weighted) (the default),
            V(available) (by free capacity), V(aggregated) (on the fewest members) or V(duplicated) (C(total) on each).
          - C(min) and C(max) hold for each member. C(members) says C(min), C(max) and C(weight) of single ones by name. C(weights) is
            a list of C(where) (conditions as in C(placement)) and C(weight), of which the last match counts; then
            C(cluster_weight) of the inventory; then 1.
          - C(capacity) looks at free capacity with V(weighted) and V(duplicated), too.
          - C(rebalance) is V(on_change) (the default - replicas move when members, weights or bounds change), V(never) or V(always).
            Replicas that a member gives away stay there until the others have theirs.
          - C(algorithm) is V(webster) (the default), V(kubefed), V(kubeadmiral), V(karmada) (with C(uid)) or V(karmada_legacy).
          - C(target) (C(kind) and C(name), one or a list) limits it to some objects. C(paths) is a list of C(kind), C(path) and
            C(template) for kinds of your own, such as C(/spec/size) and C(/spec/template).
        type: dict
      overrides: &overrides
        description:
          - Differences for some members. Each entry has C(where) (conditions as in C(placement); without it, all members), an
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
      dependencies: &dependencies
        description:
          - ConfigMaps, Secrets, ServiceAccounts and PersistentVolumeClaims that the workloads of this resource name, and that other
            resources of the same call have, follow it to members where those other resources are not placed.
          - A name that no resource of the call has is warned of.
        type: bool
        default: false
      failover: &failover
        description:
          - What happens when a member is declared lost that has this resource. Its share counts as there until it is moved.
          - V(plan) moves nothing until somebody approves it by running M(multicluster.federation.failover). V(automatic) lets any run
            move it. V(never) leaves it.
        type: str
        choices: [plan, automatic, never]
        default: plan
      fence: &fence
        description:
          - V(by_state) does not move what keeps state (a StatefulSet, a volume, a O(resources[].singleton)) before somebody made sure that
            the lost member neither writes nor serves, and said so (C(fenced) of M(multicluster.federation.cluster)).
          - V(none) says that two copies at once do no harm.
        type: str
        choices: [by_state, none]
        default: by_state
      singleton: &singleton
        description: It runs on one member only, and never on two.
        type: bool
        default: false
"""

    # With a type, because yamllint of ansible-test takes everything else here for a single text.
    DOCUMENTATION: str = (
        r"""
options:
  name:
    description:
      - Name of the resource, of lower-case letters, digits and C(-).
      - Either this, or C(resources).
    type: str
  resources:
    description: Several resources in one call, each with the options of the single form. All are read and planned together.
    type: list
    elements: dict
"""
        + _ENTRY
        + r"""
  state: *state
  src: *src
  template: *template
  definition: *definition
  definition_data: *definition_data
  overrides_data: *overrides_data
  namespace: *namespace
  placement: *placement
  replicas: *replicas
  overrides: *overrides
  strict: *strict
  allow_empty: *allow_empty
  delete_namespaces: *delete_namespaces
  conflict: *conflict
  renamed_from: *renamed_from
  retain_replicas: *retain_replicas
  keep_template: *keep_template
  dependencies: *dependencies
  failover: *failover
  fence: *fence
  singleton: *singleton
"""
    )

    MOVED: str = (
        r"""
options:
  name:
    description: Names of the resources that are meant. By default all that are concerned.
    type: list
    elements: str
  resources:
    description:
      - Resources as a playbook has them, each with the options of M(multicluster.federation.federated_resource).
      - They win over what the members remember (O(resources[].keep_template)), and are needed where nobody remembers.
    type: list
    elements: dict
"""
        + _ENTRY
    )

    PROPAGATE = r"""
options:
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
      - A share never forbids up to 10 deletions. C(state=absent) says plainly that all is to go, and is not counted.
    type: str
    default: 50%
  partial_fleet:
    description:
      - The inventory is meant to have only a part of the members that joined.
      - Without it, a run that misses members of the fleet record (half of an inventory, a slice of AWX, a typing error in a group) adds
        and changes, and takes nothing away from any member.
    type: bool
    default: false
  max_lost:
    description:
      - How many members may be lost at once, as a number (V(2)), a share (V(30%)), or the larger of both (V(1 or 25%)).
      - Beyond it nothing is moved away from any of them, because it is more likely that the controller is cut off.
    type: str
    default: 1 or 25%
"""

    CHANGES = r"""
attributes:
  diff_mode:
    description: Shows the fields of changed objects that the federation owns; never a value of a Secret.
    support: full
"""
