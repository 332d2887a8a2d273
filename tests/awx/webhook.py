# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A webhook that stores the messages that it gets."""

from __future__ import annotations

import json
import ssl
import threading
import time
import typing as t
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme


class Delivery(t.NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: t.Any


class Webhook:
    """Listens on loopback with TLS. Each request gets the next element of *answers*, and the last one is repeated.

    An answer is an HTTP status, with a Location header if it is a redirect, or ``None`` for no response."""

    PATH = "/services/T0/B0/secret-part-of-the-webhook"

    def __init__(self, folder: Path) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int | None] = [200]
        self.delay = 0.0
        authority = trustme.CA()
        self.ca_certificate = authority.cert_pem.bytes().decode().strip()
        self.ca_file = str(folder / "webhook-ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                webhook._take(self)

            do_PUT = do_POST

            def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 (its name in the base class)
                """Keep the log out of the output of the tests."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: t.Any, client_address: t.Any) -> None:
                """Ignore clients that do not trust this server, or that did not wait."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self._server.server_port}{self.PATH}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Webhook:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        self.deliveries.clear()
        self.answers = [200]
        self.delay = 0.0

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        delivery = Delivery(handler.command, handler.path, dict(handler.headers), json.loads(body))
        self.deliveries.append(delivery)
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        time.sleep(self.delay)
        if status is None:
            handler.close_connection = True
            return
        handler.send_response(status)
        if status in range(300, 400):
            handler.send_header("Location", f"{self.url}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()


def basic(username: str, password: str) -> str:
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
