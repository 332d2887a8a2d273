# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoints of PAM Core's A2A API, and whether a response is a success. :mod:`_failures` interprets the others."""

from __future__ import annotations

import codecs
import email.utils
import json
import re
import time
import typing as t
from collections.abc import Mapping
from datetime import datetime, timezone

from ._errors import OUTCOME_UNKNOWN, Unclear, sentences
from ._transport import MAX_BODY, Answer

MAX_OBJECTS = 400_000
"""Lists and objects in a response. A list of 100,000 records has that many objects."""
MAX_MEMBERS = 16_000_000

UNAUTHORIZED = (
    "Check the credentials, whether the application and its authorization are enabled and not expired, and whether "
    "this machine's IP address is among the authorized ones."
)

RETRY_WHEN_TOLD = (429, 503)
"""Retryable statuses, if the response has ``Retry-After``."""


_FAR = datetime(3000, 1, 1, tzinfo=timezone.utc).timestamp()


class Endpoint(t.NamedTuple):
    """One function of the API. *paths* has those of each generation, in the order in which they are tried."""

    title: str
    """Begins each message: ``Creating the remote session`` failed."""
    method: str
    paths: Mapping[str, tuple[str, ...]]
    needs: str = "the resource that this needs"
    """The permission that an authorization must have, to be read after ``grant``."""
    max_body: int = MAX_BODY
    """Bytes of the longest body of a success."""
    doubt: str | None = None
    """What to tell the user if the outcome is unknown. By default, that it is; empty if the caller reports it. A GET
    that has an effect needs it: without it, GET and HEAD count as repeatable."""
    repeatable: bool = False
    """Whether another method than GET and HEAD may be repeated: for a login, it costs nothing."""
    advice: tuple[Advice, ...] = ()
    """By the texts of this endpoint's error responses; searched before the common ones of :mod:`_hints`."""
    advice_by_status: Mapping[int, str] = {}
    """Where a text is unknown; used before the common one of :mod:`_hints`."""
    secrets: tuple[tuple[str, str], ...] | None = None
    """Section and member of an error response that may hold secrets, which are redacted from messages. By default,
    everything but what each error response has."""

    @property
    def is_repeatable(self) -> bool:
        """Whether it does no harm if PAM Core handles a request twice."""
        return self.repeatable or (self.method in ("GET", "HEAD") and self.doubt is None)


class Advice(t.NamedTuple):
    """What to do about an error response whose text matches."""

    response: str
    """The documented text, without a number before it and a full stop behind it."""
    advice: str
    """With ``{needs}`` for what the authorization must have to do what was requested."""
    pattern: str | None = None
    """A regular expression where the text varies; else the text itself is searched for, in upper or lower case."""
    unclear: bool = False
    """Whether PAM Core may have done what was requested and send this all the same."""

    @property
    def regex(self) -> str:
        return self.pattern or re.escape(self.response)


def unclear(
    endpoint: Endpoint,
    why: str,
    *more: str | None,
    http_status: int | None = None,
    error_code: int | None = None,
) -> Unclear:
    """The exception for a request that PAM Core may have handled. Unless it may be repeated, the message says so."""
    doubt = OUTCOME_UNKNOWN if endpoint.doubt is None else endpoint.doubt
    message = sentences(f"{endpoint.title} failed: {why}", *more, None if endpoint.is_repeatable else doubt)
    return Unclear(message, http_status, error_code, in_doubt=not endpoint.is_repeatable)


def is_too_large(body: bytes) -> bool:
    """Whether decoding would take far more memory than the body: 17 MB of small objects take 2 GB."""
    return body.count(b"{") + body.count(b"[") > MAX_OBJECTS or body.count(b",") > MAX_MEMBERS


def json_object(body: bytes) -> dict[str, t.Any] | None:
    try:
        value = json.loads(body.removeprefix(codecs.BOM_UTF8).decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_success(status: int, envelope: Mapping[str, t.Any]) -> bool:
    """Check every error indicator of both API generations, OAuth 2.0 and the gateway."""
    response = part(envelope, "response")
    error = envelope.get("error")
    return not (
        status >= 300
        or any(_is_true(response.get(name)) for name in ("error", "erro"))
        or (whole_number(response.get("status")) or 0) >= 400
        or (isinstance(error, str) and error != "")
        or _is_true(error)
        or ("response" not in envelope and isinstance(envelope.get("message"), str) and envelope["message"] != "")
        or isinstance(envelope.get("exception"), dict)
    )


def part(envelope: Mapping[str, t.Any], name: str) -> Mapping[str, t.Any]:
    found = envelope.get(name)
    return found if isinstance(found, dict) else {}


def whole_number(value: t.Any) -> int | None:
    """An integer, which some versions send as a string."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) else None


def _is_true(value: t.Any) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.lower() == "true")


def retry_after(answer: Answer) -> float | None:
    """Seconds until a refused request may be retried, if the server allows it: RFC 9110, section 10.2.3."""
    value = answer.headers.get("Retry-After", "").strip()
    if answer.status not in RETRY_WHEN_TOLD or not value:
        return None
    if re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
        return float(value)
    # Relative to the server's Date header if it has one, because our clock may differ.
    then, now = http_date(value), http_date(answer.headers.get("Date", ""))
    return None if then is None else max(then - (time.time() if now is None else now), 0.0)


def http_date(value: str) -> float | None:
    """Seconds since 1970: RFC 9110, section 5.6.7. None if it is not a valid time from 1970 to 3000."""
    try:
        date = email.utils.parsedate_to_datetime(value)
        seconds = (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < _FAR else None
