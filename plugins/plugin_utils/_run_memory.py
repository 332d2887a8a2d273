# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of one run of Ansible remember together: the OAuth 2.0 token, and which generation of paths is there.

Each task and host is a fork of its own, so this has to be outside of processes. ansible-core makes one directory per
run, with mode 0700, which all forks share and which is removed at the end; there each key has a file with mode 0600.
A file that is damaged, is not ours or cannot be written is as good as none: then one more login is made, and nothing
fails."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import tempfile
import time
import typing as t
from collections.abc import Iterator, Mapping

from ansible import constants as C

MAX_SIZE = 64 * 1024


_memories: dict[tuple[int, str], RunMemory] = {}


def run_memory() -> RunMemory:
    """That of this run, one for each process: what cannot be written is known to the items of a loop all the same."""
    directory: str = C.DEFAULT_LOCAL_TMP  # type: ignore[attr-defined]  # core makes its constants when it starts
    return _memories.setdefault((os.getpid(), directory), RunMemory(directory))


class RunMemory:
    """Implements ``module_utils/_memory.py``'s protocol of the same name, in a directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._unwritten: dict[str, dict[str, t.Any]] = {}

    @contextlib.contextmanager
    def locked(self, key: str, seconds: float) -> Iterator[None]:
        """Hold the lock of *key*. After *seconds* without it, or where there can be none, go on all the same: the worst
        that follows is one more login."""
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                lock = os.open(self._path(key, "lock"), flags, 0o600)
                stack.callback(os.close, lock)
                _wait_for_lock(lock, time.monotonic() + seconds)
            yield

    def read(self, key: str) -> dict[str, t.Any]:
        if key in self._unwritten:
            return self._unwritten[key]
        try:
            # O_NONBLOCK, since opening a pipe that someone put there would wait for its other end.
            file = os.open(self._path(key, "json"), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(file, "rb") as stream:
                about = os.fstat(stream.fileno())
                if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
                    return {}
                known = json.loads(stream.read(MAX_SIZE))
        except (OSError, ValueError, RecursionError):
            return {}
        return known if isinstance(known, dict) else {}

    def write(self, key: str, known: Mapping[str, t.Any]) -> None:
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(dir=self._directory, prefix="senhasegura-", suffix=".new")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(dict(known), stream)
            os.replace(temporary, self._path(key, "json"))
        except OSError:
            self._unwritten[key] = dict(known)
            if temporary:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
        else:
            self._unwritten.pop(key, None)

    def _path(self, key: str, suffix: str) -> str:
        return os.path.join(self._directory, f"senhasegura-{key}.{suffix}")


def _wait_for_lock(lock: int, until: float) -> None:
    """``flock`` itself can only wait forever or not at all."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            if exc.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR) or time.monotonic() >= until:
                return
            time.sleep(0.01)
        else:
            return
