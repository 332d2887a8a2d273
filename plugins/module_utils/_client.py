# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of PAM Core's A2A API: authentication, the generations of paths, trying again, and the reading of answers."""

from __future__ import annotations

import codecs
import email.utils
import hashlib
import json
import math
import re
import time
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote, urlsplit

from . import _transport
from ._errors import (
    HINTS_BY_STATUS,
    LOGIN_HINTS_BY_STATUS,
    SESSION_MAY_EXIST,
    NotSent,
    Refused,
    Unclear,
    hint,
    says_that_nothing_was_done,
    sentences,
)
from ._options import CONNECTION, SECRETS, chosen_auth_method
from ._transport import Answer, Exchange

TOKEN_MARGIN = 30
"""Seconds before its end in which a token is not used any more."""

MAX_LIFETIME = 24 * 3600
"""Seconds for which a token is believed to hold at most: what the oldest documentation (3.25) says."""

LOGIN_REFUSED = (400, 401, 403)
"""The statuses by which a login is refused for good, and not put off or sent to where nothing is."""

REFUSAL_HOLDS = 60
"""Seconds for which the tasks of a run take a refusal that one of them got for theirs."""

RETRY_WHEN_TOLD = (429, 503)
"""Statuses after which a request may be sent again, where the answer says when."""

NOT_HANDLED = (401, *RETRY_WHEN_TOLD)
"""Statuses that prove by themselves that nothing was done."""


class Endpoint(t.NamedTuple):
    """One function of the API. The paths of each generation are tried in their order."""

    title: str
    """What is being done, to begin a message with: ``Creating the remote session``."""
    method: str
    paths: Mapping[str, tuple[str, ...]]
    creates_session: bool = False
    ends_session: bool = False
    needs: str = "the resource that this needs"
    """What an authorization must have, to be read after ``grant``."""
    max_body: int = _transport.MAX_BODY
    """Bytes of an answer that are read at most."""
    hints_by_status: Mapping[int, str] = HINTS_BY_STATUS


# vendor docs v3-32 'a2a-how-to-authenticate-an-application', v3-33 'api-a2a-first-steps'
TOKEN = Endpoint(
    "Logging in with OAuth 2.0",
    "POST",
    {"iso": ("/iso/oauth2/token",), "api": ("/api/oauth2/token",)},
    hints_by_status=LOGIN_HINTS_BY_STATUS,
)

PROBE = Endpoint("Reaching PAM Core", "HEAD", {})


class RunMemory(t.Protocol):
    """What the tasks of a run remember together; see ``plugin_utils/_run_memory.py``."""

    def locked(self, key: str, seconds: float) -> AbstractContextManager[None]:
        """Keep others out that use the same key, or go on after *seconds* without."""

    def read(self, key: str) -> dict[str, t.Any]:
        """What is known, or an empty dict."""

    def write(self, key: str, known: Mapping[str, t.Any]) -> None:
        """Replace what is known."""


class OwnMemory:
    """Remembers for one client alone."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, t.Any]] = {}

    @contextmanager
    def locked(self, key: str, seconds: float) -> Iterator[None]:
        yield

    def read(self, key: str) -> dict[str, t.Any]:
        return self._known.get(key, {})

    def write(self, key: str, known: Mapping[str, t.Any]) -> None:
        self._known[key] = dict(known)


class Client:
    """Asks one PAM Core as one application. Made by :func:`connect`.

    Each call has the whole time that the option ``timeout`` gives, its login and all else that it takes included.
    """

    def __init__(self, options: Mapping[str, t.Any], memory: RunMemory) -> None:
        self._options = {name: _plain(options[name]) for name in CONNECTION if name in options}
        self._url = self._options["url"].rstrip("/")
        self._method = chosen_auth_method(self._options)
        self._memory = memory
        self._tokens: RunMemory = memory if self._options.get("token_cache", True) else OwnMemory()
        self._transport = _transport.transport(self._options)
        self._secrets = [self._options[name] for name in SECRETS if self._options.get(name)]
        proxy_password = urlsplit(self._options.get("proxy") or "").password
        if proxy_password:
            self._secrets += [proxy_password, unquote(proxy_password)]
        self._fresh_token: str | None = None
        self.asked_at = self.answered_at = datetime.now(timezone.utc)
        """When the last call was sent and when it was answered, by PAM Core's clock where its answer tells that."""
        self._begin()

    def call(
        self, endpoint: Endpoint, payload: Mapping[str, t.Any] | None = None, argument: str | None = None
    ) -> dict[str, t.Any]:
        """Send *payload* as JSON and return the answer's envelope, a success by all that the API says.

        *argument* is what the path ends with.

        After a 401 another token is tried, where there is one: the run's, if it is another by now, or that of a new
        login, unless the one that got the 401 was issued just now.
        """
        self._begin()
        content: dict[str, t.Any] = {} if payload is None else {"json": payload}
        if argument is not None:
            content["argument"] = argument
        token = self._access_token() if self._method == "oauth2" else self._options.get("access_token", "")
        answer = self._authorized(endpoint, content, token)
        if answer.status == 401 and self._method == "oauth2":
            another = token if token == self._fresh_token else self._access_token(not_accepted=token)
            if another != token:
                answer = self._authorized(endpoint, content, another)
            if answer.status == 401 and another == self._fresh_token:
                self._remember_that_logging_in_does_not_help()
        self._note_time(answer)
        return self._understood(endpoint, answer)

    def probe(self) -> None:
        """Prove that a session could be asked for, as far as that can be done without asking for one: TLS, and the
        login."""
        self._begin()
        if self._method != "oauth2" or self._access_token() != self._fresh_token:
            self._attempt(PROBE, "/", _transport.NO_AUTHORIZATION)

    @property
    def sent_at(self) -> datetime:
        """When the last request was begun, in UTC, by the clock as it is now: somebody may have set it meanwhile."""
        return datetime.fromtimestamp(time.time() - self._exchange.seconds_since_begin(), timezone.utc)

    def _begin(self) -> None:
        self._exchange = Exchange(self._options["timeout"])
        self._fresh_token = None

    def _note_time(self, answer: Answer) -> None:
        """Its ``Date`` is the server's clock when it answered, to the second: RFC 9110, section 6.6.1."""
        date, seconds = _http_date(answer.headers.get("Date", "")), timedelta(seconds=answer.seconds)
        self.answered_at = self.sent_at + seconds if date is None else datetime.fromtimestamp(date, timezone.utc)
        self.asked_at = self.answered_at - seconds

    def _authorized(self, endpoint: Endpoint, content: Mapping[str, t.Any], token: str) -> Answer:
        if self._method == "oauth1":
            authorization = _transport.oauth1_authorization(self._options)
        else:
            authorization = _transport.bearer_authorization(token)
        return self._find_path(endpoint, authorization, **content)

    # -- paths ---------------------------------------------------------------------------------------------------------

    def _paths(self, endpoint: Endpoint) -> list[str]:
        prefix = self._options["api_prefix"]
        wanted = (path for name, paths in endpoint.paths.items() if prefix in ("auto", name) for path in paths)
        return list(dict.fromkeys(wanted))

    def _find_path(self, endpoint: Endpoint, authorization: t.Any, **content: t.Any) -> Answer:
        """Send to the first path that is there. Only one task of a run looks for it; the others wait, then know."""
        paths = self._paths(endpoint)
        if len(paths) == 1:
            return self._attempt(endpoint, paths[0], authorization, **content)
        key = _key("path", self._url, paths)
        known = self._memory.read(key).get("path")
        if known not in paths:
            with self._memory.locked(key, self._exchange.remaining_or_zero() / 2):
                known = self._memory.read(key).get("path")
                if known not in paths:
                    return self._try_paths(endpoint, paths, key, authorization, **content)
        answer = self._attempt(endpoint, known, authorization, **content)
        if not _is_no_path(endpoint, answer):
            return answer
        self._memory.write(key, {})  # it was there before, and nothing has handled the request
        return self._try_paths(endpoint, [path for path in paths if path != known], key, authorization, **content)

    def _try_paths(
        self, endpoint: Endpoint, paths: list[str], key: str, authorization: t.Any, **content: t.Any
    ) -> Answer:
        for path in paths:
            answer = self._attempt(endpoint, path, authorization, **content)
            if not _is_no_path(endpoint, answer):
                self._memory.write(key, {"path": path})
                break
        return answer

    # -- the token -----------------------------------------------------------------------------------------------------

    def _token_key(self) -> str:
        return _key("token", *(self._options.get(name) for name in _IDENTITY))

    def _access_token(self, not_accepted: str | None = None) -> str:
        """The token of the run, or a new one that becomes it. That which got a 401 only if a new one would as well."""
        key = self._token_key()
        token = self._known_token(key, not_accepted)
        if token is None:
            with self._tokens.locked(key, self._exchange.remaining_or_zero() / 2):
                token = self._known_token(key, not_accepted) or self._log_in(key)
        if token not in self._secrets:
            self._secrets.append(token)
        return token

    def _known_token(self, key: str, not_accepted: str | None) -> str | None:
        """Raises the refusal of a login that another task tried a moment ago."""
        known = self._tokens.read(key)
        refusal = self._known_refusal(known)
        if refusal:
            raise refusal
        token = _usable_token(known)
        return None if token == not_accepted and not _is_recent(known.get("new_not_accepted")) else token

    def _known_refusal(self, known: Mapping[str, t.Any]) -> Refused | None:
        refused, message, status = known.get("refused"), known.get("msg"), _number(known.get("http_status"))
        if not _is_recent(refused) or not isinstance(message, str) or status is None:
            return None
        seconds = max(round(time.time() - refused), 0)
        note = (
            f"That was the answer {seconds} second{'' if seconds == 1 else 's'} ago; to spare the application failed "
            f"logins, this run does not ask again within {REFUSAL_HOLDS} seconds"
        )
        return Refused(sentences(self._clean(message, limit=3000), note), status, _number(known.get("error_code")))

    def _remember_that_logging_in_does_not_help(self) -> None:
        """A token got a 401 that was issued just now."""
        key = self._token_key()
        with self._tokens.locked(key, self._exchange.remaining_or_zero() / 2):
            self._tokens.write(key, {**self._tokens.read(key), "new_not_accepted": time.time()})

    def _log_in(self, key: str) -> str:
        """RFC 6749, section 4.4, with the client's credentials in the body, as all known clients of this API send
        them."""
        form = {"grant_type": "client_credentials"}
        form.update(
            {name: self._options[name] for name in ("client_id", "client_secret", "tenant") if self._options.get(name)}
        )
        asked = time.time()
        answer = self._find_path(TOKEN, _transport.NO_AUTHORIZATION, data=form)
        try:
            envelope = self._understood(TOKEN, answer)
        except Refused as exc:
            if exc.http_status in LOGIN_REFUSED:
                self._tokens.write(key, {"refused": time.time(), **exc.result()})
            raise
        token, kind = envelope.get("access_token"), envelope.get("token_type", "Bearer")
        if not _is_token(token):
            raise self.unclear(TOKEN, "PAM Core answered a success, but without a usable access token")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise self.unclear(TOKEN, "PAM Core issued a token of another type than Bearer")
        self._fresh_token = token
        self._tokens.write(
            key, {"access_token": token, "from": asked, "to": asked + _lifetime(envelope.get("expires_in"))}
        )
        return token

    # -- one request ---------------------------------------------------------------------------------------------------

    def _attempt(
        self, endpoint: Endpoint, path: str, authorization: t.Any, argument: str | None = None, **content: t.Any
    ) -> Answer:
        """Send until there is an answer. Again only what cannot have been handled: what was not sent, and what was
        answered with 429 or 503 and a time to wait."""
        url = self._url + path + ("" if argument is None else f"/{quote(argument, safe='')}")
        for tries_left in range(self._options["retries"], -1, -1):
            pause = 0.5 * (self._options["retries"] - tries_left + 1)
            try:
                answer = self._transport.send(
                    endpoint.method, url, self._exchange, authorization, endpoint.max_body, **content
                )
            except NotSent as exc:
                if tries_left and exc.passing and self._exchange.pause(pause):
                    continue
                raise NotSent(self._clean(f"{endpoint.title} failed: {exc}")) from exc
            except Unclear as exc:
                raise self.unclear(endpoint, self._clean(str(exc)), http_status=exc.http_status) from exc
            wait = _retry_after(answer)
            if tries_left == 0 or wait is None or not self._exchange.pause(wait):
                break
        return answer

    def unclear(
        self,
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

    # -- what came back ------------------------------------------------------------------------------------------------

    def _understood(self, endpoint: Endpoint, answer: Answer) -> dict[str, t.Any]:
        """The answer's envelope, if it is a success: both generations' envelopes, OAuth 2.0's and the gateway's."""
        status = answer.status
        envelope = _json_object(answer.body)
        if envelope is None or 300 <= status < 400:
            raise self._not_understood(endpoint, answer)
        if _is_failure(status, envelope):
            raise self._refused(endpoint, status, envelope)
        return envelope

    def _refused(self, endpoint: Endpoint, status: int, envelope: Mapping[str, t.Any]) -> Refused | Unclear:
        code = _error_code(envelope)
        issued = (*_part(envelope, "session").values(), envelope.get("access_token"))
        said = self._clean(_message(envelope), issued)
        answered = f"PAM Core answered {json.dumps(said, ensure_ascii=False)}" if said else "PAM Core gave no reason"
        why = f"{answered} (HTTP {status}{f', code {code}' if code not in (None, status) else ''})"
        tried = f"Tried: {', '.join(self._paths(endpoint))}" if _says_no_path(status, said) else None
        advice = hint(said, status, endpoint.needs, endpoint.hints_by_status)
        if _part(envelope, "session") or _may_be_done(status, code, said):
            return self.unclear(endpoint, why, advice, http_status=status, error_code=code)
        return Refused(sentences(f"{endpoint.title} failed: {why}", tried, advice), status, code)

    def _not_understood(self, endpoint: Endpoint, answer: Answer) -> Refused | Unclear:
        """For an answer of which only the status is of use: a page of a proxy, something cut off, a redirect."""
        status = answer.status
        header = answer.headers.get("Content-Type", "")  # of bytes that were read as Latin-1
        said = self._clean(header.encode("latin-1", "replace").decode("utf-8", "replace"))
        media_type = re.sub(r"[^\w/+.*-]", "", said.split(";")[0])[:60]
        what = f"content type {media_type}" if media_type else "no content type"
        why = f"what answered (HTTP {status}, {what}) does not speak as PAM Core's API does"
        if 300 <= status < 400:
            why = f"the answer is a redirect (HTTP {status}), which is not followed"
        # A 400 that is not PAM Core's says nothing about what is registered there.
        advice = (status != 400 and endpoint.hints_by_status.get(status)) or "Check that url points at PAM Core itself"
        if 200 <= status < 300 or _may_be_done(status):
            return self.unclear(endpoint, why, advice, http_status=status)
        return Refused(sentences(f"{endpoint.title} failed: {why}", advice), status)

    def _clean(self, text: str, more_secrets: Iterable[t.Any] = (), limit: int = 1000) -> str:
        """A server's words as part of a message: one line, short, harmless on a terminal, and without our secrets."""
        # Imported here, since it takes 3 ms that only those need to spend to whom PAM Core says something.
        from ._redaction import redacted

        return redacted(text, (*self._secrets, *more_secrets), limit)


def connect(options: Mapping[str, t.Any], memory: RunMemory | None = None) -> Client:
    """A client for *options*, which have no problems any more, with one deadline that begins now.

    Raises :class:`NotSent` where a library or a file is missing.
    """
    _transport.require_libraries(chosen_auth_method(options))
    return Client(options, memory or OwnMemory())


# Everything that decides who we are. Another secret is another identity: its login may fail where the old one's did
# not.
_IDENTITY = ("url", "api_prefix", "tenant", "client_id", "client_secret")


def _key(*parts: t.Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _plain(value: t.Any) -> t.Any:
    """Without the subclass of str, int … by which Ansible keeps track of a value: requests refuses such headers."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool) or value is None:
        return value
    return int(value) if isinstance(value, int) else float(value)


_TOKEN = re.compile(r"[\x21-\x7e]+")


def _is_token(value: t.Any) -> t.TypeGuard[str]:
    """Whether it can stand in a header."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _usable_token(known: Mapping[str, t.Any]) -> str | None:
    """The token, unless it is of another shape, is about to end, or the clock went back to before it was issued."""
    token, start, end = known.get("access_token"), known.get("from"), known.get("to")
    if not _is_token(token) or not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
        return None
    return token if start - 5 <= time.time() < end - TOKEN_MARGIN else None


def _is_recent(then: t.Any) -> t.TypeGuard[float]:
    """Whether what happened then, in seconds of the wall clock, still holds for others."""
    return isinstance(then, (int, float)) and then - 5 <= time.time() < then + REFUSAL_HOLDS


def _lifetime(expires_in: t.Any) -> float:
    """Seconds. Without a usable ``expires_in`` a token is used once: RFC 6749 only recommends to send it."""
    try:
        seconds = float(expires_in) if not isinstance(expires_in, bool) else 0.0
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), MAX_LIFETIME)


def _retry_after(answer: Answer) -> float | None:
    """Seconds until a refused request may be sent again, if the server says so: RFC 9110, section 10.2.3."""
    value = answer.headers.get("Retry-After", "").strip()
    if answer.status not in RETRY_WHEN_TOLD or not value:
        return None
    if re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
        return float(value)
    # By the server's own clock if it shows it, since ours may be another.
    then, now = _http_date(value), _http_date(answer.headers.get("Date", ""))
    return None if then is None else max(then - (time.time() if now is None else now), 0.0)


def _http_date(value: str) -> float | None:
    """Seconds since 1970: RFC 9110, section 5.6.7."""
    try:
        date = email.utils.parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _json_object(body: bytes) -> dict[str, t.Any] | None:
    try:
        value = json.loads(body.removeprefix(codecs.BOM_UTF8).decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _part(envelope: Mapping[str, t.Any], name: str) -> Mapping[str, t.Any]:
    part = envelope.get(name)
    return part if isinstance(part, dict) else {}


def _is_true(value: t.Any) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.lower() == "true")


def _number(value: t.Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) else None


def _is_failure(status: int, envelope: Mapping[str, t.Any]) -> bool:
    response = _part(envelope, "response")
    error = envelope.get("error")
    return (
        status >= 400
        or any(_is_true(response.get(name)) for name in ("error", "erro"))
        or (_number(response.get("status")) or 0) >= 400
        or (isinstance(error, str) and error != "")
        or _is_true(error)
        or ("response" not in envelope and isinstance(envelope.get("message"), str) and envelope["message"] != "")
        or isinstance(envelope.get("exception"), dict)
    )


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


def _raw_message(envelope: Mapping[str, t.Any]) -> str:
    for part, name in _MESSAGES:
        text = (_part(envelope, part) if part else envelope).get(name)
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
        lambda: _part(envelope, "exception").get("code"),
        lambda: numbered[1] if numbered else None,
        lambda: _part(envelope, "response").get("error_code"),
        lambda: envelope.get("error_code"),
    )
    return next((code for code in (_number(candidate()) for candidate in candidates) if code and code > 1), None)


def _may_be_done(status: int, code: int | None = None, said: str = "") -> bool:
    """Whether a failure leaves open if PAM Core did what was asked for: where something broke, or a gateway gave up
    waiting. A number of PAM Core's own for the error, or a documented refusal, does not."""
    if status in NOT_HANDLED or 1000 <= (code or 0) <= 9999:
        return False
    nothing_done = says_that_nothing_was_done(said)
    # By its definition, 303 comes after the request was handled.
    return (status in (303, 408) or status >= 500) if nothing_done is None else not nothing_done


def _is_no_path(endpoint: Endpoint, answer: Answer) -> bool:
    """Whether to go on to the next path. Where a session could be created or ended, only an answer counts which proves
    that nothing handled the request; for a login or a list any 404 will do."""
    if not (endpoint.creates_session or endpoint.ends_session):
        return answer.status == 404
    envelope = _json_object(answer.body)
    return envelope is not None and _says_no_path(answer.status, _message(envelope))


def _says_no_path(status: int, message: str) -> bool:
    return status == 404 and bool(re.search(r"^(resource\b.*\bnot found|no route matched)", message, re.IGNORECASE))
