# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The minimum for sessions: their cost without Ansible. Each request opens its own connection.

The argument is the path of a JSON object with ``url``, ``ca_file``, ``client_id``, ``client_secret``, ``session`` (the
payload) and ``devices``."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path

import requests


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    post = functools.partial(requests.post, verify=given["ca_file"], timeout=30)
    form = {"grant_type": "client_credentials", **{name: given[name] for name in ("client_id", "client_secret")}}
    login = post(f"{given['url']}/api/oauth2/token", data=form)
    login.raise_for_status()
    authorization = {"Authorization": f"Bearer {login.json()['access_token']}"}
    for device in given["devices"]:
        asked = {**given["session"], "device": device}
        answer = post(f"{given['url']}/api/pam/remote/session", json=asked, headers=authorization)
        answer.raise_for_status()
        print(len(answer.json()["session"]["session_url"]))


if __name__ == "__main__":
    main()
