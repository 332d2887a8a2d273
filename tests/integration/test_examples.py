# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each example of the documentation runs unchanged. Its addresses and files exist in these tests."""

from __future__ import annotations

import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import typing as t
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import trustme
import yaml

from tests.integration.conftest import Play, Played
from tests.integration.examples import Example, examples
from tests.messages import NOT_VERIFIED
from tests.simulator import Simulator

if t.TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).with_name("examples.yml")
PROXY_PASSWORD = "p@ss/word"

# Text of examples that do not run, and why.
NOT_RUN = {
    "ansible-galaxy collection install": "The collection is taken from the checkout, and its libraries are there.",
    "ansible-playbook pamops.senhasegura.": "The tests in tests/awx run this.",
    "- name: pamops.senhasegura\n": "It is what ansible-galaxy reads, in place of the name.",
    "senhasegura.pam.senhasegura_credential_info:": "It is of another collection, and is what is to be left.",
    "make demo": "A job of its own runs this.",
    "make test": "This runs inside it.",
    "$ ansible-playbook pamops.senhasegura.maintenance_window": "It is run with the variables that stand beside.",
}
WARNINGS = {"validate_certs: false": NOT_VERIFIED}

A_TASK = """
- name: Get a session
  pamops.senhasegura.pam_remote_session:
    user: jdoe
    device: web01
    credential: root
    protocol: SSH
"""
"""For examples that only set options."""


class Receiver(http.server.BaseHTTPRequestHandler):
    """A webhook that is informed of a session."""

    received: t.ClassVar[list[t.Any]] = []
    vault: t.ClassVar[Simulator]

    def do_POST(self) -> None:
        self.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.open_at_once(self.received[-1]["text"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def open_at_once(self, text: str) -> None:
        """Open all URLs in the message, and advance the clock until they expire."""
        for url in re.findall(r"https://[^\s,]+", text):
            assert requests.get(url, verify=self.vault.ca_file, timeout=10).status_code == 200
        self.vault.clock.advance(40)

    def log_message(self, *_args: t.Any) -> None:
        pass


class Lab(t.NamedTuple):
    vault: Simulator
    vault_with_client_certificates: Simulator
    places: t.Callable[[str], dict[str, str]]
    """For a block of text: text of the examples → its replacement."""
    environment: dict[str, str]
    proxy_logs: tuple[Path, Path]

    def connections_through_proxies(self) -> int:
        return sum(log.read_text(encoding="utf-8").count(" CONNECT ") for log in self.proxy_logs)


@contextmanager
def _receiver(authority: trustme.CA) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def _proxy(folder: Path, *arguments: str) -> Iterator[int]:
    """The port of a real proxy."""
    port_file, log = folder / "port", folder / "log"
    command = ["-m", "proxy", "--hostname", "127.0.0.1", "--port", "0", "--port-file", str(port_file)]
    limits = ["--num-workers", "1", "--num-acceptors", "1", "--log-file", str(log)]
    process = subprocess.Popen([sys.executable, *command, *limits, *arguments], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 20
        while not (port_file.exists() and port_file.read_text(encoding="ascii").strip()):
            assert process.poll() is None and time.monotonic() < end, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield int(port_file.read_text(encoding="ascii"))
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("world")
    for name in ("proxy", "proxy_with_password", "www"):
        (folder / name).mkdir()
    authority = trustme.CA()
    with ExitStack() as stack:
        vault = stack.enter_context(Simulator(profile="4.2", data=DATA))
        with_certificates = stack.enter_context(Simulator(profile="4.2", data=DATA, client_ca=True))
        receiver = stack.enter_context(_receiver(authority))
        proxy = stack.enter_context(_proxy(folder / "proxy"))
        credentials = f"portal:{PROXY_PASSWORD}"
        with_password = stack.enter_context(_proxy(folder / "proxy_with_password", "--basic-auth", credentials))
        bundle = folder / "bundle.pem"
        bundle.write_bytes(Path(vault.ca_file).read_bytes() + authority.cert_pem.bytes())

        def places(text: str) -> dict[str, str]:
            used = with_certificates if "client_cert:" in text else vault
            return {
                "https://vault.example": used.url,
                "https://chat.example": receiver,
                "/etc/ssl/certs/vault-ca.pem": used.ca_file,
                "/etc/ssl/portal.pem": str(with_certificates.client_cert),
                "/etc/ssl/private/portal.key": str(with_certificates.client_key),
                "@proxy.example:3128": f"@127.0.0.1:{with_password}",
                "http://proxy.example:3128": f"http://127.0.0.1:{proxy}",
                "/srv/www": str(folder / "www"),
                "SENHASEGURA_CLIENT_ID=…": f"SENHASEGURA_CLIENT_ID={used.credentials['oauth2']['client_id']}",
                "SENHASEGURA_CLIENT_SECRET=…": (
                    f"SENHASEGURA_CLIENT_SECRET={used.credentials['oauth2']['client_secret']}"
                ),
            }

        logs = (folder / "proxy" / "log", folder / "proxy_with_password" / "log")
        yield Lab(vault, with_certificates, places, {"SSL_CERT_FILE": str(bundle)}, logs)


class Run(t.NamedTuple):
    """An example, prepared to run with these servers."""

    lab: Lab
    play: Play
    example: Example
    text: str
    vault: Simulator

    def tasks(self, tasks: str, environment: dict[str, str] | None = None, config: str = "") -> Played:
        """Play the tasks, and set what the text leaves out."""
        oauth2 = self.vault.credentials["oauth2"]
        known = {
            "SENHASEGURA_URL": self.vault.url,
            "SENHASEGURA_CA_PATH": self.vault.ca_file,
            "SENHASEGURA_CLIENT_ID": oauth2["client_id"],
            "SENHASEGURA_CLIENT_SECRET": oauth2["client_secret"],
        }
        said = {f"SENHASEGURA_{line.split('=')[0].strip().upper()}" for line in config.splitlines()}
        return self.play(
            tasks,
            variables={
                **{f"vault_{name}": value for name, value in oauth2.items()},
                "proxy_password": PROXY_PASSWORD,
                "alert_session_id": self.vault.state.sessions[-1].session_id,
            },
            inventory={"web01": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}},
            environment={
                **self.lab.environment,
                **{name: value for name, value in known.items() if name not in said},
                **(environment or {}),
            },
            config=config,
            whole=any({"hosts", "ansible.builtin.import_playbook"} & item.keys() for item in yaml.safe_load(tasks)),
        )


def _run_tasks(run: Run) -> Played:
    return run.tasks(run.text)


def _run_yaml(run: Run) -> Played:
    """Tasks, or the variables of the playbook that the page names."""
    if not isinstance(yaml.safe_load(run.text), dict):
        return _run_tasks(run)
    playbook = "- name: Run it\n  ansible.builtin.import_playbook: pamops.senhasegura.maintenance_window\n  vars:\n"
    soon = run.text.replace("window_minutes: 60", "window_minutes: 0.01\nwindow_url_seconds: 0")
    return run.tasks(playbook + textwrap.indent(soon, "    "))


def _run_template(run: Run) -> Played:
    """Use the text instead of a template file."""
    content = textwrap.indent(run.text, "      ")
    return run.tasks(
        "- name: Write what the template says\n  no_log: true\n  ansible.builtin.copy:\n"
        f"    dest: {run.lab.places('')['/srv/www']}/page.html\n    mode: '0600'\n    content: |\n{content}"
    )


def _run_config(run: Run) -> Played:
    return run.tasks(A_TASK, config=run.text)


def _run_exports(run: Run) -> Played:
    """Run commands that set variables in a shell, and then a task in that shell."""
    commands = [line.removeprefix("$ ") for line in run.text.splitlines()]
    assert all(command.startswith("export ") for command in commands), run.text
    script = "; ".join([*commands, "exec env -0"])
    shell = {"PATH": os.environ["PATH"]}
    printed = subprocess.run(["bash", "-euc", script], check=True, capture_output=True, text=True, env=shell).stdout
    variables = dict(entry.partition("=")[::2] for entry in printed.split("\0") if entry)
    exported = {name: value for name, value in variables.items() if f"{name}=" in run.text}
    assert exported
    return run.tasks(A_TASK, environment=exported)


RUNNERS: dict[str, Callable[[Run], Played]] = {
    "yaml": _run_yaml,
    "yaml+jinja": _run_tasks,
    "jinja": _run_template,
    "ini": _run_config,
    "console": _run_exports,
}


@pytest.mark.parametrize(
    "example",
    [example for example in examples() if not any(text in example.text for text in NOT_RUN)],
    ids=lambda example: example.name,
)
def test_example(example: Example, lab: Lab, play: Play) -> None:
    text = example.text
    for said, there in lab.places(example.text).items():
        text = text.replace(said, there)
    vault = lab.vault_with_client_certificates if "client_cert:" in text else lab.vault
    vault.clear_requests()
    lives_on = re.search("pam_remote_session_(info|terminate)|window_", text)  # perhaps without a session of its own
    _let_people_work(vault, running=bool(lives_on))
    Receiver.received.clear()
    Receiver.vault = vault
    connections = lab.connections_through_proxies()
    played = RUNNERS[example.language](Run(lab, play, example, text, vault)).succeeded()

    assert not [warning for warning in played.warnings if not any(known in warning for known in _expected(text))]
    made = [request for request in vault.requests if request.path.endswith("/remote/session")]
    makes_none = "check_mode: true" in text or (lives_on and not re.search("pam_remote_session[:']|window_", text))
    assert bool(made) is not bool(makes_none)
    assert bool([request for request in vault.requests if request.path.endswith("/remotesessions")]) or not lives_on
    assert all(request.status == 200 for request in made)
    urls = [f"{vault.url}/modulos/auth?_sr={sr}" for sr in vault.state.pending]
    assert all(any(url in message["text"] for url in urls) for message in Receiver.received)
    assert bool(Receiver.received) is ("chat.example" in example.text)
    if "proxy.example" in example.text:
        assert lab.connections_through_proxies() > connections


def _let_people_work(vault: Simulator, running: bool) -> None:
    """Add sessions on each device: ended ones, and running ones if *running* is set."""
    vault.state.sessions.clear()
    for device in vault.state.devices.values():
        vault.state.add_sessions(1, user="jdoe", device=device.hostname)
    vault.state.add_sessions(1, running=running, user="jdoe", device="web01", credential="root")
    vault.state.add_sessions(1, running=running, user="jdoe", device="win01", proxy="RDP Proxy")


def _expected(text: str) -> list[str]:
    return [warning for said, warning in WARNINGS.items() if said in text]


def test_every_exception_is_used() -> None:
    texts = [example.text for example in examples()]
    assert all(any(text in given for given in texts) for text in NOT_RUN)


def test_examples_are_found() -> None:
    """On each kind of page. All examples in YAML are valid."""
    pages = {example.page for example in examples()}
    assert {"README.md", "plugins/modules/pam_remote_session.py", "docs/docsite/rst/errors_guide.rst"} <= pages
    for example in examples():
        if example.language.startswith("yaml"):
            assert isinstance(yaml.safe_load(example.text), (list, dict))
