# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docsite/rst/errors_guide.rst from the table by which the plugins give advice.

Run where Python finds the collection: ``python -m docs.errors_guide``. A unit test tells when it is due.
"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import (
    HINTS,
    HINTS_BY_STATUS,
    LOGIN_HINTS_BY_STATUS,
    SESSION_MAY_EXIST,
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
session, or that something broke behind the address that was asked. Proofs are a refusal that PAM Core documents, an
error number of its own (1000 to 9999), and the HTTP statuses 300 to 499 and 503 without 303 and 408, unless the words
below leave it open. Where it is true, the message ends with:

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


def entries(title: str, rows: list[tuple[str, str]]) -> str:
    lines = [title, "-" * len(title), ""]
    for term, advice in rows:
        lines += [term, f"    {advice}", ""]
    return "\n".join(lines) + "\n"


def advice(known: Hint) -> str:
    text = known.advice.format(needs=NEEDS)
    return f"{text} Whether there is a session remains open." if known.unclear else text


def page() -> str:
    return (
        HEAD
        + entries("By PAM Core's words", [(known.answer, advice(known)) for known in HINTS])
        + entries(
            "By HTTP status, where the words say nothing known",
            [(f"{k}", v) for k, v in HINTS_BY_STATUS.items()]
            + [(f"{k}, when logging in", v) for k, v in LOGIN_HINTS_BY_STATUS.items() if v != HINTS_BY_STATUS.get(k)],
        )
    ).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
