# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where options come from: argument, variable, environment, ansible.cfg or default. A task and a lookup behave the
same."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible import errors, template
from ansible.parsing import vault
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import OptionsError
from ansible_collections.pamops.senhasegura.plugins.module_utils._options.connection import CONNECTION
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import (
    OPERATION,
    REMOTE_SESSION,
)
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._resolve import environment, resolve
from tests.messages import (
    MUST_BE_HTTPS,
    MUST_BE_SCREEN_SIZE,
    MUST_BE_SECONDS,
    NO_CLIENT_SECRET,
    NOTHING_SENT,
    SEVERAL_METHODS,
)
from tests.unit.plugins.support import BEARER, DIRECT, OAUTH1, OAUTH2, SESSION, URL

# Before ansible-core 2.19, every string is a template unless it is marked.
trust_as_template: Callable[[str], str] = getattr(template, "trust_as_template", str)

ALL_OPTIONS = {**CONNECTION, **{name: option for name, option in REMOTE_SESSION.items() if name != "device"}}
SECRETS = {"client_secret", "consumer_secret", "token_key", "token_secret", "access_token"}

Resolve = Callable[..., dict[str, t.Any]]


@pytest.fixture
def resolved() -> Resolve:
    def run(arguments: dict[str, t.Any], variables: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        templar = Templar(loader=DataLoader(), variables=variables or {})
        return resolve(OPERATION, arguments, variables or {}, templar.template)

    return run


# A string for each source, and its converted value. The default is set in the table of options.
VALUES: dict[str, list[tuple[t.Any, t.Any]]] = {
    "str": [("one", "one"), ("two", "two"), ("three", "three"), ("four", "four")],
    "path": [("/one", "/one"), ("/two", "/two"), ("/three", "/three"), ("/four", "/four")],
    "int": [("1", 1), ("2", 2), ("3", 3), ("4", 4)],
    "float": [("1.5", 1.5), ("2", 2.0), ("3.25", 3.25), ("4", 4.0)],
    "bool": [("no", False), ("yes", True), ("false", False), ("true", True)],
}
SPECIAL: dict[str, list[tuple[t.Any, t.Any]]] = {
    "url": [(f"https://{number}.example", f"https://{number}.example") for number in range(4)],
    "proxy": [(f"http://{number}.example", f"http://{number}.example") for number in range(4)],
    "api_prefix": [("iso", "iso"), ("api", "api"), ("auto", "auto"), ("iso", "iso")],
    "auth_method": [("oauth2", "oauth2"), ("oauth1", "oauth1"), ("access_token", "access_token"), ("oauth2", "oauth2")],
    "remote_addr": [(f"192.0.2.{number}", f"192.0.2.{number}") for number in range(4)],
    "screen_size": [(f"{number}x{number}", f"{number}x{number}") for number in range(1, 5)],
    "auto_select_credential": [("no", False)] * 4,
}


@pytest.mark.parametrize("name", ALL_OPTIONS)
def test_precedence(
    resolved: Resolve, ansible_cfg: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    argument, variable, variable_of_environment, key = SPECIAL.get(name) or VALUES[ALL_OPTIONS[name].type]
    mandatory = {**DIRECT, **OAUTH1, **OAUTH2, "auth_method": "access_token"}
    if name == "client_key":
        mandatory["client_cert"] = "/cert.pem"
    mandatory.pop(name, None)

    if name not in SECRETS:
        ansible_cfg(**{name: key[0]})
        if name not in ("auth_method",):
            assert resolved(mandatory)[name] == key[1]
    monkeypatch.setenv(f"SENHASEGURA_{name.upper()}", variable_of_environment[0])
    assert resolved(mandatory)[name] == variable_of_environment[1]
    variables = {f"senhasegura_{name}": variable[0]}
    assert resolved(mandatory, variables)[name] == variable[1]
    assert resolved({**mandatory, name: argument[0]}, variables)[name] == argument[1]


def test_defaults(resolved: Resolve) -> None:
    assert resolved({"url": URL, **BEARER, **SESSION}) == {
        "url": URL,
        **BEARER,
        **SESSION,
        "api_prefix": "auto",
        "auth_method": "access_token",
        "validate_certs": True,
        "timeout": 30.0,
        "retries": 2,
        "token_cache": True,
        "auto_select_credential": False,
    }


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_no_secret_comes_from_a_file(resolved: Resolve, ansible_cfg: Callable[..., Path], name: str) -> None:
    ansible_cfg(**{name: "from-a-file"})
    assert name not in resolved({**DIRECT, "access_token": "given"}) or name == "access_token"
    with pytest.raises(OptionsError, match="No API credentials given|are incomplete"):
        resolved({"url": URL, **SESSION})


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("url", "system_url"),
        ("remote_device", "remotedevice"),
        ("remote_addr", "remoteAddr"),
        ("remote_app", "remoteapp"),
        ("screen_size", "screensize"),
    ],
)
def test_alias_overrides_variable(resolved: Resolve, name: str, alias: str) -> None:
    first, second = (SPECIAL.get(name) or VALUES[ALL_OPTIONS[name].type])[:2]
    options = {option: value for option, value in DIRECT.items() if option != name}
    found = resolved({**options, alias: first[0]}, {f"senhasegura_{name}": second[0]})
    assert found[name] == first[1]
    assert alias not in found


# Variables


@pytest.mark.parametrize(
    ("name", "text", "more", "value"),
    [
        ("user", "{{ a_user }}", {"a_user": "maria"}, "maria"),
        ("port", "{{ a_port }}", {"a_port": "2222"}, 2222),
        ("port", "{{ a_port + 1 }}", {"a_port": 2222}, 2223),
        ("timeout", "{{ a_time }}", {"a_time": 1.5}, 1.5),
        ("validate_certs", "{{ not a_flag }}", {"a_flag": True}, False),
        ("tenant", "{{ omitted | default('') }}", {}, None),
        ("port", "{{ omitted | default('') }}", {}, None),
        ("tenant", "{{ omitted | default(none) }}", {}, None),
        ("tenant", "{{ inner }}", {"inner": "{{ innermost }}", "innermost": "acme"}, "acme"),
    ],
)
def test_variables_are_templates(resolved: Resolve, name: str, text: str, more: dict[str, t.Any], value: t.Any) -> None:
    options = {option: value for option, value in DIRECT.items() if option != name}
    trusted = {key: trust_as_template(one) if isinstance(one, str) else one for key, one in more.items()}
    found = resolved(options, {f"senhasegura_{name}": trust_as_template(text), **trusted})
    assert found.get(name) == value


def test_unsafe_variable_is_not_templated(resolved: Resolve) -> None:
    variables = {"senhasegura_user": wrap_var("{{ 7 * 7 }}"), "senhasegura_tenant": wrap_var("a{% b %}{#")}
    found = resolved({**DIRECT, "user": ""}, variables)
    assert (found["user"], found["tenant"]) == ("{{ 7 * 7 }}", "a{% b %}{#")


def test_vault_encrypted_value(resolved: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets: t.Any = [("default", vault.VaultSecret(b"a password"))]
    if hasattr(vault, "VaultSecretsContext"):  # from ansible-core 2.19 on
        monkeypatch.setattr(vault.VaultSecretsContext, "_current", vault.VaultSecretsContext(secrets))
    encrypted = vault.VaultLib(secrets).encrypt("a-token-0123456789").decode()
    loader = DataLoader()
    loader.set_vault_secrets(secrets)
    value = loader.load("value: !vault |\n" + "".join(f"  {line}\n" for line in encrypted.splitlines()))["value"]
    for found in (
        resolved({**DIRECT, "access_token": value}),
        resolved({**DIRECT, "access_token": None}, {"senhasegura_access_token": value}),
    ):
        assert found["access_token"] == "a-token-0123456789"
        assert isinstance(found["access_token"], str)


@pytest.mark.parametrize("name", ["tenant", "port", "client_secret"])
def test_omitted_variable(resolved: Resolve, name: str) -> None:
    # Up to ansible-core 2.18, omit is a variable like any other.
    omit = {} if hasattr(errors, "AnsibleValueOmittedError") else {"omit": "__omit_place_holder__0123456789abcdef"}
    text = trust_as_template("{{ nobody_knows_this | default(omit) }}")
    assert name not in resolved(DIRECT, {f"senhasegura_{name}": text, **omit})


@pytest.mark.parametrize(
    ("arguments", "variables", "credential", "automatic"),
    [
        ({"credential": None, "auto_select_credential": "yes"}, {"credential": "root"}, None, True),
        ({"credential": "root"}, {"auto_select_credential": "yes"}, "root", False),
        ({"credential": "root", "auto_select_credential": False}, {"auto_select_credential": "yes"}, "root", False),
        ({"credential": None, "auto_select_credential": False}, {"credential": "root"}, "root", False),
    ],
)
def test_argument_overrides_an_exclusive_option(
    resolved: Resolve, arguments: dict[str, t.Any], variables: dict[str, t.Any], credential: t.Any, automatic: bool
) -> None:
    named = {f"senhasegura_{name}": value for name, value in variables.items()}
    found = resolved({**DIRECT, **arguments}, named)
    assert (found.get("credential"), found.get("auto_select_credential", False)) == (credential, automatic)


def test_failed_template_is_one_of_the_problems(resolved: Resolve) -> None:
    options = {**DIRECT, "user": None, "port": 0}
    with pytest.raises(OptionsError) as error:
        resolved(options, {"senhasegura_user": trust_as_template("{{ nobody_knows_this }}")})
    assert str(error.value).startswith(f"{NOTHING_SENT}user cannot be read: ")
    assert "'nobody_knows_this' is undefined" in str(error.value)
    assert str(error.value).endswith("user is missing or empty. port must be from 1 to 65535, but is 0.")


@pytest.mark.parametrize("name", [*sorted(SECRETS), "proxy"])
@pytest.mark.parametrize("value", ["hush{{ hush", "hush{% hush", "hush{# hush", "hush{{ hush }}", "{{ hush.hush }}"])
def test_secret_with_template_syntax_is_not_shown(resolved: Resolve, name: str, value: str) -> None:
    with pytest.raises(OptionsError) as error:
        resolved({**DIRECT, name: None}, {f"senhasegura_{name}": trust_as_template(value)})
    assert str(error.value).startswith(
        f"{NOTHING_SENT}{name} cannot be read: Ansible treats the value as a template and cannot render it. The value "
        "is not shown, because it may be the secret itself. Check that its variables are defined. Mark a secret that "
        "contains {{, {% or {# as !unsafe."
    )
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("nothing", [None, ""])
def test_empty_value_falls_back_to_the_next_source(
    resolved: Resolve, ansible_cfg: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, nothing: t.Any
) -> None:
    ansible_cfg(user="from-the-file")
    assert resolved({**DIRECT, "user": nothing}, {"senhasegura_user": nothing})["user"] == "from-the-file"
    monkeypatch.setenv("SENHASEGURA_USER", "from-the-environment")
    assert resolved({**DIRECT, "user": nothing}, {"senhasegura_user": nothing})["user"] == "from-the-environment"
    assert resolved({**DIRECT, "user": nothing}, {"senhasegura_user": "from-a-variable"})["user"] == "from-a-variable"


@pytest.mark.parametrize("name", [name for name in ALL_OPTIONS if name not in SECRETS])
def test_empty_environment_variable_is_ignored(
    resolved: Resolve, ansible_cfg: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Core would convert an empty string to false, and reject it as a choice."""
    mandatory = {**DIRECT, **OAUTH1, **OAUTH2, "auth_method": "access_token"}
    before = resolved(mandatory)
    value, converted = (SPECIAL.get(name) or VALUES[ALL_OPTIONS[name].type])[0]
    monkeypatch.setenv(f"SENHASEGURA_{name.upper()}", "")
    assert resolved(mandatory) == before
    assert os.environ[f"SENHASEGURA_{name.upper()}"] == ""
    if name not in ("client_key", "auth_method"):
        mandatory.pop(name, None)
        ansible_cfg(**{name: value})
        assert resolved(mandatory)[name] == converted


# The environment


def test_environment_of_a_task(resolved: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENHASEGURA_TENANT", "of the process")
    before = dict(os.environ)
    with environment({"SENHASEGURA_TENANT": "of the task", "SENHASEGURA_PORT": 2222}):
        found = resolved(DIRECT)
        assert (found["tenant"], found["port"]) == ("of the task", 2222)
    assert dict(os.environ) == before
    assert resolved(DIRECT)["tenant"] == "of the process"


def test_environment_is_restored_after_a_failure() -> None:
    before = dict(os.environ)
    with pytest.raises(KeyError), environment({"SENHASEGURA_TENANT": "acme"}):
        raise KeyError
    assert dict(os.environ) == before


# Messages


@pytest.mark.parametrize(
    ("arguments", "variables", "in_environment", "text"),
    [
        (
            {"access_token": None, "client_id": "id"},
            {"senhasegura_client_secret": "secret"},
            {"ACCESS_TOKEN": "token"},
            f"{SEVERAL_METHODS}oauth2 with client_id from the task or lookup, client_secret from the variable "
            "senhasegura_client_secret; access_token with access_token from the environment variable "
            "SENHASEGURA_ACCESS_TOKEN. Set auth_method to one of them.",
        ),
        (
            {"access_token": None},
            {"senhasegura_client_id": "id"},
            {},
            NO_CLIENT_SECRET,
        ),
        ({}, {"senhasegura_port": 0}, {}, "port from the variable senhasegura_port must be from 1 to 65535, but is 0."),
        (
            {},
            {},
            {"TIMEOUT": "nan"},
            f"timeout from the environment variable SENHASEGURA_TIMEOUT {MUST_BE_SECONDS}nan.",
        ),
        (
            {"url": None},
            {},
            {"URL": "http://vault.example"},
            f"url from the environment variable SENHASEGURA_URL {MUST_BE_HTTPS}",
        ),
        (
            {"credential": None},
            {"senhasegura_credential": "root"},
            {"AUTO_SELECT_CREDENTIAL": "true"},
            "credential from the variable senhasegura_credential and auto_select_credential from the environment "
            "variable SENHASEGURA_AUTO_SELECT_CREDENTIAL exclude each other. Set only one of them.",
        ),
        ({"port": "many"}, {}, {}, "port must be an integer."),
        ({"retries": "2.5"}, {}, {}, "retries must be an integer."),
        ({"port": "Infinity"}, {}, {}, "port must be an integer."),
        ({"port": float("-inf")}, {}, {}, "port must be an integer."),
        ({"port": "1e999999999"}, {}, {}, "port must be an integer."),
        ({"timeout": "long"}, {}, {}, "timeout must be a number."),
        ({"validate_certs": "maybe"}, {}, {}, "validate_certs must be true or false."),
        (
            {},
            {"senhasegura_validate_certs": "maybe"},
            {},
            "validate_certs from the variable senhasegura_validate_certs must be true or false.",
        ),
        ({"api_prefix": "v2"}, {}, {}, "api_prefix must be one of auto, iso, api, but is 'v2'."),
        ({"api_prefix": "api\nv2"}, {}, {}, "api_prefix must be one of auto, iso, api, but is 'api\\nv2'."),
        ({"hostname": "a", "ports": 1}, {}, {}, "Unknown option: hostname, ports."),
        (
            {"port": "many", "user": "", "color": 1, "url": ""},
            {"senhasegura_screen_size": "x"},
            {},
            "port must be an integer. Unknown option: color. url is missing or empty. "
            "user is missing or empty. screen_size from the variable senhasegura_screen_size "
            f"{MUST_BE_SCREEN_SIZE}'x'.",
        ),
    ],
)
def test_problems(
    resolved: Resolve,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, t.Any],
    variables: dict[str, t.Any],
    in_environment: dict[str, str],
    text: str,
) -> None:
    for name, value in in_environment.items():
        monkeypatch.setenv(f"SENHASEGURA_{name}", value)
    with pytest.raises(OptionsError) as error:
        resolved({**DIRECT, **arguments}, variables)
    assert str(error.value) == NOTHING_SENT + text


def test_origin_of_a_file_is_its_path(resolved: Resolve, ansible_cfg: Callable[..., Path]) -> None:
    path = ansible_cfg(url="http://vault.example")
    with pytest.raises(OptionsError) as error:
        resolved({**DIRECT, "url": None})
    assert str(error.value) == f"{NOTHING_SENT}url from {path} {MUST_BE_HTTPS}"
