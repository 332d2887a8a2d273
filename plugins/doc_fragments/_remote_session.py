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
      - Login name of the person who will open the session. The person must be registered in PAM Core.
      - Required. Can also be set as the variable V(senhasegura_user), as the environment variable
        E(SENHASEGURA_USER), or as C(user) in C(ansible.cfg).
    type: str
  protocol:
    description:
      - Protocol of the session, such as V(SSH), V(RDP), V(HTTPS), V(VNC) or V(TELNET). It must be enabled for the
        device in PAM Core, in the device's connectivities.
      - Required. Can also be set as the variable V(senhasegura_protocol), as the environment variable
        E(SENHASEGURA_PROTOCOL), or as C(protocol) in C(ansible.cfg).
    type: str
  credential:
    description:
      - User name of the credential, that is, of the account on the device. It must be registered for the device in PAM
        Core. IDs and identifiers of credentials are not accepted.
      - Required, unless O(auto_select_credential=true). Can also be set as the variable V(senhasegura_credential), as
        the environment variable E(SENHASEGURA_CREDENTIAL), or as C(credential) in C(ansible.cfg).
      - Set either O(credential) or O(auto_select_credential=true), not both. If the task or lookup sets one of them,
        values of the other one from a variable, the environment or C(ansible.cfg) are ignored.
    type: str
  auto_select_credential:
    description:
      - Whether PAM Core selects the credential.
      - This requires version 4.2 or later. Earlier versions respond with C(Credential not specified).
      - According to the vendor's documentation, PAM Core selects an active credential with a password. The credential
        is linked to the device, is assigned to the authorization of this application, and has no running session on
        the device. The documentation does not say which one PAM Core selects if there are several.
    type: bool
    default: false
  remote_device:
    description: Only for a domain credential. ID, host name or IP address of the device on which the session opens. The
      C(device) of the task, or the device that is passed to the lookup, is then the one for which the credential is
      registered in PAM Core.
    type: str
    aliases: [remotedevice]
  remote_addr:
    description:
      - IPv4 or IPv6 address from which the person will open the URL. If there is NAT on the way, it is the address that
        PAM Core sees.
      - According to the vendor's documentation, only this address can open the session from version 4.2 on. For
        versions up to 4.0, the documentation says only that this address is used throughout the session. Do not expect
        these versions to reject other addresses.
    type: str
    aliases: [remoteAddr]
  port:
    description: Port of the session, from 1 to 65535. If unset, PAM Core uses the device's port for the protocol.
    type: int
  remote_app:
    description: ID of the RemoteApp, for RemoteApp sessions.
    type: int
    aliases: [remoteapp]
  screen_size:
    description:
      - Size of the screen in pixels, as C(WIDTHxHEIGHT), such as V(1920x1080).
      - If unset, PAM Core uses V(1920x1080), according to the documentation of version 3.32.
    type: str
    aliases: [screensize]
"""

    # Where the values come from: for plugins, which core tells of it.
    PLUGIN: str = documented_sources(REMOTE_SESSION)
