# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guarded imports of requests and urllib3, which may be missing where a module runs."""

from __future__ import annotations

import http.client

from ansible.module_utils.basic import missing_required_lib

from .._errors import NotSent, join_sentences

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
    from urllib3.connection import HTTPSConnection
except ImportError as exc:
    HAS_REQUESTS = False
    # Any other ImportError means that a library is installed but unusable, such as urllib3 2 with an old OpenSSL.
    WHY_NOT = None if isinstance(exc, ModuleNotFoundError) else str(exc)
    HTTPAdapter = HTTPSConnection = object  # type: ignore[assignment,misc]  # bases of our classes
    DEFAULT_CA_BUNDLE_PATH = ""
    requests = urllib3 = get_environ_proxies = None  # type: ignore[assignment]  # not used then
    INVALID_URL: tuple[type[Exception], ...] = ()
    NOT_HTTP: tuple[type[Exception], ...] = ()
    REQUEST_ERRORS: tuple[type[Exception], ...] = ()
else:
    HAS_REQUESTS, WHY_NOT = True, None
    INVALID_URL = (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError)
    NOT_HTTP = (http.client.HTTPException, urllib3.exceptions.InvalidHeader)
    # ValueError: urllib3 and PySocks raise it for a proxy's URL that they cannot use, such as socks://host.
    REQUEST_ERRORS = (
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        http.client.HTTPException,
        OSError,
        ValueError,
    )

__all__ = [
    "DEFAULT_CA_BUNDLE_PATH",
    "HAS_REQUESTS",
    "INVALID_URL",
    "NOT_HTTP",
    "REQUEST_ERRORS",
    "HTTPAdapter",
    "HTTPSConnection",
    "get_environ_proxies",
    "require_libraries",
    "requests",
    "urllib3",
]


def require_libraries(auth_method: str) -> None:
    """Raise :class:`NotSent` if a library is missing that this authentication needs."""
    if not HAS_REQUESTS:
        missing = missing_required_lib("requests")
        raise NotSent(join_sentences(missing, WHY_NOT) if WHY_NOT else missing)
    if auth_method == "oauth1":
        try:
            import requests_oauthlib as _unused  # noqa: F401  # optional
        except ImportError as exc:
            raise NotSent(missing_required_lib("requests-oauthlib")) from exc
