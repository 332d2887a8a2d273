# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS, proxies, the deadline, and what is known about a request without a response. Everything runs over real
sockets."""

from __future__ import annotations

import base64
import contextlib
import errno
import gc
import importlib
import json
import os
import select
import socket
import ssl
import subprocess
import sys
import time
import traceback
import tracemalloc
import typing as t
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import certifi
import pytest
import requests
import trustme

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import (
    NotSent,
    OutcomeUnknown,
    SenhaseguraError,
)
from ansible_collections.pamops.senhasegura.plugins.module_utils._http import libraries
from ansible_collections.pamops.senhasegura.plugins.module_utils._http import tls as contexts
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session_list import find_sessions
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session_terminate import (
    NotAllEnded,
    terminate_sessions,
)
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import run_memory
from tests.messages import (
    CHECK_ADDRESS,
    CREATING,
    INTERIM,
    LOGGING_IN,
    LOST,
    MAY_EXIST,
    NO_HANDSHAKE,
    NO_TIME,
    NOT_A_URL,
    NOT_VALID_FOR,
    UNSENT,
    UNTRUSTED,
)
from tests.simulator import Simulator
from tests.unit.conftest import COLLECTIONS
from tests.unit.plugins.conftest import Tls
from tests.unit.plugins.support import (
    BEARER,
    CREATED,
    NO_ROUTE,
    OAUTH1,
    OAUTH2,
    SESSION,
    SESSION_URL,
    URL,
    Api,
    Call,
    RawServer,
    full,
    http_answer,
    minimal,
    reset,
)

SOON = 0.6
"""Seconds: a timeout that a test is meant to reach."""

Handler = Callable[[RawServer, socket.socket], None]

# CPython leaves a socket that was reset before it could be wrapped to the garbage collector: ssl.SSLSocket._create.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <.*_TLSSocket:ResourceWarning")


@pytest.fixture(autouse=True, scope="module")
def _collect() -> Iterator[None]:
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def create(options: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    options = {"api_prefix": "iso", "timeout": 10.0, "retries": 0, **BEARER, **SESSION, **options, **more}
    return create_remote_session(connect(options), options)


def failure(options: dict[str, t.Any], **more: t.Any) -> SenhaseguraError:
    with pytest.raises((NotSent, OutcomeUnknown)) as error:
        create(options, **more)
    assert error.value.in_doubt is isinstance(error.value, OutcomeUnknown)
    return error.value


@contextlib.contextmanager
def serving(handler: Handler, context: ssl.SSLContext | None) -> Iterator[RawServer]:
    server = RawServer(lambda connection: handler(server, connection), context)
    with server:
        yield server


def answers(server: RawServer, connection: socket.socket) -> None:
    """Respond to each request once, as a correct server does."""
    while server.read_request(connection):
        connection.sendall(http_answer(CREATED))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[int], t.Any]]:
    """Names that resolve as the test sets them."""
    known: dict[str, Callable[[int], t.Any]] = {}
    original = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: t.Any, **more: t.Any) -> t.Any:
        return known[host](port) if host in known else original(host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def _raise(exc: BaseException) -> t.Any:
    raise exc


# Requests that cannot have arrived


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_refused_connection_is_retried(slept: list[float], retries: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure({"url": f"https://127.0.0.1:{port}"}, retries=retries)
    assert isinstance(error, NotSent)
    assert str(error) == f"{CREATING}no connection to 127.0.0.1 port {port}: Connection refused. {CHECK_ADDRESS}"
    assert slept == [0.5, 1.0, 1.5][:retries]


@pytest.mark.parametrize("retries", [0, 2])
def test_close_before_the_handshake_is_retried(slept: list[float], retries: int) -> None:
    with serving(lambda _server, connection: reset(connection), None) as server:
        error = failure({"url": server.url}, retries=retries)
        assert isinstance(error, NotSent)
        assert str(error).startswith(CREATING)
        assert server.accepted == retries + 1


def test_retries_until_the_server_responds(tls: Tls, slept: list[float]) -> None:
    def handler(server: RawServer, connection: socket.socket) -> None:
        if server.accepted < 3:
            reset(connection)
            return
        with tls.context.wrap_socket(connection, server_side=True) as secure:
            server.track(secure)
            answers(server, secure)

    with serving(handler, None) as server:
        assert create({"url": server.url, "ca_path": tls.ca_path}, retries=2)["session_url"] == SESSION_URL
        assert len(server.received) == 1


def test_message_of_a_library_is_not_shown(api: Api) -> None:
    """Such a message can contain a URL with the password of the proxy."""
    words = requests.RequestException("https://me:proxy-pass@proxy.example is no good")
    api.expect(Call("/iso/remote/session", body=words))
    assert str(failure({"url": URL})) == f"{CREATING}{UNSENT}RequestException."


# Requests that may have been handled


def test_response_after_an_interim_one_is_discarded(tls: Tls) -> None:
    """HTTP 103 and the like precede the final response. The next request must not get that response."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        while request := server.read_request(connection):
            device = json.loads(request.partition(b"\r\n\r\n")[2])["device"]
            session = {"session_url": f"https://vault.example/{device}", "token": "a-token"}
            interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" if device == "web01" else b""
            connection.sendall(interim)
            server.stopped(0.1)
            connection.sendall(http_answer({**CREATED, "session": session}))

    with serving(handler, tls.context) as server:
        options = {"url": server.url, "ca_path": tls.ca_path}
        error = failure(options, device="web01")
        assert str(error) == f"{CREATING}{INTERIM} {MAY_EXIST}"
        server.stopped(0.2)
        assert create(options, device="db01")["session_url"] == "https://vault.example/db01"


def filled(answer: bytes) -> bytes:
    """Fill the response up to the size that http.client reads at once, so that the rest stays in the TLS record."""
    return answer.replace(b"\r\n", b"\r\nX-Fill: " + b"x" * (8192 - len(answer) - 10) + b"\r\n", 1)


def twice(server: RawServer, connection: socket.socket, answer: bytes) -> None:
    connection.sendall(filled(answer) + answer)


def twice_later(server: RawServer, connection: socket.socket, answer: bytes) -> None:
    connection.sendall(answer)
    server.stopped(0.15)
    connection.sendall(answer)


def twice_in_chunks(server: RawServer, connection: socket.socket, answer: bytes) -> None:
    body = answer.partition(b"\r\n\r\n")[2]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(filled(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)) + answer)


def after_a_refusal(server: RawServer, connection: socket.socket, answer: bytes) -> None:
    """The gateway sends an error, and then the response that it gets late."""
    connection.sendall(filled(http_answer({"message": "No"}, 400)) + answer)


def after_no_path(server: RawServer, connection: socket.socket, answer: bytes) -> None:
    connection.sendall(filled(http_answer(NO_ROUTE, 404)) + answer)


@pytest.mark.parametrize("api_prefix", ["iso", "api"])
@pytest.mark.parametrize("answer", [twice, twice_later, twice_in_chunks, after_a_refusal, after_no_path])
def test_surplus_response_is_discarded(
    tls: Tls, answer: Callable[[RawServer, socket.socket, bytes], None], api_prefix: str
) -> None:
    def handler(server: RawServer, connection: socket.socket) -> None:
        while request := server.read_request(connection):
            device = json.loads(request.partition(b"\r\n\r\n")[2])["device"]
            session = {"session_url": f"https://vault.example/{device}", "token": "a-token"}
            content = http_answer({**CREATED, "session": session})
            if device == "web01":
                answer(server, connection, content)
            else:
                connection.sendall(content)

    with serving(handler, tls.context) as server:
        options = {"timeout": 10.0, "retries": 0, "url": server.url, "ca_path": tls.ca_path, "api_prefix": api_prefix}
        client = connect({**options, **BEARER})
        with contextlib.suppress(SenhaseguraError):
            create_remote_session(client, {**SESSION, "device": "web01"})
        result = create_remote_session(client, {**SESSION, "device": "db01"})
        assert result["session_url"] == "https://vault.example/db01"
        assert create({**options}, device="app01")["session_url"] == "https://vault.example/app01"


SESSIONS = {number: {"id": number, "session_id": f"{number}" * 40, "end": None} for number in (1, 2)}
NOT_ENDED = full(400, "It cannot be ended")


@contextlib.contextmanager
def doubling(tls: Tls, *endings: bytes) -> Iterator[dict[str, t.Any]]:
    """Options of a server that sends each response twice. It responds to requests to end a session with *endings* in
    order, and repeats the last one."""
    left = list(endings)

    def response_to(request: bytes) -> bytes:
        method, path = request.split(b" ", 2)[:2]
        if path.endswith(b"/token"):
            number = sum(b"/token" in received for received in server.received)
            return http_answer({"access_token": f"a-token-0123456789-{number}", "expires_in": 3600})
        if method == b"DELETE":
            return left.pop(0) if len(left) > 1 else left[0]
        number = int(path.rpartition(b"/")[2]) if path[-1:].isdigit() else 0
        sessions = [SESSIONS[number]] if number else list(SESSIONS.values())
        return http_answer(full(200, "Done", error=False, remote_sessions=sessions))

    def handler(server: RawServer, connection: socket.socket) -> None:
        while request := server.read_request(connection):
            twice(server, connection, response_to(request))

    with serving(handler, tls.context) as server:
        yield {"url": server.url, "ca_path": tls.ca_path, "api_prefix": "iso", "timeout": 10.0, "retries": 0}


@pytest.mark.parametrize(
    ("credentials", "endings"),
    [(BEARER, [NOT_ENDED]), (OAUTH2, [NOT_ENDED]), (OAUTH2, [minimal(401, "Expired"), NOT_ENDED])],
    ids=["list", "login and list", "login again"],
)
def test_surplus_response_ends_no_session(tls: Tls, credentials: dict[str, str], endings: list[t.Any]) -> None:
    refusals = [http_answer(body, body["response"]["status"]) for body in endings]
    with doubling(tls, *refusals) as options, pytest.raises(NotAllEnded) as error:
        terminate_sessions(connect({**options, **credentials}), {"active": True})
    assert [session["terminated"] for session in error.value.outcome["sessions"]] == [False, False]


@pytest.mark.parametrize("credentials", [BEARER, OAUTH2], ids=["list", "login and list"])
@pytest.mark.parametrize("wanted", [{}, {"id": [1, 2]}])
def test_surplus_response_hides_no_session(tls: Tls, credentials: dict[str, str], wanted: dict[str, t.Any]) -> None:
    with doubling(tls) as options:
        found = find_sessions(connect({**options, **credentials}), wanted)
    assert [session["id"] for session in found.sessions] == [1, 2]


@pytest.mark.parametrize(
    "head", [b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"Location: /elsewhere\r\n\r\n"], ids=["chunk", "redirect"]
)
def test_endless_response_is_not_kept_in_memory(tls: Tls, head: bytes) -> None:
    """http.client reads a chunk of a negative size without a limit, and requests reads the body of a redirect."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 302 OK\r\n" + head)
        for _mebibyte in range(64):
            connection.sendall(bytes(1024 * 1024))

    with serving(handler, tls.context) as server:
        tracemalloc.start()
        try:
            error = failure({"url": server.url, "ca_path": tls.ca_path})
            assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
        finally:
            tracemalloc.stop()
    assert isinstance(error, OutcomeUnknown)


def test_endless_error_to_a_list_request_is_not_kept_in_memory(tls: Tls) -> None:
    def handler(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 500 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
        for _mebibyte in range(64):
            connection.sendall(bytes(1024 * 1024))

    with serving(handler, tls.context) as server:
        options = {"url": server.url, "ca_path": tls.ca_path, "api_prefix": "iso", "timeout": 10.0, "retries": 0}
        client = connect({**options, **BEARER})
        tracemalloc.start()
        try:
            with pytest.raises(OutcomeUnknown):
                find_sessions(client, {})
            assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
        finally:
            tracemalloc.stop()


# The deadline


def test_deadline_covers_login_and_session(tls: Tls) -> None:
    def handler(server: RawServer, connection: socket.socket) -> None:
        while request := server.read_request(connection):
            server.stopped(SOON * 0.55)
            login = {"access_token": "a-token-0123456789", "expires_in": 3600}
            connection.sendall(http_answer(login if b"/oauth2/token" in request else CREATED))

    with serving(handler, tls.context) as server:
        options = {
            "url": server.url,
            "ca_path": tls.ca_path,
            "access_token": "",
            "client_id": "i",
            "client_secret": "s",
        }
        started = time.monotonic()
        error = failure(options, timeout=SOON)
        assert SOON - 0.05 < time.monotonic() - started < SOON + 1
        assert str(error) == f"{CREATING}{LOST}{NO_TIME} {MAY_EXIST}"
        assert create(options, timeout=SOON * 4)["session_url"] == SESSION_URL


def test_login_that_times_out_is_not_retried(tls: Tls) -> None:
    """PAM Core may have rejected the login, and would reject each retry too."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        server.stopped(SOON * 4)

    with serving(handler, tls.context) as server:
        options = {"url": server.url, "ca_path": tls.ca_path, "api_prefix": "iso", "timeout": SOON, "retries": 0}
        messages = []
        for _host in range(3):
            with pytest.raises((NotSent, OutcomeUnknown)) as error:
                create_remote_session(connect({**options, **OAUTH2}, run_memory()), SESSION)
            messages.append(str(error.value))
            assert error.value.in_doubt is False
        lost = f"{LOGGING_IN}{LOST}{NO_TIME}"
        assert messages[0] == lost
        assert all(message.startswith(f"{lost} The login failed ") for message in messages[1:])
        assert len(server.received) == 1


def test_pauses_end_with_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    started = time.monotonic()
    failure({"url": f"https://127.0.0.1:{port}"}, timeout=SOON, retries=10)
    assert time.monotonic() - started < SOON + 0.5


def test_each_call_has_the_whole_timeout(tls: Tls) -> None:
    def handler(server: RawServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            server.stopped(SOON * 0.4)
            connection.sendall(http_answer(CREATED))

    with serving(handler, tls.context) as server:
        options = {"url": server.url, "ca_path": tls.ca_path, "timeout": SOON, "api_prefix": "iso", "retries": 0}
        client = connect({**options, **BEARER})
        for _number in range(3):
            assert create_remote_session(client, SESSION)["session_url"] == SESSION_URL


def test_no_time_left(tls: Tls) -> None:
    with serving(answers, tls.context) as server:
        error = failure({"url": server.url, "ca_path": tls.ca_path}, timeout=1e-9)
        assert (str(error), server.accepted) == (f"{CREATING}{UNSENT}{NO_TIME}", 0)
    assert isinstance(error, NotSent)


# Names and addresses


@pytest.mark.parametrize(
    ("number", "text", "tries"), [(socket.EAI_NONAME, "nobody knows it", 1), (socket.EAI_AGAIN, "ask later", 3)]
)
def test_name_that_does_not_resolve(
    names: dict[str, Callable[[int], t.Any]], slept: list[float], number: int, text: str, tries: int
) -> None:
    asked: list[int] = []
    names["vault.example"] = lambda port: asked.append(port) or _raise(socket.gaierror(number, text))  # type: ignore[func-returns-value]
    error = failure({"url": "https://vault.example"}, retries=2)
    assert isinstance(error, NotSent)
    assert str(error) == f"{CREATING}the name vault.example could not be resolved: {text}. {CHECK_ADDRESS}"
    assert asked == [443] * tries


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "xn--.example", "%00.example"])
def test_invalid_host_name(host: str) -> None:
    assert isinstance(failure({"url": f"https://{host}"}, timeout=2.0), NotSent)


def test_next_address_is_tried(tls: Tls, names: dict[str, Callable[[int], t.Any]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    with serving(answers, tls.context) as server:
        names["localhost"] = lambda _port: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (closed, server.port)
        ]
        options = {"url": f"https://localhost:{server.port}", "ca_path": tls.ca_path}
        assert create(options)["session_url"] == SESSION_URL


def test_unsupported_address_family(tls: Tls, names: dict[str, Callable[[int], t.Any]]) -> None:
    def addresses(*ports: int | None) -> list[t.Any]:
        none, four = (99, socket.SOCK_STREAM, 6, "", ("::1", 443)), (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*four, ("127.0.0.1", port)) if port else none for port in ports]

    with serving(answers, tls.context) as server:
        options = {"url": f"https://localhost:{server.port}", "ca_path": tls.ca_path}
        names["localhost"] = lambda _port: addresses(None, server.port)
        assert create(options)["session_url"] == SESSION_URL
    names["localhost"] = lambda port: addresses(port, None)
    assert str(failure(options)) == (
        f"{CREATING}no connection to localhost port {server.port}: Connection refused. {CHECK_ADDRESS}"
    )


# Missing libraries


def missing(library: str, reason: str = "") -> str:
    return (
        f"Failed to import the required Python library ({library}) on {socket.gethostname()}'s Python "
        f"{sys.executable}.{reason} Please read the module documentation and install it in the appropriate location. "
        "If the required library is installed, but Ansible is using the wrong Python interpreter, please consult the "
        "documentation on ansible_python_interpreter"
    )


def test_without_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files can be imported, as by an action plugin. The library is reported when a request needs it."""
    monkeypatch.setitem(sys.modules, "requests", None)
    package = contexts.__name__.rpartition("._http")[0]
    for name in [name for name in sys.modules if name.startswith(package)]:
        monkeypatch.delitem(sys.modules, name)
    importlib.import_module(f"{package}._http.tls").preload()
    client = importlib.import_module(f"{package}._api.client")
    for options in ({"auth_method": "oauth2"}, {"auth_method": "oauth1"}, {"auth_method": "access_token"}):
        with pytest.raises(Exception) as error:
            client.connect(options)
        assert (type(error.value).__name__, str(error.value)) == ("NotSent", missing("requests"))


def test_requests_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    why = "urllib3 v2 only supports OpenSSL 1.1.1+"
    monkeypatch.setattr(libraries, "HAS_REQUESTS", False)
    monkeypatch.setattr(libraries, "WHY_NOT", why)
    with pytest.raises(NotSent) as error:
        connect({"auth_method": "oauth2"})
    assert str(error.value) == f"{missing('requests')}. {why}."


def test_missing_default_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "DEFAULT_CA_BUNDLE_PATH", "/nowhere.pem")
    with pytest.raises(NotSent) as error:
        connect({"url": "https://127.0.0.1:9", "timeout": 10.0, "retries": 0, "api_prefix": "iso", "access_token": "x"})
    assert str(error.value) == (
        "No certificates could be read from /nowhere.pem (the default of the Python library requests; set ca_path "
        "instead): No such file or directory."
    )


def test_without_requests_oauthlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests_oauthlib", None)
    options = {"url": "https://127.0.0.1:9", "timeout": 10.0, "retries": 0, "api_prefix": "iso"}
    with pytest.raises(NotSent) as error:
        connect({**options, **OAUTH1})
    assert str(error.value) == missing("requests-oauthlib")
    connect({**options, **BEARER})


# TLS


def test_name_in_the_certificate_is_checked(tls: Tls, names: dict[str, Callable[[int], t.Any]]) -> None:
    with serving(answers, tls.context) as server:
        names["vault.example"] = lambda _port: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        error = failure({"url": f"https://vault.example:{server.port}", "ca_path": tls.ca_path})
        assert server.received == []
        assert "Hostname mismatch, certificate is not valid for 'vault.example'" in str(error)
        assert create({"url": f"https://vault.example:{server.port}", "validate_certs": False})


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_ca_path_overrides_environment_variables(
    tls: Tls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(trustme.CA().cert_pem.bytes())
    with serving(answers, tls.context) as server:
        monkeypatch.setenv(variable, str(other))
        assert create({"url": server.url, "ca_path": tls.ca_path})["session_url"] == SESSION_URL
        assert create({"url": server.url, "validate_certs": False})["session_url"] == SESSION_URL
        assert isinstance(failure({"url": server.url}), NotSent)
        monkeypatch.setenv(variable, tls.ca_path)
        assert create({"url": server.url, "proxy": ""})["session_url"] == SESSION_URL
        assert isinstance(failure({"url": server.url, "ca_path": str(other)}), NotSent)


def test_client_certificate(tls: Tls, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(Path(tls.client_cert).read_text() + Path(tls.client_key).read_text())
    with serving(answers, tls.wanting_client) as server:
        options = {"url": server.url, "ca_path": tls.ca_path}
        two_files = {"client_cert": tls.client_cert, "client_key": tls.client_key}
        assert create(options, **two_files)["session_url"] == SESSION_URL
        assert create(options, client_cert=str(both))["session_url"] == SESSION_URL

    # With TLS 1.3 the client has sent data before the server rejects it; with TLS 1.2 it has not.
    tls.wanting_client.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with serving(answers, tls.wanting_client) as server:
            error = failure({"url": server.url, "ca_path": tls.ca_path})
            assert server.received == []
    finally:
        tls.wanting_client.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    assert isinstance(error, NotSent)
    assert str(error).startswith((f"{CREATING}{UNSENT}TLS failed: ", f"{CREATING}{UNSENT}{NO_HANDSHAKE}"))


NO_CERTIFICATE = "(client_cert, client_key; the key must not be encrypted): "


def test_missing_client_certificate(tls: Tls, tmp_path: Path) -> None:
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.touch()
    options = {"url": "https://127.0.0.1:9", "ca_path": tls.ca_path}
    for cert, key, why in (
        (missing, tls.client_key, "No such file or directory"),
        (tls.client_cert, missing, "No such file or directory"),
        (tls.client_cert, empty, ""),
        (empty, None, ""),
        (tls.client_cert, None, ""),
    ):
        error = failure(options, client_cert=str(cert), client_key=key and str(key))
        assert isinstance(error, NotSent)
        assert str(error).startswith(f"The client certificate {cert} or its key cannot be loaded {NO_CERTIFICATE}{why}")


def test_encrypted_key_does_not_prompt(tls: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords: list[t.Any] = []
    original = ssl.SSLContext.load_cert_chain

    def load_cert_chain(
        context: ssl.SSLContext, certfile: t.Any, keyfile: t.Any = None, password: t.Any = None
    ) -> None:
        passwords.append(password)
        original(context, certfile, keyfile, password)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load_cert_chain)
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(Path(tls.client_key).read_bytes(), None)
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a password"),
        )
    )
    options = {"url": "https://127.0.0.1:9", "client_cert": tls.client_cert, "client_key": str(encrypted)}
    assert str(failure(options)).startswith(
        f"The client certificate {tls.client_cert} or its key cannot be loaded {NO_CERTIFICATE}"
    )
    assert passwords == [""]  # with None, OpenSSL would prompt on the terminal


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_ca_path_without_certificates(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    error = failure({"url": "https://127.0.0.1:9", "ca_path": str(path)})
    assert isinstance(error, NotSent)
    assert str(error).startswith(f"No certificates could be read from {path} (ca_path): ")


# TLS contexts that are created before the forks


@pytest.fixture
def bundle(tls: Tls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The authorities that are trusted by default. They have issued the certificates of the servers in these tests."""
    path = tmp_path / "bundle.pem"
    path.write_bytes(Path(tls.ca_path).read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    return path


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """An authority that has issued no certificate of these tests."""
    path = tmp_path / "foreign.pem"
    path.write_bytes(trustme.CA().cert_pem.bytes())
    return str(path)


NOT_ACCEPTED = f"{CREATING}{UNSENT}{UNTRUSTED}"


def test_prepared_context_serves_one_transport(tls: Tls, bundle: Path, foreign: str) -> None:
    """Each transport has its own exchange. The authorities are not read again for the first one, but for the second."""
    contexts.preload()
    bundle.write_bytes(Path(foreign).read_bytes())
    with serving(answers, tls.context) as server, serving(answers, tls.context) as other:
        for _number in range(2):
            assert create({"url": server.url})["session_url"] == SESSION_URL
        assert str(failure({"url": other.url})).startswith(NOT_ACCEPTED)
        assert len(server.received) == 2
        assert other.received == []


FORKS = """
import os, sys
from ansible_collections.pamops.senhasegura.plugins.module_utils._http import tls
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session

tls.preload()
os.unlink(os.environ["REQUESTS_CA_BUNDLE"])
session = {"user": "jdoe", "device": "web01", "protocol": "SSH", "credential": "root"}
options = {"url": sys.argv[1], "access_token": "a-token", "api_prefix": "iso", "timeout": 10.0, "retries": 0, **session}
for number in range(3):
    if not os.fork():
        create_remote_session(connect(options), options)
        os._exit(0)
    assert os.wait()[1] == 0
"""


@pytest.mark.usefixtures("bundle")
def test_prepared_context_serves_each_fork(tls: Tls) -> None:
    """Each fork has its own connections. None reads the authorities again, because their file no longer exists."""
    with serving(answers, tls.context) as server:
        command = [sys.executable, "-c", FORKS, server.url]
        folders = {"PYTHONPATH": str(COLLECTIONS)}
        run = subprocess.run(command, env={**os.environ, **folders}, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (0, "")
        assert (server.accepted, len(server.received)) == (3, 3)


def test_ca_path_replaces_the_prepared_authorities(tls: Tls, bundle: Path, foreign: str) -> None:
    contexts.preload()
    with serving(answers, tls.context) as server:
        for _number in range(2):
            assert str(failure({"url": server.url, "ca_path": foreign})).startswith(NOT_ACCEPTED)
        assert server.received == []
        bundle.write_bytes(Path(foreign).read_bytes())
        assert create({"url": server.url})["session_url"] == SESSION_URL


def test_ca_path_fills_the_prepared_context(tls: Tls, monkeypatch: pytest.MonkeyPatch, foreign: str) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", foreign)
    contexts.preload()
    with serving(answers, tls.context) as server:
        for device in ("web01", "db01"):
            options = {"url": server.url, "ca_path": tls.ca_path, "device": device}
            assert create(options)["session_url"] == SESSION_URL
        assert str(failure({"url": server.url})).startswith(NOT_ACCEPTED)


@pytest.mark.usefixtures("bundle")
def test_changed_bundle_of_the_environment_is_read(tls: Tls, monkeypatch: pytest.MonkeyPatch, foreign: str) -> None:
    """The environment of a task may set another bundle."""
    contexts.preload()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", foreign)
    with serving(answers, tls.context) as server:
        assert str(failure({"url": server.url})).startswith(NOT_ACCEPTED)
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        assert str(failure({"url": server.url})).startswith(NOT_ACCEPTED)
        assert server.received == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_unreadable_bundle_is_reported_when_it_is_needed(
    tls: Tls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "bundle.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    if content is not None:
        path.write_bytes(content)
    contexts.preload()
    with serving(answers, tls.context) as server:
        error = failure({"url": server.url})
        assert isinstance(error, NotSent)
        assert str(error).startswith(f"No certificates could be read from {path} (REQUESTS_CA_BUNDLE): ")
        assert create({"url": server.url, "ca_path": tls.ca_path})["session_url"] == SESSION_URL
        path.write_bytes(Path(tls.ca_path).read_bytes())
        assert create({"url": server.url})["session_url"] == SESSION_URL


def test_disabled_verification_does_not_affect_other_transports(
    tls: Tls, monkeypatch: pytest.MonkeyPatch, names: dict[str, Callable[[int], t.Any]], foreign: str
) -> None:
    """They still verify the authority and the host name."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", foreign)
    contexts.preload()
    with serving(answers, tls.context) as server:
        names["vault.example"] = lambda _port: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        misnamed = f"https://vault.example:{server.port}"
        for url in (server.url, misnamed):
            assert create({"url": url}, validate_certs=False)["session_url"] == SESSION_URL
        count = len(server.received)
        for options in ({"url": server.url}, {"url": server.url, "ca_path": foreign}, {"url": misnamed}):
            assert str(failure(options)).startswith(NOT_ACCEPTED)
        assert str(failure({"url": misnamed, "ca_path": tls.ca_path})) == (
            f"{NOT_ACCEPTED}Hostname mismatch, certificate is not valid for 'vault.example' {NOT_VALID_FOR}"
        )
        assert len(server.received) == count


@pytest.mark.usefixtures("bundle")
def test_prepared_context_is_not_used_for_the_proxy(tls: Tls, foreign: str) -> None:
    """PAM Core and the proxy have a context each. Both trust the same authorities."""
    seen: list[bytes] = []
    with serving(answers, tls.context) as server, serving(_proxy(server.port, seen), tls.context) as proxy:
        options = {"url": f"https://localhost:{server.port}", "proxy": f"https://127.0.0.1:{proxy.port}"}
        contexts.preload()
        assert create(options)["session_url"] == SESSION_URL
        assert len(seen) == len(server.received) == 1
        assert str(failure({**options, "ca_path": foreign})).startswith(NOT_ACCEPTED)
        assert len(seen) == len(server.received) == 1


# Proxies


def _proxy(target: int, seen: list[bytes], answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Handler:
    """Connect to *target* whatever host the client names, if *answer* is a success."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        seen.append(server.read_request(connection))
        connection.sendall(answer)
        if b" 200 " not in answer:
            return
        with socket.create_connection(("127.0.0.1", target)) as onward:
            while not server.stopped(0):
                readable = select.select([connection, onward], [], [], 0.05)[0]
                for source in readable:
                    data = source.recv(65536)
                    if not data:
                        return
                    (onward if source is connection else connection).sendall(data)

    return handler


PROXY_USER = "me:proxy-pass"
CREDENTIALS = base64.b64encode(b"me:proxy-pass").decode()


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_through_a_proxy(tls: Tls, monkeypatch: pytest.MonkeyPatch, secure: bool) -> None:
    seen: list[bytes] = []
    context = tls.context if secure else None
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with (
        serving(answers, tls.context) as server,
        serving(_proxy(server.port, seen), context) as proxy,
    ):
        url = f"{'https' if secure else 'http'}://{PROXY_USER}@127.0.0.1:{proxy.port}"
        options = {"url": f"https://localhost:{server.port}", "ca_path": tls.ca_path, "proxy": url}
        assert create(options)["session_url"] == SESSION_URL
        assert len(server.received) == 1
    assert seen[0].startswith(f"CONNECT localhost:{server.port} HTTP/1.".encode())
    assert f"Proxy-Authorization: Basic {CREDENTIALS}".encode() in seen[0]
    assert b"Bearer" not in seen[0]


@pytest.mark.parametrize(("no_proxy", "used"), [(None, True), ("127.0.0.1", False)])
def test_proxy_from_the_environment(
    tls: Tls, monkeypatch: pytest.MonkeyPatch, no_proxy: str | None, used: bool
) -> None:
    seen: list[bytes] = []
    with (
        serving(answers, tls.context) as server,
        serving(_proxy(server.port, seen), None) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        if no_proxy:
            monkeypatch.setenv("NO_PROXY", no_proxy)
        assert create({"url": server.url, "ca_path": tls.ca_path})["session_url"] == SESSION_URL
        assert bool(seen) is used


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("407 me:proxy-pass is wrong", "407 Proxy Authentication Required"),
        (f"407 Basic {CREDENTIALS} is wrong", "407 Proxy Authentication Required"),
        (f"502 {40 * 'x'} me:proxy-pass", "502 Bad Gateway"),
        ("499 proxy-pass", "499"),
    ],
)
def test_proxy_refuses(tls: Tls, slept: list[float], status: str, shown: str) -> None:
    """Only the status is shown. The reason phrase may repeat the password whole, encoded or cut off."""
    seen: list[bytes] = []
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(_proxy(0, seen, answer), None) as proxy:
        options = {"url": "https://vault.example", "proxy": f"http://{PROXY_USER}@127.0.0.1:{proxy.port}"}
        error = failure(options, retries=2)
    assert isinstance(error, NotSent)
    assert str(error) == f"{CREATING}{UNSENT}the proxy refused the connection: {shown}."
    told = "".join(traceback.format_exception(error))  # with all causes, as core shows it
    assert not any(secret in told for secret in ("proxy-pass", CREDENTIALS))
    assert len(seen) == 1
    assert slept == []


def test_unreachable_proxy(slept: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure({"url": "https://vault.example", "proxy": f"http://{PROXY_USER}@127.0.0.1:{port}"}, retries=1)
    assert str(error) == f"{CREATING}no connection to 127.0.0.1 port {port}: Connection refused. {CHECK_ADDRESS}"
    assert slept == [0.5]


@pytest.mark.parametrize(
    "proxy", ["foo://proxy:1", "http://", "http://[", "http://proxy:port", "proxy:99999", "http:///x"]
)
def test_invalid_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch, slept: list[float], proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = failure({"url": "https://vault.example"}, retries=2)
    assert isinstance(error, NotSent)
    assert str(error) == f"{CREATING}{UNSENT}{NOT_A_URL}"
    assert slept == []


def test_socks_without_its_library(monkeypatch: pytest.MonkeyPatch, slept: list[float]) -> None:
    monkeypatch.setitem(sys.modules, "socks", None)
    for _time in range(2):
        error = failure({"url": "https://vault.example", "proxy": "socks5h://127.0.0.1:9"}, retries=2)
        assert isinstance(error, NotSent)
        assert str(error).startswith(f"{CREATING}Failed to import the required Python library (PySocks) on ")
        assert " This is required for a SOCKS proxy. " in str(error)
    assert slept == []


def test_socks_proxy_from_the_environment(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the proxy has no port, that of SOCKS is used."""
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1")
    connected: list[t.Any] = []

    def connect(_socket: socket.socket, address: t.Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    error = failure({"url": "https://vault.example", "ca_path": tls.ca_path})
    assert str(error) == f"{CREATING}no connection to 127.0.0.1 port 1080: Connection refused. {CHECK_ADDRESS}"
    assert connected == [("127.0.0.1", 1080)]


def test_deadline_covers_the_handshake_through_a_proxy(tls: Tls) -> None:
    def handler(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        server.stopped(1.3)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        server.stopped(10)

    with serving(handler, None) as proxy:
        started = time.monotonic()
        options = {"url": "https://vault.example", "proxy": f"http://127.0.0.1:{proxy.port}"}
        error = failure(options, timeout=1.5)
        assert time.monotonic() - started < 2.5
    assert str(error) == f"{CREATING}{UNSENT}{NO_TIME}"


# Connections


def test_each_request_opens_a_connection(simulator: Simulator, vault: dict[str, t.Any]) -> None:
    options = {"timeout": 10.0, "retries": 0, **vault}
    for _number in range(2):
        client = connect(options)
        urls = {create_remote_session(client, options)["session_url"] for _number in range(3)}
        assert len(urls) == 3
    assert simulator.connections == len(simulator.requests) == 8


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_next_connection_resumes_the_tls_session(tls: Tls, version: ssl.TLSVersion) -> None:
    """Only with the same options. Other options may trust other authorities."""
    resumed: list[bool | None] = []

    def handler(server: RawServer, connection: socket.socket) -> None:
        resumed.append(t.cast(ssl.SSLSocket, connection).session_reused)
        answers(server, connection)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.certificate.configure_cert(context)
    context.maximum_version = version
    with serving(handler, context) as server:
        options = {"timeout": 10.0, "retries": 0, "url": server.url, "ca_path": tls.ca_path, "api_prefix": "iso"}
        client = connect({**options, **BEARER})
        for _number in range(3):
            create_remote_session(client, SESSION)
        create({**options, "ca_path": None, "validate_certs": False})
        assert "cannot be verified" in str(failure({**options, "ca_path": certifi.where()}))
    assert resumed == [False, True, True, False]


def test_closed_connection_is_not_used(tls: Tls) -> None:
    def handler(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(http_answer(CREATED))

    with serving(handler, tls.context) as server:
        for _number in range(3):
            assert create({"url": server.url, "ca_path": tls.ca_path})["session_url"] == SESSION_URL
            time.sleep(0.05)
        assert server.accepted == 3


def test_probe_requests_no_session(simulator: Simulator, vault: dict[str, t.Any]) -> None:
    known = simulator.credentials
    base = {name: vault[name] for name in ("url", "ca_path", "api_prefix")} | {"timeout": 10.0, "retries": 0}
    for credentials in (known["oauth2"], known["oauth1"], {"access_token": known["access_token"]}):
        connect({**base, **credentials}).probe()
    assert [(request.method, request.path) for request in simulator.requests] == [
        ("POST", "/api/oauth2/token"),
        ("HEAD", "/"),
        ("HEAD", "/"),
    ]
    assert not any("authorization" in request.headers for request in simulator.requests)


@pytest.mark.parametrize("method", ["oauth2", "oauth1", "access_token"])
@pytest.mark.parametrize("prefix", ["auto", "iso", "api"])
def test_simulator_accepts_all_methods(simulator: Simulator, vault: dict[str, t.Any], method: str, prefix: str) -> None:
    known = simulator.credentials
    credentials = {"access_token": known["access_token"]} if method == "access_token" else known[method]
    options = {**vault, "client_id": None, "client_secret": None, **credentials, "auth_method": method}
    result = create({**options, "access_token": credentials.get("access_token")}, api_prefix=prefix)
    assert result["session_url"].startswith(f"{vault['url']}/")
    assert result["tenant"] == "acme"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    ("proxy", "why"),
    [
        ("socks://me:hunter2secret@127.0.0.1:9", "the URL of PAM Core or of a proxy is invalid (check url, proxy, "),
        ("socks6://me:hunter2secret@127.0.0.1:9", "the URL of PAM Core or of a proxy is invalid (check url, proxy, "),
        ("http://me:hunter2secret%E2%82%AC@127.0.0.1:9", "the user name or the password of the proxy has a character "),
    ],
)
def test_proxy_that_cannot_be_used_is_reported_without_its_password(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str, why: str
) -> None:
    monkeypatch.setenv(variable, proxy)
    error = failure({"url": "https://127.0.0.2:9"})
    assert isinstance(error, NotSent)
    assert why in str(error)
    assert "hunter2secret" not in str(error)
