# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No output and no callback shows a secret or a session, even without no_log. The registered variables have them
all."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest
from ansible.release import __version__ as core

from tests.integration.conftest import CHECKOUT, WRITE, leaks, reach
from tests.messages import CHECK_DEVICE, CREATING, PAM_CORE_ERROR, responded

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play
    from tests.simulator import Simulator

CREATE = "/api/pam/remote/session"

TASKS = f"""
- name: Single
  pamops.senhasegura.pam_remote_session:
    device: web01
  register: single

- name: Loop
  pamops.senhasegura.pam_remote_session:
    device: "{{{{ item }}}}"
  loop: [web01, db01]
  register: by_loop

- name: Loop with a failure
  pamops.senhasegura.pam_remote_session:
    device: "{{{{ item }}}}"
  loop: [web01, nowhere, db01]
  register: loop_with_failure
  ignore_errors: true

- name: Until
  pamops.senhasegura.pam_remote_session:
    device: web01
  register: by_until
  until: by_until is success
  retries: 4
  delay: 0

- name: Until in a loop
  pamops.senhasegura.pam_remote_session:
    device: "{{{{ item }}}}"
  loop: [web01, db01]
  register: until_in_loop
  until: until_in_loop.token[:2] != 'zz'
  retries: 2
  delay: 0

- name: Until it has failed in vain
  pamops.senhasegura.pam_remote_session:
    device: web01
  register: until_in_vain
  until: until_in_vain.token == 'never'
  retries: 2
  delay: 0
  ignore_errors: true

- name: Failure that is ignored
  pamops.senhasegura.pam_remote_session:
    device: nowhere
  ignore_errors: true

- name: Success after it
  pamops.senhasegura.pam_remote_session:
    device: web01
  register: after_ignored

- name: Block
  block:
    - name: Success before a failure
      pamops.senhasegura.pam_remote_session:
        device: web01
      register: before_failure

    - name: Success that is declared a failure
      pamops.senhasegura.pam_remote_session:
        device: web01
      register: declared_failed
      failed_when: true

  rescue:
    - name: Success in a rescue
      pamops.senhasegura.pam_remote_session:
        device: web01
      register: in_rescue

- name: {WRITE}
  ansible.builtin.copy:
    content: "{{{{ registered | to_json }}}}"
    dest: "{{{{ output }}}}"
    mode: "0600"
  no_log: true
  vars:
    registered:
      - "{{{{ single }}}}"
      - "{{{{ by_loop }}}}"
      - "{{{{ loop_with_failure }}}}"
      - "{{{{ by_until }}}}"
      - "{{{{ until_in_loop }}}}"
      - "{{{{ until_in_vain }}}}"
      - "{{{{ after_ignored }}}}"
      - "{{{{ before_failure }}}}"
      - "{{{{ declared_failed }}}}"
      - "{{{{ in_rescue }}}}"
"""


@pytest.mark.parametrize("method", ["oauth2", "oauth1", "access_token"])
def test_output_is_hidden_and_results_are_registered(method: str, vault: Simulator, play: Play, tmp_path: Path) -> None:
    # The requests of the tasks before "Until", and its three tries.
    for fault, times in (("no_tenant", 6), ("unexpected_error", 3)):
        vault.fault(CREATE, fault, times)
    played = play(TASKS, "-vvv", variables=reach(vault, method, output=None) | {"output": str(tmp_path / "registered")})
    played.succeeded()
    assert not leaks(vault, played)

    registered = (tmp_path / "registered").read_text(encoding="utf-8")
    made = [pending for pending in vault.state.pending.values() if pending.token in registered]
    # One for each task and item that succeeded. Of several tries, only the last one counts.
    assert len(made) == 1 + 2 + 2 + 1 + 2 + 1 + 1 + 1 + 1 + 1
    assert all(pending.sr in registered for pending in made)

    retries = [event for event in played.events if event["event"] == "v2_runner_retry"]
    assert len(retries) == 3 + 2  # of "Until", and of "Until it has failed in vain"
    for sentence in (
        f"{CREATING}{responded('Unexpected error', 500)} {PAM_CORE_ERROR}",
        f"{CREATING}{responded('Device not found', 400)} {CHECK_DEVICE}",
    ):
        assert sentence in played.output.replace('\\"', '"')


def test_echoed_secrets_are_not_shown(vault: Simulator, play: Play) -> None:
    """A server may repeat its request."""
    vault.fault("*", "echo_secret", times=1)  # the login
    vault.fault(CREATE, "echo_authorization", times=None)
    variables = reach(vault) | {f"my_{name}": value for name, value in vault.credentials["oauth1"].items()}
    played = play(
        """
        - name: By OAuth 2.0, without a login, which the run does not remember
          pamops.senhasegura.pam_remote_session:
            device: web01
            token_cache: false
          ignore_errors: true
        - name: By OAuth 2.0
          pamops.senhasegura.pam_remote_session:
            device: web01
          ignore_errors: true
        - name: By OAuth 1.0
          pamops.senhasegura.pam_remote_session:
            device: web01
          ignore_errors: true
          vars:
            senhasegura_auth_method: oauth1
            senhasegura_consumer_key: "{{ my_consumer_key }}"
            senhasegura_consumer_secret: "{{ my_consumer_secret }}"
            senhasegura_token_key: "{{ my_token_key }}"
            senhasegura_token_secret: "{{ my_token_secret }}"
        - name: By the lookup
          ansible.builtin.debug:
            msg: "{{ lookup('pamops.senhasegura.pam_remote_session', 'web01') }}"
          ignore_errors: true
        """,
        "-vvv",
        variables=variables,
    ).succeeded()
    assert not leaks(vault, played)
    assert played.output.count("Request refused: ") >= 4
    assert {request.fault for request in vault.requests} == {"echo_secret", "echo_authorization", None}


@pytest.mark.parametrize("method", ["oauth2", "oauth1", "access_token"])
def test_secret_arguments_are_hidden_from_callbacks(method: str, vault: Simulator, play: Play) -> None:
    """ansible-core gives callbacks the arguments of a task. Each try of "until" needs them again."""
    vault.fault(CREATE, "unexpected_error", times=2)
    known = vault.credentials[method]
    secrets = known if isinstance(known, dict) else {method: known}
    arguments = "".join(f"            {name}: '{{{{ my_{name} }}}}'\n" for name in secrets)
    played = play(
        f"""
        - name: Until
          pamops.senhasegura.pam_remote_session:
            device: web01
{arguments}
          register: session
          until: session is success
          retries: 4
          delay: 0
        - name: Loop with a failure
          pamops.senhasegura.pam_remote_session:
            device: "{{{{ item }}}}"
{arguments}
          loop: [web01, nowhere]
          ignore_errors: true
        """,
        "-vvv",
        variables=reach(vault, None) | {f"my_{name}": value for name, value in secrets.items()},
    ).succeeded()
    assert not leaks(vault, played)
    assert [request.status for request in vault.requests if request.path == CREATE] == [500, 500, 200, 200, 400]
    failures = [event for event in played.events if event["event"] == "v2_runner_on_failed"]
    assert any(
        f"{{{{ my_{list(secrets)[-1]} }}}}" in str(event) for event in failures
    )  # the reference replaces the secret


@pytest.mark.parametrize("keyword", ["environment", "module_defaults"])
def test_secrets_in_keywords_are_hidden_from_callbacks(keyword: str, vault: Simulator, play: Play) -> None:
    """ansible-core gives callbacks all keywords of a task, with their values. Each try of "until" needs them again."""
    vault.fault(CREATE, "unexpected_error", times=2)
    known = vault.credentials["oauth2"]
    given = {
        "environment": "".join(f"            SENHASEGURA_{name.upper()}: '{{{{ my_{name} }}}}'\n" for name in known),
        "module_defaults": "            pamops.senhasegura.pam_remote_session:\n"
        + "".join(f"              {name}: '{{{{ my_{name} }}}}'\n" for name in known),
    }
    played = play(
        f"""
        - name: Until
          pamops.senhasegura.pam_remote_session:
            device: web01
          {keyword}:
{given[keyword]}
          register: session
          until: session is success
          retries: 4
          delay: 0
        """,
        "-vvv",
        variables=reach(vault, None) | {f"my_{name}": value for name, value in known.items()},
    ).succeeded()
    assert not leaks(vault, played)
    assert [request.status for request in vault.requests if request.path == CREATE] == [500, 500, 200]


def test_no_log_on_the_task_is_needed(vault: Simulator, play: Play, tmp_path: Path) -> None:
    """And the tests above would fail without it.

    From ansible-core 2.19 on, no_log on a result also applies to the results of a loop."""
    copy = tmp_path / "ansible_collections" / "pamops" / "senhasegura"
    for folder in ("plugins", "meta"):
        shutil.copytree(CHECKOUT / folder, copy / folder)
    action = copy / "plugins" / "plugin_utils" / "_action.py"
    code = action.read_text(encoding="utf-8")
    broken = code.replace("        self._task.no_log = True\n", "")
    assert broken != code
    action.write_text(broken, encoding="utf-8")
    played = play(
        """
        - name: Loop
          pamops.senhasegura.pam_remote_session:
            device: "{{ item }}"
          loop: [web01, db01]
        """,
        "-vvv",
        variables=reach(vault),
        environment={"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)},
    ).succeeded()
    seen = {"session URL in v2_runner_on_ok", "session token in v2_runner_on_ok"} & leaks(vault, played)
    assert len(seen) == (2 if tuple(int(part) for part in core.split(".")[:2]) < (2, 19) else 0)
