# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remote control under ``/_simulator/``: requests, sessions, clock, faults. Only for clients on loopback."""

from __future__ import annotations

import ipaddress
import json
import typing as t
from collections.abc import Callable

from .sessions import describe
from .wire import Answer, Incoming

if t.TYPE_CHECKING:
    from .server import Simulator

PREFIX = "/_simulator/"


def _answer(status: int, value: t.Any) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


def _requests(simulator: Simulator, given: t.Any) -> Answer:
    return _answer(200, [recorded.as_dict() for recorded in simulator.requests])


def _clear_requests(simulator: Simulator, given: t.Any) -> Answer:
    simulator.clear_requests()
    return _answer(200, {})


def _connections(simulator: Simulator, given: t.Any) -> Answer:
    return _answer(200, {"connections": simulator.connections})


def _sessions(simulator: Simulator, given: t.Any) -> Answer:
    return _answer(200, [describe(simulator.state, session) for session in simulator.state.sessions])


def _add_sessions(simulator: Simulator, given: t.Any) -> Answer:
    added = simulator.state.add_sessions(given["count"], **{name: given[name] for name in given if name != "count"})
    return _answer(200, {"added": len(added)})


def _advance(simulator: Simulator, given: t.Any) -> Answer:
    simulator.clock.advance(float(given["advance"]))
    return _answer(200, {"now": simulator.clock.now().isoformat()})


def _add_fault(simulator: Simulator, given: t.Any) -> Answer:
    simulator.fault(given["path"], given["fault"], given.get("times", 1))
    return _answer(200, {})


def _clear_faults(simulator: Simulator, given: t.Any) -> Answer:
    simulator.clear_faults()
    return _answer(200, {})


CONTROLS: dict[tuple[str, str], Callable[[t.Any, t.Any], Answer]] = {
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _clear_requests,
    ("GET", "connections"): _connections,
    ("GET", "sessions"): _sessions,
    ("POST", "sessions"): _add_sessions,
    ("POST", "clock"): _advance,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
}


def answer(simulator: Simulator, incoming: Incoming) -> Answer:
    """The response to a control request. Clients on other machines are rejected, whatever address the server binds."""
    if not ipaddress.ip_address(incoming.peer).is_loopback:
        return _answer(403, {"error": "The control API is available only from this machine."})
    control = CONTROLS.get((incoming.method, incoming.path[len(PREFIX) :]))
    if control is None:
        return _answer(404, {"error": "Unknown control request.", "known": [" ".join(key) for key in CONTROLS]})
    if incoming.method == "POST" and not isinstance(incoming.json, dict):
        return _answer(400, {"error": "The body must be a JSON object."})
    try:
        return control(simulator, incoming.json)
    except KeyError as exc:
        return _answer(400, {"error": f"{exc.args[0]} is missing."})
    except (AttributeError, TypeError, ValueError) as exc:
        return _answer(400, {"error": str(exc)})
