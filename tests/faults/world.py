# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of the fault table: certificates, proxies, and servers that count requests and sessions."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import socket
import ssl
import subprocess
import sys
import typing as t
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timezone
from pathlib import Path

import trustme

from tests.faults.raw import RawServer
from tests.faults.site import sitecustomize as names
from tests.simulator import Simulator

SESSION = {"user": "jdoe", "device": "web01", "protocol": "SSH", "credential": "svc-admin"}
PROXY_PASSWORD = "proxy-pass"


@dataclasses.dataclass
class Target:
    """The options of a case, and what arrived at its server. ``words`` replace values that differ each time, such as a
    port."""

    options: dict[str, t.Any]
    creates: Callable[[], int]
    """Complete requests to create a session."""
    sessions: Callable[[], int]
    """Sessions that these requests created."""
    words: dict[str, str]
    connections: Callable[[], int | None] = lambda: None
    """Connections to the first host on the way, if they can be counted."""
    logins: Callable[[], int] = lambda: 0
    """Complete login requests."""

    def fill(self, text: str) -> str:
        for word, value in self.words.items():
            text = text.replace(f"<{word}>", value)
        return text


Server = Callable[["Lab"], AbstractContextManager[Target]]
Handler = Callable[[RawServer, socket.socket], None]


class Lab:
    """Shared by all cases."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stack = contextlib.ExitStack()
        self._authority, self._stranger = trustme.CA(), trustme.CA()
        self._client = self._authority.issue_cert("client@portal.example")
        strange_client = self._stranger.issue_cert("client@portal.example")
        self.words = {
            "ca": self._write("ca.pem", self._authority.cert_pem.bytes()),
            "other ca": self._write("other-ca.pem", self._stranger.cert_pem.bytes()),
            "client": self._write("client.pem", self._client.private_key_and_cert_chain_pem.bytes()),
            "stranger": self._write("stranger.pem", strange_client.private_key_and_cert_chain_pem.bytes()),
            "nothing": str(directory / "nothing.pem"),
        }

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def _write(self, name: str, content: bytes) -> str:
        path = self._directory / name
        path.write_bytes(content)
        return str(path)

    @functools.cached_property
    def contexts(self) -> dict[str, ssl.SSLContext]:
        """Contexts of servers, by the defect of their certificate."""
        past, future = datetime(2020, 1, 1, tzinfo=timezone.utc), datetime(2200, 1, 1, tzinfo=timezone.utc)
        issue = self._authority.issue_cert
        good = issue("127.0.0.1", "localhost", names.HERE, names.TWICE, names.NOWHERE_FIRST)
        contexts = {
            "good": _context(good),
            "expired": _context(issue("127.0.0.1", not_before=past, not_after=past.replace(year=2021))),
            "future": _context(issue("127.0.0.1", not_before=future, not_after=future.replace(year=2201))),
            "other name": _context(issue("vault.example")),
            "other address": _context(issue("192.0.2.1")),
            "other authority": _context(self._stranger.issue_cert("127.0.0.1")),
            "old": _context(good),
        }
        contexts["self-signed"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        alone = trustme.CA()
        contexts["self-signed"].load_cert_chain(
            self._write("alone.pem", alone.private_key_pem.bytes() + alone.cert_pem.bytes())
        )
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = contexts[f"client, {version.name}"] = _context(good)
            self._authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
            context.minimum_version = context.maximum_version = version
        contexts["old"].set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            contexts["old"].minimum_version, contexts["old"].maximum_version = (
                ssl.TLSVersion.TLSv1,
                ssl.TLSVersion.TLSv1_1,
            )
        return contexts

    @functools.cached_property
    def http_proxy(self) -> int:
        """The port of a real HTTP proxy that requires a password and refuses one host."""
        filters = ("--plugins", "proxy.plugin.FilterByUpstreamHostPlugin", "--filtered-upstream-hosts", names.FILTERED)
        return self._run(HTTP_PROXY, "--basic-auth", f"me:{PROXY_PASSWORD}", *filters)

    @functools.cached_property
    def socks_proxy(self) -> int:
        """The port of a real proxy for SOCKS 4 and SOCKS 5 that requires a password."""
        return self._run(SOCKS_PROXY, f"socks4+socks5://127.0.0.1:0#me:{PROXY_PASSWORD}")

    def _run(self, program: str, *arguments: str) -> int:
        """Start a program that prints its port when it is ready, and ends when its standard input ends."""
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._stack.enter_context(process)  # closes its pipes and waits for it
        assert process.stdout is not None
        return int(process.stdout.readline())


HTTP_PROXY = """
import proxy, sys

limits = ["--hostname", "127.0.0.1", "--port", "0", "--num-workers", "1", "--num-acceptors", "1"]
with proxy.Proxy([*limits, *sys.argv[1:]]) as running:
    print(running.flags.port, flush=True)
    sys.stdin.read()
"""

# Without authtime, pproxy accepts anyone from an IP address from which somebody has logged in.
SOCKS_PROXY = """
import asyncio, pproxy, sys

async def main():
    server = await pproxy.Server(sys.argv[1]).start_server({"rserver": [], "authtime": -1})
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


# Servers


def simulated(
    *faults: tuple[str, str | Mapping[str, t.Any], int | None], authorization: str = "full", **more: t.Any
) -> Server:
    """A simulator with these faults: a glob of paths, the fault, how often it applies."""

    @contextmanager
    def serve(lab: Lab) -> Iterator[Target]:
        with Simulator(**{"profile": "4.0", "strict": True, **more}) as vault:
            for path, fault, times in faults:
                vault.fault(path, fault, times)
            options = {"url": vault.url, "ca_path": vault.ca_file, "api_prefix": "api", **SESSION}
            options.update(vault.credentials["authorizations"][authorization]["oauth2"])
            yield Target(
                options,
                lambda: sum(request.path.endswith("/remote/session") for request in vault.requests),
                lambda: len(vault.state.pending),
                {**lab.words, "port": vault.url.rpartition(":")[2]},
                lambda: vault.connections,
                lambda: sum(request.path.endswith("/token") for request in vault.requests),
            )

    return serve


def raw(handler: Handler, context: str | None = "good", handles: bool = True) -> Server:
    """A server that runs *handler*, in the TLS context of this name or without TLS. If *handles* is true, each request
    that it has read creates a session."""

    @contextmanager
    def serve(lab: Lab) -> Iterator[Target]:
        tls = lab.contexts[context] if context else None
        server = RawServer(lambda connection: handler(server, connection), tls)
        server.later = lab.contexts["good"]

        def creates() -> int:
            return sum(request.partition(b"\r\n")[0].count(b"/remote/session ") for request in server.received)

        with server:
            options = {
                "url": server.url,
                "ca_path": lab.words["ca"],
                "api_prefix": "api",
                "access_token": "bearer-0123456789",
                **SESSION,
            }
            words = {**lab.words, "port": str(server.port)}
            yield Target(options, creates, creates if handles else lambda: 0, words, lambda: server.accepted)

    return serve


def nobody(lab: Lab) -> AbstractContextManager[Target]:
    """A port on which nobody listens."""
    return _without_answer(lab, listening=False)


def unanswering(lab: Lab) -> AbstractContextManager[Target]:
    """A port that looks like a host behind a silent firewall: the connection queue is full, and further attempts are
    dropped."""
    return _without_answer(lab, listening=True)


@contextmanager
def _without_answer(lab: Lab, listening: bool) -> Iterator[Target]:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        if listening:
            listener.listen(0)
            with contextlib.suppress(TimeoutError):
                for _number in range(100):
                    waiting = stack.enter_context(socket.socket())
                    waiting.settimeout(0.2)
                    waiting.connect(("127.0.0.1", port))
                raise AssertionError("The queue does not fill up.")
        options = {"url": f"https://127.0.0.1:{port}", "api_prefix": "api", "access_token": "bearer-0123456789"}
        words = {**lab.words, "port": str(port)}
        yield Target({**options, "ca_path": words["ca"], **SESSION}, lambda: 0, lambda: 0, words)


def behind(proxy: Server, target: Server) -> Server:
    """*target* behind a proxy. The word ``proxy`` stands for the port of the proxy."""

    @contextmanager
    def serve(lab: Lab) -> Iterator[Target]:
        with proxy(lab) as near, target(lab) as far:
            far.words["proxy"] = near.words["port"]
            yield dataclasses.replace(far, connections=near.connections)

    return serve


@contextmanager
def http_proxy(lab: Lab) -> Iterator[Target]:
    yield Target({}, lambda: 0, lambda: 0, {"port": str(lab.http_proxy)})


@contextmanager
def socks_proxy(lab: Lab) -> Iterator[Target]:
    yield Target({}, lambda: 0, lambda: 0, {"port": str(lab.socks_proxy)})
