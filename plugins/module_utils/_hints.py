# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about an answer of PAM Core that is no success, and what its documented texts prove. Loaded only where
there is such an answer."""

from __future__ import annotations

import re
import typing as t


class Hint(t.NamedTuple):
    """What to do about an answer whose text matches."""

    answer: str
    """The documented text, without a number before it and a full stop behind it."""
    advice: str
    """With ``{needs}`` for what the authorization must have to do what was asked for."""
    pattern: str | None = None
    """A regular expression where the text varies; else the text itself, in any case, is searched for."""
    unclear: bool = False
    """Whether PAM Core may have done what was asked for and say this all the same."""

    @property
    def regex(self) -> str:
        return self.pattern or re.escape(self.answer)


# The texts are those of the vendor's documentation (v3-32 to v4-2, pages on the web proxy session, on authentication
# and on troubleshooting). What is advised for them is documented there too, as cause or prerequisite.
HINTS = (
    Hint("User not specified", "Set the option user to the login name of a user who is registered in PAM Core."),
    Hint("Username not specified", "Set the option user to the login name of a user who is registered in PAM Core."),
    Hint(
        "Credential not specified",
        "Set the option credential to the user name of a credential of the device; "
        "only the newest product versions select one by themselves (auto_select_credential).",
    ),
    Hint(
        "Credential device not specified",
        "Set the option device to the host name or IP address of a registered device.",
    ),
    Hint(
        "Invalid protocol",
        "Set the option protocol to one that the device has in its connectivities, such as SSH, RDP or HTTPS.",
    ),
    Hint(
        "Resource sub not found",
        "Check that url points at PAM Core itself, and set api_prefix to the generation of paths that it has.",
        r"resource\b.*\bnot found",
    ),
    Hint(
        "No route matched with those values",
        "Check that url points at PAM Core itself, and set api_prefix to the generation of paths that it has; "
        "the gateway also says this where a proxy takes away the Authorization header.",
    ),
    Hint(
        "You are not authorized to access this resource",
        "In PAM Core, grant {needs} to the authorization of this application (A2A, Authorizations).",
    ),
    Hint(
        "Without PAM Configuration Access permission",
        "In PAM Core, set the PAM resource permission of the authorization of this application to read and write "
        "(A2A, Authorizations).",
    ),
    Hint(
        "The http referer is not allowed",
        "This collection sends no referrer: in PAM Core, empty the authorized HTTP referrers of the authorization "
        "(A2A, Authorizations).",
    ),
    Hint(
        "Client authentication failed",
        "Check client_id, client_secret and tenant, whether the application and its authorization are enabled and not "
        "expired, and whether this machine's IP address is among the authorized ones.",
    ),
    Hint(
        "Invalid signature",
        "Check consumer_key, consumer_secret, token_key and token_secret, that url is the address by which "
        "PAM Core knows itself, and that the clock of this machine is right.",
    ),
    Hint(
        "Unexpected error",
        "This is a fault in PAM Core: its administrators find more in the index log of system errors.",
        unclear=True,
    ),
    Hint(
        "Request timed out",
        "PAM Core did not answer its own gateway in time: try again later, or ask its administrators.",
        unclear=True,
    ),
    Hint(
        "The upstream server is timing out",
        "PAM Core did not answer its own gateway in time: ask its administrators.",
        unclear=True,
    ),
    Hint(
        "An invalid response was received from the upstream server",
        "PAM Core did not answer its own gateway as it should: ask its administrators.",
        unclear=True,
    ),
    Hint("Device not found", "Check the option device, and that the device is registered and enabled in PAM Core."),
    Hint(
        "Credential not found",
        "Check the options credential and device: the credential's user name is wanted, not its number or identifier.",
    ),
    Hint("No access to credential", "In PAM Core, add the credential to the authorization of this application."),
    Hint("The item is not a credential", "Set the option credential to the user name of a credential."),
    Hint("Credential inactive", "In PAM Core, enable the credential."),
    Hint("Session not found", "Check the option id: it is the number of the session's record."),
    Hint("Unexpected identifier type", "Check the option id: it is a number; the long hash is session_id."),
    Hint(
        "An error occurred while droping session",
        "PAM Core gives no more reason: look whether the session has ended, and end it there.",
        r"an error occurred while dropp?ing session",
    ),
)

HINTS_BY_STATUS = {
    400: "Check that user, device, credential and protocol are as they are registered in PAM Core, "
    "and that the credential is assigned to the authorization of this application.",
    401: "Check the credentials, whether the application and its authorization are enabled and not expired, "
    "and whether this machine's IP address is among the authorized ones.",
    403: "In PAM Core, check the resources, permission and authorized IPs of the authorization of this application.",
    404: "Check that url points at PAM Core itself.",
    429: "PAM Core limits how often it may be asked: ask less often, or later.",
    502: "The gateway before PAM Core could not get its answer: ask the administrators of PAM Core.",
    503: "PAM Core is not available at the moment: try again later.",
    504: "PAM Core did not answer its own gateway in time: ask its administrators.",
}

# RFC 6749, section 5.2: with OAuth 2.0, whoever is refused a token gets a 400.
LOGIN_HINTS_BY_STATUS = {**HINTS_BY_STATUS, 400: HINTS_BY_STATUS[401]}

# Finding and ending sessions says nothing to PAM Core that has to be registered there.
LIFE_HINTS_BY_STATUS = {status: advice for status, advice in HINTS_BY_STATUS.items() if status != 400}


def hint(message: str, needs: str) -> str | None:
    """Advice for an answer by its text, which goes before its status: codes mean different things in different modules
    of the product."""
    known = _find(message)
    return known.advice.format(needs=needs) if known else None


def says_that_nothing_was_done(message: str) -> bool | None:
    """By the documented texts; None for any other. A documented refusal counts only if it is the whole text."""
    known = _find(message)
    if known is None:
        return None
    if known.unclear:
        return False
    return True if re.fullmatch(known.regex, message.rstrip("."), re.IGNORECASE) else None


def _find(message: str) -> Hint | None:
    return next((known for known in HINTS if re.search(known.regex, message, re.IGNORECASE)), None)
