# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ``import ansible_collections.pamops.senhasegura`` work before the first test is imported."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS = CHECKOUT / ".cache"


def link_checkout() -> None:
    """Stand the checkout, whatever its folder is called, where Ansible looks for this collection."""
    link = COLLECTIONS / "ansible_collections" / "pamops" / "senhasegura"
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        link.symlink_to("../../..")


link_checkout()
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
init_plugin_loader([str(COLLECTIONS)])


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.faults.report")
