# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options by which sessions are found, as :mod:`_options` has those of a session."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._options import EMPTY, Check, Spec, check_timeout, is_encodable, problems, shown
from ._times import read_moment, read_zone

# None of these comes from anywhere but the task or lookup itself: an application's
# default user must not decide which sessions are ended.
FILTERS: Spec = {
    "id": {"type": "list", "elements": "int"},
    "session_id": {"type": "list", "elements": "str"},
    "user": {"type": "list", "elements": "str"},
    "credential": {"type": "list", "elements": "str"},
    "device": {"type": "list", "elements": "str"},
    "protocol": {"type": "list", "elements": "str"},
    "session_proxy": {"type": "list", "elements": "str"},  # proxy is the one on the way to PAM Core
    "active": {"type": "bool"},
    "started_after": {"type": "str"},
    "started_before": {"type": "str"},
    "created": {
        "type": "dict",
        "options": {
            "user": {"type": "str"},
            "device": {"type": "str"},
            "protocol": {"type": "str"},
            "credential": {"type": "str"},
            "remote_device": {"type": "str"},
            "remote_addr": {"type": "str"},
            "opens_from": {"type": "str"},
            "opens_until": {"type": "str"},
        },
    },
}

TIMES: Spec = {"timezone": {"type": "str"}}

WAIT: Spec = {
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 60},
}


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


CHECKS: dict[str, Check] = {
    "timezone": _timezone,
    "started_after": _moment,
    "started_before": _moment,
    "wait_timeout": check_timeout,
}


def filter_problems(options: Mapping[str, t.Any], spec: Spec, origins: Mapping[str, str] | None = None) -> list[str]:
    """All that is wrong with the options by which sessions are found, as sentences."""
    found = problems(options, spec, ("url",), origins, CHECKS)
    for name, option in FILTERS.items():
        values = options.get(name)
        if option["type"] == "list" and isinstance(values, list):
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
