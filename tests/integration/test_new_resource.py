# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A resource of one file, with plugins of five lines, is safe without a change to any other file of plugins/."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.faults.raw import RawServer, http_answer
from tests.integration.conftest import CHECKOUT, Remote

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Played

RESOURCE = CHECKOUT / "tests" / "unit" / "plugins" / "toy.py"
PLUGINS = {
    "module_utils/_resources/toy.py": RESOURCE.read_text(encoding="utf-8"),
    "modules/toy.py": """\
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.operation import run_module
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.toy import OPERATION

if __name__ == "__main__":
    run_module(OPERATION)
""",
    "action/toy.py": """\
from ..module_utils._resources import toy
from ..plugin_utils._action import RemoteAction

class ActionModule(RemoteAction):
    OPERATION = toy.OPERATION
""",
    "lookup/toy.py": """\
from ..plugin_utils._lookup import ResourceLookup
from ..module_utils._resources import toy

class LookupModule(ResourceLookup):
    OPERATION, TERMS = toy.OPERATION, "name"
""",
}
SECRET = "the-secret-of-the-toy"
UNKNOWN = "The outcome is unknown: "

TASKS = """
- name: Task
  pamops.senhasegura.toy:
    name: bear
  register: toy
- name: Loop
  pamops.senhasegura.toy:
    name: "{{ item }}"
  loop: [bear, doll]
  register: toys
- name: Delegated
  pamops.senhasegura.toy:
    name: bear
  delegate_to: jump
  register: delegated
- name: Check
  ansible.builtin.assert:
    that:
      - toy is changed and delegated is changed
      - ([toy, delegated] + toys.results) | map(attribute='secret') | unique == [secret]
      - lookup('pamops.senhasegura.toy', 'bear').secret == secret
    quiet: true
"""
FAILING = """
- name: Task
  pamops.senhasegura.toy:
    name: bear
  ignore_errors: true
- name: Delegated
  pamops.senhasegura.toy:
    name: bear
  delegate_to: jump
  ignore_errors: true
- name: Lookup
  ansible.builtin.debug:
    msg: "{{ lookup('pamops.senhasegura.toy', 'bear') }}"
  ignore_errors: true
"""


class Toys(RawServer):
    """A PAM Core that has toys. It says *written* to each POST; without that, it closes the connection."""

    def __init__(self, authority: trustme.CA, written: bytes | None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        super().__init__(self._respond, context)
        self._written = written

    @property
    def requests(self) -> list[str]:
        """Method and path of each."""
        return [" ".join(request.decode().split()[:2]) for request in self.received]

    def _respond(self, connection: socket.socket) -> None:
        request = self.read_request(connection)
        if request.startswith(b"POST"):
            connection.sendall(self._written or b"")
        elif request.startswith(b"GET"):
            connection.sendall(http_answer({"response": {"status": 200}, "toy": {"secret": SECRET}}))
        else:
            connection.sendall(http_answer(b"", 404))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collections, among them a copy of this one with the toy."""
    folder = tmp_path_factory.mktemp("toys")
    copy = folder / "ansible_collections" / "pamops" / "senhasegura"
    for name in ("plugins", "meta"):
        shutil.copytree(CHECKOUT / name, copy / name)
    for name, code in PLUGINS.items():
        assert not (copy / "plugins" / name).exists()
        (copy / "plugins" / name).write_text(code, encoding="utf-8")
    return folder


class Toy:
    """Plays tasks against a PAM Core."""

    def __init__(self, play: Play, folder: Path, remote: Remote, authority: trustme.CA) -> None:
        self._play, self._folder, self._remote, self._authority = play, folder, remote, authority

    def play(self, tasks: str, *arguments: str, written: bytes | None) -> tuple[Played, list[str]]:
        ca_path = self._folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(ca_path))
        server = Toys(self._authority, written)
        with server:
            played = self._play(
                tasks,
                "-vvv",
                *arguments,
                inventory={"web01": {"ansible_connection": "local"}, "jump": self._remote.variables},
                hosts=["web01"],
                variables={
                    "senhasegura_url": server.url,
                    "senhasegura_ca_path": str(ca_path),
                    "senhasegura_access_token": "a-token",
                    "secret": SECRET,
                },
                environment={**self._remote.environment, "ANSIBLE_COLLECTIONS_PATH": str(self._folder)},
            )
            return played, server.requests


@pytest.fixture
def toy(play: Play, folder: Path, remote: Remote) -> Iterator[Toy]:
    yield Toy(play, folder, remote, trustme.CA())


def failures(played: Played) -> list[str]:
    return [str(played.result(name)["msg"]) for name in ("Task", "Delegated", "Lookup")]


def test_sizes() -> None:
    lines = {name: len([line for line in code.splitlines() if line]) for name, code in PLUGINS.items()}
    assert lines.pop("module_utils/_resources/toy.py") <= 60
    assert max(lines.values()) <= 5


def test_results_are_hidden(toy: Toy) -> None:
    played, requests = toy.play(TASKS, written=http_answer({"response": {"status": 200}}))
    played.succeeded()
    assert len([request for request in requests if request.startswith("POST /iso/toy")]) == 5
    assert SECRET not in played.output + json.dumps([event for event in played.events if "Check" not in str(event)])


def test_check_mode_sends_neither_request(toy: Toy) -> None:
    played, requests = toy.play(FAILING, "--check", written=http_answer({"response": {"status": 200}}))
    played.succeeded()
    assert {request.split()[0] for request in requests} == {"HEAD"}


def test_lost_response_leaves_the_outcome_unknown(toy: Toy) -> None:
    played, requests = toy.play(FAILING, written=None)
    assert requests == ["POST /iso/toy"] * 3
    assert all("Writing the toy failed: " in text and UNKNOWN in text for text in failures(played))


def test_unclear_404_does_not_lead_to_a_second_path(toy: Toy) -> None:
    played, requests = toy.play(FAILING, written=http_answer(b"<html>Not found</html>", 404))
    assert requests == ["POST /iso/toy"] * 3
    assert all("HTTP 404" in text for text in failures(played))


def test_secret_in_an_error_response_is_redacted(toy: Toy) -> None:
    error = {"response": {"status": 400, "message": f"Refused to store {SECRET}"}, "toy": {"secret": SECRET}}
    played, _requests = toy.play(FAILING, written=http_answer(error, 400))
    assert SECRET not in "".join(failures(played))
    assert all("Refused to store ***" in text for text in failures(played))
