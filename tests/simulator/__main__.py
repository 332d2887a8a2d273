# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the simulator as a program: ``python -m tests.simulator --help``."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import typing as t
from pathlib import Path

import yaml

from .data import DataError
from .profiles import PROFILES
from .server import Simulator, write_private


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--profile", choices=PROFILES, default="4.0", help="product version (default: %(default)s)")
    parser.add_argument("--strict", action="store_true", help="serve only the paths this version's documentation names")
    parser.add_argument("--data", type=Path, metavar="FILE", help="what is in the vault (default: default.yml)")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="where to put the certificate files")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="also write the line of JSON to this file")
    parser.add_argument("--client-ca", action="store_true", help="require a client certificate")
    parser.add_argument("--allow-remote", action="store_true", help="allow an address that others can reach")
    return parser.parse_args(arguments)


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
    try:
        line = json.dumps(simulator.credentials)
        if options.ready_file:
            write_private(options.ready_file, f"{line}\n".encode())
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        stop.wait()
    finally:
        simulator.stop()
        if options.ready_file:
            options.ready_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
