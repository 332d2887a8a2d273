# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup plugin that finds sessions, loaded as core loads it. It returns what the module returns, and fails if the
session of a URL cannot be identified."""

from __future__ import annotations

import datetime
import functools
import typing as t
from collections.abc import Callable

import pytest
from ansible.errors import AnsibleLookupError

from tests.messages import ANOTHER_SESSION, DEVICE_IS_TERM, LISTING, NOT_CREATED, NOTHING_SENT, TOO_EARLY, responded
from tests.simulator import Simulator
from tests.unit.plugins.support import (
    BEARER,
    DATED,
    INFO,
    LIST,
    LOGIN,
    OAUTH2,
    OPENS,
    SESSION_FACTS,
    URL,
    Api,
    getting,
    listing,
    minimal,
    numbered_record,
    run_lookup,
)

Run = Callable[..., list[t.Any]]
REACH: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **BEARER}
SOME = (
    numbered_record(1, device="web01:22"),
    numbered_record(2, device="192.0.2.20:22", end="2026-01-31 12:10:00"),
    numbered_record(3, device="db01:22", user="asmith"),
)
CREATED: dict[str, t.Any] = {**SESSION_FACTS, **OPENS}
LATER = {**DATED, "Date": "Sat, 31 Jan 2026 12:00:38 GMT"}


@pytest.fixture
def run() -> Run:
    return functools.partial(run_lookup, INFO)


def ids(sessions: list[t.Any]) -> list[int]:
    return [session["id"] for session in sessions]


@pytest.mark.parametrize(
    ("terms", "options", "expected"),
    [
        ([], {}, [1, 2, 3]),
        ([], {"active": True}, [1, 3]),
        ([], {"active": "no"}, [2]),
        ([], {"user": ["asmith"]}, [3]),
        (["web01"], {}, [1]),
        (["web01", "192.0.2.20"], {}, [1, 2]),
        ([["web01", "db01"]], {"user": "jdoe"}, [1]),
        ([], {"session_id": "03" * 20, "wantlist": True}, [3]),
        ([], {"session_id": ("01" * 20, "03" * 20)}, [1, 3]),
        ([], {"user": map(str.upper, ["jdoe"])}, [1, 2]),
        ([], {"started_after": datetime.date(2026, 1, 31)}, [1, 2, 3]),
        ([], {"started_after": datetime.datetime(2026, 1, 31, 12, 0, 6)}, []),
    ],
)
def test_found_sessions(api: Api, run: Run, terms: list[t.Any], options: dict[str, t.Any], expected: list[int]) -> None:
    api.expect(listing(*SOME))
    assert ids(run(terms, **REACH, **options)) == expected


def test_session_by_id(api: Api, run: Run) -> None:
    api.expect(getting(1, SOME[0]))
    [session] = run([], **REACH, id=1, timezone="UTC")
    assert (session["start"], session["original"]) == ("2026-01-31T12:00:05Z", SOME[0])


def test_options_come_from_variables_but_filters_do_not(api: Api, run: Run) -> None:
    """A default user or device is meant for sessions that are to be requested."""
    variables = {f"senhasegura_{name}": value for name, value in REACH.items()}
    others = {"user": "nobody", "device": "nowhere", "credential": "x", "protocol": "x", "active": False, "wait": True}
    api.expect(listing(*SOME))
    sessions = run(
        [], {**variables, "senhasegura_timezone": "UTC", **{f"senhasegura_{k}": v for k, v in others.items()}}
    )
    assert ids(sessions) == [1, 2, 3]
    assert sessions[0]["start"].endswith("Z")


@pytest.mark.parametrize(
    ("terms", "options", "text"),
    [
        ([[]], {}, "device must not be empty: remove it, or give a value."),
        ([""], {}, "device must not be empty: remove it, or give a value."),
        ([None], {}, "device must be a string or a list of strings."),
        ([], {"user": ""}, "user must not be empty: remove it, or give a value."),
        ([], {"user": None}, "user must not be empty: remove it, or give a value."),
        ([], {"user": []}, "user must not be empty: remove it, or give a value."),
        ([], {"user": iter([])}, "user must not be empty: remove it, or give a value."),
        ([], {"created": {}}, NOT_CREATED),
        ([], {"user": {"jdoe": 1}}, "user must be a string or a list of strings."),
        ([], {"user": [["jdoe"]]}, "user must be a string or a list of strings."),
        (
            [],
            {"user": True},
            "user must be a string or a list of strings, but YAML reads it as a boolean: put it in quotes.",
        ),
        (
            [],
            {"user": 7},
            "user must be a string or a list of strings, but YAML reads it as a number: put it in quotes.",
        ),
        (
            ["web01", 0.5],
            {},
            "device must be a string or a list of strings, but YAML reads it as a number: put it in quotes.",
        ),
        ([], {"id": "one"}, "id must be an integer or a list of integers."),
        ([], {"id": [1.5]}, "id must be an integer or a list of integers."),
        ([], {"id": [1, "inf"]}, "id must be an integer or a list of integers."),
        ([], {"id": "1,1e999999999"}, "id must be an integer or a list of integers."),
        ([], {"id": [1, None]}, "id must be an integer or a list of integers."),
        ([], {"active": "maybe"}, "active must be true or false."),
        ([], {"created": "yes"}, "created must be a dictionary."),
        ([], {"created": []}, "created must be a dictionary. created must not be empty: remove it, or give a value."),
        ([], {"wait_timeout": "long"}, "wait_timeout must be a number."),
        ([], {"field": "all"}, "Unknown option: field."),
        (
            [],
            {"created": {"session_url": "x", **CREATED}, "timezone": "UTC"},
            "Unknown option: created.session_url.",
        ),
        (
            ["web01"],
            {"device": "db01"},
            DEVICE_IS_TERM,
        ),
    ],
)
def test_problems(api: Api, run: Run, terms: list[t.Any], options: dict[str, t.Any], text: str) -> None:
    with pytest.raises(AnsibleLookupError) as error:
        run(terms, **REACH, **options)
    assert error.value.message == NOTHING_SENT + text
    assert api.requests == []


def test_failure(api: Api, run: Run) -> None:
    api.expect(LIST._replace(status=400, body=minimal(400, "No")))
    with pytest.raises(AnsibleLookupError) as error:
        run([], **REACH)
    assert error.value.message == LISTING + responded("No", 400)
    assert error.value.__cause__ is None


def test_failure_and_warning_are_redacted(api: Api, run: Run, shown_warnings: list[str]) -> None:
    """The collection writes these messages itself, but they could contain a secret."""
    token = BEARER["access_token"]
    api.expect(listing(), LIST._replace(status=400, body=minimal(400, token.upper())))
    run([token], **REACH)
    assert len(shown_warnings) == 1
    with pytest.raises(AnsibleLookupError) as error:
        run([], **REACH)
    assert token not in (shown_warnings[0] + error.value.message).lower()


def test_session_of_a_url(api: Api, run: Run) -> None:
    api.expect(listing(*SOME)._replace(headers=LATER), listing()._replace(headers=LATER))
    assert ids(run([], **REACH, created=CREATED, timezone="UTC")) == [1]
    assert run([], **REACH, created=CREATED, timezone="UTC") == []


@pytest.mark.parametrize(
    ("sessions", "headers", "reason"),
    [
        (SOME, DATED, TOO_EARLY),
        (
            (*SOME, numbered_record(4)),
            LATER,
            ANOTHER_SESSION,
        ),
    ],
)
def test_undecided_session_fails(api: Api, run: Run, sessions: t.Any, headers: t.Any, reason: str) -> None:
    api.expect(listing(*sessions)._replace(headers=headers))
    with pytest.raises(AnsibleLookupError) as error:
        run([], **REACH, created=CREATED, timezone="UTC")
    assert error.value.message == f"The session that the URL opened cannot be identified. {reason}"


def test_check_mode_reads_and_does_not_wait(api: Api, run: Run, shown_warnings: list[str]) -> None:
    api.expect(listing(*SOME), listing(*SOME), listing(*SOME))
    variables = {"ansible_check_mode": True}
    assert ids(run([], variables, **REACH, active=True)) == [1, 3]
    assert run(["nowhere"], variables, **REACH, wait=True) == []
    unmade = {**CREATED, "opens_from": None, "opens_until": None}
    assert run([], variables, **REACH, wait=True, created=unmade, timezone="UTC") == []
    assert shown_warnings == []


def test_warnings(api: Api, run: Run, shown_warnings: list[str]) -> None:
    api.expect(listing(*SOME), listing(*SOME))
    run(["web01"], **REACH)
    assert shown_warnings == []
    run(["nowhere"], **REACH, validate_certs=False)
    assert [text[:27] for text in shown_warnings] == ["TLS verification is off (va", "PAM Core lists no session, "]


def test_one_login_for_all_uses(api: Api, run: Run) -> None:
    reach = {"url": URL, "api_prefix": "iso", **OAUTH2}
    api.expect(LOGIN, listing(), listing())
    for _use in range(2):
        run([], **reach)


def test_over_tls(simulator: Simulator, vault: dict[str, t.Any], run: Run) -> None:
    simulator.state.sessions.clear()
    simulator.state.add_sessions(3, running=True, user="jdoe", device="db01")
    reach = {name: value for name, value in vault.items() if name not in SESSION_FACTS}
    assert ids(run(["192.0.2.30"], **reach, user="jdoe")) == [1, 2, 3]
    simulator.state.sessions.clear()
