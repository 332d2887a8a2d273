# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results of the fault table: compared row by row, and summarized after the tests."""

from __future__ import annotations

import json
import platform
import typing as t
from pathlib import Path

from ansible.release import __version__ as core

from tests.faults.table import CASES, Case
from tests.faults.world import Target

if t.TYPE_CHECKING:
    import pytest

RESULTS = Path(__file__).resolve().parents[2] / ".cache" / "results"
LONGER = 1.0
"""Seconds that a case may take after its timeout."""


class Row(t.NamedTuple):
    """What a test observed."""

    fault: str
    read: str | None
    seconds: float
    time_limit: float
    creates: int
    sessions: int
    session_may_exist: bool


_rows: dict[str, list[Row]] = {}


def in_current_openssl_words(text: str) -> str:
    """Replace texts of OpenSSL before 3.0 and 3.2 by the current ones."""
    return text.replace("self signed", "self-signed").replace("sslv3 alert", "ssl/tls alert")


def options_of(case: Case, target: Target) -> dict[str, t.Any]:
    """All options, with words replaced."""
    options = {**target.options, "timeout": case.timeout, "retries": 0, **case.options}
    return {
        name: target.fill(value) if isinstance(value, str) else value
        for name, value in options.items()
        if value is not None
    }


def check(way: str, fault: str, target: Target, seconds: float, read: str | None, may_exist: bool) -> None:
    """Compare a result of the module, the task or the lookup with the table. *read* is the message, or None for a
    success."""
    case = CASES[fault]
    row = Row(fault, read, seconds, case.timeout, target.creates(), target.sessions(), may_exist)
    _rows.setdefault(way, []).append(row)
    expected = None if case.message is None else target.fill(case.message)
    if read is None or read != case.or_message:
        assert read == expected
    assert (row.creates, row.sessions, row.session_may_exist) == (case.creates, case.sessions, case.may_exist)
    connections = target.connections()
    one_each = max(case.creates + target.logins(), 1)
    assert connections in (None, one_each if case.connections is None else case.connections)
    if read is not None and "within" in read:
        assert row.seconds >= row.time_limit - 0.05
    # These rules hold whatever the table says.
    assert row.seconds <= row.time_limit + LONGER
    assert row.sessions <= 1
    if row.read is None:
        assert row.sessions == 1
    elif not row.session_may_exist:
        assert row.sessions == 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for way, rows in _rows.items():
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"faults({core}, Python {platform.python_version()}, {way}).json"
        path.write_text(json.dumps([row._asdict() for row in rows], indent=2, ensure_ascii=False), encoding="utf-8")
        slowest = max(rows, key=lambda row: row.seconds - row.time_limit)
        reached = [row for row in rows if row.seconds >= row.time_limit]
        terminalreporter.write_sep("=", f"faults by the {way}")
        terminalreporter.write_line(
            f"{len(rows)} of {len(CASES)} cases; {sum(row.read is None for row in rows)} successes; "
            f"{sum(row.creates for row in rows)} requests to create a session, {sum(row.sessions for row in rows)} "
            f"sessions, never two; {sum(row.session_may_exist for row in rows)} may exist; {len(reached)} reached the "
            f"time limit, by {slowest.seconds - slowest.time_limit:.2f} s at most ({slowest.fault}). All of it: "
            f"{path.relative_to(RESULTS.parents[1])}"
        )
