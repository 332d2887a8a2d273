# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication, the token of the run, the path generations, and retries."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import json
import re
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

import certifi
import pytest

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.memory import OwnMemory
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import (
    NotSent,
    OutcomeUnknown,
    Refused,
    SenhaseguraError,
)
from ansible_collections.pamops.senhasegura.plugins.module_utils._http.deadline import Deadline
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._run_memory import RunMemory, run_memory
from tests.messages import (
    CHECK_API_PREFIX,
    CHECK_CLIENT,
    CREATING,
    INTERRUPTED,
    LOGGING_IN,
    NOT_LOGGED_IN,
    NOT_RETRIED,
    STATUS_401,
    STATUS_403,
    STATUS_429,
    responded,
)
from tests.unit.plugins.support import (
    BEARER,
    CREATE,
    CREATED_FULL,
    ISSUED,
    LOGGED_IN,
    LOGIN,
    NO_RESOURCE,
    NO_ROUTE,
    OAUTH1,
    OAUTH2,
    SESSION,
    SESSION_URL,
    URL,
    Api,
    Call,
    full,
    header,
    minimal,
)

DEFAULTS: dict[str, t.Any] = {"url": URL, "timeout": 30.0, "retries": 2, "api_prefix": "iso", **SESSION}
DENIED = {"error": "access_denied", "error_description": "The resource owner or authorization server denied it."}


def create(options: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    """Request a session as each task of a run does: with its own client and the shared memory."""
    options = {**DEFAULTS, **options, **more}
    return create_remote_session(connect(options, run_memory()), options)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The current time, as the only element of a list."""
    now = [1_800_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


# OAuth 2.0


@pytest.mark.parametrize("tenant", [{}, {"tenant": ""}, {"tenant": "acme & sons"}])
def test_login_form(api: Api, tenant: dict[str, str]) -> None:
    given_tenant = {name: value for name, value in tenant.items() if value}
    form = {"grant_type": "client_credentials", **OAUTH2, **given_tenant}
    api.expect(
        LOGIN._replace(form=form, authorization=""),
        CREATE._replace(authorization=f"Bearer {ISSUED}", json=SESSION),
    )
    assert create({**OAUTH2, **tenant})["session_url"] == SESSION_URL
    assert "client_secret" not in api.requests[0].url + str(api.requests[0].headers)


@pytest.mark.parametrize("kind", [{}, {"token_type": "bearer"}, {"token_type": "BEARER"}])
def test_token_types(api: Api, kind: dict[str, str]) -> None:
    api.expect(LOGIN._replace(body={"access_token": ISSUED, **kind}), CREATE._replace(authorization=f"Bearer {ISSUED}"))
    create(OAUTH2)


@pytest.mark.parametrize("options", [OAUTH2, OAUTH1, BEARER])
def test_netrc_is_ignored(api: Api, home: Path, options: dict[str, str]) -> None:
    (home / ".netrc").write_text(
        "machine vault.example login me password netrc-password\ndefault login me password x\n"
    )
    if options is OAUTH2:
        api.expect(LOGIN._replace(authorization=""))
    api.expect(CREATE)
    create(options)
    authorization = header(api.requests[-1], "Authorization")
    assert authorization.startswith("OAuth " if options is OAUTH1 else "Bearer ")

    api.expect(Call("/", method="HEAD", authorization=""))
    options = {**DEFAULTS, **options}
    connect(options, run_memory()).probe()


# OAuth 1.0


@pytest.mark.parametrize("base", ["", "/base%20path"])
def test_oauth1_signature(api: Api, base: str) -> None:
    api.expect(*[CREATE._replace(path=base + CREATE.path, json=SESSION)] * 2)
    secrets = {**OAUTH1, "consumer_secret": "c+/ &%é", "token_secret": "t=~"}
    for _number in range(2):
        create({**secrets, "url": URL + base})
    seen = []
    for request in api.requests:
        authorization = header(request, "Authorization")
        assert authorization.startswith("OAuth ")
        parameters = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', authorization)}
        signature = parameters.pop("oauth_signature")
        seen.append(parameters["oauth_nonce"])
        assert abs(int(parameters["oauth_timestamp"]) - time.time()) < 10
        assert {name: parameters[name] for name in parameters if name not in ("oauth_nonce", "oauth_timestamp")} == {
            "oauth_consumer_key": "a-consumer-key",
            "oauth_token": "a-token-key",
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_version": "1.0",
        }
        # RFC 5849, sections 3.4.1 and 3.4.2: a JSON body is not part of it.
        normalized = "&".join(f"{name}={quote(parameters[name], safe='~')}" for name in sorted(parameters))
        text = "&".join(quote(part, safe="~") for part in ("POST", request.url, normalized))
        key = "&".join(quote(secrets[name], safe="~") for name in ("consumer_secret", "token_secret"))
        digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
        assert signature == base64.b64encode(digest).decode()
    assert seen[0] != seen[1]


# Check mode


def test_probe_logs_in_or_sends_head(api: Api) -> None:
    """If the run has a token, no login proves that PAM Core is reachable."""
    api.expect(LOGIN, Call("/", method="HEAD", status=404, body=b"", authorization=""))
    for _number in range(2):
        connect({**DEFAULTS, **OAUTH2}, run_memory()).probe()


# The token of the run


@pytest.mark.parametrize(
    ("expires_in", "later", "logins"),
    [
        (3600, 0, 1),
        (3600, 3569, 1),
        (3600, 3570, 2),
        (3600, 3601, 2),
        (3600, -4, 1),
        (3600, -6, 2),  # the clock was set back
        ("3600", 3000, 1),
        (60.5, 30, 1),
        (60.5, 31, 2),
        (30, 0, 2),
        (0, 0, 2),
        (-3600, 0, 2),
        (None, 0, 2),
        ("soon", 0, 2),
        (True, 0, 2),
        ([], 0, 2),
        (float("nan"), 0, 2),
        (10**400, 0, 2),
        (float("inf"), 86_369, 1),
        (float("inf"), 86_370, 2),
        (10**12, 86_370, 2),
    ],
)
def test_token_is_used_until_it_expires(
    api: Api, clock: list[float], expires_in: t.Any, later: float, logins: int
) -> None:
    answer = LOGIN._replace(body={**LOGGED_IN, "expires_in": expires_in})
    api.expect(answer, CREATE, *[answer] * (logins - 1), CREATE)
    create(OAUTH2)
    clock[0] += later
    create(OAUTH2)


def test_expired_token_is_replaced_after_the_clock_was_set_back(api: Api, clock: list[float]) -> None:
    """The clock was set back by half an hour, so only PAM Core knows that the token has expired."""
    newer = "another-token-0123456789"
    api.expect(LOGIN, CREATE, CREATE._replace(status=401, body=DENIED, authorization=f"Bearer {ISSUED}"))
    api.expect(
        LOGIN._replace(body={**LOGGED_IN, "access_token": newer}), CREATE._replace(authorization=f"Bearer {newer}")
    )
    create(OAUTH2)
    clock[0] += 3700 - 1800
    create(OAUTH2)


@pytest.mark.parametrize("jump", [-86_400, -60, 60, 86_400, 3_000_000_000])
def test_clock_changes_during_login(api: Api, clock: list[float], jump: float) -> None:
    """The token is used for the session that the login was for. The clock decides whether the next session uses it
    too."""
    original = api.send
    logins: list[t.Any] = []

    def send(adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        answer = original(adapter, request, **arguments)
        if request.path_url == LOGIN.path and not logins:
            logins.append(request)
            clock[0] += jump
        return answer

    api.send = send  # type: ignore[method-assign]
    api.expect(LOGIN, CREATE._replace(authorization=f"Bearer {ISSUED}"))
    create(OAUTH2)
    api.expect(*([] if jump == 60 else [LOGIN]), CREATE)
    create(OAUTH2)
    api.expect(CREATE)
    create(OAUTH2)


@pytest.mark.parametrize("jump", [-86_400, 0, 86_400])
def test_expiry_uses_the_clock_after_the_response(api: Api, clock: list[float], jump: float) -> None:
    original = api.send

    def send(adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        clock[0] += jump
        return original(adapter, request, **arguments)

    api.send = send  # type: ignore[method-assign]
    api.expect(CREATE)
    expires_at = datetime.fromisoformat(create(BEARER)["expires_at"].replace("Z", "+00:00")).timestamp()
    assert clock[0] + 28 <= expires_at <= clock[0] + 30


def test_clock_change_does_not_move_the_deadline(api: Api, clock: list[float], slept: list[float]) -> None:
    original = api.send

    def send(adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        clock[0] += 86_400
        assert 25 < arguments["timeout"][1] <= 30
        return original(adapter, request, **arguments)

    api.send = send  # type: ignore[method-assign]
    api.expect(CREATE._replace(status=429, body=BUSY, headers={"Retry-After": "1"}), CREATE)
    create(BEARER)
    assert slept == [1.0]


def test_token_without_expires_in_is_used_once(api: Api) -> None:
    answer = LOGIN._replace(body={"token_type": "Bearer", "access_token": ISSUED})
    api.expect(answer, CREATE, answer, CREATE)
    create(OAUTH2)
    create(OAUTH2)


@pytest.mark.parametrize(
    "other",
    [
        {"client_id": "other"},
        {"client_secret": "other"},
        {"tenant": "other"},
        {"api_prefix": "api"},
        {"validate_certs": False},
        {"ca_path": certifi.where()},
        {"proxy": "http://127.0.0.1:1"},
    ],
)
def test_each_identity_has_its_own_token(api: Api, other: dict[str, t.Any]) -> None:
    path = {"api_prefix": "/api"}.get(next(iter(other)), "/iso")
    session = "/api/pam/remote/session" if path == "/api" else CREATE.path
    api.expect(LOGIN, CREATE, LOGIN._replace(path=f"{path}/oauth2/token"), Call(session))
    create(OAUTH2)
    create(OAUTH2, **other)


def test_wait_for_the_probing_task_is_short(api: Api) -> None:
    """The other task may have found the path, and PAM Core may be slow to respond."""
    waits: list[float] = []

    class Memory(OwnMemory):
        @contextmanager
        def locked(self, key: str, seconds: float) -> Iterator[bool]:
            waits.append(seconds)
            yield True

    api.expect(CREATE, CREATE)
    options = {**DEFAULTS, **BEARER, "api_prefix": "auto", "timeout": 200.0}
    create_remote_session(connect(options, Memory()), options)
    options["timeout"] = 4.0
    create_remote_session(connect(options, Memory()), options)
    assert waits == [3.0, pytest.approx(2.0, abs=0.5)]


def test_client_logs_in_once_without_token_cache(api: Api, run_directory: Path) -> None:
    api.expect(LOGIN, CREATE, CREATE, LOGIN, CREATE)
    options = {**DEFAULTS, **OAUTH2, "token_cache": False}
    client = connect(options, run_memory())
    create_remote_session(client, options)
    create_remote_session(client, options)
    assert ISSUED not in "".join(path.read_text() for path in run_directory.iterdir())
    create(options)


def test_rejected_token_is_replaced_once(api: Api) -> None:
    second = "another-token-0123456789"
    api.expect(
        LOGIN,
        CREATE,
        CREATE._replace(status=401, body=DENIED, authorization=f"Bearer {ISSUED}"),
        LOGIN._replace(body={**LOGGED_IN, "access_token": second}),
        CREATE._replace(authorization=f"Bearer {second}"),
        CREATE._replace(authorization=f"Bearer {second}"),
    )
    for _number in range(3):
        create(OAUTH2)


def test_second_rejected_token_fails(api: Api) -> None:
    second = LOGIN._replace(body={**LOGGED_IN, "access_token": "another-token-0123456789"})
    api.expect(
        LOGIN, CREATE, *[CREATE._replace(status=401, body=DENIED)], second, CREATE._replace(status=401, body=DENIED)
    )
    create(OAUTH2)
    with pytest.raises(Refused, match="HTTP 401"):
        create(OAUTH2)


@pytest.mark.parametrize("options", [OAUTH2, OAUTH1, BEARER])
def test_no_login_if_a_new_token_cannot_help(api: Api, options: dict[str, str]) -> None:
    api.expect(*([LOGIN] if options is OAUTH2 else []), CREATE._replace(status=401, body=DENIED))
    with pytest.raises(Refused, match="HTTP 401"):
        create(options)


@pytest.mark.parametrize("status", [400, 403, 500])
def test_only_401_causes_another_login(api: Api, status: int) -> None:
    api.expect(LOGIN, CREATE, CREATE._replace(status=status, body=full(status, "No")))
    create(OAUTH2)
    with pytest.raises((Refused, OutcomeUnknown)):
        create(OAUTH2)


def test_newer_token_of_another_task_is_kept(api: Api, run_directory: Path) -> None:
    """If another task has replaced the token in the meantime, a 401 for the old one does not remove the new one."""
    newer = "another-token-0123456789"
    api.expect(LOGIN, CREATE)
    create(OAUTH2)
    [file] = run_directory.glob("*.json")
    original = api.send

    def send(adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        answer = original(adapter, request, **arguments)
        if answer.status_code == 401:
            file.write_text(file.read_text().replace(ISSUED, newer))
        return answer

    api.send = send  # type: ignore[method-assign]
    api.expect(CREATE._replace(status=401, body=DENIED), CREATE._replace(authorization=f"Bearer {newer}"))
    create(OAUTH2)


# Rejected logins

INVALID = {"error": "invalid_client", "error_description": "Client authentication failed"}
PAGE = f"{LOGGING_IN}the response (HTTP 403, content type application/json) is not from PAM Core's API. {STATUS_403}"


def refused(options: dict[str, t.Any] = OAUTH2, **more: t.Any) -> dict[str, t.Any]:
    with pytest.raises((Refused, NotSent, OutcomeUnknown)) as error:
        create(options, **more)
    return error.value.result()


@pytest.mark.parametrize(
    ("status", "body", "message", "code"),
    [
        (
            401,
            INVALID,
            f"{LOGGING_IN}{responded('Client authentication failed', 401)} {CHECK_CLIENT}",
            None,
        ),
        (
            400,
            full(400, 'Not "you"', 1105),
            LOGGING_IN + responded('Not \\"you\\"', 400, 1105) + f" {STATUS_401}",
            1105,
        ),
        (403, b"<html>Forbidden</html>", PAGE, None),
        (
            401,
            {"message": "long " * 400},
            f"{LOGGING_IN}{responded(('long ' * 400)[:1000] + '…', 401)} {STATUS_401}",
            None,
        ),
    ],
)
@pytest.mark.parametrize(
    ("later", "ago"),
    [(0, "0 seconds"), (1, "1 second"), (12.4, "12 seconds"), (59.9, "60 seconds"), (-4, "0 seconds")],
)
def test_rejected_login_is_not_retried_at_once(
    api: Api, clock: list[float], status: int, body: t.Any, message: str, code: int | None, later: float, ago: str
) -> None:
    result = {"msg": message, "http_status": status, "error_code": code}
    api.expect(LOGIN._replace(status=status, body=body))
    assert refused() == result
    clock[0] += later
    assert refused() == {
        **result,
        "msg": f"{message} The login failed {ago} {NOT_RETRIED}",
    }


@pytest.mark.parametrize("later", [60, 3600, -6])
def test_rejected_login_is_retried_later(api: Api, clock: list[float], later: float) -> None:
    """Also if the clock was set back, because the time that has passed is unknown then."""
    api.expect(LOGIN._replace(status=401, body=INVALID), LOGIN, CREATE)
    refused()
    clock[0] += later
    assert create(OAUTH2)["session_url"] == SESSION_URL


@pytest.mark.parametrize(
    "other", [{"client_id": "other"}, {"client_secret": "other"}, {"tenant": "other"}, {"token_cache": False}]
)
def test_refusal_is_kept_per_identity_and_only_in_the_cache(api: Api, other: dict[str, t.Any]) -> None:
    api.expect(LOGIN._replace(status=401, body=INVALID), LOGIN, CREATE)
    refused()
    create(OAUTH2, **other)


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_other_login_failures_are_not_shared(api: Api, status: int) -> None:
    """A missing path, a rate limit or a server error is no rejected login."""
    api.expect(LOGIN._replace(status=status, body=full(status, "No")), LOGIN, CREATE)
    with pytest.raises(SenhaseguraError):
        create(OAUTH2)
    create(OAUTH2)


@pytest.mark.parametrize(
    "body",
    [
        full(401, "No", 1105),
        full(403, "No"),
        full(200, "No"),
        {"response": {"status": "401", "error": True}},
        {"response": {"error": True}},
        INVALID,
    ],
    ids=json.dumps,
)
def test_login_rejected_in_the_envelope_is_not_retried_at_once(api: Api, body: t.Any) -> None:
    api.expect(LOGIN._replace(body=body))
    first, second = refused(), refused()
    assert second["msg"].startswith(f"{first['msg']} The login failed ")
    assert {**first, "msg": second["msg"]} == second


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_other_failures_in_an_envelope_are_not_shared(api: Api, status: int) -> None:
    api.expect(LOGIN._replace(body=full(status, "No")), LOGIN, CREATE)
    refused()
    create(OAUTH2)


@pytest.mark.parametrize(
    "failed",
    [
        LOGIN._replace(status=500, body=full(500, "No")),
        LOGIN._replace(body={"access_token": ""}),
        LOGIN._replace(body={**LOGGED_IN, "token_type": "mac"}),
        LOGIN._replace(body=NotSent("No connection")),
    ],
    ids=["fault", "no token", "another type", "not sent"],
)
def test_failed_login_keeps_the_memory(api: Api, run_directory: Path, failed: Call) -> None:
    api.expect(LOGIN, CREATE)
    create(OAUTH2)
    [file] = run_directory.glob("*.json")
    known = json.loads(file.read_text())
    api.expect(CREATE._replace(status=401, body=DENIED), failed)
    refused(retries=0)
    assert json.loads(file.read_text()) == known


class Ended(BaseException):
    """Raised as core ends a task whose keyword ``timeout`` is over."""


@pytest.fixture
def ended_login(api: Api) -> None:
    api.expect(LOGIN._replace(body=Ended()))
    with pytest.raises(Ended):
        create(OAUTH2)


@pytest.mark.usefixtures("ended_login")
def test_login_of_an_ended_task_is_not_retried_at_once(api: Api, run_directory: Path) -> None:
    assert refused() == {
        "msg": f"{LOGGING_IN}{INTERRUPTED} The login failed 0 seconds {NOT_RETRIED}",
        "http_status": None,
        "error_code": None,
    }
    [file] = run_directory.glob("*.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "refused": time.time() - 61}))
    api.expect(LOGIN, CREATE)
    create(OAUTH2)


@pytest.mark.usefixtures("ended_login")
@pytest.mark.parametrize("no_locks", [False, True])
def test_pending_login_of_a_running_task_is_not_a_refusal(
    api: Api, monkeypatch: pytest.MonkeyPatch, no_locks: bool
) -> None:
    """The other task holds the lock, or the system has no locks."""

    @contextmanager
    def locked(_memory: t.Any, _key: str, _seconds: float) -> Iterator[bool | None]:
        yield None if no_locks else False

    monkeypatch.setattr(RunMemory, "locked", locked)
    if no_locks:
        api.expect(LOGIN, CREATE)
        create(OAUTH2)
    else:
        assert "another task of this run did not finish its login" in refused()["msg"]


@pytest.mark.parametrize("is_free", [True, None, False])
def test_rejected_token_is_noted_unless_another_login_is_pending(
    monkeypatch: pytest.MonkeyPatch, is_free: bool | None
) -> None:
    @contextmanager
    def locked(_memory: t.Any, _key: str, _seconds: float) -> Iterator[bool | None]:
        yield is_free

    monkeypatch.setattr(RunMemory, "locked", locked)
    client = connect({**DEFAULTS, **OAUTH2}, run_memory())
    client._login.remember_rejection(Deadline(1.0))
    assert bool(run_memory().read(client._login._key)) == (is_free is not False)


def test_ended_login_without_token_cache(api: Api, run_directory: Path) -> None:
    options = {**DEFAULTS, **OAUTH2, "token_cache": False}
    client = connect(options, run_memory())
    api.expect(LOGIN._replace(body=Ended()))
    with pytest.raises(Ended):
        create_remote_session(client, options)
    with pytest.raises(NotSent, match="was interrupted during its login"):
        create_remote_session(client, options)
    assert list(run_directory.iterdir()) == []
    api.expect(LOGIN, CREATE)
    create(options)


def test_no_login_after_waiting_for_another_one(api: Api, run_directory: Path) -> None:
    """*api* expects no request."""
    memory = run_memory()
    waiting = connect({"url": URL, "api_prefix": "iso", "timeout": 0.3, "retries": 0, **OAUTH2}, memory)
    with memory.locked(waiting._login._key, 1), pytest.raises(NotSent) as error:
        create_remote_session(waiting, SESSION)
    assert str(error.value) == LOGGING_IN + NOT_LOGGED_IN


def test_refusal_after_a_401_replaces_the_token(api: Api, run_directory: Path) -> None:
    api.expect(LOGIN, CREATE, CREATE._replace(status=401, body=DENIED), LOGIN._replace(status=401, body=INVALID))
    create(OAUTH2)
    first, second = refused()["msg"], refused()["msg"]
    assert second.startswith(f"{first} The login failed ")
    assert ISSUED not in "".join(path.read_text() for path in run_directory.iterdir())


def test_stored_refusal_contains_no_secret(api: Api, run_directory: Path) -> None:
    secret = OAUTH2["client_secret"]
    api.expect(LOGIN._replace(status=401, body={"error": "x", "error_description": f"no: {secret} {quote(secret)}"}))
    refused()
    [file] = run_directory.glob("*.json")
    kept = json.loads(file.read_text())
    assert sorted(kept) == ["error_code", "http_status", "msg", "no_response", "refused"]
    assert '"no: *** ***"' in kept["msg"]


@pytest.mark.parametrize(
    "damage",
    [
        {"refused": None},
        {"refused": True},
        {"refused": "now"},
        {"refused": float("nan")},
        {"refused": 10**400},
        {"msg": None},
        {"msg": ["x"]},
        {"http_status": None, "no_response": False},
        {"http_status": None, "no_response": "yes"},
        {"http_status": True},
        {"http_status": "many"},
    ],
)
def test_corrupt_refusal_is_ignored(api: Api, run_directory: Path, damage: dict[str, t.Any]) -> None:
    api.expect(LOGIN._replace(status=401, body=INVALID), LOGIN, CREATE)
    refused()
    [file] = run_directory.glob("*.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **damage}))
    create(OAUTH2)


def test_stored_refusal_is_redacted_like_a_response(api: Api, run_directory: Path) -> None:
    api.expect(LOGIN._replace(status=401, body=INVALID))
    refused()
    [file] = run_directory.glob("*.json")
    text = f"\x1b[31m{OAUTH2['client_secret']}\n" + "x" * 4000
    file.write_text(json.dumps({**json.loads(file.read_text()), "msg": text, "error_code": "7"}))
    found = refused()
    assert found["error_code"] == 7
    assert re.fullmatch(r"\[31m[*]{3} x{2992}…[.] The login failed .*[.]", found["msg"])


def test_no_login_after_a_new_token_was_rejected(api: Api, clock: list[float]) -> None:
    """This lasts a minute, because another new token would be rejected too."""
    denied = CREATE._replace(status=401, body=DENIED)
    api.expect(LOGIN, denied, denied, denied)
    for _number in range(3):
        assert refused()["http_status"] == 401
    clock[0] += 60
    api.expect(denied, LOGIN._replace(body={**LOGGED_IN, "access_token": "another-token-0123456789"}), CREATE)
    create(OAUTH2)


def test_token_accepted_again_is_used(api: Api) -> None:
    api.expect(LOGIN, CREATE._replace(status=401, body=DENIED), CREATE)
    refused()
    create(OAUTH2)


def test_same_token_is_not_retried(api: Api) -> None:
    api.expect(LOGIN, CREATE, CREATE._replace(status=401, body=DENIED), LOGIN)
    create(OAUTH2)
    assert refused()["http_status"] == 401


# The path generations

ISO, API_PAM, API = "/iso/remote/session", "/api/pam/remote/session", "/api/remote/session"
SESSION_PATHS = {"auto": [ISO, API_PAM, API], "iso": [ISO], "api": [API_PAM, API]}
TOKEN_PATHS = {
    "auto": ["/iso/oauth2/token", "/api/oauth2/token"],
    "iso": ["/iso/oauth2/token"],
    "api": ["/api/oauth2/token"],
}

NOT_THERE = {
    "resource": NO_RESOURCE,
    "resource, classic": minimal(404, "Resource/sub-resource not found"),
    "gateway": NO_ROUTE,
    "gateway, as documented": {"message": "No route matched with those values."},
}


@pytest.mark.parametrize("body", NOT_THERE.values(), ids=NOT_THERE)
@pytest.mark.parametrize(("prefix", "paths"), SESSION_PATHS.items())
def test_session_paths_are_tried_in_order(api: Api, prefix: str, paths: list[str], body: t.Any) -> None:
    for last in range(len(paths)):
        api.expect(*(Call(path, status=404, body=body) for path in paths[:last]), Call(paths[last]))
        options = {**DEFAULTS, **BEARER, "api_prefix": prefix}
        create_remote_session(connect(options), options)


@pytest.mark.parametrize(("prefix", "paths"), TOKEN_PATHS.items())
def test_token_paths_are_tried_in_order(api: Api, prefix: str, paths: list[str]) -> None:
    for last in range(len(paths)):
        missing = (Call(path, status=404, body=NO_ROUTE) for path in paths[:last])
        api.expect(*missing, Call(paths[last], body=LOGGED_IN))
        connect({**DEFAULTS, **OAUTH2, "api_prefix": prefix}).probe()


@pytest.mark.parametrize(("prefix", "paths"), SESSION_PATHS.items())
def test_no_session_path_exists(api: Api, prefix: str, paths: list[str]) -> None:
    api.expect(*(Call(path, status=404, body=NO_RESOURCE) for path in paths))
    with pytest.raises(Refused) as error:
        create(BEARER, api_prefix=prefix)
    assert str(error.value) == (
        f"{CREATING}{responded('Resource sub not found', 404)} Tried: {', '.join(paths)}. {CHECK_API_PREFIX}"
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<html>Not found</html>"),
        (404, b""),
        (404, {"code": 404, "message": "Agent not found", "error": True}),
        (404, minimal(404, "The resource was not found")),
        (404, [NO_RESOURCE]),
        (400, NO_RESOURCE),
        (500, minimal(500, "Resource sub not found")),
        (401, NO_ROUTE),
        (403, NO_ROUTE),
        (405, b""),
        (502, NO_ROUTE),
        (302, NO_ROUTE),
        (200, minimal(404, "Resource sub not found")),
    ],
)
def test_next_path_needs_proof(api: Api, status: int, body: t.Any) -> None:
    api.expect(CREATE._replace(status=status, body=body))
    with pytest.raises((Refused, OutcomeUnknown)):
        create(BEARER, api_prefix="auto")


def test_found_path_is_remembered(api: Api) -> None:
    missing = [Call(path, status=404, body=NO_RESOURCE) for path in (ISO, API_PAM)]
    api.expect(*missing, Call(API), Call(API), Call(API_PAM, status=404, body=NO_ROUTE), Call(API), Call(API))
    create(BEARER, api_prefix="auto")
    create(BEARER, api_prefix="auto")
    create(BEARER, api_prefix="api")
    create(BEARER, api_prefix="api")


class OfOthers(OwnMemory):
    """Memory in which another task stores the path while ours waits for the lock."""

    @contextmanager
    def locked(self, key: str, seconds: float) -> Iterator[bool]:
        self.write(key, {"path": API_PAM})
        yield True


def test_path_found_by_another_task_is_used(api: Api) -> None:
    api.expect(Call(API_PAM))
    options = {**DEFAULTS, **BEARER, "api_prefix": "auto"}
    assert create_remote_session(connect(options, OfOthers()), options)["session_url"] == SESSION_URL


def test_refusal_proves_that_the_path_exists(api: Api) -> None:
    refused = Call(API_PAM, status=400, body=full(400, "Invalid protocol"))
    api.expect(Call(ISO, status=404, body=NO_ROUTE), refused, refused._replace(status=200, body=CREATED_FULL))
    with pytest.raises(Refused, match="Invalid protocol"):
        create(BEARER, api_prefix="auto")
    create(BEARER, api_prefix="auto")


def test_remembered_path_disappears(api: Api) -> None:
    """The other paths are tried at once, because no server has handled the request."""
    api.expect(Call(ISO), Call(ISO, status=404, body=NO_ROUTE), Call(API_PAM), Call(API_PAM))
    for _time in range(3):
        create(BEARER, api_prefix="auto")


def test_login_tries_the_next_path_after_any_404(api: Api) -> None:
    page: dict[str, t.Any] = {"status": 404, "body": b"<h1>Not Found</h1>", "headers": {"Content-Type": "text/html"}}
    api.expect(
        LOGIN._replace(path="/iso/oauth2/token", **page), LOGIN._replace(path="/api/oauth2/token"), Call(ISO, **page)
    )
    with pytest.raises(Refused, match=r"the response \(HTTP 404, content type text/html\)"):
        create(OAUTH2, api_prefix="auto")


def test_path_is_remembered_per_url(api: Api) -> None:
    api.expect(Call(ISO), Call(f"/base{ISO}", status=404, body=NO_ROUTE), Call(f"/base{API_PAM}"))
    create(BEARER, api_prefix="auto")
    create(BEARER, api_prefix="auto", url=f"{URL}/base")


# Retries

BUSY = {"message": "API rate limit exceeded"}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("value", "waits"), [("0", 0.0), ("2", 2.0), (" 12 ", 12.0)])
def test_waits_as_long_as_retry_after_says(api: Api, slept: list[float], status: int, value: str, waits: float) -> None:
    api.expect(CREATE._replace(status=status, body=BUSY, headers={"Retry-After": value}), CREATE)
    create(BEARER)
    assert slept == [waits]


@pytest.mark.parametrize("ahead", [-3600, 10])
def test_waits_until_a_date(api: Api, slept: list[float], ahead: float) -> None:
    date = email.utils.formatdate(time.time() + ahead, usegmt=True)
    api.expect(CREATE._replace(status=503, body=BUSY, headers={"Retry-After": date}), CREATE)
    create(BEARER)
    assert len(slept) == 1
    assert max(ahead, 0) - 2 < slept[0] <= max(ahead, 0)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("soon", 1_800_000_000), (None, 1_800_000_000)],
)
def test_date_to_wait_for_uses_the_clock_of_the_server(
    api: Api, slept: list[float], clock: list[float], date: str | None, seconds: int
) -> None:
    """Unless the server sends no usable date."""
    headers = {"Retry-After": email.utils.formatdate(seconds + 3, usegmt=True), **({"Date": date} if date else {})}
    api.expect(CREATE._replace(status=503, body=BUSY, headers=headers), CREATE)
    create(BEARER)
    assert slept == [3.0]


@pytest.mark.parametrize("retries", [0, 1, 2, 4])
def test_retries_are_limited(api: Api, slept: list[float], retries: int) -> None:
    busy = CREATE._replace(status=429, body=BUSY, headers={"Retry-After": "1", "Content-Type": "application/json"})
    api.expect(*[busy] * (retries + 1))
    with pytest.raises(Refused) as error:
        create(BEARER, retries=retries)
    assert str(error.value) == f"{CREATING}{responded('API rate limit exceeded', 429)} {STATUS_429}"
    assert slept == [1.0] * retries


@pytest.mark.parametrize(
    ("status", "value"),
    [
        (429, None),
        (503, None),
        (503, ""),
        (503, "soon"),
        (503, "-1"),
        (503, "1.5"),
        (503, "٢"),
        (503, "9999999"),
        (503, "31"),  # later than the timeout
        (503, "Fri, 31 Dec 2088 23:59:59 GMT"),
        (503, "Fri, 99 Dec 2026 23:59:59 GMT"),
        (500, "1"),
        (502, "1"),
        (504, "1"),
        (408, "1"),
        (302, "1"),
        (200, "1"),
    ],
)
def test_does_not_wait(api: Api, slept: list[float], status: int, value: str | None) -> None:
    headers = {"Content-Type": "application/json", **({} if value is None else {"Retry-After": value})}
    api.expect(CREATE._replace(status=status, body=minimal(status, "No"), headers=headers))
    with pytest.raises((Refused, OutcomeUnknown)):
        create(BEARER)
    assert slept == []


def test_login_waits_too(api: Api, slept: list[float]) -> None:
    api.expect(LOGIN._replace(status=429, body=BUSY, headers={"Retry-After": "3"}), LOGIN, CREATE)
    create(OAUTH2)
    assert slept == [3.0]


# Any values
