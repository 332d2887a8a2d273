# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the value of an option comes from, on the controller: *argument > variable > environment > ansible.cfg >
default*.

The sources are those that the lookup plugin documents, for its action plugin too: modules have no such documentation.
"""

from __future__ import annotations

import contextlib
import os
import re
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping

from ansible import constants as C
from ansible import errors
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.errors import RequiredError, UnsupportedError

from ..module_utils._errors import OptionsError
from ..module_utils._options import (
    DIRECTLY,
    EMPTY,
    chosen_auth_method,
    elsewhere,
    may_hold_secret,
    without_empty,
    without_overruled,
)

_OMITTED: t.Any = getattr(errors, "AnsibleValueOmittedError", ())
"""What core raises for a template that comes to ``omit``: nothing before ansible-core 2.19."""

MAX_DIGITS = 20
"""No number among our options needs more; Python refuses to convert some thousands."""

_WHOLE_NUMBER = re.compile(r"\s*[-+]?\d+(\.0*)?\s*")
"""Not as core has it from 2.18 on: it fails at ``inf``, and would write out ``1e999999999``."""

Template = Callable[[t.Any], t.Any]
Problems = Callable[[Mapping[str, t.Any], Mapping[str, str]], list[str]]


def resolve(
    lookup_name: str,
    spec: Mapping[str, t.Any],
    problems: Problems,
    arguments: Mapping[str, t.Any],
    variables: Mapping[str, t.Any],
    template: Template,
    filters: Collection[str] = (),
) -> dict[str, t.Any]:
    """The options of *spec*, complete, converted and checked; ``auth_method`` is never ``auto`` any more.

    *filters* are those that must not be empty where they are given. Raises :class:`OptionsError` with everything that
    is wrong.
    """
    values, origins, found = _collect(lookup_name, spec["argument_spec"], arguments, variables, template)
    empty = [name for name, value in arguments.items() if value in (None, "", []) or values.get(name) == []]
    found += [f"{name} {EMPTY}" for name in empty if name in filters]
    validation = ArgumentSpecValidator(**spec).validate(values)
    found += [
        _spec_problem(error, spec["argument_spec"], origins)
        for error in validation.errors.errors
        if not isinstance(error, RequiredError)  # said by problems(), with all else that is missing
    ]
    options = {name: validation.validated_parameters.get(name) for name in spec["argument_spec"]}
    options = without_overruled(options, origins)
    found += problems(options, origins)
    if found:
        raise OptionsError(found)
    return {**without_empty(options), "auth_method": chosen_auth_method(options)}


def _collect(
    lookup_name: str,
    spec: Mapping[str, t.Any],
    arguments: Mapping[str, t.Any],
    variables: Mapping[str, t.Any],
    template: Template,
) -> tuple[dict[str, t.Any], dict[str, str], list[str]]:
    """Values as they are given but without aliases, where they come from, and what could not even be read."""
    definitions = C.config.get_configuration_definitions("lookup", untyped_definitions(lookup_name))
    values = {name: _native(value) for name, value in without_empty(arguments).items()}
    origins: dict[str, str] = {}
    found: list[str] = []
    for name, option in spec.items():
        given = [key for key in (name, *option.get("aliases", ())) if key in values]
        if len(given) > 1:
            found.append(f"{' and '.join(given)} are the same option: give one of them.")
        if given:
            values[name] = values.pop(given[0])
            origins[name] = DIRECTLY
        elif name in definitions:
            try:
                value, origin = _configured(definitions[name], lookup_name, name, variables, template)
            except AnsibleError as exc:
                found.append(_unreadable(name, exc))
                continue
            if value is not None and value != "":
                values[name], origins[name] = _native(value), origin
        if name in values and not _may_be(option["type"], values[name], option.get("elements")):
            found.append(_wrong_type(name, spec, origins))
            if option["type"] in ("int", "float", "list", "dict"):
                del values[name]
    return values, origins, found


def untyped_definitions(lookup_name: str) -> str:
    """The name of definitions like the lookup's, by which core finds values without converting them.

    Core takes any text for a boolean, ``ture`` for false. And it stops at the first value that it cannot convert.
    """
    name = f"{lookup_name} as given"
    if not C.config.get_configuration_definitions("lookup", name):
        left_out = ("type", "choices", "default", "required", "elements")
        definitions = {
            # Core makes a path in ansible.cfg relative to that file.
            option: {
                key: value
                for key, value in definition.items()
                if key not in left_out or (key, value) == ("type", "path")
            }
            for option, definition in C.config.get_configuration_definitions("lookup", lookup_name).items()
        }
        C.config.initialize_plugin_configuration_definitions("lookup", name, definitions)
    return name


def _may_be(kind: str, value: t.Any, elements: str | None = None) -> bool:
    """Before core's check of the arguments sees it, which makes texts of lists and dictionaries, takes true for 1, and
    stumbles over too many digits."""
    if elements is not None and not isinstance(value, (bool, dict)):
        items = value if isinstance(value, list) else str(value).split(",")  # as core does it
        return all(item is not None and _may_be(elements, item) for item in items)
    if kind in ("int", "float"):
        if isinstance(value, (bool, list, dict)) or len(str(value)) > MAX_DIGITS:
            return False
        return kind == "float" or _WHOLE_NUMBER.fullmatch(str(value)) is not None
    return kind == "bool" or isinstance(value, dict) == (kind == "dict") and not isinstance(value, (bool, list))


def _native(value: t.Any) -> t.Any:
    """A value inline in a vault is no text before ansible-core 2.19, but an object that gives one.

    Lists and dictionaries from 2.19 on know the whole of Ansible's templating, which core's check of arguments would
    copy; before, what ``map`` and the like give to a lookup is no list yet.
    """
    if isinstance(value, (list, tuple, Iterator)):
        return [_native(item) for item in value]
    if isinstance(value, dict):
        return {name: _native(item) for name, item in value.items()}
    return value if value is None or isinstance(value, (str, int, float)) else to_text(value)


def _configured(
    definition: Mapping[str, t.Any], lookup_name: str, option: str, variables: Mapping[str, t.Any], template: Template
) -> tuple[t.Any, str]:
    """The value of one option that no argument gives.

    Variables are templated here and not by core, which converts some before that: ``senhasegura_port: "{{ a_port }}"``.
    A value that is marked unsafe stays as it is. What comes to ``omit`` is as good as not there.
    """
    for source in definition.get("vars", ()):
        value = variables.get(source["name"])
        if value is not None:
            try:
                value = template(value)
            except _OMITTED:
                value = None
        if value is not None and value != "" and value != variables.get("omit"):
            return value, f"the variable {source['name']}"
    names = [source["name"] for source in definition.get("env", ())]
    with environment({name: None for name in names if os.environ.get(name) == ""}):  # for core that is a value
        value, origin = C.config.get_config_value_and_origin(
            option, plugin_type="lookup", plugin_name=untyped_definitions(lookup_name)
        )
    origin = str(origin)
    return value, f"the environment variable {origin[5:]}" if origin.startswith("env: ") else origin


def _unreadable(name: str, exc: AnsibleError) -> str:
    """What core says of a template that fails quotes it, and a password may have braces that make it look like one."""
    if may_hold_secret(name):
        return (
            f"{name} cannot be read, since Ansible takes it for a template and cannot fill it in. It is not shown "
            "here: it may be the secret itself. Check that the variables in it are defined; a secret that has "
            "{{, {% or {# in it must be marked !unsafe."
        )
    return f"{name} cannot be read: {_sentence(exc)}"


_MUST_BE = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list of int": "a whole number, or a list of some",
    "list of str": "a text, or a list of some",
    "dict": "a dictionary",
}


def _spec_problem(error: Exception, spec: Mapping[str, t.Any], origins: Mapping[str, str]) -> str:
    """What core's check of the arguments says, for people: it speaks of classes, and lists all options there are."""
    text = _sentence(error)
    wrong_type = re.match(r"(?:argument|Elements value for option) '(\w+)' is of type", text)
    if wrong_type:
        return _wrong_type(wrong_type[1], spec, origins)
    wrong_choice = re.match(r"value of (\w+) must be one of: (.*), got: (.*)\.$", text, re.DOTALL)
    if wrong_choice:
        name, choices, value = wrong_choice.groups()
        return f"{name}{elsewhere(name, origins)} must be one of {choices}, and is {ascii(value[:80])}."
    # Other errors are not known to happen, and then core's own words are better than none.
    return f"There is no option {text.split('. Supported', 1)[0]}." if isinstance(error, UnsupportedError) else text


def _wrong_type(name: str, spec: Mapping[str, t.Any], origins: Mapping[str, str]) -> str:
    kind = " of ".join(spec[name][key] for key in ("type", "elements") if key in spec[name])
    return f"{name}{elsewhere(name, origins)} must be {_MUST_BE.get(kind, 'a text')}."


def _sentence(exc: Exception) -> str:
    text: str = to_text(exc)
    return text.strip().rstrip(".") + "."


@contextlib.contextmanager
def environment(more: Mapping[str, t.Any]) -> Iterator[None]:
    """The process's environment with *more* for a while, or without a variable that is ``None`` there.

    With the task keyword ``environment`` it holds for our options and for requests alike. A task has a process of its
    own, so nobody else sees it.
    """
    before = {name: os.environ.get(name) for name in more}
    _change_environment(more)
    try:
        yield
    finally:
        _change_environment(before)


def _change_environment(values: Mapping[str, t.Any]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = to_text(value)
