# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The minimum for a session in an expression: the cost of a bare ``requests.post``."""

from __future__ import annotations

import typing as t

import requests
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        answer = requests.post(
            kwargs["url"],
            json={**kwargs["json"], "device": str(terms[0])},
            headers={"Authorization": f"Bearer {kwargs['access_token']}"},
            verify=kwargs["verify"],
            timeout=30,
        )
        answer.raise_for_status()
        return [answer.json()["session"]["session_url"]]
