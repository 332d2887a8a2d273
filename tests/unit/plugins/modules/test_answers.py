# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module says about each answer that PAM Core, or something else in its place, may give."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import typing as t
import zlib
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import SenhaseguraError
from ansible_collections.pamops.senhasegura.plugins.module_utils._remote_session import create_remote_session
from tests.unit.plugins.support import (
    BEARER,
    CREATE,
    CREATED,
    CREATED_FULL,
    DIRECT,
    ISSUED,
    LOGIN,
    NO_RESOURCE,
    NO_ROUTE,
    OAUTH1,
    OAUTH2,
    PROPERTY,
    SESSION,
    SESSION_TOKEN,
    SESSION_URL,
    URL,
    WITH_LOGIN,
    Api,
    RunModule,
    full,
    minimal,
    numbered,
)

MAY_EXIST = "A session may exist all the same; unless its URL is opened, it ends by itself after 30 seconds."

USER = "Set the option user to the login name of a user who is registered in PAM Core."
CREDENTIAL = (
    "Set the option credential to the user name of a credential of the device; "
    "only the newest product versions select one by themselves (auto_select_credential)."
)
DEVICE = "Set the option device to the host name or IP address of a registered device."
PROTOCOL = "Set the option protocol to one that the device has in its connectivities, such as SSH, RDP or HTTPS."
PATHS = "Check that url points at PAM Core itself, and set api_prefix to the generation of paths that it has"
NO_HEADER = f"{PATHS}; the gateway also says this where a proxy takes away the Authorization header."
RESOURCE = (
    "In PAM Core, grant the resource Web Proxy Session with read and write permission to the authorization "
    "of this application (A2A, Authorizations)."
)
READ_WRITE = (
    "In PAM Core, set the PAM resource permission of the authorization of this application to read and write "
    "(A2A, Authorizations)."
)
REFERER = (
    "This collection sends no referrer: in PAM Core, empty the authorized HTTP referrers of the authorization "
    "(A2A, Authorizations)."
)
SIGNATURE = (
    "Check consumer_key, consumer_secret, token_key and token_secret, that url is the address by which "
    "PAM Core knows itself, and that the clock of this machine is right."
)
CLIENT = (
    "Check client_id, client_secret and tenant, whether the application and its authorization are enabled and not "
    "expired, and whether this machine's IP address is among the authorized ones."
)
FAULT = "This is a fault in PAM Core: its administrators find more in the index log of system errors."
LATER = "PAM Core did not answer its own gateway in time: try again later, or ask its administrators."
SLOW = "PAM Core did not answer its own gateway in time: ask its administrators."
STATUS_400 = (
    "Check that user, device, credential and protocol are as they are registered in PAM Core, "
    "and that the credential is assigned to the authorization of this application."
)
STATUS_401 = (
    "Check the credentials, whether the application and its authorization are enabled and not expired, "
    "and whether this machine's IP address is among the authorized ones."
)
STATUS_403 = "In PAM Core, check the resources, permission and authorized IPs of the authorization of this application."
NOT_PAM_CORE = "Check that url points at PAM Core itself."
STATUS_429 = "PAM Core limits how often it may be asked: ask less often, or later."
STATUS_502 = "The gateway before PAM Core could not get its answer: ask the administrators of PAM Core."
STATUS_503 = "PAM Core is not available at the moment: try again later."

UNEXPECTED = {"code": 500, "message": "Check the index log system error for more details", "detail": None}
DENIED = "The resource owner or authorization server denied the request."
WRONG_TYPES = {
    "response": {"status": "x", "message": ["a"], "mensagem": 7, "error": "yes", "error_code": {}, "cod_erro": None},
    "exception": [],
    "error": 3,
    "message": None,
    "session": "none",
}

# status, body, the text after "Creating the remote session failed: PAM Core ", error_code
REFUSED: dict[str, tuple[int, t.Any, str, int | None]] = {
    "user, minimal": (
        400,
        minimal(400, "User not specified"),
        f'answered "User not specified" (HTTP 400). {USER}',
        None,
    ),
    "user, full": (400, full(400, "User not specified"), f'answered "User not specified" (HTTP 400). {USER}', None),
    "username, minimal": (
        400,
        minimal(400, "Username not specified"),
        f'answered "Username not specified" (HTTP 400). {USER}',
        None,
    ),
    "username, full": (
        400,
        full(400, "Username not specified"),
        f'answered "Username not specified" (HTTP 400). {USER}',
        None,
    ),
    "credential, minimal": (
        400,
        minimal(400, "Credential not specified"),
        f'answered "Credential not specified" (HTTP 400). {CREDENTIAL}',
        None,
    ),
    "credential, full": (
        400,
        full(400, "Credential not specified"),
        f'answered "Credential not specified" (HTTP 400). {CREDENTIAL}',
        None,
    ),
    "device, minimal": (
        400,
        minimal(400, "Credential device not specified"),
        f'answered "Credential device not specified" (HTTP 400). {DEVICE}',
        None,
    ),
    "device, full": (
        400,
        full(400, "Credential device not specified"),
        f'answered "Credential device not specified" (HTTP 400). {DEVICE}',
        None,
    ),
    "protocol, minimal": (
        400,
        minimal(400, "Invalid protocol"),
        f'answered "Invalid protocol" (HTTP 400). {PROTOCOL}',
        None,
    ),
    "protocol, full": (
        400,
        full(400, "Invalid protocol"),
        f'answered "Invalid protocol" (HTTP 400). {PROTOCOL}',
        None,
    ),
    "no resource": (
        404,
        NO_RESOURCE,
        f'answered "Resource sub not found" (HTTP 404). Tried: /iso/remote/session. {PATHS}.',
        None,
    ),
    "no resource, classic": (
        404,
        minimal(404, "Resource/sub-resource not found"),
        f'answered "Resource/sub-resource not found" (HTTP 404). Tried: /iso/remote/session. {PATHS}.',
        None,
    ),
    "not authorized, minimal": (
        500,
        minimal(500, "You are not authorized to access this resource"),
        f'answered "You are not authorized to access this resource" (HTTP 500). {RESOURCE}',
        None,
    ),
    "not authorized, full": (
        500,
        full(500, "You are not authorized to access this resource.", 1),
        f'answered "You are not authorized to access this resource." (HTTP 500). {RESOURCE}',
        None,
    ),
    "referer": (
        500,
        full(500, "The http referer is not allowed", 1105),
        f'answered "The http referer is not allowed" (HTTP 500, code 1105). {REFERER}',
        1105,
    ),
    "the lowest number": (500, full(500, "Else", 1000), 'answered "Else" (HTTP 500, code 1000).', 1000),
    "the highest number": (500, full(500, "Else", 9999), 'answered "Else" (HTTP 500, code 9999).', 9999),
    "a fault with a number": (
        500,
        numbered(500, 1099, "Unexpected error"),
        f'answered "Unexpected error" (HTTP 500, code 1099). {FAULT}',
        1099,
    ),
    "503 with words of a gateway": (
        503,
        {"message": "The upstream server is timing out"},
        f'answered "The upstream server is timing out" (HTTP 503). {SLOW}',
        None,
    ),
    "read-only": (
        400,
        numbered(400, 1039, "Without PAM Configuration Access permission"),
        f'answered "Without PAM Configuration Access permission" (HTTP 400, code 1039). {READ_WRITE}',
        1039,
    ),
    "signature": (
        500,
        full(500, "Invalid signature", 1),
        f'answered "Invalid signature" (HTTP 500). {SIGNATURE}',
        None,
    ),
    "client, envelope": (
        401,
        full(401, "Client authentication failed.", 1),
        f'answered "Client authentication failed." (HTTP 401). {CLIENT}',
        None,
    ),
    "client, OAuth": (
        401,
        {"error": "invalid_client", "error_description": "Client authentication failed"},
        f'answered "Client authentication failed" (HTTP 401). {CLIENT}',
        None,
    ),
    "no route": (
        404,
        NO_ROUTE,
        f'answered "no Route matched with those values" (HTTP 404). Tried: /iso/remote/session. {NO_HEADER}',
        None,
    ),
    "no route, as documented": (
        404,
        {"message": "No route matched with those values.", "request_id": "0"},
        f'answered "No route matched with those values." (HTTP 404). Tried: /iso/remote/session. {NO_HEADER}',
        None,
    ),
    "device not found": (
        400,
        numbered(400, 1011, "Device not found"),
        'answered "Device not found" (HTTP 400, code 1011). '
        "Check the option device, and that the device is registered and enabled in PAM Core.",
        1011,
    ),
    "numbered without a blank": (
        400,
        numbered(400, 1009, "No access to credential", blank=""),
        'answered "No access to credential" (HTTP 400, code 1009). '
        "In PAM Core, add the credential to the authorization of this application.",
        1009,
    ),
    "a number before the text alone": (
        400,
        minimal(400, "1007: Credential not found"),
        'answered "Credential not found" (HTTP 400, code 1007). '
        "Check the options credential and device: "
        "the credential's user name is wanted, not its number or identifier.",
        1007,
    ),
    "a number in the exception alone": (
        400,
        minimal(400, "The item is not a credential", exception={"code": 1010, "message": "x", "detail": None}),
        'answered "The item is not a credential" (HTTP 400, code 1010). '
        "Set the option credential to the user name of a credential.",
        1010,
    ),
    "a number in error_code alone": (
        400,
        full(400, "Credential inactive", 1008),
        'answered "Credential inactive" (HTTP 400, code 1008). In PAM Core, enable the credential.',
        1008,
    ),
    "a number as a text": (
        400,
        full(400, "Else", "1105"),
        f'answered "Else" (HTTP 400, code 1105). {STATUS_400}',
        1105,
    ),  # type: ignore[arg-type]
    "different numbers": (
        400,
        full(400, "1001: Else", 1002, exception={"code": 1003, "message": "1004: Other"}),
        f'answered "Else" (HTTP 400, code 1003). {STATUS_400}',
        1003,
    ),
    "no number": (400, full(400, "Else", 1, exception={"code": 0}), f'answered "Else" (HTTP 400). {STATUS_400}', None),
    "flat": (
        404,
        {"code": 404, "message": "Agent not found", "error": True, "error_code": 1001},
        f'answered "Agent not found" (HTTP 404, code 1001). {NOT_PAM_CORE}',
        1001,
    ),
    "Message": (
        400,
        {"code": 400, "response": {"status": 400, "Message": "Invalid protocol", "error": True}},
        f'answered "Invalid protocol" (HTTP 400). {PROTOCOL}',
        None,
    ),
    "mensagem": (
        400,
        {"response": {"status": 400, "mensagem": "Usuário não especificado", "erro": True}},
        f'answered "Usuário não especificado" (HTTP 400). {STATUS_400}',
        None,
    ),
    "exception.message": (400, {"exception": {"message": "Else"}}, f'answered "Else" (HTTP 400). {STATUS_400}', None),
    "messages in their order": (
        400,
        {"response": {"message": " ", "mensagem": "Portuguese"}, "exception": {"message": "x"}, "message": "y"},
        f'answered "Portuguese" (HTTP 400). {STATUS_400}',
        None,
    ),
    "error alone": (400, {"error": "invalid_request"}, f'answered "invalid_request" (HTTP 400). {STATUS_400}', None),
    "erro under 200": (
        200,
        {"response": {"status": 200, "mensagem": "Falhou", "erro": True}},
        'answered "Falhou" (HTTP 200).',
        None,
    ),
    "error as a text under 200": (
        200,
        {"response": {"status": 200, "message": "No", "error": "true"}},
        'answered "No" (HTTP 200).',
        None,
    ),
    "no error under 400": (
        400,
        numbered(400, 1049, "There is no certificate with the given code")
        | {"response": {"status": 400, "message": "1049: There is no certificate with the given code", "error": False}},
        f'answered "There is no certificate with the given code" (HTTP 400, code 1049). {STATUS_400}',
        1049,
    ),
    "status 400 under 200": (
        200,
        minimal(400, "Invalid request", error=False),
        'answered "Invalid request" (HTTP 200).',
        None,
    ),
    "OAuth error under 200": (
        200,
        {"error": "access_denied", "error_description": DENIED},
        f'answered "{DENIED}" (HTTP 200).',
        None,
    ),
    "gateway under 200": (200, {"message": "no such service"}, 'answered "no such service" (HTTP 200).', None),
    "401": (
        401,
        {"error": "access_denied", "error_description": DENIED},
        f'answered "{DENIED}" (HTTP 401). {STATUS_401}',
        None,
    ),
    "403": (
        403,
        full(403, "Lack of permission", 1),
        f'answered "Lack of permission" (HTTP 403). {STATUS_403}',
        None,
    ),
    "429": (
        429,
        {"message": "API rate limit exceeded"},
        f'answered "API rate limit exceeded" (HTTP 429). {STATUS_429}',
        None,
    ),
    "503": (
        503,
        {"message": "Service unavailable"},
        f'answered "Service unavailable" (HTTP 503). {STATUS_503}',
        None,
    ),
    "no reason": (400, minimal(400, " "), f"gave no reason (HTTP 400). {STATUS_400}", None),
    "wrong types": (400, WRONG_TYPES, f"gave no reason (HTTP 400). {STATUS_400}", None),
    "long": (400, minimal(400, "x" * 2000), f'answered "{"x" * 1000}…" (HTTP 400). {STATUS_400}', None),
    "terminal escapes": (
        400,
        minimal(400, "\x1b[31mred\x1b[0m\r\nnext\u2028line\u202eback\x00\t\x07 end\ud800"),
        f'answered "[31mred [0m next line back end" (HTTP 400). {STATUS_400}',
        None,
    ),
    "quotes and templates": (
        400,
        minimal(400, 'say "no" \\ {{ 7 * 7 }}'),
        f'answered "say \\"no\\" \\\\ {{{{ 7 * 7 }}}}" (HTTP 400). {STATUS_400}',
        None,
    ),
}


@pytest.mark.parametrize(("status", "body", "text", "code"), REFUSED.values(), ids=REFUSED)
def test_refused(api: Api, run_module: RunModule, status: int, body: t.Any, text: str, code: int | None) -> None:
    api.expect(CREATE._replace(status=status, body=body))
    result = run_module(DIRECT)
    assert result["msg"] == f"Creating the remote session failed: PAM Core {text}"
    assert (result["http_status"], result["error_code"], result["session_may_exist"]) == (status, code, False)


# Failures after which there may be a session: no refusal that is documented or numbered, and no status that is one.
# status, body, the text after "Creating the remote session failed: PAM Core ", error_code
UNCLEAR: dict[str, tuple[int, t.Any, str, int | None]] = {
    "unexpected, minimal": (
        500,
        minimal(500, "Unexpected error"),
        f'answered "Unexpected error" (HTTP 500). {FAULT}',
        None,
    ),
    "unexpected, full": (
        500,
        full(500, "Unexpected error.", 1, exception=UNEXPECTED),
        f'answered "Unexpected error." (HTTP 500). {FAULT}',
        500,
    ),
    "unexpected under 400": (
        400,
        minimal(400, "Unexpected error"),
        f'answered "Unexpected error" (HTTP 400). {FAULT}',
        None,
    ),
    "unexpected under 200": (
        200,
        minimal(200, "Unexpected error"),
        f'answered "Unexpected error" (HTTP 200). {FAULT}',
        None,
    ),
    "out of time under 400": (
        400,
        full(400, "Request timed out."),
        f'answered "Request timed out." (HTTP 400). {LATER}',
        None,
    ),
    "unknown words": (500, full(500, "Database is locked", 1), 'answered "Database is locked" (HTTP 500).', None),
    "words that hold a refusal": (
        500,
        full(500, "Device not found in cache, trying again"),
        'answered "Device not found in cache, trying again" (HTTP 500). '
        "Check the option device, and that the device is registered and enabled in PAM Core.",
        None,
    ),
    "a number below": (500, full(500, "Else", 999), 'answered "Else" (HTTP 500, code 999).', 999),
    "a number above": (500, full(500, "Else", 10000), 'answered "Else" (HTTP 500, code 10000).', 10000),
    "408": (408, {"message": "Request time-out"}, 'answered "Request time-out" (HTTP 408).', None),
    "501": (501, full(501, "Not implemented"), 'answered "Not implemented" (HTTP 501).', None),
    "599": (599, {"message": "x"}, 'answered "x" (HTTP 599).', None),
    "an empty object": (500, {}, "gave no reason (HTTP 500).", None),
    "wrong types in place of objects": (
        500,
        {"response": [{"message": "x"}], "exception": "x", "error": {}, "message": 5},
        "gave no reason (HTTP 500).",
        None,
    ),
    "a session": (
        400,
        {**minimal(400, "Invalid protocol"), "session": CREATED["session"]},
        f'answered "Invalid protocol" (HTTP 400). {PROTOCOL}',
        None,
    ),
}


@pytest.mark.parametrize(("status", "body", "text", "code"), UNCLEAR.values(), ids=UNCLEAR)
def test_may_have_been_done(
    api: Api, run_module: RunModule, status: int, body: t.Any, text: str, code: int | None
) -> None:
    api.expect(CREATE._replace(status=status, body=body))
    result = run_module(DIRECT)
    assert result["msg"] == f"Creating the remote session failed: PAM Core {text} {MAY_EXIST}"
    assert (result["http_status"], result["error_code"], result["session_may_exist"]) == (status, code, True)


@pytest.mark.parametrize(
    ("status", "message", "advice"),
    [
        (504, "Request timed out.", LATER),
        (504, "The upstream server is timing out", SLOW),
        (
            502,
            "An invalid response was received from the upstream server",
            "PAM Core did not answer its own gateway as it should: ask its administrators.",
        ),
        (502, "Bad", STATUS_502),
        (504, "Bad", SLOW),
    ],
)
def test_gateway_gave_up(api: Api, run_module: RunModule, status: int, message: str, advice: str) -> None:
    api.expect(CREATE._replace(status=status, body={"message": message}))
    result = run_module(DIRECT)
    assert result["msg"] == (
        f"Creating the remote session failed: PAM Core answered {json.dumps(message)} (HTTP {status}). "
        f"{advice} {MAY_EXIST}"
    )
    assert (result["http_status"], result["error_code"], result["session_may_exist"]) == (status, None, True)


HTML = b"<!DOCTYPE html><title>Sign in</title>"
JSON = "application/json"

# status, content type, body, what the message says of the content type, advice, session_may_exist
NOT_UNDERSTOOD: dict[str, tuple[int, str | None, bytes, str, str, bool]] = {
    "HTML 200": (200, "text/html; charset=utf-8", HTML, "content type text/html", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
    "HTML 401": (401, "text/html", HTML, "content type text/html", STATUS_401, False),
    "HTML 403": (403, "text/html", HTML, "content type text/html", STATUS_403, False),
    "HTML 404": (404, "text/html", HTML, "content type text/html", NOT_PAM_CORE, False),
    "HTML 500": (500, "text/html", HTML, "content type text/html", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
    "HTML 502": (502, "text/html", HTML, "content type text/html", f"{STATUS_502} {MAY_EXIST}", True),
    "HTML 503": (503, "text/html", HTML, "content type text/html", STATUS_503, False),
    "HTML 504": (504, "text/html", HTML, "content type text/html", f"{SLOW} {MAY_EXIST}", True),
    "nothing 200": (200, JSON, b"", f"content type {JSON}", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
    "nothing 204": (204, None, b"", "no content type", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
    "nothing 500": (500, None, b"", "no content type", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
    "an end too early": (
        200,
        JSON,
        b'{"response": {"status": 200, ',
        f"content type {JSON}",
        f"{NOT_PAM_CORE} {MAY_EXIST}",
        True,
    ),
    "Latin-1": (
        200,
        JSON,
        '{"mensagem": "Não"}'.encode("latin-1"),
        f"content type {JSON}",
        f"{NOT_PAM_CORE} {MAY_EXIST}",
        True,
    ),
    "UTF-16": (
        200,
        JSON,
        json.dumps(CREATED).encode("utf-16"),
        f"content type {JSON}",
        f"{NOT_PAM_CORE} {MAY_EXIST}",
        True,
    ),
    "a list": (200, JSON, json.dumps([CREATED]).encode(), f"content type {JSON}", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
    "a text": (400, JSON, b'"Invalid protocol"', f"content type {JSON}", NOT_PAM_CORE, False),
    "null": (200, JSON, b"null", f"content type {JSON}", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
    "brackets without end": (200, JSON, b"[" * 100_000, f"content type {JSON}", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
    "an evil content type": (
        200,
        "te\x1bxt/<b>{{ 1 }}; x",
        b"no",
        "content type text/b1",
        f"{NOT_PAM_CORE} {MAY_EXIST}",
        True,
    ),
    "a long content type": (200, "x" * 500, b"no", f"content type {'x' * 60}", f"{NOT_PAM_CORE} {MAY_EXIST}", True),
}


@pytest.mark.parametrize(
    ("status", "content_type", "body", "described", "advice", "may_exist"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD
)
def test_not_understood(
    api: Api,
    run_module: RunModule,
    status: int,
    content_type: str | None,
    body: bytes,
    described: str,
    advice: str,
    may_exist: bool,
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    api.expect(CREATE._replace(status=status, body=body, headers=headers))
    result = run_module(DIRECT)
    assert result["msg"] == (
        f"Creating the remote session failed: what answered (HTTP {status}, {described}) "
        f"does not speak as PAM Core's API does. {advice}"
    )
    assert (result["http_status"], result["error_code"], result["session_may_exist"]) == (status, None, may_exist)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(api: Api, run_module: RunModule, status: int) -> None:
    """By its definition, 303 comes after the request was handled."""
    headers = {"Location": f"{URL}/iso/elsewhere", "Content-Type": JSON}
    api.expect(CREATE._replace(status=status, headers=headers))
    result = run_module(DIRECT)
    assert result["msg"] == (
        f"Creating the remote session failed: the answer is a redirect (HTTP {status}), which is not followed. "
        f"Check that url points at PAM Core itself.{f' {MAY_EXIST}' if status == 303 else ''}"
    )
    assert (result["http_status"], result["session_may_exist"]) == (status, status == 303)


def _session(**members: t.Any) -> dict[str, t.Any]:
    return {**CREATED, "session": {**CREATED["session"], **members}}


NO_URL, NO_TOKEN = "an absolute https session URL", "a token"


@pytest.mark.parametrize(
    ("body", "lacking"),
    [
        ({"response": CREATED["response"]}, f"{NO_URL} and {NO_TOKEN}"),
        ({**CREATED, "session": [CREATED["session"]]}, f"{NO_URL} and {NO_TOKEN}"),
        ({**CREATED, "session": None}, f"{NO_URL} and {NO_TOKEN}"),
        (_session(session_url=None), NO_URL),
        (_session(session_url=["https://vault.example/"]), NO_URL),
        (_session(session_url="/modulos/auth?_sr=abc"), NO_URL),
        (_session(session_url="vault.example/modulos/auth?_sr=abc"), NO_URL),
        (_session(session_url="http://vault.example/modulos/auth?_sr=abc"), NO_URL),
        (_session(session_url="javascript:alert(1)"), NO_URL),
        (_session(session_url="https:///modulos"), NO_URL),
        (_session(session_url="https://[/"), NO_URL),
        (_session(session_url="https://vault.example:port/"), NO_URL),
        (_session(session_url="https://vault.example/modulos/auth?_sr=a b"), NO_URL),
        (_session(session_url="https://vault.example/\x1b[2J"), NO_URL),
        (_session(session_url=f"{SESSION_URL}\n"), NO_URL),
        (_session(token=""), NO_TOKEN),
        (_session(token="  "), NO_TOKEN),
        (_session(token=12345), NO_TOKEN),
        (_session(token=None), NO_TOKEN),
    ],
)
def test_success_without_usable_session(api: Api, run_module: RunModule, body: t.Any, lacking: str) -> None:
    api.expect(CREATE._replace(body=body))
    result = run_module(DIRECT)
    assert result["msg"] == (
        f"Creating the remote session failed: PAM Core answered a success, but without {lacking}. {MAY_EXIST}"
    )
    assert (result["http_status"], result["error_code"], result["session_may_exist"]) == (200, None, True)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP ", "identity", ""])
def test_compressed(api: Api, run_module: RunModule, encoding: str) -> None:
    plain = json.dumps(CREATED).encode()
    compress: dict[str, t.Any] = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}
    body = compress.get(encoding.strip().lower(), bytes)(plain)
    api.expect(CREATE._replace(body=body, headers={"Content-Encoding": encoding, "Content-Type": JSON}))
    assert run_module(DIRECT)["session_url"] == SESSION_URL


MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("body", "encoding", "how"),
    [
        (b" " * (MIB + 1), None, "is larger than 1 MiB"),
        (gzip.compress(bytes(64 * MIB)), "gzip", "is larger than 1 MiB"),
        (zlib.compress(bytes(64 * MIB)), "deflate", "is larger than 1 MiB"),
        (b"no gzip", "gzip", "is compressed in a way that cannot be undone"),
        (b"\x0b\x02\x80{}\x03", "br", "is compressed although that was not asked for"),
        (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", "is compressed although that was not asked for"),
    ],
    ids=["huge", "gzip bomb", "deflate bomb", "broken gzip", "br", "twice"],
)
def test_not_readable(api: Api, run_module: RunModule, body: bytes, encoding: str | None, how: str) -> None:
    api.expect(CREATE._replace(body=body, headers={"Content-Encoding": encoding} if encoding else {}))
    result = run_module(DIRECT)
    assert result["msg"] == f"Creating the remote session failed: the answer (HTTP 200) {how}. {MAY_EXIST}"
    assert (result["http_status"], result["session_may_exist"]) == (200, True)


def test_bomb_is_not_unpacked(api: Api) -> None:
    bomb = gzip.compress(bytes(64 * MIB))
    api.expect(CREATE._replace(body=bomb, headers={"Content-Encoding": "gzip"}))
    client = connect({**DIRECT, "timeout": 30, "retries": 0})
    tracemalloc.start()
    try:
        with pytest.raises(SenhaseguraError, match="larger than 1 MiB"):
            create_remote_session(client, DIRECT)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()


def test_largest_answer(api: Api, run_module: RunModule) -> None:
    api.expect(CREATE._replace(body=json.dumps(CREATED).encode().ljust(MIB)))
    assert run_module(DIRECT)["session_url"] == SESSION_URL


# Failures of the login. No session can come of them.

LOGIN_FAILED = "Logging in with OAuth 2.0 failed"


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (
            401,
            {"error": "invalid_client", "error_description": "Client authentication failed", "message": "x"},
            f': PAM Core answered "x" (HTTP 401). {STATUS_401}',
        ),
        (400, {"error": "invalid_request"}, f': PAM Core answered "invalid_request" (HTTP 400). {STATUS_401}'),
        (
            400,
            {"error": "invalid_client", "error_description": "Client authentication failed"},
            f': PAM Core answered "Client authentication failed" (HTTP 400). {CLIENT}',
        ),
        (
            500,
            full(500, "Client authentication failed.", 1),
            f': PAM Core answered "Client authentication failed." (HTTP 500). {CLIENT}',
        ),
        (
            200,
            {"error": "invalid_scope", "access_token": ISSUED},
            ': PAM Core answered "invalid_scope" (HTTP 200).',
        ),
        (
            404,
            NO_RESOURCE,
            f': PAM Core answered "Resource sub not found" (HTTP 404). Tried: /iso/oauth2/token. {PATHS}.',
        ),
        (
            504,
            {"message": "The upstream server is timing out"},
            f': PAM Core answered "The upstream server is timing out" (HTTP 504). {SLOW}',
        ),
        (200, {}, ": PAM Core answered a success, but without a usable access token."),
        (200, {"access_token": None}, ": PAM Core answered a success, but without a usable access token."),
        (200, {"access_token": "a\r\nHost: b"}, ": PAM Core answered a success, but without a usable access token."),
        (200, {"access_token": "não"}, ": PAM Core answered a success, but without a usable access token."),
        (
            200,
            {"access_token": ISSUED, "token_type": "mac"},
            ": PAM Core issued a token of another type than Bearer.",
        ),
        (200, {"access_token": ISSUED, "token_type": 1}, ": PAM Core issued a token of another type than Bearer."),
        (
            200,
            HTML,
            f": what answered (HTTP 200, content type {JSON}) does not speak as PAM Core's API does. {NOT_PAM_CORE}",
        ),
        (
            302,
            HTML,
            ": the answer is a redirect (HTTP 302), which is not followed. Check that url points at PAM Core itself.",
        ),
        (200, b"x" * (MIB + 1), ": the answer (HTTP 200) is larger than 1 MiB."),
    ],
)
def test_login_fails(api: Api, run_module: RunModule, status: int, body: t.Any, text: str) -> None:
    api.expect(LOGIN._replace(status=status, body=body))
    result = run_module(WITH_LOGIN)
    assert result["msg"] == LOGIN_FAILED + text
    assert result["session_may_exist"] is False


# Secrets


@pytest.mark.parametrize(
    ("options", "said", "shown"),
    [
        (OAUTH2, "a client's secret/+& is wrong", "*** is wrong"),
        (OAUTH2, "client_secret=a+client%27s+secret%2F%2B%26&x", "client_secret=***&x"),
        (OAUTH2, "a%20client%27s%20secret%2F%2B%26 is wrong", "*** is wrong"),
        (OAUTH2, f"Bearer {ISSUED} has ended", "Bearer *** has ended"),
        (OAUTH2, f"see {SESSION_URL} and {SESSION_TOKEN}", "see *** and ***"),
        (BEARER, f"Bearer {BEARER['access_token']}", "Bearer ***"),
        (OAUTH1, "a-consumer-secret a-token-secret a-token-key a-consumer-key", "*** *** *** a-consumer-key"),
        ({**OAUTH2, "client_secret": 'qu"ote\\d'}, 'got qu\\"ote\\\\d or qu"ote\\d', "got *** or ***"),
        ({**BEARER, "proxy": "http://me:proxy-pass@proxy.example:3128"}, "Proxy proxy-pass", "Proxy ***"),
        (OAUTH2, "a%20client%27s%20secret/%2B%26 is wrong", "*** is wrong"),
        (OAUTH2, "a client's secret\\/+& is wrong", "*** is wrong"),
        ({**OAUTH2, "client_secret": "two  blanks\tand\nlines"}, "got two  blanks\tand\nlines", "got ***"),
        # In disguise: not shown at all, since what else is there may be part of it
        (OAUTH2, "A CLIENT&#039;S SECRET/+&amp; is wrong", "***"),
        (OAUTH2, "a%2520client%2527s%2520secret%252F%252B%2526 is wrong", "***"),
        (OAUTH2, "%61 client's secret/+& is wrong", "***"),
        (OAUTH2, "a\\u0020client\\u0027s secret/+& is wrong", "***"),
        (OAUTH2, "a cli\r\n ent's sec\u200bret/+& is wrong", "***"),
        ({**OAUTH2, "client_secret": "x" * 40 + "\u00df"}, "X" * 40 + "SS", "***"),
        ({**OAUTH2, "client_secret": "seven-7"}, "s%65ven-7", "s%65ven-7"),  # too short to be searched for
    ],
)
def test_secrets_are_not_repeated(
    api: Api, run_module: RunModule, options: dict[str, t.Any], said: str, shown: str
) -> None:
    if "client_id" in options:
        api.expect(LOGIN)
    api.expect(CREATE._replace(status=400, body={**minimal(400, said), "session": CREATED["session"]}))
    result = run_module({"url": URL, "api_prefix": "iso", **options, **SESSION})
    assert result["msg"] == (
        f"Creating the remote session failed: PAM Core answered {json.dumps(shown)} (HTTP 400). "
        f"{STATUS_400} {MAY_EXIST}"
    )


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00"])
def test_half_a_character_in_what_must_not_be_repeated(api: Api, run_module: RunModule, half: str) -> None:
    body = json.dumps({**minimal(400, "Said: HALFtoken"), "session": {"token": "HALFtoken"}}).replace("HALF", half)
    api.expect(CREATE._replace(status=400, body=body.encode()))
    assert run_module(DIRECT)["msg"] == (
        'Creating the remote session failed: PAM Core answered "Said: ***" (HTTP 400).'
    )


def test_token_that_comes_with_a_refusal_is_not_repeated(api: Api, run_module: RunModule) -> None:
    api.expect(LOGIN._replace(status=401, body={"error": "x", "message": f"no: {ISSUED}", "access_token": ISSUED}))
    assert run_module(WITH_LOGIN)["msg"] == f'{LOGIN_FAILED}: PAM Core answered "no: ***" (HTTP 401). {STATUS_401}'


def test_secret_of_login_is_not_repeated(api: Api, run_module: RunModule) -> None:
    api.expect(LOGIN._replace(status=401, body={"error": "x", "message": f"no: {quote_plus(OAUTH2['client_secret'])}"}))
    result = run_module(WITH_LOGIN)
    assert result["msg"] == f'{LOGIN_FAILED}: PAM Core answered "no: ***" (HTTP 401). {STATUS_401}'


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["true", "400", "1011: x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "code": JSON_VALUES,
        "response": JSON_VALUES
        | st.dictionaries(
            st.sampled_from(["status", "message", "Message", "mensagem", "error", "erro", "error_code"]), JSON_VALUES
        ),
        "exception": JSON_VALUES | st.dictionaries(st.sampled_from(["code", "message"]), JSON_VALUES),
        "message": JSON_VALUES,
        "error": JSON_VALUES,
        "error_description": JSON_VALUES,
        "error_code": JSON_VALUES,
        "session": JSON_VALUES | st.dictionaries(st.sampled_from(["session_url", "token"]), JSON_VALUES),
        "tenant": JSON_VALUES,
        "access_token": JSON_VALUES,
        "expires_in": JSON_VALUES,
        "token_type": JSON_VALUES,
    },
)
BODIES = st.binary() | (ENVELOPES | JSON_VALUES).map(lambda value: json.dumps(value).encode())
SECRETS = [
    str(OAUTH2["client_secret"]),
    quote(str(OAUTH2["client_secret"]), safe=""),
    ISSUED,
    SESSION_TOKEN,
    SESSION_URL,
]


@PROPERTY
@given(at_login=st.booleans(), status=st.integers(200, 599), body=BODIES)
@example(at_login=True, status=200, body=json.dumps({"access_token": ISSUED, "expires_in": 10**400}).encode())
@example(at_login=False, status=200, body=json.dumps(CREATED_FULL).encode())
def test_any_answer_is_a_result_or_our_error(api: Api, at_login: bool, status: int, body: bytes) -> None:
    api.expected.clear()
    answer: dict[str, t.Any] = {"status": status, "body": body}
    api.expect(LOGIN._replace(**answer) if at_login else LOGIN, CREATE if at_login else CREATE._replace(**answer))
    api.expect(LOGIN, CREATE._replace(**answer))  # after a 401
    try:
        result = create_remote_session(connect({**WITH_LOGIN, "timeout": 30, "retries": 0}), WITH_LOGIN)
    except SenhaseguraError as exc:
        assert str(exc) == exc.result()["msg"]
        assert str(exc).isprintable()
        assert len(str(exc)) < 3000
    else:
        assert result["session_url"].startswith("https://")
        assert result["token"]
    api.expected.clear()


@PROPERTY
@given(before=st.text(), secret=st.sampled_from(SECRETS), after=st.text(), status=st.sampled_from([200, 400, 500, 504]))
def test_no_secret_is_in_any_message(api: Api, before: str, secret: str, after: str, status: int) -> None:
    said = before + secret + after
    api.expected.clear()
    api.expect(LOGIN, CREATE._replace(status=status, body={**minimal(400, said), "session": CREATED["session"]}))
    with pytest.raises(SenhaseguraError) as error:
        create_remote_session(connect({**WITH_LOGIN, "timeout": 30, "retries": 0}), WITH_LOGIN)
    assert not any(one in str(error.value) for one in SECRETS)
