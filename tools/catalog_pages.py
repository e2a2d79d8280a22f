# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pages of the shipped catalog, made from its definitions: docs/catalog/APP.md. ``--check`` only says which are not up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".build" / "link"))

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import (  # noqa: E402
    Definition,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.runtime import (  # noqa: E402
    start_order,
)
from ansible_collections.multicluster.federation.plugins.plugin_utils.catalog import Catalog  # noqa: E402

PAGES = ROOT / "docs" / "catalog"


def page(definition: Definition) -> str:
    """The page of one app."""
    return "\n".join(_lines(definition)) + "\n"


def _lines(definition: Definition) -> Iterator[str]:
    app, runtime = definition.app, definition.runtime
    first = app.roles[0]
    yield f"# {app.label.name} {app.version}"
    yield ""
    yield f"{app.label.description}"
    if runtime.description:
        yield ""
        yield runtime.description
    yield ""
    yield "```"
    yield f"ansible-playbook multicluster.federation.kubedirector -e app={app.name} -e name=NAME -e members=MEMBER"
    yield "```"
    yield ""
    yield "## Roles"
    yield ""
    yield "| role | pods | image | least resources | volume | |"
    yield "|---|---|---|---|---|---|"
    for role in app.roles:
        least = ", ".join(f"{name} {amount}" for name, amount in role.min_resources.items())
        storage = role.min_storage
        volume = "-" if storage is None else f"{storage.size} or more{', or none' if storage.ephemeral else ''}"
        about = runtime.role(role.id).description
        yield f"| `{role.id}` | {role.cardinality} | `{role.image}` | {least} | {volume} | {about} |"
    order = start_order(app, runtime)
    if len(order) > 1:
        yield ""
        yield f"They start in this order: {', '.join(order)}."
    kept = sorted({path for role in app.roles for path in role.persist_dirs})
    yield ""
    yield f"On the volume: {', '.join(f'`{path}`' for path in kept)}."
    yield ""
    yield "## Where clients reach it"
    yield ""
    yield "| service | port | DNS name inside of the member |"
    yield "|---|---|---|"
    for role in app.roles:
        for service in app.services_of(role.id):
            if service.endpoint is not None:
                scheme = f"{service.endpoint.url_scheme}://" if service.endpoint.url_scheme else ""
                label = service.label.name if service.label is not None else service.id
                address = f"`{scheme}NAME-{role.id}.NAMESPACE.svc.cluster.local:{service.endpoint.port}`"
                yield f"| {label} | {service.endpoint.port} | {address} |"
    yield from _secrets(definition)
    yield from _parameters(definition)
    yield from _hooks(definition)
    yield from _replication(definition)
    yield from _example(definition, first.id)


def _secrets(definition: Definition) -> Iterator[str]:
    if not definition.runtime.secrets:
        return
    yield ""
    yield "## Credentials"
    yield ""
    yield "| Secret | keys | |"
    yield "|---|---|---|"
    for secret in definition.runtime.secrets:
        keys = [*(f"`{key}` (generated)" for key in secret.generate), *(f"`{key}`" for key in secret.values)]
        yield f"| `NAME-{secret.id}` | {', '.join(keys)} | {secret.description} |"


def _parameters(definition: Definition) -> Iterator[str]:
    if not definition.runtime.parameters:
        return
    yield ""
    yield "## Parameters"
    yield ""
    yield "| parameter | default | |"
    yield "|---|---|---|"
    for parameter in definition.runtime.parameters:
        choices = f" One of {', '.join(f'`{choice}`' for choice in parameter.choices)}." if parameter.choices else ""
        default = str(parameter.default).lower() if isinstance(parameter.default, bool) else parameter.default
        yield f"| `{parameter.name}` | `{default}` | {parameter.description}{choices} |"


def _hooks(definition: Definition) -> Iterator[str]:
    words = {
        "configure": "once its container runs",
        "addnodes": "when other pods were added",
        "delnodes": "when other pods are about to go",
        "reconnect": "when what it is connected to changed",
        "leave": "before a pod goes for good",
        "promote": "to make a pod the first one",
    }
    told = [(role.id, name) for role in definition.runtime.roles for name in role.hooks if name in words]
    if not told:
        return
    yield ""
    yield "## What is run in its pods"
    yield ""
    for role, name in told:
        yield f"- `{name}` in `{role}`, {words[name]}."


def _replication(definition: Definition) -> Iterator[str]:
    found = definition.runtime.replication
    if found is None:
        return
    yield ""
    yield "## In a second member"
    yield ""
    fence = (
        f" With the parameter `{found.fenced_by}` above 0, a home without its copy takes no writes."
        if found.fenced_by
        else ""
    )
    yield f"`data: {found.name}` keeps a copy of `{found.role}` in another member, which takes over.{fence} See"
    yield "[data in a second member](../kubedirector.md#data-in-a-second-member)."


def _example(definition: Definition, role: str) -> Iterator[str]:
    storage = definition.app.roles[0].min_storage
    size = storage.size if storage is not None else "1Gi"
    yield ""
    yield "## In a playbook"
    yield ""
    yield "```yaml"
    yield f"- name: {definition.app.label.name}"
    yield "  multicluster.federation.kubedirector_cluster:"
    yield "    name: NAME"
    yield "    namespace: NAMESPACE"
    yield f"    app: {definition.app.name}"
    yield "    members: [MEMBER]"
    if definition.runtime.parameters:
        first = definition.runtime.parameters[0]
        yield "    parameters:"
        yield f"      {first.name}: {first.default}"
    yield "    roles:"
    yield f"      - id: {role}"
    yield '        resources: {cpu: "1", memory: 1Gi}'
    yield f"        storage: {{size: {size}}}"
    yield "  run_once: true"
    yield "```"


def pages() -> dict[Path, str]:
    """Every page by its path."""
    return {PAGES / f"{definition.app.name}.md": page(definition) for definition in Catalog().all()}


def main() -> int:
    wanted = pages()
    old = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv:
        for path in old:
            print(f"{path.relative_to(ROOT)} is not up to date: make catalog")
        return bool(old)
    PAGES.mkdir(exist_ok=True)
    for path in old:
        path.write_text(wanted[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
