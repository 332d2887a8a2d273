# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web proxy sessions: request an authenticated URL, which opens one session within 30 seconds.

Source of all facts here: vendor docs v3-32 'a2a-create-an-authenticated-url-for-a-web-proxy-session'; v3-33, v4 and
latest 'api-post-create-authenticated-url-for-web-proxy-session'.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from .._api.client import Client
from .._api.endpoint import Advice, Endpoint, outcome_unknown
from .._api.envelope import section
from .._options.connection import CONNECTION
from .._options.spec import Option, Origins, between, configurable, origin_note, shown
from .operation import Operation
from .records import to_payload
from .times import format_time

_URL = re.compile(r"https://[\x21-\x5b\x5d-\x7e]+", re.ASCII | re.IGNORECASE)
"""Visible ASCII without the backslash, which browsers take for a slash."""

VALID_FOR = timedelta(seconds=30)

SESSION_MAY_EXIST = "PAM Core may have issued a session URL anyway. If nobody opens it, it expires after 30 seconds."

RESULT = re.compile(r"session_url|\"token\"|[?&]_sr=")
"""What shows that a text holds a session: a member of the result, or the parameter ``_sr`` of the documented URLs."""

CREATE = Endpoint(
    "Requesting the session",
    "POST",
    {"iso": ("/iso/remote/session",), "api": ("/api/pam/remote/session", "/api/remote/session")},
    needs="the resource Web Proxy Session with read and write permission",
    doubt=SESSION_MAY_EXIST,
    secrets=(("session", "session_url"), ("session", "token")),
    advice=(
        Advice("User not specified", "Set the option user to the login name of a user in PAM Core."),
        Advice("Username not specified", "Set the option user to the login name of a user in PAM Core."),
        Advice(
            "Credential not specified",
            "Set the option credential to the user name of a credential of the device. With PAM Core 4.2 and later, "
            "you can set auto_select_credential instead.",
        ),
        Advice(
            "Credential device not specified",
            "Set the option device to the host name or IP address of a registered device.",
        ),
        Advice(
            "Invalid protocol",
            "Set the option protocol to one of the device's connectivities, such as SSH, RDP or HTTPS.",
        ),
        Advice(
            "Device not found", "Check the option device. Check that the device is registered and enabled in PAM Core."
        ),
        Advice(
            "Credential not found",
            "Check the options credential and device. Set credential to the credential's user name, not to its ID or "
            "identifier.",
        ),
        Advice("No access to credential", "In PAM Core, add the credential to the authorization of this application."),
        Advice("The item is not a credential", "Set the option credential to the user name of a credential."),
        Advice("Credential inactive", "In PAM Core, enable the credential."),
    ),
    advice_by_status={
        400: "Check that user, device, credential and protocol match the values registered in PAM Core, and "
        "that the credential is assigned to the authorization of this application.",
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


def _ip_address(value: str) -> str | None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return f"must be an IPv4 or IPv6 address, but is {shown(value)}."
    return f"must be an address without a zone ID, but is {shown(value)}." if "%" in value else None


def _screen_size(value: str) -> str | None:
    if re.fullmatch(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", value, re.ASCII):
        return None
    return f"must be WIDTHxHEIGHT in pixels, such as 1920x1080, but is {shown(value)}."


REMOTE_SESSION = {
    **configurable({"user": Option(required=True)}),
    "device": Option(required=True),  # set by the task itself, so that no stray variable grants access to a device
    **configurable(
        {
            "protocol": Option(required=True),
            "credential": Option(),
            "auto_select_credential": Option("bool", default=False),
            "remote_device": Option(aliases=("remotedevice",)),
            "remote_addr": Option(aliases=("remoteAddr",), check=_ip_address),
            "port": Option("int", check=between(1, 65535)),
            "remote_app": Option("int", aliases=("remoteapp",), check=between(1, 2**31 - 1)),
            "screen_size": Option(aliases=("screensize",), check=_screen_size),
        }
    ),
}

OPTIONS = {**CONNECTION, **REMOTE_SESSION}

IDENTIFYING = ("user", "device", "protocol", "credential", "remote_device", "remote_addr")
"""Options by which a session can be found later: PAM Core returns no ID."""

EXCLUSIVE = ("credential", "auto_select_credential")


def rules(options: Mapping[str, t.Any], origins: Origins | None = None) -> list[str]:
    """Problems between the options of a session."""
    automatic = options.get("auto_select_credential") is True
    named = str(options.get("credential") or "").strip()
    if automatic and named:
        both = " and ".join(f"{name}{origin_note(name, origins)}" for name in EXCLUSIVE)
        return [f"{both} exclude each other. Set only one of them."]
    if not automatic and not named:
        return [
            "credential is missing or empty. If your version of PAM Core can select a credential, set "
            "auto_select_credential to true instead."
        ]
    return []


def create_remote_session(client: Client, options: Mapping[str, t.Any], check_mode: bool = False) -> dict[str, t.Any]:
    """Request a session URL. Returns ``session_url``, ``token``, ``expires_at``, ``created`` and, if the API names it,
    ``tenant``.

    Raises the errors of :mod:`._errors`. A success without a usable session URL or token is an unknown outcome.
    """
    if check_mode:
        client.probe()
        created = _created(options, None, None)
        return {"changed": True, "session_url": None, "token": None, "expires_at": None, "created": created}
    reply = client.call(CREATE, to_payload(options, FIELDS))
    session = section(reply.data, "session")
    found = {
        "a valid https session URL": _is_usable_url(session.get("session_url")),
        "a token": _is_text(session.get("token")),
    }
    lacking = [what for what, is_usable in found.items() if not is_usable]
    if lacking:
        why = f"PAM Core reported success, but the response lacks {' and '.join(lacking)}"
        raise outcome_unknown(CREATE, why, http_status=200)
    opens_until = reply.responded_at + VALID_FOR + timedelta(seconds=1)
    result = {
        "changed": True,
        "session_url": session["session_url"],
        "token": session["token"],
        "expires_at": format_time(reply.sent_at + VALID_FOR),
        "created": _created(options, format_time(reply.requested_at), format_time(opens_until)),
    }
    if _is_text(reply.data.get("tenant")):
        result["tenant"] = reply.data["tenant"]
    return result


def _created(options: Mapping[str, t.Any], opens_from: str | None, opens_until: str | None) -> dict[str, t.Any]:
    return {
        **{name: options.get(name) or None for name in IDENTIFYING},
        "opens_from": opens_from,
        "opens_until": opens_until,
    }


def placeholders(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a lookup returns in check mode."""
    return {"session_url": f"{options['url'].rstrip('/')}/#check-mode", "token": "check-mode"}


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


OPERATION = Operation(
    OPTIONS,
    create_remote_session,
    rules,
    exclusive=(EXCLUSIVE,),
    doubt=SESSION_MAY_EXIST,
    doubt_key="session_may_exist",
    marks=RESULT,
    lost="PAM Core has issued their session URLs, which are lost and expire.",
    placeholders=placeholders,
)
