# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task delegated to a host over SSH runs there, with the options of the controller."""

from __future__ import annotations

import json
import re
import socket
import sys
import typing as t
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.conftest import WRITE, Remote, leaks, reach, secrets_of
from tests.messages import CHECK_DEVICE, CREATING, MAY_EXIST, MUST_BE_PORT, NOT_VERIFIED, NOTHING_SENT, responded
from tests.ssh_server import script

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play
    from tests.simulator import Simulator

LOGIN, CREATE = "/api/oauth2/token", "/api/pam/remote/session"
SECRET = "senhasegura_client_secret"


@pytest.fixture
def inventory(remote: Remote) -> dict[str, t.Any]:
    """Two unreachable hosts, and the host to which tasks are delegated."""
    nowhere = {"ansible_connection": "ssh", "ansible_host": "localhost", "ansible_port": 1}
    return {"web01": nowhere, "db01": nowhere, "jump": remote.variables}


TASKS = f"""
- name: Get a session
  pamops.senhasegura.pam_remote_session:
    device: "{{{{ inventory_hostname }}}}"
  delegate_to: jump
  register: session
- name: Get sessions
  pamops.senhasegura.pam_remote_session:
    device: "{{{{ item }}}}"
  loop: [host001, nowhere]
  delegate_to: jump
  register: sessions
  ignore_errors: true
- name: {WRITE}
  ansible.builtin.copy:
    content: "{{{{ [session, sessions.results] | to_json }}}}"
    dest: "{{{{ output }}}}/{{{{ inventory_hostname }}}}"
    mode: "0600"
  delegate_to: localhost
  no_log: true
"""


def test_validate_certs_false_warns(vault: Simulator, play: Play, remote: Remote, inventory: dict[str, t.Any]) -> None:
    """Once per run, although the results with the module's own warning are hidden."""
    tasks = """
    - pamops.senhasegura.pam_remote_session: {device: web01}
      delegate_to: jump
      loop: [1, 2]
    """
    variables = reach(vault, ca_path=None, validate_certs=False)
    played = play(
        tasks, hosts=["web01", "db01"], inventory=inventory, variables=variables, environment=remote.environment
    ).succeeded()
    assert played.warnings == [NOT_VERIFIED]


@pytest.mark.parametrize(("pipelining", "hosts"), [("false", ["web01"]), ("true", ["web01", "db01"])])
def test_module_runs_there_and_its_result_is_hidden(
    pipelining: str,
    hosts: list[str],
    vault: Simulator,
    play: Play,
    remote: Remote,
    inventory: dict[str, t.Any],
    tmp_path: Path,
) -> None:
    """With options from variables, and from the environment and ansible.cfg of the controller."""
    variables = {name: value for name, value in reach(vault).items() if name not in ("senhasegura_url", SECRET)}
    played = play(
        TASKS,
        "-vvvv",
        hosts=hosts,
        inventory=inventory,
        variables={**variables, "output": str(tmp_path)},
        environment={
            **remote.environment,
            "ANSIBLE_PIPELINING": pipelining,
            "SENHASEGURA_CLIENT_SECRET": vault.credentials["oauth2"]["client_secret"],
        },
        config=f"[senhasegura]\nurl = {vault.url}\n",
    ).succeeded()

    # Each host has one task and two items. Each of them is a process on the remote host, and logs in.
    tasks = 3 * len(hosts)
    assert Counter(request.path for request in vault.requests) == {LOGIN: tasks, CREATE: tasks}
    seen = remote.seen()
    assert len(re.findall(r"^from 127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+$", seen, re.MULTILINE)) >= tasks
    assert not [secret for secrets in secrets_of(vault).values() for secret in secrets if secret in seen]
    assert not leaks(vault, played)
    refused = f"{CREATING}{responded('Device not found', 400)} {CHECK_DEVICE}"
    assert refused in played.output.replace('\\"', '"')

    for host in hosts:
        session, (of_item, failed) = json.loads((tmp_path / host).read_text(encoding="utf-8"))
        pending = {known.token: known for known in vault.state.pending.values()}
        assert pending[session["token"]].device.hostname == host
        assert pending[of_item["token"]].sr in of_item["session_url"]
        assert (failed["failed"], failed["http_status"], failed["session_may_exist"]) == (True, 400, False)
        assert "invocation" not in str([session, of_item, failed])


def test_check_mode_and_failures_there(
    vault: Simulator, play: Play, remote: Remote, inventory: dict[str, t.Any], tmp_path: Path
) -> None:
    bare = script(tmp_path / "bare", f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    dying = script(tmp_path / "dying", f'#!/bin/sh\n"{sys.executable}" "$@" >/dev/null\nexit 137\n')
    played = play(
        """
        - name: In check mode
          pamops.senhasegura.pam_remote_session:
            device: web01
          delegate_to: jump
          check_mode: true
          register: session
        - name: Show
          ansible.builtin.debug:
            var: session
        - name: With a wrong option
          pamops.senhasegura.pam_remote_session:
            device: web01
            port: 0
          delegate_to: jump
          ignore_errors: true
        - name: With a file that is on the controller only
          pamops.senhasegura.pam_remote_session:
            device: web01
            ca_path: /nonexistent/ca.pem
          delegate_to: jump
          ignore_errors: true
        - name: Without requests
          pamops.senhasegura.pam_remote_session:
            device: web01
          delegate_to: bare
          ignore_errors: true
        - name: Where it dies before it can answer
          pamops.senhasegura.pam_remote_session:
            device: web01
          delegate_to: dying
          ignore_errors: true
        - name: To where nobody is
          pamops.senhasegura.pam_remote_session:
            device: web01
          delegate_to: db01
          ignore_unreachable: true
        - name: To this machine
          pamops.senhasegura.pam_remote_session:
            device: web01
          delegate_to: localhost
        """,
        "-vvvv",
        hosts="web01",
        inventory={
            **inventory,
            "bare": {**remote.variables, "ansible_python_interpreter": bare},
            "dying": {**remote.variables, "ansible_python_interpreter": dying},
        },
        variables=reach(vault),
        environment={**remote.environment, "ANSIBLE_PIPELINING": "true"},
    ).succeeded()
    # From the first task, the one that dies, and the last one.
    assert [request.path for request in vault.requests] == [LOGIN, LOGIN, CREATE, LOGIN, CREATE]
    assert not leaks(vault, played)

    session = played.result("Show")["session"]
    assert [session[name] for name in ("changed", "session_url", "token")] == [True, None, None]
    assert played.result("With a wrong option")["msg"] == f"{NOTHING_SENT}port {MUST_BE_PORT}0."
    assert played.result("With a file that is on the controller only")["msg"] == (
        "No certificates could be read from /nonexistent/ca.pem (ca_path): No such file or directory."
    )
    assert played.result("Without requests")["msg"].startswith(
        f"Failed to import the required Python library (requests) on {socket.gethostname()}'s Python "
    )
    died = played.result("Where it dies before it can answer")
    assert died["msg"].endswith(MAY_EXIST)
    assert (died["http_status"], died["error_code"], died["session_may_exist"]) == (None, None, True)
    assert played.result("To where nobody is")["unreachable"]


# Runs the module, and then exits as ssh does after a broken connection.
BREAKING = """\
#!/bin/sh
echo ran >> {folder}/seen-$$
"{python}" "$@" >/dev/null
exit 255
"""

# Fails to connect the first time, and runs ssh after that.
LATE_SSH = """\
#!/bin/sh
if mkdir {folder}/tried 2>/dev/null; then
  echo "Connection reset by peer" >&2
  exit 255
fi
exec ssh "$@"
"""


@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_module_is_not_repeated_after_a_broken_connection(
    pipelining: str, vault: Simulator, play: Play, remote: Remote, inventory: dict[str, t.Any]
) -> None:
    """Core retries the connection as configured. But ssh also exits with 255 if the connection breaks later."""
    breaking = script(remote.folder / "breaking", BREAKING.format(folder=remote.folder, python=sys.executable))
    ssh = script(remote.folder / "late_ssh", LATE_SSH.format(folder=remote.folder))
    played = play(
        """
        - name: Get a session
          pamops.senhasegura.pam_remote_session:
            device: web01
          delegate_to: breaking
          ignore_unreachable: true
        - name: In check mode
          pamops.senhasegura.pam_remote_session:
            device: web01
          delegate_to: breaking
          check_mode: true
          ignore_unreachable: true
        - name: Do something else there
          ansible.builtin.command: "true"
          delegate_to: breaking
          ignore_unreachable: true
        """,
        hosts="web01",
        inventory={**inventory, "breaking": {**remote.variables, "ansible_python_interpreter": breaking}},
        variables=reach(vault),
        environment={
            **remote.environment,
            "ANSIBLE_PIPELINING": pipelining,
            "ANSIBLE_SSH_RETRIES": "2",
            "ANSIBLE_SSH_EXECUTABLE": ssh,
        },
    ).succeeded()
    assert [request.path for request in vault.requests] == [LOGIN, CREATE, LOGIN]
    broken, checked = played.result("Get a session"), played.result("In check mode")
    assert broken["unreachable"] and checked["unreachable"]
    unknown = f" It is unknown whether the module had started. {MAY_EXIST}"
    assert broken["msg"].endswith(unknown)
    assert "may exist" not in checked["msg"]
    # Core repeats modules that are not ours.
    assert remote.seen().count("ran") == 1 + 1 + 3


def test_sessions_are_found_and_terminated_there(
    vault: Simulator, play: Play, remote: Remote, inventory: dict[str, t.Any]
) -> None:
    """Results are visible, except for secrets. An unknown outcome is reported."""
    vault.state.sessions.clear()
    first, second, third = vault.state.add_sessions(3, running=True, user="jdoe", device="web01")
    vault.fault(f"DELETE */{second.session_id}", "unexpected_error")
    dying = script(remote.folder / "dying", f'#!/bin/sh\n"{sys.executable}" "$@" >/dev/null\nexit 137\n')
    played = play(
        """
        - name: Find
          pamops.senhasegura.pam_remote_session_info:
            device: [web01, 192.0.2.20]
            active: true
            started_after: "2000-01-01T00:00:00Z"
          delegate_to: jump
          register: found
        - name: Look for what would end
          pamops.senhasegura.pam_remote_session_terminate:
            user: jdoe
          delegate_to: jump
          check_mode: true
        - name: End
          pamops.senhasegura.pam_remote_session_terminate:
            session_id: "{{ item.session_id }}"
          loop: "{{ found.sessions[:2] }}"
          loop_control:
            label: "{{ item.id }}"
          delegate_to: jump
          ignore_errors: true
        - name: Where it dies before it can answer
          pamops.senhasegura.pam_remote_session_terminate:
            id: "{{ found.sessions[2].id }}"
          delegate_to: dying
          ignore_errors: true
        """,
        "-vvv",
        hosts="web01",
        inventory={**inventory, "dying": {**remote.variables, "ansible_python_interpreter": dying}},
        variables=reach(vault, timezone="-03:00"),
        environment={**remote.environment, "ANSIBLE_PIPELINING": "true"},
    ).succeeded()
    found = played.result("Find")
    assert [session["id"] for session in found["sessions"]] == [1, 2, 3]
    assert all(session["start"].endswith("-03:00") for session in found["sessions"])
    would_end = played.result("Look for what would end")
    assert (would_end["changed"], len(would_end["sessions"])) == (True, 3)
    ended, failed = played.result("End")["results"]
    assert (ended["changed"], ended["sessions"][0]["terminated"]) == (True, True)
    assert failed["msg"].startswith(
        "1 of 1 sessions could not be terminated. Session 2 of jdoe on 192.0.2.20:22: Terminating the "
    )
    assert (failed["changed"], failed["sessions"][0]["terminated"]) == (False, False)
    died = played.result("Where it dies before it can answer")
    assert died["msg"].endswith("Sessions may have been terminated. List them to find out.")
    assert "session_may_exist" not in died
    assert [session.end is None for session in (first, second, third)] == [False, True, False]
    assert not [secret for secrets in secrets_of(vault).values() for secret in secrets if secret in remote.seen()]
    assert not leaks(vault, played)
