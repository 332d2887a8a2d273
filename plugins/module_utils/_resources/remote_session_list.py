# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxy sessions, running and finished: find them in PAM Core's list, and identify the one that a URL opened.

PAM Core has no filters and no pages; one session can be requested by its ID. Source of all facts here, unless marked as
inferred [I]: vendor docs v3-32 'a2a-list-remote-session-data'; v3-33, v4 and latest 'api-get-list-all-remote-sessions',
'api-get-list-a-remote-session'.
"""

from __future__ import annotations

import time
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from .._api.client import Client, Reply
from .._api.endpoint import Advice, Endpoint, outcome_unknown
from .._errors import SenhaseguraError, join_sentences, printable
from .._http.transport import MIB
from .._options.connection import CONNECTION
from . import records
from .matching import Matcher, Predicate, Values, address, by, by_device, folded, split_device, within
from .operation import Operation
from .records import Fields, Names, Record, Zone, parsed_time, to_result, unpack
from .remote_session import RESULT
from .remote_session_filters import FILTERS, TIMES, WAIT, filter_rules
from .times import parse_time, parse_zone

# The path under /iso is known only from a public OpenAPI export. Version 3.32 documents /api for this function,
# although its other functions are under /iso. So iso tries both.
LIST = Endpoint(
    "Listing the sessions",
    "GET",
    {
        "iso": ("/iso/session/remotesessions", "/api/session/remotesessions"),
        "api": ("/api/pam/session/remotesessions", "/api/session/remotesessions"),
    },
    needs="the resource PAM Core",
    max_body=128 * MIB,  # 100,000 sessions have about 40 MiB
    advice=(
        Advice("Session not found", "Check the option id, the integer ID of the session."),
        Advice("Unexpected identifier type", "Set id to the integer ID. For the long hash, use session_id."),
    ),
)
GET = LIST._replace(title="Reading the session", max_body=MIB, absent=1002)

MOST_BY_ID = 20
"""Up to so many sessions are requested one by one; for more, the whole list costs less."""

RENAMED = {"credencial": "credential", "dispositivo": "device"}
"""Version 3.32 has two field names in Portuguese."""

NAMES = Names(("remote_sessions", "remote_session"), ("id", "session_id"), "sessions")

FIELDS: Fields = {
    "id": ("id", records.integer),
    "session_id": ("session_id", records.text),
    "user": ("user", records.text),
    "origin_ip": ("origin_ip", records.text),
    "credential": ("credential", records.text),
    "device": ("device", records.text),
    "protocol": ("protocol", records.lower_text),
    "proxy": ("proxy", records.text),
    "start": ("start", records.time),
    "end": ("end", records.time),
    "time": ("time", records.duration),
    "prevent_purge": ("prevent_purge", records.boolean),
    "request": ("request", records.text),
    "ITSM": ("ITSM", records.text),
}

MATCHERS: Mapping[str, Matcher] = {
    "id": by("id", records.integer, identifies=True),
    "session_id": by("session_id", records.text, identifies=True),
    "device": by_device("device"),
    "user": by("user", folded),
    "credential": by("credential", folded),
    "protocol": by("protocol", folded),
    "session_proxy": by("proxy", folded),
}
"""Filter → how it matches. Case is ignored, except in session_id."""

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
    unlisted: Sequence[tuple[str, t.Any]]
    """The wanted values of ``id`` and ``session_id`` that PAM Core does not list."""
    warnings: list[str]
    requested_at: datetime
    """When PAM Core was asked, by its clock; of several requests, the first one."""


class Decision(t.NamedTuple):
    """Whether the session that a URL opened is identified."""

    reason: str | None
    """Why not, as a sentence; None if it is."""
    retry_after: float
    """Seconds until a decision is possible; 0 if waiting will not help."""


class Undecided(SenhaseguraError):
    """The session is not identified."""


def get_session_info(client: Client, options: Mapping[str, t.Any], check_mode: bool = False) -> dict[str, t.Any]:
    """The matching sessions. With ``wait``, wait until there are some, or until the session of a URL is identified.

    In check mode, no session was requested before, so there is nothing to wait for.
    """
    created = options.get("created")
    end = time.monotonic() + (options["wait_timeout"] if options.get("wait") and not check_mode else 0)
    while True:
        look = time.monotonic()
        found = find_sessions(client, options)
        decision = identify(found, created) if created else None
        left = end - time.monotonic()
        if left <= 0 or (decision.retry_after == 0 if decision else found.sessions):
            break
        # Pause at least as long as PAM Core took to respond.
        pause = max(PAUSE, time.monotonic() - look, decision.retry_after if decision else 0)
        time.sleep(min(pause, left))
    result = {"changed": False, "sessions": found.sessions, "warnings": [] if check_mode else found.warnings}
    if decision:
        result.update(decided=decision.reason is None, reason=decision.reason)
    return result


def decided_sessions(result: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """The sessions of a result, for a lookup. Raises :class:`Undecided` if it is not certain which of
    them the URL opened."""
    if result["sessions"] and result.get("reason"):
        raise Undecided(join_sentences("The session that the URL opened cannot be identified", result["reason"]))
    sessions: list[dict[str, t.Any]] = result["sessions"]
    return sessions


def identify(found: Found, created: Mapping[str, t.Any]) -> Decision:
    """Whether *found* identifies the session that the URL of *created* opened.

    PAM Core does not link the two. So exactly one session must match, and no other match may appear later. Other
    filters do not help: if one of two matches has ended, the other one may still be someone else's.
    """
    until = parse_time(created.get("opens_until") or "")
    if until is None:
        return Decision("created is from check mode, in which no URL was issued.", 0)
    seconds = (until + LATE - found.requested_at).total_seconds()
    if seconds >= 0:
        return Decision(
            "The URL has not expired yet, or expired a moment ago, so a matching session may still appear. Try again "
            "later.",
            seconds + 1,
        )
    if found.candidates > 1:
        return Decision(
            f"{found.candidates} sessions match, so it is unknown which of them the URL opened. Find the session in "
            f"PAM Core, and use its id.",
            0,
        )
    if not found.candidates:
        return Decision(
            "No session matches: the URL was not opened, PAM Core lists the device under another name, or timezone is "
            "wrong.",
            0,
        )
    return Decision(None, 0)


def find_sessions(client: Client, options: Mapping[str, t.Any]) -> Found:
    """Request the list, and select the sessions that match all filters. Raises the errors of :mod:`._errors`."""
    zone = parse_zone(options.get("timezone") or "")
    created = options.get("created") or {}
    devices = options.get("device") or [created[name] for name in ("device", "remote_device") if created.get(name)]
    wanted: dict[str, list[t.Any]] = {**{name: options.get(name) or [] for name in MATCHERS}, "device": devices}
    filters = {name: Values(matcher, wanted[name]) for name, matcher in MATCHERS.items() if wanted[name]}
    naming = {name: values for name, values in filters.items() if MATCHERS[name].identifies}
    opened = _opened_by(created, zone) if created else None
    other = [values for name, values in filters.items() if name not in naming] + _other_filters(options, zone)
    sessions, candidates, requested_at = [], 0, []
    for reply, number in _ask(client, options):
        requested_at.append(reply.requested_at)
        for original in _records(reply, number):
            record = original if RENAMED.keys().isdisjoint(original) else _renamed(original)
            found = [matches(record) for matches in naming.values()]  # call all: each remembers what it has seen
            if not all(found) or (opened and not opened(record)):
                continue
            candidates += 1
            if all(matches(record) for matches in other):
                sessions.append(session_of(record, original, zone))
    unlisted = [(name, value) for name in ("id", "session_id") if name in naming for value in naming[name].unseen()]
    warnings = []
    if "device" in naming and "id" not in naming and not naming["device"].seen:
        warnings.append(
            printable(
                f"PAM Core lists no session, active or ended, on {' or '.join(devices)}. It lists a device under its "
                "host name or its address. If you expect sessions, name the device both ways."
            )
        )
    return Found(sessions, candidates, unlisted, warnings, min(requested_at))


def _ask(client: Client, options: Mapping[str, t.Any]) -> Iterator[tuple[Reply, int | None]]:
    """The replies of PAM Core. With few IDs, one reply for each, and the ID."""
    numbers = set(options.get("id") or ())
    if 0 < len(numbers) <= MOST_BY_ID:
        for number in sorted(numbers):
            yield client.call(GET, argument=str(number)), number
    else:
        yield client.call(LIST), None


def _records(reply: Reply, number: int | None) -> Iterable[Record]:
    """The records of a reply; if *number* is given, only the record with that ID. A sample of version 3.32 has a second
    record. Raises :class:`OutcomeUnknown` if the reply has only other records: the session may still exist."""
    if reply.is_absent:
        return ()
    if number is None:
        return unpack(reply, NAMES)
    found = list(unpack(reply, NAMES))
    wanted = [record for record in found if records.integer(record.get("id")) == number]
    if found and not wanted:
        why = f"PAM Core reported success, but the response lacks the session with the ID {number}"
        raise outcome_unknown(GET, why, http_status=200)
    return wanted


def _renamed(original: Record) -> Record:
    return {RENAMED.get(name, name): value for name, value in original.items()}


def session_of(record: Record, original: Record, zone: Zone) -> dict[str, t.Any]:
    """A session as we return it. ``original`` has what PAM Core sent."""
    session = to_result(record, FIELDS, zone)
    host, port = split_device(session["device"] or "")
    return {**session, "host": host or None, "port": port, "active": session["end"] is None, "original": dict(original)}


def _other_filters(options: Mapping[str, t.Any], zone: Zone) -> list[Predicate]:
    found: list[Predicate] = []
    active = options.get("active")
    if active is not None:
        found.append(lambda record: (parsed_time(record.get("end"), zone) is None) == active)
    after, before = options.get("started_after"), options.get("started_before")
    return [*found, within("start", after, before, zone)] if after or before else found


def _opened_by(created: Mapping[str, t.Any], zone: Zone) -> Predicate:
    """Predicate: could a record be the session opened by this URL? Ignores the device."""
    first, last = (parse_time(created.get(name) or "") for name in ("opens_from", "opens_until"))
    facts = {name: folded(created[name]) for name in ("user", "credential", "protocol") if created.get(name)}
    remote_addr = address(created.get("remote_addr") or "")

    def matches(record: Record) -> bool:
        start = parsed_time(record.get("start"), zone)
        return (
            start is not None
            and first is not None
            and last is not None
            and first - EARLY <= start <= last + LATE
            and all(folded(record.get(name)) == value for name, value in facts.items())
            and "web" in folded(record.get("proxy") or "web")  # "Web Proxy"
            and (not remote_addr or address(folded(record.get("origin_ip"))) == remote_addr)
        )

    return matches


OPERATION = Operation(OPTIONS, get_session_info, filter_rules, public=True, doubt="", marks=RESULT)
