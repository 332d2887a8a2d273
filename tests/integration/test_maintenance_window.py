# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook for a maintenance window, run by its name, with people who open the URLs that they get."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from tests.integration.conftest import leaks, reach

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Played
    from tests.simulator import Simulator

PLAYBOOK = """
- name: Run it by its name
  ansible.builtin.import_playbook: pamops.senhasegura.maintenance_window
"""
LIST, CREATE, DROP = "/api/pam/session/remotesessions", "/api/pam/remote/session", "/api/pam/session/drop"
REFUSED = "window_minutes must be more than 0 and at most 1440."


class Hook(t.NamedTuple):
    url: str
    ca_file: str
    received: list[dict[str, t.Any]]


@contextmanager
def hook(folder: Path, on_url: Callable[[dict[str, t.Any]], int]) -> Iterator[Hook]:
    """A webhook that is informed of each session. *on_url* handles the message and returns an HTTP status."""
    received: list[dict[str, t.Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(on_url(received[-1]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: t.Any) -> None:
            pass

    authority = trustme.CA()
    (folder / "hook.pem").write_bytes(authority.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Hook(f"https://localhost:{server.server_port}/hook", str(folder / "hook.pem"), received)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def vault(vault: Simulator) -> Simulator:
    vault.state.sessions.clear()
    return vault


def window(vault: Simulator, hook: Hook, **more: t.Any) -> dict[str, t.Any]:
    """The variables of a short window."""
    return {
        **reach(vault, timezone="UTC", user=None, credential=None, protocol=None),
        "window_user": "jdoe",
        "window_credential": "svc-admin",
        "window_devices": ["web01", "db01"],
        "window_addresses": "192.0.2.20, 192.0.2.30",
        "window_minutes": 0.02,
        "window_url_seconds": 1,
        "window_hand_over_url": hook.url,
        "window_hand_over_ca_path": hook.ca_file,
        **more,
    }


def run(play: Play, variables: dict[str, t.Any], *arguments: str) -> Played:
    return play(PLAYBOOK, *arguments, whole=True, variables=variables)


def open_url(vault: Simulator, told: dict[str, t.Any]) -> int:
    return requests.get(told["session_url"], verify=vault.ca_file, timeout=10).status_code


def test_remaining_sessions_end_with_the_window(vault: Simulator, play: Play, tmp_path: Path) -> None:
    """Other sessions do not end: another user's session, and one that started before."""
    vault.state.add_sessions(1, running=True, user="jdoe", device="web01")
    vault.state.add_sessions(1, running=True, user="asmith", device="web01")
    before, other = vault.state.sessions
    other.start = vault.clock.now()
    with hook(tmp_path, lambda told: open_url(vault, told)) as told:
        played = run(play, window(vault, told), "-v").succeeded()
    assert [(each["user"], each["device"]) for each in told.received] == [("jdoe", "web01"), ("jdoe", "db01")]
    assert [session.end is None for session in vault.state.sessions] == [True, True, False, False]
    first, *sessions = played.result("Report")["msg"]
    assert first == "Sessions of jdoe in this window: 2"
    assert [line.partition(",")[0] for line in sessions] == ["192.0.2.20:22", "192.0.2.30:2222"]
    assert all(line.endswith("127.0.0.1: ended with the window") for line in sessions)
    assert not leaks(vault, played, "Hand the URL over")
    assert not [warning for warning in played.warnings if "lists no session" not in warning]
    assert before.end is other.end is None


def test_check_mode_requests_and_terminates_nothing(vault: Simulator, play: Play, tmp_path: Path) -> None:
    vault.state.add_sessions(1, running=True, user="jdoe", device="web01")
    with hook(tmp_path, lambda told: open_url(vault, told)) as told:
        played = run(play, window(vault, told, window_minutes=60, window_url_seconds=60), "--check").succeeded()
    assert told.received == []
    assert {request.method for request in vault.requests} == {"POST", "GET", "HEAD"}
    assert [request.path for request in vault.requests if request.method == "POST"] == ["/api/oauth2/token"]
    assert [session.end for session in vault.state.sessions] == [None]
    assert played.result("Report")["msg"] == ["Sessions of jdoe in this window: 0"]
    assert not played.warnings


def test_opened_sessions_end_after_a_failure(vault: Simulator, play: Play, tmp_path: Path) -> None:
    """The request for the second device fails. The window of the first device ends, and none of its URLs can still be
    opened."""
    with hook(tmp_path, lambda told: open_url(vault, told)) as told:
        variables = window(vault, told, window_devices="web01, nowhere", window_minutes=60)
        played = run(play, variables)
    assert played.code == 2, played.output
    assert ["msg" in result for result in played.results("Request a session")] == [False, True]
    assert [each["device"] for each in told.received] == ["web01"]
    assert [session.end is None for session in vault.state.sessions] == [False]
    assert "ended with the window" in played.result("Report")["msg"][1]


def test_session_ends_if_the_webhook_fails(vault: Simulator, play: Play, tmp_path: Path) -> None:
    def open_and_fail(told: dict[str, t.Any]) -> int:
        open_url(vault, told)
        return 500

    with hook(tmp_path, open_and_fail) as told:
        played = run(play, window(vault, told))
    assert played.code == 2
    assert [session.end is None for session in vault.state.sessions] == [False]
    assert not leaks(vault, played, "Hand the URL over")


PATH = "/services/secret-part-of-the-hook"
ENDS = " The window ends as soon as all URLs have expired."

# A URL or an HTTP status of the hook, and why the URL was not accepted
NOT_TAKEN: dict[str, tuple[str, int, str]] = {
    "an error": ("https://localhost:{port}{path}", 500, "it responded with HTTP status 500."),
    "a redirect": ("https://localhost:{port}{path}", 302, "it responded with HTTP status 302."),
    "a closed port": ("https://localhost:1{path}", 200, "there was no response; it refuses connections."),
    "no such host": ("https://hook.invalid{path}", 200, "there was no response; its host name cannot be resolved."),
    "no port": (
        "https://localhost:port{path}",
        200,
        "there was no response; the connection failed or the URL is invalid.",
    ),
    "not ASCII": (
        "https://localhost:{port}{path}/\u00e9",
        200,
        "there was no response; the connection failed or the URL is invalid.",
    ),
}


@pytest.mark.parametrize(("address", "status", "reason"), NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_rejected_url_is_not_shown(
    address: str, status: int, reason: str, vault: Simulator, play: Play, tmp_path: Path
) -> None:
    """And opened sessions end."""
    with hook(tmp_path, lambda told: status) as told:
        url = address.format(port=urlsplit(told.url).port, path=PATH)
        variables = window(vault, told, window_hand_over_url=url, window_devices=["web01"])
        played = run(play, variables, "-vvvv")
    assert played.code == 2, played.output
    assert played.result("Check that the webhook accepted the URL")["msg"] == (
        f"window_hand_over_url did not accept the URL of jdoe's session on web01: {reason}{ENDS}"
    )
    assert PATH not in played.output
    assert not leaks(vault, played, "Hand the URL over")
    assert played.results("Report")


def test_urls_are_in_no_file(vault: Simulator, play: Play, tmp_path: Path) -> None:
    """Not even during the handover: if Ansible sends a module without a pipe, it writes it below ansible_remote_tmp."""
    there = tmp_path / "modules"
    files: list[str] = []

    def look(told: dict[str, t.Any]) -> int:
        files.extend(path.name for path in there.rglob("*") if path.is_file())
        return open_url(vault, told)

    with hook(tmp_path, look) as told:
        run(play, window(vault, told, ansible_remote_tmp=str(there))).succeeded()
    assert len(told.received) == 2
    assert files == []


def test_debug_mode_shows_both_urls(vault: Simulator, play: Play, tmp_path: Path) -> None:
    """Core writes them to the output and to files on the controller. The security guide says so."""
    there = tmp_path / "modules"
    debugging = {"ANSIBLE_DEBUG": "true", "ANSIBLE_KEEP_REMOTE_FILES": "true"}
    with hook(tmp_path, lambda told: open_url(vault, told)) as told:
        variables = window(vault, told, ansible_remote_tmp=str(there))
        played = play(PLAYBOOK, whole=True, variables=variables, environment=debugging).succeeded()
    files = "".join(path.read_text("utf-8", "ignore") for path in there.rglob("*") if path.is_file())
    for secret in (told.url, *(each["session_url"] for each in told.received)):
        assert secret in played.output
        assert secret in files


def test_report_of_a_session_that_does_not_end(vault: Simulator, play: Play, tmp_path: Path) -> None:
    vault.fault(f"DELETE {DROP}/*", "unexpected_error", times=1)
    with hook(tmp_path, lambda told: open_url(vault, told)) as told:
        played = run(play, window(vault, told))
    assert played.code == 2
    failed = played.result("Terminate the remaining sessions")["msg"]
    assert failed.startswith("1 of 2 sessions could not be terminated. Session 1 of jdoe ")
    _first, *sessions = played.result("Report")["msg"]
    assert [line.rpartition(": ")[2] for line in sessions] == ["STILL RUNNING", "ended with the window"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"window_user": ""},
        {"window_credential": " "},
        {"window_devices": []},
        {"window_devices": ["web01", ""]},
        {"window_devices": "web01,,db01"},
        {"window_addresses": [""]},
        {"window_minutes": 0},
        {"window_minutes": "soon"},
        {"window_minutes": 1441},
        {"window_minutes": True},
        {"window_minutes": None},
        {"window_hand_over_url": "http://chat.example"},
        {"window_hand_over_url": "https://"},
        {"window_hand_over_url": "https:///hooks"},
        {"window_hand_over_url": "https://chat.example/hooks/SECRET PATH"},
        {"window_hand_over_url": "https://chat.example/hooks/SECRET\u00a0PATH"},
        {"window_protocol": ""},
    ],
)
def test_invalid_inputs_send_nothing(wrong: dict[str, t.Any], vault: Simulator, play: Play, tmp_path: Path) -> None:
    played = run(play, window(vault, Hook("https://localhost", "", []), **wrong))
    assert played.code == 2
    assert played.result("Check what is requested")["msg"].endswith(REFUSED)
    assert "SECRET" not in played.output
    assert vault.requests == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"window_user": 123456}, "window_user is not a string but the integer 123456."),
        ({"window_user": None}, "window_user is not a string but null."),
        ({"window_user": "jdoe\n"}, "window_user contains control characters or newlines."),
        ({"window_credential": False}, "window_credential is not a string but the boolean false."),
        ({"window_protocol": 0.0}, "window_protocol is not a string but the number 0.0."),
        ({"window_devices": ["web01", 83]}, "an element of window_devices is not a string but the integer 83."),
        ({"window_devices": 83}, "window_devices is not a string but the integer 83."),
        (
            {"window_devices": ["web01", "db\n01"]},
            "an element of window_devices contains control characters or newlines.",
        ),
        ({"window_addresses": [["192.0.2.1", None]]}, "an element of window_addresses is not a string but null."),
        ({"window_addresses": None}, "window_addresses is not a string but null."),
        ({"window_hand_over_url": 4711}, "window_hand_over_url is not a string but of type integer."),
        (
            {"window_hand_over_url": "https://x/SECRET\x01"},
            "window_hand_over_url contains control characters or newlines.",
        ),
        ({"window_hand_over_ca_path": []}, "window_hand_over_ca_path is not a string but a list or a dictionary."),
    ],
)
def test_inputs_of_other_types_send_nothing(
    wrong: dict[str, t.Any], message: str, vault: Simulator, play: Play, tmp_path: Path
) -> None:
    played = run(play, window(vault, Hook("https://localhost", "", []), **wrong))
    assert played.code == 2
    refused = played.result("Check the variables")["msg"]
    assert refused.startswith(f"No session was requested. {message}")
    assert ("In a variables file, put strings in quotes." in refused) == ("is not a string" in message)
    assert "SECRET" not in played.output
    assert vault.requests == []


def test_no_session_is_requested_if_sessions_cannot_be_listed(vault: Simulator, play: Play) -> None:
    """The time zone or a permission is missing."""
    known = window(vault, Hook("https://localhost", "", []))
    for variables, text in (
        ({**known, "senhasegura_timezone": ""}, "timezone (PAM Core's time zone) must be set too."),
        (
            {
                **known,
                **{
                    f"senhasegura_{name}": value
                    for name, value in vault.credentials["authorizations"]["no-pam-core"]["oauth2"].items()
                },
            },
            "under A2A > Authorizations, grant the resource PAM Core to the authorization of this application.",
        ),
    ):
        played = run(play, variables)
        assert played.code == 2
        failed = played.result("Check that sessions can be listed")
        assert failed["msg"].endswith(text)
    assert not [request for request in vault.requests if request.path == CREATE]
