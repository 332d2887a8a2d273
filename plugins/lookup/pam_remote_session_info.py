# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: pam_remote_session_info
short_description: List proxy sessions of senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Lists the proxy sessions of PAM Core, running and finished, in an expression. With filters, lists only the sessions
    that match all of them.
notes:
  - Use C(query), which always returns a list. The type that C(lookup) returns depends on how many sessions match.
  - The lookup requests the list each time Ansible evaluates its expression, and the list can be long. If several
    expressions need the list, use the module M(pamops.senhasegura.pam_remote_session_info) and register its result.
  - With O(created), the lookup fails if sessions match, but it is not known whether one of them is the session that the
    URL opened. If no session matches, it returns an empty list.
  - With C(--check) on the command line, the lookup requests the list as usual, but does not wait. A lookup cannot see
    the C(check_mode) keyword of a task.
  - A lookup cannot see the C(environment) keyword of a task.
extends_documentation_fragment:
  - pamops.senhasegura._connection
  - pamops.senhasegura._connection.plugin
  - pamops.senhasegura._remote_session_info
  - pamops.senhasegura._remote_session_info.plugin
  - pamops.senhasegura._remote_session_info.wait
options:
  _terms:
    description:
      - Host names or IP addresses of devices, with or without the port. Give them before the options. A session on any
        of these devices matches. Without devices, sessions on all devices match.
      - PAM Core lists a device by its host name or by its IP address. If you do not know which, give both.
    type: list
    elements: str
seealso:
  - module: pamops.senhasegura.pam_remote_session_info
  - ref: ansible_collections.pamops.senhasegura.docsite.session_life_guide
    description: How to find the session that a URL opened, and which sessions cannot be told apart.
  - ref: ansible_collections.pamops.senhasegura.docsite.errors_guide
    description: What each error message means, and what to do.
"""

EXAMPLES = r"""
- name: Restart a service only if nobody has a session on the device
  ansible.builtin.service:
    name: nginx
    state: restarted
  when: >-
    query('pamops.senhasegura.pam_remote_session_info', 'web01', '192.0.2.20', active=true, timeout=300) | length == 0

- name: Print who has a session on which device
  ansible.builtin.debug:
    msg: "{{ item.user }} has been on {{ item.device }} since {{ item.start }}"
  loop: >-
    {{ query('pamops.senhasegura.pam_remote_session_info', active=true, timezone='America/Sao_Paulo', timeout=300) }}
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
_raw:
  description: One dictionary for each session, with the members of
    RV(pamops.senhasegura.pam_remote_session_info#module:sessions).
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..plugin_utils._worker import spare_inherited_memory

spare_inherited_memory()  # before requests is loaded

from ..module_utils._errors import SenhaseguraError
from ..module_utils._remote_session_info import OPERATION
from ..plugin_utils._lookup import connect_lookup

display = Display()


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        variables = variables or {}
        devices = LookupBase._flatten(terms)
        try:
            client, options = connect_lookup(
                self,
                OPERATION._replace(
                    problems=lambda options, origins: _term_problems(kwargs) + OPERATION.problems(options, origins)
                ),
                {**kwargs, **({"device": devices} if terms else {})},
                variables,
            )
            result = OPERATION.run(client, options, bool(variables.get("ansible_check_mode")))
        except SenhaseguraError as exc:
            raise AnsibleLookupError(str(exc)) from None
        for text in result["warnings"]:
            display.warning(text)
        if result["sessions"] and result.get("reason"):
            raise AnsibleLookupError(f"It cannot be decided which session the URL opened. {result['reason']}")
        sessions: list[t.Any] = result["sessions"]
        return sessions


def _term_problems(kwargs: dict[str, t.Any]) -> list[str]:
    return ["device is not an option of the lookup: name the devices before the options."] if "device" in kwargs else []
