# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interprets unsuccessful responses: whether the request was handled, PAM Core's error text, and advice."""

from __future__ import annotations

import itertools
import json
import re
import time
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping

from ._answers import RETRY_WHEN_TOLD, Endpoint, is_success, json_object, part, unclear, whole_number
from ._errors import NotSent, Refused, SenhaseguraError, Unclear, sentences
from ._hints import hint, hint_by_status, says_that_nothing_was_done
from ._memory import REFUSAL_HOLDS
from ._redaction import MAX_TEXT, redacted
from ._transport import Answer

NOT_HANDLED = (401, *RETRY_WHEN_TOLD)
"""Statuses that prove that the request was not handled."""

MAX_ISSUED = 20
"""Strings in an error response that may be secrets. At most three are documented."""

LOGIN_REFUSED = (400, 401, 403)
"""Statuses that mean that the login was refused, not that it should be retried later or elsewhere."""

# Where to look for the error text, in order: both generations, a typo in the documentation, OAuth 2.0, the gateway.
_MESSAGES = (
    ("response", "message"),
    ("response", "Message"),
    ("response", "mensagem"),
    ("exception", "message"),
    (None, "message"),
    (None, "error_description"),
    (None, "error"),
)
# What each error response may have. Anything else is what PAM Core issued all the same.
_ERROR_MEMBERS = {where or name for where, name in _MESSAGES} | {"code", "error_code", "tenant"}
_NUMBERED = re.compile(r"^(\d{3,4}):\s*(.*)$", re.DOTALL | re.ASCII)


def failure(
    endpoint: Endpoint,
    answer: Answer,
    envelope: Mapping[str, t.Any] | None,
    tried: Iterable[str],
    secrets: Iterable[str],
) -> Refused | Unclear:
    """The exception for a response with this envelope, or with none. *tried* lists the paths that were tried."""
    if envelope is None or 300 <= answer.status < 400:
        return _not_understood(endpoint, answer, secrets)
    return _refused(endpoint, answer.status, envelope, tried, secrets)


def refusal_to_remember(exc: SenhaseguraError, answer: Answer | None, in_time: bool) -> dict[str, t.Any] | None:
    """What the run remembers of a failed login; ``None`` if other tasks may log in.

    If PAM Core did not respond in time, it may have refused the login, and would count each further one. If the HTTP
    status is a success and the envelope is an error, the envelope's status counts. Without one, the login was refused.
    """
    result = exc.result()
    status = result["http_status"]
    envelope = json_object(answer.body) if answer and answer.status < 300 else None
    if envelope is not None and not is_success(200, envelope):
        status = max(whole_number(part(envelope, "response").get("status")) or 0, 400)
    if isinstance(exc, NotSent) or (in_time and status not in LOGIN_REFUSED):
        return None
    return {"refused": time.time(), "unanswered": not in_time, **result}


def known_refusal(known: Mapping[str, t.Any], secrets: Iterable[str]) -> Refused | NotSent | None:
    """The exception for a login of another task that was recently refused, or got no response.

    ``None`` if the entry is damaged.
    """
    message, status = known.get("msg"), whole_number(known.get("http_status"))
    if not isinstance(message, str) or (status is None and known.get("unanswered") is not True):
        return None
    seconds = max(round(time.time() - known["refused"]), 0)
    note = (
        f"That was {seconds} second{'' if seconds == 1 else 's'} ago; to spare the application failed "
        f"logins, this run does not ask again within {REFUSAL_HOLDS} seconds"
    )
    text = sentences(redacted(message, secrets, limit=3000), note)
    return NotSent(text) if status is None else Refused(text, status, whole_number(known.get("error_code")))


def says_no_path(body: bytes) -> bool:
    """Whether the body of a 404 proves that nothing handled the request."""
    envelope = json_object(body)
    return envelope is not None and _is_of_no_path(_message(envelope))


def _is_of_no_path(message: str) -> bool:
    return bool(re.search(r"^(resource\b.*\bnot found|no route matched)", message, re.IGNORECASE))


def _refused(
    endpoint: Endpoint, status: int, envelope: Mapping[str, t.Any], tried: Iterable[str], secrets: Iterable[str]
) -> Refused | Unclear:
    code = _error_code(envelope)
    issued = list(itertools.islice(_issued(endpoint, envelope), MAX_ISSUED + 1))
    message = _message(envelope)
    if len(message) + sum(map(len, issued)) > MAX_TEXT or len(issued) > MAX_ISSUED:
        said, answered = "", "PAM Core's reason is too long to be shown"
    else:
        said = redacted(message, (*secrets, *issued))
        answered = f"PAM Core answered {json.dumps(said, ensure_ascii=False)}" if said else "PAM Core gave no reason"
    why = f"{answered} (HTTP {status}{f', code {code}' if code not in (None, status) else ''})"
    where = f"Tried: {', '.join(tried)}" if status == 404 and _is_of_no_path(said) else None
    advice = hint(said, endpoint) or hint_by_status(status, endpoint)
    if (issued and not endpoint.is_repeatable) or _may_be_done(endpoint, status, code, said):
        return unclear(endpoint, why, advice, http_status=status, error_code=code)
    return Refused(sentences(f"{endpoint.title} failed: {why}", where, advice), status, code)


def _issued(endpoint: Endpoint, envelope: Mapping[str, t.Any]) -> Iterator[str]:
    """The strings beside the error itself, which may be secrets that PAM Core issued all the same."""
    if endpoint.secrets is None:
        values = [value for name, value in envelope.items() if name not in _ERROR_MEMBERS]
    else:
        values = [part(envelope, place).get(name) for place, name in endpoint.secrets]
    while values:
        value = values.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)):
            values.extend(value.values() if isinstance(value, dict) else value)


def _not_understood(endpoint: Endpoint, answer: Answer, secrets: Iterable[str]) -> Refused | Unclear:
    """For responses of which only the status is usable: a page of a proxy, a truncated body, a redirect."""
    status = answer.status
    header = answer.headers.get("Content-Type", "")  # of bytes that were read as Latin-1
    said = redacted(header.encode("latin-1", "replace").decode("utf-8", "replace"), secrets)
    media_type = re.sub(r"[^\w/+.*-]", "", said.split(";")[0])[:60]
    what = f"content type {media_type}" if media_type else "no content type"
    why = f"what answered (HTTP {status}, {what}) does not speak as PAM Core's API does"
    if 300 <= status < 400:
        why = f"the answer is a redirect (HTTP {status}), which is not followed"
    # A 400 that is not PAM Core's says nothing about what is registered there.
    advice = (status != 400 and hint_by_status(status, endpoint)) or "Check that url points at PAM Core itself"
    if 200 <= status < 300 or _may_be_done(endpoint, status):
        return unclear(endpoint, why, advice, http_status=status)
    return Refused(sentences(f"{endpoint.title} failed: {why}", advice), status)


def _raw_message(envelope: Mapping[str, t.Any]) -> str:
    for where, name in _MESSAGES:
        text = (part(envelope, where) if where else envelope).get(name)
        if isinstance(text, str) and text.strip():
            return text.strip()
    return ""


def _message(envelope: Mapping[str, t.Any]) -> str:
    """The server's error text, without the number before it in some versions."""
    message = _raw_message(envelope)
    numbered = _NUMBERED.match(message)
    return numbered[2] if numbered else message


def _error_code(envelope: Mapping[str, t.Any]) -> int | None:
    """The product's error code. 0 and 1 are not error codes."""
    numbered = _NUMBERED.match(_raw_message(envelope))
    candidates: tuple[Callable[[], t.Any], ...] = (
        lambda: part(envelope, "exception").get("code"),
        lambda: numbered[1] if numbered else None,
        lambda: part(envelope, "response").get("error_code"),
        lambda: envelope.get("error_code"),
    )
    return next((code for code in (whole_number(candidate()) for candidate in candidates) if code and code > 1), None)


def _may_be_done(endpoint: Endpoint, status: int, code: int | None = None, said: str = "") -> bool:
    """Whether the request may have been handled despite the failure: a server error, or a gateway's timeout. Not if PAM
    Core sent an error code of its own or a documented refusal."""
    if status in NOT_HANDLED or 1000 <= (code or 0) <= 9999:
        return False
    nothing_done = says_that_nothing_was_done(said, endpoint)
    # By its definition, 303 comes after the request was handled.
    return (status in (303, 408) or status >= 500) if nothing_done is None else not nothing_done
