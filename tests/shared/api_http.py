"""The HTTP interface of the Kubernetes API, on loopback, and a kubeconfig for it."""

from __future__ import annotations

import http.server
import json
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.shared.api_server import Request, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from postrender.manifests.nodes import Plain
    from tests.shared.api_server import Object, Response


def parse(method: str, content_type: str, target: str, body: bytes) -> Request:
    """Return the request of an HTTP message."""
    url = urlsplit(target)
    parts = url.path.strip("/").split("/")
    if parts == ["version"]:
        return Request("version", "", "", "", {}, {})
    parts = parts[2:] if parts[0] == "api" else parts[3:]  # api/v1, or apis/GROUP/VERSION
    if parts[0] == "namespaces" and len(parts) > 2:  # else the namespace itself
        parts = parts[2:]
    resource, name, subresource = [*parts, "", ""][:3]
    verbs = {"GET": "get" if name else "list", "DELETE": "delete", "POST": "create"}
    verb = verbs.get(method, "patch")
    if content_type == "application/apply-patch+yaml":
        verb = "apply"
    query = {key: values[0] for key, values in parse_qs(url.query).items()}
    manifest: Object = json.loads(body or b"{}")
    if verb == "create":
        name = text(manifest, "metadata", "name")
    return Request(verb, resource, name, subresource, query, manifest)


@contextmanager
def running(answer: Callable[[Request], Response]) -> Iterator[str]:
    """Run an HTTP server, and yield its address. A `ConnectionError` closes the connection."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            content_type = self.headers.get("Content-Type", "")
            try:
                code, result = answer(parse(self.command, content_type, self.path, body))
            except ConnectionError:
                self.close_connection = True
                return
            is_text = isinstance(result, str)
            content = str(result).encode() if is_text else json.dumps(result).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if is_text else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PATCH = do_DELETE = do_POST = _answer  # noqa: N815  # the names that http.server calls

        def log_message(self, format: str, *args: str) -> None:  # noqa: A002  # http.server's name
            """Write no log."""

    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The server has no TLS, and loading the system's certificates takes half of a command.
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", os.devnull)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def kubeconfig(server: str, name: str = "test", **user: Plain) -> Object:
    """Return a kubeconfig with one context."""
    return {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": {"token": "t", **user}}],
    }


@contextmanager
def current_context(answer: Callable[[Request], Response], folder: Path) -> Iterator[None]:
    """Run an HTTP server, and set KUBECONFIG to a kubeconfig for it in a folder."""
    with running(answer) as address, pytest.MonkeyPatch.context() as patch:
        file = folder / "kubeconfig"
        file.write_text(yaml.safe_dump(kubeconfig(address)))
        patch.setenv("KUBECONFIG", str(file))
        yield
