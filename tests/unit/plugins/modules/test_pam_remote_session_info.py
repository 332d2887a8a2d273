# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module that finds sessions: what it requests, which options it accepts, what it returns, and how it handles
unusual responses."""

from __future__ import annotations

import gzip
import itertools
import json
import time
import tracemalloc
import typing as t
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.redaction import without_secrets
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import SenhaseguraError, printable
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources import remote_session_list as info
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.matching import (
    Values,
    by_device,
    split_device,
)
from ansible_collections.pamops.senhasegura.plugins.modules import pam_remote_session_info
from tests.messages import (
    ANOTHER_SESSION,
    CHECK_API_PREFIX,
    GATEWAY_TIMEOUT,
    LACKS,
    LISTING,
    MUST_BE_SECONDS,
    NONE_MATCHES,
    NOT_CREATED,
    NOT_VERIFIED,
    NOTHING_SENT,
    TOO_EARLY,
    responded,
)
from tests.simulator import Simulator
from tests.unit.plugins import support
from tests.unit.plugins.support import (
    BEARER,
    DATED,
    ENDED,
    LIST,
    LOGGED_IN,
    NO_RESOURCE,
    NO_ROUTE,
    NO_SESSION,
    OAUTH1,
    OAUTH2,
    OPENS,
    SESSION_FACTS,
    URL,
    Api,
    Call,
    RunModule,
    full,
    getting,
    listed,
    listing,
    minimal,
    numbered,
    numbered_record,
    record,
)

REACH: dict[str, t.Any] = {"url": URL, "api_prefix": "iso", **BEARER}
CREATED: dict[str, t.Any] = {**SESSION_FACTS, **OPENS}
NORMAL: dict[str, t.Any] = {
    "id": 31,
    "session_id": "a1" * 20,
    "user": "jdoe",
    "origin_ip": "192.0.2.10",
    "credential": "root",
    "device": "web01:22",
    "host": "web01",
    "port": 22,
    "protocol": "ssh",
    "proxy": "Web Proxy",
    "start": "2026-01-31T12:00:05",
    "end": None,
    "time": None,
    "active": True,
    "prevent_purge": False,
    "request": None,
    "ITSM": None,
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> RunModule:
    def run(options: t.Mapping[str, t.Any], check: bool = False) -> dict[str, t.Any]:
        result = support.run_module(capsys, {**REACH, **options}, check, pam_remote_session_info)
        result.pop("invocation", None)
        result.pop("warnings", None)  # ansible-core adds other warnings on other releases
        return result

    return run


def ids(result: dict[str, t.Any]) -> list[t.Any]:
    assert result["changed"] is False, result
    return [session["id"] for session in result["sessions"]]


# Results


def test_session_in_normal_form(api: Api, run: RunModule) -> None:
    api.expect(LIST._replace(body=listed(record()), authorization=f"Bearer {BEARER['access_token']}"))
    assert run({}) == {"changed": False, "sessions": [{**NORMAL, "original": record()}]}
    [request] = api.requests
    assert request.body is None


# what PAM Core lists → its normal form
RECORDS: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "integers": ({"id": 31}, {"id": 31}),
    "not an integer": ({"id": "x31"}, {"id": None}),
    "boolean as an integer": ({"id": True}, {"id": None}),
    "integer with many digits": ({"id": "1" * 5000}, {"id": None}),
    "ended": (ENDED, {"end": "2026-01-31T12:10:05", "time": 600, "active": False}),
    "ended, with a T": ({"end": "2026-01-31T12:10:05"}, {"end": "2026-01-31T12:10:05", "active": False}),
    "ended, with a UTC offset": (
        {"end": "2026-01-31T12:10:05-03:00"},
        {"end": "2026-01-31T12:10:05-03:00", "active": False},
    ),
    "empty end time": ({"end": ""}, {}),
    "dash as end time": ({"end": "-"}, {}),
    "zeros as end time": ({"end": "0000-00-00 00:00:00"}, {}),
    "words as end time": ({"end": "Em andamento"}, {}),
    "end time is not a string": ({"end": False}, {}),
    "a long time": ({"time": "123:00:01"}, {"time": 442801}),
    "no time": ({"time": "10"}, {}),
    "no start": ({"start": None}, {"start": None}),
    "kept, in English": ({"prevent_purge": "Yes"}, {"prevent_purge": True}),
    "kept, in Portuguese": ({"prevent_purge": "Sim"}, {"prevent_purge": True}),
    "not kept, in Portuguese": ({"prevent_purge": "Não"}, {}),
    "kept, as a boolean": ({"prevent_purge": True}, {"prevent_purge": True}),
    "unknown whether kept": ({"prevent_purge": None}, {"prevent_purge": None}),
    "a request": ({"request": " 77 ", "ITSM": "CHG-1"}, {"request": "77", "ITSM": "CHG-1"}),
    "upper case": ({"protocol": "RDP"}, {"protocol": "rdp"}),
    "no protocol": ({"protocol": None}, {"protocol": None}),
    "an address": ({"device": "192.0.2.20:22"}, {"device": "192.0.2.20:22", "host": "192.0.2.20"}),
    "no port": ({"device": "web01"}, {"device": "web01", "port": None}),
    "invalid port": ({"device": "web01:ssh"}, {"device": "web01:ssh", "host": "web01:ssh", "port": None}),
    "no device": ({"device": None}, {"device": None, "host": None, "port": None}),
    "IPv6 and a port": ({"device": "2001:db8::20:22"}, {"device": "2001:db8::20:22", "host": "2001:db8::20"}),
    "IPv6 in brackets": ({"device": "[2001:db8::20]:22"}, {"device": "[2001:db8::20]:22", "host": "2001:db8::20"}),
    "IPv6 in brackets alone": (
        {"device": "[2001:db8::20:22]"},
        {"device": "[2001:db8::20:22]", "host": "2001:db8::20:22", "port": None},
    ),
    "IPv6 alone": (
        {"device": "2001:db8::f"},
        {"device": "2001:db8::f", "host": "2001:db8::f", "port": None},
    ),
    "a template": ({"user": "{{ 7 * 7 }}"}, {"user": "{{ 7 * 7 }}"}),
    "another field": ({"custody": "x"}, {}),
}


@pytest.mark.parametrize(("changes", "expected"), RECORDS.values(), ids=RECORDS)
def test_normal_form(api: Api, run: RunModule, changes: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    api.expect(listing(record(**changes)))
    assert run({})["sessions"] == [{**NORMAL, **expected, "original": record(**changes)}]


def test_missing_fields_are_none(api: Api, run: RunModule) -> None:
    api.expect(listing({"id": "1"}))
    [session] = run({})["sessions"]
    assert session.pop("original") == {"id": "1"}
    assert session == {**dict.fromkeys(NORMAL), "id": 1, "active": True}


def test_portuguese_names(api: Api, run: RunModule) -> None:
    renamed = {"credential": "credencial", "device": "dispositivo"}
    original = {renamed.get(name, name): value for name, value in record(prevent_purge="Não").items()}
    api.expect(*[LIST._replace(body=minimal(200, "", False, remote_sessions=[original]))] * 2)
    assert run({})["sessions"] == [{**NORMAL, "original": original}]
    assert run({"device": "web01", "credential": "root"})["sessions"] == [{**NORMAL, "original": original}]


@pytest.mark.parametrize(
    ("timezone", "start"),
    [
        (None, "2026-01-31T12:00:05"),
        ("UTC", "2026-01-31T12:00:05Z"),
        ("America/Sao_Paulo", "2026-01-31T12:00:05-03:00"),
        ("+05:30", "2026-01-31T12:00:05+05:30"),
    ],
)
def test_time_zone_of_listed_times(api: Api, run: RunModule, timezone: str | None, start: str) -> None:
    api.expect(listing(record(**ENDED)))
    [session] = run({"timezone": timezone} if timezone else {})["sessions"]
    assert (session["start"], session["end"]) == (start, start.replace("12:00:05", "12:10:05"))
    assert session["original"]["start"] == "2026-01-31 12:00:05"


ONE = record()
SHAPES: dict[str, tuple[t.Any, int]] = {
    "list": (listed(ONE, ONE), 2),
    "no list": (listed() | {"remote_sessions": ONE}, 1),
    "null": (listed() | {"remote_sessions": None}, 0),
    "empty": (listed(), 0),
    "other key": (listed(ONE, key="remote_session"), 1),
    "other key, no list": (full(200, "", 0, False, remote_session=ONE), 1),
    "an envelope in the list": (listed(listed(ONE, ONE)), 2),
    "an envelope in place of the list": (full(200, "", 0, False, remote_sessions=listed(ONE)), 1),
    "an envelope in the list, and the other key": (listed(full(200, "", 0, False, remote_session=ONE)), 1),
    "a minimal envelope": (minimal(200, "", False, remote_sessions=[ONE]), 1),
}


@pytest.mark.parametrize(("body", "count"), SHAPES.values(), ids=SHAPES)
def test_shapes_of_the_list(api: Api, run: RunModule, body: t.Any, count: int) -> None:
    api.expect(LIST._replace(body=body))
    assert run({}) == {"changed": False, "sessions": [{**NORMAL, "original": ONE}] * count}


def _nested(depth: int) -> t.Any:
    nested: t.Any = ONE
    for _number in range(depth):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "body",
    [
        full(200, "", 0, False),
        full(200, "", 0, False, remote_sessions="none"),
        full(200, "", 0, False, remote_sessions=7),
        listed("31"),
        listed(None),
        listed({}),
        listed({"user": "jdoe"}),
        listed(full(200, "", 0, False)),
        listed(_nested(100)),
        full(200, "", 0, False, **ONE),
    ],
)
def test_response_without_list(api: Api, run: RunModule, body: t.Any) -> None:
    api.expect(LIST._replace(body=body))
    assert run({}) == {
        "failed": True,
        "msg": f"{LISTING}PAM Core reported success, but the response has no valid list of sessions.",
        "http_status": 200,
        "error_code": None,
    }


MIB = 1024 * 1024
MANY = "has more records than this collection processes. Request single records by their ID"
LARGE = {
    "more than 1 MiB": (json.dumps(listed(*[ONE] * 4000)).encode(), {}, 4000),
    "more than 1 MiB, compressed": (gzip.compress(json.dumps(listed(*[ONE] * 4000)).encode()), "gzip", 4000),
}


@pytest.mark.parametrize(("body", "encoding", "count"), LARGE.values(), ids=LARGE)
def test_long_list(api: Api, run: RunModule, body: bytes, encoding: str, count: int) -> None:
    api.expect(LIST._replace(body=body, headers={**DATED, "Content-Encoding": encoding or "identity"}))
    assert len(run({})["sessions"]) == count


TOO_LARGE = {
    "plain": (b" " * (128 * MIB + 1), "identity", "is larger than 128 MiB"),
    "compressed": (gzip.compress(bytes(17 * MIB)), "gzip", "is larger than 16 MiB"),
    "small objects": (b'{"remote_sessions":[' + b"{}," * 400_000 + b"{}]}", "identity", MANY),
    "empty lists": (b"[" + b"[]," * 400_000 + b"[]]", "gzip", MANY),
    "members": (b"[" + b"0," * 16_000_001 + b"0]", "identity", MANY),
}


@pytest.mark.parametrize(("body", "encoding", "why"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_list_is_too_large(api: Api, run: RunModule, body: bytes, encoding: str, why: str) -> None:
    body = gzip.compress(body) if encoding == "gzip" and not body.startswith(b"\x1f") else body
    api.expect(LIST._replace(body=body, headers={**DATED, "Content-Encoding": encoding}))
    assert run({})["msg"] == f"{LISTING}the response (HTTP 200) {why}."


def reason_is_too_long(status: int) -> str:
    return f"{LISTING}PAM Core's error text is too long to show (HTTP {status})."


TOO_MUCH_SAID = {
    "a failure": (
        500,
        b'{"message": "' + b"\\u00a0" * 200_000 + b'"}',
        f"{LISTING}the response (HTTP 500) is larger than 1 MiB.",
    ),
    "a long reason": (400, minimal(400, "\x07" * 80_000), reason_is_too_long(400)),
    "a success": (200, minimal(400, "\x07" * 8_000_000), reason_is_too_long(200)),
    "slightly too long": (400, minimal(400, "n" + "o" * 10_000), reason_is_too_long(400)),
    "longest allowed": (
        400,
        minimal(400, "n" + "o" * 9_999),
        f'{LISTING}PAM Core responded with "n{"o" * 999}…" (HTTP 400).',
    ),
    "many secrets": (200, minimal(400, "No", session={str(number): f"s{number}" * 40 for number in range(21)}), None),
    "a long secret": (200, minimal(400, "No", session={"token": "a b " * 1_000_000}), None),
}


@pytest.mark.parametrize(("status", "body", "message"), TOO_MUCH_SAID.values(), ids=TOO_MUCH_SAID)
def test_time_for_a_failure_is_bounded(api: Api, run: RunModule, status: int, body: t.Any, message: str | None) -> None:
    api.expect(LIST._replace(status=status, body=body))
    started = time.monotonic()
    assert run({})["msg"] == (reason_is_too_long(200) if message is None else message)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("text", ["x" * 8_000_000 + "\x1b", "\x1bé" * 4_000_000], ids=["one", "every second character"])
def test_cleaning_a_long_string_takes_little_memory(text: str) -> None:
    tracemalloc.start()
    try:
        cleaned = without_secrets({"x": text}, ["a secret"])["x"]
        assert tracemalloc.get_traced_memory()[1] < 4 * len(text)
    finally:
        tracemalloc.stop()
    assert cleaned == text.replace("\x1b", " ") == printable(text)


def test_list_takes_too_long_to_read(api: Api, run: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading of the clock returns one second more."""
    seconds = itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)))
    api.expect(listing(*[ONE] * 100))
    assert run({"timeout": 60})["msg"] == (
        f"{LISTING}the response is so long that reading it took longer than the option timeout allows."
    )


def test_response_for_one_session_is_limited_to_1_mib(api: Api, run: RunModule) -> None:
    api.expect(getting(31)._replace(body=b" " * (MIB + 1)))
    assert run({"id": 31})["msg"] == "Reading the session failed: the response (HTTP 200) is larger than 1 MiB."


# Filters

SOME = (
    numbered_record(1, user="jdoe", device="web01:22", **ENDED),
    numbered_record(2, user="JDoe", device="192.0.2.20:22", protocol="SSH"),
    numbered_record(3, user="asmith", device="WEB01:3389", protocol="rdp", proxy="RDP Proxy", **ENDED),
    numbered_record(4, user="asmith", credential="Admin", device="[2001:DB8::20]:22", start="2026-01-31 13:00:00"),
    numbered_record(5, user="jdoe2", credential="", device="2001:db8:0::20:2222", start=None, proxy=None),
)
FOUND: dict[str, tuple[dict[str, t.Any], list[int]]] = {
    "nothing": ({}, [1, 2, 3, 4, 5]),
    "user": ({"user": "jdoe"}, [1, 2]),
    "another case": ({"user": " JDOE "}, [1, 2]),
    "part of a user": ({"user": "doe"}, []),
    "users": ({"user": ["jdoe2", "asmith"]}, [3, 4, 5]),
    "users in a string": ({"user": "jdoe2,asmith"}, [3, 4, 5]),
    "credential": ({"credential": "admin"}, [4]),
    "protocol": ({"protocol": "RDP"}, [3]),
    "proxy": ({"session_proxy": "web proxy"}, [1, 2, 4]),
    "session_id": ({"session_id": "03" * 20}, [3]),
    "session_ids": ({"session_id": ["03" * 20, "01" * 20, "nobody's"]}, [1, 3]),
    "running": ({"active": True}, [2, 4, 5]),
    "ended": ({"active": False}, [1, 3]),
    "host name": ({"device": "web01"}, [1, 3]),
    "host name and port": ({"device": "web01:22"}, [1]),
    "host name and another port": ({"device": "web01:23"}, []),
    "part of a host name": ({"device": "web0"}, []),
    "both names of a device": ({"device": ["web01", "192.0.2.20"]}, [1, 2, 3]),
    "address and port": ({"device": "192.0.2.20:22"}, [2]),
    "address as IPv6": ({"device": "::ffff:192.0.2.20"}, [2]),
    "IPv6": ({"device": "2001:db8::20"}, [4, 5]),
    "IPv6 in another form": ({"device": "2001:0db8:0:0::0020"}, [4, 5]),
    "IPv6 in brackets": ({"device": "[2001:db8::20]"}, [4, 5]),
    "IPv6 and port": ({"device": "[2001:db8::20]:2222"}, [5]),
    "IPv6 and port, as listed": ({"device": "2001:db8:0::20:2222"}, [5]),
    "started after": ({"started_after": "2026-01-31 13:00:00"}, [4]),
    "started before": ({"started_before": "2026-01-31 13:00:00"}, [1, 2, 3]),
    "started between": ({"started_after": "2026-01-31", "started_before": "2026-02-01"}, [1, 2, 3, 4]),
    "with a UTC offset": ({"started_after": "2026-01-31T16:00:00Z", "timezone": "-03:00"}, [4]),
    "seconds since 1970": ({"started_before": 1769864400, "timezone": "UTC"}, [1, 2, 3]),
    "in the time zone of PAM Core": ({"started_after": "2026-01-31 13:00:00", "timezone": "America/Sao_Paulo"}, [4]),
    "combined": ({"user": "jdoe", "device": ["192.0.2.20", "web01"], "active": True, "protocol": "ssh"}, [2]),
    "combined, no match": ({"user": "asmith", "device": "192.0.2.20"}, []),
}


@pytest.mark.parametrize(("options", "expected"), FOUND.values(), ids=FOUND)
def test_filters(api: Api, run: RunModule, options: dict[str, t.Any], expected: list[int]) -> None:
    api.expect(listing(*SOME))
    assert ids(run(options)) == expected


def test_listed_times_with_their_own_time_zone(api: Api, run: RunModule) -> None:
    sessions = [
        numbered_record(1, start="2026-01-31T12:00:00-03:00"),
        numbered_record(2, start="2026-01-31 12:00:00"),
    ]
    api.expect(*[listing(*sessions)] * 3)
    assert ids(run({"started_after": "2026-01-31 12:00:00"})) == [1, 2]
    assert ids(run({"started_after": "2026-01-31T15:00:00Z", "timezone": "UTC"})) == [1]
    assert ids(run({"started_before": "2026-01-31T15:00:00Z", "timezone": "UTC"})) == [2]


def test_few_ids_are_requested_one_by_one(api: Api, run: RunModule) -> None:
    first, second = SOME[0], SOME[1]
    # The response in the documentation has a second record. A missing session is no failure.
    api.expect(
        getting(1, first, second), getting(2, second), LIST._replace(path=f"{LIST.path}/9", status=400, body=NO_SESSION)
    )
    assert ids(run({"id": [2, 9, 1, 2]})) == [1, 2]


@pytest.mark.parametrize(("body", "blank"), [(minimal, " "), (full, "")])
def test_no_session_with_that_id(api: Api, run: RunModule, body: t.Any, blank: str) -> None:
    message = f"1002:{blank}Session not found"
    answer = body(400, message, exception={"code": 1002, "message": message, "detail": None})
    api.expect(getting(31)._replace(status=400, body=answer))
    assert run({"id": "31"}) == {"changed": False, "sessions": []}


def test_response_with_another_id(api: Api, run: RunModule) -> None:
    """The task fails, since the session may still exist."""
    api.expect(getting(1, SOME[0]), getting(2, SOME[0]))
    assert run({"id": [1, 2]})["msg"] == f"Reading the session failed: {LACKS}the session with the ID 2."


def test_response_without_records(api: Api, run: RunModule) -> None:
    api.expect(getting(1))
    assert ids(run({"id": 1})) == []


def test_id_with_other_filters(api: Api, run: RunModule) -> None:
    api.expect(getting(1, SOME[0]), getting(1, SOME[0]))
    assert ids(run({"id": 1, "user": "jdoe"})) == [1]
    assert ids(run({"id": 1, "active": True})) == []


def test_many_ids_are_searched_in_the_list(api: Api, run: RunModule) -> None:
    api.expect(listing(*SOME))
    assert ids(run({"id": [5, *range(100, 120), 2]})) == [2, 5]


# Options


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"url": ""}, "url is missing or empty."),
        ({"user": "jdoe,,asmith"}, "user must not be empty: remove it, or give a value."),
        ({"device": [" "]}, "device must not be empty: remove it, or give a value."),
        ({"session_id": ["a\0b"]}, "session_id contains a NUL byte or is not valid UTF-8."),
        (
            {"started_after": "yesterday"},
            "started_after must be a time such as 2026-01-31T12:00:00Z, 2026-01-31 12:00:00 or seconds since 1970, "
            "but is 'yesterday'.",
        ),
        (
            {"started_before": "2026-01-31T12:00:00Z"},
            "started_before is an absolute time, so timezone (the time zone of PAM Core's times) must be set too.",
        ),
        (
            {"timezone": "Mars/Olympus"},
            "timezone must be a time zone that this machine knows, but is 'Mars/Olympus'. Check the name. Names need "
            "the time zone data of the system, or the Python library tzdata; an offset such as -03:00 does not.",
        ),
        ({"created": CREATED}, "created requires timezone, because PAM Core's times have no time zone."),
        (
            {"created": {"user": "jdoe"}, "timezone": "UTC"},
            NOT_CREATED,
        ),
        (
            {"created": {**CREATED, "opens_until": None}, "timezone": "UTC"},
            NOT_CREATED,
        ),
        (
            {"created": {**CREATED, "opens_until": "soon"}, "timezone": "UTC"},
            NOT_CREATED,
        ),
        (
            {"created": {**CREATED, "opens_until": "2026-01-31 12:00:31"}, "timezone": "UTC"},  # without an offset
            NOT_CREATED,
        ),
        ({"wait_timeout": 0}, f"wait_timeout {MUST_BE_SECONDS}0.0."),
    ],
)
def test_problems(api: Api, run: RunModule, options: dict[str, t.Any], text: str) -> None:
    assert run(options) == {"failed": True, "msg": NOTHING_SENT + text, "http_status": None, "error_code": None}
    assert api.requests == []


# Paths

PATHS = {
    "iso": ["/iso/session/remotesessions", "/api/session/remotesessions"],
    "api": ["/api/pam/session/remotesessions", "/api/session/remotesessions"],
    "auto": ["/iso/session/remotesessions", "/api/session/remotesessions", "/api/pam/session/remotesessions"],
}


@pytest.mark.parametrize("answer", [NO_RESOURCE, NO_ROUTE, {}])
@pytest.mark.parametrize("prefix", PATHS)
def test_each_path_is_found_and_remembered(api: Api, prefix: str, answer: t.Any) -> None:
    paths = PATHS[prefix]
    for last, path in enumerate(paths):
        missing = (Call(other, method="GET", status=404, body=answer) for other in paths[:last])
        api.expect(
            *missing, LIST._replace(path=path, body=listed(ONE)), LIST._replace(path=f"{path}/31", body=listed(ONE))
        )
        client = connect({**REACH, "api_prefix": prefix, "timeout": 5.0, "retries": 0})
        assert len(info.find_sessions(client, {}).sessions) == 1
        assert len(info.find_sessions(client, {"id": [31]}).sessions) == 1


@pytest.mark.parametrize("prefix", PATHS)
def test_no_path_exists(api: Api, run: RunModule, prefix: str) -> None:
    api.expect(*(Call(path, method="GET", status=404, body=NO_RESOURCE) for path in PATHS[prefix]))
    assert run({"api_prefix": prefix})["msg"] == (
        f"{LISTING}{responded('Resource sub not found', 404)} Tried: {', '.join(PATHS[prefix])}. {CHECK_API_PREFIX}"
    )


def test_login_and_signature(api: Api, run: RunModule) -> None:
    token = Call("/iso/oauth2/token", body=LOGGED_IN)
    api.expect(token, LIST._replace(body=listed(), authorization=f"Bearer {LOGGED_IN['access_token']}"))
    api.expect(LIST._replace(body=listed()))
    run({**dict.fromkeys(BEARER), **OAUTH2})
    run({**dict.fromkeys(BEARER), **OAUTH1})
    assert support.header(api.requests[-1], "Authorization").startswith("OAuth ")


# Failures

NOT_GRANTED = (
    "In PAM Core, under A2A > Authorizations, grant the resource PAM Core to the authorization of this application."
)
FAILURES: list[tuple[int, t.Any, str, int | None]] = [
    (
        500,
        full(500, "You are not authorized to access this resource.", 1),
        f"{responded('You are not authorized to access this resource.', 500)} {NOT_GRANTED}",
        None,
    ),
    (
        400,
        numbered(400, 1003, "Unexpected identifier type"),
        'PAM Core responded with "Unexpected identifier type" (HTTP 400, code 1003). '
        "Set id to the integer ID. For the long hash, use session_id.",
        1003,
    ),
    (
        400,
        minimal(400, "1002: Session not found"),
        'PAM Core responded with "Session not found" (HTTP 400, code 1002). '
        "Check the option id, the integer ID of the session.",
        1002,
    ),
    (
        504,
        {"message": "The upstream server is timing out"},
        f"{responded('The upstream server is timing out', 504)} {GATEWAY_TIMEOUT}",
        None,
    ),
    (
        200,
        b"[]",
        "the response (HTTP 200, content type application/json) is not from PAM Core's API. "
        "Check that url points to PAM Core itself.",
        None,
    ),
]


@pytest.mark.parametrize(("status", "body", "text", "code"), FAILURES)
def test_failures(api: Api, run: RunModule, status: int, body: t.Any, text: str, code: int | None) -> None:
    api.expect(LIST._replace(status=status, body=body))
    assert run({}) == {"failed": True, "msg": LISTING + text, "http_status": status, "error_code": code}


# The session that a URL opened

UTC: dict[str, t.Any] = {"timezone": "UTC"}
LATER = {**DATED, "Date": "Sat, 31 Jan 2026 12:00:38 GMT"}
"""A time at which the URL has expired, by PAM Core's clock."""

ENDED_LATER = {"end": "2026-01-31 12:00:30", "time": "00:00:29"}

OPENED: dict[str, tuple[dict[str, t.Any], dict[str, t.Any], bool]] = {
    "unchanged": ({}, {}, True),
    "at the first possible time": ({}, {"start": "2026-01-31 12:00:00"}, True),
    "by a clock that is slightly slow": ({}, {"start": "2026-01-31 11:59:58"}, True),
    "too early": ({}, {"start": "2026-01-31 11:59:57"}, False),
    "at the last possible time": ({}, {"start": "2026-01-31 12:00:36"}, True),
    "too late": ({}, {"start": "2026-01-31 12:00:37"}, False),
    "no start": ({}, {"start": None}, False),
    "in another time zone": ({}, {"start": "2026-01-31T09:00:05-03:00"}, True),
    "ended": ({}, ENDED, True),
    "another user": ({}, {"user": "asmith"}, False),
    "another case": ({}, {"user": "JDOE", "device": "WEB01:22", "credential": "Root"}, True),
    "another device": ({}, {"device": "web02:22"}, False),
    "another credential": ({}, {"credential": "admin"}, False),
    "a credential that PAM Core selected": ({"credential": None}, {"credential": "admin"}, True),
    "another protocol": ({}, {"protocol": "rdp"}, False),
    "another proxy": ({}, {"proxy": "Terminal Proxy"}, False),
    "no proxy": ({}, {"proxy": None}, True),
    "on the remote device": ({"device": "dc01", "remote_device": "web01"}, {}, True),
    "from the IP address": ({"remote_addr": "192.0.2.10"}, {}, True),
    "from the IP address, as IPv6": ({"remote_addr": "::ffff:192.0.2.10"}, {}, True),
    "from another IP address": ({"remote_addr": "192.0.2.11"}, {}, False),
}


@pytest.mark.parametrize(("created", "changes", "fits"), OPENED.values(), ids=OPENED)
def test_session_opened_by_a_url(
    api: Api, run: RunModule, created: dict[str, t.Any], changes: dict[str, t.Any], fits: bool
) -> None:
    api.expect(listing(record(**changes), *SOME[2:])._replace(headers=LATER))
    result = run({"created": {**CREATED, **created}, **UTC})
    assert ids(result) == ([31] if fits else [])
    assert (result["decided"], result["reason"]) == (fits, None if fits else NONE_MATCHES)


def test_device_with_two_names(api: Api, run: RunModule) -> None:
    api.expect(*[listing(record(device="192.0.2.20:22"))._replace(headers=LATER)] * 2)
    assert ids(run({"created": CREATED, **UTC})) == []
    assert ids(run({"created": CREATED, **UTC, "device": ["web01", "192.0.2.20"]})) == [31]


def test_times_in_the_time_zone_of_pam_core(api: Api, run: RunModule) -> None:
    api.expect(listing(record(start="2026-01-31 09:00:05"))._replace(headers=LATER))
    assert ids(run({"created": CREATED, "timezone": "America/Sao_Paulo"})) == [31]


def test_two_people_on_one_device(api: Api, run: RunModule) -> None:
    """The user distinguishes their sessions. If the user is the same, only the IP address does."""
    other = record(id="32", session_id="b2" * 20, origin_ip="192.0.2.11")
    of_another = record(id="33", session_id="c3" * 20, user="asmith")
    api.expect(*[listing(record(), other, of_another)._replace(headers=LATER)] * 3)
    result = run({"created": CREATED, **UTC})
    assert (ids(result), result["decided"]) == ([31, 32], False)
    assert result["reason"] == ANOTHER_SESSION
    result = run({"created": {**CREATED, "remote_addr": "192.0.2.11"}, **UTC})
    assert (ids(result), result["decided"], result["reason"]) == ([32], True, None)
    result = run({"created": {**CREATED, "user": "asmith"}, **UTC})
    assert (ids(result), result["decided"], result["reason"]) == ([33], True, None)


@pytest.mark.parametrize("narrower", [{"active": True}, {"started_after": "2026-01-31T12:00:10Z"}, {"user": "jdoe"}])
def test_other_filters_do_not_identify_a_session(api: Api, run: RunModule, narrower: dict[str, t.Any]) -> None:
    """If one of two sessions has ended or began earlier, it remains unknown which of them the URL opened."""
    ended = record(id="30", session_id="b2" * 20, start="2026-01-31 12:00:01", **ENDED_LATER)
    later = record(start="2026-01-31 12:00:10")
    api.expect(*[listing(ended, later)._replace(headers=LATER), listing(ended)._replace(headers=LATER)])
    result = run({"created": CREATED, **UTC, **narrower})
    assert (result["decided"], ids(result)) == (False, [30, 31] if "user" in narrower else [31])
    assert result["reason"] == ANOTHER_SESSION
    result = run({"created": CREATED, **UTC, **narrower})
    assert (result["decided"], ids(result), result["reason"]) == (True, [30] if "user" in narrower else [], None)


@pytest.mark.parametrize(("sessions", "found"), [([], []), ([record()], [31])])
def test_url_has_not_expired(api: Api, run: RunModule, sessions: list[t.Any], found: list[int]) -> None:
    """The right session may still come. The listed one may be from another person's URL."""
    api.expect(listing(*sessions)._replace(headers={**DATED, "Date": "Sat, 31 Jan 2026 12:00:36 GMT"}))
    result = run({"created": CREATED, **UTC})
    assert (ids(result), result["decided"]) == (found, False)
    assert result["reason"] == TOO_EARLY


def test_list_is_as_old_as_its_request(simulator: Simulator, vault: dict[str, t.Any], run: RunModule) -> None:
    """Sessions that start while PAM Core creates the list are not in it, so such a list cannot identify a session."""
    simulator.fault("*/remotesessions", {"name": "slow", "delay": 2.5})
    now = simulator.clock.now()
    opens = {"opens_from": now - timedelta(seconds=35), "opens_until": now - timedelta(seconds=4)}
    created = {**SESSION_FACTS, **{name: moment.isoformat() for name, moment in opens.items()}}
    reach = {name: value for name, value in vault.items() if name not in SESSION_FACTS}
    options = {**dict.fromkeys(BEARER), **reach, **UTC, "created": created}
    assert run(options)["reason"].startswith("The URL has not expired yet")


def test_created_from_check_mode(api: Api, run: RunModule) -> None:
    api.expect(listing(record()))
    result = run({"created": {**CREATED, "opens_from": None, "opens_until": None}, **UTC, "wait": True})
    assert result == {
        "changed": False,
        "sessions": [],
        "decided": False,
        "reason": "created is from check mode, in which no URL was issued.",
    }


# Waiting


def test_wait_until_a_session_is_listed(api: Api, run: RunModule, slept: list[float]) -> None:
    api.expect(listing(), listing(*SOME[2:]), listing(*SOME))
    assert ids(run({"user": "jdoe", "wait": True})) == [1, 2]
    assert slept == [info.PAUSE] * 2


def test_no_wait_if_a_session_is_listed(api: Api, run: RunModule, slept: list[float]) -> None:
    api.expect(listing(*SOME))
    run({"wait": True})
    assert slept == []


def test_wait_for_the_session_opened_by_a_url(api: Api, run: RunModule, slept: list[float]) -> None:
    """The list is not requested in between, because only the end of the URL allows a decision."""
    api.expect(listing(record()), listing(record())._replace(headers=LATER))
    result = run({"created": CREATED, **UTC, "wait": True})
    assert (ids(result), result["decided"]) == ([31], True)
    [pause] = slept
    assert 36 < pause < 40


def test_wait_times_out(api: Api, run: RunModule) -> None:
    api.expect(listing(), listing())
    start = time.monotonic()
    assert run({"wait": True, "wait_timeout": 0.3}) == {"changed": False, "sessions": []}
    assert 0.3 <= time.monotonic() - start < 1.9


def test_wait_for_a_url_times_out(api: Api, run: RunModule) -> None:
    api.expect(listing(record()), listing(record()))
    result = run({"created": CREATED, **UTC, "wait": True, "wait_timeout": 0.2})
    assert (ids(result), result["decided"]) == ([31], False)


def test_no_wait_in_check_mode(api: Api, run: RunModule, slept: list[float]) -> None:
    api.expect(listing())
    assert run({"wait": True}, check=True) == {"changed": False, "sessions": []}
    assert slept == []


def test_failure_ends_the_wait(api: Api, run: RunModule, slept: list[float]) -> None:
    api.expect(listing(), LIST._replace(status=400, body=minimal(400, "No")))
    assert run({"wait": True})["msg"] == f'{LISTING}PAM Core responded with "No" (HTTP 400).'


# Warnings


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"device": "web02"}, "web02"),
        ({"device": ["web02", "192.0.2.99"], "user": "jdoe"}, "web02 or 192.0.2.99"),
        ({"created": {**CREATED, "device": "web02"}, **UTC}, "web02"),
        ({"device": "web01", "user": "nobody"}, None),
        ({"device": "web01", "session_id": "nobody's"}, None),
        ({"device": ["web01", "192.0.2.99"]}, None),
        ({"user": "nobody"}, None),
    ],
)
def test_unlisted_device_warns(
    api: Api, run: RunModule, options: dict[str, t.Any], text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.warn", lambda _module, warning: told.append(warning))
    api.expect(*[listing(*SOME)._replace(headers=LATER)] * 2)
    run(options)
    expected = (
        f"PAM Core lists no session, active or ended, on {text}. It lists a device under its host name or its address. "
        "If you expect sessions, name the device both ways."
    )
    assert told == ([expected] if text else [])
    told.clear()
    run(options, check=True)
    assert told == []


def test_disabled_verification_warns(api: Api, run: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.warn", lambda _module, warning: told.append(warning))
    api.expect(listing())
    run({"validate_certs": False})
    assert told == [NOT_VERIFIED]


# Any response

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["remote_sessions", "remote_session", "id", "credencial", "dispositivo", *record()])
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


def get_session_info(monkeypatch: pytest.MonkeyPatch, call: Call, options: dict[str, t.Any]) -> dict[str, t.Any]:
    api = Api().expect(call)

    def send(adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        return api.send(adapter, request, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr("requests.adapters.HTTPAdapter.send", send)
        return info.get_session_info(connect({**REACH, "timeout": 5.0, "retries": 0}), options)


@example([{"id": 1, "device": []}], {"device": ["web01"]})
@given(JSON, st.sampled_from([{}, {"user": ["jdoe"]}, {"device": ["web01"]}, {"active": True}, {"id": [1]}]))
def test_any_response_is_parsed_or_rejected(
    monkeypatch: pytest.MonkeyPatch, content: t.Any, options: dict[str, t.Any]
) -> None:
    call = getting(1) if "id" in options else LIST
    try:
        answer = call._replace(body=full(200, "", 0, False, remote_sessions=content))
        found = get_session_info(monkeypatch, answer, options)
    except SenhaseguraError:
        return
    assert all(session.keys() == {*NORMAL, "original"} for session in found["sessions"])
    json.dumps(found)


TEXTS = st.text(max_size=30) | st.sampled_from(["web01", "web01:22", "::1", "[::1]:22", "192.0.2.1:1", ":", "a:b:1"])


@given(TEXTS)
def test_device_matches_its_listed_name(text: str) -> None:
    """With and without the port, however unusual the name is."""
    fits = Values(by_device("device"), [text])
    assert fits({"device": text})
    assert Values(by_device("device"), [text.upper()])({"device": text}) or text.casefold() != text.upper().casefold()
    host, port = split_device(text.strip())
    if port is not None:
        assert Values(by_device("device"), [f"[{host}]" if ":" in host else host])({"device": text})


@given(
    st.lists(st.sampled_from(SOME), max_size=6),
    st.dictionaries(
        st.sampled_from(["user", "protocol", "device"]),
        st.sampled_from(["jdoe", "asmith", "rdp", "ssh", "web01"]),
        max_size=3,
    ),
)
def test_filters_only_remove_sessions(
    monkeypatch: pytest.MonkeyPatch, sessions: list[t.Any], filters: dict[str, str]
) -> None:
    """A session matches a combination of filters if it matches each of them."""
    found = [
        [session["id"] for session in get_session_info(monkeypatch, listing(*sessions), options)["sessions"]]
        for options in ({name: [value] for name, value in each.items()} for each in (filters, *_singly(filters)))
    ]
    everything = [int(session["id"]) for session in sessions]
    assert found[0] == [number for number in everything if all(number in each for each in found[1:])]


def _singly(filters: dict[str, str]) -> list[dict[str, str]]:
    return [{name: value} for name, value in filters.items()]
