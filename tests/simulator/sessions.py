# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web proxy sessions: create a URL, open it, and list, get and end sessions."""

from __future__ import annotations

import ipaddress
import re
import secrets
import typing as t
from datetime import datetime, timedelta, tzinfo
from urllib.parse import unquote

from . import pages, profiles
from .auth import Caller
from .data import DOMAIN_USER, SSH_KEY, Credential, Device, User
from .state import PendingSession, SessionRecord, State, new_sr
from .wire import Answer, Incoming, Refusal, failure, handled_error, html_answer, normal_address, success


def create(state: State, incoming: Incoming, caller: Caller, _argument: str) -> Answer:
    """v3-32 'a2a-create-an-authenticated-url-for-a-web-proxy-session' and its successors."""
    given = incoming.parameters
    _check_given(state, given, caller)
    user = _user(state, given, caller)
    device = _device(state, given, caller)
    if user.devices is not None and device.hostname.lower() not in user.devices:
        raise _inferred(state, caller, "user_not_permitted")
    credential = _credential(state, given, caller, device)
    target = _target(state, given, caller, device, credential)
    pending = PendingSession(
        sr=state.marked("sr", new_sr()),
        token=state.marked("session_token", secrets.token_hex(32)),
        user=user,
        credential=credential,
        device=target,
        protocol=str(given["protocol"]).upper(),
        port=_port(state, given, caller, target),
        screen_size=_screen_size(state, given, caller),
        remote_addr=_remote_addr(state, given, caller),
        remote_app=_remote_app(state, given, caller),
        created_at=state.clock.now(),
    )
    state.pending[pending.sr] = pending
    session = {
        "session_url": f"https://{incoming.host}{state.vault.base_path}/modulos/auth?_sr={pending.sr}",
        "token": pending.token,
    }
    return success(state.profile, profiles.SESSION_CREATED, tenant=caller.tenant, payload={"session": session})


def _given(parameters: t.Mapping[str, t.Any], name: str) -> bool:
    """An empty value counts as missing [I]."""
    return parameters.get(name) not in (None, "")


def _check_given(state: State, given: t.Mapping[str, t.Any], caller: Caller) -> None:
    """The documented errors, in the documented order: user, credential, device, protocol [I]."""
    profile = state.profile
    missing = (
        (_given(given, "user"), profile.user_missing),
        (_given(given, "credential") or profile.credential_optional, profiles.CREDENTIAL_MISSING),
        (_given(given, "device"), profiles.DEVICE_MISSING),
        # The same response for an unknown and for a missing protocol is inferred
        (_is_protocol(state, str(given.get("protocol", ""))), profiles.INVALID_PROTOCOL),
    )
    for fine, message in missing:
        if not fine:
            raise Refusal(failure(profile, 400, message, tenant=caller.tenant))


def _is_protocol(state: State, name: str) -> bool:
    """Samples have upper and lower case [I: case is ignored]. A device may define its own protocols."""
    name = name.upper()
    return name in profiles.PROTOCOLS or any(name in device.connectivities for device in state.devices.values())


def _inferred(state: State, caller: Caller, key: str) -> Refusal:
    """HTTP 400 in the envelope of the documented parameter errors [I]."""
    return Refusal(failure(state.profile, 400, state.vault.texts[key], tenant=caller.tenant))


def _user(state: State, given: t.Mapping[str, t.Any], caller: Caller) -> User:
    user = state.users.get(str(given["user"]))
    if user is None:
        raise _inferred(state, caller, "unknown_user")
    if not user.active:
        raise _inferred(state, caller, "inactive_user")
    return user


def _device(state: State, given: t.Mapping[str, t.Any], caller: Caller) -> Device:
    """Host name or IP. A device that the authorization does not cover is invisible to it, and therefore unknown [I]."""
    device = state.vault.find_device(str(given["device"]))
    covered = caller.authorization.devices
    if device is None or (covered is not None and device.hostname.lower() not in covered):
        raise _inferred(state, caller, "unknown_device")
    if not device.active:
        raise _inferred(state, caller, "inactive_device")
    return device


def _is_covered(caller: Caller, credential: Credential, device: Device) -> bool:
    covered = caller.authorization.credentials
    username = credential.username.lower()
    return covered is None or username in covered or f"{username}@{device.hostname.lower()}" in covered


def _credential(state: State, given: t.Mapping[str, t.Any], caller: Caller, device: Device) -> Credential:
    candidates = state.vault.credentials_on(device)
    if not _given(given, "credential"):
        return _eligible_credential(state, caller, device, candidates)
    credential = next((entry for entry in candidates if entry.username == str(given["credential"])), None)
    if credential is None:
        raise _inferred(state, caller, "unknown_credential")
    if not _is_covered(caller, credential, device):
        raise _inferred(state, caller, "credential_not_covered")
    if not credential.active:
        raise _inferred(state, caller, "inactive_credential")
    return credential


def _eligible_credential(state: State, caller: Caller, device: Device, candidates: list[Credential]) -> Credential:
    """latest 'api-post-create-authenticated-url-for-web-proxy-session': active, on the device, covered by the
    authorization, without an active session on the device, no SSH key. Of several, the one with the lowest ID [I]."""
    busy = {session.credential.id for session in state.active_sessions() if session.device is device}
    for credential in candidates:
        if (
            credential.active
            and _is_covered(caller, credential, device)
            and credential.id not in busy
            and credential.type != SSH_KEY
        ):
            return credential
    raise _inferred(state, caller, "no_eligible_credential")


def _target(
    state: State, given: t.Mapping[str, t.Any], caller: Caller, device: Device, credential: Credential
) -> Device:
    """A domain credential is used on ``remotedevice``: an ID, IP or host name. Other credentials ignore it [I]."""
    if credential.type != DOMAIN_USER or not _given(given, "remotedevice"):
        return device
    target = state.vault.find_device(str(given["remotedevice"]), by_id=True)
    if target is None or not target.active:
        raise _inferred(state, caller, "unknown_remote_device")
    return target


def _integer(value: t.Any) -> int | None:
    """An integer from JSON or a form. Forms contain only strings."""
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)):
        return None
    return int(value)


def _port(state: State, given: t.Mapping[str, t.Any], caller: Caller, device: Device) -> int:
    """The given port, or the device's port for the protocol. A protocol that the device lacks is rejected [I]."""
    default = device.connectivities.get(str(given["protocol"]).upper())
    if default is None:
        raise _inferred(state, caller, "protocol_not_enabled")
    if not _given(given, "port"):
        return default
    port = _integer(given["port"])
    if port is None or not 1 <= port <= 65535:
        raise _inferred(state, caller, "invalid_port")
    return port


def _screen_size(state: State, given: t.Mapping[str, t.Any], caller: Caller) -> str:
    if not _given(given, "screensize"):
        return profiles.DEFAULT_SCREEN_SIZE
    size = str(given["screensize"])
    if not re.fullmatch(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", size):
        raise _inferred(state, caller, "invalid_screensize")
    return size


def _remote_addr(state: State, given: t.Mapping[str, t.Any], caller: Caller) -> str | None:
    if not _given(given, "remoteAddr"):
        return None
    address = str(given["remoteAddr"])
    try:
        ipaddress.ip_address(address)
    except ValueError as exc:
        raise _inferred(state, caller, "invalid_remote_addr") from exc
    return normal_address(address)


def _remote_app(state: State, given: t.Mapping[str, t.Any], caller: Caller) -> int | None:
    """No RemoteApp is simulated. Any positive number is accepted [I]."""
    if not _given(given, "remoteapp"):
        return None
    number = _integer(given["remoteapp"])
    if not number:
        raise _inferred(state, caller, "invalid_remote_app")
    return number


def open_url(state: State, incoming: Incoming) -> Answer:
    """The response to a browser: the page of the session, or an error page.

    Valid once and for 30 seconds: v3-32 'a2a-create-an-authenticated-url-for-a-web-proxy-session'. All versions compare
    ``remoteAddr`` here. The latest documentation calls it the address allowed to start the session. The query is used
    as sent, because base64 contains ``+``, which is no space here. Pages and status of the errors are inferred, and so
    is that a rejected attempt does not use the URL up. Only GET opens a session, so that a HEAD request of a link
    preview does not [I]."""
    sr = next((part[4:] for part in incoming.raw_query.split("&") if part.startswith("_sr=")), "")
    pending = state.pending.get(unquote(sr))
    if pending is None:
        return _refused_page(state, "session_url_unknown")
    if pending.used:
        return _refused_page(state, "session_url_used")
    if state.clock.now() - pending.created_at >= timedelta(seconds=profiles.SESSION_URL_SECONDS):
        return _refused_page(state, "session_url_expired")
    if pending.remote_addr not in (None, incoming.peer):
        return _refused_page(state, "session_url_wrong_address")
    return html_answer(200, pages.session_page(state.open_session(pending, incoming.peer)))


def _refused_page(state: State, key: str) -> Answer:
    return html_answer(403, pages.refused_page(state.vault.texts[key]))


def list_sessions(state: State, incoming: Incoming, caller: Caller, _argument: str) -> Answer:
    """v3-32 'a2a-list-remote-session-data', v4 'api-get-list-all-remote-sessions'. The message is empty."""
    records = [describe(state, session) for session in state.sessions]
    return success(state.profile, "", tenant=caller.tenant, payload={"remote_sessions": records})


def get_session(state: State, incoming: Incoming, caller: Caller, argument: str) -> Answer:
    """v3-32 'a2a-list-remote-session-data', v4 'api-get-list-a-remote-session': by ID, in a list with one element."""
    if not argument.isdecimal():
        return handled_error(state.profile, profiles.UNEXPECTED_IDENTIFIER)
    records = [describe(state, session) for session in state.sessions if session.id == int(argument)]
    if not records:
        return handled_error(state.profile, profiles.SESSION_NOT_FOUND)
    return success(state.profile, "", tenant=caller.tenant, payload={state.profile.one_session_key: records})


def drop_session(state: State, incoming: Incoming, caller: Caller, argument: str) -> Answer:
    """v3-32 'a2a-terminate-a-proxy-session'. A session that has ended cannot be ended again [I]."""
    profile = state.profile
    session = next((entry for entry in state.active_sessions() if argument in (entry.session_id, entry.uuid)), None)
    if session is None:
        return failure(profile, 500, profiles.DROP_FAILED, error_code=1)
    session.end = state.clock.now()
    tenant = caller.tenant if profile.drop_names_tenant else None
    return success(profile, profile.drop_message, mensagem=profile.drop_mensagem, tenant=tenant)


def describe(state: State, session: SessionRecord) -> dict[str, t.Any]:
    """A record as the API returns it. Null for ``end`` and ``time`` of a running session is inferred."""
    values = {
        "id": str(session.id),
        "user": session.user,
        "origin_ip": session.origin_ip,
        "credential": session.credential.username,
        "device": f"{session.device.address}:{session.port}",
        "protocol": session.protocol,
        "proxy": session.proxy,
        "session_id": session.session_id,
        "start": _timestamp(session.start, state.vault.zone),
        "end": _timestamp(session.end, state.vault.zone) if session.end else None,
        "time": _duration(session.end - session.start) if session.end else None,
        "prevent_purge": state.profile.not_purge_protected,
        "request": None,
        "ITSM": None,
    }
    return {state.profile.renamed_fields.get(name, name): values[name] for name in profiles.SESSION_FIELDS}


def _timestamp(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _duration(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}"
