# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure time and memory for finding a few sessions in a very long list.

``python -m tests.benchmark.session_list [number of sessions]``, with ansible-core and the collection in Python's path.
The result is how much more a task needs that lists sessions than a task that does nothing. It includes the time in
which the simulator creates its list, which is also printed. The exit code tells whether the limits are met."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import typing as t
from collections.abc import Mapping
from pathlib import Path

import requests

from .measure import Cost, run, simulator

PROGRAMS = Path(sys.executable).parent
SECONDS, MIBS = 10, 400
"""The excess over the task that does nothing, for 100,000 sessions on two cores."""

IDLE = {"name": "Do nothing", "ansible.builtin.debug": {"msg": "Nothing"}}
FILTERS: dict[str, dict[str, t.Any]] = {
    "by user and device, running": {"user": "jdoe", "device": ["host500", "198.18.1.244"], "active": True},
    "by session_id": {"session_id": "0123456789abcdef0123456789abcdef01234567"},
    "by time": {"started_after": "2000-01-01 00:00:00", "started_before": "2000-01-02 00:00:00"},
    "created": {
        "timezone": "UTC",
        "created": {
            "user": "jdoe",
            "device": "host500",
            "protocol": "SSH",
            "credential": "svc-admin",
            "opens_from": "2000-01-01T00:00:00Z",
            "opens_until": "2000-01-01T00:00:31Z",
        },
        "device": ["198.18.1.244"],
    },
}


def measure(known: Mapping[str, t.Any], task: dict[str, t.Any]) -> Cost:
    variables = {
        "senhasegura_url": known["url"],
        "senhasegura_ca_path": known["ca_file"],
        "senhasegura_access_token": known["access_token"],
        "senhasegura_api_prefix": "api",
        "senhasegura_timeout": 120,
    }
    play = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [task]}]
    collections = {name: os.environ[name] for name in ("ANSIBLE_COLLECTIONS_PATH",) if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "playbook.yml").write_text(json.dumps(play), encoding="utf-8")
        command = [str(PROGRAMS / "ansible-playbook"), "-i", "localhost,", "playbook.yml"]
        return run(command, Path(folder), collections)


def download(known: Mapping[str, t.Any]) -> tuple[float, float]:
    """Seconds and MiB of the bare list."""
    start = time.monotonic()
    answer = requests.get(
        f"{known['url']}/api/pam/session/remotesessions",
        headers={"Authorization": f"Bearer {known['access_token']}"},
        verify=known["ca_file"],
        timeout=120,
    )
    answer.raise_for_status()
    return time.monotonic() - start, len(answer.content) / 1024**2


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    kept = True
    with simulator() as vault:
        for added in ({"count": count - 10}, {"count": 10, "running": True, "user": "jdoe", "device": "host500"}):
            vault.control("POST", "sessions", added)
        seconds, size = download(vault.known)
        print(f"{count} sessions, {size:.1f} MiB, which the simulator makes and sends in {seconds:.1f} s")
        idle = min((measure(vault.known, IDLE) for _number in range(2)), key=lambda cost: cost.seconds)
        print(f"a task that does nothing: {idle.seconds:.1f} s, {idle.peak_mib:.0f} MiB")
        for name, filters in FILTERS.items():
            task = {"name": "List", "pamops.senhasegura.pam_remote_session_info": filters, "register": "found"}
            cost = measure(vault.known, task)
            more, mib = cost.seconds - idle.seconds, cost.peak_mib - idle.peak_mib
            kept = kept and more < SECONDS and mib < MIBS
            print(f"more for a list {name}: {more:.1f} s, {mib:.0f} MiB")
    print(f"limits: {SECONDS} s, {MIBS} MiB: {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
