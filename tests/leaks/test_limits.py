# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-core shows whatever a collection does, so that the documentation of it stays true.

A test that fails because core shows less is good news: the limit goes from here and from the documentation.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import time
import typing as t
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.leaks import playbooks
from tests.leaks.conftest import CORE, PROGRAMS, Prepared, Run, Vaulted, Way, to_yaml
from tests.leaks.marks import Searched, bearer, search, secret


class Limit(t.NamedTuple):
    task: str
    what: str
    advice: str
    seen: Mapping[str, set[str]]
    """Which kinds of secrets are seen where: in the output of the task, by callbacks that are told of it."""
    since: tuple[int, int] = (2, 16)
    seen_before: Mapping[str, set[str]] = {}


SESSION = {"session URL", "session token"}

KNOWN_LIMITS = (
    Limit(
        "Show what was registered",
        "A task that is told to print what was registered prints it.",
        "Print single keys that are no secret, such as expires_at.",
        {"output": SESSION, "callbacks": SESSION},
    ),
    Limit(
        "Hand the URL to a task without no_log",
        "A later task that is given the URL or the token shows it; set_fact with cacheable writes it to the cache.",
        "Say no_log on each task that is given one, and make no cacheable fact of it.",
        {"output": {"session URL"}, "callbacks": {"session URL"}},
    ),
    Limit(
        "Hand the URL to a task with no_log",
        "Callback plugins get the arguments of each task, no_log or not.",
        "Use callback plugins that heed no_log, as those of ansible-core and of ansible-runner do.",
        {"callbacks": {"session URL"}},
    ),
    Limit(
        "Fail with the URL in spite of no_log",
        "The message of a task that fails is shown in spite of no_log.",
        "Do not put the URL or the token into a message of fail or assert.",
        {"output": {"session URL"}, "callbacks": {"session URL"}},
        since=(2, 19),
        seen_before={"callbacks": {"session URL"}},
    ),
    Limit(
        "Complain about a value",
        "A filter that is given what it does not expect quotes it in a warning, such as bool.",
        "Do not convert the URL or the token.",
        {"callbacks": {"session token"}},
        since=(2, 19),
    ),
    Limit(
        "Use a lookup without no_log",
        "A task that uses the lookup's value shows it.",
        "Say no_log on the task, or use the module.",
        {"output": {"session URL"}, "callbacks": {"session URL"}},
    ),
    Limit(
        "Show a difference",
        "With --diff or the keyword diff, what a template or a file gets is shown.",
        "Say no_log, or diff: false.",
        {"output": {"session URL"}, "callbacks": {"session URL"}},
    ),
    Limit(
        "Fail with an item that holds a secret",
        "An item of a loop is shown when it fails, whatever its label is.",
        "Loop over names, and look secrets up by them; or say no_log.",
        {"output": {"client secret"}, "callbacks": {"client secret"}},
    ),
    Limit(
        "Secret in the task, in plain text",
        "What stands in a task is told to callback plugins when the task starts. With display_args_to_stdout it is "
        "shown, the callback junit writes it, and core shows it where it quotes the playbook because a task failed.",
        "Let the task name a variable, and put the secret there.",
        {"output": {"wrong secret"}, "callbacks": {"wrong secret"}},
    ),
    Limit(
        "Secret in the task, inline in a vault",
        "What stands in a task inline in a vault is told to callback plugins when the task starts, and they decrypt it "
        "when they write it; with display_args_to_stdout it is shown, and the callback junit writes it.",
        "Let the task name a variable, and put the vault there.",
        {"output": {"OAuth 1.0 token secret"}, "callbacks": {"OAuth 1.0 token secret"}},
    ),
    Limit(
        "Secret that looks like a template",
        "A secret with {{, {% or {# in it is quoted by core when it fails to template an argument or the keyword "
        "environment; from ansible-core 2.19 on, as part of the file that it stands in, if that is not a vault.",
        "Mark it !unsafe.",
        {"output": {"client secret"}},
        since=(2, 19),
        seen_before={"output": {"client secret"}, "callbacks": {"client secret"}},
    ),
    Limit(
        "Delegate by a connection that is not there",
        "Where core cannot even load the connection plugin, no plugin of the collection is asked, and callback plugins "
        "get the arguments as they are.",
        "Give secrets as variables named senhasegura_… rather than as arguments.",
        {"callbacks": {"client secret"}},
    ),
    Limit(
        "Delegate with a proxy in the environment",
        "The task keyword environment of a delegated task is on the command lines of ssh and of the remote shell, at "
        "-vvv in the output, and told to callback plugins. The collection takes its own variables out, and no others.",
        "Give a proxy with a password as the variable senhasegura_proxy.",
        {"output": {"proxy password"}, "callbacks": {"proxy password"}},
    ),
)


def seen_of(run: Run, task: str) -> dict[str, set[str]]:
    """Which kinds of secrets are in the part of the output that is about this task, and in what callbacks were told."""
    parts = [part for part in re.split(r"^TASK \[", run.output, flags=re.MULTILINE)[1:] if part.startswith(task)]
    texts = {"output": "".join(parts), "callbacks": json.dumps(run.told(task))}
    found = {place: {one.kind for one in search(place, text.encode())} for place, text in texts.items()}
    return {place: kinds for place, kinds in found.items() if kinds}


@pytest.fixture(scope="module")
def run(perform: Callable[[Way], Run]) -> Run:
    inline = to_yaml(Vaulted(secret("OAuth 1.0 token secret"))).strip().replace("\n", "\n" + " " * 10)
    play = playbooks.LIMITS.replace("VAULTED", inline).replace("PLAIN", json.dumps(secret("wrong secret")))
    given = ("-e", f"my_access_token={bearer('access token')}")
    return perform(
        Way(
            "limits",
            ("-vvvv", *given),
            {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true", "ANSIBLE_PIPELINING": "true"},
            plays=("limits",),
            hosts=("success",),
            variables={"proxy_password": secret("proxy password")},
            own_plays={"limits": play},
        )
    )


@pytest.mark.parametrize("limit", KNOWN_LIMITS, ids=[limit.task for limit in KNOWN_LIMITS])
def test_of_a_task(limit: Limit, run: Run) -> None:
    assert run.told(limit.task)
    assert seen_of(run, limit.task) == (limit.seen if limit.since <= CORE else limit.seen_before)


def test_all_that_is_seen_is_known(run: Run) -> None:
    """No other task of the play, among them the one that gets the session, shows anything."""
    tasks = set(re.findall("- name: (.*)", playbooks.LIMITS.partition("tasks:")[2]))
    limits = {limit.task for limit in KNOWN_LIMITS}
    assert {task: seen_of(run, task) for task in tasks - limits if not task.startswith("End")} == {"Session": {}}


def test_cache_of_facts(run: Run) -> None:
    """See "Hand the URL to a task without no_log"."""
    assert "session URL" in {found.kind for found in run.searched.found if found.place == "cache of facts"}


def test_junit(run: Run) -> None:
    """See "Secret in the task"."""
    kinds = {found.kind for found in run.searched.found if found.place == "callback junit"}
    assert {"wrong secret", "OAuth 1.0 token secret"} <= kinds


def test_command_lines_of_delegated_tasks(run: Run) -> None:
    """See "Delegate with a proxy in the environment"."""
    seen = {found.kind for found in run.searched.found if found.place == "command lines"}
    assert "proxy password" in seen
    assert seen <= {"proxy password", "access token"}


def test_extra_variables(run: Run) -> None:
    """Those on the command line can be seen there by everybody on the machine, and at -vvvv in the output. A file of
    them, as in ``-e @secrets.yml``, is not shown."""
    before = run.output.partition("\nTASK [")[0]
    assert {found.kind for found in search("output", before.encode())} == {"access token"}
    assert "access token" in {found.kind for found in run.searched.found if found.place == "command lines"}


def test_debugging_a_delegated_task(perform: Callable[[Way], Run]) -> None:
    """With ANSIBLE_DEBUG, core prints what a module is given and returns; with ANSIBLE_KEEP_REMOTE_FILES, what it is
    given stays on the delegated host."""
    debugging = {"ANSIBLE_DEBUG": "true", "ANSIBLE_KEEP_REMOTE_FILES": "true"}
    run = perform(Way("debugged", (), debugging, plays=("debugged",), hosts=("success",)))
    seen: dict[str, set[str]] = {}
    for found in run.searched.found:
        seen.setdefault(found.place, set()).add(found.kind)
    assert seen == {
        "output": {"client secret", *SESSION},
        "remote temporary files": {"client secret"},
    }


def test_artifacts_of_ansible_runner(perform: Callable[[Way], Run]) -> None:
    """ansible-runner writes the environment that it gives to Ansible to its artifact "command", for its user alone."""
    run = perform(Way("artifacts", plays=("debugged",), hosts=("success",), by_environment=True, runner=True))
    assert {(found.kind, found.place) for found in run.searched.found} == {
        ("client secret", "artifacts of ansible-runner")
    }
    command = run.written / "artifacts" / "run" / "command"
    assert {found.kind for found in search("command", command.read_bytes())} == {"client secret"}
    assert stat.S_IMODE(command.stat().st_mode) == 0o600


def test_values_of_the_configuration(prepare: Callable[[Way], Prepared]) -> None:
    """ansible-config shows what the environment sets. ansible-core knows of no secret option."""
    way = Way("configuration", plays=("killed",), by_environment=True)
    _run, _command, environment = prepare(way)
    command = [str(PROGRAMS / "ansible-config"), "dump", "-t", "lookup", "pamops.senhasegura.pam_remote_session"]
    output = subprocess.check_output(command, env=environment, stderr=subprocess.STDOUT)
    assert {found.kind for found in search("output", output)} == {"client secret"}


def test_killed_run(prepare: Callable[[Way], Prepared]) -> None:
    """SIGKILL leaves the directory of the run, and with it the token: for the user alone, until it ends by itself."""
    run, command, environment = prepare(Way("killed", plays=("killed",), hosts=("success",)))
    local = run.written / "local"
    process = subprocess.Popen(
        command,
        cwd=run.written / "project",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while not (tokens := _files_with("issued token", local)) and time.monotonic() < end:
            assert process.poll() is None
            time.sleep(0.1)
    finally:
        while _kill_all_that_know(str(local)):  # and those that were forked meanwhile
            process.poll()
            time.sleep(0.1)
        process.wait(10)
    (token,) = tokens
    assert _files_with("issued token", local) == [token]
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE(token.parent.stat().st_mode) == 0o700
    searched = Searched()
    searched.folder(run.written, {})
    assert {found.kind for found in searched.found} == {"issued token"}


def _kill_all_that_know(path: str) -> bool:
    """Core's workers have sessions of their own, but the environment of the run. Say whether there were any."""
    found = False
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if path.encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
                found = True
    return found


def _files_with(kind: str, top: Path) -> list[Path]:
    return [
        path for path in top.rglob("*.json") if kind in {found.kind for found in search(str(path), path.read_bytes())}
    ]
