# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that select sessions."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._options import EMPTY, Option, Options, check_timeout, is_encodable, problems, shown
from ._times import read_moment, read_zone


def _timezone(value: str) -> str | None:
    if read_zone(value):
        return None
    return f"must be a zone that is known here, such as America/Sao_Paulo, UTC or -03:00, and is {shown(value)}."


def _moment(value: str) -> str | None:
    if read_moment(value):
        return None
    return (
        "must be a moment such as 2026-01-31T12:00:00Z, 2026-01-31 12:00:00 or seconds since 1970, "
        f"and is {shown(value)}."
    )


# Only the task or lookup itself can set these: an application's default user must not decide which sessions are
# terminated.
FILTERS: Options = {
    "id": Option("list", elements="int"),
    **{
        name: Option("list", elements="str")
        # the option proxy is the one on the way to PAM Core
        for name in ("session_id", "user", "credential", "device", "protocol", "session_proxy")
    },
    "active": Option("bool"),
    "started_after": Option("time", check=_moment),
    "started_before": Option("time", check=_moment),
    "created": Option(
        "dict",
        members=(
            "user",
            "device",
            "protocol",
            "credential",
            "remote_device",
            "remote_addr",
            "opens_from",
            "opens_until",
        ),
    ),
}

TIMES: Options = {"timezone": Option(configurable=True, check=_timezone)}

WAIT: Options = {
    "wait": Option("bool", default=False),
    "wait_timeout": Option("float", default=60, check=check_timeout),
}


def filter_problems(
    options: Mapping[str, t.Any], known: Options, origins: Mapping[str, str] | None = None
) -> list[str]:
    """All problems with the options that select sessions, as sentences."""
    found = problems(options, known, ("url",), origins)
    for name, option in FILTERS.items():
        values = options.get(name)
        if option.type == "list" and isinstance(values, list):
            if not all(str(value).strip() for value in values):
                found.append(f"{name} {EMPTY}")
            elif not all(isinstance(value, int) or is_encodable(value) for value in values):
                found.append(f"{name} has characters that are no valid text.")
    zone = read_zone(options.get("timezone") or "")
    for name in ("started_after", "started_before"):
        moment = read_moment(options.get(name) or "")
        if moment and moment.tzinfo and not zone:
            found.append(f"{name} has a zone, so timezone must say in which one PAM Core's times are.")
    created = options.get("created")
    if isinstance(created, Mapping):
        moments = [created[name] for name in ("opens_from", "opens_until") if created.get(name)]
        whole = all(created.get(name) for name in ("user", "device", "protocol")) and len(moments) != 1
        if not whole or not all(read_moment(moment) for moment in moments):
            found.append("created must be what the task that got the URL returned as created.")
        elif not zone:
            found.append("created needs timezone: PAM Core's times have no zone.")
    return found
