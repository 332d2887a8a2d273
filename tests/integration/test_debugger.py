# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""If Ansible's debugger repeats a task, it sends the same secrets or nothing. It shows no secret as an argument of a
task."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.integration.conftest import leaks, reach
from tests.messages import NOTHING_SENT, PLACEHOLDER

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play
    from tests.simulator import Simulator

REDO = "task.args['device'] = 'web01'\nredo\n"
LOOK = "p task.args\np task.environment\np task_vars.get('nothing')\n"
HIDDEN = f"{NOTHING_SENT}client_secret{{}} {PLACEHOLDER}"


def task(arguments: str = "", **keywords: t.Any) -> str:
    more = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in keywords.items())
    return f"- name: Get a session\n  pamops.senhasegura.pam_remote_session: {{device: nowhere{arguments}}}\n{more}"


REPEATED = {
    "variable": (task(), {}),
    "argument": (task(", client_secret: '{{ secret }}'"), {"senhasegura_client_secret": "another"}),
    "part of a variable": (task(", client_secret: '{{ all.secret }}'"), {"senhasegura_client_secret": ""}),
    "variable of the task": (task(", client_secret: '{{ mine }}'", vars={"mine": "{{ secret }}"}), {}),
    "environment": (
        task(environment={"SENHASEGURA_CLIENT_SECRET": "{{ secret }}"}),
        {"senhasegura_client_secret": ""},
    ),
    "module defaults": (
        task(module_defaults={"pamops.senhasegura.pam_remote_session": {"client_secret": "{{ all['secret'] }}"}}),
        {"senhasegura_client_secret": ""},
    ),
}


@pytest.mark.parametrize("way", REPEATED)
def test_redo(play: Play, vault: Simulator, way: str) -> None:
    tasks, more = REPEATED[way]
    variables = reach(vault, token_cache=False)
    secret = variables["senhasegura_client_secret"]
    variables |= {"secret": secret, "all": {"secret": secret}, **more}
    played = play(tasks, variables=variables, typed=f"{LOOK}{REDO}", debugger="on_failed")
    assert played.succeeded().results("Get a session"), played.output
    logins = [request for request in vault.requests if request.path.endswith("/oauth2/token")]
    assert [request.status for request in logins] == [200, 200]
    assert leaks(vault, played) == set()


FROM_ENVIRONMENT = " from the environment variable SENHASEGURA_CLIENT_SECRET"
NOT_REPEATED = {
    "all arguments": (task(args="{{ given }}"), ""),
    "whole environment": (task(environment="{{ given_environment }}"), FROM_ENVIRONMENT),
    "literal": (task(", client_secret: '{secret}'"), ""),
    "expression": (task(", client_secret: \"{{ '{secret}' | trim }}\""), ""),
    "environment": (task(environment={"SENHASEGURA_CLIENT_SECRET": "{secret}"}), FROM_ENVIRONMENT),
    "module defaults": (
        task(module_defaults={"pamops.senhasegura.pam_remote_session": {"client_secret": "{secret}"}}),
        "",
    ),
}


@pytest.mark.parametrize("way", NOT_REPEATED)
def test_redo_without_the_secret_sends_nothing(play: Play, vault: Simulator, way: str) -> None:
    tasks, origin = NOT_REPEATED[way]
    variables = reach(vault, token_cache=False)
    secret = variables.pop("senhasegura_client_secret")
    variables |= {"given": {"client_secret": secret}, "given_environment": {"SENHASEGURA_CLIENT_SECRET": secret}}
    played = play(
        tasks.replace("{secret}", secret), variables=variables, typed=f"{LOOK}{REDO}quit\n", debugger="on_failed"
    )
    assert [result["msg"] for result in played.results("Get a session")][1:] == [HIDDEN.format(origin)], played.output
    assert [request.status for request in vault.requests if request.path.endswith("/oauth2/token")] == [200]
    assert (
        secret not in played.output
    )  # core gives callbacks the literal arguments of the playbook before the task runs


SHOWN = {
    "task.args": set(),
    "task_vars['senhasegura_client_secret']": {"client secret in output"},
    "vars(result) if hasattr(result, '_result') else result.utr": {"session URL in output", "session token in output"},
}
"""The data that core gives the debugger, and what they contain."""


@pytest.mark.parametrize("what", SHOWN)
def test_variables_and_results_are_shown(play: Play, vault: Simulator, what: str) -> None:
    """The security guide lists this as not protected."""
    played = play(
        task().replace("nowhere", "web01"), variables=reach(vault), typed=f"p {what}\ncontinue\n", debugger="always"
    )
    assert leaks(vault, played) == SHOWN[what], played.output
