# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator and a client for it, over real TLS."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests_oauthlib import OAuth1

from tests.simulator import Simulator

SESSION = {"user": "jdoe", "credential": "svc-admin", "device": "web01", "protocol": "SSH"}


class Bearer(requests.auth.AuthBase):
    """Sets the header explicitly, so that requests does not read the user's .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class From(HTTPAdapter):
    """Connects from another IP address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **kwargs)


class Client:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = simulator.ca_file

    def send(self, method: str, path: str, **kwargs: t.Any) -> requests.Response:
        kwargs.setdefault("allow_redirects", False)
        kwargs.setdefault("timeout", 10)
        return self.http.request(method, f"{self.simulator.url}{path}", **kwargs)

    def bearer(self, authorization: str = "full") -> Bearer:
        return Bearer(self.simulator.credentials["authorizations"][authorization]["access_token"])

    def oauth1(self, authorization: str = "full", **changes: t.Any) -> OAuth1:
        keys = {**self.simulator.credentials["authorizations"][authorization]["oauth1"], **changes}
        return OAuth1(
            keys.pop("consumer_key"),
            keys.pop("consumer_secret"),
            keys.pop("token_key"),
            keys.pop("token_secret"),
            **keys,
        )

    def login(
        self, authorization: str = "full", path: str = "/api/oauth2/token", **changes: t.Any
    ) -> requests.Response:
        keys = self.simulator.credentials["authorizations"][authorization]["oauth2"]
        return self.send("POST", path, data={"grant_type": "client_credentials", **keys, **changes})

    def create(
        self,
        path: str = "/api/pam/remote/session",
        auth: t.Any = None,
        without: t.Collection[str] = (),
        **changes: t.Any,
    ) -> requests.Response:
        body = {key: value for key, value in {**SESSION, **changes}.items() if key not in without}
        return self.send("POST", path, json=body, auth=auth or self.bearer())

    def create_url(self, **changes: t.Any) -> str:
        url: str = self.create(**changes).json()["session"]["session_url"]
        return url

    def open(self, url: str) -> requests.Response:
        return self.http.get(url, timeout=10)

    def open_new(self, **changes: t.Any) -> dict[str, t.Any]:
        """Create a session, open it, and return its record from the list."""
        assert self.open(self.create_url(**changes)).status_code == 200
        record: dict[str, t.Any] = self.list()[-1]
        return record

    def list(self) -> list[dict[str, t.Any]]:
        records: list[dict[str, t.Any]] = self.send("GET", "/api/session/remotesessions", auth=self.bearer()).json()[
            "remote_sessions"
        ]
        return records

    def source(self, address: str) -> Client:
        """Return a client that connects from another IP address of this machine."""
        client = Client(self.simulator)
        client.http.mount("https://", From(address))
        return client


Start = t.Callable[..., Client]


@contextmanager
def starter() -> Iterator[Start]:
    clients: list[Client] = []

    def start(**kwargs: t.Any) -> Client:
        clients.append(Client(Simulator(**kwargs).start()))
        return clients[-1]

    try:
        yield start
    finally:
        for client in clients:
            client.http.close()
            client.simulator.stop()


@pytest.fixture
def start() -> Iterator[Start]:
    with starter() as start:
        yield start


@pytest.fixture
def client(start: Start) -> Client:
    return start()


@pytest.fixture(scope="session")
def start_shared() -> Iterator[Start]:
    """One simulator for the same arguments. Only for tests that change nothing and do not count requests."""
    with starter() as start:
        yield functools.cache(start)


@pytest.fixture
def shared(start_shared: Start) -> Client:
    return start_shared()
