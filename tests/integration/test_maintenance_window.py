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
    first, *sessions = played.result("Print the report")["msg"]
    assert first == "Sessions of jdoe in this window: 2"
    assert [line.partition(",")[0] for line in sessions] == ["192.0.2.20:22", "192.0.2.30:2222"]
    assert all(line.endswith("127.0.0.1: terminated by this playbook") for line in sessions)
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
    assert played.result("Print the report")["msg"] == ["Sessions of jdoe in this window: 0"]
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
    assert "terminated by this playbook" in played.result("Print the report")["msg"][1]


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
ENDS = " The playbook now closes the window. It waits until all URLs have expired, and then terminates the sessions."

# A URL or an HTTP status of the hook, and why the URL was not accepted
NOT_TAKEN: dict[str, tuple[str, int, str]] = {
    "an error": ("https://localhost:{port}{path}", 500, "it responded with HTTP status 500."),
    "a redirect": ("https://localhost:{port}{path}", 302, "it responded with HTTP status 302."),
    "a closed port": ("https://localhost:1{path}", 200, "there was no response; it refuses connections."),
    "no such host": ("https://hook.invalid{path}", 200, "there was no response; its host name cannot be resolved."),
    "no port": (
        "https://localhost:port{path}",
        200,
        "there was no response; the connection failed or the webhook's URL is invalid.",
    ),
    "not ASCII": (
        "https://localhost:{port}{path}/\u00e9",
        200,
        "there was no response; the connection failed or the webhook's URL is invalid.",
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
        f"The webhook (window_hand_over_url) did not accept the URL of jdoe's session on web01: {reason}{ENDS}"
    )
    assert PATH not in played.output
    assert not leaks(vault, played, "Hand the URL over")
    assert played.results("Print the report")


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
    _first, *sessions = played.result("Print the report")["msg"]
    assert [line.rpartition(": ")[2] for line in sessions] == ["STILL RUNNING", "terminated by this playbook"]


def test_report_of_a_session_that_had_already_ended(vault: Simulator, play: Play, tmp_path: Path) -> None:
    def open_and_leave(told: dict[str, t.Any]) -> int:
        status = open_url(vault, told)
        vault.state.sessions[-1].end = vault.clock.now()
        return status

    with hook(tmp_path, open_and_leave) as told:
        played = run(play, window(vault, told, window_devices=["web01"])).succeeded()
    _first, line = played.result("Print the report")["msg"]
    assert line.endswith("127.0.0.1: had already ended")


NO_URL = "Set window_hand_over_url to the URL of a webhook, which must begin with https:// and contain no spaces."
NO_ZONE = "Set senhasegura_timezone to the time zone of the times that PAM Core lists, such as America/Sao_Paulo."
NO_USER = "Set window_user to the PAM Core login name of the person who gets access."
NO_CREDENTIAL = "Set window_credential to the user name of the credential on the devices."
NO_DEVICE = "Set window_devices to a list of devices, or to a string with commas."
EMPTY_NAME = "One of the names in window_devices is empty."
MINUTES = "window_minutes must be more than 0 and at most 1440, but is"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"window_user": ""}, NO_USER),
        ({"window_credential": " "}, NO_CREDENTIAL),
        ({"window_devices": []}, NO_DEVICE),
        ({"window_devices": ""}, NO_DEVICE),
        ({"window_devices": ["web01", ""]}, EMPTY_NAME),
        ({"window_devices": "web01,,db01"}, EMPTY_NAME),
        ({"window_addresses": [""]}, "One of the names in window_addresses is empty."),
        ({"window_addresses": "192.0.2.20,,192.0.2.30"}, "One of the names in window_addresses is empty."),
        ({"window_minutes": 0}, f"{MINUTES} 0."),
        ({"window_minutes": "soon"}, f'{MINUTES} "soon".'),
        ({"window_minutes": "nan"}, f'{MINUTES} "nan".'),
        ({"window_minutes": 1441}, f"{MINUTES} 1441."),
        ({"window_minutes": True}, f"{MINUTES} true."),
        ({"window_minutes": None}, f"{MINUTES} null."),
        ({"window_hand_over_url": "http://chat.example"}, NO_URL),
        ({"window_hand_over_url": "https://"}, NO_URL),
        ({"window_hand_over_url": "https:///hooks"}, NO_URL),
        ({"window_hand_over_url": "https://chat.example/hooks/SECRET PATH"}, NO_URL),
        ({"window_hand_over_url": "https://chat.example/hooks/SECRET\u00a0PATH"}, NO_URL),
        ({"window_protocol": ""}, "window_protocol must not be empty."),
        ({"senhasegura_timezone": ""}, NO_ZONE),
        ({"window_user": "", "window_devices": "", "window_minutes": -1}, f"{NO_USER} {NO_DEVICE} {MINUTES} -1."),
    ],
)
def test_invalid_inputs_send_nothing(
    wrong: dict[str, t.Any], message: str, vault: Simulator, play: Play, tmp_path: Path
) -> None:
    played = run(play, window(vault, Hook("https://localhost", "", []), **wrong))
    assert played.code == 2
    assert played.result("Check what is requested")["msg"] == f"No session was requested. {message}"
    assert "SECRET" not in played.output
    assert vault.requests == []


def test_missing_inputs_are_all_reported(vault: Simulator, play: Play) -> None:
    played = run(play, {name: value for name, value in reach(vault).items() if name != "senhasegura_timezone"})
    assert played.code == 2
    assert played.result("Check what is requested")["msg"] == (
        f"No session was requested. {NO_USER} {NO_CREDENTIAL} {NO_DEVICE} {NO_URL} {NO_ZONE}"
    )


def test_time_zone_may_be_in_the_environment_or_in_ansible_cfg(vault: Simulator, play: Play, tmp_path: Path) -> None:
    config = tmp_path / "zone.cfg"
    config.write_text("[senhasegura]\ntimezone = UTC\n", encoding="utf-8")
    for environment in ({"SENHASEGURA_TIMEZONE": "UTC"}, {"ANSIBLE_CONFIG": str(config)}):
        variables = window(vault, Hook("https://localhost", "", []), senhasegura_timezone=None)
        played = play(PLAYBOOK, "--check", whole=True, variables=variables, environment=environment)
        assert played.succeeded()


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
    """A permission is missing."""
    keys = vault.credentials["authorizations"]["no-pam-core"]["oauth2"]
    variables = {f"senhasegura_{name}": value for name, value in keys.items()}
    played = run(play, window(vault, Hook("https://localhost", "", []), **variables))
    assert played.code == 2
    failed = played.result("Check that sessions can be listed")
    assert failed["msg"].endswith("grant the resource PAM Core to the authorization of this application.")
    assert not [request for request in vault.requests if request.path == CREATE]
