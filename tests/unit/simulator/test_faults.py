# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault, as a real client sees it."""

from __future__ import annotations

import socket
import ssl
import time
import typing as t

import pytest
import requests

from tests.simulator.faults import FAULTS
from tests.unit.simulator.conftest import Client, Start

NO_ROUTE = {"message": "no Route matched with those values"}


def test_fault_applies_as_often_as_set(client: Client) -> None:
    client.simulator.fault("/api/pam/*", "gateway_502", times=2)
    assert [client.create().status_code for _attempt in range(3)] == [502, 502, 200]
    client.simulator.fault("*", "gateway_502", times=None)
    assert [client.create().status_code for _attempt in range(3)] == [502, 502, 502]
    client.simulator.clear_faults()
    assert client.create().status_code == 200


def test_matching_faults_apply_in_order(client: Client) -> None:
    client.simulator.fault("/iso/*", "gateway_404", times=None)
    client.simulator.fault("POST *", "gateway_504")
    client.simulator.fault("*", "gateway_502")
    assert client.create("/iso/remote/session").status_code == 404
    assert client.send("GET", "/").status_code == 502
    assert client.create().status_code == 504
    assert client.create().status_code == 200


@pytest.mark.parametrize(
    "fault, status, body",
    [
        ("gateway_404", 404, NO_ROUTE),
        ("gateway_502", 502, {"message": "An invalid response was received from the upstream server"}),
        ("gateway_503", 503, {"message": "Service unavailable"}),
        ("gateway_504", 504, {"message": "The upstream server is timing out"}),
        ("too_many_requests", 429, {"message": "API rate limit exceeded"}),
        ({"status": 418, "body": {"tea": True}}, 418, {"tea": True}),
        ({"name": "status", "status": 200, "body": []}, 200, []),
    ],
)
def test_responses_instead_of_the_api(client: Client, fault: t.Any, status: int, body: t.Any) -> None:
    client.simulator.fault("*", fault)
    answer = client.create()
    assert (answer.status_code, answer.json()) == (status, body)
    assert "Retry-After" not in answer.headers
    assert not client.simulator.state.pending


@pytest.mark.parametrize("name, status", [("gateway_503", 503), ("too_many_requests", 429)])
def test_retry_after(client: Client, name: str, status: int) -> None:
    client.simulator.fault("*", {"name": name, "retry_after": 7})
    answer = client.create()
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")


def test_status_with_headers_and_text(client: Client) -> None:
    client.simulator.fault("*", {"status": 403, "headers": {"content-type": "text/x", "X-A": "b"}, "body": "no"})
    answer = client.create()
    assert (answer.status_code, answer.text, answer.headers["X-A"]) == (403, "no", "b")
    assert answer.headers["Content-Type"] == "text/x"
    client.simulator.fault("*", "status:507")
    assert client.create().status_code == 507


def test_unexpected_error(client: Client) -> None:
    client.simulator.fault("*", "unexpected_error")
    answer = client.create()
    assert answer.status_code == 500
    assert answer.json()["response"]["message"] == "Unexpected error"
    assert answer.json()["exception"] == {
        "code": 500,
        "message": "Check the index log system error for more details",
        "detail": None,
    }


def test_unauthorized_once(client: Client) -> None:
    client.simulator.fault("*", "unauthorized_401")
    answers = [client.create() for _attempt in range(2)]
    assert [answer.status_code for answer in answers] == [401, 200]
    assert answers[0].json()["error"] == "access_denied"


def test_html(client: Client) -> None:
    client.simulator.fault("*", "html")
    answer = client.create()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("name", ["empty", "not_json"])
def test_invalid_json(client: Client, name: str) -> None:
    client.simulator.fault("*", {"name": name, "status": 201})
    answer = client.create()
    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/json")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_redirect(client: Client) -> None:
    client.simulator.fault("*", "redirect")
    answer = client.create()
    assert (answer.status_code, answer.headers["Location"]) == (302, "/redirected")
    client.simulator.fault("*", {"name": "redirect", "status": 307, "location": "https://other.example/"})
    answer = client.create()
    assert (answer.status_code, answer.headers["Location"]) == (307, "https://other.example/")


def test_echo_of_the_authorization_header(client: Client) -> None:
    client.simulator.fault("*", "echo_authorization", times=None)
    assert client.simulator.credentials["access_token"] in client.create().json()["response"]["message"]
    assert 'oauth_signature="' in client.create(auth=client.oauth1()).json()["response"]["mensagem"]


def test_echo_of_secrets(client: Client) -> None:
    client.simulator.fault("*", "echo_secret", times=None)
    oauth1, oauth2 = client.simulator.credentials["oauth1"], client.simulator.credentials["oauth2"]
    login = client.login()
    assert login.status_code == 400
    assert oauth2["client_secret"] in login.json()["message"]
    basic = client.send("POST", "/api/oauth2/token", auth=tuple(oauth2.values()))
    assert oauth2["client_secret"] in basic.json()["error_description"]
    signed = client.create(auth=client.oauth1()).json()["response"]["message"]
    assert oauth1["consumer_secret"] in signed
    assert oauth1["token_secret"] in signed
    borne = client.create().json()["response"]["message"]
    assert client.simulator.credentials["access_token"] in borne
    assert oauth2["client_secret"] in borne


def test_echo_in_a_page(client: Client) -> None:
    client.simulator.fault("*", {"name": "echo_secret", "where": "page"})
    answer = client.create()
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert f"Request refused: {client.simulator.credentials['access_token']} " in answer.text


def test_echo_in_headers(client: Client) -> None:
    secret = client.simulator.credentials["oauth2"]["client_secret"]
    client.simulator.fault("*", {"name": "echo_secret", "status": 401, "where": "headers"})
    answer = client.login()
    headers = {"Content-Type": f"text/{secret}", "Location": f"/?{secret}", "X-Request": secret}
    assert (answer.status_code, answer.reason, answer.content) == (401, secret, b"")
    assert {name: answer.headers[name] for name in headers} == headers


def test_echo_instead_of_http(client: Client) -> None:
    client.simulator.fault("*", {"name": "echo_authorization", "where": "status_line"})
    with pytest.raises(requests.ConnectionError, match="Request refused: Bearer "):
        client.create()


# ---- edits


def created(client: Client, fault: str | dict[str, t.Any]) -> t.Any:
    client.simulator.fault("*", fault)
    answer = client.create()
    assert answer.status_code == 200
    return answer.json()


def test_upper_case_message(client: Client) -> None:
    response = created(client, "capital_message")["response"]
    assert response["Message"] == response["message"] == "Session created successfully"
    assert "mensagem" not in response


def test_no_tenant(client: Client) -> None:
    assert "tenant" not in created(client, "no_tenant")


def test_no_space_after_the_code(client: Client) -> None:
    client.simulator.fault("*", "no_blank_after_code")
    body = client.create(auth=client.bearer("read-only")).json()
    text = "1039:Without PAM Configuration Access permission"
    assert [body["response"]["message"], body["response"]["mensagem"], body["exception"]["message"]] == [text] * 3


def test_portuguese(client: Client) -> None:
    assert created(client, "portuguese")["response"]["message"] == "Sessão criada com sucesso"
    client.open_new()
    client.simulator.fault("*", "portuguese")
    assert client.list()[0]["prevent_purge"] == "Não"


def test_uuid_session_ids(client: Client) -> None:
    client.open_new()
    client.simulator.fault("*", "uuid_session_ids")
    identifier = client.list()[0]["session_id"]
    assert len(identifier) == 36
    assert client.send("DELETE", f"/api/pam/session/drop/{identifier}", auth=client.bearer()).status_code == 200


def test_session_as_object(client: Client) -> None:
    record = client.open_new()
    client.simulator.fault("*", "session_as_object")
    answer = client.send("GET", "/api/session/remotesessions/1", auth=client.bearer())
    assert answer.json()["remote_session"] == record


def test_list_as_object(client: Client) -> None:
    record = client.open_new()
    client.simulator.fault("*", "session_as_object")
    assert t.cast(t.Any, client.list()) == record


def test_nested_envelope(client: Client) -> None:
    record = client.open_new()
    client.simulator.fault("*", "nested_envelope")
    [envelope] = client.list()
    assert envelope["response"]["status"] == 200
    assert envelope["remote_sessions"] == [record]


def test_session_ends_before_the_request_to_end_it(client: Client) -> None:
    record = client.open_new()
    client.simulator.fault("DELETE *", "ends_before")
    answer = client.send("DELETE", f"/api/pam/session/drop/{record['session_id']}", auth=client.bearer())
    assert (answer.status_code, answer.json()["response"]["message"]) == (
        500,
        "An error occurred while droping session",
    )
    assert client.list()[0]["end"] is not None


def test_error_true_with_200(client: Client) -> None:
    body = created(client, "error_true_with_200")
    assert (body["response"]["error"], body["response"]["erro"], body["response"]["status"]) == (True, True, 200)
    assert body["session"]["token"]


@pytest.mark.parametrize("name, left", [("no_session", None), ("no_url", {"token"}), ("no_token", {"session_url"})])
def test_missing_session_members(client: Client, name: str, left: set[str] | None) -> None:
    body = created(client, name)
    assert (set(body["session"]) if "session" in body else None) == left
    assert len(client.simulator.state.pending) == 1


def test_removed_members(client: Client) -> None:
    body = created(client, {"name": "removed", "members": ["session_url", "tenant"]})
    assert "tenant" not in body
    assert set(body["session"]) == {"token"}


def test_login_without_a_token(client: Client) -> None:
    client.simulator.fault("*", "no_token")
    assert client.login().json() == {"token_type": "Bearer", "expires_in": 3600}


def test_replaced_members(client: Client) -> None:
    members = {"session.token": 7, "response": [], "tenant.name": "x", "more": None}
    body = created(client, {"name": "replaced", "members": members})
    assert (body["session"]["token"], body["response"], body["tenant"], body["more"]) == (7, [], "acme", None)
    client.simulator.fault("*", {"name": "replaced", "members": {"expires_in": "soon"}})
    assert client.login().json()["expires_in"] == "soon"


@pytest.mark.parametrize("handled", [False, True])
@pytest.mark.parametrize("name", ["gateway_504", "unexpected_error", "html", "empty", "redirect", "status"])
def test_request_is_handled_despite_the_fault(client: Client, name: str, handled: bool) -> None:
    client.simulator.fault("*", {"name": name, "handled": handled})
    assert "session" not in client.create().text
    assert len(client.simulator.state.pending) == handled


def test_body_of_bytes(client: Client) -> None:
    client.simulator.fault("*", {"status": 200, "body": b"\xff{}"})
    answer = client.create()
    assert (answer.content, answer.headers["Content-Type"]) == (b"\xff{}", "application/json")


def test_relative_url(client: Client) -> None:
    assert created(client, "relative_url")["session"]["session_url"].startswith("/modulos/auth?_sr=")


@pytest.mark.parametrize("compressed", [False, True])
def test_huge(client: Client, compressed: bool) -> None:
    client.simulator.fault("*", {"name": "huge", "size": 2_000_000, "gzip": compressed})
    answer = client.create()
    assert len(answer.content) > 2_000_000
    assert answer.json()["session"]["token"]
    assert (int(answer.headers["Content-Length"]) < 10_000) is compressed


# ---- delivery


def test_slow(client: Client) -> None:
    client.simulator.fault("*", {"name": "slow", "delay": 0.3}, times=None)
    begin = time.monotonic()
    assert client.create().status_code == 200
    assert time.monotonic() - begin >= 0.3
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.send("POST", "/api/pam/remote/session", auth=client.bearer(), timeout=0.1)
    assert len(client.simulator.requests) == 2


@pytest.mark.parametrize("part", ["body", "headers"])
def test_dribble(client: Client, part: str) -> None:
    client.simulator.fault("*", {"name": "dribble", "delay": 0.01, "chunk": 50, "part": part})
    begin = time.monotonic()
    answer = client.http.post(f"{client.simulator.url}/nowhere", stream=True, timeout=5)
    headers_after = time.monotonic() - begin
    assert answer.json()["response"]["message"] == "Resource sub not found"
    whole_after = time.monotonic() - begin
    pieces = len(answer.content) // 50
    assert whole_after >= 0.01 * pieces
    assert (headers_after >= 0.01) or part == "body"
    assert answer.raw.version == 11


def test_truncated(client: Client) -> None:
    client.simulator.fault("*", "truncated")
    # urllib3 1.26 does not compare the length, and gives half of the JSON.
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.JSONDecodeError)):
        client.create().json()
    assert len(client.simulator.state.pending) == 1
    client.simulator.fault("*", {"name": "truncated", "honest": True})
    answer = client.create()
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("name, handled", [("reset", False), ("reset_after", True)])
def test_reset(client: Client, name: str, handled: bool) -> None:
    client.simulator.fault("*", name)
    with pytest.raises(requests.exceptions.ConnectionError):
        client.create()
    assert len(client.simulator.state.pending) == handled
    assert client.simulator.requests[0].fault == name
    assert client.create().status_code == 200


def test_reset_is_a_tcp_reset(client: Client) -> None:
    """Python's ssl module reports an end of file, so this test reads the TCP connection itself."""
    client.simulator.fault("*", "reset")
    host, port = client.simulator.url.removeprefix("https://").split(":")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context(cafile=client.simulator.ca_file).wrap_bio(incoming, outgoing, server_hostname=host)
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))
        tls.write(b"GET / HTTP/1.1\r\nHost: vault\r\n\r\n")
        connection.sendall(outgoing.read())
        with pytest.raises(ConnectionResetError):
            while connection.recv(65536):
                pass


def test_slow_simulator_stops_at_once(start: Start) -> None:
    client = start()
    client.simulator.fault("*", {"name": "slow", "delay": 60})
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.send("GET", "/", timeout=0.1)
    begin = time.monotonic()
    client.simulator.stop()
    assert time.monotonic() - begin < 5


# ---- names and parameters


def test_unknown_faults_and_parameters(client: Client) -> None:
    with pytest.raises(ValueError, match="There is no fault 'nonsense'"):
        client.simulator.fault("*", "nonsense")
    with pytest.raises(ValueError, match="The fault slow has no parameters speed"):
        client.simulator.fault("*", {"name": "slow", "speed": 1})


@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"reset", "reset_after", "truncated", "slow", "dribble"}))
@pytest.mark.parametrize("path", ["/api/oauth2/token", "/api/pam/remote/session", "/"])
def test_every_fault_applies_to_every_path(shared: Client, name: str, path: str) -> None:
    shared.simulator.fault("*", {"name": "huge", "size": 10} if name == "huge" else name)
    assert shared.send("POST", path, data={"a": "b"}, auth=shared.oauth1()).status_code in range(200, 505)
    shared.simulator.clear_faults()
