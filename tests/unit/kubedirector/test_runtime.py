# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AppRuntimes: every fault with its words, and what parsing makes of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import App, parse_app
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Faulty
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.runtime import (
    CONTAINER,
    HOOKS,
    PLAIN,
    POD,
    File,
    Hook,
    RoleRuntime,
    SecretPlan,
    parse_runtime,
    start_order,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import RUNTIME_KIND
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import VA, app_manifest

AUTH: dict[str, Any] = {"id": "auth", "generate": {"password": 24}}
PATH = "must be an absolute path of letters, digits, '-', '_' and '.', without '..' or '/' at its end, not"
KEY = "must be letters, digits, '-', '_' and '.', not starting with '..', not"
BLANKS = "instance, namespace, app, version, domain, headless, param:..., bytes:..., secret:..., count:..., service:..., pods:..., pod:..."
FIELDS_OF_A_CONTAINER = ", ".join(CONTAINER)


def runtime(**spec: Any) -> dict[str, Any]:
    return {**RUNTIME_KIND, "metadata": {"name": "va"}, "spec": spec}


def role(**fields: Any) -> dict[str, Any]:
    return runtime(secrets=[AUTH], roles=[{"id": "r1", **fields}])


def files(*paths: str) -> dict[str, Any]:
    return role(files=[{"path": path, "content": ""} for path in paths])


def secret(**fields: Any) -> dict[str, Any]:
    return runtime(secrets=[{"id": "auth", **fields}])


ENVELOPE = [
    ({**runtime(), "apiVersion": "v1"}, ["apiVersion: must be multicluster.federation/v1, not 'v1'"]),
    ({**runtime(), "kind": "Runtime"}, ["kind: must be AppRuntime, not 'Runtime'"]),
    ({**runtime(), "metadata": {"name": "vb"}}, ["metadata.name: must be that of its app, va"]),
    ({**runtime(), "status": {}}, ["status: unknown field: remove it; there are spec"]),
    ({**runtime(), "spec": []}, ["spec: must be a mapping, not a list"]),
    (runtime(role=[]), ["spec.role: unknown field 'role': did you mean 'roles'?"]),
    (runtime(roles={}), ["spec.roles: must be a list, not a mapping"]),
    (runtime(description=1), ["spec.description: must be text, not a number (1): quote it"]),
]
ROLES = [
    (runtime(roles=[{}]), ["spec.roles[0].id: is missing, and is required"]),
    (runtime(roles=[None]), ["spec.roles[0]: must be a mapping, not nothing"]),
    (
        runtime(roles=[{"id": "r1"}, {"id": "r1"}]),
        ["spec.roles[1].id: role 'r1' is there twice: each must be unique"],
    ),
    (runtime(roles=[{"id": "zz"}]), ["spec.roles[0].id: the app has no role 'zz'; there are r1, r2, r3"]),
    (role(after=["zz"]), ["spec.roles[0].after: the app has no role 'zz'; there are r1, r2, r3"]),
    (role(after=["r1"]), ["spec.roles[0].after: role r1 waits for itself"]),
    (
        runtime(roles=[{"id": "r1", "after": ["r2"]}, {"id": "r2", "after": ["r3"]}, {"id": "r3", "after": ["r1"]}]),
        [f"spec.roles[{n}].after: role r{n + 1} waits for itself" for n in range(3)],
    ),
    (
        # r3 only waits for two that wait for each other
        runtime(roles=[{"id": "r3", "after": ["r1"]}, {"id": "r1", "after": ["r2"]}, {"id": "r2", "after": ["r1"]}]),
        ["spec.roles[1].after: role r1 waits for itself", "spec.roles[2].after: role r2 waits for itself"],
    ),
    (role(after="r2"), ["spec.roles[0].after: must be a list, not text"]),
    (role(start="alone"), ["spec.roles[0].start: must be one of together, one-by-one, not 'alone'"]),
    (role(seed="no"), ["spec.roles[0].seed: must be true or false, not text ('no')"]),
    (role(maxUnavailable=-1), ["spec.roles[0].maxUnavailable: must be 0 or more, not -1"]),
    (role(maxUnavailable="25%"), ["spec.roles[0].maxUnavailable: must be a whole number, not text ('25%')"]),
    (role(scratch=["tmp"]), [f"spec.roles[0].scratch[0]: {PATH} 'tmp'"]),
    (role(scratch=["/"]), [f"spec.roles[0].scratch[0]: {PATH} '/'"]),
]
CONTAINERS = [
    (
        role(container={"image": "x"}),
        [f"spec.roles[0].container.image: unknown field 'image': remove it; there are {FIELDS_OF_A_CONTAINER}"],
    ),
    (role(container=[]), ["spec.roles[0].container: must be a mapping, not a list"]),
    (role(container={"command": "sh"}), ["spec.roles[0].container.command: must be a list, not text"]),
    (role(container={"args": [5]}), ["spec.roles[0].container.args[0]: must be text, not a number (5): quote it"]),
    (role(container={"env": {"A": "b"}}), ["spec.roles[0].container.env: must be a list, not a mapping"]),
    (role(container={"env": [{"value": "b"}]}), ["spec.roles[0].container.env[0].name: is missing, and is required"]),
    (role(container={"env": ["A"]}), ["spec.roles[0].container.env[0]: must be a mapping, not text"]),
    (
        role(container={"env": [{"name": "A", "value": 5}]}),
        ["spec.roles[0].container.env[0].value: must be text, not a number (5): quote it"],
    ),
    (
        role(container={"securityContext": []}),
        ["spec.roles[0].container.securityContext: must be a mapping, not a list"],
    ),
    (
        role(container={"securityContext": {"capabilities": ["X"]}}),
        ["spec.roles[0].container.securityContext.capabilities: must be a mapping, not a list"],
    ),
    (
        role(container={"securityContext": {"capabilities": {"add": "X"}}}),
        ["spec.roles[0].container.securityContext.capabilities.add: must be a list, not text"],
    ),
    (
        role(container={"livenessProbe": {"exec": {"command": ["@{zz}"]}}}),
        [f"spec.roles[0].container.livenessProbe.exec.command[0]: @{{zz}} is not known; there are {BLANKS}"],
    ),
    (
        role(pod={"hostNetwork": True}),
        [f"spec.roles[0].pod.hostNetwork: unknown field 'hostNetwork': remove it; there are {', '.join(POD)}"],
    ),
]
FILES = [
    (files("etc/x"), [f"spec.roles[0].files[0].path: {PATH} 'etc/x'"]),
    (files("/etc/x/"), [f"spec.roles[0].files[0].path: {PATH} '/etc/x/'"]),
    (files("/etc/../x"), [f"spec.roles[0].files[0].path: {PATH} '/etc/../x'"]),
    (files("/etc/."), [f"spec.roles[0].files[0].path: {PATH} '/etc/.'"]),
    (files("/etc/a b"), [f"spec.roles[0].files[0].path: {PATH} '/etc/a b'"]),
    (files("/etc/a:b"), [f"spec.roles[0].files[0].path: {PATH} '/etc/a:b'"]),
    (files("/etc/@{app}"), [f"spec.roles[0].files[0].path: {PATH} '/etc/@{{app}}'"]),
    (
        files("/x"),
        ["spec.roles[0].files[0].path: /x lies in /, which cannot be replaced: use a directory of its own"],
    ),
    (
        files("/a/x", "/a/x"),
        ["spec.roles[0].files[1].path: /a/x cannot stand beside /a/x: both are a_x in a ConfigMap"],
    ),
    (
        files("/a/b_c", "/ok/x", "/a_b/c"),
        ["spec.roles[0].files[2].path: /a_b/c cannot stand beside /a/b_c: both are a_b_c in a ConfigMap"],
    ),
    (role(files=[{"path": "/a/x"}]), ["spec.roles[0].files[0].content: is missing, and is required"]),
    (
        role(files=[{"path": "/a/x", "content": "@{count:zz}"}]),
        ["spec.roles[0].files[0].content: @{count:zz}: there is no 'zz'; there are r1, r2, r3"],
    ),
]
SECRETS = [
    (
        runtime(secrets=[{}]),
        [
            "spec.secrets[0].id: is missing, and is required",
            "spec.secrets[0]: secret None has neither generate nor values: it would be empty",
        ],
    ),
    (secret(), ["spec.secrets[0]: secret auth has neither generate nor values: it would be empty"]),
    (
        secret(generate={}, values={}),
        ["spec.secrets[0]: secret auth has neither generate nor values: it would be empty"],
    ),
    (runtime(secrets=[AUTH, AUTH]), ["spec.secrets[1].id: secret 'auth' is there twice: each must be unique"]),
    (
        runtime(secrets=[{**AUTH, "id": "Auth"}]),
        ["spec.secrets[0].id: must be lower-case letters, digits and '-', not 'Auth'"],
    ),
    (
        runtime(secrets=[{**AUTH, "id": "a" * 31}]),
        [f"spec.secrets[0].id: must have at most 30 characters, not 31 ('{'a' * 31}')"],
    ),
    (secret(generate={"p": 7}), ["spec.secrets[0].generate.p: must be 8 or more, not 7"]),
    (secret(generate={"p": 257}), ["spec.secrets[0].generate.p: must be 256 or less, not 257"]),
    (secret(generate={"a b": 8}), [f"spec.secrets[0].generate: {KEY} 'a b'"]),
    (secret(generate={"..a": 8}), [f"spec.secrets[0].generate: {KEY} '..a'"]),
    (secret(values={".": "x"}), [f"spec.secrets[0].values: {KEY} '.'"]),
    (secret(values={"u": "a,b"}), ["spec.secrets[0].values.u: must be one line of text without a comma, not 'a,b'"]),
    (secret(generate={"p": 8}, values={"p": "x"}), ["spec.secrets[0].values.p: is generated, too: remove one of both"]),
    (
        secret(values={"u": "@{param:zz}"}),
        ["spec.secrets[0].values.u: @{param:zz}: there is no 'zz'; there are none"],
    ),
    (role(secrets={"zz": "/s"}), ["spec.roles[0].secrets.zz: is not one of spec.secrets"]),
    (role(secrets={"auth": "s"}), [f"spec.roles[0].secrets.auth: {PATH} 's'"]),
]
PARAMETERS = [
    (
        runtime(parameters=[{"name": "P", "default": ""}]),
        ["spec.parameters[0].name: must be lower-case letters, digits and '_', not 'P'"],
    ),
    (runtime(parameters=[{"name": "p"}]), ["spec.parameters[0].default: is missing, and is required"]),
    (
        runtime(parameters=[{"name": "p", "default": "", "type": "float"}]),
        ["spec.parameters[0].type: must be one of string, integer, boolean, quantity, not 'float'"],
    ),
    (
        runtime(parameters=[{"name": "p", "default": ""}] * 2),
        ["spec.parameters[1].name: parameter 'p' is there twice: each must be unique"],
    ),
    (
        runtime(parameters=[{"name": "p", "default": 1}]),
        ["spec.parameters[0].default: the default of parameter p must be text, not a number"],
    ),
    (
        runtime(parameters=[{"name": "p", "default": "a", "pattern": "["}]),
        ["spec.parameters[0].pattern: '[' is not a regular expression"],
    ),
]
HOOKED = [
    (
        role(hooks={"start": {"command": ["x"]}}),
        [f"spec.roles[0].hooks.start: unknown field 'start': remove it; there are {', '.join(HOOKS)}"],
    ),
    (role(hooks={"addnodes": {}}), ["spec.roles[0].hooks.addnodes.command: is missing, and is required"]),
    (role(hooks={"addnodes": {"command": []}}), ["spec.roles[0].hooks.addnodes.command: is empty: name a program"]),
    (role(hooks={"addnodes": {"command": "x"}}), ["spec.roles[0].hooks.addnodes.command: must be a list, not text"]),
    (
        role(hooks={"addnodes": {"command": ["x"], "timeout": 0}}),
        ["spec.roles[0].hooks.addnodes.timeout: must be 1 or more, not 0"],
    ),
]


@pytest.mark.parametrize(
    ("manifest", "faults"), [*ENVELOPE, *ROLES, *CONTAINERS, *FILES, *SECRETS, *PARAMETERS, *HOOKED]
)
def test_every_fault_is_named(manifest: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(Faulty) as caught:
        parse_runtime(manifest, VA)
    assert [str(fault) for fault in caught.value.faults] == faults
    assert caught.value.message.startswith(f"AppRuntime {manifest['metadata']['name']}")


def test_what_is_no_mapping_or_has_no_name_is_refused() -> None:
    with pytest.raises(Faulty, match=r"^AppRuntime: manifest: must be a mapping, not text$"):
        parse_runtime("text", VA)  # type: ignore[arg-type]
    with pytest.raises(Faulty, match=r"^a AppRuntime without a name: metadata\.name: is missing, and is required$"):
        parse_runtime({**runtime(), "metadata": None}, VA)


@pytest.mark.parametrize("spec", [None, {}, {"roles": None, "secrets": [], "parameters": None}])
def test_a_runtime_that_says_nothing(spec: Any) -> None:
    found = parse_runtime({**RUNTIME_KIND, "metadata": {"name": "va"}, "spec": spec}, VA)
    assert (found.name, found.roles, found.secrets, found.parameters) == ("va", (), (), ())
    assert found.role("r1") == PLAIN.role("r1") == RoleRuntime("r1")
    assert found.secret("auth") is None


def test_a_runtime_that_says_everything() -> None:
    said = {
        "id": "r1",
        "description": "first",
        "after": ["r2"],
        "start": "one-by-one",
        "container": {"args": ["x"], "livenessProbe": None},
        "pod": {"tolerations": []},
        "files": [{"path": "/a/x", "content": "c"}, {"path": "/a/.y", "content": "", "restart": False}],
        "secrets": {"auth": "/s"},
        "scratch": ["/run/x"],
        "seed": False,
        "maxUnavailable": 0,
        "hooks": {"addnodes": {"command": ["sh", "-c", "x"]}, "leave": {"command": ["y"], "timeout": 5}},
    }
    secrets = [{**AUTH, "description": "for all", "values": {"user": "va"}}]
    found = parse_runtime(runtime(description="d", secrets=secrets, roles=[said]), VA)
    assert found.description == "d"
    assert found.secret("auth") == SecretPlan("auth", "for all", {"password": 24}, {"user": "va"})
    assert found.role("r1") == RoleRuntime(
        id="r1",
        description="first",
        after=("r2",),
        ordered=True,
        container={"args": ["x"]},
        pod={"tolerations": []},
        files=(File("/a/x", "c", True), File("/a/.y", "", False)),
        secrets={"auth": "/s"},
        scratch=("/run/x",),
        seed=False,
        max_unavailable=0,
        hooks={"addnodes": Hook(("sh", "-c", "x"), 120), "leave": Hook(("y",), 5)},
    )


def ordered(*roles: dict[str, Any]) -> tuple[str, ...]:
    names = ["a", "b", "c", "d"]
    app: App = parse_app(
        app_manifest(
            roles=[{"id": name, "cardinality": "1"} for name in names],
            config={"selectedRoles": names, "roleServices": []},
        )
    )
    return start_order(app, parse_runtime(runtime(roles=list(roles)), app))


def test_roles_start_after_those_they_wait_for_else_as_the_app_names_them() -> None:
    assert ordered() == ("a", "b", "c", "d")
    assert ordered({"id": "a", "after": ["d"]}) == ("b", "c", "d", "a")
    assert ordered({"id": "b", "after": ["d", "c"]}, {"id": "c", "after": ["d"]}) == ("a", "d", "c", "b")
    assert ordered({"id": "d", "after": ["a"]}) == ("a", "b", "c", "d")
