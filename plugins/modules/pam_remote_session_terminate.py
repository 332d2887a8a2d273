#!/usr/bin/python
# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pam_remote_session_terminate
short_description: End proxy sessions of senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Ends the proxy sessions that fit all of several filters and run.
  - At least one filter besides O(active) must be given.
  - What has ended before, or ends in the meantime by itself, is left as it is, and nothing is changed then.
  - All sessions are tried. If one of them cannot be ended, the others are, and the task fails in the end.
notes:
  - No session is dropped twice. Where PAM Core answers with an error, or its answer does not arrive, its record is
    looked at once more, to tell what has become of it.
  - A URL that was not opened yet is not a session yet. It opens within 30 seconds, or never.
  - With O(created), the task fails and ends nothing where it cannot be decided which session is meant.
  - With O(id) or O(session_id), the task also fails where PAM Core lists no such session.
  - In check mode nothing is ended, and RV(sessions) says what would be.
  - In PAM Core, the authorization needs the resource PAM Core with read and write permission.
extends_documentation_fragment:
  - pamops.senhasegura._attributes
  - pamops.senhasegura._connection
  - pamops.senhasegura._remote_session_info
options:
  device:
    description:
      - Host names or IP addresses of devices, with or without the port. A session on any of them fits.
      - PAM Core lists a device by its host name or by its address. Name both where you do not know.
    type: list
    elements: str
seealso:
  - module: pamops.senhasegura.pam_remote_session_info
  - ref: ansible_collections.pamops.senhasegura.docsite.session_life_guide
    description: How to find sessions and end them, and maintenance windows.
"""

EXAMPLES = r"""
- name: End what a user has open on a server
  pamops.senhasegura.pam_remote_session_terminate:
    url: https://vault.example
    client_id: "{{ vault_client_id }}"
    client_secret: "{{ vault_client_secret }}"
    user: jdoe
    device:
      - web01.example
      - 192.0.2.21

- name: End the session that an alert names
  pamops.senhasegura.pam_remote_session_terminate:
    session_id: "{{ alert_session_id }}"

- name: Go on where a session could not be ended, and tell which
  block:
    - name: End what a user has open through the RDP proxy, on any device
      pamops.senhasegura.pam_remote_session_terminate:
        user: jdoe
        session_proxy: RDP Proxy
        timeout: 300
  rescue:
    - name: Tell
      ansible.builtin.debug:
        msg: "{{ item.user }} is still on {{ item.device }}: {{ item.reason }}"
      loop: "{{ ansible_failed_result.sessions | default([]) | selectattr('reason', 'defined') }}"
      loop_control:
        label: "{{ item.id }}"
"""

RETURN = r"""
sessions:
  description: The running sessions that fit, as PAM Core listed them before. With O(id) or O(session_id), finished ones
    too.
  returned: success, and failure of some
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
      description: Whether it ran, or V(none) if PAM Core does not list it.
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
    terminated:
      description:
        - Whether it was ended, or in check mode, whether it would be.
        - V(none) where that is not known, since an answer got lost and PAM Core could not be asked any more.
      type: bool
      sample: true
    reason:
      description: Why it could not be ended.
      returned: failure
      type: str
      sample: 'Ending the remote session failed: PAM Core answered "An error occurred while droping
        session" (HTTP 500).'
http_status:
  description: HTTP status of the answer, or V(none) if there was no answer, or if some sessions could not be ended.
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
from ..module_utils._resources.remote_session_end import OPERATION


def main() -> None:
    run_module(OPERATION)


if __name__ == "__main__":
    main()
