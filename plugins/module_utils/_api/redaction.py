# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Redacts secrets in a server's texts, so that a message can quote them."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable, Iterator
from html import escape, unescape
from urllib.parse import quote, quote_plus, unquote

from .._errors import printable

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""What ansible-core puts in place of a secret."""

MIN_SECRET = 4
"""Characters of the shortest secret that is redacted."""

MIN_SECRET_TO_SEARCH = 8
"""Characters of the shortest secret that is also searched for in encoded form."""

MAX_TEXT = 10_000
"""Characters of the longest text in which secrets are redacted. Many MB would take minutes."""

TOO_LONG = "(too long to show)"


class Redactor:
    """Redacts the secrets of one client."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        self.secrets = [secret for secret in secrets if secret]

    def add(self, secret: str) -> None:
        if secret not in self.secrets:
            self.secrets.append(secret)

    def text(self, text: str, limit: int = 1000) -> str:
        """Text of a server as part of a message: see :func:`redacted`."""
        return redacted(text, self.secrets, limit)

    def value(self, value: t.Any) -> t.Any:
        """A result that is shown: see :func:`without_secrets`."""
        return without_secrets(value, self.secrets)


def redacted(text: str, secrets: Iterable[t.Any], limit: int = 1000) -> str:
    """One line of at most *limit* characters and an ellipsis, without control characters. *secrets* that are not
    strings are ignored. A text with more than MAX_TEXT characters is not shown.

    If *text* still has a secret in encoded form, nothing of it is shown, because the rest may be part of the secret.
    """
    if len(text) > MAX_TEXT:
        return TOO_LONG
    text = _one_line(text)
    wanted = {secret for secret in secrets if isinstance(secret, str) and len(_one_line(secret)) >= MIN_SECRET}
    for secret in sorted(wanted, key=len, reverse=True):
        for form in map(_one_line, _forms(secret)):
            if len(form) <= len(text):  # or else to compile the pattern would take long, and find nothing
                text = re.sub(re.escape(form), "***", text, flags=re.IGNORECASE)
    text = re.sub(r"\b_sr=\S+", "_sr=***", text)
    if _holds_any(text, wanted):
        return "***"
    return text if len(text) <= limit else text[:limit] + "…"


def without_secrets(value: t.Any, secrets: Iterable[str]) -> t.Any:
    """Copy a JSON value. Secrets are replaced as Ansible does it, and control characters by spaces."""
    # The longest first, since a secret may be part of another one.
    wanted = sorted((secret for secret in secrets if len(secret) >= MIN_SECRET), key=len, reverse=True)

    def clean(part: t.Any) -> t.Any:
        if isinstance(part, str):
            for secret in wanted:
                part = part.replace(secret, HIDDEN)
            return printable(part, kept="\t\n\r")
        if isinstance(part, dict):
            return {clean(name): clean(item) for name, item in part.items()}
        return [clean(item) for item in part] if isinstance(part, list) else part

    return clean(value)


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _forms(secret: str) -> Iterator[str]:
    """The common written forms of a secret. This works for a secret with an unpaired surrogate too."""
    yield secret
    for quoting in (quote, quote_plus):
        for safe in ("", "/"):
            yield quoting(secret, safe=safe, errors="surrogatepass")
    in_json = json.dumps(secret)[1:-1]
    yield from (in_json, in_json.replace("/", "\\/"), escape(secret))
    yield secret.encode("utf-8", "surrogatepass").decode("latin-1")  # as the bytes of a header are read


def _holds_any(text: str, secrets: Iterable[str]) -> bool:
    """Whether a secret can be recovered by decoding *text* up to twice, ignoring case, spaces and invisible characters.

    Only for longer secrets. Secrets that are hashed, in base64 or truncated are not found.
    """
    readings = {text, text.replace(" ", "")}
    for _coding in range(2):
        readings |= {decode(reading) for reading in readings for decode in (unquote, unescape, _unescape_json)}
    bare = [_bare(reading) for reading in readings]
    wanted = [secret for secret in map(_bare, secrets) if len(secret) >= MIN_SECRET_TO_SEARCH]
    return any(secret in reading for secret in wanted for reading in bare)


def _bare(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and char not in " +").upper().casefold()


def _unescape_json(text: str) -> str:
    def unescape(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        return " " if found[2] in "bfnrtBFNRT" else found[2]

    text = re.sub(r"\\(?:[uU]([0-9a-fA-F]{4})|(.))", unescape, text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two halves make a character
