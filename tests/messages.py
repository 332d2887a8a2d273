# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of the collection's messages that several test files need.

They are typed here, not imported from the plugins, so that tests notice each change of a message. A text that only one
test file needs is in that file. Texts that end in a space come before others.
"""

from __future__ import annotations


def responded(text: str, status: int, code: int | None = None) -> str:
    """The sentence that quotes an error of PAM Core."""
    number = "" if code is None else f", code {code}"
    return f'PAM Core responded with "{text}" (HTTP {status}{number}).'


# What failed

CREATING = "Requesting the session failed: "
LISTING = "Listing the sessions failed: "
TERMINATING = "Terminating the session failed: "
LOGGING_IN = "Logging in with OAuth 2.0 failed: "
NOTHING_SENT = "Invalid options; nothing was sent to PAM Core: "
NOT_TERMINATED = "No session was terminated. "
NOT_REQUESTED = "No session was requested. "

# Why: the connection

UNSENT = "the request could not be sent: "
LOST = "the request was sent, but no complete response arrived: "
UNTRUSTED = "the server's certificate cannot be verified: "
NO_TIME = "no response within the time that the option timeout allows."
CLOSED_BEFORE = "the connection was closed before a response arrived."
CLOSED_IN_THE_MIDDLE = "the connection was closed in the middle of the response."
NO_HANDSHAKE = (
    "the server closed the TLS connection; it may require a client certificate (client_cert, client_key) or "
    "have rejected yours."
)
NO_TLS = "the server does not use TLS on this port (check url)."
NOT_HTTP = "the response is not HTTP."
NOT_VALID_FOR = "(set url to a host name that the certificate is valid for)."
NOT_A_URL = "the URL of PAM Core or of a proxy is invalid (check url, proxy, HTTPS_PROXY and ALL_PROXY)."
UNUSABLE_KEY = "or its key cannot be loaded (client_cert, client_key; the key must not be encrypted): "
CHECK_ADDRESS = "Check url and proxy, and that this machine can reach that host."
NOT_VERIFIED = (
    "TLS verification is off (validate_certs is false): an attacker can pose as PAM Core and read the secrets. Set "
    "ca_path to the CA certificate of PAM Core instead."
)

# Why: the response

INTERIM = "the response (HTTP 103) is only an interim response (1xx), which is not supported."
LACKS = "PAM Core reported success, but the response lacks "
MAY_EXIST = "PAM Core may have issued a session URL anyway. If nobody opens it, it expires after 30 seconds."

# Why: the login of another task

NOT_LOGGED_IN = (
    "another task of this run did not finish its login within the time that the option timeout allows. This task did "
    "not log in, because repeated failed logins may lock the application. Check that PAM Core responds, or increase "
    "timeout."
)
INTERRUPTED = (
    "another task of this run was interrupted during its login, before PAM Core responded. This task did not log in. "
    "If the task keyword timeout interrupted the login, set the keyword to more seconds than the option timeout."
)
NOT_RETRIED = "ago. To avoid repeated failed logins, this run does not log in again within 60 seconds."

# What to do after an error of PAM Core

CHECK_API_PREFIX = "Check that url points to PAM Core itself. If api_prefix is set, set it to auto."
CHECK_CLIENT = (
    "Check client_id, client_secret and tenant. Check that the application and its authorization are enabled and not "
    "expired, and that this machine's IP address is authorized."
)
CHECK_CREDENTIAL = (
    "Check the options credential and device. Set credential to the credential's user name, not to its ID or "
    "identifier."
)
CHECK_DEVICE = "Check the option device. Check that the device is registered and enabled in PAM Core."
SET_PROTOCOL = "Set the option protocol to one of the device's connectivities, such as SSH, RDP or HTTPS."
GRANT_READ_WRITE = (
    "In PAM Core, under A2A > Authorizations, set the PAM resource permission of this application's authorization to "
    "read and write."
)
PAM_CORE_ERROR = "This is an error in PAM Core. Ask its administrators to look into its log of system errors."
GATEWAY_TIMEOUT = "PAM Core did not respond to its own gateway in time. Ask the administrators of PAM Core."
GATEWAY_TIMEOUT_RETRY = "PAM Core did not respond to its own gateway in time. Ask the administrators of PAM Core."
NO_REASON_TO_TERMINATE = "PAM Core gives no reason. If the session is still active, terminate it in PAM Core."

# What to do after an HTTP status

STATUS_400 = (
    "Check that user, device, credential and protocol match the values registered in PAM Core, and that the credential "
    "is assigned to the authorization of this application."
)
STATUS_401 = (
    "Check the API credentials; an access token may have expired. Check that the application and its authorization are "
    "enabled and not expired, and that this machine's IP address is authorized."
)
STATUS_403 = (
    "In PAM Core, check the authorization of this application: its resources, its permission and its "
    "authorized IP addresses."
)
STATUS_429 = "PAM Core limits the rate of requests. Send fewer requests, or retry later."

# Options. Those that begin with "must" come after the name of an option, and those that end in a space before a value.

MUST_BE_HTTPS = "must begin with https://, because http:// would send secrets unencrypted."
MUST_BE_PORT = "must be from 1 to 65535, but is "
MUST_BE_SCREEN_SIZE = "must be WIDTHxHEIGHT in pixels, such as 1920x1080, but is "
MUST_BE_SECONDS = "must be more than 0 and at most 3600 seconds, but is "
NO_API_CREDENTIALS = (
    "No API credentials given: set client_id and client_secret (OAuth 2.0), consumer_key, consumer_secret, token_key "
    "and token_secret (OAuth 1.0), or access_token."
)
SEVERAL_METHODS = "API credentials are set for more than one authentication method: "
NO_CLIENT_SECRET = (
    "The API credentials are incomplete: got client_id from the variable senhasegura_client_id, but client_secret is "
    "missing."
)
NO_CREDENTIAL = (
    "credential is missing or empty. If your version of PAM Core can select a credential, set auto_select_credential "
    "to true instead."
)
TWO_CREDENTIALS = "credential and auto_select_credential exclude each other. Set only one of them."
NOT_CREATED = "created must be the value of created that pam_remote_session returned."
PLACEHOLDER = (
    "is the placeholder that Ansible puts in place of a hidden value. If you used redo in the debugger, run the "
    "playbook again."
)
NOT_ALLOWED = "which is not in allowed_devices of this job template."

# Lookups

LOOKUP_IN_CHECK_MODE = (
    "Check mode: the lookup pamops.senhasegura.pam_remote_session changes nothing and returns placeholders."
)
DEVICE_IS_TERM = "device is not an option of the lookup. Pass it as a positional argument."
EMPTY_TERM = "Each device of the lookup must be a string that is not empty."
URLS_EXPIRE = "PAM Core has issued their session URLs, which are lost and expire."

# Why it is not known which session a URL opened

ANOTHER_SESSION = (
    "2 sessions match, so it is unknown which of them the URL opened. Find the session in PAM Core, and use its id."
)
NONE_MATCHES = (
    "No session matches: the URL was not opened, PAM Core lists the device under another name, or timezone is wrong."
)
TOO_EARLY = (
    "The URL has not expired yet, or expired a moment ago, so a matching session may still appear. Try again later."
)
