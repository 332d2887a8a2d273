# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A resource that sets no optional field: a POST that writes, and a GET that returns a secret."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import Client
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.endpoint import Endpoint
from ansible_collections.pamops.senhasegura.plugins.module_utils._options.connection import CONNECTION
from ansible_collections.pamops.senhasegura.plugins.module_utils._options.spec import Option
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.operation import Operation

PATHS = {"iso": ("/iso/toy",), "api": ("/api/pam/toy", "/api/toy")}
WRITE = Endpoint("Writing the toy", "POST", PATHS)
READ = Endpoint("Reading the toy", "GET", PATHS)

OPTIONS = {**CONNECTION, "name": Option(required=True)}


def write_and_read(client: Client, options: Mapping[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    if check_mode:
        client.probe()
        return {"changed": True, "secret": None}
    client.call(WRITE, {"name": options["name"]})
    return {"changed": True, "secret": client.call(READ, argument=options["name"]).data["toy"]["secret"]}


OPERATION = Operation(OPTIONS, write_and_read)
