# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strict conversion, the same on every release of ansible-core."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.pamops.senhasegura.plugins.module_utils._options.spec import Option
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._convert import convert, to_plain

DATE = datetime.date(2026, 1, 31)

ACCEPTED: list[tuple[Option, t.Any, t.Any]] = [
    (Option(), "00123456", "00123456"),
    (Option(), " one ", " one "),
    (Option(choices=("one", "two")), "two", "two"),
    (Option("path"), "/one", "/one"),
    (Option("path"), "~/one", "/home/me/one"),
    (Option("path"), "$HOME/one", "/home/me/one"),
    (Option("raw"), {"any": [1]}, {"any": [1]}),
    (Option("time"), "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
    (Option("time"), DATE, "2026-01-31"),
    (Option("time"), datetime.datetime(2026, 1, 31, 12, 0, tzinfo=datetime.timezone.utc), "2026-01-31 12:00:00+00:00"),
    *((Option("bool"), value, True) for value in (True, 1, 1.0, "yes", "On", "TRUE", " true ", "1", "t", "y")),
    *((Option("bool"), value, False) for value in (False, 0, 0.0, "no", "Off", "FALSE", "0", "f", "n")),
    *((Option("int"), value, 22) for value in (22, "22", " 22 ", "+22", 22.0, "22.0", "22.")),
    (Option("int"), "-1", -1),
    *((Option("float"), value, 1.5) for value in (1.5, "1.5", " 1.5 ", "15e-1")),
    (Option("float"), 2, 2.0),
    *((Option("list", elements="int"), value, [1]) for value in (1, "1", [1], ["1"], [1.0])),
    (Option("list", elements="int"), "1,2, 3", [1, 2, 3]),
    (Option("list", elements="str"), "one,two", ["one", "two"]),
    (Option("list", elements="str"), [], []),
    (Option("dict", members=("one", "two")), {"one": "1"}, {"one": "1", "two": None}),
    (Option("dict", members=("one",)), {"other": "1"}, {"one": None, "other": "1"}),
]

A_TEXT, A_LIST = "must be a string", "must be a string or a list of strings"
REFUSED: list[tuple[Option, t.Any, str]] = [
    (Option(), True, f"{A_TEXT}, but YAML reads it as a boolean: put it in quotes."),
    (Option(), 42798, f"{A_TEXT}, but YAML reads it as a number: put it in quotes."),
    (Option("path"), 1.5, f"{A_TEXT}, but YAML reads it as a number: put it in quotes."),
    (Option(), DATE, f"{A_TEXT}, but YAML reads it as a date: put it in quotes."),
    *((Option(kind), value, f"{A_TEXT}.") for kind in ("str", "path", "time") for value in (["one"], {"one": 1})),
    (Option("time"), 1_800_000_000, f"{A_TEXT}, but YAML reads it as a number: put it in quotes."),
    (Option(choices=("one", "two")), "three", "must be one of one, two, but is 'three'."),
    (Option(choices=("one",)), "é\x1b" * 50, r"must be one of one, but is '" + r"\xe9\x1b" * 40 + "'."),
    (Option("list", elements="str", choices=("one",)), ["one", "two"], "must be one of one, but is 'two'."),
    *((Option("bool"), value, "must be true or false.") for value in ("ture", "2", 2, 0.5, [True], {"a": 1}, DATE)),
    *(
        (Option("int"), value, "must be an integer.")
        for value in (True, "2.5", 2.5, "inf", "1e999999999", "1" * 21, 10**20, "0x10", "1_000", [1], {"a": 1}, DATE)
    ),
    *((Option("float"), value, "must be a number.") for value in (True, "one", "1" * 21, [1], {"a": 1}, DATE, "1,5")),
    *(
        (Option("list", elements="int"), value, "must be an integer or a list of integers.")
        for value in (True, [True], ["one"], "1,,2", {"a": 1}, [None], [[1]])
    ),
    (Option("list", elements="str"), True, f"{A_LIST}, but YAML reads it as a boolean: put it in quotes."),
    (Option("list", elements="str"), ["one", 2], f"{A_LIST}, but YAML reads it as a number: put it in quotes."),
    (Option("list", elements="str"), [DATE], f"{A_LIST}, but YAML reads it as a date: put it in quotes."),
    *((Option("list", elements="str"), value, f"{A_LIST}.") for value in ({"a": 1}, [None], [["one"]])),
    *((Option("dict", members=("one",)), value, "must be a dictionary.") for value in ("one=1", ["one"], 1, True)),
]


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")


@pytest.mark.parametrize(("option", "value", "expected"), ACCEPTED)
def test_value_is_converted(option: Option, value: t.Any, expected: t.Any) -> None:
    converted = convert(option, value)
    assert (converted, type(converted)) == (expected, type(expected))


@pytest.mark.parametrize(("option", "value", "expected"), REFUSED)
def test_value_is_rejected(option: Option, value: t.Any, expected: str) -> None:
    with pytest.raises(ValueError) as error:
        convert(option, value)
    assert str(error.value) == expected


def test_plain_values() -> None:
    class Tagged:
        def __str__(self) -> str:
            return "a string"

    value = {"one": (Tagged(), iter([1, None])), "two": [DATE, 1.5, True]}
    assert to_plain(value) == {"one": ["a string", [1, None]], "two": [DATE, 1.5, True]}


class Tagged(str):
    """As ansible-core's own subclasses."""


@pytest.mark.parametrize("mark", [wrap_var, Tagged])
def test_strings_are_of_no_subclass(mark: t.Any) -> None:
    """requests refuses others in headers."""
    assert {type(value) for value in (to_plain(mark("a-token")), *to_plain([mark("web01")]))} == {str}
