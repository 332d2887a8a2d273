# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTPS server of the API, and the class with which tests start it."""

from __future__ import annotations

import asyncio
import email.utils
import ipaddress
import logging
import os
import shutil
import ssl
import tempfile
import threading
import typing as t
from collections.abc import Mapping
from datetime import timezone
from pathlib import Path

import trustme
from aiohttp import web

from . import control
from .app import Api
from .clock import Clock, ClockLike
from .data import NO_OAUTH, OAUTH1, OAUTH2, Authorization, load
from .faults import FaultRules, edited
from .profiles import PROFILES
from .state import State
from .wire import Answer, Incoming, Recorded, normal_address

log = logging.getLogger(__name__)

# Issued at the start, for clients that need a token without a login
LONG_LIVED_TOKEN_SECONDS = 10 * 365 * 24 * 3600


class _CountingServer(web.Server):
    """Counts the TCP connections that complete their TLS handshake."""

    def __init__(self, handler: t.Any, on_connection: t.Callable[[int], None], **kwargs: t.Any) -> None:
        super().__init__(handler, **kwargs)
        self._on_connection = on_connection
        self._numbers: dict[t.Any, int] = {}
        self._transports: dict[t.Any, asyncio.Transport] = {}
        self._last = 0

    def connection_made(self, handler: t.Any, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._last += 1
        self._numbers[handler] = self._last
        self._transports[handler] = transport
        self._on_connection(self._last)

    def connection_lost(self, handler: t.Any, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._numbers.pop(handler, None)
        self._transports.pop(handler, None)

    async def abort(self) -> None:
        """Abort connections that would wait for an orderly TLS shutdown, so that none is open when the event loop
        ends."""
        for transport in self._transports.values():
            transport.abort()
        while self._transports:
            await asyncio.sleep(0)

    def number_of(self, handler: t.Any) -> int:
        return self._numbers.get(handler, 0)


class Simulator:
    """A running simulator, as a context manager. ``start()`` and ``stop()`` also exist.

    profile: product version; strict: serve only the paths of its documentation; data: a YAML file or a mapping of the
    same form; clock: an object with ``now()`` and ``advance()``; client_ca: require a client certificate, whose files
    are ``client_cert`` and ``client_key``; directory: the folder for certificate files."""

    def __init__(
        self,
        profile: str = "4.0",
        strict: bool = False,
        data: str | Path | Mapping[str, t.Any] | None = None,
        clock: ClockLike | None = None,
        client_ca: bool = False,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        directory: str | Path | None = None,
        allow_remote: bool = False,
    ) -> None:
        if profile not in PROFILES:
            raise ValueError(f"There is no profile {profile!r}. The profiles are: {', '.join(PROFILES)}.")
        if not allow_remote and not _is_loopback(host):
            raise ValueError(f"{host} is not a loopback address. To allow it, use --allow-remote (allow_remote=True).")
        self.clock: ClockLike = clock or Clock()
        self.state = State(PROFILES[profile], strict, load(data), self.clock)
        self.url = ""
        self.ca_file = ""
        self.client_cert: str | None = None
        self.client_key: str | None = None
        self.credentials: dict[str, t.Any] = {}
        self._client_ca = client_ca
        self._host = host
        self._port = port
        self._given_directory = Path(directory) if directory else None
        self._created: list[Path] = []
        self._api = Api(self.state)
        self._rules = FaultRules()
        self._requests: list[Recorded] = []
        self._connections: set[int] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._started = threading.Event()
        self._error: BaseException | None = None

    # ---- for tests ----

    @property
    def requests(self) -> list[Recorded]:
        """Requests since the last clear_requests(), oldest first, without control requests."""
        return list(self._requests)

    @property
    def connections(self) -> int:
        """TCP connections opened or used since clear_requests(), without those that only carried control requests."""
        return len(self._connections)

    def clear_requests(self) -> None:
        self._requests.clear()
        self._connections.clear()

    def fault(self, path_glob: str, fault: str | Mapping[str, t.Any], times: int | None = 1) -> None:
        """Apply this fault to the next ``times`` requests (None: all) with a matching path. FAULTS has the names."""
        self._rules.add(path_glob, fault, times)

    def clear_faults(self) -> None:
        self._rules.clear()

    # ---- start and stop ----

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> Simulator:
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            self._thread.join()
            self._remove_files()
            raise self._error
        return self

    def stop(self) -> None:
        if self._thread is None or self._loop is None or self._stop is None:
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = None
        self._remove_files()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as exc:  # noqa: BLE001
            # start() raises any error again in the thread that waits
            self._error = exc
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = _CountingServer(self._handle, self._connections.add, access_log=None)
        self._server = server
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port, ssl_context=self._make_tls(), backlog=1024)
            await site.start()
            port = runner.addresses[0][1]
            host = f"[{self._host}]" if ":" in self._host else self._host
            self.url = f"https://{host}:{port}{self.state.vault.base_path}"
            self.credentials = self._describe()
            self._started.set()
            await self._stop.wait()
        finally:
            await runner.cleanup()
            await asyncio.wait_for(server.abort(), 1)

    def _make_tls(self) -> ssl.SSLContext:
        """Create an authority, and a certificate for every name of this machine and every tenant's host name."""
        directory = self._given_directory
        if directory is None:
            directory = Path(tempfile.mkdtemp(prefix="senhasegura-simulator-"))
            self._created.append(directory)
        elif not directory.exists():
            directory.mkdir(mode=0o700, parents=True)
            self._created.append(directory)
        authority = trustme.CA()
        names = {self._host, "127.0.0.1", "::1", "localhost"} - {"0.0.0.0", "::"}  # noqa: S104
        tenants = (f"{tenant}.localhost" for tenant in self.state.vault.tenants)
        certificate = authority.issue_cert(*sorted(names), *tenants)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate.configure_cert(context)
        self.ca_file = self._write(directory / "ca.pem", authority.cert_pem.bytes())
        if self._client_ca:
            authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
            client = authority.issue_cert("client@simulator.example")
            chain = b"".join(blob.bytes() for blob in client.cert_chain_pems)
            self.client_cert = self._write(directory / "client.pem", chain)
            self.client_key = self._write(directory / "client.key", client.private_key_pem.bytes())
        return context

    def _write(self, path: Path, content: bytes) -> str:
        write_private(path, content)
        self._created.append(path)
        return str(path)

    def _remove_files(self) -> None:
        while self._created:
            path = self._created.pop()
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _describe(self) -> dict[str, t.Any]:
        """The output of the command when it is ready. The top-level keys are those of the first authorization with
        keys."""
        by_name: dict[str, dict[str, t.Any]] = {}
        for authorization in self.state.authorizations:
            entry = by_name.setdefault(authorization.name, {})
            for key, value in self._keys(authorization).items():
                entry.setdefault(key, value)
        first = {key: next((e[key] for e in by_name.values() if key in e), None) for key in ("oauth2", "oauth1")}
        token = next((e["access_token"] for e in by_name.values() if "access_token" in e), None)
        return {
            "url": self.url,
            "ca_file": self.ca_file,
            "profile": self.state.profile.name,
            "strict": self.state.strict,
            **first,
            "access_token": token,
            **self.state.vault.sample,
            "tenant": self.state.vault.tenants[0],
            "client_cert": self.client_cert,
            "client_key": self.client_key,
            "pid": os.getpid(),
            "authorizations": by_name,
        }

    def _keys(self, authorization: Authorization) -> dict[str, t.Any]:
        method = authorization.application.method
        if method == OAUTH2:
            tenant = authorization.application.tenant
            return {
                "oauth2": {"client_id": authorization.client_id, "client_secret": authorization.client_secret},
                "access_token": self.state.issue_token(authorization, tenant, LONG_LIVED_TOKEN_SECONDS),
                "tenant": tenant,
            }
        names = {
            OAUTH1: ("oauth1", ("consumer_key", "consumer_secret", "token_key", "token_secret")),
            NO_OAUTH: ("query", ("consumer_key", "token_key")),
        }
        if method not in names:
            return {}
        key, parts = names[method]
        return {key: {part: getattr(authorization, part) for part in parts}}

    # ---- requests ----

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        incoming = Incoming(
            method=request.method,
            target=request.raw_path,
            headers=_plain_headers(request),
            body=await request.read(),
            peer=normal_address(request.remote or ""),
            connection=self._server.number_of(request.protocol),
        )
        if incoming.path.startswith(control.PREFIX):
            self._connections.discard(incoming.connection)
            return self._response(control.answer(self, incoming))
        return await self._handle_logged(request, incoming)

    async def _handle_logged(self, request: web.BaseRequest, incoming: Incoming) -> web.StreamResponse:
        self._connections.add(incoming.connection)
        recorded = Recorded(
            method=incoming.method,
            path=incoming.path,
            query=incoming.query,
            headers=incoming.headers,
            body=incoming.body,
            connection=incoming.connection,
            peer=incoming.peer,
            time=self.clock.now(),
        )
        self._requests.append(recorded)
        rule = self._rules.take(incoming.method, incoming.path)
        if rule is None:
            answer = self._api.answer(incoming)
        else:
            recorded.fault = rule.name
            if rule.fault.instead is not None:
                if rule.parameters["handled"]:
                    self._api.answer(incoming)
                answer = rule.fault.instead(self.state, incoming, rule.parameters)
            else:
                answer = edited(self.state, self._api.answer(incoming), rule)
        recorded.status = answer.status or None
        log.info(
            "%s %s %s connection=%d%s",
            incoming.method,
            incoming.path,
            recorded.status or "-",
            incoming.connection,
            f" fault={rule.name}" if rule else "",
        )
        if rule is not None and rule.fault.deliver is not None and request.transport is not None:
            delivered = await rule.fault.deliver(request.transport, answer, rule.parameters)
            if delivered:
                # The connection is closed or about to close, so this response is discarded
                return web.Response()
        return self._response(answer)

    def _response(self, answer: Answer) -> web.Response:
        """A response with the date of the simulated clock, which URLs and sessions also use."""
        date = email.utils.format_datetime(self.clock.now().astimezone(timezone.utc), usegmt=True)
        return web.Response(status=answer.status, headers={"Date": date, **answer.headers}, body=answer.body)


def _plain_headers(request: web.BaseRequest) -> dict[str, str]:
    """Names in lower case. The values of a repeated header are joined."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def write_private(path: Path, content: bytes) -> None:
    """Write a file atomically that only its owner can read. A program that sees it can read all of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    os.replace(temporary, path)
