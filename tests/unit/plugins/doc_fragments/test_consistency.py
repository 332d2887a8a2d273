# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of options and the code of the plugins agree."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

from ansible_collections.pamops.senhasegura.plugins.lookup import pam_remote_session as lookup
from ansible_collections.pamops.senhasegura.plugins.lookup import pam_remote_session_info as lookup_info
from ansible_collections.pamops.senhasegura.plugins.module_utils._api import login
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import SenhaseguraError
from ansible_collections.pamops.senhasegura.plugins.module_utils._options import connection
from ansible_collections.pamops.senhasegura.plugins.module_utils._options.spec import Option
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources import (
    remote_session,
    remote_session_list,
    remote_session_terminate,
)
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session_filters import (
    FILTERS,
    TIMES,
    WAIT,
)
from ansible_collections.pamops.senhasegura.plugins.modules import (
    pam_remote_session,
    pam_remote_session_info,
    pam_remote_session_terminate,
)

PLUGINS = Path(str(pam_remote_session.__file__)).resolve().parents[1]
MODULES = {
    "pam_remote_session": (pam_remote_session, remote_session.OPERATION),
    "pam_remote_session_info": (pam_remote_session_info, remote_session_list.OPERATION),
    "pam_remote_session_terminate": (pam_remote_session_terminate, remote_session_terminate.OPERATION),
}
FIELD = {"field": Option(default="session_url", choices=("session_url", "token", "all"))}
LOOKUPS = {
    "pam_remote_session": (lookup, {**remote_session.OPTIONS, **FIELD}),
    "pam_remote_session_info": (lookup_info, remote_session_list.OPTIONS),
}
EVERYWHERE = {
    **connection.CONNECTION,
    **remote_session.REMOTE_SESSION,
    **FILTERS,
    **TIMES,
    **WAIT,
}
FACTS = {"type": "str", "default": None, "choices": None, "aliases": None, "required": False, "elements": None}
SECRETS = {"client_secret", "consumer_secret", "token_key", "token_secret", "access_token"}
# Options that identify a device or session can only be set on the task or lookup.
WITHOUT_SOURCES = {"_terms", "field", "device", *FILTERS, *WAIT}


def documented(kind: str, plugin: str) -> dict[str, t.Any]:
    """The options as core reads them, with fragments."""
    plugin_type = {"modules": "module", "lookup": "lookup"}[kind]
    documentation, _examples, _returned, _metadata = get_docstring(
        str(PLUGINS / kind / f"{plugin}.py"),
        fragment_loader,
        collection_name="pamops.senhasegura",
        plugin_type=plugin_type,
    )
    options: dict[str, t.Any] = documentation["options"]
    return options


def facts(option: dict[str, t.Any]) -> dict[str, t.Any]:
    inner = option.get("options", option.get("suboptions", {}))
    return {name: option.get(name, default) or default for name, default in FACTS.items()} | {
        "default": option.get("default"),
        "options": {name: facts(suboption) for name, suboption in inner.items()},
    }


@pytest.mark.parametrize("plugin", MODULES)
def test_module_documents_its_options(plugin: str) -> None:
    _module, operation = MODULES[plugin]
    assert {name: facts(option) for name, option in documented("modules", plugin).items()} == {
        name: facts(option.argument()) for name, option in operation.options.items()
    }


@pytest.mark.parametrize("plugin", LOOKUPS)
def test_lookup_documents_its_options(plugin: str) -> None:
    found = {name: facts(option) for name, option in documented("lookup", plugin).items()}
    expected = {name: facts(option.argument()) for name, option in LOOKUPS[plugin][1].items()}
    terms, device = found.pop("_terms"), expected.pop("device")  # the terms of this lookup are devices
    assert terms == {**device, "type": "list", "elements": "str"}
    assert found == expected


@pytest.mark.parametrize(
    ("plugin", "name"), [(plugin, name) for plugin in LOOKUPS for name in LOOKUPS[plugin][1]], ids="-".join
)
def test_sources_of_an_option(plugin: str, name: str) -> None:
    option = documented("lookup", plugin).get(name, {})
    if plugin == "pam_remote_session_info":
        has_sources = name not in WITHOUT_SOURCES
    else:
        has_sources = name not in ("device", "field")
    env, variable, key = ([f"SENHASEGURA_{name.upper()}"], [f"senhasegura_{name}"], [("senhasegura", name)])
    assert [source["name"] for source in option.get("env", [])] == (env if has_sources else [])
    assert [source["name"] for source in option.get("vars", [])] == (variable if has_sources else [])
    ini = [(source["section"], source["key"]) for source in option.get("ini", [])]
    assert ini == (key if has_sources and name not in SECRETS else [])


def test_other_options_have_no_sources() -> None:
    for plugin in LOOKUPS:
        assert not {"env", "vars", "ini"} & documented("lookup", plugin)["_terms"].keys()
    for plugin in MODULES:
        for option in documented("modules", plugin).values():
            assert not {"env", "vars", "ini"} & option.keys()


def test_options_that_identify_a_device_or_session_are_not_configurable() -> None:
    operations = [operation for _module, operation in MODULES.values()]
    found = {name for operation in operations for name, option in operation.options.items() if not option.configurable}
    assert found == WITHOUT_SOURCES - {"_terms", "field"}


def test_option_names_are_unique() -> None:
    groups = (connection.CONNECTION, FILTERS, TIMES, WAIT)
    assert sum(len(group) for group in groups) == len(remote_session_list.OPTIONS)
    assert len(remote_session.OPTIONS) == len(connection.CONNECTION) + len(remote_session.REMOTE_SESSION)


def test_options_of_a_shared_token_are_documented() -> None:
    text = documented("modules", "pam_remote_session")["token_cache"]["description"][0]
    assert re.findall(r"O\((\w+)\)", text) == list(login.IDENTITY)


def test_secrets() -> None:
    assert {name for name, option in EVERYWHERE.items() if option.secret} == SECRETS == set(connection.SECRETS)
    # Core expects an explicit no_log for each option whose name sounds like a secret.
    assert all("no_log" in option.argument() for option in EVERYWHERE.values())


def test_every_option_is_described() -> None:
    options = [
        option
        for kind, plugins in (("modules", MODULES), ("lookup", LOOKUPS))
        for plugin in plugins
        for option in documented(kind, plugin).items()
    ]
    options += [item for _name, option in options for item in option.get("suboptions", {}).items()]
    for name, option in options:
        text = option["description"]
        sentences = [text] if isinstance(text, str) else text
        assert all(sentence.endswith(".") for sentence in sentences), name


@pytest.mark.parametrize("plugin", MODULES)
def test_failures_return_documented_values(plugin: str) -> None:
    module, operation = MODULES[plugin]
    returned = yaml.safe_load(module.RETURN)
    on_failure = {name for name, value in returned.items() if value["returned"] == "failure"}
    assert operation.failure(SenhaseguraError("x")).keys() - {"msg"} == on_failure
    some = {name for name, value in returned.items() if "failure" in value["returned"]}
    outcome = {"sessions": [], "changed": False}
    if plugin == "pam_remote_session_terminate":
        assert operation.failure(remote_session_terminate.NotAllEnded("x", outcome)).keys() - {"msg", "changed"} == some


def test_sessions_return_documented_values() -> None:
    fields = {*remote_session_list.session_of({}, {}, None)}
    assert {*yaml.safe_load(pam_remote_session_info.RETURN)["sessions"]["contains"]} == fields
    ended = yaml.safe_load(pam_remote_session_terminate.RETURN)["sessions"]
    assert "pam_remote_session_info#module:sessions" in ended["description"][0]  # which documents the other members
    assert {*ended["contains"]} == {"terminated", "reason"}
    created = yaml.safe_load(pam_remote_session.RETURN)["created"]["contains"]
    assert {*created} == {*FILTERS["created"].members}


def test_all_modules_are_in_the_action_group() -> None:
    runtime = yaml.safe_load((PLUGINS.parent / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"]["senhasegura"] == sorted(path.stem for path in (PLUGINS / "modules").glob("pam_*"))
    assert {*MODULES} == {path.stem for path in (PLUGINS / "action").glob("pam_*")}


@pytest.mark.parametrize("plugin", MODULES)
def test_examples_use_existing_options(plugin: str) -> None:
    def tasks(items: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
        for item in items:
            yield item
            yield from tasks(item.get("block", []))

    found = list(tasks(DataLoader().load(MODULES[plugin][0].EXAMPLES)))
    used = [
        (name, task[f"pamops.senhasegura.{name}"])
        for task in found
        for name in MODULES
        if f"pamops.senhasegura.{name}" in task
    ]
    assert plugin in [name for name, _options in used]
    for name, options in used:
        known = MODULES[name][1].options
        assert set(options) <= {*known, *(alias for option in known.values() for alias in option.aliases)}
    for task in found:
        for options in task.get("module_defaults", {}).values():
            assert set(options) <= {*connection.CONNECTION}
    for module, _spec in LOOKUPS.values():
        assert DataLoader().load(module.EXAMPLES)
