# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blanks in the texts of an AppRuntime: ``@{...}`` stands for what only an instance knows.

    @{instance} @{namespace} @{app} @{version} @{domain} @{headless}
    @{param:NAME}      the value of a parameter
    @{secret:ID}       the name of a Secret
    @{count:ROLE}      how many pods a role has
    @{service:ROLE}    the DNS name of a role
    @{pods:ROLE}       the DNS names of its pods, with a space between them
    @{pod:ROLE}        the DNS name of its first pod

Kubernetes' own ``$(NAME)`` and the shell's ``${NAME}`` are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .faults import Fault

if TYPE_CHECKING:
    from .app import App
    from .runtime import Runtime

_BLANK = re.compile(r"@\{([^}]*)\}")
_PLAIN = ("instance", "namespace", "app", "version", "domain", "headless")
_OF_ROLE = ("count", "service", "pods", "pod")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _texts(item, f"{path}[{position}]")


def blanks(value: Any, path: str, app: App, runtime: Runtime) -> Iterator[Fault]:
    """A fault for each blank that nothing will fill."""
    known = {
        "param": [parameter.name for parameter in runtime.parameters],
        "secret": [secret.id for secret in runtime.secrets],
        **{word: [role.id for role in app.roles] for word in _OF_ROLE},
    }
    for where, text in _texts(value, path):
        for blank in _BLANK.findall(text):
            word, colon, name = blank.partition(":")
            if colon and word in known:
                if name not in known[word]:
                    yield Fault(
                        where, f"@{{{blank}}}: there is no {name!r}; there are {', '.join(known[word]) or 'none'}"
                    )
            elif blank not in _PLAIN:
                words = ", ".join((*_PLAIN, *(f"{w}:..." for w in known)))
                yield Fault(where, f"@{{{blank}}} is not known; there are {words}")


def fill(value: Any, look_up: Callable[[str, str], Any]) -> Any:
    """A copy with every blank filled. ``look_up(word, name)`` gives its value; a text that is nothing but one blank keeps its type."""
    if isinstance(value, str):
        whole = _BLANK.fullmatch(value)
        if whole is not None:
            return _found(whole.group(1), look_up)
        return _BLANK.sub(lambda match: _text(_found(match.group(1), look_up)), value)
    if isinstance(value, Mapping):
        return {key: fill(item, look_up) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill(item, look_up) for item in value]
    return value


def _found(blank: str, look_up: Callable[[str, str], Any]) -> Any:
    word, _colon, name = blank.partition(":")
    return look_up(word, name)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
