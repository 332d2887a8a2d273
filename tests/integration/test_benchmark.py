# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark works. Its figures do not matter here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

OTHER = """\
- name: Get a session with what is at hand
  ansible.builtin.uri:
    url: "{{ vault.url }}/api/pam/remote/session"
    method: POST
    headers:
      Authorization: Bearer {{ vault.access_token }}
    body_format: json
    body:
      user: "{{ vault.user }}"
      device: "{{ device }}"
      credential: "{{ vault.credential }}"
      protocol: "{{ vault.protocol }}"
    ca_path: "{{ vault.ca_file }}"
"""


def benchmark(collections: str, *arguments: str, **variables: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tests.benchmark", *arguments],
        check=True,
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": collections, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout


def test_contenders_for_the_same_work_share_a_table_and_a_file(collections: str, tmp_path: Path) -> None:
    results, other = tmp_path / "results.json", tmp_path / "other.yml"
    other.write_text(OTHER, encoding="utf-8")
    arguments = ("--runs=1", f"--results={results}", "start-0ms/[set]*")

    output = benchmark(collections, *arguments)
    again = benchmark(collections, *arguments, "start-0ms/other", SENHASEGURA_TEST_OTHER_TASK=str(other))

    measured = {one["contender"]: one["runs"] for one in json.loads(results.read_text(encoding="utf-8"))["measured"]}
    counted = {
        name: [(run["requests"], run["logins"], run["connections"]) for run in runs] for name, runs in measured.items()
    }
    assert counted == {
        "empty": [(0, 0, 0)],
        "skipped_debug": [(0, 0, 0)],
        "skipped_task": [(0, 0, 0)],
        "task": [(2, 1, 2)],
        "other": [(1, 0, 1)],
    }
    assert "\nanother collection " in again
    assert "\nanother collection " not in output
    # Whether a goal is met depends on the load of the machine.
    assert re.search(r"^(kept    |NOT KEPT)  ansible-core ", output, re.MULTILINE)
