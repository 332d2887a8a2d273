# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever values the options have, and wherever they come from: they are rejected and no session is requested, or they
are sent unchanged."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest import mock

import pytest
from ansible import template
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.utils.unsafe_proxy import wrap_var
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import OptionsError
from ansible_collections.pamops.senhasegura.plugins.module_utils._options.connection import CONNECTION, SECRETS
from ansible_collections.pamops.senhasegura.plugins.module_utils._options.spec import argument_spec
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import (
    OPERATION,
    REMOTE_SESSION,
)
from tests.messages import NOTHING_SENT
from tests.unit.plugins.properties.conftest import Network, RunAction, RunLookup
from tests.unit.plugins.properties.strategies import (
    ANY_TEXT,
    CANARY,
    MODULE_OPTIONS,
    NAME_TEXT,
    NO_TEXTS,
    ON_THE_WIRE,
    OPTION_NAMES,
    OPTIONS,
    SCALARS,
    TEMPLATES,
    VALID_TEXT,
    VALUES,
    fewer,
    options_of,
)
from tests.unit.plugins.support import DIRECT, OAUTH1, SESSION, SESSION_URL, URL, WITH_LOGIN, RunModule

trust_as_template: Callable[[str], str] = getattr(template, "trust_as_template", str)

WITH_OAUTH1: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **OAUTH1, **SESSION}
COMPLETE = st.sampled_from([DIRECT, WITH_LOGIN, WITH_OAUTH1])


def payload(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The expected payload for options of the right types: all non-empty ones, with the names of the API."""
    return {field: options[name] for name, field in ON_THE_WIRE.items() if options.get(name) not in (None, "")}


def check_message(text: str) -> None:
    """The text is one line, without control characters and without a secret."""
    assert text.isprintable(), text
    assert len(text) < 20_000
    assert CANARY not in text


# The module


@given(complete=COMPLETE, options=MODULE_OPTIONS, check=st.booleans())
@example(complete=DIRECT, options={"url": "https://[::1"}, check=False)
@example(complete=DIRECT, options={"timeout": float("nan")}, check=False)
@example(complete=DIRECT, options={"port": 10**200}, check=False)
def test_module(
    network: Network, run_module: RunModule, complete: dict[str, t.Any], options: dict[str, t.Any], check: bool
) -> None:
    network.begin()
    result = run_module({**complete, **options}, check)
    event("refused" if result.get("failed") else "accepted")
    if result.get("failed"):
        if result["msg"].startswith(NOTHING_SENT):
            check_message(result["msg"])
        assert CANARY not in result["msg"]
        assert network.sessions == []
        return
    validated = ArgumentSpecValidator(argument_spec(OPERATION.options)).validate({**complete, **options})
    assert validated.error_messages == []
    assert OPERATION.problems(validated.validated_parameters) == []
    if check:
        assert network.sessions == []
    else:
        assert [json.loads(request.body) for request in network.sessions] == [payload(validated.validated_parameters)]


@given(options=options_of(st.sampled_from(OPTION_NAMES), SCALARS, 6))
def test_any_value_is_validated(options: dict[str, t.Any]) -> None:
    """If core's own check accepts a value, our check can still report it."""
    problems = OPERATION.problems({**DIRECT, "retries": 2, "timeout": 30.0, **options})
    check_message(str(OptionsError(problems)))
    assert all(problem.endswith(".") for problem in problems)


@given(
    options=st.fixed_dictionaries(
        {name: NAME_TEXT for name in ("user", "device", "protocol", "credential")},
        optional={
            "remote_device": VALID_TEXT.filter(lambda text: "\0" not in text),
            "remote_addr": st.ip_addresses().map(str),
            "port": st.integers(1, 65535) | st.integers(1, 65535).map(str),
            "remote_app": st.integers(1, 2**31 - 1) | st.integers(1, 2**31 - 1).map(str),
            "screen_size": st.from_regex(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", fullmatch=True),
        },
    )
)
def test_valid_values_are_sent_unchanged(network: Network, run_module: RunModule, options: dict[str, t.Any]) -> None:
    network.begin()
    assert run_module({**DIRECT, **options})["changed"] is True
    numbers: dict[str, t.Any] = {name: int(options[name]) for name in ("port", "remote_app") if name in options}
    assert [json.loads(request.body) for request in network.sessions] == [payload({**options, **numbers})]


# The action, with options from all sources


def _is_for_the_environment(value: str) -> bool:
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


MARKS: dict[str, Callable[[t.Any], t.Any]] = {
    "plain": lambda value: value,
    "unsafe": wrap_var,
    "template": lambda value: trust_as_template(value) if isinstance(value, str) else value,
}
NAMES = [name for name in {**CONNECTION, **REMOTE_SESSION} if name != "device"]
ENVIRONMENTS = options_of(st.sampled_from(NAMES), ANY_TEXT).map(
    lambda options: {
        name: value for name, value in options.items() if isinstance(value, str) and _is_for_the_environment(value)
    }
)


@st.composite
def variables_of(draw: st.DrawFn) -> dict[str, t.Any]:
    """Variables that set options. Each is a template, unsafe, or neither."""
    options = draw(options_of(st.sampled_from(NAMES), VALUES | TEMPLATES))
    marks = {name: draw(st.sampled_from(sorted(MARKS))) for name in options}
    return {"a_variable": "a value"} | {
        f"senhasegura_{name}": MARKS[marks[name]](value) for name, value in options.items()
    }


@given(
    complete=COMPLETE,
    left_out=st.sets(st.sampled_from(NAMES), max_size=4),
    arguments=OPTIONS,
    variables=variables_of(),
    environment=ENVIRONMENTS,
)
def test_action(
    network: Network,
    run_action: RunAction,
    complete: dict[str, t.Any],
    left_out: set[str],
    arguments: dict[str, t.Any],
    variables: dict[str, t.Any],
    environment: dict[str, str],
) -> None:
    network.begin()
    arguments = {name: value for name, value in {**complete, **arguments}.items() if name not in left_out}
    with mock.patch.dict(os.environ, {f"SENHASEGURA_{name.upper()}": value for name, value in environment.items()}):
        result = run_action(arguments, variables)
    event("refused" if result.get("failed") else "accepted")
    if result.get("failed"):
        check_message(result["msg"])
        assert network.sessions == []
        assert result["session_may_exist"] is False
    else:
        assert result["changed"] is True
        assert result["session_url"] == SESSION_URL
        assert len(network.sessions) == 1


@given(name=st.sampled_from(["user", "protocol", "credential", "remote_device", "client_id", "tenant"]), value=ANY_TEXT)
def test_unsafe_variable_is_sent_unchanged(network: Network, run_action: RunAction, name: str, value: str) -> None:
    assume(value.strip() and "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value))
    network.begin()
    arguments = {option: given for option, given in WITH_LOGIN.items() if option != name}
    result = run_action(arguments, {f"senhasegura_{name}": wrap_var(value)})
    assert result["changed"] is True
    if name in ON_THE_WIRE:
        assert json.loads(network.sessions[0].body)[ON_THE_WIRE[name]] == value


@fewer(10)
@given(keys=options_of(st.sampled_from(NAMES), ANY_TEXT))
def test_configuration_file(
    network: Network, run_action: RunAction, ansible_cfg: Callable[..., Path], keys: dict[str, str]
) -> None:
    """Core itself cannot parse some files, and then does not run our code."""
    network.begin()
    keys = {name: str(value) for name, value in keys.items()}
    assume(all(char not in value for value in keys.values() for char in "\n\r\0\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))
    assume(not any("\ud800" <= char <= "\udfff" for value in keys.values() for char in value))
    ansible_cfg(**keys)
    result = run_action({name: value for name, value in DIRECT.items() if name not in keys or name in SECRETS}, {})
    if result.get("failed"):
        check_message(result["msg"])
        assert network.sessions == []
    else:
        assert len(network.sessions) == 1


# The lookup


@given(
    terms=st.lists(VALID_TEXT, min_size=1, max_size=3) | st.lists(VALUES, max_size=3),
    left_out=st.sets(st.sampled_from(NAMES), max_size=2),
    options=OPTIONS,
    variables=variables_of(),
)
def test_lookup(
    network: Network,
    run_lookup: RunLookup,
    terms: list[t.Any],
    left_out: set[str],
    options: dict[str, t.Any],
    variables: dict[str, t.Any],
) -> None:
    network.begin()
    given_options = {
        name: value
        for name, value in {**DIRECT, **options}.items()
        if name not in left_out and (name != "device" or name in options)
    }
    assume(not {"terms", "variables"} & set(given_options))
    try:
        found = run_lookup(terms, variables, **given_options)
    except AnsibleError as exc:
        event("refused")
        check_message(exc.message)
        assert network.sessions == []
    else:
        event("accepted")
        assert len(found) == len(network.sessions) > 0


@given(devices=st.lists(NAME_TEXT, min_size=1, max_size=3))
def test_terms_are_sent_unchanged(network: Network, run_lookup: RunLookup, devices: list[str]) -> None:
    network.begin()
    run_lookup(list(devices), {}, **{name: value for name, value in DIRECT.items() if name != "device"})
    assert [json.loads(request.body)["device"] for request in network.sessions] == devices


@given(value=NO_TEXTS)
def test_device_must_be_a_string(network: Network, run_lookup: RunLookup, value: t.Any) -> None:
    network.begin()
    with pytest.raises(AnsibleError):
        run_lookup([value], {}, **{name: given for name, given in DIRECT.items() if name != "device"})
    assert network.requests == []
