# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every test has its own environment, home directory and run memory."""

from __future__ import annotations

import functools
import os
import ssl
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests.adapters
import trustme
from ansible import constants
from ansible.config.manager import ConfigManager
from ansible.module_utils.common import warnings
from ansible.plugins.loader import lookup_loader
from ansible.utils.display import Display

from ansible_collections.pamops.senhasegura.plugins.module_utils._http import tls as contexts
from ansible_collections.pamops.senhasegura.plugins.module_utils._http import transport
from tests.simulator import Simulator
from tests.unit.plugins import support


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    foreign = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in list(os.environ):
        if name.upper().startswith("SENHASEGURA_") or name.upper() in foreign:
            monkeypatch.delenv(name)
    home, run = tmp_path / "home", tmp_path / "run"
    home.mkdir()
    run.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(run))
    contexts._preloaded.clear()  # importing an action plugin fills it
    yield
    for one in transport._transports.values():
        one._adapter.close()
    transport._transports.clear()
    warnings._global_warnings.clear()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[support.Api]:
    """Replaces the network. At the end, every expected request must have been sent."""
    api = support.Api()

    def send(adapter: t.Any, request: t.Any, **arguments: t.Any) -> t.Any:
        return api.send(adapter, request, **arguments)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    yield api
    assert api.expected == []


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> support.RunModule:
    return functools.partial(support.run_module, capsys)


@pytest.fixture
def shown_warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Warnings of plugins on the controller."""
    shown: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _display, msg, *_args, **_more: shown.append(msg))
    return shown


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the code would have slept. Nothing really sleeps."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


class Tls(t.NamedTuple):
    """A certificate authority, and TLS contexts of servers on the loopback interface with certificates of that
    authority."""

    ca_path: str
    context: ssl.SSLContext
    wanting_client: ssl.SSLContext
    client_cert: str
    client_key: str
    certificate: trustme.LeafCert


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    directory = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    contexts = []
    for mode in (ssl.CERT_NONE, ssl.CERT_REQUIRED):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        authority.configure_trust(context)
        context.verify_mode = mode
        contexts.append(context)
    client = authority.issue_cert("client@portal.example")
    files = {
        "ca.pem": authority.cert_pem.bytes(),
        "client.pem": b"".join(pem.bytes() for pem in client.cert_chain_pems),
        "client.key": client.private_key_pem.bytes(),
    }
    for name, content in files.items():
        (directory / name).write_bytes(content)
    ca_path, client_cert, client_key = (str(directory / name) for name in files)
    return Tls(ca_path, contexts[0], contexts[1], client_cert, client_key, certificate)


@pytest.fixture(scope="session")
def _running_simulator() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(_running_simulator: Simulator) -> Iterator[Simulator]:
    """One simulator for all tests. Each test starts without faults and recorded requests of others."""
    _running_simulator.clear_faults()
    _running_simulator.clear_requests()
    yield _running_simulator
    _running_simulator.clear_faults()


@pytest.fixture
def vault(simulator: Simulator) -> dict[str, t.Any]:
    """Options that connect to the simulator with OAuth 2.0."""
    known = simulator.credentials
    names = ("user", "device", "protocol", "credential")
    return {
        "url": known["url"],
        "ca_path": known["ca_file"],
        "api_prefix": "api",
        **known["oauth2"],
        **{name: known[name] for name in names},
    }


@pytest.fixture
def ansible_cfg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Write the section [senhasegura] of ansible.cfg. Core reads that file when it starts."""
    names = [lookup_loader.get(name, class_only=True)._load_name for name in (support.NAME, support.INFO)]

    def write(**keys: str) -> Path:
        path = tmp_path / "ansible.cfg"
        path.write_text("[senhasegura]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))
        config = ConfigManager(conf_file=str(path))
        for name in names:
            definitions = constants.config.get_configuration_definitions("lookup", name)
            config.initialize_plugin_configuration_definitions("lookup", name, definitions)
        monkeypatch.setattr(constants, "config", config)
        monkeypatch.setattr(constants, "CONFIG_FILE", str(path))
        return path

    return write
