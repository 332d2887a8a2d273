# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of several plugins need: PAM Core's answers, expected requests, and the module's real ``main()``."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import ssl
import struct
import threading
import typing as t
from collections.abc import Callable, Iterator, Mapping
from unittest import mock
from urllib.parse import parse_qsl

import pytest
import urllib3
from ansible.module_utils import basic
from hypothesis import HealthCheck, settings

from ansible_collections.pamops.senhasegura.plugins.modules import pam_remote_session

NAME = "pamops.senhasegura.pam_remote_session"
URL = "https://vault.example"
SESSION_URL = "https://vault.example/modulos/auth?_sr=cmJzOmFiYw+/=="
SESSION_TOKEN = "5e55" * 16
ISSUED = "issued-token-0123456789"

SESSION: dict[str, t.Any] = {"user": "jdoe", "device": "web01", "protocol": "SSH", "credential": "root"}
BEARER: dict[str, t.Any] = {"access_token": "bearer-0123456789"}
OAUTH2: dict[str, t.Any] = {"client_id": "an-id", "client_secret": "a client's secret/+&"}
OAUTH1: dict[str, t.Any] = {
    "consumer_key": "a-consumer-key",
    "consumer_secret": "a-consumer-secret",
    "token_key": "a-token-key",
    "token_secret": "a-token-secret",
}
# One request and no more: no login, no search for the path
DIRECT: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **BEARER, **SESSION}
WITH_LOGIN: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **OAUTH2, **SESSION}

PROPERTY = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


# What PAM Core answers


def minimal(status: int, message: str, error: bool = True, **more: t.Any) -> dict[str, t.Any]:
    """The envelope up to version 3.32."""
    response = {"status": status, "mensagem": message, "erro": error, "message": message, "error": error}
    return {"response": response, **more}


def full(status: int, message: str, error_code: int = 0, error: bool = True, **more: t.Any) -> dict[str, t.Any]:
    """The envelope from version 3.33 on."""
    response = {
        "status": status,
        "message": message,
        "error": error,
        "error_code": error_code,
        "detail": "",
        "mensagem": message,
        "erro": error,
        "cod_erro": error_code,
    }
    return {"code": status, "response": response, "tenant": "acme", **more}


def numbered(status: int, code: int, text: str, blank: str = " ") -> dict[str, t.Any]:
    """A full envelope with an exception, its number before the text too."""
    message = f"{code}:{blank}{text}"
    return full(status, message, 1, exception={"code": code, "message": message, "detail": None})


CREATED = minimal(
    200, "Session created successfully", False, session={"session_url": SESSION_URL, "token": SESSION_TOKEN}
)
CREATED_FULL = full(
    200, "Session created successfully", 0, False, session={"session_url": SESSION_URL, "token": SESSION_TOKEN}
)
LOGGED_IN = {"token_type": "Bearer", "expires_in": 3600, "access_token": ISSUED}
NO_RESOURCE = full(404, "Resource sub not found", 1)
NO_ROUTE = {"message": "no Route matched with those values"}


# The requests that are expected, in their order


class Call(t.NamedTuple):
    """An expected request, and what answers it. What is None is not compared."""

    path: str
    status: int = 200
    body: t.Any = CREATED
    headers: Mapping[str, str] = {"Content-Type": "application/json"}
    method: str = "POST"
    form: Mapping[str, str] | None = None
    json: Mapping[str, t.Any] | None = None
    authorization: str | None = None


LOGIN = Call("/iso/oauth2/token", body=LOGGED_IN)
CREATE = Call("/iso/remote/session")


def header(request: t.Any, name: str) -> str:
    """The value of a header, which requests-oauthlib makes bytes of."""
    value = request.headers.get(name, "")
    return value if isinstance(value, str) else value.decode("ascii")


class Api:
    """Stands where requests hands a request to the network. Each request must be the next one that is expected."""

    def __init__(self) -> None:
        self.expected: list[Call] = []
        self.requests: list[t.Any] = []
        self.arguments: list[dict[str, t.Any]] = []

    def expect(self, *calls: Call) -> Api:
        self.expected.extend(calls)
        return self

    @property
    def paths(self) -> list[str]:
        return [request.path_url for request in self.requests]

    def send(self, adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        self.requests.append(request)
        self.arguments.append(arguments)
        assert self.expected, f"Nothing was expected, but {request.method} {request.url}"
        call = self.expected.pop(0)
        assert (request.method, request.url) == (call.method, URL + call.path)
        if call.form is not None:
            assert header(request, "Content-Type") == "application/x-www-form-urlencoded"
            assert dict(parse_qsl(request.body, keep_blank_values=True, strict_parsing=True)) == call.form
        if call.json is not None:
            assert header(request, "Content-Type") == "application/json"
            assert json.loads(request.body) == call.json
        if call.authorization is not None:
            assert header(request, "Authorization") == call.authorization
        body = call.body if isinstance(call.body, bytes) else json.dumps(call.body).encode()
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(body), headers=dict(call.headers), status=call.status, preload_content=False
        )
        return adapter.build_response(request, raw)


# The module


@contextlib.contextmanager
def _patch_module_args(args: dict[str, t.Any] | None = None) -> Iterator[None]:
    """For ansible-core before 2.19, which has no such function."""
    text = json.dumps({"ANSIBLE_MODULE_ARGS": args or {}}).encode()
    with mock.patch.object(basic, "_ANSIBLE_ARGS", text):
        yield


try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    patch_module_args = _patch_module_args

RunModule = Callable[..., dict[str, t.Any]]


def run_module(
    capsys: pytest.CaptureFixture[str], options: Mapping[str, t.Any], check: bool = False
) -> dict[str, t.Any]:
    """What the module prints when its ``main()`` is run with these options."""
    capsys.readouterr()
    internal = {"_ansible_check_mode": check, "_ansible_no_log": True}  # the latter keeps it out of the system's log
    with patch_module_args({**options, **internal}), pytest.raises(SystemExit) as end:
        pam_remote_session.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    assert end.value.code == (1 if result.get("failed") else 0)
    return result


# Servers that a web framework would not let be so rude


class RawServer:
    """Accepts connections on loopback and hands each to *handler*, in a thread of its own."""

    def __init__(self, handler: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> None:
        self.accepted = 0
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
        """Wait, and say whether the server is to end."""
        return self._stopped.wait(seconds)

    def track(self, connection: socket.socket) -> None:
        """End this connection at the end, so that nobody waits for it."""
        self._connections.append(connection)

    def read_request(self, connection: socket.socket) -> bytes:
        """Head and body of one request, or what there is of it."""
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

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError):
            try:
                if self._context:
                    connection = self._context.wrap_socket(connection, server_side=True)
                self.track(connection)
                self._handler(connection)
            finally:
                connection.close()


def reset(connection: socket.socket) -> None:
    """End a connection as abruptly as can be."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def http_answer(body: t.Any, status: int = 200, **headers: str) -> bytes:
    """An answer as it goes over the wire."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    lines = [f"HTTP/1.1 {status} OK", *(f"{name.replace('_', '-')}: {value}" for name, value in given.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content
