# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the package of the collection, and check its size and files: .ci/package.py FOLDER [TAG]

With a TAG, also check that the checkout is the release of that name, and write its notes next to the package. Only
ansible-core is needed, so that no other software runs where a release is built."""

from __future__ import annotations

import re
import subprocess  # noqa: S404
import sys
import tarfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

# The content of the package: files for Ansible and Galaxy, the simulator, and the unit tests with their helpers,
# because distributions run them. galaxy.yml lists all other files.
PACKAGE = (
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "COPYING",
    "FILES.json",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs/changelog.yaml",
    "changelogs/config.yaml",
    "docs/docsite",
    "meta/ee-requirements.txt",
    "meta/execution-environment.yml",
    "meta/runtime.yml",
    "playbooks",
    "plugins",
    "pyproject.toml",
    "tests/config.yml",
    "tests/faults",
    "tests/messages.py",
    "tests/simulator",
    "tests/unit",
)
LARGEST_PACKAGE = 1_000_000


def version() -> str:
    """The version in galaxy.yml. No other file contains it."""
    (found,) = re.findall(r"^version: (\S+)$", (CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


def build_package(folder: Path) -> Path:
    """Build the package in the folder and return its path."""
    build = ["ansible", "galaxy", "collection", "build", "--force", "--output-path", str(folder)]
    subprocess.run([sys.executable, "-m", *build], cwd=CHECKOUT, check=True)  # noqa: S603
    return folder / f"pamops-senhasegura-{version()}.tar.gz"


def check_package(package: Path) -> list[str]:
    """Return the problems with the size and the files of a package."""
    complaints = []
    size = package.stat().st_size
    if size > LARGEST_PACKAGE:
        complaints.append(f"The package has {size:,} bytes, more than {LARGEST_PACKAGE:,}.")
    with tarfile.open(package) as archive:
        names = [member.name for member in archive if not member.isdir()]
    for name in names:
        if not any(name == entry or name.startswith(f"{entry}/") for entry in PACKAGE):
            complaints.append(
                f"{name} is in the package: put it into PACKAGE in .ci/package.py or build_ignore in galaxy.yml."
            )
    for entry in PACKAGE:
        if not any(name == entry or name.startswith(f"{entry}/") for name in names):
            complaints.append(f"{entry} is not in the package.")
    return complaints


def check_release(tag: str) -> list[str]:
    """Return the reasons why the checkout is not the release that a tag names."""
    complaints = []
    if tag != version():
        complaints.append(f"The tag is {tag or 'not given'}, the version in galaxy.yml is {version()}.")
    if not release_notes(version()):
        complaints.append(f"CHANGELOG.md has no release {version()}: run make changelog.")
    if waiting := sorted(path.name for path in (CHECKOUT / "changelogs" / "fragments").glob("*.yml")):
        complaints.append(f"Changelog fragments belong to no release yet: {', '.join(waiting)}.")
    return complaints


def release_notes(release: str) -> str:
    """Return the section of a release in CHANGELOG.md without its heading, or "" if it is missing."""
    changelog = CHECKOUT / "CHANGELOG.md"
    if not changelog.exists():
        return ""
    # Headings have escaped dots, and an anchor before them.
    heading = re.escape(f"## v{release}".replace(".", "\\."))
    pattern = rf"^{heading}\n(.*?)(?=^<a id=\"v[^\n]*\n## v|\Z)"
    found = re.search(pattern, changelog.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return found[1].strip() + "\n" if found else ""


def main(folder: Path, tag: str | None = None) -> None:
    package = build_package(folder)
    complaints = check_package(package) + ([] if tag is None else check_release(tag))
    if complaints:
        sys.exit("\n".join(complaints))
    if tag is not None:
        (folder / "notes.md").write_text(release_notes(version()), encoding="utf-8")
    print(f"{package} has {package.stat().st_size:,} bytes.")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
