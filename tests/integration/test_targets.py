# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play each target of ansible-test, normally and in check mode, in which no session may be requested. Any warning
fails."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Vault

TARGETS = Path(__file__).resolve().parent / "targets"
VERSIONS = ("3.32", "3.33", "4.0", "4.2")


@pytest.mark.parametrize("mode", ["normal", "check"])
@pytest.mark.parametrize("target", sorted(path.name for path in TARGETS.iterdir()))
def test_target(target: str, mode: str, play: Play, vaults: Vault, tmp_path: Path) -> None:
    simulators = {version: vaults(version) for version in VERSIONS}
    descriptions = {version: simulator.credentials for version, simulator in simulators.items()}
    played = play(
        f"- name: Include the target\n  ansible.builtin.include_role:\n    name: {target}\n",
        *(["--check"] if mode == "check" else []),
        variables={"vaults": descriptions, "vault": descriptions["4.0"], "output_dir": str(tmp_path)},
    ).succeeded()
    expectations = TARGETS / target / "expected_warnings.yml"
    expected = yaml.safe_load(expectations.read_text(encoding="utf-8"))[mode] if expectations.exists() else []
    assert sorted(set(played.warnings)) == sorted(expected)
    created = [request for simulator in simulators.values() for request in simulator.requests if request.json]
    assert bool(created) == (mode == "normal")
