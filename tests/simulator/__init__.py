# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator of the A2A HTTP API of senhasegura / Segura PAM Core, for tests and for trying out playbooks."""

from __future__ import annotations

from .clock import Clock
from .data import DataError
from .server import Simulator

__all__ = ["Clock", "DataError", "Simulator"]
