# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ending proxy sessions that run.

What PAM Core answers for a session that has ended already is not documented, and its only documented failure names no
reason. So it is asked before and, after a failure, once more what runs. Source of the facts: vendor docs v3-32
'a2a-terminate-a-proxy-session'; v3-33, v4 and latest 'api-del-terminate-remote-session'.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._answers import Endpoint
from ._client import Client
from ._errors import NotAllEnded, NotSent, SenhaseguraError, Unclear, Undecided, sentences
from ._filters import FILTERS, TIMES, filter_problems
from ._operation import Operation
from ._options import CONNECTION
from ._remote_session_info import decide, find_sessions, normal

DROP = Endpoint(
    "Ending the remote session",
    "DELETE",
    # That the last one is there where the list is at /api/session is inferred
    {"iso": ("/iso/session/drop",), "api": ("/api/pam/session/drop", "/api/session/drop")},
    ends_session=True,
    needs="the resource PAM Core with read and write permission",
)

ARGUMENT_SPEC = {"argument_spec": {**CONNECTION, **FILTERS, **TIMES}}

MOST_REASONS = 10
"""So many are told in a message; ``sessions`` has all."""

Session = dict[str, t.Any]


def option_problems(options: Mapping[str, t.Any], origins: Mapping[str, str] | None = None) -> list[str]:
    """All that is wrong with the options, as sentences."""
    found = filter_problems(options, ARGUMENT_SPEC["argument_spec"], origins)
    if not any(options.get(name) is not None for name in FILTERS if name != "active"):
        names = ", ".join(name for name in FILTERS if name != "active")
        found.append(f"Nothing says which sessions are to end: give one of {names}.")
    if options.get("active") is False:
        found.append("active must not be false: what has ended cannot be ended.")
    return found


def terminate_sessions(client: Client, options: Mapping[str, t.Any], check_mode: bool = False) -> dict[str, t.Any]:
    """End what fits and runs. Each of ``sessions`` is as it was listed before, with ``terminated`` and, if that failed,
    ``reason``; in check mode they say what would be.

    Raises :class:`NotAllEnded` after having tried all of them, :class:`Undecided` before.
    """
    found = find_sessions(client, options)
    warnings = list(found.warnings)
    created = options.get("created")
    if created and created.get("opens_until"):
        decision = decide(client, found, created)
        if decision.reason and (found.sessions or decision.seconds):
            raise Undecided(sentences("Nothing was ended", decision.reason))
        if decision.reason and not found.candidates:
            warnings.append(sentences("Nothing was ended", decision.reason))
    is_named = any(options.get(name) for name in ("id", "session_id"))
    sessions = [
        {**session, **(_end(client, session, check_mode) if session["active"] else {"terminated": False})}
        for session in found.sessions
        if session["active"] or is_named
    ]
    sessions += [_unlisted(name, value) for name, value in found.unlisted]
    outcome = {"changed": any(session["terminated"] for session in sessions), "sessions": sessions}
    failed = [session for session in sessions if "reason" in session]
    if failed:
        reasons = " ".join(f"{_name(session)}: {session['reason']}" for session in failed[:MOST_REASONS])
        more = f" And {len(failed) - MOST_REASONS} more." if len(failed) > MOST_REASONS else ""
        raise NotAllEnded(f"{len(failed)} of {len(sessions)} sessions could not be ended. {reasons}{more}", outcome)
    return {**outcome, "warnings": [] if check_mode else warnings}


def _name(session: Session) -> str:
    """Enough of it to find it again; what PAM Core lists may have any length."""
    known = {name: str(session[name])[:80] for name in ("id", "session_id", "user", "device")}
    number = f"Session {known['session_id'] if session['id'] is None else known['id']}"
    return f"{number} of {known['user']} on {known['device']}" if session["user"] else number


def _unlisted(name: str, value: t.Any) -> Session:
    """For what was asked for by its own number or hash, and is not there to be ended."""
    nothing = {**normal({}, {}, None), "active": None, name: value}
    return {**nothing, "terminated": False, "reason": "PAM Core lists no such session to this application."}


def _end(client: Client, session: Session, check_mode: bool) -> dict[str, t.Any]:
    if not (session["session_id"] or "").strip("."):
        return {"terminated": False, "reason": "PAM Core lists it without a usable session_id."}
    if not check_mode:
        try:
            client.call(DROP, argument=session["session_id"])
        except NotSent as exc:
            return {"terminated": False, "reason": str(exc)}
        except SenhaseguraError as exc:
            return _after_failure(client, session, exc)
    return {"terminated": True}


def _after_failure(client: Client, session: Session, exc: SenhaseguraError) -> dict[str, t.Any]:
    """It may have ended before or, where only the answer got lost, just now. It is looked at, and not dropped again."""
    is_answer_lost = isinstance(exc, Unclear)
    by = "session_id" if session["id"] is None else "id"
    try:
        now = find_sessions(client, {by: [session[by]]})
    except SenhaseguraError:
        if is_answer_lost:
            return {"terminated": None, "reason": sentences(str(exc), "It is not known whether it ended")}
        return {"terminated": False, "reason": str(exc)}
    if any(found["active"] and found["session_id"] == session["session_id"] for found in now.sessions):
        return {"terminated": False, "reason": sentences(str(exc), "It was still running after that")}
    return {"terminated": is_answer_lost}


OPERATION = Operation(
    ARGUMENT_SPEC,
    option_problems,
    terminate_sessions,
    if_lost="Sessions may have ended all the same.",
    filters=frozenset(FILTERS),
)
