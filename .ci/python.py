# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Report problems with the Python given to make: .ci/python.py GOAL NAME. Any Python can run this, even 2."""

import sys

OLDEST = (3, 10)


def problem(name):
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        return name + " is Python " + found + ", and Python 3.10 or newer is needed."
    try:
        import ensurepip  # noqa: F401 (Debian has it in a package of its own, python3-venv)
        import venv  # noqa: F401
    except ImportError:
        package = "python" + ".".join(map(str, sys.version_info[:2])) + "-venv"
        return name + " cannot make virtual environments: on Debian and Ubuntu, install " + package + "."
    return None


goal, name = sys.argv[1:]
found = problem(name)
if found:
    sys.exit(found + " Another Python is chosen like this: make " + goal + " PYTHON=python3.12")
