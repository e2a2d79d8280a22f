# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the native engine refuses of valid instances: what only an operator does, and what no API server takes."""

from __future__ import annotations

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Faulty
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import BOTH, POD, Instance
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.checks import render_faults
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.tests.unit.kubedirector.one_role import (
    PACKAGE,
    built,
    endpoints,
    of_runtime,
    resources,
)

KEYS = "use letters, digits, '-', '_' and '.'"
FIRST = "spec.roles[0]"
OF_OPERATOR = "is made by an operator; the native engine cannot tell it to the app: use a secret of an AppRuntime"


@pytest.mark.parametrize(
    ("instance", "faults"),
    [
        (
            built(spec={"services": [{"id": "a", "endpoint": {"port": 80, "hasAuthToken": True}}, {"id": "b"}]}),
            [f"app.services.a.endpoint.hasAuthToken: {OF_OPERATOR}"],
        ),
        (
            built({"fileInjections": [{"srcURL": "http://x/y", "destDir": "/etc"}]}),
            [
                f"{FIRST}.fileInjections: is not done by the native engine: put files into an AppRuntime, or into the image"
            ],
        ),
        (
            built({"secretKeys": [{"name": "ok", "value": "x"}, {"name": "a b", "value": "x"}]}),
            [f"{FIRST}.secretKeys[1].name: 'a b' cannot be a key of a Secret: {KEYS}"],
        ),
        (
            built({"secretKeys": [{"name": "..", "value": "x"}]}),
            [f"{FIRST}.secretKeys[0].name: '..' cannot be a key of a Secret: {KEYS}"],
        ),
        (
            built({"env": [{"name": "A", "value": ""}, {"name": "B=C", "value": ""}]}),
            [f"{FIRST}.env[1].name: 'B=C' has '=' or a letter that is not ASCII"],
        ),
        (
            built({"env": [{"name": "GRÜN", "value": ""}]}),
            [f"{FIRST}.env[0].name: 'GRÜN' has '=' or a letter that is not ASCII"],
        ),
        (built(known={"imageRepoTag": " x:1"}), ["app.roles.r1.imageRepoTag: ' x:1' has space at its ends"]),
        (built(images={"r1": "x:1\n"}), ["app.roles.r1.imageRepoTag: 'x:1\\n' has space at its ends"]),
        (
            built(resources({"memory": "2Gi", "cpu": "1000m"})),
            [f"{FIRST}.resources.requests.memory: 2Gi is more than the limit, 1Gi: lower it, or raise the limit"],
        ),
        (
            built(resources({"nvidia.com/gpu": "1"})),
            [
                f"{FIRST}.resources.requests.nvidia.com/gpu: must be the limit, which is not given: nvidia.com/gpu is not shared",
            ],
        ),
        (
            built(resources({"nvidia.com/gpu": "1"}, **{"nvidia.com/gpu": "2"})),
            [f"{FIRST}.resources.requests.nvidia.com/gpu: must be the limit, which is 2: nvidia.com/gpu is not shared"],
        ),
        (
            built(spec=endpoints(a=80, b=80)),
            ["app.services.b.endpoint.port: is 80, as that of service a: two services of role r1 cannot have one port"],
        ),
        (
            built({"volumeProjections": [{"pvcName": "c", "mountPath": "/tmp/"}]}, spec={"systemdRequired": True}),
            [f"{FIRST}: role r1 has two mounts at /tmp/ (tmpfs-tmp and projected-vol-0): choose another path for one"],
        ),
        (
            built({"storage": {"size": "1Gi"}}, known={"persistDirs": ["/x"]}, runtime=of_runtime(scratch=["/x"])),
            [f"{FIRST}: role r1 has two mounts at /x (p and scratch-0): choose another path for one"],
        ),
        (
            built(runtime=of_runtime(secrets={"auth": "/x"}, files=[{"path": "/x/y", "content": ""}])),
            [f"{FIRST}: role r1 has two mounts at /x (files-0 and secret-auth): choose another path for one"],
        ),
        (
            built({"storage": {"size": "1Gi"}}, known={"persistDirs": ["/x/../y"]}),
            [f"{FIRST}: role r1 cannot have /x/../y as a mount (p): no ':' and no '..'"],
        ),
        (
            built({"secret": {"name": "s", "mountPath": "/x:y"}}),
            [f"{FIRST}: role r1 cannot have /x:y as a mount (role-secret): no ':' and no '..'"],
        ),
        (
            built(runtime=of_runtime(), parameters={"p": "x,admin=y"}),
            ["app.secrets.auth.values.user: cannot be 'x,admin=y': no comma, and no space at its ends"],
        ),
        (
            built(runtime=of_runtime(), parameters={"p": " x"}),
            ["app.secrets.auth.values.user: cannot be ' x': no comma, and no space at its ends"],
        ),
        (
            built(runtime=of_runtime(container={"args": ["@{service:r1}"]}), expose=POD),
            ["expose: pod leaves role r1 without a Service, but its runtime names its address: use role or both"],
        ),
        (
            built(
                spec={"services": [{"id": "a"}, {"id": "b"}]}, runtime=of_runtime(container={"args": ["@{service:r1}"]})
            ),
            ["app.roles.r1: has no service with a port, but the runtime names its address (@{service:r1})"],
        ),
    ],
)
def test_what_is_refused(instance: Instance, faults: list[str]) -> None:
    assert [str(fault) for fault in render_faults(instance)] == faults
    with pytest.raises(Faulty) as caught:
        render(instance)
    assert [str(fault) for fault in caught.value.faults] == faults
    assert caught.value.message == f"KubeDirectorCluster vc: {faults[0]}"


def encrypted() -> Instance:
    """What an operator stored, which cannot be written by hand."""
    found = built({"secretKeys": [{"name": "k", "value": "x"}]})
    key = found.cluster.roles[0].secret_keys[0]
    object.__setattr__(key, "encrypted", "0abc")
    object.__setattr__(key, "value", "")
    return found


def test_what_an_operator_encrypted_is_refused() -> None:
    assert [str(fault) for fault in render_faults(encrypted())] == [
        f"{FIRST}.secretKeys[0].encryptedValue: was encrypted by an operator, whose key is not at hand: give its value"
    ]


@pytest.mark.parametrize(
    "instance",
    [
        built({"secretKeys": [{"name": "k"}]}),
        built({"secretKeys": [{"name": "k"}], "members": 0}, known={"configPackage": PACKAGE}),
        built({"env": [{"name": "a b.c-d", "value": "="}]}),
        built(resources({"memory": "1024Mi", "cpu": "999m"})),
        built(resources({"nvidia.com/gpu": "1"}, **{"nvidia.com/gpu": "1000m"})),
        built(resources({}, **{"example.com/unit": "1"})),
        built(spec=endpoints(a=80, b=81)),
        built(runtime=of_runtime(container={"args": ["@{service:r1}"]}), expose=BOTH),
        built({"volumeProjections": [{"pvcName": "c", "mountPath": "/tmp"}]}),
        built({"storage": {"size": "1Gi"}}, known={"persistDirs": ["/x", "/x/y", "/x"]}),
        built(known={"persistDirs": ["/x"]}, runtime=of_runtime(scratch=["/x"])),
    ],
)
def test_what_is_not(instance: Instance) -> None:
    assert list(render_faults(instance)) == []
    assert render(instance)


def test_all_that_is_refused_is_told_together() -> None:
    instance = built({"env": [{"name": "=", "value": ""}]}, known={"imageRepoTag": "x "})
    object.__setattr__(instance.cluster, "name", "v.c")
    with pytest.raises(Faulty) as caught:
        render(instance)
    assert [fault.path for fault in caught.value.faults] == [
        "metadata.name",
        "app.roles.r1.imageRepoTag",
        f"{FIRST}.env[0].name",
    ]
