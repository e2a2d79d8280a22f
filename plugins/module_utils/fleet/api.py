# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls to the Kubernetes API of one member: each is one verb, each failure is explained."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from ..model.errors import Kind, MemberError
from .deadline import Deadline
from .discovery import ACCEPT, ApiKind, Discovery, parse_discovery
from .transport import Response, Transport

_PARTIAL = "application/json;as={shape};g=meta.k8s.io;v=v1"
METADATA_LIST = _PARTIAL.format(shape="PartialObjectMetadataList")
METADATA = _PARTIAL.format(shape="PartialObjectMetadata")
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"

#: the only resourceVersion that means "there must be no such object"
CREATE_ONLY = "1"

PAGE = 500
TRIES = 4

_KINDS_BY_CODE = {
    400: Kind.INVALID,
    401: Kind.UNAUTHORIZED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    409: Kind.CONFLICT,
    410: Kind.CONFLICT,
    422: Kind.INVALID,
    429: Kind.BUSY,
    504: Kind.TIMEOUT,
}


class Applied(NamedTuple):
    """What a server-side apply did. ``created`` and ``changed`` are what the server says, not what we hoped."""

    created: bool
    metadata: Mapping[str, Any]


def explain(response: Response, secret: bool = False) -> MemberError:
    """The answer of an API server as an error with a cause and a hint. ``secret``: leave out what may quote a value."""
    body = response.body if isinstance(response.body, dict) else {}
    message = str(body.get("message") or response.body or "no message")[:1500]
    if secret:
        # a value may have any form, so nothing that follows one is shown
        message = re.sub(r"(Value:|Invalid value:).*", r"\1(hidden)", message, flags=re.DOTALL)
    kind = _KINDS_BY_CODE.get(response.code, Kind.FAILED)
    hint = ""
    if "expected string, got" in message or ("cannot unmarshal number into" in message and "of type string" in message):
        hint = "a number or boolean stands where text is wanted: quote it, or use `| string` in a template"
        kind = Kind.INVALID
    elif (response.code == 403 and "system:anonymous" in message) or response.code == 401:
        kind, message = Kind.UNAUTHORIZED, f"the API server does not accept the credentials ({response.code})"
        hint = "the token or certificate has expired, was withdrawn, or belongs to another cluster"
    elif response.code == 403:
        hint = "the credential of this member lacks this right"
    elif kind == Kind.FAILED and "mvcc: database space exceeded" in message:
        message, hint = "the etcd of this member is full: nothing can be written", "compact and defragment it"
    elif kind == Kind.FAILED and "failed calling webhook" in message:
        hint = "an admission webhook of this member does not work"
    return MemberError(kind, message, hint, response.code)


class MemberApi:
    """The API of one member, until ``deadline``. Threads may share it."""

    def __init__(self, name: str, transport: Transport, deadline: Deadline) -> None:
        self.name = name
        self.transport = transport
        self.deadline = deadline

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        accept: str = "application/json",
        content_type: str = "application/json",
    ) -> Response:
        """One call; 429 is repeated for every verb (the server did nothing), other trouble only for reads."""
        target = path + (f"?{urlencode(query)}" if query else "")
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self.transport.request(method, target, self.deadline, body, accept, content_type)
            except MemberError as error:
                if method != "GET" or error.kind != Kind.UNREACHABLE or "was cut" not in error.message:
                    raise
                if not self._pause(attempt, None):
                    raise
                continue
            repeatable = response.code == 429 or (method == "GET" and response.code in (500, 502, 503))
            if not repeatable or not self._pause(attempt, response.retry_after):
                return response

    def _pause(self, attempt: int, asked: float | None) -> bool:
        """Wait before a repetition; False when there is no time or no try left."""
        wait = asked if asked is not None else 0.1 * 2**attempt
        wait *= 1 + random.random() / 4
        if attempt >= TRIES or wait >= self.deadline.remaining():
            return False
        time.sleep(wait)
        return True

    def checked(self, *args: Any, secret: bool = False, **kwargs: Any) -> Any:
        """As `call`, but anything that is not a success is a MemberError; returns the body."""
        response = self.call(*args, **kwargs)
        if response.code >= 300:
            raise explain(response, secret)
        return response.body

    def discover(self) -> Discovery:
        """Every kind the member serves."""
        documents = []
        for path in ("/api", "/apis"):
            response = self.call("GET", path, accept=ACCEPT)
            if response.code >= 300 and response.code not in (404, 406):  # those two say that it is something else
                raise explain(response)
            documents.append(response.body)
        return parse_discovery(documents)

    def version(self) -> str:
        """The version of the API server, for example v1.34.4."""
        body = self.checked("GET", "/version")
        return str(body.get("gitVersion") or "") if isinstance(body, dict) else ""

    def objects(
        self, kind: ApiKind, namespace: str = "", selector: str = "", metadata_only: bool = True
    ) -> list[dict[str, Any]]:
        """All objects of a kind, complete or not at all: a list that expires half way is read again as a whole."""
        items, _version = self.objects_at(kind, namespace, selector, metadata_only)
        return items

    def objects_at(
        self, kind: ApiKind, namespace: str = "", selector: str = "", metadata_only: bool = True
    ) -> tuple[list[dict[str, Any]], str]:
        """As `objects`, with the resourceVersion that a watch can start from."""
        query = {"limit": str(PAGE)}
        if selector:
            query["labelSelector"] = selector
        accept = METADATA_LIST if metadata_only else "application/json"
        items: list[dict[str, Any]] = []
        while True:
            response = self.call("GET", kind.path(namespace), query, accept=accept)
            if response.code == 410 and "continue" in query:
                # the rest of an expired list is of another moment: read it again in one piece
                items, query = [], {k: v for k, v in query.items() if k not in ("continue", "limit")}
                continue
            if response.code >= 300:
                raise explain(response)
            if not isinstance(response.body, dict):
                raise MemberError(Kind.FAILED, f"the list of {kind.plural} is not readable")
            items += response.body.get("items") or []
            metadata = response.body.get("metadata") or {}
            if not metadata.get("continue"):
                return items, str(metadata.get("resourceVersion") or "")
            query["continue"] = metadata["continue"]

    def get(self, kind: ApiKind, namespace: str, name: str, metadata_only: bool = True) -> dict[str, Any] | None:
        """One object, or None when there is none."""
        accept = METADATA if metadata_only else "application/json"
        response = self.call("GET", kind.path(namespace, quote(name)), accept=accept)
        if response.code == 404:
            return None
        if response.code >= 300:
            raise explain(response)
        return dict(response.body)

    def apply(
        self, kind: ApiKind, namespace: str, body: Mapping[str, Any], manager: str, force: bool, dry_run: bool = False
    ) -> Applied:
        """Server-side apply of one manifest. MemberError says what the server refused."""
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        path = kind.path(namespace, quote(body["metadata"]["name"]))
        response = self.call("PATCH", path, query, body, METADATA, APPLY)
        if response.code >= 300:
            raise explain(response, secret=body["kind"] == "Secret")
        if not isinstance(response.body, dict):
            raise MemberError(Kind.FAILED, "the answer to a write is not readable", "run again", response.code)
        return Applied(response.code == 201, response.body.get("metadata") or {})

    def patch(self, kind: ApiKind, namespace: str, name: str, body: Any, form: str, manager: str) -> None:
        """Patch one object in the given form (`JSON_PATCH`)."""
        response = self.call(
            "PATCH", kind.path(namespace, quote(name)), {"fieldManager": manager}, body, METADATA, form
        )
        if response.code >= 300:
            raise explain(response, secret=kind.kind.kind == "Secret")

    def delete(
        self, kind: ApiKind, namespace: str, name: str, metadata: Mapping[str, Any], dry_run: bool = False
    ) -> bool:
        """Delete exactly the object that was observed; False when it is gone already. MemberError when it has changed since."""
        body: dict[str, Any] = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": "Background",
            "preconditions": {k: metadata[k] for k in ("uid", "resourceVersion") if metadata.get(k)},
        }
        if dry_run:
            body["dryRun"] = ["All"]
        response = self.call("DELETE", kind.path(namespace, quote(name)), body=body, accept=METADATA)
        if response.code == 404:
            return False
        if response.code >= 300:
            raise explain(response)
        return True

    def watch(self, kind: ApiKind, namespace: str, selector: str, version: str, deadline: Deadline) -> Iterator[Any]:
        """Events after ``version`` until the server or ``deadline`` ends the watch."""
        query = {
            "watch": "true",
            "labelSelector": selector,
            "resourceVersion": version,
            "timeoutSeconds": str(max(1, int(deadline.remaining()))),
        }
        return self.transport.lines(f"{kind.path(namespace)}?{urlencode(query)}", deadline)


Connector = Callable[[str], MemberApi]
