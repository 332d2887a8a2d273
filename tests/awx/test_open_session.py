# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""open_session.yml in a terminal, and the program that opens the browser."""

from __future__ import annotations

import getpass
import importlib.util
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pexpect
import pytest
import requests

from tests.awx.conftest import CHECKOUT, PROGRAMS, RESULTS, CommandLines, base_environment, needed, secrets_of
from tests.messages import NOTHING_SENT

if t.TYPE_CHECKING:
    from tests.simulator import Simulator

PROGRAM = CHECKOUT / "playbooks" / "files" / "open_in_browser.py"
PLAYBOOK = [str(PROGRAMS / "ansible-playbook"), "pamops.senhasegura.open_session"]
LEFT = re.compile(r"The browser fetched the URL with (\d+) of its 30 seconds left\.")

# Loads the URL as a browser does, and saves the page.
BROWSER = """\
import pathlib, sys, requests
answer = requests.get(sys.argv[1], verify={ca_file!r}, timeout=10)
pathlib.Path({folder!r}, "page").write_text(answer.text)
"""


def script(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def browser(vault: Simulator, tmp_path: Path) -> str:
    """A program that opens a URL and saves the page in tmp_path / "page"."""
    program = tmp_path / "browser.py"
    program.write_text(BROWSER.format(ca_file=vault.ca_file, folder=str(tmp_path)), encoding="utf-8")
    return script(tmp_path / "browser", f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$1"\n')


@pytest.fixture
def environment(vault: Simulator, collections: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set everything except a browser, and whose secrets are in variables instead of
    ansible.cfg."""
    known = vault.credentials
    return {
        **base_environment(collections, tmp_path),
        "SENHASEGURA_URL": vault.url,
        "SENHASEGURA_CA_PATH": vault.ca_file,
        "SENHASEGURA_CLIENT_ID": known["oauth2"]["client_id"],
        "SENHASEGURA_CLIENT_SECRET": known["oauth2"]["client_secret"],
        "SENHASEGURA_USER": known["user"],
        "SENHASEGURA_CREDENTIAL": known["credential"],
        "SENHASEGURA_PROTOCOL": known["protocol"],
    }


class Played(t.NamedTuple):
    code: int
    output: str

    def failure(self) -> str:
        assert self.code == 2, self.output
        (found,) = re.findall(r'^fatal: .*?"msg": ("(?:[^"\\]|\\.)*")', self.output, re.MULTILINE)
        message: str = json.loads(found)
        return message.removeprefix("Task failed: Action failed: ")


def play(environment: Mapping[str, str], *arguments: str) -> Played:
    process = subprocess.run(
        [*PLAYBOOK, *arguments],
        check=False,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
    )
    return Played(process.returncode, process.stdout + process.stderr)


def created(vault: Simulator) -> int:
    return sum(request.path.endswith("/remote/session") and request.status == 200 for request in vault.requests)


def wait_for(path: Path, seconds: float = 60) -> str:
    end = time.monotonic() + seconds
    while not (path.exists() and path.read_text(encoding="utf-8")):
        assert time.monotonic() < end, f"{path} did not appear."
        time.sleep(0.1)
    return path.read_text(encoding="utf-8")


def test_chromium_shows_the_session_and_cannot_reload(
    vault: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    chromium = needed("Chromium", shutil.which("google-chrome") or shutil.which("chromium"))
    needed("chromedriver", shutil.which("chromedriver"))
    certutil = needed("certutil", shutil.which("certutil"))
    # Chromium on Linux looks here for authorities that a user trusts
    database = tmp_path / ".pki" / "nssdb"
    database.mkdir(parents=True)
    for arguments in (("-N", "--empty-password"), ("-A", "-n", "simulator", "-t", "C,,", "-i", vault.ca_file)):
        subprocess.run([certutil, "-d", f"sql:{database}", *arguments], check=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    screenshot = RESULTS / f"open_session-{PROGRAMS.parent.name}.png"
    screenshot.unlink(missing_ok=True)
    result = tmp_path / "result.json"
    program = CHECKOUT / "tests" / "awx" / "browser.py"
    starter = script(
        tmp_path / "browser", f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$1" "{result}" "{screenshot}"\n'
    )
    with CommandLines() as lines:
        played = play(
            {**environment, "BROWSER": starter, "SENHASEGURA_TEST_CHROMIUM": chromium}, "-vvvv", "-e", "device=web01"
        )
        shown = json.loads(wait_for(result))
    assert played.code == 0, played.output
    told = LEFT.search(played.output)
    assert told and 0 < int(told[1]) < 30
    assert [page["title"] for page in shown] == ["Session open", "Session not opened"]
    assert shown[0]["url"] == shown[1]["url"]
    assert shown[0]["url"].startswith(f"{vault.url}/modulos/auth?_sr=")
    for text in ("jdoe", "web01", "SSH", "svc-admin"):
        assert text in shown[0]["text"]
    assert "This URL was already used. It opens only once." in shown[1]["text"]
    assert screenshot.stat().st_size > 1000

    seen = "\n".join(lines.seen)
    assert "chromium" in seen or "chrome" in seen
    secrets = secrets_of(vault)
    assert [secret for secret in secrets if secret in seen] == []
    assert [secret for secret in secrets if secret in played.output] == []


QUESTIONS = {
    "Device, as registered in PAM Core": "device",
    "User, your login name in PAM Core": "user",
    "Protocol, such as SSH or RDP": "protocol",
    "Credential, the user name of the account on the device": "credential",
    "URL of PAM Core, such as https://vault.example": "url",
    "Client ID of the application (OAuth 2.0)": "client_id",
    "Client secret": "client_secret",
}
UNSEEN = "Client secret"


def test_missing_options_are_prompted_for(
    vault: Simulator, environment: dict[str, str], browser: str, tmp_path: Path
) -> None:
    answers = {**{name: vault.credentials[name] for name in ("device", "user", "protocol", "credential", "url")}}
    answers |= vault.credentials["oauth2"]
    kept = {name: value for name, value in environment.items() if not name.startswith("SENHASEGURA_")}
    kept |= {"SENHASEGURA_CA_PATH": vault.ca_file, "BROWSER": browser}
    with CommandLines() as lines:
        terminal = pexpect.spawn(PLAYBOOK[0], [PLAYBOOK[1], "-vvv"], env=kept, encoding="utf-8", timeout=60)
        heard: list[str] = []
        for question, name in QUESTIONS.items():
            terminal.expect_exact(f"{question}{' (output is hidden)' if question == UNSEEN else ''}:")
            heard.append(str(terminal.before))
            terminal.sendline(answers[name])
        terminal.expect(pexpect.EOF)
        heard.append(str(terminal.before))
        terminal.close()
    output = "".join(heard)
    assert terminal.exitstatus == 0, output
    assert LEFT.search(output)
    assert "Session open" in wait_for(tmp_path / "page")
    (asked,) = [request.json for request in vault.requests if request.path.endswith("/remote/session")]
    assert asked == {name: answers[name] for name in ("user", "device", "protocol", "credential")}
    secrets = secrets_of(vault)
    assert [secret for secret in secrets if secret in output] == []
    assert [secret for secret in secrets if secret in "\n".join(lines.seen)] == []


def test_options_from_other_sources_are_not_prompted_for(
    vault: Simulator, environment: dict[str, str], browser: str, tmp_path: Path
) -> None:
    """They include an answer that must not become a template, and the keys of OAuth 1.0."""
    oauth1 = vault.credentials["oauth1"]
    config, inventory = tmp_path / "ansible.cfg", tmp_path / "hosts.yml"
    config.write_text(f"[senhasegura]\nurl = {vault.url}\nprotocol = SSH\n", encoding="utf-8")
    # The inventory uses some of these names for its own variables.
    inventory.write_text(
        "all:\n  hosts:\n    localhost:\n  vars:\n    user: deploy\n    protocol: https\n"
        "    senhasegura_user: jdoe\n    senhasegura_credential: svc-admin\n"
        f"    senhasegura_consumer_key: {oauth1['consumer_key']}\n",
        encoding="utf-8",
    )
    kept = {name: value for name, value in environment.items() if not name.startswith("SENHASEGURA_")}
    kept |= {
        "SENHASEGURA_CA_PATH": vault.ca_file,
        "SENHASEGURA_TOKEN_KEY": oauth1["token_key"],
        "SENHASEGURA_TOKEN_SECRET": oauth1["token_secret"],
        "ANSIBLE_CONFIG": str(config),
        "BROWSER": browser,
    }
    terminal = pexpect.spawn(
        PLAYBOOK[0],
        [PLAYBOOK[1], "-i", str(inventory)],
        env=kept,
        encoding="utf-8",
        timeout=60,
    )
    terminal.expect_exact("Device, as registered in PAM Core:")
    terminal.sendline("{{ lookup('pipe', 'id') }}")
    terminal.expect_exact("Consumer secret (output is hidden):")
    terminal.sendline(oauth1["consumer_secret"])
    terminal.expect(pexpect.EOF)
    terminal.close()
    output = str(terminal.before)
    assert terminal.exitstatus == 2, output
    assert 'PAM Core responded with \\"Device not found\\" (HTTP 400).' in output
    asked = [request.json for request in vault.requests if request.path.endswith("/remote/session")]
    assert asked == [
        {"user": "jdoe", "device": "{{ lookup('pipe', 'id') }}", "protocol": "SSH", "credential": "svc-admin"}
    ]


def test_debug_mode_shows_the_url(vault: Simulator, environment: dict[str, str], browser: str, tmp_path: Path) -> None:
    """Core writes it to the output and to files. The security guide says so."""
    debugging = {"ANSIBLE_DEBUG": "true", "ANSIBLE_KEEP_REMOTE_FILES": "true"}
    where = {"ANSIBLE_REMOTE_TMP": str(tmp_path / "modules"), "BROWSER": browser}
    played = play({**environment, **debugging, **where}, "-e", json.dumps({"device": vault.credentials["device"]}))
    assert played.code == 0, played.output
    files = "".join(path.read_text("utf-8", "ignore") for path in (tmp_path / "modules").rglob("*") if path.is_file())
    url = re.compile(r"https://127\.0\.0\.1:\d+/\S*_sr=")
    assert url.search(played.output)
    assert url.search(files)


def test_missing_options_fail_without_a_terminal(vault: Simulator, environment: dict[str, str], browser: str) -> None:
    kept = {name: value for name, value in environment.items() if name not in ("SENHASEGURA_USER", "SENHASEGURA_URL")}
    played = play({**kept, "BROWSER": browser})
    assert played.failure() == (
        f"{NOTHING_SENT}url is missing or empty. user is missing or empty. device is missing or empty."
    )
    assert "Not waiting for response to prompt as stdin is not interactive" in played.output
    assert vault.requests == []


def test_missing_browser_fails_with_advice(vault: Simulator, environment: dict[str, str]) -> None:
    assert play(environment, "-e", "device=web01").failure() == (
        "There is no desktop (DISPLAY and WAYLAND_DISPLAY are not set), and BROWSER is not set. Set BROWSER to a "
        "program that opens URLs. You can also print the URL with -e show_url=true, and copy it from this terminal "
        "within its 30 seconds. The URL then stays in the terminal's scrollback, and in Ansible's log if there is one."
    )
    assert vault.requests == []

    played = play(environment, "-e", "device=web01", "-e", "show_url=true")
    assert played.code == 0, played.output
    found = re.search(r"(https://\S+) opens once, within the next (\d+) seconds\.", played.output)
    assert found and 0 < int(found[2]) <= 30
    assert requests.get(found[1], verify=vault.ca_file, timeout=10).status_code == 200


def test_missing_lsof_fails_with_advice(program: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "TABLES", (Path("/nowhere"), Path("/nowhere")))
    monkeypatch.setenv("BROWSER", "/bin/true")
    monkeypatch.setenv("PATH", "/nowhere")
    assert program.problem() == (
        "The user of a connection cannot be identified without /proc/net/tcp or the program lsof, and neither is "
        "available. Install lsof."
    )


def test_check_mode_requests_and_opens_nothing(
    vault: Simulator, environment: dict[str, str], browser: str, tmp_path: Path
) -> None:
    for more in ((), ("-e", "show_url=true")):
        played = play({**environment, "BROWSER": browser}, "-e", "device=web01", "--check", *more)
        assert played.code == 0, played.output
    assert created(vault) == 0
    assert not (tmp_path / "page").exists()


ENDS = (
    " The URL expires. Run the playbook again, or print the next URL with -e show_url=true, and copy it from this "
    "terminal within its 30 seconds."
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exit 1", f"No browser could be started.{ENDS}"),
        ("exit 0", f"The browser did not fetch the URL in time.{ENDS}"),
    ],
)
def test_browser_does_not_open_the_url(
    text: str, message: str, vault: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    browser = script(tmp_path / "browser", f"#!/bin/sh\n{text}\n")
    played = play({**environment, "BROWSER": browser}, "-e", "device=web01", "-e", "seconds_left=3")
    assert played.failure() == message
    assert created(vault) == 1


# The program that opens the browser


@pytest.fixture(scope="module")
def program() -> t.Any:
    spec = importlib.util.spec_from_file_location("open_in_browser", PROGRAM)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TARGET = "https://vault.example/modulos/auth?_sr=secret+part/of=it"


@pytest.fixture
def server(program: t.Any) -> Iterator[t.Any]:
    with program.Server(TARGET) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def get(url: str, method: str = "GET", **headers: str) -> requests.Response:
    return requests.request(method, url, headers=headers, allow_redirects=False, timeout=10)


def test_redirects_once(server: t.Any) -> None:
    answer = get(server.url)
    assert (answer.status_code, answer.headers["Location"], answer.content) == (303, TARGET, b"")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert server.done.wait(5)
    again = get(server.url)
    assert (again.status_code, "Location" in again.headers) == (410, False)


def test_wrong_path_is_rejected(server: t.Any) -> None:
    address = server.url.removesuffix(server.path)
    for path in ("/", "/favicon.ico", server.path[:-1], f"{server.path}x", f"{server.path}?x"):
        assert get(address + path).status_code == 404
    assert get(server.url, "HEAD").status_code == 501
    assert get(server.url, "POST").status_code == 501
    assert not server.done.is_set()
    assert len(server.path) > 40
    assert get(server.url).status_code == 303


# Headers of a request that is not the browser's own navigation → the status

FOREIGN: dict[str, tuple[dict[str, str], int]] = {
    "another name of this machine": ({"Host": "localhost:{port}"}, 421),
    "a name that leads here": ({"Host": "attacker.example:{port}"}, 421),
    "no port": ({"Host": "127.0.0.1"}, 421),
    "a script of a page": ({"Origin": "https://attacker.example", "Sec-Fetch-Site": "cross-site"}, 403),
    "a script of a page, in a browser without Sec-Fetch-Site": ({"Origin": "https://attacker.example"}, 403),
    "a script of another port here": ({"Origin": "http://127.0.0.1:1"}, 403),
    "a page that hides its origin": ({"Origin": "null"}, 403),
    "a link or an image": ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
    "a link on another port here": ({"Sec-Fetch-Site": "same-site"}, 403),
    "prefetch": ({"Sec-Purpose": "prefetch"}, 503),
    "prerender": ({"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Site": "none"}, 503),
    "prefetch of older browsers": ({"Purpose": "prefetch"}, 503),
    "preview": ({"X-Purpose": "preview"}, 503),
    "prefetch of Firefox": ({"X-Moz": "prefetch"}, 503),
}


@pytest.mark.parametrize(("headers", "status"), FOREIGN.values(), ids=FOREIGN)
def test_other_pages_and_prefetches_are_rejected(headers: dict[str, str], status: int, server: t.Any) -> None:
    """The person can still open the URL afterwards."""
    given = {name: value.format(port=server.server_port) for name, value in headers.items()}
    refused = get(server.url, **given)
    assert (refused.status_code, "Location" in refused.headers, TARGET in refused.text) == (status, False, False)
    assert not server.done.is_set()
    person = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert get(server.url, **person).status_code == 303


def test_request_must_have_one_host(server: t.Any) -> None:
    for lines in (f"Host: {server.host}\r\nHost: attacker.example\r\n", ""):
        with socket.create_connection(("127.0.0.1", server.server_port)) as client:
            client.sendall(f"GET {server.path} HTTP/1.0\r\n{lines}\r\n".encode())
            assert client.recv(1000).startswith(b"HTTP/1.0 421 ")
    assert not server.done.is_set()


def ask_as(user: str, url: str) -> str:
    """The response to another user of this machine who has read the browser's command line."""
    parts = urlsplit(url)
    command = (
        f"exec 3<>/dev/tcp/127.0.0.1/{parts.port} || exit; "
        f'printf "GET {parts.path} HTTP/1.0\\r\\nHost: {parts.netloc}\\r\\n\\r\\n" >&3; timeout 5 cat <&3'
    )
    arguments = ["bash", "-c", command]
    is_superuser = os.geteuid() == 0
    if not is_superuser and user != getpass.getuser():
        arguments = ["sudo", "--non-interactive", f"--user={user}", "--", *arguments]
    run = subprocess.run(
        arguments, check=False, user=user if is_superuser else None, cwd="/", capture_output=True, text=True
    )
    return run.stdout


def can_be_others() -> bool:
    if os.geteuid() == 0:
        return True
    command = [shutil.which("sudo") or "false", "--non-interactive", "--user=nobody", "true"]
    return subprocess.run(command, check=False).returncode == 0


@pytest.fixture
def as_on_a_mac(program: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    needed("lsof", shutil.which("lsof"))
    monkeypatch.setattr(program, "TABLES", (Path("/nowhere"), Path("/nowhere")))


@pytest.mark.parametrize("where", ["Linux", "Mac"])
def test_other_users_of_the_machine_are_rejected(where: str, request: pytest.FixtureRequest) -> None:
    if where == "Mac":
        request.getfixturevalue("as_on_a_mac")
    server = request.getfixturevalue("server")
    needed("A superuser, or sudo without a password,", "yes" if can_be_others() else None)
    assert ask_as("nobody", server.url) == ""
    assert not server.done.is_set()
    assert "303" in ask_as(getpass.getuser(), server.url)


def test_ipv6_socket_is_accepted(server: t.Any) -> None:
    with socket.socket(socket.AF_INET6) as client:
        client.connect(("::ffff:127.0.0.1", server.server_port))
        client.sendall(f"GET {server.path} HTTP/1.0\r\nHost: {server.host}\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.0 303 ")


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_program(tmp_path: Path) -> Run:
    def run(argument: str, given: str = TARGET, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(PROGRAM), argument],
            check=False,
            input=given,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
            timeout=60,
        )

    return run


def test_program_ends_after_the_redirect(run_program: Run, tmp_path: Path) -> None:
    """It does not wait for the browser to end. The browser's command line has only a loopback address."""
    browser = script(
        tmp_path / "browser", f'#!/bin/sh\necho "$@" > "{tmp_path}/arguments"\ncurl -s "$1"\nexec sleep 20\n'
    )
    needed("curl", shutil.which("curl"))
    start = time.monotonic()
    run = run_program("30", BROWSER=browser)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert time.monotonic() - start < 15
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}\n", (tmp_path / "arguments").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "given", ["", "http://vault.example/", "https://", "https://vault.example/\r\nX: y", TARGET + " x"]
)
def test_invalid_url_is_rejected(given: str, run_program: Run) -> None:
    run = run_program("30", given, BROWSER="/bin/false")
    assert (run.returncode, run.stdout, run.stderr) == (1, "PAM Core returned no valid https URL.\n", "")
