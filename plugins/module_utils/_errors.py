# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, and every sentence about it that has more than one author.

A message says what failed, what PAM Core answered and what to do next. It never holds a request, a body, a header,
a token or a session URL.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

SESSION_MAY_EXIST = "A session may exist all the same; unless its URL is opened, it ends by itself after 30 seconds."
NOT_VERIFIED = (
    "validate_certs is false: nobody checks that it is PAM Core which gets the credentials and gives the session. "
    "Set ca_path to the certificate authority of PAM Core instead."
)


class SenhaseguraError(Exception):
    """Base of all our errors. ``str()`` is the whole message for the user, harmless on a terminal whatever paths, host
    names or words of others are in it."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))

    def result(self) -> dict[str, t.Any]:
        """What a failed task returns: see RETURN of the modules."""
        return {"msg": str(self), "http_status": None, "error_code": None, "session_may_exist": False}


class OptionsError(SenhaseguraError):
    """The options are wrong; nothing was sent."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__(" ".join(["Nothing was sent to PAM Core, because the options are not right:", *problems]))


class NotSent(SenhaseguraError):
    """No byte of the request can have reached the API: name resolution, connecting, proxy, TLS, or time ran out
    before."""

    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
        """Whether trying again may help: true for a refused connection, false for a certificate that does not
        verify."""


class Refused(SenhaseguraError):
    """PAM Core, or what stands before it, answered that it did not do what was asked."""

    def __init__(self, message: str, http_status: int, error_code: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.error_code = error_code

    def result(self) -> dict[str, t.Any]:
        return {**super().result(), "http_status": self.http_status, "error_code": self.error_code}


class Unclear(SenhaseguraError):
    """The request was sent, and nothing that came back proves that it was not handled."""

    def __init__(
        self,
        message: str,
        http_status: int | None = None,
        session_may_exist: bool = False,
        error_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.session_may_exist = session_may_exist
        self.error_code = error_code

    def result(self) -> dict[str, t.Any]:
        return {
            **super().result(),
            "http_status": self.http_status,
            "error_code": self.error_code,
            "session_may_exist": self.session_may_exist,
        }


class Undecided(SenhaseguraError):
    """It cannot be told which session is meant; nothing was ended."""


class NotAllEnded(SenhaseguraError):
    """Of several sessions, some could not be ended. ``outcome`` has all of them."""

    def __init__(self, message: str, outcome: Mapping[str, t.Any]) -> None:
        super().__init__(message)
        self.outcome = outcome

    def result(self) -> dict[str, t.Any]:
        return {**super().result(), **self.outcome}


def printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def sentences(*parts: str | None) -> str:
    """One text of those parts that there are, each ending in a full stop."""
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts if part)
