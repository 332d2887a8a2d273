# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Advice for error responses of any endpoint, and what the documented texts prove."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .endpoint import UNAUTHORIZED, Advice, Endpoint

# The texts are those of the vendor's documentation (v3-32 to v4-2, pages on each function, on authentication
# and on troubleshooting). What is advised for them is documented there too, as cause or prerequisite.
COMMON = (
    Advice(
        "Resource sub not found",
        "Check that url points to PAM Core itself. If api_prefix is set, set it to auto.",
        r"resource\b.*\bnot found",
    ),
    Advice(
        "No route matched with those values",
        "Check that url points to PAM Core itself. If api_prefix is set, set it to auto. The gateway "
        "also sends this error if a proxy removes the Authorization header.",
    ),
    Advice(
        "You are not authorized to access this resource",
        "In PAM Core, under A2A > Authorizations, grant {needs} to the authorization of this application.",
    ),
    Advice(
        "Without PAM Configuration Access permission",
        "In PAM Core, under A2A > Authorizations, set the PAM resource permission of this application's authorization "
        "to read and write.",
    ),
    Advice(
        "The http referer is not allowed",
        "This collection sends no HTTP referrer. In PAM Core, under A2A > Authorizations, clear the authorized HTTP "
        "referrers of this application's authorization.",
    ),
    Advice(
        "Client authentication failed",
        "Check client_id, client_secret and tenant. Check that the application and its authorization are enabled and "
        "not expired, and that this machine's IP address is authorized.",
    ),
    Advice(
        "Invalid signature",
        "Check consumer_key, consumer_secret, token_key and token_secret. Check that url uses the host name configured "
        "in PAM Core, and that the clock of this machine is correct.",
    ),
    Advice(
        "Unexpected error",
        "This is an error in PAM Core. Ask its administrators to look into its log of system errors.",
        unclear=True,
    ),
    Advice(
        "Request timed out",
        "PAM Core did not respond to its own gateway in time. Ask the administrators of PAM Core.",
        unclear=True,
    ),
    Advice(
        "The upstream server is timing out",
        "PAM Core did not respond to its own gateway in time. Ask the administrators of PAM Core.",
        unclear=True,
    ),
    Advice(
        "An invalid response was received from the upstream server",
        "PAM Core sent its own gateway an invalid response. Ask the administrators of PAM Core.",
        unclear=True,
    ),
)

COMMON_BY_STATUS = {
    401: UNAUTHORIZED,
    403: "In PAM Core, check the authorization of this application: its resources, its permission and its authorized "
    "IP addresses.",
    404: "Check that url points to PAM Core itself.",
    429: "PAM Core limits the rate of requests. Send fewer requests, or retry later.",
    502: "The gateway in front of PAM Core got no valid response from it. Ask the administrators of PAM Core.",
    503: "PAM Core is unavailable. Retry later.",
    504: "PAM Core did not respond to its own gateway in time. Ask the administrators of PAM Core.",
}


def hint(message: str, endpoint: Endpoint) -> str | None:
    """Advice for a response by its text, which is more specific than its status: codes mean different things in
    different modules of the product."""
    known = _find(message, endpoint.advice)
    return known.advice.format(needs=endpoint.needs) if known else None


def hint_by_status(status: int, endpoint: Endpoint) -> str | None:
    """Advice for a response whose text is unknown."""
    return endpoint.advice_by_status.get(status) or COMMON_BY_STATUS.get(status)


def says_that_nothing_was_done(message: str, endpoint: Endpoint) -> bool | None:
    """True if the text is a documented refusal, False if it is documented as unclear, None for other texts. A
    documented refusal must be the whole text."""
    known = _find(message, endpoint.advice)
    if known is None:
        return None
    if known.unclear:
        return False
    return True if re.fullmatch(known.regex, message.rstrip("."), re.IGNORECASE) else None


def _find(message: str, own: Iterable[Advice]) -> Advice | None:
    return next((known for known in (*own, *COMMON) if re.search(known.regex, message, re.IGNORECASE)), None)
