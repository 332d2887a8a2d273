# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show the collection on one machine: the simulator as PAM Core, a playbook, and its results."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import requests

from tests.simulator import Simulator

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent


def say(text: str) -> None:
    print(textwrap.fill(text, 100, subsequent_indent="   "), flush=True)


def run(*command: str, **variables: str) -> str:
    """The output of a program of this environment. If the program fails, the demonstration ends."""
    program = str(Path(sys.executable).with_name(command[0]))
    process = subprocess.run(
        [program, *command[1:]],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", **variables},
    )
    if process.returncode:
        sys.exit(f"{process.stdout}\n{command[0]} failed, so the demonstration stops.")
    return process.stdout


def install_collection(folder: Path) -> None:
    run("ansible-galaxy", "collection", "build", "--output-path", str(folder), str(CHECKOUT))
    archive = next(folder.glob("*.tar.gz"))
    run(
        "ansible-galaxy",
        "collection",
        "install",
        "--offline",
        "--force",
        "--collections-path",
        str(folder),
        str(archive),
    )
    say(f"1. Built {archive.name} and installed it with ansible-galaxy.")


def title(page: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return html.unescape(found[1]).strip() if found else "(a page without a heading)"


def show(simulator: Simulator, folder: Path, output: str) -> None:
    notes = json.loads((folder / "notes.json").read_text())
    told = re.search(r"TASK \[Request .*?\] \**\n(?:task path: .*\n)?((?:.+\n)+)", output)
    say("3. The playbook tests/demo/playbook.yml requested an SSH session on web01. With -vvv, Ansible printed:")
    print(textwrap.indent((told[1] if told else "(nothing)\n").rstrip(), "      "))
    say(
        f"   The registered variable contains the URL ({len(notes['session_url'])} characters), the token "
        f"({len(notes['token'])} characters), and the time at which the URL expires: {notes['expires_at']}."
    )
    say(f"4. The first request for the URL returns the page: {title(notes['page'])} (HTTP {notes['opened']}).")
    say(f"   PAM Core refuses the second request (HTTP {notes['opened_again']}).")

    link = re.search(r'href="([^"]+)"', (folder / "go.html").read_text())
    if not link:
        sys.exit("The template has no link.")
    first, second = (requests.get(html.unescape(link[1]), verify=simulator.ca_file, timeout=10) for _time in range(2))
    say("5. The lookup in a template requested a session on db01, and the playbook wrote a page with the URL.")
    say(f"   The first request for this URL returns the page: {title(first.text)} (HTTP {first.status_code}).")
    say(f"   PAM Core refuses the second request (HTTP {second.status_code}).")

    logins = sum(request.path.endswith("/oauth2/token") and request.status == 200 for request in simulator.requests)
    say(f"6. For both sessions, the playbook logged in {'once' if logins == 1 else f'{logins} times'}.")
    secrets = [
        notes["session_url"],
        notes["token"],
        html.unescape(link[1]),
        simulator.credentials["oauth2"]["client_secret"],
    ]
    if any(secret in output for secret in secrets):
        sys.exit("The output of the playbook contains a secret. Please report this bug.")
    say(f"   The {len(output.splitlines())} lines of Ansible's output contain no URL, token or client secret.")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="senhasegura-demo-") as name, Simulator(profile="4.0") as simulator:
        folder = Path(name)
        install_collection(folder)
        say(f"2. Started a simulator of PAM Core 4.0 at {simulator.url}, with its own certificate.")
        output = run(
            "ansible-playbook",
            "-vvv",
            "--inventory=localhost,",
            "--extra-vars",
            json.dumps(
                {
                    "folder": str(folder),
                    "ansible_connection": "local",
                    "ansible_python_interpreter": sys.executable,
                }
            ),
            str(HERE / "playbook.yml"),
            ANSIBLE_COLLECTIONS_PATH=str(folder),
            ANSIBLE_LOCAL_TEMP=str(folder / "tmp"),
            SENHASEGURA_URL=simulator.url,
            SENHASEGURA_CA_PATH=simulator.ca_file,
            SENHASEGURA_CLIENT_ID=simulator.credentials["oauth2"]["client_id"],
            SENHASEGURA_CLIENT_SECRET=simulator.credentials["oauth2"]["client_secret"],
        )
        if "--verbose" in sys.argv:
            print(output)
        show(simulator, folder, output)
    say("7. Stopped the simulator, and removed all files that it and the playbook wrote.")


main()
