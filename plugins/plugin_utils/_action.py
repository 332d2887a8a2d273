# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the action plugins: resolve options, work in this process or on a delegated host, hide the result."""

from __future__ import annotations

import contextlib
import re
import typing as t
from collections.abc import Iterator, Mapping

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var

from ..module_utils._api.client import connect
from ..module_utils._api.redaction import HIDDEN
from ..module_utils._errors import NOT_VERIFIED, SenhaseguraError, join_sentences
from ..module_utils._http import tls
from ..module_utils._resources.operation import Operation
from ._resolve import environment, resolve
from ._run_memory import run_memory
from ._untemplated import Untemplated, is_reference, untemplated

display = Display()

tls.preload()  # in the process that all workers are forked from

_connected_hosts: set[str] = set()
"""Delegated hosts to which this process has connected. Each task has its own process for each of its hosts."""


def load_early(lookup: str) -> None:
    """Load a lookup in the process that all workers are forked from, and its documentation with it.

    Measured with 100 hosts, a lookup after a task takes 2.5 s instead of 8.4 s (ansible-core 2.16).
    """
    lookup_loader.get(lookup, class_only=True)


def _may_be_secret(name: str, value: t.Any, operation: Operation) -> bool:
    """Whether callbacks must not see an argument: a secret; an unknown option, whose name may be a misspelt secret's; a
    URL with a password; a hidden result, or a string that contains one.
    """
    if _holds(operation.marks, value):
        return True
    option = next((known for key, known in operation.options.items() if name in (key, *known.aliases)), None)
    if option is None or option.secret:
        return True
    if option.members and not (isinstance(value, Mapping) and value.keys() <= set(option.members)):
        return True
    return option.is_url and "@" in str(value)


def _holds(marks: re.Pattern[str] | None, value: t.Any) -> bool:
    """Whether *value*, or anything in it, has one of the *marks*. Keys are
    compared in JSON's form, with quotes, because the marks contain quotes."""
    if marks is None:
        return False
    if isinstance(value, str):
        return marks.search(value) is not None
    if isinstance(value, Mapping):
        return any(marks.search(f'"{key}"') or _holds(marks, item) for key, item in value.items())
    return isinstance(value, (list, tuple)) and any(_holds(marks, item) for item in value)


def _is_ours(variable: str) -> bool:
    return variable.startswith("SENHASEGURA_")


def _without_secret(written: t.Any) -> t.Any:
    """What callbacks see of a secret: the template from which it came, if that is a single variable, marked so that it
    is never templated; otherwise Ansible's placeholder."""
    return wrap_var(written) if is_reference(written) else HIDDEN


class RemoteAction(ActionBase):
    """Does a module's work on the controller, in this process; on another host only if the task is delegated to it.

    A subclass says which work that is.
    """

    # No connection is opened where none is needed, not even a persistent one to a network device.
    _requires_connection = False

    OPERATION: t.ClassVar[Operation]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # Before super().run(), in which core may refuse to run the task in the background.
        arguments, task_environment, written = self._strip_secrets()
        try:
            return self._run(arguments, task_environment, written, tmp, task_vars)
        finally:
            self._task.environment = [
                {
                    name: _without_secret(written.environment.get(name)) if _is_ours(name) else value
                    for name, value in task_environment.items()
                }
            ]

    def _run(
        self,
        arguments: dict[str, t.Any],
        task_environment: dict[str, t.Any],
        written: Untemplated,
        tmp: str | None,
        task_vars: dict[str, t.Any] | None,
    ) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        try:
            with environment(task_environment):
                options = self._resolve(arguments, task_vars or {}, written)
                if not options["validate_certs"]:
                    display.warning(NOT_VERIFIED)
                if not self._is_elsewhere():
                    result.update(self._run_here(options))
        except SenhaseguraError as exc:
            result.update(self.OPERATION.failure(exc), failed=True)
            return result
        if self._is_elsewhere():
            return self._run_there(options, task_vars)
        self._hide(result)
        return result

    def _strip_secrets(self) -> tuple[dict[str, t.Any], dict[str, t.Any], Untemplated]:
        """Take the task's arguments and environment with their templates, and leave copies without secrets.

        Callbacks see the arguments, the environment and the module defaults, even under ``no_log``. The arguments
        already include the module defaults. Core puts the environment on the command line of a delegated module, which
        does not need our variables. A retry by ``until`` creates a new action for the same task, so the originals are
        kept on the task.
        """
        kept = vars(self._task)
        if "_senhasegura_given" not in kept:
            task_environment: dict[str, t.Any] = {}
            self._compute_environment_string(task_environment)
            kept["_senhasegura_given"] = self._task.args, task_environment, self._task.no_log
        # An earlier attempt of ``until`` may have set no_log.
        arguments, task_environment, self._task.no_log = kept["_senhasegura_given"]
        written = untemplated(self._task, task_environment)
        arguments = self._with_secrets(arguments, written.arguments)
        task_environment = self._with_secrets(task_environment, written.environment)
        self._task.args = {
            name: _without_secret(written.arguments.get(name)) if _may_be_secret(name, value, self.OPERATION) else value
            for name, value in arguments.items()
        }
        self._task.environment = [{name: value for name, value in task_environment.items() if not _is_ours(name)}]
        self._task.module_defaults = []
        return arguments, task_environment, written

    def _with_secrets(self, given: Mapping[str, t.Any], written: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """After the debugger's ``redo``, *given* has references in place of secrets. Template them again."""
        return {
            name: self._templar.template(written[name]) if is_reference(value) and value == written.get(name) else value
            for name, value in given.items()
        }

    def _resolve(
        self, arguments: Mapping[str, t.Any], variables: Mapping[str, t.Any], written: Untemplated
    ) -> dict[str, t.Any]:
        return resolve(self.OPERATION, arguments, variables, self._templar.template, written)

    def _run_here(self, options: dict[str, t.Any]) -> dict[str, t.Any]:
        client = connect(options, run_memory(), self._task.check_mode)
        outcome = self.OPERATION.run(client, options, self._task.check_mode)
        for text in outcome.pop("warnings", ()):
            display.warning(text)
        return outcome

    def _is_elsewhere(self) -> bool:
        return bool(self._task.delegate_to) and self._connection.transport != "local"

    def _run_there(self, options: dict[str, t.Any], task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        """Run the module on the delegated host. Hide its output while it runs too: connection plugins print it at
        ``-vvv``."""
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
        has_no_outcome = "http_status" not in result
        for name, value in result.items():
            if isinstance(value, str) and self._may_hold_result(value, has_no_outcome):
                result[name] = "(hidden, because it may contain the module's result)"
        if has_no_outcome:
            self._add_what_is_unknown(result)
        return result

    def _may_hold_result(self, text: str, has_no_outcome: bool) -> bool:
        """Whether a string of the module's output must not be shown. If the module reported no outcome, its output may
        contain the result in any form."""
        return _holds(self.OPERATION.marks, text) or (has_no_outcome and not self.OPERATION.public and "{" in text)

    @contextlib.contextmanager
    def _no_reconnection(self) -> Iterator[None]:
        """Connect with the connection's retries, then disable them: after a lost SSH connection, they would run the
        module a second time.

        Connecting takes an extra command, so only the first item of a loop does it.
        """
        option = "reconnection_retries"
        try:
            retries = self._connection.get_option(option)
        except (KeyError, AnsibleError):  # no connection by ssh
            retries = None
        if retries is not None:
            if self._task.delegate_to not in _connected_hosts:
                self._low_level_execute_command(":")
                _connected_hosts.add(self._task.delegate_to)
            self._connection.set_option(option, 0)
        try:
            yield
        except AnsibleConnectionFailure as exc:
            if self._task.check_mode:
                raise
            said = str(exc).rstrip(": \n")
            unknown = "It is unknown whether the module had started"
            raise AnsibleConnectionFailure(join_sentences(said, unknown, self.OPERATION.doubt)) from None
        finally:
            if retries is not None:
                self._connection.set_option(option, retries)

    def _add_what_is_unknown(self, result: dict[str, t.Any]) -> None:
        """The module died, or its output was lost."""
        result.update(http_status=None, error_code=None)
        if self.OPERATION.doubt_key:
            result[self.OPERATION.doubt_key] = not self._task.check_mode
        if not self._task.check_mode:
            result["msg"] = join_sentences(str(result.get("msg", "")), self.OPERATION.doubt)

    def _hide(self, result: dict[str, t.Any]) -> None:
        """Keep the result out of every output, unless it is public.

        ansible-core 2.16 to 2.18 need the mark on the task: they drop the one on the result when they combine the
        results of a loop.
        """
        if self.OPERATION.public:
            return
        result["_ansible_no_log"] = True
        self._task.no_log = True
