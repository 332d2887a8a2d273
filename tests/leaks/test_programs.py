# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that ``ansible`` and ``ansible-console`` write contains a secret. These programs print all results."""

from __future__ import annotations

import pytest

from tests.leaks.conftest import EVERYWHERE, Runs, Way, cached_facts
from tests.leaks.marks import CONTROL, search

SESSION = "pamops.senhasegura.pam_remote_session"
HOSTS = "success,echo_in_message"

OAUTH1 = "auth_method=oauth1 " + " ".join(
    f"{name}={{{{ my_{name} }}}}" for name in ("consumer_key", "consumer_secret", "token_key", "token_secret")
)
VAULT = "url={{ hostvars.success.senhasegura_url }} ca_path={{ hostvars.success.senhasegura_ca_path }}"

TASKS = (
    (HOSTS, SESSION, "device=web01"),
    (HOSTS, SESSION, "device=web01 client_id={{ my_client_id }} client_secret={{ my_client_secret }}"),
    (HOSTS, SESSION, "device=nowhere auth_method=access_token access_token={{ my_access_token }}"),
    ("jump", SESSION, f"device=web01 {VAULT}"),
    (HOSTS, f"{SESSION}_info", OAUTH1),
    (HOSTS, f"{SESSION}_terminate", f"device=web01 {OAUTH1}"),
)
"""Hosts, module and arguments."""

FACTS = (
    "localhost,jump",
    "ansible.builtin.setup",
    "gather_subset=all,!env fact_path={{ inventory_file | dirname }}/facts.d",
)
CONTROLS = (
    (
        "jump",
        "ansible.builtin.shell",
        "export CONTROL={{ control }}; for f in {{ folders | map('quote') | join(' ') }}; do env > $f/control; done; "
        "env sleep 0.5",
    ),
    ("success", "ansible.builtin.set_fact", "control_fact={{ control }} cacheable=true"),
    ("success", "ansible.builtin.debug", "msg={{ control }}"),
)


def _ad_hoc(*tasks: tuple[str, str, str]) -> tuple[tuple[str, ...], ...]:
    return tuple((hosts, "-m", module, "-a", arguments) for hosts, module, arguments in tasks)


def _typed(*tasks: tuple[str, str, str]) -> tuple[str, ...]:
    """The lines for ansible-console. The command "cd" selects the hosts."""
    return tuple(
        line
        for hosts, module, arguments in tasks
        for line in (f"cd {hosts.replace(',', ':')}", f"{module} {arguments}")
    )


ALL = (FACTS, *TASKS, FACTS, *CONTROLS)
WAYS = (
    Way("ansible -vvvv", ("-vvvv",), by_environment=True, ad_hoc=_ad_hoc(*ALL)),
    Way("ansible --one-line", ("--one-line",), ad_hoc=_ad_hoc(*ALL)),
    Way("ansible-console", ("-vvvv",), {"ANSIBLE_PIPELINING": "true"}, console=_typed(*ALL)),
)

OK, FAILED = ("success", True), ("echo_in_message", False)
OUTCOMES = {
    SESSION: [OK, FAILED, OK, FAILED, ("success", False), FAILED, ("jump", True)],
    f"{SESSION}_info": [OK, FAILED],
    f"{SESSION}_terminate": [OK, FAILED],
}
"""The outcome of each module's tasks: the host, and whether the task succeeded."""

every_way = pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])


@every_way
def test_no_secret_is_found(way: Way, runs: Runs) -> None:
    assert runs(way).searched.secrets() == []


@every_way
def test_control_mark_is_found_everywhere(way: Way, runs: Runs) -> None:
    elsewhere = {"artifacts of ansible-runner"}
    if way.console:
        elsewhere.add("callback junit")  # it writes no file here
    assert runs(way).searched.controls() == EVERYWHERE - elsewhere


@every_way
def test_each_task_had_its_outcome(way: Way, runs: Runs) -> None:
    run = runs(way)
    for module, hosts in OUTCOMES.items():
        ended = [
            (told["host"], told["event"] == "v2_runner_on_ok")
            for told in run.told(module)
            if told["event"] in ("v2_runner_on_ok", "v2_runner_on_failed")
        ]
        assert sorted(ended) == sorted(hosts)


@every_way
def test_facts_are_in_the_cache(way: Way, runs: Runs) -> None:
    files = cached_facts(runs(way))
    assert set(files) == {"localhost", "jump", "success"}
    for file in files.values():
        assert {found.kind for found in search("cache of facts", file.read_bytes())} == {CONTROL}
