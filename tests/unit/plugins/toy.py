# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A resource that sets no optional field: a POST that writes, and a GET that returns a secret."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.pamops.senhasegura.plugins.module_utils._answers import Endpoint
from ansible_collections.pamops.senhasegura.plugins.module_utils._client import Client
from ansible_collections.pamops.senhasegura.plugins.module_utils._operation import Operation
from ansible_collections.pamops.senhasegura.plugins.module_utils._options import CONNECTION, Option, problems

PATHS = {"iso": ("/iso/toy",), "api": ("/api/pam/toy", "/api/toy")}
WRITE = Endpoint("Writing the toy", "POST", PATHS)
READ = Endpoint("Reading the toy", "GET", PATHS)

OPTIONS = {**CONNECTION, "name": Option(required=True)}


def option_problems(options: Mapping[str, t.Any], origins: Mapping[str, str] | None = None) -> list[str]:
    return problems(options, OPTIONS, ("url", "name"), origins)


def write_and_read(client: Client, options: Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    if check_mode:
        client.probe()
        return {"changed": True, "secret": None}
    client.call(WRITE, {"name": options["name"]})
    return {"changed": True, "secret": client.call(READ, argument=options["name"])["toy"]["secret"]}


OPERATION = Operation(OPTIONS, option_problems, write_and_read)
