# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The naming rule of all options: from which variable, environment variable and key of ansible.cfg each can come."""

from __future__ import annotations

import json
import typing as t

from ..module_utils._options.spec import Options

SECTION = "senhasegura"
"""Of ansible.cfg."""


def variable(name: str) -> str:
    return f"senhasegura_{name}"


def environment_variable(name: str) -> str:
    return f"SENHASEGURA_{name.upper()}"


def sources(options: Options) -> dict[str, dict[str, t.Any]]:
    """The sources of those options that are configurable, as core wants them in a plugin's documentation."""
    return {
        name: {
            "env": [{"name": environment_variable(name)}],
            "vars": [{"name": variable(name)}],
            # Never for a secret: ansible.cfg is read by many, and often kept with the playbooks.
            **({} if option.secret else {"ini": [{"section": SECTION, "key": name}]}),
        }
        for name, option in options.items()
        if option.configurable
    }


def documented_sources(options: Options) -> str:
    """The part of a plugin's documentation that has them. JSON is YAML too."""
    return json.dumps({"options": sources(options)})
