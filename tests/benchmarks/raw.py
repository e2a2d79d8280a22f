# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The API of one server in the plainest way: urllib3 with pooled connections, and nothing of the collection.

Run as a program it is the floor under every first run: server-side applies of a file to many servers, 16 at once. It prints the
seconds from before the first connection to after the last answer.
"""

from __future__ import annotations

import base64
import json
import ssl
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
import yaml

THREADS = 16
#: kinds of the workload that live in a namespace, by the path of their API
KINDS = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Service": "/api/v1/namespaces/{}/services",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
}
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class Server:
    """One API server, as the admin of its kubeconfig. Threads may share it."""

    def __init__(self, kubeconfig: Path) -> None:
        body = yaml.load(kubeconfig.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        cluster, user = body["clusters"][0]["cluster"], body["users"][0]["user"]

        def pem(key: str, section: dict[str, str]) -> str:
            return base64.b64decode(section[f"{key}-data"]).decode()

        context = ssl.create_default_context(cadata=pem("certificate-authority", cluster))
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:  # readable by us alone, gone when it is loaded
            pair.write(pem("client-certificate", user) + "\n" + pem("client-key", user))
            pair.flush()
            context.load_cert_chain(pair.name)
        url = urlsplit(cluster["server"])
        self._pool = urllib3.HTTPSConnectionPool(
            url.hostname or "", url.port, maxsize=THREADS, ssl_context=context, retries=False, timeout=30.0
        )

    def call(self, method: str, path: str, body: Any = None, content: str = "application/json") -> tuple[int, Any]:
        """The status and the decoded answer."""
        data = None if body is None else json.dumps(body)
        answer = self._pool.request(method, path, body=data, headers={"Content-Type": content})
        return answer.status, json.loads(answer.data) if answer.data[:1] == b"{" else answer.data.decode()

    def done(self, method: str, path: str, body: Any = None, content: str = "application/json") -> Any:
        """As `call`, but anything that is not a success is a RuntimeError."""
        code, answer = self.call(method, path, body, content)
        if code >= 300:
            raise RuntimeError(f"{method} {path}: HTTP {code} {str(answer)[:300]}")
        return answer

    def merge(self, path: str, body: Any) -> None:
        self.done("PATCH", path, body, _MERGE)

    def ready(self) -> bool:
        try:
            return self.call("GET", "/readyz")[0] == 200
        except urllib3.exceptions.HTTPError:
            return False


def path_of(manifest: dict[str, Any]) -> str:
    """The path of one object of the workload."""
    metadata = manifest["metadata"]
    if manifest["kind"] == "Namespace":
        return f"/api/v1/namespaces/{metadata['name']}"
    return f"{KINDS[manifest['kind']].format(metadata['namespace'])}/{metadata['name']}"


def apply_all(kubeconfigs: Iterable[Path], manifests: Iterable[dict[str, Any]]) -> float:
    """Apply everything everywhere, namespaces first; returns the seconds it took, connections included."""
    begun = time.perf_counter()
    servers = [Server(path) for path in kubeconfigs]

    def apply(todo: tuple[dict[str, Any], Server]) -> None:
        manifest, server = todo
        server.done("PATCH", f"{path_of(manifest)}?fieldManager=raw&force=false", manifest, _APPLY)

    spaces = [m for m in manifests if m["kind"] == "Namespace"]
    others = [m for m in manifests if m["kind"] != "Namespace"]
    with ThreadPoolExecutor(THREADS) as threads:
        for wave in (spaces, others):
            list(threads.map(apply, [(manifest, server) for manifest in wave for server in servers]))
    return time.perf_counter() - begun


def main() -> None:
    source, *kubeconfigs = sys.argv[1:]
    manifests = list(yaml.safe_load_all(Path(source).read_text("utf-8")))
    print(f"{apply_all([Path(path) for path in kubeconfigs], manifests):.4f}")


if __name__ == "__main__":
    main()
