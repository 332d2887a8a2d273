#!/usr/bin/python
# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pam_remote_session
short_description: Request a web proxy session URL from senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Requests a web proxy session from PAM Core, which issues a session URL. Whoever opens the URL first is logged in to
    the device without seeing a password.
  - The session begins when the URL is opened.
  - The URL works once. If nobody opens it, it expires after 30 seconds. The manual of version 3.32 documents both.
    Manuals of later versions mention neither.
  - Ansible hides the result in every output, log and callback. This does not need C(no_log). To use the result,
    C(register) it.
  - A request that PAM Core may have handled is never repeated. If its response is lost, the task fails and returns
    RV(session_may_exist=true), because PAM Core may have issued a URL. There is no session unless someone opens that
    URL.
notes:
  - The 30 seconds begin when PAM Core issues the URL. A task with a C(loop) returns its results only after the last
    item, and with Ansible's default strategy the next task begins only after the last host. If there are many items or
    hosts, send each URL before you request the next one. For items, put both tasks into a file and loop over
    M(ansible.builtin.include_tasks). For hosts, use C(serial) or C(strategy=free).
  - A later task that uses RV(session_url) or RV(token) shows it, unless that task has C(no_log=true).
  - If the environment variable E(ANSIBLE_DEBUG) is set, ansible-core logs the arguments and the result of a module on a
    delegated host, including secrets.
  - Limit the time with the option O(timeout), not with the task keyword C(timeout). If the keyword stops a task, the
    task cannot return whether PAM Core may have issued a URL.
  - Check mode requests no session. It verifies the connection, TLS and, with OAuth 2.0, the login. It does not verify
    the user, device, credential and protocol, the permissions of the authorization, or a login with other methods.
  - In PAM Core, the authorization of the application needs the resource C(Web Proxy Session) with read and write
    permission.
extends_documentation_fragment:
  - pamops.senhasegura._attributes
  - pamops.senhasegura._connection
  - pamops.senhasegura._remote_session
options:
  device:
    description:
      - Host name or IP address of the device, as it is registered in PAM Core.
      - It is never read from a variable, an environment variable or C(ansible.cfg).
    type: str
    required: true
seealso:
  - module: pamops.senhasegura.pam_remote_session_info
  - module: pamops.senhasegura.pam_remote_session_terminate
  - plugin: pamops.senhasegura.pam_remote_session
    plugin_type: lookup
  - ref: ansible_collections.pamops.senhasegura.docsite.authentication_guide
    description: How to get a client ID and secret from PAM Core, and where to put them.
  - ref: ansible_collections.pamops.senhasegura.docsite.security_guide
    description: What is protected and how, and what is not protected.
  - ref: ansible_collections.pamops.senhasegura.docsite.versions_guide
    description: How the versions of PAM Core differ, and what the vendor does not document.
  - ref: ansible_collections.pamops.senhasegura.docsite.errors_guide
    description: What each error message means, and what to do.
"""

EXAMPLES = r"""
- name: Request a session on a device
  pamops.senhasegura.pam_remote_session:
    url: https://vault.example
    client_id: "{{ vault_client_id }}"
    client_secret: "{{ vault_client_secret }}"
    user: jdoe # the person's login name in PAM Core
    device: web01.example
    credential: root # the account on the device
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

# In the following examples, environment variables set the connection options that a task does not set, such as
# SENHASEGURA_URL, SENHASEGURA_CLIENT_ID and SENHASEGURA_CLIENT_SECRET.
- name: Set the connection options once for several tasks
  module_defaults:
    group/pamops.senhasegura.senhasegura:
      url: https://vault.example
      ca_path: /etc/ssl/certs/vault-ca.pem
      api_prefix: api
  block:
    - name: Request a remote desktop session
      pamops.senhasegura.pam_remote_session:
        user: jdoe
        device: win01
        credential: administrator
        protocol: RDP
        screen_size: 1920x1080
      register: desktop

    - name: Send the URL to jdoe
      ansible.builtin.uri:
        url: https://chat.example/hooks/jdoe
        method: POST
        body_format: json
        body:
          text: "Your desktop on win01: {{ desktop.session_url }}"
      no_log: true

- name: Request a session that only one address can open, from version 4.2 on
  pamops.senhasegura.pam_remote_session:
    user: jdoe
    device: web01.example
    credential: root
    protocol: SSH
    remote_addr: 192.0.2.10
  register: session

- name: Let PAM Core select the credential, from version 4.2 on
  pamops.senhasegura.pam_remote_session:
    user: jdoe
    device: "{{ inventory_hostname }}"
    protocol: SSH
    auto_select_credential: true
  register: session

- name: Continue if PAM Core issued no URL, but fail if it may have issued one
  pamops.senhasegura.pam_remote_session:
    user: jdoe
    device: web01.example
    credential: root
    protocol: SSH
  register: session
  failed_when: session is failed and session.session_may_exist | default(true)
"""

RETURN = r"""
session_url:
  description:
    - URL of the session. It can be opened in a browser once, within 30 seconds. Pass it on unchanged.
    - V(none) in check mode.
  returned: success
  type: str
  sample: https://vault.example/modulos/auth?_sr=...
token:
  description:
    - Token of the session. The vendor does not document its purpose. Treat it as a secret.
    - V(none) in check mode.
  returned: success
  type: str
  sample: 0123456789abcdef...
expires_at:
  description:
    - Earliest time in UTC at which the URL can expire. It is 30 seconds after the request was sent, by the clock of the
      machine that sent the request.
    - V(none) in check mode.
  returned: success
  type: str
  sample: '2026-01-31T12:00:30Z'
created:
  description:
    - Data for finding the session after its URL was opened, because PAM Core returns no ID of the session. It contains
      no secret. Pass it to O(pamops.senhasegura.pam_remote_session_info#module:created).
    - RV(created.opens_from) and RV(created.opens_until) are by PAM Core's clock. They are V(none) in check mode.
  returned: success
  type: dict
  contains:
    user:
      description: Login name of the user.
      type: str
      sample: jdoe
    device:
      description: Host name or IP address of the device.
      type: str
      sample: web01.example
    protocol:
      description: Protocol of the session.
      type: str
      sample: SSH
    credential:
      description: User name of the credential, or V(none) if PAM Core selects it.
      type: str
      sample: root
    remote_device:
      description: Device on which the session of a domain credential opens, or V(none).
      type: str
      sample: null
    remote_addr:
      description: Address from which the person will open the URL, or V(none).
      type: str
      sample: 192.0.2.10
    opens_from:
      description: Time from which the URL can be opened. It is the time at which the URL was requested.
      type: str
      sample: '2026-01-31T12:00:00Z'
    opens_until:
      description: Time by which the URL has certainly expired. It is 31 seconds after the response, because PAM Core
        gives the time of its clock only to the second.
      type: str
      sample: '2026-01-31T12:00:31Z'
tenant:
  description: Tenant of PAM Core in which the session was requested.
  returned: if PAM Core returns it, from version 3.33 on
  type: str
  sample: acme
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
session_may_exist:
  description: Whether PAM Core may have issued a URL although the task failed, for example if the response was lost. If
    nobody opens the URL, it expires, and there is no session.
  returned: failure
  type: bool
  sample: false
"""

from ..module_utils._resources.operation import run_module
from ..module_utils._resources.remote_session import OPERATION


def main() -> None:
    run_module(OPERATION)


if __name__ == "__main__":
    main()
