# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the module handles any response, and what it never repeats from one. The fault table has the messages."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import typing as t
import zlib
from urllib.parse import quote_plus

import pytest

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import SenhaseguraError
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session
from tests.messages import CREATING, LOGGING_IN, MAY_EXIST, STATUS_400, STATUS_401, STATUS_403, responded
from tests.unit.plugins.support import (
    BEARER,
    CREATE,
    CREATED,
    DIRECT,
    ISSUED,
    LOGIN,
    OAUTH1,
    OAUTH2,
    SESSION,
    SESSION_TOKEN,
    SESSION_URL,
    URL,
    WITH_LOGIN,
    Api,
    RunModule,
    minimal,
)

JSON = "application/json"
MIB = 1024 * 1024


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP ", "identity", ""])
def test_compressed_response(api: Api, run_module: RunModule, encoding: str) -> None:
    plain = json.dumps(CREATED).encode()
    compress: dict[str, t.Any] = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}
    body = compress.get(encoding.strip().lower(), bytes)(plain)
    api.expect(CREATE._replace(body=body, headers={"Content-Encoding": encoding, "Content-Type": JSON}))
    assert run_module(DIRECT)["session_url"] == SESSION_URL


def test_compression_bomb_is_not_unpacked(api: Api) -> None:
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


def test_largest_response(api: Api, run_module: RunModule) -> None:
    api.expect(CREATE._replace(body=json.dumps(CREATED).encode().ljust(MIB)))
    assert run_module(DIRECT)["session_url"] == SESSION_URL


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
        # A secret in disguise. The message is not shown at all, because other parts of it may belong to the secret.
        (OAUTH2, "A CLIENT&#039;S SECRET/+&amp; is wrong", "***"),
        (OAUTH2, "a%2520client%2527s%2520secret%252F%252B%2526 is wrong", "***"),
        (OAUTH2, "%61 client's secret/+& is wrong", "***"),
        (OAUTH2, "%6\r\n 1 client's secret/+& is wrong", "***"),
        ({**OAUTH2, "client_secret": "two\nlines of it"}, "got two\\nli nes OF it", "***"),
        ({**OAUTH2, "client_secret": "d\u0131sguise"}, "got DISG UISE", "***"),
        (OAUTH2, "a\\u0020client\\u0027s secret/+& is wrong", "***"),
        (OAUTH2, "a cli\r\n ent's sec\u200bret/+& is wrong", "***"),
        ({**OAUTH2, "client_secret": "x" * 40 + "\u00df"}, "X" * 40 + "SS", "***"),
        ({**OAUTH2, "client_secret": "seven-7"}, "s%65ven-7", "s%65ven-7"),  # too short to be searched for
        ({**OAUTH2, "client_secret": "a  secret\twith\x01 "}, "[a  secret\twith\x01 ] is wrong", "[*** ] is wrong"),
        ({**OAUTH2, "client_secret": "señha"}, "seÃ±ha or se\\u00f1ha or se%C3%B1ha", "*** or *** or ***"),
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
        f"{CREATING}PAM Core responded with {json.dumps(shown)} (HTTP 400). {STATUS_400} {MAY_EXIST}"
    )


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00"])
def test_secret_with_a_surrogate_is_not_repeated(api: Api, run_module: RunModule, half: str) -> None:
    body = json.dumps({**minimal(400, "Said: HALFtoken"), "session": {"token": "HALFtoken"}}).replace("HALF", half)
    api.expect(CREATE._replace(status=400, body=body.encode()))
    assert run_module(DIRECT)["msg"] == f"{CREATING}{responded('Said: ***', 400)} {STATUS_400} {MAY_EXIST}"


def test_token_in_a_rejected_login_is_not_repeated(api: Api, run_module: RunModule) -> None:
    api.expect(LOGIN._replace(status=401, body={"error": "x", "message": f"no: {ISSUED}", "access_token": ISSUED}))
    assert run_module(WITH_LOGIN)["msg"] == f"{LOGGING_IN}{responded('no: ***', 401)} {STATUS_401}"


@pytest.mark.parametrize(("said", "shown"), [("a;sécret/+", "text/***"), ("a;sé\u200bcret/+", "***")])
def test_secrets_are_not_repeated_from_the_content_type(api: Api, run_module: RunModule, said: str, shown: str) -> None:
    secret = "a;sécret/+"
    header = f"text/{said}; charset=utf-8".encode().decode("latin-1")
    api.expect(LOGIN, CREATE._replace(status=403, body=b"", headers={"Content-Type": header}))
    result = run_module({"url": URL, "api_prefix": "iso", **OAUTH2, "client_secret": secret, **SESSION})
    assert result["msg"] == (
        f"{CREATING}the response (HTTP 403, content type {shown}) is not from PAM Core's API. {STATUS_403}"
    )


def test_secret_of_login_is_not_repeated(api: Api, run_module: RunModule) -> None:
    api.expect(LOGIN._replace(status=401, body={"error": "x", "message": f"no: {quote_plus(OAUTH2['client_secret'])}"}))
    result = run_module(WITH_LOGIN)
    assert result["msg"] == f"{LOGGING_IN}{responded('no: ***', 401)} {STATUS_401}"
