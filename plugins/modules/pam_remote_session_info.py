#!/usr/bin/python
# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pam_remote_session_info
short_description: List proxy sessions of senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Lists the proxy sessions of PAM Core, running and finished. With filters, lists only the sessions that match all of
    them.
  - The results have the same format for all versions of PAM Core. RV(sessions[].original) contains the record as PAM
    Core sent it.
  - With O(created), finds the session that was opened with a URL from M(pamops.senhasegura.pam_remote_session).
extends_documentation_fragment:
  - pamops.senhasegura._attributes
  - pamops.senhasegura._connection
  - pamops.senhasegura._remote_session_info
  - pamops.senhasegura._remote_session_info.wait
options:
  device:
    description:
      - Host names or IP addresses of devices, with or without the port. A session on any of these devices matches.
      - PAM Core lists a device by its host name or by its IP address. If you do not know which, give both.
    type: list
    elements: str
seealso:
  - module: pamops.senhasegura.pam_remote_session
  - module: pamops.senhasegura.pam_remote_session_terminate
  - plugin: pamops.senhasegura.pam_remote_session_info
    plugin_type: lookup
  - ref: ansible_collections.pamops.senhasegura.docsite.session_life_guide
    description: How to find the session that a URL opened, and which sessions cannot be told apart.
  - ref: ansible_collections.pamops.senhasegura.docsite.errors_guide
    description: What each error message means, and what to do.
"""

EXAMPLES = r"""
- name: List the running sessions on a device
  pamops.senhasegura.pam_remote_session_info:
    url: https://vault.example
    client_id: "{{ vault_client_id }}"
    client_secret: "{{ vault_client_secret }}"
    device:
      - web01.example
      - 192.0.2.21
    active: true
    timeout: 300 # PAM Core sends its whole list of sessions, which can take minutes.
  register: found

# In the following examples, environment variables such as SENHASEGURA_URL set the connection options.

- name: Print who has a session on the device
  ansible.builtin.debug:
    msg: "{{ found.sessions | map(attribute='user') | unique | join(', ') or 'Nobody' }}"

- name: List the sessions of a user that started on a given day
  pamops.senhasegura.pam_remote_session_info:
    user: jdoe
    started_after: "2026-01-31"
    started_before: "2026-02-01"
    timezone: America/Sao_Paulo
    timeout: 300

- name: Request a session
  pamops.senhasegura.pam_remote_session:
    user: jdoe
    device: web01.example
    credential: root
    protocol: SSH
  register: session

- name: Send the URL to jdoe before it expires, which is after 30 seconds
  ansible.builtin.uri:
    url: https://chat.example/hooks/jdoe
    method: POST
    body_format: json
    body:
      text: "Your session on web01: {{ session.session_url }}"
  no_log: true

- name: Find the session that was opened with the URL, and fail if it cannot be identified
  pamops.senhasegura.pam_remote_session_info:
    created: "{{ session.created }}"
    device:
      - web01.example
      - 192.0.2.21
    timezone: America/Sao_Paulo
    timeout: 300
    wait: true
  register: opened
  failed_when: opened is failed or (not opened.decided and not ansible_check_mode)
"""

RETURN = r"""
sessions:
  description: The sessions that match, in the order in which PAM Core lists them. A member that PAM Core does not send,
    or that cannot be read, is V(none).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the session.
      type: int
      sample: 31
    session_id:
      description: Hash that identifies the session.
      type: str
      sample: 0123456789abcdef0123456789abcdef01234567
    user:
      description: Login name of the user.
      type: str
      sample: jdoe
    origin_ip:
      description: IP address from which the session was opened.
      type: str
      sample: 192.0.2.10
    credential:
      description: User name of the credential.
      type: str
      sample: root
    device:
      description: Host name or IP address of the device with the port, as PAM Core lists them.
      type: str
      sample: 192.0.2.20:22
    host:
      description: Host name or IP address from RV(sessions[].device).
      type: str
      sample: 192.0.2.20
    port:
      description: Port from RV(sessions[].device).
      type: int
      sample: 22
    protocol:
      description: Protocol, in lower case.
      type: str
      sample: ssh
    proxy:
      description: Proxy of PAM Core that the session uses.
      type: str
      sample: Web Proxy
    start:
      description: Time at which the session started, in ISO 8601. It has a UTC offset only if O(timezone) is set.
      type: str
      sample: '2026-01-31T09:00:00-03:00'
    end:
      description: Time at which the session ended, or V(none). Its format is that of RV(sessions[].start).
      type: str
      sample: '2026-01-31T09:10:00-03:00'
    time:
      description: Duration of the session in seconds, or V(none).
      type: int
      sample: 600
    active:
      description: Whether the session is running. A session without an end time counts as running.
      type: bool
      sample: false
    prevent_purge:
      description: Whether the session's record is protected from purging. V(none) if PAM Core sends an unknown value.
      type: bool
      sample: false
    request:
      description: What PAM Core sends as C(request), as a string, or V(none). According to its name, it refers to the
        user's request for access.
      type: str
      sample: null
    ITSM:
      description: Code of the change or incident, or V(none).
      type: str
      sample: null
    original:
      description: The session as PAM Core sent it, with the names and values of its version.
      type: dict
      sample: {'id': '31', 'dispositivo': '192.0.2.20:22', 'prevent_purge': 'Não'}
decided:
  description: Whether it is decided which session the URL opened. If V(true), RV(sessions) contains only that session,
    or no session if another filter excludes it.
  returned: success, with O(created)
  type: bool
  sample: true
reason:
  description: Why the session is not identified. V(none) if RV(decided) is V(true).
  returned: success, with O(created)
  type: str
  sample: 2 sessions match, so it is unknown which of them the URL opened. Find the session in PAM Core, and use its id.
http_status:
  description: HTTP status of PAM Core's response, or V(none) if there was no response. See the guide
    R(What errors mean, ansible_collections.pamops.senhasegura.docsite.errors_guide).
  returned: failure
  type: int
error_code:
  description: PAM Core's error number, or V(none). The same number can mean different things. See the guide
    R(What errors mean, ansible_collections.pamops.senhasegura.docsite.errors_guide).
  returned: failure
  type: int
"""

from ..module_utils._resources.operation import run_module
from ..module_utils._resources.remote_session_list import OPERATION


def main() -> None:
    run_module(OPERATION)


if __name__ == "__main__":
    main()
