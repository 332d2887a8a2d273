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

CHECK_ADDRESS = "Check url and proxy, and whether the machine that asks can reach that address"
"""Advice if nothing was reached."""


def is_retryable(exc: BaseException) -> bool:
    """Whether a retry may help. Certificates, TLS versions and a proxy's responses do not change."""
    return not any(
        (isinstance(cause, ssl.SSLError) and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)))
        or isinstance(cause, INVALID_URL)
        or "Tunnel connection" in str(cause)
        for cause in causes(exc)
    )


def is_handshake_alert(exc: BaseException) -> bool:
    """Whether the server ended the handshake because of our certificate. With TLS 1.3 its alert comes after we began to
    send, but by RFC 8446 a server does not read that before the handshake is complete."""
    return any(
        isinstance(cause, ssl.SSLError)
        and re.search("alert.*(certificate|unknown ca|access denied)", _tls_reason(cause))
        for cause in causes(exc)
    )


def _tls_reason(exc: ssl.SSLError) -> str:
    """OpenSSL's reason, such as ``tlsv13 alert certificate required``, from the attribute or the text."""
    text = exc.reason or re.sub(r"^\[[^]]*\] |\s*\(_ssl\.c:\d+\)$", "", str(exc))
    return text.replace("_", " ").lower()


# OpenSSL's reason to refuse a certificate → what to do
_CERTIFICATE_REMEDIES = {
    "mismatch": "url must name a host that it is for",
    "expired|not yet valid": "it has to be renewed, unless the clock of this machine is wrong",
    "": "option ca_path names the certificate authorities to trust",
}


def reason(exc: BaseException | None) -> str:
    """The reason, by the innermost exception, which is from the operating system or OpenSSL.

    Texts of requests and urllib3 are not used: they contain URLs, which may hold a proxy's password, and object
    addresses.
    """
    chain = list(causes(exc))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message.rstrip(".")
            remedy = next(remedy for words, remedy in _CERTIFICATE_REMEDIES.items() if re.search(words, why))
            return f"the server's certificate is not accepted: {why} ({remedy})"
    for cause in reversed(chain):
        if isinstance(cause, (TimeoutError, socket.timeout)):
            return "no answer within the time that the option timeout allows"
        if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            return (
                "the server ended the TLS connection, as it does when it does not accept or misses a client certificate"
            )
        if isinstance(cause, ssl.SSLError) and "wrong version number" in _tls_reason(cause):
            return "what answers there does not speak TLS (check url)"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {_tls_reason(cause)}"
        if isinstance(cause, http.client.RemoteDisconnected):
            return "the connection was closed before an answer came"
        if isinstance(cause, http.client.IncompleteRead):
            return "the connection was closed in the middle of the answer"
        refused = re.match(r"Tunnel connection failed: (\d{3})\b", str(cause)) if isinstance(cause, OSError) else None
        if refused:
            # Not the proxy's own text, which may repeat the password, even in base64.
            status = int(refused[1])
            return f"the proxy refused: {status} {http.client.responses.get(status, '')}".rstrip()
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if isinstance(cause, UnicodeError):
            return "this is not a host name"
        if isinstance(cause, NOT_HTTP):
            return "the answer is not HTTP"
        if isinstance(cause, INVALID_URL):
            return "the address of PAM Core or of a proxy cannot be used (check url, proxy, HTTPS_PROXY and ALL_PROXY)"
    return type(chain[-1]).__name__ if chain else "unknown reason"


def causes(exc: BaseException | None) -> Iterator[BaseException]:
    """The exception, its causes, and those that requests and urllib3 keep in arguments and attributes."""
    seen: list[BaseException | None] = []
    while exc is not None and exc not in seen:
        seen.append(exc)
        yield exc
        inner = [arg for arg in (*exc.args, getattr(exc, "reason", None)) if isinstance(arg, BaseException)]
        exc = inner[-1] if inner else exc.__cause__ or exc.__context__
