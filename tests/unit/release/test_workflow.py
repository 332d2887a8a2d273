# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Only pinned software runs in jobs that build and publish a release."""

from __future__ import annotations

import hashlib
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

GITHUB = Path(__file__).resolve().parents[3] / ".github"
WORKFLOWS = {path.name: path.read_text(encoding="utf-8") for path in (GITHUB / "workflows").glob("*.yml")}
LOCK = GITHUB / "requirements" / "release.txt"
JOBS: dict[str, dict[str, t.Any]] = yaml.safe_load(WORKFLOWS["release.yml"])["jobs"]
INSTALL = "python -m pip install --require-hashes --only-binary :all: --requirement .github/requirements/release.txt"
CHECK = "Make sure that this is the package that was built"


def commands(job: str) -> str:
    return "\n".join(step.get("run", "") for step in JOBS[job]["steps"])


def test_each_requirement_has_its_hashes() -> None:
    lines = [line for line in LOCK.read_text(encoding="utf-8").replace("\\\n", "").splitlines() if line]
    requirements = [line for line in lines if not line.lstrip().startswith("#") and line != "--only-binary :all:"]
    assert any(line.startswith("ansible-core==") for line in requirements)
    for line in requirements:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+( +--hash=sha256:[0-9a-f]{64})+", line)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_actions_are_pinned(workflow: str) -> None:
    actions = re.findall(r"uses: *(.*)", WORKFLOWS[workflow])
    assert actions
    for action in actions:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v[0-9.]+", action)


def test_only_the_linters_install_unpinned_software() -> None:
    fetches = r".*(?:install|\b(?:curl|docker|make|nox|npm|npx|pipx|uvx?|wget)\b).*"
    installs = {job: re.findall(fetches, commands(job)) for job in JOBS}
    assert installs == {"lint": ["make lint"], "build": [INSTALL], "attest": [], "galaxy": [INSTALL], "github": []}


def test_output_of_the_linters_is_not_used() -> None:
    assert "outputs" not in JOBS["lint"]
    uploads = [job for job in JOBS for step in JOBS[job]["steps"] if "upload" in step.get("uses", "")]
    assert uploads == ["build"]
    assert "cache" not in WORKFLOWS["release.yml"]


def test_jobs_wait_for_the_linters_and_the_package() -> None:
    assert {job: JOBS[job].get("needs", []) for job in JOBS} == {
        "lint": [],
        "build": [],
        "attest": ["lint", "build"],
        "galaxy": ["build", "attest"],
        "github": ["build", "galaxy"],
    }


def test_permissions_are_minimal() -> None:
    assert yaml.safe_load(WORKFLOWS["release.yml"])["permissions"] == {}
    assert {job: JOBS[job]["permissions"] for job in JOBS} == {
        "lint": {"contents": "read"},
        "build": {"actions": "read", "contents": "read"},
        "attest": {"attestations": "write", "id-token": "write"},
        "galaxy": {"contents": "read"},
        "github": {"contents": "write"},
    }


def test_only_one_step_has_the_token() -> None:
    assert sum(text.count("secrets") for text in WORKFLOWS.values()) == 1
    (step,) = (step for step in JOBS["galaxy"]["steps"] if "secrets" in str(step))
    assert step["env"]["ANSIBLE_GALAXY_SERVER_GALAXY_TOKEN"] == "${{ secrets.GALAXY_TOKEN }}"
    assert step["run"] == 'ansible-galaxy collection publish "package/pamops-senhasegura-$TAG.tar.gz"'


@pytest.mark.parametrize("job", ["galaxy", "github"])
def test_package_is_checked_before_it_is_published(job: str, tmp_path: Path) -> None:
    *_others, download, check, publish = JOBS[job]["steps"]
    assert download["uses"].startswith("actions/download-artifact@") and download["with"]["path"] == "package"
    assert check["name"] == CHECK and "package/pamops-senhasegura-$TAG.tar.gz" in publish["run"]
    assert check["env"]["DIGEST"] == "${{ needs.build.outputs.digest }}"

    def status(digest: str) -> int:
        command = ["bash", "-e", "-c", check["run"]]  # as GitHub runs it
        environ = {"DIGEST": digest, "TAG": "1.0.0", "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, cwd=tmp_path, env=environ, check=False, capture_output=True).returncode

    digest = hashlib.sha256(b"as built").hexdigest()
    assert status(digest) == 1  # the package does not exist
    package = tmp_path / "package" / "pamops-senhasegura-1.0.0.tar.gz"
    package.parent.mkdir()
    package.write_bytes(b"as built")
    assert status(digest) == 0
    assert status("") == 1
    package.write_bytes(b"changed")
    assert status(digest) == 1
