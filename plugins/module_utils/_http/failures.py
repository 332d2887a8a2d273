# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a request could not be sent, or its response was not received."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Iterator

from .libraries import INVALID_URL, NOT_HTTP

TLS_FAILED = "TLS failed: "

CHECK_ADDRESS = "Check url and proxy, and that this machine can reach that host"
"""Advice if nothing was reached."""


def is_retryable(exc: BaseException) -> bool:
    """Whether a retry may help. Certificates, TLS versions, URLs and a proxy's responses do not change."""
    return not isinstance(exc, ValueError) and not any(
        (isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)))
        or isinstance(cause, INVALID_URL)
        or "Tunnel connection" in str(cause)
        for cause in causes(exc)
    )


def is_handshake_alert(exc: BaseException) -> bool:
    """Whether the server ended the handshake because of our certificate. With TLS 1.3, the alert
    arrives after we started to send the request. The server cannot have read the request: RFC 8446 forbids that before
    the handshake is complete."""
    return any(
        isinstance(cause, ssl.SSLError)
        and re.search("alert.*(certificate|unknown ca|access denied)", _tls_reason(cause))
        for cause in causes(exc)
    )


def _tls_reason(exc: ssl.SSLError) -> str:
    """OpenSSL's reason, such as ``tlsv13 alert certificate required``, from the attribute or the text."""
    text = exc.reason or re.sub(r"^\[[^]]*\] |\s*\(_ssl\.c:\d+\)$", "", str(exc))
    return text.replace("_", " ").lower()


# OpenSSL's reason to reject a certificate → what to do
_CERTIFICATE_REMEDIES = {
    "mismatch": "set url to a host name that the certificate is valid for",
    "expired|not yet valid": "renew the certificate, or correct the clock of this machine",
    "": "set ca_path to the CA certificates to trust",
}

_URL_IS_INVALID = "the URL of PAM Core or of a proxy is invalid (check url, proxy, HTTPS_PROXY and ALL_PROXY)"

# The first match counts, so a class comes before its bases.
_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((TimeoutError, socket.timeout), "no response within the time that the option timeout allows"),
    (
        (ssl.SSLEOFError, ssl.SSLZeroReturnError),
        "the server closed the TLS connection; it may require a client certificate (client_cert, client_key) or have "
        "rejected yours",
    ),
    ((http.client.RemoteDisconnected,), "the connection was closed before a response arrived"),
    ((http.client.IncompleteRead,), "the connection was closed in the middle of the response"),
    ((UnicodeError,), "it is not a valid host name"),
    (NOT_HTTP, "the response is not HTTP"),
    (INVALID_URL, _URL_IS_INVALID),
)


def reason(exc: BaseException | None) -> str:
    """The reason, by the innermost exception that has one: it is from the operating system or OpenSSL.

    A certificate that is not trusted comes first: urllib3 may raise other errors because of it. Texts of requests and
    urllib3 are not used: they contain URLs, which may contain a proxy's password, and object addresses.
    """
    chain = list(causes(exc))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message.rstrip(".")
            remedy = next(remedy for words, remedy in _CERTIFICATE_REMEDIES.items() if re.search(words, why))
            return f"the server's certificate cannot be verified: {why} ({remedy})"
    found = next(filter(None, map(_reason, reversed(chain))), None)
    if found is None and isinstance(exc, ValueError):  # not one within: http.client raises it for the size of a chunk
        found = _URL_IS_INVALID
    return found or (type(chain[-1]).__name__ if chain else "unknown reason")


def _reason(cause: BaseException) -> str | None:
    if isinstance(cause, UnicodeEncodeError) and cause.encoding == "latin-1":  # as requests encodes Proxy-Authorization
        return "the user name or the password of the proxy has a character that is not in Latin-1"
    for classes, text in _REASONS:
        if isinstance(cause, classes):
            return text
    if isinstance(cause, ssl.SSLError):
        why = _tls_reason(cause)
        return (
            "the server does not use TLS on this port (check url)" if "wrong version" in why else f"{TLS_FAILED}{why}"
        )
    refused = re.match(r"Tunnel connection failed: (\d{3})\b", str(cause)) if isinstance(cause, OSError) else None
    if refused:
        # Not the proxy's own text, which may repeat the password, even in base64.
        status = int(refused[1])
        return f"the proxy refused the connection: {status} {http.client.responses.get(status, '')}".rstrip()
    return cause.strerror if isinstance(cause, OSError) else None


def causes(exc: BaseException | None) -> Iterator[BaseException]:
    """The exception, its causes, and those that requests and urllib3 keep in arguments and attributes."""
    seen: list[BaseException | None] = []
    while exc is not None and exc not in seen:
        seen.append(exc)
        yield exc
        inner = [arg for arg in (*exc.args, getattr(exc, "reason", None)) if isinstance(arg, BaseException)]
        exc = inner[-1] if inner else exc.__cause__ or exc.__context__
