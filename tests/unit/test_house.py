# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of the house that no other tool checks: docs/architecture.md says why they are there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
ROOMS = PLUGINS / "module_utils"
COLLECTION = "ansible_collections.multicluster.federation.plugins.module_utils"

PURE = {"model"}
ENGINE = {"dialects", "fleet", "model", "rendering", "scheduling"}
# Which rooms of module_utils a room may import besides itself. A new room gets its line here, on purpose.
MAY_IMPORT = {
    "model": set(),
    "dialects": PURE,
    "scheduling": PURE,
    "rendering": PURE,
    "fleet": PURE,
    "kubedirector": {"model", "rendering"},
    "instances": ENGINE | {"propagation", "kubedirector"},
    "inspection": ENGINE | {"propagation"},
    "membership": ENGINE | {"propagation"},
    "propagation": ENGINE,
    "recovery": ENGINE | {"propagation", "membership"},
    "sandbox": {"model.errors"},
    "status": ENGINE | {"propagation"},
}
# The one file of module_utils that knows Ansible.
ADAPTER = "adapter.py"


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    paths = [ROOT / os.fsdecode(name) for name in listing.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


TRACKED = tracked_files()
PYTHON = [path for path in TRACKED if path.suffix == ".py"]


def imported(source: str, package: str) -> Iterator[str]:
    """Full names of all modules that a source imports, wherever in the file; ``package`` is its own package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _from_names(node, package)


def _from_names(node: ast.ImportFrom, package: str) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        parents = package.split(".")
        parents = parents[: len(parents) - node.level + 1]
        base = ".".join([*parents, base] if base else parents)
    # `from a.b import c` may mean the module a.b.c: the longer name is the one to judge.
    yield from (f"{base}.{alias.name}" for alias in node.names)


def imported_rooms(source: str, room: str) -> set[str]:
    """Names below module_utils, such as ``model.errors.ConfigError``, that a file in a room imports from others."""
    prefix = COLLECTION + "."
    names = {name[len(prefix) :] for name in imported(source, f"{COLLECTION}.{room}") if name.startswith(prefix)}
    return {name for name in names if name.split(".")[0] != room}


def allowed(name: str, room: str) -> bool:
    return any(name == entry or name.startswith(entry + ".") for entry in MAY_IMPORT[room])


ROOM_FILES = sorted(path for path in ROOMS.glob("*/**/*.py"))


@pytest.mark.parametrize("path", ROOM_FILES, ids=shown)
def test_imports_between_rooms_point_one_way(path: Path) -> None:
    room = path.relative_to(ROOMS).parts[0]
    assert room in MAY_IMPORT, f"{room} is a new room: say in MAY_IMPORT what it may import"
    package = ".".join([room, *path.relative_to(ROOMS).parts[1:-1]])
    wrong = {name for name in imported_rooms(path.read_text("utf-8"), package) if not _own(name, room)}
    assert not {name for name in wrong if not allowed(name, room)}


def _own(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def test_the_table_of_rooms_is_true() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = text.partition("| room of `module_utils` | may import |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    cells = [[set(re.findall("`([a-z.]+)`", cell)) for cell in row.strip("|").split("|")] for row in rows]
    assert {room: may for rooms, may in cells for room in rooms} == MAY_IMPORT
    assert set(MAY_IMPORT) == {path.parent.name for path in ROOMS.glob("*/__init__.py")}


# The files beside the rooms are doors into them: rooms may not import those either, as MAY_IMPORT names none.
DOOR_FILES = sorted(path for path in ROOMS.glob("*.py") if path.name != ADAPTER)


@pytest.mark.parametrize("path", [*ROOM_FILES, *DOOR_FILES], ids=shown)
def test_the_engine_does_not_know_ansible(path: Path) -> None:
    package = ".".join([COLLECTION, *path.relative_to(ROOMS).parts[:-1]])
    names = imported(path.read_text("utf-8"), package)
    assert not [name for name in names if name.split(".")[0] == "ansible"]


@pytest.mark.parametrize(
    ("room", "line", "fine"),
    [
        ("scheduling", "from ..model.placement import Placement", True),
        ("scheduling", "from ..model import placement", True),
        ("scheduling", "from . import spread", True),
        ("scheduling", "from ..fleet import api", False),
        ("scheduling", f"from {COLLECTION}.fleet.api import MemberApi", False),
        ("scheduling", f"import {COLLECTION}.rendering.patch", False),
        ("scheduling", "def late():\n    from ..propagation import run", False),
        ("model", "from ..fleet import api", False),
        ("sandbox", "from ..model.errors import ConfigError", True),
        ("sandbox", "from ..model.names import MANAGER", False),
    ],
)
def test_the_import_rule_itself(room: str, line: str, fine: bool) -> None:
    assert all(allowed(name, room) for name in imported_rooms(line, room)) is fine


def loaded_at_import(tree: ast.Module) -> Iterator[str]:
    """Top-level packages that are imported when the file is: all but those in functions and typing-only blocks."""
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else (node.module or "").split(".")[0]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or _typing_only(node):
            continue
        else:
            todo.extend(ast.iter_child_nodes(node))


def _typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


ACTIONS = sorted(path for path in PLUGINS.glob("action/*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("path", ACTIONS, ids=shown)
def test_actions_load_without_the_engine(path: Path) -> None:
    """Ansible loads the class in its main process: a failing import there would end the whole run in a traceback."""
    names = set(loaded_at_import(ast.parse(path.read_text("utf-8"))))
    assert names <= {"ansible", *sys.stdlib_module_names}


@pytest.mark.parametrize("path", ACTIONS, ids=shown)
def test_each_action_has_its_documentation(path: Path) -> None:
    assert (PLUGINS / "modules" / path.name).is_file()


def test_action_group_is_complete() -> None:
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))["action_groups"]
    modules = {path.stem for path in PLUGINS.glob("modules/*.py") if path.name != "__init__.py"}
    assert list(groups) == ["all"]
    assert {entry for entry in groups["all"] if isinstance(entry, str)} == modules
    assert [entry for entry in groups["all"] if isinstance(entry, dict)], "the group carries metadata"


MACHINE_PATHS = re.compile(r"(?<![\w.$}~-])/(?:work|root)/")
# An application keeps its data there inside its own image.
INSIDE_IMAGES = {
    "tests/unit/kubedirector/data/definitions/cr-app-qwen2.yaml": re.compile("/roo[t]/[.]ollama$"),
    "tests/unit/kubedirector/data/rendered/cr-cluster-qwen2-test.json": re.compile(r"/roo[t]/[.]ollama"),
}
REGISTRY_HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|proxy\.golang\.org")


def test_nothing_of_the_machine_it_was_written_on() -> None:
    found = []
    for path in TRACKED:
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
            inside = INSIDE_IMAGES.get(shown(path))
            if MACHINE_PATHS.search(inside.sub("", line) if inside else line):
                found.append(f"{shown(path)}:{number}: a path of one machine")
            if REGISTRY_HOSTS.search(line):
                found.append(f"{shown(path)}:{number}: a package registry's host; users choose their own")
    assert not found


HEADER = (
    "# Copyright: (c) 2026, multicluster.federation contributors\n"
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
)


def test_python_files_start_alike() -> None:
    found = []
    for path in PYTHON:
        text = path.read_text("utf-8")
        # ansible-test wants __init__.py files empty.
        if text and not (HEADER in text and "\nfrom __future__ import annotations\n" in text):
            found.append(shown(path))
    assert not found


ROLES = sorted(path for path in (ROOT / "roles").glob("*") if path.is_dir())


@pytest.mark.parametrize("role", ROLES, ids=shown)
def test_roles_say_what_they_take(role: Path) -> None:
    assert (role / "meta" / "argument_specs.yml").is_file()
    assert (role / "README.md").is_file()


PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.y*ml"))


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=shown)
def test_playbooks_can_be_called_by_name(playbook: Path) -> None:
    """``ansible-playbook multicluster.federation.NAME`` does not find a name with a hyphen in it."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*", playbook.stem)
    assert playbook.suffix == ".yml"


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets
    for target in set(targets.group(1).split()) - {"help"}:
        assert re.search(rf'@echo "make {target} ', makefile), f"make help does not name {target}"
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{target} has no recipe"


def test_no_sanity_ignores() -> None:
    assert not list((ROOT / "tests" / "sanity").glob("ignore*"))
