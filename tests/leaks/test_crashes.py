# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Core reports a bug of ours with all data that it has. This report contains no secret, wherever the bug is."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.leaks.conftest import Run, Way, copy_of_the_collection


class Bug(t.NamedTuple):
    """A bug before the line that starts with *before*. It raises for one value of the option ``timeout``."""

    file: str
    before: str
    timeout: str
    """The expression for that value."""
    kinds: tuple[str, ...]
    host: str = "success"
    device: str = "web01"


MODULE, TRANSPORT = "module_utils/_resources/operation.py", "module_utils/_http/transport.py"
SENDER, LOGIN, CLIENT = (f"module_utils/_api/{name}.py" for name in ("sender", "login", "client"))
RESOURCE = "module_utils/_resources/remote_session.py"
ACTION, LOOKUP = "plugin_utils/_action.py", "plugin_utils/_lookup.py"
HERE, ANYWHERE = ("task", "lookup"), ("task", "lookup", "delegated")

BUGS = {
    "options": Bug("plugin_utils/_resolve.py", "    found += operation.problems(", 'options["timeout"]', HERE),
    "sending": Bug(TRANSPORT, "        exchange = Exchange(deadline)", "deadline.seconds", ANYWHERE),
    "failing": Bug(TRANSPORT, "        if exchange.sent and", "deadline.seconds", ANYWHERE, host="echo_without_http"),
    "telling": Bug(SENDER, "                raise outcome_unknown(", "deadline.seconds", HERE, "echo_without_http"),
    "login": Bug(LOGIN, "        self._memory.write(self._key, issued_token(", "deadline.seconds", ANYWHERE),
    "refused": Bug(CLIENT, "            is_absent = exc", 'self._options["timeout"]', ANYWHERE, device="nowhere"),
    "session": Bug(RESOURCE, "    result = {", 'options["timeout"]', ANYWHERE),
    "action": Bug(ACTION, "        self._hide(result)", 'options["timeout"]', ("task",)),
    "back": Bug(ACTION, '        result.pop("invocation"', 'options["timeout"]', ("delegated",)),
    "module": Bug(MODULE, "    module.exit_json(", 'module.params["timeout"]', ("delegated",)),
    "lookup": Bug(LOOKUP, '        field = options.get("field"', 'options["timeout"]', ("lookup",)),
}
TIMEOUTS = {name: 100 + number for number, name in enumerate(BUGS)}
SAYS = "a bug of ours"

TASK = """
    - name: "{name}, {kind}"
      pamops.senhasegura.pam_remote_session:
        device: {bug.device}
        timeout: {timeout}
      when: inventory_hostname == "{bug.host}"
"""
DELEGATED = TASK.rstrip() + "\n      delegate_to: jump\n"
BY_LOOKUP = """
    - name: "{name}, {kind}"
      ansible.builtin.debug:
        msg: "{{{{ lookup('pamops.senhasegura.pam_remote_session', '{bug.device}', timeout={timeout}) | length }}}}"
      when: inventory_hostname == "{bug.host}"
"""
TEMPLATES = {"task": TASK, "delegated": DELEGATED, "lookup": BY_LOOKUP}
HEAD = """\
---
- name: Bugs
  hosts: success,echo_without_http
  gather_facts: false
  ignore_errors: true
  tasks:"""


def _with_bugs(folder: Path, says: str) -> Path:
    """Collections in which ours contains all bugs."""
    copy = copy_of_the_collection(folder)
    for name, bug in BUGS.items():
        path = copy / "plugins" / bug.file
        code = path.read_text(encoding="utf-8")
        line = f"\n{bug.before}"
        assert code.count(line) == 1, f"Choose another line for {bug}"
        indent = " " * (len(bug.before) - len(bug.before.lstrip()))
        lines = f"\n{indent}if {bug.timeout} == {TIMEOUTS[name]}:\n{indent}    raise RuntimeError({says})"
        path.write_text(code.replace(line, lines + line), encoding="utf-8")
    return folder


def _play(*names: str) -> str:
    return HEAD + "".join(
        TEMPLATES[kind].format(name=name, kind=kind, bug=BUGS[name], timeout=TIMEOUTS[name])
        for name in names
        for kind in BUGS[name].kinds
    )


def _way(play: str) -> Way:
    return Way(
        "crashes",
        ("-vvv",),
        {"ANSIBLE_DISPLAY_TRACEBACK": "always", "ANSIBLE_PIPELINING": "true"},
        plays=("crashes",),
        variables={"senhasegura_token_cache": False},  # so that each task logs in
        own_plays={"crashes": play},
    )


@pytest.fixture(scope="module")
def run(perform: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return perform(_way(_play(*BUGS)), _with_bugs(tmp_path_factory.mktemp("bugs"), f'"{SAYS}"'))


def test_no_secret_is_found(run: Run) -> None:
    assert run.searched.secrets() == []


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, bug in BUGS.items() for kind in bug.kinds])
def test_core_reports_the_crash(name: str, kind: str, run: Run) -> None:
    result = run.results(f"{name}, {kind}")[BUGS[name].host]
    assert result["failed"]
    assert SAYS in json.dumps(result)


def test_crash_with_a_secret_is_found(perform: Callable[..., Run], tmp_path: Path) -> None:
    """Otherwise the test above could not fail. Our own code raises no exception that contains its input."""
    run = perform(_way(_play("session")), _with_bugs(tmp_path, "str(reply.data)"))
    found = {(found.kind, found.place) for found in run.searched.found}
    for place in ("output", "log", "callback that dumps everything"):
        assert {("session URL", place), ("session token", place)} <= found
