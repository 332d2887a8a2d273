# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: pam_remote_session_info
short_description: Find proxy sessions of senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Lists the proxy sessions of PAM Core, running and finished, or those that fit all of several filters, inline in an
    expression.
  - Devices are named before the options. Without any, sessions on all devices fit.
notes:
  - Use C(query), which always returns a list. C(lookup) returns a text where there is no session.
  - The lookup asks PAM Core each time its expression is evaluated. Its list can be long; use the module and its
    registered result where several expressions need it.
  - With O(created), the lookup fails where sessions fit, but it cannot be decided whether one of them is that of the
    URL.
  - In check mode, the lookup reads as it always does, but does not wait. It does not see the C(check_mode) keyword of a
    task.
  - A lookup does not see the C(environment) keyword of a task.
extends_documentation_fragment:
  - pamops.senhasegura._connection
  - pamops.senhasegura._connection.plugin
  - pamops.senhasegura._remote_session_info
  - pamops.senhasegura._remote_session_info.plugin
  - pamops.senhasegura._remote_session_info.wait
options:
  _terms:
    description:
      - Host names or IP addresses of devices, with or without the port. A session on any of them fits.
      - PAM Core lists a device by its host name or by its address. Name both where you do not know.
    type: list
    elements: str
seealso:
  - module: pamops.senhasegura.pam_remote_session_info
  - ref: ansible_collections.pamops.senhasegura.docsite.session_life_guide
    description: How to find the session that a URL opened, and what cannot be told apart.
"""

EXAMPLES = r"""
- name: Restart a service only if nobody is on the server
  ansible.builtin.service:
    name: nginx
    state: restarted
  when: query('pamops.senhasegura.pam_remote_session_info', 'web01', '192.0.2.20', active=true) | length == 0

- name: Tell who is on which device
  ansible.builtin.debug:
    msg: "{{ item.user }} is on {{ item.device }} since {{ item.start }}"
  loop: "{{ query('pamops.senhasegura.pam_remote_session_info', active=true, timezone='America/Sao_Paulo') }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
_raw:
  description: One dictionary for each session, with the same members as those that the module returns.
  type: list
  elements: dict
"""

from ..plugin_utils._lookup import ResourceLookup  # isort: split

from ..module_utils._resources import remote_session_list


class LookupModule(ResourceLookup):
    OPERATION = remote_session_list.OPERATION
    TERMS = "device"
    values = staticmethod(remote_session_list.decided_sessions)
