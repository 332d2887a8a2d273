# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in with OAuth 2.0: one token for all tasks of a run, and no second try for a refused login."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Iterable, Mapping

from .._errors import NotSent, Refused, SenhaseguraError, join_sentences
from .._http.deadline import Deadline
from .._http.transport import Response
from .._options.connection import is_token
from .endpoint import UNAUTHORIZED, Endpoint, Request, outcome_unknown
from .envelope import integer, is_success, json_object, section
from .memory import REFUSAL_HOLDS, Memory, is_recent, issued_token, key_of, usable_token
from .redaction import Redactor, redacted
from .refusals import require_success
from .sender import Sender

LOGIN_ENDED = (
    "Logging in with OAuth 2.0 failed: another task of this run was interrupted during its login, before PAM Core "
    "responded. This task did not log in. If the task keyword timeout interrupted the login, set the keyword to more "
    "seconds than the option timeout."
)

ANOTHER_LOGIN = (
    "Logging in with OAuth 2.0 failed: another task of this run did not finish its login within the time that the "
    "option timeout allows. This task did not log in, because repeated failed logins may lock the application. Check "
    "that PAM Core responds, or increase timeout."
)

# vendor docs v3-32 'a2a-how-to-authenticate-an-application', v3-33 'api-a2a-first-steps'
TOKEN = Endpoint(
    "Logging in with OAuth 2.0",
    "POST",
    {"iso": ("/iso/oauth2/token",), "api": ("/api/oauth2/token",)},
    has_effect=False,  # another token does no harm
    # RFC 6749, section 5.2: the status of a refused login is 400.
    advice_by_status={400: UNAUTHORIZED},
)

LOGIN_REFUSED = (400, 401, 403)
"""Statuses that mean that the login was refused, not that it should be retried later or elsewhere."""

IDENTITY = (
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
"""The options that identify a login: they decide who logs in, and to which server. A task with a
wrong secret must not use the token, or the refusal, of a task with the right one. The client certificate and the proxy
are included because PAM Core may check the certificate and the IP address. ``validate_certs`` and ``ca_path`` are
included because an unverified server may not be PAM Core."""


class Token(t.NamedTuple):
    value: str
    is_new: bool
    """Whether this call of :meth:`Login.token` logged in for it."""


class Login:
    """The login of one application, shared by the tasks of a run."""

    def __init__(self, options: Mapping[str, t.Any], sender: Sender, memory: Memory, redactor: Redactor) -> None:
        self._options = options
        self._sender = sender
        self._memory = memory
        self._redactor = redactor
        self._key = key_of("token", *(options.get(name) for name in IDENTITY))

    def token(self, deadline: Deadline, rejected: str | None = None) -> Token:
        """Return the run's token, or log in and share the new token with the run.

        *rejected* is a token that got a 401. It is returned again only if PAM Core recently rejected a newly issued
        token too, because then another login does not help.
        """
        token = self._known(rejected)
        if token is None:
            with self._memory.locked(self._key, deadline.remaining_or_zero()) as is_free:
                token = self._known(rejected, is_locked=is_free is True)
                if token is None and is_free is False:
                    raise NotSent(ANOTHER_LOGIN)
                token = token or self._log_in(deadline)
        self._redactor.add(token.value)
        return token

    def remember_rejection(self, deadline: Deadline) -> None:
        """Another login does not help: a token that had just been issued got a 401."""
        with self._memory.locked(self._key, deadline.remaining_or_zero() / 2) as is_free:
            if is_free is not False:  # otherwise another login is under way, whose outcome is newer
                self._memory.write(self._key, {**self._memory.read(self._key), "new_not_accepted": time.time()})

    def _known(self, rejected: str | None, is_locked: bool = False) -> Token | None:
        """Return the run's token if it is usable. Raises the refusal of another task's recent login.

        If an entry says that a login is under way, and we hold its lock, the task that began the login was terminated.
        Then the login counts as refused.
        """
        known = self._memory.read(self._key)
        if is_recent(known.get("refused")) and (is_locked or not known.get("under_way")):
            refusal = _known_refusal(known, self._redactor.secrets)
            if refusal:
                raise refusal
        token = usable_token(known)
        if token is None or (token == rejected and not is_recent(known.get("new_not_accepted"))):
            return None
        return Token(token, is_new=False)

    def _log_in(self, deadline: Deadline) -> Token:
        """RFC 6749, section 4.4. The client ID and secret are in the body, as all known clients of this API send
        them."""
        names = ("client_id", "client_secret", "tenant")
        form = {name: self._options[name] for name in names if self._options.get(name)}
        request = Request(TOKEN, form={"grant_type": "client_credentials", **form})
        response: Response | None = None
        asked, before = time.time(), self._memory.read(self._key)
        # This entry stays if the process is terminated meanwhile, for example by the keyword timeout: PAM Core may have
        # refused the login, and would count each further one.
        entry = {"refused": asked, "no_response": True, "under_way": True, "msg": LOGIN_ENDED}
        self._memory.write(self._key, entry)
        try:
            response = self._sender.send(request, deadline)
            envelope = require_success(TOKEN, response, self._sender.paths(TOKEN), self._redactor.secrets)
            token = _bearer_token(envelope)
        except SenhaseguraError as exc:
            in_time = deadline.remaining_or_zero() > 0
            self._memory.write(self._key, _refusal_to_remember(exc, response, in_time) or before)
            raise
        self._memory.write(self._key, issued_token(token, asked, envelope.get("expires_in")))
        return Token(token, is_new=True)


def _bearer_token(envelope: Mapping[str, t.Any]) -> str:
    """The token of a successful login. Raises :class:`OutcomeUnknown` if it is missing or cannot be used."""
    token, kind = envelope.get("access_token"), envelope.get("token_type", "Bearer")
    if not is_token(token):
        raise outcome_unknown(TOKEN, "PAM Core reported success, but the response lacks a usable access token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise outcome_unknown(TOKEN, "PAM Core issued a token of an unsupported type")
    return token


def _refusal_to_remember(exc: SenhaseguraError, response: Response | None, in_time: bool) -> dict[str, t.Any] | None:
    """What the run remembers of a failed login; ``None`` if other tasks may log in.

    If PAM Core did not respond in time, it may have refused the login, and would count each further one. If the HTTP
    status is a success and the envelope is an error, the envelope's status counts. If it has none, it counts as 400.
    """
    result = exc.result()
    status = result["http_status"]
    envelope = json_object(response.body) if response and response.status < 300 else None
    if envelope is not None and not is_success(200, envelope):
        status = max(integer(section(envelope, "response").get("status")) or 0, 400)
    if isinstance(exc, NotSent) or (in_time and status not in LOGIN_REFUSED):
        return None
    return {"refused": time.time(), "no_response": not in_time, **result}


def _known_refusal(known: Mapping[str, t.Any], secrets: Iterable[str]) -> Refused | NotSent | None:
    """The exception for a login of another task that was recently refused, or got no response.

    ``None`` if the entry is damaged.
    """
    message, status = known.get("msg"), integer(known.get("http_status"))
    if not isinstance(message, str) or (status is None and known.get("no_response") is not True):
        return None
    seconds = max(round(time.time() - known["refused"]), 0)
    note = (
        f"The login failed {seconds} second{'' if seconds == 1 else 's'} ago. To avoid repeated failed logins, this "
        f"run does not log in again within {REFUSAL_HOLDS} seconds"
    )
    text = join_sentences(redacted(message, secrets, limit=3000), note)
    return NotSent(text) if status is None else Refused(text, status, integer(known.get("error_code")))
