# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The garbage collector in a process that loads a lookup for its task."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.pamops.senhasegura.plugins.plugin_utils._lookup import spare_inherited_memory

COLLECTIONS = Path(__file__).resolve().parents[4] / ".cache"

# As core does it: the process is forked, and then one of the forks loads the lookup. Python freezes some objects
# itself.
LOADS = """
import gc, importlib, multiprocessing, sys

import ansible.plugins.lookup

LOOKUP = "ansible_collections.pamops.senhasegura.plugins.lookup." + sys.argv[1]

def load():
    importlib.import_module(LOOKUP)
    spared = gc.get_freeze_count() - before
    later = []
    later.append(later)
    del later
    print(spared > 10_000, "requests" in sys.modules, gc.isenabled(), gc.collect() > 0)

inherited = [[] for _number in range(10_000)]
before = gc.get_freeze_count()
process = multiprocessing.get_context("fork").Process(target=load)
process.start()
process.join()
print("requests" in sys.modules)
importlib.import_module(LOOKUP)
print(gc.get_freeze_count() - before)
"""


@pytest.mark.parametrize("lookup", ["pam_remote_session", "pam_remote_session_info"])
def test_only_a_fork_freezes_inherited_memory(lookup: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOADS, lookup],
        env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == ["True True True True", "False", "0"]


@pytest.mark.parametrize("parent", [None, object()])
def test_main_process_has_no_parent(monkeypatch: pytest.MonkeyPatch, parent: object) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(True))
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
    spare_inherited_memory()
    assert frozen == [True] * (parent is not None)
