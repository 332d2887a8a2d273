# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of all plugins: how to reach PAM Core, and how to authenticate."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from urllib.parse import urlsplit

from .spec import Option, Origins, between, check_timeout, configurable, from_origin, without_empty

_NOT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f\\]")


def _url(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        port = parts.port  # raises ValueError for anything that is no port
    except ValueError:
        return "is not a valid URL."
    if _NOT_IN_URL.search(value):
        return "must not contain spaces, control characters or backslashes."
    if parts.scheme != "https":
        return "must begin with https://, because http:// would send secrets unencrypted."
    if not parts.hostname or port == 0:
        return "must contain the host name of PAM Core, such as https://vault.example."
    if parts.username is not None or parts.password is not None:
        return "must not contain a user name or a password."
    if "?" in value or "#" in value:
        return "must not contain a query or a fragment."
    return None


def _proxy(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        usable = bool(parts.scheme in ("http", "https", "socks4", "socks4a", "socks5", "socks5h") and parts.hostname)
        usable = usable and parts.port != 0 and not re.search(r"[\s\x00-\x1f\x7f]", value)
    except ValueError:
        usable = False
    return None if usable else "must be the URL of a proxy, such as http://proxy.example:3128."


def is_token(value: t.Any) -> t.TypeGuard[str]:
    """Whether it can be sent in a header as a bearer token."""
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value, re.ASCII) is not None


def _access_token(value: str) -> str | None:
    if is_token(value):
        return None
    return "must not contain spaces, newlines or other characters that are invalid in a bearer token."


CONNECTION = configurable(
    {
        "url": Option(required=True, aliases=("system_url",), is_url=True, check=_url),
        "api_prefix": Option(default="auto", choices=("auto", "iso", "api")),
        "auth_method": Option(default="auto", choices=("auto", "oauth2", "oauth1", "access_token")),
        "client_id": Option(),
        "client_secret": Option(secret=True),
        "tenant": Option(),
        "consumer_key": Option(),
        "consumer_secret": Option(secret=True),
        "token_key": Option(secret=True),
        "token_secret": Option(secret=True),
        "access_token": Option(secret=True, check=_access_token),
        "validate_certs": Option("bool", default=True),
        "ca_path": Option("path"),
        "client_cert": Option("path"),
        "client_key": Option("path"),
        "proxy": Option(is_url=True, check=_proxy),
        "timeout": Option("float", default=30, check=check_timeout),
        "retries": Option("int", default=2, check=between(0, 10)),
        "token_cache": Option("bool", default=True),
    }
)

AUTH_METHODS = {
    "oauth2": ("client_id", "client_secret"),
    "oauth1": ("consumer_key", "consumer_secret", "token_key", "token_secret"),
    "access_token": ("access_token",),
}
"""The options that each authentication method needs."""

SECRETS = tuple(name for name, option in CONNECTION.items() if option.secret)


def chosen_auth_method(options: Mapping[str, t.Any]) -> str:
    """The authentication method of valid options, never ``auto``."""
    method = options.get("auth_method", "auto")
    return method if method != "auto" else _complete_methods(without_empty(options))[0]


def connection_problems(options: Mapping[str, t.Any], origins: Origins | None = None) -> list[str]:
    """Problems between the options, as sentences."""
    options = without_empty(options)
    found = []
    if options.get("client_key") and not options.get("client_cert"):
        found.append("client_key requires client_cert.")
    return found + _auth_problems(options, origins)


def _complete_methods(options: Mapping[str, t.Any]) -> list[str]:
    return [method for method, names in AUTH_METHODS.items() if all(options.get(name) for name in names)]


def _auth_problems(options: Mapping[str, t.Any], origins: Origins | None) -> list[str]:
    method = options.get("auth_method", "auto")
    if method in AUTH_METHODS:
        missing = [name for name in AUTH_METHODS[method] if not options.get(name)]
        return [f"{_listed(missing)} {_verb(missing)} missing for auth_method {method}."] if missing else []
    complete = _complete_methods(options)
    if len(complete) == 1:
        return []
    if complete:
        sets = "; ".join(
            f"{method} with {', '.join(f'{name}{from_origin(name, origins)}' for name in AUTH_METHODS[method])}"
            for method in complete
        )
        return [
            f"API credentials are set for more than one authentication method: {sets}. Set auth_method to one of them."
        ]
    for names in AUTH_METHODS.values():
        missing = [name for name in names if not options.get(name)]
        if len(missing) < len(names):
            given = ", ".join(f"{name}{from_origin(name, origins)}" for name in names if options.get(name))
            return [
                f"The API credentials are incomplete: got {given}, but {_listed(missing)} {_verb(missing)} missing."
            ]
    return [
        "No API credentials given: set client_id and client_secret (OAuth 2.0), "
        "consumer_key, consumer_secret, token_key and token_secret (OAuth 1.0), or access_token."
    ]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
