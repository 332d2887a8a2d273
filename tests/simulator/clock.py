# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock of the whole simulator. A test can advance it."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone


class ClockLike(t.Protocol):
    def now(self) -> datetime:
        """The current time, with a time zone."""

    def advance(self, seconds: float) -> None:
        """Advance the clock."""


class Clock:
    """The real time plus the advanced time. oauthlib checks OAuth 1.0 timestamps against the real time."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += timedelta(seconds=seconds)
