#!/usr/bin/python
# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pam_remote_session
short_description: Get a single-use URL that opens a session through senhasegura (Segura) PAM Core
version_added: 1.0.0
author:
  - The contributors of pamops.senhasegura (@pamops)
description:
  - Asks PAM Core for an authenticated web proxy session. Whoever opens the URL is on the device, without having seen a
    password.
  - The URL can be opened once, within 30 seconds. Unopened, it ends by itself. That is documented for version 3.32 and
    not repeated for later ones.
  - The result is hidden from every output, log and callback without C(no_log). A registered variable has it.
  - Nothing is sent twice that PAM Core may have handled. Where an answer does not arrive, the message says that a
    session may exist.
notes:
  - The 30 seconds of a URL begin when it is made. A loop has its result after its last item, and Ansible's usual
    strategy begins the next task after the last host. Where there are many, hand each URL over before the next one is
    made, with M(ansible.builtin.include_tasks) in a loop, with C(serial), or with C(strategy=free).
  - A later task that is given RV(session_url) or RV(token) shows it, unless that task has C(no_log=true).
  - With E(ANSIBLE_DEBUG) set, ansible-core itself logs what a module on a delegated host is given and returns.
  - Use O(timeout) and not the C(timeout) keyword of tasks. A task that is ended by the latter cannot say whether a
    session exists.
  - In check mode no session is made. That PAM Core can be reached, that TLS holds, and with OAuth 2.0 the login, is
    proved. RV(session_url) and RV(token) are V(none).
extends_documentation_fragment:
  - pamops.senhasegura._attributes
  - pamops.senhasegura._connection
  - pamops.senhasegura._remote_session
options:
  device:
    description: Host name or IP address of the device, as it is registered in PAM Core.
    type: str
    required: true
seealso:
  - module: pamops.senhasegura.pam_remote_session_info
  - module: pamops.senhasegura.pam_remote_session_terminate
  - plugin: pamops.senhasegura.pam_remote_session
    plugin_type: lookup
  - ref: ansible_collections.pamops.senhasegura.docsite.security_guide
    description: What is protected, how, and what is not.
  - ref: ansible_collections.pamops.senhasegura.docsite.errors_guide
    description: What its messages mean, and what to do.
"""

EXAMPLES = r"""
- name: Get a session on a server
  pamops.senhasegura.pam_remote_session:
    url: https://vault.example
    client_id: "{{ vault_client_id }}"
    client_secret: "{{ vault_client_secret }}"
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

- name: Set once for many tasks how PAM Core is reached
  module_defaults:
    group/pamops.senhasegura.senhasegura:
      url: https://vault.example
      ca_path: /etc/ssl/certs/vault-ca.pem
      api_prefix: api
  block:
    - name: Get a desktop of each server, with the credentials from SENHASEGURA_CLIENT_ID and SENHASEGURA_CLIENT_SECRET
      pamops.senhasegura.pam_remote_session:
        user: jdoe
        device: "{{ item }}"
        credential: administrator
        protocol: RDP
        screen_size: 1920x1080
        remote_addr: 192.0.2.10
      loop:
        - win01
        - win02
      register: desktops

- name: Let PAM Core select the credential
  pamops.senhasegura.pam_remote_session:
    user: jdoe
    device: "{{ inventory_hostname }}"
    protocol: SSH
    auto_select_credential: true
  register: session

- name: Go on where a session cannot be had, but not where it is unknown whether there is one
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
    - The URL to open in a browser, once, within 30 seconds. To be handed on as it is.
    - V(none) in check mode.
  returned: success
  type: str
  sample: https://vault.example/modulos/auth?_sr=...
token:
  description:
    - The token that belongs to the session. Its use is not documented by the vendor; treat it as a secret.
    - V(none) in check mode.
  returned: success
  type: str
  sample: 0123456789abcdef...
expires_at:
  description:
    - When the URL ends if it is not opened. In UTC, 30 seconds after the request was begun on the machine that asked.
    - V(none) in check mode.
  returned: success
  type: str
  sample: '2026-01-31T12:00:30Z'
created:
  description:
    - What the session can be found by once its URL was opened, since PAM Core returns neither its number nor its
      hash. For O(pamops.senhasegura.pam_remote_session_info#module:created). There is no secret in it.
    - RV(created.opens_from) and RV(created.opens_until) are by PAM Core's clock, and V(none) in check mode.
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
      description: Device on which a domain credential is used, or V(none).
      type: str
      sample: null
    remote_addr:
      description: Address of the person who opens the session, or V(none).
      type: str
      sample: 192.0.2.10
    opens_from:
      description: When the URL was asked for.
      type: str
      sample: '2026-01-31T12:00:00Z'
    opens_until:
      description: When it can surely not be opened any more.
      type: str
      sample: '2026-01-31T12:00:31Z'
tenant:
  description: Tenant of PAM Core in which the session was made.
  returned: if PAM Core names it, from version 3.33 on
  type: str
  sample: acme
http_status:
  description: HTTP status of the answer, or V(none) if there was no answer.
  returned: failure
  type: int
  sample: 400
error_code:
  description: PAM Core's own number for the error, or V(none). The same number means other things in other parts of
    the product.
  returned: failure
  type: int
  sample: 1011
session_may_exist:
  description: Whether it is unknown if a session was made, such as after a read timeout.
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
