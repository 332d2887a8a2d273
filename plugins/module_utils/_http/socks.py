# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections through a SOCKS proxy."""

from __future__ import annotations

import re
import socket
import typing as t
from collections.abc import Mapping

from ansible.module_utils.basic import missing_required_lib

from .._errors import NotSent, join_sentences
from .deadline import Connection, PlainSocket, resolve
from .failures import CHECK_ADDRESS, causes, reason


def socks_connection() -> type[Connection]:
    """The class of a connection through a SOCKS proxy. PySocks speaks the protocol; waiting and resolving are ours."""
    try:
        # Imported here, because it is optional.
        import socks
    except ImportError as exc:
        raise NotSent(missing_required_lib("PySocks", reason="for a SOCKS proxy")) from exc

    class SocksConnection(Connection):
        _socket = type("_SocksSocket", (PlainSocket, socks.socksocket), {})
        _socks_options: Mapping[str, t.Any]  # set by urllib3

        def _next_hop(self) -> tuple[str, int]:
            options = self._socks_options
            return options["proxy_host"].strip("[]"), int(options["proxy_port"] or 1080)

        def _reach(self, connection: t.Any, address: t.Any) -> None:
            options, host = self._socks_options, self.host.strip("[]")
            if not options["rdns"]:
                # Prefer IPv4: SOCKS 4 supports nothing else, and a host with both families can be reached over IPv4.
                found = resolve(host, self.port, self.exchange.deadline)
                host = min(found, key=lambda one: one[0] != socket.AF_INET)[4][0]
            connection.set_proxy(
                options["socks_version"], *address[:2], options["rdns"], options["username"], options["password"]
            )
            try:
                connection.connect((host, self.port))
            except UnicodeError as exc:
                why = f"the name {host} could not be resolved: {reason(exc)}"
                raise NotSent(join_sentences(why, CHECK_ADDRESS)) from exc
            except socks.ProxyError as exc:
                # PySocks wraps its own errors and network errors in ProxyError. If the innermost ProxyError has a
                # socket error, the network failed and not the proxy.
                said = [cause for cause in causes(exc) if isinstance(cause, socks.ProxyError)][-1]
                if said.socket_err:
                    raise
                why = re.sub("^0x[0-9a-f]+: ", "", said.msg)
                raise NotSent(
                    join_sentences(f"the request could not be sent: the proxy refused the connection: {why}")
                ) from exc

    return SocksConnection
