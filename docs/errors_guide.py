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

INSTEAD = {
    "You are not authorized to access this resource": (
        "Add the missing resource to the authorization of this application: to request sessions, *Web Proxy Session* "
        "(read and write); to list sessions, *PAM Core*; to terminate sessions, *PAM Core* (read and write)."
    ),
}
"""Text of PAM Core → what the page advises for all endpoints. The message names only what one endpoint needs."""
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

A message of this collection consists of three parts: what failed, how PAM Core responded, and what to do next. It never
quotes a request, and from a response it quotes only PAM Core's own error text.

A failed task also returns :ansretval:`pamops.senhasegura.pam_remote_session#module:http_status` and
:ansretval:`pamops.senhasegura.pam_remote_session#module:error_code`. A task that requests a session also returns
:ansretval:`pamops.senhasegura.pam_remote_session#module:session_may_exist`.

``session_may_exist`` is true if it is unknown whether PAM Core issued a session URL. It is about the URL: the session
itself begins only when someone opens the URL. The first row that applies decides:

.. list-table::
   :header-rows: 1
   :widths: 75 25

   * - What happened
     - ``session_may_exist``
   * - No request for a session was sent.
     - false
   * - The request was sent, but no complete response arrived, or the response was too large.
     - true
   * - The response is a redirect.
     - true for HTTP status 303, otherwise false
   * - PAM Core reported success, but the response has no usable session URL or no token.
     - true
   * - An error response contains a session URL or a token.
     - true
   * - The HTTP status is 401, 429 or 503.
     - false
   * - PAM Core sent an error code of its own (1000 to 9999).
     - false
   * - In the list below, the entry for this error text says that the outcome is unknown.
     - true
   * - The error text is exactly another text in the list of PAM Core's error texts below.
     - false
   * - The HTTP status is 408, or 500 and above.
     - true
   * - The response has a success status (200 to 299), but is not from PAM Core's API.
     - true
   * - Any other error response.
     - false

If ``session_may_exist`` is true, the message ends with:

    {SESSION_MAY_EXIST}

The collection never repeats a request in such a case. Your playbook may repeat it, since a URL that nobody opens does
no harm:

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
        "The message lists every invalid option. For an option that the task does not set, it names the source "
        "(variable, environment variable, ansible.cfg)."
    ),
    "Unknown option": (
        "Correct the name of the option. To list all options, run ansible-doc pamops.senhasegura.pam_remote_session."
    ),
    "Set at least one of these filters": (
        "Set at least one filter that selects sessions. Without a filter, the task would terminate every session."
    ),
    "must not come from": (
        "The value of the option comes from a fact, and a managed host chooses its own facts. If you trust the fact, "
        "copy it with set_fact to a variable of another name, and use that variable."
    ),
    "Failed to import the required Python library": (
        "Install the library for the Python that the message names: the Python that runs Ansible or, with delegate_to, "
        "the Python of the delegated host."
    ),
    "No API credentials given": (
        "Set the options of one authentication method, such as client_id and client_secret, in the task, as variables "
        "or in the environment."
    ),
    "API credentials are set for more than one authentication method": (
        "Set auth_method to the method to use, or unset the options of the other methods. The message names "
        "the source of each option."
    ),
    "The API credentials are incomplete": (
        "Set the missing options too. For each option that is set, the message names its source. Unset "
        "these options if you use another authentication method."
    ),
    "created requires timezone": (
        "Set timezone to the time zone of the times that PAM Core lists. created has times in UTC, which cannot be "
        "compared with PAM Core's times unless timezone is set."
    ),
    "could not be resolved": (
        "Check the host in url or proxy, and the name server of the host that runs the task. No request was sent."
    ),
    "no connection to": (
        "Check the host and port in url or proxy, and firewalls in between. No request was sent. The collection "
        "retried the connection as often as the option retries allows."
    ),
    "the server's certificate cannot be verified": (
        "Set ca_path to the certificate authority of PAM Core, or url to a name that the certificate is valid for. No "
        "request was sent."
    ),
    "it may require a client certificate (client_cert, client_key) or have rejected yours": (
        "Set client_cert and client_key if PAM Core, or a gateway in front of it, requires a client certificate."
    ),
    "the server does not use TLS on this port": "Check the port in url.",
    "No certificates could be read from": (
        "Check that the file or directory exists on the host that runs the task, that it is readable, and that it "
        "contains certificates in PEM format. The message names the option or variable that sets the path. No request "
        "was sent."
    ),
    "or its key cannot be loaded": (
        "Check that client_cert and client_key name readable PEM files on the host that runs the task, that they "
        "belong together, and that the key is not encrypted. No request was sent."
    ),
    "TLS failed": (
        "The message quotes the reason that OpenSSL gives. Check the port in url, and which TLS versions and ciphers "
        "PAM Core and the host that runs the task support."
    ),
    "the proxy refused": (
        "Check proxy and its password, or HTTPS_PROXY. If PAM Core can be reached without a proxy, add its host to "
        "NO_PROXY. Nothing reached PAM Core."
    ),
    "the request was sent, but no complete response arrived": (
        f"PAM Core took longer than timeout allows, or the connection broke. {REMAINS_OPEN}"
    ),
    "PAM Core reported success, but": (
        "The response lacks something that PAM Core's documentation promises. Check that url and api_prefix match "
        "your version of PAM Core, and ask its administrators. If PAM Core may have issued a session URL, the message "
        "reports that."
    ),
    "is not from PAM Core's API": (
        "The response came from something else, such as a login page, a proxy or another product. Check url and "
        "api_prefix."
    ),
    "the response is a redirect": (
        "Redirects are not followed, since they would send secrets elsewhere. If the target of the redirect is PAM "
        "Core, set url to that target."
    ),
    "this run does not log in again within": (
        "PAM Core refused a login, or did not respond to it in time, and the other hosts do not repeat the login. Fix "
        "the cause, then wait for a minute or start a new run."
    ),
    "another task of this run did not finish its login": (
        "Only one task at a time logs in. The other task's login took longer than the option timeout of this task "
        "allows. Check why PAM Core responds slowly, or increase timeout."
    ),
    "was interrupted during its login": (
        "Another task was stopped before PAM Core responded to its login, for example by the task keyword timeout. Set "
        "that keyword to more seconds than the option timeout. Then wait for a minute or start a new run."
    ),
    "No session matches": (
        "Check that the URL was opened, that timezone is the time zone of PAM Core, and that device also has the other "
        "name or the address under which PAM Core lists the device. A task that terminates sessions succeeds and "
        "prints this text as a warning."
    ),
    "sessions match, so it is unknown which of them the URL opened": (
        "PAM Core does not link a session to the URL that opened it, so the matching sessions cannot be distinguished. "
        "Find the session in PAM Core, and set id to its ID."
    ),
    "The session that the URL opened cannot be identified": (
        "A lookup returns a session only if it is certain which session the URL opened. The rest of the message gives "
        "the reason: see the other entries on this page."
    ),
    "sessions could not be terminated": (
        "The message gives the reason for each session, for up to 10 sessions; the result has the reasons for all of "
        "them. Fix the causes, and run the task again: sessions that have ended do not count as failures."
    ),
    "PAM Core does not list this session": (
        "The task cannot know whether this session is running. Check id or session_id, and check that the "
        "authorization covers the session's credential and device."
    ),
    "It is unknown whether the module had started": (
        "The connection to a delegated host broke. The collection does not run the module again, even if SSH is set to "
        f"retry. {REMAINS_OPEN}"
    ),
}

# part of a message → how the page shows it; by default, as it is
SHOWN = {
    "Unknown option": "Unknown option …",
    "must not come from": "… must not come from …, which is a fact of …",
    "could not be resolved": "the name … could not be resolved",
    "no connection to": "no connection to … port …",
    "it may require a client certificate (client_cert, client_key) or have rejected yours": (
        "the server closed the TLS connection; it may require a client certificate (client_cert, client_key) or have "
        "rejected yours"
    ),
    "No certificates could be read from": "No certificates could be read from …",
    "or its key cannot be loaded": "The client certificate … or its key cannot be loaded",
    "TLS failed": "TLS failed: …",
    "the proxy refused": "the proxy refused the connection",
    "PAM Core reported success, but": "PAM Core reported success, but the response lacks …",
    "is not from PAM Core's API": "the response (HTTP …) is not from PAM Core's API",
    "the response is a redirect": "the response is a redirect (HTTP …), which is not followed",
    "this run does not log in again within": (
        "to avoid repeated failed logins, this run does not log in again within … seconds"
    ),
    "another task of this run did not finish its login": (
        "another task of this run did not finish its login within the time that the option timeout allows"
    ),
    "was interrupted during its login": (
        "another task of this run was interrupted during its login, before PAM Core responded"
    ),
    "sessions match, so it is unknown which of them the URL opened": (
        "… sessions match, so it is unknown which of them the URL opened"
    ),
    "sessions could not be terminated": "… of … sessions could not be terminated",
}


MENU = """\
*A2A > Authorizations* is short for the menu *A2A > Applications > Authorizations* of PAM Core, see :ref:`Authentication
<ansible_collections.pamops.senhasegura.docsite.authentication_guide>`."""


def entries(title: str, rows: list[tuple[str, str]], introduction: str = "") -> str:
    lines = [title, "-" * len(title), "", *([introduction, ""] if introduction else [])]
    for term, advice in rows:
        lines += [term, f"    {advice}", ""]
    return "\n".join(lines) + "\n"


def advice(known: Advice) -> str:
    text = INSTEAD.get(known.response, known.advice)
    return f"{text} {REMAINS_OPEN}" if known.unclear else text


def page() -> str:
    return (
        HEAD
        + entries("Messages of this collection", [(SHOWN.get(text, text), fix) for text, fix in OWN.items()])
        + entries("Error texts of PAM Core", [(known.response, advice(known)) for known in TEXTS], MENU)
        + entries(
            "By HTTP status, for other error texts",
            [(f"{status}, when {when}", text) for when, status, text in BY_STATUS]
            + [(f"{status}", text) for status, text in COMMON_BY_STATUS.items()],
        )
    ).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
