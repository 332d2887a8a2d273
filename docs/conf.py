# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's configuration for ``make docs``."""

from __future__ import annotations

import tempfile
import typing as t
import zlib
from pathlib import Path

from docs.performance_guide import CHARTS

project = "pamops.senhasegura"
project_copyright = "the pamops.senhasegura contributors"
extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_title = "pamops.senhasegura"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False

# References to Ansible's own documentation. Its whole inventory would have to be downloaded.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
REFERENCES = (
    ("action_plugins", "std:label", "plugins/action.html", "Action plugins"),
    ("ansible_configuration_settings", "std:label", "reference_appendices/config.html", "Configuration settings"),
    ("common_return_values", "std:label", "reference_appendices/common_return_values.html", "Return values"),
    *(
        (
            f"ansible_collections.ansible.builtin.{name}_module",
            "std:label",
            f"collections/ansible/builtin/{name}_module.html",
            f"ansible.builtin.{name}",
        )
        for name in ("include_tasks", "set_fact")
    ),
    ("ANSIBLE_DEBUG", "std:envvar", "reference_appendices/config.html#envvar-$", "-"),
)


def write_inventory(path: Path) -> str:
    """A Sphinx inventory, in version 2 of its format."""
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: latest\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    lines = "".join(f"{name} {kind} 1 {uri} {title}\n" for name, kind, uri, title in REFERENCES)
    path.write_bytes(head.encode() + zlib.compress(lines.encode()))
    return str(path)


intersphinx_mapping = {"ansible": (ANSIBLE, write_inventory(Path(tempfile.mkdtemp()) / "objects.inv"))}


def show_own_charts(_app: t.Any, _page: str, source: list[str]) -> None:
    """Pages link to the public charts. Replace these links by the charts of this checkout."""
    source[0] = source[0].replace(CHARTS, "/charts")


def setup(app: t.Any) -> None:
    app.connect("source-read", show_own_charts)
