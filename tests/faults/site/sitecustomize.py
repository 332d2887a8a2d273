# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the fault table within ansible-playbook, which has this folder on its path. It resolves names as the
table needs, and measures how long the worker of each host lived."""

from __future__ import annotations

import json
import multiprocessing.util
import os
import socket
import time
import typing as t

# A domain for documentation, so that no real server is contacted.
UNKNOWN = "unknown.fault.example"
LATER = "later.fault.example"
SLOW = "slow.fault.example"
HERE = "here.fault.example"
TWICE = "twice.fault.example"
NOWHERE_FIRST = "nowhere-first.fault.example"
FILTERED = "filtered.fault.example"
"""A proxy refuses it, and it never resolves."""

_original = socket.getaddrinfo


def _here(port: t.Any) -> tuple[t.Any, ...]:
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port)


def _nowhere(port: t.Any) -> tuple[t.Any, ...]:
    """An address that no machine supports: its family does not exist."""
    return 99, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port)


def getaddrinfo(host: t.Any, port: t.Any, *args: t.Any, **more: t.Any) -> t.Any:
    if host == UNKNOWN:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if host == LATER:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    if host == SLOW:
        time.sleep(10)
    known = {
        SLOW: [_here],
        HERE: [_here],
        TWICE: [_here, _here],
        NOWHERE_FIRST: [_nowhere, _here],
    }
    return [make(port) for make in known[host]] if host in known else _original(host, port, *args, **more)


def _begin(_anchor: object) -> None:
    """Called in each new worker."""
    multiprocessing.util.Finalize(None, _end, (time.monotonic(),), exitpriority=1)


def _end(begin: float) -> None:
    worker: t.Any = multiprocessing.current_process()
    if hasattr(worker, "_host"):
        with open(os.environ["FAULT_TIMES"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps([worker._host.name, time.monotonic() - begin]) + "\n")


if __name__ == "sitecustomize":  # the unit tests patch names for a while
    socket.getaddrinfo = getaddrinfo
    multiprocessing.util.register_after_fork(getaddrinfo, _begin)
