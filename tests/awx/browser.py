# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A person's browser: ``browser.py ADDRESS RESULT.json SCREENSHOT.png`` opens the address in Chromium, takes a
screenshot, reloads, and writes what each page shows."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By


def main() -> None:
    address, result, screenshot = sys.argv[1:]
    options = ChromeOptions()
    options.binary_location = os.environ["SENHASEGURA_TEST_CHROMIUM"]
    options.add_argument("--headless=new")
    options.add_argument("--window-size=1000,700")
    options.add_argument("--disable-dev-shm-usage")  # containers have little shared memory
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    browser = Chrome(options, ChromeService(shutil.which("chromedriver")))
    shown: list[dict[str, str]] = []
    try:
        for _time in range(2):
            if shown:
                browser.refresh()
            else:
                browser.get(address)
            shown.append({"title": browser.title, "url": browser.current_url})
            shown[-1]["text"] = browser.find_element(By.TAG_NAME, "body").text
            if len(shown) == 1:
                browser.save_screenshot(screenshot)
    finally:
        browser.quit()
        Path(result).write_text(json.dumps(shown), encoding="utf-8")


if __name__ == "__main__":
    main()
