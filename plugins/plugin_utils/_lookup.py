# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the lookup plugins. They import it before anything else of this collection."""

from __future__ import annotations

import gc
import multiprocessing
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display


def spare_inherited_memory() -> None:
    """Exclude the memory that this process inherits from Ansible's main process from garbage collection.

    Each process of a task loads the lookups again. Loading requests makes the collector search all inherited memory,
    and the operating system copies each page that is touched. That takes about 30 ms and finds nothing. New objects are
    collected as usual. The main process, which lives longer than one task, is not changed.
    """
    if multiprocessing.parent_process():
        gc.freeze()


spare_inherited_memory()  # before requests is loaded

from ..module_utils._api.client import connect
from ..module_utils._errors import NOT_VERIFIED, SenhaseguraError, join_sentences
from ..module_utils._options.spec import Option, Origins, is_encodable
from ..module_utils._resources.operation import Operation, Result
from ._resolve import resolve
from ._run_memory import run_memory

display = Display()

PLACEHOLDERS = "Check mode: the lookup {name} changes nothing and returns placeholders."


class ResourceLookup(LookupBase):
    """Does an operation for lookup terms. A subclass says which operation that is, and which option has the terms.

    If the option is a list, it gets all terms. Otherwise, there is one operation for each term, and at least one term.
    """

    OPERATION: t.ClassVar[Operation]
    TERMS: t.ClassVar[str]
    FIELDS: t.ClassVar[tuple[str, ...]] = ()
    """Members of the result that the option ``field`` can select, the default first. Without them, there is no such
    option."""

    def values(self, result: Result) -> list[t.Any]:
        """What the lookup returns of the result of one operation."""
        return [{name: value for name, value in result.items() if name != "changed"}]

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        variables = variables or {}
        check_mode = bool(variables.get("ansible_check_mode"))
        wanted = LookupBase._flatten(terms)
        # with_… passes wantlist on before ansible-core 2.19
        given = {name: value for name, value in kwargs.items() if name != "wantlist"}
        found: list[t.Any] = []
        try:
            operation = self._operation(wanted, given)
            given.update({self.TERMS: wanted} if terms else {})
            options = resolve(operation, given, variables, t.cast(t.Any, self._templar).template)
            if not options["validate_certs"]:
                display.warning(NOT_VERIFIED)
            client = connect(options, run_memory(), check_mode)
            if check_mode and operation.placeholders:
                display.warning(PLACEHOLDERS.format(name=self.ansible_name))
            for own in [options] if self._takes_list() else [{**options, self.TERMS: term} for term in wanted]:
                result = operation.run(client, own, check_mode)
                for text in result.pop("warnings", ()):
                    display.warning(text)
                if check_mode and operation.placeholders:
                    result.update(operation.placeholders(own))
                found += self.values(result)
        except SenhaseguraError as exc:
            lost = None
            if found and not check_mode:
                lost = f"Before that, the lookup succeeded for {len(found)} of {len(wanted)} terms. {operation.lost}"
            raise AnsibleLookupError(join_sentences(str(exc), lost)) from None
        field = options.get("field", "all")
        return found if field == "all" else [value[field] for value in found]

    def _takes_list(self) -> bool:
        return self.OPERATION.options[self.TERMS].type == "list"

    def _operation(self, terms: list[t.Any], given: Mapping[str, t.Any]) -> Operation:
        """The operation, adapted to the lookup: with the option ``field``, and with rules that report problems of the
        terms too."""
        options = dict(self.OPERATION.options)
        problems = []
        if self.TERMS in given:
            problems.append(f"{self.TERMS} is not an option of the lookup. Pass it as a positional argument.")
        if not self._takes_list():
            problems += _term_problems(self.TERMS, options[self.TERMS], terms)
            options[self.TERMS] = Option("raw")
        if self.FIELDS:
            options["field"] = Option(default=self.FIELDS[0], choices=(*self.FIELDS, "all"))

        def rules(options: Mapping[str, t.Any], origins: Origins | None) -> list[str]:
            return [*problems, *self.OPERATION.rules(options, origins)]

        return self.OPERATION._replace(options=options, rules=rules)


def _term_problems(name: str, option: Option, terms: list[t.Any]) -> list[str]:
    if not terms:
        return [f"The lookup needs at least one {name} as a positional argument."]
    if not all(isinstance(term, str) and term.strip() and is_encodable(term) for term in terms):
        return [f"Each {name} of the lookup must be a string that is not empty."]
    found = [option.check(term) for term in terms] if option.check else []
    return [f"{name} {problem}" for problem in found if problem]
