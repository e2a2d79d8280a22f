# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write files so that a run that is killed leaves the old one or the new one, never half of one."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from ..model.errors import MissingLibrary


def write(path: str, text: str) -> bool:
    """Make ``path`` hold ``text``, readable by its owner alone. Returns whether it did not yet."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return False
    except FileNotFoundError:
        pass
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle, scratch = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=folder)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
    return True


def write_json(path: str, data: Any) -> bool:
    return write(path, json.dumps(data, indent=2, sort_keys=True) + "\n")


def read_json(path: str) -> Any:
    """The data of a JSON file; None if there is no such file or it is not one of ours."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def yaml_text(*documents: Any) -> str:
    """The documents as one YAML text, keys in the order given."""
    try:
        import yaml
    except ImportError:
        raise MissingLibrary("the Python library PyYAML is not installed", "pip install PyYAML") from None
    text = yaml.safe_dump_all(documents, sort_keys=False, width=1000, allow_unicode=True, explicit_start=True)
    return str(text)
