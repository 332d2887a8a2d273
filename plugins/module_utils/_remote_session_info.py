# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxy sessions, running and finished: find them in PAM Core's list, and identify the one that a URL opened.

PAM Core has no filters and no pages; one session can be requested by its ID. Source of all facts here, unless marked as
inferred [I]: vendor docs v3-32 'a2a-list-remote-session-data'; v3-33, v4 and latest 'api-get-list-all-remote-sessions',
'api-get-list-a-remote-session'.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import time
import typing as t
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo

from ._answers import Advice, Endpoint, unclear, whole_number
from ._client import Client
from ._errors import Refused, printable
from ._filters import FILTERS, TIMES, WAIT, filter_problems
from ._operation import Operation
from ._options import CONNECTION
from ._remote_session import RESULT
from ._times import read_moment, read_zone, write_moment
from ._transport import MIB

Record = Mapping[str, t.Any]
"""A session as PAM Core lists it, with the field names of the newest versions."""

Fits = Callable[[Record], bool]

# /iso is known from a public OpenAPI export only; version 3.32, whose other functions are on /iso, documents /api here.
LIST = Endpoint(
    "Listing the remote sessions",
    "GET",
    {
        "iso": ("/iso/session/remotesessions", "/api/session/remotesessions"),
        "api": ("/api/pam/session/remotesessions", "/api/session/remotesessions"),
    },
    needs="the resource PAM Core",
    max_body=128 * MIB,  # of 100,000 sessions, which have about 40
    advice=(
        Advice("Session not found", "Check the option id: it is the number of the session's record."),
        Advice("Unexpected identifier type", "Check the option id: it is a number; the long hash is session_id."),
    ),
)
GET = LIST._replace(title="Getting the remote session", max_body=MIB)
NOT_FOUND = 1002

MOST_BY_ID = 20
"""Up to so many sessions are requested one by one; for more, the whole list costs less."""

# Version 3.32 has two field names in Portuguese.
RENAMED = {"credencial": "credential", "dispositivo": "device"}

MAX_DEPTH = 5
"""Of nested lists and envelopes; the documentation has at most three."""

YES_AND_NO = {"yes": True, "sim": True, "true": True, "1": True, "no": False, "não": False, "false": False, "0": False}
"""In both languages of the product. Samples have ``No`` and ``Não``."""

FIELDS = {"session_proxy": "proxy"}
"""filter → the API's field, where its name is another."""

NAMING = ("id", "session_id", "device")
"""Filters that name something, so that its absence is worth a warning."""

LATE = timedelta(seconds=5)
"""How long after the URL's expiry the recorded start of its session may be: connecting takes a while [I]."""
EARLY = timedelta(seconds=2)
"""How long before the URL was issued the recorded start may be: clocks are compared to the second."""

PAUSE = 2.0
"""Fewest seconds between two requests for the list."""

OPTIONS = {**CONNECTION, **FILTERS, **TIMES, **WAIT}


class Found(t.NamedTuple):
    sessions: list[dict[str, t.Any]]
    candidates: int
    """Number of sessions that match ``created``, ``device``, ``id`` and ``session_id``, whatever the other filters."""
    unlisted: list[tuple[str, t.Any]]
    """The values of ``id``, otherwise of ``session_id``, that no session has."""
    warnings: list[str]


class Decision(t.NamedTuple):
    """Whether the session that a URL opened is identified."""

    reason: str | None
    """Why not, as a sentence; None if it is."""
    seconds: float
    """Seconds until a decision is possible; 0 if waiting will not help."""


def option_problems(options: Mapping[str, t.Any], origins: Mapping[str, str] | None = None) -> list[str]:
    """All problems with the options, as sentences."""
    return filter_problems(options, OPTIONS, origins)


def get_session_info(client: Client, options: Mapping[str, t.Any], check_mode: bool = False) -> dict[str, t.Any]:
    """The matching sessions. With ``wait``, wait until there are some, or until the session of a URL is identified.

    In check mode, no session was requested before, so there is nothing to wait for.
    """
    created = options.get("created")
    end = time.monotonic() + (options["wait_timeout"] if options.get("wait") and not check_mode else 0)
    while True:
        look = time.monotonic()
        found = find_sessions(client, options)
        decision = decide(client, found, created) if created else None
        left = end - time.monotonic()
        if left <= 0 or (decision.seconds == 0 if decision else found.sessions):
            break
        # Pause at least as long as PAM Core took to respond.
        pause = max(PAUSE, time.monotonic() - look, decision.seconds if decision else 0)
        time.sleep(min(pause, left))
    result = {"changed": False, "sessions": found.sessions, "warnings": [] if check_mode else found.warnings}
    if decision:
        result.update(decided=decision.reason is None, reason=decision.reason)
    return result


def decide(client: Client, found: Found, created: Mapping[str, t.Any]) -> Decision:
    """Whether *found* identifies the session that the URL of *created* opened.

    PAM Core does not link the two. So exactly one session must match, and no other match may appear later. Other
    filters do not help: if one of two matches has ended, the other one may still be someone else's.
    """
    until = read_moment(created.get("opens_until") or "")
    if until is None:
        return Decision("No URL was made, as in check mode.", 0)
    seconds = (until + LATE - client.asked_at).total_seconds()
    if seconds >= 0:
        return Decision(
            "The URL can still be opened, or could a moment ago: sessions that fit may yet come.", seconds + 1
        )
    if found.candidates > 1:
        return Decision(
            f"{found.candidates} sessions fit: at the same time, as the same user, someone else opened one too.", 0
        )
    if not found.candidates:
        return Decision(
            "No session fits: the URL was not opened, PAM Core lists its device by another name, or timezone is not "
            "the zone of its times.",
            0,
        )
    return Decision(None, 0)


def find_sessions(client: Client, options: Mapping[str, t.Any]) -> Found:
    """Request the list, and select the sessions that match all filters. Raises the errors of :mod:`_errors`."""
    zone = read_zone(options.get("timezone") or "")
    created = options.get("created") or {}
    devices = options.get("device") or [created[name] for name in ("device", "remote_device") if created.get(name)]
    wanted: dict[str, list[t.Any]] = {**{name: options.get(name) or [] for name in KEYS}, "device": devices}
    named, plain = (
        {name: _Values(name, wanted[name]) for name in KEYS if wanted[name] and (name in NAMING) == naming}
        for naming in (True, False)
    )
    opened = _opened_by(created, zone) if created else None
    other: list[Fits] = [*plain.values(), *_other_filters(options, zone)]
    sessions, candidates = [], 0
    for original in _ask(client, options):
        client.require_time(LIST)
        record = _renamed(original)
        answers = [
            fits(record) for fits in named.values()
        ]  # of all filters, because each notes which of its values it has seen
        if not all(answers) or (opened and not opened(record)):
            continue
        candidates += 1
        if all(fits(record) for fits in other):
            sessions.append(normal(record, original, zone))
    by = next((name for name in ("id", "session_id") if name in named), "")
    unlisted = [(by, value) for value in named[by].unseen()] if by else []
    warnings = []
    if "device" in named and "id" not in named and not named["device"].seen:
        warnings.append(
            printable(
                f"PAM Core lists no session, running or finished, on {' or '.join(devices)}. It lists a device by its "
                "host name or by its address: if there should be sessions, name both in device."
            )
        )
    return Found(sessions, candidates, unlisted, warnings)


# What PAM Core lists


def _ask(client: Client, options: Mapping[str, t.Any]) -> Iterator[Record]:
    numbers = set(options.get("id") or ())
    if not 0 < len(numbers) <= MOST_BY_ID:
        yield from _unpacked(LIST, client.call(LIST))
        return
    for number in sorted(numbers):
        try:
            envelope = client.call(GET, argument=str(number))
        except Refused as exc:
            if exc.error_code != NOT_FOUND:
                raise
        else:
            # A sample of version 3.32 has a second record. With only other records, the session may still exist.
            records = list(_unpacked(GET, envelope))
            wanted = [record for record in records if whole_number(record.get("id")) == number]
            if records and not wanted:
                why = f"PAM Core answered a success, but without the session that has the id {number}"
                raise unclear(GET, why, http_status=200)
            yield from wanted


def _unpacked(endpoint: Endpoint, content: t.Any, depth: int = 0) -> Iterator[Record]:
    """The records in *content*: a list, a single record, or an envelope within the list (samples of 3.33 and 4.0)."""
    if isinstance(content, list):
        for item in content:
            yield from _unpacked(endpoint, item, depth + 1)
        return
    if isinstance(content, dict) and depth < MAX_DEPTH:
        inner = [content[name] for name in ("remote_sessions", "remote_session") if name in content]
        if inner:
            for part in inner:
                yield from _unpacked(endpoint, [] if part is None else part, depth + 1)
            return
        if depth and ("id" in content or "session_id" in content):
            yield content
            return
    raise unclear(endpoint, "PAM Core answered a success, but without sessions that can be understood", http_status=200)


def _renamed(original: Record) -> Record:
    if RENAMED.keys().isdisjoint(original):
        return original
    return {RENAMED.get(name, name): value for name, value in original.items()}


def normal(record: Record, original: Record, zone: tzinfo | None) -> dict[str, t.Any]:
    """A session as we return it, with typed values. ``original`` has what PAM Core sent."""
    device = _text(record.get("device"))
    host, port = split_device(device or "")
    end = _moment(record.get("end"), zone)
    return {
        **{name: _text(record.get(name)) for name in ("session_id", "user", "origin_ip", "credential")},
        "id": whole_number(record.get("id")),
        "device": device,
        "host": host or None,
        "port": port,
        "protocol": (_text(record.get("protocol")) or "").lower() or None,
        "proxy": _text(record.get("proxy")),
        "start": write_moment(_moment(record.get("start"), zone)),
        "end": write_moment(end),
        "time": _seconds(record.get("time")),
        "active": end is None,
        "prevent_purge": YES_AND_NO.get(str(record.get("prevent_purge")).strip().lower()),
        "request": _text(record.get("request")),
        "ITSM": _text(record.get("ITSM")),
        "original": dict(original),
    }


def _text(value: t.Any) -> str | None:
    return None if value is None else str(value).strip() or None


def _moment(value: t.Any, zone: tzinfo | None) -> datetime | None:
    return read_moment(value, zone) if isinstance(value, str) else None


def _seconds(value: t.Any) -> int | None:
    found = re.fullmatch(r"([0-9]{1,6}):([0-5][0-9]):([0-5][0-9])", str(value), re.ASCII)
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]) if found else None


def split_device(device: str) -> tuple[str, int | None]:
    """Host and port of ``host-or-ip:port``. The last part of an IPv6 address without brackets is the port: PAM Core
    always lists the port, and is not known to use brackets [I]."""
    host, _colon, port = device.rpartition(":")
    if re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) and host and (":" not in host or _is_ipv6(host.strip("[]"))):
        return host.strip("[]"), int(port)
    return device.strip("[]"), None


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


# Filters


def _key(value: t.Any) -> str:
    return str(value).strip().casefold()


def _address(text: str) -> str:
    """An IP address in its normal form, with mapped IPv4 as IPv4; a host name in lower case."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text.casefold()
    return str(getattr(address, "ipv4_mapped", None) or address)


@functools.lru_cache(maxsize=4096)
def _wanted_device_keys(device: str) -> Iterable[Hashable]:
    host, port = split_device(device.strip())
    keys = {(_address(host), port)}
    if _is_ipv6(device.strip()):
        keys.add((_address(device.strip()), None))
    return keys


@functools.lru_cache(maxsize=4096)
def _listed_device_keys(device: str) -> Iterable[Hashable]:
    host, port = split_device(device.strip())
    return {(_address(host), port), (_address(host), None)}


Keys = Callable[[t.Any], Iterable[Hashable]]


class _Values:
    """Whether a record has one of several values in a field. Notes which of them it has seen."""

    def __init__(self, name: str, values: Iterable[t.Any]) -> None:
        self._field = FIELDS.get(name, name)
        wanted_keys, self._listed_keys = KEYS[name]
        self._wanted = {key: value for value in values for key in wanted_keys(value)}
        self.seen: set[Hashable] = set()

    def __call__(self, record: Record) -> bool:
        value = record.get(self._field)
        found = [] if value is None else [key for key in self._listed_keys(value) if key in self._wanted]
        self.seen.update(found)
        return bool(found)

    def unseen(self) -> list[t.Any]:
        return [value for key, value in self._wanted.items() if key not in self.seen]


def _other_filters(options: Mapping[str, t.Any], zone: tzinfo | None) -> Iterator[Fits]:
    active = options.get("active")
    if active is not None:
        yield lambda record: (_moment(record.get("end"), zone) is None) == active
    after, before = (read_moment(options.get(name) or "", zone) for name in ("started_after", "started_before"))
    if after or before:

        def started(record: Record) -> bool:
            start = _moment(record.get("start"), zone)
            if start is None:
                return False
            if zone is None:  # then none of the three has a zone, unless PAM Core sent one
                start = start.replace(tzinfo=None)
            return (after is None or after <= start) and (before is None or start < before)

        yield started


def _opened_by(created: Mapping[str, t.Any], zone: tzinfo | None) -> Fits:
    """Whether a record may be the session that a URL opened, apart from the device."""
    first, last = (read_moment(created.get(name) or "") for name in ("opens_from", "opens_until"))
    facts = {name: _key(created[name]) for name in ("user", "credential", "protocol") if created.get(name)}
    remote_addr = _address(created.get("remote_addr") or "")

    def fits(record: Record) -> bool:
        start = _moment(record.get("start"), zone)
        return (
            start is not None
            and first is not None
            and last is not None
            and first - EARLY <= start <= last + LATE
            and all(_key(record.get(name)) == value for name, value in facts.items())
            and "web" in _key(record.get("proxy") or "web")  # "Web Proxy"
            and (not remote_addr or _address(_key(record.get("origin_ip"))) == remote_addr)
        )

    return fits


def _one(key: Callable[[t.Any], Hashable]) -> tuple[Keys, Keys]:
    return (lambda value: (key(value),),) * 2


# filter → the keys by which a wanted value matches a listed one. Case is ignored, except in session_id.
KEYS: dict[str, tuple[Keys, Keys]] = {
    "id": _one(whole_number),
    "session_id": _one(_text),
    "device": (_wanted_device_keys, lambda device: _listed_device_keys(str(device))),
    "user": _one(_key),
    "credential": _one(_key),
    "protocol": _one(_key),
    "session_proxy": _one(_key),
}

OPERATION = Operation(
    OPTIONS,
    option_problems,
    get_session_info,
    public=True,
    doubt="",
    marks=RESULT,
    filters=frozenset(FILTERS),
)
