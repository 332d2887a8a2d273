# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an answer means that is no success: whether nothing was done, what PAM Core says, and what to do next."""

from __future__ import annotations

import json
import re
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ._answers import RETRY_WHEN_TOLD, Endpoint, json_object, part, unclear, whole_number
from ._errors import Refused, Unclear, sentences
from ._hints import (
    HINTS_BY_STATUS,
    LIFE_HINTS_BY_STATUS,
    LOGIN_HINTS_BY_STATUS,
    hint,
    says_that_nothing_was_done,
)
from ._memory import REFUSAL_HOLDS
from ._redaction import redacted
from ._transport import Answer

NOT_HANDLED = (401, *RETRY_WHEN_TOLD)
"""Statuses that prove by themselves that nothing was done."""

# Where a message is looked for, in this order: both generations, a slip of the documentation, OAuth 2.0, the gateway.
_MESSAGES = (
    ("response", "message"),
    ("response", "Message"),
    ("response", "mensagem"),
    ("exception", "message"),
    (None, "message"),
    (None, "error_description"),
    (None, "error"),
)
_NUMBERED = re.compile(r"^(\d{3,4}):\s*(.*)$", re.DOTALL | re.ASCII)


def failure(
    endpoint: Endpoint,
    answer: Answer,
    envelope: Mapping[str, t.Any] | None,
    tried: Iterable[str],
    secrets: Iterable[str],
) -> Refused | Unclear:
    """The exception for an answer with this envelope, or with none; *tried* are the paths that were."""
    if envelope is None or 300 <= answer.status < 400:
        return _not_understood(endpoint, answer, secrets)
    return _refused(endpoint, answer.status, envelope, tried, secrets)


def known_refusal(known: Mapping[str, t.Any], secrets: Iterable[str]) -> Refused | None:
    """The refusal of a login that another task got a moment ago, unless what is known of it is damaged."""
    message, status = known.get("msg"), whole_number(known.get("http_status"))
    if not isinstance(message, str) or status is None:
        return None
    seconds = max(round(time.time() - known["refused"]), 0)
    note = (
        f"That was the answer {seconds} second{'' if seconds == 1 else 's'} ago; to spare the application failed "
        f"logins, this run does not ask again within {REFUSAL_HOLDS} seconds"
    )
    return Refused(
        sentences(redacted(message, secrets, limit=3000), note), status, whole_number(known.get("error_code"))
    )


def says_no_path(body: bytes) -> bool:
    """Whether what came with a 404 proves that nothing handled the request."""
    envelope = json_object(body)
    return envelope is not None and _is_of_no_path(_message(envelope))


def _is_of_no_path(message: str) -> bool:
    return bool(re.search(r"^(resource\b.*\bnot found|no route matched)", message, re.IGNORECASE))


def _refused(
    endpoint: Endpoint, status: int, envelope: Mapping[str, t.Any], tried: Iterable[str], secrets: Iterable[str]
) -> Refused | Unclear:
    code = _error_code(envelope)
    issued = (*part(envelope, "session").values(), envelope.get("access_token"))
    said = redacted(_message(envelope), (*secrets, *issued))
    answered = f"PAM Core answered {json.dumps(said, ensure_ascii=False)}" if said else "PAM Core gave no reason"
    why = f"{answered} (HTTP {status}{f', code {code}' if code not in (None, status) else ''})"
    where = f"Tried: {', '.join(tried)}" if status == 404 and _is_of_no_path(said) else None
    advice = hint(said, endpoint.needs) or _hints_by_status(endpoint).get(status)
    if part(envelope, "session") or _may_be_done(status, code, said):
        return unclear(endpoint, why, advice, http_status=status, error_code=code)
    return Refused(sentences(f"{endpoint.title} failed: {why}", where, advice), status, code)


def _hints_by_status(endpoint: Endpoint) -> Mapping[int, str]:
    if endpoint.logs_in:
        return LOGIN_HINTS_BY_STATUS
    return HINTS_BY_STATUS if endpoint.creates_session else LIFE_HINTS_BY_STATUS


def _not_understood(endpoint: Endpoint, answer: Answer, secrets: Iterable[str]) -> Refused | Unclear:
    """For an answer of which only the status is of use: a page of a proxy, something cut off, a redirect."""
    status = answer.status
    header = answer.headers.get("Content-Type", "")  # of bytes that were read as Latin-1
    said = redacted(header.encode("latin-1", "replace").decode("utf-8", "replace"), secrets)
    media_type = re.sub(r"[^\w/+.*-]", "", said.split(";")[0])[:60]
    what = f"content type {media_type}" if media_type else "no content type"
    why = f"what answered (HTTP {status}, {what}) does not speak as PAM Core's API does"
    if 300 <= status < 400:
        why = f"the answer is a redirect (HTTP {status}), which is not followed"
    # A 400 that is not PAM Core's says nothing about what is registered there.
    advice = (status != 400 and _hints_by_status(endpoint).get(status)) or "Check that url points at PAM Core itself"
    if 200 <= status < 300 or _may_be_done(status):
        return unclear(endpoint, why, advice, http_status=status)
    return Refused(sentences(f"{endpoint.title} failed: {why}", advice), status)


def _raw_message(envelope: Mapping[str, t.Any]) -> str:
    for where, name in _MESSAGES:
        text = (part(envelope, where) if where else envelope).get(name)
        if isinstance(text, str) and text.strip():
            return text.strip()
    return ""


def _message(envelope: Mapping[str, t.Any]) -> str:
    """What the server says, without the number that stands before it in some versions."""
    message = _raw_message(envelope)
    numbered = _NUMBERED.match(message)
    return numbered[2] if numbered else message


def _error_code(envelope: Mapping[str, t.Any]) -> int | None:
    """The product's own number for the error; 0 and 1 are no such numbers."""
    numbered = _NUMBERED.match(_raw_message(envelope))
    candidates: tuple[Callable[[], t.Any], ...] = (
        lambda: part(envelope, "exception").get("code"),
        lambda: numbered[1] if numbered else None,
        lambda: part(envelope, "response").get("error_code"),
        lambda: envelope.get("error_code"),
    )
    return next((code for code in (whole_number(candidate()) for candidate in candidates) if code and code > 1), None)


def _may_be_done(status: int, code: int | None = None, said: str = "") -> bool:
    """Whether a failure leaves open if PAM Core did what was asked for: where something broke, or a gateway gave up
    waiting. A number of PAM Core's own for the error, or a documented refusal, does not."""
    if status in NOT_HANDLED or 1000 <= (code or 0) <= 9999:
        return False
    nothing_done = says_that_nothing_was_done(said)
    # By its definition, 303 comes after the request was handled.
    return (status in (303, 408) or status >= 500) if nothing_done is None else not nothing_done
