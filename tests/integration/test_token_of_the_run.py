# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run has one login, whatever happens to its directory, its token and the application. At its end, no file is
left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
import typing as t
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.integration.conftest import reach
from tests.integration.test_requests import CREATE, FOR_ALL_HOSTS, LOGIN, hosts
from tests.messages import CHECK_CLIENT, INTERRUPTED, LOGGING_IN, LOST, NO_TIME, NOT_LOGGED_IN, NOT_RETRIED, responded
from tests.simulator import Simulator

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Played

GET = "Get a session on each host"
OURS = "senhasegura-*"
SIMULATOR = Path(__file__).resolve().parents[1] / "simulator"

REFUSED = f"{LOGGING_IN}{responded('Client authentication failed', 401)} {CHECK_CLIENT}"
LATE = f"{LOGGING_IN}{LOST}{NO_TIME}"
BUSY = LOGGING_IN + NOT_LOGGED_IN
TASK_ENDED = LOGGING_IN + INTERRUPTED
NOT_AGAIN = r" The login failed \d+ seconds? " + re.escape(NOT_RETRIED)


@pytest.fixture
def vault() -> Iterator[Simulator]:
    """One for each test, because tests change its tokens and secrets."""
    with Simulator(profile="4.0", strict=True) as simulator:
        yield simulator


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    """Where core creates the run's directory."""
    folder = tmp_path / "local"
    folder.mkdir()
    return folder


class Run:
    """A play with stages. Between them, this process performs actions."""

    def __init__(self, play: Play, vault: Simulator, temp: Path) -> None:
        self._play = play
        self._vault = vault
        self._temp = temp
        self._tasks = ""
        self._acts: list[tuple[str, Callable[[], object]]] = []
        self._begun: list[tuple[str, int]] = []
        self._failures: list[BaseException] = []

    @property
    def directory(self) -> Path:
        """The directory of the run, while it exists."""
        [directory] = self._temp.glob("ansible-local-*")
        return directory

    @property
    def token_file(self) -> Path:
        """The file with the token. Another file has the path."""
        [file] = (path for path in self.directory.glob("senhasegura-*.json") if "access_token" in path.read_text())
        return file

    def then(self, stage: str, act: Callable[[], object], tasks: str = FOR_ALL_HOSTS) -> None:
        """Add a stage: perform *act* in this process, and then play *tasks*."""
        self._tasks += f"""
- name: {stage}
  run_once: true
  ansible.builtin.assert:
    that: lookup('ansible.builtin.url', course ~ '/{len(self._acts)}') == 'done'
{tasks}
"""
        self._acts.append((stage, act))

    def _begin(self, number: int) -> None:
        stage, act = self._acts[number]
        self._begun.append((stage, len(self._vault.requests)))
        try:
            act()
        except BaseException as exc:
            self._failures.append(exc)
            raise

    def play(self, *arguments: str, variables: dict[str, t.Any], **more: t.Any) -> Played:
        begin = self._begin

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                begin(int(self.path.strip("/")))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"done")

            def log_message(self, *_args: t.Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=[0.05])
            thread.start()
            try:
                variables = {**variables, "course": f"http://127.0.0.1:{server.server_address[1]}"}
                environment = {"ANSIBLE_LOCAL_TEMP": str(self._temp), **more.pop("environment", {})}
                played = self._play(self._tasks, *arguments, variables=variables, environment=environment, **more)
            finally:
                server.shutdown()
                thread.join()
        if self._failures:
            raise self._failures[0]
        assert [stage for stage, _number in self._begun] == [stage for stage, _act in self._acts], played.output
        return played

    def requests(self, stage: str) -> Counter[tuple[str, int | None]]:
        """The number of requests of a stage, by path and status."""
        index = [name for name, _number in self._begun].index(stage)
        start, end = ([number for _name, number in self._begun] + [len(self._vault.requests)])[index : index + 2]
        return Counter((request.path, request.status) for request in self._vault.requests[start:end])

    def logins(self) -> dict[str, int]:
        """The number of logins in each stage, including rejected ones."""
        return {
            stage: sum(count for (path, _status), count in self.requests(stage).items() if path == LOGIN)
            for stage, _number in self._begun
        }


@pytest.fixture
def run(play: Play, vault: Simulator, temp: Path) -> Run:
    return Run(play, vault, temp)


def nothing() -> None:
    """The action of a stage in which nothing happens."""


def left(temp: Path) -> list[str]:
    return sorted(str(path.relative_to(temp)) for path in temp.rglob("*"))


TRY_FOR_ALL_HOSTS = FOR_ALL_HOSTS + "  ignore_errors: true\n"


def test_50_forks_and_300_hosts_share_one_login(run: Run, vault: Simulator, temp: Path) -> None:
    run.then("At first", nothing)
    run.play("--forks=50", variables=reach(vault), inventory=hosts(300)).succeeded()
    assert run.requests("At first") == {(LOGIN, 200): 1, (CREATE, 200): 300}
    assert left(temp) == []


def test_only_the_owner_can_read_the_files(run: Run, vault: Simulator, temp: Path) -> None:
    """The files contain no secret except the token."""

    def look() -> None:
        assert stat.S_IMODE(run.directory.stat().st_mode) == 0o700
        found = sorted(run.directory.glob(OURS), key=lambda path: path.suffix)
        assert [(path.suffix, stat.S_IMODE(path.stat().st_mode)) for path in found] == [
            (".json", 0o600),
            (".json", 0o600),
            (".lock", 0o600),
            (".lock", 0o600),
        ]
        contents = sorted((json.loads(path.read_text()) for path in found[:2]), key=len)
        assert [sorted(content) for content in contents] == [["path"], ["access_token", "from", "to"]]

    run.then("At first", nothing)
    run.then("Again", look)
    run.play(variables=reach(vault), inventory=hosts(3)).succeeded()
    assert left(temp) == []


def test_50_forks_with_a_revoked_token_share_one_more_login(run: Run, vault: Simulator, temp: Path) -> None:
    """Responses are slow, so all forks have the old token when the first one learns that it is revoked."""

    def revoke() -> None:
        vault.state.tokens.clear()
        vault.fault(CREATE, {"name": "slow", "delay": 4}, times=50)
        vault.fault(LOGIN, {"name": "slow", "delay": 0.5})

    run.then("At first", nothing)
    run.then("Revoked", revoke)
    run.play("--forks=50", variables=reach(vault), inventory=hosts(60)).succeeded()
    assert run.requests("At first") == {(LOGIN, 200): 1, (CREATE, 200): 60}
    again = run.requests("Revoked")
    assert again[CREATE, 401] > 25
    assert again == {(LOGIN, 200): 1, (CREATE, 401): again[CREATE, 401], (CREATE, 200): 60}
    assert left(temp) == []


# Events that can happen to the existing file. The token stays the same if the event allows it.


def _edit(**more: t.Any) -> Callable[[Path], None]:
    return lambda file: None if file.write_text(json.dumps({**json.loads(file.read_text()), **more})) else None


def _truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _replace(file: Path, put: Callable[[Path], object]) -> None:
    file.unlink()
    put(file)


def _symlink(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def _fill_directory(file: Path) -> None:
    file.mkdir()
    (file / "something").touch()


# If nothing else would show that the file was ignored, its token is changed.
EVENTS: dict[str, Callable[[Path], object]] = {
    "corrupt": lambda file: file.write_bytes(os.urandom(600)),
    "empty": lambda file: file.write_bytes(b""),
    "truncated": _truncate,
    "another kind of JSON": lambda file: file.write_text("[1]"),
    "token with a line end": _edit(access_token="one\ntwo"),
    "token that is no text": _edit(access_token=["one"]),
    "no time": _edit(to=None),
    "over": _edit(to=1),
    "from the future": _edit(**{"from": 32503680000}),
    "revoked": _edit(access_token="revoked"),
    "gone": Path.unlink,
    "readable for all": lambda file: file.chmod(0o644),
    "writable for the group": lambda file: file.chmod(0o620),
    "symlink": _symlink,
    "dangling symlink": lambda file: _replace(file, lambda file: file.symlink_to("nowhere")),
    "pipe": lambda file: _replace(file, os.mkfifo),
}
if os.geteuid() == 0:  # only root can change the owner of a file
    EVENTS["another's"] = lambda file: os.chown(file, 65534, 65534)


def test_damage_to_the_file_costs_one_more_login(run: Run, vault: Simulator, temp: Path) -> None:
    def happen(to_file: Callable[[Path], object]) -> Callable[[], object]:
        return lambda: to_file(run.token_file)

    run.then("At first", nothing)
    for stage, to_file in EVENTS.items():
        run.then(stage, happen(to_file))
    run.then("Nothing more", nothing)
    run.play("--forks=4", variables=reach(vault), inventory=hosts(6)).succeeded()
    assert run.logins() == {"At first": 1, **dict.fromkeys(EVENTS, 1), "Nothing more": 0}
    for stage in run.logins():
        answers = run.requests(stage)
        assert answers[CREATE, 200] == 6
        assert (answers[CREATE, 401] > 0) == (stage == "revoked")
    assert left(temp) == []


def test_directory_instead_of_the_file_costs_each_host_a_login(run: Run, vault: Simulator, temp: Path) -> None:
    """A file cannot replace a directory. The items of a loop still share a login."""
    run.then("At first", nothing)
    run.then("Directory", lambda: _replace(run.token_file, _fill_directory))
    run.then("In a loop", nothing, f"{FOR_ALL_HOSTS}  loop: [1, 2, 3]\n")
    run.play(variables=reach(vault), inventory=hosts(3)).succeeded()
    assert run.logins() == {"At first": 1, "Directory": 3, "In a loop": 3}
    assert [run.requests(stage)[CREATE, 200] for stage in run.logins()] == [3, 3, 9]
    assert left(temp) == []


def _wait_until_stopped(process: subprocess.Popen[str]) -> None:
    _pid, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), status


@pytest.fixture
def writer(collections: str) -> Iterator[Callable[[Path, str], subprocess.Popen[str]]]:
    """Start a process that holds the lock and is about to move its new file into place. A signal hits it at that
    point."""
    script = """
import os
import signal
import sys
from pathlib import Path

from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import RunMemory

file, blow = Path(sys.argv[1]), getattr(signal, sys.argv[2])
os.replace = lambda *_paths: os.kill(os.getpid(), blow)
memory, key = RunMemory(str(file.parent)), file.stem.partition("-")[2]
with memory.locked(key, 5):
    memory.write(key, {"access_token": "of one who was struck", "from": 0, "to": 2**40})
"""
    with contextlib.ExitStack() as stack:

        def start(file: Path, blow: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", script, str(file), blow],
                env={**os.environ, "PYTHONPATH": collections},
                text=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield start


def test_killed_while_writing(run: Run, vault: Simulator, temp: Path, writer: t.Any) -> None:
    """The lock is free, and its unfinished file is ignored."""

    def strike() -> None:
        file = run.token_file
        file.unlink()
        assert writer(file, "SIGKILL").wait(30) == -signal.SIGKILL
        assert [path.suffix for path in run.directory.glob(OURS) if "struck" in path.read_text()] == [".new"]

    run.then("At first", nothing)
    run.then("Killed", strike)
    run.play(variables=reach(vault, timeout=60), inventory=hosts(3)).succeeded()
    assert run.requests("Killed") == {(LOGIN, 200): 1, (CREATE, 200): 3}
    killed = [request.time for request in vault.requests[-4:]]
    assert (killed[-1] - killed[0]).total_seconds() < 20
    assert left(temp) == []


def test_stopped_while_writing(run: Run, vault: Simulator, temp: Path, writer: t.Any) -> None:
    """Other tasks wait for the lock as long as they may, and do not log in without it."""

    def strike() -> None:
        file = run.token_file
        file.unlink()
        _wait_until_stopped(writer(file, "SIGSTOP"))

    run.then("At first", nothing)
    run.then("Stopped", strike, TRY_FOR_ALL_HOSTS)
    played = run.play("--forks=2", variables=reach(vault, timeout=4), inventory=hosts(2)).succeeded()
    assert run.requests("Stopped") == {}
    assert [result.get("msg") for result in played.results(GET)][2:] == [BUSY, BUSY]
    assert left(temp) == []


# A full disk


@pytest.fixture
def small_disk(temp: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("Only root can mount a file system.")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(temp)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"Root may not mount a file system here: {mounted.stderr.strip()}")
    yield temp
    subprocess.run(["umount", str(temp)], check=True)


IN_A_LOOP = f"{FOR_ALL_HOSTS}  loop: [1, 2, 3]\n"


def test_disk_is_full_or_read_only(run: Run, vault: Simulator, small_disk: Path) -> None:
    """Each process logs in itself. They share the earlier token, and a token that can be written again."""
    ballast = small_disk / "ballast"

    def fill() -> None:
        with ballast.open("wb", buffering=0) as stream, pytest.raises(OSError, match="No space left"):
            while True:
                stream.write(bytes(512))

    def remount(mode: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{mode}", str(small_disk)], check=True)

    def make_read_only() -> None:
        assert not list(run.directory.glob("*.new"))
        vault.state.tokens.clear()
        ballast.unlink()
        remount("ro")

    run.then("Full from the start", fill)
    run.then("Full, in a loop", nothing, IN_A_LOOP)
    run.then("Room", ballast.unlink)
    run.then("Full again", fill)
    run.then("Full and revoked", vault.state.tokens.clear)
    run.then("Read only and revoked", make_read_only)
    run.then("Read only, in a loop", nothing, IN_A_LOOP)
    run.then("Writable", lambda: remount("rw"))
    run.play(variables=reach(vault), inventory=hosts(3)).succeeded()
    assert run.logins() == {
        "Full from the start": 3,
        "Full, in a loop": 3,
        "Room": 1,
        "Full again": 0,
        "Full and revoked": 1,  # without the file of the old token, there is room
        "Read only and revoked": 3,
        "Read only, in a loop": 3,
        "Writable": 1,
    }
    assert [run.requests(stage)[CREATE, 200] for stage in run.logins()] == [3, 9, 3, 3, 3, 3, 9, 3]
    assert left(small_disk) == []


def test_file_is_too_large(run: Run, vault: Simulator, temp: Path) -> None:
    """For systems without mount permission: the system rejects the second half of each file."""

    limit = """
import os
import resource
import sys

resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
os.execv(sys.argv[1], sys.argv[1:])
"""

    def look() -> None:
        assert sorted(path.suffix for path in run.directory.glob(OURS)) == [".json", ".lock", ".lock"]

    run.then("Too large", nothing)
    run.then("In a loop", look, IN_A_LOOP)
    environment = {"DUMP_EVERYTHING": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}  # a file that would be larger
    run.play(
        variables=reach(vault), inventory=hosts(3), starter=[sys.executable, "-c", limit], environment=environment
    ).succeeded()
    assert run.requests("Too large") == {(LOGIN, 200): 3, (CREATE, 200): 3}
    assert run.requests("In a loop") == {(LOGIN, 200): 3, (CREATE, 200): 9}
    assert left(temp) == []


# Tokens that expire


def test_token_expires_by_the_clock_of_the_server(run: Run, vault: Simulator, temp: Path) -> None:
    run.then("At first", nothing)
    run.then("Over", lambda: vault.clock.advance(3601))
    run.play(variables=reach(vault), inventory=hosts(5)).succeeded()
    assert run.logins() == {"At first": 1, "Over": 1}
    assert run.requests("Over")[CREATE, 200] == 5
    assert left(temp) == []


def test_token_expires_during_the_run(play: Play, temp: Path) -> None:
    """A token is not used in its last 30 seconds, so no request is rejected."""
    data = yaml.safe_load((SIMULATOR / "default.yml").read_text(encoding="utf-8"))
    data["settings"]["token_lifetime"] = 33
    with Simulator(profile="4.0", strict=True, data=data) as vault:
        run = Run(play, vault, temp)
        run.then("At first", nothing)
        run.then("About to end", lambda: time.sleep(3))
        run.play(variables=reach(vault), inventory=hosts(5)).succeeded()
        for stage in ("At first", "About to end"):
            assert run.requests(stage) == {(LOGIN, 200): 1, (CREATE, 200): 5}
    assert left(temp) == []


# Identities


def test_two_identities_log_in_once_each(run: Run, vault: Simulator, temp: Path) -> None:
    known = vault.credentials["authorizations"]
    identities = [known[name]["oauth2"] for name in ("full", "no-pam-core")]
    inventory = hosts(10)
    for number, host in enumerate(inventory):
        keys = identities[number % 2].items()
        inventory[host] = {**inventory[host], **{f"senhasegura_{name}": value for name, value in keys}}
    run.then("At first", nothing)
    run.then("Again", nothing)
    run.play("--forks=10", variables=reach(vault, None), inventory=inventory).succeeded()
    assert run.requests("At first") == {(LOGIN, 200): 2, (CREATE, 200): 10}
    assert run.requests("Again") == {(CREATE, 200): 10}
    logins = [request.form["client_id"] for request in vault.requests if request.path == LOGIN]
    assert sorted(logins) == sorted(identity["client_id"] for identity in identities)
    asked = {request.json["device"]: request.headers["authorization"] for request in vault.requests if request.json}
    of_identity = [{asked[host] for host in list(inventory)[first::2]} for first in (0, 1)]
    assert [len(tokens) for tokens in of_identity] == [1, 1]
    assert of_identity[0] != of_identity[1]
    assert left(temp) == []


def test_rotated_secret(run: Run, vault: Simulator, temp: Path) -> None:
    """The old secret is rejected once. The new one is another identity, to which that rejection does not apply."""

    def rotate() -> None:
        vault.state.authorization("portal", "full").client_secret = "rotated"
        vault.state.tokens.clear()

    def look() -> None:
        texts = [path.read_text() for path in run.directory.glob(OURS)]
        assert not any(secret in text for text in texts for secret in (old["client_secret"], "access_token"))

    old = dict(vault.credentials["oauth2"])
    run.then("At first", nothing)
    run.then("Rotated", rotate, TRY_FOR_ALL_HOSTS)
    run.then("New secret", look, f"{FOR_ALL_HOSTS}    client_secret: rotated\n")
    played = run.play("--forks=4", variables=reach(vault), inventory=hosts(12)).succeeded()
    assert run.requests("At first") == {(LOGIN, 200): 1, (CREATE, 200): 12}
    rotated = run.requests("Rotated")
    assert rotated == {(LOGIN, 401): 1, (CREATE, 401): rotated[CREATE, 401]}
    assert 1 <= rotated[CREATE, 401] <= 4  # the forks that had already read the token
    assert run.requests("New secret") == {(LOGIN, 200): 1, (CREATE, 200): 12}
    failed = [result["msg"] for result in played.results(GET) if result.get("http_status") == 401]
    assert len(failed) == 12
    assert failed.count(REFUSED) == 1
    assert sum(re.fullmatch(re.escape(REFUSED) + NOT_AGAIN, text) is not None for text in failed) == 11
    assert left(temp) == []


# Rejected logins


def test_wrong_secret_is_rejected_once_for_100_hosts(run: Run, vault: Simulator, temp: Path) -> None:
    run.then("Refused", nothing, TRY_FOR_ALL_HOSTS)
    played = run.play(
        "--forks=10", variables=reach(vault, client_secret="wrong secret"), inventory=hosts(100)
    ).succeeded()
    assert run.requests("Refused") == {(LOGIN, 401): 1}
    results = played.results(GET)
    assert len(results) == 100
    texts = Counter(re.sub(NOT_AGAIN, " NOT AGAIN", result["msg"]) for result in results)
    assert texts == {REFUSED: 1, f"{REFUSED} NOT AGAIN": 99}
    for result in results:
        assert (result["http_status"], result["error_code"], result["session_may_exist"]) == (401, None, False)
    assert "wrong secret" not in played.output
    assert left(temp) == []


def test_slow_rejection_is_one_failed_login(run: Run, vault: Simulator, temp: Path) -> None:
    """The response takes more than half of the time of a task."""
    vault.fault(LOGIN, {"name": "slow", "delay": 6}, times=None)
    run.then("Refused", nothing, TRY_FOR_ALL_HOSTS)
    variables = reach(vault, client_secret="wrong secret", timeout=10)
    played = run.play("--forks=12", variables=variables, inventory=hosts(12)).succeeded()
    assert run.requests("Refused") == {(LOGIN, 401): 1}
    texts = Counter(re.sub(NOT_AGAIN, " NOT AGAIN", result["msg"]) for result in played.results(GET))
    assert texts == {REFUSED: 1, f"{REFUSED} NOT AGAIN": 11}


def test_late_rejection_is_one_failed_login(run: Run, vault: Simulator, temp: Path) -> None:
    """The first task that logs in times out, and so do the tasks that wait for it. No other task logs in."""
    vault.fault(LOGIN, {"name": "slow", "delay": 30}, times=None)
    run.then("Refused", nothing, TRY_FOR_ALL_HOSTS)
    variables = reach(vault, client_secret="wrong secret", timeout=4)
    played = run.play("--forks=6", variables=variables, inventory=hosts(24)).succeeded()
    assert sum(run.requests("Refused").values()) == 1
    texts = Counter(re.sub(NOT_AGAIN, " NOT AGAIN", result["msg"]) for result in played.results(GET))
    assert texts.pop(LATE) == 1
    assert set(texts) <= {f"{LATE} NOT AGAIN", BUSY}
    assert sum(texts.values()) == 23


def test_login_interrupted_by_the_keyword_timeout_is_one_failed_login(run: Run, vault: Simulator, temp: Path) -> None:
    vault.fault(LOGIN, {"name": "slow", "delay": 10}, times=None)
    run.then("Refused", nothing, TRY_FOR_ALL_HOSTS + "  timeout: 2\n")
    played = run.play("--forks=2", variables=reach(vault, client_secret="wrong secret"), inventory=hosts(6)).succeeded()
    assert sum(run.requests("Refused").values()) == 1
    texts = [result["msg"] for result in played.results(GET)]
    assert len(texts) == 6
    assert sum(re.fullmatch(re.escape(TASK_ENDED) + NOT_AGAIN, text) is not None for text in texts) >= 4


def test_check_mode_has_one_failed_login(run: Run, vault: Simulator, temp: Path) -> None:
    run.then("Refused", nothing, TRY_FOR_ALL_HOSTS)
    run.play("--check", variables=reach(vault, client_secret="wrong secret"), inventory=hosts(5)).succeeded()
    assert run.requests("Refused") == {(LOGIN, 401): 1}


def test_each_task_is_rejected_without_the_cache(run: Run, vault: Simulator, temp: Path) -> None:
    run.then("Refused", nothing, TRY_FOR_ALL_HOSTS)
    variables = reach(vault, client_secret="wrong secret", token_cache=False)
    played = run.play(variables=variables, inventory=hosts(5)).succeeded()
    assert run.requests("Refused") == {(LOGIN, 401): 5}
    assert {result["msg"] for result in played.results(GET)} == {REFUSED}


def test_new_token_is_rejected(run: Run, vault: Simulator, temp: Path) -> None:
    """The login succeeds, but PAM Core accepts no token."""
    vault.fault(CREATE, "unauthorized_401", times=None)
    run.then("Not accepted", nothing, TRY_FOR_ALL_HOSTS)
    played = run.play("--forks=5", variables=reach(vault), inventory=hosts(60)).succeeded()
    # All tasks have the first token. One task with a rejected token logs in again before it is known that this does not
    # help.
    assert 1 <= run.requests("Not accepted")[LOGIN, 200] <= 3
    assert len({result["msg"] for result in played.results(GET)}) == 1
    assert left(temp) == []
