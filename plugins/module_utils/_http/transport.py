# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends one request over HTTPS, and reads its whole response before the deadline."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import time
import typing as t
import warnings
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone

from .._errors import NotSent, OutcomeUnknown, join_sentences
from .auth import Authorize, no_authorization
from .deadline import Connection, Deadline, Exchange
from .failures import is_handshake_alert, is_retryable, reason
from .libraries import REQUEST_ERRORS, HTTPAdapter, get_environ_proxies, requests, urllib3
from .socks import socks_connection
from .tls import Context, add_client_certificate, chosen_authorities, server_context

MIB = 1024 * 1024
MAX_BODY = MIB
"""Bytes, unless the response is a success and the endpoint allows more. A login's response has about 1,000."""

MAX_DECOMPRESSED = 16 * MIB
"""Bytes after decompression, whatever the endpoint allows. Some gateways compress unasked, and a megabyte can hold a
gigabyte."""

MAX_RECEIVED = 2
"""Limit of all bytes received for one request, as a multiple of the longest body. It includes headers, interim
responses and the framing of chunks."""

HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "pamops.senhasegura"}
"""The User-Agent tells readers of the server's log whose requests these are. It has no version: only galaxy.yml has."""

_LENGTH = re.compile("[0-9]{1,18}")


class HTTPRequest(t.NamedTuple):
    """One request. Its body is *json*, *form* or nothing."""

    method: str
    url: str
    json: Mapping[str, t.Any] | None = None
    form: Mapping[str, str] | None = None
    max_body: int = MAX_BODY
    """Bytes of the longest body of a success."""


class Response(t.NamedTuple):
    """``body`` is decompressed, and no longer than the request allows."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_at: datetime
    """When the exchange began, in UTC: before the connection, so it is never later than the request. It is computed
    after the response was read, from the elapsed time, so that a change of the clock meanwhile does not matter."""
    seconds: float
    """Seconds from the beginning of the exchange to the beginning of the response."""


class _Adapter(HTTPAdapter):
    """Uses our context and connections, with and without a proxy."""

    def __init__(self, context: Context, options: Mapping[str, t.Any]) -> None:
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
        connection = socks_connection() if scheme.startswith("socks") else Connection
        if scheme == "https":
            kwargs["proxy_ssl_context"] = self._context_for_proxy(proxy)
        manager = super().proxy_manager_for(proxy, **kwargs, ssl_context=self.contexts[0])
        _use_connection(manager, connection)
        return manager

    def _context_for_proxy(self, proxy: str) -> Context:
        context = server_context(self._options, proxy)
        context.exchange = self.contexts[0].exchange
        self.contexts.append(context)
        return context


def _use_connection(manager: t.Any, connection: type) -> None:
    pool = manager.pool_classes_by_scheme["https"]
    own = type("_Connection", (connection, pool.ConnectionCls), {})
    manager.pool_classes_by_scheme = {"https": type("_Pool", (pool,), {"ConnectionCls": own})}


class Transport:
    """Sends requests with the same TLS options. Do not use it in several threads or in a fork of the process.

    It uses an adapter of requests without a session, which would follow redirects, keep cookies, and read ``.netrc``.
    """

    def __init__(self, options: Mapping[str, t.Any]) -> None:
        context = server_context(options, options["url"])
        add_client_certificate(context, options)
        self._adapter = _Adapter(context, options)
        # The path of the authorities and not True: with True, requests 2.32.0 to 2.32.4 use their own context, or load
        # nothing into ours.
        self._verify: bool | str = chosen_authorities(options) or False
        self._proxies = {"https": options["proxy"]} if options.get("proxy") else None

    def send(self, request: HTTPRequest, deadline: Deadline, authorize: Authorize = no_authorization) -> Response:
        """Send one request and read its whole response. No redirects, no retry.

        Each request has its own connection: otherwise, data that a server sends after the end of a response would be
        taken for the next response. Raises :class:`NotSent` and :class:`OutcomeUnknown`.
        """
        exchange = Exchange(deadline)
        for context in self._adapter.contexts:
            context.exchange = exchange
        try:
            return self._exchange(request, exchange, authorize)
        except REQUEST_ERRORS as exc:
            failure: Exception = exc
        finally:
            self._adapter.close()
        # Raised outside of the except block, so that the original is not chained: it may quote a server or proxy, and
        # core prints the chain.
        if exchange.sent and not is_handshake_alert(failure):
            raise OutcomeUnknown(
                join_sentences(f"the request was sent, but no complete response arrived: {reason(failure)}")
            )
        raise NotSent(join_sentences(f"the request could not be sent: {reason(failure)}"), is_retryable(failure))

    def _exchange(self, request: HTTPRequest, exchange: Exchange, authorize: Authorize) -> Response:
        prepared = requests.Request(
            request.method, request.url, headers=HEADERS, json=request.json, data=request.form, auth=authorize
        ).prepare()
        exchange.allow(MAX_RECEIVED * MAX_BODY)
        remaining = exchange.deadline.remaining()
        with _quiet():
            response = self._adapter.send(
                prepared,
                stream=True,
                timeout=(remaining, remaining),
                verify=self._verify,
                proxies=self._proxies or get_environ_proxies(request.url),
            )
        seconds = exchange.seconds()
        exchange.sent = True
        with response:
            if response.status_code < 200:  # urllib3 treats it as final
                raise _unreadable(response, "is only an interim response (1xx), which is not supported")
            max_body = request.max_body
            if not 200 <= response.status_code < 300:
                max_body = min(max_body, MAX_BODY)
            exchange.allow(MAX_RECEIVED * max_body)
            body = _read(response, max_body)
        sent_at = datetime.fromtimestamp(time.time() - exchange.seconds(), timezone.utc)
        return Response(response.status_code, response.headers, body, sent_at, seconds)


_transports: dict[tuple[t.Any, ...], Transport] = {}


def transport(options: Mapping[str, t.Any]) -> Transport:
    """The transport of this process for these options: items of a loop share a TLS context, forks never do."""
    names = ("url", "validate_certs", "ca_path", "client_cert", "client_key", "proxy")
    key = (os.getpid(), chosen_authorities(options), *(options.get(name) for name in names))
    if key not in _transports:
        _transports[key] = Transport(options)
    return _transports[key]


def _read(response: t.Any, max_body: int) -> bytes:
    """Read the whole body, decompressed. Raises :class:`OutcomeUnknown` above *max_body* bytes."""
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
            raise _unreadable(response, "cannot be decompressed") from exc
    elif encoding not in ("", "identity"):
        raise _unreadable(response, "has an unsupported Content-Encoding")
    if len(body) > max_body:
        raise _unreadable(response, f"is larger than {max_body // MIB} MiB")
    return body


def _unreadable(response: t.Any, how: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"the response (HTTP {response.status_code}) {how}", response.status_code)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress urllib3's warning for each unverified request: the plugins print their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
        yield
