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
  - PAM Core itself filters nothing and always sends its whole list, which can take it minutes where there are many
    sessions. Give O(timeout) that time. With O(id), single records are asked for instead, up to 20 of them, each within
    O(timeout).
  - The authorization of the application needs the resource PAM Core, and on newer versions the credentials and devices
    too. Expect that PAM Core lists nothing that it does not have.
  - Of several filters, all must fit; of several values of one filter, any. Small and capital letters are the same,
    except in O(session_id). A text is split at its commas, as Ansible does it with lists; a list is not.
  - None of the filters comes from variables, environment variables or C(ansible.cfg), and none may be empty.
options:
  id:
    description: Numbers of records, as the list has them.
    type: list
    elements: int
  session_id:
    description: Hashes by which sessions are known to PAM Core, and by which they are ended.
    type: list
    elements: str
  user:
    description: Login names of the users as whom the sessions run.
    type: list
    elements: str
  credential:
    description: User names of the credentials that are used.
    type: list
    elements: str
  protocol:
    description: Protocols, such as V(SSH) or V(RDP).
    type: list
    elements: str
  session_proxy:
    description: What the sessions go through, such as V(Web Proxy) or V(RDP Proxy). PAM Core's field C(proxy).
    type: list
    elements: str
  active:
    description:
      - Whether the sessions run.
      - How PAM Core lists the end of a running session is not documented. Each session runs that has no moment there.
    type: bool
  started_after:
    description:
      - The sessions started then or later. ISO 8601 (V(2026-01-31T12:00:00Z)), C(YYYY-MM-DD HH:MM:SS), or seconds since
        1970.
      - Without a zone of its own, it is in O(timezone); if that is unset too, in whichever zone PAM Core's times are.
    type: str
  started_before:
    description: The sessions started before that, which is given as O(started_after) is.
    type: str
  timezone:
    description:
      - Zone of the times that PAM Core lists without one, such as V(America/Sao_Paulo), V(UTC) or V(-03:00).
      - Which one that is, is not documented; compare with the list of sessions in PAM Core.
      - If unset, times are returned without a zone, as they are.
      - A name needs the time zone data of the operating system or of the Python library C(tzdata), where the work is
        done; V(-03:00) and the like do not.
    type: str
  created:
    description:
      - Find the session that was opened with a URL, by what M(pamops.senhasegura.pam_remote_session) returned as
        RV(pamops.senhasegura.pam_remote_session#module:created). This needs O(timezone).
      - PAM Core has nothing that ties a URL to a session. So what fits are web proxy sessions of the same user, device,
        protocol and credential, that started while the URL could be opened, by PAM Core's clock; and only from
        the address that was given as O(pamops.senhasegura.pam_remote_session#module:remote_addr).
      - It is decided which one it is when the URL cannot be opened any more, and exactly one session fits. Filters
        other than the device, O(id) and O(session_id) do not help to decide; they only leave out sessions.
      - A session of the same user that someone else opened at the same time with the same device, protocol
        and credential cannot be told apart. If yours was not opened, it is even taken for yours. Different users, or
        O(pamops.senhasegura.pam_remote_session#module:remote_addr), prevent that.
    type: dict
    suboptions:
      user:
        description: Login name of the user.
        type: str
      device:
        description: Host name or IP address of the device. If PAM Core lists it by another one, give that to C(device).
        type: str
      protocol:
        description: Protocol of the session.
        type: str
      credential:
        description: User name of the credential, unless PAM Core selected it.
        type: str
      remote_device:
        description: Device on which a domain credential is used. A session on either device fits.
        type: str
      remote_addr:
        description: Address from which the session was to be opened.
        type: str
      opens_from:
        description: From when the URL could be opened. Without this, as in check mode, no session fits.
        type: str
      opens_until:
        description: Until when the URL could be opened.
        type: str
"""

    # Where the values come from: for plugins, which core tells of it.
    PLUGIN: str = documented_sources(TIMES)

    WAIT = r"""
options:
  wait:
    description:
      - Look again until a session fits, or with O(created) until it can be decided which session it is. That is about
        36 seconds after the URL was made.
      - When O(wait_timeout) is over, what was found last is returned, and nothing fails.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait, at most 3600. The last look may end after that, at most by O(timeout).
    type: float
    default: 60
"""
