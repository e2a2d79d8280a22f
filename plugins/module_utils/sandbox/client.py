# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The few requests that the sandbox sends to the API server of a member that it has started itself."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from typing import Any

from . import certificates
from .layout import LOOPBACK


class Refused(Exception):
    """The API server answered with an error; ``code`` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Client:
    """Speaks to one API server as the sandbox's own user. No answer within ``timeout`` seconds: ``OSError``.

    A ``dry`` one sends reads only, for check mode.
    """

    def __init__(self, pki: str, port: int, timeout: float = 5.0, dry: bool = False) -> None:
        context = ssl.create_default_context(cafile=os.path.join(pki, f"{certificates.AUTHORITY}.crt"))
        files = (os.path.join(pki, certificates.OPERATOR.file + end) for end in (".crt", ".key"))
        context.load_cert_chain(*files)
        self._context, self._port, self._timeout, self._dry = context, port, timeout, dry
        self._connection: http.client.HTTPSConnection | None = None

    def ready(self) -> bool:
        """Whether /readyz says so; False while nobody answers."""
        try:
            self.request("GET", "/readyz")
            return True
        except (OSError, http.client.HTTPException, Refused):
            return False

    def get(self, path: str) -> Any:
        """The object at ``path``, or None if there is none."""
        try:
            return self.request("GET", path)
        except Refused as refused:
            if refused.code == 404:
                return None
            raise

    def request(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """The JSON (or text) of the answer. Raises ``Refused``, ``OSError`` or ``HTTPException``."""
        if self._dry and method != "GET":
            return None
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                LOOPBACK, self._port, timeout=self._timeout, context=self._context
            )
        try:
            data = None if body is None else json.dumps(body)
            self._connection.request(method, path, data, {"Content-Type": content, "Accept": "application/json"})
            answer = self._connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if answer.status >= 400:
            raise Refused(answer.status, f"{method} {path}: HTTP {answer.status} {_message(text)}")
        return json.loads(text) if text.startswith("{") else text

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _message(text: str) -> str:
    try:
        return str(json.loads(text).get("message", ""))
    except ValueError:
        return text[:200]
