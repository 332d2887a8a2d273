# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options as the machine sees them: types, aliases, defaults, and the rules about their values.

The prose is in the doc fragments; a test holds the two together. Nothing here is ``required`` for Ansible itself, but
what each call must say: the other options may come from variables, the environment or ansible.cfg, which neither core's
check of arguments nor ansible-lint's sees. So :func:`problems` reports what is missing.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

Spec = dict[str, dict[str, t.Any]]

CONNECTION: Spec = {
    "url": {"type": "str", "aliases": ["system_url"]},
    "api_prefix": {"type": "str", "default": "auto", "choices": ["auto", "iso", "api"]},
    "auth_method": {"type": "str", "default": "auto", "choices": ["auto", "oauth2", "oauth1", "access_token"]},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "tenant": {"type": "str"},
    "consumer_key": {"type": "str", "no_log": False},
    "consumer_secret": {"type": "str", "no_log": True},
    "token_key": {"type": "str", "no_log": True},
    "token_secret": {"type": "str", "no_log": True},
    "access_token": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "proxy": {"type": "str"},
    "timeout": {"type": "float", "default": 30},
    "retries": {"type": "int", "default": 2},
    "token_cache": {"type": "bool", "default": True, "no_log": False},
}

REMOTE_SESSION: Spec = {
    "user": {"type": "str"},
    "device": {"type": "str", "required": True},
    "protocol": {"type": "str"},
    "credential": {"type": "str"},
    "auto_select_credential": {"type": "bool", "default": False},
    "remote_device": {"type": "str", "aliases": ["remotedevice"]},
    "remote_addr": {"type": "str", "aliases": ["remoteAddr"]},
    "port": {"type": "int"},
    "remote_app": {"type": "int", "aliases": ["remoteapp"]},
    "screen_size": {"type": "str", "aliases": ["screensize"]},
}

# Which options make up the credentials of each authentication method.
CREDENTIALS = {
    "oauth2": ("client_id", "client_secret"),
    "oauth1": ("consumer_key", "consumer_secret", "token_key", "token_secret"),
    "access_token": ("access_token",),
}

EMPTY = "is empty: leave it out, or say what to look for."
"""Of a filter, which would otherwise let more sessions through than was meant."""

DIRECTLY = "the task or lookup"
"""The origin of a value that the task's or lookup's own options give."""

SECRETS = tuple(name for name, option in CONNECTION.items() if option.get("no_log"))


def may_hold_secret(name: str) -> bool:
    """Whether a value of this option is not to be shown: that of proxy may have a password in it."""
    return name in SECRETS or name == "proxy"


_NOT_IN_URL = re.compile(r"[\s\x00-\x1f\x7f\\]")


def _url(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        port = parts.port  # raises ValueError for anything that is no port
    except ValueError:
        return "is not an address that can be understood."
    if _NOT_IN_URL.search(value):
        return "must not contain blanks, control characters or backslashes."
    if parts.scheme != "https":
        return "must begin with https://, since what is asked for gives privileged access."
    if not parts.hostname or port == 0:
        return "must name the host of PAM Core, such as https://vault.example."
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or a password."
    if "?" in value or "#" in value:
        return "must not have a query or a fragment."
    return None


def _proxy(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        usable = bool(parts.scheme in ("http", "https", "socks4", "socks4a", "socks5", "socks5h") and parts.hostname)
        usable = usable and parts.port != 0 and not re.search(r"[\s\x00-\x1f\x7f]", value)
    except ValueError:
        usable = False
    return None if usable else "must be the URL of a proxy, such as http://proxy.example:3128."


def _ip_address(value: str) -> str | None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return f"must be an IPv4 or IPv6 address, and is {shown(value)}."
    return f"must be an address without a zone, and is {shown(value)}." if "%" in value else None


def _between(low: int, high: int) -> Callable[[float], str | None]:
    return lambda value: None if low <= value <= high else f"must be from {low} to {high}, and is {value}."


def check_timeout(value: float) -> str | None:
    return None if 0 < value <= 3600 else f"must be more than 0 and at most 3600 seconds, and is {value}."


def _screen_size(value: str) -> str | None:
    if re.fullmatch(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", value, re.ASCII):
        return None
    return f"must be WIDTHxHEIGHT in pixels, such as 1920x1080, and is {shown(value)}."


def _access_token(value: str) -> str | None:
    if re.fullmatch(r"[\x21-\x7e]+", value, re.ASCII):
        return None
    return "must not contain blanks, line ends or other characters that a bearer token cannot have."


def shown(value: str) -> str:
    """A value that is no secret, in a message: short, and harmless on a terminal."""
    return ascii(value[:77] + "…" if len(value) > 80 else value)


Check = Callable[[t.Any], t.Optional[str]]
"""What is wrong with a value of the right type, to be read after the option's name, or ``None``."""

CHECKS: dict[str, Check] = {
    "url": _url,
    "proxy": _proxy,
    "timeout": check_timeout,
    "retries": _between(0, 10),
    "access_token": _access_token,
    "remote_addr": _ip_address,
    "port": _between(1, 65535),
    "remote_app": _between(1, 2**31 - 1),
    "screen_size": _screen_size,
}

_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "str": str,
    "path": str,
}


def without_empty(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options that say something: an empty text is what a survey or an environment gives for a field left empty."""
    return {name: value for name, value in options.items() if value is not None and value != ""}


def problems(
    options: Mapping[str, t.Any],
    spec: Spec,
    required: tuple[str, ...],
    origins: Mapping[str, str] | None = None,
    more_checks: Mapping[str, Check] | None = None,
) -> list[str]:
    """All that is wrong with the values, as sentences; an empty list if nothing is.

    *options* have gone through ``ArgumentSpecValidator``: values that could not be converted are still of a wrong type
    and are left to its own message. *origins* tell where a value came from, for people who have to find it.
    *more_checks* are for options that :data:`CHECKS` does not have.
    """
    checks = {**CHECKS, **(more_checks or {})}
    options = without_empty(options)
    found = [f"{name} is missing or empty." for name in required if not str(options.get(name, "")).strip()]
    for name, option in spec.items():
        value = options.get(name)
        problem = None
        if isinstance(value, str) and not is_encodable(value):
            problem = "has characters that are no valid text."
        elif name in checks and isinstance(value, _PYTHON_TYPES[option["type"]]):
            problem = checks[name](value)
        if problem:
            found.append(f"{name}{elsewhere(name, origins)} {problem}")
    if options.get("client_key") and not options.get("client_cert"):
        found.append("client_key is of no use without client_cert.")
    return found + _credential_problems(options, origins)


_EXCLUSIVE = ("credential", "auto_select_credential")


def without_overruled(options: Mapping[str, t.Any], origins: Mapping[str, str]) -> dict[str, t.Any]:
    """Of two options that exclude each other, the task's own overrules one that is set for many tasks: that one could
    not be unset, since an empty text is as good as none."""
    others = [name for name in _EXCLUSIVE if origins.get(name) != DIRECTLY]
    overruled = others if all(options.get(name) for name in _EXCLUSIVE) and len(others) == 1 else []
    return {name: value for name, value in options.items() if name not in overruled}


def remote_session_problems(options: Mapping[str, t.Any], origins: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong between the options of a session."""
    automatic = options.get("auto_select_credential") is True
    named = str(options.get("credential") or "").strip()
    if automatic and named:
        both = " and ".join(f"{name}{elsewhere(name, origins)}" for name in _EXCLUSIVE)
        return [f"{both} exclude each other: name a credential, or let PAM Core select one."]
    if not automatic and not named:
        return [
            "credential is missing or empty; where the version of PAM Core can select one by itself, "
            "set auto_select_credential to true instead."
        ]
    return []


def chosen_auth_method(options: Mapping[str, t.Any]) -> str:
    """The authentication method of options without problems, never ``auto``."""
    method = options.get("auth_method", "auto")
    return method if method != "auto" else _complete_methods(without_empty(options))[0]


def _complete_methods(options: Mapping[str, t.Any]) -> list[str]:
    return [method for method, names in CREDENTIALS.items() if all(options.get(name) for name in names)]


def _credential_problems(options: Mapping[str, t.Any], origins: Mapping[str, str] | None) -> list[str]:
    method = options.get("auth_method", "auto")
    if method in CREDENTIALS:
        missing = [name for name in CREDENTIALS[method] if not options.get(name)]
        return [f"{_listed(missing)} {_verb(missing)} missing for auth_method {method}."] if missing else []
    complete = _complete_methods(options)
    if len(complete) == 1:
        return []
    if complete:
        sets = "; ".join(
            f"{method} with {', '.join(f'{name}{_from(name, origins)}' for name in CREDENTIALS[method])}"
            for method in complete
        )
        return [
            f"There are credentials for more than one authentication method: {sets}. Set auth_method to one of them."
        ]
    for names in CREDENTIALS.values():
        missing = [name for name in names if not options.get(name)]
        if len(missing) < len(names):
            given = ", ".join(f"{name}{_from(name, origins)}" for name in names if options.get(name))
            return [
                f"The credentials are not complete: there is {given}, but {_listed(missing)} {_verb(missing)} missing."
            ]
    return [
        "There are no credentials: set client_id and client_secret (OAuth 2.0), "
        "consumer_key, consumer_secret, token_key and token_secret (OAuth 1.0), or access_token."
    ]


def elsewhere(name: str, origins: Mapping[str, str] | None) -> str:
    """Where to look for a value that is not before the reader's eyes."""
    return "" if (origins or {}).get(name) == DIRECTLY else _from(name, origins)


def is_encodable(value: str) -> bool:
    """False for what was not UTF-8 in the environment, and for a text that ends early for the operating system."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def _from(name: str, origins: Mapping[str, str] | None) -> str:
    origin = (origins or {}).get(name)
    return f" from {origin}" if origin else ""


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
