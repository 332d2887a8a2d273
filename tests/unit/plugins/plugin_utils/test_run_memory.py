# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The memory that the tasks of a run share. Only its owner can read it, and it never causes a failure."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import RunMemory, run_memory
from tests.simulator import Simulator

CHECKOUT = Path(__file__).resolve().parents[4]
KEY = "0123abcd"
KNOWN = {"access_token": "a token", "from": 1.5, "to": 2}


@pytest.fixture
def memory() -> RunMemory:
    return run_memory()


@pytest.fixture
def file(run_directory: Path) -> Path:
    return run_directory / f"senhasegura-{KEY}.json"


def test_other_processes_can_read_the_memory(memory: RunMemory) -> None:
    assert memory.read(KEY) == {}
    memory.write(KEY, KNOWN)
    assert run_memory().read(KEY) == KNOWN
    memory.write(KEY, {})
    assert run_memory().read(KEY) == {}
    assert run_memory().read("another key") == {}


def test_only_the_owner_may_read(memory: RunMemory, run_directory: Path) -> None:
    before = os.umask(0)
    try:
        memory.write(KEY, KNOWN)
        with memory.locked(KEY, 1):
            pass
    finally:
        os.umask(before)
    files = sorted(run_directory.iterdir())
    assert [path.suffix for path in files] == [".json", ".lock"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600, 0o600]


def test_file_is_replaced_atomically(memory: RunMemory, file: Path) -> None:
    """A process that has the old file open can still read all of it."""
    memory.write(KEY, KNOWN)
    with file.open() as before:
        memory.write(KEY, {"access_token": "another"})
        assert json.load(before) == KNOWN
    assert json.loads(file.read_text()) == {"access_token": "another"}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o601, 0o602])
def test_file_accessible_to_others_is_ignored(memory: RunMemory, file: Path, mode: int) -> None:
    memory.write(KEY, KNOWN)
    file.chmod(mode)
    assert memory.read(KEY) == {}


def test_file_of_another_user_is_ignored(memory: RunMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.write(KEY, KNOWN)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert memory.read(KEY) == {}


def _symlink(path: Path) -> None:
    other = path.with_name("other")
    other.write_text(json.dumps(KNOWN))
    other.chmod(0o600)
    path.symlink_to(other)


IN_PLACE: dict[str, Callable[[Path], None]] = {
    "symlink": _symlink,
    "dangling symlink": lambda path: path.symlink_to(path.with_name("nowhere")),
    "pipe": lambda path: os.mkfifo(path, 0o600),
    "directory": lambda path: path.mkdir(0o700),
}


@pytest.mark.parametrize("put", IN_PLACE.values(), ids=IN_PLACE)
def test_file_path_is_not_a_regular_file(memory: RunMemory, file: Path, put: Callable[[Path], None]) -> None:
    put(file)
    started = time.monotonic()
    assert memory.read(KEY) == {}
    memory.write(KEY, KNOWN)
    assert memory.read(KEY) == KNOWN
    assert time.monotonic() - started < 1
    assert not list(file.parent.glob("*.new"))


def test_symlink_is_not_followed(memory: RunMemory, file: Path) -> None:
    _symlink(file)
    memory.write(KEY, {"access_token": "new"})
    assert json.loads(file.with_name("other").read_text()) == KNOWN


@pytest.mark.parametrize("put", IN_PLACE.values(), ids=IN_PLACE)
def test_lock_path_is_not_a_regular_file(memory: RunMemory, run_directory: Path, put: Callable[[Path], None]) -> None:
    put(run_directory / f"senhasegura-{KEY}.lock")
    started = time.monotonic()
    with memory.locked(KEY, 1) as is_free:
        assert is_free is not False
        memory.write(KEY, KNOWN)
    assert memory.read(KEY) == KNOWN
    assert time.monotonic() - started < 0.9


def _fail(*_args: t.Any, **_more: t.Any) -> t.Any:
    raise OSError(28, "No space left on device")


def test_full_disk(memory: RunMemory, run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process keeps the values that it cannot write. No partial file remains on the disk."""
    memory.write(KEY, {"access_token": "old"})
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", _fail)
        memory.write(KEY, KNOWN)
    assert memory.read(KEY) == KNOWN
    assert list(run_directory.iterdir()) == []  # the earlier values are no longer valid
    memory.write(KEY, {"access_token": "new"})
    assert memory.read(KEY) == {"access_token": "new"}


@pytest.mark.parametrize("function", ["open", "mkdir"])
def test_directory_is_not_writable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, function: str) -> None:
    memory = RunMemory(str(tmp_path / "nowhere"))
    monkeypatch.setattr(os, function, _fail)
    with memory.locked(KEY, 1):
        assert memory.read(KEY) == {}
        memory.write(KEY, KNOWN)
    assert memory.read(KEY) == KNOWN


def test_exception_under_the_lock_is_raised(memory: RunMemory) -> None:
    with pytest.raises(OSError, match="mine"), memory.locked(KEY, 1):
        raise OSError("mine")


def test_wait_for_the_lock_is_limited(memory: RunMemory, run_directory: Path) -> None:
    lock = os.open(run_directory / f"senhasegura-{KEY}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for seconds in (0.0, 0.3):
            started = time.monotonic()
            with memory.locked(KEY, seconds) as is_free:
                assert seconds <= time.monotonic() - started < seconds + 0.5
                assert is_free is False
        started = time.monotonic()
        with memory.locked("another key", 5) as is_free:
            assert time.monotonic() - started < 0.5
            assert is_free is True
    finally:
        os.close(lock)


def test_no_locks_available(memory: RunMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_args: t.Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with memory.locked(KEY, 5) as is_free:
        assert is_free is None


def test_lock_is_released(memory: RunMemory) -> None:
    for _round in range(2):
        started = time.monotonic()
        with contextlib.suppress(ValueError), memory.locked(KEY, 5):
            raise ValueError
        assert time.monotonic() - started < 0.5


# Several processes

PROCESS = """
import json
import sys

import tests.unit.conftest

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import RunMemory

directory, options = json.loads(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(create_remote_session(connect(options, RunMemory(directory)), options)["session_url"])
"""


def test_processes_share_one_login(simulator: Simulator, vault: dict[str, t.Any], run_directory: Path) -> None:
    simulator.fault("*/oauth2/token", {"name": "slow", "delay": 0.3})
    options = {**vault, "api_prefix": "auto", "timeout": 30.0, "retries": 0}
    command = [sys.executable, "-c", PROCESS, json.dumps([str(run_directory), options])]
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _number in range(3)
        ]
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        urls = {process.communicate("go\n", timeout=20)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(urls) == 3
    paths = sorted(request.path for request in simulator.requests)
    assert paths == ["/iso/oauth2/token", *["/iso/remote/session"] * 3]
