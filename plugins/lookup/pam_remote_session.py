# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: pam_remote_session
short_description: Get single-use URLs that open sessions through senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Asks PAM Core for an authenticated web proxy session on each device that is named, inline in an expression.
  - Each URL can be opened once, within 30 seconds.
  - What a lookup returns is shown wherever it is used, so set C(no_log=true) on a task that uses it. To have the result
    hidden without that, use M(pamops.senhasegura.pam_remote_session) and its registered result.
notes:
  - A lookup that makes something does so each time its expression is evaluated. In C(vars) that is at each use. Put
    it into M(ansible.builtin.set_fact) with C(no_log=true), or use the module.
  - In check mode (C(--check) on the command line) no session is made. That PAM Core can be reached, that TLS holds,
    and with OAuth 2.0 the login, is proved; placeholders are returned, with a warning. A lookup does not see the
    C(check_mode) keyword of a task.
  - A lookup does not see the C(environment) keyword of a task.
  - If one of several sessions cannot be had, the whole lookup fails. Those that were made before end by themselves.
extends_documentation_fragment:
  - pamops.senhasegura._connection
  - pamops.senhasegura._connection.plugin
  - pamops.senhasegura._remote_session
  - pamops.senhasegura._remote_session.plugin
options:
  _terms:
    description: Host names or IP addresses of devices, as they are registered in PAM Core.
    type: list
    elements: str
    required: true
  field:
    description: What to return for each device. V(all) is a dictionary of all that the module returns.
    type: str
    choices: [session_url, token, all]
    default: session_url
seealso:
  - module: pamops.senhasegura.pam_remote_session
  - ref: ansible_collections.pamops.senhasegura.docsite.lookup_guide
    description: When a lookup is evaluated, and how to use one that makes something.
  - ref: ansible_collections.pamops.senhasegura.docsite.errors_guide
    description: What its messages mean, and what to do.
"""

EXAMPLES = r"""
- name: Write a page that leads its owner to a server, if it is opened at once
  ansible.builtin.copy:
    content: >-
      <a href="{{ lookup('pamops.senhasegura.pam_remote_session', 'web01',
                         user='jdoe', credential='root', protocol='SSH') | e }}">Go to web01</a>
    dest: /srv/www/web01.html
    mode: "0600"
  diff: false
  no_log: true

- name: Get sessions on two servers, with all that belongs to them
  ansible.builtin.set_fact:
    sessions: >-
      {{ query('pamops.senhasegura.pam_remote_session', 'web01', 'db01',
               user='jdoe', credential='root', protocol='SSH', field='all') }}
  vars:
    senhasegura_url: https://vault.example
    senhasegura_client_id: "{{ vault_client_id }}"
    senhasegura_client_secret: "{{ vault_client_secret }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description:
    - One element for each device, in their order. The URL, the token, or with O(field=all) a dictionary.
    - In check mode, the URL is that of PAM Core with C(#check-mode), the token is V(check-mode).
  type: list
  elements: raw
"""

from ..plugin_utils._lookup import ResourceLookup  # isort: split

from ..module_utils._resources import remote_session


class LookupModule(ResourceLookup):
    OPERATION = remote_session.OPERATION
    TERMS = "device"
    FIELDS = ("session_url", "token")
