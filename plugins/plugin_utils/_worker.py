# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For plugins that each process of a task loads anew, as it does with lookups."""

from __future__ import annotations

import gc
import multiprocessing


def spare_inherited_memory() -> None:
    """Keep the garbage collector from what this process has from Ansible's main process, of which it is a copy.

    To load requests makes the collector look through all of that, and the operating system copies each page of memory
    that it looks at: some 30 ms, by which nothing is found. What comes to be from here on is collected as ever. In the
    main process itself, which lives longer than one task, nothing is changed.
    """
    if multiprocessing.parent_process():
        gc.freeze()
