# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No message contains a secret, whatever the server sends, and in whatever form.

Not found are secrets of fewer than eight characters in disguise, and any of fewer than four characters. The same is
true for secrets that a server hashes, encodes in base64, shortens, or splits with visible characters."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import SenhaseguraError
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import run_memory
from tests.unit.plugins.properties.conftest import GRANTED, Network, Reply, reply
from tests.unit.plugins.properties.strategies import ASCII_SECRET, SECRET_TEXT, VALID_TEXT, as_json, echoes, fewer
from tests.unit.plugins.support import CREATED, LOGGED_IN, OAUTH1, OAUTH2, SESSION, URL, full, minimal, numbered

BASE: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", "timeout": 30.0, "retries": 0, **SESSION}

# The source of a secret: its strategy, and the options and responses that make it a secret.
SECRETS: dict[str, tuple[st.SearchStrategy[str], Callable[[str], dict[str, t.Any]]]] = {
    "client_secret": (SECRET_TEXT, lambda secret: {**OAUTH2, "client_secret": secret}),
    "consumer_secret": (SECRET_TEXT, lambda secret: {**OAUTH1, "consumer_secret": secret}),
    "token_key": (SECRET_TEXT, lambda secret: {**OAUTH1, "token_key": secret}),
    "token_secret": (SECRET_TEXT, lambda secret: {**OAUTH1, "token_secret": secret}),
    "access_token": (ASCII_SECRET, lambda secret: {"access_token": secret}),
    "password of the proxy": (
        SECRET_TEXT,
        lambda secret: {**OAUTH2, "proxy": f"http://me:{quote(secret, safe='')}@proxy.example"},
    ),
    "token of the login": (ASCII_SECRET, lambda secret: OAUTH2),
    "token of the session": (SECRET_TEXT, lambda secret: OAUTH2),
}

# Where a server can put text
PLACES: dict[str, Callable[[str], Reply]] = {
    "minimal": lambda said: reply(minimal(400, said), 400),
    "full": lambda said: reply(full(400, said), 400),
    "numbered": lambda said: reply(numbered(400, 1011, said), 400),
    "gateway": lambda said: reply({"message": said}, 504),
    "oauth2": lambda said: reply({"error": "invalid_request", "error_description": said}, 401),
    "error": lambda said: reply({"error": said}, 401),
    "success": lambda said: reply(minimal(200, said), 200),
    "not json": lambda said: Reply(500, said.encode("utf-8", "replace"), {"Content-Type": "text/html"}),
    "content type": lambda said: Reply(
        500, b"<html>", {"Content-Type": "".join(said.encode("utf-8", "replace").decode("latin-1").splitlines())}
    ),
}
OF_THE_SESSION = ("minimal", "full", "numbered", "success")
"""Those that can contain a session too."""


def bare(text: str) -> str:
    """The text as a person reads it. Three asterisks are a gap."""
    return "".join(char for char in text.replace("***", "gap").upper().casefold() if char.isalnum())


@pytest.mark.parametrize("kind", SECRETS)
@fewer(4)
@given(data=st.data(), before=VALID_TEXT, after=VALID_TEXT)
def test_message_contains_no_secret(network: Network, kind: str, data: st.DataObject, before: str, after: str) -> None:
    strategy, options_with = SECRETS[kind]
    place = data.draw(st.sampled_from(OF_THE_SESSION if kind == "token of the session" else sorted(PLACES)))
    secret = data.draw(strategy)
    echo = data.draw(echoes(secret))
    session = PLACES[place](before + echo + after)
    if kind == "token of the session":
        known = {**json.loads(session.body), "session": {**CREATED["session"], "token": secret}}
        known["response"] = {**known["response"], "error": True}
        session = session._replace(body=as_json(known))
    login = reply({**LOGGED_IN, "access_token": secret}) if kind == "token of the login" else GRANTED
    network.begin(login, session)
    options = {**BASE, **options_with(secret)}
    with pytest.raises(SenhaseguraError) as error:
        create_remote_session(connect(options, run_memory()), options)
    message = str(error.value)
    event("hidden" if "***" in message else "shown")
    assert echo not in message
    assert secret not in message
    if len(bare(secret)) >= 8:
        assert bare(secret) not in bare(message)


@pytest.mark.parametrize("place", [place for place in PLACES if place != "success"])
@fewer(4)
@given(data=st.data(), before=VALID_TEXT, after=VALID_TEXT, secret=SECRET_TEXT)
def test_login_message_and_memory_contain_no_secret(
    network: Network, place: str, data: st.DataObject, before: str, after: str, secret: str
) -> None:
    network.begin(login=PLACES[place](before + data.draw(echoes(secret)) + after))
    options = {**BASE, **OAUTH2, "client_secret": secret}
    for _task in range(2):
        with pytest.raises(SenhaseguraError) as error:
            create_remote_session(connect(options, run_memory()), options)
        assert secret not in str(error.value)
        if len(bare(secret)) >= 8:
            assert bare(secret) not in bare(str(error.value))
    assert network.sessions == []
    for path in network.run_directory.glob("*.json"):
        assert secret not in json.dumps(json.loads(path.read_text()), ensure_ascii=False)
