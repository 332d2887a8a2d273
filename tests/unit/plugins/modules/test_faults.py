# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault table, through the module's real ``main()`` in this process."""

from __future__ import annotations

import gc
import socket
import time
import warnings
from collections.abc import Iterator

import pytest

from tests.faults.report import check, in_current_openssl_words, options_of
from tests.faults.site import sitecustomize as names
from tests.faults.table import CASES
from tests.faults.world import Lab
from tests.unit.plugins.support import RunModule

# CPython leaves a socket that was reset before it could be wrapped to the garbage collector: ssl.SSLSocket._create.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <.*_TLSSocket:ResourceWarning")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("world")) as lab:
        yield lab
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize("fault", CASES)
def test_fault(fault: str, lab: Lab, run_module: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[fault]
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    with case.server(lab) as target:
        options = options_of(case, target)
        begin = time.monotonic()
        result = run_module(options)
        seconds = time.monotonic() - begin
        read = in_current_openssl_words(result["msg"]) if result.get("failed") else None
        check("module", fault, target, seconds, read, result.get("session_may_exist", False))
    if read not in (None, case.or_message):
        assert (result["http_status"], result["error_code"]) == (case.http_status, case.error_code)
    assert "exception" not in result
