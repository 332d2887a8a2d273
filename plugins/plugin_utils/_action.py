# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every action plugin of this collection does: resolve options, work in this process or on a delegated host,
hide."""

from __future__ import annotations

import contextlib
import re
import typing as t
from collections.abc import Iterator, Mapping

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.utils.display import Display

from ..module_utils import _transport
from ..module_utils._client import connect
from ..module_utils._errors import NOT_VERIFIED, SenhaseguraError, sentences
from ..module_utils._operation import Operation
from ._config import environment, resolve, untyped_definitions
from ._run_memory import run_memory

display = Display()

_transport.prepare()  # in the process that all workers are forked from

reached: set[str] = set()
"""Delegated hosts to which this process has connected. A task has a process of its own for each of its hosts."""

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"  # as core has it


def definitions_name(lookup: str) -> str:
    """The name under which core knows a lookup's documented options. To be called once, in the process that all workers
    are forked from: it takes 20 ms."""
    name: str = lookup_loader.get(lookup, class_only=True)._load_name
    untyped_definitions(name)
    return name


def _may_be_secret(name: str, value: t.Any, spec: Mapping[str, t.Any]) -> bool:
    """True for what is no option too, since a secret's name may be misspelt, and for a URL with a password. And for the
    whole result of a task, where only its ``created`` was to be handed on."""
    if isinstance(value, dict) and {"session_url", "token"} & value.keys():
        return True
    option = next((known for key, known in spec.items() if name in (key, *known.get("aliases", ()))), {"no_log": True})
    return bool(option.get("no_log")) or (name in ("url", "system_url", "proxy") and "@" in str(value))


class RemoteAction(ActionBase):
    """Does a module's work on the controller, in this process; on another host only if the task is delegated to it.

    A subclass says which work that is.
    """

    # No connection is opened where none is needed, not even a persistent one to a network device.
    _requires_connection = False

    DEFINITIONS: t.ClassVar[str]
    OPERATION: t.ClassVar[Operation]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        arguments, task_environment = self._take()  # before core can refuse to run it in the background
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        try:
            with environment(task_environment):
                options = self._resolve(arguments, task_vars or {})
                if not self._is_elsewhere():
                    result.update(self._run_here(options))
        except SenhaseguraError as exc:
            result.update(self.OPERATION.failure(exc), failed=True)
            return result
        if self._is_elsewhere():
            return self._run_there(options, task_vars)
        self._hide(result)
        return result

    def _take(self) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
        """The task's arguments and environment, which are left there without the secrets.

        Callbacks get both, even under ``no_log``, and the module defaults, which are among the arguments by now. Core
        puts the environment on the command line of a delegated module, which has no use for our variables there. The
        next try of ``until`` has another action and the same task, so the task keeps them elsewhere too.
        """
        kept = vars(self._task)
        if "_senhasegura_given" not in kept:
            task_environment: dict[str, t.Any] = {}
            self._compute_environment_string(task_environment)
            kept["_senhasegura_given"] = self._task.args, task_environment, self._task.no_log
        arguments, task_environment, self._task.no_log = kept["_senhasegura_given"]  # a try before may have hidden it
        spec = self.OPERATION.spec["argument_spec"]
        self._task.args = {
            name: HIDDEN if _may_be_secret(name, value, spec) else value for name, value in arguments.items()
        }
        self._task.environment = [
            {name: value for name, value in task_environment.items() if not name.startswith("SENHASEGURA_")}
        ]
        self._task.module_defaults = []
        return arguments, task_environment

    def _resolve(self, arguments: Mapping[str, t.Any], variables: Mapping[str, t.Any]) -> dict[str, t.Any]:
        known = self.OPERATION
        return resolve(
            self.DEFINITIONS, known.spec, known.problems, arguments, variables, self._templar.template, known.filters
        )

    def _run_here(self, options: dict[str, t.Any]) -> dict[str, t.Any]:
        if not options["validate_certs"]:
            display.warning(NOT_VERIFIED)
        outcome = self.OPERATION.perform(connect(options, run_memory()), options, self._task.check_mode)
        for text in outcome.pop("warnings", ()):
            display.warning(text)
        return outcome

    def _is_elsewhere(self) -> bool:
        return bool(self._task.delegate_to) and self._connection.transport != "local"

    def _run_there(self, options: dict[str, t.Any], task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        """Run the module on the delegated host. Hidden beforehand too: connection plugins show a module's output at
        -vvv."""
        context = self._connection._play_context  # not the play context that the action itself has
        before = self._task.no_log, context.no_log
        try:
            with self._no_reconnection():
                self._task.no_log = context.no_log = True
                result: dict[str, t.Any] = self._execute_module(module_args=options, task_vars=task_vars)
        finally:
            self._task.no_log, context.no_log = before
        result.pop("invocation", None)
        if not result.get("failed"):
            self._hide(result)
            return result
        for name, value in result.items():
            if isinstance(value, str) and re.search('session_url|"token"', value):
                result[name] = "(hidden, since it holds a session)"
        if "http_status" not in result:
            self._add_what_is_unknown(result)
        return result

    @contextlib.contextmanager
    def _no_reconnection(self) -> Iterator[None]:
        """Connect, with as many retries as the connection has, then take them from it: where ssh breaks, they would run
        the module a second time, and so make a session a second time.

        Connecting takes a command of its own, so only the first item of a loop does it.
        """
        option = "reconnection_retries"
        try:
            retries = self._connection.get_option(option)
        except (KeyError, AnsibleError):  # no connection by ssh
            retries = None
        if retries is not None:
            if self._task.delegate_to not in reached:
                self._low_level_execute_command(":")
                reached.add(self._task.delegate_to)
            self._connection.set_option(option, 0)
        try:
            yield
        except AnsibleConnectionFailure as exc:
            if self._task.check_mode:
                raise
            said = str(exc).rstrip(": \n")
            unknown = "Whether the module had begun its work is not known"
            raise AnsibleConnectionFailure(sentences(said, unknown, self.OPERATION.if_lost)) from None
        finally:
            if retries is not None:
                self._connection.set_option(option, retries)

    def _add_what_is_unknown(self, result: dict[str, t.Any]) -> None:
        """The module died, or its output got lost on the way."""
        result.update(http_status=None, error_code=None)
        if self.OPERATION.makes_session:
            result["session_may_exist"] = not self._task.check_mode
        if not self._task.check_mode:
            result["msg"] = sentences(str(result.get("msg", "")), self.OPERATION.if_lost)

    def _hide(self, result: dict[str, t.Any]) -> None:
        """Keep a session out of every output. The mark on the task is for ansible-core 2.16 to 2.18, where the one
        on the result is lost when the results of a loop are put together."""
        if not self.OPERATION.makes_session:
            return
        result["_ansible_no_log"] = True
        self._task.no_log = True
