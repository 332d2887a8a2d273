# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from docs.performance_guide import CHART_TEXTS, PAGE, RESULTS, page


def test_page_matches_the_published_results() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == page(results), "Run: python -m docs.performance_guide"


def test_every_chart_exists() -> None:
    assert {path.stem for path in RESULTS.parent.glob("*.svg")} == set(CHART_TEXTS)
