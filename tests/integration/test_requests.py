# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests and connections a run needs."""

from __future__ import annotations

import typing as t
from collections import Counter

import pytest

from tests.integration.conftest import reach

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Vault
    from tests.simulator import Simulator

LOGIN = "/api/oauth2/token"
CREATE = "/api/pam/remote/session"
FOR_ALL_HOSTS = """
- name: Get a session on each host
  pamops.senhasegura.pam_remote_session:
    device: "{{ inventory_hostname }}"
"""


def hosts(count: int) -> dict[str, dict[str, t.Any]]:
    """Hosts that are registered in the simulator. A connection to them would fail."""
    unreachable = {"ansible_connection": "ssh", "ansible_host": "localhost", "ansible_port": 1}
    return {f"host{number:03}": unreachable for number in range(1, count + 1)}


def paths(vault: Simulator) -> Counter[str]:
    return Counter(request.path for request in vault.requests)


def test_loop_has_one_login_and_a_connection_per_request(vault: Simulator, play: Play) -> None:
    play(
        """
        - name: Get twenty sessions
          pamops.senhasegura.pam_remote_session:
            device: "{{ 'host%03d' % item }}"
          loop: "{{ range(1, 21) | list }}"
        """,
        variables=reach(vault),
    ).succeeded()
    assert [request.path for request in vault.requests] == [LOGIN] + 20 * [CREATE]
    assert [request.json["device"] for request in vault.requests[1:]] == [f"host{number:03}" for number in range(1, 21)]
    assert vault.connections == 21


def test_hundred_hosts_share_one_login(vault: Simulator, play: Play) -> None:
    """And Ansible does not connect to any of them."""
    play(FOR_ALL_HOSTS, "--forks=10", variables=reach(vault), inventory=hosts(100)).succeeded()
    assert vault.requests[0].path == LOGIN
    assert paths(vault) == {LOGIN: 1, CREATE: 100}
    assert {request.json["device"] for request in vault.requests[1:]} == set(hosts(100))
    assert {request.status for request in vault.requests} == {200}


def test_no_connection_to_a_network_device(vault: Simulator, play: Play) -> None:
    inventory = {"web01": {"ansible_connection": "persistent"}}
    played = play(
        FOR_ALL_HOSTS
        + """
- name: Use the connection
  ansible.builtin.command: "true"
  ignore_errors: true
""",
        variables=reach(vault),
        inventory=inventory,
    )
    assert played.results("Get a session on each host")[0]["changed"], played.output
    assert [request.path for request in vault.requests] == [LOGIN, CREATE]
    assert "ignored=1" in played.output  # the other task


@pytest.mark.parametrize(
    ("version", "method", "expected"),
    [
        ("3.32", "oauth2", {"/iso/oauth2/token": 1, "/iso/remote/session": 10}),
        ("4.0", "oauth2", {"/iso/oauth2/token": 1, LOGIN: 1, "/iso/remote/session": 1, CREATE: 10}),
        ("4.0", "oauth1", {"/iso/remote/session": 1, CREATE: 10}),
        ("4.0", "access_token", {"/iso/remote/session": 1, CREATE: 10}),
        ("4.2", "oauth2", {"/iso/oauth2/token": 1, LOGIN: 1, "/iso/remote/session": 10}),
    ],
)
def test_auto_probes_each_missing_path_once_per_run(
    version: str, method: str, expected: dict[str, int], vaults: Vault, play: Play
) -> None:
    vault = vaults(version)
    variables = reach(vault, method, api_prefix=None)
    if version == "4.2":
        variables = {**variables, "senhasegura_credential": "", "senhasegura_auto_select_credential": True}
    play(FOR_ALL_HOSTS, "--forks=10", variables=variables, inventory=hosts(10)).succeeded()
    assert paths(vault) == expected
    assert all(("credential" in request.json) == (version != "4.2") for request in vault.requests if request.json)


def test_devices_of_a_lookup_share_a_login_and_have_a_connection_each(vault: Simulator, play: Play) -> None:
    play(
        """
        - name: Get sessions
          ansible.builtin.set_fact:
            sessions: "{{ query('pamops.senhasegura.pam_remote_session', 'web01', 'db01', ['host001', 'host002']) }}"
          no_log: true
        """,
        variables=reach(vault),
    ).succeeded()
    assert [request.path for request in vault.requests] == [LOGIN] + 4 * [CREATE]
    assert [request.json["device"] for request in vault.requests[1:]] == ["web01", "db01", "host001", "host002"]
    assert vault.connections == 5


def test_tasks_and_lookups_share_a_login_unless_token_cache_is_false(vault: Simulator, play: Play) -> None:
    played = play(
        """
        - name: By the task
          pamops.senhasegura.pam_remote_session:
            device: web01
        - name: By the lookup
          ansible.builtin.set_fact:
            session: "{{ lookup('pamops.senhasegura.pam_remote_session', 'web01') }}"
          no_log: true
        - name: Without the run's token
          pamops.senhasegura.pam_remote_session:
            device: web01
            token_cache: false
        """,
        variables=reach(vault),
    )
    played.succeeded()
    assert [request.path for request in vault.requests] == [LOGIN, CREATE, CREATE, LOGIN, CREATE]


def test_rejected_token_is_replaced_once(vault: Simulator, play: Play) -> None:
    vault.fault(CREATE, "no_tenant", times=1)  # the first request, which succeeds
    vault.fault(CREATE, "unauthorized_401", times=1)
    play(
        """
        - name: Get two sessions
          pamops.senhasegura.pam_remote_session:
            device: "{{ item }}"
          loop: [web01, db01]
        """,
        variables=reach(vault),
    ).succeeded()
    assert [(request.path, request.status) for request in vault.requests] == [
        (LOGIN, 200),
        (CREATE, 200),
        (CREATE, 401),
        (LOGIN, 200),
        (CREATE, 200),
    ]


def test_run_leaves_no_files(vault: Simulator, play: Play) -> None:
    """Ansible removes the run's directory and the token with it, so another run logs in again."""
    for _run in range(2):
        play(FOR_ALL_HOSTS, variables=reach(vault), inventory=hosts(2)).succeeded()
    assert paths(vault) == {LOGIN: 2, CREATE: 4}
