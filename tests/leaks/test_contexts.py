# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that Ansible writes contains a secret, whatever the context of a task or lookup and its outcome."""

from __future__ import annotations

import stat
from collections.abc import Callable

import pytest

from tests.leaks.conftest import EVERYWHERE, Run, Runs, Way, cached_facts
from tests.leaks.marks import CONTROL, search
from tests.leaks.watch import SystemLog
from tests.messages import LOST, NOT_HTTP, UNSENT, UNTRUSTED

TWO = ("success", "echo_in_message")
IN_CHECK_MODE = ("success", "echo_at_login", "wrong_secret")
WITH_DELEGATION = ("contexts", "delegated", "controls")

# Facts are gathered at the start of each play, so this gathers them before and after the controller's sessions.
WITH_FACTS = ("facts", "contexts", "facts", "controls")
WITHOUT_ENVIRONMENT = ("all", "!env")

WAYS = (
    Way("minimal -v", ("-v",), {"ANSIBLE_STDOUT_CALLBACK": "minimal"}, hosts=TWO),
    Way("oneline -vv", ("-vv",), {"ANSIBLE_STDOUT_CALLBACK": "oneline"}, hosts=TWO),
    Way("vaulted -vvv", ("-vvv",), hosts=(*TWO, "wrong_secret"), vaulted=True),
    Way("environment -vvvv", ("-vvvv",), plays=WITH_DELEGATION, hosts=TWO, by_environment=True),
    Way(
        "tracebacks -vvvvv",  # ansible-core 2.19 and later has tracebacks
        ("-vvvvv",),
        {"ANSIBLE_DISPLAY_TRACEBACK": "always", "ANSIBLE_PIPELINING": "true"},
        plays=WITH_DELEGATION,
    ),
    Way("debug", (), {"ANSIBLE_DEBUG": "1"}, hosts=TWO),
    Way("check mode", ("-vvv", "--check", "--diff"), {"ANSIBLE_PIPELINING": "true"}, WITH_DELEGATION, IN_CHECK_MODE),
    Way("ansible-runner", ("-vvvv",), {"ANSIBLE_PIPELINING": "true"}, WITH_DELEGATION, TWO, vaulted=True, runner=True),
    Way("facts -vvvv", ("-vvvv",), plays=WITH_FACTS, hosts=TWO, facts=("all",)),
    Way(
        "facts minimal",  # this callback prints all facts
        ("-vvv",),
        {"ANSIBLE_STDOUT_CALLBACK": "minimal", "ANSIBLE_PIPELINING": "true"},
        WITH_FACTS,
        TWO,
        by_environment=True,
        facts=WITHOUT_ENVIRONMENT,
    ),
    Way("facts ansible-runner", ("-vvvv",), plays=WITH_FACTS, hosts=TWO, vaulted=True, runner=True, facts=("all",)),
)

WAYS_WITH_FACTS = [way for way in WAYS if way.facts]

# The message of the first task on each host. It proves that the host has the outcome in its name.
MESSAGES = {
    "echo_at_login": 'PAM Core responded with "Request refused: ***" (HTTP 400).',
    "echo_in_message": 'PAM Core responded with "Request refused: *** ***" (HTTP 400).',
    "echo_in_headers": "the response (HTTP 400, content type text/***",
    "echo_in_page": "the response (HTTP 400, content type text/html) is not from PAM Core's",
    "echo_without_http": LOST + NOT_HTTP,
    "wrong_secret": 'PAM Core responded with "Client authentication failed',
    "untrusted": UNSENT + UNTRUSTED,
    "unreachable": "no connection to 127.0.0.1 port ",
    "refused_by_proxy": f"{UNSENT}the proxy refused the connection: 407 Proxy Authentication",
}

every_way = pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])


@every_way
def test_no_secret_is_found(way: Way, runs: Runs) -> None:
    assert runs(way).searched.secrets() == []


@every_way
def test_control_mark_is_found_everywhere(way: Way, runs: Runs) -> None:
    """If a place were not searched, or a callback did not run, the test above could not fail."""
    expected = EVERYWHERE - {"artifacts of ansible-runner"}
    if way.runner:
        # ansible-runner keeps facts among its artifacts.
        expected = EVERYWHERE - {"cache of facts"}
    assert runs(way).searched.controls() == expected


@every_way
def test_each_host_had_its_outcome(way: Way, runs: Runs) -> None:
    hosts = way.hosts or ("success", *MESSAGES)
    results = runs(way).results("Single, secrets from variables")
    assert set(results) == set(hosts)
    assert {host for host, result in results.items() if result["failed"]} == {*hosts} - {"success"}
    for host in {*hosts} - {"success"}:
        assert MESSAGES[host] in results[host]["msg"]
    if "--check" not in way.arguments:
        checked = runs(way).results("Secrets are in what was registered, or it failed")
        assert {host: result["failed"] for host, result in checked.items()} == dict.fromkeys(hosts, False)
    # OAuth 1.0 and an access token need no login.
    listed = runs(way).results("List of sessions, OAuth 1.0 from arguments")
    ended = runs(way).results("End of sessions, access token from the environment of the task")
    for results in (listed, ended):
        assert {host for host, result in results.items() if result["failed"]} == {*hosts} - {"success", "echo_at_login"}


@pytest.mark.parametrize("way", WAYS_WITH_FACTS, ids=[way.name for way in WAYS_WITH_FACTS])
def test_facts_are_in_the_cache(way: Way, runs: Runs) -> None:
    """They are those of each host, before and after its sessions. They contain the control mark and no secret. Core
    makes them readable for every user of the machine."""
    run = runs(way)
    files = cached_facts(run)
    assert set(files) == {*TWO, "localhost", "jump"}
    for file in files.values():
        content = file.read_bytes()
        assert {found.kind for found in search("cache of facts", content)} == {CONTROL}
        assert (b"ansible_env" in content) == ("!env" not in way.facts)
        assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert not any(
        result["failed"] for result in run.results("Secrets are in what was registered beside facts").values()
    )


def test_system_log(perform: Callable[..., Run]) -> None:
    """The log of the machine. The other tests record what modules send to it, but not where it goes."""
    with SystemLog() as log:
        if log.why_not:
            pytest.skip(log.why_not)
        run = perform(Way("system log", plays=("debugged", "controls"), hosts=TWO), system_log=log)
    assert run.searched.secrets() == []
    assert "system log" in run.searched.controls()
