# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions of PAM Core's A2A API, as facts."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from .._errors import OUTCOME_UNKNOWN, OutcomeUnknown, join_sentences
from .._http.transport import MAX_BODY

UNAUTHORIZED = (
    "Check the API credentials; an access token may have expired. Check that the application and its authorization are "
    "enabled and not expired, and that this machine's IP address is authorized."
)


class Advice(t.NamedTuple):
    """What to do about an error response whose text matches."""

    response: str
    """The documented text, without a number before it and a full stop behind it."""
    advice: str
    """May contain ``{needs}``, which is replaced with :attr:`Endpoint.needs`."""
    pattern: str | None = None
    """A regular expression where the text varies. By default, the text itself is searched for, ignoring case."""
    unclear: bool = False
    """Whether PAM Core may send this text although it did what was requested."""

    @property
    def regex(self) -> str:
        return self.pattern or re.escape(self.response)


class Endpoint(t.NamedTuple):
    """One function of the API. *paths* maps each generation of the API, which is a value of the option
    ``api_prefix``, to its paths in the order in which they are tried.

    The defaults are the safe case.
    """

    title: str
    """Begins each message: ``Requesting the session`` in ``Requesting the session failed: …``."""
    method: str
    paths: Mapping[str, tuple[str, ...]]
    needs: str = "the resource that this request needs"
    """The permission that an authorization must have, to be read after ``grant``."""
    max_body: int = MAX_BODY
    """Bytes of the longest body of a success."""
    has_effect: bool | None = None
    """Whether a request changes anything in PAM Core that matters. By default, unless its method is GET or HEAD. A GET
    can have an effect: reading a password may take custody of it."""
    doubt: str = OUTCOME_UNKNOWN
    """The end of a message if PAM Core may have handled a request that has an effect.

    Empty if the caller reports that itself.
    """
    absent: int | None = None
    """The error code by which PAM Core reports that it has no such record. Then the reply is empty, and the call does
    not fail."""
    advice: tuple[Advice, ...] = ()
    """By the texts of this endpoint's error responses; searched before the common ones of :mod:`.advice`."""
    advice_by_status: Mapping[int, str] = {}
    """Where a text is unknown; used before the common one of :mod:`.advice`."""
    secrets: tuple[tuple[str, str], ...] | None = None
    """Section and member of an error response that may hold secrets, which are redacted from messages. By default,
    every string is redacted, except those in the members that describe the error."""

    @property
    def may_change(self) -> bool:
        """Whether PAM Core must not handle a request twice, and whether its unknown outcome matters."""
        return self.method not in ("GET", "HEAD") if self.has_effect is None else self.has_effect


class Request(t.NamedTuple):
    """What to send to an endpoint. The body is *json*, *form* or nothing."""

    endpoint: Endpoint
    json: Mapping[str, t.Any] | None = None
    form: Mapping[str, str] | None = None
    argument: str | None = None
    """Added to the path, quoted."""


def outcome_unknown(
    endpoint: Endpoint,
    why: str,
    *more: str | None,
    http_status: int | None = None,
    error_code: int | None = None,
) -> OutcomeUnknown:
    """The exception for a request that PAM Core may have handled. If it may have an effect, the message ends with the
    endpoint's doubt."""
    doubt = endpoint.doubt if endpoint.may_change else None
    message = join_sentences(f"{endpoint.title} failed: {why}", *more, doubt)
    return OutcomeUnknown(message, http_status, error_code, in_doubt=endpoint.may_change)
