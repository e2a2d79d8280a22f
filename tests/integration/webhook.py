# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A mutating admission webhook: a real HTTPS server in the test process, registered on one member for one namespace."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ansible_collections.multicluster.federation.tests.integration.proxy import certificate
from ansible_collections.multicluster.federation.tests.integration.stage import Kube

Patch = list[dict[str, Any]]
#: what the webhook does to an object: a JSON patch, [] for nothing
Mutate = Callable[[dict[str, Any]], Patch]


def _answer(review: dict[str, Any], mutate: Mutate) -> dict[str, Any]:
    request = review["request"]
    response: dict[str, Any] = {"uid": request["uid"], "allowed": True}
    patch = mutate(request["object"])
    if patch:
        response.update(patchType="JSONPatch", patch=base64.b64encode(json.dumps(patch).encode()).decode())
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


@contextmanager
def mutating(client: Kube, name: str, namespace: str, folder: Path, mutate: Mutate) -> Iterator[list[str]]:
    """While it lasts, Deployments that are written in ``namespace`` go through ``mutate``; yields the names of those that did."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(review["request"]["name"])
            body = json.dumps(_answer(review, mutate)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 (its name in the base class)
            """Nothing: the test speaks."""

    path = certificate(folder, "webhook")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, path.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hook = {
        "name": "mutate.example.com",
        "clientConfig": {
            "url": f"https://127.0.0.1:{server.server_address[1]}/",
            "caBundle": base64.b64encode(path.read_bytes()).decode(),
        },
        "rules": [
            {
                "apiGroups": ["apps"],
                "apiVersions": ["v1"],
                "resources": ["deployments"],
                "operations": ["CREATE", "UPDATE"],
            }
        ],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": 10,
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    try:
        client.create({**kind, "metadata": {"name": name}, "webhooks": [hook]})
        yield asked
    finally:
        if client.get(kind["apiVersion"], kind["kind"], name):
            client.delete(kind["apiVersion"], kind["kind"], name)
        server.shutdown()
        server.server_close()
        thread.join(10)
