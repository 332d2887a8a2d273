# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server's words without our secrets, and fit to stand in a message."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable, Iterator
from html import escape, unescape
from urllib.parse import quote, quote_plus, unquote

from ._errors import printable

MIN_SECRET = 4
"""Characters of the shortest secret that is taken out of a text."""

MIN_SECRET_TO_SEARCH = 8
"""Characters of the shortest secret that is searched for in disguise as well."""


def redacted(text: str, secrets: Iterable[t.Any], limit: int = 1000) -> str:
    """One line of at most *limit* characters and an ellipsis, harmless on a terminal. Of *secrets*, what is no text is
    left out.

    Where a secret shows in disguise, nothing is left of the text, since what else is there may be part of it.
    """
    text = _one_line(text)
    wanted = {secret for secret in secrets if isinstance(secret, str) and len(_one_line(secret)) >= MIN_SECRET}
    for secret in sorted(wanted, key=len, reverse=True):
        for form in _forms(secret):
            text = re.sub(re.escape(_one_line(form)), "***", text, flags=re.IGNORECASE)
    text = re.sub(r"\b_sr=\S+", "_sr=***", text)
    if _holds_any(text, wanted):
        return "***"
    return text if len(text) <= limit else text[:limit] + "…"


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _forms(secret: str) -> Iterator[str]:
    """How a secret commonly looks in a text. Where its characters are half of a pair, it can be quoted all the same."""
    yield secret
    for quoting in (quote, quote_plus):
        for safe in ("", "/"):
            yield quoting(secret, safe=safe, errors="surrogatepass")
    in_json = json.dumps(secret)[1:-1]
    yield from (in_json, in_json.replace("/", "\\/"), escape(secret))
    yield secret.encode("utf-8", "surrogatepass").decode("latin-1")  # as the bytes of a header are read


def _holds_any(text: str, secrets: Iterable[str]) -> bool:
    """Whether the text still has a secret in it for those who undo up to two codings, and who overlook case, blanks and
    other characters that cannot be seen.

    Only for secrets that nobody takes for words run together. What is hashed, in base64 or cut off is not found.
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
