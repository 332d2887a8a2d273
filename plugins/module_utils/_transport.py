# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTPS with one deadline for everything, on requests. The only file that imports requests and urllib3.

requests limits the time to connect and the time of each read. It does not limit name resolution, several addresses, a
proxy's response, or a server that sends a byte now and then. So sockets ask :class:`Exchange` for the time that is left
before each operation. An exchange also knows whether the request may have reached the API, which the exceptions of
requests do not tell reliably.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import http.cookiejar
import ipaddress
import os
import queue
import re
import socket
import ssl
import threading
import time
import typing as t
import warnings
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from ansible.module_utils.basic import missing_required_lib

from ._errors import NotSent, Unclear, sentences

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase
    from requests.sessions import Session
    from requests.utils import DEFAULT_CA_BUNDLE_PATH
    from urllib3.connection import HTTPSConnection
except ImportError:
    HAS_REQUESTS = False
    HTTPAdapter = HTTPSConnection = AuthBase = Session = object  # type: ignore[assignment,misc]  # to define the classes below
else:
    HAS_REQUESTS = True
    NO_ADDRESS = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError)
    NOT_HTTP = (http.client.HTTPException, urllib3.exceptions.InvalidHeader)

MIB = 1024 * 1024
MAX_BODY = MIB
"""Bytes, unless the response is a success and the endpoint allows more. A login's response has about 1,000."""

MAX_DECOMPRESSED = 16 * MIB
"""Bytes after decompression, whatever the endpoint allows. Some gateways compress unasked, and a megabyte can hold a
gigabyte."""

HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "pamops.senhasegura"}
"""The server's log shows whose requests these are. Without a version, which has its one place in galaxy.yml."""

_LENGTH = re.compile("[0-9]{1,18}")

MAX_RECEIVED = 2
"""Limit of all bytes received for one request, as a multiple of the longest body. It includes headers, chunks of a
false size and interim responses."""

REACH = "Check url and proxy, and whether the machine that asks can reach that address"


class Exchange:
    """The deadline of one call, and whether its request may have reached the server."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self.begin()

    def begin(self) -> None:
        """Another request begins."""
        self.sent = False
        self._begun = time.monotonic()
        self.allow(MAX_BODY)

    def allow(self, max_body: int) -> None:
        """Allow a response body of so many bytes."""
        self._readable = MAX_RECEIVED * max_body

    def seconds_since_begin(self) -> float:
        return time.monotonic() - self._begun

    def remaining(self) -> float:
        """Seconds left, more than 0. Raises ``TimeoutError`` if there are none."""
        remaining = self.remaining_or_zero()
        if not remaining:
            raise TimeoutError
        return remaining

    def received(self, count: int) -> None:
        """Count received bytes. Raises ``OSError`` above the limit."""
        self._readable -= count
        if self._readable < 0:
            raise OSError(errno.EMSGSIZE, "there is no end to it")

    def remaining_or_zero(self) -> float:
        """Seconds left, or 0. For waits that are not socket operations."""
        return max(self._end - time.monotonic(), 0.0)

    def pause(self, seconds: float) -> bool:
        """Wait, unless the deadline comes first. Returns whether it waited."""
        if seconds >= self.remaining_or_zero():
            return False
        time.sleep(seconds)
        return True


class Answer(t.NamedTuple):
    """A response. ``body`` is decompressed, and no longer than the endpoint allows."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    """Seconds until the response began."""


class _Context(ssl.SSLContext):
    """Holds the exchange and the host of its sockets, and the TLS session of the last one.

    Resuming that session saves both sides the signatures of the certificate: RFC 8446, section 2.2. This context
    verified the server when the session began.
    """

    exchange: Exchange
    host: str
    last_session: ssl.SSLSession | None = None

    def wrap_socket(self, sock: socket.socket, **kwargs: t.Any) -> ssl.SSLSocket:  # type: ignore[override]
        # For an IP address, urllib3 1.26 gives no name and compares the address with the certificate itself.
        kwargs["server_hostname"] = kwargs.get("server_hostname") or self.host
        return super().wrap_socket(sock, **{"session": self.last_session, **kwargs})


class PlainSocket(socket.socket):
    """Before TLS: the request to a proxy, and its response."""

    exchange: Exchange

    def recv_into(self, *args: t.Any, **kwargs: t.Any) -> int:
        self.settimeout(self.exchange.remaining())
        count = super().recv_into(*args, **kwargs)
        self.exchange.received(count)
        return count

    def send(self, *args: t.Any, **kwargs: t.Any) -> int:
        self.settimeout(self.exchange.remaining())
        return super().send(*args, **kwargs)

    def sendall(self, *args: t.Any, **kwargs: t.Any) -> None:
        self.settimeout(self.exchange.remaining())
        super().sendall(*args, **kwargs)


class _TLSSocket(ssl.SSLSocket):
    context: _Context

    def do_handshake(self, *args: t.Any, **kwargs: t.Any) -> None:
        self.settimeout(self.context.exchange.remaining())
        super().do_handshake(*args, **kwargs)

    def recv_into(self, *args: t.Any, **kwargs: t.Any) -> int:
        self.settimeout(self.context.exchange.remaining())
        count = super().recv_into(*args, **kwargs)
        self.context.exchange.received(count)
        return count

    def recv(self, *args: t.Any, **kwargs: t.Any) -> bytes:
        self.settimeout(self.context.exchange.remaining())
        data = super().recv(*args, **kwargs)
        self.context.exchange.received(len(data))
        return data

    def send(self, *args: t.Any, **kwargs: t.Any) -> int:
        self.settimeout(self.context.exchange.remaining())
        return super().send(*args, **kwargs)

    def close(self) -> None:
        if self.version():  # only a completed handshake has a session
            self.context.last_session = self.session
        super().close()


class Connection(HTTPSConnection):
    """Adds the deadline to urllib3's connection, and marks the exchange when the request is sent.

    It opens its socket itself, because urllib3 gives each address of a host the whole time, and does not limit name
    resolution.
    """

    _socket: type[PlainSocket] = PlainSocket

    @property
    def exchange(self) -> Exchange:
        return t.cast(_Context, self.ssl_context).exchange

    def connect(self) -> None:
        # The context has them already; urllib3 would load them again.
        self.ca_certs = self.ca_cert_dir = None
        super().connect()

    def request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        # urllib3 has connected, through the proxy and with TLS: from here on, the API may receive the request.
        self.exchange.sent = True
        return super().request(*args, **kwargs)

    def _new_conn(self) -> socket.socket:
        exchange = self.exchange
        host, port = self._next_hop()
        failure: OSError | None = None
        addresses = resolve(host, port, exchange)
        for tried, (family, kind, protocol, _name, address) in enumerate(addresses):
            try:
                with contextlib.ExitStack() as closing:
                    connection = closing.enter_context(self._socket(family, kind, protocol))
                    connection.exchange = exchange
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    connection.settimeout(exchange.remaining() / (len(addresses) - tried))
                    self._reach(connection, address)
                    closing.pop_all()
                    return connection
            except OSError as exc:  # among others, that this machine has no such family of addresses
                failure = failure or exc
        raise NotSent(
            sentences(f"no connection to {host} port {port}: {_reason(failure)}", REACH), passing=True
        ) from failure

    def _next_hop(self) -> tuple[str, int]:
        return getattr(self, "_dns_host", self.host), self.port

    def _reach(self, connection: PlainSocket, address: t.Any) -> None:
        connection.connect(address)


def resolve(host: str, port: int, exchange: Exchange) -> list[tuple[t.Any, ...]]:
    """Addresses of *host*, as ``getaddrinfo`` returns them, within the time that is left.

    ``getaddrinfo`` cannot be interrupted, so it runs in a daemon thread, which may outlive the deadline.
    """
    outcome: queue.SimpleQueue[list[tuple[t.Any, ...]] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            outcome.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as exc:
            outcome.put(exc)

    try:
        ipaddress.ip_address(host.strip("[]"))
        look_up()
    except ValueError:
        threading.Thread(target=look_up, daemon=True).start()
    try:
        found = outcome.get(timeout=exchange.remaining())
    except (queue.Empty, TimeoutError) as exc:
        raise NotSent(
            sentences(f"the name {host} could not be resolved within {exchange.seconds:g} seconds", REACH)
        ) from exc
    if isinstance(found, Exception):
        passing = getattr(found, "errno", None) == socket.EAI_AGAIN
        raise NotSent(sentences(f"the name {host} could not be resolved: {_reason(found)}", REACH), passing) from found
    return found


class _Adapter(HTTPAdapter):
    """Uses our context and connections, with and without a proxy."""

    def __init__(self, context: _Context, options: Mapping[str, t.Any]) -> None:
        self.contexts = [context]
        """The context for PAM Core, then those for HTTPS proxies."""
        self._options = options
        super().__init__()

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self.contexts[0])
        _use_connection(self.poolmanager, Connection)

    def cert_verify(self, conn: t.Any, url: str, verify: bool | str, cert: t.Any) -> None:
        # The context has the authorities already. requests would check that their file still exists.
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        if proxy in self.proxy_manager:
            return super().proxy_manager_for(proxy)
        scheme = proxy.partition(":")[0].lower()
        connection = Connection
        if scheme.startswith("socks"):
            from ._socks import socks_connection

            connection = socks_connection()
        if scheme == "https":
            kwargs["proxy_ssl_context"] = self._context_for_proxy(proxy)
        manager = super().proxy_manager_for(proxy, **kwargs, ssl_context=self.contexts[0])
        _use_connection(manager, connection)
        return manager

    def _context_for_proxy(self, proxy: str) -> _Context:
        context = _context(self._options, proxy)
        context.exchange = self.contexts[0].exchange
        self.contexts.append(context)
        return context


def _use_connection(manager: t.Any, connection: type) -> None:
    pool = manager.pool_classes_by_scheme["https"]
    own = type("_Connection", (connection, pool.ConnectionCls), {})
    manager.pool_classes_by_scheme = {"https": type("_Pool", (pool,), {"ConnectionCls": own})}


class _Session(Session):
    """Ignores redirects. Otherwise requests would read the body and parse the Location, and could fail if that is not a
    URL."""

    def get_redirect_target(self, resp: t.Any) -> None:
        return None


class _Authorization(AuthBase):
    """Sets the Authorization header, or none. Its presence keeps requests from reading ``.netrc``."""

    def __init__(self, bearer: str | None = None) -> None:
        self._bearer = bearer

    def __call__(self, request: t.Any) -> t.Any:
        if self._bearer is not None:
            request.headers["Authorization"] = f"Bearer {self._bearer}"
        return request


def require_libraries(auth_method: str) -> None:
    """Raise :class:`NotSent` where one is missing that this authentication needs."""
    if not HAS_REQUESTS:
        raise NotSent(missing_required_lib("requests"))
    if auth_method == "oauth1":
        try:
            import requests_oauthlib as _unused  # noqa: F401
        except ImportError as exc:
            raise NotSent(missing_required_lib("requests-oauthlib")) from exc


NO_AUTHORIZATION = _Authorization()


def bearer_authorization(access_token: str) -> t.Any:
    """RFC 6750, section 2.1."""
    return _Authorization(access_token)


def oauth1_authorization(options: Mapping[str, t.Any]) -> t.Any:
    """RFC 5849: a new nonce, timestamp and HMAC-SHA1 signature for each request, in its header."""
    # Imported here, because it takes 10 ms and only OAuth 1.0 needs it.
    from requests_oauthlib import OAuth1

    return OAuth1(
        options["consumer_key"],
        client_secret=options["consumer_secret"],
        resource_owner_key=options["token_key"],
        resource_owner_secret=options["token_secret"],
        signature_method="HMAC-SHA1",
        signature_type="AUTH_HEADER",
    )


class Transport:
    """Sends requests with the same TLS options. Do not use it in several threads or in a fork of the process."""

    def __init__(self, options: Mapping[str, t.Any]) -> None:
        context = _context(options, options["url"])
        _add_client_certificate(context, options)
        self._adapter = _Adapter(context, options)
        self._session = _Session()
        self._session.headers.clear()
        # No cookies: the next request may be another application's, and only the Authorization header identifies it.
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", self._adapter)
        # Passed with every request, because REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE override the session's attribute. And
        # as a path: with True, requests 2.32.0 to 2.32.4 use their own context, or load nothing into ours.
        self._verify: bool | str = _authorities(options) or False
        self._proxies = {"https": options["proxy"]} if options.get("proxy") else None

    def send(
        self,
        method: str,
        url: str,
        exchange: Exchange,
        authorization: t.Any = NO_AUTHORIZATION,
        max_body: int = MAX_BODY,
        **content: t.Any,
    ) -> Answer:
        """Send one request and read its whole response. *content* is ``json=`` or ``data=``. No redirects, no retry.

        Each request has its own connection: otherwise, data that a server sends after the end of a response would be
        taken for the next response. Raises :class:`NotSent` and :class:`Unclear`.
        """
        exchange.begin()
        for context in self._adapter.contexts:
            context.exchange = exchange
        try:
            with _quiet():
                remaining = exchange.remaining()
                response = self._session.request(
                    method,
                    url,
                    headers=HEADERS,
                    auth=authorization,
                    verify=self._verify,
                    proxies=self._proxies,
                    timeout=(remaining, remaining),
                    allow_redirects=False,
                    stream=True,
                    **content,
                )
                exchange.sent = True
                with response:
                    if response.status_code < 200:  # urllib3 treats it as final
                        raise _unreadable(response, "only announces another one, which is not awaited")
                    if not 200 <= response.status_code < 300:
                        max_body = min(max_body, MAX_BODY)
                    exchange.allow(max_body)
                    body = _read(response, max_body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as exc:
            failure: Exception = exc
        else:
            return Answer(response.status_code, response.headers, body, response.elapsed.total_seconds())
        finally:
            self._session.close()
        # Raised outside of the except block, so that the original is not chained: it may quote a server or proxy, and
        # core prints the chain.
        from ._network_failures import is_handshake_alert, is_passing

        why = _reason(failure)
        if exchange.sent and not is_handshake_alert(failure):
            raise Unclear(sentences(f"the request was sent, but its answer did not arrive: {why}"))
        raise NotSent(sentences(f"the request could not be sent: {why}"), is_passing(failure))


_transports: dict[tuple[t.Any, ...], Transport] = {}


def transport(options: Mapping[str, t.Any]) -> Transport:
    """The transport of this process for these options: items of a loop share a TLS context, forks never do."""
    names = ("url", "validate_certs", "ca_path", "client_cert", "client_key", "proxy")
    key = (os.getpid(), _authorities(options), *(options.get(name) for name in names))
    if key not in _transports:
        _transports[key] = Transport(options)
    return _transports[key]


_prepared: dict[str, _Context] = {}
"""Unused TLS contexts by the path of the certificate authorities that they trust; an empty path means none."""


def prepare() -> None:
    """Create contexts in this process, so that its forks need not.

    This takes 20 ms, mostly for loading the authorities that are trusted by default. In each fork it would take 20 ms
    too, or 3 ms with other authorities. A fork's use of a context does not affect other forks.
    """
    if not HAS_REQUESTS:
        return
    _prepared[""] = _new_context()
    authorities = _authorities({})
    context = _new_context()
    with contextlib.suppress(OSError):  # reported when a connection needs them
        _load_authorities(context, authorities)
        _prepared[authorities] = context


def _new_context() -> _Context:
    """TLS 1.2 or newer."""
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _TLSSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _context(options: Mapping[str, t.Any], url: str) -> _Context:
    """A context with the certificate authorities that *options* select."""
    authorities = _authorities(options)
    context = _prepared.pop(authorities, None)
    if context is None:
        context = _prepared.pop("", None) or _new_context()
        if authorities:
            try:
                _load_authorities(context, authorities)
            except OSError as exc:
                source = "ca_path" if options.get("ca_path") else "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE"
                raise NotSent(
                    sentences(f"No certificates could be read from {authorities} ({source}): {_reason(exc)}")
                ) from exc
    if not authorities:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.host = urlsplit(url).hostname or ""
    return context


def _authorities(options: Mapping[str, t.Any]) -> str:
    """The file or directory of certificate authorities, as requests chooses it. Empty if nothing is verified."""
    if not options.get("validate_certs", True):
        return ""
    named = options.get("ca_path") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return named or DEFAULT_CA_BUNDLE_PATH


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})


def _add_client_certificate(context: ssl.SSLContext, options: Mapping[str, t.Any]) -> None:
    if options.get("client_cert"):
        try:
            # Without a password, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(options["client_cert"], options.get("client_key"), password="")  # noqa: S106
        except (OSError, ValueError) as exc:
            raise NotSent(
                sentences(
                    f"The client certificate {options['client_cert']} or its key cannot be used "
                    f"(client_cert, client_key; the key must not be encrypted): {_reason(exc)}"
                )
            ) from exc


def _read(response: t.Any, max_body: int) -> bytes:
    """Read the whole body, decompressed. Raises :class:`Unclear` above *max_body* bytes."""
    body: bytes = response.raw.read(max_body + 1, decode_content=False)
    expected = response.headers.get("Content-Length", "")
    if response.request.method != "HEAD" and _LENGTH.fullmatch(expected) and len(body) < min(int(expected), max_body):
        raise http.client.IncompleteRead(b"")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        max_body = min(max_body, MAX_DECOMPRESSED)
        try:
            body = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(body, max_body + 1)
        except zlib.error as exc:
            raise _unreadable(response, "is compressed in a way that cannot be undone") from exc
    elif encoding not in ("", "identity"):
        raise _unreadable(response, "is compressed although that was not asked for")
    if len(body) > max_body:
        raise _unreadable(response, f"is larger than {max_body // MIB} MiB")
    return body


def _reason(exc: BaseException | None) -> str:
    # Imported here, as elsewhere, because it is needed only for a failure.
    from ._network_failures import reason

    return reason(exc)


def _unreadable(response: t.Any, how: str) -> Unclear:
    return Unclear(f"the answer (HTTP {response.status_code}) {how}", response.status_code)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress urllib3's warning for each unverified request: the plugins print their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        yield
