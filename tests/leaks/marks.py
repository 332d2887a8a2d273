# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recognizable secrets, and the search for them."""

from __future__ import annotations

import base64
import re
import secrets
import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path

CONTROL = "control"
"""A harmless mark that is shown on purpose. It proves that a place is searched."""

KINDS = (
    "client secret",
    "consumer secret",
    "OAuth 1.0 token",
    "OAuth 1.0 token secret",
    "access token",
    "wrong secret",
    "proxy password",
    "issued token",
    "session token",
    "session URL",
    "webhook URL",
    CONTROL,
)

MARKS = {kind: re.sub(r"\W", "", kind) + secrets.token_hex(5) for kind in KINDS}
"""Letters and digits, which escaping and quoting do not change. They differ in each process, because these tests may
run in parallel on one machine, and see each other's processes."""


def secret(kind: str) -> str:
    """A secret of this kind. JSON, HTML, URLs, YAML and shells each escape its characters differently."""
    return f"{MARKS[kind]}/+&<\"'> %é={MARKS[kind]}"


def bearer(kind: str) -> str:
    """A secret that is valid in a header."""
    return f"{MARKS[kind]}-._~+/{MARKS[kind]}=="


def _forms(mark: str) -> dict[str, bytes]:
    """The forms of a mark, in lower case. For base64, this is the part that does not depend on the text around it, for
    each of the three positions in a group of three bytes."""
    plain = mark.encode()
    forms = {"as it is": plain, "backwards": plain[::-1], "hexadecimal": plain.hex().encode()}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain)
        forms[f"base64, {before} bytes on"] = encoded[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]
    return {name: form.lower() for name, form in forms.items()}


FORMS = {kind: _forms(mark) for kind, mark in MARKS.items()}


class Found(t.NamedTuple):
    kind: str
    form: str
    place: str
    excerpt: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.form}) in {self.place}: {self.excerpt}"


def search(place: str, content: bytes) -> Iterator[Found]:
    """Find each kind of secret in *content*, in any form. Yield its first occurrence with the text around it."""
    lower = content.lower()
    for kind, forms in FORMS.items():
        for form, needle in forms.items():
            at = lower.find(needle)
            if at >= 0:
                excerpt = content[max(at - 150, 0) : at + 150].decode("utf-8", "replace")
                yield Found(kind, form, place, " ".join(excerpt.split()))


class Searched:
    """The results of a search in one or more places."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.size: dict[str, int] = {}
        self.files = 0

    def text(self, place: str, content: bytes) -> None:
        self.size[place] = self.size.get(place, 0) + len(content)
        self.found += search(place, content)

    def folder(self, top: Path, places: Mapping[str, str]) -> None:
        """Search all files below *top* and their names. *places* maps each entry of *top* to the name of its place."""
        for path in sorted(top.rglob("*")):
            relative = path.relative_to(top)
            place = places.get(relative.parts[0], "other files")
            self.text(place, str(relative).encode())
            if path.is_file() and not path.is_symlink():
                self.files += 1
                self.text(place, path.read_bytes())

    def secrets(self) -> list[str]:
        return [str(found) for found in self.found if found.kind != CONTROL]

    def controls(self) -> set[str]:
        """The places in which the control mark was found."""
        return {found.place for found in self.found if found.kind == CONTROL}
