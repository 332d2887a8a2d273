# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that select sessions."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._options.spec import Option, Options, Origins, check_timeout, configurable, shown
from .remote_session import IDENTIFYING
from .times import parse_time, parse_zone


def _timezone(value: str) -> str | None:
    if parse_zone(value):
        return None
    return (
        f"must be a time zone that this machine knows, but is {shown(value)}. Check the name. Names need the time zone "
        "data of the system, or the Python library tzdata; an offset such as -03:00 does not."
    )


def _time(value: str) -> str | None:
    if parse_time(value):
        return None
    return (
        "must be a time such as 2026-01-31T12:00:00Z, 2026-01-31 12:00:00 or seconds since 1970, but "
        f"is {shown(value)}."
    )


# Only the task or lookup itself can set these: a variable such as senhasegura_user, which sets the default for
# requesting sessions, must not decide which sessions are terminated.
FILTERS: Options = {
    "id": Option("list", elements="int", selects=True),
    **{
        name: Option("list", elements="str", selects=True)
        # the option proxy is the one on the way to PAM Core
        for name in ("session_id", "user", "credential", "device", "protocol", "session_proxy")
    },
    "active": Option("bool", selects=True),
    "started_after": Option("time", selects=True, check=_time),
    "started_before": Option("time", selects=True, check=_time),
    "created": Option(
        "dict",
        selects=True,
        members=(*IDENTIFYING, "opens_from", "opens_until"),
    ),
}

TIMES: Options = configurable({"timezone": Option(check=_timezone)})

WAIT: Options = {
    "wait": Option("bool", default=False),
    "wait_timeout": Option("float", default=60, check=check_timeout),
}


def _is_absolute(value: t.Any) -> bool:
    time = parse_time(value) if isinstance(value, str) else None
    return time is not None and time.tzinfo is not None


def filter_rules(options: Mapping[str, t.Any], origins: Origins | None = None) -> list[str]:
    """Problems between the options that select sessions, as sentences."""
    found = []
    zone = parse_zone(options.get("timezone") or "")
    for name in ("started_after", "started_before"):
        time = parse_time(options.get(name) or "")
        if time and time.tzinfo and not zone:
            found.append(
                f"{name} is an absolute time, so timezone (the time zone of PAM Core's times) must be set too."
            )
    created = options.get("created")
    if isinstance(created, Mapping):
        times = [created[name] for name in ("opens_from", "opens_until") if created.get(name)]
        whole = all(created.get(name) for name in ("user", "device", "protocol")) and len(times) != 1
        if not whole or not all(_is_absolute(time) for time in times):
            found.append("created must be the value of created that pam_remote_session returned.")
        elif not zone:
            found.append("created requires timezone, because PAM Core's times have no time zone.")
    return found
