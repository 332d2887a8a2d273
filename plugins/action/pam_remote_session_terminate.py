# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils._resources import remote_session_terminate
from ..plugin_utils._action import RemoteAction


class ActionModule(RemoteAction):
    OPERATION = remote_session_terminate.OPERATION
