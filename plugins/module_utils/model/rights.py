# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of RBAC: what a credential may do, and what a refusal says is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .access import APPLICATIONS, MINIMAL, PROFILES
from .errors import ConfigError
from .names import SERVICE_ACCOUNT
from .reading import as_list, as_mapping, as_texts, given, only_keys

#: what bringing an object to its wanted state takes, from finding it to deleting it
FULL = ("create", "delete", "get", "list", "patch", "watch")
READ = ("get", "list", "watch")

_KEYS = {
    "apiGroups": "groups",
    "resources": "resources",
    "verbs": "verbs",
    "resourceNames": "names",
    "nonResourceURLs": "urls",
}


@dataclass(frozen=True, order=True)
class Rule:
    """A PolicyRule of rbac.authorization.k8s.io/v1; each part is sorted."""

    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    def dump(self) -> dict[str, list[str]]:
        """As it stands in a ClusterRole."""
        parts = {key: list(getattr(self, part)) for key, part in _KEYS.items()}
        return {key: value for key, value in parts.items() if value}

    def lists_secrets(self) -> bool:
        """Whether it lets somebody read Secrets without knowing their names."""
        return (
            bool({"", "*"} & set(self.groups))
            and bool({"secrets", "*"} & set(self.resources))
            and bool({"list", "watch", "*"} & set(self.verbs))
            and not self.names
        )


#: everything, which is asked for by name only
ADMIN = (Rule(("*",), ("*",), ("*",)), Rule(urls=("*",), verbs=("*",)))


def rule(group: str, resources: Iterable[str], verbs: Iterable[str] = FULL, names: Iterable[str] = ()) -> Rule:
    """A rule for resources (plural names) of one API group."""
    return Rule((group,), tuple(sorted(resources)), tuple(sorted(verbs)), tuple(sorted(names)))


def parse_rule(raw: Any, where: str) -> Rule:
    """Read a PolicyRule as it stands in a ClusterRole."""
    spec = as_mapping(raw, where)
    only_keys(spec, _KEYS, where)
    parts = {_KEYS[key]: tuple(sorted(as_texts(value, f"{where}.{key}"))) for key, value in spec.items()}
    found = Rule(**parts)
    if not found.verbs or bool(found.urls) == bool(found.resources) or bool(found.groups) != bool(found.resources):
        raise ConfigError(f"{where} needs verbs, and either apiGroups and resources, or nonResourceURLs")
    return found


def merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The same rights in few rules, in one order whatever the order given."""
    verbs: dict[tuple[str, str, tuple[str, ...]], set[str]] = {}
    urls: dict[str, set[str]] = {}
    for one in rules:
        for group in one.groups:
            for resource in one.resources:
                verbs.setdefault((group, resource, one.names), set()).update(one.verbs)
        for url in one.urls:
            urls.setdefault(url, set()).update(one.verbs)
    together: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (group, resource, names), allowed in verbs.items():
        together.setdefault((group, tuple(sorted(allowed)), names), []).append(resource)
    found = [Rule((g,), tuple(sorted(r)), v, n) for (g, v, n), r in together.items()]
    found += [Rule(urls=(url,), verbs=tuple(sorted(allowed))) for url, allowed in urls.items()]
    return tuple(sorted(found))


@dataclass(frozen=True)
class Rights:
    """What the credential of a member may do: the rules of the ``profile``, ``rules`` in the whole cluster, and the rules of
    ``spaces`` in single namespaces."""

    profile: str = APPLICATIONS
    rules: tuple[Rule, ...] = ()
    spaces: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    def dump(self) -> str:
        """As JSON; the same text for the same rights."""
        spaces = {space: [r.dump() for r in rules] for space, rules in self.spaces.items()}
        body = {"profile": self.profile, "rules": [r.dump() for r in self.rules], "spaces": spaces}
        return json.dumps(body, sort_keys=True, separators=(",", ":"))

    def with_more(self, other: Rights) -> Rights:
        """These rights and the others'; the profile is that of the others."""
        spaces = {
            space: merged([*self.spaces.get(space, ()), *other.spaces.get(space, ())])
            for space in sorted({*self.spaces, *other.spaces})
        }
        return Rights(other.profile, merged([*self.rules, *other.rules]), spaces)


#: no rights beyond those that every member's credential has
NOTHING = Rights(MINIMAL)


def load_rights(text: str) -> Rights | None:
    """Rights as `Rights.dump` wrote them; None for any other text."""
    try:
        body = json.loads(text)
        rules = tuple(parse_rule(item, "rule") for item in body["rules"])
        spaces = {space: tuple(parse_rule(item, space) for item in items) for space, items in body["spaces"].items()}
        profile = body["profile"]
    except (ValueError, KeyError, TypeError, AttributeError, ConfigError):
        return None
    return Rights(profile, rules, spaces) if profile in PROFILES else None


def secret_rule() -> Rule:
    """What Secrets take, in the namespaces that are named and nowhere else."""
    return rule("", ["secrets"])


def parse_rights(raw: Any) -> tuple[str | None, Rights]:
    """Read ``profile, rules, secret_namespaces`` of the option ``rights``: the profile if one is named, and the rest."""
    spec = as_mapping(given(raw, {}), "rights")
    rules = as_list(given(spec.get("rules"), []), "rights.rules")
    spaces = as_texts(given(spec.get("secret_namespaces"), []), "rights.secret_namespaces")
    found = tuple(parse_rule(item, f"rights.rules[{i}]") for i, item in enumerate(rules))
    return spec.get("profile"), Rights(MINIMAL, merged(found), dict.fromkeys(spaces, (secret_rule(),)))


_REFUSED = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<space>[^"]+)")?'
)
_NOT_HELD = "attempting to grant RBAC permissions not currently held"
_ACCOUNT = re.compile(rf"system:serviceaccount:federation-[^:]+:{SERVICE_ACCOUNT}")


def remedy(message: str) -> str:
    """What to do about a refusal (403) of an API server: the missing rule, and the task that adds it where the federation's own
    credential was refused."""
    if _NOT_HELD in message:
        return (
            "a role can give only what its maker may do: give the manifests to the join (rights: {src: ...}), or let it have "
            "rights: {profile: cluster_admin}"
        )
    found = _REFUSED.search(message)
    if found is None:
        return "the credential of this member lacks this right"
    resource, group, space = found["resource"], found["group"], found["space"] or ""
    ours = _ACCOUNT.fullmatch(found["user"]) is not None
    verbs = FULL if ours and "/" not in resource else (found["verb"],)
    shown = f"{{apiGroups: [{json.dumps(group)}], resources: [{resource}], verbs: [{', '.join(verbs)}]}}"
    if not ours:
        where = f" in namespace {space}" if space else ""
        return f"the credential of this member lacks this right: {shown}{where}"
    wish = f"secret_namespaces: [{space}]" if (group, resource) == ("", "secrets") and space else f"rules: [{shown}]"
    return f"join with more rights, as an administrator: multicluster.federation.cluster: {{rights: {{{wish}}}}}"
