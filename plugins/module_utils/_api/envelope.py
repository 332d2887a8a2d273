# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The envelope of PAM Core's responses: whether it is a success, and typed values of its members."""

from __future__ import annotations

import codecs
import email.utils
import json
import re
import time
import typing as t
from collections.abc import Mapping
from datetime import datetime, timezone

from .._http.transport import Response

MAX_OBJECTS = 400_000
"""Limit of the lists and objects in a response. A list of 100,000 records has about 100,000 of them."""
MAX_MEMBERS = 16_000_000

RETRY_WHEN_TOLD = (429, 503)
"""Retryable statuses, if the response has ``Retry-After``."""

_FAR = datetime(3000, 1, 1, tzinfo=timezone.utc).timestamp()


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
    response = section(envelope, "response")
    error = envelope.get("error")
    return not (
        status >= 300
        or any(_is_true(response.get(name)) for name in ("error", "erro"))
        or (integer(response.get("status")) or 0) >= 400
        or (isinstance(error, str) and error != "")
        or _is_true(error)
        or ("response" not in envelope and isinstance(envelope.get("message"), str) and envelope["message"] != "")
        or isinstance(envelope.get("exception"), dict)
    )


def section(envelope: Mapping[str, t.Any], name: str) -> Mapping[str, t.Any]:
    found = envelope.get(name)
    return found if isinstance(found, dict) else {}


def integer(value: t.Any) -> int | None:
    """An integer, which some versions send as a string."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) else None


def _is_true(value: t.Any) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.lower() == "true")


def retry_after(response: Response) -> float | None:
    """Seconds until a refused request may be retried, if the server allows it: RFC 9110, section 10.2.3."""
    value = response.headers.get("Retry-After", "").strip()
    if response.status not in RETRY_WHEN_TOLD or not value:
        return None
    if re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
        return float(value)
    # Relative to the server's Date header if it has one, because our clock may differ.
    then, now = http_date(value), http_date(response.headers.get("Date", ""))
    return None if then is None else max(then - (time.time() if now is None else now), 0.0)


def http_date(value: str) -> float | None:
    """Seconds since 1970: RFC 9110, section 5.6.7. None if it is not a valid time from 1970 to 3000."""
    try:
        date = email.utils.parsedate_to_datetime(value)
        seconds = (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < _FAR else None
