# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deadline of one API call, and the connections that keep it.

requests limits the time to connect and the time of each read. It does not limit name resolution, several addresses, a
proxy's response, or a server that sends a byte now and then. So sockets ask :class:`Deadline` for the time that is left
before each operation.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import queue
import socket
import threading
import time
import typing as t

from .._errors import NotSent, join_sentences
from .failures import CHECK_ADDRESS, reason
from .libraries import HTTPSConnection


class Deadline:
    """The end of one call of the API, with all its requests."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left, more than 0. Raises ``TimeoutError`` if there are none."""
        remaining = self.remaining_or_zero()
        if not remaining:
            raise TimeoutError
        return remaining

    def remaining_or_zero(self) -> float:
        """Seconds left, or 0. For waits that are not socket operations."""
        return max(self._end - time.monotonic(), 0.0)

    def pause(self, seconds: float) -> bool:
        """Wait, unless the deadline comes first. Returns whether it waited."""
        if seconds >= self.remaining_or_zero():
            return False
        time.sleep(seconds)
        return True


class Exchange:
    """The state of one request and its response.

    It knows whether the request may have reached the server, which the exceptions of requests do not report reliably.
    It limits the bytes that are received.
    """

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.sent = False
        self._begun = time.monotonic()
        self._receivable = 0

    def allow(self, size: int) -> None:
        """Allow so many bytes to be received from now on, headers, chunks and interim responses included."""
        self._receivable = size

    def received(self, count: int) -> None:
        """Count received bytes. Raises ``OSError`` above the limit."""
        self._receivable -= count
        if self._receivable < 0:
            raise OSError(errno.EMSGSIZE, "the response is too large")

    def seconds(self) -> float:
        """Seconds since the exchange began."""
        return time.monotonic() - self._begun


class PlainSocket(socket.socket):
    """The socket below TLS. By itself it carries only the request to a proxy and the proxy's response."""

    exchange: Exchange

    def recv_into(self, *args: t.Any, **kwargs: t.Any) -> int:
        self.settimeout(self.exchange.deadline.remaining())
        count = super().recv_into(*args, **kwargs)
        self.exchange.received(count)
        return count

    def send(self, *args: t.Any, **kwargs: t.Any) -> int:
        self.settimeout(self.exchange.deadline.remaining())
        return super().send(*args, **kwargs)

    def sendall(self, *args: t.Any, **kwargs: t.Any) -> None:
        self.settimeout(self.exchange.deadline.remaining())
        super().sendall(*args, **kwargs)


class Connection(HTTPSConnection):
    """Adds the deadline to urllib3's connection, and marks the exchange when the request is sent.

    It opens its socket itself, because urllib3 gives each address of a host the whole time, and does not limit name
    resolution.
    """

    _socket: type[PlainSocket] = PlainSocket

    @property
    def exchange(self) -> Exchange:
        """The context is the only object that urllib3 hands on from the adapter to the connection."""
        return t.cast(t.Any, self.ssl_context).exchange  # type: ignore[no-any-return]

    def connect(self) -> None:
        # The context has loaded the authorities. With these attributes, urllib3 would load them again.
        self.ca_certs = self.ca_cert_dir = None
        super().connect()

    def request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        # urllib3 has connected, through the proxy and with TLS: from here on, the API may receive the request.
        self.exchange.sent = True
        return super().request(*args, **kwargs)

    def _new_conn(self) -> socket.socket:
        exchange = self.exchange
        host, port = self._next_hop()
        failure: OSError | None = None
        addresses = resolve(host, port, exchange.deadline)
        for tried, (family, kind, protocol, _name, address) in enumerate(addresses):
            try:
                with contextlib.ExitStack() as closing:
                    connection = closing.enter_context(self._socket(family, kind, protocol))
                    connection.exchange = exchange
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    connection.settimeout(exchange.deadline.remaining() / (len(addresses) - tried))
                    self._reach(connection, address)
                    closing.pop_all()
                    return connection
            except OSError as exc:  # for example, this machine does not have this family of addresses
                failure = failure or exc
        why = f"no connection to {host} port {port}: {reason(failure)}"
        raise NotSent(join_sentences(why, CHECK_ADDRESS), retryable=True) from failure

    def _next_hop(self) -> tuple[str, int]:
        return getattr(self, "_dns_host", self.host), self.port

    def _reach(self, connection: PlainSocket, address: t.Any) -> None:
        connection.connect(address)


def resolve(host: str, port: int, deadline: Deadline) -> list[tuple[t.Any, ...]]:
    """Addresses of *host*, as ``getaddrinfo`` returns them, within the time that is left.

    ``getaddrinfo`` cannot be interrupted, so it runs in a daemon thread, which may outlive the deadline.
    """
    outcome: queue.SimpleQueue[list[tuple[t.Any, ...]] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            outcome.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as exc:
            outcome.put(exc)

    try:
        ipaddress.ip_address(host.strip("[]"))
        look_up()
    except ValueError:
        threading.Thread(target=look_up, daemon=True).start()
    try:
        found = outcome.get(timeout=deadline.remaining())
    except (queue.Empty, TimeoutError) as exc:
        why = f"the name {host} could not be resolved within {deadline.seconds:g} seconds"
        raise NotSent(join_sentences(why, CHECK_ADDRESS)) from exc
    if isinstance(found, Exception):
        retryable = getattr(found, "errno", None) == socket.EAI_AGAIN
        why = f"the name {host} could not be resolved: {reason(found)}"
        raise NotSent(join_sentences(why, CHECK_ADDRESS), retryable) from found
    return found
