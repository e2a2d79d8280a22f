# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A page in a real headless Chromium, at a given width: what is measured there, and pictures for people.

The page is shown unchanged, with its content security policy, in a frame of the wanted size: Chromium's own window cannot be as
narrow as a phone. The frame's owner, which is of the same origin, measures. No name resolves but loopback.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

_FINDER = Path(__file__).resolve().parents[2] / "tools" / "browser.sh"

#: what is measured in the page; ``{expression}`` has the variables ``page`` (its document) and ``view`` (its window)
_HARNESS = """<!doctype html><html><body style="margin:0"><iframe id="frame" src="/page.html"
style="border:0;display:block;width:{width}px;height:{height}px"></iframe><pre id="result"></pre><script>
document.getElementById("frame").addEventListener("load", () => {{
  const view = document.getElementById("frame").contentWindow, page = view.document;
  let found;
  try {{ found = {expression}; }} catch (error) {{ found = {{error: String(error)}}; }}
  document.getElementById("result").textContent = JSON.stringify(found);
}});
</script></body></html>"""


def find_browser() -> str:
    """The path of a Chromium; skips the test, saying how to get one, when there is none."""
    found = subprocess.run([str(_FINDER)], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(found.stderr.strip())
    return found.stdout.strip()


@dataclass
class Browser:
    """One Chromium; ``asked`` are the paths that it asked our server for."""

    path: str
    folder: Path
    asked: list[str] = field(default_factory=list)

    def measure(self, page: str, width: int, expression: str, dark: bool = False) -> Any:
        """What a JavaScript expression tells of the page."""
        with self._serving(page, _HARNESS.format(width=width, height=900, expression=expression)) as address:
            arguments = ["--dump-dom", "--virtual-time-budget=10000", *(["--force-dark-mode"] if dark else [])]
            document = self._run(address, width, 900, *arguments)
        found = re.search(r'<pre id="result">(.*?)</pre>', document, re.DOTALL)
        assert found, document[:2000]
        assert found.group(1), "the page did not load"
        return json.loads(html.unescape(found.group(1)))

    def picture(self, page: str, width: int, height: int, target: Path, dark: bool = False) -> None:
        """A PNG of the page."""
        with self._serving(page, _HARNESS.format(width=width, height=height, expression="0")) as address:
            arguments = [f"--screenshot={target}", *(["--blink-settings=preferredColorScheme=0"] if dark else [])]
            self._run(address, width, height, *arguments)

    def paper(self, page: str, target: Path) -> None:
        """A PDF of the page, as it is printed."""
        with self._serving(page, "") as address:
            self._run(f"{address}page.html", 1280, 900, f"--print-to-pdf={target}", "--no-pdf-header-footer")

    def _run(self, address: str, width: int, height: int, *arguments: str) -> str:
        command = [
            self.path,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={self.folder / 'profile'}",
            f"--window-size={max(width, 500)},{height}",
            *arguments,
            address,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def _serving(self, page: str, harness: str) -> Iterator[str]:
        """A server on loopback with the harness and the page."""
        bodies = {"/": harness.encode(), "/page.html": page.encode()}
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                body = bodies.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)
