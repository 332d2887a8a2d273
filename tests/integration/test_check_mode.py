# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode requests no session, and verifies everything that can be verified without one."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.integration.conftest import reach
from tests.messages import CHECK_CLIENT, LOGGING_IN, LOOKUP_IN_CHECK_MODE, NOTHING_SENT, UNSENT, UNTRUSTED, responded

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play
    from tests.simulator import Simulator

BOTH = """
- name: By the task
  pamops.senhasegura.pam_remote_session:
    device: web01
  register: session
  ignore_errors: true
- name: What the task returned
  ansible.builtin.debug:
    var: session
- name: By the lookup
  ansible.builtin.debug:
    msg: "{{ query('pamops.senhasegura.pam_remote_session', 'web01', 'db01', field='all') }}"
  ignore_errors: true
"""
CERTIFICATE = (
    f"{UNSENT}{UNTRUSTED}unable to get local issuer certificate (set ca_path to the CA certificates to trust)."
)
REFUSED = f"{LOGGING_IN}{responded('Client authentication failed', 401)} {CHECK_CLIENT}"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("oauth2", [("POST", "/api/oauth2/token"), ("HEAD", "/")]),
        ("oauth1", [("HEAD", "/"), ("HEAD", "/")]),
        ("access_token", [("HEAD", "/"), ("HEAD", "/")]),
    ],
)
def test_no_session_is_requested(method: str, expected: list[tuple[str, str]], vault: Simulator, play: Play) -> None:
    before = len(vault.state.pending)
    played = play(BOTH, "--check", variables=reach(vault, method)).succeeded()
    assert [(request.method, request.path) for request in vault.requests] == expected
    assert not any("authorization" in request.headers for request in vault.requests)
    assert len(vault.state.pending) == before

    session = played.result("What the task returned")["session"]
    assert session["changed"]
    assert [session[name] for name in ("session_url", "token", "expires_at")] == [None, None, None]
    placeholders = {"session_url": f"{vault.url}/#check-mode", "token": "check-mode", "expires_at": None}
    made = played.result("By the lookup")["msg"]
    opens = [[each["created"].pop(name) for name in ("device", "opens_from", "opens_until")] for each in made]
    assert opens == [["web01", None, None], ["db01", None, None]]
    facts = {"user": "jdoe", "credential": "svc-admin", "protocol": "SSH", "remote_device": None, "remote_addr": None}
    assert made == [{**placeholders, "created": facts}] * 2
    assert set(played.warnings) == {LOOKUP_IN_CHECK_MODE}


def test_problems_fail(vault: Simulator, play: Play) -> None:
    wrong: dict[str, tuple[str, dict[str, t.Any], str]] = {
        "certificate at login": ("oauth2", {"ca_path": ""}, LOGGING_IN + CERTIFICATE),
        "secret": ("oauth2", {"client_secret": "not this one"}, REFUSED),
        "certificate with OAuth 1.0": ("oauth1", {"ca_path": ""}, f"Reaching PAM Core failed: {CERTIFICATE}"),
        "certificate with a token": ("access_token", {"ca_path": ""}, f"Reaching PAM Core failed: {CERTIFICATE}"),
        "options": (
            "access_token",
            {"protocol": ""},
            f"{NOTHING_SENT}protocol is missing or empty.",
        ),
    }
    tasks = "".join(
        f"""
- name: {name} by the task
  pamops.senhasegura.pam_remote_session:
    device: web01
  vars: {json.dumps(reach(vault, method, **more))}
  ignore_errors: true
- name: {name} by the lookup
  ansible.builtin.debug:
    msg: "{{{{ lookup('pamops.senhasegura.pam_remote_session', 'web01') }}}}"
  vars: {json.dumps(reach(vault, method, **more))}
  ignore_errors: true
"""
        for name, (method, more, _message) in wrong.items()
    )
    played = play(tasks, "--check").succeeded()
    for name, (_method, _more, message) in wrong.items():
        assert played.result(f"{name} by the task")["msg"] == message
        assert message in played.result(f"{name} by the lookup")["msg"]
    assert not any(request.json for request in vault.requests)


def test_check_mode_of_a_task(vault: Simulator, play: Play) -> None:
    """A lookup does not see check_mode of a task. Its documentation says so."""
    played = play(
        """
        - name: Not for real
          pamops.senhasegura.pam_remote_session:
            device: web01
          check_mode: true
          register: session
        - name: For real
          pamops.senhasegura.pam_remote_session:
            device: db01
          check_mode: false
          register: real_session
        - name: Show
          ansible.builtin.debug:
            msg: "{{ [session.token, real_session.token | length] }}"
        """,
        "--check",
        variables=reach(vault),
    ).succeeded()
    assert played.result("Show")["msg"] == [None, 64]
    assert [request.json["device"] for request in vault.requests if request.json] == ["db01"]
