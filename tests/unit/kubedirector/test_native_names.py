# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that the native engine makes: Kubernetes takes each of them, and no two objects have one name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Fault, Faulty
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import BOTH, ROLE
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY
from ansible_collections.multicluster.federation.tests.unit.kubedirector.kubernetes_rules import violations
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import (
    FEW,
    RUNTIME_KIND,
    Sample,
    samples,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    app_manifest,
    cluster_manifest,
    role,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.shipped import SHIPPED, shipped


def sample(
    name: str, *roles: str, secrets: tuple[str, ...] = (), package: bool = False, app: str = "va", expose: str = "both"
) -> Sample:
    """An instance with everything that has a name of its own: files, keys, secrets, Services of all sorts."""
    runtime = {
        "secrets": [{"id": secret, "generate": {"password": 24}} for secret in secrets],
        "roles": [
            {
                "id": known,
                "files": [{"path": "/x/y", "content": ""}],
                "maxUnavailable": 1,
                "secrets": {s: f"/{s}" for s in secrets},
            }
            for known in roles
        ],
    }
    definition = app_manifest(
        defaultConfigPackage={"packageURL": "file:///x.tgz"} if package else None,
        roles=[{"id": known, "cardinality": "1+"} for known in roles],
        config={
            "selectedRoles": list(roles),
            "roleServices": [{"roleID": known, "serviceIDs": ["a"]} for known in roles],
        },
    )
    keys = [{"name": "k", "value": "x"}]
    wanted = [role(known, members=2, storage={"size": "1Gi"}, secretKeys=keys) for known in roles]
    manifest = cluster_manifest(app=app, roles=wanted)
    definition["metadata"]["name"] = app
    manifest["metadata"]["name"] = name
    return Sample(
        [definition, {**RUNTIME_KIND, "metadata": {"name": app}, "spec": runtime}], manifest, {"expose": expose}
    )


LONG = "r" * 63
SHORTER = "give the instance a shorter name"


@pytest.mark.parametrize(
    ("asked", "faults"),
    [
        (
            sample("a.b", "r1"),
            ["metadata.name: 'a.b' becomes part of DNS names: it cannot have a '.'"],
        ),
        (
            sample("1a", "r1"),
            ["metadata.name: '1a' becomes the name of Services: it must start with a letter"],
        ),
        (
            sample("i" * 51, "x"),
            [
                f"spec.roles[0].id: role x would be {'i' * 51}-x, which has 53 letters where 52 are the most: {SHORTER}",
                f"metadata.name: '{'i' * 51}' is too long: {SHORTER}",
            ],
        ),
        (
            sample("i", "ok", LONG),
            [f"spec.roles[1].id: role {LONG} would be i-{LONG}, which has 65 letters where 52 are the most: {SHORTER}"],
        ),
        (
            sample("i", "Web", "web"),
            ["spec.roles[1].id: objects of role web would have the names of role Web"],
        ),
        (
            sample("i", "a.b", "a_b", "a-b"),
            [
                "spec.roles[1].id: objects of role a_b would have the names of role a.b",
                "spec.roles[2].id: objects of role a-b would have the names of role a_b",
            ],
        ),
        (
            sample("i", "PODS", "r1"),
            ["spec.roles[0].id: objects of role PODS would have the names of the Service of all pods"],
        ),
        (
            sample("i", "kubedirector"),
            ["spec.roles[0].id: objects of role kubedirector would have the names of the definition"],
        ),
        (
            sample("i", "auth", secrets=("auth",)),
            ["spec.roles[0].id: objects of role auth would have the names of the secret auth"],
        ),
        (
            sample("i", "r1", secrets=("r1-keys",)),
            ["spec.roles: the instance and role r1 would both have a Secret i-r1-keys: rename one of them"],
        ),
        (
            # the Service of a pod of one role, and the Service of the other one
            sample("s", "x", "s-x-0"),
            ["spec.roles: role x and role s-x-0 would both have a Service s-s-x-0: rename one of them"],
        ),
    ],
    ids=lambda value: str(value.manifest["metadata"]["name"])[:20] if isinstance(value, Sample) else "",
)
def test_names_that_cannot_be(asked: Sample, faults: list[str]) -> None:
    with pytest.raises(Faulty) as caught:
        render(asked.instance())
    assert [str(fault) for fault in caught.value.faults] == faults
    assert caught.value.message.startswith(f"KubeDirectorCluster {asked.manifest['metadata']['name']}")


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (sample("i", "Vanilla_centos.7"), "i-vanilla-centos-7"),
        (sample("i", "0"), "i-0"),
        (sample("i", "A--b__c"), "i-a--b--c"),
        (sample("a--1", "UPPER"), "a--1-upper"),
        (sample("i" * 50, "x"), f"{'i' * 50}-x"),
        (sample("i", "r" * 50), f"i-{'r' * 50}"),
        (sample("i", "x", app="a.b-c." + "d" * 57), "i-x"),
        (sample("i", "x", "x-keys", "x-files", secrets=("x-pods",)), "i-x-keys"),
        (sample("s", "x", "s-x-0", expose="role"), "s-s-x-0"),
    ],
)
def test_names_that_can_be(asked: Sample, name: str) -> None:
    made = render(asked.instance())
    assert violations(made) == []
    assert name in [manifest["metadata"]["name"] for manifest in made if manifest["kind"] == "StatefulSet"]


_words = st.lists(
    st.sampled_from(["x", "X", "s", "0", "files", "keys", "pods", "kubedirector", "b" * 20]),
    min_size=1,
    max_size=4,
)
_joined = st.builds(lambda words, glue: glue.join(words), _words, st.sampled_from(["-", "_", ".", "--", ""])).filter(
    lambda name: len(name) <= 63
)
_lower = _joined.map(lambda name: name.lower().replace("_", "-"))


@STEADY
@given(
    st.builds(
        sample,
        _lower.filter(lambda name: "--." not in name),
        st.just("x"),
        _joined.filter(lambda name: name != "x"),
        secrets=st.lists(_lower.filter(lambda name: "." not in name and len(name) <= 30), max_size=2, unique=True).map(
            tuple
        ),
        package=st.booleans(),
        app=_lower,
        expose=st.sampled_from(["role", "pod", "both"]),
    )
)
@example(sample("s", "x", "s-x-1"))
@example(sample("i", "x", "x-keys", secrets=("x-keys-keys",)))
def test_every_name_is_refused_or_valid(asked: Sample) -> None:
    made: list[dict[str, Any]] = []
    refused: tuple[Fault, ...] = ()
    try:
        made = render(asked.instance())
    except Faulty as faulty:
        refused = faulty.faults
    assert bool(made) is not bool(refused)
    assert violations(made) == []
    assert all(fault.path == "metadata.name" or "role " in fault.text for fault in refused)


@FEW
@given(samples())
def test_kubernetes_takes_every_name_in_what_is_accepted(found: Sample) -> None:
    assert violations(render(found.instance())) == []


@pytest.mark.parametrize("more", [0, 3])
@pytest.mark.parametrize("expose", [ROLE, BOTH])
@pytest.mark.parametrize("name", SHIPPED)
def test_kubernetes_takes_every_name_in_what_is_shipped(name: str, expose: str, more: int) -> None:
    made = render(shipped(name, more, expose=expose, retain=True).instance())
    assert violations(made) == []
    assert [manifest for manifest in made if manifest["kind"] == "StatefulSet"]


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"metadata": {"name": "I"}}, "'I' does not match"),
    ({"metadata": {"name": "i", "labels": {"a": "x" * 64}}}, f"{'x' * 64!r} does not match"),
    ({"data": {"..x": ""}}, "'..x' does not match"),
    ({"data": {"x": 5}}, "data.x is no text"),
    ({"data": {"x": "@{app}"}}, "not filled: @{app}"),
]


@pytest.mark.parametrize(("change", "text"), BROKEN)
def test_the_rules_see_what_is_wrong(change: dict[str, Any], text: str) -> None:
    found = violations([{"kind": "ConfigMap", "metadata": {"name": "i"}, **change}])
    assert len(found) == 1
    assert found[0].startswith(text)


@dataclass
class Parts:
    """What there is to break in the objects of an instance."""

    made: list[dict[str, Any]]
    spec: dict[str, Any]
    pod: dict[str, Any]
    container: dict[str, Any]


def parts() -> Parts:
    made = render(sample("i", "x", secrets=("auth",)).instance())
    spec = next(manifest for manifest in made if manifest["kind"] == "StatefulSet")["spec"]
    pod = spec["template"]["spec"]
    return Parts(made, spec, pod, pod["containers"][0])


BREAKS: dict[str, tuple[Callable[[Parts], Any], str]] = {
    "a mount twice": (lambda p: p.container["volumeMounts"].append(p.container["volumeMounts"][0]), "is there twice"),
    "a mount of nothing": (
        lambda p: p.container["volumeMounts"][0].update(name="zz"),
        "zz is mounted, and is no volume",
    ),
    "a mount above all": (lambda p: p.container["volumeMounts"][0].update(subPath="a/../.."), "is no mount"),
    "a volume twice": (lambda p: p.pod["volumes"].append(p.pod["volumes"][0]), "is there twice"),
    "another file": (lambda p: p.pod["volumes"][0]["configMap"]["items"][0].update(key="zz"), "not there: zz"),
    "another Secret": (lambda p: p.pod["volumes"][1]["secret"].update(secretName="zz"), "a Secret that is not there"),
    "another Service": (lambda p: p.spec.update(serviceName="zz"), "a Service that is not there"),
    "another port": (lambda p: p.container["readinessProbe"]["tcpSocket"].update(port="zz"), "'zz' is probed"),
    "a port twice": (lambda p: p.container["ports"].append({"containerPort": 80}), "80 is there twice"),
    "a number for text": (lambda p: p.container.update(args=[5]), "5 is no text"),
    "other labels": (lambda p: p.spec["selector"]["matchLabels"].update(zz="x"), "does not select its own pods"),
    "an object twice": (lambda p: p.made.append(p.made[0]), "is there twice"),
    "another device": (lambda p: p.container.update(volumeDevices=[{"name": "zz"}]), "zz is no claim"),
    "too many pods": (lambda p: p.spec.update(replicas=10**62), "does not match"),
}


@pytest.mark.parametrize("change", BREAKS)
def test_the_rules_see_what_does_not_fit(change: str) -> None:
    found, (break_it, text) = parts(), BREAKS[change]
    assert violations(found.made) == []
    break_it(found)
    assert [said for said in violations(found.made) if text in said]
