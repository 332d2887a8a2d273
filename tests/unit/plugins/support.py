# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shared by the tests of several plugins: PAM Core's responses, expected requests, and the module's real ``main()``."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import typing as t
from collections.abc import Callable, Iterator, Mapping
from unittest import mock
from urllib.parse import parse_qsl

import pytest
import urllib3
from ansible.module_utils import basic
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugin_loader
from ansible.plugins.loader import action_loader, connection_loader, lookup_loader
from ansible.template import Templar

from ansible_collections.pamops.senhasegura.plugins.modules import pam_remote_session
from tests.faults.envelopes import NO_RESOURCE, NO_ROUTE, full, minimal, numbered
from tests.faults.raw import RawServer, http_answer, reset

# Tests of plugins import everything from here.
__all__ = ["NO_RESOURCE", "NO_ROUTE", "RawServer", "full", "http_answer", "minimal", "numbered", "reset"]

NAME = "pamops.senhasegura.pam_remote_session"
INFO = "pamops.senhasegura.pam_remote_session_info"
TERMINATE = "pamops.senhasegura.pam_remote_session_terminate"
URL = "https://vault.example"
SESSION_URL = "https://vault.example/modulos/auth?_sr=cmJzOmFiYw+/=="
SESSION_TOKEN = "5e55" * 16
ISSUED = "issued-token-0123456789"

SESSION: dict[str, t.Any] = {"user": "jdoe", "device": "web01", "protocol": "SSH", "credential": "root"}
BEARER: dict[str, t.Any] = {"access_token": "bearer-0123456789"}
OAUTH2: dict[str, t.Any] = {"client_id": "an-id", "client_secret": "a client's secret/+&"}
OAUTH1: dict[str, t.Any] = {
    "consumer_key": "a-consumer-key",
    "consumer_secret": "a-consumer-secret",
    "token_key": "a-token-key",
    "token_secret": "a-token-secret",
}
# A single request: no login, no search for the path
DIRECT: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **BEARER, **SESSION}
WITH_LOGIN: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **OAUTH2, **SESSION}


# Responses of PAM Core


CREATED = minimal(
    200, "Session created successfully", False, session={"session_url": SESSION_URL, "token": SESSION_TOKEN}
)
CREATED_FULL = full(
    200, "Session created successfully", 0, False, session={"session_url": SESSION_URL, "token": SESSION_TOKEN}
)
LOGGED_IN = {"token_type": "Bearer", "expires_in": 3600, "access_token": ISSUED}


# Facts by which the session of SESSION can be found later. In check mode the times are None.
OPENS: dict[str, t.Any] = {"opens_from": "2026-01-31T12:00:00Z", "opens_until": "2026-01-31T12:00:31Z"}
SESSION_FACTS: dict[str, t.Any] = {**SESSION, "remote_device": None, "remote_addr": None}
NOT_MADE: dict[str, t.Any] = {**SESSION_FACTS, "opens_from": None, "opens_until": None}
DATED = {"Content-Type": "application/json", "Date": "Sat, 31 Jan 2026 12:00:00 GMT"}
"""Headers of a response at that time, by PAM Core's clock."""


def record(**changes: t.Any) -> dict[str, t.Any]:
    """A running session, as PAM Core lists it."""
    return {
        "id": "31",
        "user": "jdoe",
        "origin_ip": "192.0.2.10",
        "credential": "root",
        "device": "web01:22",
        "protocol": "ssh",
        "proxy": "Web Proxy",
        "session_id": "a1" * 20,
        "start": "2026-01-31 12:00:05",
        "end": None,
        "time": None,
        "prevent_purge": "No",
        "request": None,
        "ITSM": None,
        **changes,
    }


def numbered_record(number: int, **changes: t.Any) -> dict[str, t.Any]:
    return record(id=str(number), session_id=f"{number:02}" * 20, **changes)


ENDED = {"end": "2026-01-31 12:10:05", "time": "00:10:00"}


def listed(*records: t.Any, key: str = "remote_sessions") -> dict[str, t.Any]:
    return full(200, "", 0, False, **{key: list(records)})


NO_SESSION = numbered(400, 1002, "Session not found")
DROPPED = minimal(200, "Sessão interrompida com sucesso", False)
NOT_DROPPED = full(500, "An error occurred while droping session", 1)


# Expected requests, in order


class Call(t.NamedTuple):
    """An expected request, and its response. Fields that are None are not compared."""

    path: str
    status: int = 200
    body: t.Any = CREATED
    headers: Mapping[str, str] = {"Content-Type": "application/json"}
    method: str = "POST"
    form: Mapping[str, str] | None = None
    json: Mapping[str, t.Any] | None = None
    authorization: str | None = None


LOGIN = Call("/iso/oauth2/token", body=LOGGED_IN)
CREATE = Call("/iso/remote/session")
LIST = Call("/iso/session/remotesessions", method="GET", headers=DATED)
DROP = Call("/iso/session/drop/", method="DELETE", body=DROPPED)


def listing(*records: t.Any) -> Call:
    return LIST._replace(body=listed(*records))


def getting(number: int, *records: t.Any) -> Call:
    return LIST._replace(path=f"{LIST.path}/{number}", body=listed(*records, key="remote_session"))


def dropping(number: int, **changes: t.Any) -> Call:
    return DROP._replace(path=f"{DROP.path}{f'{number:02}' * 20}", **changes)


def header(request: t.Any, name: str) -> str:
    """The value of a header. requests-oauthlib converts it to bytes."""
    value = request.headers.get(name, "")
    return value if isinstance(value, str) else value.decode("ascii")


class Api:
    """Takes the place at which requests hands a request to the network. Each request must be the next expected one."""

    def __init__(self) -> None:
        self.expected: list[Call] = []
        self.requests: list[t.Any] = []
        self.arguments: list[dict[str, t.Any]] = []

    def expect(self, *calls: Call) -> Api:
        self.expected.extend(calls)
        return self

    @property
    def paths(self) -> list[str]:
        return [request.path_url for request in self.requests]

    def send(self, adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        self.requests.append(request)
        self.arguments.append(arguments)
        assert self.expected, f"Nothing was expected, but {request.method} {request.url}"
        call = self.expected.pop(0)
        assert (request.method, request.url) == (call.method, URL + call.path)
        if call.form is not None:
            assert header(request, "Content-Type") == "application/x-www-form-urlencoded"
            assert dict(parse_qsl(request.body, keep_blank_values=True, strict_parsing=True)) == call.form
        if call.json is not None:
            assert header(request, "Content-Type") == "application/json"
            assert json.loads(request.body) == call.json
        if call.authorization is not None:
            assert header(request, "Authorization") == call.authorization
        if isinstance(call.body, BaseException):
            raise call.body
        body = call.body if isinstance(call.body, bytes) else json.dumps(call.body).encode()
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(body), headers=dict(call.headers), status=call.status, preload_content=False
        )
        return adapter.build_response(request, raw)


# The module


@contextlib.contextmanager
def _patch_module_args(args: dict[str, t.Any] | None = None) -> Iterator[None]:
    """For ansible-core before 2.19, which lacks this function."""
    text = json.dumps({"ANSIBLE_MODULE_ARGS": args or {}}).encode()
    with mock.patch.object(basic, "_ANSIBLE_ARGS", text):
        yield


try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    patch_module_args = _patch_module_args

RunModule = Callable[..., dict[str, t.Any]]


def run_module(
    capsys: pytest.CaptureFixture[str],
    options: Mapping[str, t.Any],
    check: bool = False,
    module: t.Any = pam_remote_session,
) -> dict[str, t.Any]:
    """What the module prints if its ``main()`` runs with these options."""
    capsys.readouterr()
    internal = {"_ansible_check_mode": check, "_ansible_no_log": True}  # the latter keeps it out of the system log
    with patch_module_args({**options, **internal}), pytest.raises(SystemExit) as end:
        module.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    assert end.value.code == (1 if result.get("failed") else 0)
    return result


# The plugins of the controller


def run_action(
    name: str,
    options: Mapping[str, t.Any],
    variables: Mapping[str, t.Any] | None = None,
    transport: str | None = None,
    check: bool = False,
    made: list[Task] | None = None,
    task: Task | None = None,
    **keywords: t.Any,
) -> tuple[dict[str, t.Any], Task]:
    """Run the action plugin as core does, and return its result and its task. The task is appended to *made* too, for
    tests in which the action raises. *transport* replaces the name of the connection's transport. If *task* was run
    before, this is its retry by ``until``."""
    loader = DataLoader()
    if task is None:
        task = Task.load({name: {}, "check_mode": check, **keywords}, loader=loader)
        task.args = dict(options)  # as it is after core has templated them
    if made is not None:
        made.append(task)
    context = PlayContext()
    context.check_mode = check
    connection = connection_loader.get("ansible.builtin.local", context, os.devnull)
    connection.transport = transport or "local"
    interpreter = {"ansible_python_interpreter": sys.executable}
    variables = {**interpreter, "ansible_delegated_vars": {"bastion": interpreter}, **(variables or {})}
    action = action_loader.get(
        name,
        task=task,
        connection=connection,
        play_context=context,
        loader=loader,
        templar=Templar(loader=loader, variables=variables),
        shared_loader_obj=plugin_loader,
    )
    return action.run(task_vars=variables), task


def run_lookup(name: str, terms: t.Any, variables: Mapping[str, t.Any] | None = None, **options: t.Any) -> list[t.Any]:
    variables = dict(variables or {})
    loader = DataLoader()
    plugin = lookup_loader.get(name, loader=loader, templar=Templar(loader=loader, variables=variables))
    result: list[t.Any] = plugin.run(terms, variables=variables, **options)
    return result
