#!/usr/bin/python
# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pam_remote_session_terminate
short_description: Terminate proxy sessions of senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Terminates the running proxy sessions that match all given filters.
  - Requires at least one filter other than O(active). A filter in C(module_defaults) counts. Refuses O(active=false).
  - A session that has already ended, or ends on its own in the meantime, is skipped. The task does not fail because of
    it, and does not return C(changed=true) for it.
  - If one session cannot be terminated, the module still tries the others and then fails.
notes:
  - A request to terminate a session is never repeated if PAM Core may have handled it. After an error or a lost
    response, the module reads the session's record once more to find out whether the session has ended.
  - There is no session to terminate before a URL is opened. This module cannot revoke a URL. The URL expires after 30
    seconds, as documented for version 3.32.
  - With O(created), the task fails and terminates nothing while the URL can still be opened. It also fails and
    terminates nothing if several sessions match, because it is unknown which of them the URL opened.
  - With O(created), the task succeeds with a warning if the URL has expired and no session matches. It succeeds without
    a warning if another filter excludes all sessions that match O(created).
  - With O(id) or O(session_id), the task also fails if PAM Core does not list one of the given values. The other
    sessions are still terminated.
  - Check mode terminates nothing. RV(sessions) then lists the sessions that would be terminated.
  - In PAM Core, the authorization of the application needs read and write permission for the resource that is named
    C(PAM Core).
extends_documentation_fragment:
  - pamops.senhasegura._attributes
  - pamops.senhasegura._connection
  - pamops.senhasegura._remote_session_info
options:
  device:
    description:
      - Host names or IP addresses of devices, with or without the port. A session on any of these devices matches.
      - PAM Core lists a device by its host name or by its IP address. If you do not know which, give both.
    type: list
    elements: str
seealso:
  - module: pamops.senhasegura.pam_remote_session
  - module: pamops.senhasegura.pam_remote_session_info
  - ref: ansible_collections.pamops.senhasegura.docsite.session_life_guide
    description: How to find and terminate sessions, and how to run a maintenance window.
  - ref: ansible_collections.pamops.senhasegura.docsite.errors_guide
    description: What each error message means, and what to do.
"""

EXAMPLES = r"""
- name: Terminate all sessions of a user on a device
  pamops.senhasegura.pam_remote_session_terminate:
    url: https://vault.example
    client_id: "{{ vault_client_id }}"
    client_secret: "{{ vault_client_secret }}"
    user: jdoe
    device:
      - web01.example
      - 192.0.2.21
    timeout: 300 # PAM Core first sends its whole list of sessions, which can take minutes.

# In the following examples, environment variables such as SENHASEGURA_URL set the connection options.
- name: Terminate the session that an alert names
  pamops.senhasegura.pam_remote_session_terminate:
    session_id: "{{ alert_session_id }}"
    timeout: 300

- name: Continue if a session could not be terminated
  block:
    - name: Terminate all sessions of a user through the RDP proxy, on any device
      pamops.senhasegura.pam_remote_session_terminate:
        user: jdoe
        session_proxy: RDP Proxy
        timeout: 300
  rescue:
    - name: Fail if the task failed for any other reason, such as a failed login
      ansible.builtin.fail:
        msg: "{{ ansible_failed_result.msg }}"
      when: ansible_failed_result.sessions is not defined

    - name: Print which sessions could not be terminated, and why
      ansible.builtin.debug:
        msg: "{{ item.user }} is still on {{ item.device }}: {{ item.reason }}"
      loop: "{{ ansible_failed_result.sessions | selectattr('reason', 'defined') }}"
      loop_control:
        label: "{{ item.id }}"
"""

RETURN = r"""
sessions:
  description:
    - The running sessions that match, as PAM Core listed them before this task terminated any. With O(id) or
      O(session_id), finished sessions are included. Each session has the members of
      RV(pamops.senhasegura.pam_remote_session_info#module:sessions), and the members below.
    - If PAM Core does not list an O(id) or O(session_id), there is an entry for this value too. Only this
      value, RV(sessions[].terminated) and RV(sessions[].reason) are set there. The other members are V(none) or empty.
  returned: success, and failure to terminate at least one session
  type: list
  elements: dict
  contains:
    terminated:
      description:
        - Whether the session was terminated. In check mode, whether it would be.
        - V(none) if this is unknown, because the response was lost and the session's record could not be read again.
      type: bool
      sample: true
    reason:
      description: Why the session could not be terminated.
      returned: if the session could not be terminated
      type: str
      sample: 'Terminating the session failed: PAM Core responded with "An error occurred while droping
        session" (HTTP 500).'
http_status:
  description: HTTP status of PAM Core's response, or V(none) if there was no response. It is also V(none) if sessions
    could not be terminated, because each of them can have its own status. See the guide
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
from ..module_utils._resources.remote_session_terminate import OPERATION


def main() -> None:
    run_module(OPERATION)


if __name__ == "__main__":
    main()
