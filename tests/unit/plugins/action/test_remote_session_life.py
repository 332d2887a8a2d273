# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugins that find and terminate sessions. They hide no result, but they hide secrets among their
arguments."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

import pytest
from ansible.plugins.loader import action_loader

from tests.messages import NO_REASON_TO_TERMINATE, NOTHING_SENT, TERMINATING, responded
from tests.simulator import Simulator
from tests.unit.plugins.support import (
    BEARER,
    ENDED,
    INFO,
    ISSUED,
    LOGIN,
    NOT_DROPPED,
    OAUTH2,
    SESSION_FACTS,
    SESSION_URL,
    TERMINATE,
    URL,
    Api,
    dropping,
    getting,
    listing,
    numbered_record,
    run_action,
)

REACH: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **BEARER}
WITH_LOGIN: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **OAUTH2}
ONE, TWO = numbered_record(1), numbered_record(2, user="asmith")
HIDDEN = "_ansible_no_log"


def test_found_sessions_are_not_hidden(api: Api) -> None:
    api.expect(listing(ONE, TWO))
    result, task = run_action(INFO, {**REACH, "user": "jdoe"})
    [session] = result.pop("sessions")
    assert (session["id"], session["original"]) == (1, ONE)
    assert result == {"changed": False}
    assert not task.no_log


def test_terminated_sessions_are_not_hidden(api: Api) -> None:
    api.expect(listing(ONE, TWO), dropping(1))
    result, task = run_action(TERMINATE, {**REACH, "user": "jdoe"})
    [session] = result.pop("sessions")
    assert (session["id"], session["terminated"]) == (1, True)
    assert result == {"changed": True}
    assert not task.no_log


def test_some_sessions_fail_to_end(api: Api) -> None:
    api.expect(listing(ONE, TWO), dropping(1, status=500, body=NOT_DROPPED), getting(1, ONE), dropping(2))
    result, task = run_action(TERMINATE, {**REACH, "device": "web01"})
    assert [session["terminated"] for session in result.pop("sessions")] == [False, True]
    assert result == {
        "failed": True,
        "changed": True,
        "msg": "1 of 2 sessions could not be terminated. Session 1 of jdoe on web01:22: "
        f"{TERMINATING}{responded('An error occurred while droping session', 500)} {NO_REASON_TO_TERMINATE} "
        "The session was still active afterwards.",
        "http_status": None,
        "error_code": None,
    }
    assert not task.no_log


RESULT = {"changed": True, "session_url": SESSION_URL, "token": "a token", "created": SESSION_FACTS}


@pytest.mark.parametrize(
    "whole",
    [
        RESULT,
        {"results": [RESULT, RESULT], "changed": True},
        [RESULT],
        {"first": {"second": [{"third": RESULT}]}},
        {**SESSION_FACTS, "device": [RESULT]},
        json.dumps(RESULT),
        [{"key": name, "value": value} for name, value in RESULT.items()],
        list(RESULT.values()),
        {"url": SESSION_URL},
        {**SESSION_FACTS, "secret": "a token"},
    ],
    ids=[
        "a result",
        "a loop's result",
        "a loop's results",
        "nested",
        "with valid members",
        "as JSON",
        "dict2items",
        "values",
        "under another name",
        "extra member",
    ],
)
def test_whole_result_given_as_created_is_hidden(api: Api, whole: t.Any) -> None:
    result, task = run_action(TERMINATE, {**REACH, "timezone": "UTC", "created": whole})
    assert result["failed"]
    assert SESSION_URL not in str(result)
    assert SESSION_URL not in str(task.args)
    assert "a token" not in str(task.args)


NOISY = "web01\x9b31m\u202e\ud800\x1b]0;"


@pytest.mark.parametrize(("name", "answers"), [(INFO, []), (TERMINATE, [dropping(1)])])
def test_listed_sessions_contain_no_secret_and_no_control_character(api: Api, name: str, answers: list[t.Any]) -> None:
    secret, token = OAUTH2["client_secret"], ISSUED
    odd = {**ONE, "x": token, "request": f"see {secret}", "y": [{"z": f"<{token}>", token: 1}], "ITSM": NOISY}
    api.expect(LOGIN, listing(odd), *answers)
    result, _task = run_action(name, {**WITH_LOGIN, "user": "jdoe"})
    [session] = result["sessions"]
    assert (session["request"], session["ITSM"]) == ("see VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "web01 31m   ]0;")
    assert session["original"]["y"] == [
        {"z": "<VALUE_SPECIFIED_IN_NO_LOG_PARAMETER>", "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER": 1}
    ]
    assert not any(
        text in json.dumps(result, ensure_ascii=False) for text in (secret, token, "\x9b", "\u202e", "\ud800", "\x1b")
    )


def test_failure_contains_no_secret(api: Api) -> None:
    odd = {**ONE, "request": BEARER["access_token"]}
    api.expect(listing(odd), dropping(1, status=500, body=NOT_DROPPED), getting(1, odd))
    result, _task = run_action(TERMINATE, {**REACH, "device": "web01"})
    assert result["failed"]
    assert BEARER["access_token"] not in json.dumps(result)


def test_check_mode(api: Api) -> None:
    api.expect(listing(ONE, TWO), listing(ONE, TWO))
    result, _task = run_action(TERMINATE, {**REACH, "user": "jdoe"}, check=True)
    assert (result["changed"], [session["terminated"] for session in result["sessions"]]) == (True, [True])
    result, _task = run_action(INFO, {**REACH, "user": "nobody", "wait": True}, check=True)
    assert (result["changed"], result["sessions"]) == (False, [])


@pytest.mark.parametrize("name", [INFO, TERMINATE])
def test_filters_come_only_from_the_task(
    api: Api, name: str, ansible_cfg: t.Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables, the environment and ansible.cfg may set the user for sessions that are to be requested."""
    variables = {f"senhasegura_{option}": value for option, value in REACH.items() if option != "url"}
    monkeypatch.setenv("SENHASEGURA_URL", URL)
    monkeypatch.setenv("SENHASEGURA_DEVICE", "web01")
    ansible_cfg(credential="root")
    api.expect(*[listing({**ONE, **ENDED})] * (name == INFO))
    result, _task = run_action(name, {}, {**variables, "senhasegura_user": "nobody", "senhasegura_id": 7})
    if name == INFO:
        assert [session["id"] for session in result["sessions"]] == [1]
    else:
        assert result["msg"].startswith(f"{NOTHING_SENT}Set at least one of these filters: ")


def test_timezone_comes_from_any_source(api: Api) -> None:
    api.expect(listing(ONE))
    result, _task = run_action(
        INFO, {}, {**{f"senhasegura_{k}": v for k, v in REACH.items()}, "senhasegura_timezone": "UTC"}
    )
    assert result["sessions"][0]["start"] == "2026-01-31T12:00:05Z"


@pytest.mark.parametrize("value", ["", None, []])
@pytest.mark.parametrize("name", ["user", "device", "id", "started_after", "created"])
def test_empty_filter_is_rejected(api: Api, name: str, value: t.Any) -> None:
    """If it were ignored, more sessions would be terminated, such as those of other users on the device."""
    result, _task = run_action(TERMINATE, {**REACH, "credential": "root", name: value})
    assert f"{name} must not be empty: remove it, or give a value." in result["msg"]
    assert api.requests == []


def test_created_with_times_that_yaml_has_parsed_is_rejected(api: Api) -> None:
    time = datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.timezone.utc)
    created = {"user": "jdoe", "device": "web01", "protocol": "SSH", "opens_from": time, "opens_until": time}
    result, _task = run_action(INFO, {**REACH, "created": created, "timezone": "UTC"})
    assert "created.opens_from must be a string." in result["msg"]
    assert api.requests == []


def test_tasks_share_the_login(api: Api) -> None:
    api.expect(LOGIN, listing(ONE), listing(ONE), dropping(1))
    run_action(INFO, WITH_LOGIN)
    run_action(TERMINATE, {**WITH_LOGIN, "user": "jdoe"})


def test_callbacks_get_no_secret(api: Api) -> None:
    """Not even if a task gives the whole result of the task that requested a session, by mistake."""
    api.expect(LOGIN, listing(ONE))
    _result, task = run_action(INFO, WITH_LOGIN)
    assert task.args == {**WITH_LOGIN, "client_secret": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}
    made = {"session_url": SESSION_URL, "token": "5e55", "created": {}}
    result, task = run_action(INFO, {**REACH, "created": made, "timezone": "UTC"})
    assert result["failed"]
    assert SESSION_URL not in json.dumps([result, task.args])


def test_warnings(api: Api, shown_warnings: list[str]) -> None:
    api.expect(listing(ONE), listing(ONE))
    run_action(INFO, {**REACH, "device": "web01"})
    assert shown_warnings == []
    run_action(TERMINATE, {**REACH, "device": "nowhere", "validate_certs": False})
    assert [text[:27] for text in shown_warnings] == ["TLS verification is off (va", "PAM Core lists no session, "]


@pytest.mark.parametrize("name", [INFO, TERMINATE])
def test_declares_no_connection_and_no_async(name: str) -> None:
    action = action_loader.get(name, class_only=True)
    assert (action._requires_connection, action._supports_async, action.TRANSFERS_FILES) == (False, False, False)
    assert action._supports_check_mode is True


@pytest.fixture
def reach(simulator: Simulator, vault: dict[str, t.Any]) -> t.Iterator[dict[str, t.Any]]:
    simulator.state.sessions.clear()
    yield {name: value for name, value in vault.items() if name not in SESSION_FACTS}
    simulator.state.sessions.clear()


def test_module_runs_on_delegated_host(simulator: Simulator, reach: dict[str, t.Any]) -> None:
    """The connection is local, and only its transport says otherwise. Only the secrets are hidden."""
    first, second = simulator.state.add_sessions(2, running=True, user="jdoe")
    secret = reach.pop("client_secret")
    variables = {"senhasegura_client_secret": secret, "senhasegura_timezone": "UTC"}
    there: dict[str, t.Any] = {"transport": "ssh", "delegate_to": "bastion"}
    result, task = run_action(INFO, {**reach, "user": ["jdoe"]}, variables, **there)
    assert [session["session_id"] for session in result["sessions"]] == [first.session_id, second.session_id]
    assert result["sessions"][0]["start"].endswith("Z")
    assert (HIDDEN in result, "invocation" in result, bool(task.no_log)) == (False, False, False)

    simulator.fault(f"DELETE */{first.session_id}", "unexpected_error")
    result, task = run_action(TERMINATE, {**reach, "user": "jdoe"}, variables, **there)
    assert result["failed"] is True
    assert [session["terminated"] for session in result["sessions"]] == [False, True]
    assert (first.end, second.end is not None) == (None, True)
    assert (HIDDEN in result, "session_may_exist" in result, bool(task.no_log)) == (False, False, False)
    assert secret not in json.dumps(result, default=str)


def test_delegated_host_dies(reach: dict[str, t.Any], tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 137\n")
    python.chmod(0o755)
    variables = {"ansible_delegated_vars": {"bastion": {"ansible_python_interpreter": str(python)}}}
    there: dict[str, t.Any] = {"transport": "ssh", "delegate_to": "bastion"}
    result, _task = run_action(TERMINATE, {**reach, "user": "jdoe"}, variables, **there)
    assert result["msg"].endswith("Sessions may have been terminated. List them to find out.")
    assert (result["failed"], result["http_status"], result["error_code"]) == (True, None, None)
    for name, check in ((INFO, False), (TERMINATE, True)):
        result, _task = run_action(name, {**reach, "user": "jdoe"}, variables, check=check, **there)
        assert (result["failed"], result["http_status"], "may have" in result["msg"]) == (True, None, False)
        assert "session_may_exist" not in result
