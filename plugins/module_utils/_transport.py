# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTPS with one deadline for everything, on requests. The only importer of requests and what belongs to it.

requests has time limits for connecting and for each read, but none for a whole exchange: names that resolve slowly,
several addresses, a proxy's answer, and a server that sends a byte now and then each go beyond them. So sockets ask
:class:`Exchange` for the time that is left, before each operation. The same object knows whether the request can have
reached the API, which no exception of requests tells reliably.
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

from ._errors import NotSent, SenhaseguraError, Unclear, sentences

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
"""Bytes, after decompression, unless more is asked for. A session's answer has about 600, a login's about 1,000."""

_LENGTH = re.compile("[0-9]{1,18}")

MAX_RECEIVED = 2
"""How often that much is read for one request, whatever a server calls it: heads, chunks of a false size, interim
answers."""

MAX_IDLE = 2.0
"""Seconds after which a connection is not used again: a server may be closing it, and a request sent into that is lost
without our knowing whether it was handled. Common web servers keep connections for 5 to 75 seconds."""

REACH = "Check url and proxy, and whether the machine that asks can reach that address"


class Exchange:
    """The state of getting one thing: until when, and whether a request is under way that may be handled."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self.begin()

    def begin(self, max_body: int = MAX_BODY) -> None:
        """Another request begins."""
        self.sent = False
        self._begun = time.monotonic()
        self._readable = MAX_RECEIVED * max_body

    def seconds_since_begin(self) -> float:
        return time.monotonic() - self._begun

    def remaining(self) -> float:
        """Seconds, more than 0. Raises ``TimeoutError`` when there are none left."""
        remaining = self.remaining_or_zero()
        if not remaining:
            raise TimeoutError
        return remaining

    def received(self, count: int) -> None:
        """Raises ``OSError`` when more came than can be an answer."""
        self._readable -= count
        if self._readable < 0:
            raise OSError(errno.EMSGSIZE, "there is no end to it")

    def remaining_or_zero(self) -> float:
        """Seconds, for those who wait for something else than the network."""
        return max(self._end - time.monotonic(), 0.0)

    def pause(self, seconds: float) -> bool:
        """Wait, if that leaves time; say whether it did."""
        if seconds >= self.remaining_or_zero():
            return False
        time.sleep(seconds)
        return True


class Answer(t.NamedTuple):
    """What came back. ``body`` is decompressed, and no longer than was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    """How long it took until the answer began."""


class _Context(ssl.SSLContext):
    """Knows the exchange that its sockets are in, and whom they are to reach."""

    exchange: Exchange
    host: str

    def wrap_socket(self, sock: socket.socket, **kwargs: t.Any) -> ssl.SSLSocket:  # type: ignore[override]
        # urllib3 1.26 gives no name where it is an IP address, and would compare it with the certificate by itself.
        kwargs["server_hostname"] = kwargs.get("server_hostname") or self.host
        return super().wrap_socket(sock, **kwargs)


class PlainSocket(socket.socket):
    """Before TLS: what a proxy is asked and answers."""

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


class Connection(HTTPSConnection):
    """What is added to urllib3's connection: the deadline, and the mark when the request is on its way.

    It opens its socket itself, since urllib3 gives each of a host's addresses the whole time, and name resolution as
    much as it wants.
    """

    _socket: type[PlainSocket] = PlainSocket

    @property
    def exchange(self) -> Exchange:
        return t.cast(_Context, self.ssl_context).exchange

    def connect(self) -> None:
        # The context has them already, and urllib3 would load them into it again.
        self.ca_certs = self.ca_cert_dir = None
        super().connect()

    def request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        # urllib3 has connected by now, through the proxy and with TLS: from here on the API may get something.
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
    """Addresses of *host* as ``getaddrinfo`` has them, in the time that is left.

    It can be neither interrupted nor limited, so another thread waits for it: one that resolves a name and does nothing
    else, even if it ends long after we gave up.
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
        """That for PAM Core, then those for proxies that are spoken to with TLS."""
        self._options = options
        super().__init__()

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self.contexts[0])
        _use_connection(self.poolmanager, Connection)

    def cert_verify(self, conn: t.Any, url: str, verify: bool | str, cert: t.Any) -> None:
        # The context has the authorities; requests would want to see their file, which may be gone since.
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
    """Leaves redirects alone. For :meth:`requests.Response.next`, requests would read the whole body of one and take
    apart its Location, and fail in many ways where that is no URL."""

    def get_redirect_target(self, resp: t.Any) -> None:
        return None


class _Authorization(AuthBase):
    """Sets the Authorization header, or none. Being there keeps requests from taking one out of ``.netrc``."""

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
    # Imported here, since it takes 10 ms that only those need to spend who use it.
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
    """Connections that share their TLS options. Not for use in several threads, nor in a fork of the process."""

    def __init__(self, options: Mapping[str, t.Any]) -> None:
        context = _context(options, options["url"])
        _add_client_certificate(context, options)
        self._adapter = _Adapter(context, options)
        self._session = _Session()
        self._session.headers.clear()
        # The next request may be another application's. Who asks is said by the Authorization header alone.
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", self._adapter)
        # Given with every request, since REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE win against a session's own attributes.
        # And as a path: with True, requests 2.32.0 to 2.32.4 use a context of their own, or load nothing into ours.
        self._verify: bool | str = _authorities(options) or False
        self._proxies = {"https": options["proxy"]} if options.get("proxy") else None
        self._used = 0.0

    def send(
        self,
        method: str,
        url: str,
        exchange: Exchange,
        authorization: t.Any = NO_AUTHORIZATION,
        max_body: int = MAX_BODY,
        **content: t.Any,
    ) -> Answer:
        """One request and its whole answer; *content* is ``json=`` or ``data=``. No redirects, no second try.

        Raises :class:`NotSent` and :class:`Unclear`.
        """
        if time.monotonic() - self._used > MAX_IDLE:
            self._session.close()
        exchange.begin(max_body)
        for context in self._adapter.contexts:
            context.exchange = exchange
        try:
            with _quiet():
                remaining = exchange.remaining()
                response = self._session.request(
                    method,
                    url,
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
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
                    if response.status_code < 200:
                        # urllib3 takes it for the answer, and the next request would get the real one.
                        raise _unreadable(response, "only announces another one, which is not awaited")
                    body = _read(response, max_body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as exc:
            failure: Exception = exc
        except SenhaseguraError:
            self._session.close()
            raise
        else:
            self._used = time.monotonic()
            return Answer(response.status_code, response.headers, body, response.elapsed.total_seconds())
        # No exception of ours, and no bug, has this one behind it: it may quote what a server or proxy said, and core
        # shows all that led to an exception.
        self._session.close()
        from ._network_failures import is_handshake_alert, is_passing

        why = _reason(failure)
        if exchange.sent and not is_handshake_alert(failure):
            raise Unclear(sentences(f"the request was sent, but its answer did not arrive: {why}"))
        raise NotSent(sentences(f"the request could not be sent: {why}"), is_passing(failure))


_transports: dict[tuple[t.Any, ...], Transport] = {}


def transport(options: Mapping[str, t.Any]) -> Transport:
    """The transport of this process for these options: items of a loop share a connection, forks never do."""
    names = ("url", "validate_certs", "ca_path", "client_cert", "client_key", "proxy")
    key = (os.getpid(), _authorities(options), *(options.get(name) for name in names))
    if key not in _transports:
        _transports[key] = Transport(options)
    return _transports[key]


_prepared: dict[str, _Context] = {}
"""TLS contexts that were never used, by the certificate authorities they trust; under an empty name, without any."""


def prepare() -> None:
    """Make contexts here, which each fork of this process then need not make for itself.

    That takes 20 ms, most of them to read the authorities that are trusted by default. In each fork it would take 20 ms
    as well, or 3 with other authorities. No fork sees what another does with a context.
    """
    if not HAS_REQUESTS:
        return
    _prepared[""] = _new_context()
    authorities = _authorities({})
    context = _new_context()
    with contextlib.suppress(OSError):  # told by whoever needs them
        _load_authorities(context, authorities)
        _prepared[authorities] = context


def _new_context() -> _Context:
    """TLS 1.2 or newer."""
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _TLSSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _context(options: Mapping[str, t.Any], url: str) -> _Context:
    """With the certificate authorities that hold for *options*."""
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
    """The file or directory of certificate authorities, as requests chooses it; empty where nothing is verified."""
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
    """The body, whole and decompressed; never more than *max_body* bytes of it."""
    body: bytes = response.raw.read(max_body + 1, decode_content=False)
    expected = response.headers.get("Content-Length", "")
    if response.request.method != "HEAD" and _LENGTH.fullmatch(expected) and len(body) < min(int(expected), max_body):
        raise http.client.IncompleteRead(b"")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
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
    # Imported here, and so elsewhere, since only those need it who meet a failure.
    from ._network_failures import reason

    return reason(exc)


def _unreadable(response: t.Any, how: str) -> Unclear:
    return Unclear(f"the answer (HTTP {response.status_code}) {how}", response.status_code)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without urllib3's warning for each unverified request: the plugins give one of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        yield
