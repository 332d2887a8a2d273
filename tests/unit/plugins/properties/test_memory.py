# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the files of the run's memory contain, the result is right, and costs at most one login."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import pytest
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import Refused
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import MAX_SIZE, RunMemory, run_memory
from tests.unit.plugins.properties.conftest import Network, reply
from tests.unit.plugins.properties.strategies import ANY_TEXT, JSON, REMEMBERED, TIMES, as_json, damaged, nearly
from tests.unit.plugins.support import LOGGED_IN, OAUTH2, SESSION, SESSION_URL, URL

KEY = "0123abcd"
NOW = 1_800_000_000.0
OPTIONS: dict[str, t.Any] = {"url": URL, "api_prefix": "auto", "timeout": 30.0, "retries": 0, **SESSION, **OAUTH2}


@st.composite
def remembered(draw: st.DrawFn) -> t.Any:
    """Values that we would write, or similar ones, with the current time and other times."""
    value = draw(nearly(st.sampled_from(REMEMBERED)))
    if isinstance(value, dict):
        times = st.sampled_from([NOW, NOW + 0.5, NOW - 30, NOW - 100, NOW + 1000]) | TIMES
        for name in ("refused", "new_not_accepted", "from", "to"):
            if name in value and draw(st.booleans()):
                value[name] = draw(times)
        if "access_token" in value and draw(st.booleans()):
            value["access_token"] = draw(ANY_TEXT)
    return value


CONTENTS = remembered().map(as_json) | damaged(remembered().map(as_json)) | JSON.map(as_json) | st.binary()


@given(content=CONTENTS)
@example(content=b"\xff\xfe{}")
@example(content=b'["a token"]')
@example(content=b"null")
@example(content=b"[" * 60_000)
@example(content=b'{"to": ' + b"1" * 10_000 + b"}")
@example(content=b'{"a": "' + b"x" * MAX_SIZE + b'"}')
def test_any_content_is_a_dictionary(run_directory: Path, content: bytes) -> None:
    file = run_directory / f"senhasegura-{KEY}.json"
    file.write_bytes(content)
    file.chmod(0o600)
    assert isinstance(RunMemory(str(run_directory)).read(KEY), dict)


@given(known=st.dictionaries(st.text(), JSON, max_size=4))
def test_written_values_can_be_read(run_directory: Path, known: dict[str, t.Any]) -> None:
    """By another process. NaN is excluded, because it does not equal itself."""
    text = json.dumps(known)
    assume("NaN" not in text and len(text) < MAX_SIZE)
    RunMemory(str(run_directory)).write(KEY, known)
    assert RunMemory(str(run_directory)).read(KEY) == json.loads(text)
    assert [path.name for path in run_directory.iterdir()] == [f"senhasegura-{KEY}.json"]


@given(contents=st.lists(CONTENTS, min_size=3, max_size=3), accepted=st.booleans())
def test_any_content_costs_at_most_one_login(
    network: Network, monkeypatch: pytest.MonkeyPatch, contents: list[bytes], accepted: bool
) -> None:
    """``accepted``: whether the server accepts any token, or only the next one that it issues."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    network.begin()
    create_remote_session(connect(OPTIONS, run_memory()), OPTIONS)
    files = sorted(network.run_directory.glob("*.json"))
    assert len(files) == 3  # the token, the path for logins and the path for sessions
    for file, content in zip(files, contents):
        file.write_bytes(content)
    network.login = reply({**LOGGED_IN, "access_token": "another-token-0123456789"})
    network.accepted_token = None if accepted else "another-token-0123456789"
    network.requests.clear()
    try:
        result = create_remote_session(connect(OPTIONS, run_memory()), OPTIONS)
    except Refused as exc:
        event("refused")
        assert str(exc).isprintable()
        assert len(str(exc)) < 4000
        assert OAUTH2["client_secret"] not in str(exc)
        # A refusal of the last minute is trusted, and so is the note that a new token would be rejected too.
        assert any(name in content for content in contents for name in (b"refused", b"new_not_accepted"))
        assert network.logins == []
    else:
        event("accepted")
        assert result["session_url"] == SESSION_URL
        assert len(network.logins) <= 1
