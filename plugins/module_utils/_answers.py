# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be asked of PAM Core's A2A API, and whether an answer is a success. What one means that is none is in
:mod:`_failures`."""

from __future__ import annotations

import codecs
import email.utils
import json
import re
import time
import typing as t
from collections.abc import Mapping
from datetime import datetime, timezone

from ._errors import SESSION_MAY_EXIST, Unclear, sentences
from ._transport import MAX_BODY, Answer

RETRY_WHEN_TOLD = (429, 503)
"""Statuses after which a request may be sent again, where the answer says when."""


_FAR = datetime(3000, 1, 1, tzinfo=timezone.utc).timestamp()


class Endpoint(t.NamedTuple):
    """One function of the API. The paths of each generation are tried in their order."""

    title: str
    """What is being done, to begin a message with: ``Creating the remote session``."""
    method: str
    paths: Mapping[str, tuple[str, ...]]
    creates_session: bool = False
    ends_session: bool = False
    logs_in: bool = False
    needs: str = "the resource that this needs"
    """What an authorization must have, to be read after ``grant``."""
    max_body: int = MAX_BODY
    """Bytes of an answer that are read at most."""


def unclear(
    endpoint: Endpoint,
    why: str,
    *more: str | None,
    http_status: int | None = None,
    error_code: int | None = None,
) -> Unclear:
    """What was asked for may have been done: for a session the message says so, a login only costs another one."""
    note = SESSION_MAY_EXIST if endpoint.creates_session else None
    message = sentences(f"{endpoint.title} failed: {why}", *more, note)
    return Unclear(message, http_status, endpoint.creates_session, error_code)


def json_object(body: bytes) -> dict[str, t.Any] | None:
    try:
        value = json.loads(body.removeprefix(codecs.BOM_UTF8).decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_success(status: int, envelope: Mapping[str, t.Any]) -> bool:
    """By all that both generations' envelopes, OAuth 2.0's and the gateway's say."""
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
    """One that some versions write as a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) else None


def _is_true(value: t.Any) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.lower() == "true")


def retry_after(answer: Answer) -> float | None:
    """Seconds until a refused request may be sent again, if the server says so: RFC 9110, section 10.2.3."""
    value = answer.headers.get("Retry-After", "").strip()
    if answer.status not in RETRY_WHEN_TOLD or not value:
        return None
    if re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
        return float(value)
    # By the server's own clock if it shows it, since ours may be another.
    then, now = http_date(value), http_date(answer.headers.get("Date", ""))
    return None if then is None else max(then - (time.time() if now is None else now), 0.0)


def http_date(value: str) -> float | None:
    """Seconds since 1970: RFC 9110, section 5.6.7. None for what is no moment, or none that can be reckoned with."""
    try:
        date = email.utils.parsedate_to_datetime(value)
        seconds = (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < _FAR else None
