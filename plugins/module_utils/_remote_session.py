# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web proxy sessions: an authenticated URL that opens one, once, within 30 seconds.

Source of all facts here: vendor docs v3-32 'a2a-create-an-authenticated-url-for-a-web-proxy-session'; v3-33, v4 and
latest 'api-post-create-authenticated-url-for-web-proxy-session'.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ._answers import Endpoint, unclear
from ._client import Client
from ._errors import SESSION_MAY_EXIST
from ._operation import Operation
from ._options import CONNECTION, REMOTE_SESSION, problems, remote_session_problems

_NOT_IN_URL = re.compile(r"[\s\x00-\x20\x7f]")

VALID_FOR = timedelta(seconds=30)

CREATE = Endpoint(
    "Creating the remote session",
    "POST",
    {"iso": ("/iso/remote/session",), "api": ("/api/pam/remote/session", "/api/remote/session")},
    creates_session=True,
    needs="the resource Web Proxy Session with read and write permission",
)

# our option → the API's field
FIELDS = {
    "user": "user",
    "credential": "credential",
    "device": "device",
    "protocol": "protocol",
    "remote_device": "remotedevice",
    "remote_addr": "remoteAddr",
    "port": "port",
    "remote_app": "remoteapp",
    "screen_size": "screensize",
}

ARGUMENT_SPEC = {"argument_spec": {**CONNECTION, **REMOTE_SESSION}}


def option_problems(options: Mapping[str, t.Any], origins: Mapping[str, str] | None = None) -> list[str]:
    """All that is wrong with the options of a session to create, as sentences."""
    required = ("url", "user", "device", "protocol")
    found = problems(options, ARGUMENT_SPEC["argument_spec"], required, origins)
    return found + remote_session_problems(options, origins)


def create_remote_session(client: Client, options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Create a session and return ``session_url``, ``token``, ``expires_at``, ``created`` and, where the API names one,
    ``tenant``.

    Raises the errors of :mod:`_errors`; a success without a usable session is ``Unclear``.
    """
    payload = {field: options[name] for name, field in FIELDS.items() if options.get(name) not in (None, "")}
    envelope = client.call(CREATE, payload)
    session = envelope.get("session")
    session_url, token = (
        (session.get("session_url"), session.get("token")) if isinstance(session, dict) else (None, None)
    )
    lacking = [
        what
        for what, usable in (
            ("an absolute https session URL", _is_usable_url(session_url)),
            ("a token", _is_text(token)),
        )
        if not usable
    ]
    if lacking:
        raise unclear(CREATE, f"PAM Core answered a success, but without {' and '.join(lacking)}", http_status=200)
    result = {
        "session_url": session_url,
        "token": token,
        "expires_at": _written(client.sent_at + VALID_FOR),
        "created": _created(
            options, _written(client.asked_at), _written(client.answered_at + VALID_FOR + timedelta(seconds=1))
        ),
    }
    if _is_text(envelope.get("tenant")):
        result["tenant"] = envelope["tenant"]
    return result


def no_remote_session(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What check mode has in place of what :func:`create_remote_session` returns."""
    return {"session_url": None, "token": None, "expires_at": None, "created": _created(options, None, None)}


def _created(options: Mapping[str, t.Any], opens_from: str | None, opens_until: str | None) -> dict[str, t.Any]:
    """What there is to find the session by, once its URL was opened: PAM Core gives neither its number nor its hash."""
    names = ("user", "device", "protocol", "credential", "remote_device", "remote_addr")
    facts = {name: options.get(name) or None for name in names}
    return {**facts, "opens_from": opens_from, "opens_until": opens_until}


def _perform(client: Client, options: Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    if not check_mode:
        return {"changed": True, **create_remote_session(client, options)}
    client.probe()
    return {"changed": True, **no_remote_session(options)}


OPERATION = Operation(ARGUMENT_SPEC, option_problems, _perform, makes_session=True, if_lost=SESSION_MAY_EXIST)


def _written(moment: datetime) -> str:
    """ISO 8601, of a moment in UTC. What writes any moment is in :mod:`_times`, and loaded only for a search."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_text(value: t.Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_usable_url(value: t.Any) -> bool:
    """Whether a browser can be sent there. The URL is handed on as it is, so it must not need any mending."""
    if not isinstance(value, str) or _NOT_IN_URL.search(value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
