# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The full message of a task and of a lookup with invalid options. No request is sent.

The fault table has the messages about requests that were sent."""

from __future__ import annotations

import json
import textwrap
import typing as t
from collections.abc import Iterator

import pytest

from tests.integration.conftest import reach
from tests.messages import (
    MUST_BE_HTTPS,
    MUST_BE_PORT,
    MUST_BE_SCREEN_SIZE,
    NO_API_CREDENTIALS,
    NO_CLIENT_SECRET,
    NO_CREDENTIAL,
    NOTHING_SENT,
    SEVERAL_METHODS,
)
from tests.simulator import Simulator

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Played

# problem → variables that differ from the usual ones, the message
EXPECTED: dict[str, tuple[dict[str, t.Any], str]] = {
    "no https": (
        {"url": "http://vault.example"},
        f"{NOTHING_SENT}url from the variable senhasegura_url {MUST_BE_HTTPS}",
    ),
    "no credentials": (
        {"client_id": "", "client_secret": ""},
        NOTHING_SENT + NO_API_CREDENTIALS,
    ),
    "two sets of credentials": (
        {"access_token": "x" * 20},
        f"{NOTHING_SENT}{SEVERAL_METHODS}oauth2 with client_id from the variable "
        "senhasegura_client_id, client_secret from the variable senhasegura_client_secret; access_token with "
        "access_token from the variable senhasegura_access_token. Set auth_method to one of them.",
    ),
    "all problems at once": (
        {
            "url": "",
            "user": "",
            "credential": "",
            "client_secret": "",
            "port": 70000,
            "remote_addr": "web",
            "screen_size": "big",
            "timeout": "soon",
        },
        f"{NOTHING_SENT}timeout from the variable senhasegura_timeout must be a number. url is missing or empty. "
        "user is missing or empty. remote_addr from the variable senhasegura_remote_addr must be an IPv4 or IPv6 "
        f"address, but is 'web'. port from the variable senhasegura_port {MUST_BE_PORT}70000. "
        f"screen_size from the variable senhasegura_screen_size {MUST_BE_SCREEN_SIZE}'big'. "
        f"{NO_CLIENT_SECRET} {NO_CREDENTIAL}",
    ),
}


def tasks() -> str:
    """For each problem, a task with the module and a task with the lookup. The play continues after a failure."""
    return "".join(
        textwrap.dedent(
            f"""
            - name: {name}
              vars: {json.dumps({f"senhasegura_{option}": value for option, value in given.items()})}
              ignore_errors: true
              block:
                - name: {name} by the task
                  pamops.senhasegura.pam_remote_session:
                    device: web01
                - name: {name} by the lookup
                  ansible.builtin.debug:
                    msg: "{{{{ lookup('pamops.senhasegura.pam_remote_session', 'web01') }}}}"
            """
        )
        for name, (given, _message) in EXPECTED.items()
    )


@pytest.fixture(scope="module")
def played(play: Play) -> Iterator[Played]:
    with Simulator(profile="4.0", strict=True) as vault:
        yield play(tasks(), variables=reach(vault))
        assert vault.requests == []


@pytest.mark.parametrize("name", EXPECTED)
def test_message_of_a_failed_task(name: str, played: Played) -> None:
    result = played.result(f"{name} by the task")
    for key in [key for key in result if key.startswith("_") or key == "exception"]:
        del result[key]
    nothing_else = {"changed": False, "http_status": None, "error_code": None, "session_may_exist": False}
    assert {"failed": True, **result} == {"failed": True, "msg": EXPECTED[name][1], **nothing_else}


@pytest.mark.parametrize("name", EXPECTED)
def test_message_of_a_failed_lookup(name: str, played: Played) -> None:
    assert EXPECTED[name][1] in played.result(f"{name} by the lookup")["msg"]


@pytest.mark.parametrize("name", EXPECTED)
def test_output_shows_the_messages(name: str, played: Played) -> None:
    assert EXPECTED[name][1] in played.output.replace('\\"', '"')
