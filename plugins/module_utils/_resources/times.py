# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times and time zones, as users and PAM Core write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_TIME = re.compile(
    r"((?:19|2\d)\d\d-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,]\d{1,9})?)?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,9})?", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?", re.ASCII)


def parse_zone(name: str) -> tzinfo | None:
    """A time zone by its name (``America/Sao_Paulo``), as ``UTC``, or as an offset (``-03:00``). ``None`` if it is
    unknown."""
    if name.upper() in ("UTC", "Z"):
        return timezone.utc
    offset = _OFFSET.fullmatch(name)
    if offset:
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        difference = timedelta(hours=hours, minutes=minutes) * (-1 if offset[1] == "-" else 1)
        return timezone(difference) if hours < 24 and minutes < 60 else None
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        return None


def parse_time(text: str, zone: tzinfo | None = None) -> datetime | None:
    """ISO 8601, also with a space in place of the ``T``, or seconds since 1970. To the second; ``None`` if it is not a
    time.

    A time without an offset gets *zone*, which may be ``None``.
    """
    text = text.strip()
    try:
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(int(float(text)), timezone.utc)
        found = _TIME.fullmatch(text)
        if not found:
            return None
        day, minute, second, own_zone = found.groups()
        time = datetime.fromisoformat(f"{day}T{minute or '00:00'}{second or ':00'}")
    except (ValueError, OverflowError, OSError):
        return None
    if own_zone:
        zone = parse_zone(own_zone)
        return time.replace(tzinfo=zone) if zone else None
    return time.replace(tzinfo=zone)


def format_time(time: datetime | None) -> str | None:
    """ISO 8601, with the zone if there is one."""
    return time.isoformat(timespec="seconds").replace("+00:00", "Z") if time else None
