# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of RBAC as data, and what a refusal says is missing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.access import PROFILES
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.rights import (
    FULL,
    NOTHING,
    Rights,
    Rule,
    load_rights,
    merged,
    parse_rights,
    parse_rule,
    remedy,
    rule,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

WORD = st.sampled_from(["a", "b", "c"])
WORDS = st.lists(WORD, min_size=1, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
NAMES = st.lists(WORD, max_size=2, unique=True).map(lambda found: tuple(sorted(found)))
RULES = st.builds(Rule, WORDS, WORDS, WORDS, NAMES) | st.builds(Rule, urls=WORDS, verbs=WORDS)
RULE_LISTS = st.lists(RULES, max_size=4)
RIGHTS = st.builds(
    Rights,
    st.sampled_from(PROFILES),
    RULE_LISTS.map(merged),
    st.dictionaries(WORD, RULE_LISTS.map(merged), max_size=2),
)


def single(rules: Any) -> set[tuple[str, ...]]:
    """Every single right: group, resource, verb, and the names it holds for."""
    found = {(g, r, v, *one.names) for one in rules for g in one.groups for r in one.resources for v in one.verbs}
    return found | {(url, verb) for one in rules for url in one.urls for verb in one.verbs}


@STEADY
@given(RULE_LISTS)
def test_merging_keeps_every_right_and_adds_none(rules: list[Rule]) -> None:
    assert single(merged(rules)) == single(rules)
    assert merged(merged(rules)) == merged(rules) == merged(reversed(rules))


@STEADY
@given(RIGHTS, RIGHTS)
def test_rights_survive_their_text_and_add_up(one: Rights, other: Rights) -> None:
    assert load_rights(one.dump()) == one
    both = one.with_more(other)
    assert single(both.rules) == single(one.rules) | single(other.rules)
    assert both.profile == other.profile
    assert both.with_more(other) == both


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"profile": "x", "rules": [], "spaces": {}}', '{"rules": 1}'])
def test_a_text_that_is_no_rights(text: str) -> None:
    assert load_rights(text) is None


@pytest.mark.parametrize(
    "raw",
    [
        {"verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods"]},
        {"apiGroups": [""], "verbs": ["get"]},
        {"resources": ["pods"], "verbs": ["get"]},
        {"nonResourceURLs": ["/x"], "apiGroups": [""], "verbs": ["get"]},
        {"apiGroups": [""], "resource": ["pods"], "verbs": ["get"]},
    ],
)
def test_a_rule_that_rbac_would_refuse(raw: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="rules"):
        parse_rule(raw, "rules[0]")


@pytest.mark.parametrize(
    ("found", "lists"),
    [
        (rule("", ["secrets"]), True),
        (rule("*", ["*"], ["*"]), True),
        (rule("", ["secrets"], ["get"]), False),
        (rule("", ["secrets"], ["list"], ["one"]), False),
        (rule("apps", ["secrets"], ["list"]), False),
        (rule("", ["pods"]), False),
    ],
)
def test_who_could_read_all_secrets(found: Rule, lists: bool) -> None:
    assert found.lists_secrets() is lists


def test_the_option() -> None:
    assert parse_rights(None) == (None, NOTHING)
    profile, more = parse_rights(
        {"profile": "minimal", "secret_namespaces": ["b", "a"], "rules": [rule("x", ["y"]).dump()]}
    )
    assert profile == "minimal"
    assert more.rules == (rule("x", ["y"]),)
    assert more.spaces == {"a": (rule("", ["secrets"]),), "b": (rule("", ["secrets"]),)}


OURS, BOB = "system:serviceaccount:federation-acme:federation", "bob"
CANNOT = '{what} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" {where}'


@pytest.mark.parametrize(
    ("user", "verb", "resource", "group", "where", "told"),
    [
        (
            OURS,
            "list",
            "boats",
            "x.io",
            "at the cluster scope",
            f'{{rights: {{rules: [{{apiGroups: ["x.io"], resources: [boats], verbs: [{", ".join(FULL)}]}}]}}}}',
        ),
        (OURS, "list", "secrets", "", 'in the namespace "shop"', "{rights: {secret_namespaces: [shop]}}"),
        (
            OURS,
            "create",
            "serviceaccounts/token",
            "",
            'in the namespace "shop"',
            '{apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}',
        ),
        (
            BOB,
            "patch",
            "deployments",
            "apps",
            'in the namespace "shop"',
            'lacks this right: {apiGroups: ["apps"], resources: [deployments], verbs: [patch]} in namespace shop',
        ),
    ],
)
def test_a_refusal_names_the_rule_and_what_adds_it(
    user: str, verb: str, resource: str, group: str, where: str, told: str
) -> None:
    message = CANNOT.format(what="it", user=user, verb=verb, resource=resource, group=group, where=where)
    assert told in remedy(message)
    assert ("multicluster.federation.cluster" in remedy(message)) is (user == OURS)


def test_refusals_of_another_form() -> None:
    assert "profile: cluster_admin" in remedy("user is attempting to grant RBAC permissions not currently held: {..}")
    assert remedy("no") == "the credential of this member lacks this right"
