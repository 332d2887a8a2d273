# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docsite/rst/errors_guide.rst from the table by which the plugins give advice.

Run where Python finds the collection: ``python -m docs.errors_guide``. A unit test tells when it is due.
"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import SESSION_MAY_EXIST
from ansible_collections.pamops.senhasegura.plugins.module_utils._hints import (
    HINTS,
    HINTS_BY_STATUS,
    LOGIN_HINTS_BY_STATUS,
    Hint,
)

NEEDS = (
    "the resource Web Proxy Session with read and write permission to make sessions, PAM Core to list them, and PAM "
    "Core with read and write permission to end them,"
)
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

A message of this collection says what failed, what PAM Core answered, and what to do next. It never quotes a request
or an answer, other than the sentence PAM Core gives as its reason.

A failed task also returns :ansretval:`pamops.senhasegura.pam_remote_session#module:http_status`,
:ansretval:`pamops.senhasegura.pam_remote_session#module:error_code` and
:ansretval:`pamops.senhasegura.pam_remote_session#module:session_may_exist`. The last one is true where the request was
sent, and nothing that came back proves that no session was made: no answer, half of one, a success without a usable
session, or that something broke behind the address that was asked. These are proofs:

* the HTTP statuses 401, 429 and 503, and an error number of PAM Core's own (1000 to 9999);
* a refusal that PAM Core documents, and nothing but that, with any HTTP status;
* any other HTTP status from 300 to 499 but 303 and 408, and an error of PAM Core with HTTP status 200, unless the words
  below leave it open.

Where it is true, the message ends with:

    {SESSION_MAY_EXIST}

Nothing is ever asked for a second time in such a case. Your playbook may, since an unopened session harms nobody:

.. code-block:: yaml+jinja

    - name: Get a session, and another one if it is unknown whether there is one
      pamops.senhasegura.pam_remote_session:
        user: jdoe
        device: web01
        credential: root
        protocol: SSH
      register: session
      until: session is success or not session.session_may_exist | default(true)
      retries: 1

"""

REMAINS_OPEN = "Whether there is a session remains open."

# part of a message of ours → what to do
OWN = {
    "Nothing was sent to PAM Core, because the options are not right": (
        "All that is wrong with them is said at once, and where a value comes from that is not the task's own: a "
        "variable, the environment or ansible.cfg."
    ),
    "Failed to import the required Python library": (
        "Install it for the Python that is named: the one that runs Ansible, or with delegate_to, the one of that host."
    ),
    "could not be resolved": (
        "Check the host in url, or in proxy, and the name server of the machine that asks. Nothing was sent."
    ),
    "no connection to": (
        "Check host and port in url or proxy, and firewalls between. Nothing was sent; it was tried again as often "
        "as retries says."
    ),
    "the server's certificate is not accepted": (
        "Set ca_path to the certificate authority of PAM Core; or url to a name that the certificate is for. Nothing "
        "was sent."
    ),
    "as it does when it does not accept or misses a client certificate": (
        "Set client_cert and client_key, where PAM Core or what stands before it asks for a certificate."
    ),
    "what answers there does not speak TLS": "Check the port in url.",
    "the proxy refused": (
        "Check proxy and its password, or HTTPS_PROXY; add PAM Core to NO_PROXY if it is reached without one. "
        "Nothing reached PAM Core."
    ),
    "the request was sent, but its answer did not arrive": (
        f"PAM Core was too slow for timeout, or the connection broke. {REMAINS_OPEN}"
    ),
    "does not speak as PAM Core's API does": (
        "Something else answered, such as a login page, a proxy or another product: check url and api_prefix."
    ),
    "the answer is a redirect": (
        "Redirects are not followed, since they would take the credentials elsewhere. Set url to the address to "
        "which it leads, if that is PAM Core."
    ),
    "this run does not ask again within": (
        "A login was refused, and is not repeated by each host. Once what was wrong is mended, wait for a minute or "
        "start anew."
    ),
    "Whether the module had begun its work is not known": (
        f"The connection to a delegated host broke. The module is not run again there, whatever retries SSH has. "
        f"{REMAINS_OPEN}"
    ),
}


def entries(title: str, rows: list[tuple[str, str]]) -> str:
    lines = [title, "-" * len(title), ""]
    for term, advice in rows:
        lines += [term, f"    {advice}", ""]
    return "\n".join(lines) + "\n"


def advice(known: Hint) -> str:
    text = known.advice.format(needs=NEEDS)
    return f"{text} {REMAINS_OPEN}" if known.unclear else text


def page() -> str:
    return (
        HEAD
        + entries("By this collection's own words", list(OWN.items()))
        + entries("By PAM Core's words", [(known.answer, advice(known)) for known in HINTS])
        + entries(
            "By HTTP status, where the words say nothing known",
            [(f"{k}", v) for k, v in HINTS_BY_STATUS.items()]
            + [(f"{k}, when logging in", v) for k, v in LOGIN_HINTS_BY_STATUS.items() if v != HINTS_BY_STATUS.get(k)],
        )
    ).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
