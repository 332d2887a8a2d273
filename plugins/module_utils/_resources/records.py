# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records in PAM Core's responses: from the envelope to typed results, and from options to a payload."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, tzinfo

from .._api.client import Reply
from .._api.endpoint import outcome_unknown
from .._api.envelope import integer as read_integer
from .times import format_time, parse_time

Record = Mapping[str, t.Any]
"""A record as PAM Core lists it."""

Zone = t.Optional[tzinfo]
"""The time zone of PAM Core's times, which do not name one; ``None`` if it is unknown."""

Reader = Callable[[t.Any, Zone], t.Any]
"""Converts a value that PAM Core sent. Returns ``None`` for a value of another type."""

Fields = Mapping[str, tuple[str, Reader]]
"""Member of a result → PAM Core's field, and how to read it."""

MAX_DEPTH = 5
"""Nested lists and envelopes in a response. The documentation has at most three."""

_YES_AND_NO = {
    **dict.fromkeys(("yes", "sim", "true", "1"), True),
    **dict.fromkeys(("no", "não", "false", "0"), False),
}
"""In both languages of the product. Samples have ``No`` and ``Não``."""


class Names(t.NamedTuple):
    """How a list names its records."""

    members: tuple[str, ...]
    """Members of an envelope that contain records."""
    identifiers: tuple[str, ...]
    """Fields of which each record has at least one."""
    title: str
    """What messages call the records."""


def unpack(reply: Reply, names: Names) -> Iterator[Record]:
    """The records of a reply, which may be a list, a single record, or envelopes within a list (samples of 3.33 and
    4.0). Raises :class:`OutcomeUnknown` if there is anything else, or if the time is over."""
    for record in _unpack(reply, names, reply.data, 0):
        reply.require_time()
        yield record


def _unpack(reply: Reply, names: Names, content: t.Any, depth: int) -> Iterator[Record]:
    if isinstance(content, list):
        for item in content:
            yield from _unpack(reply, names, item, depth + 1)
        return
    if isinstance(content, dict) and depth < MAX_DEPTH:
        inner = [content[name] for name in names.members if name in content]
        if inner:
            for section in inner:
                yield from _unpack(reply, names, [] if section is None else section, depth + 1)
            return
        if depth and any(name in content for name in names.identifiers):
            yield content
            return
    why = f"PAM Core reported success, but the response has no valid list of {names.title}"
    raise outcome_unknown(reply.endpoint, why, http_status=200)


def to_result(record: Record, fields: Fields, zone: Zone = None) -> dict[str, t.Any]:
    """The record as we return it, with typed values."""
    return {name: read(record.get(field), zone) for name, (field, read) in fields.items()}


def to_payload(options: Mapping[str, t.Any], fields: Mapping[str, str]) -> dict[str, t.Any]:
    """The options that are set, by PAM Core's names. *fields* has option → PAM Core's field."""
    return {field: options[name] for name, field in fields.items() if options.get(name) not in (None, "")}


# Readers


def text(value: t.Any, _zone: Zone = None) -> str | None:
    """Without spaces around it; ``None`` if nothing is left."""
    return None if value is None else str(value).strip() or None


def lower_text(value: t.Any, _zone: Zone = None) -> str | None:
    return (text(value) or "").lower() or None


def integer(value: t.Any, _zone: Zone = None) -> int | None:
    """Some versions send integers as strings."""
    return read_integer(value)


def boolean(value: t.Any, _zone: Zone = None) -> bool | None:
    return _YES_AND_NO.get(str(value).strip().lower())


def parsed_time(value: t.Any, zone: Zone = None) -> datetime | None:
    """The time as a ``datetime``, for comparisons. Results contain :func:`time`."""
    return parse_time(value, zone) if isinstance(value, str) else None


def time(value: t.Any, zone: Zone = None) -> str | None:
    """ISO 8601, to the second."""
    return format_time(parsed_time(value, zone))


def duration(value: t.Any, _zone: Zone = None) -> int | None:
    """Seconds, of ``HH:MM:SS``."""
    found = re.fullmatch(r"([0-9]{1,6}):([0-5][0-9]):([0-5][0-9])", str(value), re.ASCII)
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]) if found else None
