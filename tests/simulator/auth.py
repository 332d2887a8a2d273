# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication and authorization: the checks before every API call.

oauthlib validates OAuth 1.0 signatures and OAuth 2.0 grants. This module answers its queries."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import typing as t
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlencode

from oauthlib import oauth1, oauth2

from . import profiles
from .data import NO_OAUTH, OAUTH1, OAUTH2, Authorization
from .state import State
from .wire import Answer, Incoming, Refusal, failure, gateway_answer, handled_error, json_answer

DUMMY_KEY = "0" * 41

# Passes the tenant of a token request, which oauthlib does not know, to authenticate_client()
TENANT_HEADER = "X-Simulator-Tenant"


@dataclass
class Caller:
    authorization: Authorization
    tenant: str


@dataclass(frozen=True)
class Need:
    """What an API function requires of the authorization: a resource, and whether *Read and write*."""

    resource: str
    write: bool = False


class OAuth1Validator(oauth1.RequestValidator):  # type: ignore[misc, unused-ignore]
    """Answers oauthlib's queries about OAuth 1.0 keys from the state.

    v3-32 'a2a-how-to-authenticate-an-application': HMAC-SHA1 is the only method. Lengths and characters of keys and
    nonces are not checked, because they are not documented."""

    allowed_signature_methods = (oauth1.SIGNATURE_HMAC_SHA1,)
    dummy_client = DUMMY_KEY
    dummy_access_token = DUMMY_KEY
    realms = ()

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state

    def check_client_key(self, client_key: str) -> bool:
        return bool(client_key)

    def check_access_token(self, request_token: str) -> bool:
        return bool(request_token)

    def check_nonce(self, nonce: str) -> bool:
        return bool(nonce)

    def validate_client_key(self, client_key: str, request: t.Any) -> bool:
        return self._state.find_authorization(OAUTH1, consumer_key=client_key) is not None

    def validate_access_token(self, client_key: str, token: str, request: t.Any) -> bool:
        return self._state.find_authorization(OAUTH1, consumer_key=client_key, token_key=token) is not None

    def validate_timestamp_and_nonce(
        self,
        client_key: str,
        timestamp: str,
        nonce: str,
        request: t.Any,
        request_token: str | None = None,
        access_token: str | None = None,
    ) -> bool:
        used = (client_key, access_token or "", timestamp, nonce)
        if used in self._state.nonces:
            return False
        self._state.nonces.add(used)
        return True

    def validate_realms(
        self, client_key: str, token: str, request: t.Any, uri: str | None = None, realms: t.Any = None
    ) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: t.Any) -> str:
        found = self._state.find_authorization(OAUTH1, consumer_key=client_key)
        return found.consumer_secret if found else DUMMY_KEY

    def get_access_token_secret(self, client_key: str, token: str, request: t.Any) -> str:
        found = self._state.find_authorization(OAUTH1, consumer_key=client_key, token_key=token)
        return found.token_secret if found else DUMMY_KEY


class OAuth2Validator(oauth2.RequestValidator):  # type: ignore[misc, unused-ignore]
    """Answers oauthlib's queries about client credentials and bearer tokens from the state."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state

    def authenticate_client(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> bool:
        """Basic or body: documentation and clients use both. The tenant is part of the identity.

        A disabled application cannot authenticate (v3-32 'a2a-how-to-create-an-application'). The response is inferred:
        it is that of a wrong secret, also for an expired or disabled authorization."""
        client_id, client_secret = basic_credentials(request.headers.get("Authorization", ""))
        client_id = client_id or request.client_id or ""
        client_secret = client_secret or request.client_secret or ""
        found = self._state.find_authorization(OAUTH2, client_id=client_id, client_secret=client_secret)
        if found is None or not found.is_live(self._state.clock.now()):
            return False
        tenant = request.headers.get(TENANT_HEADER) or self._state.vault.tenants[0]
        if self._state.profile.multi_tenant and tenant != found.application.tenant:
            return False
        request.client = found
        return True

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: t.Any, request: t.Any, *args: t.Any, **kwargs: t.Any
    ) -> bool:
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id: str, request: t.Any, *args: t.Any, **kwargs: t.Any) -> list[str]:
        return []

    def validate_scopes(
        self, client_id: str, scopes: t.Any, client: t.Any, request: t.Any, *args: t.Any, **kwargs: t.Any
    ) -> bool:
        return True

    def save_bearer_token(self, token: t.Any, request: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        """Nothing to do: the state stores a token when it issues it."""

    def validate_bearer_token(self, token: str, scopes: t.Any, request: t.Any) -> bool:
        known = self._state.tokens.get(token)
        if known is None or known.expires_at <= self._state.clock.now():
            return False
        request.simulator_token = known
        return True


class Authenticator:
    """The two oauthlib endpoints over one state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._oauth1 = oauth1.ResourceEndpoint(OAuth1Validator(state))
        self._oauth2 = oauth2.BackendApplicationServer(
            OAuth2Validator(state), token_generator=self._issue, token_expires_in=state.vault.token_lifetime
        )

    def _issue(self, request: t.Any) -> str:
        authorization: Authorization = request.client
        return self._state.issue_token(
            authorization, authorization.application.tenant, self._state.vault.token_lifetime
        )

    def grant(self, incoming: Incoming) -> Answer:
        """The token endpoint. v3-32, v3-33, v4 'how-to-authenticate-an-application-in-a2a'.

        Parameters can be in the query string or in the body, because one public client sends them all in the query
        string."""
        parameters = {key: str(value) for key, value in incoming.parameters.items() if value not in (None, "")}
        tenant = parameters.pop("tenant", None) or tenant_of_host(self._state, incoming.host)
        headers = {"Authorization": incoming.headers.get("authorization", ""), TENANT_HEADER: tenant or ""}
        _headers, body, status = self._oauth2.create_token_response(
            f"https://{incoming.host}{incoming.path}", "POST", urlencode(parameters), headers
        )
        given = json.loads(body)
        if status == 200:
            return json_answer(200, {name: given[name] for name in ("token_type", "expires_in", "access_token")})
        return oauth2_error(status, given["error"], basic=_is_basic(incoming))

    def identify(self, incoming: Incoming) -> Caller:
        """The authorization that signed the request, or to which its token was issued."""
        scheme = incoming.headers.get("authorization", "").partition(" ")[0].lower()
        identify = {"oauth": self._identify_oauth1, "bearer": self._identify_oauth2}.get(scheme)
        if identify is not None:
            caller = identify(incoming)
        elif "authorization" in incoming.headers:
            raise Refusal(token_refused(self._state))
        else:
            caller = self._identify_query(incoming)
        host_tenant = tenant_of_host(self._state, incoming.host)
        if self._state.profile.multi_tenant and host_tenant not in (None, caller.tenant):
            raise Refusal(token_refused(self._state))
        return caller

    def _identify_oauth1(self, incoming: Incoming) -> Caller:
        headers = {
            name: incoming.headers[name.lower()]
            for name in ("Authorization", "Content-Type")
            if name.lower() in incoming.headers
        }
        try:
            valid, request = self._oauth1.validate_protected_resource_request(
                incoming.url, incoming.method, incoming.body.decode("utf-8", "replace"), headers
            )
        except ValueError:
            # What oauthlib raises for a query string or form with invalid encoding
            valid, request = False, None
        found = None
        if valid:
            found = self._state.find_authorization(
                OAUTH1, consumer_key=request.client_key, token_key=request.resource_owner_key
            )
        if found is None:
            # [I] the status. The text is documented.
            raise Refusal(failure(self._state.profile, 401, profiles.INVALID_SIGNATURE, error_code=1))
        return Caller(found, found.application.tenant)

    def _identify_oauth2(self, incoming: Incoming) -> Caller:
        valid, request = self._oauth2.verify_request(
            f"https://{incoming.host}{incoming.path}",
            incoming.method,
            headers={"Authorization": incoming.headers["authorization"]},
        )
        if not valid:
            raise Refusal(token_refused(self._state))
        return Caller(request.simulator_token.authorization, request.simulator_token.tenant)

    def _identify_query(self, incoming: Incoming) -> Caller:
        """The legacy method without OAuth: hc 3.25 'a2a-api/getting-started-a2a/requests-auth'.

        Its keys are in the query, whatever the method. Without them the gateway finds no route, because it matches on
        the presence of the Authorization header."""
        query = incoming.query
        if not {"oauth_consumer_key", "oauth_token"} <= query.keys():
            raise Refusal(gateway_answer(404, profiles.NO_ROUTE))
        found = self._state.find_authorization(
            NO_OAUTH, consumer_key=query["oauth_consumer_key"], token_key=query["oauth_token"]
        )
        if found is None:
            raise Refusal(revoked(self._state))
        return Caller(found, found.application.tenant)


def authorize(state: State, authenticator: Authenticator, incoming: Incoming, need: Need) -> Caller:
    """All checks between a known path and its handler, in this order [I]. Raises Refusal."""
    caller = authenticator.identify(incoming)
    for check in CHECKS:
        check(state, incoming, caller, need)
    return caller


def _check_live(state: State, incoming: Incoming, caller: Caller, need: Need) -> None:
    """Expired or disabled after the token was issued. The documentation says only that access is revoked."""
    if not caller.authorization.is_live(state.clock.now()):
        raise Refusal(revoked(state))


def _check_address(state: State, incoming: Incoming, caller: Caller, need: Need) -> None:
    """*Authorized IPs* of the authorization. The status 500 with a code like 1105 is inferred."""
    networks = caller.authorization.networks
    if networks is not None and not any(ipaddress.ip_address(incoming.peer) in network for network in networks):
        text = state.vault.texts["ip_not_allowed"]
        raise Refusal(failure(state.profile, 500, text, error_code=profiles.IP_REFUSED_CODE, tenant=caller.tenant))


def _check_referer(state: State, incoming: Incoming, caller: Caller, need: Need) -> None:
    """*Authorized HTTP referrers*, v4 'get-consultar-agents'. The entries of the list are prefixes of the header
    [I]."""
    referers = caller.authorization.referers
    if referers and not incoming.headers.get("referer", "").startswith(tuple(referers)):
        code, text = profiles.REFERER_REFUSED
        raise Refusal(failure(state.profile, 500, text, error_code=code, tenant=caller.tenant))


def _check_resource(state: State, incoming: Incoming, caller: Caller, need: Need) -> None:
    """v4 'api-post-create-authenticated-url-for-web-proxy-session' lists the text under 500. The body is inferred."""
    if need.resource not in caller.authorization.resources:
        raise Refusal(failure(state.profile, 500, profiles.NOT_AUTHORIZED, error_code=1, tenant=caller.tenant))


def _check_write(state: State, incoming: Incoming, caller: Caller, need: Need) -> None:
    if need.write and not caller.authorization.read_write:
        raise Refusal(handled_error(state.profile, profiles.NOT_WRITABLE))


CHECKS = (_check_live, _check_address, _check_referer, _check_resource, _check_write)


def tenant_of_host(state: State, host: str) -> str | None:
    """The first label of the host name, if it is a tenant: v3-33 'api-a2a-first-steps'."""
    label, dot, _domain = host.partition(".")
    return label if dot and label in state.vault.tenants else None


def token_refused(state: State) -> Answer:
    """A bearer token that is unknown, expired or of another tenant: a 401 of the OAuth 2.0 server library [I]."""
    text = state.vault.texts["token_refused"]
    return json_answer(
        401,
        {
            "error": "access_denied",
            "error_description": text,
            "hint": state.vault.texts["token_refused_hint"],
            "message": text,
        },
    )


def revoked(state: State) -> Answer:
    """[I] The documented text for a client that cannot be authenticated, in the API's envelope."""
    return failure(state.profile, 401, profiles.CLIENT_AUTHENTICATION_FAILED, error_code=1)


def oauth2_error(status: int, error: str, basic: bool = False) -> Answer:
    """The body of an error of the token endpoint [I]. ``basic``: the client used HTTP Basic."""
    text = profiles.OAUTH2_ERRORS.get(error, error)
    headers = {"WWW-Authenticate": 'Basic realm="OAuth"'} if basic and error == "invalid_client" else {}
    return json_answer(status, {"error": error, "error_description": text, "message": text}, headers)


def _is_basic(incoming: Incoming) -> bool:
    return incoming.headers.get("authorization", "").lower().startswith("basic ")


def basic_credentials(header: str) -> tuple[str, str]:
    """RFC 6749 section 2.3.1: both parts are form-encoded before they are joined."""
    scheme, _blank, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _colon, client_secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(client_secret)
