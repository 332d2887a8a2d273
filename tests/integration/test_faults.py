# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault table, through the task and the lookup: one play each, with a host for each case."""

from __future__ import annotations

import json
import resource
import sys
import typing as t
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults import site
from tests.faults.report import check, in_current_openssl_words, options_of
from tests.faults.table import CASES, NOTE
from tests.faults.world import Lab, Target
from tests.messages import NOT_VERIFIED

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Played

TASKS = {
    "task": """
        - name: Get a session
          pamops.senhasegura.pam_remote_session:
            device: "{{ device }}"
          ignore_errors: true
        """,
    # The first task loads our code into the main process, from which all workers are forked. Otherwise each loads it.
    "lookup": """
        - name: Load the plugins
          pamops.senhasegura.pam_remote_session:
            device: web01
          run_once: true
          when: false
        - name: Get a session
          ansible.builtin.debug:
            msg: "{{ lookup('pamops.senhasegura.pam_remote_session', device) }}"
          ignore_errors: true
        """,
}


class Outcome(t.NamedTuple):
    way: str
    targets: dict[str, Target]
    played: Played
    results: dict[str, dict[str, t.Any]]
    seconds: dict[str, float]
    """The lifetime of each host's worker."""


@pytest.fixture(scope="module", params=TASKS)
def outcome(request: pytest.FixtureRequest, play: Play, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    folder = tmp_path_factory.mktemp("world")
    times = folder / "times"
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096 if hard == resource.RLIM_INFINITY else hard), hard))
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(folder))
        targets = {fault: stack.enter_context(case.server(lab)) for fault, case in CASES.items()}
        hosts = {}
        for fault, target in targets.items():
            options = options_of(CASES[fault], target)
            device = options.pop("device")
            hosts[fault] = {
                **local,
                "device": device,
                **{f"senhasegura_{name}": value for name, value in options.items()},
            }
        played = play(
            TASKS[request.param],
            "--forks=6",
            seconds=280,
            inventory=hosts,
            environment={
                "PYTHONPATH": str(Path(site.__path__[0])),
                "FAULT_TIMES": str(times),
                # The last workers can end themselves, and so record their lifetime.
                "ANSIBLE_WORKER_SHUTDOWN_POLL_COUNT": "50",
            },
        )
        results = {
            told["host"]: {**told["result"], "failed": event["event"] != "v2_runner_on_ok"}
            for event in played.events
            if event["event"] in ("v2_runner_on_ok", "v2_runner_on_failed", "v2_runner_on_unreachable")
            for told in event["told"]
            if isinstance(told, dict)
        }
        seconds = dict(json.loads(line) for line in times.read_text(encoding="utf-8").splitlines())
        yield Outcome(request.param, targets, played, results, seconds)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("fault", CASES)
def test_fault(fault: str, outcome: Outcome) -> None:
    case, target, result = CASES[fault], outcome.targets[fault], outcome.results[fault]
    expected = None if case.message is None else target.fill(case.message)
    read = in_current_openssl_words(result["msg"]) if result["failed"] else None
    if read is not None and outcome.way == "lookup":
        # core puts its own message before ours, and words it differently in each release
        assert expected is not None
        expected = next((text for text in (expected, case.or_message) if text and text in read), expected)
        assert expected in read
        assert (NOTE in read) is case.may_exist
        read = expected
    may_exist = result.get("session_may_exist", False) if outcome.way == "task" else case.may_exist
    check(outcome.way, fault, target, outcome.seconds[fault], read, may_exist)
    if read is None:
        return
    if outcome.way == "task":
        status = result["http_status"] if read == case.or_message else case.http_status
        assert {name: value for name, value in result.items() if not name.startswith("_") and name != "exception"} == {
            "failed": True,
            "changed": False,
            "msg": result["msg"],
            "http_status": status,
            "error_code": case.error_code,
            "session_may_exist": case.may_exist,
        }
    output = in_current_openssl_words(outcome.played.output)
    assert read in output or json.dumps(read, ensure_ascii=False)[1:-1] in output


def test_no_traceback_and_no_other_warning(outcome: Outcome) -> None:
    assert "Traceback" not in outcome.played.output
    assert outcome.played.warnings == [NOT_VERIFIED]
