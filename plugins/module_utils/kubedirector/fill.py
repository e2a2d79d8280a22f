# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blanks in the texts of an AppRuntime: ``@{...}`` stands for what only an instance knows.

    @{instance} @{namespace} @{app} @{version} @{domain} @{headless}
    @{param:NAME}      the value of a parameter
    @{bytes:NAME}      the value of a parameter that is a quantity, as a whole number: 1.5Gi is 1610612736
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
from .parameters import QUANTITY

if TYPE_CHECKING:
    from .app import App
    from .runtime import Runtime

_BLANK = re.compile(r"@\{([^}]*)\}")
_PLAIN = ("instance", "namespace", "app", "version", "domain", "headless")
_OF_ROLE = ("count", "service", "pods", "pod")
#: fields of containers and pods below which everything is text
_TEXT_BELOW = ("args", "command", "matchLabels", "nodeSelector", "value", "values")


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
        "bytes": [parameter.name for parameter in runtime.parameters if parameter.type == QUANTITY],
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


def used(value: Any, word: str) -> list[str]:
    """The names that stand after a word in the blanks of all texts: the roles of each ``@{service:ROLE}``, for instance."""
    found = [blank.partition(":") for _path, text in _texts(value, "") for blank in _BLANK.findall(text)]
    return list(dict.fromkeys(name for said, _colon, name in found if said == word))


def fill(value: Any, look_up: Callable[[str, str], Any], text: bool = False) -> Any:
    """A copy with every blank filled. ``look_up(word, name)`` gives its value.

    A text that is nothing but one blank gets the type of its value, since ports and times are numbers: but not ``text`` and what stands
    below a field that Kubernetes takes as text only.
    """
    if isinstance(value, str):
        whole = None if text else _BLANK.fullmatch(value)
        if whole is not None:
            return _found(whole.group(1), look_up)
        return _BLANK.sub(lambda match: _text(_found(match.group(1), look_up)), value)
    if isinstance(value, Mapping):
        return {key: fill(item, look_up, text or key in _TEXT_BELOW) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill(item, look_up, text) for item in value]
    return value


def _found(blank: str, look_up: Callable[[str, str], Any]) -> Any:
    word, _colon, name = blank.partition(":")
    return look_up(word, name)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
