# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that break the rules of HTTP and TLS, which no web framework allows."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import typing as t
from collections.abc import Callable


class RawServer:
    """Accepts connections on loopback, and runs *handler* for each in its own thread."""

    def __init__(self, handler: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> None:
        self.accepted = 0
        self.later: ssl.SSLContext | None = None
        """For handlers that start TLS themselves."""
        self.received: list[bytes] = []
        self._handler = handler
        self._context = context
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stopped.set()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()
        assert not any(thread.is_alive() for thread in self._threads)

    def stopped(self, seconds: float) -> bool:
        """Wait, and return whether the server should stop."""
        return self._stopped.wait(seconds)

    def track(self, connection: socket.socket) -> None:
        """Shut this connection down at the end, so that no thread waits for it."""
        self._connections.append(connection)

    def read_request(self, connection: socket.socket) -> bytes:
        """Head and body of one request, or the part that arrived."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return data
            data += piece
        head, _end, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.received.append(head + b"\r\n\r\n" + body)
        return self.received[-1]

    def _start(self, target: Callable[..., None], *args: t.Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _peer = self._listener.accept()
                self.accepted += 1
                self._start(self._serve, connection)

    def _wrap(self, connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        secure = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            secure.do_handshake()
        except ssl.SSLError:
            # If the server closed at once, data from the client would reset the connection, and the alert would be
            # lost.
            self.stopped(0.2)
            secure.close()
            raise
        return secure

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError):
            try:
                if self._context:
                    connection = self._wrap(connection, self._context)
                self.track(connection)
                self._handler(connection)
            finally:
                connection.close()


def reset(connection: socket.socket) -> None:
    """Close a connection with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def http_answer(body: t.Any, status: int = 200, **headers: str) -> bytes:
    """A response in bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    lines = [f"HTTP/1.1 {status} OK", *(f"{name.replace('_', '-')}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content
