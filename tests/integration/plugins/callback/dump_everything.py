# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For tests: write everything that a callback plugin gets to the file that DUMP_EVERYTHING names.

Some real callback plugins do the same. Each event is one line of JSON."""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: dump_everything
type: notification
short_description: Write each event as a line of JSON
description: Writes each event, with the result and the arguments of its task, to a file.
author: The contributors of pamops.senhasegura (@pamops)
requirements: [E(DUMP_EVERYTHING) in the environment]
"""

EVENTS = (
    "v2_playbook_on_include",
    "v2_playbook_on_no_hosts_matched",
    "v2_playbook_on_no_hosts_remaining",
    "v2_playbook_on_notify",
    "v2_playbook_on_play_start",
    "v2_playbook_on_start",
    "v2_playbook_on_task_start",
    "v2_runner_item_on_failed",
    "v2_runner_item_on_ok",
    "v2_runner_item_on_skipped",
    "v2_runner_on_async_failed",
    "v2_runner_on_async_ok",
    "v2_runner_on_async_poll",
    "v2_runner_on_failed",
    "v2_runner_on_ok",
    "v2_runner_on_skipped",
    "v2_runner_on_start",
    "v2_runner_on_unreachable",
    "v2_runner_retry",
)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "dump_everything"
    CALLBACK_NEEDS_ENABLED = True


def _listener(event: str) -> t.Callable[..., None]:
    def listen(self: CallbackModule, *args: t.Any, **kwargs: t.Any) -> None:
        told = [_told(arg) for arg in (*args, *kwargs.values())]
        with open(os.environ["DUMP_EVERYTHING"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps({"event": event, "told": told}, default=str, skipkeys=True) + "\n")

    return listen


def _told(thing: t.Any) -> t.Any:
    """All data of a task's result or of a task. Other values are unchanged."""
    if hasattr(thing, "_task_fields"):
        task = thing._task
        return {
            "host": thing._host.get_name(),
            "task": task.get_name(),
            "arguments": task.args,
            "fields": thing._task_fields,
            "result": thing._result,
        }
    return {"task": thing.get_name(), "arguments": thing.args} if hasattr(thing, "args") else str(thing)


for _event in EVENTS:
    setattr(CallbackModule, _event, _listener(_event))
