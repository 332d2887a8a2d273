# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network that responds as each example requires, and the plugins, loaded as core loads them."""

from __future__ import annotations

import functools
import io
import json
import shutil
import time
import typing as t
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import requests.adapters
import urllib3
from ansible.module_utils.common import warnings

from ansible_collections.pamops.senhasegura.plugins.module_utils._http import transport
from ansible_collections.pamops.senhasegura.plugins.plugin_utils import _run_memory
from tests.unit.plugins import support
from tests.unit.plugins.support import CREATED, LOGGED_IN, NAME


class Reply(t.NamedTuple):
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {"Content-Type": "application/json"}


def reply(value: t.Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode())


GRANTED, MADE = reply(LOGGED_IN), reply(CREATED)


def is_login(request: t.Any) -> bool:
    return bool(request.url.partition("?")[0].endswith("/oauth2/token"))


class Network:
    """Responds to logins and to requests for sessions. Each example sets the responses, and begins without data from
    others."""

    def __init__(self, run_directory: Path) -> None:
        self.run_directory = run_directory
        self.begin()

    def begin(self, login: Reply = GRANTED, session: Reply = MADE) -> None:
        self.login, self.session = login, session
        self.accepted_token: str | None = None
        """The only token that the server accepts, or None if it accepts any."""
        self.requests: list[t.Any] = []
        for one in transport._transports.values():
            one._adapter.close()
        transport._transports.clear()
        _run_memory._memories.clear()
        warnings._global_warnings.clear()
        for path in self.run_directory.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    @property
    def sessions(self) -> list[t.Any]:
        """The requests for a session."""
        return [request for request in self.requests if request.method == "POST" and not is_login(request)]

    @property
    def logins(self) -> list[t.Any]:
        return [request for request in self.requests if is_login(request)]

    def send(self, adapter: t.Any, request: t.Any, **_arguments: t.Any) -> t.Any:
        self.requests.append(request)
        answer = self.login if is_login(request) else self.session
        accepted = (
            self.accepted_token is None or request.headers.get("Authorization") == f"Bearer {self.accepted_token}"
        )
        if not is_login(request) and not accepted:
            answer = reply({"error": "access_denied"}, 401)
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(answer.body), headers=dict(answer.headers), status=answer.status, preload_content=False
        )
        return adapter.build_response(request, raw)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, run_directory: Path) -> Network:
    network = Network(run_directory)

    def send(adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        return network.send(adapter, request, **arguments)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    return network


RunAction = Callable[..., dict[str, t.Any]]
RunLookup = Callable[..., list[t.Any]]


@pytest.fixture
def run_action(shown_warnings: list[str]) -> RunAction:
    return lambda arguments, variables: support.run_action(NAME, arguments, variables)[0]


@pytest.fixture
def run_lookup(shown_warnings: list[str]) -> RunLookup:
    return functools.partial(support.run_lookup, NAME)
