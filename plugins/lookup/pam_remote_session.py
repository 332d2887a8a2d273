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

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..plugin_utils._worker import spare_inherited_memory

spare_inherited_memory()  # before requests is loaded

from ..module_utils._errors import SenhaseguraError, sentences
from ..module_utils._options import Option, Options, is_encodable
from ..module_utils._remote_session import OPERATION, create_remote_session, no_remote_session, option_problems
from ..plugin_utils._lookup import connect_lookup

display = Display()

OPTIONS: Options = {
    **OPERATION.options,
    "device": Option("raw", required=True),  # the terms
    "field": Option(default="session_url", choices=("session_url", "token", "all")),
}
CHECK_MODE = (
    "Check mode: the lookup pamops.senhasegura.pam_remote_session made no session and returns placeholders "
    "that end in #check-mode and check-mode."
)


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        variables = variables or {}
        done: list[t.Any] = []
        try:
            devices = LookupBase._flatten(terms)
            client, options = connect_lookup(
                self,
                OPERATION._replace(
                    options=OPTIONS,
                    problems=lambda options, origins: (
                        _term_problems(devices, kwargs) + option_problems(options, origins)
                    ),
                ),
                {**kwargs, "device": devices},
                variables,
            )
            with client.presentable_errors():
                if variables.get("ansible_check_mode"):
                    display.warning(CHECK_MODE)
                    placeholders = {"session_url": f"{options['url'].rstrip('/')}/#check-mode", "token": "check-mode"}
                    client.probe()
                    done = [{**no_remote_session({**options, "device": device}), **placeholders} for device in devices]
                else:
                    for device in devices:
                        done.append(create_remote_session(client, {**options, "device": device}))
        except SenhaseguraError as exc:
            raise AnsibleLookupError(sentences(str(exc), _before(len(done)))) from None
        return done if options["field"] == "all" else [result[options["field"]] for result in done]


def _before(count: int) -> str | None:
    if count > 1:
        return f"The {count} sessions that were made before it end by themselves, unless opened"
    return "The session that was made before it ends by itself, unless opened" if count else None


def _term_problems(devices: list[t.Any], kwargs: dict[str, t.Any]) -> list[str]:
    problems = []
    if "device" in kwargs:
        problems.append("device is not an option of the lookup: name the devices before the options.")
    if not devices:
        problems.append("The lookup names no device.")
    if not all(isinstance(device, str) and device.strip() and is_encodable(device) for device in devices):
        problems.append("Each device that the lookup names must be a text that is not empty.")
    return problems
