# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module: what it sends, what it returns, and which options are rejected before any request."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest
from ansible.module_utils.common import warnings

from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import (
    FIELDS,
    SESSION_MAY_EXIST,
)
from tests.messages import (
    CREATING,
    LACKS,
    LOGGING_IN,
    MUST_BE_HTTPS,
    MUST_BE_SCREEN_SIZE,
    MUST_BE_SECONDS,
    NO_API_CREDENTIALS,
    NO_CREDENTIAL,
    NOT_VERIFIED,
    NOTHING_SENT,
    SEVERAL_METHODS,
    STATUS_401,
    TWO_CREDENTIALS,
    responded,
)
from tests.unit.plugins.support import (
    BEARER,
    CREATE,
    CREATED_FULL,
    DATED,
    DIRECT,
    ISSUED,
    LOGIN,
    NOT_MADE,
    OAUTH1,
    OAUTH2,
    OPENS,
    SESSION,
    SESSION_FACTS,
    SESSION_TOKEN,
    SESSION_URL,
    URL,
    WITH_LOGIN,
    Api,
    Call,
    RunModule,
)

MANDATORY = {"user": "jdoe", "device": "web01", "protocol": "SSH", "credential": "root"}


@pytest.mark.parametrize(
    ("given_options", "sent"),
    [
        ({}, {}),
        ({"user": "maria.silva@acme"}, {"user": "maria.silva@acme"}),
        ({"device": "192.0.2.7"}, {"device": "192.0.2.7"}),
        ({"credential": "joão"}, {"credential": "joão"}),
        ({"protocol": "rdp"}, {"protocol": "rdp"}),
        ({"remote_device": "win01"}, {"remotedevice": "win01"}),
        ({"remotedevice": "123"}, {"remotedevice": "123"}),
        ({"remote_addr": "192.0.2.10"}, {"remoteAddr": "192.0.2.10"}),
        ({"remoteAddr": "2001:db8::1"}, {"remoteAddr": "2001:db8::1"}),
        ({"port": 2222}, {"port": 2222}),
        ({"port": "2222"}, {"port": 2222}),
        ({"remote_app": 7}, {"remoteapp": 7}),
        ({"remoteapp": "7"}, {"remoteapp": 7}),
        ({"screen_size": "1920x1080"}, {"screensize": "1920x1080"}),
        ({"screensize": "800x600"}, {"screensize": "800x600"}),
        ({"remote_device": "", "remote_addr": "", "screen_size": "", "port": None, "remote_app": None}, {}),
        (
            {"remote_device": "d", "remote_addr": "::1", "port": 1, "remote_app": 1, "screen_size": "1x1"},
            {"remotedevice": "d", "remoteAddr": "::1", "port": 1, "remoteapp": 1, "screensize": "1x1"},
        ),
        ({"port": 65535, "screen_size": "99999x99999"}, {"port": 65535, "screensize": "99999x99999"}),
    ],
)
def test_session_options_on_the_wire(
    api: Api, run_module: RunModule, given_options: dict[str, t.Any], sent: dict[str, t.Any]
) -> None:
    api.expect(CREATE._replace(json={**MANDATORY, **sent}))
    assert run_module({**DIRECT, **given_options})["changed"] is True
    types = {name: type(value) for name, value in json.loads(api.requests[0].body).items()}
    assert all(types[name] is (int if name in ("port", "remoteapp") else str) for name in types)


def test_every_session_option_is_sent() -> None:
    assert FIELDS == {
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


@pytest.mark.parametrize("credential", [{}, {"credential": None}, {"credential": ""}, {"credential": " "}])
def test_auto_selected_credential_is_omitted(api: Api, run_module: RunModule, credential: dict[str, t.Any]) -> None:
    api.expect(CREATE)
    options = {name: value for name, value in DIRECT.items() if name != "credential"}
    run_module({**options, **credential, "auto_select_credential": True})
    assert not json.loads(api.requests[0].body).get("credential", "").strip()
    assert "auto_select_credential" not in json.loads(api.requests[0].body)


def test_headers(api: Api, run_module: RunModule) -> None:
    api.expect(CREATE)
    run_module(DIRECT)
    body = api.requests[0].body
    assert {name.lower(): value for name, value in api.requests[0].headers.items()} == {
        "accept": "application/json",
        "accept-encoding": "identity",
        "authorization": "Bearer bearer-0123456789",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "user-agent": "pamops.senhasegura",
    }


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("https://vault.example", "https://vault.example/iso/remote/session"),
        ("https://vault.example/", "https://vault.example/iso/remote/session"),
        ("https://vault.example:8443", "https://vault.example:8443/iso/remote/session"),
        ("https://vault.example/base/path/", "https://vault.example/base/path/iso/remote/session"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443/iso/remote/session"),
    ],
)
def test_url_keeps_its_path(
    api: Api, run_module: RunModule, monkeypatch: pytest.MonkeyPatch, url: str, requested: str
) -> None:
    seen: list[str] = []
    original = api.send

    def send(adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        seen.append(request.url)
        request.url = URL + CREATE.path
        return original(adapter, request, **arguments)

    monkeypatch.setattr(api, "send", send)
    api.expect(CREATE)
    run_module({**DIRECT, "url": url})
    assert seen == [requested]


@pytest.mark.parametrize("name", ["url", "system_url"])
def test_aliases_of_url(api: Api, run_module: RunModule, name: str) -> None:
    api.expect(CREATE)
    options = {option: value for option, value in DIRECT.items() if option != "url"}
    assert run_module({**options, name: URL})["changed"] is True


# Results


def test_result(api: Api, run_module: RunModule) -> None:
    api.expect(CREATE)
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    result = run_module(DIRECT)
    after = datetime.datetime.now(datetime.timezone.utc)
    result.pop("invocation", None)
    expires_at = datetime.datetime.strptime(result.pop("expires_at"), "%Y-%m-%dT%H:%M:%SZ")
    thirty = datetime.timedelta(seconds=30)
    assert before + thirty <= expires_at.replace(tzinfo=datetime.timezone.utc) <= after + thirty
    created = result.pop("created")
    opens_from, opens_until = (
        datetime.datetime.fromisoformat(created.pop(name).replace("Z", "+00:00"))
        for name in ("opens_from", "opens_until")
    )
    assert before <= opens_from <= after
    assert before + thirty <= opens_until <= after + thirty + datetime.timedelta(seconds=1)
    assert created == SESSION_FACTS
    assert result == {"changed": True, "session_url": SESSION_URL, "token": SESSION_TOKEN}


def test_opening_times_use_the_clock_of_pam_core(api: Api, run_module: RunModule) -> None:
    options = {"remote_device": "db01", "remote_addr": "192.0.2.7"}
    api.expect(CREATE._replace(headers=DATED))
    created = run_module({**DIRECT, **options})["created"]
    assert created.pop("opens_from") in ("2026-01-31T12:00:00Z", "2026-01-31T11:59:59Z")
    assert created == {**SESSION_FACTS, **options, "opens_until": OPENS["opens_until"]}


@pytest.mark.parametrize(
    "date",
    [
        "",
        "today",
        "Sat, 31 Feb 2026 12:00:00 GMT",
        "Sat, 31 Jan 99999 12:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",  # the last time that a datetime can hold
        "Wed, 31 Dec 1969 23:59:59 GMT",
    ],
)
def test_own_clock_is_used_without_a_valid_date(api: Api, run_module: RunModule, date: str) -> None:
    api.expect(CREATE._replace(headers={**DATED, "Date": date}))
    opens_from = run_module(DIRECT)["created"]["opens_from"]
    now = datetime.datetime.now(datetime.timezone.utc)
    assert now - datetime.timedelta(seconds=60) < datetime.datetime.fromisoformat(opens_from[:-1] + "+00:00") <= now


@pytest.mark.parametrize(("tenant", "returned"), [("acme", "acme"), (" ", None), (7, None), (None, None)])
def test_tenant(api: Api, run_module: RunModule, tenant: t.Any, returned: str | None) -> None:
    api.expect(CREATE._replace(body={**CREATED_FULL, "tenant": tenant}))
    assert run_module(DIRECT).get("tenant") == returned


def test_unusual_but_valid_session_is_unchanged(api: Api, run_module: RunModule) -> None:
    url = "HTTPS://192.0.2.1:8443/a/../b?_sr=%7B%7B7*7%7D%7D{{ 7*7 }}+/==#@".replace(" ", "")
    api.expect(CREATE._replace(body={**CREATED_FULL, "session": {"session_url": url, "token": "{{ 7*7 }}"}}))
    result = run_module(DIRECT)
    assert (result["session_url"], result["token"]) == (url, "{{ 7*7 }}")


UNUSABLE_URLS = {
    "lone surrogate": "https://vault.example/\ud800",
    "control sequence": "https://vault.example/\x9b31m",
    "text direction": "https://vault.example/\u202e",
    "not ASCII": "https://vault.example/é",
    "space": "https://vault.example/a b",
    "newline": "https://vault.example/a\n",
    "user": "https://vault.example@evil.example/",
    "user and password": "https://vault.example:443@evil.example/",
    "empty user": "https://@evil.example/",
    "backslash": "https://evil.example\\.vault.example/",
    "no host": "https:///a",
    "plain": "http://vault.example/",
    "port": "https://vault.example:0/",
}
UNUSABLE_TOKENS = {
    "lone surrogate": "x\ud800",
    "control": "x\x1b[0m",
    "C1": "x\x85",
    "direction": "x\u2066",
    "newline": "x\n",
}
LACKING = CREATING + LACKS


@pytest.mark.parametrize("url", UNUSABLE_URLS.values(), ids=UNUSABLE_URLS)
def test_unusable_session_url(api: Api, run_module: RunModule, url: str) -> None:
    api.expect(CREATE._replace(body={**CREATED_FULL, "session": {"session_url": url, "token": "a-token"}}))
    assert run_module(DIRECT)["msg"] == f"{LACKING}a valid https session URL. {SESSION_MAY_EXIST}"


@pytest.mark.parametrize("token", UNUSABLE_TOKENS.values(), ids=UNUSABLE_TOKENS)
def test_unusable_session_token(api: Api, run_module: RunModule, token: str) -> None:
    api.expect(CREATE._replace(body={**CREATED_FULL, "session": {"session_url": SESSION_URL, "token": token}}))
    assert run_module(DIRECT)["msg"] == f"{LACKING}a token. {SESSION_MAY_EXIST}"


@pytest.mark.parametrize(
    ("options", "call"),
    [
        (OAUTH2, LOGIN),
        (OAUTH1, Call("/", method="HEAD", status=302, body=b"", authorization="")),
        (BEARER, Call("/", method="HEAD", status=404, body=b"", authorization="")),
    ],
)
def test_check_mode_requests_no_session(api: Api, run_module: RunModule, options: dict[str, t.Any], call: Call) -> None:
    api.expect(call)
    result = run_module({"url": URL, "api_prefix": "iso", **options, **SESSION}, check=True)
    result.pop("invocation", None)
    nothing = {"session_url": None, "token": None, "expires_at": None, "created": NOT_MADE}
    assert result == {"changed": True, **nothing}


def test_check_mode_fails_if_the_login_fails(api: Api, run_module: RunModule) -> None:
    api.expect(LOGIN._replace(status=400, body={"error": "invalid_request"}))
    result = run_module(WITH_LOGIN, check=True)
    assert result["msg"] == f"{LOGGING_IN}{responded('invalid_request', 400)} {STATUS_401}"
    assert {name: result[name] for name in ("http_status", "error_code", "session_may_exist")} == {
        "http_status": 400,
        "error_code": None,
        "session_may_exist": False,
    }


def test_disabled_verification_warns(api: Api, run_module: RunModule, shown_warnings: list[str]) -> None:
    api.expect(CREATE)
    run_module({**DIRECT, "validate_certs": False})
    # In this process, core 2.19 and later acts as a controller, which prints warnings at once.
    assert [*shown_warnings, *warnings.get_warning_messages()] == [NOT_VERIFIED]
    assert api.arguments[0]["verify"] is False


@pytest.mark.parametrize("secret", ["client_secret", "access_token", "consumer_secret", "token_key", "token_secret"])
def test_invocation_hides_secrets(run_module: RunModule, secret: str) -> None:
    result = run_module({**DIRECT, secret: "a-secret-value", "url": "http://vault.example"})
    assert result["failed"] is True
    assert "a-secret-value" not in json.dumps(result)


# Options that are rejected before any request

SHOWN_LONG = "1" * 77

PROBLEMS: list[tuple[dict[str, t.Any], str]] = [
    ({"url": "http://vault.example"}, f"url {MUST_BE_HTTPS}"),
    ({"url": "vault.example"}, f"url {MUST_BE_HTTPS}"),
    ({"url": "//vault.example"}, f"url {MUST_BE_HTTPS}"),
    ({"url": "https://"}, "url must contain the host name of PAM Core, such as https://vault.example."),
    ({"url": "https:///iso"}, "url must contain the host name of PAM Core, such as https://vault.example."),
    ({"url": "https://vault.example:0"}, "url must contain the host name of PAM Core, such as https://vault.example."),
    ({"url": "https://vault.example:99999"}, "url is not a valid URL."),
    ({"url": "https://vault.example:port"}, "url is not a valid URL."),
    ({"url": "https://[::1"}, "url is not a valid URL."),
    ({"url": "https://vault.example/a b"}, "url must not contain spaces, control characters or backslashes."),
    ({"url": "https://vault.example\n"}, "url must not contain spaces, control characters or backslashes."),
    ({"url": "https://vault.example\\@evil"}, "url must not contain spaces, control characters or backslashes."),
    ({"url": "https://vault.example/\x1b[2J"}, "url must not contain spaces, control characters or backslashes."),
    ({"url": "https://me:pass@vault.example"}, "url must not contain a user name or a password."),
    ({"url": "https://me@vault.example"}, "url must not contain a user name or a password."),
    ({"url": "https://vault.example/?a=b"}, "url must not contain a query or a fragment."),
    ({"url": "https://vault.example/#a"}, "url must not contain a query or a fragment."),
    ({"proxy": "proxy.example:3128"}, "proxy must be the URL of a proxy, such as http://proxy.example:3128."),
    ({"proxy": "ftp://proxy.example"}, "proxy must be the URL of a proxy, such as http://proxy.example:3128."),
    ({"proxy": "http://"}, "proxy must be the URL of a proxy, such as http://proxy.example:3128."),
    ({"proxy": "http://me:pass@proxy:0"}, "proxy must be the URL of a proxy, such as http://proxy.example:3128."),
    ({"proxy": "http://proxy:port"}, "proxy must be the URL of a proxy, such as http://proxy.example:3128."),
    ({"proxy": "http://pro xy"}, "proxy must be the URL of a proxy, such as http://proxy.example:3128."),
    ({"timeout": 0}, f"timeout {MUST_BE_SECONDS}0.0."),
    ({"timeout": -1}, f"timeout {MUST_BE_SECONDS}-1.0."),
    ({"timeout": "nan"}, f"timeout {MUST_BE_SECONDS}nan."),
    ({"timeout": "inf"}, f"timeout {MUST_BE_SECONDS}inf."),
    ({"timeout": 3600.5}, f"timeout {MUST_BE_SECONDS}3600.5."),
    ({"retries": -1}, "retries must be from 0 to 10, but is -1."),
    ({"retries": 11}, "retries must be from 0 to 10, but is 11."),
    ({"port": 0}, "port must be from 1 to 65535, but is 0."),
    ({"port": -22}, "port must be from 1 to 65535, but is -22."),
    ({"port": "65536"}, "port must be from 1 to 65535, but is 65536."),
    ({"remote_app": 0}, "remote_app must be from 1 to 2147483647, but is 0."),
    ({"remoteapp": -1}, "remote_app must be from 1 to 2147483647, but is -1."),
    ({"remote_app": 2**31}, "remote_app must be from 1 to 2147483647, but is 2147483648."),
    ({"remote_addr": "web01"}, "remote_addr must be an IPv4 or IPv6 address, but is 'web01'."),
    ({"remoteAddr": "192.0.2.256"}, "remote_addr must be an IPv4 or IPv6 address, but is '192.0.2.256'."),
    ({"remote_addr": "192.0.2.0/24"}, "remote_addr must be an IPv4 or IPv6 address, but is '192.0.2.0/24'."),
    ({"remote_addr": "\x1b[2J"}, "remote_addr must be an IPv4 or IPv6 address, but is '\\x1b[2J'."),
    ({"remote_addr": "fe80::1%eth0"}, "remote_addr must be an address without a zone ID, but is 'fe80::1%eth0'."),
    (
        {"remote_addr": "1" * 81},
        f"remote_addr must be an IPv4 or IPv6 address, but is '{SHOWN_LONG}\\u2026'.",
    ),
    ({"screen_size": "big"}, f"screen_size {MUST_BE_SCREEN_SIZE}'big'."),
    (
        {"screen_size": "1920X1080"},
        f"screen_size {MUST_BE_SCREEN_SIZE}'1920X1080'.",
    ),
    ({"screen_size": "0x1080"}, f"screen_size {MUST_BE_SCREEN_SIZE}'0x1080'."),
    ({"screensize": "1920x"}, f"screen_size {MUST_BE_SCREEN_SIZE}'1920x'."),
    ({"screen_size": "1x1\n"}, f"screen_size {MUST_BE_SCREEN_SIZE}'1x1\\n'."),
    (
        {"screen_size": "١x١"},
        f"screen_size {MUST_BE_SCREEN_SIZE}'\\u0661x\\u0661'.",
    ),
    (
        {"access_token": "0123456789\n"},
        "access_token must not contain spaces, newlines or other characters that are invalid in a bearer token.",
    ),
    (
        {"access_token": "0123 456789"},
        "access_token must not contain spaces, newlines or other characters that are invalid in a bearer token.",
    ),
    (
        {"access_token": "não"},
        "access_token must not contain spaces, newlines or other characters that are invalid in a bearer token.",
    ),
    ({"client_key": "/k.pem"}, "client_key requires client_cert."),
    ({"url": None}, "url is missing or empty."),
    ({"url": ""}, "url is missing or empty."),
    ({"url": " "}, "url is missing or empty. url must not contain spaces, control characters or backslashes."),
    ({"user": None}, "user is missing or empty."),
    ({"user": "\t"}, "user is missing or empty."),
    ({"device": ""}, "device is missing or empty."),
    ({"protocol": ""}, "protocol is missing or empty."),
    (
        {"credential": ""},
        NO_CREDENTIAL,
    ),
    (
        {"auto_select_credential": True},
        TWO_CREDENTIALS,
    ),
    (
        {"access_token": None},
        NO_API_CREDENTIALS,
    ),
    (
        {"access_token": None, "client_id": "id"},
        "The API credentials are incomplete: got client_id, but client_secret is missing.",
    ),
    (
        {"access_token": None, "token_secret": "0123456789", "consumer_key": "key"},
        "The API credentials are incomplete: got consumer_key, token_secret, "
        "but consumer_secret and token_key are missing.",
    ),
    (
        OAUTH2,
        f"{SEVERAL_METHODS}oauth2 with client_id, client_secret; "
        "access_token with access_token. Set auth_method to one of them.",
    ),
    (
        {**OAUTH2, **OAUTH1, "access_token": None},
        f"{SEVERAL_METHODS}oauth2 with client_id, client_secret; "
        "oauth1 with consumer_key, consumer_secret, token_key, token_secret. Set auth_method to one of them.",
    ),
    ({"auth_method": "oauth2"}, "client_id and client_secret are missing for auth_method oauth2."),
    (
        {"auth_method": "oauth1", "consumer_key": "key"},
        "consumer_secret, token_key and token_secret are missing for auth_method oauth1.",
    ),
    ({"auth_method": "access_token", "access_token": ""}, "access_token is missing for auth_method access_token."),
    (
        {"url": "http://x", "user": "", "device": "", "protocol": "", "credential": "", "port": 0, "timeout": 0}
        | {"screen_size": "x", "remote_addr": "x", "access_token": None, "client_key": "/k"},
        "user is missing or empty. device is missing or empty. protocol is missing or empty. "
        f"url {MUST_BE_HTTPS} "
        f"timeout {MUST_BE_SECONDS}0.0. "
        "remote_addr must be an IPv4 or IPv6 address, but is 'x'. "
        "port must be from 1 to 65535, but is 0. "
        f"screen_size {MUST_BE_SCREEN_SIZE}'x'. "
        f"client_key requires client_cert. {NO_API_CREDENTIALS} {NO_CREDENTIAL}",
    ),
]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("options", "text"), PROBLEMS)
def test_invalid_options(api: Api, run_module: RunModule, options: dict[str, t.Any], text: str, check: bool) -> None:
    result = run_module({**DIRECT, **options}, check=check)
    assert result["msg"] == NOTHING_SENT + text
    assert (result["http_status"], result["error_code"], result["session_may_exist"]) == (None, None, False)
    assert api.requests == []


@pytest.mark.parametrize("name", ["port", "remote_app", "timeout", "retries"])
def test_values_of_another_type(api: Api, run_module: RunModule, name: str) -> None:
    assert f"argument '{name}' is of type" in run_module({**DIRECT, name: "many"})["msg"]
    assert api.requests == []


@pytest.mark.parametrize(
    ("method", "authorization"), [("oauth2", f"Bearer {ISSUED}"), ("access_token", f"Bearer {BEARER['access_token']}")]
)
def test_auth_method_selects_the_authentication(
    api: Api, run_module: RunModule, method: str, authorization: str
) -> None:
    if method == "oauth2":
        api.expect(LOGIN)
    api.expect(CREATE._replace(authorization=authorization))
    assert run_module({**DIRECT, **OAUTH2, **OAUTH1, "auth_method": method})["changed"] is True
