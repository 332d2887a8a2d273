# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The templates of a task's arguments. An action plugin gets only their results."""

from __future__ import annotations

import itertools
import re
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping

from ansible.parsing.mod_args import ModuleArgsParser
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude
from jinja2 import Environment, TemplateError, nodes

_LOOKUPS = {"lookup", "q", "query"}

INDIRECT = {"hostvars", "vars", *_LOOKUPS}
"""Names through which an expression can reach a variable that it does not name."""

_JINJA = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])  # noqa: S701 (nothing is rendered)

Written = Mapping[str, t.Any]

Reference = tuple[str, tuple[t.Any, ...]]
"""A variable, and the keys that an expression follows into it."""

COMPUTED: Reference = ("", ())
"""A variable whose name is not in the template."""


class Untemplated(t.NamedTuple):
    """The templates of a task's arguments, environment, loops and variables, by their names, and of the host that it is
    delegated to.

    If an entry is a list, it has all possible templates of the value. ``variables`` has the variables in ``apply`` of
    includes: ansible-core templates them before the task runs.
    """

    arguments: Written = {}
    environment: Written = {}
    loops: Written = {}
    variables: Written = {}
    delegate_to: t.Sequence[t.Any] = ()


UNKNOWN = Untemplated()


def untemplated(task: Task, environment: Iterable[str]) -> Untemplated:
    """The templates of a task, and of what it inherits from blocks, includes, roles and its play.

    *environment* has the names of the task's environment variables.
    """
    keywords = task.get_ds() if isinstance(task.get_ds(), Mapping) else {}
    arguments = _arguments(task)
    whole = arguments.pop("_variable_params", None)
    # In core, defaults of the module have precedence over those of its groups. Only core knows the groups.
    defaults = [*_inherited(task, "module_defaults"), *_as_list(keywords.get("module_defaults"))][::-1]
    of_module = _defaults(defaults, lambda name: name.rpartition(".")[2] == task.action.rpartition(".")[2])
    of_groups = _defaults(defaults, lambda name: name.startswith("group/"))
    environments = [*_inherited(task, "environment"), *_as_list(keywords.get("environment"))][::-1]
    return Untemplated(
        {name: _find(name, [arguments, whole, *of_module], of_groups) for name in task.args},
        {name: _find(name, environments) for name in environment},
        _loops(task),
        {name: value for layer in _applied(task, "vars") for name, value in layer.items()},
        [keywords["delegate_to"]] if "delegate_to" in keywords else _inherited(task, "delegate_to"),
    )


def _inherited(task: Task, keyword: str) -> list[t.Any]:
    """The values of a keyword in blocks, includes, roles and the play around a task, the outermost first."""
    around = _as_list(task._get_parent_attribute(keyword, omit=True))
    return [layer for layer in around if isinstance(layer, (str, Mapping))] + _applied(task, keyword)


def _applied(task: Task, keyword: str) -> list[t.Any]:
    """The values of a keyword in ``apply`` of includes, the outermost first. Blocks are not read: from
    ansible-core 2.19 on, they have only the templated values."""
    found: list[t.Any] = []
    around = task._parent
    while around is not None:
        if isinstance(around, TaskInclude):
            applied = _arguments(around).get("apply")
            if isinstance(applied, Mapping) and keyword in applied:
                found = [*_as_list(applied[keyword]), *found]
        around = around._parent
    return found


def _defaults(layers: Iterable[t.Any], is_meant: Callable[[str], bool]) -> list[t.Any]:
    found = [layer.items() for layer in layers if isinstance(layer, Mapping)]
    return [values for items in found for name, values in items if is_meant(str(name))]


def _find(name: str, layers: Iterable[t.Any], last: Iterable[t.Any] = ()) -> t.Any:
    """The value from the first of the *layers* that has the name, otherwise from all of the *last* ones.

    A layer may be one template that returns a dictionary, which may contain the name. Its template is returned too.
    """
    found: list[t.Any] = []
    for layer in layers:
        if isinstance(layer, str):
            found.append([layer])
        elif isinstance(layer, Mapping) and name in layer:
            found.append(layer[name])
            break
    else:
        texts = [[layer] for layer in last if isinstance(layer, str)]
        found += texts + [layer[name] for layer in last if isinstance(layer, Mapping) and name in layer]
    return found if len(found) > 1 else next(iter(found), None)


def _loops(task: Task) -> dict[str, t.Any]:
    """The list for each loop variable, of the task and of the includes around it."""
    loops: dict[str, t.Any] = {}
    owner: t.Any = task
    while owner is not None:
        written = owner.get_ds()
        for key, value in written.items() if isinstance(written, Mapping) else ():
            if key == "loop" or key.startswith("with_"):
                loops.setdefault((written.get("loop_control") or {}).get("loop_var", "item"), value)
        owner = getattr(owner, "_parent", None)
    return loops


def _arguments(task: Task) -> dict[str, t.Any]:
    written = task.get_ds()
    if not isinstance(written, dict):
        return {}
    _action, arguments, _delegate_to = ModuleArgsParser(written).parse(skip_action_validation=True)
    return dict(arguments)


def _as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


def is_reference(value: t.Any) -> bool:
    """Whether a value is a template of one variable, such as ``{{ vault.client_secret }}``."""
    try:
        body = _JINJA.parse(value).body if isinstance(value, str) else []
    except TemplateError:
        return False
    parts = body[0].nodes if len(body) == 1 and isinstance(body[0], nodes.Output) else []
    return len(parts) == 1 and not any(isinstance(key, nodes.Node) for key in _unwound(parts[0]))


def references(value: t.Any) -> list[Reference]:
    """The variables that the templates in a string, list or dictionary refer to."""
    return [reference for text in strings(value) if "{{" in text or "{%" in text for reference in _referred_to_by(text)]


def _referred_to_by(text: str) -> Iterator[Reference]:
    try:
        tree = _JINJA.parse(text)
    except TemplateError:  # an unknown extension of Jinja, or an error that core reports too
        words = set(re.findall(r"\w+", text))
        yield from ((word, ()) for word in words)
        if words & INDIRECT:
            yield COMPUTED
        return
    if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None):
        yield COMPUTED
    yield from _paths(tree)


def _paths(node: nodes.Node) -> Iterator[Reference]:
    """The variables in an expression. ``lookup('vars', …)``, ``vars[…]`` and ``hostvars[…][…]`` name one too."""
    base, *keys = _unwound(node)
    if base == "hostvars":
        yield _of_host(*keys[:2]) if len(keys) > 1 else COMPUTED
    elif base == "vars":
        yield (keys[0], ()) if keys and isinstance(keys[0], str) else COMPUTED
    elif base in _LOOKUPS:
        yield COMPUTED
    elif isinstance(base, str):
        yield base, tuple(itertools.takewhile(lambda key: not isinstance(key, nodes.Node), keys))
    elif isinstance(base, nodes.Call):
        yield from _called(base, *_unwound(base.node))
        keys += [*base.args, *base.kwargs, base.dyn_args, base.dyn_kwargs]
    else:
        keys += base.iter_child_nodes()
    for key in keys:
        if isinstance(key, nodes.Node):
            yield from _paths(key)


def _unwound(node: nodes.Node) -> list[t.Any]:
    """``site.vault['url']`` is ``["site", "vault", "url"]``. Anything but names and constants stays a node."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getattr):
        return [*_unwound(node.node), node.attr]
    if isinstance(node, nodes.Getitem):
        return [*_unwound(node.node), node.arg.value if isinstance(node.arg, nodes.Const) else node.arg]
    return [node]


def _called(call: nodes.Call, base: t.Any, *keys: t.Any) -> Iterator[Reference]:
    if base in _LOOKUPS:
        yield from _looked_up(call)
    elif base not in INDIRECT:
        yield from _paths(call.node)
    elif keys[-1:] == ("get",) and call.args:
        yield from _paths(nodes.Getitem(t.cast(nodes.Getattr, call.node).node, call.args[0], "load"))
    elif len(keys) > 2:
        yield from _paths(call.node)
    else:  # such as vars.items()
        yield COMPUTED


def _looked_up(call: nodes.Call) -> Iterator[Reference]:
    plugin, *terms = [arg.value if isinstance(arg, nodes.Const) else None for arg in call.args] or [None]
    kind = str(plugin).rpartition(".")[2]
    if plugin is None or kind == "template" or (kind == "vars" and call.dyn_args):
        yield COMPUTED
    elif kind == "vars":
        yield from ((term, ()) if isinstance(term, str) else COMPUTED for term in terms)


def _of_host(host: t.Any, name: t.Any) -> Reference:
    return ("hostvars", (host if isinstance(host, str) else None, name)) if isinstance(name, str) else COMPUTED


def strings(value: t.Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from strings(item)
