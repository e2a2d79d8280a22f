# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The native engine's objects against those of the real operator, field by field.

`DELIBERATE` is all that differs on purpose. Each entry turns what the operator made into what we want instead; whatever differs then is
a fault.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import App, Role
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.tests.unit.kubedirector.operators import OF_OPERATOR, built
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import DATA, DEFINITIONS


@dataclass
class Theirs:
    """One StatefulSet of the operator, and the parts of it that differences are about."""

    body: dict[str, Any]
    app: App
    role: Role

    @property
    def pod(self) -> dict[str, Any]:
        return dict(self.body["spec"]["template"])["spec"]  # type: ignore[no-any-return]

    @property
    def container(self) -> dict[str, Any]:
        return self.pod["containers"][0]  # type: ignore[no-any-return]


def no_bash_hook(found: Theirs) -> None:
    """Their hook edits resolv.conf with bash, which small images do not have. Ours have no short names for pods of other roles."""
    assert "resolv.conf" in found.container.pop("lifecycle")["postStart"]["exec"]["command"][2]


def readiness(found: Theirs) -> None:
    """Their pods are ready before their application answers; ours are when its first port does."""
    if "ports" in found.container:
        port = found.container["ports"][0]["name"]
        found.container["readinessProbe"] = {"tcpSocket": {"port": port}, "periodSeconds": 5}


def etc_of_the_image(found: Theirs) -> None:
    """They keep /etc on the volume even where no package writes to it: a new image would keep the old files."""
    if found.role.package is None and "volumeClaimTemplates" in found.body["spec"]:
        found.container["volumeMounts"].remove({"name": "p", "mountPath": "/etc", "subPath": "etc"})
        arguments = found.pod["initContainers"][0]["args"]
        arguments[1] = arguments[1].replace("-ax /etc ", "-ax ")


def seeding(found: Theirs) -> None:
    """What fills a new volume needs no bash, rsync or GNU cp, and leaves no half copied directory. `seeded` compares what it copies."""
    for container in found.pod.get("initContainers", []):
        assert container["command"] == ["/bin/bash"]
        container["name"] = "seed"
        copied = re.search(r"cp --parent -ax (/[^)]*) /mnt\)", container.pop("args")[1])
        assert copied is not None
        container["command"] = ["/bin/sh", "-c", copied.group(1)]


def retention(found: Theirs) -> None:
    """They delete claims themselves, where a StatefulSet can do it: it is asked to wherever there are claims."""
    theirs = found.body["spec"].pop("persistentVolumeClaimRetentionPolicy")
    assert theirs == {"whenDeleted": "Retain", "whenScaled": "Retain"}  # what the API server fills in
    if "volumeClaimTemplates" in found.body["spec"]:
        policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
        found.body["spec"]["persistentVolumeClaimRetentionPolicy"] = policy


def apart(found: Theirs) -> None:
    """Pods of one role go to different nodes where they can."""
    selector = {"matchLabels": dict(found.body["spec"]["selector"]["matchLabels"])}
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": selector}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    found.pod["affinity"] = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def shown_to_be_configured(found: Theirs) -> None:
    """That pods are to be set up is seen at their StatefulSet: there is no operator that knows."""
    if found.role.package is not None:
        found.body["metadata"]["annotations"]["multicluster.federation/setup"] = "configure"


def memory_for_systemd_only(found: Theirs) -> None:
    """/tmp and /run in up to 60 GiB of memory are for systemd; other images keep what they have there."""
    if not found.app.systemd_required:
        for holder, key in ((found.pod, "volumes"), (found.container, "volumeMounts")):
            holder[key] = [entry for entry in holder[key] if not entry["name"].startswith("tmpfs-")]
            if not holder[key]:
                del holder[key]


#: all differences that we want; names that end in random letters are the one that `goldens` takes care of
DELIBERATE: tuple[Callable[[Theirs], None], ...] = (
    no_bash_hook,
    readiness,
    etc_of_the_image,
    seeding,
    retention,
    apart,
    shown_to_be_configured,
    memory_for_systemd_only,
)


def goldens(name: str) -> dict[str, list[dict[str, Any]]]:
    """The operator's objects under our names, which are known beforehand."""
    text = (DATA / "rendered" / f"{name}.json").read_text("utf-8")
    instance = DEFINITIONS[name]["metadata"]["name"]
    text = text.replace("<HS>", f"{instance}-pods")
    # The one role with a letter that object names cannot have.
    text = re.sub(r"<SS:([^>]+)>", lambda match: f"{instance}-{match.group(1).replace('_', '-')}", text)
    found: dict[str, list[dict[str, Any]]] = json.loads(text)
    for manifest in found["services"] + found["statefulsets"]:
        manifest["metadata"]["namespace"] = "default"
    return found


def seeded(manifest: dict[str, Any]) -> dict[str, Any]:
    """A StatefulSet of ours with the directories that are copied in the place of the script that copies them."""
    manifest = copy.deepcopy(manifest)
    for container in manifest["spec"]["template"]["spec"].get("initContainers", []):
        script = container["command"][2]
        listed = re.search(r"for d in (.*); do", script)
        assert listed is not None
        container["command"][2] = " ".join(f"/{path}" for path in re.findall(r"'([^']*)'", listed.group(1)))
    return manifest


def theirs(name: str) -> list[Theirs]:
    app = built(name).definition.app
    found = []
    for body in goldens(name)["statefulsets"]:
        role = app.role(body["metadata"]["labels"]["kubedirector.hpe.com/role"])
        assert role is not None
        found.append(Theirs(body, app, role))
    return found


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a manifest by its path, so that a difference is shown where it is."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaves(item, f"{path}.{key}")
    if not items:
        yield path, value


def of_kind(manifests: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}


@pytest.mark.parametrize("name", OF_OPERATOR)
def test_stateful_sets_are_those_of_the_operator(name: str) -> None:
    made, wanted = of_kind(render(built(name)), "StatefulSet"), theirs(name)
    assert set(made) == {found.body["metadata"]["name"] for found in wanted}
    for found in wanted:
        for difference in DELIBERATE:
            difference(found)
        ours = seeded(made[found.body["metadata"]["name"]])
        assert dict(leaves(ours)) == dict(leaves(found.body))


@pytest.mark.parametrize("name", OF_OPERATOR)
def test_services_are_those_of_the_operator(name: str) -> None:
    made = of_kind(render(built(name)), "Service")
    assert made == of_kind(goldens(name)["services"], "Service")


@pytest.mark.parametrize("name", OF_OPERATOR)
def test_there_is_nothing_besides_but_what_is_remembered(name: str) -> None:
    instance = built(name)
    rest = [(m["kind"], m["metadata"]["name"]) for m in render(instance) if m["kind"] not in ("StatefulSet", "Service")]
    assert rest == [("ConfigMap", f"{instance.name}-kubedirector")]


@pytest.mark.parametrize("difference", DELIBERATE, ids=lambda difference: str(difference.__name__))
def test_every_difference_is_there(difference: Callable[[Theirs], None]) -> None:
    changed = []
    for found in [found for name in OF_OPERATOR for found in theirs(name)]:
        before = copy.deepcopy(found.body)
        difference(found)
        changed.append(found.body != before)
    assert any(changed)


def test_volumes_stay_when_they_are_to_be_kept() -> None:
    name = "cr-cluster-cassandra311-stor"
    deleted, kept = (of_kind(render(built(name, retain=flag)), "StatefulSet") for flag in (False, True))
    for manifest in deleted.values():
        manifest["spec"]["persistentVolumeClaimRetentionPolicy"] = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert kept == deleted
