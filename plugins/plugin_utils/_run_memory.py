# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of one run of Ansible share: the OAuth 2.0 token, and which generation of paths exists.

Each task runs in a separate process for each host, so this is kept in files. ansible-core creates one directory per
run, with mode 0700, and removes it at the end. Each key has a file there, with mode 0600. A file that is damaged,
belongs to another user or cannot be written is ignored: then one more login is made, and nothing fails."""

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
    """The memory of this run. Each process has one object, so that the items of a loop share what cannot be written."""
    directory: str = C.DEFAULT_LOCAL_TMP  # type: ignore[attr-defined]  # core makes its constants when it starts
    return _memories.setdefault((os.getpid(), directory), RunMemory(directory))


class RunMemory:
    """Implements the protocol ``Memory`` of ``module_utils/_api/memory.py`` in a directory."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._unwritten: dict[str, dict[str, t.Any]] = {}

    @contextlib.contextmanager
    def locked(self, key: str, seconds: float) -> Iterator[bool | None]:
        """Hold the lock of *key*. True if it is held, False if another task held it for *seconds*, None if locks do not
        work: then the worst outcome is one more login."""
        is_free: bool | None = None
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                lock = os.open(self._path(key, "lock"), flags, 0o600)
                stack.callback(os.close, lock)
                is_free = _wait_for_lock(lock, time.monotonic() + seconds)
            yield is_free

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
            # Other tasks must not find the old entry either, for example that a login is under way.
            for path in filter(None, (temporary, self._path(key, "json"))):
                with contextlib.suppress(OSError):
                    os.unlink(path)
        else:
            self._unwritten.pop(key, None)

    def _path(self, key: str, suffix: str) -> str:
        return os.path.join(self._directory, f"senhasegura-{key}.{suffix}")


def _wait_for_lock(lock: int, until: float) -> bool:
    """Whether the lock is free before the deadline. ``flock`` itself can only wait forever or not at all.

    Raises ``OSError`` if locks do not work.
    """
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            if exc.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR):
                raise
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        else:
            return True
