# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator guide works from beginning to end: its files, its commands and their output."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests.integration.conftest import CHECKOUT, PROGRAMS
from tests.integration.examples import of_rst
from tests.simulator.data import load

GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "simulator_guide.rst"

# Commands that need a network, and their replacements.
INSTEAD = {
    "git clone https://github.com/pamops/ansible-collection-senhasegura": "ln -s {checkout} .",
    "cd ansible-collection-senhasegura": "true",  # make simulator runs there anyway
    "ansible-galaxy collection install pamops.senhasegura": "mkdir -p collections/ansible_collections/pamops && "
    "ln -s {checkout} collections/ansible_collections/pamops/senhasegura #",
    "python3 -m pip install --requirement": "test -f",
}
MAKE = re.compile(r'make simulator ARGS="(.*)"')

# Loads the URL as a browser does, and records the heading of the page.
BROWSER = """\
#!{python}
import os, pathlib, re, sys, requests
page = requests.get(sys.argv[1], verify=os.environ["SENHASEGURA_CA_PATH"], timeout=10).text
pathlib.Path("~/browser").expanduser().write_text(re.search("<h1>(.*)</h1>", page)[1])
"""


class Command(t.NamedTuple):
    text: str
    shown: list[str]
    """The expected lines of output, in order. … stands for omitted text."""


def commands(block: str) -> list[Command]:
    found: list[Command] = []
    lines = iter(block.splitlines())
    for line in lines:
        if line.startswith("$ "):
            text = line[2:]
            # A command continues after a backslash, and until its brackets are closed.
            while text.endswith("\\") or text.count("(") > text.count(")"):
                text += "\n" + next(lines)
            found.append(Command(text, []))
        else:
            found[-1].shown.append(line)
    return found


class Shell:
    """A single shell that runs the guide's commands in order, as a reader does."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.output = folder / "output"
        self.process = subprocess.Popen(
            ["bash", "-u"], stdin=subprocess.PIPE, text=True, cwd=folder, env=environment, start_new_session=True
        )

    def run(self, command: str, seconds: float = 100) -> tuple[int, str]:
        """Run a command, and return its exit status and output."""
        assert self.process.stdin
        done = self.output.with_name("done")
        self.process.stdin.write(f"{{ {command}\n}} < /dev/null > {self.output} 2>&1\necho $? > {done}.new\n")
        self.process.stdin.write(f"mv {done}.new {done}\n")
        self.process.stdin.flush()
        wait_for(done, seconds)
        status = int(done.read_text(encoding="ascii"))
        done.unlink()
        return status, self.output.read_text(encoding="utf-8")

    def end(self) -> None:
        """End the shell and all its processes."""
        os.killpg(self.process.pid, signal.SIGTERM)
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)


def wait_for(path: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear."
        time.sleep(0.05)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    browser = folder / "browser.py"
    browser.write_text(BROWSER.format(python=sys.executable), encoding="utf-8")
    browser.chmod(0o700)
    return folder


@pytest.fixture
def shell(home: Path, tmp_path: Path, collections: str) -> t.Iterator[Shell]:
    shell = Shell(
        tmp_path,
        {
            # The reader's environment: python3 has the simulator's libraries, and the collection is installed.
            "PATH": os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)]),
            "HOME": str(home),
            "BROWSER": f"{home / 'browser.py'}",
            "LANG": "C.UTF-8",
            "COLUMNS": "10000",
            "ANSIBLE_COLLECTIONS_PATH": collections,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
        },
    )
    try:
        yield shell
    finally:
        shell.end()


def played(command: Command, shell: Shell, home: Path) -> None:
    text = command.text
    for said, there in INSTEAD.items():
        text = text.replace(said, there.format(checkout=shlex.quote(str(CHECKOUT))))
    if make := MAKE.fullmatch(text):
        # make and nox create an environment first, and then run this.
        start = f"cd {shlex.quote(str(CHECKOUT))} && exec python3 -m tests.simulator {make[1]}"
        assert shell.run(f"({start}) > vault.log 2>&1 & vault=$!") == (0, "")
        wait_for(home / "vault.json", 60)
        return
    if command.text.startswith("ansible-galaxy"):
        # The reader may use another day and another machine: stop the first simulator, which removes its files.
        assert shell.run('kill -INT "$vault"; wait "$vault"') == (0, "")
        assert not [path for path in home.iterdir() if path.name.startswith("vault")]
    status, output = shell.run(text)
    assert (status != 0) is ("failed=1" in " ".join(command.shown)), output
    # Without escapes of quoted strings, and however the lines are wrapped
    rest = " ".join(re.sub(r"\\(.)", r"\1", output).split())
    for part in filter(None, (" ".join(part.split()) for part in " ".join(command.shown).split("…"))):
        _before, found, rest = rest.partition(part)
        assert found, f"{part}\nis not in\n{output}"
    assert "WARNING" not in output


def test_guide(shell: Shell, home: Path, tmp_path: Path) -> None:
    names = []
    for language, block in of_rst(GUIDE):
        if language == "console":
            for command in commands(block):
                played(command, shell, home)
        else:
            assert language == "yaml+jinja"
            name = block.partition("\n")[0].removeprefix("# ")
            (tmp_path / name).write_text(block, encoding="utf-8")
            names.append(name)
    assert len(set(names)) == len(names) >= 5
    assert (home / "browser").read_text(encoding="utf-8") == "Session open"
    status, _output = shell.run("wait")
    assert status == 0
    assert not [path for path in home.iterdir() if path.name.startswith("vault")]


def test_guide_lists_the_data_of_the_vault() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    vault = load(None)
    names = {
        *vault.users,
        *(device.hostname for device in vault.devices.values() if not re.fullmatch(r"host\d{3,4}", device.hostname)),
        *(credential.username for credential in vault.credentials),
        *(name for application in vault.applications.values() for name in application.authorizations),
    }
    assert {"jdoe", "web01", "svc-admin", "read-only"} <= names
    assert not [name for name in names if f"``{name}``" not in text]


@pytest.mark.parametrize(
    "block, found",
    [
        ("$ a\nb\n$ c \\\n  d\ne\n", [Command("a", ["b"]), Command("c \\\n  d", ["e"])]),
        ("$ (a &&\n  b) &\n$ c\n", [Command("(a &&\n  b) &", []), Command("c", [])]),
    ],
)
def test_commands(block: str, found: list[Command]) -> None:
    assert commands(block) == found
