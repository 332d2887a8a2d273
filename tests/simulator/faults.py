# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand. Each fault is a line in FAULTS. A rule sets to which requests it applies, and how often.

A fault does up to three things. It responds *instead* of the API, which then does not get the request. It *edits* the
API's response. It *delivers* the response in another way than at once."""

from __future__ import annotations

import asyncio
import dataclasses
import fnmatch
import gzip
import json
import re
import socket
import struct
import typing as t
from collections.abc import Awaitable, Callable, Iterator, Mapping
from html import escape
from urllib.parse import quote, urlsplit

from . import profiles
from .auth import basic_credentials, oauth2_error, token_refused
from .state import State
from .wire import Answer, Incoming, failure, gateway_answer, html_answer, json_answer, unexpected_error

Parameters = Mapping[str, t.Any]
Instead = Callable[[State, Incoming, Parameters], Answer]
Edit = Callable[[State, dict[str, t.Any], Parameters], t.Any]
Deliver = Callable[[asyncio.Transport, Answer, Parameters], Awaitable[bool]]


@dataclasses.dataclass(frozen=True)
class Fault:
    """``edit`` changes its JSON in place. Other responses are unchanged. ``delay`` is in seconds.

    ``deliver`` returns whether it has written the response and closed the connection. Otherwise the response is sent as
    usual. With the parameter ``handled``, the API handles a request with an *instead* response, and its own response is
    discarded."""

    instead: Instead | None = None
    edit: Edit | None = None
    alter: Callable[[Answer, Parameters], Answer] | None = None
    deliver: Deliver | None = None
    parameters: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def known(self) -> dict[str, t.Any]:
        """All parameters with their defaults."""
        return {**self.parameters, **({"handled": False} if self.instead else {})}


@dataclasses.dataclass
class Rule:
    """``pattern`` is a glob for the path, or for the method and the path with a space between. ``times`` is None for
    always."""

    pattern: str
    name: str
    parameters: dict[str, t.Any]
    times: int | None

    @property
    def fault(self) -> Fault:
        return FAULTS[self.name]

    def strikes(self, method: str, path: str) -> bool:
        subject = f"{method} {path}" if " " in self.pattern else path
        return self.times != 0 and fnmatch.fnmatchcase(subject, self.pattern)


class FaultRules:
    """Rules are tried in order of their creation. Only the first matching rule applies."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, pattern: str, fault: str | Mapping[str, t.Any], times: int | None = 1) -> None:
        name, parameters = parse_fault(fault)
        self._rules.append(Rule(pattern, name, parameters, times))

    def clear(self) -> None:
        self._rules.clear()

    def take(self, method: str, path: str) -> Rule | None:
        for rule in list(self._rules):
            if rule.strikes(method, path):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None


def parse_fault(fault: str | Mapping[str, t.Any]) -> tuple[str, dict[str, t.Any]]:
    """``"slow"``, ``{"name": "slow", "delay": 2}``, ``"status:503"`` or ``{"status": 503, "body": ...}``."""
    given: dict[str, t.Any] = {"name": fault} if isinstance(fault, str) else dict(fault)
    name = str(given.pop("name", "status"))
    if name.startswith("status:"):
        given["status"] = int(name.partition(":")[2])
        name = "status"
    if name not in FAULTS:
        raise ValueError(f"There is no fault {name!r}. The faults are: {', '.join(FAULTS)}.")
    known = FAULTS[name].known
    unknown = [key for key in given if key not in known]
    if unknown:
        raise ValueError(f"The fault {name} has no parameters {', '.join(unknown)}. It has: {', '.join(known)}.")
    return name, {**known, **given}


# ---- instead of the API ---------------------------------------------------------------------------------------------


def _gateway(status: int, message: str) -> Instead:
    """A gateway's message and, if a number of seconds is set, Retry-After."""

    def instead(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
        retry_after = parameters.get("retry_after")
        return gateway_answer(status, message, {} if retry_after is None else {"Retry-After": str(retry_after)})

    return instead


def _unexpected_error(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    """v3-33 'api-get-ssh-key' shows this body."""
    return unexpected_error(state.profile, *profiles.UNEXPECTED_ERROR)


def _unauthorized(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    return token_refused(state)


def _html(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
    return Answer(parameters["status"], {"Content-Type": "text/html; charset=utf-8"}, page.encode())


def _empty(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    return Answer(parameters["status"], {"Content-Type": "application/json"})


def _not_json(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    return Answer(parameters["status"], {"Content-Type": "application/json"}, str(parameters["body"]).encode())


def _redirect(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    return Answer(parameters["status"], {"Location": str(parameters["location"])})


def _status(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    body = parameters["body"]
    if isinstance(body, (dict, list)):
        headers, content = {"Content-Type": "application/json"}, json.dumps(body).encode()
    elif isinstance(body, bytes):
        headers, content = {"Content-Type": "application/json"}, body
    else:
        headers, content = {"Content-Type": "text/plain; charset=utf-8"}, str(body).encode()
    given = {str(name).title(): str(value) for name, value in parameters["headers"].items()}
    return Answer(int(parameters["status"]), {**headers, **given}, content)


def _nothing(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    return Answer(0)


def _sent_secrets(state: State, incoming: Incoming) -> Iterator[str]:
    """Secrets in the request, and those of its client, because OAuth 1.0 never sends its own."""
    for name in ("client_secret", "token_secret", "consumer_secret", "password"):
        if name in incoming.parameters:
            yield str(incoming.parameters[name])
    header = incoming.headers.get("authorization", "")
    scheme, _blank, value = header.partition(" ")
    yield from filter(None, basic_credentials(header))
    if scheme.lower() == "bearer":
        yield value
        if value in state.tokens:
            yield state.tokens[value].authorization.client_secret
    for authorization in state.authorizations:
        if authorization.consumer_key and f'"{authorization.consumer_key}"' in header:
            yield from (authorization.consumer_secret, authorization.token_secret)


def _echo(state: State, incoming: Incoming, echoed: str, parameters: Parameters) -> Answer:
    status, text = parameters["status"], f"Request refused: {echoed}"
    if parameters["where"] == "page":
        return html_answer(status, f"<!DOCTYPE html><html><body><h1>{escape(text)}</h1></body></html>")
    if parameters["where"] == "headers":
        headers = {"Content-Type": f"text/{echoed}", "Location": f"/?{quote(echoed)}", "X-Request": echoed}
        return Answer(status, headers)
    if "/oauth2/" in incoming.path:
        answer = oauth2_error(status, "invalid_client")
        return json_answer(status, {**(answer.payload or {}), "error_description": text, "message": text})
    return failure(state.profile, status, text, error_code=1)


def _echo_authorization(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    return _echo(state, incoming, incoming.headers.get("authorization", ""), parameters)


def _echo_secret(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    return _echo(state, incoming, " ".join(_sent_secrets(state, incoming)), parameters)


def _ends_before(state: State, incoming: Incoming, parameters: Parameters) -> Answer:
    """The session ended just before the request to end it."""
    argument = incoming.path.rpartition("/")[2]
    for session in state.active_sessions():
        if argument in (session.session_id, session.uuid):
            session.end = state.clock.now()
    return failure(state.profile, 500, profiles.DROP_FAILED, error_code=1)


# ---- edits of the API's response ------------------------------------------------------------------------------------


def _messages(payload: dict[str, t.Any]) -> Iterator[tuple[dict[str, t.Any], str]]:
    """Every place of a text for people: the mapping and its key."""
    for mapping in (payload, payload.get("response"), payload.get("exception")):
        if isinstance(mapping, dict):
            yield from ((mapping, key) for key in ("message", "mensagem") if isinstance(mapping.get(key), str))


def _capital_message(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    """v3-33 prints ``Message`` where other pages have ``mensagem``."""
    response = payload.get("response")
    if isinstance(response, dict) and "mensagem" in response:
        payload["response"] = {"Message" if key == "mensagem" else key: value for key, value in response.items()}


def _no_tenant(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    payload.pop("tenant", None)


def _no_blank_after_code(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    for mapping, key in _messages(payload):
        mapping[key] = re.sub(r"^(\d{3,4}): ", r"\1:", mapping[key])


# Only the text for a terminated session is documented. The others are invented translations [I].
PORTUGUESE = {
    profiles.SESSION_CREATED: "Sessão criada com sucesso",
    "Session dropped successfully": "Sessão interrompida com sucesso",
    "User not specified": "Usuário não especificado",
    "Username not specified": "Usuário não especificado",
    profiles.CREDENTIAL_MISSING: "Credencial não especificada",
    profiles.DEVICE_MISSING: "Dispositivo da credencial não especificado",
    profiles.INVALID_PROTOCOL: "Protocolo inválido",
    profiles.SESSION_NOT_FOUND[1]: "1002: Sessão não encontrada",
    profiles.NOT_AUTHORIZED: "Você não está autorizado a acessar este recurso.",
    profiles.NOT_WRITABLE[1]: "1039: Sem permissão de acesso à configuração do PAM",
}


def _portuguese(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    for mapping, key in _messages(payload):
        mapping[key] = PORTUGUESE.get(mapping[key], mapping[key])
    for record in _records(payload):
        record["prevent_purge"] = "Não"


def _records(payload: dict[str, t.Any]) -> Iterator[dict[str, t.Any]]:
    for key in ("remote_sessions", "remote_session"):
        yield from payload.get(key, [])


def _uuid_session_ids(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    """One export shows UUIDs. Both identifiers end a session."""
    uuids = {session.session_id: session.uuid for session in state.sessions}
    for record in _records(payload):
        record["session_id"] = uuids[record["session_id"]]


def _session_as_object(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    for key in ("remote_sessions", "remote_session"):
        if payload.get(key):
            payload[key] = payload[key][0]


def _nested_envelope(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    """v3-33 and v4 'api-get-list-all-remote-sessions' show a whole second envelope within the list."""
    for key in ("remote_sessions", "remote_session"):
        if key in payload:
            payload[key] = [dict(payload)]


def _error_true(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    """A success with HTTP 200, but with error flags: the reverse of the API's own contradiction."""
    response = payload.setdefault("response", {})
    response["error"] = response["erro"] = True


def _without(*names: str) -> Edit:
    """Remove members from the session, or from the response if they are there."""

    def edit(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
        for mapping in (payload, payload.get("session")):
            if isinstance(mapping, dict):
                for name in names:
                    mapping.pop(name, None)

    return edit


def _replaced(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    """Members with names like ``response.status`` get another value. If the parent is not a mapping, nothing
    changes."""
    for name, value in parameters["members"].items():
        *parents, last = name.split(".")
        mapping: t.Any = payload
        for parent in parents:
            mapping = mapping.get(parent) if isinstance(mapping, dict) else None
        if isinstance(mapping, dict):
            mapping[last] = value


def _removed(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    _without(*parameters["members"])(state, payload, parameters)


def _relative_url(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    session = payload.get("session")
    if isinstance(session, dict):
        url = urlsplit(session["session_url"])
        session["session_url"] = f"{url.path}?{url.query}"


def _awkward_url(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    """A URL that opens only if no program re-encodes it: base64 with ``+``, ``/`` and ``=``."""
    session = payload.get("session")
    if isinstance(session, dict):
        before, mark, sr = session["session_url"].partition("_sr=")
        awkward = f"{sr}+/+/=="
        state.pending[awkward] = state.pending.pop(sr)
        session["session_url"] = f"{before}{mark}{awkward}"


def _huge(state: State, payload: dict[str, t.Any], parameters: Parameters) -> None:
    payload["padding"] = "x" * int(parameters["size"])


def _maybe_gzip(answer: Answer, parameters: Parameters) -> Answer:
    if not parameters["gzip"]:
        return answer
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return dataclasses.replace(answer, headers=headers, body=gzip.compress(answer.body))


def _cut_body(answer: Answer, parameters: Parameters) -> Answer:
    """Half of the body. With ``honest``, Content-Length matches it."""
    if not parameters["honest"]:
        return answer
    return dataclasses.replace(answer, body=answer.body[: len(answer.body) // 2])


# ---- delivery -------------------------------------------------------------------------------------------------------


def serialize(answer: Answer, reason: str = "Simulated") -> tuple[bytes, bytes]:
    """Head and body in bytes."""
    lines = [
        f"HTTP/1.1 {answer.status} {reason}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        f"Content-Length: {len(answer.body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode(), answer.body


async def _reset(transport: asyncio.Transport, answer: Answer, parameters: Parameters) -> bool:
    """A TCP reset instead of an orderly close."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return True


async def _truncate(transport: asyncio.Transport, answer: Answer, parameters: Parameters) -> bool:
    """Half of the announced Content-Length, and then a close."""
    head, body = serialize(answer)
    transport.write(head + (body if parameters["honest"] else body[: len(body) // 2]))
    transport.close()
    return True


async def _dribble(transport: asyncio.Transport, answer: Answer, parameters: Parameters) -> bool:
    """A few bytes at a time: of the body or, with ``part: headers``, from the first byte on."""
    head, body = serialize(answer)
    rest = head + body
    if parameters["part"] == "body":
        transport.write(head)
        rest = body
    step = int(parameters["chunk"])
    for start in range(0, len(rest), step):
        if transport.is_closing():
            return True
        await asyncio.sleep(float(parameters["delay"]))
        transport.write(rest[start : start + step])
    transport.close()
    return True


async def _echo_raw(transport: asyncio.Transport, answer: Answer, parameters: Parameters) -> bool:
    """Invalid output that no web server allows: an echo as the reason phrase, or instead of HTTP."""
    if parameters["where"] == "headers":
        head, body = serialize(answer, reason=answer.headers["X-Request"])
        transport.write(head + body)
    elif parameters["where"] == "status_line":
        text = (answer.payload or {}).get("message") or (answer.payload or {})["response"]["message"]
        transport.write(f"{text}\r\n\r\n".encode())
    else:
        return False
    transport.close()
    return True


async def _late(transport: asyncio.Transport, answer: Answer, parameters: Parameters) -> bool:
    """The request has been handled, and the response is delayed."""
    await asyncio.sleep(float(parameters["delay"]))
    return False


_RETRY = {"retry_after": None}
_OK = {"status": 200}
_ECHO = {"status": 400, "where": "message"}

FAULTS: dict[str, Fault] = {
    # The gateway in front. For 404, 502 and 504 the documentation has only the texts. The others, and each status, are
    # [I].
    "gateway_404": Fault(instead=_gateway(404, profiles.NO_ROUTE)),
    "gateway_502": Fault(instead=_gateway(502, profiles.UPSTREAM_INVALID)),
    "gateway_503": Fault(instead=_gateway(503, "Service unavailable"), parameters=_RETRY),
    "gateway_504": Fault(instead=_gateway(504, profiles.UPSTREAM_TIMEOUT)),
    "too_many_requests": Fault(instead=_gateway(429, "API rate limit exceeded"), parameters=_RETRY),
    "unexpected_error": Fault(instead=_unexpected_error),
    "unauthorized_401": Fault(instead=_unauthorized),
    "html": Fault(instead=_html, parameters=_OK),
    "empty": Fault(instead=_empty, parameters=_OK),
    "not_json": Fault(instead=_not_json, parameters={**_OK, "body": '{"response": {"status": 200, '}),
    "redirect": Fault(instead=_redirect, parameters={"status": 302, "location": "/redirected"}),
    "status": Fault(instead=_status, parameters={"status": 500, "headers": {}, "body": ""}),
    "echo_authorization": Fault(instead=_echo_authorization, deliver=_echo_raw, parameters=_ECHO),
    "echo_secret": Fault(instead=_echo_secret, deliver=_echo_raw, parameters=_ECHO),
    # The connection
    "reset": Fault(instead=_nothing, deliver=_reset),
    "reset_after": Fault(deliver=_reset),
    "truncated": Fault(alter=_cut_body, deliver=_truncate, parameters={"honest": False}),
    "slow": Fault(deliver=_late, parameters={"delay": 5.0}),
    "dribble": Fault(deliver=_dribble, parameters={"delay": 0.2, "chunk": 1, "part": "body"}),
    # The API's response
    "capital_message": Fault(edit=_capital_message),
    "no_tenant": Fault(edit=_no_tenant),
    "no_blank_after_code": Fault(edit=_no_blank_after_code),
    "portuguese": Fault(edit=_portuguese),
    "uuid_session_ids": Fault(edit=_uuid_session_ids),
    "session_as_object": Fault(edit=_session_as_object),
    "nested_envelope": Fault(edit=_nested_envelope),
    "ends_before": Fault(instead=_ends_before),
    "error_true_with_200": Fault(edit=_error_true),
    "no_session": Fault(edit=_without("session")),
    "no_url": Fault(edit=_without("session_url")),
    "no_token": Fault(edit=_without("token", "access_token")),
    "removed": Fault(edit=_removed, parameters={"members": []}),
    "replaced": Fault(edit=_replaced, parameters={"members": {}}),
    "relative_url": Fault(edit=_relative_url),
    "awkward_url": Fault(edit=_awkward_url),
    "huge": Fault(edit=_huge, alter=_maybe_gzip, parameters={"size": 8 * 1024 * 1024, "gzip": False}),
}


def edited(state: State, answer: Answer, rule: Rule) -> Answer:
    """The API's response after the fault's edits."""
    if rule.fault.edit is not None and answer.payload is not None:
        rule.fault.edit(state, answer.payload, rule.parameters)
        answer = dataclasses.replace(answer, body=json.dumps(answer.payload).encode())
    return rule.fault.alter(answer, rule.parameters) if rule.fault.alter else answer
