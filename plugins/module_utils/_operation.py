# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module and its action plugin share: the options, their rules, and the work."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Collection, Mapping

from ansible.module_utils.basic import AnsibleModule

from ._client import Client, connect
from ._errors import NOT_VERIFIED, OUTCOME_UNKNOWN, OptionsError, SenhaseguraError
from ._options import Options, argument_spec


class Operation(t.NamedTuple):
    options: Options
    problems: Callable[..., list[str]]
    """All problems with the options, as sentences. The second argument has the origins, if they are known."""
    perform: Callable[[Client, Mapping[str, t.Any], bool], dict[str, t.Any]]
    """Does the work and returns the result, with ``changed``. The last argument is true in check mode.

    ``warnings`` in the result are printed as such. Raises the errors of :mod:`_errors`.
    """
    public: bool = False
    """Whether results may be shown. By default, they are hidden in every output."""
    doubt: str = OUTCOME_UNKNOWN
    """What to tell the user if a module on another host reports no outcome."""
    doubt_key: str | None = None
    """The member of a failed task's result that says whether the outcome is unknown."""
    marks: re.Pattern[str] | None = None
    """What shows that a text holds a hidden result. Arguments that hold one are hidden too."""
    filters: Collection[str] = ()
    """Options that must not be empty, because an empty filter would select more and not less."""
    exclusive: tuple[str, ...] = ()
    """Two options that exclude each other."""

    def run(self, client: Client, options: Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        """Perform it. Secrets are redacted in errors, warnings and public results."""
        with client.presentable_errors():
            result = self.perform(client, options, check_mode)
        shown = result if self.public else {"warnings": result["warnings"]} if "warnings" in result else {}
        return {**result, **client.presentable(shown)}

    def failure(self, exc: SenhaseguraError) -> dict[str, t.Any]:
        """What a failed task returns."""
        return {**exc.result(), **({self.doubt_key: exc.in_doubt} if self.doubt_key else {})}


def run_module(operation: Operation) -> None:
    """The ``main()`` of a module."""
    module = AnsibleModule(argument_spec(operation.options), supports_check_mode=True)
    try:
        problems = operation.problems(module.params)
        if problems:
            raise OptionsError(problems)
        if not module.params["validate_certs"]:
            module.warn(NOT_VERIFIED)
        result = operation.run(connect(module.params), module.params, module.check_mode)
    except SenhaseguraError as exc:
        module.fail_json(**operation.failure(exc))
    for text in result.pop("warnings", ()):
        module.warn(text)
    module.exit_json(**result)
