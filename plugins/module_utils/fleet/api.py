# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls to the Kubernetes API of one member: each is one verb, each failure is explained."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from ..model.errors import Kind, MemberError
from .deadline import Deadline
from .discovery import ACCEPT, ApiKind, Discovery, parse_discovery
from .transport import Cut, Response, Transport

T = TypeVar("T")

_PARTIAL = "application/json;as={shape};g=meta.k8s.io;v=v1"
METADATA_LIST = _PARTIAL.format(shape="PartialObjectMetadataList")
METADATA = _PARTIAL.format(shape="PartialObjectMetadata")
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"

#: the only resourceVersion that means "there must be no such object"
CREATE_ONLY = "1"

#: what an API server says of trouble that does not pass by itself
_WEBHOOK, _FULL = "failed calling webhook", "mvcc: database space exceeded"

#: the last discovery documents by path, and what was read out of them by their ETags, which are hashes of the contents
_DISCOVERED: dict[str, tuple[str, Any]] = {}
_PARSED: dict[tuple[str, ...], Discovery] = {}
_VERSIONS = 32

#: what may stand in a query as it is; urllib3 walks every character of an address
_PLAIN = "/,!()"

#: objects in one answer: metadata, and whole objects, which are an order of magnitude larger
PAGE, FULL_PAGE = 500, 250
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
    text = response.body[:300].strip() if isinstance(response.body, str) else response.body
    message = str(body.get("message") or text or "no message")[:1500]
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
        from ..model.rights import remedy

        hint = remedy(message)
    elif kind == Kind.FAILED and _FULL in message:
        message, hint = (
            "the etcd of this member is full: nothing can be written",
            "compact and defragment it, then disarm its alarm",
        )
    elif kind == Kind.FAILED and _WEBHOOK in message:
        hint = "an admission webhook of this member does not work"
    return MemberError(kind, message, hint, response.code)


def _passes(response: Response) -> bool:
    """Whether trouble of the server may be over in a moment; not so a broken webhook or a full etcd, which stay as they are."""
    if response.code not in (500, 502, 503):
        return False
    message = response.body.get("message") if isinstance(response.body, dict) else ""
    return not any(lasting in str(message) for lasting in (_WEBHOOK, _FULL))


class MemberApi:
    """The API of one member, until ``deadline``. Threads may share it."""

    def __init__(self, name: str, transport: Transport, deadline: Deadline) -> None:
        self.name = name
        self.transport = transport
        self.deadline = deadline

    def until(self, deadline: Deadline) -> MemberApi:
        """The same member, over the same connections, until another deadline."""
        return MemberApi(self.name, self.transport, deadline)

    def decoded(self, response: Response, secret: bool = False) -> dict[str, Any]:
        """The body of an answer; MemberError when it is not a success, or not an object."""
        if response.code >= 300:
            raise explain(response, secret)
        if not isinstance(response.body, dict):
            raise MemberError(Kind.FAILED, "the answer of the API server is not readable", "run again", response.code)
        return response.body

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        accept: str = "application/json",
        content_type: str = "application/json",
        again: bool | None = None,
        etag: str = "",
    ) -> Response:
        """One call, and a few more where it can be repeated without harm.

        429 can, whatever the verb: the server did nothing. After a broken connection or a 5xx nobody knows what was done, so only
        reads are sent again, and writes that the caller says change nothing the second time (``again``).
        """
        target = path + (f"?{urlencode(query, safe=_PLAIN)}" if query else "")
        harmless = method == "GET" if again is None else again
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self.transport.request(method, target, self.deadline, body, accept, content_type, etag)
            except Cut:
                if not harmless or not self._pause(attempt, None):
                    raise
                continue
            if response.code != 429 and not (harmless and _passes(response)):
                return response
            if not self._pause(attempt, response.retry_after):
                return response

    def _pause(self, attempt: int, asked: float | None) -> bool:
        """Wait before a repetition; False when there is no time or no try left."""
        wait = asked if asked is not None else 0.1 * 2**attempt
        wait *= 1 + random.random() / 4
        if attempt >= TRIES or wait >= self.deadline.remaining():
            return False
        time.sleep(wait)
        return True

    def discover(self) -> Discovery:
        """Every kind the member serves. Members of one make give the same answers, which are then transferred and read once."""
        documents, etags = [], []
        for path in ("/api", "/apis"):
            known = _DISCOVERED.get(path)
            response = self.call("GET", path, accept=ACCEPT, etag=known[0] if known else "")
            if known and response.code == 304:
                response = response._replace(code=200, body=known[1], etag=known[0])
            elif response.code >= 300 and response.code not in (404, 406):  # those two say that it is something else
                raise explain(response)
            elif response.etag:
                _DISCOVERED[path] = (response.etag, response.body)
            documents.append(response.body)
            etags.append(response.etag)
        key = tuple(etags)
        if not all(key):
            return parse_discovery(documents)
        if key not in _PARSED:
            _PARSED[key] = parse_discovery(documents)
            while len(_PARSED) > _VERSIONS:
                _PARSED.pop(next(iter(_PARSED)))
        return _PARSED[key]

    def version(self) -> str:
        """The version of the API server, for example v1.34.4."""
        return str(self.decoded(self.call("GET", "/version")).get("gitVersion") or "")

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
        query = {"labelSelector": selector} if selector else {}
        accept = METADATA_LIST if metadata_only else "application/json"
        return self._pages(kind, namespace, query, accept, PAGE, lambda item: item)

    def extracts(self, kind: ApiKind, keep: Callable[[dict[str, Any]], T | None], fields: str = "") -> list[T]:
        """What ``keep`` makes of each object of a kind in all namespaces, without those of which it makes None.

        Objects are read in full, page by page, so that no more of them than one page is in memory. ``fields`` is a field selector.
        """
        query = {"fieldSelector": fields} if fields else {}
        found, _version = self._pages(kind, "", query, "application/json", FULL_PAGE, keep)
        return found

    def _pages(
        self,
        kind: ApiKind,
        namespace: str,
        query: dict[str, str],
        accept: str,
        limit: int,
        keep: Callable[[dict[str, Any]], T | None],
    ) -> tuple[list[T], str]:
        query = {"limit": str(limit), **query}
        found: list[T] = []
        while True:
            response = self.call("GET", kind.path(namespace), query, accept=accept)
            if response.code == 404 and self._serves_no_more(kind):
                return [], ""
            if response.code == 410 and "continue" in query:
                # the rest of an expired list is of another moment: read it again in one piece
                found, query = [], {k: v for k, v in query.items() if k not in ("continue", "limit")}
                continue
            page = self.decoded(response)
            kept = (keep(item) for item in page.get("items") or [])
            found += [item for item in kept if item is not None]
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return found, str(metadata.get("resourceVersion") or "")
            query["continue"] = metadata["continue"]

    def _serves_no_more(self, kind: ApiKind) -> bool:
        """Whether a kind that had been discovered is gone by now, with all its objects: its CRD was deleted meanwhile. The member
        itself must say so, and may need a moment; anything else between us and it answers 404, too."""
        for attempt in range(1, TRIES + 1):
            found = self.discover()
            if found.find(kind.kind, kind.version) is None:
                return kind.kind.group not in found.stale
            if not self._pause(attempt, None):
                break
        return False

    def get(self, kind: ApiKind, namespace: str, name: str, metadata_only: bool = True) -> dict[str, Any] | None:
        """One object, or None when there is none."""
        accept = METADATA if metadata_only else "application/json"
        response = self.call("GET", kind.path(namespace, quote(name)), accept=accept)
        return None if response.code == 404 else self.decoded(response)

    def apply(
        self, kind: ApiKind, namespace: str, body: Mapping[str, Any], manager: str, force: bool, dry_run: bool = False
    ) -> Applied:
        """Server-side apply of one manifest. MemberError says what the server refused.

        It may reach the server twice, so its metadata has to name a ``resourceVersion`` or a ``uid``. With a resourceVersion the
        second time is a conflict, which the caller has to tell from a real one.
        """
        query = {"fieldManager": manager, "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        path = kind.path(namespace, quote(body["metadata"]["name"]))
        response = self.call("PATCH", path, query, body, METADATA, APPLY, again=True)
        answer = self.decoded(response, secret=body["kind"] == "Secret")
        return Applied(response.code == 201, answer.get("metadata") or {})

    def completed(self, kind: ApiKind, namespace: str, body: Mapping[str, Any], manager: str) -> dict[str, Any]:
        """What the server would make of a new object, with its defaults; nothing is written. MemberError says what it refused."""
        query = {"fieldManager": manager, "dryRun": "All"}
        path = kind.path(namespace, quote(body["metadata"]["name"]))
        response = self.call("PATCH", path, query, body, content_type=APPLY, again=True)
        return self.decoded(response, secret=body["kind"] == "Secret")

    def patch(
        self, kind: ApiKind, namespace: str, name: str, body: Any, form: str, manager: str, dry_run: bool = False
    ) -> Applied:
        """Patch one object in the given form (`JSON_PATCH`, `MERGE_PATCH`)."""
        query = {"fieldManager": manager, **({"dryRun": "All"} if dry_run else {})}
        response = self.call("PATCH", kind.path(namespace, quote(name)), query, body, METADATA, form)
        answer = self.decoded(response, secret=kind.kind.kind == "Secret")
        return Applied(False, answer.get("metadata") or {})

    def delete(
        self, kind: ApiKind, namespace: str, name: str, metadata: Mapping[str, Any], dry_run: bool = False
    ) -> list[str]:
        """Delete exactly the object that was observed. MemberError when it has changed since.

        Returns the finalizers that hold it there still; none when it is gone.
        """
        body: dict[str, Any] = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": "Background",
            "preconditions": {k: metadata[k] for k in ("uid", "resourceVersion") if metadata.get(k)},
        }
        if dry_run:
            body["dryRun"] = ["All"]
        response = self.call("DELETE", kind.path(namespace, quote(name)), body=body, accept=METADATA, again=True)
        if response.code == 404:
            return []
        left = self.decoded(response).get("metadata") or {}
        return list(left.get("finalizers") or ()) if left.get("deletionTimestamp") else []

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
