# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is remembered between requests, and for how long: the OAuth 2.0 token, a refused login, and which path
exists."""

from __future__ import annotations

import hashlib
import json
import math
import time
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from .._options.connection import is_token

TOKEN_MARGIN = 30
"""Seconds before its expiry in which a token is no longer used."""

MAX_LIFETIME = 24 * 3600
"""Longest lifetime of a token in seconds, according to the oldest documentation (3.25)."""

REFUSAL_HOLDS = 60
"""Seconds for which the refused login of one task counts for all tasks of a run."""


class Memory(t.Protocol):
    """What the tasks of a run share; see ``plugin_utils/_run_memory.py``."""

    def locked(self, key: str, seconds: float) -> AbstractContextManager[bool | None]:
        """Lock *key*. False if another task still holds the lock after *seconds*, None if locks do not work."""

    def read(self, key: str) -> dict[str, t.Any]:
        """The entry of *key*, or an empty dictionary."""

    def write(self, key: str, known: Mapping[str, t.Any]) -> None:
        """Replace the entry of *key*."""


class OwnMemory:
    """The memory of a single client."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, t.Any]] = {}

    @contextmanager
    def locked(self, key: str, seconds: float) -> Iterator[bool]:
        yield True

    def read(self, key: str) -> dict[str, t.Any]:
        return self._known.get(key, {})

    def write(self, key: str, known: Mapping[str, t.Any]) -> None:
        self._known[key] = dict(known)


def key_of(*parts: t.Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def is_recent(then: t.Any) -> t.TypeGuard[float]:
    """Whether an event at that time, in seconds of the wall clock, still counts for other tasks."""
    return isinstance(then, (int, float)) and then - 5 <= time.time() < then + REFUSAL_HOLDS


def issued_token(token: str, asked: float, expires_in: t.Any) -> dict[str, t.Any]:
    """The entry for a token that was requested at that time of the wall clock."""
    return {"access_token": token, "from": asked, "to": asked + _lifetime(expires_in)}


def usable_token(known: Mapping[str, t.Any]) -> str | None:
    """The token, unless it is malformed, about to expire, or apparently issued in the future, because the clock was set
    back since."""
    token, start, end = known.get("access_token"), known.get("from"), known.get("to")
    if not is_token(token) or not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
        return None
    return token if start - 5 <= time.time() < end - TOKEN_MARGIN else None


def _lifetime(expires_in: t.Any) -> float:
    """Seconds. Without a usable ``expires_in`` a token is used once: RFC 6749 only recommends that it is sent."""
    try:
        seconds = float(expires_in) if not isinstance(expires_in, bool) else 0.0
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), MAX_LIFETIME)
