# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check, test and run this collection. The Makefile has the usual commands.

antsibull-nox, the tool of the Ansible community, checks documentation, licenses, YAML and the package.
antsibull-nox.toml configures it, and "make lint" runs it with our own checks. Its sessions of ansible-test need
containers and downloads from GitHub, and run in the public workflow. All other sessions need only a Python package
index."""

from __future__ import annotations

import atexit
import functools
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from xml.etree import ElementTree

import antsibull_nox
import nox

try:
    import fcntl
except ImportError:
    sys.exit("Ansible runs on Linux, macOS and other systems of the Unix family only, or in WSL.")

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["test"]

antsibull_nox.load_antsibull_nox_toml()

CHECKOUT = Path(__file__).resolve().parent
ENVIRONMENTS = CHECKOUT / ".nox"
CACHE = CHECKOUT / ".cache"
RESULTS = CACHE / "results"

# The oldest and the newest Python 3 of the controller, for each release of ansible-core.
PYTHONS_OF_CORE = {
    "2.16": (10, 12),
    "2.17": (10, 12),
    "2.18": (11, 13),
    "2.19": (11, 13),
    "2.20": (12, 14),
    "2.21": (12, 14),
    "devel": (12, 14),
}
OLDEST, MIDDLE = "2.16", "2.18"
PYTHONS_OF_MODULES = range(9, 15)

# The oldest libraries of meta/ee-requirements.txt. The oldest release is tested with them, the others with the newest.
LOWEST_LIBRARIES = ["requests==2.28.0", "urllib3==1.26.*", "requests-oauthlib==1.3.0"]

# Long integration tests, for which the oldest and the newest tested release are enough.
LONG_TESTS = (
    "benchmark",
    "examples",
    "faults",
    "maintenance_window",
    "session_life",
    "simulator_guide",
    "token_of_the_run",
)

# ruff and mypy stay at a minor release, because new ones report new problems.
LINTERS = [
    "ansible-lint>=25",
    "antsibull-changelog>=0.30",
    "antsibull-docs>=2.24",
    "antsibull-docutils>=1.3",
    "antsibull-nox>=1.10,<2",
    "galaxy-importer>=0.4.40",
    "import-linter>=2.17",
    "mypy==2.4.*",
    "nox",
    "reuse>=5",
    "ruff==0.17.*",
    "types-docutils",
    "types-jsonschema",
    "types-pexpect",
    "types-PyYAML",
    "types-requests",
    "yamllint>=1.35",
    "zizmor>=1.20",
]

# Sessions of antsibull-nox that are part of "make lint".
ANTSIBULL_NOX = (
    "antsibull-nox-config",
    "yamllint",
    "license-check",
    "extra-checks",
    "docs-check",
    "ansible-lint",
    "build-import-check",
)


# Python versions and environments


@functools.cache
def python(minor: int) -> str | None:
    """Return the path of a Python 3.minor that starts, or None."""
    # The Python that installed nox may not be on PATH.
    for name in (f"python3.{minor}", "python3", getattr(sys, "_base_executable", sys.executable)):
        # A version manager has a command for each known version, which fails unless that version is in use.
        with suppress(OSError, subprocess.CalledProcessError):
            script = "import sys; print(sys.version_info[1], sys.executable)"
            answer = subprocess.check_output([name, "-c", script], text=True, stderr=subprocess.DEVNULL)
            found, path = answer.strip().split(" ", 1)
            if int(found) == minor:
                return path
    return None


@functools.cache
def python_for(core: str) -> str | None:
    """Return the path of the Python for this release of ansible-core: the newest possible, or the one that was set."""
    return next(filter(None, map(python, reversed(controllers(core)))), None)


def controllers(core: str) -> list[int]:
    """Return the allowed minor versions of Python on which this release of ansible-core runs."""
    oldest, newest = PYTHONS_OF_CORE[core]
    return [minor for minor in range(oldest, newest + 1) if CONTROLLER in ("", f"3.{minor}")]


RELEASES = [core for core in PYTHONS_OF_CORE if core != "devel"]
ASKED = os.environ.get("CORES", "").split()
CONTROLLER = os.environ.get("CONTROLLER", "").strip()


def possible_cores() -> list[str]:
    releases = [core for core in RELEASES if python_for(core)]
    if not releases:
        if CONTROLLER:
            sys.exit(f"There is no Python {CONTROLLER} on PATH, or no supported release of ansible-core runs on it.")
        sys.exit("There is no Python on PATH that a supported release of ansible-core runs on, such as 3.12.")
    return releases


# The releases that were set; otherwise CORES are the oldest, a middle one and the newest of all possible ones.
ALL_CORES = ASKED or possible_cores()
CORES = ASKED or [core for core in ALL_CORES if core in (OLDEST, MIDDLE, ALL_CORES[-1])]
EDGES = list(dict.fromkeys([CORES[0], CORES[-1]]))


def needs(core: str) -> str:
    oldest, newest = PYTHONS_OF_CORE[core]
    asked = f", and Python {CONTROLLER} was asked for" if CONTROLLER else ""
    return f"ansible-core {core} needs a Python from 3.{oldest} to 3.{newest} on PATH{asked}."


def on_controller(core: str) -> str:
    """Name a release of ansible-core for file names, with its Python unless that is the usual one."""
    oldest, newest = PYTHONS_OF_CORE[core]
    usual = next((f"3.{minor}" for minor in range(newest, oldest - 1, -1) if python(minor)), "")
    return core if CONTROLLER in ("", usual) else f"{core}-py{CONTROLLER}"


@contextmanager
def locked(path: Path) -> t.Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environment(session: nox.Session, core: str, purpose: str, *requirements: str | Path) -> Path:
    """Return the folder of programs of an environment with ansible-core and the requirements.

    Nox's own environments are not used. Sessions share environments here, and nothing is installed again until a
    requirement or a file of requirements changes."""
    interpreter = python_for(core)
    if interpreter is None:
        session.error(needs(core))
    ansible = f"ansible-core=={core}.*"
    if core == "devel":
        ansible = "https://github.com/ansible/ansible/archive/devel.tar.gz"

    arguments = [ansible]
    for requirement in requirements:
        arguments += ["--requirement", str(requirement)] if isinstance(requirement, Path) else [requirement]
    contents = [item.read_text() for item in requirements if isinstance(item, Path)]
    folder = ENVIRONMENTS / f"{purpose}-{on_controller(core)}"
    wanted = hashlib.sha256(repr([interpreter, str(folder), arguments, contents]).encode()).hexdigest()
    installed = folder / "installed"
    with locked(ENVIRONMENTS / f"{folder.name}.lock"):
        if not installed.exists() or installed.read_text() != wanted:
            session.log(f"Installing {folder.relative_to(CHECKOUT)} with {interpreter}")
            session.run(sys.executable, "-m", "virtualenv", "--quiet", "--clear", "--python", interpreter, str(folder))
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "--quiet"]
            session.run(*pip, "install", *arguments)
            installed.write_text(wanted)
    return folder / "bin"


def test_environment(session: nox.Session, core: str) -> Path:
    """The environment of the tests, the demonstration and the simulator."""
    files = [CHECKOUT / f"tests/{kind}/requirements.txt" for kind in ("simulator", "unit", "leaks")]
    lowest = LOWEST_LIBRARIES if core == OLDEST else []
    return environment(session, core, "ansible", CHECKOUT / "meta/ee-requirements.txt", *files, *lowest)


def run(session: nox.Session, programs: Path, *command: str, **variables: str) -> None:
    """Run a program of an environment, without the user's own Ansible and PAM Core settings."""
    env: dict[str, str | None] = {
        name: None
        for name in os.environ
        if name.startswith(("ANSIBLE_", "PYTHON", "SENHASEGURA_")) and not name.startswith("SENHASEGURA_TEST_")
    }
    env["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
    env["ANSIBLE_COLLECTIONS_PATH"] = str(CACHE)
    env["VIRTUAL_ENV"] = str(programs.parent)
    session.run(str(programs / command[0]), *command[1:], env={**env, **variables})


# Folders in which Ansible and its tools find the collection


def link_checkout() -> None:
    """Link the checkout, whatever its folder is called, to where Ansible looks for this collection."""
    link = CACHE / "ansible_collections" / "pamops" / "senhasegura"
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        link.symlink_to("../../..")


def copy_checkout(session: nox.Session, purpose: str) -> Path:
    """Copy the checkout into its own folder, and return that folder.

    ansible-test rejects a linked collection, and some tools follow the link to the checkout again and again."""
    top = CACHE / purpose
    shutil.rmtree(top, ignore_errors=True)
    left_out = (".ansible", ".cache", ".git", ".hypothesis", ".nox", ".venv", ".*_cache", "__pycache__", "*.tar.gz")
    copy = top / "ansible_collections" / "pamops" / "senhasegura"
    shutil.copytree(CHECKOUT, copy, symlinks=True, ignore=shutil.ignore_patterns(*left_out))
    # Tools that ask git for files would otherwise treat the copy as an ignored folder of the checkout. They would find
    # no file in it and succeed.
    session.run("git", "init", "--quiet", str(copy))
    return copy


# Sessions


@nox.session
def linters(session: nox.Session) -> None:
    """Check style, types, documentation, licenses, the changelog and the package; this is "make lint"."""
    programs = environment(
        session,
        CORES[-1],
        "lint",
        *LINTERS,
        *(CHECKOUT / name for name in ("tests/simulator/requirements.txt", "tests/unit/requirements.txt")),
    )
    link_checkout()
    copy = copy_checkout(session, "lint")
    checks: list[tuple[str, ...]] = [
        ("ruff", "check"),
        ("ruff", "format", "--check", "--diff"),
        ("mypy",),
        ("mypy", ".ci/package.py"),
        ("lint-imports", "--no-cache", "--no-logo"),
    ]
    # Each session of antsibull-nox finds our environment in place of its own, and installs nothing.
    places = CACHE / "lint" / "nox"
    places.mkdir()
    for name in ANTSIBULL_NOX:
        (places / name).symlink_to(programs.parent)
    nox_options = ["--default-venv-backend", "virtualenv", "-R", "--envdir", str(places)]
    checks_of_copy: list[tuple[str, ...]] = [
        ("antsibull-changelog", "lint"),
        ("zizmor", "--offline", "--no-progress", ".github"),
        # antsibull-nox does not check the syntax of guides.
        ("antsibull-docs", "lint-collection-docs", "."),
        (sys.executable, "-m", "nox", *nox_options, "--session", *ANTSIBULL_NOX),
        ("python", ".ci/package.py", str(CACHE / "package")),
    ]
    environ = {"ANSIBLE_COLLECTIONS_PATH": str(CACHE / "lint"), "PYTHONPATH": str(CACHE)}
    failed = []
    for folder, commands in ((CHECKOUT, checks), (copy, checks_of_copy)):
        with session.chdir(folder):
            for command in commands:
                try:
                    run(session, programs, *command, **environ)
                except nox.command.CommandFailed:
                    failed.append(" ".join(Path(part).name for part in command[: 3 if "python" in command[0] else 1]))
    if failed:
        session.error(f"Complaints from {', '.join(failed)}.")


def build_package(session: nox.Session, *tag: str) -> None:
    """Build the package of the collection from a copy of the checkout, and check it."""
    programs = environment(session, CORES[-1], "build")
    with session.chdir(copy_checkout(session, "build")):
        run(session, programs, "python", ".ci/package.py", str(CACHE / "package"), *tag)


@nox.session
def build(session: nox.Session) -> None:
    """Build the package of the collection, and check its size and files."""
    build_package(session)


@nox.session
def changelog(session: nox.Session) -> None:
    """Move the changelog fragments into CHANGELOG.md, under the version in galaxy.yml."""
    needed = [linter for linter in LINTERS if linter.startswith("antsibull-changelog")]
    programs = environment(session, CORES[-1], "changelog", *needed)
    run(session, programs, "antsibull-changelog", "release", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Check that the checkout is the release TAG, build its package, and write its notes next to it."""
    build_package(session, os.environ.get("TAG", ""))


@nox.session
def locks(session: nox.Session) -> None:
    """Update the versions and hashes of everything that is installed where a release is built and published."""
    programs = environment(session, CORES[-1], "locks", "pip-tools")
    options = ["--quiet", "--upgrade", "--generate-hashes", "--strip-extras", "--output-file", "release.txt"]
    # The file must not depend on the index with which it was written.
    options += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
    with session.chdir(CHECKOUT / ".github" / "requirements"):
        run(session, programs, "pip-compile", *options, "release.in", CUSTOM_COMPILE_COMMAND="make locks")


@nox.session(name="format")
def format_code(session: nox.Session) -> None:
    """Rewrite Python files in the project's style."""
    programs = environment(session, CORES[-1], "format", *(linter for linter in LINTERS if linter.startswith("ruff")))
    run(session, programs, "ruff", "check", "--fix", "--exit-zero", "--quiet")
    run(session, programs, "ruff", "format")


def run_pytest(session: nox.Session, kind: str, core: str, *through: str) -> Path:
    programs = test_environment(session, core)
    link_checkout()
    report = RESULTS / f"{kind}({on_controller(core)}).xml"
    command = [*through, "pytest", f"--junit-xml={report}", "--timeout=300", f"tests/{kind}", *session.posargs]
    run(session, programs, *command)
    return programs


@nox.session
@nox.parametrize("core", EDGES, ids=EDGES)
def unit(session: nox.Session, core: str) -> None:
    """Run the unit tests."""
    run_pytest(session, "unit", core)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the unit tests on the newest release, and require that they cover each line and branch of plugins/."""
    programs = run_pytest(session, "unit", CORES[-1], "coverage", "run", "-m")
    run(session, programs, "coverage", "report")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Search for examples that break a property of the code, for SECONDS. Each round uses other examples."""
    until = time.time() + float(os.environ.get("FUZZ_SECONDS") or 600)
    options = ["-m", "hypothesis", "--hypothesis-profile=long", "--timeout=0", "--quiet"]
    report = RESULTS / "fuzz.xml"
    total = 0
    for core in itertools.cycle(EDGES):
        seed = int.from_bytes(os.urandom(4), "big")
        command = [*options, f"--hypothesis-seed={seed}", f"--junit-xml={report}", "tests/unit", *session.posargs]
        programs = test_environment(session, core)
        link_checkout()
        try:
            run(session, programs, "pytest", *command, SENHASEGURA_TEST_PROPERTIES_UNTIL=str(until))
        except nox.command.CommandFailed:
            repeat = f"-m hypothesis --hypothesis-profile=long --hypothesis-seed={seed}"
            session.error(f'To see it again: make unit CORES={core} ARGS="{repeat}"')
        total += count_examples(report)
        session.log(f"ansible-core {core}, seed {seed}: {total:,} examples so far")
        if time.time() >= until:
            return


def count_examples(report: Path) -> int:
    """Return how many examples the property tests have tried, according to pytest's report."""
    properties = ElementTree.parse(report).iter("property")  # noqa: S314 (we have just had it written)
    return sum(int(item.attrib["value"]) for item in properties if item.attrib["name"] == "examples")


@nox.session
@nox.parametrize("core", CORES, ids=CORES)
def integration(session: nox.Session, core: str) -> None:
    """Run the playbooks of the integration tests against the simulator."""
    run_pytest(session, "integration", core)


def fetch_awx_collection(session: nox.Session, programs: Path) -> Path:
    """Return a folder of collections with awx.awx, which the package "ansible" contains up to release 13."""
    top = CACHE / "awx"
    with locked(CACHE / "awx.lock"):
        if not (top / "ansible_collections" / "awx" / "awx").exists():
            session.log("Downloading awx.awx")
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                pip = [str(programs / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "--quiet"]
                only = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.12"]
                session.run(*pip, "download", *only, "--dest", folder, "ansible==13.*")
                (wheel,) = Path(folder).glob("ansible-*.whl")
                with zipfile.ZipFile(wheel) as archive:
                    names = [name for name in archive.namelist() if name.startswith("ansible_collections/awx/awx/")]
                    archive.extractall(Path(folder) / "whole", names)  # noqa: S202 (a zip archive)
                shutil.rmtree(top, ignore_errors=True)
                (Path(folder) / "whole").rename(top)
    return top


@nox.session
@nox.parametrize("core", EDGES, ids=EDGES)
def awx(session: nox.Session, core: str) -> None:
    """Run the playbooks for AWX and for the browser, in an environment with only the libraries of the collection."""
    if python_for(core) == python(10):
        session.skip("AWX's own code needs a Python from 3.11 on")
    files = ("meta/ee-requirements.txt", "tests/simulator/requirements.txt", "tests/unit/requirements.txt")
    programs = environment(session, core, "awx", *(CHECKOUT / name for name in (*files, "tests/awx/requirements.txt")))
    node = environment(session, core, "ee", "ansible-runner", CHECKOUT / "meta" / "ee-requirements.txt")
    link_checkout()
    places = {
        "SENHASEGURA_TEST_EE": str(node),
        "SENHASEGURA_TEST_AWX_AWX": str(fetch_awx_collection(session, programs)),
    }
    report = RESULTS / f"awx({core}).xml"
    run(session, programs, "pytest", f"--junit-xml={report}", "--timeout=300", "tests/awx", *session.posargs, **places)


@nox.session
@nox.parametrize("core", ALL_CORES, ids=ALL_CORES)
def leaks(session: nox.Session, core: str) -> None:
    """Search for secrets wherever Ansible writes. This differs between releases."""
    run_pytest(session, "leaks", core)


@nox.session
@nox.parametrize("core", EDGES, ids=EDGES)
def sanity(session: nox.Session, core: str) -> None:
    """Run ansible-test sanity."""
    programs = test_environment(session, core)
    # ansible-test starts each python3.X on PATH, and treats a failing command of a version manager as a failed test.
    # Therefore PATH has the Pythons themselves instead of such commands.
    folders = [str(Path(path).parent) for path in map(python, PYTHONS_OF_MODULES) if path]
    folders += [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder).name != "shims"]
    path = os.pathsep.join([str(programs), *folders])
    with session.chdir(copy_checkout(session, f"sanity-{on_controller(core)}")):
        # Through Python, because the script itself does not start from a folder with a space in its path.
        script = str(programs / "ansible-test")
        # Two runs at once would create the same environment in its cache, and overwrite each other's files.
        with locked(ENVIRONMENTS / "ansible-test.lock"):
            run(session, programs, "python", script, "sanity", "--local", "--color", "no", *session.posargs, PATH=path)


@nox.session
def audit(session: nox.Session) -> None:
    """Check for known vulnerabilities of what users install. This needs PyPI itself, because mirrors have no such
    data."""
    programs = environment(session, CORES[-1], "audit", "pip-audit>=2.7")
    # Without --strict, packages without data would pass.
    run(session, programs, "pip-audit", "--strict", "--requirement", "meta/ee-requirements.txt", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation as web pages."""
    programs = environment(session, CORES[-1], "docs", "antsibull-docs>=2.20", "sphinx", "sphinx-ansible-theme")
    link_checkout()
    for page in ("errors", "performance"):
        run(session, programs, "python", "-m", f"docs.{page}_guide", PYTHONPATH=str(CACHE))
    site = CACHE / "docs"
    copy_checkout(session, "docs-source")
    source = {"ANSIBLE_COLLECTIONS_PATH": str(CACHE / "docs-source")}
    shutil.rmtree(site, ignore_errors=True)
    (site / "rst").mkdir(mode=0o700, parents=True)
    collection = ["--use-current", "--squash-hierarchy", "--dest-dir", str(site / "rst"), "pamops.senhasegura"]
    run(session, programs, "antsibull-docs", "collection", *collection, **source)
    shutil.copytree(CHECKOUT / "docs" / "charts", site / "rst" / "charts")
    build = ["-q", "--fail-on-warning", "-b", "html", "-c", str(CHECKOUT / "docs")]
    run(session, programs, "sphinx-build", *build, str(site / "rst"), str(site / "html"), PYTHONPATH=str(CHECKOUT))
    session.log(f"The pages start at {site / 'html' / 'index.html'}")


def run_python(session: nox.Session, *arguments: str) -> None:
    programs = test_environment(session, CORES[-1])
    link_checkout()
    run(session, programs, "python", *arguments, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what sessions cost with this collection and with alternatives, or the part that ARGS names."""
    files = [CHECKOUT / f"tests/{kind}/requirements.txt" for kind in ("benchmark", "simulator", "unit")]
    programs = environment(session, CORES[-1], "bench", CHECKOUT / "meta/ee-requirements.txt", *files)
    link_checkout()
    cores = [f"--ansible={test_environment(session, core)}" for core in EDGES]
    run(session, programs, "python", "-m", "tests.benchmark", *cores, *session.posargs)
    if not session.posargs:
        run(session, programs, "python", "-m", "tests.benchmark.session_list")


@nox.session
def demo(session: nox.Session) -> None:
    """Request a session from the simulator with a playbook, and show the output."""
    run_python(session, "-m", "tests.demo")


@nox.session
def simulator(session: nox.Session) -> None:
    """Start the simulator of PAM Core."""
    run_python(session, "-m", "tests.simulator")


# All checks


class Outcome(t.NamedTuple):
    step: str
    passed: bool
    seconds: float
    skipped: str
    """Why it did not run; empty if it ran."""


def run_step(step: str, controller: str = CONTROLLER) -> Outcome:
    """Run one step in its own process, and print its output at the end, because other steps run at the same time."""
    start = time.monotonic()
    core = re.search(r"\((.*)\)", step)
    command = [sys.executable, "-m", "nox", "--noxfile", __file__, "--session", step]
    if core and step.startswith("integration") and core[1] not in EDGES:
        command += ["--", *(f"--ignore=tests/integration/test_{name}.py" for name in LONG_TESTS)]
    process = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "CORES": core[1] if core else " ".join(CORES), "CONTROLLER": controller},
    )
    name = f"{step} on {controller}" if controller else step
    skipped = re.search(r"^nox > Session .* skipped: (.*)\.$", process.stdout, re.MULTILINE)
    reason = skipped[1] if skipped else ""
    outcome = Outcome(name, process.returncode == 0, time.monotonic() - start, reason)
    print(f"\n{'=' * 20} {name}: {describe(outcome)} {'=' * 20}\n{process.stdout}", flush=True)
    return outcome


def describe(outcome: Outcome) -> str:
    if outcome.skipped:
        return f"did not run: {outcome.skipped}"
    return f"{'passed' if outcome.passed else 'FAILED'} in {outcome.seconds:.0f} s"


def count_tests() -> str:
    """Return how many tests passed and how many did not, over all reports of pytest."""
    passed = failed = left_out = 0
    for report in RESULTS.glob("*.xml"):
        for suite in ElementTree.parse(report).iter("testsuite"):  # noqa: S314 (we have just had it written)
            tests, failures, errors, skipped = (
                int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")
            )
            passed += tests - failures - errors - skipped
            failed += failures + errors
            left_out += skipped
    return f"{passed} passed, {failed} failed" + (f", {left_out} skipped" if left_out else "")


@nox.session
def test(session: nox.Session) -> None:
    """Run lint, unit, integration, awx, leaks and sanity, several at the same time, and summarize the results."""
    left_out = [] if ASKED else [core for core in RELEASES if core not in ALL_CORES]
    shutil.rmtree(RESULTS, ignore_errors=True)
    # The longest steps first and the shortest last, so that none runs alone at the end. Those of sanity wait for each
    # other.
    steps = [f"sanity({EDGES[0]})"] + [f"integration({core})" for core in CORES]
    steps += [f"awx({core})" for core in EDGES] + [f"leaks({core})" for core in CORES]
    steps += [f"sanity({core})" for core in EDGES[1:]]
    steps += ["coverage", *(f"unit({core})" for core in EDGES[:-1]), "linters"]  # coverage: unit tests on the newest
    with ThreadPoolExecutor(int(os.environ.get("JOBS") or 2)) as pool:
        outcomes = list(pool.map(run_step, steps))

    summary = [f"{outcome.step:<20} {describe(outcome)}" for outcome in outcomes]
    summary += [f"\nNot tested: {needs(core)}" for core in left_out]
    summary += [f"\n{count_tests()}"]
    # Print this after nox's own last message.
    atexit.register(functools.partial(print, "", *summary, sep="\n", flush=True))
    if not all(outcome.passed for outcome in outcomes):
        session.error("Not every step passed.")
    if os.environ.get("SENHASEGURA_TEST_REQUIRE_ALL") and (left_out or any(outcome.skipped for outcome in outcomes)):
        session.error("Not everything could be tested.")


@nox.session(name="test-matrix")
def test_matrix(session: nox.Session) -> None:
    """Run unit tests and sanity on each release of ansible-core with each supported Python, and show a table.

    In each run of sanity, ansible-test also compiles and imports the code for managed hosts with every Python from 3.9
    on that it finds."""
    cores = ASKED or RELEASES
    pairs = [(core, minor) for core in cores for minor in controllers(core)]
    possible = [(core, minor) for core, minor in pairs if python(minor)]
    if not possible:
        session.error(" ".join(map(needs, cores)))
    kinds = ("unit", "sanity")
    runs = [(kind, core, minor) for core, minor in possible for kind in kinds]
    shutil.rmtree(RESULTS, ignore_errors=True)
    with ThreadPoolExecutor(int(os.environ.get("JOBS") or 2)) as pool:
        outcomes = pool.map(lambda item: run_step(f"{item[0]}({item[1]})", f"3.{item[2]}"), runs)
        passed = {item: outcome.passed for item, outcome in zip(runs, outcomes, strict=True)}

    def cell(core: str, minor: int) -> str:
        if (core, minor) not in pairs:
            return ""
        if (core, minor) not in possible:
            return "no such Python"
        failed = [kind for kind in kinds if not passed[kind, core, minor]]
        return f"FAILED {', '.join(failed)}" if failed else "passed"

    minors = sorted({pair[1] for pair in pairs})
    lines = [["ansible-core", *(f"Python 3.{minor}" for minor in minors)]]
    lines += [[core, *(cell(core, minor) for minor in minors)] for core in cores]
    width = max(len(text) for line in lines for text in line) + 2
    table = ["".join(text.ljust(width) for text in line).rstrip() for line in lines]
    hosts = [f"3.{minor}" for minor in PYTHONS_OF_MODULES if python(minor)]
    table += [f"\nSanity compiles and imports modules with Python {', '.join(hosts)}, as far as a release supports it."]
    if left_out := len(pairs) - len(possible):
        table += [f"{left_out} of {len(pairs)} pairs did not run for lack of a Python."]
    atexit.register(functools.partial(print, "", *table, sep="\n", flush=True))
    if not all(passed.values()):
        session.error("Not every pair passed.")
    if left_out and os.environ.get("SENHASEGURA_TEST_REQUIRE_ALL"):
        session.error("Not every pair could be tested.")
