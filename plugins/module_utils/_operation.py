# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module and its action plugin have in common: which options there are, when they are right, what is done."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Mapping

from ansible.module_utils.basic import AnsibleModule

from ._client import Client, connect
from ._errors import NOT_VERIFIED, OptionsError, SenhaseguraError


class Operation(t.NamedTuple):
    spec: Mapping[str, t.Any]
    """The keywords of ``AnsibleModule`` and ``ArgumentSpecValidator`` that say which options there are."""
    problems: Callable[..., list[str]]
    """All that is wrong with options, as sentences; told where each came from, if that is known."""
    perform: Callable[[Client, Mapping[str, t.Any], bool], dict[str, t.Any]]
    """Does it and returns the result, with ``changed``; in check mode, which the last argument says, as if.

    What people should be told beside is under ``warnings``. Raises the errors of :mod:`_errors`.
    """
    makes_session: bool = False
    """A success is secret then, and a failure tells whether there may be a session all the same."""
    if_lost: str | None = None
    """What may have happened where nothing is known of the outcome."""
    filters: Collection[str] = ()
    """Options that must not be empty, since that would mean more and not less."""

    def failure(self, exc: SenhaseguraError) -> dict[str, t.Any]:
        """What a failed task returns."""
        result = exc.result()
        if not self.makes_session:
            del result["session_may_exist"]
        return result


def run_module(operation: Operation) -> None:
    """The ``main()`` of a module."""
    module = AnsibleModule(**operation.spec, supports_check_mode=True)
    try:
        problems = operation.problems(module.params)
        if problems:
            raise OptionsError(problems)
        if not module.params["validate_certs"]:
            module.warn(NOT_VERIFIED)
        result = operation.perform(connect(module.params), module.params, module.check_mode)
    except SenhaseguraError as exc:
        module.fail_json(**operation.failure(exc))
    for text in result.pop("warnings", ()):
        module.warn(text)
    module.exit_json(**result)
