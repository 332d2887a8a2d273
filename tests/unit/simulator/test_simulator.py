# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request log, remote control, the program, and the data file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator import DataError, Simulator
from tests.simulator.app import Api
from tests.simulator.clock import Clock
from tests.simulator.data import DEFAULT_FILE, RESOURCES, expand, load
from tests.simulator.faults import FAULTS
from tests.simulator.profiles import PROFILES
from tests.simulator.state import State
from tests.simulator.wire import Incoming
from tests.unit.simulator.conftest import Client, Start

CHECKOUT = Path(__file__).resolve().parents[3]


# ---- the log


def test_requests_are_recorded(client: Client) -> None:
    client.login()
    client.create()
    client.send("GET", "/api?a=1&a=2&b=", data=b"\xff")
    login, create, other = client.simulator.requests
    assert (login.method, login.path, login.status) == ("POST", "/api/oauth2/token", 200)
    assert login.form == {"grant_type": "client_credentials", **client.simulator.credentials["oauth2"]}
    assert login.json is None
    assert create.json["user"] == "jdoe"
    assert create.headers["authorization"] == f"Bearer {client.simulator.credentials['access_token']}"
    assert create.headers["content-type"] == "application/json"
    assert (other.status, other.query, other.body, other.form) == (404, {"a": "2", "b": ""}, b"\xff", {})
    assert timedelta() <= client.simulator.clock.now() - login.time < timedelta(minutes=1)
    client.simulator.clear_requests()
    assert client.simulator.requests == []


def test_connections_are_numbered_and_counted(client: Client) -> None:
    for _attempt in range(3):
        client.create()
    assert client.simulator.connections == 1
    assert len({recorded.connection for recorded in client.simulator.requests}) == 1
    client.source("127.0.0.2").create()
    assert client.simulator.connections == 2
    assert client.simulator.requests[-1].connection != client.simulator.requests[0].connection
    client.simulator.clear_requests()
    assert client.simulator.connections == 0
    client.create()
    assert client.simulator.connections == 1


def test_concurrent_requests(client: Client) -> None:
    def one(number: int) -> int:
        other = type(client)(client.simulator)
        try:
            return other.create(device=f"host{number:03d}").status_code
        finally:
            other.http.close()

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(one, range(1, 51))) == [200] * 50
    assert client.simulator.connections == 50
    assert len({pending.device.hostname for pending in client.simulator.state.pending.values()}) == 50


# ---- control


def control(client: t.Any, method: str, name: str, **kwargs: t.Any) -> t.Any:
    answer = client.send(method, f"/_simulator/{name}", **kwargs)
    assert answer.status_code == 200
    return answer.json()


def test_remote_control(client: Client) -> None:
    other = type(client)(client.simulator)
    record = client.open_new()
    log = control(other, "GET", "requests")
    assert [(entry["method"], entry["path"], entry["status"]) for entry in log] == [
        ("POST", "/api/pam/remote/session", 200),
        ("GET", "/modulos/auth", 200),
        ("GET", "/api/session/remotesessions", 200),
    ]
    assert log[0]["json"]["user"] == "jdoe"
    assert control(other, "GET", "sessions") == [record]
    assert control(other, "GET", "connections") == {"connections": 1}
    before = client.simulator.clock.now()
    control(other, "POST", "clock", json={"advance": 100})
    assert client.simulator.clock.now() - before >= timedelta(seconds=100)
    control(other, "POST", "faults", json={"path": "/api/*", "fault": "gateway_502", "times": None})
    assert client.create().status_code == 502
    control(other, "DELETE", "faults")
    assert client.create().status_code == 200
    control(other, "DELETE", "requests")
    assert control(other, "GET", "requests") == []
    other.http.close()


def test_added_sessions(client: Client) -> None:
    assert control(client, "POST", "sessions", json={"count": 3}) == {"added": 3}
    added = {
        "count": 2,
        "running": True,
        "user": "jdoe",
        "device": "db01",
        "proxy": "RDP Proxy",
        "origin_ip": "192.0.2.7",
    }
    assert control(client, "POST", "sessions", json=added) == {"added": 2}
    records = client.list()
    assert [record["id"] for record in records] == ["1", "2", "3", "4", "5"]
    assert [record["end"] is None for record in records] == [False, False, False, True, True]
    assert records[0]["time"] in ("00:03:00", "00:02:59")  # ten minutes ago, or up to now
    assert len({record["session_id"] for record in records}) == 5
    assert {record["user"] for record in records[:3]} == {"jdoe", "asmith", "intern"}
    of_one = {
        "user": "jdoe",
        "device": "192.0.2.30:2222",
        "proxy": "RDP Proxy",
        "origin_ip": "192.0.2.7",
        "protocol": "ssh",
    }
    assert all(record.items() >= of_one.items() for record in records[3:])
    drop = f"/api/pam/session/drop/{records[3]['session_id']}"
    assert client.send("DELETE", drop, auth=client.bearer()).status_code == 200
    assert [record["end"] is None for record in client.list()] == [False, False, False, False, True]


def test_dates_follow_the_clock(client: Client) -> None:
    client.simulator.clock.advance(3600)
    date = parsedate_to_datetime(client.login().headers["Date"])
    assert abs(client.simulator.clock.now() - date) < timedelta(seconds=30)


@pytest.mark.parametrize(("offset", "hours"), [("+00:00", 0), ("-03:00", -3)])
def test_session_times_have_no_utc_offset(start: Start, offset: str, hours: int) -> None:
    with open(DEFAULT_FILE, encoding="utf-8") as stream:
        data = yaml.safe_load(stream)
    client = start(data={**data, "settings": {"utc_offset": offset}})
    began = datetime.strptime(client.open_new()["start"], "%Y-%m-%d %H:%M:%S")
    expected = client.simulator.clock.now().replace(tzinfo=None) + timedelta(hours=hours)
    assert abs(expected - began) < timedelta(seconds=30)


NO_OBJECT = "The body must be a JSON object."


@pytest.mark.parametrize(
    "method, name, body, status, error",
    [
        ("GET", "nonsense", None, 404, "Unknown control request."),
        ("PUT", "requests", None, 404, "Unknown control request."),
        (
            "POST",
            "faults",
            {"path": "*", "fault": "nonsense"},
            400,
            f"There is no fault 'nonsense'. The faults are: {', '.join(FAULTS)}.",
        ),
        ("POST", "faults", {}, 400, "path is missing."),
        ("POST", "clock", [], 400, NO_OBJECT),
        ("POST", "clock", None, 400, NO_OBJECT),
        ("POST", "clock", {"advance": "soon"}, 400, "could not convert string to float: 'soon'"),
        ("POST", "sessions", {}, 400, "count is missing."),
        ("POST", "sessions", {"count": 1, "device": "nowhere"}, 400, "There is no device nowhere."),
        ("POST", "sessions", {"count": 1, "credential": "nobody"}, 400, "There is no credential nobody."),
        (
            "POST",
            "sessions",
            {"count": 1, "colour": "red"},
            400,
            "Unknown fields: colour. Known fields: user, device, credential, protocol, proxy, origin_ip.",
        ),
    ],
)
def test_invalid_control_requests(shared: Client, method: str, name: str, body: t.Any, status: int, error: str) -> None:
    answer = shared.send(method, f"/_simulator/{name}", json=body)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_faults_do_not_affect_control(client: Client) -> None:
    client.simulator.fault("*", "gateway_502", times=None)
    assert control(client, "GET", "requests") == []


# ---- starting


def test_only_loopback_is_allowed_by_default() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "vault.example", "::"):  # noqa: S104
        with pytest.raises(ValueError, match="is not a loopback address"):
            Simulator(host=host)
    with Simulator(host="0.0.0.0", allow_remote=True) as simulator:  # noqa: S104
        assert simulator.url.startswith("https://0.0.0.0:")


def test_ipv6(start: Start) -> None:
    client = start(host="::1")
    assert client.simulator.url.startswith("https://[::1]:")
    assert client.open_new()["origin_ip"] == "::1"


def test_client_certificates(start: Start) -> None:
    client = start(client_ca=True)
    with pytest.raises(requests.exceptions.ConnectionError):
        client.send("GET", "/")
    cert, key = client.simulator.client_cert, client.simulator.client_key
    assert cert and key
    client.http.cert = (cert, key)
    assert client.send("GET", "/").status_code == 200


def test_port_in_use() -> None:
    with Simulator() as simulator, pytest.raises(OSError, match="address already in use"):
        Simulator(port=int(simulator.url.rpartition(":")[2])).start()


def test_files_are_removed(tmp_path: Path) -> None:
    simulator = Simulator(directory=tmp_path / "made").start()
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"ca.pem"}
    simulator.stop()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").write_text("")
    with Simulator(directory=tmp_path, client_ca=True):
        assert {path.name for path in tmp_path.iterdir()} == {"ca.pem", "client.pem", "client.key", "mine"}
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}
    with Simulator() as simulator:
        directory = Path(simulator.ca_file).parent
        assert directory.stat().st_mode & 0o777 == 0o700
    assert not directory.exists()


# ---- the program


def run(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.simulator", *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_program(tmp_path: Path, number: int) -> None:
    ready = tmp_path / "ready.json"
    with run("--profile", "4.2", "--strict", "--ready-file", str(ready)) as process:
        assert process.stdout
        line = process.stdout.readline()
        told = json.loads(line)
        assert ready.read_text() == line
        assert ready.stat().st_mode & 0o777 == 0o600
        assert (told["profile"], told["strict"], told["pid"]) == ("4.2", True, process.pid)
        body = {key: told[key] for key in ("user", "device", "credential", "protocol")}
        with requests.Session() as http:
            http.trust_env = False
            answer = http.post(
                f"{told['url']}/iso/remote/session?oauth_x=secret",
                json=body,
                headers={"Authorization": f"Bearer {told['access_token']}"},
                verify=told["ca_file"],
                timeout=5,
            )
            assert answer.status_code == 200
        os.kill(process.pid, number)
        rest, log = process.communicate(timeout=5)
    assert (process.returncode, rest) == (0, "")
    assert log == "POST /iso/remote/session 200 connection=1\n"
    assert not Path(told["ca_file"]).parent.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("client_ca", [False, True])
def test_program_writes_a_file_for_the_shell(tmp_path: Path, client_ca: bool) -> None:
    ready, environment = tmp_path / "ready.json", tmp_path / "environment.sh"
    more = ["--client-ca"] if client_ca else []
    with run("--ready-file", str(ready), "--environment-file", str(environment), *more) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert environment.stat().st_mode & 0o777 == 0o600
        shell = ["sh", "-euc", '. "$0"; exec env -0', str(environment)]
        printed = subprocess.run(shell, env={}, check=True, capture_output=True, text=True).stdout
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=5)
    variables = dict(entry.partition("=")[::2] for entry in printed.split("\0"))
    wanted = {
        "SENHASEGURA_URL": told["url"],
        "SENHASEGURA_CA_PATH": told["ca_file"],
        "SENHASEGURA_CLIENT_ID": told["oauth2"]["client_id"],
        "SENHASEGURA_CLIENT_SECRET": told["oauth2"]["client_secret"],
    }
    if client_ca:
        wanted |= {"SENHASEGURA_CLIENT_CERT": told["client_cert"], "SENHASEGURA_CLIENT_KEY": told["client_key"]}
    assert {name: value for name, value in variables.items() if name.startswith("SENHASEGURA_")} == wanted
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, text",
    [
        (
            ["--host", "0.0.0.0"],  # noqa: S104
            "0.0.0.0 is not a loopback address. To allow it, use --allow-remote (allow_remote=True).",
        ),
        (["--data", "/nonexistent.yml"], "No such file"),
        (["--data", "meta/runtime.yml"], "the data file has unknown keys"),
    ],
)
def test_program_cannot_start(arguments: list[str], text: str) -> None:
    with run(*arguments) as process:
        out, log = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, "")
    assert log.startswith("The simulator cannot start. ")
    assert text in log
    assert "Traceback" not in log


# ---- the data file


def minimal(**changes: t.Any) -> dict[str, t.Any]:
    return {"applications": {}, "users": [], **changes}


@pytest.mark.parametrize(
    "data, text",
    [
        ([], "the data file must be a mapping"),
        ({"users": []}, "the data file lacks: applications"),
        (minimal(extra=1), "the data file has unknown keys: extra"),
        (minimal(applications=[]), "applications must be a mapping"),
        (minimal(applications={"a": {}}), "application a lacks: authorizations"),
        (minimal(applications={"a": {"method": "x", "authorizations": {}}}), "method of application a is 'x'"),
        (minimal(applications={"a": {"tenant": "x", "authorizations": {}}}), "tenant of application a is 'x'"),
        (minimal(applications={"a": {"authorizations": {"b": {"resources": ["x"]}}}}), "a resource of authorization b"),
        (minimal(applications={"a": {"authorizations": {"b": {"permission": "x"}}}}), "permission of authorization b"),
        (minimal(applications={"a": {"authorizations": {"b": {"ips": ["x"]}}}}), "an invalid IP address"),
        (minimal(applications={"a": {"authorizations": {"b": {"expiration": "x"}}}}), "not a date and time"),
        (minimal(users=[{}]), "a user lacks: username"),
        (minimal(users={}), "users must be a list"),
        (minimal(devices=[{"hostname": "a", "connectivities": "x"}]), "connectivities of device a"),
        (minimal(devices=[{"hostname": "a", "ip": "x", "connectivities": "SSH"}]), "ip of device a"),
        (minimal(devices=[{"hostname": "a", "connectivities": "SSH"}] * 2), "device a is defined twice"),
        (minimal(credentials=[{"username": "a", "device": "b"}]), "credential a refers to the unknown device b"),
        (minimal(texts={"x": "y"}), "texts has unknown keys: x"),
        (minimal(tenants=[]), "tenants must contain at least one"),
        (minimal(settings={"utc_offset": "Mars"}), "utc_offset must have the form"),
        (minimal(settings={"utc_offset": ""}), "utc_offset must have the form"),
    ],
)
def test_invalid_data(tmp_path: Path, data: t.Any, text: str) -> None:
    file = tmp_path / "data.yml"
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(DataError, match=text):
        load(file)


def test_secrets_are_random_unless_given() -> None:
    def keys(data: t.Any) -> dict[str, str]:
        authorization = next(load(data).authorizations())
        return {name: getattr(authorization, name) for name in ("client_id", "client_secret")}

    first, second = keys(None), keys(None)
    assert {len(value) for value in first.values()} == {41, 32}
    assert not set(first.values()) & set(second.values())
    own = {"client_id": "me", "client_secret": "mine"}
    assert keys(minimal(applications={"a": {"authorizations": {"b": own}}})) == own


def test_patterns() -> None:
    assert expand("web01") == ["web01"]
    assert expand("a[08:11].x") == ["a08.x", "a09.x", "a10.x", "a11.x"]
    vault = load(None)
    last = vault.find_device("host1000")
    assert last and last.ip == "198.18.3.232"
    assert vault.find_device("host001") is vault.find_device("198.18.0.1") is not None
    assert vault.find_device("1") is None


def test_default_data_has_only_documented_resources() -> None:
    data = yaml.safe_load(DEFAULT_FILE.read_text())
    for application in data["applications"].values():
        for authorization in application["authorizations"].values():
            assert set(authorization["resources"]) <= set(RESOURCES)


# ---- any request


@given(
    profile=st.sampled_from(sorted(PROFILES)),
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    path=st.sampled_from(
        [
            "/api/oauth2/token",
            "/iso/remote/session",
            "/api/session/remotesessions",
            "/api/session/remotesessions/1",
            "/iso/session/drop/1",
            "/modulos/auth",
        ]
    ),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
    authorization=st.one_of(
        st.none(),
        st.just("TOKEN"),
        st.builds("{} {}".format, st.sampled_from(["OAuth", "Bearer", "Basic"]), st.text(max_size=30)),
    ),
    content_type=st.sampled_from(
        [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
        ]
    ),
    body=st.one_of(
        st.binary(max_size=40),
        st.dictionaries(
            st.sampled_from(["user", "device", "credential", "protocol", "port", "screensize", "client_id", "tenant"]),
            st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=3),
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
def test_any_request_gets_a_response(
    profile: str, method: str, path: str, query: str, authorization: str, content_type: str, body: t.Any
) -> None:
    state = State(PROFILES[profile], False, VAULT, Clock())
    headers = {"host": "127.0.0.1", "content-type": content_type}
    if authorization == "TOKEN":
        authorization = f"Bearer {state.issue_token(state.authorization('portal', 'full'), 'acme', 60)}"
    if authorization is not None:
        headers["authorization"] = authorization
    answer = Api(state).answer(Incoming(method, f"{path}?{query}", headers, body, "127.0.0.1"))
    assert 200 <= answer.status <= 500
    assert answer.headers["Content-Type"].startswith("text/html") or json.loads(answer.body) == answer.payload


VAULT = load(None)
