# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils._resources.remote_session_filters import TIMES
from ..plugin_utils._sources import documented_sources


class ModuleDocFragment:
    # By which sessions are found. The device each plugin has in its own way.
    DOCUMENTATION = r"""
notes:
  - PAM Core does not filter. It returns its whole list of sessions, which can take minutes if there are many. Set
    O(timeout) accordingly.
  - With up to 20 values of O(id), only these sessions are requested, one by one, each within O(timeout).
  - In PAM Core, the authorization of the application needs the resource that is named C(PAM Core). Newer manual pages,
    for version 4.0 and later, also require that credentials and devices are assigned to the authorization. PAM Core
    then probably lists only sessions on these credentials and devices.
  - A session must match every filter that is set. If a filter has several values, one of them must match. Case is
    ignored, except in O(session_id).
  - If a filter that is a list is given as a string, the string is split at commas, as Ansible does for every list. For
    example, V(SSH,RDP) has two values. The items of a list are not split.
  - Filters are never read from variables, environment variables or C(ansible.cfg). They can be set in the task or
    lookup. C(module_defaults) can set filters of modules too. Do not do that, because a filter that is not visible in
    the task can select other sessions than intended.
  - Unlike other options, a filter must not be empty.
options:
  id:
    description: IDs of sessions, as PAM Core lists them.
    type: list
    elements: int
  session_id:
    description: Hashes that identify sessions, as PAM Core lists them.
    type: list
    elements: str
  user:
    description: Login names of the sessions' users.
    type: list
    elements: str
  credential:
    description: User names of the sessions' credentials.
    type: list
    elements: str
  protocol:
    description: Protocols of the sessions, such as V(SSH) or V(RDP).
    type: list
    elements: str
  session_proxy:
    description: Proxies of PAM Core that the sessions use, such as V(Web Proxy) or V(RDP Proxy). PAM Core's name for
      this is C(proxy).
    type: list
    elements: str
  active:
    description:
      - If V(true), only running sessions match. If V(false), only sessions that have ended match.
      - A session without an end time counts as running. PAM Core's documentation does not say how it lists a running
        session.
    type: bool
  started_after:
    description:
      - Only sessions that started at this time or later match.
      - The time is in ISO 8601 (V(2026-01-31T12:00:00Z)), C(YYYY-MM-DD), C(YYYY-MM-DD HH:MM:SS), or seconds since 1970.
        Put quotes around seconds. A date or time can be without quotes.
      - A time without a UTC offset is in O(timezone). If O(timezone) is unset, the time is compared with the times that
        PAM Core lists, in whatever time zone they are.
      - A time with a UTC offset, and seconds since 1970, require O(timezone).
    type: str
  started_before:
    description: Only sessions that started before this time match. The formats are those of O(started_after).
    type: str
  timezone:
    description:
      - Time zone of the times that PAM Core lists, such as V(America/Sao_Paulo), V(UTC) or V(-03:00). PAM Core lists
        times without a time zone.
      - The vendor does not document which time zone it is. To find out, see the guide
        R(The lifecycle of a session, ansible_collections.pamops.senhasegura.docsite.session_life_guide).
      - If unset, times are returned as PAM Core lists them, without a time zone.
      - A name such as V(America/Sao_Paulo) needs time zone data on the controller. If the task is delegated to another
        host, that host needs the data too. The data can come from the operating system or from the Python library
        C(tzdata). V(UTC) and V(-03:00) need no data.
      - Can also be set as the variable V(senhasegura_timezone), as the environment variable E(SENHASEGURA_TIMEZONE), or
        as C(timezone) in C(ansible.cfg).
    type: str
  created:
    description:
      - Selects the session that was opened with a URL. The value is what M(pamops.senhasegura.pam_remote_session)
        returned as RV(pamops.senhasegura.pam_remote_session#module:created) when it requested the URL.
      - Requires O(timezone).
      - PAM Core does not link a session to its URL. So a session matches if it is a web proxy session with the same
        user, device, protocol and credential, and if it started while the URL could be opened, by PAM Core's clock. If
        O(pamops.senhasegura.pam_remote_session#module:remote_addr) was set for the URL, the session must also come
        from that address.
      - If the URL has expired and exactly one session matches, that session is identified as the one that the URL
        opened. To decide whether exactly one session matches, only O(created), the device, O(id) and O(session_id)
        are used. The other filters are applied afterwards, and only remove sessions from the result.
      - If someone else opens such a session as the same user at the same time, two sessions match and none is
        identified. If your URL is never opened, only the other session matches and is identified, although it is not
        yours. To prevent both, give each person their own user in PAM Core, or set
        O(pamops.senhasegura.pam_remote_session#module:remote_addr).
    type: dict
    suboptions:
      user:
        description: Login name of the user.
        type: str
      device:
        description: Host name or IP address of the device. If PAM Core lists the device by another name, give that name
          as the device of the task or lookup. It then replaces this value and O(created.remote_device).
        type: str
      protocol:
        description: Protocol of the session.
        type: str
      credential:
        description: User name of the credential. Unset if PAM Core selected it.
        type: str
      remote_device:
        description: Device on which the session of a domain credential opens. A session on this device or on
          O(created.device) matches. If this is an ID, it matches no session. Then give the host name and IP address of
          this device as the device of the task or lookup.
        type: str
      remote_addr:
        description: Address from which the person was expected to open the URL.
        type: str
      opens_from:
        description: Time from which the URL could be opened. If unset, as in check mode, no session matches.
        type: str
      opens_until:
        description: Time by which the URL has certainly expired.
        type: str
"""

    # Where the values come from: for plugins, which core tells of it.
    PLUGIN: str = documented_sources(TIMES)

    WAIT = r"""
options:
  wait:
    description:
      - Whether to request the list again if no session matches yet.
      - With O(created), the list is requested again until about 36 seconds after the URL was issued. The URL can be
        opened for up to 31 seconds, and PAM Core may record the start of the session up to 5 seconds later. After that,
        either one session is identified, or waiting longer does not help.
      - After O(wait_timeout), the last result is returned. For a task, this is not a failure. A lookup with O(created)
        fails if it found sessions, but cannot identify the one that the URL opened.
      - Check mode does not wait.
      - O(wait) and O(wait_timeout) are not read from variables, environment variables or C(ansible.cfg).
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait, more than 0 and at most 3600. The last request for the list can take up to O(timeout)
      seconds longer.
    type: float
    default: 60
"""
