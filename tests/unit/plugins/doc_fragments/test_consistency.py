# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation says of options, and what the plugins do with them, is the same."""

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
from ansible_collections.pamops.senhasegura.plugins.module_utils import _options
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import SenhaseguraError
from ansible_collections.pamops.senhasegura.plugins.module_utils._remote_session import ARGUMENT_SPEC
from ansible_collections.pamops.senhasegura.plugins.modules import pam_remote_session as module

PLUGINS = Path(str(module.__file__)).resolve().parents[1]
SPEC = ARGUMENT_SPEC["argument_spec"]
FACTS = {"type": "str", "default": None, "choices": None, "aliases": None, "required": False, "elements": None}
SECRETS = {"client_secret", "consumer_secret", "token_key", "token_secret", "access_token"}


def documented(kind: str) -> dict[str, t.Any]:
    """The options as core knows them, fragments included."""
    path = PLUGINS / kind / "pam_remote_session.py"
    plugin_type = {"modules": "module", "lookup": "lookup"}[kind]
    documentation, _examples, _returned, _metadata = get_docstring(
        str(path), fragment_loader, collection_name="pamops.senhasegura", plugin_type=plugin_type
    )
    options: dict[str, t.Any] = documentation["options"]
    return options


def facts(option: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: option.get(name, default) or default for name, default in FACTS.items()} | {
        "default": option.get("default")
    }


def test_module_documents_what_it_takes() -> None:
    assert {name: facts(option) for name, option in documented("modules").items()} == {
        name: facts(option) for name, option in SPEC.items()
    }


def test_lookup_documents_what_it_takes() -> None:
    found = {name: facts(option) for name, option in documented("lookup").items()}
    terms = found.pop("_terms")
    assert terms == {**FACTS, "type": "list", "elements": "str", "required": True}
    expected = {name: facts(option) for name, option in lookup.SPEC["argument_spec"].items()}
    assert expected.pop("device")["required"] is True  # which the terms are here
    assert found == expected


@pytest.mark.parametrize("name", [name for name in SPEC if name != "device"])
def test_sources_of_an_option(name: str) -> None:
    option = documented("lookup")[name]
    assert [source["name"] for source in option["env"]] == [f"SENHASEGURA_{name.upper()}"]
    assert [source["name"] for source in option["vars"]] == [f"senhasegura_{name}"]
    assert option.get("ini", []) == ([] if name in SECRETS else [{"section": "senhasegura", "key": name}])


def test_other_options_have_no_sources() -> None:
    for name in ("_terms", "field"):
        assert not {"env", "vars", "ini"} & documented("lookup")[name].keys()
    for option in documented("modules").values():
        assert not {"env", "vars", "ini"} & option.keys()


def test_secrets() -> None:
    assert {name for name, option in SPEC.items() if option.get("no_log")} == SECRETS == set(_options.SECRETS)
    # Core asks about each option whose name sounds like a secret: the answer must have been given.
    sounding = {name for name in SPEC if re.search(r"secret|password|token|_key", name)}
    assert {name for name in sounding if "no_log" not in SPEC[name]} == set()


def test_every_option_is_described() -> None:
    for kind in ("modules", "lookup"):
        for name, option in documented(kind).items():
            text = option["description"]
            sentences = [text] if isinstance(text, str) else text
            assert all(sentence.endswith(".") for sentence in sentences), name


def test_every_failure_returns_what_is_documented() -> None:
    returned = yaml.safe_load(module.RETURN)
    on_failure = {name for name, value in returned.items() if value["returned"] == "failure"}
    assert SenhaseguraError("x").result().keys() - {"msg"} == on_failure


def test_examples_are_tasks_of_known_options() -> None:
    """Every example is YAML, and names options that there are."""
    names = set(SPEC) | {alias for option in SPEC.values() for alias in option.get("aliases", ())}

    def tasks(items: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
        for item in items:
            yield item
            yield from tasks(item.get("block", []))

    found = list(tasks(DataLoader().load(module.EXAMPLES)))
    used = [
        task["pamops.senhasegura.pam_remote_session"]
        for task in found
        if "pamops.senhasegura.pam_remote_session" in task
    ]
    assert used
    assert all(set(options) <= names for options in used)
    for task in found:
        for options in task.get("module_defaults", {}).values():
            assert set(options) <= names
    assert DataLoader().load(lookup.EXAMPLES)
