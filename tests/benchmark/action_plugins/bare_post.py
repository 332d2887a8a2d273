# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The minimum for a session: the cost of a bare ``requests.post`` in Ansible, without any protection."""

from __future__ import annotations

import typing as t

import requests
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        arguments = self._task.args
        answer = requests.post(
            str(arguments["url"]),
            json=arguments["json"],
            headers={"Authorization": f"Bearer {arguments['access_token']}"},
            verify=str(arguments["verify"]),
            timeout=30,
        )
        answer.raise_for_status()
        result.update(changed=True, session=answer.json()["session"])
        return result
