# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: each work, and its contenders.

A contender does its work with a playbook and an inventory, which are written into a folder, or with its own command."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
TASK = "pamops.senhasegura.pam_remote_session"

Tasks = list[dict[str, t.Any]]
Vault = Mapping[str, str]
"""``url``, ``ca_file``, ``client_id``, ``client_secret``, ``access_token``, ``user``, ``credential``, ``protocol``. All
of them are written into a play literally, so that no contender has more templates than the others."""


class Work(t.NamedTuple):
    kind: str
    size: int = 1
    """Hosts, or items of a loop."""
    forks: int = 5
    latency: float = 0.0
    """Seconds by which the simulator delays each response."""

    @property
    def name(self) -> str:
        forks = f"-{self.forks}forks" if self.kind == "hosts" else ""
        size = "" if self.kind == "start" else f"-{self.size}"
        return f"{self.kind}{size}{forks}-{self.latency * 1000:.0f}ms"

    @property
    def contenders(self) -> Mapping[str, Contender]:
        return CONTENDERS[self.kind]


WORKS = [
    *(Work("start", latency=latency) for latency in (0, 0.05)),
    *(Work("loop", size, latency=latency) for latency in (0, 0.05) for size in (1, 20, 200)),
    *(Work("hosts", size, forks, latency) for latency in (0, 0.05) for size in (1, 100, 1000) for forks in (10, 50)),
]


class Contender(t.NamedTuple):
    title: str
    tasks: Callable[[str, Vault], Tasks] | None = None
    """A function of the expression for the device's name that returns the tasks of a play. ``None`` is the script."""
    sessions: bool = True
    """Whether it requests a session for each item or host."""
    environment: Mapping[str, str] = {}
    needs: str | None = None
    """A program that the contender needs."""


def session_options(device: str, vault: Vault) -> dict[str, str]:
    return {"device": device, **{name: vault[name] for name in ("user", "credential", "protocol")}}


def get_session(device: str, vault: Vault, **keywords: t.Any) -> Tasks:
    return [{"name": "Get a session", TASK: session_options(device, vault), "register": "session", **keywords}]


def look_up(device: str, vault: Vault) -> Tasks:
    options = ", ".join(f"{name}='{vault[name]}'" for name in ("user", "credential", "protocol"))
    message = f"{{{{ lookup('{TASK}', {device.strip('{} ')}, {options}) }}}}"
    return [{"name": "Use a session", "ansible.builtin.debug": {"msg": message}, "no_log": True}]


def load_and_look_up(device: str, vault: Vault) -> Tasks:
    return get_session(device, vault, when=False, run_once=True) + look_up(device, vault)


def request_with_uri(device: str, vault: Vault) -> Tasks:
    form = {"grant_type": "client_credentials", **{name: vault[name] for name in ("client_id", "client_secret")}}
    login = {"url": f"{vault['url']}/api/oauth2/token", "body_format": "form-urlencoded", "body": form}
    create = {
        "url": f"{vault['url']}/api/pam/remote/session",
        "headers": {"Authorization": "Bearer {{ login.json.access_token }}"},
        "body_format": "json",
        "body": session_options(device, vault),
    }
    common = {"method": "POST", "ca_path": vault["ca_file"]}
    return [
        {
            "name": "Log in",
            "ansible.builtin.uri": {**common, **login},
            "register": "login",
            "run_once": True,
            "no_log": True,
        },
        {"name": "Get a session", "ansible.builtin.uri": {**common, **create}, "register": "session", "no_log": True},
    ]


def bare_arguments(vault: Vault, session: Mapping[str, str]) -> dict[str, t.Any]:
    """Arguments of the action and the lookup in this folder."""
    url = f"{vault['url']}/api/pam/remote/session"
    return {"url": url, "access_token": vault["access_token"], "verify": vault["ca_file"], "json": dict(session)}


def post_bare(device: str, vault: Vault) -> Tasks:
    arguments = bare_arguments(vault, session_options(device, vault))
    return [{"name": "Get a session", "bare_post": arguments, "register": "session", "no_log": True}]


def look_up_bare(device: str, vault: Vault) -> Tasks:
    arguments = bare_arguments(vault, {name: vault[name] for name in ("user", "credential", "protocol")})
    options = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    message = f"{{{{ lookup('bare_post', {device.strip('{} ')}, {options}) }}}}"
    return [{"name": "Use a session", "ansible.builtin.debug": {"msg": message}, "no_log": True}]


def say_something(device: str, vault: Vault) -> Tasks:
    return [{"name": "Say something", "ansible.builtin.debug": {"msg": device}}]


def skip_something(device: str, vault: Vault) -> Tasks:
    return [{**task, "when": False} for task in say_something(device, vault)]


def with_other_collection(device: str, vault: Vault) -> Tasks:
    """The task of a file, with variables ``device`` and ``vault``."""
    (task,) = yaml.safe_load(Path(os.environ[OTHER_TASK]).read_text(encoding="utf-8"))
    return [{**task, "vars": {**task.get("vars", {}), "device": device, "vault": vault}}]


OTHER_TASK = "SENHASEGURA_TEST_OTHER_TASK"
"""An environment variable: the path of a file with a list of one task that requests a session with another
collection."""

OTHER_COLLECTIONS = "SENHASEGURA_TEST_OTHER_COLLECTIONS"
"""An environment variable: the folder in which that collection is installed."""

OURS = Contender("the task", get_session)
LOOKUP = Contender("the lookup", look_up)
URI = Contender("ansible.builtin.uri", request_with_uri)

CONTENDERS: dict[str, dict[str, Contender]] = {
    "loop": {
        "task": OURS,
        "lookup": LOOKUP,
        "uri": URI,
        "delegated": Contender(
            "the module, delegated over SSH",
            lambda device, vault: get_session(device, vault, delegate_to="elsewhere"),
            needs="sshd",
        ),
        "script": Contender("a plain script with requests"),
    },
    "hosts": {
        "task": OURS,
        "lookup": LOOKUP,
        "lookup_loaded": Contender("the lookup, after a task of the collection", load_and_look_up),
        "uri": URI,
        "bare": Contender("a bare requests.post in an action plugin", post_bare),
        "lookup_bare": Contender("a bare requests.post in a lookup", look_up_bare),
        "debug": Contender("ansible.builtin.debug", say_something, sessions=False),
    },
    "start": {
        "empty": Contender("an empty play", lambda _device, _vault: [], sessions=False),
        "absent": Contender(
            "an empty play, the collection not installed",
            lambda _device, _vault: [],
            sessions=False,
            environment={"ANSIBLE_COLLECTIONS_PATH": os.devnull},
        ),
        "skipped_debug": Contender("ansible.builtin.debug, skipped", skip_something, sessions=False),
        "skipped_task": Contender(
            "the task, skipped", lambda device, vault: get_session(device, vault, when=False), sessions=False
        ),
        "task": OURS,
        "uri": URI,
    },
}
if OTHER_TASK in os.environ:
    for contenders in CONTENDERS.values():
        contenders["other"] = Contender("another collection", with_other_collection)


def write_play(work: Work, contender: Contender, folder: Path, known: Mapping[str, t.Any], ssh: t.Any) -> None:
    """Write ``playbook.yml`` and ``hosts.yml`` into *folder*. *known* is the simulator's line of JSON."""
    assert contender.tasks is not None
    vault = {name: known[name] for name in ("url", "ca_file", "access_token", "user", "credential", "protocol")}
    vault |= known["oauth2"]
    tasks = contender.tasks("{{ item }}" if work.kind == "loop" else "{{ inventory_hostname }}", vault)
    devices = device_names(work.size)
    if work.kind == "loop":
        tasks[-1]["loop"] = devices
    variables = {
        "senhasegura_url": vault["url"],
        "senhasegura_ca_path": vault["ca_file"],
        "senhasegura_client_id": vault["client_id"],
        "senhasegura_client_secret": vault["client_secret"],
        "senhasegura_api_prefix": "api",
    }
    here = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts: dict[str, t.Any] = dict.fromkeys(["localhost"] if work.kind == "loop" else devices, here)
    play = {"name": "Measure", "hosts": list(hosts), "gather_facts": False, "vars": variables, "tasks": tasks}
    if work.kind == "loop" and ssh:
        hosts["elsewhere"] = ssh
    write = {"playbook.yml": [play], "hosts.yml": {"all": {"hosts": hosts}}}
    for name, content in write.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def device_names(count: int) -> list[str]:
    """Devices of the simulator's vault, which has host001 to host1000."""
    return [f"host{number:03}" for number in range(1, count + 1)]
