# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock everything in the simulator looks at, so that a test can let time pass."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone


class ClockLike(t.Protocol):
    def now(self) -> datetime:
        """The time, with a zone."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""


class Clock:
    """The real time plus what was advanced. The OAuth 1.0 timestamp check is oauthlib's and keeps to the real time."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += timedelta(seconds=seconds)
