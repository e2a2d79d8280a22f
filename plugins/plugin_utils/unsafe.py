# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values that somebody else wrote and that Ansible must never run as templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

_TEMPLATES = ("{{", "{%", "{#")


def untrusted(value: Any) -> Any:
    """A copy in which no text is ever a template. ansible-core 2.19 and later trust no text of a plugin anyway; before, every text was
    a template until it was marked. Only what looks like one is marked, because the mark shows in ``ansible-inventory --list``."""
    if isinstance(value, str):
        return wrap_var(value) if any(sign in value for sign in _TEMPLATES) else value
    if isinstance(value, Mapping):
        return {untrusted(key): untrusted(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [untrusted(item) for item in value]
    return value
