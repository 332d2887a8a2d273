# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any bytes over a real connection give a result or one of our errors before the deadline."""

from __future__ import annotations

import socket
import time
import typing as t
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import SenhaseguraError
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import create_remote_session
from tests.unit.plugins.conftest import Tls
from tests.unit.plugins.properties.strategies import BODIES, HEADERS, fewer
from tests.unit.plugins.properties.test_answers import check_error
from tests.unit.plugins.support import CREATED, LOGGED_IN, OAUTH2, SESSION, RawServer, http_answer


class Rude:
    """Responds to a login and to a session request with the given bytes, and closes the connection."""

    def __init__(self, tls: Tls) -> None:
        self.login = self.session = b""
        self.asked = 0
        self.server = RawServer(self._handle, tls.context)

    def _handle(self, connection: socket.socket) -> None:
        request = self.server.read_request(connection)
        is_login = b"/oauth2/token " in request.partition(b"\r\n")[0]
        self.asked += bool(request) and not is_login
        connection.sendall(self.login if is_login else self.session)


@pytest.fixture
def rude(tls: Tls) -> Iterator[Rude]:
    rude = Rude(tls)
    with rude.server:
        yield rude


VERSIONS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2", b"ICY", b"", b"HTTP/1.1 "])
STATUS_LINES = st.builds(
    lambda version, status, reason: version + b" " + status + b" " + reason,
    VERSIONS,
    st.integers(-1, 1000).map(lambda status: str(status).encode())
    | st.sampled_from([b"200", b"204", b"304", b"100", b"101", b"103", b"401", b"503"])
    | st.binary(max_size=5),
    st.binary(max_size=10),
)
HEADER_LINES = HEADERS.map(
    lambda headers: [f"{name}: {value}".encode("latin-1") for name, value in headers.items()]
) | st.lists(st.binary(max_size=30), max_size=4)
CHUNKS = st.builds(
    lambda size, body: size + b"\r\n" + body + b"\r\n0\r\n\r\n",
    st.sampled_from([b"5", b"ffffffff", b"-1", b"0x5", b"5;x=y", b"", b"zz", b"0"]),
    st.binary(max_size=20),
)
ANSWERS = (
    st.builds(
        lambda status, headers, end, body: b"\r\n".join([status, *headers]) + end + body,
        STATUS_LINES,
        HEADER_LINES,
        st.sampled_from([b"\r\n\r\n", b"\n\n", b"\r\n", b""]),
        BODIES | CHUNKS,
    )
    | BODIES.map(http_answer)
    | st.binary()
)


@fewer(3)
@given(answer=ANSWERS, at_login=st.booleans())
@example(answer=b"", at_login=False)
@example(answer=b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + http_answer(CREATED), at_login=False)
@example(answer=b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", at_login=False)
@example(answer=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", at_login=True)
@example(answer=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", at_login=True)
def test_any_bytes_are_a_result_or_our_error(rude: Rude, tls: Tls, answer: bytes, at_login: bool) -> None:
    granted, made = http_answer(LOGGED_IN, Connection="close"), http_answer(CREATED, Connection="close")
    rude.login, rude.session, rude.asked = (answer, made, 0) if at_login else (granted, answer, 0)
    options: dict[str, t.Any] = {"url": rude.server.url, "ca_path": tls.ca_path, "api_prefix": "iso", "retries": 0}
    options = {**options, "timeout": 20.0, **OAUTH2, **SESSION}
    started = time.monotonic()
    try:
        result = create_remote_session(connect(options), options)
    except SenhaseguraError as exc:
        check_error(exc)
        assert rude.asked or not exc.in_doubt
    else:
        assert result["session_url"].startswith("https://")
    assert time.monotonic() - started < 15
    assert rude.asked <= 1
