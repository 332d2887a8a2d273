# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values as written for a task, in the task, around it and in its play, and the variables to which they refer."""

from __future__ import annotations

import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude

from ansible_collections.pamops.senhasegura.plugins.plugin_utils._untemplated import (
    COMPUTED,
    is_reference,
    references,
    untemplated,
)
from tests.unit.plugins.support import NAME

OTHER = "group/pamops.senhasegura.senhasegura"


def task_of(written: dict[str, t.Any], around: dict[str, t.Any] | None = None, **play: t.Any) -> Task:
    """The task as core has it: in a block of a play."""
    blocks = [{"block": [written], **(around or {})}]
    loaded = Play.load({"hosts": "all", "tasks": blocks, **play}, loader=DataLoader())
    found: list[t.Any] = list(loaded.get_tasks()[0])
    while isinstance(found[0], Block):
        found = list(found[0].block)
    task: Task = found[0]
    return task


def written_for(task: Task, names: str = "user", environment: str = "E") -> tuple[t.Any, t.Any]:
    task.args = dict.fromkeys(names.split(), "templated")
    found = untemplated(task, environment.split())
    return dict(found.arguments), dict(found.environment)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({NAME: {"user": "{{ a }}"}}, "{{ a }}"),
        ({NAME: "user={{ a }}"}, "{{ a }}"),
        ({"action": f"{NAME} user={{{{ a }}}}"}, "{{ a }}"),
        ({"local_action": {"module": NAME, "user": "{{ a }}"}}, "{{ a }}"),
        ({NAME: {}, "args": {"user": "{{ a }}"}}, "{{ a }}"),
        ({NAME: {}, "args": "{{ a }}"}, ["{{ a }}"]),
        ({NAME: {"user": "{{ a }}"}, "args": "{{ b }}"}, "{{ a }}"),
        ({NAME: {}, "module_defaults": {NAME: {"user": "{{ a }}"}}}, "{{ a }}"),
        ({NAME: {}, "module_defaults": [{OTHER: {"user": "{{ a }}"}}, {NAME: "{{ b }}"}]}, [["{{ b }}"], "{{ a }}"]),
        ({NAME: {}, "module_defaults": [{NAME: {"user": "{{ a }}"}}, {NAME: "{{ b }}"}]}, [["{{ b }}"], "{{ a }}"]),
        ({NAME: {}, "module_defaults": [{NAME: {"user": "{{ b }}"}}, {NAME: {"user": "{{ a }}"}}]}, "{{ a }}"),
        ({NAME: {}, "module_defaults": [{OTHER: {"user": "a"}}, {"group/a.b.c": {"user": "b"}}]}, ["b", "a"]),
        ({NAME: {}, "module_defaults": {OTHER: "{{ a }}"}}, ["{{ a }}"]),
        ({NAME: {}, "args": "{{ b }}", "module_defaults": {NAME: {"user": "{{ a }}"}}}, [["{{ b }}"], "{{ a }}"]),
        ({NAME: {}, "module_defaults": {NAME: "{{ a }}"}}, ["{{ a }}"]),
        ({NAME: {}, "module_defaults": {"debug": {"user": "{{ a }}"}}}, None),
        ({NAME: {}}, None),
    ],
)
def test_arguments(written: dict[str, t.Any], expected: t.Any) -> None:
    task = Task.load(written, loader=DataLoader())
    assert written_for(task)[0] == {"user": expected}


def test_nearest_value_wins() -> None:
    task = task_of(
        {NAME: {}, "module_defaults": {NAME: {"user": "task"}}, "environment": [{"E": "first"}, {"E": "second"}]},
        {"module_defaults": {NAME: {"user": "block", "device": "block"}}, "environment": {"E": "block", "F": "block"}},
        module_defaults={NAME: {"device": "play", "credential": "play"}},
        environment="{{ play }}",
    )
    arguments, environment = written_for(task, "user device credential", "E F G")
    assert arguments == {"user": "task", "device": "block", "credential": "play"}
    assert environment == {"E": "second", "F": "block", "G": ["{{ play }}"]}


@pytest.mark.parametrize(
    ("written", "loops"),
    [
        ({NAME: {}, "loop": "{{ a }}"}, {"item": "{{ a }}"}),
        ({NAME: {}, "with_items": ["{{ a }}"], "loop_control": {"loop_var": "who"}}, {"who": ["{{ a }}"]}),
        ({NAME: {}}, {}),
    ],
)
def test_loops(written: dict[str, t.Any], loops: dict[str, t.Any]) -> None:
    assert untemplated(task_of(written), []).loops == loops


def test_task_created_by_code() -> None:
    task = Task()
    task.args = {"user": "jdoe"}
    task.action = NAME
    assert untemplated(task, ["E"]) == ({"user": None}, {"E": None}, {}, {}, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ a }}", {("a", ())}),
        ("x{{ a.b['c'].d }}{% if e %}{% endif %}", {("a", ("b", "c", "d")), ("e", ())}),
        ("{{ a[b].c }}", {("a", ()), ("b", ())}),
        ("{{ (a | default(b)).c }}", {("a", ()), ("b", ())}),
        ("{{ a.get(b, c) }}", {("a", ("get",)), ("b", ()), ("c", ())}),
        ("{{ f(a, k=b, *c, **d) }}", {("f", ()), ("a", ()), ("b", ()), ("c", ()), ("d", ())}),
        ("{{ lookup('file', a) }}", {("a", ())}),
        ("{{ lookup('vars', 'a', 'b', default=c) }}", {("a", ()), ("b", ()), ("c", ())}),
        ("{{ query('ansible.builtin.vars', a) }}", {COMPUTED, ("a", ())}),
        ("{{ q('vars', *a) }}", {COMPUTED, ("a", ())}),
        ("{{ lookup(a) }}", {COMPUTED, ("a", ())}),
        ("{{ lookup() }}", {COMPUTED}),
        ("{{ lookup('template', 'a') }}", {COMPUTED}),
        ("{% set a = lookup %}", {("a", ()), COMPUTED}),
        ("{% include 'a' %}", {COMPUTED}),
        ("{{ vars['a'].b }}", {("a", ())}),
        ("{{ vars.a }}", {("a", ())}),
        ("{{ vars.get('a', b) }}", {("a", ()), ("b", ())}),
        ("{{ vars[a] }}", {COMPUTED, ("a", ())}),
        ("{{ vars.values() }}", {COMPUTED}),
        ("{{ 'a' | extract(vars) }}", {COMPUTED}),
        ("{{ hostvars[h].a }}", {("hostvars", (None, "a")), ("h", ())}),
        ("{{ hostvars['h']['a'].b }}", {("hostvars", ("h", "a"))}),
        ("{{ hostvars.h.get('a', b) }}", {("hostvars", ("h", "a")), ("b", ())}),
        ("{{ hostvars.h.a.upper() }}", {("hostvars", ("h", "a"))}),
        ("{{ hostvars.h[a] }}", {COMPUTED, ("a", ())}),
        ("{{ hostvars.h.values() }}", {COMPUTED}),
        ("{{ hostvars.get('h').a }}", {COMPUTED}),
        ("{{ h | extract(hostvars) }}", {COMPUTED, ("h", ())}),
        ("{{ lookup('vars' b }}", {("lookup", ()), ("vars", ()), ("b", ()), COMPUTED}),
        (["{{ a }}", {"k": ("{{ b }}", 7)}], {("a", ()), ("b", ())}),
        ("a", set()),
        ("{{ a b }}", {("a", ()), ("b", ())}),
        (None, set()),
    ],
)
def test_references(value: t.Any, expected: set[t.Any]) -> None:
    assert set(references(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ a }}", True),
        ("{{ a.b['c'] }}", True),
        ("{{a}}", True),
        ("{{ a }}{{ b }}", False),
        ("x{{ a }}", False),
        ("{{ 'secret' }}", False),
        ("{{ a | default('secret') }}", False),
        ("{{ lookup('env', 'A') }}", False),
        ("{{ a.get('secret') }}", False),
        ("{{ a[b] }}", False),
        ("{% set a = 'secret' %}", False),
        ("secret", False),
        ("{{ ", False),
        ("", False),
        (["{{ a }}"], False),
        (None, False),
    ],
)
def test_reference_contains_no_secret(value: t.Any, expected: bool) -> None:
    assert is_reference(value) is expected


@pytest.mark.parametrize(
    ("apply", "variables", "environment"),
    [
        ({"vars": {"a": "{{ b }}"}, "environment": {"E": "{{ c }}"}}, {"a": "{{ b }}"}, {"E": "{{ c }}"}),
        ({}, {}, {"E": None}),
        ("{{ d }}", {}, {"E": None}),
    ],
)
def test_values_applied_by_an_include(apply: t.Any, variables: t.Any, environment: t.Any) -> None:
    task = Task.load({NAME: {}}, loader=DataLoader())
    include: t.Any = TaskInclude()
    include._ds = {"ansible.builtin.include_tasks": {"file": "a.yml", "apply": apply}}
    task._parent = include
    found = untemplated(task, ["E"])
    assert (found.variables, found.environment) == (variables, environment)
