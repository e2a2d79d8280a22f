# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pages of reports: a view of plain data -> one HTML file that needs nothing else. Deterministic; all text is escaped."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_MARK = re.compile(r'<meta name="multicluster-federation-content" content="([0-9a-f]{64})">')
#: what differs from one moment to the next although nothing has happened
_PASSING = frozenset(["at", "versions", "clock"])


def content_hash(view: Mapping[str, Any]) -> str:
    """A hash of what a page says, without its time and without how long things still last."""
    text = json.dumps(_lasting(view), sort_keys=True, default=str)
    return hashlib.sha256(re.sub(r"\b\d+ (d|h|min|s) left\b|\bin \d+ (d|h|min|s)\b", "", text).encode()).hexdigest()


def _lasting(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _lasting(item) for key, item in value.items() if key not in _PASSING}
    return [_lasting(item) for item in value] if isinstance(value, (list, tuple)) else value


def content_of(page: str) -> str:
    """The hash that a page carries; "" when it carries none."""
    found = _MARK.search(page)
    return found.group(1) if found else ""


def render_page(template: str, view: Mapping[str, Any]) -> str:
    """The page as text. ``template`` is the name of a file beside this one."""
    # names, labels and messages come from clusters: none of them may become markup
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(view=view, content=content_hash(view))
