# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The differences between product versions, as data.

Sources are slugs of the vendor's documentation, such as v3-32
'a2a-create-an-authenticated-url-for-a-web-proxy-session'. [I] marks an inference that no source states."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

# Members of "response", in the order of the published samples.
# Minimal form: v3-32 'a2a-create-an-authenticated-url-for-a-web-proxy-session' (success and parameter errors).
MINIMAL_SUCCESS = ("status", "mensagem", "erro", "message", "error")
MINIMAL_ERROR = ("status", "mensagem", "erro", "cod_erro", "message", "error", "error_code")
# A minimal error that comes with an "exception" object has no codes in "response".
MINIMAL_EXCEPTION = MINIMAL_SUCCESS
# Full form: v3-33 and v4 'api-post-create-authenticated-url-for-web-proxy-session'.
FULL = ("status", "message", "error", "error_code", "detail", "mensagem", "erro", "cod_erro")

SESSION_FIELDS = (
    "id",
    "user",
    "origin_ip",
    "credential",
    "device",
    "protocol",
    "proxy",
    "session_id",
    "start",
    "end",
    "time",
    "prevent_purge",
    "request",
    "ITSM",
)


@dataclass(frozen=True)
class Profile:
    """One product version: the paths in its documentation, and its texts."""

    name: str
    token_paths: tuple[str, ...]
    create_paths: tuple[str, ...]
    list_paths: tuple[str, ...]
    drop_paths: tuple[str, ...]
    # Envelope
    success_members: tuple[str, ...]
    error_members: tuple[str, ...]
    exception_members: tuple[str, ...]
    top_level_code: bool
    multi_tenant: bool
    # Texts
    not_found: str
    user_missing: str
    drop_message: str
    drop_mensagem: str
    drop_names_tenant: bool
    # Behavior
    credential_optional: bool
    # Session records: documented field name → its name in this version
    renamed_fields: Mapping[str, str]
    one_session_key: str
    not_purge_protected: str


_COMMON_FULL: dict[str, t.Any] = {
    "success_members": FULL,
    "error_members": FULL,
    "exception_members": FULL,
    "top_level_code": True,
    "multi_tenant": True,
    "not_found": "Resource sub not found",
    "user_missing": "Username not specified",
    "drop_message": "Sessão interrompida com sucesso",
    "drop_mensagem": "Sessão interrompida com sucesso",
    "drop_names_tenant": False,
    "credential_optional": False,
    "renamed_fields": {},
    "one_session_key": "remote_session",
    "not_purge_protected": "No",
}

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            name="3.32",
            # v3-32 'a2a-how-to-authenticate-an-application'
            token_paths=("/iso/oauth2/token",),
            # v3-32 'a2a-create-an-authenticated-url-for-a-web-proxy-session'
            create_paths=("/iso/remote/session",),
            # v3-32 'a2a-list-remote-session-data': already on /api
            list_paths=("/api/session/remotesessions",),
            # v3-32 'a2a-terminate-a-proxy-session'
            drop_paths=("/iso/session/drop",),
            success_members=MINIMAL_SUCCESS,
            error_members=MINIMAL_ERROR,
            exception_members=MINIMAL_EXCEPTION,
            top_level_code=False,
            multi_tenant=False,
            not_found="Resource/sub-resource not found",
            user_missing="User not specified",
            drop_message="Sessão interrompida com sucesso",
            drop_mensagem="Sessão interrompida com sucesso",
            drop_names_tenant=False,
            credential_optional=False,
            renamed_fields={"credential": "credencial", "device": "dispositivo"},
            one_session_key="remote_sessions",
            not_purge_protected="Não",
        ),
        Profile(
            name="3.33",
            # /iso on v3-33 'a2a-how-to-authenticate-an-application', /api on v3-33 'api-a2a-first-steps'
            token_paths=("/api/oauth2/token", "/iso/oauth2/token"),
            # v3-33 'api-post-create-authenticated-url-for-web-proxy-session'; early copies without /pam
            create_paths=("/api/pam/remote/session", "/api/remote/session"),
            # v3-33 'api-get-list-all-remote-sessions': heading with /pam, example without
            list_paths=("/api/pam/session/remotesessions", "/api/session/remotesessions"),
            drop_paths=("/api/pam/session/drop",),
            **_COMMON_FULL,
        ),
        Profile(
            name="4.0",
            # v4 'how-to-authenticate-an-application-in-a2a'
            token_paths=("/api/oauth2/token",),
            # v4 'api-post-create-authenticated-url-for-web-proxy-session'
            create_paths=("/api/pam/remote/session",),
            # v4 'api-get-list-all-remote-sessions': heading with /pam, example without
            list_paths=("/api/pam/session/remotesessions", "/api/session/remotesessions"),
            drop_paths=("/api/pam/session/drop",),
            **_COMMON_FULL,
        ),
        # [I] The unversioned documentation, which is later than v4, is used for 4.2. It does not show the responses to
        # session creation, so the texts of 4.0 are assumed.
        Profile(
            name="4.2",
            token_paths=("/api/oauth2/token",),
            # latest 'api-post-create-authenticated-url-for-web-proxy-session': back on /iso
            create_paths=("/iso/remote/session",),
            # latest 'api-get-list-all-remote-sessions'
            list_paths=("/api/session/remotesessions",),
            # latest 'api-del-terminate-remote-session'
            drop_paths=("/api/pam/session/drop",),
            **{
                **_COMMON_FULL,
                "credential_optional": True,
                "drop_message": "Session dropped successfully",
                "drop_mensagem": "Sessão encerrada com sucesso",
                "drop_names_tenant": True,
            },
        ),
    )
}

# Paths that every version serves unless the simulator is strict. Those of the /iso session list come only from a public
# OpenAPI export, and /api/pam/remotesessions only from a Portuguese draft of a 3.32 page.
LENIENT_PATHS: dict[str, tuple[str, ...]] = {
    "token": ("/iso/oauth2/token", "/api/oauth2/token"),
    "create": ("/iso/remote/session", "/api/pam/remote/session", "/api/remote/session"),
    "list": (
        "/api/pam/session/remotesessions",
        "/api/session/remotesessions",
        "/iso/session/remotesessions",
        "/api/pam/remotesessions",
    ),
    "drop": ("/api/pam/session/drop", "/iso/session/drop", "/api/session/drop"),
}


def paths_of(profile: Profile, strict: bool) -> dict[str, tuple[str, ...]]:
    """The paths of each function. In strict mode, only those that the version's documentation has."""
    if not strict:
        return LENIENT_PATHS
    return {
        "token": profile.token_paths,
        "create": profile.create_paths,
        "list": profile.list_paths,
        "drop": profile.drop_paths,
    }


SESSION_CREATED = "Session created successfully"
CREDENTIAL_MISSING = "Credential not specified"
DEVICE_MISSING = "Credential device not specified"
INVALID_PROTOCOL = "Invalid protocol"
SESSION_NOT_FOUND = (1002, "1002: Session not found")
UNEXPECTED_IDENTIFIER = (1003, "1003: Unexpected identifier type")
DROP_FAILED = "An error occurred while droping session"
NOT_AUTHORIZED = "You are not authorized to access this resource."
NOT_WRITABLE = (1039, "1039: Without PAM Configuration Access permission")
REFERER_REFUSED = (1105, "The http referer is not allowed")
UNEXPECTED_ERROR = ("Unexpected error", "Check the index log system error for more details")
NO_ROUTE = "no Route matched with those values"
UPSTREAM_INVALID = "An invalid response was received from the upstream server"
UPSTREAM_TIMEOUT = "The upstream server is timing out"
CLIENT_AUTHENTICATION_FAILED = "Client authentication failed"
INVALID_SIGNATURE = "Invalid signature"

# [I] All of these. The vendor documents nothing for these cases. Their form (HTTP status and the envelope without
# "exception") follows the documentation of similar cases. A data file can replace any text under "texts".
INFERRED_TEXTS: dict[str, str] = {
    "unknown_user": "User not found",
    "inactive_user": "User inactive",
    "user_not_permitted": "User without access to the device",
    "unknown_device": "Device not found",
    "inactive_device": "Device inactive",
    "unknown_remote_device": "Remote device not found",
    "unknown_credential": "Credential not found",
    "inactive_credential": "Credential inactive",
    "credential_not_covered": "No access to credential",
    "no_eligible_credential": CREDENTIAL_MISSING,
    "protocol_not_enabled": "Protocol not enabled on the device",
    "invalid_port": "Invalid port",
    "invalid_screensize": "Invalid screensize",
    "invalid_remote_addr": "Invalid remoteAddr",
    "invalid_remote_app": "Invalid remoteapp",
    "ip_not_allowed": "The origin IP is not allowed",
    "token_refused": "The resource owner or authorization server denied the request.",
    "token_refused_hint": "Access token is invalid or has expired",
    "session_url_unknown": "This URL is unknown.",
    "session_url_used": "This URL was already used. It opens only once.",
    "session_url_expired": "This URL has expired. It is valid for 30 seconds.",
    "session_url_wrong_address": "This URL was issued for another IP address.",
}

# [I] According to the documentation, the code is similar to 1105. The number itself is invented.
IP_REFUSED_CODE = 1106

# Errors of the token endpoint: texts of the OAuth 2.0 server library whose token format the published sample has. [I]
# except for the first text, which the vendor documents without a status.
OAUTH2_ERRORS: dict[str, str] = {
    "invalid_client": CLIENT_AUTHENTICATION_FAILED,
    "unsupported_grant_type": "The authorization grant type is not supported by the authorization server.",
    "invalid_request": (
        "The request is missing a required parameter, includes an invalid parameter value, "
        "includes a parameter more than once, or is otherwise malformed."
    ),
    "invalid_scope": "The requested scope is invalid, unknown, or malformed",
}

# v4 'pam-session-about-web-proxy' and the session settings of a credential; ports are the usual ones [I].
PROTOCOLS: dict[str, int] = {
    "SSH": 22,
    "TELNET": 23,
    "VNC": 5900,
    "X11": 6000,
    "X11 FORWARD": 6000,
    "RDP": 3389,
    "HTTP": 80,
    "HTTPS": 443,
    "CITRIX VDA": 1494,
    "ODBC": 1433,
    "MYSQL": 3306,
    "SQL SERVER": 1433,
}

SESSION_URL_SECONDS = 30
DEFAULT_SCREEN_SIZE = "1920x1080"
