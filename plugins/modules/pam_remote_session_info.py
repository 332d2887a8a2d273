#!/usr/bin/python
# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pam_remote_session_info
short_description: Find proxy sessions of senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Lists the proxy sessions of PAM Core, running and finished, or those that fit all of several filters.
  - Sessions look the same whatever the version of PAM Core, and each has what PAM Core sent beside.
  - Finds the session that was opened with the URL of M(pamops.senhasegura.pam_remote_session).
extends_documentation_fragment:
  - pamops.senhasegura._attributes
  - pamops.senhasegura._connection
  - pamops.senhasegura._remote_session_info
  - pamops.senhasegura._remote_session_info.wait
options:
  device:
    description:
      - Host names or IP addresses of devices, with or without the port. A session on any of them fits.
      - PAM Core lists a device by its host name or by its address. Name both where you do not know.
    type: list
    elements: str
seealso:
  - module: pamops.senhasegura.pam_remote_session_terminate
  - plugin: pamops.senhasegura.pam_remote_session_info
    plugin_type: lookup
  - ref: ansible_collections.pamops.senhasegura.docsite.session_life_guide
    description: How to find the session that a URL opened, and what cannot be told apart.
"""

EXAMPLES = r"""
- name: See who is on a server
  pamops.senhasegura.pam_remote_session_info:
    url: https://vault.example
    client_id: "{{ vault_client_id }}"
    client_secret: "{{ vault_client_secret }}"
    device:
      - web01.example
      - 192.0.2.21
    active: true
  register: found

- name: Tell
  ansible.builtin.debug:
    msg: "{{ found.sessions | map(attribute='user') | unique | join(', ') or 'Nobody' }}"

- name: List the sessions that a user began on a day
  pamops.senhasegura.pam_remote_session_info:
    user: jdoe
    started_after: "2026-01-31"
    started_before: "2026-02-01"
    timezone: America/Sao_Paulo
    timeout: 300

- name: Get a session
  pamops.senhasegura.pam_remote_session:
    user: jdoe
    device: web01.example
    credential: root
    protocol: SSH
  register: session

- name: Hand the URL over within its 30 seconds
  ansible.builtin.uri:
    url: https://chat.example/hooks/jdoe
    method: POST
    body_format: json
    body:
      text: "Your session on web01: {{ session.session_url }}"
  no_log: true

- name: Find the session that was opened with it
  pamops.senhasegura.pam_remote_session_info:
    created: "{{ session.created }}"
    device:
      - web01.example
      - 192.0.2.21
    timezone: America/Sao_Paulo
    wait: true
  register: opened
  failed_when: opened is failed or (not opened.decided and not ansible_check_mode)
"""

RETURN = r"""
sessions:
  description: The sessions that fit, in the order in which PAM Core lists them.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Number of the record.
      type: int
      sample: 31
    session_id:
      description: Hash by which PAM Core knows the session.
      type: str
      sample: 0123456789abcdef0123456789abcdef01234567
    user:
      description: Login name of the user.
      type: str
      sample: jdoe
    origin_ip:
      description: Address that the session came from.
      type: str
      sample: 192.0.2.10
    credential:
      description: User name of the credential.
      type: str
      sample: root
    device:
      description: Host name or IP address of the device, and the port, as PAM Core lists them.
      type: str
      sample: 192.0.2.20:22
    host:
      description: Host name or IP address out of RV(sessions[].device).
      type: str
      sample: 192.0.2.20
    port:
      description: Port out of RV(sessions[].device).
      type: int
      sample: 22
    protocol:
      description: Protocol, in small letters.
      type: str
      sample: ssh
    proxy:
      description: What the session goes through.
      type: str
      sample: Web Proxy
    start:
      description: When it started. ISO 8601, with a zone only if O(timezone) is set.
      type: str
      sample: '2026-01-31T09:00:00-03:00'
    end:
      description: When it ended, or V(none).
      type: str
      sample: '2026-01-31T09:10:00-03:00'
    time:
      description: How many seconds it took, or V(none).
      type: int
      sample: 600
    active:
      description: Whether it runs.
      type: bool
      sample: false
    prevent_purge:
      description: Whether its record is kept, or V(none) if PAM Core says something unknown.
      type: bool
      sample: false
    request:
      description: The user's request for access, if there was one.
      type: str
      sample: null
    ITSM:
      description: Code of the change or incident, if there is one.
      type: str
      sample: null
    original:
      description: The record as PAM Core sent it, with the names and values of its version.
      type: dict
      sample: {'id': '31', 'dispositivo': '192.0.2.20:22', 'prevent_purge': 'Não'}
decided:
  description: Whether it is known which session was opened with the URL. It is the one in RV(sessions), unless another
    filter leaves it out.
  returned: success, with O(created)
  type: bool
  sample: true
reason:
  description: Why that is not decided, or V(none).
  returned: success, with O(created)
  type: str
  sample: '2 sessions fit: at the same time, as the same user, someone else opened one too.'
http_status:
  description: HTTP status of the answer, or V(none) if there was no answer.
  returned: failure
  type: int
  sample: 500
error_code:
  description: PAM Core's own number for the error, or V(none). The same number means other things in other parts of
    the product.
  returned: failure
  type: int
  sample: 1039
"""

from ..module_utils._resources.operation import run_module
from ..module_utils._resources.remote_session_list import OPERATION


def main() -> None:
    run_module(OPERATION)


if __name__ == "__main__":
    main()
