# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the examples of the documentation: blocks of the README, the guides and the plugins."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import docutils.core
import docutils.nodes
import yaml
from ansible.parsing.plugin_docs import read_docstring
from markdown_it import MarkdownIt

CHECKOUT = Path(__file__).resolve().parents[2]

# Guides with examples that depend on each other. tests/awx/test_guides.py and test_simulator_guide.py run them in
# order.
STORIES = ("awx_guide.rst", "simulator_guide.rst", "terminal_guide.rst")


class Example(t.NamedTuple):
    page: str
    """Path in the repository."""
    number: int
    """The number of the block in this page, from 1."""
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.page}-{self.number}"


def examples() -> list[Example]:
    """All examples, in a fixed order."""
    pages = {
        "README.md": _of_markdown,
        **{_relative(path): of_rst for path in _guides() if path.name not in STORIES},
        **{_relative(path): _of_plugin for kind in ("modules", "lookup") for path in _plugins(kind)},
    }
    return [
        Example(page, number, language, text)
        for page, blocks in sorted(pages.items())
        for number, (language, text) in enumerate(blocks(CHECKOUT / page), 1)
    ]


def _plugins(kind: str) -> Iterator[Path]:
    return (CHECKOUT / "plugins" / kind).glob("[!_]*.py")


def _guides() -> Iterator[Path]:
    return (CHECKOUT / "docs" / "docsite" / "rst").glob("*.rst")


def _relative(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


def _of_markdown(path: Path) -> Iterator[tuple[str, str]]:
    for token in MarkdownIt().parse(path.read_text(encoding="utf-8")):
        if token.type == "fence":
            yield token.info, token.content


def of_rst(path: Path) -> Iterator[tuple[str, str]]:
    """The blocks of a page: language and text."""
    # docutils does not know the roles and directives of Ansible's documentation. They do not matter here.
    settings = {"report_level": 5, "syntax_highlight": "none", "file_insertion_enabled": False}
    document = docutils.core.publish_doctree(path.read_text(encoding="utf-8"), settings_overrides=settings)
    for node in document.findall(docutils.nodes.literal_block):
        classes = [name for name in node["classes"] if name != "code"]
        if classes:
            yield classes[0], node.astext() + "\n"


def _of_plugin(path: Path) -> Iterator[tuple[str, str]]:
    """EXAMPLES is one block. Files without it are no plugins for users."""
    text = read_docstring(str(path))["plainexamples"]
    yaml.safe_load(text)
    yield "yaml+jinja", text
