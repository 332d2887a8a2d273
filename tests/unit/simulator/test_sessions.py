# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requesting, opening, listing and ending web proxy sessions, by version."""

from __future__ import annotations

import base64
import re
import typing as t
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import pytest
import yaml

from tests.simulator.data import DEFAULT_FILE
from tests.unit.simulator.conftest import Client, Start

SESSION = {"user": "jdoe", "credential": "svc-admin", "device": "web01", "protocol": "SSH"}
CREATE_PATHS = ("/iso/remote/session", "/api/pam/remote/session", "/api/remote/session")
LIST_PATHS = (
    "/api/pam/session/remotesessions",
    "/api/session/remotesessions",
    "/iso/session/remotesessions",
    "/api/pam/remotesessions",
)
DROP_PATHS = ("/iso/session/drop", "/api/pam/session/drop", "/api/session/drop")
NEW = ("3.33", "4.0", "4.2")


def full(status: int, message: str, error_code: int = 0, mensagem: str | None = None) -> dict[str, t.Any]:
    error = status >= 400
    return {
        "code": status,
        "response": {
            "status": status,
            "message": message,
            "error": error,
            "error_code": error_code,
            "detail": "",
            "mensagem": message if mensagem is None else mensagem,
            "erro": error,
            "cod_erro": error_code,
        },
    }


def short(status: int, message: str) -> dict[str, t.Any]:
    error = status >= 400
    return {
        "response": {"status": status, "mensagem": message, "erro": error, "message": message, "error": error},
    }


# ---- creation


def test_response_in_the_short_form(start_shared: Start) -> None:
    answer = start_shared(profile="3.32").create()
    body = answer.json()
    session = body.pop("session")
    assert (answer.status_code, body) == (200, short(200, "Session created successfully"))
    assert set(session) == {"session_url", "token"}


@pytest.mark.parametrize("profile", NEW)
def test_response_in_the_full_form(start_shared: Start, profile: str) -> None:
    answer = start_shared(profile=profile).create()
    body = answer.json()
    session = body.pop("session")
    assert (answer.status_code, body) == (200, {**full(200, "Session created successfully"), "tenant": "acme"})
    assert list(answer.json()) == ["code", "response", "tenant", "session"]
    assert set(session) == {"session_url", "token"}


def test_url_and_token_have_the_documented_form(shared: Client) -> None:
    session = shared.create().json()["session"]
    assert re.fullmatch(r"[0-9a-f]{64}", session["token"])
    url = urlsplit(session["session_url"])
    assert (url.scheme, url.path, url.query[:4]) == ("https", "/modulos/auth", "_sr=")
    assert f"https://{url.netloc}" == shared.simulator.url
    value = url.query[4:]
    assert len(value) == 176
    decoded = base64.b64decode(value, validate=True)
    assert decoded.startswith(b"rbs:")
    assert len(base64.b64decode(decoded[4:], validate=True)) == 96


def test_url_has_the_requested_host(shared: Client) -> None:
    url = shared.create_url()
    assert shared.send("GET", "/", headers={"Host": "vault.example"}).status_code == 200
    answer = shared.send("POST", CREATE_PATHS[1], json=SESSION, auth=shared.bearer(), headers={"Host": "vault.example"})
    assert answer.json()["session"]["session_url"].startswith("https://vault.example/modulos/auth?_sr=")
    assert url.startswith(shared.simulator.url)


def test_parameters_in_every_encoding(shared: Client) -> None:
    ways: list[dict[str, t.Any]] = [
        {"json": SESSION},
        {"data": SESSION},
        {"params": SESSION},
        {"files": {key: (None, value) for key, value in SESSION.items()}},
    ]
    answers = [shared.send("POST", CREATE_PATHS[1], auth=shared.bearer(), **way) for way in ways]
    assert [answer.status_code for answer in answers] == [200] * len(ways)


def test_form_overrides_query(shared: Client) -> None:
    answer = shared.send(
        "POST", CREATE_PATHS[1], params={**SESSION, "user": "nobody"}, data={"user": "jdoe"}, auth=shared.bearer()
    )
    assert answer.status_code == 200


def test_json_overrides_query(shared: Client) -> None:
    answer = shared.send(
        "POST", CREATE_PATHS[1], params={**SESSION, "user": "jdoe"}, json={"user": "nobody"}, auth=shared.bearer()
    )
    assert answer.json()["response"]["message"] == "User not found"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe"])
def test_body_must_be_an_object(shared: Client, body: t.Any) -> None:
    answer = shared.send(
        "POST", CREATE_PATHS[1], data=body, headers={"Content-Type": "application/json"}, auth=shared.bearer()
    )
    assert answer.json()["response"]["message"] == "Username not specified"


MISSING = ("user", "credential", "device", "protocol")
TEXTS = ("Username not specified", "Credential not specified", "Credential device not specified", "Invalid protocol")


@pytest.mark.parametrize("number", range(4), ids=MISSING)
def test_first_missing_parameter_is_reported(shared: Client, number: int) -> None:
    answer = shared.create(without=MISSING[number:])
    assert (answer.status_code, answer.json()) == (400, {**full(400, TEXTS[number]), "tenant": "acme"})


@pytest.mark.parametrize("name, text", list(zip(MISSING, TEXTS, strict=True)))
@pytest.mark.parametrize("value", ["", None])
def test_empty_parameter_counts_as_missing(shared: Client, name: str, text: str, value: t.Any) -> None:
    assert shared.create(**{name: value}).json()["response"]["message"] == text


@pytest.mark.parametrize("name, text", list(zip(MISSING, ("User not specified", *TEXTS[1:]), strict=True)))
def test_missing_parameters_before_3_33(start_shared: Start, name: str, text: str) -> None:
    answer = start_shared(profile="3.32").create(without=[name])
    assert answer.status_code == 400
    assert answer.json() == {
        "response": {
            "status": 400,
            "mensagem": text,
            "erro": True,
            "cod_erro": 0,
            "message": text,
            "error": True,
            "error_code": 0,
        }
    }


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"user": "nobody"}, "User not found"),
        ({"user": "former"}, "User inactive"),
        ({"user": "intern", "device": "db01"}, "User without access to the device"),
        ({"device": "unknown01"}, "Device not found"),
        ({"device": "retired01"}, "Device inactive"),
        ({"credential": "nobody"}, "Credential not found"),
        ({"device": "win01"}, "Credential not found"),
        ({"credential": "old-admin"}, "Credential inactive"),
        ({"protocol": "GOPHER"}, "Invalid protocol"),
        ({"protocol": "RDP"}, "Protocol not enabled on the device"),
        ({"port": 0}, "Invalid port"),
        ({"port": 65536}, "Invalid port"),
        ({"port": "ssh"}, "Invalid port"),
        ({"port": True}, "Invalid port"),
        ({"screensize": "1920"}, "Invalid screensize"),
        ({"screensize": "0x1080"}, "Invalid screensize"),
        ({"screensize": "1920X1080"}, "Invalid screensize"),
        ({"remoteAddr": "nowhere"}, "Invalid remoteAddr"),
        ({"remoteapp": "word"}, "Invalid remoteapp"),
        ({"remoteapp": 0}, "Invalid remoteapp"),
    ],
)
def test_undocumented_errors(shared: Client, changes: dict[str, t.Any], text: str) -> None:
    answer = shared.create(**changes)
    assert (answer.status_code, answer.json()) == (400, {**full(400, text), "tenant": "acme"})


def test_rejected_request_issues_no_url(client: Client) -> None:
    assert client.create(screensize="huge").status_code == 400
    assert not client.simulator.state.pending


def test_messages_of_undocumented_errors_are_configurable(start: Start) -> None:
    data = {
        "applications": {
            "a": {"authorizations": {"b": {"resources": ["Web Proxy Session"], "permission": "read-write"}}}
        },
        "users": [{"username": "jdoe"}],
        "texts": {"unknown_device": "No such thing"},
    }
    client = start(data=data)
    assert client.create(auth=client.bearer("b")).json()["response"]["message"] == "No such thing"


@pytest.mark.parametrize(
    "changes",
    [
        {"device": "192.0.2.20"},
        {"device": "WEB01"},
        {"protocol": "ssh"},
        {"user": "intern"},
        {"port": 2200},
        {"port": "2200"},
        {"remoteapp": 7},
        {"remoteAddr": "2001:db8::1"},
        {"device": "host001"},
        {"device": "198.19.0.1"},
        {"device": "host1000"},
        {"credential": "deploy"},
    ],
)
def test_accepted_parameters(shared: Client, changes: dict[str, t.Any]) -> None:
    expected = 400 if changes.get("device") == "198.19.0.1" else 200
    assert shared.create(**changes).status_code == expected


def test_authorization_is_limited_to_its_devices_and_credentials(client: Client) -> None:
    auth = client.bearer("one-device")
    assert client.create(auth=auth, device="db01").status_code == 200
    assert client.create(auth=auth).json()["response"]["message"] == "Device not found"
    client.simulator.state.authorization("portal", "one-device").credentials = {"svc-admin@web01"}
    assert client.create(auth=auth, device="db01").json()["response"]["message"] == "No access to credential"


def test_domain_credential_works_on_another_device(client: Client) -> None:
    domain = {"device": "dc01", "credential": "corp-admin", "protocol": "RDP"}
    for name in ("win01", "192.0.2.40", "3"):
        assert client.open_new(**domain, remotedevice=name)["device"] == "192.0.2.40:3389"
    assert client.open_new(**domain)["device"] == "192.0.2.50:3389"
    answer = client.create(**domain, remotedevice="nowhere")
    assert answer.json()["response"]["message"] == "Remote device not found"
    assert client.open_new(remotedevice="nowhere")["device"] == "192.0.2.20:22"


def test_any_device(start: Start) -> None:
    data = {
        "settings": {"any_device": True},
        "applications": {
            "a": {
                "authorizations": {"full": {"resources": ["Web Proxy Session", "PAM Core"], "permission": "read-write"}}
            }
        },
        "users": [{"username": "jdoe"}],
        "credentials": [{"username": "svc-admin", "device": "*"}],
    }
    client = start(data=data)
    assert client.open_new(device="whatever.example", protocol="RDP")["device"] == "whatever.example:3389"
    assert client.create(device="other", credential="nobody").json()["response"]["message"] == "Credential not found"


# ---- automatic selection


def test_selection_takes_the_lowest_free_id(start: Start) -> None:
    """Of the credentials on web01, the first is inactive and the second is an SSH key. Two remain."""
    client = start(profile="4.2")
    assert client.open_new(without=["credential"])["credential"] == "svc-admin"
    second = client.open_new(credential="")
    assert second["credential"] == "svc-backup"
    answer = client.create(without=["credential"])
    assert answer.json()["response"]["message"] == "Credential not specified"
    assert client.create().status_code == 200
    client.send("DELETE", f"/api/pam/session/drop/{second['session_id']}", auth=client.bearer())
    assert client.open_new(without=["credential"])["credential"] == "svc-backup"


def test_selection_respects_the_authorization(start: Start) -> None:
    client = start(profile="4.2")
    client.simulator.state.authorization("portal", "full").credentials = {"svc-backup@web01"}
    assert client.open_new(without=["credential"])["credential"] == "svc-backup"


@pytest.mark.parametrize("profile", ["3.32", "3.33", "4.0"])
def test_no_selection_before_4_2(start_shared: Start, profile: str) -> None:
    answer = start_shared(profile=profile).create(without=["credential"])
    assert answer.json()["response"]["message"] == "Credential not specified"


# ---- opening


def test_opened_page_shows_the_session_and_no_secret(shared: Client) -> None:
    session = shared.create(screensize="1900x1200", port=2200).json()["session"]
    answer = shared.open(session["session_url"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for shown in ("Session open", "jdoe", "web01", "192.0.2.20", "SSH", "2200", "svc-admin", "1900x1200"):
        assert shown in answer.text
    for secret in (session["token"], session["session_url"][-100:], shared.simulator.credentials["access_token"]):
        assert secret not in answer.text
    assert not re.search(r"(src|href)=", answer.text)
    assert "1920x1080" in shared.open(shared.create_url()).text


def test_pages_escape_names(client: Client) -> None:
    client.simulator.state.users["jdoe"].username = "<script>"
    assert "<dd>&lt;script&gt;</dd>" in client.open(client.create_url()).text


def refused(answer: t.Any, reason: str) -> None:
    assert answer.status_code == 403
    assert f"<p>{reason}</p>" in answer.text


def test_url_opens_once(client: Client) -> None:
    url = client.create_url()
    assert client.open(url).status_code == 200
    refused(client.open(url), "This URL was already used. It opens only once.")
    assert len(client.list()) == 1


def test_url_expires_after_30_seconds(client: Client) -> None:
    early, late = client.create_url(), client.create_url()
    client.simulator.clock.advance(28)
    assert client.open(early).status_code == 200
    client.simulator.clock.advance(2)
    refused(client.open(late), "This URL has expired. It is valid for 30 seconds.")
    assert len(client.list()) == 1


def test_unknown_url(shared: Client) -> None:
    for query in ("", "?_sr=", "?_sr=cmJzOg==", "?other=1"):
        refused(shared.send("GET", f"/modulos/auth{query}"), "This URL is unknown.")


def test_url_for_another_ip_address(client: Client) -> None:
    url = client.create_url(remoteAddr="127.0.0.2")
    refused(client.open(url), "This URL was issued for another IP address.")
    assert client.source("127.0.0.2").open(url).status_code == 200
    assert client.list()[0]["origin_ip"] == "127.0.0.2"


@pytest.mark.parametrize(
    "change, status",
    [(str, 200), (lambda value: quote(value, safe=""), 200), (lambda value: value.replace("+", "%20"), 403)],
    ids=["as it stands", "percent-encoded", "plus as space"],
)
def test_base64_is_not_decoded_as_a_form(client: Client, change: Callable[[str], str], status: int) -> None:
    client.simulator.fault("*", "awkward_url")
    base, mark, value = client.create_url().partition("_sr=")
    assert value.endswith("+/+/==")
    assert client.open(f"{base}{mark}{change(value)}").status_code == status


def test_only_get_opens_a_session(shared: Client) -> None:
    url = shared.create_url()
    assert shared.http.head(url).status_code == 404
    assert shared.http.post(url).status_code == 404
    assert shared.open(url).status_code == 200


# ---- list, get, drop


def test_list(client: Client) -> None:
    client.open(client.create_url())
    answers = [client.send("GET", path, auth=client.bearer()).json() for path in LIST_PATHS]
    answer = answers[0]
    assert answers == [answer] * len(LIST_PATHS)
    record = answer["remote_sessions"][0]
    assert {key: answer[key] for key in ("code", "response", "tenant")} == {**full(200, ""), "tenant": "acme"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", record.pop("start"))
    assert re.fullmatch(r"[0-9a-f]{40}", record.pop("session_id"))
    assert record == {
        "id": "1",
        "user": "jdoe",
        "origin_ip": "127.0.0.1",
        "credential": "svc-admin",
        "device": "192.0.2.20:22",
        "protocol": "ssh",
        "proxy": "Web Proxy",
        "end": None,
        "time": None,
        "prevent_purge": "No",
        "request": None,
        "ITSM": None,
    }


def test_session_is_listed_after_it_was_opened(client: Client) -> None:
    url = client.create_url()
    assert client.list() == []
    client.open(url)
    assert len(client.list()) == 1


def test_list_before_3_33(start: Start) -> None:
    client = start(profile="3.32")
    record = client.open_new()
    assert (record["credencial"], record["dispositivo"], record["prevent_purge"]) == (
        "svc-admin",
        "192.0.2.20:22",
        "Não",
    )
    assert not {"credential", "device"} & set(record)
    answer = client.send("GET", "/api/session/remotesessions/1", auth=client.bearer()).json()
    assert answer == {**short(200, ""), "remote_sessions": [record]}


@pytest.mark.parametrize("profile", NEW)
def test_get_one(start: Start, profile: str) -> None:
    client = start(profile=profile)
    client.open_new()
    record = client.open_new()
    for path in LIST_PATHS:
        answer = client.send("GET", f"{path}/2", auth=client.bearer()).json()
        assert answer == {**full(200, ""), "tenant": "acme", "remote_session": [record]}


@pytest.mark.parametrize(
    "identifier, code, text", [("7", 1002, "1002: Session not found"), ("x7", 1003, "1003: Unexpected identifier type")]
)
def test_get_missing_session(shared: Client, identifier: str, code: int, text: str) -> None:
    answer = shared.send("GET", f"/api/pam/session/remotesessions/{identifier}", auth=shared.bearer())
    assert answer.status_code == 400
    assert answer.json() == {**full(400, text, 1), "exception": {"code": code, "message": text, "detail": None}}


PORTUGUESE = full(200, "Sessão interrompida com sucesso")
DROPPED = {
    "3.32": short(200, "Sessão interrompida com sucesso"),
    "3.33": PORTUGUESE,
    "4.0": PORTUGUESE,
    "4.2": {
        **full(200, "Session dropped successfully", mensagem="Sessão encerrada com sucesso"),
        "tenant": "acme",
    },
}


@pytest.mark.parametrize("profile", DROPPED)
def test_drop(start: Start, profile: str) -> None:
    client = start(profile=profile)
    for path in DROP_PATHS:
        record = client.open_new()
        client.simulator.clock.advance(3725)
        url = f"{path}/{record['session_id']}"
        answer = client.send("DELETE", url, auth=client.bearer())
        assert (answer.status_code, answer.json()) == (200, DROPPED[profile])
        after = client.list()[-1]
        assert after["time"] == "01:02:05"
        assert after["end"] > after["start"]
        assert client.send("DELETE", url, auth=client.bearer()).status_code == 500


def test_drop_missing_session(client: Client) -> None:
    record = client.open_new()
    for identifier in ("0" * 40, record["id"]):
        answer = client.send("DELETE", f"/api/pam/session/drop/{identifier}", auth=client.bearer())
        assert (answer.status_code, answer.json()) == (500, full(500, "An error occurred while droping session", 1))


# ---- paths

STRICT = {
    "3.32": {
        "POST /iso/oauth2/token",
        "POST /iso/remote/session",
        "GET /api/session/remotesessions",
        "DELETE /iso/session/drop",
    },
    "3.33": {
        "POST /iso/oauth2/token",
        "POST /api/oauth2/token",
        "POST /api/pam/remote/session",
        "POST /api/remote/session",
        "GET /api/pam/session/remotesessions",
        "GET /api/session/remotesessions",
        "DELETE /api/pam/session/drop",
    },
    "4.0": {
        "POST /api/oauth2/token",
        "POST /api/pam/remote/session",
        "GET /api/pam/session/remotesessions",
        "GET /api/session/remotesessions",
        "DELETE /api/pam/session/drop",
    },
    "4.2": {
        "POST /api/oauth2/token",
        "POST /iso/remote/session",
        "GET /api/session/remotesessions",
        "DELETE /api/pam/session/drop",
    },
}
ALL = [
    *(("POST", path) for path in ("/iso/oauth2/token", "/api/oauth2/token", *CREATE_PATHS)),
    *(("GET", path) for path in LIST_PATHS),
    *(("DELETE", path) for path in DROP_PATHS),
]


def served(client: t.Any) -> set[str]:
    """Return the paths that exist. Any other path responds with the error message of this version."""
    texts = {"3.32": "Resource/sub-resource not found"}
    text = texts.get(client.simulator.state.profile.name, "Resource sub not found")
    found = set()
    for method, path in ALL:
        answer = client.send(method, f"{path}/x" if method == "DELETE" else path, auth=client.bearer())
        if answer.json().get("response", {}).get("message") == text:
            assert answer.status_code == 404
            assert answer.json()["response"]["error_code"] == 1
        else:
            found.add(f"{method} {path}")
    return found


@pytest.mark.parametrize("profile", STRICT)
def test_strict_serves_only_documented_paths(start_shared: Start, profile: str) -> None:
    assert served(start_shared(profile=profile, strict=True)) == STRICT[profile]


@pytest.mark.parametrize("profile", STRICT)
def test_all_paths_are_served_by_default(start_shared: Start, profile: str) -> None:
    assert served(start_shared(profile=profile)) == {f"{method} {path}" for method, path in ALL}


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/api/pam/remote/session"),
        ("POST", "/api/pam/remote/session/"),
        ("GET", "/api/session/remotesessions/"),
        ("DELETE", "/api/session/remotesessions/1"),
        ("DELETE", "/api/pam/session/drop"),
        ("GET", "/api/session/remotesessions/1/2"),
        ("GET", "/api"),
    ],
)
def test_unknown_paths(shared: Client, method: str, path: str) -> None:
    answer = shared.send(method, path, auth=shared.bearer())
    assert (answer.status_code, answer.json()) == (404, full(404, "Resource sub not found", 1))


def test_landing_page(shared: Client) -> None:
    assert "simulator" in shared.send("GET", "/").text
    answer = shared.send("HEAD", "/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_marks(start: Start) -> None:
    """Tests recognize secrets by the marks at both ends."""
    marks = {"access_token": "theAccessToken", "session_token": "theSessionToken", "sr": "theSessionUrl"}
    data = yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8"))
    data["settings"]["marks"] = marks
    client = start(data=data)
    session = client.create().json()["session"]
    made = (client.login().json()["access_token"], session["token"], session["session_url"].partition("_sr=")[2])
    for secret, mark in zip(made, marks.values()):
        assert secret.startswith(mark)
        assert secret.endswith(mark)
        assert len(secret) > 2 * len(mark) + 40
    assert client.simulator.credentials["access_token"].startswith("theAccessToken")
    assert client.open(session["session_url"]).status_code == 200


def test_base_path(start: Start) -> None:
    data = {
        "settings": {"base_path": "/vault/"},
        "applications": {
            "a": {"authorizations": {"full": {"resources": ["Web Proxy Session"], "permission": "read-write"}}},
        },
        "users": [{"username": "jdoe"}],
        "devices": [{"hostname": "web01", "connectivities": "SSH"}],
        "credentials": [{"username": "svc-admin", "device": "web01"}],
    }
    client = start(data=data)
    assert client.simulator.url.endswith("/vault")
    url = client.create_url()
    assert urlsplit(url).path == "/vault/modulos/auth"
    assert client.open(url).status_code == 200
    assert (
        client.http.post(url.partition("/vault")[0] + CREATE_PATHS[0]).headers["Content-Type"].startswith("text/html")
    )
