# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Authorization header of a request."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

Authorize = Callable[[t.Any], t.Any]
"""Adds the header to a prepared request of requests, and returns that."""


def no_authorization(request: t.Any) -> t.Any:
    return request


def bearer(access_token: str) -> Authorize:
    """RFC 6750, section 2.1."""

    def authorize(request: t.Any) -> t.Any:
        request.headers["Authorization"] = f"Bearer {access_token}"
        return request

    return authorize


def oauth1(options: Mapping[str, t.Any]) -> Authorize:
    """RFC 5849: a new nonce, timestamp and HMAC-SHA1 signature for each request, in its header."""
    # Imported here, because the library is optional. It also takes 10 ms.
    from requests_oauthlib import OAuth1

    signer: Authorize = OAuth1(
        options["consumer_key"],
        client_secret=options["consumer_secret"],
        resource_owner_key=options["token_key"],
        resource_owner_secret=options["token_secret"],
        signature_method="HMAC-SHA1",
        signature_type="AUTH_HEADER",
    )
    return signer
