# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Terminate running proxy sessions.

PAM Core's response for a session that has already ended is not documented, and its only documented error gives no
reason. So the list is requested before and, after a failure, once more. Source of the facts: vendor docs v3-32
'a2a-terminate-a-proxy-session'; v3-33, v4 and latest 'api-del-terminate-remote-session'.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._api.client import Client
from .._api.endpoint import Advice, Endpoint
from .._errors import NotSent, OutcomeUnknown, SenhaseguraError, join_sentences
from .._options.connection import CONNECTION
from .._options.spec import Origins
from .operation import Operation
from .remote_session import RESULT
from .remote_session_filters import FILTERS, TIMES, filter_rules
from .remote_session_list import Undecided, find_sessions, identify, session_of

TERMINATE = Endpoint(
    "Terminating the session",
    "DELETE",
    # Inferred: where the list is at /api/session, the last path exists too.
    {"iso": ("/iso/session/drop",), "api": ("/api/pam/session/drop", "/api/session/drop")},
    needs="the resource PAM Core with read and write permission",
    doubt="",  # _after_failure() finds out
    advice=(
        Advice(
            "An error occurred while droping session",
            "PAM Core gives no reason. If the session is still active, terminate it in PAM Core.",
            r"an error occurred while dropp?ing session",
        ),
    ),
)

OPTIONS = {**CONNECTION, **FILTERS, **TIMES}

MOST_REASONS = 10
"""So many are in a message; ``sessions`` has all."""

Session = dict[str, t.Any]


class NotAllEnded(SenhaseguraError):
    """Some of several sessions could not be terminated. ``outcome`` has all of them."""

    def __init__(self, message: str, outcome: Mapping[str, t.Any]) -> None:
        super().__init__(message)
        self.outcome = outcome


def rules(options: Mapping[str, t.Any], origins: Origins | None = None) -> list[str]:
    """Problems between the options, as sentences."""
    found = filter_rules(options, origins)
    if not any(options.get(name) not in (None, "", []) for name in FILTERS if name != "active"):
        names = ", ".join(name for name in FILTERS if name != "active")
        found.append(f"Set at least one of these filters: {names}.")
    if options.get("active") is False:
        found.append("active must not be false: a session that has ended cannot be terminated.")
    return found


def terminate_sessions(client: Client, options: Mapping[str, t.Any], check_mode: bool = False) -> dict[str, t.Any]:
    """Terminate the matching sessions that run.

    Each of ``sessions`` is as it was listed before, with ``terminated`` and, after a failure, ``reason``. In check
    mode, they predict the outcome.

    Raises :class:`NotAllEnded` after having tried all of them, :class:`Undecided` before.
    """
    found = find_sessions(client, options)
    warnings = list(found.warnings)
    created = options.get("created")
    if created and created.get("opens_until"):
        decision = identify(found, created)
        if decision.reason and (found.sessions or decision.retry_after):
            raise Undecided(join_sentences("No session was terminated", decision.reason))
        if decision.reason and not found.candidates:
            warnings.append(join_sentences("No session was terminated", decision.reason))
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
        reasons = " ".join(f"{_name(client, session)}: {session['reason']}" for session in failed[:MOST_REASONS])
        more = f" And {len(failed) - MOST_REASONS} more." if len(failed) > MOST_REASONS else ""
        raise NotAllEnded(
            f"{len(failed)} of {len(sessions)} sessions could not be terminated. {reasons}{more}", outcome
        )
    return {**outcome, "warnings": [] if check_mode else warnings}


def _name(client: Client, session: Session) -> str:
    """What identifies the session in a message. PAM Core's values may have any length and content."""
    known = {name: client.clean(str(session[name]), 80) for name in ("id", "session_id", "user", "device")}
    number = f"Session {known['session_id'] if session['id'] is None else known['id']}"
    return f"{number} of {known['user']} on {known['device']}" if session["user"] else number


def _unlisted(name: str, value: t.Any) -> Session:
    """The entry for an ``id`` or ``session_id`` that PAM Core does not list."""
    nothing = {**session_of({}, {}, None), "active": None, name: value}
    return {
        **nothing,
        "terminated": False,
        "reason": "PAM Core does not list this session. Check the ID, and the "
        "devices and credentials of the authorization of this application.",
    }


def _end(client: Client, session: Session, check_mode: bool) -> dict[str, t.Any]:
    if not (session["session_id"] or "").strip("."):
        return {
            "terminated": False,
            "reason": "PAM Core lists the session without a valid session_id. Terminate it in PAM Core.",
        }
    if not check_mode:
        try:
            client.call(TERMINATE, argument=session["session_id"])
        except NotSent as exc:
            return {"terminated": False, "reason": str(exc)}
        except SenhaseguraError as exc:
            return _after_failure(client, session, exc)
    return {"terminated": True}


def _after_failure(client: Client, session: Session, exc: SenhaseguraError) -> dict[str, t.Any]:
    """The session may have ended before, or just now if only the response was lost. Check it, but do not retry."""
    is_response_lost = isinstance(exc, OutcomeUnknown)
    by = "session_id" if session["id"] is None else "id"
    try:
        now = find_sessions(client, {by: [session[by]]})
    except SenhaseguraError:
        if is_response_lost:
            return {"terminated": None, "reason": join_sentences(str(exc), "It is unknown whether the session ended")}
        return {"terminated": False, "reason": str(exc)}
    if any(found["active"] and found["session_id"] == session["session_id"] for found in now.sessions):
        return {"terminated": False, "reason": join_sentences(str(exc), "The session was still active afterwards")}
    return {"terminated": is_response_lost}


OPERATION = Operation(
    OPTIONS,
    terminate_sessions,
    rules,
    public=True,
    doubt="Sessions may have been terminated. List them to find out.",
    marks=RESULT,
)
