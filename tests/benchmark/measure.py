# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a program: its time, its resources, and what the simulator received."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

CHECKOUT = Path(__file__).resolve().parents[2]


class Cost(t.NamedTuple):
    seconds: float
    """From the start of the program to its end."""
    cpu_seconds: float
    """User and system time of the program and of all processes for which it waited."""
    peak_mib: float
    """Of the largest of these processes."""


class Vault(t.NamedTuple):
    """A simulator in its own process."""

    known: Mapping[str, t.Any]
    """The line of JSON that the simulator prints."""

    def control(self, method: str, what: str, body: t.Any = None) -> t.Any:
        answer = requests.request(
            method, f"{self.known['url']}/_simulator/{what}", json=body, verify=self.known["ca_file"], timeout=60
        )
        answer.raise_for_status()
        return answer.json()

    def delay(self, seconds: float) -> None:
        """Delay every response by this time."""
        self.control("DELETE", "faults")
        if seconds:
            self.control("POST", "faults", {"path": "*", "fault": {"name": "slow", "delay": seconds}, "times": None})


@contextmanager
def simulator() -> Iterator[Vault]:
    command = [sys.executable, "-m", "tests.simulator"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield Vault(json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run the command in *folder*. Its environment has only PATH and the given variables."""
    with (folder / "output").open("w+b") as output:
        start = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode:
            sys.exit(f"{output.read().decode(errors='replace')}\n{' '.join(command)} failed.")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
