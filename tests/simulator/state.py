# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the simulated vault: tokens, nonces, session URLs that can be opened, sessions and requests."""

from __future__ import annotations

import base64
import json
import secrets
import typing as t
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .clock import ClockLike
from .data import Application, Authorization, Credential, Device, User, Vault
from .profiles import DEFAULT_SCREEN_SIZE, Profile


@dataclass
class Token:
    authorization: Authorization
    tenant: str
    expires_at: datetime


@dataclass
class PendingSession:
    """A session URL. ``sr`` is the value of its parameter ``_sr``."""

    sr: str = field(repr=False)
    token: str = field(repr=False)
    user: User
    credential: Credential
    device: Device
    protocol: str
    port: int
    remote_addr: str | None
    remote_app: int | None
    screen_size: str
    created_at: datetime
    used: bool = False


@dataclass
class SessionRecord:
    """A proxy session. The samples have an ID of 40 hexadecimal characters, and one export has a UUID. Records have
    both."""

    id: int
    user: str
    origin_ip: str
    credential: Credential
    device: Device
    port: int
    protocol: str
    session_id: str
    uuid: str
    start: datetime
    screen_size: str
    end: datetime | None = None
    proxy: str = "Web Proxy"


class State:
    """The server's thread reads and writes everything. Tests may read it, and change it between requests."""

    def __init__(self, profile: Profile, strict: bool, vault: Vault, clock: ClockLike) -> None:
        self.profile = profile
        self.strict = strict
        self.vault = vault
        self.clock = clock
        self.tokens: dict[str, Token] = {}
        self.nonces: set[tuple[str, str, str, str]] = set()
        self.pending: dict[str, PendingSession] = {}
        self.sessions: list[SessionRecord] = []

    @property
    def applications(self) -> dict[str, Application]:
        return self.vault.applications

    @property
    def authorizations(self) -> list[Authorization]:
        return list(self.vault.authorizations())

    @property
    def users(self) -> dict[str, User]:
        return self.vault.users

    @property
    def devices(self) -> dict[str, Device]:
        return self.vault.devices

    @property
    def credentials(self) -> list[Credential]:
        return self.vault.credentials

    def authorization(self, application: str, name: str) -> Authorization:
        return self.vault.applications[application].authorizations[name]

    def find_authorization(self, method: str, **keys: str) -> Authorization | None:
        """The authorization of an application with this method that has exactly these keys."""
        for authorization in self.vault.authorizations():
            if authorization.application.method == method and all(
                secrets.compare_digest(getattr(authorization, name).encode(), value.encode())
                for name, value in keys.items()
            ):
                return authorization
        return None

    def marked(self, kind: str, secret: str) -> str:
        """The text with the marks of the data file at both ends, if there are any. A search for leaks finds them."""
        mark = self.vault.marks[kind]
        return f"{mark}{secret}{mark}"

    def issue_token(self, authorization: Authorization, tenant: str, lifetime: float) -> str:
        now = self.clock.now()
        token = self.marked("access_token", new_access_token(authorization.client_id, now, lifetime))
        self.tokens[token] = Token(authorization, tenant, now + timedelta(seconds=lifetime))
        return token

    def active_sessions(self) -> Iterator[SessionRecord]:
        return (session for session in self.sessions if session.end is None)

    def add_sessions(self, count: int, running: bool = False, **fields: str) -> list[SessionRecord]:
        """Add sessions that were opened earlier, at intervals of one minute up to now.

        They cycle through all users, devices and credentials, unless *fields* set a ``user``, ``device``,
        ``credential``, ``protocol``, ``proxy`` or ``origin_ip``. Those that are not running took ten minutes."""
        known = ("user", "device", "credential", "protocol", "proxy", "origin_ip")
        unknown = fields.keys() - {*known}
        if unknown:
            raise ValueError(f"Unknown fields: {', '.join(sorted(unknown))}. Known fields: {', '.join(known)}.")
        devices = [self._known_device(fields["device"])] if "device" in fields else list(self.devices.values())
        users = [fields["user"]] if "user" in fields else list(self.users)
        names = [fields["credential"]] if "credential" in fields else []
        credentials = [entry for entry in self.credentials if not names or entry.username in names]
        if not credentials:
            raise ValueError(f"There is no credential {names[0]}." if names else "The vault has no credentials.")
        if not devices:
            raise ValueError("The vault has no devices.")
        first = self.clock.now() - timedelta(minutes=count)
        added = []
        for number in range(count):
            device = devices[number % len(devices)]
            protocol = fields.get("protocol") or next(iter(device.connectivities))
            start = first + timedelta(minutes=number)
            record = SessionRecord(
                id=len(self.sessions) + 1,
                user=users[number % len(users)],
                origin_ip=fields.get("origin_ip", "192.0.2.10"),
                credential=credentials[number % len(credentials)],
                device=device,
                port=device.connectivities.get(protocol.upper(), 22),
                protocol=protocol.lower(),
                session_id=secrets.token_hex(20),
                uuid=str(uuid.uuid4()),
                start=start,
                screen_size=DEFAULT_SCREEN_SIZE,
                end=None if running else min(start + timedelta(minutes=10), self.clock.now()),
                proxy=fields.get("proxy", "Web Proxy"),
            )
            self.sessions.append(record)
            added.append(record)
        return added

    def _known_device(self, name: str) -> Device:
        device = self.vault.find_device(name)
        if device is None:
            raise ValueError(f"There is no device {name}.")
        return device

    def open_session(self, pending: PendingSession, origin_ip: str) -> SessionRecord:
        pending.used = True
        record = SessionRecord(
            id=len(self.sessions) + 1,
            user=pending.user.username,
            origin_ip=origin_ip,
            credential=pending.credential,
            device=pending.device,
            port=pending.port,
            protocol=pending.protocol.lower(),
            session_id=secrets.token_hex(20),
            uuid=str(uuid.uuid4()),
            start=self.clock.now(),
            screen_size=pending.screen_size,
        )
        self.sessions.append(record)
        return record


def new_access_token(audience: str, now: datetime, lifetime: float) -> str:
    """Three base64url parts, as in the published sample. The signature is random, because no client verifies it."""
    issued = int(now.timestamp())
    identifier = secrets.token_hex(40)
    header = {"typ": "JWT", "alg": "RS256", "jti": identifier}
    claims: dict[str, t.Any] = {
        "aud": audience,
        "jti": identifier,
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(lifetime),
        "sub": base64.b64encode(secrets.token_bytes(24)).decode(),
        "scopes": [],
    }
    return ".".join((_base64url_json(header), _base64url_json(claims), _base64url(secrets.token_bytes(256))))


def new_sr() -> str:
    """176 base64 characters that decode to ``rbs:`` and 96 bytes in base64 [I, from the two published samples].

    This form happens to contain only letters and digits. The fault ``awkward_url`` uses the rest of the alphabet."""
    return base64.b64encode(b"rbs:" + base64.b64encode(secrets.token_bytes(96))).decode()


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _base64url_json(value: t.Mapping[str, t.Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())
