# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of PAM Core's A2A API."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote, urlsplit

from .._errors import NotSent, Refused, SenhaseguraError, join_sentences
from .._http import auth
from .._http.deadline import Deadline
from .._http.libraries import require_libraries
from .._http.transport import Response
from .._options.connection import CONNECTION, SECRETS, chosen_auth_method
from .endpoint import Endpoint, Request, outcome_unknown
from .envelope import http_date
from .login import Login
from .memory import Memory, OwnMemory
from .redaction import Redactor
from .refusals import require_success
from .sender import Sender

PROBE = Endpoint("Reaching PAM Core", "HEAD", {"iso": ("/",), "api": ("/",)})


class Reply(t.NamedTuple):
    """What a call returned. Times are in UTC."""

    endpoint: Endpoint
    data: Mapping[str, t.Any]
    """The envelope of a success."""
    is_absent: bool
    """Whether PAM Core responded that it has no such record: see :attr:`Endpoint.absent`."""
    sent_at: datetime
    """When the request was sent, by this machine's wall clock."""
    requested_at: datetime
    """When the request was sent, by PAM Core's clock if the response has its time."""
    responded_at: datetime
    """When PAM Core responded, by the same clock."""
    deadline: Deadline

    def require_time(self) -> None:
        """Raise :class:`OutcomeUnknown` if the time of the call is over. For reading long responses."""
        if not self.deadline.remaining_or_zero():
            why = "the response is so long that reading it took longer than the option timeout allows"
            raise outcome_unknown(self.endpoint, why)


class Client:
    """Sends requests to one PAM Core as one application. Created by :func:`connect`.

    The option ``timeout`` covers everything that one call takes, including the login.
    """

    def __init__(self, options: Mapping[str, t.Any], memory: Memory, check_mode: bool) -> None:
        self._options = {name: options[name] for name in CONNECTION if name in options}
        self._method = chosen_auth_method(self._options)
        proxy_password = urlsplit(self._options.get("proxy") or "").password or ""
        secrets = [self._options.get(name) for name in SECRETS]
        self._redactor = Redactor([*secrets, proxy_password, unquote(proxy_password)])
        self._sender = Sender(self._options, memory, self._redactor)
        tokens = memory if self._options.get("token_cache", True) else OwnMemory()
        self._login = Login(self._options, self._sender, tokens, self._redactor)
        self._check_mode = check_mode
        self._is_verified = False

    def call(self, endpoint: Endpoint, json: Mapping[str, t.Any] | None = None, argument: str | None = None) -> Reply:
        """Send *json*. Return the reply if PAM Core reports success. *argument* is added to the path.

        Raises the errors of :mod:`._errors`, and :class:`NotSent` in check mode if the request may change something.
        """
        if self._check_mode and endpoint.may_change:
            raise NotSent(join_sentences(f"{endpoint.title} failed: check mode must not change anything"))
        deadline = Deadline(self._options["timeout"])
        response = self._send(Request(endpoint, json, argument=argument), deadline)
        data: Mapping[str, t.Any] = {}
        is_absent = False
        try:
            data = require_success(endpoint, response, self._sender.paths(endpoint), self._redactor.secrets)
        except Refused as exc:
            is_absent = exc.error_code is not None and exc.error_code == endpoint.absent
            if not is_absent:
                raise
        requested_at, responded_at = _server_times(response)
        return Reply(endpoint, data, is_absent, response.sent_at, requested_at, responded_at, deadline)

    def probe(self) -> None:
        """Verify what can be verified without a request that has an effect: TLS, and the login. Once for each client,
        since a lookup may have many terms."""
        if self._is_verified:
            return
        deadline = Deadline(self._options["timeout"])
        if self._method != "oauth2" or not self._login.token(deadline).is_new:
            self._sender.send(Request(PROBE), deadline)
        self._is_verified = True

    def clean(self, text: str, limit: int = 1000) -> str:
        """Text of a server as part of a message: one line, secrets redacted."""
        return self._redactor.text(text, limit)

    def presentable(self, value: t.Any) -> t.Any:
        """Redact secrets and control characters in a result that is not hidden."""
        return self._redactor.value(value)

    @contextmanager
    def presentable_errors(self) -> Iterator[None]:
        """Redact secrets in the message and the outcome of any error of ours that is raised within."""
        try:
            yield
        except SenhaseguraError as exc:
            exc.args = (self.presentable(str(exc)),)
            exc.outcome = self.presentable(exc.outcome)
            raise

    def _send(self, request: Request, deadline: Deadline) -> Response:
        """After a 401, retry once with a different token: the run's current one if another task has renewed it,
        otherwise that of a new login. A token issued in this call is not replaced."""
        if self._method == "oauth1":
            return self._sender.send(request, deadline, auth.oauth1(self._options))
        if self._method == "access_token":
            return self._sender.send(request, deadline, auth.bearer(self._options["access_token"]))
        token = self._login.token(deadline)
        response = self._sender.send(request, deadline, auth.bearer(token.value))
        if response.status == 401:
            other = token if token.is_new else self._login.token(deadline, rejected=token.value)
            if other.value != token.value:
                response = self._sender.send(request, deadline, auth.bearer(other.value))
            if response.status == 401 and other.is_new:
                self._login.remember_rejection(deadline)
        return response


def connect(options: Mapping[str, t.Any], memory: Memory | None = None, check_mode: bool = False) -> Client:
    """Return a client for validated *options*. Raises :class:`NotSent` if a library or a file is missing."""
    require_libraries(chosen_auth_method(options))
    return Client(options, memory or OwnMemory(), check_mode)


def _server_times(response: Response) -> tuple[datetime, datetime]:
    """When the request was sent and when the server responded, by its ``Date``, which is precise to the second: RFC
    9110, section 6.6.1."""
    date, seconds = http_date(response.headers.get("Date", "")), timedelta(seconds=response.seconds)
    responded_at = response.sent_at + seconds if date is None else datetime.fromtimestamp(date, timezone.utc)
    return responded_at - seconds, responded_at
