# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils._resources.remote_session import REMOTE_SESSION
from ..plugin_utils._sources import documented_sources


class ModuleDocFragment:
    # The session that is asked for. What it is on, the device, each plugin says in its own way.
    DOCUMENTATION = r"""
options:
  user:
    description:
      - Login name of the user, registered in PAM Core, as whom the session runs.
      - This must be set here or elsewhere.
    type: str
  protocol:
    description:
      - Protocol of the session, such as V(SSH), V(RDP), V(HTTPS), V(VNC) or V(TELNET).
      - PAM Core decides which there are on the device.
      - This must be set here or elsewhere.
    type: str
  credential:
    description:
      - User name of the credential, as it is registered for the device; neither its number nor its identifier.
      - This must be set here or elsewhere, unless O(auto_select_credential=true). Of the two, the task's own overrules
        one from elsewhere.
    type: str
  auto_select_credential:
    description:
      - Leave it to PAM Core which credential of the device is used.
      - By its documentation, that is one with a password, active, linked to the device, in the authorization of this
        application, and without a session that runs on the device. Which one of several is not documented.
      - Only the newest product versions can do that; older ones answer C(Credential not specified).
    type: bool
    default: false
  remote_device:
    description: Number, host name or IP address of the device on which a domain credential is to be used.
    type: str
    aliases: [remotedevice]
  remote_addr:
    description:
      - IPv4 or IPv6 address of the person who will open the session, as PAM Core sees it.
      - According to the newest documentation, only this address can open the session. Up to version 4.0 it is
        documented as the address that is used throughout the session.
    type: str
    aliases: [remoteAddr]
  port:
    description: Port of the session, from 1 to 65535. If unset, the one which the device has for the protocol.
    type: int
  remote_app:
    description: Number of the RemoteApp, for sessions of that kind.
    type: int
    aliases: [remoteapp]
  screen_size:
    description:
      - Size of the screen in pixels, as C(WIDTHxHEIGHT), such as V(1920x1080).
      - If unset, PAM Core takes V(1920x1080) according to the documentation of version 3.32.
    type: str
    aliases: [screensize]
"""

    # Where the values come from: for plugins, which core tells of it.
    PLUGIN: str = documented_sources(REMOTE_SESSION)
