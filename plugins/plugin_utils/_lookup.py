# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every lookup plugin of this collection does before it asks PAM Core."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..module_utils._client import Client, connect
from ..module_utils._errors import NOT_VERIFIED
from ..module_utils._operation import Operation
from ._config import resolve
from ._run_memory import run_memory

display = Display()


def connect_lookup(
    lookup: LookupBase,
    operation: Operation,
    arguments: Mapping[str, t.Any],
    variables: Mapping[str, t.Any],
) -> tuple[Client, dict[str, t.Any]]:
    """A client, and the options as they hold for one use of the lookup. Raises the errors of ``_errors.py``."""
    # wantlist is passed on by with_… before ansible-core 2.19
    given = {name: value for name, value in arguments.items() if name != "wantlist"}
    template = t.cast(t.Any, lookup._templar).template
    options = resolve(operation, given, variables, template)
    if not options["validate_certs"]:
        display.warning(NOT_VERIFIED)
    return connect(options, run_memory()), options
