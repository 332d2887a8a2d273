# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For tests: a connection to a device that a process of its own keeps open, as for network devices."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import NetworkConnectionBase

DOCUMENTATION = r"""
name: persistent
short_description: Fail when a connection is opened
description: Fails when a connection is opened.
author: The contributors of pamops.senhasegura (@pamops)
options:
  persistent_command_timeout:
    type: int
    description: Seconds.
    default: 5
  persistent_log_messages:
    type: bool
    description: Whether to log.
    default: false
"""


class Connection(NetworkConnectionBase):
    transport = "persistent"
    force_persistence = True

    def _connect(self) -> t.NoReturn:
        raise AnsibleConnectionFailure("A connection was opened.")
