# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons by exceptions. The fault table has the real ones."""

from __future__ import annotations

import http.client
import ssl

import pytest
import requests
import urllib3

from ansible_collections.pamops.senhasegura.plugins.module_utils._http import failures
from tests.messages import (
    CLOSED_BEFORE,
    CLOSED_IN_THE_MIDDLE,
    NO_HANDSHAKE,
    NO_TIME,
    NO_TLS,
    NOT_A_URL,
    NOT_HTTP,
    NOT_VALID_FOR,
)


def untrusted(verify_message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError()
    error.verify_message = verify_message
    return error


def alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


RETRYABLE: list[tuple[Exception, str]] = [
    (TimeoutError(), NO_TIME[:-1]),
    (ssl.SSLEOFError(), NO_HANDSHAKE[:-1]),
    (http.client.RemoteDisconnected("closed"), CLOSED_BEFORE[:-1]),
    (http.client.IncompleteRead(b""), CLOSED_IN_THE_MIDDLE[:-1]),
    (http.client.BadStatusLine("SSH-2.0"), NOT_HTTP[:-1]),
    (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
    (OSError(), "OSError"),
]
FINAL: list[tuple[Exception, str]] = [
    (untrusted("unable to get local issuer certificate"), "(set ca_path to the CA certificates to trust)"),
    (untrusted("certificate has expired"), "certificate has expired (renew the certificate, or correct the clock of"),
    (untrusted("Hostname mismatch, certificate is not valid for 'a'."), f"'a' {NOT_VALID_FOR[:-1]}"),
    (alert("WRONG_VERSION_NUMBER"), NO_TLS[:-1]),
    (alert("TLSV1_ALERT_PROTOCOL_VERSION"), "TLS failed: tlsv1 alert protocol version"),
    (OSError("Tunnel connection failed: 407 Basic cGFzc3dvcmQ="), "the proxy refused the connection: 407 Proxy Auth"),
    (OSError("Tunnel connection failed: 299 x"), "the proxy refused the connection: 299"),
    (requests.exceptions.InvalidURL("https://user:password@"), NOT_A_URL[:-1]),
]


def nested(exc: Exception) -> Exception:
    """As urllib3 and requests wrap it."""
    pool = urllib3.HTTPSConnectionPool("vault.example")
    return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", exc))


@pytest.mark.parametrize(
    ("exc", "expected", "is_retryable"),
    [(exc, text, True) for exc, text in RETRYABLE] + [(exc, text, False) for exc, text in FINAL],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_reason(exc: Exception, expected: str, is_retryable: bool) -> None:
    for each in (exc, nested(exc)):
        found = failures.reason(each)
        assert expected in found
        assert "password" not in found
        assert "cGFz" not in found
        assert failures.is_retryable(each) == is_retryable


def test_invalid_host_name() -> None:
    assert failures.reason(nested(UnicodeError("label too long"))) == "it is not a valid host name"


def test_invalid_url_is_not_retryable() -> None:
    """But a ValueError within another exception can be about a response."""
    error = ValueError("Unable to determine SOCKS version from socks://me:password@host")
    assert failures.reason(error).startswith("the URL of PAM Core or of a proxy is invalid (")
    assert not failures.is_retryable(error)
    incomplete = http.client.IncompleteRead(b"")
    incomplete.__cause__ = ValueError("invalid literal for int() with base 16")
    assert failures.reason(nested(incomplete)).endswith("in the middle of the response")


def test_no_exception_has_no_reason() -> None:
    assert failures.reason(None) == "unknown reason"


def test_alert_about_our_certificate_proves_that_the_request_was_not_handled() -> None:
    assert failures.is_handshake_alert(nested(alert("TLSV13_ALERT_CERTIFICATE_REQUIRED")))
    assert not failures.is_handshake_alert(nested(alert("TLSV1_ALERT_INTERNAL_ERROR")))


def test_circle_of_causes_ends() -> None:
    first, second = OSError(), OSError()
    first.__cause__, second.__cause__ = second, first
    assert list(failures.causes(first)) == [first, second]
