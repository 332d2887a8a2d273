# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make ``import ansible_collections.pamops.senhasegura`` work before the first test is imported, and set how many
examples property tests try. ``--hypothesis-profile=long`` tries more."""

from __future__ import annotations

import functools
import math
import os
import time
import typing as t
import zlib
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader
from hypothesis import HealthCheck, settings

CHECKOUT = Path(__file__).resolve().parents[2]
COLLECTIONS = CHECKOUT / ".cache"


def link_checkout() -> None:
    """Link the checkout, whatever its folder is called, to where Ansible looks for this collection."""
    link = COLLECTIONS / "ansible_collections" / "pamops" / "senhasegura"
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        link.symlink_to("../../..")


link_checkout()
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
init_plugin_loader([str(COLLECTIONS)])

for profile, max_examples in {"short": 100, "long": 1000}.items():
    settings.register_profile(
        profile,
        max_examples=max_examples,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
settings.load_profile("short")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.faults.report")


UNTIL = float(os.environ.get("SENHASEGURA_TEST_PROPERTIES_UNTIL", "inf"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """If the run has an end, change the order of the tests with each seed. Otherwise the end always skips the same
    tests."""
    if math.isfinite(UNTIL):
        seed = config.getoption("--hypothesis-seed")
        items.sort(key=lambda item: zlib.crc32(f"{seed} {item.nodeid}".encode()))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip property tests once the time is over."""
    if "hypothesis" in item.keywords and time.time() > UNTIL:
        pytest.skip("The time is over.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, t.Any, t.Any]:
    """Count the examples of a property test."""
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None:
        return (yield)
    tried = 0
    inner_test = handle.inner_test

    @functools.wraps(inner_test)
    def count(*args: t.Any, **kwargs: t.Any) -> t.Any:
        nonlocal tried
        tried += 1
        return inner_test(*args, **kwargs)

    handle.inner_test = count
    try:
        return (yield)
    finally:
        handle.inner_test = inner_test
        item.user_properties.append(("examples", tried))
