# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of the vault: tenants, applications, authorizations, users, devices and credentials, read from YAML."""

from __future__ import annotations

import functools
import ipaddress
import re
import secrets
import typing as t
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone, tzinfo
from pathlib import Path

import yaml

from .profiles import INFERRED_TEXTS, PROTOCOLS

DEFAULT_FILE = Path(__file__).with_name("default.yml")

OAUTH1 = "OAuth 1.0"
OAUTH2 = "OAuth 2.0"
NO_OAUTH = "No"
METHODS = (NO_OAUTH, OAUTH1, OAUTH2, "AWS")

PAM_CORE = "PAM Core"
WEB_PROXY_SESSION = "Web Proxy Session"
RESOURCES = (
    PAM_CORE,
    "Certificate Manager",
    "Task Manager",
    "Dashboards",
    WEB_PROXY_SESSION,
    "Users",
    "A2A",
    "System",
)

PERMISSIONS = {"read-only": False, "read-write": True}

SSH_KEY = "SSH Key"
DOMAIN_USER = "Domain user"

# Lengths of the published samples: hexadecimal characters of each key.
KEY_LENGTHS = {
    "client_id": 41,
    "client_secret": 32,
    "consumer_key": 41,
    "consumer_secret": 32,
    "token_key": 41,
    "token_secret": 32,
}
KEYS_OF_METHOD = {
    NO_OAUTH: ("consumer_key", "token_key"),
    OAUTH1: ("consumer_key", "consumer_secret", "token_key", "token_secret"),
    OAUTH2: ("client_id", "client_secret"),
    "AWS": (),
}

Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


class DataError(ValueError):
    """The data file is invalid."""


@dataclass
class Application:
    """v3-32 'a2a-how-to-create-an-application': one authentication method, several authorizations."""

    name: str
    method: str
    tenant: str
    enabled: bool = True
    authorizations: dict[str, Authorization] = field(default_factory=dict)


@dataclass
class Authorization:
    """v3-32 'a2a-how-to-create-an-authorization-for-an-application'.

    ``None`` for networks, referers, credentials or devices means that the list restricts nothing. This is documented
    for referers. For the others it is inferred, to keep data files short."""

    name: str
    application: Application = field(repr=False)
    enabled: bool
    expiration: datetime | None
    resources: set[str]
    read_write: bool
    networks: list[Network] | None
    referers: list[str] | None
    credentials: set[str] | None
    devices: set[str] | None
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    consumer_key: str = ""
    consumer_secret: str = field(default="", repr=False)
    token_key: str = ""
    token_secret: str = field(default="", repr=False)

    def is_live(self, now: datetime) -> bool:
        """Predicate: are it and its application enabled, and has it not expired?"""
        return self.enabled and self.application.enabled and (self.expiration is None or now < self.expiration)


@dataclass
class User:
    """A user of the vault. ``devices`` restricts the devices that the user may open [I]. ``None`` is no restriction."""

    username: str
    active: bool = True
    devices: set[str] | None = None


@dataclass
class Device:
    id: str
    hostname: str
    ip: str
    connectivities: dict[str, int]
    active: bool = True

    @property
    def address(self) -> str:
        return self.ip or self.hostname


@dataclass
class Credential:
    """``device`` is a host name in lower case, or ``None`` for a credential that exists on every device."""

    id: str
    username: str
    device: str | None
    type: str
    active: bool = True


@dataclass
class Vault:
    tenants: list[str]
    applications: dict[str, Application]
    users: dict[str, User]
    devices: dict[str, Device]
    credentials: list[Credential]
    texts: dict[str, str]
    any_device: bool
    base_path: str
    token_lifetime: int
    marks: dict[str, str]
    zone: tzinfo
    sample: dict[str, str]
    _by_address: dict[str, Device] = field(default_factory=dict, repr=False)
    _by_device: dict[str | None, list[Credential]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for device in self.devices.values():
            self._index(device)
        for credential in self.credentials:
            self._by_device.setdefault(credential.device, []).append(credential)

    def _index(self, device: Device) -> None:
        for key in (device.id, device.ip, device.hostname):
            if key:
                self._by_address[key.lower()] = device

    def find_device(self, name: str, by_id: bool = False) -> Device | None:
        """The device with this host name or IP, and for ``remotedevice`` also with this ID. Case is ignored [I]."""
        device = self._by_address.get(name.lower())
        if device is not None and not by_id and name.lower() not in (device.hostname.lower(), device.ip.lower()):
            device = None
        if device is None and self.any_device:
            device = Device(str(len(self.devices) + 1), name, "", dict(PROTOCOLS))
            self.devices[name.lower()] = device
            self._index(device)
        return device

    def credentials_on(self, device: Device) -> list[Credential]:
        """Credentials of the device, lowest ID first."""
        own = self._by_device.get(device.hostname.lower(), [])
        return sorted([*own, *self._by_device.get(None, [])], key=lambda credential: int(credential.id))

    def authorizations(self) -> Iterator[Authorization]:
        for application in self.applications.values():
            yield from application.authorizations.values()


def load(source: str | Path | Mapping[str, t.Any] | None) -> Vault:
    """Read the data file, or a mapping of the same form. Raises DataError, OSError, yaml.YAMLError."""
    if isinstance(source, Mapping):
        return _vault(source)
    return _vault(_default() if source is None else _read(source))


def _read(path: str | Path) -> t.Any:
    with open(path, encoding="utf-8") as stream:
        return yaml.safe_load(stream)


@functools.cache
def _default() -> t.Any:
    """Read once, because every test starts a simulator."""
    return _read(DEFAULT_FILE)


_MISSING = object()


def _fields(value: t.Any, where: str, **known: t.Any) -> dict[str, t.Any]:
    """The mapping with its defaults. Unknown and missing keys are errors, so that a typing error is reported."""
    if not isinstance(value, Mapping):
        raise DataError(f"{where} must be a mapping.")
    unknown = [str(key) for key in value if key not in known]
    if unknown:
        raise DataError(f"{where} has unknown keys: {', '.join(unknown)}. Known keys: {', '.join(known)}.")
    result = {**known, **value}
    missing = [key for key, given in result.items() if given is _MISSING]
    if missing:
        raise DataError(f"{where} lacks: {', '.join(missing)}.")
    return result


def _named(value: t.Any, where: str) -> t.Iterable[tuple[str, t.Any]]:
    if not isinstance(value, Mapping):
        raise DataError(f"{where} must be a mapping.")
    return ((str(name), entry) for name, entry in value.items())


def _entries(value: t.Any, where: str) -> t.Iterable[t.Any]:
    if not isinstance(value, (list, tuple)):
        raise DataError(f"{where} must be a list.")
    return value


def _choice(value: t.Any, choices: t.Collection[str], where: str) -> str:
    if isinstance(value, bool):
        # YAML reads the method No as a boolean
        value = "Yes" if value else "No"
    if value not in choices:
        raise DataError(f"{where} is {value!r}, which is not one of: {', '.join(choices)}.")
    return str(value)


def _names(value: t.Any, where: str) -> set[str] | None:
    if value is None:
        return None
    return {name.lower() for entry in _entries(value, where) for name in expand(str(entry))}


def expand(pattern: str) -> list[str]:
    """``host[01:03]`` is host01, host02, host03. Leading zeros are kept, as in Ansible's inventories."""
    match = re.search(r"\[(\d+):(\d+)\]", pattern)
    if match is None:
        return [pattern]
    first, last = match.groups()
    return [
        f"{pattern[: match.start()]}{number:0{len(first)}d}{pattern[match.end() :]}"
        for number in range(int(first), int(last) + 1)
    ]


def _expiration(value: t.Any, where: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError as exc:
            raise DataError(f"{where} is not a date and time: {value!r}.") from exc
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if isinstance(value, date):
        return datetime.combine(value, time(), timezone.utc)
    raise DataError(f"{where} is not a date and time: {value!r}.")


def _networks(value: t.Any, where: str) -> list[Network] | None:
    """``*`` is any address. Networks such as 192.0.2.0/24 are also valid [I]."""
    if value is None or "*" in value:
        return None
    entries = _entries(value, where)
    try:
        return [ipaddress.ip_network(str(entry), strict=False) for entry in entries]
    except ValueError as exc:
        raise DataError(f"{where} contains an invalid IP address.") from exc


def _authorization(name: str, value: t.Any, application: Application) -> Authorization:
    where = f"authorization {name} of application {application.name}"
    given = _fields(
        value,
        where,
        enabled=True,
        expiration=None,
        resources=[],
        permission="read-only",
        ips=None,
        referers=None,
        credentials=None,
        devices=None,
        **dict.fromkeys(KEY_LENGTHS),
    )
    keys = {
        key: str(given[key]) if given[key] is not None else secrets.token_hex(length)[:length]
        for key, length in KEY_LENGTHS.items()
        if key in KEYS_OF_METHOD[application.method]
    }
    return Authorization(
        name=name,
        application=application,
        enabled=bool(given["enabled"]),
        expiration=_expiration(given["expiration"], f"expiration of {where}"),
        resources={
            _choice(entry, RESOURCES, f"a resource of {where}")
            for entry in _entries(given["resources"], f"resources of {where}")
        },
        read_write=PERMISSIONS[_choice(given["permission"], PERMISSIONS, f"permission of {where}")],
        networks=_networks(given["ips"], f"ips of {where}"),
        referers=[str(entry) for entry in _entries(given["referers"] or [], f"referers of {where}")] or None,
        credentials=_names(given["credentials"], f"credentials of {where}"),
        devices=_names(given["devices"], f"devices of {where}"),
        **keys,
    )


def _application(name: str, value: t.Any, tenants: list[str]) -> Application:
    where = f"application {name}"
    given = _fields(value, where, method=OAUTH2, tenant=tenants[0], enabled=True, authorizations=_MISSING)
    application = Application(
        name=name,
        method=_choice(given["method"], METHODS, f"method of {where}"),
        tenant=_choice(given["tenant"], tenants, f"tenant of {where}"),
        enabled=bool(given["enabled"]),
    )
    for key, entry in _named(given["authorizations"], f"authorizations of {where}"):
        application.authorizations[key] = _authorization(key, entry, application)
    return application


def _connectivities(value: t.Any, where: str) -> dict[str, int]:
    """``SSH:22,HTTPS:443``, as the product's API writes it, a list of such entries, or a mapping."""
    if isinstance(value, Mapping):
        pairs = [(str(name), port) for name, port in value.items()]
    else:
        entries = value.split(",") if isinstance(value, str) else value
        pairs = [(name, port) for name, _colon, port in (str(entry).partition(":") for entry in entries)]
    try:
        return {name.strip().upper(): int(port or PROTOCOLS[name.strip().upper()]) for name, port in pairs}
    except (KeyError, ValueError) as exc:
        raise DataError(f"connectivities of {where} must have the form SSH:22,HTTPS:443.") from exc


def _devices(entries: t.Any) -> dict[str, Device]:
    devices: dict[str, Device] = {}
    for entry in _entries(entries, "devices"):
        given = _fields(entry, "a device", hostname=_MISSING, ip="", connectivities=_MISSING, active=True)
        try:
            first = ipaddress.ip_address(given["ip"]) if given["ip"] else None
        except ValueError as exc:
            raise DataError(f"ip of device {given['hostname']} is not an IP address.") from exc
        for offset, hostname in enumerate(expand(str(given["hostname"]))):
            if hostname.lower() in devices:
                raise DataError(f"device {hostname} is defined twice.")
            devices[hostname.lower()] = Device(
                id=str(len(devices) + 1),
                hostname=hostname,
                ip=str(first + offset) if first else "",
                connectivities=_connectivities(given["connectivities"], f"device {hostname}"),
                active=bool(given["active"]),
            )
    return devices


def _credentials(entries: t.Any) -> list[Credential]:
    credentials: list[Credential] = []
    for entry in _entries(entries, "credentials"):
        given = _fields(entry, "a credential", username=_MISSING, device=_MISSING, type="Local User", active=True)
        for hostname in [None] if given["device"] == "*" else expand(str(given["device"])):
            credentials.append(
                Credential(
                    id=str(len(credentials) + 1),
                    username=str(given["username"]),
                    device=hostname.lower() if hostname is not None else None,
                    type=str(given["type"]),
                    active=bool(given["active"]),
                )
            )
    return credentials


def _users(entries: t.Any) -> dict[str, User]:
    users: dict[str, User] = {}
    for entry in _entries(entries, "users"):
        given = _fields(entry, "a user", username=_MISSING, active=True, devices=None)
        username = str(given["username"])
        users[username] = User(username, bool(given["active"]), _names(given["devices"], f"devices of user {username}"))
    return users


def _texts(value: t.Any) -> dict[str, str]:
    return {key: str(text) for key, text in _fields(value, "texts", **INFERRED_TEXTS).items()}


def _vault(value: t.Any) -> Vault:
    given = _fields(
        value,
        "the data file",
        settings={},
        tenants=["acme"],
        applications=_MISSING,
        users=_MISSING,
        devices=[],
        credentials=[],
        texts={},
    )
    settings = _fields(
        given["settings"],
        "settings",
        any_device=False,
        base_path="",
        token_lifetime=3600,
        utc_offset="+00:00",
        marks={},
        sample={},
    )
    tenants = [str(tenant) for tenant in _entries(given["tenants"], "tenants")]
    if not tenants:
        raise DataError("tenants must contain at least one tenant.")
    devices = _devices(given["devices"])
    credentials = _credentials(given["credentials"])
    users = _users(given["users"])
    for credential in credentials:
        if credential.device is not None and credential.device not in devices and not settings["any_device"]:
            raise DataError(f"credential {credential.username} refers to the unknown device {credential.device}.")
    return Vault(
        tenants=tenants,
        applications={
            name: _application(name, entry, tenants) for name, entry in _named(given["applications"], "applications")
        },
        users=users,
        devices=devices,
        credentials=credentials,
        texts=_texts(given["texts"]),
        any_device=bool(settings["any_device"]),
        base_path=str(settings["base_path"]).rstrip("/"),
        token_lifetime=int(settings["token_lifetime"]),
        marks=_marks(settings["marks"]),
        zone=_zone(settings["utc_offset"]),
        sample=_sample(settings["sample"], users, devices, credentials),
    )


def _marks(value: t.Any) -> dict[str, str]:
    return {key: str(mark) for key, mark in _fields(value, "marks", access_token="", session_token="", sr="").items()}


def _zone(value: t.Any) -> tzinfo:
    try:
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{value}").tzinfo
    except ValueError:
        zone = None
    if zone is None:
        raise DataError("utc_offset must have the form +00:00.")
    return zone


def _sample(
    value: t.Any, users: Mapping[str, User], devices: Mapping[str, Device], credentials: list[Credential]
) -> dict[str, str]:
    """A matching user, device, credential and protocol for a first request."""
    given = _fields(value, "sample", user=None, device=None, credential=None, protocol=None)
    device = devices.get(str(given["device"]).lower()) or next(iter(devices.values()), None)
    credential = next((c for c in credentials if device and c.device in (None, device.hostname.lower())), None)
    defaults = {
        "user": next(iter(users), ""),
        "device": device.hostname if device else "any",
        "credential": credential.username if credential else "",
        "protocol": next(iter(device.connectivities), "SSH") if device else "SSH",
    }
    return {key: str(given[key] or fallback) for key, fallback in defaults.items()}
