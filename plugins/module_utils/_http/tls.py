# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS contexts: whom they trust, the client certificate, and sockets that keep the deadline."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import typing as t
from collections.abc import Mapping
from urllib.parse import urlsplit

from .._errors import NotSent, join_sentences
from .deadline import Exchange
from .failures import TLS_FAILED, reason
from .libraries import DEFAULT_CA_BUNDLE_PATH, HAS_REQUESTS

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Environment variables that requests reads, in this order."""


class Context(ssl.SSLContext):
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


class _TLSSocket(ssl.SSLSocket):
    context: Context

    def do_handshake(self, *args: t.Any, **kwargs: t.Any) -> None:
        self._limit()
        super().do_handshake(*args, **kwargs)

    def recv_into(self, *args: t.Any, **kwargs: t.Any) -> int:
        self._limit()
        count = super().recv_into(*args, **kwargs)
        self.context.exchange.received(count)
        return count

    def recv(self, *args: t.Any, **kwargs: t.Any) -> bytes:
        self._limit()
        data = super().recv(*args, **kwargs)
        self.context.exchange.received(len(data))
        return data

    def send(self, *args: t.Any, **kwargs: t.Any) -> int:
        self._limit()
        return super().send(*args, **kwargs)

    def close(self) -> None:
        if self.version():  # only a completed handshake has a session
            self.context.last_session = self.session
        super().close()

    def _limit(self) -> None:
        self.settimeout(self.context.exchange.deadline.remaining())


_preloaded: dict[str, Context] = {}
"""Unused contexts by the path of the certificate authorities that they trust; an empty path means none."""


def preload() -> None:
    """Create contexts in this process, so that its forks need not.

    Loading the default authorities takes 20 ms, and creating an empty context takes 3 ms. Done once here, each fork
    saves that time. A fork's use of a context does not affect other forks.
    """
    if not HAS_REQUESTS:
        return
    _preloaded[""] = _new_context()
    authorities = chosen_authorities({})
    context = _new_context()
    with contextlib.suppress(OSError):  # reported when a connection needs them
        _load_authorities(context, authorities)
        _preloaded[authorities] = context


def server_context(options: Mapping[str, t.Any], url: str) -> Context:
    """A context that trusts the certificate authorities that *options* select.

    Raises :class:`NotSent` if they cannot be read.
    """
    authorities = chosen_authorities(options)
    context = _preloaded.pop(authorities, None)
    if context is None:
        context = _preloaded.pop("", None) or _new_context()
        if authorities:
            try:
                _load_authorities(context, authorities)
            except OSError as exc:
                source = _source(options)
                why = f"No certificates could be read from {authorities} ({source}): {_file_reason(exc)}"
                raise NotSent(join_sentences(why)) from None
    if not authorities:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.host = urlsplit(url).hostname or ""
    return context


def chosen_authorities(options: Mapping[str, t.Any]) -> str:
    """The file or directory of certificate authorities, as requests chooses it. Empty if nothing is verified."""
    if not options.get("validate_certs", True):
        return ""
    variables = (os.environ.get(name) for name in CA_VARIABLES)
    return next(filter(None, (options.get("ca_path"), *variables)), DEFAULT_CA_BUNDLE_PATH)


def add_client_certificate(context: ssl.SSLContext, options: Mapping[str, t.Any]) -> None:
    """Raises :class:`NotSent` if the certificate or its key cannot be used."""
    if options.get("client_cert"):
        try:
            # Without a password, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(options["client_cert"], options.get("client_key"), password="")  # noqa: S106
        except (OSError, ValueError) as exc:
            why = (
                f"The client certificate {options['client_cert']} or its key cannot be loaded (client_cert, "
                f"client_key; the key must not be encrypted): {_file_reason(exc)}"
            )
            raise NotSent(join_sentences(why)) from None


def _new_context() -> Context:
    """TLS 1.2 or newer."""
    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _TLSSocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _source(options: Mapping[str, t.Any]) -> str:
    """What chose the authorities."""
    if options.get("ca_path"):
        return "ca_path"
    variables = [name for name in CA_VARIABLES if os.environ.get(name)]
    return variables[0] if variables else "the default of the Python library requests; set ca_path instead"


def _file_reason(exc: Exception) -> str:
    """Why OpenSSL cannot read a file, without the words that TLS failed: no connection was attempted."""
    return reason(exc).removeprefix(TLS_FAILED)


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})
