# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the collection's playbooks as AWX does. AWX's own code injects the credentials. ansible-runner sends the job from
one node to another, which has only what the execution environment lists.

SENHASEGURA_TEST_EE is the folder of programs of such an environment, and SENHASEGURA_TEST_AWX_AWX a folder of
collections with awx.awx. The noxfile creates both. Without the first, the environment of the tests replaces it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import typing as t
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import ansible_runner
import pytest
import yaml
from awx_plugins.interfaces import _temporary_private_container_api as container
from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
from awx_plugins.interfaces._temporary_private_credential_api import Credential
from awx_plugins.interfaces._temporary_private_inject_api import inject_credential

from tests.awx.webhook import Webhook
from tests.simulator import Simulator

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(os.environ.get("SENHASEGURA_TEST_EE") or Path(sys.executable).parent)
RESULTS = CHECKOUT / ".cache" / "results"
TYPES = CHECKOUT / "playbooks" / "files" / "awx" / "credential_types"

JobPlay = Callable[..., "Job"]


def needed(what: str, found: str | None) -> str:
    """Skip the test without this requirement, or fail if no test may be skipped."""
    if found:
        return found
    if os.environ.get("SENHASEGURA_TEST_REQUIRE_ALL") == "1":
        pytest.fail(f"{what} is not there, and SENHASEGURA_TEST_REQUIRE_ALL is set.")
    pytest.skip(f"{what} is not there.")


def credential_type(name: str) -> dict[str, t.Any]:
    loaded: dict[str, t.Any] = yaml.safe_load((TYPES / f"{name}.yml").read_text(encoding="utf-8"))
    return loaded


class Injected(t.NamedTuple):
    environment: dict[str, str]
    shown: dict[str, str]
    """The environment that AWX shows to users who may see the job."""
    arguments: list[str]


def inject(
    credentials: list[tuple[Mapping[str, t.Any], Mapping[str, t.Any]]], private_data_dir: Path, seen_at: Path
) -> Injected:
    """What AWX injects for credentials: pairs of a type and its inputs.

    *seen_at* is the path of the folder in the job. In AWX this is /runner in the job's container."""
    environment: dict[str, t.Any] = {}
    shown: dict[str, t.Any] = {}
    arguments: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(container, "CONTAINER_ROOT", str(seen_at))
        for kind, inputs in credentials:
            managed = ManagedCredentialType(
                namespace="", name=kind["name"], kind=kind["kind"], inputs=kind["inputs"], injectors=kind["injectors"]
            )
            filled = Credential(dict(inputs))
            inject_credential(managed, filled, environment, shown, arguments, str(private_data_dir))
    return Injected(environment, shown, arguments)


class Job:
    """The results of a job, as they arrive where AWX processes them."""

    def __init__(self, status: str, events: list[dict[str, t.Any]], injected: Injected, files: Path) -> None:
        self.status = status
        self.events = events
        self.output = "\n".join(event["stdout"] for event in events if event.get("stdout"))
        self.injected = injected
        self.files = files
        """The folder that ansible-runner wrote."""

    def succeeded(self) -> Job:
        assert self.status == "successful", self.output
        return self

    def message(self, task: str) -> t.Any:
        """The message of the task of this name, from its event."""
        (result,) = [
            event["event_data"]["res"]
            for event in self.events
            if event["event"] in ("runner_on_ok", "runner_on_failed") and event["event_data"]["task"] == task
        ]
        return result["msg"]

    def failure(self) -> str:
        assert self.status == "failed", self.output
        (result,) = [event["event_data"]["res"] for event in self.events if event["event"] == "runner_on_failed"]
        message: str = result["msg"]
        return message.removeprefix("Task failed: Action failed: ")

    def written(self) -> dict[str, str]:
        """All remaining files, by name."""
        return {
            str(path.relative_to(self.files)): path.read_text(encoding="utf-8", errors="replace")
            for path in self.files.rglob("*")
            if path.is_file()
        }


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with the collection as it is published: built and installed."""
    folder = tmp_path_factory.mktemp("collections")
    galaxy = [str(PROGRAMS / "ansible-galaxy"), "collection"]
    environment = base_environment(str(folder), folder)
    build = [*galaxy, "build", "--output-path", str(folder), str(CHECKOUT)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environment)
    (archive,) = folder.glob("*.tar.gz")
    install = [*galaxy, "install", "--offline", "--collections-path", str(folder), str(archive)]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=environment)
    return str(folder)


def base_environment(collections: str, folder: Path) -> dict[str, str]:
    """An environment without the developer's own settings for Ansible, the desktop and PAM Core."""
    return {
        "PATH": os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
    }


@pytest.fixture(scope="session")
def _simulator() -> Iterator[Simulator]:
    with Simulator(profile="4.0") as simulator:
        yield simulator


@pytest.fixture
def vault(_simulator: Simulator) -> Iterator[Simulator]:
    _simulator.clear_requests()
    yield _simulator
    _simulator.clear_faults()


@pytest.fixture(scope="session")
def _webhook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhook]:
    with Webhook(tmp_path_factory.mktemp("webhook")) as webhook:
        yield webhook


@pytest.fixture
def webhook(_webhook: Webhook) -> Webhook:
    _webhook.reset()
    return _webhook


def inputs_of(vault: Simulator, method: str = "oauth2") -> dict[str, str]:
    """The inputs of a credential for this vault."""
    certificate = Path(vault.ca_file).read_text(encoding="utf-8").strip()  # as a user pastes it
    return {"url": vault.url, "ca_certificate": certificate, **vault.credentials[method]}


def secrets_of(vault: Simulator) -> list[str]:
    """All secrets of the vault and of its sessions."""
    oauth1 = vault.credentials["oauth1"]
    return [
        vault.credentials["oauth2"]["client_secret"],
        *(oauth1[name] for name in ("consumer_secret", "token_key", "token_secret")),
        *vault.state.tokens,
        *(pending.token for pending in vault.state.pending.values()),
        *vault.state.pending,
    ]


@pytest.fixture
def answers(vault: Simulator) -> dict[str, str]:
    """The answers of a survey."""
    names = ("device", "credential", "protocol")
    return {name: vault.credentials[name] for name in names}


@pytest.fixture
def run_job(collections: str, tmp_path_factory: pytest.TempPathFactory) -> JobPlay:
    """Run a job of a job template, with the collection's repository as the project.

    *answers* are those of the survey, *variables* are the job template's own, and *user* is the launcher."""

    def run(
        answers: Mapping[str, t.Any],
        credentials: list[tuple[Mapping[str, t.Any], Mapping[str, t.Any]]],
        variables: Mapping[str, t.Any] | None = None,
        user: str | None = "jdoe",
        playbook: str | Path = "playbooks/request_session.yml",
        arguments: list[str] | None = None,
        **parameters: t.Any,
    ) -> Job:
        top = tmp_path_factory.mktemp("job")
        here, there, home = top / "controller", top / "node", top / "home"
        for folder in (here / "env", here / "inventory", there, home):
            folder.mkdir(parents=True)
        shutil.copytree(CHECKOUT / "playbooks", here / "project" / "playbooks")
        (here / "inventory" / "hosts").write_text("localhost\n", encoding="utf-8")
        (here / "env" / "extravars").write_text(awx_extra_vars(answers, variables or {}, user), encoding="utf-8")
        injected = inject(credentials, here, there)
        settings: dict[str, t.Any] = {
            "private_data_dir": str(here),
            "playbook": str(playbook),
            "inventory": "inventory/hosts",
            "ident": "1",
            "suppress_env_files": True,
            "settings": {"suppress_ansible_output": True, "suppress_output_file": True},
            "envvars": {**base_environment(collections, home), **injected.environment},
            "cmdline": " ".join([*injected.arguments, *(arguments or [])]),
            **parameters,
        }
        order, outcome = top / "order", top / "outcome"
        with order.open("wb") as stream:
            ansible_runner.interface.run(streamer="transmit", _output=stream, **settings)
        with order.open("rb") as stdin, outcome.open("wb") as stdout:
            subprocess.run(
                [str(PROGRAMS / "ansible-runner"), "worker", "--private-data-dir", str(there)],
                check=False,  # the artifacts tell whether the job failed
                stdin=stdin,
                stdout=stdout,
                env={"PATH": os.pathsep.join([str(PROGRAMS), os.defpath]), "HOME": str(home), "LANG": "C.UTF-8"},
                timeout=110,
            )
        processed = top / "processed"  # in AWX, this is the first folder again
        processed.mkdir()
        events: list[dict[str, t.Any]] = []
        with outcome.open("rb") as stream:
            result = ansible_runner.interface.run(
                streamer="process",
                quiet=True,
                _input=stream,
                private_data_dir=str(processed),
                ident="1",
                event_handler=lambda event: events.append(event) or True,  # type: ignore[func-returns-value]
            )
        return Job(result.status, events, injected, processed)

    return run


class _Unsafe(yaml.SafeDumper):
    """Marks every string as not a template: ``!unsafe 'text'``, as ``awx/main/utils/safe_yaml.py`` does."""

    def represent_data(self, data: t.Any) -> yaml.Node:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


def awx_extra_vars(answers: Mapping[str, t.Any], variables: Mapping[str, t.Any], user: str | None) -> str:
    """Write variables as AWX does. Values that are not exactly those of the job template are not templates. AWX's own
    variables are among them."""
    added: dict[str, t.Any] = {"awx_job_id": 7, "tower_job_id": 7}
    if user is not None:
        added |= {f"{name}_user_name": user for name in ("awx", "tower")}
        added |= {f"{name}_user_email": f"{user}@corp.example" for name in ("awx", "tower")}
    return "".join(
        yaml.dump(
            {name: value},
            Dumper=yaml.SafeDumper if name in variables and variables[name] == value else _Unsafe,
            default_flow_style=False,
        )
        for name, value in {**variables, **answers, **added}.items()
    )


class CommandLines:
    """Records the command lines of all processes on this machine, which every user can read, within its context."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> CommandLines:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._stop.is_set():
            for entry in os.listdir("/proc"):
                if entry.isdecimal():
                    try:
                        self.seen.add(Path("/proc", entry, "cmdline").read_bytes().decode(errors="replace"))
                    except OSError:
                        continue  # the process has ended
            time.sleep(0.02)
