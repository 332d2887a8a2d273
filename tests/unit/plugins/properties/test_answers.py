# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any response to a login or session request gives a result or one of our errors, and never a second session."""

from __future__ import annotations

import gzip
import json
import re
import typing as t
import zlib

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import OutcomeUnknown, SenhaseguraError
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import (
    create_remote_session,
)
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import run_memory
from tests.unit.plugins.properties.conftest import GRANTED, MADE, Network, Reply, is_login, reply
from tests.unit.plugins.properties.strategies import ANY_TEXT, BODIES, HEADERS, JSON, STATUSES, as_json
from tests.unit.plugins.support import CREATED, CREATED_FULL, ISSUED, LOGGED_IN, WITH_LOGIN, RunModule

OPTIONS = {**WITH_LOGIN, "timeout": 30.0, "retries": 2}
COMPRESSIONS = st.sampled_from([lambda body: body, gzip.compress, zlib.compress])
REPLIES = st.builds(
    lambda status, body, headers, compress: Reply(status, compress(body), headers),
    STATUSES,
    BODIES,
    HEADERS,
    COMPRESSIONS,
)


def check_error(error: SenhaseguraError) -> None:
    result = error.result()
    assert list(result) == ["msg", "http_status", "error_code"]
    assert result["msg"] == str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 3000
    for name in ("http_status", "error_code"):
        assert result[name] is None or (isinstance(result[name], int) and not isinstance(result[name], bool))
    json.dumps(result, allow_nan=False).encode()


def check_sessions(network: Network) -> None:
    """No session was requested again that may exist. Exceptions: once after a 401, with another token, and if the
    server sent a time for the retry."""
    asked = len(network.sessions)
    if network.session.status == 401:
        assert asked <= 2
    elif network.session.status in (429, 503) and "Retry-After" in network.session.headers:
        assert asked <= 3
    else:
        assert asked <= 1


@given(login=st.just(GRANTED) | REPLIES, session=REPLIES)
@example(login=reply({"access_token": ISSUED, "expires_in": 10**400}), session=MADE)
@example(login=GRANTED, session=reply(CREATED_FULL))
@example(login=GRANTED, session=reply({"session": {"session_url": "https://v/", "token": "half \ud800"}, "error": "x"}))
def test_any_response_is_a_result_or_our_error(network: Network, login: Reply, session: Reply) -> None:
    network.begin(login, session)
    try:
        result = create_remote_session(connect(OPTIONS, run_memory()), OPTIONS)
    except SenhaseguraError as exc:
        event(type(exc).__name__)
        check_error(exc)
        # An outcome can be unknown only if a session was requested.
        assert bool(network.sessions) or not exc.in_doubt
    else:
        event("result")
        assert result["session_url"].startswith("https://")
        assert result["token"].strip()
        assert len(network.sessions) >= 1
    check_sessions(network)
    assert len(network.logins) <= 6


@given(login=REPLIES, session=REPLIES)
def test_probe_requests_no_session(network: Network, login: Reply, session: Reply) -> None:
    network.begin(login, session)
    try:
        connect(OPTIONS, run_memory()).probe()
    except SenhaseguraError as exc:
        check_error(exc)
        assert not exc.in_doubt
    assert network.sessions == []


@given(reply=REPLIES, at_login=st.booleans())
def test_module_prints_json_for_any_response(
    network: Network, run_module: RunModule, reply: Reply, at_login: bool
) -> None:
    network.begin(reply if at_login else GRANTED, MADE if at_login else reply)
    result = run_module({**WITH_LOGIN, "retries": 0})
    assert bool(result.get("failed")) != bool(result.get("changed"))


URLS = st.builds(
    lambda host, rest, end: f"https://{host}/{rest}{end}",
    st.sampled_from(["vault.example", "192.0.2.1:8443", "[2001:db8::1]"]),
    st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\"),
        max_size=300,
    ),
    st.sampled_from(["", "=", "==", "/", "#", "?", "&", "%3D", "//..//", "+"]),
)


PRINTABLE = st.text(min_size=1).filter(lambda text: bool(text.strip()) and text.isprintable())


@given(url=URLS, token=PRINTABLE)
def test_url_and_token_are_returned_unchanged(network: Network, url: str, token: str) -> None:
    session = {"session_url": url, "token": token}
    network.begin(session=Reply(200, as_json({**CREATED, "session": session})))
    result = create_remote_session(connect(OPTIONS, run_memory()), OPTIONS)
    assert {name: result[name] for name in session} == session


@given(
    token=(ANY_TEXT | JSON).filter(lambda token: not re.fullmatch(r"[!-~]+", token if isinstance(token, str) else ""))
)
@example(token="line\nend")
@example(token="bl ank")
@example(token="caf\u00e9")
def test_invalid_token_is_not_sent(network: Network, token: t.Any) -> None:
    network.begin(reply({**LOGGED_IN, "access_token": token}))
    with pytest.raises(OutcomeUnknown, match="lacks a usable access token"):
        create_remote_session(connect(OPTIONS, run_memory()), OPTIONS)
    assert network.sessions == []


@given(token=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1), tasks=st.integers(1, 3))
def test_token_is_sent_unchanged(network: Network, token: str, tasks: int) -> None:
    network.begin(reply({**LOGGED_IN, "access_token": token}))
    for _task in range(tasks):
        create_remote_session(connect(OPTIONS, run_memory()), OPTIONS)
    assert [request.headers["Authorization"] for request in network.sessions] == [f"Bearer {token}"] * tasks
    assert [is_login(request) for request in network.requests] == [True] + [False] * tasks
