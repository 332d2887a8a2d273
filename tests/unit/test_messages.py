# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sentence of our messages is typed in one test file only. Otherwise a new wording needs many changes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests import messages
from tests.unit.conftest import CHECKOUT

LONG = 45
"""Characters, without the punctuation at the end. Shorter parts of messages may be typed again."""
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def strings(file: Path) -> Iterator[str]:
    """The string constants of a Python file, with those in f-strings, without documentation and docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) or (
            isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets)
        ):
            skipped.add(node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.value


def sentences(text: str) -> Iterator[str]:
    """The long parts of a text that end in a full stop or a colon, as the plugins have them."""
    for part in re.split(r"(?<=[.:]) ", text):
        sentence = part.strip().rstrip(".:")
        if len(sentence) >= LONG and " " in sentence and "\n" not in sentence:
            yield sentence


def files(folder: str) -> list[Path]:
    return sorted((CHECKOUT / folder).rglob("*.py"))


def test_sentence_of_a_message_is_in_one_test_file() -> None:
    """The simulator has PAM Core's own words, and some of our advice begins with them."""
    ours = {
        sentence
        for file in files("plugins")
        if file.parent.name != "doc_fragments"
        for text in strings(file)
        for sentence in sentences(text)
    }
    of_pam_core = "\n".join(text for file in files("tests/simulator") for text in strings(file))
    typed = {file.relative_to(CHECKOUT): "\n".join(strings(file)) for file in files("tests")}
    found = {
        sentence: [str(file) for file, text in typed.items() if sentence in text]
        for sentence in ours
        if sentence not in of_pam_core
    }
    assert found[messages.NOTHING_SENT.rstrip(": ")] == ["tests/messages.py"]
    assert {sentence: places for sentence, places in found.items() if len(places) > 1} == {}
