# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON patch (RFC 6902) over JSON pointers (RFC 6901), on plain data, in place.

Written here rather than taken from a library so that a path that does not fit is explained: which step, and what is there.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from ..model.errors import FederationError
from ..model.override import PatchOperation


class PatchError(FederationError):
    """An operation does not fit the document."""


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _index(token: str, length: int, pointer: str) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]*", token):
        raise PatchError(f"{pointer}: {token!r} is not a position in a list")
    if int(token) >= length:
        raise PatchError(f"{pointer}: there is no position {token} in a list of {length}")
    return int(token)


def _step(node: Any, token: str, pointer: str) -> Any:
    if isinstance(node, dict):
        if token not in node:
            there = ", ".join(sorted(node)[:8]) or "nothing"
            raise PatchError(f"{pointer}: there is no {token!r} (there is {there})")
        return node[token]
    if isinstance(node, list):
        return node[_index(token, len(node), pointer)]
    raise PatchError(f"{pointer}: {token!r} is looked for in a plain value")


def _parent(document: Any, pointer: str) -> tuple[Any, str]:
    tokens = _tokens(pointer)
    node = document
    for token in tokens[:-1]:
        node = _step(node, token, pointer)
    return node, tokens[-1]


def _get(document: Any, pointer: str) -> Any:
    node = document
    for token in _tokens(pointer):
        node = _step(node, token, pointer)
    return node


def _add(document: Any, pointer: str, value: Any) -> Any:
    if not pointer:
        return value
    node, token = _parent(document, pointer)
    if isinstance(node, dict):
        node[token] = value
    elif isinstance(node, list):
        node.insert(len(node) if token == "-" else _index(token, len(node) + 1, pointer), value)
    else:
        raise PatchError(f"{pointer}: {token!r} cannot be added to a plain value")
    return document


def _remove(document: Any, pointer: str) -> Any:
    if not pointer:
        raise PatchError("the whole document cannot be removed")
    node, token = _parent(document, pointer)
    _step(node, token, pointer)
    del node[int(token) if isinstance(node, list) else token]
    return document


def _same(left: Any, right: Any) -> bool:
    """JSON equality: true is not 1, while 1 is 1.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _apply(document: Any, operation: PatchOperation) -> Any:
    value = copy.deepcopy(operation.value)
    if operation.op == "add":
        return _add(document, operation.path, value)
    if operation.op == "remove":
        return _remove(document, operation.path)
    if operation.op == "replace":
        if not operation.path:
            return value
        node, token = _parent(document, operation.path)
        _step(node, token, operation.path)
        node[int(token) if isinstance(node, list) else token] = value
        return document
    if operation.op == "test":
        if not _same(_get(document, operation.path), value):
            raise PatchError(f"{operation.path}: the value is not the one that the test expects")
        return document
    moved = copy.deepcopy(_get(document, operation.source))
    if operation.op == "move":
        if operation.path.startswith(operation.source + "/"):
            raise PatchError(f"{operation.source} cannot be moved into itself")
        document = _remove(document, operation.source)
    return _add(document, operation.path, moved)


def apply_patch(document: Any, operations: Sequence[PatchOperation]) -> Any:
    """Return ``document`` after all operations; it is changed only when all of them fit. PatchError says which does not."""
    result = copy.deepcopy(document)
    for operation in operations:
        try:
            result = _apply(result, operation)
        except PatchError as error:
            raise PatchError(f"{operation.op} {error.message}") from None
    return result
