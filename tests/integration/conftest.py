# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play real playbooks with the ansible-core that runs the tests, against simulators of PAM Core in this process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.simulator import Simulator
from tests.ssh_server import SshServer, program, script, ssh_server

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
PROGRAMS = Path(sys.executable).parent

WARNING = re.compile(r"^\[(?:DEPRECATION )?WARNING\]: .*(?:\n(?!\n|\[|[A-Z]+ ).+)*", re.MULTILINE)


WRITE = "Write what was registered"
"""The name of a task that writes secrets to a file."""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.faults.report")


# Starts Python for Ansible. Records the connection, and what any user of that host can see of all processes. Each
# process writes its own file, because two can write at the same time.
INTERPRETER = """\
#!/bin/sh
echo "from $SSH_CONNECTION" >> {folder}/seen-$$
ps axww -o args >> {folder}/seen-$$
exec "{python}" "$@"
"""


class Remote(t.NamedTuple):
    variables: dict[str, t.Any]
    environment: dict[str, str]
    folder: Path

    def seen(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in self.folder.glob("seen-*"))


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    program("ps")
    with ssh_server(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="module")
def sockets() -> Iterator[Path]:
    """A folder for SSH's sockets. Their paths must be short."""
    with tempfile.TemporaryDirectory(prefix="ssh-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def remote(sshd: SshServer, sockets: Path, tmp_path: Path) -> Remote:
    interpreter = script(tmp_path / "python", INTERPRETER.format(folder=tmp_path, python=sys.executable))
    return Remote(sshd.variables(interpreter, tmp_path / "remote"), sshd.environment(sockets), tmp_path)


class Played:
    """The results of one run of ansible-playbook."""

    def __init__(self, process: subprocess.CompletedProcess[str], events: list[dict[str, t.Any]]) -> None:
        self.code = process.returncode
        self.output = process.stdout + process.stderr
        self.events = events

    @property
    def warnings(self) -> list[str]:
        """Each warning as one line, without its prefix."""
        return [re.sub(r"\s+", " ", found.partition("]: ")[2]).strip() for found in WARNING.findall(self.output)]

    def results(self, task: str) -> list[dict[str, t.Any]]:
        """The results of the task of this name on all hosts, as callback plugins get them."""
        return [
            told["result"]
            for event in self.events
            if event["event"] in ("v2_runner_on_ok", "v2_runner_on_failed", "v2_runner_on_unreachable")
            for told in event["told"]
            if isinstance(told, dict) and told["task"] == task
        ]

    def result(self, task: str) -> dict[str, t.Any]:
        (result,) = self.results(task)
        return result

    def succeeded(self) -> Played:
        assert self.code == 0, self.output
        return self


Play = Callable[..., Played]
Vault = Callable[..., Simulator]


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where Ansible finds the collection: ANSIBLE_COLLECTIONS_PATH, or a folder with a link to the checkout."""
    if given := os.environ.get("ANSIBLE_COLLECTIONS_PATH"):
        return given
    folder = tmp_path_factory.mktemp("collections")
    (folder / "ansible_collections" / "pamops").mkdir(parents=True)
    (folder / "ansible_collections" / "pamops" / "senhasegura").symlink_to(CHECKOUT)
    return str(folder)


@pytest.fixture(scope="session")
def _simulators() -> Iterator[Vault]:
    with ExitStack() as stack:
        running: dict[tuple[str, bool], Simulator] = {}

        def start(profile: str, strict: bool) -> Simulator:
            key = (profile, strict)
            if key not in running:
                running[key] = stack.enter_context(Simulator(profile=profile, strict=strict))
            return running[key]

        yield start


@pytest.fixture
def vaults(_simulators: Vault) -> Iterator[Vault]:
    """``vaults("3.32")`` is a running simulator of that version, with an empty log and without faults."""
    used: list[Simulator] = []

    def get(profile: str = "4.0", strict: bool = True) -> Simulator:
        simulator = _simulators(profile, strict)
        if simulator not in used:
            used.append(simulator)
            simulator.clear_requests()
        return simulator

    yield get
    for simulator in used:
        simulator.clear_faults()


@pytest.fixture
def vault(vaults: Vault) -> Simulator:
    return vaults("4.0")


def reach(vault: Simulator, method: str | None = "oauth2", **more: t.Any) -> dict[str, t.Any]:
    """Variables that connect all plugins of the collection to this vault, and describe the session."""
    known = vault.credentials
    credentials = known[method] if method in ("oauth2", "oauth1") else {method: known[method]} if method else {}
    options = {
        "url": vault.url,
        "ca_path": vault.ca_file,
        "api_prefix": "iso" if known["profile"] == "3.32" else "api",
        **{name: known[name] for name in ("user", "credential", "protocol")},
        **credentials,
        **more,
    }
    return {f"senhasegura_{name}": value for name, value in options.items() if value is not None}


def secrets_of(vault: Simulator) -> dict[str, list[str]]:
    """All secrets, by kind."""
    oauth1 = vault.credentials["oauth1"]
    return {
        "client secret": [vault.credentials["oauth2"]["client_secret"]],
        "OAuth 1.0 secrets": [oauth1["consumer_secret"], oauth1["token_key"], oauth1["token_secret"]],
        "access token": list(vault.state.tokens),
        "session token": [pending.token for pending in vault.state.pending.values()],
        "session URL": list(vault.state.pending),
    }


def leaks(vault: Simulator, played: Played, *handing_on: str) -> set[str]:
    """The secrets that the output or a callback plugin shows, and where.

    ansible-core gives callback plugins the arguments of each task, with or without no_log. Therefore the task that
    writes the registered variables to a file does not count, and neither do tasks that hand over a session."""
    seen = {"output": played.output}
    for event in played.events:
        if not any(isinstance(told, dict) and told["task"] in (WRITE, *handing_on) for told in event["told"]):
            seen[event["event"]] = seen.get(event["event"], "") + json.dumps(event, ensure_ascii=False)
    return {
        f"{kind} in {place}"
        for place, text in seen.items()
        for kind, secrets in secrets_of(vault).items()
        if any(secret in text for secret in secrets)
    }


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory, collections: str) -> Play:
    """Play tasks, given as YAML, and return the results.

    ``inventory`` has hosts with their variables, and ``variables`` are those of all hosts. Other keywords are those of
    the play. With ``whole``, the YAML is a whole playbook. ``starter`` is a command that starts the command after it.
    ``typed`` is the input of a person."""

    def run(
        tasks: str,
        *arguments: str,
        variables: Mapping[str, t.Any] | None = None,
        inventory: Mapping[str, t.Any] | None = None,
        environment: Mapping[str, str] | None = None,
        config: str = "",
        whole: bool = False,
        starter: Sequence[str] = (),
        seconds: float = 110,
        typed: str = "",
        **keywords: t.Any,
    ) -> Played:
        folder = tmp_path_factory.mktemp("play")
        (folder / "home").mkdir()
        playbook, hosts, events = folder / "playbook.yml", folder / "hosts.yml", folder / "events"
        keywords = {"name": "Test", "hosts": "all", "gather_facts": False, **keywords}
        head = "".join(f"  {name}: {json.dumps(value)}\n" for name, value in keywords.items())
        text = textwrap.dedent(tasks)
        playbook.write_text(text if whole else f"-\n{head}  tasks:\n{textwrap.indent(text, '    ')}", encoding="utf-8")
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts.write_text(
            json.dumps({"all": {"hosts": inventory or {"localhost": local}, "vars": dict(variables or {})}}),
            encoding="utf-8",
        )
        (folder / "ansible.cfg").write_text(config, encoding="utf-8")
        events.touch()
        process = subprocess.run(
            [*starter, str(PROGRAMS / "ansible-playbook"), "-i", str(hosts), str(playbook), *arguments],
            check=False,
            cwd=folder,
            env={
                "PATH": os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)]),
                "HOME": str(folder / "home"),
                "LANG": "C.UTF-8",
                "COLUMNS": "10000",
                "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
                "ANSIBLE_COLLECTIONS_PATH": collections,
                "ANSIBLE_ROLES_PATH": str(HERE / "targets"),
                "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "plugins" / "callback"),
                "ANSIBLE_CALLBACKS_ENABLED": "dump_everything",
                "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "plugins" / "connection"),
                "ANSIBLE_DEPRECATION_WARNINGS": "true",
                "ANSIBLE_NOCOLOR": "true",
                "DUMP_EVERYTHING": str(events),
                **(environment or {}),
            },
            input=typed,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        return Played(process, [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()])

    return run
