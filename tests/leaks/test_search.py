# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search itself: it finds a secret in any form, and finds nothing in other data."""

from __future__ import annotations

import base64
import html
import json
import os
import shlex
import socket
import subprocess
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import yaml

from tests.leaks.marks import KINDS, MARKS, Searched, bearer, search, secret
from tests.leaks.watch import GIVEN, Processes, SystemLog, _is_left_over

WAYS_OF_WRITING: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": json.dumps,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "HTML": html.escape,
    "URL": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "URL in URL": lambda text: quote(quote(text, safe=""), safe=""),
    "shell": lambda text: shlex.quote(shlex.quote(text)),
    "YAML": yaml.dump,
    "Python": repr,
    "capitals": str.upper,
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 with one before": lambda text: base64.b64encode(f"x{text}".encode()).decode(),
    "base64 with two before": lambda text: base64.b64encode(f"x:{text}:y".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"jdoe:{text}".encode()).decode().rstrip("="),
    "the first half": lambda text: text[: len(text) // 2],
    "the other half": lambda text: text[len(text) // 2 :],
}


@pytest.mark.parametrize("way", WAYS_OF_WRITING)
@pytest.mark.parametrize("make", [secret, bearer])
def test_secret_is_found_in_any_form(way: str, make: Callable[[str], str]) -> None:
    for kind in KINDS:
        text = f"before {WAYS_OF_WRITING[way](make(kind))} behind"
        assert {found.kind for found in search("here", b"\xff\0" + text.encode())} == {kind}


def test_no_secret_is_found_in_other_data() -> None:
    assert not list(search("here", os.urandom(100_000) + base64.b64encode(os.urandom(100_000))))
    assert not list(search("here", b"client secret, session token, proxy password, control"))


def test_result_names_the_place(tmp_path: Path) -> None:
    mark = MARKS["session token"]
    for name, content in {"a/b/c": f"é {mark}\n!".encode(), f"a/{mark}": b"", "d": b"\0" + mark.encode()}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    searched = Searched()
    searched.folder(tmp_path, {"a": "the first place"})
    assert sorted(searched.secrets()) == [
        f"session token (as it is) in other files: {chr(0)}{mark}",
        f"session token (as it is) in the first place: a/{mark}",
        f"session token (as it is) in the first place: é {mark} !",
    ]
    assert searched.files == 3


@pytest.mark.parametrize("given", [False, True])
def test_processes(given: bool) -> None:
    """The environment of a process is ignored if a test put the secrets there."""
    environment = {"SECRET": MARKS["client secret"], **({GIVEN: "1"} if given else {})}
    command = [sys.executable, "-S", "-c", "import time; time.sleep(0.5)", MARKS["access token"]]
    with Processes() as processes:
        subprocess.run(command, check=True, env=environment)
    searched = Searched()
    processes.search(searched)
    expected = {("access token", "command lines"), *([] if given else [("client secret", "environments")])}
    assert {(found.kind, found.place) for found in searched.found} == expected


def test_system_log_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    monkeypatch.setattr("tests.leaks.watch.SYSTEM_LOG", path)
    with SystemLog() as log:
        assert log.why_not == ""
        _send(path, b"a message")
    assert (log.messages, path.exists()) == ([b"a message"], False)

    other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    other.bind(str(path))
    assert not _is_left_over(path)
    with SystemLog() as log:
        assert log.why_not == f"{path} cannot be had: Address already in use."
    other.close()
    assert _is_left_over(path)
    with SystemLog() as log:
        assert log.why_not == ""


def _send(path: Path, message: bytes) -> t.Any:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(message, str(path))
