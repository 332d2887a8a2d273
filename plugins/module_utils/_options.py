# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options as facts: types, aliases, defaults, where their values may come from, and the rules about them.

The prose is in the documentation fragments; a test compares the two. For Ansible, an option is ``required`` only if the
task must give it: the others may come from variables, the environment or ansible.cfg, which neither core's check of the
arguments nor ansible-lint sees. So :func:`problems` reports what is missing.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

Check = Callable[[t.Any], t.Optional[str]]
"""What is wrong with a value of the right type, to be read after the option's name, or ``None``."""


class Option(t.NamedTuple):
    """All facts about an option. What is not given is the safe case: no variable can set it."""

    type: str = "str"
    """As in Ansible. A ``time`` is a string for Ansible, and dates that YAML has read are accepted too."""
    default: t.Any = None
    required: bool = False
    """Whether the task must give it."""
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    elements: str | None = None
    members: tuple[str, ...] = ()
    """Of a dictionary. All of them are strings."""
    secret: bool = False
    configurable: bool = False
    """Whether a variable, an environment variable or, unless it is secret, ansible.cfg may set it."""
    check: Check | None = None

    def argument(self) -> dict[str, t.Any]:
        """The option in an argument spec of Ansible."""
        facts = {
            "type": "str" if self.type == "time" else self.type,
            "default": self.default,
            "required": self.required,
            "choices": list(self.choices),
            "aliases": list(self.aliases),
            "elements": self.elements,
            "options": {name: {"type": "str"} for name in self.members},
        }
        given = {name: value for name, value in facts.items() if value not in (None, False, [], {}) or name == "type"}
        # Core warns of a name that sounds like a secret, unless no_log is given.
        return {**given, **({"default": False} if self.default is False else {}), "no_log": self.secret}


Options = Mapping[str, Option]


def argument_spec(options: Options) -> dict[str, dict[str, t.Any]]:
    return {name: option.argument() for name, option in options.items()}


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
    """A value that is not secret, for a message: short, and without control characters."""
    return ascii(value[:77] + "…" if len(value) > 80 else value)


def _configurable(options: dict[str, Option]) -> dict[str, Option]:
    return {name: option._replace(configurable=not option.required) for name, option in options.items()}


CONNECTION = _configurable(
    {
        "url": Option(aliases=("system_url",), check=_url),
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
        "proxy": Option(check=_proxy),
        "timeout": Option("float", default=30, check=check_timeout),
        "retries": Option("int", default=2, check=_between(0, 10)),
        "token_cache": Option("bool", default=True),
    }
)

REMOTE_SESSION = _configurable(
    {
        "user": Option(),
        "device": Option(required=True),
        "protocol": Option(),
        "credential": Option(),
        "auto_select_credential": Option("bool", default=False),
        "remote_device": Option(aliases=("remotedevice",)),
        "remote_addr": Option(aliases=("remoteAddr",), check=_ip_address),
        "port": Option("int", check=_between(1, 65535)),
        "remote_app": Option("int", aliases=("remoteapp",), check=_between(1, 2**31 - 1)),
        "screen_size": Option(aliases=("screensize",), check=_screen_size),
    }
)

# Which options make up the credentials of each authentication method.
CREDENTIALS = {
    "oauth2": ("client_id", "client_secret"),
    "oauth1": ("consumer_key", "consumer_secret", "token_key", "token_secret"),
    "access_token": ("access_token",),
}

EMPTY = "is empty: leave it out, or say what to look for."
"""Of a filter, which would otherwise select more than was meant."""

DIRECTLY = "the task or lookup"
"""The origin of a value that the task's or lookup's own options give."""

SECRETS = tuple(name for name, option in CONNECTION.items() if option.secret)


def may_hold_secret(name: str) -> bool:
    """Whether a value of this option is not to be shown: that of proxy may have a password in it."""
    return name in SECRETS or name == "proxy"


_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "bool": bool,
    "str": str,
    "time": str,
    "path": str,
}


def without_empty(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Drop unset options. Surveys and environments give an empty string for a field left empty."""
    return {name: value for name, value in options.items() if value is not None and value != ""}


def problems(
    options: Mapping[str, t.Any],
    known: Options,
    required: tuple[str, ...],
    origins: Mapping[str, str] | None = None,
) -> list[str]:
    """All problems with the values, as sentences.

    Values that could not be converted are still of a wrong type, and have been reported. *origins* tell where a value
    came from, for people who have to find it.
    """
    options = without_empty(options)
    found = [f"{name} is missing or empty." for name in required if not str(options.get(name, "")).strip()]
    for name, option in known.items():
        value = options.get(name)
        problem = None
        if isinstance(value, str) and not is_encodable(value):
            problem = "has characters that are no valid text."
        elif option.check and isinstance(value, _PYTHON_TYPES[option.type]):
            problem = option.check(value)
        if problem:
            found.append(f"{name}{elsewhere(name, origins)} {problem}")
    if options.get("client_key") and not options.get("client_cert"):
        found.append("client_key is of no use without client_cert.")
    return found + _credential_problems(options, origins)


EXCLUSIVE = ("credential", "auto_select_credential")


def without_overruled(
    options: Mapping[str, t.Any], origins: Mapping[str, str], exclusive: tuple[str, ...]
) -> dict[str, t.Any]:
    """If two options exclude each other, the one set on the task wins over one from variables or configuration, because
    the latter cannot be unset for a task."""
    others = [name for name in exclusive if origins.get(name) != DIRECTLY]
    overruled = others if all(options.get(name) for name in exclusive) and len(others) == 1 else []
    return {name: value for name, value in options.items() if name not in overruled}


def remote_session_problems(options: Mapping[str, t.Any], origins: Mapping[str, str] | None = None) -> list[str]:
    """Problems between the options of a session."""
    automatic = options.get("auto_select_credential") is True
    named = str(options.get("credential") or "").strip()
    if automatic and named:
        both = " and ".join(f"{name}{elsewhere(name, origins)}" for name in EXCLUSIVE)
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
    """`` from <origin>`` for a value that was not set on the task."""
    return "" if (origins or {}).get(name) == DIRECTLY else _from(name, origins)


def is_encodable(value: str) -> bool:
    """False for a string that was not UTF-8 in the environment, and for one with a NUL byte."""
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
