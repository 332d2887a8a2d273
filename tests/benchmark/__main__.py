# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what sessions cost with this collection, and with alternatives.

The simulator responds over TLS. Each figure is the median of several runs, after one that does not count. Contenders
for the same work take turns. Results that are already in the file are not measured again, so an interrupted measurement
can continue."""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.ssh_server import SshServer, ssh_server

from .measure import CHECKOUT, Vault, run, simulator
from .report import goals, table
from .work import OTHER_COLLECTIONS, OTHER_TASK, WORKS, Contender, Work, device_names, write_play

HERE = Path(__file__).resolve().parent


class Core(t.NamedTuple):
    """An ansible-core in its own environment."""

    programs: Path
    version: str
    python: str


def read_core(programs: str) -> Core:
    script = "import ansible.release, platform; print(ansible.release.__version__, platform.python_version())"
    answer = subprocess.check_output([str(Path(programs) / "python"), "-c", script], text=True)
    return Core(Path(programs).absolute(), *answer.split())


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument(
        "pattern",
        nargs="*",
        default=["*"],
        help=f"what to measure, such as 'hosts-100-*' or '*-0ms/task'; all there is: {', '.join(names())}",
    )
    parser.add_argument("--ansible", action="append", metavar="DIR", help="folder of programs of an ansible-core")
    parser.add_argument("--runs", type=int, default=5, help="that count (default: %(default)s)")
    parser.add_argument(
        "--patience",
        type=float,
        default=600,
        metavar="SECONDS",
        help="do fewer runs, but one, of what takes longer than this for all of them; if that is not even enough for "
        "two, the first counts (default: %(default)s)",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=CHECKOUT / ".cache" / "results" / "benchmark.json",
        help="file of results (default: .cache/results/benchmark.json)",
    )
    return parser.parse_args()


def names() -> list[str]:
    return [f"{work.name}/{contender}" for work in WORKS for contender in work.contenders]


class Bench(t.NamedTuple):
    """Shared by all runs."""

    vault: Vault
    ssh: SshServer | None
    folder: Path

    def measure(self, work: Work, contender: Contender, core: Core) -> dict[str, t.Any]:
        """Measure one run, and check how many sessions PAM Core issued."""
        self.vault.control("DELETE", "requests")
        cost = self._run(work, contender, core)
        seen = self.vault.control("GET", "requests")
        connections = self.vault.control("GET", "connections")["connections"]
        made = [request for request in seen if request["path"].endswith("/remote/session") and request["status"] == 200]
        wanted = work.size if contender.sessions else 0
        if len(made) != wanted:
            sys.exit(f"{contender.title}, {work.name}: {len(made)} sessions were made instead of {wanted}.")
        logins = sum(request["path"].endswith("/oauth2/token") for request in seen)
        counted = {"requests": len(seen), "logins": logins, "connections": connections}
        return {name: round(value, 3) for name, value in {**cost._asdict(), **counted}.items()}

    def _run(self, work: Work, contender: Contender, core: Core) -> t.Any:
        if contender.tasks is None:
            known = self.vault.known
            session = {name: known[name] for name in ("user", "credential", "protocol")}
            given = {"url": known["url"], "ca_file": known["ca_file"], **known["oauth2"], "session": session}
            given["devices"] = device_names(work.size)
            (self.folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
            command = [str(core.programs / "python"), str(HERE / "plain_script.py"), "given.json"]
            return run(command, self.folder, {})
        ssh = self.ssh.variables(str(core.programs / "python"), self.folder / "remote") if self.ssh else None
        write_play(work, contender, self.folder, self.vault.known, ssh)
        collections = [os.environ.get("ANSIBLE_COLLECTIONS_PATH"), os.environ.get(OTHER_COLLECTIONS)]
        environment = {
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(filter(None, collections)),
            "ANSIBLE_ACTION_PLUGINS": str(HERE / "action_plugins"),
            "ANSIBLE_LOOKUP_PLUGINS": str(HERE / "lookup_plugins"),
            **(self.ssh.environment(self.folder / "ssh") if self.ssh else {}),
            **contender.environment,
        }
        command = [str(core.programs / "ansible-playbook"), "-i", "hosts.yml", "-f", str(work.forks), "playbook.yml"]
        return run(command, self.folder, environment)


@contextmanager
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as name, simulator() as vault:
        folder = Path(name)
        if shutil.which("sshd", path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])):
            keys = folder / "keys"
            keys.mkdir()
            with ssh_server(keys) as ssh:
                yield Bench(vault, ssh, folder)
        else:
            yield Bench(vault, None, folder)


def measure_all(
    bench: Bench, work: Work, wanted: Mapping[tuple[str, Core], Contender], runs: int, patience: float
) -> Iterator[dict[str, t.Any]]:
    """Yield each result of one work when it is complete."""
    bench.vault.delay(work.latency)
    spent = dict.fromkeys(wanted, 0.0)
    counted: dict[tuple[str, Core], list[dict[str, t.Any]]] = {key: [] for key in wanted}
    waiting = set(wanted)
    while waiting:
        for key, contender in wanted.items():
            if key not in waiting:
                continue
            name, core = key
            measured = bench.measure(work, contender, core)
            spent[key] += measured["seconds"]
            if spent[key] > measured["seconds"] or 2 * spent[key] > patience:
                counted[key].append(measured)
            if len(counted[key]) == runs or (counted[key] and spent[key] + measured["seconds"] > patience):
                waiting.remove(key)
                yield {
                    "work": work.name,
                    **work._asdict(),
                    "contender": name,
                    "title": contender.title,
                    "core": core.version,
                    "python": core.python,
                    "runs": counted[key],
                }


def describe_machine() -> dict[str, t.Any]:
    facts = {}
    for path, names in {"/proc/cpuinfo": ("model name",), "/proc/meminfo": ("MemTotal",)}.items():
        if Path(path).exists():
            pairs = (line.partition(":") for line in Path(path).read_text(encoding="utf-8").splitlines())
            facts.update({name.strip(): value.strip() for name, _colon, value in pairs if name.strip() in names})
    memory = int(facts["MemTotal"].split()[0]) / 1024**2 if "MemTotal" in facts else None
    return {
        "processor": facts.get("model name") or platform.processor() or platform.machine(),
        "processors": os.cpu_count(),
        "memory_gib": memory and round(memory, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def main() -> int:
    options = parse_arguments()
    cores = [read_core(programs) for programs in options.ansible or [str(Path(sys.executable).parent)]]
    patterns = [pattern if "/" in pattern else f"{pattern}/*" for pattern in options.pattern]
    asked = {name for name in names() for pattern in patterns if fnmatch.fnmatchcase(name, pattern)}
    if not asked:
        sys.exit(f"Nothing is called {' or '.join(options.pattern)}. There are: {', '.join(names())}.")
    options.results.parent.mkdir(parents=True, exist_ok=True)
    results = json.loads(options.results.read_text(encoding="utf-8")) if options.results.exists() else {"measured": []}
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    results.update(collection=version, machine=describe_machine())
    with bench() as running:
        for work in WORKS:
            have = {(one["work"], one["contender"], one["core"]) for one in results["measured"]}
            wanted = {
                (name, core): contender
                for name, contender in work.contenders.items()
                for core in cores
                if f"{work.name}/{name}" in asked
                and (work.name, name, core.version) not in have
                and (contender.needs != "sshd" or running.ssh)
                # The script does not use ansible-core.
                and (contender.tasks or core == cores[-1])
            }
            for result in measure_all(running, work, wanted, options.runs, options.patience):
                results["measured"].append(result)
                options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            if wanted:
                print("\n".join(table(results, work.name)), flush=True)
    print("\n".join(goals(results)))
    if OTHER_TASK not in os.environ:
        print(f"To compare another collection, name a file with its task in {OTHER_TASK}.")
    print(f"All figures are in {options.results}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
