# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation that the fleet-wide verbs share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes of verbs that work on a whole fleet."""

    DOCUMENTATION = r"""
requirements:
  - python >= 3.10
  - urllib3
  - PyYAML
options:
  federation:
    description:
      - Name of the federation. Two federations never touch each other's objects.
      - Without it, the variable C(federation_name) is used.
    type: str
  fleet_group:
    description:
      - Inventory group that holds the members of the fleet.
      - Planning always sees the whole group, even under C(--limit); only the hosts of the play are written to.
      - A host describes its cluster with the variables C(cluster_kubeconfig), C(cluster_context), C(cluster_labels),
        C(cluster_region), C(cluster_zone), C(cluster_provider), C(cluster_taints), and with every other option of O(clusters)
        under the same prefix.
    type: str
    default: clusters
  only:
    description: Names of the members that are meant, of those in play. By default all of them.
    type: list
    elements: str
  clusters:
    description:
      - An explicit list of members, instead of the inventory. The task then runs as a module, so that C(delegate_to) works.
      - Without O(clusters[].kubeconfig) and O(clusters[].host), the environment variables C(K8S_AUTH_*) are used, then the
        user's own kubeconfig with the context that is called like the member.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the member.
        type: str
        required: true
      labels:
        description: Labels of the member, for selectors.
        type: dict
      region:
        description: Region of the member. By default what its nodes say.
        type: str
      zone:
        description: Zone of the member, or a list of them. By default what its nodes say.
        type: raw
      provider:
        description: Provider of the member. By default what its nodes say.
        type: str
      taints:
        description:
          - Taints of the member, as C({key, value, effect}) or as C(key=value:Effect).
          - C(NoSchedule) keeps new resources away, C(NoExecute) also takes away those that are there.
        type: list
        elements: raw
      weight:
        description: Its share of replicas that are divided by weight.
        type: int
      renamed_from:
        description:
          - The name under which the cluster joined, after its host was renamed. The next join puts the new name in its place.
        type: str
      kubeconfig:
        description: Path of a kubeconfig, or its contents as a mapping.
        type: raw
      kubeconfig_data:
        description: Contents of a kubeconfig as text. Never shown in results or logs.
        type: str
      context:
        description: Context in the kubeconfig. By default its current context.
        type: str
      host:
        description: URL of the API server.
        type: str
      api_key:
        description: Bearer token.
        type: str
      username:
        description: User name for basic authentication, as some proxies want it.
        type: str
      password:
        description: Password for basic authentication.
        type: str
      ca_cert:
        description: CA certificate of the API server, as a path or in PEM form.
        type: str
      client_cert:
        description: Client certificate, as a path or in PEM form.
        type: str
      client_key:
        description: Key of the client certificate, as a path or in PEM form.
        type: str
      validate_certs:
        description: Whether to verify the certificate of the API server.
        type: bool
      proxy:
        description: URL of an HTTP proxy.
        type: str
      tls_server_name:
        description: Name that the certificate of the API server has to carry, where it is not the name in the URL.
        type: str
      impersonate_user:
        description: User to act as.
        type: str
      impersonate_groups:
        description: Groups to act as.
        type: list
        elements: str
  request_timeout:
    description: Seconds after which a request to a member is ended, whatever the member does.
    type: float
    default: 15.0
  member_timeout:
    description: Seconds for everything that is read from and written to one member, not counting a wait for health.
    type: float
    default: 60.0
  credentials:
    description:
      - Which credential members are reached with, once they have joined.
      - V(given) is the one that the inventory gives.
      - V(per_run) makes a token of the member's own service account for this run, with what the inventory gives, and stores it
        nowhere.
      - V(file) keeps a kubeconfig with such a token on the controller, with mode 0600, and renews it in the last third of its life.
        Where there is no file yet, or its token has expired, what the inventory gives is used to make a new one.
      - Without it, the variable C(federation_credentials) is used; then V(per_run) in a job of AWX, unless what is given may not make
        tokens; otherwise V(given).
      - Joining, leaving and rotating always use what the inventory gives, which has to be an administrator there.
    type: str
    choices: [given, per_run, file]
  credentials_dir:
    description:
      - Folder for the kubeconfigs of O(credentials=file), on the machine that runs the task.
      - Without it, the variable C(federation_credentials_dir) is used, then C(multicluster.federation/credentials) in
        C($XDG_STATE_HOME) or C(~/.local/state).
    type: path
  credentials_days:
    description:
      - How many days the tokens of O(credentials=file) are to live. An API server may make them shorter.
      - The variable C(federation_credentials_days) says it for the fleet.
    type: float
    default: 30.0
attributes:
  action:
    description: Runs on the controller, without a connection to any host, unless O(clusters) is given.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  bypass_host_loop:
    description: Works on the whole fleet in one call; use it with C(run_once), so that all hosts see the registered result.
    support: full
"""

    RUN = r"""
options:
  fail_on:
    description:
      - How many members have to fail for the task to fail. V(any), V(all), V(none), a number (V(2)), or a share (V(25%)).
      - Whatever it says, the other members are done, and the result tells of each.
    type: str
    default: any
  lock_timeout:
    description:
      - Seconds to wait for another run on this federation. With V(0), a run that finds another one stops at once and names it.
      - The lock is taken only when there is something to write. That of a run which crashed is taken over.
    type: float
    default: 60.0
"""
