# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other users of the machine can see while Ansible runs: the processes and the system log."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import tempfile
import threading
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from tests.leaks.marks import Searched

GIVEN = "LEAKS_GIVEN"
"""A test sets this variable in environments in which it puts secrets. A process with it got the secrets from the
test."""

SYSTEM_LOG = Path("/dev/log")


class Processes:
    """Reads the command lines and environments of all processes repeatedly within its context."""

    def __init__(self) -> None:
        self.looks = 0
        self._seen: dict[str, set[bytes]] = {"command lines": set(), "environments": set()}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stopped.set()
        self._thread.join()

    def search(self, searched: Searched) -> None:
        for place, contents in self._seen.items():
            searched.text(place, b"\n".join(contents))

    def _watch(self) -> None:
        own = str(os.getpid())
        while not self._stopped.wait(0.1):
            for process in os.listdir("/proc"):
                if process.isdigit() and process != own:
                    self._look(Path("/proc", process))

    def _look(self, process: Path) -> None:
        with contextlib.suppress(OSError):
            self._seen["command lines"].add((process / "cmdline").read_bytes())
            variables = (process / "environ").read_bytes()
            if f"{GIVEN}=".encode() not in variables:
                self._seen["environments"].add(variables)
            self.looks += 1


class SystemLog:
    """Receives the messages to the system log within its context. ``why_not`` is the reason if that is impossible."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.why_not = ""
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> SystemLog:
        lock = self._stack.enter_context(Path(tempfile.gettempdir(), "senhasegura-system-log.lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)  # other runs of these tests on this machine wait here
        listener = self._stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        if _is_left_over(SYSTEM_LOG):
            SYSTEM_LOG.unlink()
        try:
            listener.bind(str(SYSTEM_LOG))
        except OSError as exc:
            self.why_not = f"{SYSTEM_LOG} cannot be had: {exc.strerror}."
        else:
            self._stack.callback(SYSTEM_LOG.unlink)
            SYSTEM_LOG.chmod(0o666)
            listener.settimeout(0.1)
            stopped = threading.Event()
            thread = threading.Thread(target=self._listen, args=(listener, stopped), daemon=True)
            self._stack.callback(thread.join)
            self._stack.callback(stopped.set)
            thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def _listen(self, listener: socket.socket, stopped: threading.Event) -> None:
        while True:
            try:
                self.messages.append(listener.recv(1024 * 1024))
            except TimeoutError:
                if stopped.is_set():
                    return


def _is_left_over(path: Path) -> bool:
    """Predicate: is it a socket without a listener, such as one from a killed test?"""
    if path.is_symlink() or not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            pass
    return False


# Python runs this at its start, if it is in a folder of PYTHONPATH.
SITECUSTOMIZE = '''\
"""Notes what a module sends to the system log, and sends it."""

import syslog

send = syslog.syslog


def note(*message):
    with open({path!r}, "a", encoding="utf-8") as stream:
        stream.write(str(message) + "\\n")
    send(*message)


syslog.syslog = note
'''
