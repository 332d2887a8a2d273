# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each option from each of its sources, as PAM Core receives it."""

from __future__ import annotations

import json
import select
import socket
import socketserver
import textwrap
import threading
import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.integration.conftest import reach
from tests.messages import CREATING, NOT_VERIFIED, STATUS_429, responded
from tests.simulator import Simulator

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Vault

LOOKUP = "pamops.senhasegura.pam_remote_session"

SESSION = {
    "user": "jdoe",
    "credential": "svc-admin",
    "protocol": "SSH",
    "remote_device": "db01",
    "remote_addr": "2001:db8::7",
    "port": 2200,
    "remote_app": 7,
    "screen_size": "1900x1200",
}
ALIASES = {
    "url": "system_url",
    "remote_device": "remotedevice",
    "remote_addr": "remoteAddr",
    "remote_app": "remoteapp",
    "screen_size": "screensize",
}
BODY = {**{ALIASES.get(name, name): value for name, value in SESSION.items()}, "device": "web01"}
SECRETS = ("client_secret", "consumer_secret", "token_key", "token_secret", "access_token")


def task_and_lookup(arguments: Mapping[str, t.Any], task_keywords: Mapping[str, t.Any] | None = None) -> str:
    """A task with the module and one with the lookup, for the same session."""
    keywords = json.dumps({"device": "web01", **arguments})
    given = "".join(f", {name}={json.dumps(value)}" for name, value in arguments.items())
    return textwrap.dedent(
        f"""
        - name: By the task
          pamops.senhasegura.pam_remote_session: {keywords}
          vars: {json.dumps((task_keywords or {}).get("vars", {}))}
          environment: {json.dumps((task_keywords or {}).get("environment", {}))}
        - name: By the lookup
          ansible.builtin.set_fact:
            session: >-
              {{{{ lookup('{LOOKUP}', 'web01'{given}) }}}}
          vars: {json.dumps((task_keywords or {}).get("vars", {}))}
          when: {json.dumps("environment" not in (task_keywords or {}))}
          no_log: true
        """
    ).replace("True", "true")


@pytest.mark.parametrize(
    ("source", "method"),
    [
        ("argument", "oauth2"),
        ("alias", "oauth1"),
        ("variable", "oauth1"),
        ("template", "oauth2"),
        ("environment", "access_token"),
        ("environment of the task", "oauth1"),
        ("ansible.cfg", "oauth2"),
    ],
)
def test_every_option_from_every_source(source: str, method: str, vaults: Vault, play: Play) -> None:
    vault = vaults("4.0", strict=False)
    known = vault.credentials
    options: dict[str, t.Any] = {
        "url": vault.url,
        "api_prefix": "iso",
        "auth_method": method,
        "ca_path": vault.ca_file,
        "timeout": 20.5,
        "retries": 1,
        "token_cache": False,
        **({"access_token": known["access_token"]} if method == "access_token" else known[method]),
        **({"tenant": "acme"} if method == "oauth2" else {}),
        **SESSION,
    }
    variables = {f"senhasegura_{name}": value for name, value in options.items()}
    environment = {f"SENHASEGURA_{name.upper()}": str(value) for name, value in options.items()}
    if source == "argument":
        played = play(task_and_lookup(options))
    elif source == "alias":
        played = play(task_and_lookup({ALIASES.get(name, name): value for name, value in options.items()}))
    elif source == "variable":
        played = play(task_and_lookup({}), variables=variables)
    elif source == "template":
        templates = {name: f"{{{{ my_{name} }}}}" for name in variables}
        mine = {f"my_{name}": value for name, value in variables.items()}
        played = play(task_and_lookup({}, {"vars": templates}), variables=mine)
    elif source == "environment":
        played = play(task_and_lookup({}), environment=environment)
    elif source == "environment of the task":
        played = play(task_and_lookup({}, {"environment": environment}))
    else:
        secret = {name: value for name, value in environment.items() if name[12:].lower() in SECRETS}
        lines = [f"{name} = {value}" for name, value in options.items() if name not in SECRETS]
        played = play(task_and_lookup({}), environment=secret, config="\n".join(["[senhasegura]", *lines]))

    played.succeeded()
    created = [request for request in vault.requests if request.path == "/iso/remote/session"]
    assert [request.json for request in created] == [BODY] * (1 if source == "environment of the task" else 2)
    others = [(request.path, request.form) for request in vault.requests if request not in created]
    if method == "oauth2":
        # Without the token of the run, each task logs in.
        login = {"grant_type": "client_credentials", "tenant": "acme", **known["oauth2"]}
        assert others == [("/iso/oauth2/token", login)] * 2
    else:
        assert not others
        sign = f'OAuth oauth_nonce="|oauth_consumer_key="{known["oauth1"]["consumer_key"]}"'.split("|")
        expected = sign if method == "oauth1" else [f"Bearer {known['access_token']}"]
        assert all(part in request.headers["authorization"] for request in created for part in expected)
    assert not played.warnings


def test_precedence_of_the_sources(vault: Simulator, play: Play) -> None:
    """Argument, variable, environment of the task, environment of the process, ansible.cfg. Empty values are
    ignored."""
    variables = {**reach(vault), "senhasegura_remote_device": "", "senhasegura_remote_app": 3}
    variables["senhasegura_screen_size"] = "3x3"
    played = play(
        task_and_lookup({"screen_size": "4x4"}),
        variables=variables,
        environment={
            "SENHASEGURA_SCREEN_SIZE": "2x2",
            "SENHASEGURA_REMOTE_APP": "2",
            "SENHASEGURA_PORT": "2",
        },
        config=textwrap.dedent(
            """
            [senhasegura]
            screen_size = 1x1
            remote_app = 1
            port = 1
            remote_device = db01
            """
        ),
    )
    played.succeeded()
    created = [request.json for request in vault.requests if request.json]
    asked = {"screensize": "4x4", "remoteapp": 3, "port": 2, "remotedevice": "db01"}
    assert [{name: body[name] for name in asked} for body in created] == [asked, asked]


def test_empty_environment_variable_is_ignored(vault: Simulator, play: Play) -> None:
    played = play(
        task_and_lookup({}),
        variables=reach(vault),
        environment={"SENHASEGURA_PORT": ""},
        config="[senhasegura]\nport = 2200\n",
    )
    played.succeeded()
    assert [request.json.get("port") for request in vault.requests if request.json] == [2200, 2200]


def test_environment_of_a_task_overrides_that_of_the_process(vault: Simulator, play: Play) -> None:
    play(
        """
        - name: Get a session
          pamops.senhasegura.pam_remote_session:
            device: web01
          environment:
            SENHASEGURA_PORT: "{{ a_port }}"
        - name: Get another
          pamops.senhasegura.pam_remote_session:
            device: web01
        """,
        variables={**reach(vault), "a_port": 2201},
        environment={"SENHASEGURA_PORT": "2202"},
    ).succeeded()
    assert [request.json["port"] for request in vault.requests if request.json] == [2201, 2202]


def test_unsafe_values_are_not_templated(vault: Simulator, play: Play) -> None:
    secret = "{{ 1 + 1 }}{% x"
    played = play(
        f"""
        - name: Ask with values that look like templates
          vars:
            senhasegura_user: !unsafe "{{{{ 1 + 1 }}}}"
            senhasegura_client_secret: !unsafe {json.dumps(secret)}
          block:
            - name: By the task
              pamops.senhasegura.pam_remote_session:
                device: web01
              ignore_errors: true
            - name: By the lookup
              ansible.builtin.debug:
                msg: "{{{{ lookup('{LOOKUP}', 'web01', token_cache=false) }}}}"
              ignore_errors: true
            - name: By the task, with a token
              pamops.senhasegura.pam_remote_session:
                device: web01
                auth_method: access_token
                access_token: {vault.credentials["access_token"]}
              ignore_errors: true
            - name: By the lookup, with a token
              ansible.builtin.debug:
                msg: "{{{{ lookup('{LOOKUP}', 'web01', auth_method='access_token', access_token=a_token) }}}}"
              ignore_errors: true
        """,
        variables={**reach(vault), "a_token": vault.credentials["access_token"]},
    )
    played.succeeded()
    assert [request.form["client_secret"] for request in vault.requests if request.form] == [secret, secret]
    assert [request.json["user"] for request in vault.requests if request.json] == ["{{ 1 + 1 }}"] * 2


def test_secret_can_be_encrypted_with_ansible_vault(vault: Simulator, play: Play, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("example", encoding="utf-8")
    encrypted = VaultLib().encrypt(vault.credentials["oauth2"]["client_secret"], VaultSecret(b"example")).decode()
    tagged = "!vault |\n" + textwrap.indent(encrypted, 8 * " ")
    tasks = textwrap.dedent(
        f"""
        - name: Argument
          pamops.senhasegura.pam_remote_session:
            device: web01
            client_secret: @
          ignore_errors: true
        - name: Argument from a variable
          pamops.senhasegura.pam_remote_session:
            device: web01
            client_secret: "{{{{ my_secret }}}}"
          ignore_errors: true
          vars:
            my_secret: @
        - name: Variable
          pamops.senhasegura.pam_remote_session:
            device: web01
          ignore_errors: true
          vars:
            senhasegura_client_secret: @
        - name: Variable from another
          pamops.senhasegura.pam_remote_session:
            device: web01
          ignore_errors: true
          vars:
            my_secret: @
            senhasegura_client_secret: "{{{{ my_secret }}}}"
        - name: Variable of a lookup
          ansible.builtin.set_fact:
            session: "{{{{ lookup('{LOOKUP}', 'web01') }}}}"
          ignore_errors: true
          no_log: true
          vars:
            senhasegura_client_secret: @
        """
    ).replace("@", tagged)
    played = play(
        tasks,
        f"--vault-password-file={tmp_path / 'password'}",
        variables=reach(vault, client_secret=None, token_cache=False),
    ).succeeded()
    assert "FAILED" not in played.output
    assert [request.status for request in vault.requests] == 5 * [200, 200]


def test_validate_certs_false_warns(vault: Simulator, play: Play) -> None:
    played = play(task_and_lookup({"validate_certs": False}), variables=reach(vault, ca_path=None)).succeeded()
    assert set(played.warnings) == {NOT_VERIFIED}


def test_client_certificate(play: Play) -> None:
    with Simulator(profile="4.0", client_ca=True) as vault:
        variables = reach(vault, client_cert=vault.client_cert, client_key=vault.client_key)
        play(task_and_lookup({}), variables=variables).succeeded()
        assert len([request for request in vault.requests if request.json]) == 2


def test_retries(vault: Simulator, play: Play) -> None:
    vault.fault("*/session", {"name": "too_many_requests", "retry_after": 0}, times=2)
    played = play(
        """
        - name: Not again
          pamops.senhasegura.pam_remote_session:
            device: web01
            retries: 0
          ignore_errors: true
        - name: Again
          pamops.senhasegura.pam_remote_session:
            device: web01
            retries: 1
        """,
        variables=reach(vault),
    ).succeeded()
    assert [request.status for request in vault.requests if request.json] == [429, 429, 200]
    assert played.result("Not again")["msg"] == f"{CREATING}{responded('API rate limit exceeded', 429)} {STATUS_429}"


class _Tunnel(socketserver.BaseRequestHandler):
    """Acts as an HTTP proxy that gets a CONNECT request."""

    def handle(self) -> None:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            asked += self.request.recv(1)
        self.server.asked.append(asked.decode())  # type: ignore[attr-defined]
        host, _colon, port = asked.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while True:
                for ready in select.select([self.request, target], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (target if ready is self.request else self.request).sendall(data)


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """The address of a proxy, and the requests that it got."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Tunnel) as server:
        server.daemon_threads = True
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", server.asked  # type: ignore[attr-defined]
        server.shutdown()


def test_proxy(vault: Simulator, play: Play, proxy: tuple[str, list[str]]) -> None:
    address, asked = proxy
    played = play(
        """
        - name: By the option
          pamops.senhasegura.pam_remote_session:
            device: web01
            proxy: "http://me:proxy-password@{{ proxy_address }}"
        - name: By the environment
          pamops.senhasegura.pam_remote_session:
            device: web01
          environment:
            HTTPS_PROXY: "http://{{ proxy_address }}"
        - name: By neither
          pamops.senhasegura.pam_remote_session:
            device: web01
        """,
        "-vvv",
        variables={**reach(vault), "proxy_address": address},
    ).succeeded()
    host = vault.url.removeprefix("https://")
    # Before Python 3.12, the CONNECT request uses HTTP/1.0.
    # Each login and each request opens its own connection.
    assert [request.rpartition(" HTTP/1.")[0] for request in asked] == [f"CONNECT {host}"] * 4
    assert [("Proxy-Authorization: Basic" in request) for request in asked] == [True, True, False, False]
    assert "proxy-password" not in played.output
    assert len([request for request in vault.requests if request.json]) == 3
