# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every possible failure: the full message, how many requests to create a session arrive, whether a session exists
then, and whether the result says so.

The module, the task and the lookup each run through all of it. Each case ends within its timeout and one second."""

from __future__ import annotations

import gzip
import json
import socket
import typing as t
import zlib
from collections.abc import Mapping

from tests.faults.envelopes import NO_RESOURCE, NO_ROUTE, full, minimal, numbered
from tests.faults.raw import RawServer, http_answer, reset
from tests.faults.site.sitecustomize import FILTERED, HERE, LATER, NOWHERE_FIRST, SLOW, TWICE, UNKNOWN
from tests.faults.world import (
    PROXY_PASSWORD,
    Handler,
    Server,
    behind,
    http_proxy,
    nobody,
    raw,
    simulated,
    socks_proxy,
    unanswering,
)
from tests.messages import (
    CHECK_ADDRESS,
    CHECK_API_PREFIX,
    CHECK_CLIENT,
    CHECK_CREDENTIAL,
    CHECK_DEVICE,
    CLOSED_BEFORE,
    CLOSED_IN_THE_MIDDLE,
    CREATING,
    GATEWAY_TIMEOUT,
    GATEWAY_TIMEOUT_RETRY,
    GRANT_READ_WRITE,
    INTERIM,
    LACKS,
    LOGGING_IN,
    LOST,
    MAY_EXIST,
    NO_HANDSHAKE,
    NO_TIME,
    NO_TLS,
    NOT_A_URL,
    NOT_HTTP,
    NOT_VALID_FOR,
    PAM_CORE_ERROR,
    SET_PROTOCOL,
    STATUS_400,
    STATUS_401,
    STATUS_403,
    STATUS_429,
    UNSENT,
    UNTRUSTED,
    UNUSABLE_KEY,
    responded,
)


class Case(t.NamedTuple):
    server: Server
    message: str | None
    """The message for the user, or None for a success. Words in angle brackets are replaced."""
    creates: int = 1
    """How many requests to create a session arrive."""
    sessions: int = 0
    """How many sessions exist then."""
    may_exist: bool = False
    """``session_may_exist`` of the result."""
    http_status: int | None = None
    error_code: int | None = None
    options: Mapping[str, t.Any] = {}
    """Options besides those that reach the server. None removes an option."""
    timeout: float = 10.0
    """Seconds. Short for cases that reach it."""
    connections: int | None = None
    """How many connections are opened. By default, one for each request. Not counted if nobody listens."""
    or_message: str | None = None
    """The message with a Python before 3.11.9 or 3.12.3, for which a reset of TLS looks like an end of file."""


SOON = 1.0

# How long servers go on if the client should not wait for them. A test that does wait fails.
SECONDS, MEBIBYTES = 4, 64


# Texts that several messages share

NOTE = f" {MAY_EXIST}"
REACH = f". {CHECK_ADDRESS}"
RESET = "Connection reset by peer."
AUTHORITIES = " (set ca_path to the CA certificates to trust)."

USER = "Set the option user to the login name of a user in PAM Core."
CREDENTIAL = (
    "Set the option credential to the user name of a credential of the device. With PAM Core 4.2 and later, you can "
    "set auto_select_credential instead."
)
DEVICE = "Set the option device to the host name or IP address of a registered device."
NO_HEADER = f"{CHECK_API_PREFIX} The gateway also sends this error if a proxy removes the Authorization header."
RESOURCE = (
    "In PAM Core, under A2A > Authorizations, grant the resource Web Proxy Session with read and write permission to "
    "the authorization of this "
    "application."
)
REFERER = (
    "This collection sends no HTTP referrer. In PAM Core, under A2A > Authorizations, clear the authorized HTTP "
    "referrers of this application's authorization."
)
SIGNATURE = (
    "Check consumer_key, consumer_secret, token_key and token_secret. Check that url uses the host name configured in "
    "PAM Core, and that the clock of this machine is correct."
)
INVALID = "PAM Core sent its own gateway an invalid response. Ask the administrators of PAM Core."
NOT_PAM_CORE = "Check that url points to PAM Core itself."
HALF_A_HEAD = f"the response (HTTP 200, no content type) is not from PAM Core's API. {NOT_PAM_CORE}"
STATUS_502 = "The gateway in front of PAM Core got no valid response from it. Ask the administrators of PAM Core."
STATUS_503 = "PAM Core is unavailable. Retry later."

JSON = "application/json"
HTML = "text/html; charset=utf-8"
PAGE = "<!DOCTYPE html><title>Sign in</title>"
UNEXPECTED = {"code": 500, "message": "Check the index log system error for more details", "detail": None}
DENIED = "The resource owner or authorization server denied the request."
CREATED = full(200, "Session created successfully", 0, False, session={"session_url": "https://v/?_sr=a", "token": "t"})
WRONG_TYPES = {
    "response": {"status": "x", "message": ["a"], "mensagem": 7, "error": "yes", "error_code": {}, "cod_erro": None},
    "exception": [],
    "error": 3,
    "message": None,
    "session": "none",
}


# Kinds of rows


def unsent(
    server: Server, message: str, timeout: float = 10.0, or_message: str | None = None, **options: t.Any
) -> Case:
    return Case(server, message, 0, timeout=timeout, options=options, or_message=or_message)


def succeeds(server: Server, creates: int = 1, **options: t.Any) -> Case:
    """A fault without effect, or one that ends."""
    return Case(server, None, creates, 1, options={"retries": 2, **options})


def outcome_unknown(
    server: Server,
    text: str,
    status: int | None = None,
    code: int | None = None,
    timeout: float = 10.0,
    or_text: str | None = None,
    **options: t.Any,
) -> Case:
    """PAM Core issues a session, and its response is lost or unclear. The request must not be repeated."""
    or_message = or_text and CREATING + or_text + NOTE
    given = {"retries": 3, **options}
    return Case(server, CREATING + text + NOTE, 1, 1, True, status, code, given, timeout, or_message=or_message)


def loses_response(handler: Handler, why: str, timeout: float = 10.0, or_text: str | None = None) -> Case:
    """The response does not arrive."""
    return outcome_unknown(raw(handler), LOST + why, timeout=timeout, or_text=or_text)


def _answer(status: int, body: t.Any, handled: bool, **headers: str) -> Server:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    fault = {"status": status, "body": body, "handled": handled, "headers": named}
    return simulated(("*/session", fault, None))


def refused(status: int, body: t.Any, text: str, code: int | None = None) -> Case:
    """PAM Core refuses the request, and issues no session."""
    return Case(_answer(status, body, False), f"{CREATING}PAM Core {text}", http_status=status, error_code=code)


def unclear(status: int, body: t.Any, text: str, code: int | None = None) -> Case:
    """PAM Core issues a session and returns an error."""
    return outcome_unknown(_answer(status, body, True), f"PAM Core {text}", status, code)


def not_understood(status: int, body: t.Any, described: str, advice: str, handled_too: bool, **headers: str) -> Case:
    text = f"the response (HTTP {status}, {described}) is not from PAM Core's API. {advice}"
    server = _answer(status, body, handled_too, **headers)
    return outcome_unknown(server, text, status) if handled_too else Case(server, CREATING + text, http_status=status)


def without(members: Mapping[str, t.Any], lacking: str) -> Case:
    """A success without what the client needs."""
    server = simulated(("*/session", {"name": "replaced", "members": members}, None))
    return outcome_unknown(server, f"{LACKS}{lacking}.", 200)


def contradictory(members: Mapping[str, t.Any], text: str, code: int | None = None) -> Case:
    """A session in a response that also reports an error."""
    server = simulated(("*/session", {"name": "replaced", "members": members}, None))
    return outcome_unknown(server, f"PAM Core {text}", 200, code)


def login(status: int, body: t.Any, text: str, **headers: str) -> Case:
    """A failed login. No session can exist."""
    named = {"Content-Type": JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    fault = {"status": status, "body": body, "headers": named}
    return Case(simulated(("*/token", fault, None)), LOGGING_IN + text, 0, http_status=status)


def token(members: Mapping[str, t.Any]) -> Case:
    return succeeds(simulated(("*/token", {"name": "replaced", "members": members}, None)))


# Behavior of servers


def responds(server: RawServer, connection: socket.socket) -> None:
    """Respond to each request once, as a correct server does."""
    while server.read_request(connection):
        connection.sendall(http_answer(CREATED))


def blurts(data: bytes) -> Handler:
    """Waits for the first byte, and sends *data* whatever the request is."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(data)
        server.stopped(0.1)

    return handler


def sends(*pieces: bytes, pause: float = 0.0, then: Handler | None = None) -> Handler:
    """Reads a request, sends these pieces, and closes the connection."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        for piece in pieces:
            connection.sendall(piece)
            server.stopped(pause)
        if then:
            then(server, connection)

    return handler


def dribbles(head: bytes, piece: bytes) -> Handler:
    """Reads a request, and never finishes the response."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(head)
        for _time in range(SECONDS * 50):
            if server.stopped(0.02):
                break
            connection.sendall(piece)

    return handler


def floods(head: bytes, piece: bytes) -> Handler:
    """The same, as fast as possible."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(head)
        for _time in range(MEBIBYTES * 16):
            connection.sendall(piece * (65536 // len(piece)))

    return handler


def resets(_server: RawServer, connection: socket.socket) -> None:
    reset(connection)


def waits(server: RawServer, _connection: socket.socket) -> None:
    server.stopped(SECONDS)


def resets_unread(server: RawServer, connection: socket.socket) -> None:
    """The request arrives, and the server does not read it."""
    connection.recv(1)
    server.stopped(0.2)
    reset(connection)


def dribbles_handshake(server: RawServer, connection: socket.socket) -> None:
    """Sends a TLS record without an end."""
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x40\x00\x02")
    for _time in range(SECONDS * 50):
        if server.stopped(0.02):
            break
        connection.sendall(b"\x00")


def resets_twice(server: RawServer, connection: socket.socket) -> None:
    """Resets two connections, and then responds correctly. TLS starts here, because the first connections have none."""
    if server.accepted < 3:
        reset(connection)
        return
    assert server.later is not None
    with server.later.wrap_socket(connection, server_side=True) as secure:
        server.track(secure)
        responds(server, secure)


def socks5(reply: bytes, each: float = 0.0) -> Handler:
    """A SOCKS 5 proxy without a password. It sends these bytes at once or one by one."""

    def handler(server: RawServer, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"\x05\x00")
        connection.recv(65536)
        for number in range(len(reply)):
            connection.sendall(reply[number : number + 1])
            if server.stopped(each):
                return
        server.stopped(SECONDS)

    return handler


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = http_answer(CREATED)
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
NO_URL, NO_TOKEN = "a valid https session URL", "a token"
URL = "https://127.0.0.1:<port>"
PROXY = "http://127.0.0.1:<proxy>"
ASKED_PROXY = f"me:{PROXY_PASSWORD}@127.0.0.1:<proxy>"


def page(status: int, advice: str, handled_too: bool) -> Case:
    return not_understood(status, PAGE, "content type text/html", advice, handled_too, Content_Type=HTML)


def no_json(body: t.Any, status: int = 200) -> Case:
    handled_too = status == 200
    return not_understood(status, body, f"content type {JSON}", NOT_PAM_CORE, handled_too, Content_Type=JSON)


def redirect(status: int, location: str, **more: t.Any) -> Case:
    server = simulated(("*/session", {"name": "redirect", "status": status, "location": location}, None))
    text = f"{CREATING}the response is a redirect (HTTP {status}), which is not followed. {NOT_PAM_CORE}"
    return Case(server, text, http_status=status, **more)


def gateway(status: int, message: str, advice: str = "", handled_too: bool = False) -> Case:
    text = f"responded with {json.dumps(message)} (HTTP {status}).{advice and f' {advice}'}"
    return (unclear if handled_too else refused)(status, {"message": message}, text)


def busy(status: int, retry_after: str | None, times: int | None, **more: t.Any) -> Server:
    message = "API rate limit exceeded" if status == 429 else "Service unavailable"
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return simulated(("*/session", {"status": status, "body": {"message": message}, "headers": headers, **more}, times))


BUSY = f"{CREATING}{responded('API rate limit exceeded', 429)} {STATUS_429}"
UNAVAILABLE = f"{CREATING}{responded('Service unavailable', 503)} {STATUS_503}"

TABLE: dict[str, dict[str, Case]] = {
    "Names and addresses": {
        "unknown name": unsent(
            nobody,
            f"{CREATING}the name {UNKNOWN} could not be resolved: Name or service not known{REACH}",
            url=f"https://{UNKNOWN}",
        ),
        "temporary failure of name resolution": unsent(
            nobody,
            f"{CREATING}the name {LATER} could not be resolved: Temporary failure in name resolution{REACH}",
            url=f"https://{LATER}",
            retries=2,
        ),
        "slow name resolution": unsent(
            nobody,
            f"{CREATING}the name {SLOW} could not be resolved within 1 seconds{REACH}",
            SOON,
            url=f"https://{SLOW}",
            retries=2,
        ),
        "invalid name": unsent(
            nobody,
            f"{CREATING}the name a..example could not be resolved: it is not a valid host name{REACH}",
            url="https://a..example",
        ),
        "invalid character in the name": unsent(
            nobody,
            f"{CREATING}{UNSENT}{NOT_A_URL}",
            url="https://*.example",
            retries=2,
        ),
        "refused": unsent(nobody, f"{CREATING}no connection to 127.0.0.1 port <port>: Connection refused{REACH}"),
        "refused on every retry": unsent(
            nobody, f"{CREATING}no connection to 127.0.0.1 port <port>: Connection refused{REACH}", retries=2
        ),
        "refused until the timeout": unsent(
            nobody, f"{CREATING}no connection to 127.0.0.1 port <port>: Connection refused{REACH}", SOON, retries=10
        ),
        "no response from the IP address": unsent(
            unanswering, f"{CREATING}no connection to 127.0.0.1 port <port>: {NO_TIME[:-1]}{REACH}", SOON, retries=2
        ),
        "no response from several IP addresses": unsent(
            unanswering,
            f"{CREATING}no connection to {TWICE} port <port>: {NO_TIME[:-1]}{REACH}",
            SOON,
            url=f"https://{TWICE}:<port>",
        ),
        "unsupported first IP address": succeeds(raw(responds), url=f"https://{NOWHERE_FIRST}:<port>"),
    },
    "TLS": {
        "an unknown authority": unsent(
            raw(responds),
            f"{CREATING}{UNSENT}{UNTRUSTED}unable to get local issuer certificate{AUTHORITIES}",
            ca_path="<other ca>",
            retries=2,
        ),
        "an unknown authority, without ca_path": unsent(
            raw(responds),
            f"{CREATING}{UNSENT}{UNTRUSTED}unable to get local issuer certificate{AUTHORITIES}",
            ca_path=None,
        ),
        "another authority with the same name": unsent(
            raw(responds, "other authority"),
            f"{CREATING}{UNSENT}{UNTRUSTED}unable to get local issuer certificate{AUTHORITIES}",
        ),
        "a wrong name": unsent(
            raw(responds, "other name"),
            f"{CREATING}{UNSENT}{UNTRUSTED}Hostname mismatch, certificate is not valid for '{HERE}' {NOT_VALID_FOR}",
            url=f"https://{HERE}:<port>",
        ),
        "a wrong IP address": unsent(
            raw(responds, "other address"),
            f"{CREATING}{UNSENT}{UNTRUSTED}IP address mismatch, certificate is not valid for '127.0.0.1' "
            f"{NOT_VALID_FOR}",
        ),
        "expired": unsent(
            raw(responds, "expired"),
            f"{CREATING}{UNSENT}{UNTRUSTED}certificate has expired "
            "(renew the certificate, or correct the clock of this machine).",
        ),
        "not yet valid": unsent(
            raw(responds, "future"),
            f"{CREATING}{UNSENT}{UNTRUSTED}certificate is not yet valid "
            "(renew the certificate, or correct the clock of this machine).",
        ),
        "self-signed": unsent(
            raw(responds, "self-signed"),
            f"{CREATING}{UNSENT}{UNTRUSTED}self-signed certificate{AUTHORITIES}",
        ),
        "expired, without verification": succeeds(raw(responds, "expired"), validate_certs=False, ca_path=None),
        "no file at ca_path": unsent(
            nobody,
            "No certificates could be read from <nothing> (ca_path): No such file or directory.",
            ca_path="<nothing>",
        ),
        "no file at client_cert": unsent(
            nobody,
            f"The client certificate <nothing> {UNUSABLE_KEY}No such file or directory.",
            client_cert="<nothing>",
        ),
        "missing client certificate, TLS 1.2": unsent(
            raw(responds, "client, TLSv1_2"),
            f"{CREATING}{UNSENT}TLS failed: ssl/tls alert handshake failure.",
            retries=2,
        ),
        "missing client certificate, TLS 1.3": unsent(
            raw(responds, "client, TLSv1_3"),
            f"{CREATING}{UNSENT}TLS failed: tlsv13 alert certificate required.",
            retries=2,
        ),
        "wrong client certificate, TLS 1.2": unsent(
            raw(responds, "client, TLSv1_2"),
            f"{CREATING}{UNSENT}TLS failed: tlsv1 alert unknown ca.",
            client_cert="<stranger>",
        ),
        "wrong client certificate, TLS 1.3": unsent(
            raw(responds, "client, TLSv1_3"),
            f"{CREATING}{UNSENT}TLS failed: tlsv1 alert unknown ca.",
            client_cert="<stranger>",
        ),
        "right client certificate": succeeds(raw(responds, "client, TLSv1_3"), client_cert="<client>"),
        "old versions only": unsent(
            raw(responds, "old"), f"{CREATING}{UNSENT}TLS failed: tlsv1 alert protocol version.", retries=2
        ),
        "no handshake": unsent(raw(waits, None), f"{CREATING}{UNSENT}{NO_TIME}", SOON, retries=2),
        "endless handshake": unsent(raw(dribbles_handshake, None), f"{CREATING}{UNSENT}{NO_TIME}", SOON, retries=2),
        "no TLS": unsent(
            raw(blurts(b"HTTP/1.1 400 Bad Request\r\n\r\n"), None),
            f"{CREATING}{UNSENT}{NO_TLS}",
            retries=2,
        ),
        "another protocol": unsent(
            raw(blurts(b"SSH-2.0-OpenSSH_9.2\r\n"), None),
            f"{CREATING}{UNSENT}{NO_TLS}",
            retries=2,
        ),
        "reset in the handshake": unsent(
            raw(resets_unread, None), f"{CREATING}{UNSENT}Connection reset by peer.", retries=1
        )._replace(connections=2),
        "close in the handshake": unsent(
            raw(blurts(b""), None),
            f"{CREATING}{UNSENT}{NO_HANDSHAKE}",
        ),
        "two resets before the handshake": succeeds(raw(resets_twice, None), retries=2)._replace(connections=3),
    },
    "Proxies": {
        "HTTP": succeeds(behind(http_proxy, simulated()), proxy=f"http://{ASKED_PROXY}"),
        "HTTP, without the password": unsent(
            behind(http_proxy, simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: 407 Proxy Authentication Required.",
            proxy=PROXY,
            retries=2,
        ),
        "HTTP, with a wrong password": unsent(
            behind(http_proxy, simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: 407 Proxy Authentication Required.",
            proxy="http://me:wrong@127.0.0.1:<proxy>",
        ),
        "HTTP, target not reachable": unsent(
            behind(http_proxy, nobody),
            f"{CREATING}{UNSENT}the proxy refused the connection: 502 Bad Gateway.",
            proxy=f"http://{ASKED_PROXY}",
        ),
        "HTTP, it refuses": unsent(
            behind(http_proxy, nobody),
            f"{CREATING}{UNSENT}the proxy refused the connection: 418 I'm a Teapot.",
            url=f"https://{FILTERED}",
            proxy=f"http://{ASKED_PROXY}",
            retries=2,
        ),
        "HTTP, proxy not reachable": unsent(
            behind(nobody, simulated()),
            f"{LOGGING_IN}no connection to 127.0.0.1 port <proxy>: Connection refused{REACH}",
            proxy=f"http://{ASKED_PROXY}",
            retries=1,
        ),
        "HTTP, unknown name": unsent(
            simulated(),
            f"{LOGGING_IN}the name {UNKNOWN} could not be resolved: Name or service not known{REACH}",
            proxy=f"http://{UNKNOWN}:3128",
        )._replace(connections=0),
        "HTTP, no response from its IP address": unsent(
            behind(unanswering, simulated()),
            f"{LOGGING_IN}no connection to 127.0.0.1 port <proxy>: {NO_TIME[:-1]}{REACH}",
            SOON,
            proxy=PROXY,
        ),
        "HTTP, it closes without a response": unsent(
            behind(raw(sends(), None), simulated()), f"{LOGGING_IN}{UNSENT}{CLOSED_BEFORE}", proxy=PROXY
        ),
        "HTTP, it repeats the password": unsent(
            behind(raw(sends(f"HTTP/1.1 407 {PROXY_PASSWORD} is wrong\r\n\r\n".encode()), None), simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: 407 Proxy Authentication Required.",
            proxy=f"http://{ASKED_PROXY}",
        ),
        "HTTP, it never responds": unsent(
            behind(raw(sends(then=waits), None), simulated()),
            f"{LOGGING_IN}{UNSENT}{NO_TIME}",
            SOON,
            proxy=PROXY,
            retries=2,
        ),
        "HTTP, endless response": unsent(
            behind(raw(dribbles(b"HTTP/1.1 200 OK\r\nA: ", b"b"), None), simulated()),
            f"{LOGGING_IN}{UNSENT}{NO_TIME}",
            SOON,
            proxy=PROXY,
        ),
        "HTTP, it floods": unsent(
            behind(raw(floods(b"HTTP/1.1 200 OK\r\nA: ", b"b"), None), simulated()),
            f"{LOGGING_IN}{UNSENT}{NOT_HTTP}",
            proxy=PROXY,
        ),
        "HTTP, another protocol": unsent(
            behind(raw(blurts(b"SSH-2.0-OpenSSH_9.2\r\n"), None), simulated()),
            f"{LOGGING_IN}{UNSENT}{NOT_HTTP}",
            proxy=PROXY,
        ),
        "HTTP, it closes the connection": unsent(
            behind(raw(sends(OPEN, then=blurts(b"")), None), simulated()),
            f"{LOGGING_IN}{UNSENT}{NO_HANDSHAKE}",
            proxy=PROXY,
        ),
        "HTTP, no handshake": unsent(
            behind(raw(sends(OPEN, then=waits), None), simulated()), f"{LOGGING_IN}{UNSENT}{NO_TIME}", SOON, proxy=PROXY
        ),
        "HTTPS, an unknown authority": unsent(
            behind(raw(responds, "other authority"), raw(responds)),
            f"{CREATING}{UNSENT}{UNTRUSTED}unable to get local issuer certificate{AUTHORITIES}",
            proxy="https://127.0.0.1:<proxy>",
        ),
        "HTTPS, but the proxy uses HTTP": unsent(
            behind(raw(blurts(b"HTTP/1.1 400 Bad Request\r\n\r\n"), None), raw(responds)),
            f"{CREATING}{UNSENT}{NO_TLS}",
            proxy="https://127.0.0.1:<proxy>",
        ),
        "SOCKS 5": succeeds(behind(socks_proxy, simulated()), proxy=f"socks5://{ASKED_PROXY}"),
        "SOCKS 5 that resolves names": succeeds(
            behind(socks_proxy, simulated()), proxy=f"socks5h://{ASKED_PROXY}", url="https://localhost:<port>"
        ),
        "SOCKS 5, names are resolved here": succeeds(
            behind(socks_proxy, raw(responds)), proxy=f"socks5://{ASKED_PROXY}", url=f"https://{HERE}:<port>"
        ),
        "SOCKS 5, unknown name": unsent(
            behind(socks_proxy, raw(responds)),
            f"{CREATING}the name {UNKNOWN} could not be resolved: Name or service not known{REACH}",
            proxy=f"socks5://{ASKED_PROXY}",
            url=f"https://{UNKNOWN}:<port>",
        ),
        "SOCKS 5, slow name resolution": unsent(
            behind(socks_proxy, raw(responds)),
            f"{CREATING}the name {SLOW} could not be resolved within 1 seconds{REACH}",
            SOON,
            proxy=f"socks5://{ASKED_PROXY}",
            url=f"https://{SLOW}:<port>",
        ),
        "SOCKS 5, invalid name": unsent(
            behind(socks_proxy, raw(responds)),
            f"{CREATING}the name a..example could not be resolved: it is not a valid host name{REACH}",
            proxy=f"socks5h://{ASKED_PROXY}",
            url="https://a..example:<port>",
        ),
        "SOCKS 5, without the password": unsent(
            behind(socks_proxy, simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: Connection closed unexpectedly.",
            proxy="socks5://127.0.0.1:<proxy>",
            retries=2,
        ),
        "SOCKS 5, with a wrong password": unsent(
            behind(socks_proxy, simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: Connection closed unexpectedly.",
            proxy="socks5://me:wrong@127.0.0.1:<proxy>",
        ),
        "SOCKS 5, it requires a password": unsent(
            behind(raw(blurts(b"\x05\x02"), None), simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: No username/password supplied. Server requested "
            "username/password authentication.",
            proxy="socks5://127.0.0.1:<proxy>",
        ),
        "SOCKS 5, it refuses": unsent(
            behind(raw(socks5(b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"), None), simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: Connection not allowed by ruleset.",
            proxy="socks5://127.0.0.1:<proxy>",
            retries=2,
        ),
        "SOCKS 5, it reports an unreachable host": unsent(
            behind(raw(socks5(b"\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"), None), simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: Host unreachable.",
            proxy="socks5://127.0.0.1:<proxy>",
        ),
        # The proxy reports a success and closes the connection. If it has not read the handshake by then, this is a
        # reset.
        "SOCKS 5, target not reachable": unsent(
            behind(socks_proxy, nobody),
            f"{CREATING}{UNSENT}{NO_HANDSHAKE}",
            or_message=f"{CREATING}{UNSENT}{RESET}",
            proxy=f"socks5://{ASKED_PROXY}",
        ),
        "SOCKS 5, proxy not reachable": unsent(
            behind(nobody, simulated()),
            f"{LOGGING_IN}no connection to 127.0.0.1 port <proxy>: Connection refused{REACH}",
            proxy=f"socks5://{ASKED_PROXY}",
            retries=1,
        ),
        "SOCKS 5, no response from its IP address": unsent(
            behind(unanswering, simulated()),
            f"{LOGGING_IN}no connection to 127.0.0.1 port <proxy>: {NO_TIME[:-1]}{REACH}",
            SOON,
            proxy=f"socks5://{ASKED_PROXY}",
        ),
        "SOCKS 5, it never responds": unsent(
            behind(raw(waits, None), simulated()),
            f"{LOGGING_IN}no connection to 127.0.0.1 port <proxy>: {NO_TIME[:-1]}{REACH}",
            SOON,
            proxy="socks5://127.0.0.1:<proxy>",
            retries=2,
        ),
        "SOCKS 5, endless response": unsent(
            behind(raw(socks5(b"\x05\x00\x00\x03\xff" + b"a" * 255, 0.1), None), simulated()),
            f"{LOGGING_IN}no connection to 127.0.0.1 port <proxy>: {NO_TIME[:-1]}{REACH}",
            SOON,
            proxy="socks5://127.0.0.1:<proxy>",
        ),
        "SOCKS 5, another protocol": unsent(
            behind(raw(blurts(b"SSH-2.0-OpenSSH_9.2\r\n"), None), simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: SOCKS5 proxy server sent invalid data.",
            proxy="socks5://127.0.0.1:<proxy>",
        ),
        "SOCKS 4": succeeds(
            behind(socks_proxy, simulated()), proxy=f"socks4://me%3A{PROXY_PASSWORD}:@127.0.0.1:<proxy>"
        ),
        "SOCKS 4, names are resolved here": succeeds(
            behind(socks_proxy, raw(responds)),
            proxy=f"socks4://me%3A{PROXY_PASSWORD}:@127.0.0.1:<proxy>",
            url=f"https://{HERE}:<port>",
        ),
        "SOCKS 4, it refuses": unsent(
            behind(raw(blurts(b"\x00\x5b\x00\x00\x00\x00\x00\x00"), None), simulated()),
            f"{LOGGING_IN}{UNSENT}the proxy refused the connection: Request rejected or failed.",
            proxy="socks4://127.0.0.1:<proxy>",
        ),
    },
    "Redirects": {
        "to another page": redirect(302, "/api/pam/elsewhere"),
        "to the same page, with the request": redirect(307, "/api/remote/session"),
        "to another host": redirect(308, "https://localhost:1/api/pam/remote/session"),
        "to http": redirect(301, "http://127.0.0.1:1/api/pam/remote/session"),
        "without a location": redirect(302, ""),
        "to an invalid URL": redirect(302, "https://[vault"),
        "to a URL without a host": redirect(302, "//["),
        "to bytes that are not UTF-8": Case(
            raw(
                sends(b"HTTP/1.1 302 Found\r\nLocation: https://\xff\xfe/\r\nContent-Length: 0\r\n\r\n"), handles=False
            ),
            f"{CREATING}the response is a redirect (HTTP 302), which is not followed. {NOT_PAM_CORE}",
            http_status=302,
        ),
        "300": redirect(300, "/other"),
        "304": redirect(304, "/other"),
        "303 after the request was handled": outcome_unknown(
            simulated(("*/session", {"name": "redirect", "status": 303, "handled": True}, None)),
            f"the response is a redirect (HTTP 303), which is not followed. {NOT_PAM_CORE}",
            303,
        ),
        "of the login": login(
            302, PAGE, f"the response is a redirect (HTTP 302), which is not followed. {NOT_PAM_CORE}"
        ),
    },
    "PAM Core refuses": {
        "user, minimal": refused(
            400, minimal(400, "User not specified"), f'responded with "User not specified" (HTTP 400). {USER}'
        ),
        "user, full": refused(
            400, full(400, "User not specified"), f'responded with "User not specified" (HTTP 400). {USER}'
        ),
        "username, minimal": refused(
            400, minimal(400, "Username not specified"), f'responded with "Username not specified" (HTTP 400). {USER}'
        ),
        "username, full": refused(
            400, full(400, "Username not specified"), f'responded with "Username not specified" (HTTP 400). {USER}'
        ),
        "credential, minimal": refused(
            400,
            minimal(400, "Credential not specified"),
            f'responded with "Credential not specified" (HTTP 400). {CREDENTIAL}',
        ),
        "credential, full": refused(
            400,
            full(400, "Credential not specified"),
            f'responded with "Credential not specified" (HTTP 400). {CREDENTIAL}',
        ),
        "device, minimal": refused(
            400,
            minimal(400, "Credential device not specified"),
            f'responded with "Credential device not specified" (HTTP 400). {DEVICE}',
        ),
        "device, full": refused(
            400,
            full(400, "Credential device not specified"),
            f'responded with "Credential device not specified" (HTTP 400). {DEVICE}',
        ),
        "protocol, minimal": refused(
            400, minimal(400, "Invalid protocol"), f'responded with "Invalid protocol" (HTTP 400). {SET_PROTOCOL}'
        ),
        "protocol, full": refused(
            400, full(400, "Invalid protocol"), f'responded with "Invalid protocol" (HTTP 400). {SET_PROTOCOL}'
        ),
        "no resource": refused(
            404,
            NO_RESOURCE,
            'responded with "Resource sub not found" (HTTP 404). Tried: /api/pam/remote/session, /api/remote/session. '
            f"{CHECK_API_PREFIX}",
        )._replace(creates=2),
        "no resource, classic": refused(
            404,
            minimal(404, "Resource/sub-resource not found"),
            'responded with "Resource/sub-resource not found" (HTTP 404). Tried: /api/pam/remote/session, '
            f"/api/remote/session. {CHECK_API_PREFIX}",
        )._replace(creates=2),
        "not authorized, minimal": refused(
            500,
            minimal(500, "You are not authorized to access this resource"),
            f'responded with "You are not authorized to access this resource" (HTTP 500). {RESOURCE}',
        ),
        "not authorized, full": refused(
            500,
            full(500, "You are not authorized to access this resource.", 1),
            f'responded with "You are not authorized to access this resource." (HTTP 500). {RESOURCE}',
        ),
        "referer": refused(
            500,
            full(500, "The http referer is not allowed", 1105),
            f'responded with "The http referer is not allowed" (HTTP 500, code 1105). {REFERER}',
            1105,
        ),
        "referer, without its code": refused(
            500,
            full(500, "The http referer is not allowed", 1),
            f'responded with "The http referer is not allowed" (HTTP 500). {REFERER}',
        ),
        "read-only": refused(
            400,
            numbered(400, 1039, "Without PAM Configuration Access permission"),
            f'responded with "Without PAM Configuration Access permission" (HTTP 400, code 1039). {GRANT_READ_WRITE}',
            1039,
        ),
        "signature": refused(
            500, full(500, "Invalid signature", 1), f'responded with "Invalid signature" (HTTP 500). {SIGNATURE}'
        ),
        "client, envelope": refused(
            401,
            full(401, "Client authentication failed.", 1),
            f'responded with "Client authentication failed." (HTTP 401). {CHECK_CLIENT}',
        ),
        "client, OAuth": refused(
            401,
            {"error": "invalid_client", "error_description": "Client authentication failed"},
            f'responded with "Client authentication failed" (HTTP 401). {CHECK_CLIENT}',
        ),
        "unknown device": Case(
            simulated(),
            f"{CREATING}{responded('Device not found', 400)} {CHECK_DEVICE}",
            http_status=400,
            options={"device": "nowhere"},
        ),
        "unknown user": Case(
            simulated(),
            f"{CREATING}{responded('User not found', 400)} {STATUS_400}",
            http_status=400,
            options={"user": "nobody"},
        ),
        "device not found": refused(
            400,
            numbered(400, 1011, "Device not found"),
            f'responded with "Device not found" (HTTP 400, code 1011). {CHECK_DEVICE}',
            1011,
        ),
        "code without a space": refused(
            400,
            numbered(400, 1009, "No access to credential", blank=""),
            'responded with "No access to credential" (HTTP 400, code 1009). '
            "In PAM Core, add the credential to the authorization of this application.",
            1009,
        ),
        "code only before the message": refused(
            400,
            minimal(400, "1007: Credential not found"),
            f'responded with "Credential not found" (HTTP 400, code 1007). {CHECK_CREDENTIAL}',
            1007,
        ),
        "code only in the exception": refused(
            400,
            minimal(400, "The item is not a credential", exception={"code": 1010, "message": "x", "detail": None}),
            'responded with "The item is not a credential" (HTTP 400, code 1010). '
            "Set the option credential to the user name of a credential.",
            1010,
        ),
        "code only in error_code": refused(
            400,
            full(400, "Credential inactive", 1008),
            'responded with "Credential inactive" (HTTP 400, code 1008). In PAM Core, enable the credential.',
            1008,
        ),
        "code as a string": refused(
            400,
            {"response": {"status": 400, "message": "Else", "error": True, "error_code": "1105"}},
            f'responded with "Else" (HTTP 400, code 1105). {STATUS_400}',
            1105,
        ),
        "different codes": refused(
            400,
            full(400, "1001: Else", 1002, exception={"code": 1003, "message": "1004: Other"}),
            f'responded with "Else" (HTTP 400, code 1003). {STATUS_400}',
            1003,
        ),
        "lowest code": refused(500, full(500, "Else", 1000), 'responded with "Else" (HTTP 500, code 1000).', 1000),
        "highest code": refused(500, full(500, "Else", 9999), 'responded with "Else" (HTTP 500, code 9999).', 9999),
        "fault with a code": refused(
            500,
            numbered(500, 1099, "Unexpected error"),
            f'responded with "Unexpected error" (HTTP 500, code 1099). {PAM_CORE_ERROR}',
            1099,
        ),
        "no code": refused(
            400, full(400, "Else", 1, exception={"code": 0}), f'responded with "Else" (HTTP 400). {STATUS_400}'
        ),
        "flat": refused(
            404,
            {"code": 404, "message": "Agent not found", "error": True, "error_code": 1001},
            f'responded with "Agent not found" (HTTP 404, code 1001). {NOT_PAM_CORE}',
            1001,
        ),
        "Message": refused(
            400,
            {"code": 400, "response": {"status": 400, "Message": "Invalid protocol", "error": True}},
            f'responded with "Invalid protocol" (HTTP 400). {SET_PROTOCOL}',
        ),
        "mensagem": refused(
            400,
            {"response": {"status": 400, "mensagem": "Usuário não especificado", "erro": True}},
            f'responded with "Usuário não especificado" (HTTP 400). {STATUS_400}',
        ),
        "exception.message": refused(
            400, {"exception": {"message": "Else"}}, f'responded with "Else" (HTTP 400). {STATUS_400}'
        ),
        "order of messages": refused(
            400,
            {"response": {"message": " ", "mensagem": "Portuguese"}, "exception": {"message": "x"}, "message": "y"},
            f'responded with "Portuguese" (HTTP 400). {STATUS_400}',
        ),
        "only error": refused(
            400, {"error": "invalid_request"}, f'responded with "invalid_request" (HTTP 400). {STATUS_400}'
        ),
        "erro under 200": refused(
            200,
            {"response": {"status": 200, "mensagem": "Falhou", "erro": True}},
            'responded with "Falhou" (HTTP 200).',
        ),
        "error as a string under 200": refused(
            200, {"response": {"status": 200, "message": "No", "error": "true"}}, 'responded with "No" (HTTP 200).'
        ),
        "no error under 400": refused(
            400,
            numbered(400, 1049, "There is no certificate with the given code")
            | {
                "response": {
                    "status": 400,
                    "message": "1049: There is no certificate with the given code",
                    "error": False,
                }
            },
            f'responded with "There is no certificate with the given code" (HTTP 400, code 1049). {STATUS_400}',
            1049,
        ),
        "status 400 under 200": refused(
            200, minimal(400, "Invalid request", error=False), 'responded with "Invalid request" (HTTP 200).'
        ),
        "OAuth error under 200": refused(
            200, {"error": "access_denied", "error_description": DENIED}, f'responded with "{DENIED}" (HTTP 200).'
        ),
        "401": refused(
            401,
            {"error": "access_denied", "error_description": DENIED},
            f'responded with "{DENIED}" (HTTP 401). {STATUS_401}',
        ),
        "403": refused(
            403, full(403, "Lack of permission", 1), f'responded with "Lack of permission" (HTTP 403). {STATUS_403}'
        ),
        "no reason": refused(400, minimal(400, " "), f"gave no reason (HTTP 400). {STATUS_400}"),
        "wrong types": refused(400, WRONG_TYPES, f"gave no reason (HTTP 400). {STATUS_400}"),
        "long": refused(400, minimal(400, "x" * 2000), f'responded with "{"x" * 1000}…" (HTTP 400). {STATUS_400}'),
        "terminal escapes": refused(
            400,
            minimal(400, "\x1b[31mred\x1b[0m\r\nnext\u2028line\u202eback\x00\t\x07 end\ud800"),
            f'responded with "[31mred [0m next line back end" (HTTP 400). {STATUS_400}',
        ),
        "quotes and templates": refused(
            400,
            minimal(400, 'say "no" \\ {{ 7 * 7 }}'),
            'responded with "say \\"no\\" \\\\ {{ 7 * 7 }}" (HTTP 400). ' + STATUS_400,
        ),
        "duplicate key": refused(
            400,
            b'{"response": {"error": false}, "response": {"message": "Invalid protocol", "error": true}}',
            f'responded with "Invalid protocol" (HTTP 400). {SET_PROTOCOL}',
        ),
    },
    "Unknown outcome": {
        "unexpected, minimal": unclear(
            500, minimal(500, "Unexpected error"), f'responded with "Unexpected error" (HTTP 500). {PAM_CORE_ERROR}'
        ),
        "unexpected, full": unclear(
            500,
            full(500, "Unexpected error.", 1, exception=UNEXPECTED),
            f'responded with "Unexpected error." (HTTP 500). {PAM_CORE_ERROR}',
            500,
        ),
        "unexpected under 400": unclear(
            400, minimal(400, "Unexpected error"), f'responded with "Unexpected error" (HTTP 400). {PAM_CORE_ERROR}'
        ),
        "unexpected under 200": unclear(
            200, minimal(200, "Unexpected error"), f'responded with "Unexpected error" (HTTP 200). {PAM_CORE_ERROR}'
        ),
        "timeout under 400": unclear(
            400,
            full(400, "Request timed out."),
            f'responded with "Request timed out." (HTTP 400). {GATEWAY_TIMEOUT_RETRY}',
        ),
        "unknown message": unclear(
            500, full(500, "Database is locked", 1), 'responded with "Database is locked" (HTTP 500).'
        ),
        "message that contains a refusal": unclear(
            500,
            full(500, "Device not found in cache, trying again"),
            f'responded with "Device not found in cache, trying again" (HTTP 500). {CHECK_DEVICE}',
        ),
        "code below the range": unclear(
            500, full(500, "Else", 999), 'responded with "Else" (HTTP 500, code 999).', 999
        ),
        "code above the range": unclear(
            500, full(500, "Else", 10000), 'responded with "Else" (HTTP 500, code 10000).', 10000
        ),
        "501": unclear(501, full(501, "Not implemented"), 'responded with "Not implemented" (HTTP 501).'),
        "599": unclear(599, {"message": "x"}, 'responded with "x" (HTTP 599).'),
        "an empty object": unclear(500, {}, "gave no reason (HTTP 500)."),
        "wrong types instead of objects": unclear(
            500,
            {"response": [{"message": "x"}], "exception": "x", "error": {}, "message": 5},
            "gave no reason (HTTP 500).",
        ),
        "a session in a refusal": unclear(
            400,
            {**minimal(400, "Invalid protocol"), "session": CREATED["session"]},
            f'responded with "Invalid protocol" (HTTP 400). {SET_PROTOCOL}',
        ),
    },
    # The texts of 404, 502 and 504 are documented. The others are those of the Kong gateway. The documented texts
    # suggest that PAM Core uses Kong.
    "The gateway refuses": {
        "400": gateway(400, "Bad request", STATUS_400),
        "401": gateway(401, "Unauthorized", STATUS_401),
        "403": gateway(403, "Your IP address is not allowed", STATUS_403),
        "404, no route": refused(
            404,
            NO_ROUTE,
            'responded with "no Route matched with those values" (HTTP 404). '
            f"Tried: /api/pam/remote/session, /api/remote/session. {NO_HEADER}",
        )._replace(creates=2),
        "404, no route, as documented": refused(
            404,
            {"message": "No route matched with those values.", "request_id": "0"},
            'responded with "No route matched with those values." (HTTP 404). '
            f"Tried: /api/pam/remote/session, /api/remote/session. {NO_HEADER}",
        )._replace(creates=2),
        "404": gateway(404, "Not found", NOT_PAM_CORE),
        "405": gateway(405, "Method not allowed"),
        "408": gateway(408, "Request timeout", handled_too=True),
        "411": gateway(411, "Length required"),
        "412": gateway(412, "Precondition failed"),
        "413": gateway(413, "Payload too large"),
        "414": gateway(414, "URI too long"),
        "417": gateway(417, "Expectation failed"),
        "426": gateway(426, "Please use HTTPS protocol"),
        "429": gateway(429, "API rate limit exceeded", STATUS_429),
        "494": gateway(494, "Request header or cookie too large"),
        "500": gateway(500, "An unexpected error occurred", PAM_CORE_ERROR, handled_too=True),
        "502": gateway(502, "An invalid response was received from the upstream server", INVALID, handled_too=True),
        "502, other message": gateway(502, "Bad", STATUS_502, handled_too=True),
        "503": gateway(503, "The upstream server is currently unavailable", STATUS_503),
        "503, name resolution": gateway(503, "name resolution failed", STATUS_503),
        "503, message of a 504": gateway(503, "The upstream server is timing out", GATEWAY_TIMEOUT),
        "504": gateway(504, "The upstream server is timing out", GATEWAY_TIMEOUT, handled_too=True),
        "504, message documented without a status": gateway(
            504, "Request timed out.", GATEWAY_TIMEOUT_RETRY, handled_too=True
        ),
        "504, other message": gateway(504, "Bad", GATEWAY_TIMEOUT, handled_too=True),
        "under 200": refused(200, {"message": "no such service"}, 'responded with "no such service" (HTTP 200).'),
    },
    "Retries": {
        "429, with seconds": succeeds(busy(429, "0", 1), 2),
        "503, with seconds": succeeds(busy(503, "0", 1), 2),
        "429, twice": succeeds(busy(429, "0", 2), 3, retries=2),
        "429, with a past date": succeeds(busy(429, "Sun, 06 Nov 1994 08:49:37 GMT", 1), 2),
        "503, with a past date": succeeds(busy(503, "Sun, 06 Nov 1994 08:49:37 GMT", 1), 2),
        "503, a page of maintenance": succeeds(
            simulated(
                (
                    "*/session",
                    {"status": 503, "body": PAGE, "headers": {"Content-Type": HTML, "Retry-After": "0"}},
                    1,
                )
            ),
            2,
        ),
        "429, too often": Case(busy(429, "0", None), BUSY, 3, http_status=429, options={"retries": 2}),
        "429, no retry left": Case(busy(429, "0", None), BUSY, 1, http_status=429, options={"retries": 0}),
        "429, without a time": Case(busy(429, None, None), BUSY, 1, http_status=429),
        "503, without a time": Case(busy(503, None, None), UNAVAILABLE, 1, http_status=503),
        "429, later than the timeout": Case(busy(429, "60", None), BUSY, 1, http_status=429),
        "503, a date after the timeout": Case(
            busy(503, "Fri, 31 Dec 2088 23:59:59 GMT", None), UNAVAILABLE, 1, http_status=503
        ),
        "503, invalid time": Case(busy(503, "soon", None), UNAVAILABLE, 1, http_status=503),
        "429, until the timeout": Case(
            busy(429, "0.4", None), BUSY, 1, http_status=429, timeout=SOON, options={"retries": 10}
        ),
        "503, waiting beyond the timeout": Case(
            busy(503, "1", None), UNAVAILABLE, 2, http_status=503, timeout=1.8, options={"retries": 10}
        ),
        "502 with a time to wait": outcome_unknown(
            simulated(
                (
                    "*/session",
                    {"status": 502, "body": {"message": "Bad"}, "handled": True, "headers": {"Retry-After": "0"}},
                    None,
                )
            ),
            f"{responded('Bad', 502)} {STATUS_502}",
            502,
        ),
        "login: 429": succeeds(simulated(("*/token", {"name": "too_many_requests", "retry_after": 0}, 1))),
        "login: 503": succeeds(simulated(("*/token", {"name": "gateway_503", "retry_after": 0}, 2))),
        "login: 429, too often": Case(
            simulated(("*/token", {"name": "too_many_requests", "retry_after": 0}, None)),
            f"{LOGGING_IN}{responded('API rate limit exceeded', 429)} {STATUS_429}",
            0,
            http_status=429,
        ),
        "no path": Case(
            simulated(("*/session", "gateway_404", None)),
            f"{CREATING}{responded('no Route matched with those values', 404)} Tried: "
            f"/iso/remote/session, "
            f"/api/pam/remote/session, /api/remote/session. {NO_HEADER}",
            3,
            http_status=404,
            options={"api_prefix": "auto"},
        ),
        "the second path": succeeds(simulated(), 2, api_prefix="auto"),
        "the third path": succeeds(simulated(("*/session", "gateway_404", 2), strict=False), 3, api_prefix="auto"),
        "a path that may exist": Case(
            simulated(("*/session", {"name": "html", "status": 404}, None)),
            f"{CREATING}the response (HTTP 404, content type text/html) is not from PAM Core's API. {NOT_PAM_CORE}",
            1,
            http_status=404,
            options={"api_prefix": "auto"},
        ),
        "a path that loses the response": outcome_unknown(
            simulated(("*/session", "truncated", None), strict=False),
            LOST + CLOSED_IN_THE_MIDDLE,
            api_prefix="auto",
        ),
    },
    "Invalid body": {
        "HTML 200": page(200, NOT_PAM_CORE, True),
        "HTML 400": page(400, NOT_PAM_CORE, False),
        "HTML 401": page(401, STATUS_401, False),
        "HTML 403": page(403, STATUS_403, False),
        "HTML 404": page(404, NOT_PAM_CORE, False),
        "HTML 408": page(408, NOT_PAM_CORE, True),
        "HTML 413": page(413, NOT_PAM_CORE, False),
        "HTML 429": page(429, STATUS_429, False),
        "HTML 500": page(500, NOT_PAM_CORE, True),
        "HTML 502": page(502, STATUS_502, True),
        "HTML 503": page(503, STATUS_503, False),
        "HTML 504": page(504, GATEWAY_TIMEOUT, True),
        "HTML 520": page(520, NOT_PAM_CORE, True),
        "nothing 200": no_json(b""),
        "nothing 204": outcome_unknown(
            raw(sends(b"HTTP/1.1 204 No Content\r\n\r\n")),
            f"the response (HTTP 204, no content type) is not from PAM Core's API. {NOT_PAM_CORE}",
            204,
        ),
        "nothing 500": outcome_unknown(
            raw(sends(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")),
            f"the response (HTTP 500, no content type) is not from PAM Core's API. {NOT_PAM_CORE}",
            500,
        ),
        "cut off": no_json(b'{"response": {"status": 200, '),
        "cut off, with the real length": outcome_unknown(
            simulated(("*/session", {"name": "truncated", "honest": True}, None)),
            f"the response (HTTP 200, content type {JSON}) is not from PAM Core's API. {NOT_PAM_CORE}",
            200,
        ),
        "Latin-1": no_json('{"mensagem": "Não"}'.encode("latin-1")),
        "UTF-16": no_json(json.dumps(CREATED).encode("utf-16")),
        "UTF-32": no_json(json.dumps(CREATED).encode("utf-32")),
        "invalid UTF-8": no_json(json.dumps(CREATED).encode().replace(b"created", b"cre\xc3\x28ted")),
        "a list": no_json(json.dumps([CREATED]).encode()),
        "a string": no_json(b'"Invalid protocol"', 400),
        "null": no_json(b"null"),
        "two objects": no_json(json.dumps(CREATED).encode() * 2),
        "JSON with comments": no_json(b"// created\n{}"),
        "endless brackets": no_json(b"[" * 100_000),
        "deep nesting": no_json(b'{"session":' * 10_000 + b"1" + b"}" * 10_000),
        "a number with many digits": no_json(b'{"session": ' + b"9" * 5000 + b"}"),
        "a malicious content type": outcome_unknown(
            raw(sends(b"HTTP/1.1 200 OK\r\nContent-Type: te\x1bxt/<b>{{ 1 }}; x\r\nContent-Length: 2\r\n\r\nno")),
            f"the response (HTTP 200, content type text/b1) is not from PAM Core's API. {NOT_PAM_CORE}",
            200,
        ),
        "a long content type": not_understood(
            200, b"no", f"content type {'x' * 60}", NOT_PAM_CORE, True, Content_Type="x" * 500
        ),
        "an invalid charset": not_understood(
            200, b"no", "content type text/plain", NOT_PAM_CORE, True, Content_Type='text/plain; charset="'
        ),
        "huge": outcome_unknown(
            simulated(("*/session", "huge", None)),
            "the response (HTTP 200) is larger than 1 MiB.",
            200,
        ),
        "a bomb of gzip": outcome_unknown(
            simulated(("*/session", {"name": "huge", "size": 64 * 1024 * 1024, "gzip": True}, None)),
            "the response (HTTP 200) is larger than 1 MiB.",
            200,
        ),
        "a bomb of deflate": outcome_unknown(
            _answer(200, zlib.compress(bytes(64 * 1024 * 1024)), True, Content_Encoding="deflate"),
            "the response (HTTP 200) is larger than 1 MiB.",
            200,
        ),
        "a bomb in a redirect": outcome_unknown(
            _answer(302, gzip.compress(bytes(64 * 1024 * 1024)), True, Content_Encoding="gzip", Location="/x"),
            "the response (HTTP 302) is larger than 1 MiB.",
            302,
        ),
        "broken gzip": outcome_unknown(
            _answer(200, b"no gzip", True, Content_Encoding="gzip"),
            "the response (HTTP 200) cannot be decompressed.",
            200,
        ),
        "incomplete gzip": outcome_unknown(
            _answer(200, gzip.compress(json.dumps(CREATED).encode())[:60], True, Content_Encoding="gzip"),
            f"the response (HTTP 200, content type {JSON}) is not from PAM Core's API. {NOT_PAM_CORE}",
            200,
        ),
        "br": outcome_unknown(
            _answer(200, b"\x0b\x02\x80{}\x03", True, Content_Encoding="br"),
            "the response (HTTP 200) has an unsupported Content-Encoding.",
            200,
        ),
        "gzip twice": outcome_unknown(
            _answer(200, gzip.compress(gzip.compress(b"{}")), True, Content_Encoding="gzip, gzip"),
            "the response (HTTP 200) has an unsupported Content-Encoding.",
            200,
        ),
    },
    "A success without a session": {
        "no session": outcome_unknown(
            simulated(("*/session", "no_session", None)),
            f"{LACKS}{NO_URL} and {NO_TOKEN}.",
            200,
        ),
        "a session that is null": without({"session": None}, f"{NO_URL} and {NO_TOKEN}"),
        "a session in a list": without({"session": [CREATED["session"]]}, f"{NO_URL} and {NO_TOKEN}"),
        "a session that is a string": without({"session": "https://v/?_sr=a"}, f"{NO_URL} and {NO_TOKEN}"),
        "a session that is empty": without({"session": {}}, f"{NO_URL} and {NO_TOKEN}"),
        "another session after it": outcome_unknown(
            _answer(200, json.dumps(CREATED)[:-1].encode() + b', "session": null}', True),
            f"{LACKS}{NO_URL} and {NO_TOKEN}.",
            200,
        ),
        "no URL": outcome_unknown(
            simulated(("*/session", "no_url", None)),
            f"{LACKS}{NO_URL}.",
            200,
        ),
        "a URL that is null": without({"session.session_url": None}, NO_URL),
        "a URL in a list": without({"session.session_url": ["https://vault.example/"]}, NO_URL),
        "a URL that is a number": without({"session.session_url": 12345}, NO_URL),
        "a relative URL": without({"session.session_url": "/modulos/auth?_sr=abc"}, NO_URL),
        "a URL without a scheme": without({"session.session_url": "vault.example/modulos/auth?_sr=abc"}, NO_URL),
        "http": without({"session.session_url": "http://vault.example/modulos/auth?_sr=abc"}, NO_URL),
        "javascript": without({"session.session_url": "javascript:alert(1)"}, NO_URL),
        "a URL without a host": without({"session.session_url": "https:///modulos"}, NO_URL),
        "an incomplete host": without({"session.session_url": "https://[/"}, NO_URL),
        "an invalid port": without({"session.session_url": "https://vault.example:port/"}, NO_URL),
        "a space": without({"session.session_url": "https://vault.example/modulos/auth?_sr=a b"}, NO_URL),
        "a terminal escape": without({"session.session_url": "https://vault.example/\x1b[2J"}, NO_URL),
        "a newline": without({"session.session_url": "https://vault.example/?_sr=a\n"}, NO_URL),
        "no token": outcome_unknown(
            simulated(("*/session", "no_token", None)),
            f"{LACKS}{NO_TOKEN}.",
            200,
        ),
        "a token that is null": without({"session.token": None}, NO_TOKEN),
        "an empty token": without({"session.token": ""}, NO_TOKEN),
        "spaces as a token": without({"session.token": "  "}, NO_TOKEN),
        "a number as a token": without({"session.token": 12345}, NO_TOKEN),
        "a dictionary as a token": without({"session.token": {"a": "b"}}, NO_TOKEN),
        "error: true": contradictory(
            {"response.error": True, "response.erro": True}, 'responded with "Session created successfully" (HTTP 200).'
        ),
        "erro: 1": contradictory({"response.erro": 1}, 'responded with "Session created successfully" (HTTP 200).'),
        "status 400": contradictory(
            {"response.status": 400}, 'responded with "Session created successfully" (HTTP 200).'
        ),
        "an exception": contradictory(
            {"exception": {"code": 1011, "message": "Device not found"}},
            'responded with "Session created successfully" (HTTP 200, code 1011).',
            1011,
        ),
        "an OAuth error": contradictory(
            {"error": "denied"}, 'responded with "Session created successfully" (HTTP 200).'
        ),
    },
    "Unusual success": {
        "Message": succeeds(simulated(("*", "capital_message", None))),
        "Portuguese": succeeds(simulated(("*", "portuguese", None))),
        "no tenant": succeeds(simulated(("*", "no_tenant", None))),
        "a URL with all of base64": succeeds(simulated(("*/session", "awkward_url", None))),
        "version 3.32": succeeds(simulated(profile="3.32"), api_prefix="iso"),
        "status as a string": succeeds(
            simulated(("*/session", {"name": "replaced", "members": {"response.status": "200", "code": "200"}}, None))
        ),
        "wrong types next to the session": succeeds(
            simulated(
                (
                    "*/session",
                    {"name": "replaced", "members": {"response": [], "code": {}, "tenant": 7, "exception": "x"}},
                    None,
                )
            )
        ),
        "no response": succeeds(
            simulated(("*/session", {"name": "replaced", "members": {"response": None, "message": None}}, None))
        ),
        "a slow response": succeeds(simulated(("*/session", {"name": "slow", "delay": 0.5}, None))),
        "a few bytes at a time": succeeds(
            simulated(("*/session", {"name": "dribble", "delay": 0.01, "chunk": 20, "part": "headers"}, None))
        ),
        "gzip, although not requested": succeeds(
            simulated(("*/session", {"name": "huge", "size": 10, "gzip": True}, None))
        ),
        "chunks": succeeds(
            raw(
                sends(
                    CHUNKS
                    + b"".join(b"%x\r\n%s\r\n" % (len(x), x) for x in [WHOLE.split(b"\r\n\r\n")[1]])
                    + b"0\r\n\r\n"
                )
            )
        ),
        "no length": succeeds(raw(sends(HEAD + b"\r\n" + WHOLE.split(b"\r\n\r\n")[1]))),
        "100 Continue first": succeeds(raw(sends(b"HTTP/1.1 100 Continue\r\n\r\n", WHOLE))),
    },
    "The connection": {
        "reset before the request is handled": Case(
            simulated(("*/session", "reset", None)),
            CREATING + LOST + RESET + NOTE,
            1,
            0,
            True,
            options={"retries": 3},
            or_message=CREATING + LOST + CLOSED_BEFORE + NOTE,
        ),
        "reset before the request is read": Case(
            raw(resets_unread),
            CREATING + LOST + RESET + NOTE,
            0,
            0,
            True,
            options={"retries": 3},
            or_message=CREATING + LOST + CLOSED_BEFORE + NOTE,
        ),
        "reset after the request was handled": outcome_unknown(
            simulated(("*/session", "reset_after", None)), LOST + RESET, or_text=LOST + CLOSED_BEFORE
        ),
        "reset in the middle of the body": loses_response(
            sends(WHOLE[:-50], pause=0.1, then=resets), RESET, or_text=LOST + CLOSED_IN_THE_MIDDLE
        ),
        "reset in the middle of the head": loses_response(
            sends(b"HTTP/1.1 200 OK\r\nContent-Ty", pause=0.1, then=resets), RESET, or_text=HALF_A_HEAD
        ),
        "close before the response": loses_response(sends(), CLOSED_BEFORE),
        "close in the middle of the body": outcome_unknown(
            simulated(("*/session", "truncated", None)),
            LOST + CLOSED_IN_THE_MIDDLE,
        ),
        "close in the middle of the head": outcome_unknown(
            raw(sends(b"HTTP/1.1 200 OK\r\nContent-Ty")), HALF_A_HEAD, 200
        ),
        "close in the middle of a chunk": loses_response(sends(CHUNKS + b"ff\r\n{"), CLOSED_IN_THE_MIDDLE),
        "close before the last chunk": loses_response(sends(CHUNKS + b"2\r\n{}\r\n"), CLOSED_IN_THE_MIDDLE),
        "another protocol": loses_response(sends(b"SSH-2.0-OpenSSH\r\n\r\n"), NOT_HTTP),
        "another version of HTTP": loses_response(sends(b"HTTP/2.0 200 OK\r\n\r\n"), NOT_HTTP),
        "no status": loses_response(sends(b"HTTP/1.1 fine\r\n\r\n"), NOT_HTTP),
        "many headers": loses_response(sends(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n"), NOT_HTTP),
        "a long header": loses_response(sends(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n"), NOT_HTTP),
        "two lengths": loses_response(sends(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "), NOT_HTTP),
        "chunks with an invalid size": loses_response(sends(CHUNKS + b"zz\r\n{}"), CLOSED_IN_THE_MIDDLE),
        "a chunk with a negative size": loses_response(floods(CHUNKS + b"-1\r\n", b" "), "the response is too large."),
        "endless interim responses": loses_response(
            floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "the response is too large."
        ),
        "an interim response": outcome_unknown(
            raw(sends(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", WHOLE)),
            INTERIM,
            103,
        ),
    },
    "Time": {
        "no response": outcome_unknown(
            simulated(("*/session", {"name": "slow", "delay": SECONDS}, None)),
            f"{LOST}{NO_TIME}",
            timeout=SOON,
        ),
        "a slow body": outcome_unknown(
            simulated(("*/session", {"name": "dribble"}, None)),
            f"{LOST}{NO_TIME}",
            timeout=SOON,
        ),
        "a slow head": outcome_unknown(
            simulated(("*/session", {"name": "dribble", "part": "headers"}, None)),
            f"{LOST}{NO_TIME}",
            timeout=SOON,
        ),
        "an endless head": loses_response(dribbles(b"HTTP/1.1 200 OK\r\nA: ", b"b"), NO_TIME, SOON),
        "an endless body": loses_response(dribbles(HEAD + b"Content-Length: 99999\r\n\r\n", b" "), NO_TIME, SOON),
        "an endless body without a length": loses_response(dribbles(HEAD + b"\r\n{", b" "), NO_TIME, SOON),
        "endless chunks": loses_response(dribbles(CHUNKS, b"1\r\n \r\n"), NO_TIME, SOON),
        "endless trailers": loses_response(dribbles(CHUNKS + b"2\r\n{}\r\n0\r\n", b"A: b\r\n"), NO_TIME, SOON),
        "interim responses from time to time": loses_response(
            dribbles(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), NO_TIME, SOON
        ),
        "an endless redirect": loses_response(
            dribbles(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 99999\r\n\r\n", b" "), NO_TIME, SOON
        ),
        "no response to the login": Case(
            simulated(("*/token", {"name": "slow", "delay": SECONDS}, None)),
            f"{LOGGING_IN}{LOST}{NO_TIME}",
            0,
            timeout=SOON,
        ),
        "login and session are slow": outcome_unknown(
            simulated(("*/token", {"name": "slow", "delay": 0.7}, None), ("*/session", {"name": "slow"}, None)),
            f"{LOST}{NO_TIME}",
            timeout=1.4,
        ),
    },
    "The login": {
        "wrong secret": Case(
            simulated(),
            f"{LOGGING_IN}{responded('Client authentication failed', 401)} {CHECK_CLIENT}",
            0,
            http_status=401,
            options={"client_secret": "not this one"},
        ),
        "disabled": Case(
            simulated(authorization="disabled"),
            f"{LOGGING_IN}{responded('Client authentication failed', 401)} {CHECK_CLIENT}",
            0,
            http_status=401,
        ),
        "other tenant": Case(
            simulated(),
            f"{LOGGING_IN}{responded('Client authentication failed', 401)} {CHECK_CLIENT}",
            0,
            http_status=401,
            options={"tenant": "globex"},
        ),
        "no resource": Case(
            simulated(authorization="no-web-proxy"),
            f"{CREATING}{responded('You are not authorized to access this resource.', 500)} {RESOURCE}",
            http_status=500,
        ),
        "read-only": Case(
            simulated(authorization="read-only"),
            f"{CREATING}{responded('Without PAM Configuration Access permission', 400, 1039)} {GRANT_READ_WRITE}",
            http_status=400,
            error_code=1039,
        ),
        "other IP": Case(
            simulated(authorization="other-ip"),
            f"{CREATING}{responded('The origin IP is not allowed', 500, 1106)}",
            http_status=500,
            error_code=1106,
        ),
        "another token is required": Case(
            simulated(("*/session", "unauthorized_401", None)),
            f"{CREATING}{responded(DENIED, 401)} {STATUS_401}",
            1,
            http_status=401,
        ),
        "three messages": login(
            401,
            {"error": "invalid_client", "error_description": "Client authentication failed", "message": "x"},
            f"{responded('x', 401)} {STATUS_401}",
        ),
        "400": login(
            400,
            {"error": "invalid_client", "error_description": "Client authentication failed"},
            f"{responded('Client authentication failed', 400)} {CHECK_CLIENT}",
        ),
        "400, other message": login(
            400, {"error": "invalid_request"}, f"{responded('invalid_request', 400)} {STATUS_401}"
        ),
        "500": login(
            500,
            full(500, "Client authentication failed.", 1),
            f"{responded('Client authentication failed.', 500)} {CHECK_CLIENT}",
        ),
        "unexpected": login(
            500,
            minimal(500, "Unexpected error"),
            f"{responded('Unexpected error', 500)} {PAM_CORE_ERROR}",
        ),
        "an error under 200": login(
            200, {"error": "invalid_scope", "access_token": "a"}, responded("invalid_scope", 200)
        ),
        "no such path": login(
            404,
            NO_RESOURCE,
            f"{responded('Resource sub not found', 404)} Tried: /api/oauth2/token. {CHECK_API_PREFIX}",
        ),
        "504": login(
            504,
            {"message": "The upstream server is timing out"},
            f"{responded('The upstream server is timing out', 504)} {GATEWAY_TIMEOUT}",
        ),
        "an empty object": login(200, {}, f"{LACKS}a usable access token.")._replace(http_status=None),
        "no token": login(200, {"access_token": None}, f"{LACKS}a usable access token.")._replace(http_status=None),
        "a token with a newline": login(
            200,
            {"access_token": "a\r\nHost: b"},
            f"{LACKS}a usable access token.",
        )._replace(http_status=None),
        "a token that is not ASCII": login(200, {"access_token": "não"}, f"{LACKS}a usable access token.")._replace(
            http_status=None
        ),
        "another type of token": login(
            200, {"access_token": "a", "token_type": "mac"}, "PAM Core issued a token of an unsupported type."
        )._replace(http_status=None),
        "a number as a token type": login(
            200, {"access_token": "a", "token_type": 1}, "PAM Core issued a token of an unsupported type."
        )._replace(http_status=None),
        "a page": login(
            200,
            PAGE,
            f"the response (HTTP 200, content type text/html) is not from PAM Core's API. {NOT_PAM_CORE}",
            Content_Type=HTML,
        ),
        "huge": login(200, b"x" * (1024 * 1024 + 1), "the response (HTTP 200) is larger than 1 MiB."),
        "close before the response": Case(
            raw(sends()),
            LOGGING_IN + LOST + CLOSED_BEFORE,
            0,
            options={"access_token": None, "client_id": "an-id", "client_secret": "a-secret"},
        ),
        "reset": Case(
            simulated(("*/token", "reset", None)),
            LOGGING_IN + LOST + RESET,
            0,
            or_message=LOGGING_IN + LOST + CLOSED_BEFORE,
        ),
        "expires_in is missing": succeeds(simulated(("*/token", {"name": "removed", "members": ["expires_in"]}, None))),
        "expires_in is null": token({"expires_in": None}),
        "expires_in is short": token({"expires_in": 1}),
        "expires_in is negative": token({"expires_in": -3600}),
        "expires_in is a string": token({"expires_in": "3600"}),
        "expires_in is not a number": token({"expires_in": "soon"}),
        "expires_in is a list": token({"expires_in": [3600]}),
        "expires_in is true": token({"expires_in": True}),
        "expires_in is huge": token({"expires_in": 10**400}),
        "bearer": token({"token_type": "bearer"}),
    },
}

CASES = {f"{group}: {fault}": case for group, cases in TABLE.items() for fault, case in cases.items()}
