# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the value of an option comes from, on the controller: *argument > variable > environment > ansible.cfg >
default*."""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Callable, Iterator, Mapping

from ansible import constants as C
from ansible import errors
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text

from ..module_utils._api.redaction import HIDDEN
from ..module_utils._errors import OptionsError
from ..module_utils._options.connection import chosen_auth_method
from ..module_utils._options.spec import EMPTY, GIVEN, Option, Options, drop_overridden, origin_note, without_empty
from ..module_utils._resources.operation import Operation
from ._convert import convert, to_plain
from ._facts import Fact, Facts
from ._sources import SECTION, environment_variable, variable
from ._untemplated import UNKNOWN, Untemplated

_OMITTED: t.Any = getattr(errors, "AnsibleValueOmittedError", ())
"""What core raises for a template that comes to ``omit``: nothing before ansible-core 2.19."""

_PLACEHOLDER = (
    "is the placeholder that Ansible puts in place of a hidden value. If you used redo in the debugger, run the "
    "playbook again."
)

Template = Callable[[t.Any], t.Any]


def resolve(
    operation: Operation,
    arguments: Mapping[str, t.Any],
    variables: Mapping[str, t.Any],
    template: Template,
    written: Untemplated = UNKNOWN,
) -> dict[str, t.Any]:
    """The options of *operation*, complete, converted and checked; ``auth_method`` is never ``auto`` any more.

    *written* is what is known of the templates that gave the *arguments* and the environment. Raises
    :class:`OptionsError` with everything that is wrong.
    """
    known = operation.options
    found = _problems_with_facts(known, arguments, variables, written)
    if found:  # such a value is not parsed
        raise OptionsError(found)
    values, origins, found = _collect(known, arguments, variables, template)
    options, wrong = _converted(known, values, origins)
    empty = [name for name, value in arguments.items() if value in (None, "", [])]
    found += wrong + [f"{name} {EMPTY}" for name in empty if name in known and known[name].selects]
    aliases = {alias for option in known.values() for alias in option.aliases}
    unknown = sorted(values.keys() - known.keys() - aliases)
    if unknown:
        found.append(f"Unknown option: {', '.join(unknown)}.")
    options = drop_overridden(options, origins, operation.exclusive)
    found += operation.problems(options, origins)
    if found:
        raise OptionsError(dict.fromkeys(found))  # each problem once
    return {**without_empty(options), "auth_method": chosen_auth_method(options)}


_DECIDES_THE_WAY = ("ALL_PROXY", "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")
"""Environment variables that decide where requests sends its requests, or whom it trusts."""


def _problems_with_facts(
    known: Options, arguments: Mapping[str, t.Any], variables: Mapping[str, t.Any], written: Untemplated
) -> list[str]:
    """Options whose value a managed host supplied. It could have our secrets sent to its own server."""
    facts = Facts(variables, written.variables)
    given = without_empty(arguments)
    found: dict[str, Fact | None] = {"delegate_to": facts.behind_template(written.delegate_to, written.loops)}
    for name, value in arguments.items():
        template = written.arguments.get(name)
        found[name] = facts.behind_value(value) if template is None else facts.behind_template(template, written.loops)
    for name, option in known.items():
        if option.configurable and not {name, *option.aliases} & given.keys():
            found[name] = found.get(name) or facts.behind_variable(variable(name))
    for name, value in written.environment.items():
        if name.startswith("SENHASEGURA_") or name.upper() in _DECIDES_THE_WAY:
            found[f"The environment variable {name}"] = facts.behind_template(value, written.loops)
    return [
        f"{name} must not come from {fact}: a managed host chooses its own facts. If you trust the fact, copy it to a "
        "variable of another name with set_fact, without cacheable."
        for name, fact in found.items()
        if fact
    ]


def _collect(
    known: Options, arguments: Mapping[str, t.Any], variables: Mapping[str, t.Any], template: Template
) -> tuple[dict[str, t.Any], dict[str, str], list[str]]:
    """Return raw values by the names of options, their origins, and problems with reading them."""
    values = {name: to_plain(value) for name, value in without_empty(arguments).items()}
    origins: dict[str, str] = {}
    found: list[str] = []
    for name, option in known.items():
        given = [key for key in (name, *option.aliases) if key in values]
        if len(given) > 1:
            found.append(f"{' and '.join(given)} are the same option: set only one of them.")
        if given:
            values[name] = values.pop(given[0])
            origins[name] = GIVEN
        elif option.configurable:
            try:
                value, origin = _configured(name, option, variables, template)
            except AnsibleError as exc:
                found.append(_unreadable(name, option, exc))
                continue
            if value is not None and value != "":
                values[name], origins[name] = to_plain(value), origin
    return values, origins, found


def _converted(
    known: Options, values: Mapping[str, t.Any], origins: Mapping[str, str]
) -> tuple[dict[str, t.Any], list[str]]:
    """Return converted values with defaults, and the problems. If a value cannot be converted, its
    text or the default takes its place, so that it is not reported as missing too."""
    options: dict[str, t.Any] = {}
    found: list[str] = []
    for name, option in known.items():
        if name not in values:
            options[name] = option.default
            continue
        try:
            if values[name] == HIDDEN:
                raise ValueError(_PLACEHOLDER)
            options[name] = convert(option, values[name])
        except ValueError as exc:
            options[name] = str(values[name]) if option.type in ("str", "path", "time") else option.default
            found.append(f"{name}{origin_note(name, origins)} {exc}")
        if option.type == "dict":
            found += _problems_of_members(name, option, options[name] or {})
    return options, found


def _problems_of_members(name: str, option: Option, value: Mapping[str, t.Any]) -> list[str]:
    unknown = [f"{name}.{key}" for key in value if key not in option.members]
    found = [f"Unknown option: {', '.join(unknown)}."] if unknown else []
    wrong = [key for key in option.members if not isinstance(value.get(key), (str, type(None)))]
    return found + [f"{name}.{key} must be a string." for key in wrong]


def _configured(name: str, option: Option, variables: Mapping[str, t.Any], template: Template) -> tuple[t.Any, str]:
    """The value of one option that no argument gives, and its origin.

    Variables are templated here. Core would convert the template of ``senhasegura_port: "{{ a_port }}"`` to an integer,
    and fail.
    A value that is marked unsafe stays as it is. ``omit`` and empty strings are ignored.
    """
    value = variables.get(variable(name))
    if value is not None:
        try:
            value = template(value)
        except _OMITTED:
            value = None
    if value is not None and value != "" and value != variables.get("omit"):
        return value, f"the variable {variable(name)}"
    value = os.environ.get(environment_variable(name))
    if value:
        return value, f"the environment variable {environment_variable(name)}"
    if option.secret or not C.CONFIG_FILE:  # type: ignore[attr-defined]  # core makes its constants when it starts
        return None, ""
    value, origin = C.config.get_config_value_and_origin(
        name, plugin_type="lookup", plugin_name=_definition(name, option)
    )
    return value, str(origin)


def _definition(name: str, option: Option) -> str:
    """The name under which core knows how to read the option from ansible.cfg, without converting its value.

    Core converts any string to a boolean: a misspelt ``ture`` becomes false. Only its conversion of paths is wanted:
    they are relative to ansible.cfg.
    """
    plugin = f"pamops.senhasegura option {name}"
    if not C.config.get_configuration_definitions("lookup", plugin):
        kind = {"type": "path"} if option.type == "path" else {}
        definition = {name: {"ini": [{"section": SECTION, "key": name}], **kind}}
        C.config.initialize_plugin_configuration_definitions("lookup", plugin, definition)
    return plugin


def _unreadable(name: str, option: Option, exc: AnsibleError) -> str:
    """Core's error quotes the template, which may be a password that contains braces."""
    if option.secret or option.is_url:
        return (
            f"{name} cannot be read: Ansible treats the value as a template and cannot render it. The value is not "
            "shown, because it may be the secret itself. Check that its variables are defined. Mark a secret that "
            "contains {{, {% or {# as !unsafe."
        )
    return f"{name} cannot be read: {to_text(exc).strip().rstrip('.')}."


@contextlib.contextmanager
def environment(more: Mapping[str, t.Any]) -> Iterator[None]:
    """Set environment variables of the process temporarily; ``None`` unsets one.

    So the task keyword ``environment`` applies to our options and to requests. Each task has its own process, so no
    other task is affected.
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
