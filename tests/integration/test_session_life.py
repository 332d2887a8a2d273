# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions are found and terminated on every version and with every login method. An undecided case is reported."""

from __future__ import annotations

import re
import time
import typing as t
from collections import Counter
from datetime import timedelta

import pytest

from tests.integration.conftest import leaks, reach
from tests.messages import (
    ANOTHER_SESSION,
    LISTING,
    LOST,
    NO_TIME,
    NONE_MATCHES,
    NOT_TERMINATED,
    PAM_CORE_ERROR,
    TERMINATING,
    responded,
)
from tests.simulator import Simulator

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Vault
    from tests.simulator.state import SessionRecord

LOGIN, LIST, DROP = "/api/oauth2/token", "/api/pam/session/remotesessions", "/api/pam/session/drop"

LIFE = """
- name: Find
  pamops.senhasegura.pam_remote_session_info:
    user: jdoe
    active: true
- name: Find by the lookup
  ansible.builtin.debug:
    msg: "{{ query('pamops.senhasegura.pam_remote_session_info', 'web01', '192.0.2.20', active=true) }}"
- name: Find one
  pamops.senhasegura.pam_remote_session_info:
    id: 1
- name: End
  pamops.senhasegura.pam_remote_session_terminate:
    user: jdoe
"""


@pytest.fixture
def empty_vaults(vaults: Vault) -> Vault:
    """Vaults without sessions of other tests."""

    def get(profile: str = "4.0", strict: bool = True) -> Simulator:
        simulator = vaults(profile, strict)
        simulator.state.sessions.clear()
        return simulator

    return get


@pytest.fixture
def vault(empty_vaults: Vault) -> Simulator:
    return empty_vaults()


def running(vault: Simulator) -> list[int]:
    return [session.id for session in vault.state.active_sessions()]


@pytest.mark.parametrize("method", ["oauth2", "oauth1", "access_token"])
@pytest.mark.parametrize(
    ("profile", "strict", "prefix", "paths"),
    [
        # In the documentation of 3.32, the list has another prefix than the other paths.
        ("3.32", True, "iso", ["/iso/session/remotesessions", "/api/session/remotesessions", "/iso/session/drop"]),
        ("3.33", True, "api", [LIST, DROP]),
        ("4.0", True, "api", [LIST, DROP]),
        ("4.2", True, "api", [LIST, "/api/session/remotesessions", DROP]),
        (
            "4.2",
            True,
            "auto",
            ["/iso/session/remotesessions", "/api/session/remotesessions", "/iso/session/drop", DROP],
        ),
        ("4.0", False, "iso", ["/iso/session/remotesessions", "/iso/session/drop"]),
        ("4.0", False, "auto", ["/iso/session/remotesessions", "/iso/session/drop"]),
    ],
)
def test_all_versions_and_login_methods(
    profile: str, strict: bool, prefix: str, paths: list[str], method: str, empty_vaults: Vault, play: Play
) -> None:
    vault = empty_vaults(profile, strict)
    vault.state.add_sessions(1, running=True, user="jdoe", device="web01")
    vault.state.add_sessions(1, running=True, user="asmith", device="db01")
    vault.state.add_sessions(1, user="jdoe", device="web01")
    played = play(LIFE, variables=reach(vault, method, api_prefix=prefix)).succeeded()
    assert [session["id"] for session in played.result("Find")["sessions"]] == [1]
    assert [session["id"] for session in played.result("Find by the lookup")["msg"]] == [1]
    assert [session["device"] for session in played.result("Find one")["sessions"]] == ["192.0.2.20:22"]
    ended = played.result("End")
    assert (ended["changed"], [session["terminated"] for session in ended["sessions"]]) == (True, [True])
    assert running(vault) == [2]
    used = [re.sub(r"/(\d+|[0-9a-f]{40})$", "", request.path) for request in vault.requests]
    assert [path for path in dict.fromkeys(used) if "oauth2" not in path] == paths
    assert not played.warnings
    assert not leaks(vault, played)


def test_all_tasks_of_a_run_share_one_login(vault: Simulator, play: Play) -> None:
    vault.state.add_sessions(3, running=True, user="jdoe", device="web01")
    play(
        """
        - name: End them one by one
          pamops.senhasegura.pam_remote_session_terminate:
            id: "{{ item }}"
          loop: [1, 2, 3]
        - name: See what is left
          ansible.builtin.assert:
            that: query('pamops.senhasegura.pam_remote_session_info', user='jdoe', active=true) == []
        """,
        variables=reach(vault),
    ).succeeded()
    assert Counter((request.method, request.path.rpartition("/")[0]) for request in vault.requests) == {
        ("POST", "/api/oauth2"): 1,
        ("GET", LIST): 3,
        ("DELETE", DROP): 3,
        ("GET", "/api/pam/session"): 1,
    }
    assert running(vault) == []


def test_one_task_terminates_several_sessions(vault: Simulator, play: Play) -> None:
    """One session fails to end, and one ends in the meantime. The task fails, and the others end."""
    sessions = vault.state.add_sessions(4, running=True, user="jdoe", device="web01")
    vault.fault(f"DELETE */{sessions[1].session_id}", "unexpected_error")
    vault.fault(f"DELETE */{sessions[2].session_id}", "ends_before")
    played = play(
        """
        - name: End
          pamops.senhasegura.pam_remote_session_terminate:
            user: jdoe
        """,
        variables=reach(vault),
    )
    assert played.code == 2
    result = played.result("End")
    assert [session["terminated"] for session in result["sessions"]] == [True, False, False, True]
    assert ["reason" in session for session in result["sessions"]] == [False, True, False, False]
    assert result["changed"] is True
    assert result["msg"] == (
        f"1 of 4 sessions could not be terminated. Session 2 of jdoe on 192.0.2.20:22: {TERMINATING}"
        f"{responded('Unexpected error', 500)} {PAM_CORE_ERROR} The session was still active afterwards."
    )
    assert running(vault) == [2]


def test_check_mode_lists_the_sessions_that_would_end(vault: Simulator, play: Play) -> None:
    vault.state.add_sessions(2, running=True, user="jdoe", device="web01")
    played = play(LIFE, "--check", variables=reach(vault)).succeeded()
    ended = played.result("End")
    assert (ended["changed"], [session["terminated"] for session in ended["sessions"]]) == (True, [True, True])
    assert running(vault) == [1, 2]
    assert "DELETE" not in {request.method for request in vault.requests}


@pytest.mark.parametrize("fault", [{"name": "slow", "delay": 30}, {"name": "dribble", "delay": 0.1, "chunk": 8}])
def test_slow_list_respects_the_timeout(fault: dict[str, t.Any], vault: Simulator, play: Play) -> None:
    vault.state.add_sessions(50, user="jdoe", device="web01")
    vault.fault(LIST, fault, times=None)
    start = time.monotonic()
    played = play(LIFE, variables=reach(vault, timeout=2))
    assert time.monotonic() - start < 25
    assert played.result("Find")["msg"] == f"{LISTING}{LOST}{NO_TIME}"


SHAPES = ["nested_envelope", "portuguese", "capital_message", "no_tenant", "uuid_session_ids"]


@pytest.mark.parametrize("fault", SHAPES)
@pytest.mark.parametrize("profile", ["3.32", "4.0"])
def test_differences_between_versions_and_documentation(
    fault: str, profile: str, empty_vaults: Vault, play: Play
) -> None:
    vault = empty_vaults(profile)
    vault.state.add_sessions(2, running=True, user="jdoe", device="web01")
    vault.fault("*", fault, times=None)
    played = play(LIFE, variables=reach(vault)).succeeded()
    assert [session["id"] for session in played.result("Find")["sessions"]] == [1, 2]
    assert [session["prevent_purge"] for session in played.result("Find")["sessions"]] == [False, False]
    assert running(vault) == []


def test_single_session_is_not_in_a_list(vault: Simulator, play: Play) -> None:
    vault.state.add_sessions(1, running=True, user="jdoe", device="web01")
    vault.fault("*", "session_as_object", times=None)
    play(LIFE, variables=reach(vault)).succeeded()
    assert running(vault) == []


# From a URL to its session

OPEN = """
- name: Get a session
  pamops.senhasegura.pam_remote_session:
    device: web01
  register: session
- name: Open it
  ansible.builtin.uri:
    url: "{{ session.session_url }}"
    ca_path: "{{ senhasegura_ca_path }}"
  no_log: true
  when: opened | default(true)
"""
FIND = """
- name: Find it
  pamops.senhasegura.pam_remote_session_info:
    created: "{{ session.created }}"
    device: [web01, 192.0.2.20]
    wait: true
    wait_timeout: "{{ patience | default(1) }}"
  register: found
"""
LATER = """
- name: Let time pass
  ansible.builtin.uri:
    url: "{{ senhasegura_url }}/_simulator/clock"
    ca_path: "{{ senhasegura_ca_path }}"
    method: POST
    body_format: json
    body:
      advance: "{{ seconds | default(60) | int }}"
"""
END = """
- name: End it
  pamops.senhasegura.pam_remote_session_terminate:
    created: "{{ session.created }}"
    device: [web01, 192.0.2.20]
"""


@pytest.fixture
def brazilian() -> t.Iterator[Simulator]:
    """A vault of the latest version, with times three hours behind UTC."""
    with Simulator(profile="4.2", data=_data(utc_offset="-03:00")) as simulator:
        yield simulator


def _data(**settings: t.Any) -> dict[str, t.Any]:
    everything = {"resources": ["PAM Core", "Web Proxy Session"], "permission": "read-write"}
    return {
        "settings": settings,
        "applications": {"portal": {"authorizations": {"full": everything}}},
        "users": [{"username": "jdoe"}],
        "devices": [{"hostname": "web01", "ip": "192.0.2.20", "connectivities": "SSH:22"}],
        "credentials": [{"username": "root", "device": "web01"}],
    }


def of_brazil(vault: Simulator, **more: t.Any) -> dict[str, t.Any]:
    return reach(vault, "access_token", api_prefix="auto", timezone="America/Sao_Paulo", **more)


def test_session_opened_by_a_url(brazilian: Simulator, play: Play) -> None:
    """A minute later by PAM Core's clock, which differs from the clock of this machine."""
    brazilian.clock.advance(7200)
    played = play(OPEN + FIND + LATER + FIND + END, variables=of_brazil(brazilian)).succeeded()
    early, found = played.results("Find it")
    assert (len(early["sessions"]), early["decided"]) == (1, False)
    assert (len(found["sessions"]), found["decided"], found["reason"]) == (1, True, None)
    assert found["sessions"][0]["start"].endswith("-03:00")
    assert [session["terminated"] for session in played.result("End it")["sessions"]] == [True]
    assert running(brazilian) == []


def test_wait_until_the_session_is_identified(brazilian: Simulator, play: Play) -> None:
    """In real time, until the URL has expired by PAM Core's clock."""
    variables = {**of_brazil(brazilian), "patience": 60, "seconds": 26}
    start = time.monotonic()
    played = play(OPEN + LATER + FIND, variables=variables).succeeded()
    found = played.result("Find it")
    assert (len(found["sessions"]), found["decided"]) == (1, True)
    assert time.monotonic() - start > 8
    assert Counter(request.path for request in brazilian.requests)["/iso/session/remotesessions"] == 2


def _another(session: SessionRecord, vault: Simulator, **changes: t.Any) -> None:
    [other] = vault.state.add_sessions(1, running=True, device="web01", credential="root", **changes)
    other.start = session.start - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("changes", "found", "decided"),
    [
        ({"user": "asmith"}, 1, True),
        ({"user": "jdoe"}, 2, False),
        ({"user": "jdoe", "origin_ip": "127.0.0.1"}, 2, False),
        ({"user": "jdoe", "proxy": "Terminal Proxy"}, 1, True),
    ],
)
def test_two_users_on_the_same_device(
    changes: dict[str, str], found: int, decided: bool, brazilian: Simulator, play: Play
) -> None:
    """Different users distinguish the sessions. With the same user, no session can be identified, and none is
    terminated."""
    told = play(
        OPEN + "\n- name: Show\n  ansible.builtin.debug:\n    var: session.created\n", variables=of_brazil(brazilian)
    )
    created = told.succeeded().result("Show")["session.created"]
    _another(brazilian.state.sessions[0], brazilian, **changes)
    brazilian.clock.advance(60)
    variables = {**of_brazil(brazilian), "session": {"created": created}}
    played = play(FIND + END, variables=variables)
    result = played.result("Find it")
    assert (len(result["sessions"]), result["decided"]) == (found, decided)
    assert running(brazilian) == ([2] if decided else [1, 2])
    if not decided:
        assert result["reason"] == ANOTHER_SESSION
        assert played.result("End it")["msg"] == NOT_TERMINATED + result["reason"]


def test_unopened_url(brazilian: Simulator, play: Play) -> None:
    brazilian.state.add_sessions(1, running=True, user="jdoe", device="web01", credential="root")
    brazilian.state.sessions[0].start -= timedelta(minutes=10)
    variables = {**of_brazil(brazilian), "opened": False}
    played = play(OPEN + LATER + FIND + END, variables=variables).succeeded()
    result = played.result("Find it")
    assert (result["sessions"], result["decided"]) == ([], False)
    assert result["reason"] == NONE_MATCHES
    ended = played.result("End it")
    assert (ended["changed"], ended["sessions"]) == (False, [])
    assert played.warnings == [NOT_TERMINATED + NONE_MATCHES]
    assert running(brazilian) == [1]


def test_whole_result_given_by_mistake_is_hidden(vault: Simulator, play: Play) -> None:
    played = play(
        OPEN
        + """
- name: Find it
  pamops.senhasegura.pam_remote_session_info:
    created: "{{ session }}"
  ignore_errors: true
""",
        "-vvv",
        variables={**reach(vault, timezone="UTC"), "opened": False},
    ).succeeded()
    assert "Unknown option: created." in played.result("Find it")["msg"]
    assert not leaks(vault, played, "Open it")
