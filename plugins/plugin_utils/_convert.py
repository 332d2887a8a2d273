# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strict conversion of values to the types of options. It is the same on each release of ansible-core, whose own
conversion differs."""

from __future__ import annotations

import datetime
import os
import re
import typing as t
from collections.abc import Callable, Iterator

from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._options.spec import Option

MAX_DIGITS = 20
"""No number among our options needs more; Python refuses to convert strings with more than a few thousand
digits."""

_INTEGER = re.compile(r"([-+]?\d+)(?:\.0*)?")


def to_plain(value: t.Any) -> t.Any:
    """A value without the types by which Ansible keeps track of it. requests refuses them in headers.

    An inline vault value is not a string before ansible-core 2.19, but an object that returns one. From 2.19 on,
    Ansible's lists and dictionaries keep a reference to the templating engine. Before,
    filters such as ``map`` give a lookup an iterator and not a list.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (list, tuple, Iterator)):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: to_plain(item) for name, item in value.items()}
    return value if value is None or isinstance(value, (int, float, datetime.date)) else to_text(value)


def convert(option: Option, value: t.Any) -> t.Any:
    """Convert *value*, which is plain and not empty, to the option's type.

    Raises ``ValueError`` with what it must be, to be read after the option's name.
    """
    if option.type == "list":
        return _list(option, value)
    if option.type == "dict":
        return _dictionary(option, value)
    try:
        converted = _CONVERTERS[option.type](value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"must be {_MUST_BE[option.type]}{_hint(option.type, value)}.") from None
    _require_choice(option, converted)
    return converted


def _require_choice(option: Option, value: t.Any) -> None:
    if option.choices and value not in option.choices:
        raise ValueError(f"must be one of {', '.join(option.choices)}, but is {ascii(str(value)[:80])}.")


def _string(value: t.Any) -> str:
    """Only a string: YAML reads ``00123456`` as the number 42798, which can be another user."""
    if not isinstance(value, str):
        raise TypeError
    return value


def _path(value: t.Any) -> str:
    return os.path.expanduser(os.path.expandvars(_string(value)))


def _time(value: t.Any) -> str:
    return str(value) if isinstance(value, datetime.date) else _string(value)


def _boolean(value: t.Any) -> bool:
    """Refuses a word that is not a boolean, such as a misspelt ``ture``, unlike core's own reading of ansible.cfg."""
    return boolean(value)  # type: ignore[no-any-return]


def _integer(value: t.Any) -> int:
    found = _INTEGER.fullmatch(_digits(value))
    if not found:
        raise ValueError
    return int(found[1])


def _float(value: t.Any) -> float:
    return float(_digits(value))


def _digits(value: t.Any) -> str:
    text = str(value).strip()
    if len(text) > MAX_DIGITS:
        raise ValueError
    return text


_CONVERTERS: dict[str, Callable[[t.Any], t.Any]] = {
    "bool": _boolean,
    "float": _float,
    "int": _integer,
    "path": _path,
    "raw": lambda value: value,
    "str": _string,
    "time": _time,
}
_MUST_BE = {
    "bool": "true or false",
    "float": "a number",
    "int": "an integer",
    "path": "a string",
    "str": "a string",
    "time": "a string",
}
_READ_BY_YAML: dict[str, type | tuple[type, ...]] = {
    "a boolean": bool,
    "a number": (int, float),
    "a date": datetime.date,
}
"""What text without quotes can become."""


def _hint(kind: str, value: t.Any) -> str:
    read = next((word for word, types in _READ_BY_YAML.items() if isinstance(value, types)), None)
    return f", but YAML reads it as {read}: put it in quotes" if read and _MUST_BE[kind] == "a string" else ""


def _list(option: Option, value: t.Any) -> list[t.Any]:
    """One element may stand for a list of it; a string is split at commas."""
    kind = t.cast(str, option.elements)
    items = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else [value]
    try:
        converted = [_CONVERTERS[kind](item) for item in items]
    except (TypeError, ValueError, OverflowError):
        first = next((item for item in items if not isinstance(item, str)), None)
        raise ValueError(
            f"must be {_MUST_BE[kind]} or a list of {_MUST_BE[kind].split()[-1]}s{_hint(kind, first)}."
        ) from None
    for item in converted:
        _require_choice(option, item)
    return converted


def _dictionary(option: Option, value: t.Any) -> dict[str, t.Any]:
    if not isinstance(value, dict):
        raise ValueError("must be a dictionary.")
    return {**dict.fromkeys(option.members), **value}
