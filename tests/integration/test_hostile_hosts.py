# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A managed host chooses its facts, and core turns them into variables. None of them affects requests to PAM Core."""

from __future__ import annotations

import itertools
import json
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import reach
from tests.ssh_server import script

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Played, Vault
    from tests.simulator import Simulator

TASK = "pamops.senhasegura.pam_remote_session"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
SECRET_OPTIONS = ("client_id", "client_secret")

HostileHost = Callable[..., dict[str, t.Any]]


@pytest.fixture
def hostile(tmp_path: Path) -> HostileHost:
    """The variables of a host whose Python returns these facts for every module."""

    def host(**facts: t.Any) -> dict[str, t.Any]:
        output = json.dumps({"changed": False, "ansible_facts": facts})
        path = script(tmp_path / "python", f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
        return {"ansible_connection": "local", "ansible_python_interpreter": str(path)}

    return host


@pytest.fixture
def attacker(vaults: Vault) -> Simulator:
    """A server of the attacker that accepts every request a vault accepts."""
    return vaults("3.33")


def in_inventory(vault: Simulator) -> dict[str, t.Any]:
    return reach(vault, device="web01")


def refused(option: str, fact: str, host: str = "web01") -> str:
    """*fact* is empty if the name of the variable is computed."""
    which = f"{fact}, which is" if fact else "a variable whose name is computed, which may be"
    return (
        f"{option} must not come from {which} a fact of {host}: a managed host chooses its own facts. If you trust the "
        "fact, copy it to a variable of another name with set_fact, without cacheable."
    )


def assert_nothing_sent(*vaults: Simulator) -> None:
    assert [request.path for vault in vaults for request in vault.requests] == []


GET_ONE = f"""
- name: Get a session
  {TASK}: {{device: web01}}
"""
PING = "- ansible.builtin.ping:\n"
PING_ELSEWHERE = """
- ansible.builtin.ping:
  delegate_to: web01
"""


@pytest.mark.parametrize(
    ("before", "hosts", "keywords"),
    [
        ("", "web01", {"gather_facts": True}),
        (PING, "web01", {}),
        (PING_ELSEWHERE, "localhost", {}),
        ("- ansible.builtin.ping:\n  delegate_to: web01\n  run_once: true\n", "db01", {}),
        ("- ansible.builtin.ping:\n  delegate_to: web01\n  loop: [1, 2]\n", "localhost", {}),
        ("- ansible.builtin.command: 'true'\n  register: it\n  until: it is success\n", "web01", {}),
        ("- ansible.builtin.ping:\n  ignore_errors: true\n", "web01", {"strategy": "free"}),
        ("- ansible.builtin.setup:\n  delegate_to: web01\n  delegate_facts: true\n", "web01", {}),
    ],
    ids=["setup", "any module", "delegated", "run once", "loop", "until", "free", "delegate_facts"],
)
def test_facts_are_rejected(
    play: Play,
    vault: Simulator,
    attacker: Simulator,
    hostile: HostileHost,
    before: str,
    hosts: str,
    keywords: dict[str, t.Any],
) -> None:
    facts = {"senhasegura_url": attacker.url, "senhasegura_validate_certs": False}
    inventory = {"web01": hostile(**facts), "db01": LOCAL, "localhost": LOCAL}
    played = play(before + GET_ONE, variables=in_inventory(vault), inventory=inventory, hosts=hosts, **keywords)
    assert played.code != 0
    assert_nothing_sent(vault, attacker)
    assert refused("url", "senhasegura_url", hosts) in played.result("Get a session")["msg"]


def test_cached_facts_are_rejected(
    play: Play, vault: Simulator, attacker: Simulator, hostile: HostileHost, tmp_path: Path
) -> None:
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(tmp_path / "cache")}
    inventory = {"web01": hostile(senhasegura_proxy="http://127.0.0.1:9", senhasegura_user="root")}
    play(PING, inventory=inventory, environment=cache).succeeded()
    played = play(GET_ONE, variables=in_inventory(vault), inventory={"web01": LOCAL}, environment=cache)
    message = played.result("Get a session")["msg"]
    assert refused("proxy", "senhasegura_proxy") in message
    assert refused("user", "senhasegura_user") in message
    assert_nothing_sent(vault, attacker)


# For each way, a fact and how it would reach an option.
FACTS = {
    "owner": "mallory",
    "vault_host": "attacker.example",
    "verify": False,
    "settings": {"SENHASEGURA_USER": "mal"},
    "everybody": ["mal"],
    "ansible_hostname": "db01",
    # ansible_facts has both of these under one name, and shows either of them
    "window": "malcolm",
    "ansible_window": "nobody",
    "ansible_caller": "nobody",
    "caller": "malory",
}
LOOKUP = f"{TASK}', 'web01'"
WAYS: dict[str, tuple[str, str, str]] = {
    "argument": (f"{TASK}: {{device: web01, user: '{{{{ owner }}}}'}}", "user", "owner"),
    "part of an argument": (f"{TASK}: {{device: web01, url: 'https://{{{{ vault_host }}}}'}}", "url", "vault_host"),
    "boolean": (f"{TASK}: {{device: web01, validate_certs: '{{{{ verify }}}}'}}", "validate_certs", "verify"),
    "filter": (f"{TASK}: {{device: web01, user: '{{{{ owner | default(1) | upper }}}}'}}", "user", "owner"),
    "through a variable": (f"{TASK}: {{device: web01, user: '{{{{ requester }}}}'}}", "user", "owner"),
    "in a dictionary": (f"{TASK}: {{device: web01, user: '{{{{ people.first }}}}'}}", "user", "owner"),
    "in a list": (f"{TASK}: {{device: web01, user: '{{{{ people.all[0] }}}}'}}", "user", "owner"),
    "hostvars": (f"{TASK}: {{device: web01, user: '{{{{ hostvars.web01.owner }}}}'}}", "user", "owner"),
    "lookup of a variable": (
        f"{TASK}: {{device: web01, user: \"{{{{ lookup('vars', 'owner') }}}}\"}}",
        "user",
        "owner",
    ),
    "ansible_facts": (f"{TASK}: {{device: '{{{{ ansible_facts.hostname }}}}'}}", "device", "ansible_facts"),
    "one of setup's": (f"{TASK}: {{device: '{{{{ ansible_hostname }}}}'}}", "device", "ansible_hostname"),
    "hidden in ansible_facts": (f"{TASK}: {{device: web01, user: '{{{{ window }}}}'}}", "user", "window"),
    "hiding in ansible_facts": (f"{TASK}: {{device: web01, user: '{{{{ caller }}}}'}}", "user", "caller"),
    "key=value": (f"action: {TASK} device=web01 user={{{{ owner }}}}", "user", "owner"),
    "args": (f"{TASK}:\n  args: \"{{{{ {{'device': 'web01', 'user': owner}} }}}}\"", "user", "owner"),
    "loop": (f"{TASK}: {{device: web01, user: '{{{{ item }}}}'}}\n  loop: '{{{{ everybody }}}}'", "user", "everybody"),
    "loop variable": (
        f"{TASK}: {{device: web01, user: '{{{{ who }}}}'}}\n  with_items: '{{{{ everybody }}}}'\n"
        "  loop_control: {loop_var: who}",
        "user",
        "everybody",
    ),
    "module defaults": (
        f"{TASK}: {{device: web01}}\n  module_defaults: {{{TASK}: {{user: '{{{{ owner }}}}'}}}}",
        "user",
        "owner",
    ),
    "defaults of the group": (
        f"{TASK}: {{device: web01}}\n"
        "  module_defaults: {group/pamops.senhasegura.senhasegura: {user: '{{ owner }}'}}",
        "user",
        "owner",
    ),
    "environment": (
        f"{TASK}: {{device: web01}}\n  environment: {{SENHASEGURA_USER: '{{{{ owner }}}}'}}",
        "The environment variable SENHASEGURA_USER",
        "owner",
    ),
    "environment as a whole": (
        f"{TASK}: {{device: web01}}\n  environment: '{{{{ settings }}}}'",
        "The environment variable SENHASEGURA_USER",
        "settings",
    ),
    "proxy of the environment": (
        f"{TASK}: {{device: web01}}\n  environment: {{https_proxy: 'http://{{{{ vault_host }}}}'}}",
        "The environment variable https_proxy",
        "vault_host",
    ),
    "variable of an option": (
        f"{TASK}: {{device: web01}}\n  vars: {{senhasegura_user: '{{{{ requester }}}}'}}",
        "user",
        "owner",
    ),
    "another module": ("pamops.senhasegura.pam_remote_session_info: {user: '{{ owner }}'}", "user", "owner"),
    "what is ended": (
        "pamops.senhasegura.pam_remote_session_terminate: {user: ['{{ owner }}'], id: 5}",
        "user",
        "owner",
    ),
    "delegated": (f"{TASK}: {{device: web01, user: '{{{{ owner }}}}'}}\n  delegate_to: jump", "user", "owner"),
    "check mode": (f"{TASK}: {{device: web01, user: '{{{{ owner }}}}'}}\n  check_mode: true", "user", "owner"),
    "whom it is delegated to": (
        f"{TASK}: {{device: web01}}\n  delegate_to: '{{{{ vault_host }}}}'",
        "delegate_to",
        "vault_host",
    ),
    "whom the item is delegated to": (
        f"{TASK}: {{device: web01}}\n  delegate_to: '{{{{ item }}}}'\n  loop: '{{{{ everybody }}}}'",
        "delegate_to",
        "everybody",
    ),
    "computed name": (f"{TASK}: {{device: web01, user: \"{{{{ lookup('vars', 'own' ~ 'er') }}}}\"}}", "user", ""),
    "computed key of vars": (f"{TASK}: {{device: web01, user: \"{{{{ vars['own' ~ 'er'] }}}}\"}}", "user", ""),
    "computed key of hostvars": (
        f"{TASK}: {{device: web01, user: \"{{{{ hostvars[inventory_hostname]['own' ~ 'er'] }}}}\"}}",
        "user",
        "",
    ),
    "hostvars as a whole": (
        f"{TASK}: {{device: web01, user: \"{{{{ 'web01' | extract(hostvars, 'owner') }}}}\"}}",
        "user",
        "",
    ),
    "another template": (
        f"{TASK}: {{device: web01, user: \"{{{{ lookup('template', user_template) }}}}\"}}",
        "user",
        "",
    ),
    "next item": (
        f"{TASK}: {{device: web01, user: '{{{{ ansible_loop.nextitem | default(1) }}}}'}}\n"
        "  loop: '{{ [1] + everybody }}'\n  loop_control: {extended: true}",
        "user",
        "everybody",
    ),
    "defaults of the module beside those of the group": (
        f"{TASK}: {{device: web01}}\n  module_defaults:\n"
        f"    {TASK}: {{user: '{{{{ owner }}}}'}}\n    group/pamops.senhasegura.senhasegura: {{user: jdoe}}",
        "user",
        "owner",
    ),
    "lookup": (f'ansible.builtin.debug: {{msg: "{{{{ query(\'{LOOKUP}, user=owner) }}}}"}}', "user", "owner"),
    "lookup, through a variable": (
        f'ansible.builtin.debug: {{msg: "{{{{ query(\'{LOOKUP}, user=requester) }}}}"}}',
        "user",
        "owner",
    ),
    "lookup's terms": (
        f"ansible.builtin.debug: {{msg: \"{{{{ query('{TASK}', ansible_hostname) }}}}\"}}",
        "device",
        "ansible_hostname",
    ),
    "lookup of ansible_facts": (
        f"ansible.builtin.debug: {{msg: \"{{{{ query('{TASK}', ansible_facts.hostname) }}}}\"}}",
        "device",
        "ansible_hostname|ansible_facts",
    ),
    "lookup, inside of a fact": (
        f'ansible.builtin.debug: {{msg: "{{{{ query(\'{LOOKUP}, user=everybody[0]) }}}}"}}',
        "user",
        "everybody",
    ),
    "lookup, through a variable of ansible_facts": (
        f"ansible.builtin.debug: {{msg: \"{{{{ query('{TASK}', this_device) }}}}\"}}",
        "device",
        "ansible_hostname|ansible_facts",
    ),
    "lookup in a loop": (
        f"ansible.builtin.debug: {{msg: \"{{{{ query('{LOOKUP}, user=item) }}}}\"}}\n  loop: '{{{{ everybody }}}}'",
        "user",
        "everybody",
    ),
    "lookup of sessions": (
        f"ansible.builtin.debug: {{msg: \"{{{{ query('{TASK}_info', 'web01', user=[owner]) }}}}\"}}",
        "user",
        "owner",
    ),
    "variable of a lookup's option": (
        f'ansible.builtin.debug: {{msg: "{{{{ query(\'{LOOKUP}) }}}}"}}\n'
        "  vars: {senhasegura_proxy: 'http://{{ vault_host }}'}",
        "proxy",
        "vault_host",
    ),
}
# Values that look like facts but are not, so a session is requested.
TRUSTED = {
    "argument": f"{TASK}: {{device: '{{{{ inventory_hostname }}}}'}}",
    "not the fact of this name": f"{TASK}: {{device: web01, user: '{{{{ hostname }}}}'}}",
    "beside a fact": f"{TASK}: {{device: web01, user: '{{{{ people.second }}}}'}}",
    "copy": f"{TASK}: {{device: web01, user: '{{{{ copied }}}}'}}",
    "other environment": f"{TASK}: {{device: web01}}\n  environment: {{PS1: '{{{{ owner }}}}'}}",
    "defaults of others": f"{TASK}: {{device: web01}}\n  module_defaults: {{debug: {{user: '{{{{ owner }}}}'}}}}",
    "string in a lookup": f"ansible.builtin.debug: {{msg: \"{{{{ query('{LOOKUP}, user='jdoe') | length }}}}\"}}",
    "host of a lookup": f"ansible.builtin.debug: {{msg: \"{{{{ query('{TASK}', inventory_hostname) | length }}}}\"}}",
    "copy in a lookup": f'ansible.builtin.debug: {{msg: "{{{{ query(\'{LOOKUP}, user=copied) | length }}}}"}}',
}


def tasks(ways: dict[str, str]) -> str:
    return "".join(f"- name: {name}\n  {task}\n  ignore_errors: true\n  no_log: false\n" for name, task in ways.items())


def test_options_from_facts_are_rejected(play: Play, vault: Simulator, hostile: HostileHost, tmp_path: Path) -> None:
    (tmp_path / "user.j2").write_text("{{ owner }}")
    variables = {
        "user_template": str(tmp_path / "user.j2"),
        **in_inventory(vault),
        "owner": "jdoe",
        "requester": "{{ owner }}",
        "people": {"first": "{{ owner }}", "all": ["{{ owner }}"]},
        "this_device": "{{ ansible_facts.hostname }}",
    }
    inventory = {"web01": hostile(**FACTS), "jump": {"ansible_connection": "ssh", "ansible_port": 1}}
    played = play(
        PING + tasks({name: way[0] for name, way in WAYS.items()}),
        variables=variables,
        inventory=inventory,
        hosts="web01",
    )
    found = {name: _messages(played, name) for name in WAYS}
    wrong = {
        name: found[name]
        for name, (_task, option, fact) in WAYS.items()
        if not any(refused(option, one) in found[name] for one in fact.split("|"))
    }
    assert wrong == {}
    assert_nothing_sent(vault)


URL_OF_A_FACT = "https://{{ vault_host }}"
INHERITED: dict[str, dict[str, t.Any]] = {
    "The environment variable SENHASEGURA_URL": {"environment": {"SENHASEGURA_URL": URL_OF_A_FACT}},
    "url": {"module_defaults": {TASK: {"url": URL_OF_A_FACT}}},
    "delegate_to": {"delegate_to": "{{ vault_host }}"},
    "proxy": {"vars": {"senhasegura_proxy": "http://{{ vault_host }}"}},
    "user": {"vars": {"senhasegura_user": "{{ owner }}"}},
}


@pytest.mark.parametrize(
    ("where", "option"),
    [
        *itertools.product(["block", "role", "role of a role", "include"], INHERITED),
        *(("play", option) for option in INHERITED if option != "delegate_to"),
    ],
)
def test_inherited_values_from_facts_are_rejected(
    play: Play,
    vault: Simulator,
    attacker: Simulator,
    hostile: HostileHost,
    tmp_path: Path,
    where: str,
    option: str,
) -> None:
    """A layer closer to the task that is one template, and does not contain the name, does not hide the fact."""
    keywords = INHERITED[option]
    task = [
        {"name": "Get a session", TASK: {"device": "web01"}, "environment": "{{ harmless }}", "args": "{{ common }}"}
    ]
    role, outer = tmp_path / "asks", tmp_path / "outer"
    for folder, name, content in (
        (role, "tasks", task),
        (outer, "meta", {"dependencies": [{"role": str(role), **keywords}]}),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "main.yml").write_text(json.dumps(content), encoding="utf-8")
    of_play = {
        "play": {"tasks": task, **keywords},
        "block": {"tasks": [{"block": task, **keywords}]},
        "role": {"roles": [{"role": str(role), **keywords}]},
        "role of a role": {"roles": [str(outer)]},
        "include": {"tasks": [{"ansible.builtin.include_role": {"name": str(role), "apply": keywords}}]},
    }[where]
    variables = in_inventory(vault)
    url = variables.pop("senhasegura_url")
    if option == "delegate_to":
        variables["senhasegura_url"] = url
    ping = {"ansible.builtin.ping": None}
    played = play(
        json.dumps([{"hosts": "all", "gather_facts": False, "pre_tasks": [ping], **of_play}]),
        variables={
            **variables,
            "harmless": {"A": "b"},
            "common": {"credential": "root"},
            "vault_host": "vault.example",
            "owner": "{{ vault_host }}",
        },
        inventory={"web01": hostile(vault_host=attacker.url.removeprefix("https://"))},
        whole=True,
    )
    assert refused(option, "vault_host") in played.output
    assert_nothing_sent(vault, attacker)


def test_facts_of_another_host_are_rejected(
    play: Play, vault: Simulator, attacker: Simulator, hostile: HostileHost
) -> None:
    """The facts of a delegated task belong to the host that runs the task."""
    inventory = {"web01": hostile(vault_url=attacker.url), "db01": LOCAL, "localhost": LOCAL}
    ask = f"- name: Get a session\n  {TASK}: {{device: web01, url: '{{{{ hostvars.localhost.vault_url }}}}'}}\n"
    ask += "  when: inventory_hostname == 'db01'\n"
    before = "- ansible.builtin.ping:\n  delegate_to: web01\n  when: inventory_hostname == 'localhost'\n"
    played = play(before + ask, variables=in_inventory(vault), inventory=inventory, hosts="localhost,db01")
    assert refused("url", "vault_url", "localhost") in played.result("Get a session")["msg"], played.output
    assert_nothing_sent(vault, attacker)


def _messages(played: Played, task: str) -> str:
    return " ".join(
        str(item.get("msg", "")) for result in played.results(task) for item in (result, *result.get("results", ()))
    )


def test_other_values_are_accepted(play: Play, vault: Simulator, hostile: HostileHost) -> None:
    variables = {
        **in_inventory(vault),
        "hostname": "jdoe",
        "people": {"first": "{{ owner }}", "second": "jdoe"},
        "copied": "jdoe",
    }
    facts = {**FACTS, "owner": "jdoe", "ansible_hostname": "web01", "ansible_user_id": "jdoe"}
    copy = "- ansible.builtin.set_fact: {copied: '{{ owner }}'}\n"
    played = play(PING + copy + tasks(TRUSTED), variables=variables, inventory={"web01": hostile(**facts)})
    assert [name for name in TRUSTED if played.results(name) and played.result(name).get("failed")] == [], played.output
    assert sum(request.path.endswith("/remote/session") for request in vault.requests) == len(TRUSTED)


def test_facts_not_injected_as_variables(
    play: Play, vault: Simulator, attacker: Simulator, hostile: HostileHost
) -> None:
    inventory = {"web01": hostile(senhasegura_url=attacker.url, owner="mallory")}
    played = play(
        PING + GET_ONE,
        variables={**in_inventory(vault), "owner": "jdoe", "senhasegura_user": "{{ owner }}"},
        inventory=inventory,
        environment={"ANSIBLE_INJECT_FACT_VARS": "false"},
    )
    played.succeeded()
    assert_nothing_sent(attacker)
    assert vault.requests[-1].path.endswith("/remote/session")
