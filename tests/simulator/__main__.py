# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulate the A2A API of PAM Core for tests and demonstrations. When it is ready, the program prints its connection
data as a line of JSON, and runs until it is interrupted."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import signal
import sys
import threading
import typing as t
from collections.abc import Mapping
from pathlib import Path

import yaml

from .data import DataError
from .profiles import PROFILES
from .server import Simulator, write_private

# Options of the collection's plugins, by their key in the line of JSON
OPTIONS = {"url": "url", "ca_file": "ca_path", "client_cert": "client_cert", "client_key": "client_key"}


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--profile", choices=PROFILES, default="4.0", help="product version (default: %(default)s)")
    parser.add_argument("--strict", action="store_true", help="serve only the paths in this version's documentation")
    parser.add_argument("--data", type=Path, metavar="FILE", help="content of the vault (default: default.yml)")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="directory for the certificate files")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="also write this JSON to a file")
    parser.add_argument(
        "--environment-file",
        type=Path,
        metavar="FILE",
        help="write a shell script to this file that exports SENHASEGURA_URL and the other connection options",
    )
    parser.add_argument("--client-ca", action="store_true", help="require a client certificate")
    parser.add_argument("--allow-remote", action="store_true", help="allow an address that other machines can reach")
    return parser.parse_args(arguments)


def exports(known: Mapping[str, t.Any]) -> str:
    """Shell commands that set variables. With them, the plugins of the collection connect to the simulator."""
    options = {OPTIONS[name]: value for name, value in known.items() if name in OPTIONS and value}
    options |= known["oauth2"] or known["oauth1"] or {}
    return "".join(f"export SENHASEGURA_{name.upper()}={shlex.quote(value)}\n" for name, value in options.items())


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    logging.getLogger(__package__).setLevel(logging.INFO)
    stop = threading.Event()

    def on_signal(_number: int, _frame: t.Any) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        simulator = Simulator(
            profile=options.profile,
            strict=options.strict,
            data=options.data,
            client_ca=options.client_ca,
            host=options.host,
            port=options.port,
            directory=options.directory,
            allow_remote=options.allow_remote,
        )
        simulator.start()
    except (DataError, OSError, ValueError, yaml.YAMLError) as exc:
        sys.stderr.write(f"The simulator cannot start. {exc}\n")
        return 2
    written = []
    try:
        line = json.dumps(simulator.credentials)
        # Write the file with the line last. A program that waits for it expects the other file to exist.
        for path, text in (
            (options.environment_file, exports(simulator.credentials)),
            (options.ready_file, f"{line}\n"),
        ):
            if path:
                write_private(path, text.encode())
                written.append(path)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        stop.wait()
    finally:
        simulator.stop()
        for path in written:
            path.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
