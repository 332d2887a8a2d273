# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path

from docs.errors_guide import OWN, PAGE, page

CHECKOUT = Path(__file__).resolve().parents[3]


def test_page_matches_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "Run: python -m docs.errors_guide"


def test_listed_messages_are_in_the_code() -> None:
    """Except for the message of ansible-core."""
    code = " ".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "plugins").rglob("*.py"))
    code = re.sub(r'"\s+f?"', "", code)  # strings over several lines
    ours = [text for text in OWN if not text.startswith("Failed to import")]
    assert [text for text in ours if text not in code] == []
