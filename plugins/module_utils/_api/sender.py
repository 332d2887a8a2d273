# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends requests to one PAM Core: to the path that exists, and again where that is safe."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from urllib.parse import quote

from .._errors import NotSent, OutcomeUnknown, join_sentences
from .._http.auth import Authorize, no_authorization
from .._http.deadline import Deadline
from .._http.transport import HTTPRequest, Response, transport
from .endpoint import Endpoint, Request, outcome_unknown
from .envelope import retry_after
from .memory import Memory, key_of
from .redaction import Redactor
from .refusals import is_path_missing

WAIT_FOR_PATH = 3.0
"""Seconds that a task waits for another one to find the path. Then it looks for itself, which costs one or two 404s."""


class Sender:
    """Sends requests. What it raises has the title of the endpoint, and no secrets."""

    def __init__(self, options: Mapping[str, t.Any], memory: Memory, redactor: Redactor) -> None:
        self._url = options["url"].rstrip("/")
        self._prefix = options["api_prefix"]
        self._retries = options["retries"]
        self._memory = memory
        self._redactor = redactor
        self._transport = transport(options)

    def paths(self, endpoint: Endpoint) -> list[str]:
        """The paths that may exist, in the order in which they are tried."""
        wanted = (path for name, paths in endpoint.paths.items() if self._prefix in ("auto", name) for path in paths)
        return list(dict.fromkeys(wanted))

    def send(self, request: Request, deadline: Deadline, authorize: Authorize = no_authorization) -> Response:
        """Send to the first path that exists. Only one task of a run looks for it; the others wait briefly, because the
        request that finds it is a real one and may be slow."""
        paths = self.paths(request.endpoint)
        if not paths:
            why = f"PAM Core has no such function under api_prefix {self._prefix}"
            raise NotSent(join_sentences(f"{request.endpoint.title} failed: {why}", "Set api_prefix to auto"))
        if len(paths) == 1:
            return self._attempt(request, paths[0], deadline, authorize)
        key = key_of("path", self._url, paths)
        known = self._memory.read(key).get("path")
        if known not in paths:
            with self._memory.locked(key, min(WAIT_FOR_PATH, deadline.remaining_or_zero() / 2)):
                known = self._memory.read(key).get("path")
                if known not in paths:
                    return self._try_paths(request, paths, key, deadline, authorize)
        response = self._attempt(request, known, deadline, authorize)
        if not _needs_another_path(request.endpoint, response):
            return response
        self._memory.write(key, {})  # the path has disappeared, so nothing has handled the request
        return self._try_paths(request, [path for path in paths if path != known], key, deadline, authorize)

    def _try_paths(
        self, request: Request, paths: list[str], key: str, deadline: Deadline, authorize: Authorize
    ) -> Response:
        for path in paths:
            response = self._attempt(request, path, deadline, authorize)
            if not _needs_another_path(request.endpoint, response):
                self._memory.write(key, {"path": path})
                break
        return response

    def _attempt(self, request: Request, path: str, deadline: Deadline, authorize: Authorize) -> Response:
        """Send until there is a response.

        Retry only a request that cannot have been handled: it was not sent, or it got 429 or 503 with ``Retry-After``.
        """
        endpoint = request.endpoint
        url = self._url + path
        if request.argument is not None:
            if not request.argument.strip(
                "."
            ):  # a path with . or .. is resolved, so the URL would be that of another function
                why = f"{request.argument!r} is not an identifier"
                raise NotSent(join_sentences(f"{endpoint.title} failed: {why}"))
            url += f"/{quote(request.argument, safe='')}"
        message = HTTPRequest(endpoint.method, url, request.json, request.form, endpoint.max_body)
        tries = 0
        while True:
            tries += 1
            may_retry = tries <= self._retries
            try:
                response = self._transport.send(message, deadline, authorize)
            except NotSent as exc:
                if not (may_retry and exc.retryable and deadline.pause(0.5 * tries)):
                    why = self._redactor.text(str(exc))
                    raise NotSent(join_sentences(f"{endpoint.title} failed: {why}")) from None
            except OutcomeUnknown as exc:
                why = self._redactor.text(str(exc))
                raise outcome_unknown(endpoint, why, http_status=exc.http_status) from None
            else:
                wait = retry_after(response)
                if not may_retry or wait is None or not deadline.pause(wait):
                    return response


def _needs_another_path(endpoint: Endpoint, response: Response) -> bool:
    """Whether to try the next path. After a request that may have an effect, only if the response proves that nothing
    handled it."""
    if response.status != 404:
        return False
    is_missing = is_path_missing(response.body)
    return not endpoint.may_change if is_missing is None else is_missing
