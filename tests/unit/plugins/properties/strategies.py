# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Free input: values that people may write into options, and responses that servers may send."""

from __future__ import annotations

import copy
import json
import math
import typing as t
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

from hypothesis import settings
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._options.connection import CONNECTION, SECRETS
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import REMOTE_SESSION
from tests.unit.plugins.support import (
    CREATED,
    CREATED_FULL,
    ISSUED,
    LOGGED_IN,
    NO_RESOURCE,
    NO_ROUTE,
    full,
    minimal,
    numbered,
)


def fewer(part: int) -> settings:
    """Settings with a fraction of the profile's examples, for slow tests."""
    return settings(max_examples=max(settings().max_examples // part, 5))


# Strings

ANY_CHARACTER = st.characters()  # including lone surrogates
VALID_CHARACTER = st.characters(codec="utf-8")
AWKWARD = (
    "",
    " ",
    "\0",
    "\n",
    "\u00a0",
    "\ud800",
    "\u202e",
    "\x1b[2J",
    "0",
    "-1",
    "1e999",
    "nan",
    "null",
    "none",
    "ture",
    "yes",
    "~",
    "~nobody-of-this-name/x",
    "$HOME",
    "${X",
    "%(x)s",
    "%s",
    "https://",
    "https://[",
    "https://v.example:99999",
    "https://v.example/a?b#c",
    "https://me:pass@v.example",
    "https://\u017fecret.example",
    "https://xn--a.example",
    "https://" + "a" * 300 + ".example",
    "https://a..example",
    "http://proxy.example:3128",
    "socks5h://me:secret@proxy.example",
    "fe80::1%eth0",
    "1x1",
    "!vault",
)
TEMPLATES = st.lists(
    st.sampled_from(
        ["{{", "}}", "{%", "%}", "{#", "#}", " ", "a_variable", "omit", "'", '"', "|", "default", "(", ")", "~", "x"]
    ),
    max_size=8,
).map("".join)

LONG = st.sampled_from("1a/").map(lambda char: char * 5000)
ANY_TEXT = st.text(ANY_CHARACTER, max_size=30) | st.sampled_from(AWKWARD) | TEMPLATES | LONG
VALID_TEXT = st.text(VALID_CHARACTER, max_size=30)
NAME_TEXT = VALID_TEXT.filter(lambda text: bool(text.strip()) and "\0" not in text)

NO_TEXTS = st.integers() | st.integers(-1, 70_000) | st.floats() | st.booleans() | st.none() | st.just(10**400)
SCALARS = ANY_TEXT | NO_TEXTS | st.ip_addresses().map(str)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(ANY_TEXT, SCALARS, max_size=2)

ALIASES = [alias for option in (CONNECTION | REMOTE_SESSION).values() for alias in option.aliases]
OPTION_NAMES = [*CONNECTION, *REMOTE_SESSION]
CANARY = "cAn4ry"
"""Part of each secret among the options. It shows where a secret appears."""

RIGHT: dict[str, st.SearchStrategy[t.Any]] = {
    "url": st.sampled_from(["https://vault.example", "https://127.0.0.1:8443/base/path/", "https://[::1]"]),
    "api_prefix": st.sampled_from(["auto", "iso", "api"]),
    "auth_method": st.sampled_from(["auto", "oauth2", "oauth1", "access_token"]),
    "validate_certs": st.booleans() | st.sampled_from(["yes", "no", "True", "0"]),
    "token_cache": st.booleans(),
    "auto_select_credential": st.booleans(),
    "proxy": st.sampled_from(["http://proxy.example:3128", f"http://me:{CANARY}@proxy.example", "socks5h://[::1]:1"]),
    "timeout": st.floats(0.001, 3600) | st.integers(1, 3600).map(str),
    "retries": st.integers(0, 10),
    "remote_addr": st.ip_addresses().map(str),
    "port": st.integers(1, 65535) | st.integers(1, 65535).map(str),
    "remote_app": st.integers(1, 2**31 - 1),
    "screen_size": st.from_regex(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", fullmatch=True),
    "ca_path": st.just("/"),
}
NAMES = st.sampled_from([*OPTION_NAMES, *ALIASES, "of_another_module", "Device"])


def _with_canary(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {_with_canary(key): _with_canary(part) for key, part in value.items()}
    if isinstance(value, list):
        return list(map(_with_canary, value))
    return CANARY + value if isinstance(value, str) else value


@st.composite
def options_of(
    draw: st.DrawFn, names: st.SearchStrategy[str], values: st.SearchStrategy[t.Any], most: int = 3
) -> dict[str, t.Any]:
    """Some options. About half of their values are valid."""
    options: dict[str, t.Any] = {}
    for name in draw(st.lists(names, max_size=most, unique=True)):
        value = draw(RIGHT.get(name, VALID_TEXT) if draw(st.booleans()) else values)
        options[name] = _with_canary(value) if name in SECRETS else value
    return options


def is_valid(value: t.Any) -> bool:
    """Predicate: does core pass such a value to a module? It passes no invalid strings, and no numbers that break its
    own validation."""
    if isinstance(value, dict):
        return all(is_valid(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(map(is_valid, value))
    if isinstance(value, str):
        too_much = value.strip().lstrip("+-").lower() in ("inf", "infinity") or (len(value) > 4000 and value.isdigit())
        return not too_much and not any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, float):
        return not math.isinf(value)
    return not isinstance(value, int) or abs(value) < 10**300


OPTIONS = options_of(NAMES, VALUES)
MODULE_OPTIONS = options_of(NAMES, VALUES.filter(is_valid))


# The API's names, taken from its documentation and not from our code
ON_THE_WIRE = {
    "user": "user",
    "credential": "credential",
    "device": "device",
    "protocol": "protocol",
    "remote_device": "remotedevice",
    "remote_addr": "remoteAddr",
    "port": "port",
    "remote_app": "remoteapp",
    "screen_size": "screensize",
}


# JSON, including values that resemble PAM Core's responses

JSON = st.recursive(
    SCALARS | st.sampled_from(["true", "400", "1011: x", "Client authentication failed", 200, 400, 401, 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)

REAL: tuple[dict[str, t.Any], ...] = (
    LOGGED_IN,
    CREATED,
    CREATED_FULL,
    NO_RESOURCE,
    NO_ROUTE,
    minimal(400, "Credential not specified"),
    full(400, "Username not specified"),
    numbered(400, 1011, "Device not found"),
    {"error": "invalid_client", "error_description": "Client authentication failed", "message": "No"},
    {"error": "access_denied", "hint": "The token is over", "message": "No"},
)


def _places(value: t.Any, path: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in _places(part, (*path, key)))]


@st.composite
def nearly(draw: st.DrawFn, real: st.SearchStrategy[t.Any]) -> t.Any:
    """A real value in which parts were replaced, removed or added."""
    value = copy.deepcopy(draw(real))
    for _change in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(_places(value)))
        if not place:
            continue
        holder = value
        for key in place[:-1]:
            holder = holder[key]
        change = draw(st.sampled_from(["replace", "leave out", "add"]))
        if change == "replace":
            holder[place[-1]] = draw(JSON)
        elif change == "leave out":
            del holder[place[-1]]
        elif isinstance(holder, dict):
            names = ["response", "session", "exception", "error", "message", "tenant", "access_token", "expires_in"]
            holder[draw(st.sampled_from(names) | ANY_TEXT)] = draw(JSON)
    return value


def as_json(value: t.Any) -> bytes:
    return json.dumps(value).encode()


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes that were cut off, or of which some were changed."""
    content = bytearray(draw(whole))
    for _change in range(draw(st.integers(0, 2))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))])


REAL_BODIES = nearly(st.sampled_from(REAL)).map(as_json)
BODIES = REAL_BODIES | damaged(REAL_BODIES) | JSON.map(as_json) | st.binary()

HEADER_VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=20)
HEADERS = st.fixed_dictionaries(
    {"Content-Type": st.sampled_from(["application/json", "text/html; charset=utf-8", ""]) | HEADER_VALUES},
    optional={
        "Retry-After": st.sampled_from(
            ["0", "1", "-1", "1.5", "9" * 30, "Mon, 01 Jan 99999999999 00:00:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT"]
        )
        | st.integers(0, 100).map(str)
        | HEADER_VALUES,
        "Content-Encoding": st.sampled_from(["gzip", "x-gzip", "deflate", "identity", "br", "gzip, gzip", ""])
        | HEADER_VALUES,
        "Content-Length": st.integers(-1, 2000).map(str) | HEADER_VALUES,
        "Transfer-Encoding": st.sampled_from(["chunked", "identity", ""]) | HEADER_VALUES,
        "Location": st.sampled_from(["/", "https://elsewhere.example/", "//", "https://["]) | HEADER_VALUES,
        "WWW-Authenticate": st.sampled_from(['Basic realm="OAuth"', "Bearer", "Negotiate"]) | HEADER_VALUES,
        "Set-Cookie": st.sampled_from(["a=b; path=/", "=", "a=b; expires=never; max-age=x"]) | HEADER_VALUES,
        "Connection": st.sampled_from(["close", "keep-alive", "upgrade"]),
    },
)
STATUSES = st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504]) | st.integers(
    200, 599
)


# Secrets, and how a server may echo them


def _is_long_enough(secret: str) -> bool:
    """Predicate: is the secret found in disguise?"""
    return sum(char.isprintable() and char not in " +" for char in secret) >= 8


# Spaces are the only invisible characters here, because HTML cannot escape the others.
SECRET_TEXT = (
    st.text(VALID_CHARACTER.filter(str.isprintable) | st.sampled_from(" \t\n+/%&\\\"'"), min_size=8, max_size=40)
    | st.text("0123456789abcdef", min_size=8, max_size=64)
).filter(_is_long_enough)
ASCII_SECRET = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=64).filter(
    _is_long_enough
)


def _php_html(text: str) -> str:
    return escape(text).replace("&#x27;", "&#039;")


CODINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    str.upper,
    str.lower,
    str.swapcase,
    lambda text: quote(text, safe=""),
    quote,
    quote_plus,
    lambda text: quote(text, safe="!'()*"),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    escape,
    _php_html,
    lambda text: "".join(f"&#{ord(char)};" for char in text),
    lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    lambda text: "".join(f"\\u{ord(char):04X}" if ord(char) < 0x10000 else char for char in text),
)


@st.composite
def echoes(draw: st.DrawFn, secret: str) -> str:
    """The secret in up to two codings, with invisible characters inserted."""
    for coding in draw(st.lists(st.sampled_from(CODINGS), max_size=2)):
        secret = coding(secret)
    for _break in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(secret)))
        blank = draw(st.sampled_from([" ", "\n", "\r\n    ", "\t", "\0", "\u200b", "\u00ad", "\u2028"]))
        secret = secret[:place] + blank + secret[place:]
    return secret


# Contents of the run's memory

TIMES = st.sampled_from([0, 1, -1, 1.5, 2**33, 2**70, 10**400, -(10**400)]) | st.integers() | st.floats()
REMEMBERED: tuple[dict[str, t.Any], ...] = (
    {"access_token": ISSUED, "from": 0, "to": 2**33},
    {"access_token": ISSUED, "from": 0, "to": 2**33, "new_not_accepted": "now"},
    {"path": "/iso/remote/session"},
    {"refused": "now", "msg": "Refused.", "http_status": 401, "error_code": None},
    {},
)
