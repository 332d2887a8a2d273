# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin, loaded as core loads it. It runs on the controller, hides its result after a success, and leaves a
failure readable."""

from __future__ import annotations

import functools
import json
import os
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader, connection_loader

from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import SESSION_MAY_EXIST
from ansible_collections.pamops.senhasegura.plugins.plugin_utils import _action
from tests.messages import (
    CHECK_DEVICE,
    CREATING,
    MUST_BE_HTTPS,
    MUST_BE_PORT,
    NO_API_CREDENTIALS,
    NO_CREDENTIAL,
    NOT_VERIFIED,
    NOTHING_SENT,
    PLACEHOLDER,
    responded,
)
from tests.simulator import Simulator
from tests.unit.plugins.support import (
    CREATE,
    DATED,
    DIRECT,
    LOGIN,
    NAME,
    NOT_MADE,
    OAUTH2,
    OPENS,
    SESSION,
    SESSION_FACTS,
    SESSION_TOKEN,
    SESSION_URL,
    URL,
    WITH_LOGIN,
    Api,
    Call,
    minimal,
    run_action,
)

Run = Callable[..., tuple[dict[str, t.Any], Task]]
HIDDEN = "_ansible_no_log"


@pytest.fixture
def run() -> Run:
    return functools.partial(run_action, NAME)


def test_success_is_hidden(api: Api, run: Run) -> None:
    api.expect(CREATE._replace(json=SESSION, headers=DATED))
    result, task = run(DIRECT)
    assert result.pop("expires_at").endswith("Z")
    created = result.pop("created")
    assert created.pop("opens_from") in ("2026-01-31T12:00:00Z", "2026-01-31T11:59:59Z")
    assert created == {**SESSION_FACTS, "opens_until": OPENS["opens_until"]}
    assert result == {"changed": True, "session_url": SESSION_URL, "token": SESSION_TOKEN, HIDDEN: True}
    assert task.no_log is True


def test_failure_is_readable(api: Api, run: Run) -> None:
    api.expect(CREATE._replace(status=400, body=minimal(400, "1011: Device not found")))
    result, task = run(DIRECT)
    assert result == {
        "failed": True,
        "msg": f"{CREATING}{responded('Device not found', 400, 1011)} {CHECK_DEVICE}",
        "http_status": 400,
        "error_code": 1011,
        "session_may_exist": False,
    }
    assert not task.no_log


@pytest.mark.parametrize("status", [200, 400])
def test_callbacks_get_no_secret(api: Api, run: Run, status: int) -> None:
    """They get the task and its arguments, also after a success."""
    api.expect(LOGIN, CREATE._replace(status=status))
    _result, task = run(WITH_LOGIN)
    assert task.args == {**WITH_LOGIN, "client_secret": SHOWN}


SHOWN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_callbacks_get_no_possible_secret(run: Run) -> None:
    """An argument with a misspelt name may be a secret, and a URL may contain one."""
    given = {
        "client_secrett": "a secret",
        "system_url": "https://jdoe:a-secret@vault.example",
        "proxy": "http://jdoe:a-secret@proxy.example",
        "screensize": "800x600",
        "token_cache": True,
    }
    hidden = dict.fromkeys(("client_secrett", "system_url", "proxy"), SHOWN)
    result, task = run(given)
    assert result["failed"] is True
    assert "a-secret" not in result["msg"]
    assert task.args == {**given, **hidden}


@pytest.mark.parametrize("transport", [None, "ssh"])
def test_our_environment_is_hidden_from_callbacks_and_delegated_hosts(
    simulator: Simulator, vault: dict[str, t.Any], run: Run, transport: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Core puts the remaining variables on the command line of a delegated module."""
    seen = []
    execute = ActionBase._execute_module

    def record(action: ActionBase, **keywords: t.Any) -> t.Any:
        seen.append(action._task.environment)
        return execute(action, **keywords)

    monkeypatch.setattr(ActionBase, "_execute_module", record)
    secret = vault.pop("client_secret")
    environment = {"SENHASEGURA_CLIENT_SECRET": secret, "NO_PROXY": "127.0.0.1"}
    defaults = [{"group/pamops.senhasegura.senhasegura": {"client_secret": secret}}]
    delegated = {"delegate_to": "bastion"} if transport else {}
    result, task = run(vault, transport=transport, environment=[environment], module_defaults=defaults, **delegated)
    assert result["session_url"].startswith(f"{vault['url']}/")
    assert seen == ([[{"NO_PROXY": "127.0.0.1"}]] if transport else [])
    assert task.environment == [{"SENHASEGURA_CLIENT_SECRET": SHOWN, "NO_PROXY": "127.0.0.1"}]
    assert task.module_defaults == []


def test_placeholder_of_a_secret_is_not_sent(api: Api, run: Run) -> None:
    """The debugger passes the placeholder. *api* expects no request."""
    arguments = {**WITH_LOGIN, "client_secret": SHOWN, "validate_certs": SHOWN}
    result, _task = run(arguments, environment=[{"SENHASEGURA_TENANT": SHOWN}])
    assert result["msg"] == (
        f"{NOTHING_SENT}client_secret {PLACEHOLDER} tenant from the environment variable SENHASEGURA_TENANT "
        f"{PLACEHOLDER} validate_certs {PLACEHOLDER}"
    )


def test_callbacks_get_no_secret_if_core_rejects_the_task(run: Run) -> None:
    made: list[Task] = []
    with pytest.raises(AnsibleActionFail, match="async"):
        run(WITH_LOGIN, made=made, **{"async": 10})
    assert made[0].args["client_secret"] == SHOWN


def test_retry_by_until_keeps_the_secrets(api: Api, run: Run) -> None:
    """Each retry has a new action and the same task. The first action has removed the secrets from that task."""
    given = {name: value for name, value in WITH_LOGIN.items() if name != "client_id"}
    busy = CREATE._replace(status=503, body={"message": "Service unavailable"})
    api.expect(LOGIN._replace(form={"grant_type": "client_credentials", **OAUTH2}), busy, CREATE)
    result, task = run(given, environment=[{"SENHASEGURA_CLIENT_ID": OAUTH2["client_id"], "LANG": "C"}])
    assert result["failed"] is True
    result, task = run({}, task=task)
    assert result["session_url"] == SESSION_URL
    assert (task.args["client_secret"], task.environment) == (SHOWN, [{"SENHASEGURA_CLIENT_ID": SHOWN, "LANG": "C"}])


def test_failure_is_readable_after_a_successful_try(api: Api, run: Run) -> None:
    """``until`` can retry a task that succeeded."""
    api.expect(CREATE, CREATE._replace(status=400, body=minimal(400, "No")))
    _result, task = run(DIRECT)
    assert task.no_log is True
    result, task = run({}, task=task)
    assert (result["failed"], HIDDEN in result, bool(task.no_log)) == (True, False, False)


def test_unknown_outcome_sets_session_may_exist(api: Api, run: Run) -> None:
    api.expect(CREATE._replace(status=504, body=b""))
    result, task = run(DIRECT)
    assert (result["failed"], result["http_status"], result["session_may_exist"]) == (True, 504, True)
    assert not task.no_log


def test_failure_lists_all_invalid_options(api: Api, run: Run) -> None:
    result, task = run({"port": 0, "color": "red"}, {"senhasegura_url": "http://vault.example"})
    assert result["failed"] is True
    assert result["msg"] == (
        f"{NOTHING_SENT}Unknown option: color. "
        "user is missing or empty. device is missing or empty. protocol is missing or empty. "
        f"url from the variable senhasegura_url {MUST_BE_HTTPS} port {MUST_BE_PORT}0. "
        f"{NO_API_CREDENTIALS} {NO_CREDENTIAL}"
    )
    assert api.requests == []
    assert not task.no_log


@pytest.mark.parametrize(
    ("options", "calls"),
    [(WITH_LOGIN, [LOGIN]), (DIRECT, [Call("/", method="HEAD", status=302, body=b"", authorization="")])],
)
def test_check_mode(api: Api, run: Run, options: dict[str, t.Any], calls: list[Call]) -> None:
    api.expect(*calls)
    result, _task = run(options, check=True)
    nothing = {"session_url": None, "token": None, "expires_at": None, "created": NOT_MADE}
    assert result == {"changed": True, HIDDEN: True, **nothing}


def test_check_mode_validates_options(api: Api, run: Run) -> None:
    assert run({**DIRECT, "port": 0}, check=True)[0]["failed"] is True
    assert api.requests == []


def test_tasks_share_the_login(api: Api, run: Run) -> None:
    api.expect(LOGIN, CREATE, CREATE)
    for _number in range(2):
        assert run(WITH_LOGIN)[0]["session_url"] == SESSION_URL


def test_token_cache_off(api: Api, run: Run) -> None:
    api.expect(LOGIN, CREATE, LOGIN, CREATE)
    for _number in range(2):
        run({**WITH_LOGIN, "token_cache": False})


def test_environment_keyword(api: Api, run: Run) -> None:
    options = {name: value for name, value in DIRECT.items() if name not in ("url", "user")}
    before = dict(os.environ)
    api.expect(CREATE._replace(json={**SESSION, "user": "of the play's environment"}))
    run(options, environment={"SENHASEGURA_URL": URL, "SENHASEGURA_USER": "of the play's environment"})
    assert dict(os.environ) == before


def test_disabled_verification_warns(api: Api, run: Run, shown_warnings: list[str]) -> None:
    api.expect(CREATE, CREATE)
    run(DIRECT)
    assert shown_warnings == []
    run({**DIRECT, "validate_certs": False})
    assert shown_warnings == [NOT_VERIFIED]


def test_declares_no_connection_and_no_async(run: Run) -> None:
    action = action_loader.get(NAME, class_only=True)
    assert (action._requires_connection, action._supports_async, action.TRANSFERS_FILES) == (False, False, False)
    assert action._supports_check_mode is True


def test_delegation_to_the_controller_runs_no_module(api: Api, run: Run) -> None:
    api.expect(CREATE)
    assert run(DIRECT, delegate_to="localhost")[0]["session_url"] == SESSION_URL


def test_remote_host_is_not_contacted(api: Api, run: Run) -> None:
    api.expect(CREATE)
    assert run(DIRECT, transport="ssh")[0]["session_url"] == SESSION_URL


def test_module_runs_on_delegated_host(simulator: Simulator, vault: dict[str, t.Any], run: Run) -> None:
    """The connection is local, and only its transport says otherwise."""
    secret = vault["client_secret"]
    variables = {"senhasegura_client_secret": secret}
    options = {name: value for name, value in vault.items() if name != "client_secret"}
    result, task = run(options, variables, transport="ssh", delegate_to="bastion")
    assert result["session_url"].startswith(f"{vault['url']}/")
    assert result[HIDDEN] is True
    assert task.no_log is True
    assert "invocation" not in result
    assert [request.path for request in simulator.requests] == ["/api/oauth2/token", "/api/pam/remote/session"]

    result, task = run({**options, "device": "nowhere"}, variables, transport="ssh", delegate_to="bastion")
    assert result["failed"] is True
    assert result["msg"].startswith(f"{CREATING}PAM Core responded with ")
    assert HIDDEN not in result
    assert not task.no_log
    assert secret not in json.dumps(result, default=str)


@pytest.mark.parametrize("check", [False, True])
def test_delegated_host_dies(run: Run, tmp_path: Path, check: bool) -> None:
    """It dies while it sends the result. Output that is cut off is not shown. In check mode no session can exist."""
    python = tmp_path / "python"
    python.write_text(f"""#!/bin/sh\necho '{{"changed": true, "session_url": "{SESSION_URL}'\nexit 137\n""")
    python.chmod(0o755)
    variables = {"ansible_delegated_vars": {"bastion": {"ansible_python_interpreter": str(python)}}}
    result, task = run(DIRECT, variables, transport="ssh", delegate_to="bastion", check=check)
    assert (result["failed"], result["http_status"], result["error_code"]) == (True, None, None)
    assert result["session_may_exist"] is not check
    assert result["msg"].endswith(SESSION_MAY_EXIST) is not check
    assert result["module_stdout"] == "(hidden, because it may contain the module's result)"
    assert SESSION_URL not in json.dumps(result, default=str)
    assert not task.no_log


@pytest.mark.parametrize("check", [False, True])
def test_connection_breaks(run: Run, monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    """Connecting is retried as often as configured. The module runs once."""
    connection = connection_loader.get("ansible.builtin.local", class_only=True)
    options: dict[str, t.Any] = {"reconnection_retries": 3}
    commands: list[tuple[int, bool]] = []
    get_option = connection.get_option
    monkeypatch.setattr(_action, "_connected_hosts", set())

    def execute(_connection: t.Any, command: str, **_more: t.Any) -> tuple[int, bytes, bytes]:
        """The first command of a connection does nothing."""
        commands.append((options["reconnection_retries"], ":" in command.split("-c ")[-1]))
        if len(commands) == 1:
            return 0, b"", b""
        raise AnsibleConnectionFailure("Failed to connect to the host via ssh: ")

    monkeypatch.setattr(
        connection,
        "get_option",
        lambda self, name, **more: options[name] if name in options else get_option(self, name, **more),
    )
    monkeypatch.setattr(connection, "set_option", lambda _self, name, value: options.update({name: value}))
    monkeypatch.setattr(connection, "exec_command", execute)
    with pytest.raises(AnsibleConnectionFailure) as error:
        run(DIRECT, transport="ssh", delegate_to="bastion", check=check)
    broke = "Failed to connect to the host via ssh"
    said = f"{broke}. It is unknown whether the module had started. {SESSION_MAY_EXIST}"
    assert str(error.value).strip() == (f"{broke}:" if check else said)
    assert commands == [(3, True), (0, False)]
    assert options["reconnection_retries"] == 3
    with pytest.raises(AnsibleConnectionFailure):
        run(DIRECT, transport="ssh", delegate_to="bastion", check=check)
    assert commands[2:] == [(0, False)]  # as for the next item of a loop


def test_options_are_validated_before_a_delegated_host_is_contacted(run: Run) -> None:
    result, _task = run({**OAUTH2, **SESSION, "url": "http://x"}, transport="ssh", delegate_to="bastion")
    assert result["msg"].startswith(f"{NOTHING_SENT}url must begin")
