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
  - Use this lookup in an expression. It lists the proxy sessions of PAM Core, running and finished. With filters, it
    lists only the sessions that match all of them.
notes:
  - Use C(query), which always returns a list. The type that C(lookup) returns depends on how many sessions match.
  - The lookup requests the list each time Ansible evaluates its expression, and the list can be long. If several
    expressions need the list, use the module M(pamops.senhasegura.pam_remote_session_info) and register its result.
  - With O(created), the lookup fails if it finds sessions but cannot identify the one that the URL opened. If no
    session matches, it returns an empty list.
  - With C(--check) on the command line, the lookup requests the list as usual, but does not wait. Ansible does not pass
    the keyword C(check_mode) of a task to a lookup, so this keyword has no effect.
  - Ansible does not pass the keyword C(environment) of a task to a lookup. So the lookup ignores E(SENHASEGURA_URL) and
    other variables that are set there.
extends_documentation_fragment:
  - pamops.senhasegura._connection
  - pamops.senhasegura._connection.plugin
  - pamops.senhasegura._remote_session_info
  - pamops.senhasegura._remote_session_info.plugin
  - pamops.senhasegura._remote_session_info.wait
options:
  _terms:
    description:
      - Host names or IP addresses of devices, with or without the port. Pass them as positional arguments, before the
        options. A session on any of these devices matches. Without devices, sessions on all devices match.
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
# In these examples, environment variables such as SENHASEGURA_URL set the connection options.
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

from ..plugin_utils._lookup import ResourceLookup  # isort: split

from ..module_utils._resources import remote_session_list


class LookupModule(ResourceLookup):
    OPERATION = remote_session_list.OPERATION
    TERMS = "device"
    values = staticmethod(remote_session_list.decided_sessions)
