# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about an option, and the checks of values that follow from them.

The prose is in the documentation fragments; a test compares the two. For Ansible, an option is ``required`` only if the
task must set it. A required option that is configurable may get its value from a variable, the environment or
ansible.cfg, which core's check of the arguments and ansible-lint do not see. So :func:`problems` reports what is
missing.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

Check = Callable[[t.Any], t.Optional[str]]
"""Describes what is wrong with a value of the right type, as the end of a sentence that begins with the option's name.
Returns ``None`` for a valid value."""

Origins = Mapping[str, str]
"""Where the values of options come from, by the names of the options."""


class Option(t.NamedTuple):
    """All facts about an option. The defaults are the safe case: no variable can set it."""

    type: str = "str"
    """As in Ansible. A ``time`` is a string for Ansible; dates that YAML has parsed are accepted too."""
    default: t.Any = None
    required: bool = False
    """Whether a value must come from somewhere."""
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    elements: str | None = None
    members: tuple[str, ...] = ()
    """Of a dictionary. All of them are strings."""
    secret: bool = False
    configurable: bool = False
    """Whether a variable, an environment variable or, unless it is secret, ansible.cfg may set it."""
    selects: bool = False
    """Whether it selects records. An empty value, which would select more, is refused and not ignored."""
    is_url: bool = False
    """Whether a user may write a password into it, as in ``https://user:password@host``."""
    check: Check | None = None

    def argument(self) -> dict[str, t.Any]:
        """The option in an argument spec of Ansible."""
        facts = {
            "type": "str" if self.type == "time" else self.type,
            "default": self.default,
            "required": self.required and not self.configurable,
            "choices": list(self.choices),
            "aliases": list(self.aliases),
            "elements": self.elements,
            "options": {name: {"type": "str"} for name in self.members},
        }
        given = {name: value for name, value in facts.items() if value not in (None, False, [], {}) or name == "type"}
        # Core warns of a name that sounds like a secret, unless no_log is given.
        return {**given, **({"default": False} if self.default is False else {}), "no_log": self.secret}


Options = Mapping[str, Option]


def argument_spec(options: Options) -> dict[str, dict[str, t.Any]]:
    return {name: option.argument() for name, option in options.items()}


def configurable(options: Options) -> dict[str, Option]:
    """The same options, which variables, the environment and ansible.cfg may set as well.

    Raises ``ValueError`` for an option that selects records: no stray variable may decide what a task works on.
    """
    if any(option.selects for option in options.values()):
        raise ValueError("Only the task may set an option that selects records.")
    return {name: option._replace(configurable=True) for name, option in options.items()}


EMPTY = "must not be empty: remove it, or give a value."
"""For an option that selects records."""

NOT_TEXT = "contains a NUL byte or is not valid UTF-8."

GIVEN = "the task or lookup"
"""The origin of a value that the task's or lookup's own options give."""

_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "str": str,
    "time": str,
    "path": str,
}


def without_empty(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Drop unset options. Surveys and environments give an empty string for a field left empty."""
    return {name: value for name, value in options.items() if value is not None and value != ""}


def drop_overridden(
    options: Mapping[str, t.Any], origins: Origins, exclusive: tuple[tuple[str, str], ...]
) -> dict[str, t.Any]:
    """If two options exclude each other, the one set on the task wins over one from variables or configuration, because
    the latter cannot be unset for a task."""
    overridden = set()
    for pair in exclusive:
        others = [name for name in pair if origins.get(name) != GIVEN]
        if len(others) == 1 and all(options.get(name) for name in pair):
            overridden.update(others)
    return {name: value for name, value in options.items() if name not in overridden}


def problems(values: Mapping[str, t.Any], options: Options, origins: Origins | None = None) -> list[str]:
    """All problems with each value by itself, as sentences.

    The caller has reported values that could not be converted, and passes their text or the default instead. *origins*
    tell users where to find a value.
    """
    found = [f"{name} {EMPTY}" for name, option in options.items() if option.selects and values.get(name) in ("", [])]
    values = without_empty(values)
    found += [
        f"{name} is missing or empty."
        for name, option in options.items()
        if option.required and not str(values.get(name, "")).strip()
    ]
    for name, option in options.items():
        problem = _problem(option, values.get(name))
        if problem:
            found.append(f"{name}{origin_note(name, origins)} {problem}")
    return found


def _problem(option: Option, value: t.Any) -> str | None:
    if isinstance(value, list):
        if option.selects and not all(str(item).strip() for item in value):
            return EMPTY
        element = option._replace(type=option.elements or "raw")
        return next(filter(None, (_problem(element, item) for item in value)), None)
    if isinstance(value, str) and not is_encodable(value):
        return NOT_TEXT
    has_type = isinstance(value, _PYTHON_TYPES.get(option.type, object)) and value is not None
    return option.check(value) if option.check and has_type else None


def is_encodable(value: str) -> bool:
    """False for a string that was not UTF-8 in the environment, and for one with a NUL byte."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def shown(value: str) -> str:
    """A value that is not secret, for a message: short, and without control characters."""
    return ascii(value[:77] + "…" if len(value) > 80 else value)


def origin_note(name: str, origins: Origins | None) -> str:
    """`` from <origin>`` for a value that was not set on the task."""
    return "" if (origins or {}).get(name) == GIVEN else from_origin(name, origins)


def from_origin(name: str, origins: Origins | None) -> str:
    """`` from <origin>`` if the origin is known."""
    origin = (origins or {}).get(name)
    return f" from {origin}" if origin else ""


def between(low: int, high: int) -> Check:
    return lambda value: None if low <= value <= high else f"must be from {low} to {high}, but is {value}."


def check_timeout(value: float) -> str | None:
    return None if 0 < value <= 3600 else f"must be more than 0 and at most 3600 seconds, but is {value}."
