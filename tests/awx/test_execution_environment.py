# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-builder makes of the collection. No image is built. All other tests here show that its lists are
complete, because they run in an environment with nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.awx.conftest import CHECKOUT, PROGRAMS

BUILDER = str(Path(sys.executable).with_name("ansible-builder"))


def lines(path: Path) -> list[str]:
    text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_introspection_finds_the_requirements(collections: str) -> None:
    run = subprocess.run([BUILDER, "introspect", collections], check=True, capture_output=True, text=True)
    listed = lines(CHECKOUT / "meta" / "ee-requirements.txt")
    assert yaml.safe_load(run.stdout) == {
        "python": [f"{requirement}  # from collection pamops.senhasegura" for requirement in listed],
        "system": [],
    }


def test_example_is_valid(tmp_path: Path) -> None:
    example = CHECKOUT / "playbooks" / "files" / "awx" / "execution-environment.yml"
    context = ["--context", str(tmp_path), "--output-filename", "Containerfile"]
    subprocess.run([BUILDER, "create", "--file", str(example), *context], check=True, cwd=tmp_path)
    containerfile = (tmp_path / "Containerfile").read_text(encoding="utf-8")
    assert 'ARG EE_BASE_IMAGE="quay.io/centos/centos:stream10"' in containerfile
    assert "ansible-core>=2.18" in containerfile
    wanted = yaml.safe_load((tmp_path / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert wanted == {"collections": [{"name": "pamops.senhasegura"}]}


def test_the_environment_has_nothing_else() -> None:
    if not os.environ.get("SENHASEGURA_TEST_EE"):
        pytest.skip("SENHASEGURA_TEST_EE names no environment; that of the tests stood in for it.")
    script = (
        "import importlib.metadata, json\n"
        "print(json.dumps(sorted(found.metadata['Name'].lower() for found in importlib.metadata.distributions())))"
    )
    run = subprocess.run([str(PROGRAMS / "python"), "-I", "-c", script], check=True, capture_output=True, text=True)
    installed = set(yaml.safe_load(run.stdout))
    assert {"ansible-core", "ansible-runner", "requests", "requests-oauthlib"} <= installed
    assert not installed & {"aiohttp", "ansible", "awx-plugins-core", "hypothesis", "pytest", "selenium", "trustme"}
