# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shipped catalog: every app of it is valid, renders in every size, and keeps its secrets to itself."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.instances.wish import Asked, wished_instance
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import Definition
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.generated import wanted_values
from ansible_collections.multicluster.federation.plugins.plugin_utils.catalog import Catalog

APPS = Catalog().all()
NAMES = [definition.app.name for definition in APPS]


def made(definition: Definition, **options: Any) -> list[dict[str, Any]]:
    spec = {"app": definition.app.name, "roles": options.pop("roles", [])}
    asked = Asked("one", "space", None, spec, options)
    return render(wished_instance(asked, definition, None))


def test_the_catalog_has_what_it_promises() -> None:
    assert NAMES == ["mysql", "rabbitmq", "redis"]


@pytest.mark.parametrize("definition", APPS, ids=NAMES)
def test_every_app_is_explained(definition: Definition) -> None:
    assert definition.app.label.description
    assert definition.runtime.description
    for parameter in definition.runtime.parameters:
        assert parameter.description, parameter.name
    for secret in definition.runtime.secrets:
        assert secret.description, secret.id
    for role in definition.app.roles:
        assert definition.runtime.role(role.id).description, role.id
        assert {"cpu", "memory"} <= set(role.min_resources), role.id


@pytest.mark.parametrize("definition", APPS, ids=NAMES)
@pytest.mark.parametrize("storage", [None, {"size": "5Gi", "storageClassName": "fast"}])
@pytest.mark.parametrize("more", [0, 2])
def test_every_app_renders_in_every_size(definition: Definition, storage: dict[str, str] | None, more: int) -> None:
    roles = []
    for role in definition.app.roles:
        count = role.cardinality.least + (more if role.cardinality.open else 0)
        needs = role.min_storage is not None and not role.min_storage.ephemeral
        kept = storage or ({"size": role.min_storage.size} if needs and role.min_storage else None)
        roles.append({"id": role.id, "members": count, **({"storage": kept} if kept else {})})
    objects = made(definition, roles=roles)
    sets = {m["metadata"]["name"]: m for m in objects if m["kind"] == "StatefulSet"}
    assert len(sets) == sum(1 for role in roles if role["members"])
    for manifest in sets.values():
        pod = manifest["spec"]["template"]["spec"]
        container = pod["containers"][0]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert pod["terminationGracePeriodSeconds"] >= 30
        assert "@{" not in str(manifest)
    assert "@{" not in str([m for m in objects if m["kind"] == "ConfigMap" and "files" in m["metadata"]["name"]])


@pytest.mark.parametrize("definition", APPS, ids=NAMES)
def test_every_app_has_passwords_that_nobody_knows(definition: Definition) -> None:
    secrets = [m for m in made(definition) if m["kind"] == "Secret"]
    assert {m["metadata"]["name"] for m in secrets} == {f"one-{s.id}" for s in definition.runtime.secrets}
    for secret in secrets:
        assert names.ANNOTATION_GENERATE in secret["metadata"]["annotations"]
        assert "data" not in secret
        assert "stringData" not in secret
        assert any(isinstance(wish, int) and wish >= 24 for wish in wanted_values(secret).values())


@pytest.mark.parametrize(
    ("app", "parameters", "message"),
    [
        ("redis", {"persistence": "paper"}, "parameters.persistence: must be one of aof, rdb, none"),
        ("redis", {"maxmemory": "much"}, "parameters.maxmemory: must be a quantity"),
        ("redis", {"maxmemory_policy": "x\nrequirepass ''"}, "parameters.maxmemory_policy: must be one of"),
        ("mysql", {"database": "a`; drop"}, "parameters.database: must match"),
        ("mysql", {"max_connections": 0}, "parameters.max_connections: must be 1 or more"),
        ("rabbitmq", {"vhost": "a\nb"}, "parameters.vhost: must be one line of text"),
    ],
)
def test_wrong_parameters_are_refused(app: str, parameters: dict[str, Any], message: str) -> None:
    definition = Catalog().find(app)
    assert definition is not None
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        made(definition, parameters=parameters)


def test_the_short_form_of_articles_works_as_it_stands() -> None:
    definition = Catalog().find("redis")
    assert definition is not None
    short = {
        "apiVersion": "director.kubedirector.io/v1",
        "kind": "KubeDirectorApp",
        "metadata": {"name": "redis-app"},
        "spec": {
            "app": "redis",
            "appCatalog": "local",
            "roles": [{"id": "redis-server", "count": 1, "resources": {"cpu": "0.5", "memory": "1Gi"}}],
        },
    }
    objects = render(wished_instance(Asked("redis-app", "space", short), definition, None))
    (found,) = [m for m in objects if m["kind"] == "StatefulSet"]
    assert found["metadata"]["name"] == "redis-app-redis-server"
    assert found["spec"]["replicas"] == 1
    assert found["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "0.5", "memory": "1Gi"}


@pytest.mark.parametrize("definition", APPS, ids=NAMES)
def test_every_script_is_one(definition: Definition) -> None:
    scripts = [f for role in definition.runtime.roles for f in role.files if "." not in f.path.rpartition("/")[2]]
    assert scripts
    for file in scripts:
        done = subprocess.run(["sh", "-n"], input=file.content, text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{file.path}: {done.stderr}"
