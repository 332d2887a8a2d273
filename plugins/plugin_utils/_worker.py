# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For plugins that each process of a task loads again, such as lookups."""

from __future__ import annotations

import gc
import multiprocessing


def spare_inherited_memory() -> None:
    """Exclude the memory that this process inherits from Ansible's main process from garbage collection.

    Loading requests makes the collector search all of it, and the operating system copies each page that is touched.
    That takes about 30 ms and finds nothing. New objects are collected as usual. The main process, which lives longer
    than one task, is not changed.
    """
    if multiprocessing.parent_process():
        gc.freeze()
