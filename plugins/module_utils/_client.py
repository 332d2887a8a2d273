# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of PAM Core's A2A API: logging in, finding the path, and trying again."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote, urlsplit

from . import _transport
from ._answers import UNAUTHORIZED, Endpoint, http_date, is_success, is_too_large, json_object, retry_after, unclear
from ._errors import NotSent, SenhaseguraError, Unclear, sentences
from ._memory import OwnMemory, RunMemory, is_recent, is_token, issued_token, key_of, usable_token
from ._options import CONNECTION, SECRETS, chosen_auth_method
from ._transport import Answer, Exchange

LOGIN_ENDED = (
    "Logging in with OAuth 2.0 failed: a task of this run was ended while it logged in, before PAM Core answered. If "
    "the keyword timeout of that task did it, give the keyword more seconds than the option timeout."
)

ANOTHER_LOGIN = (
    "Logging in with OAuth 2.0 failed: another task of this run has been logging in for the whole time that the option "
    "timeout allows. This task did not log in as well, since each wrong login counts against the application."
)

WAIT_FOR_PATH = 3.0
"""Seconds that a task waits for another one to find the path. Then it looks for itself, which costs one or two 404s."""

# vendor docs v3-32 'a2a-how-to-authenticate-an-application', v3-33 'api-a2a-first-steps'
TOKEN = Endpoint(
    "Logging in with OAuth 2.0",
    "POST",
    {"iso": ("/iso/oauth2/token",), "api": ("/api/oauth2/token",)},
    repeatable=True,
    # RFC 6749, section 5.2: the status of a refused login is 400.
    advice_by_status={400: UNAUTHORIZED},
)

PROBE = Endpoint("Reaching PAM Core", "HEAD", {})


class Client:
    """Sends requests to one PAM Core as one application. Created by :func:`connect`.

    The option ``timeout`` covers everything that one call takes, including the login.
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
        """Send *payload* as JSON and return the envelope of a successful response.

        *argument* is added to the path. After a 401, retry once with a different token: the run's current one if
        another task has renewed it, otherwise that of a new login. A token issued in this call is not replaced.
        Raises the errors of :mod:`_errors`.
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
        """Verify what can be verified without a request that has an effect: TLS, and the login."""
        self._begin()
        if self._method != "oauth2" or self._access_token() != self._fresh_token:
            self._attempt(PROBE, "/", _transport.NO_AUTHORIZATION)

    def require_time(self, endpoint: Endpoint) -> None:
        """Raise :class:`Unclear` if the time of the last call is over. For reading long responses."""
        if not self._exchange.remaining_or_zero():
            raise unclear(
                endpoint, "the answer is so long that reading it took more time than the option timeout allows"
            )

    def clean(self, text: str, limit: int = 1000) -> str:
        """Text of a server as part of a message: one line, secrets redacted."""
        from ._redaction import redacted

        return redacted(text, self._secrets, limit)

    def presentable(self, value: t.Any) -> t.Any:
        """Redact secrets and control characters in a result that is not hidden."""
        from ._redaction import without_secrets

        return without_secrets(value, self._secrets)

    @contextmanager
    def presentable_errors(self) -> Iterator[None]:
        """Redact secrets in the message and the outcome of any error of ours that is raised within."""
        try:
            yield
        except SenhaseguraError as exc:
            exc.args = (self.presentable(str(exc)),)
            exc.outcome = self.presentable(exc.outcome)
            raise

    @property
    def sent_at(self) -> datetime:
        """When the last request was sent, in UTC, by the current wall clock, which may have been changed since."""
        return datetime.fromtimestamp(time.time() - self._exchange.seconds_since_begin(), timezone.utc)

    def _begin(self) -> None:
        self._exchange = Exchange(self._options["timeout"])
        self._fresh_token = None

    def _note_time(self, answer: Answer) -> None:
        """Its ``Date`` is the server's time of the response, to the second: RFC 9110, section 6.6.1."""
        date, seconds = http_date(answer.headers.get("Date", "")), timedelta(seconds=answer.seconds)
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
        """Send to the first path that exists. Only one task of a run looks for it; the others wait briefly, because the
        request that finds it is a real one and may be slow."""
        paths = self._paths(endpoint)
        if len(paths) == 1:
            return self._attempt(endpoint, paths[0], authorization, **content)
        key = key_of("path", self._url, paths)
        known = self._memory.read(key).get("path")
        if known not in paths:
            with self._memory.locked(key, min(WAIT_FOR_PATH, self._exchange.remaining_or_zero() / 2)):
                known = self._memory.read(key).get("path")
                if known not in paths:
                    return self._try_paths(endpoint, paths, key, authorization, **content)
        answer = self._attempt(endpoint, known, authorization, **content)
        if not _is_no_path(endpoint, answer):
            return answer
        self._memory.write(key, {})  # the path has disappeared, so nothing has handled the request
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
        return key_of("token", *(self._options.get(name) for name in _IDENTITY))

    def _access_token(self, not_accepted: str | None = None) -> str:
        """Return the run's token, or log in and share the new token with the run.

        *not_accepted*, which got a 401, is returned again only if a new one is known to get a 401 too.
        """
        key = self._token_key()
        token = self._known_token(key, not_accepted)
        if token is None:
            with self._tokens.locked(key, self._exchange.remaining_or_zero()) as is_free:
                token = self._known_token(key, not_accepted, is_locked=is_free is True)
                if token is None and is_free is False:
                    raise NotSent(ANOTHER_LOGIN)
                token = token or self._log_in(key)
        if token not in self._secrets:
            self._secrets.append(token)
        return token

    def _known_token(self, key: str, not_accepted: str | None, is_locked: bool = False) -> str | None:
        """Return the run's token if it is usable. Raises the refusal of another task's recent login.

        A login that is under way counts as refused only for the holder of its lock: then the task that began it was
        terminated.
        """
        known = self._tokens.read(key)
        if is_recent(known.get("refused")) and (is_locked or not known.get("under_way")):
            from ._failures import known_refusal

            refusal = known_refusal(known, self._secrets)
            if refusal:
                raise refusal
        token = usable_token(known)
        return None if token == not_accepted and not is_recent(known.get("new_not_accepted")) else token

    def _remember_that_logging_in_does_not_help(self) -> None:
        """A token that had just been issued got a 401."""
        key = self._token_key()
        with self._tokens.locked(key, self._exchange.remaining_or_zero() / 2) as is_free:
            if is_free is not False:  # otherwise another login is under way, whose outcome is newer
                self._tokens.write(key, {**self._tokens.read(key), "new_not_accepted": time.time()})

    def _log_in(self, key: str) -> str:
        """RFC 6749, section 4.4. The client ID and secret are in the body, as all known clients of this API send
        them."""
        form = {"grant_type": "client_credentials"}
        form.update(
            {name: self._options[name] for name in ("client_id", "client_secret", "tenant") if self._options.get(name)}
        )
        answer: Answer | None = None
        asked, before = time.time(), self._tokens.read(key)
        # This entry stays if the process is terminated meanwhile, for example by the keyword timeout: PAM Core may have
        # refused the login, and would count each further one.
        self._tokens.write(key, {"refused": asked, "unanswered": True, "under_way": True, "msg": LOGIN_ENDED})
        try:
            answer = self._find_path(TOKEN, _transport.NO_AUTHORIZATION, data=form)
            envelope = self._understood(TOKEN, answer)
            token = _bearer_token(envelope)
        except SenhaseguraError as exc:
            from ._failures import refusal_to_remember

            in_time = self._exchange.remaining_or_zero() > 0
            self._tokens.write(key, refusal_to_remember(exc, answer, in_time) or before)
            raise
        self._fresh_token = token
        self._tokens.write(key, issued_token(token, asked, envelope.get("expires_in")))
        return token

    # -- one request ---------------------------------------------------------------------------------------------------

    def _attempt(
        self, endpoint: Endpoint, path: str, authorization: t.Any, argument: str | None = None, **content: t.Any
    ) -> Answer:
        """Send until there is a response.

        Retry only a request that cannot have been handled: it was not sent, or it got 429 or 503 with ``Retry-After``.
        """
        url = self._url + path + ("" if argument is None else f"/{quote(argument, safe='')}")
        tries = 0
        while True:
            tries += 1
            may_try_again = tries <= self._options["retries"]
            try:
                answer = self._transport.send(
                    endpoint.method, url, self._exchange, authorization, endpoint.max_body, **content
                )
            except NotSent as exc:
                if not (may_try_again and exc.passing and self._exchange.pause(0.5 * tries)):
                    raise NotSent(sentences(f"{endpoint.title} failed: {self.clean(str(exc))}")) from exc
            except Unclear as exc:
                raise unclear(endpoint, self.clean(str(exc)), http_status=exc.http_status) from exc
            else:
                wait = retry_after(answer)
                if not may_try_again or wait is None or not self._exchange.pause(wait):
                    return answer

    # -- what came back ------------------------------------------------------------------------------------------------

    def _understood(self, endpoint: Endpoint, answer: Answer) -> dict[str, t.Any]:
        """Return the envelope of a successful response. Raises :class:`Refused` and :class:`Unclear`."""
        if is_too_large(answer.body):
            why = f"the answer (HTTP {answer.status}) has more records than can be read"
            raise unclear(endpoint, why, http_status=answer.status)
        envelope = json_object(answer.body)
        if envelope is not None and is_success(answer.status, envelope):
            return envelope
        # Imported here, as elsewhere, because it takes 4 ms and is needed only for a failure.
        from ._failures import failure

        raise failure(endpoint, answer, envelope, self._paths(endpoint), self._secrets)


def connect(options: Mapping[str, t.Any], memory: RunMemory | None = None) -> Client:
    """Return a client for validated *options*. Raises :class:`NotSent` if a library or a file is missing."""
    _transport.require_libraries(chosen_auth_method(options))
    return Client(options, memory or OwnMemory())


# The options that identify a login: they decide who logs in, and to which server. Another secret is another identity,
# because its login may fail. PAM Core may check the client certificate and the IP address. Without verification, the
# server may not be PAM Core.
_IDENTITY = (
    "url",
    "api_prefix",
    "tenant",
    "client_id",
    "client_secret",
    "validate_certs",
    "ca_path",
    "client_cert",
    "client_key",
    "proxy",
)


def _plain(value: t.Any) -> t.Any:
    """Strip Ansible's tagged subclasses of str and int: requests refuses them in headers."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool) or value is None:
        return value
    return int(value) if isinstance(value, int) else float(value)


def _bearer_token(envelope: Mapping[str, t.Any]) -> str:
    """The token of a successful login. Raises :class:`Unclear` if it is missing or cannot be used."""
    token, kind = envelope.get("access_token"), envelope.get("token_type", "Bearer")
    if not is_token(token):
        raise unclear(TOKEN, "PAM Core answered a success, but without a usable access token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise unclear(TOKEN, "PAM Core issued a token of another type than Bearer")
    return token


def _is_no_path(endpoint: Endpoint, answer: Answer) -> bool:
    """Whether to try the next path. A request that must not be repeated needs a 404 that proves that nothing has
    handled it."""
    if answer.status != 404:
        return False
    if endpoint.is_repeatable:
        return True
    from ._failures import says_no_path

    return says_no_path(answer.body)
