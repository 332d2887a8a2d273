# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out whether a value comes from a fact, and so from a managed host.

The output of any module can contain ``ansible_facts``. ansible-core turns them into variables, which have precedence
over those of the inventory. Their names are taken from core's fact cache. ``ansible_facts`` has them without the prefix
``ansible_``, so the facts ``x`` and ``ansible_x`` have the same key there, and one hides the other.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Collection, Mapping

from ansible import constants as C
from ansible import template
from ansible.utils.unsafe_proxy import AnsibleUnsafe

from ._untemplated import COMPUTED, Reference, references, strings

_ALWAYS = {"ansible_facts", "ansible_local"}
"""Variables that core sets from facts even if ``inject_facts_as_vars`` is off."""

_PREFIXES = ("ansible_", "facter_", "ohai_")
"""Prefixes of facts that cannot be mistaken for other variables."""


_is_trusted: Callable[[str], bool] = getattr(
    template,
    "is_trusted_as_template",
    lambda text: not isinstance(text, AnsibleUnsafe),  # ansible-core < 2.19
)
"""Whether a string is from the playbook or inventory. A fact is not."""


_UNMARKED = (str,)
"""The type of the result of an expression. Other strings are of subclasses of str that record their origin."""


class Fact(t.NamedTuple):
    name: str
    """Empty if a template does not say which variable it refers to."""
    host: str

    def __str__(self) -> str:
        if self.name:
            return f"{self.name}, which is a fact of {self.host}"
        return f"a variable whose name is computed, which may be a fact of {self.host}"


class Facts:
    """The facts among the *variables* of a task or template. *untemplated* has the templates of some of them."""

    def __init__(self, variables: Mapping[str, t.Any], untemplated: Mapping[str, t.Any] | None = None) -> None:
        self._untemplated = untemplated or {}
        self._host = str(variables.get("inventory_hostname", "the host"))
        self._variables = variables
        try:
            self._cache = variables["hostvars"]._variable_manager._fact_cache
        except (AttributeError, KeyError):
            self._cache = {}
        self._own = self._known(self._host)
        self._names = self._names_of(self._host) if variables.get("ansible_facts") else set()
        self._names = {name for name in self._names if self._holds(name)}
        self._there_are_some = bool(self._names) or _has_entries(self._cache)

    def behind_variable(self, name: str) -> Fact | None:
        """Return the fact behind a variable: the variable itself, or what its template refers to."""
        return self._find([(name, ())], {}) if self._there_are_some and name in self._variables else None

    def behind_template(self, value: t.Any, loops: Mapping[str, t.Any]) -> Fact | None:
        """The fact that an untemplated value refers to. *loops* has the untemplated list for each loop variable."""
        return self._find(references(value), loops) if self._there_are_some else None

    def behind_value(self, value: t.Any) -> Fact | None:
        """Return the fact from which a value was taken. For a value whose template is unknown.

        A string counts as a fact if it is the same object as the fact's string, or if it equals one and
        :meth:`_is_copy` finds no other source.
        """
        for text in strings(value) if self._names else ():
            for name, held in self._held:
                if (held is text and len(text) > 1) or (held == text and self._is_copy(text, name)):
                    return Fact(name, self._host)
        return None

    def _is_copy(self, text: str, fact: str) -> bool:
        """Whether a string that equals a fact is a copy of it, made by a template.

        Other strings can equal common facts, such as a user's name.
        """
        if type(text) in _UNMARKED or _is_trusted(text):
            return False
        # The string of another variable is not a fact, even if it was copied from one.
        loop_variable = self._variables.get("ansible_loop_var", "item")
        if any(value is text and name not in (*self._names, loop_variable) for name, value in self._variables.items()):
            return False
        if not fact.startswith(_PREFIXES):
            return True
        templates = (name for name, value in self._variables.items() if isinstance(value, str))
        behind = (self.behind_variable(name) for name in templates if name not in self._names)
        return any(found and found.name in (fact, "ansible_facts") for found in behind)

    @functools.cached_property
    def _held(self) -> list[tuple[str, str]]:
        """Each string in the variables that are facts, with the variable's name."""
        names = sorted(self._names - _ALWAYS) + sorted(_ALWAYS)  # ansible_facts has what the others have
        return [(name, text) for name in names for text in strings(self._variables.get(name))]

    def _find(self, found: Collection[Reference], loops: Mapping[str, t.Any]) -> Fact | None:
        waiting, seen = list(found), set()
        while waiting:
            reference = waiting.pop()
            if reference in seen:
                continue
            seen.add(reference)
            name, keys = reference
            if name in self._names or reference == COMPUTED:
                return Fact(name, self._host)
            if name == "hostvars":
                host, name = keys
                for other in self._variables.get("hostvars", ()) if host is None else [host]:
                    if name in self._names_of(other):
                        return Fact(name, other)
                keys = ()
            if name == "ansible_loop":
                waiting += references(list(loops.values()))
            elif name in loops:
                waiting += references(loops[name])
            else:
                waiting += references([_inner(known.get(name), keys) for known in (self._variables, self._untemplated)])
        return None

    def _holds(self, name: str) -> bool:
        """Whether the value of a variable may be the fact of the same name, and not a play or task variable that
        overrides it."""
        fact, value = self._own.get(name), self._variables.get(name)
        return fact == value or not (isinstance(fact, str) and isinstance(value, str))

    def _known(self, host: str) -> Mapping[str, t.Any]:
        """The facts of a host in core's cache, which may be a file."""
        try:
            return self._cache.get(host) or {}
        except KeyError:  # ansible-core >= 2.19
            return {}

    def _names_of(self, host: str) -> set[str]:
        """The names of the variables that may be facts of a host."""
        if not C.INJECT_FACTS_AS_VARS:  # type: ignore[attr-defined]  # core makes its constants when it starts
            return _ALWAYS
        known: Collection[str] = self._own if host == self._host else self._known(host)
        if not known and host == self._host:
            facts = self._variables.get("ansible_facts") or {}
            known = {*facts, *(f"ansible_{name}" for name in facts)}
        return _ALWAYS | set(known)


def _has_entries(cache: t.Any) -> bool:
    try:
        return bool(cache.keys())
    except TypeError:  # jsonfile cannot list them unless fact_caching_prefix is set
        return True


def _inner(value: t.Any, keys: Collection[t.Any]) -> t.Any:
    """Follow the keys into dictionaries as far as possible."""
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            break
        value = value[key]
    return value
