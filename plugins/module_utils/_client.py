# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of PAM Core's A2A API: logging in, finding the path, and trying again."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote, urlsplit

from . import _transport
from ._answers import Endpoint, http_date, is_success, json_object, retry_after, unclear
from ._errors import NotSent, Refused, Unclear
from ._memory import OwnMemory, RunMemory, is_recent, is_token, issued_token, key_of, usable_token
from ._options import CONNECTION, SECRETS, chosen_auth_method
from ._transport import Answer, Exchange

LOGIN_REFUSED = (400, 401, 403)
"""The statuses by which a login is refused for good, and not put off or sent to where nothing is."""

WAIT_FOR_PATH = 3.0
"""Seconds for which a task waits at most until another one has found a path. To look oneself costs a 404 or two."""

# vendor docs v3-32 'a2a-how-to-authenticate-an-application', v3-33 'api-a2a-first-steps'
TOKEN = Endpoint(
    "Logging in with OAuth 2.0",
    "POST",
    {"iso": ("/iso/oauth2/token",), "api": ("/api/oauth2/token",)},
    logs_in=True,
)

PROBE = Endpoint("Reaching PAM Core", "HEAD", {})


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
        """Send to the first path that is there. Only one task of a run looks for it; the others wait for that, but not
        long: it may be that it takes PAM Core a while to do what was asked for on it."""
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
        return key_of("token", *(self._options.get(name) for name in _IDENTITY))

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
        if is_recent(known.get("refused")):
            from ._failures import known_refusal

            refusal = known_refusal(known, self._secrets)
            if refusal:
                raise refusal
        token = usable_token(known)
        return None if token == not_accepted and not is_recent(known.get("new_not_accepted")) else token

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
        if not is_token(token):
            raise unclear(TOKEN, "PAM Core answered a success, but without a usable access token")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise unclear(TOKEN, "PAM Core issued a token of another type than Bearer")
        self._fresh_token = token
        self._tokens.write(key, issued_token(token, asked, envelope.get("expires_in")))
        return token

    # -- one request ---------------------------------------------------------------------------------------------------

    def _attempt(
        self, endpoint: Endpoint, path: str, authorization: t.Any, argument: str | None = None, **content: t.Any
    ) -> Answer:
        """Send until there is an answer. Again only what cannot have been handled: what was not sent, and what was
        answered with 429 or 503 and a time to wait."""
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
                    raise NotSent(self._clean(f"{endpoint.title} failed: {exc}")) from exc
            except Unclear as exc:
                raise unclear(endpoint, self._clean(str(exc)), http_status=exc.http_status) from exc
            else:
                wait = retry_after(answer)
                if not may_try_again or wait is None or not self._exchange.pause(wait):
                    return answer

    # -- what came back ------------------------------------------------------------------------------------------------

    def _understood(self, endpoint: Endpoint, answer: Answer) -> dict[str, t.Any]:
        """The answer's envelope, if it is a success."""
        envelope = json_object(answer.body)
        if envelope is not None and is_success(answer.status, envelope):
            return envelope
        # Imported here, and so elsewhere, since it takes 4 ms that only those need to spend who meet a failure.
        from ._failures import failure

        raise failure(endpoint, answer, envelope, self._paths(endpoint), self._secrets)

    def _clean(self, text: str) -> str:
        """A message that may hold words of others, without our secrets."""
        from ._redaction import redacted

        return redacted(text, self._secrets)


def connect(options: Mapping[str, t.Any], memory: RunMemory | None = None) -> Client:
    """A client for *options*, which have no problems any more, with one deadline that begins now.

    Raises :class:`NotSent` where a library or a file is missing.
    """
    _transport.require_libraries(chosen_auth_method(options))
    return Client(options, memory or OwnMemory())


# Everything that decides who we are to whom. Another secret is another identity: its login may fail where the old one's
# did not. PAM Core may look at a client certificate and at the address that asks, and what answers somebody who
# verifies nothing may be no PAM Core.
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
    """Without the subclass of str, int … by which Ansible keeps track of a value: requests refuses such headers."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool) or value is None:
        return value
    return int(value) if isinstance(value, int) else float(value)


def _is_no_path(endpoint: Endpoint, answer: Answer) -> bool:
    """Whether to go on to the next path. Where a session could be created or ended, only an answer counts which proves
    that nothing handled the request; for a login or a list any 404 will do."""
    if answer.status != 404:
        return False
    if not (endpoint.creates_session or endpoint.ends_session):
        return True
    from ._failures import says_no_path

    return says_no_path(answer.body)
