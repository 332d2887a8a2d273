# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module that terminates sessions: which ones it selects, and what it reports about those that do not end."""

from __future__ import annotations

import json
import typing as t

import pytest
import requests

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.redaction import HIDDEN
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources import remote_session_terminate as terminate
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.operation import Operation
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session_list import Undecided
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session_terminate import NotAllEnded
from ansible_collections.pamops.senhasegura.plugins.modules import pam_remote_session_terminate
from tests.messages import (
    ANOTHER_SESSION,
    GATEWAY_TIMEOUT,
    GRANT_READ_WRITE,
    LISTING,
    NO_REASON_TO_TERMINATE,
    NONE_MATCHES,
    NOT_TERMINATED,
    NOTHING_SENT,
    TERMINATING,
    TOO_EARLY,
    UNSENT,
    responded,
)
from tests.simulator import Simulator
from tests.unit.plugins import support
from tests.unit.plugins.support import (
    BEARER,
    DATED,
    DROP,
    DROPPED,
    ENDED,
    LIST,
    NO_RESOURCE,
    NO_ROUTE,
    NO_SESSION,
    NOT_DROPPED,
    OPENS,
    SESSION_FACTS,
    URL,
    Api,
    Call,
    RunModule,
    dropping,
    full,
    getting,
    listing,
    minimal,
    numbered,
    numbered_record,
)

REACH: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **BEARER}
ONE, TWO, THREE = (numbered_record(number) for number in (1, 2, 3))
OVER = numbered_record(4, **ENDED)
SAID = responded("An error occurred while droping session", 500)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> RunModule:
    def run(options: t.Mapping[str, t.Any], check: bool = False) -> dict[str, t.Any]:
        result = support.run_module(capsys, {**REACH, **options}, check, pam_remote_session_terminate)
        result.pop("invocation", None)
        result.pop("warnings", None)
        return result

    return run


def outcomes(result: dict[str, t.Any]) -> dict[t.Any, t.Any]:
    """ID or hash of each session → whether it was terminated, or why not."""
    return {
        session["session_id"] if session["id"] is None else session["id"]: session.get("reason", session["terminated"])
        for session in result["sessions"]
    }


# Success


def test_result(api: Api, run: RunModule) -> None:
    drop = dropping(1, authorization=f"Bearer {BEARER['access_token']}")
    api.expect(listing(ONE, OVER), drop)
    result = run({"user": "jdoe"})
    [session] = result.pop("sessions")
    assert result == {"changed": True}
    assert session.pop("original") == ONE
    assert session.items() >= {"id": 1, "session_id": "01" * 20, "user": "jdoe", "active": True}.items()
    assert session["terminated"] is True
    assert "reason" not in session
    assert api.requests[-1].body is None


@pytest.mark.parametrize(
    "body",
    [
        DROPPED,
        full(200, "Session dropped successfully", 0, False, mensagem="Sessão encerrada com sucesso"),
        minimal(200, "", False),
        minimal(200, "Qualquer coisa", False),
    ],
)
def test_message_of_a_success_is_ignored(api: Api, run: RunModule, body: t.Any) -> None:
    api.expect(listing(ONE), dropping(1, body=body))
    result = run({"user": "jdoe"})
    assert (result["changed"], outcomes(result)) == (True, {1: True})


@pytest.mark.parametrize(
    ("options", "calls", "expected"),
    [
        ({"user": "jdoe"}, [listing(ONE, TWO, OVER), dropping(1), dropping(2)], {1: True, 2: True}),
        ({"user": "nobody"}, [listing(ONE, TWO, OVER)], {}),
        ({"session_id": "02" * 20}, [listing(ONE, TWO, OVER), dropping(2)], {2: True}),
        ({"session_id": ["02" * 20, "04" * 20]}, [listing(ONE, TWO, OVER), dropping(2)], {2: True, 4: False}),
        ({"session_id": "04" * 20}, [listing(ONE, OVER)], {4: False}),
        ({"id": 1}, [getting(1, ONE), dropping(1)], {1: True}),
        ({"id": 4}, [getting(4, OVER)], {4: False}),
        ({"id": [4, 1], "session_id": "01" * 20}, [getting(1, ONE), getting(4, OVER), dropping(1)], {1: True}),
        ({"id": 1, "user": "asmith"}, [getting(1, ONE)], {}),
        ({"session_id": "01" * 20, "user": "asmith"}, [listing(ONE)], {}),
        ({"device": "web01", "active": True}, [listing(ONE, OVER), dropping(1)], {1: True}),
        ({"started_before": "2026-02-01"}, [listing(OVER)], {}),
    ],
)
def test_selected_sessions(
    api: Api, run: RunModule, options: dict[str, t.Any], calls: list[Call], expected: dict[int, bool]
) -> None:
    """Running sessions are terminated. Ended sessions are reported only if the task names them."""
    api.expect(*calls)
    result = run(options)
    assert (result["changed"], outcomes(result)) == (any(expected.values()), expected)


def test_check_mode(api: Api, run: RunModule) -> None:
    api.expect(listing(ONE, TWO, OVER), listing(OVER), listing(ONE))
    result = run({"user": "jdoe"}, check=True)
    assert (result["changed"], outcomes(result)) == (True, {1: True, 2: True})
    result = run({"session_id": "04" * 20}, check=True)
    assert (result["changed"], outcomes(result)) == (False, {4: False})
    result = run({"session_id": ["01" * 20, "nobody's"]}, check=True)
    assert result["failed"] is True
    assert outcomes(result) == {
        1: True,
        "nobody's": "PAM Core does not list this session. Check the ID, and the "
        "devices and credentials of the authorization of this application.",
    }


# Failure


def test_other_sessions_end_despite_a_failure(api: Api, run: RunModule) -> None:
    api.expect(listing(ONE, TWO, THREE), dropping(1), dropping(2, status=500, body=NOT_DROPPED), getting(2, TWO))
    api.expect(dropping(3))
    reason = f"{TERMINATING}{SAID} {NO_REASON_TO_TERMINATE} The session was still active afterwards."
    result = run({"user": "jdoe"})
    assert outcomes(result) == {1: True, 2: reason, 3: True}
    assert {name: value for name, value in result.items() if name != "sessions"} == {
        "failed": True,
        "changed": True,
        "msg": f"1 of 3 sessions could not be terminated. Session 2 of jdoe on web01:22: {reason}",
        "http_status": None,
        "error_code": None,
    }


NOT_KNOWN = " It is unknown whether the session ended."
RUNNING = " The session was still active afterwards."
NOT_THERE = LIST._replace(path=f"{LIST.path}/1", status=400, body=NO_SESSION)
BROKEN = LIST._replace(path=f"{LIST.path}/1", status=400, body=minimal(400, "No"))
GATEWAY = {"message": "The upstream server is timing out"}
TIMED_OUT = f"{TERMINATING}{responded('The upstream server is timing out', 504)} {GATEWAY_TIMEOUT}"
REFUSED = f"{TERMINATING}{SAID} {NO_REASON_TO_TERMINATE}"
# response, calls that check the session afterwards → whether it was terminated, or why not
AFTER: dict[str, tuple[dict[str, t.Any], list[Call], t.Any]] = {
    "running": ({"status": 500, "body": NOT_DROPPED}, [getting(1, ONE)], REFUSED + RUNNING),
    "ended before": ({"status": 500, "body": NOT_DROPPED}, [getting(1, {**ONE, **ENDED})], False),
    "vanished": ({"status": 500, "body": NOT_DROPPED}, [NOT_THERE], False),
    "another session with the same ID": ({"status": 500, "body": NOT_DROPPED}, [getting(1, {**TWO, "id": "1"})], False),
    "unknown": ({"status": 500, "body": NOT_DROPPED}, [BROKEN], REFUSED),
    "response lost, running": ({"status": 504, "body": GATEWAY}, [getting(1, ONE)], TIMED_OUT + RUNNING),
    "response lost, ended": ({"status": 504, "body": GATEWAY}, [getting(1, {**ONE, **ENDED})], True),
    "response lost, vanished": ({"status": 504, "body": GATEWAY}, [NOT_THERE], True),
    "response lost, unknown": ({"status": 504, "body": GATEWAY}, [BROKEN], TIMED_OUT + NOT_KNOWN),
}


@pytest.mark.parametrize(("answer", "calls", "expected"), AFTER.values(), ids=AFTER)
def test_session_is_checked_after_a_failure(
    api: Api, run: RunModule, answer: dict[str, t.Any], calls: list[Call], expected: t.Any
) -> None:
    """The request to end the session is never repeated."""
    api.expect(listing(ONE), dropping(1, **answer), *calls)
    result = run({"user": "jdoe"})
    assert outcomes(result) == {1: expected}
    assert result["changed"] is (expected is True)
    assert result.get("failed", False) is isinstance(expected, str)
    known = NOT_KNOWN not in str(expected)
    assert [session["terminated"] for session in result["sessions"]] == [expected is True if known else None]


def test_session_without_id_is_checked_in_the_list(api: Api, run: RunModule) -> None:
    unnumbered = {**ONE, "id": None}
    api.expect(listing(unnumbered), dropping(1, status=500, body=NOT_DROPPED), listing(unnumbered, TWO))
    result = run({"user": "jdoe"})
    assert outcomes(result) == {"01" * 20: REFUSED + RUNNING}


DENIED = (
    "In PAM Core, under A2A > Authorizations, grant the resource PAM Core with read and write permission to the "
    "authorization of this application."
)


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (
            500,
            {**NOT_DROPPED, "response": full(500, "An error occurred while dropping session.", 1)["response"]},
            f"{responded('An error occurred while dropping session.', 500)} {NO_REASON_TO_TERMINATE}",
        ),
        (
            500,
            full(500, "You are not authorized to access this resource.", 1),
            f"{responded('You are not authorized to access this resource.', 500)} {DENIED}",
        ),
        (
            400,
            numbered(400, 1039, "Without PAM Configuration Access permission"),
            f"{responded('Without PAM Configuration Access permission', 400, 1039)} {GRANT_READ_WRITE}",
        ),
    ],
)
def test_reasons(api: Api, run: RunModule, status: int, body: t.Any, text: str) -> None:
    api.expect(listing(ONE), dropping(1, status=status, body=body), getting(1, ONE))
    assert outcomes(run({"user": "jdoe"})) == {1: f"{TERMINATING}{text}{RUNNING}"}


@pytest.mark.parametrize(
    ("options", "calls", "expected", "message"),
    [
        (
            {"session_id": "nobody's"},
            [listing(ONE)],
            {
                "nobody's": "PAM Core does not list this session. Check the ID, and the devices and credentials of the "
                "authorization of this application."
            },
            "1 of 1 sessions could not be terminated. Session nobody's: PAM Core does not list this session. Check the "
            "ID, and the devices and credentials of the authorization of this application.",
        ),
        (
            {"id": 1},
            [NOT_THERE],
            {
                1: "PAM Core does not list this session. Check the ID, and the devices and credentials of the "
                "authorization of this application."
            },
            "1 of 1 sessions could not be terminated. Session 1: PAM Core does not list this session. Check the ID, "
            "and the devices and credentials of the authorization of this application.",
        ),
        (
            {"id": [1, 2]},
            [NOT_THERE, getting(2, TWO), dropping(2)],
            {
                1: "PAM Core does not list this session. Check the ID, and the devices and credentials of the "
                "authorization of this application.",
                2: True,
            },
            "1 of 2 sessions could not be terminated. Session 1: PAM Core does not list this session. Check the ID, "
            "and the devices and credentials of the authorization of this application.",
        ),
        (
            {"user": "jdoe"},
            [listing({**ONE, "session_id": None})],
            {1: "PAM Core lists the session without a valid session_id. Terminate it in PAM Core."},
            "1 of 1 sessions could not be terminated. Session 1 of jdoe on web01:22: "
            "PAM Core lists the session without a valid session_id. Terminate it in PAM Core.",
        ),
        (
            {"user": "jdoe"},
            [listing({**ONE, "session_id": ".."})],
            {1: "PAM Core lists the session without a valid session_id. Terminate it in PAM Core."},
            "1 of 1 sessions could not be terminated. Session 1 of jdoe on web01:22: "
            "PAM Core lists the session without a valid session_id. Terminate it in PAM Core.",
        ),
    ],
)
def test_sessions_that_cannot_be_terminated(
    api: Api, run: RunModule, options: dict[str, t.Any], calls: list[Call], expected: dict[t.Any, t.Any], message: str
) -> None:
    api.expect(*calls)
    result = run(options)
    assert (outcomes(result), result["msg"], result["failed"]) == (expected, message, True)
    assert all(session.keys() >= {"user", "device", "active", "original"} for session in result["sessions"])


def test_session_id_is_escaped_in_the_path(api: Api, run: RunModule) -> None:
    odd = {**ONE, "session_id": "a/../b?c#d é"}
    api.expect(listing(odd), DROP._replace(path="/iso/session/drop/a%2F..%2Fb%3Fc%23d%20%C3%A9"))
    assert outcomes(run({"user": "jdoe"})) == {1: True}


def test_message_lists_at_most_ten_sessions(api: Api, run: RunModule) -> None:
    many = [{**numbered_record(number), "session_id": None} for number in range(1, 13)]
    api.expect(listing(*many))
    result = run({"user": "jdoe"})
    assert result["msg"].startswith(
        "12 of 12 sessions could not be terminated. Session 1 of jdoe on web01:22: PAM Core "
    )
    assert result["msg"].count("valid session_id.") == 10
    assert result["msg"].endswith(" And 2 more.")
    assert len(result["sessions"]) == 12


@pytest.mark.parametrize(
    ("device", "shown"), [("d" * 9_000, f"{'d' * 80}…"), ("d" * 100_000, "(too long to show)")], ids=len
)
def test_message_is_short_and_without_control_characters(api: Api, run: RunModule, device: str, shown: str) -> None:
    odd = {**ONE, "session_id": None, "user": "j\x1b[2Jdoe", "device": device}
    api.expect(listing(odd))
    result = run({"protocol": "ssh"})
    assert result["msg"] == (
        f"1 of 1 sessions could not be terminated. Session 1 of j [2Jdoe on {shown}: "
        "PAM Core lists the session without a valid session_id. Terminate it in PAM Core."
    )
    assert result["sessions"][0]["device"] == device


TOKEN = BEARER["access_token"]


@pytest.mark.parametrize("said", [TOKEN, TOKEN.upper(), "x" * 70 + TOKEN], ids=["plain", "other case", "at the cut"])
def test_message_contains_no_listed_secret(api: Api, run: RunModule, said: str) -> None:
    odd = {**ONE, "session_id": None, "user": said, "device": f"{said}:22"}
    api.expect(listing(odd))
    message = run({"protocol": "ssh"})["msg"]
    assert TOKEN[:6].lower() not in message.lower()
    assert "of ***" in message or "x***" in message


def test_all_output_is_redacted(api: Api) -> None:
    """Messages, outcomes and warnings."""
    client = connect({**REACH, "timeout": 5.0, "retries": 0})

    def perform(_client: t.Any, options: t.Mapping[str, t.Any], _check_mode: bool) -> dict[str, t.Any]:
        if options["error"]:
            raise options["error"]
        return {"changed": False, "warnings": [f"about {TOKEN}"]}

    operation = Operation({}, perform)
    for error in (Undecided(f"no: {TOKEN}"), NotAllEnded(f"no: {TOKEN}", {"sessions": [TOKEN]})):
        with pytest.raises(type(error)) as raised:
            operation.run(client, {"error": error}, False)
        assert str(raised.value) == f"no: {HIDDEN}"
        assert TOKEN not in json.dumps(raised.value.result())
    assert operation.run(client, {"error": None}, False)["warnings"] == [f"about {HIDDEN}"]


def test_no_session_ends_if_the_list_fails(api: Api, run: RunModule) -> None:
    api.expect(LIST._replace(status=400, body=minimal(400, "No")))
    assert run({"user": "jdoe"}) == {
        "failed": True,
        "msg": LISTING + responded("No", 400),
        "http_status": 400,
        "error_code": None,
    }


def test_session_is_not_checked_if_nothing_was_sent(api: Api, run: RunModule) -> None:
    unreachable = requests.exceptions.ConnectionError(OSError(111, "Connection refused"))
    api.expect(listing(ONE, TWO), dropping(1, body=unreachable), dropping(2))
    result = run({"user": "jdoe", "retries": 0})
    assert outcomes(result) == {1: f"{TERMINATING}{UNSENT}Connection refused.", 2: True}
    assert [session["terminated"] for session in result["sessions"]] == [False, True]


# The session that a URL opened

CREATED: dict[str, t.Any] = {**SESSION_FACTS, **OPENS}
UTC = {"timezone": "UTC"}
LATER = {**DATED, "Date": "Sat, 31 Jan 2026 12:00:38 GMT"}
STILL = NOT_TERMINATED + TOO_EARLY


def test_session_opened_by_a_url(api: Api, run: RunModule) -> None:
    api.expect(listing(ONE)._replace(headers=LATER), dropping(1))
    assert outcomes(run({"created": CREATED, **UTC})) == {1: True}


NONE_FITS = NOT_TERMINATED + NONE_MATCHES


@pytest.mark.parametrize(
    ("sessions", "check", "warnings"),
    [([], False, [NONE_FITS]), ([], True, []), ([OVER], False, [])],
)
def test_url_has_no_running_session(api: Api, sessions: list[t.Any], check: bool, warnings: list[str]) -> None:
    """If a wrong option may be the reason, the task warns."""
    other = {**ONE, "user": "asmith"}  # so that the device is known
    api.expect(listing(*sessions, other)._replace(headers=LATER))
    client = connect({**REACH, "timeout": 5.0, "retries": 0})
    assert terminate.terminate_sessions(client, {"created": CREATED, **UTC}, check) == {
        "changed": False,
        "sessions": [],
        "warnings": warnings,
    }


def test_other_running_session_is_kept_if_one_has_ended(api: Api, run: RunModule) -> None:
    api.expect(listing(ONE, {**TWO, **ENDED})._replace(headers=LATER))
    result = run({"created": CREATED, **UTC, "active": True})
    assert result["msg"] == NOT_TERMINATED + ANOTHER_SESSION


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (listing(ONE), STILL),
        (listing(), STILL),
        (
            listing(ONE, TWO)._replace(headers=LATER),
            NOT_TERMINATED + ANOTHER_SESSION,
        ),
    ],
)
def test_no_session_ends_if_undecided(api: Api, run: RunModule, call: Call, message: str) -> None:
    api.expect(call)
    expected = {"failed": True, "msg": message, "http_status": None, "error_code": None}
    assert run({"created": CREATED, **UTC}) == expected


def test_created_from_check_mode(api: Api, run: RunModule) -> None:
    api.expect(listing(ONE))
    created = {**CREATED, "opens_from": None, "opens_until": None}
    assert run({"created": created, **UTC}) == {"changed": False, "sessions": []}


# Options


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {},
            "Set at least one of these filters: id, session_id, user, credential, device, protocol, "
            "session_proxy, started_after, started_before, created.",
        ),
        (
            {"active": True, "timezone": "UTC"},
            "Set at least one of these filters: id, session_id, user, credential, device, protocol, "
            "session_proxy, started_after, started_before, created.",
        ),
        ({"user": "jdoe", "active": False}, "active must not be false: a session that has ended cannot be terminated."),
        ({"user": [""]}, "user must not be empty: remove it, or give a value."),
        ({"user": ["jdoe"], "id": []}, "id must not be empty: remove it, or give a value."),
        ({"user": ["jdoe"], "started_after": ""}, "started_after must not be empty: remove it, or give a value."),
    ],
)
def test_problems(api: Api, run: RunModule, options: dict[str, t.Any], text: str) -> None:
    assert run(options) == {"failed": True, "msg": NOTHING_SENT + text, "http_status": None, "error_code": None}
    assert api.requests == []


# Paths

PATHS = {
    "iso": ["/iso/session/drop"],
    "api": ["/api/pam/session/drop", "/api/session/drop"],
    "auto": ["/iso/session/drop", "/api/pam/session/drop", "/api/session/drop"],
}


@pytest.mark.parametrize("answer", [NO_RESOURCE, NO_ROUTE])
@pytest.mark.parametrize("prefix", PATHS)
def test_each_path_is_found_and_remembered(api: Api, prefix: str, answer: t.Any) -> None:
    for last, path in enumerate(PATHS[prefix]):
        hashes = ["01" * 20, "02" * 20]
        missing = (
            Call(f"{other}/{hashes[0]}", method="DELETE", status=404, body=answer) for other in PATHS[prefix][:last]
        )
        first = {"iso": "/iso", "api": "/api/pam", "auto": "/iso"}[prefix]
        api.expect(listing(ONE, TWO)._replace(path=f"{first}/session/remotesessions"), *missing)
        api.expect(*(DROP._replace(path=f"{path}/{each}") for each in hashes))
        client = connect({**REACH, "api_prefix": prefix, "timeout": 5.0, "retries": 0})
        assert terminate.terminate_sessions(client, {"user": ["jdoe"]})["changed"] is True


def test_next_path_needs_proof(api: Api) -> None:
    api.expect(listing(ONE), dropping(1, status=404, body=minimal(404, "Who knows")), getting(1, ONE))
    client = connect({**REACH, "api_prefix": "auto", "timeout": 5.0, "retries": 0})
    with pytest.raises(NotAllEnded) as error:
        terminate.terminate_sessions(client, {"user": ["jdoe"]})
    assert str(error.value) == (
        "1 of 1 sessions could not be terminated. Session 1 of jdoe on web01:22: "
        f"{TERMINATING}{responded('Who knows', 404)} Check that url points to PAM Core itself. "
        "The session was still active afterwards."
    )


# Over real connections


@pytest.mark.parametrize(
    ("fault", "ended", "expected"),
    [
        ("reset_after", True, True),
        ("truncated", True, True),
        ("gateway_504", False, TIMED_OUT),
        ("ends_before", True, False),
    ],
)
def test_outcome_matches_the_simulator(
    simulator: Simulator, vault: dict[str, t.Any], run: RunModule, fault: str, ended: bool, expected: t.Any
) -> None:
    simulator.state.sessions.clear()
    first, second = simulator.state.add_sessions(2, running=True)
    simulator.fault(f"DELETE */{first.session_id}", fault)
    reach = {name: value for name, value in vault.items() if name not in SESSION_FACTS}
    result = run({**dict.fromkeys(BEARER), **reach, "started_after": "2000-01-01"})
    if isinstance(expected, str):
        expected += RUNNING
    assert outcomes(result) == {1: expected, 2: True}
    assert (first.end is not None, second.end is not None) == (ended, True)
    assert [request.method for request in simulator.requests] == ["POST", "GET", "DELETE", "GET", "DELETE"]
