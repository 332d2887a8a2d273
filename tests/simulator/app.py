# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a request to its response: the table of paths and their handlers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import pages, sessions
from .auth import Authenticator, Caller, Need, authorize
from .data import PAM_CORE, WEB_PROXY_SESSION
from .profiles import paths_of
from .state import State
from .wire import Answer, Incoming, Refusal, failure, html_answer

Handler = Callable[[State, Incoming, Caller, str], Answer]


@dataclass(frozen=True)
class Endpoint:
    """A function of the API. With ``takes_argument``, the path has one more part: an identifier."""

    paths: str
    method: str
    takes_argument: bool
    handler: Handler
    need: Need


# v4 'api-post-create-authenticated-url-for-web-proxy-session', 'api-get-list-all-remote-sessions',
# 'api-get-list-a-remote-session', 'api-del-terminate-remote-session'
ENDPOINTS = (
    Endpoint("create", "POST", False, sessions.create, Need(WEB_PROXY_SESSION, write=True)),
    Endpoint("list", "GET", False, sessions.list_sessions, Need(PAM_CORE)),
    Endpoint("list", "GET", True, sessions.get_session, Need(PAM_CORE)),
    Endpoint("drop", "DELETE", True, sessions.drop_session, Need(PAM_CORE, write=True)),
)

Page = Callable[[State, Incoming], Answer]


def _landing(state: State, incoming: Incoming) -> Answer:
    return html_answer(200, pages.landing_page(state.profile.name))


# What a browser opens, without a login to the API
PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/"): _landing,
    ("HEAD", "/"): _landing,
    ("GET", "/modulos/auth"): sessions.open_url,
}


class Api:
    """The routes of one profile over one state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._authenticator = Authenticator(state)
        self._paths = paths_of(state.profile, state.strict)

    def answer(self, incoming: Incoming) -> Answer:
        try:
            return self._answer(incoming)
        except Refusal as refusal:
            return refusal.answer

    def _answer(self, incoming: Incoming) -> Answer:
        base = self._state.vault.base_path
        if not incoming.path.startswith(f"{base}/"):
            return html_answer(404, pages.refused_page("Nothing is served at this path."))
        path = incoming.path[len(base) :]
        page = PAGES.get((incoming.method, path))
        if page is not None:
            return page(self._state, incoming)
        if incoming.method == "POST" and path in self._paths["token"]:
            return self._authenticator.grant(incoming)
        endpoint, argument = self._find(incoming.method, path)
        caller = authorize(self._state, self._authenticator, incoming, endpoint.need)
        return endpoint.handler(self._state, incoming, caller, argument)

    def _find(self, method: str, path: str) -> tuple[Endpoint, str]:
        """A known path with another method counts as unknown [I]."""
        parent, _slash, last = path.rpartition("/")
        for endpoint in ENDPOINTS:
            place, argument = (parent, last) if endpoint.takes_argument and last else (path, "")
            if method == endpoint.method and place in self._paths[endpoint.paths]:
                return endpoint, argument
        raise Refusal(failure(self._state.profile, 404, self._state.profile.not_found, error_code=1))
