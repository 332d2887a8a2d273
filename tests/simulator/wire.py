# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and responses as plain values, and the envelope of every API response."""

from __future__ import annotations

import email.parser
import email.policy
import ipaddress
import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl

from .profiles import Profile


def normal_address(address: str) -> str:
    """An IP address without a scope, and as IPv4 if it is an IPv4 address mapped to IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)


def parse_form(content_type: str, body: bytes) -> dict[str, str]:
    """Form fields of a body, urlencoded or multipart. Empty for any other content type."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if kind != "multipart/form-data":
        return {}
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, str] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode("utf-8", "replace")
    return fields


def parse_json(body: bytes) -> t.Any:
    """The JSON of a body, or ``None``."""
    try:
        return json.loads(body)
    except ValueError:
        return None


@dataclass
class Incoming:
    """A request as it arrived. ``headers`` has names in lower case, and ``target`` is path and query as sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: str
    connection: int = 0

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def raw_query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.target}"

    @property
    def form(self) -> dict[str, str]:
        return parse_form(self.headers.get("content-type", ""), self.body)

    @property
    def json(self) -> t.Any:
        return parse_json(self.body)

    @property
    def parameters(self) -> dict[str, t.Any]:
        """Query, form and JSON. The later ones override the earlier ones.

        The documentation says forms and shows JSON. Public clients use all of them. A JSON body counts, whatever its
        content type [I]."""
        given = self.json
        return {**self.query, **self.form, **(given if isinstance(given, dict) else {})}


@dataclass
class Recorded:
    """A request in the log. ``status`` is ``None`` if no response was sent. ``fault`` names the fault that applied."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    connection: int
    peer: str
    time: datetime
    status: int | None = None
    fault: str | None = None

    @property
    def json(self) -> t.Any:
        return parse_json(self.body)

    @property
    def form(self) -> dict[str, str]:
        return parse_form(self.headers.get("content-type", ""), self.body)

    def as_dict(self) -> dict[str, t.Any]:
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": self.body.decode("utf-8", "replace"),
            "json": self.json,
            "form": self.form,
            "connection": self.connection,
            "peer": self.peer,
            "time": self.time.isoformat(),
            "status": self.status,
            "fault": self.fault,
        }


@dataclass
class Answer:
    """A response. ``payload`` is the JSON of the body, if there is any, for faults that change it."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    payload: dict[str, t.Any] | None = None


class Refusal(Exception):
    """Ends the handling of a request with a response."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(status: int, payload: dict[str, t.Any], headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(payload).encode(), payload
    )


def html_answer(status: int, page: str) -> Answer:
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    return Answer(status, headers, page.encode())


def gateway_answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The API gateway in front of the product responds only with a message [I]."""
    return json_answer(status, {"message": message}, headers)


def success(
    profile: Profile,
    message: str,
    *,
    mensagem: str | None = None,
    tenant: str | None = None,
    payload: Mapping[str, t.Any] | None = None,
) -> Answer:
    envelope = _envelope(profile, profile.success_members, 200, message, mensagem, 0, tenant)
    return json_answer(200, {**envelope, **(payload or {})})


def failure(profile: Profile, status: int, message: str, *, error_code: int = 0, tenant: str | None = None) -> Answer:
    """An error without "exception"."""
    return json_answer(status, _envelope(profile, profile.error_members, status, message, None, error_code, tenant))


def handled_error(profile: Profile, code_and_message: tuple[int, str]) -> Answer:
    """An error with a code: HTTP 400 with "exception". The published samples contain no tenant."""
    code, message = code_and_message
    envelope = _envelope(profile, profile.exception_members, 400, message, None, 1, None)
    return json_answer(400, {**envelope, "exception": {"code": code, "message": message, "detail": None}})


def unexpected_error(profile: Profile, message: str, exception_message: str) -> Answer:
    envelope = _envelope(profile, profile.exception_members, 500, message, None, 1, None)
    return json_answer(500, {**envelope, "exception": {"code": 500, "message": exception_message, "detail": None}})


def _envelope(
    profile: Profile,
    members: tuple[str, ...],
    status: int,
    message: str,
    mensagem: str | None,
    error_code: int,
    tenant: str | None,
) -> dict[str, t.Any]:
    values = {
        "status": status,
        "message": message,
        "error": status >= 400,
        "error_code": error_code,
        "detail": "",
        "mensagem": message if mensagem is None else mensagem,
        "erro": status >= 400,
        "cod_erro": error_code,
    }
    return {
        **({"code": status} if profile.top_level_code else {}),
        "response": {member: values[member] for member in members},
        **({"tenant": tenant} if profile.multi_tenant and tenant else {}),
    }
