# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Former bugs in all parts of the collection. The names describe the correct behavior."""

from __future__ import annotations

import json
import socket
import time
import typing as t
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import (
    NotSent,
    OptionsError,
    OutcomeUnknown,
    Refused,
)
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import (
    OPERATION,
    create_remote_session,
)
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._resolve import resolve
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import run_memory
from tests.messages import (
    CREATING,
    EMPTY_TERM,
    MAY_EXIST,
    MUST_BE_PORT,
    NOTHING_SENT,
    UNUSABLE_KEY,
    URLS_EXPIRE,
    responded,
)
from tests.unit.plugins.conftest import Tls
from tests.unit.plugins.module_utils.test_transport import serving
from tests.unit.plugins.support import (
    BEARER,
    CREATE,
    CREATED,
    DIRECT,
    LOGGED_IN,
    LOGIN,
    NAME,
    OAUTH2,
    SESSION,
    URL,
    Api,
    RawServer,
    RunModule,
    http_answer,
    minimal,
    run_lookup,
)

DEFAULTS: dict[str, t.Any] = {"url": URL, "timeout": 5.0, "retries": 0, "api_prefix": "iso", **SESSION}


def looked_up(*devices: str, **more: t.Any) -> list[t.Any]:
    options = {name: value for name, value in DIRECT.items() if name != "device"}
    return run_lookup(NAME, list(devices), **options, **more)


def resolved(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    return resolve(OPERATION, arguments, {}, Templar(loader=DataLoader()).template)


def test_empty_environment_variable_leaves_verification_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENHASEGURA_VALIDATE_CERTS", "")
    assert resolved(DIRECT)["validate_certs"] is True


@pytest.mark.parametrize("value", ["ture", "maybe", "2"])
def test_misspelt_environment_variable_does_not_turn_verification_off(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("SENHASEGURA_VALIDATE_CERTS", value)
    with pytest.raises(OptionsError, match="validate_certs from .* must be true or false"):
        resolved(DIRECT)


def test_misspelt_key_does_not_turn_verification_off(ansible_cfg: Callable[..., Path]) -> None:
    ansible_cfg(validate_certs="ture")
    with pytest.raises(OptionsError, match="validate_certs from .* must be true or false"):
        resolved(DIRECT)


def test_empty_key_leaves_verification_on(ansible_cfg: Callable[..., Path]) -> None:
    ansible_cfg(validate_certs="")
    assert resolved(DIRECT)["validate_certs"] is True


def test_invalid_integer_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENHASEGURA_PORT", "many")
    with pytest.raises(
        OptionsError, match="port from the environment variable SENHASEGURA_PORT must be an integer[.]$"
    ):
        resolved(DIRECT)


@pytest.mark.parametrize("url", [f"{URL}/#", f"{URL}/?", f"{URL}#", f"{URL}?"])
def test_empty_query_or_fragment_is_rejected(url: str) -> None:
    assert OPERATION.problems({**DIRECT, "timeout": 1.0, "retries": 0, "url": url}) == [
        "url must not contain a query or a fragment."
    ]


@pytest.mark.parametrize("name", ["port", "remote_app", "retries", "timeout"])
def test_bool_is_not_an_integer(name: str) -> None:
    with pytest.raises(OptionsError, match=f"{name} must be (an integer|a number)[.]$"):
        resolved({**DIRECT, name: True})


@pytest.mark.parametrize("value", ["Mon, 01 Jan 99999999999 00:00:00 GMT", f"Mon, 01 Jan {10**20} 00:00:00 GMT"])
def test_retry_after_in_the_far_future(api: Api, value: str) -> None:
    api.expect(CREATE._replace(status=503, body={"message": "x"}, headers={"Retry-After": value}))
    with pytest.raises(Refused):
        create_remote_session(connect({**DEFAULTS, **BEARER}), SESSION)


def test_content_length_with_many_digits(api: Api) -> None:
    api.expect(CREATE._replace(headers={"Content-Length": "1" * 5000}))
    assert create_remote_session(connect({**DEFAULTS, **BEARER}), SESSION)["session_url"]


def test_decoded_proxy_password_is_redacted(api: Api) -> None:
    api.expect(CREATE._replace(status=400, body=minimal(400, "proxy-pass@1 is wrong")))
    with pytest.raises(Refused) as error:
        create_remote_session(connect({**DEFAULTS, **BEARER, "proxy": "http://me:proxy-pass%401@proxy:1"}), SESSION)
    assert "proxy-pass@1" not in str(error.value)


def test_rejected_token_of_the_second_term_is_replaced(api: Api) -> None:
    refused = CREATE._replace(status=401, body={"error": "access_denied"})
    another = LOGIN._replace(body={**LOGGED_IN, "access_token": "another"})
    api.expect(LOGIN, CREATE, refused, another, CREATE)
    options = {**DEFAULTS, **OAUTH2}
    client = connect(options, run_memory())
    create_remote_session(client, options)
    create_remote_session(client, options)


@pytest.mark.parametrize("name", ["client_id", "client_secret", "device", "ca_path"])
@pytest.mark.parametrize("value", ["caf\udce9", "a\0b"])
def test_invalid_string_is_rejected(name: str, value: str) -> None:
    """Bytes of the environment that are not UTF-8, and a NUL byte within the string."""
    with pytest.raises(OptionsError, match=f"{name} contains a NUL byte or is not valid UTF-8[.]"):
        resolved({**DIRECT, **OAUTH2, name: value})


def test_cookies_are_not_kept_between_applications(tls: Tls) -> None:
    def handler(server: RawServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            connection.sendall(http_answer(CREATED, Set_Cookie="PHPSESSID=of-the-first; path=/"))

    with serving(handler, tls.context) as server:
        for token in ("one-token", "another-token"):
            options = {**DEFAULTS, "url": server.url, "ca_path": tls.ca_path, "access_token": token}
            create_remote_session(connect(options), SESSION)
        assert b"Cookie" not in server.received[1]


def test_corrupt_token_in_memory_is_ignored(api: Api, run_directory: Path) -> None:
    api.expect(LOGIN, CREATE, LOGIN, CREATE)
    options = {**DEFAULTS, **OAUTH2}
    create_remote_session(connect(options, run_memory()), options)
    [file] = run_directory.glob("*.json")
    file.write_text(file.read_text().replace("issued-token", "issued\\ntoken"))
    create_remote_session(connect(options, run_memory()), options)


@pytest.mark.parametrize(
    ("made", "note"),
    [
        (1, f"Before that, the lookup succeeded for 1 of 3 terms. {URLS_EXPIRE}"),
        (2, f"Before that, the lookup succeeded for 2 of 3 terms. {URLS_EXPIRE}"),
    ],
)
def test_sessions_issued_before_a_failure_are_counted(api: Api, made: int, note: str) -> None:
    api.expect(*[CREATE] * made, CREATE._replace(status=429, body={"message": "Busy"}))
    with pytest.raises(AnsibleLookupError) as error:
        looked_up("a", "b", "c")
    assert str(error.value) == (
        f"{CREATING}{responded('Busy', 429)} "
        f"PAM Core limits the rate of requests. Send fewer requests, or retry later. {note}"
    )


def test_response_with_a_byte_order_mark(api: Api) -> None:
    api.expect(CREATE._replace(body=b"\xef\xbb\xbf" + json.dumps(CREATED).encode()))
    assert create_remote_session(connect({**DEFAULTS, **BEARER}), SESSION)["session_url"]


@pytest.mark.parametrize("name", ["port", "remoteapp", "timeout"])
def test_number_with_too_many_digits(name: str) -> None:
    with pytest.raises(OptionsError, match="must be (an integer|a number)[.]$"):
        resolved({**DIRECT, name: "1" * 5000})


READ_AS = ", but YAML reads it as {}: put it in quotes"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (["root"], ""),
        ({"name": "root"}, ""),
        (True, READ_AS.format("a boolean")),
        (False, READ_AS.format("a boolean")),
        (0, READ_AS.format("a number")),
        (42798, READ_AS.format("a number")),
        (0.5, READ_AS.format("a number")),
        (date(2026, 1, 31), READ_AS.format("a date")),
        (datetime(2026, 1, 31, 12, 30), READ_AS.format("a date")),
    ],
)
def test_other_types_are_not_converted_to_strings(value: t.Any, hint: str) -> None:
    with pytest.raises(OptionsError, match=f": credential must be a string{hint}[.]$"):
        resolved({**DIRECT, "credential": value})


def test_surrogate_in_session_does_not_crash(api: Api, run_module: RunModule) -> None:
    api.expect(CREATE._replace(body={**CREATED, "session": {"session_url": "https://v/\ud800", "token": "x\ud800"}}))
    run_module(DIRECT)


def test_lookup_lists_all_problems(api: Api) -> None:
    with pytest.raises(AnsibleLookupError) as error:
        looked_up("", port=0)
    assert str(error.value) == f"{NOTHING_SENT}port {MUST_BE_PORT}0. {EMPTY_TERM}"


def test_option_and_its_alias_are_exclusive() -> None:
    with pytest.raises(OptionsError, match="screen_size and screensize are the same option: set only one of them[.]$"):
        resolved({**DIRECT, "screen_size": "1x1", "screensize": "2x2"})


@pytest.mark.parametrize("mark", [{"error": True}, {"status": 400}])
def test_session_in_an_error_response_may_exist(api: Api, mark: dict[str, t.Any]) -> None:
    api.expect(CREATE._replace(body={**CREATED, "response": {"status": 200, "message": "No", **mark}}))
    with pytest.raises(OutcomeUnknown) as error:
        create_remote_session(connect({**DEFAULTS, **BEARER}), SESSION)
    assert str(error.value) == f"{CREATING}{responded('No', 200)} {MAY_EXIST}"
    assert error.value.in_doubt


def test_ca_path_is_always_passed_to_requests(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``verify=True``, requests 2.32.0 to 2.32.4 use a context other than ours, or load no authorities into it."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    api.expect(CREATE)
    create_remote_session(connect({**DEFAULTS, **BEARER}), SESSION)
    assert [arguments["verify"] for arguments in api.arguments] == [DEFAULT_CA_BUNDLE_PATH]


def test_missing_bundle_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(NotSent) as error:
        connect({**DEFAULTS, **BEARER})
    assert str(error.value) == (
        "No certificates could be read from /nowhere.pem (REQUESTS_CA_BUNDLE): No such file or directory."
    )


def test_expiry_counts_from_the_request_and_not_from_the_login(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time()
    clock = iter(start + 10 * tick for tick in range(100))
    monkeypatch.setattr(time, "time", lambda: next(clock))
    api.expect(LOGIN, CREATE)
    options = {**DEFAULTS, **OAUTH2}
    expires_at = datetime.fromisoformat(create_remote_session(connect(options), options)["expires_at"][:-1] + "+00:00")
    assert expires_at.timestamp() > start + 30 + 10


def test_lookup_through_with(api: Api) -> None:
    api.expect(CREATE)
    assert looked_up("web01", wantlist=True)


def test_session_url_in_a_message_of_the_server_is_redacted(api: Api) -> None:
    api.expect(CREATE._replace(status=400, body=minimal(400, "Exists: https://vault.example/modulos/auth?_sr=abc+/=")))
    with pytest.raises(Refused, match=r"Exists: https://vault[.]example/modulos/auth[?]_sr=[*]{3}\" "):
        create_remote_session(connect({**DEFAULTS, **BEARER}), SESSION)


def test_path_in_a_message_has_no_control_characters() -> None:
    with pytest.raises(NotSent) as error:
        connect({**DEFAULTS, **BEARER, "client_cert": "/no\x1b[31m\nwhere"})
    assert str(error.value) == f"The client certificate /no [31m where {UNUSABLE_KEY}No such file or directory."


def test_alias_of_another_type_does_not_crash(api: Api, run_module: RunModule) -> None:
    """Core converts the option, and leaves the alias unchanged."""
    api.expect(CREATE)
    assert run_module({**DIRECT, "remotedevice": []})["changed"] is True
