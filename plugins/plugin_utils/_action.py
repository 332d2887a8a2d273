# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every action plugin of this collection does: resolve options, work in this process or on a delegated host,
hide."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.utils.display import Display

from ..module_utils._client import Client, connect
from ..module_utils._errors import NOT_VERIFIED, SESSION_MAY_EXIST, SenhaseguraError, sentences
from ..module_utils._options import SECRETS
from ._config import Problems, environment, resolve, untyped_definitions
from ._run_memory import run_memory

display = Display()

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"  # as core has it


def definitions_name(lookup: str) -> str:
    """The name under which core knows a lookup's documented options. To be called once, in the process that all workers
    are forked from: it takes 20 ms."""
    name: str = lookup_loader.get(lookup, class_only=True)._load_name
    untyped_definitions(name)
    return name


def _is_secret(name: str, value: t.Any) -> bool:
    return name in SECRETS or (name == "proxy" and "@" in str(value))


class RemoteAction(ActionBase):
    """Does a module's work on the controller, in this process; on another host only if the task is delegated to it.

    A subclass says which work that is.
    """

    # No connection is opened where none is needed, not even a persistent one to a network device.
    _requires_connection = False

    DEFINITIONS: t.ClassVar[str]
    SPEC: t.ClassVar[Mapping[str, t.Any]]
    PROBLEMS: t.ClassVar[Problems]
    PERFORM: t.ClassVar[Callable[[Client, Mapping[str, t.Any]], dict[str, t.Any]]]
    PROBE: t.ClassVar[Callable[[Client], dict[str, t.Any]]]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        task_environment: dict[str, t.Any] = {}
        self._compute_environment_string(task_environment)
        with environment(task_environment):
            try:
                options = self._resolve(self._take_arguments(), task_vars or {})
                if self._is_elsewhere():
                    return self._run_there(options, task_vars)
                result.update(self._run_here(options))
            except SenhaseguraError as exc:
                result.update(exc.result(), failed=True)
                return result
        self._hide(result)
        return result

    def _take_arguments(self) -> dict[str, t.Any]:
        """The task's arguments, which are left there without the secrets: callbacks get them, even under ``no_log``.

        The next try of ``until`` has another action and the same task, so the task keeps them elsewhere too.
        """
        arguments: dict[str, t.Any] = vars(self._task).setdefault("_senhasegura_arguments", self._task.args)
        self._task.args = {name: HIDDEN if _is_secret(name, value) else value for name, value in arguments.items()}
        return arguments

    def _resolve(self, arguments: Mapping[str, t.Any], variables: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return resolve(self.DEFINITIONS, self.SPEC, type(self).PROBLEMS, arguments, variables, self._templar.template)

    def _run_here(self, options: dict[str, t.Any]) -> dict[str, t.Any]:
        if not options["validate_certs"]:
            display.warning(NOT_VERIFIED)
        client = connect(options, run_memory())
        outcome = type(self).PROBE(client) if self._task.check_mode else type(self).PERFORM(client, options)
        return {"changed": True, **outcome}

    def _is_elsewhere(self) -> bool:
        return bool(self._task.delegate_to) and self._connection.transport != "local"

    def _run_there(self, options: dict[str, t.Any], task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        """Run the module on the delegated host. Hidden beforehand too: connection plugins show a module's output at
        -vvv."""
        connection = self._connection._play_context  # not the play context that the action itself has
        before = self._task.no_log, connection.no_log
        self._task.no_log = connection.no_log = True
        try:
            result: dict[str, t.Any] = self._execute_module(module_args=options, task_vars=task_vars)
        finally:
            self._task.no_log, connection.no_log = before
        result.pop("invocation", None)
        if result.get("failed") or result.get("unreachable"):
            result.pop("_ansible_no_log", None)
            if "session_url" in str(result.get("module_stdout")):
                result["module_stdout"] = "(hidden, since it holds a session)"
            if result.get("failed") and "session_may_exist" not in result:
                # The module died, or its output got lost on the way.
                result.update(http_status=None, error_code=None, session_may_exist=not self._task.check_mode)
                if not self._task.check_mode:
                    result["msg"] = sentences(str(result.get("msg", "")), SESSION_MAY_EXIST)
        else:
            self._hide(result)
        return result

    def _hide(self, result: dict[str, t.Any]) -> None:
        """Keep a success out of every output. The mark on the task is for ansible-core 2.16 to 2.18, where the one
        on the result is lost when the results of a loop are put together."""
        result["_ansible_no_log"] = True
        self._task.no_log = True
