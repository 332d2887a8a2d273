# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open the URL on standard input in this user's default browser, without putting it on a command line or into a file.

Everybody on a machine can read the command lines of all processes, including a browser's. So the browser gets the URL
of a temporary server on loopback, which redirects it to the real URL. The server does so once, only for a connection
of a process of this user, and only if the browser itself sends the request, not a web page in it. A file would not
work: browsers that are installed as snaps cannot read most files.

    open_in_browser.py --check     check that a browser is available
    open_in_browser.py SECONDS     wait up to SECONDS for the browser to fetch the URL

A failure is reported as one line on standard output, and with exit status 1.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
import typing as t
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOOPBACK = "127.0.0.1"
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED = "01"

# Headers with which browsers mark requests that load a page in advance.
PREFETCH = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")

# Run in a separate process, since webbrowser waits for some browsers until they end.
LAUNCH = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.stdin.read()))"

Address = tuple[str, int]


def problem() -> str | None:
    """Return why a URL cannot be opened here, or None."""
    if sys.platform != "darwin" and not any(map(os.environ.get, ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))):
        return (
            "There is no desktop (DISPLAY and WAYLAND_DISPLAY are not set), and BROWSER is not set. Set BROWSER to a "
            "program that opens URLs."
        )
    if not TABLES[0].exists() and not _lsof("-v"):
        return (
            "The user of a connection cannot be identified without /proc/net/tcp or the program lsof, and neither is "
            "available. Install lsof."
        )
    return None


def is_ours(client: Address, server: Address) -> bool:
    """Return whether the other end of a connection on loopback belongs to a process of this user."""
    if not TABLES[0].exists():
        arguments = ("-nP", "-a", "-u", str(os.getuid()), f"-iTCP@{client[0]}:{client[1]}", "-Fn")
        return f"n{client[0]}:{client[1]}->{server[0]}:{server[1]}" in _lsof(*arguments)
    wanted = [_as_in_table(client), _as_in_table(server), ESTABLISHED, str(os.getuid())]
    for table in TABLES:
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _number, local, remote, state, _queues, _timer, _retransmits, uid = line.split()[:8]
            # An IPv6 socket can have an IPv4 address, which is then the end of its longer address.
            if [local[-13:], remote[-13:], state, uid] == wanted:
                return True
    return False


def _as_in_table(address: Address) -> str:
    """Format an address as in the table: 127.0.0.1 and port 8080 are 0100007F:1F90 on most machines."""
    number = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{number:08X}:{address[1]:04X}"


def _lsof(*arguments: str) -> list[str]:
    try:
        run = subprocess.run(["lsof", *arguments], check=False, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return (run.stdout + run.stderr).splitlines()


class Server(ThreadingHTTPServer):
    """Redirects the first request for ``path`` to *target*, and no other request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: str) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self.target = target
        self.path = f"/{secrets.token_urlsafe(32)}"
        self.host = f"{LOOPBACK}:{self.server_port}"
        self.url = f"http://{self.host}{self.path}"
        self.taken = threading.Lock()
        self.done = threading.Event()

    def verify_request(self, request: t.Any, client_address: t.Any) -> bool:
        return is_ours(client_address[:2], (LOOPBACK, self.server_port))

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """Ignore connections that are closed early."""


class Handler(BaseHTTPRequestHandler):
    timeout = 5
    server: Server

    def do_GET(self) -> None:
        if not hmac.compare_digest(self.path.encode(), self.server.path.encode()):
            self._answer(HTTPStatus.NOT_FOUND)
        elif self.headers.get_all("Host") != [self.server.host]:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST)
        elif self._is_of_a_page():
            self._answer(HTTPStatus.FORBIDDEN)
        elif any(self.headers.get(name) for name in PREFETCH):
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE)
        elif not self.server.taken.acquire(blocking=False):
            self._answer(HTTPStatus.GONE)
        else:
            self._answer(HTTPStatus.SEE_OTHER, Location=self.server.target)
            self.server.done.set()

    def _is_of_a_page(self) -> bool:
        """Return whether a web page sent the request. Pages of other ports here are same-site, and count too."""
        origins = self.headers.get_all("Origin") or []
        sites = self.headers.get_all("Sec-Fetch-Site") or []
        return bool({*origins} - {f"http://{self.server.host}"} or {*sites} - {"none", "same-origin"})

    def _answer(self, status: HTTPStatus, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.wfile.flush()

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 (its name in the base class)
        """Log nothing: nobody reads it."""


def open_in_browser(target: str, seconds: float) -> str | None:
    """Return why the browser did not fetch *target* within *seconds*, or None."""
    end = time.monotonic() + seconds
    with Server(target) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        browser = subprocess.Popen(
            [sys.executable, "-c", LAUNCH],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        t.cast(t.Any, browser.stdin).write(server.url)
        t.cast(t.Any, browser.stdin).close()
        while not server.done.wait(0.05):
            if browser.poll():
                return "No browser could be started."
            if time.monotonic() >= end:
                return "The browser did not fetch the URL in time."
        server.shutdown()
    return None


def main() -> None:
    wrong = problem()
    if not wrong and sys.argv[1] != "--check":
        target = sys.stdin.read().strip()
        if not re.fullmatch(r"https://[\x21-\x7e]+", target):
            wrong = "PAM Core returned no valid https URL."
        else:
            wrong = open_in_browser(target, float(sys.argv[1]))
    if wrong:
        print(wrong)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
