# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web proxy sessions: request an authenticated URL, which opens one session within 30 seconds.

Source of all facts here: vendor docs v3-32 'a2a-create-an-authenticated-url-for-a-web-proxy-session'; v3-33, v4 and
latest 'api-post-create-authenticated-url-for-web-proxy-session'.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from ._answers import Advice, Endpoint, unclear
from ._client import Client
from ._operation import Operation
from ._options import CONNECTION, EXCLUSIVE, REMOTE_SESSION, problems, remote_session_problems

_URL = re.compile(r"https://[\x21-\x5b\x5d-\x7e]+", re.ASCII | re.IGNORECASE)
"""Visible ASCII without the backslash, which browsers take for a slash."""

VALID_FOR = timedelta(seconds=30)

SESSION_MAY_EXIST = "A session may exist all the same; unless its URL is opened, it ends by itself after 30 seconds."

RESULT = re.compile(r"session_url|\"token\"|[?&]_sr=")
"""What shows that a text holds a session: a member of the result, or the parameter ``_sr`` of the documented URLs."""

CREATE = Endpoint(
    "Creating the remote session",
    "POST",
    {"iso": ("/iso/remote/session",), "api": ("/api/pam/remote/session", "/api/remote/session")},
    needs="the resource Web Proxy Session with read and write permission",
    doubt=SESSION_MAY_EXIST,
    secrets=(("session", "session_url"), ("session", "token")),
    advice=(
        Advice("User not specified", "Set the option user to the login name of a user who is registered in PAM Core."),
        Advice(
            "Username not specified", "Set the option user to the login name of a user who is registered in PAM Core."
        ),
        Advice(
            "Credential not specified",
            "Set the option credential to the user name of a credential of the device; "
            "only the newest product versions select one by themselves (auto_select_credential).",
        ),
        Advice(
            "Credential device not specified",
            "Set the option device to the host name or IP address of a registered device.",
        ),
        Advice(
            "Invalid protocol",
            "Set the option protocol to one that the device has in its connectivities, such as SSH, RDP or HTTPS.",
        ),
        Advice(
            "Device not found", "Check the option device, and that the device is registered and enabled in PAM Core."
        ),
        Advice(
            "Credential not found",
            "Check the options credential and device: the credential's user name is wanted, not its number or "
            "identifier.",
        ),
        Advice("No access to credential", "In PAM Core, add the credential to the authorization of this application."),
        Advice("The item is not a credential", "Set the option credential to the user name of a credential."),
        Advice("Credential inactive", "In PAM Core, enable the credential."),
    ),
    advice_by_status={
        400: "Check that user, device, credential and protocol are as they are registered in PAM Core, "
        "and that the credential is assigned to the authorization of this application.",
    },
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

OPTIONS = {**CONNECTION, **REMOTE_SESSION}


def option_problems(options: Mapping[str, t.Any], origins: Mapping[str, str] | None = None) -> list[str]:
    """All problems with the options, as sentences."""
    required = ("url", "user", "device", "protocol")
    found = problems(options, OPTIONS, required, origins)
    return found + remote_session_problems(options, origins)


def create_remote_session(client: Client, options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Request a session. Returns ``session_url``, ``token``, ``expires_at``, ``created`` and, if the API names it,
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
    """The result of check mode, in place of that of :func:`create_remote_session`."""
    return {"session_url": None, "token": None, "expires_at": None, "created": _created(options, None, None)}


def _created(options: Mapping[str, t.Any], opens_from: str | None, opens_until: str | None) -> dict[str, t.Any]:
    """Facts by which ``pam_remote_session_info`` can find the session later: PAM Core returns no ID."""
    names = ("user", "device", "protocol", "credential", "remote_device", "remote_addr")
    facts = {name: options.get(name) or None for name in names}
    return {**facts, "opens_from": opens_from, "opens_until": opens_until}


def _perform(client: Client, options: Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    if not check_mode:
        return {"changed": True, **create_remote_session(client, options)}
    client.probe()
    return {"changed": True, **no_remote_session(options)}


OPERATION = Operation(
    OPTIONS,
    option_problems,
    _perform,
    doubt=SESSION_MAY_EXIST,
    doubt_key="session_may_exist",
    marks=RESULT,
    exclusive=EXCLUSIVE,
)


def _written(moment: datetime) -> str:
    """ISO 8601, of a time in UTC. :mod:`_times` formats any time, and is loaded only for a search."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_text(value: t.Any) -> bool:
    """Whether it is a non-empty string without control characters or halves of a surrogate pair."""
    return isinstance(value, str) and value.strip() != "" and value.isprintable()


def _is_usable_url(value: t.Any) -> bool:
    """Whether a browser can open it. The URL is returned unchanged, so it must be valid, and its host must be
    unambiguous."""
    if not isinstance(value, str) or not _URL.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
