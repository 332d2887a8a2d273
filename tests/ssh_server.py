# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An SSH server on this machine, for tasks that are delegated to another host."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import stat
import subprocess
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SshServer(t.NamedTuple):
    port: int
    folder: Path
    """Contains the keys and the server's log."""

    def variables(self, interpreter: str, temporary: Path) -> dict[str, t.Any]:
        """Variables of a host behind this server. Core copies its files to the folder *temporary*."""
        return {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": str(self.folder / "user_key"),
            "ansible_python_interpreter": interpreter,
            "ansible_remote_tmp": str(temporary),
        }

    def environment(self, sockets: Path) -> dict[str, str]:
        """The environment with which core trusts the server. The path of *sockets*, a folder for SSH's sockets, must be
        short."""
        options = (
            "ControlMaster=auto",
            "ControlPersist=5",
            "IdentitiesOnly=yes",
            f"UserKnownHostsFile={self.folder / 'known_hosts'}",
        )
        return {
            "ANSIBLE_SSH_ARGS": " ".join(["-F", "none", *(f"-o {option}" for option in options)]),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets),
        }


def program(name: str) -> str:
    """The path of a program. If it is missing, the test is skipped, or fails if no test may be skipped."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]))
    if found:
        return found
    if os.environ.get("SENHASEGURA_TEST_REQUIRE_ALL") == "1":
        pytest.fail(f"{name} is not installed, and SENHASEGURA_TEST_REQUIRE_ALL is set.")
    pytest.skip(f"{name} is not installed.")


def script(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    server, keygen, _client = (program(name) for name in ("sshd", "ssh-keygen", "ssh"))
    for name in ("host_key", "user_key"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    host_key = (folder / "host_key.pub").read_text(encoding="utf-8")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}", encoding="utf-8")
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host_key\nAuthorizedKeysFile {folder}/user_key.pub\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n"
        "PermitRootLogin prohibit-password\nPrintMotd no\nMaxStartups 100\nSubsystem sftp internal-sftp\n",
        encoding="utf-8",
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # the server runs its unprivileged part there
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([server, "-D", "-e", "-f", str(config)], stderr=log, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            pytest.fail((folder / "log").read_text(encoding="utf-8"))
        yield SshServer(port, folder)
    finally:
        process.terminate()
        process.wait(10)
