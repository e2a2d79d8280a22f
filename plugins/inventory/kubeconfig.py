# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Contexts of kubeconfig files as hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kubeconfig
short_description: Turn the contexts of kubeconfig files into hosts
version_added: 0.1.0
author:
  - multicluster.federation contributors (@multicluster-federation)
description:
  - Every context becomes a host with the variables that the verbs of this collection read, C(cluster_kubeconfig) and
    C(cluster_context) above all. Nothing is asked of any cluster unless O(facts) says so, and nothing is ever written.
  - Host variables hold paths and names of contexts, never a credential.
  - The file has to end in C(kubeconfig.yml) or C(kubeconfig.yaml).
  - The hosts use the connection C(local) with the Python that runs Ansible, so that ordinary modules work on them as well.
extends_documentation_fragment:
  - constructed
  - inventory_cache
requirements:
  - python >= 3.10
  - urllib3
  - PyYAML
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [multicluster.federation.kubeconfig]
  kubeconfigs:
    description:
      - Paths of kubeconfig files, with C(~), environment variables and patterns (C(~/.kube/clusters/*.yaml)). Relative ones start from
        the folder of this file.
      - Of two contexts with one name the first counts, as in kubectl.
      - Without it, the files in C(KUBECONFIG), else C(~/.kube/config).
    type: list
    elements: str
  contexts:
    description: Patterns of contexts to take (V(prod-*)). Without it, all.
    type: list
    elements: str
    default: ["*"]
  exclude:
    description: Patterns of contexts to leave out.
    type: list
    elements: str
    default: []
  duplicates:
    description:
      - What to do with several contexts for one API server, which differ in user or namespace.
      - V(first) takes the current context if it is among them, else the first, and says so with C(-v). V(all) takes all.
    type: str
    choices: [first, all]
    default: first
  rename:
    description:
      - Names of hosts by context.
      - Other hosts are called after the cluster and its region, where the context is of the form of EKS, eksctl, GKE or OpenShift; after
        the cluster in C(user@cluster); otherwise after the context. A name depends on its own context only.
    type: dict
    default: {}
  group:
    description: The group of the hosts; the verbs look for C(clusters) by default.
    type: str
    default: clusters
  federation_name:
    description: Sets the variable C(federation_name) for the group.
    type: str
  facts:
    description:
      - Also read from each cluster what its nodes say of region, zones and provider, its version, and the labels that all its nodes
        share, all clusters at once.
      - A cluster that cannot be read is a host all the same, with C(cluster_readable) false and C(cluster_problem).
      - Without it, provider and region are only what the names of EKS, GKE, AKS and DigitalOcean tell.
    type: bool
    default: false
  request_timeout:
    description: Seconds for everything that is read of one cluster.
    type: float
    default: 10.0
"""

EXAMPLES = r"""
# clusters.kubeconfig.yml: all contexts of ~/.kube/config
plugin: multicluster.federation.kubeconfig

---
# A part of them, with what the clusters say of themselves, kept for an hour, and groups such as region_eu_west_1
plugin: multicluster.federation.kubeconfig
kubeconfigs: [~/.kube/config, ~/.kube/clusters/*.yaml]
contexts: ["prod-*", "arn:aws:eks:*"]
exclude: ["*-sandbox"]
rename:
  arn:aws:eks:eu-west-1:123456789012:cluster/main: eu-main
federation_name: production
facts: true
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/clusters
cache_timeout: 3600
keyed_groups:
  - prefix: region
    key: cluster_region
  - prefix: provider
    key: cluster_provider
groups:
  old: cluster_version is defined and cluster_version is version('v1.32', '<')
"""

import glob
import os
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

_READ = ("region", "zone", "provider", "labels", "version", "nodes", "uid", "readable", "problem")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """See DOCUMENTATION."""

    NAME = "multicluster.federation.kubeconfig"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("kubeconfig.yml", "kubeconfig.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        # as late as in the actions: a failing import is an error of this source, not of Ansible
        from ansible_collections.multicluster.federation.plugins.module_utils.dialects import contexts as naming
        from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import list_contexts
        from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import FederationError

        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            found, problems = list_contexts(self._paths(path))
            for problem in problems:
                self.display.warning(f"{path}: {problem}")
            chosen = self._choose(found)
            if not chosen:
                raise AnsibleParserError(f"{path}: {self._why_none(found)}")
            renames = self.get_option("rename")
            names = naming.names_of_contexts((c.name for c in chosen), renames.get)
            read = self._facts(path, cache, chosen, names) if self.get_option("facts") else {}
            self._fill(chosen, names, read)
        except FederationError as error:
            raise AnsibleParserError(f"{path}: {error}") from None

    def _paths(self, path: str) -> list[str]:
        """The kubeconfig files, each once."""
        given = self.get_option("kubeconfigs")
        if not given:
            given = [p for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p] or ["~/.kube/config"]
        base, paths = os.path.dirname(os.path.abspath(path)), []
        for item in given:
            pattern = os.path.join(base, os.path.expanduser(os.path.expandvars(item)))
            paths += sorted(glob.glob(pattern)) or ([] if glob.has_magic(pattern) else [pattern])
        if not paths:
            raise AnsibleParserError(f"{path}: no file is of the form {', '.join(given)}")
        return list(dict.fromkeys(os.path.normpath(p) for p in paths))

    def _choose(self, found: list[Any]) -> list[Any]:
        """The contexts that are wanted, one for each API server unless all are."""

        def fits(name: str, option: str) -> bool:
            return any(fnmatchcase(name, pattern) for pattern in self.get_option(option))

        wanted = [c for c in found if fits(c.name, "contexts") and not fits(c.name, "exclude")]
        if self.get_option("duplicates") == "all":
            return wanted
        best: dict[str, Any] = {}
        for context in wanted:
            if context.server not in best or context.current:
                best[context.server] = context
        for context in wanted:
            if best[context.server] is not context:
                self.display.v(f"context {context.name} is the same cluster as {best[context.server].name}: left out")
        return [context for context in wanted if best[context.server] is context]

    def _why_none(self, found: list[Any]) -> str:
        if not found:
            return "the kubeconfig files have no contexts"
        return f"contexts and exclude leave none of {', '.join(c.name for c in found[:10])}"

    def _facts(self, path: str, cache: bool, chosen: list[Any], names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """What the clusters say of themselves, by context. Kept are facts only, and only of clusters that could be read."""
        from ansible_collections.multicluster.federation.plugins.plugin_utils.cluster_facts import read_facts

        self.load_cache_plugin()
        key, keeps = self.get_cache_key(path), bool(self.get_option("cache"))
        known: dict[str, dict[str, Any]] = {}
        if cache and keeps:
            try:
                known = dict(self._cache[key])
            except (KeyError, TypeError, ValueError):
                known = {}  # nothing there, or too old, or not ours
            except AnsibleError as error:
                self.display.warning(f"{path}: what was kept of the clusters is read anew: {error}")
        marks = {context.name: f"{context.name} {context.server}" for context in chosen}
        missing = [c for c in chosen if not isinstance(known.get(marks[c.name]), dict)]
        fresh = read_facts(missing, names, self.get_option("request_timeout")) if missing else {}
        for context in missing:
            known[marks[context.name]] = fresh[context.name]
        if keeps:
            self._cache[key] = {mark: facts for mark, facts in known.items() if facts.get("readable")}
        for name, facts in fresh.items():
            if not facts["readable"]:
                self.display.warning(f"{names[name]}: {facts['problem']}")
        return {context.name: known[marks[context.name]] for context in chosen}

    def _fill(self, chosen: list[Any], names: Mapping[str, str], read: Mapping[str, Mapping[str, Any]]) -> None:
        from ansible_collections.multicluster.federation.plugins.module_utils.dialects.contexts import place_of
        from ansible_collections.multicluster.federation.plugins.plugin_utils.unsafe import untrusted

        group = self.inventory.add_group(self.get_option("group"))
        self.inventory.set_variable(group, "ansible_connection", "local")
        self.inventory.set_variable(group, "ansible_python_interpreter", sys.executable)
        if self.get_option("federation_name"):
            self.inventory.set_variable(group, "federation_name", self.get_option("federation_name"))
        strict = self.get_option("strict")
        for context in chosen:
            host, place = names[context.name], place_of(context.name, context.server)
            self.inventory.add_host(host, group)
            told = read.get(context.name, {})
            variables: dict[str, Any] = {"kubeconfig": context.kubeconfig, "context": context.name}
            variables.update(provider=place.provider, region=place.region, zone=[place.zone] if place.zone else [])
            variables.update({key: told[key] for key in _READ if told.get(key) not in (None, "", [])})
            for key, value in variables.items():
                if value not in ("", []):
                    self.inventory.set_variable(host, f"cluster_{key}", untrusted(value))
            known = self.inventory.get_host(host).get_vars()
            self._set_composite_vars(self.get_option("compose"), known, host, strict=strict)
            known = self.inventory.get_host(host).get_vars()
            self._add_host_to_composed_groups(self.get_option("groups"), known, host, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host, strict=strict)
