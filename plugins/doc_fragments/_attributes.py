# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What all modules of this collection have in common.
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/pamops.senhasegura.senhasegura) in C(module_defaults) to set options for all modules at
      once.
    support: full
    details:
      - Set only options there that mean the same in all modules, such as connection options. C(user), C(device),
        C(credential) and C(protocol) describe the new session in M(pamops.senhasegura.pam_remote_session), but they are
        filters in the other modules.
      - For example, if the defaults contain C(user=jdoe), a task that uses
        M(pamops.senhasegura.pam_remote_session_terminate) without any filter terminates all sessions of C(jdoe).
    membership:
      - pamops.senhasegura.senhasegura
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  delegation:
    description: Can be used in conjunction with C(delegate_to) and related keywords.
    support: full
    details:
      - Without C(delegate_to), the task runs on the controller, whatever connection the host has. It runs as the user
        who runs Ansible, and C(become) is ignored.
      - With C(delegate_to) and a host that is not local, the task runs on that host like any other module, and
        C(become) applies. That host needs the Python libraries.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    support: full
    platforms: posix
"""
