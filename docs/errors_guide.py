# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docsite/rst/errors_guide.rst from the table of advice that the plugins use.

Run ``python -m docs.errors_guide`` where Python finds the collection. A unit test fails if the page is out of date.
"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.advice import COMMON, COMMON_BY_STATUS
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.endpoint import Advice
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.login import TOKEN
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import (
    CREATE,
    SESSION_MAY_EXIST,
)
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session_list import LIST
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session_terminate import TERMINATE

NEEDS = (
    "the resource Web Proxy Session with read and write permission to request sessions, PAM Core to list them, and PAM "
    "Core with read and write permission to terminate them,"
)
TEXTS = (*CREATE.advice, *COMMON, *LIST.advice, *TERMINATE.advice)
BY_STATUS = [
    (when, status, text)
    for when, endpoint in (("requesting a session", CREATE), ("logging in", TOKEN))
    for status, text in endpoint.advice_by_status.items()
]
PAGE = Path(__file__).parent / "docsite" / "rst" / "errors_guide.rst"

HEAD = f"""\
..
  Copyright (c) 2026, the pamops.senhasegura contributors
  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. Written by docs/errors_guide.py; do not change it here.

.. _ansible_collections.pamops.senhasegura.docsite.errors_guide:

What errors mean
================

A message of this collection says what failed, how PAM Core responded, and what to do next. It never quotes a request or
a response, except PAM Core's own error text.

A failed task also returns :ansretval:`pamops.senhasegura.pam_remote_session#module:http_status` and
:ansretval:`pamops.senhasegura.pam_remote_session#module:error_code`. A task that requests a session also returns
:ansretval:`pamops.senhasegura.pam_remote_session#module:session_may_exist`.

``session_may_exist`` is true if the request was sent, and it is unknown whether PAM Core issued a session URL: there
was no response or only a part of one, PAM Core reported success without a usable session URL, or a gateway reported a
failure of the server behind it.
It is false after each of these:

* the HTTP statuses 401, 429 and 503, and an error number of PAM Core's own (1000 to 9999);
* an error text that exactly matches one that PAM Core documents, with any HTTP status;
* any other HTTP status from 300 to 499 except 303 and 408, and an error of PAM Core with HTTP status 200, unless the
  list below says that it is unknown.

If it is true, the message ends with:

    {SESSION_MAY_EXIST}

The collection never repeats the request in such a case. Your playbook may, since a URL that nobody opens does no harm:

.. code-block:: yaml+jinja

    - name: Request a session, and once more if the outcome is unknown
      pamops.senhasegura.pam_remote_session:
        user: jdoe
        device: web01
        credential: root
        protocol: SSH
      register: session
      until: session is success or not session.session_may_exist | default(true)
      retries: 1

"""

REMAINS_OPEN = "It is unknown whether PAM Core issued a session URL."

# part of a message of this collection → what to do
OWN = {
    "Invalid options; nothing was sent to PAM Core": (
        "The message lists every invalid option. It also names the variable, environment variable or ansible.cfg that "
        "an option comes from, unless the task gives it."
    ),
    "Failed to import the required Python library": (
        "Install it for the Python that the message names: the one that runs Ansible or, with delegate_to, the one of "
        "that host."
    ),
    "API credentials are set for more than one authentication method": (
        "Set auth_method to the method to use, or unset the options of the other methods. The message names where each "
        "of them is set."
    ),
    "The API credentials are incomplete": (
        "Set the missing options too. The message names where the other options are set: unset them if you use another "
        "authentication method."
    ),
    "created requires timezone": (
        "Set timezone to the time zone of the times that PAM Core lists. created has times in UTC, so they cannot be "
        "compared without it."
    ),
    "could not be resolved": (
        "Check the host in url or proxy, and the name server of the host that runs the task. No request was sent."
    ),
    "no connection to": (
        "Check host and port in url or proxy, and firewalls in between. No request was sent. The connection was "
        "retried as often as retries allows."
    ),
    "the server's certificate cannot be verified": (
        "Set ca_path to the certificate authority of PAM Core, or url to a name that the certificate is valid for. No "
        "request was sent."
    ),
    "it may require a client certificate (client_cert, client_key) or have rejected yours": (
        "Set client_cert and client_key if PAM Core, or a gateway before it, requires a client certificate."
    ),
    "the server does not use TLS on this port": "Check the port in url.",
    "No certificates could be read from": (
        "Check that the file or directory exists on the host that runs the task, that it is readable, and that it "
        "contains certificates in PEM format. The message names the option or variable that sets it. No request was "
        "sent."
    ),
    "or its key cannot be used": (
        "Check that client_cert and client_key name readable PEM files on the host that runs the task, that they "
        "belong together, and that the key is not encrypted. No request was sent."
    ),
    "TLS failed": (
        "The message quotes the reason of OpenSSL. Check the port in url, and which TLS versions and ciphers PAM Core "
        "and the host that runs the task support."
    ),
    "the proxy refused": (
        "Check proxy and its password, or HTTPS_PROXY. Add PAM Core to NO_PROXY if it is reached without a proxy. "
        "Nothing reached PAM Core."
    ),
    "the request was sent, but no complete response arrived": (
        f"PAM Core took longer than timeout allows, or the connection broke. {REMAINS_OPEN}"
    ),
    "PAM Core reported success, but": (
        "The response does not have what the documentation of PAM Core promises. Check that url and api_prefix match "
        "your version of PAM Core, and ask its administrators. The message says whether a session URL may have been "
        "issued."
    ),
    "is not from PAM Core's API": (
        "The response came from something else, such as a login page, a proxy or another product. Check url "
        "and api_prefix."
    ),
    "the response is a redirect": (
        "Redirects are not followed, since they would send secrets elsewhere. Set url to the target of the redirect, "
        "if that is PAM Core."
    ),
    "this run does not log in again within": (
        "PAM Core refused a login, and the other hosts do not repeat it. Fix the cause, then wait for a minute or "
        "start a new run."
    ),
    "No session matches": (
        "Check that the URL was opened, that timezone is the time zone of PAM Core, and that device also has the other "
        "name or the address under which PAM Core lists the device."
    ),
    "sessions match, so it is unknown which of them the URL opened": (
        "PAM Core does not link a session to the URL that opened it, so the sessions cannot be told apart. Find the "
        "session in PAM Core, and give its id."
    ),
    "sessions could not be terminated": (
        "The message gives the reason for each session, up to 10 of them; the result has them all. Fix the reasons, "
        "and run the task again: sessions that have ended do not count as failures."
    ),
    "It is unknown whether the module had started": (
        f"The connection to a delegated host broke. The module is not run again there, whatever number of retries SSH "
        f"has. {REMAINS_OPEN}"
    ),
}


def entries(title: str, rows: list[tuple[str, str]]) -> str:
    lines = [title, "-" * len(title), ""]
    for term, advice in rows:
        lines += [term, f"    {advice}", ""]
    return "\n".join(lines) + "\n"


def advice(known: Advice) -> str:
    text = known.advice.format(needs=NEEDS)
    return f"{text} {REMAINS_OPEN}" if known.unclear else text


def page() -> str:
    return (
        HEAD
        + entries("Messages of this collection", list(OWN.items()))
        + entries("Error texts of PAM Core", [(known.response, advice(known)) for known in TEXTS])
        + entries(
            "By HTTP status, for other error texts",
            [(f"{status}, when {when}", text) for when, status, text in BY_STATUS]
            + [(f"{status}", text) for status, text in COMMON_BY_STATUS.items()],
        )
    ).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
