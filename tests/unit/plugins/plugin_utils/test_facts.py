# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which values are facts, given the variables that core has. tests/integration/test_hostile_hosts.py runs core
itself."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Callable

import pytest
from ansible import constants, template
from ansible.utils.unsafe_proxy import AnsibleUnsafe, wrap_var

from ansible_collections.pamops.senhasegura.plugins.plugin_utils._facts import Fact, Facts

trust_as_template: Callable[[str], str] = getattr(template, "trust_as_template", str)


def untrusted(text: str) -> str:
    """Mark a string as core marks one from a host. From 2.19 on, it has a mark other than that of trust."""
    marked: str = wrap_var(text)
    if not isinstance(marked, AnsibleUnsafe):
        from ansible._internal._datatag._tags import Origin

        marked = Origin(description="a host").tag(text)
    return marked


MALLORY, DB01 = untrusted("mallory"), untrusted("db01")
HOST: dict[str, t.Any] = {
    "inventory_hostname": "web01",
    "ansible_facts": {"owner": MALLORY, "hostname": DB01, "number": 7},
    "owner": MALLORY,
    "ansible_hostname": DB01,
    "number": 7,
    "hostname": trust_as_template("jdoe"),
    "requester": trust_as_template("{{ owner }}"),
    "people": {"first": trust_as_template("{{ owner }}"), "second": trust_as_template("jdoe")},
    "deep": trust_as_template("{{ people.first }}"),
    "circle": trust_as_template("{{ circle }}{{ people['second'] }}"),
    "copied": untrusted("mallory"),
}
FOUND = {"owner": MALLORY, "ansible_hostname": DB01, "number": 7}


def name_of(fact: Fact | None) -> str | None:
    return fact.name if fact else None


def facts(**changes: t.Any) -> Facts:
    manager = types.SimpleNamespace(_fact_cache={"web01": FOUND})
    return Facts({**HOST, "hostvars": types.SimpleNamespace(_variable_manager=manager), **changes})


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("owner", "owner"),
        ("ansible_hostname", "ansible_hostname"),
        ("ansible_facts", "ansible_facts"),
        ("requester", "owner"),
        ("deep", "owner"),
        ("people", "owner"),
        ("hostname", None),
        ("circle", None),
        ("copied", None),
        ("nothing", None),
    ],
)
def test_variable(name: str, fact: str | None) -> None:
    assert name_of(facts().behind_variable(name)) == fact


@pytest.mark.parametrize(
    ("written", "fact"),
    [
        ("{{ people.first }}", "owner"),
        ("{{ people.second }}", None),
        ("{{ people.third | default('jdoe') }}", "owner"),
        ("{{ people.second.upper() }}", None),
        ("{{ item }}", "owner"),
        ("{{ item.name }}", "owner"),
        (["jdoe", {"a": "{{ requester }}"}], "owner"),
        ("owner", None),
        (7, None),
    ],
)
def test_template(written: t.Any, fact: str | None) -> None:
    assert name_of(facts().behind_template(written, {"item": ["{{ requester }}"]})) == fact


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        (MALLORY, "owner"),
        ([MALLORY], "owner"),
        ({"a": untrusted("mallory")}, "owner"),
        (DB01, "ansible_hostname"),
        (untrusted("db01"), None),
        ("mallory", None),
        ("db01", None),
        (HOST["copied"], None),
        (trust_as_template("mallory") if hasattr(template, "trust_as_template") else "mallory", None),
        (7, None),
        (None, None),
    ],
)
def test_value(value: t.Any, fact: str | None) -> None:
    assert name_of(facts().behind_value(value)) == fact


@pytest.mark.parametrize("hostvars", [None, types.SimpleNamespace()], ids=["none", "without a cache"])
def test_any_variable_may_be_a_fact_without_the_cache(hostvars: t.Any) -> None:
    found = facts(hostvars=hostvars)
    assert name_of(found.behind_variable("owner")) == "owner"
    assert name_of(found.behind_variable("ansible_hostname")) == "ansible_hostname"
    assert name_of(found.behind_variable("hostname")) == "hostname"


def test_no_facts() -> None:
    found = facts(ansible_facts={})
    assert found.behind_variable("requester") is None
    assert found.behind_template("{{ owner }}", {}) is None
    assert found.behind_value(MALLORY) is None


def test_facts_not_injected_as_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "INJECT_FACTS_AS_VARS", False)
    found = facts()
    assert found.behind_variable("requester") is None
    assert name_of(found.behind_template("{{ ansible_facts.owner }}", {})) == "ansible_facts"
    assert name_of(found.behind_template("{{ ansible_local.a }}", {})) == "ansible_local"


class NewerCache(dict[str, t.Any]):
    """The cache of ansible-core 2.19 and later. It raises for an unknown host."""

    def get(self, key: str, default: t.Any = None) -> t.Any:
        return self[key]


class CacheWithoutKeys(NewerCache):
    def keys(self) -> t.Any:
        raise TypeError


class HostVars(dict[str, t.Any]):
    _variable_manager: t.Any


@pytest.mark.parametrize("cache", [NewerCache, CacheWithoutKeys])
def test_facts_of_other_hosts(cache: type[NewerCache]) -> None:
    hostvars = HostVars(web01={}, db01={})
    hostvars._variable_manager = types.SimpleNamespace(_fact_cache=cache(web01=FOUND))
    found = Facts({"inventory_hostname": "db01", "hostvars": hostvars, "url": "{{ hostvars.web01.owner }}"})
    assert found.behind_variable("url") == Fact("owner", "web01")
    assert found.behind_template("{{ hostvars[groups.web[0]].owner }}", {}) == Fact("owner", "web01")
    assert found.behind_template("{{ hostvars.db01.owner }}", {}) is None


def test_computed_variable_name() -> None:
    found = facts().behind_template("{{ lookup('vars', 'own' ~ 'er') }}", {})
    assert str(found) == "a variable whose name is computed, which may be a fact of web01"


def test_items_of_a_loop() -> None:
    loops = {"item": ["{{ owner }}"]}
    assert facts().behind_template("{{ ansible_loop.nextitem }}", loops) == Fact("owner", "web01")


def test_variables_applied_by_an_include() -> None:
    manager = types.SimpleNamespace(_fact_cache={"web01": FOUND})
    variables = {**HOST, "mine": "mallory", "hostvars": types.SimpleNamespace(_variable_manager=manager)}
    assert Facts(variables, {"mine": "{{ owner }}"}).behind_variable("mine") == Fact("owner", "web01")
