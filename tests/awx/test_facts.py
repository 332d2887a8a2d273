# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks reject facts with the names of variables that they read, because a managed host can choose its
facts."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, nodes

from tests.awx.conftest import CHECKOUT, PROGRAMS, base_environment
from tests.awx.controller import Controller
from tests.awx.test_awx_setup import awx_collection

if t.TYPE_CHECKING:
    from tests.simulator import Simulator

PLAYBOOKS = {
    "request_session": "No session was requested.",
    "open_session": "No session was requested.",
    "maintenance_window": "No session was requested.",
    "awx_setup": "Nothing was changed in AWX.",
}
TASKS = ("check_variables", "check_delivery", "maintenance_window_open")

# An earlier play of the same run, on a host that chooses its response
HOSTILE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
      delegate_to: web01
- import_playbook: pamops.senhasegura.{playbook}
"""
ANSWERED = """\
  vars: {awx_user_name: jdoe, hand_over: job_output, device: web01, credential: root, protocol: SSH}
"""
# The cache after an earlier run
CACHED = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {facts}
"""


class Lab(t.NamedTuple):
    folder: Path
    environment: dict[str, str]

    def play(self, text: str) -> str:
        """The output of ansible-playbook."""
        (self.folder / "play.yml").write_text(text, encoding="utf-8")
        run = subprocess.run(
            [str(PROGRAMS / "ansible-playbook"), "-i", "hosts", "play.yml"],
            check=False,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
        )
        return run.stdout + run.stderr

    def become_hostile(self, facts: Mapping[str, t.Any]) -> None:
        """Let web01 respond to every module with *facts*."""
        program = self.folder / "python"
        program.write_text(f"#!/bin/sh\necho '{json.dumps({'changed': False, 'ansible_facts': facts})}'\n", "utf-8")
        program.chmod(0o755)
        (self.folder / "hosts").write_text(
            f"localhost\nweb01 ansible_connection=local ansible_python_interpreter={program}\n", encoding="utf-8"
        )


@pytest.fixture
def controller() -> Iterator[Controller]:
    with Controller(playbooks=[]) as running:
        yield running


@pytest.fixture
def lab(vault: Simulator, controller: Controller, collections: str, tmp_path: Path) -> Lab:
    (tmp_path / "hosts").write_text("localhost\n", encoding="utf-8")
    oauth2 = vault.credentials["oauth2"]
    environment = {
        **base_environment(os.pathsep.join([collections, awx_collection()]), tmp_path),
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "CONTROLLER_HOST": controller.url,
        "CONTROLLER_OAUTH_TOKEN": controller.token,
        "SENHASEGURA_URL": vault.url,
        "SENHASEGURA_CA_PATH": vault.ca_file,
        "SENHASEGURA_WEBHOOK_URL": "https://127.0.0.1:1/",
        **{f"SENHASEGURA_{name.upper()}": oauth2[name] for name in ("client_id", "client_secret")},
    }
    return Lab(tmp_path, environment)


def failure(output: str) -> str:
    (found,) = re.findall(r"^fatal: \[localhost\]: FAILED! => (\{.*\})$", output, re.MULTILINE)
    message: str = json.loads(found)["msg"]
    return message.removeprefix("Task failed: Action failed: ")


CHOOSES = (
    "This playbook accepts no facts with such names, because a managed host can choose its facts. Clear the fact cache "
    "(--flush-cache), and remove any task that returns such a fact."
)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_facts_of_a_host_are_rejected(playbook: str, lab: Lab, vault: Simulator, controller: Controller) -> None:
    """Even with facts that would hide others, or that look like variables of the connection to localhost."""
    facts = {
        "window_user": "mallory",
        "senhasegura_url": "https://attacker.example",
        "senhasegura_validate_certs": False,
        "ansible_awx_user_name": "mallory",
        "ansible_facts": {},
        "client_secret": "x",
        "hostname": "web01",
    }
    lab.become_hostile(facts)
    named = "awx_user_name, client_secret, senhasegura_url, senhasegura_validate_certs, window_user"
    output = lab.play(HOSTILE.format(playbook=playbook))
    assert failure(output) == f"{PLAYBOOKS[playbook]} {named} are among the facts of localhost. {CHOOSES}"
    assert (vault.requests, controller.changes) == ([], [])


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_cached_facts_are_rejected(playbook: str, lab: Lab, vault: Simulator, controller: Controller) -> None:
    lab.environment["ANSIBLE_CACHE_PLUGIN"] = "jsonfile"
    lab.environment["ANSIBLE_CACHE_PLUGIN_CONNECTION"] = str(lab.folder / "cache")
    facts = {"window_is_over": True, "cacheable": True}
    assert "failed=0" in lab.play(CACHED.format(facts=json.dumps(facts)))
    assert [path for path in (lab.folder / "cache").iterdir() if "window_is_over" in path.read_text(encoding="utf-8")]
    output = lab.play(f"- import_playbook: pamops.senhasegura.{playbook}\n")
    assert failure(output) == f"{PLAYBOOKS[playbook]} window_is_over is among the facts of localhost. {CHOOSES}"
    assert (vault.requests, controller.changes) == ([], [])


def test_other_facts_are_ignored(lab: Lab, vault: Simulator) -> None:
    lab.become_hostile({"my_window_user": "x", "windows": "x", "ansible_hostname": "web01", "device": "db01"})
    output = lab.play(HOSTILE.format(playbook="request_session"))
    assert "among the facts" not in output
    assert failure(output).startswith("No session was requested. The user of the session is not set. ")
    lab.environment["SENHASEGURA_USER"] = "jdoe"
    output = lab.play(HOSTILE.format(playbook="request_session") + ANSWERED)
    assert vault.requests[-1].path.endswith("/remote/session"), output


# Variables that the playbooks read


def read(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


NOT_FROM_FACTS = re.compile(read(CHECKOUT / "playbooks" / "tasks" / "check_variables.yml")[0]["vars"]["not_from_facts"])
EXPRESSIONS = ("when", "that", "until", "failed_when", "changed_when")
OF_ANSIBLE = {"omit", "now", "query", "lookup", "dict", "range", "item", "playbook_dir", "inventory_hostname"}
OF_ANSIBLE |= {f"ansible_{name}" for name in ("check_mode", "config_file", "facts", "playbook_python")}


def names_in(text: str) -> set[str]:
    """The variables that a template reads and does not set."""
    tree = Environment().parse(text.replace("\\", ""))  # noqa: S701 (nothing is rendered)
    names = list(tree.find_all(nodes.Name))
    own = {name.name for name in names if name.ctx != "load"} | {macro.name for macro in tree.find_all(nodes.Macro)}
    return {name.name for name in names} - own


def walk(value: t.Any, key: str = "") -> Iterator[tuple[set[str], set[str]]]:
    """The names that are defined, and the names that are read."""
    if isinstance(value, dict):
        yield {*(value.get("vars") or {}), str(value.get("register"))}, set()
        for name, each in value.items():
            yield from walk(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from walk(each, key)
    elif isinstance(value, str):
        yield set(), names_in(f"{{{{ {value} }}}}" if key in EXPRESSIONS and "{{" not in value else value)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_undefined_variables_of_a_playbook_cannot_be_facts(playbook: str) -> None:
    (play,) = read(CHECKOUT / "playbooks" / f"{playbook}.yml")
    defined, used = set(OF_ANSIBLE), set()
    for define, use in walk([play, *(read(CHECKOUT / "playbooks" / "tasks" / f"{name}.yml") for name in TASKS)]):
        defined |= define
        used |= use
    for name in ("texts", "texts_or_empty", "lists", "numbers", "booleans"):
        listed = play["vars"][name]
        used.update(listed if isinstance(listed, list) else re.findall(r"'([a-z]+(?:_[a-z]+)*)'", listed))
    used -= {"regex_replace"}  # a filter in quotes, like the names
    parameters = {
        "delivery",
        "accepted",
        "not_delivered",
        "consequence",
    }  # parameters of a file of tasks that not all plays use
    assert "ansible_facts" in used | defined
    assert {name for name in used - defined - parameters if not NOT_FROM_FACTS.match(name)} == set()


def test_all_string_options_are_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(CHECKOUT / ".cache")
    resource = importlib.import_module(
        "ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session"
    )
    texts = {
        name for name, option in resource.OPTIONS.items() if option.type in ("str", "path") and option.configurable
    }
    (checked, *_more) = read(CHECKOUT / "playbooks" / "tasks" / "check_variables.yml")
    assert set(checked["vars"]["options"].split()) == texts | {"timezone"}
