# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions that reach the user, and the messages that several files share.

A message says what failed, what PAM Core responded and what to do next. It never contains a request, a body, a header,
a token or another secret.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

OUTCOME_UNKNOWN = "The outcome is unknown: PAM Core may have handled the request."
NOT_VERIFIED = (
    "TLS verification is off (validate_certs is false): an attacker can pose as PAM Core and read the secrets. Set "
    "ca_path to the CA certificate of PAM Core instead."
)


class SenhaseguraError(Exception):
    """Base of all our errors. ``str()`` is the whole message for the user, without control characters."""

    http_status: int | None = None
    error_code: int | None = None
    in_doubt: bool = False
    """Whether PAM Core may have done what was requested."""
    outcome: Mapping[str, t.Any] = {}
    """Other members of a failed task's result."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))

    def result(self) -> dict[str, t.Any]:
        """What a failed task returns: see RETURN of the modules."""
        return {"msg": str(self), "http_status": self.http_status, "error_code": self.error_code, **self.outcome}


class OptionsError(SenhaseguraError):
    """The options are invalid. Nothing was sent."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__(" ".join(["Invalid options; nothing was sent to PAM Core:", *problems]))


class NotSent(SenhaseguraError):
    """No byte of the request can have reached the API: name resolution, the connection, the proxy or TLS failed, or the
    time was over before."""

    def __init__(self, message: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        """Whether a retry may help: true for a refused connection, false for a certificate that is not trusted."""


class Refused(SenhaseguraError):
    """PAM Core, or a gateway in front of it, responded that it did not do what was requested."""

    def __init__(self, message: str, http_status: int, error_code: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.error_code = error_code


class OutcomeUnknown(SenhaseguraError):
    """The request was sent, and no response proves that it was not handled."""

    def __init__(
        self,
        message: str,
        http_status: int | None = None,
        error_code: int | None = None,
        in_doubt: bool = True,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.error_code = error_code
        self.in_doubt = in_doubt


SLICE = 4096


def printable(text: str, kept: str = "") -> str:
    """Replace characters that a terminal may interpret with spaces, except those in *kept*.

    It works on slices of the text: ``str.join`` first builds a list of all characters, which takes many times the
    memory of the text.
    """
    if text.isprintable():
        return text
    slices = (text[start : start + SLICE] for start in range(0, len(text), SLICE))
    return "".join(
        piece if piece.isprintable() else "".join(char if char.isprintable() or char in kept else " " for char in piece)
        for piece in slices
    )


def join_sentences(*parts: str | None) -> str:
    """Join the non-empty *parts* into one text; each ends in a full stop."""
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)
