# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vaults with recognizable secrets, and runs of Ansible. After each run, everything that was written is searched."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import typing as t
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.release import __version__ as core_version

from tests.leaks import playbooks
from tests.leaks.marks import CONTROL, FORMS, KINDS, MARKS, Searched, bearer, secret
from tests.leaks.watch import GIVEN, SITECUSTOMIZE, Processes, SystemLog
from tests.simulator import Simulator
from tests.simulator.data import DEFAULT_FILE
from tests.simulator.state import Token
from tests.ssh_server import SshServer, script, ssh_server

CHECKOUT = Path(__file__).resolve().parents[2]
CALLBACKS = CHECKOUT / "tests" / "integration" / "plugins" / "callback"
PROGRAMS = Path(sys.executable).parent

CORE = tuple(int(part) for part in core_version.split(".")[:2])

LOGIN, ANY_OTHER = "/api/oauth2/token", "/api/*session*"

CREDENTIALS = {
    "client_id": "our-client-id",
    "client_secret": secret("client secret"),
    "consumer_key": "our-consumer-key",
    "consumer_secret": secret("consumer secret"),
    "token_key": secret("OAuth 1.0 token"),
    "token_secret": secret("OAuth 1.0 token secret"),
    "access_token": bearer("access token"),
}
CLIENT = {name: CREDENTIALS[name] for name in ("client_id", "client_secret")}


# Vaults


def _data() -> dict[str, t.Any]:
    data: dict[str, t.Any] = yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8"))
    data["settings"]["marks"] = {
        "access_token": MARKS["issued token"],
        "session_token": MARKS["session token"],
        "sr": MARKS["session URL"],
    }
    oauth1 = {name: CREDENTIALS[name] for name in ("consumer_key", "consumer_secret", "token_key", "token_secret")}
    rights = {"resources": ["PAM Core", "Web Proxy Session"], "permission": "read-write"}
    data["applications"] = {
        "portal": {"method": "OAuth 2.0", "authorizations": {"full": {**rights, **CLIENT}}},
        "batch": {"method": "OAuth 1.0", "authorizations": {"full": {**rights, **oauth1}}},
    }
    return data


@pytest.fixture(scope="session")
def vaults() -> Iterator[Mapping[str, Simulator]]:
    """One vault that works correctly, and several that repeat parts of their requests in various ways."""
    echoes = {
        "success": None,
        "echo_at_login": (LOGIN, "message"),
        "echo_in_message": (ANY_OTHER, "message"),
        "echo_in_headers": (ANY_OTHER, "headers"),
        "echo_in_page": (ANY_OTHER, "page"),
        "echo_without_http": (ANY_OTHER, "status_line"),
    }
    with ExitStack() as stack:
        running = {}
        for name, echo in echoes.items():
            vault = running[name] = stack.enter_context(Simulator(profile="4.0", data=_data()))
            tomorrow = vault.clock.now() + timedelta(days=1)
            authorization = vault.state.authorization("portal", "full")
            vault.state.tokens[CREDENTIALS["access_token"]] = Token(authorization, "acme", tomorrow)
            if echo:
                vault.fault(echo[0], {"name": "echo_secret", "where": echo[1]}, times=None)
        yield running


@pytest.fixture(scope="session")
def proxy() -> Iterator[str]:
    """The address of a proxy that refuses every client, and repeats the password, both as received and decoded."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def refuse() -> None:
            while True:
                try:
                    connection, _peer = server.accept()
                except OSError:
                    return
                with closing(connection), suppress(OSError):
                    connection.settimeout(5)
                    asked = b""
                    while b"\r\n\r\n" not in asked:
                        asked += connection.recv(65536) or b"\r\n\r\n"
                    sent = asked.partition(b"Proxy-Authorization: Basic ")[2].partition(b"\r\n")[0]
                    connection.sendall(b"HTTP/1.1 407 No: %b, %b\r\n\r\n" % (sent, base64.b64decode(sent)))

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def outcomes(vaults: Mapping[str, Simulator], proxy: str) -> dict[str, dict[str, t.Any]]:
    """Hosts, each with variables that lead to the outcome in its name."""
    hosts = {
        name: {"senhasegura_url": vault.url, "senhasegura_ca_path": vault.ca_file} for name, vault in vaults.items()
    }
    wrong = secret("wrong secret")
    password = quote(secret("proxy password"), safe="")
    return {
        **hosts,
        "wrong_secret": {
            **hosts["success"],
            "senhasegura_client_secret": wrong,
            **{f"my_{name}": wrong for name in ("client_secret", "consumer_secret", "token_secret")},
            "my_access_token": bearer("wrong secret"),
        },
        "untrusted": {**hosts["success"], "senhasegura_ca_path": vaults["echo_in_page"].ca_file},
        "unreachable": {**hosts["success"], "senhasegura_url": f"https://127.0.0.1:{_free_port()}"},
        "refused_by_proxy": {**hosts["success"], "senhasegura_proxy": f"http://jdoe:{password}@{proxy}"},
    }


# Runs


class Way(t.NamedTuple):
    """A mode in which plays run."""

    name: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    plays: tuple[str, ...] = ("contexts", "controls")
    hosts: tuple[str, ...] = ()
    """All hosts if empty."""
    vaulted: bool = False
    """Whether variables contain each secret encrypted with ansible-vault."""
    by_environment: bool = False
    """Whether the client secret comes from the environment of the process."""
    runner: bool = False
    facts: tuple[str, ...] = ()
    """The subset of facts that each play gathers. If empty, plays gather no facts."""
    ad_hoc: tuple[tuple[str, ...], ...] = ()
    """Command lines of the program ansible, which run instead of plays."""
    console: tuple[str, ...] = ()
    """Lines for ansible-console, which run instead of plays."""
    variables: Mapping[str, t.Any] = {}
    own_plays: Mapping[str, str] = {}
    """Plays that are not in playbooks.py."""


FOLDERS = {
    "home": "home",
    "local": "local temporary files",
    "remote": "remote temporary files",
    "tmp": "other temporary files",
    "facts": "cache of facts",
    "retry": "retry files",
    "tree": "callback tree",
    "junit": "callback junit",
    "log": "log",
    "dump": "callback that dumps everything",
    "syslog": "what the module sends to the system log",
    "project": "current folder",
    "artifacts": "artifacts of ansible-runner",
}
"""Where Ansible writes below a run's folder "written", and what each place is."""

EVERYWHERE = {*FOLDERS.values(), "output", "command lines", "environments"}


class Run:
    """The results of a run, and everything that it wrote. The files "given" and "kept" by the test are not searched."""

    def __init__(self, way: Way, folder: Path) -> None:
        self.way = way
        self.given, self.kept, self.written = (folder / name for name in ("given", "kept", "written"))
        self.searched = Searched()
        self.output = ""
        self.looks = 0
        self.events: list[dict[str, t.Any]] = []
        for place in FOLDERS:
            (self.written / place).mkdir(parents=True)
        self.given.mkdir()
        self.kept.mkdir()

    def told(self, task: str) -> list[dict[str, t.Any]]:
        """What callbacks got for the task of this name, for each host and item."""
        return [
            {"event": event["event"], **told}
            for event in self.events
            for told in event["told"]
            if isinstance(told, dict) and told["task"] == task
        ]

    def results(self, task: str) -> dict[str, dict[str, t.Any]]:
        """The result of the task on each host. Core removes "failed" from a result, so the event shows it."""
        return {
            told["host"]: {**told["result"], "failed": told["event"] != "v2_runner_on_ok"}
            for told in self.told(task)
            if told["event"] in ("v2_runner_on_ok", "v2_runner_on_failed", "v2_runner_on_unreachable")
        }


class Stage(t.NamedTuple):
    """Shared by all runs."""

    outcomes: Mapping[str, Mapping[str, t.Any]]
    server: SshServer
    sockets: Path
    collections: Path
    folder: Callable[[str], Path]


@pytest.fixture(scope="session")
def stage(outcomes: dict[str, dict[str, t.Any]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    collections = tmp_path_factory.mktemp("collections")
    (collections / "ansible_collections" / "pamops").mkdir(parents=True)
    (collections / "ansible_collections" / "pamops" / "senhasegura").symlink_to(CHECKOUT)
    with (
        ssh_server(tmp_path_factory.mktemp("sshd")) as server,
        tempfile.TemporaryDirectory(prefix="ssh-", ignore_cleanup_errors=True) as sockets,
    ):
        yield Stage(outcomes, server, Path(sockets), collections, tmp_path_factory.mktemp)


VAULT_PASSWORD = "a password for vaults"


class Vaulted(str):
    """A string to be written to YAML, encrypted with ansible-vault."""


class _Dumper(yaml.SafeDumper):
    pass


def _represent(dumper: yaml.SafeDumper, text: Vaulted) -> yaml.Node:
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))])
    return dumper.represent_scalar("!vault", vault.encrypt(str(text)).decode(), style="|")


_Dumper.add_representer(Vaulted, _represent)


def to_yaml(value: t.Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False)


def _vaulted(variables: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        name: Vaulted(value) if any(mark in str(value) for mark in MARKS.values()) else value
        for name, value in variables.items()
    }


def _variables(run: Run) -> dict[str, t.Any]:
    client = {} if run.way.by_environment else CLIENT
    return {
        **{f"my_{name}": value for name, value in CREDENTIALS.items()},
        **{f"senhasegura_{name}": value for name, value in client.items()},
        "senhasegura_api_prefix": "api",
        "senhasegura_retries": 0,
        "senhasegura_user": "jdoe",
        "senhasegura_credential": "svc-admin",
        "senhasegura_protocol": "SSH",
        "length": len(MARKS["session token"]),
        "session_token_hash": hashlib.sha256(MARKS["session token"].encode()).hexdigest(),
        "braced": f"{MARKS['client secret']}{{{{ {MARKS['client secret']}",
        "braced_proxy": f"http://jdoe:{MARKS['proxy password']}{{%@127.0.0.1",
        "control": MARKS[CONTROL],
        "kept": str(run.kept),
        "folders": [
            str(run.written / place) for place in ("home", "local", "remote", "tmp", "retry", "project", "syslog")
        ],
        **run.way.variables,
    }


def _inventory(run: Run, stage: Stage) -> dict[str, t.Any]:
    python = run.given / "python"
    python.mkdir()
    noted = str(run.written / "syslog" / "messages")
    (python / "sitecustomize.py").write_text(SITECUSTOMIZE.format(path=noted), encoding="utf-8")
    beginning = f"#!/bin/sh\nexport PYTHONPATH={python} TMPDIR={run.written / 'tmp'}\n"
    interpreter = script(run.given / "there", f'{beginning}exec "{sys.executable}" "$@"\n')
    dying = script(run.given / "dying", f'{beginning}"{sys.executable}" "$@" >&2\nexit 137\n')
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    there = stage.server.variables(interpreter, run.written / "remote")
    protect = _vaulted if run.way.vaulted else dict
    hosts = {name: {**local, **protect(variables)} for name, variables in stage.outcomes.items()}
    others = {
        "localhost": local,
        "jump": there,
        "dying": {**there, "ansible_python_interpreter": dying},
        "unusable": {"ansible_connection": "no.such.plugin"},
    }
    return {
        "all": {
            "vars": protect(_variables(run)),
            "children": {"outcomes": {"hosts": hosts}, "others": {"hosts": others}},
        }
    }


def _environment(run: Run, stage: Stage) -> dict[str, str]:
    written = run.written
    given = {}
    if run.way.by_environment:
        given = {GIVEN: "1", **{f"SENHASEGURA_{name.upper()}": value for name, value in CLIENT.items()}}
    return {
        "PATH": os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)]),
        "HOME": str(written / "home"),
        "TMPDIR": str(written / "tmp"),
        "LANG": "C.UTF-8",
        "COLUMNS": "10000",
        "ANSIBLE_CONFIG": str(run.given / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(stage.collections),
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_LOCAL_TEMP": str(written / "local"),
        "ANSIBLE_REMOTE_TEMP": str(written / "remote"),
        "ANSIBLE_LOG_PATH": str(written / "log" / "ansible.log"),
        "ANSIBLE_RETRY_FILES_ENABLED": "true",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(written / "retry"),
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(written / "facts"),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "dump_everything,tree,junit",
        "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true",
        "ANSIBLE_CALLBACK_TREE_DIR": str(written / "tree"),
        "JUNIT_OUTPUT_DIR": str(written / "junit"),
        "DUMP_EVERYTHING": str(written / "dump" / "events"),
        "ANSIBLE_VAULT_PASSWORD_FILE": str(run.given / "vault-password"),
        **stage.server.environment(stage.sockets),
        **given,
        **run.way.environment,
    }


def _commands(run: Run) -> list[list[str]]:
    hosts, site = str(run.given / "hosts.yml"), str(run.given / "site.yml")
    arguments = list(run.way.arguments)
    if run.way.ad_hoc:
        return [[str(PROGRAMS / "ansible"), "-i", hosts, *line, *arguments] for line in run.way.ad_hoc]
    if run.way.console:
        return [[str(PROGRAMS / "ansible-console"), "-i", hosts, *arguments]]
    if run.way.hosts:
        arguments += ["--limit", ",".join([*run.way.hosts, "others"])]
    if not run.way.runner:
        return [[str(PROGRAMS / "ansible-playbook"), "-i", hosts, site, *arguments]]
    private = ["--ident", "run", "--inventory", hosts, "--playbook", site]
    return [[str(PROGRAMS / "ansible-runner"), "run", str(run.written), *private, *arguments]]


def _play(run: Run, name: str) -> str:
    """The text of a play that gathers the facts of this mode."""
    play = run.way.own_plays.get(name) or str(getattr(playbooks, name.upper()))
    if not run.way.facts:
        return play
    folder = json.dumps(str(run.given / "facts.d"))
    gather = f"gather_facts: true\n  gather_subset: {json.dumps(run.way.facts)}\n  fact_path: {folder}\n"
    return play.replace("gather_facts: false\n", gather)


class Prepared(t.NamedTuple):
    """A run that is ready to start."""

    run: Run
    commands: list[list[str]]
    environment: dict[str, str]


@pytest.fixture(scope="session")
def prepare(stage: Stage) -> Callable[..., Prepared]:
    def prepare(way: Way, collections: Path | None = None) -> Prepared:
        run = Run(way, stage.folder("run"))
        files = {
            "included.yml": playbooks.INCLUDED,
            "page.html.j2": playbooks.PAGE,
            "vault-password": VAULT_PASSWORD,
            "hosts.yml": to_yaml(_inventory(run, stage)),
            "ansible.cfg": "",
            "site.yml": json.dumps([{"name": play, "import_playbook": f"{play}.yml"} for play in way.plays]),
            "facts.d/control.fact": json.dumps(MARKS[CONTROL]),
            **{f"{play}.yml": _play(run, play) for play in way.plays},
        }
        (run.given / "facts.d").mkdir()
        for name, content in files.items():
            (run.given / name).write_text(content, encoding="utf-8")
        environment = _environment(run, stage)
        if collections:
            environment["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
        return Prepared(run, _commands(run), environment)

    return prepare


RUNS: list[Run] = []
"""All runs, for the summary at the end."""


@pytest.fixture(scope="session")
def perform(prepare: Callable[..., Prepared]) -> Callable[..., Run]:
    """Run plays in a mode, and search everything that was written."""

    def perform(way: Way, collections: Path | None = None, system_log: SystemLog | None = None) -> Run:
        run, commands, environment = prepare(way, collections)
        said, complained = b"", b""
        with Processes() as processes:
            for command in commands:
                process = subprocess.run(
                    command,
                    check=False,
                    cwd=run.written / "project",
                    env=environment,
                    input="".join(f"{line}\n" for line in way.console).encode(),
                    capture_output=True,
                    timeout=280,
                )
                said += process.stdout
                complained += process.stderr
                run.output = (said + complained).decode("utf-8", "replace")
                assert process.returncode in ((0, 2) if way.ad_hoc else (0,)), run.output  # 2 if a task fails
        run.searched.text("output", said + complained)
        run.looks = processes.looks
        processes.search(run.searched)
        if system_log:
            run.searched.text("system log", b"\n".join(system_log.messages))
        run.searched.folder(run.written, FOLDERS)
        events = (run.written / "dump" / "events").read_text(encoding="utf-8")
        run.events = [json.loads(line) for line in events.splitlines()]
        RUNS.append(run)
        return run

    return perform


Runs = Callable[[Way], Run]


@pytest.fixture(scope="module")
def runs(perform: Runs) -> Runs:
    """Each mode runs only once."""
    known: dict[str, Run] = {}

    def get(way: Way) -> Run:
        if way.name not in known:
            known[way.name] = perform(way)
        return known[way.name]

    return get


def cached_facts(run: Run) -> dict[str, Path]:
    """The file of each host in the cache of facts. From ansible-core 2.19 on, its name contains the format."""
    folder = run.written / ("artifacts/run/fact_cache" if run.way.runner else "facts")
    return {path.name.removeprefix("s1_"): path for path in folder.iterdir()}


def copy_of_the_collection(folder: Path) -> Path:
    """A copy for tests that break the collection. Ansible can use *folder* as a path of collections."""
    copy = folder / "ansible_collections" / "pamops" / "senhasegura"
    for part in ("plugins", "meta"):
        shutil.copytree(CHECKOUT / part, copy / part)
    return copy


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    places = {place for run in RUNS for place in run.searched.size}
    size = sum(sum(run.searched.size.values()) for run in RUNS)
    events = sum(len(run.events) for run in RUNS)
    terminalreporter.write_sep("=", f"what was searched, on ansible-core {core_version}")
    terminalreporter.write_line(
        f"{len(KINDS) - 1} kinds of secrets in {len(FORMS[CONTROL])} forms each, after {len(RUNS)} runs, in "
        f"{len(places)} places: {sum(run.searched.files for run in RUNS)} files, {events} events of callbacks, "
        f"{sum(run.looks for run in RUNS)} looks at processes, {size / 1e6:.1f} MB in all."
    )
