# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times and time zones as people and PAM Core write them."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.times import (
    format_time,
    parse_time,
    parse_zone,
)

NOON = datetime(2026, 1, 31, 12, 0, 0)
UTC_NOON = NOON.replace(tzinfo=timezone.utc)


def west(hours: int) -> timezone:
    return timezone(timedelta(hours=-hours))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31 12:00:00", NOON),
        ("2026-01-31T12:00:00", NOON),
        ("2026-01-31t12:00:00", NOON),
        (" 2026-01-31 12:00 ", NOON),
        ("2026-01-31 12:00:00.999999", NOON),
        ("2026-01-31 12:00:00,5", NOON),
        ("2026-01-31", datetime(2026, 1, 31)),
        ("2026-01-31T12:00:00Z", UTC_NOON),
        ("2026-01-31T12:00:00z", UTC_NOON),
        ("2026-01-31 12:00:00 UTC", UTC_NOON),
        ("2026-01-31 12:00:00+00:00", UTC_NOON),
        ("2026-01-31T09:00:00-03:00", UTC_NOON),
        ("2026-01-31T09:00:00-0300", UTC_NOON),
        ("2026-01-31T09:00:00.123-03", UTC_NOON),
        ("1769860800", UTC_NOON),
        ("1769860800.9", UTC_NOON),
        ("", None),
        ("-", None),
        ("now", None),
        ("20260131", None),
        ("2026-1-31", None),
        ("2026-02-30 12:00:00", None),
        ("2026-01-31 25:00:00", None),
        ("0000-00-00 00:00:00", None),
        ("2026-01-31T12:00:00-99:00", None),
        ("2026-01-31T12:00:00 -03:00 or so", None),
        ("0001-01-01 00:00:00", None),
        ("9999-12-31 23:59:59", None),
        ("9999999999", datetime(2286, 11, 20, 17, 46, 39, tzinfo=timezone.utc)),
        ("99999999999", None),
        ("٢٠٢٦-01-31", None),
    ],
)
def test_parsed_times(text: str, expected: datetime | None) -> None:
    found = parse_time(text)
    assert found == expected
    assert found is None or expected is None or (found.tzinfo is None) == (expected.tzinfo is None)


def test_time_zone_applies_to_times_without_offset() -> None:
    assert parse_time("2026-01-31 09:00:00", west(3)) == UTC_NOON
    assert parse_time("2026-01-31 12:00:00Z", west(3)) == UTC_NOON
    assert parse_time("1769860800", west(3)) == UTC_NOON


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("UTC", 0),
        ("utc", 0),
        ("Z", 0),
        ("+00:00", 0),
        ("-03:00", -3),
        ("-0300", -3),
        ("-03", -3),
        ("+05:30", 5.5),
        ("America/Sao_Paulo", -3),
    ],
)
def test_time_zones(name: str, hours: float) -> None:
    zone = parse_zone(name)
    assert zone
    assert NOON.replace(tzinfo=zone).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "name", ["", "Mars", "America", "-24:00", "-03:60", "3", "../UTC", "/etc/passwd", "a\0b", "\udcff"]
)
def test_invalid_time_zones(name: str) -> None:
    assert parse_zone(name) is None


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-01-31T12:00:00"),
        (UTC_NOON, "2026-01-31T12:00:00Z"),
        (UTC_NOON.astimezone(west(3)), "2026-01-31T09:00:00-03:00"),
        (None, None),
    ],
)
def test_formatted_times(moment: datetime | None, text: str | None) -> None:
    assert format_time(moment) == text


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31)),
    st.none() | st.timedeltas(timedelta(hours=-23), timedelta(hours=23)),
)
def test_formatted_time_can_be_parsed(moment: datetime, difference: timedelta | None) -> None:
    if difference is not None:
        minutes = timedelta(minutes=difference // timedelta(minutes=1))
        moment = moment.replace(tzinfo=timezone(minutes))
    moment = moment.replace(microsecond=0)
    assert parse_time(format_time(moment) or "") == moment


@given(st.text())
def test_any_string_is_a_time_or_none(text: str) -> None:
    found: t.Any = parse_time(text)
    assert found is None or isinstance(found, datetime)
    parse_zone(text)
