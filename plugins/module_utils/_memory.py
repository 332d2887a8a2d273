# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is remembered between two requests, and for how long it holds: the OAuth 2.0 token, a refused login, and which
path is there."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

TOKEN_MARGIN = 30
"""Seconds before its end in which a token is not used any more."""

MAX_LIFETIME = 24 * 3600
"""Seconds for which a token is believed to hold at most: what the oldest documentation (3.25) says."""

REFUSAL_HOLDS = 60
"""Seconds for which the tasks of a run take a refusal that one of them got for theirs."""


class RunMemory(t.Protocol):
    """What the tasks of a run remember together; see ``plugin_utils/_run_memory.py``."""

    def locked(self, key: str, seconds: float) -> AbstractContextManager[None]:
        """Keep others out that use the same key, or go on after *seconds* without."""

    def read(self, key: str) -> dict[str, t.Any]:
        """What is known, or an empty dict."""

    def write(self, key: str, known: Mapping[str, t.Any]) -> None:
        """Replace what is known."""


class OwnMemory:
    """Remembers for one client alone."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, t.Any]] = {}

    @contextmanager
    def locked(self, key: str, seconds: float) -> Iterator[None]:
        yield

    def read(self, key: str) -> dict[str, t.Any]:
        return self._known.get(key, {})

    def write(self, key: str, known: Mapping[str, t.Any]) -> None:
        self._known[key] = dict(known)


def key_of(*parts: t.Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def is_recent(then: t.Any) -> t.TypeGuard[float]:
    """Whether what happened then, in seconds of the wall clock, still holds for others."""
    return isinstance(then, (int, float)) and then - 5 <= time.time() < then + REFUSAL_HOLDS


_TOKEN = re.compile(r"[\x21-\x7e]+")


def is_token(value: t.Any) -> t.TypeGuard[str]:
    """Whether it can stand in a header."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def issued_token(token: str, asked: float, expires_in: t.Any) -> dict[str, t.Any]:
    """A token as it is remembered, which was asked for at that second of the wall clock."""
    return {"access_token": token, "from": asked, "to": asked + _lifetime(expires_in)}


def usable_token(known: Mapping[str, t.Any]) -> str | None:
    """The token, unless it is of another shape, is about to end, or the clock went back to before it was issued."""
    token, start, end = known.get("access_token"), known.get("from"), known.get("to")
    if not is_token(token) or not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
        return None
    return token if start - 5 <= time.time() < end - TOKEN_MARGIN else None


def _lifetime(expires_in: t.Any) -> float:
    """Seconds. Without a usable ``expires_in`` a token is used once: RFC 6749 only recommends to send it."""
    try:
        seconds = float(expires_in) if not isinstance(expires_in, bool) else 0.0
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), MAX_LIFETIME)
