# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logins, signatures, and the checks between a path and its handler."""

from __future__ import annotations

import base64
import json
import time
import typing as t
from ipaddress import IPv4Network

import pytest
import requests

from tests.unit.simulator.conftest import Client, Start

LOGIN_REFUSED = {
    "error": "invalid_client",
    "error_description": "Client authentication failed",
    "message": "Client authentication failed",
}
TOKEN_REFUSED = {
    "error": "access_denied",
    "error_description": "The resource owner or authorization server denied the request.",
    "hint": "Access token is invalid or has expired",
    "message": "The resource owner or authorization server denied the request.",
}


def full_error(status: int, message: str, error_code: int, **more: t.Any) -> dict[str, t.Any]:
    return {
        "code": status,
        "response": {
            "status": status,
            "message": message,
            "error": True,
            "error_code": error_code,
            "detail": "",
            "mensagem": message,
            "erro": True,
            "cod_erro": error_code,
        },
        **more,
    }


INVALID_SIGNATURE = full_error(401, "Invalid signature", 1)
REVOKED = full_error(401, "Client authentication failed", 1)


def part_of_token(token: str, number: int) -> dict[str, t.Any]:
    part = token.split(".")[number]
    value: dict[str, t.Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


@pytest.mark.parametrize("path", ["/iso/oauth2/token", "/api/oauth2/token"])
def test_login_response_matches_the_documentation(shared: Client, path: str) -> None:
    answer = shared.login(path=path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 3600}
    header, claims = part_of_token(token, 0), part_of_token(token, 1)
    assert header == {"typ": "JWT", "alg": "RS256", "jti": claims["jti"]}
    assert claims["aud"] == shared.simulator.credentials["oauth2"]["client_id"]
    assert claims["exp"] == claims["iat"] + 3600
    assert claims["scopes"] == []


def test_login_accepts_basic_form_json_and_query(shared: Client) -> None:
    keys = shared.simulator.credentials["oauth2"]
    grant = {"grant_type": "client_credentials"}
    everything = {**grant, **keys}
    ways: list[dict[str, t.Any]] = [
        {"auth": (keys["client_id"], keys["client_secret"]), "data": grant},
        {"data": everything},
        {"json": everything},
        {"params": everything},
        {"files": {key: (None, value) for key, value in everything.items()}},
    ]
    assert [shared.send("POST", "/api/oauth2/token", **way).status_code for way in ways] == [200] * len(ways)


def test_login_accepts_only_post(shared: Client) -> None:
    assert shared.send("GET", "/api/oauth2/token").json()["response"]["message"] == "Resource sub not found"


@pytest.mark.parametrize("changes", [{"client_secret": "0" * 32}, {"client_id": "0" * 41}, {"client_id": ""}])
def test_login_with_invalid_client(shared: Client, changes: dict[str, t.Any]) -> None:
    answer = shared.login(**changes)
    assert (answer.status_code, answer.json()) == (401, LOGIN_REFUSED)
    assert "WWW-Authenticate" not in answer.headers


def test_login_with_invalid_basic_authentication(shared: Client) -> None:
    answer = shared.send("POST", "/api/oauth2/token", auth=("a", "b"), data={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()) == (401, LOGIN_REFUSED)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="OAuth"'


@pytest.mark.parametrize(
    "grant_type, error", [("password", "unsupported_grant_type"), ("", "invalid_request")], ids=["other", "none"]
)
def test_login_with_another_grant(shared: Client, grant_type: str, error: str) -> None:
    answer = shared.login(grant_type=grant_type)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("authorization", ["expired", "disabled"])
def test_login_of_a_revoked_authorization(shared: Client, authorization: str) -> None:
    answer = shared.login(authorization)
    assert (answer.status_code, answer.json()) == (401, LOGIN_REFUSED)


def test_login_of_a_disabled_application(client: Client) -> None:
    client.simulator.state.applications["portal"].enabled = False
    assert client.login().json() == LOGIN_REFUSED


def test_oauth1_keys_cannot_log_in(shared: Client) -> None:
    keys = shared.simulator.credentials["oauth1"]
    answer = shared.login(client_id=keys["consumer_key"], client_secret=keys["consumer_secret"])
    assert answer.json() == LOGIN_REFUSED


@pytest.mark.parametrize(
    "authorization, tenant, status",
    [
        ("full", {}, 200),
        ("full", {"tenant": "acme"}, 200),
        ("full", {"tenant": "globex"}, 401),
        ("full", {"tenant": "nowhere"}, 401),
        ("globex", {"tenant": "globex"}, 200),
        ("globex", {}, 401),
    ],
)
def test_login_belongs_to_a_tenant(shared: Client, authorization: str, tenant: dict[str, str], status: int) -> None:
    assert shared.login(authorization, **tenant).status_code == status


def test_tenant_can_come_from_the_host_name(shared: Client) -> None:
    keys = shared.simulator.credentials["authorizations"]["globex"]["oauth2"]
    data = {"grant_type": "client_credentials", **keys}
    answers = [
        shared.send("POST", "/api/oauth2/token", data=data, headers={"Host": f"{name}.vault.example"}).status_code
        for name in ("globex", "acme", "other")
    ]
    assert answers == [200, 401, 401]


def test_token_is_valid_only_in_its_tenant(shared: Client) -> None:
    def listed(host: str) -> requests.Response:
        return shared.send("GET", "/api/session/remotesessions", auth=shared.bearer(), headers={"Host": host})

    assert listed("acme.vault.example").json()["tenant"] == "acme"
    assert listed("globex.vault.example").json() == TOKEN_REFUSED


def test_no_tenants_before_3_33(start_shared: Start) -> None:
    client = start_shared(profile="3.32")
    assert client.login(tenant="globex").status_code == 200


def test_token_expires_after_an_hour(client: Client) -> None:
    auth = type(client.bearer())(client.login().json()["access_token"])
    client.simulator.clock.advance(3590)
    assert client.create(auth=auth).status_code == 200
    client.simulator.clock.advance(10)
    answer = client.create(auth=auth)
    assert (answer.status_code, answer.json()) == (401, TOKEN_REFUSED)


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Bearer a b", "Basic YTpi", "nonsense"])
def test_invalid_token(shared: Client, header: str) -> None:
    answer = shared.send("POST", "/api/pam/remote/session", headers={"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, TOKEN_REFUSED)


def test_gateway_responds_without_a_header(shared: Client) -> None:
    answer = shared.send("POST", "/api/pam/remote/session", json={})
    assert (answer.status_code, answer.json()) == (404, {"message": "no Route matched with those values"})


@pytest.mark.parametrize("way", ["json", "data", "params", "files"])
def test_oauth1(shared: Client, way: str) -> None:
    body = {"user": "jdoe", "credential": "svc-admin", "device": "web01", "protocol": "SSH", "screensize": "1x1 &+=%é"}
    body["screensize"] = "10x10"
    given = {key: (None, value) for key, value in body.items()} if way == "files" else body
    answer = shared.send("POST", "/iso/remote/session", auth=shared.oauth1(), **{way: given})
    assert answer.json()["response"]["message"] == "Session created successfully"


@pytest.mark.parametrize(
    "changes",
    [
        {"consumer_secret": "wrong"},
        {"token_secret": "wrong"},
        {"consumer_key": "0" * 41},
        {"token_key": "0" * 41},
        {"signature_method": "PLAINTEXT"},
        {"signature_method": "HMAC-SHA256"},
        {"timestamp": "1000000000"},
        {"timestamp": str(int(time.time()) + 9000)},
    ],
)
def test_oauth1_rejected(shared: Client, changes: dict[str, t.Any]) -> None:
    answer = shared.create(auth=shared.oauth1(**changes))
    assert (answer.status_code, answer.json()) == (401, INVALID_SIGNATURE)


@pytest.mark.parametrize(
    "header", ["OAuth", "OAuth nonsense", 'OAuth oauth_consumer_key="a"', 'OAuth oauth_token="a", oauth_token="b"']
)
def test_oauth1_malformed(shared: Client, header: str) -> None:
    answer = shared.send("POST", "/iso/remote/session?a=%", headers={"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, INVALID_SIGNATURE)


def test_oauth1_signs_method_path_and_form(shared: Client) -> None:
    def prepared() -> requests.PreparedRequest:
        url = f"{shared.simulator.url}/iso/remote/session"
        request = requests.Request("POST", url, data={"user": "jdoe"}, auth=shared.oauth1())
        return shared.http.prepare_request(request)

    def message(request: requests.PreparedRequest) -> str:
        answer = shared.http.send(request, verify=shared.simulator.ca_file)
        text: str = answer.json()["response"]["message"]
        return text

    fine, other_form, other_path = prepared(), prepared(), prepared()
    other_form.body = "user=other"
    other_form.headers["Content-Length"] = str(len(other_form.body))
    other_path.url = f"{shared.simulator.url}/api/pam/remote/session"
    assert message(fine) == "Credential not specified"
    assert message(other_form) == message(other_path) == "Invalid signature"


def test_oauth1_request_cannot_be_replayed(shared: Client) -> None:
    request = shared.http.prepare_request(
        requests.Request("GET", f"{shared.simulator.url}/iso/session/remotesessions", auth=shared.oauth1())
    )
    answers = [shared.http.send(request, verify=shared.simulator.ca_file) for _attempt in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json() == INVALID_SIGNATURE


def test_keys_in_the_query(shared: Client) -> None:
    keys = shared.simulator.credentials["authorizations"]["full"]["query"]
    params = {"oauth_consumer_key": keys["consumer_key"], "oauth_token": keys["token_key"], "oauth_signature": "-"}
    body = {"user": "jdoe", "credential": "svc-admin", "device": "web01", "protocol": "SSH"}
    assert shared.send("POST", "/iso/remote/session", params=params, data=body).status_code == 200
    answer = shared.send("POST", "/iso/remote/session", params={**params, "oauth_token": "0"}, data=body)
    assert (answer.status_code, answer.json()) == (401, REVOKED)
    oauth1 = shared.simulator.credentials["oauth1"]
    params = {"oauth_consumer_key": oauth1["consumer_key"], "oauth_token": oauth1["token_key"]}
    assert shared.send("POST", "/iso/remote/session", params=params, data=body).json() == REVOKED


NOT_WRITABLE = "1039: Without PAM Configuration Access permission"

REFUSALS = {
    "expired": (401, REVOKED),
    "disabled": (401, REVOKED),
    "other-ip": (500, full_error(500, "The origin IP is not allowed", 1106, tenant="acme")),
    "referer": (500, full_error(500, "The http referer is not allowed", 1105, tenant="acme")),
    "no-web-proxy": (500, full_error(500, "You are not authorized to access this resource.", 1, tenant="acme")),
    "read-only": (
        400,
        full_error(400, NOT_WRITABLE, 1, exception={"code": 1039, "message": NOT_WRITABLE, "detail": None}),
    ),
}


@pytest.mark.parametrize("authorization", REFUSALS)
@pytest.mark.parametrize("method", ["bearer", "oauth1"])
def test_restricted_authorization_is_rejected(shared: Client, authorization: str, method: str) -> None:
    answer = shared.create(auth=getattr(shared, method)(authorization))
    assert (answer.status_code, answer.json()) == REFUSALS[authorization]


def test_order_of_the_checks(client: Client) -> None:
    """Everything is invalid at first. After each correction, the next check reports its error."""
    authorization = client.simulator.state.authorization("portal", "other-ip")
    authorization.enabled = False
    authorization.referers = ["https://portal.example/"]
    authorization.resources = set()
    authorization.read_write = False

    def correct(**changes: t.Any) -> str:
        for name, value in changes.items():
            setattr(authorization, name, value)
        answer = client.create(auth=client.bearer("other-ip"), without=["user"])
        text: str = answer.json()["response"]["message"]
        return text

    assert correct() == "Client authentication failed"
    assert correct(enabled=True) == "The origin IP is not allowed"
    assert correct(networks=None) == "The http referer is not allowed"
    assert correct(referers=None) == "You are not authorized to access this resource."
    assert correct(resources={"Web Proxy Session"}) == NOT_WRITABLE
    assert correct(read_write=True) == "Username not specified"
    assert client.send("POST", "/nowhere").json()["response"]["message"] == "Resource sub not found"


def test_allowed_addresses_and_referers(client: Client) -> None:
    authorization = client.simulator.state.authorization("portal", "full")
    authorization.networks = client.simulator.state.authorization("portal", "other-ip").networks
    assert client.create().status_code == 500
    authorization.networks = [IPv4Network("127.0.0.2/32")]
    assert client.source("127.0.0.2").create().status_code == 200
    assert client.create().status_code == 500
    for referer, status in (("https://portal.example/login", 400), ("https://evil.example/", 500)):
        answer = client.send(
            "POST", "/api/pam/remote/session", auth=client.bearer("referer"), headers={"Referer": referer}
        )
        assert answer.status_code == status


def test_listing_and_ending_sessions_needs_the_resource_pam_core(client: Client) -> None:
    not_authorized = REFUSALS["no-web-proxy"]
    for method, path in (("GET", "/api/session/remotesessions"), ("DELETE", "/api/pam/session/drop/x")):
        answer = client.send(method, path, auth=client.bearer("no-pam-core"))
        assert (answer.status_code, answer.json()) == not_authorized
    read_only = client.bearer("read-only")
    assert client.send("GET", "/api/session/remotesessions", auth=read_only).status_code == 200
    assert client.send("DELETE", "/api/pam/session/drop/x", auth=read_only).json() == REFUSALS["read-only"][1]


def test_errors_before_3_33_are_short(start_shared: Start) -> None:
    client = start_shared(profile="3.32")
    assert client.create(auth=client.bearer("read-only")).json() == {
        "response": {
            "status": 400,
            "mensagem": NOT_WRITABLE,
            "erro": True,
            "message": NOT_WRITABLE,
            "error": True,
        },
        "exception": {"code": 1039, "message": NOT_WRITABLE, "detail": None},
    }
