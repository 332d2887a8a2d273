# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module, its action plugin and its lookup share: the options, their rules, and the work."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Client, connect
from .._errors import NOT_VERIFIED, OUTCOME_UNKNOWN, OptionsError, SenhaseguraError
from .._options import spec
from .._options.connection import connection_problems
from .._options.spec import Options, Origins, argument_spec

Result = dict[str, t.Any]

Rules = Callable[[Mapping[str, t.Any], t.Optional[Origins]], list[str]]


def _no_rules(options: Mapping[str, t.Any], origins: Origins | None) -> list[str]:
    return []


class Operation(t.NamedTuple):
    """What can be done with a resource. The defaults are the safe case."""

    options: Options
    perform: Callable[[Client, Mapping[str, t.Any], bool], Result]
    """Does the work and returns the result, with ``changed``. The last argument is true in check mode.

    ``warnings`` in the result are printed as such. Raises the errors of :mod:`._errors`.
    """
    rules: Rules = _no_rules
    """Problems between options, as sentences."""
    exclusive: tuple[tuple[str, str], ...] = ()
    """Pairs of options that exclude each other."""
    public: bool = False
    """Whether results may be shown. By default, they are hidden in every output."""
    doubt: str = OUTCOME_UNKNOWN
    """What to tell the user if a module on another host reports no outcome."""
    doubt_key: str | None = None
    """The member of a failed task's result that says whether the outcome is unknown."""
    marks: re.Pattern[str] | None = None
    """A pattern that matches any text that contains a result of this operation. Arguments and module output that match
    are hidden."""
    lost: str = "Their results are lost."
    """What becomes of the results of earlier terms if a lookup fails."""
    placeholders: Callable[[Mapping[str, t.Any]], Result] | None = None
    """Members of a lookup's result in check mode, which a template can use without an error."""

    def problems(self, options: Mapping[str, t.Any], origins: Origins | None = None) -> list[str]:
        """All problems with converted options, as sentences."""
        return [
            *spec.problems(options, self.options, origins),
            *connection_problems(options, origins),
            *self.rules(options, origins),
        ]

    def run(self, client: Client, options: Mapping[str, t.Any], check_mode: bool) -> Result:
        """Perform it. Secrets are redacted in errors, warnings and public results."""
        with client.presentable_errors():
            result = self.perform(client, options, check_mode)
        shown = result if self.public else {"warnings": result["warnings"]} if "warnings" in result else {}
        return {**result, **client.presentable(shown)}

    def failure(self, exc: SenhaseguraError) -> Result:
        """What a failed task returns."""
        return {**exc.result(), **({self.doubt_key: exc.in_doubt} if self.doubt_key else {})}


def run_module(operation: Operation) -> None:
    """The ``main()`` of a module."""
    module = AnsibleModule(argument_spec(operation.options), supports_check_mode=True)
    failure = None
    try:
        problems = operation.problems(module.params)
        if problems:
            raise OptionsError(problems)
        if not module.params["validate_certs"]:
            module.warn(NOT_VERIFIED)
        result = operation.run(connect(module.params, check_mode=module.check_mode), module.params, module.check_mode)
    except SenhaseguraError as exc:
        failure = operation.failure(exc)
    if failure:  # outside of the except block, because core can print the chain of an exception that is handled
        module.fail_json(**failure)
    for text in result.pop("warnings", ()):
        module.warn(text)
    module.exit_json(**result)
