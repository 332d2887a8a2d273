# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: pam_remote_session
short_description: Request web proxy session URLs from senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Use this lookup in an expression. It requests a web proxy session for each given device, and returns the session
    URLs.
  - Each URL works once. If nobody opens it, it expires after 30 seconds. The manual of version 3.32 documents both.
    Manuals of later versions mention neither.
  - Prefer the module M(pamops.senhasegura.pam_remote_session), which hides its result without C(no_log). The lookup
    saves a task if a URL is needed in one place only, such as the body of one message.
  - A lookup does not hide what it returns. Set C(no_log=true) on each task that uses it.
notes:
  - The lookup requests new sessions each time Ansible evaluates its expression. A variable in C(vars) is evaluated at
    each use. To use a result twice, store it with M(ansible.builtin.set_fact) and C(no_log=true), or use the module.
  - Ansible does not pass the keyword C(check_mode) of a task to a lookup. With C(check_mode=true) on a task, the lookup
    still requests sessions.
  - With C(--check) on the command line, the lookup requests no session. It verifies the connection, TLS and, with OAuth
    2.0, the login. It returns placeholders and prints a warning.
  - Ansible does not pass the keyword C(environment) of a task to a lookup. So the lookup ignores E(SENHASEGURA_URL) and
    other variables that are set there.
  - If the request for one device fails, the whole lookup fails. It does not return the URLs that PAM Core had already
    issued for other devices. These URLs expire, unless someone opens them.
  - In PAM Core, the authorization of the application needs the resource C(Web Proxy Session) with read and write
    permission.
extends_documentation_fragment:
  - pamops.senhasegura._connection
  - pamops.senhasegura._connection.plugin
  - pamops.senhasegura._remote_session
  - pamops.senhasegura._remote_session.plugin
options:
  _terms:
    description: Host names or IP addresses of devices, as they are registered in PAM Core. Pass them as positional
      arguments, before the options.
    type: list
    elements: str
    required: true
  field:
    description:
      - What to return for each device. V(all) returns a dictionary with everything that the module returns.
      - It is never read from a variable, an environment variable or C(ansible.cfg).
    type: str
    choices: [session_url, token, all]
    default: session_url
seealso:
  - module: pamops.senhasegura.pam_remote_session
  - ref: ansible_collections.pamops.senhasegura.docsite.lookup_guide
    description: When Ansible evaluates a lookup, and how to use one that requests sessions.
  - ref: ansible_collections.pamops.senhasegura.docsite.errors_guide
    description: What each error message means, and what to do.
"""

EXAMPLES = r"""
# In this example, environment variables such as SENHASEGURA_URL set the connection options.
- name: Send a session URL to jdoe
  ansible.builtin.uri:
    url: https://chat.example/hooks/jdoe
    method: POST
    body_format: json
    body:
      text: "web01 is open for you: {{ lookup('pamops.senhasegura.pam_remote_session', 'web01', user='jdoe',
                                              credential='root', protocol='SSH') }}"
  no_log: true

- name: Request sessions on two devices, and store everything that is returned
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
    - One element for each device, in the order of the devices. Depending on O(field), it is the URL, the token, or a
      dictionary with the return values of M(pamops.senhasegura.pam_remote_session).
    - In check mode, the URL is PAM Core's URL with C(#check-mode) at its end, and the token is V(check-mode).
  type: list
  elements: raw
"""

from ..plugin_utils._lookup import ResourceLookup  # isort: split

from ..module_utils._resources import remote_session


class LookupModule(ResourceLookup):
    OPERATION = remote_session.OPERATION
    TERMS = "device"
    FIELDS = ("session_url", "token")
