# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The naming rule of all options: from which variable, environment variable and key of ansible.cfg each can come."""

from __future__ import annotations

from ..module_utils._options import Spec

VARIABLE = """\
  {name}:
    env:
      - name: SENHASEGURA_{capitals}
    vars:
      - name: senhasegura_{name}
"""
# Never for a secret: ansible.cfg is read by many, and often kept with the playbooks.
INI = """\
    ini:
      - section: senhasegura
        key: {name}
"""


def documented_sources(spec: Spec) -> str:
    """The part of a plugin's documentation, as YAML, that tells core where the values of *spec* come from."""
    return "options:\n" + "".join(
        (VARIABLE if option.get("no_log") else VARIABLE + INI).format(name=name, capitals=name.upper())
        for name, option in spec.items()
        if not option.get("required")
    )
