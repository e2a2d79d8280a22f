# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file of a report: where it goes, for whom it is meant, and what was in it before."""

from __future__ import annotations

import os

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError

from . import whole_file


def parse_mode(text: str) -> int:
    """File permissions out of octal digits. ConfigError for anything else."""
    digits = text.removeprefix("0o")
    if not digits or len(digits) > 4 or any(digit not in "01234567" for digit in digits):
        raise ConfigError(f"mode {text!r} is not a file mode", "write it as octal digits in quotes: '0644'")
    return int(digits, 8)


def check_place(path: str) -> str:
    """The absolute path of a file that can be made there. ConfigError says what is in the way."""
    found = os.path.abspath(os.path.expanduser(path))
    if os.path.isdir(found):
        raise ConfigError(f"dest {found} is a directory", "name the file in it, for example fleet.html")
    if not os.path.isdir(os.path.dirname(found)):
        raise ConfigError(f"dest {found}: there is no directory {os.path.dirname(found)}", "make it first")
    return found


def read(path: str) -> str:
    """What is in the file; "" when there is none, or none that we can read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def write(path: str, text: str, mode: int) -> None:
    """Put a report in the place of the one before. ConfigError when it cannot be."""
    try:
        whole_file.put(path, text, mode)
    except OSError as error:
        raise ConfigError(f"the report cannot be written to {path}: {error.strerror}") from None
