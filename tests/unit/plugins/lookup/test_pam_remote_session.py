# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup plugin, loaded as core loads it. Its terms are devices, and all terms share one login."""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Callable

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import Client
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.redaction import HIDDEN
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import NotSent
from tests.messages import (
    CREATING,
    DEVICE_IS_TERM,
    EMPTY_TERM,
    GATEWAY_TIMEOUT_RETRY,
    LOOKUP_IN_CHECK_MODE,
    MAY_EXIST,
    NOT_VERIFIED,
    NOTHING_SENT,
    SET_PROTOCOL,
    URLS_EXPIRE,
    responded,
)
from tests.simulator import Simulator
from tests.unit.plugins.support import (
    BEARER,
    CREATE,
    CREATED,
    DIRECT,
    LOGIN,
    NAME,
    NOT_MADE,
    SESSION_FACTS,
    SESSION_TOKEN,
    SESSION_URL,
    URL,
    WITH_LOGIN,
    Api,
    Call,
    minimal,
    run_lookup,
)

Run = Callable[..., list[t.Any]]
OPTIONS = {name: value for name, value in DIRECT.items() if name != "device"}


@pytest.fixture
def run() -> Run:
    return functools.partial(run_lookup, NAME)


def _created(number: int) -> Call:
    session = {"session_url": f"{SESSION_URL}{number}", "token": f"{SESSION_TOKEN}{number}"}
    return CREATE._replace(body={**CREATED, "session": session})


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({}, [f"{SESSION_URL}1", f"{SESSION_URL}2"]),
        ({"field": "session_url"}, [f"{SESSION_URL}1", f"{SESSION_URL}2"]),
        ({"field": "token"}, [f"{SESSION_TOKEN}1", f"{SESSION_TOKEN}2"]),
    ],
)
def test_fields(api: Api, run: Run, field: dict[str, str], expected: list[str]) -> None:
    api.expect(_created(1), _created(2))
    assert run(["web01", "db01"], **OPTIONS, **field) == expected
    assert [json.loads(request.body)["device"] for request in api.requests] == ["web01", "db01"]


def test_all_fields(api: Api, run: Run) -> None:
    api.expect(_created(1)._replace(body={**_created(1).body, "tenant": "acme"}))
    [result] = run(["web01"], **OPTIONS, field="all")
    assert result.pop("expires_at").endswith("Z")
    assert result.pop("created").items() >= SESSION_FACTS.items()
    assert result == {"session_url": f"{SESSION_URL}1", "token": f"{SESSION_TOKEN}1", "tenant": "acme"}


@pytest.mark.parametrize("terms", [["web01", "db01"], [["web01", "db01"]], [["web01"], "db01"], [["web01"], ["db01"]]])
def test_lists_of_terms(api: Api, run: Run, terms: list[t.Any]) -> None:
    api.expect(_created(1), _created(2))
    run(terms, **OPTIONS)
    assert [json.loads(request.body)["device"] for request in api.requests] == ["web01", "db01"]


def test_one_login_for_all_terms_and_uses(api: Api, run: Run) -> None:
    api.expect(LOGIN, *[CREATE] * 4)
    options = {name: value for name, value in WITH_LOGIN.items() if name != "device"}
    run(["a", "b", "c"], **options)
    run(["d"], **options)


def test_options_come_from_variables(api: Api, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    api.expect(CREATE._replace(json={"user": "jdoe", "device": "web01", "protocol": "SSH", "credential": "root"}))
    monkeypatch.setenv("SENHASEGURA_ACCESS_TOKEN", str(BEARER["access_token"]))
    variables = {f"senhasegura_{name}": value for name, value in OPTIONS.items() if name != "access_token"}
    assert run(["web01"], {**variables, "senhasegura_device": "db01"}) == [SESSION_URL]


def test_variables_are_optional(api: Api) -> None:
    api.expect(CREATE)
    loader = DataLoader()
    plugin = lookup_loader.get(NAME, loader=loader, templar=Templar(loader=loader))
    assert plugin.run(["web01"], **OPTIONS) == [SESSION_URL]


@pytest.mark.parametrize(
    ("terms", "options", "text"),
    [
        ([], {}, "The lookup needs at least one device as a positional argument."),
        ([[]], {}, "The lookup needs at least one device as a positional argument."),
        ([""], {}, EMPTY_TERM),
        (["web01", " "], {}, EMPTY_TERM),
        (["web01", 7], {}, EMPTY_TERM),
        ([None], {}, EMPTY_TERM),
        (
            ["web01"],
            {"device": "db01"},
            DEVICE_IS_TERM,
        ),
        (
            [],
            {"device": "db01"},
            f"{DEVICE_IS_TERM} The lookup needs at least one device as a positional argument.",
        ),
        (["web01"], {"field": "url"}, "field must be one of session_url, token, all, but is 'url'."),
        (["web01"], {"fields": "url"}, "Unknown option: fields."),
        (
            ["web01"],
            {"port": 0, "user": ""},
            "user is missing or empty. port must be from 1 to 65535, but is 0.",
        ),
    ],
)
def test_problems(api: Api, run: Run, terms: list[t.Any], options: dict[str, t.Any], text: str) -> None:
    with pytest.raises(AnsibleLookupError) as error:
        run(terms, **{**OPTIONS, **options})
    assert error.value.message == NOTHING_SENT + text
    assert api.requests == []


def test_failure(api: Api, run: Run) -> None:
    api.expect(CREATE._replace(status=400, body=minimal(400, "Invalid protocol")))
    with pytest.raises(AnsibleLookupError) as error:
        run(["web01", "db01"], **OPTIONS)
    assert error.value.message == f"{CREATING}{responded('Invalid protocol', 400)} {SET_PROTOCOL}"
    assert error.value.__cause__ is None


def test_failure_after_successful_terms(api: Api, run: Run) -> None:
    api.expect(_created(1), _created(2), CREATE._replace(status=504, body={"message": "Request timed out."}))
    with pytest.raises(AnsibleLookupError) as error:
        run(["web01", "db01", "win01", "never"], **OPTIONS)
    assert error.value.message == (
        f"{CREATING}{responded('Request timed out.', 504)} {GATEWAY_TIMEOUT_RETRY} {MAY_EXIST} "
        f"Before that, the lookup succeeded for 2 of 4 terms. {URLS_EXPIRE}"
    )
    assert SESSION_URL not in error.value.message


@pytest.mark.parametrize("check", [False, True])
def test_failure_is_redacted(api: Api, run: Run, monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    """Whatever error the client raises."""
    secret = BEARER["access_token"]

    def fail(*_args: t.Any, **_more: t.Any) -> t.Any:
        raise NotSent(f"no {secret}")

    for name in ("call", "probe"):
        monkeypatch.setattr(Client, name, fail)
    with pytest.raises(AnsibleLookupError) as error:
        run(["web01"], {"ansible_check_mode": check}, **OPTIONS)
    assert error.value.message == f"no {HIDDEN}."


@pytest.mark.parametrize(("field", "expected"), [("session_url", f"{URL}/#check-mode"), ("token", "check-mode")])
def test_check_mode(api: Api, run: Run, shown_warnings: list[str], field: str, expected: str) -> None:
    api.expect(Call("/", method="HEAD", authorization=""))
    options = {**OPTIONS, "field": field, "url": f"{URL}/"}
    assert run(["web01", "db01"], {"ansible_check_mode": True}, **options) == [expected] * 2
    assert shown_warnings == [LOOKUP_IN_CHECK_MODE]


def test_check_mode_returns_all_fields(api: Api, run: Run, shown_warnings: list[str]) -> None:
    api.expect(Call("/", method="HEAD"))
    assert run(["web01"], {"ansible_check_mode": True}, **OPTIONS, field="all") == [
        {"session_url": f"{URL}/#check-mode", "token": "check-mode", "expires_at": None, "created": NOT_MADE}
    ]


@pytest.mark.parametrize("check", [False, None])
def test_no_check_mode(api: Api, run: Run, shown_warnings: list[str], check: bool | None) -> None:
    api.expect(CREATE)
    assert run(["web01"], {"ansible_check_mode": check}, **OPTIONS) == [SESSION_URL]
    assert shown_warnings == []


def test_disabled_verification_warns(api: Api, run: Run, shown_warnings: list[str]) -> None:
    api.expect(CREATE, CREATE)
    run(["web01", "db01"], **OPTIONS, validate_certs=False)
    assert shown_warnings == [NOT_VERIFIED]


def test_in_a_template(simulator: Simulator, vault: dict[str, t.Any], run: Run) -> None:
    """Over TLS. Each term has its own time."""
    options = {name: value for name, value in vault.items() if name != "device"}
    urls = run(["web01", "web01", "web01"], **options, timeout=5)
    assert len(set(urls)) == 3
    assert simulator.connections == 4
    assert len(simulator.requests) == 4
