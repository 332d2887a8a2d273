# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few pages for a browser. They load nothing from other servers, and show no secret."""

from __future__ import annotations

from html import escape

from .state import SessionRecord

STYLE = """
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: #1c2733; background: #eef2f6; }
main { max-width: 34rem; margin: 12vh auto; padding: 2rem 2.5rem; background: #fff; border-radius: .5rem;
       border-top: .4rem solid #2f6f4f; box-shadow: 0 .1rem .6rem rgb(0 0 0 / 12%); }
main.refused { border-top-color: #a63a2b; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem; margin: 0 0 1.5rem; }
dt { color: #5a6a7a; }
dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
footer { color: #5a6a7a; font-size: .875rem; }
"""

NOTICE = "This is the simulator of pamops.senhasegura. There is no vault and no device behind it."


def _page(title: str, content: str, kind: str = "") -> str:
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main class="{kind}">
<h1>{escape(title)}</h1>
{content}
<footer>{escape(NOTICE)}</footer>
</main>
</body>
</html>
"""


def session_page(session: SessionRecord) -> str:
    rows = (
        ("User", session.user),
        ("Device", session.device.hostname),
        ("Address", session.device.address),
        ("Protocol", session.protocol.upper()),
        ("Port", str(session.port)),
        ("Credential", session.credential.username),
        ("Screen size", session.screen_size),
    )
    entries = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return _page("Session open", f"<dl>\n{entries}\n</dl>")


def refused_page(reason: str) -> str:
    return _page("Session not opened", f"<p>{escape(reason)}</p>", "refused")


def landing_page(version: str) -> str:
    return _page(
        "senhasegura PAM Core simulator",
        f"<p>The A2A API as documented for version {escape(version)} is simulated here, for tests.</p>",
    )
