# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters over PAM Core's lists, which have none: by value, by device and by time."""

from __future__ import annotations

import functools
import ipaddress
import re
import typing as t
from collections.abc import Callable, Hashable, Iterable

from .records import Record, Zone, parsed_time
from .times import parse_time

Predicate = Callable[[Record], bool]

Keys = Callable[[t.Any], Iterable[Hashable]]
"""Returns the keys by which a value is compared: see :class:`Matcher`."""


class Matcher(t.NamedTuple):
    """A wanted value matches a listed one if they have a key in common."""

    field: str
    """PAM Core's field."""
    wanted: Keys
    listed: Keys
    identifies: bool = False
    """Whether it names a record or a device, so that its absence is worth a warning."""


def by(field: str, key: Callable[[t.Any], Hashable], identifies: bool = False) -> Matcher:
    """Match values that have the same key."""
    return Matcher(field, lambda value: (key(value),), lambda value: (key(value),), identifies)


def by_device(field: str) -> Matcher:
    """Match devices by host name or IP address. A wanted device without a port matches each port."""
    return Matcher(field, _wanted_device, lambda device: _listed_device(str(device)), identifies=True)


def folded(value: t.Any) -> str:
    """The key by which case is ignored."""
    return str(value).strip().casefold()


def address(text: str) -> str:
    """An IP address in its normal form, with mapped IPv4 as IPv4; a host name in lower case."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return text.casefold()
    return str(getattr(found, "ipv4_mapped", None) or found)


def split_device(device: str) -> tuple[str, int | None]:
    """Host and port of ``host-or-ip:port``. The last part of an IPv6 address without brackets is the port: PAM Core
    always lists the port, and probably uses no brackets (inferred)."""
    host, _colon, port = device.rpartition(":")
    if re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) and host and (":" not in host or _is_ipv6(host.strip("[]"))):
        return host.strip("[]"), int(port)
    return device.strip("[]"), None


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


@functools.lru_cache(maxsize=4096)
def _wanted_device(device: str) -> Iterable[Hashable]:
    host, port = split_device(device.strip())
    keys = {(address(host), port)}
    if _is_ipv6(device.strip()):
        keys.add((address(device.strip()), None))
    return keys


@functools.lru_cache(maxsize=4096)
def _listed_device(device: str) -> Iterable[Hashable]:
    host, port = split_device(device.strip())
    return {(address(host), port), (address(host), None)}


class Values:
    """Predicate: does a record have one of several values? Remembers which of them it has seen."""

    def __init__(self, matcher: Matcher, values: Iterable[t.Any]) -> None:
        self._field, self._keys = matcher.field, matcher.listed
        self._wanted = {key: value for value in values for key in matcher.wanted(value)}
        self.seen: set[Hashable] = set()

    def __call__(self, record: Record) -> bool:
        value = record.get(self._field)
        found = [] if value is None else [key for key in self._keys(value) if key in self._wanted]
        self.seen.update(found)
        return bool(found)

    def unseen(self) -> list[t.Any]:
        return [value for key, value in self._wanted.items() if key not in self.seen]


def within(field: str, after: str | None, before: str | None, zone: Zone) -> Predicate:
    """Predicate: is *after* <= the time of a record < *before*? False if the time cannot be parsed."""
    first, end = (parse_time(text or "", zone) for text in (after, before))

    def is_within(record: Record) -> bool:
        time = parsed_time(record.get(field), zone)
        if time is None:
            return False
        if zone is None:  # the limits have no offset then, so drop one that PAM Core sent
            time = time.replace(tzinfo=None)
        return (first is None or first <= time) and (end is None or time < end)

    return is_within
