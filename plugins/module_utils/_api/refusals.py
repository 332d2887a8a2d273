# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns unsuccessful responses into exceptions: whether the request was handled, PAM Core's error text, and advice."""

from __future__ import annotations

import itertools
import json
import re
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping

from .._errors import OutcomeUnknown, Refused, join_sentences
from .._http.transport import Response
from .advice import hint, hint_by_status, says_that_nothing_was_done
from .endpoint import Endpoint, outcome_unknown
from .envelope import RETRY_WHEN_TOLD, integer, is_success, is_too_large, json_object, section
from .redaction import MAX_TEXT, redacted

NOT_HANDLED = (401, *RETRY_WHEN_TOLD)
"""Statuses that prove that the request was not handled."""

MAX_ISSUED = 20
"""The most strings of an error response that are redacted as possible secrets. If there are more, its text is not
shown. At most three are documented."""

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
# Members that any error response may have. Any other member may be something that PAM Core issued despite the error.
_ERROR_MEMBERS = {where or name for where, name in _MESSAGES} | {"code", "error_code", "tenant"}
_NUMBERED = re.compile(r"^(\d{3,4}):\s*(.*)$", re.DOTALL | re.ASCII)


def require_success(
    endpoint: Endpoint, response: Response, tried: Iterable[str], secrets: Iterable[str]
) -> dict[str, t.Any]:
    """Return the envelope of a successful response. Raises :class:`Refused` and :class:`OutcomeUnknown`.

    *tried* lists the paths that were tried.
    """
    if is_too_large(response.body):
        why = f"the response (HTTP {response.status}) has more records than this collection processes"
        raise outcome_unknown(endpoint, why, "Request single records by their ID", http_status=response.status)
    envelope = json_object(response.body)
    if envelope is not None and is_success(response.status, envelope):
        return envelope
    if envelope is None or 300 <= response.status < 400:
        raise _not_understood(endpoint, response, secrets)
    raise _refused(endpoint, response.status, envelope, tried, secrets)


def is_path_missing(body: bytes) -> bool | None:
    """Whether the body of a 404 says that the path does not exist, which proves that nothing handled the request.

    False if PAM Core says something else, such as that it has no such record. None if the body says nothing.
    """
    envelope = json_object(body)
    message = "" if envelope is None else _message(envelope)
    return _is_about_path(message) if message else None


def _is_about_path(message: str) -> bool:
    return bool(re.search(r"^(resource\b.*\bnot found|no route matched)", message, re.IGNORECASE))


def _refused(
    endpoint: Endpoint, status: int, envelope: Mapping[str, t.Any], tried: Iterable[str], secrets: Iterable[str]
) -> Refused | OutcomeUnknown:
    code = _error_code(envelope)
    issued = list(itertools.islice(_issued(endpoint, envelope), MAX_ISSUED + 1))
    message = _message(envelope)
    if len(message) + sum(map(len, issued)) > MAX_TEXT or len(issued) > MAX_ISSUED:
        said, reported = "", "PAM Core's error text is too long to show"
    else:
        said = redacted(message, (*secrets, *issued))
        reported = (
            f"PAM Core responded with {json.dumps(said, ensure_ascii=False)}" if said else "PAM Core gave no reason"
        )
    why = f"{reported} (HTTP {status}{f', code {code}' if code not in (None, status) else ''})"
    where = f"Tried: {', '.join(tried)}" if status == 404 and _is_about_path(said) else None
    advice = hint(said, endpoint) or hint_by_status(status, endpoint)
    if (issued and endpoint.may_change) or _may_be_done(endpoint, status, code, said):
        return outcome_unknown(endpoint, why, advice, http_status=status, error_code=code)
    return Refused(join_sentences(f"{endpoint.title} failed: {why}", where, advice), status, code)


def _issued(endpoint: Endpoint, envelope: Mapping[str, t.Any]) -> Iterator[str]:
    """The strings beside the error itself, which may be secrets that PAM Core issued all the same."""
    if endpoint.secrets is None:
        values = [value for name, value in envelope.items() if name not in _ERROR_MEMBERS]
    else:
        values = [section(envelope, place).get(name) for place, name in endpoint.secrets]
    while values:
        value = values.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)):
            values.extend(value.values() if isinstance(value, dict) else value)


def _not_understood(endpoint: Endpoint, response: Response, secrets: Iterable[str]) -> Refused | OutcomeUnknown:
    """For responses of which only the status is usable: a page of a proxy, a truncated body, a redirect."""
    status = response.status
    header = response.headers.get("Content-Type", "")  # http.client decoded its bytes as Latin-1
    said = redacted(header.encode("latin-1", "replace").decode("utf-8", "replace"), secrets)
    media_type = re.sub(r"[^\w/+.*-]", "", said.split(";")[0])[:60]
    what = f"content type {media_type}" if media_type else "no content type"
    why = f"the response (HTTP {status}, {what}) is not from PAM Core's API"
    if 300 <= status < 400:
        why = f"the response is a redirect (HTTP {status}), which is not followed"
    # The advice for 400 is about values that are registered in PAM Core, and this 400 is not from PAM Core.
    advice = (status != 400 and hint_by_status(status, endpoint)) or "Check that url points to PAM Core itself"
    if 200 <= status < 300 or _may_be_done(endpoint, status):
        return outcome_unknown(endpoint, why, advice, http_status=status)
    return Refused(join_sentences(f"{endpoint.title} failed: {why}", advice), status)


def _raw_message(envelope: Mapping[str, t.Any]) -> str:
    for where, name in _MESSAGES:
        text = (section(envelope, where) if where else envelope).get(name)
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
        lambda: section(envelope, "exception").get("code"),
        lambda: numbered[1] if numbered else None,
        lambda: section(envelope, "response").get("error_code"),
        lambda: envelope.get("error_code"),
    )
    return next((code for code in (integer(candidate()) for candidate in candidates) if code and code > 1), None)


def _may_be_done(endpoint: Endpoint, status: int, code: int | None = None, said: str = "") -> bool:
    """Whether the request may have been handled despite the failure: a server error, or a gateway's timeout. Not if PAM
    Core sent an error code of its own or a documented refusal."""
    if status in NOT_HANDLED or 1000 <= (code or 0) <= 9999:
        return False
    nothing_done = says_that_nothing_was_done(said, endpoint)
    # By its definition, 303 comes after the request was handled.
    return (status in (303, 408) or status >= 500) if nothing_done is None else not nothing_done
