# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A standard parser reads from the wire what the options say."""

from __future__ import annotations

import json
import typing as t
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import run_memory
from tests.simulator.auth import Authenticator
from tests.simulator.clock import Clock
from tests.simulator.data import OAUTH1, load
from tests.simulator.profiles import PROFILES
from tests.simulator.state import State
from tests.simulator.wire import Incoming
from tests.unit.plugins.properties.conftest import Network
from tests.unit.plugins.properties.strategies import ON_THE_WIRE, VALID_TEXT
from tests.unit.plugins.support import BEARER, OAUTH2, SESSION, header

BASE_URLS = st.sampled_from(["https://vault.example", "https://vault.example:8443/", "https://vault.example/a%20b/c//"])
SPOKEN = VALID_TEXT.filter(lambda text: bool(text.strip()))
FILLED = VALID_TEXT.filter(bool)
SESSIONS = st.fixed_dictionaries(
    {name: SPOKEN for name in ("user", "device", "protocol", "credential")},
    optional={
        "remote_device": FILLED,
        "remote_addr": st.ip_addresses().map(str),
        "port": st.integers(1, 65535),
        "remote_app": st.integers(1, 2**31 - 1),
        "screen_size": st.just("1920x1080"),
    },
)


def options_for(url: str, **more: t.Any) -> dict[str, t.Any]:
    return {"url": url, "api_prefix": "iso", "timeout": 30.0, "retries": 0, **SESSION, **more}


@given(url=BASE_URLS, session=SESSIONS)
def test_session_is_sent_as_json(network: Network, url: str, session: dict[str, t.Any]) -> None:
    network.begin()
    options = options_for(url, **session, **BEARER)
    create_remote_session(connect(options, run_memory()), options)
    [request] = network.requests
    assert header(request, "Content-Type") == "application/json"
    assert json.loads(request.body) == {ON_THE_WIRE[name]: value for name, value in session.items()}
    assert header(request, "Content-Length") == str(len(request.body))


@given(
    url=BASE_URLS,
    keys=st.fixed_dictionaries({"client_id": FILLED, "client_secret": FILLED}, optional={"tenant": FILLED}),
)
def test_login_form(network: Network, url: str, keys: dict[str, str]) -> None:
    network.begin()
    options = options_for(url, **keys)
    create_remote_session(connect(options, run_memory()), options)
    [login] = network.logins
    assert header(login, "Content-Type") == "application/x-www-form-urlencoded"
    pairs = parse_qsl(login.body, keep_blank_values=True, strict_parsing=True)
    assert sorted(pairs) == sorted({"grant_type": "client_credentials", **keys}.items())
    assert urlsplit(login.url).query == ""
    assert "Authorization" not in login.headers


@given(
    url=BASE_URLS,
    keys=st.fixed_dictionaries(dict.fromkeys(("consumer_key", "consumer_secret", "token_key", "token_secret"), FILLED)),
    session=SESSIONS,
)
def test_oauth1_signature_is_valid(network: Network, url: str, keys: dict[str, str], session: dict[str, t.Any]) -> None:
    """According to oauthlib's server side, which knows the four keys."""
    network.begin()
    options = options_for(url, **session, **keys)
    create_remote_session(connect(options, run_memory()), options)
    [request] = network.requests

    state = State(PROFILES["3.32"], False, load(None), Clock())
    authorization = next(known for known in state.authorizations if known.application.method == OAUTH1)
    for name, value in keys.items():
        setattr(authorization, name, value)
    parts = urlsplit(request.url)
    incoming = Incoming(
        method=request.method,
        target=parts.path,
        headers={"host": parts.netloc, **{name.lower(): header(request, name) for name in request.headers}},
        body=request.body,
        peer="127.0.0.1",
    )
    assert Authenticator(state).identify(incoming).authorization is authorization


@given(keys=st.fixed_dictionaries({"client_id": FILLED, "client_secret": FILLED}, optional={"tenant": FILLED}))
def test_each_identity_logs_in_once(network: Network, keys: dict[str, str]) -> None:
    """Any other value of any of its parts is another identity."""
    network.begin()
    for _task in range(2):
        options = options_for("https://vault.example", **keys)
        create_remote_session(connect(options, run_memory()), options)
    assert len(network.logins) == 1
    for name in ("client_id", "client_secret", "tenant"):
        options = options_for("https://vault.example", **{**keys, name: f"{keys.get(name, '')}x"})
        create_remote_session(connect(options, run_memory()), options)
    assert len(network.logins) == 4
    assert OAUTH2["client_secret"] not in str(network.logins)
